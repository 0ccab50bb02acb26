//! `departments`: who works where, and who stands above whom.

use std::collections::{BTreeMap, BTreeSet};

use super::fields::{Fields, Known, entries, items};
use super::mistake::Place;
use super::node::Node;
use super::reading::{Kind, Reading};
use super::scalar;
use crate::organisation::{Department, DepartmentName, Organisation};
use crate::routing::ids::AgentName;

const DEPARTMENT: Known = Known {
    what: "a department",
    keys: &["name", "head", "stand_ins", "people", "superior"],
    later: &["branch", "hours"],
};

/// The longest login name, in characters; as `cordboard user add` takes it.
const LONGEST_PERSON: usize = 64;

/// The most departments named of a ring.
const MOST_NAMED: usize = 8;

impl Reading {
    /// All departments of the centre.
    pub(super) fn departments(&mut self, nodes: &[&Node]) -> Organisation {
        let mut departments = Vec::new();
        // Where each says what stands above it.
        let mut above: BTreeMap<DepartmentName, Place> = BTreeMap::new();
        for (name, key, value) in entries(nodes, "departments", &mut self.notes) {
            self.define(Kind::Department, name);
            if !scalar::is_name(name, "the name of a department", key, &mut self.notes) {
                continue;
            }
            let Some(fields) = Fields::of(value, &DEPARTMENT, &mut self.notes) else { continue };
            let name = DepartmentName::new(name);
            if let Some(superior) = fields.get("superior") {
                above.insert(name.clone(), superior.place.clone());
            }
            departments.push(self.department(name, key, &fields));
        }
        let organisation = Organisation::of(departments);
        self.rings(&organisation, &above);
        organisation
    }

    fn department(&mut self, name: DepartmentName, key: &Node, fields: &Fields<'_>) -> Department {
        let before = self.notes.count();
        let titles = fields.require("name", &mut self.notes).map(|node| self.titles(node)).unwrap_or_default();
        let head = fields.get("head").and_then(|node| self.person(node, "head"));
        let stand_ins = fields.get("stand_ins").map(|node| self.persons(node, "stand_ins")).unwrap_or_default();
        let people = fields.get("people").map(|node| self.persons(node, "people")).unwrap_or_default();
        let superior = fields.get("superior").and_then(|node| self.refer(Kind::Department, node, "superior"));
        if head.is_none() && stand_ins.is_empty() && people.is_empty() && self.notes.count() == before {
            let sentence = format!("nobody is in department \"{name}\"; write head: or people: with login names");
            self.notes.add(&key.place, sentence);
        }
        Department {
            name,
            titles,
            head,
            stand_ins,
            people: people.into_iter().collect(),
            superior: superior.map(DepartmentName::new),
        }
    }

    /// A login name. Whether there is such a person is the database's to say.
    fn person(&mut self, node: &Node, what: &str) -> Option<AgentName> {
        let text = scalar::text(node, what, &mut self.notes)?;
        let unseen = |c: char| c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}');
        let good = text.trim() == text && text.chars().nth(LONGEST_PERSON).is_none() && !text.contains(unseen);
        if text.contains(['，', '、']) {
            let sentence = format!("full-width punctuation in the name \"{text}\"; write the plain ,");
            self.notes.add(&node.place, sentence);
            return None;
        }
        if !good {
            let sentence = format!("a login name has 1 to {LONGEST_PERSON} characters that can be seen");
            self.notes.add(&node.place, sentence);
        }
        good.then(|| AgentName::new(text))
    }

    fn persons(&mut self, node: &Node, what: &str) -> Vec<AgentName> {
        let mut persons: Vec<AgentName> = Vec::new();
        for item in items(node, what, &mut self.notes) {
            let Some(person) = self.person(item, &format!("a name in {what}")) else { continue };
            if persons.contains(&person) {
                self.notes.add(&item.place, format!("\"{person}\" is in the list already"));
            } else {
                persons.push(person);
            }
        }
        persons
    }

    /// Nobody may stand above themselves, over however many others. A ring is told once, at its first department.
    fn rings(&mut self, organisation: &Organisation, above: &BTreeMap<DepartmentName, Place>) {
        let mut told: BTreeSet<&DepartmentName> = BTreeSet::new();
        for department in organisation.departments() {
            let way: Vec<&DepartmentName> = organisation.upwards(&department.name).map(|one| &one.name).collect();
            let back =
                way.last().and_then(|last| organisation.superior_of(last)).is_some_and(|s| s.name == department.name);
            if !back || !told.insert(&department.name) {
                continue;
            }
            let mut names: Vec<&str> = way.iter().map(|name| name.as_str()).collect();
            names.push(department.name.as_str());
            if names.len() > MOST_NAMED {
                names.splice(MOST_NAMED - 2..names.len() - 1, ["..."]);
            }
            told.extend(way);
            let sentence =
                format!("superiors go round in a ring, {}: somebody has to be at the top", names.join(" -> "));
            if let Some(place) = above.get(&department.name) {
                self.notes.add(place, sentence);
            }
        }
    }
}
