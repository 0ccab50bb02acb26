//! Whether the tests of the core would notice a mistake in it: `cargo bench --bench mutants`.
//!
//! Every comparison, condition, sum, statement and answer of `src/routing/` is a place where one could be made. All of
//! them are built into one copy of the sources, each asleep; then the spec tests (`tests/routing`, the room's own) and the
//! laws' fixed seeds run once for each with that one awake. One build in place of thousands.
//!
//! ```text
//! cargo bench --bench mutants                          all of them: hours
//! cargo bench --bench mutants -- --minutes 30          as many of a fair sample as there is time for
//! cargo bench --bench mutants -- --under strategy/     of these files only
//! cargo bench --bench mutants -- --list                where they are
//! ```
//!
//! The sample is the same each time: its order is fixed, and only its length depends on the machine. A mutant is caught
//! when a test fails, or does not end. Those that change nothing anybody could see count as survivors, as those that no
//! test reaches do.

mod build;
mod places;
mod trial;

use std::path::Path;
use std::time::{Duration, Instant};

use crate::places::Place;
use crate::trial::{Caught, Trial};

/// What is made worse, from the repository's root.
const ROOM: &str = "src/routing";

/// Spreads neighbours over the whole sample: a prime larger than the number of places will ever be.
const STRIDE: usize = 1_000_003;

struct Wanted {
    minutes: u64,
    under: String,
    jobs: usize,
    list: bool,
}

fn wanted() -> Result<Wanted, String> {
    let mut wanted = Wanted { minutes: u64::MAX / 60, under: String::new(), jobs: 2, list: false };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut next = || words.next().ok_or_else(|| format!("{word} needs a value"));
        match word.as_str() {
            "--minutes" => wanted.minutes = next()?.parse().map_err(|_| "--minutes takes a whole number")?,
            "--jobs" => wanted.jobs = next()?.parse().map_err(|_| "--jobs takes a whole number")?,
            "--under" => wanted.under = next()?,
            "--list" => wanted.list = true,
            // What `cargo bench` says to every bench.
            "--bench" => {}
            other => return Err(format!("unknown argument {other}: see the head of tests/bench/mutants/main.rs")),
        }
    }
    Ok(wanted)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let wanted = wanted()?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = places::of(&root.join(ROOM))?;
    if wanted.list {
        found.iter().for_each(|place| println!("{place}"));
        return Ok(());
    }
    let build = build::build(root, &found)?;
    let mut left: Vec<&Place> = found
        .iter()
        .filter(|place| !build.impossible.contains(&place.number) && place.file.contains(&wanted.under))
        .collect();
    println!("{} places, {} of which cannot be built", found.len(), build.impossible.len());
    left.sort_by_key(|place| place.number * 7_919 % STRIDE);

    let trial = Trial::of(build)?;
    let end = Instant::now().checked_add(Duration::from_secs(wanted.minutes * 60));
    let results = trial.try_all(&left, wanted.jobs.max(1), end);
    report(&results, left.len());
    Ok(())
}

fn report(results: &[(&Place, Option<Caught>)], of: usize) {
    let survivors = || results.iter().filter(|(_, caught)| caught.is_none());
    for (place, _) in survivors() {
        println!("survived: {place}");
    }
    let mut files: Vec<&str> = results.iter().map(|(place, _)| place.file.as_str()).collect();
    files.sort_unstable();
    files.dedup();
    println!("\n{:<44} {:>6} {:>8}", "file", "tried", "caught");
    for file in files {
        let of_it = || results.iter().filter(|(place, _)| place.file == file);
        let caught = of_it().filter(|(_, caught)| caught.is_some()).count();
        println!("{file:<44} {:>6} {:>7.0}%", of_it().count(), share(caught, of_it().count()));
    }
    let tried = results.len();
    let caught = tried - survivors().count();
    let by = |how: Caught| results.iter().filter(|(_, caught)| *caught == Some(how)).count();
    println!(
        "\n{caught} of {tried} caught, {:.1} % ({of} were to be tried): {} by the spec tests, {} by the laws, {} by not ending",
        share(caught, tried),
        by(Caught::Spec),
        by(Caught::Law),
        by(Caught::Time),
    );
}

fn share(part: usize, of: usize) -> f64 {
    100.0 * part as f64 / of.max(1) as f64
}
