//! Several phones that ring for one caller, as programs and people see it: while they ring, and in the story.

use cordboard::routing::ids::StationAddress;
use cordboard::switch::rehearsal::{Caller, Habit, Phone, Span, World};
use reqwest::Method;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::desk::{CENTRE, Database, Desk};

async fn sits(desk: &Desk, agent: &str, habit: Habit) {
    let station = StationAddress::new(format!("PJSIP/{agent}"));
    desk.rehearsal.happen(World::PhoneSetTo { station: station.clone(), phone: Phone::with(habit) });
    let login = json!({ "station": station, "queues": ["desk"], "skills": {} });
    let (status, answer) = desk.ask(Method::PUT, &format!("/agents/{agent}/session"), Some(login)).await;
    assert_eq!(status, 200, "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_rings_for_one_caller_is_seen_together_and_the_story_says_whose_phone_was_first() {
    let yaml = CENTRE.replace("wrap_up: until_ready", "wrap_up: 0s, strategy: ring_all");
    let desk = Desk::with_yaml(&yaml, &["demo"], None, Database::File).await;
    let boss = Browser::supervisor(&desk).await;
    sits(&desk, "mira", Habit::Rings).await;
    sits(&desk, "lin", Habit::Answers { after: Span::ms(1_500, 1_500), talks: Some(Span::ms(300, 300)) }).await;
    desk.rehearsal.happen(World::CallerDials(Caller::new("+8613800138000", "4008000001")));
    for agent in ["mira", "lin"] {
        desk.until(&format!("/agents/{agent}"), |agent| agent["state"] == "ringing").await;
    }
    let calls = desk.get("/calls").await;
    let call = &calls[0];
    assert_eq!((&call["agent"], &call["also_rung"]), (&json!("mira"), &json!(["lin"])), "{calls}");
    let id = call["id"].as_str().expect("an id").to_owned();
    assert!(boss.see("/calls/live").await.contains("mira · lin"));

    let ended =
        |page: &Value| page["records"].as_array().is_some_and(|all| all.iter().any(|one| one["outcome"] == "answered"));
    desk.until("/records", ended).await;
    let mira = desk.until("/agents/mira", |agent| agent["state"] == "idle").await;
    assert_eq!(mira["missed"], Value::Null, "{mira}");
    let page = boss.see(&format!("/calls/{id}")).await;
    for text in [
        "all who may take it ring at once",
        "rings together with mira",
        "mira&#39;s phone rings",
        "lin&#39;s phone rings",
        "lin picks up",
        "mira&#39;s phone stops: another answered first",
        "Talks with lin",
    ] {
        assert!(page.contains(text), "{text} is not in {page}");
    }
    assert!(boss.see_in_chinese(&format!("/calls/{id}")).await.contains("已由他人接听"));
    let call = id.parse().expect("an id");
    let kept = desk.db.offers_of_call(&cordboard::routing::ids::CentreName::new("demo"), call).await.expect("offers");
    let mut ends: Vec<String> =
        kept.iter().map(|offer| format!("{} {}", offer.agent, offer.ended.expect("an end").1.as_str())).collect();
    ends.sort();
    assert_eq!(ends, ["lin connected", "mira answered_elsewhere"]);
    desk.close().await;
}
