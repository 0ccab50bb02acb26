//! Agents as they are now, and the ends of what they do: of wrap-up, of a call.

use axum::extract::{OriginalUri, State};
use axum::http::HeaderMap;
use axum::{Extension, Json};

use super::answer::{Answer, Problem};
use super::asker::Asker;
use super::body::{Asked, InCentre, OfAgent};
use super::paging::{Piece, piece};
use crate::controller::Handle;
use crate::routing::Input;
use crate::routing::view::AgentSeen;
use crate::store::keys::Scope;

/// Everybody who was logged in since the start.
pub async fn list(
    State(handle): State<Handle>,
    Extension(asker): Extension<Asker>,
    centre: InCentre,
    uri: OriginalUri,
    Asked(asked): Asked<Piece>,
) -> Answer<(HeaderMap, Json<Vec<AgentSeen>>)> {
    let agents = handle.floor(&centre.name()).await?.agents;
    let agents = agents.into_iter().map(|agent| for_asker(&asker, agent)).collect();
    piece(&uri, &asked, agents, |agent| agent.name.to_string())
}

/// One agent as the floor has them now.
pub async fn show(State(handle): State<Handle>, of: OfAgent) -> Answer<Json<AgentSeen>> {
    let seen = handle.agent(&of.centre, &of.agent).await?;
    let missing = || Problem::NotFound(format!("{} has not been logged in", of.agent));
    seen.map(|desk| Json(for_asker(&of.asker, desk.agent))).ok_or_else(missing)
}

/// Numbers that were dialled are for whoever may read calls.
pub fn for_asker(asker: &Asker, mut agent: AgentSeen) -> AgentSeen {
    if !asker.may(Scope::CallsRead) {
        agent.forget_numbers();
    }
    agent
}

/// Tells the core, and answers with the agent as they are then.
pub async fn tell(handle: Handle, of: OfAgent, input: Input) -> Answer<Json<AgentSeen>> {
    handle.tell(&of.centre, input).await?;
    show(State(handle), of).await
}

pub async fn end_wrap_up(State(handle): State<Handle>, of: OfAgent) -> Answer<Json<AgentSeen>> {
    let input = Input::AgentEndedWrapUp { agent: of.agent.clone(), by: of.by.clone(), why: of.why.clone() };
    tell(handle, of, input).await
}

/// Hangs up the agent's leg; the caller goes where they go when an agent hangs up.
pub async fn end_call(State(handle): State<Handle>, of: OfAgent) -> Answer<Json<AgentSeen>> {
    let input = Input::AgentEndedCall { agent: of.agent.clone(), by: of.by.clone(), why: of.why.clone() };
    tell(handle, of, input).await
}

/// The phone that rings is told to pick up.
pub async fn answer(State(handle): State<Handle>, of: OfAgent) -> Answer<Json<AgentSeen>> {
    let input = Input::AgentAnswered { agent: of.agent.clone(), by: of.by.clone() };
    tell(handle, of, input).await
}

/// The caller hears music.
pub async fn hold(State(handle): State<Handle>, of: OfAgent) -> Answer<Json<AgentSeen>> {
    let input = Input::AgentHeld { agent: of.agent.clone(), by: of.by.clone() };
    tell(handle, of, input).await
}

/// Back to the caller on hold.
pub async fn retrieve(State(handle): State<Handle>, of: OfAgent) -> Answer<Json<AgentSeen>> {
    let input = Input::AgentRetrieved { agent: of.agent.clone(), by: of.by.clone() };
    tell(handle, of, input).await
}
