//! Callers passed on: by a program, and at the desk.

use cordboard::routing::ids::StationAddress;
use cordboard::store::agents::Role;
use cordboard::store::keys::Scope;
use cordboard::switch::rehearsal::{Habit, Phone, Span, World};
use reqwest::Method;
use serde_json::{Value, json};

use crate::desk::{Database, Desk};
use crate::dials::dialling;
use crate::keys::made;
use crate::visitor::{Visitor, person};

/// A second queue, and a step that says goodbye.
async fn open() -> Desk {
    let yaml = dialling().replace("queues:\n", "queues:\n  sales: { ring_for: 5s, wrap_up: 0s }\n");
    let yaml = yaml.replace("    - queue: desk\n", "    - queue: { name: desk, otherwise: { full: thanks } }\n");
    let yaml = yaml.replace("steps:\n", "steps:\n  thanks:\n    - say: { en: \"Thank you.\" }\n    - hang_up\n");
    Desk::with_yaml(&yaml, &["demo", "other"], None, Database::File).await
}

async fn sits(desk: &Desk, agent: &str, queue: &str, habit: Habit) {
    let station = StationAddress::new(format!("PJSIP/{agent}"));
    desk.rehearsal.happen(World::PhoneSetTo { station: station.clone(), phone: Phone::with(habit) });
    let login = json!({ "station": station, "queues": [queue], "skills": {} });
    let (status, answer) = desk.ask(Method::PUT, &format!("/agents/{agent}/session"), Some(login)).await;
    assert_eq!(status, 200, "{answer}");
}

fn answers() -> Habit {
    Habit::Answers { after: Span::ms(20, 20), talks: None }
}

/// mira talks; the call's id.
async fn talking(desk: &Desk) -> String {
    sits(desk, "mira", "desk", answers()).await;
    desk.call("Wang");
    let agent = desk.until("/agents/mira", |agent| agent["state"] == "talking").await;
    agent["call"].as_str().expect("a call").to_owned()
}

async fn pass(desk: &Desk, body: Value) -> (u16, Value) {
    desk.ask(Method::POST, "/agents/mira/call/transfer", Some(body)).await
}

/// What the call's story is made of, in order, when it has come to this fact.
async fn story(desk: &Desk, call: &str, with: &str) -> Vec<String> {
    let has = |story: &Value| {
        let mut facts = story["facts"].as_array().into_iter().flatten();
        facts.any(|fact| fact["fact"]["fact"] == with)
    };
    let story = desk.until(&format!("/calls/{call}"), has).await;
    let facts = story["facts"].as_array().expect("facts").clone();
    facts.iter().filter_map(|fact| fact["fact"]["fact"].as_str().map(str::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_passes_a_caller_on_to_another_agent_and_it_stays_one_call() {
    let desk = open().await;
    let call = talking(&desk).await;
    sits(&desk, "otto", "sales", answers()).await;
    let (status, agent) = pass(&desk, json!({ "agent": "otto", "call": call })).await;
    assert_eq!((status, &agent["state"]), (200, &json!("wrapping_up")), "{agent}");
    let otto = desk.until("/agents/otto", |agent| agent["state"] == "talking").await;
    assert_eq!((&otto["call"], &otto["queue"]), (&json!(call), &json!("desk")));
    let told = story(&desk, &call, "call_passed").await;
    let from = told.iter().position(|fact| fact == "call_passed").expect("it is told");
    let after: Vec<&str> = told[from..].iter().map(String::as_str).filter(|fact| fact.starts_with("call_")).collect();
    assert_eq!(after, ["call_passed", "call_connected"]);
    let (status, agent) = desk.ask(Method::DELETE, "/agents/otto/call", None).await;
    assert_eq!(status, 200, "{agent}");
    let records = desk.until("/records", |page| page["records"][0]["outcome"] == "answered").await;
    let records = records["records"].as_array().expect("records");
    assert_eq!((records.len(), &records[0]["agent"]), (1, &json!("otto")));
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn to_a_queue_a_step_and_a_number_and_nobody_is_lost() {
    let desk = open().await;
    let habit = Habit::Rejects { after: Span::ms(20, 20) };
    desk.rehearsal.happen(World::OutsideSetTo { phone: Some(Phone::with(habit)) });
    let call = talking(&desk).await;
    // Nobody is in it yet.
    let (status, answer) = pass(&desk, json!({ "queue": "sales" })).await;
    assert_eq!((status, answer["error"].as_str()), (409, Some("nobody_in_queue")), "{answer}");
    sits(&desk, "otto", "sales", answers()).await;
    assert_eq!(pass(&desk, json!({ "queue": "sales" })).await.0, 200);
    let otto = desk.until("/agents/otto", |agent| agent["state"] == "talking").await;
    assert_eq!((&otto["call"], &otto["queue"]), (&json!(call), &json!("sales")));
    // A number that will not have them gives them back to the queue that otto had them from.
    let to = Some(json!({ "number": "+86 138 0013 8000" }));
    let (status, answer) = desk.ask(Method::POST, "/agents/otto/call/transfer", to).await;
    assert_eq!(status, 200, "{answer}");
    desk.until("/agents/otto", |agent| agent["state"] == "talking" && agent["queue"] == "sales").await;
    story(&desk, &call, "transfer_failed").await;
    let (status, answer) =
        desk.ask(Method::POST, "/agents/otto/call/transfer", Some(json!({ "step": "thanks" }))).await;
    assert_eq!(status, 200, "{answer}");
    desk.until("/records", |page| page["records"][0]["outcome"] == "answered").await;
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_passed_on_is_refused_in_words_and_changes_nothing() {
    let desk = open().await;
    let (status, answer) = pass(&desk, json!({ "queue": "sales" })).await;
    assert_eq!((status, answer["error"].as_str()), (409, Some("no_conversation")), "{answer}");
    let call = talking(&desk).await;
    let long = "x".repeat(201);
    for (body, status, error) in [
        (json!({}), 400, "invalid"),
        (json!({ "agent": "otto", "queue": "sales" }), 400, "invalid"),
        (json!({ "agent": "" }), 400, "invalid"),
        (json!({ "agent": "a\u{202e}b" }), 400, "invalid"),
        (json!({ "queue": long }), 400, "invalid"),
        (json!({ "number": "call me" }), 400, "invalid"),
        (json!({ "number": "+44 20 1234" }), 409, "number_not_allowed"),
        (json!({ "agent": "mira" }), 409, "passed_to_self"),
        (json!({ "agent": "<script>alert(1)</script>" }), 409, "not_logged_in"),
        (json!({ "queue": "nowhere" }), 409, "no_such_queue"),
        (json!({ "step": "nowhere" }), 409, "no_such_step"),
        (json!({ "queue": "desk", "call": "c0000000001-00000099" }), 409, "another_call"),
        (json!({ "queue": "desk", "by": "x" }), 400, "invalid"),
    ] {
        let (is, answer) = pass(&desk, body.clone()).await;
        assert_eq!((is, answer["error"].as_str()), (status, Some(error)), "{body}: {answer}");
    }
    // A key that may not dial passes nobody on to a number.
    let key = made(&desk, "demo", &[Scope::AgentsWrite], None).await.reveal();
    let request = desk.request(Method::POST, "/api/v1/centres/demo/agents/mira/call/transfer").bearer_auth(key);
    let answer = request.json(&json!({ "number": "13800138000" })).send().await.expect("an answer");
    assert_eq!(answer.status(), 403);
    // Another centre has no such agent.
    let there = desk.request(Method::POST, "/api/v1/centres/other/agents/mira/call/transfer");
    let answer = there.json(&json!({ "queue": "desk" })).send().await.expect("an answer");
    assert_eq!(answer.status(), 409);
    let agent = desk.get("/agents/mira").await;
    assert_eq!((&agent["state"], &agent["call"]), (&json!("talking"), &json!(call)));
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_desk_there_is_a_choice_of_who_is_idle_and_it_names_the_call() {
    let desk = open().await;
    person(&desk, "demo", "mira", Role::Agent).await;
    person(&desk, "demo", "otto", Role::Agent).await;
    let mira = Visitor::logged_in(&desk, "demo", "mira").await;
    mira.get("/desk/call/pass").await.is(404);
    let call = talking(&desk).await;
    sits(&desk, "otto", "sales", Habit::Rings).await;
    mira.get("/desk").await.is(200).shows("/desk/call/pass");
    let choice = mira.get("/desk/call/pass").await;
    choice
        .is(200)
        .shows("value=\"otto\"")
        .shows("value=\"sales\"")
        .shows("thanks")
        .shows(&call)
        .hides("value=\"mira\"");
    mira.post("/desk/call/pass", &[("call", &call)]).await.is(422);
    mira.post("/desk/call/pass", &[("call", &call), ("agent", "otto"), ("queue", "sales")]).await.is(422);
    mira.post("/desk/call/pass", &[("call", "c0000000001-00000099"), ("agent", "otto")]).await.is(409);
    mira.post("/desk/call/pass", &[("call", &call), ("agent", "otto"), ("number", "")]).await.is(204);
    desk.until("/agents/otto", |agent| agent["state"] == "ringing").await;
    let otto = Visitor::logged_in(&desk, "demo", "otto").await;
    otto.get("/desk").await.is(200).shows("mira passes this caller on to you");
    mira.post("/desk/call/pass", &[("call", &call), ("queue", "sales")]).await.is(409);
    story(&desk, &call, "call_passed").await;
    mira.get(&format!("/calls/{call}")).await.is(200).shows("passed the caller on to");
    desk.close().await;
}
