//! `dispositions`: the centre's list, and the lists of names that refer to it.

use super::fields::{entries, items};
use super::node::Node;
use super::reading::{Kind, Reading};
use super::scalar;
use crate::dialplan::disposition::{Disposition, DispositionName};

impl Reading {
    /// All dispositions of the centre.
    pub(super) fn dispositions(&mut self, nodes: &[&Node]) -> Vec<Disposition> {
        let mut dispositions = Vec::new();
        for (name, key, value) in entries(nodes, "dispositions", &mut self.notes) {
            self.define(Kind::Disposition, name);
            if scalar::is_name(name, "the name of a disposition", key, &mut self.notes) {
                let titles = self.titles(value);
                dispositions.push(Disposition { name: DispositionName::new(name), titles });
            }
        }
        dispositions
    }

    /// Some of them by name, as a queue or a type of case has them.
    pub(super) fn some_dispositions(&mut self, node: &Node) -> Vec<DispositionName> {
        let mut names: Vec<DispositionName> = Vec::new();
        for item in items(node, "dispositions", &mut self.notes) {
            let Some(name) = self.refer(Kind::Disposition, item, "a disposition").map(DispositionName::new) else {
                continue;
            };
            if names.contains(&name) {
                self.notes.add(&item.place, format!("disposition \"{name}\" is in the list already"));
            } else {
                names.push(name);
            }
        }
        names
    }
}
