//! Measures an ACD from outside, as callers and agents' phones see it, with one clock: this process is all the callers
//! and all the phones. It knows SIP only; `ops/bench` starts what is measured and passes where it is.
//!
//! Each target is loaded twice: with agents idle (short talks), and with more callers than agents can take.

mod figures;
mod floor;
mod parts;
mod sip;

use clap::Parser;
use figures::Figures;
use floor::{Floor, Load};
use std::{
    net::{Ipv4Addr, SocketAddrV4},
    process::ExitCode,
    time::Duration,
};

#[derive(Parser)]
#[command(about = "Measure an ACD from the SIP side; ops/bench runs this", args_override_self = true)]
struct Arguments {
    /// What to call: a name for the table, and the number to dial, as in `app_queue=leastrecent`
    #[arg(long = "target", required = true)]
    targets: Vec<String>,
    /// The switch's SIP port on loopback
    #[arg(long)]
    sip_port: u16,
    /// The port where the switch finds the phones a1001, a1002 and on; callers call from it too
    #[arg(long)]
    phone_port: u16,
    /// A process whose processor time is shown per call: a name and its id, as in `asterisk=123`
    #[arg(long = "process")]
    processes: Vec<String>,
    /// The log of the program under test, where it writes when it heard of a caller and when it rang (see `parts`);
    /// for targets named after it: the last one
    #[arg(long)]
    timing: Option<std::path::PathBuf>,
    #[arg(long, default_value_t = 200)]
    calls: u32,
    /// Calls a second
    #[arg(long, default_value_t = 20)]
    rate: u32,
    /// How long a phone rings before it is answered
    #[arg(long, default_value_t = 100)]
    ring_ms: u64,
    /// How long agents talk when they shall be idle most of the time
    #[arg(long, default_value_t = 200)]
    short_talk_ms: u64,
    /// How long agents talk when callers shall wait
    #[arg(long, default_value_t = 2_000)]
    long_talk_ms: u64,
    /// For programs
    #[arg(long)]
    json: bool,
    /// What `cargo bench` adds
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(e) => {
            eprintln!("{e}");
            ExitCode::FAILURE
        }
    }
}

/// True if every call of every run came to an agent and ended as it should.
fn run(arguments: &Arguments) -> Result<bool, String> {
    let switch = SocketAddrV4::new(Ipv4Addr::LOCALHOST, arguments.sip_port);
    let mut floor = Floor::open(switch, arguments.phone_port)
        .map_err(|e| format!("cannot be the phones at 127.0.0.1:{}: {e}", arguments.phone_port))?;
    let processes = arguments.processes.iter().map(|p| figures::Process::parse(p)).collect::<Result<Vec<_>, _>>()?;

    let tie = parts::Tie::now();
    let mut all = Vec::new();
    for target in &arguments.targets {
        let (name, number) = target.split_once('=').ok_or_else(|| format!("--target {target}: no `=`"))?;
        for (case, talk_ms) in [("idle", arguments.short_talk_ms), ("overload", arguments.long_talk_ms)] {
            let load = Load {
                number,
                calls: arguments.calls,
                rate: arguments.rate,
                ring: Duration::from_millis(arguments.ring_ms),
                talk: Duration::from_millis(talk_ms),
            };
            let before: Vec<Duration> = processes.iter().map(figures::Process::time).collect();
            eprintln!("   {name}, agents {case}: {} calls at {} a second", load.calls, load.rate);
            let seen = floor.run(&load).map_err(|e| format!("{name}, {case}: {e}"))?;
            let used = processes.iter().zip(&before).map(|(p, b)| p.used_since(*b, load.calls)).collect();
            // Where callers wait, ringing has to do with agents coming free, not with the way of a call.
            let log = arguments
                .timing
                .as_ref()
                .filter(|_| case == "idle")
                .and_then(|path| std::fs::read_to_string(path).ok());
            let parts = log.map(|log| parts::parts(&log, &tie, &seen.stamps)).unwrap_or_default();
            all.push(Figures::of(name, number, case, &load, &seen, used, &parts));
        }
    }
    if arguments.json {
        println!("{}", figures::json(&all));
    } else {
        print!("{}", figures::table(&all));
    }
    Ok(all.iter().all(Figures::is_clean))
}
