//! The controller: takes an input, asks the core, carries out each effect. Owns the clock, the journal, recovery.
//!
//! One loop on a thread and runtime of its own holds every centre's core, so that no page, report or password hash
//! can ever delay a call. The rest of the house talks to it by [`Handle`]: what people ask for goes in, what can be
//! seen and what has happened comes out.

pub mod acquaintance;
mod clock;
pub mod directories;
pub mod escalator;
pub mod filler;
mod guesses;
pub mod journal;
pub mod keypad;
pub mod lending;
mod measure;
pub mod phones;
mod precedence;
mod prepare;
mod prompts;
pub mod publish;
mod route;
mod turn;
mod untaken;
pub mod versions;
mod withheld;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{broadcast, mpsc, oneshot, watch};

use crate::calendar::Moment;
use crate::config::SwitchConfig;
use crate::dialplan::{Centre, CentreFiles};
use crate::routing::ids::{AgentName, CallId, CentreName, Epoch, SwitchName, VersionHash};
use crate::routing::lending::Loan;
use crate::routing::promise::PromiseSeen;
use crate::routing::view::{CallSeen, DeskSeen, Floor};
use crate::routing::{Fact, Input, Refused};
use crate::speech::Speaker;
use crate::switch::rehearsal::Rehearsal;
use journal::{JournalError, JournalHealth, Limits};
use withheld::KeptBack;

/// Requests of people and pages waiting for the loop; a thousand agents clicking at once.
const MOST_ASKED: usize = 2_000;

/// Facts kept for a reader of the live stream who is slow; one who falls further behind is told so.
pub const MOST_HAPPENED: usize = 10_000;

/// All that a controller is started with.
pub struct Start {
    /// Journals and published versions live below it.
    pub data: PathBuf,
    pub switches: BTreeMap<SwitchName, SwitchConfig>,
    /// Rehearsal switches of this process, by name; one is made for each configured and not given.
    pub rehearsals: BTreeMap<SwitchName, Rehearsal>,
    pub centres: Vec<(Centre, CentreFiles)>,
    pub speaker: Speaker,
    pub journal: Limits,
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A published version cannot be kept: a call that outlives us would not find its dialplan.
    #[error("cannot keep version {version} in {}: {why}", path.display())]
    Version { version: VersionHash, path: PathBuf, why: std::io::Error },
    #[error(transparent)]
    Config(#[from] crate::config::ConfigError),
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
}

/// One fact, as it happened.
#[derive(Clone, Debug)]
pub struct Happened {
    pub centre: CentreName,
    /// The number of its entry in the journal.
    pub seq: u64,
    /// Which of the entry's facts, from 0.
    pub n: u32,
    pub at: Moment,
    pub fact: Fact,
}

/// What a person's request came to.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("there is no centre {0}")]
    NoSuchCentre(CentreName),
    /// The loop is gone or drowned in requests: try again.
    #[error("the controller cannot be asked just now")]
    Away,
}

/// How the controller does, for `/health`.
#[derive(Clone, Debug)]
pub struct Pulse {
    pub epoch: Epoch,
    pub switches: BTreeMap<SwitchName, bool>,
    pub journals: BTreeMap<CentreName, JournalHealth>,
    /// New calls are left to the switches' own fallback, because the journals can take no more.
    pub shedding: bool,
    /// Another controller with a later epoch has taken over: we have stopped.
    pub superseded: Option<Epoch>,
}

enum Ask {
    Tell { centre: CentreName, input: Box<Input>, answer: oneshot::Sender<Result<(), AskError>> },
    Floor { centre: CentreName, answer: oneshot::Sender<Result<Floor, AskError>> },
    Desk { centre: CentreName, agent: AgentName, answer: oneshot::Sender<Result<Option<DeskSeen>, AskError>> },
    Call { centre: CentreName, call: CallId, answer: oneshot::Sender<Result<Option<CallSeen>, AskError>> },
    Loans { centre: CentreName, answer: oneshot::Sender<Result<Loans, AskError>> },
    Promises { centre: CentreName, answer: oneshot::Sender<Result<Vec<PromiseSeen>, AskError>> },
    Publish { centre: Box<Centre>, files: CentreFiles, answer: oneshot::Sender<Result<VersionHash, PublishError>> },
    Stop { answer: oneshot::Sender<()> },
}

#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Ask(#[from] AskError),
}

/// Queues lent between centres, as one of them may know.
#[derive(Clone, Debug, Default)]
pub struct Loans {
    /// Our queues, by the guest (`name@centre`) to whom they are lent.
    pub lent: Vec<(AgentName, Loan)>,
    /// Our people to whom another centre has lent some of its queues.
    pub ours: Vec<(AgentName, CentreName, Loan)>,
}

/// Where one centre's journal is and how far it has come: what a [`filler::Filler`] needs to know of it.
#[derive(Clone, Debug)]
pub struct Written {
    pub dir: PathBuf,
    /// The highest number that a power cut cannot take away.
    pub durable: watch::Receiver<u64>,
    /// The number of this start's first entry.
    pub first_seq: u64,
}

/// What each centre's new calls follow now.
pub type Plans = BTreeMap<CentreName, Arc<Centre>>;

/// A clock as the controller's, for those who measure beside it.
pub fn clock() -> impl Fn() -> Moment + Send + Sync + 'static {
    let clock = clock::Clock::start();
    move || clock.now()
}

/// The wall clock, for what is due by the calendar: a clock that is put right puts deadlines right.
pub fn wall_clock() -> Moment {
    clock::wall()
}

/// How the rest of the house holds the controller. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Handle {
    asks: mpsc::Sender<Ask>,
    happened: broadcast::Sender<Arc<Happened>>,
    pulse: watch::Receiver<Pulse>,
    written: Arc<BTreeMap<CentreName, Written>>,
    plans: watch::Receiver<Plans>,
    kept_back: KeptBack,
}

impl Handle {
    /// What a person did or asks for: one of the `Agent...` inputs. Comes back when the core has handled it.
    ///
    /// # Errors
    /// `Refused` with the reason, in words for that person; nothing was changed.
    pub async fn tell(&self, centre: &CentreName, input: Input) -> Result<(), AskError> {
        let (answer, answered) = oneshot::channel();
        let ask = Ask::Tell { centre: centre.clone(), input: Box::new(input), answer };
        self.asks.send(ask).await.map_err(|_| AskError::Away)?;
        answered.await.map_err(|_| AskError::Away)?
    }

    /// What was keyed that nobody may read.
    fn kept_back(&self) -> &KeptBack {
        &self.kept_back
    }

    /// The floor at this moment.
    ///
    /// # Errors
    /// `NoSuchCentre`, `Away`.
    pub async fn floor(&self, centre: &CentreName) -> Result<Floor, AskError> {
        let (answer, answered) = oneshot::channel();
        self.asks.send(Ask::Floor { centre: centre.clone(), answer }).await.map_err(|_| AskError::Away)?;
        answered.await.map_err(|_| AskError::Away)?
    }

    /// One agent and the call in hand, without the rest of the floor. `None`: never logged in since the start.
    ///
    /// # Errors
    /// `NoSuchCentre`, `Away`.
    pub async fn agent(&self, centre: &CentreName, agent: &AgentName) -> Result<Option<DeskSeen>, AskError> {
        let (answer, answered) = oneshot::channel();
        let ask = Ask::Desk { centre: centre.clone(), agent: agent.clone(), answer };
        self.asks.send(ask).await.map_err(|_| AskError::Away)?;
        answered.await.map_err(|_| AskError::Away)?
    }

    /// One call, without the rest of the floor. `None`: it is over, or never was.
    ///
    /// # Errors
    /// `NoSuchCentre`, `Away`.
    pub async fn call(&self, centre: &CentreName, call: CallId) -> Result<Option<CallSeen>, AskError> {
        let (answer, answered) = oneshot::channel();
        self.asks.send(Ask::Call { centre: centre.clone(), call, answer }).await.map_err(|_| AskError::Away)?;
        answered.await.map_err(|_| AskError::Away)?
    }

    /// The call-backs that are owed, without the rest of the floor.
    ///
    /// # Errors
    /// `NoSuchCentre`, `Away`.
    pub async fn promises(&self, centre: &CentreName) -> Result<Vec<PromiseSeen>, AskError> {
        let (answer, answered) = oneshot::channel();
        self.asks.send(Ask::Promises { centre: centre.clone(), answer }).await.map_err(|_| AskError::Away)?;
        answered.await.map_err(|_| AskError::Away)?
    }

    /// What a centre lends, and what is lent to its people.
    ///
    /// # Errors
    /// `NoSuchCentre`, `Away`.
    pub async fn loans(&self, centre: &CentreName) -> Result<Loans, AskError> {
        let (answer, answered) = oneshot::channel();
        self.asks.send(Ask::Loans { centre: centre.clone(), answer }).await.map_err(|_| AskError::Away)?;
        answered.await.map_err(|_| AskError::Away)?
    }

    /// New calls follow this version as soon as it is kept on the disk and its prompts have been made.
    ///
    /// # Errors
    /// What kept it from being published; the version before stays.
    pub async fn publish(&self, centre: Centre, files: CentreFiles) -> Result<VersionHash, PublishError> {
        let (answer, answered) = oneshot::channel();
        let ask = Ask::Publish { centre: Box::new(centre), files, answer };
        self.asks.send(ask).await.map_err(|_| AskError::Away)?;
        answered.await.map_err(|_| AskError::Away)?
    }

    /// Facts from now on, in order, of every centre. A reader more than [`MOST_HAPPENED`] behind is told `Lagged`.
    pub fn happened(&self) -> broadcast::Receiver<Arc<Happened>> {
        self.happened.subscribe()
    }

    pub fn pulse(&self) -> Pulse {
        self.pulse.borrow().clone()
    }

    /// The published version of a centre's YAML.
    pub fn plan(&self, centre: &CentreName) -> Option<Arc<Centre>> {
        self.plans.borrow().get(centre).cloned()
    }

    /// The published versions, and when they change.
    pub fn plans(&self) -> watch::Receiver<Plans> {
        self.plans.clone()
    }

    /// Every centre's journal.
    pub fn written(&self) -> &BTreeMap<CentreName, Written> {
        &self.written
    }

    /// Waits until another controller has taken over; `None` where this one's loop ended otherwise.
    pub async fn superseded(&self) -> Option<Epoch> {
        let mut pulse = self.pulse.clone();
        let seen = pulse.wait_for(|pulse| pulse.superseded.is_some()).await;
        seen.ok().and_then(|pulse| pulse.superseded)
    }

    /// Lets go of every switch, leaving all calls as they are, and closes the journals.
    pub async fn stop(&self) {
        let (answer, answered) = oneshot::channel();
        if self.asks.send(Ask::Stop { answer }).await.is_ok() {
            // Gone already is as good.
            let _ = answered.await;
        }
        // The loop lets go of its pulse last, behind the journals.
        let mut pulse = self.pulse.clone();
        while pulse.changed().await.is_ok() {}
    }
}

/// Opens the journals, takes the next epoch, starts the loop and its drivers.
///
/// # Errors
/// See [`StartError`]; nothing is left running.
pub fn start(start: Start) -> Result<Handle, StartError> {
    let (asks, asked) = mpsc::channel(MOST_ASKED);
    let (happened, _) = broadcast::channel(MOST_HAPPENED);
    let prepared = prepare::prepare(start, happened.clone())?;
    let pulse = prepared.pulse();
    let written = Arc::new(prepared.written());
    let (plans, kept_back) = (prepared.plans(), prepared.kept_back.clone());
    std::thread::Builder::new()
        .name("controller".into())
        .spawn(move || prepared.run(asked))
        .map_err(StartError::Thread)?;
    Ok(Handle { asks, happened, pulse, written, plans, kept_back })
}
