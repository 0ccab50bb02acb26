//! Transfers out: a caller whom the dialplan sends to a number outside. The number rings while the caller hears it ring; both
//! are joined when it answers, and the call is over when either hangs up. A number that does not answer sends the caller on
//! to the step that is named for it.
//!
//! Where to, and how often, is the centre's list to say, as of any dial (`dial_out.rs`), by the version of today: a number
//! taken off the list is not reached by a call that began before.

use serde::{Deserialize, Serialize};

use super::call::{Call, Stage};
use super::core::{CONNECT_WITHIN, Core, LegOf, Owed, PARTED_WITHIN, RING_GRACE};
use super::dial_out::{DialOut, DialledNumber};
use super::dialling::count_dial;
use super::effect::{Act, HangUpCause};
use super::fact::{EndedBy, Fact, Outcome, TransferFailure};
use super::ids::*;
use super::input::{Failure, LegSeen, LegUp, Refusal, Returned};
use super::tag::Place;
use super::timer::Timer;
use crate::calendar::Moment;
use crate::dialplan::Transfer;

/// The other end of a transfer, while it lives. Its leg is named when it begins, so that whoever picks the call up again
/// knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outside {
    pub number: DialledNumber,
    pub leg: LegId,
    /// How long the two may talk.
    pub longest: std::time::Duration,
    pub stage: OutsideStage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutsideStage {
    Rings {
        until: Moment,
    },
    /// Answered; they do not hear each other yet.
    Connecting,
    Talking {
        since: Moment,
    },
}

/// So often may a call be refused a number at one moment; as of doors, a checked dialplan never comes to it.
const MOST_REFUSED: u8 = 20;

impl Core {
    fn outside(&self, call: CallId) -> Option<&Outside> {
        match &self.calls.get(&call)?.stage {
            Stage::Outside(outside) => Some(outside),
            Stage::InDialplan { .. }
            | Stage::Waiting { .. }
            | Stage::Connecting { .. }
            | Stage::Talking { .. }
            | Stage::Ending { .. } => None,
        }
    }

    fn outside_mut(&mut self, call: CallId) -> Option<&mut Outside> {
        match &mut self.calls.get_mut(&call)?.stage {
            Stage::Outside(outside) => Some(outside),
            Stage::InDialplan { .. }
            | Stage::Waiting { .. }
            | Stage::Connecting { .. }
            | Stage::Talking { .. }
            | Stage::Ending { .. } => None,
        }
    }

    /// The call whose transfer this leg is the other end of, while it lives.
    pub(super) fn transfer_of_leg(&self, leg: &LegId) -> Option<CallId> {
        let LegOf::Outside { call, .. } = self.legs.get(leg)? else { return None };
        self.outside(*call).filter(|outside| outside.leg == *leg).map(|_| *call)
    }

    /// By which rules the number may be rung for this call now.
    fn transfer_rules(&self, now: Moment, of: &Call, transfer: &Transfer) -> Result<DialOut, TransferFailure> {
        let plan = self.version.as_ref().ok_or(TransferFailure::NotAllowed)?;
        let rules = plan.dial_out.as_ref().ok_or(TransferFailure::NotAllowed)?;
        if !rules.allows(&transfer.number, plan.country) {
            return Err(TransferFailure::NotAllowed);
        }
        // A leg of one switch is not joined to one of another.
        if of.switch != rules.switch || !self.is_up(&rules.switch) {
            return Err(TransferFailure::Unreachable);
        }
        if self.dialled_too_much(now, rules).is_some() {
            return Err(TransferFailure::TooMany);
        }
        Ok(rules.clone())
    }

    pub(super) fn transfer_out(&mut self, now: Moment, call: CallId, transfer: &Transfer) {
        self.forget_play(call);
        self.timers.stop(&Timer::Dialplan(call));
        let Some(of) = self.calls.get(&call) else { return };
        let rules = match self.transfer_rules(now, of, transfer) {
            Ok(rules) => rules,
            Err(how) => return self.transfer_refused(now, call, how),
        };
        let ring_for = transfer.ring_for.unwrap_or(rules.ring_for);
        self.ring_outside(now, call, transfer.number.clone(), rules, ring_for);
    }

    /// The number rings for this caller, by rules that let it.
    pub(super) fn ring_outside(
        &mut self,
        now: Moment,
        call: CallId,
        number: DialledNumber,
        rules: DialOut,
        ring_for: std::time::Duration,
    ) {
        self.answer(now, call);
        let Some(switch) = self.calls.get(&call).map(|of| of.switch.clone()) else { return };
        let leg = self.next_leg_id();
        let until = now + ring_for;
        let (to, longest) = (rules.to.with(&number), rules.longest);
        let stage = OutsideStage::Rings { until };
        let outside = Outside { number: number.clone(), leg: leg.clone(), longest, stage };
        if let Some(of) = self.calls.get_mut(&call) {
            of.stage = Stage::Outside(outside);
        }
        count_dial(&mut self.dialled, now, None);
        self.fact(Fact::TransferBegan {
            call,
            number: number.to_phone_number(),
            switch: switch.clone(),
            leg: leg.clone(),
            longest,
            until,
        });
        self.legs.insert(leg.clone(), LegOf::Outside { call, switch: switch.clone() });
        self.timers.set(Timer::TransferDue(call), until + RING_GRACE);
        self.promises_wait_for_dials(now);
        self.ring_back(now, call);
        let tags = self.tags(call, Place::Dialled { agent: AgentName::new(""), longest });
        let act = Act::Ring {
            leg: leg.clone(),
            station: to,
            from: rules.shown,
            name: CallerName::new(""),
            ring_for,
            auto_answer: false,
            tags,
        };
        self.order(now, &switch, act, Some(Owed::RingDial(leg)));
    }

    /// The caller hears it ring, unless there is an agent's leg to come away from first.
    pub(super) fn ring_back(&mut self, now: Moment, call: CallId) {
        let rings = matches!(self.outside(call), Some(Outside { stage: OutsideStage::Rings { .. }, .. }));
        let Some(of) = self.calls.get(&call).filter(|_| rings && !self.comes_away(call)) else { return };
        let (switch, leg) = (of.switch.clone(), of.leg.clone());
        self.order(now, &switch, Act::StartRingback { leg }, None);
    }

    /// Not rung at all. One that is refused again and again without a pause goes round in circles.
    fn transfer_refused(&mut self, now: Moment, call: CallId, how: TransferFailure) {
        let Some(of) = self.calls.get_mut(&call) else { return };
        let (at, refused) = of.doors;
        of.doors = (now, if at == now { refused.saturating_add(1) } else { 1 });
        if of.doors.1 >= MOST_REFUSED {
            self.healed(Some(call), None, "refused one number after the other in circles");
            return self.end_by_us(now, call, Outcome::EndedByUs);
        }
        self.go_on_after_transfer(now, call, how);
    }

    fn go_on_after_transfer(&mut self, now: Moment, call: CallId, how: TransferFailure) {
        if self.calls.get(&call).is_some_and(|of| of.passed.is_some()) {
            self.fact(Fact::TransferFailed { call, how, to: None });
            self.take_passed_back(now, call);
            return;
        }
        let to = self.calls.get(&call).and_then(|of| of.walk.transfer()).map(|transfer| transfer.after(how).clone());
        self.fact(Fact::TransferFailed { call, how, to: to.clone() });
        match to {
            Some(step) => self.walk_to(now, call, &step),
            // A version whose step transfers no more.
            None => self.end_by_us(now, call, Outcome::EndedByUs),
        }
    }

    fn stop_transfer_timers(&mut self, call: CallId) {
        self.timers.stop(&Timer::TransferDue(call));
        self.timers.stop(&Timer::TransferLongest(call));
    }

    /// Nobody talked: the leg is let go where it is still there, and the caller goes on.
    fn transfer_failed(&mut self, now: Moment, call: CallId, how: TransferFailure) {
        let Some(outside) = self.outside(call).cloned() else { return };
        self.stop_transfer_timers(call);
        self.let_outside_go(now, call, &outside.leg);
        if let Some(of) = self.calls.get_mut(&call) {
            of.stage = Stage::InDialplan { playing: None };
        }
        self.go_on_after_transfer(now, call, how);
    }

    /// The other end is hung up, unless it is gone.
    fn let_outside_go(&mut self, now: Moment, call: CallId, leg: &LegId) {
        let switch = self.calls.get(&call).map(|of| of.switch.clone());
        if let Some(switch) = switch.or_else(|| self.switch_of_leg(leg).cloned())
            && self.legs.contains_key(leg)
        {
            self.hang_up(now, &switch, leg.clone(), HangUpCause::Normal);
        }
    }

    pub(super) fn transfer_ring_returned(&mut self, now: Moment, call: CallId, leg: &LegId, how: &Returned) {
        let Returned::Refused { why } = how else { return };
        if let Refusal::Other(words) = why {
            self.healed(Some(call), None, format!("the switch would not ring: {words}"));
        }
        self.leg_failed(now, leg, Failure::Unreachable);
    }

    pub(super) fn transfer_leg_failed(&mut self, now: Moment, call: CallId, why: Failure) {
        self.transfer_failed(now, call, why.into());
    }

    pub(super) fn transfer_answered(&mut self, now: Moment, call: CallId) {
        if let Some(Outside { stage: OutsideStage::Rings { .. }, .. }) = self.outside(call) {
            self.transfer_is_answered(call);
            self.connect_transfer(now, call);
        }
    }

    fn transfer_is_answered(&mut self, call: CallId) {
        if let Some(outside) = self.outside_mut(call) {
            outside.stage = OutsideStage::Connecting;
            self.fact(Fact::TransferAnswered { call });
        }
    }

    /// The tag first: a fallback of the switch must never take a caller who talks.
    fn connect_transfer(&mut self, now: Moment, call: CallId) {
        let Some((of, outside)) = self.calls.get(&call).zip(self.outside(call)) else { return };
        let (switch, caller, agent) = (of.switch.clone(), of.leg.clone(), outside.leg.clone());
        let tags = self.tags(call, Place::Talking { agent: AgentName::new("") });
        self.order(now, &switch, Act::Tag { leg: caller.clone(), tags }, None);
        self.order(now, &switch, Act::Connect { caller, agent }, None);
        self.timers.set(Timer::TransferDue(call), now + CONNECT_WITHIN);
    }

    /// They hear each other. The switch may tell of the answer after the joining, or not at all.
    pub(super) fn transfer_joined(&mut self, now: Moment, call: CallId, leg: &LegId) {
        let Some(outside) = self.outside(call).filter(|outside| outside.leg == *leg) else { return };
        let (longest, stage) = (outside.longest, outside.stage);
        self.timers.stop(&Timer::TransferDue(call));
        match stage {
            OutsideStage::Talking { .. } => return,
            OutsideStage::Rings { .. } => self.transfer_is_answered(call),
            OutsideStage::Connecting => {}
        }
        if let Some(outside) = self.outside_mut(call) {
            outside.stage = OutsideStage::Talking { since: now };
        }
        self.fact(Fact::TransferConnected { call });
        self.timers.stop(&Timer::ComesAway(call));
        if let Some(of) = self.calls.get_mut(&call) {
            of.passed = None;
        }
        self.timers.set(Timer::TransferLongest(call), now + longest);
    }

    /// Somebody hung up, and the hang-up is on its way: it says who.
    pub(super) fn transfer_parted(&mut self, now: Moment, call: CallId) {
        if let Some(Outside { stage: OutsideStage::Talking { .. }, .. }) = self.outside(call) {
            self.timers.set(Timer::TransferDue(call), now + PARTED_WITHIN);
        }
    }

    /// The other end is gone, after it had answered.
    pub(super) fn transfer_leg_gone(&mut self, now: Moment, call: CallId, by: &EndedBy) {
        let Some(outside) = self.outside(call) else { return };
        match outside.stage {
            OutsideStage::Talking { .. } => {
                self.stop_transfer_timers(call);
                let by = if *by == EndedBy::Unseen { EndedBy::Unseen } else { EndedBy::Number };
                self.hang_up_on(now, call, Outcome::TransferredOut, by, HangUpCause::Normal);
            }
            OutsideStage::Rings { .. } | OutsideStage::Connecting => {
                let how = if *by == EndedBy::Unseen { TransferFailure::Unseen } else { TransferFailure::Refused };
                self.transfer_failed(now, call, how);
            }
        }
    }

    /// The caller is gone: what the call came to, and the other end is hung up.
    pub(super) fn caller_of_transfer_gone(
        &mut self,
        now: Moment,
        switch: &SwitchName,
        outside: &Outside,
        unseen: bool,
    ) -> Outcome {
        if self.legs.contains_key(&outside.leg) {
            self.hang_up(now, switch, outside.leg.clone(), HangUpCause::Normal);
        }
        match outside.stage {
            OutsideStage::Talking { .. } => Outcome::TransferredOut,
            OutsideStage::Rings { .. } | OutsideStage::Connecting if unseen => Outcome::EndedUnseen,
            OutsideStage::Rings { .. } | OutsideStage::Connecting => Outcome::LeftInDialplan,
        }
    }

    /// The switch never said how it went on.
    pub(super) fn transfer_overdue(&mut self, now: Moment, call: CallId) {
        let Some(outside) = self.outside(call).cloned() else { return };
        match outside.stage {
            OutsideStage::Rings { .. } => self.transfer_failed(now, call, TransferFailure::NoAnswer),
            OutsideStage::Connecting => {
                self.healed(Some(call), None, "caller and number could not be joined");
                self.transfer_failed(now, call, TransferFailure::Unseen);
            }
            OutsideStage::Talking { .. } => {
                self.healed(Some(call), None, "caller and number came apart with nobody hanging up: joined again");
                self.join_again(now, call, &outside.leg);
            }
        }
    }

    /// And a look at both, should one of them have gone unheard.
    fn join_again(&mut self, now: Moment, call: CallId, leg: &LegId) {
        let Some(of) = self.calls.get(&call) else { return };
        let (switch, caller) = (of.switch.clone(), of.leg.clone());
        self.order(now, &switch, Act::Connect { caller: caller.clone(), agent: leg.clone() }, None);
        self.order(now, &switch, Act::Look { leg: caller }, None);
        self.order(now, &switch, Act::Look { leg: leg.clone() }, None);
    }

    /// They have talked for as long as the centre lets them.
    pub(super) fn transfer_too_long(&mut self, now: Moment, call: CallId) {
        let Some(outside @ Outside { stage: OutsideStage::Talking { .. }, .. }) = self.outside(call) else { return };
        let leg = outside.leg.clone();
        self.stop_transfer_timers(call);
        self.let_outside_go(now, call, &leg);
        self.hang_up_on(now, call, Outcome::TransferredOut, EndedBy::Us, HangUpCause::Normal);
    }

    // After a start or a reconnect.

    /// As the journal knew it. Whether it still lives is the first snapshot's to say.
    pub(super) fn remember_transfer(&mut self, now: Moment, call: CallId, switch: &SwitchName, outside: &Outside) {
        self.legs.insert(outside.leg.clone(), LegOf::Outside { call, switch: switch.clone() });
        match outside.stage {
            OutsideStage::Rings { until } => {
                self.timers.set(Timer::TransferDue(call), until.max(now) + RING_GRACE);
            }
            OutsideStage::Connecting => self.timers.set(Timer::TransferDue(call), now + CONNECT_WITHIN),
            OutsideStage::Talking { since } => {
                self.timers.set(Timer::TransferLongest(call), (since + outside.longest).max(now));
            }
        }
    }

    /// The caller was seen in our hands, and joined to nobody; `phone` is the other end, where it was seen too.
    pub(super) fn transfer_lives(&mut self, now: Moment, call: CallId, phone: Option<&LegSeen>) {
        let Some((of, outside)) = self.calls.get(&call).zip(self.outside(call).cloned()) else { return };
        let (switch, caller) = (of.switch.clone(), of.leg.clone());
        let Some(phone) = phone else {
            self.ring_back(now, call);
            self.order(now, &switch, Act::Look { leg: outside.leg }, None);
            return;
        };
        match outside.stage {
            OutsideStage::Rings { .. } if phone.up == LegUp::Up && phone.in_hand => self.transfer_answered(now, call),
            OutsideStage::Rings { .. } => self.ring_back(now, call),
            OutsideStage::Connecting => self.connect_transfer(now, call),
            OutsideStage::Talking { .. } => {
                self.healed(Some(call), None, "caller and number were apart after we were away: joined again");
                self.order(now, &switch, Act::Connect { caller, agent: outside.leg }, None);
            }
        }
    }

    /// The other end was looked at, and lives.
    pub(super) fn transfer_leg_lives(&mut self, now: Moment, call: CallId, seen: &LegSeen) {
        let Some((of, outside)) = self.calls.get(&call).zip(self.outside(call)) else { return };
        if seen.joined_with.as_ref() == Some(&of.leg) {
            self.transfer_joined(now, call, &seen.leg.clone());
        } else if matches!(outside.stage, OutsideStage::Rings { .. }) && seen.up == LegUp::Up && seen.in_hand {
            self.transfer_answered(now, call);
        }
    }
}
