//! Cordboard.
pub mod calendar;
pub mod config;
pub mod controller;
pub mod dialplan;
pub mod routing;
pub mod speech;
pub mod store;
pub mod switch;
pub mod web;
