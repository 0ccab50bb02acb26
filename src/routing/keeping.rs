//! What becomes of promises: at their place in the queue like any caller; dialled when an agent is theirs; tried again by
//! the queue's rule; kept, or broken for a reason.
//!
//! A promise is dialled by one dial at a time, and by none while the caller is still on the line. Where the centre may not
//! dial just now it keeps its place, and nobody is sought for it.

use std::collections::BTreeSet;

use super::agent::{Agent, AgentState};
use super::core::{Core, FROZEN_STEP};
use super::dial::{Dial, DialEnd, DialEndedBy, DialStage};
use super::fact::{Fact, Reasons};
use super::held::HeldBack;
use super::ids::*;
use super::index::{LineKey, Seeker};
use super::input::Failure;
use super::needs;
use super::people::Refused;
use super::preference::could_take;
use super::promise::*;
use super::timer::Timer;
use crate::calendar::Moment;

impl Core {
    /// Its hour has come, or its rest is over.
    pub(super) fn promise_due(&mut self, now: Moment, id: CallId) {
        let Some(promise) = self.promises.get(&id) else { return };
        let (joined, why) = match promise.stage {
            PromiseStage::Scheduled { due } => (self.by_core(due).min(now), Back::Due),
            PromiseStage::Resting { .. } => (promise.joined, Back::Rested),
            PromiseStage::Waiting | PromiseStage::Dialling { .. } | PromiseStage::PickedUp { .. } => return,
        };
        self.back_at_its_place(now, id, joined, why);
    }

    fn back_at_its_place(&mut self, now: Moment, id: CallId, joined: Moment, why: Back) {
        let Some(promise) = self.promises.get_mut(&id) else { return };
        promise.stage = PromiseStage::Waiting;
        promise.joined = joined;
        self.fact(Fact::PromiseWaits { promise: id, joined, why });
        self.seek_for_promise(now, id);
    }

    /// Timers never move with the wall clock, and the hours of people always do.
    pub(super) fn hours_of_promises_moved(&mut self, now: Moment) {
        let due = |promise: &Promise| match promise.stage {
            PromiseStage::Scheduled { due } => Some((promise.id, due)),
            PromiseStage::Waiting
            | PromiseStage::Dialling { .. }
            | PromiseStage::PickedUp { .. }
            | PromiseStage::Resting { .. } => None,
        };
        let scheduled: Vec<(CallId, Moment)> = self.promises.values().filter_map(due).collect();
        for (id, due) in scheduled {
            let due = self.by_core(due);
            self.timers.set(Timer::PromiseDue(id), due.max(now));
            self.timers.set(Timer::PromiseExpires(id), (due + LONGEST_OWED).max(now));
        }
        // Opening hours are by the wall as well.
        self.promises_stand_anew(now);
    }

    /// An agent is sought for it from now on, by what it needs at this moment of its wait; or nobody is, while it cannot be
    /// dialled.
    pub(super) fn seek_for_promise(&mut self, now: Moment, id: CallId) {
        let Some(promise) = self.promises.get(&id).filter(|promise| promise.has_place()).cloned() else { return };
        let (line, again) = self.line_of_promise(now, &promise);
        let (rank, queue, before) = (promise.rank(), promise.queue.clone(), promise.stands.clone());
        let wishes: Vec<AgentName> = promise.wishes.iter().map(|wish| wish.agent.clone()).collect();
        match again {
            Some(at) => self.timers.set(Timer::PromiseMayBeTaken(id), at),
            None => self.timers.stop(&Timer::PromiseMayBeTaken(id)),
        }
        for agent in wishes {
            self.expected.entry(agent).or_default().insert(id);
        }
        if let Some(promise) = self.promises.get_mut(&id) {
            promise.stands.clone_from(&line);
        }
        self.index_of(&queue);
        let Some(index) = self.queues.get_mut(&queue) else { return };
        if let Some(before) = before {
            index.leave_line(rank, &before);
        }
        match line {
            Some(line) => {
                let seeker = Seeker { rings: false, rank };
                index.wait(seeker, line, |name| Some((self.agents.get(name)?, (*self.indexed.get(name)?)?)));
                self.seeking.insert(id);
            }
            None => {
                index.stand_aside(rank);
                self.seeking.remove(&id);
            }
        }
    }

    /// In which line it may stand, and when that changes by the clock alone.
    fn line_of_promise(&mut self, now: Moment, promise: &Promise) -> (Option<LineKey>, Option<Moment>) {
        if promise.stage != PromiseStage::Waiting {
            return (None, None);
        }
        match self.held_back(now, promise) {
            Some((HeldBack::DialledTooMuch, again)) => {
                again.into_iter().for_each(|again| self.timers.set(Timer::DialsAgain, again));
                return (None, None);
            }
            Some((HeldBack::OnTheLine | HeldBack::NotAllowed | HeldBack::Closed, again)) => return (None, again),
            // In its line, where nobody is free as long as their switch is away.
            Some((HeldBack::SwitchAway, _)) | None => {}
        }
        let dial_out = self.version.as_ref().and_then(|plan| plan.dial_out.as_ref());
        let switch = dial_out.map(|rules| rules.switch.clone()).filter(|switch| self.links.contains_key(switch));
        let Some(switch) = switch else { return (None, None) };
        let waited = now.since(promise.joined);
        let (needs, eases) = needs::after(&promise.needs, waited);
        let counts = self.customer_first(&promise.queue).is_some();
        let mut kept_for = BTreeSet::new();
        let wishes = promise.wishes.iter().filter(|wish| waited < wish.within);
        let ends = wishes.clone().map(|wish| wish.within).min();
        for wish in wishes {
            let agent = self.agents.get(&wish.agent);
            let could =
                |agent: &Agent| could_take(agent, &switch, &promise.queue, &needs) && (counts || !agent.dials_nobody());
            if agent.is_some_and(could) {
                kept_for.insert(wish.agent.clone());
            }
        }
        let wished = !kept_for.is_empty();
        if counts {
            kept_for.retain(|name| self.agents.get(name).is_some_and(|agent| agent.counted_on.is_none()));
        }
        let kept_for: Vec<AgentName> = kept_for.into_iter().collect();
        let by_wait = eases.into_iter().chain(ends).min().map(|waited| promise.joined + waited);
        let changes = by_wait.into_iter().chain(self.closes(now, promise)).min();
        if wished && kept_for.is_empty() {
            // Each of them stands for another number just now.
            return (None, changes);
        }
        (Some(LineKey { switch, needs, kept_for, dials: !counts, counts }), changes)
    }

    /// A call or a dial is over: who was owed a call-back in it can be called now.
    pub(super) fn off_the_line(&mut self, now: Moment, call: CallId) {
        let owed = self.promises.values().filter(|promise| promise.of_call == Some(call));
        let owed: Vec<CallId> = owed.map(|promise| promise.id).collect();
        for id in owed {
            self.seek_for_promise(now, id);
        }
    }

    /// All of them once more: what the centre may dial has changed.
    pub(super) fn promises_stand_anew(&mut self, now: Moment) {
        let all: Vec<CallId> = self.promises.keys().copied().collect();
        for id in all {
            self.seek_for_promise(now, id);
        }
    }

    /// A number was dialled, and it may have been the last for now.
    pub(super) fn promises_wait_for_dials(&mut self, now: Moment) {
        if self.dials_again(now).is_some() {
            self.promises_stand_anew(now);
        }
    }

    /// The place is given up, for now or for good.
    pub(super) fn stand_nowhere(&mut self, id: CallId) {
        let Some(promise) = self.promises.get_mut(&id) else { return };
        let (rank, queue, stands) = (promise.rank(), promise.queue.clone(), promise.stands.take());
        let wishes: Vec<AgentName> = promise.wishes.iter().map(|wish| wish.agent.clone()).collect();
        self.seeking.remove(&id);
        self.timers.stop(&Timer::PromiseMayBeTaken(id));
        for agent in wishes {
            if let Some(expected) = self.expected.get_mut(&agent) {
                expected.remove(&id);
                if expected.is_empty() {
                    self.expected.remove(&agent);
                }
            }
        }
        if let Some(index) = self.queues.get_mut(&queue) {
            if let Some(line) = stands {
                index.leave_line(rank, &line);
            }
            index.leave_aside(rank);
        }
        self.is_emptied(&queue);
    }

    // Kept, or broken.

    /// An agent is found: the agent's phone rings, and then the number does.
    pub(super) fn dial_for_promise(&mut self, now: Moment, id: CallId, agent: &AgentName, reasons: Reasons) {
        self.stand_by(id);
        let Some(promise) = self.promises.get(&id) else { return };
        let (number, queue) = (promise.number.clone(), promise.queue.clone());
        if !self.dial_to_keep(now, agent, number, id, queue, reasons) {
            // What was free a moment ago is not: looked at again.
            self.look_again(now, id);
        }
    }

    pub(super) fn look_again(&mut self, now: Moment, id: CallId) {
        self.timers.set(Timer::PromiseMayBeTaken(id), now + FROZEN_STEP);
    }

    /// It keeps its place, and nobody else is sought for it.
    pub(super) fn stand_by(&mut self, id: CallId) {
        let Some(promise) = self.promises.get_mut(&id) else { return };
        let (queue, rank, stands) = (promise.queue.clone(), promise.rank(), promise.stands.take());
        self.seeking.remove(&id);
        self.timers.stop(&Timer::PromiseMayBeTaken(id));
        if let Some(index) = self.queues.get_mut(&queue) {
            if let Some(line) = stands {
                index.leave_line(rank, &line);
            }
            index.stand_aside(rank);
        }
    }

    pub(super) fn promise_is_dialled(&mut self, id: CallId, dial: CallId) {
        if let Some(promise) = self.promises.get_mut(&id) {
            promise.stage = PromiseStage::Dialling { dial };
        }
    }

    /// Agent and number hear each other.
    pub(super) fn promise_kept(&mut self, now: Moment, dial: &Dial) {
        let Some(id) = dial.promise else { return };
        let Some(promise) = self.promises.get(&id) else { return };
        let (queue, waited) = (promise.queue.clone(), now.since(promise.joined));
        if let Some(index) = self.queues.get_mut(&queue) {
            let others = index.places().saturating_sub(1);
            index.pace_mut().answered(now, others);
        }
        self.forget_promise(id);
        let (dial, agent) = (dial.call, dial.agent.clone());
        self.fact(Fact::PromiseKept { promise: id, dial, agent, queue, waited });
    }

    /// The dial came to nothing. Where the number was rung that was a try; else somebody else is found.
    pub(super) fn promise_after_dial(&mut self, now: Moment, dial: &Dial, how: DialEnd, by: DialEndedBy, why: Failure) {
        let Some(promise) = dial.promise.and_then(|id| self.promises.get(&id)) else { return };
        if promise.stage != (PromiseStage::Dialling { dial: dial.call }) {
            return;
        }
        let (id, tries, joined) = (promise.id, promise.tries.saturating_add(1), promise.joined);
        let rules = self.rules_today(&promise.queue);
        if let DialStage::AgentRings { .. } = dial.stage {
            // Who ended it on the page has rejected it as much as who did by hand.
            let why = if why == Failure::Withdrawn { Failure::Rejected } else { why };
            let missed = how == DialEnd::AgentNotReached || how == DialEnd::GivenUp && by == DialEndedBy::Agent;
            if missed {
                self.rest_by_rules(now, &dial.agent, Some(&rules), why);
            }
            return self.back_at_its_place(now, id, joined, Back::After(how));
        }
        self.promise_not_reached(now, id, tries, &rules.call_back, how);
    }

    pub(super) fn promise_not_reached(
        &mut self,
        now: Moment,
        id: CallId,
        tries: u32,
        rules: &CallBackRules,
        after: DialEnd,
    ) {
        self.stand_nowhere(id);
        let until = now + rules.again_after;
        if let Some(promise) = self.promises.get_mut(&id) {
            promise.tries = tries;
            promise.stage = PromiseStage::Resting { until };
        }
        self.fact(Fact::PromiseRests { promise: id, until, tries, after });
        if tries >= rules.tries {
            return self.break_promise(now, id, Broken::NotReached, None);
        }
        self.timers.set(Timer::PromiseDue(id), until);
    }

    pub(super) fn promise_cancelled(&mut self, now: Moment, id: CallId, by: AgentName) {
        let Some(promise) = self.promises.get(&id) else {
            return self.refuse(Refused::NoSuchPromise { promise: id });
        };
        let (dial, reach) = match promise.stage {
            PromiseStage::Dialling { dial } => (self.dials.get(&dial), self.reaches.get(&dial).map(|reach| reach.call)),
            PromiseStage::PickedUp { .. } => return self.refuse(Refused::BeingKept { promise: id }),
            PromiseStage::Scheduled { .. } | PromiseStage::Waiting | PromiseStage::Resting { .. } => (None, None),
        };
        let dial = dial.map(|dial| (dial.call, dial.stage));
        if let Some((_, DialStage::Connecting | DialStage::Talking { .. })) = dial {
            return self.refuse(Refused::BeingKept { promise: id });
        }
        if let Some(reach) = reach {
            self.end_reach(now, reach, DialEnd::GivenUp);
        }
        self.break_promise(now, id, Broken::Cancelled, Some(by));
        if let Some((dial, _)) = dial {
            self.end_dial(now, dial, DialEnd::GivenUp, DialEndedBy::Us);
        }
    }

    pub(super) fn break_promise(&mut self, now: Moment, id: CallId, why: Broken, by: Option<AgentName>) {
        let Some(promise) = self.promises.get(&id) else { return };
        let being_kept = matches!(promise.stage, PromiseStage::Dialling { .. } | PromiseStage::PickedUp { .. });
        if why == Broken::Expired && being_kept {
            // It is being kept.
            return self.timers.set(Timer::PromiseExpires(id), now + FROZEN_STEP);
        }
        self.forget_promise(id);
        self.fact(Fact::PromiseBroken { promise: id, why, by });
    }

    pub(super) fn forget_promise(&mut self, id: CallId) {
        self.stand_nowhere(id);
        let Some(promise) = self.promises.remove(&id) else { return };
        self.timers.stop(&Timer::PromiseDue(id));
        self.timers.stop(&Timer::PromiseExpires(id));
        let another = self.promises.values().find(|other| other.of_call == promise.of_call).map(|other| other.id);
        if let Some(call) = promise.of_call.and_then(|call| self.calls.get_mut(&call)) {
            call.promise = another;
        }
        if self.promises.is_empty() {
            self.timers.stop(&Timer::DialsAgain);
        }
    }

    /// The agent is wanted elsewhere: a phone that rings to keep a promise is taken back. One that was picked up goes on.
    pub(super) fn take_promise_back(&mut self, now: Moment, name: &AgentName) {
        let dial = self.agents.get(name).and_then(|agent| agent.work.call()).and_then(|call| self.dials.get(&call));
        let rings = |dial: &&Dial| dial.promise.is_some() && matches!(dial.stage, DialStage::AgentRings { .. });
        if let Some(call) = dial.filter(rings).map(|dial| dial.call) {
            self.end_dial(now, call, DialEnd::GivenUp, DialEndedBy::Us);
        }
    }

    /// After a start: as the journal knew it. A dial that was to keep it is found again, or was a try.
    pub(super) fn remember_promise(&mut self, now: Moment, promise: Promise) {
        let (id, stage, tries) = (promise.id, promise.stage, promise.tries.saturating_add(1));
        let rules = self.rules_today(&promise.queue).call_back;
        self.keep_in_mind(now, promise);
        let lost = match stage {
            PromiseStage::Dialling { dial } => !self.dials.contains_key(&dial) && !self.reaches.contains_key(&dial),
            PromiseStage::PickedUp { call } => !self.calls.contains_key(&call),
            PromiseStage::Scheduled { .. } | PromiseStage::Waiting | PromiseStage::Resting { .. } => false,
        };
        if lost {
            self.promise_not_reached(now, id, tries, &rules, DialEnd::Unseen);
        }
    }

    // To be seen.

    /// Every promise that is neither kept nor broken.
    pub fn promises(&self) -> impl Iterator<Item = &Promise> {
        self.promises.values()
    }

    /// All of them, as the floor shows them.
    pub fn promises_seen(&self, now: Moment) -> Vec<PromiseSeen> {
        self.promises.values().map(|promise| self.see_promise(now, promise)).collect()
    }

    fn see_promise(&self, now: Moment, promise: &Promise) -> PromiseSeen {
        let (mut due, mut kept_by) = (None, None);
        match promise.stage {
            PromiseStage::Scheduled { due: at } => due = Some(at),
            PromiseStage::Resting { until } => due = Some(self.wall(until)),
            PromiseStage::Dialling { dial: by } | PromiseStage::PickedUp { call: by } => kept_by = Some(by),
            PromiseStage::Waiting => {}
        }
        let position = self.queues.get(&promise.queue).filter(|_| promise.has_place());
        let held = self.held_back(now, promise).filter(|_| promise.stage == PromiseStage::Waiting);
        PromiseSeen {
            promise: promise.id,
            number: promise.number.to_phone_number(),
            queue: promise.queue.clone(),
            stage: promise.stage.as_str(),
            made_ms: promise.made,
            joined_ms: promise.joined,
            due_ms: due,
            tries: promise.tries,
            by: match &promise.by {
                PromisedBy::Caller => None,
                PromisedBy::Person(by) => Some(by.clone()),
            },
            wished: promise.wishes.first().map(|wish| wish.agent.clone()),
            of_call: promise.of_call,
            position: position.map(|index| index.position(promise.rank())),
            dial: kept_by,
            agent: kept_by.and_then(|by| self.dials.get(&by)).map(|dial| dial.agent.clone()),
            held_back: held.map(|(why, _)| why),
            held_until_ms: held.and_then(|(_, until)| until).map(|until| self.wall(until)),
        }
    }

    /// Of one queue: how many are owed in all, how many of them have a place now, and since when the oldest does.
    pub(super) fn owed_by(&self, queue: &QueueName) -> (usize, usize, Option<Moment>) {
        let mine = self.promises.values().filter(|promise| promise.queue == *queue);
        let (mut all, mut places, mut oldest) = (0, 0, None::<Moment>);
        for promise in mine {
            all += 1;
            if promise.has_place() {
                places += 1;
                oldest = Some(oldest.map_or(promise.joined, |oldest| oldest.min(promise.joined)));
            }
        }
        (all, places, oldest)
    }

    /// What the laws say must never be: a promise that waits beside a free agent who may keep it.
    pub(super) fn promise_beside_a_free_agent(&self) -> Option<(CallId, AgentName)> {
        self.promises.values().find_map(|promise| {
            let line = promise.stands.as_ref().filter(|line| self.is_up(&line.switch))?;
            let mut agents = self.agents.values();
            let agent = agents.find(|agent| {
                agent.state() == AgentState::Idle
                    && agent.is_free()
                    && agent.queues.contains(&promise.queue)
                    && agent.switch == line.switch
                    && agent.meets(&line.needs)
                    && !(line.counts && agent.counted_on.is_some())
                    && !(line.dials && agent.dials_nobody())
                    && (line.kept_for.is_empty() || line.kept_for.contains(&agent.name))
            })?;
            Some((promise.id, agent.name.clone()))
        })
    }
}
