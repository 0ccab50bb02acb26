//! What can be seen and asked of a floor.

use cordboard::routing::ids::StationAddress;
use cordboard::switch::rehearsal::{Habit, Phone, World};
use reqwest::Method;
use serde_json::json;

use crate::desk::{Desk, next_fact};

const DELETE: Method = Method::DELETE;
const PUT: Method = Method::PUT;
const POST: Method = Method::POST;

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_seen_from_its_arrival_to_its_record() {
    let desk = Desk::open().await;
    desk.log_in("mira").await;
    desk.call("A caller");
    let talking = desk.until("/agents/mira", |agent| agent["state"] == "talking").await;
    let id = talking["call"].as_str().expect("a call").to_owned();
    let calls = desk.get("/calls").await;
    assert_eq!(
        (&calls[0]["id"], &calls[0]["agent"], &calls[0]["stage"]),
        (&json!(id), &json!("mira"), &json!("talking"))
    );
    let floor = desk.get("/floor").await;
    assert_eq!(floor["calls"], calls);
    assert_eq!(floor["queues"][0]["agents_logged_in"], 1);
    assert_eq!(desk.get(&format!("/calls/{id}")).await["live"]["name"], "A caller");

    let (status, agent) = desk.ask(DELETE, "/agents/mira/call", None).await;
    assert_eq!(status, 200, "{agent}");
    desk.until("/agents/mira", |agent| agent["state"] == "wrapping_up").await;
    let (_, agent) = desk.ask(DELETE, "/agents/mira/wrap-up", None).await;
    assert_eq!(agent["state"], "idle");

    let ended = |page: &serde_json::Value| page["records"][0]["outcome"] == "answered";
    let page = desk.until("/records?agent=mira&queue=desk&outcome=answered&limit=1", ended).await;
    assert_eq!((&page["records"][0]["call"], &page["records"][0]["ended_by"]), (&json!(id), &json!("agent")));
    let next = page["next"].as_str().expect("a full page has a next");
    assert_eq!(desk.get(&format!("/records?after={next}")).await["records"], json!([]));
    let story = desk.get(&format!("/calls/{id}")).await;
    assert_eq!((&story["live"], &story["whole"]), (&json!(null), &json!(true)));
    let facts: Vec<&str> =
        story["facts"].as_array().expect("facts").iter().filter_map(|f| f["fact"]["fact"].as_str()).collect();
    assert_eq!(facts.first(), Some(&"call_arrived"));
    assert_eq!(facts.last(), Some(&"call_ended"));
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_refused_with_its_words_and_changes_nothing() {
    let desk = Desk::open().await;
    desk.log_in("mira").await;
    let before = desk.get("/agents/mira").await;
    let seat = |station: &str| Some(json!({ "station": station, "queues": ["desk"], "skills": {} }));
    for (method, path, body, code) in [
        (PUT, "/agents/otto/session", seat("PJSIP/mira"), "station_taken"),
        (PUT, "/agents/mira/session", seat("PJSIP/otto"), "already_logged_in"),
        (
            PUT,
            "/agents/otto/session",
            Some(json!({ "station": "PJSIP/x", "queues": ["nope"], "skills": {} })),
            "no_such_queue",
        ),
        (
            PUT,
            "/agents/otto/session",
            Some(json!({ "station": "PJSIP/x", "queues": [], "skills": { "x": 1 } })),
            "no_such_skill",
        ),
        (
            PUT,
            "/agents/otto/session",
            Some(json!({ "station": "PJSIP/x", "switch": "y", "queues": [], "skills": {} })),
            "no_such_switch",
        ),
        (PUT, "/agents/mira/break", Some(json!({ "reason": "nap" })), "no_such_reason"),
        (DELETE, "/agents/mira/call", None, "no_call"),
        (DELETE, "/agents/mira/wrap-up", None, "not_wrapping_up"),
        (DELETE, "/agents/otto/session", None, "not_logged_in"),
    ] {
        let (status, answer) = desk.ask(method, path, body).await;
        assert_eq!((status, answer["error"].as_str()), (409, Some(code)), "{path}: {answer}");
        assert!(answer["message"].as_str().is_some_and(|message| message.len() > 5), "{answer}");
    }
    assert_eq!(desk.get("/agents/mira").await, before);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_break_begins_and_ends_and_says_who_ordered_it() {
    let desk = Desk::open().await;
    desk.log_in("mira").await;
    let mut happened = desk.handle.happened();
    let (status, agent) = desk.ask(PUT, "/agents/mira/break?by=lead", Some(json!({ "reason": "lunch" }))).await;
    assert_eq!((status, &agent["state"], &agent["break_reason"]), (200, &json!("on_break"), &json!("lunch")));
    let fact = next_fact(&mut happened, |_| true).await;
    assert_eq!((&fact["fact"], &fact["by"]), (&json!("agent_changed"), &json!("lead")));
    let (_, agent) = desk.ask(DELETE, "/agents/mira/break?by=lead&why=the%20hall%20is%20full", None).await;
    assert_eq!(agent["state"], "idle");
    let fact = next_fact(&mut happened, |_| true).await;
    assert_eq!((&fact["by"], &fact["why"]), (&json!("lead"), &json!("the hall is full")));
    for bad in ["", "%20", "a%0Ab", "%1b%5B2J", "%E2%80%AE", &"x".repeat(201)] {
        let (status, answer) = desk.ask(DELETE, &format!("/agents/mira/break?why={bad}"), None).await;
        assert_eq!((status, &answer["error"]), (400, &json!("invalid")), "{bad}: {answer}");
    }
    let (_, agent) = desk.ask(DELETE, "/agents/mira/session", None).await;
    assert_eq!(agent["state"], "away");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_on_the_page_picks_the_phone_up() {
    let desk = Desk::open().await;
    desk.log_in("mira").await;
    let (status, answer) = desk.ask(POST, "/agents/mira/answer", None).await;
    assert_eq!((status, answer["error"].as_str()), (409, Some("nothing_rings")), "{answer}");
    let (station, phone) = (StationAddress::new("PJSIP/mira"), Phone::with(Habit::Rings));
    desk.rehearsal.happen(World::PhoneSetTo { station, phone });
    let mut happened = desk.handle.happened();
    desk.call("Wang");
    // The phone has it a moment after the offer was made.
    next_fact(&mut happened, |fact| fact["fact"] == "offer_rang").await;
    let ringing = desk.get("/agents/mira").await;
    assert!(ringing["state"] == "ringing" && ringing["offer"]["id"].is_string(), "{ringing}");
    let (status, answer) = desk.ask(POST, "/agents/mira/answer", None).await;
    assert_eq!(status, 200, "{answer}");
    let agent = desk.until("/agents/mira", |agent| agent["state"] == "talking").await;
    assert_eq!(agent["answers_when_told"], "answers");
    assert!(agent["talking_since_ms"].is_i64() && agent["queue"] == "desk", "{agent}");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_is_put_on_hold_and_talked_to_again() {
    let desk = Desk::open().await;
    desk.log_in("mira").await;
    for method in [PUT, DELETE] {
        let (status, answer) = desk.ask(method, "/agents/mira/hold", None).await;
        assert_eq!((status, answer["error"].as_str()), (409, Some("no_conversation")), "{answer}");
    }
    desk.call("Wang");
    let talking = desk.until("/agents/mira", |agent| agent["state"] == "talking").await;
    let (status, answer) = desk.ask(DELETE, "/agents/mira/hold", None).await;
    assert_eq!((status, answer["error"].as_str()), (409, Some("not_on_hold")), "{answer}");
    let (status, agent) = desk.ask(PUT, "/agents/mira/hold", None).await;
    assert_eq!((status, &agent["state"]), (200, &json!("on_hold")), "{agent}");
    assert!(agent["held_since_ms"].is_i64() && agent["talking_since_ms"] == talking["talking_since_ms"], "{agent}");
    let (status, answer) = desk.ask(PUT, "/agents/mira/hold", None).await;
    assert_eq!((status, answer["error"].as_str()), (409, Some("already_on_hold")), "{answer}");
    let (status, agent) = desk.ask(DELETE, "/agents/mira/hold", None).await;
    assert_eq!((status, &agent["state"], &agent["held_since_ms"]), (200, &json!("talking"), &json!(null)), "{agent}");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_takes_from_the_database_what_it_does_not_say() {
    use cordboard::calendar::Moment;
    use cordboard::routing::ids::*;
    use cordboard::store::Author;
    use cordboard::store::people::{Guard, Wanted};
    let desk = Desk::open().await;
    let (status, answer) = desk.ask(PUT, "/agents/otto/session", None).await;
    assert_eq!((status, &answer["error"]), (404, &json!("not_found")), "{answer}");
    let (centre, otto) = (CentreName::new("demo"), AgentName::new("otto"));
    let (console, at) = (Author::Console, Moment::from_ms(0));
    desk.db.engage(&centre, &otto, &Wanted::default(), &console, at).await.expect("added");
    let (status, answer) = desk.ask(PUT, "/agents/otto/session", None).await;
    assert_eq!((status, &answer["error"]), (400, &json!("invalid")), "{answer}");
    let wanted = Wanted {
        station: Some(Some((SwitchName::new("pbx"), StationAddress::new("PJSIP/otto")))),
        queues: Some([QueueName::new("desk")].into()),
        skills: Some([(SkillName::new("english"), 7)].into()),
        ..Wanted::default()
    };
    desk.db.change_person(&centre, &otto, &wanted, &Guard::default(), &console, at).await.expect("changed");
    let (status, agent) = desk.ask(PUT, "/agents/otto/session", None).await;
    assert_eq!(status, 200, "{agent}");
    assert_eq!(
        (&agent["station"], &agent["queues"], &agent["skills"]),
        (&json!("PJSIP/otto"), &json!(["desk"]), &json!([["english", 7]]))
    );
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_database_calls_go_on_and_only_what_needs_it_is_away() {
    let desk = Desk::with(None, false).await;
    desk.log_in("mira").await;
    desk.call("A caller");
    let agent = desk.until("/agents/mira", |agent| agent["state"] == "talking").await;
    let call = agent["call"].as_str().expect("a call");
    assert_eq!(desk.get(&format!("/calls/{call}")).await["whole"], false);
    let (status, answer) = desk.ask(Method::GET, "/records", None).await;
    assert_eq!((status, &answer["error"]), (503, &json!("away")));
    let (status, answer) = desk.ask(PUT, "/agents/otto/session", None).await;
    assert_eq!((status, &answer["error"]), (503, &json!("away")));
    let health: serde_json::Value = desk.get_raw("/health").await.json().await.expect("JSON");
    assert_eq!((&health["well"], &health["fillers"]), (&json!(true), &json!(null)));
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metrics_count_what_happened_and_show_what_is() {
    let desk = Desk::open().await;
    let answered = |text: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix("cordboard_calls_answered_total{centre=\"demo\"} "));
        line.and_then(|value| value.parse::<u64>().ok()).expect("answered calls are counted from the start")
    };
    let before = answered(&desk.get_raw("/metrics").await.text().await.expect("text"));
    desk.log_in("mira").await;
    desk.call("A caller");
    desk.until("/agents/mira", |agent| agent["state"] == "talking").await;
    let text = desk.get_raw("/metrics").await.text().await.expect("text");
    assert_eq!(answered(&text), before + 1);
    let decisions = text.lines().find_map(|line| line.strip_prefix("cordboard_decision_seconds_count "));
    assert!(decisions.is_some_and(|count| count.parse::<u64>().is_ok_and(|count| count > 0)), "{decisions:?}");
    for line in [
        "cordboard_agents{centre=\"demo\",state=\"talking\"} 1",
        "cordboard_calls{centre=\"demo\",stage=\"talking\"} 1",
        "cordboard_waiting{centre=\"demo\",queue=\"desk\"} 0",
        "cordboard_switch_up{switch=\"pbx\"} 1",
        "# TYPE process_cpu_seconds_total counter",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
    desk.close().await;
}
