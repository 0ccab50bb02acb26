//! Calls: one caller from arrival to the one outcome.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;

use super::announcing::Announcing;
use super::fact::{EndedBy, Outcome};
use super::ids::*;
use super::index::LineKey;
use super::keypad::AtKeypad;
use super::outside::Asking;
use super::passing_on::Passed;
use super::preference::{Acquaintance, Prefer};
use super::queue::Need;
use super::reaching::Keeps;
use super::rings::Rings;
use super::transferring::{Outside, OutsideStage};
use crate::calendar::Moment;
use crate::dialplan::{Walk, When};

#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub id: CallId,
    pub switch: SwitchName,
    pub leg: LegId,
    pub from: PhoneNumber,
    pub name: CallerName,
    pub to: PhoneNumber,
    pub arrived: Moment,
    /// The way through the dialplan; sleeps while the call waits or talks.
    pub walk: Walk,
    /// Since when it is in the step it is in: a place on its channel from before that is an old one.
    pub step_since: Moment,
    /// Whom the caller knows among the agents, as far as it has been looked up.
    pub knows: Acquaintance,
    /// The switch has been told to answer.
    pub answered: bool,
    /// In queues that it has left by a rule: what it may keep in the next.
    pub waited: Duration,
    /// The call-back that is owed for it.
    pub promise: Option<CallId>,
    /// Who is called back, and has picked up: the promise that this is to keep.
    pub keeps: Option<Keeps>,
    /// The emergency messages that the caller has been given.
    pub warned: BTreeSet<MessageName>,
    /// The one that is played before the step.
    pub hears: Option<MessageName>,
    /// At how many doors it was turned away at that moment.
    pub doors: (Moment, u8),
    /// The phone it comes from, where the switch has said so since the start.
    pub station: Option<StationAddress>,
    /// Since when it has asked for a person: it joined its first queue then.
    pub asked: Option<Moment>,
    /// An agent has talked with the caller.
    pub served: bool,
    /// Passed on to somebody who has not taken it yet.
    pub passed: Option<Passed>,
    /// What was asked for by its keypad, and is not answered yet.
    pub keypad: Option<AtKeypad>,
    pub stage: Stage,
}

/// Where a call is. It is in exactly one of these, and a field lives only in the stage that needs it.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// Hears prompts, keys digits. `playing` is the prompt whose end the switch owes us.
    InDialplan { playing: Option<EffectId> },
    /// Has a place in a queue, with or without a phone ringing for it.
    Waiting { place: QueuePlace, rings: Option<Rings>, doubt: bool },
    /// An agent picked up; they do not hear each other yet.
    Connecting { place: QueuePlace, offer: OfferId },
    Talking {
        queue: QueueName,
        agent: AgentName,
        agent_leg: LegId,
        since: Moment,
        /// On hold since then: the agent wants it so, and the switch follows.
        hold: Option<Moment>,
    },
    /// Sent to a number outside, which rings, or talks with the caller.
    Outside(Outside),
    /// We hung up, and wait for the switch to say that the leg is gone.
    Ending { outcome: Outcome, by: EndedBy },
}

/// Where a call stands, in the word for lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StageWord {
    InDialplan,
    Waiting,
    Ringing,
    Connecting,
    Talking,
    OnHold,
    /// A number outside is rung for it.
    Transferring,
    /// Caller and number talk.
    TalkingOut,
    Ending,
}

impl StageWord {
    pub const fn as_str(self) -> &'static str {
        match self {
            StageWord::InDialplan => "in_dialplan",
            StageWord::Waiting => "waiting",
            StageWord::Ringing => "ringing",
            StageWord::Connecting => "connecting",
            StageWord::Talking => "talking",
            StageWord::OnHold => "on_hold",
            StageWord::Transferring => "transferring",
            StageWord::TalkingOut => "talking_out",
            StageWord::Ending => "ending",
        }
    }
}

impl Stage {
    pub const fn word(&self) -> StageWord {
        match self {
            Stage::InDialplan { .. } => StageWord::InDialplan,
            Stage::Waiting { rings: None, .. } => StageWord::Waiting,
            Stage::Waiting { rings: Some(_), .. } => StageWord::Ringing,
            Stage::Connecting { .. } => StageWord::Connecting,
            Stage::Talking { hold: None, .. } => StageWord::Talking,
            Stage::Talking { hold: Some(_), .. } => StageWord::OnHold,
            Stage::Outside(Outside { stage: OutsideStage::Talking { .. }, .. }) => StageWord::TalkingOut,
            Stage::Outside(_) => StageWord::Transferring,
            Stage::Ending { .. } => StageWord::Ending,
        }
    }
}

/// A place in a queue: kept whatever the phones do.
#[derive(Clone, Debug, PartialEq)]
pub struct QueuePlace {
    pub queue: QueueName,
    pub joined: Moment,
    /// The step's and the queue's together.
    pub credit: Duration,
    /// The step's and the queue's together, as they were written.
    pub needs: Vec<Need>,
    /// What of that holds at this moment of the wait; which line of the queue the call stands in.
    pub in_force: Vec<Need>,
    pub prefer: Vec<Prefer>,
    /// These alone may take it.
    pub agents: Vec<AgentName>,
    /// Who alone is to have it at this moment of the wait; nobody: anybody.
    pub kept_for: Vec<AgentName>,
    pub otherwise: Vec<(When, StepName)>,
    pub told: Announcing,
    /// Has waited as long as its step says, and rings: it leaves when the phones that ring have rung, and no other is rung.
    pub is_over: bool,
}

impl Call {
    /// Waits no longer, and rings nowhere any more.
    pub fn is_overdue(&self) -> bool {
        matches!(&self.stage, Stage::Waiting { place, rings: None, .. } if place.is_over)
    }
}

impl QueuePlace {
    /// What the order of a queue is counted by: the earlier goes first.
    pub fn rank(&self) -> Moment {
        self.joined - self.credit
    }

    /// In which line of its queue a call of this switch stands.
    pub fn line(&self, switch: &SwitchName) -> LineKey {
        LineKey {
            switch: switch.clone(),
            needs: self.in_force.clone(),
            kept_for: self.kept_for.clone(),
            dials: false,
            counts: false,
        }
    }
}

impl Call {
    /// The queue it waits in or talks by.
    pub fn queue(&self) -> Option<&QueueName> {
        match &self.stage {
            Stage::Waiting { place, .. } | Stage::Connecting { place, .. } => Some(&place.queue),
            Stage::Talking { queue, .. } => Some(queue),
            Stage::InDialplan { .. } | Stage::Outside(_) | Stage::Ending { .. } => None,
        }
    }

    /// The phones that ring for it, the longest first, or the one that was picked up.
    pub fn offers(&self) -> impl Iterator<Item = OfferId> {
        let (rings, picked_up) = match &self.stage {
            Stage::Waiting { rings, .. } => (rings.as_ref(), None),
            Stage::Connecting { offer, .. } => (None, Some(*offer)),
            Stage::InDialplan { .. } | Stage::Talking { .. } | Stage::Outside(_) | Stage::Ending { .. } => (None, None),
        };
        rings.into_iter().flat_map(Rings::iter).chain(picked_up)
    }

    /// How many phones ring for it.
    pub fn rings(&self) -> usize {
        match &self.stage {
            Stage::Waiting { rings, .. } => rings.as_ref().map_or(0, Rings::count),
            Stage::InDialplan { .. }
            | Stage::Connecting { .. }
            | Stage::Talking { .. }
            | Stage::Outside(_)
            | Stage::Ending { .. } => 0,
        }
    }
}

/// One ring of one agent for one call, while it lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    pub id: OfferId,
    pub call: CallId,
    pub agent: AgentName,
    pub switch: SwitchName,
    pub leg: LegId,
    pub until: Moment,
    /// A telephone outside was picked up, and the key that takes the call is awaited.
    pub asking: Option<Asking>,
}
