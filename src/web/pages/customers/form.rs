//! The form of a customer's record: as it was typed, and as a record.

use serde::Deserialize;

use crate::customers::{Country, Line, MOST_NUMBERS, Note, Number, Record};
use crate::dialplan::Language;
use crate::web::pages::mistakes::Mistakes;
use crate::web::pages::words::Words;

/// As it was typed.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Given {
    #[serde(default)]
    pub name: String,
    /// One a line.
    #[serde(default)]
    pub numbers: String,
    #[serde(default)]
    pub language: String,
    #[serde(default)]
    pub note: String,
    /// The call in which somebody asked.
    #[serde(default)]
    pub call: String,
    #[serde(default)]
    pub request: String,
    #[serde(default)]
    pub version: String,
}

/// What a page shows of it.
#[derive(Default)]
pub struct Form {
    pub given: Given,
    pub mistakes: Mistakes,
}

impl Form {
    pub fn speaks(&self, language: &str) -> bool {
        self.given.language == language
    }
}

impl Given {
    pub fn of(record: &Record, version: u64) -> Self {
        let text = |line: Option<String>| line.unwrap_or_default();
        Self {
            name: text(record.name.as_ref().map(ToString::to_string)),
            numbers: record.numbers.iter().map(Number::as_str).collect::<Vec<_>>().join("\n"),
            language: text(record.language.map(|language| language.to_string())),
            note: record.note.to_string(),
            version: version.to_string(),
            ..Self::default()
        }
    }

    /// The record as it would be; the fields, which no form shows, stay `before`'s. None where anything cannot be.
    pub fn record(&self, t: Words, home: Option<Country>, before: &Record, mistakes: &mut Mistakes) -> Option<Record> {
        let name = if self.name.trim().is_empty() { None } else { mistakes.take(t, "name", Line::of(&self.name)) };
        let note = mistakes.take(t, "note", Note::of(&self.note)).unwrap_or_default();
        let language = match self.language.as_str() {
            "" => None,
            word => match word.parse::<Language>() {
                Ok(language) => Some(language),
                Err(_) => {
                    mistakes.add("language", t.say("customers-no-such-language"));
                    None
                }
            },
        };
        let numbers = self.read_numbers(t, home, mistakes);
        if mistakes.is_empty() && name.is_none() && numbers.is_empty() {
            mistakes.add("name", t.say("customers-name-or-number"));
        }
        let record = Record { name, language, note, fields: before.fields.clone(), numbers };
        mistakes.is_empty().then(|| record.tidied())
    }

    fn read_numbers(&self, t: Words, home: Option<Country>, mistakes: &mut Mistakes) -> Vec<Number> {
        let typed: Vec<&str> = self.numbers.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        if typed.len() > MOST_NUMBERS {
            mistakes.add("numbers", t.count("customers-too-many-numbers", i64::try_from(MOST_NUMBERS).unwrap_or(0)));
            return Vec::new();
        }
        let mut numbers = Vec::new();
        for line in typed {
            match Number::of(line, home) {
                Some(number) => numbers.push(number),
                None => {
                    let seen: String = line.chars().take(40).collect();
                    mistakes.add("numbers", t.with("customers-not-a-number", "typed", seen));
                }
            }
        }
        numbers
    }
}
