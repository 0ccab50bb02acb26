//! What a supervisor does for an agent, and why. Each is one input of the core, in the supervisor's name; the answer is
//! the agent's tile as it is then.

use axum::Form;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::board::Agent;
use super::drawn::Ink;
use crate::routing::ids::{AgentName, BreakReason};
use crate::routing::{Input, Why};
use crate::web::pages::problem::{PageProblem, Shown};
use crate::web::pages::who::{Supervisor, Who};
use crate::web::{Web, named};

#[derive(Deserialize)]
pub struct Pressed {
    #[serde(default)]
    agent: String,
    #[serde(default)]
    why: String,
    reason: Option<BreakReason>,
}

/// Whom, by whom, and why.
struct Ordered {
    agent: AgentName,
    by: AgentName,
    why: Option<Why>,
}

impl Pressed {
    fn ordered(&self, who: &Who) -> Shown<Ordered> {
        let agent = named(&self.agent).map_err(|_| PageProblem::NotFound)?;
        let why = self.why.trim();
        let why = if why.is_empty() {
            None
        } else {
            Some(why.parse::<Why>().map_err(|_| PageProblem::Invalid("problem-why"))?)
        };
        Ok(Ordered { agent, by: who.agent().clone(), why })
    }
}

async fn tell(web: &Web, who: &Who, headers: &HeaderMap, agent: AgentName, input: Input) -> Shown<Response> {
    web.handle.tell(who.centre(), input).await?;
    if !headers.contains_key("hx-request") {
        return Ok(Redirect::to("/floor").into_response());
    }
    let agent = Agent::of(web, who.centre(), &agent).await?.ok_or(PageProblem::NotFound)?;
    let ink = Ink::of(web, who.centre(), who.manner.t);
    Ok(Html(ink.one(web.now(), &agent)?).into_response())
}

pub async fn ready(
    State(web): State<Web>,
    Supervisor(who): Supervisor,
    headers: HeaderMap,
    Form(pressed): Form<Pressed>,
) -> Shown<Response> {
    let Ordered { agent, by, why } = pressed.ordered(&who)?;
    tell(&web, &who, &headers, agent.clone(), Input::AgentSaidReady { agent, by, why }).await
}

pub async fn take_break(
    State(web): State<Web>,
    Supervisor(who): Supervisor,
    headers: HeaderMap,
    Form(pressed): Form<Pressed>,
) -> Shown<Response> {
    let Ordered { agent, by, why } = pressed.ordered(&who)?;
    let reason = pressed.reason.ok_or(PageProblem::Invalid("problem-no-reason"))?;
    tell(&web, &who, &headers, agent.clone(), Input::AgentTookBreak { agent, reason, by, why }).await
}

pub async fn end_wrap_up(
    State(web): State<Web>,
    Supervisor(who): Supervisor,
    headers: HeaderMap,
    Form(pressed): Form<Pressed>,
) -> Shown<Response> {
    let Ordered { agent, by, why } = pressed.ordered(&who)?;
    tell(&web, &who, &headers, agent.clone(), Input::AgentEndedWrapUp { agent, by, why }).await
}

pub async fn log_out(
    State(web): State<Web>,
    Supervisor(who): Supervisor,
    headers: HeaderMap,
    Form(pressed): Form<Pressed>,
) -> Shown<Response> {
    let Ordered { agent, by, why } = pressed.ordered(&who)?;
    tell(&web, &who, &headers, agent.clone(), Input::AgentLoggedOut { agent, by, why }).await
}
