//! Matching: who waits meets who is free.
//!
//! The law: no call waits while an agent it may take is free; and of two calls that one agent may take, the one
//! with the earlier `joined - credit` goes first. It holds after every input because each input frees agents and
//! sets calls waiting one by one, and both are matched before the next: whoever was waiting before could take
//! nobody who was free before.

use std::collections::BTreeSet;
use std::time::Duration;

use super::agent::{Agent, AgentState, Presence};
use super::call::{Call, QueuePlace, Stage};
use super::core::Core;
use super::fact::{Reasons, Rule};
use super::ids::*;
use crate::calendar::Moment;

/// One queue's two lines: who waits, who is free.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueIndex {
    /// Calls with a place and no phone ringing for them, by `joined - credit`.
    waiting: BTreeSet<(Moment, CallId)>,
    /// Calls with a place whose phone rings, or was picked up just now.
    offered: BTreeSet<(Moment, CallId)>,
    /// Agents of this queue who are free, by since when.
    free: BTreeSet<(Moment, AgentName)>,
    /// Agents of this queue who are logged in.
    logged_in: BTreeSet<AgentName>,
}

impl QueueIndex {
    /// Everybody with a place.
    pub fn places(&self) -> usize {
        self.waiting.len() + self.offered.len()
    }

    pub fn logged_in(&self) -> usize {
        self.logged_in.len()
    }

    pub fn free(&self) -> usize {
        self.free.len()
    }

    /// The place of a call in this queue, from 1.
    pub fn position(&self, rank: (Moment, CallId)) -> usize {
        1 + self.waiting.range(..rank).count() + self.offered.range(..rank).count()
    }

    pub(super) fn wait(&mut self, rank: (Moment, CallId)) {
        self.offered.remove(&rank);
        self.waiting.insert(rank);
    }

    pub(super) fn offer(&mut self, rank: (Moment, CallId)) {
        self.waiting.remove(&rank);
        self.offered.insert(rank);
    }

    pub(super) fn leave(&mut self, rank: (Moment, CallId)) {
        self.waiting.remove(&rank);
        self.offered.remove(&rank);
    }
}

impl Core {
    /// Put an agent where the indexes of the queues want them. Called for everybody something was done to.
    pub(super) fn index_agent(&mut self, name: &AgentName) {
        let Some(agent) = self.agents.get(name) else { return };
        let here = !matches!(agent.presence, Presence::Away { .. });
        let key = (agent.is_free() && self.is_up(&agent.switch)).then(|| agent.idle_since());
        let before = self.indexed.get(name).copied();
        for queue in &agent.queues {
            let index = self.queues.entry(queue.clone()).or_default();
            if here {
                index.logged_in.insert(name.clone());
            } else {
                index.logged_in.remove(name);
            }
            if before != key {
                if let Some(before) = before {
                    index.free.remove(&(before, name.clone()));
                }
                if let Some(key) = key {
                    index.free.insert((key, name.clone()));
                }
            }
        }
        match key {
            Some(key) => {
                if self.indexed.insert(name.clone(), key) != Some(key) {
                    self.freed.insert(name.clone());
                }
            }
            None => {
                self.indexed.remove(name);
                self.freed.remove(name);
            }
        }
    }

    /// Take an agent out of the indexes: before the queues of the agent change, and when the agent is gone.
    pub(super) fn unindex_agent(&mut self, name: &AgentName) {
        let before = self.indexed.remove(name);
        self.freed.remove(name);
        let Some(agent) = self.agents.get(name) else { return };
        for queue in &agent.queues {
            if let Some(index) = self.queues.get_mut(queue) {
                index.logged_in.remove(name);
                if let Some(before) = before {
                    index.free.remove(&(before, name.clone()));
                }
            }
        }
    }

    /// The call seeks an agent from now on, with the place it has.
    pub(super) fn seek(&mut self, call: CallId) {
        let Some(Call { stage: Stage::Waiting { place, offer: None, doubt: false }, .. }) = self.calls.get(&call)
        else {
            return;
        };
        let rank = (place.rank(), call);
        self.queues.entry(place.queue.clone()).or_default().wait(rank);
        self.seeking.insert(call);
    }

    /// Freed agents first, longest idle first: each takes the first call it may, unless somebody idle for
    /// longer may take that call too. Then calls that came, first in rank first.
    pub(super) fn match_up(&mut self, now: Moment) {
        let mut freed: Vec<(Moment, AgentName)> = std::mem::take(&mut self.freed)
            .into_iter()
            .filter_map(|name| self.indexed.get(&name).map(|since| (*since, name)))
            .collect();
        freed.sort();
        for (_, name) in freed {
            // Each turn takes a call or an agent away, so this ends.
            while self.indexed.contains_key(&name) {
                let Some(call) = self.first_call_for(&name) else { break };
                if !self.offer_to_best(now, call, Rule::FirstInQueue) {
                    break;
                }
            }
        }
        let mut seeking: Vec<(Moment, CallId)> = std::mem::take(&mut self.seeking)
            .into_iter()
            .filter_map(|id| {
                let call = self.calls.get(&id)?;
                let Stage::Waiting { place, offer: None, doubt: false } = &call.stage else { return None };
                Some((place.rank(), id))
            })
            .collect();
        seeking.sort();
        for (_, call) in seeking {
            self.offer_to_best(now, call, Rule::LongestIdle);
        }
    }

    /// Of all calls this agent may take, the first in rank.
    fn first_call_for(&self, name: &AgentName) -> Option<CallId> {
        let agent = self.agents.get(name)?;
        let firsts = agent.queues.iter().filter_map(|queue| {
            let index = self.queues.get(queue)?;
            index.waiting.iter().find(|(_, call)| self.may_take(*call, agent)).copied()
        });
        firsts.min().map(|(_, call)| call)
    }

    fn may_take(&self, call: CallId, agent: &Agent) -> bool {
        let Some(Call { switch, stage: Stage::Waiting { place, offer: None, doubt: false }, .. }) =
            self.calls.get(&call)
        else {
            return false;
        };
        *switch == agent.switch && self.is_up(switch) && agent.meets(&place.needs)
    }

    /// Offer the call to the agent idle longest of those who may take it. `false`: nobody may.
    fn offer_to_best(&mut self, now: Moment, call: CallId, rule: Rule) -> bool {
        let Some(Stage::Waiting { place, .. }) = self.calls.get(&call).map(|call| call.stage.clone()) else {
            return false;
        };
        let Some(index) = self.queues.get(&place.queue) else { return false };
        let mut candidates: Vec<(AgentName, Duration)> = Vec::new();
        let mut lacking_skill = 0;
        for (since, name) in &index.free {
            let Some(agent) = self.agents.get(name) else { continue };
            if self.may_take(call, agent) {
                candidates.push((name.clone(), now.since(*since)));
                if candidates.len() == Reasons::MOST_CANDIDATES {
                    break;
                }
            } else if candidates.is_empty() {
                lacking_skill += 1;
            }
        }
        let Some((best, _)) = candidates.first().cloned() else { return false };
        let reasons = Reasons {
            rule,
            logged_in: index.logged_in.len() as u32,
            not_free: index.logged_in.len().saturating_sub(index.free.len()) as u32,
            lacking_skill,
            candidates,
            waiting: index.places() as u32,
        };
        self.make_offer(now, call, &best, reasons);
        self.index_agent(&best);
        true
    }

    /// Whether anybody who could ever take such a call is logged in.
    pub(super) fn anybody_logged_in(&self, place: &QueuePlace) -> bool {
        self.queues.get(&place.queue).is_some_and(|index| {
            index.logged_in.iter().any(|name| self.agents.get(name).is_some_and(|agent| agent.meets(&place.needs)))
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
                    && self.may_take(call.id, agent)
                {
                    return Some((call.id, agent.name.clone()));
                }
            }
        }
        None
    }

    /// Rewrite for the indexes of a call that now has a phone ringing.
    pub(super) fn mark_offered(&mut self, call: CallId, place: &QueuePlace) {
        self.queues.entry(place.queue.clone()).or_default().offer((place.rank(), call));
        self.seeking.remove(&call);
    }
}
