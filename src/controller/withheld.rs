//! Number and PIN while they are keyed: in memory alone, from the keys to whoever holds them against the records, and only
//! once. The core is told that an answer was begun and that it was ended, so that not even how long it was stands in the
//! journal.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::dialplan::{Key, KeypadQuestion};
use crate::routing::ids::{CallId, CentreName, LegId};
use crate::routing::{Input, Withheld};

/// Calls that key at a time: a shift of the largest centre, all at once. Beyond it the oldest is forgotten, and was wrong.
const MOST_CALLS: usize = 2_000;
/// Of each answer. More than any number or PIN has: what comes after it makes it wrong.
const MOST_DIGITS: usize = 16;

/// What somebody keyed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Keyed {
    try_of: u8,
    pub number: String,
    pub pin: String,
}

impl fmt::Debug for Keyed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyed(****)")
    }
}

/// Of all calls. Cheap to clone: the loop writes, whoever looks numbers up takes.
#[derive(Clone, Debug, Default)]
pub struct KeptBack(Arc<Mutex<BTreeMap<(CentreName, CallId), Keyed>>>);

impl KeptBack {
    fn all(&self) -> MutexGuard<'_, BTreeMap<(CentreName, CallId), Keyed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Instead of the key itself: what the core is told of it, if anything.
    pub(super) fn keep(&self, centre: &CentreName, leg: &LegId, why: Withheld, key: Key) -> Option<Input> {
        let question = why.answers?;
        let mut all = self.all();
        let of = (centre.clone(), why.call);
        if all.len() >= MOST_CALLS && !all.contains_key(&of) {
            let oldest = all.keys().min_by_key(|(_, call)| *call).cloned();
            oldest.and_then(|oldest| all.remove(&oldest));
        }
        let keyed = all.entry(of).or_default();
        if keyed.try_of != why.tries_left {
            *keyed = Keyed { try_of: why.tries_left, ..Keyed::default() };
        }
        let answer = match question {
            KeypadQuestion::Number => &mut keyed.number,
            KeypadQuestion::Pin => &mut keyed.pin,
        };
        let told = |ends| Some(Input::KeyWithheld { leg: leg.clone(), ends });
        if key == Key::Hash {
            return told(true);
        }
        let first = answer.is_empty();
        if answer.len() < MOST_DIGITS {
            answer.push(key.as_char());
        }
        if first { told(false) } else { None }
    }

    pub fn take(&self, centre: &CentreName, call: CallId) -> Option<Keyed> {
        self.all().remove(&(centre.clone(), call))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::ids::Epoch;

    fn keys(kept: &KeptBack, answers: Option<KeypadQuestion>, tries_left: u8, text: &str) -> Vec<bool> {
        let call = CallId { epoch: Epoch(1), number: 1 };
        let why = Withheld { call, answers, tries_left };
        let told = text.chars().filter_map(|c| {
            let key = Key::try_from(c).expect("a key");
            kept.keep(&CentreName::new("demo"), &LegId::new("l"), why, key)
        });
        told.map(|input| match input {
            Input::KeyWithheld { ends, .. } => ends,
            other => panic!("{other:?}"),
        })
        .collect()
    }

    #[test]
    fn of_an_answer_the_core_learns_that_it_was_begun_and_ended_and_nobody_else_learns_it_twice() {
        let kept = KeptBack::default();
        let (number, pin) = (Some(KeypadQuestion::Number), Some(KeypadQuestion::Pin));
        assert_eq!(keys(&kept, number, 3, "12#"), [false, true]);
        assert_eq!(keys(&kept, pin, 3, "90371#"), [false, true]);
        assert_eq!(keys(&kept, None, 3, "55"), [] as [bool; 0], "while the records are asked nothing is kept");
        let (centre, call) = (CentreName::new("demo"), CallId { epoch: Epoch(1), number: 1 });
        let keyed = kept.take(&centre, call).expect("kept");
        assert_eq!((keyed.number.as_str(), keyed.pin.as_str()), ("12", "90371"));
        assert_eq!(format!("{keyed:?}"), "Keyed(****)");
        assert_eq!(kept.take(&centre, call), None);
    }

    #[test]
    fn what_was_keyed_in_one_try_is_not_part_of_the_next_and_too_much_is_wrong() {
        let kept = KeptBack::default();
        let (number, pin) = (Some(KeypadQuestion::Number), Some(KeypadQuestion::Pin));
        keys(&kept, number, 3, "12");
        keys(&kept, number, 2, "7#");
        keys(&kept, pin, 2, &format!("{}#", "4".repeat(40)));
        let keyed = kept.take(&CentreName::new("demo"), CallId { epoch: Epoch(1), number: 1 }).expect("kept");
        assert_eq!((keyed.number.as_str(), keyed.pin.len()), ("7", MOST_DIGITS));
    }
}
