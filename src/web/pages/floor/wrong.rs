//! What is wrong on the floor, the worst first: what a supervisor has to do something about now.

use super::board::{Agent, Queue};
use crate::calendar::Moment;
use crate::controller::filler::FillerState;
use crate::controller::journal::JournalHealth;
use crate::routing::agent::AgentState;
use crate::routing::ids::{CentreName, Epoch, QueueName, SwitchName};
use crate::routing::view::Floor;
use crate::web::Web;

/// Agents that are named; of more, their number is told.
const MOST_NAMED: usize = 4;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// Another controller has taken over: what is seen here is its past.
    Superseded(Epoch),
    /// New calls are left to the switch's own fallback.
    Shedding,
    Journal(JournalTrouble),
    SwitchDown(SwitchName),
    /// Callers wait, and nobody is logged in.
    NobodyThere {
        queue: QueueName,
        waiting: usize,
    },
    /// Somebody has waited longer than the target.
    Late {
        queue: QueueName,
        waiting: usize,
        since: Moment,
        target_ms: u64,
        idle: usize,
    },
    /// Figures and lists are as old as this.
    Database(DatabaseTrouble),
    /// Agents who did not answer, or whose phone is busy with something else.
    Agents {
        state: AgentState,
        named: Vec<String>,
        more: usize,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalTrouble {
    Slow,
    Full,
    Failing,
    Lost(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseTrouble {
    Away,
    Stuck,
}

impl Wrong {
    /// Somebody is harmed already; the others only may be.
    pub const fn is_grave(&self) -> bool {
        match self {
            Wrong::Superseded(_)
            | Wrong::Shedding
            | Wrong::SwitchDown(_)
            | Wrong::NobodyThere { .. }
            | Wrong::Late { .. }
            | Wrong::Journal(JournalTrouble::Full | JournalTrouble::Failing | JournalTrouble::Lost(_)) => true,
            Wrong::Journal(JournalTrouble::Slow) | Wrong::Database(_) | Wrong::Agents { .. } => false,
        }
    }
}

/// What is wrong with the machinery.
pub fn trouble(web: &Web, centre: &CentreName) -> Vec<Wrong> {
    let pulse = web.handle.pulse();
    let mut wrong = Vec::new();
    wrong.extend(pulse.superseded.map(Wrong::Superseded));
    wrong.extend(pulse.shedding.then_some(Wrong::Shedding));
    wrong.extend(pulse.journals.get(centre).and_then(|health| match health {
        JournalHealth::Fine => None,
        JournalHealth::Slow { .. } => Some(Wrong::Journal(JournalTrouble::Slow)),
        JournalHealth::Full { .. } => Some(Wrong::Journal(JournalTrouble::Full)),
        JournalHealth::Failing { .. } => Some(Wrong::Journal(JournalTrouble::Failing)),
        JournalHealth::Lost { entries, .. } => Some(Wrong::Journal(JournalTrouble::Lost(*entries))),
    }));
    let fillers = web.fillers.borrow();
    let filler = fillers.as_ref().and_then(|fillers| fillers.get(centre)).map(|health| health.borrow().state);
    wrong.extend(match filler {
        Some(FillerState::Filling) => None,
        Some(FillerState::Stuck) => Some(Wrong::Database(DatabaseTrouble::Stuck)),
        Some(FillerState::Away) | None => Some(Wrong::Database(DatabaseTrouble::Away)),
    });
    wrong
}

/// What is wrong with switches, queues and agents.
pub fn on(floor: &Floor, queues: &[Queue], agents: &[Agent]) -> Vec<Wrong> {
    let down = floor.switches.iter().filter(|switch| !switch.up).map(|switch| Wrong::SwitchDown(switch.name.clone()));
    let mut late: Vec<_> = queues
        .iter()
        .filter(|queue| queue.waiting > 0)
        .filter_map(|queue| {
            let (since, waiting) = (queue.since?, queue.waiting);
            let name = queue.name.clone();
            if queue.logged_in == 0 {
                return Some((since, Wrong::NobodyThere { queue: name, waiting }));
            }
            let waited = u64::try_from(floor.at_ms.since(since).as_millis()).unwrap_or(u64::MAX);
            let (target_ms, idle) = (queue.target_ms, queue.idle);
            (waited >= target_ms).then_some((since, Wrong::Late { queue: name, waiting, since, target_ms, idle }))
        })
        .collect();
    late.sort_by_key(|(since, _)| *since);
    let left_alone = [AgentState::Missed, AgentState::PhoneBusy].into_iter().filter_map(|state| {
        let names: Vec<&String> = agents.iter().filter(|agent| agent.state == state).map(|agent| &agent.name).collect();
        let more = names.len().saturating_sub(MOST_NAMED);
        let named: Vec<String> = names.into_iter().take(MOST_NAMED).cloned().collect();
        (!named.is_empty()).then_some(Wrong::Agents { state, named, more })
    });
    down.chain(late.into_iter().map(|(_, wrong)| wrong)).chain(left_alone).collect()
}
