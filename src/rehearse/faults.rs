//! Misfortunes: what a rehearsal with faults suffers, all of it from the seed. Late, doubled and lost words of the switch
//! are the rehearsal switch's own ([`Faults`]); here are lost links, dead switches, kills of the controller, phones that
//! hang, ring unanswered, are pulled out or are used for something else.

use std::time::Duration;

use super::plan::Plan;
use super::spread::{chance_of, exponential};
use super::world::{Stopped, World};
use crate::calendar::Moment;
use crate::dialplan::Key;
use crate::routing::Input;
use crate::routing::ids::{LegId, StationAddress};
use crate::switch::rehearsal::{Chance, Faults, Habit, PerMille, Phone, Span, World as Happening};

/// From one misfortune to the next, in the mean: some 1,400 a day.
const EVERY: Duration = Duration::from_secs(60);
/// How long a phone stays as it should not be.
const PHONE_FOR: Span = Span::ms(1_000, 300_000);
/// From a kill to the next start, and from a switch's death to its return.
const DEAD_FOR: Span = Span::ms(50, 8_000);
/// A link is lost for a moment, or for long.
const BLINK: Span = Span::ms(1, 100);
const OUTAGE: Span = Span::ms(100, 15_000);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Mend {
    Link,
    Start,
    Phone(StationAddress, Phone),
    Plug(StationAddress),
    OwnCall(StationAddress),
}

/// What is to come, and what is to be mended.
#[derive(Clone, Debug)]
pub struct Misfortunes {
    chance: Chance,
    strikes: Option<Moment>,
    ends: Moment,
    mends: Vec<(Moment, Mend)>,
    phones: Vec<(StationAddress, Phone)>,
}

impl Misfortunes {
    pub fn new(plan: &Plan) -> Self {
        let mut chance = chance_of(plan.seed, "misfortunes");
        let first = plan.begins() + exponential(&mut chance, EVERY);
        let phone = |after| Phone::with(Habit::Answers { after, talks: None });
        Self {
            chance,
            strikes: Some(first),
            ends: plan.ends(),
            mends: Vec::new(),
            phones: plan.seats.iter().map(|seat| (seat.station.clone(), phone(seat.picks_up))).collect(),
        }
    }

    /// What the switch does wrong by itself, all the time.
    pub fn faults(&self) -> Faults {
        // Late more seldom: in a busy hall the stream of events would never catch up.
        Faults { late: PerMille(3), ..Faults::HARSH }
    }

    pub fn next(&self) -> Option<Moment> {
        self.mends.iter().map(|(at, _)| *at).chain(self.strikes).min()
    }

    pub(super) fn strike(&mut self, world: &mut World<'_>) -> Result<(), Stopped> {
        let now = world.now;
        let mut due: Vec<Mend> = Vec::new();
        self.mends.retain(|(at, mend)| {
            if *at <= now {
                due.push(mend.clone());
            }
            *at > now
        });
        for mend in due {
            mended(world, mend)?;
        }
        if self.strikes.is_some_and(|at| at <= now) {
            let next = now + exponential(&mut self.chance, EVERY).max(Duration::from_millis(1));
            self.strikes = (next < self.ends).then_some(next);
            self.one(world)?;
        }
        Ok(())
    }

    fn later(&mut self, now: Moment, within: Span, mend: Mend) {
        let at = now + self.chance.within(within).max(Duration::from_millis(1));
        self.mends.push((at, mend));
    }

    fn one(&mut self, world: &mut World<'_>) -> Result<(), Stopped> {
        let now = world.now;
        match self.chance.below(20) {
            0..=3 => {
                let lasts = if self.chance.below(2) == 0 { BLINK } else { OUTAGE };
                self.later(now, lasts, Mend::Link);
                world.outside(Happening::LinkBreaks)
            }
            4 => {
                self.later(now, DEAD_FOR, Mend::Link);
                world.outside(Happening::SwitchRestarts)
            }
            5..=8 => {
                if world.core.is_some() {
                    self.later(now, DEAD_FOR, Mend::Start);
                    world.die();
                }
                Ok(())
            }
            9..=17 => self.phone(world),
            _ => self.nonsense(world),
        }
    }

    fn phone(&mut self, world: &mut World<'_>) -> Result<(), Stopped> {
        let now = world.now;
        let count = u64::try_from(self.phones.len()).unwrap_or(u64::MAX);
        let which = usize::try_from(self.chance.below(count)).unwrap_or(0);
        let Some((station, good)) = self.phones.get(which).cloned() else { return Ok(()) };
        let habit = match self.chance.below(8) {
            0..=1 => Habit::Rings,
            2 => Habit::Busy,
            3 => Habit::Rejects { after: good_after(&good) },
            4 => Habit::Unreachable,
            5 => {
                self.later(now, PHONE_FOR, Mend::Plug(station.clone()));
                return world.outside(Happening::PhoneUnplugged { station });
            }
            6 => {
                self.later(now, PHONE_FOR, Mend::OwnCall(station.clone()));
                return world.outside(Happening::PhoneDialsOut { station });
            }
            _ => match world.exchange.on_phone(&station) {
                Some(leg) => return world.outside(Happening::PhoneHangsUp { leg }),
                None => return Ok(()),
            },
        };
        self.later(now, PHONE_FOR, Mend::Phone(station.clone(), good));
        world.outside(Happening::PhoneSetTo { station, phone: Phone::with(habit) })
    }

    /// Late, doubled and of nobody; never a lie about a leg that lives.
    fn nonsense(&mut self, world: &mut World<'_>) -> Result<(), Stopped> {
        let leg = LegId::new("nobody");
        let switch = world.switch.clone();
        world.tell(match self.chance.below(6) {
            0 => Input::LegHungUp { leg },
            1 => Input::LegAnswered { leg },
            2 => Input::LegsJoined { a: leg.clone(), b: leg },
            3 => Input::LegParted { leg },
            4 => Input::LegLookedAt { switch, leg, seen: None },
            _ => Input::KeyPressed { leg, key: Key::Star },
        })
    }

    /// The end of all of it: everything works again.
    pub(super) fn clear(&mut self, world: &mut World<'_>) -> Result<(), Stopped> {
        self.strikes = None;
        world.exchange.set_faults(Faults::NONE);
        for (_, mend) in std::mem::take(&mut self.mends) {
            mended(world, mend)?;
        }
        if world.core.is_none() {
            world.start()?;
        }
        world.outside(Happening::LinkMends)
    }
}

fn good_after(phone: &Phone) -> Span {
    match phone.habit {
        Habit::Answers { after, .. } | Habit::Rejects { after } => after,
        Habit::Rings | Habit::Busy | Habit::Unreachable => Span::ZERO,
    }
}

fn mended(world: &mut World<'_>, mend: Mend) -> Result<(), Stopped> {
    match mend {
        // Nobody is there to take the link up; the start does it.
        Mend::Link if world.core.is_none() => Ok(()),
        Mend::Link => world.outside(Happening::LinkMends),
        Mend::Start if world.core.is_some() => Ok(()),
        Mend::Start => world.start(),
        Mend::Phone(station, phone) => world.outside(Happening::PhoneSetTo { station, phone }),
        Mend::Plug(station) => world.outside(Happening::PhonePluggedIn { station }),
        Mend::OwnCall(station) => world.outside(Happening::PhoneEndsOwnCall { station }),
    }
}
