//! `cordboard rehearse`: a described day, or a month that a log has seen, through the real core on a clock that does not
//! wait.

use std::io::{IsTerminal, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use cordboard::rehearse::{
    Measured, Misfortunes, Otherwise, Plan, Progress, Recorder, Scenario, ScenarioError, Sheet, Stopped, Watchers,
    WhatIf, log, rehearse, what_if,
};

use super::{FAILED, MISTAKEN, failed, mistaken, rehearsed};

/// Seeds that one run tries.
const MOST_SEEDS: u64 = 100_000;

/// Rehearse a day before it comes: the real routing, described callers and agents, and the figures of it
#[derive(Args)]
#[command(after_help = format!("Examples:
  cordboard rehearse dialplans/demo/rehearsals/day.yaml
  cordboard rehearse day.yaml --what-if agents.service+2
  cordboard rehearse day.yaml --what-if queue.service.wrap_up=5s --what-if 'callers*1.1'
  cordboard rehearse day.yaml --faults --seeds 20       the same day with lost links, kills and phones that hang
  cordboard rehearse --log anonymous-bank-1999-02.txt.gz --what-if agents+1
  cordboard rehearse day.yaml --records records         then: cordboard replay records/demo

What if: {}.
KEY is any key of a queue in the centre's YAML. Several are taken together. Callers are the same in both runs: they come
when they came, and bring the patience and the talk times they brought.

A scenario is YAML; dialplans/demo/rehearsals/day.yaml shows every key. Everything that chance decides follows from one
seed: the same seed prints the same. The service level is answered in T / offered, T the queue's target; who gives up
within 5 s is a short abandon, counted apart. Erlang C and A stand beside a queue where they apply.

Exit codes: 0 done; 1 a law was broken, or rows that do not balance; 2 unreadable files, mistakes, or usage.", what_if::FORMS))]
pub struct Rehearse {
    /// The scenario
    #[arg(value_name = "FILE", required_unless_present = "log", conflicts_with = "log")]
    scenario: Option<PathBuf>,
    /// A call log instead: tab separated as the published month of the "Anonymous Bank", plain or gzipped
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// With a log: an agent is away between two calls while somebody of theirs waited, and not only before the day's first
    /// call and after the last
    #[arg(long, requires = "log")]
    absences: bool,
    /// Of all that chance decides [default: the scenario's own, else 1]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Show beside it what would be if something were otherwise; may be given again
    #[arg(long, value_name = "CHANGE", conflicts_with_all = ["faults", "records"])]
    what_if: Vec<WhatIf>,
    /// Late, lost and doubled events, lost links, dead switches, kills, hanging phones; the laws are checked all the time
    #[arg(long)]
    faults: bool,
    /// How many seeds to try, one after another
    #[arg(long, value_name = "N", default_value_t = 1, requires = "faults", value_parser = clap::value_parser!(u64).range(1..=MOST_SEEDS))]
    seeds: u64,
    /// Keep the journal of all inputs and the facts in SQLite below this directory, which must not hold any yet
    #[arg(long, value_name = "DIR")]
    records: Option<PathBuf>,
    /// Figures by interval as well
    #[arg(long)]
    intervals: bool,
    /// For programs
    #[arg(long)]
    json: bool,
}

/// What to rehearse, and what the log it came from has seen.
struct Asked {
    plan: Plan,
    seen: Option<log::Seen>,
}

pub fn run(rehearse: &Rehearse) -> ExitCode {
    match asked(rehearse, &[]) {
        Ok(asked) if rehearse.faults => faults(rehearse, asked),
        Ok(asked) => once(rehearse, &asked),
        Err(error) => mistaken(&error),
    }
}

/// The plan, with what is otherwise worked in.
fn asked(rehearse: &Rehearse, what_if: &[WhatIf]) -> Result<Asked, ScenarioError> {
    let otherwise = what_if::otherwise(what_if);
    if let Some(path) = &rehearse.log {
        let month = log::load(path, &otherwise)?;
        let (mut plan, seen) = month.plan(rehearse.seed.unwrap_or(1), rehearse.absences)?;
        what_if::apply_to_plan(what_if, &mut plan)?;
        return Ok(Asked { plan, seen: Some(seen) });
    }
    let another = what_if.iter().rev().find_map(|one| match one {
        WhatIf::Scenario(path) => Some(path.clone()),
        WhatIf::Agents { .. }
        | WhatIf::Skill { .. }
        | WhatIf::Serves { .. }
        | WhatIf::Callers { .. }
        | WhatIf::Queue(_)
        | WhatIf::Centre(_) => None,
    });
    let path = another.or_else(|| rehearse.scenario.clone()).unwrap_or_default();
    let mut scenario = Scenario::load(&path, &otherwise)?;
    what_if::apply(what_if, &mut scenario)?;
    let seed = match rehearse.seed {
        Some(seed) => seed,
        // Both runs meet the same callers, whatever seed the other scenario has.
        None if what_if.is_empty() => scenario.seed,
        None => Scenario::load(&rehearse.scenario.clone().unwrap_or_default(), &Otherwise::default())?.seed,
    };
    Ok(Asked { plan: Plan::of(&scenario, seed)?, seen: None })
}

fn measured(plan: &Plan, misfortunes: Option<Misfortunes>, recorder: Option<Recorder>) -> Result<Measured, Stopped> {
    let terminal = std::io::stderr().is_terminal();
    let mut shown = None;
    let mut progress = |progress: Progress| show_progress(plan, progress, &mut shown);
    let watchers = Watchers { recorder, progress: terminal.then_some(&mut progress as &mut dyn FnMut(Progress)) };
    let done = rehearse(plan, misfortunes, watchers);
    if terminal {
        // The line is given back.
        eprint!("\r\x1b[K");
    }
    done
}

/// Once for every hundredth part.
fn show_progress(plan: &Plan, progress: Progress, shown: &mut Option<u128>) {
    let Progress { now, from, to, calls } = progress;
    let percent = now.since(from).as_millis() * 100 / to.since(from).as_millis().max(1);
    if *shown != Some(percent) {
        *shown = Some(percent);
        let clock = plan.centre.zone.day_and_minute(now);
        eprint!("\r\x1b[K{:3} %  {clock}  {calls} calls", percent.min(100));
        // Only a courtesy.
        let _ = std::io::stderr().flush();
    }
}

fn once(rehearse: &Rehearse, asked_for: &Asked) -> ExitCode {
    let recorder = match &rehearse.records {
        Some(dir) => match Recorder::begin(dir, &asked_for.plan) {
            Ok(recorder) => Some(recorder),
            Err(why) => return mistaken(&why),
        },
        None => None,
    };
    let as_it_is = match measured(&asked_for.plan, None, recorder) {
        Ok(measured) => Sheet::of(&measured),
        Err(why) => return stopped(&why),
    };
    let mut what_if = None;
    if !rehearse.what_if.is_empty() {
        let otherwise = match asked(rehearse, &rehearse.what_if) {
            Ok(otherwise) => otherwise,
            Err(error) => return mistaken(&error),
        };
        what_if = match measured(&otherwise.plan, None, None) {
            Ok(measured) => Some(Sheet::of(&measured)),
            Err(why) => return stopped(&why),
        };
    }
    let seen = asked_for.seen.as_ref();
    let shown = rehearsed::Shown { plan: &asked_for.plan, as_it_is: &as_it_is, what_if: what_if.as_ref(), seen };
    let text = if rehearse.json { shown.json() } else { shown.text(rehearse.intervals) };
    print!("{text}");
    let unbalanced: Vec<&String> =
        as_it_is.unbalanced.iter().chain(what_if.iter().flat_map(|s| &s.unbalanced)).collect();
    for wrong in &unbalanced {
        eprintln!("cordboard: rows that do not balance: {wrong}");
    }
    if unbalanced.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) }
}

fn stopped(why: &Stopped) -> ExitCode {
    eprintln!("cordboard: {why}");
    ExitCode::from(FAILED)
}

/// One seed after another, until a law is broken.
fn faults(rehearse: &Rehearse, asked_for: Asked) -> ExitCode {
    let (mut out, mut err) = (std::io::stdout().lock(), std::io::stderr());
    let run = |plan: &Plan, recorder| measured(plan, Some(Misfortunes::new(plan)), recorder);
    match tried(rehearse, asked_for, run, &mut out, &mut err) {
        Ok(code) => ExitCode::from(code),
        Err(error) => failed(&error),
    }
}

fn tried(
    rehearse: &Rehearse,
    mut asked_for: Asked,
    run: impl Fn(&Plan, Option<Recorder>) -> Result<Measured, Stopped>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> std::io::Result<u8> {
    let first = asked_for.plan.seed;
    let mut held = Vec::new();
    for seed in (0..rehearse.seeds).map(|n| first.wrapping_add(n)) {
        if seed != first {
            let again = Rehearse { seed: Some(seed), records: None, what_if: Vec::new(), ..again(rehearse) };
            asked_for = match asked(&again, &[]) {
                Ok(asked) => asked,
                Err(error) => return writeln!(err, "{error}").map(|()| MISTAKEN),
            };
        }
        let recorder = match rehearse.records.as_ref().map(|dir| Recorder::begin(dir, &asked_for.plan)).transpose() {
            Ok(recorder) => recorder,
            Err(why) => return writeln!(err, "{why}").map(|()| MISTAKEN),
        };
        let why = match catch_unwind(AssertUnwindSafe(|| run(&asked_for.plan, recorder))) {
            Ok(Ok(measured)) => {
                held.push((seed, Sheet::of(&measured)));
                if !rehearse.json {
                    writeln!(out, "{}", rehearsed::held(seed, &measured))?;
                }
                continue;
            }
            Ok(Err(why)) => why.to_string(),
            Err(_) => "the core panicked".into(),
        };
        if rehearse.json {
            let broken = serde_json::json!({ "seed": seed, "why": why });
            writeln!(out, "{}", serde_json::json!({ "held": held.len(), "broken": broken }))?;
        }
        writeln!(err, "cordboard: seed {seed}: {why}\nagain: {}", the_same(rehearse, seed))?;
        return Ok(FAILED);
    }
    if rehearse.json {
        let seeds: Vec<_> =
            held.iter().map(|(seed, sheet)| serde_json::json!({ "seed": seed, "figures": sheet })).collect();
        writeln!(out, "{}", serde_json::json!({ "held": held.len(), "seeds": seeds }))?;
    }
    Ok(0)
}

/// What to type to see one seed again, and it alone.
fn the_same(rehearse: &Rehearse, seed: u64) -> String {
    let what = match (&rehearse.log, &rehearse.scenario) {
        (Some(log), _) if rehearse.absences => format!("--log {} --absences", quoted(log)),
        (Some(log), _) => format!("--log {}", quoted(log)),
        (None, Some(scenario)) => quoted(scenario),
        (None, None) => String::new(),
    };
    format!("cordboard rehearse {what} --faults --seed {seed}")
}

/// As a shell takes it for one word.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+=:,@".contains(c);
    if !path.is_empty() && path.chars().all(plain) { path } else { format!("'{}'", path.replace('\'', "'\\''")) }
}

/// The same question, to be asked with another seed.
fn again(rehearse: &Rehearse) -> Rehearse {
    let Rehearse { scenario, log, absences, seed, faults, seeds, intervals, json, .. } = rehearse;
    Rehearse {
        scenario: scenario.clone(),
        log: log.clone(),
        absences: *absences,
        seed: *seed,
        what_if: Vec::new(),
        faults: *faults,
        seeds: *seeds,
        records: None,
        intervals: *intervals,
        json: *json,
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use cordboard::rehearse::Watchers;

    use super::*;

    #[derive(Parser)]
    struct Typed {
        #[command(flatten)]
        rehearse: Rehearse,
    }

    const CENTRE: &str = "\
language: 1
name: Desk
zone: Asia/Shanghai
languages: [en]
numbers: [\"1000\"]
start: desk
queues: { desk: {} }
steps: { desk: [ { queue: desk } ] }
";
    const DAY: &str = "\
rehearsal: 1
centre: desk
first_day: 2026-03-02
callers: { all: { to: \"1000\", per_hour: 2, patience: 2m, talks: 3m } }
agents: { desk: { count: 1, shift: \"09:00-10:00\" } }
";

    fn place() -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().expect("a directory");
        let day = directory.path().join("it's a day.yaml");
        std::fs::create_dir(directory.path().join("desk")).expect("made");
        std::fs::write(directory.path().join("desk/centre.yaml"), CENTRE).expect("written");
        std::fs::write(&day, DAY).expect("written");
        (directory, day)
    }

    fn typed(words: &[&str]) -> Rehearse {
        Typed::try_parse_from(words).unwrap_or_else(|error| panic!("{words:?}: {error}")).rehearse
    }

    /// As it would be, but for the seed that breaks something.
    fn runs_but(breaks: u64, how: fn() -> Stopped) -> impl Fn(&Plan, Option<Recorder>) -> Result<Measured, Stopped> {
        move |plan, _| if plan.seed == breaks { Err(how()) } else { rehearse(plan, None, Watchers::default()) }
    }

    fn said(
        asked_for: &Rehearse,
        run: impl Fn(&Plan, Option<Recorder>) -> Result<Measured, Stopped>,
    ) -> (u8, String, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let plan = asked(asked_for, &[]).expect("a plan");
        let code = tried(asked_for, plan, run, &mut out, &mut err).expect("written");
        let text = |bytes| String::from_utf8(bytes).expect("text");
        (code, text(out), text(err))
    }

    fn broken() -> Stopped {
        Stopped::Records("a call is in two places".into())
    }

    #[test]
    fn a_law_that_is_broken_ends_the_run_names_its_seed_and_can_be_seen_again() {
        let (_place, day) = place();
        let day = day.to_str().expect("a path");
        let asked_for = typed(&["rehearse", day, "--faults", "--seeds", "5", "--seed", "7"]);
        let (code, out, err) = said(&asked_for, runs_but(9, broken));
        assert_eq!(code, FAILED);
        assert_eq!(out.lines().count(), 2, "7 and 8 held, and 10 was not tried: {out}");
        assert!(err.starts_with("cordboard: seed 9: ") && err.contains("a call is in two places"), "{err}");
        // The line is what a shell makes of it: the same scenario, that seed, and nothing else.
        let again = err.lines().find_map(|line| line.strip_prefix("again: cordboard ")).expect("a line to type");
        let unquoted = format!("'{}'", day.replace('\'', "'\\''"));
        let (before, after) = again.split_once(&unquoted).expect("the path in quotes");
        let words: Vec<&str> = before.split_whitespace().chain([day]).chain(after.split_whitespace()).collect();
        let again = typed(&words);
        assert_eq!(
            (again.seed, again.seeds, again.faults, again.scenario.as_deref()),
            (Some(9), 1, true, Some(Path::new(day)))
        );
        let (code, out, _) = said(&again, runs_but(9, broken));
        assert_eq!((code, out.as_str()), (FAILED, ""));
    }

    #[test]
    fn a_panic_of_the_core_is_told_as_a_broken_law_is_and_programs_are_told_which_seed() {
        let (_place, day) = place();
        let words = ["rehearse", day.to_str().expect("a path"), "--faults", "--seeds", "2", "--seed", "1", "--json"];
        let (code, out, err) = said(&typed(&words), runs_but(2, || panic!("on purpose")));
        assert_eq!(code, FAILED);
        let told: serde_json::Value = serde_json::from_str(&out).expect("JSON");
        assert_eq!(told, serde_json::json!({ "held": 1, "broken": { "seed": 2, "why": "the core panicked" } }));
        assert!(err.contains("seed 2: the core panicked"), "{err}");
    }

    #[test]
    fn what_is_typed_again_for_a_log_has_all_that_the_first_run_was_told() {
        let asked_for = typed(&["rehearse", "--log", "month.gz", "--absences", "--faults", "--seeds", "3"]);
        assert_eq!(the_same(&asked_for, 4), "cordboard rehearse --log month.gz --absences --faults --seed 4");
    }
}
