//! Queues lent between centres: ours, to people of another, and our people who serve queues of others. What is lent is the
//! core's to know; here it is shown, lent, taken back and declined.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::response::Redirect;
use serde::Deserialize;

use super::{Tab, tabs};
use crate::routing::ids::{AgentName, CentreName, QueueName, SkillName};
use crate::routing::{Input, Why};
use crate::web::pages::author::author;
use crate::web::pages::frame::{Frame, Noun, Page};
use crate::web::pages::problem::{PageProblem, Shown};
use crate::web::pages::who::{Admin, Who};
use crate::web::{Web, named};

#[derive(Template)]
#[template(path = "people/loans.html")]
pub struct Loans {
    frame: Frame,
    tabs: Vec<Tab>,
    lent: Vec<Row>,
    ours: Vec<Row>,
    queues: Vec<QueueName>,
    skills: Vec<SkillName>,
}

/// One loan.
struct Row {
    agent: String,
    /// One of ours is called by name; of another's only the login name is known.
    called: String,
    /// Of one of ours: whose queues.
    centre: String,
    queues: BTreeSet<QueueName>,
    skills: String,
    since: String,
    by: String,
    why: String,
}

fn joined<T: std::fmt::Display>(names: impl IntoIterator<Item = T>) -> String {
    names.into_iter().map(|name| name.to_string()).collect::<Vec<_>>().join(", ")
}

pub async fn show(State(web): State<Web>, Admin(who): Admin) -> Shown<Page<Loans>> {
    let frame = who.frame(&web, Noun::People);
    let loans = web.handle.loans(who.centre()).await?;
    let plan = web.handle.plan(who.centre()).ok_or(PageProblem::Away)?;
    let names = web.hub().names.of(&web, who.centre()).await;
    let (t, zone) = (frame.t, &frame.zone);
    let lent = loans.lent.into_iter().map(|(agent, loan)| Row {
        agent: agent.to_string(),
        called: agent.to_string(),
        centre: String::new(),
        queues: loan.queues,
        skills: joined(loan.skills.iter().map(|(skill, level)| format!("{skill}\u{a0}{level}"))),
        since: zone.day_and_minute(loan.since),
        by: author(t, &names, &loan.by),
        why: loan.why.map_or_else(String::new, |why| why.to_string()),
    });
    // By whom, why and with which skills is the other centre's business.
    let ours = loans.ours.into_iter().map(|(agent, centre, loan)| Row {
        agent: agent.to_string(),
        called: author(t, &names, &agent),
        centre: centre.to_string(),
        queues: loan.queues,
        skills: String::new(),
        since: zone.day_and_minute(loan.since),
        by: String::new(),
        why: String::new(),
    });
    Ok(Page(Loans {
        tabs: tabs(who.manner.t, "/people/loans"),
        lent: lent.collect(),
        ours: ours.collect(),
        queues: plan.queues.keys().cloned().collect(),
        skills: plan.skills.clone(),
        frame,
    }))
}

/// A form of many fields: `queue` once for each, and `skill-<name>` with a level.
type Fields = Vec<(String, String)>;

fn field<'f>(fields: &'f Fields, name: &str) -> &'f str {
    fields.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value.trim())
}

fn why(text: &str) -> Shown<Option<Why>> {
    match text {
        "" => Ok(None),
        why => why.parse().map(Some).map_err(|_| PageProblem::Invalid("problem-why")),
    }
}

pub async fn lend(State(web): State<Web>, Admin(who): Admin, Form(fields): Form<Fields>) -> Shown<Redirect> {
    let agent = named(field(&fields, "agent")).map_err(|_| PageProblem::Invalid("loan-nobody"))?;
    let queues: BTreeSet<QueueName> =
        fields.iter().filter(|(field, _)| field == "queue").map(|(_, queue)| QueueName::new(queue)).collect();
    let mut skills: BTreeMap<SkillName, u8> = BTreeMap::new();
    for (name, level) in &fields {
        let Some(skill) = name.strip_prefix("skill-").filter(|_| !level.trim().is_empty()) else { continue };
        let level = level.trim().parse().ok().filter(|level| (1..=10).contains(level));
        skills.insert(SkillName::new(skill), level.ok_or(PageProblem::Invalid("loan-level"))?);
    }
    let (by, why) = (who.agent().clone(), why(field(&fields, "why"))?);
    web.handle.tell(who.centre(), Input::QueuesLent { agent, queues, skills, by, why }).await?;
    Ok(Redirect::to("/people/loans"))
}

#[derive(Deserialize)]
pub struct Ended {
    #[serde(default)]
    agent: String,
    /// Of one of ours: whose queues.
    #[serde(default)]
    centre: String,
}

pub async fn end(State(web): State<Web>, Admin(who): Admin, Form(ended): Form<Ended>) -> Shown<Redirect> {
    let agent = named(&ended.agent).map_err(|_| PageProblem::NotFound)?;
    if ended.centre.is_empty() {
        let by = who.agent().clone();
        web.handle.tell(who.centre(), Input::LoanEnded { agent, by, why: None }).await?;
    } else {
        decline(&web, &who, &agent, &CentreName::new(&ended.centre)).await?;
    }
    Ok(Redirect::to("/people/loans"))
}

/// One of ours serves that centre no more.
async fn decline(web: &Web, who: &Who, agent: &AgentName, lender: &CentreName) -> Shown<()> {
    let loans = web.handle.loans(who.centre()).await?;
    if !loans.ours.iter().any(|(ours, of, _)| ours == agent && of == lender) {
        return Err(PageProblem::NotFound);
    }
    let (agent, by) = (agent.guest_of(who.centre()), who.agent().guest_of(who.centre()));
    Ok(web.handle.tell(lender, Input::LoanEnded { agent, by, why: None }).await?)
}

/// Whoever is taken out here serves nobody else either: one who is taken on later under the same name is another.
pub async fn end_all_of(web: &Web, who: &Who, agent: &AgentName) {
    let Ok(loans) = web.handle.loans(who.centre()).await else { return };
    for (_, lender, _) in loans.ours.iter().filter(|(ours, ..)| ours == agent) {
        if decline(web, who, agent, lender).await.is_err() {
            tracing::warn!(centre = %who.centre(), %agent, %lender, "a loan to somebody who is gone could not be ended");
        }
    }
}
