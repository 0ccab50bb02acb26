//! The journal's directory: what its files are called, the lock, the ballast, files written whole or not at all.
//!
//! `00000000000000000042.jsonl` holds entries from number 42 on; `00000000000000000042.known` what was known before
//! number 42; `epoch` the last epoch given out; `lock` is held by the controller that writes here; `ballast` is room
//! on the disk, given up when the disk is full.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::JournalError;

const ENTRIES: &str = "jsonl";
const CHECKPOINT: &str = "known";
const EPOCH: &str = "epoch";
const LOCK: &str = "lock";
const BALLAST: &str = "ballast";

pub(super) fn entries_path(dir: &Path, first_seq: u64) -> PathBuf {
    dir.join(format!("{first_seq:020}.{ENTRIES}"))
}

pub(super) fn checkpoint_path(dir: &Path, next_seq: u64) -> PathBuf {
    dir.join(format!("{next_seq:020}.{CHECKPOINT}"))
}

pub(super) fn epoch_path(dir: &Path) -> PathBuf {
    dir.join(EPOCH)
}

fn ballast_path(dir: &Path) -> PathBuf {
    dir.join(BALLAST)
}

fn numbered(dir: &Path, kind: &str) -> Result<Vec<u64>, JournalError> {
    let failed = |source| JournalError::Disk { what: "list", path: dir.to_owned(), source };
    let mut found = Vec::new();
    for item in fs::read_dir(dir).map_err(failed)? {
        let name = item.map_err(failed)?.file_name();
        let number = name.to_str().and_then(|name| name.strip_suffix(kind)).and_then(|name| name.strip_suffix('.'));
        found.extend(number.filter(|n| n.len() == 20).and_then(|n| n.parse::<u64>().ok()));
    }
    found.sort_unstable();
    Ok(found)
}

/// The first numbers of all files of entries, in order.
pub(super) fn entry_files(dir: &Path) -> Result<Vec<u64>, JournalError> {
    numbered(dir, ENTRIES)
}

/// The next numbers of all checkpoints, in order.
pub(super) fn checkpoints(dir: &Path) -> Result<Vec<u64>, JournalError> {
    numbered(dir, CHECKPOINT)
}

/// Make the names in a directory survive a power cut.
pub(super) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// After this the file holds all of `bytes`, or what it held before; a power cut changes nothing in that.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let half = path.with_extension("half");
    let written = File::create(&half).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    if let Err(error) = written {
        // It only takes room; the next try begins it again.
        let _ = fs::remove_file(&half);
        return Err(error);
    }
    fs::rename(&half, path)?;
    path.parent().map_or(Ok(()), sync_dir)
}

/// A new file of entries. One that is there already is empty or of another start, so it is never continued.
pub(super) fn create_entries(dir: &Path, first_seq: u64) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create_new(true).open(entries_path(dir, first_seq))
}

/// Held by one controller as long as it lives, however it dies.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "the lock is let go when the file is closed")] File);

impl Lock {
    pub fn take(dir: &Path) -> Result<Self, JournalError> {
        let path = dir.join(LOCK);
        let failed = |source| JournalError::Disk { what: "open", path: path.clone(), source };
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = (&mut file).take(20).read_to_string(&mut holder);
                return Err(JournalError::Taken { dir: dir.to_owned(), holder: holder.trim().to_owned() });
            }
            Err(fs::TryLockError::Error(source)) => return Err(failed(source)),
        }
        // Only for the message above: a disk too full for it is no reason not to start.
        let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(Self(file))
    }
}

/// Room on the disk held in reserve. `Ok(false)` where it was there already.
pub(super) fn take_ballast(dir: &Path, bytes: u64) -> io::Result<bool> {
    let path = ballast_path(dir);
    if bytes == 0 || fs::metadata(&path).is_ok_and(|have| have.len() == bytes) {
        return Ok(false);
    }
    let file = File::create(&path)?;
    let length = libc::off_t::try_from(bytes).map_err(io::Error::other)?;
    // SAFETY: a system call on a descriptor that is open for the length of the call; no memory is handed over.
    let code = unsafe { libc::posix_fallocate(file.as_raw_fd(), 0, length) };
    if code == 0 {
        return Ok(true);
    }
    drop(file);
    fs::remove_file(&path)?;
    Err(io::Error::from_raw_os_error(code))
}

/// Give the room up. True where there was any.
pub(super) fn release_ballast(dir: &Path) -> bool {
    fs::remove_file(ballast_path(dir)).is_ok()
}

/// Is this the kind of error that room on the disk mends? `EFBIG` is what a limit on file sizes answers.
pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOSPC | libc::EDQUOT | libc::EFBIG))
}

/// Remove the files of entries that nobody needs: all their entries are in SQL (`filled` is the last number
/// there), a checkpoint stands after them, and they were last written more than `keep_for` before `now`. Says how
/// many such files went. For a thread that may wait, never for the controller's loop.
pub fn forget(dir: &Path, filled: u64, keep_for: Duration, now: SystemTime) -> Result<usize, JournalError> {
    let checkpoints = checkpoints(dir)?;
    // The newest but one: so that one checkpoint that cannot be read costs nothing.
    let before = checkpoints.iter().rev().nth(1).copied().unwrap_or(0);
    let mut removed = 0;
    let remove = |path: PathBuf| {
        let failed = |source| JournalError::Disk { what: "remove", path: path.clone(), source };
        fs::remove_file(&path).map_err(failed)
    };
    for two in entry_files(dir)?.windows(2) {
        let &[first, next] = two else { continue };
        let path = entries_path(dir, first);
        let written = fs::metadata(&path).and_then(|meta| meta.modified());
        let old = written.is_ok_and(|at| now.duration_since(at).is_ok_and(|age| age >= keep_for));
        // Numbers jump at a start, so the last file before a start stays until something of that start is filled.
        if next > before || filled.saturating_add(1) < next || !old {
            break;
        }
        remove(path)?;
        removed += 1;
    }
    for &stale in checkpoints.iter().filter(|&&next| next < before) {
        remove(checkpoint_path(dir, stale))?;
    }
    Ok(removed)
}
