//! Which number is called back: the one the caller calls from, or another that they key in (`number: ask` of a `call_back`).
//!
//! Whether a number may be called is not said here: the walk asks, and a caller whose number may not be hears so and may key
//! in another.

use std::sync::Arc;
use std::time::Duration;

use super::action::{Action, CallBack, Key};
use super::prompt::Prompt;
use super::question;
use super::walk::{Do, Doing, Heard, Listening, Pace, Walk};

/// How often anything is asked in all, until the caller goes where nobody is called back.
const TRIES: u8 = 3;
/// How long a key is waited for, as in a menu.
const KEY_WITHIN: Duration = Duration::from_secs(5);
/// As many as can be dialled, behind a prefix for the line out and one for abroad.
const MOST_DIGITS: usize = 20;

/// How far that has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Numbering {
    /// 1 or 2.
    Which { tries_left: u8, listening: Listening },
    /// The other number.
    Keying { tries_left: u8, listening: Listening, digits: String },
    /// Whether this number can be called is to be said.
    Asked { tries_left: u8 },
}

impl Numbering {
    /// What stops with it.
    pub(super) const fn stop(&self) -> Option<Do> {
        match self {
            Numbering::Which { listening, .. } | Numbering::Keying { listening, .. } => Some(listening.stop()),
            Numbering::Asked { .. } => None,
        }
    }
}

impl Walk {
    /// The question which number it is to be.
    pub(super) fn which_number(&mut self, out: &mut Vec<Do>) -> Pace {
        self.which_again(TRIES, out)
    }

    fn which_again(&mut self, tries_left: u8, out: &mut Vec<Do>) -> Pace {
        self.doing = Doing::Numbering(Numbering::Which { tries_left, listening: Listening::ToPrompt });
        self.say(question::which_number(self.language()), out);
        Pace::Pause
    }

    fn say(&self, prompt: Prompt, out: &mut Vec<Do>) {
        out.push(Do::Play(vec![prompt]));
    }

    /// What happened, as far as the question is concerned.
    pub(super) fn numbering(&mut self, state: Numbering, heard: Heard, out: &mut Vec<Do>) -> Pace {
        let plan = Arc::clone(self.plan());
        let Some(Action::CallBack(wanted)) = self.action(&plan) else { return Pace::Pause };
        match (state, heard) {
            (Numbering::Which { tries_left, listening: Listening::ToPrompt }, Heard::PlayEnded | Heard::PlayFailed) => {
                self.doing = Doing::Numbering(Numbering::Which { tries_left, listening: Listening::ToSilence });
                out.push(Do::Wait(KEY_WITHIN));
                Pace::Pause
            }
            (
                Numbering::Keying { tries_left, listening: Listening::ToPrompt, digits },
                Heard::PlayEnded | Heard::PlayFailed,
            ) => self.wait_for_digit(tries_left, digits, out),
            (Numbering::Which { tries_left, listening: Listening::ToSilence }, Heard::TimeUp) => match tries_left - 1 {
                // Who says nothing wanted to be called back all the same, and has a number.
                0 => self.number_is(wanted, 0, None, out),
                left => self.which_again(left, out),
            },
            (Numbering::Which { tries_left, listening }, Heard::Key(key)) => {
                out.push(listening.stop());
                self.keyed_for_number(key.to_string(), out);
                match key.as_char() {
                    '1' => self.number_is(wanted, tries_left, None, out),
                    '2' => self.key_number(tries_left, false, out),
                    _ if tries_left > 1 => self.which_again(tries_left - 1, out),
                    _ => self.number_is(wanted, 0, None, out),
                }
            }
            (Numbering::Keying { tries_left, listening: Listening::ToSilence, digits }, Heard::TimeUp) => {
                self.number_keyed(wanted, tries_left, digits, out)
            }
            (Numbering::Keying { tries_left, listening, digits }, Heard::Key(key)) => {
                self.digit(wanted, tries_left, listening, digits, key, out)
            }
            (Numbering::Asked { .. }, Heard::CallBack { promised: true }) => self.fall_through(),
            (Numbering::Asked { tries_left }, Heard::CallBack { promised: false }) => {
                self.key_again(wanted, tries_left, true, out)
            }
            (Numbering::Which { .. } | Numbering::Keying { .. } | Numbering::Asked { .. }, _) => Pace::Pause,
        }
    }

    fn keyed_for_number(&self, keys: String, out: &mut Vec<Do>) {
        out.push(Do::Keyed { step: self.step().clone(), into: None, keys });
    }

    fn wait_for_digit(&mut self, tries_left: u8, digits: String, out: &mut Vec<Do>) -> Pace {
        let listening = Listening::ToSilence;
        self.doing = Doing::Numbering(Numbering::Keying { tries_left, listening, digits });
        out.push(Do::Wait(KEY_WITHIN));
        Pace::Pause
    }

    /// `refused`: the one before cannot be called, and the caller is told so.
    fn key_number(&mut self, tries_left: u8, refused: bool, out: &mut Vec<Do>) -> Pace {
        let listening = Listening::ToPrompt;
        self.doing = Doing::Numbering(Numbering::Keying { tries_left, listening, digits: String::new() });
        let language = self.language();
        let sorry = refused.then(|| question::not_that_number(language));
        out.push(Do::Play(sorry.into_iter().chain([question::key_number(language)]).collect()));
        Pace::Pause
    }

    fn key_again(&mut self, wanted: &CallBack, tries_left: u8, refused: bool, out: &mut Vec<Do>) -> Pace {
        match tries_left.saturating_sub(1) {
            0 => self.enter(&wanted.otherwise, out),
            left => self.key_number(left, refused, out),
        }
    }

    fn digit(
        &mut self,
        wanted: &CallBack,
        tries_left: u8,
        listening: Listening,
        mut digits: String,
        key: Key,
        out: &mut Vec<Do>,
    ) -> Pace {
        match key {
            Key::Digit(_) => {
                digits.push(key.as_char());
                if digits.len() < MOST_DIGITS {
                    if listening == Listening::ToPrompt {
                        out.push(listening.stop());
                    }
                    return self.wait_for_digit(tries_left, digits, out);
                }
                out.push(listening.stop());
                self.number_keyed(wanted, tries_left, digits, out)
            }
            Key::Hash => {
                out.push(listening.stop());
                self.number_keyed(wanted, tries_left, digits, out)
            }
            // From the beginning.
            Key::Star => {
                out.push(listening.stop());
                self.key_again(wanted, tries_left, false, out)
            }
        }
    }

    fn number_keyed(&mut self, wanted: &CallBack, tries_left: u8, digits: String, out: &mut Vec<Do>) -> Pace {
        if digits.is_empty() {
            return self.key_again(wanted, tries_left, false, out);
        }
        self.keyed_for_number(digits.clone(), out);
        self.number_is(wanted, tries_left, Some(digits), out)
    }

    fn number_is(&mut self, wanted: &CallBack, tries_left: u8, number: Option<String>, out: &mut Vec<Do>) -> Pace {
        self.doing = Doing::Numbering(Numbering::Asked { tries_left });
        out.push(match number {
            Some(number) => Do::CallBackAt { wanted: wanted.clone(), number },
            None => Do::CallBack(wanted.clone()),
        });
        Pace::Pause
    }
}
