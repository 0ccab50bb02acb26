//! The outside world of a rehearsal switch: callers, agents' phones, and the things that befall a switch.

use std::time::Duration;

use super::nature::Span;
use crate::dialplan::Key;
use crate::routing::Line;
use crate::routing::ids::{CallerName, LegId, PhoneNumber, StationAddress};

/// What happens outside. Where it names a leg or a station that is not there, or not in a state for it (a
/// phone that is not ringing picks up), nothing happens: calls race here too.
#[derive(Clone, Debug, PartialEq)]
pub enum World {
    CallerDials(Caller),
    /// Also for the phone of an agent.
    Presses {
        leg: LegId,
        key: Key,
    },
    CallerHangsUp {
        leg: LegId,
    },
    /// A new phone, or a new habit of one that is there; it holds from the next ring.
    PhoneSetTo {
        station: StationAddress,
        phone: Phone,
    },
    /// What every telephone behind a trunk does that is no station of ours. `None`: there is no way out.
    OutsideSetTo {
        phone: Option<Phone>,
    },
    PhonePicksUp {
        leg: LegId,
    },
    PhoneRejects {
        leg: LegId,
    },
    PhoneSaysBusy {
        leg: LegId,
    },
    PhoneHangsUp {
        leg: LegId,
    },
    /// The agent makes a call of their own.
    PhoneDialsOut {
        station: StationAddress,
    },
    PhoneEndsOwnCall {
        station: StationAddress,
    },
    PhoneUnplugged {
        station: StationAddress,
    },
    PhonePluggedIn {
        station: StationAddress,
    },
    /// Between us and the switch. Calls go on.
    LinkBreaks,
    LinkMends,
    /// All legs are gone and nobody is told; the link is down until it mends.
    SwitchRestarts,
}

/// One caller, and what they do by themselves.
#[derive(Clone, Debug, PartialEq)]
pub struct Caller {
    pub from: PhoneNumber,
    pub name: CallerName,
    pub to: PhoneNumber,
    /// The phone of the switch that it is; none: from outside.
    pub station: Option<StationAddress>,
    /// Hangs up when it has not come to talk with anybody for this long.
    pub patience: Option<Duration>,
    /// Hangs up when it has talked for this long.
    pub talks: Option<Duration>,
    /// Keys pressed, each so long after dialling.
    pub keys: Vec<(Duration, Key)>,
}

impl Caller {
    /// Who does nothing until told.
    pub fn new(from: &str, to: &str) -> Self {
        Self {
            from: PhoneNumber::cleaned(from),
            name: CallerName::cleaned(""),
            to: PhoneNumber::cleaned(to),
            station: None,
            patience: None,
            talks: None,
            keys: Vec::new(),
        }
    }
}

/// What a phone does by itself when it is rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phone {
    pub habit: Habit,
    /// Calls it takes at once; one more is told busy. PJSIP itself lets a second call through to the phone.
    pub lines: u8,
    /// Whether it picks up when the switch tells it to.
    pub answers_when_told: bool,
    /// Who has picked it up, and hears a prompt at it, presses this key so long after.
    pub presses: Option<(Span, Key)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    /// Rings until [`World`] says what is done.
    Rings,
    /// Picks up so long after it began to ring; hangs up so long after it came to talk, else never.
    Answers {
        after: Span,
        talks: Option<Span>,
    },
    Rejects {
        after: Span,
    },
    Busy,
    /// Not registered: the switch knows it and cannot reach it.
    Unreachable,
}

impl Phone {
    pub const fn with(habit: Habit) -> Self {
        Self { habit, lines: 1, answers_when_told: true, presses: None }
    }
}

/// A phone as the switch has it.
#[derive(Clone, Debug)]
pub(super) struct Station {
    pub phone: Phone,
    pub plugged: bool,
    pub own_call: bool,
    /// Ours on it. As many as its lines, and those that it is about to refuse.
    pub legs: Vec<LegId>,
    /// What was last said of it over the present link.
    pub told: Option<Line>,
}

impl Station {
    pub const fn new(phone: Phone) -> Self {
        Self { phone, plugged: true, own_call: false, legs: Vec::new(), told: None }
    }

    pub fn line(&self) -> Line {
        match self.phone.habit {
            Habit::Unreachable => Line::Unreachable,
            Habit::Rings | Habit::Answers { .. } | Habit::Rejects { .. } | Habit::Busy => {
                if !self.plugged {
                    Line::Unreachable
                } else if self.own_call || !self.legs.is_empty() {
                    Line::InUse
                } else {
                    Line::Free
                }
            }
        }
    }
}
