//! Click-to-dial from a program: what is dialled, what is not, and how it is told.

use std::time::{Duration, Instant};

use cordboard::routing::ids::StationAddress;
use cordboard::store::agents::Role;
use cordboard::store::keys::Scope;
use cordboard::switch::rehearsal::{Habit, Phone, Span, World};
use reqwest::Method;
use serde_json::{Value, json};

use crate::desk::{CENTRE, Database, Desk, PATIENCE};
use crate::keys::made;
use crate::visitor::{Visitor, person};

const NUMBER: &str = "+86 138 0013 8000";

/// The desk's centre, which dials out.
pub fn dialling() -> String {
    format!(
        "{CENTRE}dial_out:\n  switch: pbx\n  to: \"PJSIP/{{number}}@trunk\"\n  shown: \"4008000001\"\n  \
         allowed: [\"+86\", \"1\"]\n  barred: [\"19\"]\n  most_per_minute: 3\n"
    )
}

async fn open() -> Desk {
    let desk = Desk::with_yaml(&dialling(), &["demo", "other"], None, Database::File).await;
    let habit = Habit::Answers { after: Span::ms(20, 20), talks: Some(Span::ms(300, 300)) };
    desk.rehearsal.happen(World::OutsideSetTo { phone: Some(Phone::with(habit)) });
    desk
}

/// Logged in at a phone that is picked up by itself, or by nobody.
async fn sits(desk: &Desk, agent: &str, habit: Habit) -> StationAddress {
    let station = StationAddress::new(format!("PJSIP/{agent}"));
    desk.rehearsal.happen(World::PhoneSetTo { station: station.clone(), phone: Phone::with(habit) });
    let login = json!({ "station": station, "queues": ["desk"], "skills": {} });
    let (status, answer) = desk.ask(Method::PUT, &format!("/agents/{agent}/session"), Some(login)).await;
    assert_eq!(status, 200, "{answer}");
    station
}

async fn dial(desk: &Desk, agent: &str, number: &str) -> (u16, Value) {
    let (status, answer) =
        desk.ask(Method::POST, &format!("/agents/{agent}/dial"), Some(json!({ "number": number }))).await;
    (status, answer)
}

async fn until<T>(what: &str, try_it: impl AsyncFn() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = try_it().await {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn until_state(desk: &Desk, agent: &str, state: &str) -> Value {
    until(&format!("{agent} is {state}"), async || {
        let seen = desk.get(&format!("/agents/{agent}")).await;
        (seen["state"] == state).then_some(seen)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_has_an_agent_call_a_number_and_reads_how_it_went() {
    let desk = open().await;
    sits(&desk, "mira", Habit::Answers { after: Span::ms(20, 20), talks: None }).await;
    let (status, answer) = dial(&desk, "mira", NUMBER).await;
    assert_eq!((status, answer["state"].as_str()), (200, Some("dialling")), "{answer}");
    assert_eq!(
        (answer["dial"]["number"].as_str(), answer["dial"]["stage"].as_str()),
        (Some("+8613800138000"), Some("agent_rings"))
    );
    let talks = until_state(&desk, "mira", "talking_out").await;
    assert_eq!(talks["dial"]["stage"], "talking");
    // The other end hangs up, and she is idle again: the centre asks for no wrap-up.
    until_state(&desk, "mira", "idle").await;
    let kept = until("the dial is kept", async || {
        let page = desk.get("/dials?agent=mira").await;
        page["dials"][0]["ended_ms"].is_number().then_some(page)
    })
    .await;
    let one = &kept["dials"][0];
    assert_eq!(
        (&one["number"], &one["how"], &one["ended_by"]),
        (&json!("+8613800138000"), &json!("answered"), &json!("number"))
    );
    assert_eq!((&one["by"], &one["shown"], &kept["next"]), (&json!("mira"), &json!("4008000001"), &Value::Null));
    let story = desk.get(&format!("/calls/{}", one["call"].as_str().expect("an id"))).await;
    let told: Vec<&str> =
        story["facts"].as_array().expect("facts").iter().filter_map(|f| f["fact"]["fact"].as_str()).collect();
    assert_eq!(told, ["dialled", "dial_agent_answered", "dial_answered", "dial_connected", "dial_ended"]);
    assert!(story["record"].is_null() && story["dial"]["how"] == "answered");
    // No queue knows of it.
    assert_eq!(desk.get("/records").await["records"], json!([]));
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_number_dials_nothing_and_says_why() {
    let desk = open().await;
    sits(&desk, "mira", Habit::Rings).await;
    let forty = "1".repeat(40);
    for number in [
        "",
        "+",
        "call me",
        "1380013800a",
        &forty,
        "138\r\nAction: Logoff",
        "13800138000@evil",
        "138&PJSIP/a1001",
        "13800138000,30,m",
        "138;x=y",
        "${EPOCH}",
        "138\u{0}",
        "<b>138</b>",
    ] {
        let (status, answer) = dial(&desk, "mira", number).await;
        assert_eq!((status, answer["error"].as_str()), (400, Some("invalid")), "{number:?}: {answer}");
        assert!(answer["message"].as_str().is_some_and(|said| said.contains("no telephone number")), "{answer}");
    }
    for body in [json!({}), json!({ "number": 138 }), json!({ "number": "138", "shown": "110" }), json!([])] {
        let (status, _) = desk.ask(Method::POST, "/agents/mira/dial", Some(body.clone())).await;
        assert_eq!(status, 400, "{body}");
    }
    for (number, word) in [
        ("+44 20 7946 0000", "number_not_allowed"),
        ("0044207946", "number_not_allowed"),
        ("1900", "number_not_allowed"),
    ] {
        let (status, answer) = dial(&desk, "mira", number).await;
        assert_eq!((status, answer["error"].as_str()), (409, Some(word)), "{answer}");
        assert!(answer["message"].as_str().is_some_and(|said| said.contains("dial_out.allowed")), "{answer}");
    }
    assert_eq!(desk.rehearsal.with(|exchange| exchange.legs().count()), 0, "nothing rang");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_there_not_free_or_not_of_this_centre_dials_nothing() {
    let desk = open().await;
    assert_eq!(dial(&desk, "nobody", NUMBER).await.1["error"], "not_logged_in");
    sits(&desk, "mira", Habit::Rings).await;
    let there = desk.request(Method::POST, "/api/v1/centres/other/agents/mira/dial");
    let answer = there.json(&json!({ "number": NUMBER })).send().await.expect("an answer");
    assert_eq!(answer.status(), 409, "an agent of another centre");
    assert_eq!(answer.json::<Value>().await.expect("JSON")["error"], "not_logged_in");
    assert_eq!(dial(&desk, "mira", NUMBER).await.0, 200);
    let (status, answer) = dial(&desk, "mira", NUMBER).await;
    assert_eq!((status, answer["error"].as_str()), (409, Some("not_free_to_dial")), "twice at once: {answer}");
    let (status, _) = desk.ask(Method::DELETE, "/agents/mira/call", None).await;
    assert_eq!(status, 200, "it is taken back");
    until_state(&desk, "mira", "idle").await;
    let (status, _) = desk.ask(Method::DELETE, "/agents/mira/session", None).await;
    assert_eq!(status, 200);
    assert_eq!(dial(&desk, "mira", NUMBER).await.1["error"], "not_logged_in", "logged out");
    sits(&desk, "mira", Habit::Rings).await;
    desk.rehearsal.happen(World::LinkBreaks);
    until("the switch is away", async || (dial(&desk, "mira", NUMBER).await.1["error"] == "switch_away").then_some(()))
        .await;
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_centre_without_a_list_dials_nobody_and_a_cap_holds() {
    let desk = Desk::open().await;
    sits(&desk, "mira", Habit::Rings).await;
    let (status, answer) = dial(&desk, "mira", NUMBER).await;
    assert_eq!((status, answer["error"].as_str()), (409, Some("no_dial_out")));
    assert!(answer["message"].as_str().is_some_and(|said| said.contains("dial_out")), "{answer}");
    desk.close().await;
    let desk = open().await;
    sits(&desk, "mira", Habit::Busy).await;
    for _ in 0..3 {
        until("she is free", async || (dial(&desk, "mira", NUMBER).await.0 == 200).then_some(())).await;
        until_state(&desk, "mira", "idle").await;
    }
    let refused = until("the phone is free", async || {
        let (_, answer) = dial(&desk, "mira", NUMBER).await;
        (answer["error"] != "not_free_to_dial").then_some(answer)
    })
    .await;
    assert_eq!(refused["error"], "too_many_dials", "{refused}");
    assert!(refused["message"].as_str().is_some_and(|said| said.contains("dial_out.most_per_minute")), "{refused}");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_twice_dials_once_and_a_key_needs_the_scope() {
    let desk = open().await;
    let station = sits(&desk, "mira", Habit::Rings).await;
    let send = || {
        let request = desk.request(Method::POST, "/api/v1/centres/demo/agents/mira/dial");
        request.header("idempotency-key", "ticket 7").json(&json!({ "number": NUMBER })).send()
    };
    for _ in 0..3 {
        let answer = send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        let answer: Value = answer.json().await.expect("JSON");
        assert_eq!(answer["state"], "dialling");
    }
    // The key of one request for another number is a mistake of whoever sends it, and calls nobody.
    let other = desk.request(Method::POST, "/api/v1/centres/demo/agents/mira/dial");
    let other = other.header("idempotency-key", "ticket 7").json(&json!({ "number": "13900139000" })).send();
    let other = other.await.expect("an answer");
    assert_eq!(other.status(), 409);
    let other: Value = other.json().await.expect("JSON");
    assert_eq!(other["error"], "key_used", "{other}");
    let ringing = until("it rings", async || desk.rehearsal.with(|exchange| exchange.on_phone(&station))).await;
    assert_eq!(desk.rehearsal.with(|exchange| exchange.legs().count()), 1);
    desk.rehearsal.happen(World::PhoneRejects { leg: ringing });
    until_state(&desk, "mira", "idle").await;
    assert_eq!(send().await.expect("an answer").status(), 200, "and none when it is over");
    assert_eq!(desk.get("/agents/mira").await["state"], "idle");
    let reads = made(&desk, "demo", &[Scope::CallsRead, Scope::AgentsWrite], None).await.reveal();
    let dials = made(&desk, "demo", &[Scope::CallsDial], None).await.reveal();
    let with = |key: String| {
        let request = desk.request(Method::POST, "/api/v1/centres/demo/agents/mira/dial");
        request.bearer_auth(key).json(&json!({ "number": NUMBER })).send()
    };
    assert_eq!(with(reads).await.expect("an answer").status(), 403);
    let answer = with(dials).await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let agent: Value = answer.json().await.expect("JSON");
    assert_eq!((&agent["state"], &agent["dial"]["number"]), (&json!("dialling"), &json!("")), "it may not read calls");
    let told = desk.until("/dials", |page| page["dials"].as_array().is_some_and(|dials| dials.len() == 2)).await;
    let by = told["dials"][0]["by"].as_str().expect("somebody");
    assert!(by.starts_with("key "), "a key's dials are its own, not the agent's: {told}");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_dials_from_the_desk_and_from_a_customers_number_and_everybody_reads_it() {
    let desk = open().await;
    person(&desk, "demo", "mira", Role::Agent).await;
    person(&desk, "demo", "otto", Role::Agent).await;
    sits(&desk, "mira", Habit::Rings).await;
    let mira = Visitor::logged_in(&desk, "demo", "mira").await;
    mira.get("/desk").await.is(200).shows("action=\"/desk/dial\"".replace("action", "hx-post").as_str());
    // What is no number, and what may not be called, is said in words and dials nothing.
    mira.post("/desk/dial", &[("number", "138\r\nAction: Logoff")]).await.is(422).shows("no telephone number");
    mira.post("/desk/dial", &[("number", "+442079460000")]).await.is(409).shows("may not be called");
    let customer = [("request", "form-0001"), ("name", "<script>alert(1)</script>"), ("numbers", "+8613800138000")];
    mira.post("/customers", &customer).await.is(303);
    mira.get("/customers/1").await.is(200).shows("action=\"/desk/dial\"").shows("value=\"+8613800138000\"");
    let dialled = mira.post("/desk/dial", &[("number", "+8613800138000")]).await;
    assert_eq!((dialled.status.as_u16(), dialled.location.as_deref()), (303, Some("/desk")));
    mira.get("/desk").await.is(200).shows("Pick up your phone").shows("4008000001 → +8613800138000").shows("Cancel");
    let twice = mira.post("/desk/dial", &[("number", "+8613800138000")]).await;
    twice.is(409).shows("cannot call anybody just now");
    mira.post("/desk/call/end", &[]).await.is(204);
    until_state(&desk, "mira", "idle").await;
    let call = until("the dial is kept", async || {
        let page = desk.get("/dials").await;
        page["dials"][0]["ended_ms"].is_number().then(|| page["dials"][0]["call"].as_str().expect("an id").to_owned())
    })
    .await;
    mira.get("/desk").await.is(200).shows("given up before anybody answered");
    mira.get("/calls/dialled").await.is(200).shows("+8613800138000").shows("given up before anybody answered");
    mira.get(&format!("/calls/{call}")).await.is(200).shows("dials +8613800138000").shows("given up");
    mira.get("/customers/1").await.is(200).shows(&format!("/calls/{call}")).hides("<script>alert");
    // Another agent's are not shown.
    let otto = Visitor::logged_in(&desk, "demo", "otto").await;
    otto.get("/calls/dialled").await.is(200).hides("13800138000");
    otto.get(&format!("/calls/{call}")).await.is(404);
    desk.close().await;
}
