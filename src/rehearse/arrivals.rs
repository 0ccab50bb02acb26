//! Arrivals: who calls when, one after another. Drawn from a scenario's streams (Poisson, at the rate of the hour), or
//! listed by a log.
//!
//! Each stream draws its moments, its patience and its talk times from sources of their own, so that what is tried with
//! other staff or rules meets the very same callers.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::Date;

use super::rota::{days, moment_of, weekday};
use super::scenario::{Stream, rate_at};
use super::spread::{Spread, chance_of, share};
use crate::calendar::{DAY_MINUTES, Moment, Zone};
use crate::dialplan::Key;
use crate::reports::{Interval, Period};
use crate::routing::ids::PhoneNumber;
use crate::switch::rehearsal::Chance;

/// From dialling to the first key, and from one key to the next.
const FIRST_KEY: Duration = Duration::from_secs(2);
const NEXT_KEY: Duration = Duration::from_millis(500);

/// One caller to come.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrival {
    pub at: Moment,
    /// Which stream, by its number.
    pub stream: usize,
    pub to: PhoneNumber,
    pub keys: Vec<(Duration, Key)>,
    /// In queues, from the first one on. `None`: without end.
    pub patience: Option<Duration>,
    pub talks: Duration,
    /// `None`: as long as the queue allows.
    pub wrap_up: Option<Duration>,
}

/// All of them, in the order in which they come.
#[derive(Clone, Debug)]
pub enum Arrivals {
    Drawn(Vec<Drawn>),
    Listed(std::vec::IntoIter<Arrival>),
}

impl Iterator for Arrivals {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        match self {
            Arrivals::Listed(listed) => listed.next(),
            Arrivals::Drawn(streams) => {
                let first = streams.iter_mut().filter(|s| s.next_at.is_some()).min_by_key(|s| s.next_at)?;
                first.arrival()
            }
        }
    }
}

impl Arrivals {
    /// How many calls of each stream are to be expected in each interval; nothing of a list, which is as it is.
    pub fn expected(&self, period: &Period) -> Vec<Vec<f64>> {
        match self {
            Arrivals::Listed(_) => Vec::new(),
            Arrivals::Drawn(streams) => streams.iter().map(|stream| stream.expected(period)).collect(),
        }
    }
}

/// A stream, drawn from.
#[derive(Clone, Debug)]
pub struct Drawn {
    number: usize,
    to: PhoneNumber,
    keys: Vec<(Duration, Key)>,
    patience: (Spread, Chance),
    talks: (Spread, Chance),
    wrap_up: Option<(Spread, Chance)>,
    moments: Chance,
    /// From, to, calls a millisecond.
    pieces: Vec<(Moment, Moment, f64)>,
    /// Which piece, and how many milliseconds into it.
    place: (usize, f64),
    next_at: Option<Moment>,
}

pub fn drawn(streams: &BTreeMap<String, Stream>, seed: u64, zone: &Zone, (first, last): (Date, Date)) -> Arrivals {
    let drawn = |(n, (name, stream)): (usize, (&String, &Stream))| Drawn::new(n, name, stream, seed, zone, first, last);
    Arrivals::Drawn(streams.iter().enumerate().map(drawn).collect())
}

/// The stretches of constant rate.
fn pieces(stream: &Stream, zone: &Zone, first: Date, last: Date) -> Vec<(Moment, Moment, f64)> {
    let mut edges: Vec<u16> = stream.per_hour.iter().map(|(from, _)| *from).chain([0]).collect();
    edges.sort_unstable();
    edges.dedup();
    let ends = edges.iter().skip(1).copied().chain([DAY_MINUTES]).collect::<Vec<_>>();
    let mut pieces = Vec::new();
    for date in days(first, last).filter(|date| stream.days.get(weekday(*date)).copied().unwrap_or(true)) {
        for (from, to) in edges.iter().zip(&ends) {
            let rate = rate_at(&stream.per_hour, *from) / 3_600_000.0;
            if let (Some(from), Some(to)) = (moment_of(zone, date, *from), moment_of(zone, date, *to))
                && rate > 0.0
                && from < to
            {
                pieces.push((from, to, rate));
            }
        }
    }
    pieces
}

impl Drawn {
    fn new(number: usize, name: &str, stream: &Stream, seed: u64, zone: &Zone, first: Date, last: Date) -> Self {
        let chance = |what: &str| chance_of(seed, &format!("{name} {what}"));
        let after = |n: usize| FIRST_KEY + NEXT_KEY * u32::try_from(n).unwrap_or(u32::MAX);
        let mut drawn = Self {
            number,
            to: stream.to.clone(),
            keys: stream.keys.iter().enumerate().map(|(n, key)| (after(n), *key)).collect(),
            patience: (stream.patience.clone(), chance("patience")),
            talks: (stream.talks.clone(), chance("talks")),
            wrap_up: stream.wrap_up.clone().map(|spread| (spread, chance("wrap_up"))),
            moments: chance("moments"),
            pieces: pieces(stream, zone, first, last),
            place: (0, 0.0),
            next_at: None,
        };
        drawn.next_at = drawn.moment();
        drawn
    }

    fn expected(&self, period: &Period) -> Vec<f64> {
        let within = |interval: &Interval| {
            let both = |(from, to, rate): &(Moment, Moment, f64)| {
                (*to).min(interval.to).since((*from).max(interval.from)).as_millis() as f64 * rate
            };
            self.pieces.iter().map(both).sum()
        };
        period.intervals().iter().map(within).collect()
    }

    /// An exponential time on, at the rate of the hour.
    fn moment(&mut self) -> Option<Moment> {
        let mut left = -share(&mut self.moments).ln();
        loop {
            let (from, to, rate) = *self.pieces.get(self.place.0)?;
            let lasts = to.since(from).as_millis() as f64;
            let calls = (lasts - self.place.1) * rate;
            if left < calls {
                self.place.1 += left / rate;
                return Some(from + Duration::from_millis(self.place.1 as u64));
            }
            left -= calls;
            self.place = (self.place.0 + 1, 0.0);
        }
    }

    fn arrival(&mut self) -> Option<Arrival> {
        let at = self.next_at?;
        self.next_at = self.moment();
        Some(Arrival {
            at,
            stream: self.number,
            to: self.to.clone(),
            keys: self.keys.clone(),
            patience: self.patience.0.draw(&mut self.patience.1),
            talks: self.talks.0.draw(&mut self.talks.1).unwrap_or_default(),
            wrap_up: self.wrap_up.as_mut().and_then(|(spread, chance)| spread.draw(chance)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(per_hour: Vec<(u16, f64)>) -> Stream {
        Stream {
            to: PhoneNumber::new("1"),
            per_hour,
            days: [true; 7],
            keys: Vec::new(),
            patience: Spread::Never,
            talks: Spread::Exactly(Duration::from_secs(1)),
            wrap_up: None,
        }
    }

    fn all(streams: &[(&str, Stream)], seed: u64) -> Vec<Arrival> {
        let streams = streams.iter().map(|(name, stream)| ((*name).to_owned(), stream.clone())).collect();
        let day = jiff::civil::date(2026, 3, 2);
        drawn(&streams, seed, &Zone::UTC, (day, day)).collect()
    }

    #[test]
    fn as_many_come_as_the_rate_says_and_none_where_it_is_zero() {
        let steps = vec![(8 * 60, 600.0), (12 * 60, 0.0), (14 * 60, 1200.0), (16 * 60, 0.0)];
        let came = all(&[("a", stream(steps))], 7);
        assert!(came.is_sorted_by_key(|arrival| arrival.at));
        let start = Zone::UTC.start_of(jiff::civil::date(2026, 3, 2)).unwrap();
        let hour = |arrival: &Arrival| arrival.at.since(start).as_secs() / 3600;
        let morning = came.iter().filter(|arrival| (8..12).contains(&hour(arrival))).count();
        let afternoon = came.iter().filter(|arrival| (14..16).contains(&hour(arrival))).count();
        assert_eq!(morning + afternoon, came.len());
        // Poisson: 2,400 each, and 49 is one deviation.
        assert!(morning.abs_diff(2_400) < 200 && afternoon.abs_diff(2_400) < 200, "{morning} {afternoon}");
    }

    #[test]
    fn the_last_rate_of_a_day_holds_over_midnight() {
        let came = all(&[("a", stream(vec![(6 * 60, 0.0), (22 * 60, 100.0)]))], 3);
        let start = Zone::UTC.start_of(jiff::civil::date(2026, 3, 2)).unwrap();
        let early = came.iter().filter(|arrival| arrival.at.since(start).as_secs() < 6 * 3600).count();
        assert!(early.abs_diff(600) < 120, "{early}");
    }

    #[test]
    fn one_stream_s_callers_are_the_same_whoever_else_calls_and_another_seed_s_are_not() {
        let a = stream(vec![(0, 60.0)]);
        let alone = all(&[("a", a.clone())], 1);
        let with: Vec<Arrival> = all(&[("a", a.clone()), ("b", Stream { to: PhoneNumber::new("2"), ..a.clone() })], 1)
            .into_iter()
            .filter(|arrival| arrival.to.as_str() == "1")
            .collect();
        assert_eq!(alone, with);
        assert_ne!(alone, all(&[("a", a)], 2));
    }
}
