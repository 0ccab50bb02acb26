//! The index of one queue: who waits, who is free, in the order in which they are matched.
//!
//! Calls that the same agents may take stand in one line, and with them the free agents who may take them: so neither the
//! first call for an agent nor the first agent for a call is ever looked for among those who do not fit. Lines differ by
//! switch and by what is needed; there are as many as an admin wrote different needs, and their easings.

use std::collections::{BTreeMap, BTreeSet};

use super::agent::{Agent, Idle};
use super::ids::*;
use super::pace::Pace;
use super::queue::Need;
use super::strategy::{Strategy, Turn};
use crate::calendar::Moment;

/// The most lines of a queue that are kept while nobody stands in them: more different needs than anybody writes for one
/// queue. Each costs a place in it for every agent who comes free.
const MOST_EMPTY_LINES: usize = 32;

/// A call's place in the order: `joined - credit`, and of equals the call that came first.
pub type Rank = (Moment, CallId);

/// Who goes first to an agent whom several may have: a call for which nobody rings, before all that ring somewhere and may
/// ring at one phone more; then by rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seeker {
    pub rings: bool,
    pub rank: Rank,
}

/// Which calls stand in a line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineKey {
    pub switch: SwitchName,
    /// As [`super::needs::after`] gives it.
    pub needs: Vec<Need>,
    /// Calls that are kept for somebody stand in no line, but are expected by each of these alone.
    pub kept_for: Vec<AgentName>,
    /// A promise: a number is dialled for it, which nobody at a telephone outside can do.
    pub dials: bool,
    /// A promise whose customer is rung first: by an agent who stands for no other number that rings.
    pub counts: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    pub waiting: BTreeSet<Rank>,
    /// Those for whom a phone rings already, and another may.
    pub ringing: BTreeSet<Rank>,
    pub free: BTreeSet<(Turn, AgentName)>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueIndex {
    strategy: Strategy,
    /// Calls with a place for which a phone may be rung, of which is known that they live.
    lines: BTreeMap<LineKey, Line>,
    /// Such calls that are kept for somebody.
    kept: BTreeSet<Rank>,
    /// The same by agent; a call may be kept for several.
    kept_for: BTreeMap<AgentName, BTreeSet<Seeker>>,
    /// All others with a place: as many phones ring as may, or one was picked up just now, or their switch is to say whether they live.
    aside: BTreeSet<Rank>,
    /// Agents of this queue who are free.
    free: BTreeSet<AgentName>,
    /// Agents of this queue who are logged in.
    logged_in: BTreeSet<AgentName>,
    pace: Pace,
}

impl QueueIndex {
    pub fn new(strategy: Strategy) -> Self {
        Self { strategy, ..Self::default() }
    }

    pub fn strategy(&self) -> &Strategy {
        &self.strategy
    }

    /// Everybody with a place.
    pub fn places(&self) -> usize {
        let in_line = self.lines.values().map(|line| line.waiting.len() + line.ringing.len()).sum::<usize>();
        in_line + self.kept.len() + self.aside.len()
    }

    pub fn logged_in(&self) -> &BTreeSet<AgentName> {
        &self.logged_in
    }

    /// How fast it moves.
    pub fn pace(&self) -> &Pace {
        &self.pace
    }

    pub(super) fn pace_mut(&mut self) -> &mut Pace {
        &mut self.pace
    }

    pub fn free(&self) -> usize {
        self.free.len()
    }

    /// The place of a call in this queue, from 1.
    pub fn position(&self, rank: Rank) -> usize {
        let before = |line: &Line| line.waiting.range(..rank).count() + line.ringing.range(..rank).count();
        let before = self.lines.values().map(before).sum::<usize>();
        1 + before + self.kept.range(..rank).count() + self.aside.range(..rank).count()
    }

    /// The places of all, in one pass: asked of each for itself, a crowd would cost its square.
    pub fn positions(&self) -> impl Iterator<Item = (CallId, usize)> {
        let lines = self.lines.values().flat_map(|line| line.waiting.iter().chain(&line.ringing));
        let mut ranks: Vec<Rank> = lines.chain(&self.kept).chain(&self.aside).copied().collect();
        ranks.sort_unstable();
        ranks.into_iter().zip(1..).map(|((_, call), position)| (call, position))
    }

    pub fn line(&self, key: &LineKey) -> Option<&Line> {
        self.lines.get(key)
    }

    /// Whether anybody seeks for whom no phone rings.
    pub fn anybody_unrung(&self) -> bool {
        let kept = || self.kept_for.values().any(|kept| kept.first().is_some_and(|first| !first.rings));
        self.lines.values().any(|line| !line.waiting.is_empty()) || kept()
    }

    /// Of all calls that this agent may take, the first.
    pub fn first_for(&self, agent: &Agent) -> Option<Seeker> {
        let mut first = self.kept_for.get(&agent.name).and_then(|kept| kept.first()).copied();
        for (key, line) in &self.lines {
            let Some(this) = line.first() else { continue };
            if first.is_none_or(|first| this < first) && key.is_for(agent) {
                first = Some(this);
            }
        }
        first
    }

    /// The call waits in this line from now on. `idle` gives whoever is free by name, as they came free.
    pub(super) fn wait<'a>(
        &mut self,
        Seeker { rings, rank }: Seeker,
        key: LineKey,
        idle: impl Fn(&AgentName) -> Option<(&'a Agent, Idle)>,
    ) {
        self.aside.remove(&rank);
        if !key.kept_for.is_empty() {
            self.kept.insert(rank);
            for name in key.kept_for {
                self.kept_for.entry(name).or_default().insert(Seeker { rings, rank });
            }
            return;
        }
        if let Some(line) = self.lines.get_mut(&key) {
            line.add(rings, rank);
            return;
        }
        self.forget_empty_lines();
        let mut line = Line { free: self.line_of_free(&key, idle), ..Line::default() };
        line.add(rings, rank);
        self.lines.insert(key, line);
    }

    fn line_of_free<'a>(
        &self,
        key: &LineKey,
        idle: impl Fn(&AgentName) -> Option<(&'a Agent, Idle)>,
    ) -> BTreeSet<(Turn, AgentName)> {
        let free = self.free.iter().filter_map(idle).filter(|(agent, _)| key.is_for(agent));
        free.map(|(agent, idle)| (self.strategy.turn(agent, idle, &key.needs), agent.name.clone())).collect()
    }

    fn forget_empty_lines(&mut self) {
        if self.lines.len() >= MOST_EMPTY_LINES {
            self.lines.retain(|_, line| !line.is_empty());
        }
    }

    /// The call keeps its place, and nobody is sought for it.
    pub(super) fn set_aside(&mut self, rank: Rank, key: &LineKey) {
        self.leave_line(rank, key);
        self.aside.insert(rank);
    }

    /// The same, of one that stands in no line.
    pub(super) fn stand_aside(&mut self, rank: Rank) {
        self.aside.insert(rank);
    }

    pub(super) fn leave_aside(&mut self, rank: Rank) {
        self.aside.remove(&rank);
    }

    pub(super) fn leave_line(&mut self, rank: Rank, key: &LineKey) {
        if key.kept_for.is_empty() {
            if let Some(line) = self.lines.get_mut(key) {
                line.remove(rank);
            }
            return;
        }
        self.kept.remove(&rank);
        for name in &key.kept_for {
            if let Some(kept) = self.kept_for.get_mut(name) {
                kept.retain(|seeker| seeker.rank != rank);
                if kept.is_empty() {
                    self.kept_for.remove(name);
                }
            }
        }
    }

    /// The call has no place here any more.
    pub(super) fn leave(&mut self, rank: Rank, key: &LineKey) {
        self.leave_line(rank, key);
        self.aside.remove(&rank);
    }

    /// Gives whether the agent was here and is no more.
    pub(super) fn log_in(&mut self, agent: &AgentName, here: bool) -> bool {
        if !here {
            return self.logged_in.remove(agent);
        }
        if !self.logged_in.contains(agent) {
            self.logged_in.insert(agent.clone());
        }
        false
    }

    /// The agent is free, since then and after that much.
    pub(super) fn free_agent(&mut self, agent: &Agent, idle: Idle) {
        self.free.insert(agent.name.clone());
        for (key, line) in self.lines.iter_mut().filter(|(key, _)| key.is_for(agent)) {
            line.free.insert((self.strategy.turn(agent, idle, &key.needs), agent.name.clone()));
        }
    }

    /// No longer. `idle` is what [`Self::free_agent`] was told.
    pub(super) fn busy_agent(&mut self, agent: &Agent, idle: Idle) {
        self.free.remove(&agent.name);
        for (key, line) in self.lines.iter_mut().filter(|(key, _)| key.is_for(agent)) {
            line.free.remove(&(self.strategy.turn(agent, idle, &key.needs), agent.name.clone()));
        }
    }

    /// By another strategy from now on.
    pub(super) fn follow<'a>(&mut self, strategy: Strategy, idle: impl Fn(&AgentName) -> Option<(&'a Agent, Idle)>) {
        if self.strategy == strategy {
            return;
        }
        self.strategy = strategy;
        for (key, mut line) in std::mem::take(&mut self.lines) {
            line.free = self.line_of_free(&key, &idle);
            self.lines.insert(key, line);
        }
    }
}

impl Line {
    fn add(&mut self, rings: bool, rank: Rank) {
        if rings { &mut self.ringing } else { &mut self.waiting }.insert(rank);
    }

    fn remove(&mut self, rank: Rank) {
        if !self.waiting.remove(&rank) {
            self.ringing.remove(&rank);
        }
    }

    fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.ringing.is_empty()
    }

    fn first(&self) -> Option<Seeker> {
        let waiting = self.waiting.first().map(|rank| Seeker { rings: false, rank: *rank });
        waiting.or_else(|| self.ringing.first().map(|rank| Seeker { rings: true, rank: *rank }))
    }
}

impl LineKey {
    fn is_for(&self, agent: &Agent) -> bool {
        self.switch == agent.switch
            && agent.meets(&self.needs)
            && !(self.dials && agent.dials_nobody())
            && !(self.counts && agent.counted_on.is_some())
    }
}
