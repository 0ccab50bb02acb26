//! *Answer* on the page: the phone is told to pick up.

use cordboard::routing::agent::{AgentState, Told};
use cordboard::routing::fact::NotPickedUp;
use cordboard::routing::ids::*;
use cordboard::routing::{Abilities, Act, Fact, Input, Refusal, Refused, Returned};

use crate::floor::*;

fn answer(name: &str) -> Input {
    Input::AgentAnswered { agent: AgentName::new(name), by: AgentName::new(name) }
}

fn told(floor: &Floor, name: &str) -> Told {
    floor.core.agent_seen(&AgentName::new(name)).expect("an agent").answers_when_told
}

fn failed(floor: &Floor) -> Vec<NotPickedUp> {
    let why = |fact: &Fact| match fact {
        Fact::PickUpFailed { why, .. } => Some(*why),
        _ => None,
    };
    floor.facts.iter().filter_map(why).collect()
}

/// A switch that can tell phones to pick up, and ana, whose phone rings.
fn rung() -> (Floor, LegId) {
    let mut floor = Floor::new();
    floor.tell(Input::AbilitiesTold { switch: pbx(), abilities: Abilities { pick_up: true } });
    floor.login("ana");
    let caller = floor.call("100");
    (floor, caller)
}

#[test]
fn a_phone_told_to_pick_up_is_connected_as_one_picked_up_by_hand() {
    let (mut floor, caller) = rung();
    assert_eq!(told(&floor, "ana"), Told::Untried);
    let phone = floor.ringing("ana");
    floor.tell(answer("ana"));
    let (effect, act) = floor.asked(|act| matches!(act, Act::PickUp { .. }));
    assert_eq!(act, Act::PickUp { leg: phone });
    // Pressed again out of impatience: the phone has been told.
    floor.tell(answer("ana"));
    assert!(floor.effects.is_empty() && floor.refused.is_none());
    floor.tell(Input::EffectReturned { effect, how: Returned::Done });
    floor.talks("ana", &caller);
    assert_eq!(floor.state("ana"), AgentState::Talking);
    assert_eq!(told(&floor, "ana"), Told::Answers);
    floor.pass(secs(5));
    assert_eq!(failed(&floor), []);
    assert_eq!(floor.facts.iter().filter(|fact| matches!(fact, Fact::PickUpAsked { .. })).count(), 1);
}

#[test]
fn a_phone_that_rings_on_is_not_told_again_before_its_agent_logs_in_anew() {
    let (mut floor, caller) = rung();
    floor.tell(answer("ana")).pass(secs(2));
    assert_eq!(failed(&floor), [NotPickedUp::RangOn]);
    assert_eq!((floor.state("ana"), told(&floor, "ana")), (AgentState::Ringing, Told::Never));
    floor.tell(answer("ana"));
    assert!(matches!(floor.refused, Some(Refused::PhoneCannotAnswer { .. })), "{:?}", floor.refused);
    // By hand it is connected all the same.
    floor.talks("ana", &caller);
    assert_eq!(told(&floor, "ana"), Told::Never);
    floor.login("ana");
    assert_eq!(told(&floor, "ana"), Told::Untried);
}

#[test]
fn a_switch_that_cannot_is_said_before_anybody_presses() {
    let mut floor = Floor::new();
    floor.login("ana");
    floor.call("100");
    assert_eq!(told(&floor, "ana"), Told::Never);
    floor.tell(answer("ana"));
    assert!(matches!(floor.refused, Some(Refused::PhoneCannotAnswer { .. })), "{:?}", floor.refused);
    assert!(floor.effects.is_empty());
}

#[test]
fn a_refusal_for_good_is_remembered_and_one_of_the_moment_is_not() {
    let (mut floor, _) = rung();
    floor.tell(answer("ana"));
    let (effect, _) = floor.asked(|act| matches!(act, Act::PickUp { .. }));
    let why = Refusal::Other("the phone does not ring yet".into());
    floor.tell(Input::EffectReturned { effect, how: Returned::Refused { why } });
    assert_eq!((failed(&floor), told(&floor, "ana")), (vec![NotPickedUp::Refused], Told::Untried));
    floor.tell(answer("ana"));
    let (effect, _) = floor.asked(|act| matches!(act, Act::PickUp { .. }));
    floor.tell(Input::EffectReturned { effect, how: Returned::Refused { why: Refusal::Cannot } });
    assert_eq!((failed(&floor), told(&floor, "ana")), (vec![NotPickedUp::Refused, NotPickedUp::Cannot], Told::Never));
    assert_eq!(floor.state("ana"), AgentState::Ringing);
}

#[test]
fn answer_is_refused_in_words_where_nothing_rings_or_the_switch_is_away() {
    let (mut floor, caller) = rung();
    floor.tell(answer("bo"));
    assert!(matches!(floor.refused, Some(Refused::NothingRings { .. })));
    floor.tell(Input::LinkLost { switch: pbx() }).tell(answer("ana"));
    assert!(matches!(floor.refused, Some(Refused::SwitchAway { .. })));
    floor.tell(Input::SnapshotTaken { switch: pbx(), legs: vec![seen(&caller)] });
    floor.hangs_up(&caller).tell(answer("ana"));
    assert!(matches!(floor.refused, Some(Refused::NothingRings { .. })));
}

#[test]
fn a_caller_who_leaves_while_the_phone_is_told_leaves_nothing_behind() {
    let (mut floor, caller) = rung();
    let phone = floor.ringing("ana");
    floor.tell(answer("ana"));
    let (effect, _) = floor.asked(|act| matches!(act, Act::PickUp { .. }));
    floor.hangs_up(&caller);
    // The pick-up crosses our hang-up.
    floor.tell(Input::EffectReturned { effect, how: Returned::Done }).tell(Input::LegAnswered { leg: phone.clone() });
    floor.hangs_up(&phone).pass(secs(5));
    assert_eq!(floor.state("ana"), AgentState::Idle);
    assert_eq!(failed(&floor), []);
    assert_eq!((floor.core.kept().timers, floor.core.kept().offers), (0, 0));
}
