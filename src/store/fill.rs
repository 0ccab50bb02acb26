//! Filling: a piece of the journal worked into the tables, in one transaction with the position it brings us to. So a
//! piece is in SQL once or not at all, wherever it is broken off.
//!
//! Projections (`calls`, `dials`, `promises`, `offers`, `agent_states`, `queue_stays`) are made of facts alone and can be made again. A fact
//! about something they never heard of touches no row, and stays readable in `facts`. What a piece continues is read,
//! all of its facts are worked in in memory, and each row that changed is written once: the rows do not depend on where
//! one piece ends and the next begins.

use std::collections::BTreeSet;

use super::agent_states::AgentStays;
use super::calls::Calls;
use super::dials::Dials;
use super::driver::{Change, Db};
use super::offers::Offers;
use super::personal::{KeyedDigits, People};
use super::promises::Promises;
use super::queue_stays::QueueStays;
use super::{StoreError, facts, filled, forced};
use crate::calendar::Moment;
use crate::routing::agent::AgentState;
use crate::routing::fact::Fact;
use crate::routing::ids::{AgentName, CallId, CallerName, CentreName, OfferId};
use crate::routing::reaching::Reach;

/// How far a journal has been worked in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Zero before the first entry.
    pub seq: u64,
    pub at: Moment,
}

/// One entry of the journal, as far as SQL is concerned.
#[derive(Clone, Copy, Debug)]
pub struct Recorded<'a> {
    pub seq: u64,
    pub at: Moment,
    /// The version of the facts' schema.
    pub schema: u32,
    pub facts: &'a [Fact],
}

/// The one fact that is being worked in.
#[derive(Clone, Copy)]
pub(super) struct Told {
    pub seq: u64,
    pub n: u32,
    pub at: Moment,
}

impl Told {
    /// As a column holds it.
    pub fn seq_column(self) -> i64 {
        i64::try_from(self.seq).unwrap_or(i64::MAX)
    }
}

/// What is filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Whole,
    /// Only `facts`: for an entry that a projection refuses, so that it does not hold up all that follow.
    FactsOnly,
}

impl Db {
    /// Work these entries in, which follow `after`; says where we are then.
    ///
    /// # Errors
    /// `Away`: nothing was done, or, where the answer to the commit was lost, everything: [`Db::filled`] tells.
    /// `Refused`, `Inconsistent`: nothing was done.
    pub async fn fill(
        &self,
        centre: &CentreName,
        after: u64,
        entries: &[Recorded<'_>],
        way: Way,
    ) -> Result<Position, StoreError> {
        let Some(last) = entries.last() else { return Ok(Position { seq: after, at: Moment::default() }) };
        let position = Position { seq: last.seq, at: last.at };
        let mut change = self.begin().await?;
        filled::advance(&mut change, centre, after, position).await?;
        facts::keep(&mut change, centre, entries).await?;
        if way == Way::Whole {
            let mut projected = Projected::load(&mut change, centre, entries).await?;
            for entry in entries {
                for (n, fact) in (0..).zip(entry.facts) {
                    projected.project(Told { seq: entry.seq, n, at: entry.at }, fact)?;
                }
            }
            projected.save(&mut change, centre).await?;
            forced::keep(&mut change, centre, entries).await?;
        }
        change.commit().await?;
        Ok(position)
    }
}

/// The rows that a piece touches.
struct Projected {
    people: People,
    calls: Calls,
    dials: Dials,
    promises: Promises,
    offers: Offers,
    agents: AgentStays,
    stays: QueueStays,
}

impl Projected {
    async fn load(change: &mut Change, centre: &CentreName, entries: &[Recorded<'_>]) -> Result<Self, StoreError> {
        let mut calls: BTreeSet<CallId> = BTreeSet::new();
        let mut dials: BTreeSet<CallId> = BTreeSet::new();
        let mut promises: BTreeSet<CallId> = BTreeSet::new();
        let mut offers: BTreeSet<OfferId> = BTreeSet::new();
        let mut agents: BTreeSet<&AgentName> = BTreeSet::new();
        for fact in entries.iter().flat_map(|entry| entry.facts) {
            match fact {
                Fact::CallArrived { call, .. }
                | Fact::StepEntered { call, .. }
                | Fact::CallQueued { call, .. }
                | Fact::CallLeftQueue { call, .. }
                | Fact::CallConnected { call, .. }
                | Fact::CallHeld { call, .. }
                | Fact::CallPassed { call, .. }
                | Fact::CallRetrieved { call, .. }
                | Fact::CallEnded { call, .. } => drop(calls.insert(*call)),
                Fact::Dialled { call, promise, .. } => {
                    dials.insert(*call);
                    promises.extend(*promise);
                }
                Fact::PromiseMade { promise, .. }
                | Fact::PromiseAgain { promise, .. }
                | Fact::PromiseWaits { promise, .. }
                | Fact::PromiseRests { promise, .. }
                | Fact::PromiseKept { promise, .. }
                | Fact::CustomerRung { reach: Reach { promise, .. }, .. }
                | Fact::PromiseBroken { promise, .. } => drop(promises.insert(*promise)),
                Fact::DialAgentAnswered { call, .. }
                | Fact::DialConnected { call, .. }
                | Fact::DialEnded { call, .. } => drop(dials.insert(*call)),
                Fact::OfferMade { offer, .. }
                | Fact::OfferRang { offer, .. }
                | Fact::OfferAnswered { offer, .. }
                | Fact::OfferEnded { offer, .. } => drop(offers.insert(*offer)),
                Fact::AgentLoggedIn { agent, .. } | Fact::AgentChanged { agent, .. } => drop(agents.insert(agent)),
                Fact::Keyed { .. }
                | Fact::DialAnswered { .. }
                | Fact::CallHungUp { .. }
                | Fact::PickUpAsked { .. }
                | Fact::KeypadUsed { .. }
                | Fact::HeldLineChanged { .. }
                | Fact::OfferPickedUp { .. }
                | Fact::CallerKnown { .. }
                | Fact::PickUpFailed { .. }
                | Fact::CallEndAsked { .. }
                | Fact::CallBackRefused { .. }
                | Fact::CustomerNotReached { .. }
                | Fact::ControllerStarted { .. }
                | Fact::VersionPublished { .. }
                | Fact::AgentAssigned { .. }
                | Fact::AgentLoggedOut { .. }
                | Fact::QueuesLent { .. }
                | Fact::LoanEnded { .. }
                | Fact::AgentDisposed { .. }
                | Fact::EmergencySwitchedOn { .. }
                | Fact::EmergencySwitchedOff { .. }
                | Fact::EmergencyHeard { .. }
                | Fact::TransferBegan { .. }
                | Fact::TransferAnswered { .. }
                | Fact::TransferConnected { .. }
                | Fact::TransferFailed { .. }
                | Fact::LinkChanged { .. }
                | Fact::Healed { .. }
                | Fact::WallClockStepped { .. } => {}
            }
        }
        Ok(Self {
            people: People::default(),
            calls: Calls::load(change, centre, &calls).await?,
            dials: Dials::load(change, centre, &dials).await?,
            promises: Promises::load(change, centre, &promises).await?,
            offers: Offers::load(change, centre, &offers).await?,
            agents: AgentStays::load(change, centre, &agents).await?,
            stays: QueueStays::load(change, centre, &calls, &agents).await?,
        })
    }

    fn project(&mut self, told: Told, fact: &Fact) -> Result<(), StoreError> {
        match fact {
            Fact::CallArrived { call, switch, leg: _, from, name, to, version, found, promise: _ } => {
                self.people.arrived(*call, from, name);
                self.calls.arrived(told, *call, switch, to, version, *found);
            }
            Fact::Keyed { call, step: _, into: _, keys } => {
                self.people.keyed(*call, &KeyedDigits { seq: told.seq, n: told.n, keys: keys.clone() })?;
            }
            // Who is called back asked for a person when they called.
            Fact::CallQueued { call, queue, promise: Some(_), .. } => self.calls.called_back(*call, queue),
            Fact::CallQueued { call, queue, joined, .. } => {
                self.calls.queued(*call, queue, *joined);
            }
            Fact::OfferMade { offer, call, agent, switch: _, leg: _, queue, until: _, reasons } => {
                self.offers.made(told, *offer, *call, agent, queue, reasons)?;
            }
            Fact::OfferRang { offer, call: _ } => self.offers.rang(told, *offer),
            Fact::OfferAnswered { offer, call: _ } => self.offers.answered(told, *offer),
            Fact::OfferEnded { offer, call: _, agent: _, how } => self.offers.ended(told, *offer, *how),
            Fact::CallConnected { call, agent, leg: _, queue: _, waited } => {
                self.calls.connected(told, *call, agent, *waited);
            }
            Fact::CallHeld { call, agent: _, by: _ } => self.calls.held(told, *call),
            Fact::CallPassed { call, .. } => self.calls.passed(told, *call),
            Fact::CallRetrieved { call, agent: _, by: _ } => self.calls.retrieved(told, *call),
            Fact::CallEnded { call, outcome, by } => self.calls.ended(told, *call, *outcome, by),
            Fact::Dialled { call, agent, number, switch, shown, by, .. } => {
                self.people.arrived(*call, number, &CallerName::new(""));
                self.dials.dialled(told, *call, agent, by, switch, shown);
            }
            Fact::PromiseMade { promise, number, .. } => self.people.arrived(*promise, number, &CallerName::new("")),
            Fact::PromiseAgain { promise, number: Some(number), .. } => {
                self.people.arrived(*promise, number, &CallerName::new(""));
            }
            Fact::DialAgentAnswered { call, agent: _, until: _ } => self.dials.rung(told, *call),
            Fact::DialConnected { call, agent: _ } => self.dials.connected(told, *call),
            Fact::DialEnded { call, agent: _, how, by } => self.dials.ended(told, *call, *how, *by),
            Fact::AgentLoggedIn { agent, .. } => self.agents.entered(told, agent, AgentState::Idle),
            Fact::AgentChanged { agent, state, presence: _, work: _, by: _, why: _ } => {
                self.agents.entered(told, agent, *state);
            }
            Fact::StepEntered { .. }
            | Fact::CallLeftQueue { .. }
            | Fact::DialAnswered { .. }
            | Fact::CallHungUp { .. }
            | Fact::PickUpAsked { .. }
            | Fact::KeypadUsed { .. }
            | Fact::HeldLineChanged { .. }
            | Fact::OfferPickedUp { .. }
            | Fact::CallerKnown { .. }
            | Fact::PickUpFailed { .. }
            | Fact::CallEndAsked { .. }
            | Fact::PromiseAgain { .. }
            | Fact::CustomerRung { .. }
            | Fact::CustomerNotReached { .. }
            | Fact::CallBackRefused { .. }
            | Fact::PromiseWaits { .. }
            | Fact::PromiseRests { .. }
            | Fact::PromiseKept { .. }
            | Fact::PromiseBroken { .. }
            | Fact::ControllerStarted { .. }
            | Fact::VersionPublished { .. }
            | Fact::AgentAssigned { .. }
            | Fact::AgentLoggedOut { .. }
            | Fact::QueuesLent { .. }
            | Fact::LoanEnded { .. }
            | Fact::AgentDisposed { .. }
            | Fact::EmergencySwitchedOn { .. }
            | Fact::EmergencySwitchedOff { .. }
            | Fact::EmergencyHeard { .. }
            | Fact::TransferBegan { .. }
            | Fact::TransferAnswered { .. }
            | Fact::TransferConnected { .. }
            | Fact::TransferFailed { .. }
            | Fact::LinkChanged { .. }
            | Fact::Healed { .. }
            | Fact::WallClockStepped { .. } => {}
        }
        self.promises.told(told, fact);
        self.stays.told(told, fact);
        Ok(())
    }

    async fn save(self, change: &mut Change, centre: &CentreName) -> Result<(), StoreError> {
        let Self { people, calls, dials, promises, offers, agents, stays } = self;
        people.save(change, centre).await?;
        calls.save(change, centre).await?;
        dials.save(change, centre).await?;
        promises.save(change, centre).await?;
        offers.save(change, centre).await?;
        agents.save(change, centre).await?;
        stays.save(change, centre).await
    }
}
