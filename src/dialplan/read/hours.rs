//! `hours` and `holidays`: opening hours, and the days on which they do not hold.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;

use super::fields::{Fields, Known, entries, items};
use super::mistake::nearest;
use super::node::{Node, Value};
use super::reading::{Kind, Reading};
use super::scalar;
use crate::calendar::{Day, OpeningHours, Span, Week, WeekMistake, Zone, weekday};

const HOURS: Known =
    Known { what: "an entry of hours", keys: &["zone", "week", "holidays", "days"], later: &["emergency", "branch"] };

const DAY: Known = Known { what: "a day", keys: &["name", "open", "as"], later: &[] };

/// The longest run of days written as one: a year.
const LONGEST_RUN: i32 = 366;

/// A day as written, before it is known whose week it borrows from.
#[derive(Clone)]
struct Written {
    name: String,
    open: Open,
}

#[derive(Clone)]
enum Open {
    Closed,
    Spans(Vec<Span>),
    /// Like this weekday.
    As(usize),
}

impl Reading {
    /// All opening hours of the centre, with their holidays worked in.
    pub(super) fn hours(&mut self, hours: &[&Node], holidays: &[&Node], zone: Option<&Zone>) -> Vec<OpeningHours> {
        let mut lists = BTreeMap::new();
        for (name, key, value) in entries(holidays, "holidays", &mut self.notes) {
            self.define(Kind::Holidays, name);
            if scalar::is_name(name, "the name of a list of holidays", key, &mut self.notes) {
                lists.insert(name, self.days(value));
            }
        }
        let mut found = Vec::new();
        for (name, key, value) in entries(hours, "hours", &mut self.notes) {
            self.define(Kind::Hours, name);
            if scalar::is_name(name, "the name of opening hours", key, &mut self.notes) {
                found.extend(self.opening_hours(name, value, &lists, zone));
            }
        }
        found
    }

    fn opening_hours(
        &mut self,
        name: &str,
        node: &Node,
        lists: &BTreeMap<&str, BTreeMap<Date, Written>>,
        zone: Option<&Zone>,
    ) -> Option<OpeningHours> {
        let fields = Fields::of(node, &HOURS, &mut self.notes)?;
        let zone = match fields.get("zone") {
            Some(node) => self.zone(node),
            None => zone.cloned(),
        };
        let week = fields.require("week", &mut self.notes).map(|node| self.week(node)).unwrap_or_default();
        let mut written = fields.get("days").map(|node| self.days(node)).unwrap_or_default();
        if let Some(node) = fields.get("holidays") {
            for item in items(node, "holidays", &mut self.notes) {
                let list = self.refer(Kind::Holidays, item, "holidays").and_then(|name| lists.get(name));
                for (date, day) in list.into_iter().flatten() {
                    // The hours' own days come first, then the lists in the order they are named in.
                    written.entry(*date).or_insert_with(|| day.clone());
                }
            }
        }
        let days = written.into_iter().map(|(date, Written { name, open })| {
            let spans = match open {
                Open::Closed => Vec::new(),
                Open::Spans(spans) => spans,
                Open::As(weekday) => week.day(weekday).to_vec(),
            };
            (date, Day { name, spans })
        });
        let days = days.collect();
        Some(OpeningHours { name: name.into(), zone: zone?, week, days })
    }

    /// An IANA zone.
    pub(super) fn zone(&mut self, node: &Node) -> Option<Zone> {
        let name = scalar::text(node, "zone", &mut self.notes)?;
        let zone = Zone::named(name).ok();
        if zone.is_none() {
            let names = Zone::names();
            let meant = nearest(name, names.iter().map(String::as_str)).map(str::to_owned);
            let sentence = format!("\"{name}\" is no time zone; they are named like Asia/Shanghai");
            self.notes.add_suggesting(&node.place, sentence, meant);
        }
        zone
    }

    fn week(&mut self, node: &Node) -> Week {
        let lines = match &node.value {
            Value::List(list) => list.as_slice(),
            Value::Scalar(_) | Value::Map(_) | Value::Broken => std::slice::from_ref(node),
        };
        let mut week = Week::default();
        for line in lines {
            let Some(text) = scalar::text(line, "week", &mut self.notes) else { continue };
            if let Err(mistake) = week.add(text) {
                self.week_mistake(line, mistake);
            }
        }
        week
    }

    fn week_mistake(&mut self, node: &Node, mistake: WeekMistake) {
        let quote = usize::from(node.scalar().is_some_and(|scalar| !scalar.plain));
        self.notes.add(&node.place.right_by(mistake.at + quote), mistake.sentence);
    }

    fn days(&mut self, node: &Node) -> BTreeMap<Date, Written> {
        let mut days = BTreeMap::new();
        for (dates, key, value) in entries(&[node], "days", &mut self.notes) {
            let Some((first, last)) = self.dates(dates, key) else { continue };
            let Some(day) = self.day(value) else { continue };
            let mut date = first;
            loop {
                if days.insert(date, day.clone()).is_some() {
                    self.notes.add(&key.place, format!("{date} is in this list already"));
                    break;
                }
                match date.checked_add(1.days()) {
                    Ok(next) if next <= last => date = next,
                    Ok(_) | Err(_) => break,
                }
            }
        }
        days
    }

    /// `2026-10-01` or `2026-10-01 to 2026-10-07`.
    fn dates(&mut self, text: &str, key: &Node) -> Option<(Date, Date)> {
        let one = |text: &str| {
            let shape: Vec<usize> = text.split('-').map(str::len).collect();
            (shape == [4, 2, 2]).then(|| text.parse::<Date>().ok()).flatten()
        };
        let (first, last) = text.split_once(" to ").map_or((text, text), |(first, last)| (first.trim(), last.trim()));
        let (Some(first), Some(last)) = (one(first), one(last)) else {
            let sentence = format!("\"{text}\" is no date; write 2026-10-01 or 2026-10-01 to 2026-10-07");
            self.notes.add(&key.place, sentence);
            return None;
        };
        let run = first.until(last).map(|span| span.get_days()).unwrap_or(i32::MAX);
        if !(0..LONGEST_RUN).contains(&run) {
            let sentence = format!("{first} to {last}: the second comes after the first, within a year");
            self.notes.add(&key.place, sentence);
            return None;
        }
        Some((first, last))
    }

    /// A name for a day off; or `{ name, open: ... }`, `{ name, as: fri }`.
    fn day(&mut self, node: &Node) -> Option<Written> {
        if let Value::Scalar(_) = node.value {
            let name = scalar::text(node, "the name of the day", &mut self.notes)?.into();
            return Some(Written { name, open: Open::Closed });
        }
        let fields = Fields::of(node, &DAY, &mut self.notes)?;
        let name = fields.require("name", &mut self.notes);
        let name = name.and_then(|node| scalar::text(node, "name", &mut self.notes));
        if let (Some(_), Some(place)) = (fields.get("open"), fields.key_place("as")) {
            self.notes.add(place, "\"as\" as well: a day has only one of open, as");
        }
        let open = match (fields.get("open"), fields.get("as")) {
            (Some(node), _) => match scalar::text(node, "open", &mut self.notes)? {
                "closed" => Open::Closed,
                text => match Span::day(text) {
                    Ok(spans) => Open::Spans(spans),
                    Err(mistake) => {
                        self.week_mistake(node, mistake);
                        return None;
                    }
                },
            },
            (None, Some(node)) => match scalar::text(node, "as", &mut self.notes)? {
                text if weekday(text).is_some() => Open::As(weekday(text)?),
                text => {
                    let sentence = format!("\"{text}\" is no day; write mon, tue, wed, thu, fri, sat or sun");
                    self.notes.add(&node.place, sentence);
                    return None;
                }
            },
            (None, None) => Open::Closed,
        };
        Some(Written { name: name?.into(), open })
    }
}
