//! A whole centre on real parts: an Asterisk, phones and Cordboard on it, driven and watched by the JSON interface.

use super::{asterisk::Asterisk, cordboard::Cordboard, until};
use serde_json::{Value, json};
use std::{
    io::{Read, Write},
    net::TcpStream,
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

/// Calls to this number hear a menu, press 1, and wait in the queue `service`.
pub const NUMBER: &str = "4008001234";

/// As short as a test can bear and as long as every phase of a call needs to be seen.
const PLAN: &str = r#"
language: 1
name: { en: "Test" }
zone: Asia/Shanghai
languages: [en]
break_reasons: [lunch]
queues:
  service: { ring_for: 8s, wrap_up: 2s, rest_after_missed: 2s }
numbers: ["4008001234"]
start: main
steps:
  main:
    - menu:
        say: { en: "For service press one." }
        keys: { 1: service }
        timeout: 2s
        tries: 2
        otherwise: service
  service:
    - queue: service
"#;

pub struct Centre {
    pub cordboard: Cordboard,
    web: String,
    dir: tempfile::TempDir,
}

impl Centre {
    /// Cordboard on this switch with its database at `database` (`None`: SQLite among its own files).
    pub fn start(asterisk: &Asterisk, database: Option<&str>) -> Centre {
        Centre::with_plan(asterisk, database, PLAN)
    }

    /// The same with this YAML in the place of the plan of every other test.
    pub fn with_plan(asterisk: &Asterisk, database: Option<&str>, yaml: &str) -> Centre {
        Centre::with_switch(asterisk, database, yaml, "")
    }

    /// The same, and `more` of what `asterisk:` may say in cordboard.yaml.
    pub fn with_switch(asterisk: &Asterisk, database: Option<&str>, yaml: &str, more: &str) -> Centre {
        Centre::with_files(asterisk, database, &[("centre.yaml", yaml)], more)
    }

    /// The same with a plan of several files: each has numbers and a start of its own.
    pub fn with_files(asterisk: &Asterisk, database: Option<&str>, files: &[(&str, &str)], more: &str) -> Centre {
        let dir = tempfile::tempdir().expect("a directory can be made");
        let web = format!("127.0.0.1:{}", asterisk.slot.next_ports());
        let (here, there) = asterisk.sounds();
        let plan = dir.path().join("test");
        std::fs::create_dir_all(&plan).expect("a directory can be made");
        for (name, yaml) in files {
            std::fs::write(plan.join(name), yaml).expect("the plan can be written");
        }
        let database = database.map_or_else(String::new, |url| format!("database: \"{url}\"\n"));
        let config = format!(
            "web: {{ address: \"{web}\" }}\n{database}switches:\n  pbx:\n    asterisk:\n      ami: \"{ami}\"\n      \
             user: cordboard\n      secret: \"{secret}\"\n      sounds: {{ here: \"{here}\", switch: \"{there}\" }}\n      {more}\n\
             centres:\n  test: {{ directory: test }}\n",
            ami = asterisk.ami_address(),
            secret = asterisk.secret(),
            here = here.display(),
        );
        let path = dir.path().join("cordboard.yaml");
        std::fs::write(&path, config).expect("the configuration can be written");
        let centre = Centre { cordboard: Cordboard::serve(&path, &web), web, dir };
        centre.until_attached();
        centre
    }

    /// Somebody who can log in at the pages; `more`: what else `cordboard user add` is told.
    pub fn add_person(&self, name: &str, password: &str, more: &[&str]) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cordboard"));
        command.args(["user", "add", name, "--password", "--config"]).arg(self.config()).args(more);
        let mut adding = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("cordboard runs");
        writeln!(adding.stdin.take().expect("a pipe"), "{password}").expect("a password can be written");
        let ended = adding.wait().expect("a child can be waited for");
        assert!(ended.success(), "{name} is not added: {ended}");
    }

    pub fn base(&self) -> String {
        format!("http://{}", self.web)
    }

    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub fn config(&self) -> PathBuf {
        self.dir.path().join("cordboard.yaml")
    }

    /// The switch has told what lives on it.
    pub fn until_attached(&self) {
        until(Duration::from_secs(20), "the switch in reach", || {
            self.floor()["switches"][0]["up"].as_bool().filter(|up| *up)
        });
    }

    pub fn log_in(&self, agent: &str) {
        let body = json!({
            "station": format!("PJSIP/{agent}"), "switch": "pbx", "queues": ["service"], "skills": {}
        });
        let (status, answer) = self.ask("PUT", &format!("/agents/{agent}/session"), Some(&body));
        assert!((200..300).contains(&status), "{agent} cannot log in: {status} {answer}");
    }

    pub fn floor(&self) -> Value {
        let (status, floor) = self.ask("GET", "/floor", None);
        assert_eq!(status, 200, "{floor}");
        floor
    }

    /// One request about the centre; its status and its answer.
    pub fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let answer = self.raw(method, &format!("/api/v1/centres/test{path}"), body);
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        (status, serde_json::from_str(body).unwrap_or(Value::String(body.to_owned())))
    }

    pub fn raw(&self, method: &str, path: &str, body: Option<&Value>) -> String {
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = format!(
            "{method} {path} HTTP/1.0\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.web,
            body.len()
        );
        let mut stream = TcpStream::connect(&self.web).expect("Cordboard listens");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a time limit can be set");
        stream.write_all(request.as_bytes()).expect("a request can be written");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an answer can be read");
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// A counter of `/metrics`, all its labels together.
    pub fn counted(&self, name: &str) -> f64 {
        let text = self.raw("GET", "/metrics", None);
        text.lines()
            .filter(|line| line.starts_with(name) && !line.starts_with('#'))
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum()
    }
}
