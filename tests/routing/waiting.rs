//! What callers are told while they wait, and how long they are told it will take.

use std::collections::BTreeMap;
use std::time::Duration;

use cordboard::dialplan::{
    Action, Announcement, Centre, Due, Figure, Language, Piece, Prompt, Sound, Spoken, Step, Text, ToQueue,
};
use cordboard::routing::agent::AgentState;
use cordboard::routing::call::Stage;
use cordboard::routing::ids::*;
use cordboard::routing::{Act, Input, Refusal, Returned};

use crate::floor::*;

fn say(pieces: Vec<Piece>) -> Spoken {
    Spoken::Say(BTreeMap::from([(Language::En, Text(pieces))]))
}

fn words(text: &str) -> Piece {
    Piece::Words(text.into())
}

/// The step `plain`, which `100` leads to, tells its callers this.
fn telling(rules: Vec<Announcement>) -> Floor {
    Floor::with(|plan: &mut Centre| {
        let name = StepName::new("plain");
        let Some(Action::Queue(to)) = plan.steps.get(&name).and_then(|step| step.actions.first()) else { panic!() };
        let action = Action::Queue(ToQueue { waiting: rules, ..to.clone() });
        plan.steps.insert(name.clone(), Step { name, actions: vec![action] });
    })
}

fn every(time: u64, says: Vec<Spoken>) -> Announcement {
    Announcement { due: Due::Every(secs(time)), says, call_back: None }
}

fn once(time: u64, says: Vec<Spoken>) -> Announcement {
    Announcement { due: Due::Once(secs(time)), says, call_back: None }
}

/// What the last input has this caller told.
fn told(floor: &Floor, leg: &LegId) -> Vec<String> {
    let plays = floor.effects.iter().filter_map(|effect| match &effect.act {
        Act::Play { leg: of, prompts } if of == leg => Some(prompts),
        _ => None,
    });
    let text = |prompt: &Prompt| match &prompt.sound {
        Sound::Say(text) => text.clone(),
        Sound::Recording(name) => name.clone(),
        Sound::Tone => "tone".into(),
    };
    plays.flatten().map(text).collect()
}

fn has_music(floor: &Floor, leg: &LegId) -> bool {
    floor.effects.iter().any(|effect| matches!(&effect.act, Act::StartMusic { leg: of, .. } if of == leg))
}

fn is_stopped(floor: &Floor, leg: &LegId) -> bool {
    floor.effects.iter().any(|effect| matches!(&effect.act, Act::StopPlay { leg: of } if of == leg))
}

/// The announcement that the last input began is heard to its end.
fn heard(floor: &mut Floor) {
    let (effect, _) = floor.asked(|act| matches!(act, Act::Play { .. }));
    floor.tell(Input::EffectReturned { effect, how: Returned::Done });
}

/// Nobody is free, and one is at work.
fn busy(floor: &mut Floor) {
    floor.login("ana");
    let first = floor.call("200");
    assert_eq!(floor.state("ana"), AgentState::Idle, "ana has no english");
    let taken = floor.call("300");
    floor.talks("ana", &taken);
    floor.hangs_up(&first);
}

#[test]
fn a_waiting_caller_is_told_something_again_and_again_and_hears_music_in_between() {
    let mut floor = telling(vec![every(45, vec![say(vec![words("Please wait.")])])]);
    let caller = floor.call("100");
    floor.pass(secs(44));
    assert!(told(&floor, &caller).is_empty(), "{floor}");
    for round in 1..=3_u64 {
        floor.pass((NOON + secs(45 * round)).since(floor.now));
        assert_eq!(told(&floor, &caller), ["Please wait."], "round {round}\n{floor}");
        floor.pass(secs(4));
        heard_last(&mut floor, &caller);
        assert!(has_music(&floor, &caller), "{:#?}", floor.effects);
    }
}

/// The one announcement that plays to this caller ends.
fn heard_last(floor: &mut Floor, caller: &LegId) {
    let Stage::Waiting { place, .. } = floor.stage(caller) else { panic!("{floor}") };
    let effect = place.told.playing.unwrap_or_else(|| panic!("nothing plays\n{floor}"));
    floor.tell(Input::EffectReturned { effect, how: Returned::Done });
}

#[test]
fn what_is_said_once_is_said_once_and_what_comes_due_together_is_said_together() {
    let once = once(20, vec![say(vec![words("You may call back.")])]);
    let mut floor = telling(vec![every(20, vec![say(vec![words("Please wait.")])]), once]);
    let caller = floor.call("100");
    floor.pass(secs(20));
    assert_eq!(told(&floor, &caller), ["Please wait.", "You may call back."], "{floor}");
    heard(&mut floor);
    floor.pass(secs(20));
    assert_eq!(told(&floor, &caller), ["Please wait."], "{floor}");
}

#[test]
fn an_agent_who_comes_free_in_the_middle_of_an_announcement_gets_the_caller_at_once() {
    let mut floor = telling(vec![every(10, vec![say(vec![words("Please wait.")])])]);
    let caller = floor.call("100");
    floor.pass(secs(10));
    let (late, _) = floor.asked(|act| matches!(act, Act::Play { .. }));
    floor.login("ana");
    assert!(is_stopped(&floor, &caller) && has_music(&floor, &caller), "{:#?}", floor.effects);
    let rings = floor.effects.iter().position(|effect| matches!(effect.act, Act::Ring { .. }));
    let stops = floor.effects.iter().position(|effect| matches!(effect.act, Act::StopPlay { .. }));
    assert!(rings < stops, "the phone first: {:#?}", floor.effects);
    // What the switch says of the old prompt changes nothing any more.
    floor.tell(Input::EffectReturned { effect: late, how: Returned::Done });
    assert!(floor.effects.is_empty() && floor.state("ana") == AgentState::Ringing, "{floor}");
    floor.talks("ana", &caller);
    assert!(matches!(floor.stage(&caller), Stage::Talking { .. }), "{floor}");
}

#[test]
fn nothing_is_said_while_a_phone_rings_and_it_is_said_when_nobody_picked_up() {
    let mut floor = telling(vec![once(10, vec![say(vec![words("Please wait.")])])]);
    floor.login("ana");
    let caller = floor.call("100");
    floor.pass(secs(14));
    assert!(floor.effects.is_empty(), "{:#?}", floor.effects);
    let phone = floor.ringing("ana");
    floor.tell(Input::LegFailed { leg: phone, why: cordboard::routing::Failure::NoAnswer });
    let Stage::Waiting { place, .. } = floor.stage(&caller).clone() else { panic!("{floor}") };
    assert_eq!(place.told.playing, None, "{floor}");
    floor.pass(secs(1));
    let Stage::Waiting { place, .. } = floor.stage(&caller) else { panic!("{floor}") };
    assert!(place.told.playing.is_some(), "{floor}");
}

#[test]
fn an_announcement_that_cannot_be_played_leaves_the_music_on() {
    let mut floor = telling(vec![every(10, vec![say(vec![words("Please wait.")])])]);
    let caller = floor.call("100");
    floor.pass(secs(10));
    let (effect, _) = floor.asked(|act| matches!(act, Act::Play { .. }));
    floor.tell(Input::EffectReturned { effect, how: Returned::Refused { why: Refusal::NoPrompt } });
    assert!(has_music(&floor, &caller), "{:#?}", floor.effects);
    floor.pass(secs(10));
    assert_eq!(told(&floor, &caller), ["Please wait."], "the next is tried in its time");
}

#[test]
fn an_announcement_whose_end_the_switch_never_tells_is_stopped_and_the_music_comes_back() {
    let mut floor = telling(vec![once(10, vec![say(vec![words("Please wait.")])])]);
    let caller = floor.call("100");
    floor.pass(secs(10)).pass(secs(603));
    assert!(is_stopped(&floor, &caller) && has_music(&floor, &caller), "{:#?}", floor.effects);
}

#[test]
fn there_is_music_between_two_announcements_however_long_they_are() {
    let mut floor = telling(vec![every(10, vec![say(vec![words("Please wait.")])])]);
    let caller = floor.call("100");
    floor.pass(secs(10)).pass(secs(25));
    heard_last(&mut floor, &caller);
    floor.pass(secs(4));
    assert!(told(&floor, &caller).is_empty(), "{floor}");
    floor.pass(secs(1));
    assert_eq!(told(&floor, &caller), ["Please wait."], "{floor}");
}

#[test]
fn a_caller_is_told_the_place_and_no_wait_that_nobody_knows() {
    let position = say(vec![words("You are number "), Piece::Figure(Figure::Position), words(".")]);
    let wait = say(vec![words("It takes "), Piece::Figure(Figure::Wait), words(".")]);
    let mut floor = telling(vec![every(45, vec![position, wait])]);
    busy(&mut floor);
    let (first, second) = (floor.call("100"), floor.call("100"));
    floor.pass(secs(45));
    assert_eq!(told(&floor, &second), ["You are number 2."], "{floor}");
    assert_eq!(told(&floor, &first), ["You are number 1."], "{floor}");
}

#[test]
fn the_expected_wait_is_the_place_times_the_usual_time_between_answers() {
    let wait = say(vec![Piece::Figure(Figure::WaitMinutes)]);
    let mut floor = telling(vec![every(60, vec![wait])]);
    floor.login("ana");
    let callers: Vec<LegId> = (0..8).map(|_| floor.call("100")).collect();
    // Each talks for twenty seconds, and wrap-up takes ten.
    for caller in &callers[..5] {
        floor.talks("ana", caller);
        let phone = floor.agent("ana").leg.clone().expect("a leg");
        floor.pass(secs(20)).hangs_up(caller).hangs_up(&phone);
        floor.pass(secs(10));
    }
    let seen = |leg: &LegId| floor.core.call_seen(floor.now, floor.of(leg).id).expect("a call");
    assert_eq!((seen(&callers[7]).position, seen(&callers[7]).expected_wait_ms), (Some(3), Some(90_000)), "{floor}");
    // The floor says the same, worked out for all at once.
    for call in floor.core.floor(floor.now).calls {
        let alone = floor.core.call_seen(floor.now, call.id).expect("a call");
        assert_eq!((call.position, call.expected_wait_ms), (alone.position, alone.expected_wait_ms), "{}", call.id);
    }
}

#[test]
fn ten_thousand_waiting_callers_have_their_places_at_once() {
    let mut floor = telling(vec![]);
    for _ in 0..10_000 {
        floor.call("100");
    }
    let began = std::time::Instant::now();
    let seen = floor.core.floor(floor.now);
    let took = began.elapsed();
    assert_eq!(seen.calls.iter().filter_map(|call| call.position).max(), Some(10_000));
    // Unoptimised, and on a machine with other work: the square of it took many seconds.
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[test]
fn a_start_says_nothing_twice_and_goes_on_with_what_comes_due_after_it() {
    let rules = || vec![once(20, vec![say(vec![words("Welcome.")])]), every(45, vec![say(vec![words("Wait.")])])];
    let mut floor = telling(rules());
    let caller = floor.call("100");
    floor.pass(secs(20));
    heard(&mut floor);
    floor.pass(secs(5));
    let (known, now) = (floor.known.clone(), floor.now);
    let mut reborn = Floor::again(floor, 2, known, now);
    reborn.tell(Input::SnapshotTaken { switch: pbx(), legs: vec![seen(&caller)] });
    assert!(told(&reborn, &caller).is_empty() && has_music(&reborn, &caller), "{:#?}", reborn.effects);
    reborn.pass(secs(19));
    assert!(told(&reborn, &caller).is_empty(), "{reborn}");
    reborn.pass(secs(1));
    assert_eq!(told(&reborn, &caller), ["Wait."], "{reborn}");
}

#[test]
fn what_was_being_said_when_we_were_killed_is_cut_off_before_the_music_comes_back_and_a_phone_rings() {
    let mut floor = telling(vec![every(45, vec![say(vec![words("Please wait.")])])]);
    let caller = floor.call("100");
    floor.pass(secs(45));
    assert_eq!(told(&floor, &caller), ["Please wait."], "{floor}");
    let (known, now) = (floor.known.clone(), floor.now);
    let mut reborn = Floor::again(floor, 2, known, now);
    reborn.tell(Input::SnapshotTaken { switch: pbx(), legs: vec![seen(&caller)] });
    let mine = reborn.effects.iter().filter_map(|effect| match &effect.act {
        Act::StopPlay { leg } if *leg == caller => Some("stop"),
        Act::StartMusic { leg, .. } if *leg == caller => Some("music"),
        _ => None,
    });
    assert_eq!(mine.collect::<Vec<_>>(), ["stop", "music"], "{:#?}", reborn.effects);
}
