//! Cordboard.
pub mod calendar;
pub mod dialplan;
pub mod routing;
pub mod switch;
