//! A caller who waits presses 1, hears that they will be called, and is hung up; the controller is killed; an agent comes,
//! whose phone rings, then the caller's does, and both hear each other. On the real switch, once and never twice; and killed
//! again while the caller's telephone rings, with an agent who listens to that or before any agent is rung.

use crate::parts::{
    asterisk::Asterisk,
    centre::Centre,
    observer::Observer,
    sipp::{Sipp, Tally},
    until,
};
use serde_json::{Value, json};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);
const NUMBER: &str = "4008001234";
const AGENT: &str = "a1101";

const PLAN: &str = r#"
language: 1
name: { en: "Test" }
zone: Asia/Shanghai
languages: [en]
queues: { service: { wrap_up: 2s } }
numbers: ["4008001234"]
start: main
steps:
  main:
    - queue:
        name: service
        waiting:
          - once: { time: 2s, do: [ say: "Press one.", offer_call_back: { key: 1, then: owed } ] }
  owed:
    - say: "We call you back."
    - hang_up
dial_out: { switch: pbx, to: "PJSIP/{number}@trunk", shown: "4008001234", allowed: ["555"] }
"#;

fn promises(centre: &Centre) -> Vec<Value> {
    centre.floor()["promises"].as_array().cloned().unwrap_or_default()
}

/// Waits until two legs have come into one bridge: those two hear each other.
fn hear_each_other(observer: &mut Observer) {
    let first = observer.event("BridgeEnter", SOON);
    let bridge = first.get("BridgeUniqueid").to_owned();
    let second = observer.first("the other leg in the bridge", SOON, |frame| {
        frame.is("BridgeEnter") && frame.get("BridgeUniqueid") == bridge
    });
    assert_ne!(first.get("Channel"), second.get("Channel"));
}

fn listed(centre: &Centre, what: &str, full: impl Fn(&Value) -> bool) -> Vec<Value> {
    until(SOON, &format!("{what} in the records"), || {
        let (_, page) = centre.ask("GET", &format!("/{what}"), None);
        let all = page[what].as_array().cloned().unwrap_or_default();
        all.first().is_some_and(&full).then_some(all)
    })
}

#[test]
#[ignore = "needs Asterisk and sipp: ./ops/test"]
fn a_caller_who_presses_one_is_called_back_once_though_the_controller_was_killed_meanwhile() {
    let asterisk = Asterisk::start();
    let mut observer = asterisk.observer();
    let mut centre = Centre::with_plan(&asterisk, None, PLAN);
    let caller = Sipp::callers(&asterisk, "caller-presses-keys", NUMBER, 1, 1)
        .key("keys", "1")
        .pause(Duration::from_secs(5))
        .start();
    let played = |event: &crate::parts::observer::Frame| event.is("DTMFEnd") && event.get("Direction") == "Received";
    observer.first("the key", SOON, played);
    // Hung up by us, after the confirmation.
    assert_eq!(caller.finish(SOON), Tally { successful: 1, failed: 0, open: 0 });
    let owed = until(SOON, "promise that waits and a caller who is gone", || {
        let owed = promises(&centre);
        (owed.len() == 1 && centre.floor()["calls"] == json!([])).then(|| owed[0].clone())
    });
    assert_eq!((&owed["number"], &owed["stage"]), (&json!("5551"), &json!("waiting")), "{owed:#}");

    centre.cordboard.kill();
    centre.cordboard.start_again();
    centre.until_attached();
    let after = promises(&centre);
    assert_eq!((after.len(), &after[0]["promise"], &after[0]["joined_ms"]), (1, &owed["promise"], &owed["joined_ms"]));

    let agents_phone = Sipp::phone(&asterisk, "phone-answers", 1101).pause(Duration::from_millis(300)).start();
    let outside = Sipp::phones(&asterisk, "phone-hangs-up").pause(Duration::from_secs(3)).start();
    centre.log_in(AGENT);
    hear_each_other(&mut observer);
    for phone in [agents_phone, outside] {
        assert_eq!(phone.finish(SOON), Tally { successful: 1, failed: 0, open: 0 });
    }
    let kept = listed(&centre, "promises", |promise| promise["ended_ms"].is_number());
    assert_eq!((kept.len(), &kept[0]["how"], &kept[0]["agent"]), (1, &json!("kept"), &json!(AGENT)), "{kept:#?}");
    let dials = listed(&centre, "dials", |dial| dial["ended_ms"].is_number());
    assert_eq!((dials.len(), &dials[0]["how"]), (1, &json!("answered")), "{dials:#?}");
    let records = listed(&centre, "records", |record| record["ended_ms"].is_number());
    assert_eq!((records.len(), &records[0]["outcome"]), (1, &json!("promised_call_back")), "{records:#?}");
    assert!(promises(&centre).is_empty());
}

/// The same, where the telephone of whoever is owed the call rings before an agent's phone does.
fn customer_first() -> String {
    let rules = "service: { wrap_up: 2s, call_back: { first: customer, start: called, again_after: 30s } }";
    let called = "steps:\n  called:\n    - say: \"You are called back.\"\n    - queue: service\n";
    PLAN.replace("service: { wrap_up: 2s }", rules).replace("steps:\n", called)
}

/// Somebody is owed a call, and nobody is there to keep it.
fn owed(centre: &Centre) -> Value {
    let number = json!({ "number": "5551" });
    let (status, owed) = centre.ask("POST", "/queues/service/promises", Some(&number));
    assert_eq!(status, 200, "{owed:#}");
    owed
}

/// The telephone outside rings by now: a channel to it is ringing on the switch.
fn outside_rings(observer: &mut Observer) {
    observer.first("the telephone outside ringing", SOON, |frame| {
        frame.is("Newstate") && frame.get("Channel").contains("trunk") && frame.get("ChannelStateDesc") == "Ringing"
    });
}

/// Killed while the telephone rings, and started again at once: nothing is rung a second time, and one conversation comes
/// of it.
fn killed_while_it_rings(plan: &str) {
    let asterisk = Asterisk::start();
    let mut observer = asterisk.observer();
    let mut centre = Centre::with_plan(&asterisk, None, plan);
    let promise = owed(&centre);
    let agents_phone = Sipp::phone(&asterisk, "phone-answers", 1101).pause(Duration::from_millis(300)).start();
    // Rings for a second and a half.
    let outside = Sipp::phones(&asterisk, "phone-takes-its-time").pause(Duration::from_secs(3)).start();
    centre.log_in(AGENT);
    outside_rings(&mut observer);
    centre.cordboard.kill();
    centre.cordboard.start_again();
    centre.until_attached();
    hear_each_other(&mut observer);
    let kept = listed(&centre, "promises", |promise| promise["ended_ms"].is_number());
    assert_eq!((kept.len(), &kept[0]["how"], &kept[0]["agent"]), (1, &json!("kept"), &json!(AGENT)), "{kept:#?}");
    assert_eq!((&kept[0]["promise"], &kept[0]["tries"]), (&promise["promise"], &json!(0)), "rung once: {kept:#?}");
    for phone in [agents_phone, outside] {
        assert_eq!(phone.finish(SOON), Tally { successful: 1, failed: 0, open: 0 }, "one call each");
    }
    until(SOON, "floor on which nothing is left", || {
        let floor = centre.floor();
        (floor["promises"] == json!([]) && floor["calls"] == json!([])).then_some(())
    });
}

#[test]
#[ignore = "needs Asterisk and sipp: ./ops/test"]
fn killed_while_the_number_rings_and_the_agent_waits_for_it_they_talk_all_the_same_and_once() {
    killed_while_it_rings(PLAN);
}

#[test]
#[ignore = "needs Asterisk and sipp: ./ops/test"]
fn killed_while_the_customer_is_rung_first_they_are_led_to_the_agent_all_the_same_and_once() {
    killed_while_it_rings(&customer_first());
}
