//! Cases: what is to be settled, who owns it, until when, and who hears of it when that does not happen.

mod kind;

pub use kind::{CaseType, CaseTypeName, Rules};
