//! The live stream: what changes on the pages of one person, as pieces of HTML with the ids of what they replace. One
//! stream for each browser, shared by its tabs (`templates/scripts/10-live.js`): a browser opens six connections to one
//! host at most, and an agent has more tabs than that.
//!
//! A stream begins with everything as it is, so that a page that was cut off is true again at once. Between two changes
//! a pulse says that it lives; a page that hears none says that it is not live.
//!
//! No call waits for the database: what is asked of it is asked beside the stream.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::sse::{Event, Sse};
use futures_util::stream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::task::JoinSet;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep_until};
use tokio_util::sync::CancellationToken;

use super::emergency::{self, Emergencies};
use super::floor::{Boards, Days, Looker, Names};
use super::problem::{PageProblem, Shown};
use super::who::Who;
use super::{desk, floors::Floors, forced::Forcings, story::Stories};
use crate::controller::Handle;
use crate::routing::Fact;
use crate::routing::ids::{AgentName, CallId, CentreName};
use crate::store::agents::Role;
use crate::web::Web;

/// A page waits for two and a half of them before it says that it is not live.
const PULSE: Duration = Duration::from_secs(5);
/// Queues change with every call; eyes do not see more.
const QUEUES_EVERY: Duration = Duration::from_millis(500);
/// Calls that moved are named together.
const MOVED_EVERY: Duration = Duration::from_millis(500);
/// Calls named one by one; of more, all pages of calls look again.
const MOST_MOVED: usize = 200;
/// The figures of the day are read this long after a change, when the records have it, and every so often.
const DAY_AFTER: Duration = Duration::from_secs(2);
const DAY_EVERY: Duration = Duration::from_secs(60);
/// What could not be drawn is tried again after this.
const AGAIN: Duration = Duration::from_secs(1);
/// Changes kept for a stream that is slow; one that falls behind is given everything again.
const MOST_CHANGES: usize = 4_096;

/// Streams of one person: a browser has one, and some people have several. Nobody takes them all.
const MOST_OF_ONE: usize = 8;

/// What somebody's page may have to show anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// An agent's state, offer, call or wrap-up.
    Agent(CentreName, AgentName),
    /// Callers come, go, wait, talk; agents come free.
    Queues(CentreName),
    /// A call's story goes on.
    Call(CentreName, CallId),
    /// An emergency message went on or off.
    Emergency(CentreName),
    /// Something was missed: all of it.
    All,
}

/// Tells every stream what has changed, and remembers the stories of calls.
pub struct Hub {
    changes: broadcast::Sender<Change>,
    open: Arc<Mutex<BTreeMap<String, usize>>>,
    pub stories: Stories,
    pub floors: Floors,
    pub days: Days,
    pub names: Names,
    pub boards: Boards,
    pub forcings: Forcings,
    pub emergencies: Emergencies,
}

impl Default for Hub {
    fn default() -> Self {
        Self {
            changes: broadcast::channel(MOST_CHANGES).0,
            open: Arc::default(),
            stories: Stories::default(),
            floors: Floors::default(),
            days: Days::default(),
            names: Names::default(),
            boards: Boards::default(),
            forcings: Forcings::default(),
            emergencies: Emergencies::default(),
        }
    }
}

impl Hub {
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    /// A place for one more stream of this person's.
    fn one_more(&self, account: String) -> Option<OneOfMine> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = open.entry(account.clone()).or_default();
        if *mine >= MOST_OF_ONE {
            return None;
        }
        *mine += 1;
        Some(OneOfMine { account, open: self.open.clone() })
    }

    /// Somebody has pressed something on their desk.
    pub fn draw_desk(&self, centre: &CentreName, agent: &AgentName) {
        self.tell(Change::Agent(centre.clone(), agent.clone()));
    }

    fn tell(&self, change: Change) {
        // Nobody looks: nobody is told.
        let _ = self.changes.send(change);
    }

    /// Hears every fact until we stop.
    pub async fn follow(self: Arc<Self>, handle: Handle, stop: CancellationToken) {
        let mut happened = handle.happened();
        self.emergencies.learn(&handle).await;
        loop {
            let received = tokio::select! {
                received = happened.recv() => received,
                () = stop.cancelled() => return,
            };
            match received {
                Ok(happened) => {
                    self.stories.hear(&happened);
                    self.days.hear(&happened);
                    self.forcings.hear(&happened);
                    let centre = &happened.centre;
                    if self.emergencies.hear(&happened) {
                        self.tell(Change::Emergency(centre.clone()));
                    }
                    if let Some(call) = happened.fact.call() {
                        self.tell(Change::Call(centre.clone(), call));
                    }
                    match &happened.fact {
                        Fact::AgentLoggedIn { agent, .. }
                        | Fact::AgentAssigned { agent, .. }
                        | Fact::AgentLoggedOut { agent, .. }
                        | Fact::AgentChanged { agent, .. } => {
                            self.tell(Change::Agent(centre.clone(), agent.clone()));
                            self.tell(Change::Queues(centre.clone()));
                        }
                        Fact::CallConnected { agent, .. } | Fact::DialAgentAnswered { agent, .. } => {
                            self.tell(Change::Agent(centre.clone(), agent.clone()));
                        }
                        Fact::CallQueued { .. }
                        | Fact::CallLeftQueue { .. }
                        | Fact::CallEnded { .. }
                        | Fact::VersionPublished { .. }
                        | Fact::LinkChanged { .. } => self.tell(Change::Queues(centre.clone())),
                        _ => {}
                    }
                }
                Err(RecvError::Lagged(missed)) => {
                    tracing::warn!(missed, "the pages were slower than the calls: all of them are drawn anew");
                    self.stories.forget();
                    self.days.forget();
                    self.forcings.forget();
                    self.emergencies.learn(&handle).await;
                    self.tell(Change::All);
                }
                Err(RecvError::Closed) => return,
            }
        }
    }
}

/// Given back when the stream ends.
struct OneOfMine {
    account: String,
    open: Arc<Mutex<BTreeMap<String, usize>>>,
}

impl Drop for OneOfMine {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mine) = open.get_mut(&self.account) {
            *mine -= 1;
            if *mine == 0 {
                open.remove(&self.account);
            }
        }
    }
}

/// What a stream has yet to show.
#[derive(Default)]
struct Owed {
    emergency: bool,
    desk: bool,
    queues: bool,
    floor: bool,
    moved: Moved,
}

/// Calls whose stories have gone on.
enum Moved {
    These(BTreeSet<CallId>),
    /// Any may have.
    Any,
}

impl Default for Moved {
    fn default() -> Self {
        Moved::These(BTreeSet::new())
    }
}

impl Moved {
    fn is_none(&self) -> bool {
        matches!(self, Moved::These(calls) if calls.is_empty())
    }

    fn add(&mut self, call: CallId) {
        if let Moved::These(calls) = self {
            calls.insert(call);
            if calls.len() > MOST_MOVED {
                *self = Moved::Any;
            }
        }
    }

    fn words(&self) -> String {
        match self {
            Moved::These(calls) => calls.iter().map(CallId::to_string).collect::<Vec<_>>().join(" "),
            Moved::Any => "*".into(),
        }
    }
}

impl Owed {
    fn all() -> Self {
        Self { emergency: true, desk: true, queues: true, floor: true, moved: Moved::Any }
    }
}

/// What the database was asked beside the stream.
enum Aside {
    Day(Option<String>),
    /// Whether the person may still look.
    Session(bool),
}

struct Live {
    web: Web,
    who: Who,
    changes: broadcast::Receiver<Change>,
    pulse: Interval,
    owed: Owed,
    /// When the desk, and the queues, may be drawn again.
    desk_from: Instant,
    queues_from: Instant,
    /// When calls may be named again.
    moved_from: Instant,
    /// Of supervisors and above.
    floor: Option<Looker>,
    day_from: Instant,
    /// Something could not be drawn: what stands on the page is old.
    stale: bool,
    begun: bool,
    asides: JoinSet<Aside>,
    asking_day: bool,
    asking_session: bool,
    _one_of_mine: OneOfMine,
    _one_of_many: OwnedSemaphorePermit,
}

impl Live {
    fn owe(&mut self, change: Result<Change, RecvError>) -> Option<()> {
        match change {
            Ok(Change::Agent(centre, agent)) => {
                // As a guest of another centre too.
                let (home, name) = agent.home().map_or((centre, agent), |(name, home)| (home, name));
                if home == *self.who.centre() && name == *self.who.agent() {
                    self.owed.desk = true;
                    self.day_from = Instant::now() + DAY_AFTER;
                }
            }
            Ok(Change::Emergency(centre)) => self.owed.emergency |= centre == *self.who.centre(),
            Ok(Change::Queues(centre)) => self.owed.queues |= centre == *self.who.centre(),
            Ok(Change::Call(centre, call)) => {
                if self.floor.is_some() && centre == *self.who.centre() {
                    self.owed.moved.add(call);
                }
            }
            Ok(Change::All) | Err(RecvError::Lagged(_)) => self.owed = Owed::all(),
            Err(RecvError::Closed) => return None,
        }
        Some(())
    }

    /// `None` when we stop, or the session has ended.
    async fn next(&mut self) -> Option<Event> {
        if !self.begun {
            self.begun = true;
            return Some(Event::default().event("whose").data(self.who.session.account()));
        }
        loop {
            let now = Instant::now();
            if self.owed.emergency && now >= self.queues_from {
                let drawn = emergency::pieces(&self.web, &self.who).await;
                self.owed.emergency = drawn.is_err();
                return Some(self.event(drawn));
            }
            if self.owed.desk && now >= self.desk_from {
                let drawn = desk::pieces(&self.web, &self.who).await;
                self.owed.desk = !matches!(drawn, Ok((_, true)));
                if self.owed.desk {
                    self.desk_from = now + AGAIN;
                }
                return Some(self.event(drawn.map(|(pieces, _)| pieces)));
            }
            if self.owed.queues && now >= self.queues_from {
                self.queues_from = now + QUEUES_EVERY;
                let drawn = desk::queue_pieces(&self.web, &self.who).await;
                self.owed.queues = drawn.is_err();
                return Some(self.event(drawn));
            }
            if let Some(floor) = self.floor.as_mut().filter(|_| self.owed.floor) {
                self.owed.floor = false;
                let pieces = floor.all().await;
                return Some(self.event(pieces));
            }
            if !self.owed.moved.is_none() && now >= self.moved_from {
                self.moved_from = now + MOVED_EVERY;
                let moved = std::mem::take(&mut self.owed.moved);
                return Some(Event::default().event("moved").data(moved.words()));
            }
            let (desk_from, queues_from, day_from) = (self.desk_from, self.queues_from, self.day_from);
            let (moved_from, moved_owed) = (self.moved_from, !self.owed.moved.is_none());
            tokio::select! {
                change = self.changes.recv() => self.owe(change)?,
                pieces = seen(&mut self.floor) => match pieces {
                    Ok(pieces) => return Some(Event::default().event("pieces").data(&*pieces)),
                    Err(RecvError::Lagged(_)) => self.owed.floor = true,
                    Err(RecvError::Closed) => return None,
                },
                () = sleep_until(desk_from), if self.owed.desk => {}
                () = sleep_until(queues_from), if self.owed.queues || self.owed.emergency => {}
                () = sleep_until(moved_from), if moved_owed => {}
                () = sleep_until(day_from), if !self.asking_day => self.ask_day(),
                Some(told) = self.asides.join_next() => match told {
                    Ok(Aside::Day(day)) => {
                        self.asking_day = false;
                        // Where it cannot be read, what stands there stays.
                        if let Some(day) = day {
                            return Some(Event::default().event("pieces").data(day));
                        }
                    }
                    Ok(Aside::Session(there)) => {
                        self.asking_session = false;
                        if !there {
                            return None;
                        }
                    }
                    Err(error) => {
                        tracing::error!(%error, "a stream's question to the database ended badly");
                        return None;
                    }
                },
                _ = self.pulse.tick() => return Some(self.beat()),
                () = self.web.stop.cancelled() => return None,
            }
        }
    }

    fn event(&mut self, pieces: Shown<String>) -> Event {
        match pieces {
            Ok(pieces) => {
                if std::mem::take(&mut self.stale) {
                    // The page is true again, and is told so at once.
                    self.pulse.reset_immediately();
                }
                Event::default().event("pieces").data(pieces)
            }
            Err(problem) => {
                tracing::debug!(?problem, "a piece of a page could not be drawn");
                self.desk_from = Instant::now() + AGAIN;
                self.queues_from = Instant::now() + AGAIN;
                self.stale = true;
                Event::default().event("stale").data("")
            }
        }
    }

    /// The figures of the day: one question at a time.
    fn ask_day(&mut self) {
        self.asking_day = true;
        self.day_from = Instant::now() + DAY_EVERY;
        let (web, who) = (self.web.clone(), self.who.clone());
        self.asides.spawn(async move { Aside::Day(desk::day_piece(&web, &who).await.ok()) });
    }

    /// Also finds out whether the person may still look; the next beat does not wait for it.
    fn beat(&mut self) -> Event {
        if !self.asking_session {
            self.asking_session = true;
            let (web, token, role) = (self.web.clone(), self.who.token.clone(), self.who.session.role);
            self.asides.spawn(async move {
                Aside::Session(match web.sessions().find(&web.db, &token, web.now()).await {
                    // With another role the stream begins anew, and tells what that one may see.
                    Ok(found) => found.is_some_and(|session| session.role == role),
                    // Nobody is sent away because the database is.
                    Err(_) => true,
                })
            });
        }
        if self.stale {
            return Event::default().event("stale").data("");
        }
        Event::default().event("pulse").data(self.web.now().as_ms().to_string())
    }
}

/// What changed on the floor; never, for who does not see it.
async fn seen(floor: &mut Option<Looker>) -> Result<Arc<str>, RecvError> {
    match floor {
        Some(floor) => floor.next().await,
        None => std::future::pending().await,
    }
}

pub async fn show(State(web): State<Web>, who: Who) -> Shown<impl IntoResponse> {
    let permit = web.0.live_streams.clone().try_acquire_owned().map_err(|_| PageProblem::TooMany)?;
    let mine = web.hub().one_more(who.session.account()).ok_or(PageProblem::TooMany)?;
    let mut pulse = interval(PULSE);
    pulse.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let changes = web.0.hub.changes();
    let sees = who.session.role >= Role::Supervisor;
    let floor = sees.then(|| web.hub().boards.look(&web, who.centre(), who.manner.t));
    let now = Instant::now();
    let live = Live {
        web,
        who,
        changes,
        pulse,
        owed: Owed::all(),
        desk_from: now,
        queues_from: now,
        moved_from: now,
        day_from: now,
        floor,
        stale: false,
        begun: false,
        asides: JoinSet::new(),
        asking_day: false,
        asking_session: false,
        _one_of_mine: mine,
        _one_of_many: permit,
    };
    let events = stream::unfold(live, |mut live| async move {
        let event = live.next().await?;
        Some((Ok::<_, Infallible>(event), live))
    });
    Ok(Sse::new(events))
}
