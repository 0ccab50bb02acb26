//! What strangers, other sites' pages and broken programs send.

use std::time::Duration;

use reqwest::{Method, header};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::desk::{Desk, PATIENCE};

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_site_is_refused_and_so_is_a_strangers_name() {
    let desk = Desk::open().await;
    for (name, value) in [
        ("host", "rebound.example"),
        ("origin", "http://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        for path in ["/health", "/metrics", "/api/v1/centres/demo/floor", "/api/v1/nothing"] {
            let answer = desk.request(Method::GET, path).header(name, value).send().await.expect("an answer");
            assert_eq!(answer.status(), 403, "{name}: {value} at {path}");
        }
        let publish = desk.request(Method::POST, "/api/v1/centres/demo/versions").header(name, value);
        assert_eq!(publish.send().await.expect("an answer").status(), 403);
    }
    let own = desk.request(Method::GET, "/health").header("origin", &desk.base).header("sec-fetch-site", "same-origin");
    assert_eq!(own.send().await.expect("an answer").status(), 200);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_token_nothing_but_health_is_told_without_it() {
    let desk = Desk::with(Some("a-long-token"), true).await;
    // The figures are for whoever watches over this machine, as health is for whoever watches over us.
    assert_eq!(desk.get_raw("/metrics").await.status(), 200);
    for path in ["/api/v1/openapi.json", "/api/v1/centres", "/api/v1/centres/demo/floor", "/api/v1/events"] {
        let get = || desk.request(Method::GET, path);
        let without = get().send().await.expect("an answer");
        assert_eq!(without.status(), 401, "{path}");
        assert_eq!(without.headers()[header::WWW_AUTHENTICATE], "Bearer");
        assert_eq!(get().bearer_auth("a-long-tokem").send().await.expect("an answer").status(), 401);
        assert_eq!(get().bearer_auth("a-long-token").send().await.expect("an answer").status(), 200, "{path}");
    }
    let named = desk.request(Method::GET, "/api/v1/centres").bearer_auth("a-long-token").header("host", "cc.example");
    assert_eq!(named.send().await.expect("an answer").status(), 200);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_wrong_is_told_what_is_wrong() {
    let desk = Desk::open().await;
    let put = |body: String, kind: &'static str| {
        let request = desk.request(Method::PUT, "/api/v1/centres/demo/agents/mira/session");
        request.header(header::CONTENT_TYPE, kind).body(body).send()
    };
    let json = "application/json";
    for (body, kind, status, says) in [
        ("{", json, 400, "EOF"),
        ("[]", json, 400, "invalid"),
        (r#"{"statoin":"PJSIP/x"}"#, json, 400, "unknown field `statoin`"),
        (r#"{"station":7}"#, json, 400, "invalid type"),
        (r#"{"station":"PJSIP/x&PJSIP/y","queues":[],"skills":{}}"#, json, 400, "a station is an address"),
        (r#"{"station":"PJSIP/x\r\nAction: Logoff","queues":[],"skills":{}}"#, json, 400, "a station is an address"),
        (r#"{"station":"PJSIP/x","queues":[],"skills":{"english":11}}"#, json, 400, "levels are 1 to 10"),
        (r#"{"station":"PJSIP/x","queues":[],"skills":{}}"#, "text/plain", 415, "application/json"),
    ] {
        let answer = put(body.into(), kind).await.expect("an answer");
        assert_eq!(answer.status(), status, "{body}");
        let answer: serde_json::Value = answer.json().await.expect("JSON");
        assert!(answer["message"].as_str().is_some_and(|message| message.contains(says)), "{body}: {answer}");
    }
    let long = put(format!("\"{}\"", "x".repeat(65 << 10)), json).await.expect("an answer");
    assert_eq!(long.status(), 413);
    let deep = put("[".repeat(60_000), json).await.expect("an answer");
    assert_eq!(deep.status(), 400);
    assert_eq!(desk.get("/agents").await, json!([]));
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_none_are_answered_in_json() {
    let desk = Desk::open().await;
    let long = format!("/agents/{}", "x".repeat(65));
    for (path, status) in [
        ("/agents/nobody", 404),
        ("/calls/c0000000001-00000001", 404),
        ("/calls/nonsense", 404),
        ("/calls/%00", 404),
        ("/agents/a%0d%0ab", 400),
        ("/agents/%ff", 400),
        ("/agents/%E2%80%AEmira", 400),
        (long.as_str(), 400),
        ("/records?limit=0", 400),
        ("/records?outcome=nice", 400),
        ("/records?after=x", 400),
        ("/records?nope=1", 400),
        ("/nothing", 404),
    ] {
        let (found, answer) = desk.ask(Method::GET, path, None).await;
        assert_eq!(found, status, "{path}: {answer}");
        assert!(answer["error"].is_string() && answer["message"].is_string(), "{answer}");
    }
    let elsewhere = desk.get_raw("/api/v1/centres/nowhere/floor").await;
    assert_eq!(elsewhere.status(), 404);
    let (status, answer) = desk.ask(Method::PATCH, "/floor", None).await;
    assert_eq!((status, &answer["error"]), (405, &json!("no_such_method")));
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_callers_name_comes_out_as_text() {
    let desk = Desk::open().await;
    let name = "\"}]<script>alert(1)</script>\u{1b}[2J\r\ndata: x\u{2028}李";
    desk.call(name);
    let calls = desk.until("/calls", |calls| calls[0]["id"].is_string()).await;
    let shown = calls[0]["name"].as_str().expect("a name");
    assert!(shown.starts_with("\"}]<script>alert(1)</script>") && shown.ends_with('李'), "{shown:?}");
    assert!(!shown.contains(char::is_control));
    let answer = desk.get_raw("/api/v1/centres/demo/calls").await;
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/json");
    assert_eq!(answer.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_http_ends_its_own_connection_and_no_other() {
    let desk = Desk::open().await;
    let address = desk.base.strip_prefix("http://").expect("an address").to_owned();
    let lines = format!("GET /health HTTP/1.1\r\nHost: {address}\r\n{}\r\n", "X-A: b\r\n".repeat(100));
    let large = format!("GET /health HTTP/1.1\r\nHost: {address}\r\nX-A: {}\r\n\r\n", "b".repeat(64 << 10));
    let twice = format!("GET /health HTTP/1.1\r\nHost: {address}\r\nHost: {address}\r\n\r\n");
    for sent in ["\0\u{1}\u{2}\r\n\r\n", "GET /health HTTP/1.1\r\n\r\n", &lines, &large, &twice] {
        let mut stream = tokio::net::TcpStream::connect(&address).await.expect("a connection");
        // The other side may close before it has read all.
        let _ = stream.write_all(sent.as_bytes()).await;
        let mut head = [0; 12];
        let read = tokio::time::timeout(PATIENCE, stream.read_exact(&mut head)).await.expect("an answer in time");
        if read.is_ok() {
            assert!(head.starts_with(b"HTTP/1.1 4"), "{:?}", String::from_utf8_lossy(&head));
        }
    }
    assert_eq!(desk.get_raw("/health").await.status(), 200);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_a_head_too_slowly_is_let_go() {
    let desk = Desk::open().await;
    let address = desk.base.strip_prefix("http://").expect("an address").to_owned();
    let mut stream = tokio::net::TcpStream::connect(&address).await.expect("a connection");
    stream.write_all(b"GET /health HT").await.expect("sent");
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(PATIENCE + Duration::from_secs(5), stream.read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "still connected");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_too_much_is_told_so_and_not_cut_off() {
    let desk = Desk::open().await;
    let put = |bytes: usize| {
        let request = desk.request(Method::PUT, "/api/v1/centres/demo/agents/mira/session");
        request.header(header::CONTENT_TYPE, "application/json").body(vec![b' '; bytes]).send()
    };
    // With 300 kB one in a few hundred was cut off, with 3 MB most.
    for bytes in std::iter::repeat_n(300_000, 100).chain(std::iter::repeat_n(3_000_000, 10)) {
        assert_eq!(put(bytes).await.expect("an answer").status(), 413);
    }
    desk.close().await;
}
