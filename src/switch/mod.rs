//! The switch port: what the controller asks of a switch and hears from it, whichever switch it is.
//!
//! A driver turns frames into the core's inputs and the core's effects into frames. It owns the wire, the order
//! of what is sent on it, and the healing of what its switch is known to get wrong. It decides nothing: who gets
//! a call, when a call has ended, what is said to a caller is the core's.
//!
//! What every driver promises, and the conformance scenarios hold it to:
//! - each order comes back as exactly one `EffectReturned`, at the latest at its deadline (`Unknown` then);
//! - `LegAnswered` or `LegFailed` follows a `Ring` that came back done. A leg has exactly one end: `LegFailed` alone
//!   where it was rung and never answered (withdrawn ones too), `LegHungUp` for every other;
//! - a `Play` comes back done when it was heard to its end or cut by `StopPlay`, done or refused when `Connect` cut
//!   it, refused as gone when the leg's end did. It ends the music: whoever wants it again orders it again, and so
//!   after every `LegParted`, which says that the leg hears nothing;
//! - `Answer`, `Play`, `StartMusic` and `StartRingback` for a leg that is joined never reach it later, when it is parted;
//! - `AbilitiesTold` comes before the first snapshot of a link. A switch that can tell a phone to pick up does so once for
//!   each `PickUp`, which is done when the phone has been told, and refused as `Cannot` where it never will be;
//! - what phones do is told of those whose switch says it, and before the snapshot of a link: a phone that talks or cannot
//!   be reached when it is told there is not rung for a caller who is found in it. Then each change, a private call's
//!   at once; our own calls on it may be left out;
//! - `Part` and `Connect` for the same two are carried out in the order given, also while the one before is under way;
//! - a `HangUp` right behind its `Ring` is done, and the phone does not ring on;
//! - after a lost link: one `LinkLost`; then, when it is back, one `SnapshotTaken` of all that lives, in which an
//!   event seen meanwhile has won over the list; nothing is told of legs in between;
//! - nothing from outside (names, numbers, digits) reaches the wire unescaped;
//! - the reader never blocks on us: what we do not take in time is dropped, and told as `LinkLost` + a snapshot.

pub mod asterisk;
pub mod rehearsal;

use std::path::PathBuf;

use tokio::sync::mpsc;

use crate::calendar::Moment;
use crate::routing::ids::{CentreName, EffectId, Epoch, LegId, SwitchName};
use crate::routing::{Act, Input};

/// What a driver is told, in order, over its bounded channel.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "all but two a second are of the large kind")]
pub enum Order {
    /// Carry this out; its result names `ticket`.
    Do { ticket: Ticket, act: SwitchAct, deadline: Moment },
    /// We live: the switch's dialplan lets new calls in and lets us keep those in hand. Sent every 500 ms by the
    /// controller's own loop, so that a loop that hangs falls silent too.
    Beat,
}

/// Whose effect it is: several centres share one link.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket {
    pub centre: CentreName,
    pub effect: EffectId,
}

/// An act with its prompts already turned into sounds that the switch can find.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "moved a few times in its life: a box would cost as much")]
pub enum SwitchAct {
    /// Everything but a prompt goes through as it is ([`Act::Play`] never occurs here).
    Act(Act),
    Play {
        leg: LegId,
        sounds: Vec<Sound>,
    },
}

impl SwitchAct {
    /// The leg it is about.
    pub fn leg(&self) -> &LegId {
        match self {
            SwitchAct::Act(act) => act.leg(),
            SwitchAct::Play { leg, .. } => leg,
        }
    }

    /// Whether a prompt that is being stopped must really have ended before this is sent: a stop that comes late
    /// would stop this instead. A hang-up or a joining waits for nothing.
    pub fn waits_for_the_stop(&self) -> bool {
        match self {
            SwitchAct::Play { .. } => true,
            SwitchAct::Act(act) => match act {
                Act::Answer { .. } | Act::Play { .. } | Act::StartMusic { .. } | Act::StartRingback { .. } => true,
                Act::StopPlay { .. }
                | Act::Ring { .. }
                | Act::PickUp { .. }
                | Act::Connect { .. }
                | Act::Part { .. }
                | Act::HangUp { .. }
                | Act::Tag { .. }
                | Act::Look { .. } => false,
            },
        }
    }
}

/// A sound as the switch names it, without the extension where it wants none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sound(pub PathBuf);

/// What a driver tells.
#[derive(Clone, Debug)]
pub struct Told {
    pub switch: SwitchName,
    /// Which centre's effect came back, for [`Input::EffectReturned`]; all else finds its centre by leg or by
    /// called number.
    pub ticket: Option<Ticket>,
    pub what: Event,
}

#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all are inputs")]
pub enum Event {
    /// The link is up and a snapshot will follow.
    LinkUp,
    /// An input for the core; only those that a switch can cause.
    Input(Input),
    /// Another controller with a later epoch has taken this switch over: stop acting at once.
    Superseded { by: Epoch },
}

/// How the controller holds a driver. Dropping it stops the driver, which leaves every call as it is.
#[derive(Debug)]
pub struct Link {
    pub switch: SwitchName,
    pub orders: mpsc::Sender<Order>,
}

/// Orders waiting for a driver that cannot keep up. At 10 orders a call, ten seconds of 100 calls a second.
pub const MOST_ORDERS: usize = 10_000;

/// Inputs waiting for the controller: as many, and twice that for a snapshot's aftermath.
pub const MOST_TOLD: usize = 20_000;
