//! The controller killed (`kill -9`) in the middle of a dial, and gone for longer than the switch leaves anything in its
//! hands: nobody who was called waits for it at the centre's cost, and a conversation goes on.

use crate::parts::{
    asterisk::Asterisk,
    centre::Centre,
    observer::Observer,
    sipp::{Sipp, Tally},
    until,
};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(10);

/// The shortest that there may be.
const DEAD_MAN: Duration = Duration::from_secs(5);

/// Of a dialled conversation, where the centre says nothing.
const LONGEST: Duration = Duration::from_secs(4 * 3600);

const PLAN: &str = r#"
language: 1
name: { en: "Test" }
zone: Asia/Shanghai
languages: [en]
queues: { service: {} }
numbers: ["4008001234"]
start: main
steps: { main: [ { queue: service } ] }
dial_out: { switch: pbx, to: "PJSIP/{number}@trunk", shown: "4008001234", allowed: ["1"] }
"#;

const NUMBER: &str = "13800138000";
const AGENT: &str = "a1101";

fn open(asterisk: &Asterisk) -> Centre {
    let centre = Centre::with_switch(asterisk, None, PLAN, &format!("dead_man: {}s", DEAD_MAN.as_secs()));
    centre.log_in(AGENT);
    centre
}

fn dial(centre: &Centre) {
    let (status, answer) = centre.ask("POST", &format!("/agents/{AGENT}/dial"), Some(&json!({ "number": NUMBER })));
    assert_eq!(status, 200, "{answer}");
}

/// The agent, once their dial is there.
fn until_dial(centre: &Centre, stage: &str) -> Value {
    until(SOON, &format!("dial that {stage}"), || {
        let (_, agent) = centre.ask("GET", &format!("/agents/{AGENT}"), None);
        (agent["dial"]["stage"] == stage).then_some(agent)
    })
}

fn until_idle(centre: &Centre, limit: Duration) {
    until(limit, "agent who is idle again", || {
        let (_, agent) = centre.ask("GET", &format!("/agents/{AGENT}"), None);
        (agent["state"] == "idle").then_some(())
    });
}

/// All that were ever dialled, once the last has ended.
fn dials(centre: &Centre) -> Vec<Value> {
    until(SOON, "dial that has ended in the records", || {
        let (_, page) = centre.ask("GET", "/dials", None);
        let all = page["dials"].as_array().cloned().unwrap_or_default();
        all.first().is_some_and(|dial| dial["ended_ms"].is_number()).then_some(all)
    })
}

fn in_our_hands(observer: &mut Observer) -> String {
    observer.event("AsyncAGIStart", SOON).get("Uniqueid").to_owned()
}

/// How long the switch leaves this leg be, from now on; zero is for ever.
fn limit_of(observer: &mut Observer, leg: &str) -> Duration {
    let answer = observer.action(&[("Action", "Getvar"), ("Channel", leg), ("Variable", "TIMEOUT(absolute)")]);
    let seconds = answer.get("Value").parse().unwrap_or_else(|_| panic!("{answer:?}"));
    Duration::from_secs_f64(seconds)
}

#[test]
#[ignore = "needs Asterisk and sipp: ./ops/test"]
fn killed_while_a_number_rings_nobody_who_answers_waits_for_ever() {
    let asterisk = Asterisk::start();
    let mut observer = asterisk.observer();
    let mut centre = open(&asterisk);
    let agents_phone = Sipp::phone(&asterisk, "phone-answers", 1101).pause(Duration::from_millis(100)).start();
    // Answered within the two seconds in which the dead still pass for alive: its leg is handed over to nobody.
    let outside = Sipp::phones(&asterisk, "phone-answers").pause(Duration::from_millis(1_200)).start();
    dial(&centre);
    let agents = in_our_hands(&mut observer);
    until_dial(&centre, "rings");
    let limit = limit_of(&mut observer, &agents);
    assert!(!limit.is_zero() && limit <= DEAD_MAN, "{limit:?}");
    centre.cordboard.kill();
    let killed = Instant::now();

    let number = in_our_hands(&mut observer);
    assert_ne!(agents, number);
    println!("answered {:?} after the death", killed.elapsed());
    for leg in [agents, number] {
        observer.first("the end of a leg", DEAD_MAN + SOON, |event| event.is("Hangup") && event.get("Uniqueid") == leg);
        println!("{leg} gone {:?} after the death", killed.elapsed());
    }
    // The number's leg has had its own limit, from its answer on.
    assert!(killed.elapsed() < DEAD_MAN + Duration::from_secs(4), "{:?}", killed.elapsed());
    for phone in [agents_phone, outside] {
        assert_eq!(phone.finish(SOON), Tally { successful: 1, failed: 0, open: 0 });
    }

    centre.cordboard.start_again();
    centre.until_attached();
    until_idle(&centre, SOON);
    let dials = dials(&centre);
    assert_eq!((dials.len(), &dials[0]["how"]), (1, &json!("unseen")), "{dials:#?}");
}

#[test]
#[ignore = "needs Asterisk and sipp: ./ops/test"]
fn killed_while_agent_and_number_talk_they_talk_on_and_are_found_as_one_conversation() {
    const TALK: Duration = Duration::from_secs(16);
    let asterisk = Asterisk::start();
    let mut observer = asterisk.observer();
    let mut centre = open(&asterisk);
    let agents_phone = Sipp::phone(&asterisk, "phone-answers", 1101).pause(Duration::from_millis(100)).start();
    let outside = Sipp::phones(&asterisk, "phone-hangs-up").pause(TALK).start();
    dial(&centre);
    let legs = [in_our_hands(&mut observer), in_our_hands(&mut observer)];
    let before = until_dial(&centre, "talking");
    centre.cordboard.kill();
    for leg in &legs {
        let limit = limit_of(&mut observer, leg);
        assert!(limit <= LONGEST + DEAD_MAN && limit + SOON > LONGEST + DEAD_MAN, "{limit:?} is not the centre's");
    }
    let cut = observer.never(DEAD_MAN + Duration::from_secs(2), |event| event.is("Hangup") || event.is("BridgeLeave"));
    assert!(cut, "a conversation was cut");

    centre.cordboard.start_again();
    centre.until_attached();
    let after = until_dial(&centre, "talking");
    assert_eq!(after["dial"], before["dial"], "the same conversation");
    assert_eq!(after["state"], "talking_out");
    // Nor does the new one cut it, until somebody hangs up.
    until_idle(&centre, TALK);
    let dials = dials(&centre);
    let said = (dials.len(), &dials[0]["how"], &dials[0]["ended_by"]);
    assert_eq!(said, (1, &json!("answered"), &json!("number")), "{dials:#?}");
    for phone in [agents_phone, outside] {
        assert_eq!(phone.finish(SOON), Tally { successful: 1, failed: 0, open: 0 });
    }
}
