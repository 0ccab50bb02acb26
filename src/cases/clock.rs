//! `Clock`: how much working time a case has left. It runs in the hours of its type, and stops while the customer is
//! waited for.

use std::time::Duration;

use super::kind::CaseType;
use crate::calendar::Moment;

/// A deadline that stops and goes. What is left is always told in working time; only a running clock has an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    Running {
        since: Moment,
        left: Duration,
    },
    Stopped {
        left: Duration,
    },
    /// Nothing was left, and nobody stands above who could take it over.
    RanOut {
        at: Moment,
    },
}

impl Clock {
    pub const fn started(at: Moment, time: Duration) -> Self {
        Clock::Running { since: at, left: time }
    }

    /// When nothing is left, if it goes on running.
    pub fn due(&self, kind: &CaseType) -> Option<Moment> {
        match self {
            Clock::Running { since, left } => Some(kind.after(*since, *left)),
            Clock::Stopped { .. } => None,
            Clock::RanOut { at } => Some(*at),
        }
    }

    /// What is left at this moment.
    pub fn left(&self, at: Moment, kind: &CaseType) -> Duration {
        match self {
            Clock::Running { since, left } => left.saturating_sub(kind.between(*since, at)),
            Clock::Stopped { left } => *left,
            Clock::RanOut { .. } => Duration::ZERO,
        }
    }

    #[must_use]
    pub fn stopped(self, at: Moment, kind: &CaseType) -> Self {
        match self {
            Clock::Running { .. } => Clock::Stopped { left: self.left(at, kind) },
            Clock::Stopped { .. } | Clock::RanOut { .. } => self,
        }
    }

    /// Goes on with what was left. One that ran out has nothing to go on with.
    #[must_use]
    pub const fn going_on(self, at: Moment) -> Self {
        match self {
            Clock::Stopped { left } => Clock::Running { since: at, left },
            Clock::Running { .. } | Clock::RanOut { .. } => self,
        }
    }
}
