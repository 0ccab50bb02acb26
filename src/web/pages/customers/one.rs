//! One customer: the record with its form, their cases, every contact newest first. An erased one keeps its number, its
//! calls and its cases.

use askama::Template;
use axum::Form as Body;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::form::{Form, Given};
use crate::customers::{Customer, CustomerId};
use crate::dialplan::Centre;
use crate::routing::dial_out::DialledNumber;
use crate::routing::ids::CallId;
use crate::store::Author;
use crate::store::agents::Role;
use crate::store::calls::KeptCall;
use crate::store::case_lists::Which;
use crate::store::customers::CustomerError;
use crate::web::Web;
use crate::web::pages::calls::{called, dialled, outcome_class, outcome_word};
use crate::web::pages::cases::{self, Line};
use crate::web::pages::frame::{Frame, Noun, Page};
use crate::web::pages::mistakes::{Mistakes, again, too_late};
use crate::web::pages::problem::{PageProblem, Shown};
use crate::web::pages::who::{Supervisor, Who};
use crate::web::pages::words::clock;

/// Contacts of a page.
const CONTACTS: u32 = 30;
/// Cases beside a record: who has more has them in the list of cases too.
const CASES: u32 = 50;

impl From<CustomerError> for PageProblem {
    fn from(error: CustomerError) -> Self {
        match error {
            CustomerError::Store(error) => error.into(),
            CustomerError::Missing(_) => PageProblem::NotFound,
            CustomerError::Stale(_) => PageProblem::Invalid("customers-stale"),
        }
    }
}

#[derive(Template)]
#[template(path = "customers/show.html")]
pub struct Show {
    frame: Frame,
    id: CustomerId,
    /// Empty: not known.
    name: String,
    /// When the person was erased.
    erased: Option<String>,
    changed: String,
    /// Whether who looks may erase a person.
    may_erase: bool,
    form: Form,
    /// What somebody else has made of it meanwhile: part and text.
    meanwhile: Vec<(&'static str, String)>,
    contacts: Vec<Contact>,
    older: Option<CallId>,
    cases: Vec<Line>,
    /// The numbers that the agent may have called; empty where the centre calls nobody.
    dialable: Vec<String>,
    dials: Vec<dialled::Line>,
}

struct Contact {
    call: CallId,
    at: String,
    queue: String,
    agent: String,
    talked: String,
    class: &'static str,
    outcome: &'static str,
}

#[derive(Template)]
#[template(path = "customers/erase.html")]
pub struct Ask {
    frame: Frame,
    id: CustomerId,
    name: String,
    numbers: String,
}

#[derive(Default, Deserialize)]
pub struct Asked {
    /// Contacts before this call.
    #[serde(default)]
    before: String,
}

async fn customer(web: &Web, who: &Who, id: &str) -> Shown<Customer> {
    let id = id.parse().ok().and_then(CustomerId::new).ok_or(PageProblem::NotFound)?;
    web.db.customer(who.centre(), id).await?.ok_or(PageProblem::NotFound)
}

async fn page(web: &Web, who: &Who, customer: &Customer, form: Form, before: Option<CallId>) -> Shown<Show> {
    let frame = who.frame(web, Noun::Customers);
    let plan = web.handle.plan(who.centre()).ok_or(PageProblem::Away)?;
    let names = web.hub().names.of(web, who.centre()).await;
    let mut calls = web.db.contacts_of(who.centre(), customer, before, CONTACTS + 1, plan.country).await?;
    let more = calls.len() > CONTACTS as usize;
    calls.truncate(CONTACTS as usize);
    let older = calls.last().filter(|_| more).map(|last| last.call);
    let contact = |call: &KeptCall| Contact {
        call: call.call,
        at: frame.zone.day_and_minute(call.arrived),
        queue: call.queue.as_ref().map_or_else(String::new, ToString::to_string),
        agent: call.agent.as_ref().map_or_else(String::new, |agent| called(&names, agent)),
        talked: call.talked.map_or_else(String::new, |time| clock(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))),
        class: call.ended.as_ref().map_or("talking", |(_, outcome, _)| outcome_class(*outcome)),
        outcome: call.ended.as_ref().map_or("outcome-open", |(_, outcome, _)| outcome_word(*outcome)),
    };
    let contacts = calls.iter().map(contact).collect();
    let cases = web.db.cases(who.centre(), &Which::OfCustomer(customer.id), None, CASES).await?;
    let cases = cases.iter().map(|case| cases::line(&frame, &plan, &names, case)).collect();
    let dials = web.db.dials_to(who.centre(), customer, CONTACTS, plan.country).await?;
    let dials = dials.iter().map(|dial| dialled::line(&frame, &names, dial)).collect();
    Ok(Show {
        dialable: dialable(&plan, customer),
        dials,
        id: customer.id,
        name: customer.record.name.as_ref().map_or_else(String::new, ToString::to_string),
        erased: customer.erased.map(|at| frame.zone.day_and_minute(at)),
        changed: frame.zone.day_and_minute(customer.changed),
        may_erase: who.session.role >= Role::Supervisor,
        form,
        meanwhile: Vec::new(),
        contacts,
        older,
        cases,
        frame,
    })
}

/// Those of the record that the centre's list lets through, as they would be called.
fn dialable(plan: &Centre, customer: &Customer) -> Vec<String> {
    let Some(out) = &plan.dial_out else { return Vec::new() };
    let numbers = customer.record.numbers.iter().filter_map(|number| number.as_str().parse::<DialledNumber>().ok());
    numbers.filter(|number| out.allows(number, plan.country)).map(|number| number.to_string()).collect()
}

pub async fn show(
    State(web): State<Web>,
    who: Who,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Shown<Page<Show>> {
    let customer = customer(&web, &who, &id).await?;
    let given = Given::of(&customer.record, customer.version);
    let form = Form { given, mistakes: Mistakes::default() };
    Ok(Page(page(&web, &who, &customer, form, asked.before.parse().ok()).await?))
}

pub async fn update(
    State(web): State<Web>,
    who: Who,
    Path(id): Path<String>,
    Body(given): Body<Given>,
) -> Shown<Response> {
    let before = customer(&web, &who, &id).await?;
    let plan: std::sync::Arc<Centre> = web.handle.plan(who.centre()).ok_or(PageProblem::Away)?;
    let (t, centre) = (who.manner.t, who.centre());
    let mut mistakes = Mistakes::default();
    let Some(record) = given.record(t, plan.country, &before.record, &mut mistakes) else {
        return Ok(again(page(&web, &who, &before, Form { given, mistakes }, None).await?));
    };
    // What is no version of ours is as good as an old one.
    let version = given.version.parse().unwrap_or(0);
    let by = Author::Person(who.agent().clone());
    match web.db.change_customer(centre, before.id, version, record, &by, web.now(), plan.country).await {
        Ok(_) => Ok(Redirect::to(&format!("/customers/{}", before.id)).into_response()),
        Err(CustomerError::Stale(_)) => {
            let now = customer(&web, &who, &id).await?;
            let theirs = Given::of(&now.record, now.version);
            let parts = [
                ("customers-name", &given.name, &theirs.name),
                ("customers-numbers", &given.numbers, &theirs.numbers),
                ("customers-language", &given.language, &theirs.language),
                ("customers-note", &given.note, &theirs.note),
            ];
            let plain = |text: &str| text.replace("\r\n", "\n");
            let differs = parts.into_iter().filter(|(_, mine, theirs)| plain(mine) != plain(theirs));
            let meanwhile = differs.map(|(part, _, theirs)| (part, theirs.clone())).collect();
            let given = Given { version: theirs.version.clone(), ..given };
            let shown = page(&web, &who, &now, Form { given, mistakes }, None).await?;
            Ok(too_late(Show { meanwhile, ..shown }))
        }
        Err(error) => Err(error.into()),
    }
}

/// Before anything is forgotten: what is, and what is not.
pub async fn ask(State(web): State<Web>, Supervisor(who): Supervisor, Path(id): Path<String>) -> Shown<Page<Ask>> {
    let customer = customer(&web, &who, &id).await?;
    if customer.erased.is_some() {
        return Err(PageProblem::NotFound);
    }
    let Given { name, numbers, .. } = Given::of(&customer.record, customer.version);
    Ok(Page(Ask { frame: who.frame(&web, Noun::Customers), id: customer.id, name, numbers }))
}

pub async fn erase(State(web): State<Web>, Supervisor(who): Supervisor, Path(id): Path<String>) -> Shown<Redirect> {
    let customer = customer(&web, &who, &id).await?;
    let home = web.handle.plan(who.centre()).ok_or(PageProblem::Away)?.country;
    let by = Author::Person(who.agent().clone());
    match web.db.erase_customer(who.centre(), customer.id, &by, web.now(), home).await {
        // Pressed twice.
        Ok(()) | Err(CustomerError::Missing(_)) => {
            web.forget_persons();
            Ok(Redirect::to(&format!("/customers/{}", customer.id)))
        }
        Err(error) => Err(error.into()),
    }
}
