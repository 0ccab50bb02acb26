//! Whom a caller knows: looked up in the records when a call comes, and told to the core, which keeps the call for that agent
//! where its step says so.
//!
//! Nothing waits for it. A database that is away or slow means that callers go to whoever is first; and where no step of a
//! centre has `prefer`, nothing is looked up at all.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::sync::broadcast::error::RecvError;
use tracing::{debug, warn};

use super::{Handle, Happened};
use crate::cases::State;
use crate::customers::{Customer, Number};
use crate::dialplan::{Action, Centre};
use crate::routing::ids::{AgentName, CallId, CentreName, PhoneNumber};
use crate::routing::preference::{Acquaintance, KnownAs};
use crate::routing::{Fact, Input};
use crate::store::case_lists::Which;
use crate::store::{Db, StoreError};

/// Callers looked up at the same time; the others wait for their turn.
const MOST_AT_ONCE: usize = 8;
/// Callers who wait to be looked up. In a flood greater than this nobody's acquaintance is worth the database's time.
const MOST_WAITING: usize = 1_000;
/// From the call's coming: who is told later has been offered to others.
const LOOKED_UP_WITHIN: Duration = Duration::from_secs(5);
/// Cases of one customer that are looked through for one that is open.
const MOST_CASES: u32 = 20;

/// What it works with.
#[derive(Clone)]
pub struct LookUp {
    pub handle: Handle,
    pub db: Db,
}

impl LookUp {
    /// Until the controller is gone.
    pub async fn run(self) {
        let mut happened = self.handle.happened();
        let (turn, waiting) = (Arc::new(Semaphore::new(MOST_AT_ONCE)), Arc::new(Semaphore::new(MOST_WAITING)));
        loop {
            let happened = match happened.recv().await {
                Ok(happened) => happened,
                Err(RecvError::Lagged(_)) => continue,
                Err(RecvError::Closed) => return,
            };
            let Happened { centre, fact: Fact::CallArrived { call, from, .. }, .. } = &*happened else { continue };
            let Some(plan) = self.handle.plan(centre).filter(|plan| !preferred(plan).is_empty()) else { continue };
            let Ok(place) = waiting.clone().try_acquire_owned() else {
                debug!(%centre, %call, "nobody is looked up for this caller: too many wait for it");
                continue;
            };
            let (look_up, turn) = (self.clone(), turn.clone());
            let (centre, call, from) = (centre.clone(), *call, from.clone());
            tokio::spawn(async move {
                let tell = async {
                    // Never closed.
                    let _turn = turn.acquire().await;
                    look_up.tell(&centre, call, &from, &plan).await;
                };
                if tokio::time::timeout(LOOKED_UP_WITHIN, tell).await.is_err() {
                    warn!(%centre, %call, "whom the caller knows was not found out in time");
                }
                drop(place);
            });
        }
    }

    async fn tell(&self, centre: &CentreName, call: CallId, from: &PhoneNumber, plan: &Centre) {
        match known_to(&self.db, centre, from, plan).await {
            Ok(agents) if agents.is_empty() => {}
            Ok(agents) => {
                // The call has gone, or the controller: nobody needs it any more.
                let _ = self.handle.tell(centre, Input::CallerKnown { call, agents }).await;
            }
            Err(error) => warn!(%centre, %call, %error, "whom the caller knows was not found out"),
        }
    }
}

/// Whom a caller of this number knows, of those whom a step of the centre prefers. What else stands in a customer's record is
/// nobody's business here: what is found becomes a fact.
///
/// # Errors
/// The database's.
pub async fn known_to(
    db: &Db,
    centre: &CentreName,
    from: &PhoneNumber,
    plan: &Centre,
) -> Result<Acquaintance, StoreError> {
    let mut known = Acquaintance::new();
    let preferred = preferred(plan);
    let Some(number) = Number::of(from.as_str(), plan.country).filter(|_| !preferred.is_empty()) else {
        return Ok(known);
    };
    let customers = db.customers_of_number(centre, &number).await?;
    // A number of several: whose clerk and whose case it is cannot be said.
    let customer = if let [customer] = customers.as_slice() { Some(customer) } else { None };
    for known_as in preferred {
        let agent = match (known_as, customer) {
            (KnownAs::LastAgent, _) => db.last_agent(centre, &number, plan.country).await?,
            (KnownAs::CaseOwner, Some(customer)) => case_owner(db, centre, customer).await?,
            (KnownAs::Customer(field), Some(customer)) => named_in(db, centre, customer, field).await?,
            (KnownAs::CaseOwner | KnownAs::Customer(_), None) => None,
        };
        known.extend(agent.map(|agent| (known_as.clone(), agent)));
    }
    Ok(known)
}

async fn case_owner(db: &Db, centre: &CentreName, customer: &Customer) -> Result<Option<AgentName>, StoreError> {
    let cases = db.cases(centre, &Which::OfCustomer(customer.id), None, MOST_CASES).await?;
    let mut open = cases.into_iter().filter(|case| !matches!(case.state, State::Closed { .. }));
    Ok(open.find_map(|case| case.owner.person))
}

/// Whoever this field names, where it is one of the centre's people: anybody may have written anything there.
async fn named_in(
    db: &Db,
    centre: &CentreName,
    customer: &Customer,
    field: &str,
) -> Result<Option<AgentName>, StoreError> {
    let text = customer.record.fields.iter().find_map(|(name, text)| (name == field).then_some(text));
    let Some(name) = text.map(AgentName::new) else { return Ok(None) };
    Ok(db.person(centre, &name).await?.map(|_| name))
}

/// By all steps together.
fn preferred(plan: &Centre) -> BTreeSet<&KnownAs> {
    let to_queues = plan.steps.values().flat_map(|step| &step.actions).filter_map(Action::to_queue);
    to_queues.flat_map(|to| &to.entry.prefer).map(|wish| &wish.agent).collect()
}
