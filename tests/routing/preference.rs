//! Callers who know an agent, and are kept for that agent a while.

use cordboard::dialplan::Action;
use cordboard::routing::agent::AgentState;
use cordboard::routing::call::Stage;
use cordboard::routing::fact::{Reasons, Rule};
use cordboard::routing::ids::*;
use cordboard::routing::preference::{Acquaintance, KnownAs, Prefer};
use cordboard::routing::{Fact, Failure, Input};

use crate::floor::*;

/// `100` prefers who talked last for 20 s, and the clerk for 40 s.
fn preferring() -> Floor {
    Floor::with(|plan| {
        let actions = &mut plan.steps.get_mut(&StepName::new("plain")).expect("a step").actions;
        for action in actions {
            if let Action::Queue(to) = action {
                let clerk = KnownAs::Customer("clerk".into());
                to.entry.prefer = vec![
                    Prefer { agent: KnownAs::LastAgent, within: secs(20) },
                    Prefer { agent: clerk, within: secs(40) },
                ];
            }
        }
    })
}

fn knows(floor: &mut Floor, caller: &LegId, known: &[(&str, &str)]) {
    let agents: Acquaintance =
        known.iter().map(|(known_as, agent)| (known_as.parse().expect("known as"), AgentName::new(agent))).collect();
    let call = floor.of(caller).id;
    floor.tell(Input::CallerKnown { call, agents });
}

fn busy(floor: &mut Floor, name: &str) -> LegId {
    floor.login(name);
    let other = floor.call("300");
    floor.talks(name, &other);
    other
}

fn waits(floor: &Floor, leg: &LegId) -> bool {
    matches!(floor.stage(leg), Stage::Waiting { rings: None, .. })
}

fn last_reasons(floor: &Floor) -> Reasons {
    let mut offers = floor.facts.iter().rev().filter_map(|fact| match fact {
        Fact::OfferMade { reasons, .. } => Some(reasons.clone()),
        _ => None,
    });
    offers.next().unwrap_or_else(|| panic!("no offer\n{floor}"))
}

#[test]
fn a_caller_is_kept_for_the_agent_they_know_and_then_is_anybodys() {
    let mut floor = preferring();
    busy(&mut floor, "ana");
    let caller = floor.call("100");
    knows(&mut floor, &caller, &[("last_agent", "ana")]);
    floor.login("bo").pass(secs(19));
    assert!(waits(&floor, &caller), "{floor}");
    floor.pass(secs(1));
    assert_eq!(floor.state("bo"), AgentState::Ringing, "{floor}");
    assert!(floor.core.kept().expected <= 1);
}

#[test]
fn the_agent_whom_the_caller_knows_gets_the_call_when_free_in_time() {
    let mut floor = preferring();
    let other = busy(&mut floor, "ana");
    let caller = floor.call("100");
    knows(&mut floor, &caller, &[("last_agent", "ana")]);
    floor.login("bo").pass(secs(5));
    let phone = floor.agent("ana").leg.clone().expect("a leg");
    floor.hangs_up(&other).hangs_up(&phone).pass(secs(10));
    assert_eq!((floor.state("ana"), floor.state("bo")), (AgentState::Ringing, AgentState::Idle), "{floor}");
    let reasons = last_reasons(&floor);
    assert_eq!((reasons.rule, reasons.not_preferred), (Rule::Preferred, 1));
}

#[test]
fn two_whom_the_caller_knows_are_both_waited_for_each_for_their_time() {
    let mut floor = preferring();
    busy(&mut floor, "ana");
    busy(&mut floor, "cy");
    let caller = floor.call("100");
    knows(&mut floor, &caller, &[("last_agent", "ana"), ("customer.clerk", "cy")]);
    floor.login("bo").pass(secs(39));
    assert!(waits(&floor, &caller), "{floor}");
    floor.pass(secs(1));
    assert!(!waits(&floor, &caller), "{floor}");
}

#[test]
fn nobody_is_waited_for_who_is_on_a_break_or_gone_or_without_the_queue() {
    let mut floor = preferring();
    let ana = AgentName::new("ana");
    floor.login("ana").tell(Input::AgentTookBreak {
        agent: ana.clone(),
        reason: BreakReason::new("lunch"),
        by: ana.clone(),
        why: None,
    });
    floor.login("bo");
    let caller = floor.call("100");
    assert!(!waits(&floor, &caller), "bo rings before anything is looked up: {floor}");
    for (n, known) in ["ana", "nobody", "eve"].into_iter().enumerate() {
        let mut floor = preferring();
        floor.login_with("eve", &["second"], &[]);
        let caller = floor.call("100");
        knows(&mut floor, &caller, &[("last_agent", known)]);
        floor.login("bo");
        assert!(!waits(&floor, &caller), "{n}: {floor}");
    }
}

#[test]
fn a_break_of_the_one_who_is_waited_for_lets_the_call_go_at_once() {
    let mut floor = preferring();
    busy(&mut floor, "ana");
    let caller = floor.call("100");
    knows(&mut floor, &caller, &[("last_agent", "ana")]);
    floor.login("bo");
    assert!(waits(&floor, &caller), "{floor}");
    let ana = AgentName::new("ana");
    floor.tell(Input::AgentTookBreak { agent: ana.clone(), reason: BreakReason::new("lunch"), by: ana, why: None });
    assert_eq!(floor.state("bo"), AgentState::Ringing, "{floor}");
}

#[test]
fn one_who_does_not_answer_is_waited_for_no_longer() {
    let mut floor = preferring();
    floor.login("ana").login("bo");
    let first = floor.call("300");
    let second = floor.call("300");
    let caller = floor.call("100");
    knows(&mut floor, &caller, &[("last_agent", "ana")]);
    floor.hangs_up(&first).hangs_up(&second);
    for name in ["ana", "bo"] {
        let leg = floor.agent(name).leg.clone().expect("a leg");
        floor.tell(Input::LegFailed { leg, why: Failure::Withdrawn });
    }
    let leg = floor.ringing("ana");
    floor.tell(Input::LegFailed { leg, why: Failure::NoAnswer });
    assert_eq!(floor.state("bo"), AgentState::Ringing, "{floor}");
}

#[test]
fn what_is_looked_up_while_a_phone_rings_counts_when_it_is_not_answered() {
    let mut floor = preferring();
    floor.login("bo");
    busy(&mut floor, "ana");
    let caller = floor.call("100");
    assert!(!waits(&floor, &caller) || floor.state("bo") != AgentState::Idle, "{floor}");
    knows(&mut floor, &caller, &[("last_agent", "ana")]);
    let bo = ["bo", "ana"].into_iter().find(|name| floor.state(name) == AgentState::Ringing).expect("one rings");
    let leg = floor.ringing(bo);
    floor.tell(Input::LegFailed { leg, why: Failure::NoAnswer });
    floor.login("cy");
    let kept = waits(&floor, &caller);
    assert_eq!(kept, bo == "bo", "kept for ana, unless it was ana who did not answer: {floor}");
}

#[test]
fn it_is_no_jump_ahead_of_those_who_came_before() {
    let mut floor = preferring();
    let first = floor.call("300");
    floor.pass(secs(1));
    let caller = floor.call("100");
    knows(&mut floor, &caller, &[("last_agent", "ana")]);
    floor.login("ana");
    assert!(!waits(&floor, &first) && waits(&floor, &caller), "{floor}");
}

#[test]
fn what_was_looked_up_outlives_a_restart_and_a_caller_who_goes_leaves_nothing() {
    let mut floor = preferring();
    busy(&mut floor, "ana");
    let caller = floor.call("100");
    knows(&mut floor, &caller, &[("last_agent", "ana")]);
    let (known, now) = (floor.known.clone(), floor.now);
    let mut again = Floor::again(preferring(), 2, known, now + secs(2));
    let legs: Vec<LegId> = again.core.calls().map(|call| call.leg.clone()).collect();
    again.tell(Input::SnapshotTaken { switch: pbx(), legs: vec![seen(&caller)] });
    again.login("bo").pass(secs(1));
    assert!(legs.contains(&caller) && again.of(&caller).knows.len() == 1);
    floor.hangs_up(&caller);
    assert_eq!(floor.core.kept().expected, 0);
}
