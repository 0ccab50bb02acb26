//! Prompts: what a caller hears, before and after its placeholders are filled.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::action::Action;
use super::centre::Centre;
use super::figures::{Figure, Figures};
use super::keypad;
use super::language::Language;
use super::question::{key_number, not_that_number, press_one, which_number};

/// What an action has a caller hear, in every language of the centre.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spoken {
    /// `say`: a text for the speech program.
    Say(BTreeMap<Language, Text>),
    /// `play`: a recording by name, without directory and ending; several languages may share one.
    Play(BTreeMap<Language, String>),
}

/// A text with its `{placeholders}` found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text(pub Vec<Piece>);

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Said as it stands.
    Words(String),
    /// `{variable}`: what an `ask` before it took in.
    Variable(String),
    /// `{position}` and its like, of a caller who waits.
    Figure(Figure),
}

/// One thing to play, complete: every placeholder is filled.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Prompt {
    pub language: Language,
    pub sound: Sound,
}

/// Where a prompt's sound comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Sound {
    /// To be spoken by the speech program.
    Say(String),
    /// A call comes now.
    Tone,
    /// A recording of the centre: `prompts/<name>.wav` in its directory.
    Recording(String),
}

impl Text {
    /// Whether the text is the same for every caller, so that it can be made before it is needed.
    pub fn is_static(&self) -> bool {
        self.0.iter().all(|piece| match piece {
            Piece::Words(_) => true,
            Piece::Variable(_) | Piece::Figure(_) => false,
        })
    }

    /// The text with `variables` filled in. Digits are set apart, so that a speech program reads each of them
    /// and not one large number; a variable that nobody keyed is left out.
    pub fn filled(&self, variables: &BTreeMap<String, String>) -> String {
        self.fill(variables, |_| Some(String::new())).unwrap_or_default()
    }

    /// `None`: it would say what `figure` does not know.
    fn fill(&self, variables: &BTreeMap<String, String>, figure: impl Fn(Figure) -> Option<String>) -> Option<String> {
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Words(words) => out.push_str(words),
                Piece::Variable(name) => {
                    let keyed = variables.get(name).map(String::as_str).unwrap_or_default();
                    for (i, digit) in keyed.chars().enumerate() {
                        if i > 0 {
                            out.push(' ');
                        }
                        out.push(digit);
                    }
                }
                // A number, read as one.
                Piece::Figure(of) => out.push_str(&figure(*of)?),
            }
        }
        Some(out)
    }
}

impl Spoken {
    /// What is played to a caller of this language. A language that the centre does not have falls back to the
    /// first there is; `None` only when there is nothing at all.
    pub fn prompt(&self, language: Language, variables: &BTreeMap<String, String>) -> Option<Prompt> {
        match self {
            Spoken::Say(texts) => pick(texts, language)
                .map(|(language, text)| Prompt { language, sound: Sound::Say(text.filled(variables)) }),
            Spoken::Play(names) => {
                pick(names, language).map(|(language, name)| Prompt { language, sound: Sound::Recording(name.clone()) })
            }
        }
    }

    /// The same for a caller who waits; `None` too where it would say a figure that is not known.
    pub fn told(&self, language: Language, variables: &BTreeMap<String, String>, figures: &Figures) -> Option<Prompt> {
        match self {
            Spoken::Say(texts) => {
                let (language, text) = pick(texts, language)?;
                let text = text.fill(variables, |figure| figures.said(figure, language))?;
                Some(Prompt { language, sound: Sound::Say(text) })
            }
            Spoken::Play(_) => self.prompt(language, variables),
        }
    }

    /// What is said in each language, or the name of the recording: for who reads rather than hears it.
    pub fn in_languages(&self) -> BTreeMap<String, String> {
        match self {
            Spoken::Say(texts) => {
                texts.iter().map(|(language, text)| (language.to_string(), text.filled(&BTreeMap::new()))).collect()
            }
            Spoken::Play(names) => names.iter().map(|(language, name)| (language.to_string(), name.clone())).collect(),
        }
    }

    fn static_prompts(&self, into: &mut BTreeSet<Prompt>) {
        match self {
            Spoken::Say(texts) => into.extend(
                texts
                    .iter()
                    .filter(|(_, text)| text.is_static())
                    .map(|(&language, text)| Prompt { language, sound: Sound::Say(text.filled(&BTreeMap::new())) }),
            ),
            Spoken::Play(names) => into.extend(
                names.iter().map(|(&language, name)| Prompt { language, sound: Sound::Recording(name.clone()) }),
            ),
        }
    }
}

/// A language that is not there falls back to the first there is.
fn pick<T>(of: &BTreeMap<Language, T>, language: Language) -> Option<(Language, &T)> {
    of.get_key_value(&language).or_else(|| of.iter().next()).map(|(language, value)| (*language, value))
}

/// Every prompt of the centre that is the same for every caller, each once, so that it can be made before
/// anybody waits for it.
pub fn all_prompts(centre: &Centre) -> Vec<Prompt> {
    let mut found = BTreeSet::new();
    for message in centre.emergency.values() {
        message.says.static_prompts(&mut found);
    }
    for action in centre.steps.values().flat_map(|step| &step.actions) {
        match action {
            Action::Play(spoken) => spoken.static_prompts(&mut found),
            Action::Menu(menu) => menu.prompt.static_prompts(&mut found),
            Action::Ask(ask) => ask.prompt.static_prompts(&mut found),
            Action::Queue(to) => {
                to.waiting.iter().flat_map(|rule| &rule.says).for_each(|said| said.static_prompts(&mut found));
            }
            Action::Agent(wish) => keypad::prompts(wish, &centre.languages, &mut found),
            Action::CallBack(wanted) if wanted.asks_number => {
                let asked = [which_number, key_number, not_that_number];
                found.extend(centre.languages.iter().flat_map(|language| asked.map(|ask| ask(*language))));
            }
            Action::Hours(_)
            | Action::SetLanguage(_)
            | Action::CallBack(_)
            | Action::Go(_)
            | Action::Transfer(_)
            | Action::HangUp => {}
        }
    }
    if centre.dial_out.is_some() {
        found.insert(press_one(centre.first_language()));
    }
    found.into_iter().collect()
}
