//! The clock: the only place that makes a [`Moment`] of it.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::calendar::Moment;

/// A smaller difference between the two clocks is drift, which the next start takes up.
pub const A_STEP: Duration = Duration::from_secs(1);

/// UTC from the monotonic clock and an offset fixed at the start, so that a step of the wall clock moves no timer.
#[derive(Debug)]
pub struct Clock {
    began: Instant,
    began_at: Moment,
    /// What the wall clock was ahead of us when we last looked.
    ahead_ms: i64,
}

impl Clock {
    pub fn start() -> Self {
        Self { began: Instant::now(), began_at: wall(), ahead_ms: 0 }
    }

    pub fn now(&self) -> Moment {
        self.began_at + self.began.elapsed()
    }

    /// When `moment` will be, for sleeping until it.
    pub fn instant(&self, moment: Moment) -> Instant {
        self.began + moment.since(self.began_at)
    }

    /// By how much the wall clock was set since we last looked, in milliseconds; `None` where it was not.
    pub fn stepped(&mut self) -> Option<i64> {
        self.stepped_to(wall())
    }

    fn stepped_to(&mut self, wall: Moment) -> Option<i64> {
        let ahead = wall.as_ms() - self.now().as_ms();
        let by = ahead - self.ahead_ms;
        if by.unsigned_abs() < A_STEP.as_millis() as u64 {
            return None;
        }
        self.ahead_ms = ahead;
        Some(by)
    }
}

pub fn wall() -> Moment {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Moment::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_of_the_wall_clock_is_told_once_and_moves_nothing() {
        let mut clock = Clock::start();
        let before = clock.now();
        let hour_on = before + Duration::from_secs(3600);
        let told = clock.stepped_to(hour_on).expect("a step");
        assert!((3_599_000..=3_601_000).contains(&told), "{told}");
        assert_eq!(clock.stepped_to(clock.now() + Duration::from_secs(3600)), None);
        let back = clock.stepped_to(clock.now()).expect("a step back");
        assert!((-3_601_000..=-3_599_000).contains(&back), "{back}");
        assert!(clock.now().since(before) < Duration::from_secs(60));
    }
}
