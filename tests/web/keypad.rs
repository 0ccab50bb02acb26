//! Agents who log in and out by the keypad of their own phone: the same records as by their page.

use std::time::Duration;

use cordboard::calendar::Moment;
use cordboard::controller::keypad::Keypad;
use cordboard::dialplan::Key;
use cordboard::routing::Fact;
use cordboard::routing::ids::{AgentName, CentreName, LegId, QueueName, StationAddress, SwitchName};
use cordboard::store::Author;
use cordboard::store::agents::{HashedPassword, Role};
use cordboard::store::people::{Guard, Wanted};
use cordboard::switch::rehearsal::{Caller, World};
use serde_json::json;

use crate::browser::Browser;
use crate::desk::{CENTRE, Database, Desk, PATIENCE, next_fact};

#[tokio::test(flavor = "multi_thread")]
async fn who_calls_the_number_of_it_from_their_own_phone_is_logged_in_and_out_and_nobody_else_is() {
    let yaml = CENTRE.replace("- queue: desk", "- agent: log_in\n    - agent: log_out\n    - queue: desk");
    let desk = Desk::with_yaml(&yaml, &["demo"], None, Database::File).await;
    let home = (SwitchName::new("pbx"), StationAddress::new("PJSIP/mira"));
    let wanted =
        Wanted { station: Some(Some(home)), queues: Some([QueueName::new("desk")].into()), ..Wanted::default() };
    let (centre, mira) = (CentreName::new("demo"), AgentName::new("mira"));
    desk.db.engage(&centre, &mira, &wanted, &Author::Console, Moment::from_ms(1)).await.expect("added");
    let keypad = Keypad::new(desk.handle.clone(), desk.db.clone());
    let keypad = tokio::spawn(keypad.run());
    let mut happened = desk.handle.happened();
    let mut next = async |good: &dyn Fn(&Fact) -> bool| {
        let found = async {
            loop {
                let happened = happened.recv().await.expect("a fact");
                if good(&happened.fact) {
                    return happened.fact.clone();
                }
            }
        };
        tokio::time::timeout(PATIENCE, found).await.expect("it happens in time")
    };
    let calls = |station: &str| {
        let station = Some(StationAddress::new(station));
        desk.rehearsal.happen(World::CallerDials(Caller { station, ..Caller::new("1001", "4008000001") }));
    };
    calls("PJSIP/nobody");
    next(&|fact| matches!(fact, Fact::CallQueued { .. })).await;
    assert!(desk.get("/agents").await.as_array().is_some_and(Vec::is_empty), "nobody is logged in by it");

    calls("PJSIP/mira");
    let fact = next(&|fact| matches!(fact, Fact::AgentLoggedIn { .. })).await;
    let Fact::AgentLoggedIn { agent, station, by, queues, .. } = fact else { unreachable!("waited for") };
    assert_eq!((&agent, &by, station.as_str()), (&mira, &mira, "PJSIP/mira"));
    assert!(queues.contains(&QueueName::new("desk")), "with what the people's table says");
    let fact = next(&|fact| matches!(fact, Fact::AgentLoggedOut { .. })).await;
    let Fact::AgentLoggedOut { agent, by, why, .. } = fact else { unreachable!("waited for") };
    assert_eq!((agent, by, why.map(|why| why.to_string())), (mira.clone(), mira, Some("keypad".into())));
    keypad.abort();
    desk.close().await;
}

/// Number and PIN, keyed one after the other as a person does.
async fn keys(desk: &Desk, leg: &LegId, number: &str, pin: &str) {
    tokio::time::sleep(Duration::from_millis(700)).await;
    for c in format!("{number}#{pin}#").chars() {
        desk.rehearsal.happen(World::Presses { leg: leg.clone(), key: Key::try_from(c).expect("a key") });
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn number_and_pin_make_a_phone_in_the_hall_somebodys_till_they_log_out_and_stand_in_no_journal() {
    let yaml = CENTRE.replace("- queue: desk", "- agent: log_in\n    - menu: { say: \"1\", keys: { 1: home } }\n    - queue: desk\n  home:\n    - agent: log_out\n    - hang_up: {}");
    let desk = Desk::with_yaml(&yaml, &["demo"], None, Database::File).await;
    let chief = Browser::of(&desk, "demo", "chief", "Chief", Role::Admin).await;
    let mira = Browser::of(&desk, "demo", "mira", "Mira", Role::Agent).await;
    let (centre, name) = (CentreName::new("demo"), AgentName::new("mira"));
    let wanted = Wanted { queues: Some([QueueName::new("desk")].into()), ..Wanted::default() };
    let (guard, at) = (Guard::default(), Moment::from_ms(1));
    desk.db.change_person(&centre, &name, &wanted, &guard, &Author::Console, at).await.expect("changed");

    // The page: what an admin may give, and what the person may change of it.
    for (form, wrong) in [
        ("number=12a&pin=2580", "An agent number has 1 to 8 digits."),
        ("number=17&pin=258", "A PIN has 4 to 8 digits."),
        ("number=17&pin=1234", "Everybody tries such a PIN first"),
    ] {
        let answer = chief.press("/people/~mira/pin", form).await;
        assert!(answer.shows(wrong), "{form}: {} {}", answer.status, answer.text);
    }
    assert!(mira.see("/desk/pin").await.contains("You have no agent number yet"));
    assert_eq!(mira.press("/people/~mira/pin", "number=17&pin=2580").await.status, 403);
    assert_eq!(chief.press("/people/~mira/pin", "number=17&pin=2580").await.status, 303);
    let page = chief.see("/people/~mira").await;
    assert!(page.contains("value=\"17\"") && !page.contains("2580"), "{page}");
    assert!(chief.press("/people/~chief/pin", "number=17&pin=8461").await.shows("Somebody else has this number."));
    assert_eq!(mira.press("/desk/pin", "pin=90371").await.status, 303);
    assert!(mira.press("/desk/pin", "pin=5555").await.shows("Everybody tries such a PIN first"));
    let audit = chief.see("/audit").await;
    assert!(audit.contains("number or PIN for the keypad changed") && !audit.contains("90371"), "{audit}");

    let keypad = Keypad::new(desk.handle.clone(), desk.db.clone());
    let keypad = tokio::spawn(keypad.run());
    let mut happened = desk.handle.happened();
    let station = Some(StationAddress::new("PJSIP/hall"));
    let calls = || {
        let caller = Caller { station: station.clone(), ..Caller::new("1001", "4008000001") };
        desk.rehearsal.happen(World::CallerDials(caller)).expect("a leg")
    };
    let leg = calls();
    next_fact(&mut happened, |fact| fact["fact"] == "keypad_used").await;
    keys(&desk, &leg, "17", "2580").await;
    next_fact(&mut happened, |fact| fact["pin"] == true).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(desk.get("/agents").await.as_array().is_some_and(Vec::is_empty), "the old PIN counts no more");
    keys(&desk, &leg, "17", "90371").await;
    let fact = next_fact(&mut happened, |fact| fact["fact"] == "agent_logged_in").await;
    assert_eq!(
        (fact["agent"].as_str(), fact["by"].as_str(), fact["station"].as_str(), fact["queues"].clone()),
        (Some("mira"), Some("mira"), Some("PJSIP/hall"), json!(["desk"])),
        "as by the page"
    );
    // At the menu keys are keys again: who works at the phone logs out by it, without a PIN.
    tokio::time::sleep(Duration::from_secs(3)).await;
    desk.rehearsal.happen(World::Presses { leg, key: Key::try_from('1').expect("a key") });
    let fact = next_fact(&mut happened, |fact| fact["fact"] == "agent_logged_out").await;
    assert_eq!((fact["agent"].as_str(), fact["why"].as_str()), (Some("mira"), Some("keypad")));
    keypad.abort();
    let pressed = journal_text(&desk).matches("KeyPressed").count();
    assert_eq!(pressed, 1, "of all the keys only that of the menu is in the journal");
    desk.close().await;
}

fn journal_text(desk: &Desk) -> String {
    let files = std::fs::read_dir(desk.path().join("data/demo/journal")).expect("a directory");
    let texts = files.map(|file| std::fs::read(file.expect("a file").path()).unwrap_or_default());
    texts.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_guesses_pins_at_a_phone_is_not_let_in_even_by_the_right_one_for_a_while() {
    let yaml = CENTRE.replace("- queue: desk", "- agent: log_in_by_pin\n    - hang_up: {}");
    let yaml = yaml.replace("  desk: { wrap_up: until_ready }", "  desk: {}").replace("queues:\n  desk: {}\n", "");
    let desk = Desk::with_yaml(&yaml, &["demo"], None, Database::File).await;
    let (centre, mira) = (CentreName::new("demo"), AgentName::new("mira"));
    desk.db.engage(&centre, &mira, &Wanted::default(), &Author::Console, Moment::from_ms(1)).await.expect("added");
    let pin = HashedPassword::of("90371").expect("a hash");
    let number = "17".parse().expect("a number");
    let given = Some((&number, &pin));
    desk.db.set_pin(&centre, &mira, given, &Author::Console, Moment::from_ms(2)).await.expect("set");
    let keypad = tokio::spawn(Keypad::new(desk.handle.clone(), desk.db.clone()).run());
    let mut happened = desk.handle.happened();
    let station = Some(StationAddress::new("PJSIP/hall"));
    let caller = || Caller { station: station.clone(), ..Caller::new("1001", "4008000001") };
    let leg = desk.rehearsal.happen(World::CallerDials(caller())).expect("a leg");
    for wrong in ["1111", "2222", "3333"] {
        keys(&desk, &leg, "17", wrong).await;
        next_fact(&mut happened, |fact| fact["pin"] == true).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    let ended = next_fact(&mut happened, |fact| fact["fact"] == "call_ended").await;
    assert!(ended["outcome"].is_string(), "three tries are all of a call");
    let leg = desk.rehearsal.happen(World::CallerDials(caller())).expect("a leg");
    keys(&desk, &leg, "17", "90371").await;
    next_fact(&mut happened, |fact| fact["pin"] == true).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(desk.get("/agents").await.as_array().is_some_and(Vec::is_empty), "not before the wait is over");
    keypad.abort();
    desk.close().await;
}
