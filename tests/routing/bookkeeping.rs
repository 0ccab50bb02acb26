//! What the core keeps beside calls and agents: whose result it awaits, who was moved, and that nothing outlives the calls.

use cordboard::routing::agent::AgentState;
use cordboard::routing::fact::Outcome;
use cordboard::routing::ids::*;
use cordboard::routing::{Act, Fact, HangUpCause, Input, Returned};

use crate::floor::*;

#[test]
fn only_of_what_decides_something_the_result_is_awaited_and_only_once() {
    let mut floor = Floor::new();
    floor.call("400");
    let (answer, _) = floor.asked(|act| matches!(act, Act::Answer { .. }));
    let (play, _) = floor.asked(|act| matches!(act, Act::Play { .. }));
    assert_eq!((floor.core.awaits(answer), floor.core.awaits(play)), (false, true));
    assert_eq!(floor.core.kept().owed, 1);
    floor.tell(Input::EffectReturned { effect: play, how: Returned::Done });
    assert!(!floor.core.awaits(play));
    let facts = floor.facts.len();
    floor.tell(Input::EffectReturned { effect: play, how: Returned::Done });
    assert_eq!((floor.facts.len(), floor.effects.len()), (facts, 0), "told twice");
}

#[test]
fn whoever_something_happened_to_is_named_and_nobody_else() {
    let mut floor = Floor::new();
    floor.login("ana").login("bo");
    let moved = |floor: &mut Floor, input| floor.core.handle(floor.now, input).moved;
    let by = AgentName::new("bo");
    let out = Input::AgentLoggedOut { agent: by.clone(), by: by.clone(), why: None };
    assert_eq!(moved(&mut floor, out), [by]);
    assert_eq!(moved(&mut floor, Input::TimeCame), [] as [AgentName; 0]);
}

#[test]
fn a_clock_that_is_set_is_on_record() {
    let mut floor = Floor::new();
    floor.tell(Input::WallClockStepped { by_ms: -5_000 });
    assert_eq!(floor.facts.last(), Some(&Fact::WallClockStepped { by_ms: -5_000 }));
}

#[test]
fn a_leg_that_does_not_go_is_hung_up_and_looked_at_until_it_has_gone() {
    let mut floor = Floor::new();
    floor.login("ana");
    let caller = floor.call("100");
    floor.talks("ana", &caller);
    let phone = floor.agent("ana").leg.clone().expect("a leg");
    floor.hangs_up(&phone);
    assert_eq!(floor.hung_up(), std::slice::from_ref(&caller));
    for _ in 0..2 {
        floor.pass(secs(4));
        floor.pass(secs(1));
        assert_eq!(floor.hung_up(), std::slice::from_ref(&caller));
        floor.asked(|act| matches!(act, Act::Look { leg } if *leg == caller));
    }
    floor.hangs_up(&caller);
    assert_eq!((floor.outcomes(), floor.state("ana")), (vec![Outcome::Answered], AgentState::Idle));
    assert!(floor.keeps_nothing(), "{:?}", floor.core.kept());
}

#[test]
fn a_hang_up_that_is_refused_is_followed_by_a_look_and_one_that_is_done_by_nothing() {
    for (how, looks) in [
        (Returned::Done, 0),
        (Returned::Unknown, 0),
        (Returned::Refused { why: cordboard::routing::Refusal::Other("no such channel".into()) }, 1),
    ] {
        let mut floor = Floor::new();
        floor.login("ana");
        let caller = floor.call("100");
        floor.talks("ana", &caller);
        let phone = floor.agent("ana").leg.clone().expect("a leg");
        floor.hangs_up(&phone);
        let (effect, _) = floor.asked(|act| matches!(act, Act::HangUp { .. }));
        floor.tell(Input::EffectReturned { effect, how: how.clone() });
        let looked = floor.effects.iter().filter(|effect| matches!(effect.act, Act::Look { .. })).count();
        assert_eq!(looked, looks, "{how:?}");
    }
}

#[test]
fn wherever_a_caller_hangs_up_nothing_is_left_of_the_call() {
    for to in ["100", "200", "300", "400", "500", "600", "700", "800"] {
        let mut floor = Floor::new();
        let caller = floor.call(to);
        floor.hangs_up(&caller);
        assert_eq!(floor.core.calls().count(), 0, "{to}");
        assert!(floor.keeps_nothing(), "{to}: {:?}", floor.core.kept());
    }
    let mut floor = Floor::new();
    floor.login("ana");
    for picks_up in [false, true] {
        let caller = floor.call("300");
        let phone = floor.ringing("ana");
        if picks_up {
            floor.picks_up("ana");
        }
        floor.hangs_up(&caller).hangs_up(&phone);
        assert!(floor.keeps_nothing(), "{picks_up}: {:?}", floor.core.kept());
    }
}

#[test]
fn a_number_that_leads_nowhere_is_refused_as_such_and_leaves_nothing_behind() {
    let mut floor = Floor::new();
    floor.tell(Input::CallerArrived {
        switch: pbx(),
        leg: LegId::new("lost"),
        from: PhoneNumber::new("13800138000"),
        name: CallerName::new(""),
        to: PhoneNumber::new("999"),
        station: None,
    });
    floor.asked(|act| matches!(act, Act::HangUp { cause: HangUpCause::NoSuchNumber, .. }));
    assert_eq!(floor.outcomes(), [Outcome::Refused]);
    assert!(floor.keeps_nothing(), "{:?}", floor.core.kept());
}
