//! What is shown of a run: percentiles, processor time, a table, JSON.

use crate::floor::{Load, Seen};
use crate::parts::Parts;
use serde_json::json;
use std::{fmt::Write, time::Duration};

/// Milliseconds.
pub struct Percentiles {
    count: usize,
    p50: f64,
    p99: f64,
    max: f64,
}

impl Percentiles {
    /// Nothing of nothing. By nearest rank: each figure is one that was measured.
    fn of(values: &[Duration]) -> Option<Percentiles> {
        let mut sorted: Vec<f64> = values.iter().map(|v| v.as_secs_f64() * 1_000.0).collect();
        sorted.sort_by(f64::total_cmp);
        let rank = |percent: usize| sorted.get((sorted.len() * percent).div_ceil(100).saturating_sub(1)).copied();
        Some(Percentiles { count: sorted.len(), p50: rank(50)?, p99: rank(99)?, max: *sorted.last()? })
    }

    fn json(&self) -> serde_json::Value {
        json!({ "count": self.count, "p50_ms": self.p50, "p99_ms": self.p99, "max_ms": self.max })
    }
}

/// A process whose processor time is watched.
pub struct Process {
    name: String,
    pid: u32,
}

impl Process {
    /// `NAME=PID`
    pub fn parse(text: &str) -> Result<Process, String> {
        let parsed = text.split_once('=').and_then(|(name, pid)| Some((name.to_owned(), pid.parse().ok()?)));
        let (name, pid) = parsed.ok_or_else(|| format!("--process {text}: not NAME=PID"))?;
        Ok(Process { name, pid })
    }

    /// User and system time so far; zero of a process that is gone. proc_pid_stat(5), fields 14 and 15.
    pub fn time(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap_or_default();
        let after_name = stat.rsplit_once(") ").map_or("", |(_, after)| after);
        let ticks: u64 = after_name.split(' ').skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
        // Linux shows hundredths of a second here on every machine we know, whatever its timer does.
        Duration::from_millis(ticks * 10)
    }

    pub fn used_since(&self, before: Duration, calls: u32) -> (String, f64) {
        let used = self.time().saturating_sub(before).as_secs_f64() * 1_000.0;
        (self.name.clone(), used / f64::from(calls.max(1)))
    }
}

pub struct Figures {
    name: String,
    number: String,
    case: &'static str,
    calls: u32,
    rate: u32,
    agents_talk_ms: u128,
    to_phone: Option<Percentiles>,
    to_next: Option<Percentiles>,
    whole_s: f64,
    failed: u32,
    second_calls: u32,
    /// Milliseconds of processor time a call, by process.
    processor_ms: Vec<(String, f64)>,
    /// Switch to us, our decision, us to phone.
    parts: [Option<Percentiles>; 3],
}

impl Figures {
    pub fn of(
        name: &str,
        number: &str,
        case: &'static str,
        load: &Load,
        seen: &Seen,
        processor_ms: Vec<(String, f64)>,
        parts: &Parts,
    ) -> Figures {
        Figures {
            name: name.to_owned(),
            number: number.to_owned(),
            case,
            calls: load.calls,
            rate: load.rate,
            agents_talk_ms: load.talk.as_millis(),
            to_phone: Percentiles::of(&seen.to_phone),
            to_next: Percentiles::of(&seen.to_next),
            whole_s: seen.whole.as_secs_f64(),
            failed: seen.failed,
            second_calls: seen.second_calls,
            processor_ms,
            parts: [&parts.switch_to_us, &parts.our_decision, &parts.us_to_phone].map(|part| Percentiles::of(part)),
        }
    }

    pub fn is_clean(&self) -> bool {
        self.failed == 0 && self.second_calls == 0
    }
}

pub fn json(all: &[Figures]) -> serde_json::Value {
    let runs: Vec<_> = all
        .iter()
        .map(|f| {
            json!({
                "name": f.name,
                "number": f.number,
                "agents": f.case,
                "calls": f.calls,
                "calls_per_s": f.rate,
                "talk_ms": u64::try_from(f.agents_talk_ms).unwrap_or(u64::MAX),
                "caller_to_phone": f.to_phone.as_ref().map(Percentiles::json),
                "agent_free_to_next": f.to_next.as_ref().map(Percentiles::json),
                "whole_s": f.whole_s,
                "failed": f.failed,
                "second_calls": f.second_calls,
                "switch_to_us": f.parts[0].as_ref().map(Percentiles::json),
                "our_decision": f.parts[1].as_ref().map(Percentiles::json),
                "us_to_phone": f.parts[2].as_ref().map(Percentiles::json),
                "processor_ms_per_call": f.processor_ms.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
            })
        })
        .collect();
    json!({ "runs": runs })
}

pub fn table(all: &[Figures]) -> String {
    let mut table = String::new();
    let shown = |p: &Option<Percentiles>| match p {
        Some(p) => format!("{:>8.1} {:>8.1} {:>8.1}", p.p50, p.p99, p.max),
        None => format!("{:>8} {:>8} {:>8}", "-", "-", "-"),
    };
    let _ = writeln!(table, "{:<28}  {:^26}  {:^26}", "", "caller's INVITE to INVITE", "agent free to next INVITE");
    let _ = writeln!(table, "{:<28}  {:^26}  {:^26}", "", "at the agent's phone, ms", "while callers wait, ms");
    let _ = writeln!(
        table,
        "{:<28}  {:>8} {:>8} {:>8}  {:>8} {:>8} {:>8}  {:>7} {:>6}  processor ms a call",
        "", "p50", "p99", "max", "p50", "p99", "max", "whole s", "failed"
    );
    for f in all {
        let processors: Vec<String> = f.processor_ms.iter().map(|(name, ms)| format!("{name} {ms:.1}")).collect();
        let _ = writeln!(
            table,
            "{:<28}  {}  {}  {:>7.1} {:>6}  {}",
            format!("{}, {}", f.name, f.case),
            shown(&f.to_phone),
            shown(&f.to_next),
            f.whole_s,
            f.failed + f.second_calls,
            processors.join(", ")
        );
    }
    for f in all.iter().filter(|f| f.parts[1].is_some()) {
        let _ = writeln!(table, "\n{}, {}: the three parts of the way to the phone, ms", f.name, f.case);
        for (name, part) in ["switch to us", "our decision", "us to phone"].iter().zip(&f.parts) {
            if let Some(part) = part {
                let _ = writeln!(
                    table,
                    "   {name:<14} p50 {:>7.3}   p99 {:>7.3}   max {:>7.3}",
                    part.p50, part.p99, part.max
                );
            }
        }
    }
    table
}
