//! Call-backs that are owed, kept: in whose turn, by whom, when, and after a start; and what they wait for.

use cordboard::routing::agent::{AgentState, Work};
use cordboard::routing::dial::DialEnd;
use cordboard::routing::fact::Rule;
use cordboard::routing::held::HeldBack;
use cordboard::routing::ids::*;
use cordboard::routing::promise::{Broken, Promise, PromiseStage};
use cordboard::routing::{Fact, Failure, Input, LegSeen, LegUp, Refused};

use crate::floor::*;
use crate::promises::*;

#[test]
fn the_agents_phone_rings_first_then_the_number_then_they_talk_and_the_queues_wrap_up_follows() {
    let (mut floor, leg, out) = number_rings();
    assert_eq!(floor.state("ana"), AgentState::Dialling);
    floor.tell(Input::LegAnswered { leg: out.clone() });
    floor.pass(secs(1)).tell(Input::LegsJoined { a: leg.clone(), b: out.clone() });
    assert!(kept(&floor) && floor.core.promises().next().is_none(), "{floor}");
    floor.hangs_up(&out).hangs_up(&leg);
    let Work::WrappingUp { queue, until, .. } = &floor.agent("ana").work else { panic!("{floor}") };
    assert_eq!((queue.as_ref().map(QueueName::as_str), *until), (Some("service"), Some(floor.now + secs(10))));
    assert!(broken(&floor).is_empty());
}

#[test]
fn a_promise_is_neither_overtaken_nor_does_it_overtake() {
    let mut floor = offering();
    let first = floor.call("300");
    floor.pass(secs(5));
    let second = floor.call("100");
    floor.pass(secs(10));
    let third = floor.call("300");
    presses(&mut floor, &second);
    floor.hangs_up(&second);
    floor.login("ana");
    assert_eq!(floor.of(&first).stage.word().as_str(), "ringing", "{floor}");
    assert_eq!(dials(&floor), 0);
    floor.login("ben");
    assert_eq!((floor.state("ben"), dials(&floor)), (AgentState::Dialling, 1), "before who came later\n{floor}");
    assert_eq!(floor.stage(&third).word().as_str(), "waiting");
    floor.login("cy");
    assert_eq!(floor.stage(&third).word().as_str(), "ringing");
}

#[test]
fn nobody_is_dialled_while_the_caller_is_still_on_the_line() {
    let mut floor = offering();
    let caller = floor.call("100");
    floor.pass(secs(10));
    presses(&mut floor, &caller);
    floor.login("ana");
    assert_eq!((floor.state("ana"), dials(&floor)), (AgentState::Idle, 0), "they hear that they are called back");
    floor.hangs_up(&caller);
    assert_eq!((floor.state("ana"), dials(&floor)), (AgentState::Dialling, 1));
}

#[test]
fn an_agent_who_does_not_pick_up_has_missed_it_and_the_promise_goes_to_the_next() {
    let (mut floor, _) = promised();
    floor.login("ana");
    let (leg, joined) = (rung(&floor), promise(&floor).joined);
    floor.tell(Input::LegFailed { leg, why: Failure::NoAnswer });
    assert_eq!(floor.state("ana"), AgentState::Missed);
    assert_eq!((promise(&floor).stage, promise(&floor).joined), (PromiseStage::Waiting, joined));
    floor.login("ben");
    assert_eq!(floor.state("ben"), AgentState::Dialling);
    assert_eq!(promise(&floor).tries, 0, "the number was never rung");
}

#[test]
fn an_agent_who_takes_a_break_while_it_rings_gives_it_back() {
    let (mut floor, _) = promised();
    floor.login("ana");
    let by = AgentName::new("ana");
    floor.tell(Input::AgentTookBreak { agent: by.clone(), reason: BreakReason::new("lunch"), by, why: None });
    assert_eq!(promise(&floor).stage, PromiseStage::Waiting);
    assert_eq!(floor.state("ana"), AgentState::OnBreak);
}

#[test]
fn a_number_that_is_not_reached_is_tried_again_by_the_queues_rule_and_then_given_up() {
    for (why, how) in [(Failure::Busy, DialEnd::Busy), (Failure::NoAnswer, DialEnd::NoAnswer)] {
        let (mut floor, leg, out) = number_rings();
        let joined = promise(&floor).joined;
        floor.tell(Input::LegFailed { leg: out, why }).hangs_up(&leg);
        let rests = promise(&floor);
        assert_eq!((rests.stage, rests.tries), (PromiseStage::Resting { until: floor.now + secs(60) }, 1));
        assert_eq!(floor.state("ana"), AgentState::Idle, "she is free for others meanwhile");
        let rest = |fact: &Fact| matches!(fact, Fact::PromiseRests { after, .. } if *after == how);
        assert!(floor.facts.iter().any(rest), "{:#?}", floor.facts);
        floor.pass(secs(60));
        assert_eq!(floor.state("ana"), AgentState::Dialling, "{floor}");
        assert_eq!(promise(&floor).joined, joined, "at the old place");
        let leg = rung(&floor);
        floor.tell(Input::LegAnswered { leg: leg.clone() });
        let out = rung(&floor);
        floor.tell(Input::LegFailed { leg: out, why }).hangs_up(&leg);
        assert_eq!(broken(&floor), [Broken::NotReached]);
        floor.pass(secs(600));
        assert_eq!((dials(&floor), floor.core.promises().count()), (2, 0), "never a third time");
    }
}

#[test]
fn a_promise_for_an_hour_comes_into_the_queue_then_and_by_the_clock_on_the_wall() {
    let mut floor = offering();
    floor.login("ana");
    floor.tell(asked_by("lead", NUMBER, Some(NOON + secs(3600))));
    assert_eq!((floor.state("ana"), floor.refused.clone()), (AgentState::Idle, None));
    floor.pass(secs(1799));
    // The clock on the wall is set half an hour forward.
    floor.tell(Input::WallClockStepped { by_ms: 1_800_000 });
    assert_eq!(dials(&floor), 0);
    floor.pass(secs(1));
    assert_eq!((floor.state("ana"), dials(&floor)), (AgentState::Dialling, 1), "{floor}");
    assert_eq!(promise(&floor).joined, floor.now);
}

#[test]
fn a_promise_that_names_an_agent_is_kept_for_them_for_a_while() {
    let mut floor = offering();
    let mut asked = asked_by("lead", NUMBER, None);
    if let Input::CallBackAsked { agent, .. } = &mut asked {
        *agent = Some(AgentName::new("ana"));
    }
    floor.login("ana").login("ben");
    let caller = floor.call("100");
    floor.talks("ana", &caller);
    floor.tell(asked);
    assert_eq!((floor.state("ben"), dials(&floor)), (AgentState::Idle, 0), "ana has a caller, and will be free");
    floor.pass(secs(600));
    assert_eq!((floor.state("ben"), dials(&floor)), (AgentState::Dialling, 1), "she was waited for long enough");
}

#[test]
fn taken_back_while_it_rings_nobody_is_dialled_any_more_and_not_once_the_number_has_answered() {
    let (mut floor, leg, out) = number_rings();
    let id = promise(&floor).id;
    let cancel = Input::PromiseCancelled { promise: id, by: AgentName::new("lead") };
    floor.tell(cancel.clone());
    assert_eq!(broken(&floor), [Broken::Cancelled]);
    let mut hung_up = floor.hung_up();
    hung_up.sort();
    let mut both = [leg, out];
    both.sort();
    assert_eq!(hung_up, both);
    let (mut floor, _, out) = number_rings();
    floor.tell(Input::LegAnswered { leg: out });
    floor.tell(cancel);
    assert!(matches!(floor.refused, Some(Refused::BeingKept { .. })), "{:?}", floor.refused);
}

#[test]
fn where_the_centre_may_not_dial_just_now_promises_keep_their_places_and_are_dialled_when_it_may() {
    let mut floor = offering();
    for n in 0..5 {
        floor.tell(asked_by("lead", &format!("1390013900{n}"), None));
    }
    for name in ["ana", "ben", "cy", "dee", "eve"] {
        floor.login(name);
    }
    assert_eq!(dials(&floor), 3, "dial_out.most_per_minute");
    assert_eq!(floor.state("eve"), AgentState::Idle);
    floor.pass(secs(60));
    assert_eq!(dials(&floor), 5, "{floor}");
}

fn phone(leg: &LegId) -> LegSeen {
    LegSeen { up: LegUp::Up, inbound: false, in_hand: true, ..seen(leg) }
}

#[test]
fn a_promise_outlives_a_start_and_is_dialled_then_once() {
    let (floor, _) = promised();
    let (owed, known, now) = (promise(&floor), floor.known.clone(), floor.now);
    let mut again = Floor::again(floor, 2, known, now);
    assert_eq!(Promise { stands: None, ..promise(&again) }, Promise { stands: None, ..owed });
    again.tell(Input::SnapshotTaken { switch: pbx(), legs: vec![] });
    again.login("ana");
    assert_eq!(dials(&again), 1);
}

#[test]
fn a_dial_under_way_is_found_again_after_a_start_and_the_number_is_not_rung_twice() {
    let (floor, leg, out) = number_rings();
    let (known, now) = (floor.known.clone(), floor.now);
    let mut again = Floor::again(floor, 2, known, now);
    again.tell(Input::SnapshotTaken { switch: pbx(), legs: vec![phone(&leg), phone(&out)] });
    again.tell(Input::LegsJoined { a: leg, b: out });
    assert_eq!(dials(&again), 0);
    assert!(kept(&again) && again.core.promises().next().is_none(), "{again}");
}

#[test]
fn a_dial_that_was_gone_after_a_start_was_a_try() {
    let (floor, leg, out) = number_rings();
    let (known, now) = (floor.known.clone(), floor.now);
    let mut again = Floor::again(floor, 2, known, now);
    again.tell(Input::SnapshotTaken { switch: pbx(), legs: vec![] });
    for leg in [leg, out] {
        again.tell(Input::LegLookedAt { switch: pbx(), leg, seen: None });
    }
    let rests = promise(&again);
    assert_eq!((rests.stage, rests.tries), (PromiseStage::Resting { until: again.now + secs(60) }, 1), "{again}");
}

#[test]
fn a_promise_for_an_hour_that_passed_while_nobody_ran_is_due_at_once_and_counts_from_that_hour() {
    let mut floor = offering();
    floor.tell(asked_by("lead", NUMBER, Some(NOON + secs(600))));
    let (known, now) = (floor.known.clone(), floor.now + secs(900));
    let mut again = Floor::again(floor, 2, known, now);
    again.pass(secs(0));
    assert_eq!(promise(&again).joined, NOON + secs(600));
}

#[test]
fn a_promise_that_nobody_could_keep_for_a_week_is_broken() {
    let (mut floor, _) = promised();
    floor.pass(secs(7 * 86_400));
    assert_eq!(broken(&floor), [Broken::Expired]);
    assert_eq!((floor.core.kept().timers, floor.core.kept().places), (0, 0));
}

/// As `offering`, where the queue is open from eight to six by the clock on the wall.
fn by_day() -> Floor {
    Floor::with(|plan| {
        offers(plan);
        plan.queues.get_mut(&QueueName::new("service")).expect("a queue").hours = Some("office".into());
    })
}

#[test]
fn whoever_is_rung_to_keep_a_promise_is_told_why_and_who_was_left_out() {
    let (mut floor, _) = promised();
    let english = SkillName::new("english");
    floor.login_with("eve", &["service"], &[("english", 3)]);
    let reasons = floor.facts.iter().find_map(|fact| match fact {
        Fact::Dialled { reasons, .. } => reasons.clone(),
        _ => None,
    });
    let reasons = reasons.expect("why it was eve");
    assert_eq!((reasons.rule, reasons.logged_in, reasons.not_free, reasons.waiting), (Rule::FirstInQueue, 1, 0, 1));
    assert_eq!(reasons.candidates.first().map(|(agent, _)| agent.as_str()), Some("eve"));
    assert!(!reasons.needs.iter().any(|need| need.skill == english), "nothing was needed: {reasons:?}");
}

#[test]
fn who_kept_a_promise_has_served_somebody_and_who_dialled_on_their_own_has_not() {
    let (mut floor, leg, out) = number_rings();
    assert_eq!(floor.agent("ana").served.rung, Some(floor.now), "rung, by turns, as for a caller");
    floor.tell(Input::LegAnswered { leg: out.clone() });
    floor.tell(Input::LegsJoined { a: leg.clone(), b: out.clone() });
    assert_eq!(floor.agent("ana").served.calls, 1);
    floor.pass(secs(30)).hangs_up(&out).hangs_up(&leg);
    assert_eq!(floor.agent("ana").served.talked, secs(30));
    floor.pass(secs(10));
    let by = AgentName::new("ana");
    let number = NUMBER.parse().expect("a number");
    floor.tell(Input::AgentDialled { agent: by.clone(), number, by, request: None });
    let leg = rung(&floor);
    floor.tell(Input::LegAnswered { leg: leg.clone() });
    let out = rung(&floor);
    floor.tell(Input::LegAnswered { leg: out.clone() }).tell(Input::LegsJoined { a: leg.clone(), b: out.clone() });
    floor.pass(secs(30)).hangs_up(&out).hangs_up(&leg);
    assert_eq!((floor.agent("ana").served.calls, floor.agent("ana").served.talked), (1, secs(30)));
}

#[test]
fn a_closed_queue_calls_nobody_back_and_goes_on_where_it_was_when_it_opens() {
    let mut floor = by_day();
    let caller = floor.call("100");
    floor.pass(secs(10));
    presses(&mut floor, &caller);
    floor.hangs_up(&caller);
    let joined = promise(&floor).joined;
    // Six in the evening.
    floor.pass(secs(6 * 3600));
    floor.login("ana");
    assert_eq!((floor.state("ana"), dials(&floor)), (AgentState::Idle, 0), "{floor}");
    assert_eq!(held(&floor), (Some(HeldBack::Closed), Some(NOON + secs(20 * 3600))));
    floor.pass(secs(14 * 3600) - secs(11));
    assert_eq!(dials(&floor), 0, "not a second too early");
    floor.pass(secs(1));
    assert_eq!((floor.state("ana"), dials(&floor)), (AgentState::Dialling, 1), "{floor}");
    assert_eq!(promise(&floor).joined, joined, "at the place that it had");
}

#[test]
fn opening_hours_hold_a_promise_back_by_the_clock_on_the_wall_and_by_the_version_of_today() {
    let mut floor = by_day();
    floor.tell(asked_by("lead", NUMBER, None));
    assert_eq!(held(&floor), (None, None), "it waits for an agent");
    floor.tell(Input::WallClockStepped { by_ms: 7 * 3_600_000 });
    floor.login("ana");
    assert_eq!((held(&floor).0, dials(&floor)), (Some(HeldBack::Closed), 0));
    let mut plan = plan();
    offers(&mut plan);
    plan.version = VersionHash::new("round the clock");
    floor.core.shelve(std::sync::Arc::new(plan));
    floor.tell(Input::VersionPublished { version: VersionHash::new("round the clock") });
    assert_eq!(dials(&floor), 1, "the queue has no hours any more");
}

#[test]
fn people_are_called_back_in_the_hours_for_that_though_the_queue_is_open_longer() {
    let mut floor = Floor::with(|plan| {
        offers(plan);
        let service = plan.queues.get_mut(&QueueName::new("service")).expect("a queue");
        service.call_back.hours = Some("office".into());
    });
    floor.tell(asked_by("lead", NUMBER, None));
    floor.pass(secs(7 * 3600)).login("ana");
    assert_eq!((held(&floor).0, dials(&floor)), (Some(HeldBack::Closed), 0));
    let caller = floor.call("100");
    assert_eq!(floor.of(&caller).stage.word().as_str(), "ringing", "callers are served meanwhile");
}

#[test]
fn why_a_promise_is_held_back_is_seen_whatever_it_is() {
    let mut floor = offering();
    let caller = floor.call("100");
    floor.pass(secs(10));
    presses(&mut floor, &caller);
    assert_eq!(held(&floor), (Some(HeldBack::OnTheLine), None));
    floor.hangs_up(&caller);
    assert_eq!(held(&floor), (None, None));
    floor.tell(Input::LinkLost { switch: pbx() });
    assert_eq!(held(&floor), (Some(HeldBack::SwitchAway), None));
    let mut plan = plan();
    offers(&mut plan);
    plan.version = VersionHash::new("dials nobody");
    plan.dial_out = None;
    floor.core.shelve(std::sync::Arc::new(plan));
    floor.tell(Input::VersionPublished { version: VersionHash::new("dials nobody") });
    assert_eq!(held(&floor), (Some(HeldBack::NotAllowed), None));
}

#[test]
fn a_call_back_waits_beside_a_line_that_is_held_open_for_somebody_who_dials() {
    let mut floor = offering();
    floor.tell(Input::AgentLoggedIn {
        agent: AgentName::new("ana"),
        station: StationAddress::new("held:PJSIP/ana"),
        switch: pbx(),
        queues: [QueueName::new("service")].into(),
        skills: [].into(),
        by: AgentName::new("ana"),
        auto_answer: None,
    });
    let leg = rung(&floor);
    floor.tell(Input::LegAnswered { leg }).tell(asked_by("lead", NUMBER, None));
    assert_eq!((floor.state("ana"), dials(&floor)), (AgentState::Idle, 0), "{floor}");
    floor.login("ben");
    assert_eq!((floor.state("ben"), dials(&floor)), (AgentState::Dialling, 1), "{floor}");
}

#[test]
fn what_is_owed_is_counted_apart_from_who_waits_with_the_oldest_of_it() {
    let mut floor = offering();
    let seen = |floor: &Floor| {
        let shown = floor.core.floor(floor.now);
        let queue = shown.queues.into_iter().find(|queue| queue.name.as_str() == "service").expect("a queue");
        (queue.promises, queue.waiting, queue.oldest_promise_ms)
    };
    assert_eq!(seen(&floor), (0, 0, None));
    let first = floor.now;
    floor.tell(asked_by("lead", NUMBER, None)).pass(secs(5)).tell(asked_by("lead", "13900139001", None));
    floor.call("300");
    let later = floor.now + secs(3600);
    floor.tell(asked_by("lead", "13900139002", Some(later)));
    assert_eq!(seen(&floor), (3, 1, Some(first)), "one of them has no place yet");
    let at: Vec<_> = floor.core.promises_seen(floor.now).iter().map(|seen| (seen.position, seen.due_ms)).collect();
    assert_eq!(at, [(Some(1), None), (Some(2), None), (None, Some(later))]);
}

#[test]
fn who_is_seen_to_keep_a_promise_is_its_agent_and_a_rest_ends_by_the_clock_on_the_wall() {
    let (mut floor, _, out) = number_rings();
    let seen = floor.core.promises_seen(floor.now).remove(0);
    assert_eq!((seen.agent, seen.dial.is_some()), (Some(AgentName::new("ana")), true));
    floor.tell(Input::WallClockStepped { by_ms: 60_000 }).tell(Input::LegFailed { leg: out, why: Failure::Busy });
    let seen = floor.core.promises_seen(floor.now).remove(0);
    assert_eq!((seen.due_ms, seen.agent), (Some(floor.now + secs(120)), None));
}

#[test]
fn a_promise_that_is_over_leaves_nothing_behind() {
    let (mut floor, _) = promised();
    let id = promise(&floor).id;
    floor.tell(Input::PromiseCancelled { promise: id, by: AgentName::new("lead") });
    assert!(floor.keeps_nothing(), "{:?}", floor.core.kept());
    floor.tell(Input::PromiseCancelled { promise: id, by: AgentName::new("lead") });
    assert_eq!(floor.refused, Some(Refused::NoSuchPromise { promise: id }));
    let (mut floor, leg, out) = number_rings();
    floor.tell(Input::LegAnswered { leg: out.clone() }).tell(Input::LegsJoined { a: leg.clone(), b: out.clone() });
    floor.hangs_up(&out).hangs_up(&leg).pass(secs(10));
    assert!(floor.keeps_nothing(), "{:?}", floor.core.kept());
}
