//! The stream of events.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::desk::{Desk, PATIENCE};

/// One reader of the stream.
struct Reader {
    answer: reqwest::Response,
    text: String,
}

impl Reader {
    async fn open(desk: &Desk, path: &str) -> Self {
        let request = desk.request(Method::GET, path).timeout(Duration::from_secs(60));
        let answer = request.send().await.expect("an answer");
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
    async fn fact(&mut self) -> (u64, Value) {
        let piece = self.piece().await.expect("an event");
        let field = |name: &str| {
            let mut found = piece.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            found.next().unwrap_or_else(|| panic!("no {name} in {piece}")).to_owned()
        };
        assert_eq!(field("event"), "fact");
        (field("id").parse().expect("a number"), serde_json::from_str(&field("data")).expect("JSON"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_gets_every_fact_of_a_call_in_order() {
    let desk = Desk::open().await;
    let mut here = Reader::open(&desk, "/api/v1/centres/demo/events").await;
    let mut everywhere = Reader::open(&desk, "/api/v1/events").await;
    desk.log_in("mira").await;
    desk.call("A caller\r\n\r\nevent: forged");
    let mut kinds = Vec::new();
    let mut last = 0;
    while kinds.last().is_none_or(|kind| kind != "call_connected") {
        let (seq, data) = here.fact().await;
        assert!(seq >= last, "{seq} after {last}");
        last = seq;
        assert_eq!((&data["seq"], &data["centre"]), (&json!(seq), &json!("demo")));
        assert!(data["words"].as_str().is_some_and(|words| !words.is_empty()) && data["at_ms"].is_i64());
        assert_eq!(everywhere.fact().await, (seq, data.clone()));
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
