//! Several phones ring for one call at the same time, and the first to answer has it. Who is rung: those idle longest of those
//! who may take the call. Whoever stopped ringing because another answered is idle from that moment, so that the next call
//! rings elsewhere where there are more agents than rings.

use std::ops::RangeInclusive;

/// How many may be written. One is what every other strategy does, and more than ten are as good as all.
pub const SEVERAL: RangeInclusive<u8> = 2..=10;

/// All are equal, and of equals who is idle longest is rung first.
pub const fn figure() -> u64 {
    0
}
