//! In the order that an admin wrote: the second is rung where the first is not free.

use crate::routing::agent::Agent;
use crate::routing::ids::AgentName;

/// The place in the list, or behind it.
pub fn figure(agent: &Agent, order: &[AgentName]) -> u64 {
    let place = order.iter().position(|name| *name == agent.name);
    u64::try_from(place.unwrap_or(order.len())).unwrap_or(u64::MAX)
}
