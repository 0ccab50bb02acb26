//! Callers and agents' phones: sipp with the scenarios of `ops/sipp`, judged by sipp's own statistics.

use super::{asterisk::Asterisk, end, repository, signal, until};
use std::{
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

/// sipp's count of calls; one that did not go as its scenario says has failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub successful: u64,
    pub failed: u64,
    pub open: u64,
}

/// How a sipp is to be run. Each builder names its scenario in `ops/sipp`.
pub struct Sipp {
    command: Command,
    dir: tempfile::TempDir,
    what: String,
}

/// How long `phone-hears-talk` rings before it is picked up by hand.
const RINGS_FOR: &str = "8000";

impl Sipp {
    fn new(asterisk: &Asterisk, scenario: &str, port: u16) -> Sipp {
        let dir = tempfile::tempdir().expect("a directory for sipp's files can be made");
        let path = repository("ops/sipp").join(format!("{scenario}.xml"));
        Sipp::of(asterisk, scenario, &path, dir, port)
    }

    /// The phone of a person who picks up by *Answer* alone: a test on a busy machine may take longer than eight seconds to
    /// look at what rings.
    pub fn patient_phone(asterisk: &Asterisk, agent: u16) -> Sipp {
        let scenario = "phone-hears-talk";
        let text = std::fs::read_to_string(repository("ops/sipp").join(format!("{scenario}.xml"))).expect("a scenario");
        assert!(text.contains(RINGS_FOR), "{scenario} rings for another time than {RINGS_FOR} ms");
        let dir = tempfile::tempdir().expect("a directory for sipp's files can be made");
        let path = dir.path().join(format!("{scenario}.xml"));
        std::fs::write(&path, text.replace(RINGS_FOR, "300000")).expect("a scenario can be written");
        Sipp::of(asterisk, scenario, &path, dir, phone_port(asterisk, agent))
    }

    fn of(asterisk: &Asterisk, scenario: &str, path: &Path, dir: tempfile::TempDir, port: u16) -> Sipp {
        let media = asterisk.slot.next_ports();
        let mut command = Command::new("sipp");
        command
            .current_dir(dir.path())
            .arg("-nostdin")
            .arg("-sf")
            .arg(path)
            .args(["-i", "127.0.0.1", "-p", &port.to_string(), "-mp", &media.to_string()])
            .args(["-trace_stat", "-stf", "stat.csv", "-fd", "1"])
            .args(["-trace_err", "-error_file", "errors.log", "-trace_screen", "-screen_file", "screen.log"])
            .arg(asterisk.sip_address())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Sipp { command, dir, what: format!("sipp {scenario}") }
    }

    /// `calls` callers of `number`, started one after the other at `rate` a second.
    pub fn callers(asterisk: &Asterisk, scenario: &str, number: &str, calls: u32, rate: u32) -> Sipp {
        let mut sipp = Sipp::new(asterisk, scenario, asterisk.slot.next_ports());
        let (calls, rate) = (calls.to_string(), rate.to_string());
        sipp.command.args(["-s", number, "-key", "from", "555", "-m", &calls, "-r", &rate, "-l", &calls]);
        sipp
    }

    /// The phones of a1001 to a1100, which behave alike.
    pub fn phones(asterisk: &Asterisk, scenario: &str) -> Sipp {
        Sipp::new(asterisk, scenario, asterisk.slot.phone_port())
    }

    /// The phone of one agent of a1101 to a1200, by the number after the `a`.
    pub fn phone(asterisk: &Asterisk, scenario: &str, agent: u16) -> Sipp {
        Sipp::new(asterisk, scenario, phone_port(asterisk, agent))
    }

    /// The scenario's pause.
    pub fn pause(mut self, pause: Duration) -> Sipp {
        self.command.args(["-d", &pause.as_millis().to_string()]);
        self
    }

    /// A word of the scenario: `keys`, `status`.
    pub fn key(mut self, name: &str, value: &str) -> Sipp {
        self.command.args(["-key", name, value]);
        self
    }

    pub fn start(mut self) -> Running {
        let child = self.command.spawn().unwrap_or_else(|e| panic!("sipp (Debian's sip-tester): {e}"));
        let mut running = Running { child, dir: self.dir, what: self.what };
        // sipp opens its sockets before it writes the first line of statistics.
        let began = running.dir.path().join("stat.csv");
        until(Duration::from_secs(10), "statistics of sipp", || {
            if let Ok(Some(status)) = running.child.try_wait()
                && !began.exists()
            {
                panic!("{} ended with {status} before it began\n{}", running.what, running.complaints());
            }
            began.exists().then_some(())
        });
        running
    }
}

fn phone_port(asterisk: &Asterisk, agent: u16) -> u16 {
    assert!((1101..=1200).contains(&agent), "a{agent} has no phone of its own");
    asterisk.slot.phone_port() + (agent - 1100)
}

pub struct Running {
    child: Child,
    dir: tempfile::TempDir,
    what: String,
}

impl Running {
    /// As of at most a second ago, or final if sipp has ended.
    pub fn tally(&self) -> Tally {
        let text = std::fs::read_to_string(self.dir.path().join("stat.csv")).unwrap_or_default();
        tally(&text).unwrap_or_default()
    }

    /// Waits for sipp to be done with all its calls.
    pub fn wait(mut self, limit: Duration) -> Tally {
        let what = format!("end of {}", self.what);
        let status: ExitStatus =
            until(limit, &what, || self.child.try_wait().expect("a child can be asked for its status"));
        let tally = self.count();
        assert!(status.success() == (tally.failed == 0), "{} ended with {status} but counts {tally:?}", self.what);
        tally
    }

    /// Takes no more calls, lets those that are open end, and counts.
    pub fn finish(mut self, limit: Duration) -> Tally {
        signal(self.child.id(), libc::SIGUSR1);
        let what = format!("end of {}", self.what);
        until(limit, &what, || self.child.try_wait().expect("a child can be asked for its status"));
        self.count()
    }

    /// The last tally; what went wrong is shown if the test fails for it.
    fn count(&self) -> Tally {
        let tally = self.tally();
        if tally.failed > 0 {
            eprintln!("{}: {tally:?}\n{}", self.what, self.complaints());
        }
        tally
    }

    /// What sipp says was unexpected.
    pub fn complaints(&self) -> String {
        std::fs::read_to_string(self.file("errors.log")).unwrap_or_default()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}: {:?}\n{}", self.what, self.tally(), self.complaints());
        }
        end(&mut self.child);
    }
}

/// The last complete line of sipp's statistics.
fn tally(csv: &str) -> Option<Tally> {
    let mut lines = csv.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let names: Vec<&str> = lines.next()?.split(';').collect();
    let last: Vec<&str> = lines.next_back()?.split(';').collect();
    let column = |name: &str| {
        let at = names.iter().position(|n| *n == name)?;
        last.get(at)?.parse().ok()
    };
    Some(Tally {
        successful: column("SuccessfulCall(C)")?,
        failed: column("FailedCall(C)")?,
        open: column("CurrentCall")?,
    })
}

#[test]
fn the_tally_is_the_last_complete_line() {
    let csv = "StartTime;CurrentCall;SuccessfulCall(P);SuccessfulCall(C);FailedCall(C);\n\
               a;2;0;0;0;\n\
               b;1;1;7;3;\n\
               c;0;0;9";
    assert_eq!(tally(csv), Some(Tally { successful: 7, failed: 3, open: 1 }));
    assert_eq!(tally("StartTime;CurrentCall"), None);
}
