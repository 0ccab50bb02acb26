//! The laws that a rehearsal with faults is held to, after every step: the most important of `tests/laws`, cheap enough for
//! days of a large centre. They share no line with the core but [`Core::waits_beside_a_free_agent`].

use std::collections::{BTreeMap, BTreeSet};

use crate::calendar::Moment;
use crate::routing::agent::Work;
use crate::routing::call::Stage;
use crate::routing::ids::{AgentName, CallId, LegId, OfferId};
use crate::routing::{CallerMoves, Core, Fact, Handled, Input, Moves, PhoneMoves};
use crate::switch::rehearsal::Exchange;

/// Looking at the whole floor costs its size: so much of it is looked at for each step, in the mean.
const FLOOR_A_STEP: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Law {
    /// No call in two places or at more phones than its queue says, no agent with two calls or on two offers.
    OnePlace,
    /// Every call that arrives ends exactly once.
    EndsOnce,
    /// No call waits beside a free agent that it may take.
    NobodyWaitsInVain,
    /// When all is over nothing is left of it.
    NothingIsLeft,
    /// The core never panics.
    NoPanic,
}

impl Law {
    pub const fn words(self) -> &'static str {
        match self {
            Law::OnePlace => "no call in two places, no agent on two offers",
            Law::EndsOnce => "every call ends exactly once",
            Law::NobodyWaitsInVain => "nobody waits beside a free agent",
            Law::NothingIsLeft => "when all is over nothing is left",
            Law::NoPanic => "the core never panics",
        }
    }
}

/// A law was broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {how} (at {at})", law.words())]
pub struct Broken {
    pub law: Law,
    pub at: Moment,
    pub how: String,
}

#[derive(Clone, Debug, Default)]
pub struct Laws {
    alive: BTreeSet<CallId>,
    /// Every open offer, by agent and by call.
    agents: BTreeMap<AgentName, OfferId>,
    calls: BTreeMap<CallId, BTreeSet<OfferId>>,
    /// Size of the floor that has not been paid for by steps yet.
    owed: usize,
    at: Moment,
}

impl Laws {
    pub fn check(&mut self, at: Moment, input: &Input, handled: &Handled, core: &Core) -> Result<(), Broken> {
        self.at = at;
        for fact in &handled.facts {
            self.enter(fact, core)?;
        }
        self.owed = self.owed.saturating_sub(FLOOR_A_STEP);
        // A start and a snapshot change everything at once.
        let whole = matches!(input, Input::Started { .. } | Input::SnapshotTaken { .. });
        if self.owed == 0 || whole {
            self.owed += self.floor(core)?;
        }
        Ok(())
    }

    fn broken(&self, law: Law, how: String) -> Result<(), Broken> {
        Err(Broken { law, at: self.at, how })
    }

    fn enter(&mut self, fact: &Fact, core: &Core) -> Result<(), Broken> {
        match fact.moves() {
            Moves::Caller(call, CallerMoves::Arrived { .. }) => {
                if self.alive.insert(call) {
                    return Ok(());
                }
                self.broken(Law::EndsOnce, format!("{call} arrives again"))
            }
            Moves::Caller(call, CallerMoves::Ended { .. }) => {
                if self.alive.remove(&call) {
                    return Ok(());
                }
                self.broken(Law::EndsOnce, format!("{call} ends, and is not there"))
            }
            Moves::Phone(offer, call, PhoneMoves::Rings { agent, queue, .. }) => {
                if let Some(other) = self.agents.insert(agent.clone(), offer) {
                    return self.broken(Law::OnePlace, format!("{agent} is on {other} and gets {offer}"));
                }
                let rules = core.plan().and_then(|plan| plan.queues.get(queue));
                let most = rules.map_or(1, |rules| rules.strategy.most_rings());
                let rings = self.calls.entry(call).or_default();
                rings.insert(offer);
                if rings.len() > most {
                    let rings = rings.clone();
                    return self.broken(Law::OnePlace, format!("{call} rings by {rings:?}, and at most {most} may"));
                }
                Ok(())
            }
            Moves::Phone(offer, call, PhoneMoves::Stops { agent }) => {
                let of_agent = self.agents.remove(agent);
                let of_call = self.calls.get_mut(&call).is_some_and(|rings| rings.remove(&offer));
                if self.calls.get(&call).is_some_and(BTreeSet::is_empty) {
                    self.calls.remove(&call);
                }
                if of_agent == Some(offer) && of_call {
                    return Ok(());
                }
                let how = format!("{offer} ends for {agent}, who had {of_agent:?}, and for {call}: {of_call}");
                self.broken(Law::OnePlace, how)
            }
            Moves::Caller(
                _,
                CallerMoves::Stepped
                | CallerMoves::Queued { .. }
                | CallerMoves::LeftQueue { .. }
                | CallerMoves::Connected { .. },
            )
            | Moves::Agent(..)
            | Moves::Nothing => Ok(()),
        }
    }

    /// Says what it cost.
    fn floor(&self, core: &Core) -> Result<usize, Broken> {
        let (mut legs, mut served): (BTreeSet<&LegId>, BTreeMap<CallId, Vec<&AgentName>>) = Default::default();
        let (mut waiting, mut agents) = (0, 0);
        for agent in core.agents() {
            agents += 1;
            if let Some(leg) = &agent.leg
                && !legs.insert(leg)
            {
                self.broken(Law::OnePlace, format!("{leg} is of two, one of them {}", agent.name))?;
            }
            let call = match &agent.work {
                Work::Ringing { call, .. } | Work::Connecting { call, .. } | Work::Talking { call, .. } => *call,
                Work::Nothing { .. } | Work::Dialling { .. } | Work::WrappingUp { .. } => continue,
            };
            served.entry(call).or_default().push(&agent.name);
        }
        let mut calls = 0;
        for call in core.calls() {
            calls += 1;
            if !legs.insert(&call.leg) {
                self.broken(Law::OnePlace, format!("two on {}", call.leg))?;
            }
            if !self.alive.contains(&call.id) {
                self.broken(Law::EndsOnce, format!("{} is on the floor, and never came or has ended", call.id))?;
            }
            let by = served.get(&call.id).map_or(&[][..], Vec::as_slice);
            let agrees = match &call.stage {
                Stage::Talking { agent, .. } => by == [agent],
                Stage::Waiting { rings: Some(rings), .. } => by.len() == rings.count(),
                Stage::Connecting { .. } => by.len() == 1,
                Stage::Waiting { rings: None, .. } => {
                    waiting += 1;
                    by.is_empty()
                }
                Stage::InDialplan { .. } | Stage::Outside(_) | Stage::Ending { .. } => by.is_empty(),
            };
            if !agrees {
                self.broken(Law::OnePlace, format!("{} is {:?}, and {by:?} serves it", call.id, call.stage))?;
            }
        }
        if calls != self.alive.len() {
            let here: BTreeSet<CallId> = core.calls().map(|call| call.id).collect();
            let lost = self.alive.difference(&here).next();
            self.broken(Law::EndsOnce, format!("{lost:?} is gone from the floor, and has not ended"))?;
        }
        if let Some((call, agent)) = core.waits_beside_a_free_agent() {
            self.broken(Law::NobodyWaitsInVain, format!("{call} waits beside {agent}"))?;
        }
        Ok(calls + agents + waiting * agents)
    }

    /// After the last caller has gone.
    pub fn nothing_is_left(&self, core: &Core, exchange: &Exchange) -> Result<(), Broken> {
        if let Some(call) = self.alive.first() {
            self.broken(Law::NothingIsLeft, format!("{call} has never ended"))?;
        }
        if let Some((agent, offer)) = self.agents.first_key_value() {
            self.broken(Law::NothingIsLeft, format!("{agent} is still on {offer}"))?;
        }
        let kept = core.kept();
        if !kept.is_nothing() {
            self.broken(Law::NothingIsLeft, format!("{kept:?}"))?;
        }
        match exchange.legs().next() {
            Some(leg) => self.broken(Law::NothingIsLeft, format!("{} lives on the switch", leg.leg)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::fact::{EndedBy, OfferEnd, Outcome, Reasons};
    use crate::routing::ids::{CallerName, CentreName, Epoch, PhoneNumber, QueueName, SwitchName, VersionHash};

    fn call(number: u32) -> CallId {
        CallId { epoch: Epoch(1), number }
    }

    fn offer(number: u32) -> OfferId {
        OfferId { epoch: Epoch(1), number }
    }

    fn arrived(number: u32) -> Fact {
        Fact::CallArrived {
            call: call(number),
            switch: SwitchName::new("s"),
            leg: LegId::new(format!("l{number}")),
            from: PhoneNumber::new("1"),
            name: CallerName::new(""),
            to: PhoneNumber::new("2"),
            version: VersionHash::new("v"),
            found: false,
            promise: None,
        }
    }

    fn ended(number: u32) -> Fact {
        Fact::CallEnded { call: call(number), outcome: Outcome::Abandoned, by: EndedBy::Caller }
    }

    fn made(number: u32, of: u32, agent: &str) -> Fact {
        Fact::OfferMade {
            offer: offer(number),
            call: call(of),
            agent: AgentName::new(agent),
            switch: SwitchName::new("s"),
            leg: LegId::new(format!("o{number}")),
            queue: QueueName::new("q"),
            until: Moment::default(),
            reasons: Reasons::default(),
        }
    }

    fn breaks(facts: Vec<Fact>) -> Option<Law> {
        let core = Core::new(CentreName::new("c"));
        let handled = Handled { facts, ..Handled::default() };
        let mut laws = Laws { owed: 1_000, ..Laws::default() };
        let checked = laws.check(Moment::default(), &Input::TimeCame, &handled, &core);
        let left = || laws.nothing_is_left(&core, &Exchange::new(SwitchName::new("s"), 1));
        checked.and_then(|()| left()).err().map(|broken| broken.law)
    }

    #[test]
    fn every_law_can_be_broken() {
        let lost = |number: u32, of: u32, agent: &str| Fact::OfferEnded {
            offer: offer(number),
            call: call(of),
            agent: AgentName::new(agent),
            how: OfferEnd::CallerGone,
        };
        assert_eq!(breaks(vec![arrived(1), made(1, 1, "a"), lost(1, 1, "a"), ended(1)]), None);
        assert_eq!(breaks(vec![arrived(1), ended(1), ended(1)]), Some(Law::EndsOnce));
        assert_eq!(breaks(vec![arrived(1), arrived(1)]), Some(Law::EndsOnce));
        assert_eq!(breaks(vec![arrived(1), arrived(2), made(1, 1, "a"), made(2, 2, "a")]), Some(Law::OnePlace));
        assert_eq!(breaks(vec![arrived(1), made(1, 1, "a"), made(2, 1, "b")]), Some(Law::OnePlace));
        assert_eq!(breaks(vec![arrived(1), made(1, 1, "a"), lost(2, 1, "a")]), Some(Law::OnePlace));
        assert_eq!(breaks(vec![arrived(1)]), Some(Law::NothingIsLeft));
    }

    #[test]
    fn a_call_that_the_core_has_forgotten_is_missed() {
        let core = Core::new(CentreName::new("c"));
        let handled = Handled { facts: vec![arrived(1)], ..Handled::default() };
        let broken = Laws::default().check(Moment::default(), &Input::TimeCame, &handled, &core).unwrap_err();
        assert_eq!(broken.law, Law::EndsOnce);
    }
}
