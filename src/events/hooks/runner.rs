//! The deliveries of all hooks: a task for each, which goes through the facts of its centre in order and does not go on
//! before the receiver has taken one. Where it stands is in SQL, a little late: a fact may come twice, and is never left
//! out.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use super::address::Address;
use super::letter::{Letter, Secret};
use super::sender::{Line, Sender};
use crate::calendar::Moment;
use crate::controller::{Handle, Happened};
use crate::events::Event;
use crate::routing::ids::CentreName;
use crate::store::facts::FactPlace;
use crate::store::hooks::{Failing, KeptHook};
use crate::store::{Db, StoreError};

/// How often it is looked which hooks there are.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// From a fact until SQL has it, usually.
const SQL_TAKES: Duration = Duration::from_millis(200);
/// Nothing was heard, and something may have come all the same.
const LOOK_ANYWAY: Duration = Duration::from_secs(5);
/// The database is away: it is asked again after this.
const ASK_AGAIN: Duration = Duration::from_secs(2);
/// Facts read at once.
const A_PAGE: u32 = 100;
/// Where a hook stands is written this often while it delivers: what it may get twice after a kill.
const WRITE_EVERY: Duration = Duration::from_secs(1);
/// For writing where each hook stands when we stop.
const STOP_WITHIN: Duration = Duration::from_secs(2);
/// An answer by which a receiver says that it wants no more (RFC 9110 §15.5.11; Standard Webhooks says the same).
const GONE: u16 = 410;

/// How long a receiver is waited for.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// From the look-up of the name to the end of the answer. Who takes longer has it once more.
    pub delivery: Duration,
    /// The pause after the first failure; each next is twice as long.
    pub first: Duration,
    pub longest: Duration,
    /// After failing for this long, and so often, a hook is switched off.
    pub give_up_after: Duration,
    pub give_up_failures: u32,
}

impl Default for Patience {
    /// Three days cover a weekend on which a program is down and nobody looks.
    fn default() -> Self {
        Self {
            delivery: Duration::from_secs(15),
            first: Duration::from_secs(1),
            longest: Duration::from_secs(900),
            give_up_after: Duration::from_secs(3 * 24 * 3600),
            give_up_failures: 20,
        }
    }
}

impl Patience {
    fn pause(&self, failures: u32) -> Duration {
        self.first.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1))).min(self.longest)
    }
}

/// All that deliveries need.
pub struct Runner {
    pub handle: Handle,
    pub db: Db,
    pub sender: Sender,
    pub patience: Patience,
    pub clock: Arc<dyn Fn() -> Moment + Send + Sync>,
}

/// A hook that is delivered, as it was when its task began.
struct Running {
    url: String,
    kinds: Vec<String>,
    stop: CancellationToken,
}

impl Runner {
    /// Until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let (this, tasks) = (Arc::new(self), TaskTracker::new());
        let mut running: BTreeMap<(CentreName, String), Running> = BTreeMap::new();
        loop {
            // Away: those that run go on, and find out for themselves.
            if let Ok(hooks) = this.db.hooks_that_are_on().await {
                let ours = |hook: &&KeptHook| this.handle.written().contains_key(&hook.centre);
                let wanted: BTreeMap<_, _> =
                    hooks.iter().filter(ours).map(|hook| ((hook.centre.clone(), hook.id.clone()), hook)).collect();
                running.retain(|name, running| {
                    let same = wanted.get(name).is_some_and(|hook| {
                        hook.url == running.url && hook.kinds == running.kinds && !running.stop.is_cancelled()
                    });
                    if !same {
                        running.stop.cancel();
                    }
                    same
                });
                for (name, hook) in wanted {
                    running.entry(name).or_insert_with(|| start(this.clone(), hook.clone(), &tasks, &stop));
                }
            }
            if stop.run_until_cancelled(sleep(LOOK_EVERY)).await.is_none() {
                break;
            }
        }
        tasks.close();
        // What a hook cannot write in time it delivers once more.
        let _ = tokio::time::timeout(STOP_WITHIN, tasks.wait()).await;
    }
}

fn start(runner: Arc<Runner>, hook: KeptHook, tasks: &TaskTracker, stop: &CancellationToken) -> Running {
    let stop = stop.child_token();
    let running = Running { url: hook.url.clone(), kinds: hook.kinds.clone(), stop: stop.clone() };
    tasks.spawn(async move {
        // Whatever ends it, it can be begun anew.
        let _ends = stop.clone().drop_guard();
        let heard = runner.handle.happened();
        if let Some(mut task) = Task::new(runner, hook, heard) {
            stop.run_until_cancelled(task.deliver_all()).await;
            task.write(true).await;
        }
    });
    running
}

/// One hook's deliveries.
struct Task {
    runner: Arc<Runner>,
    hook: KeptHook,
    address: Address,
    secret: Secret,
    line: Option<Line>,
    heard: Receiver<Arc<Happened>>,
    /// What SQL has of where it stands; and when that was written.
    written: (FactPlace, Instant),
    delivered: Option<Moment>,
}

impl Task {
    /// `None` where this version cannot have written it.
    fn new(runner: Arc<Runner>, hook: KeptHook, heard: Receiver<Arc<Happened>>) -> Option<Self> {
        let (address, secret) = Address::read(&hook.url).ok().zip(Secret::read(&hook.secret).ok())?;
        let written = (hook.place, Instant::now());
        Some(Self { runner, hook, address, secret, line: None, heard, written, delivered: None })
    }

    /// Comes back when the hook is switched off.
    async fn deliver_all(&mut self) {
        loop {
            match self.runner.db.facts_after(&self.hook.centre, self.hook.place, A_PAGE).await {
                Ok(page) if page.is_empty() => {
                    self.write(true).await;
                    self.wait().await;
                }
                Ok(page) => {
                    for kept in page {
                        let wants = self.hook.kinds.is_empty() || self.hook.kinds.contains(&kept.kind);
                        let event = wants.then(|| Event::kept(&self.hook.centre, &kept)).flatten();
                        if let Some(event) = event
                            && !self.deliver(&event).await
                        {
                            return;
                        }
                        self.hook.place = kept.place();
                        self.write(false).await;
                    }
                }
                Err(_) => sleep(ASK_AGAIN).await,
            }
        }
    }

    /// Until something of the centre happens, or may have.
    async fn wait(&mut self) {
        let something = async {
            loop {
                match self.heard.recv().await {
                    Ok(happened) if happened.centre == self.hook.centre => return,
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => return,
                    Err(RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        let _ = tokio::time::timeout(LOOK_ANYWAY, something).await;
        // What happened until now is in SQL by then; what happens meanwhile wakes us again.
        self.heard = self.heard.resubscribe();
        sleep(SQL_TAKES).await;
    }

    /// Again and again until it has arrived. `false`: the hook is switched off.
    async fn deliver(&mut self, event: &Event) -> bool {
        loop {
            if let Some(failing) = &self.hook.failing {
                sleep(failing.next.since((self.runner.clock)())).await;
            }
            let now = (self.runner.clock)();
            let letter = Letter::new(event, &self.secret, now);
            let limit = self.runner.patience.delivery;
            let why = match self.runner.sender.send(&mut self.line, &self.address, &letter, limit).await {
                Ok(200..=299) => {
                    self.arrived().await;
                    return true;
                }
                Ok(GONE) => {
                    self.switch_off("the address says that it is gone (410)").await;
                    return false;
                }
                Ok(status) => format!("it answered {status}"),
                Err(error) => error.to_string(),
            };
            if self.failed(why).await {
                return false;
            }
        }
    }

    async fn arrived(&mut self) {
        self.delivered = Some((self.runner.clock)());
        if let Some(failing) = self.hook.failing.take() {
            info!(centre = %self.hook.centre, hook = self.hook.id, failures = failing.failures, "a hook delivers again");
            // At once, because somebody may be looking.
            self.written.1 = Instant::now().checked_sub(WRITE_EVERY).unwrap_or(self.written.1);
        }
    }

    /// Says whether it is given up.
    async fn failed(&mut self, why: String) -> bool {
        let patience = self.runner.patience;
        let now = (self.runner.clock)();
        let before = self.hook.failing.take();
        let failures = before.as_ref().map_or(0, |before| before.failures).saturating_add(1);
        let since = before.as_ref().map_or(now, |before| before.since);
        if before.is_none() {
            warn!(centre = %self.hook.centre, hook = self.hook.id, why, "a hook fails; it is tried again, and nothing is lost");
        }
        let failing = Failing { since, failures, next: now + patience.pause(failures), why };
        if now.since(since) >= patience.give_up_after && failures >= patience.give_up_failures {
            let why = format!("failed {failures} times since {since}, at last: {}", failing.why);
            self.hook.failing = Some(failing);
            self.switch_off(&why).await;
            return true;
        }
        self.write(true).await;
        // Not written: it is known here, and after a start it is found out anew.
        let _ = self.runner.db.hook_failed(&self.hook, &failing).await;
        self.hook.failing = Some(failing);
        false
    }

    /// Until it is written: off must not be forgotten.
    async fn switch_off(&mut self, why: &str) {
        warn!(centre = %self.hook.centre, hook = self.hook.id, why, "a hook is switched off; switched on again it goes on where it stopped");
        self.write(true).await;
        loop {
            let now = (self.runner.clock)();
            match self.runner.db.switch_hook_off(&self.hook.centre, &self.hook.id, now, why).await {
                Err(StoreError::Away { .. }) => sleep(ASK_AGAIN).await,
                Ok(()) | Err(_) => return,
            }
        }
    }

    /// Where it stands, once in a while or `now`. What is not written comes once more.
    async fn write(&mut self, now: bool) {
        let (place, at) = self.written;
        if place == self.hook.place || (!now && at.elapsed() < WRITE_EVERY) {
            return;
        }
        let place = self.hook.place;
        let done = match self.delivered {
            Some(at) => self.runner.db.hook_delivered(&self.hook, place, at).await,
            None => self.runner.db.hook_moved(&self.hook, place).await,
        };
        if done.is_ok() {
            self.written = (place, Instant::now());
            self.delivered = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_quarter_of_an_hour_and_no_further() {
        let patience = Patience::default();
        let seconds: Vec<u64> =
            [1, 2, 3, 10, 11, 40, u32::MAX].map(|failures| patience.pause(failures).as_secs()).into();
        assert_eq!(seconds, [1, 2, 4, 512, 900, 900, 900]);
    }
}
