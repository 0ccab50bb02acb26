//! A caller passed on, asked for by a program.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::agents::tell;
use super::answer::{Answer, Problem};
use super::asker::Asker;
use super::body::{Body, OfAgent, agent_name};
use crate::controller::Handle;
use crate::routing::dial_out::{DialledNumber, NotANumber};
use crate::routing::ids::{AgentName, CallId, QueueName, StepName};
use crate::routing::view::AgentSeen;
use crate::routing::{Input, PassedTo};
use crate::store::keys::Scope;

/// To whom: one of the four.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// An agent who is free: their phone rings for this caller alone. If they do not answer, the caller goes back to the
    /// queue they were passed on from.
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<AgentName>,
    /// A queue of this centre, where the caller counts as having waited since they first joined a queue in this call.
    #[serde(skip_serializing_if = "Option::is_none")]
    queue: Option<QueueName>,
    /// A step of the dialplan, in the version that the call began in.
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<StepName>,
    /// A number outside that the centre's `dial_out` lets be dialled, as people write numbers; needs the scope of dialling. If
    /// it is not answered, the caller goes back to the queue they were passed on from.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    /// The call that is meant. Refused where the agent has another in hand by then.
    #[serde(skip_serializing_if = "Option::is_none")]
    call: Option<CallId>,
}

/// The longest name of a queue or a step that is looked for: far longer than any that a centre has.
const LONGEST: usize = 200;

impl Wanted {
    fn to(&self) -> Answer<PassedTo> {
        let number = self.number.as_deref().map(str::parse::<DialledNumber>).transpose();
        let number = number.map_err(|not: NotANumber| Problem::Invalid(format!("number: {not}")))?;
        let names = [self.queue.as_ref().map(QueueName::as_str), self.step.as_ref().map(StepName::as_str)];
        if names.iter().flatten().any(|name| name.chars().nth(LONGEST).is_some()) {
            return Err(Problem::Invalid(format!("the name of a queue or a step has {LONGEST} characters at most")));
        }
        match (&self.agent, &self.queue, &self.step, number) {
            (Some(agent), None, None, None) => Ok(PassedTo::Agent(agent_name(agent.as_str())?)),
            (None, Some(queue), None, None) => Ok(PassedTo::Queue(queue.clone())),
            (None, None, Some(step), None) => Ok(PassedTo::Step(step.clone())),
            (None, None, None, Some(number)) => Ok(PassedTo::Number(number.to_phone_number())),
            (_, _, _, _) => Err(Problem::Invalid("name one to pass on to: agent, queue, step or number".into())),
        }
    }
}

/// The agent is done with the caller, who stays on the line.
pub async fn create(State(handle): State<Handle>, of: OfAgent, Body(wanted): Body<Wanted>) -> Answer<Json<AgentSeen>> {
    let to = wanted.to()?;
    let mut by = of.by.clone();
    if let PassedTo::Number(_) = to {
        if !of.asker.may(Scope::CallsDial) {
            return Err(Problem::Lacks(Scope::CallsDial));
        }
        // A key's dials are its own, whoever it says it acts for: so they are in the audit.
        if let Asker::Key(_) = &of.asker {
            by = AgentName::new(of.asker.name());
        }
    }
    let input = Input::AgentPassedOn { agent: of.agent.clone(), call: wanted.call, to, by };
    tell(handle, of, input).await
}
