//! A real month: the published log of the "Anonymous Bank", which is not in this repository. `CORDBOARD_TEST_LOG` says
//! where it is, else `../shared/data` is looked into; without it these tests say so and look at the small log in here.

use std::path::PathBuf;

use cordboard::rehearse::log::{Month, load};
use cordboard::rehearse::what_if::apply_to_plan;
use cordboard::rehearse::{Otherwise, Plan};

use crate::sheet;

const HEADER: &str = "vru+line\tcall_id\tcustomer_id\tpriority\ttype\tdate\tvru_entry\tvru_exit\tvru_time\tq_start\tq_exit\tq_time\toutcome\tser_start\tser_exit\tser_time\tserver\n";

fn published() -> Option<PathBuf> {
    let named = std::env::var_os("CORDBOARD_TEST_LOG").map(PathBuf::from);
    let near =
        ["../shared/data", "../../shared/data"].map(|dir| PathBuf::from(dir).join("anonymous-bank-1999-02.txt.gz"));
    let found = named.into_iter().chain(near).find(|path| path.exists());
    if found.is_none() {
        eprintln!("the published month is not here (CORDBOARD_TEST_LOG): nothing of it is tested");
    }
    found
}

#[test]
fn the_published_month_is_read_as_it_is_known_to_be_and_rehearsed() {
    let Some(path) = published() else { return };
    let month = |absences| -> (Plan, cordboard::rehearse::log::Seen) {
        load(&path, &Otherwise::default()).expect("reads").plan(1, absences).expect("a plan")
    };
    let (plan, seen) = month(false);
    // As its publishers count: 27,162 answered, 5,904 hung up of whom 1,972 had not waited, 278 phantoms; 40.8 s, 176.4 s.
    let all = &seen.sheet.all;
    assert_eq!((all.answered, all.abandoned + all.short_abandoned), (27_162, 5_904 - 1_972));
    assert_eq!(
        (seen.left_out.phantoms, seen.left_out.hung_up_before_the_queue, seen.left_out.garbage),
        (278, 1_972, 0)
    );
    assert!((all.speed_of_answer_s.expect("answered") - 40.8).abs() < 0.05);
    assert!((all.handle_time_s.expect("answered") - 176.4).abs() < 0.05);
    assert_eq!(plan.seats.len(), 24);
    let by_the_rota = sheet(&plan);
    assert_eq!(by_the_rota.calls, 31_094);
    // With agents who are there from first to last service nobody waits as long as in truth; without those gaps in which
    // callers waited, it is nearer.
    let (plan, _) = month(true);
    let with_absences = sheet(&plan);
    let wait = |sheet: &cordboard::rehearse::Sheet| sheet.all.speed_of_answer_s.expect("answered");
    eprintln!(
        "in the log 40.8 s, by the rota {:.1} s, with absences {:.1} s",
        wait(&by_the_rota),
        wait(&with_absences)
    );
    assert!(wait(&by_the_rota) < wait(&with_absences));
}

fn line(second: u32, waited: u32, outcome: &str, server: &str) -> String {
    let clock = |second: u32| format!("{}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
    let (begins, ends) = (clock(second + waited), clock(second + waited + 60));
    let served = if outcome == "AGENT" { format!("{begins}\t{ends}\t60") } else { "0:00:00\t0:00:00\t0".into() };
    let queue =
        if waited > 0 { format!("{}\t{begins}\t{waited}", clock(second)) } else { "0:00:00\t0:00:00\t0".into() };
    format!("A\t1\t0\t0\tPS\t990201\t{0}\t{0}\t0\t{queue}\t{outcome}\t{served}\t{server}\n", clock(second))
}

fn small() -> String {
    let mut text = HEADER.to_owned();
    for n in 0..60 {
        text.push_str(&line(8 * 3600 + n * 90, if n % 3 == 0 { 30 } else { 0 }, "AGENT", "ANN"));
        if n % 5 == 0 {
            text.push_str(&line(8 * 3600 + n * 90 + 7, 20, "HANG", "NO_SERVER"));
        }
    }
    text
}

#[test]
fn a_small_log_is_rehearsed_and_repeats() {
    let plan = |seed| {
        Month::read(small().as_bytes(), &Otherwise::default()).expect("reads").plan(seed, false).expect("a plan")
    };
    let (plan_of_one, seen) = plan(1);
    assert_eq!((seen.sheet.all.answered, seen.sheet.all.abandoned), (60, 12));
    let day = sheet(&plan_of_one);
    assert_eq!(day.calls, 72);
    assert_eq!(day, sheet(&plan(1).0));
}

#[test]
fn agents_can_be_added_to_a_log_and_taken_away_but_not_all() {
    let (mut plan, _) =
        Month::read(small().as_bytes(), &Otherwise::default()).expect("reads").plan(1, false).expect("a plan");
    apply_to_plan(&["agents+1".parse().expect("a what-if")], &mut plan).expect("one more");
    assert_eq!(plan.seats.len(), 2);
    assert_eq!(plan.seats[0].hours, plan.seats[1].hours);
    apply_to_plan(&["agents-1".parse().expect("a what-if")], &mut plan).expect("one less");
    for change in ["agents-1", "callers*2", "agents.nobody+1"] {
        assert!(apply_to_plan(&[change.parse().expect("a what-if")], &mut plan).is_err(), "{change}");
    }
}

#[test]
fn a_log_that_is_none_is_refused() {
    for bytes in [&b""[..], b"\x00\xff\xfe", b"hello\nworld\n", HEADER.as_bytes()] {
        let read = Month::read(bytes, &Otherwise::default()).and_then(|month| month.plan(1, false));
        assert!(read.is_err(), "{bytes:?}");
    }
    let file = tempfile::NamedTempFile::new().expect("a file");
    // It says it is gzipped, and is not.
    std::fs::write(file.path(), b"\x1f\x8bnothing").expect("written");
    assert!(load(file.path(), &Otherwise::default()).is_err());
}
