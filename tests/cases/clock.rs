//! The deadline: over holidays, midnight, the clocks' changes, waits and reopening; and counted against a count minute by
//! minute.

use std::time::Duration;

use cordboard::calendar::{Moment, OpeningHours};
use cordboard::cases::{CaseType, CaseTypeName, Clock, Rules, WaitsFor};
use cordboard::customers::Note;
use cordboard::organisation::DepartmentName;
use proptest::prelude::*;

use crate::{Held, at, centre, read, who};

fn waits(held: &mut Held, on: WaitsFor, clock: &str, rules: Rules<'_>) {
    held.does(|case| case.wait(on, None, &who("sun_yu"), Note::default(), at(clock), rules));
}

fn goes_on(held: &mut Held, clock: &str, rules: Rules<'_>) {
    held.does(|case| case.go_on(&who("sun_yu"), Note::default(), at(clock), rules));
}

#[test]
fn a_deadline_of_eight_hours_given_late_on_the_eve_of_a_holiday_ends_after_it() {
    let centre = centre();
    // The 2nd of October 2026 is a Friday, the 3rd a holiday.
    let held = Held::open("refund", "2026-10-02T16:00", centre.case_rules());
    assert_eq!(held.due(), at("2026-10-05T16:00"));
    // Given before the doors open, it begins when they do; Christmas and a weekend lie in between.
    let held = Held::open("refund", "2026-12-24T07:00", centre.case_rules());
    assert_eq!(held.due(), at("2026-12-24T17:00"));
    let held = Held::open("refund", "2026-12-24T09:01", centre.case_rules());
    assert_eq!(held.due(), at("2026-12-28T09:01"));
}

#[test]
fn a_deadline_around_the_clock_passes_midnight_and_the_hour_that_happens_twice() {
    let centre = centre();
    let held = Held::open("complaint", "2026-11-02T20:00", centre.case_rules());
    assert_eq!(held.due(), at("2026-11-03T04:00"));
    // Clocks fall back at 03:00 on the 25th of October 2026, and jump at 02:00 on the 29th of March.
    let held = Held::open("complaint", "2026-10-24T22:00", centre.case_rules());
    assert_eq!(held.due(), at("2026-10-25T05:00"));
    let held = Held::open("complaint", "2026-03-28T22:00", centre.case_rules());
    assert_eq!(held.due(), at("2026-03-29T07:00"));
}

#[test]
fn the_clock_stands_while_the_customer_is_waited_for_and_goes_on_with_what_was_left() {
    let centre = centre();
    let rules = centre.case_rules();
    let mut held = Held::open("refund", "2026-11-02T09:00", rules);
    held.accepted_by("sun_yu", "2026-11-02T10:00", rules);
    assert_eq!(held.due(), at("2026-11-02T17:00"), "accepting gives no more time");
    waits(&mut held, WaitsFor::Customer, "2026-11-02T15:00", rules);
    assert_eq!(held.case.due, None);
    assert_eq!(held.looked_at("2026-11-05T12:00", rules), 0, "nothing runs out meanwhile");
    goes_on(&mut held, "2026-11-05T12:00", rules);
    assert_eq!(held.due(), at("2026-11-05T14:00"));
    // Once more, over the night.
    waits(&mut held, WaitsFor::Customer, "2026-11-05T13:30", rules);
    goes_on(&mut held, "2026-11-05T22:00", rules);
    assert_eq!(held.due(), at("2026-11-06T09:30"));
}

#[test]
fn our_own_waits_are_our_own_time() {
    let centre = centre();
    let rules = centre.case_rules();
    for on in [WaitsFor::Colleague, WaitsFor::Outside] {
        let mut held = Held::open("refund", "2026-11-02T09:00", rules);
        held.accepted_by("sun_yu", "2026-11-02T10:00", rules);
        waits(&mut held, WaitsFor::Customer, "2026-11-02T11:00", rules);
        waits(&mut held, on, "2026-11-02T13:00", rules);
        assert_eq!(held.due(), at("2026-11-03T11:00"), "from then on it runs: {on:?}");
    }
}

#[test]
fn a_customer_who_never_answers_is_asked_again() {
    let centre = centre();
    let rules = centre.case_rules();
    let mut held = Held::open("refund", "2026-11-02T09:00", rules);
    held.accepted_by("sun_yu", "2026-11-02T09:00", rules);
    waits(&mut held, WaitsFor::Customer, "2026-11-02T13:00", rules);
    assert_eq!(held.looked_at("2026-11-09T12:59", rules), 0);
    assert_eq!(held.looked_at("2026-11-09T15:00", rules), 1);
    assert_eq!(held.last(1), [(at("2026-11-09T13:00"), "went_on")]);
    assert_eq!((held.shown().as_str(), held.due()), ("accepted sun_yu", at("2026-11-09T17:00")));
    let (now, far) = (at("2026-11-09T15:00"), at("2027-11-09T15:00"));
    for until in [now, far] {
        let refused =
            held.tries(|case| case.wait(WaitsFor::Customer, Some(until), &who("sun_yu"), Note::default(), now, rules));
        assert!(refused.is_err(), "nothing waits for ever");
    }
}

#[test]
fn a_reopened_case_goes_on_with_what_was_left_and_with_a_rungs_time_where_nothing_was() {
    let centre = centre();
    let rules = centre.case_rules();
    let settle_and_reopen = |held: &mut Held, settled: &str, reopened: &str| {
        let (ben, anna) = (who("ben"), who("anna"));
        held.does(|case| case.settle(None, &ben, Note::default(), at(settled), rules));
        assert_eq!(held.looked_at(reopened, rules), 0, "what is settled does not run out");
        held.does(|case| case.close(&anna, Note::default(), at(settled)));
        held.does(|case| case.reopen(&anna, Note::default(), at(reopened), rules));
    };
    let mut held = Held::open("complaint", "2026-11-02T09:00", rules);
    held.accepted_by("ben", "2026-11-02T09:00", rules);
    settle_and_reopen(&mut held, "2026-11-02T12:00", "2026-11-20T12:00");
    assert_eq!((held.shown().as_str(), held.due()), ("new ben", at("2026-11-20T17:00")), "five hours were left");
    // It was due an hour before somebody settled it, and nobody had looked.
    held.accepted_by("ben", "2026-11-20T12:00", rules);
    settle_and_reopen(&mut held, "2026-11-20T18:00", "2026-11-21T12:00");
    assert_eq!((held.shown().as_str(), held.due()), ("new ben", at("2026-11-21T14:00")));
}

#[test]
fn a_holiday_that_is_added_moves_the_end_of_what_runs() {
    let (before, after) = (centre(), read(&crate::CENTRE.replace("2026-10-03: Unity", "2026-11-03: Fair")));
    let mut held = Held::open("refund", "2026-11-02T12:00", before.case_rules());
    assert_eq!(held.due(), at("2026-11-03T12:00"));
    let now = at("2026-11-02T12:30");
    assert!(held.case.clone().rescheduled(now, before.case_rules()).is_none());
    held.does(|case| Ok(case.rescheduled(now, after.case_rules()).expect("moved")));
    assert_eq!(held.due(), at("2026-11-04T12:00"));
    assert!(held.case.clone().rescheduled(now, after.case_rules()).is_none());
    assert_eq!(held.looked_at("2026-11-03T13:00", after.case_rules()), 0);
}

#[test]
fn a_type_that_is_gone_from_the_yaml_leaves_its_cases_a_day() {
    let (before, after) = (centre(), read(&crate::CENTRE.replace("  goods:", "  wares:")));
    let mut held = Held::open("goods", "2026-11-02T12:00", before.case_rules());
    assert_eq!(held.looked_at("2026-11-02T17:00", after.case_rules()), 1);
    assert_eq!((held.shown().as_str(), held.due()), ("new finance", at("2026-11-03T16:00")));
}

// Counted minute by minute.

fn kind(hours: Option<OpeningHours>, minutes: u64) -> CaseType {
    let time = Duration::from_secs(minutes * 60);
    CaseType {
        name: CaseTypeName::new("any"),
        titles: std::collections::BTreeMap::new(),
        department: DepartmentName::new("any"),
        deadline: time,
        escalate_after: time,
        hours,
        dispositions: Vec::new(),
    }
}

const HOURS: [&str; 5] = [
    "mon-fri 09:00-17:00",
    "mon-fri 08:30-12:00, 13:30-18:00, sat 09:00-12:00",
    "daily 22:00-06:00",
    "sun 00:30-04:30, wed 10:00-10:20",
    "daily 00:00-24:00",
];

fn any_hours() -> impl Strategy<Value = Option<OpeningHours>> {
    let zones =
        prop::sample::select(vec!["UTC", "Asia/Shanghai", "Europe/Berlin", "America/Santiago", "Asia/Kathmandu"]);
    let hours = prop::sample::select(HOURS.to_vec());
    let days =
        "holidays: { off: { 2026-03-27 to 2026-03-30: Off, 2026-10-25: { name: Half, open: \"01:00-03:00\" } } }";
    prop::option::of((zones, hours).prop_map(move |(zone, week)| {
        let text = crate::CENTRE
            .replace("zone: Europe/Berlin", &format!("zone: {zone}"))
            .replace("mon-fri 09:00-17:00", week)
            .replace("[feasts]", "[off]");
        let (before, from) = text.split_once("holidays: { feasts").expect("holidays");
        let after = from.split_once('\n').expect("a line").1;
        read(&format!("{before}{days}\n{after}")).hours["office"].clone()
    }))
}

const MINUTE: Duration = Duration::from_secs(60);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// A clock that stops and goes at random, beside a count that asks of each minute whether somebody is there.
    #[test]
    fn the_clock_agrees_with_a_count_minute_by_minute(
        hours in any_hours(),
        // Around both changes of the clocks of 2026, to the minute.
        begins in prop::sample::select(vec![1_774_500_000_i64, 1_792_800_000, 1_767_225_600]),
        ahead in 0_i64..4_000,
        time in 1_u64..1_500,
        // Runs so many minutes, stands so many.
        stops in prop::collection::vec((0_i64..700, 0_i64..3_000), 0..5),
    ) {
        let kind = kind(hours.clone(), time);
        let mut now = Moment::from_ms((begins / 60 * 60 + ahead * 60) * 1000);
        let open = |at: Moment| hours.as_ref().is_none_or(|hours| hours.is_open(at));
        let mut clock = Clock::started(now, kind.deadline);
        let mut left = time;
        let count = |now: &mut Moment, minutes: i64, left: &mut u64| {
            for _ in 0..minutes {
                if open(*now) {
                    *left = left.saturating_sub(1);
                }
                *now = *now + MINUTE;
            }
        };
        for (runs, stands) in stops {
            count(&mut now, runs, &mut left);
            prop_assert_eq!(clock.left(now, &kind), Duration::from_secs(left * 60));
            clock = clock.stopped(now, &kind);
            prop_assert_eq!(clock.due(&kind), None);
            now = now + MINUTE * u32::try_from(stands).unwrap_or(0);
            prop_assert_eq!(clock.left(now, &kind), Duration::from_secs(left * 60), "standing");
            clock = clock.going_on(now);
        }
        let due = clock.due(&kind).expect("it runs");
        while left > 0 && now < due + MINUTE {
            count(&mut now, 1, &mut left);
        }
        prop_assert_eq!(left, 0);
        prop_assert_eq!(due, now);
    }
}
