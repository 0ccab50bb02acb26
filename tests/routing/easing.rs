//! Needs that ease as the caller waits.

use cordboard::dialplan::Action;
use cordboard::routing::call::Stage;
use cordboard::routing::ids::*;
use cordboard::routing::queue::Need;
use cordboard::routing::{Fact, Failure, Input};

use crate::floor::*;

/// `200` needs English at 5 for 30 s, at 2 for a minute, then none.
fn easing() -> Floor {
    Floor::with(|plan| {
        let skill = SkillName::new("english");
        let need = |level, until| Need { skill: skill.clone(), level, until: Some(secs(until)) };
        let actions = &mut plan.steps.get_mut(&StepName::new("english")).expect("a step").actions;
        for action in actions {
            if let Action::Queue(to) = action {
                to.entry.needs = vec![need(5, 30), need(2, 60)];
            }
        }
    })
}

fn waits(floor: &Floor, leg: &LegId) -> bool {
    matches!(floor.stage(leg), Stage::Waiting { rings: None, .. })
}

#[test]
fn an_agent_of_less_skill_is_rung_when_the_wait_has_eased_the_need() {
    let mut floor = easing();
    floor.login_with("ana", &["service"], &[("english", 2)]);
    let caller = floor.call("200");
    floor.pass(secs(29));
    assert!(waits(&floor, &caller), "{floor}");
    floor.pass(secs(1));
    assert!(!waits(&floor, &caller), "{floor}");
    let needed = floor.facts.iter().find_map(|fact| match fact {
        Fact::OfferMade { reasons, .. } => Some(reasons.needs.clone()),
        _ => None,
    });
    assert_eq!(needed, Some(vec![Need { skill: SkillName::new("english"), level: 2, until: None }]));
}

#[test]
fn in_the_end_anybody_is_rung() {
    let mut floor = easing();
    floor.login("bo");
    let caller = floor.call("200");
    floor.pass(secs(59));
    assert!(waits(&floor, &caller), "{floor}");
    floor.pass(secs(1));
    assert!(!waits(&floor, &caller), "{floor}");
    assert_eq!(floor.core.kept().timers, 1, "of the offer alone");
}

#[test]
fn a_need_that_eased_while_a_phone_rang_is_eased_when_it_is_not_answered() {
    let mut floor = easing();
    floor.login_with("eve", &["service"], &[("english", 5)]);
    floor.login_with("ana", &["service"], &[("english", 2)]);
    let caller = floor.call("200");
    floor.pass(secs(31));
    assert!(!waits(&floor, &caller), "{floor}");
    // Eve's own clock has given her up by now, and ana took the call over.
    let leg = floor.ringing("ana");
    floor.tell(Input::LegFailed { leg, why: Failure::NoAnswer });
    assert!(waits(&floor, &caller), "{floor}");
    floor.login("bo").pass(secs(28));
    assert!(waits(&floor, &caller), "{floor}");
    floor.pass(secs(1));
    assert!(!waits(&floor, &caller), "{floor}");
}

#[test]
fn the_wait_goes_on_over_a_restart() {
    let mut floor = easing();
    let caller = floor.call("200");
    floor.pass(secs(20));
    let (known, now) = (floor.known.clone(), floor.now);
    let mut floor = easing();
    floor = Floor::again(floor, 2, known, now + secs(5));
    floor.tell(Input::SnapshotTaken { switch: pbx(), legs: vec![seen(&caller)] });
    floor.login_with("ana", &["service"], &[("english", 2)]);
    floor.pass(secs(4));
    assert!(waits(&floor, &caller), "{floor}");
    floor.pass(secs(1));
    assert!(!waits(&floor, &caller), "{floor}");
}

#[test]
fn a_caller_who_leaves_leaves_no_clock_behind() {
    let mut floor = easing();
    let caller = floor.call("200");
    floor.hangs_up(&caller);
    assert!(floor.core.kept().is_nothing(), "{:?}", floor.core.kept());
}
