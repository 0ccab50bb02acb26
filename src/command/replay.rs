//! `cordboard replay`: a journal's inputs through the core again, to see that it decides the same.
//!
//! Only reads; a controller may be writing the journal meanwhile.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use cordboard::controller::journal::{CORE_VERSION, Entry, Reader, crc_of_effects};
use cordboard::controller::publish::all_kept;
use cordboard::dialplan::{Centre, load_centre};
use cordboard::routing::ids::CentreName;
use cordboard::routing::{Core, Input};

use super::{FAILED, mistaken};

/// Differences shown: where one thing goes wrong, all that follows does.
const MOST_SHOWN: usize = 20;

/// Replay a centre's journal, and compare what the core makes of it with what it made then
#[derive(Args)]
#[command(after_help = "Examples:
  cordboard replay data/demo             the centre `demo` of the installation whose data is in data/
  cordboard replay data/demo/journal     the same
  cordboard replay records/demo --under tried/demo    the same inputs under other YAML: how much is decided otherwise

Only what this version of the core has written can be compared. Callers' numbers are in a journal, not in what is
shown of a difference unless --verbose is given.

Exit codes: 0 all agree; 1 some differ; 2 unreadable, or usage.")]
pub struct Replay {
    /// A centre's directory below the installation's `data`
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Replay under the YAML of this directory, in place of every version that the journal names
    #[arg(long, value_name = "DIR")]
    under: Option<PathBuf>,
    /// Show what was written and what is made of it now
    #[arg(long)]
    verbose: bool,
}

#[derive(Default)]
struct Tally {
    starts: u64,
    agree: u64,
    differ: u64,
    /// Of another version of the core.
    other: u64,
    /// Before the first start that is there whole, or behind entries that are missing.
    unplaced: u64,
}

pub fn run(replay: &Replay) -> ExitCode {
    let directory = match replay.directory.canonicalize() {
        Ok(directory) => directory,
        Err(error) => return mistaken(&format!("{}: {error}", replay.directory.display())),
    };
    let whole = if directory.ends_with("journal") { directory.parent().unwrap_or(&directory) } else { &directory };
    if !whole.join("journal").is_dir() {
        return mistaken(&format!("{} holds no journal", whole.display()));
    }
    match all(whole, replay.under.as_deref(), replay.verbose) {
        Ok(tally) => report(&tally),
        Err(why) => mistaken(&why),
    }
}

fn report(tally: &Tally) -> ExitCode {
    let Tally { starts, agree, differ, other, unplaced } = *tally;
    println!("{starts} starts: {agree} entries agree, {differ} differ");
    if other > 0 {
        println!("{other} entries are of another version of the core than {CORE_VERSION}, and not compared");
    }
    if unplaced > 0 {
        println!("{unplaced} entries stand where the ones before them are gone, and are not compared");
    }
    if differ > 0 { ExitCode::from(FAILED) } else { ExitCode::SUCCESS }
}

fn all(directory: &Path, under: Option<&Path>, verbose: bool) -> Result<Tally, String> {
    let name = directory.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let centre = CentreName::new(name);
    let versions = directory.join("versions");
    let kept = all_kept(&versions, &centre).map_err(|error| format!("{}: {error}", versions.display()))?;
    let instead = under.map(|under| load_centre(&centre, under).map_err(|error| error.to_string())).transpose()?;
    let named = |kept: Centre| match &instead {
        Some(instead) => Centre { version: kept.version, ..instead.clone() },
        None => kept,
    };
    let kept: Vec<Arc<Centre>> = kept.into_iter().map(named).map(Arc::new).collect();
    let mut reader = Reader::new(directory.join("journal"), 0);
    let mut tally = Tally::default();
    // The core of the start that is being read, and the number its next entry has.
    let mut at: Option<(Core, u64)> = None;
    while let Some(entry) = reader.next_entry().map_err(|error| error.to_string())? {
        if matches!(entry.input, Input::Started { .. }) {
            tally.starts += 1;
            let mut core = Core::new(centre.clone());
            for version in &kept {
                core.shelve(version.clone());
            }
            at = Some((core, entry.seq));
        }
        if entry.core != CORE_VERSION {
            tally.other += 1;
            at = None;
            continue;
        }
        match at.take() {
            Some((core, next)) if next == entry.seq => at = Some((one(core, &entry, &mut tally, verbose), next + 1)),
            Some(_) | None => tally.unplaced += 1,
        }
    }
    let damage = reader.damage();
    if damage.lines > 0 || damage.missing > 0 {
        println!(
            "the journal is damaged: {} lines cannot be read, {} entries are missing",
            damage.lines, damage.missing
        );
    }
    Ok(tally)
}

fn one(mut core: Core, entry: &Entry, tally: &mut Tally, verbose: bool) -> Core {
    let handled = core.handle(entry.at, entry.input.clone());
    let same_effects = crc_of_effects(&handled.effects) == entry.effects_crc;
    let same_facts = handled.facts == entry.facts;
    if same_effects && same_facts {
        tally.agree += 1;
        return core;
    }
    tally.differ += 1;
    if tally.differ <= MOST_SHOWN as u64 {
        let what = match (same_effects, same_facts) {
            (false, true) => "other effects",
            (true, false) => "other facts",
            (false, false) | (true, true) => "other effects and facts",
        };
        println!("entry {} at {} ms: {what}", entry.seq, entry.at.as_ms());
        if verbose {
            println!(
                "  told:    {:?}\n  then:    {:?}\n  now:     {:?}\n  effects: {:?}",
                entry.input, entry.facts, handled.facts, handled.effects
            );
        } else {
            let words = |facts: &[cordboard::routing::Fact]| {
                facts.iter().map(cordboard::routing::Fact::in_words).collect::<Vec<_>>().join("; ")
            };
            println!("  then: {}\n  now:  {}", words(&entry.facts), words(&handled.facts));
        }
    }
    core
}
