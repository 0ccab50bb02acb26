//! The people of a centre, for its admins: who there is, what each may do, where they sit and what they can. `given.rs`
//! reads what a form brought, `form.rs` and `removal.rs` change one person, `skills.rs` is the grid of all, `stations.rs`
//! says who sits where, `loans.rs` who serves another centre.

mod assigned;
mod form;
mod given;
mod list;
mod loans;
mod pin;
mod removal;
mod skills;
mod stations;

use axum::Router;
use axum::routing::{get, post, put};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::choice::Choice;
use super::frame::role_word;
use super::problem::PageProblem;
use super::words::Words;
use crate::routing::ids::AgentName;
use crate::store::agents::Role;
use crate::web::{Web, named};

pub fn routes() -> Router<Web> {
    Router::new()
        .route("/people", get(list::show).post(form::create))
        .route("/people/new", get(form::new))
        .route("/people/skills", get(skills::show))
        .route("/people/skills/cells", put(skills::save))
        .route("/people/stations", get(stations::show))
        .route("/people/loans", get(loans::show).post(loans::lend))
        .route("/people/loans/end", post(loans::end))
        .route("/people/{person}", get(form::show).post(form::update))
        .route("/people/{person}/pin", post(pin::update))
        .route("/desk/pin", get(pin::show).post(pin::change))
        .route("/people/{person}/removal", get(removal::ask).post(removal::create))
}

/// Where a person's page is. The sign before the name keeps apart somebody who is called `new`, or `..`.
fn address(name: &AgentName) -> String {
    format!("/people/~{}", utf8_percent_encode(name.as_str(), NON_ALPHANUMERIC))
}

/// Whom an address means.
fn person_of(part: &str) -> Result<AgentName, PageProblem> {
    let name = part.strip_prefix('~').ok_or(PageProblem::NotFound)?;
    named(name).map_err(|_| PageProblem::NotFound)
}

/// One of the pages of this noun.
struct Tab {
    href: &'static str,
    word: String,
    current: bool,
}

fn tabs(t: Words, here: &str) -> Vec<Tab> {
    let tab = |href, word: String| Tab { href, word, current: href == here };
    vec![
        tab("/people", t.say("nav-people")),
        tab("/people/skills", t.say("people-skills")),
        tab("/people/stations", t.say("people-stations")),
        tab("/people/loans", t.say("people-loans")),
    ]
}

fn roles(t: Words, asked: &str) -> Vec<Choice> {
    Role::ALL.into_iter().map(|role| Choice::of(role.as_str(), t.say(role_word(role)), asked)).collect()
}

/// Whether a phone is asked to pick up by itself, over what the queues say.
fn auto_answers(t: Words, asked: &str) -> Vec<Choice> {
    let words = [("", "person-auto-answer-queue"), ("yes", "person-auto-answer-yes"), ("no", "person-auto-answer-no")];
    words.into_iter().map(|(value, word)| Choice::of(value, t.say(word), asked)).collect()
}
