//! Who has the most of what the call needs goes first. What the call does not need counts for nothing.

use crate::routing::agent::Agent;
use crate::routing::queue::Need;

/// What is wanting to the highest level in every skill that is needed.
pub fn figure(agent: &Agent, needs: &[Need]) -> u64 {
    let level = |need: &Need| agent.skills.get(&need.skill).copied().unwrap_or(0);
    needs.iter().map(|need| u64::from(u8::MAX - level(need))).sum()
}
