//! `Reading`: what is known while a centre is read, and the names met whose owners may come later.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use super::mistake::{MOST_MISTAKES, Notes, Place, nearest};
use super::node::Node;
use super::scalar;
use crate::dialplan::disposition::DispositionName;
use crate::dialplan::figures::Figure;
use crate::dialplan::language::Language;
use crate::routing::dial_out::DialledNumber;
use crate::routing::ids::{QueueName, StepName};

/// The most suggestions looked for in one reading: each compares with every name there is, and a file made to hurt
/// holds tens of thousands of both.
const MOST_SUGGESTIONS: usize = 2 * MOST_MISTAKES;

/// What a name can stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Step,
    Queue,
    Hours,
    Holidays,
    Skill,
    Variable,
    Department,
    Disposition,
    BreakReason,
}

impl Kind {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Kind::Step => "step",
            Kind::Queue => "queue",
            Kind::Hours => "hours",
            Kind::Holidays => "holidays",
            Kind::Skill => "skill",
            Kind::Variable => "variable",
            Kind::Department => "department",
            Kind::Disposition => "disposition",
            Kind::BreakReason => "break reason",
        }
    }
}

/// A name used somewhere.
pub(crate) struct Reference {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) place: Place,
    /// The step that uses it, if one does.
    pub(crate) from: Option<StepName>,
}

/// A reading of all files of one centre.
#[derive(Default)]
pub(crate) struct Reading {
    pub(crate) notes: Notes,
    /// The centre's languages; empty while they are unknown.
    pub(crate) languages: Vec<Language>,
    /// The names of the recordings there are, if anybody looked.
    pub(crate) recordings: Option<BTreeSet<String>>,
    /// The step being read.
    pub(crate) step: Option<StepName>,
    /// A text under `waiting` is being read: it may say figures.
    pub(crate) in_waiting: bool,
    pub(crate) references: Vec<Reference>,
    /// What a queue says about dispositions.
    /// Queues after whose calls a disposition must be written, and where that stands.
    pub(crate) must_dispose: Vec<(QueueName, Place)>,
    pub(crate) dispositions_of_queues: BTreeMap<QueueName, Vec<DispositionName>>,
    /// Where a step says what happens when a queue closes.
    pub(crate) closings: Vec<(QueueName, Place)>,
    /// Where callers are to be called back.
    pub(crate) call_backs: Vec<Place>,
    /// Where those begin who are called back before an agent is rung, for which queue, and where that stands.
    pub(crate) called: Vec<(StepName, QueueName, Place)>,
    /// Numbers that steps transfer callers to, and where each stands.
    pub(crate) outside: Vec<(DialledNumber, Place)>,
    defined: BTreeMap<Kind, BTreeSet<String>>,
    /// How many suggestions have been looked for.
    sought: Cell<usize>,
}

impl Reading {
    /// There is something of this name, even if it is written wrongly.
    pub(crate) fn define(&mut self, kind: Kind, name: &str) {
        self.defined.entry(kind).or_default().insert(name.into());
    }

    pub(crate) fn defined(&self, kind: Kind, name: &str) -> bool {
        self.defined.get(&kind).is_some_and(|names| names.contains(name))
    }

    /// The one of this kind that a wrong name probably means.
    pub(crate) fn nearest(&self, kind: Kind, name: &str) -> Option<&str> {
        self.suggestion(name, self.defined.get(&kind)?)
    }

    /// The recording that a wrong name probably means.
    pub(super) fn nearest_recording(&self, name: &str) -> Option<&str> {
        self.suggestion(name, self.recordings.as_ref()?)
    }

    fn suggestion<'a>(&self, name: &str, among: &'a BTreeSet<String>) -> Option<&'a str> {
        let sought = self.sought.get();
        self.sought.set(sought + 1);
        if sought >= MOST_SUGGESTIONS {
            return None;
        }
        nearest(name, among.iter().map(String::as_str))
    }

    /// A name that must exist once everything is read.
    pub(crate) fn refer<'n>(&mut self, kind: Kind, node: &'n Node, what: &str) -> Option<&'n str> {
        let name = scalar::text(node, what, &mut self.notes)?;
        self.refer_at(kind, name, &node.place);
        Some(name)
    }

    pub(crate) fn refer_at(&mut self, kind: Kind, name: &str, place: &Place) {
        let from = self.step.clone();
        self.references.push(Reference { kind, name: name.into(), place: place.clone(), from });
    }

    /// A step that must exist.
    pub(crate) fn step(&mut self, node: &Node, what: &str) -> Option<StepName> {
        self.refer(Kind::Step, node, what).map(StepName::new)
    }

    /// Every name used must exist.
    pub(crate) fn check_references(&mut self) {
        let unknown: Vec<_> = self.references.iter().filter(|r| !self.defined(r.kind, &r.name)).collect();
        let mut found = Vec::new();
        for reference in unknown {
            let (word, name) = (reference.kind.word(), &reference.name);
            let sentence = match reference.kind {
                _ if name.contains(['，', '、', '：']) => {
                    format!("full-width punctuation in {word} \"{name}\"; write the plain , or :")
                }
                Kind::Hours | Kind::Holidays => format!("{word} \"{name}\" do not exist"),
                Kind::Step | Kind::Queue | Kind::Skill | Kind::Department | Kind::Disposition | Kind::BreakReason => {
                    format!("{word} \"{name}\" does not exist")
                }
                Kind::Variable if Figure::named(name).is_some() => {
                    format!("{{{name}}} is known of callers who wait: only texts under waiting of a queue say it")
                }
                Kind::Variable => format!("no ask takes in \"{name}\""),
            };
            let suggestion = self.nearest(reference.kind, name).map(str::to_owned);
            found.push((reference.place.clone(), sentence, suggestion));
        }
        for (place, sentence, suggestion) in found {
            self.notes.add_suggesting(&place, sentence, suggestion);
        }
    }
}
