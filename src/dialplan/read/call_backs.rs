//! `call_back` of a step and of a queue, and `offer_call_back` of an announcement.

use std::time::Duration;

use super::fields::{Fields, Known};
use super::node::Node;
use super::reading::{Kind, Reading};
use super::scalar;
use crate::dialplan::action::{CallBack, Key, OfferCallBack};
use crate::routing::ids::QueueName;
use crate::routing::promise::{CallBackRules, First};

const CALL_BACK: Known = Known { what: "a call_back action", keys: &["queue", "number", "otherwise"], later: &["at"] };
const OFFER: Known = Known { what: "offer_call_back", keys: &["key", "then"], later: &["number", "say"] };
const RULES: Known = Known {
    what: "call_back of a queue",
    keys: &["tries", "again_after", "first", "start", "hours"],
    later: &["agent"],
};

/// Sooner than this a telephone that was busy is busy still; later than this it is another day.
const AGAIN_AFTER: std::ops::RangeInclusive<Duration> = Duration::from_secs(30)..=Duration::from_secs(24 * 3600);
/// More often than this nobody wants to be rung in vain.
const MOST_TRIES: u64 = 20;

impl Reading {
    pub(super) fn call_back(&mut self, node: &Node) -> Option<CallBack> {
        self.call_backs.push(node.place.clone());
        let fields = Fields::of(node, &CALL_BACK, &mut self.notes)?;
        let queue = fields.require("queue", &mut self.notes);
        let queue = queue.and_then(|node| self.refer(Kind::Queue, node, "the queue that calls back"));
        let otherwise = fields.require("otherwise", &mut self.notes).and_then(|node| self.step(node, "otherwise"));
        let asks_number = match fields.get("number") {
            // The one they call from is what everybody has who is not asked.
            Some(node) => scalar::word(node, "number", &[("ask", true)], &mut self.notes),
            None => Some(false),
        };
        Some(CallBack { queue: QueueName::new(queue?), asks_number: asks_number?, otherwise: otherwise? })
    }

    pub(super) fn offer_call_back(&mut self, node: &Node) -> Option<OfferCallBack> {
        self.call_backs.push(node.place.clone());
        let fields = Fields::of(node, &OFFER, &mut self.notes)?;
        let key = fields.require("key", &mut self.notes).and_then(|node| {
            let word = scalar::text(node, "key", &mut self.notes)?;
            let key = Key::from_word(word);
            if key.is_none() {
                let sentence = format!("\"{word}\" is no key of a telephone; keys are 0 to 9, star, hash");
                self.notes.add(&node.place, sentence);
            }
            key
        });
        let then = fields.require("then", &mut self.notes).and_then(|node| self.step(node, "then"));
        Some(OfferCallBack { key: key?, then: then? })
    }

    pub(super) fn call_back_rules(&mut self, node: &Node, queue: &QueueName) -> Option<CallBackRules> {
        let usual = CallBackRules::default();
        let fields = Fields::of(node, &RULES, &mut self.notes)?;
        let tries = match fields.get("tries") {
            Some(node) => scalar::number(node, "tries", 1..=MOST_TRIES, &mut self.notes),
            None => Some(u64::from(usual.tries)),
        };
        let again_after = match fields.get("again_after") {
            Some(node) => scalar::duration(node, "again_after", AGAIN_AFTER, &mut self.notes),
            None => Some(usual.again_after),
        };
        let first = self.who_is_rung_first(node, &fields, queue);
        let hours = match fields.get("hours") {
            Some(node) => Some(self.refer(Kind::Hours, node, "the hours of a call_back")?.to_owned()),
            None => None,
        };
        Some(CallBackRules {
            tries: u32::try_from(tries?).unwrap_or(u32::MAX),
            again_after: again_after?,
            first: first?,
            hours,
        })
    }

    /// `first`, and where the customer begins, which goes with the one and not with the other.
    fn who_is_rung_first(&mut self, node: &Node, fields: &Fields<'_>, queue: &QueueName) -> Option<First> {
        let words = [("agent", false), ("customer", true)];
        let customer = match fields.get("first") {
            Some(node) => scalar::word(node, "first", &words, &mut self.notes)?,
            None => false,
        };
        match (customer, fields.get("start")) {
            (false, None) => Some(First::Agent),
            (true, Some(node)) => {
                let start = self.step(node, "start")?;
                self.called.push((start.clone(), queue.clone(), node.place.clone()));
                Some(First::Customer { start })
            }
            (true, None) => {
                let sentence = "first: customer needs start: the step in which they begin who pick up";
                self.notes.add(&node.place, sentence);
                None
            }
            (false, Some(start)) => {
                let sentence =
                    "start is for first: customer: where an agent is rung first nobody is led through a step";
                self.notes.add(&start.place, sentence);
                None
            }
        }
    }

    /// Nobody is called back by a centre that dials nobody; told where it is wanted first.
    pub(super) fn check_call_backs(&mut self, dials: bool) {
        if let (Some(place), false) = (self.call_backs.first(), dials) {
            let sentence = "nobody can be called back: the centre has no dial_out (switch, to, shown, allowed)";
            self.notes.add(&place.clone(), sentence);
        }
    }
}
