//! The mistakes of a reading as a page shows them: each at its place, with its line and what was probably meant. In the
//! words of the reader, which are the same on the command line.

use crate::controller::directories::NotRead;
use crate::dialplan::{LoadError, Mistake};

pub struct Wrong {
    /// `centre.yaml:12:5`
    pub place: String,
    pub sentence: String,
    pub suggestion: Option<String>,
    pub line: Option<Line>,
}

/// A line, parted where the mistake stands.
pub struct Line {
    pub before: String,
    pub at: String,
    pub after: String,
}

pub fn of(wrong: &NotRead) -> Vec<Wrong> {
    let mut all = Vec::new();
    for error in &wrong.0 {
        match error {
            LoadError::Mistaken(mistakes) => all.extend(mistakes.iter().map(shown)),
            LoadError::Unreadable { path, why } => all.push(Wrong {
                place: path.display().to_string(),
                sentence: why.to_string(),
                suggestion: None,
                line: None,
            }),
        }
    }
    all
}

fn shown(mistake: &Mistake) -> Wrong {
    let line = mistake.shown.as_ref().map(|shown| {
        let mut characters = shown.line.chars();
        let before: String = characters.by_ref().take(shown.caret).collect();
        // Behind the end of a line stands what is missing there.
        let at = characters.next().map_or_else(|| "\u{2423}".to_owned(), |at| at.to_string());
        Line { before, at, after: characters.collect() }
    });
    Wrong {
        place: mistake.place.to_string(),
        sentence: mistake.sentence.clone(),
        suggestion: mistake.suggestion.clone(),
        line,
    }
}
