//! The dialplan: what a caller hears, and where what they key leads them.
//!
//! Owns the YAML language of a centre (its reader, its checks) and the [`Walk`] that takes one call through it.
//! Pure: bytes and moments in, types and orders out. It never plays a sound, keeps a timer or routes a call;
//! whoever drives a walk does. What runs is always a whole [`Centre`] that was read without a single mistake.

mod action;
mod centre;
mod check;
mod disposition;
mod emergency;
mod figures;
mod keypad;
mod language;
pub mod load;
mod numbering;
mod prompt;
mod question;
pub mod read;
mod walk;

pub use action::{
    Action, Announcement, Ask, CallBack, Due, EndKey, HoursBranch, Key, Menu, OfferCallBack, QueueEntry, ToQueue,
    Transfer, When,
};
pub use centre::{Centre, Claim, Step};
pub use check::claimed_twice;
pub use disposition::{Disposition, DispositionName, Dispositions};
pub use emergency::{EmergencyMessage, Then};
pub use figures::{Figure, Figures};
pub use keypad::{AgentWish, KeypadAnswer, KeypadQuestion, TRIES};
pub use language::Language;
pub use load::{CentreFiles, LoadError, load_centre};
pub use prompt::{Piece, Prompt, Sound, Spoken, Text, all_prompts};
pub use question::{joining_tone, press_one, press_one_for_the_line};
pub use read::{Mistake, Mistakes, Place, Shown, read_centre};
pub use walk::{Do, Ending, Heard, MOST_ACTIONS_AT_ONCE, MOST_KEYS_AHEAD, Walk};
