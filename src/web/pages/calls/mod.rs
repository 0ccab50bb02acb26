//! Calls: the list, and one call's story. Supervisors see all of their centre, agents those they talked in.

mod about;
mod bill;
pub mod dialled;
mod filter;
mod list;
mod one;
mod owed;
mod told;

use axum::Router;
use axum::routing::{get, post};

pub use about::whose;
pub use list::{called, outcome_class, outcome_word};
pub use told::dial_word;

use crate::routing::ids::CallId;
use crate::store::agents::Role;
use crate::web::Web;
use crate::web::pages::problem::{PageProblem, Shown};
use crate::web::pages::who::Who;

pub fn routes() -> Router<Web> {
    Router::new()
        .route("/calls", get(list::show))
        .route("/calls/live", get(list::live))
        .route("/calls/dialled", get(dialled::show))
        .route("/calls/owed", get(owed::show))
        .route("/calls/owed/cancel", post(owed::cancel))
        .route("/calls/{call}", get(one::show))
        .route("/calls/{call}/story", get(one::story))
}

/// The call that a form names, where it names one: one that the person may look at.
///
/// # Errors
/// `NotFound` for any other; `Away` where it cannot be read just now.
pub async fn named(web: &Web, who: &Who, call: &str) -> Shown<Option<CallId>> {
    if call.is_empty() {
        return Ok(None);
    }
    let call: CallId = call.parse().map_err(|_| PageProblem::NotFound)?;
    let story = web.hub().stories.of(&web.db, who.centre(), call).await?;
    let theirs =
        who.session.role >= Role::Supervisor || story.iter().any(|told| told.fact.agent() == Some(who.agent()));
    if theirs { Ok(Some(call)) } else { Err(PageProblem::NotFound) }
}
