//! The emergency switch: who hears the message, when, and that nobody hears it twice.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cordboard::dialplan::{Centre, EmergencyMessage, Language, Piece, Sound, Spoken, Text, Then};
use cordboard::routing::call::Stage;
use cordboard::routing::fact::{Outcome, SwitchedOff};
use cordboard::routing::ids::*;
use cordboard::routing::{Act, Fact, Failure, Input, LegSeen, Refusal, Refused, Returned, Why};

use crate::floor::*;

fn message(name: &str, then: Then, numbers: &[&str]) -> EmergencyMessage {
    let text = Text(vec![Piece::Words(format!("{name}!"))]);
    EmergencyMessage {
        name: MessageName::new(name),
        says: Spoken::Say(BTreeMap::from([(Language::En, text)])),
        then,
        numbers: numbers.iter().map(PhoneNumber::new).collect(),
    }
}

fn with(messages: Vec<EmergencyMessage>) -> Floor {
    Floor::with(|plan| add(plan, messages))
}

fn add(plan: &mut Centre, messages: Vec<EmergencyMessage>) {
    plan.emergency.extend(messages.into_iter().map(|message| (message.name.clone(), message)));
}

fn flood() -> Floor {
    with(vec![message("flood", Then::CarryOn, &[])])
}

fn on(floor: &mut Floor, name: &str) {
    on_until(floor, name, None);
}

fn on_until(floor: &mut Floor, name: &str, until: Option<cordboard::calendar::Moment>) {
    floor.tell(Input::EmergencySwitchedOn {
        message: MessageName::new(name),
        until,
        by: AgentName::new("lead"),
        why: Some(Why::from("the cellar is full".to_owned())),
    });
}

fn off(floor: &mut Floor, name: &str) {
    floor.tell(Input::EmergencySwitchedOff { message: MessageName::new(name), by: AgentName::new("lead"), why: None });
}

/// What the last input has this caller hear.
fn told(floor: &Floor, leg: &LegId) -> Vec<String> {
    let plays = floor.effects.iter().filter_map(|effect| match &effect.act {
        Act::Play { leg: of, prompts } if of == leg => Some(prompts),
        _ => None,
    });
    let text = |sound: &Sound| match sound {
        Sound::Say(text) => text.clone(),
        Sound::Recording(name) => name.clone(),
        Sound::Tone => "tone".into(),
    };
    plays.flatten().map(|prompt| text(&prompt.sound)).collect()
}

fn played(floor: &mut Floor, how: Returned) {
    let (effect, _) = floor.asked(|act| matches!(act, Act::Play { .. }));
    floor.tell(Input::EffectReturned { effect, how });
}

fn ended(floor: &mut Floor) {
    played(floor, Returned::Done);
}

fn heard(floor: &Floor) -> usize {
    floor.facts.iter().filter(|fact| matches!(fact, Fact::EmergencyHeard { heard: true, .. })).count()
}

fn waits(floor: &Floor, caller: &LegId) -> bool {
    matches!(floor.stage(caller), Stage::Waiting { .. })
}

#[test]
fn nothing_is_heard_before_somebody_switches_it_on() {
    let mut floor = flood();
    let caller = floor.call("400");
    assert_eq!(told(&floor, &caller), ["Goodbye."], "{floor}");
}

#[test]
fn who_calls_while_it_is_on_hears_it_before_the_first_action_and_once() {
    let mut floor = flood();
    on(&mut floor, "flood");
    let caller = floor.call("400");
    assert_eq!(told(&floor, &caller), ["flood!"], "{floor}");
    let entered = floor.facts.iter().any(|fact| matches!(fact, Fact::StepEntered { .. }));
    assert!(entered && heard(&floor) == 0, "in its step, and not told yet: {:#?}", floor.facts);
    ended(&mut floor);
    assert_eq!((told(&floor, &caller), heard(&floor)), (vec!["Goodbye.".to_owned()], 1), "{floor}");
    ended(&mut floor);
    assert!(waits(&floor, &caller), "{floor}");
    floor.pass(secs(120));
    assert_eq!(heard(&floor), 1);
    floor.login("ana");
    floor.talks("ana", &caller);
}

#[test]
fn a_message_that_cannot_be_played_keeps_nobody_from_the_queue() {
    let mut floor = flood();
    on(&mut floor, "flood");
    let caller = floor.call("100");
    played(&mut floor, Returned::Refused { why: Refusal::NoPrompt });
    assert!(waits(&floor, &caller), "{floor}");
    assert!(floor.facts.iter().any(|fact| matches!(fact, Fact::EmergencyHeard { heard: false, .. })));
    floor.pass(secs(60));
    assert!(heard(&floor) == 0 && told(&floor, &caller).is_empty(), "{floor}");
}

#[test]
fn what_comes_after_the_message_is_written_with_it() {
    let go = Then::Go(StepName::new("sorry"));
    for (then, outcome) in [(Then::HangUp, Some(Outcome::EndedByUs)), (go, None)] {
        let mut floor = with(vec![message("flood", then, &[])]);
        on(&mut floor, "flood");
        let caller = floor.call("100");
        ended(&mut floor);
        match outcome {
            Some(outcome) => {
                assert_eq!(floor.hung_up(), std::slice::from_ref(&caller), "{floor}");
                floor.hangs_up(&caller);
                assert_eq!(floor.outcomes(), [outcome]);
            }
            None => {
                assert_eq!(told(&floor, &caller), ["Goodbye."], "{floor}");
                assert_eq!(floor.of(&caller).walk.step().as_str(), "sorry");
                assert!(!floor.effects.iter().any(|effect| matches!(effect.act, Act::StopPlay { .. })));
            }
        }
    }
}

#[test]
fn only_callers_of_its_numbers_hear_it() {
    let mut floor = with(vec![message("flood", Then::CarryOn, &["100"])]);
    on(&mut floor, "flood");
    let other = floor.call("500");
    assert!(waits(&floor, &other), "{floor}");
    floor.pass(secs(5));
    assert!(told(&floor, &other).is_empty());
    let caller = floor.call("100");
    assert_eq!(told(&floor, &caller), ["flood!"], "{floor}");
}

#[test]
fn of_two_that_are_on_both_are_heard_one_after_the_other() {
    let mut floor = with(vec![message("flood", Then::CarryOn, &[]), message("strike", Then::CarryOn, &[])]);
    on(&mut floor, "flood");
    on(&mut floor, "strike");
    let caller = floor.call("100");
    assert_eq!(told(&floor, &caller), ["flood!"], "{floor}");
    ended(&mut floor);
    assert_eq!(told(&floor, &caller), ["strike!"], "{floor}");
    ended(&mut floor);
    assert!(waits(&floor, &caller) && heard(&floor) == 2, "{floor}");
}

#[test]
fn who_waits_already_is_told_at_once_and_keeps_the_place_and_who_is_rung_when_it_rang_in_vain() {
    let mut floor = flood();
    floor.login("ana");
    let rung = floor.call("100");
    let waiting = floor.call("100");
    on(&mut floor, "flood");
    assert_eq!(told(&floor, &waiting), Vec::<String>::new(), "one after the other: {floor}");
    floor.pass(secs(1));
    let Stage::Waiting { place, .. } = floor.stage(&waiting).clone() else { panic!("{floor}") };
    assert_eq!((place.joined, place.told.warnings.len()), (NOON, 1), "{floor}");
    let effect = place.told.playing.expect("it plays");
    floor.tell(Input::EffectReturned { effect, how: Returned::Done });
    assert!(floor.effects.iter().any(|effect| matches!(effect.act, Act::StartMusic { .. })), "{floor}");
    assert_eq!(heard(&floor), 1);
    let phone = floor.ringing("ana");
    floor.tell(Input::LegFailed { leg: phone, why: Failure::NoAnswer });
    floor.pass(secs(2));
    let Stage::Waiting { place, .. } = floor.stage(&rung).clone() else { panic!("{floor}") };
    assert_eq!(place.told.warnings, [MessageName::new("flood")], "{floor}");
}

#[test]
fn who_is_rung_in_the_middle_of_it_is_told_again_when_nobody_picks_up() {
    let mut floor = flood();
    let caller = floor.call("100");
    on(&mut floor, "flood");
    assert_eq!(told(&floor, &caller), ["flood!"], "{floor}");
    floor.login("ana");
    assert!(floor.effects.iter().any(|effect| matches!(effect.act, Act::StopPlay { .. })), "{floor}");
    let phone = floor.ringing("ana");
    floor.tell(Input::LegFailed { leg: phone, why: Failure::NoAnswer });
    assert_eq!(heard(&floor), 0);
    floor.pass(secs(6));
    let Stage::Waiting { place, .. } = floor.stage(&caller) else { panic!("{floor}") };
    assert!(place.told.playing.is_some(), "{floor}");
}

#[test]
fn it_goes_off_by_hand_and_by_itself_and_with_a_version_that_has_it_no_more() {
    let how = |floor: &Floor| {
        floor.facts.iter().rev().find_map(|fact| match fact {
            Fact::EmergencySwitchedOff { how, by, .. } => Some((*how, by.is_some())),
            _ => None,
        })
    };
    let mut floor = flood();
    on(&mut floor, "flood");
    off(&mut floor, "flood");
    off(&mut floor, "flood");
    assert_eq!(how(&floor), Some((SwitchedOff::ByHand, true)));
    let caller = floor.call("100");
    assert!(waits(&floor, &caller), "{floor}");

    on_until(&mut floor, "flood", Some(NOON + secs(600)));
    floor.pass(secs(599));
    assert!(floor.known.emergency.contains_key(&MessageName::new("flood")));
    floor.pass(secs(2));
    assert_eq!(how(&floor), Some((SwitchedOff::TimeUp, false)));

    on(&mut floor, "flood");
    let mut next = plan();
    next.version = VersionHash::new("v2");
    floor.core.shelve(Arc::new(next));
    floor.tell(Input::VersionPublished { version: VersionHash::new("v2") });
    assert_eq!(how(&floor), Some((SwitchedOff::NotInVersion, false)));
    assert!(floor.known.emergency.is_empty());
}

#[test]
fn its_end_moves_with_the_clock_on_the_wall_and_may_be_moved_by_hand() {
    let mut floor = flood();
    on_until(&mut floor, "flood", Some(NOON + secs(600)));
    floor.tell(Input::WallClockStepped { by_ms: 300_000 });
    floor.pass(secs(301));
    assert!(floor.known.emergency.is_empty(), "{:#?}", floor.facts);
    on_until(&mut floor, "flood", Some(NOON + secs(900)));
    on_until(&mut floor, "flood", None);
    floor.pass(secs(3600));
    assert_eq!(floor.known.emergency.len(), 1);
}

#[test]
fn what_there_is_not_and_what_is_over_cannot_be_switched_on() {
    let mut floor = flood();
    on(&mut floor, "strike");
    assert_eq!(floor.refused, Some(Refused::NoSuchMessage { message: MessageName::new("strike") }));
    on_until(&mut floor, "flood", Some(NOON));
    assert_eq!(floor.refused, Some(Refused::OverAlready { message: MessageName::new("flood") }));
    assert!(floor.known.emergency.is_empty());
}

#[test]
fn killed_while_it_is_on_it_is_on_and_who_has_heard_it_does_not_hear_it_again() {
    let mut floor = flood();
    on(&mut floor, "flood");
    let done = floor.call("400");
    ended(&mut floor);
    let middle = floor.call("400");
    let (known, now) = (floor.known.clone(), floor.now + secs(1));
    let mut floor = Floor::again(floor, 2, known, now);
    let legs: Vec<LegSeen> = [&done, &middle].map(|leg| LegSeen { to: PhoneNumber::new("400"), ..seen(leg) }).into();
    floor.tell(Input::SnapshotTaken { switch: pbx(), legs });
    assert_eq!(told(&floor, &done), ["Goodbye."], "{floor}");
    assert_eq!(told(&floor, &middle), ["flood!"], "what was broken off is heard from its beginning: {floor}");
    let next = LegId::new("caller-of-later");
    floor.tell(Input::CallerArrived {
        switch: pbx(),
        leg: next.clone(),
        from: PhoneNumber::new("13800138000"),
        name: CallerName::new("Li"),
        to: PhoneNumber::new("400"),
        station: None,
    });
    assert_eq!(told(&floor, &next), ["flood!"], "{floor}");
    let messages: BTreeSet<&MessageName> = floor.known.emergency.keys().collect();
    assert_eq!(messages.len(), 1);
}

#[test]
fn a_link_that_comes_back_begins_the_message_anew_and_not_the_menu() {
    let mut floor = flood();
    on(&mut floor, "flood");
    let caller = floor.call("400");
    floor.tell(Input::LinkLost { switch: pbx() });
    floor.tell(Input::SnapshotTaken { switch: pbx(), legs: vec![seen(&caller)] });
    assert_eq!(told(&floor, &caller), ["flood!"], "{floor}");
    ended(&mut floor);
    floor.tell(Input::LinkLost { switch: pbx() });
    floor.tell(Input::SnapshotTaken { switch: pbx(), legs: vec![seen(&caller)] });
    assert_eq!((told(&floor, &caller), heard(&floor)), (vec!["Goodbye.".to_owned()], 1), "{floor}");
}

#[test]
fn switched_off_while_it_is_heard_it_leads_nobody_away() {
    let mut floor = with(vec![message("flood", Then::HangUp, &[])]);
    on(&mut floor, "flood");
    let caller = floor.call("100");
    let (effect, _) = floor.asked(|act| matches!(act, Act::Play { .. }));
    off(&mut floor, "flood");
    floor.tell(Input::EffectReturned { effect, how: Returned::Done });
    assert!(waits(&floor, &caller), "{floor}");
}
