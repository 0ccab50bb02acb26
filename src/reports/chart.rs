//! The one chart of the report: a bar for each interval (answered, lost, waiting) and the service level as a line over
//! it. Geometry only: a template draws what is here and needs no arithmetic.
//!
//! Both axes begin at zero. Where there is no service level (nobody came) the line breaks.

use std::fmt;

use super::figure::Figure;
use super::period::{Interval, Width};
use super::queue_by_interval::Row;
use super::service_level::ServiceLevel;
use super::tally::Tally;

/// The drawing's own units.
pub const WIDTH: f64 = 960.0;
pub const HEIGHT: f64 = 172.0;
const LEFT: f64 = 40.0;
const RIGHT: f64 = 926.0;
const TOP: f64 = 12.0;
const BASE: f64 = 150.0;
/// A bar narrower than three units is not seen: more intervals than this share bars.
const MOST_BARS: usize = 250;
/// Words on the lower axis: more run into each other.
const MOST_LABELS: usize = 12;
/// Lines across, at round numbers.
const MOST_LINES: u64 = 4;

/// A length or a place, with one decimal.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Unit(pub f64);

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1}", self.0)
    }
}

/// One piece of a bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Piece {
    pub y: Unit,
    pub height: Unit,
    pub calls: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    pub x: Unit,
    pub width: Unit,
    /// What it is about: from the first to the end.
    pub interval: Interval,
    pub answered: Piece,
    /// Came, and was neither answered nor waits.
    pub lost: Piece,
    pub waiting: Piece,
    pub level: Option<f64>,
}

/// A word at a place of an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    pub at: Unit,
    pub words: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    pub bars: Vec<Bar>,
    /// The left axis: calls.
    pub calls: Vec<Mark>,
    /// The right axis: percent.
    pub percent: Vec<Mark>,
    /// The lower axis: time.
    pub times: Vec<Mark>,
    /// The service level: each an unbroken line, as `points` of a polyline.
    pub level: Vec<String>,
    /// Where the level that is aimed at lies.
    pub target: Option<Mark>,
}

impl Chart {
    pub const LEFT: Unit = Unit(LEFT);
    pub const RIGHT: Unit = Unit(RIGHT);
    pub const BASE: Unit = Unit(BASE);

    /// `target`: the percentage aimed at.
    pub fn new(rows: &[Row], width: Width, formula: ServiceLevel, target: Option<f64>) -> Self {
        let together = rows.len().div_ceil(MOST_BARS).max(1);
        let groups: Vec<(Interval, Tally)> = rows.chunks(together).filter_map(group).collect();
        let most = groups.iter().map(|(_, tally)| tally.came()).max().unwrap_or(0);
        let (step, top) = scale(most);
        let height = |calls: u64| calls as f64 / top as f64 * (BASE - TOP);
        let share = (RIGHT - LEFT) / groups.len().max(1) as f64;
        let bars = groups.iter().enumerate().map(|(number, (interval, tally))| {
            let answered = tally.count(Figure::Answered);
            let waiting = tally.count(Figure::StillWaiting);
            let lost = tally.came().saturating_sub(answered + waiting);
            let mut y = BASE;
            let mut piece = |calls: u64| {
                y -= height(calls);
                Piece { y: Unit(y), height: Unit(height(calls)), calls }
            };
            Bar {
                x: Unit(LEFT + share * (number as f64 + 0.15)),
                width: Unit(share * 0.7),
                interval: *interval,
                answered: piece(answered),
                lost: piece(lost),
                waiting: piece(waiting),
                level: formula.of(tally).percent(),
            }
        });
        let bars: Vec<Bar> = bars.collect();
        let calls = (0..=top / step).map(|line| line * step);
        let mark = |at: f64, words: String| Mark { at: Unit(at), words };
        let target = target.filter(|target| (0.0..=100.0).contains(target));
        Self {
            level: lines(&bars),
            calls: calls.map(|calls| mark(BASE - height(calls), calls.to_string())).collect(),
            percent: [0.0, 50.0, 100.0].map(|percent| mark(of_percent(percent), format!("{percent:.0} %"))).into(),
            times: labelled(&bars, width).iter().map(|bar| mark(bar.x.0, label(&bar.interval, width))).collect(),
            target: target.map(|target| mark(of_percent(target), format!("{target:.0} %"))),
            bars,
        }
    }
}

fn group(rows: &[Row]) -> Option<(Interval, Tally)> {
    let (first, last) = (rows.first()?, rows.last()?);
    let mut all = Tally::default();
    rows.iter().for_each(|row| all.merge(&row.cohort));
    Some((Interval { to: last.interval.to, ..first.interval }, all))
}

fn of_percent(percent: f64) -> f64 {
    BASE - percent / 100.0 * (BASE - TOP)
}

/// The distance of the lines across, and the uppermost: 1, 2 or 5 times a power of ten.
fn scale(most: u64) -> (u64, u64) {
    let mut step = 1;
    for factor in [2, 5, 10].into_iter().cycle() {
        if most.div_ceil(step) <= MOST_LINES {
            break;
        }
        let power = 10_u64.saturating_pow(step.ilog10());
        step = power.saturating_mul(factor);
    }
    (step, most.div_ceil(step).max(1) * step)
}

fn lines(bars: &[Bar]) -> Vec<String> {
    let point = |bar: &Bar| bar.level.map(|level| (bar.x.0 + bar.width.0 / 2.0, of_percent(level)));
    // A line of one point cannot be seen: one that stands alone is as wide as its bar.
    let ends = |bar: &Bar| bar.level.map(|level| [bar.x.0, bar.x.0 + bar.width.0].map(|x| (x, of_percent(level))));
    let unbroken = bars.split(|bar| bar.level.is_none()).filter(|bars| !bars.is_empty());
    let line = |bars: &[Bar]| {
        let points: Vec<(f64, f64)> = match bars {
            [alone] => ends(alone).into_iter().flatten().collect(),
            [..] => bars.iter().filter_map(point).collect(),
        };
        points.iter().map(|(x, y)| format!("{},{}", Unit(*x), Unit(*y))).collect::<Vec<_>>().join(" ")
    };
    unbroken.map(line).collect()
}

/// The bars that get a word: at round hours, as many as there is room for.
fn labelled(bars: &[Bar], width: Width) -> Vec<&Bar> {
    let at_hours = |every: i8| {
        let is = move |bar: &&Bar| {
            let clock = bar.interval.shown.clock;
            clock.hour() % every == 0 && clock.minute() == 0 && !bar.interval.again
        };
        bars.iter().filter(is).collect::<Vec<&Bar>>()
    };
    let all: Vec<&Bar> = match width {
        Width::Quarter | Width::Half | Width::Hour => {
            let few = [1, 2, 3, 4, 6, 12].map(at_hours).into_iter().find(|found| found.len() <= MOST_LABELS);
            few.unwrap_or_else(|| at_hours(24))
        }
        Width::Day | Width::Month => bars.iter().collect(),
    };
    let every = all.len().div_ceil(MOST_LABELS).max(1);
    all.into_iter().step_by(every).collect()
}

/// `09:30`, and at midnight the day, `10-25`; the month, `2026-10`.
fn label(interval: &Interval, width: Width) -> String {
    let clock = interval.shown.clock;
    match width {
        Width::Quarter | Width::Half | Width::Hour if clock.hour() != 0 => {
            format!("{:02}:{:02}", clock.hour(), clock.minute())
        }
        Width::Quarter | Width::Half | Width::Hour | Width::Day => format!("{:02}-{:02}", clock.month(), clock.day()),
        Width::Month => format!("{:04}-{:02}", clock.year(), clock.month()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_at_round_numbers_and_few() {
        assert_eq!(scale(0), (1, 1));
        assert_eq!(scale(3), (1, 3));
        assert_eq!(scale(5), (2, 6));
        assert_eq!(scale(61), (20, 80));
        assert_eq!(scale(199), (50, 200));
        assert_eq!(scale(2_001), (1_000, 3_000));
        assert!(scale(u64::MAX / 20).1 >= u64::MAX / 20);
    }
}
