//! Why an order was not carried out, in the port's words.

use crate::routing::ids::LegId;
use crate::routing::{Act, Refusal, Returned};

pub(super) fn gone(leg: &LegId) -> Returned {
    Returned::Refused { why: Refusal::Gone(leg.clone()) }
}

pub(super) fn in_a_bridge() -> Returned {
    Returned::Refused { why: Refusal::Other("in a bridge".into()) }
}

pub(super) fn overloaded() -> Returned {
    Returned::Refused { why: Refusal::Other("too many orders wait for the switch".into()) }
}

/// Asterisk's words for the ways an order can fail (measured; see the transcripts of the two races).
pub(super) fn refusal(act: &Act, words: String) -> Refusal {
    match act {
        Act::Connect { caller, .. } if words.contains("Channel1") => Refusal::Gone(caller.clone()),
        Act::Connect { agent, .. } if words.contains("Channel2") => Refusal::Gone(agent.clone()),
        // Asterisk gives this one action to `system` alone, and not at all where its module is not loaded.
        Act::PickUp { .. } if words.contains("Permission denied") || words.contains("Invalid/unknown command") => {
            Refusal::Cannot
        }
        act if is_no_channel(&words) => Refusal::Gone(act.leg().clone()),
        _ => Refusal::Other(words),
    }
}

pub(super) fn is_no_channel(words: &str) -> bool {
    ["No such channel", "Channel not existent", "does not exist"].iter().any(|known| words.contains(known))
}
