//! The desk: what an agent sees all day. `shown.rs` gathers what there is to see, `actions.rs` does what is pressed.

mod abroad;
mod actions;
mod caller;
mod day;
mod notes;
mod passing;
mod shown;

use askama::Template;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::extract::State;
use axum::routing::{get, post, put};

use super::frame::{Noun, Page};
use super::problem::{PageProblem, Shown};
use super::who::Who;
use crate::web::Web;
use shown::{DayPiece, Desk, QueuesPiece};

pub fn routes() -> Router<Web> {
    Router::new()
        .route("/desk", get(show))
        .route("/desk/session", post(actions::log_in))
        .route("/desk/session/end", post(actions::log_out))
        .route("/desk/break", post(actions::take_break))
        .route("/desk/break/end", post(actions::ready))
        .route("/desk/wrap-up/end", post(actions::end_wrap_up))
        .route("/desk/answer", post(actions::answer))
        .route("/desk/dial", post(actions::dial))
        .route("/desk/call/back", post(actions::call_back))
        .route("/desk/call/hold", post(actions::hold))
        .route("/desk/call/retrieve", post(actions::retrieve))
        .route("/desk/call/pass", get(passing::choice).post(passing::pass_on))
        .route("/desk/call/end", post(actions::end_call))
        .route("/desk/call/customer", post(actions::say_customer))
        .route("/desk/notes/{call}", put(notes::save).layer(DefaultBodyLimit::max(notes::LONGEST_FORM)))
}

async fn show(State(web): State<Web>, who: Who) -> Shown<Page<Desk>> {
    Ok(Page(Desk::of(&web, &who, who.frame(&web, Noun::Desk)).await?.with_day(&web, &who).await))
}

/// What lives on a desk, each piece with the id of what it replaces; the figures of the day are a piece of their own. And
/// whether all of it could be read: a caller's record that came too late for this drawing is there for the next.
///
/// # Errors
/// As the page.
pub async fn pieces(web: &Web, who: &Who) -> Shown<(String, bool)> {
    let desk = Desk::of(web, who, who.frame(web, Noun::Desk)).await?;
    Ok((drawn(&desk.pieces())?, desk.is_whole()))
}

/// The queues alone: they change with everybody's calls.
///
/// # Errors
/// As the page.
pub async fn queue_pieces(web: &Web, who: &Who) -> Shown<String> {
    let floor = web.hub().floors.of(&web.handle, who.centre()).await?;
    let queues = shown::queues(&floor, who.agent());
    drawn(&QueuesPiece { t: who.manner.t, queues: &queues })
}

/// The day alone: it is the database's.
///
/// # Errors
/// As the store.
pub async fn day_piece(web: &Web, who: &Who) -> Shown<String> {
    let day = day::of(web, who, web.now()).await?;
    drawn(&DayPiece { t: who.manner.t, day: &Some(day) })
}

fn drawn(piece: &impl Template) -> Shown<String> {
    piece.render().map_err(|error| PageProblem::Internal(format!("a template: {error}")))
}
