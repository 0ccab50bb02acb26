//! A caller who waits presses 1, hears that they will be called, and is hung up; the controller is killed; an agent comes,
//! whose phone rings, then the caller's does, and both hear each other. On the real switch, once and never twice.

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
