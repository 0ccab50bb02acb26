//! How a rehearsal switch behaves: how long things take, what goes wrong, and the chance that decides which.
//!
//! Owns figures only. The delays are those measured on real switches on loopback; a simulation may set any of
//! them to nothing. Never reads a clock or the system's own randomness: the same seed gives the same day.

use std::time::Duration;

/// A duration drawn evenly from `least` to `most`, both included, in whole milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub least: Duration,
    pub most: Duration,
}

impl Span {
    pub const ZERO: Span = Span { least: Duration::ZERO, most: Duration::ZERO };

    pub const fn exactly(time: Duration) -> Self {
        Self { least: time, most: time }
    }

    pub const fn ms(least: u64, most: u64) -> Self {
        Self { least: Duration::from_millis(least), most: Duration::from_millis(most) }
    }
}

/// How often a fault strikes, out of a thousand occasions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct PerMille(pub u16);

/// A small source of chance, wholly decided by its seed (the `SplitMix64` sequence).
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub const fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 up to, not including, `limit`; 0 for a limit of 0.
    pub const fn below(&mut self, limit: u64) -> u64 {
        let drawn = self.draw();
        if limit == 0 { 0 } else { drawn % limit }
    }

    pub fn within(&mut self, span: Span) -> Duration {
        let least = u64::try_from(span.least.as_millis()).unwrap_or(u64::MAX);
        let most = u64::try_from(span.most.as_millis()).unwrap_or(u64::MAX);
        if most <= least {
            return span.least;
        }
        Duration::from_millis(least.saturating_add(self.below((most - least).saturating_add(1))))
    }

    /// Draws nothing where the rarity is 0, so that a switch without faults is the same day with or without
    /// the question.
    pub fn strikes(&mut self, rarity: PerMille) -> bool {
        rarity.0 > 0 && self.below(1000) < u64::from(rarity.0)
    }
}

/// How long the switch takes for what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    /// From our writing an order to the switch's carrying it out.
    pub order: Span,
    /// From something happening on the switch to our being told.
    pub event: Span,
    /// From a Ring to the phone's having it.
    pub invite: Span,
    /// From a Connect to both sides hearing each other: the window in which a hang-up races with it.
    pub join: Span,
    /// From the end of a join to the survivor's being in our hands again.
    pub part: Span,
    /// How long the list of all that lives takes after a lost link.
    pub list: Span,
    /// How long a prompt lasts for each character of its sound's name, where no length was given.
    pub sound_character: Duration,
}

impl Default for Pace {
    /// Asterisk 22 on loopback; `sound_character` is a calm voice.
    fn default() -> Self {
        Self {
            order: Span::ms(1, 1),
            event: Span::ms(1, 3),
            invite: Span::ms(1, 2),
            join: Span::ms(1, 3),
            part: Span::ms(2, 5),
            list: Span::ms(5, 20),
            sound_character: Duration::from_millis(60),
        }
    }
}

/// What goes wrong by chance. What goes wrong at a chosen time (a link, a restart) is said by
/// [`World`](super::World).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults {
    /// The whole stream of events stands still for `late_by`, then comes in order.
    pub late: PerMille,
    pub late_by: Span,
    /// An event is told twice. Beyond what a driver may do: it tries the core's patience.
    pub doubled: PerMille,
    /// The switch carries an order out and its answer is lost: `Unknown` comes at the deadline.
    pub result_lost: PerMille,
    /// A hang-up is lost inside the switch and healed `hang_up_late_by` after: until then the leg is listed as
    /// alive and the other side sits in dead air. Strikes on any hang-up.
    pub hang_up_late: PerMille,
    /// The same, where the hang-up falls into the window of a Connect (Asterisk 22: 18 of 110 there).
    pub hang_up_lost_in_connect: PerMille,
    pub hang_up_late_by: Span,
    /// A Connect refused because one side has just gone has already taken the other out of our hands: it is
    /// parted, and its music has stopped. Else it goes on hearing what it heard.
    pub refused_connect_unsettles: PerMille,
    /// A leg that lives is missing from the list after a lost link (FreeSWITCH's lags by 0.1 to 0.4 s); a Look
    /// finds it.
    pub snapshot_misses: PerMille,
}

impl Faults {
    pub const NONE: Faults = Faults {
        late: PerMille(0),
        late_by: Span::ZERO,
        doubled: PerMille(0),
        result_lost: PerMille(0),
        hang_up_late: PerMille(0),
        hang_up_lost_in_connect: PerMille(0),
        hang_up_late_by: Span::ZERO,
        refused_connect_unsettles: PerMille(0),
        snapshot_misses: PerMille(0),
    };

    /// What a real Asterisk was seen to do, and no driver can hide wholly.
    pub const REAL: Faults = Faults {
        late: PerMille(2),
        late_by: Span::ms(5, 40),
        hang_up_lost_in_connect: PerMille(160),
        hang_up_late_by: Span::ms(100, 112),
        refused_connect_unsettles: PerMille(500),
        ..Faults::NONE
    };

    /// Everything, often.
    pub const HARSH: Faults = Faults {
        late: PerMille(20),
        late_by: Span::ms(5, 400),
        doubled: PerMille(20),
        result_lost: PerMille(10),
        hang_up_late: PerMille(50),
        hang_up_lost_in_connect: PerMille(300),
        hang_up_late_by: Span::ms(100, 400),
        refused_connect_unsettles: PerMille(500),
        snapshot_misses: PerMille(50),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_and_a_span_keeps_its_bounds() {
        let (mut a, mut b) = (Chance::new(7), Chance::new(7));
        let span = Span::ms(3, 5);
        let mut seen = [0; 6];
        for _ in 0..300 {
            let drawn = a.within(span);
            assert_eq!(drawn, b.within(span));
            seen[drawn.as_millis() as usize] += 1;
        }
        assert!(seen[3] > 0 && seen[4] > 0 && seen[5] > 0, "{seen:?}");
    }

    #[test]
    fn a_fault_strikes_about_as_often_as_it_says() {
        let mut chance = Chance::new(1);
        let struck = (0..10_000).filter(|_| chance.strikes(PerMille(100))).count();
        assert!((800..1200).contains(&struck), "{struck}");
        assert!(!(0..1000).any(|_| chance.strikes(PerMille(0))));
    }
}
