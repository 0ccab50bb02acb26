//! Facts in words, for logs and for the demonstration: what a person would say of it in one line.
//!
//! Callers' numbers and the reasons people give are left out: the record has them, a log is copied about.

use super::dial::{DialEnd, DialEndedBy};
use super::fact::{EndedBy, Fact, LeftQueue, NotPickedUp, Outcome, Reasons, Rule};
use super::ids::AgentName;
use crate::dialplan::AgentWish;

impl Fact {
    pub fn in_words(&self) -> String {
        match self {
            Fact::ControllerStarted { epoch, version } => format!("started, epoch {epoch}, version {version}"),
            Fact::VersionPublished { version } => format!("version {version} is current"),
            Fact::CallArrived { to, found: false, .. } => format!("a call to {to}"),
            Fact::CallArrived { to, found: true, .. } => format!("a call to {to}, found on the switch"),
            Fact::StepEntered { step, language, .. } => format!("in step {step} ({language})"),
            Fact::Keyed { step, keys, .. } => format!("keyed {keys} in step {step}"),
            Fact::CallQueued { queue, .. } => format!("waits in {queue}"),
            Fact::CallLeftQueue { queue, why, to, .. } => {
                let why = match why {
                    LeftQueue::Waited => "waited long enough",
                    LeftQueue::Full => "it is full",
                    LeftQueue::NobodyLoggedIn => "nobody is logged in",
                    LeftQueue::Deserted => "nobody is logged in any more",
                    LeftQueue::Closed => "it is closed",
                    LeftQueue::ClosedMeanwhile => "it has closed",
                };
                match to {
                    Some(to) => format!("leaves {queue} for step {to}: {why}"),
                    None => format!("turned away from {queue}: {why}"),
                }
            }
            Fact::OfferMade { agent, reasons, .. } => {
                let why = match reasons.rule {
                    Rule::LongestIdle => {
                        let idle = reasons.candidates.first().map_or(0.0, |(_, idle)| idle.as_secs_f64());
                        format!("idle longest ({idle:.1} s) of those who may take it")
                    }
                    Rule::FirstInQueue => format!("came free, first of {} waiting", reasons.waiting),
                    Rule::FewestCalls => "fewest calls of those who may take it".into(),
                    Rule::LeastTalkTime => "talked least of those who may take it".into(),
                    Rule::MostSkilled => "most skilled of those who may take it".into(),
                    Rule::RoundRobin => "rung longest ago of those who may take it".into(),
                    Rule::FixedOrder => "first in the queue's order of those who may take it".into(),
                    Rule::Preferred => "known to the caller, and preferred".into(),
                    Rule::WeightedRandom => "drawn by lot from those who may take it".into(),
                    Rule::RingSeveral => "one of several who are rung at once".into(),
                    Rule::RingAll => "all who may take it are rung at once".into(),
                };
                format!("rings {agent}{}: {why}", together(reasons))
            }
            Fact::CallerKnown { agents, .. } => {
                let known = agents.iter().map(|(known_as, agent)| format!("{agent} ({known_as})"));
                format!("the caller knows {}", known.collect::<Vec<_>>().join(", "))
            }
            Fact::KeypadUsed { wish, .. } => match wish {
                AgentWish::LogIn => "asks by keypad to be logged in".into(),
                AgentWish::LogOut => "asks by keypad to be logged out".into(),
                AgentWish::Ready => "says by keypad: ready".into(),
                AgentWish::Break(reason) => format!("asks by keypad for a break: {reason}"),
            },
            Fact::OfferRang { .. } => "the phone rings".into(),
            Fact::PickUpAsked { agent, .. } => format!("the phone of {agent} is told to pick up"),
            Fact::PickUpFailed { agent, why, .. } => {
                let why = match why {
                    NotPickedUp::Cannot => "it cannot be told",
                    NotPickedUp::Refused => "the switch would not tell it",
                    NotPickedUp::RangOn => "it was told, and rings on",
                };
                format!("the phone of {agent} did not pick up: {why}")
            }
            Fact::OfferPickedUp { agent, .. } => {
                format!("the telephone of {agent} is picked up, and asked for its key")
            }
            Fact::OfferAnswered { .. } => "picked up".into(),
            Fact::OfferEnded { agent, how, .. } => format!("offer to {agent} over: {}", how.as_str().replace('_', " ")),
            Fact::CallConnected { agent, waited, .. } => {
                format!("talks with {agent} after {:.1} s", waited.as_secs_f64())
            }
            Fact::CallHeld { agent, .. } => format!("{agent} puts the caller on hold"),
            Fact::CallRetrieved { agent, by: Some(_), .. } => format!("{agent} is back with the caller"),
            Fact::CallRetrieved { agent, by: None, .. } => format!("{agent} and the caller were never apart"),
            Fact::CallHungUp { .. } => "hung up by us".into(),
            Fact::CallEnded { outcome, by, .. } => {
                let outcome = match outcome {
                    Outcome::Answered => "answered",
                    Outcome::Abandoned => "abandoned",
                    Outcome::LeftInDialplan => "left in the dialplan",
                    Outcome::EndedByUs => "ended by the dialplan",
                    Outcome::Refused => "refused",
                    Outcome::EndedUnseen => "ended unseen",
                };
                match by {
                    EndedBy::Agent(agent) => format!("over: {outcome}, {agent} hung up"),
                    EndedBy::Caller => format!("over: {outcome}, the caller hung up"),
                    EndedBy::Us => format!("over: {outcome}"),
                    EndedBy::Unseen => format!("over: {outcome}, nobody saw when"),
                }
            }
            Fact::Dialled { agent, by, .. } if by == agent => {
                format!("{agent} dials a number: their phone rings first")
            }
            Fact::Dialled { agent, by, .. } => format!("{by} dials a number for {agent}, whose phone rings first"),
            Fact::DialAgentAnswered { agent, .. } => format!("{agent} picked up: the number is rung"),
            Fact::DialAnswered { .. } => "the number answered".into(),
            Fact::DialConnected { agent, .. } => format!("{agent} talks with the number"),
            Fact::DialEnded { agent, how, by, .. } => {
                let how = match how {
                    DialEnd::Answered => "answered",
                    DialEnd::Busy => "the number is busy",
                    DialEnd::NoAnswer => "nobody answered",
                    DialEnd::Refused => "refused",
                    DialEnd::Unreachable => "the number cannot be reached",
                    DialEnd::AgentNotReached => "the agent's own phone was not picked up",
                    DialEnd::GivenUp => "given up",
                    DialEnd::Unseen => "ended unseen",
                };
                match by {
                    DialEndedBy::Agent => format!("dial over: {how}, {agent} hung up"),
                    DialEndedBy::Number => format!("dial over: {how}, the other end hung up"),
                    DialEndedBy::Us => format!("dial over: {how}"),
                    DialEndedBy::Unseen => format!("dial over: {how}, nobody saw when"),
                }
            }
            Fact::AgentLoggedIn { agent, station, .. } => format!("{agent} logged in at {station}"),
            Fact::CallEndAsked { agent, by, .. } if by == agent => {
                format!("{agent} ends the call")
            }
            Fact::CallEndAsked { agent, by, .. } => format!("{by} ends the call of {agent}"),
            Fact::AgentAssigned { agent, by, .. } => format!("{agent} was given queues and skills by {by}"),
            Fact::AgentLoggedOut { agent, by, .. } if by == agent => format!("{agent} logged out"),
            Fact::AgentLoggedOut { agent, by, .. } => format!("{agent} was logged out by {by}"),
            Fact::AgentChanged { agent, state, .. } => {
                format!("{agent} is {}", state.as_str().replace('_', " "))
            }
            Fact::LinkChanged { switch, up: true } => format!("switch {switch} is in reach"),
            Fact::LinkChanged { switch, up: false } => format!("switch {switch} is out of reach"),
            Fact::Healed { what, .. } => format!("healed: {what}"),
            Fact::WallClockStepped { by_ms } => format!("the wall clock was set by {by_ms} ms"),
        }
    }
}

/// Who is rung for the same call already, as far as they are named.
fn together(reasons: &Reasons) -> String {
    if reasons.others == 0 {
        return String::new();
    }
    let named: Vec<&str> = reasons.together.iter().map(AgentName::as_str).collect();
    match (reasons.others as usize).saturating_sub(named.len()) {
        0 => format!(" together with {}", named.join(", ")),
        more => format!(" together with {} and {more} more", named.join(", ")),
    }
}
