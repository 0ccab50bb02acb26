//! What a clock on the wall shows in a zone, and when it shows it: days of 23 and 25 hours, times that never come
//! and times that come twice.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::AmbiguousOffset;

use super::moment::Moment;
use super::zone::Zone;

/// A reading of the clock, with the hours it is ahead of UTC at that moment: what tells the first 02:30 of a night
/// from the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shown {
    pub clock: DateTime,
    /// Seconds east of UTC.
    pub offset_s: i32,
}

/// When a reading of the clock comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comes {
    Once(Moment),
    /// The clock jumps over it, at this moment.
    Never(Moment),
    Twice(Moment, Moment),
}

impl Zone {
    pub fn shown(&self, at: Moment) -> Shown {
        let stamp = stamp(at);
        let offset = self.rules().to_offset(stamp);
        Shown { clock: offset.to_datetime(stamp), offset_s: offset.seconds() }
    }

    /// `None`: out of the calendar's range.
    pub fn comes(&self, clock: DateTime) -> Option<Comes> {
        let zone = self.rules();
        let at = |offset: jiff::tz::Offset| offset.to_timestamp(clock).ok();
        Some(match zone.to_ambiguous_timestamp(clock).offset() {
            AmbiguousOffset::Unambiguous { offset } => Comes::Once(moment(at(offset)?)),
            AmbiguousOffset::Gap { after, .. } => Comes::Never(moment(zone.following(at(after)?).next()?.timestamp())),
            AmbiguousOffset::Fold { before, after } => Comes::Twice(moment(at(before)?), moment(at(after)?)),
        })
    }

    /// The first moment of a day: midnight, or what comes in its place where the clock jumps over it.
    pub fn start_of(&self, date: Date) -> Option<Moment> {
        Some(match self.comes(date.at(0, 0, 0, 0))? {
            Comes::Once(at) | Comes::Never(at) | Comes::Twice(at, _) => at,
        })
    }

    /// Every moment after `from` and before `to` at which the clock is moved.
    pub fn changes(&self, from: Moment, to: Moment) -> Vec<Moment> {
        let zone = self.rules();
        let changes = zone.following(stamp(from)).map(|change| change.timestamp());
        // Some changes are of the zone's name only.
        let moved = |at: &Timestamp| {
            let before = at.checked_sub(jiff::SignedDuration::from_millis(1)).unwrap_or(*at);
            zone.to_offset(before) != zone.to_offset(*at)
        };
        changes.take_while(|at| *at < stamp(to)).filter(moved).map(moment).collect()
    }
}

fn stamp(at: Moment) -> Timestamp {
    let edge = if at.as_ms() < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_millisecond(at.as_ms()).unwrap_or(edge)
}

fn moment(stamp: Timestamp) -> Moment {
    Moment::from_ms(stamp.as_millisecond())
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, datetime};

    use super::*;

    fn utc(text: &str) -> Moment {
        moment(text.parse().unwrap())
    }

    #[test]
    fn an_hour_of_spring_never_comes_and_one_of_autumn_comes_twice() {
        let berlin = Zone::named("Europe/Berlin").unwrap();
        let comes = |clock| berlin.comes(clock).unwrap();
        assert_eq!(comes(datetime(2026, 3, 29, 2, 30, 0, 0)), Comes::Never(utc("2026-03-29T01:00:00Z")));
        let (first, second) = (utc("2026-10-25T00:30:00Z"), utc("2026-10-25T01:30:00Z"));
        assert_eq!(comes(datetime(2026, 10, 25, 2, 30, 0, 0)), Comes::Twice(first, second));
        assert_eq!(berlin.shown(first).clock, berlin.shown(second).clock);
        assert_eq!((berlin.shown(first).offset_s, berlin.shown(second).offset_s), (7200, 3600));
        let year = (utc("2026-01-01T00:00:00Z"), utc("2027-01-01T00:00:00Z"));
        let changes = [utc("2026-03-29T01:00:00Z"), utc("2026-10-25T01:00:00Z")];
        assert_eq!(berlin.changes(year.0, year.1), changes);
        assert!(Zone::named("Asia/Shanghai").unwrap().changes(year.0, year.1).is_empty());
    }

    #[test]
    fn a_day_begins_when_its_clock_first_shows_it() {
        // Beirut moves its clocks at midnight: 00:00 is never shown.
        let beirut = Zone::named("Asia/Beirut").unwrap();
        assert_eq!(beirut.start_of(date(2026, 3, 29)), Some(utc("2026-03-28T22:00:00Z")));
        assert_eq!(beirut.shown(utc("2026-03-28T22:00:00Z")).clock, datetime(2026, 3, 29, 1, 0, 0, 0));
        // Havana shows 00:00 to 01:00 twice.
        let havana = Zone::named("America/Havana").unwrap();
        assert_eq!(havana.start_of(date(2026, 11, 1)), Some(utc("2026-11-01T04:00:00Z")));
        // Samoa never had the 30th.
        let apia = Zone::named("Pacific/Apia").unwrap();
        assert_eq!(apia.start_of(date(2011, 12, 30)), apia.start_of(date(2011, 12, 31)));
    }
}
