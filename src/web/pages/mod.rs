//! The pages: what people look at all day, drawn here (askama), kept alive by one stream for each browser (`live.rs`).
//! One file or folder for each noun; `templates/` mirrors them. A handler parses, finds out who asks (`who.rs`), does one
//! thing, draws. Nothing here decides about a call.

mod audit;
mod author;
mod calls;
mod cases;
mod choice;
mod configuration;
mod customers;
mod desk;
mod emergency;
mod floor;
mod floors;
mod forced;
mod frame;
mod guard;
mod lamps;
mod live;
mod login;
mod mistakes;
mod people;
pub(super) mod problem;
mod refusal;
mod reports;
mod sessions;
mod statics;
mod story;
mod who;
mod words;

use axum::Router;
use axum::http::HeaderMap;
use axum::middleware;
use axum::routing::{get, post};

use super::Web;
use crate::calendar::{Moment, Zone};
use crate::routing::ids::CentreName;
use crate::store::sessions::Session;
use frame::{Frame, Manner, Noun};

pub use live::Hub;
pub use sessions::Sessions;

pub fn routes(web: &Web) -> Router<Web> {
    Router::new()
        .route("/", get(login::home))
        .route("/login", get(login::show).post(login::create))
        .route("/logout", post(login::end))
        .route("/preferences", post(login::prefer))
        .route("/live", get(live::show))
        .route("/static/{version}/{name}", get(statics::show))
        .merge(desk::routes())
        .merge(reports::routes())
        .merge(floor::routes())
        .merge(emergency::routes())
        .merge(calls::routes())
        .merge(people::routes())
        .merge(configuration::routes())
        .merge(audit::routes())
        .merge(customers::routes())
        .merge(cases::routes())
        .fallback(problem::no_such_page)
        .layer(middleware::from_fn(guard::same_site))
        .layer(middleware::from_fn_with_state(web.clone(), problem::finish))
}

impl Web {
    pub(super) fn now(&self) -> Moment {
        (self.0.clock)()
    }

    pub(super) fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    pub(super) fn hub(&self) -> &Hub {
        &self.0.hub
    }

    pub(super) fn secure(&self, headers: &HeaderMap) -> bool {
        login::over_tls(headers)
    }

    /// Where a centre's clocks hang.
    pub(super) fn zone(&self, centre: &CentreName) -> Zone {
        self.handle.plan(centre).map_or(Zone::UTC, |plan| plan.zone.clone())
    }

    fn frame(&self, manner: &Manner, session: Option<Session>, here: Option<Noun>) -> Frame {
        let plan = session.as_ref().and_then(|session| self.handle.plan(&session.centre));
        let language = manner.t.language();
        let title = plan.as_ref().and_then(|plan| plan.titles.get(&language).or_else(|| plan.titles.values().next()));
        let zone = plan.as_ref().map_or(Zone::UTC, |plan| plan.zone.clone());
        let on = session.as_ref().map(|session| self.hub().emergencies.of(&session.centre)).unwrap_or_default();
        let centre = title.cloned().or_else(|| session.as_ref().map(|session| session.centre.to_string()));
        Frame {
            t: manner.t,
            look: manner.look,
            centre: centre.unwrap_or_else(|| "Cordboard".into()),
            emergency: emergency::lines(manner.t, &zone, &on),
            zone,
            now: self.now(),
            session,
            here,
        }
    }
}
