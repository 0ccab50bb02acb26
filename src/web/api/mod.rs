//! The JSON interface under `/api/v1`, for websites, ticketing programs and scripts: one file for each noun. A handler
//! parses, asks the controller or the store once, and answers. How an error looks is `answer.rs`.

mod agents;
mod answer;
mod body;
mod breaks;
mod calls;
mod centres;
mod events;
mod queues;
mod records;
mod session;
mod versions;

use axum::Router;
use axum::routing::{delete, get, post, put};

pub use answer::Problem;
use answer::{no_such_method, no_such_page};
pub use body::named;
pub use session::is_station;

use super::Web;

pub fn routes() -> Router<Web> {
    let agent = Router::new()
        .route("/", get(agents::show))
        .route("/session", put(session::create).delete(session::end))
        .route("/break", put(breaks::create).delete(breaks::end))
        .route("/answer", post(agents::answer))
        .route("/wrap-up", delete(agents::end_wrap_up))
        .route("/call", delete(agents::end_call));
    let centre = Router::new()
        .route("/floor", get(centres::floor))
        .route("/agents", get(agents::list))
        .nest("/agents/{agent}", agent)
        .route("/queues", get(queues::list))
        .route("/calls", get(calls::list))
        .route("/calls/{call}", get(calls::show))
        .route("/records", get(records::list))
        .route("/events", get(events::of_centre))
        .route("/versions", post(versions::create));
    let first = Router::new()
        .route("/centres", get(centres::list))
        .nest("/centres/{centre}", centre)
        .route("/events", get(events::of_all));
    Router::new().nest("/v1", first).fallback(no_such_page).method_not_allowed_fallback(no_such_method)
}
