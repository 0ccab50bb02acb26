//! The time that a report is about, and the intervals it is cut into, as the centre's clocks show them.
//!
//! An interval of a day or less begins where the wall clock shows a whole quarter, half or hour; where the clock is moved
//! one ends and the next begins. So a day of 23 hours has 23 rows by the hour and a day of 25 has 25, no moment is
//! in two of them and none in none.

use jiff::ToSpan;
use jiff::civil::Date;

use crate::calendar::{Comes, Moment, Shown, Zone};

/// A month of quarters of an hour, with the hour that autumn adds to it: what a person still reads, and a bound on
/// what a report holds.
pub const MOST_INTERVALS: usize = 31 * 96 + 4;
/// Days of a period, whatever the width: ten years.
const MOST_DAYS: i32 = 3_660;

/// How wide an interval is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Width {
    Quarter,
    Half,
    Hour,
    Day,
    Month,
}

impl Width {
    pub const ALL: [Width; 5] = [Width::Quarter, Width::Half, Width::Hour, Width::Day, Width::Month];

    /// As an address spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Width::Quarter => "15",
            Width::Half => "30",
            Width::Hour => "60",
            Width::Day => "day",
            Width::Month => "month",
        }
    }

    /// Minutes on the clock, of those that cut a day.
    const fn minutes(self) -> Option<i64> {
        match self {
            Width::Quarter => Some(15),
            Width::Half => Some(30),
            Width::Hour => Some(60),
            Width::Day | Width::Month => None,
        }
    }
}

/// From the one moment up to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interval {
    pub from: Moment,
    pub to: Moment,
    /// What the clock shows at `from`.
    pub shown: Shown,
    /// The clock showed the same before, on the same day: the second 02:00 of an autumn night.
    pub again: bool,
}

impl Interval {
    pub fn holds(&self, at: Moment) -> bool {
        self.from <= at && at < self.to
    }
}

/// Whole days of a centre, cut into intervals that follow one another without a gap. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    pub zone: Zone,
    pub first: Date,
    /// Included.
    pub last: Date,
    pub width: Width,
    intervals: Vec<Interval>,
}

/// What is wrong with a period that somebody asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeriodMistake {
    #[error("the last day is before the first")]
    Backwards,
    #[error("more intervals than a report holds ({MOST_INTERVALS}): fewer days, or wider intervals")]
    TooMany,
    #[error("outside of what the calendar knows")]
    OutOfRange,
}

impl Period {
    /// Both days included.
    pub fn new(zone: Zone, first: Date, last: Date, width: Width) -> Result<Self, PeriodMistake> {
        if last < first {
            return Err(PeriodMistake::Backwards);
        }
        let days = first.until(last).map_err(|_| PeriodMistake::OutOfRange)?.get_days();
        if days >= MOST_DAYS || width.minutes().is_some_and(|width| i64::from(days) * 1440 / width > most()) {
            return Err(PeriodMistake::TooMany);
        }
        let intervals = cut(&zone, first, last, width).ok_or(PeriodMistake::OutOfRange)?;
        match intervals.len() {
            0 => Err(PeriodMistake::OutOfRange),
            count if count > MOST_INTERVALS => Err(PeriodMistake::TooMany),
            _ => Ok(Self { zone, first, last, width, intervals }),
        }
    }

    pub fn intervals(&self) -> &[Interval] {
        &self.intervals
    }

    /// All of it, as one interval.
    pub fn whole(&self) -> Interval {
        let (first, last) = (self.intervals[0], self.intervals[self.intervals.len() - 1]);
        Interval { to: last.to, ..first }
    }

    /// The interval that holds a moment, by its number.
    pub fn number_of(&self, at: Moment) -> Option<usize> {
        let after = self.intervals.partition_point(|interval| interval.from <= at);
        let number = after.checked_sub(1)?;
        self.intervals.get(number).filter(|interval| interval.holds(at)).map(|_| number)
    }
}

fn most() -> i64 {
    i64::try_from(MOST_INTERVALS).unwrap_or(i64::MAX)
}

/// `None`: out of the calendar's range.
fn cut(zone: &Zone, first: Date, last: Date, width: Width) -> Option<Vec<Interval>> {
    let (from, to) = (zone.start_of(first)?, zone.start_of(last.tomorrow().ok()?)?);
    let mut edges = vec![from];
    let mut date = first;
    while date <= last {
        edges.push(zone.start_of(date)?);
        if let Some(width) = width.minutes() {
            for minutes in (0..1440).step_by(usize::try_from(width).ok()?) {
                match zone.comes(date.at(0, 0, 0, 0).checked_add(minutes.minutes()).ok()?)? {
                    Comes::Once(at) => edges.push(at),
                    Comes::Twice(first, second) => edges.extend([first, second]),
                    // The moment of the jump is an edge all the same.
                    Comes::Never(_) => {}
                }
            }
        }
        date = match width {
            Width::Month => date.first_of_month().checked_add(1.month()).ok()?,
            Width::Quarter | Width::Half | Width::Hour | Width::Day => date.tomorrow().ok()?,
        };
    }
    if width.minutes().is_some() {
        edges.extend(zone.changes(from, to));
    }
    edges.retain(|edge| from <= *edge && *edge < to);
    edges.sort_unstable();
    edges.dedup();
    let ends = edges.iter().skip(1).copied().chain([to]);
    let intervals = edges.iter().zip(ends).map(|(from, to)| {
        let shown = zone.shown(*from);
        let again = match zone.comes(shown.clock) {
            Some(Comes::Twice(first, _)) => first != *from,
            Some(Comes::Once(_) | Comes::Never(_)) | None => false,
        };
        Interval { from: *from, to, shown, again }
    });
    Some(intervals.filter(|interval| interval.from < interval.to).collect())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn period(zone: &str, first: Date, last: Date, width: Width) -> Period {
        Period::new(Zone::named(zone).unwrap(), first, last, width).unwrap()
    }

    fn hours(interval: &Interval) -> f64 {
        interval.to.since(interval.from).as_secs_f64() / 3600.0
    }

    fn clocks(period: &Period) -> Vec<String> {
        let clock = |interval: &Interval| {
            let clock = interval.shown.clock;
            format!("{:02}:{:02}{}", clock.hour(), clock.minute(), if interval.again { "'" } else { "" })
        };
        period.intervals().iter().map(clock).collect()
    }

    #[test]
    fn a_day_in_shanghai_has_forty_eight_halves() {
        let day = date(2026, 3, 2);
        let period = period("Asia/Shanghai", day, day, Width::Half);
        assert_eq!(period.intervals().len(), 48);
        assert_eq!(clocks(&period)[17..19], ["08:30", "09:00"]);
        assert_eq!(hours(&period.whole()), 24.0);
    }

    #[test]
    fn a_spring_day_has_23_hours_and_an_autumn_day_25() {
        let spring = date(2026, 3, 29);
        let spring = period("Europe/Berlin", spring, spring, Width::Hour);
        assert_eq!(clocks(&spring)[..4], ["00:00", "01:00", "03:00", "04:00"]);
        assert_eq!((spring.intervals().len(), hours(&spring.whole())), (23, 23.0));
        let autumn = date(2026, 10, 25);
        let autumn = period("Europe/Berlin", autumn, autumn, Width::Hour);
        assert_eq!(clocks(&autumn)[..5], ["00:00", "01:00", "02:00", "02:00'", "03:00"]);
        assert_eq!((autumn.intervals().len(), hours(&autumn.whole())), (25, 25.0));
        assert!(autumn.intervals().iter().all(|interval| hours(interval) == 1.0));
        let by_day = period("Europe/Berlin", date(2026, 10, 24), date(2026, 10, 26), Width::Day);
        assert_eq!(by_day.intervals().iter().map(hours).collect::<Vec<_>>(), [24.0, 25.0, 24.0]);
    }

    #[test]
    fn clocks_that_move_by_half_an_hour_or_at_midnight_leave_no_gap() {
        let day = date(2026, 10, 4);
        let lord_howe = period("Australia/Lord_Howe", day, day, Width::Hour);
        assert_eq!(clocks(&lord_howe)[1..5], ["01:00", "02:30", "03:00", "04:00"]);
        let day = date(2026, 3, 29);
        let beirut = period("Asia/Beirut", day, day, Width::Hour);
        assert_eq!((clocks(&beirut)[0].as_str(), beirut.intervals().len()), ("01:00", 23));
        // Samoa went to bed on the 29th and rose on the 31st.
        let apia = period("Pacific/Apia", date(2011, 12, 29), date(2011, 12, 31), Width::Day);
        assert_eq!(apia.intervals().len(), 2);
    }

    #[test]
    fn months_are_cut_at_their_first_and_at_the_edges_of_the_period() {
        let period = period("Asia/Shanghai", date(2026, 1, 15), date(2026, 3, 20), Width::Month);
        let days: Vec<f64> = period.intervals().iter().map(|interval| hours(interval) / 24.0).collect();
        assert_eq!(days, [17.0, 28.0, 20.0]);
    }

    #[test]
    fn a_period_that_is_none_or_too_much_is_refused() {
        let new = |first, last, width| Period::new(Zone::UTC, first, last, width).unwrap_err();
        assert_eq!(new(date(2026, 3, 2), date(2026, 3, 1), Width::Day), PeriodMistake::Backwards);
        assert_eq!(new(date(2026, 1, 1), date(2026, 3, 1), Width::Quarter), PeriodMistake::TooMany);
        assert_eq!(new(date(-9999, 1, 1), date(9999, 12, 31), Width::Month), PeriodMistake::TooMany);
        assert_eq!(new(date(9999, 12, 31), date(9999, 12, 31), Width::Day), PeriodMistake::OutOfRange);
        let month =
            Period::new(Zone::named("Europe/Berlin").unwrap(), date(2026, 10, 1), date(2026, 10, 31), Width::Quarter);
        assert_eq!(month.unwrap().intervals().len(), MOST_INTERVALS);
    }

    proptest! {
        #[test]
        fn every_moment_of_a_period_is_in_exactly_one_interval(
            zone in prop::sample::select(vec![
                "Asia/Shanghai", "Europe/Berlin", "America/Havana", "Asia/Beirut", "Australia/Lord_Howe",
                "America/St_Johns", "Pacific/Apia", "Africa/Casablanca", "Asia/Kathmandu",
            ]),
            day in 0i64..20_000,
            days in 0i64..20,
            width in prop::sample::select(Width::ALL.to_vec()),
            part in 0.0f64..1.0,
        ) {
            let first = date(1980, 1, 1) + day.days();
            let Ok(period) = Period::new(Zone::named(zone).unwrap(), first, first + days.days(), width) else {
                // A day that the zone skipped.
                prop_assert_eq!(zone, "Pacific/Apia");
                return Ok(());
            };
            let whole = period.whole();
            prop_assert!(period.intervals().windows(2).all(|two| two[0].to == two[1].from));
            let at = whole.from + whole.to.since(whole.from).mul_f64(part * 0.999_999);
            let number = period.number_of(at).unwrap();
            prop_assert!(period.intervals()[number].holds(at));
            prop_assert_eq!(period.intervals().iter().filter(|interval| interval.holds(at)).count(), 1);
            prop_assert_eq!(period.number_of(whole.to), None);
            if let Some(minutes) = width.minutes() {
                let longest = period.intervals().iter().map(hours).fold(0.0, f64::max);
                prop_assert!(longest * 60.0 <= minutes as f64, "{} h", longest);
            }
        }
    }
}
