//! Calls: the list, and one call's story. Supervisors see all of their centre, agents those they talked in.

mod bill;
mod filter;
mod list;
mod one;
mod told;

use axum::Router;
use axum::routing::get;

pub use list::outcome_word;

use crate::web::Web;

pub fn routes() -> Router<Web> {
    Router::new()
        .route("/calls", get(list::show))
        .route("/calls/live", get(list::live))
        .route("/calls/{call}", get(one::show))
        .route("/calls/{call}/story", get(one::story))
}
