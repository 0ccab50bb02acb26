//! The board: the floor as supervisors read it, in no language yet, so that two of them can be compared and only what
//! differs is drawn anew.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::day::{Figures, Stays};
use super::waiting::{self, Waits};
use super::wrong::{self, Wrong};
use crate::calendar::Moment;
use crate::routing::agent::AgentState;
use crate::routing::ids::{AgentName, BreakReason, CentreName, QueueName, StationAddress};
use crate::routing::view::{AgentSeen, Floor, QueueSeen};
use crate::web::Web;
use crate::web::pages::lamps::WhyBusy;
use crate::web::pages::problem::Shown;

/// Callers of a queue that are drawn one by one; of more, the number tells.
const MOST_AGES: usize = 10;

/// All of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Board {
    pub at: Moment,
    pub wrong: Vec<Wrong>,
    pub now: Now,
    /// `None` where the day cannot be added up just now.
    pub day: Option<Figures>,
    pub states: BTreeMap<AgentState, usize>,
    pub queues: Vec<Queue>,
    /// Who waits, of the queues that have anybody.
    pub waiting: Vec<Waits>,
    pub agents: Vec<Agent>,
}

/// What is so at this moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    pub waiting: usize,
    /// The longest wait: since when, and that queue's target.
    pub longest: Option<(Moment, u64)>,
    pub idle: usize,
    pub logged_in: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    pub name: QueueName,
    pub waiting: usize,
    /// Those who wait, longest first: how many quarters of the target each has waited, up to four.
    pub ages: Vec<u8>,
    pub since: Option<Moment>,
    /// Call-backs that are owed, and since when the oldest has its place whose turn it is.
    pub owed: (usize, Option<Moment>),
    pub target_ms: u64,
    pub idle: usize,
    pub logged_in: usize,
    pub day: Option<Stays>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    pub login: AgentName,
    /// What people call them.
    pub name: String,
    pub state: AgentState,
    pub since: Moment,
    pub queue: Option<QueueName>,
    pub reason: Option<BreakReason>,
    pub next: Option<AgentState>,
    pub why_busy: WhyBusy,
    /// The other centre that has the phone.
    pub serves: Option<CentreName>,
    /// When the minutes of the break that goes on are over, or were.
    pub break_over: Option<Moment>,
    pub station: StationAddress,
    /// Names that a page is filtered by, as [`key`] spells them.
    pub queues: String,
}

/// A name as an id or a word of a list may have it: different names stay different.
pub fn key(name: &str) -> String {
    use std::fmt::Write as _;
    name.chars().fold(String::with_capacity(name.len()), |mut key, c| {
        if c.is_ascii_alphanumeric() || c == '-' {
            key.push(c);
        } else {
            // Writing into a String cannot fail.
            let _ = write!(key, "_{:x}_", u32::from(c));
        }
        key
    })
}

impl Board {
    /// The floor as it is.
    ///
    /// # Errors
    /// The controller cannot be asked.
    pub async fn of(web: &Web, centre: &CentreName) -> Shown<Self> {
        let floor = web.hub().floors.of(&web.handle, centre).await?;
        let day = web.hub().days.figures(web, centre).await;
        let names = web.hub().names.of(web, centre).await;
        let trouble = wrong::trouble(web, centre);
        Ok(Self::from(&floor, day, &names, trouble))
    }

    pub fn from(
        floor: &Floor,
        day: Option<Figures>,
        names: &Arc<BTreeMap<AgentName, String>>,
        trouble: Vec<Wrong>,
    ) -> Self {
        let mut waits: BTreeMap<&QueueName, Vec<Moment>> = BTreeMap::new();
        for call in &floor.calls {
            if let (Some(queue), Some(joined)) = (&call.queue, call.joined_ms) {
                waits.entry(queue).or_default().push(joined);
            }
        }
        let queues: Vec<Queue> = floor
            .queues
            .iter()
            .map(|queue| {
                let stays = day.as_ref().map(|day| day.queues.get(&queue.name).copied().unwrap_or_default());
                seen(queue, waits.remove(&queue.name).unwrap_or_default(), floor.at_ms, stays)
            })
            .collect();
        let mut agents: Vec<Agent> = floor.agents.iter().map(|agent| known(agent, names)).collect();
        agents.sort_by(|a, b| (&a.name, &a.login).cmp(&(&b.name, &b.login)));
        let mut states: BTreeMap<AgentState, usize> = AgentState::ALL.into_iter().map(|state| (state, 0)).collect();
        for agent in &agents {
            *states.entry(agent.state).or_default() += 1;
        }
        let now = Now {
            waiting: queues.iter().map(|queue| queue.waiting).sum(),
            longest: queues.iter().filter_map(|queue| Some((queue.since?, queue.target_ms))).min(),
            idle: states.get(&AgentState::Idle).copied().unwrap_or_default(),
            logged_in: agents.iter().filter(|agent| agent.state != AgentState::Away).count(),
        };
        let wrong = trouble.into_iter().chain(wrong::on(floor, &queues, &agents)).collect();
        let waiting = waiting::lines_of(floor);
        Self { at: floor.at_ms, wrong, now, day, states, queues, waiting, agents }
    }
}

impl Agent {
    /// As the core has it at this moment.
    ///
    /// # Errors
    /// The controller cannot be asked.
    pub async fn of(web: &Web, centre: &CentreName, agent: &AgentName) -> Shown<Option<Self>> {
        let names = web.hub().names.of(web, centre).await;
        Ok(web.handle.agent(centre, agent).await?.map(|seen| known(&seen.agent, &names)))
    }
}

fn seen(queue: &QueueSeen, mut joined: Vec<Moment>, at: Moment, day: Option<Stays>) -> Queue {
    joined.sort_unstable();
    let quarter = (queue.target_ms / 4).max(1);
    let ages = joined.iter().take(MOST_AGES).map(|joined| {
        let waited = u64::try_from(at.since(*joined).as_millis()).unwrap_or(u64::MAX);
        u8::try_from((waited / quarter).min(4)).unwrap_or(4)
    });
    Queue {
        name: queue.name.clone(),
        waiting: queue.waiting,
        ages: ages.collect(),
        since: (queue.waiting > 0).then(|| at - Duration::from_millis(queue.longest_wait_ms)),
        owed: (queue.promises, queue.oldest_promise_ms),
        target_ms: queue.target_ms,
        idle: queue.agents_free,
        logged_in: queue.agents_logged_in,
        day,
    }
}

fn known(agent: &AgentSeen, names: &BTreeMap<AgentName, String>) -> Agent {
    Agent {
        login: agent.name.clone(),
        name: names.get(&agent.name).cloned().unwrap_or_else(|| agent.name.to_string()),
        state: agent.state,
        since: agent.since_ms,
        queue: agent.queue.clone(),
        serves: agent.serves.clone().filter(|_| agent.state == AgentState::Elsewhere),
        reason: agent.break_reason.clone().filter(|_| agent.state == AgentState::OnBreak),
        next: agent.next,
        why_busy: WhyBusy::of(agent),
        break_over: agent
            .breaks
            .iter()
            .find_map(|one| Some(one.since_ms? + Duration::from_millis(one.allowed_ms.saturating_sub(one.taken_ms)))),
        station: agent.station.clone(),
        queues: agent.queues.iter().map(|queue| key(queue.as_str())).collect::<Vec<_>>().join(" "),
    }
}
