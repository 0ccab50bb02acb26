//! What an agent writes about a call, by a program: their ticketing, their softphone.

use axum::Json;
use axum::extract::{Path, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, Problem};
use super::body::{Body, OfAgent};
use crate::calendar::Moment;
use crate::routing::ids::{AgentName, CallId};
use crate::web::Web;
use crate::web::notes::{NotKept, Written, keep};

/// A field that is left out stays as it was.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// 20,000 characters at most.
    text: Option<String>,
    /// One of the centre's YAML; `""` takes it out again. A wrap-up that waits for one may end then.
    disposition: Option<String>,
}

/// The note as it is kept.
#[derive(Serialize, JsonSchema)]
pub struct NoteSeen {
    agent: AgentName,
    text: String,
    disposition: Option<String>,
    saved_ms: Moment,
}

#[derive(Deserialize)]
pub struct OfCall {
    call: String,
}

impl From<NotKept> for Problem {
    fn from(why: NotKept) -> Self {
        match why {
            NotKept::TooLong => Problem::TooLong,
            NotKept::NotTheirs(_) => Problem::NotFound(why.to_string()),
            NotKept::NoSuchDisposition(_) => Problem::Invalid(why.to_string()),
            NotKept::NoPlan | NotKept::Unread(_) => Problem::Away(why.to_string()),
            NotKept::Store(error) => error.into(),
            NotKept::Asked(error) => error.into(),
        }
    }
}

pub async fn save(
    State(web): State<Web>,
    Path(OfCall { call }): Path<OfCall>,
    of: OfAgent,
    Body(wanted): Body<Wanted>,
) -> Answer<Json<NoteSeen>> {
    let missing = || Problem::NotFound(format!("there is no call {}", call.chars().take(40).collect::<String>()));
    let id: CallId = call.parse().map_err(|_| missing())?;
    let kept = web.db.notes(&of.centre, id).await?.into_iter().find(|note| note.agent == of.agent);
    let (text, disposition, version) =
        kept.map_or_else(Default::default, |note| (note.text, note.disposition, note.version));
    let text = wanted.text.unwrap_or(text);
    let disposition = wanted.disposition.or(disposition).filter(|word| !word.is_empty());
    // Newer than what the desk has saved: it counts by its clock.
    let version = (version + 1).max(web.now().as_ms());
    let written = Written { text: text.clone(), disposition: disposition.clone(), version };
    let saved_ms = keep(&web, &of.centre, (&of.agent, &of.by), id, written).await?;
    let stale = || Problem::Stale("the agent has written something newer on the desk meanwhile".into());
    Ok(Json(NoteSeen { agent: of.agent, text, disposition, saved_ms: saved_ms.ok_or_else(stale)? }))
}
