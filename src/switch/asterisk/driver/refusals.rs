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
    NO_CHANNEL.iter().any(|known| words.contains(known))
}

/// *Not up* is what a Redirect says of a channel whose hang-up was asked for and which is still being taken down: it has
/// its name yet, and is as gone as the others (seen once in some thousand races of a parting with a hang-up).
const NO_CHANNEL: [&str; 4] = ["No such channel", "Channel not existent", "does not exist", "channel not up"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_that_is_just_being_taken_down_is_gone() {
        let (caller, agent) = (LegId::new("1.1"), LegId::new("1.2"));
        let part = Act::Part { caller: caller.clone(), agent };
        for words in ["Redirect failed, channel not up.", "Channel does not exist: PJSIP/phone01-00000001"] {
            assert_eq!(refusal(&part, words.into()), Refusal::Gone(caller.clone()), "{words}");
        }
        assert_eq!(refusal(&part, "Redirect failed".into()), Refusal::Other("Redirect failed".into()));
    }
}
