//! What a fact moves: a caller on the way to an agent, a phone that rings, or an agent. Whoever counts callers or working
//! time asks this, so that a new fact is judged here once and not wherever somebody counts.

use std::collections::{BTreeMap, BTreeSet};

use super::agent::{AgentState, Presence, Work};
use super::fact::{EndedBy, Fact, LeftQueue, Outcome, Reasons};
use super::ids::*;
use crate::calendar::Moment;

#[derive(Clone, Copy, Debug)]
pub enum Moves<'f> {
    Caller(CallId, CallerMoves<'f>),
    Phone(OfferId, CallId, PhoneMoves<'f>),
    Agent(&'f AgentName, AgentMoves<'f>),
    Nothing,
}

#[derive(Clone, Copy, Debug)]
pub enum CallerMoves<'f> {
    Arrived { leg: &'f LegId },
    Stepped,
    Queued { queue: &'f QueueName, joined: Moment },
    LeftQueue { queue: &'f QueueName, why: LeftQueue },
    Connected { agent: &'f AgentName },
    Ended { outcome: Outcome, by: &'f EndedBy },
}

#[derive(Clone, Copy, Debug)]
pub enum PhoneMoves<'f> {
    Rings { agent: &'f AgentName, queue: &'f QueueName, reasons: &'f Reasons },
    Stops { agent: &'f AgentName },
}

#[derive(Clone, Copy, Debug)]
pub enum AgentMoves<'f> {
    LoggedIn { queues: &'f BTreeSet<QueueName>, skills: &'f BTreeMap<SkillName, u8> },
    Changed { presence: &'f Presence, work: &'f Work, state: AgentState },
}

impl Fact {
    pub const fn moves(&self) -> Moves<'_> {
        match self {
            Fact::CallArrived { call, leg, .. } => Moves::Caller(*call, CallerMoves::Arrived { leg }),
            Fact::StepEntered { call, .. } => Moves::Caller(*call, CallerMoves::Stepped),
            Fact::CallQueued { call, queue, joined, .. } => {
                Moves::Caller(*call, CallerMoves::Queued { queue, joined: *joined })
            }
            Fact::CallLeftQueue { call, queue, why, .. } => {
                Moves::Caller(*call, CallerMoves::LeftQueue { queue, why: *why })
            }
            Fact::CallConnected { call, agent, .. } => Moves::Caller(*call, CallerMoves::Connected { agent }),
            Fact::CallEnded { call, outcome, by } => Moves::Caller(*call, CallerMoves::Ended { outcome: *outcome, by }),
            Fact::OfferMade { offer, call, agent, queue, reasons, .. } => {
                Moves::Phone(*offer, *call, PhoneMoves::Rings { agent, queue, reasons })
            }
            Fact::OfferEnded { offer, call, agent, .. } => Moves::Phone(*offer, *call, PhoneMoves::Stops { agent }),
            Fact::AgentLoggedIn { agent, queues, skills, .. } => {
                Moves::Agent(agent, AgentMoves::LoggedIn { queues, skills })
            }
            Fact::AgentChanged { agent, presence, work, state, .. } => {
                Moves::Agent(agent, AgentMoves::Changed { presence, work, state: *state })
            }
            Fact::ControllerStarted { .. }
            | Fact::VersionPublished { .. }
            | Fact::Keyed { .. }
            | Fact::KeypadUsed { .. }
            | Fact::CallerKnown { .. }
            | Fact::OfferRang { .. }
            | Fact::PickUpAsked { .. }
            | Fact::PickUpFailed { .. }
            | Fact::OfferPickedUp { .. }
            | Fact::OfferAnswered { .. }
            // Hold is in the work of the agent, and so are dials.
            // Whoever rings, waits or walks on from here is told by what follows.
            | Fact::CallPassed { .. }
            | Fact::CallHeld { .. }
            | Fact::CallRetrieved { .. }
            | Fact::CallHungUp { .. }
            | Fact::CallEndAsked { .. }
            | Fact::Dialled { .. }
            | Fact::DialAgentAnswered { .. }
            | Fact::DialAnswered { .. }
            | Fact::DialConnected { .. }
            | Fact::DialEnded { .. }
            // A promise's place is no caller's.
            | Fact::PromiseMade { .. }
            | Fact::PromiseAgain { .. }
            | Fact::CallBackRefused { .. }
            // Once the number is picked up it is a caller, who arrives.
            | Fact::CustomerRung { .. }
            | Fact::CustomerNotReached { .. }
            | Fact::PromiseWaits { .. }
            | Fact::PromiseRests { .. }
            | Fact::PromiseKept { .. }
            | Fact::PromiseBroken { .. }
            // What is assigned while somebody works counts from the next log-in, as what they logged in with did.
            | Fact::AgentAssigned { .. }
            // The state that it brings is told of itself.
            | Fact::AgentLoggedOut { .. }
            | Fact::AgentDisposed { .. }
            // A line that comes up or goes down is told of as the agent's state.
            | Fact::HeldLineChanged { .. }
            // Whom the queue is lent to is told of when they come.
            | Fact::QueuesLent { .. }
            | Fact::LoanEnded { .. }
            | Fact::EmergencySwitchedOn { .. }
            | Fact::EmergencySwitchedOff { .. }
            | Fact::EmergencyHeard { .. }
            | Fact::TransferBegan { .. }
            | Fact::TransferAnswered { .. }
            | Fact::TransferConnected { .. }
            | Fact::TransferFailed { .. }
            | Fact::LinkChanged { .. }
            | Fact::Healed { .. }
            | Fact::WallClockStepped { .. } => Moves::Nothing,
        }
    }
}
