//! Somebody is taken out of the people of a centre in the middle of their work.

use cordboard::routing::agent::AgentState;
use cordboard::routing::call::Stage;
use cordboard::routing::fact::{Fact, Outcome};
use cordboard::routing::ids::AgentName;
use cordboard::routing::{Failure, Input, Refused};

use crate::floor::{Floor, NOON, secs};

fn dismiss(floor: &mut Floor, name: &str) {
    floor.tell(Input::AgentDismissed { agent: AgentName::new(name), by: AgentName::new("chief") });
}

/// A queue whose wrap-up lasts until the agent says so.
fn written_up() -> Floor {
    Floor::with(|plan| plan.queues.values_mut().for_each(|queue| queue.wrap_up = None))
}

#[test]
fn the_phone_of_who_is_dismissed_stops_ringing_and_the_caller_waits_on() {
    let mut floor = written_up();
    floor.login("ana");
    let caller = floor.call("100");
    let leg = floor.ringing("ana");
    dismiss(&mut floor, "ana");
    assert_eq!(floor.hung_up(), std::slice::from_ref(&leg));
    floor.tell(Input::LegFailed { leg, why: Failure::Withdrawn });
    assert!(matches!(floor.stage(&caller), Stage::Waiting { rings: None, .. }), "{floor}");
    assert_eq!(floor.state("ana"), AgentState::Away);
    floor.login("bo");
    floor.ringing("bo");
}

#[test]
fn who_is_dismissed_while_talking_talks_to_the_end_and_is_gone_with_it() {
    let mut floor = written_up();
    floor.login("ana");
    let caller = floor.call("100");
    floor.talks("ana", &caller);
    dismiss(&mut floor, "ana");
    assert_eq!(floor.state("ana"), AgentState::Talking, "{floor}");
    let leg = floor.agent("ana").leg.clone().expect("a leg");
    // Also where another process sees the end of it.
    let known = floor.known.clone();
    let mut floor = Floor::again(floor, 2, known, NOON + secs(5));
    let mut talks = crate::floor::seen(&caller);
    talks.joined_with = Some(leg.clone());
    let mut phone = crate::floor::seen(&leg);
    (phone.inbound, phone.joined_with) = (false, Some(caller.clone()));
    floor.tell(Input::SnapshotTaken { switch: crate::floor::pbx(), legs: vec![talks, phone] });
    floor.hangs_up(&caller).hangs_up(&leg);
    assert_eq!(floor.state("ana"), AgentState::Away, "nobody is left to write\n{floor}");
    assert_eq!(floor.outcomes(), [Outcome::Answered]);
    assert!(!floor.known.agents.contains_key(&AgentName::new("ana")));
}

#[test]
fn the_wrap_up_of_who_is_dismissed_is_over_and_whoever_comes_under_the_name_is_another() {
    let mut floor = written_up();
    floor.login("ana");
    let caller = floor.call("100");
    floor.talks("ana", &caller).hangs_up(&caller);
    assert_eq!(floor.state("ana"), AgentState::WrappingUp);
    dismiss(&mut floor, "ana");
    assert_eq!(floor.state("ana"), AgentState::Away, "{floor}");
    let gone = |fact: &Fact| matches!(fact, Fact::AgentLoggedOut { dismissed: true, .. });
    assert_eq!(floor.facts.iter().filter(|fact| gone(fact)).count(), 1);
    dismiss(&mut floor, "ana");
    assert_eq!(floor.refused, Some(Refused::NotLoggedIn { agent: AgentName::new("ana") }));
    dismiss(&mut floor, "nobody");
    assert_eq!(floor.refused, Some(Refused::NotLoggedIn { agent: AgentName::new("nobody") }));
    floor.login("ana");
    assert!(!floor.agent("ana").dismissed);
}
