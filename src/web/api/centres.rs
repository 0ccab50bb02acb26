//! Centres, and the floor of one.

use axum::extract::State;
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::Serialize;

use super::answer::Answer;
use super::asker::Asker;
use super::body::InCentre;
use crate::controller::Handle;
use crate::routing::ids::{CentreName, VersionHash};
use crate::routing::promise::PromiseSeen;
use crate::routing::view::{AgentSeen, Floor};
use crate::store::keys::Scope;
use crate::web::Web;

#[derive(Serialize, JsonSchema)]
pub struct CentreLine {
    name: CentreName,
    version: Option<VersionHash>,
    agents: usize,
    calls: usize,
}

/// Each that the asker may know of, in a line.
pub async fn list(State(web): State<Web>, Extension(asker): Extension<Asker>) -> Answer<Json<Vec<CentreLine>>> {
    let mut lines = Vec::new();
    for centre in web.directories.names().filter(|centre| asker.sees(centre)) {
        let Floor { centre, version, agents, calls, .. } = web.handle.floor(centre).await?;
        lines.push(CentreLine { name: centre, version, agents: agents.len(), calls: calls.len() });
    }
    Ok(Json(lines))
}

/// Callers are in it for whoever may read calls too.
pub async fn floor(
    State(handle): State<Handle>,
    Extension(asker): Extension<Asker>,
    centre: InCentre,
) -> Answer<Json<Floor>> {
    let mut floor = handle.floor(&centre.name()).await?;
    if !asker.may(Scope::CallsRead) {
        floor.calls.clear();
        floor.agents.iter_mut().for_each(AgentSeen::forget_numbers);
        floor.promises.iter_mut().for_each(PromiseSeen::forget_number);
    }
    Ok(Json(floor))
}
