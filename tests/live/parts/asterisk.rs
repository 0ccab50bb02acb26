//! A real Asterisk of the test's own, by `ops/asterisk/up` and `ops/asterisk/down`.

use super::{observer::Observer, repository, signal, slot::Slot};
use std::{
    collections::BTreeMap,
    path::PathBuf,
    process::{Command, Stdio},
};

pub struct Asterisk {
    pub slot: Slot,
    /// What `up` left in instance.env.
    settings: BTreeMap<String, String>,
}

impl Asterisk {
    pub fn start() -> Asterisk {
        let slot = Slot::claim();
        let mut asterisk = Asterisk { slot, settings: BTreeMap::new() };
        // One that a killed test left behind may hold calls: its slot is ours now.
        asterisk.run("down", &["--forget"]);
        asterisk.bring_up();
        asterisk
    }

    fn bring_up(&mut self) {
        let printed = self.run("up", &[]);
        let path = printed.lines().last().unwrap_or_else(|| panic!("ops/asterisk/up printed no instance.env"));
        let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{path}: {e}"));
        self.settings =
            text.lines().filter_map(|l| l.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
    }

    fn run(&self, script: &str, args: &[&str]) -> String {
        let (rtp_start, rtp_end) = self.slot.rtp_ports();
        let output = Command::new(repository("ops/asterisk").join(script))
            .args(args)
            .env("CORDBOARD_ASTERISK_NAME", self.slot.name())
            .env("CORDBOARD_AMI_PORT", self.slot.ami_port().to_string())
            .env("CORDBOARD_SIP_PORT", self.slot.sip_port().to_string())
            .env("CORDBOARD_PHONE_PORT", self.slot.phone_port().to_string())
            .env("CORDBOARD_RTP_START", rtp_start.to_string())
            .env("CORDBOARD_RTP_END", rtp_end.to_string())
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|e| panic!("ops/asterisk/{script}: {e}"));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "ops/asterisk/{script} failed; ./ops/test says what it needs.\n{said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn setting(&self, name: &str) -> &str {
        self.settings.get(name).unwrap_or_else(|| panic!("ops/asterisk/up leaves no {name} in instance.env"))
    }

    pub fn ami_address(&self) -> String {
        format!("127.0.0.1:{}", self.slot.ami_port())
    }

    pub fn sip_address(&self) -> String {
        format!("127.0.0.1:{}", self.slot.sip_port())
    }

    /// Of the accounts `cordboard` and `observer`.
    pub fn secret(&self) -> &str {
        self.setting("CORDBOARD_AMI_SECRET")
    }

    /// The directory of prompts as we name it, and as the switch does.
    pub fn sounds(&self) -> (PathBuf, &str) {
        (self.setting("CORDBOARD_SOUNDS_HERE").into(), self.setting("CORDBOARD_SOUNDS_ON_SWITCH"))
    }

    /// A session that sees everything, of the account that Cordboard never uses.
    pub fn observer(&self) -> Observer {
        Observer::log_in(&self.ami_address(), "observer", self.secret())
    }

    pub fn pid(&self) -> u32 {
        let path = self.setting("CORDBOARD_ASTERISK_PIDFILE");
        let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{path}: {e}"));
        text.trim().parse().unwrap_or_else(|e| panic!("{path}: {e}"))
    }

    /// Hangs: connections stay open and nothing answers, until `thaw`.
    pub fn freeze(&self) {
        signal(self.pid(), libc::SIGSTOP);
    }

    pub fn thaw(&self) {
        signal(self.pid(), libc::SIGCONT);
    }

    /// `kill -9`: no BYE, no event; and comes back empty.
    pub fn crash(&mut self) {
        signal(self.pid(), libc::SIGKILL);
        self.run("down", &[]);
        self.bring_up();
    }

    /// Stops with a BYE to every call, and comes back empty.
    pub fn restart(&mut self) {
        self.run("down", &[]);
        self.bring_up();
    }
}

impl Drop for Asterisk {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.run("down", &["--forget"]);
            return;
        }
        // The test has failed already: show the switch's side of it, and let nothing here panic a second time.
        if let Some(log) = self.settings.get("CORDBOARD_ASTERISK_LOG")
            && let Ok(text) = std::fs::read_to_string(log)
        {
            // Two hundred lines of every start say that a phone's address is known.
            let lines: Vec<&str> = text.lines().filter(|line| !line.contains("is now Reachable")).collect();
            let from = lines.len().saturating_sub(600);
            eprintln!("the end of {log}:\n{}", lines[from..].join("\n"));
        }
        let _ = Command::new(repository("ops/asterisk/down"))
            .env("CORDBOARD_ASTERISK_NAME", self.slot.name())
            .stdin(Stdio::null())
            .status();
    }
}
