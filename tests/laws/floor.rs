//! The floor as the core shows it after a step: what the laws look at, and the only thing a saboteur of the view
//! can lie about.

use std::collections::BTreeMap;
use std::fmt;

use cordboard::calendar::Moment;
use cordboard::routing::Core;
use cordboard::routing::agent::Agent;
use cordboard::routing::call::Call;
use cordboard::routing::ids::*;

#[derive(Clone, Debug)]
pub struct Floor<'a> {
    pub now: Moment,
    pub calls: BTreeMap<CallId, &'a Call>,
    pub agents: BTreeMap<&'a AgentName, &'a Agent>,
}

/// A floor that can be lied about.
#[derive(Clone, Debug, Default)]
pub struct Copied {
    pub calls: Vec<Call>,
    pub agents: Vec<Agent>,
}

impl<'a> Floor<'a> {
    pub fn of(now: Moment, core: &'a Core) -> Self {
        Self {
            now,
            calls: core.calls().map(|call| (call.id, call)).collect(),
            agents: core.agents().map(|agent| (&agent.name, agent)).collect(),
        }
    }

    pub fn copied(core: &Core) -> Copied {
        Copied { calls: core.calls().cloned().collect(), agents: core.agents().cloned().collect() }
    }
}

impl Copied {
    pub fn floor(&self, now: Moment) -> Floor<'_> {
        Floor {
            now,
            calls: self.calls.iter().map(|call| (call.id, call)).collect(),
            agents: self.agents.iter().map(|agent| (&agent.name, agent)).collect(),
        }
    }
}

impl fmt::Display for Floor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "the floor at {}", self.now)?;
        for agent in self.agents.values() {
            let Agent { name, presence, work, line, leg, queues, .. } = agent;
            writeln!(f, "  {name} {presence:?} {work:?} line {line:?} leg {leg:?} in {queues:?}")?;
        }
        for call in self.calls.values() {
            writeln!(f, "  {} on {} to {}: {:?}", call.id, call.leg, call.to, call.stage)?;
        }
        Ok(())
    }
}
