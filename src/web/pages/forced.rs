//! What somebody else did to an agent's presence, and why: for the agent's own desk, so that nobody is on a break and
//! wonders. In memory alone, and gone with the presence; the audit has it for good.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::calendar::Moment;
use crate::controller::Happened;
use crate::routing::agent::Presence;
use crate::routing::ids::{AgentName, CentreName};
use crate::routing::{Fact, Why};

#[derive(Clone)]
pub struct Forced {
    pub by: AgentName,
    pub why: Option<Why>,
    pub at: Moment,
    presence: Presence,
}

/// The last for each agent who is still as somebody else wanted.
#[derive(Default)]
pub struct Forcings(Mutex<BTreeMap<(CentreName, AgentName), Forced>>);

impl Forcings {
    /// Takes in one fact, in order.
    pub fn hear(&self, happened: &Happened) {
        let Fact::AgentChanged { agent, presence, by, why, .. } = &happened.fact else { return };
        let key = (happened.centre.clone(), agent.clone());
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match by {
            // What only followed from what somebody did to another leaves this agent's presence as it was.
            Some(by) if by != agent && presence.since() == happened.at => {
                let (by, why) = (by.clone(), why.clone());
                all.insert(key, Forced { by, why, at: happened.at, presence: presence.clone() });
            }
            Some(_) | None => {
                if all.get(&key).is_some_and(|forced| forced.presence != *presence) {
                    all.remove(&key);
                }
            }
        }
    }

    /// Some facts were missed: nobody knows whether it still is so.
    pub fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub fn of(&self, centre: &CentreName, agent: &AgentName) -> Option<Forced> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&(centre.clone(), agent.clone())).cloned()
    }
}
