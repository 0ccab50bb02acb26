//! Effects: what the core wants done on a switch, in the imperative.
//!
//! An effect is a plain value. It comes back as exactly one [`super::Input::EffectReturned`]. The words are what
//! both switches can do; how they do it is the drivers' business.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ids::*;
use super::tag::Tags;
use crate::calendar::Moment;
use crate::dialplan::Prompt;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    pub id: EffectId,
    pub switch: SwitchName,
    pub act: Act,
    /// The driver says `Unknown` for it when the switch has not answered by then. For [`Act::Play`] the time by
    /// which the prompt must have ended.
    pub deadline: Moment,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Act {
    /// Answer the caller, without waiting for media.
    Answer {
        leg: LegId,
    },
    /// Done when the last prompt has been heard to its end, or when [`Act::StopPlay`] cut it.
    Play {
        leg: LegId,
        prompts: Vec<Prompt>,
    },
    StopPlay {
        leg: LegId,
    },
    StartMusic {
        leg: LegId,
        class: String,
    },
    /// Let who has dialled hear that it rings at the other end. It ends as music does: with a joining.
    StartRingback {
        leg: LegId,
    },
    /// Ring a station, or a number outside. Done when the switch took the order; `LegRinging`, then `LegAnswered` or `LegFailed`
    /// follow under the leg's id, which we choose.
    Ring {
        leg: LegId,
        station: StationAddress,
        /// What the phone shows.
        from: PhoneNumber,
        name: CallerName,
        ring_for: Duration,
        /// The phone is asked to pick up by itself. Whether it does is the phone's.
        auto_answer: bool,
        tags: Tags,
    },
    /// Tell the phone of a leg that rings to pick up, as if by hand. Done when it has been told; `LegAnswered` follows
    /// where the phone does so.
    PickUp {
        leg: LegId,
    },
    /// Let a caller and an agent hear each other. Done when the switch took the order; `LegsJoined` follows.
    Connect {
        caller: LegId,
        agent: LegId,
    },
    /// Take two who hear each other apart again; both are in our hands then, and hear nothing. Done when the switch
    /// took the order, or when they were apart already; `LegParted` follows for each who was joined.
    Part {
        caller: LegId,
        agent: LegId,
    },
    HangUp {
        leg: LegId,
        cause: HangUpCause,
    },
    /// Write on the leg what is needed to pick the call up again.
    Tag {
        leg: LegId,
        tags: Tags,
    },
    /// Say whether this leg still lives (`LegLookedAt`).
    Look {
        leg: LegId,
    },
}

impl Act {
    /// Effects that can be neither undone nor found again on the switch wait until their input is on the disk.
    /// None of the present ones is of that kind: rings, bridges and hang-ups are all found by a snapshot. (A number
    /// outside is rung under a leg's id that was written when its dial began, a pick-up earlier.)
    pub const fn waits_for_disk(&self) -> bool {
        match self {
            Act::Answer { .. }
            | Act::Play { .. }
            | Act::StopPlay { .. }
            | Act::StartMusic { .. }
            | Act::StartRingback { .. }
            | Act::Ring { .. }
            | Act::PickUp { .. }
            | Act::Connect { .. }
            | Act::Part { .. }
            | Act::HangUp { .. }
            | Act::Tag { .. }
            | Act::Look { .. } => false,
        }
    }

    /// The leg it is about.
    pub const fn leg(&self) -> &LegId {
        match self {
            Act::Answer { leg }
            | Act::Play { leg, .. }
            | Act::StopPlay { leg }
            | Act::StartMusic { leg, .. }
            | Act::StartRingback { leg }
            | Act::Ring { leg, .. }
            | Act::PickUp { leg }
            | Act::HangUp { leg, .. }
            | Act::Tag { leg, .. }
            | Act::Look { leg } => leg,
            Act::Connect { caller, .. } | Act::Part { caller, .. } => caller,
        }
    }
}

/// What the other end is told of a hang-up (it matters while a leg is not answered: SIP 486, 403, 503, 404).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HangUpCause {
    /// Q.850 16.
    Normal,
    /// Q.850 17.
    Busy,
    /// Q.850 1: nobody has this number.
    NoSuchNumber,
    /// Q.850 34: no circuit; all lines taken.
    Congested,
    /// Q.850 26: the call was taken elsewhere, or the caller has gone; the phone shows no missed call.
    TakenElsewhere,
}
