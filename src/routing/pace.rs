//! How fast a queue moves: what a caller's expected wait is estimated by.
//!
//! The estimate is the caller's place times the usual time from one answer to the next. A time from answer to answer
//! counts only where somebody was waiting all along: a quiet hour, in which answers are rare because callers are, says
//! nothing of how fast the queue would move. Callers who give up make the wait shorter than was said, never longer; an
//! agent who goes makes it longer, and shows in the answer that does not come.

use std::collections::VecDeque;
use std::time::Duration;

use crate::calendar::Moment;

/// The answers looked at: some minutes of a busy queue, so that it is about now and no one long talk decides.
const MOST_ANSWERS: usize = 20;
/// Fewer say nothing.
const FEWEST_ANSWERS: usize = 3;
/// Answers of before that are of another shift.
const LONGEST_AGO: Duration = Duration::from_secs(3600);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    /// The last answer, where somebody has waited ever since.
    since: Option<Moment>,
    /// When an answer came, and how long after the one before it.
    answers: VecDeque<(Moment, Duration)>,
}

impl Pace {
    /// A caller was answered, and leaves so many behind.
    pub fn answered(&mut self, now: Moment, still_wait: usize) {
        if let Some(since) = self.since {
            if self.answers.len() >= MOST_ANSWERS {
                self.answers.pop_front();
            }
            self.answers.push_back((now, now.since(since)));
        }
        self.since = (still_wait > 0).then_some(now);
    }

    /// Nobody waits any more.
    pub fn emptied(&mut self) {
        self.since = None;
    }

    /// The usual time from answer to answer, where enough of them are known. The time since the last is one of them
    /// once it is longer than usual.
    pub fn usual(&self, now: Moment) -> Option<Duration> {
        let recent = self.answers.iter().filter(|(at, _)| now.since(*at) <= LONGEST_AGO);
        let (count, sum) = recent.fold((0_u32, Duration::ZERO), |(count, sum), (_, gap)| (count + 1, sum + *gap));
        if (count as usize) < FEWEST_ANSWERS {
            return None;
        }
        let usual = sum / count;
        let lasting = self.since.map(|since| now.since(since)).filter(|lasting| *lasting > usual);
        Some(lasting.map_or(usual, |lasting| (sum + lasting) / (count + 1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn at(seconds: u64) -> Moment {
        Moment::from_ms(0) + Duration::from_secs(seconds)
    }

    #[test]
    fn a_queue_that_answers_every_ten_seconds_says_so_from_the_third_on() {
        let mut pace = Pace::default();
        for answer in 0..3 {
            pace.answered(at(10 * answer), 5);
            assert_eq!(pace.usual(at(10 * answer)), None);
        }
        pace.answered(at(30), 5);
        assert_eq!(pace.usual(at(30)), Some(10 * SECOND));
        assert_eq!(pace.usual(at(35)), Some(10 * SECOND), "the next is not due yet");
        assert_eq!(pace.usual(at(60)), Some(15 * SECOND), "and when it does not come, the wait is longer");
    }

    #[test]
    fn times_in_which_nobody_waited_say_nothing() {
        let mut pace = Pace::default();
        for answer in 0..50 {
            pace.answered(at(300 * answer), 0);
        }
        assert_eq!(pace.usual(at(15_000)), None);
        for answer in 0..4 {
            pace.answered(at(15_000 + answer), 3);
            pace.emptied();
        }
        assert_eq!(pace.usual(at(15_004)), None);
    }

    #[test]
    fn it_is_about_the_last_hour_and_the_last_twenty() {
        let mut pace = Pace::default();
        for answer in 0..100 {
            pace.answered(at(answer), 1);
        }
        assert_eq!(pace.answers.len(), MOST_ANSWERS);
        pace.emptied();
        assert_eq!(pace.usual(at(200)), Some(SECOND));
        assert_eq!(pace.usual(at(200) + LONGEST_AGO), None);
    }
}
