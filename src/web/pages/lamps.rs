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
    let word = match state {
        AgentState::Away => "state-away",
        AgentState::Idle => "state-idle",
        AgentState::Ringing => "state-ringing",
        AgentState::Talking => "state-talking",
        AgentState::OnHold => "state-on-hold",
        AgentState::Dialling => "state-dialling",
        AgentState::TalkingOut => "state-talking-out",
        AgentState::WrappingUp => "state-wrapping-up",
        AgentState::OnBreak => "state-on-break",
        AgentState::Missed => "state-missed",
        AgentState::PhoneBusy => "state-phone-busy",
    };
    Lamp { class: class(state), word: t.say(word) }
}

/// The class of a state in the stylesheet.
pub const fn class(state: AgentState) -> &'static str {
    match state {
        AgentState::Away => "away",
        AgentState::Idle => "idle",
        AgentState::Ringing => "ringing",
        AgentState::Talking => "talking",
        AgentState::OnHold => "held",
        AgentState::Dialling => "ringing",
        AgentState::TalkingOut => "talking",
        AgentState::WrappingUp => "wrapup",
        AgentState::OnBreak => "break",
        AgentState::Missed => "missed",
        AgentState::PhoneBusy => "busy",
    }
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
