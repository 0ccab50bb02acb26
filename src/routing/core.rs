//! The core itself: its state, the way in, and the bookkeeping that every part of it uses.
//!
//! What happens on each input is in the file named after it: `walking`, `matching`, `offering`, `connecting`,
//! `people`, `recovery`, `rings`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::agent::{Agent, AgentState, Idle, Presence, Work};
use super::call::{Call, Offer, Stage};
use super::dial::{Counted, Dial};
use super::effect::{Act, Effect};
use super::emergency::SwitchedOn;
use super::fact::{Fact, SwitchedOff};
use super::ids::*;
use super::index::QueueIndex;
use super::input::{Abilities, Input, Line, Returned};
use super::lending::{Loan, Shared};
use super::people::{Login, Refused};
use super::promise::{Asked, Broken, Promise};
use super::promising::Wanted;
use super::reaching::Reach;
use super::tag::{Place, Tags};
use super::timer::{Timer, Timers};
use super::why::Why;
use crate::calendar::Moment;
use crate::dialplan::{Centre, Heard, Key};

/// How long a switch has to answer an order. Measured orders take 1-5 ms, 100 ms on a silent channel.
pub const ORDER_WITHIN: Duration = Duration::from_secs(3);
/// The longest prompt waited for; ten minutes is no prompt.
pub const PLAY_WITHIN: Duration = Duration::from_secs(600);
/// How much longer than `ring_for` we wait for the switch to say that nobody answered.
pub const RING_GRACE: Duration = Duration::from_secs(3);
/// From a pick-up to both hearing each other; measured 3-9 ms, 60 ms on FreeSWITCH.
pub const CONNECT_WITHIN: Duration = Duration::from_secs(2);
/// A talking call came apart: the hang-up that explains it follows within 5 ms, 112 ms when it was lost and healed.
pub const PARTED_WITHIN: Duration = Duration::from_millis(200);
/// From our hang-up to the leg being gone.
pub const HANG_UP_WITHIN: Duration = Duration::from_secs(5);
/// While a switch is out of reach its timers wait in steps of this.
pub const FROZEN_STEP: Duration = Duration::from_secs(1);

/// What came of one input.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Handled {
    pub effects: Vec<Effect>,
    pub facts: Vec<Fact>,
    /// A person asked for what cannot be; nothing was changed.
    pub refused: Option<Refused>,
    /// Agents to whom something happened: of those whom others share, the others are told.
    pub moved: Vec<AgentName>,
}

/// Whose a leg is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum LegOf {
    Caller(CallId),
    Agent(AgentName),
    /// A number that was dialled. It knows its switch, because it may outlive its dial until it is gone.
    Outside {
        call: CallId,
        switch: SwitchName,
    },
}

/// One centre. One value, owned by one task.
#[derive(Clone, Debug)]
pub struct Core {
    pub(super) centre: CentreName,
    pub(super) epoch: Epoch,
    pub(super) shelf: BTreeMap<VersionHash, Arc<Centre>>,
    pub(super) version: Option<Arc<Centre>>,
    pub(super) links: BTreeMap<SwitchName, bool>,
    /// What each switch has said that it can do.
    pub(super) abilities: BTreeMap<SwitchName, Abilities>,
    pub(super) calls: BTreeMap<CallId, Call>,
    pub(super) agents: BTreeMap<AgentName, Agent>,
    pub(super) offers: BTreeMap<OfferId, Offer>,
    /// Calls for which two phones or more ring, and some for which they did.
    pub(super) together: BTreeSet<CallId>,
    pub(super) dials: BTreeMap<CallId, Dial>,
    /// Numbers that ring for promises, before an agent is rung.
    pub(super) reaches: BTreeMap<CallId, Reach>,
    /// Call-backs that are owed.
    pub(super) promises: BTreeMap<CallId, Promise>,
    /// Those that were asked for in the last hour by a request with a name.
    pub(super) asked: VecDeque<Asked>,
    /// When numbers were dialled in the last hour: what the caps are counted by.
    pub(super) dialled: VecDeque<Counted>,
    /// Queues that are lent to people of other centres.
    pub(super) loans: BTreeMap<AgentName, Loan>,
    /// What the loop has told of those whom several centres share, ours and guests.
    pub(super) shared: BTreeMap<AgentName, Shared>,
    /// The emergency messages that are on.
    pub(super) emergency: BTreeMap<MessageName, SwitchedOn>,
    pub(super) legs: BTreeMap<LegId, LegOf>,
    pub(super) queues: BTreeMap<QueueName, QueueIndex>,
    /// Who stands in the queues' indexes as logged in, and as what who is free.
    pub(super) indexed: BTreeMap<AgentName, Option<Idle>>,
    /// Waiting calls whose caller knows an agent whom their queue prefers.
    pub(super) expected: BTreeMap<AgentName, BTreeSet<CallId>>,
    pub(super) lines: BTreeMap<(SwitchName, StationAddress), Line>,
    pub(super) timers: Timers,
    /// What the wall clock has been set on since the start: opening hours are read by it, timers are not.
    pub(super) wall_ms: i64,
    /// What an effect was for, where its result matters.
    pub(super) owed: BTreeMap<EffectId, Owed>,
    pub(super) next_call: u32,
    pub(super) next_offer: u32,
    pub(super) next_effect: u32,

    // Of the input being handled; empty between two.
    pub(super) out: Handled,
    pub(super) by: Option<AgentName>,
    pub(super) why: Option<Why>,
    /// Agents that something was done to: their place in the indexes and their fact are settled at the end.
    pub(super) touched: BTreeMap<AgentName, (Presence, Work, AgentState)>,
    pub(super) freed: BTreeSet<AgentName>,
    pub(super) seeking: BTreeSet<CallId>,
    /// Queues that an agent has left.
    pub(super) thinned: BTreeSet<QueueName>,
}

/// Effects whose result decides something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Owed {
    Play(CallId),
    Ring(OfferId),
    RingDial(LegId),
    RingLine(AgentName),
    Tone(OfferId),
    PickUp(OfferId),
    Question(OfferId),
    Connect(CallId, OfferId),
    Part(CallId),
    HangUp(LegId),
}

/// What the core keeps besides calls and agents, counted: nothing of it may outlive the calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Kept {
    pub legs: usize,
    pub offers: usize,
    /// Effects whose result is still awaited.
    pub owed: usize,
    pub places: usize,
    /// Agents for whom calls are kept, or may be.
    pub expected: usize,
    pub timers: usize,
}

impl Kept {
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl Core {
    /// Nobody on the floor, no switch in reach, no plan: [`Input::Started`] is the first thing it must be told.
    pub fn new(centre: CentreName) -> Self {
        Self {
            centre,
            epoch: Epoch::default(),
            shelf: BTreeMap::new(),
            version: None,
            links: BTreeMap::new(),
            abilities: BTreeMap::new(),
            calls: BTreeMap::new(),
            agents: BTreeMap::new(),
            offers: BTreeMap::new(),
            together: BTreeSet::new(),
            dials: BTreeMap::new(),
            reaches: BTreeMap::new(),
            promises: BTreeMap::new(),
            asked: VecDeque::new(),
            dialled: VecDeque::new(),
            loans: BTreeMap::new(),
            shared: BTreeMap::new(),
            emergency: BTreeMap::new(),
            legs: BTreeMap::new(),
            queues: BTreeMap::new(),
            indexed: BTreeMap::new(),
            expected: BTreeMap::new(),
            lines: BTreeMap::new(),
            timers: Timers::default(),
            wall_ms: 0,
            owed: BTreeMap::new(),
            next_call: 0,
            next_offer: 0,
            next_effect: 0,
            out: Handled::default(),
            by: None,
            why: None,
            touched: BTreeMap::new(),
            freed: BTreeSet::new(),
            seeking: BTreeSet::new(),
            thinned: BTreeSet::new(),
        }
    }

    /// Hand over a published version, so that inputs can name it by its hash. Changes nothing by itself.
    pub fn shelve(&mut self, centre: Arc<Centre>) {
        self.shelf.insert(centre.version.clone(), centre);
    }

    /// When [`Input::TimeCame`] is due at the latest.
    pub fn next_wakeup(&self) -> Option<Moment> {
        self.timers.next()
    }

    /// Whether the result of this effect decides anything. That another was done may be kept from the core.
    pub fn awaits(&self, effect: EffectId) -> bool {
        self.owed.contains_key(&effect)
    }

    /// For health pages and laws: a count that grows from day to day is a leak.
    pub fn kept(&self) -> Kept {
        Kept {
            legs: self.legs.len(),
            offers: self.offers.len(),
            owed: self.owed.len(),
            places: self.queues.values().map(QueueIndex::places).sum(),
            expected: self.expected.len(),
            timers: self.timers.len(),
        }
    }

    /// The only way in. Never panics on any input; the same inputs give the same answers.
    pub fn handle(&mut self, now: Moment, input: Input) -> Handled {
        self.dispatch(now, input);
        if self.by.is_some() && self.timers.next().is_some_and(|due| due <= now) {
            // What comes about by the clock at the same moment nobody has asked for.
            self.settle_agents(now);
            self.by = None;
            self.why = None;
        }
        self.run_timers(now);
        self.settle(now);
        std::mem::take(&mut self.out)
    }

    fn dispatch(&mut self, now: Moment, input: Input) {
        match input {
            Input::Started { epoch, version, switches, known } => self.started(now, epoch, &version, switches, *known),
            Input::VersionPublished { version } => self.version_published(now, &version),
            Input::CallerArrived { switch, leg, from, name, to, station } => {
                self.caller_arrived(now, &switch, &leg, from, name, to, station);
            }
            Input::KeypadAnswered { call, wish, how } => self.keypad_answered(now, call, &wish, how),
            Input::CallerKnown { call, agents } => self.caller_known(now, call, agents),
            Input::LegRinging { leg } => self.leg_ringing(&leg),
            Input::LegAnswered { leg } => self.leg_answered(now, &leg),
            Input::LegFailed { leg, why } => self.leg_failed(now, &leg, why),
            Input::LegHungUp { leg } => self.leg_hung_up(now, &leg),
            Input::KeyWithheld { leg, ends } => self.key_withheld(now, &leg, ends),
            // From whoever runs us and does not keep back what it should.
            Input::KeyPressed { leg, key } if self.withholds(&leg).is_some() => {
                self.key_withheld(now, &leg, key == Key::Hash);
            }
            Input::KeyPressed { leg, key } => match self.legs.get(&leg) {
                Some(LegOf::Caller(call)) => {
                    let call = *call;
                    // The key by which somebody leaves the queue is no answer to what they are asked then.
                    if matches!(self.calls.get(&call).map(|of| &of.stage), Some(Stage::Waiting { .. })) {
                        self.key_while_waiting(now, call, key);
                    } else {
                        self.walk_on(now, call, Heard::Key(key));
                    }
                }
                Some(LegOf::Agent(_)) => self.agent_pressed(now, &leg, key),
                Some(LegOf::Outside { .. }) | None => {}
            },
            Input::LegsJoined { a, b } => self.legs_joined(now, &a, &b),
            Input::LegParted { leg } => self.leg_parted(now, &leg),
            Input::StationChanged { switch, station, line } => self.station_changed(now, switch, station, line),
            Input::AbilitiesTold { switch, abilities } => self.abilities_told(switch, abilities),
            Input::EffectReturned { effect, how } => self.effect_returned(now, effect, &how),
            Input::LinkLost { switch } => self.link_lost(now, &switch),
            Input::SnapshotTaken { switch, legs } => self.snapshot_taken(now, &switch, legs),
            Input::LegLookedAt { switch, leg, seen } => self.leg_looked_at(now, &switch, &leg, seen),
            Input::AgentLoggedIn { agent, station, switch, queues, skills, auto_answer, by } => {
                self.by = Some(by.clone());
                let login = Login { agent, station, switch, queues, skills, auto_answer, by };
                self.agent_logged_in(now, login);
            }
            // Guests come and go as their own centre says.
            Input::AgentAssigned { agent, .. }
            | Input::AgentLoggedOut { agent, .. }
            | Input::AgentTookBreak { agent, .. }
            | Input::AgentDismissed { agent, .. }
            | Input::AgentDialled { agent, .. }
                if agent.home().is_some() =>
            {
                self.is_guest(&agent);
            }
            Input::AgentAssigned { agent, queues, skills, by } => {
                self.by = Some(by.clone());
                self.agent_assigned(now, agent, queues, skills, by);
            }
            Input::AgentLoggedOut { agent, by, why } => {
                self.why = why;
                self.by = Some(by.clone());
                self.agent_logged_out(now, &agent, by);
            }
            Input::AgentDismissed { agent, by } => {
                self.by = Some(by.clone());
                self.agent_dismissed(now, &agent, by);
            }
            Input::AgentSaidReady { agent, by, why } => {
                self.why = why;
                self.by = Some(by);
                self.agent_said_ready(now, &agent);
            }
            Input::AgentTookBreak { agent, reason, by, why } => {
                self.why = why;
                self.by = Some(by);
                self.agent_took_break(now, &agent, reason);
            }
            Input::AgentAnswered { agent, by } => {
                self.by = Some(by.clone());
                self.agent_answered(now, &agent, by);
            }
            Input::AgentHeld { agent, by } => {
                self.by = Some(by.clone());
                self.agent_held(now, &agent, by);
            }
            Input::AgentRetrieved { agent, by } => {
                self.by = Some(by.clone());
                self.agent_retrieved(now, &agent, by);
            }
            Input::AgentPassedOn { agent, call, to, by } => {
                self.by = Some(by.clone());
                self.agent_passed_on(now, &agent, call, &to, by);
            }
            Input::AgentDialled { agent, number, by, request } => {
                self.by = Some(by.clone());
                self.agent_dialled(now, &agent, number, by, request);
            }
            Input::CallBackAsked { queue, number, at, agent, of_call, by, request } => {
                self.by = Some(by.clone());
                self.call_back_asked(now, Wanted { queue, number, at, agent, of_call, by, request });
            }
            Input::PromiseCancelled { promise, by } => {
                self.by = Some(by.clone());
                self.promise_cancelled(now, promise, by);
            }
            Input::AgentEndedWrapUp { agent, by, why } => {
                self.why = why;
                self.by = Some(by);
                self.agent_ended_wrap_up(now, &agent);
            }
            Input::AgentDisposed { agent, call, given, by } => {
                self.by = Some(by.clone());
                self.agent_disposed(now, &agent, call, given, by);
            }
            Input::AgentEndedCall { agent, by, why } => {
                self.why = why;
                self.by = Some(by.clone());
                self.agent_ended_call(now, &agent, by);
            }
            Input::QueuesLent { agent, queues, skills, by, why } => {
                self.by = Some(by.clone());
                self.queues_lent(now, agent, Loan { since: now, queues, skills, by, why });
            }
            Input::LoanEnded { agent, by, why } => {
                self.why = why;
                self.by = Some(by.clone());
                self.loan_ended(now, agent, by);
            }
            Input::SharedAgentsTold { news } => self.shared_agents_told(now, news),
            Input::EmergencySwitchedOn { message, until, by, why } => {
                self.emergency_switched_on(now, message, until, by, why);
            }
            Input::EmergencySwitchedOff { message, by, why } => {
                self.emergency_switched_off(message, Some(by), why, SwitchedOff::ByHand);
            }
            Input::TimeCame => {}
            Input::WallClockStepped { by_ms } => {
                self.wall_ms = self.wall_ms.saturating_add(by_ms);
                self.closings_moved(now);
                self.hours_of_promises_moved(now);
                self.emergency_ends_moved(now);
                self.fact(Fact::WallClockStepped { by_ms });
            }
        }
    }

    fn run_timers(&mut self, now: Moment) {
        while let Some(timer) = self.timers.take_due(now) {
            if self.is_frozen(&timer) {
                self.timers.set(timer, now + FROZEN_STEP);
                continue;
            }
            match timer {
                Timer::Dialplan(call) => self.walk_on(now, call, Heard::TimeUp),
                Timer::PlayDue(call) => self.play_overdue(now, call),
                Timer::Keyed(call) => self.keyed_nothing(now, call),
                Timer::QueueExit(call) => self.queue_exit_due(now, call),
                Timer::QueueCloses(call) => self.queue_closes(now, call),
                Timer::Announce(call) => self.announcement_due(now, call),
                Timer::Deserted(queue) => self.deserted(now, &queue),
                Timer::MayBeTaken(call) => self.seek(now, call),
                Timer::CallBackAsked(call) => self.call_back_wanted(now, call),
                Timer::PromiseDue(promise) => self.promise_due(now, promise),
                Timer::PromiseMayBeTaken(promise) => self.seek_for_promise(now, promise),
                Timer::PromiseExpires(promise) => self.break_promise(now, promise, Broken::Expired, None),
                Timer::ReachDue(call) => self.reach_overdue(now, call),
                Timer::DialsAgain => self.promises_stand_anew(now),
                Timer::OfferDue(offer) => self.offer_overdue(now, offer),
                Timer::PickUpDue(offer) => self.pick_up_overdue(offer),
                Timer::AskAgain(offer) => self.ask_again(now, offer),
                Timer::ConnectDue(call) => self.connect_overdue(now, call),
                Timer::PartedDue(call) => self.parted_overdue(now, call),
                Timer::HoldDue(call) => self.hold_overdue(now, call),
                Timer::ComesAway(call) => self.comes_away_overdue(now, call),
                Timer::TransferDue(call) => self.transfer_overdue(now, call),
                Timer::TransferLongest(call) => self.transfer_too_long(now, call),
                Timer::DialDue(call) => self.dial_overdue(now, call),
                Timer::DialLongest(call) => self.dial_too_long(now, call),
                Timer::HangUpDue(leg) => self.hang_up_overdue(now, leg),
                Timer::WrapUpDue(agent) => self.wrap_up_due(now, &agent),
                Timer::LineDue(agent) => self.line_overdue(now, &agent),
                Timer::LineAgain(agent) => self.line_again(&agent),
                Timer::RestDue(agent) => self.rest_over(now, &agent),
                Timer::EmergencyEnds(message) => {
                    self.emergency_switched_off(message, None, None, SwitchedOff::TimeUp);
                }
            }
        }
    }

    /// What a timer would do needs a switch that is out of reach: its snapshot decides first.
    fn is_frozen(&self, timer: &Timer) -> bool {
        let switch = match timer {
            Timer::Dialplan(call)
            | Timer::PlayDue(call)
            | Timer::Keyed(call)
            | Timer::QueueExit(call)
            | Timer::QueueCloses(call)
            | Timer::Announce(call)
            | Timer::MayBeTaken(call)
            | Timer::CallBackAsked(call)
            | Timer::ConnectDue(call)
            | Timer::PartedDue(call)
            | Timer::ComesAway(call)
            | Timer::HoldDue(call) => self.calls.get(call).map(|call| &call.switch),
            Timer::TransferDue(call) | Timer::TransferLongest(call) => self.calls.get(call).map(|call| &call.switch),
            Timer::OfferDue(offer) | Timer::PickUpDue(offer) | Timer::AskAgain(offer) => {
                self.offers.get(offer).map(|offer| &offer.switch)
            }
            Timer::DialDue(call) | Timer::DialLongest(call) => self.dials.get(call).map(|dial| &dial.switch),
            Timer::ReachDue(call) => self.reaches.get(call).map(|reach| &reach.switch),
            Timer::HangUpDue(leg) => self.switch_of_leg(leg),
            Timer::LineDue(agent) | Timer::LineAgain(agent) => self.agents.get(agent).map(|agent| &agent.switch),
            // A deserted queue may have calls of several switches, and asks for each.
            Timer::WrapUpDue(_) | Timer::RestDue(_) | Timer::EmergencyEnds(_) | Timer::Deserted(_) => None,
            // A promise whose switch is away stands in no line that somebody free is in.
            Timer::PromiseDue(_) | Timer::PromiseMayBeTaken(_) | Timer::PromiseExpires(_) | Timer::DialsAgain => None,
        };
        switch.is_some_and(|switch| !self.is_up(switch))
    }

    fn effect_returned(&mut self, now: Moment, effect: EffectId, how: &Returned) {
        let Some(owed) = self.owed.remove(&effect) else { return };
        match owed {
            Owed::Play(call) => self.play_returned(now, call, effect, how),
            Owed::Ring(offer) => self.ring_returned(now, offer, how),
            Owed::RingLine(agent) => self.ring_line_returned(now, &agent, how),
            Owed::Tone(offer) => self.tone_returned(now, offer, how),
            Owed::RingDial(leg) => self.dial_ring_returned(now, &leg, how),
            Owed::PickUp(offer) => self.pick_up_returned(offer, how),
            Owed::Question(offer) => self.question_returned(now, offer, effect, how),
            Owed::Connect(call, offer) => self.connect_returned(now, call, offer, how),
            Owed::Part(call) => self.part_returned(now, call, how),
            Owed::HangUp(leg) => self.hang_up_returned(now, &leg, how),
        }
    }

    // Bookkeeping that every part uses.

    pub(super) fn is_up(&self, switch: &SwitchName) -> bool {
        self.links.get(switch).copied().unwrap_or(false)
    }

    /// The hour by the clock on the wall.
    pub(super) fn wall(&self, now: Moment) -> Moment {
        Moment::from_ms(now.as_ms().saturating_add(self.wall_ms))
    }

    pub(super) fn switch_of_leg(&self, leg: &LegId) -> Option<&SwitchName> {
        match self.legs.get(leg)? {
            LegOf::Caller(call) => self.calls.get(call).map(|call| &call.switch),
            LegOf::Agent(agent) => self.agents.get(agent).map(|agent| &agent.switch),
            LegOf::Outside { switch, .. } => Some(switch),
        }
    }

    /// Nothing is sent to a switch that is out of reach: whatever it was, the snapshot puts it right.
    pub(super) fn order(&mut self, now: Moment, switch: &SwitchName, act: Act, owed: Option<Owed>) -> Option<EffectId> {
        if !self.is_up(switch) {
            return None;
        }
        self.next_effect = self.next_effect.wrapping_add(1);
        let id = EffectId { epoch: self.epoch, number: self.next_effect };
        let within = match &act {
            Act::Play { .. } => PLAY_WITHIN,
            Act::Answer { .. }
            | Act::StopPlay { .. }
            | Act::StartMusic { .. }
            | Act::StartRingback { .. }
            | Act::Ring { .. }
            | Act::PickUp { .. }
            | Act::Connect { .. }
            | Act::Part { .. }
            | Act::HangUp { .. }
            | Act::Tag { .. }
            | Act::Look { .. } => ORDER_WITHIN,
        };
        if let Act::HangUp { leg, .. } = &act {
            self.timers.set(Timer::HangUpDue(leg.clone()), now + HANG_UP_WITHIN);
        }
        if let Some(owed) = owed {
            self.owed.insert(id, owed);
        }
        self.out.effects.push(Effect { id, switch: switch.clone(), act, deadline: now + within });
        Some(id)
    }

    pub(super) fn next_call_id(&mut self) -> CallId {
        self.next_call = self.next_call.wrapping_add(1);
        CallId { epoch: self.epoch, number: self.next_call }
    }

    pub(super) fn fact(&mut self, fact: Fact) {
        self.out.facts.push(fact);
    }

    pub(super) fn healed(&mut self, call: Option<CallId>, agent: Option<AgentName>, what: impl Into<String>) {
        self.fact(Fact::Healed { call, agent, what: what.into() });
    }

    pub(super) fn tags(&self, call: CallId, place: Place) -> Tags {
        Tags { centre: self.centre.clone(), call, epoch: self.epoch, place }
    }

    /// Change an agent; what follows from it (index, fact, matching) is settled when the input is done.
    pub(super) fn change_agent(&mut self, name: &AgentName, change: impl FnOnce(&mut Agent)) {
        if let Some(agent) = self.agents.get_mut(name) {
            let before = (agent.presence.clone(), agent.work.clone(), agent.state());
            self.touched.entry(name.clone()).or_insert(before);
            change(agent);
        }
    }

    /// Move an agent's work through a transition of [`Work`]. A transition that the state does not allow
    /// changes nothing, is told as healed, and gives `false`.
    pub(super) fn change_work(
        &mut self,
        name: &AgentName,
        step: impl FnOnce(Work) -> Result<Work, super::agent::NotFrom>,
    ) -> bool {
        let mut wrong = None;
        self.change_agent(name, |agent| match step(agent.work.clone()) {
            Ok(work) => agent.work = work,
            Err(super::agent::NotFrom(work)) => wrong = Some(work),
        });
        match wrong {
            None => true,
            Some(work) => {
                self.healed(work.call(), Some(name.clone()), format!("a step that {work:?} does not allow"));
                false
            }
        }
    }

    /// The end of every input: agents to their indexes, their facts told, then who is free meets who waits.
    fn settle(&mut self, now: Moment) {
        self.settle_agents(now);
        self.match_up(now);
        while self.take_surplus_back(now) {
            self.settle_agents(now);
            self.match_up(now);
        }
        self.settle_agents(now);
        for queue in std::mem::take(&mut self.thinned) {
            self.may_be_deserted(now, &queue);
        }
        self.by = None;
        self.why = None;
    }

    fn settle_agents(&mut self, now: Moment) {
        self.lines_follow(now);
        for (name, (presence, work, state)) in std::mem::take(&mut self.touched) {
            self.ask_for_shared(&name);
            let Some(agent) = self.agents.get_mut(&name) else { continue };
            agent.served.follow(&work, &agent.work, now);
            agent.breaks.follow((&presence, &work), (&agent.presence, &agent.work), now);
            agent.served.follow_presence(&presence, &agent.presence, self.by.is_some());
            if agent.presence != presence {
                self.expectations_changed(now, &name);
            }
            let Some(agent) = self.agents.get(&name) else { continue };
            if (&agent.presence, &agent.work, agent.state()) != (&presence, &work, state) {
                self.out.facts.push(Fact::AgentChanged {
                    agent: name.clone(),
                    presence: agent.presence.clone(),
                    work: agent.work.clone(),
                    state: agent.state(),
                    by: self.by.clone(),
                    why: self.why.clone(),
                });
            }
            self.index_agent(&name);
            self.out.moved.push(name);
        }
    }

    /// The rules of the call's queue, in the version of the YAML that the call began in.
    pub(super) fn rules_for(&self, call: CallId, queue: &QueueName) -> Option<&super::queue::QueueRules> {
        let call = self.calls.get(&call)?;
        call.walk.plan().queues.get(queue)
    }

    /// The call is over. Whatever it held is let go by the caller of this.
    pub(super) fn forget_call(&mut self, call: CallId) -> Option<Call> {
        self.expect_no_more(call);
        let gone = self.calls.remove(&call)?;
        self.legs.remove(&gone.leg);
        for timer in [
            Timer::Dialplan(call),
            Timer::PlayDue(call),
            Timer::Keyed(call),
            Timer::QueueExit(call),
            Timer::QueueCloses(call),
            Timer::Announce(call),
            Timer::MayBeTaken(call),
            Timer::CallBackAsked(call),
            Timer::ConnectDue(call),
            Timer::PartedDue(call),
            Timer::HoldDue(call),
            Timer::ComesAway(call),
            Timer::TransferDue(call),
            Timer::TransferLongest(call),
        ] {
            self.timers.stop(&timer);
        }
        self.timers.stop(&Timer::HangUpDue(gone.leg.clone()));
        if let Stage::Waiting { place, .. } | Stage::Connecting { place, .. } = &gone.stage {
            let line = place.line(&gone.switch);
            if let Some(index) = self.queues.get_mut(&place.queue) {
                index.leave((place.rank(), call), &line);
            }
            self.is_emptied(&place.queue.clone());
        }
        self.seeking.remove(&call);
        Some(gone)
    }
}
