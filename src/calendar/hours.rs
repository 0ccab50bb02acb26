//! `OpeningHours`: when somebody is there, by weekday, holiday and special day, in one zone.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::Date;

use super::moment::Moment;
use super::week::{Span, Week};
use super::zone::Zone;

/// Named opening hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpeningHours {
    pub name: String,
    pub zone: Zone,
    pub week: Week,
    /// Days on which the week does not hold.
    pub days: BTreeMap<Date, Day>,
}

/// A day on which the week does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// What it is called: `National Day`.
    pub name: String,
    /// When it is open instead; empty for a day off.
    pub spans: Vec<Span>,
}

impl OpeningHours {
    /// Whether it is open at this moment.
    pub fn is_open(&self, _at: Moment) -> bool {
        false
    }
    /// The next moment after `at` at which it opens or closes; `None` when it never does.
    pub fn next_change(&self, _at: Moment) -> Option<Moment> {
        None
    }
    /// How much of the time between the two is open time; zero when `to` is not after `from`.
    pub fn open_time_between(&self, _from: Moment, _to: Moment) -> Duration {
        Duration::ZERO
    }
    /// The first moment by which so much open time has passed since `start`.
    pub fn after_open_time(&self, _start: Moment, _open_time: Duration) -> Option<Moment> {
        None
    }
}
