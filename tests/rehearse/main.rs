//! Rehearsals: what a scenario may say, figures that repeat and that theory knows, records that replay, a real month,
//! faults.

mod command;
mod faults;
mod month;
mod records;
mod scenarios;
mod theory;
mod what_if;

use std::path::{Path, PathBuf};

use cordboard::rehearse::{Misfortunes, Otherwise, Plan, Scenario, ScenarioError, Sheet, Watchers, rehearse};

/// One queue, no prompts, no wrap-up: what Erlang's formulas are about.
pub const CENTRE: &str = "\
language: 1
name: Desk
zone: Asia/Shanghai
languages: [en]
skills: [english]
break_reasons: [lunch]
numbers: [\"1000\"]
start: desk
queues:
  desk: { wrap_up: 0s, target: 20s }
steps:
  desk:
    - queue: desk
";

pub const DAY: &str = "\
rehearsal: 1
centre: desk
first_day: 2026-03-02
callers:
  all: { to: \"1000\", per_hour: 60, patience: 2m, talks: 3m }
agents:
  desk: { count: 4, shift: \"00:00-24:00\" }
";

/// A directory with a centre and a scenario beside it.
pub struct Place(pub tempfile::TempDir);

impl Place {
    pub fn new(centre: &str, scenario: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        std::fs::create_dir(directory.path().join("desk")).expect("made");
        std::fs::write(directory.path().join("desk/centre.yaml"), centre).expect("written");
        std::fs::write(directory.path().join("day.yaml"), scenario).expect("written");
        Self(directory)
    }

    pub fn path(&self) -> PathBuf {
        self.0.path().join("day.yaml")
    }

    pub fn load(&self) -> Result<Scenario, ScenarioError> {
        Scenario::load(&self.path(), &Otherwise::default())
    }
}

pub fn sample(name: &str) -> Scenario {
    let path = Path::new("dialplans").join(name).join("rehearsals/day.yaml");
    Scenario::load(&path, &Otherwise::default()).unwrap_or_else(|error| panic!("\n{error}\n"))
}

pub fn plan(scenario: &Scenario, seed: u64) -> Plan {
    Plan::of(scenario, seed).expect("a plan")
}

pub fn sheet(plan: &Plan) -> Sheet {
    let measured = rehearse(plan, None, Watchers::default()).expect("it comes to its end");
    let sheet = Sheet::of(&measured);
    assert_eq!(sheet.unbalanced, Vec::<String>::new());
    sheet
}

pub fn among_faults(plan: &Plan) -> Sheet {
    let measured = rehearse(plan, Some(Misfortunes::new(plan)), Watchers::default());
    Sheet::of(&measured.unwrap_or_else(|why| panic!("seed {}: {why}", plan.seed)))
}
