//! Telephones for tests and benchmarks: a small SIP user agent over UDP (RFC 3261), callers and agents' phones alike.
//!
//! One [`Telephones`] is one socket with any number of stations and callers on it. Every call is a [`Call`] handle that
//! keeps what happened and when, on this process's clock, so that a benchmark has one clock for both ends. It
//! carries no sound: RTP is there for keys only (`rtp`), what comes in is counted and dropped. Loopback only: a
//! peer is where its packets come from, no DNS, no TCP, no authentication, no Route.

// Each of the programs that include this uses a part of it.
#![allow(dead_code, unused_imports)]

mod call;
mod message;
pub mod rtp;
mod sdp;
mod telephones;

pub use call::{Call, Happening, What};
pub use telephones::{Does, Telephones};
