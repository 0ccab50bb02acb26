//! Filling: a piece of the journal worked into the tables, in one transaction with the position it brings us to. So a
//! piece is in SQL once or not at all, wherever it is broken off.
//!
//! Projections (`calls`, `offers`, `agent_states`, `queue_stays`) are made of facts alone and can be made again. A fact
//! about something they never heard of touches no row, and stays readable in `facts`.

use super::driver::{Change, Db};
use super::personal::{self, KeyedDigits};
use super::{StoreError, agent_states, calls, facts, filled, offers, queue_stays};
use crate::calendar::Moment;
use crate::routing::agent::AgentState;
use crate::routing::fact::Fact;
use crate::routing::ids::CentreName;

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
pub(super) struct Told<'a> {
    pub centre: &'a CentreName,
    pub seq: u64,
    pub n: u32,
    pub at: Moment,
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
            for entry in entries {
                for (n, fact) in (0..).zip(entry.facts) {
                    project(&mut change, Told { centre, seq: entry.seq, n, at: entry.at }, fact).await?;
                }
            }
        }
        change.commit().await?;
        Ok(position)
    }
}

async fn project(change: &mut Change, told: Told<'_>, fact: &Fact) -> Result<(), StoreError> {
    match fact {
        Fact::CallArrived { call, switch, leg: _, from, name, to, version, found } => {
            personal::arrived(change, told.centre, *call, from, name).await?;
            calls::arrived(change, told, *call, switch, to, version, *found).await
        }
        Fact::Keyed { call, step: _, into: _, keys } => {
            let digits = KeyedDigits { seq: told.seq, n: told.n, keys: keys.clone() };
            personal::keyed(change, told.centre, *call, &digits).await
        }
        Fact::StepEntered { call, step: _, language: _ } => {
            queue_stays::left(change, told, *call, queue_stays::StayEnd::Moved).await
        }
        Fact::CallQueued { call, queue, joined, credit: _, needs: _, step: _, language: _ } => {
            queue_stays::joined(change, told, *call, queue, *joined).await?;
            calls::queued(change, told, *call, queue, *joined).await
        }
        Fact::CallLeftQueue { call, queue: _, why, to: _ } => {
            queue_stays::left(change, told, *call, (*why).into()).await
        }
        Fact::OfferMade { offer, call, agent, switch: _, leg: _, queue, until: _, reasons } => {
            offers::made(change, told, *offer, *call, agent, queue, reasons).await
        }
        Fact::OfferRang { offer, call: _ } => offers::rang(change, told, *offer).await,
        Fact::OfferAnswered { offer, call: _ } => offers::answered(change, told, *offer).await,
        Fact::OfferEnded { offer, call: _, agent: _, how } => offers::ended(change, told, *offer, *how).await,
        Fact::CallConnected { call, agent, leg: _, queue: _, waited } => {
            queue_stays::left(change, told, *call, queue_stays::StayEnd::Connected).await?;
            calls::connected(change, told, *call, agent, *waited).await
        }
        Fact::CallEnded { call, outcome, by } => {
            queue_stays::left(change, told, *call, queue_stays::StayEnd::CallEnded).await?;
            calls::ended(change, told, *call, *outcome, by).await
        }
        Fact::AgentLoggedIn { agent, .. } => agent_states::entered(change, told, agent, AgentState::Idle).await,
        Fact::AgentChanged { agent, state, presence: _, work: _, by: _ } => {
            agent_states::entered(change, told, agent, *state).await
        }
        Fact::CallHungUp { .. }
        | Fact::ControllerStarted { .. }
        | Fact::VersionPublished { .. }
        | Fact::AgentLoggedOut { .. }
        | Fact::LinkChanged { .. }
        | Fact::Healed { .. }
        | Fact::WallClockStepped { .. } => Ok(()),
    }
}
