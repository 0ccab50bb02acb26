//! A queue lent to somebody of another centre, and somebody taken out in the middle of a call: through the whole server.

use cordboard::routing::ids::{CallerName, CentreName, StationAddress};
use cordboard::store::agents::Role;
use cordboard::switch::rehearsal::{Caller, Habit, Phone, World};
use reqwest::Method;
use serde_json::{Value, json};

use crate::desk::{Database, Desk, PATIENCE};
use crate::visitor::{Visitor, person};

async fn asked(desk: &Desk, method: Method, path: &str, body: Value) -> (u16, Value) {
    let answer = desk.request(method, &format!("/api/v1{path}")).json(&body).send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

async fn until(desk: &Desk, path: &str, state: &str) -> Value {
    let began = std::time::Instant::now();
    loop {
        let (_, agent) = asked(desk, Method::GET, path, json!({})).await;
        if agent["state"] == state {
            return agent;
        }
        assert!(began.elapsed() < PATIENCE, "{path} is never {state}: {agent}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

fn calls_the_bank(desk: &Desk) -> cordboard::routing::ids::LegId {
    let caller = Caller { name: CallerName::cleaned("Ho Lin"), ..Caller::new("13912345678", "4008000002") };
    desk.rehearsal.happen(World::CallerDials(caller)).expect("a leg")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_serves_a_queue_of_another_centre_whose_data_stay_there() {
    let desk = Desk::of(&["demo", "bank"], None, Database::File).await;
    person(&desk, "demo", "mira", Role::Agent).await;
    person(&desk, "demo", "chief", Role::Admin).await;
    person(&desk, "bank", "boss", Role::Admin).await;
    let boss = Visitor::logged_in(&desk, "bank", "boss").await;
    boss.get("/people/loans").await.is(200).shows("Nothing is lent");
    let lent = boss.post("/people/loans", &[("agent", "mira@demo"), ("queue", "desk"), ("skill-english", "3")]).await;
    boss.followed(&lent).await.is(200).shows("mira@demo");
    boss.post("/people/loans", &[("agent", "mira"), ("queue", "desk")]).await.is(409);
    boss.post("/people/loans", &[("agent", "mira@demo"), ("queue", "desk"), ("skill-english", "11")]).await.is(422);
    // Nobody of the bank's own can be called so.
    let (status, _) = asked(
        &desk,
        Method::PUT,
        "/centres/bank/agents/mira@demo/session",
        json!({ "station": "PJSIP/x", "queues": ["desk"], "skills": {} }),
    )
    .await;
    assert_eq!(status, 409);

    desk.log_in("mira").await;
    until(&desk, "/centres/bank/agents/mira@demo", "idle").await;
    let leg = calls_the_bank(&desk);
    let talking = until(&desk, "/centres/bank/agents/mira@demo", "talking").await;
    let call = talking["call"].as_str().expect("a call").to_owned();
    let at_home = until(&desk, "/centres/demo/agents/mira", "elsewhere").await;
    assert_eq!((&at_home["serves"], &at_home["call"], &at_home["queue"]), (&json!("bank"), &Value::Null, &Value::Null));
    let floor = asked(&desk, Method::GET, "/centres/demo/floor", json!({})).await.1.to_string();
    assert!(!floor.contains("13912345678"), "their own centre sees nothing of the call: {floor}");

    let mira = Visitor::logged_in(&desk, "demo", "mira").await;
    let page = mira.get("/desk").await;
    page.is(200).shows("13912345678").shows("A call of centre bank").shows(&format!("/desk/notes/{call}?of=bank"));
    page.hides("href=\"/customers/").hides("/cases/new?call");
    mira.post("/desk/call/hold", &[]).await.is(204);
    until(&desk, "/centres/bank/agents/mira@demo", "on_hold").await;
    mira.post("/desk/call/retrieve", &[]).await.is(204);
    until(&desk, "/centres/bank/agents/mira@demo", "talking").await;
    let note = [("text", "asked for a loan"), ("disposition", ""), ("version", "1")];
    mira.put(&format!("/desk/notes/{call}?of=bank"), &note).await.is(200);
    mira.put(&format!("/desk/notes/{call}"), &note).await.is(404);
    mira.put(&format!("/desk/notes/{call}?of=nowhere"), &note).await.is(404);
    let id = call.parse().expect("an id");
    let kept = desk.db.notes(&CentreName::new("bank"), id).await.expect("read");
    assert_eq!(kept.iter().map(|note| note.agent.as_str()).collect::<Vec<_>>(), ["mira@demo"]);
    assert!(desk.db.notes(&CentreName::new("demo"), id).await.expect("read").is_empty());
    desk.rehearsal.happen(World::CallerHangsUp { leg });
    until(&desk, "/centres/bank/agents/mira@demo", "wrapping_up").await;
    until(&desk, "/centres/demo/agents/mira", "elsewhere").await;
    mira.post("/desk/wrap-up/end", &[]).await.is(204);
    until(&desk, "/centres/demo/agents/mira", "idle").await;
    until(&desk, "/centres/bank/agents/mira@demo", "idle").await;
    mira.get("/desk").await.is(200).hides("13912345678");

    // A break at home is one for the bank too; and home may decline the whole.
    mira.post("/desk/break", &[("reason", "lunch")]).await.is(204);
    until(&desk, "/centres/bank/agents/mira@demo", "elsewhere").await;
    let chief = Visitor::logged_in(&desk, "demo", "chief").await;
    chief.get("/people/loans").await.is(200).shows("bank").hides("boss");
    chief.post("/people/loans/end", &[("agent", "mira"), ("centre", "nowhere")]).await.is(404);
    let declined = chief.post("/people/loans/end", &[("agent", "mira"), ("centre", "bank")]).await;
    chief.followed(&declined).await.is(200).shows("None of our people");
    until(&desk, "/centres/bank/agents/mira@demo", "away").await;
    let (_, loans) = asked(&desk, Method::GET, "/centres/bank/loans", json!({})).await;
    assert_eq!(loans, json!({ "lent": [], "ours": [] }));
    let began = std::time::Instant::now();
    loop {
        let page = boss.get("/audit").await;
        if page.text.contains("chief@demo") {
            page.shows("Queues lent").shows("Loan ended");
            break;
        }
        assert!(began.elapsed() < PATIENCE, "never in the audit: {}", page.text);
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_lend_take_back_and_decline() {
    let desk = Desk::of(&["demo", "bank"], None, Database::File).await;
    let loan = json!({ "queues": ["desk"], "skills": { "english": 2 }, "by": "boss", "why": "a busy day" });
    let (status, loans) = desk.ask(Method::PUT, "/loans/bo@bank", Some(loan.clone())).await;
    assert_eq!(
        (status, &loans["lent"][0]["agent"], &loans["lent"][0]["why"]),
        (200, &json!("bo@bank"), &json!("a busy day"))
    );
    assert_eq!(desk.get("/loans").await, loans);
    let (_, theirs) = asked(&desk, Method::GET, "/centres/bank/loans", json!({})).await;
    assert_eq!((&theirs["ours"][0]["agent"], &theirs["ours"][0]["centre"]), (&json!("bo"), &json!("demo")));
    for (path, body) in [
        ("/loans/bo", loan.clone()),
        ("/loans/bo@demo", loan.clone()),
        ("/loans/bo@bank", json!({ "queues": ["nowhere"] })),
        ("/loans/bo@bank", json!({ "queues": [] })),
        ("/loans/bo@bank", json!({ "queues": ["desk"], "skills": { "latin": 1 } })),
    ] {
        assert_eq!(desk.ask(Method::PUT, path, Some(body)).await.0, 409, "{path}");
    }
    let zero = json!({ "queues": ["desk"], "skills": { "english": 0 } });
    assert_eq!(desk.ask(Method::PUT, "/loans/bo@bank", Some(zero)).await.0, 400);
    let (status, _) = asked(&desk, Method::DELETE, "/centres/bank/agents/nobody/loans/demo", json!({})).await;
    assert_eq!(status, 404);
    let (status, _) = asked(&desk, Method::DELETE, "/centres/bank/agents/bo/loans/demo?by=lead", json!({})).await;
    assert_eq!(status, 200);
    assert_eq!(desk.get("/loans").await["lent"], json!([]));
    assert_eq!(desk.ask(Method::DELETE, "/loans/bo@bank", None).await.0, 409, "ended already");
    desk.close().await;
}

async fn dismissed(desk: &Desk, chief: &Visitor, name: &str) {
    let question = chief.get(&format!("/people/~{name}/removal")).await;
    let gone = chief.post(&format!("/people/~{name}/removal"), &[("stamp", &question.field("stamp"))]).await;
    gone.is(303);
    let people = desk.db.people(&CentreName::new("demo")).await.expect("read");
    assert!(people.iter().all(|person| person.name.as_str() != name));
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_is_taken_out_while_they_talk_write_or_are_rung() {
    let desk = Desk::of(&["demo", "bank"], None, Database::File).await;
    for (name, role) in [("chief", Role::Admin), ("mira", Role::Agent), ("otto", Role::Agent), ("ana", Role::Agent)] {
        person(&desk, "demo", name, role).await;
    }
    let (_, _) = asked(&desk, Method::PUT, "/centres/bank/loans/mira@demo", json!({ "queues": ["desk"] })).await;
    let chief = Visitor::logged_in(&desk, "demo", "chief").await;

    desk.log_in("mira").await;
    let leg = desk.call("A caller");
    let talking = desk.until("/agents/mira", |agent| agent["state"] == "talking").await;
    dismissed(&desk, &chief, "mira").await;
    assert_eq!(desk.get("/agents/mira").await["state"], "talking", "the call goes on");
    desk.rehearsal.happen(World::CallerHangsUp { leg });
    desk.until("/agents/mira", |agent| agent["state"] == "away").await;
    let (_, loans) = asked(&desk, Method::GET, "/centres/bank/loans", json!({})).await;
    assert_eq!(loans["lent"], json!([]), "and serve no other centre");
    let call = talking["call"].as_str().expect("a call").to_owned();
    desk.until("/records", |page| page["records"][0]["call"] == *call && page["records"][0]["agent"] == "mira").await;

    desk.log_in("otto").await;
    let leg = desk.call("Another");
    desk.until("/agents/otto", |agent| agent["state"] == "talking").await;
    desk.rehearsal.happen(World::CallerHangsUp { leg });
    desk.until("/agents/otto", |agent| agent["state"] == "wrapping_up").await;
    dismissed(&desk, &chief, "otto").await;
    desk.until("/agents/otto", |agent| agent["state"] == "away").await;

    desk.log_in("ana").await;
    let station = StationAddress::new("PJSIP/ana");
    desk.rehearsal.happen(World::PhoneSetTo { station: station.clone(), phone: Phone::with(Habit::Rings) });
    desk.call("A third");
    desk.until("/agents/ana", |agent| agent["state"] == "ringing").await;
    dismissed(&desk, &chief, "ana").await;
    desk.until("/agents/ana", |agent| agent["state"] == "away").await;
    assert_eq!(desk.rehearsal.with(|exchange| exchange.on_phone(&station)), None, "told at once");
    let waits = desk.get("/calls").await;
    assert_eq!((&waits[0]["stage"], &waits[0]["agent"]), (&json!("waiting"), &Value::Null), "{waits}");
    desk.close().await;
}
