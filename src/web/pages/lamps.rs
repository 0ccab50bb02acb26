//! The lamp: a state as shape, colour and word, the same on every page.

use super::words::Words;
use crate::routing::agent::AgentState;

/// One lamp with its word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lamp {
    /// The class of the stylesheet that gives shape and colour.
    pub class: &'static str,
    pub word: String,
}

pub fn lamp(t: Words, state: AgentState) -> Lamp {
    let (class, word) = match state {
        AgentState::Away => ("away", "state-away"),
        AgentState::Idle => ("idle", "state-idle"),
        AgentState::Ringing => ("ringing", "state-ringing"),
        AgentState::Talking => ("talking", "state-talking"),
        AgentState::OnHold => ("held", "state-on-hold"),
        AgentState::WrappingUp => ("wrapup", "state-wrapping-up"),
        AgentState::OnBreak => ("break", "state-on-break"),
        AgentState::Missed => ("missed", "state-missed"),
        AgentState::PhoneBusy => ("busy", "state-phone-busy"),
    };
    Lamp { class, word: t.say(word) }
}

/// How long callers may still wait: within the target, near its end, past it.
pub const fn wait_class(waited_ms: u64, target_ms: u64) -> &'static str {
    if waited_ms >= target_ms {
        "late"
    } else if waited_ms * 4 >= target_ms * 3 {
        "risk"
    } else {
        "within"
    }
}
