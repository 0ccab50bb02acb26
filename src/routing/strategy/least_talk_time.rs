//! Who has talked least since logging in goes first, hold included: who has had the long calls may rest.

use crate::routing::agent::Served;

/// Milliseconds.
pub fn figure(served: Served) -> u64 {
    u64::try_from(served.talked.as_millis()).unwrap_or(u64::MAX)
}
