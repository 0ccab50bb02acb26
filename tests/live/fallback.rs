//! The dialplan lines of `ops/asterisk/etc/extensions_cordboard.conf` by themselves: what callers get from the switch
//! when no controller lives. No Cordboard runs here; an observer plays its part.

use crate::parts::{asterisk::Asterisk, sipp::Sipp};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(5);
/// The fallback's own announcement takes about three seconds.
const ANNOUNCED: Duration = Duration::from_secs(20);

#[test]
#[ignore = "needs Asterisk and sipp: ./ops/test"]
fn a_call_falls_back_when_no_controller_lives() {
    let asterisk = Asterisk::start();
    let mut observer = asterisk.observer();
    let caller = Sipp::callers(&asterisk, "caller-stays", "100200", 1, 10).start();

    let mark = observer.event("UserEvent", SOON);
    assert_eq!(mark.get("UserEvent"), "CordboardFallback", "{mark:?}");

    let tally = caller.wait(ANNOUNCED);
    assert_eq!((tally.successful, tally.failed), (1, 0));
}

#[test]
#[ignore = "needs Asterisk and sipp: ./ops/test"]
fn a_call_is_handed_over_while_the_heart_beats_and_falls_back_once_it_has_stopped() {
    let asterisk = Asterisk::start();
    let mut observer = asterisk.observer();
    observer.beat();
    let first = Sipp::callers(&asterisk, "caller-stays", "100200", 1, 10).start();
    let handed_over = observer.event("AsyncAGIStart", SOON);
    assert_eq!(handed_over.get("Exten"), "100200");

    // The heart stops; the switch's clock counts whole seconds, so that three always make it stale.
    std::thread::sleep(Duration::from_millis(3_100));
    let second = Sipp::callers(&asterisk, "caller-stays", "100200", 1, 10).start();
    observer.first("fallback of the second call", SOON, |f| f.get("UserEvent") == "CordboardFallback");
    assert_eq!(second.wait(ANNOUNCED).failed, 0);

    // The first is in the controller's hands still, and ends like any call that a controller ends.
    assert_eq!(first.tally().open, 1);
    observer.action(&[("Action", "Hangup"), ("Channel", handed_over.get("Channel")), ("Cause", "16")]);
    // Never answered, so for its caller a refusal.
    assert_eq!(first.wait(SOON).failed, 1);
}

#[test]
#[ignore = "needs Asterisk and sipp: ./ops/test"]
fn a_heartbeat_from_the_future_is_none() {
    let asterisk = Asterisk::start();
    let mut observer = asterisk.observer();
    observer.set("", "CORDBOARD_HB", "9999999999");
    let caller = Sipp::callers(&asterisk, "caller-stays", "100200", 1, 10).start();
    observer.first("fallback", SOON, |f| f.get("UserEvent") == "CordboardFallback");
    assert_eq!(caller.wait(ANNOUNCED).failed, 0);
}

#[test]
#[ignore = "needs Asterisk and sipp: ./ops/test"]
fn a_waiting_call_falls_back_when_its_time_limit_is_not_renewed() {
    let asterisk = Asterisk::start();
    let mut observer = asterisk.observer();
    observer.beat();
    let caller = Sipp::callers(&asterisk, "caller-stays", "100200", 1, 10).start();
    let channel = observer.event("AsyncAGIStart", SOON).get("Channel").to_owned();
    observer.action(&[
        ("Action", "AGI"),
        ("Channel", &channel),
        ("Command", "EXEC Answer 0,i"),
        ("CommandID", "answer"),
    ]);
    observer.event("AsyncAGIExec", SOON);
    observer.action(&[
        ("Action", "AGI"),
        ("Channel", &channel),
        ("Command", "EXEC StartMusicOnHold"),
        ("CommandID", "music"),
    ]);
    observer.event("AsyncAGIExec", SOON);

    observer.set(&channel, "CB_CALL", "7");
    observer.set(&channel, "TIMEOUT(absolute)", "2");
    std::thread::sleep(Duration::from_millis(1_200));
    observer.set(&channel, "TIMEOUT(absolute)", "2");
    assert!(observer.never(Duration::from_millis(1_500), |f| f.is("AsyncAGIEnd")), "renewed, yet it ended");

    observer.event("AsyncAGIEnd", SOON);
    let mark = observer.first("fallback", SOON, |f| f.get("UserEvent") == "CordboardFallback");
    assert_eq!(mark.get("Call"), "7");
    assert_eq!(caller.wait(ANNOUNCED).failed, 0);
}
