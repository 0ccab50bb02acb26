//! Asterisk, over its Manager Interface with async AGI.

pub mod ami;
mod devices;
mod driver;
mod legs;
mod orders;
mod plays;

pub use driver::{Asterisk, start};
pub use legs::{Contexts, Heard, Left, Leg, Legs};
