//! A checkpoint: what was known before one entry, so that a start need not read the journal from its beginning.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use tracing::warn;

use super::{JournalError, entry, files};
use crate::routing::Known;
use crate::routing::ids::Epoch;

/// Never taken on trust: it carries a check sum like every line, and the one before it is kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Checkpoint {
    /// The number of the first entry that is not in it.
    pub next_seq: u64,
    pub epoch: Epoch,
    pub known: Known,
}

impl Checkpoint {
    pub fn write(&self, dir: &Path) -> io::Result<()> {
        let mut line = Vec::new();
        entry::write_line(&mut line, self)?;
        files::write_whole(&files::checkpoint_path(dir, self.next_seq), &line)
    }

    /// The newest that can be read; an empty one where there is none.
    pub fn newest(dir: &Path) -> Result<Self, JournalError> {
        for next_seq in files::checkpoints(dir)?.into_iter().rev() {
            let path = files::checkpoint_path(dir, next_seq);
            match std::fs::read(&path) {
                Ok(bytes) => match entry::read_line::<Self>(bytes.trim_ascii_end()) {
                    Ok(checkpoint) => return Ok(checkpoint),
                    Err(why) => warn!(path = %path.display(), %why, "a checkpoint is damaged; an older one is taken"),
                },
                Err(error) => warn!(path = %path.display(), %error, "a checkpoint cannot be read"),
            }
        }
        Ok(Self::default())
    }
}
