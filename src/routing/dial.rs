//! Dials: a number that an agent has dialled, from the order to the one end. The agent's phone rings first; when it is
//! picked up the number is rung, and when that is answered both are joined.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::dial_out::DialledNumber;
use super::ids::*;
use super::input::Failure;
use crate::calendar::Moment;

/// One dial while it lives. Both legs are named when it begins, so that whoever picks it up again knows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dial {
    pub call: CallId,
    pub agent: AgentName,
    pub number: DialledNumber,
    pub switch: SwitchName,
    /// The agent's.
    pub leg: LegId,
    /// The number's, rung when the agent has picked up.
    pub out_leg: LegId,
    /// What the switch is told to ring.
    pub to: StationAddress,
    /// The centre's number, as the other end sees it.
    pub shown: PhoneNumber,
    pub ring_for: Duration,
    /// As of a queue: `None` until the agent says so, zero for none.
    pub wrap_up: Option<Duration>,
    /// How long they may talk.
    #[serde(default = "longest_of_old")]
    pub longest: Duration,
    pub since: Moment,
    /// What it is to keep, and the queue that this is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promise: Option<CallId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<QueueName>,
    pub stage: DialStage,
}

/// Of dials begun before there was a limit.
pub(super) fn longest_of_old() -> Duration {
    super::dial_out::DialOut::LONGEST
}

/// A dial of the last hour: what the caps count, and what the same request is known by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    pub at: Moment,
    pub request: Option<RequestName>,
}

/// Where a dial is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DialStage {
    /// The agent's phone rings.
    AgentRings {
        until: Moment,
    },
    /// The agent is there, and the number is rung.
    Rings {
        until: Moment,
    },
    /// Answered; they do not hear each other yet.
    Connecting,
    Talking {
        since: Moment,
    },
}

impl DialStage {
    /// The word for lists.
    pub const fn as_str(&self) -> &'static str {
        match self {
            DialStage::AgentRings { .. } => "agent_rings",
            DialStage::Rings { .. } => "rings",
            DialStage::Connecting => "connecting",
            DialStage::Talking { .. } => "talking",
        }
    }
}

/// How a dial ended: exactly one for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DialEnd {
    /// Agent and number heard each other.
    Answered,
    Busy,
    NoAnswer,
    /// Whoever was rung would not take it, or hung up before the agent could be heard.
    Refused,
    /// No such number, no way out, not to be reached just now.
    Unreachable,
    /// The agent's own phone was not picked up: the number was never rung.
    AgentNotReached,
    /// The agent hung up, or was logged out, before anybody was heard.
    GivenUp,
    /// Nobody saw how.
    Unseen,
}

impl DialEnd {
    pub const ALL: [DialEnd; 8] = [
        DialEnd::Answered,
        DialEnd::Busy,
        DialEnd::NoAnswer,
        DialEnd::Refused,
        DialEnd::Unreachable,
        DialEnd::AgentNotReached,
        DialEnd::GivenUp,
        DialEnd::Unseen,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            DialEnd::Answered => "answered",
            DialEnd::Busy => "busy",
            DialEnd::NoAnswer => "no_answer",
            DialEnd::Refused => "refused",
            DialEnd::Unreachable => "unreachable",
            DialEnd::AgentNotReached => "agent_not_reached",
            DialEnd::GivenUp => "given_up",
            DialEnd::Unseen => "unseen",
        }
    }
}

impl From<Failure> for DialEnd {
    fn from(why: Failure) -> Self {
        match why {
            Failure::NoAnswer => DialEnd::NoAnswer,
            Failure::Busy => DialEnd::Busy,
            Failure::Rejected => DialEnd::Refused,
            Failure::Unreachable => DialEnd::Unreachable,
            Failure::Withdrawn => DialEnd::GivenUp,
        }
    }
}

/// Who ended a dial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DialEndedBy {
    /// Whoever was rung, or the network on the way there.
    Number,
    Agent,
    Us,
    /// Nobody saw.
    Unseen,
}

impl DialEndedBy {
    pub const ALL: [DialEndedBy; 4] = [DialEndedBy::Number, DialEndedBy::Agent, DialEndedBy::Us, DialEndedBy::Unseen];

    pub const fn as_str(self) -> &'static str {
        match self {
            DialEndedBy::Number => "number",
            DialEndedBy::Agent => "agent",
            DialEndedBy::Us => "us",
            DialEndedBy::Unseen => "unseen",
        }
    }
}
