//! Calls as people find them, and one call's story: empty, full, hostile; whose they are.

use cordboard::store::agents::Role;
use cordboard::store::notes::Note;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::browser::Browser;
use crate::desk::{CENTRE, Database, Desk};

const HOSTILE: &str = "<script>alert(1)</script>";

/// A call that mira answers and ends; its id.
async fn answered(desk: &Desk, name: &str) -> String {
    desk.call(name);
    let talking = desk.until("/agents/mira", |agent| agent["state"] == "talking").await;
    let id = talking["call"].as_str().expect("a call").to_owned();
    desk.ask(Method::DELETE, "/agents/mira/call", None).await;
    desk.until("/agents/mira", |agent| agent["state"] == "wrapping_up").await;
    desk.ask(Method::DELETE, "/agents/mira/wrap-up", None).await;
    let ended = |page: &serde_json::Value| {
        page["records"]
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one["call"] == id.as_str() && !one["outcome"].is_null()))
    };
    desk.until("/records", ended).await;
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_found_by_what_is_asked_for() {
    let desk = Desk::open().await;
    let boss = Browser::supervisor(&desk).await;
    let empty = boss.see("/calls").await;
    assert!(empty.contains("Calls appear here when they are over"), "{empty}");
    desk.log_in("mira").await;
    let id = answered(&desk, HOSTILE).await;
    let row = format!(" class=\"when\"><a href=\"/calls/{id}\">");
    for path in [
        "/calls".to_owned(),
        "/calls?number=138-0000+0001".into(),
        "/calls?number=0001".into(),
        "/calls?number=1380000".into(),
        "/calls?number=00000".into(),
        "/calls?called=4008000001&agent=mira&queue=desk&outcome=answered".into(),
        "/calls?outcome=asked&from=2020-01-01&to=2099-01-01".into(),
        format!("/calls?call={id}"),
    ] {
        let page = boss.see(&path).await;
        assert!(page.contains(&row), "{path}: {page}");
        assert!(!page.contains("<script>alert"), "{path}");
    }
    for path in [
        "/calls?number=9999".to_owned(),
        "/calls?number=%25".into(),
        "/calls?number=138_0000".into(),
        "/calls?agent=otto".into(),
        "/calls?queue=%E5%AE%A2%E6%9C%8D".into(),
        "/calls?outcome=abandoned".into(),
        "/calls?outcome=live".into(),
        "/calls?waited=600".into(),
        "/calls?to=2020-01-01".into(),
        "/calls?call=c0000000001-00000001".into(),
    ] {
        let page = boss.see(&path).await;
        assert!(!page.contains(&row), "{path}: {page}");
    }
    for (path, says) in [
        ("/calls?from=yesterday", "not a day"),
        ("/calls?call=%27+OR+1%3D1", "not the id of a call"),
        ("/calls?waited=-1", "not a time"),
        ("/calls?outcome=%3Cscript%3Ealert(1)", "not an outcome"),
    ] {
        let page = boss.see(path).await;
        assert!(page.contains(says) && !page.contains(&row) && !page.contains("<script>alert"), "{path}: {page}");
    }
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_story_tells_everything_from_the_arrival_to_the_note() {
    let desk = Desk::open().await;
    let boss = Browser::supervisor(&desk).await;
    desk.log_in("mira").await;
    let id = answered(&desk, HOSTILE).await;
    let note = Note {
        agent: cordboard::routing::ids::AgentName::new("mira"),
        text: format!("Wants a window seat {HOSTILE}"),
        disposition: Some("booked".into()),
        version: 1,
        saved: cordboard::calendar::Moment::from_ms(1_772_416_957_000),
    };
    let (centre, call) = (cordboard::routing::ids::CentreName::new("demo"), id.parse().expect("an id"));
    desk.db.save_note(&centre, call, &note).await.expect("saved");
    let page = boss.see(&format!("/calls/{id}")).await;
    assert!(page.contains("13800000001 calls 4008000001"), "{page}");
    let told = [
        "Menu: step welcome (English)",
        "Joins queue desk",
        "Offered to mira (desk)",
        "1 logged in, 0 of them not free, 0 without the skill; 1 waiting",
        "the call came: idle longest of those who may take it",
        "The phone rings",
        "Talks with mira after waiting",
        "mira hangs up: answered",
        "mira wraps up for",
        "Wants a window seat",
        "booked",
        "<svg class=\"bill\"",
    ];
    for text in told {
        assert!(page.contains(text), "{text} is not in {page}");
    }
    assert!(!page.contains("<script>alert") && !page.contains("data-moved"), "{page}");
    assert!(boss.see_in_chinese(&format!("/calls/{id}")).await.contains("进入队列 desk"));
    // Who called is erased: the call and its story stay.
    let row = format!(" class=\"when\"><a href=\"/calls/{id}\">");
    let listed = async || {
        let list = boss.see(&format!("/calls?call={id}")).await;
        list.split(&row).nth(1).expect("the call is listed").split("</tr>").next().expect("a row").to_owned()
    };
    let before = listed().await;
    assert!(before.contains("13800000001") && before.contains("alert(1)"), "{before}");
    desk.db.erase_personal(&centre, call).await.expect("erased");
    assert_eq!(desk.db.personal(&centre, call).await.expect("read"), None);
    let after = listed().await;
    assert!(after.contains("erased</span>") && !after.contains("13800000001") && !after.contains("alert"), "{after}");
    assert!(!boss.see("/calls?number=13800000001").await.contains(&row), "nobody finds it by a number any more");
    let page = boss.see(&format!("/calls/{id}")).await;
    for text in told {
        assert!(page.contains(text), "{text} is not in {page}");
    }
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_erased_is_in_no_story_and_no_event_that_was_kept_at_hand() {
    let yaml = CENTRE.replace("zone:", "country: CN\nzone:");
    let desk = Desk::with_yaml(&yaml, &["demo"], None, Database::File).await;
    let boss = Browser::supervisor(&desk).await;
    desk.log_in("mira").await;
    let id = answered(&desk, "Anna Li").await;
    let path = format!("/calls/{id}");
    assert!(boss.see(&path).await.contains("Anna Li"));
    let customer = json!({ "name": "Anna Li", "numbers": ["13800000001"] });
    let (status, customer) = desk.ask(Method::POST, "/customers", Some(customer)).await;
    assert_eq!(status, 201, "{customer}");
    let (status, erased) = desk.ask(Method::DELETE, &format!("/customers/{}", customer["id"]), None).await;
    assert_eq!(status, 200, "{erased}");
    let page = boss.see(&path).await;
    assert!(!page.contains("Anna Li") && !page.contains("13800000001"), "{page}");
    let story = desk.get(&format!("/calls/{id}")).await.to_string();
    assert!(story.contains("call_arrived") && !story.contains("Anna Li") && !story.contains("13800000001"), "{story}");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_not_over_says_so_and_can_be_asked_for_again() {
    let desk = Desk::open().await;
    let boss = Browser::supervisor(&desk).await;
    desk.call(HOSTILE);
    let calls = desk.until("/calls", |calls| calls[0]["stage"] == "waiting").await;
    let id = calls[0]["id"].as_str().expect("an id").to_owned();
    let page = boss.see(&format!("/calls/{id}")).await;
    // Its place moves with every other call.
    assert!(page.contains("data-moved=\"*\"") && page.contains("waiting, place 1"), "{page}");
    assert!(page.contains(&format!("data-piece=\"/calls/{id}/story\"")) && page.contains("Joins queue desk"), "{page}");
    let piece = boss.see(&format!("/calls/{id}/story")).await;
    assert!(piece.trim_start().starts_with("<article id=\"call-story\"") && !piece.contains("<html"), "{piece}");
    let list = boss.see("/calls?queue=desk&outcome=live").await;
    assert!(list.contains(&format!("id=\"l-{id}\"")) && list.contains("waiting, place 1</span>"), "{list}");
    assert!(boss.see("/calls/live?agent=mira").await.contains(" hidden"));
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sees_a_call_that_is_not_theirs() {
    let desk = Desk::of(&["demo", "other"], None, Database::File).await;
    let boss = Browser::supervisor(&desk).await;
    let mira = Browser::of(&desk, "demo", "mira", "Mira", Role::Agent).await;
    let otto = Browser::of(&desk, "demo", "otto", "Otto", Role::Agent).await;
    let elsewhere = Browser::of(&desk, "other", "boss", "Other", Role::Supervisor).await;
    desk.log_in("mira").await;
    let id = answered(&desk, "A caller").await;
    let path = format!("/calls/{id}");
    for (who, sees) in [(&boss, true), (&mira, true), (&otto, false), (&elsewhere, false)] {
        let answer = who.open(&path).await;
        let status = if sees { StatusCode::OK } else { StatusCode::NOT_FOUND };
        assert_eq!(answer.status, status);
        assert_eq!(answer.shows("There is nothing here"), !sees, "{}", answer.text);
        // The list too, whatever is asked for.
        for list in ["/calls", "/calls?agent=mira", &format!("/calls?call={id}")] {
            assert_eq!(who.see(list).await.contains(&format!("\"{path}\"")), sees, "{list}");
        }
    }
    for path in ["/calls/nonsense", "/calls/c0000000001-00000001", "/calls/%3Cscript%3E", "/calls/nonsense/story"] {
        let answer = boss.open(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(answer.shows("There is nothing here"), "{}", answer.text);
    }
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_database_live_calls_are_listed_and_the_rest_is_said_to_be_away() {
    let desk = Desk::open().await;
    let boss = Browser::supervisor(&desk).await;
    desk.call("A caller");
    desk.until("/calls", |calls| calls[0]["stage"] == "waiting").await;
    boss.see("/calls").await;
    desk.db.close().await;
    let page = boss.see("/calls").await;
    assert!(page.contains("the database is away") && page.contains("A caller"), "{page}");
    let floor = boss.see("/floor").await;
    assert!(floor.contains("id=\"q-desk\""), "{floor}");
}
