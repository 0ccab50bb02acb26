//! What an agent presses. Each is one input of the core. The answer is empty: the desk is drawn by the stream alone,
//! because an answer that comes after what followed from it would draw over the newer desk.

use std::time::Duration;

use axum::Form;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::abroad;
use crate::controller::keypad;
use crate::customers::CustomerId;
use crate::routing::dial_out::DialledNumber;
use crate::routing::ids::{AgentName, BreakReason, CallId};
use crate::routing::{Fact, Input};
use crate::web::Web;
use crate::web::pages::problem::{PageProblem, Shown};
use crate::web::pages::who::Who;

type Done = Shown<StatusCode>;

async fn tell(web: &Web, who: &Who, input: Input) -> Done {
    web.handle.tell(who.centre(), input).await?;
    Ok(shown_soon(web, who))
}

/// What is done with the call in hand is done in the centre whose call it is.
async fn in_hand(web: &Web, who: &Who, input: impl FnOnce(AgentName) -> Input) -> Done {
    let hand = abroad::in_hand(web, who).await?;
    web.handle.tell(hand.centre(), input(hand.agent().clone())).await?;
    Ok(shown_soon(web, who))
}

/// Their desks are drawn anew, whether or not anything has changed.
pub(super) fn shown_soon(web: &Web, who: &Who) -> StatusCode {
    web.hub().draw_desk(who.centre(), who.agent());
    StatusCode::NO_CONTENT
}

/// At the phone, in the queues and with the skills that the people's table says.
pub async fn log_in(State(web): State<Web>, who: Who) -> Done {
    let person = web.db.person(who.centre(), who.agent()).await?.ok_or(PageProblem::NotFound)?;
    let plan = web.handle.plan(who.centre()).ok_or(PageProblem::Away)?;
    let input = keypad::log_in(person, &plan).ok_or(PageProblem::Invalid("problem-no-station"))?;
    tell(&web, &who, input).await
}

pub async fn log_out(State(web): State<Web>, who: Who) -> Done {
    let agent = who.agent().clone();
    tell(&web, &who, Input::AgentLoggedOut { by: agent.clone(), why: None, agent }).await
}

#[derive(Deserialize)]
pub struct Break {
    reason: BreakReason,
}

pub async fn take_break(State(web): State<Web>, who: Who, Form(Break { reason }): Form<Break>) -> Done {
    let agent = who.agent().clone();
    tell(&web, &who, Input::AgentTookBreak { by: agent.clone(), why: None, agent, reason }).await
}

pub async fn ready(State(web): State<Web>, who: Who) -> Done {
    let said = |agent: &AgentName| Input::AgentSaidReady { by: agent.clone(), why: None, agent: agent.clone() };
    for lender in abroad::lenders(&web, &who).await {
        // Left alone there after a missed call; where they are not at work nothing is asked of them.
        let _ = web.handle.tell(&lender, said(abroad::guest_of(&who, &lender).agent())).await;
    }
    tell(&web, &who, said(who.agent())).await
}

/// Tells the phone that rings to pick up.
pub async fn answer(State(web): State<Web>, who: Who) -> Done {
    in_hand(&web, &who, |agent| Input::AgentAnswered { by: agent.clone(), agent }).await
}

pub async fn hold(State(web): State<Web>, who: Who) -> Done {
    in_hand(&web, &who, |agent| Input::AgentHeld { by: agent.clone(), agent }).await
}

pub async fn retrieve(State(web): State<Web>, who: Who) -> Done {
    in_hand(&web, &who, |agent| Input::AgentRetrieved { by: agent.clone(), agent }).await
}

#[derive(Deserialize)]
pub struct Number {
    number: String,
}

/// Rings the agent's own phone, and when it is picked up this number. From another page it leads to the desk, where what
/// follows is seen; twice at once, the second is told that the first goes on.
pub async fn dial(
    State(web): State<Web>,
    who: Who,
    headers: HeaderMap,
    Form(Number { number }): Form<Number>,
) -> Shown<Response> {
    let number = number.parse::<DialledNumber>().map_err(|_| PageProblem::Invalid("problem-no-number"))?;
    let agent = who.agent().clone();
    let done = tell(&web, &who, Input::AgentDialled { by: agent.clone(), agent, number, request: None }).await?;
    let from_desk = headers.contains_key("hx-request");
    Ok(if from_desk { done.into_response() } else { Redirect::to("/desk").into_response() })
}

#[derive(Deserialize)]
pub struct Later {
    call: String,
    /// In so many minutes.
    minutes: u32,
}

/// Whoever is on the line, or was just now, is to be called back by the same queue, by this agent before others.
pub async fn call_back(State(web): State<Web>, who: Who, Form(Later { call, minutes }): Form<Later>) -> Done {
    let call: CallId = call.parse().map_err(|_| PageProblem::NotFound)?;
    let story = web.hub().stories.of(&web.db, who.centre(), call).await?;
    if !story.iter().any(|told| told.fact.agent() == Some(who.agent())) {
        return Err(PageProblem::NotFound);
    }
    let (mut number, mut queue) = (None, None);
    for told in &story {
        match &told.fact {
            Fact::CallArrived { from, .. } => number = Some(from.clone()),
            Fact::Dialled { number: dialled, queue: of, .. } => (number, queue) = (Some(dialled.clone()), of.clone()),
            Fact::CallQueued { queue: joined, .. } => queue = Some(joined.clone()),
            _ => {}
        }
    }
    let number = number.and_then(|number| number.as_str().parse::<DialledNumber>().ok());
    let number = number.ok_or(PageProblem::Invalid("problem-no-number"))?;
    let queue = queue.ok_or(PageProblem::NotFound)?;
    let at = Some(web.now() + Duration::from_secs(u64::from(minutes) * 60));
    let by = who.agent().clone();
    let (agent, of_call) = (Some(by.clone()), Some(call));
    tell(&web, &who, Input::CallBackAsked { queue, number, at, agent, of_call, by, request: None }).await
}

#[derive(Deserialize)]
pub struct Said {
    call: String,
    customer: String,
}

/// Which of several customers it is that calls.
pub async fn say_customer(State(web): State<Web>, who: Who, Form(said): Form<Said>) -> Done {
    let call: CallId = said.call.parse().map_err(|_| PageProblem::NotFound)?;
    let id = said.customer.parse().ok().and_then(CustomerId::new).ok_or(PageProblem::NotFound)?;
    let story = web.hub().stories.of(&web.db, who.centre(), call).await?;
    let mine = story.iter().any(|told| told.fact.agent() == Some(who.agent()));
    if !mine || web.db.customer(who.centre(), id).await?.is_none() {
        return Err(PageProblem::NotFound);
    }
    web.db.say_contact(who.centre(), call, id).await?;
    Ok(shown_soon(&web, &who))
}

pub async fn end_wrap_up(State(web): State<Web>, who: Who) -> Done {
    in_hand(&web, &who, |agent| Input::AgentEndedWrapUp { by: agent.clone(), why: None, agent }).await
}

pub async fn end_call(State(web): State<Web>, who: Who) -> Done {
    in_hand(&web, &who, |agent| Input::AgentEndedCall { by: agent.clone(), why: None, agent }).await
}
