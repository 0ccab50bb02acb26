//! Strategies: in which order the free agents of a queue are offered its calls. One file each, all under the same laws: who
//! may take a call is not theirs to say.
//!
//! All but one give each free agent a figure that does not change while the agent is free, so that the line of the free is
//! kept in order and not made for each call; the smaller goes first, and of equals who is idle longest.
//!
//! Two of them ring several phones for one call: [`Strategy::most_rings`]; what follows from that is in `routing/rings.rs`.

mod fewest_calls;
mod fixed_order;
mod least_talk_time;
mod longest_idle;
mod most_skilled;
pub mod ring_all;
pub mod ring_several;
mod round_robin;
pub mod weighted_random;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::agent::{Agent, Idle};
use super::fact::Rule;
use super::ids::AgentName;
use super::queue::Need;
use crate::calendar::Moment;

/// The strategy of one queue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    #[default]
    LongestIdle,
    /// Who has had the fewest conversations since logging in.
    FewestCalls,
    /// Who has talked least since logging in.
    LeastTalkTime,
    /// Who has the most of what the call needs.
    MostSkilled,
    /// Who was rung last longest ago, whatever came of it.
    RoundRobin,
    /// In this order; whoever is not named comes after those who are.
    FixedOrder(Vec<AgentName>),
    /// By lot, an agent of weight 3 three times as often as one of weight 1. Whoever is not named has 1.
    WeightedRandom(BTreeMap<AgentName, u32>),
    /// So many phones at the same time, of those idle longest; the first to answer has the call.
    RingSeveral(u8),
    /// As many as may take it, up to [`ring_all::MOST_RINGS`].
    RingAll,
}

/// The words of the YAML for those that are one word.
pub const WORDS: [(&str, Strategy); 7] = [
    ("longest_idle", Strategy::LongestIdle),
    ("fewest_calls", Strategy::FewestCalls),
    ("least_talk_time", Strategy::LeastTalkTime),
    ("most_skilled", Strategy::MostSkilled),
    ("round_robin", Strategy::RoundRobin),
    ("weighted_random", Strategy::WeightedRandom(BTreeMap::new())),
    ("ring_all", Strategy::RingAll),
];

/// The place of a free agent in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Turn {
    pub figure: u64,
    pub since: Moment,
}

impl Strategy {
    pub const fn rule(&self) -> Rule {
        match self {
            Strategy::LongestIdle => Rule::LongestIdle,
            Strategy::FewestCalls => Rule::FewestCalls,
            Strategy::LeastTalkTime => Rule::LeastTalkTime,
            Strategy::MostSkilled => Rule::MostSkilled,
            Strategy::RoundRobin => Rule::RoundRobin,
            Strategy::FixedOrder(_) => Rule::FixedOrder,
            Strategy::WeightedRandom(_) => Rule::WeightedRandom,
            Strategy::RingSeveral(_) => Rule::RingSeveral,
            Strategy::RingAll => Rule::RingAll,
        }
    }

    /// How many phones ring for one call at the same time, where so many are free.
    pub const fn most_rings(&self) -> usize {
        match self {
            Strategy::RingSeveral(most) => *most as usize,
            Strategy::RingAll => ring_all::MOST_RINGS,
            Strategy::LongestIdle
            | Strategy::FewestCalls
            | Strategy::LeastTalkTime
            | Strategy::MostSkilled
            | Strategy::RoundRobin
            | Strategy::FixedOrder(_)
            | Strategy::WeightedRandom(_) => 1,
        }
    }

    /// Where an agent stands who is free, in a line for calls that need this.
    pub fn turn(&self, agent: &Agent, idle: Idle, needs: &[Need]) -> Turn {
        let figure = match self {
            Strategy::LongestIdle => longest_idle::figure(),
            Strategy::FewestCalls => fewest_calls::figure(idle.served),
            Strategy::LeastTalkTime => least_talk_time::figure(idle.served),
            Strategy::MostSkilled => most_skilled::figure(agent, needs),
            Strategy::RoundRobin => round_robin::figure(idle.served),
            Strategy::FixedOrder(order) => fixed_order::figure(agent, order),
            Strategy::WeightedRandom(weights) => weighted_random::figure(agent, weights),
            Strategy::RingSeveral(_) => ring_several::figure(),
            Strategy::RingAll => ring_all::figure(),
        };
        Turn { figure, since: idle.since }
    }
}
