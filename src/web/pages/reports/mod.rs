//! Reports: what supervisors print. One so far, *queue by interval*. `asked.rs` reads what is asked for from the address,
//! `queues.rs` draws it, `owed.rs` its line of call-backs, `behind.rs` lists the calls behind a figure, `print.rs` says what stands in a print's margins.

mod asked;
mod behind;
mod owed;
mod print;
mod queues;

use axum::Router;
use axum::routing::get;

use crate::web::Web;

pub fn routes() -> Router<Web> {
    Router::new()
        .route("/reports/queues", get(queues::show))
        .route("/reports/queues.csv", get(queues::csv))
        .route("/reports/queues/calls", get(behind::show))
        .route("/reports/queues/call-backs.csv", get(owed::csv))
        .route("/reports/print.css", get(print::show))
}
