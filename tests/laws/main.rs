//! Simulated shifts: a seed makes a hall, its people and its misfortunes, and the laws are asked after every step.
//!
//! `CORDBOARD_SEED=n` runs the shift of one seed; `CORDBOARD_SECONDS=n` fresh ones for so long, `CORDBOARD_CALLS=n` until
//! so many calls have come: every eighth hall of these is a large one, of up to 200 agents (`CORDBOARD_SIZE=large` for one
//! seed). Ten million calls: `CORDBOARD_CALLS=10000000 cargo test --release --test laws fresh -- --nocapture`. What a seed
//! once broke is kept as a sentence in `tests/routing`, because a seed means another shift whenever the halls
//! change.

mod between;
mod ears;
mod floor;
mod hall;
mod law;
mod laws;
mod ledger;
mod owed;
mod sabotage;
mod shift;
mod weather;

use std::time::{Duration, Instant};

use cordboard::routing::Failure;
use cordboard::routing::dial::DialEnd;
use cordboard::routing::fact::{Outcome, Rule};
use cordboard::routing::ids::BreakReason;
use cordboard::routing::promise::Broken as BrokenPromise;

use crate::between::Seen;
use crate::hall::{REASONS, Size};
use crate::law::Law;
use crate::sabotage::Saboteur;
use crate::shift::{Failed, Tally};

const LENGTH: Duration = Duration::from_secs(180);

/// How many fixed seeds there are: 200,000 calls, with those of large halls and the fresh ones.
const SHIFTS: u64 = 496;
/// Which are so many tests, for all processors to have their part, and none to run for minutes.
const SHARES: u64 = 16;
/// And how many of large halls.
const LARGE: u64 = 4;
/// How many fresh ones are tried each time.
const FRESH: u64 = 16;
/// Of a long run.
const SAY_EVERY: Duration = Duration::from_secs(60);

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

fn shift_of(seed: u64, size: Size) -> Tally {
    let told = std::panic::catch_unwind(|| shift::run(seed, LENGTH, size, None));
    match told {
        Ok(Ok(tally)) => tally,
        Ok(Err(Failed { story, .. })) => panic!("\n{story}"),
        Err(_) => panic!("the core panicked in the shift of seed {seed}, {size:?} ({:?})", Law::Bounded),
    }
}

fn shifts(seeds: impl Iterator<Item = (u64, Size)>) -> Tally {
    let began = Instant::now();
    let mut all = Tally::default();
    let mut n = 0;
    for (seed, size) in seeds {
        all.add(&shift_of(seed, size));
        n += 1;
    }
    tell(&all, n, began);
    all
}

fn tell(all: &Tally, n: usize, began: Instant) {
    eprintln!(
        "{n} shifts, {} calls, {} steps, {} kills, {} outages, {} holds, {} retrieved, passed on {:?} in {:.1?}: {:?}",
        all.calls,
        all.steps,
        all.kills,
        all.outages,
        all.holds,
        all.retrieved,
        all.passed,
        began.elapsed(),
        all.outcomes
    );
    eprintln!("offers: {:?}, {} of calls whose needs had eased; dials: {:?}", all.rules, all.eased, all.dials);
    eprintln!(
        "rings beside others: {}, of which {} stopped as another answered, and {} for a caller who had none",
        all.together, all.elsewhere, all.taken_back
    );
    eprintln!("promises: {:?}; customers rung, picked up, talked with: {:?}", all.promises, all.customers);
    eprintln!("between calls: {:?}", all.between);
    eprintln!("healed: {:#?}", all.healed);
}

/// A share of the fixed seeds.
fn fixed(share: u64) {
    let all = shifts((1..=SHIFTS).filter(|seed| seed % SHARES == share).map(|seed| (seed, Size::Small)));
    assert!(all.calls > 4_000 && all.kills > 10 && all.outages > 10, "too little happened: {all:?}");
    assert!(all.passed.iter().all(|n| *n > 10), "hardly anybody was passed on: {all:?}");
    assert!(all.holds > 100 && all.retrieved > 30, "hardly anybody was on hold: {all:?}");
    // Which strategies a share of the halls has is chance; most of them it has.
    let seen = Rule::ALL.iter().filter(|rule| all.rules.get(rule).is_some_and(|n| *n > 0)).count();
    assert!(seen + 2 >= Rule::ALL.len(), "hardly any rules: {:?}", all.rules);
    assert!(all.rules.get(&Rule::Preferred).is_some_and(|n| *n > 0), "nobody was kept for anybody: {:?}", all.rules);
    assert!(all.keyed > 10, "hardly anybody took a call outside: {all:?}");
    assert!(all.together > 30 && all.elsewhere > 10, "hardly anything rang together: {all:?}");
    assert!(all.warned > 50, "hardly anybody was warned: {}", all.warned);
    assert!(all.eased > 10, "hardly any need eased: {}", all.eased);
    for how in DialEnd::ALL {
        assert!(all.dials.get(&how).is_some_and(|n| *n > 0), "no dial {how:?}: {:?}", all.dials);
    }
    assert!(all.promises.get(&None).is_some_and(|n| *n > 20), "hardly any promise was kept: {:?}", all.promises);
    assert!(all.customers.iter().all(|n| *n > 3), "hardly any customer was rung first: {:?}", all.customers);
    for why in [BrokenPromise::Cancelled, BrokenPromise::NotReached, BrokenPromise::CameBack] {
        assert!(all.promises.get(&Some(why)).is_some_and(|n| *n > 0), "no promise {why:?}: {:?}", all.promises);
    }
    between_calls(&all.between);
    for outcome in Outcome::ALL {
        // A transfer that is answered while nobody dies is rare in a share of the halls.
        let few = if outcome == Outcome::TransferredOut { 3 } else { 10 };
        assert!(all.outcomes.get(&outcome).is_some_and(|n| *n > few), "hardly any call {outcome:?}: {all:?}");
    }
}

fn between_calls(seen: &Seen) {
    for why in [Failure::NoAnswer, Failure::Busy, Failure::Rejected, Failure::Unreachable] {
        assert!(seen.rests.get(&why).is_some_and(|n| *n > 10), "hardly anybody rested after {why:?}: {seen:?}");
    }
    assert!(seen.too_often > 10, "hardly anybody was set aside for missing too many: {seen:?}");
    assert!(seen.owing > 20 && seen.chosen_before > 5, "hardly any disposition was owed, or chosen before: {seen:?}");
    assert!(seen.waited_for > 3 && seen.taken_out > 20, "hardly any disposition was waited for: {seen:?}");
    assert!(seen.let_off > 0, "nobody was let off a disposition: {seen:?}");
    assert!(
        REASONS.iter().all(|reason| seen.breaks.get(&BreakReason::new(reason)).is_some_and(|n| *n > 10)),
        "{seen:?}"
    );
    assert!(seen.lines_lost > 3, "no line that is held open was called in vain: {seen:?}");
    assert!(seen.past_allowance > 3, "no break was longer than it might be: {seen:?}");
}

/// A test for each share.
macro_rules! shares {
    ($($name:ident: $share:literal),*) => {
        $(#[test]
        fn $name() {
            super::fixed($share);
        })*

        /// Not one seed is left out.
        #[test]
        fn all_of_them() {
            assert_eq!([$($share),*], std::array::from_fn::<u64, { super::SHARES as usize }, _>(|n| n as u64));
        }
    };
}

mod the_laws_hold_in_shifts_of_fixed_seeds {
    shares!(
        first: 0, second: 1, third: 2, fourth: 3, fifth: 4, sixth: 5, seventh: 6, eighth: 7, ninth: 8, tenth: 9,
        eleventh: 10, twelfth: 11, thirteenth: 12, fourteenth: 13, fifteenth: 14, sixteenth: 15
    );
}

#[test]
fn the_laws_hold_on_large_floors() {
    let all = shifts((1..=LARGE).map(|seed| (seed, Size::Large)));
    assert!(all.calls > 1_000, "too little happened: {all:?}");
}

#[test]
fn the_laws_hold_in_shifts_of_fresh_seeds() {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let fresh = now.map_or(1, |since| since.as_nanos() as u64);
    let most_calls = from_environment("CORDBOARD_CALLS");
    let least = if from_environment("CORDBOARD_SECONDS").is_some() || most_calls.is_some() { u64::MAX } else { FRESH };
    let most = Duration::from_secs(from_environment("CORDBOARD_SECONDS").unwrap_or(u64::MAX));
    let began = Instant::now();
    let mut all = Tally::default();
    let mut next = began + SAY_EVERY;
    for n in 0..least {
        if began.elapsed() >= most || most_calls.is_some_and(|most| all.calls >= most) {
            return tell(&all, n as usize, began);
        }
        let size = if n % 8 == 7 { Size::Large } else { Size::Small };
        all.add(&shift_of(fresh.wrapping_add(n), size));
        if Instant::now() >= next {
            next += SAY_EVERY;
            eprintln!("{} calls, {} steps in {:.0?}, from seed {fresh} on", all.calls, all.steps, began.elapsed());
        }
    }
    tell(&all, least as usize, began);
}

/// Who breaks which law. A law that nobody can break proves nothing.
const SABOTEURS: [(Saboteur, Law); 41] = [
    (Saboteur::HangUpsAreDropped, Law::NoDeadAir),
    (Saboteur::MusicIsDropped, Law::NoDeadAir),
    (Saboteur::ConnectsAreDropped, Law::NoDeadAir),
    (Saboteur::ConnectsGoToAnotherAgent, Law::NoDeadAir),
    (Saboteur::PartsAreDropped, Law::NoDeadAir),
    (Saboteur::HoldsAreLost, Law::FoldIsState),
    (Saboteur::RingsAreDropped, Law::NoDeadAir),
    (Saboteur::CallEndsAreLost, Law::FoldIsState),
    (Saboteur::CallEndsAreDoubled, Law::EndsOnce),
    (Saboteur::DialEndsAreLost, Law::FoldIsState),
    (Saboteur::AgentChangesAreLost, Law::FoldIsState),
    (Saboteur::AnswersAreLost, Law::FoldIsState),
    (Saboteur::PlacesAreLost, Law::Balance),
    (Saboteur::OffersAreDoubled, Law::OnePlace),
    (Saboteur::OffersGoToTwoAgents, Law::OnePlace),
    (Saboteur::BusyAgentsAreHidden, Law::OnePlace),
    (Saboteur::OffersAreMisaddressed, Law::Order),
    (Saboteur::LaterCallersGoFirst, Law::Order),
    (Saboteur::FreeAgentsAreOverlooked, Law::NobodyWaitsInVain),
    (Saboteur::FewerAreRungThanMay, Law::NobodyWaitsInVain),
    (Saboteur::SurplusIsKept, Law::NobodyWaitsInVain),
    (Saboteur::OthersRingOn, Law::NoDeadAir),
    (Saboteur::OthersAreForgotten, Law::FoldIsState),
    (Saboteur::JoinedIsForgotten, Law::PlaceIsKept),
    (Saboteur::EffectsMultiply, Law::Bounded),
    (Saboteur::RecordIsIncomplete, Law::Replays),
    (Saboteur::WrapUpNeverEnds, Law::OnTime),
    (Saboteur::PromisesAreForgotten, Law::FoldIsState),
    (Saboteur::TriesAreMiscounted, Law::PromisesAreKept),
    (Saboteur::WarningsComeLast, Law::HeardFirst),
    (Saboteur::WarningsAreDoubled, Law::HeardFirst),
    (Saboteur::RestsAreCutShort, Law::LeftAlone),
    (Saboteur::ManyMissedAreForgiven, Law::LeftAlone),
    (Saboteur::MissedAreMiscounted, Law::LeftAlone),
    (Saboteur::BusyIsNoAnswer, Law::LeftAlone),
    (Saboteur::RestsEndByThemselves, Law::LeftAlone),
    (Saboteur::DispositionsAreWaived, Law::WrapUpIsDisposed),
    (Saboteur::WrapUpEndsUndisposed, Law::WrapUpIsDisposed),
    (Saboteur::DispositionsAreForgotten, Law::WrapUpIsDisposed),
    (Saboteur::BreaksAreOvercounted, Law::BreaksAreCounted),
    (Saboteur::BreaksEndByThemselves, Law::BreaksAreCounted),
];

/// Shifts of a minute that a saboteur has to be noticed in.
const MOST_SEEDS: u64 = 60;

#[test]
fn every_saboteur_breaks_the_law_that_is_named_for_it() {
    for (who, law) in SABOTEURS {
        let mut broke: Vec<Law> = Vec::new();
        for seed in 1..=MOST_SEEDS {
            // Where the core panics, the last one that is told.
            eprintln!("{who:?}, seed {seed}");
            let failed = shift::run(seed, Duration::from_secs(60), Size::Small, Some(who)).err();
            broke.extend(failed.map(|failed| failed.broken.law));
            if broke.contains(&law) {
                break;
            }
        }
        assert!(broke.contains(&law), "{who:?} was to break {law:?}, and broke {broke:?}");
    }
}

#[test]
fn the_shift_of_a_seed() {
    if let Some(seed) = from_environment("CORDBOARD_SEED") {
        let large = std::env::var("CORDBOARD_SIZE").is_ok_and(|size| size == "large");
        shifts([(seed, if large { Size::Large } else { Size::Small })].into_iter());
    }
}
