//! The sipp scenarios themselves, on the real switch: a caller or phone that misbehaves would make every other live
//! test lie.

use crate::parts::{
    asterisk::Asterisk,
    observer::{Frame, Observer},
    sipp::{Sipp, Tally},
};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(5);

fn answered(observer: &mut Observer) -> String {
    let channel = observer.event("AsyncAGIStart", SOON).get("Channel").to_owned();
    agi(observer, &channel, "EXEC Answer 0,i");
    channel
}

fn agi(observer: &mut Observer, channel: &str, command: &str) -> Frame {
    observer.action(&[("Action", "AGI"), ("Channel", channel), ("Command", command), ("CommandID", "x")]);
    observer.event("AsyncAGIExec", SOON)
}

fn hang_up(observer: &mut Observer, channel: &str) {
    observer.action(&[("Action", "Hangup"), ("Channel", channel), ("Cause", "16")]);
}

#[test]
#[ignore = "needs Asterisk and sipp: ./ops/test"]
fn keys_of_a_caller_arrive_in_order_and_the_caller_stays() {
    let asterisk = Asterisk::start();
    let mut observer = asterisk.observer();
    observer.beat();
    let caller = Sipp::callers(&asterisk, "caller-presses-keys", "100200", 1, 10)
        .pause(Duration::from_millis(200))
        .key("keys", "1w20#")
        .start();
    let channel = answered(&mut observer);
    let keys: String = (0..4).map(|_| observer.event("DTMFEnd", SOON).get("Digit").to_owned()).collect();
    assert_eq!(keys, "120#");
    assert_eq!(caller.tally().failed, 0);
    hang_up(&mut observer, &channel);
    assert_eq!(caller.wait(SOON), Tally { successful: 1, failed: 0, open: 0 });
}

#[test]
#[ignore = "needs Asterisk and sipp: ./ops/test"]
fn callers_hang_up_and_give_up_when_told() {
    let asterisk = Asterisk::start();
    let mut observer = asterisk.observer();
    observer.beat();
    let hangs_up =
        Sipp::callers(&asterisk, "caller-hangs-up", "100200", 1, 10).pause(Duration::from_millis(300)).start();
    answered(&mut observer);
    observer.event("Hangup", SOON);
    assert_eq!(hangs_up.wait(SOON).failed, 0);

    observer.beat();
    let gives_up =
        Sipp::callers(&asterisk, "caller-gives-up", "100200", 1, 10).pause(Duration::from_millis(300)).start();
    observer.event("AsyncAGIStart", SOON);
    observer.event("Hangup", SOON);
    assert_eq!(gives_up.wait(SOON).failed, 0);
}

#[test]
#[ignore = "needs Asterisk and sipp: ./ops/test"]
fn a_phone_answers_and_stays() {
    let asterisk = Asterisk::start();
    let mut observer = asterisk.observer();
    observer.beat();
    let phones = Sipp::phones(&asterisk, "phone-answers").pause(Duration::from_millis(100)).start();
    for agent in ["a1001", "a1100"] {
        observer.ring(agent);
        let channel = observer.event("AsyncAGIStart", SOON).get("Channel").to_owned();
        hang_up(&mut observer, &channel);
        observer.event("Hangup", SOON);
    }
    assert_eq!(phones.finish(SOON), Tally { successful: 2, failed: 0, open: 0 });
}

#[test]
#[ignore = "needs Asterisk and sipp: ./ops/test"]
fn a_phone_hangs_up_after_its_talk() {
    let asterisk = Asterisk::start();
    let mut observer = asterisk.observer();
    observer.beat();
    let phone = Sipp::phone(&asterisk, "phone-hangs-up", 1101).pause(Duration::from_millis(300)).start();
    observer.ring("a1101");
    observer.event("AsyncAGIStart", SOON);
    observer.event("Hangup", SOON);
    assert_eq!(phone.finish(SOON), Tally { successful: 1, failed: 0, open: 0 });
}

#[test]
#[ignore = "needs Asterisk and sipp: ./ops/test"]
fn a_phone_rings_until_the_switch_gives_up() {
    let asterisk = Asterisk::start();
    let mut observer = asterisk.observer();
    let phone = Sipp::phone(&asterisk, "phone-rings", 1102).start();
    let id = observer.ring("a1102");
    observer.first("ringing", SOON, |f| f.is("Newstate") && f.get("ChannelStateDesc") == "Ringing");
    hang_up(&mut observer, &id);
    observer.event("Hangup", SOON);
    assert_eq!(phone.finish(SOON), Tally { successful: 1, failed: 0, open: 0 });
}

#[test]
#[ignore = "needs Asterisk and sipp: ./ops/test"]
fn a_refusal_reaches_the_switch_with_its_own_cause() {
    let asterisk = Asterisk::start();
    let mut observer = asterisk.observer();
    let refusals = [
        (1103, "phone-refuses-486", "17"),
        (1104, "phone-refuses-603", "21"),
        (1105, "phone-refuses-480", "19"),
        (1106, "phone-refuses-404", "1"),
    ];
    for (agent, refusal, cause) in refusals {
        let phone = Sipp::phone(&asterisk, refusal, agent).start();
        observer.ring(&format!("a{agent}"));
        assert_eq!(observer.event("Hangup", SOON).get("Cause"), cause, "{refusal}");
        assert_eq!(phone.finish(SOON), Tally { successful: 1, failed: 0, open: 0 });
    }
}

#[test]
#[ignore = "needs Asterisk and sipp: ./ops/test"]
fn a_persons_phone_answers_at_once_when_told_and_by_itself_after_eight_seconds() {
    let asterisk = Asterisk::start();
    let mut observer = asterisk.observer();
    let phone = Sipp::phone(&asterisk, "phone-hears-talk", 1101).start();
    for (told, within) in [(true, Duration::from_secs(1)), (false, Duration::from_secs(10))] {
        observer.action(&[
            ("Action", "Originate"),
            ("Channel", "PJSIP/a1101"),
            ("Context", "waiting"),
            ("Exten", "wait"),
            ("Priority", "1"),
            ("Async", "true"),
        ]);
        let ringing = loop {
            let event = observer.event("Newstate", SOON);
            if event.get("ChannelState") == "5" {
                break event;
            }
        };
        let channel = ringing.get("Channel").to_owned();
        let began = std::time::Instant::now();
        if told {
            let talk = ("Variable", "Event=talk");
            observer.action(&[("Action", "PJSIPNotify"), ("Channel", &channel), talk]);
        }
        let up = observer.event("Newstate", within);
        assert_eq!((up.get("Channel"), up.get("ChannelState")), (channel.as_str(), "6"));
        assert!(told || began.elapsed() > Duration::from_secs(7), "picked up after {:?}", began.elapsed());
        hang_up(&mut observer, &channel);
        observer.event("Hangup", SOON);
    }
    assert_eq!(phone.finish(SOON), Tally { successful: 2, failed: 0, open: 0 });
}
