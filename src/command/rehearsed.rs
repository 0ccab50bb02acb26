//! What `cordboard rehearse` prints: a table for people, JSON for programs.

use std::collections::BTreeSet;

use cordboard::rehearse::beside::{Beside, Theory};
use cordboard::rehearse::log::Seen;
use cordboard::rehearse::sheet::{Before, Line};
use cordboard::rehearse::{Measured, Plan, Sheet};
use cordboard::routing::fact::Outcome;
use serde_json::json;

use super::table::table;

const HEAD: [&str; 11] = [
    "",
    "offered",
    "answered",
    "abandoned",
    "short",
    "led on",
    "in target",
    "ASA s",
    "AHT s",
    "occupancy",
    "longest s",
];

/// All of a run, or of two.
pub struct Shown<'s> {
    pub plan: &'s Plan,
    pub as_it_is: &'s Sheet,
    pub what_if: Option<&'s Sheet>,
    pub seen: Option<&'s Seen>,
}

fn share(share: Option<f64>) -> String {
    share.map_or_else(|| "-".into(), |share| format!("{:.1} %", share * 100.0))
}

fn seconds(time: Option<f64>) -> String {
    time.map_or_else(|| "-".into(), |time| format!("{time:.1}"))
}

fn cells(name: String, line: &Line) -> [String; 11] {
    let of = |part: u64| (line.offered > 0).then(|| part as f64 / line.offered as f64);
    [
        name,
        line.offered.to_string(),
        line.answered.to_string(),
        format!("{} ({})", line.abandoned, share(of(line.abandoned))),
        line.short_abandoned.to_string(),
        line.led_on.to_string(),
        share(line.service_level),
        seconds(line.speed_of_answer_s),
        seconds(line.handle_time_s),
        share(line.occupancy),
        seconds(line.longest_wait_s),
    ]
}

fn difference(name: String, before: &Line, after: &Line) -> [String; 11] {
    let count = |of: fn(&Line) -> u64| {
        let more = i128::from(of(after)) - i128::from(of(before));
        if more == 0 { "=".to_owned() } else { format!("{more:+}") }
    };
    let both = |of: fn(&Line) -> Option<f64>| of(after).zip(of(before)).map(|(after, before)| after - before);
    let points = |of| both(of).map_or_else(|| "-".into(), |more: f64| format!("{:+.1} points", more * 100.0));
    let seconds = |of| both(of).map_or_else(|| "-".into(), |more: f64| format!("{more:+.1}"));
    [
        name,
        count(|line| line.offered),
        count(|line| line.answered),
        count(|line| line.abandoned),
        count(|line| line.short_abandoned),
        count(|line| line.led_on),
        points(|line| line.service_level),
        seconds(|line| line.speed_of_answer_s),
        seconds(|line| line.handle_time_s),
        points(|line| line.occupancy),
        seconds(|line| line.longest_wait_s),
    ]
}

fn theory(name: &str, theory: Option<Theory>) -> Option<[String; 11]> {
    let Theory { abandoned, service_level, speed_of_answer_s, occupancy, .. } = theory?;
    let mut cells: [String; 11] = Default::default();
    cells[0] = name.into();
    cells[3] = share(Some(abandoned));
    cells[6] = share(Some(service_level));
    cells[7] = seconds(Some(speed_of_answer_s));
    cells[9] = share(Some(occupancy));
    Some(cells)
}

fn both_theories(beside: &Beside) -> impl Iterator<Item = [String; 11]> {
    let rows = [theory("    Erlang C", beside.erlang_c), theory("    Erlang A", beside.erlang_a)];
    rows.into_iter().flatten()
}

impl Shown<'_> {
    pub fn json(&self) -> String {
        let zone = &self.plan.centre.zone;
        let whole = self.plan.period.whole();
        let value = json!({
            "centre": self.plan.centre.name,
            "version": self.plan.centre.version,
            "seed": self.plan.seed,
            "from": zone.day_and_minute(whole.from),
            "to": zone.day_and_minute(whole.to),
            "zone": zone.name(),
            "log": self.seen,
            "as_it_is": self.as_it_is,
            "what_if": self.what_if,
        });
        format!("{value:#}\n")
    }

    pub fn text(&self, intervals: bool) -> String {
        let mut text = self.head();
        text.push_str(&table(HEAD, self.rows()));
        text.push('\n');
        for line in self.notes() {
            text.push_str(&line);
            text.push('\n');
        }
        if intervals {
            text.push('\n');
            text.push_str(&table(HEAD, self.intervals()));
        }
        text
    }

    fn head(&self) -> String {
        let Self { plan, as_it_is, seen, .. } = self;
        let (first, last) = (plan.period.first, plan.period.last);
        let days = if first == last { first.to_string() } else { format!("{first} to {last}") };
        let targets: BTreeSet<String> =
            as_it_is.queues.iter().map(|(name, of)| format!("{name} {} s", of.target_s)).collect();
        let targets = targets.into_iter().collect::<Vec<_>>().join(", ");
        let mut text = format!(
            "{} on {days} ({}), {} calls, {} agents, seed {}\nin target: {}, T: {targets}; short: gave up within {} s, \
             counted apart\n",
            plan.centre.name,
            plan.centre.zone,
            as_it_is.calls,
            plan.seats.len(),
            plan.seed,
            as_it_is.service_level_formula,
            as_it_is.short_abandon_s,
        );
        if let Some(seen) = seen {
            text.push_str(&seen.words());
            text.push('\n');
        }
        text.push('\n');
        text
    }

    fn rows(&self) -> Vec<[String; 11]> {
        let mut rows = Vec::new();
        let names: BTreeSet<_> =
            self.as_it_is.queues.keys().chain(self.what_if.iter().flat_map(|sheet| sheet.queues.keys())).collect();
        for name in names {
            let now = self.as_it_is.queues.get(name);
            if let Some(of) = self.seen.and_then(|seen| seen.sheet.queues.get(name)) {
                rows.push(cells(format!("{name}, in the log"), &of.line));
            }
            if let Some(of) = now {
                rows.push(cells(name.to_string(), &of.line));
                rows.extend(both_theories(&of.beside));
            }
            if let Some(of) = self.what_if.and_then(|sheet| sheet.queues.get(name)) {
                rows.push(cells(if now.is_some() { "  what if".into() } else { format!("{name}, what if") }, &of.line));
                rows.extend(both_theories(&of.beside));
                rows.extend(now.map(|now| difference("  difference".into(), &now.line, &of.line)));
            }
        }
        if let Some(seen) = self.seen {
            rows.push(cells("all, in the log".into(), &seen.sheet.all));
        }
        rows.push(cells("all".into(), &self.as_it_is.all));
        if let Some(what_if) = self.what_if {
            rows.push(cells("  what if".into(), &what_if.all));
            rows.push(difference("  difference".into(), &self.as_it_is.all, &what_if.all));
        }
        rows
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        for (which, sheet) in [("", Some(self.as_it_is)), ("what if: ", self.what_if)] {
            let Some(sheet) = sheet else { continue };
            notes.extend(before(&sheet.before_queue).map(|words| format!("{which}{words}")));
            let turned = sheet.all.turned_away;
            if turned > 0 {
                notes.push(format!("{which}{turned} turned away at a queue: full, or nobody logged in"));
            }
            if sheet.all.still_waiting > 0 {
                notes.push(format!("{which}{} still waited four hours after the end", sheet.all.still_waiting));
            }
            for (queue, of) in &sheet.queues {
                notes.extend(of.beside.notes.iter().map(|note| format!("{which}{queue}: {note}")));
            }
        }
        notes
    }

    fn intervals(&self) -> Vec<[String; 11]> {
        let mut rows = Vec::new();
        for (name, of) in &self.as_it_is.queues {
            let otherwise = self.what_if.and_then(|sheet| sheet.queues.get(name));
            for interval in &of.intervals {
                rows.push(cells(format!("{name} {}", interval.from), &interval.line));
                let same = otherwise.and_then(|of| of.intervals.iter().find(|other| other.from == interval.from));
                rows.extend(same.map(|same| cells("  what if".into(), &same.line)));
            }
        }
        rows
    }
}

/// Who never stood in a queue.
fn before(before: &Before) -> Option<String> {
    let Before { lines_taken, refused, ended_by_us, left_in_dialplan, ended_unseen, transferred_out } = *before;
    let parts = [
        (lines_taken, "refused by the network, all lines taken"),
        (refused, "refused by the dialplan"),
        (ended_by_us, "ended by the dialplan"),
        (left_in_dialplan, "hung up in the dialplan"),
        (ended_unseen, "ended unseen"),
        (transferred_out, "sent to a number outside"),
    ];
    let said: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    (!said.is_empty()).then(|| format!("before any queue: {}", said.join(", ")))
}

/// A seed under faults, and that every law held.
pub fn held(seed: u64, measured: &Measured) -> String {
    let sheet = Sheet::of(measured);
    let unseen = sheet.all.ended_unseen + sheet.before_queue.ended_unseen;
    format!(
        "seed {seed}: {} calls, {} answered, {} abandoned, {unseen} {}; every law held",
        sheet.calls,
        sheet.all.answered,
        sheet.all.abandoned,
        Outcome::EndedUnseen.as_str().replace('_', " "),
    )
}
