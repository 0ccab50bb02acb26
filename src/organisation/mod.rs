//! The organisation: the departments of a centre, who works in them, and who stands above whom.
//!
//! Owns what an admin wrote under `departments`. Who exists at all, with password and phone, is the database's to say:
//! a name here may belong to nobody yet, or to nobody any more.

mod department;

pub use department::{Department, DepartmentName};

use std::collections::BTreeSet;

use crate::routing::ids::AgentName;

/// All departments of a centre, in the order they were written in. The default has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Organisation(Vec<Department>);

impl Organisation {
    /// From departments of different names.
    pub const fn of(departments: Vec<Department>) -> Self {
        Self(departments)
    }

    pub fn departments(&self) -> &[Department] {
        &self.0
    }

    pub fn department(&self, name: &DepartmentName) -> Option<&Department> {
        self.0.iter().find(|department| department.name == *name)
    }

    /// The one above; `None` at the top, and for a department that there is not.
    pub fn superior_of(&self, name: &DepartmentName) -> Option<&Department> {
        self.department(self.department(name)?.superior.as_ref()?)
    }

    /// This department, then the one above it, and so on to the top. Each once, whatever was written.
    pub fn upwards(&self, name: &DepartmentName) -> impl Iterator<Item = &Department> {
        let mut seen: BTreeSet<&DepartmentName> = BTreeSet::new();
        std::iter::successors(self.department(name), |below| self.department(below.superior.as_ref()?))
            .take_while(move |department| seen.insert(&department.name))
    }

    /// The first department at the top: what has no place anywhere else belongs to it.
    pub fn top(&self) -> Option<&Department> {
        self.0.iter().find(|department| department.superior.is_none())
    }

    /// Every department that a person belongs to.
    pub fn departments_of(&self, person: &AgentName) -> impl Iterator<Item = &Department> {
        self.0.iter().filter(|department| department.has(person))
    }

    /// Where a person does the work of `preferred`: there, if they belong to it; else in the first of their own. `None`
    /// where they belong to no department.
    pub fn home_of(&self, person: &AgentName, preferred: &DepartmentName) -> Option<&Department> {
        self.departments_of(person)
            .find(|department| department.name == *preferred)
            .or_else(|| self.departments_of(person).next())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn department(name: &str, superior: Option<&str>, people: &[&str]) -> Department {
        Department {
            name: DepartmentName::new(name),
            titles: BTreeMap::new(),
            head: None,
            stand_ins: Vec::new(),
            people: people.iter().map(AgentName::new).collect(),
            superior: superior.map(DepartmentName::new),
        }
    }

    fn names<'a>(departments: impl Iterator<Item = &'a Department>) -> Vec<&'a str> {
        departments.map(|department| department.name.as_str()).collect()
    }

    #[test]
    fn the_way_up_ends_at_the_top_even_in_a_ring() {
        let organisation = Organisation::of(vec![
            department("ticketing", Some("finance"), &[]),
            department("finance", Some("board"), &[]),
            department("board", None, &[]),
            department("cat", Some("tail"), &[]),
            department("tail", Some("cat"), &[]),
        ]);
        assert_eq!(names(organisation.upwards(&DepartmentName::new("ticketing"))), ["ticketing", "finance", "board"]);
        assert_eq!(names(organisation.upwards(&DepartmentName::new("cat"))), ["cat", "tail"]);
        assert_eq!(names(organisation.upwards(&DepartmentName::new("nowhere"))), [""; 0]);
        assert_eq!(organisation.top().map(|top| top.name.as_str()), Some("board"));
    }

    #[test]
    fn a_person_of_two_departments_works_where_the_work_is() {
        let organisation = Organisation::of(vec![
            department("ticketing", None, &["mira", "deng_kai"]),
            department("delivery", None, &["mira"]),
        ]);
        let home = |person: &str, preferred: &str| {
            let home = organisation.home_of(&AgentName::new(person), &DepartmentName::new(preferred));
            home.map(|department| department.name.as_str())
        };
        assert_eq!(home("mira", "delivery"), Some("delivery"));
        assert_eq!(home("mira", "finance"), Some("ticketing"));
        assert_eq!(home("deng_kai", "delivery"), Some("ticketing"));
        assert_eq!(home("nobody", "delivery"), None);
    }
}
