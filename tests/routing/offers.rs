//! Who is rung, and what becomes of the caller.

use cordboard::routing::agent::AgentState;
use cordboard::routing::call::Stage;
use cordboard::routing::fact::{LeftQueue, OfferEnd, Outcome, Rule};
use cordboard::routing::ids::QueueName;
use cordboard::routing::{Act, Fact, Failure, Input, Refusal, Returned};

use crate::floor::*;

#[test]
fn the_agent_idle_longest_is_rung_first() {
    let mut floor = Floor::new();
    floor.login("ana").pass(secs(1)).login("bo");
    floor.pass(secs(5));
    floor.call("100");
    assert_eq!(floor.state("ana"), AgentState::Ringing);
    assert_eq!(floor.state("bo"), AgentState::Idle);
    let Some(Fact::OfferMade { reasons, .. }) = floor.facts.iter().find(|f| matches!(f, Fact::OfferMade { .. })) else {
        panic!("no offer");
    };
    assert_eq!(reasons.rule, Rule::LongestIdle);
    assert_eq!(reasons.candidates.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["ana", "bo"]);
    assert_eq!(reasons.candidates[0].1, secs(6));
}

#[test]
fn a_caller_keeps_their_place_when_an_agent_does_not_answer() {
    let mut floor = Floor::new();
    floor.login("ana");
    let first = floor.call("100");
    floor.pass(secs(3));
    let second = floor.call("100");
    let leg = floor.ringing("ana");
    floor.pass(secs(12)).tell(Input::LegFailed { leg, why: Failure::NoAnswer });
    assert_eq!(floor.state("ana"), AgentState::Missed);
    floor.login("bo");
    assert!(matches!(floor.stage(&first), Stage::Waiting { rings: Some(_), .. }), "{floor}");
    assert!(matches!(floor.stage(&second), Stage::Waiting { rings: None, .. }), "{floor}");
}

#[test]
fn a_call_that_nobody_free_has_the_skill_for_waits_and_does_not_block_others() {
    let mut floor = Floor::new();
    floor.login("ana");
    let english = floor.call("200");
    let plain = floor.call("100");
    assert!(matches!(floor.stage(&english), Stage::Waiting { rings: None, .. }));
    assert!(matches!(floor.stage(&plain), Stage::Waiting { rings: Some(_), .. }));
    floor.login_with("eve", &["service"], &[("english", 2)]);
    assert!(matches!(floor.stage(&english), Stage::Waiting { rings: Some(_), .. }));
}

#[test]
fn credit_counts_as_time_already_waited() {
    let mut floor = Floor::new();
    let plain = floor.call("100");
    floor.pass(secs(59));
    let valued = floor.call("500");
    floor.login("ana");
    assert!(matches!(floor.stage(&valued), Stage::Waiting { rings: Some(_), .. }), "{floor}");
    assert!(matches!(floor.stage(&plain), Stage::Waiting { rings: None, .. }));
    let mut later = Floor::new();
    let plain = later.call("100");
    later.pass(secs(61));
    later.call("500");
    later.login("ana");
    assert!(matches!(later.stage(&plain), Stage::Waiting { rings: Some(_), .. }), "{later}");
}

#[test]
fn a_phone_stops_ringing_when_the_caller_hangs_up() {
    let mut floor = Floor::new();
    floor.login("ana");
    let caller = floor.call("100");
    let phone = floor.ringing("ana");
    floor.hangs_up(&caller);
    assert_eq!(floor.hung_up(), std::slice::from_ref(&phone));
    assert_eq!(floor.outcomes(), [Outcome::Abandoned]);
    assert_eq!(floor.state("ana"), AgentState::Idle);
    // Not rung again before the phone is free: the switch has not said that the old leg is gone.
    let next = floor.call("100");
    assert!(matches!(floor.stage(&next), Stage::Waiting { rings: None, .. }), "{floor}");
    floor.tell(Input::LegFailed { leg: phone, why: Failure::Withdrawn });
    assert!(matches!(floor.stage(&next), Stage::Waiting { rings: Some(_), .. }), "{floor}");
}

#[test]
fn a_pick_up_that_crosses_the_callers_hang_up_is_hung_up() {
    let mut floor = Floor::new();
    floor.login("ana");
    let caller = floor.call("100");
    let phone = floor.ringing("ana");
    floor.hangs_up(&caller);
    floor.tell(Input::LegAnswered { leg: phone.clone() });
    assert_eq!(floor.hung_up(), std::slice::from_ref(&phone));
    floor.hangs_up(&phone);
    assert_eq!(floor.state("ana"), AgentState::Idle);
}

#[test]
fn a_conversation_ends_in_wrap_up_and_then_the_next_call() {
    let mut floor = Floor::new();
    floor.login("ana");
    let caller = floor.call("100");
    floor.pass(secs(2));
    floor.talks("ana", &caller);
    assert_eq!(floor.state("ana"), AgentState::Talking);
    let waiting = floor.call("100");
    let phone = floor.agent("ana").leg.clone().expect("a leg");
    floor.pass(secs(30)).hangs_up(&caller);
    assert_eq!(floor.hung_up(), std::slice::from_ref(&phone));
    assert_eq!(floor.state("ana"), AgentState::WrappingUp);
    floor.hangs_up(&phone);
    assert_eq!(floor.outcomes(), [Outcome::Answered]);
    floor.pass(secs(9));
    assert!(matches!(floor.stage(&waiting), Stage::Waiting { rings: None, .. }));
    floor.pass(secs(1));
    assert!(matches!(floor.stage(&waiting), Stage::Waiting { rings: Some(_), .. }), "{floor}");
}

#[test]
fn when_the_agent_hangs_up_the_caller_is_hung_up_and_the_call_was_answered() {
    let mut floor = Floor::new();
    floor.login("ana");
    let caller = floor.call("100");
    floor.talks("ana", &caller);
    let phone = floor.agent("ana").leg.clone().expect("a leg");
    floor.tell(Input::LegParted { leg: caller.clone() }).hangs_up(&phone);
    assert_eq!(floor.hung_up(), std::slice::from_ref(&caller));
    floor.hangs_up(&caller);
    assert_eq!(floor.outcomes(), [Outcome::Answered]);
    assert_eq!(floor.state("ana"), AgentState::WrappingUp);
}

#[test]
fn a_pair_that_comes_apart_with_nobody_hanging_up_is_joined_again() {
    let mut floor = Floor::new();
    floor.login("ana");
    let caller = floor.call("100");
    floor.talks("ana", &caller);
    floor.tell(Input::LegParted { leg: caller });
    floor.pass(secs(1));
    assert!(floor.facts.iter().any(|fact| matches!(fact, Fact::Healed { .. })));
    assert_eq!(floor.state("ana"), AgentState::Talking);
}

#[test]
fn nobody_else_is_rung_for_a_caller_who_may_have_gone() {
    let mut floor = Floor::new();
    floor.login("ana").pass(secs(1)).login("bo");
    let caller = floor.call("100");
    floor.picks_up("ana");
    let (effect, _) = floor.asked(|act| matches!(act, Act::Connect { .. }));
    let why = Refusal::Gone(caller.clone());
    floor.tell(Input::EffectReturned { effect, how: Returned::Refused { why } });
    assert!(floor.effects.iter().any(|effect| matches!(effect.act, Act::Look { .. })), "{:#?}", floor.effects);
    assert_eq!(floor.state("bo"), AgentState::Idle);
    floor.hangs_up(&caller);
    assert_eq!(floor.outcomes(), [Outcome::Abandoned]);
    assert_eq!(floor.state("bo"), AgentState::Idle);
}

#[test]
fn a_caller_whose_agent_vanished_at_the_pick_up_gets_music_and_the_next_agent() {
    let mut floor = Floor::new();
    floor.login("ana").pass(secs(1)).login("bo");
    let caller = floor.call("100");
    let phone = floor.ringing("ana");
    floor.picks_up("ana").hangs_up(&phone);
    assert!(floor.effects.iter().any(|effect| matches!(effect.act, Act::StartMusic { .. })));
    assert_eq!(floor.state("bo"), AgentState::Ringing);
    assert!(matches!(floor.stage(&caller), Stage::Waiting { .. }));
}

#[test]
fn a_connection_that_never_comes_is_given_up_and_the_caller_is_offered_again() {
    let mut floor = Floor::new();
    floor.login("ana").pass(secs(1)).login("bo");
    let caller = floor.call("100");
    let phone = floor.ringing("ana");
    floor.picks_up("ana").pass(secs(3));
    assert!(matches!(floor.stage(&caller), Stage::Waiting { doubt: true, .. }), "{floor}");
    floor.hangs_up(&phone);
    floor.tell(Input::LegLookedAt { switch: pbx(), leg: caller.clone(), seen: Some(seen(&caller)) });
    assert!(matches!(floor.stage(&caller), Stage::Waiting { rings: Some(_), .. }), "{floor}");
}

#[test]
fn a_phone_that_the_switch_forgets_is_given_up_by_our_own_clock() {
    let mut floor = Floor::new();
    floor.login("ana");
    floor.call("100");
    floor.pass(secs(19));
    assert!(
        floor.facts.iter().any(|f| matches!(f, Fact::OfferEnded { how: OfferEnd::NoAnswer, .. })),
        "{:#?}",
        floor.facts
    );
}

#[test]
fn a_call_leaves_its_queue_by_the_rule_of_its_step() {
    let mut floor = Floor::new();
    let caller = floor.call("300");
    floor.pass(secs(60));
    assert!(matches!(floor.stage(&caller), Stage::InDialplan { .. }), "{floor}");
    floor.login("ana");
    assert_eq!(floor.state("ana"), AgentState::Idle, "left the queue for good");
}

#[test]
fn nobody_logged_in_leads_elsewhere_at_once() {
    let mut floor = Floor::new();
    let caller = floor.call("600");
    assert!(matches!(floor.stage(&caller), Stage::InDialplan { .. }), "{floor}");
    floor.login("ana");
    let caller = floor.call("600");
    assert!(matches!(floor.stage(&caller), Stage::Waiting { .. }), "{floor}");
}

#[test]
fn a_number_that_is_not_ours_is_refused() {
    let mut floor = Floor::new();
    floor.call("999");
    assert_eq!(floor.outcomes(), [Outcome::Refused]);
    assert_eq!(floor.core.calls().count(), 0);
}

#[test]
fn a_prompt_that_cannot_be_played_does_not_strand_the_caller() {
    let mut floor = Floor::new();
    let caller = floor.call("400");
    let (effect, _) = floor.asked(|act| matches!(act, Act::Play { .. }));
    floor.tell(Input::EffectReturned { effect, how: Returned::Refused { why: Refusal::NoPrompt } });
    assert!(matches!(floor.stage(&caller), Stage::Waiting { .. }), "{floor}");
}

#[test]
fn a_caller_who_hangs_up_while_a_prompt_is_played_is_nothing_to_be_healed() {
    let mut floor = Floor::new();
    let caller = floor.call("400");
    let (effect, _) = floor.asked(|act| matches!(act, Act::Play { .. }));
    let why = Refusal::Gone(caller.clone());
    floor.tell(Input::EffectReturned { effect, how: Returned::Refused { why } });
    assert!(!floor.facts.iter().any(|fact| matches!(fact, Fact::Healed { .. })), "{:#?}", floor.facts);
}

#[test]
fn late_doubled_and_unknown_events_change_nothing() {
    let mut floor = Floor::new();
    floor.login("ana");
    let caller = floor.call("100");
    let phone = floor.ringing("ana");
    floor.talks("ana", &caller);
    let before = floor.core.clone();
    for input in [
        Input::LegRinging { leg: phone.clone() },
        Input::LegAnswered { leg: phone.clone() },
        Input::LegsJoined { a: caller.clone(), b: phone.clone() },
        Input::LegsJoined { a: phone.clone(), b: caller.clone() },
        Input::LegHungUp { leg: cordboard::routing::ids::LegId::new("stranger") },
        Input::TimeCame,
    ] {
        floor.tell(input);
        assert!(floor.effects.is_empty(), "{:#?}", floor.effects);
    }
    assert_eq!(
        format!("{:?}", before.agents().collect::<Vec<_>>()),
        format!("{:?}", floor.core.agents().collect::<Vec<_>>())
    );
}

#[test]
fn a_caller_whom_a_full_queue_refuses_is_known_to_have_asked_for_it() {
    let mut floor = Floor::new();
    let first = floor.call("800");
    assert!(matches!(floor.stage(&first), Stage::Waiting { .. }), "{floor}");
    let second = floor.call("800");
    let turned_away = floor.facts.iter().any(|fact| {
        matches!(fact, Fact::CallLeftQueue { queue, why: LeftQueue::Full, to: None, .. } if *queue == QueueName::new("narrow"))
    });
    assert!(turned_away, "{:#?}", floor.facts);
    floor.hangs_up(&second);
    assert_eq!(floor.outcomes(), [Outcome::Refused]);
}
