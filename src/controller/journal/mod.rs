//! The journal: the local record of all that one centre's core was told and what it made of it, in the order in
//! which it happened. It is what a start knows without a database, what fills SQL, and what is replayed.
//!
//! Only ever appended to; removed by age, never before SQL has it. Never refuses to start over damage, never drops
//! an entry in silence, and waits for the disk nowhere but in `open` and in its own thread.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::watch;
use tracing::{error, info, warn};

mod checkpoint;
mod disk;
mod entry;
mod files;
mod reader;
#[cfg(test)]
mod tests;

pub use entry::{CORE_VERSION, Entry, Handled, crc_of_effects};
pub use files::forget;
pub use reader::{Damage, Reader};

use crate::calendar::Moment;
use crate::routing::ids::Epoch;
use crate::routing::{Fact, Input, Known};
use checkpoint::Checkpoint;
use disk::Disk;
use files::Lock;

/// Entries that one start may write before its numbers could meet those of the next: numbers begin at
/// `epoch * SEQS_PER_EPOCH`, epochs follow the clock's seconds, and no core handles a million inputs in a second.
const SEQS_PER_EPOCH: u64 = 1_000_000;

/// How much of what. The default is what a controller uses.
#[derive(Clone, Debug)]
pub struct Limits {
    /// A file is ended when it is longer. 64 MB: about 100,000 entries, read in a second.
    pub file_bytes: u64,
    /// Entries held in memory while the disk takes none; from there on [`Journal::must_shed`]. 64 MB: an hour of
    /// 20 calls a second.
    pub held_bytes: u64,
    /// Room kept on the disk for the first minutes of its being full.
    pub ballast_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { file_bytes: 64 << 20, held_bytes: 64 << 20, ballast_bytes: 16 << 20 }
    }
}

impl Limits {
    /// Entries are held beyond `held_bytes` too, because the calls in hand go on after new ones are shed; at four
    /// times as much they are lost, and said to be.
    const fn most_bytes(&self) -> u64 {
        self.held_bytes.saturating_mul(4)
    }
}

/// How long entries are kept that SQL already has, unless told otherwise.
pub const KEEP_FOR: Duration = Duration::from_secs(14 * 24 * 3600);

/// How the journal does. `since` is the moment of the last entry before the change was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalHealth {
    Fine,
    /// The disk takes long to confirm; nothing is lost unless the power fails.
    Slow {
        since: Moment,
        waiting_bytes: u64,
    },
    /// The disk is full; entries wait in memory and are tried again.
    Full {
        since: Moment,
        waiting_bytes: u64,
    },
    /// The disk gives errors; entries wait in memory and are tried again.
    Failing {
        since: Moment,
        waiting_bytes: u64,
    },
    /// The disk took nothing for so long that memory was full: this many entries are lost.
    Lost {
        since: Moment,
        entries: u64,
    },
}

#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Stop: the other one is alive.
    #[error(
        "another controller (process {holder}) is writing the journal in {}: stop it first, or give this one a \
         directory of its own", dir.display()
    )]
    Taken { dir: PathBuf, holder: String },
    /// Make room or mend the disk, and try again.
    #[error("cannot {what} {}: {source}", path.display())]
    Disk { what: &'static str, path: PathBuf, source: io::Error },
}

/// What a start finds.
pub struct Opened {
    pub journal: Journal,
    /// What was known at the end of the last start.
    pub known: Known,
    /// This start's epoch: greater than every one before, and already on the disk.
    pub epoch: Epoch,
    /// The last epoch given out before.
    pub last_epoch: Option<Epoch>,
    /// The number of the first entry of this start.
    pub next_seq: u64,
    pub damage: Damage,
}

pub struct Journal {
    dir: PathBuf,
    next_seq: u64,
    epoch: Epoch,
    /// What all entries so far amount to, for the checkpoints.
    known: Known,
    disk: Disk,
    _lock: Lock,
}

impl Journal {
    /// Take the directory (made where missing), find out what was known, take the next epoch, begin a new file.
    /// `now` is only read for the epoch: a clock that goes backwards, or stands in 1970, does no harm.
    ///
    /// Entries are numbered from `epoch * 1,000,000` on, or from the last number where that is greater: so a
    /// journal that was deleted, restored from an old copy, or cut short by a power cut never uses a number again
    /// under which SQL already has something else.
    ///
    /// # Errors
    /// `Taken` where another controller is at it; `Disk` where the directory cannot be read or written. Damaged
    /// content is never an error.
    pub fn open(dir: &Path, now: Moment, limits: Limits) -> Result<Opened, JournalError> {
        let at = |what, path: &Path| {
            let path = path.to_owned();
            move |source| JournalError::Disk { what, path, source }
        };
        std::fs::create_dir_all(dir).map_err(at("make", dir))?;
        let lock = Lock::take(dir)?;
        let (known, last_epoch, last_seq, damage) = recover(dir)?;

        let seconds = u32::try_from(now.as_ms() / 1000).unwrap_or(0);
        let epoch = Epoch(last_epoch.map_or(0, |last| last.0.saturating_add(1)).max(seconds));
        let next_seq = last_seq.map_or(1, |last| last + 1).max(u64::from(epoch.0) * SEQS_PER_EPOCH);

        let checkpoint = Checkpoint { next_seq, epoch, known: known.clone() };
        let begin = || {
            let path = files::epoch_path(dir);
            files::write_whole(&path, format!("{epoch}\n").as_bytes()).map_err(at("write", &path))?;
            let path = files::checkpoint_path(dir, next_seq);
            checkpoint.write(dir).map_err(at("write", &path))?;
            let path = files::entries_path(dir, next_seq);
            let file = files::create_entries(dir, next_seq).map_err(at("create", &path))?;
            files::sync_dir(dir).map_err(at("sync", dir))?;
            Ok::<_, JournalError>(file)
        };
        let file = match begin() {
            Err(JournalError::Disk { source, .. }) if files::is_full(&source) && files::release_ballast(dir) => {
                warn!("the disk is full: the journal's ballast is given up to start at all");
                begin()?
            }
            other => other?,
        };
        let disk =
            Disk::start(dir.to_owned(), limits, file, next_seq - 1, now).map_err(at("start a thread for", dir))?;
        info!(dir = %dir.display(), %epoch, next_seq, calls = known.calls.len(), agents = known.agents.len(),
            "the journal is open");
        let journal = Self { dir: dir.to_owned(), next_seq, epoch, known: known.clone(), disk, _lock: lock };
        Ok(Opened { journal, known, epoch, last_epoch, next_seq, damage })
    }

    /// Append what the core made of some inputs: one write into the page cache, after which a killed process loses
    /// nothing. Says the number of the last one. Never waits for the disk; where the disk takes nothing the entries
    /// are held and [`Self::health`] says so.
    pub fn append(&mut self, batch: &[Handled]) -> u64 {
        let last = self.write(batch);
        self.wake();
        last
    }

    /// As [`Self::append`], for who has something more urgent to do than to wake the disk's thread: [`Self::wake`] is to
    /// follow within a millisecond, or a power cut costs more than it should.
    pub fn write(&mut self, batch: &[Handled]) -> u64 {
        let mut lines = Vec::with_capacity(batch.len() * 512);
        for handled in batch {
            if let Err(error) = entry::write_entry(&mut lines, self.next_seq, handled) {
                // No type of ours can fail to be spelled; were one to, the gap in the numbers shows it.
                error!(%error, seq = self.next_seq, "an entry cannot be spelled");
            }
            self.next_seq += 1;
            for fact in &handled.facts {
                self.known.learn(handled.at, fact);
            }
        }
        if let Some(last) = batch.last()
            && self.disk.write(self.last_seq(), last.at, lines)
        {
            let (next_seq, epoch, known) = (self.next_seq, self.epoch, self.known.clone());
            self.disk.rotate(next_seq, Checkpoint { next_seq, epoch, known });
        }
        self.last_seq()
    }

    /// What was written is to go to the disk.
    pub fn wake(&self) {
        self.disk.wake();
    }

    pub const fn last_seq(&self) -> u64 {
        self.next_seq - 1
    }

    /// The highest number that a power cut cannot take away.
    pub fn durable(&self) -> watch::Receiver<u64> {
        self.disk.durable()
    }

    pub fn health(&self) -> watch::Receiver<JournalHealth> {
        self.disk.health()
    }

    /// So much is held in memory that no new calls should be taken: let the heartbeat lapse.
    pub fn must_shed(&self) -> bool {
        self.disk.must_shed()
    }

    /// From this number on, as it grows.
    pub fn reader(&self, from: u64) -> Reader {
        Reader::new(&self.dir, from)
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }
}

/// Read what is there: known, last epoch, last number, damage. Cuts off a torn end and puts the rest on the disk.
fn recover(dir: &Path) -> Result<(Known, Option<Epoch>, Option<u64>, Damage), JournalError> {
    let Checkpoint { next_seq, epoch, mut known } = Checkpoint::newest(dir)?;
    let written = std::fs::read_to_string(files::epoch_path(dir)).ok().and_then(|text| text.trim().parse().ok());
    let mut last_epoch = written.map(Epoch).max((next_seq > 0).then_some(epoch));
    let mut last_seq = next_seq.checked_sub(1);

    let mut reader = Reader::new(dir, next_seq);
    while let Some(entry) = reader.next_entry()? {
        last_seq = last_seq.max(Some(entry.seq));
        if let Input::Started { epoch, .. } = &entry.input {
            last_epoch = last_epoch.max(Some(*epoch));
        }
        for fact in &entry.facts {
            if let Fact::ControllerStarted { epoch, .. } = fact {
                last_epoch = last_epoch.max(Some(*epoch));
            }
            known.learn(entry.at, fact);
        }
    }
    let mut damage = reader.damage();
    if let Some((first_seq, whole_to)) = reader.whole_to() {
        // The numbers of lines that cannot be read are not known, but that they begin here is.
        last_seq = last_seq.max(Some(first_seq));
        let path = files::entries_path(dir, first_seq);
        let failed = |source| JournalError::Disk { what: "cut", path: path.clone(), source };
        let file = std::fs::OpenOptions::new().write(true).open(&path).map_err(failed)?;
        let torn = file.metadata().map_err(failed)?.len().saturating_sub(whole_to);
        if torn > 0 {
            warn!(path = %path.display(), bytes = torn, "the journal ended within a line, which is cut off");
            damage.torn_bytes += torn;
            file.set_len(whole_to).map_err(failed)?;
        }
        file.sync_all().map_err(failed)?;
        if whole_to == 0 {
            std::fs::remove_file(&path).map_err(failed)?;
        }
    }
    if damage.lines + damage.missing > 0 {
        error!(?damage, "the journal is damaged; what could be read is used");
    }
    Ok((known, last_epoch, last_seq, damage))
}
