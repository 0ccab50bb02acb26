//! Queues lent to agents of other centres: what a centre lends, what is lent to its own people, and the end of either.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{Path, State};
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, Problem};
use super::asker::Asker;
use super::body::{Asked, Body, InCentre, agent_name};
use super::signature::Signature;
use crate::controller::Handle;
use crate::routing::Input;
use crate::routing::ids::{AgentName, CentreName, QueueName, SkillName};
use crate::routing::lending::Loan;

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
    let (by, why) = Signature::new(by, why).of(&asker)?;
    handle.tell(&centre, Input::QueuesLent { agent, queues, skills, by, why }).await?;
    seen(&handle, &centre).await
}

pub async fn take_back(
    State(handle): State<Handle>,
    Extension(asker): Extension<Asker>,
    Path((centre, agent)): Path<(String, String)>,
    Asked(signature): Asked<Signature>,
) -> Answer<Json<Loans>> {
    let (centre, agent) = (CentreName::new(centre), agent_name(&agent)?);
    let (by, why) = signature.of(&asker)?;
    handle.tell(&centre, Input::LoanEnded { agent, by, why }).await?;
    seen(&handle, &centre).await
}

/// One of ours shall not serve that centre any more: told to it in the name of somebody of here.
pub async fn decline(
    State(handle): State<Handle>,
    Extension(asker): Extension<Asker>,
    Path((centre, agent, lender)): Path<(String, String, String)>,
    Asked(signature): Asked<Signature>,
) -> Answer<Json<Loans>> {
    let (centre, agent, lender) = (CentreName::new(centre), agent_name(&agent)?, CentreName::new(lender));
    let (by, why) = signature.of(&asker)?;
    let loans = handle.loans(&centre).await?;
    // What another centre has is told to nobody who has no part in it.
    if !loans.ours.iter().any(|(ours, of, _)| *ours == agent && *of == lender) {
        return Err(Problem::NotFound(format!("{agent} serves no queue of that centre")));
    }
    let (agent, by) = (agent.guest_of(&centre), by.guest_of(&centre));
    handle.tell(&lender, Input::LoanEnded { agent, by, why }).await?;
    seen(&handle, &centre).await
}
