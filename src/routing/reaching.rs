//! Reaching: where a queue has whoever is owed a call-back rung before its agents (`first: customer`). An agent who is free
//! stands for each number that rings, and for one at a time, but is kept from nobody: whoever picks up is a caller of the
//! queue at the promise's place, and goes to the first who may take them, as any caller does.
//!
//! A number that does not answer is a try, and so is somebody who hangs up before an agent is heard.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::call::{Call, Stage};
use super::core::{Core, LegOf, Owed, RING_GRACE};
use super::dial::DialEnd;
use super::dialling::count_dial;
use super::effect::{Act, HangUpCause};
use super::fact::{Fact, Reasons};
use super::ids::*;
use super::input::{Failure, LegSeen, LegUp, Refusal, Returned};
use super::promise::{First, Promise, PromiseStage, Wish};
use super::tag::Place;
use super::timer::Timer;
use crate::calendar::Moment;
use crate::dialplan::{Centre, Language, Walk};

/// A number that rings to keep a promise, before any agent is rung. Its leg is named when it begins, so that whoever picks
/// it up again knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Reach {
    /// What it is called by; of who picks up, the call's.
    pub call: CallId,
    pub promise: CallId,
    pub switch: SwitchName,
    pub leg: LegId,
    /// The centre's number, as the other end sees it.
    pub shown: PhoneNumber,
    /// Who was free for it as it began.
    pub agent: AgentName,
    /// Where they begin when they pick up, and in which version.
    pub step: StepName,
    pub version: VersionHash,
    pub until: Moment,
}

/// Of a call: the promise that it is to keep, and who was free for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keeps {
    pub promise: CallId,
    pub agent: AgentName,
}

impl Core {
    /// The numbers that ring for promises.
    pub fn reaches(&self) -> impl Iterator<Item = &Reach> {
        self.reaches.values()
    }

    /// The step in which whoever is owed a call by this queue begins, where they are rung first.
    pub(super) fn customer_first(&self, queue: &QueueName) -> Option<StepName> {
        match self.rules_today(queue).call_back.first {
            First::Agent => None,
            First::Customer { start } => Some(start),
        }
    }

    /// An agent is free for it: the number rings.
    pub(super) fn reach_for_promise(&mut self, now: Moment, id: CallId, agent: &AgentName, reasons: Reasons) {
        self.stand_by(id);
        if self.begin_reach(now, id, agent, reasons).is_none() {
            // What could be done a moment ago cannot: looked at again.
            self.look_again(now, id);
        }
    }

    fn begin_reach(&mut self, now: Moment, id: CallId, agent: &AgentName, reasons: Reasons) -> Option<()> {
        let plan = self.version.clone()?;
        let rules = plan.dial_out.clone()?;
        let promise = self.promises.get(&id)?;
        let (number, queue) = (promise.number.clone(), promise.queue.clone());
        let step = self.customer_first(&queue)?;
        let allowed = rules.allows(&number, plan.country) && self.dialled_too_much(now, &rules).is_none();
        if !allowed || !self.is_up(&rules.switch) {
            return None;
        }
        let (call, leg) = (self.next_call_id(), self.next_leg_id());
        let until = now + rules.ring_for;
        let reach = Reach {
            call,
            promise: id,
            switch: rules.switch.clone(),
            leg: leg.clone(),
            shown: rules.shown.clone(),
            agent: agent.clone(),
            step,
            version: plan.version.clone(),
            until,
        };
        count_dial(&mut self.dialled, now, None);
        self.fact(Fact::CustomerRung { call, queue, reach: reach.clone(), reasons });
        self.legs.insert(leg.clone(), LegOf::Outside { call, switch: rules.switch.clone() });
        self.timers.set(Timer::ReachDue(call), until + RING_GRACE);
        self.reaches.insert(call, reach);
        self.promise_is_dialled(id, call);
        self.count_on(now, agent, Some(call));
        self.promises_wait_for_dials(now);
        let tags = self.tags(call, Place::Dialled { agent: AgentName::new(""), longest: rules.longest });
        let act = Act::Ring {
            leg: leg.clone(),
            station: rules.to.with(&number),
            from: rules.shown,
            name: CallerName::new(""),
            ring_for: rules.ring_for,
            auto_answer: false,
            tags,
        };
        self.order(now, &rules.switch, act, Some(Owed::RingDial(leg)));
        Some(())
    }

    /// The number that rings on this leg, while it does.
    pub(super) fn reach_of_leg(&self, leg: &LegId) -> Option<CallId> {
        let LegOf::Outside { call, .. } = self.legs.get(leg)? else { return None };
        self.reaches.get(call).filter(|reach| reach.leg == *leg).map(|reach| reach.call)
    }

    pub(super) fn reach_ring_returned(&mut self, now: Moment, call: CallId, leg: &LegId, how: &Returned) {
        let Returned::Refused { why } = how else { return };
        if let Refusal::Other(words) = why {
            self.healed(Some(call), None, format!("the switch would not ring: {words}"));
        }
        self.leg_failed(now, leg, Failure::Unreachable);
    }

    /// They picked up, and are a caller from here on. `seen`: what the switch said of the leg, where that is how we know.
    pub(super) fn reach_answered(&mut self, now: Moment, call: CallId, seen: Option<&LegSeen>) {
        let Some(reach) = self.reaches.get(&call).cloned() else { return };
        let Some(promise) = self.promises.get(&reach.promise) else { return };
        let number = promise.number.to_phone_number();
        let Some(asleep) = self.begins_at(&reach, promise) else {
            self.healed(Some(call), None, format!("no step {} to begin in: hung up", reach.step));
            return self.reach_failed(now, call, DialEnd::Unseen);
        };
        let Some((walk, dos)) = self.begin_walk(now, &reach.shown, &asleep) else { return };
        self.reaches.remove(&call);
        self.timers.stop(&Timer::ReachDue(call));
        let Reach { promise, switch, leg, shown, agent, .. } = reach;
        self.fact(Fact::CallArrived {
            call,
            switch: switch.clone(),
            leg: leg.clone(),
            from: number.clone(),
            name: CallerName::new(""),
            to: shown.clone(),
            version: walk.plan().version.clone(),
            found: false,
            promise: Some(promise),
        });
        self.legs.insert(leg.clone(), LegOf::Caller(call));
        let of = Call {
            id: call,
            switch,
            leg,
            from: number,
            name: CallerName::new(""),
            to: shown,
            arrived: now,
            step_since: now,
            walk,
            knows: BTreeMap::new(),
            answered: true,
            waited: Duration::ZERO,
            promise: None,
            keeps: Some(Keeps { promise, agent }),
            warned: BTreeSet::new(),
            hears: None,
            doors: (now, 0),
            station: None,
            asked: None,
            served: false,
            passed: None,
            keypad: None,
            stage: Stage::InDialplan { playing: None },
        };
        self.calls.insert(call, of);
        self.stand_nowhere(promise);
        if let Some(promise) = self.promises.get_mut(&promise) {
            promise.stage = PromiseStage::PickedUp { call };
        }
        if seen.is_some_and(|seen| self.place_from_channel(now, call, seen)) {
            return;
        }
        self.carry_out(now, call, dos);
        self.emergency_first(now, call);
    }

    /// In the version in which the number was rung, or where it is not on the shelf in today's.
    fn begins_at(&self, reach: &Reach, promise: &Promise) -> Option<Walk> {
        let plans = [self.shelf.get(&reach.version), self.version.as_ref()];
        plans.into_iter().flatten().find_map(|plan| {
            let spoken = promise.language.as_ref().and_then(|language| language.parse::<Language>().ok());
            let language = spoken.filter(|language| plan.languages.contains(language));
            let language = language.unwrap_or_else(|| Centre::first_language(plan));
            Walk::asleep(plan.clone(), &reach.step, language, BTreeMap::new())
        })
    }

    /// Nobody is there: a try.
    pub(super) fn reach_failed(&mut self, now: Moment, call: CallId, how: DialEnd) {
        let Some(promise) = self.end_reach(now, call, how) else { return };
        self.promise_tried(now, promise, how);
    }

    /// It rings no more. Gives the promise that it was for.
    pub(super) fn end_reach(&mut self, now: Moment, call: CallId, how: DialEnd) -> Option<CallId> {
        let Reach { promise, switch, leg, agent, .. } = self.reaches.remove(&call)?;
        self.timers.stop(&Timer::ReachDue(call));
        if self.legs.contains_key(&leg) {
            self.hang_up(now, &switch, leg, HangUpCause::Normal);
        }
        self.fact(Fact::CustomerNotReached { call, promise, how });
        self.count_off(now, &agent, call);
        Some(promise)
    }

    fn promise_tried(&mut self, now: Moment, id: CallId, how: DialEnd) {
        let Some(promise) = self.promises.get(&id) else { return };
        let (tries, rules) = (promise.tries.saturating_add(1), self.rules_today(&promise.queue).call_back);
        self.promise_not_reached(now, id, tries, &rules, how);
    }

    /// The switch never said how the ringing ended.
    pub(super) fn reach_overdue(&mut self, now: Moment, call: CallId) {
        self.reach_failed(now, call, DialEnd::NoAnswer);
    }

    /// Who was called back talks with an agent.
    pub(super) fn kept_by_call(&mut self, now: Moment, call: CallId, by: &AgentName, waited: Duration) {
        let Some(Keeps { promise, agent }) = self.calls.get(&call).and_then(|of| of.keeps.clone()) else { return };
        if let Some(queue) = self.promises.get(&promise).map(|promise| promise.queue.clone()) {
            self.forget_promise(promise);
            self.fact(Fact::PromiseKept { promise, dial: call, agent: by.clone(), queue, waited });
        }
        self.count_off(now, &agent, call);
    }

    /// A call that was to keep a promise is over. Without a conversation it was a try.
    pub(super) fn was_to_keep(&mut self, now: Moment, call: CallId, keeps: &Keeps, unseen: bool) {
        self.count_off(now, &keeps.agent, call);
        if self.promises.get(&keeps.promise).is_some_and(|of| of.stage == PromiseStage::PickedUp { call }) {
            let how = if unseen { DialEnd::Unseen } else { DialEnd::Refused };
            self.promise_tried(now, keeps.promise, how);
        }
    }

    /// The promise whose place this call has in this queue.
    pub(super) fn keeps_place(&self, call: CallId, queue: &QueueName) -> Option<&Promise> {
        let keeps = self.calls.get(&call)?.keeps.as_ref()?;
        self.promises.get(&keeps.promise).filter(|promise| promise.queue == *queue)
    }

    /// Who is to have this call before others, as its promise says.
    pub(super) fn wishes_of_kept(&self, call: &Call) -> &[Wish] {
        let promise = call.keeps.as_ref().and_then(|keeps| self.promises.get(&keeps.promise));
        promise.map_or(&[], |promise| promise.wishes.as_slice())
    }

    // Who is counted on.

    /// The agent stands for this number, and for no other meanwhile; or for none any more.
    fn count_on(&mut self, now: Moment, name: &AgentName, by: Option<CallId>) {
        let idle = self.indexed.get(name).copied().flatten();
        let Some(agent) = self.agents.get_mut(name).filter(|agent| agent.counted_on != by) else { return };
        // In the lines it stands as it was.
        if let Some(idle) = idle {
            for queue in &agent.queues {
                if let Some(index) = self.queues.get_mut(queue) {
                    index.busy_agent(agent, idle);
                }
            }
        }
        agent.counted_on = by;
        if let Some(idle) = idle {
            for queue in &agent.queues {
                if let Some(index) = self.queues.get_mut(queue) {
                    index.free_agent(agent, idle);
                }
            }
            if by.is_none() {
                self.freed.insert(name.clone());
            }
        }
        self.expectations_changed(now, name);
    }

    fn count_off(&mut self, now: Moment, name: &AgentName, by: CallId) {
        if self.agents.get(name).is_some_and(|agent| agent.counted_on == Some(by)) {
            self.count_on(now, name, None);
        }
    }

    // After a start or a reconnect.

    /// As the journal knew it. Whether it rings still is the first snapshot's to say.
    pub(super) fn remember_reach(&mut self, now: Moment, reach: Reach) {
        let (call, switch) = (reach.call, reach.switch.clone());
        self.legs.insert(reach.leg.clone(), LegOf::Outside { call, switch: switch.clone() });
        self.timers.set(Timer::ReachDue(call), reach.until.max(now) + RING_GRACE);
        self.links.entry(switch).or_insert(false);
        if let Some(agent) = self.agents.get_mut(&reach.agent) {
            agent.counted_on = Some(call);
        }
        self.reaches.insert(call, reach);
    }

    /// Of the calls that were remembered.
    pub(super) fn remember_who_is_counted_on(&mut self) {
        for of in self.calls.values() {
            let Some(keeps) = &of.keeps else { continue };
            let waits =
                self.promises.get(&keeps.promise).map(|of| of.stage) == Some(PromiseStage::PickedUp { call: of.id });
            if let Some(agent) = self.agents.get_mut(&keeps.agent).filter(|_| waits) {
                agent.counted_on = Some(of.id);
            }
        }
    }

    /// What a snapshot says of the numbers that rang.
    pub(super) fn compare_reaches(&mut self, now: Moment, switch: &SwitchName, seen: &BTreeMap<LegId, LegSeen>) {
        let here: Vec<Reach> = self.reaches.values().filter(|reach| reach.switch == *switch).cloned().collect();
        for Reach { call, leg, .. } in here {
            match seen.get(&leg) {
                Some(seen) => self.reach_lives(now, call, seen),
                None => drop(self.order(now, switch, Act::Look { leg }, None)),
            }
        }
    }

    pub(super) fn reach_lives(&mut self, now: Moment, call: CallId, seen: &LegSeen) {
        if seen.up == LegUp::Up && seen.in_hand {
            self.reach_answered(now, call, Some(seen));
        }
    }
}
