//! `queues` and `needs`: who a call waits for, and by which rules.

use std::time::Duration;

use super::fields::{Fields, Known, entries, items};
use super::node::Node;
use super::reading::{Kind, Reading};
use super::scalar;
use crate::dialplan::language::Language;
use crate::routing::ids::{QueueName, SkillName};
use crate::routing::queue::{Need, QueueRules};
use crate::routing::strategy::Strategy;

const QUEUE: Known = Known {
    what: "a queue",
    keys: &[
        "ring_for",
        "wrap_up",
        "rest_after_missed",
        "rest_after_busy",
        "rest_after_unreachable",
        "most_missed",
        "auto_answer",
        "disposition",
        "target",
        "music",
        "needs",
        "credit",
        "most_waiting",
        "dispositions",
        "strategy",
        "hours",
        "call_back",
    ],
    later: &["waiting", "agents", "lent", "title"],
};

const NEED: Known = Known { what: "a need", keys: &["skill", "level", "until"], later: &[] };

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

impl Reading {
    /// All queues of the centre.
    pub(super) fn queues(&mut self, nodes: &[&Node]) -> Vec<QueueRules> {
        let mut queues = Vec::new();
        for (name, key, value) in entries(nodes, "queues", &mut self.notes) {
            self.define(Kind::Queue, name);
            if scalar::is_name(name, "the name of a queue", key, &mut self.notes) {
                queues.extend(self.queue(name, value));
            }
        }
        queues
    }

    fn queue(&mut self, name: &str, node: &Node) -> Option<QueueRules> {
        let mut rules = QueueRules::named(QueueName::new(name));
        if node.is_empty() {
            return Some(rules);
        }
        let fields = Fields::of(node, &QUEUE, &mut self.notes)?;
        // A phone that rings longer than this is one that nobody sits at.
        let ringing = SECOND..=Duration::from_secs(120);
        let within_an_hour = Duration::ZERO..=HOUR;
        let ring_for = fields.get("ring_for").map(|n| scalar::duration(n, "ring_for", ringing, &mut self.notes));
        let wrap_up = fields.get("wrap_up").map(|node| until_ready(node, "wrap_up", self));
        let rest = fields.get("rest_after_missed").map(|node| until_ready(node, "rest_after_missed", self));
        let busy = fields.get("rest_after_busy").map(|node| until_ready(node, "rest_after_busy", self));
        let away = fields.get("rest_after_unreachable").map(|node| until_ready(node, "rest_after_unreachable", self));
        // More than nobody picks up in a shift is no rule.
        let most_missed =
            fields.get("most_missed").map(|n| scalar::number(n, "most_missed", 1..=1_000, &mut self.notes));
        let yes_no = [("true", true), ("false", false)];
        let auto = fields.get("auto_answer").map(|n| scalar::word(n, "auto_answer", &yes_no, &mut self.notes));
        let words = [("required", true), ("optional", false)];
        let disposition = fields.get("disposition").map(|n| {
            let required = scalar::word(n, "disposition", &words, &mut self.notes);
            if required == Some(true) {
                self.must_dispose.push((rules.name.clone(), n.place.clone()));
            }
            required
        });
        let target = fields.get("target").map(|n| scalar::duration(n, "target", SECOND..=HOUR, &mut self.notes));
        let music = fields.get("music").map(|node| music(node, self));
        let needs = fields.get("needs").map(|node| self.needs(node, &NEED));
        let credit = fields.get("credit").map(|n| scalar::duration(n, "credit", within_an_hour, &mut self.notes));
        if let Some(node) = fields.get("dispositions") {
            let some = self.some_dispositions(node);
            self.dispositions_of_queues.insert(rules.name.clone(), some);
        }
        let strategy = fields.get("strategy").map(|node| self.strategy(node));
        let hours = fields.get("hours").map(|node| self.refer(Kind::Hours, node, "the hours of a queue"));
        let range = 1..=QueueRules::MOST_WAITING as u64;
        let most = fields.get("most_waiting").map(|n| scalar::number(n, "most_waiting", range, &mut self.notes));
        // What was not given keeps its default; what was given wrongly has been told, and ends it here.
        rules.ring_for = ring_for.unwrap_or(Some(rules.ring_for))?;
        rules.wrap_up = wrap_up.unwrap_or(Some(rules.wrap_up))?;
        rules.rest_after_missed = rest.unwrap_or(Some(rules.rest_after_missed))?;
        // Where nothing else is written a phone that fails is left alone as one that is not picked up.
        rules.rest_after_busy = busy.unwrap_or(Some(rules.rest_after_missed))?;
        rules.rest_after_unreachable = away.unwrap_or(Some(rules.rest_after_missed))?;
        if let Some(most) = most_missed {
            rules.most_missed = Some(u32::try_from(most?).unwrap_or(u32::MAX));
        }
        rules.auto_answer = auto.unwrap_or(Some(false))?;
        rules.needs_disposition = disposition.unwrap_or(Some(false))?;
        rules.target = target.unwrap_or(Some(rules.target))?;
        rules.music = music.unwrap_or(Some(rules.music))?;
        rules.needs = needs.unwrap_or_default().into_iter().map(|(_, need)| need).collect();
        rules.credit = credit.unwrap_or(Some(rules.credit))?;
        rules.strategy = strategy.unwrap_or(Some(Strategy::default()))?;
        rules.hours = match hours {
            Some(hours) => Some(hours?.to_owned()),
            None => None,
        };
        if let Some(node) = fields.get("call_back") {
            rules.call_back = self.call_back_rules(node, &rules.name)?;
        }
        if let Some(most) = most {
            rules.most_waiting = usize::try_from(most?).unwrap_or(QueueRules::MOST_WAITING);
        }
        Some(rules)
    }

    /// A queue without opening hours never closes.
    pub(super) fn check_closings(&mut self, queues: &[QueueRules]) {
        for (queue, place) in std::mem::take(&mut self.closings) {
            if queues.iter().any(|rules| rules.name == queue && rules.hours.is_none()) {
                let sentence = format!("queue \"{queue}\" never closes: it has no hours; write hours: under the queue");
                self.notes.add(&place, sentence);
            }
        }
    }

    /// One of the centre's languages.
    pub(super) fn language(&mut self, node: &Node) -> Option<Language> {
        let words: Vec<(&str, Language)> =
            self.languages.iter().map(|&language| (language.as_str(), language)).collect();
        if words.is_empty() {
            return scalar::text(node, "language", &mut self.notes)?.parse().ok();
        }
        scalar::word(node, "language", &words, &mut self.notes)
    }

    /// `needs`: a list of skills with levels, and the language that each is for, if it is for one.
    pub(super) fn needs(&mut self, node: &Node, known: &Known) -> Vec<(Option<Language>, Need)> {
        let mut needs: Vec<(Option<Language>, Need)> = Vec::new();
        for item in items(node, "needs", &mut self.notes) {
            let Some(fields) = Fields::of(item, known, &mut self.notes) else { continue };
            let skill = fields.require("skill", &mut self.notes).and_then(|n| self.refer(Kind::Skill, n, "skill"));
            let level = match fields.get("level") {
                Some(node) => scalar::number(node, "level", 1..=10, &mut self.notes),
                None => Some(1),
            };
            let language = fields.get("language").map(|node| self.language(node));
            let until = fields.get("until").map(|n| scalar::duration(n, "until", SECOND..=HOUR, &mut self.notes));
            let (Some(skill), Some(level)) = (skill, level.and_then(|level| u8::try_from(level).ok())) else {
                continue;
            };
            let (language, until) = (language.flatten(), until.flatten());
            let mut others = needs.iter().filter(|(only, need)| *only == language && need.skill.as_str() == skill);
            if let Some((_, other)) = others.find(|(_, other)| !eases(other, level, until)) {
                let sentence = match (other.until, until) {
                    (None, None) => format!("\"{skill}\" is needed already"),
                    _ => format!(
                        "\"{skill}\" is needed twice, and neither eases the other: the higher level is for a shorter wait"
                    ),
                };
                self.notes.add(&item.place, sentence);
            }
            needs.push((language, Need { skill: SkillName::new(skill), level, until }));
        }
        needs
    }
}

/// Of two needs for one skill the higher level holds for the shorter wait; else one of them says nothing.
fn eases(other: &Need, level: u8, until: Option<Duration>) -> bool {
    let longer = |a: Option<Duration>, b: Option<Duration>| match (a, b) {
        (None, Some(_)) => true,
        (Some(a), Some(b)) => a > b,
        (None | Some(_), None) => false,
    };
    longer(other.until, until) && other.level < level || longer(until, other.until) && level < other.level
}

pub(super) fn until_ready(node: &Node, what: &str, reading: &mut Reading) -> Option<Option<Duration>> {
    if node.scalar().is_some_and(|scalar| scalar.text == "until_ready") {
        return Some(None);
    }
    scalar::duration(node, &format!("{what} (a duration or until_ready)"), Duration::ZERO..=HOUR, &mut reading.notes)
        .map(Some)
}

pub(super) fn music(node: &Node, reading: &mut Reading) -> Option<String> {
    let text = scalar::text(node, "music", &mut reading.notes)?;
    let good = text.len() <= 40 && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if !good {
        let sentence = format!("\"{text}\" cannot be a music class: letters, digits, _ and -, at most 40");
        reading.notes.add(&node.place, sentence);
    }
    good.then(|| text.into())
}
