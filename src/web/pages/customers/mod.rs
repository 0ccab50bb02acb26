//! Customers: found by name or number, written down, and what they had to do with us.

mod form;
mod list;
mod new;
mod one;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::get;

use crate::web::Web;

/// The longest note in Chinese, as forms are coded: nine bytes a character.
pub const LONGEST_FORM: usize = 128 << 10;

pub fn routes() -> Router<Web> {
    Router::new()
        .route("/customers", get(list::show).post(new::create))
        .route("/customers/new", get(new::show))
        .route("/customers/{id}", get(one::show).post(one::update))
        .route("/customers/{id}/erasure", get(one::ask).post(one::erase))
        .layer(DefaultBodyLimit::max(LONGEST_FORM))
}
