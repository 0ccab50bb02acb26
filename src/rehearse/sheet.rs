//! What a rehearsal came to, as plain values: for a table, and for programs as JSON.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::beside::{Beside, beside_all, times_of, times_of_all};
use super::figures::Measured;
use crate::dialplan::Language;
use crate::reports::{Figure, Row, ServiceLevel, Tally};
use crate::routing::ids::QueueName;

/// The formula of the service level here, as a report has it unless told otherwise.
pub const FORMULA: ServiceLevel = ServiceLevel::AbandonedCountAgainst;

/// The figures of one queue, of one interval of it, or of all. Times in seconds; `None` where there is nothing to take a
/// mean or a share of.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Line {
    /// All that came, those from other queues among them; short abandons and who was turned away are in none of the others.
    pub offered: u64,
    pub answered: u64,
    pub abandoned: u64,
    pub short_abandoned: u64,
    /// Led on by a rule of the queue, or otherwise.
    pub led_on: u64,
    /// Turned away at the door: the queue was full, or nobody was logged in.
    pub turned_away: u64,
    pub ended_by_us: u64,
    pub ended_unseen: u64,
    pub still_waiting: u64,
    pub service_level: Option<f64>,
    pub speed_of_answer_s: Option<f64>,
    pub handle_time_s: Option<f64>,
    pub longest_wait_s: Option<f64>,
    /// Of agents who serve this queue and no other.
    pub occupancy: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IntervalLine {
    /// What the clock shows when it begins.
    pub from: String,
    #[serde(flatten)]
    pub line: Line,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QueueSheet {
    pub target_s: f64,
    #[serde(flatten)]
    pub line: Line,
    pub beside: Beside,
    pub intervals: Vec<IntervalLine>,
}

/// Calls that never stood in a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Before {
    /// The network's: all lines were taken.
    pub lines_taken: u64,
    pub refused: u64,
    pub ended_by_us: u64,
    pub left_in_dialplan: u64,
    pub ended_unseen: u64,
    pub transferred_out: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AgentTimes {
    pub idle_s: f64,
    pub ringing_s: f64,
    pub handling_s: f64,
    pub held_up_s: f64,
    pub on_break_s: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sheet {
    pub service_level_formula: &'static str,
    /// Who gives up sooner is a short abandon.
    pub short_abandon_s: f64,
    pub calls: u64,
    pub before_queue: Before,
    pub queues: BTreeMap<QueueName, QueueSheet>,
    pub all: Line,
    pub agents: AgentTimes,
    /// Rows and sums that are not as they must be. Empty, or something of ours is broken.
    pub unbalanced: Vec<String>,
}

impl Sheet {
    pub fn of(measured: &Measured) -> Self {
        let report = &measured.report;
        let mut beside = beside_all(measured);
        let queues = report.queues.iter().map(|(queue, of)| {
            let (times, shared) = times_of(measured, queue);
            let occupancy = times.occupancy().filter(|_| !shared);
            let intervals = of.rows.iter().filter(|row| !row.is_empty()).map(|row| IntervalLine {
                from: report.period.zone.day_and_minute(row.interval.from),
                line: line(row, None),
            });
            let sheet = QueueSheet {
                target_s: of.terms.target.as_secs_f64(),
                line: line(&of.total, occupancy),
                beside: beside.remove(queue).unwrap_or_default(),
                intervals: intervals.collect(),
            };
            (queue.clone(), sheet)
        });
        let before = report.before_total;
        let times = times_of_all(measured);
        Self {
            service_level_formula: FORMULA.words(Language::En),
            short_abandon_s: crate::reports::Terms::SHORT.as_secs_f64(),
            calls: measured.calls,
            before_queue: Before {
                lines_taken: measured.blocked,
                refused: before.refused,
                ended_by_us: before.ended_by_us,
                left_in_dialplan: before.left_in_dialplan,
                ended_unseen: before.ended_unseen,
                transferred_out: before.transferred_out,
            },
            queues: queues.collect(),
            all: line(&report.total, times.occupancy()),
            agents: AgentTimes {
                idle_s: times.idle.as_secs_f64(),
                ringing_s: times.ringing.as_secs_f64(),
                handling_s: times.handling.as_secs_f64(),
                held_up_s: times.held_up.as_secs_f64(),
                on_break_s: times.on_break.as_secs_f64(),
            },
            unbalanced: report.unbalanced().into_iter().map(|wrong| wrong.what).collect(),
        }
    }
}

fn line(row: &Row, occupancy: Option<f64>) -> Line {
    let cohort: &Tally = &row.cohort;
    let of = |figure| cohort.count(figure);
    let level = FORMULA.of(cohort);
    let seconds = |time: Option<Duration>| time.map(|time| time.as_secs_f64());
    Line {
        offered: cohort.came(),
        answered: of(Figure::Answered),
        abandoned: of(Figure::Abandoned),
        short_abandoned: of(Figure::ShortAbandoned),
        led_on: of(Figure::Overflowed) + of(Figure::MovedOut) + of(Figure::CalledBack),
        turned_away: of(Figure::Full) + of(Figure::NobodyLoggedIn),
        ended_by_us: of(Figure::EndedByUs),
        ended_unseen: of(Figure::EndedUnseen),
        still_waiting: of(Figure::StillWaiting),
        service_level: level.percent().map(|percent| percent / 100.0),
        speed_of_answer_s: seconds(cohort.speed_of_answer()),
        handle_time_s: cohort.handle_time().map(|h| (h.talk + h.hold + h.wrap_up).as_secs_f64()),
        longest_wait_s: seconds(cohort.longest),
        occupancy,
    }
}
