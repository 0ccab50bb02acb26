//! Customers of a centre: found by what was typed or by a number, added, changed, forgotten.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, Problem};
use super::body::{Asked, Body, InCentre};
use super::form::Form;
use super::paging::limit;
use super::records::Record as CallRecord;
use crate::calendar::Moment;
use crate::controller;
use crate::customers::{Customer, CustomerId, Fields, Line, MOST_NUMBERS, Note, Number, Record, TextMistake};
use crate::dialplan::{Centre, Language};
use crate::routing::ids::{CallId, CentreName};
use crate::store::audit::Author;
use crate::store::customers::{Behind, CustomerError, MOST_LISTED};
use crate::web::Web;

/// Customers of a page, unless asked for otherwise.
const A_PAGE: u32 = 50;
/// The longest text that is looked for, in characters.
const LONGEST_SOUGHT: usize = 200;

/// Which customers; all by name where nothing is given.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// The beginning of a word of the name, or of a number.
    q: Option<String>,
    /// Everybody who has exactly this number, in whatever way it is dialled.
    number: Option<String>,
    /// `next` of the page before.
    after: Option<String>,
    /// 1 to 200; 50 unless given.
    limit: Option<u32>,
}

#[derive(Serialize, JsonSchema)]
pub struct Page {
    customers: Vec<CustomerSeen>,
    /// What `after` is for the next page; `null` where there is none.
    next: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub struct CustomerSeen {
    id: CustomerId,
    /// `null` until somebody has asked.
    name: Option<String>,
    language: Option<&'static str>,
    note: String,
    fields: BTreeMap<String, String>,
    /// In their one form: `+8613800138000` where the country is known.
    numbers: Vec<String>,
    added_ms: Moment,
    changed_ms: Moment,
    /// When the person was forgotten; the record is empty since.
    erased_ms: Option<Moment>,
    /// Counts the changes.
    version: u64,
}

/// The whole record: what is left out is empty.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Written {
    name: Option<String>,
    /// `en` or `zh`.
    language: Option<String>,
    #[serde(default)]
    note: String,
    #[serde(default)]
    fields: BTreeMap<String, String>,
    #[serde(default)]
    numbers: Vec<String>,
    /// Of a change: the version that was seen.
    version: Option<u64>,
}

/// Which calls of a customer.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Before {
    /// The last call of the page before.
    before: Option<CallId>,
    /// 1 to 200; 50 unless given.
    limit: Option<u32>,
}

impl From<Customer> for CustomerSeen {
    fn from(customer: Customer) -> Self {
        let Customer { id, record, added, changed, erased, version } = customer;
        Self {
            id,
            name: record.name.map(|name| name.to_string()),
            language: record.language.map(Language::as_str),
            note: record.note.to_string(),
            fields: record.fields.iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect(),
            numbers: record.numbers.iter().map(|number| number.as_str().to_owned()).collect(),
            added_ms: added,
            changed_ms: changed,
            erased_ms: erased,
            version,
        }
    }
}

impl From<CustomerError> for Problem {
    fn from(error: CustomerError) -> Self {
        match error {
            CustomerError::Store(error) => error.into(),
            CustomerError::Stale(_) => Problem::Stale(error.to_string()),
            CustomerError::Missing(_) => Problem::NotFound(error.to_string()),
        }
    }
}

/// The customer that an address names.
pub struct OfCustomer {
    centre: CentreName,
    id: CustomerId,
}

impl<S: Send + Sync> FromRequestParts<S> for OfCustomer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Answer<Self> {
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Path((centre, id)) = path.map_err(|error| Problem::Invalid(error.body_text()))?;
        let id = id.parse().map_err(|_| Problem::NotFound("there is no such customer".into()))?;
        Ok(Self { centre: CentreName::new(centre), id })
    }
}

/// What a centre's YAML says now.
pub fn plan(web: &Web, centre: &CentreName) -> Answer<Arc<Centre>> {
    web.handle.plan(centre).ok_or_else(|| Problem::NotFound(format!("there is no centre {centre}")))
}

/// What is wrong with a text, by the name of the text.
pub fn wrong(what: &str) -> impl FnOnce(TextMistake) -> Problem + '_ {
    move |mistake| Problem::Invalid(format!("{what}: {mistake}"))
}

impl Written {
    fn record(self, plan: &Centre) -> Answer<Record> {
        let name = self.name.as_deref().map(Line::of).transpose().map_err(wrong("name"))?;
        let language = self.language.as_deref().map(str::parse::<Language>).transpose();
        let language = language.map_err(|_| Problem::Invalid("language is en or zh".into()))?;
        let note = Note::of(&self.note).map_err(wrong("note"))?;
        let pairs = self.fields.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        let fields = Fields::of(pairs).map_err(wrong("fields"))?;
        if self.numbers.len() > MOST_NUMBERS {
            return Err(Problem::Invalid(format!("a customer has at most {MOST_NUMBERS} numbers")));
        }
        let number = |text: &String| {
            let shown: String = text.chars().take(40).collect();
            Number::of(text, plan.country).ok_or_else(|| Problem::Invalid(format!("{shown:?} is no number")))
        };
        let numbers = self.numbers.iter().map(number).collect::<Answer<Vec<Number>>>()?;
        Ok(Record { name, language, note, fields, numbers })
    }
}

fn behind(after: &str) -> Option<Behind> {
    let (customer, sought) = after.split_once('/')?;
    Some(Behind { sought: sought.to_owned(), customer: customer.parse().ok()? })
}

pub async fn list(State(web): State<Web>, centre: InCentre, Asked(which): Asked<Which>) -> Answer<Json<Page>> {
    let centre = centre.name();
    let plan = plan(&web, &centre)?;
    let limit = limit(which.limit, A_PAGE, MOST_LISTED)?;
    if let Some(number) = &which.number {
        let number = Number::of(number, plan.country).ok_or_else(|| Problem::Invalid("number is no number".into()))?;
        let customers = web.db.customers_of_number(&centre, &number).await?;
        return Ok(Json(Page { customers: customers.into_iter().map(CustomerSeen::from).collect(), next: None }));
    }
    let typed = which.q.unwrap_or_default();
    if typed.chars().nth(LONGEST_SOUGHT).is_some() {
        return Err(Problem::Invalid(format!("q has at most {LONGEST_SOUGHT} characters")));
    }
    let is_next = || Problem::Invalid("after is the `next` of a page".into());
    let behind = which.after.map(|after| behind(&after).ok_or_else(is_next)).transpose()?;
    let found = web.db.find_customers(&centre, &typed, behind.as_ref(), limit, plan.country).await?;
    let next = found.next.map(|next| format!("{}/{}", next.customer, next.sought));
    Ok(Json(Page { customers: found.customers.into_iter().map(CustomerSeen::from).collect(), next }))
}

pub async fn create(
    State(web): State<Web>,
    centre: InCentre,
    request: Form,
    Body(written): Body<Written>,
) -> Answer<(StatusCode, Json<CustomerSeen>)> {
    let centre = centre.name();
    let plan = plan(&web, &centre)?;
    if written.version.is_some() {
        return Err(Problem::Invalid("a new customer has no version yet".into()));
    }
    let request = request.for_this(&written)?;
    let (record, now) = (written.record(&plan)?, controller::clock()());
    let customer = web.db.add_customer(&centre, record, &request, &Author::Program, now, plan.country).await?;
    Ok((StatusCode::CREATED, Json(customer.into())))
}

async fn read(web: &Web, of: &OfCustomer) -> Answer<Customer> {
    plan(web, &of.centre)?;
    let found = web.db.customer(&of.centre, of.id).await?;
    found.ok_or_else(|| Problem::NotFound(format!("there is no customer {}", of.id)))
}

pub async fn show(State(web): State<Web>, of: OfCustomer) -> Answer<Json<CustomerSeen>> {
    Ok(Json(read(&web, &of).await?.into()))
}

pub async fn update(
    State(web): State<Web>,
    of: OfCustomer,
    Body(written): Body<Written>,
) -> Answer<Json<CustomerSeen>> {
    let plan = plan(&web, &of.centre)?;
    let version = written.version.ok_or_else(|| Problem::Invalid("version is the one that was seen".into()))?;
    let (record, now) = (written.record(&plan)?, controller::clock()());
    let changed = web.db.change_customer(&of.centre, of.id, version, record, &Author::Program, now, plan.country);
    Ok(Json(changed.await?.into()))
}

/// Forgets the person; the number of the customer, and every figure, stay.
pub async fn erase(State(web): State<Web>, of: OfCustomer) -> Answer<Json<CustomerSeen>> {
    let plan = plan(&web, &of.centre)?;
    web.db.erase_customer(&of.centre, of.id, &Author::Program, controller::clock()(), plan.country).await?;
    web.forget_persons();
    Ok(Json(read(&web, &of).await?.into()))
}

/// The calls of a customer, newest first.
pub async fn calls(
    State(web): State<Web>,
    of: OfCustomer,
    Asked(which): Asked<Before>,
) -> Answer<Json<Vec<CallRecord>>> {
    let plan = plan(&web, &of.centre)?;
    let limit = limit(which.limit, A_PAGE, crate::store::contacts::MOST_LISTED)?;
    let customer = read(&web, &of).await?;
    let calls = web.db.contacts_of(&of.centre, &customer, which.before, limit, plan.country).await?;
    Ok(Json(calls.into_iter().map(CallRecord::from).collect()))
}
