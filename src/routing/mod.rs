//! THE CORE: who gets which call. Pure: inputs in, effects and facts out; `now`, ids and published versions are
//! arguments, so that a seed replays a shift exactly.
//!
//! Never: a socket, a file, a clock, a thread, chance.

pub mod agent;
mod announcing;
mod answering;
pub mod call;
mod connecting;
mod core;
pub mod dial;
pub mod dial_out;
mod dialling;
pub mod effect;
pub mod emergency;
pub mod fact;
pub mod held;
pub mod held_line;
mod holding;
pub mod ids;
mod index;
mod input;
mod keeping;
mod keypad;
pub mod known;
mod leaving;
pub mod lending;
mod matching;
pub mod moves;
mod needs;
mod offering;
mod outside;
mod pace;
pub mod passing_on;
pub mod people;
pub mod preference;
pub mod promise;
mod promising;
pub mod queue;
pub mod reaching;
mod recovery;
mod rings;
pub mod strategy;
pub mod tag;
mod timer;
pub mod transferring;
pub mod view;
mod walking;
pub mod why;
mod words;

pub use self::core::{Core, Handled, Kept, ORDER_WITHIN};
pub use announcing::{Announcing, SHORTEST_MUSIC};
pub use effect::{Act, Effect, HangUpCause};
pub use fact::Fact;
pub use index::{LineKey, QueueIndex};
pub use input::{Abilities, Failure, Input, LegSeen, LegUp, Line, Refusal, Returned};
pub use keypad::{AtKeypad, KEYED_WITHIN, KEYPAD_WITHIN, Withheld};
pub use known::Known;
pub use leaving::DESERTED_FOR;
pub use moves::{AgentMoves, CallerMoves, Moves, PhoneMoves};
pub use outside::{ASKED_AGAIN_AFTER, Asking};
pub use passing_on::PassedTo;
pub use people::Refused;
pub use rings::Rings;
pub use strategy::Strategy;
pub use timer::Timer;
pub use why::{NotAWhy, Why};
