//! The Asterisk driver without an Asterisk: recorded events through its table of legs, and a peer that misbehaves.

mod misbehaving;
mod transcripts;
