//! Reading: YAML bytes to checked types, with every mistake at its place.
//!
//! First bytes become one tree of nodes (`syntax`, `node`, `traps`), then the tree is decoded by readers that
//! collect mistakes and go on (`fields`, `scalar`, and one file per section), and at last the whole is checked
//! ([`super::check`]). Nothing here stops at the first mistake, and nothing here knows of Rust's words.

pub(crate) mod fields;
pub(crate) mod mistake;
pub(crate) mod node;
pub(crate) mod scalar;
pub(crate) mod syntax;

mod call_backs;
mod cases;
mod centre;
mod departments;
mod dial_out;
mod dispositions;
mod emergency;
mod hours;
mod prompts;
mod queues;
pub(crate) mod reading;
pub(crate) mod steps;
mod strategies;
mod traps;
mod waiting;

pub use centre::{LAID_OVER, MOST_FILES, read_centre, read_centre_with};
pub use mistake::{MOST_MISTAKES, Mistake, Mistakes, Place, Shown};
pub use syntax::{MOST_BYTES, MOST_DEPTH, MOST_NODES};
