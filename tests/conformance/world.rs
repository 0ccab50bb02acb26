//! What a scenario needs around a switch: people who call, phones that ring, a link that can be cut.

use std::time::Duration;

use cordboard::calendar::Moment;
use cordboard::dialplan::Key;
use cordboard::routing::ids::{LegId, StationAddress};
use cordboard::switch::Sound;

use crate::controller::Controller;

/// The number that all callers of the scenarios dial.
pub const CALLED: &str = "4001";

/// The first telephone outside: phones of this number and above are no stations, and are reached by the trunk.
pub const OUTSIDE: u16 = 1_000;

/// The first of a few phones that come and go: they are there once they are plugged in.
pub const ROAMING: u16 = 500;

/// What a phone does when it is rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhoneDoes {
    /// Until `pick_up`, or until the switch tells it to pick up.
    Ring,
    /// Until `pick_up`, whatever it is told.
    RingOn,
    PickUpAfter(Duration),
    SayBusy,
    RejectAfter(Duration),
}

/// What a leg should hear; a world that cannot know says nothing against it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    Silence,
    Music,
    Prompt,
    Leg(LegId),
}

/// A switch that runs, with a controller linked to it whose first snapshot has been taken, and people outside.
/// Waits end with a panic that says what was waited for; no wait is longer than [`Self::PATIENCE`].
pub trait World {
    /// One caller's telephone.
    type Caller;

    /// Longer than anything takes on this switch that is not asked to take long.
    const PATIENCE: Duration;

    /// What is in our hands, or rings for us, is gone when we have been dead for so long.
    const DEAD_MAN: Duration;

    fn controller(&mut self) -> &mut Controller;
    fn now(&self) -> Moment;

    /// `name` may be any bytes but the line ends of the wire that carries it.
    async fn dial(&mut self, from: &str, name: &[u8]) -> Self::Caller;
    async fn press(&mut self, caller: &Self::Caller, key: Key);
    async fn hang_up(&mut self, caller: &Self::Caller);
    /// Waits until the caller's telephone says that it is answered.
    async fn answered(&mut self, caller: &Self::Caller);
    /// Waits until the caller's telephone says that the call has ended.
    async fn ended(&mut self, caller: &Self::Caller);
    /// Whether the caller's telephone believes that the call lives.
    async fn alive(&mut self, caller: &Self::Caller) -> bool;

    /// The address of the phone of this number; there are at least sixty, from 1.
    fn station(&self, phone: u16) -> StationAddress;
    /// An address that leads to no phone.
    fn nowhere(&self) -> StationAddress;
    async fn phone_does(&mut self, phone: u16, does: PhoneDoes);
    /// Waits until the phone rings, and picks it up. `false`: it had stopped ringing.
    async fn pick_up(&mut self, phone: u16) -> bool;
    /// A key at a phone that has been picked up.
    async fn press_at(&mut self, phone: u16, key: Key);
    /// Ends what is on the phone, ringing or talking.
    async fn put_down(&mut self, phone: u16);
    /// Whether the phone rings or talks.
    async fn in_use(&mut self, phone: u16) -> bool;

    /// The phone, which nobody rings, calls somebody by itself; then ends that.
    async fn calls_privately(&mut self, phone: u16);
    /// The phone calls a number of ours.
    async fn calls_us(&mut self, phone: u16, number: &str) -> Self::Caller;
    async fn ends_private_call(&mut self, phone: u16);
    /// A phone from [`ROAMING`] on makes itself known to the switch, or takes its leave.
    async fn plug_in(&mut self, phone: u16);
    async fn unplug(&mut self, phone: u16);

    /// A sound shorter than a second, one of about ten seconds, and one that is not there.
    fn short_sound(&self) -> Sound;
    fn long_sound(&self) -> Sound;
    fn no_sound(&self) -> Sound;

    async fn hears(&mut self, leg: &LegId, what: Heard);
    /// Waits until this phone is told by sound that it rings at the other end.
    async fn is_rung_back(&mut self, phone: u16);
    /// Waits until what is said at the one telephone comes out of the other, both ways; a world without sound says
    /// nothing against it.
    async fn is_heard(&mut self, one: u16, other: u16);

    /// Waits until this caller is told by sound that it rings at the other end.
    async fn hears_ringing(&mut self, caller: &Self::Caller, leg: &LegId);
    /// Waits until no sound comes to this caller.
    async fn hears_nothing(&mut self, caller: &Self::Caller, leg: &LegId);
    /// As [`Self::is_heard`], between a caller and a phone.
    async fn speak_with_each_other(&mut self, caller: &Self::Caller, phone: u16);

    /// Cuts the link; the driver stays, and finds out.
    async fn cut_link(&mut self);
    /// Lets the link come back.
    async fn mend_link(&mut self);
    /// Ends the driver as a dying controller would, and links a new one with the next epoch. Returns when its
    /// link is up, before its snapshot.
    async fn new_controller(&mut self);
}
