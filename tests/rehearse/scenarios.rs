//! What a scenario may say, and what is said to who wrote what it may not.

use cordboard::rehearse::scenario::MOST_LINES;
use cordboard::rehearse::{Otherwise, Scenario, ScenarioError};

use crate::{CENTRE, DAY, Place, plan, sample, sheet};

/// The sentences of every mistake.
fn mistakes(centre: &str, scenario: &str) -> Vec<String> {
    match Place::new(centre, scenario).load() {
        Err(ScenarioError::Mistaken(mistakes)) => {
            mistakes.iter().map(|m| format!("{}:{}: {}", m.place.line, m.place.column, m.sentence)).collect()
        }
        Err(other) => panic!("{other}"),
        Ok(_) => Vec::new(),
    }
}

#[test]
fn every_sample_scenario_is_a_day_that_balances() {
    assert_eq!(sample("operator").lines, 3_000);
    let day = sheet(&plan(&sample("demo"), 1));
    assert!(day.calls > 1_000 && day.all.answered > 800, "{day:?}");
}

#[test]
fn the_same_seed_gives_the_same_to_the_byte_and_another_seed_another() {
    let scenario = sample("demo");
    let text = |seed| serde_json::to_string(&sheet(&plan(&scenario, seed))).expect("JSON");
    assert_eq!(text(1), text(1));
    assert_ne!(text(1), text(2));
}

#[test]
fn each_mistake_is_told_where_it_stands() {
    for (written, instead, told) in [
        ("count: 4", "count: 0", "7:18: count is a whole number from 1 to 20000, not \"0\""),
        ("count: 4", "count: -4", "7:18: count is a whole number from 1 to 20000, not \"-4\""),
        (
            "  desk: { count: 4, shift: \"00:00-24:00\" }",
            "  {}",
            "7:3: nobody works: at least one group of agents is needed",
        ),
        ("per_hour: 60", "per_hour: -60", "5:32: per_hour is a number of calls from 0 to 1000000, not \"-60\""),
        ("per_hour: 60", "per_hour: 0", "5:32: nobody ever calls: per_hour is 0 all day"),
        ("per_hour: 60", "per_hour: 1e9", "5:32: per_hour is a number of calls from 0 to 1000000, not \"1e9\""),
        ("per_hour: 60", "per_hour: { 8: 1 }", "5:34: \"8\" is no time of day; write \"08:30\", with quotes"),
        (
            "patience: 2m",
            "patience: 0s",
            "5:46: patience: a mean of 0s is no time; write exactly 0s where there is none",
        ),
        ("talks: 3m", "talks: never", "5:57: talks cannot be never"),
        (
            "00:00-24:00",
            "16:00-15:00",
            "7:28: shift 16:00-15:00 ends before it begins: through the night it would last 23 hours",
        ),
        ("00:00-24:00", "08:00-08:00", "7:28: shift: \"08:00-08:00\" is no time at all; the whole day is 00:00-24:00"),
        ("to: \"1000\"", "to: \"1001\"", "5:14: the centre has no number \"1001\"; it has 1000"),
        (
            "first_day: 2026-03-02",
            "first_day: 2026-02-30",
            "3:12: first_day is a day such as 2026-03-02, not \"2026-02-30\"",
        ),
        (
            "rehearsal: 1",
            "rehearsal: 2",
            "1:12: rehearsal (the version of this language) is a whole number from 1 to 1, not \"2\"",
        ),
        ("count: 4", "cuont: 4", "7:11: a group of agents has no \"cuont\""),
    ] {
        let scenario = DAY.replace(written, instead);
        assert_ne!(scenario, DAY, "{written}");
        assert_eq!(mistakes(CENTRE, &scenario), [told], "{instead}");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let scenario = DAY.replace("60", "x").replace("3m", "long").replace("count: 4", "count: many, queues: [dusk]");
    assert_eq!(mistakes(CENTRE, &scenario).len(), 5, "{:?}", mistakes(CENTRE, &scenario));
    assert!(!mistakes(CENTRE, "[]").is_empty() && !mistakes(CENTRE, "centre: desk").is_empty());
}

#[test]
fn needs_that_nobody_can_meet_are_a_mistake() {
    let centre = CENTRE.replace("target: 20s", "target: 20s, needs: [ { skill: english, level: 3 } ]");
    let told = mistakes(&centre, DAY);
    assert!(told.len() == 1 && told[0].contains("queue desk needs english at 3 or more"), "{told:?}");
    let able = DAY.replace("count: 4", "count: 4, skills: { english: 3 }");
    assert_eq!(mistakes(&centre, &able), Vec::<String>::new());
    assert!(mistakes(&centre, &able.replace("english", "englsh"))[0].contains("no skill"));
}

#[test]
fn who_wraps_up_until_ready_has_to_be_told_how_long() {
    let centre = CENTRE.replace("wrap_up: 0s", "wrap_up: until_ready");
    assert!(mistakes(&centre, DAY)[0].contains("queue desk wraps up until_ready"));
    let told = DAY.replace("talks: 3m", "talks: exactly 3m, wrap_up: exactly 30s");
    let place = Place::new(&centre, &told);
    let day = sheet(&plan(&place.load().expect("loads"), 1));
    let handled = day.all.handle_time_s.expect("somebody was answered");
    assert!((handled - 210.0).abs() < 0.5, "{handled}");
}

#[test]
fn a_break_outside_of_the_shift_is_a_mistake_and_one_within_is_kept() {
    let shift = |breaks: &str| DAY.replace("\"00:00-24:00\"", &format!("\"08:00-16:00\", breaks: \"{breaks}\""));
    assert!(mistakes(CENTRE, &shift("17:00-18:00"))[0].contains("in no shift"));
    let place = Place::new(CENTRE, &shift("12:00-12:30"));
    let day = sheet(&plan(&place.load().expect("loads"), 1));
    // Four agents; whoever talks at noon goes a little later.
    assert!((day.agents.on_break_s - 4.0 * 1800.0).abs() < 4.0 * 900.0, "{:?}", day.agents);
    let logged_in = day.agents.idle_s + day.agents.ringing_s + day.agents.handling_s + day.agents.on_break_s;
    assert!((logged_in - 4.0 * 8.0 * 3600.0).abs() < 4.0 * 900.0, "{:?}", day.agents);
}

#[test]
fn a_centre_that_does_not_load_tells_its_own_mistakes() {
    let error = Place::new(&CENTRE.replace("queue: desk", "queue: dusk"), DAY).load().expect_err("a mistake");
    assert!(error.to_string().contains("centre.yaml:") && error.to_string().contains("dusk"), "{error}");
    let error = Place::new(CENTRE, &DAY.replace("centre: desk", "centre: nowhere")).load().expect_err("no centre");
    assert!(error.to_string().contains("nowhere"), "{error}");
    let nowhere = Scenario::load("nowhere.yaml".as_ref(), &Otherwise::default()).expect_err("no file");
    assert!(matches!(nowhere, ScenarioError::Unreadable { .. }));
}

#[test]
fn arrivals_far_above_capacity_are_refused_by_the_network_and_fill_no_memory() {
    let scenario = DAY.replace("per_hour: 60", "per_hour: { \"10:00\": 60000, \"10:10\": 0 }").replace("2m", "never");
    let place = Place::new(CENTRE, &scenario.replace("callers:", "lines: 500\ncallers:"));
    let day = sheet(&plan(&place.load().expect("loads"), 1));
    assert!(day.before_queue.lines_taken > 8_000, "{:?}", day.before_queue);
    assert!(day.calls < 1_500, "{}", day.calls);
    assert!(day.all.still_waiting == 0 || day.all.still_waiting <= 500, "{:?}", day.all);
    assert!(mistakes(CENTRE, &DAY.replace("callers:", "lines: 0\ncallers:"))[0].contains(&MOST_LINES.to_string()));
}

#[test]
fn who_will_wait_for_ever_is_left_waiting_and_counted_so() {
    let scenario = DAY.replace("2m", "never").replace("00:00-24:00", "08:00-09:00");
    let place = Place::new(CENTRE, &scenario);
    let day = sheet(&plan(&place.load().expect("loads"), 1));
    assert!(day.all.still_waiting > 500 && day.all.abandoned == 0, "{:?}", day.all);
    assert_eq!(day.all.offered, day.all.answered + day.all.still_waiting);
}
