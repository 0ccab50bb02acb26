//! Events: facts, as programs outside are told them. How one is shown, the latest of them in memory for readers who
//! come back, and `hooks`: those that are sent to addresses elsewhere.
//!
//! Decides nothing and holds nobody up: who cannot keep up is told what was missed, or is served later from SQL.

pub mod hooks;
mod recent;
mod shown;

pub use recent::{Latest, Recent, Told};
pub use shown::{Event, kinds};
