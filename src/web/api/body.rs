//! What a stranger sends: bodies, names in addresses and queries, read into types or refused in words.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::answer::{Answer, Problem};
use super::asker::Asker;
use crate::routing::Why;
use crate::routing::ids::{AgentName, CentreName};

/// The longest name of an agent, in characters.
pub const LONGEST_NAME: usize = 64;

/// A JSON body; one that is left out is `{}`.
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Answer<Self> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| {
            match rejection.into_response().status() {
                StatusCode::PAYLOAD_TOO_LARGE => Problem::TooLong,
                _ => Problem::Invalid("the body broke off".into()),
            }
        })?;
        if bytes.is_empty() {
            return from_json(b"{}").map(Body);
        }
        if kind != "application/json" {
            return Err(Problem::NotJson);
        }
        from_json(&bytes).map(Body)
    }
}

fn from_json<T: DeserializeOwned>(bytes: &[u8]) -> Answer<T> {
    serde_json::from_slice(bytes).map_err(|error| Problem::Invalid(format!("the body: {error}")))
}

/// The centre an address names. Whether there is one is the controller's to say.
#[derive(Deserialize)]
pub struct InCentre {
    centre: String,
}

/// The agent of a centre that an address names, and `?by=` and `?why=`.
pub struct OfAgent {
    pub centre: CentreName,
    pub agent: AgentName,
    /// Who asks for it: the agent, unless the query says otherwise.
    pub by: AgentName,
    /// What is kept with it, in that person's words.
    pub why: Option<Why>,
    /// What it was asked with.
    pub asker: Asker,
}

#[derive(Deserialize)]
struct AgentPath {
    centre: String,
    agent: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct By {
    /// Who asks for it: the agent, unless given.
    by: Option<String>,
    /// What is kept with it, in that person's words: one line of 200 characters at most.
    why: Option<String>,
}

impl InCentre {
    pub fn name(&self) -> CentreName {
        CentreName::new(&self.centre)
    }
}

/// A name that goes into facts, logs and onto channels: bounded, and nothing that acts on a terminal or a page.
///
/// # Errors
/// In words.
pub fn named(text: &str) -> Result<AgentName, String> {
    let unseen = |c: char| c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}');
    let good =
        !text.is_empty() && text.chars().nth(LONGEST_NAME).is_none() && text.trim() == text && !text.contains(unseen);
    if good {
        Ok(AgentName::new(text))
    } else {
        Err(format!("an agent's name has 1 to {LONGEST_NAME} characters that can be seen"))
    }
}

/// [`named`], for somebody who is taken on: not as a guest of another centre is named.
///
/// # Errors
/// In words.
pub fn own_name(text: &str) -> Result<AgentName, String> {
    let name = named(text)?;
    match name.home() {
        None => Ok(name),
        Some(_) => {
            Err(format!("{name} is how an agent of another centre is named: choose a name that does not end so"))
        }
    }
}

/// [`named`], for what is asked.
pub fn agent_name(text: &str) -> Answer<AgentName> {
    named(text).map_err(Problem::Invalid)
}

impl<S: Send + Sync> FromRequestParts<S> for OfAgent {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Answer<Self> {
        let path = Path::<AgentPath>::from_request_parts(parts, state).await;
        let Path(AgentPath { centre, agent }) = path.map_err(|error| Problem::Invalid(error.body_text()))?;
        let Asked(By { by, why }) = Asked::from_request_parts(parts, state).await?;
        let agent = agent_name(&agent)?;
        let by = by.map_or_else(|| Ok(agent.clone()), |by| agent_name(&by))?;
        let why = why.map(|why| why.parse::<Why>().map_err(|not| Problem::Invalid(not.to_string()))).transpose()?;
        let asker = parts.extensions.get::<Asker>().cloned().ok_or(Problem::NoToken)?;
        Ok(Self { centre: CentreName::new(centre), agent, by, why, asker })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for InCentre {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Answer<Self> {
        let path = Path::<InCentre>::from_request_parts(parts, state).await;
        path.map(|Path(path)| path).map_err(|error| Problem::Invalid(error.body_text()))
    }
}

/// A query.
pub struct Asked<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Answer<Self> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        query.map(|Query(asked)| Asked(asked)).map_err(|error| Problem::Invalid(error.body_text()))
    }
}
