//! The escalator: does with the cases of one centre what their clocks, their owners and its rules call for, when they do.
//!
//! Decides nothing (`cases/escalation.rs` does) and is never waited for by the controller's loop. What it keeps goes onto
//! the version that it was made of, so that of two escalators on one database only one does each thing. A database that is
//! away is waited for; what ran out meanwhile is then written with the moment at which it did.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::Plans;
use crate::calendar::Moment;
use crate::cases::{Case, Changed, What};
use crate::dialplan::Centre;
use crate::routing::ids::{AgentName, CentreName, VersionHash};
use crate::store::cases::CaseError;
use crate::store::{Db, StoreError};

/// Between two looks at the database: cases are opened and changed by others, and people are removed.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// Waits between tries while the database is away, doubled from the first to the last.
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(15);
/// Cases read at once.
const A_PAGE: u32 = 100;

/// What an escalator works with.
pub struct Escalator {
    pub db: Db,
    pub centre: CentreName,
    /// Where the centre's current rules are told.
    pub plans: watch::Receiver<Plans>,
    /// The wall clock: deadlines hang in the calendar.
    pub clock: Arc<dyn Fn() -> Moment + Send + Sync>,
}

/// An escalator at work.
pub struct Escalating {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Escalating {
    /// Stop after the case in hand.
    pub async fn stop(self) {
        self.stop.cancel();
        if let Err(error) = self.task.await {
            error!(%error, "the escalator has ended badly");
        }
    }
}

impl Escalator {
    /// Begin, on the runtime that this is called in.
    pub fn start(self) -> Escalating {
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let task = tokio::spawn(async move {
            // A transaction that is broken off was never there.
            stopped.run_until_cancelled(self.run()).await;
        });
        Escalating { stop, task }
    }

    async fn run(mut self) {
        let mut applied = None;
        let (mut wait, mut away) = (FIRST_WAIT, false);
        loop {
            match self.look(&mut applied).await {
                Ok(next) => {
                    if std::mem::take(&mut away) {
                        info!(centre = %self.centre, "cases are escalated again");
                    }
                    wait = FIRST_WAIT;
                    let asleep = next.map_or(LOOK_EVERY, |next| next.since((self.clock)()).min(LOOK_EVERY));
                    // A new version is worked in at once. Its teller is gone when we are about to stop.
                    if let Ok(Err(_)) = tokio::time::timeout(asleep, self.plans.changed()).await {
                        tokio::time::sleep(LOOK_EVERY).await;
                    }
                }
                Err(error) => {
                    if !std::mem::replace(&mut away, true) {
                        warn!(centre = %self.centre, %error, "cases are not escalated at present; what runs out is made up for");
                    }
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
            }
        }
    }

    /// One look: says when the next case wakes. `applied` is the version whose rules all cases go by already.
    ///
    /// # Errors
    /// The database's; what was done until then is done.
    pub async fn look(&mut self, applied: &mut Option<VersionHash>) -> Result<Option<Moment>, StoreError> {
        let Some(plan) = self.plans.borrow_and_update().get(&self.centre).cloned() else { return Ok(None) };
        if applied.as_ref() != Some(&plan.version) {
            self.work_in(&plan).await?;
            *applied = Some(plan.version.clone());
        }
        self.hand_over(&plan).await?;
        self.wake(&plan).await?;
        self.db.next_wake(&self.centre).await
    }

    /// Every case goes by the rules of this version: a holiday that was added moves ends, a department that is no more
    /// hands on what it had.
    async fn work_in(&self, plan: &Centre) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = self.db.unclosed_cases(&self.centre, after, A_PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.number);
            for case in page {
                let now = (self.clock)();
                let department = case.clone().hand_over(now, plan.case_rules(), &|_| true);
                let moved = match department {
                    Some(changed) => self.keep(&case, changed).await?,
                    None => Some(case),
                };
                let Some(case) = moved else { continue };
                if let Some(changed) = case.clone().rescheduled(now, plan.case_rules()) {
                    self.keep(&case, changed).await?;
                }
            }
        }
    }

    /// The cases of people who are not there any more go to somebody who is.
    async fn hand_over(&self, plan: &Centre) -> Result<(), StoreError> {
        let mut after = None;
        let mut people: Option<BTreeSet<AgentName>> = None;
        loop {
            let page = self.db.cases_of_nobody(&self.centre, after, A_PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.number);
            if people.is_none() {
                let all = self.db.people(&self.centre).await?;
                people = Some(all.into_iter().map(|person| person.name).collect());
            }
            let there = |person: &AgentName| people.as_ref().is_some_and(|people| people.contains(person));
            for case in page {
                if let Some(changed) = case.clone().hand_over((self.clock)(), plan.case_rules(), &there) {
                    self.keep(&case, changed).await?;
                }
            }
        }
    }

    async fn wake(&self, plan: &Centre) -> Result<(), StoreError> {
        loop {
            let now = (self.clock)();
            let page = self.db.cases_to_wake(&self.centre, now, A_PAGE).await?;
            let full = page.len() == A_PAGE as usize;
            let mut moved = false;
            for case in page {
                if let Some(changed) = case.clone().wake(now, plan.case_rules()) {
                    moved |= self.keep(&case, changed).await?.is_some();
                }
            }
            // What others took from us is theirs; a page of which nothing moves would come again and again.
            if !full || !moved {
                return Ok(());
            }
        }
    }

    /// `None` where somebody was faster: they know what is to be done as well as we do, or the next look does.
    async fn keep(&self, before: &Case, changed: Changed) -> Result<Option<Case>, StoreError> {
        let events = changed.events.clone();
        match self.db.keep_case(&self.centre, before, changed, (self.clock)()).await {
            Ok(case) => {
                for event in events {
                    if let What::Escalated { .. } | What::RanOut { .. } | What::HandedOver { .. } = event.what {
                        info!(centre = %self.centre, case = %case.number, at = %event.at, what = event.what.as_str(), "a case");
                    }
                }
                Ok(Some(case))
            }
            Err(CaseError::Stale(_) | CaseError::Missing(_) | CaseError::Refused(_)) => Ok(None),
            Err(CaseError::Store(error)) => Err(error),
        }
    }
}
