//! Stays: a call in a queue, from joining to leaving, and what it took to handle it where it was answered. The one
//! material of the queue reports; `store/queue_stays.rs` makes them of facts.

use std::time::Duration;

use crate::calendar::Moment;
use crate::routing::agent::Work;
use crate::routing::fact::Outcome;
use crate::routing::ids::CallId;

/// What an agent does for a call that was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Talking,
    OnHold,
    WrappingUp,
}

impl Part {
    pub const ALL: [Part; 3] = [Part::Talking, Part::OnHold, Part::WrappingUp];

    pub const fn as_str(self) -> &'static str {
        match self {
            Part::Talking => "talking",
            Part::OnHold => "on_hold",
            Part::WrappingUp => "wrapping_up",
        }
    }

    /// What this work is for this call.
    pub fn of(work: &Work, call: CallId) -> Option<Self> {
        match work {
            Work::Talking { call: of, hold: None, .. } if *of == call => Some(Part::Talking),
            Work::Talking { call: of, hold: Some(_), .. } if *of == call => Some(Part::OnHold),
            Work::WrappingUp { call: of, .. } if *of == call => Some(Part::WrappingUp),
            Work::Nothing { .. }
            | Work::Ringing { .. }
            | Work::Connecting { .. }
            | Work::Talking { .. }
            | Work::Dialling { .. }
            | Work::WrappingUp { .. } => None,
        }
    }
}

/// How a stay in a queue ended. With *still waiting* these are all the terms of the balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StayEnd {
    Connected,
    /// Led on by a rule of its step, having waited: long enough, until nobody was there, until it closed. Overflowed.
    Waited,
    /// Turned away at the door: it never stood in the queue.
    Full,
    /// Turned away at the door: it never stood in the queue.
    NobodyLoggedIn,
    /// To another queue or step, by no rule of the queue.
    Moved,
    /// The caller hung up.
    Abandoned,
    /// We hung up.
    EndedByUs,
    /// Ended while the controller was away: the instant is unknown.
    EndedUnseen,
    /// The caller left the place for a promise to be called.
    CalledBack,
}

impl StayEnd {
    pub const ALL: [StayEnd; 9] = [
        StayEnd::Connected,
        StayEnd::Waited,
        StayEnd::Full,
        StayEnd::NobodyLoggedIn,
        StayEnd::Moved,
        StayEnd::Abandoned,
        StayEnd::EndedByUs,
        StayEnd::EndedUnseen,
        StayEnd::CalledBack,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            StayEnd::Connected => "connected",
            StayEnd::Waited => "waited",
            StayEnd::Full => "full",
            StayEnd::NobodyLoggedIn => "nobody_logged_in",
            StayEnd::Moved => "moved",
            StayEnd::Abandoned => "abandoned",
            StayEnd::EndedByUs => "ended_by_us",
            StayEnd::EndedUnseen => "ended_unseen",
            StayEnd::CalledBack => "called_back",
        }
    }

    /// It was turned away at the door: no part of the queue's balance.
    pub const fn at_the_door(self) -> bool {
        match self {
            StayEnd::Full | StayEnd::NobodyLoggedIn => true,
            StayEnd::Connected
            | StayEnd::Waited
            | StayEnd::Moved
            | StayEnd::Abandoned
            | StayEnd::EndedByUs
            | StayEnd::EndedUnseen
            | StayEnd::CalledBack => false,
        }
    }
}

/// What the end of a call is for the queue it still stands in.
impl From<Outcome> for StayEnd {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Answered => StayEnd::Connected,
            Outcome::Abandoned | Outcome::LeftInDialplan => StayEnd::Abandoned,
            Outcome::EndedByUs | Outcome::Refused => StayEnd::EndedByUs,
            Outcome::EndedUnseen => StayEnd::EndedUnseen,
            Outcome::PromisedCallBack => StayEnd::CalledBack,
            // Its stay was over before the number was rung.
            Outcome::TransferredOut => StayEnd::Moved,
        }
    }
}

/// An agent's time for one answered call, complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Handling {
    pub talk: Duration,
    pub hold: Duration,
    pub wrap_up: Duration,
}

/// One stay of a call in a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stay {
    pub call: CallId,
    pub joined: Moment,
    /// It stood in another queue, or in this one, before.
    pub moved_in: bool,
    /// `None`: it lasts.
    pub left: Option<Moment>,
    /// `None` beside `left`: a row that nobody can have written; it unbalances its row of the report, and shows.
    pub how: Option<StayEnd>,
    /// Afterwards it joined another queue, or this one again.
    pub passed_on: bool,
    /// `None`: not answered, not finished yet, or ended unseen.
    pub handling: Option<Handling>,
}

impl Stay {
    /// When it left, never before it joined: a clock set back between two starts makes no time run backwards here.
    pub fn end(&self) -> Option<Moment> {
        self.left.map(|left| left.max(self.joined))
    }

    /// `None` while it lasts, and where nobody saw the end.
    pub fn waited(&self) -> Option<Duration> {
        let seen = self.how.is_some_and(|how| how != StayEnd::EndedUnseen);
        self.end().filter(|_| seen).map(|end| end.since(self.joined))
    }
}
