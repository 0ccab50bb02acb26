//! Somebody else's program: takes what hooks send, and behaves as it is told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::desk::PATIENCE;

/// What it does with a letter.
#[derive(Clone, Debug)]
pub enum Manner {
    Answers(u16),
    /// Takes its time.
    Slow(Duration),
    /// Takes it and says nothing, ever.
    Hangs,
    SendsTo(String),
    /// Answers without end.
    Babbles,
}

/// One letter.
#[derive(Clone, Debug)]
pub struct Got {
    pub id: String,
    pub timestamp: String,
    pub signature: String,
    pub text: String,
    pub at: Instant,
}

impl Got {
    pub fn body(&self) -> Value {
        serde_json::from_str(&self.text).expect("JSON")
    }

    pub fn kind(&self) -> String {
        self.body()["type"].as_str().expect("a kind").to_owned()
    }

    /// As a receiver does it, from the text of the secret.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").expect("a secret")).expect("base64");
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).expect("a key");
        mac.update(format!("{}.{}.{}", self.id, self.timestamp, self.text).as_bytes());
        self.signature == format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

#[derive(Clone)]
struct Desk {
    manner: Arc<Mutex<Manner>>,
    got: Arc<Mutex<Vec<Got>>>,
}

pub struct Receiver {
    address: SocketAddr,
    desk: Desk,
    serving: Option<JoinHandle<()>>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.die();
    }
}

impl Receiver {
    pub async fn start(manner: Manner) -> Self {
        let desk = Desk { manner: Arc::new(Mutex::new(manner)), got: Arc::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let mut this = Self { address, desk, serving: None };
        this.serve(listener);
        this
    }

    fn serve(&mut self, listener: TcpListener) {
        let router = Router::new().fallback(take).with_state(self.desk.clone());
        self.serving = Some(tokio::spawn(async move { axum::serve(listener, router).await.expect("serves") }));
    }

    /// Its port is closed; what is open breaks.
    pub fn die(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.abort();
        }
    }

    pub async fn rise(&mut self) {
        let began = Instant::now();
        loop {
            match TcpListener::bind(self.address).await {
                Ok(listener) => return self.serve(listener),
                Err(error) => assert!(began.elapsed() < PATIENCE, "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook?from=cordboard", self.address)
    }

    pub fn becomes(&self, manner: Manner) {
        *self.desk.manner.lock().expect("a lock") = manner;
    }

    pub fn got(&self) -> Vec<Got> {
        self.desk.got.lock().expect("a lock").clone()
    }

    /// Waits until `good` of what it got.
    pub async fn until(&self, what: &str, good: impl Fn(&[Got]) -> bool) -> Vec<Got> {
        let began = Instant::now();
        loop {
            let got = self.got();
            if good(&got) {
                return got;
            }
            assert!(began.elapsed() < PATIENCE, "never {what}: {:?}", got.iter().map(Got::kind).collect::<Vec<_>>());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

async fn take(State(desk): State<Desk>, headers: HeaderMap, request: Request) -> Response {
    let one = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    assert_eq!((request.method().as_str(), request.uri().path()), ("POST", "/hook"));
    assert_eq!(one("content-type"), "application/json");
    let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.expect("a body");
    let got = Got {
        id: one("webhook-id"),
        timestamp: one("webhook-timestamp"),
        signature: one("webhook-signature"),
        text: String::from_utf8(body.to_vec()).expect("text"),
        at: Instant::now(),
    };
    desk.got.lock().expect("a lock").push(got);
    let manner = desk.manner.lock().expect("a lock").clone();
    match manner {
        Manner::Answers(status) => StatusCode::from_u16(status).expect("a status").into_response(),
        Manner::Slow(time) => {
            tokio::time::sleep(time).await;
            StatusCode::NO_CONTENT.into_response()
        }
        Manner::Hangs => std::future::pending().await,
        Manner::SendsTo(place) => (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, place)]).into_response(),
        Manner::Babbles => "x".repeat(1 << 20).into_response(),
    }
}
