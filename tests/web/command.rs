//! The binary: exit codes, what it says, and how it stops.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::desk::{CENTRE, PATIENCE};

fn installation(web: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path();
    std::fs::create_dir(path.join("demo")).expect("a directory");
    std::fs::write(path.join("demo/centre.yaml"), CENTRE).expect("written");
    let config = format!(
        "web: {web}\nlogging: {{ format: json }}\nswitches: {{ pbx: {{ rehearsal: {{}} }} }}\n\
         centres: {{ demo: {{ directory: demo }} }}\n"
    );
    std::fs::write(path.join("cordboard.yaml"), config).expect("written");
    directory
}

fn cordboard(at: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cordboard"));
    command.current_dir(at).stdin(Stdio::null());
    command
}

fn run(at: &Path, arguments: &[&str]) -> (i32, String, String) {
    ended(cordboard(at).args(arguments).output().expect("run"))
}

fn ended(output: Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

fn with_stdin(at: &Path, arguments: &[&str], given: &str) -> (i32, String, String) {
    let mut command = cordboard(at);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("run");
    child.stdin.take().expect("a pipe").write_all(given.as_bytes()).expect("written");
    ended(child.wait_with_output().expect("ended"))
}

#[test]
fn check_shows_every_mistake_where_it_stands() {
    let here = installation("{}");
    let (code, said, _) = run(here.path(), &["check"]);
    assert_eq!((code, said.starts_with("demo: no mistakes")), (0, true), "{said}");
    let wrong = CENTRE.replace("queue: desk", "queue: dusk").replace("Asia/", "Asio/");
    std::fs::write(here.path().join("demo/centre.yaml"), wrong).expect("written");
    for arguments in [&["check"][..], &["check", "demo"], &["check", "--config", "cordboard.yaml"]] {
        let (code, said, _) = run(here.path(), arguments);
        assert_eq!(code, 1, "{said}");
        assert_eq!(said.matches("centre.yaml:").count(), 2, "{said}");
    }
    let (code, _, said) = run(here.path(), &["serve"]);
    assert_eq!((code, said.matches("centre.yaml:").count()), (2, 2), "{said}");
    assert_eq!(run(here.path(), &["check", "nowhere"]).0, 2);
    assert_eq!(run(here.path(), &["check", "--config", "nowhere.yaml"]).0, 2);
    assert_eq!(run(here.path(), &["chekc"]).0, 2);
}

#[test]
fn serve_on_an_open_address_wants_a_token() {
    let here = installation("{ address: \"0.0.0.0:0\" }");
    let (code, _, said) = run(here.path(), &["serve"]);
    assert_eq!((code, said.contains("token_file")), (2, true), "{said}");
    let here = installation("{ address: \"0.0.0.0:0\", token_env: CORDBOARD_TEST_NOT_SET }");
    let (code, _, said) = run(here.path(), &["serve"]);
    assert_eq!((code, said.contains("CORDBOARD_TEST_NOT_SET")), (2, true), "{said}");
}

#[test]
fn people_are_added_changed_listed_and_removed() {
    let here = installation("{}");
    let at = here.path();
    let add = ["user", "add", "mira", "--station", "PJSIP/1001", "--queue", "desk", "--skill", "english=5"];
    assert_eq!(run(at, &add).0, 0);
    let (code, _, said) = run(at, &add);
    assert_eq!((code, said.contains("mira is there already")), (1, true), "{said}");
    for (arguments, says) in [
        (&["user", "add", "x", "--queue", "dusk"][..], "no queue \"dusk\""),
        (&["user", "add", "x", "--skill", "welsh=1"], "no skill \"welsh\""),
        (&["user", "add", "x", "--station", "PJSIP/a&b"], "is no station"),
        (&["user", "add", "x\u{1b}[2J"], "can be seen"),
        (&["user", "set", "nobody", "--queue", "desk"], "there is no agent nobody"),
        (&["user", "remove", "nobody"], "there is no agent nobody"),
    ] {
        let (code, _, said) = run(at, arguments);
        assert_eq!((code, said.contains(says)), (1, true), "{arguments:?}: {said}");
    }
    assert_eq!(run(at, &["user", "list", "--centre", "nowhere"]).0, 2);
    let (code, said, _) = with_stdin(at, &["user", "password", "mira"], "correct horse\n");
    assert_eq!((code, said.as_str()), (0, "mira has a new password\n"));
    let (code, _, said) = with_stdin(at, &["user", "password", "mira"], "short\n");
    assert_eq!((code, said.contains("8 characters")), (1, true), "{said}");
    assert_eq!(run(at, &["user", "set", "mira", "--role", "supervisor", "--no-skills", "--auto-answer", "yes"]).0, 0);
    let (_, said, _) = run(at, &["user", "list", "--json"]);
    let people: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    let mira = serde_json::json!([{
        "name": "mira", "display_name": "mira", "role": "supervisor", "has_password": true, "switch": "pbx",
        "station": "PJSIP/1001", "auto_answer": true, "queues": ["desk"], "skills": {},
    }]);
    assert_eq!(people, mira);
    assert!(!said.contains("argon2"));
    assert_eq!(run(at, &["check", "--people"]).0, 0);
    std::fs::write(at.join("demo/centre.yaml"), CENTRE.replace("desk", "front")).expect("written");
    let (code, said, _) = run(at, &["check", "--people"]);
    assert_eq!((code, said.contains("demo/mira: there is no queue \"desk\"")), (1, true), "{said}");
    assert_eq!(run(at, &["user", "remove", "mira"]).0, 0);
    assert_eq!(run(at, &["user", "list"]).1.lines().count(), 1);
}

#[test]
fn keys_are_made_shown_once_listed_and_revoked() {
    let here = installation("{}");
    let at = here.path();
    let (code, key, said) = run(at, &["key", "add", "website", "--scope", "floor:read", "--scope", "calls:read"]);
    assert_eq!((code, key.starts_with("cb_"), said.contains("not shown again")), (0, true, true), "{said}");
    let id = key.split('_').nth(1).expect("an id").to_owned();
    let (_, listed, _) = run(at, &["key", "list"]);
    assert!(listed.contains(&id) && listed.contains("floor:read calls:read") && listed.contains("never"), "{listed}");
    let (_, listed, _) = run(at, &["key", "list", "--json"]);
    let secret = key.trim().rsplit('_').next().expect("a secret").to_owned();
    assert!(listed.contains(&id) && !listed.contains(&secret), "{listed}");
    let keys: serde_json::Value = serde_json::from_str(&listed).expect("JSON");
    assert_eq!((&keys[0]["name"], &keys[0]["ends_ms"]), (&"website".into(), &serde_json::Value::Null));
    for (arguments, code) in [
        (&["key", "add", "x"][..], 2),
        (&["key", "add", "x", "--scope", "calls:burn"], 2),
        (&["key", "add", "x", "--scope", "floor:read", "--days", "0"], 2),
        (&["key", "add", "x\u{1b}[2J", "--scope", "floor:read"], 1),
        (&["key", "add", "", "--scope", "floor:read"], 1),
        (&["key", "revoke", "000000000000"], 1),
        (&["key", "list", "--centre", "nowhere"], 2),
    ] {
        assert_eq!(run(at, arguments).0, code, "{arguments:?}");
    }
    // As it was found in somebody's repository.
    assert_eq!(run(at, &["key", "revoke", key.trim()]).0, 0);
    let (code, _, said) = run(at, &["key", "revoke", &id]);
    assert_eq!((code, said.contains("there is no key")), (1, true), "{said}");
    assert!(run(at, &["key", "list"]).1.contains("revoked"));
}

#[test]
fn hooks_are_made_listed_switched_and_removed() {
    let here = installation("{ hooks: { allow: [10.1.0.0/16] } }");
    let at = here.path();
    let (code, secret, said) = run(at, &["hook", "add", "https://tickets.example/in", "--kind", "call_ended"]);
    assert_eq!((code, secret.starts_with("whsec_")), (0, true), "{said}");
    assert_eq!(run(at, &["hook", "add", "http://10.1.2.3:8080/in"]).0, 0);
    for (url, says) in
        [("http://10.2.0.1/", "https://"), ("https://127.0.0.1/", "allow"), ("tickets.example", "https://host")]
    {
        let (code, _, said) = run(at, &["hook", "add", url]);
        assert_eq!((code, said.contains(says)), (1, true), "{url}: {said}");
    }
    let (code, _, said) = run(at, &["hook", "add", "https://tickets.example/in", "--kind", "call_burnt"]);
    assert_eq!((code, said.contains("call_ended")), (1, true), "{said}");
    let (_, listed, _) = run(at, &["hook", "list", "--json"]);
    assert!(!listed.contains(secret.trim()), "{listed}");
    let hooks: serde_json::Value = serde_json::from_str(&listed).expect("JSON");
    assert_eq!(hooks.as_array().map(Vec::len), Some(2), "{hooks}");
    let id = hooks[0]["id"].as_str().expect("an id").to_owned();
    assert_eq!(run(at, &["hook", "off", &id]).0, 0);
    assert!(run(at, &["hook", "list"]).1.contains("switched off by hand"));
    assert_eq!(run(at, &["hook", "on", &id]).0, 0);
    assert!(!run(at, &["hook", "list"]).1.contains("switched off"));
    assert_eq!(run(at, &["hook", "remove", &id]).0, 0);
    for what in ["on", "off", "remove"] {
        let (code, _, said) = run(at, &["hook", what, &id]);
        assert_eq!((code, said.contains("there is no hook")), (1, true), "{said}");
    }
    let here = installation("{ hooks: { allow: [10.1.0.0/33, inside] } }");
    let (code, _, said) = run(here.path(), &["hook", "list"]);
    assert_eq!((code, said.matches("is no network").count()), (2, 2), "{said}");
}

struct Serving(Option<Child>);

impl Serving {
    fn start(at: &Path) -> Self {
        let log = std::fs::File::create(at.join("log")).expect("a file");
        Self(Some(cordboard(at).arg("serve").arg("--traffic").stderr(log).spawn().expect("started")))
    }

    fn signal(&self, signal: i32) {
        let id = self.0.as_ref().expect("running").id();
        let status = Command::new("kill").arg(format!("-{signal}")).arg(id.to_string()).status().expect("kill");
        assert!(status.success());
    }

    fn end(mut self) -> i32 {
        let mut child = self.0.take().expect("running");
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if let Some(status) = child.try_wait().expect("waited") {
                return status.code().unwrap_or(-1);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = child.kill();
        let _ = child.wait();
        panic!("it does not end");
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The first line of the log, parsed, of which `good` is true.
fn logged(at: &Path, good: impl Fn(&serde_json::Value) -> bool) -> serde_json::Value {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        let log = std::fs::read_to_string(at.join("log")).unwrap_or_default();
        let mut lines = log.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        if let Some(line) = lines.find(|line| good(line)) {
            return line;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("never logged; the log is\n{}", std::fs::read_to_string(at.join("log")).unwrap_or_default());
}

#[test]
fn serve_carries_calls_reloads_and_stops_and_its_journal_can_be_replayed() {
    let here = installation("{ address: \"127.0.0.1:0\" }");
    let at = here.path();
    let serving = Serving::start(at);
    let arrived = logged(at, |line| line["target"] == "cordboard::fact" && line["call"].is_string());
    assert!(arrived["message"].as_str().is_some_and(|words| words.starts_with("a call to ")), "{arrived}");

    let second = cordboard(at).arg("serve").output().expect("run");
    let (code, _, said) = ended(second);
    assert_eq!((code, said.contains("another controller")), (1, true), "{said}");

    std::fs::write(at.join("demo/centre.yaml"), CENTRE.replace("Asia/", "Asio/")).expect("written");
    serving.signal(1);
    let refused = logged(at, |line| line["level"] == "ERROR");
    assert!(refused["message"].as_str().is_some_and(|words| words.contains("centre.yaml:3:")), "{refused}");
    std::fs::write(at.join("demo/centre.yaml"), CENTRE.replace("Front", "Back")).expect("written");
    serving.signal(1);
    logged(at, |line| line["message"] == "read again");

    serving.signal(15);
    assert_eq!(serving.end(), 0);
    let (code, said, _) = run(at, &["replay", "data/demo"]);
    assert_eq!((code, said.contains(" 0 differ")), (0, true), "{said}");
    let journal = std::fs::read_dir(at.join("data/demo/journal")).expect("a directory");
    let entries = journal
        .filter_map(|file| Some(file.ok()?.path()).filter(|path| path.extension().is_some_and(|e| e == "jsonl")));
    for path in entries {
        let text = std::fs::read_to_string(&path).expect("text");
        // What was decided then, told otherwise, with a sum that fits: only a replay can see it.
        std::fs::write(&path, forged(&text)).expect("written");
    }
    let (code, said, _) = run(at, &["replay", "data/demo/journal"]);
    assert_eq!((code, said.contains("other facts")), (1, true), "{said}");
}

fn forged(text: &str) -> String {
    let lines = text.lines().map(|line| {
        if !line.contains("\"fact\":\"link_changed\"") {
            return line.to_owned();
        }
        let (body, _) = line.rsplit_once(",\"crc\":").expect("a sum");
        let body = body.replace("\"up\":true", "\"up\":false");
        let sum = crc32fast::hash(body.as_bytes());
        format!("{body},\"crc\":\"{sum:08x}\"}}")
    });
    lines.map(|line| line + "\n").collect()
}
