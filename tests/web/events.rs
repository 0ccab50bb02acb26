//! The stream of events.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::desk::{Database, Desk, PATIENCE};

/// One reader of the stream.
struct Reader {
    answer: reqwest::Response,
    text: String,
}

impl Reader {
    async fn open(desk: &Desk, path: &str) -> Self {
        Self::behind(desk, path, "").await
    }

    /// Behind an event that was had.
    async fn behind(desk: &Desk, path: &str, last: &str) -> Self {
        let request = desk.request(Method::GET, path).header("last-event-id", last).timeout(Duration::from_secs(60));
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        let mut reader = Self { answer, text: String::new() };
        // From here on nothing is missed.
        assert!(reader.piece().await.is_some_and(|piece| piece.starts_with(':')));
        reader
    }

    async fn piece(&mut self) -> Option<String> {
        loop {
            if let Some((piece, rest)) = self.text.split_once("\n\n") {
                let piece = piece.to_owned();
                self.text = rest.to_owned();
                return Some(piece);
            }
            let more = tokio::time::timeout(PATIENCE, self.answer.chunk()).await.expect("an event in time");
            self.text.push_str(&String::from_utf8_lossy(&more.expect("a stream")?));
        }
    }

    /// The next fact, and the number it has in the stream.
    async fn fact(&mut self) -> (String, Value) {
        let piece = self.piece().await.expect("an event");
        assert_eq!(field(&piece, "event"), "fact", "{piece}");
        (field(&piece, "id"), serde_json::from_str(&field(&piece, "data")).expect("JSON"))
    }

    /// Facts up to the first of this kind.
    async fn until(&mut self, kind: &str) -> Vec<(String, Value)> {
        let mut all = Vec::new();
        while all.last().is_none_or(|(_, data): &(String, Value)| data["fact"]["fact"] != kind) {
            all.push(self.fact().await);
        }
        all
    }
}

fn field(piece: &str, name: &str) -> String {
    let mut found = piece.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    found.next().unwrap_or_else(|| panic!("no {name} in {piece}")).to_owned()
}

/// A call from its arrival to its end.
async fn a_call(desk: &Desk, name: &str) {
    desk.call(name);
    desk.until("/agents/mira", |agent| agent["state"] == "talking").await;
    desk.ask(Method::DELETE, "/agents/mira/call", None).await;
    desk.until("/agents/mira", |agent| agent["state"] == "wrapping_up").await;
    desk.ask(Method::DELETE, "/agents/mira/wrap-up", None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_gets_every_fact_of_a_call_in_order() {
    let desk = Desk::open().await;
    let mut here = Reader::open(&desk, "/api/v1/centres/demo/events").await;
    let mut everywhere = Reader::open(&desk, "/api/v1/events").await;
    desk.log_in("mira").await;
    desk.call("A caller\r\n\r\nevent: forged");
    let document = desk.document().await;
    let event = &document.whole["paths"]["/centres/{centre}/events"]["get"]["responses"]["200"]["content"];
    let event = &event["text/event-stream"]["x-data"];
    let mut kinds = Vec::new();
    let mut last = (0, 0);
    while kinds.last().is_none_or(|kind| kind != "call_connected") {
        let (id, data) = here.fact().await;
        document.fits(event, &data, "an event");
        let place = (data["seq"].as_u64().expect("a number"), data["n"].as_u64().expect("a number"));
        assert!(place > last, "{place:?} after {last:?}");
        last = place;
        assert_eq!((id, &data["centre"]), (format!("{}-{}", place.0, place.1), &json!("demo")));
        assert!(data["words"].as_str().is_some_and(|words| !words.is_empty()) && data["at_ms"].is_i64());
        assert_eq!(everywhere.fact().await, (format!("demo:{}-{}", place.0, place.1), data.clone()));
        kinds.push(data["fact"]["fact"].as_str().expect("a kind").to_owned());
    }
    let calls: Vec<&str> = kinds.iter().map(String::as_str).filter(|kind| !kind.starts_with("agent")).collect();
    let expected = ["call_arrived", "step_entered", "call_queued", "offer_made", "offer_rang", "offer_answered"];
    assert_eq!(calls.get(..6), Some(&expected[..]), "{calls:?}");
    desk.close().await;
    // Stopping ends the stream, rather than the reader's patience.
    while here.piece().await.is_some() {}
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_no_stream_of_a_centre_that_is_not_there() {
    let desk = Desk::open().await;
    assert_eq!(desk.get_raw("/api/v1/centres/nowhere/events").await.status(), 404);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_comes_back_goes_on_behind_the_last_event_it_had() {
    let desk = Desk::open().await;
    desk.log_in("mira").await;
    let path = "/api/v1/centres/demo/events";
    let mut all = Reader::open(&desk, path).await;
    a_call(&desk, "A caller").await;
    let mut told = all.until("call_ended").await;
    a_call(&desk, "Another").await;
    told.extend(all.until("call_ended").await);
    // Behind each of them, out of memory; within one entry too.
    for at in [0, 1, 2, told.len() / 2, told.len() - 2] {
        let mut back = Reader::behind(&desk, path, &told[at].0).await;
        for expected in &told[at + 1..] {
            assert_eq!(back.fact().await, *expected);
        }
    }
    // The same from the beginning of time, out of SQL, with the callers' numbers.
    let mut from_the_first = Reader::open(&desk, &format!("{path}?after=0")).await;
    let (_, first) = from_the_first.fact().await;
    assert_eq!(first["fact"]["fact"], "controller_started");
    let mut again = vec![from_the_first.fact().await];
    while again.last().map(|(id, _)| id) != told.last().map(|(id, _)| id) {
        again.push(from_the_first.fact().await);
    }
    let since = again.split_off(again.len() - told.len());
    assert_eq!(since, told);
    let arrived = since.iter().find(|(_, data)| data["fact"]["fact"] == "call_arrived").expect("a call");
    assert_eq!((&arrived.1["fact"]["from"], &arrived.1["fact"]["name"]), (&json!("13800000001"), &json!("A caller")));
    // And then live.
    a_call(&desk, "A third").await;
    let here = all.until("call_ended").await;
    for expected in here {
        assert_eq!(from_the_first.fact().await, expected);
    }
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_of_all_centres_comes_back_to_each_where_it_left() {
    let desk = Desk::of(&["demo", "other"], None, Database::File).await;
    let mut all = Reader::open(&desk, "/api/v1/events").await;
    desk.log_in("mira").await;
    a_call(&desk, "A caller").await;
    let told = all.until("call_ended").await;
    let (id, _) = &told[0];
    assert!(id.contains("demo:") && id.contains("other:"), "{id}");
    let mut back = Reader::behind(&desk, "/api/v1/events", id).await;
    for expected in &told[1..] {
        assert_eq!(back.fact().await, *expected);
    }
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_gets_the_kinds_it_asks_for() {
    let desk = Desk::open().await;
    desk.log_in("mira").await;
    let path = "/api/v1/centres/demo/events?kinds=call_arrived,call_ended";
    let mut some = Reader::open(&desk, path).await;
    a_call(&desk, "{\"fact\":{\"fact\":\"call_connected\"}").await;
    let (id, arrived) = some.fact().await;
    assert_eq!(arrived["fact"]["fact"], "call_arrived");
    assert_eq!(some.fact().await.1["fact"]["fact"], "call_ended");
    assert_eq!(Reader::behind(&desk, path, &id).await.fact().await.1["fact"]["fact"], "call_ended");
    let script = "<script>alert(1)</script>".repeat(200);
    for wrong in [
        "kinds=call_burnt",
        "kinds=",
        "kinds=call_ended,,",
        "after=x",
        "after=1-0-0",
        "after=other:5",
        "since=1",
        &format!("kinds={script}"),
    ] {
        let (status, answer) = desk.ask(Method::GET, &format!("/events?{wrong}"), None).await;
        assert_eq!((status, &answer["error"]), (400, &json!("invalid")), "{wrong}");
    }
    for wrong in ["x", "demo:1,nowhere:1", "18446744073709551616", "\u{ff}"] {
        let request = desk.request(Method::GET, "/api/v1/centres/demo/events").header("last-event-id", wrong);
        assert_eq!(request.send().await.expect("an answer").status(), 400, "{wrong}");
    }
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_missed_and_cannot_be_had_is_said() {
    let desk = Desk::with(None, false).await;
    let path = "/api/v1/centres/demo/events";
    // The database is away, and what happened before the start is nowhere else; or it never happened.
    for last in ["0", "1-0", "999999-0"] {
        let mut reader = Reader::behind(&desk, path, last).await;
        let lagged = reader.piece().await.expect("an event");
        assert_eq!((field(&lagged, "event"), field(&lagged, "data")), ("lagged".into(), "{\"missed\":null}".into()));
    }
    let mut reader = Reader::behind(&desk, path, "999999-0").await;
    reader.piece().await.expect("what was missed");
    desk.log_in("mira").await;
    reader.until("agent_logged_in").await;
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_streams_are_open_and_one_more_is_told_to_come_later() {
    let desk = Desk::open().await;
    let path = "/api/v1/centres/demo/events?kinds=agent_logged_in";
    let mut readers = Vec::new();
    for _ in 0..1_000 {
        readers.push(Reader::open(&desk, path).await);
    }
    let one_more = desk.get_raw(path).await;
    assert_eq!(one_more.status(), 503);
    desk.log_in("mira").await;
    for reader in &mut readers {
        assert_eq!(reader.fact().await.1["fact"]["agent"], "mira");
    }
    readers.truncate(999);
    let began = std::time::Instant::now();
    while desk.get_raw(path).await.status() != 200 {
        assert!(began.elapsed() < PATIENCE, "a stream that was closed stays taken");
        desk.ask(Method::PUT, "/agents/mira/break", Some(json!({ "reason": "lunch" }))).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    desk.close().await;
}
