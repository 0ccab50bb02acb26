//! To whom the caller in hand can be passed on, and the passing. The choice is asked for when it is opened: who is idle
//! then stands in it, and the core says whether they still are.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;

use super::abroad;
use super::actions::shown_soon;
use crate::routing::agent::AgentState;
use crate::routing::dial_out::DialledNumber;
use crate::routing::ids::{AgentName, CallId, QueueName, StepName};
use crate::routing::{Input, PassedTo};
use crate::web::Web;
use crate::web::pages::calls::called;
use crate::web::pages::frame::Page;
use crate::web::pages::problem::{PageProblem, Shown};
use crate::web::pages::who::Who;
use crate::web::pages::words::Words;

/// As many idle agents are shown; a page of names is no choice for somebody who talks.
const MOST_SHOWN: usize = 30;
/// The first choices have a key each: the digits.
const KEYS: usize = 9;

/// What is shown above the bar.
#[derive(Template)]
#[template(path = "desk/_pass.html")]
pub struct Choice {
    t: Words,
    call: CallId,
    agents: Vec<Colleague>,
    /// Idle, and not shown.
    more: i64,
    queues: Vec<Queue>,
    steps: Vec<StepName>,
    /// The centre calls out.
    dials_out: bool,
}

struct Colleague {
    name: AgentName,
    called: String,
    /// In the queue of this call.
    of_queue: bool,
    key: Option<usize>,
}

struct Queue {
    name: QueueName,
    waiting: usize,
    free: usize,
    logged_in: usize,
    key: Option<usize>,
}

pub async fn choice(State(web): State<Web>, who: Who) -> Shown<Page<Choice>> {
    let hand = abroad::in_hand(&web, &who).await?;
    let seen = web.handle.agent(hand.centre(), hand.agent()).await?.ok_or(PageProblem::NotFound)?.agent;
    let talks = matches!(seen.state, AgentState::Talking | AgentState::OnHold);
    let call = seen.call.filter(|_| talks).ok_or(PageProblem::Invalid("pass-on-nobody"))?;
    let floor = web.hub().floors.of(&web.handle, hand.centre()).await?;
    let plan = web.handle.plan(hand.centre()).ok_or(PageProblem::Away)?;
    let names = web.hub().names.of(&web, hand.centre()).await;
    let idle = floor.agents.iter().filter(|agent| agent.state == AgentState::Idle && agent.switch == seen.switch);
    let mut agents: Vec<Colleague> = idle
        .filter(|agent| agent.name != seen.name)
        .map(|agent| Colleague {
            name: agent.name.clone(),
            called: called(&names, &agent.name),
            of_queue: seen.queue.as_ref().is_some_and(|queue| agent.queues.contains(queue)),
            key: None,
        })
        .collect();
    // Who knows the subject first.
    agents.sort_by(|a, b| (!a.of_queue, &a.called).cmp(&(!b.of_queue, &b.called)));
    let more = i64::try_from(agents.len().saturating_sub(MOST_SHOWN)).unwrap_or(i64::MAX);
    agents.truncate(MOST_SHOWN);
    let queues = floor.queues.iter().filter(|queue| plan.queues.contains_key(&queue.name));
    let mut queues: Vec<Queue> = queues
        .map(|queue| Queue {
            name: queue.name.clone(),
            waiting: queue.waiting,
            free: queue.agents_free,
            logged_in: queue.agents_logged_in,
            key: None,
        })
        .collect();
    let keyed = agents.iter_mut().map(|agent| &mut agent.key);
    let keyed = keyed.chain(queues.iter_mut().filter(|queue| queue.logged_in > 0).map(|queue| &mut queue.key));
    keyed.take(KEYS).zip(1..).for_each(|(key, n)| *key = Some(n));
    let steps = plan.steps.keys().cloned().collect();
    Ok(Page(Choice { t: who.manner.t, call, agents, more, queues, steps, dials_out: plan.dial_out.is_some() }))
}

/// One of the four; a form sends those that were not chosen as nothing.
#[derive(Deserialize)]
pub struct Chosen {
    call: String,
    #[serde(default)]
    agent: String,
    #[serde(default)]
    queue: String,
    #[serde(default)]
    step: String,
    #[serde(default)]
    number: String,
}

impl Chosen {
    fn to(&self) -> Shown<PassedTo> {
        match (self.agent.as_str(), self.queue.as_str(), self.step.as_str(), self.number.trim()) {
            (agent, "", "", "") if !agent.is_empty() => Ok(PassedTo::Agent(AgentName::new(agent))),
            ("", queue, "", "") if !queue.is_empty() => Ok(PassedTo::Queue(QueueName::new(queue))),
            ("", "", step, "") if !step.is_empty() => Ok(PassedTo::Step(StepName::new(step))),
            ("", "", "", number) if !number.is_empty() => {
                let number = number.parse::<DialledNumber>().map_err(|_| PageProblem::Invalid("problem-no-number"))?;
                Ok(PassedTo::Number(number.to_phone_number()))
            }
            (_, _, _, _) => Err(PageProblem::Invalid("pass-on-to-whom")),
        }
    }
}

/// The call is named, so that a page that is behind passes on nobody else.
pub async fn pass_on(State(web): State<Web>, who: Who, Form(chosen): Form<Chosen>) -> Shown<StatusCode> {
    let to = chosen.to()?;
    let call: CallId = chosen.call.parse().map_err(|_| PageProblem::NotFound)?;
    let hand = abroad::in_hand(&web, &who).await?;
    let agent = hand.agent().clone();
    let input = Input::AgentPassedOn { by: agent.clone(), agent, call: Some(call), to };
    web.handle.tell(hand.centre(), input).await?;
    Ok(shown_soon(&web, &who))
}
