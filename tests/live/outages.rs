//! Parts that fall away while calls run: the database, the switch, ourselves. No call is lost that could be kept, and
//! afterwards sipp's calls are the rows.

use crate::parts::{
    asterisk::Asterisk, centre::Centre, centre::NUMBER, postgres::Postgres, signal, sipp::Running, sipp::Sipp, until,
};
use serde_json::Value;
use sqlx::{ConnectOptions, Connection};
use std::time::Duration;

const AGENTS: std::ops::Range<u16> = 1101..1105;
const CALLS: u32 = 24;
const LONGEST: Duration = Duration::from_secs(120);

/// How long the database is away: a minute where `CORDBOARD_TEST_AWAY=60` says so, shorter in every run.
fn away() -> Duration {
    let seconds = std::env::var("CORDBOARD_TEST_AWAY").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(12))
}

fn staff(asterisk: &Asterisk, centre: &Centre) -> Vec<Running> {
    let phones = AGENTS
        .map(|agent| Sipp::phone(asterisk, "phone-hangs-up", agent).pause(Duration::from_millis(1_500)).start())
        .collect();
    for agent in AGENTS {
        centre.log_in(&format!("a{agent}"));
    }
    phones
}

fn callers(asterisk: &Asterisk, calls: u32) -> Running {
    Sipp::callers(asterisk, "caller-presses-keys", NUMBER, calls, 2)
        .key("keys", "w1")
        .pause(Duration::from_millis(300))
        .start()
}

/// The rows, once there are so many that have ended.
fn records(centre: &Centre, calls: u32) -> Vec<Value> {
    until(Duration::from_secs(30), "every call in the records", || {
        let (status, records) = centre.ask("GET", "/records?limit=500", None);
        let all = if status == 200 { records["records"].as_array().cloned()? } else { return None };
        let over = all.iter().filter(|record| record["outcome"].is_string()).count();
        (over >= calls as usize).then_some(all)
    })
}

fn all_answered(centre: &Centre, calls: u32) {
    let records = records(centre, calls);
    assert_eq!(records.len(), calls as usize);
    let answered = records.iter().filter(|record| record["outcome"] == "answered").count();
    assert_eq!(answered, calls as usize, "{records:#?}");
}

#[test]
#[ignore = "needs Asterisk, sipp and PostgreSQL: ./ops/test"]
fn a_stopped_postgresql_loses_no_fact_and_stops_no_call() {
    let asterisk = Asterisk::start();
    let mut postgres = Postgres::start(&asterisk.slot);
    let centre = Centre::start(&asterisk, Some(&postgres.url()));
    let phones = staff(&asterisk, &centre);
    until(Duration::from_secs(20), "the database filled", || {
        (centre.ask("GET", "/records", None).0 == 200).then_some(())
    });

    postgres.freeze();
    let callers = callers(&asterisk, CALLS);
    let tally = callers.wait(LONGEST);
    assert_eq!((tally.successful, tally.failed), (u64::from(CALLS), 0), "with the database away");
    std::thread::sleep(away());
    postgres.thaw();

    all_answered(&centre, CALLS);
    for phone in phones {
        assert_eq!(phone.finish(Duration::from_secs(20)).failed, 0);
    }
}

#[test]
#[ignore = "needs Asterisk and sipp: ./ops/test"]
fn a_locked_sqlite_loses_no_fact_and_stops_no_call() {
    let asterisk = Asterisk::start();
    let centre = Centre::start(&asterisk, None);
    let phones = staff(&asterisk, &centre);
    until(Duration::from_secs(20), "the database filled", || {
        (centre.ask("GET", "/records", None).0 == 200).then_some(())
    });

    // Another process (this one) holds the write lock and does not let go.
    let database = centre.data().join("cordboard.db");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let locker = runtime.block_on(async {
        let options =
            sqlx::sqlite::SqliteConnectOptions::new().filename(&database).busy_timeout(Duration::from_secs(20));
        let mut locker = options.connect().await.expect("the file opens");
        sqlx::query("BEGIN IMMEDIATE").execute(&mut locker).await.expect("the lock is had");
        locker
    });

    let tally = callers(&asterisk, CALLS).wait(LONGEST);
    assert_eq!((tally.successful, tally.failed), (u64::from(CALLS), 0), "with the database locked");
    std::thread::sleep(away());
    runtime.block_on(locker.close()).expect("the lock is let go");

    all_answered(&centre, CALLS);
    for phone in phones {
        assert_eq!(phone.finish(Duration::from_secs(20)).failed, 0);
    }
}

#[test]
#[ignore = "needs Asterisk and sipp: ./ops/test"]
fn a_controller_that_hangs_lets_new_calls_fall_back_and_takes_up_again() {
    let asterisk = Asterisk::start();
    let centre = Centre::start(&asterisk, None);
    let phones = staff(&asterisk, &centre);
    let mut observer = asterisk.observer();

    signal(centre.cordboard.pid(), libc::SIGSTOP);
    std::thread::sleep(Duration::from_millis(3_200));
    let fallen = Sipp::callers(&asterisk, "caller-stays", NUMBER, 1, 1).start();
    observer.first("fallback", Duration::from_secs(5), |f| f.get("UserEvent") == "CordboardFallback");
    assert_eq!(fallen.wait(Duration::from_secs(20)).failed, 0);
    signal(centre.cordboard.pid(), libc::SIGCONT);

    until(Duration::from_secs(20), "the switch in reach again", || {
        centre.floor()["switches"][0]["up"].as_bool().filter(|up| *up)
    });
    // The heartbeat is a second old at the most from here on.
    std::thread::sleep(Duration::from_millis(1_000));
    let tally = callers(&asterisk, 4).wait(LONGEST);
    assert_eq!((tally.successful, tally.failed), (4, 0));
    all_answered(&centre, 4);
    drop(phones);
}

#[test]
#[ignore = "needs Asterisk and sipp: ./ops/test"]
fn a_switch_that_crashes_mid_call_leaves_no_agent_stuck() {
    let mut asterisk = Asterisk::start();
    let centre = Centre::start(&asterisk, None);
    let phones: Vec<Running> = AGENTS
        .map(|agent| Sipp::phone(&asterisk, "phone-hangs-up", agent).pause(Duration::from_secs(60)).start())
        .collect();
    for agent in AGENTS {
        centre.log_in(&format!("a{agent}"));
    }
    let lost = callers(&asterisk, 6);
    until(Duration::from_secs(30), "four talking and two waiting", || {
        let floor = centre.floor();
        let stage = |wanted: &str| {
            floor["calls"].as_array().into_iter().flatten().filter(|call| call["stage"] == wanted).count()
        };
        (stage("talking") == 4 && stage("waiting") == 2).then_some(())
    });

    asterisk.crash();
    until(Duration::from_secs(30), "every agent free again, no call left", || {
        let floor = centre.floor();
        let agents = floor["agents"].as_array().into_iter().flatten();
        let idle = agents.filter(|agent| agent["state"] == "idle").count();
        let up = floor["switches"][0]["up"] == true;
        (up && idle == AGENTS.len() && floor["calls"].as_array().is_some_and(Vec::is_empty)).then_some(())
    });
    // What nobody saw end says so: the talking ones were answered, the waiting ones ended unseen.
    let ended = records(&centre, 6);
    let count = |outcome: &str| ended.iter().filter(|record| record["outcome"] == outcome).count();
    assert_eq!((count("answered"), count("ended_unseen")), (4, 2), "{ended:#?}");
    assert!(ended.iter().all(|record| record["ended_by"] == "unseen"), "{ended:#?}");
    drop(lost);
    drop(phones);
}

#[test]
#[ignore = "needs Asterisk and sipp: ./ops/test"]
fn a_switch_that_hangs_is_noticed_and_its_calls_go_on_when_it_does() {
    let asterisk = Asterisk::start();
    let centre = Centre::start(&asterisk, None);
    let phones = staff(&asterisk, &centre);
    let callers = callers(&asterisk, 8);
    std::thread::sleep(Duration::from_millis(2_500));
    asterisk.freeze();
    until(Duration::from_secs(15), "the link given up", || {
        (centre.floor()["switches"][0]["up"] == false).then_some(())
    });
    asterisk.thaw();
    // Whoever was in our hands came to an agent; who arrived in the frozen seconds met the switch's own fallback.
    let tally = callers.wait(LONGEST);
    assert_eq!((tally.successful, tally.failed), (8, 0), "{tally:?}");
    until(Duration::from_secs(30), "every agent free, no call left", || {
        let floor = centre.floor();
        let idle = floor["agents"].as_array().into_iter().flatten().filter(|agent| agent["state"] == "idle").count();
        (idle == AGENTS.len() && floor["calls"].as_array().is_some_and(Vec::is_empty)).then_some(())
    });
    // The rows come a moment after what they tell of.
    let ended = until(Duration::from_secs(30), "every record with its outcome", || {
        let ended = records(&centre, 1);
        ended.iter().all(|record| record["outcome"].is_string()).then_some(ended)
    });
    assert!(ended.iter().any(|record| record["outcome"] == "answered"), "{ended:#?}");
    drop(phones);
}
