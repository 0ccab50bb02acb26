//! Emergency messages: what there is, what is on, and the switch.

use axum::extract::{Path, State};
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::Deserialize;

use super::answer::{Answer, Problem};
use super::asker::Asker;
use super::body::{Asked, Body, InCentre};
use super::signature::Signature;
use crate::calendar::Moment;
use crate::controller::Handle;
use crate::routing::Input;
use crate::routing::ids::{CentreName, MessageName};
use crate::routing::view::MessageSeen;

pub async fn list(State(handle): State<Handle>, centre: InCentre) -> Answer<Json<Vec<MessageSeen>>> {
    Ok(Json(handle.floor(&centre.name()).await?.emergency))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// When it goes off by itself; left out: when somebody switches it off.
    until_ms: Option<i64>,
    /// Who asks for it. A key speaks for itself, whoever it names.
    by: Option<String>,
    /// What is kept with it: one line of 200 characters at most.
    why: Option<String>,
}

/// Tells the core, and answers with the message as it is then.
async fn tell(handle: &Handle, centre: &CentreName, message: &MessageName, input: Input) -> Answer<Json<MessageSeen>> {
    handle.tell(centre, input).await?;
    let seen = handle.floor(centre).await?.emergency.into_iter().find(|seen| seen.name == *message);
    seen.map(Json).ok_or_else(|| missing(message))
}

fn missing(message: &MessageName) -> Problem {
    let short: String = message.as_str().chars().take(40).collect();
    Problem::NotFound(format!("there is no emergency message {short}"))
}

pub async fn switch_on(
    State(handle): State<Handle>,
    Extension(asker): Extension<Asker>,
    Path((centre, message)): Path<(String, String)>,
    Body(wanted): Body<Wanted>,
) -> Answer<Json<MessageSeen>> {
    let (centre, message) = (CentreName::new(centre), MessageName::new(message));
    let (by, why) = Signature::new(wanted.by, wanted.why).of(&asker)?;
    let until = wanted.until_ms.map(Moment::from_ms);
    tell(&handle, &centre, &message, Input::EmergencySwitchedOn { message: message.clone(), until, by, why }).await
}

pub async fn switch_off(
    State(handle): State<Handle>,
    Extension(asker): Extension<Asker>,
    Path((centre, message)): Path<(String, String)>,
    Asked(signature): Asked<Signature>,
) -> Answer<Json<MessageSeen>> {
    let (centre, message) = (CentreName::new(centre), MessageName::new(message));
    let (by, why) = signature.of(&asker)?;
    tell(&handle, &centre, &message, Input::EmergencySwitchedOff { message: message.clone(), by, why }).await
}
