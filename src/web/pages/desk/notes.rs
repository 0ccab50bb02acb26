//! Notes, saved as they are typed. The page counts its saves; the store keeps the newest, whatever order they come in.

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::abroad;
use crate::dialplan::DispositionName;
use crate::routing::Input;
use crate::routing::ids::CallId;
use crate::store::notes::{LONGEST, Note};
use crate::web::Web;
use crate::web::pages::frame::Page;
use crate::web::pages::problem::{PageProblem, Shown};
use crate::web::pages::who::Who;

/// The longest note in Chinese, coded as a form: nine bytes a character, and the rest of the form.
pub const LONGEST_FORM: usize = 9 * LONGEST + (4 << 10);

#[derive(Deserialize)]
pub struct Written {
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
    Form(written): Form<Written>,
) -> Shown<Response> {
    let who = abroad::of(&who, asked.of.as_deref());
    let call: CallId = call.parse().map_err(|_| PageProblem::NotFound)?;
    if written.text.chars().count() > LONGEST {
        return Err(PageProblem::Invalid("problem-note-too-long"));
    }
    // Only about a call of one's own: one that was offered to this person.
    let story = web.hub().stories.of(&web.db, who.centre(), call).await?;
    if !story.iter().any(|told| told.fact.agent() == Some(who.agent())) {
        return Err(PageProblem::NotFound);
    }
    let now = web.now();
    let disposition = Some(written.disposition).filter(|word| !word.is_empty());
    if let Some(word) = &disposition {
        let plan = web.handle.plan(who.centre()).ok_or(PageProblem::Away)?;
        if plan.dispositions.get(&DispositionName::new(word)).is_none() {
            return Err(PageProblem::Invalid("problem-disposition"));
        }
    }
    let note =
        Note { agent: who.agent().clone(), text: written.text, disposition, version: written.version, saved: now };
    let kept = web.db.save_note(who.centre(), call, &note).await?;
    if kept {
        let (agent, given) = (who.agent().clone(), note.disposition.is_some());
        web.hub().stories.noted(who.centre(), call, note);
        // A wrap-up may wait for it.
        web.handle.tell(who.centre(), Input::AgentDisposed { by: agent.clone(), agent, call, given }).await?;
    }
    let t = who.manner.t;
    let text = if kept {
        let zone = web.zone(who.centre());
        t.with("note-saved", "at", zone.second(now))
    } else {
        t.say("note-newer")
    };
    Ok(Page(Saved { text }).into_response())
}
