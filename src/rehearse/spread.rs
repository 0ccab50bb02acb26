//! `Spread`: how a time varies from one caller to the next, as a scenario writes it or as a log has shown it.
//!
//! A duration alone is exponential around that mean, which is what Erlang's formulas presuppose.

use std::sync::Arc;
use std::time::Duration;

use crate::dialplan::read::scalar::parse_duration;
use crate::switch::rehearsal::Chance;

/// The longest time that any of them means: nobody holds a line for longer than a day.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

#[derive(Clone, Debug, PartialEq)]
pub enum Spread {
    /// `3m`
    Exponential { mean: Duration },
    /// `exactly 3m`
    Exactly(Duration),
    /// `1m to 5m`: each as likely as the other.
    Even { least: Duration, most: Duration },
    /// `lognormal 3m 2m`: mean and standard deviation; what talk times look like.
    Lognormal { mean: Duration, deviation: Duration },
    /// `never`: of patience, it has no end.
    Never,
    /// One of these, each as likely as the others.
    Seen(Arc<[Duration]>),
}

/// From 0, not included, to 1.
pub(super) fn share(chance: &mut Chance) -> f64 {
    ((chance.draw() >> 11) + 1) as f64 / (1_u64 << 53) as f64
}

/// A source of its own for each name, so that what one draws changes nothing for another.
pub(super) fn chance_of(seed: u64, name: &str) -> Chance {
    // FNV-1a: any spreading sum will do, and this one is the same on every machine.
    let sum = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let mut first = Chance::new(seed ^ sum);
    Chance::new(first.draw())
}

/// Exponential, with this mean.
pub(super) fn exponential(chance: &mut Chance, mean: Duration) -> Duration {
    mean.mul_f64(-share(chance).ln()).min(LONGEST)
}

/// Whole milliseconds, as all moments are.
fn whole(time: Duration) -> Duration {
    Duration::from_millis(u64::try_from((time.min(LONGEST) + Duration::from_micros(500)).as_millis()).unwrap_or(0))
}

impl Spread {
    /// `None`: never. Draws as often from `chance` whatever comes out.
    pub fn draw(&self, chance: &mut Chance) -> Option<Duration> {
        let (one, two) = (share(chance), share(chance));
        Some(whole(match self {
            Spread::Never => return None,
            Spread::Exactly(time) => *time,
            Spread::Exponential { mean } => mean.mul_f64(-one.ln()),
            Spread::Even { least, most } => *least + most.saturating_sub(*least).mul_f64(one),
            Spread::Lognormal { mean, deviation } => {
                let (mean, deviation) = (mean.as_secs_f64(), deviation.as_secs_f64());
                let variance = (1.0 + (deviation / mean).powi(2)).ln();
                // Box and Muller's way from two even shares to one that is normal.
                let normal = (-2.0 * one.ln()).sqrt() * (std::f64::consts::TAU * two).cos();
                let seconds = (mean.ln() - variance / 2.0 + variance.sqrt() * normal).exp();
                Duration::from_secs_f64(seconds.min(LONGEST.as_secs_f64()))
            }
            Spread::Seen(times) => {
                let which = (one * times.len() as f64).ceil() as usize;
                times.get(which.saturating_sub(1)).copied().unwrap_or_default()
            }
        }))
    }

    pub const fn is_exponential(&self) -> bool {
        matches!(self, Spread::Exponential { .. })
    }

    /// Reads what a scenario says; the error is a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let time = |word: &str| match parse_duration(word) {
            Ok(time) if time > LONGEST => Err(format!("{word} is longer than a day")),
            other => other,
        };
        let some = |word: &str| match time(word)? {
            Duration::ZERO => Err(format!("a mean of {word} is no time; write exactly 0s where there is none")),
            some => Ok(some),
        };
        match words.as_slice() {
            ["never"] => Ok(Spread::Never),
            ["exactly", word] => Ok(Spread::Exactly(time(word)?)),
            [least, "to", most] => {
                let (least, most) = (time(least)?, time(most)?);
                if most < least {
                    return Err(format!("\"{text}\" ends before it begins"));
                }
                Ok(Spread::Even { least, most })
            }
            ["lognormal", mean, deviation] => Ok(Spread::Lognormal { mean: some(mean)?, deviation: some(deviation)? }),
            [mean] => Ok(Spread::Exponential { mean: some(mean)? }),
            _ => Err(format!(
                "\"{text}\" is no spread of times; write 3m (exponential around it), exactly 3m, 1m to 5m or lognormal 3m 2m"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean_of(text: &str) -> f64 {
        let spread = Spread::parse(text).unwrap();
        let mut chance = chance_of(1, text);
        let sum: f64 = (0..40_000).filter_map(|_| spread.draw(&mut chance)).map(|time| time.as_secs_f64()).sum();
        sum / 40_000.0
    }

    #[test]
    fn what_is_drawn_has_the_mean_that_was_written() {
        for (text, mean) in [("3m", 180.0), ("exactly 7s", 7.0), ("1m to 5m", 180.0), ("lognormal 3m 2m", 180.0)] {
            let drawn = mean_of(text);
            assert!((drawn - mean).abs() < mean * 0.03, "{text}: {drawn}");
        }
        assert_eq!(Spread::Never.draw(&mut Chance::new(1)), None);
    }

    #[test]
    fn a_spread_that_makes_no_sense_is_told_in_a_sentence() {
        for text in ["", "0s", "-3m", "5m to 1m", "exactly", "lognormal 3m 0s", "30h", "NaN", "3"] {
            assert!(Spread::parse(text).is_err(), "{text}");
        }
    }
}
