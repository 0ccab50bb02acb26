//! The table of all routes: the router and the document (`document.rs`) are both made of it, so that neither has what
//! the other has not.

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware;
use axum::routing::{MethodFilter, MethodRouter, on};
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::asker;
use super::table::table;
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

pub fn route<H, T>(
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
    pub fn asked<T: JsonSchema>(mut self) -> Self {
        self.query = Some(of::<T>);
        self
    }

    pub fn takes<T: JsonSchema>(mut self) -> Self {
        self.body = Some(of::<T>);
        self
    }

    pub fn gives<T: JsonSchema>(mut self, status: u16) -> Self {
        self.answer = Shape { status, kind: Kind::Json, schema: of::<T> };
        self
    }

    pub fn streams<T: JsonSchema>(mut self) -> Self {
        self.answer = Shape { status: 200, kind: Kind::Events, schema: of::<T> };
        self
    }
}

pub const fn get(path: &'static str) -> (Method, &'static str) {
    (Method::GET, path)
}

pub const fn put(path: &'static str) -> (Method, &'static str) {
    (Method::PUT, path)
}

pub const fn post(path: &'static str) -> (Method, &'static str) {
    (Method::POST, path)
}

pub const fn patch(path: &'static str) -> (Method, &'static str) {
    (Method::PATCH, path)
}

pub const fn delete(path: &'static str) -> (Method, &'static str) {
    (Method::DELETE, path)
}

/// The router of the table: each route lets through whoever may.
pub fn router() -> Router<Web> {
    table().into_iter().fold(Router::new(), |router, Route { path, scope, handler, .. }| {
        let guarded = middleware::from_fn(move |path, request, next| asker::pass(scope, path, request, next));
        router.route(path, handler.route_layer(guarded))
    })
}
