//! `Fields`: a map with known keys; `entries`: a map whose keys are names of the author's own.
//!
//! A slip in a key is told once and then read as what was meant, so that one slip is one mistake and not five.

use std::collections::BTreeMap;

use super::mistake::{Notes, Place, nearest};
use super::node::{Node, Value};

/// A map whose keys the language knows.
pub(crate) struct Fields<'n> {
    /// Where the map begins.
    pub(crate) place: &'n Place,
    what: &'static str,
    /// There are keys that nobody knows: what seems to be missing is probably among them.
    strays: bool,
    pairs: Vec<(&'static str, &'n Node, &'n Node)>,
}

/// The keys of one kind of map.
pub(crate) struct Known {
    /// What it is called in a sentence: `a menu`.
    pub(crate) what: &'static str,
    /// The keys there are.
    pub(crate) keys: &'static [&'static str],
    /// Keys that the design has and this version does not.
    pub(crate) later: &'static [&'static str],
}

impl<'n> Fields<'n> {
    /// Reads the keys of a map. `None`, and a mistake, when the node is no map.
    pub(crate) fn of(node: &'n Node, known: &Known, notes: &mut Notes) -> Option<Self> {
        let pairs = match &node.value {
            Value::Map(pairs) => pairs,
            Value::Broken => return None,
            Value::Scalar(scalar) if scalar.plain && scalar.text.contains('：') => {
                notes.add(&node.place, "the full-width ： is no colon to YAML; write : and a space");
                return None;
            }
            Value::Scalar(_) | Value::List(_) => {
                let sentence = format!("{} is written as keys with values ({})", known.what, known.keys.join(", "));
                notes.add(&node.place, sentence);
                return None;
            }
        };
        let mut fields = Fields { place: &node.place, what: known.what, strays: false, pairs: Vec::new() };
        let mut slips = Vec::new();
        for (at, (key, value)) in pairs.iter().enumerate() {
            let Some(text) = key_text(key, notes) else { continue };
            match known.keys.iter().find(|known| **known == text) {
                Some(known) => fields.push(known, key, value, notes),
                None => slips.push((at, text, key, value)),
            }
        }
        for (at, text, key, value) in slips {
            fields.slip(known, at.checked_sub(1).and_then(|before| pairs.get(before)), (text, key, value), notes);
        }
        Some(fields)
    }

    fn push(&mut self, known: &'static str, key: &'n Node, value: &'n Node, notes: &mut Notes) {
        match self.pairs.iter().find(|(name, ..)| *name == known) {
            Some((_, first, _)) => notes.add(&key.place, twice(known, &first.place, &key.place)),
            None => self.pairs.push((known, key, value)),
        }
    }

    /// A key that is not known: what it was meant to be.
    fn slip(
        &mut self,
        known: &Known,
        before: Option<&(Node, Node)>,
        (text, key, value): (&str, &'n Node, &'n Node),
        notes: &mut Notes,
    ) {
        self.strays = true;
        let plain_before = before.is_some_and(|(_, value)| value.scalar().is_some_and(|scalar| scalar.plain));
        if known.later.contains(&text) {
            notes.add(&key.place, not_yet(text));
        } else if value.is_empty() && plain_before && !text.is_ascii() {
            notes.add(&key.place, COMMA_SPLITS);
        } else if text.contains(['：', '，']) {
            notes.add(&key.place, "full-width ： or ， in a key; write the plain : or ,");
        } else {
            let free = known.keys.iter().copied().filter(|key| self.get(key).is_none());
            let meant = nearest(text, free);
            let sentence = match meant {
                Some(_) => format!("{} has no \"{text}\"", known.what),
                None => format!("{} has no \"{text}\"; it has {}", known.what, known.keys.join(", ")),
            };
            notes.add_suggesting(&key.place, sentence, meant);
            if let Some(meant) = known.keys.iter().find(|key| Some(**key) == meant) {
                self.strays = false;
                self.pairs.push((meant, key, value));
            }
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&'n Node> {
        self.pairs.iter().find(|(name, ..)| *name == key).map(|(.., value)| *value)
    }

    /// Where the key itself stands, rather than its value.
    pub(crate) fn key_place(&self, key: &str) -> Option<&'n Place> {
        self.pairs.iter().find(|(name, ..)| *name == key).map(|(_, key, _)| &key.place)
    }

    /// The value of a key that must be there.
    pub(crate) fn require(&self, key: &str, notes: &mut Notes) -> Option<&'n Node> {
        let found = self.get(key);
        if found.is_none() && !self.strays {
            notes.add(self.place, format!("{} needs \"{key}\"", self.what));
        }
        found
    }

    /// The one key of several that must be there; a mistake when none is, or more than one.
    pub(crate) fn one_of(&self, keys: &[&'static str], notes: &mut Notes) -> Option<(&'static str, &'n Node)> {
        let mut given = self.pairs.iter().filter(|(name, ..)| keys.contains(name));
        let first = given.next();
        match first {
            None if self.strays => {}
            None => notes.add(self.place, format!("{} needs {}", self.what, one_of(keys))),
            Some(_) => {
                for (name, key, _) in given {
                    notes.add(&key.place, format!("\"{name}\" as well: {} has only {}", self.what, one_of(keys)));
                }
            }
        }
        first.map(|(name, _, value)| (*name, *value))
    }
}

/// What the design has and this version does not.
pub(crate) fn not_yet(word: &str) -> String {
    format!("\"{word}\" is planned, and not there yet")
}

fn one_of(keys: &[&str]) -> String {
    format!("one of {}", keys.join(", "))
}

const COMMA_SPLITS: &str = "a comma inside { } ends a text without quotes; put quotes around the whole text";

/// The pairs of maps whose keys are names of the author's own, each key once in all of them together.
pub(crate) fn entries<'n>(nodes: &[&'n Node], what: &str, notes: &mut Notes) -> Vec<(&'n str, &'n Node, &'n Node)> {
    let mut entries: Vec<(&str, &Node, &Node)> = Vec::new();
    let mut seen: BTreeMap<&str, &Place> = BTreeMap::new();
    for node in nodes {
        let pairs = match &node.value {
            Value::Map(pairs) => pairs,
            Value::Broken => continue,
            Value::Scalar(_) | Value::List(_) => {
                notes.add(&node.place, format!("{what} are written as keys with values"));
                continue;
            }
        };
        for (key, value) in pairs {
            let Some(text) = key_text(key, notes) else { continue };
            match seen.get(text) {
                Some(first) => notes.add(&key.place, twice(text, first, &key.place)),
                None => {
                    seen.insert(text, &key.place);
                    entries.push((text, key, value));
                }
            }
        }
    }
    entries
}

fn twice(key: &str, first: &Place, second: &Place) -> String {
    if first.file != second.file {
        return format!("\"{key}\" is given twice, first in {}:{}", first.file, first.line);
    }
    format!("\"{key}\" is given twice, first in line {}; with quotes or without, it is one key", first.line)
}

fn key_text<'n>(key: &'n Node, notes: &mut Notes) -> Option<&'n str> {
    match &key.value {
        Value::Scalar(scalar) => Some(scalar.text.as_str()),
        Value::Broken => None,
        Value::List(_) | Value::Map(_) => {
            notes.add(&key.place, "a key is one word, not a list or a map");
            None
        }
    }
}

/// The items of a list, or the one thing that stands where a list may stand.
pub(crate) fn items<'n>(node: &'n Node, what: &str, notes: &mut Notes) -> &'n [Node] {
    match &node.value {
        Value::List(list) => list,
        Value::Broken => &[],
        Value::Scalar(_) | Value::Map(_) => {
            notes.add(&node.place, format!("{what} are written as a list: [one, another], or a line with - for each"));
            &[]
        }
    }
}
