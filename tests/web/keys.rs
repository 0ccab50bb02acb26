//! Keys: what they open, what they do not, and how they end.

use std::collections::BTreeSet;
use std::time::Duration;

use cordboard::calendar::Moment;
use cordboard::controller;
use cordboard::routing::ids::{AgentName, CentreName, QueueName, StationAddress, SwitchName};
use cordboard::store::Author;
use cordboard::store::keys::{NewKey, Scope, Token};
use cordboard::store::people::Wanted;
use reqwest::Method;
use serde_json::{Value, json};

use crate::desk::{Database, Desk, PATIENCE};

/// A key of a centre, made as the command line makes it.
pub async fn made(desk: &Desk, centre: &str, scopes: &[Scope], ends: Option<Moment>) -> Token {
    let token = Token::new().expect("chance");
    let scopes: BTreeSet<Scope> = scopes.iter().copied().collect();
    let new = NewKey { name: "a program".into(), scopes, made_by: "a test".into(), ends };
    desk.db.add_key(&CentreName::new(centre), &token, &new, controller::clock()()).await.expect("a key");
    token
}

async fn asked(desk: &Desk, method: Method, path: &str, key: &str) -> (u16, Value) {
    let request = desk.request(method, &format!("/api/v1{path}")).bearer_auth(key);
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    if status == 200 && path.ends_with("/events") {
        return (status, Value::Null);
    }
    (status, answer.json().await.expect("JSON"))
}

/// Every operation there is, with a body that would do, and its scope.
async fn operations(desk: &Desk) -> Vec<(Method, String, Option<String>)> {
    let document = desk.document().await;
    let mut all = Vec::new();
    for (path, operations) in document.whole["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            let method: Method = method.to_ascii_uppercase().parse().expect("a method");
            let scope = operation["security"][0]["key"][0].as_str().map(str::to_owned);
            all.push((method, crate::documented::filled(path), scope));
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_opens_what_its_scopes_say_and_nothing_else() {
    let desk = Desk::open().await;
    for scope in Scope::ALL {
        let key = made(&desk, "demo", &[scope], None).await.reveal();
        for (method, path, needed) in operations(&desk).await {
            let (status, answer) = asked(&desk, method.clone(), &path, &key).await;
            let opens = needed.as_ref().is_none_or(|needed| needed == scope.as_str());
            assert_eq!(status != 403, opens, "{scope}: {method} {path}: {answer}");
            if !opens {
                assert_eq!(answer["error"], "lacks_scope");
                assert!(answer["message"].as_str().is_some_and(|said| said.contains(needed.as_deref().expect("one"))));
            }
        }
    }
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_floor_has_callers_only_for_a_key_that_may_read_calls() {
    let desk = Desk::open().await;
    desk.call("A caller");
    desk.until("/calls", |calls| calls[0]["stage"] == "waiting").await;
    for (scopes, seen) in [(&[Scope::FloorRead][..], 0), (&[Scope::FloorRead, Scope::CallsRead], 1)] {
        let key = made(&desk, "demo", scopes, None).await.reveal();
        let (status, floor) = asked(&desk, Method::GET, "/centres/demo/floor", &key).await;
        assert_eq!((status, floor["calls"].as_array().map(Vec::len)), (200, Some(seen)), "{floor}");
        assert_eq!(floor["queues"][0]["waiting"], 1, "how many there are is told: {floor}");
    }
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_seats_people_at_their_own_station_and_nowhere_else() {
    let desk = Desk::open().await;
    let key = made(&desk, "demo", &[Scope::AgentsWrite], None).await.reveal();
    let station = Some(Some((SwitchName::new("pbx"), StationAddress::new("PJSIP/mira"))));
    let queues = Some([QueueName::new("desk")].into());
    let wanted = Wanted { station, queues, ..Wanted::default() };
    let (centre, mira) = (CentreName::new("demo"), AgentName::new("mira"));
    desk.db.engage(&centre, &mira, &wanted, &Author::Console, Moment::from_ms(0)).await.expect("added");
    let seat = async |agent: &str, body: Value| {
        let request = desk.request(Method::PUT, &format!("/api/v1/centres/demo/agents/{agent}/session"));
        let answer = request.bearer_auth(&key).json(&body).send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("text"))
    };
    for (agent, station) in [
        ("mira", "PJSIP/00882123456789@trunk"),
        ("mira", "Local/s@anything"),
        ("nobody", "PJSIP/mira"),
        ("nobody", "PJSIP/00882123456789@trunk"),
    ] {
        let body = json!({ "station": station, "switch": "pbx", "queues": ["desk"], "skills": {} });
        let (status, said) = seat(agent, body).await;
        assert_eq!(status, 400, "{agent} {station}: {said}");
        assert!(said.contains("is not the station of"), "{said}");
    }
    assert_eq!(desk.get("/agents").await, json!([]));
    for body in [json!({}), json!({ "station": "PJSIP/mira" })] {
        let (status, said) = seat("mira", body).await;
        assert_eq!(status, 200, "{said}");
    }
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_one_centre_does_not_learn_that_there_is_another() {
    let desk = Desk::of(&["demo", "other"], None, Database::File).await;
    let key = made(&desk, "demo", &Scope::ALL, None).await.reveal();
    for (method, path, _) in operations(&desk).await.into_iter().filter(|(_, path, _)| path.contains("demo")) {
        for word in ["other", "nowhere"] {
            let there = path.replace("demo", word);
            let (status, answer) = asked(&desk, method.clone(), &there, &key).await;
            let same = json!({ "error": "not_found", "message": format!("there is no centre {word}") });
            assert_eq!((status, answer), (404, same), "{method} {there}");
        }
    }
    let (_, centres) = asked(&desk, Method::GET, "/centres", &key).await;
    assert_eq!(centres.as_array().map(Vec::len), Some(1), "{centres}");
    assert_eq!(centres[0]["name"], "demo");
    let (_, all) = (0, desk.get_raw("/api/v1/centres").await.json::<Value>().await.expect("JSON"));
    assert_eq!(all.as_array().map(Vec::len), Some(2));
    let metrics = desk.request(Method::GET, "/metrics").bearer_auth(&key).send().await.expect("an answer");
    assert_eq!(metrics.status(), 403);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_revoked_or_ended_key_opens_nothing_and_a_good_one_is_seen_to_be_used() {
    let desk = Desk::open().await;
    let (demo, now) = (CentreName::new("demo"), controller::clock()());
    let good = made(&desk, "demo", &[Scope::FloorRead], Some(now + Duration::from_secs(3600))).await;
    let ended = made(&desk, "demo", &[Scope::FloorRead], Some(now - Duration::from_secs(1))).await;
    let (floor, shown) = ("/centres/demo/floor", good.reveal());
    assert_eq!(asked(&desk, Method::GET, floor, &shown).await.0, 200);
    let forged = format!("{}{}", &shown[..shown.len() - 4], if shown.ends_with("0000") { "1111" } else { "0000" });
    let unknown = Token::new().expect("chance").reveal();
    for wrong in [ended.reveal().as_str(), &forged, &unknown, "cb_", "nonsense", "cb_000000000000_", "\u{ff}"] {
        let (status, answer) = asked(&desk, Method::GET, floor, wrong).await;
        assert_eq!((status, &answer["error"]), (401, &json!("no_token")), "{wrong}");
    }
    let began = std::time::Instant::now();
    while desk.db.key(good.id()).await.expect("read").expect("a key").last_used.is_none() {
        assert!(began.elapsed() < PATIENCE, "never noted");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    desk.db.revoke_key(&demo, good.id(), now).await.expect("revoked");
    while asked(&desk, Method::GET, floor, &shown).await.0 != 401 {
        assert!(began.elapsed() < PATIENCE, "a revoked key stays good");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_brings_wrong_keys_again_and_again_is_not_listened_to_and_a_good_key_goes_on() {
    let desk = Desk::open().await;
    let good = made(&desk, "demo", &[Scope::FloorRead], None).await.reveal();
    assert_eq!(asked(&desk, Method::GET, "/centres", &good).await.0, 200);
    let mut statuses = Vec::new();
    for _ in 0..15 {
        let wrong = Token::new().expect("chance").reveal();
        statuses.push(asked(&desk, Method::GET, "/centres", &wrong).await.0);
    }
    assert_eq!(statuses.first(), Some(&401));
    assert_eq!(statuses.last(), Some(&429));
    assert_eq!(asked(&desk, Method::GET, "/centres", &good).await.0, 200);
    // Another behind the same proxy is another.
    let other = desk.request(Method::GET, "/api/v1/centres").header("x-forwarded-for", "192.0.2.9").bearer_auth("cb_x");
    assert_eq!(other.send().await.expect("an answer").status(), 401);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_proxy_nobody_is_at_this_machine() {
    let desk = Desk::open().await;
    let key = made(&desk, "demo", &[Scope::FloorRead], None).await.reveal();
    for name in ["forwarded", "x-forwarded-for", "via", "x-real-ip", "x-forwarded-proto"] {
        let get = |path: &str| desk.request(Method::GET, path).header(name, "for=192.0.2.1");
        for path in ["/api/v1/centres", "/metrics", "/api/v1/events", "/api/v1/openapi.json"] {
            assert_eq!(get(path).send().await.expect("an answer").status(), 401, "{name} {path}");
        }
        assert_eq!(get("/health").send().await.expect("an answer").status(), 200, "{name}");
        // The proxy's own name is no matter for who brings a key.
        let named = get("/api/v1/centres").header("host", "centre.example").bearer_auth(&key);
        assert_eq!(named.send().await.expect("an answer").status(), 200, "{name}");
    }
    let evil = desk.request(Method::GET, "/api/v1/centres").header("origin", "http://evil.example").bearer_auth(&key);
    assert_eq!(evil.send().await.expect("an answer").status(), 403);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_opens_all_and_a_key_opens_its_own_beside_it() {
    let desk = Desk::of(&["demo", "other"], Some("a-long-token"), Database::File).await;
    let key = made(&desk, "other", &[Scope::FloorRead], None).await.reveal();
    for centre in ["demo", "other"] {
        let path = format!("/centres/{centre}/floor");
        assert_eq!(asked(&desk, Method::GET, &path, "a-long-token").await.0, 200);
        assert_eq!(asked(&desk, Method::GET, &path, &key).await.0, if centre == "other" { 200 } else { 404 });
        assert_eq!(desk.get_raw(&format!("/api/v1{path}")).await.status(), 401);
    }
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_database_no_new_key_is_let_in_and_none_is_called_wrong() {
    let desk = Desk::with(None, false).await;
    let key = Token::new().expect("chance").reveal();
    let (status, answer) = asked(&desk, Method::GET, "/centres", &key).await;
    assert_eq!((status, &answer["error"]), (503, &json!("away")));
    desk.close().await;
}
