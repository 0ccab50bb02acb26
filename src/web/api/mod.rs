//! The JSON interface under `/api/v1`, for websites, ticketing programs and scripts: one file for each noun. A handler
//! parses, asks the controller or the store once, and answers. Which routes there are is `table.rs`, how an error looks
//! is `answer.rs`.

mod agents;
mod answer;
pub mod asker;
mod body;
mod breaks;
mod calls;
mod cases;
mod centres;
mod customers;
mod dials;
mod document;
mod emergency;
mod events;
mod form;
mod hooks;
mod keys;
mod loans;
mod notes;
mod paging;
mod passing_on;
mod promises;
mod queues;
mod records;
mod routes;
mod session;
mod signature;
mod table;
mod versions;

use axum::Router;

pub use answer::Problem;
use answer::{no_such_method, no_such_page};
pub use asker::{Asker, is_forwarded};
pub use body::{named, own_name};
pub use keys::Keys;
pub use session::is_station;

use super::Web;

pub fn routes() -> Router<Web> {
    Router::new().nest("/v1", routes::router()).fallback(no_such_page).method_not_allowed_fallback(no_such_method)
}
