//! One centre on a rehearsal switch behind a listener of its own, in a directory that goes with it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cordboard::config::{Speech, SwitchConfig};
use cordboard::controller::directories::Directories;
use cordboard::controller::filler::{Filler, Filling};
use cordboard::controller::{self, Handle, Start, journal};
use cordboard::routing::ids::{CentreName, LegId, StationAddress, SwitchName};
use cordboard::speech::Speaker;
use cordboard::store::Db;
use cordboard::switch::rehearsal::{Caller, Exchange, Habit, Phone, Rehearsal, World};
use cordboard::web::{self, Parts};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Longer than anything here takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub const CENTRE: &str = "\
language: 1
name: Front desk
zone: Asia/Shanghai
languages: [en]
skills: [english]
break_reasons: [lunch]
numbers: [\"4008000001\"]
start: welcome
queues:
  desk: { wrap_up: until_ready }
steps:
  welcome:
    - queue: desk
";

/// Where a centre's database is.
pub enum Database {
    /// SQLite, beside the centre.
    Here,
    /// Where there is none.
    Nowhere,
    At(String),
}

pub struct Desk {
    pub directory: tempfile::TempDir,
    pub rehearsal: Rehearsal,
    pub handle: Handle,
    pub db: Db,
    pub base: String,
    client: reqwest::Client,
    stop: CancellationToken,
    filling: Option<Filling>,
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Desk {
    pub async fn open() -> Self {
        Self::with(None, true).await
    }

    /// `token`: what requests must bring; `database`: whether it is there.
    pub async fn with(token: Option<&str>, database: bool) -> Self {
        Self::of(CENTRE, token, if database { Database::Here } else { Database::Nowhere }).await
    }

    /// `yaml`: the centre.
    pub async fn of(yaml: &str, token: Option<&str>, database: Database) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path();
        std::fs::create_dir(path.join("centre")).expect("a directory");
        std::fs::write(path.join("centre/centre.yaml"), yaml).expect("a file");
        let recorder = web::recorder().expect("a recorder");
        let name = CentreName::new("demo");
        let directories = Directories::new(BTreeMap::from([(name.clone(), path.join("centre"))]));
        let switch = SwitchName::new("pbx");
        let now = controller::clock();
        let rehearsal = Rehearsal::start(switch.clone(), Exchange::new(switch.clone(), 1), now());
        let handle = controller::start(Start {
            data: path.join("data"),
            switches: BTreeMap::from([(switch.clone(), SwitchConfig::Rehearsal)]),
            rehearsals: BTreeMap::from([(switch.clone(), rehearsal.clone())]),
            centres: directories.read().expect("a centre without mistakes"),
            // What a prompt sounds like is no matter here.
            speaker: Speaker::new(Speech { program: "/bin/true".into(), ..Speech::default() }, BTreeMap::new()),
            journal: journal::Limits { ballast_bytes: 0, ..journal::Limits::default() },
        })
        .expect("a controller");
        let url = match &database {
            Database::Here => format!("sqlite:{}", path.join("cordboard.db").display()),
            Database::Nowhere => format!("sqlite:{}", path.join("not-there/cordboard.db").display()),
            Database::At(url) => url.clone(),
        };
        let db = Db::connect(&url).expect("an address");
        let mut filling = None;
        let (fillers, seen) = watch::channel(None);
        if !matches!(database, Database::Nowhere) {
            db.migrate().await.expect("tables");
            let written = &handle.written()[&name];
            let begun = Filler {
                db: db.clone(),
                centre: name.clone(),
                dir: written.dir.clone(),
                durable: written.durable.clone(),
                first_seq: written.first_seq,
                clock: std::sync::Arc::new(now),
            }
            .start();
            fillers.send_replace(Some(BTreeMap::from([(name, begun.health.clone())])));
            filling = Some(begun);
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let stop = CancellationToken::new();
        let router = web::router(Parts {
            handle: handle.clone(),
            db: db.clone(),
            fillers: seen,
            directories,
            switches: vec![switch],
            recorder,
            address,
            token: token.map(str::to_owned),
            stop: stop.clone(),
        });
        tokio::spawn(web::listen(listener, router, stop.clone()));
        let client = reqwest::Client::builder().timeout(PATIENCE).no_proxy().build().expect("a client");
        let desk = Self { directory, rehearsal, handle, db, base: format!("http://{address}"), client, stop, filling };
        desk.until_health().await;
        desk
    }

    async fn until_health(&self) {
        for _ in 0..400 {
            if self.get_raw("/health").await.status() == StatusCode::OK {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("never well: {}", self.get_raw("/health").await.text().await.unwrap_or_default());
    }

    pub fn yaml(&self) -> PathBuf {
        self.path().join("centre/centre.yaml")
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    pub async fn get_raw(&self, path: &str) -> reqwest::Response {
        self.request(Method::GET, path).send().await.expect("an answer")
    }

    /// Below the centre.
    pub async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let request = self.request(method, &format!("/api/v1/centres/demo{path}"));
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        (status, answer.json().await.expect("JSON, whatever the status"))
    }

    pub async fn get(&self, path: &str) -> Value {
        let (status, value) = self.ask(Method::GET, path, None).await;
        assert_eq!(status, 200, "{value}");
        value
    }

    /// At a phone that is answered at once.
    pub async fn log_in(&self, agent: &str) -> Value {
        let station = StationAddress::new(format!("PJSIP/{agent}"));
        let phone = Phone::with(Habit::Answers { after: cordboard::switch::rehearsal::Span::ms(1, 5), talks: None });
        self.rehearsal.happen(World::PhoneSetTo { station, phone });
        let body = json!({ "station": format!("PJSIP/{agent}"), "queues": ["desk"], "skills": { "english": 5 } });
        let (status, value) = self.ask(Method::PUT, &format!("/agents/{agent}/session"), Some(body)).await;
        assert_eq!(status, 200, "{value}");
        value
    }

    pub fn call(&self, name: &str) -> LegId {
        let caller = Caller {
            name: cordboard::routing::ids::CallerName::cleaned(name),
            ..Caller::new("13800000001", "4008000001")
        };
        self.rehearsal.happen(World::CallerDials(caller)).expect("a leg")
    }

    /// Looks at `path` until `good`, and gives what it saw then.
    pub async fn until(&self, path: &str, good: impl Fn(&Value) -> bool) -> Value {
        let began = std::time::Instant::now();
        loop {
            let (_, value) = self.ask(Method::GET, path, None).await;
            if good(&value) {
                return value;
            }
            assert!(began.elapsed() < PATIENCE, "{path} stays {value}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub async fn close(mut self) {
        self.stop.cancel();
        self.handle.stop().await;
        if let Some(filling) = self.filling.take() {
            filling.stop().await;
        }
    }
}
