//! The text of a scenario to its types, with every mistake at its place: first the file, then what of it is not in the
//! centre that it names.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;

use super::scenario::{Group, MOST_DAYS, MOST_LINES, MOST_PER_HOUR, Otherwise, Scenario, ScenarioError, Stream};
use super::spread::Spread;
use crate::calendar::Week;
use crate::dialplan::read::fields::{Fields, Known, entries};
use crate::dialplan::read::mistake::{Notes, nearest};
use crate::dialplan::read::node::{Node, Value};
use crate::dialplan::read::{scalar, syntax};
use crate::dialplan::{Centre, Key};
use crate::reports::Width;
use crate::routing::ids::PhoneNumber;

const SCENARIO: Known = Known {
    what: "a scenario",
    keys: &["rehearsal", "centre", "first_day", "last_day", "interval", "seed", "lines", "callers", "agents"],
    later: &["campaigns", "chats"],
};
const STREAM: Known = Known {
    what: "a stream of callers",
    keys: &["to", "per_hour", "days", "keys", "patience", "talks", "wrap_up"],
    later: &["customers", "tries_again"],
};

/// Keys that one caller presses.
const MOST_KEYS: usize = 64;

pub(super) struct Reader<'c> {
    pub(super) notes: Notes,
    /// What is held against it.
    pub(super) centre: Option<&'c Centre>,
}

pub(super) fn read(path: &Path, bytes: &[u8], otherwise: &Otherwise) -> Result<Scenario, ScenarioError> {
    let file: Arc<str> = path.display().to_string().into();
    let mut notes = Notes::default();
    let root = syntax::parse(&file, bytes, &mut notes);
    let directory = root.as_ref().and_then(|root| centre_of(root, &mut notes));
    let (Some(root), Some(directory)) = (root, directory) else {
        notes.finish()?;
        return Err(ScenarioError::Asked(format!("{file}: nothing to rehearse")));
    };
    let (centre, files) = otherwise.centre(&path.parent().unwrap_or(Path::new("")).join(directory))?;
    let mut reader = Reader { notes, centre: Some(&centre) };
    let read = reader.scenario(&root);
    reader.notes.finish()?;
    let Some(read) = read else { return Err(ScenarioError::Asked(format!("{file}: nothing to rehearse"))) };
    let Read { first, last, width, seed, lines, callers, agents } = read;
    Ok(Scenario { centre, files, first, last, width, seed, lines, callers, agents })
}

/// Looked for first, because all else is held against it.
fn centre_of(root: &Node, notes: &mut Notes) -> Option<String> {
    let mut apart = Notes::default();
    let fields = match Fields::of(root, &SCENARIO, &mut apart) {
        Some(fields) => fields,
        None => Fields::of(root, &SCENARIO, notes)?,
    };
    let node = fields.require("centre", notes)?;
    scalar::text(node, "centre", notes).map(str::to_owned)
}

struct Read {
    first: Date,
    last: Date,
    width: Width,
    seed: u64,
    lines: usize,
    callers: BTreeMap<String, Stream>,
    agents: BTreeMap<String, Group>,
}

impl Reader<'_> {
    fn scenario(&mut self, root: &Node) -> Option<Read> {
        let fields = Fields::of(root, &SCENARIO, &mut self.notes)?;
        if let Some(node) = fields.require("rehearsal", &mut self.notes) {
            scalar::number(node, "rehearsal (the version of this language)", 1..=1, &mut self.notes);
        }
        let first = fields.require("first_day", &mut self.notes).and_then(|node| self.date(node, "first_day"));
        let last = match fields.get("last_day") {
            Some(node) => self.date(node, "last_day").and_then(|last| self.last_day(node, first?, last)),
            None => first,
        };
        let widths = [("15m", Width::Quarter), ("30m", Width::Half), ("1h", Width::Hour)];
        let width = match fields.get("interval") {
            Some(node) => scalar::word(node, "interval", &widths, &mut self.notes),
            None => Some(Width::Half),
        };
        let seed = match fields.get("seed") {
            Some(node) => scalar::number(node, "seed", 0..=u64::MAX, &mut self.notes),
            None => Some(1),
        };
        let lines = match fields.get("lines") {
            Some(node) => scalar::number(node, "lines", 1..=MOST_LINES as u64, &mut self.notes),
            None => Some(MOST_LINES as u64),
        };
        let callers = fields.require("callers", &mut self.notes).map(|node| self.callers(node));
        let agents = fields.require("agents", &mut self.notes).map(|node| self.agents(node));
        let lines = usize::try_from(lines?).unwrap_or(MOST_LINES);
        Some(Read { first: first?, last: last?, width: width?, seed: seed?, lines, callers: callers?, agents: agents? })
    }

    fn date(&mut self, node: &Node, what: &str) -> Option<Date> {
        let text = scalar::text(node, what, &mut self.notes)?;
        let date = text.parse().ok().filter(|_| text.len() == 10);
        if date.is_none() {
            self.notes.add(&node.place, format!("{what} is a day such as 2026-03-02, not \"{text}\""));
        }
        date
    }

    fn last_day(&mut self, node: &Node, first: Date, last: Date) -> Option<Date> {
        let days = first.until(last).map_or(i32::MAX, |days| days.get_days());
        if days < 0 {
            self.notes.add(&node.place, "last_day is before first_day");
        } else if days >= MOST_DAYS {
            self.notes.add(&node.place, format!("a scenario is {MOST_DAYS} days long at most"));
        }
        (0..MOST_DAYS).contains(&days).then_some(last)
    }

    fn callers(&mut self, node: &Node) -> BTreeMap<String, Stream> {
        let mut streams = BTreeMap::new();
        let before = self.notes.count();
        for (name, key, value) in entries(&[node], "callers", &mut self.notes) {
            let good = scalar::is_name(name, "the name of a stream of callers", key, &mut self.notes);
            if let Some(stream) = self.stream(value).filter(|_| good) {
                streams.insert(name.to_owned(), stream);
            }
        }
        if streams.is_empty() && self.notes.count() == before {
            self.notes.add(&node.place, "nobody calls: at least one stream of callers is needed");
        }
        streams
    }

    fn stream(&mut self, node: &Node) -> Option<Stream> {
        let fields = Fields::of(node, &STREAM, &mut self.notes)?;
        let to = fields.require("to", &mut self.notes).and_then(|node| self.called(node));
        let per_hour = fields.require("per_hour", &mut self.notes).and_then(|node| self.per_hour(node));
        let days = match fields.get("days") {
            Some(node) => self.days(node),
            None => Some([true; 7]),
        };
        let keys = match fields.get("keys") {
            Some(node) => self.keys(node),
            None => Some(Vec::new()),
        };
        let patience = match fields.get("patience") {
            Some(node) => self.spread(node, "patience", true),
            None => Some(Spread::Never),
        };
        let talks = fields.require("talks", &mut self.notes).and_then(|node| self.spread(node, "talks", false));
        let wrap_up = match fields.get("wrap_up") {
            Some(node) => Some(self.spread(node, "wrap_up", false)?),
            None => None,
        };
        let endless = self.centre.and_then(|centre| centre.queues.values().find(|queue| queue.wrap_up.is_none()));
        if let Some(queue) = endless.filter(|_| wrap_up.is_none()) {
            let sentence = format!("queue {} wraps up until_ready: say how long that is, as wrap_up: 30s", queue.name);
            self.notes.add(fields.place, sentence);
        }
        Some(Stream {
            to: to?,
            per_hour: per_hour?,
            days: days?,
            keys: keys?,
            patience: patience?,
            talks: talks?,
            wrap_up,
        })
    }

    fn called(&mut self, node: &Node) -> Option<PhoneNumber> {
        let number = PhoneNumber::cleaned(scalar::text(node, "to", &mut self.notes)?);
        let centre = self.centre?;
        if centre.start_of(&number).is_none() {
            let numbers = centre.numbers.keys().map(|number| number.as_str()).collect::<Vec<_>>();
            let meant = nearest(number.as_str(), numbers.iter().copied()).map(str::to_owned);
            let sentence = format!("the centre has no number \"{number}\"; it has {}", numbers.join(", "));
            self.notes.add_suggesting(&node.place, sentence, meant);
            return None;
        }
        Some(number)
    }

    fn per_hour(&mut self, node: &Node) -> Option<Vec<(u16, f64)>> {
        let steps: Vec<(u16, f64)> = match &node.value {
            Value::Map(_) => entries(&[node], "per_hour", &mut self.notes)
                .into_iter()
                .filter_map(|(text, key, value)| {
                    let from = self.clock(text, key);
                    Some((from?, self.rate(value)?))
                })
                .collect(),
            Value::Scalar(_) | Value::List(_) | Value::Broken => vec![(0, self.rate(node)?)],
        };
        let mut steps = steps;
        steps.sort_by_key(|(from, _)| *from);
        if !steps.is_empty() && steps.iter().all(|(_, rate)| *rate == 0.0) {
            self.notes.add(&node.place, "nobody ever calls: per_hour is 0 all day");
            return None;
        }
        (!steps.is_empty()).then_some(steps)
    }

    fn rate(&mut self, node: &Node) -> Option<f64> {
        let text = scalar::text(node, "per_hour", &mut self.notes)?;
        let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let rate = text.parse::<f64>().ok().filter(|rate| plain && (0.0..=MOST_PER_HOUR).contains(rate));
        if rate.is_none() {
            let sentence = format!("per_hour is a number of calls from 0 to {MOST_PER_HOUR}, not \"{text}\"");
            self.notes.add(&node.place, sentence);
        }
        rate
    }

    fn clock(&mut self, text: &str, node: &Node) -> Option<u16> {
        let parts = text.split_once(':').and_then(|(h, m)| Some((scalar::digits(h)?, scalar::digits(m)?)));
        match parts.filter(|(hour, minute)| *hour < 24 && *minute < 60) {
            Some((hour, minute)) => u16::try_from(hour * 60 + minute).ok(),
            None => {
                self.notes.add(&node.place, format!("\"{text}\" is no time of day; write \"08:30\", with quotes"));
                None
            }
        }
    }

    fn days(&mut self, node: &Node) -> Option<[bool; 7]> {
        let text = scalar::text(node, "days", &mut self.notes)?;
        let mut week = Week::default();
        match week.add(&format!("{text} 00:00-24:00")) {
            Ok(()) => Some(std::array::from_fn(|day| !week.day(day).is_empty())),
            Err(wrong) => {
                self.notes.add(&node.place, format!("days: {}", wrong.sentence));
                None
            }
        }
    }

    fn keys(&mut self, node: &Node) -> Option<Vec<Key>> {
        let text = scalar::text(node, "keys", &mut self.notes)?;
        let keys: Result<Vec<Key>, _> = text.chars().map(Key::try_from).collect();
        match keys {
            Ok(keys) if keys.len() <= MOST_KEYS => Some(keys),
            Ok(_) | Err(_) => {
                let sentence =
                    format!("\"{text}\" are no keys of a telephone; write \"2123456#\", at most {MOST_KEYS}");
                self.notes.add(&node.place, sentence);
                None
            }
        }
    }

    pub(super) fn spread(&mut self, node: &Node, what: &str, may_never: bool) -> Option<Spread> {
        let text = scalar::text(node, what, &mut self.notes)?;
        let sentence = match Spread::parse(text) {
            Ok(Spread::Never) if !may_never => format!("{what} cannot be never"),
            Ok(spread) => return Some(spread),
            Err(sentence) => format!("{what}: {sentence}"),
        };
        self.notes.add(&node.place, sentence);
        None
    }
}
