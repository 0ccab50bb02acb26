//! One agent, for a supervisor: who, where, on which call, and what can be done about it now. A page of its own; a script
//! shows it beside the tiles.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::calendar::Moment;
use crate::dialplan::Centre;
use crate::routing::agent::AgentState;
use crate::routing::ids::{AgentName, BreakReason};
use crate::routing::view::DeskSeen;
use crate::routing::why::LONGEST_WHY;
use crate::web::pages::frame::{Frame, Noun, Page};
use crate::web::pages::lamps::{Allowance, Lamp, allowances, break_title, lamp, lamp_of, left_alone};
use crate::web::pages::login::IN_QUERY;
use crate::web::pages::problem::{PageProblem, Shown};
use crate::web::pages::who::Supervisor;
use crate::web::pages::words::clock;
use crate::web::{Web, named};

#[derive(Deserialize)]
pub struct Named {
    #[serde(default)]
    name: String,
}

/// The page.
#[derive(Template)]
#[template(path = "floor/agent.html")]
struct Show {
    frame: Frame,
    agent: Card,
}

/// Of the page, what a dialog shows.
#[derive(Template)]
#[template(path = "floor/_agent.html")]
struct Piece {
    frame: Frame,
    agent: Card,
}

struct Card {
    login: AgentName,
    /// As an address has it.
    login_in_query: String,
    name: String,
    lamp: Lamp,
    since: Moment,
    clock: String,
    next: Option<String>,
    reason: Option<String>,
    left_alone: Option<String>,
    allowances: Vec<Allowance>,
    /// Wrap-up waits for a disposition: who ends it says why.
    owes: bool,
    station: String,
    switch: String,
    queues: Vec<String>,
    skills: Vec<(String, u8)>,
    call: Option<Held>,
    may: May,
    /// Each with what people see in its place.
    breaks: Vec<(BreakReason, String)>,
    longest_why: usize,
}

struct Held {
    id: String,
    from: String,
    name: String,
    queue: String,
}

/// What can be done now.
struct May {
    ready: bool,
    rest: bool,
    /// A break begins after the work in hand.
    after: bool,
    end_wrap_up: bool,
    log_out: bool,
}

impl May {
    fn of(state: AgentState, next: Option<AgentState>) -> Self {
        let there = state != AgentState::Away;
        let busy = match state {
            AgentState::Ringing
            | AgentState::Talking
            | AgentState::OnHold
            | AgentState::WrappingUp
            | AgentState::Dialling
            | AgentState::TalkingOut
            | AgentState::Elsewhere => true,
            AgentState::Away | AgentState::Idle | AgentState::OnBreak | AgentState::Missed | AgentState::PhoneBusy => {
                false
            }
        };
        Self {
            ready: next.is_some() || matches!(state, AgentState::OnBreak | AgentState::Missed),
            rest: there && state != AgentState::OnBreak && next.is_none(),
            after: busy,
            end_wrap_up: state == AgentState::WrappingUp,
            log_out: there && next != Some(AgentState::Away),
        }
    }
}

pub async fn show(
    State(web): State<Web>,
    Supervisor(who): Supervisor,
    headers: HeaderMap,
    Query(Named { name }): Query<Named>,
) -> Shown<Response> {
    let login = named(&name).map_err(|_| PageProblem::NotFound)?;
    let seen = web.handle.agent(who.centre(), &login).await?.ok_or(PageProblem::NotFound)?;
    let names = web.hub().names.of(&web, who.centre()).await;
    let plan = web.handle.plan(who.centre());
    let frame = who.frame(&web, Noun::Floor);
    let name = names.get(&login).cloned().unwrap_or(name);
    let agent = card(&frame, name, seen, plan.as_deref());
    Ok(if headers.contains_key("hx-request") {
        Page(Piece { frame, agent }).into_response()
    } else {
        Page(Show { frame, agent }).into_response()
    })
}

fn card(frame: &Frame, name: String, seen: DeskSeen, plan: Option<&Centre>) -> Card {
    let DeskSeen { at_ms, agent, call } = seen;
    let queue = agent.queue.as_ref().map_or_else(String::new, |queue| queue.to_string());
    let (lamp_now, left_alone) = (lamp_of(frame.t, &agent), left_alone(frame.t, &frame.zone, &agent));
    let allowances = allowances(frame.t, plan, at_ms, &agent);
    let titled = |reason: &BreakReason| break_title(frame.t, plan, reason);
    let breaks = plan.iter().flat_map(|plan| &plan.break_reasons);
    let owes = agent.wrap_up.as_ref().is_some_and(|wrap_up| wrap_up.needs_disposition);
    Card {
        lamp: lamp_now,
        left_alone,
        allowances,
        owes,
        login_in_query: percent_encoding::utf8_percent_encode(agent.name.as_str(), IN_QUERY).to_string(),
        login: agent.name,
        name,
        since: agent.since_ms,
        clock: clock(u64::try_from(at_ms.since(agent.since_ms).as_millis()).unwrap_or(u64::MAX)),
        next: agent.next.map(|next| lamp(frame.t, next).word),
        reason: agent.break_reason.as_ref().filter(|_| agent.state == AgentState::OnBreak).map(titled),
        station: agent.station.to_string(),
        switch: agent.switch.to_string(),
        queues: agent.queues.iter().map(|queue| queue.to_string()).collect(),
        skills: agent.skills.iter().map(|(skill, level)| (skill.to_string(), *level)).collect(),
        call: agent.call.map(|id| Held {
            id: id.to_string(),
            from: call.as_ref().map_or_else(String::new, |call| call.from.to_string()),
            name: call.as_ref().map_or_else(String::new, |call| call.name.to_string()),
            queue,
        }),
        may: May::of(agent.state, agent.next),
        breaks: breaks.map(|reason| (reason.clone(), titled(reason))).collect(),
        longest_why: LONGEST_WHY,
    }
}
