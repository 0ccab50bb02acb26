//! The controller: takes an input, asks the core, carries out each effect. Owns the clock, the journal, recovery.

pub mod filler;
pub mod journal;
