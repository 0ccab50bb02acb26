//! What can be seen of the floor at one moment: plain values for pages, the HTTP interface and the metrics.

use std::time::Duration;

use serde::Serialize;

use super::agent::{AgentState, Presence};
use super::call::{Call, Stage};
use super::core::Core;
use super::ids::*;
use super::queue::QueueRules;
use crate::calendar::Moment;

#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct Floor {
    pub centre: CentreName,
    pub at_ms: Moment,
    pub version: Option<VersionHash>,
    pub switches: Vec<SwitchSeen>,
    pub queues: Vec<QueueSeen>,
    pub agents: Vec<AgentSeen>,
    pub calls: Vec<CallSeen>,
}

#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct SwitchSeen {
    pub name: SwitchName,
    pub up: bool,
}

#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct QueueSeen {
    pub name: QueueName,
    /// Callers with a place, whether or not a phone rings for them.
    pub waiting: usize,
    pub longest_wait_ms: u64,
    pub agents_logged_in: usize,
    pub agents_free: usize,
    pub target_ms: u64,
}

#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct AgentSeen {
    pub name: AgentName,
    pub state: AgentState,
    pub since_ms: Moment,
    pub station: StationAddress,
    pub switch: SwitchName,
    pub queues: Vec<QueueName>,
    pub skills: Vec<(SkillName, u8)>,
    pub call: Option<CallId>,
    /// What begins when the work in hand ends: a break, or the end of the shift.
    pub next: Option<AgentState>,
    pub break_reason: Option<BreakReason>,
}

#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct CallSeen {
    pub id: CallId,
    pub stage: &'static str,
    pub from: PhoneNumber,
    pub name: CallerName,
    pub to: PhoneNumber,
    pub arrived_ms: Moment,
    pub step: StepName,
    pub language: String,
    pub queue: Option<QueueName>,
    pub joined_ms: Option<Moment>,
    /// From 1, of a call that waits.
    pub position: Option<usize>,
    pub agent: Option<AgentName>,
}

impl Core {
    pub fn floor(&self, now: Moment) -> Floor {
        let links = self.links.iter();
        Floor {
            centre: self.centre.clone(),
            at_ms: now,
            version: self.version.as_ref().map(|version| version.version.clone()),
            switches: links.map(|(name, up)| SwitchSeen { name: name.clone(), up: *up }).collect(),
            queues: self
                .version
                .iter()
                .flat_map(|version| version.queues.values())
                .map(|rules| self.queue_seen(now, rules))
                .collect(),
            agents: self.agents.keys().filter_map(|name| self.agent_seen(name)).collect(),
            calls: self.calls.values().map(|call| self.call_seen(call)).collect(),
        }
    }

    fn queue_seen(&self, now: Moment, rules: &QueueRules) -> QueueSeen {
        let index = self.queues.get(&rules.name);
        let longest = self
            .calls
            .values()
            .filter_map(|call| match &call.stage {
                Stage::Waiting { place, .. } | Stage::Connecting { place, .. } => Some(place),
                Stage::InDialplan { .. } | Stage::Talking { .. } | Stage::Ending { .. } => None,
            })
            .filter(|place| place.queue == rules.name)
            .map(|place| now.since(place.joined))
            .max();
        QueueSeen {
            name: rules.name.clone(),
            waiting: index.map_or(0, |index| index.places()),
            longest_wait_ms: ms(longest.unwrap_or_default()),
            agents_logged_in: index.map_or(0, |index| index.logged_in()),
            agents_free: index.map_or(0, |index| index.free()),
            target_ms: ms(rules.target),
        }
    }

    /// One agent, as the desk and the floor show them.
    pub fn agent_seen(&self, name: &AgentName) -> Option<AgentSeen> {
        let agent = self.agents.get(name)?;
        let state = agent.state();
        let reason = match &agent.presence {
            Presence::OnBreak { reason, .. } => Some(reason.clone()),
            Presence::Away { .. } | Presence::Ready { .. } | Presence::Missed { .. } => None,
        };
        let next = match (&agent.presence, state) {
            (Presence::OnBreak { .. }, AgentState::OnBreak) | (Presence::Away { .. }, AgentState::Away) => None,
            (Presence::OnBreak { .. }, _) => Some(AgentState::OnBreak),
            (Presence::Away { .. }, _) => Some(AgentState::Away),
            (Presence::Ready { .. } | Presence::Missed { .. }, _) => None,
        };
        Some(AgentSeen {
            name: agent.name.clone(),
            state,
            since_ms: agent.since(),
            station: agent.station.clone(),
            switch: agent.switch.clone(),
            queues: agent.queues.iter().cloned().collect(),
            skills: agent.skills.iter().map(|(skill, level)| (skill.clone(), *level)).collect(),
            call: agent.work.call(),
            next,
            break_reason: reason,
        })
    }

    fn call_seen(&self, call: &Call) -> CallSeen {
        let place = match &call.stage {
            Stage::Waiting { place, .. } | Stage::Connecting { place, .. } => Some(place),
            Stage::InDialplan { .. } | Stage::Talking { .. } | Stage::Ending { .. } => None,
        };
        let offered = call.offer().and_then(|offer| self.offers.get(&offer)).map(|offer| offer.agent.clone());
        let agent = match &call.stage {
            Stage::Talking { agent, .. } => Some(agent.clone()),
            Stage::InDialplan { .. } | Stage::Waiting { .. } | Stage::Connecting { .. } | Stage::Ending { .. } => {
                offered
            }
        };
        let position =
            place.and_then(|place| self.queues.get(&place.queue).map(|index| index.position((place.rank(), call.id))));
        CallSeen {
            id: call.id,
            stage: call.stage.as_str(),
            from: call.from.clone(),
            name: call.name.clone(),
            to: call.to.clone(),
            arrived_ms: call.arrived,
            step: call.walk.step().clone(),
            language: call.walk.language().to_string(),
            queue: call.queue().cloned(),
            joined_ms: place.map(|place| place.joined),
            position,
            agent,
        }
    }
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
