//! Calls of the shape of a real month: when in the day and the week they come, which queue they ask for, how long callers
//! wait before an agent answers and before they give up, how long they talk. The figures are those of a bank's call centre in
//! February 1999 (Guedj, Mandelbaum; Technion), read from its 33,344 calls; nothing of a single call is here.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};

use super::rows::{Came, Way};

pub const FIRST: Date = jiff::civil::date(2026, 1, 1);

/// Calls by hour of the day.
const HOURS: [u32; 24] = [
    122, 34, 21, 7, 9, 22, 112, 910, 2231, 2502, 2800, 2593, 2187, 2609, 2402, 2317, 2352, 1916, 1708, 1588, 1357,
    1396, 1196, 953,
];
/// By weekday, Monday first.
const WEEKDAYS: [u32; 7] = [5777, 6398, 6356, 5839, 1950, 866, 6158];
const QUEUES: [(&str, u32); 6] = [("PS", 21460), ("NW", 7604), ("NE", 2750), ("TT", 1088), ("IN", 293), ("PE", 149)];
/// Seconds at the quantiles 0, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999 and 1.
const PARTS: [f64; 11] = [0.0, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1.0];
const WAIT_ANSWERED: [u32; 11] = [0, 7, 11, 23, 52, 109, 186, 239, 359, 551, 749];
const WAIT_ABANDONED: [u32; 11] = [0, 5, 8, 16, 43, 87, 167, 211, 331, 537, 908];
const TALK: [u32; 11] = [1, 6, 21, 54, 107, 214, 408, 582, 1063, 1874, 4264];
const IN_MENU: [u32; 11] = [1, 4, 5, 6, 9, 11, 15, 19, 60, 313, 1860];
/// Of 1,000: left in the menu, abandoned, answered at once; the others wait and are answered.
const LEFT: u32 = 60;
const ABANDONED: u32 = 119;
const AT_ONCE: u32 = 395;

struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u32) -> u32 {
        // Knuth's multiplier; the low bits are not used.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((self.0 >> 33) % u64::from(bound)).unwrap_or(0)
    }

    fn weighed<T: Copy>(&mut self, all: impl Iterator<Item = (T, u32)> + Clone) -> Option<T> {
        let mut left = self.below(all.clone().map(|(_, weight)| weight).sum());
        for (one, weight) in all {
            if left < weight {
                return Some(one);
            }
            left -= weight;
        }
        None
    }

    /// Milliseconds, straight between the quantiles.
    fn of(&mut self, quantiles: &[u32; 11]) -> i64 {
        let part = f64::from(self.below(1_000_000)) / 1e6;
        let after = PARTS.partition_point(|known| *known <= part).clamp(1, 10);
        let (low, high) = (f64::from(quantiles[after - 1]), f64::from(quantiles[after]));
        let between = (part - PARTS[after - 1]) / (PARTS[after] - PARTS[after - 1]);
        ((low + (high - low) * between) * 1000.0) as i64
    }
}

/// So many calls, so many a month, in the order they came.
pub fn calls(count: u32, a_month: u32) -> impl Iterator<Item = Came> {
    let zone = TimeZone::get("Asia/Jerusalem").unwrap_or(TimeZone::UTC);
    let months = count.div_ceil(a_month);
    let mut chance = Chance(7);
    (0..months).flat_map(move |month| {
        let first = FIRST.saturating_add(Span::new().months(i64::from(month)));
        let mut days: Vec<Date> =
            (0..i64::from(first.days_in_month())).map(|day| first.saturating_add(day.days())).collect();
        days.retain(|day| day.month() == first.month());
        let of_month = a_month.min(count - month * a_month);
        let mut came: Vec<Came> = (0..of_month).map(|_| one(&mut chance, &days, &zone)).collect();
        came.sort_by_key(|came| came.arrived);
        came
    })
}

fn one(chance: &mut Chance, days: &[Date], zone: &TimeZone) -> Came {
    let weekday = |day: &Date| WEEKDAYS[usize::from(day.weekday().to_monday_zero_offset().unsigned_abs())];
    let day = chance.weighed(days.iter().map(|day| (*day, weekday(day)))).unwrap_or(FIRST);
    let hour = chance.weighed((0i8..).zip(HOURS)).unwrap_or(12);
    let clock = day.at(hour, i8::try_from(chance.below(60)).unwrap_or(0), 0, 0);
    let minute = zone.to_ambiguous_timestamp(clock).compatible().map_or(0, |at| at.as_millisecond());
    let arrived = minute + i64::from(chance.below(60_000));
    let queue = chance.weighed(QUEUES.into_iter()).unwrap_or("PS").to_owned();
    let kind = chance.below(1_000);
    let joined = arrived + chance.of(&IN_MENU);
    let agent = || format!("agent{:02}", joined.unsigned_abs() % 60);
    let way = if kind < LEFT {
        Way::LeftInMenu
    } else if kind < LEFT + ABANDONED {
        Way::Abandoned { waited: chance.of(&WAIT_ABANDONED) }
    } else {
        let waited = if kind < LEFT + ABANDONED + AT_ONCE { 0 } else { chance.of(&WAIT_ANSWERED) };
        Way::Answered { waited, talked: chance.of(&TALK), agent: agent() }
    };
    Came { arrived, joined, queue, way }
}
