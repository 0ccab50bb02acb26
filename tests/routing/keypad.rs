//! Agents who log in and out by the keypad of their own phone: what is asked, and what they hear of it.

use cordboard::dialplan::{Action, AgentWish, Claim, KeypadAnswer, Sound, Step};
use cordboard::routing::ids::*;
use cordboard::routing::{Act, Fact, HangUpCause, Input, Known, Returned};

use crate::floor::*;

/// A floor with a number that logs in.
fn floor() -> Floor {
    Floor::with(|plan| {
        let name = StepName::new("shift");
        let actions = vec![Action::Agent(AgentWish::LogIn), Action::HangUp];
        plan.steps.insert(name.clone(), Step { name: name.clone(), actions });
        let like = plan.numbers[&PhoneNumber::new("100")].clone();
        plan.numbers.insert(PhoneNumber::new("*45"), Claim { start: name, ..like });
    })
}

/// Somebody calls it from this phone.
fn calls(floor: &mut Floor, station: Option<&str>) -> LegId {
    let leg = LegId::new("at the phone");
    floor.tell(Input::CallerArrived {
        switch: pbx(),
        leg: leg.clone(),
        from: PhoneNumber::new("1001"),
        name: CallerName::new(""),
        to: PhoneNumber::new("*45"),
        station: station.map(StationAddress::new),
    });
    leg
}

fn asked(floor: &Floor) -> Vec<(Option<StationAddress>, AgentWish)> {
    let asked = floor.facts.iter().filter_map(|fact| match fact {
        Fact::KeypadUsed { station, wish, .. } => Some((station.clone(), wish.clone())),
        _ => None,
    });
    asked.collect()
}

fn told(floor: &Floor) -> String {
    let (_, act) = floor.asked(|act| matches!(act, Act::Play { .. }));
    let Act::Play { prompts, .. } = act else { unreachable!("asked for") };
    match &prompts[0].sound {
        Sound::Say(text) => text.clone(),
        Sound::Recording(name) => name.clone(),
    }
}

fn answer(floor: &mut Floor, leg: &LegId, how: KeypadAnswer) {
    let call = floor.of(leg).id;
    floor.tell(Input::KeypadAnswered { call, wish: AgentWish::LogIn, how });
}

#[test]
fn whose_phone_it_is_is_asked_of_the_records_by_what_the_switch_knows_of_the_phone() {
    let mut floor = floor();
    calls(&mut floor, Some("PJSIP/a1001"));
    assert_eq!(asked(&floor), [(Some(StationAddress::new("PJSIP/a1001")), AgentWish::LogIn)]);
    floor.asked(|act| matches!(act, Act::Answer { .. }));
}

#[test]
fn what_came_of_it_is_said_at_the_phone_and_the_step_goes_on() {
    for (how, text) in [
        (KeypadAnswer::Done, "You are logged in."),
        (KeypadAnswer::NobodysPhone, "This phone belongs to nobody."),
        (KeypadAnswer::SharedPhone, "Several people share this phone. Use the page."),
        (KeypadAnswer::NotNow, "That is not possible just now."),
    ] {
        let mut floor = floor();
        let leg = calls(&mut floor, Some("PJSIP/a1001"));
        answer(&mut floor, &leg, how);
        assert_eq!(told(&floor), text);
        let (effect, _) = floor.asked(|act| matches!(act, Act::Play { .. }));
        floor.tell(Input::EffectReturned { effect, how: Returned::Done });
        floor.asked(|act| matches!(act, Act::HangUp { cause: HangUpCause::Normal, .. }));
    }
}

#[test]
fn who_is_told_nothing_by_the_records_in_time_hears_that_it_is_not_possible_and_a_late_word_is_none() {
    let mut floor = floor();
    let leg = calls(&mut floor, Some("PJSIP/a1001"));
    floor.pass(secs(5));
    assert_eq!(told(&floor), "That is not possible just now.");
    answer(&mut floor, &leg, KeypadAnswer::Done);
    assert!(floor.effects.is_empty(), "{:#?}", floor.effects);
}

#[test]
fn an_answer_to_what_was_not_asked_is_nothing() {
    let mut floor = floor();
    let leg = calls(&mut floor, None);
    let call = floor.of(&leg).id;
    floor.tell(Input::KeypadAnswered { call, wish: AgentWish::LogOut, how: KeypadAnswer::Done });
    assert!(floor.effects.is_empty(), "{:#?}", floor.effects);
    let caller = floor.call("100");
    answer(&mut floor, &caller, KeypadAnswer::Done);
    assert!(floor.effects.is_empty(), "{:#?}", floor.effects);
}

#[test]
fn who_was_at_it_when_the_controller_died_is_asked_for_again_and_an_input_of_before_has_no_phone() {
    let mut before = floor();
    let leg = calls(&mut before, Some("PJSIP/a1001"));
    let (known, now): (Known, _) = (before.known.clone(), before.now);
    let mut floor = Floor::again(before, 2, known, now);
    floor.tell(Input::SnapshotTaken { switch: pbx(), legs: vec![seen(&leg)] });
    assert_eq!(asked(&floor), [(None, AgentWish::LogIn)]);
    let old =
        serde_json::json!({ "CallerArrived": { "switch": "pbx", "leg": "l", "from": "1", "name": "", "to": "2" } });
    let old: Input = serde_json::from_value(old).expect("read");
    assert!(matches!(old, Input::CallerArrived { station: None, .. }));
}
