//! An agent's break: taken now or after the work in hand, and its end, which is *ready*.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;

use super::agents::tell;
use super::answer::Answer;
use super::body::{Body, OfAgent};
use crate::controller::Handle;
use crate::routing::Input;
use crate::routing::ids::BreakReason;
use crate::routing::view::AgentSeen;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Break {
    reason: BreakReason,
}

pub async fn create(
    State(handle): State<Handle>,
    of: OfAgent,
    Body(Break { reason }): Body<Break>,
) -> Answer<Json<AgentSeen>> {
    let input = Input::AgentTookBreak { agent: of.agent.clone(), reason, by: of.by.clone(), why: of.why.clone() };
    tell(handle, of, input).await
}

/// Ready again; also after an offer was missed.
pub async fn end(State(handle): State<Handle>, of: OfAgent) -> Answer<Json<AgentSeen>> {
    let input = Input::AgentSaidReady { agent: of.agent.clone(), by: of.by.clone(), why: of.why.clone() };
    tell(handle, of, input).await
}
