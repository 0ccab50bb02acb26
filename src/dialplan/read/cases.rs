//! `cases`: the types of case, each with its department and its deadline.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::fields::{Fields, Known, entries};
use super::node::Node;
use super::reading::{Kind, Reading};
use super::scalar;
use crate::calendar::OpeningHours;
use crate::cases::{CaseType, CaseTypeName};
use crate::organisation::DepartmentName;

const CASE: Known = Known {
    what: "a type of case",
    keys: &["name", "department", "deadline", "hours", "escalate_after", "dispositions"],
    later: &["form", "fields", "remind", "steps"],
};

/// A working year is about 2,000 hours; under a minute nobody can do anything.
const DEADLINES: RangeInclusive<Duration> = Duration::from_secs(60)..=Duration::from_secs(2_000 * 3_600);

impl Reading {
    /// All types of case of the centre.
    pub(super) fn case_types(&mut self, nodes: &[&Node], hours: &[OpeningHours]) -> Vec<CaseType> {
        let mut types = Vec::new();
        for (name, key, value) in entries(nodes, "cases", &mut self.notes) {
            if scalar::is_name(name, "the name of a type of case", key, &mut self.notes) {
                types.extend(self.case_type(CaseTypeName::new(name), value, hours));
            }
        }
        types
    }

    fn case_type(&mut self, name: CaseTypeName, node: &Node, hours: &[OpeningHours]) -> Option<CaseType> {
        let fields = Fields::of(node, &CASE, &mut self.notes)?;
        let titles = fields.require("name", &mut self.notes).map(|node| self.titles(node)).unwrap_or_default();
        let department = fields.require("department", &mut self.notes);
        let department = department.and_then(|node| self.refer(Kind::Department, node, "department"));
        let deadline = fields.require("deadline", &mut self.notes);
        let deadline = deadline.and_then(|node| scalar::duration(node, "deadline", DEADLINES, &mut self.notes));
        let escalate_after = fields.get("escalate_after");
        let escalate_after =
            escalate_after.map(|node| scalar::duration(node, "escalate_after", DEADLINES, &mut self.notes));
        let dispositions = fields.get("dispositions").map(|node| self.some_dispositions(node)).unwrap_or_default();
        let hours = match fields.get("hours") {
            Some(node) => Some(self.hours_of_a_deadline(node, hours)?),
            None => None,
        };
        let deadline = deadline?;
        Some(CaseType {
            name,
            titles,
            department: DepartmentName::new(department?),
            deadline,
            escalate_after: escalate_after.unwrap_or(Some(deadline))?,
            hours,
            dispositions,
        })
    }

    fn hours_of_a_deadline(&mut self, node: &Node, hours: &[OpeningHours]) -> Option<OpeningHours> {
        let name = self.refer(Kind::Hours, node, "hours")?;
        let hours = hours.iter().find(|hours| hours.name == name)?;
        if (0..7).all(|weekday| hours.week.day(weekday).is_empty()) {
            self.notes.add(&node.place, format!("hours \"{name}\" have no week, so a deadline in them never comes"));
            return None;
        }
        Some(hours.clone())
    }
}
