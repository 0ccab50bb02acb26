//! Cordboard.
pub mod calendar;
pub mod routing;
