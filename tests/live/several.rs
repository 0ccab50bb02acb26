//! Several phones that ring for one caller, through the whole of Cordboard: from the YAML to the telephones.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::parts::asterisk::Asterisk;
use crate::parts::centre::{Centre, NUMBER};
use crate::parts::observer::Observer;
use crate::parts::sipp::{Sipp, Tally};
use crate::parts::until;

const SOON: Duration = Duration::from_secs(20);

const PLAN: &str = r#"
language: 1
name: { en: "Test" }
zone: Asia/Shanghai
languages: [en]
queues:
  service: { strategy: { ring_several: 2 }, ring_for: 20s, wrap_up: 0s }
numbers: ["4008001234"]
start: main
steps:
  main:
    - queue: service
"#;

fn state(centre: &Centre, agent: &str) -> Value {
    let (_, seen) = centre.ask("GET", &format!("/agents/{agent}"), None);
    seen["state"].clone()
}

fn is(centre: &Centre, agent: &str, word: &str) {
    until(SOON, &format!("{agent} {word}"), || (state(centre, agent) == word).then_some(()));
}

/// Waits until two legs have come into one bridge: those two hear each other. Gives who is there but the caller.
fn hear_each_other(observer: &mut Observer) -> String {
    let first = observer.event("BridgeEnter", SOON);
    let bridge = first.get("BridgeUniqueid").to_owned();
    let second = observer.first("the other leg in the bridge", SOON, |frame| {
        frame.is("BridgeEnter") && frame.get("BridgeUniqueid") == bridge
    });
    let legs = [first.get("Channel").to_owned(), second.get("Channel").to_owned()];
    legs.into_iter().find(|channel| channel.starts_with("PJSIP/a11")).expect("an agent in the bridge")
}

#[test]
#[ignore = "needs Asterisk and sipp: ./ops/test"]
fn two_phones_ring_for_one_caller_the_first_to_answer_talks_and_the_other_stops_within_a_second() {
    let asterisk = Asterisk::start();
    let centre = Centre::with_plan(&asterisk, None, PLAN);
    let rings = Sipp::phone(&asterisk, "phone-rings", 1101).start();
    let answers = Sipp::phone(&asterisk, "phone-answers", 1102).pause(Duration::from_secs(2)).start();
    for agent in ["a1101", "a1102"] {
        centre.log_in(agent);
    }
    let mut observer = asterisk.observer();
    let caller = Sipp::callers(&asterisk, "caller-stays", NUMBER, 1, 1).start();
    for agent in ["a1101", "a1102"] {
        is(&centre, agent, "ringing");
    }
    let seen = &centre.floor()["calls"][0];
    assert_eq!(seen["also_rung"].as_array().map(Vec::len), Some(1), "{seen}");
    let talks = hear_each_other(&mut observer);
    let answered = Instant::now();
    assert!(talks.starts_with("PJSIP/a1102-"), "{talks}");
    is(&centre, "a1101", "idle");
    assert!(answered.elapsed() < Duration::from_secs(1), "it stopped after {:?}", answered.elapsed());
    assert_eq!(rings.finish(SOON), Tally { successful: 1, failed: 0, open: 0 }, "the phone has stopped ringing");
    assert_eq!(state(&centre, "a1102"), "talking");
    observer.action(&[("Action", "Hangup"), ("Channel", &talks), ("Cause", "16")]);
    assert_eq!(caller.wait(SOON), Tally { successful: 1, failed: 0, open: 0 });
    assert_eq!(answers.finish(SOON), Tally { successful: 1, failed: 0, open: 0 });
    is(&centre, "a1102", "idle");
}

#[test]
#[ignore = "needs Asterisk and sipp: ./ops/test"]
fn of_two_phones_that_answer_at_the_same_time_one_talks_and_the_other_is_free_again() {
    let asterisk = Asterisk::start();
    let centre = Centre::with_plan(&asterisk, None, PLAN);
    let phones =
        [1101, 1102].map(|agent| Sipp::phone(&asterisk, "phone-answers", agent).pause(Duration::from_secs(1)).start());
    for agent in ["a1101", "a1102"] {
        centre.log_in(agent);
    }
    let mut observer = asterisk.observer();
    let caller = Sipp::callers(&asterisk, "caller-stays", NUMBER, 1, 1).start();
    let talks = hear_each_other(&mut observer);
    let (talking, free) = if talks.starts_with("PJSIP/a1101-") { ("a1101", "a1102") } else { ("a1102", "a1101") };
    is(&centre, talking, "talking");
    is(&centre, free, "idle");
    assert_eq!(caller.tally().failed, 0);
    let other = |channel: &str| channel.starts_with(&format!("PJSIP/{free}-"));
    let joined = |frame: &crate::parts::observer::Frame| frame.is("BridgeEnter") && other(frame.get("Channel"));
    assert!(observer.never(Duration::from_secs(1), joined), "nobody else comes to them");
    observer.action(&[("Action", "Hangup"), ("Channel", &talks), ("Cause", "16")]);
    assert_eq!(caller.wait(SOON), Tally { successful: 1, failed: 0, open: 0 });
    // One of them may have been withdrawn in the instant before its answer was heard.
    let ended = phones.map(|phone| phone.finish(SOON));
    assert!(ended.iter().any(|tally| tally.successful == 1), "{ended:?}");
    is(&centre, talking, "idle");
}
