//! Who is to have a call before others: the agent who talked with this caller last, the owner of the caller's case, or whoever
//! is named in the customer's record. For a set time from the joining of the queue, and only while that agent could take the
//! call: logged in to the queue, ready or busy with another, and with the skill.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::agent::{Agent, Presence};
use super::call::{Call, QueuePlace, Stage};
use super::core::Core;
use super::fact::Fact;
use super::ids::*;
use super::queue::Need;
use crate::calendar::Moment;

/// How an agent is known to a caller.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KnownAs {
    /// Talked with the caller last.
    LastAgent,
    /// Owns the case of the caller that is still open; of several, the newest.
    CaseOwner,
    /// Is named in this field of the customer's record.
    Customer(String),
}

impl fmt::Display for KnownAs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KnownAs::LastAgent => f.write_str("last_agent"),
            KnownAs::CaseOwner => f.write_str("case_owner"),
            KnownAs::Customer(field) => write!(f, "customer.{field}"),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an agent is known as last_agent, case_owner, or customer. and a field of the record, as in customer.clerk")]
pub struct NotKnownAs;

impl FromStr for KnownAs {
    type Err = NotKnownAs;

    fn from_str(text: &str) -> Result<Self, NotKnownAs> {
        match text {
            "last_agent" => Ok(KnownAs::LastAgent),
            "case_owner" => Ok(KnownAs::CaseOwner),
            _ => match text.strip_prefix("customer.") {
                Some(field) if !field.is_empty() => Ok(KnownAs::Customer(field.into())),
                Some(_) | None => Err(NotKnownAs),
            },
        }
    }
}

impl Serialize for KnownAs {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KnownAs {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for KnownAs {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "KnownAs".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^(last_agent|case_owner|customer\\..+)$" })
    }
}

/// One wish of a step's `prefer`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Prefer {
    pub agent: KnownAs,
    /// From the joining of the queue. Two wishes run side by side.
    #[serde(rename = "for")]
    pub within: Duration,
}

/// Whom a caller knows.
pub type Acquaintance = BTreeMap<KnownAs, AgentName>;

impl Core {
    /// Who the caller knows was looked up. It may come when the call waits already.
    pub(super) fn caller_known(&mut self, now: Moment, call: CallId, agents: Acquaintance) {
        if self.calls.get(&call).is_none_or(|of| of.knows == agents) {
            return;
        }
        self.expect_no_more(call);
        if let Some(of) = self.calls.get_mut(&call) {
            of.knows.clone_from(&agents);
        }
        self.fact(Fact::CallerKnown { call, agents });
        self.seek(now, call);
    }

    /// For whom a call that needs this is kept after so long a wait, and when that changes by the clock alone.
    pub(super) fn kept_for(
        &self,
        call: &Call,
        place: &QueuePlace,
        in_force: &[Need],
        waited: Duration,
    ) -> (Vec<AgentName>, Option<Duration>) {
        if !place.agents.is_empty() {
            let could = |name: &&AgentName| {
                self.agents.get(*name).is_some_and(|agent| could_take(agent, &call.switch, &place.queue, in_force))
            };
            let alone: BTreeSet<AgentName> = place.agents.iter().filter(could).cloned().collect();
            // None of them is there: kept for somebody whom there is not, and not for anybody.
            let nobody = alone.is_empty().then(|| AgentName::new(""));
            return (alone.into_iter().chain(nobody).collect(), None);
        }
        let wishes = place.prefer.iter().filter(|wish| waited < wish.within);
        let known = wishes.filter_map(|wish| Some((call.knows.get(&wish.agent)?, wish.within)));
        let promised = self.wishes_of_kept(call).iter().filter(|wish| waited < wish.within);
        let known = known.chain(promised.map(|wish| (&wish.agent, wish.within)));
        let mut kept_for = BTreeSet::new();
        let mut ends: Option<Duration> = None;
        for (name, within) in known {
            ends = Some(ends.map_or(within, |ends| ends.min(within)));
            if self.agents.get(name).is_some_and(|agent| could_take(agent, &call.switch, &place.queue, in_force)) {
                kept_for.insert(name.clone());
            }
        }
        (kept_for.into_iter().collect(), ends)
    }

    /// Whom these calls wait for, or could: to be looked at again when one of them changes.
    pub(super) fn expect(&mut self, call: CallId) {
        let Some(of) = self.calls.get(&call) else { return };
        let Stage::Waiting { place, .. } = &of.stage else { return };
        let promised: Vec<AgentName> = self.wishes_of_kept(of).iter().map(|wish| wish.agent.clone()).collect();
        for name in
            place.prefer.iter().filter_map(|wish| of.knows.get(&wish.agent)).chain(&place.agents).chain(&promised)
        {
            self.expected.entry(name.clone()).or_default().insert(call);
        }
    }

    pub(super) fn expect_no_more(&mut self, call: CallId) {
        let Some(of) = self.calls.get(&call) else { return };
        let alone = match &of.stage {
            Stage::Waiting { place, .. } | Stage::Connecting { place, .. } => place.agents.as_slice(),
            Stage::InDialplan { .. } | Stage::Talking { .. } | Stage::Outside(_) | Stage::Ending { .. } => &[],
        };
        let promised: Vec<AgentName> = self.wishes_of_kept(of).iter().map(|wish| wish.agent.clone()).collect();
        for name in of.knows.values().chain(alone).chain(&promised) {
            if let Some(calls) = self.expected.get_mut(name) {
                calls.remove(&call);
                if calls.is_empty() {
                    self.expected.remove(name);
                }
            }
        }
    }

    /// An agent came, went, took a break, or was given other queues: calls that are kept for this one may be anybody's now,
    /// and others may be kept.
    pub(super) fn expectations_changed(&mut self, now: Moment, agent: &AgentName) {
        let calls: Vec<CallId> = self.expected.get(agent).into_iter().flatten().copied().collect();
        for call in calls {
            self.seek(now, call);
            self.seek_for_promise(now, call);
        }
    }
}

/// Now or when the work in hand is done.
pub(super) fn could_take(agent: &Agent, switch: &SwitchName, queue: &QueueName, in_force: &[Need]) -> bool {
    matches!(agent.presence, Presence::Ready { .. })
        && agent.switch == *switch
        && agent.queues.contains(queue)
        && agent.meets(in_force)
}
