//! Matching: who waits meets who is free.
//!
//! The law: no call waits while an agent it may take is free; and of two calls that one agent may take, the one
//! with the earlier `joined - credit` goes first. It holds after every input because each input frees agents and
//! sets calls waiting one by one, and both are matched before the next: whoever was waiting before could take
//! nobody who was free before.

use std::collections::BTreeSet;
use std::time::Duration;

use super::agent::{AgentState, Presence};
use super::call::{QueuePlace, Stage};
use super::core::Core;
use super::fact::{Reasons, Rule};
use super::ids::*;
use super::index::{Line, QueueIndex, Rank};
use super::needs;
use super::strategy::{Strategy, weighted_random};
use super::timer::Timer;
use crate::calendar::Moment;

impl Core {
    pub(super) fn index_of(&mut self, queue: &QueueName) -> &mut QueueIndex {
        let plan = self.version.as_ref();
        self.queues.entry(queue.clone()).or_insert_with(|| {
            let rules = plan.and_then(|plan| plan.queues.get(queue));
            QueueIndex::new(rules.map(|rules| rules.strategy.clone()).unwrap_or_default())
        })
    }

    /// A published version may order the free of a queue otherwise.
    pub(super) fn follow_strategies(&mut self) {
        let Some(plan) = &self.version else { return };
        for (name, index) in &mut self.queues {
            let Some(rules) = plan.queues.get(name) else { continue };
            index.follow(rules.strategy.clone(), |name| Some((self.agents.get(name)?, *self.indexed.get(name)?)));
        }
    }

    /// Put an agent where the indexes of the queues want them. Called for everybody something was done to.
    pub(super) fn index_agent(&mut self, name: &AgentName) {
        let Some(agent) = self.agents.get(name) else { return };
        let here = !matches!(agent.presence, Presence::Away { .. });
        let idle = (agent.is_free() && self.is_up(&agent.switch)).then(|| agent.idle());
        let before = self.indexed.get(name).copied();
        let queues: Vec<QueueName> = agent.queues.iter().cloned().collect();
        for queue in &queues {
            self.index_of(queue);
            let (Some(agent), Some(index)) = (self.agents.get(name), self.queues.get_mut(queue)) else { continue };
            if index.log_in(name, here) {
                self.thinned.insert(queue.clone());
            }
            if before != idle {
                if let Some(before) = before {
                    index.busy_agent(agent, before);
                }
                if let Some(idle) = idle {
                    index.free_agent(agent, idle);
                }
            }
        }
        match idle {
            Some(idle) => {
                if self.indexed.insert(name.clone(), idle) != Some(idle) {
                    self.freed.insert(name.clone());
                }
            }
            None => {
                self.indexed.remove(name);
                self.freed.remove(name);
            }
        }
    }

    /// Take an agent out of the indexes: before the queues or skills of the agent change, and when the agent is gone.
    pub(super) fn unindex_agent(&mut self, name: &AgentName) {
        let before = self.indexed.remove(name);
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
        let Stage::Waiting { place, offer: None, doubt: false } = &of.stage else { return };
        let (rank, before) = ((place.rank(), call), place.line(&of.switch));
        let waited = now.since(place.joined);
        let mut stands = place.clone();
        let (in_force, eases) = needs::after(&place.needs, waited);
        stands.in_force = in_force;
        let (kept_for, ends) = self.kept_for(of, &stands, waited);
        stands.kept_for = kept_for;
        let (line, queue, joined) = (stands.line(&of.switch), stands.queue.clone(), stands.joined);
        match eases.into_iter().chain(ends).min() {
            Some(waited) => self.timers.set(Timer::MayBeTaken(call), joined + waited),
            None => self.timers.stop(&Timer::MayBeTaken(call)),
        }
        if let Some(of) = self.calls.get_mut(&call) {
            of.stage = Stage::Waiting { place: stands, offer: None, doubt: false };
        }
        self.expect(call);
        self.index_of(&queue);
        if let Some(index) = self.queues.get_mut(&queue) {
            index.leave_line(rank, &before);
            index.wait(rank, line, |name| Some((self.agents.get(name)?, *self.indexed.get(name)?)));
        }
        self.seeking.insert(call);
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

    /// Calls that somebody who came free may take, first in rank first, whoever of the free then is the first for it: a
    /// strategy may give it to another than the one who came free. Then calls that came, first in rank first.
    pub(super) fn match_up(&mut self, now: Moment) {
        let freed = std::mem::take(&mut self.freed).into_iter();
        // As calls are offered the first call for an agent can only become a later one.
        let mut firsts: BTreeSet<(Rank, AgentName)> =
            freed.filter_map(|name| Some((self.first_call_for(&name)?, name))).collect();
        while let Some((rank, name)) = firsts.pop_first() {
            let Some(first) = self.first_call_for(&name) else { continue };
            // Each turn takes a call or an agent away, or a call is seen to be gone: so this ends.
            if first != rank || self.offer_to_best(now, first.1, Some(Rule::FirstInQueue)) {
                firsts.extend(self.first_call_for(&name).map(|first| (first, name)));
            }
        }
        let mut seeking: Vec<Rank> = std::mem::take(&mut self.seeking)
            .into_iter()
            .filter_map(|id| {
                let call = self.calls.get(&id)?;
                let Stage::Waiting { place, offer: None, doubt: false } = &call.stage else { return None };
                Some((place.rank(), id))
            })
            .collect();
        seeking.sort();
        for (_, call) in seeking {
            self.offer_to_best(now, call, None);
        }
    }

    /// Of all calls this agent may take, the first in rank. `None` too where the agent is not free.
    fn first_call_for(&self, name: &AgentName) -> Option<Rank> {
        let agent = self.agents.get(name).filter(|agent| self.is_up(&agent.switch))?;
        self.indexed.get(name)?;
        agent.queues.iter().filter_map(|queue| self.queues.get(queue)?.first_for(agent)).min()
    }

    /// Offer the call to the first of those who may take it, by the strategy of its queue. `false`: nobody may.
    fn offer_to_best(&mut self, now: Moment, call: CallId, rule: Option<Rule>) -> bool {
        let Some(of) = self.calls.get(&call).filter(|of| self.is_up(&of.switch)) else { return false };
        let Stage::Waiting { place, offer: None, doubt: false } = &of.stage else { return false };
        let Some(index) = self.queues.get(&place.queue) else { return false };
        let rule = rule.unwrap_or_else(|| index.strategy().rule());
        let (rule, (candidates, figures), could) = if place.kept_for.is_empty() {
            let Some(line) = index.line(&place.line(&of.switch)) else { return false };
            (rule, self.candidates(now, index.strategy(), line), line.free.len())
        } else {
            let line = self.line_of_kept(index, place);
            (Rule::Preferred, self.candidates(now, index.strategy(), &line), line.free.len())
        };
        let Some((best, _)) = candidates.first().cloned() else { return false };
        let free = index.free();
        let left_out = free.saturating_sub(could) as u32;
        let kept = rule == Rule::Preferred;
        let reasons = Reasons {
            rule,
            logged_in: index.logged_in().len() as u32,
            not_free: index.logged_in().len().saturating_sub(free) as u32,
            lacking_skill: if kept { 0 } else { left_out },
            not_preferred: if kept { left_out } else { 0 },
            needs: place.in_force.clone(),
            candidates,
            figures,
            waiting: index.places() as u32,
        };
        self.make_offer(now, call, &best, reasons);
        self.index_agent(&best);
        true
    }

    /// Those who are free of whom a call is kept for, as a line of their own.
    fn line_of_kept(&self, index: &QueueIndex, place: &QueuePlace) -> Line {
        let free = place.kept_for.iter().filter_map(|name| {
            let (agent, idle) = (self.agents.get(name)?, *self.indexed.get(name)?);
            Some((index.strategy().turn(agent, idle, &place.in_force), name.clone()))
        });
        Line { waiting: BTreeSet::new(), free: free.collect() }
    }

    /// The first of a line, best first, each with how long idle, and with what the strategy counted.
    fn candidates(&self, now: Moment, strategy: &Strategy, line: &Line) -> (Vec<(AgentName, Duration)>, Vec<u64>) {
        let idle = |name: &AgentName| self.indexed.get(name).map_or(Duration::ZERO, |idle| now.since(idle.since));
        let named = |name: &AgentName| (name.clone(), idle(name));
        match strategy {
            Strategy::WeightedRandom(weights) => {
                let free = line.free.iter().map(|(_, name)| name);
                let offer = OfferId { epoch: self.epoch, number: self.next_offer.wrapping_add(1) };
                let drawn = weighted_random::draw(offer, free, weights, Reasons::MOST_CANDIDATES);
                let figures = drawn.iter().map(|name| u64::from(weighted_random::weight(name, weights))).collect();
                (drawn.into_iter().map(named).collect(), figures)
            }
            Strategy::LongestIdle => {
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
            let Stage::Waiting { place, offer: None, doubt: false } = &call.stage else { continue };
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
        None
    }
}
