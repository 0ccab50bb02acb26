//! `OpeningHours`: when somebody is there, by weekday, holiday and special day, in one zone.
//!
//! Everything is answered from one list of open stretches in true time, made day by day, so that `is_open`, `next_change` and the counting of open time can never disagree. On the wall clock's
//! odd days: an hour that does not happen is not open time; an hour that happens twice is open both times.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::{Date, DateTime};
use jiff::tz::AmbiguousOffset;
use jiff::{Timestamp, ToSpan};

use super::moment::Moment;
use super::week::{DAY_MINUTES, Span, Week};
use super::zone::Zone;

/// How far ahead a change is looked for: past the longest list of holidays anybody enters, and still a few
/// milliseconds of work.
const MOST_DAYS_AHEAD: i64 = 3_660;

/// How many days are counted through at most: a century, so that a garbled moment costs milliseconds and not
/// minutes.
const MOST_DAYS_COUNTED: i64 = 36_600;

const DAY_SECONDS: u64 = 86_400;

/// Spans begin at most a day before they end; another day for zones whose clocks are moved by hours, or which
/// once skipped a day.
const DAYS_BEFORE: i64 = 3;

/// Named opening hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpeningHours {
    pub name: String,
    pub zone: Zone,
    pub week: Week,
    /// Days on which the week does not hold. What began the evening before a day off still runs to its end.
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

/// Open from the one moment up to the other.
type Stretch = (Moment, Moment);

impl OpeningHours {
    /// Whether it is open at this moment. Open includes the minute it opens and not the minute it closes.
    pub fn is_open(&self, at: Moment) -> bool {
        self.stretches(at, DAYS_BEFORE + 2).any(|(from, to)| from <= at && at < to)
    }

    /// The next moment after `at` at which it opens or closes; `None` when there is none within ten years.
    pub fn next_change(&self, at: Moment) -> Option<Moment> {
        let days = self.days_ahead(at);
        let mut stretches = self.stretches(at, days).skip_while(|(_, closes)| *closes <= at);
        let (opens, mut closes) = stretches.next()?;
        if opens > at {
            return Some(opens);
        }
        for (from, to) in stretches {
            if from > closes {
                return Some(closes);
            }
            closes = to;
        }
        // Still open on the last day we looked at, a whole week after the last special one: it never closes.
        let last_day = self.first_day(at).checked_add((days - 1).days()).ok()?;
        (closes < self.instant(last_day, 0, Edge::Opens)?).then_some(closes)
    }

    /// How much of the time between the two is open time; zero when `to` is not after `from`. Counts a century
    /// at most.
    pub fn open_time_between(&self, from: Moment, to: Moment) -> Duration {
        let days = i64::try_from(to.since(from).as_secs() / DAY_SECONDS).unwrap_or(i64::MAX);
        self.stretches(from, days.saturating_add(DAYS_BEFORE + 3).min(MOST_DAYS_COUNTED))
            .take_while(|(opens, _)| *opens < to)
            .map(|(opens, closes)| closes.min(to).since(opens.max(from)))
            .sum()
    }

    /// The first moment by which so much open time has passed since `start`: a deadline that runs only while
    /// somebody is there. `None` when a century does not hold as much.
    pub fn after_open_time(&self, start: Moment, open_time: Duration) -> Option<Moment> {
        if open_time.is_zero() {
            return Some(start);
        }
        let mut left = open_time;
        for (opens, closes) in self.stretches(start, MOST_DAYS_COUNTED) {
            let begins = opens.max(start);
            let holds = closes.since(begins);
            if left <= holds {
                return Some(begins + left);
            }
            left -= holds;
        }
        None
    }

    /// Days to look ahead until the week has repeated itself after the last special day.
    fn days_ahead(&self, at: Moment) -> i64 {
        let today = self.date(at);
        let last = self.days.keys().next_back().copied().unwrap_or(today).max(today);
        let special = today.until(last).map(|span| i64::from(span.get_days())).unwrap_or(0);
        (special + 10 + DAYS_BEFORE).min(MOST_DAYS_AHEAD)
    }

    pub(super) fn date(&self, at: Moment) -> Date {
        let edge = if at.as_ms() < 0 { Timestamp::MIN } else { Timestamp::MAX };
        let stamp = Timestamp::from_millisecond(at.as_ms()).unwrap_or(edge);
        self.zone.rules().to_datetime(stamp).date()
    }

    fn first_day(&self, from: Moment) -> Date {
        self.date(from).saturating_sub(DAYS_BEFORE.days())
    }

    /// The open stretches of `days` days from shortly before `from` on: in order, none overlapping another. Two
    /// may touch.
    fn stretches(&self, from: Moment, days: i64) -> impl Iterator<Item = Stretch> {
        let first = self.first_day(from);
        let single = (0..days).map_while(move |n| first.checked_add(n.days()).ok()).flat_map(move |date| {
            let spans = match self.days.get(&date) {
                Some(day) => day.spans.as_slice(),
                None => self.week.day(date.weekday().to_monday_zero_offset().unsigned_abs().into()),
            };
            spans.iter().filter_map(move |span| {
                let opens = self.instant(date, span.from(), Edge::Opens)?;
                let closes = self.instant(date, span.to(), Edge::Closes)?;
                (opens < closes).then_some((opens, closes))
            })
        });
        // An evening that runs past midnight may overlap the next morning.
        let mut reached = None;
        single.filter_map(move |(opens, closes)| {
            let opens = reached.map_or(opens, |reached| opens.max(reached));
            reached = reached.max(Some(closes));
            (opens < closes).then_some((opens, closes))
        })
    }

    /// When the wall clock shows so many minutes past the midnight of `date`.
    fn instant(&self, date: Date, minutes: u16, edge: Edge) -> Option<Moment> {
        let date = date.checked_add(i64::from(minutes / DAY_MINUTES).days()).ok()?;
        let minutes = minutes % DAY_MINUTES;
        let shown = date.at((minutes / 60) as i8, (minutes % 60) as i8, 0, 0);
        let zone = self.zone.rules();
        let exact = |offset: jiff::tz::Offset, shown: DateTime| offset.to_timestamp(shown).ok();
        let stamp = match zone.to_ambiguous_timestamp(shown).offset() {
            AmbiguousOffset::Unambiguous { offset } => exact(offset, shown)?,
            // The clock never shows it: the moment at which it jumps stands for it.
            AmbiguousOffset::Gap { after, .. } => zone.following(exact(after, shown)?).next()?.timestamp(),
            // The clock shows it twice: open from the first to the second.
            AmbiguousOffset::Fold { before, after } => match edge {
                Edge::Opens => exact(before, shown)?,
                Edge::Closes => exact(after, shown)?,
            },
        };
        Some(Moment::from_ms(stamp.as_millisecond()))
    }
}

#[derive(Clone, Copy)]
enum Edge {
    Opens,
    Closes,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn moment(text: &str) -> Moment {
        let stamp = text.parse::<jiff::Zoned>().unwrap().timestamp();
        Moment::from_ms(stamp.as_millisecond())
    }

    fn hours(zone: &str, week: &str) -> OpeningHours {
        let mut hours = OpeningHours {
            name: "office".into(),
            zone: Zone::named(zone).unwrap(),
            week: Week::default(),
            days: BTreeMap::new(),
        };
        if !week.is_empty() {
            hours.week.add(week).unwrap();
        }
        hours
    }

    fn day(hours: &mut OpeningHours, date: &str, spans: &str) {
        let spans = if spans.is_empty() { Vec::new() } else { Span::day(spans).unwrap() };
        hours.days.insert(date.parse().unwrap(), Day { name: "special".into(), spans });
    }

    const MINUTE: u64 = 60;
    const HOUR: u64 = 3600;

    #[test]
    fn an_office_opens_and_closes_on_the_minute() {
        let office = hours("Asia/Shanghai", "mon-fri 08:30-12:00, 13:30-18:00");
        let at = |clock: &str| office.is_open(moment(&format!("2026-03-02T{clock}[Asia/Shanghai]")));
        assert!(!at("08:29:59.999"));
        assert!(at("08:30:00"));
        assert!(at("11:59:59.999"));
        assert!(!at("12:00:00"));
        assert!(!at("13:29:00"));
        assert!(at("17:59:59"));
        assert!(!at("18:00:00"));
        assert_eq!(
            office.next_change(moment("2026-03-06T18:00[Asia/Shanghai]")),
            Some(moment("2026-03-09T08:30[Asia/Shanghai]"))
        );
    }

    #[test]
    fn a_night_shift_passes_midnight_and_the_end_of_the_year() {
        let night = hours("Europe/London", "thu 22:00-06:00");
        assert!(night.is_open(moment("2026-12-31T23:59:59[Europe/London]")));
        assert!(night.is_open(moment("2027-01-01T05:59[Europe/London]")));
        assert!(!night.is_open(moment("2027-01-01T06:00[Europe/London]")));
        assert_eq!(
            night.next_change(moment("2026-12-31T23:00[Europe/London]")),
            Some(moment("2027-01-01T06:00[Europe/London]"))
        );
    }

    #[test]
    fn a_day_without_end_has_no_seam_at_midnight() {
        let always = hours("Asia/Shanghai", "daily 00:00-24:00");
        let noon = moment("2026-03-02T12:00[Asia/Shanghai]");
        assert!(always.is_open(moment("2026-03-03T00:00[Asia/Shanghai]")));
        assert_eq!(always.next_change(noon), None);
        let week = Duration::from_secs(7 * 24 * HOUR);
        assert_eq!(always.open_time_between(noon, noon + week), week);
    }

    #[test]
    fn always_open_but_for_one_holiday_far_ahead() {
        let mut always = hours("Asia/Shanghai", "daily 00:00-24:00");
        day(&mut always, "2028-01-26", "");
        let noon = moment("2026-03-02T12:00[Asia/Shanghai]");
        let closes = moment("2028-01-26T00:00[Asia/Shanghai]");
        assert_eq!(always.next_change(noon), Some(closes));
        assert_eq!(always.next_change(closes), Some(moment("2028-01-27T00:00[Asia/Shanghai]")));
        assert_eq!(always.next_change(moment("2028-01-27T00:00[Asia/Shanghai]")), None);
    }

    #[test]
    fn never_open_never_changes() {
        let never = hours("Asia/Shanghai", "");
        let noon = moment("2026-03-02T12:00[Asia/Shanghai]");
        assert_eq!(never.next_change(noon), None);
        assert_eq!(never.after_open_time(noon, Duration::from_secs(1)), None);
        assert_eq!(never.after_open_time(noon, Duration::ZERO), Some(noon));
    }

    #[test]
    fn holidays_close_and_a_moved_working_day_opens() {
        let mut office = hours("Asia/Shanghai", "mon-fri 09:00-17:00");
        day(&mut office, "2026-10-01", "");
        day(&mut office, "2026-10-02", "");
        day(&mut office, "2026-10-10", "09:00-17:00");
        day(&mut office, "2026-12-24", "09:00-12:00");
        assert!(!office.is_open(moment("2026-10-01T10:00[Asia/Shanghai]")));
        assert!(office.is_open(moment("2026-10-10T10:00[Asia/Shanghai]")));
        assert!(!office.is_open(moment("2026-12-24T13:00[Asia/Shanghai]")));
        // A deadline of four working hours, given late on the eve of the holiday, runs out the Monday after.
        let given = moment("2026-09-30T15:00[Asia/Shanghai]");
        assert_eq!(
            office.after_open_time(given, Duration::from_secs(4 * HOUR)),
            Some(moment("2026-10-05T11:00[Asia/Shanghai]"))
        );
    }

    #[test]
    fn an_hour_that_does_not_happen_is_not_open_time() {
        // Clocks jump from 02:00 to 03:00 on 2026-03-29.
        let night = hours("Europe/Berlin", "sun 01:30-04:00");
        let (from, to) = (moment("2026-03-29T00:00[Europe/Berlin]"), moment("2026-03-29T12:00[Europe/Berlin]"));
        assert_eq!(night.open_time_between(from, to), Duration::from_secs(90 * MINUTE));
        let inside = hours("Europe/Berlin", "sun 02:15-02:45");
        assert_eq!(inside.open_time_between(from, to), Duration::ZERO);
        let edge = hours("Europe/Berlin", "sun 02:30-05:00");
        assert_eq!(edge.next_change(from), Some(moment("2026-03-29T03:00[Europe/Berlin]")));
    }

    #[test]
    fn an_hour_that_happens_twice_is_open_both_times() {
        // Clocks fall back from 03:00 to 02:00 on 2026-10-25.
        let (from, to) = (moment("2026-10-25T00:00[Europe/Berlin]"), moment("2026-10-25T12:00[Europe/Berlin]"));
        let night = hours("Europe/Berlin", "sun 01:00-04:00");
        assert_eq!(night.open_time_between(from, to), Duration::from_secs(4 * HOUR));
        let inside = hours("Europe/Berlin", "sun 02:15-02:45");
        assert!(inside.is_open(moment("2026-10-25T02:20+02:00[Europe/Berlin]")));
        assert!(inside.is_open(moment("2026-10-25T02:20+01:00[Europe/Berlin]")));
        assert_eq!(inside.next_change(from), Some(moment("2026-10-25T02:15+02:00[Europe/Berlin]")));
    }

    #[test]
    fn a_day_that_a_zone_skipped_holds_no_time() {
        // Samoa went from the 29th to the 31st of December 2011.
        let office = hours("Pacific/Apia", "daily 09:00-17:00");
        let (from, to) = (moment("2011-12-29T00:00[Pacific/Apia]"), moment("2012-01-01T00:00[Pacific/Apia]"));
        assert_eq!(office.open_time_between(from, to), Duration::from_secs(16 * HOUR));
    }

    #[test]
    fn midnight_that_does_not_happen_still_begins_a_day() {
        // Clocks jump from 24:00 to 01:00 in Santiago on 2026-09-06.
        let office = hours("America/Santiago", "sun 00:00-02:00");
        let from = moment("2026-09-05T12:00[America/Santiago]");
        assert_eq!(office.next_change(from), Some(moment("2026-09-06T01:00[America/Santiago]")));
    }

    #[test]
    fn garbled_moments_are_answered_all_the_same() {
        let mut office = hours("Asia/Shanghai", "mon-fri 09:00-17:00");
        day(&mut office, "9999-12-31", "09:00-10:00");
        day(&mut office, "-009999-01-01", "09:00-10:00");
        for at in [i64::MIN, -1, 0, i64::MAX].map(Moment::from_ms) {
            let _ = office.is_open(at);
            let _ = office.next_change(at);
            let _ = office.open_time_between(at, Moment::from_ms(i64::MAX));
            let _ = office.after_open_time(at, Duration::MAX);
        }
    }

    fn any_hours() -> impl Strategy<Value = OpeningHours> {
        let zones = prop::sample::select(vec![
            "UTC",
            "Asia/Shanghai",
            "Europe/Berlin",
            "America/New_York",
            "Australia/Lord_Howe",
            "America/Santiago",
            "Pacific/Apia",
        ]);
        let spans = || prop::collection::vec((0u16..=23, 0u16..60, 0u16..=23, 0u16..60), 0..3);
        let week = prop::collection::vec(spans(), 7);
        let days = prop::collection::btree_map(0i64..400, spans(), 0..6);
        (zones, week, days).prop_map(|(zone, week, days)| {
            let text = |(a, b, c, d): (u16, u16, u16, u16)| format!("{a:02}:{b:02}-{c:02}:{d:02}");
            let mut hours = hours(zone, "");
            for (name, spans) in ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].iter().zip(week) {
                for span in spans {
                    // Spans that overlap or are empty are refused; the rest is what we are after.
                    let _ = hours.week.add(&format!("{name} {}", text(span)));
                }
            }
            let first: Date = "2026-01-01".parse().unwrap();
            for (ahead, spans) in days {
                let all: Vec<String> = spans.into_iter().map(text).collect();
                let spans = Span::day(&all.join(",")).unwrap_or_default();
                hours.days.insert(first.checked_add(ahead.days()).unwrap(), Day { name: "special".into(), spans });
            }
            hours
        })
    }

    fn any_moment() -> impl Strategy<Value = Moment> {
        // Two years from 2026 on.
        (0i64..2 * 366 * 86_400_000).prop_map(|ms| Moment::from_ms(1_767_225_600_000 + ms))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn open_time_adds_up(hours in any_hours(), mut at in [any_moment(), any_moment(), any_moment()]) {
            at.sort();
            let [a, b, c] = at;
            prop_assert_eq!(
                hours.open_time_between(a, b) + hours.open_time_between(b, c),
                hours.open_time_between(a, c)
            );
            prop_assert!(hours.open_time_between(a, c) <= c.since(a));
            prop_assert_eq!(hours.open_time_between(c, a), Duration::ZERO);
        }

        #[test]
        fn a_deadline_comes_after_exactly_its_open_time(
            hours in any_hours(),
            start in any_moment(),
            ms in 1u64..1_000_000_000,
        ) {
            let open_time = Duration::from_millis(ms);
            if let Some(deadline) = hours.after_open_time(start, open_time) {
                prop_assert_eq!(hours.open_time_between(start, deadline), open_time);
                let before = deadline - Duration::from_millis(1);
                prop_assert!(hours.open_time_between(start, before) < open_time);
                prop_assert!(hours.is_open(before));
            }
        }

        #[test]
        fn nothing_changes_before_the_next_change(hours in any_hours(), at in any_moment(), part in 0.0f64..1.0) {
            let open = hours.is_open(at);
            if let Some(change) = hours.next_change(at) {
                prop_assert!(change > at);
                prop_assert_eq!(hours.is_open(change), !open);
                let between = at + change.since(at).mul_f64(part * 0.999_999);
                prop_assert_eq!(hours.is_open(between), open);
            } else {
                let later = at + Duration::from_secs((part * 1e8) as u64);
                prop_assert_eq!(hours.is_open(later), open);
            }
        }
    }
}
