//! A centre from the files of its directory: which section stands where, what the whole must have.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::fields::{Fields, Known, entries, items};
use super::mistake::{Mistakes, Place, nearest};
use super::node::{Node, Value};
use super::reading::{Kind, Reading};
use super::steps::Draft;
use super::{scalar, syntax};
use crate::customers::Country;
use crate::dialplan::centre::{Centre, Claim, Step, dialled};
use crate::dialplan::check;
use crate::dialplan::disposition::Dispositions;
use crate::dialplan::language::Language;
use crate::dialplan::load::CentreFiles;
use crate::routing::ids::{BreakReason, CentreName, PhoneNumber, SkillName, VersionHash};

/// The most files of one centre: a file for every subject ten times over.
pub const MOST_FILES: usize = 200;

const FILE: Known = Known {
    what: "a file of a centre",
    keys: &[
        "language",
        "name",
        "zone",
        "country",
        "languages",
        "skills",
        "break_reasons",
        "dispositions",
        "departments",
        "cases",
        "queues",
        "dial_out",
        "hours",
        "holidays",
        "numbers",
        "start",
        "emergency",
        "steps",
    ],
    later: &["tests", "sources", "scripts", "parts", "include"],
};

/// The text of a title, in characters.
const LONGEST_TITLE: usize = 80;

/// Reads a centre from the files of its directory.
///
/// # Errors
/// Every mistake in all of the files, by file and line.
pub fn read_centre(name: &CentreName, files: &CentreFiles) -> Result<Centre, Mistakes> {
    read_centre_with(name, files, &[])
}

/// The same with YAML laid over all of it, as a rehearsal tries one: where both have a map they become one, and for the
/// rest what is laid over holds. It makes another version.
///
/// # Errors
/// Every mistake in all of it; what is laid over goes by the name [`LAID_OVER`].
pub fn read_centre_with(name: &CentreName, files: &CentreFiles, over: &[String]) -> Result<Centre, Mistakes> {
    let mut reading = Reading::default();
    reading.recordings.clone_from(&files.recordings);
    let directory = Place { file: Arc::from(name.as_str()), line: 1, column: 1 };
    if files.yaml.is_empty() {
        reading.notes.add(&directory, "the centre has no .yaml file");
    }
    if files.yaml.len() > MOST_FILES {
        reading.notes.add(&directory, format!("the centre has more than {MOST_FILES} .yaml files"));
    }
    let mut roots = Vec::new();
    for (path, bytes) in files.yaml.iter().take(MOST_FILES) {
        roots.extend(syntax::parse(&Arc::from(path.as_str()), bytes, &mut reading.notes));
    }
    for text in over {
        if let Some(node) = syntax::parse(&Arc::from(LAID_OVER), text.as_bytes(), &mut reading.notes) {
            lay_over(&mut roots, node);
        }
    }
    // A file that could not be read may hold whatever the others seem to lack.
    let whole = reading.notes.count() == 0;
    let sections: Vec<Fields<'_>> =
        roots.iter().filter_map(|root| Fields::of(root, &FILE, &mut reading.notes)).collect();
    let centre = reading.centre(name, files, &sections, whole && sections.len() == roots.len());
    reading.notes.finish()?;
    // Without a mistake there is a centre: `centre` is only `None` where a mistake was noted.
    let mut centre = centre.ok_or_else(Mistakes::default)?;
    if !over.is_empty() {
        let laid = over.iter().enumerate().map(|(n, text)| (format!("{LAID_OVER}{n}"), text.as_bytes().to_vec()));
        let yaml = files.yaml.iter().cloned().chain(laid).collect();
        centre.version = version(&CentreFiles { yaml, recordings: None });
    }
    Ok(centre)
}

/// What mistakes in YAML that is laid over are named by.
pub const LAID_OVER: &str = "what if";

/// Each section of `over` into the file that has it, else into the first.
fn lay_over(roots: &mut [Node], over: Node) {
    let Value::Map(sections) = over.value else { return };
    for (key, value) in sections {
        let named = |root: &Node| root.field(&key).is_some();
        let which = roots.iter().position(named).unwrap_or(0);
        if let Some(root) = roots.get_mut(which) {
            root.lay_over(key, value);
        }
    }
}

const BREAK: Known = Known { what: "a break reason", keys: &["name", "allowed", "title"], later: &[] };

/// One entry of `break_reasons`.
struct Break {
    reason: BreakReason,
    allowed: Option<Duration>,
    titles: BTreeMap<Language, String>,
}

impl Reading {
    fn centre(
        &mut self,
        name: &CentreName,
        files: &CentreFiles,
        sections: &[Fields<'_>],
        whole: bool,
    ) -> Option<Centre> {
        self.language_version(sections, whole);
        let once = |reading: &mut Self, key: &str, needed: bool| reading.once(sections, key, needed && whole);
        let languages = once(self, "languages", true);
        self.languages = languages.map(|node| self.languages_list(node)).unwrap_or_default();
        let title = once(self, "name", true);
        let titles = title.map(|node| self.titles(node));
        let zone = once(self, "zone", true).and_then(|node| self.zone(node));
        let country = once(self, "country", false).and_then(|node| self.country(node));
        let skills = once(self, "skills", false).map(|node| self.names(node, "skill")).unwrap_or_default();
        for skill in &skills {
            self.define(Kind::Skill, skill);
        }
        let break_reasons = once(self, "break_reasons", false);
        let breaks = break_reasons.map(|node| self.breaks(node)).unwrap_or_default();

        for one in &breaks {
            self.define(Kind::BreakReason, one.reason.as_str());
        }

        let all = |key: &str| sections.iter().filter_map(|fields| fields.get(key)).collect::<Vec<_>>();
        let queues = self.queues(&all("queues"));
        let hours = self.hours(&all("hours"), &all("holidays"), zone.as_ref());
        let dispositions = self.dispositions(&all("dispositions"));
        for (queue, place) in std::mem::take(&mut self.must_dispose) {
            let none = match self.dispositions_of_queues.get(&queue) {
                Some(some) => some.is_empty(),
                None => dispositions.is_empty(),
            };
            if none && whole {
                let sentence = format!("queue \"{queue}\" requires a disposition, and there is none to choose");
                self.notes.add(&place, sentence);
            }
        }
        let organisation = self.departments(&all("departments"));
        let case_types = self.case_types(&all("cases"), &hours);
        let dial_out = once(self, "dial_out", false).and_then(|node| self.dial_out(node));
        let drafts = self.steps(&all("steps"));
        let numbers = self.numbers(sections, whole);
        let emergency = self.emergency(&all("emergency"), &numbers);
        if whole {
            if drafts.is_empty() && all("steps").is_empty() {
                self.nowhere(sections, "steps");
            }
            self.check_references();
            self.check_closings(&queues);
            self.check_call_backs(!all("dial_out").is_empty());
            self.check_outside(dial_out.as_ref(), once_given(&all("dial_out")), country);
            check::whole(self, &drafts, &numbers);
        }
        if self.notes.count() > 0 {
            return None;
        }
        let titled = breaks.iter().filter(|one| !one.titles.is_empty());
        let titled = titled.map(|one| (one.reason.clone(), one.titles.clone()));
        Some(Centre {
            name: name.clone(),
            version: version(files),
            titles: titles?,
            zone: zone?,
            country,
            languages: self.languages.clone(),
            skills: skills.iter().map(SkillName::new).collect(),
            break_reasons: breaks.iter().map(|one| one.reason.clone()).collect(),
            break_allowances: breaks.iter().filter_map(|one| Some((one.reason.clone(), one.allowed?))).collect(),
            break_titles: titled.collect(),
            dispositions: Dispositions {
                all: dispositions,
                of_queues: std::mem::take(&mut self.dispositions_of_queues),
            },
            organisation,
            case_types: case_types.into_iter().map(|kind| (kind.name.clone(), kind)).collect(),
            dial_out,
            queues: queues.into_iter().map(|queue| (queue.name.clone(), queue)).collect(),
            hours: hours.into_iter().map(|hours| (hours.name.clone(), hours)).collect(),
            numbers,
            emergency: emergency.into_iter().map(|message| (message.name.clone(), message)).collect(),
            steps: drafts.into_iter().map(step).collect(),
        })
    }

    /// `language: 1` in every file that has it, and in one at least.
    fn language_version(&mut self, sections: &[Fields<'_>], whole: bool) {
        let mut found = false;
        for node in sections.iter().filter_map(|fields| fields.get("language")) {
            found = true;
            let Some(text) = scalar::text(node, "language", &mut self.notes) else { continue };
            if text != "1" {
                let sentence = format!("language is 1, the version of the dialplan language, not \"{text}\"");
                let sentence = match text.parse::<Language>() {
                    Ok(_) => sentence + "; what callers are spoken to in stands under languages",
                    Err(_) => sentence,
                };
                self.notes.add(&node.place, sentence);
            }
        }
        if !found && whole {
            self.nowhere(sections, "language");
        }
    }

    /// The one node of a key that a centre has once.
    fn once<'n>(&mut self, sections: &[Fields<'n>], key: &str, needed: bool) -> Option<&'n Node> {
        let mut given = sections.iter().filter_map(|fields| Some((fields.get(key)?, fields.key_place(key)?)));
        let first = given.next();
        match first {
            Some((_, first)) => {
                for (_, place) in given {
                    let sentence = format!("\"{key}\" is given already in {}:{}", first.file, first.line);
                    self.notes.add(place, sentence);
                }
            }
            None if needed => self.nowhere(sections, key),
            None => {}
        }
        first.map(|(node, _)| node)
    }

    /// A section that some file must have and none has.
    fn nowhere(&mut self, sections: &[Fields<'_>], key: &str) {
        let example = match key {
            "language" => "language: 1",
            "name" => "name: { en: \"Southwing\" }",
            "zone" => "zone: Asia/Shanghai",
            "languages" => "languages: [zh, en]",
            "numbers" => "numbers: [\"4008001234\"] with start: welcome",
            _ => "steps: with a list of actions for each",
        };
        if let Some(first) = sections.first() {
            self.notes.add(first.place, format!("no file of the centre has \"{key}\"; write {example}"));
        }
    }

    /// The two letters by which numbers are known to be dialled one way or another.
    fn country(&mut self, node: &Node) -> Option<Country> {
        let text = scalar::text(node, "country", &mut self.notes)?;
        let country = text.parse::<Country>().ok();
        if country.is_none() {
            let capitals = text.to_ascii_uppercase();
            let meant = nearest(&capitals, Country::all()).map(str::to_owned);
            let sentence = format!("\"{text}\" is no country; write two capital letters, as in CN");
            self.notes.add_suggesting(&node.place, sentence, meant.filter(|meant| *meant == capitals));
        }
        country
    }

    fn languages_list(&mut self, node: &Node) -> Vec<Language> {
        let mut languages = Vec::new();
        let before = self.notes.count();
        for item in items(node, "languages", &mut self.notes) {
            let words = Language::ALL.map(|language| (language.as_str(), language));
            match scalar::word(item, "a language", &words, &mut self.notes) {
                Some(language) if languages.contains(&language) => {
                    self.notes.add(&item.place, format!("{language} is in the list already"));
                }
                Some(language) => languages.push(language),
                None => {}
            }
        }
        if languages.is_empty() && self.notes.count() == before && !matches!(node.value, Value::Broken) {
            self.notes.add(&node.place, "a centre needs at least one language");
        }
        // A list with a mistake in it says nothing about what is missing elsewhere.
        if self.notes.count() == before { languages } else { Vec::new() }
    }

    pub(super) fn titles(&mut self, node: &Node) -> BTreeMap<Language, String> {
        let mut titles = BTreeMap::new();
        if let (Value::Scalar(_), [only]) = (&node.value, self.languages.as_slice()) {
            let only = *only;
            titles.extend(self.title(node).map(|title| (only, title)));
            return titles;
        }
        if self.languages.is_empty() && matches!(node.value, Value::Scalar(_)) {
            return titles;
        }
        let before = self.notes.count();
        for (key, key_node, value) in entries(&[node], "names in the languages", &mut self.notes) {
            match key.parse::<Language>() {
                Ok(language) if self.languages.is_empty() || self.languages.contains(&language) => {
                    titles.extend(self.title(value).map(|title| (language, title)));
                }
                Ok(_) => self.notes.add(&key_node.place, format!("{key} is not one of the centre's languages")),
                Err(_) => {
                    let meant = nearest(key, Language::ALL.map(Language::as_str));
                    self.notes.add_suggesting(&key_node.place, format!("\"{key}\" is no language"), meant);
                }
            }
        }
        let missing: Vec<&str> = self
            .languages
            .iter()
            .filter(|language| !titles.contains_key(language))
            .map(|language| language.as_str())
            .collect();
        if !missing.is_empty() && self.notes.count() == before {
            self.notes.add(&node.place, format!("no name in {}", missing.join(", ")));
        }
        titles
    }

    fn title(&mut self, node: &Node) -> Option<String> {
        let text = scalar::text(node, "the name", &mut self.notes)?;
        if text.chars().count() > LONGEST_TITLE || text.chars().any(char::is_control) {
            self.notes.add(&node.place, format!("a name is one line of at most {LONGEST_TITLE} characters"));
            return None;
        }
        Some(text.into())
    }

    /// `break_reasons`: names, some with what a shift has of them, and what people see instead.
    fn breaks(&mut self, node: &Node) -> Vec<Break> {
        let mut breaks: Vec<Break> = Vec::new();
        for item in items(node, "break reasons", &mut self.notes) {
            let (named, allowed, titles) = if item.scalar().is_some() {
                (item, None, BTreeMap::new())
            } else {
                let Some(fields) = Fields::of(item, &BREAK, &mut self.notes) else { continue };
                let shift = Duration::from_secs(60)..=Duration::from_secs(12 * 3600);
                let allowed =
                    fields.get("allowed").and_then(|n| scalar::duration(n, "allowed", shift, &mut self.notes));
                let titles = fields.get("title").map(|node| self.titles(node)).unwrap_or_default();
                let Some(named) = fields.require("name", &mut self.notes) else { continue };
                (named, allowed, titles)
            };
            let Some(name) = scalar::text(named, "the break reason", &mut self.notes) else { continue };
            if breaks.iter().any(|known| known.reason.as_str() == name) {
                self.notes.add(&named.place, format!("break reason \"{name}\" is in the list already"));
            } else if scalar::is_name(name, "the name of a break reason", named, &mut self.notes) {
                breaks.push(Break { reason: BreakReason::new(name), allowed, titles });
            }
        }
        breaks
    }

    fn names(&mut self, node: &Node, what: &str) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for item in items(node, &format!("{what}s"), &mut self.notes) {
            let Some(name) = scalar::text(item, &format!("the {what}"), &mut self.notes) else { continue };
            if names.iter().any(|known| known == name) {
                self.notes.add(&item.place, format!("{what} \"{name}\" is in the list already"));
            } else if scalar::is_name(name, &format!("the name of a {what}"), item, &mut self.notes) {
                names.push(name.into());
            }
        }
        names
    }

    /// `numbers` and `start` of each file.
    fn numbers(&mut self, sections: &[Fields<'_>], whole: bool) -> BTreeMap<PhoneNumber, Claim> {
        let mut claims: BTreeMap<PhoneNumber, Claim> = BTreeMap::new();
        let mut found = false;
        for fields in sections {
            let (numbers, start) = (fields.get("numbers"), fields.get("start"));
            found |= numbers.is_some();
            if let (Some(place), None) = (fields.key_place("numbers"), start) {
                self.notes.add(place, "numbers without a start; write start: and the step that calls begin with");
            }
            if let (Some(place), None) = (fields.key_place("start"), numbers) {
                self.notes.add(place, "start without numbers; write numbers: in the same file");
            }
            let start = start.and_then(|node| self.step(node, "start"));
            for item in numbers.map(|node| items(node, "numbers", &mut self.notes)).unwrap_or_default() {
                let Some(number) = self.number(item) else { continue };
                if let Some(first) = claims.get(&number) {
                    let at = &first.place;
                    let sentence = format!("number {number} is claimed twice, first in {}:{}", at.file, at.line);
                    self.notes.add(&item.place, sentence);
                } else if let Some(start) = &start {
                    let line = self.notes.line(&item.place).unwrap_or_default().to_owned();
                    claims.insert(number, Claim { start: start.clone(), place: item.place.clone(), line });
                }
            }
        }
        if !found && whole {
            self.nowhere(sections, "numbers");
        }
        claims
    }

    pub(super) fn number(&mut self, node: &Node) -> Option<PhoneNumber> {
        let text = scalar::text(node, "a number", &mut self.notes)?;
        let number = dialled(text);
        let digits = number.as_str().strip_prefix('+').unwrap_or(number.as_str());
        let good = (1..=32).contains(&digits.len()) && digits.chars().all(|c| c.is_ascii_digit() || "*#".contains(c));
        if !good {
            let sentence = format!("\"{text}\" is no telephone number: digits, with + before them if need be");
            self.notes.add(&node.place, sentence);
        }
        good.then_some(number)
    }
}

/// Whether a section that could not be read is there at all.
fn once_given(nodes: &[&Node]) -> bool {
    !nodes.is_empty()
}

fn step(draft: Draft) -> (crate::routing::ids::StepName, Step) {
    let actions = draft.actions.into_iter().map(|(action, _)| action).collect();
    (draft.name.clone(), Step { name: draft.name, actions })
}

/// The hash over the names and bytes of all files, whatever order they come in and wherever the directory is.
fn version(files: &CentreFiles) -> VersionHash {
    let name = |path: &'_ str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let sorted: BTreeSet<(String, &[u8])> = files.yaml.iter().map(|(path, b)| (name(path), b.as_slice())).collect();
    let mut hash = Sha256::new();
    for (name, bytes) in sorted {
        // Lengths first, so that no byte can move from one field to the next and leave the hash as it was.
        hash.update((name.len() as u64).to_be_bytes());
        hash.update(name);
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    }
    // Half of it: it is written onto channels, where every byte counts.
    VersionHash::new(hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect::<String>())
}
