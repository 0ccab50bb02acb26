//! A log that was: the month of the "Anonymous Bank" (Guedj and Mandelbaum), or one of the same form, as callers and a rota
//! to rehearse.
//!
//! Every call comes when it came. Who was answered talks as long as then, and has more patience than they needed, drawn from
//! what the log shows of patience (Kaplan and Meier's estimate: whoever was answered says only that theirs was longer). Who
//! hung up has just the patience they showed, and a talk time drawn from those of the same queue. An agent works from the
//! first to the last service of that name on that day. What is left out is counted and said.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use serde::Serialize;

use super::arrivals::{Arrival, Arrivals};
use super::beside::Grounds;
use super::figures::Measured;
use super::log_lines::{Call, Ended, Queue, TooMuchGarbage, read_lines};
use super::patience::Patience;
use super::plan::Plan;
use super::rota::{Seat, moment_of};
use super::scenario::{MOST_LINES, Otherwise, ScenarioError};
use super::sheet::Sheet;
use super::spread::{Spread, chance_of};
use crate::calendar::{Moment, Zone};
use crate::dialplan::read::read_centre_with;
use crate::dialplan::{Centre, CentreFiles, LoadError};
use crate::reports::queue_by_interval::Fold;
use crate::reports::{BeforeQueue, Handling, Period, QueueReport, Stay, StayEnd, Terms, Width};
use crate::routing::ids::{AgentName, CallId, CentreName, Epoch, PhoneNumber, QueueName, StationAddress};
use crate::switch::rehearsal::Span;

/// The largest log read, unpacked: three hundred times the published month.
const MOST_BYTES: u64 = 1 << 30;
/// Who answered so small a share of a queue's calls only helped out there.
const BELONGS: f64 = 0.01;
/// Seconds that a free agent may be late for a caller who waits, and is there all the same.
const LATE: u32 = 10;
/// An ordinary customer's place, and that of one of high priority, which the log's README says is 90 s ahead.
const CREDIT: &str = "90s";

/// A log, and the centre it is played through.
pub struct Month {
    calls: Vec<Call>,
    left_out: LeftOut,
    centre: Centre,
    files: CentreFiles,
}

/// What of a log is no caller in a queue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Lines that cannot be read, and the first few of them.
    pub garbage: usize,
    pub first_garbage: Vec<String>,
    pub phantoms: usize,
    /// Hung up without having waited: in the menu, or at once.
    pub hung_up_before_the_queue: usize,
    /// Answered by nobody named: their work is done here by those who are.
    pub answered_by_nobody: usize,
}

/// What the log itself says, by the same rules as the figures beside it.
#[derive(Clone, Debug, Serialize)]
pub struct Seen {
    pub left_out: LeftOut,
    #[serde(flatten)]
    pub sheet: Sheet,
}

impl Seen {
    pub fn words(&self) -> String {
        let LeftOut { garbage, first_garbage, phantoms, hung_up_before_the_queue, answered_by_nobody } = &self.left_out;
        let mut text = format!(
            "of the log: {phantoms} phantoms and {hung_up_before_the_queue} who hung up before they waited are left out; \
             {answered_by_nobody} were answered by nobody named"
        );
        if *garbage > 0 {
            text.push_str(&format!("\nof the log: {garbage} lines cannot be read and are left out:"));
            first_garbage.iter().for_each(|line| text.push_str(&format!("\n  {line}")));
        }
        text
    }
}

/// Reads a log, plain or gzipped.
///
/// # Errors
/// [`ScenarioError`]: unreadable, or no such log.
pub fn load(path: &Path, otherwise: &Otherwise) -> Result<Month, ScenarioError> {
    let unreadable = |why| ScenarioError::Unreadable { path: path.to_owned(), why };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    let mut packed = std::io::BufReader::new(file);
    let gzipped = std::io::BufRead::fill_buf(&mut packed).map_err(unreadable)?.starts_with(&[0x1f, 0x8b]);
    // One byte more than may be, to see that it is too much: a small file may unpack without end.
    let read = if gzipped {
        flate2::read::MultiGzDecoder::new(packed).take(MOST_BYTES + 1).read_to_end(&mut bytes)
    } else {
        packed.take(MOST_BYTES + 1).read_to_end(&mut bytes)
    };
    read.map_err(unreadable)?;
    let shown = path.display();
    if bytes.len() as u64 > MOST_BYTES {
        return Err(ScenarioError::Asked(format!("{shown}: larger than {MOST_BYTES} bytes")));
    }
    Month::read(&bytes, otherwise).map_err(|error| match error {
        ScenarioError::Asked(why) => ScenarioError::Asked(format!("{shown}: {why}")),
        other => other,
    })
}

fn number(queue: Queue, first: bool) -> &'static str {
    match (queue, first) {
        (Queue::Service, false) => "101",
        (Queue::Service, true) => "102",
        (Queue::Stock, false) => "201",
        (Queue::Stock, true) => "202",
        (Queue::Internet, false) => "301",
        (Queue::Internet, true) => "302",
    }
}

/// Three queues without wrap-up, each with a number for ordinary callers and one for those of high priority.
fn bank() -> CentreFiles {
    let mut whole =
        "language: 1\nname: \"Anonymous Bank\"\nzone: Asia/Jerusalem\nlanguages: [en]\nbreak_reasons: [absent]\nqueues:\n".to_owned();
    let mut steps = "steps:\n".to_owned();
    let mut yaml = Vec::new();
    for queue in Queue::ALL {
        let name = queue.as_str();
        whole.push_str(&format!("  {name}: {{ wrap_up: 0s, ring_for: 30s, rest_after_missed: 10s, target: 20s }}\n"));
        for (first, credit) in [(false, "0s"), (true, CREDIT)] {
            let step = format!("{name}_{}", if first { "first" } else { "ordinary" });
            steps.push_str(&format!("  {step}:\n    - queue: {{ name: {name}, credit: {credit} }}\n"));
            let numbers = format!("numbers: [\"{}\"]\nstart: {step}\n", number(queue, first));
            yaml.push((format!("{step}.yaml"), numbers.into_bytes()));
        }
    }
    yaml.insert(0, ("bank.yaml".into(), (whole + &steps).into_bytes()));
    CentreFiles { yaml, recordings: None }
}

impl Month {
    /// # Errors
    /// [`ScenarioError::Asked`]: it is no such log; `Centre`: what is otherwise does not load.
    pub fn read(bytes: &[u8], otherwise: &Otherwise) -> Result<Self, ScenarioError> {
        let text = String::from_utf8_lossy(bytes);
        let (calls, left_out) = read_lines(&text).map_err(|TooMuchGarbage(why)| ScenarioError::Asked(why))?;
        let files = match &otherwise.centre {
            Some(directory) => CentreFiles::read(directory)?,
            None => bank(),
        };
        let centre =
            read_centre_with(&CentreName::new("bank"), &files, &otherwise.laid_over()).map_err(LoadError::from)?;
        for queue in Queue::ALL {
            let there = centre.queues.contains_key(&QueueName::new(queue.as_str()))
                && [false, true]
                    .iter()
                    .all(|first| centre.start_of(&PhoneNumber::new(number(queue, *first))).is_some());
            if !there {
                let sentence = "the centre for a log needs queues service, stock and internet, and the numbers 101, 102, 201, \
                     202, 301, 302 (ordinary and high priority of each)";
                return Err(ScenarioError::Asked(sentence.into()));
            }
        }
        Ok(Self { calls, left_out, centre, files })
    }

    /// The plan, and what the log itself says.
    ///
    /// # Errors
    /// The log is of no day, or of more than a report holds.
    pub fn plan(self, seed: u64, absences: bool) -> Result<(Plan, Seen), ScenarioError> {
        let days = self.calls.iter().map(|call| call.date);
        let (Some(first), Some(last)) = (days.clone().min(), days.max()) else {
            return Err(ScenarioError::Asked("no call that could be rehearsed".into()));
        };
        let period = Period::new(self.centre.zone.clone(), first, last, Width::Half)
            .map_err(|why| ScenarioError::Asked(format!("{first} to {last}: {why}")))?;
        let mut seats = seats(&self.calls, &self.centre.zone);
        if absences {
            absent(&self.calls, &self.centre.zone, &mut seats);
        }
        if seats.is_empty() {
            return Err(ScenarioError::Asked("nobody named has answered any of its calls".into()));
        }
        let seen = Seen { sheet: seen(&self.calls, &period, &self.centre), left_out: self.left_out };
        let arrivals = arrivals(&self.calls, &self.centre.zone, seed);
        let plan = Plan {
            centre: Arc::new(self.centre),
            files: self.files,
            period,
            seed,
            lines: MOST_LINES,
            seats,
            arrivals: Arrivals::Listed(arrivals.into_iter()),
        };
        Ok((plan, seen))
    }
}

fn at(zone: &Zone, date: Date, second: u32) -> Moment {
    let midnight = moment_of(zone, date, 0).unwrap_or_default();
    midnight + Duration::from_secs(second.into())
}

fn arrivals(calls: &[Call], zone: &Zone, seed: u64) -> Vec<Arrival> {
    let patience = Patience::of(calls.iter().map(|call| (call.waited, call.ended == Ended::HungUp)));
    let talks = |queue: Queue| {
        let seen: Vec<Duration> = calls.iter().filter(|call| call.queue == queue).filter_map(Call::talked).collect();
        Spread::Seen(seen.into())
    };
    let talks: BTreeMap<Queue, Spread> = Queue::ALL.into_iter().map(|queue| (queue, talks(queue))).collect();
    let (mut of_patience, mut of_talks) = (chance_of(seed, "patience"), chance_of(seed, "talks"));
    let mut arrivals: Vec<Arrival> = calls
        .iter()
        .map(|call| {
            let longer = patience.beyond(call.waited, &mut of_patience);
            let drawn = talks.get(&call.queue).and_then(|spread| spread.draw(&mut of_talks)).unwrap_or_default();
            Arrival {
                at: at(zone, call.date, call.joined),
                stream: 0,
                to: PhoneNumber::new(number(call.queue, call.first)),
                keys: Vec::new(),
                patience: Some(if call.ended == Ended::HungUp { call.waited } else { longer }),
                talks: call.talked().unwrap_or(drawn),
                wrap_up: None,
            }
        })
        .collect();
    arrivals.sort_by_key(|arrival| arrival.at);
    arrivals
}

/// What the log shows of one name: from first to last service of each day, and how many calls of each queue.
#[derive(Clone, Debug, Default)]
struct Shown {
    days: BTreeMap<Date, (u32, u32)>,
    answered: BTreeMap<Queue, u32>,
}

/// From first to last service of a name on a day; in the queues where it answered a share that counts.
fn seats(calls: &[Call], zone: &Zone) -> Vec<Seat> {
    let mut of: BTreeMap<&str, Shown> = BTreeMap::new();
    let mut all: BTreeMap<Queue, u32> = BTreeMap::new();
    for call in calls {
        let Ended::Answered { from, to, by } = &call.ended else { continue };
        *all.entry(call.queue).or_default() += 1;
        let Some(by) = by else { continue };
        let shown = of.entry(by.as_str()).or_default();
        let day = shown.days.entry(call.date).or_insert((*from, *to));
        *day = (day.0.min(*from), day.1.max(*to));
        *shown.answered.entry(call.queue).or_default() += 1;
    }
    let seat = |(name, Shown { days, answered }): (&str, Shown)| {
        let belongs = |queue: &Queue, count: u32| {
            f64::from(count) >= BELONGS * f64::from(all.get(queue).copied().unwrap_or_default())
        };
        let mut queues: BTreeSet<QueueName> = answered
            .iter()
            .filter(|(queue, count)| belongs(queue, **count))
            .map(|(queue, _)| QueueName::new(queue.as_str()))
            .collect();
        if queues.is_empty() {
            // Who hardly ever answered, anywhere: where it was most.
            let most = answered.iter().max_by_key(|(_, count)| **count);
            queues.extend(most.map(|(queue, _)| QueueName::new(queue.as_str())));
        }
        let name = name.to_lowercase();
        Seat {
            agent: AgentName::new(&name),
            group: "agents".into(),
            station: StationAddress::new(format!("rehearsal/{name}")),
            queues,
            skills: BTreeMap::new(),
            picks_up: Span::ZERO,
            hours: days.iter().map(|(date, (from, to))| (at(zone, *date, *from), at(zone, *date, *to))).collect(),
            breaks: Vec::new(),
        }
    };
    of.into_iter().map(seat).collect()
}

/// Between two calls of an agent somebody of theirs waited: the agent was not there, whatever the day's first and last
/// service say. Of the gap, all but the moment in which anybody is a little late.
fn absent(calls: &[Call], zone: &Zone, seats: &mut [Seat]) {
    let mut waits: BTreeMap<Date, Vec<(u32, u32, QueueName)>> = BTreeMap::new();
    let mut served: BTreeMap<(String, Date), Vec<(u32, u32)>> = BTreeMap::new();
    for call in calls {
        let waited = u32::try_from(call.waited.as_secs()).unwrap_or(u32::MAX);
        if waited > LATE {
            let wait = (call.joined + LATE, call.joined.saturating_add(waited), QueueName::new(call.queue.as_str()));
            waits.entry(call.date).or_default().push(wait);
        }
        if let Ended::Answered { from, to, by: Some(by) } = &call.ended {
            served.entry((by.to_lowercase(), call.date)).or_default().push((*from, *to));
        }
    }
    for seat in seats {
        let days = served.iter().filter(|((name, _), _)| name == seat.agent.as_str());
        for ((_, date), services) in days {
            let mut services = services.clone();
            services.sort_unstable();
            for two in services.windows(2) {
                let [(_, gap), (until, _)] = two else { continue };
                let beside = |(from, to, queue): &(u32, u32, QueueName)| {
                    seat.queues.contains(queue) && (*from).max(gap + LATE) < (*to).min(*until)
                };
                if waits.get(date).is_some_and(|waits| waits.iter().any(beside)) {
                    seat.breaks.push((at(zone, *date, *gap), at(zone, *date, *until)));
                }
            }
        }
        seat.breaks.sort_unstable();
    }
}

/// The log's own stays, through the same report.
fn seen(calls: &[Call], period: &Period, centre: &Centre) -> Sheet {
    let fold = |target| Fold::new(period, Terms::of_target(target));
    let mut folds: BTreeMap<QueueName, Fold<'_>> =
        centre.queues.values().map(|rules| (rules.name.clone(), fold(rules.target))).collect();
    for (n, call) in (0..).zip(calls) {
        let joined = at(&period.zone, call.date, call.joined);
        let (how, handling) = match call.talked() {
            Some(talk) => (StayEnd::Connected, Some(Handling { talk, ..Handling::default() })),
            None => (StayEnd::Abandoned, None),
        };
        let stay = Stay {
            call: CallId { epoch: Epoch(0), number: n },
            joined,
            moved_in: false,
            left: Some(joined + call.waited),
            how: Some(how),
            passed_on: false,
            handling,
        };
        if let Some(fold) = folds.get_mut(&QueueName::new(call.queue.as_str())) {
            fold.add(&stay);
        }
    }
    let queues = folds.into_iter().map(|(queue, fold)| (queue, fold.finish())).collect();
    let before = vec![BeforeQueue::default(); period.intervals().len()];
    let mut sheet = Sheet::of(&Measured {
        report: QueueReport::new(period.clone(), queues, before),
        staffing: Vec::new(),
        grounds: BTreeMap::<QueueName, Grounds>::new(),
        expected: BTreeMap::new(),
        calls: calls.len() as u64,
        blocked: 0,
        ended: period.whole().to,
    });
    // Nothing is known of a log's agents but their calls, so nothing stands beside it.
    sheet.queues.values_mut().for_each(|of| of.beside = super::beside::Beside::default());
    sheet
}
