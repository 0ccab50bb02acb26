//! Whom a caller knows: looked up in the records when a call comes, and told to the core, which keeps the call for that agent
//! where its step says so.
//!
//! Nothing waits for it. A database that is away or slow means that callers go to whoever is first; and where no step of a
//! centre has `prefer`, nothing is looked up at all.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::sync::broadcast::error::RecvError;
use tracing::{debug, warn};

use super::{Handle, Happened};
use crate::cases::State;
use crate::customers::{Country, Customer, Number};
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
            let Some(plan) = self.handle.plan(centre).filter(|plan| prefers(plan)) else { continue };
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
        match known_to(&self.db, centre, from, plan.country).await {
            Ok(agents) if agents.is_empty() => {}
            Ok(agents) => {
                // The call has gone, or the controller: nobody needs it any more.
                let _ = self.handle.tell(centre, Input::CallerKnown { call, agents }).await;
            }
            Err(error) => warn!(%centre, %call, %error, "whom the caller knows was not found out"),
        }
    }
}

/// Whom a caller of this number knows.
///
/// # Errors
/// The database's.
pub async fn known_to(
    db: &Db,
    centre: &CentreName,
    from: &PhoneNumber,
    home: Option<Country>,
) -> Result<Acquaintance, StoreError> {
    let mut known = Acquaintance::new();
    let Some(number) = Number::of(from.as_str(), home) else { return Ok(known) };
    if let Some(agent) = db.last_agent(centre, &number, home).await? {
        known.insert(KnownAs::LastAgent, agent);
    }
    let customers = db.customers_of_number(centre, &number).await?;
    // A number of several: whose clerk and whose case it is cannot be said.
    if let [customer] = customers.as_slice() {
        known.extend(named_in(customer));
        let cases = db.cases(centre, &Which::OfCustomer(customer.id), None, MOST_CASES).await?;
        let mut open = cases.iter().filter(|case| !matches!(case.state, State::Closed { .. }));
        known.extend(open.find_map(|case| Some((KnownAs::CaseOwner, case.owner.person.clone()?))));
    }
    Ok(known)
}

/// Whether any step does.
fn prefers(plan: &Centre) -> bool {
    plan.steps.values().flat_map(|step| &step.actions).any(|action| match action {
        Action::Queue(to) => !to.entry.prefer.is_empty(),
        Action::Play(_)
        | Action::Menu(_)
        | Action::Ask(_)
        | Action::Hours(_)
        | Action::SetLanguage(_)
        | Action::Go(_)
        | Action::HangUp => false,
    })
}

/// Every field may name somebody: who is no agent is waited for by nobody.
fn named_in(customer: &Customer) -> impl Iterator<Item = (KnownAs, AgentName)> {
    customer.record.fields.iter().map(|(field, text)| (KnownAs::Customer(field.into()), AgentName::new(text)))
}
