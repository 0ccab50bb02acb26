//! The AMI client against recorded transcripts, against nonsense, and against a scripted peer.

mod connection;
mod decoding;
mod live;
mod peer;
mod transcript;
