//! Recovery: a start with what the journal knew, and the comparison with what the switch says, after every
//! start and every reconnect.
//!
//! The switch is the store of live calls. An event wins over a list (the driver sees to that), and nothing is
//! declared dead before a second, single look.

use std::collections::{BTreeMap, BTreeSet};

use super::agent::{Agent, Told, Work};
use super::announcing::Announcing;
use super::call::{Call, Offer, QueuePlace, Stage};
use super::core::{Core, LegOf, RING_GRACE};
use super::effect::{Act, HangUpCause};
use super::fact::{EndedBy, Fact, OfferEnd, Outcome};
use super::held_line::LINE_RINGS_FOR;
use super::ids::*;
use super::input::{Failure, LegSeen, LegUp, Line};
use super::known::{Known, KnownCall, KnownOffer};
use super::outside::Asking;
use super::rings::Rings;
use super::tag::Place;
use super::timer::Timer;
use crate::calendar::Moment;
use crate::dialplan::{Centre, Language, Walk, When};

impl Core {
    pub(super) fn started(
        &mut self,
        now: Moment,
        epoch: Epoch,
        version: &VersionHash,
        switches: BTreeSet<SwitchName>,
        known: Known,
    ) {
        self.epoch = epoch;
        self.links = switches.into_iter().map(|switch| (switch, false)).collect();
        self.version = self.shelf.get(version).cloned();
        self.fact(Fact::ControllerStarted { epoch, version: version.clone() });
        let Some(plan) = self.version.clone() else { return };
        for (name, known) in known.agents {
            let line = self.line_outside(&name, &known.switch, &known.station);
            let agent = Agent {
                name: name.clone(),
                station: known.station,
                switch: known.switch.clone(),
                queues: known.queues,
                skills: known.skills,
                auto_answer: known.auto_answer,
                presence: known.presence,
                work: known.work,
                line: line.unwrap_or(Line::Unknown),
                leg: None,
                held: known.held,
                line_busy: false,
                told: Told::default(),
                counted_on: None,
                in_vain: None,
                served: known.served,
                disposed: known.disposed,
                breaks: known.breaks,
                // The loop says so before a switch does that somebody may be rung.
                elsewhere: None,
                dismissed: known.dismissed,
            };
            self.links.entry(known.switch).or_insert(false);
            match &agent.work {
                Work::WrappingUp { until: Some(until), .. } => {
                    self.timers.set(Timer::WrapUpDue(name.clone()), (*until).max(now));
                }
                Work::WrappingUp { until: None, .. }
                | Work::Nothing { .. }
                | Work::Ringing { .. }
                | Work::Connecting { .. }
                | Work::Talking { .. }
                | Work::Dialling { .. } => {}
            }
            if let super::agent::Presence::Missed { until: Some(until), .. } = &agent.presence {
                self.timers.set(Timer::RestDue(name.clone()), (*until).max(now));
            }
            if let Some(leg) = agent.held.leg() {
                self.legs.insert(leg.clone(), LegOf::Agent(name.clone()));
                self.timers.set(Timer::LineDue(name.clone()), now + LINE_RINGS_FOR);
            }
            self.agents.insert(name.clone(), agent);
            self.index_agent(&name);
        }
        for (id, known) in known.calls {
            self.remember_call(now, id, known, &plan);
        }
        self.loans = known.loans;
        self.emergency = known.emergency;
        self.emergency_follows_version();
        self.emergency_ends_moved(now);
        self.dialled = known.dialled;
        for dial in known.dials.into_values() {
            self.remember_dial(now, dial);
        }
        for reach in known.reaches.into_values() {
            self.remember_reach(now, reach);
        }
        self.asked = known.asked;
        for promise in known.promises.into_values() {
            self.remember_promise(now, promise);
        }
        self.remember_who_is_counted_on();
        self.drop_orphaned_work(now);
    }

    /// A call as the journal knew it. Whether it still lives is the first snapshot's to say.
    fn remember_call(&mut self, now: Moment, id: CallId, known: KnownCall, today: &std::sync::Arc<Centre>) {
        let plan = self.shelf.get(&known.version).unwrap_or(today).clone();
        let language: Language = known.language.parse().unwrap_or_else(|_| plan.first_language());
        let step = known.step.clone().or_else(|| plan.start_of(&known.to).cloned());
        // Asleep in its step: the snapshot begins the step of a call in the dialplan anew, and in no other.
        let walk = step
            .and_then(|step| Walk::asleep(plan, &step, language, known.keyed.clone()))
            .or_else(|| Walk::begin(today.clone(), &known.to, now).map(|(walk, _)| walk));
        let Some(walk) = walk else {
            self.fact(Fact::CallEnded { call: id, outcome: Outcome::EndedUnseen, by: EndedBy::Unseen });
            return;
        };
        let place = known.queued.as_ref().map(|queued| QueuePlace {
            queue: queued.queue.clone(),
            joined: queued.joined,
            credit: queued.credit,
            needs: queued.needs.clone(),
            in_force: Vec::new(),
            prefer: queued.prefer.clone(),
            agents: queued.agents.clone(),
            kept_for: Vec::new(),
            // Who is called back waits for an agent, whatever the step says of callers.
            otherwise: if known.keeps.is_some() { Vec::new() } else { exits_of(&walk, &queued.queue) },
            told: Announcing { until: now, ..Announcing::default() },
            is_over: false,
        });
        let mut stage = Stage::InDialplan { playing: None };
        if let Some((outcome, by)) = known.ending {
            stage = Stage::Ending { outcome, by };
        } else if let Some((agent, leg, since)) = &known.talking {
            let queue = known.talked_for.clone().unwrap_or_else(|| QueueName::new(""));
            self.adopt_leg(agent, leg);
            stage =
                Stage::Talking { queue, agent: agent.clone(), agent_leg: leg.clone(), since: *since, hold: known.held };
        } else if let Some(outside) = known.outside {
            self.remember_transfer(now, id, &known.switch, &outside);
            stage = Stage::Outside(outside);
        } else if let Some(place) = place {
            let rank = (place.rank(), id);
            // Nobody is sought for it before the first snapshot.
            let line = place.line(&known.switch);
            self.index_of(&place.queue).set_aside(rank, &line);
            let answered = known.offers.iter().find(|offer| offer.answered).map(|offer| offer.offer);
            let rings = Rings::of_all(known.offers.iter().map(|offer| offer.offer));
            stage = match answered {
                Some(offer) => Stage::Connecting { place, offer },
                None => Stage::Waiting { place, rings, doubt: false },
            };
            if known.offers.len() > 1 {
                self.together.insert(id);
            }
            for offer in known.offers {
                self.remember_offer(now, id, offer);
            }
        }
        self.links.entry(known.switch.clone()).or_insert(false);
        self.legs.insert(known.leg.clone(), LegOf::Caller(id));
        let answered = !matches!(stage, Stage::InDialplan { .. });
        self.calls.insert(
            id,
            Call {
                id,
                switch: known.switch,
                leg: known.leg,
                from: known.from,
                name: known.name,
                to: known.to,
                arrived: known.arrived,
                step_since: known.step_since,
                walk,
                knows: known.knows,
                answered,
                waited: known.waited,
                promise: known.promise,
                keeps: known.keeps,
                warned: known.warned,
                hears: None,
                doors: (now, 0),
                station: None,
                asked: known.asked,
                served: known.talked_for.is_some(),
                passed: known.passed,
                keypad: None,
                stage,
            },
        );
    }

    fn remember_offer(&mut self, now: Moment, call: CallId, known: KnownOffer) {
        let KnownOffer { offer: id, agent, switch, leg, until, picked_up, answered } = known;
        let asking = (picked_up && !answered).then(Asking::default);
        self.adopt_leg(&agent, &leg);
        self.timers.set(Timer::OfferDue(id), until.max(now) + RING_GRACE);
        self.offers.insert(id, Offer { id, call, agent, switch, leg, until, asking });
    }

    pub(super) fn adopt_leg(&mut self, agent: &AgentName, leg: &LegId) {
        self.legs.insert(leg.clone(), LegOf::Agent(agent.clone()));
        if let Some(agent) = self.agents.get_mut(agent).filter(|agent| agent.held.leg() != Some(leg)) {
            agent.leg = Some(leg.clone());
        }
    }

    /// Agents whose call the journal does not know (its tail was torn): free again, rather than stuck for ever.
    fn drop_orphaned_work(&mut self, now: Moment) {
        let orphans: Vec<AgentName> = self
            .agents
            .values()
            .filter(|agent| match &agent.work {
                Work::Ringing { offer, .. } | Work::Connecting { offer, .. } => !self.offers.contains_key(offer),
                Work::Talking { call, .. } => !self.calls.contains_key(call),
                Work::Dialling { call, .. } => !self.dials.contains_key(call),
                Work::Nothing { .. } | Work::WrappingUp { .. } => false,
            })
            .map(|agent| agent.name.clone())
            .collect();
        for name in orphans {
            self.healed(None, Some(name.clone()), "the journal did not know the call in hand");
            self.change_agent(&name, |agent| agent.work = Work::Nothing { since: now });
        }
    }

    pub(super) fn link_lost(&mut self, _now: Moment, switch: &SwitchName) {
        if self.links.insert(switch.clone(), false) == Some(true) {
            self.fact(Fact::LinkChanged { switch: switch.clone(), up: false });
        }
        self.touch_agents_of(switch);
    }

    /// Whether they are free depends on the link: settled at the end of the input.
    fn touch_agents_of(&mut self, switch: &SwitchName) {
        let names: Vec<AgentName> =
            self.agents.values().filter(|agent| agent.switch == *switch).map(|agent| agent.name.clone()).collect();
        for name in names {
            self.change_agent(&name, |_| {});
        }
    }

    pub(super) fn snapshot_taken(&mut self, now: Moment, switch: &SwitchName, legs: Vec<LegSeen>) {
        if self.links.insert(switch.clone(), true) != Some(true) {
            self.fact(Fact::LinkChanged { switch: switch.clone(), up: true });
        }
        self.touch_agents_of(switch);
        let seen: BTreeMap<LegId, LegSeen> = legs.into_iter().map(|seen| (seen.leg.clone(), seen)).collect();
        let ours: Vec<CallId> = self.calls.values().filter(|call| call.switch == *switch).map(|call| call.id).collect();
        for call in ours {
            let Some(leg) = self.calls.get(&call).map(|call| call.leg.clone()) else { continue };
            match seen.get(&leg) {
                Some(caller) => self.compare_call(now, call, caller, &seen),
                // In doubt until the second look: it keeps its place, and nobody is rung for it.
                None => {
                    self.doubt(now, call);
                    // What befell the phones is not compared without the caller, so they are looked at too.
                    let phones = self.calls.get(&call).map(|of| self.agent_legs_of(of)).unwrap_or_default();
                    for phone in phones {
                        self.look_at(now, switch, phone);
                    }
                }
            }
        }
        self.compare_dials(now, switch, &seen);
        self.compare_reaches(now, switch, &seen);
        self.compare_agent_legs(now, switch, &seen);
        for stranger in seen.values().filter(|seen| !self.legs.contains_key(&seen.leg)).cloned().collect::<Vec<_>>() {
            self.found(now, switch, stranger);
        }
    }

    /// The phones that ring for a call, or the one that talks in it, or the number that it was sent to.
    fn agent_legs_of(&self, call: &Call) -> Vec<LegId> {
        match &call.stage {
            Stage::Talking { agent_leg, .. } => return vec![agent_leg.clone()],
            Stage::Outside(outside) => return vec![outside.leg.clone()],
            Stage::InDialplan { .. } | Stage::Waiting { .. } | Stage::Connecting { .. } | Stage::Ending { .. } => {}
        }
        call.offers().filter_map(|offer| Some(self.offers.get(&offer)?.leg.clone())).collect()
    }

    fn compare_call(&mut self, now: Moment, call: CallId, caller: &LegSeen, seen: &BTreeMap<LegId, LegSeen>) {
        let Some(of) = self.calls.get(&call) else { return };
        let (switch, stage) = (of.switch.clone(), of.stage.clone());
        let agent_legs = self.agent_legs_of(of);
        if let Stage::Ending { .. } = stage {
            // Whoever they are still joined with: it is over, and nobody else hangs them up.
            return self.hang_up(now, &switch, caller.leg.clone(), HangUpCause::Normal);
        }
        if let Some(joined) = &caller.joined_with {
            if agent_legs.contains(joined) {
                // Joined while we were away, or talking all along.
                self.legs_joined(now, &caller.leg, joined);
                return;
            }
            let phone = seen.get(joined);
            if phone.is_some_and(|phone| self.found_talking(now, call, phone)) {
                return;
            }
            if !phone.is_some_and(|phone| self.is_passed_on_from(now, call, phone)) {
                return self.talks_with_a_stranger(call, joined);
            }
        } else if !caller.in_hand {
            if caller.up == LegUp::Ringing {
                return;
            }
            self.healed(Some(call), None, "the switch's own dialplan took the caller while we were away");
            self.let_go(now, call);
            return;
        }
        if caller.joined_with.is_none() {
            self.timers.stop(&Timer::ComesAway(call));
        }
        match stage {
            // Begins when the caller has come away.
            Stage::InDialplan { .. } if caller.joined_with.is_some() => {}
            Stage::InDialplan { .. } => {
                if !self.place_from_channel(now, call, caller) {
                    self.begin_step_anew(now, call);
                }
            }
            Stage::Waiting { .. } => {
                self.tag_waiting(now, call);
                self.rules_of_waiting_again(now, call);
                self.lives_again(now, call);
                // The first that was picked up meanwhile has the call, and its pick-up ends the other rings.
                for leg in agent_legs {
                    match seen.get(&leg).map(|phone| phone.up) {
                        Some(LegUp::Up) => self.leg_answered(now, &leg),
                        Some(LegUp::Ringing) => {}
                        None => self.look_at(now, &switch, leg),
                    }
                }
            }
            Stage::Connecting { offer, .. } => match self.offers.get(&offer).cloned() {
                Some(offer) if seen.contains_key(&offer.leg) => {
                    self.connect(now, call, offer.id, &offer.agent, &offer.leg);
                }
                Some(offer) => self.look_at(now, &switch, offer.leg),
                None => {}
            },
            Stage::Talking { agent_leg, hold: Some(_), .. } => {
                self.held_apart(now, call);
                if !seen.contains_key(&agent_leg) {
                    self.look_at(now, &switch, agent_leg);
                }
            }
            Stage::Talking { agent_leg, hold: None, .. } if seen.contains_key(&agent_leg) => {
                self.healed(Some(call), None, "caller and agent were apart after we were away: joined again");
                self.order(now, &switch, Act::Connect { caller: caller.leg.clone(), agent: agent_leg }, None);
            }
            Stage::Talking { hold: None, .. } if self.passed_on_as_channel_says(now, call, caller) => {}
            Stage::Talking { agent_leg, hold: None, .. } => self.look_at(now, &switch, agent_leg),
            Stage::Outside(outside) => self.transfer_lives(now, call, seen.get(&outside.leg)),
            // Hung up above.
            Stage::Ending { .. } => {}
        }
    }

    /// The end of the journal may have been lost with the machine, the channel has not: it says that this call
    /// of ours came to wait after all that we know of it.
    pub(super) fn place_from_channel(&mut self, now: Moment, call: CallId, seen: &LegSeen) -> bool {
        let Some(tags) = seen.tags.as_ref().filter(|tags| tags.centre == self.centre && tags.call == call) else {
            return false;
        };
        let Place::Waiting { queue, joined, credit, .. } = &tags.place else { return false };
        // The place of a promise is older than the call that keeps it.
        if self.calls.get(&call).is_none_or(|of| of.keeps.is_none() && *joined <= of.step_since) {
            return false;
        }
        let Some(of) = self.calls.get(&call) else { return false };
        let (to, keyed) = (of.to.clone(), of.walk.keyed().clone());
        let Some((walk, _)) = self.resume_at(now, &to, &tags.place, keyed) else { return false };
        let before = self.calls.get_mut(&call).map(|of| std::mem::replace(&mut of.walk, walk));
        let taken = self.take_place_back(now, call, queue, *joined, *credit);
        if let (false, Some(of), Some(before)) = (taken, self.calls.get_mut(&call), before) {
            of.walk = before;
        }
        taken
    }

    fn lives_again(&mut self, now: Moment, call: CallId) {
        if let Some(Call { stage: Stage::Waiting { doubt, .. }, .. }) = self.calls.get_mut(&call) {
            *doubt = false;
        }
        self.music_again(now, call);
        self.seek(now, call);
    }

    fn look_at(&mut self, now: Moment, switch: &SwitchName, leg: LegId) {
        self.order(now, switch, Act::Look { leg }, None);
    }

    /// The switch serves this caller itself now: over for us, without touching the leg.
    fn let_go(&mut self, now: Moment, call: CallId) {
        self.ended_unseen(now, call);
    }

    /// Phones of ours: rung for nobody any more, or gone.
    fn compare_agent_legs(&mut self, now: Moment, switch: &SwitchName, seen: &BTreeMap<LegId, LegSeen>) {
        let held: Vec<(AgentName, LegId, bool)> = self
            .agents
            .values()
            .filter(|agent| agent.switch == *switch)
            .filter_map(|agent| {
                let busy = !matches!(agent.work, Work::Nothing { .. } | Work::WrappingUp { .. });
                Some((agent.name.clone(), agent.leg.clone()?, busy))
            })
            .collect();
        self.compare_lines(now, switch, seen);
        for (_, leg, busy) in held {
            match seen.get(&leg) {
                Some(_) if !busy => self.hang_up(now, switch, leg, HangUpCause::Normal),
                Some(_) => {}
                None => self.look_at(now, switch, leg),
            }
        }
    }

    /// Lines that are held open stay, and stay quiet.
    fn compare_lines(&mut self, now: Moment, switch: &SwitchName, seen: &BTreeMap<LegId, LegSeen>) {
        let lines = self.agents.values().filter(|agent| agent.switch == *switch);
        let lines: Vec<_> = lines.filter_map(|agent| Some((agent.name.clone(), agent.held.leg()?.clone()))).collect();
        for (name, leg) in lines {
            match seen.get(&leg) {
                Some(seen) => self.line_lives(now, &name, seen),
                None => self.look_at(now, switch, leg),
            }
        }
    }

    /// A leg that nobody here knows.
    fn found(&mut self, now: Moment, switch: &SwitchName, seen: LegSeen) {
        let centre = self.centre.clone();
        let tagged = seen.tags.as_ref().filter(|tags| tags.centre == centre);
        if !seen.inbound {
            // A phone that we rang in a life nobody remembers; joined to a caller it is left to them.
            if tagged.is_some() && seen.joined_with.is_none() {
                self.healed(None, None, format!("leg {} was rung for an offer nobody knows: hung up", seen.leg));
                self.order(now, switch, Act::HangUp { leg: seen.leg.clone(), cause: HangUpCause::Normal }, None);
                self.timers.stop(&Timer::HangUpDue(seen.leg));
            }
            return;
        }
        if !seen.in_hand {
            return;
        }
        let place = tagged.map(|tags| tags.place.clone());
        self.take_in(now, switch, &seen.leg, seen.from, seen.name, seen.to, None, Some(place));
    }

    pub(super) fn leg_looked_at(&mut self, now: Moment, switch: &SwitchName, leg: &LegId, seen: Option<LegSeen>) {
        if !self.is_up(switch) {
            return;
        }
        match (self.legs.get(leg).cloned(), seen) {
            (Some(LegOf::Caller(call)), None) => self.ended_unseen(now, call),
            (Some(LegOf::Caller(call)), Some(seen)) => self.caller_lives(now, call, &seen),
            (Some(LegOf::Agent(agent)), Some(seen)) => self.phone_lives(now, &agent, &seen),
            (Some(LegOf::Agent(agent)), None) => {
                if let Some(offer) = self.offer_of_leg(leg).map(|offer| offer.id) {
                    let line = self.at_held_line(leg);
                    self.leg_gone(leg);
                    if let Some(name) = line {
                        self.line_down(now, &name, Failure::Unreachable);
                    }
                    self.offer_lost(now, offer, OfferEnd::Unseen);
                } else {
                    self.agent_leg_hung_up(now, leg, &agent, EndedBy::Unseen);
                }
            }
            (Some(LegOf::Outside { call, .. }), Some(seen)) => self.outside_lives(now, call, &seen),
            (Some(LegOf::Outside { call, .. }), None) => self.outside_gone(now, leg, call, &EndedBy::Unseen),
            (None, Some(_) | None) => {}
        }
    }

    /// A caller whom the list had missed, or whom we doubted. A joining under way is told when it is done.
    fn caller_lives(&mut self, now: Moment, call: CallId, seen: &LegSeen) {
        if self.came_away_as_seen(now, call, seen) {
            return;
        }
        let Some(of) = self.calls.get(&call) else { return };
        match &of.stage {
            Stage::InDialplan { .. } if seen.in_hand => {
                if !self.place_from_channel(now, call, seen) {
                    self.begin_step_anew(now, call);
                }
            }
            Stage::Waiting { .. } => match &seen.joined_with {
                Some(joined) => self.legs_joined(now, &seen.leg, joined),
                None => self.lives(now, call),
            },
            Stage::Talking { hold: Some(_), .. } => self.held_caller_lives(now, call, seen),
            Stage::Outside(outside) => {
                let leg = outside.leg.clone();
                if seen.joined_with.as_ref() == Some(&leg) {
                    self.transfer_joined(now, call, &leg);
                } else if seen.in_hand {
                    self.transfer_lives(now, call, None);
                }
            }
            Stage::InDialplan { .. } | Stage::Connecting { .. } | Stage::Talking { hold: None, .. } => {}
            Stage::Ending { .. } => {
                let switch = of.switch.clone();
                self.hang_up(now, &switch, seen.leg.clone(), HangUpCause::Normal);
            }
        }
    }

    /// A phone of ours that the list had missed, or that is slow to go.
    fn phone_lives(&mut self, now: Moment, agent: &AgentName, seen: &LegSeen) {
        let Some((switch, work)) = self.agents.get(agent).map(|agent| (agent.switch.clone(), agent.work.clone()))
        else {
            return;
        };
        let offer = self.offer_of_leg(&seen.leg).cloned();
        if self.at_held_line(&seen.leg).is_some() {
            self.line_lives(now, agent, seen);
        }
        match (work, offer) {
            (Work::Nothing { .. } | Work::WrappingUp { .. }, _) if self.at_held_line(&seen.leg).is_some() => {}
            (Work::Ringing { .. } | Work::Connecting { .. }, Some(offer)) => match &seen.joined_with {
                Some(joined) => self.legs_joined(now, &seen.leg, joined),
                None if !seen.in_hand => {}
                None if matches!(self.calls.get(&offer.call).map(|of| &of.stage), Some(Stage::Connecting { .. })) => {
                    self.connect(now, offer.call, offer.id, &offer.agent, &offer.leg);
                }
                None => self.leg_answered(now, &seen.leg),
            },
            (Work::Talking { call, hold: None, .. }, _) if seen.in_hand => {
                let Some(Call { leg: caller, stage: Stage::Talking { agent_leg, .. }, .. }) = self.calls.get(&call)
                else {
                    return;
                };
                if *agent_leg == seen.leg {
                    let (caller, agent) = (caller.clone(), agent_leg.clone());
                    self.healed(Some(call), None, "caller and agent were apart after we were away: joined again");
                    self.order(now, &switch, Act::Connect { caller, agent }, None);
                }
            }
            (Work::Talking { .. }, _) => {}
            (Work::Dialling { call, .. }, _) => self.agent_of_dial_lives(now, call, seen),
            (Work::Nothing { .. } | Work::WrappingUp { .. } | Work::Ringing { .. } | Work::Connecting { .. }, _) => {
                self.hang_up(now, &switch, seen.leg.clone(), HangUpCause::Normal)
            }
        }
    }
}

/// The `otherwise` of the queue action of this step, read again from the plan.
fn exits_of(walk: &Walk, queue: &QueueName) -> Vec<(When, StepName)> {
    walk.to_queue(queue).map(|to| to.entry.otherwise.clone()).unwrap_or_default()
}
