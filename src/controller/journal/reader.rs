//! Reading the journal from a number on, across its files, up to the end and further as it grows.
//!
//! Never writes, takes no lock, and stops at no damage: what cannot be read is counted and logged.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use tracing::warn;

use super::entry::{self, Entry, LONGEST_LINE};
use super::{JournalError, files};

/// One read.
const PIECE: usize = 256 << 10;

/// What was found wrong on the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Damage {
    /// Lines that could not be read.
    pub lines: u64,
    /// Bytes of a line that was never finished, at the end of a file.
    pub torn_bytes: u64,
    /// Entries missing between two that stand in one file.
    pub missing: u64,
}

pub struct Reader {
    dir: PathBuf,
    /// Entries before it are passed over.
    from: u64,
    open: Option<Open>,
    damage: Damage,
}

struct Open {
    first_seq: u64,
    file: File,
    /// Where in the file `buffer` ends.
    read_to: u64,
    buffer: Vec<u8>,
    /// Bytes of `buffer` already given out.
    used: usize,
    /// No line end in the first bytes of `buffer` up to here.
    searched: usize,
    last_seq: Option<u64>,
    /// In a line longer than [`LONGEST_LINE`]: all up to its end is damage.
    overlong: bool,
}

impl Reader {
    /// Nothing is opened yet: an empty directory is a journal without entries.
    pub fn new(dir: impl Into<PathBuf>, from: u64) -> Self {
        Self { dir: dir.into(), from, open: None, damage: Damage::default() }
    }

    pub const fn damage(&self) -> Damage {
        self.damage
    }

    /// The next entry; `None` where there is none yet. May be asked again at any time.
    ///
    /// # Errors
    /// The directory or a file cannot be opened or read. The place is kept: it may be tried again.
    pub fn next_entry(&mut self) -> Result<Option<Entry>, JournalError> {
        loop {
            if self.open.is_none() && !self.open_file(None)? {
                return Ok(None);
            }
            let Some(open) = self.open.as_mut() else { return Ok(None) };
            if let Some(entry) = open.entry(&mut self.damage) {
                if entry.seq >= self.from {
                    self.from = entry.seq.saturating_add(1);
                    return Ok(Some(entry));
                }
                continue;
            }
            if open.read(&self.dir)? {
                continue;
            }
            let first = open.first_seq;
            // The end of this file. A later one means that no more is written here, but only what is read after the
            // later one was seen is sure to be the end.
            if !files::entry_files(&self.dir)?.iter().any(|later| *later > first) {
                open.drop_rest();
                return Ok(None);
            }
            if !open.read(&self.dir)? {
                let rest = open.rest();
                if rest > 0 {
                    warn!(file = first, bytes = rest, "a file of the journal ends within a line");
                    self.damage.torn_bytes += rest;
                }
                self.open = None;
                self.open_file(Some(first))?;
            }
        }
    }

    /// Open the file that holds `from`, or the one after `behind`. False where there is none.
    fn open_file(&mut self, behind: Option<u64>) -> Result<bool, JournalError> {
        let all = files::entry_files(&self.dir)?;
        let first_seq = match behind {
            Some(behind) => all.iter().find(|first| **first > behind),
            None => all.iter().rev().find(|first| **first <= self.from).or(all.first()),
        };
        let Some(&first_seq) = first_seq else { return Ok(false) };
        let path = files::entries_path(&self.dir, first_seq);
        let file = File::open(&path).map_err(|source| JournalError::Disk { what: "open", path, source })?;
        self.open = Some(Open {
            first_seq,
            file,
            read_to: 0,
            buffer: Vec::new(),
            used: 0,
            searched: 0,
            last_seq: None,
            overlong: false,
        });
        Ok(true)
    }

    /// Where the whole lines of the file that is being read end: at the journal's end, where it is cut off.
    pub(super) fn whole_to(&self) -> Option<(u64, u64)> {
        self.open.as_ref().map(|open| (open.first_seq, open.read_to - open.rest()))
    }
}

impl Open {
    const fn rest(&self) -> u64 {
        (self.buffer.len() - self.used) as u64
    }

    /// Read an unfinished line again next time: its writer may have cut it back.
    fn drop_rest(&mut self) {
        self.read_to -= self.rest();
        self.buffer.clear();
        self.used = 0;
        self.searched = 0;
    }

    /// The next line that can be read, of those in the buffer.
    fn entry(&mut self, damage: &mut Damage) -> Option<Entry> {
        loop {
            let found = self.buffer.get(self.searched..)?.iter().position(|byte| *byte == b'\n');
            let Some(end) = found.map(|at| self.searched + at) else {
                self.searched = self.buffer.len();
                if self.rest() > LONGEST_LINE as u64 {
                    self.overlong = true;
                    self.buffer.clear();
                    self.used = 0;
                    self.searched = 0;
                }
                return None;
            };
            let line = self.buffer.get(self.used..end)?;
            let read = if std::mem::take(&mut self.overlong) {
                Err(entry::Damaged::Sum)
            } else {
                entry::read_line::<Entry>(line)
            };
            self.used = end + 1;
            self.searched = self.used;
            match read {
                Ok(entry) => {
                    if let Some(last) = self.last_seq {
                        damage.missing += entry.seq.saturating_sub(last.saturating_add(1));
                    }
                    self.last_seq = Some(entry.seq);
                    return Some(entry);
                }
                Err(why) => {
                    warn!(file = self.first_seq, after = self.last_seq, %why, "a line of the journal is passed over");
                    damage.lines += 1;
                }
            }
        }
    }

    /// More bytes; false at the end.
    fn read(&mut self, dir: &Path) -> Result<bool, JournalError> {
        self.buffer.drain(..self.used);
        self.searched -= self.used;
        self.used = 0;
        let have = self.buffer.len();
        self.buffer.resize(have + PIECE, 0);
        let result = self.buffer.get_mut(have..).map_or(Ok(0), |piece| self.file.read_at(piece, self.read_to));
        let count = *result.as_ref().unwrap_or(&0);
        self.buffer.truncate(have + count);
        self.read_to += count as u64;
        match result {
            Ok(count) => Ok(count > 0),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => Ok(true),
            Err(source) => {
                let path = files::entries_path(dir, self.first_seq);
                Err(JournalError::Disk { what: "read", path, source })
            }
        }
    }
}
