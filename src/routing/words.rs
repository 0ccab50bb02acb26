//! Facts in words, for logs and for the demonstration: what a person would say of it in one line.
//!
//! Callers' numbers and the reasons people give are left out: the record has them, a log is copied about.

use super::dial::{DialEnd, DialEndedBy};
use super::fact::{EndedBy, Fact, LeftQueue, NotPickedUp, Outcome, Reasons, Rule, SwitchedOff, TransferFailure};
use super::ids::AgentName;
use super::passing_on::PassedTo;
use super::promise::{Back, Broken, NotPromised};
use crate::dialplan::AgentWish;

impl Fact {
    pub fn in_words(&self) -> String {
        match self {
            Fact::ControllerStarted { epoch, version } => format!("started, epoch {epoch}, version {version}"),
            Fact::VersionPublished { version } => format!("version {version} is current"),
            Fact::CallArrived { promise: Some(promise), .. } => format!("who is owed call-back {promise} picks up"),
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
                    LeftQueue::CallBack => "to be called back",
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
                    Rule::PassedOn => "the caller was passed on to them".into(),
                };
                format!("rings {agent}{}: {why}", together(reasons))
            }
            Fact::CallerKnown { agents, .. } => {
                let known = agents.iter().map(|(known_as, agent)| format!("{agent} ({known_as})"));
                format!("the caller knows {}", known.collect::<Vec<_>>().join(", "))
            }
            Fact::KeypadUsed { wish, pin, .. } => match wish {
                AgentWish::LogIn | AgentWish::LogInByPin { .. } if *pin => "keyed number and PIN".into(),
                AgentWish::LogIn | AgentWish::LogInByPin { .. } => "asks by keypad to be logged in".into(),
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
            Fact::CallPassed { agent, to, by, .. } => {
                let to = match to {
                    PassedTo::Agent(to) => format!("to {to}"),
                    PassedTo::Queue(queue) => format!("to queue {queue}"),
                    PassedTo::Step(step) => format!("to step {step}"),
                    PassedTo::Number(_) => "to a number outside".to_owned(),
                };
                let asked = if by == agent { String::new() } else { format!(", asked for by {by}") };
                format!("{agent} passed the caller on {to}{asked}")
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
                    Outcome::PromisedCallBack => "promised a call-back",
                    Outcome::Refused => "refused",
                    Outcome::EndedUnseen => "ended unseen",
                    Outcome::TransferredOut => "transferred out",
                };
                match by {
                    EndedBy::Agent(agent) => format!("over: {outcome}, {agent} hung up"),
                    EndedBy::Caller => format!("over: {outcome}, the caller hung up"),
                    EndedBy::Number => format!("over: {outcome}, the number hung up"),
                    EndedBy::Us => format!("over: {outcome}"),
                    EndedBy::Unseen => format!("over: {outcome}, nobody saw when"),
                }
            }
            Fact::Dialled { agent, promise: Some(promise), .. } => {
                format!("{agent} is to keep call-back {promise}: their phone rings first")
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
            Fact::PromiseMade { queue, due: None, .. } => format!("a call-back is owed by {queue}"),
            Fact::PromiseMade { queue, due: Some(due), .. } => format!("a call-back is owed by {queue} at {due}"),
            Fact::PromiseAgain { call, number: Some(_), .. } => format!("to be called on another number, by {call}"),
            Fact::PromiseAgain { call, .. } => format!("asked for again in {call}: the first is kept"),
            Fact::CallBackRefused { queue, why, .. } => {
                let why = match why {
                    NotPromised::NoNumber => "no number is shown",
                    NotPromised::NotAllowed => "the number may not be dialled",
                    NotPromised::TooMany => "too many are owed already",
                    NotPromised::BeingCalled => "the number is being called at this moment",
                };
                format!("not to be called back by {queue}: {why}")
            }
            Fact::PromiseWaits { why: Back::Due, .. } => "the hour of the call-back has come".into(),
            Fact::PromiseWaits { why: Back::Rested, .. } => "the call-back is tried again".into(),
            Fact::PromiseWaits { why: Back::After(how), .. } => {
                format!("the call-back is back at its place: {}", how.as_str().replace('_', " "))
            }
            Fact::PromiseRests { until, tries, after, .. } => {
                format!("try {tries} of the call-back: {}; again at {until}", after.as_str().replace('_', " "))
            }
            Fact::CustomerRung { reach, .. } => format!("the number is rung, {} being free for it", reach.agent),
            Fact::CustomerNotReached { how, .. } => format!("the number rings no more: {}", how.as_str()),
            Fact::PromiseKept { agent, waited, .. } => {
                format!("called back by {agent} after {:.1} s", waited.as_secs_f64())
            }
            Fact::PromiseBroken { why, by, .. } => match (why, by) {
                (Broken::Cancelled, Some(by)) => format!("the call-back was taken back by {by}"),
                (Broken::Cancelled, None) => "the call-back was taken back".into(),
                (Broken::NotReached, _) => "the call-back is given up: the number was not reached".into(),
                (Broken::CameBack, _) => "no call-back is owed any more: the caller waits again".into(),
                (Broken::Expired, _) => "the call-back is too long ago".into(),
            },
            Fact::HeldLineChanged { agent, line } => format!("the line of {agent} is {}", line.as_str()),
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
            Fact::AgentDisposed { agent, given: true, .. } => format!("{agent} has written how the call ended"),
            Fact::AgentDisposed { agent, given: false, .. } => format!("{agent} has taken out how the call ended"),
            Fact::TransferBegan { .. } => "transferred to a number outside, which rings".into(),
            Fact::TransferAnswered { .. } => "the number answered".into(),
            Fact::TransferConnected { .. } => "caller and number talk".into(),
            Fact::TransferFailed { how, to, .. } => {
                let how = match how {
                    TransferFailure::Busy => "the number is busy",
                    TransferFailure::NoAnswer => "nobody answered",
                    TransferFailure::Refused => "refused",
                    TransferFailure::Unreachable => "the number cannot be reached",
                    TransferFailure::NotAllowed => "the number may not be dialled",
                    TransferFailure::TooMany => "the centre has dialled as often as it may",
                    TransferFailure::Unseen => "ended unseen",
                };
                match to {
                    Some(to) => format!("not transferred: {how}, on with step {to}"),
                    None => format!("not transferred: {how}"),
                }
            }
            Fact::QueuesLent { agent, queues, by, .. } => {
                let queues: Vec<&str> = queues.iter().map(|queue| queue.as_str()).collect();
                format!("{by} lends {} to {agent}", queues.join(", "))
            }
            Fact::LoanEnded { agent, by, .. } => format!("{by} ends what was lent to {agent}"),
            Fact::EmergencySwitchedOn { message, by, until, .. } => match until {
                Some(until) => format!("emergency message {message} is on until {until}, switched on by {by}"),
                None => format!("emergency message {message} is on, switched on by {by}"),
            },
            Fact::EmergencySwitchedOff { message, by, how, .. } => match (how, by) {
                (SwitchedOff::ByHand, Some(by)) => format!("emergency message {message} is off, switched off by {by}"),
                (SwitchedOff::ByHand, None) => format!("emergency message {message} is off"),
                (SwitchedOff::TimeUp, _) => format!("emergency message {message} is off: its time is up"),
                (SwitchedOff::NotInVersion, _) => {
                    format!("emergency message {message} is off: the new version has it no more")
                }
            },
            Fact::EmergencyHeard { message, heard: true, .. } => format!("heard the emergency message {message}"),
            Fact::EmergencyHeard { message, heard: false, .. } => {
                format!("the emergency message {message} could not be played")
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
