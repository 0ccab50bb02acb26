//! The JSON interface under `/api/v1`, for websites, ticketing programs and scripts: one file for each noun. A handler
//! parses, asks the controller or the store once, and answers. Which routes there are is `routes.rs`, how an error looks
//! is `answer.rs`.

mod agents;
mod answer;
mod asker;
mod body;
mod breaks;
mod calls;
mod centres;
mod document;
mod events;
mod keys;
mod paging;
mod queues;
mod records;
mod routes;
mod session;
mod versions;

pub use answer::{Problem, no_such_method, no_such_page};
pub use asker::{Asker, Peer, is_forwarded};
pub use body::named;
pub use keys::Keys;
pub use routes::router;
pub use session::is_station;
