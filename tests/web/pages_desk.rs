//! The desk behind the page: notes as they are kept, and a stream that ends with what it was opened for.

use cordboard::calendar::Moment;
use cordboard::routing::ids::{AgentName, CentreName, LegId, StationAddress};
use cordboard::store::Author;
use cordboard::store::agents::Role;
use cordboard::store::notes::LONGEST;
use cordboard::store::people::{Answer, Guard, Wanted};
use cordboard::switch::rehearsal::{Habit, Phone, World};
use reqwest::Method;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::desk::{CENTRE, Database, Desk, next_fact};
use crate::dials::dialling;
use crate::visitor::{Visitor, person};

const DISPOSITIONS: &str = "dispositions:\n  settled: { en: \"Settled\" }\n";

#[tokio::test(flavor = "multi_thread")]
async fn the_longest_note_is_kept_in_chinese_too_and_a_disposition_is_one_of_the_centre() {
    let desk = Desk::with_yaml(&format!("{CENTRE}{DISPOSITIONS}"), &["demo"], None, Database::File).await;
    person(&desk, "demo", "mira", Role::Agent).await;
    let mira = Visitor::logged_in(&desk, "demo", "mira").await;
    desk.log_in("mira").await;
    desk.call("A caller");
    let talking = desk.until("/agents/mira", |agent| agent["state"] == "talking").await;
    let path = format!("/desk/notes/{}", talking["call"].as_str().expect("a call"));
    let whole = "记".repeat(LONGEST);
    let note = |text: &str, disposition: &str, version: &str| {
        let fields = [("text", text), ("disposition", disposition), ("version", version)];
        fields.map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    let put = async |fields: [(String, String); 3]| {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        mira.put(&path, &fields).await
    };
    put(note(&whole, "settled", "1")).await.is(200);
    put(note("x", "nonsense", "2")).await.is(422).shows("no such disposition");
    put(note(&format!("{whole}记"), "settled", "2")).await.is(422);
    let call = talking["call"].as_str().expect("a call").parse().expect("an id");
    let kept = desk.db.notes(&CentreName::new("demo"), call).await.expect("read");
    assert_eq!(kept.len(), 1);
    assert_eq!((kept[0].text == whole, kept[0].disposition.as_deref()), (true, Some("settled")));
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_the_role_it_was_opened_in() {
    let desk = Desk::open().await;
    let boss = Browser::supervisor(&desk).await;
    let mut stream = boss.stream().await;
    stream.until("pulse", |_| true).await;
    let (centre, name) = (CentreName::new("demo"), AgentName::new("boss"));
    let wanted = Wanted { role: Some(Role::Agent), ..Wanted::default() };
    let now = Moment::from_ms(1);
    let answer = desk.db.change_person(&centre, &name, &wanted, &Guard::default(), &Author::Console, now).await;
    assert_eq!(answer.expect("changed"), Answer::Changed);
    stream.ends().await;
    // The session goes on, with what it may see now.
    boss.stream().await.until("pulse", |_| true).await;
    assert_eq!(boss.open("/floor").await.status, 403);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sits_at_a_telephone_outside_is_told_on_the_desk_to_press_one_and_who_sits_at_a_phone_is_not() {
    let desk = Desk::with_yaml(&dialling(), &["demo"], None, Database::File).await;
    desk.rehearsal.happen(World::OutsideSetTo { phone: Some(Phone::with(Habit::Rings)) });
    let mut happened = desk.handle.happened();
    let mira = Browser::of(&desk, "demo", "mira", "Mira", Role::Agent).await;
    let sits = async |station: &str| {
        let login = json!({ "station": station, "queues": ["desk"], "skills": {} });
        let (status, answer) = desk.ask(Method::PUT, "/agents/mira/session", Some(login)).await;
        assert_eq!(status, 200, "{answer}");
    };
    sits("tel:+8613800138000").await;
    let caller = desk.call("A caller");
    let ring = next_fact(&mut happened, |fact| fact["fact"] == "offer_made").await;
    let leg = ring["leg"].as_str().expect("a leg").to_owned();
    let page = mira.until("/desk", |page| page.contains("Pick up your telephone and press 1")).await;
    assert!(!page.contains("Pick up at your phone") && !page.contains("/desk/answer"), "{page}");
    desk.rehearsal.happen(World::PhonePicksUp { leg: LegId::new(leg) });
    let page = mira.until("/desk", |page| page.contains("Press 1 on your telephone to take the call")).await;
    assert!(page.contains("id=\"desk-bar\""), "{page}");
    let page = mira.see_in_chinese("/desk").await;
    assert!(page.contains("\u{8bf7}\u{5728}\u{7535}\u{8bdd}\u{4e0a}\u{6309} 1 \u{952e}\u{63a5}\u{542c}"), "{page}");
    desk.rehearsal.happen(World::CallerHangsUp { leg: caller });
    mira.until("/desk", |page| page.contains("No call in hand")).await;
    let phone = Phone::with(Habit::Rings);
    desk.rehearsal.happen(World::PhoneSetTo { station: StationAddress::new("PJSIP/mira"), phone });
    let (status, answer) = desk.ask(Method::DELETE, "/agents/mira/session", None).await;
    assert_eq!(status, 200, "{answer}");
    sits("PJSIP/mira").await;
    desk.call("A caller");
    let page = mira.until("/desk", |page| page.contains("A caller")).await;
    assert!(!page.contains("ress 1"), "{page}");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_writes_the_note_and_the_disposition_that_a_wrap_up_waits_for() {
    let yaml = CENTRE.replacen("wrap_up: until_ready", "wrap_up: until_ready, disposition: required", 1);
    assert_ne!(yaml, CENTRE, "the queue of these tests wraps up otherwise");
    let desk = Desk::with_yaml(&format!("{yaml}{DISPOSITIONS}"), &["demo"], None, Database::File).await;
    desk.log_in("mira").await;
    desk.call("A caller");
    let talking = desk.until("/agents/mira", |agent| agent["state"] == "talking").await;
    let call = talking["call"].as_str().expect("a call").to_owned();
    let path = format!("/agents/mira/calls/{call}/note");
    let put = async |path: &str, body: Value| desk.ask(Method::PUT, path, Some(body)).await;

    let (status, kept) = put(&path, json!({ "text": "Wants a window seat" })).await;
    assert_eq!((status, &kept["text"], &kept["disposition"]), (200, &json!("Wants a window seat"), &json!(null)));
    assert_eq!(put(&path, json!({ "disposition": "nonsense" })).await.0, 400);
    assert_eq!(put(&path, json!({ "text": "x".repeat(LONGEST + 1) })).await.0, 413);
    assert_eq!(put(&path, json!({ "words": "x" })).await.0, 400);
    assert_eq!(put("/agents/mira/calls/c0000000001-00000099/note", json!({ "text": "x" })).await.0, 404);
    assert_eq!(put("/agents/mira/calls/nothing/note", json!({ "text": "x" })).await.0, 404);
    assert_eq!(put(&format!("/agents/otto/calls/{call}/note"), json!({ "text": "x" })).await.0, 404, "not theirs");

    desk.ask(Method::DELETE, "/agents/mira/call", None).await;
    desk.until("/agents/mira", |agent| agent["state"] == "wrapping_up").await;
    assert_eq!(desk.ask(Method::DELETE, "/agents/mira/wrap-up", None).await.0, 409, "it is owed");
    let (status, kept) = put(&path, json!({ "disposition": "settled" })).await;
    assert_eq!((status, &kept["text"], &kept["disposition"]), (200, &json!("Wants a window seat"), &json!("settled")));
    assert_eq!(desk.ask(Method::DELETE, "/agents/mira/wrap-up", None).await.0, 200);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_with_its_disposition_is_what_a_wrap_up_waits_for() {
    let yaml = CENTRE.replace("wrap_up: until_ready", "wrap_up: until_ready, disposition: required");
    let desk = Desk::with_yaml(&format!("{yaml}{DISPOSITIONS}"), &["demo"], None, Database::File).await;
    person(&desk, "demo", "mira", Role::Agent).await;
    let mira = Visitor::logged_in(&desk, "demo", "mira").await;
    desk.log_in("mira").await;
    let caller = desk.call("A caller");
    let talking = desk.until("/agents/mira", |agent| agent["state"] == "talking").await;
    let path = format!("/desk/notes/{}", talking["call"].as_str().expect("a call"));
    desk.rehearsal.happen(World::CallerHangsUp { leg: caller });
    desk.until("/agents/mira", |agent| agent["state"] == "wrapping_up").await;
    let owes = async || mira.get("/desk").await.text.contains("Choose a disposition");
    assert!(owes().await);
    mira.post("/desk/wrap-up/end", &[]).await;
    mira.put(&path, &[("text", "said"), ("disposition", ""), ("version", "1")]).await.is(200);
    assert!(owes().await, "words alone are no disposition");
    mira.put(&path, &[("text", "said"), ("disposition", "settled"), ("version", "2")]).await.is(200);
    assert!(!owes().await);
    // What another tab saved before it came late, and changes nothing.
    mira.put(&path, &[("text", "old"), ("disposition", ""), ("version", "1")]).await.is(200);
    assert!(!owes().await);
    mira.post("/desk/wrap-up/end", &[]).await;
    desk.until("/agents/mira", |agent| agent["state"] == "idle").await;
    desk.close().await;
}
