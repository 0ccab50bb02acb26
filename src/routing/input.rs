//! Inputs: everything the core is ever told, in the past tense, because it has happened.
//!
//! Late, doubled and unknown ids are normal (calls race): the core answers them with nothing. Inputs are what
//! the local journal records; replayed in the same version of the core they give the same effects to the byte,
//! so nothing that decides may reach the core by another way. (Published versions of the YAML are named here by
//! hash, and handed over beforehand by [`super::Core::shelve`].)

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::dial_out::DialledNumber;
use super::ids::*;
use super::known::Known;
use super::lending::SharedNews;
use super::passing_on::PassedTo;
use super::preference::Acquaintance;
use super::tag::Tags;
use super::why::Why;
use crate::calendar::Moment;
use crate::dialplan::{AgentWish, Key, KeypadAnswer};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Input {
    /// The first input of every start. What the local journal knew of calls and agents when the last one ended.
    Started {
        epoch: Epoch,
        version: VersionHash,
        switches: BTreeSet<SwitchName>,
        known: Box<Known>,
    },
    /// New calls follow this version from now on; calls in progress stay in theirs.
    VersionPublished {
        version: VersionHash,
    },

    // From a switch.
    CallerArrived {
        switch: SwitchName,
        leg: LegId,
        from: PhoneNumber,
        name: CallerName,
        to: PhoneNumber,
        /// The phone it comes from, as the switch dials it: what the switch itself knows of the channel, and nothing that
        /// a caller could say. Of a caller from outside, the trunk.
        #[serde(default)]
        station: Option<StationAddress>,
    },
    /// The phone of a leg that we rang says that it is ringing.
    LegRinging {
        leg: LegId,
    },
    /// A leg that we rang was picked up, and is in our hands.
    LegAnswered {
        leg: LegId,
    },
    /// A leg that we rang never came to be answered, and is gone.
    LegFailed {
        leg: LegId,
        why: Failure,
    },
    /// A leg is gone, whoever hung it up.
    LegHungUp {
        leg: LegId,
    },
    /// Which agents the caller knows, looked up in the records. Late or never: the call goes on without.
    CallerKnown {
        call: CallId,
        agents: Acquaintance,
    },
    /// What came of what an agent asked for by the keypad.
    KeypadAnswered {
        call: CallId,
        wish: AgentWish,
        how: KeypadAnswer,
    },
    KeyPressed {
        leg: LegId,
        key: Key,
    },
    /// An answer of somebody who is asked for number and PIN has begun, or has ended with hash: which keys these are stands
    /// nowhere ([`super::Core::withholds`]).
    KeyWithheld {
        leg: LegId,
        ends: bool,
    },
    /// Two legs hear each other.
    LegsJoined {
        a: LegId,
        b: LegId,
    },
    /// A leg that was joined, or that we were about to join, is back in our hands alone, and hears nothing.
    LegParted {
        leg: LegId,
    },
    /// What the switch says a phone does. Whether our own calls on it count as its use is the driver's choice: while
    /// there is one, the agent is not free anyway.
    StationChanged {
        /// Missing in journals of before.
        #[serde(default = "no_switch")]
        switch: SwitchName,
        station: StationAddress,
        line: Line,
    },
    /// What this switch can do of that which not every switch can. Before that is told, nothing.
    AbilitiesTold {
        switch: SwitchName,
        abilities: Abilities,
    },
    EffectReturned {
        effect: EffectId,
        how: Returned,
    },
    /// The link to a switch is lost: nothing is known of its legs until the next snapshot.
    LinkLost {
        switch: SwitchName,
    },
    /// All that lives on a switch, as one value: begin and end of the list are the driver's business, and an
    /// event seen between them has already been worked in (the event wins).
    SnapshotTaken {
        switch: SwitchName,
        legs: Vec<LegSeen>,
    },
    /// The answer to [`super::Act::Look`]: a second, single look at one leg.
    LegLookedAt {
        switch: SwitchName,
        leg: LegId,
        seen: Option<LegSeen>,
    },

    // From people. `by` is who did it: the agent, or a supervisor, who may say why. Whoever it is, work in hand comes
    // first: what is ordered for an agent who talks or wraps up begins after it.
    AgentLoggedIn {
        agent: AgentName,
        station: StationAddress,
        switch: SwitchName,
        queues: BTreeSet<QueueName>,
        skills: BTreeMap<SkillName, u8>,
        /// Whether the phone is asked to pick up by itself; `None`: as the queue says.
        #[serde(default)]
        auto_answer: Option<bool>,
        by: AgentName,
    },
    /// Somebody gave an agent at work other queues and skills. What the agent says and holds stays, the place among the
    /// idle too.
    AgentAssigned {
        agent: AgentName,
        queues: BTreeSet<QueueName>,
        skills: BTreeMap<SkillName, u8>,
        by: AgentName,
    },
    AgentLoggedOut {
        agent: AgentName,
        by: AgentName,
        #[serde(default)]
        why: Option<Why>,
    },
    /// Is no person of the centre any more: logged out, wherever they are, and with nothing to write after a call.
    AgentDismissed {
        agent: AgentName,
        by: AgentName,
    },
    /// The agent takes calls (again).
    AgentSaidReady {
        agent: AgentName,
        by: AgentName,
        #[serde(default)]
        why: Option<Why>,
    },
    /// From now, or from the end of the work in hand.
    AgentTookBreak {
        agent: AgentName,
        reason: BreakReason,
        by: AgentName,
        #[serde(default)]
        why: Option<Why>,
    },
    /// *Answer* was pressed on the agent's page while the phone rings.
    AgentAnswered {
        agent: AgentName,
        by: AgentName,
    },
    /// The caller in hand goes on hold.
    AgentHeld {
        agent: AgentName,
        by: AgentName,
    },
    /// Back to the caller on hold.
    AgentRetrieved {
        agent: AgentName,
        by: AgentName,
    },
    /// The caller in hand is passed on, and the agent's part is over.
    AgentPassedOn {
        agent: AgentName,
        /// The call that is meant: not the next one, where a page is behind. `None`: whichever is in hand.
        call: Option<CallId>,
        to: PassedTo,
        by: AgentName,
    },
    /// A number outside is to be called: the agent's own phone rings first.
    AgentDialled {
        agent: AgentName,
        number: DialledNumber,
        by: AgentName,
        /// The same request, sent again because its answer got lost, dials nothing again.
        request: Option<RequestName>,
    },
    /// Somebody is to be called back by an agent of this queue: as soon as it is its turn, or at an hour.
    CallBackAsked {
        queue: QueueName,
        number: DialledNumber,
        /// By the clock on the wall.
        at: Option<Moment>,
        /// Who is to have it before others.
        agent: Option<AgentName>,
        /// The call in which it was asked for.
        of_call: Option<CallId>,
        by: AgentName,
        /// The same request, sent again because its answer got lost, makes no second promise.
        request: Option<RequestName>,
    },
    /// A promise is taken back.
    PromiseCancelled {
        promise: CallId,
        by: AgentName,
    },
    /// A disposition of a call was written, or taken out again.
    AgentDisposed {
        agent: AgentName,
        call: CallId,
        given: bool,
        by: AgentName,
    },
    AgentEndedWrapUp {
        agent: AgentName,
        by: AgentName,
        #[serde(default)]
        why: Option<Why>,
    },
    /// The agent, or a supervisor, asked for the call in hand to end.
    AgentEndedCall {
        agent: AgentName,
        by: AgentName,
        #[serde(default)]
        why: Option<Why>,
    },

    /// Queues of this centre are lent to an agent of another, who knows that much of our skills; again, to lend others.
    QueuesLent {
        /// `name@centre`.
        agent: AgentName,
        queues: BTreeSet<QueueName>,
        skills: BTreeMap<SkillName, u8>,
        by: AgentName,
        why: Option<Why>,
    },
    /// Taken back, or declined at the agent's home (then `by` is somebody of there: `name@centre`).
    LoanEnded {
        agent: AgentName,
        by: AgentName,
        why: Option<Why>,
    },
    /// From the loop, before any other input: what other centres do with agents whom they share with this one.
    SharedAgentsTold {
        news: Vec<SharedNews>,
    },

    /// From now on callers hear this message first. By the clock on the wall until a moment, or until it is switched off;
    /// of one that is on only that moment changes.
    EmergencySwitchedOn {
        message: MessageName,
        until: Option<Moment>,
        by: AgentName,
        why: Option<Why>,
    },
    EmergencySwitchedOff {
        message: MessageName,
        by: AgentName,
        why: Option<Why>,
    },

    // From the clock.
    /// [`super::Core::next_wakeup`] has come, or passed.
    TimeCame,
    /// The wall clock was set: timers do not move, but opening hours are read by the new one.
    WallClockStepped {
        by_ms: i64,
    },
}

fn no_switch() -> SwitchName {
    SwitchName::new("")
}

/// Why a leg that we rang was never answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    NoAnswer,
    Busy,
    Rejected,
    /// Not registered, no such station, no network, the switch refused to ring it.
    Unreachable,
    /// We hung it up ourselves while it rang.
    Withdrawn,
}

impl Failure {
    pub const ALL: [Failure; 5] =
        [Failure::NoAnswer, Failure::Busy, Failure::Rejected, Failure::Unreachable, Failure::Withdrawn];

    pub const fn as_str(self) -> &'static str {
        match self {
            Failure::NoAnswer => "no_answer",
            Failure::Busy => "busy",
            Failure::Rejected => "rejected",
            Failure::Unreachable => "unreachable",
            Failure::Withdrawn => "withdrawn",
        }
    }
}

/// What not every switch can do, or lets us do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Abilities {
    /// Tell a phone that rings to pick up ([`super::Act::PickUp`]). Whether the phone does is the phone's.
    pub pick_up: bool,
}

/// What a phone does, as its switch sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// The switch has not said: the phone is rung, and the ring tells.
    Unknown,
    Free,
    InUse,
    Unreachable,
}

/// How an effect came back. Exactly one for each effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Returned {
    Done,
    Refused {
        why: Refusal,
    },
    /// The link was lost, or the deadline passed, before the switch said: the next snapshot decides.
    Unknown,
}

/// Why a switch refused an effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// This leg is not there any more.
    Gone(LegId),
    /// The prompt is not where the switch can play it.
    NoPrompt,
    /// Not this switch, or not with this phone: the same again will be refused again.
    Cannot,
    /// In the switch's own words, bounded.
    Other(String),
}

/// One leg in a snapshot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LegSeen {
    pub leg: LegId,
    pub up: LegUp,
    /// The leg it hears, where the switch has it joined.
    pub joined_with: Option<LegId>,
    /// In our hands: waiting for what we say (else it is in the switch's own dialplan, ringing, or joined).
    pub in_hand: bool,
    pub tags: Option<Tags>,
    pub from: PhoneNumber,
    pub name: CallerName,
    pub to: PhoneNumber,
    /// The switch took the call to us (an inbound leg), or we rang it.
    pub inbound: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LegUp {
    Ringing,
    Up,
}
