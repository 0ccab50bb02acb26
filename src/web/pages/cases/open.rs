//! A case is opened: what is wanted, of which type, for whom. The form brings a key, so that one sent twice opens one.

use askama::Template;
use axum::Form as Body;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::shown::{kinds, refusal, target, targets};
use crate::cases::{CaseTypeName, Opening};
use crate::customers::{Customer, CustomerId, Line, Note};
use crate::store::RequestKey;
use crate::store::cases::CaseError;
use crate::web::Web;
use crate::web::pages::calls;
use crate::web::pages::choice::Choice;
use crate::web::pages::frame::{Frame, Noun, Page};
use crate::web::pages::mistakes::{Mistakes, again};
use crate::web::pages::problem::{PageProblem, Shown};
use crate::web::pages::who::Who;

/// As it was typed.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Given {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    wanted: String,
    #[serde(default)]
    customer: String,
    #[serde(default)]
    call: String,
    /// Empty: whose the type is.
    #[serde(default)]
    to: String,
    #[serde(default)]
    request: String,
}

#[derive(Template)]
#[template(path = "cases/new.html")]
pub struct New {
    frame: Frame,
    given: Given,
    mistakes: Mistakes,
    kinds: Vec<Choice>,
    targets: Vec<Choice>,
    /// Number and name, where it is known whose case it is.
    customer: Option<(CustomerId, String)>,
}

/// Somebody who is in the records, and was not erased.
async fn known(web: &Web, who: &Who, typed: &str) -> Shown<Option<Customer>> {
    let Some(id) = typed.trim().parse().ok().and_then(CustomerId::new) else { return Ok(None) };
    let customer = web.db.customer(who.centre(), id).await?;
    Ok(customer.filter(|customer| customer.erased.is_none()))
}

async fn page(web: &Web, who: &Who, given: Given, mistakes: Mistakes) -> Shown<New> {
    let frame = who.frame(web, Noun::Cases);
    let plan = web.handle.plan(who.centre()).ok_or(PageProblem::Away)?;
    let names = web.hub().names.of(web, who.centre()).await;
    let customer = known(web, who, &given.customer).await?;
    let name = |customer: Customer| customer.record.name.map_or_else(String::new, |name| name.to_string());
    Ok(New {
        kinds: kinds(frame.t, &plan, &given.kind),
        targets: targets(frame.t, &plan, &names, &given.to),
        customer: customer.map(|customer| (customer.id, name(customer))),
        frame,
        given,
        mistakes,
    })
}

pub async fn show(State(web): State<Web>, who: Who, Query(wanted): Query<Given>) -> Shown<Page<New>> {
    let call = calls::named(&web, &who, &wanted.call).await?;
    let mut given = Given { request: RequestKey::new()?.as_str().to_owned(), ..wanted };
    if let Some(call) = call.filter(|_| given.customer.is_empty()) {
        let said = web.db.contact(who.centre(), call).await?;
        given.customer = said.map_or_else(String::new, |customer| customer.to_string());
    }
    if !given.customer.is_empty() && known(&web, &who, &given.customer).await?.is_none() {
        return Err(PageProblem::NotFound);
    }
    Ok(Page(page(&web, &who, given, Mistakes::default()).await?))
}

pub async fn create(State(web): State<Web>, who: Who, Body(given): Body<Given>) -> Shown<Response> {
    let t = who.manner.t;
    let call = calls::named(&web, &who, &given.call).await?;
    let request = RequestKey::of(&given.request).map_err(|_| PageProblem::Invalid("problem-unread"))?;
    let plan = web.handle.plan(who.centre()).ok_or(PageProblem::Away)?;
    let names = web.hub().names.of(&web, who.centre()).await;
    let mut mistakes = Mistakes::default();
    let title = mistakes.take(t, "title", Line::of(&given.title));
    let wanted = mistakes.take(t, "wanted", Note::of(&given.wanted));
    let customer = known(&web, &who, &given.customer).await?.map(|customer| customer.id);
    if customer.is_none() && !given.customer.trim().is_empty() {
        mistakes.add("customer", t.say("cases-no-such-customer"));
    }
    let to = target(&plan, &names, &given.to);
    if to.is_none() && !given.to.is_empty() {
        mistakes.add("to", t.say("case-no-such-target"));
    }
    let kind = CaseTypeName::new(&given.kind);
    if !plan.case_types.contains_key(&kind) {
        mistakes.add("kind", t.say("case-no-such-type"));
    }
    let (Some(title), Some(wanted), true) = (title, wanted, mistakes.is_empty()) else {
        return Ok(again(page(&web, &who, given, mistakes).await?));
    };
    let opening = Opening { kind, title, wanted, customer, call, to, by: who.agent().clone() };
    match web.db.open_case(who.centre(), opening, &request, web.now(), plan.case_rules()).await {
        Ok(opened) => Ok(Redirect::to(&format!("/cases/{}", opened.case.number)).into_response()),
        Err(CaseError::Refused(why)) => {
            let (field, text) = refusal(&why);
            mistakes.add(field.unwrap_or("kind"), t.say(text));
            Ok(again(page(&web, &who, given, mistakes).await?))
        }
        Err(CaseError::Store(error)) => Err(error.into()),
        Err(CaseError::Stale(_) | CaseError::Missing(_)) => Err(PageProblem::NotFound),
    }
}
