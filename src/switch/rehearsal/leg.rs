//! One leg on the rehearsal switch: the truth of it, which the controller only hears about.

use std::collections::VecDeque;
use std::time::Duration;

use super::agenda::Slot;
use crate::calendar::Moment;
use crate::routing::ids::{CallerName, LegId, PhoneNumber, StationAddress};
use crate::routing::tag::Tags;
use crate::routing::{LegSeen, LegUp};

/// What the party of a leg hears now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hearing {
    Silence,
    Music,
    Prompt,
    Leg(LegId),
    /// What the switch does with calls that we do not take.
    Fallback,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// A leg we rang, before it was picked up. `reached`: the phone has it.
    Ringing {
        reached: bool,
    },
    InHand,
    /// Connect was taken, the other side is not heard yet.
    Joining(LegId),
    Joined(LegId),
    Fallback,
}

#[derive(Clone, Debug)]
pub(super) struct Playing {
    /// The order to come back when it has ended.
    pub order: u64,
    pub lasts: Duration,
}

#[derive(Clone, Debug)]
pub(super) struct Leg {
    pub state: State,
    /// Inbound: no station.
    pub station: Option<StationAddress>,
    pub answered: bool,
    /// Hung up by its party, and the switch has lost that: listed, and dead.
    pub dying: bool,
    pub music: bool,
    /// The first is heard; the others follow it.
    pub playing: VecDeque<Playing>,
    pub tags: Option<Tags>,
    /// Its phone was asked to pick up by itself.
    pub auto_answer: bool,
    pub from: PhoneNumber,
    pub name: CallerName,
    pub to: PhoneNumber,
    pub patience: Option<Duration>,
    pub talks: Option<Duration>,
    /// Struck out when the leg ends.
    pub timers: Vec<Slot>,
    /// Struck out when the prompt is cut, or the talk ends.
    pub play_timer: Option<Slot>,
    pub talk_timer: Option<Slot>,
    /// Struck out when a dialled conversation ends, which the switch lets last no longer.
    pub longest_timer: Option<Slot>,
    /// Struck out when the caller comes to talk.
    pub patience_timer: Option<Slot>,
    pub began: Moment,
}

impl Leg {
    /// One that rings its station, and that nobody has heard of yet; inbound where there is no station.
    pub const fn new(
        station: Option<StationAddress>,
        from: PhoneNumber,
        name: CallerName,
        to: PhoneNumber,
        began: Moment,
    ) -> Self {
        Self {
            state: State::Ringing { reached: false },
            station,
            answered: false,
            dying: false,
            music: false,
            playing: VecDeque::new(),
            tags: None,
            auto_answer: false,
            from,
            name,
            to,
            patience: None,
            talks: None,
            timers: Vec::new(),
            play_timer: None,
            talk_timer: None,
            longest_timer: None,
            patience_timer: None,
            began,
        }
    }

    pub const fn inbound(&self) -> bool {
        self.station.is_none()
    }

    pub const fn other(&self) -> Option<&LegId> {
        match &self.state {
            State::Joining(other) | State::Joined(other) => Some(other),
            State::Ringing { .. } | State::InHand | State::Fallback => None,
        }
    }

    pub fn seen(&self, id: &LegId) -> LegSeen {
        LegSeen {
            leg: id.clone(),
            up: if self.answered { LegUp::Up } else { LegUp::Ringing },
            joined_with: match &self.state {
                State::Joined(other) => Some(other.clone()),
                State::Joining(_) | State::Ringing { .. } | State::InHand | State::Fallback => None,
            },
            in_hand: match &self.state {
                State::InHand => true,
                State::Joining(_) | State::Joined(_) | State::Ringing { .. } | State::Fallback => false,
            },
            tags: self.tags.clone(),
            from: self.from.clone(),
            name: self.name.clone(),
            to: self.to.clone(),
            inbound: self.inbound(),
        }
    }
}
