//! What people do in a rehearsal: callers dial, grow tired and hang up, agents come and go, take breaks and end their
//! wrap-up.

use std::time::Duration;

use super::arrivals::Arrival;
use super::world::{Stopped, World};
use crate::routing::agent::{Presence, Work};
use crate::routing::ids::{AgentName, CallId, CallerName, LegId, PhoneNumber, QueueName};
use crate::routing::{AgentMoves, CallerMoves, Fact, Input, Moves};
use crate::switch::rehearsal::{Caller, Habit, Phone, World as Happening};

/// How long an agent is away from the desk after a missed offer, where the queue waits for *ready*.
const BACK_AFTER_MISSED: Duration = Duration::from_secs(30);

/// What is to happen outside of the switch.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Deed {
    LogIn(usize),
    TakeBreak(usize),
    ComeBack(usize),
    LogOut(usize),
    Tires(LegId),
    HasSaidAll(LegId),
    EndsWrapUp(AgentName, CallId),
    SaysReady(AgentName),
}

impl Deed {
    const fn is_asked_on_a_page(&self) -> bool {
        match self {
            Deed::LogIn(_)
            | Deed::TakeBreak(_)
            | Deed::ComeBack(_)
            | Deed::LogOut(_)
            | Deed::EndsWrapUp(..)
            | Deed::SaysReady(_) => true,
            Deed::Tires(_) | Deed::HasSaidAll(_) => false,
        }
    }
}

/// One caller, from dialling to the end of the call.
#[derive(Clone, Debug)]
pub(super) struct Person {
    stream: usize,
    patience: Option<Duration>,
    talks: Duration,
    wrap_up: Option<Duration>,
    /// Stood in a queue: the patience runs.
    queued: bool,
    talking: bool,
}

impl World<'_> {
    pub(super) fn dials(&mut self, arrival: Arrival) {
        let Arrival { stream, to, keys, patience, talks, wrap_up, .. } = arrival;
        self.figures.dials(stream);
        if self.people.len() >= self.plan.lines {
            // Those whose calls ended while nobody of ours saw it.
            let exchange = &self.exchange;
            if self.laws.is_some() {
                self.people.retain(|leg, _| exchange.leg(leg).is_some());
            }
            if self.people.len() >= self.plan.lines {
                self.blocked += 1;
                return;
            }
        }
        let number = self.numbers.below(100_000_000);
        // Among faults our own word of a call may be lost: then the telephone itself gives up and hangs up.
        let alone = self.laws.is_some();
        let caller = Caller {
            station: None,
            from: PhoneNumber::new(format!("138{number:08}")),
            name: CallerName::new(""),
            to,
            patience: patience.filter(|_| alone),
            talks: Some(talks).filter(|_| alone),
            keys,
        };
        let person = Person { stream, patience, talks, wrap_up, queued: false, talking: false };
        if let Some(leg) = self.exchange.happen(self.now, Happening::CallerDials(caller)) {
            self.people.insert(leg, person);
        }
    }

    pub(super) fn happens(&mut self, deed: Deed) -> Result<(), Stopped> {
        if self.core.is_none() && deed.is_asked_on_a_page() {
            // Nobody answers the page: tried again in a moment.
            self.due(self.now + Duration::from_secs(1), deed);
            return Ok(());
        }
        match deed {
            Deed::LogIn(n) | Deed::TakeBreak(n) | Deed::ComeBack(n) | Deed::LogOut(n) => self.at_work(n, deed),
            Deed::Tires(leg) => match self.people.get(&leg) {
                Some(person) if !person.talking => self.outside(Happening::CallerHangsUp { leg }),
                Some(_) | None => Ok(()),
            },
            Deed::HasSaidAll(leg) => self.outside(Happening::CallerHangsUp { leg }),
            Deed::EndsWrapUp(agent, call) => {
                if self.wrap_up.get(&agent).is_none_or(|(of, _)| *of != call) {
                    return Ok(());
                }
                self.wrap_up.remove(&agent);
                self.tell(Input::AgentEndedWrapUp { by: agent.clone(), agent, why: None })
            }
            Deed::SaysReady(agent) => self.tell(Input::AgentSaidReady { by: agent.clone(), agent, why: None }),
        }
    }

    fn at_work(&mut self, n: usize, deed: Deed) -> Result<(), Stopped> {
        let Some(seat) = self.plan.seats.get(n) else { return Ok(()) };
        let (agent, by, why) = (seat.agent.clone(), seat.agent.clone(), None);
        match deed {
            Deed::LogIn(_) => {
                let habit = Habit::Answers { after: seat.picks_up, talks: None };
                let (station, phone) = (seat.station.clone(), Phone::with(habit));
                self.outside(Happening::PhoneSetTo { station: station.clone(), phone })?;
                let (queues, skills) = (seat.queues.clone(), seat.skills.clone());
                self.tell(Input::AgentLoggedIn {
                    agent,
                    station,
                    switch: self.switch.clone(),
                    queues,
                    skills,
                    by,
                    auto_answer: None,
                })
            }
            Deed::TakeBreak(_) => match self.plan.centre.break_reasons.first().cloned() {
                Some(reason) => self.tell(Input::AgentTookBreak { agent, reason, by, why }),
                // A centre without reasons for a break: the agent logs out for it.
                None => self.tell(Input::AgentLoggedOut { agent, by, why }),
            },
            Deed::ComeBack(_) if self.plan.centre.break_reasons.is_empty() => self.at_work(n, Deed::LogIn(n)),
            Deed::ComeBack(_) => self.tell(Input::AgentSaidReady { agent, by, why }),
            Deed::LogOut(_) | Deed::Tires(_) | Deed::HasSaidAll(_) | Deed::EndsWrapUp(..) | Deed::SaysReady(_) => {
                self.tell(Input::AgentLoggedOut { agent, by, why })
            }
        }
    }

    /// What a fact makes people do later.
    pub(super) fn notice(&mut self, fact: &Fact) {
        match fact.moves() {
            Moves::Caller(call, CallerMoves::Arrived { leg }) => drop(self.legs.insert(call, leg.clone())),
            Moves::Caller(call, CallerMoves::Queued { queue, .. }) => self.joins(call, queue),
            Moves::Caller(call, CallerMoves::Connected { agent }) => self.talks(call, agent),
            Moves::Caller(call, CallerMoves::Ended { .. }) => {
                if let Some(leg) = self.legs.remove(&call) {
                    self.people.remove(&leg);
                }
            }
            Moves::Agent(agent, AgentMoves::Changed { presence, work, .. }) => {
                if let (Work::WrappingUp { call, .. }, Some((of, lasts))) = (work, self.wrap_up.get(agent))
                    && of == call
                {
                    self.due(self.now + *lasts, Deed::EndsWrapUp(agent.clone(), *call));
                }
                if matches!(work, Work::Nothing { .. }) {
                    self.wrap_up.remove(agent);
                }
                if matches!(presence, Presence::Missed { until: None, .. }) {
                    self.due(self.now + BACK_AFTER_MISSED, Deed::SaysReady(agent.clone()));
                }
            }
            Moves::Caller(_, CallerMoves::Stepped | CallerMoves::LeftQueue { .. })
            | Moves::Agent(_, AgentMoves::LoggedIn { .. })
            | Moves::Phone(..)
            | Moves::Nothing => {}
        }
    }

    fn joins(&mut self, call: CallId, queue: &QueueName) {
        let Some(leg) = self.legs.get(&call) else { return };
        let Some(person) = self.people.get_mut(leg) else { return };
        self.figures.joins(person.stream, queue, person.patience);
        if !std::mem::replace(&mut person.queued, true)
            && let Some(patience) = person.patience
            && self.laws.is_none()
        {
            let deed = Deed::Tires(leg.clone());
            self.due(self.now + patience, deed);
        }
    }

    fn talks(&mut self, call: CallId, agent: &AgentName) {
        let Some(leg) = self.legs.get(&call) else { return };
        let Some(person) = self.people.get_mut(leg) else { return };
        person.talking = true;
        let (talks, wrap_up, leg) = (person.talks, person.wrap_up, leg.clone());
        if let Some(wrap_up) = wrap_up {
            self.wrap_up.insert(agent.clone(), (call, wrap_up));
        }
        if self.laws.is_none() {
            self.due(self.now + talks, Deed::HasSaidAll(leg));
        }
    }
}
