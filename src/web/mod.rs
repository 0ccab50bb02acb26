//! The HTTP interface: one file per noun. A handler parses, asks the controller or the store once, and answers.
//!
//! Owns no state of a call and no rule of the floor. Who may ask is `guard.rs`, what a connection may cost us is
//! `listen.rs`, and how an error looks is `answer.rs`; no handler decides any of the three.

mod api;
mod guard;
mod health;
mod listen;
mod metrics;
mod notes;
mod pages;
mod peer;
mod place;
mod unread;

use std::collections::{BTreeMap, HashSet};
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef};
use axum::middleware;
use axum::routing::get;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::calendar::Moment;
use crate::controller::directories::Directories;
use crate::controller::filler::FillerHealth;
use crate::controller::{Handle, versions};
use crate::customers::Number;
use crate::events::Recent;
use crate::events::hooks::Reachable;
use crate::routing::ids::{CentreName, SwitchName};
use crate::store::Db;

pub use api::{is_station, named, own_name};
pub use listen::listen;
pub use metrics::{Recorder, recorder};

/// The longest body of a request: a login with [`crate::routing::people::MOST_QUEUES_OF_AN_AGENT`] queues and as many
/// skills is a tenth of it.
const LONGEST_BODY: usize = 64 << 10;

/// Streams of events at a time, of programs and again of pages: every desk and board of a large centre, and then some.
const MOST_STREAMS: usize = 1_000;

/// How each centre's filler does; `None` while the database has not been reached since the start.
pub type Fillers = Option<BTreeMap<CentreName, watch::Receiver<FillerHealth>>>;

/// What the interface works with.
pub struct Parts {
    pub handle: Handle,
    pub db: Db,
    pub fillers: watch::Receiver<Fillers>,
    pub directories: Directories,
    pub switches: Vec<SwitchName>,
    pub recorder: Recorder,
    /// Where it is listened.
    pub address: SocketAddr,
    /// What opens everything. Where there is one, requests bring it or a key of a centre.
    pub token: Option<String>,
    /// Where hooks may lead.
    pub reachable: Reachable,
    /// Ends the streams, so that a stop need not wait for them.
    pub stop: CancellationToken,
}

/// [`Parts`], and what is counted over all requests.
struct Shared {
    parts: Parts,
    /// Of programs, and of pages: neither keeps the other out.
    streams: Arc<Semaphore>,
    live_streams: Arc<Semaphore>,
    keys: api::Keys,
    recent: Arc<Recent>,
    sessions: pages::Sessions,
    hub: Arc<pages::Hub>,
    clock: Box<dyn Fn() -> Moment + Send + Sync>,
}

#[derive(Clone)]
struct Web(Arc<Shared>);

impl std::ops::Deref for Web {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0.parts
    }
}

impl FromRef<Web> for Handle {
    fn from_ref(web: &Web) -> Self {
        web.handle.clone()
    }
}

impl FromRef<Web> for Db {
    fn from_ref(web: &Web) -> Self {
        web.db.clone()
    }
}

impl Web {
    /// A person was erased from the database: what is remembered of calls and facts has their numbers too.
    fn forget_persons(&self) {
        self.0.hub.stories.forget();
        self.0.recent.forget();
    }
}

/// All routes. What keeps the pages alive runs from here until `stop`.
pub fn router(parts: Parts) -> Router {
    let recent = Recent::start(&parts.handle);
    let hub = Arc::new(pages::Hub::default());
    tokio::spawn(hub.clone().follow(parts.handle.clone(), parts.stop.clone()));
    tokio::spawn(versions::follow(
        parts.handle.clone(),
        parts.db.clone(),
        crate::controller::clock(),
        parts.stop.clone(),
    ));
    // Before a screen pops, and not while it does.
    let plans = parts.handle.plans();
    tokio::task::spawn_blocking(move || {
        let homes: HashSet<_> = plans.borrow().values().map(|plan| plan.country).collect();
        homes.into_iter().for_each(Number::learn);
    });
    let web = Web(Arc::new(Shared {
        parts,
        streams: Arc::new(Semaphore::new(MOST_STREAMS)),
        live_streams: Arc::new(Semaphore::new(MOST_STREAMS)),
        keys: api::Keys::new(),
        recent,
        sessions: pages::Sessions::default(),
        hub,
        clock: Box::new(crate::controller::clock()),
    }));
    let programs = Router::new()
        .route("/health", get(health::show))
        .route("/metrics", get(metrics::show))
        .nest("/api", api::routes())
        .layer(middleware::from_fn_with_state(web.clone(), guard::who_may_ask));
    pages::routes(&web)
        .merge(programs)
        .layer(middleware::from_fn_with_state(web.clone(), guard::within_time))
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .with_state(web)
}
