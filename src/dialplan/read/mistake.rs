//! `Mistake`: a sentence at a place, with the line shown and a suggestion where there is one.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The most mistakes shown of one reading: more than anybody mends before checking again.
pub const MOST_MISTAKES: usize = 200;

/// The longest part of a line that is shown, in characters: a file may be one line of a megabyte.
const LONGEST_LINE: usize = 120;

/// Where something stands in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file as the reader was given it.
    pub file: Arc<str>,
    /// From 1.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
}

impl Place {
    /// So many characters further right.
    pub(crate) fn right_by(&self, characters: usize) -> Place {
        let characters = u32::try_from(characters).unwrap_or(u32::MAX);
        Place { column: self.column.saturating_add(characters), ..self.clone() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// One mistake of whoever wrote the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    pub place: Place,
    /// In the admin's words, without a full stop.
    pub sentence: String,
    /// What was probably meant.
    pub suggestion: Option<String>,
    /// The line it stands on; `None` when there is none, as for a file that is missing.
    pub shown: Option<Shown>,
}

/// A line as it is shown under a mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// As written, cut around the mistake where it is very long.
    pub line: String,
    /// Before which of its characters the caret stands, from 0.
    pub caret: usize,
}

impl Shown {
    /// The line with its caret at `column`, from 1.
    pub fn of(line: &str, column: u32) -> Shown {
        let caret = (column.saturating_sub(1)) as usize;
        let line = line.trim_end_matches(['\r', '\n']);
        if line.chars().nth(LONGEST_LINE).is_none() {
            return Shown { line: line.into(), caret };
        }
        let from = caret.saturating_sub(LONGEST_LINE / 2);
        let part: String = line.chars().skip(from).take(LONGEST_LINE).collect();
        if from == 0 {
            Shown { line: part, caret }
        } else {
            Shown { line: format!("…{part}"), caret: caret - from + 1 }
        }
    }
}

/// How many columns of a terminal a character takes: two for the wide ones of East Asian scripts.
fn columns(c: char) -> usize {
    let wide = matches!(c,
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}' | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}');
    if wide { 2 } else { 1 }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.sentence)?;
        if let Some(suggestion) = &self.suggestion {
            write!(f, "; did you mean \"{suggestion}\"?")?;
        }
        if let Some(shown) = &self.shown {
            // What a stranger typed is shown, never sent to a terminal as a control sequence.
            let line: String = shown.line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            let before: usize = line.chars().take(shown.caret).map(columns).sum();
            write!(f, "\n    {line}\n    {:before$}^", "")?;
        }
        Ok(())
    }
}

/// All mistakes of a reading, by file and line. Never empty.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Mistakes(Vec<Mistake>);

impl Mistakes {
    /// `Ok` when there are none.
    pub(crate) fn none_or(found: Vec<Mistake>) -> Result<(), Mistakes> {
        if found.is_empty() { Ok(()) } else { Err(Mistakes(found)) }
    }

    pub fn iter(&self) -> impl Iterator<Item = &Mistake> {
        self.0.iter()
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, mistake) in self.0.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            write!(f, "{mistake}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}

/// Where mistakes are collected while files are read.
#[derive(Default)]
pub(crate) struct Notes {
    texts: BTreeMap<Arc<str>, Arc<str>>,
    found: Vec<Mistake>,
}

impl Notes {
    /// The text of a file, so that its lines can be shown.
    pub(crate) fn file(&mut self, file: &Arc<str>, text: Arc<str>) {
        self.texts.insert(file.clone(), text);
    }

    pub(crate) fn add(&mut self, place: &Place, sentence: impl Into<String>) {
        self.add_suggesting(place, sentence, None::<String>);
    }

    pub(crate) fn add_suggesting(
        &mut self,
        place: &Place,
        sentence: impl Into<String>,
        suggestion: Option<impl Into<String>>,
    ) {
        let (sentence, suggestion) = (sentence.into(), suggestion.map(Into::into));
        self.found.push(Mistake { place: place.clone(), sentence, suggestion, shown: None });
    }

    /// How many there are so far.
    pub(crate) fn count(&self) -> usize {
        self.found.len()
    }

    /// The line at a place, as written.
    pub(crate) fn line(&self, place: &Place) -> Option<&str> {
        self.texts.get(&place.file)?.lines().nth(place.line.checked_sub(1)? as usize)
    }

    /// `Ok` when there was no mistake.
    pub(crate) fn finish(mut self) -> Result<(), Mistakes> {
        if self.found.is_empty() {
            return Ok(());
        }
        let mut found = std::mem::take(&mut self.found);
        found.sort_by(|a, b| (&a.place, &a.sentence).cmp(&(&b.place, &b.sentence)));
        found.dedup();
        let more = found.len().saturating_sub(MOST_MISTAKES);
        found.truncate(MOST_MISTAKES);
        for mistake in &mut found {
            mistake.shown = self.line(&mistake.place).map(|line| Shown::of(line, mistake.place.column));
        }
        if let Some(last) = found.last_mut().filter(|_| more > 0) {
            last.sentence.push_str(&format!(" (and {more} mistakes more)"));
        }
        Err(Mistakes(found))
    }
}

/// The one of the known words that was probably meant, if any is near enough.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().count();
    // One slip in a short word, three in a long one; a whole other word is no slip.
    let most = (length / 3).clamp(1, 3);
    known
        .into_iter()
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= most)
        .map(|candidate| (strsim::osa_distance(&word.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_under_the_mistake_even_behind_wide_characters() {
        let place = Place { file: "a.yaml".into(), line: 1, column: 8 };
        let shown = Some(Shown::of("zh: 你好, x: 1", 8));
        let mistake = Mistake { place, sentence: "no".into(), suggestion: Some("yes".into()), shown };
        assert_eq!(mistake.to_string(), "a.yaml:1:8: no; did you mean \"yes\"?\n    zh: 你好, x: 1\n             ^");
    }

    #[test]
    fn a_line_of_a_megabyte_is_cut_around_the_mistake() {
        let line = "x".repeat(500_000) + "!" + &"y".repeat(500_000);
        let shown = Shown::of(&line, 500_001);
        assert!(shown.line.chars().count() <= LONGEST_LINE + 1);
        assert_eq!(shown.line.chars().nth(shown.caret), Some('!'));
    }

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        assert_eq!(nearest("flihgt", ["flight", "booking"]), Some("flight"));
        assert_eq!(nearest("go", ["do", "hang_up"]), Some("do"));
        assert_eq!(nearest("welcome", ["agent", "goodbye"]), None);
    }
}
