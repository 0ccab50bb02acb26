//! The routing spec: sentences about the core, with no I/O. A failure prints the whole floor.

mod agents;
mod answering;
mod commands;
mod dialling;
mod dismissed;
mod easing;
mod emergency;
mod floor;
mod held_line;
mod holding;
mod keypad;
mod leaving;
mod lending;
mod offers;
mod outside;
mod passing_on;
mod preference;
mod promises;
mod recovery;
mod rings;
mod stations;
mod strategies;
mod transferring;
mod view;
mod waiting;
mod words;
