//! Queues lent to agents of other centres: what a centre lends, what is lent to its own people, and the end of either.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{Path, State};
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, Problem};
use super::asker::Asker;
use super::body::{Asked, Body, InCentre, agent_name};
use crate::controller::Handle;
use crate::routing::ids::{AgentName, CentreName, QueueName, SkillName};
use crate::routing::lending::Loan;
use crate::routing::{Input, Why};

/// What is lent, on both sides of a centre.
#[derive(Serialize, JsonSchema)]
pub struct Loans {
    /// This centre's queues, and to whom.
    lent: Vec<Lent>,
    /// This centre's people who serve queues of others.
    ours: Vec<Ours>,
}

#[derive(Serialize, JsonSchema)]
pub struct Lent {
    /// `name@centre`: an agent of another centre.
    agent: AgentName,
    #[serde(flatten)]
    loan: Loan,
}

#[derive(Serialize, JsonSchema)]
pub struct Ours {
    agent: AgentName,
    /// Whose queues they serve.
    centre: CentreName,
    since_ms: crate::calendar::Moment,
    queues: BTreeSet<QueueName>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    queues: BTreeSet<QueueName>,
    /// What they know of this centre's skills, with levels from 1 to 10.
    #[serde(default)]
    skills: BTreeMap<SkillName, u8>,
    /// Who asks for it. A key speaks for itself, whoever it names.
    by: Option<String>,
    /// What is kept with it: one line of 200 characters at most.
    why: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct By {
    /// Who asks for it. A key speaks for itself, whoever it names.
    by: Option<String>,
    /// What is kept with it: one line of 200 characters at most.
    why: Option<String>,
}

fn said(asker: &Asker, by: Option<String>, why: Option<String>) -> Answer<(AgentName, Option<Why>)> {
    let by = match (asker, by) {
        (Asker::House, Some(by)) => agent_name(&by)?,
        (Asker::House, None) | (Asker::Key(_), _) => AgentName::new(asker.name()),
    };
    let why = why.map(|why| why.parse::<Why>().map_err(|not| Problem::Invalid(not.to_string()))).transpose()?;
    Ok((by, why))
}

async fn seen(handle: &Handle, centre: &CentreName) -> Answer<Json<Loans>> {
    let loans = handle.loans(centre).await?;
    let lent = loans.lent.into_iter().map(|(agent, loan)| Lent { agent, loan }).collect();
    // By whom and with which skills is the other centre's business.
    let ours = loans.ours.into_iter().map(|(agent, centre, loan)| {
        let Loan { since, queues, .. } = loan;
        Ours { agent, centre, since_ms: since, queues }
    });
    Ok(Json(Loans { lent, ours: ours.collect() }))
}

pub async fn list(State(handle): State<Handle>, centre: InCentre) -> Answer<Json<Loans>> {
    seen(&handle, &centre.name()).await
}

pub async fn lend(
    State(handle): State<Handle>,
    Extension(asker): Extension<Asker>,
    Path((centre, agent)): Path<(String, String)>,
    Body(wanted): Body<Wanted>,
) -> Answer<Json<Loans>> {
    let (centre, agent) = (CentreName::new(centre), agent_name(&agent)?);
    let Wanted { queues, skills, by, why } = wanted;
    if let Some((skill, level)) = skills.iter().find(|(_, level)| !(1..=10).contains(*level)) {
        return Err(Problem::Invalid(format!("the level of {skill} is {level}; levels are 1 to 10")));
    }
    let (by, why) = said(&asker, by, why)?;
    handle.tell(&centre, Input::QueuesLent { agent, queues, skills, by, why }).await?;
    seen(&handle, &centre).await
}

pub async fn take_back(
    State(handle): State<Handle>,
    Extension(asker): Extension<Asker>,
    Path((centre, agent)): Path<(String, String)>,
    Asked(By { by, why }): Asked<By>,
) -> Answer<Json<Loans>> {
    let (centre, agent) = (CentreName::new(centre), agent_name(&agent)?);
    let (by, why) = said(&asker, by, why)?;
    handle.tell(&centre, Input::LoanEnded { agent, by, why }).await?;
    seen(&handle, &centre).await
}

/// One of ours shall not serve that centre any more: told to it in the name of somebody of here.
pub async fn decline(
    State(handle): State<Handle>,
    Extension(asker): Extension<Asker>,
    Path((centre, agent, lender)): Path<(String, String, String)>,
    Asked(By { by, why }): Asked<By>,
) -> Answer<Json<Loans>> {
    let (centre, agent, lender) = (CentreName::new(centre), agent_name(&agent)?, CentreName::new(lender));
    let (by, why) = said(&asker, by, why)?;
    let loans = handle.loans(&centre).await?;
    // What another centre has is told to nobody who has no part in it.
    if !loans.ours.iter().any(|(ours, of, _)| *ours == agent && *of == lender) {
        return Err(Problem::NotFound(format!("{agent} serves no queue of that centre")));
    }
    let (agent, by) = (agent.guest_of(&centre), by.guest_of(&centre));
    handle.tell(&lender, Input::LoanEnded { agent, by, why }).await?;
    seen(&handle, &centre).await
}
