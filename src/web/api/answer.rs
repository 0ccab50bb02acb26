//! What an error looks like: a status, a word for programs, a sentence for people. The same for every noun.

use axum::Json;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::controller::AskError;
use crate::controller::PublishError;
use crate::controller::directories::ReloadError;
use crate::dialplan::{LoadError, Mistake};
use crate::routing::Refused;
use crate::store::StoreError;

/// Why a request has no other answer.
#[derive(Debug)]
pub enum Problem {
    /// There is nothing at this address: what is missing, in words.
    NotFound(String),
    /// It was understood, and cannot be.
    Refused(Refused),
    /// The request itself: the words say what to change.
    Invalid(String),
    NotJson,
    TooLong,
    TooSlow,
    /// Not from this page, not under this name, not without a token.
    Forbidden(&'static str),
    NoToken,
    /// Try again later.
    Away(String),
    /// Files with mistakes: all of them.
    Mistaken(Vec<LoadError>),
    /// Ours: logged under this number, which the answer shows.
    Internal(String),
}

pub type Answer<T> = Result<T, Problem>;

impl From<AskError> for Problem {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Refused(why) => Problem::Refused(why),
            AskError::NoSuchCentre(_) => Problem::NotFound(error.to_string()),
            AskError::Away => Problem::Away(error.to_string()),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Away { .. } => {
                tracing::debug!(%error, "the database is away");
                Problem::Away("the database cannot be asked just now; calls go on without it".into())
            }
            StoreError::Missing { .. } => Problem::NotFound(error.to_string()),
            StoreError::Exists { .. } => Problem::Invalid(error.to_string()),
            StoreError::Inconsistent { .. } | StoreError::Refused { .. } => Problem::Internal(error.to_string()),
        }
    }
}

impl From<ReloadError> for Problem {
    fn from(error: ReloadError) -> Self {
        match error {
            ReloadError::NoSuchCentre(_) => Problem::NotFound(error.to_string()),
            ReloadError::NotRead(wrong) => Problem::Mistaken(wrong.0),
            ReloadError::Publish(PublishError::Ask(error)) => error.into(),
            ReloadError::Publish(PublishError::Start(error)) => Problem::Away(error.to_string()),
            ReloadError::Reader => Problem::Internal(error.to_string()),
        }
    }
}

/// The variant's own word, as facts and logs spell it.
fn word_of(refused: &Refused) -> String {
    let spelled = serde_json::to_value(refused).unwrap_or_default();
    spelled.get("refused").and_then(|word| word.as_str()).unwrap_or("refused").to_owned()
}

fn mistake(mistake: &Mistake) -> serde_json::Value {
    json!({
        "file": &*mistake.place.file,
        "line": mistake.place.line,
        "column": mistake.place.column,
        "sentence": mistake.sentence,
        "suggestion": mistake.suggestion,
        "shown": mistake.shown.as_ref().map(|shown| &shown.line),
    })
}

fn mistakes(wrong: &[LoadError]) -> serde_json::Value {
    let mut all = Vec::new();
    for error in wrong {
        match error {
            LoadError::Mistaken(found) => all.extend(found.iter().map(mistake)),
            LoadError::Unreadable { path, why } => {
                all.push(json!({ "file": path.display().to_string(), "line": null, "column": null, "sentence": why.to_string() }));
            }
        }
    }
    all.into()
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, error, message) = match self {
            Problem::NotFound(what) => (StatusCode::NOT_FOUND, "not_found".into(), what),
            Problem::Refused(why) => (StatusCode::CONFLICT, word_of(&why), why.to_string()),
            Problem::Invalid(what) => (StatusCode::BAD_REQUEST, "invalid".into(), what),
            Problem::NotJson => {
                let message = "a body is JSON here, and says so: Content-Type: application/json";
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json".into(), message.into())
            }
            Problem::TooLong => {
                let message = format!("a body has at most {} bytes", crate::web::LONGEST_BODY);
                (StatusCode::PAYLOAD_TOO_LARGE, "too_long".into(), message)
            }
            Problem::TooSlow => {
                (StatusCode::REQUEST_TIMEOUT, "too_slow".into(), "this took longer than a request may".into())
            }
            Problem::Forbidden(why) => (StatusCode::FORBIDDEN, "forbidden".into(), why.into()),
            Problem::NoToken => {
                let message = "this needs Authorization: Bearer <token>, as `web` in cordboard.yaml has it";
                (StatusCode::UNAUTHORIZED, "no_token".into(), message.into())
            }
            Problem::Away(why) => (StatusCode::SERVICE_UNAVAILABLE, "away".into(), why),
            Problem::Mistaken(wrong) => {
                let message = "the files have mistakes; what ran before goes on";
                let body = json!({ "error": "mistaken", "message": message, "mistakes": mistakes(&wrong) });
                return (StatusCode::UNPROCESSABLE_ENTITY, Json(body)).into_response();
            }
            Problem::Internal(why) => {
                tracing::error!(%why, "a request could not be answered");
                let message = "something of ours is wrong; the log says what".into();
                (StatusCode::INTERNAL_SERVER_ERROR, "internal".into(), message)
            }
        };
        let mut response = (status, Json(json!({ "error": error, "message": message }))).into_response();
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
        }
        response
    }
}

pub async fn no_such_page(uri: Uri) -> Problem {
    Problem::NotFound(format!("there is nothing at {}", uri.path()))
}

pub async fn no_such_method() -> Response {
    let body = json!({ "error": "no_such_method", "message": "this address takes other methods; see Allow" });
    (StatusCode::METHOD_NOT_ALLOWED, Json(body)).into_response()
}
