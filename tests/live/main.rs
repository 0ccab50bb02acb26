//! Scenarios on the real parts: Asterisk, sipp as callers and phones, PostgreSQL, and the real `cordboard` process.
//!
//! They need what `./ops/test` installs and starts, so a plain `cargo test` leaves them out and says so; `./ops/test`
//! runs every one, and there a part that is missing is a failure.

mod database;
mod fallback;
mod kill;
mod outages;
mod parts;
mod phones;
