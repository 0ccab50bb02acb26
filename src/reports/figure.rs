//! The figures of a queue report that count stays, and in which interval each stay is counted.
//!
//! A stay is counted by one function, [`Figure::counted`], whether it is folded into a row or listed behind a figure.

use std::collections::BTreeMap;
use std::time::Duration;

use super::period::Interval;
use super::stay::{Stay, StayEnd};
use crate::calendar::Moment;
use crate::routing::ids::QueueName;

/// What an interval's row is about. A page says which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum View {
    /// What happened in the interval, whenever the calls had come.
    Flow,
    /// What became of the calls that came in the interval, whenever it did.
    Cohort,
}

impl View {
    pub const ALL: [View; 2] = [View::Flow, View::Cohort];

    pub const fn as_str(self) -> &'static str {
        match self {
            View::Flow => "flow",
            View::Cohort => "cohort",
        }
    }
}

/// The times that a queue's figures are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The service level's T.
    pub target: Duration,
    /// Who gives up sooner than this is a short abandon: neither offered nor abandoned. Zero: nobody is.
    pub short: Duration,
}

impl Terms {
    /// Short abandons by default: the middle of what vendors set (2 to 10 s).
    pub const SHORT: Duration = Duration::from_secs(5);

    pub const fn of_target(target: Duration) -> Self {
        Self { target, short: Self::SHORT }
    }
}

/// The terms of each queue of a centre.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllTerms {
    pub by_queue: BTreeMap<QueueName, Terms>,
    /// Of a queue that is no more.
    pub otherwise: Terms,
}

impl AllTerms {
    pub fn of(&self, queue: &QueueName) -> Terms {
        self.by_queue.get(queue).copied().unwrap_or(self.otherwise)
    }
}

/// A number of stays. Every one opens to its calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Figure {
    /// Waiting when the interval began.
    CarriedOver,
    /// Came to this queue first.
    Offered,
    /// Came from another queue, or for another time.
    MovedIn,
    Answered,
    Abandoned,
    /// Led on by a rule of its step.
    Overflowed,
    /// Led on otherwise.
    MovedOut,
    CalledBack,
    EndedByUs,
    EndedUnseen,
    /// Waiting when the interval ended; in a cohort: waiting now.
    StillWaiting,
    /// No part of the balance: gave up before it counts.
    ShortAbandoned,
    /// No part of the balance: the queue was full.
    Full,
    /// No part of the balance: nobody was logged in.
    NobodyLoggedIn,
    /// Of those answered.
    AnsweredInTarget,
    /// Of those abandoned.
    AbandonedInTarget,
    /// Of those turned into call-backs.
    CalledBackInTarget,
    /// Of those answered: conversation and wrap-up are over, and were seen.
    Handled,
    /// Of those that left, whatever the way: went on to another queue, which counts them again.
    PassedOn,
    /// Whatever the way: the right side of the balance without those who wait. The longest wait is of these.
    Left,
}

/// Where a stay is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    Nowhere,
    /// In the interval that holds this moment.
    At(Moment),
    /// In every interval that began while it lasted.
    AtBegins {
        joined: Moment,
        end: Option<Moment>,
    },
    /// In every interval that ended while it lasted.
    AtEnds {
        joined: Moment,
        end: Option<Moment>,
    },
}

impl Figure {
    pub const ALL: [Figure; 20] = [
        Figure::CarriedOver,
        Figure::Offered,
        Figure::MovedIn,
        Figure::Answered,
        Figure::Abandoned,
        Figure::Overflowed,
        Figure::MovedOut,
        Figure::CalledBack,
        Figure::EndedByUs,
        Figure::EndedUnseen,
        Figure::StillWaiting,
        Figure::ShortAbandoned,
        Figure::Full,
        Figure::NobodyLoggedIn,
        Figure::AnsweredInTarget,
        Figure::AbandonedInTarget,
        Figure::CalledBackInTarget,
        Figure::Handled,
        Figure::PassedOn,
        Figure::Left,
    ];

    /// The left side of the balance.
    pub const CAME: [Figure; 3] = [Figure::CarriedOver, Figure::Offered, Figure::MovedIn];

    /// The right side of the balance.
    pub const WENT: [Figure; 8] = [
        Figure::Answered,
        Figure::Abandoned,
        Figure::Overflowed,
        Figure::MovedOut,
        Figure::CalledBack,
        Figure::EndedByUs,
        Figure::EndedUnseen,
        Figure::StillWaiting,
    ];

    /// As an address spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Figure::CarriedOver => "carried_over",
            Figure::Offered => "offered",
            Figure::MovedIn => "moved_in",
            Figure::Answered => "answered",
            Figure::Abandoned => "abandoned",
            Figure::Overflowed => "overflowed",
            Figure::MovedOut => "moved_out",
            Figure::CalledBack => "called_back",
            Figure::EndedByUs => "ended_by_us",
            Figure::EndedUnseen => "ended_unseen",
            Figure::StillWaiting => "still_waiting",
            Figure::ShortAbandoned => "short_abandoned",
            Figure::Full => "full",
            Figure::NobodyLoggedIn => "nobody_logged_in",
            Figure::AnsweredInTarget => "answered_in_target",
            Figure::AbandonedInTarget => "abandoned_in_target",
            Figure::CalledBackInTarget => "called_back_in_target",
            Figure::Handled => "handled",
            Figure::PassedOn => "passed_on",
            Figure::Left => "left",
        }
    }

    /// Its number in [`Figure::ALL`].
    pub const fn number(self) -> usize {
        self as usize
    }

    /// The sum over the intervals of a period is the period's. The others are a level, seen at an instant.
    pub const fn adds_up(self, view: View) -> bool {
        !matches!((self, view), (Figure::CarriedOver | Figure::StillWaiting, View::Flow))
    }

    /// The end that every stay it counts has come to. `None`: any, or none yet.
    pub const fn end(self) -> Option<StayEnd> {
        match self {
            Figure::Answered | Figure::AnsweredInTarget | Figure::Handled => Some(StayEnd::Connected),
            Figure::Abandoned | Figure::AbandonedInTarget | Figure::ShortAbandoned => Some(StayEnd::Abandoned),
            Figure::Overflowed => Some(StayEnd::Waited),
            Figure::MovedOut => Some(StayEnd::Moved),
            Figure::CalledBack | Figure::CalledBackInTarget => Some(StayEnd::CalledBack),
            Figure::EndedByUs => Some(StayEnd::EndedByUs),
            Figure::EndedUnseen => Some(StayEnd::EndedUnseen),
            Figure::Full => Some(StayEnd::Full),
            Figure::NobodyLoggedIn => Some(StayEnd::NobodyLoggedIn),
            Figure::CarriedOver
            | Figure::Offered
            | Figure::MovedIn
            | Figure::StillWaiting
            | Figure::PassedOn
            | Figure::Left => None,
        }
    }

    /// Where this figure counts this stay.
    pub fn counted(self, stay: &Stay, view: View, terms: Terms) -> Counted {
        let (joined, end) = (stay.joined, stay.end());
        let at_the_door = stay.how.is_some_and(StayEnd::at_the_door);
        let waited = stay.waited();
        let short = stay.how == Some(StayEnd::Abandoned) && waited.is_some_and(|waited| waited < terms.short);
        let came = |is: bool| if is { Counted::At(joined) } else { Counted::Nowhere };
        let went = |is: bool| match (view, end) {
            (_, None) => Counted::Nowhere,
            (View::Flow, Some(end)) if is => Counted::At(end),
            (View::Cohort, Some(_)) if is => Counted::At(joined),
            (View::Flow | View::Cohort, Some(_)) => Counted::Nowhere,
        };
        let in_target = waited.is_some_and(|waited| waited <= terms.target);
        let is = |how: StayEnd| stay.how == Some(how);
        if at_the_door || short {
            let apart = (self == Figure::Full && is(StayEnd::Full))
                || (self == Figure::NobodyLoggedIn && is(StayEnd::NobodyLoggedIn))
                || (self == Figure::ShortAbandoned && short);
            return came(apart);
        }
        match self {
            Figure::Full | Figure::NobodyLoggedIn | Figure::ShortAbandoned => Counted::Nowhere,
            Figure::CarriedOver if view == View::Flow => Counted::AtBegins { joined, end },
            Figure::CarriedOver => Counted::Nowhere,
            Figure::StillWaiting if view == View::Flow => Counted::AtEnds { joined, end },
            Figure::StillWaiting => came(end.is_none()),
            Figure::Offered => came(!stay.moved_in),
            Figure::MovedIn => came(stay.moved_in),
            Figure::Answered => went(is(StayEnd::Connected)),
            Figure::Abandoned => went(is(StayEnd::Abandoned)),
            Figure::Overflowed => went(is(StayEnd::Waited)),
            Figure::MovedOut => went(is(StayEnd::Moved)),
            Figure::CalledBack => went(is(StayEnd::CalledBack)),
            Figure::EndedByUs => went(is(StayEnd::EndedByUs)),
            Figure::EndedUnseen => went(is(StayEnd::EndedUnseen)),
            Figure::AnsweredInTarget => went(is(StayEnd::Connected) && in_target),
            Figure::AbandonedInTarget => went(is(StayEnd::Abandoned) && in_target),
            Figure::CalledBackInTarget => went(is(StayEnd::CalledBack) && in_target),
            Figure::Handled => went(is(StayEnd::Connected) && stay.handling.is_some()),
            Figure::PassedOn => went(stay.passed_on),
            Figure::Left => went(stay.how.is_some()),
        }
    }
}

impl Counted {
    pub fn is_in(self, interval: &Interval) -> bool {
        let lasted = |joined: Moment, end: Option<Moment>, at: Moment| joined < at && end.is_none_or(|end| at <= end);
        match self {
            Counted::Nowhere => false,
            Counted::At(at) => interval.holds(at),
            Counted::AtBegins { joined, end } => lasted(joined, end, interval.from),
            Counted::AtEnds { joined, end } => lasted(joined, end, interval.to),
        }
    }
}

/// One figure of one row of one queue: what its list asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    pub figure: Figure,
    pub view: View,
    pub interval: Interval,
    pub terms: Terms,
    /// Only those who waited so long and longer: the calls behind a longest wait.
    pub waited: Option<Duration>,
}

impl Asked {
    /// Whether the figure counts this stay.
    pub fn counts(&self, stay: &Stay) -> bool {
        self.figure.counted(stay, self.view, self.terms).is_in(&self.interval)
            && self.waited.is_none_or(|least| stay.waited().is_some_and(|waited| least <= waited))
    }
}
