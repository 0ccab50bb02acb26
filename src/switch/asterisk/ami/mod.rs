//! A client for Asterisk's manager interface: frames in, actions out, one connection at a time.
//!
//! Owns the bytes of AMI and nothing of what they mean for a call: the driver above decides that, and it is the
//! driver that connects again when a connection is lost. The truth about the protocol is a real Asterisk 22; its
//! transcripts are under `tests/switch/asterisk/transcripts/`.
//!
//! - [`codec`]: bytes to frames; no I/O.
//! - [`action`]: what is sent; nothing from outside can break out of a value.
//! - [`agi`]: the texts of async AGI inside AMI's headers.
//! - [`client`]: the handle, connecting and logging in.
//! - [`link`]: the task that owns one connection.
//! - [`questions`]: who waits for which answer.
//! - [`events`]: the bounded queue from that task to the driver.
//! - [`timing`]: stamps for the benchmark.
//! - [`tls`]: whom to trust.

pub mod action;
pub mod agi;
pub mod client;
pub mod codec;
pub mod events;
pub mod link;
pub mod questions;
pub mod timing;
pub mod tls;

pub use action::{Action, BadValue};
pub use agi::{AgiCommand, AgiEnv, AgiResult};
pub use client::{
    Ami, AmiAddress, AmiError, Counts, Generation, List, ListReply, Login, Reply, connect, open, open_writing,
};
pub use codec::{Decoder, Frame, Garbled};
pub use events::{Event, Events, Received, Resync};
pub use link::Writes;
pub use tls::{Tls, Trust};
