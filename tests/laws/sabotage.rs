//! Saboteurs: each spoils one thing between the core and the world, or in what is seen of the core. A law that
//! none of them can break proves nothing.

use std::time::Duration;

use cordboard::routing::agent::{Presence, Work};
use cordboard::routing::call::Stage;
use cordboard::routing::fact::OfferEnd;
use cordboard::routing::ids::*;
use cordboard::routing::{Act, Effect, Fact, Failure, Handled, HangUpCause, Input, Strategy};
use cordboard::switch::rehearsal::Chance;

use crate::floor::Copied;

/// How one goes about it. Every hook may do nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saboteur {
    HangUpsAreDropped,
    MusicIsDropped,
    ConnectsAreDropped,
    ConnectsGoToAnotherAgent,
    PartsAreDropped,
    HoldsAreLost,
    RingsAreDropped,
    CallEndsAreLost,
    CallEndsAreDoubled,
    DialEndsAreLost,
    AgentChangesAreLost,
    PlacesAreLost,
    OffersAreDoubled,
    OffersGoToTwoAgents,
    OffersAreMisaddressed,
    AnswersAreLost,
    JoinedIsForgotten,
    EffectsMultiply,
    RecordIsIncomplete,
    FreeAgentsAreOverlooked,
    FewerAreRungThanMay,
    SurplusIsKept,
    OthersRingOn,
    OthersAreForgotten,
    LaterCallersGoFirst,
    BusyAgentsAreHidden,
    WrapUpNeverEnds,
    PromisesAreForgotten,
    TriesAreMiscounted,
    WarningsComeLast,
    WarningsAreDoubled,
    RestsAreCutShort,
    ManyMissedAreForgiven,
    MissedAreMiscounted,
    BusyIsNoAnswer,
    RestsEndByThemselves,
    DispositionsAreWaived,
    WrapUpEndsUndisposed,
    DispositionsAreForgotten,
    BreaksAreOvercounted,
    BreaksEndByThemselves,
}

#[derive(Clone, Debug)]
pub struct AtWork {
    pub who: Saboteur,
    chance: Chance,
    /// The phone of the last Connect.
    connected: Option<LegId>,
}

impl AtWork {
    pub fn new(who: Saboteur, seed: u64) -> Self {
        Self { who, chance: Chance::new(seed), connected: None }
    }

    /// Some of the time only: a fault that always strikes hides behind its own consequences.
    fn strikes(&mut self) -> bool {
        self.chance.below(4) == 0
    }

    /// Whether this input is left out of the record that is replayed.
    pub fn forgets_to_record(&mut self, input: &Input) -> bool {
        self.who == Saboteur::RecordIsIncomplete && matches!(input, Input::LegAnswered { .. }) && self.strikes()
    }

    pub fn spoil(&mut self, handled: &mut Handled) {
        let Handled { effects, facts, .. } = handled;
        match self.who {
            Saboteur::HangUpsAreDropped => self.drop_effects(effects, |act| matches!(act, Act::HangUp { .. })),
            Saboteur::MusicIsDropped => self.drop_effects(effects, |act| matches!(act, Act::StartMusic { .. })),
            Saboteur::ConnectsAreDropped => self.drop_effects(effects, |act| matches!(act, Act::Connect { .. })),
            Saboteur::PartsAreDropped => self.drop_effects(effects, |act| matches!(act, Act::Part { .. })),
            Saboteur::PromisesAreForgotten => {
                self.drop_facts(facts, |fact| matches!(fact, Fact::PromiseMade { .. }));
            }
            Saboteur::TriesAreMiscounted => {
                for fact in facts.iter_mut() {
                    if let Fact::PromiseRests { tries, .. } = fact {
                        *tries += 1;
                    }
                }
            }
            Saboteur::HoldsAreLost => self.drop_facts(facts, |fact| matches!(fact, Fact::CallHeld { .. })),
            Saboteur::RingsAreDropped => self.drop_effects(effects, |act| matches!(act, Act::Ring { .. })),
            Saboteur::ConnectsGoToAnotherAgent => {
                for effect in effects.iter_mut() {
                    if let Act::Connect { agent, .. } = &mut effect.act
                        && let Some(before) = self.connected.replace(agent.clone())
                    {
                        *agent = before;
                    }
                }
            }
            Saboteur::CallEndsAreLost => self.drop_facts(facts, |fact| matches!(fact, Fact::CallEnded { .. })),
            Saboteur::DialEndsAreLost => self.drop_facts(facts, |fact| matches!(fact, Fact::DialEnded { .. })),
            Saboteur::CallEndsAreDoubled => self.double_facts(facts, |fact| matches!(fact, Fact::CallEnded { .. })),
            Saboteur::AgentChangesAreLost => self.drop_facts(facts, |fact| matches!(fact, Fact::AgentChanged { .. })),
            Saboteur::PlacesAreLost => self.drop_facts(facts, |fact| matches!(fact, Fact::CallQueued { .. })),
            Saboteur::OffersAreDoubled => self.double_facts(facts, |fact| matches!(fact, Fact::OfferMade { .. })),
            Saboteur::OffersGoToTwoAgents => {
                let made = facts.iter().find(|fact| matches!(fact, Fact::OfferMade { .. })).cloned();
                if let Some(Fact::OfferMade { offer, call, switch, leg, queue, until, reasons, .. }) = made {
                    let agent = AgentName::new("somebody");
                    facts.push(Fact::OfferMade { offer, call, agent, switch, leg, queue, until, reasons });
                }
            }
            Saboteur::OffersAreMisaddressed => {
                for fact in facts.iter_mut() {
                    if let Fact::OfferMade { agent, .. } = fact {
                        *agent = AgentName::new("somebody");
                    }
                }
            }
            Saboteur::WarningsComeLast => facts.sort_by_key(|fact| matches!(fact, Fact::EmergencyHeard { .. })),
            Saboteur::WarningsAreDoubled => {
                self.double_facts(facts, |fact| matches!(fact, Fact::EmergencyHeard { .. }))
            }
            Saboteur::AnswersAreLost => self.drop_facts(facts, |fact| matches!(fact, Fact::OfferAnswered { .. })),
            Saboteur::EffectsMultiply => {
                if let Some(effect) = effects.first().cloned() {
                    effects.extend(std::iter::repeat_n(effect, 1000));
                }
            }
            Saboteur::OthersRingOn => {
                let elsewhere = |act: &Act| matches!(act, Act::HangUp { cause: HangUpCause::TakenElsewhere, .. });
                self.drop_effects(effects, elsewhere);
            }
            Saboteur::OthersAreForgotten => {
                let how = OfferEnd::AnsweredElsewhere;
                self.drop_facts(facts, |fact| matches!(fact, Fact::OfferEnded { how: of, .. } if *of == how));
            }
            Saboteur::DispositionsAreForgotten => {
                self.drop_facts(facts, |fact| matches!(fact, Fact::AgentDisposed { .. }));
            }
            Saboteur::RestsAreCutShort
            | Saboteur::ManyMissedAreForgiven
            | Saboteur::MissedAreMiscounted
            | Saboteur::BusyIsNoAnswer
            | Saboteur::RestsEndByThemselves
            | Saboteur::DispositionsAreWaived
            | Saboteur::WrapUpEndsUndisposed
            | Saboteur::BreaksEndByThemselves => self.change_agents(facts),
            Saboteur::BreaksAreOvercounted
            | Saboteur::JoinedIsForgotten
            | Saboteur::FewerAreRungThanMay
            | Saboteur::SurplusIsKept
            | Saboteur::RecordIsIncomplete
            | Saboteur::FreeAgentsAreOverlooked
            | Saboteur::LaterCallersGoFirst
            | Saboteur::BusyAgentsAreHidden
            | Saboteur::WrapUpNeverEnds => {}
        }
    }

    /// Spoils what is told of agents between two calls.
    fn change_agents(&self, facts: &mut Vec<Fact>) {
        let mut more = Vec::new();
        for fact in facts.iter_mut() {
            let whole = fact.clone();
            let Fact::AgentChanged { presence, work, .. } = fact else { continue };
            match (self.who, presence, work) {
                (Saboteur::RestsAreCutShort, Presence::Missed { until: Some(until), .. }, _) => {
                    *until = *until - Duration::from_millis(500);
                }
                (Saboteur::ManyMissedAreForgiven, Presence::Missed { until, since, in_a_row: 2.., .. }, _) => {
                    *until = until.or(Some(*since + Duration::from_secs(6)));
                }
                (Saboteur::MissedAreMiscounted, Presence::Missed { in_a_row, .. }, _) => *in_a_row += 1,
                (Saboteur::BusyIsNoAnswer, Presence::Missed { why: why @ Failure::Busy, .. }, _) => {
                    *why = Failure::NoAnswer;
                }
                (Saboteur::RestsEndByThemselves, Presence::Missed { since, .. }, _)
                | (Saboteur::BreaksEndByThemselves, Presence::OnBreak { since, .. }, _) => {
                    // As if nothing were to be waited for.
                    let ready = Presence::Ready { since: *since };
                    if let Fact::AgentChanged { agent, work, state, .. } = whole {
                        let (by, why) = (None, None);
                        more.push(Fact::AgentChanged { agent, presence: ready, work, state, by, why });
                    }
                }
                (Saboteur::DispositionsAreWaived, _, Work::WrappingUp { needs_disposition, .. }) => {
                    *needs_disposition = false;
                }
                (Saboteur::WrapUpEndsUndisposed, _, Work::WrappingUp { needs_disposition: true, since, .. }) => {
                    let nothing = Work::Nothing { since: *since };
                    if let Fact::AgentChanged { agent, presence, state, .. } = whole {
                        let (by, why) = (None, None);
                        more.push(Fact::AgentChanged { agent, presence, work: nothing, state, by, why });
                    }
                }
                _ => {}
            }
        }
        facts.extend(more);
    }

    /// Lies about what the core shows.
    pub fn lie(&mut self, floor: &mut Copied, facts: &[Fact]) {
        match self.who {
            Saboteur::FreeAgentsAreOverlooked => {
                // As if the core had let both be: the call unoffered, the agent free.
                if let Some(Fact::OfferMade { call, agent, .. }) =
                    facts.iter().find(|fact| matches!(fact, Fact::OfferMade { .. }))
                {
                    for of in floor.calls.iter_mut().filter(|of| of.id == *call) {
                        if let Stage::Waiting { rings, .. } = &mut of.stage {
                            *rings = None;
                        }
                    }
                    for of in floor.agents.iter_mut().filter(|of| of.name == *agent) {
                        let since = of.presence.since();
                        of.work = Work::Nothing { since };
                        of.leg = None;
                        of.presence = Presence::Ready { since };
                    }
                }
            }
            Saboteur::FewerAreRungThanMay => {
                // As if more might have been rung.
                for strategy in floor.strategies.values_mut() {
                    if let Strategy::RingSeveral(several) = strategy {
                        *several = 10;
                    }
                }
            }
            Saboteur::SurplusIsKept => {
                // As if nothing had been taken back for the caller for whom nobody rings.
                for fact in facts {
                    let Fact::OfferEnded { offer, call, agent, how: OfferEnd::Withdrawn } = fact else { continue };
                    let theirs = floor.agents.iter_mut().find(|of| of.name == *agent && of.leg.is_some());
                    let Some(of) = theirs.filter(|of| matches!(of.work, Work::Nothing { .. })) else { continue };
                    let ringing = floor.calls.iter_mut().find(|of| of.id == *call).map(|call| &mut call.stage);
                    if let Some(Stage::Waiting { rings: Some(rings), .. }) = ringing {
                        rings.add(*offer);
                        let (since, until) = (of.presence.since(), of.presence.since());
                        of.work = Work::Ringing { offer: *offer, call: *call, since, until };
                    }
                }
            }
            Saboteur::LaterCallersGoFirst => {
                // As if somebody whom the same agent may take had come long before.
                let mut offered: Vec<(QueueName, SwitchName)> = Vec::new();
                for fact in facts {
                    let Fact::OfferMade { queue, switch, .. } = fact else { continue };
                    offered.push((queue.clone(), switch.clone()));
                }
                for of in &mut floor.calls {
                    let Stage::Waiting { place, rings: None, doubt: false } = &mut of.stage else { continue };
                    if place.needs.is_empty() && offered.contains(&(place.queue.clone(), of.switch.clone())) {
                        place.joined = place.joined - Duration::from_secs(600);
                    }
                }
            }
            Saboteur::WrapUpNeverEnds => {
                for agent in &mut floor.agents {
                    if let Work::WrappingUp { since, until, .. } = &mut agent.work {
                        *until = Some(*since);
                    }
                }
            }
            Saboteur::BreaksAreOvercounted => {
                for agent in &mut floor.agents {
                    let Presence::OnBreak { since, .. } = &agent.presence else { continue };
                    let (since, free) = (*since, Work::Nothing { since: *since });
                    let ready = Presence::Ready { since };
                    agent.breaks.follow((&agent.presence, &free), (&ready, &free), since + Duration::from_secs(1));
                }
            }
            Saboteur::BusyAgentsAreHidden => floor.agents.retain(|agent| !matches!(agent.work, Work::Talking { .. })),
            _ => {}
        }
    }

    /// What is known at a start is not what was written.
    pub fn misremember(&mut self, known: &mut cordboard::routing::Known) {
        if self.who == Saboteur::JoinedIsForgotten {
            for place in known.calls.values_mut().filter_map(|call| call.queued.as_mut()) {
                place.joined = place.joined + Duration::from_secs(7);
            }
        }
    }

    fn drop_effects(&mut self, effects: &mut Vec<Effect>, which: impl Fn(&Act) -> bool) {
        effects.retain(|effect| !(which(&effect.act) && self.strikes()));
    }

    fn drop_facts(&mut self, facts: &mut Vec<Fact>, which: impl Fn(&Fact) -> bool) {
        facts.retain(|fact| !(which(fact) && self.strikes()));
    }

    fn double_facts(&mut self, facts: &mut Vec<Fact>, which: impl Fn(&Fact) -> bool) {
        let again: Vec<Fact> = facts.iter().filter(|fact| which(fact)).cloned().collect();
        facts.extend(again);
    }
}
