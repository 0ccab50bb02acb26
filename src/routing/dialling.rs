//! Dialling: an agent's phone, then a number outside, then both joined. What cannot be dialled is refused with a reason.
//!
//! A dial ends with the first of its two legs that is gone; the other is hung up then, and kept among the legs until the
//! switch has said that it is gone, so that no telephone outside rings on for nobody.

use std::collections::VecDeque;
use std::time::Duration;

use super::agent::{AgentState, DialInVain, Work};
use super::core::{CONNECT_WITHIN, Core, LegOf, Owed, PARTED_WITHIN, RING_GRACE};
use super::dial::{Counted, Dial, DialEnd, DialEndedBy, DialStage};
use super::dial_out::{DialOut, DialledNumber};
use super::effect::{Act, HangUpCause};
use super::fact::{EndedBy, Fact, Reasons};
use super::ids::*;
use super::input::{Failure, LegSeen, Line, Refusal, Returned};
use super::people::Refused;
use super::queue::RING_FOR;
use super::tag::Place;
use super::timer::Timer;
use crate::calendar::Moment;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// The last hour's dials, with this one. What a clock that was set back has left in the future counts as of now: it
/// neither stands for ever nor makes room for more.
pub(super) fn count_dial(dialled: &mut VecDeque<Counted>, now: Moment, request: Option<&RequestName>) {
    dialled.iter_mut().for_each(|dial| dial.at = dial.at.min(now));
    dialled.retain(|dial| dial.at + HOUR > now);
    if dialled.len() >= DialOut::HIGHEST_CAP {
        dialled.pop_front();
    }
    dialled.push_back(Counted { at: now, request: request.cloned() });
}

/// A key that was sent before: with the same, or with something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SentBefore {
    Same,
    KeyAlone,
}

pub(super) fn sent_before<'r>(
    mut lately: impl Iterator<Item = &'r RequestName>,
    request: Option<&RequestName>,
) -> Option<SentBefore> {
    let request = request?;
    let before = lately.find(|before| before.has_key_of(request))?;
    Some(if before == request { SentBefore::Same } else { SentBefore::KeyAlone })
}

/// What a dial begins with, besides the centre's rules.
struct Begun {
    number: DialledNumber,
    by: AgentName,
    request: Option<RequestName>,
    promise: Option<CallId>,
    queue: Option<QueueName>,
    reasons: Option<Reasons>,
    /// The agent's own phone.
    ring_for: Duration,
    wrap_up: Option<Duration>,
    auto_answer: bool,
}

impl Core {
    /// Why this agent may not dial this number now, by these rules.
    fn dial_refused(&self, now: Moment, name: &AgentName, number: &DialledNumber, rules: &DialOut) -> Option<Refused> {
        let agent = self.agents.get(name)?;
        let home = self.version.as_ref().and_then(|plan| plan.country);
        if !rules.allows(number, home) {
            return Some(Refused::NumberNotAllowed { number: number.clone() });
        }
        if !self.links.contains_key(&rules.switch) {
            return Some(Refused::NoSuchSwitch { switch: rules.switch.clone() });
        }
        if agent.switch != rules.switch {
            return Some(Refused::DialsElsewhere { agent: name.clone(), switch: rules.switch.clone() });
        }
        // Whoever picks it up, a mailbox perhaps, would be talked with by the number.
        if agent.station.is_outside() {
            return Some(Refused::DialsFromOutside { agent: name.clone(), station: agent.station.clone() });
        }
        if agent.station.is_held_open() {
            return Some(Refused::DialsFromHeldLine { agent: name.clone(), station: agent.station.clone() });
        }
        if !self.is_up(&rules.switch) {
            return Some(Refused::SwitchAway { switch: rules.switch.clone() });
        }
        if agent.serves().is_some() {
            return Some(Refused::NotFreeToDial { agent: name.clone(), state: AgentState::Elsewhere });
        }
        let nothing = matches!(agent.work, Work::Nothing { .. }) && agent.leg.is_none();
        if !nothing || matches!(agent.line, Line::InUse | Line::Unreachable) {
            let state = if nothing { AgentState::PhoneBusy } else { agent.state() };
            return Some(Refused::NotFreeToDial { agent: name.clone(), state });
        }
        self.dialled_too_much(now, rules)
    }

    /// Which cap of the centre is full.
    pub(super) fn dialled_too_much(&self, now: Moment, rules: &DialOut) -> Option<Refused> {
        let since = |within: Duration| self.dialled.iter().filter(|dial| dial.at + within > now).count();
        if since(MINUTE) >= rules.most_per_minute {
            return Some(Refused::TooManyDials { most: rules.most_per_minute, key: "most_per_minute".into() });
        }
        if since(HOUR) >= rules.most_per_hour {
            return Some(Refused::TooManyDials { most: rules.most_per_hour, key: "most_per_hour".into() });
        }
        None
    }

    pub(super) fn agent_dialled(
        &mut self,
        now: Moment,
        name: &AgentName,
        number: DialledNumber,
        by: AgentName,
        request: Option<RequestName>,
    ) {
        // Sent again, because its answer got lost.
        let lately = self.dialled.iter().filter(|dial| dial.at + HOUR > now).filter_map(|dial| dial.request.as_ref());
        match sent_before(lately, request.as_ref()) {
            Some(SentBefore::Same) => return,
            Some(SentBefore::KeyAlone) => return self.refuse(Refused::KeyUsed),
            None => {}
        }
        if self.logged_in(name).is_none() {
            return;
        }
        let Some(rules) = self.version.as_ref().and_then(|plan| plan.dial_out.clone()) else {
            return self.refuse(Refused::NoDialOut);
        };
        if let Some(why) = self.dial_refused(now, name, &number, &rules) {
            return self.refuse(why);
        }
        let (ring_for, wrap_up) = (rules.ring_for, rules.wrap_up);
        let (promise, queue, reasons, auto_answer) = (None, None, None, false);
        let begun = Begun { number, by, request, promise, queue, reasons, ring_for, wrap_up, auto_answer };
        self.begin_dial(now, name, rules, begun);
    }

    /// To keep a promise: rung as a caller of the queue would be, and wrapped up so. `false`: this agent cannot dial now.
    pub(super) fn dial_to_keep(
        &mut self,
        now: Moment,
        name: &AgentName,
        number: DialledNumber,
        promise: CallId,
        queue: QueueName,
        reasons: Reasons,
    ) -> bool {
        let Some(plan) = self.version.clone() else { return false };
        let Some(rules) = plan.dial_out.clone() else { return false };
        if self.dial_refused(now, name, &number, &rules).is_some() {
            return false;
        }
        let of_queue = plan.queues.get(&queue);
        let begun = Begun {
            number,
            by: name.clone(),
            request: None,
            promise: Some(promise),
            ring_for: of_queue.map_or(RING_FOR, |queue| queue.ring_for),
            wrap_up: of_queue.map_or(rules.wrap_up, |queue| queue.wrap_up),
            auto_answer: of_queue.is_some_and(|queue| queue.auto_answer),
            queue: Some(queue),
            reasons: Some(reasons),
        };
        self.begin_dial(now, name, rules, begun)
    }

    /// The agent's own phone rings.
    fn begin_dial(&mut self, now: Moment, name: &AgentName, rules: DialOut, begun: Begun) -> bool {
        let Begun { number, by, request, promise, queue, reasons, ring_for, wrap_up, auto_answer } = begun;
        let Some(station) = self.agents.get(name).map(|agent| agent.station.clone()) else { return false };
        let call = self.next_call_id();
        let (leg, out_leg) = (self.next_leg_id(), self.next_leg_id());
        let until = now + ring_for;
        if !self.change_work(name, |work| work.dial(call, now, promise.is_some())) {
            return false;
        }
        self.change_agent(name, |agent| {
            agent.leg = Some(leg.clone());
            agent.in_vain = None;
        });
        let dial = Dial {
            call,
            agent: name.clone(),
            switch: rules.switch.clone(),
            leg: leg.clone(),
            out_leg,
            to: rules.to.with(&number),
            shown: rules.shown,
            ring_for: rules.ring_for,
            wrap_up,
            longest: rules.longest,
            number,
            since: now,
            promise,
            queue,
            stage: DialStage::AgentRings { until },
        };
        count_dial(&mut self.dialled, now, request.as_ref());
        self.fact(Fact::Dialled {
            call,
            agent: name.clone(),
            number: dial.number.to_phone_number(),
            switch: dial.switch.clone(),
            leg: leg.clone(),
            out_leg: dial.out_leg.clone(),
            to: dial.to.clone(),
            shown: dial.shown.clone(),
            ring_for: dial.ring_for,
            wrap_up: dial.wrap_up,
            longest: dial.longest,
            until,
            by,
            request,
            promise,
            queue: dial.queue.clone(),
            reasons,
        });
        self.legs.insert(leg.clone(), LegOf::Agent(name.clone()));
        self.timers.set(Timer::DialDue(call), until + RING_GRACE);
        let from = dial.number.to_phone_number();
        let (switch, longest) = (dial.switch.clone(), dial.longest);
        self.dials.insert(call, dial);
        if let Some(promise) = promise {
            self.promise_is_dialled(promise, call);
        }
        self.promises_wait_for_dials(now);
        let tags = self.tags(call, Place::Dialled { agent: name.clone(), longest });
        let name = CallerName::new("");
        let owed = Owed::RingDial(leg.clone());
        self.order(now, &switch, Act::Ring { leg, station, from, name, ring_for, auto_answer, tags }, Some(owed));
        true
    }

    /// When the centre may dial again, where its caps are reached.
    pub(super) fn dials_again(&self, now: Moment) -> Option<Moment> {
        let rules = self.version.as_ref()?.dial_out.as_ref()?;
        let again = |within: Duration, most: usize| {
            let lately: Vec<Moment> = self.dialled.iter().map(|dial| dial.at).filter(|at| *at + within > now).collect();
            let first = lately.len().checked_sub(most)?;
            lately.get(first).map(|at| *at + within)
        };
        again(MINUTE, rules.most_per_minute).max(again(HOUR, rules.most_per_hour))
    }

    /// The dial that this leg is one of, while it lives.
    pub(super) fn dial_of_leg(&self, leg: &LegId) -> Option<&Dial> {
        let call = match self.legs.get(leg)? {
            LegOf::Outside { call, .. } => *call,
            LegOf::Agent(agent) => match &self.agents.get(agent)?.work {
                Work::Dialling { call, .. } => *call,
                Work::Nothing { .. }
                | Work::Ringing { .. }
                | Work::Connecting { .. }
                | Work::Talking { .. }
                | Work::WrappingUp { .. } => return None,
            },
            LegOf::Caller(_) => return None,
        };
        self.dials.get(&call).filter(|dial| dial.leg == *leg || dial.out_leg == *leg)
    }

    pub(super) fn dial_ring_returned(&mut self, now: Moment, leg: &LegId, how: &Returned) {
        if let Some(call) = self.transfer_of_leg(leg) {
            return self.transfer_ring_returned(now, call, leg, how);
        }
        if let Some(call) = self.reach_of_leg(leg) {
            return self.reach_ring_returned(now, call, leg, how);
        }
        let Returned::Refused { why } = how else { return };
        let Some(call) = self.dial_of_leg(leg).map(|dial| dial.call) else { return };
        if let Refusal::Other(words) = why {
            self.healed(Some(call), None, format!("the switch would not ring: {words}"));
        }
        self.leg_failed(now, leg, Failure::Unreachable);
    }

    /// One of the two was picked up.
    pub(super) fn dial_leg_answered(&mut self, now: Moment, call: CallId, leg: &LegId) {
        let Some(dial) = self.dials.get(&call) else { return };
        let agents = dial.leg == *leg;
        match dial.stage {
            DialStage::AgentRings { .. } if agents => self.ring_out(now, call, true),
            DialStage::Rings { .. } if !agents => {
                self.dial_answered(call);
                self.connect_dial(now, call);
            }
            // Told twice.
            DialStage::AgentRings { .. }
            | DialStage::Rings { .. }
            | DialStage::Connecting
            | DialStage::Talking { .. } => {}
        }
    }

    /// The agent is there: the number is rung, unless it was found ringing.
    fn ring_out(&mut self, now: Moment, call: CallId, ring: bool) {
        let Some(dial) = self.dials.get_mut(&call) else { return };
        let until = now + dial.ring_for;
        dial.stage = DialStage::Rings { until };
        let dial = dial.clone();
        self.fact(Fact::DialAgentAnswered { call, agent: dial.agent.clone(), until });
        self.legs.insert(dial.out_leg.clone(), LegOf::Outside { call, switch: dial.switch.clone() });
        self.timers.set(Timer::DialDue(call), until + RING_GRACE);
        if ring {
            self.order(now, &dial.switch, Act::StartRingback { leg: dial.leg.clone() }, None);
            let tags = self.tags(call, Place::Dialled { agent: dial.agent, longest: dial.longest });
            let act = Act::Ring {
                leg: dial.out_leg.clone(),
                station: dial.to,
                from: dial.shown,
                name: CallerName::new(""),
                auto_answer: false,
                ring_for: dial.ring_for,
                tags,
            };
            self.order(now, &dial.switch, act, Some(Owed::RingDial(dial.out_leg)));
        }
    }

    fn dial_answered(&mut self, call: CallId) {
        let Some(dial) = self.dials.get_mut(&call) else { return };
        dial.stage = DialStage::Connecting;
        self.fact(Fact::DialAnswered { call });
    }

    fn connect_dial(&mut self, now: Moment, call: CallId) {
        let Some(dial) = self.dials.get(&call) else { return };
        let (switch, caller, agent) = (dial.switch.clone(), dial.out_leg.clone(), dial.leg.clone());
        self.order(now, &switch, Act::Connect { caller, agent }, None);
        self.timers.set(Timer::DialDue(call), now + CONNECT_WITHIN);
    }

    /// They hear each other. The switch may tell of a pick-up after the joining, or not at all.
    pub(super) fn dial_joined(&mut self, now: Moment, call: CallId, agent_leg: &LegId) {
        let Some(dial) = self.dials.get(&call).filter(|dial| dial.leg == *agent_leg) else { return };
        let agent = dial.agent.clone();
        match dial.stage {
            DialStage::Talking { .. } => return self.timers.stop(&Timer::DialDue(call)),
            DialStage::AgentRings { .. } => {
                self.ring_out(now, call, false);
                self.dial_answered(call);
            }
            DialStage::Rings { .. } => self.dial_answered(call),
            DialStage::Connecting => {}
        }
        self.timers.stop(&Timer::DialDue(call));
        self.change_work(&agent, |work| work.talk_out(now));
        self.fact(Fact::DialConnected { call, agent });
        if let Some(dial) = self.dials.get(&call).cloned() {
            self.promise_kept(now, &dial);
        }
        if let Some(dial) = self.dials.get_mut(&call) {
            dial.stage = DialStage::Talking { since: now };
            let until = now + dial.longest;
            self.timers.set(Timer::DialLongest(call), until);
        }
    }

    /// They have talked for as long as the centre lets them: a telephone that was not put down, or a machine.
    pub(super) fn dial_too_long(&mut self, now: Moment, call: CallId) {
        if let Some(Dial { stage: DialStage::Talking { .. }, .. }) = self.dials.get(&call) {
            self.end_dial(now, call, DialEnd::Answered, DialEndedBy::Us);
        }
    }

    /// Somebody hung up, and the hang-up is on its way: it says who.
    pub(super) fn dial_parted(&mut self, now: Moment, call: CallId) {
        if let Some(Dial { stage: DialStage::Talking { .. }, .. }) = self.dials.get(&call) {
            self.timers.set(Timer::DialDue(call), now + PARTED_WITHIN);
        }
    }

    /// A leg that was rung is gone without having been answered.
    pub(super) fn dial_leg_failed(&mut self, now: Moment, call: CallId, leg: &LegId, why: Failure) {
        let Some(dial) = self.dials.get(&call) else { return };
        let (how, by) = match (dial.leg == *leg, why) {
            (true, Failure::Withdrawn) => (DialEnd::GivenUp, DialEndedBy::Agent),
            (true, _) => (DialEnd::AgentNotReached, DialEndedBy::Agent),
            (false, why) => (why.into(), DialEndedBy::Number),
        };
        self.end_dial_because(now, call, how, by, why);
    }

    /// A leg that was answered is gone.
    pub(super) fn dial_leg_hung_up(&mut self, now: Moment, call: CallId, leg: &LegId, by: &EndedBy) {
        let Some(dial) = self.dials.get(&call) else { return };
        let agents = dial.leg == *leg;
        let unseen = *by == EndedBy::Unseen;
        let how = match dial.stage {
            DialStage::Talking { .. } => DialEnd::Answered,
            _ if unseen => DialEnd::Unseen,
            DialStage::AgentRings { .. } => DialEnd::AgentNotReached,
            DialStage::Rings { .. } | DialStage::Connecting if agents => DialEnd::GivenUp,
            DialStage::Rings { .. } | DialStage::Connecting => DialEnd::Refused,
        };
        let by = match agents {
            _ if unseen => DialEndedBy::Unseen,
            true => DialEndedBy::Agent,
            false => DialEndedBy::Number,
        };
        self.end_dial(now, call, how, by);
    }

    /// The switch never said how it went on.
    pub(super) fn dial_overdue(&mut self, now: Moment, call: CallId) {
        let Some(dial) = self.dials.get(&call).cloned() else { return };
        match dial.stage {
            DialStage::AgentRings { .. } => self.end_dial(now, call, DialEnd::AgentNotReached, DialEndedBy::Us),
            DialStage::Rings { .. } => self.end_dial(now, call, DialEnd::NoAnswer, DialEndedBy::Us),
            DialStage::Connecting => {
                self.healed(Some(call), Some(dial.agent), "agent and number could not be joined: hung up");
                self.end_dial(now, call, DialEnd::Unseen, DialEndedBy::Us);
            }
            DialStage::Talking { .. } => {
                let what = "agent and number came apart with nobody hanging up: joined again";
                self.healed(Some(call), Some(dial.agent), what);
                let (caller, agent) = (dial.out_leg.clone(), dial.leg.clone());
                self.order(now, &dial.switch, Act::Connect { caller, agent }, None);
                // And a look at both, should one of them have gone unheard.
                self.order(now, &dial.switch, Act::Look { leg: dial.out_leg }, None);
                self.order(now, &dial.switch, Act::Look { leg: dial.leg }, None);
            }
        }
    }

    /// The dial is over; whichever leg of it is still there is hung up. An answered one has its wrap-up.
    pub(super) fn end_dial(&mut self, now: Moment, call: CallId, how: DialEnd, by: DialEndedBy) {
        self.end_dial_because(now, call, how, by, Failure::NoAnswer);
    }

    /// `why`: what the phone that was rung last said.
    fn end_dial_because(&mut self, now: Moment, call: CallId, how: DialEnd, by: DialEndedBy, why: Failure) {
        let Some(dial) = self.dials.remove(&call) else { return };
        self.timers.stop(&Timer::DialDue(call));
        self.timers.stop(&Timer::DialLongest(call));
        for leg in [&dial.out_leg, &dial.leg] {
            if self.legs.contains_key(leg) {
                self.hang_up(now, &dial.switch, leg.clone(), HangUpCause::Normal);
            }
        }
        self.fact(Fact::DialEnded { call, agent: dial.agent.clone(), how, by });
        let talked = matches!(dial.stage, DialStage::Talking { .. });
        if !talked {
            let number = dial.number.to_phone_number();
            self.change_agent(&dial.agent, |agent| {
                agent.in_vain = Some(DialInVain { number, how, ended_ms: now });
            });
        }
        let needs = dial.queue.as_ref().is_some_and(|queue| self.disposition_of_dial_owed(queue, &dial));
        let dismissed = self.agents.get(&dial.agent).is_some_and(|agent| agent.dismissed);
        if !talked || dismissed || dial.wrap_up == Some(Duration::ZERO) && !needs {
            self.change_work(&dial.agent, |work| work.end_dial(now));
            // Whoever was talked with may be owed a call-back at another hour, and is off the line now.
            return self.after_dial(now, &dial, how, by, why);
        }
        let until = dial.wrap_up.map(|limit| now + limit);
        let queue = dial.queue.clone();
        if self.change_work(&dial.agent, |work| work.wrap_up_dial(now, until, queue, needs))
            && let Some(until) = until
        {
            self.timers.set(Timer::WrapUpDue(dial.agent.clone()), until);
        }
        self.after_dial(now, &dial, how, by, why);
    }

    fn after_dial(&mut self, now: Moment, dial: &Dial, how: DialEnd, by: DialEndedBy, why: Failure) {
        self.promise_after_dial(now, dial, how, by, why);
        self.off_the_line(now, dial.call);
    }

    fn disposition_of_dial_owed(&self, queue: &QueueName, dial: &Dial) -> bool {
        let rules = self.version.as_ref().and_then(|plan| plan.queues.get(queue));
        let given = self.agents.get(&dial.agent).is_some_and(|agent| agent.disposed == Some(dial.call));
        rules.is_some_and(|rules| rules.needs_disposition) && !given
    }

    /// The agent is not there any more: nobody is rung for them. A conversation goes on to its end.
    pub(super) fn take_dial_back(&mut self, now: Moment, name: &AgentName) {
        let Some(Work::Dialling { call, .. }) = self.agents.get(name).map(|agent| &agent.work) else { return };
        let call = *call;
        match self.dials.get(&call).map(|dial| dial.stage) {
            Some(DialStage::AgentRings { .. } | DialStage::Rings { .. }) => {
                self.end_dial(now, call, DialEnd::GivenUp, DialEndedBy::Us);
            }
            Some(DialStage::Connecting | DialStage::Talking { .. }) | None => {}
        }
    }

    // After a start or a reconnect.

    /// A dial as the journal knew it. Whether it still lives is the first snapshot's to say.
    pub(super) fn remember_dial(&mut self, now: Moment, dial: Dial) {
        let holds = self.agents.get(&dial.agent).map(|agent| agent.work.call());
        if holds != Some(Some(dial.call)) {
            let Dial { call, agent, .. } = dial;
            return self.fact(Fact::DialEnded { call, agent, how: DialEnd::Unseen, by: DialEndedBy::Unseen });
        }
        self.adopt_leg(&dial.agent, &dial.leg);
        let due = match dial.stage {
            DialStage::AgentRings { until } => Some(until.max(now) + RING_GRACE),
            DialStage::Rings { until } => Some(until.max(now) + RING_GRACE),
            DialStage::Connecting => Some(now + CONNECT_WITHIN),
            DialStage::Talking { .. } => None,
        };
        if !matches!(dial.stage, DialStage::AgentRings { .. }) {
            let outside = LegOf::Outside { call: dial.call, switch: dial.switch.clone() };
            self.legs.insert(dial.out_leg.clone(), outside);
        }
        if let Some(due) = due {
            self.timers.set(Timer::DialDue(dial.call), due);
        }
        if let DialStage::Talking { since } = dial.stage {
            self.timers.set(Timer::DialLongest(dial.call), (since + dial.longest).max(now));
        }
        self.links.entry(dial.switch.clone()).or_insert(false);
        self.dials.insert(dial.call, dial);
    }

    /// What a snapshot says of the legs outside. (Of the agents' own, `compare_agent_legs` looks for those that are
    /// missing.)
    pub(super) fn compare_dials(
        &mut self,
        now: Moment,
        switch: &SwitchName,
        seen: &std::collections::BTreeMap<LegId, LegSeen>,
    ) {
        let here: Vec<Dial> = self.dials.values().filter(|dial| dial.switch == *switch).cloned().collect();
        for dial in here {
            let (agents, outside) = (seen.get(&dial.leg), seen.get(&dial.out_leg));
            if let (DialStage::AgentRings { .. }, Some(_)) = (dial.stage, outside) {
                // The end of the journal was lost with the machine; the switch has rung the number.
                self.ring_out(now, dial.call, false);
            }
            if let Some(agents) = agents {
                self.agent_of_dial_lives(now, dial.call, agents);
            }
            match outside {
                Some(outside) => self.outside_lives(now, dial.call, outside),
                None if matches!(dial.stage, DialStage::AgentRings { .. }) => {}
                None => drop(self.order(now, switch, Act::Look { leg: dial.out_leg }, None)),
            }
        }
        let orphans: Vec<LegId> = self
            .legs
            .iter()
            .filter(|(_, of)| {
                matches!(of, LegOf::Outside { call, switch: on } if on == switch && !self.dials.contains_key(call))
            })
            .filter(|(leg, _)| self.transfer_of_leg(leg).is_none() && self.reach_of_leg(leg).is_none())
            .map(|(leg, _)| leg.clone())
            .collect();
        for leg in orphans {
            if seen.contains_key(&leg) {
                self.hang_up(now, switch, leg, HangUpCause::Normal);
            } else {
                self.order(now, switch, Act::Look { leg }, None);
            }
        }
    }

    /// The agent's own leg was seen: what it does now.
    pub(super) fn agent_of_dial_lives(&mut self, now: Moment, call: CallId, seen: &LegSeen) {
        let Some(dial) = self.dials.get(&call).filter(|dial| dial.leg == seen.leg).cloned() else { return };
        if seen.joined_with.as_ref() == Some(&dial.out_leg) {
            return self.dial_joined(now, call, &seen.leg);
        }
        if !seen.in_hand {
            return;
        }
        match dial.stage {
            DialStage::AgentRings { .. } => self.dial_leg_answered(now, call, &seen.leg),
            DialStage::Rings { .. } => drop(self.order(now, &dial.switch, Act::StartRingback { leg: dial.leg }, None)),
            DialStage::Connecting => self.connect_dial(now, call),
            DialStage::Talking { .. } => {
                self.healed(Some(call), None, "agent and number were apart after we were away: joined again");
                let act = Act::Connect { caller: dial.out_leg, agent: dial.leg };
                self.order(now, &dial.switch, act, None);
            }
        }
    }

    /// A leg outside was seen; one that nobody wants any more is hung up.
    pub(super) fn outside_lives(&mut self, now: Moment, call: CallId, seen: &LegSeen) {
        if let Some(call) = self.transfer_of_leg(&seen.leg) {
            return self.transfer_leg_lives(now, call, seen);
        }
        if let Some(call) = self.reach_of_leg(&seen.leg) {
            return self.reach_lives(now, call, seen);
        }
        match self.dials.get(&call).map(|dial| (dial.stage, dial.leg.clone())) {
            None => {
                if let Some(switch) = self.switch_of_leg(&seen.leg).cloned() {
                    self.hang_up(now, &switch, seen.leg.clone(), HangUpCause::Normal);
                }
            }
            Some((_, agents)) if seen.joined_with.as_ref() == Some(&agents) => self.dial_joined(now, call, &agents),
            Some((DialStage::Rings { .. }, _)) if seen.in_hand => self.dial_leg_answered(now, call, &seen.leg),
            // Joined again by what the agent's own leg does, which is looked at too.
            Some(_) => {}
        }
    }
}
