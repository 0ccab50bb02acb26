//! `Customer`: the record of somebody who calls.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::number::Number;
use super::words::{Fields, Line, Note};
use crate::calendar::Moment;
use crate::dialplan::Language;

/// The most numbers of one customer: a company with its branches.
pub const MOST_NUMBERS: usize = 20;

/// A customer, counted within the centre. Stays when the person is erased, so that figures stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct CustomerId(NonZeroU64);

/// What is written in a customer's record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// `None` until somebody has asked.
    pub name: Option<Line>,
    /// What they are spoken to in, where that is known.
    pub language: Option<Language>,
    pub note: Note,
    pub fields: Fields,
    /// By which they are found; each may be somebody else's too.
    pub numbers: Vec<Number>,
}

/// A customer as kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    pub id: CustomerId,
    pub record: Record,
    pub added: Moment,
    pub changed: Moment,
    /// When the person was erased: the record is empty then, and stays so.
    pub erased: Option<Moment>,
    /// Counts the changes, so that two who edit at once are told.
    pub version: u64,
}

/// Which part of a record was changed. Never what to: who may see changes may not see persons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    Name,
    Language,
    Note,
    Fields,
    Numbers,
}

impl Part {
    pub const fn as_str(self) -> &'static str {
        match self {
            Part::Name => "name",
            Part::Language => "language",
            Part::Note => "note",
            Part::Fields => "fields",
            Part::Numbers => "numbers",
        }
    }
}

impl Record {
    /// Numbers once each, and no more than anybody has.
    #[must_use]
    pub fn tidied(mut self) -> Self {
        self.numbers.sort_unstable();
        self.numbers.dedup();
        self.numbers.truncate(MOST_NUMBERS);
        self
    }

    /// Where another differs from this.
    pub fn differs(&self, other: &Record) -> Vec<Part> {
        let parts = [
            (Part::Name, self.name != other.name),
            (Part::Language, self.language != other.language),
            (Part::Note, self.note != other.note),
            (Part::Fields, self.fields != other.fields),
            (Part::Numbers, self.numbers != other.numbers),
        ];
        parts.into_iter().filter_map(|(part, differs)| differs.then_some(part)).collect()
    }
}

impl CustomerId {
    /// Zero is nobody.
    pub fn new(number: u64) -> Option<Self> {
        NonZeroU64::new(number).map(Self)
    }

    pub const fn get(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for CustomerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for CustomerId {
    type Err = std::num::ParseIntError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// A name as it is searched for: in small letters, with one space between words.
pub fn folded(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// What a name is found by, the whole first: it, and each part of it that begins with another word, so that Smith finds
/// Anna Smith.
pub fn sought_as(name: &str) -> Vec<String> {
    let folded = folded(name);
    let mut keys = vec![folded.clone()];
    keys.extend(folded.match_indices(' ').filter_map(|(at, _)| folded.get(at + 1..)).map(str::to_owned));
    // Nobody looks for the ninth word of a company's name.
    keys.truncate(8);
    keys.dedup();
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_by_each_of_its_words() {
        assert_eq!(sought_as("  Anna  SMITH-Ölü "), ["anna smith-ölü", "smith-ölü"]);
        assert_eq!(sought_as("邓凯"), ["邓凯"]);
    }
}
