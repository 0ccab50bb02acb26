//! Who has been idle longest goes first: fair to everybody, and nothing to count.

/// All are equal, and of equals who is idle longest goes first.
pub const fn figure() -> u64 {
    0
}
