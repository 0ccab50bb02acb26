//! In which order the free are rung: one sentence or more a strategy.

use std::collections::BTreeMap;
use std::sync::Arc;

use cordboard::routing::agent::AgentState;
use cordboard::routing::fact::{Reasons, Rule};
use cordboard::routing::ids::*;
use cordboard::routing::queue::QueueRules;
use cordboard::routing::{Fact, Failure, Input, Strategy};

use crate::floor::*;

fn floor(strategy: Strategy) -> Floor {
    Floor::with(|plan| service(plan, strategy))
}

fn service(plan: &mut cordboard::dialplan::Centre, strategy: Strategy) {
    let name = QueueName::new("service");
    let rules = QueueRules {
        strategy,
        wrap_up: Some(secs(0)),
        rest_after_missed: Some(secs(1)),
        ..QueueRules::named(name.clone())
    };
    plan.queues.insert(name, rules);
}

/// Whose phone rings for a call that comes now, and why.
fn rung(floor: &mut Floor) -> (String, Reasons, LegId) {
    floor.facts.clear();
    let caller = floor.call("100");
    let offer = floor.facts.iter().find_map(|fact| match fact {
        Fact::OfferMade { agent, reasons, .. } => Some((agent.to_string(), reasons.clone())),
        _ => None,
    });
    let (agent, reasons) = offer.unwrap_or_else(|| panic!("nobody is rung\n{floor}"));
    (agent, reasons, caller)
}

/// A conversation of so long, to its end.
fn converse(floor: &mut Floor, long: u64) -> String {
    let (agent, _, caller) = rung(floor);
    floor.talks(&agent, &caller);
    let phone = floor.agent(&agent).leg.clone().expect("a leg");
    floor.pass(secs(long)).hangs_up(&caller).hangs_up(&phone);
    assert_eq!(floor.state(&agent), AgentState::Idle, "{floor}");
    agent
}

#[test]
fn by_fewest_calls_who_has_had_fewest_is_rung_however_short_the_rest() {
    let mut floor = floor(Strategy::FewestCalls);
    floor.login("ana").pass(secs(1)).login("bo");
    assert_eq!(converse(&mut floor, 5), "ana");
    floor.pass(secs(60));
    assert_eq!(converse(&mut floor, 5), "bo");
    assert_eq!(converse(&mut floor, 5), "ana", "one each, and ana is idle longest");
    floor.login("cy").pass(secs(1));
    let (agent, reasons, _) = rung(&mut floor);
    assert_eq!((agent.as_str(), reasons.rule), ("cy", Rule::FewestCalls));
    assert_eq!(reasons.figures, [0, 1, 2]);
}

#[test]
fn who_logs_in_anew_begins_at_no_calls() {
    let mut floor = floor(Strategy::FewestCalls);
    floor.login("ana");
    converse(&mut floor, 5);
    floor.login("bo").pass(secs(1));
    let ana = AgentName::new("ana");
    floor.tell(Input::AgentLoggedOut { agent: ana.clone(), by: ana, why: None });
    floor.pass(secs(1)).login("ana");
    assert_eq!(floor.agent("ana").served.calls, 0);
    // Once more at the same phone is no new shift.
    converse(&mut floor, 5);
    floor.login("bo").login("ana");
    assert_eq!(floor.agent("bo").served.calls + floor.agent("ana").served.calls, 1);
}

#[test]
fn by_least_talk_time_who_had_the_long_call_rests() {
    let mut floor = floor(Strategy::LeastTalkTime);
    floor.login("ana").pass(secs(1)).login("bo");
    assert_eq!(converse(&mut floor, 300), "ana");
    assert_eq!(converse(&mut floor, 20), "bo");
    floor.pass(secs(5));
    assert_eq!(converse(&mut floor, 20), "bo", "40 s after two calls are less than 300 s after one");
    let (agent, reasons, _) = rung(&mut floor);
    assert_eq!((agent.as_str(), reasons.rule, reasons.figures), ("bo", Rule::LeastTalkTime, vec![40_000, 300_000]));
}

#[test]
fn by_most_skilled_the_best_in_what_the_call_needs_is_rung() {
    let mut floor = floor(Strategy::MostSkilled);
    floor.login_with("ana", &["service"], &[("english", 2)]).pass(secs(60));
    floor.login_with("eve", &["service"], &[("english", 5)]);
    floor.facts.clear();
    floor.call("200");
    assert_eq!(floor.state("eve"), AgentState::Ringing, "{floor}");
    floor.call("100");
    assert_eq!(floor.state("ana"), AgentState::Ringing, "what a call does not need counts for nothing: {floor}");
}

#[test]
fn by_round_robin_each_is_rung_in_turn_whether_they_answer_or_not() {
    let mut floor = floor(Strategy::RoundRobin);
    for name in ["ana", "bo", "cy"] {
        floor.pass(secs(1)).login(name);
    }
    let (first, _, caller) = rung(&mut floor);
    let leg = floor.ringing(&first);
    floor.hangs_up(&caller).tell(Input::LegFailed { leg, why: Failure::Withdrawn }).pass(secs(2));
    let others: Vec<String> = (0..5).map(|_| converse(&mut floor, 3)).collect();
    assert_eq!((first.as_str(), others.join(" ").as_str()), ("ana", "bo cy ana bo cy"));
}

#[test]
fn by_fixed_order_the_second_is_rung_where_the_first_is_not_free() {
    let order = ["cy", "bo"].map(AgentName::new).to_vec();
    let mut floor = floor(Strategy::FixedOrder(order));
    for name in ["ana", "bo", "cy"] {
        floor.login(name).pass(secs(9));
    }
    let rung: Vec<String> = (0..3).map(|_| rung(&mut floor).0).collect();
    assert_eq!(rung, ["cy", "bo", "ana"], "who is not in the list comes last");
}

#[test]
fn by_lot_the_heavy_are_rung_more_often_and_a_replay_draws_the_same() {
    let weights = BTreeMap::from([(AgentName::new("ana"), 9)]);
    let shift = || {
        let mut floor = floor(Strategy::WeightedRandom(weights.clone()));
        floor.login("ana").login("bo");
        (0..200).map(|_| converse(&mut floor, 1)).collect::<Vec<String>>()
    };
    let first = shift();
    assert_eq!(first, shift());
    let ana = first.iter().filter(|name| *name == "ana").count();
    assert!((165..195).contains(&ana), "{ana} of 200, and 180 are ana's");
}

#[test]
fn another_strategy_rings_another_for_the_same_inputs() {
    let shift = |strategy| {
        let mut floor = floor(strategy);
        floor.login("ana").pass(secs(1)).login("bo");
        (0..6).map(|n| converse(&mut floor, 60 * (1 + n % 2))).collect::<Vec<String>>()
    };
    let idle = shift(Strategy::LongestIdle);
    assert_eq!(idle, shift(Strategy::LongestIdle));
    assert_ne!(idle, shift(Strategy::LeastTalkTime));
}

#[test]
fn a_published_version_orders_those_who_are_free_already_anew() {
    let mut floor = Floor::new();
    for name in ["ana", "bo"] {
        floor.login(name).pass(secs(9));
    }
    let mut next = plan();
    service(&mut next, Strategy::FixedOrder(vec![AgentName::new("bo")]));
    next.version = VersionHash::new("v2");
    floor.core.shelve(Arc::new(next));
    floor.tell(Input::VersionPublished { version: VersionHash::new("v2") });
    let (agent, reasons, _) = rung(&mut floor);
    assert_eq!((agent.as_str(), reasons.rule), ("bo", Rule::FixedOrder));
    // And nobody is left in the old order: the next has ana.
    assert_eq!(rung(&mut floor).0, "ana");
}

#[test]
fn what_was_counted_outlives_a_restart() {
    let mut floor = floor(Strategy::FewestCalls);
    floor.login("ana").pass(secs(1)).login("bo");
    converse(&mut floor, 70);
    let again = Floor::started(2, floor.known.clone());
    assert_eq!(again.agent("ana").served, floor.agent("ana").served);
    assert_eq!((again.agent("ana").served.calls, again.agent("ana").served.talked), (1, secs(70)));
}

#[test]
fn of_two_who_come_free_at_once_the_first_caller_gets_one_whatever_the_strategy() {
    // The order of the second queue prefers bo, who is the only one for the first in line.
    let mut floor = Floor::with(|plan| {
        let name = QueueName::new("second");
        let strategy = Strategy::FixedOrder(vec![AgentName::new("bo")]);
        plan.queues.insert(name.clone(), QueueRules { strategy, ..QueueRules::named(name) });
        let to_second = plan.steps[&StepName::new("plain")].actions.iter().cloned().map(|action| match action {
            cordboard::dialplan::Action::Queue(mut to) => {
                to.entry.queue = QueueName::new("second");
                cordboard::dialplan::Action::Queue(to)
            }
            other => other,
        });
        plan.steps.get_mut(&StepName::new("valued")).expect("a step").actions = to_second.collect();
    });
    let first = floor.call("100");
    floor.pass(secs(1));
    let second = floor.call("500");
    floor.tell(Input::LinkLost { switch: pbx() });
    floor.login_with("ana", &["second"], &[]).login_with("bo", &["service", "second"], &[]);
    floor.tell(Input::SnapshotTaken { switch: pbx(), legs: vec![seen(&first), seen(&second)] });
    for leg in [&first, &second] {
        let stage = floor.stage(leg);
        assert!(
            matches!(stage, cordboard::routing::call::Stage::Waiting { rings: Some(_), .. }),
            "{leg} waits: {stage:?}\n{floor}"
        );
    }
    assert_eq!((floor.state("ana"), floor.state("bo")), (AgentState::Ringing, AgentState::Ringing));
}
