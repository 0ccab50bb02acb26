//! The wire: turns a switch's frames into the core's inputs, and the core's effects into frames.

pub mod asterisk;
