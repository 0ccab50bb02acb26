//! A change of queues or skills brought to an agent at work, so that it holds at once; whoever is not at work has it from
//! the next login on.

use std::collections::{BTreeMap, BTreeSet};

use crate::controller::AskError;
use crate::routing::ids::{AgentName, QueueName, SkillName};
use crate::routing::{Input, Refused};
use crate::store::agents::Person;
use crate::web::Web;
use crate::web::pages::who::Who;

/// From when on a change holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    AtOnce,
    /// Nobody is at work under this name.
    AtNextLogin,
    /// It is saved, and the controller could not be told: it holds from the next login on.
    NotTold,
}

impl Holds {
    /// The text's name.
    pub const fn word(self) -> &'static str {
        match self {
            Holds::AtOnce => "holds-at-once",
            Holds::AtNextLogin => "holds-at-login",
            Holds::NotTold => "holds-not-told",
        }
    }
}

/// What of a person has changed. The rest stays as a supervisor may have set it for today.
#[derive(Clone, Copy)]
pub enum Part {
    Queues,
    Skills,
}

pub async fn assign(web: &Web, who: &Who, person: &Person, part: Part) -> Holds {
    match told(web, who, person, part).await {
        Ok(holds) => holds,
        Err(AskError::Refused(Refused::NotLoggedIn { .. })) => Holds::AtNextLogin,
        Err(error) => {
            tracing::warn!(centre = %who.centre(), agent = %person.name, %error, "a change has not reached the floor");
            Holds::NotTold
        }
    }
}

async fn told(web: &Web, who: &Who, person: &Person, part: Part) -> Result<Holds, AskError> {
    let (centre, agent) = (who.centre(), person.name.clone());
    let Some(seen) = web.handle.agent(centre, &agent).await?.map(|desk| desk.agent) else {
        return Ok(Holds::AtNextLogin);
    };
    let plan = web.handle.plan(centre).ok_or(AskError::Away)?;
    // What the configuration has no more is left out, as at a login.
    let (queues, skills): (BTreeSet<QueueName>, BTreeMap<SkillName, u8>) = match part {
        Part::Queues => (person.queues.clone(), seen.skills.into_iter().collect()),
        Part::Skills => (seen.queues.into_iter().collect(), person.skills.clone()),
    };
    let queues = queues.into_iter().filter(|queue| plan.queues.contains_key(queue)).collect();
    let skills = skills.into_iter().filter(|(skill, _)| plan.skills.contains(skill)).collect();
    let by: AgentName = who.agent().clone();
    web.handle.tell(centre, Input::AgentAssigned { agent, queues, skills, by }).await?;
    Ok(Holds::AtOnce)
}
