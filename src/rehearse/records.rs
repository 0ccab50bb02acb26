//! The records of a rehearsal, as an installation would keep them: `DIR/<centre>/journal` and `versions`, which `cordboard
//! replay` reads, and the facts in `DIR/cordboard.db`, which a page or a report may read.
//!
//! Two threads beside the world: one spells entries and gives them to the journal, one works their facts into SQL. Each
//! holds a bounded number of batches; the world waits for the slower one.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::plan::Plan;
use crate::calendar::Moment;
use crate::controller::journal::{Handled, Journal, Limits, crc_of_effects};
use crate::controller::publish;
use crate::routing::fact::FACTS_VERSION;
use crate::routing::ids::CentreName;
use crate::routing::{Effect, Fact, Input};
use crate::store::{Db, Recorded, Way};

/// Entries handed over at once.
const BATCH: usize = 1_024;
/// Batches that wait for the journal, and for SQL.
const WAITING: usize = 16;
/// Entries of one transaction. More than a controller's: nobody reads meanwhile, and each row is written once for all that
/// happens to it in a piece.
const PIECE: usize = 32_768;

/// One handled input, not spelled yet.
struct Step {
    at: Moment,
    input: Input,
    facts: Vec<Fact>,
    effects: Vec<Effect>,
}

/// A batch as the journal has numbered it.
struct Numbered {
    first: u64,
    entries: Arc<Vec<Handled>>,
}

/// Takes every step of a world.
pub struct Recorder {
    batch: Vec<Step>,
    to: Option<SyncSender<Vec<Step>>>,
    threads: Vec<JoinHandle<Result<(), String>>>,
}

impl Recorder {
    /// Begins records of this plan below `dir`.
    ///
    /// # Errors
    /// There are records of this centre or a database already, or the disk refuses: a sentence.
    pub fn begin(dir: &Path, plan: &Plan) -> Result<Self, String> {
        let centre = plan.centre.name.clone();
        let own = dir.join(centre.as_str());
        let database = dir.join("cordboard.db");
        for path in [&own, &database] {
            if path.exists() {
                return Err(format!("{} is there already: records begin in a directory of their own", path.display()));
            }
        }
        publish::keep(&own.join("versions"), &plan.centre.version, &plan.files).map_err(|error| error.to_string())?;
        let opened =
            Journal::open(&own.join("journal"), plan.begins(), Limits::default()).map_err(|error| error.to_string())?;
        let (to, steps) = sync_channel(WAITING);
        let (on, numbered) = sync_channel(WAITING);
        let journal = opened.journal;
        let spelling = std::thread::Builder::new().name("records".into()).spawn(move || spell(journal, &steps, &on));
        let url = format!("sqlite:{}", database.display());
        let filling = std::thread::Builder::new().name("facts".into()).spawn(move || fill(&url, &centre, &numbered));
        let threads = [spelling, filling].into_iter().collect::<Result<_, _>>();
        let threads = threads.map_err(|error| format!("no thread for the records: {error}"))?;
        Ok(Self { batch: Vec::with_capacity(BATCH), to: Some(to), threads })
    }

    /// # Errors
    /// A sentence: one of the threads has ended.
    pub(super) fn take(
        &mut self,
        at: Moment,
        input: Input,
        facts: Vec<Fact>,
        effects: &[Effect],
    ) -> Result<(), String> {
        self.batch.push(Step { at, input, facts, effects: effects.to_vec() });
        if self.batch.len() < BATCH {
            return Ok(());
        }
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH));
        let sent = self.to.as_ref().is_some_and(|to| to.send(batch).is_ok());
        if sent { Ok(()) } else { self.end().and(Err("nobody writes them any more".into())) }
    }

    /// Waits until all is on the disk and in SQL.
    pub(super) fn close(mut self) -> Result<(), String> {
        let batch = std::mem::take(&mut self.batch);
        let sent = self.to.as_ref().is_some_and(|to| to.send(batch).is_ok());
        self.end().and(if sent { Ok(()) } else { Err("nobody writes them any more".into()) })
    }

    fn end(&mut self) -> Result<(), String> {
        self.to = None;
        let ended =
            self.threads.drain(..).map(|thread| thread.join().unwrap_or_else(|_| Err("a thread panicked".into())));
        ended.collect::<Vec<_>>().into_iter().collect()
    }
}

fn spell(mut journal: Journal, from: &Receiver<Vec<Step>>, on: &SyncSender<Numbered>) -> Result<(), String> {
    while let Ok(batch) = from.recv() {
        let entries: Vec<Handled> = batch
            .into_iter()
            .map(|Step { at, input, facts, effects }| Handled {
                at,
                input,
                facts,
                effects_crc: crc_of_effects(&effects),
            })
            .collect();
        // A disk that does not keep up holds the rehearsal back; nothing of it may be lost.
        while journal.must_shed() {
            journal.wake();
            std::thread::sleep(Duration::from_millis(1));
        }
        let last = journal.append(&entries);
        let first = (last + 1).saturating_sub(entries.len() as u64);
        if on.send(Numbered { first, entries: Arc::new(entries) }).is_err() {
            return Ok(());
        }
    }
    Ok(())
}

fn fill(url: &str, centre: &CentreName, from: &Receiver<Numbered>) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("no runtime: {error}"))?;
    runtime.block_on(async {
        let words = |error: crate::store::StoreError| error.to_string();
        let db = Db::connect(url).map_err(words)?;
        db.migrate().await.map_err(words)?;
        // As the filler begins: a new database has nothing to make anew, and says so.
        while db.remake(centre).await.map_err(words)? {}
        let mut after = db.filled(centre).await.map_err(words)?.seq;
        let mut held: Vec<Numbered> = Vec::new();
        loop {
            let came = from.recv().ok();
            let over = came.is_none();
            held.extend(came);
            let count: usize = held.iter().map(|numbered| numbered.entries.len()).sum();
            if count < PIECE && !over {
                continue;
            }
            let entries: Vec<Recorded<'_>> = held.iter().flat_map(recorded).collect();
            if !entries.is_empty() {
                after = db.fill(centre, after, &entries, Way::Whole).await.map_err(words)?.seq;
            }
            held.clear();
            if over {
                break;
            }
        }
        db.close().await;
        Ok(())
    })
}

fn recorded(numbered: &Numbered) -> impl Iterator<Item = Recorded<'_>> {
    (numbered.first..).zip(numbered.entries.iter()).map(|(seq, handled)| Recorded {
        seq,
        at: handled.at,
        schema: FACTS_VERSION,
        facts: &handled.facts,
    })
}
