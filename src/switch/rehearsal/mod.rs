//! The rehearsal switch: a switch in memory, for tests, benchmarks and dry runs.
//!
//! Two layers. [`Exchange`] is the switch itself, pure: a simulation drives it with moments of its own making.
//! The driver runs the same exchange on tokio's time behind the port that every live driver has. It behaves as a
//! real switch does, races and faults included, but carries no sound: it knows only who would hear whom.

mod agenda;
mod carry;
mod driver;
mod exchange;
mod leg;
mod nature;
mod outside;
mod people;
mod traffic;
mod wire;

pub use driver::Rehearsal;
pub use exchange::{BEAT_LASTS, Exchange, FellBack, HANDS_LAST};
pub use leg::Hearing;
pub use nature::{Chance, Faults, Pace, PerMille, Span};
pub use outside::{Caller, Habit, Phone, World};
pub use traffic::Traffic;

#[cfg(test)]
#[path = "exchange_tests.rs"]
mod tests;

#[cfg(test)]
mod driver_tests;
