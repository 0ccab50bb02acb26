//! What a step can do: one `Action` per key of the YAML.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::keypad::AgentWish;
use super::language::Language;
use super::prompt::Spoken;
use crate::calendar::Moment;
use crate::routing::dial_out::DialledNumber;
use crate::routing::fact::TransferFailure;
use crate::routing::ids::{AgentName, QueueName, StepName};
use crate::routing::preference::Prefer;
use crate::routing::queue::Need;

/// One action of a step. Control falls through to the next unless the action says otherwise.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// `say`, `play`: the caller hears it to its end; keys meanwhile are kept for the next menu or ask.
    Play(Spoken),
    /// `menu`: one key chooses the step to go on with.
    Menu(Menu),
    /// `ask`: digits into a variable.
    Ask(Ask),
    /// `hours`: elsewhere when it is open, or when it is closed.
    Hours(HoursBranch),
    /// `set: { language: en }`: what the caller hears from here on.
    SetLanguage(Language),
    /// `queue`: the call leaves the dialplan for a queue. Ends the step.
    Queue(ToQueue),
    /// `call_back`: somebody of a queue calls the caller back, as soon as it is their turn from now on.
    CallBack(CallBack),
    /// `agent`: who calls from the station of exactly one person, or gives number and PIN, logs in or out, is ready, or
    /// takes a break, and hears what came of it.
    Agent(AgentWish),
    /// `go`: on with another step. Ends the step.
    Go(StepName),
    /// `transfer`: the caller is joined with a number outside. Ends the step.
    Transfer(Transfer),
    /// `hang_up`. Ends the call.
    HangUp,
}

/// `menu`: one key chooses.
#[derive(Clone, Debug, PartialEq)]
pub struct Menu {
    /// `say` or `play`: what is offered. A key cuts it short.
    pub prompt: Spoken,
    /// `keys`: where each key leads: `0` to `9`, `star`, `hash`.
    pub keys: BTreeMap<Key, StepName>,
    /// `timeout`: how long we wait for a key after the prompt has ended. 5s unless given; 1s to 60s.
    pub timeout: Duration,
    /// `tries`: how often the prompt is played in all. 3 unless given; 1 to 10.
    pub tries: u8,
    /// `otherwise`: where a caller goes who keyed nothing, or nonsense, in every try. Without it control falls
    /// through.
    pub otherwise: Option<StepName>,
}

/// `ask`: digits into a variable, which later texts may name as `{variable}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// `say` or `play`: the question. A key cuts it short.
    pub prompt: Spoken,
    /// `into`: the variable.
    pub into: String,
    /// `digits`: how many, as `8` or `3-4`; the fewest. 1 to 32.
    pub fewest: u8,
    /// The most; when this many are there, the answer is complete.
    pub most: u8,
    /// `ends`: the key that completes a shorter answer. `hash` unless given.
    pub ends: EndKey,
    /// `timeout`: how long we wait for the first and for each next digit. 5s unless given; 1s to 60s. Silence
    /// completes an answer that has digits enough.
    pub timeout: Duration,
    /// `tries`: how often the question is put in all. 3 unless given; 1 to 10.
    pub tries: u8,
    /// `otherwise`: where a caller goes who gave no answer in every try. Without it control falls through, with
    /// the variable empty.
    pub otherwise: Option<StepName>,
}

/// Which key completes an answer: `hash`, `star` or `none`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndKey {
    Hash,
    Star,
    /// No key: only enough digits, or silence.
    None,
}

impl EndKey {
    /// The key itself.
    pub const fn key(self) -> Option<Key> {
        match self {
            EndKey::Hash => Some(Key::Hash),
            EndKey::Star => Some(Key::Star),
            EndKey::None => None,
        }
    }
}

/// `hours`: a branch on the clock of the named opening hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoursBranch {
    /// `name`: which opening hours.
    pub name: String,
    /// `open`: where to go on while it is open. Without it control falls through.
    pub open: Option<StepName>,
    /// `closed`: where to go on while it is closed. Without it control falls through.
    pub closed: Option<StepName>,
}

/// `call_back`: control falls through where it is promised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallBack {
    /// `queue`: whose agents call back, by its rules.
    pub queue: QueueName,
    /// `number: ask`: the caller chooses between the number they call from and one that they key in; else the former.
    pub asks_number: bool,
    /// `otherwise`: where a caller goes who cannot be called back: no number is shown, or one that may not be dialled.
    pub otherwise: StepName,
}

/// `offer_call_back`: a key by which a waiting caller hangs up and keeps the place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferCallBack {
    /// `key`: which key, from when it was offered first.
    pub key: Key,
    /// `then`: the step that tells them so and hangs up.
    pub then: StepName,
}

impl Action {
    /// The action where it leads to a queue.
    pub const fn to_queue(&self) -> Option<&ToQueue> {
        match self {
            Action::Queue(to) => Some(to),
            Action::Play(_)
            | Action::Menu(_)
            | Action::Ask(_)
            | Action::Hours(_)
            | Action::SetLanguage(_)
            | Action::Agent(_)
            | Action::CallBack(_)
            | Action::Go(_)
            | Action::Transfer(_)
            | Action::HangUp => None,
        }
    }

    /// The action where it leads to a number outside.
    pub const fn to_outside(&self) -> Option<&Transfer> {
        match self {
            Action::Transfer(transfer) => Some(transfer),
            Action::Play(_)
            | Action::Menu(_)
            | Action::Ask(_)
            | Action::Hours(_)
            | Action::SetLanguage(_)
            | Action::Agent(_)
            | Action::Queue(_)
            | Action::CallBack(_)
            | Action::Go(_)
            | Action::HangUp => None,
        }
    }
}

/// `transfer`: the number rings, and the caller hears it ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// `number`: one that the centre's `dial_out` lets be dialled.
    pub number: DialledNumber,
    /// `ring_for`: how long it rings; as long as `dial_out` says unless given. 1s to 2m.
    pub ring_for: Option<Duration>,
    /// `busy`: where the caller goes when the number is busy; as when it failed, unless given.
    pub busy: Option<StepName>,
    /// `no_answer`: where the caller goes when nobody answers; as when it failed, unless given.
    pub no_answer: Option<StepName>,
    /// `failed`: where the caller goes when the number could not be reached, or may not be dialled just now.
    pub failed: StepName,
}

impl Transfer {
    /// Where the caller goes on.
    pub fn after(&self, how: TransferFailure) -> &StepName {
        let own = match how {
            TransferFailure::Busy => self.busy.as_ref(),
            TransferFailure::NoAnswer => self.no_answer.as_ref(),
            TransferFailure::Refused
            | TransferFailure::Unreachable
            | TransferFailure::NotAllowed
            | TransferFailure::TooMany
            | TransferFailure::Unseen => None,
        };
        own.unwrap_or(&self.failed)
    }
}

/// `queue` as it is written; what is handed over depends on the caller's language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToQueue {
    /// What holds for every caller.
    pub entry: QueueEntry,
    /// `needs` with a `language`: only for callers who are spoken to in it.
    pub needs_by_language: Vec<(Language, Need)>,
    /// `waiting`: what callers are told while they wait. What comes due at the same time is said in this order.
    pub waiting: Vec<Announcement>,
}

/// One rule of `waiting`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// `every` or `once`, with its `time`.
    pub due: Due,
    /// `do`: texts and recordings, one after the other. A text with a figure that is not known is left out.
    pub says: Vec<Spoken>,
    /// `offer_call_back` among them. Callers who cannot be called back do not hear this announcement.
    pub call_back: Option<OfferCallBack>,
}

/// When an announcement is due, counted from the joining of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// After this time of waiting. 1s to 1h.
    Once(Duration),
    /// After this time, and again after as much. 10s to 1h.
    Every(Duration),
}

impl Due {
    /// The first time after `after` that it is due, for who joined then.
    pub fn next(self, joined: Moment, after: Moment) -> Option<Moment> {
        match self {
            Due::Once(time) => Some(joined + time).filter(|at| *at > after),
            Due::Every(time) => {
                let period = time.as_millis().max(1);
                let past = after.since(joined).as_millis() / period;
                let ms = u64::try_from((past + 1).saturating_mul(period)).unwrap_or(u64::MAX);
                Some(joined + Duration::from_millis(ms))
            }
        }
    }
}

impl ToQueue {
    /// What is handed over with a caller of this language.
    pub fn entry_for(&self, language: Language) -> QueueEntry {
        let mut entry = self.entry.clone();
        let more = self.needs_by_language.iter().filter(|(only, _)| *only == language);
        entry.needs.extend(more.map(|(_, need)| need.clone()));
        entry
    }
}

/// What the dialplan hands to the core together with the call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueEntry {
    /// `name`, or the whole action as `queue: service`.
    pub queue: QueueName,
    /// `needs`: skills that the agent must have, besides what the queue itself asks for.
    pub needs: Vec<Need>,
    /// `credit`: how much longer than in truth the caller counts as having waited. None unless given.
    pub credit: Duration,
    /// `keep_wait`: who comes from another queue of the same call counts as having waited here what they waited there.
    #[serde(default)]
    pub keep_wait: bool,
    /// `prefer`: whom the caller knows, and for how long the call is kept for that agent.
    #[serde(default)]
    pub prefer: Vec<Prefer>,
    /// `agents`: these alone may take it, for as long as this step keeps it in the queue. Who is busy or on a break is waited
    /// for; where none of them is logged in, `nobody_logged_in` holds.
    #[serde(default)]
    pub agents: Vec<AgentName>,
    /// `music`: the class that is played here in place of the queue's own.
    #[serde(default)]
    pub music: Option<String>,
    /// `otherwise`: when the call leaves the queue again, and for which step. At most one of each kind.
    pub otherwise: Vec<(When, StepName)>,
}

impl QueueEntry {
    /// With nothing written beside the queue's name.
    pub const fn to(queue: QueueName) -> Self {
        Self {
            queue,
            needs: Vec::new(),
            credit: Duration::ZERO,
            keep_wait: false,
            prefer: Vec::new(),
            agents: Vec::new(),
            music: None,
            otherwise: Vec::new(),
        }
    }
}

/// When a call leaves a queue for another step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum When {
    /// A duration such as `5m`: it has waited so long and nobody has taken it.
    Waited(Duration),
    /// `full`: as many callers wait as the queue may hold.
    Full,
    /// `nobody_logged_in`: no agent that could ever take it is logged in: when it joins, or as it waits.
    NobodyLoggedIn,
    /// `closed`: the queue's `hours` are over: when it joins, or as it waits.
    Closed,
}

/// A key of a telephone. In YAML `0` to `9`, `star`, `hash`, because a bare `#` is a comment there and a bare
/// `*` an alias.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "char", try_from = "char")]
pub enum Key {
    /// 0 to 9, never more.
    Digit(Digit),
    Star,
    Hash,
}

/// 0 to 9.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digit(u8);

/// The character is on no key that we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not one of the keys 0-9, *, #")]
pub struct NotAKey;

impl Key {
    /// The character that switches use for it.
    pub const fn as_char(self) -> char {
        match self {
            Key::Digit(Digit(digit)) => (b'0' + digit) as char,
            Key::Star => '*',
            Key::Hash => '#',
        }
    }

    /// From the word that YAML uses for it.
    pub fn from_word(word: &str) -> Option<Key> {
        match word {
            "star" => Some(Key::Star),
            "hash" => Some(Key::Hash),
            _ => {
                let mut chars = word.chars();
                let digit = chars.next().filter(char::is_ascii_digit)?;
                if chars.next().is_some() {
                    return None;
                }
                Key::try_from(digit).ok()
            }
        }
    }
}

impl TryFrom<char> for Key {
    type Error = NotAKey;
    fn try_from(c: char) -> Result<Self, NotAKey> {
        match c {
            '0'..='9' => Ok(Key::Digit(Digit(c as u8 - b'0'))),
            '*' => Ok(Key::Star),
            '#' => Ok(Key::Hash),
            _ => Err(NotAKey),
        }
    }
}

impl From<Key> for char {
    fn from(key: Key) -> char {
        key.as_char()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.as_char(), f)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
