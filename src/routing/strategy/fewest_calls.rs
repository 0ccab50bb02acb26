//! Who has had the fewest conversations since logging in goes first.

use crate::routing::agent::Served;

/// Conversations.
pub fn figure(served: Served) -> u64 {
    u64::from(served.calls)
}
