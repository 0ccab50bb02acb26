//! Cases: what is to be settled, whose it is, until when. Who may do what is the case's own to say (`src/cases`): a page
//! shows what is possible now, and a case refuses the rest.

mod actions;
mod list;
mod one;
mod open;
mod shown;
mod told;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use super::customers::LONGEST_FORM;
use crate::web::Web;

pub use list::STATES;
pub use shown::{Line, line};

pub fn routes() -> Router<Web> {
    Router::new()
        .route("/cases", get(list::show).post(open::create))
        .route("/cases/new", get(open::show))
        .route("/cases/{number}", get(one::show))
        .route("/cases/{number}/{change}", post(actions::change))
        .layer(DefaultBodyLimit::max(LONGEST_FORM))
}
