//! A scenario: the YAML description of the days that are rehearsed: who calls, how long they wait and talk, who works
//! when. Types and their meaning; the text is read in `reading.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use super::spread::Spread;
use crate::calendar::{Span as Hours, Week};
use crate::dialplan::read::read_centre_with;
use crate::dialplan::{Centre, CentreFiles, Key, LoadError, Mistakes};
use crate::reports::Width;
use crate::routing::ids::{CentreName, PhoneNumber, QueueName, SkillName};
use crate::switch::rehearsal::Span;

/// Callers an hour of one stream: five times the busiest of the largest centre there is.
pub const MOST_PER_HOUR: f64 = 1_000_000.0;
/// Agents of a scenario, all groups together: some ten thousand sit in the largest centres that are sold.
pub const MOST_AGENTS: u32 = 20_000;
/// Lines unless the scenario says fewer: what comes beyond is refused by the network, so that no flood of calls grows
/// without end in memory.
pub const MOST_LINES: usize = 20_000;
/// Days of a scenario: a month is what a report shows by the interval.
pub const MOST_DAYS: i32 = 31;
/// Who goes to work across midnight does not stay longer than this: more is a shift that ends before it begins.
pub const LONGEST_NIGHT: u16 = 12 * 60;

/// All of a scenario file.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// `centre`: the directory of the centre's YAML, from the scenario's own; as read, and its bytes.
    pub centre: Centre,
    pub files: CentreFiles,
    /// `first_day`, `last_day`: whole days of the centre's clock. One day unless a last one is given.
    pub first: Date,
    pub last: Date,
    /// `interval`: 15m, 30m or 1h, of the figures by interval. 30m unless given.
    pub width: Width,
    /// `seed`: of all that chance decides. 1 unless given.
    pub seed: u64,
    /// `lines`: who calls when so many talk and wait is refused by the network. 20,000 unless given.
    pub lines: usize,
    /// `callers`: streams of callers by a name of the author's own. At least one.
    pub callers: BTreeMap<String, Stream>,
    /// `agents`: groups of equal agents by a name of the author's own. At least one.
    pub agents: BTreeMap<String, Group>,
}

/// One stream of callers.
#[derive(Clone, Debug, PartialEq)]
pub struct Stream {
    /// `to`: the number they call, one of the centre's.
    pub to: PhoneNumber,
    /// `per_hour`: how many call, at random: a number, or `{ "08:00": 120, "20:00": 0 }`, each holding until the next and
    /// the last over midnight until the first. By minutes since midnight.
    pub per_hour: Vec<(u16, f64)>,
    /// `days`: on which: `mon-fri`. Daily unless given.
    pub days: [bool; 7],
    /// `keys`: what they press, `"1"` or `"2123456#"`, from two seconds after dialling, two a second.
    pub keys: Vec<Key>,
    /// `patience`: how long they stay in queues before they hang up. `never` unless given.
    pub patience: Spread,
    /// `talks`: how long they talk.
    pub talks: Spread,
    /// `wrap_up`: what the agent then takes, at most the queue's own. As long as the queue allows unless given; needed where
    /// a queue of the centre says `until_ready`.
    pub wrap_up: Option<Spread>,
}

/// Some agents who know and do the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// `count`
    pub count: u32,
    /// `queues`: all of the centre's unless given.
    pub queues: BTreeSet<QueueName>,
    /// `skills`: `{ english: 3 }`, 1 to 10.
    pub skills: BTreeMap<SkillName, u8>,
    /// `shift`: `mon-fri 08:00-16:00`, or `08:00-16:00` for every day.
    pub shift: Week,
    /// `breaks`: `12:00-12:30, 15:00-15:15`, within the shift.
    pub breaks: Vec<Hours>,
    /// `picks_up`: how long the phone rings: `1s to 4s`. At once unless given.
    pub picks_up: Span,
}

/// What of the centre is set otherwise for a rehearsal: a queue's key and its value as YAML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    pub queue: String,
    pub key: String,
    pub value: String,
}

/// Why there is no scenario.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    #[error("{path}: {why}", path = path.display())]
    Unreadable { path: PathBuf, why: std::io::Error },
    /// The author has to put the file right.
    #[error("{0}")]
    Mistaken(#[from] Mistakes),
    /// The centre that it names.
    #[error("{0}")]
    Centre(#[from] LoadError),
    /// What was asked on the command line.
    #[error("{0}")]
    Asked(String),
}

/// A centre other than the one that a scenario names, or the same with something set otherwise.
#[derive(Clone, Debug, Default)]
pub struct Otherwise {
    pub centre: Option<PathBuf>,
    pub settings: Vec<Setting>,
}

impl Otherwise {
    /// Reads the centre in `directory`, unless this says another, with its settings worked in.
    ///
    /// # Errors
    /// [`LoadError`]: what cannot be read, or every mistake at once; those of a setting say `what if`.
    pub fn centre(&self, directory: &Path) -> Result<(Centre, CentreFiles), LoadError> {
        let directory = self.centre.as_deref().unwrap_or(directory);
        let files = CentreFiles::read(directory)?;
        let centre = read_centre_with(&name_of(directory), &files, &self.laid_over())?;
        Ok((centre, files))
    }

    /// The settings as YAML.
    pub(super) fn laid_over(&self) -> Vec<String> {
        let yaml = |Setting { queue, key, value }: &Setting| format!("queues:\n  {queue}:\n    {key}: {value}\n");
        self.settings.iter().map(yaml).collect()
    }
}

/// A directory's own name is its centre's.
fn name_of(directory: &Path) -> CentreName {
    let whole = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
    CentreName::new(whole.file_name().map_or_else(|| "centre".into(), |name| name.to_string_lossy()))
}

/// The rate of a stream at a minute of the day.
pub(super) fn rate_at(steps: &[(u16, f64)], minute: u16) -> f64 {
    let before = steps.iter().rev().find(|(from, _)| *from <= minute);
    before.or(steps.last()).map_or(0.0, |(_, rate)| *rate)
}

impl Scenario {
    /// Reads a scenario file and its centre.
    ///
    /// # Errors
    /// [`ScenarioError`]: what cannot be read, or every mistake at once.
    pub fn load(path: &Path, otherwise: &Otherwise) -> Result<Self, ScenarioError> {
        let bytes = crate::dialplan::load::bytes(path).map_err(|error| match error {
            LoadError::Unreadable { path, why } => ScenarioError::Unreadable { path, why },
            LoadError::Mistaken(mistakes) => mistakes.into(),
        })?;
        super::reading::read(path, &bytes, otherwise)
    }
}
