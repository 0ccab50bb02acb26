//! When a caller was heard of, and when the order that follows was on the wire: two lines for each call in the log
//! target `cordboard::timing`, off unless the logging filter asks for them. `ops/bench` puts them between what it sees
//! from the SIP side, so the stamps are of the kernel's monotonic clock, which is the same for every process. Both lines
//! are written when the order is on the wire, so that writing them is no part of what they say.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Whether anybody wants to know.
pub fn is_on() -> bool {
    tracing::enabled!(target: "cordboard::timing", tracing::Level::TRACE)
}

/// Callers heard of and not rung for; those who never are make room from the first on.
static HEARD: Mutex<BTreeMap<String, Instant>> = Mutex::new(BTreeMap::new());
const MOST_HEARD: usize = 1_000;

/// The event that told of this caller was read from the connection then.
pub fn heard(from: &str, read_at: Instant) {
    let mut heard = HEARD.lock().unwrap_or_else(PoisonError::into_inner);
    heard.insert(from.to_owned(), read_at);
    if heard.len() > MOST_HEARD {
        heard.pop_first();
    }
}

/// The order that was marked with this caller has been written to the connection, now.
pub fn written(from: &str) {
    let now = monotonic();
    let heard = HEARD.lock().unwrap_or_else(PoisonError::into_inner).remove(from);
    if let Some(read_at) = heard {
        let us = now.saturating_sub(read_at.elapsed()).as_micros() as u64;
        tracing::trace!(target: "cordboard::timing", from = ?from, us, "heard");
    }
    tracing::trace!(target: "cordboard::timing", from = ?from, us = now.as_micros() as u64, "written");
}

/// CLOCK_MONOTONIC, which `Instant` is made of and does not show.
fn monotonic() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: a valid clock and a place for its answer.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}
