//! By lot, each with a weight. Chance is no argument of the core: the lot is drawn from the offer's id, which never comes
//! again, so that a replay draws the same.
//!
//! The one strategy that goes through all who are free, because each call draws anew.

use std::collections::BTreeMap;

use crate::routing::agent::Agent;
use crate::routing::ids::{AgentName, OfferId};

/// The heaviest: an agent who is to get nearly all.
pub const MOST_WEIGHT: u32 = 100;

/// All are equal until the lot is drawn.
pub fn figure(agent: &Agent, weights: &BTreeMap<AgentName, u32>) -> u64 {
    u64::from(MOST_WEIGHT.saturating_sub(weight(&agent.name, weights)))
}

pub fn weight(name: &AgentName, weights: &BTreeMap<AgentName, u32>) -> u32 {
    weights.get(name).copied().unwrap_or(1).clamp(1, MOST_WEIGHT)
}

/// The first `most` of those who are free, in the order their lots came out.
pub fn draw<'a>(
    offer: OfferId,
    free: impl Iterator<Item = &'a AgentName>,
    weights: &BTreeMap<AgentName, u32>,
    most: usize,
) -> Vec<&'a AgentName> {
    let mut left: Vec<(&AgentName, u64)> = free.map(|name| (name, u64::from(weight(name, weights)))).collect();
    let mut all: u64 = left.iter().map(|(_, weight)| weight).sum();
    let mut lot = mixed(u64::from(offer.epoch.0) << 32 | u64::from(offer.number));
    let mut drawn = Vec::new();
    while drawn.len() < most && all > 0 {
        let mut reach = lot % all;
        lot = mixed(lot);
        let place = left.iter().position(|(_, weight)| {
            let here = reach < *weight;
            reach = reach.saturating_sub(*weight);
            here
        });
        let Some(place) = place else { break };
        let (name, weight) = left.remove(place);
        all -= weight;
        drawn.push(name);
    }
    drawn
}

/// A number of which every bit hangs on every bit of this one (the finalizer of `SplitMix64`: Steele, Lea and Flood 2014).
const fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::ids::Epoch;

    #[test]
    fn an_agent_of_weight_three_is_drawn_three_times_as_often_as_one_of_one() {
        let names: Vec<AgentName> = ["ana", "bo", "cy"].map(AgentName::new).into();
        let weights = BTreeMap::from([(AgentName::new("ana"), 3)]);
        let mut firsts: BTreeMap<&AgentName, u32> = BTreeMap::new();
        for number in 0..10_000 {
            let drawn = draw(OfferId { epoch: Epoch(7), number }, names.iter(), &weights, 3);
            assert_eq!(drawn.len(), 3, "everybody is drawn once");
            *firsts.entry(drawn[0]).or_default() += 1;
        }
        let (ana, bo) = (firsts[&names[0]], firsts[&names[1]]);
        assert!((5_800..6_200).contains(&ana), "{ana} of 10,000, and 6,000 are ana's");
        assert!((1_850..2_150).contains(&bo), "{bo} of 10,000, and 2,000 are bo's");
    }
}
