//! The phones of all who may take a call ring for it at the same time, and the first to answer has it.

/// So many and no more: each ring costs the switch a channel and everybody a look, and of thirty who hear it ring the next has
/// no better a chance to be the first. Those idle longest are rung where there are more.
pub const MOST_RINGS: usize = 30;

/// All are equal, and of equals who is idle longest is rung first.
pub const fn figure() -> u64 {
    0
}
