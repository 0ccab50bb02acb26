//! Metrics in the text format of Prometheus: what the controller has counted, and how things stand at this moment.
//!
//! What stands is read from the floor at each scrape and written here, so that a queue or an agent's state that is
//! no more leaves no figure behind.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::OnceLock;
use std::time::Duration;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use super::Web;
use crate::controller::journal::JournalHealth;

/// Seconds waited, from *at once* to *half an hour*; 20 s is the usual target.
const WAITS: [f64; 12] = [1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0];

/// Seconds of a decision, finer than alarms need: a benchmark reads its quantiles from them.
const DECISIONS: [f64; 20] = [
    0.000_02, 0.000_03, 0.000_05, 0.000_075, 0.000_1, 0.000_15, 0.000_2, 0.000_3, 0.000_4, 0.000_5, 0.000_75, 0.001,
    0.001_5, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1,
];

/// Samples of histograms are held until they are worked in: this often, scraped or not.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// What counts. One for the process.
#[derive(Clone)]
pub struct Recorder(PrometheusHandle);

/// The process's recorder, made by the first who asks: before the controller starts, because what is counted before
/// is lost.
///
/// # Errors
/// In words: another recorder has been installed.
pub fn recorder() -> Result<Recorder, String> {
    static RECORDER: OnceLock<Result<Recorder, String>> = OnceLock::new();
    let install = || {
        let builder = PrometheusBuilder::new();
        let builder = builder.set_buckets_for_metric(Matcher::Full("cordboard_wait_seconds".into()), &WAITS);
        let decisions = Matcher::Full("cordboard_decision_seconds".into());
        let builder = builder.and_then(|builder| builder.set_buckets_for_metric(decisions, &DECISIONS));
        let handle = builder.and_then(PrometheusBuilder::install_recorder).map_err(|error| error.to_string())?;
        Ok(Recorder(handle))
    };
    RECORDER.get_or_init(install).clone()
}

impl Recorder {
    /// Works off what histograms hold, for as long as it is polled.
    pub async fn keep_up(self) {
        let mut every = tokio::time::interval(UPKEEP_EVERY);
        loop {
            every.tick().await;
            self.0.run_upkeep();
        }
    }
}

/// One gauge or counter, with all its lines.
struct Figure {
    text: String,
    name: &'static str,
}

impl Figure {
    fn new(name: &'static str, kind: &str, help: &str) -> Self {
        Self { text: format!("# HELP {name} {help}\n# TYPE {name} {kind}\n"), name }
    }

    fn add(&mut self, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        let name = self.name;
        // Writing into a string does not fail.
        let _ = write!(self.text, "{name}");
        for (i, (label, text)) in labels.iter().enumerate() {
            let before = if i == 0 { '{' } else { ',' };
            let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let _ = write!(self.text, "{before}{label}=\"{text}\"");
        }
        let _ = writeln!(self.text, "{} {value}", if labels.is_empty() { "" } else { "}" });
    }
}

pub async fn show(State(web): State<Web>) -> impl IntoResponse {
    let mut text = web.recorder.0.render();
    for figure in floors(&web).await.into_iter().chain(health(&web)).chain(process()) {
        text.push_str(&figure.text);
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}

async fn floors(web: &Web) -> Vec<Figure> {
    let mut waiting = Figure::new("cordboard_waiting", "gauge", "Callers with a place in a queue.");
    let mut longest = Figure::new("cordboard_longest_wait_seconds", "gauge", "The longest of the waits so far.");
    let mut free = Figure::new("cordboard_agents_free", "gauge", "Agents of a queue who could take a call.");
    let mut agents = Figure::new("cordboard_agents", "gauge", "Agents by state.");
    let mut calls = Figure::new("cordboard_calls", "gauge", "Live calls by stage.");
    for centre in web.directories.names() {
        // A controller that is gone has no floor to show; the counters stay.
        let Ok(floor) = web.handle.floor(centre).await else { continue };
        let centre = ("centre", centre.as_str());
        for queue in &floor.queues {
            let labels = [centre, ("queue", queue.name.as_str())];
            waiting.add(&labels, queue.waiting);
            longest.add(&labels, queue.longest_wait_ms as f64 / 1000.0);
            free.add(&labels, queue.agents_free);
        }
        let mut states: BTreeMap<&str, usize> = BTreeMap::new();
        for agent in &floor.agents {
            *states.entry(agent.state.as_str()).or_default() += 1;
        }
        for (state, count) in states {
            agents.add(&[centre, ("state", state)], count);
        }
        let mut stages: BTreeMap<&str, usize> = BTreeMap::new();
        for call in &floor.calls {
            *stages.entry(call.stage.as_str()).or_default() += 1;
        }
        for (stage, count) in stages {
            calls.add(&[centre, ("stage", stage)], count);
        }
    }
    vec![waiting, longest, free, agents, calls]
}

fn health(web: &Web) -> Vec<Figure> {
    let pulse = web.handle.pulse();
    let mut epoch = Figure::new("cordboard_epoch", "gauge", "This start's number.");
    epoch.add(&[], pulse.epoch);
    let mut up = Figure::new("cordboard_switch_up", "gauge", "Whether a switch is in reach.");
    for (switch, is_up) in &pulse.switches {
        up.add(&[("switch", switch.as_str())], u8::from(*is_up));
    }
    let mut shedding = Figure::new("cordboard_shedding", "gauge", "Whether new calls are left to the switches.");
    shedding.add(&[], u8::from(pulse.shedding));
    let mut waiting = Figure::new("cordboard_journal_waiting_bytes", "gauge", "Bytes that the disk has not taken.");
    for (centre, health) in &pulse.journals {
        let bytes = match health {
            JournalHealth::Fine | JournalHealth::Lost { .. } => 0,
            JournalHealth::Slow { waiting_bytes, .. }
            | JournalHealth::Full { waiting_bytes, .. }
            | JournalHealth::Failing { waiting_bytes, .. } => *waiting_bytes,
        };
        waiting.add(&[("centre", centre.as_str())], bytes);
    }
    let mut entries = Figure::new("cordboard_filler_behind_entries", "gauge", "Entries that SQL does not have yet.");
    let mut behind = Figure::new("cordboard_filler_behind_seconds", "gauge", "How old the first of them is.");
    for (centre, health) in web.fillers.borrow().iter().flatten() {
        let health = *health.borrow();
        entries.add(&[("centre", centre.as_str())], health.behind_entries);
        behind.add(&[("centre", centre.as_str())], health.behind.as_secs_f64());
    }
    vec![epoch, up, shedding, waiting, entries, behind]
}

/// Linux counts a process's time to user space in these, whatever its own tick is (USER_HZ, proc(5)).
const TICKS_A_SECOND: f64 = 100.0;

/// What we cost, from /proc; nothing where it cannot be read.
fn process() -> Vec<Figure> {
    let mut figures = Vec::new();
    if let Some(seconds) = std::fs::read_to_string("/proc/self/stat").ok().and_then(|stat| cpu_seconds(&stat)) {
        let mut cpu = Figure::new("process_cpu_seconds_total", "counter", "Time on a processor.");
        cpu.add(&[], seconds);
        figures.push(cpu);
    }
    if let Some(bytes) = std::fs::read_to_string("/proc/self/status").ok().and_then(|status| resident(&status)) {
        let mut memory = Figure::new("process_resident_memory_bytes", "gauge", "Memory held.");
        memory.add(&[], bytes);
        figures.push(memory);
    }
    figures
}

fn cpu_seconds(stat: &str) -> Option<f64> {
    // The second field is the program's name, which may hold anything but ends with the last bracket.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some((user + system) as f64 / TICKS_A_SECOND)
}

fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_cannot_end_its_line() {
        let mut figure = Figure::new("x", "gauge", "X.");
        figure.add(&[("queue", "a\"} 1\nevil 1\\")], 2);
        assert!(figure.text.ends_with("\nx{queue=\"a\\\"} 1\\nevil 1\\\\\"} 2\n"), "{}", figure.text);
    }

    #[test]
    fn what_we_cost_is_read() {
        let stat = "7 (cord) board) S 1 7 7 0 -1 4194560 1 0 0 0 250 50 0 0 20 0 1 0 1 1 1";
        assert_eq!(cpu_seconds(stat), Some(3.0));
        assert_eq!(resident("Name:\tx\nVmRSS:\t    12 kB\n"), Some(12_288));
        assert_eq!(process().len(), 2);
    }
}
