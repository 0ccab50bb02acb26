//! The lamp: a state as shape, colour and word, the same on every page.

use std::time::Duration;

use super::words::{Words, clock};
use crate::calendar::{Moment, Zone};
use crate::dialplan::Centre;
use crate::routing::agent::AgentState;
use crate::routing::ids::BreakReason;
use crate::routing::view::{AgentSeen, BreakSeen};
use crate::routing::{Failure, Line};

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
        AgentState::Elsewhere => "state-elsewhere",
    };
    Lamp { class: class(state), word: t.say(word) }
}

/// The same of an agent, whose phone may say more than the state.
pub fn lamp_of(t: Words, agent: &AgentSeen) -> Lamp {
    lamp_with(t, agent.state, WhyBusy::of(agent))
}

/// Why a phone takes no call, where its agent is at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhyBusy {
    InUse,
    OutOfReach,
    /// A line that is to be held open is not up.
    NoLine,
}

impl WhyBusy {
    pub fn of(agent: &AgentSeen) -> Self {
        match (agent.held_line, agent.phone) {
            (Some(line), _) if line != "up" => Self::NoLine,
            (_, Line::Unreachable) => Self::OutOfReach,
            (_, Line::Unknown | Line::Free | Line::InUse) => Self::InUse,
        }
    }
}

pub fn lamp_with(t: Words, state: AgentState, why: WhyBusy) -> Lamp {
    let lamp = lamp(t, state);
    let word = match why {
        WhyBusy::InUse => return lamp,
        WhyBusy::OutOfReach => "state-phone-away",
        WhyBusy::NoLine => "state-no-line",
    };
    if state == AgentState::PhoneBusy { Lamp { word: t.say(word), ..lamp } } else { lamp }
}

/// Why an agent who missed a call is left alone, and until when.
pub fn left_alone(t: Words, zone: &Zone, agent: &AgentSeen) -> Option<String> {
    let missed = agent.missed.as_ref().filter(|_| agent.state == AgentState::Missed)?;
    let why = match missed.why {
        Failure::NoAnswer => "missed-no-answer",
        Failure::Busy => "missed-busy",
        Failure::Rejected | Failure::Withdrawn => "missed-rejected",
        Failure::Unreachable => "missed-unreachable",
    };
    let until = match missed.until_ms {
        Some(until) => t.with("missed-until", "at", zone.second(until)),
        None => t.say("missed-until-ready"),
    };
    let often = (missed.in_a_row > 1).then(|| t.count("missed-in-a-row", i64::from(missed.in_a_row)));
    Some([Some(t.say(why)), often, Some(until)].into_iter().flatten().collect::<Vec<_>>().join(" · "))
}

/// A break with an allowance, as its owner and their supervisor see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    pub reason: String,
    /// Where a clock of all that was taken would have begun, while it goes on.
    pub since: Option<Moment>,
    pub taken: String,
    pub allowed: String,
    pub allowed_ms: u64,
    pub is_overdrawn: bool,
}

/// What people see in the place of a break's reason.
pub fn break_title(t: Words, plan: Option<&Centre>, reason: &BreakReason) -> String {
    plan.map_or_else(|| reason.to_string(), |plan| plan.break_title(reason, t.language()))
}

pub fn allowances(t: Words, plan: Option<&Centre>, now: Moment, agent: &AgentSeen) -> Vec<Allowance> {
    let shown = |one: &BreakSeen| Allowance {
        reason: break_title(t, plan, &one.reason),
        since: one.since_ms.map(|since| since - Duration::from_millis(one.taken_ms)),
        taken: clock(one.taken_by(now)),
        allowed: clock(one.allowed_ms),
        allowed_ms: one.allowed_ms,
        is_overdrawn: one.taken_by(now) > one.allowed_ms,
    };
    agent.breaks.iter().map(shown).collect()
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
        AgentState::Elsewhere => "elsewhere",
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
