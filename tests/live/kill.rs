//! The controller killed (`kill -9`) again and again with calls in every phase, on the real switch: no caller is
//! dropped, places are kept, a talking pair stays one call with one agent, agents stay logged in, and the facts are
//! complete.

use crate::parts::{asterisk::Asterisk, centre::Centre, centre::NUMBER, sipp::Sipp, until};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

const AGENTS: std::ops::Range<u16> = 1101..1105;
const CALLS: u32 = 24;
const LONGEST: Duration = Duration::from_secs(180);

/// The five phases a kill must meet, as the floor names them.
const PHASES: [&str; 5] = ["in the menu", "waiting", "ringing", "talking", "wrapping up"];

/// How many are in each phase.
fn phases(floor: &Value) -> BTreeMap<&'static str, usize> {
    let mut counted: BTreeMap<&'static str, usize> = PHASES.iter().map(|phase| (*phase, 0)).collect();
    let mut count = |phase| *counted.get_mut(phase).expect("a phase of the list") += 1;
    for call in floor["calls"].as_array().into_iter().flatten() {
        match call["stage"].as_str().unwrap_or_default() {
            "in_dialplan" => count("in the menu"),
            "waiting" => count("waiting"),
            "ringing" | "connecting" => count("ringing"),
            "talking" => count("talking"),
            _ => {}
        }
    }
    for agent in floor["agents"].as_array().into_iter().flatten() {
        if agent["state"] == "wrapping_up" {
            count("wrapping up");
        }
    }
    counted
}

fn calls(floor: &Value) -> BTreeMap<String, &Value> {
    let all = floor["calls"].as_array().into_iter().flatten();
    all.map(|call| (call["id"].as_str().unwrap_or_default().to_owned(), call)).collect()
}

fn talking(floor: &Value) -> BTreeMap<String, String> {
    calls(floor)
        .into_iter()
        .filter(|(_, call)| call["stage"] == "talking")
        .map(|(id, call)| (id, call["agent"].as_str().unwrap_or_default().to_owned()))
        .collect()
}

#[test]
#[ignore = "needs Asterisk and sipp: ./ops/test"]
fn killed_in_every_phase_no_call_is_lost() {
    let asterisk = Asterisk::start();
    let mut centre = Centre::start(&asterisk, None);
    let phones: Vec<_> = AGENTS
        .map(|agent| Sipp::phone(&asterisk, "phone-takes-its-time", agent).pause(Duration::from_secs(3)).start())
        .collect();
    for agent in AGENTS {
        centre.log_in(&format!("a{agent}"));
    }
    let callers = Sipp::callers(&asterisk, "caller-presses-keys", NUMBER, CALLS, 1)
        .key("keys", "w1")
        .pause(Duration::from_millis(1500))
        .start();

    let began = Instant::now();
    let mut killed: BTreeMap<&str, usize> = PHASES.iter().map(|phase| (*phase, 0)).collect();
    let mut kills = 0;
    println!("kill   in the menu  waiting  ringing  talking  wrapping up   back after");
    while callers.tally().open + callers.tally().successful < u64::from(CALLS) && began.elapsed() < LONGEST {
        // Each time at another instant of the same bustle.
        std::thread::sleep(Duration::from_millis(2_300 + (kills * 370) % 900));
        let before = centre.floor();
        let met = phases(&before);
        centre.cordboard.kill();
        let gone = Instant::now();
        std::thread::sleep(Duration::from_millis((kills * 150) % 600));
        centre.cordboard.start_again();
        centre.until_attached();
        let back = gone.elapsed();
        let after = centre.floor();
        kills += 1;
        for phase in PHASES {
            *killed.get_mut(phase).expect("a phase of the list") += met[phase];
        }
        println!(
            "{kills:>4}   {:>11}  {:>7}  {:>7}  {:>7}  {:>11}   {:.2} s",
            met["in the menu"],
            met["waiting"],
            met["ringing"],
            met["talking"],
            met["wrapping up"],
            back.as_secs_f64()
        );
        whole(&before, &after, back);
    }
    let total: Vec<String> = PHASES.iter().map(|phase| format!("{phase} {}", killed[phase])).collect();
    println!("all of them: {} kills; {}", kills, total.join(", "));

    let tally = callers.wait(LONGEST);
    assert_eq!((tally.successful, tally.failed), (u64::from(CALLS), 0), "{tally:?}");
    for phone in phones {
        assert_eq!(phone.finish(Duration::from_secs(20)).failed, 0);
    }
    for (phase, met) in &killed {
        assert!(*met > 0, "no kill met a call {phase}");
    }
    facts_are_complete(&centre);
    centre.cordboard.kill();
    replays_to_the_byte(&centre);
}

/// The journal of all those starts through fresh cores: the same facts and effects.
fn replays_to_the_byte(centre: &Centre) {
    let replay = std::process::Command::new(env!("CARGO_BIN_EXE_cordboard"))
        .arg("replay")
        .arg(centre.data().join("test"))
        .output()
        .expect("cordboard runs");
    let said = String::from_utf8_lossy(&replay.stdout);
    println!("replay: {}", said.trim());
    assert!(replay.status.success(), "{said}{}", String::from_utf8_lossy(&replay.stderr));
}

/// What was there before is there after, in the same place.
fn whole(before: &Value, after: &Value, back: Duration) {
    let (then, now) = (calls(before), calls(after));
    for (id, call) in &then {
        // A conversation may have come to its own end meanwhile; everybody else stays until answered.
        let may_end = call["stage"] == "talking" || call["stage"] == "ending";
        assert!(may_end || now.contains_key(id), "{id} is lost: {call}\nafter {back:?}: {after:#}");
        if let Some(again) = now.get(id) {
            let (joined, rejoined) = (&call["joined_ms"], &again["joined_ms"]);
            let both = joined.is_i64() && rejoined.is_i64();
            assert!(!both || joined == rejoined, "{id} has another place: {call} and now {again}");
        }
    }
    let (pairs, pairs_now) = (talking(before), talking(after));
    for (id, agent) in &pairs {
        assert!(pairs_now.get(id).is_none_or(|now| now == agent), "{id} talked with {agent}, now with {pairs_now:?}");
    }
    let with: Vec<&String> = pairs_now.values().collect();
    assert_eq!(with.len(), with.iter().collect::<BTreeSet<_>>().len(), "an agent with two calls: {pairs_now:?}");
    for agent in before["agents"].as_array().into_iter().flatten() {
        let now = after["agents"].as_array().into_iter().flatten().find(|other| other["name"] == agent["name"]);
        let state = now.map(|now| now["state"].as_str().unwrap_or_default());
        assert!(state.is_some_and(|state| state != "away"), "{} was logged in, now {state:?}", agent["name"]);
    }
}

/// sipp's calls are the rows: each arrived once and ended once.
fn facts_are_complete(centre: &Centre) {
    let records = until(Duration::from_secs(20), "every call in the records", || {
        let (status, records) = centre.ask("GET", "/records?limit=500", None);
        assert_eq!(status, 200, "{records}");
        let all = records["records"].as_array().cloned().unwrap_or_default();
        let over = all.iter().filter(|record| record["outcome"].is_string()).count();
        (over >= CALLS as usize).then_some(all)
    });
    let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
    for record in &records {
        *outcomes.entry(record["outcome"].as_str().unwrap_or("open").to_owned()).or_default() += 1;
    }
    println!("outcomes: {outcomes:?}");
    assert_eq!(records.len(), CALLS as usize, "{outcomes:?}");
    assert_eq!(outcomes.get("answered"), Some(&(CALLS as usize)), "{outcomes:?}");
}
