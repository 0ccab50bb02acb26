//! `emergency`: the messages that a supervisor may switch on.

use std::collections::{BTreeMap, BTreeSet};

use super::fields::{Fields, Known, entries, items};
use super::node::{Node, Value};
use super::reading::Reading;
use super::scalar;
use crate::dialplan::centre::Claim;
use crate::dialplan::emergency::{EmergencyMessage, Then};
use crate::dialplan::prompt::Spoken;
use crate::routing::ids::{MessageName, PhoneNumber};

const MESSAGE: Known =
    Known { what: "an emergency message", keys: &["say", "play", "then", "numbers"], later: &["queues", "title"] };

const GO: Known = Known { what: "then", keys: &["go"], later: &[] };

/// The most messages: nobody chooses from more in a hurry.
const MOST_MESSAGES: usize = 20;

impl Reading {
    /// All emergency messages of the centre.
    pub(super) fn emergency(
        &mut self,
        nodes: &[&Node],
        numbers: &BTreeMap<PhoneNumber, Claim>,
    ) -> Vec<EmergencyMessage> {
        let mut messages = Vec::new();
        let found = entries(nodes, "emergency", &mut self.notes);
        if let Some((_, key, _)) = found.get(MOST_MESSAGES) {
            self.notes.add(&key.place, format!("more than {MOST_MESSAGES} emergency messages"));
        }
        for (name, key, value) in found.into_iter().take(MOST_MESSAGES) {
            if scalar::is_name(name, "the name of an emergency message", key, &mut self.notes) {
                messages.extend(self.emergency_message(MessageName::new(name), value, numbers));
            }
        }
        messages
    }

    fn emergency_message(
        &mut self,
        name: MessageName,
        node: &Node,
        numbers: &BTreeMap<PhoneNumber, Claim>,
    ) -> Option<EmergencyMessage> {
        let fields = Fields::of(node, &MESSAGE, &mut self.notes)?;
        let before = self.references.len();
        let says = self.prompt(&fields);
        if let Some(Spoken::Say(texts)) = &says
            && texts.values().any(|text| !text.is_static())
        {
            // Told once, as what it is here.
            self.references.truncate(before);
            let place = fields.get("say").map_or(fields.place, |node| &node.place);
            self.notes.add(place, "an emergency message says the same to everybody: it has no {placeholders}");
        }
        let then = fields.require("then", &mut self.notes).and_then(|node| self.after_message(node));
        let only = fields.get("numbers").map(|node| self.numbers_of_message(node, numbers)).unwrap_or_default();
        Some(EmergencyMessage { name, says: says?, then: then?, numbers: only })
    }

    /// `carry_on`, `hang_up`, or `{ go: sorry }`.
    fn after_message(&mut self, node: &Node) -> Option<Then> {
        if let Value::Scalar(_) = node.value {
            let words = [("carry_on", Then::CarryOn), ("hang_up", Then::HangUp)];
            return scalar::word(node, "then (or { go: step })", &words, &mut self.notes);
        }
        let fields = Fields::of(node, &GO, &mut self.notes)?;
        let node = fields.require("go", &mut self.notes)?;
        self.step(node, "go").map(Then::Go)
    }

    fn numbers_of_message(&mut self, node: &Node, numbers: &BTreeMap<PhoneNumber, Claim>) -> BTreeSet<PhoneNumber> {
        let mut only = BTreeSet::new();
        let list = items(node, "numbers", &mut self.notes);
        if list.is_empty() && matches!(node.value, Value::List(_)) {
            self.notes.add(&node.place, "numbers lists none: nobody would hear it; leave it out for all of them");
        }
        for item in list {
            let Some(number) = self.number(item) else { continue };
            // Where no number could be read that has been said.
            if !numbers.is_empty() && !numbers.contains_key(&number) {
                self.notes.add(&item.place, format!("number {number} is not one of this centre's"));
            } else if !only.insert(number.clone()) {
                self.notes.add(&item.place, format!("number {number} is in the list already"));
            }
        }
        only
    }
}
