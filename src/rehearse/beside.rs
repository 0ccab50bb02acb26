//! Beside a queue's figures: what Erlang C and Erlang A say of the same callers, the same handle time and the same agents,
//! interval by interval and weighted by those who called. Where their premises do not hold, why not.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::erlang::{Expected, Load};
use super::figures::Measured;
use super::staffing::Times;
use crate::reports::Figure;
use crate::routing::ids::QueueName;

/// What a rehearsal tells of a queue besides its stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Grounds {
    /// How long phones rang for it: the agent's time as well.
    pub rang: Duration,
    /// An offer passed somebody over for want of a skill.
    pub skills_decide: bool,
    /// Callers were led on by a rule, or came from another queue.
    pub others_leave_or_come: bool,
    patience: Duration,
    met: u32,
    endless: bool,
}

impl Grounds {
    /// Of one caller who joined.
    pub(super) fn met(&mut self, patience: Option<Duration>) {
        self.met += 1;
        match patience {
            Some(patience) => self.patience += patience,
            None => self.endless = true,
        }
    }

    fn mean_patience(&self) -> Option<f64> {
        (self.met > 0 && !self.endless).then(|| self.patience.as_secs_f64() / f64::from(self.met))
    }
}

/// A formula's figures, by the same rules as those beside them: short abandons are out of all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Theory {
    /// The share that waits at all.
    pub waits: f64,
    pub abandoned: f64,
    /// Abandoned count against.
    pub service_level: f64,
    pub speed_of_answer_s: f64,
    pub occupancy: f64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Beside {
    pub erlang_c: Option<Theory>,
    pub erlang_a: Option<Theory>,
    /// Why one or both are missing, or say less than they seem to.
    pub notes: Vec<String>,
}

/// One interval of a queue, as the formulas want it.
struct Hour {
    load: Load,
    calls: f64,
    seconds: f64,
}

pub fn beside(measured: &Measured, queue: &QueueName) -> Beside {
    let Some(of) = measured.report.queues.get(queue) else { return Beside::default() };
    let grounds = measured.grounds.get(queue).cloned().unwrap_or_default();
    let total = &of.total.cohort;
    let answered = total.count(Figure::Answered);
    if answered == 0 {
        return Beside::default();
    }
    let mut beside = Beside { notes: premises(measured, queue, &grounds), ..Beside::default() };
    if !beside.notes.is_empty() {
        return beside;
    }
    let handle = total.handle_time().map_or(0.0, |h| (h.talk + h.hold + h.wrap_up).as_secs_f64())
        + grounds.rang.as_secs_f64() / answered as f64;
    let staff = staff(measured, queue);
    let mut nobody = 0.0;
    // What is to be expected, not what chance made of it: an hour that chance made busy is no busier hour.
    let expected = measured.expected.get(queue);
    let hours: Vec<Hour> = of
        .rows
        .iter()
        .zip(&staff)
        .enumerate()
        .filter_map(|(n, (row, staffed))| {
            let came = row.cohort.came() + row.cohort.count(Figure::ShortAbandoned);
            let calls = expected.and_then(|calls| calls.get(n)).copied().unwrap_or(came as f64);
            let seconds = row.interval.to.since(row.interval.from).as_secs_f64();
            let agents = (staffed.as_secs_f64() / seconds).round() as u32;
            if calls <= 0.0 {
                return None;
            }
            if agents == 0 {
                nobody += calls;
                return None;
            }
            let load = Load { rate: calls / seconds, handle, agents, patience: grounds.mean_patience() };
            Some(Hour { load, calls, seconds })
        })
        .collect();
    if nobody >= 0.5 {
        beside.notes.push(format!("{nobody:.0} called in intervals with hardly anybody there, and are left out"));
    }
    let (target, short) = (of.terms.target.as_secs_f64(), of.terms.short.as_secs_f64());
    let c: Option<Vec<Expected>> = hours.iter().map(|hour| hour.load.erlang_c(target)).collect();
    if c.is_none() {
        let over = hours.iter().filter(|hour| hour.load.erlang_c(target).is_none()).count();
        let of = hours.len();
        beside
            .notes
            .push(format!("Erlang C has no answer: as much work as agents, or more, in {over} of {of} intervals"));
    }
    beside.erlang_c = c.and_then(|expected| weighted(&hours, &expected));
    let a: Option<Vec<Expected>> = hours.iter().map(|hour| hour.load.erlang_a(target, short)).collect();
    if a.is_none() {
        beside.notes.push("Erlang A has no answer: some callers' patience has no end".into());
    }
    beside.erlang_a = a.and_then(|expected| weighted(&hours, &expected));
    beside
}

/// Why the formulas do not hold here. Empty: they do.
fn premises(measured: &Measured, queue: &QueueName, grounds: &Grounds) -> Vec<String> {
    let mut notes = Vec::new();
    let busy = |other: &QueueName| {
        other != queue && measured.report.queues.get(other).is_some_and(|of| of.total.cohort.came() > 0)
    };
    let shared: Vec<&str> = measured
        .staffing
        .iter()
        .filter(|((queues, _), _)| queues.contains(queue))
        .flat_map(|((queues, _), _)| queues.iter().filter(|other| busy(other)))
        .map(|other| other.as_str())
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect();
    if !shared.is_empty() {
        notes.push(format!("Erlang does not apply: its agents also serve {}", shared.join(", ")));
    }
    if grounds.skills_decide {
        notes.push("Erlang does not apply: skills decide who may take which call".into());
    }
    if grounds.others_leave_or_come {
        notes.push("Erlang does not apply: a rule leads callers to another queue, or turns them away".into());
    }
    notes
}

/// Logged in and not on a break, in each interval.
fn staff(measured: &Measured, queue: &QueueName) -> Vec<Duration> {
    let mut staff = vec![Duration::ZERO; measured.report.period.intervals().len()];
    for (_, times) in measured.staffing.iter().filter(|((queues, _), _)| queues.contains(queue)) {
        for (all, of) in staff.iter_mut().zip(times) {
            *all += of.staffed();
        }
    }
    staff
}

fn weighted(hours: &[Hour], expected: &[Expected]) -> Option<Theory> {
    let calls: f64 = hours.iter().map(|hour| hour.calls).sum();
    let agents: f64 = hours.iter().map(|hour| f64::from(hour.load.agents) * hour.seconds).sum();
    if calls <= 0.0 {
        return None;
    }
    let both = || hours.iter().zip(expected);
    let of_calls = |what: fn(&Expected) -> f64| both().map(|(hour, e)| hour.calls * what(e)).sum::<f64>() / calls;
    let (abandons, soon) = (of_calls(|e| e.abandons), of_calls(|e| e.abandons_soon));
    let answered: f64 = both().map(|(hour, e)| hour.calls * (1.0 - e.abandons)).sum();
    let waited: f64 = both().map(|(hour, e)| hour.calls * (1.0 - e.abandons) * e.speed_of_answer).sum();
    let busy: f64 = both().map(|(hour, e)| f64::from(hour.load.agents) * hour.seconds * e.occupancy).sum();
    let counted = 1.0 - soon;
    Some(Theory {
        waits: of_calls(|e| e.waits),
        abandoned: (abandons - soon) / counted,
        service_level: of_calls(|e| e.answered_in_target) / counted,
        speed_of_answer_s: if answered > 0.0 { waited / answered } else { 0.0 },
        occupancy: busy / agents,
    })
}

/// The times of all agents who serve a queue and nothing else, and whether there are others who serve it too.
pub fn times_of(measured: &Measured, queue: &QueueName) -> (Times, bool) {
    let (mut alone, mut others) = (Times::default(), false);
    for ((queues, _), times) in measured.staffing.iter().filter(|((queues, _), _)| queues.contains(queue)) {
        others |= queues.len() > 1;
        times.iter().for_each(|times| alone.merge(times));
    }
    (alone, others)
}

/// All agents' times.
pub fn times_of_all(measured: &Measured) -> Times {
    let mut all = Times::default();
    measured.staffing.iter().flat_map(|(_, times)| times).for_each(|times| all.merge(times));
    all
}

/// By queue.
pub fn beside_all(measured: &Measured) -> BTreeMap<QueueName, Beside> {
    measured.report.queues.keys().map(|queue| (queue.clone(), beside(measured, queue))).collect()
}
