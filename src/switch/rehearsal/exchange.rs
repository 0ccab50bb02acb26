//! The rehearsal switch itself: legs, phones, music and prompts in memory, with a real switch's delays and races.
//!
//! Pure: `now` is an argument and chance comes from a seed, so that a simulated shift of a hundred thousand calls
//! is the same each time. The truth of the floor is here and can be asked (`hears`, `legs`); the controller gets
//! only what `told` gives. Never: a clock, a thread, a socket. What people do is in `people`, what an order does in
//! `carry`, what passes over the link in `wire`.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use super::agenda::{Agenda, Slot};
use super::leg::{Hearing, Leg, State};
use super::nature::{Chance, Faults, Pace};
use super::outside::{Phone, Station, World};
use super::wire::{LinkState, Parcel, Pending};
use crate::calendar::Moment;
use crate::dialplan::Key;
use crate::routing::ids::{LegId, StationAddress, SwitchName};
use crate::routing::{Failure, Input, LegSeen};
use crate::switch::{Sound, SwitchAct, Told};

/// A call that nobody holds falls back when the last beat is older than this (the dialplan's dead man).
pub const BEAT_LASTS: Duration = Duration::from_secs(2);

/// A call in our hands falls back when the last beat is older than this.
pub const HANDS_LAST: Duration = Duration::from_secs(60);

/// Legs that ended lately, kept so that a Connect that just missed one can tell the two kinds of miss apart.
pub(super) const JUST_GONE: usize = 32;

/// How many calls the switch kept from us, or took back, because no beat came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct FellBack {
    pub on_arrival: u64,
    pub out_of_hand: u64,
}

/// A switch in memory. Its link is down until [`World::LinkMends`].
#[derive(Debug)]
pub struct Exchange {
    pub(super) switch: SwitchName,
    pub(super) chance: Chance,
    pub(super) pace: Pace,
    pub(super) faults: Faults,
    pub(super) agenda: Agenda<Due>,
    pub(super) legs: BTreeMap<LegId, Leg>,
    pub(super) stations: BTreeMap<StationAddress, Station>,
    /// What telephones outside do, whatever their number.
    pub(super) outside: Option<Phone>,
    pub(super) just_gone: VecDeque<(Moment, LegId)>,
    pub(super) legs_made: u64,
    pub(super) sounds: HashMap<Sound, Option<Duration>>,
    // The link.
    pub(super) link: LinkState,
    /// Parcels of an earlier link are lost.
    pub(super) link_number: u64,
    pub(super) pending: BTreeMap<u64, Pending>,
    pub(super) orders_taken: u64,
    pub(super) orders_clear_at: Moment,
    pub(super) events_clear_at: Moment,
    pub(super) outbox: VecDeque<Told>,
    /// The present loss of the link came of nobody taking what was told.
    pub(super) shed: bool,
    // The dead man.
    pub(super) dead_man: bool,
    pub(super) last_beat: Option<Moment>,
    pub(super) fell_back: FellBack,
}

#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "moved a few times in its life: a box would cost as much")]
pub(super) enum Due {
    /// An order reaches the switch.
    Carry {
        order: u64,
        link: u64,
        act: SwitchAct,
    },
    Deadline {
        order: u64,
    },
    /// Something told reaches us.
    Arrive {
        link: u64,
        parcel: Parcel,
    },
    /// The list of all that lives is complete.
    Listed {
        link: u64,
    },
    PhoneHasIt {
        leg: LegId,
    },
    PhoneDoes {
        leg: LegId,
        deed: Deed,
    },
    RingingEnds {
        leg: LegId,
    },
    PlayEnds {
        leg: LegId,
    },
    JoinEnds {
        caller: LegId,
        agent: LegId,
    },
    Parted {
        leg: LegId,
    },
    /// The party has said all it had to say.
    TalkEnds {
        leg: LegId,
    },
    /// A dialled conversation has outlived its limit, which the core would have ended if it lived.
    LongestOver {
        leg: LegId,
    },
    /// The caller's patience is at its end, if they have not talked since it began.
    CallerTires {
        leg: LegId,
    },
    PartyPresses {
        leg: LegId,
        key: Key,
    },
    HangUpHealed {
        leg: LegId,
        cause: Gone,
    },
    HandsEmpty,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    PicksUp,
    Rejects,
    HangsUp,
}

/// Why a leg ends: only a leg that was rung and never answered says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gone {
    HungUp,
    Failed(Failure),
}

impl Exchange {
    /// Everything that chance decides here follows from `seed`. Real delays, no faults, no dead man.
    pub fn new(switch: SwitchName, seed: u64) -> Self {
        Self {
            switch,
            chance: Chance::new(seed),
            pace: Pace::default(),
            faults: Faults::NONE,
            agenda: Agenda::new(),
            legs: BTreeMap::new(),
            stations: BTreeMap::new(),
            outside: None,
            just_gone: VecDeque::with_capacity(JUST_GONE),
            legs_made: 0,
            sounds: HashMap::new(),
            link: LinkState::Lost,
            link_number: 0,
            pending: BTreeMap::new(),
            orders_taken: 0,
            orders_clear_at: Moment::default(),
            events_clear_at: Moment::default(),
            outbox: VecDeque::new(),
            shed: false,
            dead_man: false,
            last_beat: None,
            fell_back: FellBack::default(),
        }
    }

    /// From now on.
    pub fn set_faults(&mut self, faults: Faults) {
        self.faults = faults;
    }

    /// From now on calls fall back when no beat comes. Off at first: a simulation need not beat.
    pub fn watch_beats(&mut self) {
        self.dead_man = true;
    }

    /// How long a sound lasts; `None`: it is not where the switch can play it. A sound never mentioned is there,
    /// and lasts as long as its name is long.
    pub fn set_sound(&mut self, sound: Sound, lasts: Option<Duration>) {
        self.sounds.insert(sound, lasts);
    }

    /// When [`Self::advance`] has something to do, at the latest.
    pub fn next_wakeup(&self) -> Option<Moment> {
        self.agenda.first()
    }

    /// Lets everything happen that is due by `now`.
    pub fn advance(&mut self, now: Moment) {
        while let Some((when, due)) = self.agenda.take_due(now) {
            self.come(when, due);
            self.shed();
        }
    }

    /// Something happens outside. The leg it was about, where there is one (for a caller who dials: the new one).
    pub fn happen(&mut self, now: Moment, world: World) -> Option<LegId> {
        self.advance(now);
        match world {
            World::CallerDials(caller) => Some(self.caller_dials(now, caller)),
            World::Presses { leg, key } => self.pressed(now, leg, key),
            World::CallerHangsUp { leg } => {
                self.legs.get(&leg).filter(|l| l.inbound() && !l.dying)?;
                self.party_hangs_up(now, &leg, Gone::HungUp);
                Some(leg)
            }
            World::PhonePicksUp { leg } => self.phone_does(now, leg, Deed::PicksUp),
            World::PhoneRejects { leg } => self.phone_does(now, leg, Deed::Rejects),
            World::PhoneHangsUp { leg } => self.phone_does(now, leg, Deed::HangsUp),
            World::PhoneSaysBusy { leg } => {
                self.rung(&leg)?;
                self.end(now, &leg, Gone::Failed(Failure::Busy));
                Some(leg)
            }
            World::PhoneSetTo { station, phone } => {
                self.stations.entry(station.clone()).or_insert_with(|| Station::new(phone)).phone = phone;
                self.tell_line(now, &station);
                None
            }
            World::OutsideSetTo { phone } => {
                self.outside = phone;
                None
            }
            World::PhoneDialsOut { station } => self.change(now, &station, |s| s.own_call = true),
            World::PhoneEndsOwnCall { station } => self.change(now, &station, |s| s.own_call = false),
            World::PhoneUnplugged { station } => self.change(now, &station, |s| s.plugged = false),
            World::PhonePluggedIn { station } => self.change(now, &station, |s| s.plugged = true),
            World::LinkBreaks => {
                self.link_breaks();
                None
            }
            World::LinkMends => {
                self.link_mends(now);
                None
            }
            World::SwitchRestarts => {
                self.switch_restarts();
                None
            }
        }
    }

    // The truth, for tests.

    /// What the party of this leg hears now. `None`: there is no such leg (or only its ghost).
    pub fn hears(&self, leg: &LegId) -> Option<Hearing> {
        let leg = self.legs.get(leg).filter(|l| !l.dying)?;
        Some(match &leg.state {
            State::Ringing { .. } | State::Joining(_) => Hearing::Silence,
            State::Fallback => Hearing::Fallback,
            State::InHand if !leg.playing.is_empty() => Hearing::Prompt,
            State::InHand if leg.music => Hearing::Music,
            State::InHand => Hearing::Silence,
            State::Joined(other) => match self.legs.get(other) {
                Some(there) if !there.dying => Hearing::Leg(other.clone()),
                Some(_) | None => Hearing::Silence,
            },
        })
    }

    /// All legs that live, as a perfect snapshot would give them, by id.
    pub fn legs(&self) -> impl Iterator<Item = LegSeen> + '_ {
        self.legs.iter().filter(|(_, leg)| !leg.dying).map(|(id, leg)| leg.seen(id))
    }

    pub fn leg(&self, leg: &LegId) -> Option<LegSeen> {
        self.legs.get(leg).filter(|l| !l.dying).map(|l| l.seen(leg))
    }

    /// The leg that rings or talks on this phone; the first, where it has several.
    pub fn on_phone(&self, station: &StationAddress) -> Option<LegId> {
        self.stations.get(station)?.legs.first().cloned()
    }

    /// How long ago a leg began.
    pub fn age(&self, now: Moment, leg: &LegId) -> Option<Duration> {
        self.legs.get(leg).map(|l| now.since(l.began))
    }

    pub fn fell_back(&self) -> FellBack {
        self.fell_back
    }

    pub fn link_is_up(&self) -> bool {
        self.link == LinkState::Up
    }

    fn come(&mut self, now: Moment, due: Due) {
        match due {
            Due::Carry { order, link, act } => {
                // Written before the link broke: it came through or it did not, and nobody will say which.
                if link == self.link_number || self.chance.below(2) == 0 {
                    self.carry(now, order, act);
                }
            }
            Due::Deadline { order } => self.deadline(order),
            Due::Arrive { link, parcel } => self.arrive(link, parcel),
            Due::Listed { link } => self.listed(link),
            Due::PhoneHasIt { leg } => self.phone_has_it(now, leg),
            Due::PhoneDoes { leg, deed } => {
                self.phone_does(now, leg, deed);
            }
            Due::RingingEnds { leg } => {
                if matches!(self.legs.get(&leg).map(|l| &l.state), Some(State::Ringing { .. })) {
                    self.end(now, &leg, Gone::Failed(Failure::NoAnswer));
                }
            }
            Due::PlayEnds { leg } => self.play_ended(now, &leg),
            Due::JoinEnds { caller, agent } => self.join_ended(now, caller, agent),
            Due::Parted { leg } => {
                // Joined anew meanwhile: that is told by itself.
                if matches!(self.legs.get(&leg).map(|l| &l.state), Some(State::InHand)) {
                    self.tell(now, Input::LegParted { leg });
                }
            }
            Due::LongestOver { leg } => self.end(now, &leg, Gone::HungUp),
            Due::TalkEnds { leg } | Due::CallerTires { leg } => {
                if self.legs.get(&leg).is_some_and(|l| !l.dying) {
                    self.party_hangs_up(now, &leg, Gone::HungUp);
                }
            }
            Due::PartyPresses { leg, key } => {
                self.pressed(now, leg, key);
            }
            Due::HangUpHealed { leg, cause } => self.end(now, &leg, cause),
            Due::HandsEmpty => match self.hands_last_until(now) {
                Some(later) => {
                    self.agenda.write(later, Due::HandsEmpty);
                }
                None => self.hands_empty(now),
            },
        }
    }

    pub(super) fn keep(&mut self, leg: &LegId, slot: Slot) {
        match self.legs.get_mut(leg) {
            Some(leg) => leg.timers.push(slot),
            None => self.agenda.strike(slot),
        }
    }

    /// The phone as the switch knows it, or nothing. A way out (`technology/number@trunk`) leads to a telephone outside.
    pub fn phone(&self, station: &StationAddress) -> Option<Phone> {
        let outside = || self.outside.filter(|_| station.as_str().contains('@'));
        self.stations.get(station).map(|s| s.phone).or_else(outside)
    }
}
