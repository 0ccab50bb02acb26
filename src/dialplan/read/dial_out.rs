//! `dial_out`: where agents may dial to, by which way, and how often. Without it nothing is dialled.

use std::time::Duration;

use super::fields::{Fields, Known, items};
use super::node::Node;
use super::queues::until_ready;
use super::reading::Reading;
use super::scalar;
use crate::customers::Country;
use crate::routing::dial_out::{DialOut, DialString};
use crate::routing::ids::SwitchName;

const DIAL_OUT: Known = Known {
    what: "dial_out",
    keys: &[
        "switch",
        "to",
        "shown",
        "allowed",
        "barred",
        "ring_for",
        "wrap_up",
        "longest",
        "most_per_minute",
        "most_per_hour",
    ],
    later: &["hours", "name"],
};

/// Longer prefixes than a whole number are none.
const LONGEST_PREFIX: usize = 20;

/// The most prefixes of one list: every area of a country, and every country.
const MOST_PREFIXES: usize = 1_000;

impl Reading {
    pub(super) fn dial_out(&mut self, node: &Node) -> Option<DialOut> {
        let fields = Fields::of(node, &DIAL_OUT, &mut self.notes)?;
        let switch = fields.require("switch", &mut self.notes);
        let switch = switch.and_then(|node| scalar::text(node, "switch", &mut self.notes)).map(SwitchName::new);
        let to = fields.require("to", &mut self.notes).and_then(|node| self.dial_string(node));
        let shown = fields.require("shown", &mut self.notes).and_then(|node| self.number(node));
        let allowed = fields.require("allowed", &mut self.notes).map(|node| self.prefixes(node, "allowed"));
        if let (Some(node), Some(none)) = (fields.get("allowed"), &allowed)
            && none.is_empty()
            && matches!(&node.value, super::node::Value::List(list) if list.is_empty())
        {
            self.notes.add(
                &node.place,
                "allowed lists nothing, so nothing may be dialled; write [\"+86\"], or leave dial_out out",
            );
        }
        let barred = fields.get("barred").map(|node| self.prefixes(node, "barred")).unwrap_or_default();
        let ringing = Duration::from_secs(1)..=Duration::from_secs(120);
        let ring_for = fields.get("ring_for").map(|n| scalar::duration(n, "ring_for", ringing, &mut self.notes));
        let wrap_up = fields.get("wrap_up").map(|node| until_ready(node, "wrap_up", self));
        let talking = Duration::from_secs(60)..=Duration::from_secs(24 * 3600);
        let longest = fields.get("longest").map(|n| scalar::duration(n, "longest", talking, &mut self.notes));
        let mut cap = |key: &str| {
            let range = 1..=DialOut::HIGHEST_CAP as u64;
            fields.get(key).map(|node| scalar::number(node, key, range, &mut self.notes))
        };
        let (minute, hour) = (cap("most_per_minute"), cap("most_per_hour"));
        let as_cap = |most: u64| usize::try_from(most).unwrap_or(DialOut::HIGHEST_CAP);
        Some(DialOut {
            switch: switch?,
            to: to?,
            shown: shown?,
            allowed: allowed?,
            barred,
            ring_for: ring_for.unwrap_or(Some(DialOut::RING_FOR))?,
            wrap_up: wrap_up.unwrap_or(Some(Some(Duration::ZERO)))?,
            longest: longest.unwrap_or(Some(DialOut::LONGEST))?,
            most_per_minute: minute.unwrap_or(Some(DialOut::MOST_PER_MINUTE as u64)).map(as_cap)?,
            most_per_hour: hour.unwrap_or(Some(DialOut::MOST_PER_HOUR as u64)).map(as_cap)?,
        })
    }

    /// Callers are transferred only to what agents may dial too. `given`: there is a `dial_out`, readable or not.
    pub(super) fn check_outside(&mut self, rules: Option<&DialOut>, given: bool, home: Option<Country>) {
        for (number, place) in std::mem::take(&mut self.outside) {
            match rules {
                Some(rules) if !rules.allows(&number, home) => {
                    let sentence = format!(
                        "{number} may not be dialled: dial_out.allowed does not list how it begins, or dial_out.barred does"
                    );
                    self.notes.add(&place, sentence);
                }
                Some(_) => {}
                None if given => {}
                None => {
                    let sentence = "this centre dials nobody; write dial_out: with switch, to, shown and allowed";
                    self.notes.add(&place, sentence);
                }
            }
        }
    }

    fn dial_string(&mut self, node: &Node) -> Option<DialString> {
        let text = scalar::text(node, "to", &mut self.notes)?;
        let read = text.parse::<DialString>();
        if let Err(why) = &read {
            self.notes.add(&node.place, format!("\"{text}\" {why}"));
        }
        read.ok()
    }

    /// How numbers begin: digits, with + before them if need be.
    fn prefixes(&mut self, node: &Node, what: &str) -> Vec<String> {
        let mut prefixes: Vec<String> = Vec::new();
        let list = items(node, what, &mut self.notes);
        if list.len() > MOST_PREFIXES {
            self.notes.add(&node.place, format!("{what} has more than {MOST_PREFIXES} beginnings"));
        }
        for item in list.iter().take(MOST_PREFIXES) {
            let Some(text) = scalar::text(item, what, &mut self.notes) else { continue };
            let digits = text.strip_prefix('+').unwrap_or(text);
            let good = digits.len() <= LONGEST_PREFIX
                && digits.chars().all(|c| c.is_ascii_digit())
                && (!digits.is_empty() || text == "+");
            if !good {
                let sentence =
                    format!("\"{text}\" is not how a number begins: digits, with + before them if need be, as \"+86\"");
                self.notes.add(&item.place, sentence);
            } else if prefixes.iter().any(|known| known == text) {
                self.notes.add(&item.place, format!("\"{text}\" is in the list already"));
            } else {
                prefixes.push(text.to_owned());
            }
        }
        prefixes
    }
}
