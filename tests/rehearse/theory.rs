//! What is simulated is what theory says, where theory applies: the real core as an M/M/n queue, with and without patience.

use cordboard::rehearse::erlang::Load;

use crate::{CENTRE, DAY, Place, plan, sheet};

const DAYS: &str = "first_day: 2026-03-02\nlast_day: 2026-03-08";

fn week(callers: &str, agents: u32) -> Place {
    let scenario = DAY
        .replace("per_hour: 60, patience: 2m, talks: 3m", callers)
        .replace("count: 4", &format!("count: {agents}"))
        .replace("first_day: 2026-03-02", DAYS);
    Place::new(CENTRE, &scenario)
}

fn near(what: &str, found: f64, expected: f64, within: f64) {
    assert!((found - expected).abs() <= within, "{what}: {found}, and theory says {expected}");
}

#[test]
fn callers_who_never_give_up_wait_as_erlang_c_says() {
    let place = week("per_hour: 200, talks: 3m", 14);
    let week = sheet(&plan(&place.load().expect("loads"), 11));
    let load = Load { rate: 200.0 / 3600.0, handle: 180.0, agents: 14, patience: None };
    let theory = load.erlang_c(20.0).expect("fewer calls than agents");
    let found = week.queues.values().next().expect("a queue");
    let line = &found.line;
    // 33,600 calls: the wait varies by some tenth from week to week.
    near("in target", line.service_level.expect("calls"), theory.answered_in_target, 0.012);
    near("ASA", line.speed_of_answer_s.expect("calls"), theory.speed_of_answer, 1.0);
    near("occupancy", line.occupancy.expect("agents"), theory.occupancy, 0.012);
    // What stands beside it is theory with the talk times that were drawn and the phones' few milliseconds.
    let c = found.beside.erlang_c.expect("it applies");
    near("beside", c.speed_of_answer_s, theory.speed_of_answer, 0.8);
    near("beside", c.waits, theory.waits, 0.015);
    assert_eq!(found.beside.erlang_a, None);
}

#[test]
fn impatient_callers_wait_and_give_up_as_erlang_a_says() {
    for (per_hour, agents, seed) in [(200.0, 9, 3), (200.0, 11, 4)] {
        let place = week(&format!("per_hour: {per_hour}, patience: 90s, talks: 3m"), agents);
        let week = sheet(&plan(&place.load().expect("loads"), seed));
        let load = Load { rate: per_hour / 3600.0, handle: 180.0, agents, patience: Some(90.0) };
        let theory = load.erlang_a(20.0, 5.0).expect("patience is known");
        let found = week.queues.values().next().expect("a queue");
        let line = &found.line;
        let counted = 1.0 - theory.abandons_soon;
        let abandoned = line.abandoned as f64 / line.offered as f64;
        near("abandoned", abandoned, (theory.abandons - theory.abandons_soon) / counted, 0.012);
        near("in target", line.service_level.expect("calls"), theory.answered_in_target / counted, 0.018);
        near("ASA", line.speed_of_answer_s.expect("calls"), theory.speed_of_answer, 0.9);
        near("occupancy", line.occupancy.expect("agents"), theory.occupancy, 0.012);
        let a = found.beside.erlang_a.expect("it applies");
        near("beside, abandoned", a.abandoned, abandoned, 0.015);
        near("beside, in target", a.service_level, line.service_level.expect("calls"), 0.025);
    }
}

#[test]
fn where_the_premises_do_not_hold_it_is_said_why() {
    let notes = |centre: &str, scenario: &str| {
        let place = Place::new(centre, scenario);
        let day = sheet(&plan(&place.load().expect("loads"), 1));
        day.queues.values().flat_map(|queue| queue.beside.notes.clone()).collect::<Vec<_>>().join("; ")
    };
    let two = CENTRE.replace("queues:\n", "queues:\n  other: {}\n").replace(
        "    - queue: desk\n",
        "    - menu: { say: \"Press 1.\", keys: { 1: other }, timeout: 5s, tries: 1 }\n    - queue: desk\n  other:\n    - queue: other\n",
    );
    let keyed =
        DAY.replace("talks: 3m }", "talks: 3m }\n  more: { to: \"1000\", per_hour: 9, keys: \"1\", talks: 1m }");
    assert!(notes(&two, &keyed).contains("its agents also serve other"), "{}", notes(&two, &keyed));
    let led_on =
        CENTRE.replace("- queue: desk", "- queue: { name: desk, otherwise: { 30s: bye } }\n  bye:\n    - hang_up");
    let few = DAY.replace("count: 4", "count: 2");
    assert!(notes(&led_on, &few).contains("a rule leads callers"), "{}", notes(&led_on, &few));
    let endless = notes(CENTRE, &few.replace("patience: 2m, ", ""));
    assert!(
        endless.contains("as much work as agents, or more") && endless.contains("patience has no end"),
        "{endless}"
    );
}
