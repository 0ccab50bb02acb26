//! What the rehearsal switch does for each order, at the moment the order reaches it.

use std::time::Duration;

use super::exchange::{Deed, Due, Exchange, Gone, HANDS_LAST};
use super::leg::{Leg, Playing, State};
use super::outside::Habit;
use crate::calendar::Moment;
use crate::routing::ids::{LegId, PhoneNumber};
use crate::routing::tag::Place;
use crate::routing::{Act, Failure, Input, Refusal, Returned};
use crate::switch::{Sound, SwitchAct};

/// Prompts behind one another on one leg. The core plays one at a time; more is a mistake that should show.
const MOST_PLAYS: usize = 8;

/// A prompt is never shorter than this, however short its name.
const SHORTEST_SOUND: Duration = Duration::from_millis(300);

/// A Connect that misses a leg by no more than this may have moved the other side already.
const JUST_MISSED: Duration = Duration::from_millis(3);

impl Exchange {
    pub(super) fn carry(&mut self, now: Moment, order: u64, act: SwitchAct) {
        match act {
            SwitchAct::Play { leg, sounds } => self.play(now, order, leg, &sounds),
            SwitchAct::Act(act) => match act {
                Act::Play { .. } => self.refuse(now, order, "a prompt that was never made a sound"),
                Act::Answer { leg } => self.answer_caller(now, order, leg),
                Act::StopPlay { leg } => self.stop_play(now, order, leg),
                Act::StartMusic { leg, class: _ } => self.start_music(now, order, leg),
                Act::StartRingback { leg } => self.start_music(now, order, leg),
                Act::Ring { .. } => self.ring(now, order, act),
                Act::PickUp { leg } => self.tell_to_pick_up(now, order, leg),
                Act::Connect { caller, agent } => self.connect(now, order, caller, agent),
                Act::Part { caller, agent } => self.take_apart(now, order, caller, agent),
                Act::HangUp { leg, cause: _ } => self.hang_up(now, order, leg),
                Act::Tag { leg, tags } => match self.legs.get_mut(&leg).filter(|l| !l.dying) {
                    Some(there) => {
                        there.tags = Some(tags);
                        self.done(now, order);
                    }
                    None => self.gone(now, order, leg),
                },
                Act::Look { leg } => {
                    let seen = self.legs.get(&leg).map(|l| l.seen(&leg));
                    self.tell(now, Input::LegLookedAt { switch: self.switch.clone(), leg, seen });
                    self.done(now, order);
                }
            },
        }
    }

    /// Whether this leg does what we say now; else the order has been refused.
    fn in_hand(&mut self, now: Moment, order: u64, leg: &LegId) -> bool {
        match self.legs.get(leg).filter(|l| !l.dying).map(|l| &l.state) {
            Some(State::InHand) => true,
            None => {
                self.gone(now, order, leg.clone());
                false
            }
            Some(State::Ringing { .. }) => {
                self.refuse(now, order, "still ringing");
                false
            }
            Some(State::Joining(_) | State::Joined(_)) => {
                self.refuse(now, order, "in a bridge");
                false
            }
            Some(State::Fallback) => {
                self.refuse(now, order, "taken back by the dialplan");
                false
            }
        }
    }

    fn answer_caller(&mut self, now: Moment, order: u64, leg: LegId) {
        match self.legs.get_mut(&leg).filter(|l| !l.dying) {
            Some(there) if !matches!(there.state, State::Ringing { .. }) => {
                there.answered = true;
                self.done(now, order);
            }
            Some(_) => self.refuse(now, order, "still ringing"),
            None => self.gone(now, order, leg),
        }
    }

    fn sound_lasts(&self, sound: &Sound) -> Option<Duration> {
        match self.sounds.get(sound) {
            Some(lasts) => *lasts,
            None => {
                let characters = sound.0.file_stem().map_or(0, |name| name.to_string_lossy().chars().count());
                let characters = u32::try_from(characters).unwrap_or(u32::MAX);
                Some(self.pace.sound_character.saturating_mul(characters).max(SHORTEST_SOUND))
            }
        }
    }

    fn play(&mut self, now: Moment, order: u64, id: LegId, sounds: &[Sound]) {
        if !self.in_hand(now, order, &id) {
            return;
        }
        let lasts: Option<Duration> = sounds.iter().map(|sound| self.sound_lasts(sound)).sum();
        let Some(lasts) = lasts else {
            return self.answer(now, order, Returned::Refused { why: Refusal::NoPrompt });
        };
        let Some(leg) = self.legs.get_mut(&id) else { return };
        if leg.playing.len() >= MOST_PLAYS {
            return self.refuse(now, order, "too many prompts wait on this leg");
        }
        // A prompt ends the music for good; who wants it again starts it again.
        leg.music = false;
        leg.playing.push_back(Playing { order, lasts });
        if leg.playing.len() == 1 {
            leg.play_timer = Some(self.agenda.write(now + lasts, Due::PlayEnds { leg: id.clone() }));
        }
        let station = leg.station.clone();
        if let Some((after, key)) = station.and_then(|station| self.phone(&station)).and_then(|phone| phone.presses) {
            let when = now + self.chance.within(after);
            let slot = self.agenda.write(when, Due::PartyPresses { leg: id.clone(), key });
            self.keep(&id, slot);
        }
    }

    pub(super) fn play_ended(&mut self, now: Moment, id: &LegId) {
        let Some(leg) = self.legs.get_mut(id) else { return };
        leg.play_timer = None;
        let ended = leg.playing.pop_front();
        if let Some(next) = leg.playing.front() {
            leg.play_timer = Some(self.agenda.write(now + next.lasts, Due::PlayEnds { leg: id.clone() }));
        }
        if let Some(ended) = ended {
            self.done(now, ended.order);
        }
    }

    /// Whatever is playing, or waits to, comes back done.
    fn cut_plays(&mut self, now: Moment, id: &LegId) {
        let Some(leg) = self.legs.get_mut(id) else { return };
        let cut = std::mem::take(&mut leg.playing);
        if let Some(slot) = leg.play_timer.take() {
            self.agenda.strike(slot);
        }
        for playing in cut {
            self.done(now, playing.order);
        }
    }

    fn stop_play(&mut self, now: Moment, order: u64, leg: LegId) {
        if !self.legs.contains_key(&leg) {
            return self.gone(now, order, leg);
        }
        self.cut_plays(now, &leg);
        self.done(now, order);
    }

    fn start_music(&mut self, now: Moment, order: u64, leg: LegId) {
        if self.in_hand(now, order, &leg) {
            if let Some(there) = self.legs.get_mut(&leg) {
                there.music = true;
            }
            self.done(now, order);
        }
    }

    fn ring(&mut self, now: Moment, order: u64, act: Act) {
        let Act::Ring { leg, station, from, name, ring_for, auto_answer, tags } = act else { return };
        if self.legs.contains_key(&leg) {
            return self.refuse(now, order, "a leg of this id is there");
        }
        let to = PhoneNumber::cleaned(station.as_str());
        let mut rung = Leg::new(Some(station.clone()), from, name, to, now);
        rung.tags = Some(tags);
        rung.auto_answer = auto_answer;
        let reaches = now + self.chance.within(self.pace.invite);
        rung.timers.push(self.agenda.write(reaches, Due::PhoneHasIt { leg: leg.clone() }));
        rung.timers.push(self.agenda.write(now + ring_for, Due::RingingEnds { leg: leg.clone() }));
        self.legs.insert(leg.clone(), rung);
        if let Some(there) = self.stations.get_mut(&station) {
            there.legs.push(leg);
        }
        self.done(now, order);
        self.tell_line(now, &station);
    }

    /// A phone that does not understand it rings on, and says nothing of it.
    fn tell_to_pick_up(&mut self, now: Moment, order: u64, leg: LegId) {
        let Some(there) = self.legs.get(&leg).filter(|l| !l.dying) else { return self.gone(now, order, leg) };
        match there.state {
            State::Ringing { reached: true } => {
                let phone = there.station.as_ref().and_then(|station| self.stations.get(station));
                if phone.is_some_and(|station| station.phone.answers_when_told) {
                    let when = now + self.chance.within(self.pace.invite);
                    let deed = Deed::PicksUp;
                    let slot = self.agenda.write(when, Due::PhoneDoes { leg: leg.clone(), deed });
                    self.keep(&leg, slot);
                }
                self.done(now, order);
            }
            State::Ringing { reached: false } => self.refuse(now, order, "the phone does not ring yet"),
            State::InHand | State::Joining(_) | State::Joined(_) | State::Fallback => self.done(now, order),
        }
    }

    /// Takes both out of what they are in; they hear each other after the join's time, if both are still there.
    fn connect(&mut self, now: Moment, order: u64, caller: LegId, agent: LegId) {
        if caller == agent {
            return self.refuse(now, order, "a leg with itself");
        }
        for (id, other) in [(&caller, &agent), (&agent, &caller)] {
            match self.legs.get(id).filter(|l| !l.dying).map(|l| &l.state) {
                Some(State::InHand | State::Joining(_) | State::Joined(_)) => {}
                Some(State::Ringing { .. }) => return self.refuse(now, order, "still ringing"),
                Some(State::Fallback) => return self.refuse(now, order, "taken back by the dialplan"),
                None => {
                    self.gone(now, order, id.clone());
                    let just = self.just_gone.iter().any(|(when, leg)| leg == id && now.since(*when) <= JUST_MISSED);
                    if just && self.chance.strikes(self.faults.refused_connect_unsettles) {
                        self.unsettle(now, &other.clone());
                    }
                    return;
                }
            }
        }
        for (id, other) in [(&caller, &agent), (&agent, &caller)] {
            self.cut_plays(now, id);
            let Some(leg) = self.legs.get_mut(id) else { continue };
            leg.music = false;
            // The caller is answered by being connected.
            leg.answered = true;
            let over = [leg.talk_timer.take(), leg.longest_timer.take(), leg.patience_timer.take()];
            for slot in over.into_iter().flatten() {
                self.agenda.strike(slot);
            }
            let before = leg.other().cloned();
            leg.state = State::Joining(other.clone());
            if let Some(left) = before.filter(|left| left != other) {
                self.part(now, &left, id);
            }
        }
        self.done(now, order);
        let when = now + self.chance.within(self.pace.join);
        self.agenda.write(when, Due::JoinEnds { caller, agent });
    }

    /// Both in hand again, where they were together or about to be.
    fn take_apart(&mut self, now: Moment, order: u64, caller: LegId, agent: LegId) {
        for id in [&caller, &agent] {
            match self.legs.get(id).filter(|l| !l.dying).map(|l| &l.state) {
                Some(State::InHand | State::Joining(_) | State::Joined(_)) => {}
                Some(State::Ringing { .. }) => return self.refuse(now, order, "still ringing"),
                Some(State::Fallback) => return self.refuse(now, order, "taken back by the dialplan"),
                None => return self.gone(now, order, id.clone()),
            }
        }
        self.done(now, order);
        self.part(now, &caller, &agent);
        self.part(now, &agent, &caller);
    }

    /// Moved for a join that did not come about: back in hand, and silent.
    fn unsettle(&mut self, now: Moment, id: &LegId) {
        let Some(leg) = self.legs.get_mut(id).filter(|l| l.state == State::InHand) else { return };
        leg.music = false;
        let when = now + self.chance.within(self.pace.part);
        let slot = self.agenda.write(when, Due::Parted { leg: id.clone() });
        self.keep(id, slot);
        self.cut_plays(now, id);
    }

    pub(super) fn join_ended(&mut self, now: Moment, caller: LegId, agent: LegId) {
        for (id, other) in [(&caller, &agent), (&agent, &caller)] {
            // One side went, or was taken elsewhere, in between: that has parted the other.
            if !matches!(self.legs.get(id).map(|l| &l.state), Some(State::Joining(with)) if with == other) {
                return;
            }
        }
        for (id, other) in [(&caller, &agent), (&agent, &caller)] {
            let Some(leg) = self.legs.get_mut(id) else { return };
            leg.state = State::Joined(other.clone());
            let habit = leg.station.clone().and_then(|s| self.phone(&s)).map(|phone| phone.habit);
            let Some(leg) = self.legs.get_mut(id) else { return };
            let talks = match habit {
                Some(Habit::Answers { talks, .. }) => talks.map(|span| self.chance.within(span)),
                Some(Habit::Rings | Habit::Rejects { .. } | Habit::Busy | Habit::Unreachable) => None,
                None => leg.talks,
            };
            if let Some(talks) = talks {
                let due = Due::TalkEnds { leg: id.clone() };
                leg.talk_timer = Some(self.agenda.write(now + talks, due));
            }
            if let Some(Place::Dialled { longest, .. }) = leg.tags.as_ref().map(|tags| &tags.place) {
                let due = Due::LongestOver { leg: id.clone() };
                leg.longest_timer = Some(self.agenda.write(now + *longest + HANDS_LAST, due));
            }
        }
        self.tell(now, Input::LegsJoined { a: caller, b: agent });
    }

    fn hang_up(&mut self, now: Moment, order: u64, id: LegId) {
        let Some(leg) = self.legs.get(&id) else { return self.gone(now, order, id) };
        let cause = match leg.state {
            State::Ringing { .. } => Gone::Failed(Failure::Withdrawn),
            State::InHand | State::Joining(_) | State::Joined(_) | State::Fallback => Gone::HungUp,
        };
        self.done(now, order);
        self.end(now, &id, cause);
    }
}
