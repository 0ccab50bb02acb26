//! Call-backs that a program promises: made once, kept by an agent of the queue, taken back, listed, and refused clearly.

use std::time::{Duration, Instant};

use cordboard::routing::ids::StationAddress;
use cordboard::store::agents::Role;
use cordboard::store::keys::Scope;
use cordboard::switch::rehearsal::{Habit, Phone, Span, World};
use reqwest::Method;
use serde_json::{Value, json};

use crate::desk::{CENTRE, Database, Desk, PATIENCE};
use crate::dials::dialling;
use crate::keys::made;
use crate::visitor::{Visitor, person};

const NUMBER: &str = "+86 138 0013 8000";
const PREMIUM: &str = "19001234567";

async fn open() -> Desk {
    let desk = Desk::with_yaml(&dialling(), &["demo", "other"], None, Database::File).await;
    let habit = Habit::Answers { after: Span::ms(20, 20), talks: Some(Span::ms(300, 300)) };
    desk.rehearsal.happen(World::OutsideSetTo { phone: Some(Phone::with(habit)) });
    desk
}

async fn sits(desk: &Desk, agent: &str) {
    let station = StationAddress::new(format!("PJSIP/{agent}"));
    let habit = Habit::Answers { after: Span::ms(20, 20), talks: None };
    desk.rehearsal.happen(World::PhoneSetTo { station: station.clone(), phone: Phone::with(habit) });
    let login = json!({ "station": station, "queues": ["desk"], "skills": {} });
    let (status, answer) = desk.ask(Method::PUT, &format!("/agents/{agent}/session"), Some(login)).await;
    assert_eq!(status, 200, "{answer}");
}

async fn promise(desk: &Desk, wanted: Value) -> (u16, Value) {
    desk.ask(Method::POST, "/queues/desk/promises?by=lead", Some(wanted)).await
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

#[tokio::test(flavor = "multi_thread")]
async fn a_program_promises_a_call_and_an_agent_of_the_queue_keeps_it() {
    let desk = open().await;
    let (status, owed) = promise(&desk, json!({ "number": NUMBER })).await;
    assert_eq!((status, &owed["stage"], &owed["position"]), (200, &json!("waiting"), &json!(1)), "{owed}");
    assert_eq!((&owed["number"], &owed["by"]), (&json!("+8613800138000"), &json!("lead")));
    let queue = &desk.get("/queues").await[0];
    assert_eq!((&queue["promises"], &queue["waiting"]), (&json!(1), &json!(0)), "{queue}");
    let (status, again) = promise(&desk, json!({ "number": "+8613800138000" })).await;
    assert_eq!((status, &again["error"]), (409, &json!("promised_already")), "{again}");
    sits(&desk, "mira").await;
    let kept = until("it is kept", async || {
        let page = desk.get("/promises").await;
        page["promises"][0]["ended_ms"].is_number().then(|| page["promises"][0].clone())
    })
    .await;
    assert_eq!((&kept["how"], &kept["agent"], &kept["promise"]), (&json!("kept"), &json!("mira"), &owed["promise"]));
    let dial = kept["dial"].as_str().expect("a dial").to_owned();
    let story = desk.get(&format!("/calls/{dial}")).await;
    assert_eq!(story["facts"][0]["fact"]["promise"], owed["promise"], "{story}");
    let story = desk.get(&format!("/calls/{}", owed["promise"].as_str().expect("an id"))).await;
    let facts = story["facts"].as_array().expect("facts");
    assert_eq!(
        (&facts[0]["fact"]["fact"], &facts[1]["fact"]["fact"]),
        (&json!("promise_made"), &json!("promise_kept"))
    );
    assert_eq!(desk.get("/records").await["records"], json!([]), "no caller called");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promise_for_an_hour_is_taken_back_and_never_dialled() {
    let desk = open().await;
    sits(&desk, "mira").await;
    let at = desk.get("/floor").await["at_ms"].as_i64().expect("a moment") + 3_600_000;
    let (status, owed) = promise(&desk, json!({ "number": NUMBER, "at_ms": at, "agent": "mira" })).await;
    assert_eq!((status, &owed["stage"], &owed["due_ms"]), (200, &json!("scheduled"), &json!(at)), "{owed}");
    let path = format!("/promises/{}?by=lead", owed["promise"].as_str().expect("an id"));
    let (status, was) = desk.ask(Method::DELETE, &path, None).await;
    assert_eq!((status, &was["promise"]), (200, &owed["promise"]), "{was}");
    let (status, gone) = desk.ask(Method::DELETE, &path, None).await;
    assert_eq!(status, 404, "{gone}");
    let listed = until("it is listed as over", async || {
        let page = desk.get("/promises?queue=desk").await;
        page["promises"][0]["how"].is_string().then(|| page["promises"][0].clone())
    })
    .await;
    assert_eq!((&listed["how"], &listed["ended_by"]), (&json!("cancelled"), &json!("lead")));
    assert_eq!(desk.get("/dials").await["dials"], json!([]));
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_promised_is_refused_in_words_and_nothing_is_owed() {
    let desk = open().await;
    let far = i64::MAX;
    for (wanted, status, word) in [
        (json!({ "number": PREMIUM }), 409, "number_not_allowed"),
        (json!({ "number": "call me" }), 400, "invalid"),
        (json!({ "number": "138\r\nAction: Logoff" }), 400, "invalid"),
        (json!({}), 400, "invalid"),
        (json!({ "number": NUMBER, "at_ms": far }), 409, "too_far_ahead"),
        (json!({ "number": NUMBER, "agent": "\u{202e}mira" }), 400, "invalid"),
        (json!({ "number": NUMBER, "call": "c1" }), 400, "invalid"),
        (json!({ "number": NUMBER, "queue": "desk" }), 400, "invalid"),
    ] {
        let (got, answer) = promise(&desk, wanted.clone()).await;
        assert_eq!((got, answer["error"].as_str()), (status, Some(word)), "{wanted}: {answer}");
        assert!(answer["message"].as_str().is_some_and(|words| !words.is_empty()));
    }
    let (status, _) = desk.ask(Method::POST, "/queues/none/promises", Some(json!({ "number": NUMBER }))).await;
    assert_eq!(status, 409);
    let (status, _) = desk.ask(Method::DELETE, "/promises/nothing", None).await;
    assert_eq!(status, 404);
    assert_eq!(desk.get("/floor").await["promises"], json!([]));
    desk.close().await;
    // A centre that dials nobody.
    let desk = Desk::with_yaml(CENTRE, &["demo", "other"], None, Database::File).await;
    let (status, answer) = promise(&desk, json!({ "number": NUMBER })).await;
    assert_eq!((status, &answer["error"]), (409, &json!("no_dial_out")), "{answer}");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_promises_once_however_often_it_asks_and_needs_the_scope_for_dials() {
    let desk = open().await;
    let dials = made(&desk, "demo", &[Scope::CallsDial], None).await.reveal();
    let reads = made(&desk, "demo", &[Scope::FloorRead, Scope::CallsRead], None).await.reveal();
    let with = async |key: &str, again: &str| {
        let request = desk.request(Method::POST, "/api/v1/centres/demo/queues/desk/promises");
        let request = request.header("idempotency-key", again).bearer_auth(key).json(&json!({ "number": NUMBER }));
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.json::<Value>().await.expect("JSON"))
    };
    let (status, first) = with(&dials, "order 66").await;
    assert!(first["by"].as_str().is_some_and(|by| by.starts_with("key ")), "{status}: {first}");
    let (status, second) = with(&dials, "order 66").await;
    assert_eq!((status, &second["promise"]), (200, &first["promise"]), "{second}");
    let other = desk.request(Method::POST, "/api/v1/centres/demo/queues/desk/promises");
    let other = other.header("idempotency-key", "order 66").bearer_auth(&dials);
    let other = other.json(&json!({ "number": "13900139000" })).send().await.expect("an answer");
    assert_eq!(other.status(), 409, "the same key for another number");
    assert_eq!(other.json::<Value>().await.expect("JSON")["error"], json!("key_used"));
    let (status, answer) = with(&dials, "order 67").await;
    assert_eq!((status, &answer["error"]), (409, &json!("promised_already")), "{answer}");
    let (status, answer) = with(&reads, "another").await;
    assert_eq!((status, &answer["error"]), (403, &json!("lacks_scope")), "{answer}");
    let floor = desk.get("/floor").await;
    assert_eq!(floor["promises"].as_array().map(Vec::len), Some(1), "{floor}");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_sees_what_is_owed_and_takes_it_back_and_an_agent_does_not() {
    let desk = open().await;
    person(&desk, "demo", "sofia", Role::Supervisor).await;
    person(&desk, "demo", "mira", Role::Agent).await;
    let sofia = Visitor::logged_in(&desk, "demo", "sofia").await;
    let mira = Visitor::logged_in(&desk, "demo", "mira").await;
    sofia.get("/calls/owed").await.is(200).shows("appear here");
    let (_, owed) = promise(&desk, json!({ "number": NUMBER })).await;
    let id = owed["promise"].as_str().expect("an id").to_owned();
    desk.until("/promises", |page| page["promises"].as_array().is_some_and(|all| all.len() == 1)).await;
    sofia.get("/calls/owed").await.is(200).shows("+8613800138000").shows("waits for its turn").shows("Take back");
    sofia
        .get("/calls/owed?queue=other&after=%3Cscript%3E")
        .await
        .is(200)
        .hides("<script>alert")
        .hides("+8613800138000");
    sofia.get(&format!("/calls/{id}")).await.is(200).shows("is to be called back by queue desk");
    sofia.get("/floor").await.is(200).shows("1 call-back");
    mira.get("/calls/owed").await.is(403);
    mira.post("/calls/owed/cancel", &[("promise", &id)]).await.is(403);
    mira.get(&format!("/calls/{id}")).await.is(404);
    sofia.post("/calls/owed/cancel", &[("promise", "nothing")]).await.is(404);
    sofia.post("/calls/owed/cancel", &[("promise", &id)]).await.is(303);
    desk.until("/promises", |page| page["promises"][0]["how"] == "cancelled").await;
    sofia.get("/calls/owed").await.is(200).shows("taken back · <span translate=\"no\">sofia").hides("Take back<");
    sofia.post("/calls/owed/cancel", &[("promise", &id)]).await.is(409).shows("No such call-back");
    // The report's line of its own, and the list behind each of its numbers.
    let report = sofia.get("/reports/queues").await;
    report.is(200).shows("Call-backs").shows("taken back").shows("figure=cancelled");
    let behind = |figure: &str| format!("/calls/owed?queue=&figure={figure}&view=flow&since=0&before=9999999999999");
    sofia.get(&behind("cancelled")).await.is(200).shows("+8613800138000").shows("taken back");
    sofia.get(&behind("kept")).await.is(200).hides("+8613800138000");
    sofia.get(&behind("nonsense")).await.is(404);
    sofia.get("/calls/owed?figure=kept&view=flow").await.is(404);
    let csv = sofia.get("/reports/queues/call-backs.csv").await;
    csv.is(200).shows("queue,carried over,promised,kept,not reached").shows("all queues,0,1,0,0,1,0,0,0");
    mira.get("/reports/queues/call-backs.csv").await.is(403);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_says_who_asked_for_whom_and_who_kept_it_in_the_language_of_who_looks() {
    let desk = open().await;
    person(&desk, "demo", "sofia", Role::Supervisor).await;
    person(&desk, "demo", "mira", Role::Agent).await;
    let sofia = Visitor::logged_in(&desk, "demo", "sofia").await;
    let wanted = json!({ "number": NUMBER, "agent": "mira" });
    let (status, owed) = desk.ask(Method::POST, "/queues/desk/promises", Some(wanted)).await;
    assert_eq!((status, &owed["by"], &owed["wished"]), (200, &json!("the house"), &json!("mira")), "{owed}");
    let id = owed["promise"].as_str().expect("an id").to_owned();
    let listed = desk.until("/promises", |page| page["promises"].as_array().is_some_and(|all| all.len() == 1)).await;
    assert_eq!(listed["promises"][0]["wished"], "mira", "{listed}");
    sofia.get("/calls/owed").await.is(200).shows("a program").hides("the house").shows("mira").hides("not reached");
    let story = sofia.get(&format!("/calls/{id}")).await;
    story.is(200).shows("asked for by a program").shows("for mira before others, for 10:00");
    sits(&desk, "mira").await;
    desk.until("/promises", |page| page["promises"][0]["how"] == "kept").await;
    sofia.get("/calls/owed").await.is(200).shows("kept · <span translate=\"no\">mira</span>").hides("Take back<");
    let chinese = sofia.see_in_chinese("/calls/owed").await;
    chinese.is(200).shows("程序接口").hides("the house");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_promises_whom_they_talked_with_a_call_from_the_desk() {
    let desk = open().await;
    person(&desk, "demo", "mira", Role::Agent).await;
    person(&desk, "demo", "otto", Role::Agent).await;
    sits(&desk, "mira").await;
    let mira = Visitor::logged_in(&desk, "demo", "mira").await;
    let otto = Visitor::logged_in(&desk, "demo", "otto").await;
    promise(&desk, json!({ "number": NUMBER })).await;
    let dial = until("mira talks", async || {
        let seen = desk.get("/agents/mira").await;
        let talks = seen["dial"]["stage"] == "talking" || seen["state"] == "wrapping_up";
        talks.then(|| seen["call"].as_str().expect("a call").to_owned())
    })
    .await;
    otto.post("/desk/call/back", &[("call", &dial), ("minutes", "15")]).await.is(404);
    mira.post("/desk/call/back", &[("call", &dial), ("minutes", "4000000000")]).await.is(409).shows("90 days");
    mira.post("/desk/call/back", &[("call", &dial), ("minutes", "15")]).await.is(204);
    let later = desk.get("/floor").await["promises"][0].clone();
    assert_eq!((&later["stage"], &later["by"]), (&json!("scheduled"), &json!("mira")), "{later}");
    assert_eq!((&later["queue"], &later["number"]), (&json!("desk"), &json!("+8613800138000")));
    desk.close().await;
}
