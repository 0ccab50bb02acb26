//! A tally: the figures of one view of one row, the sums beside them, and the balance they must keep.

use std::time::Duration;

use super::figure::Figure;
use super::stay::{Handling, Stay};

/// Counts and sums. Adding two gives those of both.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Tally {
    counts: [u64; Figure::ALL.len()],
    /// Of those answered.
    pub waited: Duration,
    /// Of those handled.
    pub handling: Handling,
    /// Of those that left and were seen to.
    pub longest: Option<Duration>,
}

/// Both sides of what every row must keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// Carried over + offered + moved in.
    pub came: u64,
    /// Answered + abandoned + overflowed + moved out + turned into call-back + ended by us + ended unseen + still
    /// waiting.
    pub went: u64,
}

impl Balance {
    pub const fn holds(self) -> bool {
        self.came == self.went
    }
}

impl Tally {
    pub const fn count(&self, figure: Figure) -> u64 {
        self.counts[figure.number()]
    }

    pub fn balance(&self) -> Balance {
        let sum = |figures: &[Figure]| figures.iter().map(|figure| self.count(*figure)).sum();
        Balance { came: sum(&Figure::CAME), went: sum(&Figure::WENT) }
    }

    /// All that came in the interval: what the formulas call offered.
    pub const fn came(&self) -> u64 {
        self.count(Figure::Offered) + self.count(Figure::MovedIn)
    }

    /// Average speed of answer: the wait of those answered.
    pub fn speed_of_answer(&self) -> Option<Duration> {
        mean(self.waited, self.count(Figure::Answered))
    }

    /// The parts of the average handle time; their sum is the average.
    pub fn handle_time(&self) -> Option<Handling> {
        let calls = self.count(Figure::Handled);
        let Handling { talk, hold, wrap_up } = self.handling;
        Some(Handling { talk: mean(talk, calls)?, hold: mean(hold, calls)?, wrap_up: mean(wrap_up, calls)? })
    }

    /// A stay is counted here, under this figure.
    pub(super) fn add(&mut self, figure: Figure, stay: &Stay) {
        self.add_many(figure, 1);
        if figure == Figure::Answered {
            self.waited = self.waited.saturating_add(stay.waited().unwrap_or_default());
        }
        if figure == Figure::Left {
            self.longest = self.longest.max(stay.waited());
        }
        if figure == Figure::Handled {
            self.handle(stay.handling.unwrap_or_default());
        }
    }

    pub(super) fn add_many(&mut self, figure: Figure, many: u64) {
        if let Some(count) = self.counts.get_mut(figure.number()) {
            *count += many;
        }
    }

    fn handle(&mut self, Handling { talk, hold, wrap_up }: Handling) {
        self.handling.talk = self.handling.talk.saturating_add(talk);
        self.handling.hold = self.handling.hold.saturating_add(hold);
        self.handling.wrap_up = self.handling.wrap_up.saturating_add(wrap_up);
    }

    pub(super) fn merge(&mut self, other: &Tally) {
        for figure in Figure::ALL {
            self.add_many(figure, other.count(figure));
        }
        self.waited = self.waited.saturating_add(other.waited);
        self.handle(other.handling);
        self.longest = self.longest.max(other.longest);
    }
}

fn mean(sum: Duration, count: u64) -> Option<Duration> {
    let ms = sum.as_millis().checked_div(u128::from(count))?;
    Some(Duration::from_millis(u64::try_from(ms).unwrap_or(u64::MAX)))
}
