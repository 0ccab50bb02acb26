//! What people type about a customer or a case: a line, a note, a field; bounded, and without what acts on a terminal or a
//! page.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest line: a name with titles, what a case is about. In characters.
pub const LONGEST_LINE: usize = 200;
/// The longest note: three printed pages. In characters.
pub const LONGEST_NOTE: usize = 10_000;
/// The most fields of one customer: every column that a spreadsheet had.
pub const MOST_FIELDS: usize = 50;

/// Why a text is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextMistake {
    #[error("there is nothing in it")]
    Empty,
    #[error("it is longer than {most} characters")]
    TooLong { most: usize },
    #[error("there are more than {most} of them")]
    TooMany { most: usize },
}

/// One line of text, never empty: no control characters, no space around it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Line(String);

/// Text of any number of lines; may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Note(String);

/// What a centre writes down about its customers besides, by its own names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fields(BTreeMap<Line, Line>);

/// Characters that are not seen and change how others are: an embedded right-to-left turns a name round.
fn is_hidden(c: char) -> bool {
    matches!(c, '\u{200b}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

impl Line {
    /// # Errors
    /// `Empty`, `TooLong`. Line ends and control characters become spaces.
    pub fn of(text: &str) -> Result<Self, TextMistake> {
        let seen: String =
            text.chars().filter(|c| !is_hidden(*c)).map(|c| if c.is_control() { ' ' } else { c }).collect();
        let line = seen.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.is_empty() {
            return Err(TextMistake::Empty);
        }
        match line.chars().nth(LONGEST_LINE) {
            Some(_) => Err(TextMistake::TooLong { most: LONGEST_LINE }),
            None => Ok(Self(line)),
        }
    }

    /// As it was once written by [`Line::of`], or was erased.
    pub(crate) const fn kept(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Note {
    /// # Errors
    /// `TooLong`. Control characters but line ends and tabs are left out.
    pub fn of(text: &str) -> Result<Self, TextMistake> {
        let text = text.replace("\r\n", "\n");
        let seen = text.chars().filter(|c| matches!(c, '\n' | '\t') || (!c.is_control() && !is_hidden(*c)));
        let note = seen.collect::<String>().trim_end().to_owned();
        match note.chars().nth(LONGEST_NOTE) {
            Some(_) => Err(TextMistake::TooLong { most: LONGEST_NOTE }),
            None => Ok(Self(note)),
        }
    }

    /// As it was once written by [`Note::of`].
    pub(crate) const fn kept(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Fields {
    /// # Errors
    /// `TooMany`, and what a [`Line`] may not be. A field with nothing in it is left out.
    pub fn of<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, TextMistake> {
        let mut fields = BTreeMap::new();
        for (name, text) in pairs {
            match (Line::of(name), Line::of(text)) {
                (_, Err(TextMistake::Empty)) => {}
                (name, text) => drop(fields.insert(name?, text?)),
            }
            if fields.len() > MOST_FIELDS {
                return Err(TextMistake::TooMany { most: MOST_FIELDS });
            }
        }
        Ok(Self(fields))
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_whatever_was_typed() {
        assert_eq!(Line::of("  邓\u{0} 凯\r\n  \u{202e}x ").expect("a line").as_str(), "邓 凯 x");
        assert_eq!(Line::of(" \u{200b}\n"), Err(TextMistake::Empty));
        assert!(Line::of(&"长".repeat(200)).is_ok());
        assert_eq!(Line::of(&"长".repeat(201)), Err(TextMistake::TooLong { most: 200 }));
    }

    #[test]
    fn a_note_keeps_its_lines_and_nothing_that_is_not_seen() {
        assert_eq!(Note::of("one\r\n\ttwo\u{7}\u{202e}\n\n").expect("a note").as_str(), "one\n\ttwo");
        assert!(Note::of("").expect("a note").is_empty());
        assert!(Note::of(&"x".repeat(10_001)).is_err());
    }

    #[test]
    fn a_field_with_nothing_in_it_is_none() {
        let fields = Fields::of([("card", "4711"), ("since", " "), ("card", "4712")]).expect("fields");
        assert_eq!(fields.iter().collect::<Vec<_>>(), [("card", "4712")]);
        assert_eq!(Fields::of([("", "x")]), Err(TextMistake::Empty));
        let many: Vec<String> = (0..51).map(|n| n.to_string()).collect();
        assert!(Fields::of(many.iter().map(|n| (n.as_str(), "x"))).is_err());
    }
}
