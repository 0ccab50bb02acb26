//! What an error looks like: a status, a word for programs, a sentence for people. The same for every noun.

use axum::Json;
use axum::extract::OriginalUri;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

use crate::controller::AskError;
use crate::controller::PublishError;
use crate::controller::directories::ReloadError;
use crate::dialplan::{LoadError, Mistake};
use crate::routing::Refused;
use crate::store::StoreError;
use crate::store::keys::Scope;

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
    /// Nothing, or something wrong, to say who asks.
    NoToken,
    /// Somebody else has changed it meanwhile: read it again.
    Stale(String),
    /// It cannot be: a word for programs, a sentence for people.
    Conflict(&'static str, String),
    /// Wrong keys again and again.
    TooOften,
    /// The key is good, and not for this.
    Lacks(Scope),
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
            StoreError::Used => Problem::Conflict("key_used", error.to_string()),
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

/// What went wrong.
#[derive(Serialize, JsonSchema)]
pub struct Wrong {
    /// A word for programs.
    error: String,
    /// A sentence for people.
    message: String,
    /// Where files have mistakes: all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    mistakes: Option<Vec<Place>>,
}

/// One mistake in a centre's files.
#[derive(Serialize, JsonSchema)]
pub struct Place {
    file: String,
    /// From 1; `null` where the file itself cannot be read.
    line: Option<u64>,
    column: Option<u64>,
    sentence: String,
    suggestion: Option<String>,
    /// The line as it stands there.
    shown: Option<String>,
}

impl From<&Mistake> for Place {
    fn from(mistake: &Mistake) -> Self {
        Self {
            file: mistake.place.file.to_string(),
            line: Some(mistake.place.line as u64),
            column: Some(mistake.place.column as u64),
            sentence: mistake.sentence.clone(),
            suggestion: mistake.suggestion.clone(),
            shown: mistake.shown.as_ref().map(|shown| shown.line.to_string()),
        }
    }
}

fn mistakes(wrong: &[LoadError]) -> Vec<Place> {
    let mut all = Vec::new();
    for error in wrong {
        match error {
            LoadError::Mistaken(found) => all.extend(found.iter().map(Place::from)),
            LoadError::Unreadable { path, why } => all.push(Place {
                file: path.display().to_string(),
                line: None,
                column: None,
                sentence: why.to_string(),
                suggestion: None,
                shown: None,
            }),
        }
    }
    all
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
                let message =
                    "this needs Authorization: Bearer <key>, of `cordboard key add` or `web` in cordboard.yaml";
                (StatusCode::UNAUTHORIZED, "no_token".into(), message.into())
            }
            Problem::Stale(what) => (StatusCode::CONFLICT, "stale".into(), what),
            Problem::Conflict(word, what) => (StatusCode::CONFLICT, word.into(), what),
            Problem::TooOften => {
                let message = "too many wrong keys from where you are; wait a minute";
                (StatusCode::TOO_MANY_REQUESTS, "too_often".into(), message.into())
            }
            Problem::Lacks(scope) => {
                let message = format!("this key may not: it lacks {scope} ({})", scope.meaning());
                (StatusCode::FORBIDDEN, "lacks_scope".into(), message)
            }
            Problem::Away(why) => (StatusCode::SERVICE_UNAVAILABLE, "away".into(), why),
            Problem::Mistaken(wrong) => {
                let message = "the files have mistakes; what ran before goes on";
                let mistakes = Some(mistakes(&wrong));
                let body = Wrong { error: "mistaken".into(), message: message.into(), mistakes };
                return (StatusCode::UNPROCESSABLE_ENTITY, Json(body)).into_response();
            }
            Problem::Internal(why) => {
                tracing::error!(%why, "a request could not be answered");
                let message = "something of ours is wrong; the log says what".into();
                (StatusCode::INTERNAL_SERVER_ERROR, "internal".into(), message)
            }
        };
        let mut response = (status, Json(Wrong { error, message, mistakes: None })).into_response();
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
        }
        if status == StatusCode::TOO_MANY_REQUESTS {
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("60"));
        }
        response
    }
}

pub async fn no_such_page(OriginalUri(uri): OriginalUri) -> Problem {
    Problem::NotFound(format!("there is nothing at {}", uri.path()))
}

pub async fn no_such_method() -> Response {
    let message = "this address takes other methods; see Allow";
    let body = Wrong { error: "no_such_method".into(), message: message.into(), mistakes: None };
    (StatusCode::METHOD_NOT_ALLOWED, Json(body)).into_response()
}
