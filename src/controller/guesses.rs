//! Wrong PINs. A PIN is short, and a phone in a hall is anybody's: whoever guesses gets slower, for a number and for a phone.
//! In memory alone: a start forgives.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use crate::calendar::Moment;

/// Wrong ones before a wait, for one number and for one phone, at which a whole shift may log in.
const FREE_FOR_A_NUMBER: u32 = 3;
const FREE_AT_A_PHONE: u32 = 9;
/// The first wait, doubled with each more, up to a limit: at four tries an hour the ten thousand PINs of four digits take
/// a hundred days, and whose number it is logs in by the page meanwhile.
const FIRST_WAIT: Duration = Duration::from_secs(30);
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
/// After this long without a wrong one, all is forgotten. Longer than the longest wait, or waiting would forgive.
const FORGOTTEN: Duration = Duration::from_secs(24 * 3600);
/// Numbers and phones remembered. When there are more, all are taken for guessed until some are forgotten.
const MOST: usize = 50_000;

#[derive(Clone, Copy, Default)]
struct Wrong {
    times: u32,
    last: Moment,
}

/// Of one kind of thing that is guessed for, or guessed at.
struct Counted<K> {
    wrong: HashMap<K, Wrong>,
    free: u32,
}

impl<K: Eq + Hash> Counted<K> {
    fn new(free: u32) -> Self {
        Self { wrong: HashMap::new(), free }
    }

    fn must_wait(&self, of: &K, now: Moment) -> bool {
        let Some(wrong) = self.wrong.get(of) else { return self.wrong.len() >= MOST };
        let Some(more) = wrong.times.checked_sub(self.free) else { return false };
        now.since(wrong.last) < FIRST_WAIT.saturating_mul(1 << more.min(10)).min(LONGEST_WAIT)
    }

    fn was_wrong(&mut self, of: K, now: Moment) {
        if self.wrong.len() >= MOST {
            self.wrong.retain(|_, wrong| now.since(wrong.last) < FORGOTTEN);
        }
        if self.wrong.len() >= MOST && !self.wrong.contains_key(&of) {
            return;
        }
        let wrong = self.wrong.entry(of).or_default();
        let times = if now.since(wrong.last) >= FORGOTTEN { 0 } else { wrong.times };
        *wrong = Wrong { times: times.saturating_add(1), last: now };
    }
}

/// For numbers `N`, at phones `P`.
pub struct Guesses<N, P> {
    numbers: Counted<N>,
    phones: Counted<P>,
}

impl<N: Eq + Hash, P: Eq + Hash> Default for Guesses<N, P> {
    fn default() -> Self {
        Self { numbers: Counted::new(FREE_FOR_A_NUMBER), phones: Counted::new(FREE_AT_A_PHONE) }
    }
}

impl<N: Eq + Hash, P: Eq + Hash> Guesses<N, P> {
    /// No PIN is looked at, not even the right one.
    pub fn must_wait(&self, number: &N, phone: &P, now: Moment) -> bool {
        self.numbers.must_wait(number, now) || self.phones.must_wait(phone, now)
    }

    pub fn was_wrong(&mut self, number: N, phone: P, now: Moment) {
        self.numbers.was_wrong(number, now);
        self.phones.was_wrong(phone, now);
    }

    /// Of the number alone: one right PIN does not excuse a phone at which others are guessed.
    pub fn was_right(&mut self, number: &N) {
        self.numbers.wrong.remove(number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Moment {
        Moment::from_ms(1_000_000 + seconds * 1_000)
    }

    #[test]
    fn guessing_a_number_gets_slower_at_whatever_phone_and_a_right_pin_forgives() {
        let mut guesses: Guesses<&str, u32> = Guesses::default();
        for phone in 0..3 {
            assert!(!guesses.must_wait(&"17", &phone, at(0)));
            guesses.was_wrong("17", phone, at(0));
        }
        assert!(guesses.must_wait(&"17", &9, at(29)) && !guesses.must_wait(&"17", &9, at(30)));
        guesses.was_wrong("17", 9, at(30));
        assert!(guesses.must_wait(&"17", &9, at(89)) && !guesses.must_wait(&"17", &9, at(90)));
        for _ in 0..40 {
            guesses.was_wrong("17", 10, at(90));
        }
        assert!(guesses.must_wait(&"17", &9, at(90 + 899)) && !guesses.must_wait(&"17", &9, at(90 + 900)));
        assert!(!guesses.must_wait(&"18", &9, at(91)), "others are not kept out");
        guesses.was_right(&"17");
        assert!(!guesses.must_wait(&"17", &9, at(91)));
    }

    #[test]
    fn a_phone_at_which_many_numbers_are_guessed_waits_too_and_is_forgiven_in_a_day() {
        let mut guesses: Guesses<u32, &str> = Guesses::default();
        for number in 0..9 {
            guesses.was_wrong(number, "hall", at(0));
        }
        assert!(guesses.must_wait(&99, &"hall", at(1)) && !guesses.must_wait(&99, &"desk", at(1)));
        guesses.was_wrong(99, "hall", at(24 * 3600));
        assert!(!guesses.must_wait(&98, &"hall", at(24 * 3600)));
    }
}
