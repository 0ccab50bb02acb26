//! One centre on a rehearsal switch behind a listener of its own, in a directory that goes with it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cordboard::calendar::Moment;
use cordboard::config::{Speech, SwitchConfig};
use cordboard::controller::directories::Directories;
use cordboard::controller::filler::{Filler, Filling};
use cordboard::controller::{self, Handle, Happened, Start, journal};
use cordboard::events::hooks::{Patience, Reachable, Runner, Sender};
use cordboard::routing::ids::{CentreName, LegId, StationAddress, SwitchName};
use cordboard::speech::Speaker;
use cordboard::store::Db;
use cordboard::switch::rehearsal::{Caller, Exchange, Habit, Phone, Rehearsal, World};
use cordboard::web::{self, Parts};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{OnceCell, broadcast, watch};
use tokio_util::sync::CancellationToken;

use crate::document::Document;

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
    File,
    /// Where there is none.
    Nowhere,
    At(String),
}

/// The deliveries of hooks.
pub struct Delivering {
    task: tokio::task::JoinHandle<()>,
    stop: CancellationToken,
}

impl Delivering {
    pub async fn stop(self) {
        self.stop.cancel();
        self.task.await.expect("ended well");
    }
}

pub struct Desk {
    pub directory: tempfile::TempDir,
    pub rehearsal: Rehearsal,
    pub handle: Handle,
    pub db: Db,
    pub base: String,
    client: reqwest::Client,
    document: OnceCell<Arc<Document>>,
    stop: CancellationToken,
    filling: Vec<Filling>,
}

/// The world, and this machine.
pub fn reachable() -> Reachable {
    Reachable::new(&["127.0.0.1/8".parse().expect("a network")])
}

/// The next fact that is `good`, as it is written.
pub async fn next_fact(happened: &mut broadcast::Receiver<Arc<Happened>>, good: impl Fn(&Value) -> bool) -> Value {
    let next = async {
        loop {
            let fact = serde_json::to_value(&happened.recv().await.expect("a fact").fact).expect("JSON");
            if good(&fact) {
                return fact;
            }
        }
    };
    tokio::time::timeout(PATIENCE, next).await.expect("it happens in time")
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
        Self::of(&["demo"], token, if database { Database::File } else { Database::Nowhere }).await
    }

    /// The first centre is the one that is asked.
    pub async fn of(centres: &[&str], token: Option<&str>, database: Database) -> Self {
        Self::with_yaml(CENTRE, centres, token, database).await
    }

    /// `yaml`: of every centre, but for its number.
    pub async fn with_yaml(yaml: &str, centres: &[&str], token: Option<&str>, database: Database) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path();
        let mut places = BTreeMap::new();
        for (place, centre) in centres.iter().enumerate() {
            let place_of = path.join(if place == 0 { "centre" } else { centre });
            std::fs::create_dir(&place_of).expect("a directory");
            let text = yaml.replace("4008000001", &format!("400800000{}", place + 1));
            std::fs::write(place_of.join("centre.yaml"), text).expect("a file");
            places.insert(CentreName::new(centre), place_of);
        }
        let recorder = web::recorder().expect("a recorder");
        let names: Vec<CentreName> = places.keys().cloned().collect();
        let directories = Directories::new(places);
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
            Database::File => format!("sqlite:{}", path.join("cordboard.db").display()),
            Database::Nowhere => format!("sqlite:{}", path.join("not-there/cordboard.db").display()),
            Database::At(url) => url.clone(),
        };
        let db = Db::connect(&url).expect("an address");
        let mut filling = Vec::new();
        let (fillers, seen) = watch::channel(None);
        if !matches!(database, Database::Nowhere) {
            db.migrate().await.expect("tables");
            let now: Arc<dyn Fn() -> Moment + Send + Sync> = Arc::new(now);
            let mut healths = BTreeMap::new();
            for name in names {
                let written = &handle.written()[&name];
                let begun = Filler {
                    db: db.clone(),
                    centre: name.clone(),
                    dir: written.dir.clone(),
                    durable: written.durable.clone(),
                    first_seq: written.first_seq,
                    clock: now.clone(),
                }
                .start();
                healths.insert(name, begun.health.clone());
                filling.push(begun);
            }
            fillers.send_replace(Some(healths));
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
            reachable: reachable(),
            stop: stop.clone(),
        });
        tokio::spawn(web::listen(listener, router, stop.clone()));
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .no_proxy()
            .build()
            .expect("a client");
        let desk = Self {
            directory,
            rehearsal,
            handle,
            db,
            base: format!("http://{address}"),
            client,
            document: OnceCell::new(),
            stop,
            filling,
        };
        desk.until_health().await;
        desk
    }

    /// Sends what hooks want, until we close or it is stopped.
    pub async fn deliver(&self, patience: Patience) -> Delivering {
        self.deliver_by(Sender::new(reachable()).expect("TLS"), patience)
    }

    pub fn deliver_by(&self, sender: Sender, patience: Patience) -> Delivering {
        let runner = Runner {
            handle: self.handle.clone(),
            db: self.db.clone(),
            sender,
            patience,
            clock: Arc::new(controller::clock()),
        };
        let stop = self.stop.child_token();
        Delivering { task: tokio::spawn(runner.run(stop.clone())), stop }
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
        let request = self.request(method.clone(), &format!("/api/v1/centres/demo{path}"));
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let value = answer.json().await.expect("JSON, whatever the status");
        self.document().await.check(&method, &format!("/centres/demo{path}"), status, &value);
        (status, value)
    }

    /// What every answer is held against.
    pub async fn document(&self) -> Arc<Document> {
        let read = async {
            let whole = self.get_raw("/api/v1/openapi.json").await.json().await.expect("a document");
            Arc::new(Document { whole })
        };
        self.document.get_or_init(|| read).await.clone()
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
        for filling in self.filling.drain(..) {
            filling.stop().await;
        }
    }
}
