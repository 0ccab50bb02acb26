//! The accounts, from facts alone: how each call's story went, and that every queue's books balance.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cordboard::calendar::Moment;
use cordboard::routing::dial::DialEnd;
use cordboard::routing::fact::{EndedBy, LeftQueue, OfferEnd, Outcome};
use cordboard::routing::ids::*;
use cordboard::routing::promise::Broken as PromiseBroken;
use cordboard::routing::{Fact, PassedTo};

use crate::law::{Broken, Law, must};

#[derive(Clone, Debug, Default)]
struct Story {
    queue: Option<QueueName>,
    connected: bool,
    /// An agent has talked with the caller, and passed them on.
    served: bool,
    /// To whose phone, or to a number (nobody's), and nobody has taken them yet.
    passed: Option<Option<AgentName>>,
    held: bool,
    /// A call-back is owed for it.
    owed: bool,
    /// Who is called back: for what.
    keeps: Option<CallId>,
    /// Where it stands, and what it left to a promise.
    place: Option<(QueueName, Moment, Duration)>,
    left_behind: Option<(QueueName, Moment, Duration)>,
    /// The phones that ring for it, or the one that was picked up.
    offers: BTreeMap<OfferId, AgentName>,
    picked_up: Option<OfferId>,
    hung_up: Option<(Outcome, EndedBy)>,
    /// Sent to a number outside: how far that has come.
    outside: Option<Dialled>,
    /// Emergency messages: given; and owed before anything else is done.
    warned: BTreeSet<MessageName>,
    unwarned: bool,
}

/// The one that is for every number.
const FOR_ALL: &str = "flood";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    pub offered: u64,
    pub answered: u64,
    pub abandoned: u64,
    pub left: u64,
    /// Callers who left the place to a promise.
    pub promised: u64,
    pub by_us: u64,
    pub unseen: u64,
}

impl Account {
    pub fn still_waiting(&self) -> i64 {
        let gone = self.answered + self.abandoned + self.left + self.promised + self.by_us + self.unseen;
        self.offered as i64 - gone as i64
    }
}

/// A promise, as the facts tell it.
#[derive(Clone, Debug, Default)]
struct Owed {
    of_call: Option<CallId>,
    dial: Option<CallId>,
    tries: u32,
}

/// How far a dial has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialled {
    Rung = 1,
    Answered,
    Heard,
}

#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// Dials that are not over: whether agent and number have heard each other.
    dials: BTreeMap<CallId, Option<Dialled>>,
    dialled_ever: BTreeSet<CallId>,
    pub dial_ends: BTreeMap<DialEnd, u64>,
    /// Promises that are neither kept nor broken, and the dial for each.
    promises: BTreeMap<CallId, Owed>,
    promised_ever: BTreeSet<CallId>,
    /// Numbers that ring before an agent does, with the promise that each is for.
    reaches: BTreeMap<CallId, CallId>,
    pub promise_ends: BTreeMap<Option<PromiseBroken>, u64>,

    /// Emergency messages that are on.
    on: BTreeSet<MessageName>,
    open: BTreeMap<CallId, Story>,
    ended: BTreeMap<CallId, Outcome>,
    /// Who has an offer, as the facts say.
    offered_to: BTreeMap<AgentName, OfferId>,
    pub accounts: BTreeMap<QueueName, Account>,
    pub arrived: u64,
    pub outcomes: BTreeMap<Outcome, u64>,
}

impl Ledger {
    pub fn enter(&mut self, fact: &Fact) -> Result<(), Broken> {
        if self.enter_promise(fact)? || self.enter_dial(fact)? {
            return Ok(());
        }
        if let Some(call) = fact.call() {
            let new = matches!(fact, Fact::CallArrived { .. });
            // How it ended is written after its end too.
            let about_it = matches!(fact, Fact::Healed { .. } | Fact::AgentDisposed { .. });
            must!(
                Law::EndsOnce,
                new || self.open.contains_key(&call) || about_it,
                "{fact:?} of a call that {}",
                if self.ended.contains_key(&call) { "has ended" } else { "never arrived" }
            );
        }
        match fact {
            // What was torn off the journal may have been heard.
            Fact::ControllerStarted { .. } => self.open.values_mut().for_each(|story| story.unwarned = false),
            Fact::EmergencySwitchedOn { message, .. } => drop(self.on.insert(message.clone())),
            Fact::EmergencySwitchedOff { message, .. } => {
                must!(Law::OnePlace, self.on.remove(message), "{message} went off, and was not on");
                if message.as_str() == FOR_ALL {
                    self.open.values_mut().for_each(|story| story.unwarned = false);
                }
            }
            Fact::EmergencyHeard { call, message, .. } => {
                let story = self.open.entry(*call).or_default();
                must!(Law::HeardFirst, story.warned.insert(message.clone()), "{call} was given {message} twice");
                story.unwarned &= message.as_str() != FOR_ALL;
            }
            Fact::TransferBegan { call, .. } => {
                let story = self.open.entry(*call).or_default();
                must!(
                    Law::OnePlace,
                    story.outside.is_none() && story.queue.is_none(),
                    "{call} sent out after {story:?}"
                );
                must!(Law::HeardFirst, !story.unwarned, "{call} sent out before it was warned");
                story.outside = Some(Dialled::Rung);
            }
            Fact::TransferAnswered { call } => {
                let story = self.open.entry(*call).or_default();
                must!(Law::OnePlace, story.outside == Some(Dialled::Rung), "{call} answered outside after {story:?}");
                story.outside = Some(Dialled::Answered);
            }
            Fact::TransferConnected { call } => {
                let story = self.open.entry(*call).or_default();
                must!(Law::OnePlace, story.outside == Some(Dialled::Answered), "{call} heard outside after {story:?}");
                story.passed = None;
                story.outside = Some(Dialled::Heard);
            }
            Fact::TransferFailed { call, .. } => {
                let story = self.open.entry(*call).or_default();
                must!(Law::EndsOnce, story.outside != Some(Dialled::Heard), "{call} failed outside after {story:?}");
                story.outside = None;
            }
            Fact::Keyed { call, .. } => {
                let owed = self.open.get(call).is_some_and(|story| story.unwarned);
                must!(Law::HeardFirst, !owed, "{call} chose before it was warned");
            }
            Fact::CallArrived { call, found, promise, .. } => {
                let rang = self.reaches.remove(call);
                must!(Law::PromisesAreKept, rang == *promise, "{fact:?}, and what rang was for {rang:?}");
                must!(
                    Law::EndsOnce,
                    !self.open.contains_key(call) && !self.ended.contains_key(call),
                    "{call} arrived twice"
                );
                let unwarned = !found && self.on.contains(&MessageName::new(FOR_ALL));
                self.open.insert(*call, Story { unwarned, keeps: *promise, ..Story::default() });
                self.arrived += 1;
            }
            Fact::StepEntered { call, .. } => {
                let story = self.open.entry(*call).or_default();
                must!(Law::Balance, story.queue.is_none(), "{call} is in a step, and in {:?}", story.queue);
            }
            Fact::CallQueued { call, queue, joined, credit, .. } => {
                let story = self.open.entry(*call).or_default();
                must!(Law::OnePlace, story.offers.is_empty(), "{call} comes to {queue}, and {:?} ring", story.offers);
                story.passed = None;
                story.place = Some((queue.clone(), *joined, *credit));
                must!(Law::HeardFirst, !story.unwarned, "{call} waits before it was warned");
                // Told again where a found call gets its old place back.
                if story.queue.as_ref() != Some(queue) {
                    must!(Law::OnePlace, story.queue.is_none(), "{call} in {queue} and in {:?}", story.queue);
                    must!(Law::EndsOnce, !story.connected, "{call} talks and waits in {queue}");
                    story.queue = Some(queue.clone());
                    self.accounts.entry(queue.clone()).or_default().offered += 1;
                }
            }
            Fact::CallLeftQueue { call, queue, why, to: _ } => {
                let story = self.open.entry(*call).or_default();
                match why {
                    LeftQueue::Waited | LeftQueue::Deserted | LeftQueue::ClosedMeanwhile => {
                        must!(
                            Law::Balance,
                            story.queue.as_ref() == Some(queue),
                            "{call} left {queue}, but is in {:?}",
                            story.queue
                        );
                        story.queue = None;
                        self.accounts.entry(queue.clone()).or_default().left += 1;
                    }
                    LeftQueue::CallBack => {
                        must!(
                            Law::Balance,
                            story.queue.as_ref() == Some(queue),
                            "{call} left {queue}, but is in {:?}",
                            story.queue
                        );
                        story.queue = None;
                        story.left_behind = story.place.take();
                        self.accounts.entry(queue.clone()).or_default().promised += 1;
                    }
                    // Turned away at the door.
                    LeftQueue::Full | LeftQueue::NobodyLoggedIn | LeftQueue::Closed => {
                        must!(
                            Law::Balance,
                            story.queue.is_none(),
                            "{call} turned away from {queue}, but is in {:?}",
                            story.queue
                        );
                    }
                }
            }
            Fact::OfferMade { offer, call, agent, queue, .. } => {
                let story = self.open.entry(*call).or_default();
                // How many may ring is asked of the floor.
                must!(
                    Law::OnePlace,
                    story.picked_up.is_none(),
                    "{call} rings after {:?} was answered",
                    story.picked_up
                );
                must!(Law::OnePlace, !story.offers.contains_key(offer), "{call} on {offer} twice");
                let alone = story.passed.as_ref() == Some(&Some(agent.clone()));
                must!(
                    Law::Balance,
                    alone || story.queue.as_ref() == Some(queue),
                    "{call} offered from {queue}, but is in {:?}",
                    story.queue
                );
                story.offers.insert(*offer, agent.clone());
                let before = self.offered_to.insert(agent.clone(), *offer);
                must!(Law::OnePlace, before.is_none(), "{agent} on {offer} and on {before:?}");
            }
            Fact::OfferAnswered { offer, call } => {
                let story = self.open.entry(*call).or_default();
                must!(
                    Law::OnePlace,
                    story.offers.contains_key(offer) && story.picked_up.is_none(),
                    "{offer} picked up, but {call} has {:?}",
                    story.offers
                );
                story.picked_up = Some(*offer);
            }
            Fact::OfferEnded { offer, call, agent, how } => {
                let story = self.open.entry(*call).or_default();
                let mine = story.offers.remove(offer);
                must!(
                    Law::OnePlace,
                    mine.as_ref() == Some(agent),
                    "{offer} to {agent} ended {how:?}, but {call} has {mine:?}, {:?}",
                    story.offers
                );
                if *how == OfferEnd::AnsweredElsewhere {
                    must!(
                        Law::OnePlace,
                        story.picked_up.is_some(),
                        "{offer} ended {how:?}, and nobody answered {call}"
                    );
                }
                story.picked_up = story.picked_up.filter(|picked_up| picked_up != offer);
                let held = self.offered_to.remove(agent);
                must!(Law::OnePlace, held == Some(*offer), "{offer} ended, but {agent} has {held:?}");
            }
            Fact::CallConnected { call, queue, agent, .. } => {
                let story = self.open.entry(*call).or_default();
                must!(Law::EndsOnce, !story.connected, "{call} connected twice");
                must!(Law::OnePlace, story.offers.is_empty(), "{call} connected while {:?} ring", story.offers);
                // Passed on to this agent, the caller came from no queue.
                let passed = story.passed.take();
                let alone = passed.as_ref() == Some(&Some(agent.clone()));
                must!(
                    Law::Balance,
                    alone || story.queue.as_ref() == Some(queue),
                    "{call} connected for {queue}, but is in {:?}",
                    story.queue
                );
                story.connected = true;
                story.queue = None;
                if !alone {
                    self.accounts.entry(queue.clone()).or_default().answered += 1;
                }
            }
            Fact::CallPassed { call, to, .. } => {
                let story = self.open.entry(*call).or_default();
                must!(Law::OnePlace, story.connected, "{call} passed on after {story:?}");
                must!(Law::PromisesAreKept, story.keeps.is_none(), "{call} passed on, and it keeps a promise");
                (story.connected, story.held, story.served) = (false, false, true);
                story.passed = match to {
                    PassedTo::Agent(agent) => Some(Some(agent.clone())),
                    PassedTo::Number(_) => Some(None),
                    PassedTo::Queue(_) | PassedTo::Step(_) => None,
                };
            }
            Fact::CallHeld { call, .. } => {
                let story = self.open.entry(*call).or_default();
                must!(Law::OnePlace, story.connected && !story.held, "{call} held after {story:?}");
                story.held = true;
            }
            Fact::CallRetrieved { call, .. } => {
                let story = self.open.entry(*call).or_default();
                must!(Law::OnePlace, story.held, "{call} retrieved after {story:?}");
                story.held = false;
            }
            Fact::CallHungUp { call, outcome, by } => {
                let story = self.open.entry(*call).or_default();
                must!(Law::EndsOnce, story.hung_up.is_none(), "{call} hung up on twice");
                story.hung_up = Some((*outcome, by.clone()));
            }
            Fact::CallEnded { call, outcome, by } => {
                let Some(story) = self.open.remove(call) else {
                    return crate::law::broken(Law::EndsOnce, format!("{call} ended and was not there"));
                };
                self.ended.insert(*call, *outcome);
                *self.outcomes.entry(*outcome).or_default() += 1;
                must!(Law::OnePlace, story.offers.is_empty(), "{call} ended with {:?} open", story.offers);
                must!(
                    Law::EndsOnce,
                    fits(*outcome, by, &story),
                    "{call} ended as {outcome:?} by {by:?} after {story:?}"
                );
                if let Some(queue) = story.queue {
                    let account = self.accounts.entry(queue).or_default();
                    match outcome {
                        Outcome::Abandoned => account.abandoned += 1,
                        Outcome::EndedUnseen => account.unseen += 1,
                        Outcome::EndedByUs => account.by_us += 1,
                        Outcome::Answered
                        | Outcome::LeftInDialplan
                        | Outcome::PromisedCallBack
                        | Outcome::Refused
                        | Outcome::TransferredOut => {}
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// For how many phones of each call that rings somewhere.
    pub fn ringing(&self) -> BTreeMap<CallId, usize> {
        let stories = self.open.iter().filter(|(_, story)| !story.offers.is_empty());
        stories.map(|(call, story)| (*call, story.offers.len())).collect()
    }

    /// A promise's story: made once, one dial at a time and none while its caller is on the line, and one end that fits.
    /// Whether the fact was one of it alone.
    fn enter_promise(&mut self, fact: &Fact) -> Result<bool, Broken> {
        match fact {
            Fact::PromiseMade { promise, of_call, queue, joined, credit, .. } => {
                let left = of_call.and_then(|call| self.open.get_mut(&call)).and_then(|story| story.left_behind.take());
                let same = left.as_ref().is_none_or(|left| *left == (queue.clone(), *joined, *credit));
                must!(Law::PlaceIsKept, same, "{fact:?} of the place {left:?}");
                let new = self.promised_ever.insert(*promise) && !self.open.contains_key(promise);
                must!(Law::EndsOnce, new, "{promise} made twice");
                self.promises.insert(*promise, Owed { of_call: *of_call, ..Owed::default() });
                if let Some(call) = of_call {
                    self.owe(*call, true);
                }
            }
            Fact::PromiseAgain { promise, call, joined, credit, .. } => {
                let left = self.open.get_mut(call).and_then(|story| story.left_behind.take());
                let kept = left.as_ref().is_none_or(|(_, since, more)| *joined - *credit <= *since - *more);
                must!(Law::PlaceIsKept, kept, "{fact:?} of the place {left:?}");
                self.owed(*promise, fact)?.of_call = Some(*call);
                self.owe(*call, true);
            }
            Fact::Dialled { call, promise: Some(promise), .. } => {
                let on_the_line = self.promises.get(promise).and_then(|owed| owed.of_call);
                let on_the_line =
                    on_the_line.is_some_and(|call| self.open.contains_key(&call) || self.dials.contains_key(&call));
                must!(Law::PromisesAreKept, !on_the_line, "{promise} is dialled, and its caller is on the line");
                let before = self.owed(*promise, fact)?.dial.replace(*call);
                must!(Law::PromisesAreKept, before.is_none(), "{promise} dialled by {call} and by {before:?}");
                return Ok(false);
            }
            Fact::CustomerRung { call, reach, .. } => {
                let on_the_line = self.promises.get(&reach.promise).and_then(|owed| owed.of_call);
                let on_the_line =
                    on_the_line.is_some_and(|call| self.open.contains_key(&call) || self.dials.contains_key(&call));
                must!(Law::PromisesAreKept, !on_the_line, "{fact:?}, and its caller is on the line");
                let before = self.owed(reach.promise, fact)?.dial.replace(*call);
                must!(Law::PromisesAreKept, before.is_none(), "{} dialled by {call} and by {before:?}", reach.promise);
                let new = !self.open.contains_key(call) && self.dialled_ever.insert(*call);
                must!(Law::EndsOnce, new, "{call} rings twice");
                self.reaches.insert(*call, reach.promise);
            }
            Fact::CustomerNotReached { call, promise, .. } => {
                let rang = self.reaches.remove(call);
                must!(Law::EndsOnce, rang == Some(*promise), "{fact:?}, and what rang was for {rang:?}");
            }
            Fact::PromiseWaits { promise, .. } => {
                let dial = self.owed(*promise, fact)?.dial.take();
                let over = dial.is_none_or(|dial| self.is_over(dial));
                must!(Law::PromisesAreKept, over, "{promise} waits, and is dialled by {dial:?}");
            }
            Fact::PromiseRests { promise, tries, .. } => {
                let owed = self.owed(*promise, fact)?;
                let (dial, before) = (owed.dial.take(), std::mem::replace(&mut owed.tries, *tries));
                let over = dial.is_none_or(|dial| self.is_over(dial));
                must!(Law::PromisesAreKept, over && *tries == before + 1, "{fact:?} after try {before} by {dial:?}");
            }
            Fact::PromiseKept { promise, dial, .. } => {
                let by_call = self.open.get(dial).filter(|story| story.keeps == Some(*promise));
                let heard =
                    self.dials.get(dial) == Some(&Some(Dialled::Heard)) || by_call.is_some_and(|story| story.connected);
                let mine = self.owed(*promise, fact)?.dial == Some(*dial);
                must!(Law::PromisesAreKept, heard && mine, "{fact:?}, and nobody was heard");
                self.promises.remove(promise);
                *self.promise_ends.entry(None).or_default() += 1;
            }
            Fact::PromiseBroken { promise, why, .. } => {
                let of_call = self.owed(*promise, fact)?.of_call;
                self.promises.remove(promise);
                *self.promise_ends.entry(Some(*why)).or_default() += 1;
                if let Some(call) = of_call {
                    let another = self.promises.values().any(|owed| owed.of_call == Some(call));
                    self.owe(call, another);
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Whatever was to keep a promise does so no more.
    fn is_over(&self, dial: CallId) -> bool {
        !self.dials.contains_key(&dial) && !self.reaches.contains_key(&dial) && !self.open.contains_key(&dial)
    }

    fn owed(&mut self, promise: CallId, fact: &Fact) -> Result<&mut Owed, Broken> {
        match self.promises.get_mut(&promise) {
            Some(owed) => Ok(owed),
            None => {
                Err(crate::law::broken::<()>(Law::EndsOnce, format!("{fact:?} of a promise that is over")).unwrap_err())
            }
        }
    }

    fn owe(&mut self, call: CallId, owed: bool) {
        if let Some(story) = self.open.get_mut(&call) {
            story.owed = owed;
        }
    }

    /// A dial's story: picked up, rung, answered, heard, each once and in this order, and one end that fits. Whether the
    /// fact was one of it.
    fn enter_dial(&mut self, fact: &Fact) -> Result<bool, Broken> {
        let Some(call) = fact.call() else { return Ok(false) };
        let order = |stage: &Option<Dialled>| stage.map_or(0, |stage| stage as u8);
        let next = match fact {
            Fact::Dialled { .. } => {
                let new = self.dials.insert(call, None).is_none() && self.dialled_ever.insert(call);
                must!(Law::EndsOnce, new && !self.open.contains_key(&call), "{call} dialled twice");
                return Ok(true);
            }
            Fact::DialAgentAnswered { .. } => Dialled::Rung,
            Fact::DialAnswered { .. } => Dialled::Answered,
            Fact::DialConnected { .. } => Dialled::Heard,
            Fact::DialEnded { how, .. } => {
                let Some(stage) = self.dials.remove(&call) else {
                    return crate::law::broken(Law::EndsOnce, format!("{call} ended and was no dial, or over"));
                };
                *self.dial_ends.entry(*how).or_default() += 1;
                let fits = match how {
                    DialEnd::Answered => stage == Some(Dialled::Heard),
                    DialEnd::Busy | DialEnd::NoAnswer | DialEnd::Unreachable => stage == Some(Dialled::Rung),
                    DialEnd::Refused => matches!(stage, Some(Dialled::Rung | Dialled::Answered)),
                    DialEnd::AgentNotReached => stage.is_none(),
                    DialEnd::GivenUp | DialEnd::Unseen => stage != Some(Dialled::Heard),
                };
                must!(Law::EndsOnce, fits, "{call} ended as {how:?} after {stage:?}");
                return Ok(true);
            }
            _ => return Ok(self.dials.contains_key(&call)),
        };
        let stage = self.dials.get_mut(&call);
        must!(Law::EndsOnce, stage.is_some(), "{fact:?} of a dial that is over or never was");
        if let Some(stage) = stage {
            must!(Law::OnePlace, order(stage) + 1 == next as u8, "{fact:?} after {stage:?}");
            *stage = Some(next);
        }
        Ok(true)
    }

    /// `waiting` is the count of the floor itself.
    pub fn balances(&self, waiting: &BTreeMap<QueueName, i64>) -> Result<(), Broken> {
        for (queue, account) in &self.accounts {
            let there = waiting.get(queue).copied().unwrap_or(0);
            must!(
                Law::Balance,
                account.still_waiting() == there,
                "{queue}: {account:?} leaves {}, and {there} wait",
                account.still_waiting()
            );
        }
        if let Some((queue, _)) = waiting.iter().find(|(queue, _)| !self.accounts.contains_key(*queue)) {
            return crate::law::broken(Law::Balance, format!("callers wait in {queue}, which was never offered one"));
        }
        Ok(())
    }

    /// No call left open.
    pub fn closed(&self) -> Result<(), Broken> {
        must!(Law::EndsOnce, self.promises.is_empty(), "neither kept nor broken: {:?}", self.promises);
        must!(Law::EndsOnce, self.reaches.is_empty(), "still ringing: {:?}", self.reaches);
        must!(Law::EndsOnce, self.dials.is_empty(), "dials never ended: {:?}", self.dials);
        must!(Law::EndsOnce, self.open.is_empty(), "never ended: {:?}", self.open);
        must!(
            Law::EndsOnce,
            self.arrived == self.ended.len() as u64,
            "{} arrived, {} ended",
            self.arrived,
            self.ended.len()
        );
        Ok(())
    }
}

/// Whether a story may end so.
fn fits(outcome: Outcome, by: &EndedBy, story: &Story) -> bool {
    if let Some(said) = &story.hung_up
        && *said != (outcome, by.clone())
    {
        return false;
    }
    match outcome {
        // Whom an agent passed on to a step, or to a number that rings.
        Outcome::Answered => story.connected || (story.served && story.queue.is_none()),
        Outcome::Abandoned => {
            let rings = matches!(story.passed, Some(Some(_)));
            (story.queue.is_some() || story.keeps.is_some() || rings) && *by == EndedBy::Caller
        }
        Outcome::LeftInDialplan => {
            let asked = story.connected || story.served || story.owed;
            story.queue.is_none() && !asked && *by == EndedBy::Caller
        }
        Outcome::PromisedCallBack => {
            story.queue.is_none() && !story.connected && matches!(by, EndedBy::Caller | EndedBy::Us)
        }
        Outcome::EndedByUs | Outcome::Refused => {
            story.queue.is_none() && !story.connected && !story.served && *by == EndedBy::Us
        }
        Outcome::EndedUnseen => !story.connected && *by == EndedBy::Unseen,
        Outcome::TransferredOut => story.outside == Some(Dialled::Heard) && story.queue.is_none() && !story.connected,
    }
}
