//! `emergency`: what callers hear before anything else while it is switched on: a flood, a power cut, a line that is down.
//! The YAML has the words ready; whether one is on is the core's to know.

use std::collections::BTreeSet;

use super::centre::dialled;
use super::prompt::Spoken;
use crate::routing::ids::{MessageName, PhoneNumber, StepName};

/// A message that is ready to be switched on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmergencyMessage {
    pub name: MessageName,
    /// `say` or `play`: the same for every caller, and heard to its end.
    pub says: Spoken,
    /// `then`: what becomes of a new caller who has heard it. Who waits already hears it and goes on waiting.
    pub then: Then,
    /// `numbers`: only callers of these; all, where none is given.
    pub numbers: BTreeSet<PhoneNumber>,
}

/// What becomes of a new caller after the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Then {
    /// `carry_on`: on with the step that the number begins with.
    CarryOn,
    /// `hang_up`.
    HangUp,
    /// `go: step`.
    Go(StepName),
}

impl EmergencyMessage {
    /// Whether callers of this number hear it.
    pub fn is_for(&self, called: &PhoneNumber) -> bool {
        self.numbers.is_empty() || self.numbers.contains(&dialled(called.as_str()))
    }
}
