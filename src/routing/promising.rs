//! How promises are made: by a caller who hangs up and leaves the place, by a step of the dialplan, by an agent or a
//! program; and why one is not. What becomes of them is in `keeping.rs`.

use std::collections::VecDeque;
use std::time::Duration;

use super::call::{Call, QueuePlace, Stage};
use super::core::{Core, FROZEN_STEP};
use super::dial_out::DialledNumber;
use super::dialling::{SentBefore, sent_before};
use super::fact::{Fact, LeftQueue};
use super::ids::*;
use super::people::Refused;
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
    language: Option<String>,
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
        let lately = self.asked.iter().filter(|asked| asked.at + HOUR > now).map(|asked| &asked.request);
        match sent_before(lately, request.as_ref()) {
            Some(SentBefore::Same) => return,
            Some(SentBefore::KeyAlone) => return self.refuse(Refused::KeyUsed),
            None => {}
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
        let language = of_call.and_then(|call| self.calls.get(&call)).map(|of| of.walk.language().to_string());
        self.owe(now, Owed { number, queue, joined, credit, needs, wishes, due, by, of_call, language, request });
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
                PromiseStage::Waiting
                | PromiseStage::Dialling { .. }
                | PromiseStage::PickedUp { .. }
                | PromiseStage::Resting { .. } => None,
            };
            theirs == due && (promise.number == *number || (sought.is_some() && one(&promise.number) == sought))
        })
    }

    /// The rules of the queue as they are today: a promise outlives the version it was made in.
    pub(super) fn rules_today(&self, queue: &QueueName) -> QueueRules {
        let rules = self.version.as_ref().and_then(|plan| plan.queues.get(queue));
        rules.cloned().unwrap_or_else(|| QueueRules::named(queue.clone()))
    }

    /// A moment of the clock on the wall, as timers count.
    pub(super) fn by_core(&self, wall: Moment) -> Moment {
        Moment::from_ms(wall.as_ms().saturating_sub(self.wall_ms))
    }

    fn owe(&mut self, now: Moment, owed: Owed) {
        let id = self.next_call_id();
        let Owed { number, queue, joined, credit, needs, wishes, due, by, of_call, language, request } = owed;
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
            language: language.clone(),
            request,
        });
        let stage = due.map_or(PromiseStage::Waiting, |due| PromiseStage::Scheduled { due });
        let (made, tries, stands) = (now, 0, None);
        let promise = Promise {
            id,
            number,
            queue,
            joined,
            credit,
            needs,
            wishes,
            by,
            of_call,
            language,
            made,
            tries,
            stage,
            stands,
        };
        if let Some(call) = of_call.and_then(|call| self.calls.get_mut(&call)) {
            call.promise = Some(id);
        }
        self.keep_in_mind(now, promise);
    }

    /// The timers of a promise, and its place.
    pub(super) fn keep_in_mind(&mut self, now: Moment, promise: Promise) {
        let (id, stage) = (promise.id, promise.stage);
        let begins = match stage {
            PromiseStage::Scheduled { due } => self.by_core(due),
            PromiseStage::Waiting
            | PromiseStage::Dialling { .. }
            | PromiseStage::PickedUp { .. }
            | PromiseStage::Resting { .. } => promise.joined,
        };
        self.timers.set(Timer::PromiseExpires(id), (begins + LONGEST_OWED).max(now));
        self.promises.insert(id, promise);
        match stage {
            PromiseStage::Scheduled { due } => self.timers.set(Timer::PromiseDue(id), self.by_core(due).max(now)),
            PromiseStage::Resting { until } => self.timers.set(Timer::PromiseDue(id), until.max(now)),
            PromiseStage::Waiting | PromiseStage::Dialling { .. } | PromiseStage::PickedUp { .. } => {}
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
            Stage::Waiting { place, rings: None, doubt: false } => place.clone(),
            Stage::Waiting { .. } => return self.timers.set(Timer::CallBackAsked(call), now + FROZEN_STEP),
            Stage::InDialplan { .. }
            | Stage::Connecting { .. }
            | Stage::Talking { .. }
            | Stage::Outside(_)
            | Stage::Ending { .. } => {
                return;
            }
        };
        let Some(then) = of.offers_call_back(&place).map(|offer| offer.then.clone()) else { return };
        if let Some(why) = self.caller_not_promised(of, &place.queue) {
            return self.fact(Fact::CallBackRefused { call, queue: place.queue, why });
        }
        let Some(number) = of.number_to_call_back() else { return };
        let (wishes, language) = (wishes_of(of, &place), Some(of.walk.language().to_string()));
        self.cut_announcement(now, call);
        self.leave_queue(call, &place);
        if let Some(of) = self.calls.get_mut(&call) {
            of.waited += now.since(place.joined);
        }
        let (queue, to) = (place.queue.clone(), Some(then.clone()));
        self.fact(Fact::CallLeftQueue { call, queue, why: LeftQueue::CallBack, to });
        let QueuePlace { queue, joined, credit, needs, .. } = place;
        let (due, by, of_call, request) = (None, PromisedBy::Caller, Some(call), None);
        self.owe_caller(
            now,
            Owed { number, queue, joined, credit, needs, wishes, due, by, of_call, language, request },
        );
        self.walk_to(now, call, &then);
    }

    /// Why this caller is offered no call-back by this queue.
    pub(super) fn caller_not_promised(&self, of: &Call, queue: &QueueName) -> Option<NotPromised> {
        self.number_not_promised(of.number_to_call_back().as_ref(), queue)
    }

    fn number_not_promised(&self, number: Option<&DialledNumber>, queue: &QueueName) -> Option<NotPromised> {
        let owed = number.and_then(|number| self.promised(number, queue, None));
        match owed.map(|promise| promise.stage) {
            Some(PromiseStage::Dialling { .. } | PromiseStage::PickedUp { .. }) => Some(NotPromised::BeingCalled),
            // The first is kept: no more are owed than before.
            Some(PromiseStage::Waiting | PromiseStage::Resting { .. } | PromiseStage::Scheduled { .. }) => None,
            None => self.not_promised(number),
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
        self.fact(Fact::PromiseAgain { promise: id, call, joined, credit, number: None });
        if let Some(promise) = self.promises.get_mut(&id) {
            (promise.joined, promise.credit, promise.of_call) = (joined, credit, Some(call));
        }
        if let Some(of) = self.calls.get_mut(&call) {
            of.promise = Some(id);
        }
        self.seek_for_promise(now, id);
    }

    /// `call_back` of a step: the way on depends on whether one is owed then. `keyed`: another number than the caller's own.
    pub(super) fn promise_in_dialplan(&mut self, now: Moment, call: CallId, wanted: &CallBack, keyed: Option<&str>) {
        let Some(of) = self.calls.get(&call) else { return };
        let number = match keyed {
            Some(keyed) => keyed.parse().ok(),
            None => of.number_to_call_back(),
        };
        let refused = self.number_not_promised(number.as_ref(), &wanted.queue);
        let language = Some(of.walk.language().to_string());
        if let Some(why) = refused {
            self.fact(Fact::CallBackRefused { call, queue: wanted.queue.clone(), why });
        } else if let (Some(number), Some(promise), Some(_)) = (&number, of.promise, keyed) {
            self.call_elsewhere(now, call, promise, number.clone());
        } else if let (Some(number), None) = (number, of.promise) {
            let QueueRules { credit, needs, .. } = self.rules_today(&wanted.queue);
            let (queue, joined, wishes) = (wanted.queue.clone(), now, Vec::new());
            let (due, by, of_call, request) = (None, PromisedBy::Caller, Some(call), None);
            self.owe_caller(
                now,
                Owed { number, queue, joined, credit, needs, wishes, due, by, of_call, language, request },
            );
        }
        self.walk_on(now, call, Heard::CallBack { promised: refused.is_none() });
    }

    /// The place stays, and another number is to be called. The caller is on the line, so nobody is dialled just now.
    fn call_elsewhere(&mut self, now: Moment, call: CallId, id: CallId, number: DialledNumber) {
        let Some(promise) = self.promises.get_mut(&id) else { return };
        promise.number = number.clone();
        let (joined, credit) = (promise.joined, promise.credit);
        let number = Some(number.to_phone_number());
        self.fact(Fact::PromiseAgain { promise: id, call, joined, credit, number });
        self.seek_for_promise(now, id);
    }

    /// The caller waits in a queue again: no call-back is owed for that.
    pub(super) fn came_back(&mut self, now: Moment, call: CallId) {
        if let Some(promise) = self.calls.get(&call).and_then(|of| of.promise) {
            self.break_promise(now, promise, Broken::CameBack, None);
        }
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

/// Whom the caller knows and the queue prefers, by name; and whom alone the step asks for.
fn wishes_of(of: &Call, place: &QueuePlace) -> Vec<Wish> {
    let known = place.prefer.iter().filter_map(|wish| Some((of.knows.get(&wish.agent)?, wish.within)));
    let alone = place.agents.iter().map(|agent| (agent, KEPT_FOR_AGENT));
    known.chain(alone).map(|(agent, within)| Wish { agent: agent.clone(), within }).collect()
}
