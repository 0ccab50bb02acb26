//! What a restart knows: the facts folded into the calls that had not ended and where every agent was.
//!
//! The local journal keeps it, so that a start needs no database. A law of the simulated shifts says that this
//! fold and the core's own state never differ.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};

use super::agent::{Breaks, Presence, Served, Work};
use super::dial::{Counted, Dial, DialStage};
use super::dialling::count_dial;
use super::emergency::SwitchedOn;
use super::fact::{EndedBy, Fact, OfferEnd, Outcome};
use super::held_line::HeldLine;
use super::ids::*;
use super::lending::Loan;
use super::passing_on::{Passed, PassedTo};
use super::preference::{Acquaintance, Prefer};
use super::promise::{Asked, Promise, PromiseStage};
use super::promising::remember_request;
use super::queue::Need;
use super::reaching::{Keeps, Reach};
use super::transferring::{Outside, OutsideStage};
use crate::calendar::Moment;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Default)]
pub struct Known {
    pub calls: BTreeMap<CallId, KnownCall>,
    pub agents: BTreeMap<AgentName, KnownAgent>,
    #[serde(default)]
    pub dials: BTreeMap<CallId, Dial>,
    /// Numbers that ring for promises, before an agent is rung.
    #[serde(default)]
    pub reaches: BTreeMap<CallId, Reach>,
    /// Call-backs that are owed.
    #[serde(default)]
    pub promises: BTreeMap<CallId, Promise>,
    #[serde(default)]
    pub asked: VecDeque<Asked>,
    /// Queues that are lent to people of other centres.
    #[serde(default)]
    pub loans: BTreeMap<AgentName, Loan>,
    /// The emergency messages that are on.
    #[serde(default)]
    pub emergency: BTreeMap<MessageName, SwitchedOn>,
    /// The dials of the last hour.
    #[serde(default)]
    pub dialled: VecDeque<Counted>,
    /// Facts that named a call or an agent this fold had never heard of. Zero in a whole journal.
    pub strays: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KnownCall {
    pub switch: SwitchName,
    pub leg: LegId,
    pub from: PhoneNumber,
    pub name: CallerName,
    pub to: PhoneNumber,
    pub version: VersionHash,
    pub arrived: Moment,
    pub step: Option<StepName>,
    #[serde(default)]
    pub step_since: Moment,
    pub language: String,
    /// What the caller keyed into variables; never a secret.
    pub keyed: BTreeMap<String, String>,
    #[serde(default)]
    pub knows: Acquaintance,
    pub queued: Option<KnownPlace>,
    /// In queues that it has left by a rule.
    #[serde(default)]
    pub waited: Duration,
    /// The call-back that is owed for it.
    #[serde(default)]
    pub promise: Option<CallId>,
    /// Who is called back: the promise that this is to keep.
    #[serde(default)]
    pub keeps: Option<Keeps>,
    /// The emergency messages that the caller has been given.
    #[serde(default)]
    pub warned: BTreeSet<MessageName>,
    /// The phones that ring for it, or the one that was picked up. Journals of before have one, or none, and call it so.
    #[serde(default, alias = "offer", deserialize_with = "one_or_several")]
    pub offers: Vec<KnownOffer>,
    /// Talking: with whom, on which leg, since when.
    pub talking: Option<(AgentName, LegId, Moment)>,
    /// Since when the conversation is on hold.
    #[serde(default)]
    pub held: Option<Moment>,
    /// Sent to a number outside.
    #[serde(default)]
    pub outside: Option<Outside>,
    /// Since when it has asked for a person.
    #[serde(default)]
    pub asked: Option<Moment>,
    /// Passed on to somebody who has not taken it yet.
    #[serde(default)]
    pub passed: Option<Passed>,
    /// The queue that the conversation came from.
    pub talked_for: Option<QueueName>,
    /// We have hung up: how it ends when the switch says that the leg is gone.
    #[serde(default)]
    pub ending: Option<(Outcome, EndedBy)>,
}

/// A place in a queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KnownPlace {
    pub queue: QueueName,
    pub joined: Moment,
    pub credit: Duration,
    pub needs: Vec<Need>,
    #[serde(default)]
    pub prefer: Vec<Prefer>,
    #[serde(default)]
    pub agents: Vec<AgentName>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KnownOffer {
    pub offer: OfferId,
    pub agent: AgentName,
    pub switch: SwitchName,
    pub leg: LegId,
    pub until: Moment,
    /// By somebody who is asked for a key.
    #[serde(default)]
    pub picked_up: bool,
    pub answered: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KnownAgent {
    pub station: StationAddress,
    pub switch: SwitchName,
    pub queues: BTreeSet<QueueName>,
    pub skills: BTreeMap<SkillName, u8>,
    #[serde(default)]
    pub auto_answer: Option<bool>,
    pub presence: Presence,
    pub work: Work,
    #[serde(default)]
    pub served: Served,
    #[serde(default)]
    pub breaks: Breaks,
    #[serde(default)]
    pub dismissed: bool,
    /// The call of which a disposition was written last.
    #[serde(default)]
    pub disposed: Option<CallId>,
    /// Of a station that is held open.
    #[serde(default)]
    pub held: HeldLine,
}

impl KnownPlace {
    /// Of a caller who rings at the phone of one agent: nothing of it matters but since when.
    fn of_passed(queue: &QueueName, joined: Moment, credit: Duration) -> Self {
        let queue = queue.clone();
        Self { queue, joined, credit, needs: Vec::new(), prefer: Vec::new(), agents: Vec::new() }
    }
}

fn one_or_several<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<KnownOffer>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Offers {
        Several(Vec<KnownOffer>),
        One(Box<KnownOffer>),
    }
    Ok(match Option::<Offers>::deserialize(deserializer)? {
        Some(Offers::Several(offers)) => offers,
        Some(Offers::One(offer)) => vec![*offer],
        None => Vec::new(),
    })
}

impl KnownAgent {
    /// Who logs in again while on a break has ended it.
    fn breaks_till(&self, at: Moment) -> Breaks {
        let mut breaks = self.breaks.clone();
        breaks.follow((&self.presence, &self.work), (&Presence::Ready { since: at }, &self.work), at);
        breaks
    }
}

impl Known {
    /// People of other centres: to whom something is lent, and who have something in hand of a loan that is over.
    pub fn guests(&self) -> impl Iterator<Item = &AgentName> {
        self.loans.keys().chain(self.agents.keys().filter(|name| name.home().is_some()))
    }

    /// Work one fact in. `at` is the moment of the input that caused it.
    pub fn learn(&mut self, at: Moment, fact: &Fact) {
        match fact {
            Fact::CallArrived { call, switch, leg, from, name, to, version, found: _, promise } => {
                let keeps = promise.and_then(|promise| self.learn_picked_up(promise, *call));
                self.calls.insert(
                    *call,
                    KnownCall {
                        switch: switch.clone(),
                        leg: leg.clone(),
                        from: from.clone(),
                        name: name.clone(),
                        to: to.clone(),
                        version: version.clone(),
                        arrived: at,
                        step: None,
                        step_since: at,
                        language: String::new(),
                        keyed: BTreeMap::new(),
                        knows: BTreeMap::new(),
                        queued: None,
                        waited: Duration::ZERO,
                        promise: None,
                        keeps,
                        warned: BTreeSet::new(),
                        offers: Vec::new(),
                        talking: None,
                        held: None,
                        outside: None,
                        asked: None,
                        passed: None,
                        talked_for: None,
                        ending: None,
                    },
                );
            }
            Fact::StepEntered { call, step, language } => self.of_call(*call, |known| {
                known.step = Some(step.clone());
                known.step_since = at;
                known.language.clone_from(language);
                known.queued = None;
            }),
            Fact::CallQueued { call, queue, joined, credit, needs, prefer, agents, step, language, promise: _ } => self
                .of_call(*call, |known| {
                    known.step = Some(step.clone());
                    known.language.clone_from(language);
                    known.talking = None;
                    known.held = None;
                    known.passed = None;
                    known.asked = known.asked.or(Some(*joined));
                    known.queued = Some(KnownPlace {
                        queue: queue.clone(),
                        joined: *joined,
                        credit: *credit,
                        needs: needs.clone(),
                        prefer: prefer.clone(),
                        agents: agents.clone(),
                    });
                }),
            Fact::CallLeftQueue { call, .. } => self.of_call(*call, |known| {
                // Turned away at a door it has no place.
                if let Some(place) = known.queued.take() {
                    known.waited += at.since(place.joined);
                }
            }),
            Fact::OfferMade { offer, call, agent, switch, leg, until, queue: _, reasons: _ } => {
                self.of_call(*call, |known| {
                    known.offers.push(KnownOffer {
                        offer: *offer,
                        agent: agent.clone(),
                        switch: switch.clone(),
                        leg: leg.clone(),
                        until: *until,
                        picked_up: false,
                        answered: false,
                    });
                });
            }
            Fact::OfferPickedUp { call, offer, agent: _ } => self.of_call(*call, |known| {
                if let Some(made) = known.offers.iter_mut().find(|made| made.offer == *offer) {
                    made.picked_up = true;
                }
            }),
            Fact::OfferAnswered { call, offer } => self.of_call(*call, |known| {
                if let Some(made) = known.offers.iter_mut().find(|made| made.offer == *offer) {
                    made.answered = true;
                }
            }),
            Fact::OfferEnded { offer, call, how, agent: _ } => {
                // A call may have ended before the phone that rang for it was heard to stop.
                if *how != OfferEnd::CallerGone || self.calls.contains_key(call) {
                    self.of_call(*call, |known| known.offers.retain(|made| made.offer != *offer));
                }
            }
            Fact::CallerKnown { call, agents } => self.of_call(*call, |known| known.knows.clone_from(agents)),
            Fact::Keyed { call, into: Some(into), keys, step: _ } => self.of_call(*call, |known| match keys.as_str() {
                "" => drop(known.keyed.remove(into)),
                keys => drop(known.keyed.insert(into.clone(), keys.to_owned())),
            }),
            Fact::CallConnected { call, agent, leg, queue, waited: _ } => self.of_call(*call, |known| {
                known.talked_for = Some(queue.clone());
                known.queued = None;
                known.offers.clear();
                known.passed = None;
                known.talking = Some((agent.clone(), leg.clone(), at));
                known.held = None;
            }),
            Fact::CallPassed { call, agent: _, queue, to, by: _ } => self.of_call(*call, |known| {
                known.talking = None;
                known.held = None;
                match to {
                    PassedTo::Agent(_) => {
                        let since = known.asked.unwrap_or(known.arrived);
                        known.queued = Some(KnownPlace::of_passed(queue, at, at.since(since)));
                    }
                    PassedTo::Step(step) => {
                        known.step = Some(step.clone());
                        known.step_since = at;
                    }
                    PassedTo::Queue(_) | PassedTo::Number(_) => {}
                }
                known.passed = match to {
                    PassedTo::Agent(_) | PassedTo::Number(_) => Some(Passed { queue: queue.clone(), to: to.clone() }),
                    PassedTo::Queue(_) | PassedTo::Step(_) => None,
                };
            }),
            Fact::CallHeld { call, agent: _, by: _ } => self.of_call(*call, |known| known.held = Some(at)),
            Fact::CallRetrieved { call, agent: _, by: _ } => self.of_call(*call, |known| known.held = None),
            Fact::CallHungUp { call, outcome, by } => self.of_call(*call, |known| {
                known.talking = None;
                known.held = None;
                known.outside = None;
                known.ending = Some((*outcome, by.clone()));
            }),
            Fact::CallEnded { call, .. } => {
                if self.calls.remove(call).is_none() {
                    self.strays += 1;
                }
            }
            Fact::PromiseMade { .. }
            | Fact::PromiseAgain { .. }
            | Fact::PromiseWaits { .. }
            | Fact::PromiseRests { .. }
            | Fact::PromiseKept { .. }
            | Fact::PromiseBroken { .. } => self.learn_promise(at, fact),
            Fact::CustomerRung { call, queue: _, reach, reasons: _ } => {
                count_dial(&mut self.dialled, at, None);
                self.of_promise(reach.promise, |promise| promise.stage = PromiseStage::Dialling { dial: *call });
                self.reaches.insert(*call, reach.clone());
            }
            Fact::CustomerNotReached { call, .. } => {
                if self.reaches.remove(call).is_none() {
                    self.strays += 1;
                }
            }
            Fact::Dialled { .. } => self.learn_dial(at, fact),
            Fact::DialAgentAnswered { call, agent: _, until } => {
                self.of_dial(*call, |dial| dial.stage = DialStage::Rings { until: *until });
            }
            Fact::DialAnswered { call } => self.of_dial(*call, |dial| dial.stage = DialStage::Connecting),
            Fact::DialConnected { call, agent: _ } => {
                self.of_dial(*call, |dial| dial.stage = DialStage::Talking { since: at });
            }
            Fact::DialEnded { call, .. } => {
                if self.dials.remove(call).is_none() {
                    self.strays += 1;
                }
            }
            Fact::AgentLoggedIn { agent, station, switch, queues, skills, auto_answer, by: _ } => {
                let before = self.agents.remove(agent);
                self.agents.insert(
                    agent.clone(),
                    KnownAgent {
                        station: station.clone(),
                        switch: switch.clone(),
                        queues: queues.clone(),
                        skills: skills.clone(),
                        auto_answer: *auto_answer,
                        presence: Presence::Ready { since: at },
                        served: before.as_ref().map(|before| Served { missed: 0, ..before.served }).unwrap_or_default(),
                        held: before.as_ref().map(|before| before.held.at_log_in()).unwrap_or_default(),
                        breaks: before.as_ref().map(|before| before.breaks_till(at)).unwrap_or_default(),
                        dismissed: false,
                        disposed: before.as_ref().and_then(|before| before.disposed),
                        work: before.map_or(Work::Nothing { since: at }, |before| before.work),
                    },
                );
            }
            Fact::AgentLoggedOut { agent, dismissed, by: _, why: _ } => {
                if let Some(known) = self.agents.get_mut(agent) {
                    known.dismissed = *dismissed;
                }
            }
            Fact::AgentAssigned { agent, queues, skills, by: _ } => match self.agents.get_mut(agent) {
                Some(known) => {
                    known.queues = queues.clone();
                    known.skills = skills.clone();
                }
                None => self.strays += 1,
            },
            Fact::AgentChanged { agent, presence, work, state: _, by, why: _ } => {
                match self.agents.get_mut(agent) {
                    Some(known) => {
                        let before = (&known.presence, &known.work);
                        known.breaks.follow(before, (presence, work), at);
                        known.served.follow_presence(&known.presence, presence, by.is_some());
                        known.served.follow(&known.work, work, at);
                        known.presence = presence.clone();
                        known.work = work.clone();
                    }
                    None => self.strays += 1,
                }
                // Who is away and holds nothing is not on the floor any more.
                if matches!((presence, work), (Presence::Away { .. }, Work::Nothing { .. })) {
                    self.agents.remove(agent);
                }
            }
            Fact::AgentDisposed { agent, call, given, by: _ } => match self.agents.get_mut(agent) {
                Some(known) => known.disposed = given.then_some(*call),
                None => self.strays += 1,
            },
            // Of somebody who has logged out the end of the line is nothing.
            Fact::HeldLineChanged { agent, line } => {
                if let Some(known) = self.agents.get_mut(agent) {
                    known.held = line.clone();
                }
            }
            Fact::TransferBegan { call, number, switch: _, leg, longest, until } => {
                count_dial(&mut self.dialled, at, None);
                let Ok(number) = number.as_str().parse() else {
                    self.strays += 1;
                    return;
                };
                let stage = OutsideStage::Rings { until: *until };
                let outside = Outside { number, leg: leg.clone(), longest: *longest, stage };
                self.of_call(*call, |known| known.outside = Some(outside));
            }
            Fact::TransferAnswered { call } => self.of_transfer(*call, OutsideStage::Connecting),
            Fact::TransferConnected { call } => {
                self.of_call(*call, |known| known.passed = None);
                self.of_transfer(*call, OutsideStage::Talking { since: at });
            }
            Fact::TransferFailed { call, .. } => self.of_call(*call, |known| known.outside = None),
            Fact::QueuesLent { agent, queues, skills, by, why } => {
                let since = self.loans.get(agent).map_or(at, |before| before.since);
                let (queues, skills, by, why) = (queues.clone(), skills.clone(), by.clone(), why.clone());
                self.loans.insert(agent.clone(), Loan { since, queues, skills, by, why });
            }
            Fact::LoanEnded { agent, by: _, why: _ } => {
                if self.loans.remove(agent).is_none() {
                    self.strays += 1;
                }
            }
            Fact::EmergencySwitchedOn { message, by, why, until } => {
                let since = self.emergency.get(message).map_or(at, |before| before.since);
                let on = SwitchedOn { since, by: by.clone(), why: why.clone(), until: *until };
                self.emergency.insert(message.clone(), on);
            }
            Fact::EmergencySwitchedOff { message, by: _, why: _, how: _ } => {
                if self.emergency.remove(message).is_none() {
                    self.strays += 1;
                }
            }
            Fact::EmergencyHeard { call, message, heard: _ } => self.of_call(*call, |known| {
                known.warned.insert(message.clone());
            }),
            Fact::Keyed { into: None, .. }
            | Fact::KeypadUsed { .. }
            | Fact::OfferRang { .. }
            | Fact::PickUpAsked { .. }
            | Fact::PickUpFailed { .. }
            | Fact::CallEndAsked { .. }
            | Fact::CallBackRefused { .. }
            | Fact::ControllerStarted { .. }
            | Fact::VersionPublished { .. }
            | Fact::LinkChanged { .. }
            | Fact::Healed { .. }
            | Fact::WallClockStepped { .. } => {}
        }
    }

    /// Who was rung first has picked up.
    fn learn_picked_up(&mut self, promise: CallId, call: CallId) -> Option<Keeps> {
        self.of_promise(promise, |promise| promise.stage = PromiseStage::PickedUp { call });
        let Some(reach) = self.reaches.remove(&call) else {
            self.strays += 1;
            return None;
        };
        Some(Keeps { promise, agent: reach.agent })
    }

    fn learn_dial(&mut self, at: Moment, fact: &Fact) {
        let Fact::Dialled {
            call,
            agent,
            number,
            switch,
            leg,
            out_leg,
            to,
            shown,
            ring_for,
            wrap_up,
            longest,
            until,
            by: _,
            request,
            promise,
            queue,
            reasons: _,
        } = fact
        else {
            return;
        };
        count_dial(&mut self.dialled, at, request.as_ref());
        if let Some(promise) = promise {
            self.of_promise(*promise, |promise| promise.stage = PromiseStage::Dialling { dial: *call });
        }
        // A number of ours reads back; one that does not is nothing that may be dialled.
        let Ok(number) = number.as_str().parse() else {
            self.strays += 1;
            return;
        };
        let dial = Dial {
            call: *call,
            agent: agent.clone(),
            number,
            switch: switch.clone(),
            leg: leg.clone(),
            out_leg: out_leg.clone(),
            to: to.clone(),
            shown: shown.clone(),
            ring_for: *ring_for,
            wrap_up: *wrap_up,
            longest: *longest,
            since: at,
            promise: *promise,
            queue: queue.clone(),
            stage: DialStage::AgentRings { until: *until },
        };
        self.dials.insert(*call, dial);
    }

    fn learn_promise(&mut self, at: Moment, fact: &Fact) {
        match fact {
            Fact::PromiseMade { .. } => self.learn_made(at, fact),
            Fact::PromiseAgain { promise, call, joined, credit, number } => {
                let number = number.as_ref().and_then(|number| number.as_str().parse().ok());
                self.of_promise(*promise, |promise| {
                    (promise.joined, promise.credit, promise.of_call) = (*joined, *credit, Some(*call));
                    if let Some(number) = number {
                        promise.number = number;
                    }
                });
                self.of_call(*call, |known| known.promise = Some(*promise));
            }
            Fact::PromiseWaits { promise, joined, why: _ } => self.of_promise(*promise, |promise| {
                (promise.joined, promise.stage) = (*joined, PromiseStage::Waiting);
            }),
            Fact::PromiseRests { promise, until, tries, after: _ } => self.of_promise(*promise, |promise| {
                (promise.tries, promise.stage) = (*tries, PromiseStage::Resting { until: *until });
            }),
            Fact::PromiseKept { promise, .. } | Fact::PromiseBroken { promise, .. } => {
                let Some(gone) = self.promises.remove(promise) else {
                    self.strays += 1;
                    return;
                };
                let mut others = self.promises.values();
                let another = others.find(|other| other.of_call == gone.of_call).map(|other| other.id);
                if let Some(call) = gone.of_call.and_then(|call| self.calls.get_mut(&call)) {
                    call.promise = another;
                }
            }
            _ => {}
        }
    }

    fn learn_made(&mut self, at: Moment, fact: &Fact) {
        let Fact::PromiseMade {
            promise,
            number,
            queue,
            joined,
            credit,
            needs,
            wishes,
            due,
            by,
            of_call,
            language,
            request,
        } = fact
        else {
            return;
        };
        remember_request(&mut self.asked, at, request.as_ref());
        let Ok(number) = number.as_str().parse() else {
            self.strays += 1;
            return;
        };
        if let Some(call) = of_call.and_then(|call| self.calls.get_mut(&call)) {
            call.promise = Some(*promise);
        }
        let made = Promise {
            id: *promise,
            number,
            queue: queue.clone(),
            joined: *joined,
            credit: *credit,
            needs: needs.clone(),
            wishes: wishes.clone(),
            by: by.clone(),
            of_call: *of_call,
            language: language.clone(),
            made: at,
            tries: 0,
            stage: due.map_or(PromiseStage::Waiting, |due| PromiseStage::Scheduled { due }),
            stands: None,
        };
        self.promises.insert(*promise, made);
    }

    fn of_promise(&mut self, promise: CallId, change: impl FnOnce(&mut Promise)) {
        match self.promises.get_mut(&promise) {
            Some(known) => change(known),
            None => self.strays += 1,
        }
    }

    fn of_dial(&mut self, call: CallId, change: impl FnOnce(&mut Dial)) {
        match self.dials.get_mut(&call) {
            Some(known) => change(known),
            None => self.strays += 1,
        }
    }

    fn of_transfer(&mut self, call: CallId, stage: OutsideStage) {
        self.of_call(call, |known| {
            if let Some(outside) = &mut known.outside {
                outside.stage = stage;
            }
        });
    }

    fn of_call(&mut self, call: CallId, change: impl FnOnce(&mut KnownCall)) {
        match self.calls.get_mut(&call) {
            Some(known) => change(known),
            None => self.strays += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn journals_of_before_know_of_one_phone_that_rings_or_of_none() {
        let offer = KnownOffer {
            offer: OfferId { epoch: Epoch(1), number: 1 },
            agent: AgentName::new("mira"),
            switch: SwitchName::new("pbx"),
            leg: LegId::new("demo-1"),
            until: Moment::from_ms(5),
            answered: false,
            picked_up: false,
        };
        let offer = serde_json::to_string(&offer).expect("it is written");
        let known = |key: &str, offers: &str| {
            let text = format!(
                r#"{{"switch":"pbx","leg":"c1","from":"1","name":"","to":"2","version":"v","arrived":1,"step":null,
                    "language":"en","keyed":{{}},"queued":null,"{key}":{offers},"talking":null,"talked_for":null}}"#
            );
            serde_json::from_str::<KnownCall>(&text).expect("a call of a journal").offers
        };
        assert_eq!(known("offer", "null"), []);
        assert_eq!(known("offers", "[]"), []);
        let one = known("offer", &offer);
        assert_eq!(one.len(), 1);
        assert_eq!(known("offers", &format!("[{offer},{offer}]")).len(), 2);
        let written = serde_json::to_string(&one).expect("it is written");
        assert_eq!(known("offers", &written), one, "and read again as it was written");
    }
}
