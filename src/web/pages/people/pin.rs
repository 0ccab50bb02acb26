//! The number and the PIN by which somebody says at a keypad who they are. An admin gives both; whoever has a number changes
//! their own PIN. A PIN is shown to nobody, not even to whoever has just typed it.

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::form::{Said, hashed, with_pin_mistakes};
use super::{address, person_of};
use crate::routing::ids::AgentName;
use crate::store::given::{self, NotGiven};
use crate::store::pins::AgentNumber;
use crate::store::{Author, StoreError};
use crate::web::Web;
use crate::web::pages::frame::{Frame, Noun, Page};
use crate::web::pages::mistakes::{Mistakes, again};
use crate::web::pages::problem::{PageProblem, Shown};
use crate::web::pages::who::{Admin, Who};
use crate::web::pages::words::Words;

/// As it was typed.
#[derive(Default, Deserialize)]
pub struct Given {
    #[serde(default)]
    number: String,
    #[serde(default)]
    pin: String,
    /// Take both away.
    #[serde(default)]
    none: Option<String>,
}

/// One's own.
#[derive(Template)]
#[template(path = "people/pin.html")]
struct Own {
    frame: Frame,
    /// `None`: an admin gives it first.
    number: Option<String>,
    mistakes: Mistakes,
    said: bool,
}

fn wrong_pin(t: Words, pin: &str) -> Option<String> {
    match given::pin(pin) {
        Ok(()) => None,
        Err(NotGiven::PinSimple) => Some(t.say("pin-simple")),
        Err(NotGiven::PinLength | NotGiven::DisplayName | NotGiven::PasswordUnseen | NotGiven::PasswordLength) => {
            Some(t.say("pin-length"))
        }
    }
}

/// What an admin gives.
pub async fn update(
    State(web): State<Web>,
    Admin(who): Admin,
    Path(part): Path<String>,
    Form(given): Form<Given>,
) -> Shown<Response> {
    let (name, t) = (person_of(&part)?, who.manner.t);
    let there = || Redirect::to(&format!("{}?said=saved", address(&name))).into_response();
    if given.none.is_some() {
        saved(&web, &who, &name, None).await?;
        return Ok(there());
    }
    let number: Result<AgentNumber, _> = given.number.trim().parse();
    let mut mistakes = Mistakes::default();
    if number.is_err() {
        mistakes.add("number", t.say("pin-number-wrong"));
    }
    if let Some(wrong) = wrong_pin(t, &given.pin) {
        mistakes.add("pin", wrong);
    }
    let number_typed = given.number.trim().to_owned();
    let (Ok(number), true) = (number, mistakes.is_empty()) else {
        return with_pin_mistakes(&web, &who, &name, number_typed, mistakes).await;
    };
    match saved(&web, &who, &name, Some((&number, given.pin))).await {
        Ok(()) => Ok(there()),
        Err(Unsaved::Taken) => {
            let taken = Mistakes::one("number", t.say("pin-number-taken"));
            with_pin_mistakes(&web, &who, &name, number_typed, taken).await
        }
        Err(Unsaved::Problem(problem)) => Err(problem),
    }
}

/// Why it was not.
enum Unsaved {
    /// Somebody else has the number.
    Taken,
    Problem(PageProblem),
}

impl From<Unsaved> for PageProblem {
    fn from(unsaved: Unsaved) -> Self {
        match unsaved {
            Unsaved::Taken => PageProblem::Invalid("pin-number-taken"),
            Unsaved::Problem(problem) => problem,
        }
    }
}

async fn saved(web: &Web, who: &Who, name: &AgentName, pin: Option<(&AgentNumber, String)>) -> Result<(), Unsaved> {
    let wanted = match pin {
        Some((number, pin)) => Some((number, hashed(web, pin).await.map_err(Unsaved::Problem)?)),
        None => None,
    };
    let wanted = wanted.as_ref().map(|(number, hash)| (*number, hash));
    let author = Author::Person(who.agent().clone());
    match web.db.set_pin(who.centre(), name, wanted, &author, web.now()).await {
        Ok(()) => Ok(()),
        Err(StoreError::Exists { .. }) => Err(Unsaved::Taken),
        Err(StoreError::Missing { .. }) => Err(Unsaved::Problem(PageProblem::NotFound)),
        Err(error) => Err(Unsaved::Problem(error.into())),
    }
}

async fn own(web: &Web, who: &Who, mistakes: Mistakes, said: bool) -> Shown<Own> {
    let number = web.db.agent_number(who.centre(), who.agent()).await?;
    let frame = who.frame(web, Noun::Desk);
    Ok(Own { frame, number: number.map(|number| number.to_string()), mistakes, said })
}

pub async fn show(State(web): State<Web>, who: Who, Query(said): Query<Said>) -> Shown<Response> {
    Ok(Page(own(&web, &who, Mistakes::default(), said.is("saved")).await?).into_response())
}

/// One's own PIN, under the number that one has.
pub async fn change(State(web): State<Web>, who: Who, Form(given): Form<Given>) -> Shown<Response> {
    if let Some(wrong) = wrong_pin(who.manner.t, &given.pin) {
        return Ok(again(own(&web, &who, Mistakes::one("pin", wrong), false).await?));
    }
    let number = web.db.agent_number(who.centre(), who.agent()).await?;
    let number = number.ok_or(PageProblem::Invalid("pin-no-number"))?;
    saved(&web, &who, who.agent(), Some((&number, given.pin))).await?;
    Ok(Redirect::to("/desk/pin?said=saved").into_response())
}
