//! What becomes of promises: made by a caller who hangs up, by an agent or a program; at their place in the queue like any
//! caller; dialled when an agent is theirs; tried again by the queue's rule; kept, or broken for a reason.
//!
//! A promise is dialled by one dial at a time, and by none while the caller is still on the line. Where the centre may not
//! dial just now it keeps its place, and nobody is sought for it.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use super::agent::AgentState;
use super::call::{Call, QueuePlace, Stage};
use super::core::{Core, FROZEN_STEP};
use super::dial::{Dial, DialEnd, DialEndedBy, DialStage};
use super::dial_out::DialledNumber;
use super::fact::{Fact, LeftQueue};
use super::ids::*;
use super::index::LineKey;
use super::input::Failure;
use super::needs;
use super::people::Refused;
use super::preference::could_take;
use super::promise::*;
use super::queue::QueueRules;
use super::timer::Timer;
use crate::calendar::Moment;
use crate::customers::Number;
use crate::dialplan::{Announcement, CallBack, Due, Heard, Key, OfferCallBack};

const HOUR: Duration = Duration::from_secs(3600);

/// A call-back as somebody asks for it.
pub(super) struct Wanted {
    pub queue: QueueName,
    pub number: DialledNumber,
    pub at: Option<Moment>,
    pub agent: Option<AgentName>,
    pub of_call: Option<CallId>,
    pub by: AgentName,
    pub request: Option<RequestName>,
}

/// A place that is to be a promise's.
struct Owed {
    number: DialledNumber,
    queue: QueueName,
    joined: Moment,
    credit: Duration,
    needs: Vec<super::queue::Need>,
    wishes: Vec<Wish>,
    due: Option<Moment>,
    by: PromisedBy,
    of_call: Option<CallId>,
    request: Option<RequestName>,
}

/// The requests of the last hour, with this one.
pub(super) fn remember_request(asked: &mut VecDeque<Asked>, now: Moment, request: Option<&RequestName>) {
    asked.retain(|asked| asked.at + HOUR > now && asked.at <= now);
    let Some(request) = request else { return };
    if asked.len() >= MOST_PROMISES {
        asked.pop_front();
    }
    asked.push_back(Asked { at: now, request: request.clone() });
}

impl Core {
    // How promises are made.

    /// Somebody asks for a call-back.
    pub(super) fn call_back_asked(&mut self, now: Moment, wanted: Wanted) {
        let Wanted { queue, number, at, agent, of_call, by, request } = wanted;
        let same = |asked: &Asked| Some(&asked.request) == request.as_ref() && asked.at + HOUR > now;
        if request.is_some() && self.asked.iter().any(same) {
            return;
        }
        let wall = self.wall(now);
        let due = at.filter(|at| *at > wall);
        if let Some(why) = self.call_back_refused(&queue, &number, due, wall) {
            return self.refuse(why);
        }
        let rules = self.rules_today(&queue);
        let joined = due.map_or(now, |due| self.by_core(due));
        let wishes = agent.map(|agent| Wish { agent, within: KEPT_FOR_AGENT }).into_iter().collect();
        let of_call = of_call.filter(|call| self.calls.contains_key(call) || self.is_in_hand(*call));
        let (credit, needs) = (rules.credit, rules.needs);
        let by = PromisedBy::Person(by);
        self.owe(now, Owed { number, queue, joined, credit, needs, wishes, due, by, of_call, request });
    }

    /// Some agent talks with it or wraps it up.
    fn is_in_hand(&self, call: CallId) -> bool {
        self.agents.values().any(|agent| agent.work.call() == Some(call))
    }

    fn call_back_refused(
        &self,
        queue: &QueueName,
        number: &DialledNumber,
        due: Option<Moment>,
        wall: Moment,
    ) -> Option<Refused> {
        let plan = self.version.as_ref()?;
        if !plan.queues.contains_key(queue) {
            return Some(Refused::NoSuchQueue { queue: queue.clone() });
        }
        match self.not_promised(Some(number)) {
            None => {}
            Some(_) if plan.dial_out.is_none() => return Some(Refused::NoDialOut),
            Some(NotPromised::TooMany) => return Some(Refused::TooManyPromises),
            Some(NotPromised::NoNumber | NotPromised::NotAllowed | NotPromised::BeingCalled) => {
                return Some(Refused::NumberNotAllowed { number: number.clone() });
            }
        }
        if due.is_some_and(|due| due > wall + FARTHEST) {
            return Some(Refused::TooFarAhead);
        }
        let promise = self.promised(number, queue, due)?.id;
        Some(Refused::PromisedAlready { number: number.clone(), queue: queue.clone(), promise })
    }

    /// Why this number is promised no call-back, whoever asks.
    fn not_promised(&self, number: Option<&DialledNumber>) -> Option<NotPromised> {
        let plan = self.version.as_ref()?;
        let Some(number) = number else { return Some(NotPromised::NoNumber) };
        if !plan.dial_out.as_ref().is_some_and(|rules| rules.allows(number, plan.country)) {
            return Some(NotPromised::NotAllowed);
        }
        (self.promises.len() >= MOST_PROMISES).then_some(NotPromised::TooMany)
    }

    /// The promise that this number has in this queue already: waiting, or for the same hour.
    fn promised(&self, number: &DialledNumber, queue: &QueueName, due: Option<Moment>) -> Option<&Promise> {
        let home = self.version.as_ref().and_then(|plan| plan.country);
        let one = |number: &DialledNumber| Number::of(number.as_str(), home);
        let sought = one(number);
        self.promises.values().filter(|promise| promise.queue == *queue).find(|promise| {
            let theirs = match promise.stage {
                PromiseStage::Scheduled { due } => Some(due),
                PromiseStage::Waiting | PromiseStage::Dialling { .. } | PromiseStage::Resting { .. } => None,
            };
            theirs == due && (promise.number == *number || (sought.is_some() && one(&promise.number) == sought))
        })
    }

    /// The rules of the queue as they are today: a promise outlives the version it was made in.
    fn rules_today(&self, queue: &QueueName) -> QueueRules {
        let rules = self.version.as_ref().and_then(|plan| plan.queues.get(queue));
        rules.cloned().unwrap_or_else(|| QueueRules::named(queue.clone()))
    }

    /// A moment of the clock on the wall, as timers count.
    fn by_core(&self, wall: Moment) -> Moment {
        Moment::from_ms(wall.as_ms().saturating_sub(self.wall_ms))
    }

    fn owe(&mut self, now: Moment, owed: Owed) {
        let id = self.next_call_id();
        let Owed { number, queue, joined, credit, needs, wishes, due, by, of_call, request } = owed;
        remember_request(&mut self.asked, now, request.as_ref());
        self.fact(Fact::PromiseMade {
            promise: id,
            number: number.to_phone_number(),
            queue: queue.clone(),
            joined,
            credit,
            needs: needs.clone(),
            wishes: wishes.clone(),
            due,
            by: by.clone(),
            of_call,
            request,
        });
        let stage = due.map_or(PromiseStage::Waiting, |due| PromiseStage::Scheduled { due });
        let (made, tries, stands) = (now, 0, None);
        let promise =
            Promise { id, number, queue, joined, credit, needs, wishes, by, of_call, made, tries, stage, stands };
        if let Some(call) = of_call.and_then(|call| self.calls.get_mut(&call)) {
            call.promise = Some(id);
        }
        self.keep_in_mind(now, promise);
    }

    /// The timers of a promise, and its place.
    fn keep_in_mind(&mut self, now: Moment, promise: Promise) {
        let (id, stage) = (promise.id, promise.stage);
        let begins = match stage {
            PromiseStage::Scheduled { due } => self.by_core(due),
            PromiseStage::Waiting | PromiseStage::Dialling { .. } | PromiseStage::Resting { .. } => promise.joined,
        };
        self.timers.set(Timer::PromiseExpires(id), (begins + LONGEST_OWED).max(now));
        self.promises.insert(id, promise);
        match stage {
            PromiseStage::Scheduled { due } => self.timers.set(Timer::PromiseDue(id), self.by_core(due).max(now)),
            PromiseStage::Resting { until } => self.timers.set(Timer::PromiseDue(id), until.max(now)),
            PromiseStage::Waiting | PromiseStage::Dialling { .. } => {}
        }
        self.seek_for_promise(now, id);
    }

    // From a caller.

    /// A key that a waiting caller pressed, where it was offered to be called back by it.
    pub(super) fn key_while_waiting(&mut self, now: Moment, call: CallId, key: Key) {
        let Some(of) = self.calls.get(&call) else { return };
        let Stage::Waiting { place, .. } = &of.stage else { return };
        if of.offers_call_back(place).is_some_and(|offer| offer.key == key) {
            self.call_back_wanted(now, call);
        }
    }

    /// The caller wants it; whoever is being rung is answered first, if that comes to something.
    pub(super) fn call_back_wanted(&mut self, now: Moment, call: CallId) {
        let Some(of) = self.calls.get(&call) else { return };
        let place = match &of.stage {
            Stage::Waiting { place, offer: None, doubt: false } => place.clone(),
            Stage::Waiting { .. } => return self.timers.set(Timer::CallBackAsked(call), now + FROZEN_STEP),
            Stage::InDialplan { .. } | Stage::Connecting { .. } | Stage::Talking { .. } | Stage::Ending { .. } => return,
        };
        let Some(then) = of.offers_call_back(&place).map(|offer| offer.then.clone()) else { return };
        if let Some(why) = self.caller_not_promised(of, &place.queue) {
            return self.fact(Fact::CallBackRefused { call, queue: place.queue, why });
        }
        let Some(number) = of.number_to_call_back() else { return };
        let wishes = wishes_of(of, &place);
        self.cut_announcement(now, call);
        self.leave_queue(call, &place);
        if let Some(of) = self.calls.get_mut(&call) {
            of.waited += now.since(place.joined);
        }
        let (queue, to) = (place.queue.clone(), Some(then.clone()));
        self.fact(Fact::CallLeftQueue { call, queue, why: LeftQueue::CallBack, to });
        let QueuePlace { queue, joined, credit, needs, .. } = place;
        let (due, by, of_call, request) = (None, PromisedBy::Caller, Some(call), None);
        self.owe_caller(now, Owed { number, queue, joined, credit, needs, wishes, due, by, of_call, request });
        self.walk_to(now, call, &then);
    }

    /// Why this caller is offered no call-back by this queue.
    pub(super) fn caller_not_promised(&self, of: &Call, queue: &QueueName) -> Option<NotPromised> {
        let number = of.number_to_call_back();
        let owed = number.as_ref().and_then(|number| self.promised(number, queue, None));
        match owed.map(|promise| promise.stage) {
            Some(PromiseStage::Dialling { .. }) => Some(NotPromised::BeingCalled),
            // The first is kept: no more are owed than before.
            Some(PromiseStage::Waiting | PromiseStage::Resting { .. } | PromiseStage::Scheduled { .. }) => None,
            None => self.not_promised(number.as_ref()),
        }
    }

    /// The same number has one promise in a queue: the first is kept, at the better of both places.
    fn owe_caller(&mut self, now: Moment, owed: Owed) {
        let Some(first) = self.promised(&owed.number, &owed.queue, None) else { return self.owe(now, owed) };
        let (id, mine) = (first.id, (first.joined, first.credit));
        let Some(call) = owed.of_call else { return };
        let theirs = (owed.joined, owed.credit);
        let (joined, credit) = if mine.0 - mine.1 <= theirs.0 - theirs.1 { mine } else { theirs };
        self.stand_nowhere(id);
        self.fact(Fact::PromiseAgain { promise: id, call, joined, credit });
        if let Some(promise) = self.promises.get_mut(&id) {
            (promise.joined, promise.credit, promise.of_call) = (joined, credit, Some(call));
        }
        if let Some(of) = self.calls.get_mut(&call) {
            of.promise = Some(id);
        }
        self.seek_for_promise(now, id);
    }

    /// `call_back` of a step: the way on depends on whether one is owed then.
    pub(super) fn promise_in_dialplan(&mut self, now: Moment, call: CallId, wanted: &CallBack) {
        let Some(of) = self.calls.get(&call) else { return };
        let refused = self.caller_not_promised(of, &wanted.queue);
        if let Some(why) = refused {
            self.fact(Fact::CallBackRefused { call, queue: wanted.queue.clone(), why });
        } else if let (Some(number), None) = (of.number_to_call_back(), of.promise) {
            let QueueRules { credit, needs, .. } = self.rules_today(&wanted.queue);
            let (queue, joined, wishes) = (wanted.queue.clone(), now, Vec::new());
            let (due, by, of_call, request) = (None, PromisedBy::Caller, Some(call), None);
            self.owe_caller(now, Owed { number, queue, joined, credit, needs, wishes, due, by, of_call, request });
        }
        self.walk_on(now, call, Heard::CallBack { promised: refused.is_none() });
    }

    /// The caller waits in a queue again: no call-back is owed for that.
    pub(super) fn came_back(&mut self, now: Moment, call: CallId) {
        if let Some(promise) = self.calls.get(&call).and_then(|of| of.promise) {
            self.break_promise(now, promise, Broken::CameBack, None);
        }
    }

    // At its place.

    /// Its hour has come, or its rest is over.
    pub(super) fn promise_due(&mut self, now: Moment, id: CallId) {
        let Some(promise) = self.promises.get(&id) else { return };
        let (joined, why) = match promise.stage {
            PromiseStage::Scheduled { due } => (self.by_core(due).min(now), Back::Due),
            PromiseStage::Resting { .. } => (promise.joined, Back::Rested),
            PromiseStage::Waiting | PromiseStage::Dialling { .. } => return,
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
            PromiseStage::Waiting | PromiseStage::Dialling { .. } | PromiseStage::Resting { .. } => None,
        };
        let scheduled: Vec<(CallId, Moment)> = self.promises.values().filter_map(due).collect();
        for (id, due) in scheduled {
            let due = self.by_core(due);
            self.timers.set(Timer::PromiseDue(id), due.max(now));
            self.timers.set(Timer::PromiseExpires(id), (due + LONGEST_OWED).max(now));
        }
    }

    /// An agent is sought for it from now on, by what it needs at this moment of its wait; or nobody is, while it cannot be
    /// dialled.
    pub(super) fn seek_for_promise(&mut self, now: Moment, id: CallId) {
        let Some(promise) = self.promises.get(&id).filter(|promise| promise.has_place()).cloned() else { return };
        let (line, changes) = match self.line_of_promise(now, &promise) {
            Some((line, changes)) => (Some(line), changes),
            None => (None, None),
        };
        let (rank, queue, before) = (promise.rank(), promise.queue.clone(), promise.stands.clone());
        let wishes: Vec<AgentName> = promise.wishes.iter().map(|wish| wish.agent.clone()).collect();
        let again = changes.map(|waited| promise.joined + waited);
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
                index.wait(rank, line, |name| Some((self.agents.get(name)?, *self.indexed.get(name)?)));
                self.seeking.insert(id);
            }
            None => {
                index.stand_aside(rank);
                self.seeking.remove(&id);
            }
        }
    }

    /// In which line it may stand, and after how long a wait that changes by the clock alone.
    fn line_of_promise(&mut self, now: Moment, promise: &Promise) -> Option<(LineKey, Option<Duration>)> {
        let (waiting, on_the_line) = (promise.stage == PromiseStage::Waiting, promise.of_call);
        let plan = self.version.as_ref()?;
        let rules = plan.dial_out.as_ref().filter(|rules| rules.allows(&promise.number, plan.country))?;
        if !waiting || on_the_line.is_some_and(|call| self.is_on_the_line(call)) || !self.links.contains_key(&rules.switch)
        {
            return None;
        }
        let switch = rules.switch.clone();
        if let Some(again) = self.dials_again(now) {
            self.timers.set(Timer::DialsAgain, again);
            return None;
        }
        let waited = now.since(promise.joined);
        let (needs, eases) = needs::after(&promise.needs, waited);
        let mut kept_for = BTreeSet::new();
        let wishes = promise.wishes.iter().filter(|wish| waited < wish.within);
        let ends = wishes.clone().map(|wish| wish.within).min();
        for wish in wishes {
            let agent = self.agents.get(&wish.agent);
            if agent.is_some_and(|agent| could_take(agent, &switch, &promise.queue, &needs)) {
                kept_for.insert(wish.agent.clone());
            }
        }
        let kept_for = kept_for.into_iter().collect();
        Some((LineKey { switch, needs, kept_for }, eases.into_iter().chain(ends).min()))
    }

    /// Whoever is to be called is still talking with us, or hears that they will be.
    fn is_on_the_line(&self, call: CallId) -> bool {
        self.calls.contains_key(&call) || self.dials.contains_key(&call)
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

    /// The place is given up, for now or for good.
    fn stand_nowhere(&mut self, id: CallId) {
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
    pub(super) fn dial_for_promise(&mut self, now: Moment, id: CallId, agent: &AgentName) {
        let Some(promise) = self.promises.get_mut(&id) else { return };
        let (number, queue, rank) = (promise.number.clone(), promise.queue.clone(), promise.rank());
        let stands = promise.stands.take();
        self.seeking.remove(&id);
        self.timers.stop(&Timer::PromiseMayBeTaken(id));
        if let Some(index) = self.queues.get_mut(&queue) {
            if let Some(line) = stands {
                index.leave_line(rank, &line);
            }
            index.stand_aside(rank);
        }
        if !self.dial_to_keep(now, agent, number, id, queue) {
            // What was free a moment ago is not: looked at again.
            self.timers.set(Timer::PromiseMayBeTaken(id), now + FROZEN_STEP);
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
        self.promise_not_reached(now, id, tries, rules.call_back, how);
    }

    fn promise_not_reached(&mut self, now: Moment, id: CallId, tries: u32, rules: CallBackRules, after: DialEnd) {
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
        let dial = match promise.stage {
            PromiseStage::Dialling { dial } => self.dials.get(&dial),
            PromiseStage::Scheduled { .. } | PromiseStage::Waiting | PromiseStage::Resting { .. } => None,
        };
        let dial = dial.map(|dial| (dial.call, dial.stage));
        if let Some((_, DialStage::Connecting | DialStage::Talking { .. })) = dial {
            return self.refuse(Refused::BeingKept { promise: id });
        }
        self.break_promise(now, id, Broken::Cancelled, Some(by));
        if let Some((dial, _)) = dial {
            self.end_dial(now, dial, DialEnd::GivenUp, DialEndedBy::Us);
        }
    }

    pub(super) fn break_promise(&mut self, now: Moment, id: CallId, why: Broken, by: Option<AgentName>) {
        let Some(promise) = self.promises.get(&id) else { return };
        if why == Broken::Expired && matches!(promise.stage, PromiseStage::Dialling { .. }) {
            // It is being kept.
            return self.timers.set(Timer::PromiseExpires(id), now + FROZEN_STEP);
        }
        self.forget_promise(id);
        self.fact(Fact::PromiseBroken { promise: id, why, by });
    }

    fn forget_promise(&mut self, id: CallId) {
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
        if let PromiseStage::Dialling { dial } = stage
            && !self.dials.contains_key(&dial)
        {
            self.promise_not_reached(now, id, tries, rules, DialEnd::Unseen);
        }
    }

    // To be seen.

    /// Every promise that is neither kept nor broken.
    pub fn promises(&self) -> impl Iterator<Item = &Promise> {
        self.promises.values()
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
                    && (line.kept_for.is_empty() || line.kept_for.contains(&agent.name))
            })?;
            Some((promise.id, agent.name.clone()))
        })
    }
}

impl Call {
    /// The key that was offered to it in this place by now, and where it leads.
    pub(super) fn offers_call_back(&self, place: &QueuePlace) -> Option<&OfferCallBack> {
        let rules = self.walk.to_queue(&place.queue)?.waiting.iter();
        let said = |rule: &&Announcement| match rule.due {
            Due::Once(time) | Due::Every(time) => place.joined + time <= place.told.until,
        };
        rules.filter(said).find_map(|rule| rule.call_back.as_ref())
    }

    /// As the trunk shows it, where it shows one.
    fn number_to_call_back(&self) -> Option<DialledNumber> {
        self.from.as_str().parse().ok()
    }
}

/// Whom the caller knows and the queue prefers, by name.
fn wishes_of(of: &Call, place: &QueuePlace) -> Vec<Wish> {
    let known = place.prefer.iter().filter_map(|wish| Some((of.knows.get(&wish.agent)?, wish.within)));
    known.map(|(agent, within)| Wish { agent: agent.clone(), within }).collect()
}
