//! The outside parts that a live test starts for itself, each stopped when its handle is dropped.
//!
//! A handle panics with one clear sentence when its part cannot be had: a test without its switch has failed.
//! Everything listens on loopback only, on the ports of a slot that no other test holds.

#![allow(dead_code)] // each scenario uses some of the parts

pub mod asterisk;
pub mod centre;
pub mod cordboard;
pub mod observer;
pub mod postgres;
pub mod sipp;
pub mod slot;

use std::{
    path::{Path, PathBuf},
    process::Child,
    time::{Duration, Instant},
};

/// A path inside the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Looks every 20 ms, for parts that tell nobody when they change: files that a program writes, its end.
pub fn until<T>(limit: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < limit, "no {what} within {limit:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Sends `signal` to a process that we started and have not yet waited for, so that its id cannot be a stranger's.
pub fn signal(pid: u32, signal: i32) {
    let pid = i32::try_from(pid).expect("a process id fits an i32");
    // SAFETY: kill(2) touches no memory of ours.
    unsafe { libc::kill(pid, signal) };
}

/// Ends a child at once and takes its status, so that nothing stays behind.
pub fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}
