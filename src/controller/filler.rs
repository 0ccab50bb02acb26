//! The filler: works the journal into SQL, from the position that SQL itself holds, in its own time.
//!
//! The controller never waits for it. A database that is away makes it fall behind, which is told and made up for
//! afterwards; an entry is worked in once or not at all, whatever is killed when.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::journal::{Entry, JournalError, Reader};
use crate::calendar::Moment;
use crate::routing::ids::CentreName;
use crate::store::{Db, Position, Recorded, StoreError, Way};

/// Entries in one transaction: enough that a commit costs little, few enough for a second's work at most.
const BATCH_ENTRIES: usize = 500;
/// Facts in one transaction, because one entry may hold thousands (a start that finds many calls).
const BATCH_FACTS: usize = 2_000;
/// Waits between tries, doubled from the first to the last.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// Between two looks at a database that has all: only for entries that came while it was away.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Between two pieces where the first brought SQL up to the journal's end: under load a second's entries are one
/// transaction and each row is written once, not one transaction for each few entries. A reader of SQL sees what happens
/// up to this much later; after a quiet second, at once.
const GATHER: Duration = Duration::from_secs(1);

/// How filling goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FillerState {
    /// At work, or done.
    Filling,
    /// The database does not take anything at present.
    Away,
    /// The database or the journal's own files refuse: somebody must look. Tried again all the same.
    Stuck,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FillerHealth {
    pub state: FillerState,
    /// Since when it is so.
    pub since: Moment,
    /// Entries on the disk that are not in SQL, of this start of the controller; those of earlier starts are not
    /// counted, but show in `behind`.
    pub behind_entries: u64,
    /// How old the first entry is that is read and not in SQL. Zero where there is none.
    pub behind: Duration,
    /// Entries of which SQL has the facts and not what is derived from them.
    pub refused: u64,
}

/// What a filler works with.
pub struct Filler {
    pub db: Db,
    pub centre: CentreName,
    /// The journal's directory.
    pub dir: PathBuf,
    /// The highest number that a power cut cannot take away: SQL never knows more than the journal will.
    pub durable: watch::Receiver<u64>,
    /// The number of this start's first entry.
    pub first_seq: u64,
    /// The controller's clock.
    pub clock: Arc<dyn Fn() -> Moment + Send + Sync>,
}

/// A filler at work.
pub struct Filling {
    pub health: watch::Receiver<FillerHealth>,
    /// The last number that is in SQL.
    pub filled: watch::Receiver<u64>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Filling {
    /// Stop after the piece in hand. What is not filled then is filled after the next start.
    pub async fn stop(self) {
        self.stop.cancel();
        if let Err(error) = self.task.await {
            error!(%error, "the filler has ended badly");
        }
    }
}

impl Filler {
    /// Begin, on the runtime that this is called in.
    pub fn start(self) -> Filling {
        let health = FillerHealth {
            state: FillerState::Filling,
            since: (self.clock)(),
            behind_entries: 0,
            behind: Duration::ZERO,
            refused: 0,
        };
        let (health, health_seen) = watch::channel(health);
        let (filled, filled_seen) = watch::channel(0);
        let stop = CancellationToken::new();
        let work = Work { filler: self, health, filled, place: None, held: Vec::new(), wait: FIRST_WAIT };
        let stopped = stop.clone();
        let task = tokio::spawn(async move {
            // A transaction that is broken off was never there.
            stopped.run_until_cancelled(work.run()).await;
        });
        Filling { health: health_seen, filled: filled_seen, stop, task }
    }
}

struct Work {
    filler: Filler,
    health: watch::Sender<FillerHealth>,
    filled: watch::Sender<u64>,
    /// Where SQL is, and the reader that stands behind `held`. `None`: to be found out.
    place: Option<(Position, Reader)>,
    /// Read and not in SQL.
    held: Vec<Entry>,
    wait: Duration,
}

/// What was filled just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    /// There is more on the disk.
    More,
    /// All that there was.
    Last,
    Nothing,
}

#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("a thread that reads the journal has ended badly")]
    Reader,
}

impl Work {
    async fn run(mut self) {
        loop {
            match self.piece().await {
                Ok(Piece::More) => self.fine(),
                Ok(Piece::Last) => {
                    self.fine();
                    tokio::time::sleep(GATHER).await;
                }
                Ok(Piece::Nothing) => {
                    self.fine();
                    // An end of the journal (its sender gone) leaves what it wrote last to the next start.
                    let came = tokio::time::timeout(LOOK_EVERY, self.filler.durable.changed());
                    if let Ok(Err(_)) = came.await {
                        tokio::time::sleep(LOOK_EVERY).await;
                    }
                }
                Err(trouble) => {
                    self.troubled(&trouble);
                    // Whether the last piece is in is not known: ask.
                    self.place = None;
                    self.held.clear();
                    tokio::time::sleep(self.wait).await;
                    self.wait = (self.wait * 2).min(LONGEST_WAIT);
                }
            }
        }
    }

    /// Fill one piece.
    async fn piece(&mut self) -> Result<Piece, Trouble> {
        let (position, mut reader) = match self.place.take() {
            Some(place) => place,
            None => {
                if self.filler.db.remake(&self.filler.centre).await? {
                    return Ok(Piece::More);
                }
                let position = self.filler.db.filled(&self.filler.centre).await?;
                self.filled.send_replace(position.seq);
                (position, Reader::new(&self.filler.dir, position.seq.saturating_add(1)))
            }
        };
        let durable = *self.filler.durable.borrow_and_update();
        let mut held = std::mem::take(&mut self.held);
        let read = tokio::task::spawn_blocking(move || {
            let mut facts: usize = held.iter().map(|entry| entry.facts.len()).sum();
            let mut result = Ok(());
            while held.len() < BATCH_ENTRIES && facts < BATCH_FACTS && held.last().is_none_or(|last| last.seq < durable)
            {
                match reader.next_entry() {
                    Ok(Some(entry)) => {
                        facts += entry.facts.len();
                        held.push(entry);
                    }
                    Ok(None) => break,
                    Err(error) => {
                        result = Err(error);
                        break;
                    }
                }
            }
            (result, held, reader)
        });
        let (result, held, reader) = read.await.map_err(|_| Trouble::Reader)?;
        result?;
        self.held = held;
        let ready = self.held.partition_point(|entry| entry.seq <= durable);
        if ready == 0 {
            self.place = Some((position, reader));
            return Ok(Piece::Nothing);
        }
        let after = self.fill(position.seq, ready).await?;
        self.held.drain(..ready);
        self.filled.send_replace(after.seq);
        self.place = Some((after, reader));
        Ok(if after.seq < durable { Piece::More } else { Piece::Last })
    }

    async fn fill(&self, after: u64, ready: usize) -> Result<Position, StoreError> {
        let Filler { db, centre, .. } = &self.filler;
        let entries: Vec<Recorded<'_>> = self.held.iter().take(ready).map(recorded).collect();
        match db.fill(centre, after, &entries, Way::Whole).await {
            Err(StoreError::Refused { why }) => {
                warn!(%centre, %why, "the database refused a piece of the journal: entry by entry, then");
            }
            other => return other,
        }
        let mut position = Position { seq: after, at: Moment::default() };
        for entry in &entries {
            let one = std::slice::from_ref(entry);
            position = match db.fill(centre, position.seq, one, Way::Whole).await {
                Err(StoreError::Refused { why }) => {
                    error!(%centre, seq = entry.seq, %why, "an entry is kept without what would be derived from it");
                    let kept = db.fill(centre, position.seq, one, Way::FactsOnly).await?;
                    self.health.send_modify(|health| health.refused += 1);
                    kept
                }
                other => other?,
            };
        }
        Ok(position)
    }

    fn fine(&mut self) {
        self.wait = FIRST_WAIT;
        self.tell(FillerState::Filling);
    }

    fn troubled(&self, trouble: &Trouble) {
        let state = match trouble {
            Trouble::Store(StoreError::Away { .. }) => FillerState::Away,
            Trouble::Store(
                StoreError::Inconsistent { .. }
                | StoreError::Refused { .. }
                | StoreError::Exists { .. }
                | StoreError::Used
                | StoreError::Missing { .. },
            )
            | Trouble::Journal(_)
            | Trouble::Reader => FillerState::Stuck,
        };
        if self.health.borrow().state != state {
            let centre = &self.filler.centre;
            warn!(%centre, %trouble, "SQL is not filled at present; the journal keeps everything meanwhile");
        }
        self.tell(state);
    }

    fn tell(&self, state: FillerState) {
        let now = (self.filler.clock)();
        let durable = *self.filler.durable.borrow();
        let before_this_start = self.filler.first_seq.saturating_sub(1);
        let behind_entries = durable.saturating_sub((*self.filled.borrow()).max(before_this_start));
        let oldest = self.held.first().map(|entry| entry.at);
        self.health.send_if_modified(|health| {
            let changed = health.state != state;
            if changed {
                if state == FillerState::Filling {
                    info!(centre = %self.filler.centre, "SQL is filled again");
                }
                health.state = state;
                health.since = now;
            }
            // While the database is away nothing is held, and the age grows from what it was.
            let behind = match (oldest, behind_entries) {
                (Some(at), _) => now.since(at),
                (None, 0) => Duration::ZERO,
                (None, _) => now.since(health.since),
            };
            let told = changed || health.behind_entries != behind_entries || health.behind != behind;
            health.behind_entries = behind_entries;
            health.behind = behind;
            told
        });
    }
}

fn recorded(entry: &Entry) -> Recorded<'_> {
    Recorded { seq: entry.seq, at: entry.at, schema: entry.schema, facts: &entry.facts }
}
