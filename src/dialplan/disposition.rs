//! Dispositions: how a call or a case ended, in the agent's words.

use std::collections::BTreeMap;

use super::language::Language;
use crate::routing::ids::{QueueName, name};

name!(
    /// A disposition as the centre's YAML names it.
    DispositionName
);

/// One entry of `dispositions`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disposition {
    pub name: DispositionName,
    /// What agents see, in each language of the centre.
    pub titles: BTreeMap<Language, String>,
}

impl Disposition {
    /// In this language, or in whatever there is.
    pub fn title(&self, language: Language) -> String {
        let title = self.titles.get(&language).or_else(|| self.titles.values().next());
        title.cloned().unwrap_or_else(|| self.name.to_string())
    }
}

/// All dispositions of a centre.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dispositions {
    /// \[`dispositions`\] In the order they were written in.
    pub all: Vec<Disposition>,
    /// \[`queues`: `dispositions`\] Those of a queue that does not take all, in the order they were written in.
    pub of_queues: BTreeMap<QueueName, Vec<DispositionName>>,
}

impl Dispositions {
    pub fn get(&self, name: &DispositionName) -> Option<&Disposition> {
        self.all.iter().find(|disposition| disposition.name == *name)
    }

    /// What people see in the place of a name. One that is no more is its name.
    pub fn title(&self, name: &str, language: Language) -> String {
        let one = self.all.iter().find(|disposition| disposition.name.as_str() == name);
        one.map_or_else(|| name.to_owned(), |one| one.title(language))
    }

    /// What an agent can choose from after a call of this queue.
    pub fn of_queue(&self, queue: &QueueName) -> Vec<&Disposition> {
        match self.of_queues.get(queue) {
            Some(names) => names.iter().filter_map(|name| self.get(name)).collect(),
            None => self.all.iter().collect(),
        }
    }
}
