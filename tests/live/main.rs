//! Scenarios on the real parts: Asterisk, sipp as callers and phones, PostgreSQL, Chromium, and the real `cordboard`
//! process.
//!
//! They need what `./ops/test` installs and starts, so a plain `cargo test` leaves them out and says so; `./ops/test`
//! runs every one, and there a part that is missing is a failure.

mod agents_hour;
mod call_back;
mod centre;
mod database;
mod dead_man;
mod fallback;
mod kill;
mod outages;
mod parts;
mod phones;
mod several;
mod stations;
mod supervisors_hour;

// What somebody sees and presses, and what comes out of the printer.
#[allow(dead_code, reason = "it serves several programs, and each uses a part")]
#[path = "../pages/browser.rs"]
mod browser;
#[path = "../phones/mod.rs"]
mod handsets;
#[allow(dead_code, reason = "it serves several programs, and each uses a part")]
#[path = "../pages/paper.rs"]
mod paper;
