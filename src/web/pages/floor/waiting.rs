//! Who waits: the callers of each queue in their order, each with their place and how long it may take yet.

use std::collections::BTreeMap;

use super::board::key;
use crate::calendar::Moment;
use crate::routing::call::StageWord;
use crate::routing::ids::{CallId, QueueName};
use crate::routing::view::{CallSeen, Floor};
use crate::web::pages::lamps::wait_class;
use crate::web::pages::words::{Words, clock};

/// Callers of a queue that are shown; who comes behind them is among the calls.
const MOST_SHOWN: usize = 10;

/// The line of one queue in which somebody waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waits {
    pub queue: QueueName,
    pub target_ms: u64,
    pub first: Vec<Waiter>,
    pub more: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiter {
    pub call: CallId,
    /// Name or number.
    pub caller: String,
    pub position: usize,
    pub since: Moment,
    /// Rounded up, as callers are told; nothing where too little is known.
    pub minutes: Option<u64>,
    /// A phone rings for them.
    pub rings: bool,
}

fn waiter(call: &CallSeen) -> Option<Waiter> {
    let names = [call.name.to_string(), call.from.to_string()];
    Some(Waiter {
        call: call.id,
        caller: names.into_iter().find(|name| !name.is_empty()).unwrap_or_else(|| call.id.to_string()),
        position: call.position?,
        since: call.joined_ms?,
        minutes: call.expected_wait_ms.map(|wait| wait.div_ceil(60_000).max(1)),
        rings: call.stage == StageWord::Ringing,
    })
}

/// The lines of all queues, in the order of the queues.
pub fn lines_of(floor: &Floor) -> Vec<Waits> {
    let mut lines: BTreeMap<&QueueName, Vec<Waiter>> = BTreeMap::new();
    for call in &floor.calls {
        if let Some((queue, waiter)) = call.queue.as_ref().zip(waiter(call)) {
            lines.entry(queue).or_default().push(waiter);
        }
    }
    let line = |queue: &crate::routing::view::QueueSeen| {
        let mut first = lines.remove(&queue.name)?;
        first.sort_unstable_by_key(|waiter| (waiter.position, waiter.call));
        let more = first.len().saturating_sub(MOST_SHOWN);
        first.truncate(MOST_SHOWN);
        Some(Waits { queue: queue.name.clone(), target_ms: queue.target_ms, first, more })
    };
    floor.queues.iter().filter_map(line).collect()
}

/// A line as it is drawn.
pub struct Drawn {
    pub key: String,
    pub queue: String,
    /// Of the filter of calls.
    pub calls: String,
    pub target_ms: u64,
    pub rows: Vec<Row>,
    pub more: usize,
    pub hidden: bool,
}

pub struct Row {
    pub call: CallId,
    pub caller: String,
    pub position: usize,
    pub since: Moment,
    pub clock: String,
    pub class: &'static str,
    pub expected: String,
}

/// In this language, at this moment.
pub fn drawn(t: Words, now: Moment, lines: &[Waits], shows: impl Fn(&QueueName) -> bool) -> Vec<Drawn> {
    let row = |target_ms: u64, waiter: &Waiter| {
        let waited = u64::try_from(now.since(waiter.since).as_millis()).unwrap_or(u64::MAX);
        Row {
            call: waiter.call,
            caller: waiter.caller.clone(),
            position: waiter.position,
            since: waiter.since,
            clock: clock(waited),
            class: wait_class(waited, target_ms),
            expected: match waiter.minutes.filter(|_| !waiter.rings) {
                Some(minutes) => t.with("floor-expected-minutes", "n", minutes),
                None if waiter.rings => t.say("stage-ringing"),
                None => t.say("floor-expected-unknown"),
            },
        }
    };
    let line = |line: &Waits| Drawn {
        key: key(line.queue.as_str()),
        queue: line.queue.to_string(),
        calls: percent_encoding::utf8_percent_encode(line.queue.as_str(), crate::web::pages::login::IN_QUERY)
            .to_string(),
        target_ms: line.target_ms,
        rows: line.first.iter().map(|waiter| row(line.target_ms, waiter)).collect(),
        more: line.more,
        hidden: !shows(&line.queue),
    };
    lines.iter().map(line).collect()
}
