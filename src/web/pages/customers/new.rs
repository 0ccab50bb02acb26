//! Somebody who is not known yet is written down, often while they talk.

use askama::Template;
use axum::Form as Body;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::form::{Form, Given};
use crate::customers::Record;
use crate::store::Author;
use crate::store::RequestKey;
use crate::web::Web;
use crate::web::pages::calls;
use crate::web::pages::frame::{Frame, Noun, Page};
use crate::web::pages::mistakes::{Mistakes, again};
use crate::web::pages::problem::{PageProblem, Shown};
use crate::web::pages::who::Who;

/// What the desk links with.
#[derive(Deserialize)]
pub struct Wanted {
    #[serde(default)]
    number: String,
    #[serde(default)]
    call: String,
}

#[derive(Template)]
#[template(path = "customers/new.html")]
pub struct New {
    frame: Frame,
    form: Form,
}

pub async fn show(State(web): State<Web>, who: Who, Query(wanted): Query<Wanted>) -> Shown<Page<New>> {
    let call = calls::named(&web, &who, &wanted.call).await?;
    let given = Given {
        numbers: wanted.number,
        call: call.map_or_else(String::new, |call| call.to_string()),
        request: RequestKey::new()?.as_str().to_owned(),
        ..Given::default()
    };
    let form = Form { given, mistakes: Mistakes::default() };
    Ok(Page(New { frame: who.frame(&web, Noun::Customers), form }))
}

/// The call is from then on a contact of theirs, so that the desk shows who it is.
pub async fn create(State(web): State<Web>, who: Who, Body(given): Body<Given>) -> Shown<Response> {
    let frame = who.frame(&web, Noun::Customers);
    let call = calls::named(&web, &who, &given.call).await?;
    let request = RequestKey::of(&given.request).map_err(|_| PageProblem::Invalid("problem-unread"))?;
    let plan = web.handle.plan(who.centre()).ok_or(PageProblem::Away)?;
    let mut mistakes = Mistakes::default();
    let Some(record) = given.record(frame.t, plan.country, &Record::default(), &mut mistakes) else {
        return Ok(again(New { frame, form: Form { given, mistakes } }));
    };
    let by = Author::Person(who.agent().clone());
    let customer = web.db.add_customer(who.centre(), record, &request, &by, web.now(), plan.country).await?;
    if let Some(call) = call {
        web.db.say_contact(who.centre(), call, customer.id).await?;
    }
    Ok(Redirect::to(&format!("/customers/{}", customer.id)).into_response())
}
