//! `Department`: a part of the centre that cases are given to.

use std::collections::{BTreeMap, BTreeSet};

use crate::dialplan::Language;
use crate::routing::ids::{AgentName, name};

name!(
    /// A department as the centre's YAML names it.
    DepartmentName
);

/// One entry of `departments`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Department {
    pub name: DepartmentName,
    /// \[`name`\] What people call it, in each language of the centre.
    pub titles: BTreeMap<Language, String>,
    /// \[`head`\] Who answers for it.
    pub head: Option<AgentName>,
    /// \[`stand_ins`\] Who does in the place of the head, the first before the second.
    pub stand_ins: Vec<AgentName>,
    /// \[`people`\] Who else works there.
    pub people: BTreeSet<AgentName>,
    /// \[`superior`\] The department above: where a case goes that is not settled in time. None at the top.
    pub superior: Option<DepartmentName>,
}

impl Department {
    /// Whether a person works there, in whatever place.
    pub fn has(&self, person: &AgentName) -> bool {
        self.head.as_ref() == Some(person) || self.stand_ins.contains(person) || self.people.contains(person)
    }

    /// Who answers for it, the first before the second: the head, then the stand-ins.
    pub fn answerable(&self) -> impl Iterator<Item = &AgentName> {
        self.head.iter().chain(&self.stand_ins)
    }

    /// Everybody who works there, each once: the head, the stand-ins, the others by name.
    pub fn members(&self) -> Vec<&AgentName> {
        let mut members: Vec<&AgentName> = Vec::new();
        for person in self.answerable().chain(&self.people) {
            if !members.contains(&person) {
                members.push(person);
            }
        }
        members
    }
}
