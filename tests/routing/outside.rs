//! Agents at telephones outside: rung by the trunk, and there only when they have pressed 1.

use cordboard::dialplan::{Key, Sound};
use cordboard::routing::agent::AgentState;
use cordboard::routing::call::Stage;
use cordboard::routing::fact::OfferEnd;
use cordboard::routing::ids::*;
use cordboard::routing::queue::QueueRules;
use cordboard::routing::strategy::Strategy;
use cordboard::routing::{Act, Fact, Failure, Input, LegSeen, LegUp, Line, Refused, Returned};

use crate::floor::*;

const MOBILE: &str = "tel:+8613800138000";

fn login(agent: &str, station: &str) -> Input {
    Input::AgentLoggedIn {
        agent: AgentName::new(agent),
        station: StationAddress::new(station),
        switch: pbx(),
        queues: [QueueName::new("service")].into(),
        skills: [].into(),
        by: AgentName::new(agent),
        auto_answer: None,
    }
}

fn key(key: char) -> Key {
    Key::try_from(key).expect("a key")
}

fn press(floor: &mut Floor, agent: &str, digit: char) {
    let leg = floor.agent(agent).leg.clone().expect("a leg");
    floor.tell(Input::KeyPressed { leg, key: key(digit) });
}

/// ana sits at a mobile, which rings for a caller.
fn ringing() -> (Floor, LegId) {
    let mut floor = Floor::new();
    floor.tell(login("ana", MOBILE)).pass(secs(1));
    let caller = floor.call("100");
    (floor, caller)
}

/// And is picked up.
fn picked_up() -> (Floor, LegId) {
    let (mut floor, caller) = ringing();
    floor.pass(secs(3));
    floor.picks_up("ana");
    (floor, caller)
}

fn connects(floor: &Floor) -> bool {
    floor.effects.iter().any(|effect| matches!(effect.act, Act::Connect { .. }))
}

fn asks(floor: &Floor) -> bool {
    floor.effects.iter().any(|effect| matches!(effect.act, Act::Play { .. }))
}

fn answers(floor: &Floor) -> usize {
    floor.facts.iter().filter(|fact| matches!(fact, Fact::OfferAnswered { .. })).count()
}

fn ends(floor: &Floor) -> Vec<(String, OfferEnd)> {
    let ended = floor.facts.iter().filter_map(|fact| match fact {
        Fact::OfferEnded { agent, how, .. } => Some((agent.to_string(), *how)),
        _ => None,
    });
    ended.collect()
}

#[test]
fn a_telephone_outside_is_rung_by_the_trunk_under_the_number_of_the_centre() {
    let (floor, _) = ringing();
    let (_, act) = floor.asked(|act| matches!(act, Act::Ring { .. }));
    let Act::Ring { station, from, name, auto_answer, .. } = act else { unreachable!("asked for") };
    assert_eq!(station.as_str(), "PJSIP/+8613800138000@trunk");
    assert_eq!((from.as_str(), name.as_str(), auto_answer), ("4001", "", false));
}

#[test]
fn a_pick_up_outside_is_no_answer_and_the_caller_keeps_place_and_music() {
    let (floor, caller) = picked_up();
    assert_eq!(floor.state("ana"), AgentState::Ringing);
    assert!(matches!(floor.stage(&caller), Stage::Waiting { rings: Some(_), .. }), "{floor}");
    assert_eq!((answers(&floor), connects(&floor)), (0, false));
    let leg = floor.ringing("ana");
    let (_, act) = floor.asked(|act| matches!(act, Act::Play { .. }));
    let Act::Play { leg: at, prompts } = act else { unreachable!("asked for") };
    assert_eq!(at, leg, "it is the agent who hears it");
    assert_eq!(
        prompts.iter().map(|prompt| prompt.sound.clone()).collect::<Vec<_>>(),
        [Sound::Say("A call for you. Press 1 to take it.".into())]
    );
    assert!(!floor.effects.iter().any(|effect| *effect.act.leg() == caller), "{:#?}", floor.effects);
}

#[test]
fn the_key_1_takes_the_call_and_no_other_does() {
    let (mut floor, caller) = picked_up();
    for other in ['0', '2', '*', '#'] {
        press(&mut floor, "ana", other);
        assert!(!connects(&floor), "{other}");
    }
    press(&mut floor, "ana", '1');
    assert!(connects(&floor) && answers(&floor) == 1);
    floor.asked(|act| matches!(act, Act::StopPlay { .. }));
    let leg = floor.agent("ana").leg.clone().expect("a leg");
    floor.tell(Input::LegsJoined { a: caller.clone(), b: leg });
    assert_eq!(floor.state("ana"), AgentState::Talking);
    // Pressed while they talk it is a key like any other.
    press(&mut floor, "ana", '1');
    assert!(floor.effects.is_empty());
}

#[test]
fn who_is_asked_is_asked_again_until_the_time_of_the_ring_is_over_and_then_has_not_answered() {
    let (mut floor, caller) = picked_up();
    let (effect, _) = floor.asked(|act| matches!(act, Act::Play { .. }));
    floor.tell(Input::EffectReturned { effect, how: Returned::Done });
    assert!(!asks(&floor));
    floor.pass(secs(2));
    assert!(asks(&floor), "again, after a silence");
    floor.pass(secs(30));
    assert_eq!(ends(&floor), [("ana".to_owned(), OfferEnd::NoAnswer)]);
    assert_eq!(floor.state("ana"), AgentState::Missed);
    assert!(matches!(floor.stage(&caller), Stage::Waiting { rings: None, .. }), "{floor}");
}

#[test]
fn who_puts_it_down_without_the_key_has_rejected_the_call_and_the_next_is_rung() {
    let (mut floor, caller) = picked_up();
    floor.login("bo");
    let leg = floor.ringing("ana");
    floor.hangs_up(&leg);
    assert_eq!(ends(&floor), [("ana".to_owned(), OfferEnd::Rejected)]);
    assert_eq!((floor.state("ana"), floor.state("bo")), (AgentState::Missed, AgentState::Ringing));
    floor.talks("bo", &caller);
    assert_eq!(floor.state("bo"), AgentState::Talking);
}

#[test]
fn a_caller_who_leaves_while_the_key_is_awaited_takes_the_ring_along() {
    let (mut floor, caller) = picked_up();
    let leg = floor.ringing("ana");
    floor.hangs_up(&caller);
    assert_eq!(floor.hung_up(), [leg]);
    press(&mut floor, "ana", '1');
    assert!(!connects(&floor));
}

#[test]
fn of_several_who_are_rung_the_first_key_has_the_call_and_not_the_first_pick_up() {
    let name = QueueName::new("service");
    let mut floor = Floor::with(|plan| {
        let rules = QueueRules { strategy: Strategy::RingAll, ..QueueRules::named(name.clone()) };
        plan.queues.insert(name.clone(), rules);
    });
    floor.tell(login("ana", MOBILE)).tell(login("bo", "tel:13900139000"));
    floor.call("100");
    floor.picks_up("ana");
    floor.picks_up("bo");
    let anas = floor.ringing("ana");
    press(&mut floor, "bo", '1');
    assert!(connects(&floor));
    assert_eq!(floor.hung_up(), [anas]);
    assert_eq!(ends(&floor), [("ana".to_owned(), OfferEnd::AnsweredElsewhere)]);
}

#[test]
fn a_question_that_cannot_be_played_is_told_once_and_the_key_still_counts() {
    let (mut floor, _) = picked_up();
    let (effect, _) = floor.asked(|act| matches!(act, Act::Play { .. }));
    let why = cordboard::routing::Refusal::NoPrompt;
    floor.tell(Input::EffectReturned { effect, how: Returned::Refused { why } });
    assert!(matches!(floor.facts.last(), Some(Fact::Healed { .. })), "{:?}", floor.facts.last());
    floor.pass(secs(5));
    assert!(!asks(&floor));
    press(&mut floor, "ana", '1');
    assert!(connects(&floor));
}

fn seen_up(leg: &LegId) -> LegSeen {
    LegSeen { inbound: false, up: LegUp::Up, ..seen(leg) }
}

#[test]
fn who_was_asked_when_the_controller_died_is_asked_again_by_the_next() {
    let (before, caller) = picked_up();
    let (leg, known, now) = (before.ringing("ana"), before.known.clone(), before.now);
    let mut floor = Floor::again(before, 2, known, now);
    floor.tell(Input::SnapshotTaken { switch: pbx(), legs: vec![seen(&caller), seen_up(&leg)] });
    assert!(asks(&floor) && !connects(&floor));
    let told = floor.facts.iter().filter(|fact| matches!(fact, Fact::OfferPickedUp { .. })).count();
    assert_eq!(told, 0, "it was picked up once");
    press(&mut floor, "ana", '1');
    assert!(connects(&floor));
}

#[test]
fn who_was_asked_when_the_link_was_lost_is_asked_again_and_no_question_is_heard_twice_at_once() {
    let (mut floor, caller) = picked_up();
    let (leg, (effect, _)) = (floor.ringing("ana"), floor.asked(|act| matches!(act, Act::Play { .. })));
    floor.tell(Input::LinkLost { switch: pbx() });
    floor.tell(Input::EffectReturned { effect, how: Returned::Unknown });
    floor.tell(Input::SnapshotTaken { switch: pbx(), legs: vec![seen(&caller), seen_up(&leg)] });
    floor.asked(|act| matches!(act, Act::StopPlay { .. }));
    assert!(asks(&floor));
    // Told twice.
    floor.tell(Input::LegAnswered { leg });
    let stops = floor.effects.iter().position(|effect| matches!(effect.act, Act::StopPlay { .. }));
    assert!(asks(&floor) && stops == Some(0), "{:#?}", floor.effects);
}

#[test]
fn nobody_sits_at_a_number_that_may_not_be_dialled() {
    let mut floor = Floor::new();
    let mut refused = |station: &str| {
        floor.tell(login("ana", station));
        floor.refused.clone().unwrap_or_else(|| panic!("{station} was not refused"))
    };
    assert!(matches!(refused("tel:0044207946000"), Refused::NumberNotAllowed { .. }));
    assert!(matches!(refused("tel:1900123456"), Refused::NumberNotAllowed { .. }));
    for bad in ["tel:", "tel:12", "tel:138@evil", "tel:1380013800a", "tel:138 001 38000"] {
        assert!(matches!(refused(bad), Refused::NotANumber { .. }), "{bad}");
    }
    let mut floor = Floor::with(|plan| plan.dial_out = None);
    floor.tell(login("ana", MOBILE));
    assert!(matches!(floor.refused, Some(Refused::NoDialOut)));
}

#[test]
fn a_number_that_is_taken_off_the_list_is_rung_no_more_until_it_is_back() {
    let mut floor = Floor::new();
    floor.tell(login("ana", MOBILE));
    for (version, allowed, state) in [("v2", "1", AgentState::PhoneBusy), ("v3", "+86", AgentState::Idle)] {
        let mut plan = plan();
        plan.version = VersionHash::new(version);
        plan.dial_out.as_mut().expect("one").allowed = vec![allowed.to_owned()];
        floor.core.shelve(std::sync::Arc::new(plan));
        floor.tell(Input::VersionPublished { version: VersionHash::new(version) });
        assert_eq!(floor.state("ana"), state, "{version}");
    }
    floor.call("100");
    floor.ringing("ana");
    assert_eq!(floor.agent("ana").line, Line::Unknown);
}

#[test]
fn a_telephone_outside_is_not_told_to_pick_up_and_dials_no_number() {
    let (mut floor, _) = ringing();
    let by = AgentName::new("ana");
    floor.tell(Input::AgentAnswered { agent: by.clone(), by: by.clone() });
    assert!(matches!(floor.refused, Some(Refused::PhoneCannotAnswer { .. })));
    let leg = floor.ringing("ana");
    floor.tell(Input::LegFailed { leg, why: Failure::NoAnswer });
    let number = "13800138000".parse().expect("a number");
    floor.tell(Input::AgentDialled { agent: by.clone(), number, by, request: None });
    assert!(matches!(floor.refused, Some(Refused::DialsFromOutside { .. })), "{:?}", floor.refused);
}

#[test]
fn nobody_sits_outside_at_another_switch_than_the_one_that_dials() {
    let mut floor = Floor::with(|plan| plan.dial_out.as_mut().expect("one").switch = SwitchName::new("trunks"));
    floor.tell(login("ana", MOBILE));
    let switch = SwitchName::new("trunks");
    assert_eq!(floor.refused, Some(Refused::DialsElsewhere { agent: AgentName::new("ana"), switch }));
    floor.tell(login("ana", "PJSIP/ana"));
    assert_eq!(floor.refused, None, "a phone of the switch is no matter of the trunk's");
}

#[test]
fn a_number_that_was_taken_off_the_list_while_nobody_ran_is_not_rung_after_the_start() {
    let (before, _) = picked_up();
    for (allowed, line) in [("+86", Line::Unknown), ("1", Line::Unreachable)] {
        let list = Floor::with(|plan| plan.dial_out.as_mut().expect("one").allowed = vec![allowed.to_owned()]);
        let floor = Floor::again(list, 2, before.known.clone(), before.now);
        assert_eq!(floor.agent("ana").line, line, "{allowed}");
    }
}

#[test]
fn the_key_in_the_silence_between_two_questions_stops_nothing_and_waits_for_nothing() {
    let (mut floor, caller) = picked_up();
    let (effect, _) = floor.asked(|act| matches!(act, Act::Play { .. }));
    floor.tell(Input::EffectReturned { effect, how: Returned::Done }).pass(secs(1));
    press(&mut floor, "ana", '1');
    assert!(connects(&floor));
    assert!(!floor.effects.iter().any(|effect| matches!(effect.act, Act::StopPlay { .. })), "{:#?}", floor.effects);
    let leg = floor.agent("ana").leg.clone().expect("a leg");
    floor.tell(Input::LegsJoined { a: caller, b: leg });
    assert_eq!(floor.core.kept().timers, 0, "nobody is asked again");
}

#[test]
fn a_question_that_ended_because_the_telephone_did_is_nothing_to_be_told_or_asked_again() {
    let (mut floor, _) = picked_up();
    let (effect, _) = floor.asked(|act| matches!(act, Act::Play { .. }));
    let (facts, leg) = (floor.facts.len(), floor.ringing("ana"));
    let why = cordboard::routing::Refusal::Gone(leg);
    floor.tell(Input::EffectReturned { effect, how: Returned::Refused { why } }).pass(secs(5));
    assert_eq!((floor.facts.len(), asks(&floor)), (facts, false));
}

#[test]
fn a_question_that_is_heard_when_the_ring_ends_is_waited_for_no_more() {
    let (mut floor, caller) = picked_up();
    let (question, _) = floor.asked(|act| matches!(act, Act::Play { .. }));
    assert!(floor.core.awaits(question));
    let leg = floor.ringing("ana");
    floor.hangs_up(&leg);
    assert!(!floor.core.awaits(question));
    floor.hangs_up(&caller);
    assert_eq!(floor.core.kept().timers, 1, "the rest");
}

#[test]
fn a_phone_of_the_switch_is_asked_for_no_key_and_one_pressed_while_it_rings_takes_no_call() {
    let mut floor = Floor::new();
    floor.login("ana");
    let caller = floor.call("100");
    press(&mut floor, "ana", '1');
    assert!(!connects(&floor) && answers(&floor) == 0);
    assert!(matches!(floor.stage(&caller), Stage::Waiting { rings: Some(_), .. }), "{floor}");
}
