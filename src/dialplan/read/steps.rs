//! `steps`: the actions, one key each.

use std::collections::BTreeMap;
use std::time::Duration;

use super::fields::{Fields, Known, entries, not_yet};
use super::mistake::{Place, nearest};
use super::node::{Node, Value};
use super::reading::{Kind, Reading};
use super::scalar;
use crate::dialplan::action::{Action, Ask, EndKey, HoursBranch, Key, Menu, QueueEntry, ToQueue, Transfer, When};
use crate::dialplan::keypad::{AgentWish, TRIES};
use crate::dialplan::language::Language;
use crate::dialplan::prompt::Spoken;
use crate::routing::dial_out::DialledNumber;
use crate::routing::ids::{AgentName, BreakReason, QueueName, StepName};

const ACTIONS: [&str; 12] =
    ["say", "play", "menu", "ask", "hours", "set", "queue", "call_back", "agent", "go", "transfer", "hang_up"];

/// Actions that the design has and this version does not.
const ACTIONS_LATER: [&str; 7] = ["look_up", "if", "record", "voicemail", "include", "send", "open_case"];

const MENU: Known = Known {
    what: "a menu",
    keys: &["say", "play", "keys", "timeout", "tries", "otherwise"],
    later: &["nothing", "nonsense", "speech"],
};

const ASK: Known = Known {
    what: "an ask",
    keys: &["say", "play", "digits", "ends", "into", "timeout", "tries", "otherwise"],
    later: &["secret", "confirm"],
};

const HOURS: Known = Known { what: "an hours action", keys: &["name", "open", "closed"], later: &[] };

const AGENT: Known = Known { what: "an agent action", keys: &["break", "log_in_by_pin"], later: &[] };

const PIN: Known = Known { what: "log_in_by_pin", keys: &["tries"], later: &[] };

const SET: Known = Known { what: "a set action", keys: &["language"], later: &["priority", "customer"] };

const QUEUE: Known = Known {
    what: "a queue action",
    keys: &["name", "needs", "prefer", "agents", "credit", "keep_wait", "music", "waiting", "otherwise"],
    later: &["priority"],
};

const TRANSFER: Known = Known {
    what: "a transfer",
    keys: &["number", "ring_for", "busy", "no_answer", "failed"],
    later: &["queue", "agent"],
};

/// A need of a step may hold only for callers of one language; a queue does not know their language.
const STEP_NEED: Known = Known { what: "a need", keys: &["skill", "level", "language", "until"], later: &[] };

/// How long a caller may be waited for; a minute of silence is a caller who has gone.
const PATIENCE: std::ops::RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(60);
const PATIENCE_DEFAULT: Duration = Duration::from_secs(5);
const TRIES_DEFAULT: u8 = 3;
/// How often somebody may try number and PIN in one call: who has forgotten it twice asks an admin.
const MOST_TRIES_OF_PIN: u64 = 5;
/// The longest answer: a card number with room.
const MOST_DIGITS: u8 = 32;

/// A step as it was read, with all that the checks of the whole want to know.
pub(crate) struct Draft {
    pub(crate) name: StepName,
    pub(crate) place: Place,
    pub(crate) actions: Vec<(Action, Place)>,
    /// Every action could be read, so that what leads where is known.
    pub(crate) sound: bool,
}

impl Reading {
    /// All steps of the centre.
    pub(super) fn steps(&mut self, nodes: &[&Node]) -> Vec<Draft> {
        let mut drafts = Vec::new();
        for (name, key, value) in entries(nodes, "steps", &mut self.notes) {
            self.define(Kind::Step, name);
            if scalar::is_name(name, "the name of a step", key, &mut self.notes) {
                let name = StepName::new(name);
                self.step = Some(name.clone());
                drafts.push(self.draft(name, key, value));
                self.step = None;
            }
        }
        drafts
    }

    fn draft(&mut self, name: StepName, key: &Node, node: &Node) -> Draft {
        let before = self.notes.count();
        let mut actions = Vec::new();
        match &node.value {
            Value::List(list) if list.is_empty() => self.notes.add(&node.place, format!("step \"{name}\" is empty")),
            Value::List(list) => {
                for item in list {
                    actions.extend(self.action(item).map(|action| (action, item.place.clone())));
                }
            }
            Value::Scalar(_) if node.is_empty() => self.notes.add(&key.place, format!("step \"{name}\" is empty")),
            Value::Scalar(_) | Value::Map(_) => {
                self.notes.add(&node.place, "a step is a list of actions; put \"- \" before each");
                if let Value::Map(pairs) = &node.value {
                    for (key, value) in pairs {
                        actions.extend(self.keyed_action(key, value).map(|action| (action, key.place.clone())));
                    }
                }
            }
            Value::Broken => {}
        }
        let sound = self.notes.count() == before && !matches!(node.value, Value::Broken);
        Draft { name, place: key.place.clone(), actions, sound }
    }

    fn action(&mut self, node: &Node) -> Option<Action> {
        match &node.value {
            Value::Map(pairs) => {
                let ((key, value), more) = pairs.split_first()?;
                if let Some((second, _)) = more.first() {
                    let key = key.scalar().map(|scalar| scalar.text.as_str()).unwrap_or_default();
                    let sentence = if value.is_empty() {
                        format!("this must stand further right than \"{key}\", which it belongs to")
                    } else {
                        "an action is one key; put \"- \" before this one, or indent it".into()
                    };
                    self.notes.add(&second.place, sentence);
                    if value.is_empty() {
                        return None;
                    }
                }
                self.keyed_action(key, value)
            }
            Value::Scalar(scalar) if scalar.text == "hang_up" => Some(Action::HangUp),
            Value::Scalar(scalar) if scalar.plain && scalar.text.contains('：') => {
                self.notes.add(&node.place, "the full-width ： is no colon to YAML; write : and a space");
                None
            }
            Value::Scalar(scalar) if ACTIONS.contains(&scalar.text.as_str()) => {
                self.notes.add(&node.place, format!("{} needs a colon and a value", scalar.text));
                None
            }
            Value::Scalar(_) | Value::List(_) => {
                let sentence = format!("an action is one key with its value ({})", ACTIONS.join(", "));
                let meant = node.scalar().and_then(|scalar| nearest(&scalar.text, ACTIONS));
                self.notes.add_suggesting(&node.place, sentence, meant);
                None
            }
            Value::Broken => None,
        }
    }

    fn keyed_action(&mut self, key: &Node, value: &Node) -> Option<Action> {
        let word = key.scalar().map(|scalar| scalar.text.as_str()).unwrap_or_default();
        let word = if ACTIONS.contains(&word) {
            word
        } else if ACTIONS_LATER.contains(&word) {
            self.notes.add(&key.place, not_yet(word));
            return None;
        } else {
            let meant = nearest(word, ACTIONS);
            let sentence = format!("no action is called \"{word}\"; there are {}", ACTIONS.join(", "));
            self.notes.add_suggesting(&key.place, sentence, meant);
            // Read on as what was meant, so that what it refers to counts as used.
            meant?
        };
        match word {
            "say" => self.say(value).map(Action::Play),
            "play" => self.play(value).map(Action::Play),
            "menu" => self.menu(value).map(Action::Menu),
            "ask" => self.ask(value).map(Action::Ask),
            "hours" => self.hours_branch(value).map(Action::Hours),
            "set" => self.set(value).map(Action::SetLanguage),
            "queue" => self.queue_action(value).map(Action::Queue),
            "call_back" => self.call_back(value).map(Action::CallBack),
            "agent" => self.agent_wish(value).map(Action::Agent),
            "go" => self.step(value, "go").map(Action::Go),
            "transfer" => self.transfer(value).map(Action::Transfer),
            // With nothing after it or {}.
            "hang_up" => match &value.value {
                Value::Map(pairs) if pairs.is_empty() => Some(Action::HangUp),
                Value::Scalar(_) if value.is_empty() => Some(Action::HangUp),
                Value::Scalar(_) | Value::Map(_) | Value::List(_) => {
                    self.notes.add(&value.place, "hang_up has no value");
                    None
                }
                Value::Broken => None,
            },
            // A word of the list that nothing above reads: ours to mend, and never taken for another.
            unread => {
                self.notes.add(&key.place, not_yet(unread));
                None
            }
        }
    }

    /// `log_in`, `log_in_by_pin`, `log_out`, `ready`, or `{ break: lunch }`, `{ log_in_by_pin: { tries: 2 } }`.
    fn agent_wish(&mut self, node: &Node) -> Option<AgentWish> {
        if let Value::Scalar(_) = node.value {
            if node.scalar().is_some_and(|scalar| scalar.text == "break") {
                self.notes.add(&node.place, "a break has a reason; write agent: { break: lunch }");
                return None;
            }
            let words = [
                ("log_in", AgentWish::LogIn),
                ("log_in_by_pin", AgentWish::LogInByPin { tries: TRIES }),
                ("log_out", AgentWish::LogOut),
                ("ready", AgentWish::Ready),
            ];
            return scalar::word(node, "agent", &words, &mut self.notes);
        }
        let fields = Fields::of(node, &AGENT, &mut self.notes)?;
        let asked = fields.one_of(&["break", "log_in_by_pin"], &mut self.notes);
        let reason = match asked? {
            ("log_in_by_pin", node) => return self.log_in_by_pin(node),
            (_, reason) => reason,
        };
        self.refer(Kind::BreakReason, reason, "break").map(|reason| AgentWish::Break(BreakReason::new(reason)))
    }

    fn log_in_by_pin(&mut self, node: &Node) -> Option<AgentWish> {
        let fields = Fields::of(node, &PIN, &mut self.notes)?;
        let tries = fields.require("tries", &mut self.notes)?;
        let tries = scalar::number(tries, "tries", 1..=MOST_TRIES_OF_PIN, &mut self.notes)?;
        Some(AgentWish::LogInByPin { tries: u8::try_from(tries).ok()? })
    }

    fn menu(&mut self, node: &Node) -> Option<Menu> {
        let fields = Fields::of(node, &MENU, &mut self.notes)?;
        let prompt = self.prompt(&fields);
        let keys = fields.require("keys", &mut self.notes).and_then(|node| self.menu_keys(node));
        let (timeout, tries, otherwise) = self.patience(&fields);
        Some(Menu { prompt: prompt?, keys: keys?, timeout: timeout?, tries: tries?, otherwise: otherwise? })
    }

    fn menu_keys(&mut self, node: &Node) -> Option<BTreeMap<Key, StepName>> {
        let mut keys = BTreeMap::new();
        let before = self.notes.count();
        for (word, key, value) in entries(&[node], "the keys of a menu", &mut self.notes) {
            let step = self.step(value, &format!("key {word}"));
            match (Key::from_word(word), step) {
                (Some(key), Some(step)) => {
                    keys.insert(key, step);
                }
                (Some(_), None) => {}
                (None, _) => {
                    let meant = match word {
                        "#" | "pound" | "square" => Some("hash"),
                        "*" | "asterisk" => Some("star"),
                        _ => nearest(word, ["star", "hash"]),
                    };
                    let sentence = format!("\"{word}\" is no key of a telephone; keys are 0 to 9, star, hash");
                    self.notes.add_suggesting(&key.place, sentence, meant);
                }
            }
        }
        if keys.is_empty() && self.notes.count() == before && !matches!(node.value, Value::Broken) {
            self.notes.add(&node.place, "a menu needs at least one key");
        }
        (self.notes.count() == before).then_some(keys)
    }

    fn ask(&mut self, node: &Node) -> Option<Ask> {
        let fields = Fields::of(node, &ASK, &mut self.notes)?;
        let prompt = self.prompt(&fields);
        let digits = fields.require("digits", &mut self.notes).and_then(|node| self.digits(node));
        let ends = match fields.get("ends") {
            Some(node) => {
                let words = [("hash", EndKey::Hash), ("star", EndKey::Star), ("none", EndKey::None)];
                scalar::word(node, "ends", &words, &mut self.notes)
            }
            None => Some(EndKey::Hash),
        };
        let into = fields.require("into", &mut self.notes).and_then(|node| {
            let name = scalar::text(node, "into", &mut self.notes)?;
            self.define(Kind::Variable, name);
            scalar::is_name(name, "the name of a variable", node, &mut self.notes).then(|| name.to_owned())
        });
        let (timeout, tries, otherwise) = self.patience(&fields);
        let (fewest, most) = digits?;
        Some(Ask {
            prompt: prompt?,
            into: into?,
            fewest,
            most,
            ends: ends?,
            timeout: timeout?,
            tries: tries?,
            otherwise: otherwise?,
        })
    }

    /// `8` or `3-4`.
    fn digits(&mut self, node: &Node) -> Option<(u8, u8)> {
        let text = scalar::text(node, "digits", &mut self.notes)?;
        let (fewest, most) = text.split_once('-').unwrap_or((text, text));
        let one = |text: &str| {
            scalar::digits(text.trim()).and_then(|n| u8::try_from(n).ok()).filter(|n| (1..=MOST_DIGITS).contains(n))
        };
        match (one(fewest), one(most)) {
            (Some(fewest), Some(most)) if fewest <= most => Some((fewest, most)),
            _ => {
                let sentence =
                    format!("digits are a number or a range such as 3-4, from 1 to {MOST_DIGITS}, not \"{text}\"");
                self.notes.add(&node.place, sentence);
                None
            }
        }
    }

    pub(super) fn prompt(&mut self, fields: &Fields<'_>) -> Option<Spoken> {
        match fields.one_of(&["say", "play"], &mut self.notes)? {
            ("say", node) => self.say(node),
            (_, node) => self.play(node),
        }
    }

    /// `timeout`, `tries`, `otherwise`: what menu and ask have in common. The outer `None` is a mistake.
    fn patience(&mut self, fields: &Fields<'_>) -> (Option<Duration>, Option<u8>, Option<Option<StepName>>) {
        let timeout = match fields.get("timeout") {
            Some(node) => scalar::duration(node, "timeout", PATIENCE, &mut self.notes),
            None => Some(PATIENCE_DEFAULT),
        };
        let tries = match fields.get("tries") {
            Some(node) => scalar::number(node, "tries", 1..=10, &mut self.notes).and_then(|n| u8::try_from(n).ok()),
            None => Some(TRIES_DEFAULT),
        };
        let otherwise = match fields.get("otherwise") {
            Some(node) => self.step(node, "otherwise").map(Some),
            None => Some(None),
        };
        (timeout, tries, otherwise)
    }

    fn hours_branch(&mut self, node: &Node) -> Option<HoursBranch> {
        let fields = Fields::of(node, &HOURS, &mut self.notes)?;
        let name = fields.require("name", &mut self.notes);
        let name = name.and_then(|node| self.refer(Kind::Hours, node, "the name of the hours"));
        let before = self.notes.count();
        let branch = |reading: &mut Self, key| fields.get(key).and_then(|node| reading.step(node, key));
        let (open, closed) = (branch(self, "open"), branch(self, "closed"));
        if fields.get("open").is_none() && fields.get("closed").is_none() {
            self.notes.add(&node.place, "hours need \"closed\" or \"open\", or nothing depends on them");
        }
        (self.notes.count() == before).then_some(())?;
        Some(HoursBranch { name: name?.into(), open, closed })
    }

    fn set(&mut self, node: &Node) -> Option<Language> {
        let fields = Fields::of(node, &SET, &mut self.notes)?;
        let node = fields.require("language", &mut self.notes)?;
        self.language(node)
    }

    fn queue_action(&mut self, node: &Node) -> Option<ToQueue> {
        if let Value::Scalar(_) = node.value {
            let queue = QueueName::new(self.refer(Kind::Queue, node, "queue")?);
            let (needs, prefer, otherwise) = (Vec::new(), Vec::new(), Vec::new());
            let entry = QueueEntry {
                queue,
                needs,
                credit: Duration::ZERO,
                keep_wait: false,
                prefer,
                agents: Vec::new(),
                music: None,
                otherwise,
            };
            return Some(ToQueue { entry, needs_by_language: Vec::new(), waiting: Vec::new() });
        }
        let fields = Fields::of(node, &QUEUE, &mut self.notes)?;
        let before = self.notes.count();
        let name = fields.require("name", &mut self.notes);
        let queue = name.and_then(|node| self.refer(Kind::Queue, node, "the name of the queue"));
        let (mut needs, mut needs_by_language) = (Vec::new(), Vec::new());
        for (language, need) in fields.get("needs").map(|node| self.needs(node, &STEP_NEED)).unwrap_or_default() {
            match language {
                None => needs.push(need),
                Some(language) => needs_by_language.push((language, need)),
            }
        }
        let credit = match fields.get("credit") {
            Some(node) => {
                let range = Duration::ZERO..=Duration::from_secs(3600);
                scalar::duration(node, "credit", range, &mut self.notes)
            }
            None => Some(Duration::ZERO),
        };
        let keep_wait = match fields.get("keep_wait") {
            Some(node) => scalar::word(node, "keep_wait", &[("true", true), ("false", false)], &mut self.notes),
            None => Some(false),
        };
        let prefer = fields.get("prefer").map(|node| self.prefer(node)).unwrap_or_default();
        let agents = fields.get("agents").map(|node| self.agents_alone(node, &fields)).unwrap_or_default();
        let music = fields.get("music").and_then(|node| super::queues::music(node, self));
        let waiting = fields.get("waiting").map(|node| self.waiting(node)).unwrap_or_default();
        let otherwise = fields.get("otherwise").map(|node| self.otherwise(node, queue)).unwrap_or_default();
        if let Some(node) =
            fields.get("agents").filter(|_| !otherwise.iter().any(|(when, _)| matches!(when, When::Waited(_))))
        {
            let sentence = "agents alone may take the call, so it says when it goes on: otherwise: { 30s: step }";
            self.notes.add(&node.place, sentence);
        }
        (self.notes.count() == before).then_some(())?;
        let (queue, credit, keep_wait) = (QueueName::new(queue?), credit?, keep_wait?);
        let entry = QueueEntry { queue, needs, credit, keep_wait, prefer, agents, music, otherwise };
        Some(ToQueue { entry, needs_by_language, waiting })
    }

    /// `agents: [a1001]`: nobody else.
    fn agents_alone(&mut self, node: &Node, fields: &Fields<'_>) -> Vec<AgentName> {
        let agents = self.agents_in_order(node, "agents");
        if agents.is_empty() && matches!(&node.value, Value::List(list) if list.is_empty()) {
            self.notes.add(&node.place, "agents lists nobody, so nobody could take the call; leave it out for all");
        }
        if let Some(place) = fields.key_place("prefer") {
            self.notes.add(place, "prefer beside agents: these agents alone may take the call");
        }
        agents
    }

    fn transfer(&mut self, node: &Node) -> Option<Transfer> {
        let fields = Fields::of(node, &TRANSFER, &mut self.notes)?;
        let number = fields.require("number", &mut self.notes).and_then(|node| self.number_outside(node));
        let ringing = Duration::from_secs(1)..=Duration::from_secs(120);
        let ring_for = fields.get("ring_for").map(|n| scalar::duration(n, "ring_for", ringing, &mut self.notes));
        let mut step = |key: &'static str| fields.get(key).map(|node| self.step(node, key));
        let (busy, no_answer) = (step("busy"), step("no_answer"));
        let failed = fields.require("failed", &mut self.notes).and_then(|node| self.step(node, "failed"));
        let own = |step: Option<Option<StepName>>| match step {
            Some(step) => step.map(Some),
            None => Some(None),
        };
        let ring_for = match ring_for {
            Some(ring_for) => Some(ring_for?),
            None => None,
        };
        Some(Transfer { number: number?, ring_for, busy: own(busy)?, no_answer: own(no_answer)?, failed: failed? })
    }

    /// One that may be dialled at all: whether this centre may is checked when its `dial_out` is known.
    fn number_outside(&mut self, node: &Node) -> Option<DialledNumber> {
        let text = scalar::text(node, "number", &mut self.notes)?;
        match text.parse::<DialledNumber>() {
            Ok(number) => {
                self.outside.push((number.clone(), node.place.clone()));
                Some(number)
            }
            Err(why) => {
                self.notes.add(&node.place, format!("\"{text}\" is {why}"));
                None
            }
        }
    }

    /// `{ 5m: overflow, full: busy, nobody_logged_in: after_hours, closed: after_hours }`.
    fn otherwise(&mut self, node: &Node, queue: Option<&str>) -> Vec<(When, StepName)> {
        // The longest wait that anybody would let a caller have before something else happens.
        let range = Duration::from_secs(1)..=Duration::from_secs(4 * 3600);
        let mut found: Vec<(When, StepName)> = Vec::new();
        let what = "otherwise of a queue (a duration such as 5m, full, nobody_logged_in, closed)";
        for (word, key, value) in entries(&[node], what, &mut self.notes) {
            let when = match word {
                "full" => Some(When::Full),
                "nobody_logged_in" => Some(When::NobodyLoggedIn),
                "closed" => {
                    self.closings.extend(queue.map(|queue| (QueueName::new(queue), key.place.clone())));
                    Some(When::Closed)
                }
                _ if word.starts_with(|c: char| c.is_ascii_digit()) => {
                    scalar::duration(key, "a wait", range.clone(), &mut self.notes).map(When::Waited)
                }
                _ => {
                    let meant = nearest(word, ["full", "nobody_logged_in", "closed"]);
                    let sentence = format!(
                        "\"{word}\" is nothing that happens in a queue; write a duration such as 5m, full, nobody_logged_in, or closed"
                    );
                    self.notes.add_suggesting(&key.place, sentence, meant);
                    None
                }
            };
            let waited = |when: &When| matches!(when, When::Waited(_));
            if when.as_ref().is_some_and(waited) && found.iter().any(|(when, _)| waited(when)) {
                self.notes.add(&key.place, "a second duration; a call leaves the queue at the first");
            }
            let step = self.step(value, word);
            found.extend(when.zip(step));
        }
        found
    }
}
