//! Agents who log in and out by the keypad of their own phone: what is asked, and what they hear of it.

use cordboard::dialplan::{Action, AgentWish, Claim, Key, KeypadAnswer, KeypadQuestion, Sound, Step};
use cordboard::routing::ids::*;
use cordboard::routing::{Act, Fact, HangUpCause, Input, KEYED_WITHIN, Known, Returned};

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

/// One where whoever calls is asked twice who they are.
fn floor_of_pins() -> Floor {
    Floor::with(|plan| {
        let name = StepName::new("shift");
        let actions = vec![Action::Agent(AgentWish::LogInByPin { tries: 2 }), Action::HangUp];
        plan.steps.insert(name.clone(), Step { name: name.clone(), actions });
        let like = plan.numbers[&PhoneNumber::new("100")].clone();
        plan.numbers.insert(PhoneNumber::new("*45"), Claim { start: name, ..like });
    })
}

const BY_PIN: AgentWish = AgentWish::LogInByPin { tries: 2 };

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
    let said = prompts.iter().map(|prompt| match &prompt.sound {
        Sound::Say(text) => text.clone(),
        Sound::Recording(name) => name.clone(),
        Sound::Tone => "tone".into(),
    });
    said.collect::<Vec<_>>().join(" ")
}

fn says(floor: &mut Floor, leg: &LegId, wish: AgentWish, how: KeypadAnswer) {
    let call = floor.of(leg).id;
    floor.tell(Input::KeypadAnswered { call, wish, how });
}

/// As whoever runs the core keeps the keys back.
fn keys(floor: &mut Floor, leg: &LegId) {
    floor.tell(Input::KeyWithheld { leg: leg.clone(), ends: false });
    floor.tell(Input::KeyWithheld { leg: leg.clone(), ends: true });
}

fn heard(floor: &mut Floor) {
    let (effect, _) = floor.asked(|act| matches!(act, Act::Play { .. }));
    floor.tell(Input::EffectReturned { effect, how: Returned::Done });
}

fn with_pin(floor: &Floor) -> usize {
    floor.facts.iter().filter(|fact| matches!(fact, Fact::KeypadUsed { pin: true, .. })).count()
}

fn hung_up(floor: &Floor) -> bool {
    floor.effects.iter().any(|effect| matches!(effect.act, Act::HangUp { .. }))
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
        (KeypadAnswer::Taken, "Somebody else is logged in at this phone."),
        (KeypadAnswer::Elsewhere, "You are logged in at another phone."),
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

#[test]
fn where_the_phone_says_nothing_number_and_pin_are_asked_for_and_the_records_are_asked_again() {
    let mut floor = floor();
    let leg = calls(&mut floor, Some("PJSIP/hall"));
    says(&mut floor, &leg, AgentWish::LogIn, KeypadAnswer::WhoIsIt);
    assert_eq!(told(&floor), "Your agent number, then hash.");
    heard(&mut floor);
    assert!(floor.effects.is_empty(), "{:#?}", floor.effects);
    keys(&mut floor, &leg);
    assert_eq!(told(&floor), "Your PIN, then hash.");
    assert_eq!(with_pin(&floor), 0);
    // Who knows what comes next keys into the question.
    floor.tell(Input::KeyWithheld { leg: leg.clone(), ends: false });
    floor.asked(|act| matches!(act, Act::StopPlay { .. }));
    floor.tell(Input::KeyWithheld { leg: leg.clone(), ends: true });
    assert_eq!(with_pin(&floor), 1);
    says(&mut floor, &leg, AgentWish::LogIn, KeypadAnswer::Done);
    assert_eq!(told(&floor), "You are logged in.");
    heard(&mut floor);
    assert!(hung_up(&floor), "the step goes on: {:#?}", floor.effects);
}

#[test]
fn a_wrong_pin_is_asked_for_anew_as_often_as_the_step_says_and_no_more() {
    let mut floor = floor_of_pins();
    let leg = calls(&mut floor, Some("PJSIP/a1001"));
    says(&mut floor, &leg, BY_PIN, KeypadAnswer::WhoIsIt);
    keys(&mut floor, &leg);
    keys(&mut floor, &leg);
    says(&mut floor, &leg, BY_PIN, KeypadAnswer::WrongPin);
    assert_eq!(told(&floor), "Number and PIN do not fit. Your agent number, then hash.");
    keys(&mut floor, &leg);
    keys(&mut floor, &leg);
    assert_eq!(with_pin(&floor), 2);
    says(&mut floor, &leg, BY_PIN, KeypadAnswer::WrongPin);
    assert_eq!(told(&floor), "Number and PIN do not fit.");
    heard(&mut floor);
    assert!(hung_up(&floor));
}

#[test]
fn who_keys_nothing_is_asked_again_and_then_hears_that_it_is_not_possible() {
    let mut floor = floor_of_pins();
    let leg = calls(&mut floor, Some("PJSIP/a1001"));
    says(&mut floor, &leg, BY_PIN, KeypadAnswer::WhoIsIt);
    heard(&mut floor);
    floor.pass(KEYED_WITHIN);
    assert_eq!(told(&floor), "Your agent number, then hash.");
    heard(&mut floor);
    // Half an answer is none.
    floor.tell(Input::KeyWithheld { leg: leg.clone(), ends: false });
    floor.pass(KEYED_WITHIN);
    assert_eq!(told(&floor), "That is not possible just now.");
    assert_eq!(with_pin(&floor), 0);
}

#[test]
fn keys_of_an_answer_are_kept_back_from_the_beginning_to_the_end_and_no_others_are() {
    let mut floor = floor();
    let leg = calls(&mut floor, Some("PJSIP/hall"));
    let withheld = |floor: &Floor| floor.core.withholds(&leg).map(|why| (why.answers, why.tries_left));
    assert_eq!(withheld(&floor), Some((None, 3)), "somebody may key while the records are asked");
    says(&mut floor, &leg, AgentWish::LogIn, KeypadAnswer::WhoIsIt);
    assert_eq!(withheld(&floor), Some((Some(KeypadQuestion::Number), 3)));
    // A key that was not kept back is taken for one that was.
    let press = |key| Input::KeyPressed { leg: leg.clone(), key };
    floor.tell(press(Key::try_from('7').expect("a key")));
    floor.tell(press(Key::Hash));
    assert_eq!(withheld(&floor), Some((Some(KeypadQuestion::Pin), 3)));
    keys(&mut floor, &leg);
    says(&mut floor, &leg, AgentWish::LogIn, KeypadAnswer::WrongPin);
    assert_eq!(withheld(&floor), Some((Some(KeypadQuestion::Number), 2)));
    keys(&mut floor, &leg);
    keys(&mut floor, &leg);
    says(&mut floor, &leg, AgentWish::LogIn, KeypadAnswer::Done);
    assert_eq!(withheld(&floor), None);
    let caller = floor.call("100");
    assert_eq!(floor.core.withholds(&caller), None);
}

#[test]
fn who_was_keying_when_the_controller_died_begins_anew() {
    let mut before = floor_of_pins();
    let leg = calls(&mut before, Some("PJSIP/a1001"));
    says(&mut before, &leg, BY_PIN, KeypadAnswer::WhoIsIt);
    keys(&mut before, &leg);
    let (known, now): (Known, _) = (before.known.clone(), before.now);
    let mut floor = Floor::again(before, 2, known, now);
    floor.tell(Input::SnapshotTaken { switch: pbx(), legs: vec![seen(&leg)] });
    assert_eq!(asked(&floor), [(None, BY_PIN)]);
}

#[test]
fn who_logs_out_by_the_keypad_is_not_asked_for_a_pin() {
    let mut floor = Floor::with(|plan| {
        let name = StepName::new("home");
        let actions = vec![Action::Agent(AgentWish::LogOut), Action::HangUp];
        plan.steps.insert(name.clone(), Step { name: name.clone(), actions });
        let like = plan.numbers[&PhoneNumber::new("100")].clone();
        plan.numbers.insert(PhoneNumber::new("*45"), Claim { start: name, ..like });
    });
    let leg = calls(&mut floor, Some("PJSIP/a1001"));
    assert_eq!(floor.core.withholds(&leg), None);
    says(&mut floor, &leg, AgentWish::LogOut, KeypadAnswer::WhoIsIt);
    assert_eq!(told(&floor), "That is not possible just now.");
}

/// Asked for the number, and has heard the question to its end.
fn asked_for_number() -> (Floor, LegId) {
    let mut floor = floor_of_pins();
    let leg = calls(&mut floor, Some("PJSIP/a1001"));
    says(&mut floor, &leg, BY_PIN, KeypadAnswer::WhoIsIt);
    heard(&mut floor);
    (floor, leg)
}

#[test]
fn who_has_begun_to_key_has_the_whole_time_from_then_on_and_no_question_is_cut_that_is_over() {
    let (mut floor, leg) = asked_for_number();
    floor.pass(secs(10)).tell(Input::KeyWithheld { leg: leg.clone(), ends: false });
    assert_eq!(floor.effects, []);
    floor.pass(secs(4)).tell(Input::KeyWithheld { leg, ends: false });
    floor.pass(secs(10));
    assert_eq!(floor.effects, [], "fifteen seconds from the first key are not over");
    floor.pass(secs(1));
    assert_eq!(told(&floor), "Your agent number, then hash.");
}

#[test]
fn what_the_records_say_while_a_question_is_asked_is_nothing() {
    let (mut floor, leg) = asked_for_number();
    says(&mut floor, &leg, BY_PIN, KeypadAnswer::Done);
    assert_eq!(floor.effects, []);
    keys(&mut floor, &leg);
    assert_eq!(told(&floor), "Your PIN, then hash.");
}

#[test]
fn while_the_records_are_asked_nothing_else_is_waited_for_and_keys_are_nothing() {
    let (mut floor, leg) = asked_for_number();
    keys(&mut floor, &leg);
    keys(&mut floor, &leg);
    assert_eq!((with_pin(&floor), floor.core.kept().timers), (1, 1));
    keys(&mut floor, &leg);
    assert_eq!((with_pin(&floor), floor.effects.len()), (1, 0));
    says(&mut floor, &leg, BY_PIN, KeypadAnswer::Done);
    heard(&mut floor);
    floor.hangs_up(&leg);
    assert!(floor.keeps_nothing(), "{:?}", floor.core.kept());
}

#[test]
fn a_question_of_whose_end_nothing_is_heard_is_taken_for_over_in_time() {
    let mut floor = floor_of_pins();
    let leg = calls(&mut floor, Some("PJSIP/a1001"));
    says(&mut floor, &leg, BY_PIN, KeypadAnswer::WhoIsIt);
    floor.pass(secs(603) + KEYED_WITHIN - secs(1));
    assert_eq!(floor.effects, []);
    floor.pass(secs(1));
    assert_eq!(told(&floor), "Your agent number, then hash.", "nobody has keyed anything: a try");
    assert_eq!(floor.core.withholds(&leg).map(|why| why.tries_left), Some(1));
}

#[test]
fn keys_of_who_is_not_asked_and_of_nobody_are_nothing() {
    let mut floor = floor();
    let caller = floor.call("400");
    for leg in [caller, LegId::new("nobody")] {
        keys(&mut floor, &leg);
        assert_eq!(floor.effects, []);
    }
}
