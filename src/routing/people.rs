//! What people ask for: logging in and out, breaks, *ready*, the end of wrap-up and of a call. (*Answer* is in
//! `answering.rs`, hold in `holding.rs`.)
//!
//! What cannot be is refused with a reason, and changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::agent::{Agent, AgentState, Breaks, Presence, Served, Told, Work};
use super::call::{Call, Stage};
use super::core::Core;
use super::dial::Dial;
use super::dial_out::DialledNumber;
use super::effect::HangUpCause;
use super::fact::{EndedBy, Fact, OfferEnd};
use super::held_line::HeldLine;
use super::ids::*;
use super::input::{Failure, Line};
use super::lending::MOST_LOANS;
use super::promise::{FARTHEST, MOST_PROMISES};
use super::timer::Timer;
use crate::calendar::Moment;

/// The most queues one agent is in, and the most skills one has: far above any real rota.
pub const MOST_QUEUES_OF_AN_AGENT: usize = 64;

/// Why a person's request was refused; the text is for that person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "refused", rename_all = "snake_case")]
pub enum Refused {
    #[error("{agent} is not logged in")]
    NotLoggedIn { agent: AgentName },
    #[error("{agent} is already logged in at {station}; log out there first")]
    AlreadyLoggedIn { agent: AgentName, station: StationAddress },
    #[error("{by} sits at {station} already; a phone can have one agent")]
    StationTaken { station: StationAddress, by: AgentName },
    #[error("there is no queue {queue:?} in this centre")]
    NoSuchQueue { queue: QueueName },
    #[error("there is no skill {skill:?} in this centre")]
    NoSuchSkill { skill: SkillName },
    #[error("there is no break reason {reason:?} in this centre")]
    NoSuchReason { reason: BreakReason },
    #[error("{station} is no telephone outside: write tel: and its number, as tel:+8613800138000")]
    NotANumber { station: StationAddress },
    #[error("{agent} sits at a telephone outside ({station}): numbers are dialled from a phone of the switch")]
    DialsFromOutside { agent: AgentName, station: StationAddress },
    #[error("{agent} sits at a line that is held open ({station}): numbers are dialled from a phone that rings")]
    DialsFromHeldLine { agent: AgentName, station: StationAddress },
    #[error("no switch is named {switch:?}")]
    NoSuchSwitch { switch: SwitchName },
    #[error("an agent can be in {MOST_QUEUES_OF_AN_AGENT} queues at most")]
    TooManyQueues,
    #[error("{agent} has no wrap-up to end")]
    NotWrappingUp { agent: AgentName },
    #[error("{agent} has still to write the disposition of this call")]
    DispositionOwed { agent: AgentName },
    #[error("{agent} has still to write the disposition of this call: whoever ends the wrap-up without it says why")]
    DispositionOwedUnlessWhy { agent: AgentName },
    #[error("{agent} has no call to end")]
    NoCall { agent: AgentName },
    #[error("nothing rings at the phone of {agent}")]
    NothingRings { agent: AgentName },
    #[error("{agent} talks with nobody")]
    NoConversation { agent: AgentName },
    #[error("the caller of {agent} is on hold already")]
    AlreadyOnHold { agent: AgentName },
    #[error("the caller of {agent} is not on hold")]
    NotOnHold { agent: AgentName },
    #[error("the phone at {station} cannot be told to pick up: pick it up by hand")]
    PhoneCannotAnswer { station: StationAddress },
    #[error("switch {switch} is out of reach just now; what is on the phone goes on")]
    SwitchAway { switch: SwitchName },
    #[error("this centre dials nobody: its YAML has no dial_out (switch, to, shown, allowed)")]
    NoDialOut,
    #[error(
        "{number} may not be dialled: dial_out.allowed in the centre's YAML does not list how it begins, or dial_out.barred does"
    )]
    NumberNotAllowed { number: DialledNumber },
    #[error("{agent} sits at another switch than {switch}, which dials (dial_out.switch in the centre's YAML)")]
    DialsElsewhere { agent: AgentName, switch: SwitchName },
    #[error("{agent} cannot dial now: {}", why_not_free(*state))]
    NotFreeToDial { agent: AgentName, state: AgentState },
    #[error(
        "the centre has dialled {most} numbers of late, and may not dial more (dial_out.{key} in its YAML): try again later"
    )]
    TooManyDials { most: usize, key: String },
    #[error("no call-back {promise} is owed: it was kept or taken back, or there never was one")]
    NoSuchPromise { promise: CallId },
    #[error("{number} is promised a call-back by queue {queue:?} already: {promise}")]
    PromisedAlready { number: DialledNumber, queue: QueueName, promise: CallId },
    #[error("the call-back {promise} is being kept at this moment: the number has answered")]
    BeingKept { promise: CallId },
    #[error("{MOST_PROMISES} call-backs are owed already; no more can be promised before some are kept")]
    TooManyPromises,
    #[error("a call-back can be promised for {} days ahead at most", FARTHEST.as_secs() / 86_400)]
    TooFarAhead,
    #[error("this Idempotency-Key was sent with something else before: another request has a key of its own")]
    KeyUsed,
    #[error("there is no emergency message {message:?} in this centre")]
    NoSuchMessage { message: MessageName },
    #[error("{message} cannot be switched on until a moment that has passed")]
    OverAlready { message: MessageName },
    #[error("{agent} is no agent of another centre: a guest is written name@centre")]
    NoGuest { agent: AgentName },
    #[error("{agent} is lent no queue: name one at least, or take the loan back")]
    NothingLent { agent: AgentName },
    #[error("nothing is lent to {agent}")]
    NoSuchLoan { agent: AgentName },
    #[error("{MOST_LOANS} agents of other centres have queues of this one already; take a loan back first")]
    TooManyLoans,
    #[error("{agent} is at home in centre {home}, which alone says when and where they work")]
    IsGuest { agent: AgentName, home: CentreName },
    #[error("{agent} has dialled this call, and a dialled call cannot be put on hold")]
    DialledCall { agent: AgentName },
    #[error("{agent} has dialled this call, and a dialled call cannot be passed on")]
    DialledCallStays { agent: AgentName },
    #[error("{agent} talks with another caller by now: the call that was to be passed on is over for them")]
    AnotherCall { agent: AgentName },
    #[error("{agent} has called this caller back, as was promised them: such a call cannot be passed on")]
    KeepsPromise { agent: AgentName },
    #[error("{agent} cannot pass a caller on to themselves")]
    PassedToSelf { agent: AgentName },
    #[error("{agent} sits at another switch ({switch}) than the caller")]
    SitsElsewhere { agent: AgentName, switch: SwitchName },
    #[error("{agent} cannot take a caller now: {}", why_not_taken(*state))]
    NotFreeForCaller { agent: AgentName, state: AgentState },
    #[error("queue {queue:?} is full")]
    QueueFull { queue: QueueName },
    #[error("queue {queue:?} is closed at this hour")]
    QueueClosed { queue: QueueName },
    #[error("nobody is logged in to queue {queue:?} who could take this caller")]
    NobodyInQueue { queue: QueueName },
    #[error("there is no step {step:?} in the dialplan that this call began in")]
    NoSuchStep { step: StepName },
    #[error("{number:?} is no number")]
    NoNumber { number: PhoneNumber },
}

/// Who logs in, where, and with what.
pub(super) struct Login {
    pub agent: AgentName,
    pub station: StationAddress,
    pub switch: SwitchName,
    pub queues: BTreeSet<QueueName>,
    pub skills: BTreeMap<SkillName, u8>,
    pub auto_answer: Option<bool>,
    pub by: AgentName,
}

const fn why_not_free(state: AgentState) -> &'static str {
    match state {
        AgentState::Ringing => "the phone rings for a caller",
        AgentState::Talking | AgentState::OnHold => "there is a caller on the line",
        AgentState::Dialling | AgentState::TalkingOut => "a number is being dialled or talked with already",
        AgentState::WrappingUp => "there is a wrap-up to end first",
        AgentState::PhoneBusy => "the phone is in use or cannot be reached",
        AgentState::Elsewhere => "the phone is another centre's just now",
        // The phone of the call before is not back on the hook yet.
        AgentState::Away | AgentState::Idle | AgentState::OnBreak | AgentState::Missed => "the phone is not free yet",
    }
}

const fn why_not_taken(state: AgentState) -> &'static str {
    match state {
        AgentState::Away => "they are away",
        AgentState::OnBreak => "they are on a break",
        AgentState::Missed => "they missed a call, and are not ready yet",
        AgentState::Idle
        | AgentState::Ringing
        | AgentState::Talking
        | AgentState::OnHold
        | AgentState::Dialling
        | AgentState::TalkingOut
        | AgentState::WrappingUp
        | AgentState::PhoneBusy
        | AgentState::Elsewhere => why_not_free(state),
    }
}

impl Core {
    pub(super) fn refuse(&mut self, why: Refused) {
        self.out.refused = Some(why);
    }

    /// The agent, when logged in; else the refusal is on its way.
    pub(super) fn logged_in(&mut self, name: &AgentName) -> Option<&Agent> {
        match self.agents.get(name).map(|agent| &agent.presence) {
            Some(Presence::Ready { .. } | Presence::OnBreak { .. } | Presence::Missed { .. }) => self.agents.get(name),
            Some(Presence::Away { .. }) | None => {
                self.refuse(Refused::NotLoggedIn { agent: name.clone() });
                None
            }
        }
    }

    /// Queues and skills that nobody can have here.
    pub(super) fn assignment_refused(
        &self,
        queues: &BTreeSet<QueueName>,
        skills: &BTreeMap<SkillName, u8>,
    ) -> Option<Refused> {
        let plan = self.version.as_ref()?;
        if queues.len() > MOST_QUEUES_OF_AN_AGENT || skills.len() > MOST_QUEUES_OF_AN_AGENT {
            return Some(Refused::TooManyQueues);
        }
        if let Some(queue) = queues.iter().find(|queue| !plan.queues.contains_key(*queue)) {
            return Some(Refused::NoSuchQueue { queue: queue.clone() });
        }
        if let Some(skill) = skills.keys().find(|skill| !plan.skills.contains(skill)) {
            return Some(Refused::NoSuchSkill { skill: skill.clone() });
        }
        None
    }

    pub(super) fn login_refused(
        &self,
        agent: &AgentName,
        station: &StationAddress,
        queues: &BTreeSet<QueueName>,
        skills: &BTreeMap<SkillName, u8>,
    ) -> Option<Refused> {
        self.version.as_ref()?;
        if let Some(why) = self.assignment_refused(queues, skills) {
            return Some(why);
        }
        let holder = self
            .agents
            .values()
            .find(|other| other.station.phone() == station.phone() && other.name != *agent && !other.has_gone());
        if let Some(other) = holder {
            return Some(Refused::StationTaken { station: station.clone(), by: other.name.clone() });
        }
        let here = self.agents.get(agent)?;
        let elsewhere = here.station != *station && !(here.has_gone() && here.serves().is_none());
        elsewhere.then(|| Refused::AlreadyLoggedIn { agent: agent.clone(), station: here.station.clone() })
    }

    pub(super) fn agent_logged_in(&mut self, now: Moment, login: Login) {
        if self.is_guest(&login.agent) {
            return;
        }
        let Login { agent, station, switch, queues, skills, .. } = &login;
        if let Some(why) = self.login_refused(agent, station, queues, skills) {
            return self.refuse(why);
        }
        if !self.links.contains_key(switch) {
            return self.refuse(Refused::NoSuchSwitch { switch: switch.clone() });
        }
        if let Some(why) = self.outside_refused(agent, switch, station) {
            return self.refuse(why);
        }
        self.seat_agent(now, login);
    }

    /// Whoever may log in is at work from now on.
    pub(super) fn seat_agent(&mut self, now: Moment, login: Login) {
        let Login { agent, station, switch, queues, skills, auto_answer, by } = login;
        self.unindex_agent(&agent);
        self.fact(Fact::AgentLoggedIn {
            agent: agent.clone(),
            station: station.clone(),
            switch: switch.clone(),
            queues: queues.clone(),
            skills: skills.clone(),
            auto_answer,
            by,
        });
        let line = self.line_outside(&agent, &switch, &station).unwrap_or_else(|| self.line_of(&switch, &station));
        let presence = Presence::Ready { since: now };
        if self.agents.contains_key(&agent) {
            // Once more at the same phone: new queues and skills, the work in hand stays.
            self.change_agent(&agent, |agent| {
                if matches!((&agent.presence, &agent.work), (Presence::Away { .. }, Work::Nothing { .. })) {
                    agent.served = Served::default();
                    agent.breaks = Breaks::default();
                    agent.disposed = None;
                }
                agent.station = station;
                agent.switch = switch;
                agent.queues = queues;
                agent.skills = skills;
                agent.auto_answer = auto_answer;
                agent.presence = presence;
                agent.line = line;
                agent.told = Told::default();
                agent.held = agent.held.at_log_in();
                agent.served.missed = 0;
                agent.dismissed = false;
            });
        } else {
            let work = Work::Nothing { since: now };
            let name = agent.clone();
            let leg = None;
            // What others do with them is known before they come.
            let elsewhere = self.shared.get(&agent).and_then(|shared| shared.elsewhere.clone());
            let new = Agent {
                name,
                station,
                switch,
                queues,
                skills,
                auto_answer,
                presence,
                work,
                line,
                leg,
                held: HeldLine::default(),
                line_busy: false,
                told: Told::default(),
                counted_on: None,
                in_vain: None,
                served: Served::default(),
                disposed: None,
                breaks: Breaks::default(),
                elsewhere,
                dismissed: false,
            };
            // The fact of the login says all that a first AgentChanged would, but one says the state in words.
            let before = (Presence::Away { since: now }, new.work.clone(), super::agent::AgentState::Away);
            self.touched.entry(agent.clone()).or_insert(before);
            self.agents.insert(agent.clone(), new);
        }
        self.timers.stop(&Timer::RestDue(agent.clone()));
        self.timers.stop(&Timer::LineAgain(agent.clone()));
        if let Some(line) = self.agents.get(&agent).map(|agent| agent.held.clone()).filter(|line| line.leg().is_some())
        {
            self.fact(Fact::HeldLineChanged { agent, line });
        }
    }

    pub(super) fn agent_assigned(
        &mut self,
        now: Moment,
        agent: AgentName,
        queues: BTreeSet<QueueName>,
        skills: BTreeMap<SkillName, u8>,
        by: AgentName,
    ) {
        let Some(here) = self.logged_in(&agent) else { return };
        if here.queues == queues && here.skills == skills {
            return;
        }
        if let Some(why) = self.assignment_refused(&queues, &skills) {
            return self.refuse(why);
        }
        self.unindex_agent(&agent);
        self.fact(Fact::AgentAssigned { agent: agent.clone(), queues: queues.clone(), skills: skills.clone(), by });
        self.change_agent(&agent, |agent| {
            agent.queues = queues;
            agent.skills = skills;
        });
        self.expectations_changed(now, &agent);
    }

    pub(super) fn agent_logged_out(&mut self, now: Moment, name: &AgentName, by: AgentName) {
        let Some(agent) = self.logged_in(name) else { return };
        let offer = agent.work.offer();
        let itself = by == *name;
        let why = self.why.clone();
        self.fact(Fact::AgentLoggedOut { agent: name.clone(), by, why, dismissed: false });
        self.change_agent(name, |agent| {
            agent.presence = Presence::Away { since: now };
            agent.in_vain = None;
        });
        self.timers.stop(&Timer::RestDue(name.clone()));
        self.take_back(now, offer);
        self.take_dial_back(now, name);
        // Who ends the shift has ended the wrap-up; who is logged out by another writes it to its end, as a conversation
        // goes on to its end for both.
        // Nobody goes home from a disposition that is owed: it is written, or somebody else ends the wrap-up.
        if itself && !self.owes_disposition(name) {
            self.timers.stop(&Timer::WrapUpDue(name.clone()));
            self.wrap_up_over(now, name);
        }
    }

    /// Their phone stops ringing; who talks talks to the end, and is gone with it. A wrap-up ends, whatever is owed for it:
    /// nobody is left who could write.
    pub(super) fn agent_dismissed(&mut self, now: Moment, name: &AgentName, by: AgentName) {
        let Some(agent) = self.agents.get(name) else {
            return self.refuse(Refused::NotLoggedIn { agent: name.clone() });
        };
        let (offer, was_away) = (agent.work.offer(), matches!(agent.presence, Presence::Away { .. }));
        if was_away && matches!(agent.work, Work::Nothing { .. }) {
            return self.refuse(Refused::NotLoggedIn { agent: name.clone() });
        }
        self.fact(Fact::AgentLoggedOut { agent: name.clone(), by, why: None, dismissed: true });
        self.change_agent(name, |agent| {
            agent.dismissed = true;
            agent.in_vain = None;
            if !was_away {
                agent.presence = Presence::Away { since: now };
            }
        });
        self.timers.stop(&Timer::RestDue(name.clone()));
        self.take_back(now, offer);
        self.take_dial_back(now, name);
        self.timers.stop(&Timer::WrapUpDue(name.clone()));
        self.wrap_up_over(now, name);
    }

    /// A phone that still rings for somebody who is not there any more.
    pub(super) fn take_back(&mut self, now: Moment, offer: Option<OfferId>) {
        let Some(offer) = offer else { return };
        let ringing = self.offers.get(&offer).and_then(|of| self.calls.get(&of.call)).map(|call| &call.stage);
        if let Some(Stage::Waiting { .. }) = ringing
            && let Some(call) = self.withdraw(now, offer, OfferEnd::Withdrawn)
        {
            self.back_to_waiting(now, call);
        }
    }

    pub(super) fn agent_said_ready(&mut self, now: Moment, name: &AgentName) {
        let Some(agent) = self.logged_in(name) else { return };
        if matches!(agent.presence, Presence::Ready { .. }) {
            return;
        }
        self.change_agent(name, |agent| agent.presence = Presence::Ready { since: now });
        self.timers.stop(&Timer::RestDue(name.clone()));
    }

    pub(super) fn agent_took_break(&mut self, now: Moment, name: &AgentName, reason: BreakReason) {
        if let Some(plan) = &self.version
            && !plan.break_reasons.contains(&reason)
        {
            return self.refuse(Refused::NoSuchReason { reason });
        }
        let Some(agent) = self.logged_in(name) else { return };
        let offer = agent.work.offer();
        self.change_agent(name, |agent| agent.presence = Presence::OnBreak { reason, since: now });
        self.timers.stop(&Timer::RestDue(name.clone()));
        self.take_back(now, offer);
        self.take_promise_back(now, name);
    }

    pub(super) fn agent_ended_wrap_up(&mut self, now: Moment, name: &AgentName) {
        match self.agents.get(name).map(|agent| &agent.work) {
            Some(Work::WrappingUp { needs_disposition: true, .. }) if self.by.as_ref() == Some(name) => {
                self.refuse(Refused::DispositionOwed { agent: name.clone() });
            }
            Some(Work::WrappingUp { needs_disposition: true, .. }) if self.why.is_none() => {
                self.refuse(Refused::DispositionOwedUnlessWhy { agent: name.clone() });
            }
            Some(Work::WrappingUp { .. }) => {
                self.timers.stop(&Timer::WrapUpDue(name.clone()));
                self.wrap_up_over(now, name);
            }
            Some(
                Work::Nothing { .. }
                | Work::Ringing { .. }
                | Work::Connecting { .. }
                | Work::Talking { .. }
                | Work::Dialling { .. },
            )
            | None => self.refuse(Refused::NotWrappingUp { agent: name.clone() }),
        }
    }

    /// The agent's leg is hung up; all that follows is what follows a phone hung up by hand.
    pub(super) fn agent_ended_call(&mut self, now: Moment, name: &AgentName, by: AgentName) {
        let call = self.agents.get(name).and_then(|agent| match &agent.work {
            Work::Talking { call, .. } | Work::Dialling { call, .. } => Some(*call),
            Work::Nothing { .. } | Work::Ringing { .. } | Work::Connecting { .. } | Work::WrappingUp { .. } => None,
        });
        let dial = call.and_then(|call| self.dials.get(&call)).map(|d| (d.call, d.switch.clone(), d.leg.clone()));
        if let Some((call, switch, leg)) = dial {
            return self.end_call_on(now, call, switch, leg, name, by);
        }
        let Some(Call { id: call, stage: Stage::Talking { agent_leg, .. }, switch, .. }) =
            call.and_then(|call| self.calls.get(&call))
        else {
            return self.refuse(Refused::NoCall { agent: name.clone() });
        };
        let (call, switch, leg) = (*call, switch.clone(), agent_leg.clone());
        if self.at_held_line(&leg).is_some() && self.is_up(&switch) {
            let why = self.why.clone();
            self.fact(Fact::CallEndAsked { call, agent: name.clone(), by, why });
            return self.end_on_held_line(now, call, name);
        }
        self.end_call_on(now, call, switch, leg, name, by);
    }

    fn end_call_on(
        &mut self,
        now: Moment,
        call: CallId,
        switch: SwitchName,
        leg: LegId,
        name: &AgentName,
        by: AgentName,
    ) {
        if !self.is_up(&switch) {
            return self.refuse(Refused::SwitchAway { switch });
        }
        let why = self.why.clone();
        self.fact(Fact::CallEndAsked { call, agent: name.clone(), by, why });
        self.hang_up(now, &switch, leg, HangUpCause::Normal);
    }

    pub(super) fn rest_over(&mut self, now: Moment, name: &AgentName) {
        self.change_agent(name, |agent| {
            if matches!(agent.presence, Presence::Missed { .. }) {
                agent.presence = Presence::Ready { since: now };
            }
        });
    }

    pub(super) fn station_changed(&mut self, now: Moment, switch: SwitchName, station: StationAddress, line: Line) {
        // Of two shifts at one phone both have it.
        let at: Vec<AgentName> = self.agents_at(&switch, &station).map(|agent| agent.name.clone()).collect();
        for name in at {
            let mut is_back = false;
            self.change_agent(&name, |agent| {
                let was = std::mem::replace(&mut agent.line, line);
                let missed = matches!(agent.presence, Presence::Missed { why: Failure::Unreachable, .. });
                is_back = missed && was == Line::Unreachable && line == Line::Free;
            });
            if is_back {
                self.timers.stop(&Timer::RestDue(name.clone()));
                self.rest_over(now, &name);
            }
        }
        self.lines.insert((switch, station), line);
    }

    fn agents_at(&self, switch: &SwitchName, station: &StationAddress) -> impl Iterator<Item = &Agent> {
        self.agents.values().filter(move |agent| agent.station == *station && agent.switch == *switch)
    }

    /// Whether somebody has logged in at this phone: what it does matters.
    pub fn is_anybodys(&self, switch: &SwitchName, station: &StationAddress) -> bool {
        self.agents_at(switch, station).next().is_some()
    }

    /// What this phone was last said to do.
    pub fn line_of(&self, switch: &SwitchName, station: &StationAddress) -> Line {
        self.lines.get(&(switch.clone(), station.clone())).copied().unwrap_or(Line::Unknown)
    }

    pub(super) fn version_published(&mut self, now: Moment, version: &VersionHash) {
        match self.shelf.get(version).cloned() {
            Some(plan) => {
                self.version = Some(plan);
                self.follow_strategies(now);
                self.lines_outside_again();
                self.promises_stand_anew(now);
                self.fact(Fact::VersionPublished { version: version.clone() });
                self.emergency_follows_version();
            }
            None => self.healed(None, None, format!("version {version} was never handed over; the old one stays")),
        }
    }

    /// Ends a call that the core holds but the switch does not.
    pub(super) fn ended_unseen(&mut self, now: Moment, call: CallId) {
        self.caller_gone(now, call, EndedBy::Unseen);
    }

    /// What new calls follow.
    pub fn plan(&self) -> Option<&std::sync::Arc<crate::dialplan::Centre>> {
        self.version.as_ref()
    }

    /// Every call that is not over.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        self.calls.values()
    }

    /// Every dial that is not over.
    pub fn dials(&self) -> impl Iterator<Item = &Dial> {
        self.dials.values()
    }

    /// Everybody who was logged in since the start.
    pub fn agents(&self) -> impl Iterator<Item = &Agent> {
        self.agents.values()
    }
}
