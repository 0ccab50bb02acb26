//! What a log shows of patience: the estimate of E. L. Kaplan and P. Meier (1958). Whoever was answered says only that
//! theirs was longer than the wait.

use std::collections::BTreeMap;
use std::time::Duration;

use super::spread::{exponential, share};
use crate::switch::rehearsal::Chance;

/// How many are still patient after so long.
#[derive(Clone, Debug, PartialEq)]
pub struct Patience {
    /// The share that is still there behind each moment at which somebody gave up.
    steps: Vec<(Duration, f64)>,
    /// Beyond the last of them: exponential, with the mean of all waiting by those who gave up.
    mean: Duration,
}

impl Patience {
    /// Of waits, and whether each ended with a hang-up.
    pub fn of(waits: impl Iterator<Item = (Duration, bool)>) -> Self {
        let mut by_time: BTreeMap<Duration, (u64, u64)> = BTreeMap::new();
        let (mut all, mut gave_up, mut waited) = (0_u64, 0_u64, 0.0);
        for (time, hung_up) in waits {
            let (left, hung) = by_time.entry(time).or_default();
            *left += 1;
            *hung += u64::from(hung_up);
            all += 1;
            gave_up += u64::from(hung_up);
            waited += time.as_secs_f64();
        }
        let (mut there, mut survive, mut steps) = (all, 1.0, Vec::new());
        for (time, (left, hung)) in by_time {
            if hung > 0 {
                survive *= 1.0 - hung as f64 / there as f64;
                steps.push((time, survive));
            }
            there -= left;
        }
        let mean = if gave_up > 0 { waited / gave_up as f64 } else { 0.0 };
        Self { steps, mean: Duration::from_secs_f64(mean) }
    }

    /// One who is known to be still there after `wait`. Always longer than that.
    pub fn beyond(&self, wait: Duration, chance: &mut Chance) -> Duration {
        let drawn = share(chance);
        let tail = exponential(chance, self.mean.max(Duration::from_secs(1))).max(Duration::from_millis(1));
        let after = self.steps.partition_point(|(time, _)| *time <= wait);
        let there = after.checked_sub(1).and_then(|before| self.steps.get(before)).map_or(1.0, |(_, there)| *there);
        let gone = self.steps.iter().skip(after).find(|(_, left)| *left < drawn * there);
        gone.map_or_else(|| self.steps.last().map_or(wait, |(last, _)| wait.max(*last)) + tail, |(time, _)| *time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn those_who_were_answered_count_as_long_as_they_waited() {
        // Five callers: give up at 10, answered at 15, give up at 20 and 30, answered at 40. By hand: 4/5, then 2/3 and 1/2
        // of who is left.
        let waits = [(s(10), true), (s(15), false), (s(20), true), (s(30), true), (s(40), false)];
        let patience = Patience::of(waits.into_iter());
        let shares: Vec<f64> = patience.steps.iter().map(|(_, share)| *share).collect();
        let by_hand = [0.8, 0.8 * 2.0 / 3.0, 0.8 * 2.0 / 3.0 / 2.0];
        assert!(shares.iter().zip(by_hand).all(|(share, by_hand)| (share - by_hand).abs() < 1e-12), "{shares:?}");
    }

    #[test]
    fn who_is_still_there_gets_a_patience_beyond_the_wait() {
        let patience = Patience::of((1..=100).map(|n| (s(n), true)));
        let mut chance = Chance::new(5);
        for wait in [0, 50, 99, 100, 1_000] {
            assert!((0..200).all(|_| patience.beyond(s(wait), &mut chance) > s(wait)), "{wait}");
        }
        let mean: f64 = (0..20_000).map(|_| patience.beyond(s(50), &mut chance).as_secs_f64()).sum::<f64>() / 20_000.0;
        assert!((mean - 75.5).abs() < 1.5, "{mean}");
        let nobody = Patience::of(std::iter::empty());
        assert!(nobody.beyond(s(3), &mut chance) > s(3));
    }
}
