//! What people do on the rehearsal switch: callers dial and hang up, phones are picked up, and a leg ends.

use super::exchange::{Deed, Due, Exchange, Gone, JUST_GONE};
use super::leg::{Leg, State};
use super::outside::{Caller, Habit, Station};
use crate::calendar::Moment;
use crate::dialplan::Key;
use crate::routing::ids::{LegId, StationAddress};
use crate::routing::{Failure, Input};

impl Exchange {
    /// Ids that the switch itself gives: of one length, and no two switches share one.
    fn next_leg_id(&mut self) -> LegId {
        self.legs_made += 1;
        LegId::new(format!("{}-{:010}", self.switch, self.legs_made))
    }

    pub(super) fn caller_dials(&mut self, now: Moment, caller: Caller) -> LegId {
        let id = self.next_leg_id();
        let ours = self.beat_is_fresh(now);
        let mut leg = Leg::new(None, caller.from.clone(), caller.name.clone(), caller.to.clone(), now);
        leg.state = if ours { State::InHand } else { State::Fallback };
        leg.answered = !ours;
        leg.patience = caller.patience;
        leg.talks = caller.talks;
        leg.patience_timer =
            caller.patience.map(|patience| self.agenda.write(now + patience, Due::CallerTires { leg: id.clone() }));
        for (after, key) in caller.keys {
            leg.timers.push(self.agenda.write(now + after, Due::PartyPresses { leg: id.clone(), key }));
        }
        self.legs.insert(id.clone(), leg);
        if ours {
            let (switch, Caller { from, name, to, station, .. }) =
                (self.switch.clone(), Caller { keys: Vec::new(), ..caller });
            self.tell(now, Input::CallerArrived { switch, leg: id.clone(), from, name, to, station });
        } else {
            self.fell_back.on_arrival += 1;
        }
        id
    }

    pub(super) fn pressed(&mut self, now: Moment, leg: LegId, key: Key) -> Option<LegId> {
        let there = self.legs.get(&leg).filter(|l| !l.dying)?;
        match there.state {
            // The switch's own dialplan collects what is pressed there; a phone that rings has no keys.
            State::Fallback | State::Ringing { .. } => None,
            State::InHand | State::Joining(_) | State::Joined(_) => {
                self.tell(now, Input::KeyPressed { leg: leg.clone(), key });
                Some(leg)
            }
        }
    }

    pub(super) fn change(
        &mut self,
        now: Moment,
        station: &StationAddress,
        change: impl FnOnce(&mut Station),
    ) -> Option<LegId> {
        change(self.stations.get_mut(station)?);
        self.tell_line(now, station);
        None
    }

    /// The leg, where its phone has it and rings.
    pub(super) fn rung(&self, leg: &LegId) -> Option<&Leg> {
        self.legs.get(leg).filter(|l| matches!(l.state, State::Ringing { reached: true }) && !l.dying)
    }

    pub(super) fn phone_has_it(&mut self, now: Moment, id: LegId) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let State::Ringing { reached } = &mut leg.state else { return };
        *reached = true;
        let station = leg.station.clone();
        let Some(phone) = station.as_ref().and_then(|station| self.phone(station)) else {
            return self.end(now, &id, Gone::Failed(Failure::Unreachable));
        };
        if let Some(station) = station.as_ref().and_then(|station| self.stations.get(station)) {
            if !station.plugged {
                return self.end(now, &id, Gone::Failed(Failure::Unreachable));
            }
            let taken = station.legs.iter().filter(|other| **other != id).count() + usize::from(station.own_call);
            if taken >= usize::from(station.phone.lines) {
                return self.end(now, &id, Gone::Failed(Failure::Busy));
            }
        }
        let deed = match phone.habit {
            Habit::Unreachable => return self.end(now, &id, Gone::Failed(Failure::Unreachable)),
            Habit::Busy => return self.end(now, &id, Gone::Failed(Failure::Busy)),
            Habit::Rings => {
                let asked = self.legs.get(&id).is_some_and(|leg| leg.auto_answer) && phone.answers_when_told;
                asked.then_some((self.pace.invite, Deed::PicksUp))
            }
            Habit::Answers { after, .. } => Some((after, Deed::PicksUp)),
            Habit::Rejects { after } => Some((after, Deed::Rejects)),
        };
        if let Some((after, deed)) = deed {
            let when = now + self.chance.within(after);
            let slot = self.agenda.write(when, Due::PhoneDoes { leg: id.clone(), deed });
            self.keep(&id, slot);
        }
        self.tell(now, Input::LegRinging { leg: id });
    }

    pub(super) fn phone_does(&mut self, now: Moment, id: LegId, deed: Deed) -> Option<LegId> {
        match deed {
            Deed::PicksUp => {
                self.rung(&id)?;
                if !self.beat_is_fresh(now) {
                    // The dialplan that answered legs enter asks for the beat first.
                    self.end(now, &id, Gone::Failed(Failure::NoAnswer));
                    return Some(id);
                }
                let leg = self.legs.get_mut(&id)?;
                leg.state = State::InHand;
                leg.answered = true;
                self.tell(now, Input::LegAnswered { leg: id.clone() });
            }
            Deed::Rejects => {
                self.rung(&id)?;
                self.end(now, &id, Gone::Failed(Failure::Rejected));
            }
            Deed::HangsUp => {
                let leg = self.legs.get(&id).filter(|l| !l.inbound() && !l.dying)?;
                if leg.answered {
                    self.party_hangs_up(now, &id, Gone::HungUp);
                } else {
                    self.rung(&id)?;
                    self.end(now, &id, Gone::Failed(Failure::Rejected));
                }
            }
        }
        Some(id)
    }

    /// Someone hung up: mostly the leg is gone at once, sometimes the switch loses the hang-up for a while.
    pub(super) fn party_hangs_up(&mut self, now: Moment, id: &LegId, cause: Gone) {
        let Some(leg) = self.legs.get(id) else { return };
        let lost = match leg.state {
            State::Joining(_) => self.chance.strikes(self.faults.hang_up_lost_in_connect),
            State::Ringing { .. } | State::InHand | State::Joined(_) | State::Fallback => {
                self.chance.strikes(self.faults.hang_up_late)
            }
        };
        if !lost {
            return self.end(now, id, cause);
        }
        let when = now + self.chance.within(self.faults.hang_up_late_by);
        let slot = self.agenda.write(when, Due::HangUpHealed { leg: id.clone(), cause });
        if let Some(leg) = self.legs.get_mut(id) {
            leg.dying = true;
            leg.timers.push(slot);
        }
    }

    /// The leg is no more. Told, its orders come back, and the other side is parted.
    pub(super) fn end(&mut self, now: Moment, id: &LegId, cause: Gone) {
        let Some(leg) = self.legs.remove(id) else { return };
        let others = [leg.play_timer, leg.talk_timer, leg.longest_timer, leg.patience_timer];
        for slot in leg.timers.iter().copied().chain(others.into_iter().flatten()) {
            self.agenda.strike(slot);
        }
        if self.just_gone.len() == JUST_GONE {
            self.just_gone.pop_front();
        }
        self.just_gone.push_back((now, id.clone()));
        for playing in &leg.playing {
            self.gone(now, playing.order, id.clone());
        }
        match cause {
            Gone::HungUp if leg.state == State::Fallback => {}
            Gone::HungUp => self.tell(now, Input::LegHungUp { leg: id.clone() }),
            Gone::Failed(why) => self.tell(now, Input::LegFailed { leg: id.clone(), why }),
        }
        if let Some(station) = &leg.station {
            if let Some(there) = self.stations.get_mut(station) {
                there.legs.retain(|other| other != id);
            }
            self.tell_line(now, station);
        }
        if let Some(other) = leg.other() {
            self.part(now, &other.clone(), id);
        }
    }

    /// This leg is alone again, if it was with `gone`.
    pub(super) fn part(&mut self, now: Moment, id: &LegId, gone: &LegId) {
        let Some(leg) = self.legs.get_mut(id) else { return };
        if leg.other() != Some(gone) {
            return;
        }
        leg.state = State::InHand;
        leg.music = false;
        for slot in leg.talk_timer.take().into_iter().chain(leg.longest_timer.take()) {
            self.agenda.strike(slot);
        }
        leg.patience_timer =
            leg.patience.map(|patience| self.agenda.write(now + patience, Due::CallerTires { leg: id.clone() }));
        if !self.beat_is_fresh(now) {
            // Whoever comes out of a conversation passes the dialplan's question for the beat again.
            return self.held_by_nobody(now, id);
        }
        let told_at = now + self.chance.within(self.pace.part);
        let slot = self.agenda.write(told_at, Due::Parted { leg: id.clone() });
        self.keep(id, slot);
    }

    /// Nobody holds us: what is in hand goes to the switch's own fallback, and phones without a caller are let go, those
    /// that ring too. Who talks talks on.
    pub(super) fn hands_empty(&mut self, now: Moment) {
        let ours = |leg: &Leg| matches!(leg.state, State::InHand | State::Ringing { .. });
        let held: Vec<LegId> = self.legs.iter().filter(|(_, leg)| ours(leg)).map(|(id, _)| id.clone()).collect();
        for id in held {
            self.held_by_nobody(now, &id);
        }
    }

    fn held_by_nobody(&mut self, now: Moment, id: &LegId) {
        let Some(leg) = self.legs.get_mut(id) else { return };
        if !leg.inbound() {
            let rings = matches!(leg.state, State::Ringing { .. });
            return self.end(now, id, if rings { Gone::Failed(Failure::NoAnswer) } else { Gone::HungUp });
        }
        leg.state = State::Fallback;
        leg.answered = true;
        leg.music = false;
        let cut = std::mem::take(&mut leg.playing);
        if let Some(slot) = leg.play_timer.take() {
            self.agenda.strike(slot);
        }
        for playing in cut {
            self.gone(now, playing.order, id.clone());
        }
        self.fell_back.out_of_hand += 1;
    }

    pub(super) fn switch_restarts(&mut self) {
        self.link_breaks();
        self.agenda.clear();
        self.legs.clear();
        self.just_gone.clear();
        self.last_beat = None;
        for station in self.stations.values_mut() {
            station.legs.clear();
        }
    }
}
