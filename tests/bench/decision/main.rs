//! What one decision costs the core, by the size of the centre: agents in 8 queues each, 50 skills, needs that ease, ten
//! callers waiting for each agent, one in ten of whom knows an agent, reasons written.
//!
//!     cargo bench --bench decision                    the curve at 100, 1,000 and 10,000 agents
//!     cargo bench --bench decision -- --agents 1000   one of them
//!     cargo bench --bench decision -- --json          for programs
//!
//! Timed is `Core::handle` alone, from the input to its effects and facts: no switch, no journal. A conversation ends, and
//! the agent gets the first caller of eight queues (*agent free*); a caller comes and joins the line (*caller waits*); and,
//! in a quiet hour with a tenth of the agents free, a caller comes and gets one (*caller rings*).

mod floor;

use std::time::{Duration, Instant};

use clap::Parser;
use serde_json::json;

use floor::Floor;

#[derive(Parser)]
struct Arguments {
    /// Only a centre of so many agents
    #[arg(long)]
    agents: Option<u32>,
    /// Decisions timed of each kind
    #[arg(long, default_value_t = 20_000)]
    decisions: usize,
    #[arg(long)]
    json: bool,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

/// What the largest is held to.
const DECISION: Duration = Duration::from_micros(50);
const MEMORY: u64 = 300 << 20;
const LARGEST: u32 = 10_000;

fn main() {
    let arguments = Arguments::parse();
    let sizes = arguments.agents.map_or_else(|| vec![100, 1_000, LARGEST], |agents| vec![agents]);
    let mut missed = Vec::new();
    let mut rows = Vec::new();
    for agents in sizes {
        let began = memory();
        let mut floor = Floor::new(agents);
        floor.fill(10 * agents);
        let bytes = memory().saturating_sub(began);
        let mut freed = Vec::new();
        let mut joined = Vec::new();
        for _ in 0..arguments.decisions {
            freed.push(floor.somebody_comes_free());
            joined.push(floor.somebody_calls());
        }
        let waiting = floor.waiting();
        floor.quiet();
        let rung: Vec<Duration> = (0..arguments.decisions).map(|_| floor.somebody_calls_and_is_taken()).collect();
        for (name, times) in [("agent free", freed), ("caller waits", joined), ("caller rings", rung)] {
            let [p50, p99, longest] = summary(times);
            if agents == LARGEST && p99 > DECISION {
                missed.push(format!("{name} at {agents} agents: p99 {:.1} us", us(p99)));
            }
            if !arguments.json {
                println!(
                    "{agents:6} agents, {waiting:6} waiting, {name:13} p50 {:6.1} us  p99 {:6.1} us  longest {:7.1} us",
                    us(p50),
                    us(p99),
                    us(longest)
                );
            }
            rows.push(json!({ "agents": agents, "waiting": waiting, "decision": name, "p50_us": us(p50),
                              "p99_us": us(p99), "longest_us": us(longest), "bytes": bytes }));
        }
        if !arguments.json {
            println!("{agents:6} agents, {waiting:6} waiting: {} MB", bytes >> 20);
        }
        if bytes > MEMORY {
            missed.push(format!("{} MB at {agents} agents", bytes >> 20));
        }
    }
    if arguments.json {
        println!("{}", json!(rows));
    }
    if !missed.is_empty() {
        eprintln!("missed: {}", missed.join("; "));
        std::process::exit(1);
    }
}

fn us(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn summary(mut times: Vec<Duration>) -> [Duration; 3] {
    times.sort_unstable();
    [times[times.len() / 2], times[times.len() * 99 / 100], times[times.len() - 1]]
}

/// Bytes of this process in memory.
fn memory() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or_default();
    pages * 4096
}

/// How long this takes.
fn timed<T>(what: impl FnOnce() -> T) -> (Duration, T) {
    let began = Instant::now();
    let done = what();
    (began.elapsed(), done)
}
