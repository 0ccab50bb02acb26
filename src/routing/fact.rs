//! Facts: what happened and why, in the past tense, in a versioned schema. They go to the local journal with the
//! input that caused them, from there to SQL, and are the only source of reports and of what a restart knows
//! (`known.rs` folds them). A fact is never changed; a later version adds variants and fields with defaults.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::dial::{DialEnd, DialEndedBy};
use super::held_line::HeldLine;
use super::ids::*;
use super::input::Failure;
use super::passing_on::PassedTo;
use super::preference::{Acquaintance, Prefer};
use super::promise::{Back, Broken, NotPromised, PromisedBy, Wish};
use super::queue::Need;
use super::reaching::Reach;
use super::why::Why;
use crate::calendar::Moment;
use crate::dialplan::AgentWish;

/// The version of this schema, written with every batch.
pub const FACTS_VERSION: u32 = 1;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum Fact {
    ControllerStarted {
        epoch: Epoch,
        version: VersionHash,
    },
    VersionPublished {
        version: VersionHash,
    },

    CallArrived {
        call: CallId,
        switch: SwitchName,
        leg: LegId,
        from: PhoneNumber,
        name: CallerName,
        to: PhoneNumber,
        version: VersionHash,
        /// Not seen arriving, but found on the switch after a start or a reconnect.
        found: bool,
        /// Called by us, and picked up: the promise that it is to keep.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        promise: Option<CallId>,
    },
    StepEntered {
        call: CallId,
        step: StepName,
        language: String,
    },
    /// What the caller keyed; a secret is `****`.
    Keyed {
        call: CallId,
        step: StepName,
        into: Option<String>,
        keys: String,
    },
    /// Somebody asks for this by the keypad of the phone they call from; where that is not known, nobody is asked.
    KeypadUsed {
        call: CallId,
        switch: SwitchName,
        station: Option<StationAddress>,
        wish: AgentWish,
        /// Number and PIN were keyed for it, which stand nowhere.
        #[serde(default, skip_serializing_if = "super::agent::is_not")]
        pin: bool,
    },
    CallQueued {
        call: CallId,
        queue: QueueName,
        /// When the place in the queue began: earlier than the fact where a place was kept.
        joined: Moment,
        credit: Duration,
        needs: Vec<Need>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        prefer: Vec<Prefer>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        agents: Vec<AgentName>,
        /// The step it came from, and where it would resume.
        step: StepName,
        language: String,
        /// Whose place it is, of who is called back: no caller of the queue's, and in a balance of its own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        promise: Option<CallId>,
    },
    /// Left the queue by a rule of its step (`otherwise`), for another step; or was turned away at its door.
    CallLeftQueue {
        call: CallId,
        queue: QueueName,
        why: LeftQueue,
        /// `None`: its step has no rule for it, and the call is refused.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<StepName>,
    },
    OfferMade {
        offer: OfferId,
        call: CallId,
        agent: AgentName,
        switch: SwitchName,
        leg: LegId,
        queue: QueueName,
        until: Moment,
        reasons: Reasons,
    },
    /// Which agents the caller knows.
    CallerKnown {
        call: CallId,
        agents: Acquaintance,
    },
    OfferRang {
        offer: OfferId,
        call: CallId,
    },
    /// *Answer* was pressed on a page: the phone is told to pick up.
    PickUpAsked {
        offer: OfferId,
        call: CallId,
        agent: AgentName,
        by: AgentName,
    },
    /// It goes on ringing, to be picked up by hand.
    PickUpFailed {
        offer: OfferId,
        call: CallId,
        agent: AgentName,
        why: NotPickedUp,
    },
    /// A telephone outside was picked up: it is an answer when the key is pressed there.
    OfferPickedUp {
        offer: OfferId,
        call: CallId,
        agent: AgentName,
    },
    OfferAnswered {
        offer: OfferId,
        call: CallId,
    },
    OfferEnded {
        offer: OfferId,
        call: CallId,
        agent: AgentName,
        how: OfferEnd,
    },
    /// Caller and agent hear each other.
    CallConnected {
        call: CallId,
        agent: AgentName,
        leg: LegId,
        queue: QueueName,
        waited: Duration,
    },
    /// The caller is on hold. Ends with `CallRetrieved`, or with the conversation.
    CallHeld {
        call: CallId,
        agent: AgentName,
        by: AgentName,
    },
    /// They talk on.
    CallRetrieved {
        call: CallId,
        agent: AgentName,
        /// `None`: the switch had never taken them apart.
        by: Option<AgentName>,
    },
    /// The agent has passed the caller on, and is done with them; the conversation was for this queue. What follows says
    /// what became of it: an offer to that agent, a place in a queue, a step, a transfer.
    CallPassed {
        call: CallId,
        agent: AgentName,
        queue: QueueName,
        to: PassedTo,
        by: AgentName,
    },
    /// We have hung up on the caller; the call ends, with this outcome, when the switch says that the leg is gone.
    CallHungUp {
        call: CallId,
        outcome: Outcome,
        by: EndedBy,
    },
    CallEnded {
        call: CallId,
        outcome: Outcome,
        by: EndedBy,
    },
    /// Somebody asked on a page for the agent's call to end: their phone is hung up for them.
    CallEndAsked {
        call: CallId,
        agent: AgentName,
        by: AgentName,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<Why>,
    },

    /// An agent calls a number outside: their own phone rings. The legs are named at once, and what the switch will be
    /// told with them, so that a start knows all of it.
    Dialled {
        call: CallId,
        agent: AgentName,
        number: PhoneNumber,
        switch: SwitchName,
        leg: LegId,
        out_leg: LegId,
        to: StationAddress,
        shown: PhoneNumber,
        ring_for: Duration,
        wrap_up: Option<Duration>,
        #[serde(default = "super::dial::longest_of_old")]
        longest: Duration,
        until: Moment,
        by: AgentName,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<RequestName>,
        /// The promise that it is to keep, and the queue that this is for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        promise: Option<CallId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        queue: Option<QueueName>,
        /// Why this agent is to keep it. Journals of before do not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reasons: Option<Reasons>,
    },
    /// The agent picked up: the number is rung.
    DialAgentAnswered {
        call: CallId,
        agent: AgentName,
        until: Moment,
    },
    /// The number answered.
    DialAnswered {
        call: CallId,
    },
    /// Agent and number hear each other.
    DialConnected {
        call: CallId,
        agent: AgentName,
    },
    DialEnded {
        call: CallId,
        agent: AgentName,
        how: DialEnd,
        by: DialEndedBy,
    },

    /// Somebody is to be called back: the place in the queue is the promise's from here on.
    PromiseMade {
        promise: CallId,
        number: PhoneNumber,
        queue: QueueName,
        joined: Moment,
        credit: Duration,
        needs: Vec<Need>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        wishes: Vec<Wish>,
        /// When it comes into the queue, by the clock on the wall; `None`: at once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due: Option<Moment>,
        by: PromisedBy,
        /// The call whose place it was, or in which it was asked for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of_call: Option<CallId>,
        /// What the caller was spoken to in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        language: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<RequestName>,
    },
    /// The caller is promised a call-back already: the first promise is kept, at the better of both places.
    PromiseAgain {
        promise: CallId,
        call: CallId,
        joined: Moment,
        credit: Duration,
        /// On another number from here on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        number: Option<PhoneNumber>,
    },
    /// A caller asked to be called back, and cannot be.
    CallBackRefused {
        call: CallId,
        queue: QueueName,
        why: NotPromised,
    },
    /// Has its place in the queue (again), since `joined`.
    PromiseWaits {
        promise: CallId,
        joined: Moment,
        why: Back,
    },
    /// The number was not reached; it comes back to its place then.
    PromiseRests {
        promise: CallId,
        until: Moment,
        tries: u32,
        after: DialEnd,
    },
    /// An agent is free for it, and its number is rung before the agent is. The leg is named at once, so that a start knows
    /// it.
    CustomerRung {
        call: CallId,
        queue: QueueName,
        reach: Reach,
        /// Why the agent who is free for it is this one.
        reasons: Reasons,
    },
    /// It rings no more, and nobody picked up whom an agent could talk with.
    CustomerNotReached {
        call: CallId,
        promise: CallId,
        how: DialEnd,
    },
    /// The number and an agent hear each other.
    PromiseKept {
        promise: CallId,
        dial: CallId,
        agent: AgentName,
        queue: QueueName,
        waited: Duration,
    },
    PromiseBroken {
        promise: CallId,
        why: Broken,
        /// Who took it back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<AgentName>,
    },

    AgentLoggedIn {
        agent: AgentName,
        station: StationAddress,
        switch: SwitchName,
        queues: BTreeSet<QueueName>,
        skills: BTreeMap<SkillName, u8>,
        /// Whether the phone is asked to pick up by itself; `None`: as the queue says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        auto_answer: Option<bool>,
        by: AgentName,
    },
    /// Other queues and skills from now on; all else stays as it was.
    AgentAssigned {
        agent: AgentName,
        queues: BTreeSet<QueueName>,
        skills: BTreeMap<SkillName, u8>,
        by: AgentName,
    },
    AgentLoggedOut {
        /// They are no person of the centre any more: nothing is to be written by them after a call that goes on.
        #[serde(default, skip_serializing_if = "is_not")]
        dismissed: bool,
        agent: AgentName,
        by: AgentName,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<Why>,
    },
    /// What an agent says and holds has changed; both whole, so that the last one is the truth.
    AgentChanged {
        agent: AgentName,
        presence: super::agent::Presence,
        work: super::agent::Work,
        state: super::agent::AgentState,
        /// Who changed it, where a person did, and the words for it.
        by: Option<AgentName>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<Why>,
    },
    /// The agent has written how the call in hand ended, or has taken that out again. Which words it was, the note has.
    AgentDisposed {
        agent: AgentName,
        call: CallId,
        given: bool,
        by: AgentName,
    },

    /// The caller is sent to a number outside: it rings. Its leg is named at once, so that a start knows it.
    TransferBegan {
        call: CallId,
        number: PhoneNumber,
        switch: SwitchName,
        leg: LegId,
        longest: Duration,
        until: Moment,
    },
    /// The number answered.
    TransferAnswered {
        call: CallId,
    },
    /// Caller and number hear each other.
    TransferConnected {
        call: CallId,
    },
    /// The caller goes on in the dialplan, or back to the queue of the agent who passed them on.
    TransferFailed {
        call: CallId,
        how: TransferFailure,
        /// `None`: the step of the call transfers no more, and the call ends; or an agent had passed the caller on, and they
        /// go back to that agent's queue.
        to: Option<StepName>,
    },

    /// Queues are lent to an agent of another centre (`name@centre`), who knows that much of our skills. Again where others
    /// are.
    QueuesLent {
        agent: AgentName,
        queues: BTreeSet<QueueName>,
        skills: BTreeMap<SkillName, u8>,
        by: AgentName,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<Why>,
    },
    /// Taken back, or declined at the agent's home; then `by` is somebody of there.
    LoanEnded {
        agent: AgentName,
        by: AgentName,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<Why>,
    },

    /// New callers hear this message before anything else, and those who wait are told it. Again where only `until` is
    /// another.
    EmergencySwitchedOn {
        message: MessageName,
        by: AgentName,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<Why>,
        /// By the clock on the wall.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Moment>,
    },
    EmergencySwitchedOff {
        message: MessageName,
        /// `None`: nobody did.
        by: Option<AgentName>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<Why>,
        how: SwitchedOff,
    },
    /// The caller was given the message: not again in this call.
    EmergencyHeard {
        call: CallId,
        message: MessageName,
        /// `false`: the switch could not play it.
        heard: bool,
    },

    /// A switch was lost or seen again.
    /// The line of an agent that is held open was dialled, is up, or went down.
    HeldLineChanged {
        agent: AgentName,
        line: HeldLine,
    },
    LinkChanged {
        switch: SwitchName,
        up: bool,
    },
    /// The core found the world other than it thought, and mended it. In words, for the log and the story.
    Healed {
        call: Option<CallId>,
        agent: Option<AgentName>,
        what: String,
    },
    WallClockStepped {
        by_ms: i64,
    },
}

impl Fact {
    /// The call it belongs to.
    pub const fn call(&self) -> Option<CallId> {
        match self {
            Fact::CallArrived { call, .. }
            | Fact::StepEntered { call, .. }
            | Fact::Keyed { call, .. }
            | Fact::EmergencyHeard { call, .. }
            | Fact::TransferBegan { call, .. }
            | Fact::TransferAnswered { call }
            | Fact::TransferConnected { call }
            | Fact::TransferFailed { call, .. }
            | Fact::KeypadUsed { call, .. }
            | Fact::CallQueued { call, .. }
            | Fact::CallLeftQueue { call, .. }
            | Fact::OfferMade { call, .. }
            | Fact::CallerKnown { call, .. }
            | Fact::OfferRang { call, .. }
            | Fact::PickUpAsked { call, .. }
            | Fact::PickUpFailed { call, .. }
            | Fact::OfferPickedUp { call, .. }
            | Fact::OfferAnswered { call, .. }
            | Fact::OfferEnded { call, .. }
            | Fact::CallConnected { call, .. }
            | Fact::CallHeld { call, .. }
            | Fact::CallPassed { call, .. }
            | Fact::CallRetrieved { call, .. }
            | Fact::CallHungUp { call, .. }
            | Fact::CallEnded { call, .. }
            | Fact::CallEndAsked { call, .. }
            | Fact::Dialled { call, .. }
            | Fact::DialAgentAnswered { call, .. }
            | Fact::DialAnswered { call }
            | Fact::DialConnected { call, .. }
            | Fact::DialEnded { call, .. }
            | Fact::CustomerRung { call, .. }
            | Fact::CustomerNotReached { call, .. }
            | Fact::CallBackRefused { call, .. }
            | Fact::AgentDisposed { call, .. } => Some(*call),
            Fact::PromiseMade { promise, .. }
            | Fact::PromiseAgain { promise, .. }
            | Fact::PromiseWaits { promise, .. }
            | Fact::PromiseRests { promise, .. }
            | Fact::PromiseKept { promise, .. }
            | Fact::PromiseBroken { promise, .. } => Some(*promise),
            Fact::Healed { call, .. } => *call,
            Fact::ControllerStarted { .. }
            | Fact::VersionPublished { .. }
            | Fact::AgentLoggedIn { .. }
            | Fact::AgentAssigned { .. }
            | Fact::AgentLoggedOut { .. }
            | Fact::AgentChanged { .. }
            | Fact::HeldLineChanged { .. }
            | Fact::QueuesLent { .. }
            | Fact::LoanEnded { .. }
            | Fact::EmergencySwitchedOn { .. }
            | Fact::EmergencySwitchedOff { .. }
            | Fact::LinkChanged { .. }
            | Fact::WallClockStepped { .. } => None,
        }
    }

    /// The agent it belongs to.
    pub const fn agent(&self) -> Option<&AgentName> {
        match self {
            Fact::OfferMade { agent, .. }
            | Fact::OfferEnded { agent, .. }
            | Fact::QueuesLent { agent, .. }
            | Fact::LoanEnded { agent, .. }
            | Fact::PickUpAsked { agent, .. }
            | Fact::PickUpFailed { agent, .. }
            | Fact::OfferPickedUp { agent, .. }
            | Fact::CallConnected { agent, .. }
            | Fact::CallHeld { agent, .. }
            | Fact::CallPassed { agent, .. }
            | Fact::CallRetrieved { agent, .. }
            | Fact::CallEndAsked { agent, .. }
            | Fact::Dialled { agent, .. }
            | Fact::DialAgentAnswered { agent, .. }
            | Fact::DialConnected { agent, .. }
            | Fact::DialEnded { agent, .. }
            | Fact::PromiseKept { agent, .. }
            | Fact::AgentLoggedIn { agent, .. }
            | Fact::AgentAssigned { agent, .. }
            | Fact::AgentLoggedOut { agent, .. }
            | Fact::HeldLineChanged { agent, .. }
            | Fact::AgentChanged { agent, .. }
            | Fact::AgentDisposed { agent, .. } => Some(agent),
            Fact::Healed { agent, .. } => agent.as_ref(),
            Fact::ControllerStarted { .. }
            | Fact::VersionPublished { .. }
            | Fact::CallArrived { .. }
            | Fact::StepEntered { .. }
            | Fact::Keyed { .. }
            | Fact::EmergencySwitchedOn { .. }
            | Fact::EmergencySwitchedOff { .. }
            | Fact::EmergencyHeard { .. }
            | Fact::TransferBegan { .. }
            | Fact::TransferAnswered { .. }
            | Fact::TransferConnected { .. }
            | Fact::TransferFailed { .. }
            | Fact::KeypadUsed { .. }
            | Fact::CallQueued { .. }
            | Fact::CallLeftQueue { .. }
            | Fact::CallerKnown { .. }
            | Fact::OfferRang { .. }
            | Fact::OfferAnswered { .. }
            | Fact::CallHungUp { .. }
            | Fact::CallEnded { .. }
            | Fact::DialAnswered { .. }
            | Fact::PromiseMade { .. }
            | Fact::CustomerRung { .. }
            | Fact::CustomerNotReached { .. }
            | Fact::CallBackRefused { .. }
            | Fact::PromiseAgain { .. }
            | Fact::PromiseWaits { .. }
            | Fact::PromiseRests { .. }
            | Fact::PromiseBroken { .. }
            | Fact::LinkChanged { .. }
            | Fact::WallClockStepped { .. } => None,
        }
    }
}

/// How a call ended: exactly one for each call. The balance of every report is made of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Talked with an agent. Who was passed on by one, and did not hang up waiting for another, was answered too.
    Answered,
    /// Hung up while waiting in a queue, or in the instant before an agent who picked up could be heard; of who is called back,
    /// before an agent was heard at all.
    Abandoned,
    /// Hung up in the dialplan, before asking for a person.
    LeftInDialplan,
    /// The dialplan hung up.
    EndedByUs,
    /// Hung up with a call-back owed: what they wanted is still to come.
    PromisedCallBack,
    /// Refused before anything was played: no such number, all lines taken.
    Refused,
    /// Ended while we were away: the instant is unknown.
    EndedUnseen,
    /// Talked with a number outside, to which the dialplan or an agent sent the caller.
    TransferredOut,
}

impl Outcome {
    pub const ALL: [Outcome; 8] = [
        Outcome::Answered,
        Outcome::Abandoned,
        Outcome::LeftInDialplan,
        Outcome::EndedByUs,
        Outcome::PromisedCallBack,
        Outcome::Refused,
        Outcome::EndedUnseen,
        Outcome::TransferredOut,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Outcome::Answered => "answered",
            Outcome::Abandoned => "abandoned",
            Outcome::LeftInDialplan => "left_in_dialplan",
            Outcome::EndedByUs => "ended_by_us",
            Outcome::PromisedCallBack => "promised_call_back",
            Outcome::Refused => "refused",
            Outcome::EndedUnseen => "ended_unseen",
            Outcome::TransferredOut => "transferred_out",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    Caller,
    Agent(AgentName),
    /// The number outside that the caller was sent to.
    Number,
    Us,
    /// Nobody saw.
    Unseen,
}

impl EndedBy {
    pub const fn as_str(&self) -> &'static str {
        match self {
            EndedBy::Caller => "caller",
            EndedBy::Agent(_) => "agent",
            EndedBy::Number => "number",
            EndedBy::Us => "us",
            EndedBy::Unseen => "unseen",
        }
    }
}

/// How an offer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OfferEnd {
    Connected,
    NoAnswer,
    Busy,
    Rejected,
    Unreachable,
    /// The caller hung up first.
    CallerGone,
    /// The agent hung up after picking up, before the caller was heard.
    AgentGone,
    /// Logged out, or taken back by us.
    Withdrawn,
    /// Another phone that rang for the same call was picked up first.
    AnsweredElsewhere,
    /// Nobody saw how.
    Unseen,
}

impl OfferEnd {
    pub const fn as_str(self) -> &'static str {
        match self {
            OfferEnd::Connected => "connected",
            OfferEnd::NoAnswer => "no_answer",
            OfferEnd::Busy => "busy",
            OfferEnd::Rejected => "rejected",
            OfferEnd::Unreachable => "unreachable",
            OfferEnd::CallerGone => "caller_gone",
            OfferEnd::AgentGone => "agent_gone",
            OfferEnd::Withdrawn => "withdrawn",
            OfferEnd::AnsweredElsewhere => "answered_elsewhere",
            OfferEnd::Unseen => "unseen",
        }
    }
}

impl From<Failure> for OfferEnd {
    fn from(why: Failure) -> Self {
        match why {
            Failure::NoAnswer => OfferEnd::NoAnswer,
            Failure::Busy => OfferEnd::Busy,
            Failure::Rejected => OfferEnd::Rejected,
            Failure::Unreachable => OfferEnd::Unreachable,
            Failure::Withdrawn => OfferEnd::Withdrawn,
        }
    }
}

/// Why a phone that was told to pick up did not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotPickedUp {
    /// Its switch cannot tell it.
    Cannot,
    /// The switch would not, this time.
    Refused,
    /// It was told, and rang on.
    RangOn,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeftQueue {
    Waited,
    /// At the door.
    Full,
    /// At the door.
    NobodyLoggedIn,
    /// It waited, and nobody is logged in any more who could take it.
    Deserted,
    /// At the door.
    Closed,
    /// It waited, and the queue closed.
    ClosedMeanwhile,
    /// The caller is to be called back, and has hung up or will: a promise has the place.
    CallBack,
}

/// Why a caller was not joined with a number outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TransferFailure {
    Busy,
    NoAnswer,
    /// Whoever was rung would not take it, or hung up before the caller could be heard.
    Refused,
    /// No such number, no way out, or the switch that dials is another than the caller's.
    Unreachable,
    /// Not in the list of the version of today.
    NotAllowed,
    /// The centre has dialled as many numbers as it may for now.
    TooMany,
    /// Nobody saw how.
    Unseen,
}

impl From<Failure> for TransferFailure {
    fn from(why: Failure) -> Self {
        match why {
            Failure::NoAnswer => TransferFailure::NoAnswer,
            Failure::Busy => TransferFailure::Busy,
            Failure::Rejected => TransferFailure::Refused,
            Failure::Unreachable => TransferFailure::Unreachable,
            Failure::Withdrawn => TransferFailure::Unseen,
        }
    }
}

/// How an emergency message came to be off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SwitchedOff {
    ByHand,
    /// The moment came that was named when it was switched on.
    TimeUp,
    /// A version was published that has no such message.
    NotInVersion,
}

impl SwitchedOff {
    pub const fn as_str(self) -> &'static str {
        match self {
            SwitchedOff::ByHand => "by_hand",
            SwitchedOff::TimeUp => "time_up",
            SwitchedOff::NotInVersion => "not_in_version",
        }
    }
}

/// Why this agent: bounded, the whole list comes from replaying the inputs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default, schemars::JsonSchema)]
pub struct Reasons {
    /// The rule that decided.
    pub rule: Rule,
    /// Agents of the queue who were logged in.
    pub logged_in: u32,
    /// Of these, left out because not free.
    pub not_free: u32,
    /// Of those who were free, left out for want of a skill, or because they sit at another switch.
    pub lacking_skill: u32,
    /// Of those who were free, left out because the call was kept for whom the caller knows.
    #[serde(default)]
    pub not_preferred: u32,
    /// What was needed at that moment of the wait.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Need>,
    /// The first of those who could have taken it, best first, with how long each had been idle.
    pub candidates: Vec<(AgentName, Duration)>,
    /// What the rule counted for each of these, where it counts: conversations, milliseconds of talk, levels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<u64>,
    /// Callers waiting in the queue at that moment, this one included.
    pub waiting: u32,
    /// How many phones rang for the call already, and the first of those whose they were.
    #[serde(default, skip_serializing_if = "is_none_of_them")]
    pub others: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub together: Vec<AgentName>,
    /// Who passed the caller on to this agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passed_by: Option<AgentName>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde asks")]
const fn is_none_of_them(others: &u32) -> bool {
    *others == 0
}

impl Reasons {
    /// How many candidates are kept: enough to see who was next, few enough for a fact per offer.
    pub const MOST_CANDIDATES: usize = 3;
    /// How many of those who are rung together are named; the others are counted.
    pub const MOST_TOGETHER: usize = 3;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Default, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// A call came, and this agent was idle longest of those who may take it.
    #[default]
    LongestIdle,
    /// An agent came free, and this call was first of those the agent may take (`joined - credit`).
    FirstInQueue,
    // A call came, and this agent was first by the strategy of the queue.
    FewestCalls,
    LeastTalkTime,
    MostSkilled,
    RoundRobin,
    FixedOrder,
    WeightedRandom,
    /// The caller knows this agent, and the call was kept for those whom the caller knows.
    Preferred,
    /// One of so many phones that ring for a call at the same time.
    RingSeveral,
    /// One of all who may take the call.
    RingAll,
    /// Another agent passed the caller on to this one.
    PassedOn,
}

impl Rule {
    pub const ALL: [Rule; 12] = [
        Rule::LongestIdle,
        Rule::FirstInQueue,
        Rule::FewestCalls,
        Rule::LeastTalkTime,
        Rule::MostSkilled,
        Rule::RoundRobin,
        Rule::FixedOrder,
        Rule::WeightedRandom,
        Rule::Preferred,
        Rule::RingSeveral,
        Rule::RingAll,
        Rule::PassedOn,
    ];
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde asks")]
const fn is_not(it: &bool) -> bool {
    !*it
}
