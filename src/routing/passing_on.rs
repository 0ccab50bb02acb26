//! Passing on: an agent who talks sends the caller elsewhere and is done with them. To another agent, whose phone rings for
//! this caller alone; to a queue, or a step of the dialplan; or to a number outside, as a step's `transfer` does.
//!
//! It stays one call. The conversation is over for the agent, with the wrap-up and the disposition of its queue. The caller
//! comes away from the agent's leg, hears music (of a number outside: how it rings), and is nobody's for no moment: whoever
//! was to have them and does not come leaves them to the queue that they were passed on from.
//!
//! Their place there, and in any queue that they are passed on to, counts from when they first asked for a person in this
//! call: who has waited and talked already goes behind nobody who came after them. The wait itself is measured anew.

use serde::{Deserialize, Serialize};
use std::time::Duration;

use super::agent::Work;
use super::call::{Call, QueuePlace, Stage};
use super::core::{CONNECT_WITHIN, Core};
use super::dial_out::{DialOut, DialledNumber};
use super::effect::{Act, HangUpCause};
use super::fact::{Fact, LeftQueue, Reasons, Rule};
use super::ids::*;
use super::input::LegSeen;
use super::people::Refused;
use super::tag::Place;
use super::timer::Timer;
use crate::calendar::Moment;
use crate::dialplan::{QueueEntry, Walk, When};

/// Whom a caller is passed on to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PassedTo {
    /// Who is free: their phone rings for this caller alone.
    Agent(AgentName),
    Queue(QueueName),
    /// A step of the dialplan, in the version that the call began in.
    Step(StepName),
    /// One that the centre's `dial_out` lets be dialled.
    Number(PhoneNumber),
}

/// A caller who was passed on, and whom nobody has yet: to whom, and the queue that they come back to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed {
    pub queue: QueueName,
    pub to: PassedTo,
}

/// What was asked for, as far as it can be done.
enum Way {
    Agent(AgentName),
    Queue(QueueName),
    Step(StepName),
    Number(DialledNumber, DialOut),
}

/// The conversation that is left.
struct Conversation {
    call: CallId,
    switch: SwitchName,
    caller: LegId,
    agent_leg: LegId,
    queue: QueueName,
    /// They are apart already: on hold, and the switch has followed.
    apart: bool,
}

impl Core {
    pub(super) fn agent_passed_on(
        &mut self,
        now: Moment,
        name: &AgentName,
        call: Option<CallId>,
        to: &PassedTo,
        by: AgentName,
    ) {
        if let Some(Work::Dialling { .. }) = self.agents.get(name).map(|agent| &agent.work) {
            return self.refuse(Refused::DialledCallStays { agent: name.clone() });
        }
        let Some(in_hand) = self.conversation(name) else { return };
        if call.is_some_and(|call| call != in_hand) {
            return self.refuse(Refused::AnotherCall { agent: name.clone() });
        }
        let Some(left) = self.conversation_to_leave(in_hand) else { return };
        match self.way_for(now, name, &left, to) {
            Ok(way) => self.pass_on(now, name, left, way, to, by),
            Err(why) => self.refuse(why),
        }
    }

    fn conversation_to_leave(&self, call: CallId) -> Option<Conversation> {
        let of = self.calls.get(&call)?;
        let Stage::Talking { queue, agent_leg, hold, .. } = &of.stage else { return None };
        Some(Conversation {
            call,
            switch: of.switch.clone(),
            caller: of.leg.clone(),
            agent_leg: agent_leg.clone(),
            queue: queue.clone(),
            apart: hold.is_some() && !self.timers.is_set(&Timer::HoldDue(call)),
        })
    }

    /// Whether it can be done. Nothing is changed by the question.
    fn way_for(&self, now: Moment, name: &AgentName, left: &Conversation, to: &PassedTo) -> Result<Way, Refused> {
        let of = self.calls.get(&left.call).ok_or_else(|| Refused::NoConversation { agent: name.clone() })?;
        // Somebody called them, and they were promised that agent's queue and nobody else.
        if of.keeps.is_some() {
            return Err(Refused::KeepsPromise { agent: name.clone() });
        }
        match to {
            PassedTo::Agent(agent) => self.way_to_agent(name, agent, &left.switch),
            PassedTo::Queue(queue) => self.way_to_queue(now, of, queue),
            PassedTo::Step(step) => match of.walk.plan().steps.get(step) {
                Some(step) => Ok(Way::Step(step.name.clone())),
                None => Err(Refused::NoSuchStep { step: step.clone() }),
            },
            PassedTo::Number(number) => self.way_to_number(now, name, number, &left.switch),
        }
    }

    fn way_to_agent(&self, by: &AgentName, name: &AgentName, switch: &SwitchName) -> Result<Way, Refused> {
        if by == name {
            return Err(Refused::PassedToSelf { agent: name.clone() });
        }
        let agent = self.agents.get(name).filter(|agent| !agent.has_gone());
        let agent = agent.ok_or_else(|| Refused::NotLoggedIn { agent: name.clone() })?;
        // A leg of one switch is not joined to one of another.
        if agent.switch != *switch {
            return Err(Refused::SitsElsewhere { agent: name.clone(), switch: agent.switch.clone() });
        }
        match agent.is_free() {
            true => Ok(Way::Agent(name.clone())),
            false => Err(Refused::NotFreeForCaller { agent: name.clone(), state: agent.state() }),
        }
    }

    /// What a step's rules would do with a caller at the door the agent is told instead: they have the caller still.
    fn way_to_queue(&self, now: Moment, of: &Call, queue: &QueueName) -> Result<Way, Refused> {
        let here = self.version.as_ref().is_some_and(|plan| plan.queues.contains_key(queue));
        if !here || !of.walk.plan().queues.contains_key(queue) {
            return Err(Refused::NoSuchQueue { queue: queue.clone() });
        }
        let mut place = self.passed_place(now, of, queue);
        let nowhere = of.walk.step().clone();
        place.otherwise = [When::Closed, When::Full, When::NobodyLoggedIn].map(|when| (when, nowhere.clone())).to_vec();
        let queue = queue.clone();
        match self.turned_away(now, of.id, &place).map(|(_, why)| why) {
            None => Ok(Way::Queue(queue)),
            Some(LeftQueue::Full) => Err(Refused::QueueFull { queue }),
            Some(LeftQueue::Closed | LeftQueue::ClosedMeanwhile) => Err(Refused::QueueClosed { queue }),
            Some(LeftQueue::NobodyLoggedIn | LeftQueue::Deserted | LeftQueue::Waited | LeftQueue::CallBack) => {
                Err(Refused::NobodyInQueue { queue })
            }
        }
    }

    fn way_to_number(
        &self,
        now: Moment,
        name: &AgentName,
        number: &PhoneNumber,
        switch: &SwitchName,
    ) -> Result<Way, Refused> {
        let plan = self.version.as_ref().ok_or(Refused::NoDialOut)?;
        let rules = plan.dial_out.as_ref().ok_or(Refused::NoDialOut)?;
        let Ok(number) = number.as_str().parse::<DialledNumber>() else {
            return Err(Refused::NoNumber { number: number.clone() });
        };
        if !rules.allows(&number, plan.country) {
            return Err(Refused::NumberNotAllowed { number });
        }
        if rules.switch != *switch {
            return Err(Refused::DialsElsewhere { agent: name.clone(), switch: rules.switch.clone() });
        }
        match self.dialled_too_much(now, rules) {
            Some(why) => Err(why),
            None => Ok(Way::Number(number, rules.clone())),
        }
    }

    fn pass_on(&mut self, now: Moment, name: &AgentName, left: Conversation, way: Way, to: &PassedTo, by: AgentName) {
        let Conversation { call, queue, .. } = &left;
        let (call, queue) = (*call, queue.clone());
        self.fact(Fact::CallPassed { call, agent: name.clone(), queue: queue.clone(), to: to.clone(), by });
        self.leave_conversation(now, name, &left);
        if let Some(of) = self.calls.get_mut(&call) {
            of.stage = Stage::InDialplan { playing: None };
            of.passed = match &way {
                Way::Agent(_) | Way::Number(..) => Some(Passed { queue: queue.clone(), to: to.clone() }),
                Way::Queue(_) | Way::Step(_) => None,
            };
        }
        match way {
            Way::Agent(agent) => self.ring_for_passed(now, call, &queue, name, &agent),
            Way::Queue(queue) => self.wait_passed(now, call, &queue),
            Way::Step(step) => self.step_passed(now, call, &step),
            Way::Number(number, rules) => {
                let ring_for = rules.ring_for;
                self.ring_outside(now, call, number, rules, ring_for);
            }
        }
    }

    /// The agent's part is over. Their phone is hung up, and the caller comes away from it; a line that is held open stays,
    /// and the two are taken apart.
    fn leave_conversation(&mut self, now: Moment, name: &AgentName, left: &Conversation) {
        let Conversation { call, switch, caller, agent_leg, queue, apart } = left;
        let came_apart = self.timers.is_set(&Timer::PartedDue(*call));
        self.timers.stop(&Timer::PartedDue(*call));
        self.timers.stop(&Timer::HoldDue(*call));
        let rules = self.rules_for(*call, queue).cloned();
        self.start_wrap_up(now, name, queue.clone(), rules.as_ref());
        if !*apart {
            self.timers.set(Timer::ComesAway(*call), now + CONNECT_WITHIN);
        }
        if self.at_held_line(agent_leg).is_none() {
            self.hang_up(now, switch, agent_leg.clone(), HangUpCause::Normal);
        } else if !*apart {
            self.order(now, switch, Act::Part { caller: caller.clone(), agent: agent_leg.clone() }, None);
        }
        // They came apart a moment ago, and nobody will say so again.
        if came_apart && !*apart {
            self.order(now, switch, Act::Look { leg: caller.clone() }, None);
        }
    }

    /// One phone rings, and no other whatever the queue's strategy: the queue gives the ring its rules, and takes the
    /// caller back when it is over.
    fn ring_for_passed(&mut self, now: Moment, call: CallId, queue: &QueueName, by: &AgentName, agent: &AgentName) {
        let Some(of) = self.calls.get(&call) else { return };
        let mut place = self.passed_place(now, of, queue);
        place.credit = now.since(of.asked.unwrap_or(of.arrived));
        place.needs.clear();
        place.prefer.clear();
        place.agents.clear();
        place.otherwise.clear();
        let (rank, line) = ((place.rank(), call), place.line(&of.switch));
        self.index_of(queue).set_aside(rank, &line);
        if let Some(of) = self.calls.get_mut(&call) {
            of.stage = Stage::Waiting { place, rings: None, doubt: false };
        }
        self.tag_waiting(now, call);
        self.music(now, call);
        let idle = self.agents.get(agent).map(|agent| now.since(agent.idle_since())).unwrap_or(Duration::ZERO);
        let reasons = Reasons {
            rule: Rule::PassedOn,
            candidates: vec![(agent.clone(), idle)],
            passed_by: Some(by.clone()),
            ..Reasons::default()
        };
        self.make_offer(now, call, agent, reasons);
        self.index_agent(agent);
        if self.calls.get(&call).is_some_and(|of| of.rings() == 0) {
            // A telephone outside that may not be rung any more.
            self.take_passed_back(now, call);
        }
    }

    fn wait_passed(&mut self, now: Moment, call: CallId, queue: &QueueName) {
        let Some(of) = self.calls.get(&call) else { return };
        let place = self.passed_place(now, of, queue);
        self.wait_in_queue(now, call, place);
    }

    /// The step begins when the caller is there to hear it.
    fn step_passed(&mut self, now: Moment, call: CallId, step: &StepName) {
        let Some(of) = self.calls.get_mut(&call) else { return };
        let (plan, language, keyed) = (of.walk.plan().clone(), of.walk.language(), of.walk.keyed().clone());
        let Some(walk) = Walk::asleep(plan, step, language, keyed) else { return };
        of.walk = walk;
        of.step_since = now;
        if !self.timers.is_set(&Timer::ComesAway(call)) {
            self.begin_step_anew(now, call);
        }
    }

    /// A place that counts from when the caller first asked for a person, in the queue's own terms and, where the step of
    /// the call leads there, in that step's.
    fn passed_place(&self, now: Moment, of: &Call, queue: &QueueName) -> QueuePlace {
        let entry = of.walk.to_queue(queue).map(|to| to.entry_for(of.walk.language()));
        let entry = entry.unwrap_or_else(|| QueueEntry::to(queue.clone()));
        // What was waited before is in the time since then.
        let mut place = self.place_in(now, of.id, QueueEntry { keep_wait: false, ..entry }, now);
        place.credit += now.since(of.asked.unwrap_or(of.arrived));
        place
    }

    /// Nobody took them to whom they were passed on. `false`: they were passed on to nobody.
    pub(super) fn take_passed_back(&mut self, now: Moment, call: CallId) -> bool {
        let Some(Passed { queue, .. }) = self.calls.get_mut(&call).and_then(|of| of.passed.take()) else {
            return false;
        };
        if let Some(Call { stage: Stage::Waiting { place, .. } | Stage::Connecting { place, .. }, .. }) =
            self.calls.get(&call)
        {
            let place = place.clone();
            self.leave_queue(call, &place);
        }
        if let Some(of) = self.calls.get_mut(&call) {
            of.stage = Stage::InDialplan { playing: None };
        }
        self.wait_passed(now, call, &queue);
        true
    }

    // Coming away from the leg of the agent who passed them on.

    /// Whether the caller is still to come away, and hears nothing of ours before.
    pub(super) fn comes_away(&self, call: CallId) -> bool {
        self.timers.is_set(&Timer::ComesAway(call))
    }

    /// In our hands, and hears nothing. `false`: nobody waited for that.
    pub(super) fn came_away(&mut self, now: Moment, call: CallId) -> bool {
        if !self.comes_away(call) {
            return false;
        }
        self.timers.stop(&Timer::ComesAway(call));
        match self.calls.get(&call).map(|of| &of.stage) {
            Some(Stage::Waiting { .. }) => self.music(now, call),
            Some(Stage::InDialplan { .. }) => self.begin_step_anew(now, call),
            Some(Stage::Outside(_)) => self.ring_back(now, call),
            // Whoever has them now is heard in a moment.
            Some(Stage::Connecting { .. } | Stage::Talking { .. } | Stage::Ending { .. }) | None => {}
        }
        true
    }

    /// Nothing was heard of it: a look at the caller decides.
    pub(super) fn comes_away_overdue(&mut self, now: Moment, call: CallId) {
        let Some(of) = self.calls.get(&call) else { return };
        let (switch, leg) = (of.switch.clone(), of.leg.clone());
        match of.stage {
            Stage::Talking { .. } | Stage::Ending { .. } => return,
            Stage::InDialplan { .. } | Stage::Waiting { .. } | Stage::Connecting { .. } | Stage::Outside(_) => {}
        }
        self.timers.set(Timer::ComesAway(call), now + CONNECT_WITHIN);
        self.order(now, &switch, Act::Look { leg }, None);
    }

    /// A caller who should have come away was looked at. `false`: nobody waits for that.
    pub(super) fn came_away_as_seen(&mut self, now: Moment, call: CallId, seen: &LegSeen) -> bool {
        if !self.comes_away(call) {
            return false;
        }
        match &seen.joined_with {
            Some(with) => {
                let Some(switch) = self.calls.get(&call).map(|of| of.switch.clone()) else { return true };
                self.order(now, &switch, Act::Part { caller: seen.leg.clone(), agent: with.clone() }, None);
            }
            None if seen.in_hand => drop(self.came_away(now, call)),
            None => {}
        }
        true
    }

    /// The caller was found joined to this leg, which was rung by us and is no part of the call any more: we were away as
    /// they were passed on, and the leg goes now. `false`: it is a stranger's.
    pub(super) fn is_passed_on_from(&mut self, now: Moment, call: CallId, with: &LegSeen) -> bool {
        let ours = with.tags.as_ref().is_some_and(|tags| tags.centre == self.centre && tags.on_a_leg_we_rang());
        let Some(of) = self.calls.get(&call) else { return false };
        let left = match &of.stage {
            Stage::InDialplan { .. } | Stage::Waiting { .. } | Stage::Connecting { .. } | Stage::Outside(_) => true,
            Stage::Talking { .. } | Stage::Ending { .. } => false,
        };
        if !left || !of.served || with.inbound || !(ours || self.legs.contains_key(&with.leg)) {
            return false;
        }
        let switch = of.switch.clone();
        self.timers.set(Timer::ComesAway(call), now + CONNECT_WITHIN);
        // A line that is held open is looked after with the other lines.
        if self.at_held_line(&with.leg).is_none() {
            self.order(now, &switch, Act::HangUp { leg: with.leg.clone(), cause: HangUpCause::Normal }, None);
            self.timers.stop(&Timer::HangUpDue(with.leg.clone()));
        }
        true
    }

    /// The end of the journal may have been lost with the machine: the channel says that the caller whom we know in a
    /// conversation was passed on since. `false`: it does not.
    pub(super) fn passed_on_as_channel_says(&mut self, now: Moment, call: CallId, seen: &LegSeen) -> bool {
        let Some(Call { stage: Stage::Talking { agent, agent_leg, queue, since, .. }, .. }) = self.calls.get(&call)
        else {
            return false;
        };
        let (name, agent_leg, queue, since) = (agent.clone(), agent_leg.clone(), queue.clone(), *since);
        let Some(tags) = seen.tags.as_ref().filter(|tags| tags.centre == self.centre && tags.call == call) else {
            return false;
        };
        let to = match &tags.place {
            Place::Waiting { queue, joined, .. } if *joined >= since => PassedTo::Queue(queue.clone()),
            Place::Step { step, .. } => PassedTo::Step(step.clone()),
            Place::Waiting { .. }
            | Place::Talking { .. }
            | Place::Offered { .. }
            | Place::Line { .. }
            | Place::Dialled { .. } => return false,
        };
        let Some(of) = self.calls.get(&call) else { return false };
        let known = match &to {
            PassedTo::Queue(queue) => of.walk.plan().queues.contains_key(queue),
            PassedTo::Step(step) => of.walk.plan().steps.contains_key(step),
            PassedTo::Agent(_) | PassedTo::Number(_) => false,
        };
        if !known {
            return false;
        }
        let switch = of.switch.clone();
        self.healed(Some(call), Some(name.clone()), "the journal had lost that the caller was passed on");
        let by = name.clone();
        self.fact(Fact::CallPassed { call, agent: name.clone(), queue: queue.clone(), to: to.clone(), by });
        let left = Conversation { call, switch, caller: seen.leg.clone(), agent_leg, queue, apart: true };
        self.leave_conversation(now, &name, &left);
        if let Some(of) = self.calls.get_mut(&call) {
            of.stage = Stage::InDialplan { playing: None };
        }
        match to {
            PassedTo::Queue(queue) => self.wait_passed_since(now, call, &queue, &tags.place),
            PassedTo::Step(step) => self.step_passed(now, call, &step),
            PassedTo::Agent(_) | PassedTo::Number(_) => {}
        }
        true
    }

    /// The place that the channel knows, and no better one than the call could have.
    fn wait_passed_since(&mut self, now: Moment, call: CallId, queue: &QueueName, on_channel: &Place) {
        let Place::Waiting { joined, credit, .. } = on_channel else { return };
        let Some(of) = self.calls.get(&call) else { return };
        let joined = (*joined).min(now);
        let mut place = self.passed_place(joined, of, queue);
        place.credit = place.credit.min(*credit);
        place.told.until = now;
        self.wait_in_queue(now, call, place);
    }
}
