//! Cases: what is to be settled, who owns it, until when, and who hears of it when that does not happen.
//!
//! Pure: a case, a moment and the centre's rules in, the case and its history's next entries out. Kept by
//! `store/cases.rs`; woken by `controller/escalator.rs`.

mod case;
mod clock;
mod escalation;
mod kind;
mod state;
mod story;

pub use case::{Case, CaseNumber, Changed, LONGEST_WAIT, Opening, Owner, Target};
pub use clock::Clock;
pub use kind::{CaseType, CaseTypeName, Rules};
pub use state::{Refusal, Settlement, State, Wait, WaitsFor};
pub use story::{Event, Gone, WentOn, What};
