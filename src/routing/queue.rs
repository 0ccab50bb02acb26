//! Queues: the rules an admin wrote for one, and the order in which callers stand in it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ids::{QueueName, SkillName};
use super::promise::CallBackRules;
use super::strategy::Strategy;

/// A skill that a call asks for, at this level or above.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Need {
    pub skill: SkillName,
    /// 1 to 10.
    pub level: u8,
    /// Needed only of those who have waited less than this; `None`: always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Duration>,
}

/// How long a phone rings where nobody wrote otherwise.
pub const RING_FOR: Duration = Duration::from_secs(15);

/// What an admin wrote about one queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueRules {
    pub name: QueueName,
    /// How long a phone rings before the offer counts as not answered.
    pub ring_for: Duration,
    /// How long an agent has for wrap-up; `None` means until the agent says so; zero means no wrap-up.
    pub wrap_up: Option<Duration>,
    /// How long an agent who did not answer is left alone; `None` means until the agent says *ready*.
    pub rest_after_missed: Option<Duration>,
    /// The same where the phone was busy, or could not be reached; `None` as above. Of one that could not be reached the
    /// rest is over when its switch says that it is back.
    pub rest_after_busy: Option<Duration>,
    pub rest_after_unreachable: Option<Duration>,
    /// After so many calls that rang and were not picked up, one after the other, an agent is left alone until *ready*.
    pub most_missed: Option<u32>,
    /// The phone is asked to pick up by itself.
    pub auto_answer: bool,
    /// Wrap-up does not end before a disposition is written.
    pub needs_disposition: bool,
    /// The service level's T.
    pub target: Duration,
    /// The music class on the switch.
    pub music: String,
    /// In which order free agents are offered its calls.
    pub strategy: Strategy,
    /// What every call in this queue needs, besides what its dialplan step asks for.
    pub needs: Vec<Need>,
    /// Seconds of credit that every call in this queue has: the queue's weight.
    pub credit: Duration,
    /// The most callers that may wait at once.
    pub most_waiting: usize,
    /// The opening hours by whose end a step's `closed` goes.
    #[serde(default)]
    pub hours: Option<String>,
    /// How callers are called back.
    #[serde(default)]
    pub call_back: CallBackRules,
}

impl QueueRules {
    /// The most callers one queue holds unless the YAML says less: far above any real hall, low enough that a
    /// flood of calls cannot exhaust memory.
    pub const MOST_WAITING: usize = 10_000;

    /// A queue with every rule at its default.
    pub fn named(name: QueueName) -> Self {
        Self {
            name,
            ring_for: RING_FOR,
            wrap_up: Some(Duration::from_secs(10)),
            rest_after_missed: Some(Duration::from_secs(30)),
            rest_after_busy: Some(Duration::from_secs(30)),
            rest_after_unreachable: Some(Duration::from_secs(30)),
            most_missed: None,
            auto_answer: false,
            needs_disposition: false,
            target: Duration::from_secs(20),
            music: "default".into(),
            strategy: Strategy::default(),
            needs: Vec::new(),
            credit: Duration::ZERO,
            most_waiting: Self::MOST_WAITING,
            hours: None,
            call_back: CallBackRules::default(),
        }
    }
}
