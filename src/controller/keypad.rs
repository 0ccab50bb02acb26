//! Agents who log in and out by the keypad of their own phone: whose it is stands in the records, and what they ask for is
//! told to the core as their page would tell it.

use tokio::sync::broadcast::error::RecvError;
use tracing::warn;

use super::{AskError, Handle, Happened};
use crate::dialplan::{AgentWish, Centre, KeypadAnswer};
use crate::routing::ids::{CentreName, StationAddress, SwitchName};
use crate::routing::{Fact, Input, Why};
use crate::store::agents::Person;
use crate::store::{Db, StoreError};

/// What it works with.
#[derive(Clone)]
pub struct Keypad {
    pub handle: Handle,
    pub db: Db,
}

/// The log-in of somebody at their own phone, as the people's table has them; `None` without one. What was renamed or taken
/// out of the YAML since is left out: nobody is kept from working by it.
pub fn log_in(person: Person, plan: &Centre) -> Option<Input> {
    let (switch, station) = person.station?;
    let queues = person.queues.into_iter().filter(|queue| plan.queues.contains_key(queue)).collect();
    let skills = person.skills.into_iter().filter(|(skill, _)| plan.skills.contains(skill)).collect();
    let (agent, auto_answer) = (person.name, person.auto_answer);
    Some(Input::AgentLoggedIn { by: agent.clone(), agent, station, switch, queues, skills, auto_answer })
}

impl Keypad {
    /// Until the controller is gone. One after the other: a shift that begins all at once is a few dozen.
    pub async fn run(self) {
        let mut happened = self.handle.happened();
        loop {
            let happened = match happened.recv().await {
                Ok(happened) => happened,
                // Whoever was missed is told by the core that it is not possible just now.
                Err(RecvError::Lagged(_)) => continue,
                Err(RecvError::Closed) => return,
            };
            let Happened { centre, fact: Fact::KeypadUsed { call, switch, station, wish }, .. } = &*happened else {
                continue;
            };
            let how = match self.done(centre, switch, station.as_ref(), wish).await {
                Ok(how) => how,
                Err(error) => {
                    warn!(%centre, %call, %error, "whose phone it is was not found out");
                    KeypadAnswer::NotNow
                }
            };
            // The call has gone, or the controller: nobody is there to be told.
            let _ = self.handle.tell(centre, Input::KeypadAnswered { call: *call, wish: wish.clone(), how }).await;
        }
    }

    async fn done(
        &self,
        centre: &CentreName,
        switch: &SwitchName,
        station: Option<&StationAddress>,
        wish: &AgentWish,
    ) -> Result<KeypadAnswer, StoreError> {
        let (Some(station), Some(plan)) = (station, self.handle.plan(centre)) else { return Ok(KeypadAnswer::NotNow) };
        let here = |person: &Person| person.station.as_ref().is_some_and(|(on, at)| on == switch && at == station);
        let mut theirs = self.db.people(centre).await?.into_iter().filter(here);
        let person = match (theirs.next(), theirs.next()) {
            (Some(person), None) => person,
            (Some(_), Some(_)) => return Ok(KeypadAnswer::SharedPhone),
            (None, _) => return Ok(KeypadAnswer::NobodysPhone),
        };
        let (agent, by) = (person.name.clone(), person.name.clone());
        let why = Some(Why::from("keypad".to_owned()));
        let input = match wish {
            AgentWish::LogIn => log_in(person, &plan),
            AgentWish::LogOut => Some(Input::AgentLoggedOut { agent, by, why }),
            AgentWish::Ready => Some(Input::AgentSaidReady { agent, by, why }),
            AgentWish::Break(reason) => Some(Input::AgentTookBreak { agent, reason: reason.clone(), by, why }),
        };
        let Some(input) = input else { return Ok(KeypadAnswer::NobodysPhone) };
        Ok(match self.handle.tell(centre, input).await {
            Ok(()) => KeypadAnswer::Done,
            Err(AskError::Refused(_) | AskError::NoSuchCentre(_) | AskError::Away) => KeypadAnswer::NotNow,
        })
    }
}
