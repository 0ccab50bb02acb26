//! Out of a queue by a rule: passed on, nobody there any more, closing time; and how that ends where it cannot end.

use std::time::Duration;

use cordboard::dialplan::{Action, Centre, QueueEntry, Step, ToQueue, When};
use cordboard::routing::agent::AgentState;
use cordboard::routing::call::{Stage, StageWord};
use cordboard::routing::fact::{LeftQueue, Outcome};
use cordboard::routing::ids::*;
use cordboard::routing::queue::Need;
use cordboard::routing::{Act, DESERTED_FOR, Fact, Input, Returned};

use crate::floor::*;

const HOUR: Duration = Duration::from_secs(3600);

fn entry(queue: &str) -> QueueEntry {
    QueueEntry {
        queue: QueueName::new(queue),
        needs: vec![],
        credit: Duration::ZERO,
        keep_wait: false,
        prefer: vec![],
        agents: vec![],
        music: None,
        otherwise: vec![],
    }
}

fn step(plan: &mut Centre, name: &str, entry: QueueEntry) {
    let name = StepName::new(name);
    let action = Action::Queue(ToQueue { entry, needs_by_language: vec![], waiting: vec![] });
    plan.steps.insert(name.clone(), Step { name, actions: vec![action] });
}

/// `100` waits in `service` and leaves it as `rule` says; the queue is open by day, till six.
fn leaving(rule: When, to: &'static str) -> impl FnOnce(&mut Centre) {
    move |plan| {
        step(plan, "plain", QueueEntry { otherwise: vec![(rule, StepName::new(to))], ..entry("service") });
        if let Some(rules) = plan.queues.get_mut(&QueueName::new("service")) {
            rules.hours = Some("office".into());
        }
    }
}

fn left(floor: &Floor) -> Vec<LeftQueue> {
    let why = |fact: &Fact| match fact {
        Fact::CallLeftQueue { why, .. } => Some(*why),
        _ => None,
    };
    floor.facts.iter().filter_map(why).collect()
}

fn waits_in<'f>(floor: &'f Floor, leg: &LegId) -> &'f str {
    match floor.stage(leg) {
        Stage::Waiting { place, .. } => place.queue.as_str(),
        stage => panic!("{stage:?}\n{floor}"),
    }
}

/// `100` waits thirty seconds in `service`, then in `second`.
fn passed_on(keep_wait: bool) -> Floor {
    Floor::with(move |plan| {
        leaving(When::Waited(secs(30)), "elsewhere")(plan);
        step(plan, "elsewhere", QueueEntry { keep_wait, ..entry("second") });
        step(plan, "english", entry("second"));
    })
}

#[test]
fn a_caller_who_is_passed_on_keeps_the_time_waited_where_the_step_says_so() {
    for keep in [true, false] {
        let mut floor = passed_on(keep);
        let first = floor.call("100");
        floor.pass(secs(20));
        let direct = floor.call("200");
        floor.pass(secs(15));
        assert_eq!((waits_in(&floor, &first), waits_in(&floor, &direct)), ("second", "second"));
        let credit = floor.core.call_seen(floor.now, floor.of(&first).id).and_then(|call| call.credit_ms);
        assert_eq!(credit, Some(if keep { 30_000 } else { 0 }), "{floor}");
        floor.login_with("ana", &["second"], &[]);
        let rung = if keep { &first } else { &direct };
        let of = floor.core.call_seen(floor.now, floor.of(rung).id).expect("a call");
        assert_eq!(of.stage, StageWord::Ringing, "keep_wait: {keep}\n{floor}");
    }
}

#[test]
fn a_kept_wait_outlives_the_controller() {
    let mut floor = passed_on(true);
    let caller = floor.call("100");
    floor.pass(secs(35));
    let (known, now) = (floor.known.clone(), floor.now);
    let mut reborn = Floor::again(floor, 2, known, now);
    reborn.tell(Input::SnapshotTaken { switch: pbx(), legs: vec![seen(&caller)] });
    let of = reborn.core.call_seen(reborn.now, reborn.of(&caller).id).expect("a call");
    assert_eq!((of.credit_ms, of.joined_ms), (Some(30_000), Some(NOON + secs(30))), "{reborn}");
    assert_eq!(reborn.of(&caller).waited, secs(30));
}

#[test]
fn queues_that_pass_a_caller_round_and_round_do_so_until_somebody_takes_the_call() {
    let mut floor = Floor::with(|plan| {
        leaving(When::Waited(secs(30)), "elsewhere")(plan);
        let back = vec![(When::Waited(secs(30)), StepName::new("plain"))];
        step(plan, "elsewhere", QueueEntry { keep_wait: true, otherwise: back, ..entry("second") });
    });
    let caller = floor.call("100");
    floor.pass(secs(30));
    assert_eq!(waits_in(&floor, &caller), "second");
    floor.pass(secs(30));
    assert_eq!(waits_in(&floor, &caller), "service");
    floor.pass(HOUR);
    assert_eq!(floor.of(&caller).waited, HOUR + secs(60));
    floor.login("ana");
    floor.talks("ana", &caller);
    floor.hangs_up(&caller);
    assert_eq!(floor.outcomes(), [Outcome::Answered]);
    assert!(floor.core.kept().places == 0, "{:?}", floor.core.kept());
}

#[test]
fn a_call_that_every_queue_sends_to_the_next_is_refused_and_breaks_nothing() {
    // No checked dialplan does this; one of a former version may.
    let mut floor = Floor::with(|plan| {
        leaving(When::NobodyLoggedIn, "elsewhere")(plan);
        let back = vec![(When::NobodyLoggedIn, StepName::new("plain"))];
        step(plan, "elsewhere", QueueEntry { otherwise: back, ..entry("second") });
    });
    let caller = floor.call("100");
    assert_eq!(floor.hung_up(), std::slice::from_ref(&caller));
    floor.hangs_up(&caller);
    assert_eq!(floor.outcomes(), [Outcome::Refused]);
    let kept = floor.core.kept();
    assert_eq!((kept.legs, kept.places, kept.timers), (0, 0, 0), "{kept:?}");
}

#[test]
fn when_the_last_agent_logs_out_those_who_wait_leave_by_the_rule_once_and_after_a_grace() {
    let mut floor = Floor::with(leaving(When::NobodyLoggedIn, "sorry"));
    floor.login_with("ana", &["service"], &[]);
    floor.tell(Input::AgentTookBreak {
        agent: AgentName::new("ana"),
        reason: BreakReason::new("lunch"),
        by: AgentName::new("ana"),
        why: None,
    });
    let (first, second) = (floor.call("100"), floor.call("100"));
    floor.pass(secs(60));
    assert!(left(&floor).is_empty(), "who is on a break comes back\n{floor}");
    let away = Input::AgentLoggedOut { agent: AgentName::new("ana"), by: AgentName::new("ana"), why: None };
    floor.tell(away).pass(DESERTED_FOR - secs(1));
    assert!(left(&floor).is_empty(), "{floor}");
    floor.pass(secs(1));
    assert_eq!(left(&floor), [LeftQueue::Deserted, LeftQueue::Deserted]);
    for caller in [&first, &second] {
        assert!(matches!(floor.stage(caller), Stage::InDialplan { .. }), "{floor}");
    }
    floor.pass(HOUR);
    assert_eq!(left(&floor).len(), 2, "once");
}

#[test]
fn an_agent_who_only_moves_to_another_phone_loses_no_caller() {
    let mut floor = Floor::with(leaving(When::NobodyLoggedIn, "sorry"));
    floor.login("ana");
    let talks = floor.call("300");
    floor.talks("ana", &talks);
    let caller = floor.call("100");
    floor.login_with("bo", &["second"], &[]);
    let phone = floor.agent("ana").leg.clone().expect("a leg");
    floor.hangs_up(&talks).hangs_up(&phone);
    floor.tell(Input::AgentLoggedOut { agent: AgentName::new("ana"), by: AgentName::new("ana"), why: None });
    floor.pass(secs(5)).login("ana");
    floor.pass(DESERTED_FOR);
    assert!(left(&floor).is_empty(), "{floor}");
    assert_eq!(floor.core.call_seen(floor.now, floor.of(&caller).id).map(|of| of.stage), Some(StageWord::Ringing));
}

#[test]
fn a_call_whose_needs_nobody_at_work_meets_leaves_too_and_others_stay() {
    let hard = Need { skill: SkillName::new("english"), level: 10, until: None };
    let mut floor = Floor::with(move |plan| {
        let sorry = || vec![(When::NobodyLoggedIn, StepName::new("sorry"))];
        step(plan, "plain", QueueEntry { otherwise: sorry(), ..entry("service") });
        step(plan, "english", QueueEntry { otherwise: sorry(), needs: vec![hard], ..entry("service") });
    });
    floor.login("ana");
    let taken = floor.call("300");
    floor.talks("ana", &taken);
    // At the door.
    floor.call("200");
    assert_eq!(left(&floor), [LeftQueue::NobodyLoggedIn]);
    // While waiting.
    floor.login_with("bo", &["service"], &[("english", 10)]);
    let easy = floor.call("300");
    floor.talks("bo", &easy);
    let (plain, needy) = (floor.call("100"), floor.call("200"));
    floor.tell(Input::AgentAssigned {
        agent: AgentName::new("bo"),
        queues: [QueueName::new("service")].into(),
        skills: Default::default(),
        by: AgentName::new("lead"),
    });
    floor.pass(DESERTED_FOR);
    assert_eq!(left(&floor)[1..], [LeftQueue::Deserted], "{floor}");
    assert!(matches!(floor.stage(&plain), Stage::Waiting { .. }), "{floor}");
    assert!(matches!(floor.stage(&needy), Stage::InDialplan { .. }), "{floor}");
}

#[test]
fn a_queue_without_agents_and_without_a_rule_holds_its_callers_until_they_hang_up() {
    let mut floor = Floor::new();
    let caller = floor.call("100");
    assert!(floor.effects.iter().any(|effect| matches!(effect.act, Act::StartMusic { .. })));
    floor.pass(HOUR);
    assert!(matches!(floor.stage(&caller), Stage::Waiting { .. }), "{floor}");
    floor.hangs_up(&caller);
    assert_eq!(floor.outcomes(), [Outcome::Abandoned]);
}

#[test]
fn people_still_waiting_when_the_queue_closes_go_where_the_step_says() {
    let mut floor = Floor::with(leaving(When::Closed, "sorry"));
    let caller = floor.call("100");
    // It is noon, and closes at six.
    floor.pass(6 * HOUR - secs(1));
    assert!(matches!(floor.stage(&caller), Stage::Waiting { .. }), "{floor}");
    floor.pass(secs(1));
    assert_eq!(left(&floor), [LeftQueue::ClosedMeanwhile]);
    assert!(matches!(floor.stage(&caller), Stage::InDialplan { .. }), "{floor}");
    // And who comes now is led there from the door.
    floor.call("100");
    assert_eq!(left(&floor)[1..], [LeftQueue::Closed]);
}

#[test]
fn who_is_being_rung_at_closing_time_is_still_answered() {
    let mut floor = Floor::with(leaving(When::Closed, "sorry"));
    let caller = floor.call("100");
    floor.pass(6 * HOUR - secs(5));
    floor.login("ana");
    floor.pass(secs(7));
    assert_eq!(floor.state("ana"), AgentState::Ringing, "{floor}");
    floor.talks("ana", &caller);
    floor.pass(HOUR);
    assert!(left(&floor).is_empty() && matches!(floor.stage(&caller), Stage::Talking { .. }), "{floor}");
}

#[test]
fn closing_time_moves_with_the_clock_on_the_wall() {
    let mut floor = Floor::with(leaving(When::Closed, "sorry"));
    let caller = floor.call("100");
    floor.tell(Input::WallClockStepped { by_ms: 3_600_000 });
    floor.pass(5 * HOUR - secs(1));
    assert!(matches!(floor.stage(&caller), Stage::Waiting { .. }), "{floor}");
    floor.pass(secs(1));
    assert_eq!(left(&floor), [LeftQueue::ClosedMeanwhile]);
}

#[test]
fn without_a_rule_for_it_people_stay_when_the_queue_closes() {
    let mut floor = Floor::with(leaving(When::Waited(10 * HOUR), "sorry"));
    let caller = floor.call("100");
    floor.pass(7 * HOUR);
    assert!(matches!(floor.stage(&caller), Stage::Waiting { .. }), "{floor}");
}

#[test]
fn a_queue_that_closed_while_we_were_away_is_left_after_the_snapshot() {
    let mut floor = Floor::with(leaving(When::Closed, "sorry"));
    let caller = floor.call("100");
    let (known, now) = (floor.known.clone(), floor.now + 7 * HOUR);
    let mut reborn = Floor::again(floor, 2, known, now);
    reborn.tell(Input::SnapshotTaken { switch: pbx(), legs: vec![seen(&caller)] });
    reborn.pass(secs(1));
    assert_eq!(left(&reborn), [LeftQueue::ClosedMeanwhile]);
    let (effect, _) = reborn.asked(|act| matches!(act, Act::Play { .. }));
    reborn.tell(Input::EffectReturned { effect, how: Returned::Done });
    reborn.hangs_up(&caller);
    assert_eq!(reborn.outcomes(), [Outcome::EndedByUs]);
}

fn left_after(floor: &Floor) -> Option<Duration> {
    floor.facts.iter().any(|fact| matches!(fact, Fact::CallLeftQueue { .. })).then(|| floor.now.since(NOON))
}

#[test]
fn who_has_waited_long_enough_while_phones_ring_is_rung_at_no_other_and_leaves_with_the_last_ring() {
    let ring_all = |plan: &mut cordboard::dialplan::Centre| {
        let service = plan.queues.get_mut(&QueueName::new("service")).expect("a queue");
        service.strategy = cordboard::routing::Strategy::RingAll;
    };
    let mut floor = Floor::with(ring_all);
    let caller = floor.call("300");
    floor.pass(secs(50)).login("ana").pass(secs(5)).login("bo");
    let (ana, bo) = (floor.ringing("ana"), floor.ringing("bo"));
    floor.pass(secs(7)).login("cy");
    assert_eq!(floor.state("cy"), AgentState::Idle, "nobody else is rung past the minute\n{floor}");
    floor.pass(secs(3)).tell(Input::LegFailed { leg: ana, why: cordboard::routing::Failure::NoAnswer });
    assert_eq!(left_after(&floor), None, "the other may still be picked up");
    floor.pass(secs(5)).tell(Input::LegFailed { leg: bo, why: cordboard::routing::Failure::NoAnswer });
    assert_eq!(left_after(&floor), Some(secs(70)), "at once\n{floor}");
    assert!(matches!(floor.stage(&caller), Stage::InDialplan { .. }), "{floor}");
}

#[test]
fn who_has_waited_long_enough_while_a_phone_rings_is_answered_when_it_is_picked_up() {
    let mut floor = Floor::new();
    let caller = floor.call("300");
    floor.pass(secs(50)).login("ana").pass(secs(12));
    floor.talks("ana", &caller);
    assert_eq!(left_after(&floor), None);
    assert!(matches!(floor.stage(&caller), Stage::Talking { .. }), "{floor}");
}
