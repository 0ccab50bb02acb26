//! Cordboard.
pub mod calendar;
pub mod routing;
pub mod switch;
