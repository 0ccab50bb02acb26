//! What agents did with their time, folded from facts: how long in which state, in each interval.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::calendar::Moment;
use crate::reports::Period;
use crate::routing::agent::AgentState;
use crate::routing::ids::{AgentName, QueueName, SkillName};
use crate::routing::{AgentMoves, Fact, Moves};

/// Time in the states that matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    pub idle: Duration,
    pub ringing: Duration,
    /// Talk, hold and wrap-up.
    pub handling: Duration,
    /// Missed an offer, or the phone was busy or out of reach.
    pub held_up: Duration,
    pub on_break: Duration,
}

impl Times {
    /// Logged in, breaks left out.
    pub fn staffed(&self) -> Duration {
        self.idle + self.ringing + self.handling + self.held_up
    }

    /// Handle time / (handle time + idle time), as Amazon has it.
    pub fn occupancy(&self) -> Option<f64> {
        let whole = self.handling + self.idle;
        (!whole.is_zero()).then(|| self.handling.as_secs_f64() / whole.as_secs_f64())
    }

    fn add(&mut self, state: AgentState, time: Duration) {
        match state {
            AgentState::Away => {}
            AgentState::Idle => self.idle += time,
            AgentState::Ringing => self.ringing += time,
            AgentState::Talking
            | AgentState::OnHold
            | AgentState::WrappingUp
            | AgentState::Dialling
            | AgentState::TalkingOut => self.handling += time,
            AgentState::OnBreak => self.on_break += time,
            AgentState::Missed | AgentState::PhoneBusy | AgentState::Elsewhere => self.held_up += time,
        }
    }

    pub fn merge(&mut self, other: &Times) {
        self.idle += other.idle;
        self.ringing += other.ringing;
        self.handling += other.handling;
        self.held_up += other.held_up;
        self.on_break += other.on_break;
    }
}

/// What makes agents equal to the routing.
pub type Kind = (BTreeSet<QueueName>, BTreeMap<SkillName, u8>);

#[derive(Clone, Debug)]
struct Agent {
    kind: usize,
    state: AgentState,
    since: Moment,
}

/// All agents.
#[derive(Clone, Debug)]
pub struct Staffing<'p> {
    period: &'p Period,
    agents: BTreeMap<AgentName, Agent>,
    numbers: BTreeMap<Kind, usize>,
    /// By kind, then by interval.
    times: Vec<Vec<Times>>,
}

impl<'p> Staffing<'p> {
    pub const fn new(period: &'p Period) -> Self {
        Self { period, agents: BTreeMap::new(), numbers: BTreeMap::new(), times: Vec::new() }
    }

    pub fn told(&mut self, at: Moment, fact: &Fact) {
        match fact.moves() {
            Moves::Agent(agent, AgentMoves::LoggedIn { queues, skills }) => {
                let kind = (queues.clone(), skills.clone());
                let next = self.numbers.len();
                let kind = *self.numbers.entry(kind).or_insert(next);
                if kind == self.times.len() {
                    self.times.push(vec![Times::default(); self.period.intervals().len()]);
                }
                self.turn_to(at, agent, Some(kind), AgentState::Idle);
            }
            Moves::Agent(agent, AgentMoves::Changed { state, .. }) => self.turn_to(at, agent, None, state),
            Moves::Caller(..) | Moves::Phone(..) | Moves::Nothing => {}
        }
    }

    fn turn_to(&mut self, at: Moment, name: &AgentName, kind: Option<usize>, state: AgentState) {
        let Some(agent) = self.agents.get_mut(name) else {
            if let Some(kind) = kind {
                self.agents.insert(name.clone(), Agent { kind, state, since: at });
            }
            return;
        };
        let before = std::mem::replace(&mut agent.state, state);
        let since = std::mem::replace(&mut agent.since, at);
        let was = agent.kind;
        agent.kind = kind.unwrap_or(was);
        self.spent(was, before, since, at);
    }

    /// Over the intervals that it reaches into.
    fn spent(&mut self, kind: usize, state: AgentState, since: Moment, until: Moment) {
        let intervals = self.period.intervals();
        let first = intervals.partition_point(|interval| interval.to <= since);
        let Some(times) = self.times.get_mut(kind) else { return };
        for (interval, times) in intervals.iter().zip(times).skip(first) {
            if interval.from >= until {
                return;
            }
            times.add(state, until.min(interval.to).since(since.max(interval.from)));
        }
    }

    /// Each kind of agents, with its times by interval, until `now`.
    pub fn finish(mut self, now: Moment) -> Vec<(Kind, Vec<Times>)> {
        for (_, agent) in std::mem::take(&mut self.agents) {
            self.spent(agent.kind, agent.state, agent.since, now);
        }
        let mut kinds: Vec<(Kind, usize)> = self.numbers.into_iter().collect();
        kinds.sort_by_key(|(_, number)| *number);
        kinds.into_iter().map(|(kind, _)| kind).zip(self.times).collect()
    }
}
