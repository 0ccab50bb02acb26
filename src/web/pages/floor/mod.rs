//! The floor: what supervisors watch. `board.rs` is the floor in no language, `drawn.rs` draws it and what changed of it,
//! `boards.rs` does so once for all who look; `day.rs` counts the figures of today, `wrong.rs` finds what to look at first, `waiting.rs` has who
//! waits in which order.

mod actions;
mod agent;
mod board;
mod boards;
mod day;
mod days;
mod drawn;
mod filter;
mod line;
mod names;
mod waiting;
mod wrong;

use axum::Router;
use axum::extract::{Query, State};
use axum::routing::{get, post};

use super::emergency;
use super::frame::{Noun, Page};
use super::problem::Shown;
use super::who::Supervisor;
use crate::web::Web;
use board::Board;
use drawn::{Ink, Show};
use filter::{Asked, Filter};

pub use boards::{Boards, Looker};
pub use days::Days;
pub use names::Names;

pub fn routes() -> Router<Web> {
    Router::new()
        .route("/floor", get(show))
        .route("/floor/agent", get(agent::show))
        .route("/floor/agent/ready", post(actions::ready))
        .route("/floor/agent/break", post(actions::take_break))
        .route("/floor/agent/wrap-up/end", post(actions::end_wrap_up))
        .route("/floor/agent/session/end", post(actions::log_out))
}

async fn show(State(web): State<Web>, Supervisor(who): Supervisor, Query(asked): Query<Asked>) -> Shown<Page<Show>> {
    let floor = web.hub().floors.of(&web.handle, who.centre()).await?;
    let board = Board::of(&web, who.centre()).await?;
    let ink = Ink::of(&web, who.centre(), who.manner.t);
    let filter = Filter::of(&asked, &floor);
    let messages = emergency::rows(ink.t, &ink.zone, &floor);
    Ok(Page(ink.show(&board, who.frame(&web, Noun::Floor), filter, messages)))
}
