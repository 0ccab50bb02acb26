//! The three parts of a caller's way to a phone: switch to us, our decision, us to phone.
//!
//! The program under test writes two lines for each call into its log, `heard` when the switch told it of the caller and
//! `written` when its order to ring was on the wire, each with the caller's number and the kernel's monotonic clock,
//! which is this process's clock too.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Ties `Instant` to the kernel's monotonic clock in microseconds.
pub struct Tie {
    instant: Instant,
    us: u64,
}

impl Tie {
    pub fn now() -> Tie {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: a valid clock and a place for its answer.
        unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
        Tie { instant: Instant::now(), us: time.tv_sec as u64 * 1_000_000 + time.tv_nsec as u64 / 1_000 }
    }

    fn us_of(&self, at: Instant) -> u64 {
        self.us + u64::try_from(at.saturating_duration_since(self.instant).as_micros()).unwrap_or(u64::MAX)
    }
}

#[derive(Default)]
pub struct Parts {
    pub switch_to_us: Vec<Duration>,
    pub our_decision: Vec<Duration>,
    pub us_to_phone: Vec<Duration>,
}

/// Of every call that has both lines and both ends.
pub fn parts(log: &str, tie: &Tie, stamps: &BTreeMap<String, (Instant, Instant)>) -> Parts {
    let (mut heard, mut written) = (BTreeMap::new(), BTreeMap::new());
    for line in log.lines().filter(|line| line.contains("cordboard::timing")) {
        let field = |name: &str| line.split(name).nth(1).and_then(|rest| rest.split(['"', ' ']).next());
        let (Some(from), Some(us)) = (field("from=\""), field("us=").and_then(|us| us.parse::<u64>().ok())) else {
            continue;
        };
        let into = if line.contains(": heard") { &mut heard } else { &mut written };
        into.entry(from.to_owned()).or_insert(us);
    }
    let mut parts = Parts::default();
    for (from, (sent, rang)) in stamps {
        let (Some(heard), Some(written)) = (heard.get(from), written.get(from)) else { continue };
        let between = |a: u64, b: u64| Duration::from_micros(b.saturating_sub(a));
        parts.switch_to_us.push(between(tie.us_of(*sent), *heard));
        parts.our_decision.push(between(*heard, *written));
        parts.us_to_phone.push(between(*written, tie.us_of(*rang)));
    }
    parts
}
