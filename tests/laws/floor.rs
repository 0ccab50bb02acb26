//! The floor as the core shows it after a step: what the laws look at, and the only thing a saboteur of the view
//! can lie about.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use cordboard::calendar::Moment;
use cordboard::dialplan::Centre;
use cordboard::routing::agent::Agent;
use cordboard::routing::call::{Call, Stage};
use cordboard::routing::dial::Dial;
use cordboard::routing::emergency::SwitchedOn;
use cordboard::routing::ids::*;
use cordboard::routing::promise::Promise;
use cordboard::routing::reaching::Reach;
use cordboard::routing::{Core, Strategy};

#[derive(Clone, Debug)]
pub struct Floor<'a> {
    pub now: Moment,
    /// The hour by the clock on the wall.
    pub wall: Moment,
    /// By id.
    pub calls: Vec<&'a Call>,
    /// By name.
    pub agents: Vec<&'a Agent>,
    /// By call.
    pub dials: Vec<&'a Dial>,
    /// Numbers that ring before an agent does, by call.
    pub reaches: Vec<&'a Reach>,
    /// By id.
    pub promises: Vec<&'a Promise>,
    /// The version that is current.
    pub plan: Option<Arc<Centre>>,
    /// Emergency messages that are on.
    pub emergency: Cow<'a, BTreeMap<MessageName, SwitchedOn>>,
    /// Of the version that is current.
    pub strategies: BTreeMap<QueueName, Strategy>,
}

/// A floor that can be lied about.
#[derive(Clone, Debug, Default)]
pub struct Copied {
    pub calls: Vec<Call>,
    pub agents: Vec<Agent>,
    pub dials: Vec<Dial>,
    pub reaches: Vec<Reach>,
    pub promises: Vec<Promise>,
    pub plan: Option<Arc<Centre>>,
    pub emergency: BTreeMap<MessageName, SwitchedOn>,
    pub strategies: BTreeMap<QueueName, Strategy>,
}

fn strategies(core: &Core) -> BTreeMap<QueueName, Strategy> {
    let queues = core.plan().into_iter().flat_map(|plan| &plan.queues);
    queues.map(|(name, rules)| (name.clone(), rules.strategy.clone())).collect()
}

impl<'a> Floor<'a> {
    pub fn of(now: Moment, wall: Moment, core: &'a Core) -> Self {
        Self {
            now,
            wall,
            calls: core.calls().collect(),
            agents: core.agents().collect(),
            dials: core.dials().collect(),
            reaches: core.reaches().collect(),
            promises: core.promises().collect(),
            plan: core.plan().cloned(),
            emergency: Cow::Borrowed(core.emergency()),
            strategies: strategies(core),
        }
    }

    pub fn call(&self, id: CallId) -> Option<&'a Call> {
        self.calls.binary_search_by_key(&id, |call| call.id).ok().map(|n| self.calls[n])
    }

    pub fn agent(&self, name: &AgentName) -> Option<&'a Agent> {
        self.agents.binary_search_by(|agent| agent.name.cmp(name)).ok().map(|n| self.agents[n])
    }

    pub fn dial(&self, id: CallId) -> Option<&'a Dial> {
        self.dials.iter().find(|dial| dial.call == id).copied()
    }

    /// Who stands for a number that rings, or for somebody who has picked up and talks with nobody yet.
    pub fn counted_on(&self) -> BTreeSet<AgentName> {
        let ring = self.reaches.iter().map(|reach| reach.agent.clone());
        let waits = |call: &&&Call| !matches!(call.stage, Stage::Talking { .. });
        let wait = self.calls.iter().filter(waits).filter_map(|call| Some(call.keeps.as_ref()?.agent.clone()));
        ring.chain(wait).collect()
    }

    pub fn copied(core: &Core) -> Copied {
        Copied {
            calls: core.calls().cloned().collect(),
            agents: core.agents().cloned().collect(),
            dials: core.dials().cloned().collect(),
            reaches: core.reaches().cloned().collect(),
            promises: core.promises().cloned().collect(),
            plan: core.plan().cloned(),
            emergency: core.emergency().clone(),
            strategies: strategies(core),
        }
    }
}

impl Copied {
    pub fn floor(&self, now: Moment, wall: Moment) -> Floor<'_> {
        Floor {
            now,
            wall,
            calls: self.calls.iter().collect(),
            agents: self.agents.iter().collect(),
            dials: self.dials.iter().collect(),
            reaches: self.reaches.iter().collect(),
            promises: self.promises.iter().collect(),
            plan: self.plan.clone(),
            emergency: Cow::Borrowed(&self.emergency),
            strategies: self.strategies.clone(),
        }
    }
}

impl fmt::Display for Floor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "the floor at {}", self.now)?;
        for agent in &self.agents {
            let Agent { name, presence, work, line, leg, queues, .. } = agent;
            writeln!(f, "  {name} {presence:?} {work:?} line {line:?} leg {leg:?} in {queues:?}")?;
        }
        for call in &self.calls {
            writeln!(f, "  {} on {} to {}: {:?}", call.id, call.leg, call.to, call.stage)?;
        }
        for promise in &self.promises {
            writeln!(f, "  {} of {}: {:?} in {:?}", promise.id, promise.number, promise.stage, promise.stands)?;
        }
        for reach in &self.reaches {
            writeln!(f, "  {} of {} rings on {}, {} free", reach.call, reach.promise, reach.leg, reach.agent)?;
        }
        for dial in &self.dials {
            writeln!(f, "  {} of {} to {}: {:?}", dial.call, dial.agent, dial.number, dial.stage)?;
        }
        Ok(())
    }
}
