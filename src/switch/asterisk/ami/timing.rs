//! When a caller was heard of, and when the order that follows was on the wire: two lines for each call in the log
//! target `cordboard::timing`, off unless the logging filter asks for them. `ops/bench` puts them between what it sees
//! from the SIP side, so the stamps are of the kernel's monotonic clock, which is the same for every process.

use std::time::Duration;

use tokio::time::Instant;

/// Whether anybody wants to know.
pub fn is_on() -> bool {
    tracing::enabled!(target: "cordboard::timing", tracing::Level::TRACE)
}

/// The event that told of this caller was read from the connection then.
pub fn heard(from: &str, read_at: Instant) {
    let us = (monotonic().saturating_sub(read_at.elapsed())).as_micros() as u64;
    tracing::trace!(target: "cordboard::timing", from = ?from, us, "heard");
}

/// The order that was marked with this caller has been written to the connection, now.
pub fn written(from: &str) {
    tracing::trace!(target: "cordboard::timing", from = ?from, us = monotonic().as_micros() as u64, "written");
}

/// CLOCK_MONOTONIC, which `Instant` is made of and does not show.
fn monotonic() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: a valid clock and a place for its answer.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}
