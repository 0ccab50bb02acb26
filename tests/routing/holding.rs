//! Hold and back, and whoever leaves meanwhile.

use cordboard::calendar::Moment;
use cordboard::routing::agent::AgentState;
use cordboard::routing::call::{Stage, StageWord};
use cordboard::routing::fact::{EndedBy, Outcome};
use cordboard::routing::ids::*;
use cordboard::routing::{Act, Fact, Input, LegSeen, LegUp, Refusal, Refused, Returned};

use crate::floor::*;

fn hold(name: &str) -> Input {
    Input::AgentHeld { agent: AgentName::new(name), by: AgentName::new(name) }
}

fn back(name: &str) -> Input {
    Input::AgentRetrieved { agent: AgentName::new(name), by: AgentName::new(name) }
}

fn held_since(floor: &Floor, caller: &LegId) -> Option<Moment> {
    match floor.stage(caller) {
        Stage::Talking { hold, .. } => *hold,
        other => panic!("{other:?}\n{floor}"),
    }
}

fn phone(leg: &LegId, joined_with: Option<LegId>) -> LegSeen {
    LegSeen { up: LegUp::Up, inbound: false, in_hand: joined_with.is_none(), joined_with, ..seen(leg) }
}

fn joined(leg: &LegId, with: &LegId) -> LegSeen {
    LegSeen { joined_with: Some(with.clone()), in_hand: false, ..seen(leg) }
}

fn snapshot(legs: Vec<LegSeen>) -> Input {
    Input::SnapshotTaken { switch: pbx(), legs }
}

/// ana talks; the caller's leg and hers.
fn talking() -> (Floor, LegId, LegId) {
    let mut floor = Floor::new();
    floor.login("ana");
    let caller = floor.call("100");
    floor.talks("ana", &caller).pass(secs(10));
    let agent = floor.agent("ana").leg.clone().expect("a leg");
    (floor, caller, agent)
}

/// The same, with the caller on hold and apart.
fn held() -> (Floor, LegId, LegId) {
    let (mut floor, caller, agent) = talking();
    floor.tell(hold("ana"));
    let (effect, _) = floor.asked(|act| matches!(act, Act::Part { .. }));
    floor.tell(Input::EffectReturned { effect, how: Returned::Done });
    floor.tell(Input::LegParted { leg: agent.clone() });
    assert!(floor.effects.is_empty(), "the agent hears nothing: {:#?}", floor.effects);
    floor.tell(Input::LegParted { leg: caller.clone() });
    floor.asked(|act| matches!(act, Act::StartMusic { leg, .. } if *leg == caller));
    (floor, caller, agent)
}

#[test]
fn a_caller_on_hold_hears_music_and_is_joined_again_on_the_way_back() {
    let (mut floor, caller, agent) = held();
    let since = floor.now;
    assert_eq!((floor.state("ana"), held_since(&floor, &caller)), (AgentState::OnHold, Some(since)));
    let stage = |floor: &Floor| floor.core.call_seen(floor.now, floor.of(&caller).id).map(|call| call.stage);
    assert_eq!(stage(&floor), Some(StageWord::OnHold));
    floor.pass(secs(60));
    assert!(!floor.facts.iter().any(|fact| matches!(fact, Fact::Healed { .. })), "{:#?}", floor.facts);
    let seen = floor.core.agent_seen(&AgentName::new("ana")).expect("an agent");
    assert_eq!((seen.held_since_ms, seen.talking_since_ms), (Some(since), Some(since - secs(10))));
    floor.tell(back("ana"));
    let (_, act) = floor.asked(|act| matches!(act, Act::Connect { .. }));
    assert_eq!(act, Act::Connect { caller: caller.clone(), agent: agent.clone() });
    floor.tell(Input::LegsJoined { a: caller.clone(), b: agent });
    assert_eq!((floor.state("ana"), held_since(&floor, &caller)), (AgentState::Talking, None));
    assert_eq!(stage(&floor), Some(StageWord::Talking));
    floor.pass(secs(10));
    assert!(!floor.facts.iter().any(|fact| matches!(fact, Fact::Healed { .. })), "{:#?}", floor.facts);
}

#[test]
fn hold_twice_back_when_not_held_and_either_with_nobody_are_refused_in_words() {
    let (mut floor, caller, _) = held();
    floor.tell(hold("ana"));
    assert!(matches!(floor.refused, Some(Refused::AlreadyOnHold { .. })) && floor.effects.is_empty());
    floor.tell(back("ana")).tell(back("ana"));
    assert!(matches!(floor.refused, Some(Refused::NotOnHold { .. })) && floor.effects.is_empty());
    floor.hangs_up(&caller);
    for input in [hold("ana"), back("ana"), hold("nobody")] {
        floor.tell(input);
        assert!(matches!(floor.refused, Some(Refused::NoConversation { .. })), "{:?}", floor.refused);
    }
}

#[test]
fn a_caller_who_hangs_up_on_hold_was_answered_and_the_agent_wraps_up() {
    let (mut floor, caller, agent) = held();
    floor.pass(secs(5)).hangs_up(&caller);
    assert_eq!(floor.hung_up(), std::slice::from_ref(&agent));
    assert_eq!(floor.outcomes(), [Outcome::Answered]);
    assert_eq!(floor.state("ana"), AgentState::WrappingUp);
    floor.hangs_up(&agent).pass(secs(10));
    assert_eq!(floor.state("ana"), AgentState::Idle);
}

#[test]
fn a_caller_on_hold_whose_agent_hangs_up_goes_where_every_such_caller_goes() {
    let (mut floor, caller, agent) = held();
    floor.hangs_up(&agent);
    assert_eq!(floor.hung_up(), std::slice::from_ref(&caller));
    floor.hangs_up(&caller);
    let Some(Fact::CallEnded { outcome, by, .. }) = floor.facts.iter().find(|f| matches!(f, Fact::CallEnded { .. }))
    else {
        panic!("{:#?}", floor.facts)
    };
    assert_eq!((*outcome, by), (Outcome::Answered, &EndedBy::Agent(AgentName::new("ana"))));
    assert_eq!(floor.state("ana"), AgentState::WrappingUp);
}

#[test]
fn back_before_the_two_are_apart_joins_them_in_the_end() {
    let (mut floor, caller, agent) = talking();
    floor.tell(hold("ana")).tell(back("ana"));
    // The switch does one after the other, and tells both.
    floor.tell(Input::LegParted { leg: caller.clone() }).tell(Input::LegParted { leg: agent.clone() });
    floor.tell(Input::LegsJoined { a: caller.clone(), b: agent }).pass(secs(10));
    assert_eq!((floor.state("ana"), held_since(&floor, &caller)), (AgentState::Talking, None));
    assert!(!floor.facts.iter().any(|fact| matches!(fact, Fact::Healed { .. })), "{:#?}", floor.facts);
}

#[test]
fn a_way_back_that_never_comes_about_is_tried_again() {
    let (mut floor, caller, agent) = held();
    floor.tell(back("ana"));
    // A Connect that was refused, and has stopped the music all the same.
    floor.pass(secs(3));
    assert!(floor.facts.iter().any(|fact| matches!(fact, Fact::Healed { .. })), "{:#?}", floor.facts);
    floor.tell(Input::LegsJoined { a: caller, b: agent });
    assert_eq!(floor.state("ana"), AgentState::Talking);
}

#[test]
fn a_caller_who_comes_back_from_a_failed_joining_hears_music_again() {
    let (mut floor, caller, _) = held();
    floor.tell(Input::LegParted { leg: caller.clone() });
    floor.asked(|act| matches!(act, Act::StartMusic { leg, .. } if *leg == caller));
}

#[test]
fn a_hold_that_the_switch_does_not_carry_out_is_given_up_after_a_look() {
    for refused in [true, false] {
        let (mut floor, caller, agent) = talking();
        floor.tell(hold("ana"));
        let (effect, _) = floor.asked(|act| matches!(act, Act::Part { .. }));
        if refused {
            let why = Refusal::Other("no".into());
            floor.tell(Input::EffectReturned { effect, how: Returned::Refused { why } });
        } else {
            floor.tell(Input::EffectReturned { effect, how: Returned::Unknown });
            floor.now = floor.now + secs(2);
            floor.tell(Input::TimeCame);
        }
        floor.asked(|act| matches!(act, Act::Look { leg } if *leg == caller));
        let looked = Some(joined(&caller, &agent));
        floor.tell(Input::LegLookedAt { switch: pbx(), leg: caller.clone(), seen: looked });
        assert_eq!((floor.state("ana"), held_since(&floor, &caller)), (AgentState::Talking, None), "{floor}");
        let by_nobody = |fact: &Fact| matches!(fact, Fact::CallRetrieved { by: None, .. });
        assert!(floor.facts.iter().any(by_nobody), "{:#?}", floor.facts);
    }
}

#[test]
fn a_parting_that_nobody_told_is_found_by_the_look_and_stays_a_hold() {
    let (mut floor, caller, _) = talking();
    floor.tell(hold("ana"));
    floor.now = floor.now + secs(2);
    floor.tell(Input::TimeCame);
    floor.tell(Input::LegLookedAt { switch: pbx(), leg: caller.clone(), seen: Some(seen(&caller)) });
    floor.asked(|act| matches!(act, Act::StartMusic { leg, .. } if *leg == caller));
    assert_eq!(floor.state("ana"), AgentState::OnHold);
}

#[test]
fn while_the_switch_is_out_of_reach_hold_and_back_are_refused_and_nothing_is_given_up() {
    let (mut floor, caller, agent) = talking();
    floor.tell(Input::LinkLost { switch: pbx() }).tell(hold("ana"));
    assert!(matches!(floor.refused, Some(Refused::SwitchAway { .. })));
    assert_eq!(floor.state("ana"), AgentState::Talking);
    floor.tell(snapshot(vec![joined(&caller, &agent), phone(&agent, Some(caller.clone()))]));
    floor.tell(hold("ana")).tell(Input::LinkLost { switch: pbx() }).pass(secs(60)).tell(back("ana"));
    assert!(matches!(floor.refused, Some(Refused::SwitchAway { .. })));
    assert_eq!(floor.state("ana"), AgentState::OnHold);
    // The order was lost with the link: they are taken apart now.
    floor.tell(snapshot(vec![joined(&caller, &agent), phone(&agent, Some(caller.clone()))]));
    floor.asked(|act| matches!(act, Act::Part { .. }));
    floor.tell(Input::LegParted { leg: caller.clone() });
    floor.asked(|act| matches!(act, Act::StartMusic { .. }));
    assert_eq!(floor.state("ana"), AgentState::OnHold);
}

#[test]
fn a_start_finds_a_call_on_hold_as_held() {
    let (before, caller, agent) = held();
    let since = held_since(&before, &caller);
    let mut floor = Floor::started(2, before.known.clone());
    floor.now = before.now + secs(2);
    assert_eq!(floor.state("ana"), AgentState::OnHold);
    floor.tell(snapshot(vec![seen(&caller), phone(&agent, None)]));
    assert_eq!((floor.state("ana"), held_since(&floor, &caller)), (AgentState::OnHold, since), "{floor}");
    floor.asked(|act| matches!(act, Act::StartMusic { leg, .. } if *leg == caller));
    assert!(!floor.effects.iter().any(|e| matches!(e.act, Act::Connect { .. } | Act::HangUp { .. })));
    floor.tell(back("ana"));
    floor.asked(|act| matches!(act, Act::Connect { .. }));
}

#[test]
fn a_start_that_finds_the_agent_of_a_held_caller_gone_lets_the_caller_go_too() {
    let (before, caller, agent) = held();
    let mut floor = Floor::started(2, before.known.clone());
    floor.tell(snapshot(vec![seen(&caller)]));
    floor.asked(|act| matches!(act, Act::Look { leg } if *leg == agent));
    floor.tell(Input::LegLookedAt { switch: pbx(), leg: agent, seen: None });
    assert_eq!(floor.hung_up(), std::slice::from_ref(&caller), "{floor}");
    assert_eq!(floor.state("ana"), AgentState::WrappingUp);
}

#[test]
fn a_journal_of_before_knows_of_no_hold() {
    let (floor, ..) = talking();
    let mut known = serde_json::to_value(&floor.known).expect("JSON");
    for call in known["calls"].as_object_mut().expect("calls").values_mut() {
        call.as_object_mut().expect("a call").remove("held").expect("it is written today");
    }
    let known: cordboard::routing::Known = serde_json::from_value(known).expect("what was written is read");
    assert_eq!(known, floor.known);
}
