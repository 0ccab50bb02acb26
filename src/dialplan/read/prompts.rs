//! `say` and `play`: texts and recordings, complete in every language of the centre.

use std::collections::BTreeMap;

use super::fields::entries;
use super::mistake::{Place, nearest};
use super::node::{Node, Value};
use super::reading::{Kind, Reading};
use super::scalar;
use crate::dialplan::figures::Figure;
use crate::dialplan::language::Language;
use crate::dialplan::prompt::{Piece, Spoken, Text};

/// The longest text of a prompt, in characters: two minutes of speech.
const LONGEST_TEXT: usize = 2_000;

impl Reading {
    /// `say`: a text in each language, or one text where the centre has one language.
    pub(super) fn say(&mut self, node: &Node) -> Option<Spoken> {
        let read = |reading: &mut Self, node: &Node| reading.text(node);
        self.in_each_language(node, "say", "text", read).map(Spoken::Say)
    }

    /// `play`: a recording in each language, or one for all.
    pub(super) fn play(&mut self, node: &Node) -> Option<Spoken> {
        if let Value::Scalar(_) = node.value {
            let name = self.recording(node)?;
            return Some(Spoken::Play(self.languages.iter().map(|&language| (language, name.clone())).collect()));
        }
        let read = |reading: &mut Self, node: &Node| reading.recording(node);
        self.in_each_language(node, "play", "recording", read).map(Spoken::Play)
    }

    fn in_each_language<T>(
        &mut self,
        node: &Node,
        what: &str,
        noun: &str,
        mut read: impl FnMut(&mut Self, &Node) -> Option<T>,
    ) -> Option<BTreeMap<Language, T>> {
        let one_text = !matches!(&node.value, Value::Map(_) | Value::Broken);
        match self.languages.as_slice() {
            [only] if one_text => {
                let only = *only;
                return read(self, node).map(|value| BTreeMap::from([(only, value)]));
            }
            // Which languages there are is not known: this may be right.
            [] if one_text => return Some(BTreeMap::new()),
            _ => {}
        }
        let unquoted = matches!(&node.value, Value::Map(pairs) if pairs.len() == 1 && pairs[0].1.is_empty()
            && pairs[0].0.scalar().is_some_and(|key| key.text.parse::<Language>().is_err()));
        if node.is_empty() || unquoted {
            scalar::text(node, what, &mut self.notes);
            return None;
        }
        if one_text {
            let example: Vec<String> = self.languages.iter().map(|language| format!("{language}: \"...\"")).collect();
            let sentence = format!("{what} needs a {noun} in each language: {{ {} }}", example.join(", "));
            self.notes.add(&node.place, sentence);
            return None;
        }
        let before = self.notes.count();
        let mut found = BTreeMap::new();
        let mut plain_before = false;
        for (key, key_node, value) in entries(&[node], &format!("the languages of {what}"), &mut self.notes) {
            match key.parse::<Language>() {
                Ok(language) if self.languages.is_empty() || self.languages.contains(&language) => {
                    if let Some(value) = read(self, value) {
                        found.insert(language, value);
                    }
                }
                Ok(_) => {
                    let sentence = format!("{key} is not one of the centre's languages");
                    self.notes.add(&key_node.place, sentence);
                }
                Err(_) if plain_before && value.is_empty() => self.notes.add(
                    &key_node.place,
                    "a comma inside { } ends a text without quotes; put quotes around the whole text",
                ),
                Err(_) => {
                    let known = self.languages.iter().map(|language| language.as_str());
                    let meant = nearest(key, known).map(str::to_owned);
                    self.notes.add_suggesting(&key_node.place, format!("\"{key}\" is no language"), meant);
                }
            }
            plain_before = value.scalar().is_some_and(|scalar| scalar.plain);
        }
        if self.notes.count() == before && !matches!(node.value, Value::Broken) {
            let missing: Vec<&str> = self
                .languages
                .iter()
                .filter(|language| !found.contains_key(language))
                .map(|language| language.as_str())
                .collect();
            if !missing.is_empty() {
                self.notes.add(&node.place, format!("no {noun} in {}", missing.join(", ")));
            }
        }
        (self.notes.count() == before).then_some(found)
    }

    fn recording(&mut self, node: &Node) -> Option<String> {
        let name = scalar::text(node, "play", &mut self.notes)?;
        let good = name.len() <= 100
            && name.split('/').all(|part| {
                !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
            });
        if !good {
            let sentence = format!(
                "\"{name}\" cannot be a recording: letters, digits, _, - and /, without the ending such as .wav"
            );
            self.notes.add(&node.place, sentence);
            return None;
        }
        if self.recordings.as_ref().is_some_and(|there| !there.contains(name)) {
            let meant = self.nearest_recording(name).map(str::to_owned);
            self.notes.add_suggesting(&node.place, format!("there is no recording prompts/{name}.wav"), meant);
            return None;
        }
        Some(name.into())
    }

    /// A text and its `{placeholders}`.
    fn text(&mut self, node: &Node) -> Option<Text> {
        let text = scalar::text(node, "the text", &mut self.notes)?;
        let plain = node.scalar().is_some_and(|scalar| scalar.plain);
        let mut wrong = |at: usize, sentence: String| {
            self.notes.add(&place_in(node, at), sentence);
            None
        };
        if text.chars().nth(LONGEST_TEXT).is_some() {
            return wrong(0, format!("a text of more than {LONGEST_TEXT} characters"));
        }
        if let Some(at) = text.chars().position(|c| c.is_control() && c != '\n') {
            return wrong(at, "a control character inside a text".into());
        }
        if plain && text.starts_with(['“', '”', '「', '『']) {
            return wrong(0, "full-width quotes are no quotes to YAML; write \" around the text".into());
        }
        let (mut pieces, mut words, mut names) = (Vec::new(), String::new(), Vec::new());
        let mut chars = text.trim().chars().enumerate();
        while let Some((at, c)) = chars.next() {
            match c {
                '{' => {
                    let name: String = chars.by_ref().map(|(_, c)| c).take_while(|c| *c != '}').collect();
                    let closed = text.trim().chars().nth(at + 1 + name.chars().count()) == Some('}');
                    if !closed || !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') {
                        return wrong(at, "{ begins a placeholder, as in {account}".into());
                    }
                    if !words.is_empty() {
                        pieces.push(Piece::Words(std::mem::take(&mut words)));
                    }
                    match Figure::named(&name).filter(|_| self.in_waiting) {
                        Some(figure) => pieces.push(Piece::Figure(figure)),
                        None => {
                            names.push((name.clone(), place_in(node, at)));
                            pieces.push(Piece::Variable(name));
                        }
                    }
                }
                '}' => return wrong(at, "a } that no { opens".into()),
                '\n' => words.push(' '),
                c => words.push(c),
            }
        }
        if !words.is_empty() {
            pieces.push(Piece::Words(words));
        }
        for (name, place) in names {
            self.refer_at(Kind::Variable, &name, &place);
        }
        Some(Text(pieces))
    }
}

/// A character's place inside a text, where the text stands on one line as it is; otherwise the text's own.
fn place_in(node: &Node, at: usize) -> Place {
    match node.scalar() {
        Some(scalar) if !scalar.text.contains(['\n', '\\', '"', '\'']) => {
            node.place.right_by(at + usize::from(!scalar.plain))
        }
        Some(_) | None => node.place.clone(),
    }
}
