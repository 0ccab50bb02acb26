//! Matching: who waits meets who is free.
//!
//! The law: no call waits while an agent it may take is free; and of two calls that one agent may take, the one
//! with the earlier `joined - credit` goes first. Where several phones may ring for a call (`rings.rs`), one for which
//! nobody rings goes before any that rings already. It holds after every input because each input frees agents and
//! sets calls waiting one by one, and both are matched before the next: whoever was waiting before could take
//! nobody who was free before.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::agent::{AgentState, Idle, Presence};
use super::call::{Call, QueuePlace, Stage};
use super::core::Core;
use super::fact::{Reasons, Rule};
use super::ids::*;
use super::index::{Line, LineKey, QueueIndex, Seeker};
use super::needs;
use super::rings::Rings;
use super::strategy::{Strategy, weighted_random};
use super::timer::Timer;
use crate::calendar::Moment;
use crate::dialplan::Centre;

/// The index of a queue, ordered by the strategy that the version in force has for it.
fn index_of<'a>(
    queues: &'a mut BTreeMap<QueueName, QueueIndex>,
    version: Option<&Centre>,
    queue: &QueueName,
) -> &'a mut QueueIndex {
    queues.entry(queue.clone()).or_insert_with(|| {
        let rules = version.and_then(|plan| plan.queues.get(queue));
        QueueIndex::new(rules.map(|rules| rules.strategy.clone()).unwrap_or_default())
    })
}

/// Why a call has a turn: somebody came free, or the call itself seeks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum For {
    Freed(AgentName),
    Itself,
}

impl Core {
    pub(super) fn index_of(&mut self, queue: &QueueName) -> &mut QueueIndex {
        index_of(&mut self.queues, self.version.as_deref(), queue)
    }

    /// Since when and after how much this agent is free; `None`: is not.
    fn idle_of(&self, name: &AgentName) -> Option<Idle> {
        self.indexed.get(name).copied().flatten()
    }

    /// A published version may order the free of a queue otherwise.
    pub(super) fn follow_strategies(&mut self, now: Moment) {
        let Some(plan) = &self.version else { return };
        let mut changed: Vec<QueueName> = Vec::new();
        for (name, index) in &mut self.queues {
            let Some(rules) = plan.queues.get(name) else { continue };
            let before = index.strategy().most_rings();
            index.follow(rules.strategy.clone(), |name| Some((self.agents.get(name)?, (*self.indexed.get(name)?)?)));
            if index.strategy().most_rings() != before {
                changed.push(name.clone());
            }
        }
        for queue in changed {
            self.ring_as_now(now, &queue);
        }
    }

    /// Put an agent where the indexes of the queues want them. Called for everybody something was done to.
    pub(super) fn index_agent(&mut self, name: &AgentName) {
        let Some(agent) = self.agents.get(name) else { return };
        let here = !matches!(agent.presence, Presence::Away { .. });
        let idle = (agent.is_free() && self.is_up(&agent.switch)).then(|| agent.idle());
        let now = here.then_some(idle);
        let before = self.indexed.get(name).copied();
        if before == now {
            return;
        }
        for queue in &agent.queues {
            let index = index_of(&mut self.queues, self.version.as_deref(), queue);
            if before.is_some() != here && index.log_in(name, here) {
                self.thinned.insert(queue.clone());
            }
            let (before, idle) = (before.flatten(), now.flatten());
            if before != idle {
                if let Some(before) = before {
                    index.busy_agent(agent, before);
                }
                if let Some(idle) = idle {
                    index.free_agent(agent, idle);
                }
            }
        }
        if now.flatten().is_none() {
            self.freed.remove(name);
        } else if before.flatten() != now.flatten() {
            self.freed.insert(name.clone());
        }
        match now {
            Some(idle) => self.indexed.insert(name.clone(), idle),
            None => self.indexed.remove(name),
        };
    }

    /// Take an agent out of the indexes: before the queues or skills of the agent change, and when the agent is gone.
    pub(super) fn unindex_agent(&mut self, name: &AgentName) {
        let before = self.indexed.remove(name).flatten();
        self.freed.remove(name);
        let Some(agent) = self.agents.get(name) else { return };
        for queue in &agent.queues {
            if let Some(index) = self.queues.get_mut(queue) {
                if index.log_in(name, false) {
                    self.thinned.insert(queue.clone());
                }
                if let Some(before) = before {
                    index.busy_agent(agent, before);
                }
            }
        }
    }

    /// The call seeks an agent from now on, with the place it has and by what it needs at this moment of its wait; and
    /// again when it needs less.
    pub(super) fn seek(&mut self, now: Moment, call: CallId) {
        let Some(of) = self.calls.get(&call) else { return };
        let Stage::Waiting { place, .. } = &of.stage else { return };
        if !self.may_ring_more(of) {
            return;
        }
        let (seeker, before) = (Seeker { rings: of.rings() > 0, rank: (place.rank(), call) }, place.line(&of.switch));
        let (queue, joined, waited) = (place.queue.clone(), place.joined, now.since(place.joined));
        let (in_force, eases) = needs::after(&place.needs, waited);
        let (kept_for, ends) = self.kept_for(of, place, &in_force, waited);
        match eases.into_iter().chain(ends).min() {
            Some(waited) => self.timers.set(Timer::MayBeTaken(call), joined + waited),
            None => self.timers.stop(&Timer::MayBeTaken(call)),
        }
        let line = LineKey { needs: in_force.clone(), kept_for: kept_for.clone(), ..before.clone() };
        if let Some(Call { stage: Stage::Waiting { place, .. }, .. }) = self.calls.get_mut(&call) {
            (place.in_force, place.kept_for) = (in_force, kept_for);
        }
        self.expect(call);
        self.index_of(&queue);
        if let Some(index) = self.queues.get_mut(&queue) {
            index.leave_line(seeker.rank, &before);
            index.wait(seeker, line, |name| Some((self.agents.get(name)?, (*self.indexed.get(name)?)?)));
        }
        self.seeking.insert(call);
    }

    /// A phone rings for the call, and another may.
    fn seek_on(&mut self, call: CallId) {
        let Some(of) = self.calls.get(&call) else { return };
        let Stage::Waiting { place, .. } = &of.stage else { return };
        let (rank, line, queue) = ((place.rank(), call), place.line(&of.switch), place.queue.clone());
        if let Some(index) = self.queues.get_mut(&queue) {
            index.leave_line(rank, &line);
            let seeker = Seeker { rings: true, rank };
            index.wait(seeker, line, |name| Some((self.agents.get(name)?, (*self.indexed.get(name)?)?)));
        }
    }

    /// A phone rings for the call: it seeks on where another may, and else no more.
    pub(super) fn rung_once_more(&mut self, call: CallId) {
        if self.calls.get(&call).is_some_and(|of| self.may_ring_more(of)) {
            self.seek_on(call);
        } else {
            self.stop_seeking(call);
        }
    }

    /// The call keeps its place, and nobody else is to be rung for it.
    pub(super) fn stop_seeking(&mut self, call: CallId) {
        self.seeking.remove(&call);
        self.timers.stop(&Timer::MayBeTaken(call));
        let Some(of) = self.calls.get(&call) else { return };
        let Stage::Waiting { place, .. } = &of.stage else { return };
        let (rank, line, queue) = ((place.rank(), call), place.line(&of.switch), place.queue.clone());
        self.index_of(&queue).set_aside(rank, &line);
    }

    /// The call has no place in its queue any more.
    pub(super) fn leave_queue(&mut self, call: CallId, place: &QueuePlace) {
        self.seeking.remove(&call);
        self.timers.stop(&Timer::MayBeTaken(call));
        self.stop_rules_of_waiting(call);
        self.expect_no_more(call);
        let Some(of) = self.calls.get(&call) else { return };
        let line = place.line(&of.switch);
        if let Some(index) = self.queues.get_mut(&place.queue) {
            index.leave((place.rank(), call), &line);
        }
        self.is_emptied(&place.queue);
    }

    /// Calls that seek, and calls that somebody who came free may take: first who goes first. Whoever of the free then is the
    /// first for it has the call: a strategy may give it to another than the one who came free.
    pub(super) fn match_up(&mut self, now: Moment) {
        let freed = std::mem::take(&mut self.freed).into_iter();
        // As calls are offered the first call for an agent can only become a later one.
        let mut turns: BTreeSet<(Seeker, For)> =
            freed.filter_map(|name| Some((self.first_call_for(&name)?, For::Freed(name)))).collect();
        for call in std::mem::take(&mut self.seeking) {
            turns.extend(self.seeker(call).map(|seeker| (seeker, For::Itself)));
        }
        while let Some((seeker, whose)) = turns.pop_first() {
            let call = seeker.rank.1;
            // Each turn takes an agent away, or is put off to a later one, or is the last of its kind: so this ends.
            match whose {
                For::Freed(name) => {
                    let Some(first) = self.first_call_for(&name) else { continue };
                    if first != seeker || self.offer_to_best(now, call, Some(Rule::FirstInQueue)) {
                        turns.extend(self.first_call_for(&name).map(|first| (first, For::Freed(name))));
                    }
                }
                For::Itself if self.seeker(call) != Some(seeker) || self.offer_to_best(now, call, None) => {
                    turns.extend(self.seeker(call).map(|again| (again, For::Itself)));
                }
                For::Itself => {}
            }
        }
    }

    /// A call that seeks, or a promise, as one who waits for a turn.
    fn seeker(&self, id: CallId) -> Option<Seeker> {
        if let Some(promise) = self.promises.get(&id) {
            return promise.stands.is_some().then(|| Seeker { rings: false, rank: promise.rank() });
        }
        let of = self.calls.get(&id).filter(|of| self.may_ring_more(of))?;
        let Stage::Waiting { place, .. } = &of.stage else { return None };
        Some(Seeker { rings: of.rings() > 0, rank: (place.rank(), id) })
    }

    /// In which line of which queue a call, or a promise, is found by an agent.
    fn standing(&self, id: CallId) -> Option<(QueueName, LineKey)> {
        let (queue, line) = if let Some(promise) = self.promises.get(&id) {
            (promise.queue.clone(), promise.stands.clone()?)
        } else {
            let of = self.calls.get(&id).filter(|of| self.may_ring_more(of))?;
            let Stage::Waiting { place, .. } = &of.stage else { return None };
            (place.queue.clone(), place.line(&of.switch))
        };
        self.is_up(&line.switch).then_some((queue, line))
    }

    /// Of all calls this agent may take, the first in rank. `None` too where the agent is not free.
    fn first_call_for(&self, name: &AgentName) -> Option<Seeker> {
        let agent = self.agents.get(name).filter(|agent| self.is_up(&agent.switch))?;
        self.idle_of(name)?;
        agent.queues.iter().filter_map(|queue| self.queues.get(queue)?.first_for(agent)).min()
    }

    /// Offer the call to the first of those who may take it, by the strategy of its queue. `false`: nobody may.
    fn offer_to_best(&mut self, now: Moment, call: CallId, rule: Option<Rule>) -> bool {
        let Some((queue, key)) = self.standing(call) else { return false };
        let Some(index) = self.queues.get(&queue) else { return false };
        let rule = rule.unwrap_or_else(|| index.strategy().rule());
        let (rule, (candidates, figures), could) = if key.kept_for.is_empty() {
            let Some(line) = index.line(&key) else { return false };
            (rule, self.candidates(now, index.strategy(), line), line.free.len())
        } else {
            let line = self.line_of_kept(index, &key);
            (Rule::Preferred, self.candidates(now, index.strategy(), &line), line.free.len())
        };
        let Some((best, _)) = candidates.first().cloned() else { return false };
        let free = index.free();
        let left_out = free.saturating_sub(could) as u32;
        let kept = rule == Rule::Preferred;
        let rings = self.calls.get(&call).and_then(|of| match &of.stage {
            Stage::Waiting { rings, .. } => rings.as_ref(),
            Stage::InDialplan { .. }
            | Stage::Connecting { .. }
            | Stage::Talking { .. }
            | Stage::Outside(_)
            | Stage::Ending { .. } => None,
        });
        let others = rings.into_iter().flat_map(Rings::iter).filter_map(|offer| self.offers.get(&offer));
        let reasons = Reasons {
            rule,
            logged_in: index.logged_in().len() as u32,
            not_free: index.logged_in().len().saturating_sub(free) as u32,
            lacking_skill: if kept { 0 } else { left_out },
            not_preferred: if kept { left_out } else { 0 },
            needs: key.needs.clone(),
            candidates,
            figures,
            waiting: index.places() as u32,
            others: rings.map_or(0, Rings::count) as u32,
            together: others.take(Reasons::MOST_TOGETHER).map(|other| other.agent.clone()).collect(),
            passed_by: None,
        };
        if !self.promises.contains_key(&call) {
            self.make_offer(now, call, &best, reasons);
        } else if key.counts {
            self.reach_for_promise(now, call, &best, reasons);
        } else {
            self.dial_for_promise(now, call, &best, reasons);
        }
        self.index_agent(&best);
        true
    }

    /// Those who are free of whom a call is kept for, as a line of their own.
    fn line_of_kept(&self, index: &QueueIndex, key: &LineKey) -> Line {
        let free = key.kept_for.iter().filter_map(|name| {
            let (agent, idle) = (self.agents.get(name)?, self.idle_of(name)?);
            Some((index.strategy().turn(agent, idle, &key.needs), name.clone()))
        });
        Line { free: free.collect(), ..Line::default() }
    }

    /// The first of a line, best first, each with how long idle, and with what the strategy counted.
    fn candidates(&self, now: Moment, strategy: &Strategy, line: &Line) -> (Vec<(AgentName, Duration)>, Vec<u64>) {
        let idle = |name: &AgentName| self.idle_of(name).map_or(Duration::ZERO, |idle| now.since(idle.since));
        let named = |name: &AgentName| (name.clone(), idle(name));
        match strategy {
            Strategy::WeightedRandom(weights) => {
                let free = line.free.iter().map(|(_, name)| name);
                let offer = OfferId { epoch: self.epoch, number: self.next_offer.wrapping_add(1) };
                let drawn = weighted_random::draw(offer, free, weights, Reasons::MOST_CANDIDATES);
                let figures = drawn.iter().map(|name| u64::from(weighted_random::weight(name, weights))).collect();
                (drawn.into_iter().map(named).collect(), figures)
            }
            Strategy::LongestIdle | Strategy::RingSeveral(_) | Strategy::RingAll => {
                (line.free.iter().take(Reasons::MOST_CANDIDATES).map(|(_, name)| named(name)).collect(), Vec::new())
            }
            Strategy::FewestCalls
            | Strategy::LeastTalkTime
            | Strategy::MostSkilled
            | Strategy::RoundRobin
            | Strategy::FixedOrder(_) => {
                let first = line.free.iter().take(Reasons::MOST_CANDIDATES);
                first.map(|(turn, name)| (named(name), turn.figure)).unzip()
            }
        }
    }

    /// Whether anybody who could ever take such a call is logged in.
    pub(super) fn anybody_logged_in(&self, place: &QueuePlace) -> bool {
        let needs = needs::at_last(&place.needs);
        self.queues.get(&place.queue).is_some_and(|index| {
            let among = |name: &&AgentName| place.agents.is_empty() || place.agents.contains(name);
            let mut may = index.logged_in().iter().filter(among);
            may.any(|name| self.agents.get(name).is_some_and(|agent| agent.meets(&needs)))
        })
    }

    /// What the laws say must never be: a call that waits beside a free agent it may take.
    pub fn waits_beside_a_free_agent(&self) -> Option<(CallId, AgentName)> {
        for call in self.calls.values() {
            let Stage::Waiting { place, .. } = &call.stage else { continue };
            if !self.may_ring_more(call) {
                continue;
            }
            for agent in self.agents.values() {
                if agent.state() == AgentState::Idle
                    && agent.is_free()
                    && agent.queues.contains(&place.queue)
                    && agent.switch == call.switch
                    && self.is_up(&call.switch)
                    && agent.meets(&place.in_force)
                    && (place.kept_for.is_empty() || place.kept_for.contains(&agent.name))
                {
                    return Some((call.id, agent.name.clone()));
                }
            }
        }
        self.promise_beside_a_free_agent()
    }
}
