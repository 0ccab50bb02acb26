//! The `agents` of a scenario to groups, with every mistake at its place.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::reading::Reader;
use super::scenario::{Group, LONGEST_NIGHT, MOST_AGENTS};
use super::spread::Spread;
use crate::calendar::{DAY_MINUTES, Span as Hours, Week};
use crate::dialplan::Centre;
use crate::dialplan::read::fields::{Fields, Known, entries, items};
use crate::dialplan::read::mistake::nearest;
use crate::dialplan::read::node::Node;
use crate::dialplan::read::scalar;
use crate::routing::ids::{QueueName, SkillName};
use crate::switch::rehearsal::Span;

const GROUP: Known = Known {
    what: "a group of agents",
    keys: &["count", "queues", "skills", "shift", "breaks", "picks_up"],
    later: &["misses", "names"],
};

/// The longest that a phone is let ring; queues ring no longer than two minutes.
const LONGEST_RING: Duration = Duration::from_secs(120);

impl Reader<'_> {
    pub(super) fn agents(&mut self, node: &Node) -> BTreeMap<String, Group> {
        let mut groups = BTreeMap::new();
        let before = self.notes.count();
        for (name, key, value) in entries(&[node], "agents", &mut self.notes) {
            let good = scalar::is_name(name, "the name of a group of agents", key, &mut self.notes);
            if let Some(group) = self.group(value).filter(|_| good) {
                groups.insert(name.to_owned(), group);
            }
        }
        if self.notes.count() > before {
            return groups;
        }
        let all: u64 = groups.values().map(|group| u64::from(group.count)).sum();
        if all == 0 {
            self.notes.add(&node.place, "nobody works: at least one group of agents is needed");
        }
        if all > u64::from(MOST_AGENTS) {
            self.notes.add(&node.place, format!("{all} agents are more than the {MOST_AGENTS} that a rehearsal seats"));
        }
        for sentence in self.centre.map(|centre| impossible(centre, &groups)).unwrap_or_default() {
            self.notes.add(&node.place, sentence);
        }
        groups
    }

    fn group(&mut self, node: &Node) -> Option<Group> {
        let fields = Fields::of(node, &GROUP, &mut self.notes)?;
        let range = 1..=u64::from(MOST_AGENTS);
        let count = fields
            .require("count", &mut self.notes)
            .and_then(|node| scalar::number(node, "count", range, &mut self.notes));
        let queues = match fields.get("queues") {
            Some(node) => self.queues(node),
            None => self.centre.map(|centre| centre.queues.keys().cloned().collect()),
        };
        let skills = match fields.get("skills") {
            Some(node) => self.skills(node),
            None => Some(BTreeMap::new()),
        };
        let shift = fields.require("shift", &mut self.notes).and_then(|node| self.shift(node));
        let breaks = match fields.get("breaks") {
            Some(node) => self.breaks(node, shift.as_ref()),
            None => Some(Vec::new()),
        };
        let picks_up = match fields.get("picks_up") {
            Some(node) => self.picks_up(node),
            None => Some(Span::ZERO),
        };
        let count = u32::try_from(count?).unwrap_or(MOST_AGENTS);
        Some(Group { count, queues: queues?, skills: skills?, shift: shift?, breaks: breaks?, picks_up: picks_up? })
    }

    fn queues(&mut self, node: &Node) -> Option<BTreeSet<QueueName>> {
        let mut queues = BTreeSet::new();
        for item in items(node, "queues", &mut self.notes) {
            let Some(name) = scalar::text(item, "a queue", &mut self.notes) else { continue };
            let there = self.centre.map(|centre| centre.queues.keys().map(|q| q.as_str()).collect::<Vec<_>>())?;
            if there.contains(&name) {
                queues.insert(QueueName::new(name));
            } else {
                let sentence = format!("the centre has no queue \"{name}\"; it has {}", there.join(", "));
                self.notes.add_suggesting(&item.place, sentence, nearest(name, there));
            }
        }
        if queues.is_empty() {
            self.notes.add(&node.place, "agents without a queue would get no call");
        }
        Some(queues)
    }

    fn skills(&mut self, node: &Node) -> Option<BTreeMap<SkillName, u8>> {
        let mut skills = BTreeMap::new();
        for (name, key, value) in entries(&[node], "skills", &mut self.notes) {
            let level = scalar::number(value, "a skill's level", 1..=10, &mut self.notes);
            let there = self.centre.map(|centre| centre.skills.iter().map(|s| s.as_str()).collect::<Vec<_>>())?;
            if there.contains(&name) {
                skills.extend(level.and_then(|level| Some((SkillName::new(name), u8::try_from(level).ok()?))));
            } else {
                let sentence = format!("the centre has no skill \"{name}\"");
                self.notes.add_suggesting(&key.place, sentence, nearest(name, there));
            }
        }
        Some(skills)
    }

    fn shift(&mut self, node: &Node) -> Option<Week> {
        let text = scalar::text(node, "shift", &mut self.notes)?;
        let mut week = Week::default();
        let whole =
            if text.starts_with(|c: char| c.is_ascii_digit()) { format!("daily {text}") } else { text.to_owned() };
        if let Err(wrong) = week.add(&whole) {
            self.notes.add(&node.place, format!("shift: {}", wrong.sentence));
            return None;
        }
        let backwards = (0..7)
            .flat_map(|day| week.day(day))
            .find(|span| span.to() > DAY_MINUTES && span.to() - span.from() > LONGEST_NIGHT);
        if let Some(span) = backwards {
            let hours = (span.to() - span.from()) / 60;
            let sentence = format!("shift {span} ends before it begins: through the night it would last {hours} hours");
            self.notes.add(&node.place, sentence);
            return None;
        }
        Some(week)
    }

    fn breaks(&mut self, node: &Node, shift: Option<&Week>) -> Option<Vec<Hours>> {
        let text = scalar::text(node, "breaks", &mut self.notes)?;
        let breaks = match Hours::day(text) {
            Ok(breaks) => breaks,
            Err(wrong) => {
                self.notes.add(&node.place, format!("breaks: {}", wrong.sentence));
                return None;
            }
        };
        let within = |rest: &Hours| {
            let holds = |span: &Hours| span.from() <= rest.from() && rest.to() <= span.to();
            shift.is_none_or(|week| (0..7).any(|day| week.day(day).iter().any(holds)))
        };
        if let Some(outside) = breaks.iter().find(|rest| !within(rest)) {
            self.notes.add(&node.place, format!("the break {outside} is in no shift of these agents"));
            return None;
        }
        Some(breaks)
    }

    fn picks_up(&mut self, node: &Node) -> Option<Span> {
        let sentence = match self.spread(node, "picks_up", false)? {
            Spread::Exactly(time) if time <= LONGEST_RING => return Some(Span::exactly(time)),
            Spread::Even { least, most } if most <= LONGEST_RING => return Some(Span { least, most }),
            Spread::Exactly(_) | Spread::Even { .. } => "picks_up is two minutes at most".to_owned(),
            Spread::Exponential { .. } | Spread::Lognormal { .. } | Spread::Never | Spread::Seen(_) => {
                "picks_up is written as 1s to 4s, or exactly 2s".to_owned()
            }
        };
        self.notes.add(&node.place, sentence);
        None
    }
}

/// Queues that have agents, and none who may take a call of theirs.
pub(super) fn impossible(centre: &Centre, groups: &BTreeMap<String, Group>) -> Vec<String> {
    let mut found = Vec::new();
    for queue in centre.queues.values() {
        let theirs: Vec<&Group> = groups.values().filter(|group| group.queues.contains(&queue.name)).collect();
        let meets = |group: &&Group| {
            queue.needs.iter().all(|need| group.skills.get(&need.skill).is_some_and(|level| *level >= need.level))
        };
        if !theirs.is_empty() && !theirs.iter().any(meets) {
            let needs: Vec<String> =
                queue.needs.iter().map(|need| format!("{} at {} or more", need.skill, need.level)).collect();
            found.push(format!(
                "queue {} needs {}, which none of its agents has: its callers would wait for nobody",
                queue.name,
                needs.join(" and ")
            ));
        }
    }
    found
}
