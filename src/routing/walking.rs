//! Callers in the dialplan: from arrival to a queue or a hang-up.

use std::collections::{BTreeMap, BTreeSet};

use super::announcing::Announcing;
use super::call::{Call, QueuePlace, Stage};
use super::core::{Core, LegOf, Owed, PLAY_WITHIN};
use super::effect::{Act, HangUpCause};
use super::fact::{EndedBy, Fact, Outcome};
use super::ids::*;
use super::input::{Refusal, Returned};
use super::tag::Place;
use super::timer::Timer;
use crate::calendar::Moment;
use crate::dialplan::{Do, Ending, Heard, QueueEntry, Walk};

/// What a channel may say at most of a wait that was kept from other queues: as long as the longest `otherwise`.
const MOST_WAIT_KEPT: std::time::Duration = std::time::Duration::from_secs(4 * 3600);

impl Core {
    #[expect(clippy::too_many_arguments, reason = "a caller is just these")]
    pub(super) fn caller_arrived(
        &mut self,
        now: Moment,
        switch: &SwitchName,
        leg: &LegId,
        from: PhoneNumber,
        name: CallerName,
        to: PhoneNumber,
        station: Option<StationAddress>,
    ) {
        if self.legs.contains_key(leg) {
            // Its dialplan brought it round to us again.
            self.leg_parted(now, leg);
            return;
        }
        self.take_in(now, switch, leg, from, name, to, station, None);
    }

    /// A new call; `resumed` where it was found with a place of an earlier life on it.
    #[expect(clippy::too_many_arguments, reason = "a caller is just these")]
    pub(super) fn take_in(
        &mut self,
        now: Moment,
        switch: &SwitchName,
        leg: &LegId,
        from: PhoneNumber,
        name: CallerName,
        to: PhoneNumber,
        station: Option<StationAddress>,
        found: Option<Option<Place>>,
    ) -> Option<CallId> {
        let id = self.next_call_id();
        let plan = self.version.clone()?;
        let arrived = |version: VersionHash| Fact::CallArrived {
            call: id,
            switch: switch.clone(),
            leg: leg.clone(),
            from: from.clone(),
            name: name.clone(),
            to: to.clone(),
            version,
            found: found.is_some(),
            promise: None,
        };
        let place = found.clone().flatten();
        let resumed = place.as_ref().and_then(|place| self.resume_at(now, &to, place, BTreeMap::new()));
        let start = plan
            .start_of(&to)
            .and_then(|step| Walk::asleep(plan.clone(), step, plan.first_language(), BTreeMap::new()));
        let Some((walk, dos)) = resumed.or_else(|| self.begin_walk(now, &to, &start?)) else {
            self.fact(arrived(plan.version.clone()));
            self.order(now, switch, Act::HangUp { leg: leg.clone(), cause: HangUpCause::NoSuchNumber }, None);
            self.timers.stop(&Timer::HangUpDue(leg.clone()));
            self.fact(Fact::CallEnded { call: id, outcome: Outcome::Refused, by: EndedBy::Us });
            return None;
        };
        self.fact(arrived(walk.plan().version.clone()));
        let stage = Stage::InDialplan { playing: None };
        self.legs.insert(leg.clone(), LegOf::Caller(id));
        self.calls.insert(
            id,
            Call {
                id,
                switch: switch.clone(),
                leg: leg.clone(),
                from,
                name,
                to,
                arrived: now,
                step_since: now,
                walk,
                knows: std::collections::BTreeMap::new(),
                answered: false,
                waited: std::time::Duration::ZERO,
                promise: None,
                keeps: None,
                warned: BTreeSet::new(),
                hears: None,
                doors: (now, 0),
                station,
                asked: None,
                served: false,
                passed: None,
                keypad: None,
                stage,
            },
        );
        let kept = match &place {
            Some(Place::Waiting { queue, joined, credit, .. }) => {
                self.take_place_back(now, id, queue, *joined, *credit)
            }
            Some(
                Place::Step { .. }
                | Place::Talking { .. }
                | Place::Line { .. }
                | Place::Offered { .. }
                | Place::Dialled { .. },
            )
            | None => false,
        };
        if !kept {
            self.carry_out(now, id, dos);
            self.emergency_first(now, id);
            // A place that its step does not lead to is none: the step begins anew.
            if matches!(place, Some(Place::Waiting { .. })) {
                self.begin_step_anew(now, id);
            }
        }
        Some(id)
    }

    /// Where a tag says the call was, in the version it names or, where that is not on the shelf, today's.
    pub(super) fn resume_at(
        &self,
        now: Moment,
        to: &PhoneNumber,
        place: &Place,
        keyed: BTreeMap<String, String>,
    ) -> Option<(Walk, Vec<Do>)> {
        let (version, step, language) = match place {
            Place::Step { version, step, language } | Place::Waiting { version, step, language, .. } => {
                (version, step, language)
            }
            Place::Talking { .. } | Place::Line { .. } | Place::Offered { .. } | Place::Dialled { .. } => return None,
        };
        let plan = self.shelf.get(version).or(self.version.as_ref())?.clone();
        let language = language.parse().unwrap_or_else(|_| plan.first_language());
        let asleep = Walk::asleep(plan, step, language, keyed)?;
        match place {
            Place::Waiting { .. } => Some((asleep, Vec::new())),
            Place::Step { .. }
            | Place::Talking { .. }
            | Place::Line { .. }
            | Place::Offered { .. }
            | Place::Dialled { .. } => self.begin_walk(now, to, &asleep),
        }
    }

    /// The dialplan of this call hears what happened. Ignored unless the call is in the dialplan.
    pub(super) fn walk_on(&mut self, now: Moment, call: CallId, heard: Heard) {
        let wall = self.wall(now);
        let Some(of) = self.calls.get_mut(&call) else { return };
        if !matches!(of.stage, Stage::InDialplan { .. }) {
            return;
        }
        let dos = of.walk.next(wall, heard);
        self.carry_out(now, call, dos);
    }

    /// The call goes on with another step.
    pub(super) fn walk_to(&mut self, now: Moment, call: CallId, step: &StepName) {
        let wall = self.wall(now);
        let Some(of) = self.calls.get_mut(&call) else { return };
        of.stage = Stage::InDialplan { playing: None };
        let dos = of.walk.go(wall, step);
        self.carry_out(now, call, dos);
    }

    pub(super) fn carry_out(&mut self, now: Moment, call: CallId, dos: Vec<Do>) {
        for act in dos {
            let Some(of) = self.calls.get(&call) else { return };
            let (switch, leg) = (of.switch.clone(), of.leg.clone());
            match act {
                Do::Entered(step) => {
                    let language = of.walk.language().to_string();
                    let version = of.walk.plan().version.clone();
                    if let Some(of) = self.calls.get_mut(&call) {
                        of.step_since = now;
                    }
                    self.fact(Fact::StepEntered { call, step: step.clone(), language: language.clone() });
                    let tags = self.tags(call, Place::Step { version, step, language });
                    self.order(now, &switch, Act::Tag { leg, tags }, None);
                }
                Do::Keyed { step, into, keys } => self.fact(Fact::Keyed { call, step, into, keys }),
                Do::Play(prompts) => {
                    self.answer(now, call);
                    let playing = self.order(now, &switch, Act::Play { leg, prompts }, Some(Owed::Play(call)));
                    self.timers.set(Timer::PlayDue(call), now + PLAY_WITHIN + super::core::ORDER_WITHIN);
                    if let Some(of) = self.calls.get_mut(&call) {
                        of.stage = Stage::InDialplan { playing };
                    }
                }
                Do::Agent(wish) => self.keypad_used(now, call, wish),
                Do::StopPlay => {
                    self.forget_play(call);
                    self.order(now, &switch, Act::StopPlay { leg }, None);
                }
                Do::Wait(time) => self.timers.set(Timer::Dialplan(call), now + time),
                Do::StopWait => self.timers.stop(&Timer::Dialplan(call)),
                Do::CallBack(wanted) => self.promise_in_dialplan(now, call, &wanted, None),
                Do::CallBackAt { wanted, number } => self.promise_in_dialplan(now, call, &wanted, Some(&number)),
                Do::Transfer(transfer) => self.transfer_out(now, call, &transfer),
                Do::Queue(entry) => self.enter_queue(now, call, entry),
                Do::HangUp(why) => {
                    match why {
                        Ending::Said => {}
                        Ending::TooManyActions => self.healed(Some(call), None, "the dialplan went round in circles"),
                        Ending::Lost => self.healed(Some(call), None, "the dialplan led nowhere"),
                    }
                    self.end_by_us(now, call, Outcome::EndedByUs);
                }
            }
        }
    }

    /// Callers are answered when they first hear something.
    pub(super) fn answer(&mut self, now: Moment, call: CallId) {
        let Some(of) = self.calls.get_mut(&call) else { return };
        if !of.answered {
            of.answered = true;
            let (switch, leg) = (of.switch.clone(), of.leg.clone());
            self.order(now, &switch, Act::Answer { leg }, None);
        }
    }

    /// No end of a prompt is waited for any more.
    pub(super) fn forget_play(&mut self, call: CallId) {
        self.timers.stop(&Timer::PlayDue(call));
        if let Some(Call { stage: Stage::InDialplan { playing }, .. }) = self.calls.get_mut(&call)
            && let Some(effect) = playing.take()
        {
            self.owed.remove(&effect);
        }
    }

    pub(super) fn play_returned(&mut self, now: Moment, call: CallId, effect: EffectId, how: &Returned) {
        self.announcement_returned(now, call, effect, how);
        let Some(Call { stage: Stage::InDialplan { playing }, .. }) = self.calls.get(&call) else { return };
        if *playing != Some(effect) {
            return;
        }
        match how {
            Returned::Done => self.play_over(now, call, Heard::PlayEnded),
            Returned::Refused { why } => {
                // Who hangs up while a prompt is played is nothing to be healed: the end of the call is on its way.
                if !matches!(why, Refusal::Gone(_)) {
                    self.healed(Some(call), None, format!("a prompt was not played: {why:?}"));
                }
                self.play_over(now, call, Heard::PlayFailed);
            }
            // The snapshot that follows begins the step anew; without one, PlayDue goes on.
            Returned::Unknown => {}
        }
    }

    /// What was played is over: the dialplan goes on, or an answer is waited for.
    fn play_over(&mut self, now: Moment, call: CallId, heard: Heard) {
        self.forget_play(call);
        if !self.keypad_question_over(now, call) && !self.emergency_over(now, call, heard == Heard::PlayEnded) {
            self.walk_on(now, call, heard);
        }
    }

    pub(super) fn play_overdue(&mut self, now: Moment, call: CallId) {
        if matches!(self.calls.get(&call).map(|of| &of.stage), Some(Stage::Waiting { .. })) {
            return self.announcement_overdue(now, call);
        }
        if self.keypad_overdue(now, call) {
            return;
        }
        self.play_over(now, call, Heard::PlayFailed);
    }

    /// The step is begun anew: the switch may have lost what the caller was hearing.
    pub(super) fn begin_step_anew(&mut self, now: Moment, call: CallId) {
        self.forget_play(call);
        self.timers.stop(&Timer::Dialplan(call));
        self.timers.stop(&Timer::Keyed(call));
        if let Some(of) = self.calls.get_mut(&call) {
            of.keypad = None;
        }
        let Some(of) = self.calls.get(&call) else { return };
        let again = if self.is_to_be_warned(of) {
            let (plan, step) = (of.walk.plan().clone(), of.walk.step().clone());
            Walk::resume_after(plan, &step, of.walk.language(), of.walk.keyed().clone())
        } else {
            Walk::resume(
                of.walk.plan().clone(),
                &of.walk.step().clone(),
                of.walk.language(),
                of.walk.keyed().clone(),
                self.wall(now),
            )
        };
        if let (Some((walk, dos)), Some(of)) = (again, self.calls.get_mut(&call)) {
            of.walk = walk;
            of.hears = None;
            of.stage = Stage::InDialplan { playing: None };
            self.carry_out(now, call, dos);
            self.emergency_first(now, call);
        }
    }

    /// What this entry means for this call, by the rules of its version.
    pub(super) fn place_in(&self, now: Moment, call: CallId, entry: QueueEntry, joined: Moment) -> QueuePlace {
        let rules = self.rules_for(call, &entry.queue);
        if let Some(promise) = self.keeps_place(call, &entry.queue) {
            return QueuePlace {
                joined: promise.joined,
                credit: promise.credit,
                needs: promise.needs.clone(),
                in_force: Vec::new(),
                prefer: Vec::new(),
                agents: Vec::new(),
                kept_for: Vec::new(),
                // Nobody whom we have called is sent elsewhere for having waited.
                otherwise: Vec::new(),
                queue: entry.queue,
                is_over: false,
                told: Announcing { until: now, ..Announcing::default() },
            };
        }
        let waited = self.calls.get(&call).filter(|_| entry.keep_wait).map(|of| of.waited).unwrap_or_default();
        QueuePlace {
            joined,
            credit: entry.credit + rules.map(|rules| rules.credit).unwrap_or_default() + waited,
            needs: rules.iter().flat_map(|rules| &rules.needs).chain(&entry.needs).cloned().collect(),
            in_force: Vec::new(),
            prefer: entry.prefer,
            agents: entry.agents,
            kept_for: Vec::new(),
            otherwise: entry.otherwise,
            queue: entry.queue,
            told: Announcing { until: now, ..Announcing::default() },
            is_over: false,
        }
    }

    fn enter_queue(&mut self, now: Moment, call: CallId, entry: QueueEntry) {
        self.forget_play(call);
        self.timers.stop(&Timer::Dialplan(call));
        // Who is called back has the place already.
        let has_place = self.keeps_place(call, &entry.queue).is_some();
        let place = self.place_in(now, call, entry, now);
        match self.turned_away(now, call, &place).filter(|_| !has_place) {
            Some((when, why)) => self.turn_away(now, call, &place, when, why),
            None => self.wait_in_queue(now, call, place),
        }
    }

    pub(super) fn wait_in_queue(&mut self, now: Moment, call: CallId, place: QueuePlace) {
        self.came_back(now, call);
        self.answer(now, call);
        self.take_place(now, call, place);
        self.seek(now, call);
    }

    /// Into the queue, told, tagged and with music; not yet seeking an agent.
    fn take_place(&mut self, now: Moment, call: CallId, place: QueuePlace) {
        let promise = self.keeps_place(call, &place.queue).map(|promise| promise.id);
        let Some(of) = self.calls.get_mut(&call) else { return };
        self.out.facts.push(Fact::CallQueued {
            call,
            queue: place.queue.clone(),
            joined: place.joined,
            credit: place.credit,
            needs: place.needs.clone(),
            prefer: place.prefer.clone(),
            agents: place.agents.clone(),
            step: of.walk.step().clone(),
            language: of.walk.language().to_string(),
            promise,
        });
        of.asked = of.asked.or(Some(place.joined));
        of.stage = Stage::Waiting { place, rings: None, doubt: false };
        self.set_rules_of_waiting(now, call, now);
        self.tag_waiting(now, call);
        self.music(now, call);
    }

    /// A call with a place on its channel gets that place back, where the step it is in leads to that queue.
    /// `false`: it does not, or the place is none.
    pub(super) fn take_place_back(
        &mut self,
        now: Moment,
        call: CallId,
        queue: &QueueName,
        joined: Moment,
        credit: std::time::Duration,
    ) -> bool {
        let Some(of) = self.calls.get(&call) else { return false };
        let Some(to) = of.walk.to_queue(queue) else { return false };
        let entry = to.entry_for(of.walk.language());
        let kept = if entry.keep_wait { MOST_WAIT_KEPT } else { std::time::Duration::ZERO };
        let mut place = self.place_in(now, call, entry, joined);
        // What the step says today, never more than the channel says: the channel is the outside. What was waited before
        // in other queues it alone may know.
        place.credit = (place.credit + kept).min(credit);
        self.forget_play(call);
        self.timers.stop(&Timer::Dialplan(call));
        self.wait_in_queue(now, call, place);
        true
    }

    pub(super) fn tag_waiting(&mut self, now: Moment, call: CallId) {
        let Some(Call { switch, leg, walk, stage: Stage::Waiting { place, .. }, .. }) = self.calls.get(&call) else {
            return;
        };
        let (switch, leg) = (switch.clone(), leg.clone());
        let place = Place::Waiting {
            version: walk.plan().version.clone(),
            step: walk.step().clone(),
            language: walk.language().to_string(),
            queue: place.queue.clone(),
            joined: place.joined,
            credit: place.credit,
        };
        let tags = self.tags(call, place);
        self.order(now, &switch, Act::Tag { leg, tags }, None);
    }

    pub(super) fn music(&mut self, now: Moment, call: CallId) {
        let Some(Call { switch, leg, stage: Stage::Waiting { place, .. }, .. }) = self.calls.get(&call) else {
            return;
        };
        let (switch, leg, queue) = (switch.clone(), leg.clone(), place.queue.clone());
        if self.comes_away(call) {
            return;
        }
        self.forget_announcement(call);
        let of_step = self.calls.get(&call).and_then(|of| of.walk.to_queue(&queue)?.entry.music.clone());
        let of_queue = || self.rules_for(call, &queue).map(|rules| rules.music.clone());
        let class = of_step.or_else(of_queue).unwrap_or_else(|| "default".into());
        self.order(now, &switch, Act::StartMusic { leg, class }, None);
    }

    /// The dialplan, or a queue that is full, ends the call.
    pub(super) fn end_by_us(&mut self, now: Moment, call: CallId, outcome: Outcome) {
        self.forget_play(call);
        let outcome = match self.calls.get(&call) {
            Some(of) if of.promise.is_some() => Outcome::PromisedCallBack,
            // Passed on to the dialplan, which says goodbye for the agent.
            Some(of) if of.served => Outcome::Answered,
            Some(_) | None => outcome,
        };
        let cause = if outcome == Outcome::Refused { HangUpCause::Congested } else { HangUpCause::Normal };
        self.hang_up_on(now, call, outcome, EndedBy::Us, cause);
    }
}
