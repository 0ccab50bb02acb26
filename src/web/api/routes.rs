//! The table of all routes: the router and the document (`document.rs`) are both made of it, so that neither has what
//! the other has not.

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware;
use axum::routing::{MethodFilter, MethodRouter, on};
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::body::By;
use super::paging::Piece;
use super::{agents, asker, breaks, calls, centres, document, events, hooks, queues, records, session, versions};
use crate::events::Event;
use crate::routing::view::{AgentSeen, CallSeen, Floor, QueueSeen};
use crate::store::keys::Scope;
use crate::web::Web;

/// The schema of one of our types.
pub type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// One method of one address.
pub struct Route {
    pub method: Method,
    /// Below `/api/v1`.
    pub path: &'static str,
    /// What a key must have; `None`: any key.
    pub scope: Option<Scope>,
    /// Its name in the document, for those who make a client from it.
    pub id: &'static str,
    pub summary: &'static str,
    pub query: Option<SchemaOf>,
    pub body: Option<SchemaOf>,
    pub answer: Shape,
    handler: MethodRouter<Web>,
}

/// A good answer.
pub struct Shape {
    pub status: u16,
    pub kind: Kind,
    pub schema: SchemaOf,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Json,
    /// Server-sent events, of which the schema is one's `data`.
    Events,
    /// No body.
    Nothing,
}

fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

fn route<H, T>(
    (method, path): (Method, &'static str),
    scope: impl Into<Option<Scope>>,
    id: &'static str,
    summary: &'static str,
    handler: H,
) -> Route
where
    H: Handler<T, Web>,
    T: 'static,
{
    let filter = MethodFilter::try_from(method.clone()).unwrap_or(MethodFilter::GET);
    let answer = Shape { status: 200, kind: Kind::Nothing, schema: of::<()> };
    let handler = on(filter, handler);
    Route { method, path, scope: scope.into(), id, summary, query: None, body: None, answer, handler }
}

impl Route {
    fn asked<T: JsonSchema>(mut self) -> Self {
        self.query = Some(of::<T>);
        self
    }

    fn takes<T: JsonSchema>(mut self) -> Self {
        self.body = Some(of::<T>);
        self
    }

    fn gives<T: JsonSchema>(mut self, status: u16) -> Self {
        self.answer = Shape { status, kind: Kind::Json, schema: of::<T> };
        self
    }

    fn streams<T: JsonSchema>(mut self) -> Self {
        self.answer = Shape { status: 200, kind: Kind::Events, schema: of::<T> };
        self
    }
}

const fn get(path: &'static str) -> (Method, &'static str) {
    (Method::GET, path)
}

const fn put(path: &'static str) -> (Method, &'static str) {
    (Method::PUT, path)
}

const fn post(path: &'static str) -> (Method, &'static str) {
    (Method::POST, path)
}

const fn patch(path: &'static str) -> (Method, &'static str) {
    (Method::PATCH, path)
}

const fn delete(path: &'static str) -> (Method, &'static str) {
    (Method::DELETE, path)
}

/// Everything there is.
pub fn table() -> Vec<Route> {
    let mut all = vec![
        route(get("/openapi.json"), None, "document", "This document", document::show).gives::<serde_json::Value>(200),
        route(
            get("/centres"),
            Scope::FloorRead,
            "list_centres",
            "The centres that may be seen, a line each",
            centres::list,
        )
        .gives::<Vec<centres::CentreLine>>(200),
        route(
            get("/events"),
            Scope::EventsRead,
            "follow_events",
            "Every fact of all centres as it happens",
            events::of_all,
        )
        .asked::<events::Which>()
        .streams::<Event>(),
    ];
    all.extend(floor());
    all.extend(people());
    all.extend(story());
    all.extend(told());
    all
}

fn floor() -> Vec<Route> {
    vec![
        route(
            get("/centres/{centre}/floor"),
            Scope::FloorRead,
            "show_floor",
            "All of the floor at this moment",
            centres::floor,
        )
        .gives::<Floor>(200),
        route(
            get("/centres/{centre}/queues"),
            Scope::FloorRead,
            "list_queues",
            "Queues, as they are now",
            queues::list,
        )
        .gives::<Vec<QueueSeen>>(200),
        route(
            get("/centres/{centre}/agents"),
            Scope::FloorRead,
            "list_agents",
            "Everybody who was logged in since the start, by name",
            agents::list,
        )
        .asked::<Piece>()
        .gives::<Vec<AgentSeen>>(200),
        route(get("/centres/{centre}/agents/{agent}"), Scope::FloorRead, "show_agent", "One agent, now", agents::show)
            .asked::<By>()
            .gives::<AgentSeen>(200),
    ]
}

fn people() -> Vec<Route> {
    let agent = |route: Route| route.asked::<By>().gives::<AgentSeen>(200);
    vec![
        agent(
            route(
                put("/centres/{centre}/agents/{agent}/session"),
                Scope::AgentsWrite,
                "log_in",
                "Log in at a phone; again at the same phone takes over other queues and skills",
                session::create,
            )
            .takes::<session::Login>(),
        ),
        agent(route(
            delete("/centres/{centre}/agents/{agent}/session"),
            Scope::AgentsWrite,
            "log_out",
            "Log out, now or after the work in hand",
            session::end,
        )),
        agent(
            route(
                put("/centres/{centre}/agents/{agent}/break"),
                Scope::AgentsWrite,
                "take_break",
                "Take a break, now or after the work in hand",
                breaks::create,
            )
            .takes::<breaks::Break>(),
        ),
        agent(route(
            delete("/centres/{centre}/agents/{agent}/break"),
            Scope::AgentsWrite,
            "end_break",
            "Ready again; also after an offer was missed",
            breaks::end,
        )),
        agent(route(
            post("/centres/{centre}/agents/{agent}/answer"),
            Scope::AgentsWrite,
            "answer_call",
            "Tell the phone that rings to pick up",
            agents::answer,
        )),
        agent(route(
            put("/centres/{centre}/agents/{agent}/hold"),
            Scope::AgentsWrite,
            "hold_call",
            "Put the caller on hold: the caller hears music, the agent nothing",
            agents::hold,
        )),
        agent(route(
            delete("/centres/{centre}/agents/{agent}/hold"),
            Scope::AgentsWrite,
            "retrieve_call",
            "Take the caller back from hold",
            agents::retrieve,
        )),
        agent(route(
            delete("/centres/{centre}/agents/{agent}/wrap-up"),
            Scope::AgentsWrite,
            "end_wrap_up",
            "End the wrap-up",
            agents::end_wrap_up,
        )),
        agent(route(
            delete("/centres/{centre}/agents/{agent}/call"),
            Scope::AgentsWrite,
            "end_call",
            "Hang up the agent's leg; the caller goes where they go when an agent hangs up",
            agents::end_call,
        )),
    ]
}

fn story() -> Vec<Route> {
    vec![
        route(get("/centres/{centre}/calls"), Scope::CallsRead, "list_calls", "Calls that live, by id", calls::list)
            .asked::<Piece>()
            .gives::<Vec<CallSeen>>(200),
        route(
            get("/centres/{centre}/calls/{call}"),
            Scope::CallsRead,
            "show_call",
            "The story of one call",
            calls::show,
        )
        .gives::<calls::Story>(200),
        route(
            get("/centres/{centre}/records"),
            Scope::CallsRead,
            "list_records",
            "Calls as they are kept, newest first",
            records::list,
        )
        .asked::<records::Filter>()
        .gives::<records::Page>(200),
        route(
            get("/centres/{centre}/events"),
            Scope::EventsRead,
            "follow_events_of_centre",
            "Every fact of one centre as it happens",
            events::of_centre,
        )
        .asked::<events::Which>()
        .streams::<Event>(),
        route(
            post("/centres/{centre}/versions"),
            Scope::VersionsWrite,
            "publish_version",
            "Publish what stands in the centre's directory; with a mistake in it nothing changes",
            versions::create,
        )
        .gives::<versions::Published>(201),
    ]
}

fn told() -> Vec<Route> {
    vec![
        route(get("/centres/{centre}/hooks"), Scope::HooksWrite, "list_hooks", "Hooks and how they do", hooks::list)
            .gives::<Vec<hooks::Hook>>(200),
        route(
            post("/centres/{centre}/hooks"),
            Scope::HooksWrite,
            "create_hook",
            "Have what happens from now on sent to an address, signed as Standard Webhooks says, in order, at least once",
            hooks::create,
        )
        .takes::<hooks::New>()
        .gives::<hooks::Made>(201),
        route(get("/centres/{centre}/hooks/{hook}"), Scope::HooksWrite, "show_hook", "One hook", hooks::show)
            .gives::<hooks::Hook>(200),
        route(
            patch("/centres/{centre}/hooks/{hook}"),
            Scope::HooksWrite,
            "update_hook",
            "Change a hook, or switch it on or off",
            hooks::update,
        )
        .takes::<hooks::Change>()
        .gives::<hooks::Hook>(200),
        route(
            delete("/centres/{centre}/hooks/{hook}"),
            Scope::HooksWrite,
            "remove_hook",
            "Take a hook out; answers with what it was",
            hooks::remove,
        )
        .gives::<hooks::Hook>(200),
    ]
}

/// The router of the table: each route lets through whoever may.
pub fn router() -> Router<Web> {
    table().into_iter().fold(Router::new(), |router, Route { path, scope, handler, .. }| {
        let guarded = middleware::from_fn(move |path, request, next| asker::pass(scope, path, request, next));
        router.route(path, handler.route_layer(guarded))
    })
}
