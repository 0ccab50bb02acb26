//! What can be seen of the floor at one moment: plain values for pages, the HTTP interface and the metrics.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::agent::{Agent, AgentState, DialInVain, Presence, Told, Work, on_break};
use super::call::{Call, Stage, StageWord};
use super::core::Core;
use super::dial::{Dial, DialStage};
use super::emergency::SwitchedOn;
use super::ids::*;
use super::index::QueueIndex;
use super::input::{Failure, Line};
use super::promise::PromiseSeen;
use super::queue::{Need, QueueRules};
use super::transferring::{Outside, OutsideStage};
use crate::calendar::Moment;

#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct Floor {
    pub centre: CentreName,
    pub at_ms: Moment,
    pub version: Option<VersionHash>,
    pub switches: Vec<SwitchSeen>,
    pub queues: Vec<QueueSeen>,
    /// The emergency messages that there are, with those that are on.
    pub emergency: Vec<MessageSeen>,
    pub agents: Vec<AgentSeen>,
    pub calls: Vec<CallSeen>,
    /// Call-backs that are owed.
    pub promises: Vec<PromiseSeen>,
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
    /// Call-backs that are owed, whether or not it is their turn yet.
    pub promises: usize,
    /// Since when the oldest of those has its place whose turn it is.
    pub oldest_promise_ms: Option<Moment>,
    pub agents_logged_in: usize,
    pub agents_free: usize,
    pub target_ms: u64,
}

/// An emergency message of the version that new calls follow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct MessageSeen {
    pub name: MessageName,
    /// What is said in each language, or the name of the recording.
    pub says: BTreeMap<String, String>,
    /// Whose callers hear it; empty: all of them.
    pub numbers: Vec<PhoneNumber>,
    /// `null`: it is off.
    pub on: Option<SwitchedOn>,
}

#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct AgentSeen {
    pub name: AgentName,
    pub state: AgentState,
    pub since_ms: Moment,
    pub station: StationAddress,
    pub switch: SwitchName,
    /// Whether the phone picks up when it is told to: *Answer* is offered unless `never`.
    pub answers_when_told: Told,
    pub queues: Vec<QueueName>,
    pub skills: Vec<(SkillName, u8)>,
    /// Whether the phone is asked to pick up by itself; `null`: as the queue says.
    pub auto_answer: Option<bool>,
    /// The call in hand: rung for, talked with, or being wrapped up (then it may be over).
    pub call: Option<CallId>,
    /// What that call is, or was, for.
    pub queue: Option<QueueName>,
    /// The ring that has not become a conversation yet.
    pub offer: Option<OfferSeen>,
    /// When caller and agent first heard each other; of a call being wrapped up too.
    pub talking_since_ms: Option<Moment>,
    /// Since when the caller is on hold.
    pub held_since_ms: Option<Moment>,
    pub wrap_up: Option<WrapUpSeen>,
    /// The number that is being dialled, or talked with.
    pub dial: Option<DialSeen>,
    /// The last dial that came to nothing, until the next.
    pub dial_in_vain: Option<DialInVain>,
    /// What begins when the work in hand ends: a break, or the end of the shift.
    pub next: Option<AgentState>,
    pub break_reason: Option<BreakReason>,
    /// Breaks since logging in, of the reasons that have minutes to go with them.
    pub breaks: Vec<BreakSeen>,
    /// The centre that has the phone just now, of one of ours whom it shares. Whose a guest is meanwhile is not ours to know.
    pub serves: Option<CentreName>,
    /// The centre at which a guest is at home.
    pub home: Option<CentreName>,
    /// What the phone does, as its switch sees it.
    pub phone: Line,
    /// Of a station that is held open, where its line is: `down`, `rings`, `asked` (a telephone outside, for its key), `up`.
    pub held_line: Option<&'static str>,
    /// Why the agent is left alone, after a call that was not picked up.
    pub missed: Option<MissedSeen>,
}

#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct BreakSeen {
    pub reason: BreakReason,
    /// How much of it a shift has. Nobody is cut off when it is over.
    pub allowed_ms: u64,
    /// Without the one that goes on.
    pub taken_ms: u64,
    /// Since when one of this reason goes on.
    pub since_ms: Option<Moment>,
}

impl BreakSeen {
    /// What was taken by this moment.
    pub fn taken_by(&self, now: Moment) -> u64 {
        self.taken_ms.saturating_add(self.since_ms.map_or(0, |since| ms(now.since(since))))
    }
}

#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct MissedSeen {
    pub why: Failure,
    /// `null`: until *ready*.
    pub until_ms: Option<Moment>,
    /// Calls that rang and were not picked up, one after the other.
    pub in_a_row: u32,
}

impl AgentSeen {
    /// What is left for whoever may know of agents and not of those they talk with.
    pub fn forget_numbers(&mut self) {
        let none = || PhoneNumber::new("");
        self.station = self.station.without_number();
        if let Some(dial) = &mut self.dial {
            dial.number = none();
        }
        if let Some(dial) = &mut self.dial_in_vain {
            dial.number = none();
        }
    }
}

#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct OfferSeen {
    pub id: OfferId,
    /// How long the phone rings; `null` when it has been picked up.
    pub until_ms: Option<Moment>,
    /// The phone has been asked to pick up by itself.
    pub auto_answer: bool,
    /// A telephone outside was picked up; the call is taken with its key 1.
    pub key_awaited: bool,
}

#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct WrapUpSeen {
    /// `null`: until the agent says so. It goes on past this while a disposition is owed.
    pub until_ms: Option<Moment>,
    /// It does not end before a disposition is written.
    pub needs_disposition: bool,
}

#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct DialSeen {
    pub call: CallId,
    /// The call-back that it is to keep, and the queue that this is for.
    pub promise: Option<CallId>,
    pub queue: Option<QueueName>,
    /// Empty for a key that may not read calls.
    pub number: PhoneNumber,
    /// `agent_rings`, `rings`, `connecting`, `talking`.
    pub stage: &'static str,
    pub dialled_ms: Moment,
    /// How long the agent's phone, then the number, rings.
    pub until_ms: Option<Moment>,
    pub talking_since_ms: Option<Moment>,
}

/// One agent, and the call in hand: what a desk shows.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct DeskSeen {
    pub at_ms: Moment,
    pub agent: AgentSeen,
    /// Over, where the agent wraps up after a caller who has gone.
    pub call: Option<CallSeen>,
}

#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct CallSeen {
    pub id: CallId,
    pub stage: StageWord,
    pub from: PhoneNumber,
    pub name: CallerName,
    pub to: PhoneNumber,
    pub arrived_ms: Moment,
    pub step: StepName,
    pub language: String,
    pub queue: Option<QueueName>,
    pub joined_ms: Option<Moment>,
    /// What counts as waited already, of a call that waits.
    pub credit_ms: Option<u64>,
    /// What an agent must know to take it, of a call that waits.
    pub needs: Vec<Need>,
    /// From 1, of a call that waits.
    pub position: Option<usize>,
    /// How much longer it will probably wait, by how fast its queue was answered of late; `null` where too little is
    /// known.
    pub expected_wait_ms: Option<u64>,
    /// Who is rung for it, or talks; of several who are rung, who has been longest.
    pub agent: Option<AgentName>,
    /// The others who are rung for it at the same time.
    pub also_rung: Vec<AgentName>,
    pub talking_since_ms: Option<Moment>,
    pub held_since_ms: Option<Moment>,
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
            emergency: self.emergency_seen(),
            agents: self.agents.keys().filter_map(|name| self.agent_seen(name)).collect(),
            calls: self.calls_seen(now),
            promises: self.promises_seen(now),
        }
    }

    fn emergency_seen(&self) -> Vec<MessageSeen> {
        let messages = self.version.iter().flat_map(|version| version.emergency.values());
        messages
            .map(|message| MessageSeen {
                name: message.name.clone(),
                says: message.says.in_languages(),
                numbers: message.numbers.iter().cloned().collect(),
                on: self.emergency.get(&message.name).cloned(),
            })
            .collect()
    }

    fn calls_seen(&self, now: Moment) -> Vec<CallSeen> {
        let positions: BTreeMap<CallId, usize> = self.queues.values().flat_map(QueueIndex::positions).collect();
        self.calls.values().map(|call| self.see(now, call, positions.get(&call.id).copied())).collect()
    }

    fn queue_seen(&self, now: Moment, rules: &QueueRules) -> QueueSeen {
        let index = self.queues.get(&rules.name);
        let longest = self
            .calls
            .values()
            .filter_map(|call| match &call.stage {
                Stage::Waiting { place, .. } | Stage::Connecting { place, .. } => Some(place),
                Stage::InDialplan { .. } | Stage::Talking { .. } | Stage::Outside(_) | Stage::Ending { .. } => None,
            })
            .filter(|place| place.queue == rules.name)
            .map(|place| now.since(place.joined))
            .max();
        let (promises, places, oldest_promise_ms) = self.owed_by(&rules.name);
        QueueSeen {
            name: rules.name.clone(),
            waiting: index.map_or(0, |index| index.places().saturating_sub(places)),
            promises,
            oldest_promise_ms,
            longest_wait_ms: ms(longest.unwrap_or_default()),
            agents_logged_in: index.map_or(0, |index| index.logged_in().len()),
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
        let call = agent.work.call();
        let (mut queue, mut talking_since, mut held_since) = (None, None, None);
        let (mut offer, mut wrap_up) = (None, None);
        match &agent.work {
            Work::Nothing { .. } => {}
            Work::Ringing { offer: id, until, call, .. } => {
                let (until_ms, auto_answer) = (Some(*until), self.answers_by_itself(agent, *call));
                let key_awaited = self.offers.get(id).is_some_and(|offer| offer.asking.is_some());
                offer = Some(OfferSeen { id: *id, until_ms, auto_answer, key_awaited });
            }
            Work::Connecting { offer: id, .. } => {
                offer = Some(OfferSeen { id: *id, until_ms: None, auto_answer: false, key_awaited: false });
            }
            Work::Talking { since, hold, .. } => (talking_since, held_since) = (Some(*since), *hold),
            Work::Dialling { talking, .. } => talking_since = *talking,
            Work::WrappingUp { until, queue: of, talked_since, needs_disposition, .. } => {
                wrap_up = Some(WrapUpSeen { until_ms: *until, needs_disposition: *needs_disposition });
                (queue, talking_since) = (of.clone(), *talked_since);
            }
        }
        Some(AgentSeen {
            name: agent.name.clone(),
            state,
            since_ms: agent.since(),
            station: agent.station.clone(),
            switch: agent.switch.clone(),
            answers_when_told: self.told_to_answer(name),
            auto_answer: agent.auto_answer,
            queues: agent.queues.iter().cloned().collect(),
            skills: agent.skills.iter().map(|(skill, level)| (skill.clone(), *level)).collect(),
            call,
            queue: queue
                .or_else(|| call.and_then(|call| self.calls.get(&call)?.queue().cloned()))
                .or_else(|| call.and_then(|call| self.dials.get(&call)?.queue.clone())),
            offer,
            talking_since_ms: talking_since,
            held_since_ms: held_since,
            wrap_up,
            dial_in_vain: agent.in_vain.clone(),
            dial: call.and_then(|call| self.dials.get(&call)).map(see_dial),
            next,
            break_reason: reason,
            breaks: self.breaks_seen(agent),
            serves: agent.serves().filter(|_| agent.name.home().is_none()).cloned(),
            home: agent.name.home().map(|(_, home)| home),
            phone: agent.line,
            held_line: agent.station.is_held_open().then(|| agent.held.as_str()),
            missed: match &agent.presence {
                Presence::Missed { why, until, in_a_row, .. } => {
                    Some(MissedSeen { why: *why, until_ms: *until, in_a_row: *in_a_row })
                }
                Presence::Away { .. } | Presence::Ready { .. } | Presence::OnBreak { .. } => None,
            },
        })
    }

    fn breaks_seen(&self, agent: &Agent) -> Vec<BreakSeen> {
        let now_on = on_break((&agent.presence, &agent.work));
        let allowed = self.version.iter().flat_map(|plan| {
            plan.break_reasons.iter().filter_map(|reason| Some((reason, plan.break_allowances.get(reason)?)))
        });
        allowed
            .map(|(reason, allowed)| BreakSeen {
                reason: reason.clone(),
                allowed_ms: ms(*allowed),
                taken_ms: ms(agent.breaks.of(reason)),
                since_ms: now_on.filter(|(on, _)| *on == reason).map(|(_, since)| since),
            })
            .collect()
    }

    /// Whether the phone that rings for this call is asked to pick up by itself.
    fn answers_by_itself(&self, agent: &Agent, call: CallId) -> bool {
        let queue = self.calls.get(&call).and_then(Call::queue);
        let by_rule = || queue.and_then(|queue| self.rules_for(call, queue)).is_some_and(|rules| rules.auto_answer);
        !agent.dials_nobody() && agent.auto_answer.unwrap_or_else(by_rule)
    }

    /// One agent and the call in hand.
    pub fn desk_seen(&self, now: Moment, name: &AgentName) -> Option<DeskSeen> {
        let agent = self.agent_seen(name)?;
        let call = agent.call.and_then(|call| self.call_seen(now, call));
        Some(DeskSeen { at_ms: now, agent, call })
    }

    /// One call that is not over.
    pub fn call_seen(&self, now: Moment, call: CallId) -> Option<CallSeen> {
        let call = self.calls.get(&call)?;
        let place = match &call.stage {
            Stage::Waiting { place, .. } | Stage::Connecting { place, .. } => Some(place),
            Stage::InDialplan { .. } | Stage::Talking { .. } | Stage::Outside(_) | Stage::Ending { .. } => None,
        };
        let position = place.and_then(|place| Some((self.queues.get(&place.queue)?, place.rank())));
        Some(self.see(now, call, position.map(|(index, rank)| index.position((rank, call.id)))))
    }

    fn see(&self, now: Moment, call: &Call, position: Option<usize>) -> CallSeen {
        let place = match &call.stage {
            Stage::Waiting { place, .. } | Stage::Connecting { place, .. } => Some(place),
            Stage::InDialplan { .. } | Stage::Talking { .. } | Stage::Outside(_) | Stage::Ending { .. } => None,
        };
        let mut rung = call.offers().filter_map(|offer| self.offers.get(&offer)).map(|offer| offer.agent.clone());
        let offered = rung.next();
        let (agent, talking_since_ms, held_since_ms) = match &call.stage {
            Stage::Talking { agent, since, hold, .. } => (Some(agent.clone()), Some(*since), *hold),
            Stage::Outside(Outside { stage: OutsideStage::Talking { since }, .. }) => (None, Some(*since), None),
            Stage::InDialplan { .. }
            | Stage::Waiting { .. }
            | Stage::Connecting { .. }
            | Stage::Outside(_)
            | Stage::Ending { .. } => (offered, None, None),
        };
        // Nobody waits for whom a phone was picked up.
        let waits = place.filter(|_| matches!(call.stage, Stage::Waiting { .. })).zip(position);
        let expected_wait = waits.and_then(|(place, position)| self.expected_wait(now, &place.queue, position));
        CallSeen {
            id: call.id,
            stage: call.stage.word(),
            from: call.from.clone(),
            name: call.name.clone(),
            to: call.to.clone(),
            arrived_ms: call.arrived,
            step: call.walk.step().clone(),
            language: call.walk.language().to_string(),
            queue: call.queue().cloned(),
            joined_ms: place.map(|place| place.joined),
            credit_ms: place.map(|place| ms(place.credit)),
            needs: place.map(|place| place.in_force.clone()).unwrap_or_default(),
            position,
            expected_wait_ms: expected_wait.map(ms),
            agent,
            also_rung: rung.collect(),
            talking_since_ms,
            held_since_ms,
        }
    }
}

fn see_dial(dial: &Dial) -> DialSeen {
    let (until, since) = match dial.stage {
        DialStage::AgentRings { until } | DialStage::Rings { until } => (Some(until), None),
        DialStage::Connecting => (None, None),
        DialStage::Talking { since } => (None, Some(since)),
    };
    DialSeen {
        call: dial.call,
        promise: dial.promise,
        queue: dial.queue.clone(),
        number: dial.number.to_phone_number(),
        stage: dial.stage.as_str(),
        dialled_ms: dial.since,
        until_ms: until,
        talking_since_ms: since,
    }
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
