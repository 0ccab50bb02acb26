//! Cases of a centre: what is to be settled, its history, and what somebody does with it. Whoever changes one says which
//! version they saw, and on whose behalf they do it.

use axum::Json;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, Problem};
use super::body::{Asked, Body, InCentre, agent_name};
use super::customers::{plan, wrong};
use super::form::Form;
use super::paging::limit;
use crate::calendar::Moment;
use crate::cases::{
    Case, CaseNumber, CaseTypeName, Changed, Event, Opening, Owner, Refusal, Rules, State as CaseState, Target,
    WaitsFor, What,
};
use crate::controller;
use crate::customers::{CustomerId, Line, Note};
use crate::dialplan::DispositionName;
use crate::organisation::DepartmentName;
use crate::routing::ids::{AgentName, CallId, CentreName};
use crate::store::case_lists::{self, Inbox, MOST_LISTED, Whose};
use crate::store::cases::CaseError;
use crate::web::Web;

/// Cases of a page, unless asked for otherwise.
const A_PAGE: u32 = 100;

/// Which cases. Of a customer, a call, or `all`: those there ever were, newest first. Else those that are not closed, the
/// most urgent first.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Which {
    customer: Option<CustomerId>,
    call: Option<CallId>,
    /// Closed ones too.
    #[serde(default)]
    all: bool,
    /// In this person's hands.
    person: Option<AgentName>,
    /// In this department's.
    department: Option<DepartmentName>,
    /// `new`, `accepted`, `waiting`, `settled` or `closed`.
    state: Option<String>,
    #[serde(rename = "type")]
    kind: Option<CaseTypeName>,
    /// Whose time runs out until then, or has.
    due_by_ms: Option<i64>,
    /// `next` of the page before.
    after: Option<String>,
    /// 1 to 500; 100 unless given.
    limit: Option<u32>,
}

#[derive(Serialize, JsonSchema)]
pub struct Page {
    cases: Vec<CaseSeen>,
    /// What `after` is for the next page; `null` where there is none.
    next: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub struct CaseSeen {
    number: CaseNumber,
    #[serde(rename = "type")]
    kind: CaseTypeName,
    title: String,
    customer: Option<CustomerId>,
    call: Option<CallId>,
    opened_ms: Moment,
    opened_by: AgentName,
    /// `new`, `accepted`, `waiting`, `settled` or `closed`.
    state: &'static str,
    waits_for: Option<WaitsFor>,
    waits_until_ms: Option<Moment>,
    owner: Owner,
    /// How often it went up because its time ran out.
    rung: u32,
    /// When its time runs out, or ran out; `null` while the clock stands.
    due_ms: Option<Moment>,
    settled_ms: Option<Moment>,
    settled_by: Option<AgentName>,
    disposition: Option<DispositionName>,
    closed_ms: Option<Moment>,
    /// Counts the entries of its history.
    version: u64,
}

/// A case and its history.
#[derive(Serialize, JsonSchema)]
pub struct Story {
    case: CaseSeen,
    /// In order, 1000 at most behind `after`.
    entries: Vec<Entry>,
}

#[derive(Serialize, JsonSchema)]
pub struct Entry {
    at_ms: Moment,
    /// `null`: nobody did it, a clock or the rules did.
    by: Option<AgentName>,
    /// What was written with it.
    text: String,
    #[serde(flatten)]
    what: What,
}

/// Which of its entries.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct After {
    /// How many entries are known already.
    after: Option<u64>,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct New {
    #[serde(rename = "type")]
    kind: CaseTypeName,
    title: String,
    /// What is wanted, in full.
    #[serde(default)]
    wanted: String,
    customer: Option<CustomerId>,
    call: Option<CallId>,
    /// The department of its type unless one of the two is given.
    person: Option<AgentName>,
    department: Option<DepartmentName>,
    /// On whose behalf.
    by: String,
}

/// What is done with a case: an acceptance, a closure, an end of waiting, a reopening, a note.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Done {
    /// The version that was seen.
    version: u64,
    /// On whose behalf.
    by: String,
    #[serde(default)]
    text: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Assigned {
    version: u64,
    by: String,
    #[serde(default)]
    text: String,
    /// One of the two.
    person: Option<AgentName>,
    department: Option<DepartmentName>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Waiting {
    version: u64,
    by: String,
    #[serde(default)]
    text: String,
    on: WaitsFor,
    /// A week unless given.
    until_ms: Option<i64>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settled {
    version: u64,
    by: String,
    #[serde(default)]
    text: String,
    disposition: Option<DispositionName>,
}

impl From<Case> for CaseSeen {
    fn from(case: Case) -> Self {
        let wait = match &case.state {
            CaseState::Waiting(wait) => Some(*wait),
            CaseState::New | CaseState::Accepted | CaseState::Settled(_) | CaseState::Closed { .. } => None,
        };
        let (settled, closed) = match &case.state {
            CaseState::Settled(settled) => (Some(settled), None),
            CaseState::Closed { settled, at } => (Some(settled), Some(*at)),
            CaseState::New | CaseState::Accepted | CaseState::Waiting(_) => (None, None),
        };
        Self {
            state: case.state.as_str(),
            waits_for: wait.map(|wait| wait.on),
            waits_until_ms: wait.map(|wait| wait.until),
            settled_ms: settled.map(|settled| settled.at),
            settled_by: settled.map(|settled| settled.by.clone()),
            disposition: settled.and_then(|settled| settled.disposition.clone()),
            closed_ms: closed,
            number: case.number,
            kind: case.kind,
            title: case.title.to_string(),
            customer: case.customer,
            call: case.call,
            opened_ms: case.opened,
            opened_by: case.opened_by,
            owner: case.owner,
            rung: case.rung,
            due_ms: case.due,
            version: case.version,
        }
    }
}

impl From<Event> for Entry {
    fn from(event: Event) -> Self {
        Self { at_ms: event.at, by: event.by, text: event.text.to_string(), what: event.what }
    }
}

const fn word(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::AcceptedAlready => "accepted_already",
        Refusal::NotAccepted => "not_accepted",
        Refusal::NotWaiting => "not_waiting",
        Refusal::NotSettled => "not_settled",
        Refusal::Settled => "settled",
        Refusal::Closed => "closed",
        Refusal::NoSuchDepartment(_) => "no_such_department",
        Refusal::NoSuchType(_) => "no_such_type",
        Refusal::NoSuchDisposition(_) => "no_such_disposition",
        Refusal::DispositionNeeded => "disposition_needed",
        Refusal::NotThen => "not_then",
        Refusal::Empty => "empty",
    }
}

impl From<CaseError> for Problem {
    fn from(error: CaseError) -> Self {
        match error {
            CaseError::Store(error) => error.into(),
            CaseError::Refused(why) => Problem::Conflict(word(&why), why.to_string()),
            CaseError::Stale(_) => Problem::Stale(error.to_string()),
            CaseError::Missing(_) => Problem::NotFound(error.to_string()),
        }
    }
}

/// The case that an address names.
pub struct OfCase {
    centre: CentreName,
    number: CaseNumber,
}

impl<S: Send + Sync> FromRequestParts<S> for OfCase {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Answer<Self> {
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Path((centre, number)) = path.map_err(|error| Problem::Invalid(error.body_text()))?;
        let number = number.parse().map_err(|_| Problem::NotFound("there is no such case".into()))?;
        Ok(Self { centre: CentreName::new(centre), number })
    }
}

fn state_word(given: Option<&String>) -> Answer<Option<&'static str>> {
    let Some(given) = given else { return Ok(None) };
    let word = CaseState::WORDS.into_iter().find(|word| word == given);
    word.map(Some).ok_or_else(|| Problem::Invalid(format!("state is one of {}", CaseState::WORDS.join(", "))))
}

fn target(person: Option<AgentName>, department: Option<DepartmentName>) -> Answer<Option<Target>> {
    match (person, department) {
        (Some(_), Some(_)) => Err(Problem::Invalid("to a person or to a department, not to both".into())),
        (Some(person), None) => Ok(Some(Target::Person(agent_name(person.as_str())?))),
        (None, Some(department)) => Ok(Some(Target::Department(department))),
        (None, None) => Ok(None),
    }
}

/// The place behind a case in the list of the most urgent: its end and its number.
fn place(after: &str) -> Option<(Option<Moment>, CaseNumber)> {
    let (due, number) = after.split_once('/')?;
    let due = if due == "-" { None } else { Some(Moment::from_ms(due.parse().ok()?)) };
    Some((due, number.parse().ok()?))
}

pub async fn list(State(web): State<Web>, centre: InCentre, Asked(which): Asked<Which>) -> Answer<Json<Page>> {
    let centre = centre.name();
    plan(&web, &centre)?;
    let limit = limit(which.limit, A_PAGE, MOST_LISTED)?;
    let state = state_word(which.state.as_ref())?;
    let is_next = || Problem::Invalid("after is the `next` of a page".into());
    let ever = match (which.customer, which.call) {
        (Some(_), Some(_)) => return Err(Problem::Invalid("of a customer or of a call, not of both".into())),
        (Some(customer), None) => Some(case_lists::Which::OfCustomer(customer)),
        (None, Some(call)) => Some(case_lists::Which::OfCall(call)),
        (None, None) if which.all => Some(state.map_or(case_lists::Which::All, case_lists::Which::InState)),
        (None, None) => None,
    };
    let full = |cases: &[Case]| u32::try_from(cases.len()).is_ok_and(|count| count == limit);
    let (cases, next) = if let Some(ever) = ever {
        let narrowed = which.person.is_some() || which.department.is_some() || which.kind.is_some();
        if narrowed || which.due_by_ms.is_some() || (state.is_some() && !which.all) {
            return Err(Problem::Invalid("only cases that are not closed are listed by owner, type or end".into()));
        }
        let before = which.after.map(|after| after.parse().map_err(|_| is_next())).transpose()?;
        let cases = web.db.cases(&centre, &ever, before, limit).await?;
        let next = cases.last().filter(|_| full(&cases)).map(|last| last.number.to_string());
        (cases, next)
    } else {
        let whose = match target(which.person, which.department)? {
            Some(Target::Person(person)) => Whose::Person(person),
            Some(Target::Department(department)) => Whose::Department(department),
            None => Whose::Anybody,
        };
        let after = which.after.map(|after| place(&after).ok_or_else(is_next)).transpose()?;
        let due_by = which.due_by_ms.map(Moment::from_ms);
        let inbox = Inbox { whose, state, kind: which.kind, due_by, after };
        let cases = web.db.inbox(&centre, &inbox, limit).await?;
        let written = |due: Option<Moment>| due.map_or_else(|| "-".to_owned(), |due| due.as_ms().to_string());
        let next = cases.last().filter(|_| full(&cases)).map(|last| format!("{}/{}", written(last.due), last.number));
        (cases, next)
    };
    Ok(Json(Page { cases: cases.into_iter().map(CaseSeen::from).collect(), next }))
}

pub async fn create(
    State(web): State<Web>,
    centre: InCentre,
    request: Form,
    Body(new): Body<New>,
) -> Answer<(StatusCode, Json<CaseSeen>)> {
    let centre = centre.name();
    let plan = plan(&web, &centre)?;
    if let Some(customer) = new.customer
        && web.db.customer(&centre, customer).await?.is_none_or(|customer| customer.erased.is_some())
    {
        return Err(Problem::Invalid(format!("there is no customer {customer}")));
    }
    let request = request.for_this(&new)?;
    let opening = Opening {
        title: Line::of(&new.title).map_err(wrong("title"))?,
        wanted: Note::of(&new.wanted).map_err(wrong("wanted"))?,
        to: target(new.person, new.department)?,
        by: agent_name(&new.by)?,
        kind: new.kind,
        customer: new.customer,
        call: new.call,
    };
    let opened = web.db.open_case(&centre, opening, &request, controller::clock()(), plan.case_rules()).await?;
    Ok((StatusCode::CREATED, Json(opened.case.into())))
}

pub async fn show(State(web): State<Web>, of: OfCase, Asked(after): Asked<After>) -> Answer<Json<Story>> {
    plan(&web, &of.centre)?;
    let case = web.db.case(&of.centre, of.number).await?;
    let case = case.ok_or_else(|| Problem::NotFound(format!("there is no case {}", of.number)))?;
    let after = after.after.filter(|after| i64::try_from(*after).is_ok()).unwrap_or(0);
    let entries = web.db.case_story(&of.centre, of.number, after).await?;
    Ok(Json(Story { case: case.into(), entries: entries.into_iter().map(Entry::from).collect() }))
}

/// Does it, and answers with the case as it is then.
async fn change(
    web: &Web,
    of: &OfCase,
    done: Done,
    what: impl FnOnce(Case, &AgentName, Note, Moment, Rules<'_>) -> Result<Changed, Refusal> + Send,
) -> Answer<Json<CaseSeen>> {
    let plan = plan(web, &of.centre)?;
    let (by, text) = (agent_name(&done.by)?, Note::of(&done.text).map_err(wrong("text"))?);
    let now = controller::clock()();
    let changed = web
        .db
        .change_case(&of.centre, of.number, done.version, now, |case| what(case, &by, text, now, plan.case_rules()));
    Ok(Json(changed.await?.into()))
}

pub async fn accept(State(web): State<Web>, of: OfCase, Body(done): Body<Done>) -> Answer<Json<CaseSeen>> {
    change(&web, &of, done, |case, by, _, now, rules| case.accept(by, now, rules)).await
}

pub async fn assign(State(web): State<Web>, of: OfCase, Body(assigned): Body<Assigned>) -> Answer<Json<CaseSeen>> {
    let Assigned { version, by, text, person, department } = assigned;
    let to = target(person, department)?;
    let to = to.ok_or_else(|| Problem::Invalid("to whom: person or department".into()))?;
    let done = Done { version, by, text };
    change(&web, &of, done, |case, by, why, now, rules| case.assign(to, by, why, now, rules)).await
}

pub async fn wait(State(web): State<Web>, of: OfCase, Body(waiting): Body<Waiting>) -> Answer<Json<CaseSeen>> {
    let Waiting { version, by, text, on, until_ms } = waiting;
    let (done, until) = (Done { version, by, text }, until_ms.map(Moment::from_ms));
    change(&web, &of, done, |case, by, why, now, rules| case.wait(on, until, by, why, now, rules)).await
}

pub async fn go_on(State(web): State<Web>, of: OfCase, Asked(done): Asked<Done>) -> Answer<Json<CaseSeen>> {
    change(&web, &of, done, |case, by, why, now, rules| case.go_on(by, why, now, rules)).await
}

pub async fn settle(State(web): State<Web>, of: OfCase, Body(settled): Body<Settled>) -> Answer<Json<CaseSeen>> {
    let Settled { version, by, text, disposition } = settled;
    let done = Done { version, by, text };
    change(&web, &of, done, |case, by, how, now, rules| case.settle(disposition, by, how, now, rules)).await
}

pub async fn close(State(web): State<Web>, of: OfCase, Body(done): Body<Done>) -> Answer<Json<CaseSeen>> {
    change(&web, &of, done, |case, by, note, now, _| case.close(by, note, now)).await
}

pub async fn reopen(State(web): State<Web>, of: OfCase, Asked(done): Asked<Done>) -> Answer<Json<CaseSeen>> {
    change(&web, &of, done, |case, by, why, now, rules| case.reopen(by, why, now, rules)).await
}

pub async fn note(State(web): State<Web>, of: OfCase, Body(done): Body<Done>) -> Answer<Json<CaseSeen>> {
    change(&web, &of, done, |case, by, text, now, _| case.note(by, text, now)).await
}
