//! Promises: a call-back that is owed. The caller has hung up, or somebody asked for it, and the place in the queue stays:
//! by its rank it is matched with an agent like any caller, then the agent's phone rings, and then the number does.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::dial::DialEnd;
use super::dial_out::DialledNumber;
use super::held::HeldBack;
use super::ids::*;
use super::index::LineKey;
use super::queue::Need;
use crate::calendar::Moment;

/// The most promises of a centre at once: as many as callers that one queue can hold by far, and a snapshot of them is
/// still written in a moment.
pub const MOST_PROMISES: usize = 5_000;
/// The farthest that somebody may be promised a call: longer ahead nobody keeps a calendar by telephone.
pub const FARTHEST: Duration = Duration::from_secs(90 * 24 * 3600);
/// A promise that could not be kept for so long, counted from when it was due, is broken: nobody waits for it any more.
pub const LONGEST_OWED: Duration = Duration::from_secs(7 * 24 * 3600);
/// How long a promise that names an agent is kept for them, from when it is due.
pub const KEPT_FOR_AGENT: Duration = Duration::from_secs(10 * 60);

/// One promise while it lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promise {
    /// Its own; each dial for it has another.
    pub id: CallId,
    pub number: DialledNumber,
    pub queue: QueueName,
    /// As of the caller whose place it is; else when it was made, or is due.
    pub joined: Moment,
    pub credit: Duration,
    pub needs: Vec<Need>,
    /// Who is to have it before others, and for how long after `joined`.
    pub wishes: Vec<Wish>,
    pub by: PromisedBy,
    /// The call that it came of.
    pub of_call: Option<CallId>,
    /// What the caller was spoken to in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    pub made: Moment,
    /// How often the number was rung in vain.
    pub tries: u32,
    pub stage: PromiseStage,
    /// In which line of its queue it stands just now. A start finds that out anew.
    #[serde(skip)]
    pub stands: Option<LineKey>,
}

/// An agent who is to have it before others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Wish {
    pub agent: AgentName,
    #[serde(rename = "for")]
    pub within: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PromisedBy {
    /// Pressed the key while waiting, or was led to it by the dialplan.
    Caller,
    /// Whoever asked for it: an agent, or a program by the name of its key.
    Person(AgentName),
}

/// Where a promise is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromiseStage {
    /// Comes into the queue at this hour, by the clock on the wall.
    Scheduled { due: Moment },
    /// Has its place in the queue.
    Waiting,
    /// An agent was found: this dial is to keep it, or this number rings before the agent does. The place stays.
    Dialling { dial: CallId },
    /// Whoever is owed the call has picked up, and is a caller at its place: this call is to keep it.
    PickedUp { call: CallId },
    /// The number was not reached; back at its place then.
    Resting { until: Moment },
}

impl PromiseStage {
    /// The word for lists.
    pub const fn as_str(&self) -> &'static str {
        match self {
            PromiseStage::Scheduled { .. } => "scheduled",
            PromiseStage::Waiting => "waiting",
            PromiseStage::Dialling { .. } => "dialling",
            PromiseStage::PickedUp { .. } => "picked_up",
            PromiseStage::Resting { .. } => "resting",
        }
    }
}

impl Promise {
    /// What the order of a queue is counted by: the same as the caller's had been.
    pub fn rank(&self) -> (Moment, CallId) {
        (self.joined - self.credit, self.id)
    }

    /// Whether it has a place in its queue, be it that nobody is sought for it just now.
    pub const fn has_place(&self) -> bool {
        matches!(self.stage, PromiseStage::Waiting | PromiseStage::Dialling { .. })
    }
}

/// Why a promise was not kept: exactly one for each that was not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Broken {
    /// Somebody took it back.
    Cancelled,
    /// The number was rung as often as the queue says, and not reached.
    NotReached,
    /// The same call came to wait in a queue again.
    CameBack,
    /// Too long ago by now.
    Expired,
}

impl Broken {
    pub const ALL: [Broken; 4] = [Broken::Cancelled, Broken::NotReached, Broken::CameBack, Broken::Expired];

    pub const fn as_str(self) -> &'static str {
        match self {
            Broken::Cancelled => "cancelled",
            Broken::NotReached => "not_reached",
            Broken::CameBack => "came_back",
            Broken::Expired => "expired",
        }
    }
}

/// Why a promise is back at its place, or rests, after a dial for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Back {
    /// Its hour has come.
    Due,
    /// It has rested after a try.
    Rested,
    /// The dial for it ended so.
    After(DialEnd),
}

/// Why a caller is not promised a call-back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotPromised {
    /// Withheld, or nothing that could be dialled.
    NoNumber,
    /// `dial_out` does not let it be dialled.
    NotAllowed,
    /// The centre owes as many as it may.
    TooMany,
    /// This number is being called back at this moment.
    BeingCalled,
}

impl NotPromised {
    pub const fn as_str(self) -> &'static str {
        match self {
            NotPromised::NoNumber => "no_number",
            NotPromised::NotAllowed => "not_allowed",
            NotPromised::TooMany => "too_many",
            NotPromised::BeingCalled => "being_called",
        }
    }
}

/// A queue's rules about call-backs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallBackRules {
    /// \[`tries`\] How often the number is rung before the promise is given up.
    pub tries: u32,
    /// \[`again_after`\] How long after a try that came to nothing.
    pub again_after: Duration,
    /// \[`first`\] Who is rung before the other.
    #[serde(default)]
    pub first: First,
    /// \[`hours`\] The opening hours in which people are called, besides those of the queue itself.
    #[serde(default)]
    pub hours: Option<String>,
}

/// Who is rung first to keep a promise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum First {
    /// `agent`: the agent's phone, and when it is picked up the number: nobody who is called waits for anybody.
    #[default]
    Agent,
    /// `customer`: the number, when an agent is free; who picks up begins in the step `start`, which leads to the queue, and
    /// has the promise's place there. No agent listens to a number that rings.
    Customer { start: StepName },
}

impl Default for CallBackRules {
    /// As most people would ring somebody back: thrice, and not at once.
    fn default() -> Self {
        Self { tries: 3, again_after: Duration::from_secs(10 * 60), first: First::Agent, hours: None }
    }
}

/// A promise as the floor shows it.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct PromiseSeen {
    pub promise: CallId,
    /// Empty for a key that may not read calls.
    pub number: PhoneNumber,
    pub queue: QueueName,
    /// `scheduled`, `waiting`, `dialling`, `picked_up`, `resting`.
    pub stage: &'static str,
    pub made_ms: Moment,
    /// Since when the place counts.
    pub joined_ms: Moment,
    /// When it comes into the queue, or back to it.
    pub due_ms: Option<Moment>,
    /// How often the number was rung in vain.
    pub tries: u32,
    /// Who asked for it; `null`: the caller.
    pub by: Option<AgentName>,
    /// Who is to have it before others, for some minutes; the first of them where there are several.
    pub wished: Option<AgentName>,
    pub of_call: Option<CallId>,
    /// From 1, among callers and promises alike.
    pub position: Option<usize>,
    /// What is to keep it now: the dial, or the call of who picked up.
    pub dial: Option<CallId>,
    /// Who is to keep it.
    pub agent: Option<AgentName>,
    /// Why nobody is sought for it though it has its place; `null` where it waits for an agent.
    pub held_back: Option<HeldBack>,
    /// Until when, where the clock says so.
    pub held_until_ms: Option<Moment>,
}

impl PromiseSeen {
    /// What is left for whoever may know of the queue and not of who is called.
    pub fn forget_number(&mut self) {
        self.number = PhoneNumber::new("");
    }
}

/// A promise that was asked for lately, so that the same request sent again makes no second.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    pub at: Moment,
    pub request: RequestName,
}
