//! The OpenAPI 3.1 document of this interface, made of the table of routes and of the types that are sent.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use axum::Json;
use schemars::generate::{Contract, SchemaSettings};
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::answer::Wrong;
use super::routes::{Kind, Route};
use super::table::table;
use crate::events::kinds;
use crate::store::keys::Scope;

const ABOUT: &str = "What a website or a ticketing program needs of a centre. Requests and answers are JSON. Moments \
    are milliseconds since 1970, UTC (`*_ms`). A key is made with `cordboard key add`, belongs to one centre, and sees \
    nothing of another. A program on the same machine needs none where Cordboard listens on a loopback address without \
    a `token`, unless a proxy stands between. Whatever goes wrong is told in one form: a status, a word for programs \
    (`error`), a sentence for people (`message`).";

/// Schemas of one direction; the same type may be more lenient when it is read.
struct Schemas(SchemaGenerator);

impl Schemas {
    fn new(contract: Contract) -> Self {
        let settings = SchemaSettings::draft2020_12().with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
            settings.contract = contract;
        });
        Self(settings.into_generator())
    }
}

pub async fn show() -> Json<&'static Value> {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    Json(DOCUMENT.get_or_init(document))
}

pub fn document() -> Value {
    let (mut sent, mut read) = (Schemas::new(Contract::Serialize), Schemas::new(Contract::Deserialize));
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for route in table() {
        let operation = operation(&route, &mut sent, &mut read);
        paths.entry(route.path).or_default().insert(route.method.as_str().to_ascii_lowercase(), operation);
    }
    let wrong = sent.0.subschema_for::<Wrong>();
    let mut schemas = sent.0.take_definitions(true);
    for (name, schema) in read.0.take_definitions(true) {
        schemas.entry(name).or_insert(schema);
    }
    let meanings: Vec<String> = Scope::ALL.iter().map(|scope| format!("`{scope}`: {}", scope.meaning())).collect();
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Cordboard", "version": env!("CARGO_PKG_VERSION"), "description": ABOUT },
        "servers": [{ "url": "/api/v1" }],
        "paths": paths,
        "webhooks": { "event": { "post": {
            "summary": "A fact, sent to a hook's address",
            "description": "In order, at least once: `webhook-id` is the same for every try. Signed as Standard \
                Webhooks 1.0 says: `webhook-signature` is `v1,` and the base64 of HMAC-SHA256, keyed with the secret's \
                bytes, over `<webhook-id>.<webhook-timestamp>.<body>`. Whatever is no 2xx is tried again, with growing \
                pauses; after three days the hook is switched off.",
            "parameters": (["webhook-id", "webhook-timestamp", "webhook-signature"].map(|name| {
                json!({ "name": name, "in": "header", "required": true, "schema": { "type": "string" } })
            })),
            "requestBody": { "content": { "application/json": { "schema": {
                "type": "object",
                "required": ["type", "timestamp", "data"],
                "properties": {
                    "type": { "type": "string", "enum": kinds() },
                    "timestamp": { "type": "string", "format": "date-time" },
                    "data": { "$ref": "#/components/schemas/Event" },
                },
            } } } },
            "responses": {
                "2XX": { "description": "It has arrived." },
                "410": { "description": "Switch this hook off." },
                "default": { "description": "Send it again later." },
            },
            "security": [],
        } } },
        "components": {
            "schemas": schemas,
            "responses": { "Wrong": {
                "description": "What went wrong. 400 the request itself, 401 no key or a wrong one, 403 the key may \
                    not, 404 not there, 405 another method, 408 took too long, 409 refused by the floor, 413 too \
                    long, 415 not JSON, 422 mistakes in the centre's files, 429 too often, 500 ours, 503 later.",
                "content": { "application/json": { "schema": wrong } },
            } },
            "securitySchemes": { "key": {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "cb_<id>_<secret>",
                "description": format!("A key, with the scopes it was made with. {}.", meanings.join("; ")),
            } },
        },
        // What needs no key from this machine says so with the empty one.
        "security": [{ "key": [] }, {}],
    })
}

fn operation(route: &Route, sent: &mut Schemas, read: &mut Schemas) -> Value {
    let mut answers = Map::new();
    let schema = (route.answer.schema)(&mut sent.0);
    let good = match route.answer.kind {
        Kind::Json => json!({ "description": route.summary, "content": { "application/json": { "schema": schema } } }),
        Kind::Events => json!({
            "description": "Server-sent events. The `data` of one called `fact` is the schema `x-data`; its `id` is \
                for `Last-Event-ID`.",
            "content": { "text/event-stream": { "schema": { "type": "string" }, "x-data": schema } },
        }),
        Kind::Nothing => json!({ "description": route.summary }),
    };
    answers.insert(route.answer.status.to_string(), good);
    answers.insert("default".into(), json!({ "$ref": "#/components/responses/Wrong" }));
    let scopes: Vec<&str> = route.scope.iter().map(|scope| scope.as_str()).collect();
    let mut operation = json!({
        "operationId": route.id,
        "summary": route.summary,
        "tags": [tag(route.path)],
        "parameters": parameters(route, read),
        "security": [{ "key": scopes }, {}],
        "responses": answers,
    });
    if let (Some(body), Some(operation)) = (route.body, operation.as_object_mut()) {
        let schema = body(&mut read.0);
        operation.insert("requestBody".into(), json!({ "content": { "application/json": { "schema": schema } } }));
    }
    operation
}

/// The noun that a path ends in.
fn tag(path: &str) -> &str {
    path.split('/').rfind(|piece| !piece.is_empty() && !piece.starts_with('{')).unwrap_or_default()
}

fn parameters(route: &Route, read: &mut Schemas) -> Vec<Value> {
    let names = route.path.split('/').filter_map(|piece| piece.strip_prefix('{')?.strip_suffix('}'));
    let mut all: Vec<Value> = names
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect();
    let Some(query) = route.query else { return all };
    let schema = query(&mut read.0);
    let resolved = resolved(&read.0, &schema);
    let needed = resolved.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let properties = resolved.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    for (name, schema) in properties {
        let schema = never_null(schema);
        let description = schema.get("description").cloned().unwrap_or_default();
        let mut parameter = json!({ "name": name, "in": "query", "required": needed.iter().any(|needed| *needed == name), "schema": schema });
        if let (Value::String(text), Some(parameter)) = (description, parameter.as_object_mut()) {
            parameter.insert("description".into(), text.into());
        }
        all.push(parameter);
    }
    all
}

/// What a reference leads to.
fn resolved(generator: &SchemaGenerator, schema: &Schema) -> Value {
    let name = schema.get("$ref").and_then(Value::as_str).and_then(|to| to.rsplit('/').next());
    name.and_then(|name| generator.definitions().get(name)).cloned().unwrap_or_else(|| schema.clone().to_value())
}

/// In a query, what is left out is not there: nothing is `null`.
fn never_null(mut schema: Value) -> Value {
    let Some(object) = schema.as_object_mut() else { return schema };
    if let Some(Value::Array(kinds)) = object.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if let [only] = kinds.as_slice() {
            let only = only.clone();
            object.insert("type".into(), only);
        }
    }
    if let Some(Value::Array(any)) = object.get_mut("anyOf") {
        any.retain(|one| one.get("type").is_none_or(|kind| kind != "null"));
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_that_is_both_sent_and_read_has_one_schema() {
        let (mut sent, mut read) = (Schemas::new(Contract::Serialize), Schemas::new(Contract::Deserialize));
        for route in table() {
            operation(&route, &mut sent, &mut read);
        }
        let sent = sent.0.take_definitions(true);
        for (name, schema) in read.0.take_definitions(true) {
            assert!(sent.get(&name).is_none_or(|sent| *sent == schema), "{name} is two things: {schema:#}");
        }
    }

    #[test]
    fn no_two_routes_share_a_name_or_an_address() {
        let table = table();
        let names: std::collections::BTreeSet<&str> = table.iter().map(|route| route.id).collect();
        let addresses: std::collections::BTreeSet<(&str, &str)> =
            table.iter().map(|route| (route.path, route.method.as_str())).collect();
        assert_eq!((names.len(), addresses.len()), (table.len(), table.len()));
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn walk(value: &Value, into: &mut Vec<String>) {
            match value {
                Value::Object(object) => {
                    into.extend(object.get("$ref").and_then(Value::as_str).map(str::to_owned));
                    object.values().for_each(|value| walk(value, into));
                }
                Value::Array(list) => list.iter().for_each(|value| walk(value, into)),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
        let document = document();
        let mut references = Vec::new();
        walk(&document, &mut references);
        assert!(references.len() > 50, "{}", references.len());
        for reference in references {
            let pointer = reference.strip_prefix('#').expect("here");
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
    }
}
