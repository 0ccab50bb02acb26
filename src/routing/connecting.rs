//! From the pick-up to the end: caller and agent joined, parted, hung up, wrapped up.

use super::agent::Work;
use super::call::{Call, Stage};
use super::core::{CONNECT_WITHIN, Core, HANG_UP_WITHIN, LegOf, Owed, PARTED_WITHIN};
use super::dial::DialEnd;
use super::effect::{Act, HangUpCause};
use super::fact::{EndedBy, Fact, OfferEnd, Outcome};
use super::ids::*;
use super::input::{Failure, Refusal, Returned};
use super::queue::QueueRules;
use super::tag::Place;
use super::timer::Timer;
use crate::calendar::Moment;

impl Core {
    /// The tag first: a fallback of the switch must never take a caller who talks.
    pub(super) fn connect(&mut self, now: Moment, call: CallId, offer: OfferId, agent: &AgentName, agent_leg: &LegId) {
        let Some(of) = self.calls.get(&call) else { return };
        let (switch, caller) = (of.switch.clone(), of.leg.clone());
        let tags = self.tags(call, Place::Talking { agent: agent.clone() });
        self.order(now, &switch, Act::Tag { leg: caller.clone(), tags }, None);
        let act = Act::Connect { caller, agent: agent_leg.clone() };
        self.order(now, &switch, act, Some(Owed::Connect(call, offer)));
        self.timers.set(Timer::ConnectDue(call), now + CONNECT_WITHIN);
    }

    pub(super) fn connect_returned(&mut self, now: Moment, call: CallId, offer: OfferId, how: &Returned) {
        let Some(Call { stage: Stage::Connecting { offer: current, .. }, leg, .. }) = self.calls.get(&call) else {
            return;
        };
        if *current != offer {
            return;
        }
        match how {
            // `LegsJoined` says that it is true; ConnectDue says that it is not.
            Returned::Done | Returned::Unknown => {}
            Returned::Refused { why: Refusal::Gone(gone) } if gone != leg => {
                // Gone, or as good as gone: until the switch has confirmed it the phone is not rung again.
                if let Some(of) = self.offers.get(&offer) {
                    let (switch, leg) = (of.switch.clone(), of.leg.clone());
                    self.hang_up(now, &switch, leg, HangUpCause::Normal);
                }
                self.end_offer(now, offer, OfferEnd::AgentGone);
                self.back_to_waiting(now, call);
            }
            Returned::Refused { .. } => self.connect_failed(now, call, offer, true),
        }
    }

    pub(super) fn connect_overdue(&mut self, now: Moment, call: CallId) {
        if let Some(Call { stage: Stage::Connecting { offer, .. }, .. }) = self.calls.get(&call) {
            self.connect_failed(now, call, *offer, false);
        }
    }

    /// Perhaps the caller has gone and the word of it is on its way: no other phone rings for this call before
    /// the switch has looked. `refused`: they have not been joined and will not be, so a line that is held open may stay.
    fn connect_failed(&mut self, now: Moment, call: CallId, offer: OfferId, refused: bool) {
        let how = OfferEnd::Unseen;
        if let Some(of) = self.offers.get(&offer).cloned() {
            match refused {
                true => self.leave_phone(now, &of, HangUpCause::Normal),
                false => self.hang_up(now, &of.switch, of.leg, HangUpCause::Normal),
            }
        }
        self.end_offer(now, offer, how);
        self.back_to_waiting(now, call);
        self.doubt(now, call);
    }

    /// The call keeps its place, but nobody is rung for it until the switch has looked whether it lives.
    pub(super) fn doubt(&mut self, now: Moment, call: CallId) {
        let Some(of) = self.calls.get_mut(&call) else { return };
        if let Stage::Waiting { doubt, .. } = &mut of.stage {
            *doubt = true;
        }
        let (switch, leg) = (of.switch.clone(), of.leg.clone());
        self.stop_seeking(call);
        self.order(now, &switch, Act::Look { leg }, None);
    }

    pub(super) fn legs_joined(&mut self, now: Moment, a: &LegId, b: &LegId) {
        let (call, agent_leg) = match (self.legs.get(a), self.legs.get(b)) {
            (Some(LegOf::Caller(call)), Some(LegOf::Agent(_))) => (*call, b.clone()),
            (Some(LegOf::Agent(_)), Some(LegOf::Caller(call))) => (*call, a.clone()),
            (Some(LegOf::Outside { call, .. }), Some(LegOf::Caller(of))) if call == of => {
                return self.transfer_joined(now, *call, a);
            }
            (Some(LegOf::Caller(of)), Some(LegOf::Outside { call, .. })) if call == of => {
                return self.transfer_joined(now, *call, b);
            }
            (Some(LegOf::Outside { call, .. }), Some(LegOf::Agent(_))) => return self.dial_joined(now, *call, b),
            (Some(LegOf::Agent(_)), Some(LegOf::Outside { call, .. })) => return self.dial_joined(now, *call, a),
            (None | Some(LegOf::Caller(_) | LegOf::Agent(_) | LegOf::Outside { .. }), _) => return,
        };
        self.line_joined(&agent_leg);
        self.timers.stop(&Timer::PartedDue(call));
        if self.offer_of_leg(&agent_leg).is_some() {
            self.timers.stop(&Timer::ComesAway(call));
        }
        if let Some(Call { stage: Stage::Talking { hold: Some(_), agent_leg: theirs, .. }, .. }) = self.calls.get(&call)
        {
            // A joining from before the hold, or one found by a snapshot.
            if *theirs == agent_leg {
                self.part(now, call);
            }
            return;
        }
        let Some(offer) = self.offer_of_leg(&agent_leg).filter(|offer| offer.call == call).cloned() else { return };
        let Some(of) = self.calls.get(&call) else { return };
        let place = match &of.stage {
            Stage::Connecting { place, .. } => place.clone(),
            // The switch told of the pick-up after the joining, or not at all.
            Stage::Waiting { place, rings, .. } => {
                let (place, rings) = (place.clone(), rings.clone());
                self.change_work(&offer.agent, |work| work.pick_up(now));
                self.picked_up_as_told(offer.id, &offer.agent);
                self.fact(Fact::OfferAnswered { offer: offer.id, call });
                if let Some(rings) = rings {
                    self.answered_elsewhere(now, &rings, offer.id);
                }
                place
            }
            Stage::InDialplan { .. } | Stage::Talking { .. } | Stage::Outside(_) | Stage::Ending { .. } => return,
        };
        self.timers.stop(&Timer::ConnectDue(call));
        let passed = self.calls.get_mut(&call).and_then(|of| of.passed.take());
        if let Some(index) = self.queues.get_mut(&place.queue)
            && passed.is_none()
        {
            let others = index.places().saturating_sub(1);
            index.pace_mut().answered(now, others);
        }
        self.leave_queue(call, &place);
        self.end_offer(now, offer.id, OfferEnd::Connected);
        self.change_work(&offer.agent, |work| work.connect(now));
        let waited = now.since(place.joined);
        self.fact(Fact::CallConnected {
            call,
            agent: offer.agent.clone(),
            leg: agent_leg.clone(),
            queue: place.queue.clone(),
            waited,
        });
        self.kept_by_call(now, call, &offer.agent, waited);
        if let Some(of) = self.calls.get_mut(&call) {
            of.served = true;
            of.stage = Stage::Talking { queue: place.queue, agent: offer.agent, agent_leg, since: now, hold: None };
        }
    }

    pub(super) fn leg_parted(&mut self, now: Moment, leg: &LegId) {
        if let Some(name) = self.at_held_line(leg) {
            self.line_parted(now, &name);
        }
        let call = match self.legs.get(leg) {
            Some(LegOf::Caller(call)) => *call,
            Some(LegOf::Agent(agent)) => match self.agents.get(agent).map(|agent| &agent.work) {
                Some(Work::Talking { call, .. }) => *call,
                Some(Work::Dialling { call, .. }) => return self.dial_parted(now, *call),
                Some(
                    Work::Nothing { .. } | Work::Ringing { .. } | Work::Connecting { .. } | Work::WrappingUp { .. },
                )
                | None => return,
            },
            Some(LegOf::Outside { call, .. }) if self.transfer_of_leg(leg).is_some() => {
                return self.transfer_parted(now, *call);
            }
            Some(LegOf::Outside { call, .. }) => return self.dial_parted(now, *call),
            None => return,
        };
        if matches!(self.legs.get(leg), Some(LegOf::Caller(_))) && self.came_away(now, call) {
            return;
        }
        match self.calls.get(&call).map(|call| &call.stage) {
            // The agent on hold hears nothing, and is to.
            Some(Stage::Talking { hold: Some(_), agent_leg, .. }) if agent_leg == leg => {}
            Some(Stage::Talking { hold: Some(_), .. }) => self.held_apart(now, call),
            // Somebody hung up, and the hang-up is on its way: it says who.
            Some(Stage::Talking { hold: None, .. }) => self.timers.set(Timer::PartedDue(call), now + PARTED_WITHIN),
            // Came back from somebody of whom we know nothing: the wait goes on.
            Some(Stage::Waiting { doubt: true, .. }) => self.lives(now, call),
            // Came back from a joining that failed, or from the switch's own dialplan: it hears nothing.
            Some(Stage::Waiting { .. }) => self.music(now, call),
            Some(Stage::InDialplan { playing: None }) => self.begin_step_anew(now, call),
            Some(Stage::Outside(_)) => self.transfer_parted(now, call),
            Some(Stage::InDialplan { playing: Some(_) } | Stage::Connecting { .. } | Stage::Ending { .. }) | None => {}
        }
    }

    /// Both are still there and nobody hung up: join them again.
    pub(super) fn parted_overdue(&mut self, now: Moment, call: CallId) {
        let Some(Call { stage: Stage::Talking { agent, agent_leg, hold: None, .. }, switch, leg, .. }) =
            self.calls.get(&call)
        else {
            return;
        };
        let (agent, agent_leg, switch, caller) = (agent.clone(), agent_leg.clone(), switch.clone(), leg.clone());
        self.healed(Some(call), Some(agent), "caller and agent came apart with nobody hanging up: joined again");
        self.order(now, &switch, Act::Connect { caller: caller.clone(), agent: agent_leg.clone() }, None);
        // And a look at both, should one of them have gone unheard.
        self.order(now, &switch, Act::Look { leg: caller }, None);
        self.order(now, &switch, Act::Look { leg: agent_leg }, None);
    }

    pub(super) fn hang_up(&mut self, now: Moment, switch: &SwitchName, leg: LegId, cause: HangUpCause) {
        if let Some(effect) = self.order(now, switch, Act::HangUp { leg: leg.clone(), cause }, None) {
            self.owed.insert(effect, Owed::HangUp(leg));
        }
    }

    /// We hang up, and the call ends when the switch says that the leg is gone.
    pub(super) fn hang_up_on(&mut self, now: Moment, call: CallId, outcome: Outcome, by: EndedBy, cause: HangUpCause) {
        let Some(of) = self.calls.get_mut(&call) else { return };
        of.stage = Stage::Ending { outcome, by: by.clone() };
        let (switch, leg) = (of.switch.clone(), of.leg.clone());
        self.fact(Fact::CallHungUp { call, outcome, by });
        self.hang_up(now, &switch, leg, cause);
    }

    pub(super) fn hang_up_returned(&mut self, now: Moment, leg: &LegId, how: &Returned) {
        if let Returned::Refused { .. } = how
            && let Some(switch) = self.switch_of_leg(leg).cloned()
        {
            self.order(now, &switch, Act::Look { leg: leg.clone() }, None);
        }
    }

    /// A leg that should be gone long since: hang up once more, and look.
    pub(super) fn hang_up_overdue(&mut self, now: Moment, leg: LegId) {
        let Some(switch) = self.switch_of_leg(&leg).cloned() else { return };
        self.hang_up(now, &switch, leg.clone(), HangUpCause::Normal);
        self.timers.set(Timer::HangUpDue(leg.clone()), now + HANG_UP_WITHIN);
        self.order(now, &switch, Act::Look { leg }, None);
    }

    pub(super) fn leg_hung_up(&mut self, now: Moment, leg: &LegId) {
        match self.legs.get(leg).cloned() {
            Some(LegOf::Caller(call)) => self.caller_gone(now, call, EndedBy::Caller),
            Some(LegOf::Agent(agent)) => self.agent_leg_hung_up(now, leg, &agent, EndedBy::Agent(agent.clone())),
            Some(LegOf::Outside { call, .. }) => self.outside_gone(now, leg, call, &EndedBy::Caller),
            None => {}
        }
    }

    /// The phone is free again.
    pub(super) fn leg_gone(&mut self, leg: &LegId) {
        self.timers.stop(&Timer::HangUpDue(leg.clone()));
        if let Some(LegOf::Agent(agent)) = self.legs.remove(leg) {
            self.change_agent(&agent, |agent| {
                if agent.leg.as_ref() == Some(leg) {
                    agent.leg = None;
                }
            });
        }
    }

    /// The number's leg is gone.
    pub(super) fn outside_gone(&mut self, now: Moment, leg: &LegId, call: CallId, by: &EndedBy) {
        let (transfer, reach) = (self.transfer_of_leg(leg), self.reach_of_leg(leg));
        self.leg_gone(leg);
        if let Some(call) = reach {
            let how = if *by == EndedBy::Unseen { DialEnd::Unseen } else { DialEnd::Refused };
            return self.reach_failed(now, call, how);
        }
        if let Some(call) = transfer {
            return self.transfer_leg_gone(now, call, by);
        }
        self.dial_leg_hung_up(now, call, leg, by);
    }

    /// The caller's leg is gone. `by` is [`EndedBy::Unseen`] where nobody saw it go.
    pub(super) fn caller_gone(&mut self, now: Moment, call: CallId, by: EndedBy) {
        let unseen = by == EndedBy::Unseen;
        let offers: Vec<OfferId> = self.calls.get(&call).into_iter().flat_map(Call::offers).collect();
        for offer in offers {
            self.withdraw(now, offer, OfferEnd::CallerGone);
        }
        let Some(gone) = self.forget_call(call) else { return };
        let (outcome, by) = match gone.stage {
            Stage::InDialplan { .. } if unseen => (Outcome::EndedUnseen, by),
            Stage::InDialplan { .. } if gone.promise.is_some() => (Outcome::PromisedCallBack, by),
            // Called by us, and gone before an agent could be heard: what the trade calls abandoned, of calls out.
            Stage::InDialplan { .. } if gone.served => (Outcome::Answered, by),
            Stage::InDialplan { .. } if gone.keeps.is_some() => (Outcome::Abandoned, by),
            Stage::InDialplan { .. } => (Outcome::LeftInDialplan, by),
            Stage::Waiting { .. } | Stage::Connecting { .. } if unseen => (Outcome::EndedUnseen, by),
            Stage::Waiting { .. } | Stage::Connecting { .. } => (Outcome::Abandoned, by),
            Stage::Talking { queue, agent, agent_leg, .. } => {
                if self.at_held_line(&agent_leg).is_none() {
                    self.hang_up(now, &gone.switch, agent_leg, HangUpCause::Normal);
                }
                let rules = gone.walk.plan().queues.get(&queue).cloned();
                self.start_wrap_up(now, &agent, queue, rules.as_ref());
                (Outcome::Answered, by)
            }
            Stage::Outside(outside) => match self.caller_of_transfer_gone(now, &gone.switch, &outside, unseen) {
                Outcome::LeftInDialplan if gone.promise.is_some() => (Outcome::PromisedCallBack, by),
                // Passed on by an agent, and gone before the number could be heard.
                Outcome::LeftInDialplan if gone.served => (Outcome::Answered, by),
                outcome => (outcome, by),
            },
            Stage::Ending { outcome, by } => (outcome, by),
        };
        self.fact(Fact::CallEnded { call, outcome, by });
        if gone.promise.is_some() {
            self.off_the_line(now, call);
        }
        if let Some(keeps) = &gone.keeps {
            self.was_to_keep(now, call, keeps, unseen);
        }
    }

    pub(super) fn agent_leg_hung_up(&mut self, now: Moment, leg: &LegId, agent: &AgentName, by: EndedBy) {
        if let Some(call) = self.dial_of_leg(leg).map(|dial| dial.call) {
            self.leg_gone(leg);
            return self.dial_leg_hung_up(now, call, leg, &by);
        }
        let offer = self.offer_of_leg(leg).cloned();
        let line = self.at_held_line(leg);
        self.leg_gone(leg);
        if let Some(name) = line {
            self.line_down(now, &name, Failure::Unreachable);
        }
        if let Some(offer) = offer {
            let picked_up = matches!(self.calls.get(&offer.call).map(|c| &c.stage), Some(Stage::Connecting { .. }));
            let how = match offer.asking {
                _ if picked_up => OfferEnd::AgentGone,
                // Whoever picked up wanted no call, or was a mailbox.
                Some(_) => OfferEnd::Rejected,
                None => OfferEnd::Unreachable,
            };
            self.offer_lost(now, offer.id, how);
            return;
        }
        let talking = self.agents.get(agent).and_then(|agent| agent.work.call()).and_then(|call| {
            let Stage::Talking { agent_leg, queue, .. } = &self.calls.get(&call)?.stage else { return None };
            (agent_leg == leg).then(|| (call, queue.clone()))
        });
        if let Some((call, queue)) = talking {
            self.end_for_agent(now, call, agent, queue, by);
        }
    }

    fn end_for_agent(&mut self, now: Moment, call: CallId, agent: &AgentName, queue: QueueName, by: EndedBy) {
        let rules = self.rules_for(call, &queue).cloned();
        self.start_wrap_up(now, agent, queue, rules.as_ref());
        self.timers.stop(&Timer::PartedDue(call));
        self.timers.stop(&Timer::HoldDue(call));
        self.hang_up_on(now, call, Outcome::Answered, by, HangUpCause::Normal);
    }

    /// The caller is hung up, and the line stays.
    pub(super) fn end_on_held_line(&mut self, now: Moment, call: CallId, agent: &AgentName) {
        let Some(Stage::Talking { queue, .. }) = self.calls.get(&call).map(|call| &call.stage) else { return };
        let queue = queue.clone();
        self.end_for_agent(now, call, agent, queue, EndedBy::Agent(agent.clone()));
    }

    pub(super) fn start_wrap_up(
        &mut self,
        now: Moment,
        agent: &AgentName,
        queue: QueueName,
        rules: Option<&QueueRules>,
    ) {
        self.line_settles(now, agent);
        let limit = rules.map_or(Some(std::time::Duration::ZERO), |rules| rules.wrap_up);
        let here = self.agents.get(agent);
        let given = here.is_some_and(|agent| agent.disposed.is_some() && agent.disposed == agent.work.call());
        let needs = rules.is_some_and(|rules| rules.needs_disposition) && !given;
        let dismissed = here.is_some_and(|agent| agent.dismissed);
        if dismissed || (limit == Some(std::time::Duration::ZERO) && !needs) {
            self.change_work(agent, |work| work.rest(now));
            return;
        }
        let until = limit.map(|limit| now + limit);
        if self.change_work(agent, |work| work.wrap_up(now, until, queue, needs))
            && let Some(until) = until
        {
            self.timers.set(Timer::WrapUpDue(agent.clone()), until);
        }
    }

    /// The time for it is over; what must be written first is waited for.
    pub(super) fn wrap_up_due(&mut self, now: Moment, agent: &AgentName) {
        if !self.owes_disposition(agent) {
            self.wrap_up_over(now, agent);
        }
    }

    pub(super) fn owes_disposition(&self, agent: &AgentName) -> bool {
        let work = self.agents.get(agent).map(|agent| &agent.work);
        matches!(work, Some(Work::WrappingUp { needs_disposition: true, .. }))
    }

    /// A disposition was written, or taken out again. Where only that was waited for, wrap-up is over.
    pub(super) fn agent_disposed(&mut self, now: Moment, name: &AgentName, call: CallId, given: bool, by: AgentName) {
        let Some(agent) = self.agents.get(name) else { return };
        // Told with every note that is saved: mostly nothing of it has changed.
        if agent.work.call() != Some(call) || (agent.disposed == Some(call)) == given {
            return;
        }
        let rules = match &agent.work {
            Work::WrappingUp { queue: Some(queue), .. } => {
                self.version.as_ref().and_then(|plan| plan.queues.get(queue))
            }
            Work::WrappingUp { queue: None, .. }
            | Work::Nothing { .. }
            | Work::Ringing { .. }
            | Work::Connecting { .. }
            | Work::Talking { .. }
            | Work::Dialling { .. } => None,
        };
        let owed = self.owes_disposition(name);
        let asked = owed || rules.is_some_and(|rules| rules.needs_disposition);
        self.change_agent(name, |agent| agent.disposed = given.then_some(call));
        self.fact(Fact::AgentDisposed { agent: name.clone(), call, given, by });
        if !asked || owed != given {
            return;
        }
        self.change_work(name, |work| work.dispose(given));
        let over = match self.agents.get(name).map(|agent| &agent.work) {
            Some(Work::WrappingUp { until: Some(until), .. }) => given && *until <= now,
            Some(_) | None => false,
        };
        if over {
            self.wrap_up_over(now, name);
        }
    }

    pub(super) fn wrap_up_over(&mut self, now: Moment, agent: &AgentName) {
        if matches!(self.agents.get(agent).map(|agent| &agent.work), Some(Work::WrappingUp { .. })) {
            self.change_work(agent, |work| work.rest(now));
        }
    }

    /// For `leg_looked_at` and snapshots: a call that was in doubt lives.
    pub(super) fn lives(&mut self, now: Moment, call: CallId) {
        let Some(of) = self.calls.get_mut(&call) else { return };
        match &mut of.stage {
            Stage::Waiting { doubt, .. } if *doubt => {
                *doubt = false;
                self.music_again(now, call);
                self.seek(now, call);
            }
            Stage::InDialplan { .. }
            | Stage::Waiting { .. }
            | Stage::Connecting { .. }
            | Stage::Talking { .. }
            | Stage::Outside(_)
            | Stage::Ending { .. } => {}
        }
    }
}
