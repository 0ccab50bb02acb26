//! Hooks against receivers that are slow, dead, wrong or hostile: what happened arrives, in order, and nobody waits.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use cordboard::events::hooks::{Patience, Reachable, Sender};
use cordboard::store::keys::Scope;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::rustls;

use crate::desk::{Database, Desk, PATIENCE, reachable};
use crate::postgres::Postgres;
use crate::receiver::{Got, Manner, Receiver};

/// As by default, in the time that a test has.
fn hurried() -> Patience {
    Patience {
        delivery: Duration::from_millis(700),
        first: Duration::from_millis(50),
        longest: Duration::from_millis(200),
        ..Patience::default()
    }
}

/// A hook; its id and secret.
async fn hooked(desk: &Desk, url: &str, kinds: &[&str]) -> (String, String) {
    let (status, made) = desk.ask(Method::POST, "/hooks", Some(json!({ "url": url, "kinds": kinds }))).await;
    assert_eq!(status, 201, "{made}");
    let text = |name: &str| made[name].as_str().expect("a text").to_owned();
    (text("id"), text("secret"))
}

/// Agents taking and ending breaks: facts without end.
async fn breaks(desk: &Desk, count: usize) {
    for _ in 0..count {
        let (status, _) = desk.ask(Method::PUT, "/agents/mira/break", Some(json!({ "reason": "lunch" }))).await;
        assert_eq!(status, 200);
        assert_eq!(desk.ask(Method::DELETE, "/agents/mira/break", None).await.0, 200);
    }
}

fn places(got: &[Got]) -> Vec<(u64, u64)> {
    let place = |body: &Value| (body["data"]["seq"].as_u64().expect("seq"), body["data"]["n"].as_u64().expect("n"));
    got.iter().map(|got| place(&got.body())).collect()
}

/// How many of them are not the same once more: who answers late has it again.
fn different(got: &[Got]) -> usize {
    got.iter().map(|got| got.id.as_str()).collect::<BTreeSet<_>>().len()
}

/// Every one once, in order, when those that came twice are dropped by their id.
fn are_whole(got: &[Got], count: usize) {
    let mut seen = BTreeSet::new();
    let first: Vec<Got> = got.iter().filter(|got| seen.insert(got.id.clone())).cloned().collect();
    let places = places(&first);
    assert!(places.is_sorted(), "{places:?}");
    assert_eq!(first.len(), count, "{:?}", first.iter().map(Got::kind).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_is_sent_in_order_signed_and_once() {
    let desk = Desk::open().await;
    desk.deliver(hurried()).await;
    let (all, some) = (Receiver::start(Manner::Answers(204)).await, Receiver::start(Manner::Answers(200)).await);
    let (_, secret) = hooked(&desk, &all.url(), &[]).await;
    let (id, _) = hooked(&desk, &some.url(), &["call_ended", "call_arrived"]).await;
    desk.log_in("mira").await;
    desk.call("A \"caller\"</script>\r\n");
    desk.until("/agents/mira", |agent| agent["state"] == "talking").await;
    desk.ask(Method::DELETE, "/agents/mira/call", None).await;
    let got = all.until("the end of the call", |got| got.iter().any(|got| got.kind() == "call_ended")).await;
    let document = desk.document().await;
    let sent = &document.whole["webhooks"]["event"]["post"]["requestBody"]["content"]["application/json"]["schema"];
    for got in &got {
        assert!(got.is_signed_with(&secret), "{got:?}");
        document.fits(sent, &got.body(), "what is sent");
        let age =
            got.timestamp.parse::<i64>().expect("seconds") - got.body()["data"]["at_ms"].as_i64().expect("ms") / 1000;
        assert!((-1..20).contains(&age), "{age}");
        assert_eq!(got.id, format!("demo-{}-{}", got.body()["data"]["seq"], got.body()["data"]["n"]));
    }
    are_whole(&got, got.len());
    let arrived = got.iter().find(|got| got.kind() == "call_arrived").expect("a call").body();
    assert_eq!(arrived["data"]["fact"]["from"], "13800000001");
    assert!(arrived["data"]["fact"]["name"].as_str().is_some_and(|name| name.starts_with("A \"caller\"</script>")));
    let some = some.until("both", |got| got.len() == 2).await;
    assert_eq!([some[0].kind(), some[1].kind()], ["call_arrived", "call_ended"]);
    let delivered = |hook: &Value| hook["delivered_ms"].is_i64() && hook["state"] == "delivering";
    desk.until(&format!("/hooks/{id}"), delivered).await;
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_fails_gets_everything_later_and_nobody_waits_for_it() {
    let desk = Desk::open().await;
    desk.deliver(hurried()).await;
    let mut wrong = Receiver::start(Manner::Answers(500)).await;
    let hangs = Receiver::start(Manner::Hangs).await;
    let babbles = Receiver::start(Manner::Babbles).await;
    let good = Receiver::start(Manner::Answers(200)).await;
    let kinds = ["agent_changed"];
    let (id, _) = hooked(&desk, &wrong.url(), &kinds).await;
    for receiver in [&hangs, &babbles, &good] {
        hooked(&desk, &receiver.url(), &kinds).await;
    }
    desk.log_in("mira").await;
    let began = std::time::Instant::now();
    breaks(&desk, 5).await;
    // Ten requests: each would take this long if it waited for the one that hangs.
    assert!(began.elapsed() < hurried().delivery * 10, "{:?}", began.elapsed());
    // In at the desk, and five breaks with their ends.
    let count = 11;
    for receiver in [&good, &babbles] {
        receiver.until("all of them", |got| different(got) == count).await;
    }
    let failing = desk.until(&format!("/hooks/{id}"), |hook| hook["failures"].as_u64() > Some(2)).await;
    assert_eq!((&failing["state"], &failing["failed_why"]), (&json!("failing"), &json!("it answered 500")));
    assert!(failing["next_ms"].is_i64() && failing["failing_since_ms"].is_i64());
    // Again and again the same one, under the same id.
    let tried = wrong.until("four tries", |got| got.len() >= 4).await;
    assert!(tried.iter().all(|got| got.id == tried[0].id));
    // Never sooner than this (but for the millisecond that a clock is told in); how much later is the machine's affair.
    for (two, times) in tried.windows(2).zip([1, 2, 4]) {
        let (pause, least) = (two[1].at - two[0].at, (hurried().first * times).min(hurried().longest));
        assert!(pause + Duration::from_millis(1) >= least, "{pause:?} of {least:?}");
    }
    wrong.die();
    desk.until(&format!("/hooks/{id}"), |hook| hook["failed_why"] != "it answered 500").await;
    breaks(&desk, 1).await;
    wrong.becomes(Manner::Answers(200));
    hangs.becomes(Manner::Slow(Duration::from_millis(20)));
    wrong.rise().await;
    let count = count + 2;
    for receiver in [&wrong, &hangs, &babbles, &good] {
        are_whole(&receiver.until("all of them", |got| different(got) == count).await, count);
    }
    desk.until(&format!("/hooks/{id}"), |hook| hook["state"] == "delivering").await;
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_goes_on_where_it_was_when_we_stopped() {
    let desk = Desk::open().await;
    let first = desk.deliver(hurried()).await;
    let receiver = Receiver::start(Manner::Answers(200)).await;
    hooked(&desk, &receiver.url(), &["agent_changed"]).await;
    desk.log_in("mira").await;
    breaks(&desk, 3).await;
    // In at the desk, and three breaks with their ends.
    let before = receiver.until("all so far", |got| different(got) == 7).await.len();
    first.stop().await;
    breaks(&desk, 3).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(receiver.got().len(), before, "delivered by nobody");
    desk.deliver(hurried()).await;
    let got = receiver.until("the rest", |got| different(got) == 13).await;
    // It was told to stop and had the time to write where it was.
    assert_eq!(got.len(), before + 6);
    are_whole(&got, 13);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_fails_for_days_is_switched_off_for_all_to_see_and_goes_on_where_it_stopped() {
    let desk = Desk::open().await;
    let patience = Patience { give_up_after: Duration::from_millis(600), give_up_failures: 4, ..hurried() };
    desk.deliver(patience).await;
    let receiver = Receiver::start(Manner::Answers(503)).await;
    let gone = Receiver::start(Manner::Answers(410)).await;
    let (id, _) = hooked(&desk, &receiver.url(), &["agent_changed"]).await;
    let (gone_id, _) = hooked(&desk, &gone.url(), &[]).await;
    desk.log_in("mira").await;
    breaks(&desk, 2).await;
    let off = desk.until(&format!("/hooks/{id}"), |hook| hook["state"] == "off").await;
    assert!(off["off_why"].as_str().is_some_and(|why| why.contains("it answered 503")), "{off}");
    assert!(off["failures"].as_u64() >= Some(3) && off["next_ms"].is_null(), "{off}");
    let off = desk.until(&format!("/hooks/{gone_id}"), |hook| hook["state"] == "off").await;
    assert!(off["off_why"].as_str().is_some_and(|why| why.contains("410")), "{off}");
    assert_eq!(gone.got().len(), 1);
    let tried = receiver.got().len();
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(receiver.got().len(), tried);
    receiver.becomes(Manner::Answers(200));
    let (status, on) = desk.ask(Method::PATCH, &format!("/hooks/{id}"), Some(json!({ "on": true }))).await;
    assert_eq!((status, &on["state"], &on["failures"]), (200, &json!("delivering"), &json!(0)));
    let got = receiver.until("all", |got| different(got) == 5).await;
    // In at the desk, and two breaks with their ends.
    are_whole(&got, 5);
    // By hand, too.
    desk.ask(Method::PATCH, &format!("/hooks/{id}"), Some(json!({ "on": false }))).await;
    let off = desk.get(&format!("/hooks/{id}")).await;
    assert_eq!((&off["state"], &off["off_why"]), (&json!("off"), &json!("switched off by hand")));
    desk.close().await;
}

/// An https receiver under a certificate of its own; what it is sent, and what to trust.
async fn under_tls(name: &str) -> (String, tokio::sync::mpsc::UnboundedReceiver<String>, rustls::RootCertStore) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).expect("a certificate");
    let mut roots = rustls::RootCertStore::empty();
    roots.add(made.cert.der().clone()).expect("a root");
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("a certificate and its key");
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("https://localhost:{}/hook", listener.local_addr().expect("an address").port());
    let (sent, got) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut bytes = vec![0; 16 << 10];
            let read = stream.read(&mut bytes).await.unwrap_or(0);
            let _ = sent.send(String::from_utf8_lossy(&bytes[..read]).into_owned());
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await;
            let _ = stream.shutdown().await;
        }
    });
    (url, got, roots)
}

#[tokio::test(flavor = "multi_thread")]
async fn with_tls_only_whom_we_trust_under_its_own_name_is_sent_anything() {
    let (url, mut got, roots) = under_tls("localhost").await;
    let (strange_url, mut strange, _) = under_tls("localhost").await;
    let (other_url, mut other, other_roots) = under_tls("other.example").await;
    let mut all = roots.clone();
    all.extend(other_roots.roots);
    let desk = Desk::open().await;
    desk.deliver_by(Sender::trusting(reachable(), all).expect("TLS"), hurried());
    hooked(&desk, &url, &["agent_logged_in"]).await;
    let (strange_id, _) = hooked(&desk, &strange_url, &["agent_logged_in"]).await;
    let (other_id, _) = hooked(&desk, &other_url, &["agent_logged_in"]).await;
    desk.log_in("mira").await;
    let letter = tokio::time::timeout(PATIENCE, got.recv()).await.expect("in time").expect("a letter");
    assert!(letter.starts_with("POST /hook HTTP/1.1\r\n") && letter.contains("webhook-signature: v1,"), "{letter}");
    for id in [strange_id, other_id] {
        let failing = desk.until(&format!("/hooks/{id}"), |hook| hook["state"] == "failing").await;
        assert!(failing["failed_why"].as_str().is_some_and(|why| why.starts_with("no TLS")), "{failing}");
    }
    assert!(strange.try_recv().is_err() && other.try_recv().is_err());
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_leads_inside_is_not_followed_there() {
    let desk = Desk::open().await;
    // Allowed is another network than the one that the name leads to.
    let elsewhere = Reachable::new(&["10.99.0.0/16".parse().expect("a network")]);
    desk.deliver_by(Sender::new(elsewhere).expect("TLS"), hurried());
    let inside = Receiver::start(Manner::Answers(200)).await;
    let by_name = inside.url().replace("127.0.0.1", "localhost");
    let (id, _) = hooked(&desk, &by_name, &[]).await;
    desk.log_in("mira").await;
    let failing = desk.until(&format!("/hooks/{id}"), |hook| hook["state"] == "failing").await;
    assert_eq!(failing["failed_why"], "its name leads only to addresses that may not be reached");
    assert!(inside.got().is_empty());
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_redirect_is_followed_and_a_changed_address_is_taken_up() {
    let desk = Desk::open().await;
    desk.deliver(hurried()).await;
    let inside = Receiver::start(Manner::Answers(200)).await;
    let sly = Receiver::start(Manner::SendsTo(inside.url())).await;
    let (id, _) = hooked(&desk, &sly.url(), &["agent_changed"]).await;
    desk.log_in("mira").await;
    let failing = desk.until(&format!("/hooks/{id}"), |hook| hook["state"] == "failing").await;
    assert_eq!(failing["failed_why"], "it answered 307");
    sly.until("two tries", |got| got.len() >= 2).await;
    assert!(inside.got().is_empty());
    let change = json!({ "url": inside.url(), "kinds": [] });
    let (status, changed) = desk.ask(Method::PATCH, &format!("/hooks/{id}"), Some(change)).await;
    assert_eq!((status, &changed["kinds"]), (200, &json!([])), "{changed}");
    inside.until("what waited", |got| got.iter().any(|got| got.kind() == "agent_changed")).await;
    let (status, removed) = desk.ask(Method::DELETE, &format!("/hooks/{id}"), None).await;
    assert_eq!((status, &removed["id"]), (200, &json!(id)));
    assert_eq!(desk.ask(Method::GET, &format!("/hooks/{id}"), None).await.0, 404);
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let before = inside.got().len();
    breaks(&desk, 1).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(inside.got().len(), before);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_inside_is_refused_and_so_is_whatever_is_no_hook() {
    let desk = Desk::open().await;
    let long = format!("https://example.com/{}", "x".repeat(1_000));
    let script = "<script>alert(1)</script>";
    for (url, says) in [
        ("http://10.0.0.1/", "https://"),
        ("https://10.0.0.1/", "allow"),
        ("https://[::1]/", "allow"),
        ("https://[fd00::1]/", "allow"),
        ("https://169.254.169.254/latest/meta-data", "allow"),
        ("https://0x7f000001/", "allow"),
        ("https://user:password@example.com/", "no user"),
        ("ftp://example.com/", "https://host/path"),
        ("/hook", "https://host/path"),
        ("", "https://host/path"),
        (script, "https://host/path"),
        ("https://example.com/\r\nX-A: b", "https://host/path"),
        (&long, "https://host/path"),
    ] {
        let (status, answer) = desk.ask(Method::POST, "/hooks", Some(json!({ "url": url }))).await;
        assert_eq!(status, 400, "{url}: {answer}");
        assert!(answer["message"].as_str().is_some_and(|message| message.contains(says)), "{url}: {answer}");
    }
    let url = "https://example.com/hook";
    for body in [
        json!({}),
        json!([]),
        json!({ "url": 7 }),
        json!({ "url": url, "kinds": [script] }),
        json!({ "url": url, "kinds": "call_ended" }),
        json!({ "url": url, "kinds": vec!["call_ended"; 3], "secret": "short" }),
        json!({ "url": url, "secret": script }),
        json!({ "url": url, "on": true }),
    ] {
        let (status, answer) = desk.ask(Method::POST, "/hooks", Some(body.clone())).await;
        assert_eq!((status, &answer["error"]), (400, &json!("invalid")), "{body}");
    }
    assert_eq!(desk.get("/hooks").await, json!([]));
    let given = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let body = json!({ "url": url, "kinds": ["call_ended", "call_ended"], "secret": given });
    let (status, made) = desk.ask(Method::POST, "/hooks", Some(body)).await;
    assert_eq!((status, &made["secret"], &made["kinds"]), (201, &json!(given), &json!(["call_ended"])));
    assert_eq!(made["made_by"], "the house");
    assert!(desk.get("/hooks").await[0]["secret"].is_null());
    for id in ["nonsense", "000000000000", "%00", "a%0d%0a", &"x".repeat(5_000)] {
        for method in [Method::GET, Method::DELETE, Method::PATCH] {
            let (status, answer) = desk.ask(method.clone(), &format!("/hooks/{id}"), Some(json!({}))).await;
            assert_eq!(status, 404, "{method} {id}: {answer}");
        }
    }
    for _ in 1..20 {
        hooked(&desk, url, &[]).await;
    }
    let (status, answer) = desk.ask(Method::POST, "/hooks", Some(json!({ "url": url }))).await;
    assert_eq!((status, answer["message"].as_str().is_some_and(|said| said.contains("20"))), (400, true), "{answer}");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_belongs_to_one_centre_and_hears_nothing_of_another() {
    let desk = Desk::of(&["demo", "other"], None, Database::File).await;
    desk.deliver(hurried()).await;
    let receiver = Receiver::start(Manner::Answers(200)).await;
    let key = crate::keys::made(&desk, "other", &Scope::ALL, None).await.reveal();
    let of_other = |method: Method, path: String| desk.request(method, &path).bearer_auth(&key);
    let made = of_other(Method::POST, "/api/v1/centres/other/hooks".into()).json(&json!({ "url": receiver.url() }));
    let made = made.send().await.expect("an answer");
    assert_eq!(made.status(), 201);
    let made: Value = made.json().await.expect("JSON");
    assert!(made["made_by"].as_str().is_some_and(|by| by.starts_with("key ")), "{made}");
    let id = made["id"].as_str().expect("an id");
    for method in [Method::GET, Method::PATCH, Method::DELETE] {
        assert_eq!(desk.ask(method.clone(), &format!("/hooks/{id}"), Some(json!({ "on": false }))).await.0, 404);
        let strange = of_other(method, format!("/api/v1/centres/demo/hooks/{id}")).json(&json!({}));
        assert_eq!(strange.send().await.expect("an answer").status(), 404);
    }
    desk.log_in("mira").await;
    breaks(&desk, 1).await;
    let seat = json!({ "station": "PJSIP/otto", "queues": ["desk"], "skills": {} });
    let otto = desk.request(Method::PUT, "/api/v1/centres/other/agents/otto/session").json(&seat);
    assert_eq!(otto.send().await.expect("an answer").status(), 200);
    let got = receiver.until("otto", |got| got.len() >= 2).await;
    assert!(got.iter().all(|got| got.body()["data"]["centre"] == "other"), "{got:?}");
    desk.close().await;
}

#[test]
fn with_the_database_away_nothing_is_lost_and_nobody_waits() {
    // The server ends with the thread that started it.
    let server = Postgres::start_own();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let desk = Desk::of(&["demo"], None, Database::At(server.database())).await;
        desk.deliver(hurried()).await;
        let receiver = Receiver::start(Manner::Answers(200)).await;
        hooked(&desk, &receiver.url(), &["agent_changed"]).await;
        desk.log_in("mira").await;
        breaks(&desk, 2).await;
        receiver.until("five", |got| got.len() >= 5).await;
        server.stop();
        let began = std::time::Instant::now();
        // All of it while the database answers nothing. One request that waited for it would take the three seconds
        // after which there is none to be had; ten of them ten times as long.
        breaks(&desk, 5).await;
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
        tokio::time::sleep(Duration::from_secs(7)).await;
        server.go_on();
        let got = receiver.until("fifteen", |got| different(got) == 15).await;
        are_whole(&got, 15);
        desk.close().await;
    });
}
