//! Versions of a centre's YAML: a new one is what stands in its directory now.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use super::answer::Answer;
use super::body::InCentre;
use crate::controller::versions;
use crate::routing::ids::{CentreName, VersionHash};
use crate::store::Author;
use crate::web::Web;

#[derive(Serialize, JsonSchema)]
pub struct Published {
    centre: CentreName,
    version: VersionHash,
}

/// Publishes the directory; with a mistake in it nothing changes, and all of them come back.
pub async fn create(State(web): State<Web>, centre: InCentre) -> Answer<(StatusCode, Json<Published>)> {
    let centre = centre.name();
    let author = Author::Program;
    let (_, version) =
        versions::publish_for(&author, &web.directories, &centre, &web.handle, &web.db, web.now()).await?;
    Ok((StatusCode::CREATED, Json(Published { centre, version })))
}
