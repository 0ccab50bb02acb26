//! Offers: one ring of one agent for one call, from the order to ring to the pick-up or the failure.

use super::agent::{Presence, Work};
use super::call::{Call, Offer, Stage};
use super::core::{Core, LegOf, Owed, RING_GRACE};
use super::effect::{Act, HangUpCause};
use super::fact::{Fact, OfferEnd, Reasons};
use super::held_line::TONE_WITHIN;
use super::ids::*;
use super::input::{Failure, Line, Refusal, Returned};
use super::outside::Rung;
use super::queue::{QueueRules, RING_FOR};
use super::rings::Rings;
use super::tag::Place;
use super::timer::Timer;
use crate::calendar::Moment;
use std::time::Duration;

/// An agent who missed an offer rests at least this long, whatever the queue says: a phone that fails at once
/// must not be rung in a circle.
pub const SHORTEST_REST: Duration = Duration::from_secs(1);

impl Core {
    /// The leg of an offer: chosen by us, of fixed width after the centre's name, which holds no `-`.
    fn leg_for(&self, offer: OfferId) -> LegId {
        LegId::new(format!("{}-{offer}", self.centre))
    }

    /// A leg of a dial is named as an offer's would be: no two are ever one.
    pub(super) fn next_leg_id(&mut self) -> LegId {
        self.next_offer = self.next_offer.wrapping_add(1);
        self.leg_for(OfferId { epoch: self.epoch, number: self.next_offer })
    }

    pub(super) fn make_offer(&mut self, now: Moment, call: CallId, agent: &AgentName, reasons: Reasons) {
        let Some(of) = self.calls.get(&call) else { return };
        let Stage::Waiting { place, .. } = &of.stage else { return };
        let (place, from, name) = (place.clone(), of.from.clone(), of.name.clone());
        let Some(switch) = self.agents.get(agent).map(|agent| agent.switch.clone()) else { return };
        let rules = self.rules_for(call, &place.queue);
        let (ring_for, auto_answer) = rules.map_or((RING_FOR, false), |rules| (rules.ring_for, rules.auto_answer));
        let line = self.agents.get(agent).and_then(|agent| agent.held.up().cloned());
        let Some(Rung { station, from, name, auto_answer }) = self.rung_as(agent, from, name, auto_answer) else {
            return self.change_agent(agent, |agent| agent.line = Line::Unreachable);
        };
        self.next_offer = self.next_offer.wrapping_add(1);
        let offer = OfferId { epoch: self.epoch, number: self.next_offer };
        let leg = line.clone().unwrap_or_else(|| self.leg_for(offer));
        let until = now + if line.is_some() { TONE_WITHIN } else { ring_for };
        if !self.change_work(agent, |work| work.ring(offer, call, now, until)) {
            return;
        }
        if line.is_none() {
            self.change_agent(agent, |agent| agent.leg = Some(leg.clone()));
        }
        self.fact(Fact::OfferMade {
            offer,
            call,
            agent: agent.clone(),
            switch: switch.clone(),
            leg: leg.clone(),
            queue: place.queue.clone(),
            until,
            reasons,
        });
        self.legs.insert(leg.clone(), LegOf::Agent(agent.clone()));
        let (of, on) = (agent.clone(), switch.clone());
        let kept = Offer { id: offer, call, agent: of, switch: on, leg: leg.clone(), until, asking: None };
        self.offers.insert(offer, kept.clone());
        let mut together = false;
        if let Some(Call { stage: Stage::Waiting { rings, .. }, .. }) = self.calls.get_mut(&call) {
            together = rings.is_some();
            match rings {
                Some(rings) => rings.add(offer),
                None => *rings = Some(Rings::of(offer)),
            }
        }
        if together {
            self.together.insert(call);
        }
        self.rung_once_more(call);
        self.timers.set(Timer::OfferDue(offer), until + RING_GRACE);
        let tags = self.tags(call, Place::Offered { offer, agent: agent.clone() });
        let ring = Act::Ring { leg, station, from, name, ring_for, auto_answer, tags };
        match line {
            Some(_) => self.sound_the_tone(now, &kept),
            None => drop(self.order(now, &switch, ring, Some(Owed::Ring(offer)))),
        }
        if self.cut_announcement(now, call) {
            self.music(now, call);
        }
    }

    pub(super) fn ring_returned(&mut self, now: Moment, offer: OfferId, how: &Returned) {
        let Returned::Refused { why } = how else { return };
        let Some(of) = self.offers.get(&offer) else { return };
        let (leg, call) = (of.leg.clone(), of.call);
        if let Refusal::Other(words) = why {
            self.healed(Some(call), None, format!("the switch would not ring the phone: {words}"));
        }
        self.leg_failed(now, &leg, Failure::Unreachable);
    }

    pub(super) fn leg_ringing(&mut self, leg: &LegId) {
        if let Some((offer, call)) = self.offer_of_leg(leg).map(|offer| (offer.id, offer.call)) {
            self.fact(Fact::OfferRang { offer, call });
        }
    }

    pub(super) fn offer_of_leg(&self, leg: &LegId) -> Option<&Offer> {
        let Some(LegOf::Agent(agent)) = self.legs.get(leg) else { return None };
        let offer = self.agents.get(agent)?.work.offer()?;
        self.offers.get(&offer).filter(|offer| offer.leg == *leg)
    }

    pub(super) fn leg_failed(&mut self, now: Moment, leg: &LegId, why: Failure) {
        if let Some(call) = self.transfer_of_leg(leg) {
            self.leg_gone(leg);
            return self.transfer_leg_failed(now, call, why);
        }
        if let Some(call) = self.reach_of_leg(leg) {
            self.leg_gone(leg);
            return self.reach_failed(now, call, why.into());
        }
        if let Some(call) = self.dial_of_leg(leg).map(|dial| dial.call) {
            self.leg_gone(leg);
            return self.dial_leg_failed(now, call, leg, why);
        }
        let offer = self.offer_of_leg(leg).map(|offer| offer.id);
        let line = self.at_held_line(leg);
        self.leg_gone(leg);
        if let Some(name) = line {
            self.line_down(now, &name, why);
        }
        if let Some(offer) = offer {
            self.offer_lost(now, offer, why.into());
        }
    }

    /// The switch never said how the ringing ended: take it back.
    pub(super) fn offer_overdue(&mut self, now: Moment, offer: OfferId) {
        let Some(of) = self.offers.get(&offer) else { return };
        let (switch, leg) = (of.switch.clone(), of.leg.clone());
        self.hang_up(now, &switch, leg, HangUpCause::Normal);
        self.offer_lost(now, offer, OfferEnd::NoAnswer);
    }

    /// The offer is over without a conversation: the agent goes to a state that can be seen, the caller keeps
    /// the place and seeks on.
    pub(super) fn offer_lost(&mut self, now: Moment, offer: OfferId, how: OfferEnd) {
        let Some(call) = self.end_offer(now, offer, how) else { return };
        self.back_to_waiting(now, call);
    }

    /// The offer alone: record, agent, timers. Gives the call it was for.
    pub(super) fn end_offer(&mut self, now: Moment, offer: OfferId, how: OfferEnd) -> Option<CallId> {
        let Offer { call, agent, asking, .. } = self.offers.remove(&offer)?;
        self.forget_question(offer, asking);
        self.timers.stop(&Timer::OfferDue(offer));
        self.timers.stop(&Timer::PickUpDue(offer));
        self.fact(Fact::OfferEnded { offer, call, agent: agent.clone(), how });
        if let Some(Call { stage: Stage::Waiting { rings, .. }, .. }) = self.calls.get_mut(&call) {
            *rings = rings.take().and_then(|rings| rings.without(offer));
        }
        if how == OfferEnd::Connected {
            return Some(call);
        }
        self.change_work(&agent, |work| work.lose_offer(now));
        let missed = match how {
            OfferEnd::NoAnswer => Some(Failure::NoAnswer),
            OfferEnd::Busy => Some(Failure::Busy),
            OfferEnd::Rejected => Some(Failure::Rejected),
            OfferEnd::Unreachable => Some(Failure::Unreachable),
            // A phone that picks up and drops every call must not be rung in a circle either.
            OfferEnd::AgentGone => Some(Failure::Rejected),
            OfferEnd::Connected
            | OfferEnd::CallerGone
            | OfferEnd::Withdrawn
            | OfferEnd::AnsweredElsewhere
            | OfferEnd::Unseen => None,
        };
        if let Some(why) = missed {
            self.missed(now, &agent, call, why);
        }
        Some(call)
    }

    fn missed(&mut self, now: Moment, agent: &AgentName, call: CallId, why: Failure) {
        let queue = self.calls.get(&call).and_then(Call::queue).cloned();
        let rules = queue.and_then(|queue| self.rules_for(call, &queue)).cloned();
        self.rest_by_rules(now, agent, rules.as_ref(), why);
    }

    /// The agent is left alone for as long as the queue says.
    pub(super) fn rest_by_rules(&mut self, now: Moment, agent: &AgentName, rules: Option<&QueueRules>, why: Failure) {
        let before = self.agents.get(agent).map_or(0, |agent| agent.served.missed);
        // A phone that is busy or cannot be reached says nothing of who sits at it.
        let in_a_row = match why {
            Failure::NoAnswer | Failure::Rejected | Failure::Withdrawn => before.saturating_add(1),
            Failure::Busy | Failure::Unreachable => before,
        };
        let rest = rules.map_or(Some(SHORTEST_REST), |rules| match why {
            Failure::Busy => rules.rest_after_busy,
            Failure::Unreachable => rules.rest_after_unreachable,
            Failure::NoAnswer | Failure::Rejected | Failure::Withdrawn => {
                let too_often = rules.most_missed.is_some_and(|most| in_a_row >= most);
                rules.rest_after_missed.filter(|_| !too_often)
            }
        });
        let until = rest.map(|rest| now + rest.max(SHORTEST_REST));
        let mut rests = false;
        self.change_agent(agent, |agent| {
            // Who asked for a break or logged out while it rang has that, not a missed call.
            if matches!(agent.presence, Presence::Ready { .. } | Presence::Missed { .. }) {
                agent.presence = Presence::Missed { why, since: now, until, in_a_row };
                rests = true;
            }
        });
        if let (true, Some(until)) = (rests, until) {
            self.timers.set(Timer::RestDue(agent.clone()), until);
        }
    }

    /// The place is the old one, and the phones that ring ring on. After a pick-up music again, because the switch may have
    /// stopped it.
    pub(super) fn back_to_waiting(&mut self, now: Moment, call: CallId) {
        let Some(of) = self.calls.get_mut(&call) else { return };
        self.timers.stop(&Timer::ConnectDue(call));
        match &of.stage {
            Stage::Waiting { .. } => {}
            Stage::Connecting { place, .. } => {
                of.stage = Stage::Waiting { place: place.clone(), rings: None, doubt: false };
                self.tag_waiting(now, call);
                self.music(now, call);
            }
            Stage::InDialplan { .. } | Stage::Talking { .. } | Stage::Outside(_) | Stage::Ending { .. } => return,
        }
        if self.take_passed_back(now, call) {
            return;
        }
        if self.calls.get(&call).is_some_and(|of| of.is_overdue()) {
            // Waited long enough while it rang.
            return self.queue_exit_due(now, call);
        }
        self.seek(now, call);
    }

    /// Take an offer back: the caller has gone, the agent logged out, another answered.
    pub(super) fn withdraw(&mut self, now: Moment, offer: OfferId, how: OfferEnd) -> Option<CallId> {
        let of = self.offers.get(&offer)?.clone();
        self.leave_phone(now, &of, HangUpCause::TakenElsewhere);
        self.end_offer(now, offer, how)
    }

    /// The phone was picked up.
    pub(super) fn leg_answered(&mut self, now: Moment, leg: &LegId) {
        if let Some(call) = self.transfer_of_leg(leg) {
            return self.transfer_answered(now, call);
        }
        if let Some(call) = self.reach_of_leg(leg) {
            return self.reach_answered(now, call, None);
        }
        if let Some(call) = self.dial_of_leg(leg).map(|dial| dial.call) {
            return self.dial_leg_answered(now, call, leg);
        }
        if let Some(LegOf::Outside { switch, .. }) = self.legs.get(leg).cloned() {
            // Answered as the agent gave up.
            return self.hang_up(now, &switch, leg.clone(), HangUpCause::Normal);
        }
        let Some(offer) = self.offer_of_leg(leg).cloned() else {
            if let Some(name) = self.at_held_line(leg) {
                return self.line_answered(now, &name);
            }
            // Ours, but no longer wanted: the pick-up crossed our hang-up. Strangers' legs are left alone.
            if let Some(LegOf::Agent(agent)) = self.legs.get(leg)
                && let Some(switch) = self.agents.get(agent).map(|agent| agent.switch.clone())
                && !matches!(self.agents.get(agent).map(|a| &a.work), Some(Work::Talking { .. }))
            {
                self.hang_up(now, &switch, leg.clone(), HangUpCause::Normal);
            }
            return;
        };
        if !matches!(self.calls.get(&offer.call).map(|call| &call.stage), Some(Stage::Waiting { .. })) {
            return;
        }
        if self.is_asked_first(&offer) {
            return self.ask(now, offer.id);
        }
        self.answered(now, &offer);
    }

    /// The agent is there.
    pub(super) fn answered(&mut self, now: Moment, offer: &Offer) {
        let Some(Call { stage: Stage::Waiting { place, rings, .. }, .. }) = self.calls.get(&offer.call) else { return };
        let (place, rings) = (place.clone(), rings.clone());
        if !self.change_work(&offer.agent, |work| work.pick_up(now)) {
            return;
        }
        self.timers.stop(&Timer::OfferDue(offer.id));
        self.picked_up_as_told(offer.id, &offer.agent);
        self.fact(Fact::OfferAnswered { offer: offer.id, call: offer.call });
        if self.calls.get(&offer.call).is_some_and(|of| self.may_ring_more(of)) {
            self.stop_seeking(offer.call);
        }
        if let Some(of) = self.calls.get_mut(&offer.call) {
            of.stage = Stage::Connecting { place, offer: offer.id };
        }
        self.connect(now, offer.call, offer.id, &offer.agent, &offer.leg);
        // The caller is joined first; nobody else may have the call any more.
        if let Some(rings) = rings {
            self.answered_elsewhere(now, &rings, offer.id);
        }
    }
}
