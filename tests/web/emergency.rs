//! The emergency switch from a program and from the pages: who may, what is kept of it, and who sees that one is on.

use cordboard::controller;
use cordboard::store::agents::Role;
use cordboard::store::keys::Scope;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::desk::{CENTRE, Database, Desk, PATIENCE};
use crate::keys::made;

const HOSTILE: &str = "<script>alert(1)</script>";

async fn open() -> Desk {
    let yaml = format!(
        "{CENTRE}emergency:\n  flood: {{ say: {{ en: \"The cellar is full of water.\" }}, then: carry_on }}\n  \
         strike: {{ say: {{ en: \"Nobody is here today.\" }}, then: hang_up, numbers: [\"4008000001\"] }}\n"
    );
    Desk::with_yaml(&yaml, &["demo", "other"], None, Database::File).await
}

/// What there is of this message.
async fn seen(desk: &Desk, name: &str) -> Value {
    let all = desk.get("/emergency").await;
    let one = all.as_array().expect("a list").iter().find(|one| one["name"] == name);
    one.cloned().unwrap_or_else(|| panic!("no {name} in {all}"))
}

async fn switch(desk: &Desk, method: Method, message: &str, body: Value) -> (u16, Value) {
    let body = (method == Method::PUT).then_some(body);
    desk.ask(method, &format!("/emergency/{message}"), body).await
}

/// What the audit says of it, newest first, once it says so much.
async fn audited(boss: &Browser<'_>, lines: usize) -> String {
    let written = |page: &str| page.matches(" class=\"when\">").count() >= lines;
    boss.until("/audit?subject=emergency%3Aflood", written).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_switches_a_message_on_moves_its_end_and_switches_it_off() {
    let desk = open().await;
    assert_eq!(seen(&desk, "flood").await["on"], Value::Null);
    assert_eq!(seen(&desk, "strike").await["numbers"], json!(["4008000001"]));
    let body = json!({ "by": "lead", "why": HOSTILE });
    let (status, on) = switch(&desk, Method::PUT, "flood", body.clone()).await;
    assert_eq!((status, &on["on"]["by"], &on["on"]["why"]), (200, &json!("lead"), &json!(HOSTILE)), "{on}");
    assert_eq!((&on["on"]["until_ms"], &on["says"]["en"]), (&Value::Null, &json!("The cellar is full of water.")));
    let since = on["on"]["since_ms"].clone();
    // Twice is once.
    let (_, again) = switch(&desk, Method::PUT, "flood", body).await;
    assert_eq!(again["on"], on["on"]);
    let until = controller::clock()().as_ms() + 3_600_000;
    let (status, moved) = switch(&desk, Method::PUT, "flood", json!({ "until_ms": until })).await;
    assert_eq!((status, &moved["on"]["until_ms"], &moved["on"]["since_ms"]), (200, &json!(until), &since), "{moved}");
    assert_eq!(seen(&desk, "strike").await["on"], Value::Null, "each by itself");
    let (status, off) = desk.ask(Method::DELETE, "/emergency/flood?by=lead&why=it%20is%20dry", None).await;
    assert_eq!((status, &off["on"]), (200, &Value::Null), "{off}");
    let (status, _) = desk.ask(Method::DELETE, "/emergency/flood", None).await;
    assert_eq!(status, 200, "off is off, however often");
    let chief = Browser::of(&desk, "demo", "chief", "Chief", Role::Admin).await;
    let page = audited(&chief, 3).await;
    for text in ["emergency message switched on", "emergency message switched off", "it is dry", "lead"] {
        assert!(page.contains(text), "no {text} in {page}");
    }
    assert!(!page.contains(HOSTILE), "{page}");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_message_no_moment_or_no_reason_switches_nothing() {
    let desk = open().await;
    for message in ["earthquake", "%3Cscript%3E", &"x".repeat(300)] {
        for method in [Method::PUT, Method::DELETE] {
            let (status, answer) = switch(&desk, method.clone(), message, json!({})).await;
            assert!((400..500).contains(&status), "{method} {message}: {status} {answer}");
        }
    }
    let (status, answer) = switch(&desk, Method::PUT, "earthquake", json!({})).await;
    assert_eq!((status, &answer["error"]), (409, &json!("no_such_message")), "{answer}");
    let (status, answer) = switch(&desk, Method::PUT, "flood", json!({ "until_ms": 1 })).await;
    assert_eq!((status, &answer["error"]), (409, &json!("over_already")), "{answer}");
    for body in [
        json!({ "until_ms": "soon" }),
        json!({ "until_ms": 1.5 }),
        json!({ "why": "w".repeat(201) }),
        json!({ "why": "two\nlines" }),
        json!({ "by": "" }),
        json!({ "until": 1 }),
        json!([]),
    ] {
        let (status, answer) = switch(&desk, Method::PUT, "flood", body.clone()).await;
        assert_eq!(status, 400, "{body}: {answer}");
    }
    for until in [i64::MIN, -1, i64::MAX] {
        let (status, answer) = switch(&desk, Method::PUT, "strike", json!({ "until_ms": until })).await;
        assert_eq!(status == 200, until > 0, "{until}: {answer}");
    }
    assert_eq!(seen(&desk, "flood").await["on"], Value::Null);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_with_an_end_goes_off_by_itself_and_the_clock_is_written_down() {
    let desk = open().await;
    let until = controller::clock()().as_ms() + 700;
    let (status, on) = switch(&desk, Method::PUT, "flood", json!({ "until_ms": until, "by": "lead" })).await;
    assert_eq!(status, 200, "{on}");
    let is_off = |all: &Value| all.as_array().is_some_and(|all| all.iter().all(|one| one["on"].is_null()));
    desk.until("/emergency", is_off).await;
    assert!(controller::clock()().as_ms() >= until, "not before its time");
    let chief = Browser::of(&desk, "demo", "chief", "Chief", Role::Admin).await;
    let page = audited(&chief, 2).await;
    assert!(page.contains("emergency message switched off"), "{page}");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_needs_the_scope_speaks_for_itself_and_reaches_its_own_centre_only() {
    let desk = open().await;
    let reads = made(&desk, "demo", &[Scope::FloorRead], None).await.reveal();
    let writes = made(&desk, "demo", &[Scope::EmergencyWrite], None).await.reveal();
    let with = async |method: Method, centre: &str, key: &str| {
        let request = desk.request(method.clone(), &format!("/api/v1/centres/{centre}/emergency/flood"));
        let request = request.bearer_auth(key);
        let request = if method == Method::PUT { request.json(&json!({ "by": "lead" })) } else { request };
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.json::<Value>().await.expect("JSON"))
    };
    for method in [Method::PUT, Method::DELETE] {
        let (status, answer) = with(method.clone(), "demo", &reads).await;
        assert_eq!((status, &answer["error"]), (403, &json!("lacks_scope")), "{method}: {answer}");
        let (status, answer) = with(method.clone(), "other", &writes).await;
        assert!(status == 403 || status == 404, "{method}: {status} {answer}");
    }
    let (status, on) = with(Method::PUT, "demo", &writes).await;
    assert_eq!(status, 200, "{on}");
    assert!(on["on"]["by"].as_str().is_some_and(|by| by.starts_with("key ")), "whoever it names: {on}");
    assert_eq!(with(Method::DELETE, "demo", &writes).await.0, 200);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_presses_the_switch_and_everybody_sees_that_it_is_on() {
    let desk = open().await;
    let boss = Browser::supervisor(&desk).await;
    let mira = Browser::of(&desk, "demo", "mira", "Mira", Role::Agent).await;
    let mut at_her_desk = mira.stream().await;
    let off = boss.see("/floor").await;
    for text in [
        "The cellar is full of water.",
        "hx-post=\"/emergency/on\"",
        "only 4008000001",
        "<details id=\"emergency-off\">",
    ] {
        assert!(off.contains(text), "no {text} in {off}");
    }
    let on = boss.press("/emergency/on", "message=flood&why=%3Cscript%3Ealert(1)%3C%2Fscript%3E&minutes=30").await;
    assert_eq!(on.status, StatusCode::OK, "{}", on.text);
    assert!(on.shows("hx-post=\"/emergency/off\"") && on.shows("switched on by boss"), "{}", on.text);
    let until = seen(&desk, "flood").await["on"]["until_ms"].as_i64().expect("an end");
    let left = until - controller::clock()().as_ms();
    assert!((1_700_000..=1_800_000).contains(&left), "half an hour: {left}");
    // The band comes to a page that is open, and to one that is opened.
    let band = at_her_desk.until("pieces", |pieces| pieces.contains("Emergency message on")).await;
    assert!(band.contains("flood") && !band.contains("emergency-switches"), "she has no switch: {band}");
    for page in [mira.see("/desk").await, boss.see("/floor").await, boss.see("/calls").await] {
        assert!(page.contains("Emergency message on") && !page.contains(HOSTILE), "{page}");
    }
    assert!(boss.see_in_chinese("/floor").await.contains("\u{5e94}\u{6025}"), "in her language");
    for path in ["/emergency/on", "/emergency/off"] {
        assert_eq!(mira.press(path, "message=flood").await.status, StatusCode::FORBIDDEN, "{path}");
    }
    let gone = boss.press("/emergency/off", "message=flood&why=it+is+dry").await;
    assert!(gone.shows("hx-post=\"/emergency/on\"") && !gone.shows("Emergency message on"), "{}", gone.text);
    at_her_desk.until("pieces", |pieces| pieces.contains("id=\"emergency-band\"") && pieces.contains(" hidden")).await;
    assert!(!mira.see("/desk").await.contains("Emergency message on"));
    let chief = Browser::of(&desk, "demo", "chief", "Chief", Role::Admin).await;
    let page = audited(&chief, 2).await;
    assert!(page.contains("it is dry") && page.contains("boss") && !page.contains(HOSTILE), "{page}");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_button_pressed_with_nonsense_says_so_and_switches_nothing() {
    let desk = open().await;
    let boss = Browser::supervisor(&desk).await;
    for minutes in ["0", "-5", "1441", "1.5", "soon", "99999999999999999999"] {
        let answer = boss.press("/emergency/on", &format!("message=flood&minutes={minutes}")).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{minutes}: {}", answer.text);
        assert!(answer.shows("from 1 to 1440"), "{}", answer.text);
    }
    let long = "w".repeat(201);
    for form in [format!("message=flood&why={long}"), "message=flood&why=two%0Alines".to_owned()] {
        assert_eq!(boss.press("/emergency/on", &form).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{form}");
    }
    for form in ["", "message=", "message=earthquake", "message=%3Cscript%3Ealert(1)%3C%2Fscript%3E"] {
        let answer = boss.press("/emergency/on", form).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{form}: {}", answer.text);
        assert!(!answer.shows(HOSTILE), "{}", answer.text);
    }
    assert_eq!(seen(&desk, "flood").await["on"], Value::Null);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_without_the_message_switches_it_off() {
    let desk = open().await;
    switch(&desk, Method::PUT, "flood", json!({ "by": "lead" })).await;
    std::fs::write(desk.yaml(), CENTRE).expect("a file");
    let (status, answer) = desk.ask(Method::POST, "/versions", None).await;
    assert_eq!(status, 201, "{answer}");
    assert_eq!(desk.get("/emergency").await, json!([]));
    let boss = Browser::supervisor(&desk).await;
    let began = std::time::Instant::now();
    while boss.see("/floor").await.contains("Emergency message on") {
        assert!(began.elapsed() < PATIENCE, "the band stays");
    }
    desk.close().await;
}
