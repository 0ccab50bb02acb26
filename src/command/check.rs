//! `cordboard check`: every mistake of the YAML at once, before anything runs it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use cordboard::config::{ConfigError, load_config};
use cordboard::controller::directories::{Directories, NotRead};
use cordboard::dialplan::{Centre, CentreFiles, LoadError};
use cordboard::routing::ids::CentreName;
use cordboard::store::Db;
use cordboard::store::agents::Person;

use super::{FAILED, MISTAKEN, mistaken, people, within};

/// Show every mistake in centres' directories, or in an installation's configuration and all its centres
#[derive(Args)]
#[command(after_help = "Examples:
  cordboard check                              cordboard.yaml and every centre it names
  cordboard check --config /etc/cordboard/cordboard.yaml --people
  cordboard check dialplans/hotline            one directory, without an installation

Exit codes: 0 no mistake; 1 mistakes, each shown with file, line and column; 2 unreadable files, or usage.")]
pub struct Check {
    /// Centres' directories; without any, the configuration is checked with all its centres
    #[arg(value_name = "DIR", conflicts_with_all = ["config", "people"])]
    directories: Vec<PathBuf>,
    /// The installation's configuration [default: cordboard.yaml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Compare the people in the database with the centres: queues and skills that are not there, stations twice
    #[arg(long)]
    people: bool,
}

pub fn run(check: &Check) -> ExitCode {
    if check.directories.is_empty() { installation(check) } else { directories(&check.directories) }
}

fn directories(paths: &[PathBuf]) -> ExitCode {
    let mut named = BTreeMap::new();
    for path in paths {
        let name = name_of(path);
        if let Some(before) = named.insert(CentreName::new(&name), path.clone()) {
            return mistaken(&format!("{} and {} are both called {name}", before.display(), path.display()));
        }
    }
    match Directories::new(named).read() {
        Ok(centres) => good(&centres),
        Err(wrong) => show(&wrong),
    }
}

/// A directory's own name is its centre's.
fn name_of(path: &Path) -> String {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    whole.file_name().map_or_else(|| "centre".into(), |name| name.to_string_lossy().into_owned())
}

fn installation(check: &Check) -> ExitCode {
    let path = check.config.clone().unwrap_or_else(|| "cordboard.yaml".into());
    let config = match load_config(&path) {
        Ok(config) => config,
        Err(ConfigError::Mistaken(mistakes)) => {
            println!("{mistakes}");
            return ExitCode::from(FAILED);
        }
        Err(error) => return mistaken(&error),
    };
    let named = config.centres.iter().map(|(name, centre)| (name.clone(), centre.directory.clone()));
    let centres = match Directories::new(named.collect()).read() {
        Ok(centres) => centres,
        Err(wrong) => return show(&wrong),
    };
    if !check.people {
        return good(&centres);
    }
    let found = within(async {
        let db = people::open(&config).await?;
        let mut found = Vec::new();
        for (centre, _) in &centres {
            let people = db_people(&db, centre).await?;
            let switches: Vec<&str> = config.switches.keys().map(|name| name.as_str()).collect();
            found.extend(disagreements(centre, &people, &switches));
        }
        db.close().await;
        Ok::<_, String>(found)
    });
    match found {
        Ok(found) if found.is_empty() => good(&centres),
        Ok(found) => {
            for sentence in found {
                println!("{sentence}");
            }
            ExitCode::from(FAILED)
        }
        Err(why) => mistaken(&why),
    }
}

async fn db_people(db: &Db, centre: &Centre) -> Result<Vec<Person>, String> {
    db.people(&centre.name).await.map_err(|error| error.to_string())
}

/// What the people of a centre have that the centre, or the installation, has not.
fn disagreements(centre: &Centre, people: &[Person], switches: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut at: BTreeMap<String, &Person> = BTreeMap::new();
    for person in people {
        let who = format!("{}/{}", centre.name, person.name);
        for queue in person.queues.iter().filter(|queue| !centre.queues.contains_key(*queue)) {
            found.push(format!("{who}: there is no queue {queue:?}{}", among(centre.queues.keys())));
        }
        for skill in person.skills.keys().filter(|skill| !centre.skills.contains(skill)) {
            found.push(format!("{who}: there is no skill {skill:?}{}", among(centre.skills.iter())));
        }
        if let Some((switch, station)) = &person.station {
            if !switches.contains(&switch.as_str()) {
                found.push(format!("{who}: no switch is named {switch:?}{}", among(switches.iter())));
            }
            if let Some(other) = at.insert(format!("{switch} {station}"), person) {
                found.push(format!("{who}: {station} is the station of {} too; only one can log in there", other.name));
            }
        }
    }
    found
}

fn among(names: impl Iterator<Item = impl ToString>) -> String {
    let names: Vec<String> = names.map(|name| name.to_string()).collect();
    if names.is_empty() { "; there is none at all".into() } else { format!("; there are {}", names.join(", ")) }
}

fn show(wrong: &NotRead) -> ExitCode {
    let mut code = FAILED;
    for error in &wrong.0 {
        match error {
            LoadError::Mistaken(mistakes) => println!("{mistakes}"),
            LoadError::Unreadable { .. } => {
                eprintln!("{error}");
                code = MISTAKEN;
            }
        }
    }
    ExitCode::from(code)
}

fn good(centres: &[(Centre, CentreFiles)]) -> ExitCode {
    for (centre, _) in centres {
        println!(
            "{}: no mistakes (version {}; {}, {}, {})",
            centre.name,
            centre.version,
            counted(centre.numbers.len(), "number"),
            counted(centre.steps.len(), "step"),
            counted(centre.queues.len(), "queue"),
        );
    }
    ExitCode::SUCCESS
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
