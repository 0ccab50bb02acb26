//! `strategy` of a queue, and `prefer` of a step that leads to one: which agent of those who may take a call is rung.

use std::collections::BTreeMap;
use std::time::Duration;

use super::fields::{Fields, Known, entries, items};
use super::node::{Node, Value};
use super::reading::Reading;
use super::scalar;
use crate::routing::ids::AgentName;
use crate::routing::preference::{KnownAs, Prefer};
use crate::routing::strategy::{self, Strategy, ring_several, weighted_random};

const STRATEGY: Known =
    Known { what: "a strategy", keys: &["fixed_order", "weighted_random", "ring_several"], later: &[] };

const PREFER: Known = Known { what: "a preference", keys: &["agent", "for"], later: &[] };

/// As long as an agent's name may be where people are engaged, in characters.
const LONGEST_AGENT: usize = 64;

/// A caller who is kept for somebody for longer is a caller whom nobody takes.
const KEPT: std::ops::RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(3600);

impl Reading {
    /// One of the words, or `fixed_order` with its agents, `weighted_random` with their weights, or `ring_several` with how
    /// many.
    pub(super) fn strategy(&mut self, node: &Node) -> Option<Strategy> {
        if let Value::Scalar(word) = &node.value {
            if word.text == "ring_several" {
                let sentence = "ring_several says how many phones: { ring_several: 3 }; ring_all rings all";
                self.notes.add(&node.place, sentence);
                return None;
            }
            return scalar::word(node, "a strategy", &strategy::WORDS, &mut self.notes);
        }
        let fields = Fields::of(node, &STRATEGY, &mut self.notes)?;
        match (fields.get("fixed_order"), fields.get("weighted_random"), fields.get("ring_several")) {
            (Some(node), None, None) => Some(Strategy::FixedOrder(self.agents_in_order(node, "fixed_order"))),
            (None, Some(node), None) => Some(Strategy::WeightedRandom(self.weights(node))),
            (None, None, Some(node)) => self.several(node).map(Strategy::RingSeveral),
            (None, None, None) | (Some(_), Some(_), _) | (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => {
                let sentence = "a queue has one strategy: fixed_order, weighted_random or ring_several, or one word";
                self.notes.add(&node.place, sentence);
                None
            }
        }
    }

    /// How many phones ring at once.
    fn several(&mut self, node: &Node) -> Option<u8> {
        let range = u64::from(*ring_several::SEVERAL.start())..=u64::from(*ring_several::SEVERAL.end());
        let several = scalar::number(node, "how many phones ring at once", range, &mut self.notes);
        several.and_then(|several| u8::try_from(several).ok())
    }

    pub(super) fn agents_in_order(&mut self, node: &Node, what: &str) -> Vec<AgentName> {
        let mut order: Vec<AgentName> = Vec::new();
        for item in items(node, what, &mut self.notes) {
            let Some(name) = scalar::text(item, "the agent", &mut self.notes) else { continue };
            if order.iter().any(|known| known.as_str() == name) {
                self.notes.add(&item.place, format!("agent \"{name}\" is in the list already"));
            } else if self.can_be_an_agent(name, item) {
                order.push(AgentName::new(name));
            }
        }
        order
    }

    /// Agents are no names of the YAML's: who works here is known to the database.
    fn can_be_an_agent(&mut self, name: &str, node: &Node) -> bool {
        let good = name.chars().count() <= LONGEST_AGENT && !name.chars().any(char::is_control);
        if !good {
            let sentence = format!("an agent's name has 1 to {LONGEST_AGENT} characters that can be seen");
            self.notes.add(&node.place, sentence);
        }
        good
    }

    fn weights(&mut self, node: &Node) -> BTreeMap<AgentName, u32> {
        let mut weights = BTreeMap::new();
        for (name, key, value) in entries(&[node], "weights of agents", &mut self.notes) {
            let range = 1..=u64::from(weighted_random::MOST_WEIGHT);
            let weight = scalar::number(value, "a weight", range, &mut self.notes);
            if self.can_be_an_agent(name, key)
                && let Some(weight) = weight.and_then(|weight| u32::try_from(weight).ok())
            {
                weights.insert(AgentName::new(name), weight);
            }
        }
        weights
    }

    /// `[ { agent: last_agent, for: 20s }, { agent: customer.clerk, for: 1m } ]`.
    pub(super) fn prefer(&mut self, node: &Node) -> Vec<Prefer> {
        let mut wishes: Vec<Prefer> = Vec::new();
        for item in items(node, "prefer", &mut self.notes) {
            let Some(fields) = Fields::of(item, &PREFER, &mut self.notes) else { continue };
            let agent = fields.require("agent", &mut self.notes);
            let agent = agent.and_then(|node| Some((node, scalar::text(node, "agent", &mut self.notes)?)));
            let within = fields.require("for", &mut self.notes);
            let within = within.and_then(|node| scalar::duration(node, "for", KEPT, &mut self.notes));
            let Some((node, text)) = agent else { continue };
            let known_as = match text.parse::<KnownAs>() {
                Ok(known_as) => known_as,
                Err(why) => {
                    self.notes.add(&node.place, format!("\"{text}\" is nobody: {why}"));
                    continue;
                }
            };
            if wishes.iter().any(|wish| wish.agent == known_as) {
                self.notes.add(&node.place, format!("{known_as} is in the list already"));
            } else if let Some(within) = within {
                wishes.push(Prefer { agent: known_as, within });
            }
        }
        wishes
    }
}
