//! Out of a queue by a rule of its step (`otherwise`): at the door, or as the caller waits.

use std::collections::BTreeMap;
use std::time::Duration;

use super::call::{Call, QueuePlace, Stage};
use super::core::{Core, FROZEN_STEP};
use super::fact::{Fact, LeftQueue, Outcome};
use super::ids::*;
use super::queue::Need;
use super::timer::Timer;
use crate::calendar::Moment;
use crate::dialplan::When;

/// The last agent of a queue has gone: so long nobody leaves it by `nobody_logged_in`. Who moves to another phone, or logs
/// in to other queues, is away for less.
pub const DESERTED_FOR: Duration = Duration::from_secs(10);

/// Turned away at so many doors at one moment, a call goes round in circles. A checked dialplan has none; one that was
/// checked before that was looked for may.
const MOST_DOORS: u8 = 20;

impl Core {
    /// Why the queue does not take a call that comes with this place, in the order in which it is asked.
    pub(super) fn turned_away(&self, now: Moment, call: CallId, place: &QueuePlace) -> Option<(When, LeftQueue)> {
        let has = |rule: When| place.otherwise.iter().any(|(when, _)| *when == rule);
        let most = self.rules_for(call, &place.queue).map_or(usize::MAX, |rules| rules.most_waiting);
        if has(When::Closed) && self.closing(now, call, place).is_some_and(|closing| closing <= now) {
            Some((When::Closed, LeftQueue::Closed))
        } else if self.queues.get(&place.queue).is_some_and(|index| index.places() >= most)
            && self.callers_in(&place.queue) >= most
        {
            Some((When::Full, LeftQueue::Full))
        } else if has(When::NobodyLoggedIn) && !self.anybody_logged_in(place) {
            Some((When::NobodyLoggedIn, LeftQueue::NobodyLoggedIn))
        } else {
            None
        }
    }

    /// Places without those of promises, who hold no line.
    fn callers_in(&self, queue: &QueueName) -> usize {
        let (_, promised, _) = self.owed_by(queue);
        self.queues.get(queue).map_or(0, |index| index.places().saturating_sub(promised))
    }

    /// The queue does not take the call. A full queue without a rule for it ends the call as refused.
    pub(super) fn turn_away(&mut self, now: Moment, call: CallId, place: &QueuePlace, when: When, why: LeftQueue) {
        let step = place.otherwise.iter().find(|(rule, _)| *rule == when).map(|(_, step)| step.clone());
        self.fact(Fact::CallLeftQueue { call, queue: place.queue.clone(), why, to: step.clone() });
        let Some(of) = self.calls.get_mut(&call) else { return };
        let (at, doors) = of.doors;
        of.doors = (now, if at == now { doors.saturating_add(1) } else { 1 });
        let in_circles = of.doors.1 >= MOST_DOORS;
        if in_circles {
            self.healed(Some(call), None, "turned away from queue to queue in circles");
        }
        match step {
            Some(step) if !in_circles => self.walk_to(now, call, &step),
            Some(_) | None => self.end_by_us(now, call, Outcome::Refused),
        }
    }

    /// The timers by which a waiting call leaves its queue, and by which it is told things; none before `earliest`. They
    /// count from when it joined, whatever happened since.
    pub(super) fn set_rules_of_waiting(&mut self, now: Moment, call: CallId, earliest: Moment) {
        let Some(Call { stage: Stage::Waiting { place, .. }, .. }) = self.calls.get(&call) else { return };
        let place = place.clone();
        for (when, _) in &place.otherwise {
            match when {
                When::Waited(time) => self.timers.set(Timer::QueueExit(call), (place.joined + *time).max(earliest)),
                When::Closed => self.set_closing(now, call, earliest),
                When::NobodyLoggedIn if !self.anybody_logged_in(&place) => self.may_be_deserted(now, &place.queue),
                When::NobodyLoggedIn | When::Full => {}
            }
        }
        self.next_announcement(call, earliest);
    }

    /// After a start or an outage. What came due meanwhile is left out, rather than said to everybody at once.
    pub(super) fn rules_of_waiting_again(&mut self, now: Moment, call: CallId) {
        if let Some(Call { stage: Stage::Waiting { place, .. }, .. }) = self.calls.get_mut(&call) {
            place.told.until = now;
        }
        self.set_rules_of_waiting(now, call, now + FROZEN_STEP);
    }

    /// When the queue closes, for this call; now, where it has. `None`: it never does.
    fn closing(&self, now: Moment, call: CallId, place: &QueuePlace) -> Option<Moment> {
        let rules = self.rules_for(call, &place.queue)?;
        let hours = self.calls.get(&call)?.walk.plan().hours.get(rules.hours.as_ref()?)?;
        let wall = self.wall(now);
        if !hours.is_open(wall) {
            return Some(now);
        }
        Some(now + hours.next_change(wall)?.since(wall))
    }

    fn set_closing(&mut self, now: Moment, call: CallId, earliest: Moment) {
        let Some(Call { stage: Stage::Waiting { place, .. }, .. }) = self.calls.get(&call) else { return };
        match self.closing(now, call, place) {
            Some(at) => self.timers.set(Timer::QueueCloses(call), at.max(earliest)),
            None => self.timers.stop(&Timer::QueueCloses(call)),
        }
    }

    /// Timers never move with the wall clock, and opening hours always do.
    pub(super) fn closings_moved(&mut self, now: Moment) {
        let waits = |call: &&Call| match &call.stage {
            Stage::Waiting { place, .. } => place.otherwise.iter().any(|(when, _)| *when == When::Closed),
            Stage::InDialplan { .. }
            | Stage::Connecting { .. }
            | Stage::Talking { .. }
            | Stage::Outside(_)
            | Stage::Ending { .. } => false,
        };
        let calls: Vec<CallId> = self.calls.values().filter(waits).map(|call| call.id).collect();
        for call in calls {
            self.set_closing(now, call, now);
        }
    }

    /// Waited long enough by its step's rule. A call for which phones ring is left to them, because somebody may pick up at
    /// this moment; but no other is rung, so that the caller leaves when the last of these has rung, one ring late at most.
    pub(super) fn queue_exit_due(&mut self, now: Moment, call: CallId) {
        if self.rings(call) {
            if let Some(Call { stage: Stage::Waiting { place, .. }, .. }) = self.calls.get_mut(&call)
                && !std::mem::replace(&mut place.is_over, true)
            {
                self.stop_seeking(call);
            }
            return self.timers.set(Timer::QueueExit(call), now + FROZEN_STEP);
        }
        self.leave_by(now, call, |when| matches!(when, When::Waited(_)), LeftQueue::Waited);
    }

    /// The queue's hours are over, for those who wait too; whoever is being rung is answered.
    pub(super) fn queue_closes(&mut self, now: Moment, call: CallId) {
        if self.rings(call) {
            return self.timers.set(Timer::QueueCloses(call), now + FROZEN_STEP);
        }
        let Some(Call { stage: Stage::Waiting { place, .. }, .. }) = self.calls.get(&call) else { return };
        if self.closing(now, call, place).is_none_or(|closing| closing > now) {
            return self.set_closing(now, call, now);
        }
        self.leave_by(now, call, |when| *when == When::Closed, LeftQueue::ClosedMeanwhile);
    }

    fn rings(&self, call: CallId) -> bool {
        matches!(self.calls.get(&call).map(|of| &of.stage), Some(Stage::Waiting { rings: Some(_), .. }))
    }

    /// An agent left the queue: perhaps the last who could take some of its calls.
    pub(super) fn may_be_deserted(&mut self, now: Moment, queue: &QueueName) {
        let timer = Timer::Deserted(queue.clone());
        if self.queues.get(queue).is_some_and(|index| index.places() > 0) && !self.timers.is_set(&timer) {
            self.timers.set(timer, now + DESERTED_FOR);
        }
    }

    /// Nobody waits there any more.
    pub(super) fn is_emptied(&mut self, queue: &QueueName) {
        if let Some(index) = self.queues.get_mut(queue)
            && index.places() == 0
        {
            index.pace_mut().emptied();
            self.timers.stop(&Timer::Deserted(queue.clone()));
        }
    }

    /// Whoever nobody at work could ever take leaves, where its step says so.
    pub(super) fn deserted(&mut self, now: Moment, queue: &QueueName) {
        // Asked once for all calls with the same needs.
        let mut could: BTreeMap<&[Need], bool> = BTreeMap::new();
        let (mut leaving, mut later) = (Vec::new(), false);
        for of in self.calls.values() {
            let Stage::Waiting { place, rings, .. } = &of.stage else { continue };
            let ruled = place.otherwise.iter().any(|(when, _)| *when == When::NobodyLoggedIn);
            if place.queue != *queue || !ruled {
                continue;
            }
            if *could.entry(&place.needs).or_insert_with(|| self.anybody_logged_in(place)) {
                continue;
            }
            if rings.is_some() || !self.is_up(&of.switch) {
                later = true;
            } else {
                leaving.push(of.id);
            }
        }
        for call in leaving {
            self.leave_by(now, call, |when| *when == When::NobodyLoggedIn, LeftQueue::Deserted);
        }
        if later {
            self.timers.set(Timer::Deserted(queue.clone()), now + FROZEN_STEP);
        }
    }

    fn leave_by(&mut self, now: Moment, call: CallId, rule: impl Fn(&When) -> bool, why: LeftQueue) {
        let Some(Call { stage: Stage::Waiting { place, .. }, .. }) = self.calls.get(&call) else { return };
        let place = place.clone();
        let Some(step) = place.otherwise.iter().find(|(when, _)| rule(when)).map(|(_, step)| step.clone()) else {
            return;
        };
        self.cut_announcement(now, call);
        self.leave_queue(call, &place);
        if let Some(of) = self.calls.get_mut(&call) {
            of.waited += now.since(place.joined);
        }
        self.fact(Fact::CallLeftQueue { call, queue: place.queue, why, to: Some(step.clone()) });
        self.walk_to(now, call, &step);
    }

    /// No rule of a queue is waited for any more.
    pub(super) fn stop_rules_of_waiting(&mut self, call: CallId) {
        for timer in
            [Timer::QueueExit(call), Timer::QueueCloses(call), Timer::Announce(call), Timer::CallBackAsked(call)]
        {
            self.timers.stop(&timer);
        }
    }
}
