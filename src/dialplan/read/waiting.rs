//! `waiting` of a queue action: what callers are told while they wait, and when.

use std::time::Duration;

use super::fields::{Fields, Known, items, not_yet};
use super::node::{Node, Value};
use super::reading::Reading;
use super::scalar;
use crate::dialplan::action::{Announcement, Due, OfferCallBack};
use crate::dialplan::prompt::Spoken;

const RULE: Known = Known { what: "a rule of waiting", keys: &["every", "once"], later: &[] };

const WHEN: Known = Known { what: "an announcement", keys: &["time", "do"], later: &[] };

/// What a waiting caller hears; nothing else can be done with one yet.
const SAID: Known =
    Known { what: "an announcement", keys: &["say", "play", "offer_call_back"], later: &["menu", "ask", "go"] };

/// More often than this a caller would hear little but announcements.
const EVERY: std::ops::RangeInclusive<Duration> = Duration::from_secs(10)..=Duration::from_secs(3600);
const ONCE: std::ops::RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(3600);

/// The most rules of one queue action, and the most texts of one rule: more than any caller would listen to.
const MOST_RULES: usize = 10;
const MOST_TEXTS: usize = 5;

/// One entry of `do`.
enum Done {
    Says(Spoken),
    Offers(OfferCallBack),
}

impl Reading {
    pub(super) fn waiting(&mut self, node: &Node) -> Vec<Announcement> {
        let rules = items(node, "waiting", &mut self.notes);
        if rules.len() > MOST_RULES {
            self.notes.add(&node.place, format!("more than {MOST_RULES} rules of waiting"));
        }
        rules.iter().take(MOST_RULES).filter_map(|rule| self.waiting_rule(rule)).collect()
    }

    fn waiting_rule(&mut self, node: &Node) -> Option<Announcement> {
        let fields = Fields::of(node, &RULE, &mut self.notes)?;
        let (word, node) = fields.one_of(&["every", "once"], &mut self.notes)?;
        let fields = Fields::of(node, &WHEN, &mut self.notes)?;
        let range = if word == "every" { EVERY } else { ONCE };
        let time = fields.require("time", &mut self.notes);
        let time = time.and_then(|node| scalar::duration(node, "time", range, &mut self.notes));
        let says = fields.require("do", &mut self.notes).map(|node| self.said_while_waiting(node))?;
        let time = time?;
        let due = if word == "every" { Due::Every(time) } else { Due::Once(time) };
        let (says, call_back) = says;
        (!says.is_empty()).then_some(Announcement { due, says, call_back })
    }

    fn said_while_waiting(&mut self, node: &Node) -> (Vec<Spoken>, Option<OfferCallBack>) {
        let (texts, before) = (items(node, "do", &mut self.notes), self.notes.count());
        if texts.len() > MOST_TEXTS {
            self.notes.add(&node.place, format!("more than {MOST_TEXTS} texts in one announcement"));
        }
        let (mut said, mut call_back) = (Vec::new(), None);
        self.in_waiting = true;
        for text in texts.iter().take(MOST_TEXTS) {
            match self.waiting_text(text) {
                Some(Done::Says(text)) => said.push(text),
                Some(Done::Offers(offer)) if call_back.is_none() => call_back = Some(offer),
                Some(Done::Offers(_)) => self.notes.add(&text.place, "a call-back is offered once in an announcement"),
                None => {}
            }
        }
        self.in_waiting = false;
        let silent = said.is_empty() && self.notes.count() == before;
        if silent && !matches!(node.value, Value::Broken | Value::Scalar(_) | Value::Map(_)) {
            self.notes.add(&node.place, "an announcement says nothing: do needs a say or a play");
        }
        if self.notes.count() == before { (said, call_back) } else { (Vec::new(), None) }
    }

    fn waiting_text(&mut self, node: &Node) -> Option<Done> {
        // What is planned for this place is told as that, and not as a slip.
        if let Value::Map(pairs) = &node.value
            && let Some((key, _)) = pairs.first()
            && let Some(word) = key.scalar().map(|key| key.text.as_str()).filter(|word| SAID.later.contains(word))
        {
            self.notes.add(&key.place, not_yet(word));
            return None;
        }
        let fields = Fields::of(node, &SAID, &mut self.notes)?;
        match fields.one_of(&["say", "play", "offer_call_back"], &mut self.notes)? {
            ("say", node) => self.say(node).map(Done::Says),
            ("offer_call_back", node) => self.offer_call_back(node).map(Done::Offers),
            (_, node) => self.play(node).map(Done::Says),
        }
    }
}
