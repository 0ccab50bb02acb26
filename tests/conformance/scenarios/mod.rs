//! The scenarios, by what they are about. Each is generic over the world; `main.rs` lists them.

pub mod arrival;
pub mod dead_man;
pub mod dialling;
pub mod hearing;
pub mod outside;
pub mod passing;
pub mod phones;
pub mod races;
pub mod recovery;
pub mod ringing;
pub mod several;
pub mod talking;
pub mod transferring;
