//! The configuration of a centre as it was read: rules, hours, numbers, names, switches, and the versions there have been.
//! It is changed in its files and read again here; with a mistake in them nothing changes, and all are shown.

mod mistakes;
mod shown;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use super::frame::{Noun, Page};
use super::problem::{PageProblem, Shown};
use super::who::Admin;
use crate::controller::PublishError;
use crate::controller::directories::ReloadError;
use crate::controller::versions::publish_for;
use crate::routing::ids::VersionHash;
use crate::store::Author;
use crate::web::Web;
use shown::{Configuration, Version};

pub fn routes() -> Router<Web> {
    Router::new()
        .route("/configuration", get(show))
        .route("/configuration/versions", post(create))
        .route("/configuration/versions/{version}", get(version))
}

#[derive(Default, Deserialize)]
pub struct Said {
    /// A word of ours, shown once.
    #[serde(default)]
    said: String,
}

async fn show(State(web): State<Web>, Admin(who): Admin, Query(Said { said }): Query<Said>) -> Shown<Response> {
    let t = who.manner.t;
    let mut page = Configuration::of(&web, &who).await?;
    page.said = match said.as_str() {
        "published" => Some(t.say("configuration-published")),
        "same" => Some(t.say("configuration-same")),
        _ => None,
    };
    Ok(Page(page).into_response())
}

/// Reads the directory again, and publishes it where it holds no mistake.
async fn create(State(web): State<Web>, Admin(who): Admin) -> Shown<Response> {
    let author = Author::Person(who.agent().clone());
    match publish_for(&author, &web.directories, who.centre(), &web.handle, &web.db, web.now()).await {
        Ok((before, version)) => {
            let said = if before.as_ref() == Some(&version) { "same" } else { "published" };
            Ok(Redirect::to(&format!("/configuration?said={said}")).into_response())
        }
        Err(ReloadError::NotRead(wrong)) => {
            let mut page = Configuration::of(&web, &who).await?;
            page.mistakes = mistakes::of(&wrong);
            Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response())
        }
        Err(ReloadError::NoSuchCentre(_)) => Err(PageProblem::NotFound),
        Err(ReloadError::Publish(PublishError::Ask(error))) => Err(error.into()),
        Err(error @ (ReloadError::Publish(PublishError::Start(_)) | ReloadError::Reader)) => {
            Err(PageProblem::Internal(error.to_string()))
        }
    }
}

/// One version, as it was written.
async fn version(State(web): State<Web>, Admin(who): Admin, Path(version): Path<String>) -> Shown<Response> {
    let version = VersionHash::new(version);
    let text = match web.db.version(who.centre(), &version).await? {
        Some(text) => text,
        // Not in SQL yet.
        None => web.handle.version_text(who.centre(), &version).await.ok_or(PageProblem::NotFound)?,
    };
    let frame = who.frame(&web, Noun::Configuration);
    Ok(Page(Version { frame, version: version.to_string(), text }).into_response())
}
