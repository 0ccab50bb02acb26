//! Agents' stations on the real switch: a keypad that logs in and out, a line that is held open, and how soon a phone rings
//! again when its private call is over.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::handsets::{Call, Does, Telephones, What};
use crate::parts::{asterisk::Asterisk, centre::Centre, until};

const SOON: Duration = Duration::from_secs(20);
const AGENT: &str = "a1001";
const NUMBER: &str = "4008001234";

const PLAN: &str = r#"
language: 1
name: { en: "Test" }
zone: Asia/Shanghai
languages: [en]
queues: { service: {} }
numbers: ["4008001234"]
start: main
steps:
  main:
    - queue: service
"#;

const SHIFT: &str = r#"
numbers: ["*45"]
start: shift
steps:
  shift:
    - agent: log_in
    - hang_up
"#;

const HOME: &str = r#"
numbers: ["*46"]
start: home
steps:
  home:
    - agent: log_out
    - hang_up
"#;

/// With a number for each wish of the keypad.
fn centre(asterisk: &Asterisk) -> Centre {
    Centre::with_files(asterisk, None, &[("centre.yaml", PLAN), ("shift.yaml", SHIFT), ("home.yaml", HOME)], "")
}

/// Phones and callers around a switch, on a runtime of their own.
struct Around {
    runtime: tokio::runtime::Runtime,
    phones: Telephones,
    callers: Telephones,
    sip: SocketAddr,
}

impl Around {
    fn of(asterisk: &Asterisk) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let at: SocketAddr = ([127, 0, 0, 1], asterisk.slot.phone_port()).into();
        let (phones, callers) = runtime.block_on(async {
            let phones = Telephones::listen(at).unwrap_or_else(|error| panic!("the phones' port {at}: {error}"));
            (phones, Telephones::listen(([127, 0, 0, 1], 0).into()).expect("loopback has a free port"))
        });
        let sip = asterisk.sip_address().parse().expect("an address");
        Self { runtime, phones, callers, sip }
    }

    fn calls(&self, from: &str) -> Call {
        let _in_it = self.runtime.enter();
        self.callers.dial(self.sip, NUMBER, from, b"", true)
    }

    fn dials(&self, station: &str, number: &str) -> Call {
        let _in_it = self.runtime.enter();
        self.phones.dial(self.sip, number, station, b"", true)
    }

    fn rung(&self, station: &str) -> Call {
        let rung = self.runtime.block_on(self.phones.wait_rung(station, SOON));
        rung.unwrap_or_else(|| panic!("{station} does not ring"))
    }

    fn picks_up(&self, ring: &Call) {
        let _in_it = self.runtime.enter();
        assert!(ring.pick_up());
    }

    fn ended(&self, call: &Call) {
        assert!(self.runtime.block_on(call.wait_ended(SOON)), "{:?}", call.happened());
    }

    fn hangs_up(&self, call: &Call) {
        let _in_it = self.runtime.enter();
        call.hang_up();
    }
}

fn is(centre: &Centre, state: &str) -> Value {
    until(SOON, &format!("{AGENT} who is {state}"), || {
        let (_, seen) = centre.ask("GET", &format!("/agents/{AGENT}"), None);
        (seen["state"] == state).then_some(seen)
    })
}

fn is_gone(centre: &Centre) {
    until(SOON, &format!("{AGENT} who is away"), || {
        let (status, seen) = centre.ask("GET", &format!("/agents/{AGENT}"), None);
        (status == 404 || seen["state"] == "away").then_some(())
    });
}

/// The facts of this kind in the journal, without what differs from one to the next by its nature.
fn facts(centre: &Centre, kind: &str) -> Vec<Value> {
    let files = std::fs::read_dir(centre.data().join("test/journal")).expect("a journal");
    let texts = files.map(|file| std::fs::read_to_string(file.expect("a file").path()).unwrap_or_default());
    let text: String = texts.collect();
    let entries = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let facts = entries.flat_map(|entry| entry["facts"].as_array().cloned().unwrap_or_default());
    let of_kind = facts.filter(|fact| fact["fact"] == kind && fact["agent"] == AGENT);
    of_kind
        .map(|mut fact| {
            if let Some(fields) = fact.as_object_mut() {
                fields.remove("why");
            }
            fact
        })
        .collect()
}

#[test]
#[ignore = "needs Asterisk and sipp: ./ops/test"]
fn who_dials_star_45_from_their_phone_is_logged_in_gets_a_call_and_dials_to_log_out_as_by_the_page() {
    let asterisk = Asterisk::start();
    let around = Around::of(&asterisk);
    around.phones.set(AGENT, Does::Ring);
    let centre = self::centre(&asterisk);
    let station = format!("PJSIP/{AGENT}");
    centre.add_person(AGENT, "correct horse", &["--station", &station, "--queue", "service"]);

    let dialled = around.dials(AGENT, "*45");
    around.ended(&dialled);
    assert!(dialled.when(&What::Answered).is_some(), "it was heard: {:?}", dialled.happened());
    let seen = is(&centre, "idle");
    assert_eq!((&seen["station"], &seen["queues"]), (&json!(station), &json!(["service"])), "{seen}");

    let caller = around.calls("5551");
    let ring = around.rung(AGENT);
    around.picks_up(&ring);
    is(&centre, "talking");
    around.hangs_up(&caller);
    around.ended(&ring);
    is(&centre, "idle");
    around.ended(&around.dials(AGENT, "*46"));
    is_gone(&centre);

    // The same by the page's way in.
    let (status, answer) = centre.ask("PUT", &format!("/agents/{AGENT}/session"), Some(&json!({})));
    assert_eq!(status, 200, "{answer}");
    let (status, answer) = centre.ask("DELETE", &format!("/agents/{AGENT}/session"), None);
    assert_eq!(status, 200, "{answer}");
    for kind in ["agent_logged_in", "agent_logged_out"] {
        let told = until(SOON, "both in the journal", || Some(facts(&centre, kind)).filter(|told| told.len() == 2));
        assert_eq!(told[0], told[1], "{kind}");
    }
}

#[test]
#[ignore = "needs Asterisk and sipp: ./ops/test"]
fn two_calls_in_a_row_come_over_one_line_that_is_held_open_each_after_a_tone_and_without_a_ring() {
    let asterisk = Asterisk::start();
    let mut observer = asterisk.observer();
    let around = Around::of(&asterisk);
    around.phones.set(AGENT, Does::Answer { after: Duration::from_millis(300), talk: None });
    let mut centre = self::centre(&asterisk);
    let login =
        json!({ "station": format!("held:PJSIP/{AGENT}"), "switch": "pbx", "queues": ["service"], "skills": {} });
    let (status, answer) = centre.ask("PUT", &format!("/agents/{AGENT}/session"), Some(&login));
    assert_eq!(status, 200, "{answer}");
    assert_eq!(is(&centre, "idle")["held_line"], "up");
    let line = around.phones.call_at(AGENT).expect("the line");
    for round in 0..4 {
        if round == 2 {
            centre.cordboard.kill();
            centre.cordboard.start_again();
            centre.until_attached();
            assert_eq!(is(&centre, "idle")["held_line"], "up", "the line outlives the controller");
        }
        let before = line.sounds();
        until(SOON, "sound on the quiet line", || (line.sounds() > before + 10).then_some(()));
        let began = Instant::now();
        let caller = around.calls(&format!("555{round}"));
        // To its end: the switch says how many samples were heard.
        let tone = observer.first("the tone", SOON, |frame| {
            let to_the_agent = frame.get("Channel").starts_with(&format!("PJSIP/{AGENT}-"));
            frame.is("AsyncAGIExec") && to_the_agent && frame.get("Result").contains("endpos%3D1600")
        });
        let heard = began.elapsed();
        observer.first("the agent in a bridge", SOON, |frame| {
            frame.is("BridgeEnter") && frame.get("Channel") == tone.get("Channel")
        });
        eprintln!("call {round}: the tone was heard {heard:?} after the call, the caller {:?}", began.elapsed());
        is(&centre, "talking");
        around.hangs_up(&caller);
        around.ended(&caller);
        is(&centre, "idle");
    }
    assert_eq!(around.phones.calls_at(AGENT).len(), 1, "the phone rang once");
    assert!(line.is_up());
    around.hangs_up(&line);
    is(&centre, "phone_busy");
    is(&centre, "idle");
    assert_eq!(around.phones.calls_at(AGENT).len(), 2, "and again when it was hung up");
    let (status, answer) = centre.ask("DELETE", &format!("/agents/{AGENT}/session"), None);
    assert_eq!(status, 200, "{answer}");
    around.ended(&around.phones.calls_at(AGENT)[1]);
}

mod measurements {
    use super::*;

    const ROUNDS: u32 = 30;
    /// Rings, and is picked up by nobody.
    const FRIEND: &str = "1060";

    #[test]
    #[ignore = "a measurement: needs Asterisk and sipp"]
    fn private_call_over_to_rung() {
        let asterisk = Asterisk::start();
        let around = Around::of(&asterisk);
        around.phones.set(AGENT, Does::Ring);
        around.phones.set(&format!("a{FRIEND}"), Does::Ring);
        let centre = super::centre(&asterisk);
        centre.log_in(AGENT);
        let mut took: Vec<Duration> = Vec::new();
        for round in 0..ROUNDS {
            let private = around.dials(AGENT, FRIEND);
            is(&centre, "phone_busy");
            let caller = around.calls(&format!("555{round}"));
            until(SOON, "a caller who waits", || (centre.floor()["queues"][0]["waiting"] == 1).then_some(()));
            std::thread::sleep(Duration::from_millis(u64::from(round * 37 % 200)));
            let over = Instant::now();
            around.hangs_up(&private);
            let ring = around.rung(AGENT);
            took.push(ring.when(&What::InviteReceived).expect("it rang").duration_since(over));
            around.hangs_up(&caller);
            around.ended(&ring);
            is(&centre, "idle");
        }
        took.sort();
        let at = |percent: usize| took[(took.len() - 1) * percent / 100];
        println!(
            "private call over -> rung, {ROUNDS} rounds: p50 {:?}, p99 {:?}, longest {:?}",
            at(50),
            at(99),
            took[took.len() - 1]
        );
    }
}
