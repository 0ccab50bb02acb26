//! Notes, saved as they are typed. The page counts its saves; the store keeps the newest, whatever order they come in.

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::abroad;
use crate::routing::ids::CallId;
use crate::store::notes::LONGEST;
use crate::web::Web;
use crate::web::notes::{NotKept, Written, keep};
use crate::web::pages::frame::Page;
use crate::web::pages::problem::{PageProblem, Shown};
use crate::web::pages::who::Who;

/// The longest note in Chinese, coded as a form: nine bytes a character, and the rest of the form.
pub const LONGEST_FORM: usize = 9 * LONGEST + (4 << 10);

#[derive(Deserialize)]
pub struct Typed {
    #[serde(default)]
    text: String,
    #[serde(default)]
    disposition: String,
    version: i64,
}

/// The centre whose call it is, where that is not the agent's own.
#[derive(Deserialize)]
pub struct Of {
    of: Option<String>,
}

/// What stands beside the note when it is saved.
#[derive(Template)]
#[template(path = "desk/_saved.html")]
struct Saved {
    text: String,
}

pub async fn save(
    State(web): State<Web>,
    who: Who,
    Path(call): Path<String>,
    Query(asked): Query<Of>,
    Form(written): Form<Typed>,
) -> Shown<Response> {
    let who = abroad::of(&who, asked.of.as_deref());
    let call: CallId = call.parse().map_err(|_| PageProblem::NotFound)?;
    let disposition = Some(written.disposition).filter(|word| !word.is_empty());
    let (agent, written) = (who.agent(), Written { text: written.text, disposition, version: written.version });
    let saved = keep(&web, who.centre(), (agent, agent), call, written).await.map_err(|why| match why {
        NotKept::TooLong => PageProblem::Invalid("problem-note-too-long"),
        NotKept::NotTheirs(_) => PageProblem::NotFound,
        NotKept::NoSuchDisposition(_) => PageProblem::Invalid("problem-disposition"),
        NotKept::Unread(problem) => problem,
        NotKept::NoPlan => PageProblem::Away,
        NotKept::Store(error) => error.into(),
        NotKept::Asked(error) => error.into(),
    })?;
    let t = who.manner.t;
    let text = match saved {
        Some(now) => t.with("note-saved", "at", web.zone(who.centre()).second(now)),
        None => t.say("note-newer"),
    };
    Ok(Page(Saved { text }).into_response())
}
