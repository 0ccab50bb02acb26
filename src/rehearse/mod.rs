//! Rehearsals: the real core through days that a scenario describes or a log has seen, on a clock that does not wait, and
//! the trade's figures of them.
//!
//! `scenario` and `log` say who calls and who works, `plan` is what comes of either, `world` runs it, `figures` and `beside`
//! say what it came to, `what_if` changes it, `faults` and `laws` try its patience, `records` keep it. All that chance
//! decides comes from one seed; nothing here reads a clock. It makes no decision of its own: what it measures is the
//! core's.

pub mod arrivals;
pub mod beside;
pub mod erlang;
pub mod faults;
pub mod figures;
mod groups;
pub mod laws;
pub mod log;
mod log_lines;
mod patience;
mod people;
pub mod plan;
mod reading;
pub mod records;
pub mod rota;
pub mod scenario;
pub mod sheet;
pub mod spread;
pub mod staffing;
mod stays;
pub mod what_if;
pub mod world;

pub use faults::Misfortunes;
pub use figures::Measured;
pub use plan::Plan;
pub use records::Recorder;
pub use scenario::{Otherwise, Scenario, ScenarioError};
pub use sheet::Sheet;
pub use what_if::WhatIf;
pub use world::{Progress, Stopped, Watchers, rehearse};
