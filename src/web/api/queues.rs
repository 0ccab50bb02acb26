//! Queues, as they are now.

use axum::Json;
use axum::extract::State;

use super::answer::Answer;
use super::body::InCentre;
use crate::controller::Handle;
use crate::routing::view::QueueSeen;

pub async fn list(State(handle): State<Handle>, centre: InCentre) -> Answer<Json<Vec<QueueSeen>>> {
    Ok(Json(handle.floor(&centre.name()).await?.queues))
}
