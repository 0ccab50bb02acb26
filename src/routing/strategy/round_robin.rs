//! Each in turn: who was rung last longest ago goes first, whether it was answered or not.

use crate::routing::agent::Served;

/// When the agent's phone was rung last; before all times for who was not since logging in.
pub fn figure(served: Served) -> u64 {
    served.rung.map_or(0, |rung| u64::try_from(rung.as_ms()).unwrap_or(0))
}
