//! Ears on the switch itself: what callers and agents truly hear, whatever the core believes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cordboard::calendar::Moment;
use cordboard::dialplan::{Action, CallBack};
use cordboard::routing::agent::Work;
use cordboard::routing::call::{Call, Stage};
use cordboard::routing::dial::DialStage;
use cordboard::routing::held_line::HeldLine;
use cordboard::routing::ids::*;
use cordboard::routing::transferring::{Outside, OutsideStage};
use cordboard::routing::{ASKED_AGAIN_AFTER, KEYED_WITHIN, LegUp};
use cordboard::switch::rehearsal::{Exchange, Hearing};

use crate::floor::Floor;
use crate::law::{Broken, Law, must};

/// What is wrong with what a leg hears, or with the leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Wrong {
    /// Waits or is connected, and hears nothing.
    DeadAir,
    /// In the dialplan and hears nothing; a menu that waits for a key is silent.
    Silent,
    /// Was asked for number or PIN, and keys nothing.
    Unkeyed,
    /// Keys in a number to be called back on, and hears nothing.
    Keying,
    /// Talks by our books, and does not hear the agent.
    Apart,
    /// On hold by our books, and hears somebody.
    Overheard,
    /// We hung up, and it is still there.
    NotHungUp,
    /// Picked up, and hears nobody.
    OffHook,
    /// Picked up outside, and not being asked for the key just now.
    Unasked,
    /// Rings for a caller who has gone, or for no offer.
    RingsForNobody,
    /// A leg on the switch that nobody here knows.
    Stray,
    /// A leg here that the switch does not have.
    Ghost,
}

/// How long each may last.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    pub air: Duration,
    /// In the dialplan, between prompts. `None` where the end of a prompt may be lost: only its deadline, of
    /// minutes, heals that.
    pub prompts: Option<Duration>,
    /// A list after an outage may have missed a leg. Who dialled meanwhile is then unknown to anybody but the
    /// switch, until the next list.
    pub lists_miss: bool,
}

#[derive(Clone, Debug, Default)]
pub struct Ears {
    since: BTreeMap<(LegId, Wrong), Moment>,
    swept: Option<Moment>,
    /// Who hears a prompt that was begun before the switch was last in reach.
    left: BTreeSet<LegId>,
}

impl Patience {
    fn of(self, wrong: Wrong) -> Duration {
        match wrong {
            Wrong::Silent => self.prompts.map_or(Duration::MAX, |prompts| prompts + self.air),
            // Till the first key, and from there to the hash.
            Wrong::Unkeyed => self.prompts.map_or(Duration::MAX, |prompts| prompts + 2 * KEYED_WITHIN + self.air),
            Wrong::Keying => self.prompts.map_or(Duration::MAX, |prompts| prompts + KEYING + self.air),
            // Where the end of a question may be lost, the ring's own end heals that.
            Wrong::Unasked => self.prompts.map_or(Duration::MAX, |_| ASKED_AGAIN_AFTER + self.air),
            Wrong::DeadAir
            | Wrong::Apart
            | Wrong::Overheard
            | Wrong::NotHungUp
            | Wrong::OffHook
            | Wrong::RingsForNobody
            | Wrong::Stray
            | Wrong::Ghost => self.air,
        }
    }
}

/// Before each of as many digits as a caller of these halls keys.
const KEYING: Duration = Duration::from_secs(5 * 5);

/// In a step that asks for the number on which to be called back.
fn may_key_number(call: &Call) -> bool {
    let step = call.walk.plan().steps.get(call.walk.step());
    let asks = |action: &Action| matches!(action, Action::CallBack(CallBack { asks_number: true, .. }));
    step.is_some_and(|step| step.actions.iter().any(asks))
}

/// The other end of a transfer.
fn outside_leg(call: &Call) -> Option<&LegId> {
    match &call.stage {
        Stage::Outside(outside) => Some(&outside.leg),
        _ => None,
    }
}

/// Strays are looked for this often; it is the dearest look.
const SWEEP: Duration = Duration::from_millis(250);

impl Ears {
    /// Nothing is heard of a switch out of reach, and nothing can be done there.
    pub fn deaf(&mut self, exchanges: &BTreeMap<SwitchName, Exchange>) {
        self.since.clear();
        self.left_to_itself(exchanges.values());
    }

    /// What was begun before a switch was out of reach is heard to its end: by a controller that died, or by us.
    fn left_to_itself<'e>(&mut self, away: impl Iterator<Item = &'e Exchange>) {
        for exchange in away {
            let prompted =
                exchange.legs().map(|seen| seen.leg).filter(|leg| exchange.hears(leg) == Some(Hearing::Prompt));
            self.left.extend(prompted);
        }
    }

    /// Before anything else happens at `now`.
    pub fn overdue(&self, now: Moment, patience: Patience) -> Result<(), Broken> {
        for ((leg, wrong), since) in &self.since {
            let lasted = now.since(*since);
            if *wrong == Wrong::Stray && patience.lists_miss {
                continue;
            }
            must!(Law::NoDeadAir, lasted <= patience.of(*wrong), "{wrong:?} on {leg} for {lasted:?}");
        }
        Ok(())
    }

    pub fn listen(
        &mut self,
        now: Moment,
        floor: &Floor<'_>,
        exchanges: &BTreeMap<SwitchName, Exchange>,
        up: &dyn Fn(&SwitchName) -> bool,
    ) {
        let mut found: Vec<(LegId, Wrong)> = Vec::new();
        let prompted = |leg: &LegId| exchanges.values().any(|exchange| exchange.hears(leg) == Some(Hearing::Prompt));
        self.left.retain(prompted);
        self.left_to_itself(exchanges.iter().filter(|(switch, _)| !up(switch)).map(|(_, exchange)| exchange));
        for call in floor.calls.iter().filter(|call| up(&call.switch)) {
            let Some(exchange) = exchanges.get(&call.switch) else { continue };
            let hears = exchange.hears(&call.leg);
            let wrong = match (&call.stage, &hears) {
                (_, None) => Some(Wrong::Ghost),
                (Stage::InDialplan { .. }, Some(Hearing::Silence)) if may_key_number(call) => Some(Wrong::Keying),
                (Stage::InDialplan { .. }, Some(Hearing::Silence)) => {
                    let keys = call.keypad.as_ref().is_some_and(|at| !at.waits());
                    Some(if keys { Wrong::Unkeyed } else { Wrong::Silent })
                }
                (Stage::InDialplan { .. }, Some(_)) => None,
                (Stage::Waiting { .. } | Stage::Connecting { .. }, Some(Hearing::Music)) => None,
                // An announcement, and never while a phone rings for who hears it.
                (Stage::Waiting { rings: None, .. }, Some(Hearing::Prompt)) => None,
                // Its end is on its way, or lost.
                (Stage::Waiting { rings: None, place, .. }, Some(Hearing::Silence)) if place.told.playing.is_some() => {
                    Some(Wrong::Silent)
                }
                (Stage::Waiting { .. }, Some(Hearing::Prompt)) if self.left.contains(&call.leg) => None,
                (Stage::Waiting { .. } | Stage::Connecting { .. }, Some(_)) => Some(Wrong::DeadAir),
                (Stage::Talking { hold: Some(_), .. }, Some(Hearing::Music)) => None,
                (Stage::Talking { hold: Some(_), .. }, Some(Hearing::Leg(_))) => Some(Wrong::Overheard),
                (Stage::Talking { hold: Some(_), .. }, Some(_)) => Some(Wrong::DeadAir),
                (Stage::Talking { agent_leg, .. }, Some(Hearing::Leg(other))) if other == agent_leg => None,
                (Stage::Talking { .. }, Some(_)) => Some(Wrong::Apart),
                (Stage::Outside(outside), Some(Hearing::Leg(other))) if *other == outside.leg => None,
                (Stage::Outside(Outside { stage: OutsideStage::Rings { .. }, .. }), Some(Hearing::Music)) => None,
                (Stage::Outside(Outside { stage: OutsideStage::Connecting, .. }), Some(_)) => Some(Wrong::DeadAir),
                (Stage::Outside(_), Some(_)) => Some(Wrong::Apart),
                (Stage::Ending { .. }, Some(_)) => Some(Wrong::NotHungUp),
            };
            found.extend(wrong.map(|wrong| (call.leg.clone(), wrong)));
        }
        for agent in floor.agents.iter().filter(|agent| up(&agent.switch)) {
            let (Some(exchange), Some(leg)) = (exchanges.get(&agent.switch), agent.on_leg()) else { continue };
            let wrong = match exchange.leg(leg) {
                None => Some(Wrong::Ghost),
                Some(seen) if seen.up == LegUp::Up => {
                    // Who has put the caller on hold waits for nothing.
                    let holds = matches!(agent.work, Work::Talking { hold: Some(_), .. });
                    let asked = matches!(agent.work, Work::Ringing { .. }) && agent.station.is_outside();
                    // Asked once, for as long as a phone rings; and while a tone begins and ends.
                    let waits = matches!(agent.held, HeldLine::Asked { .. });
                    let holds = holds
                        || waits
                        || (asked || matches!(agent.work, Work::Ringing { .. })) && agent.held.up().is_some();
                    let silent = exchange.hears(leg) == Some(Hearing::Silence) && !holds;
                    silent.then_some(if asked { Wrong::Unasked } else { Wrong::OffHook })
                }
                Some(_) => match &agent.work {
                    Work::Ringing { call, .. } => {
                        let caller = floor.call(*call).map(|call| &call.leg);
                        caller.is_none_or(|caller| exchange.hears(caller).is_none()).then_some(Wrong::RingsForNobody)
                    }
                    Work::Dialling { call, .. } => {
                        let rings =
                            floor.dial(*call).is_some_and(|dial| matches!(dial.stage, DialStage::AgentRings { .. }));
                        (!rings).then_some(Wrong::RingsForNobody)
                    }
                    _ if matches!(agent.held, HeldLine::Rings { .. }) => None,
                    _ => Some(Wrong::RingsForNobody),
                },
            };
            found.extend(wrong.map(|wrong| (leg.clone(), wrong)));
        }
        for dial in floor.dials.iter().filter(|dial| up(&dial.switch)) {
            let Some(exchange) = exchanges.get(&dial.switch) else { continue };
            let hears = exchange.hears(&dial.out_leg);
            let wrong = match (dial.stage, hears) {
                (DialStage::AgentRings { .. }, _) => None,
                (_, None) => Some(Wrong::Ghost),
                (DialStage::Rings { .. }, Some(_)) => {
                    let up = exchange.leg(&dial.out_leg).is_some_and(|seen| seen.up == LegUp::Up);
                    up.then_some(Wrong::OffHook)
                }
                (DialStage::Connecting, Some(_)) => Some(Wrong::DeadAir),
                (DialStage::Talking { .. }, Some(Hearing::Leg(other))) if other == dial.leg => None,
                (DialStage::Talking { .. }, Some(_)) => Some(Wrong::Apart),
            };
            found.extend(wrong.map(|wrong| (dial.out_leg.clone(), wrong)));
        }
        for reach in floor.reaches.iter().filter(|reach| up(&reach.switch)) {
            let Some(exchange) = exchanges.get(&reach.switch) else { continue };
            let wrong = match exchange.leg(&reach.leg) {
                None => Some(Wrong::Ghost),
                Some(seen) => (seen.up == LegUp::Up).then_some(Wrong::OffHook),
            };
            found.extend(wrong.map(|wrong| (reach.leg.clone(), wrong)));
        }
        let ours = |leg: &LegId| {
            floor.reaches.iter().any(|reach| reach.leg == *leg)
                || floor.dials.iter().any(|dial| dial.out_leg == *leg)
                || floor.calls.iter().any(|call| call.leg == *leg || outside_leg(call) == Some(leg))
                || floor.agents.iter().any(|agent| agent.leg.as_ref() == Some(leg) || agent.held.leg() == Some(leg))
        };
        if self.swept.is_none_or(|swept| now.since(swept) >= SWEEP) {
            self.swept = Some(now);
            let strays = exchanges.iter().filter(|(switch, _)| up(switch)).flat_map(|(_, exchange)| exchange.legs());
            found.extend(strays.filter(|seen| !ours(&seen.leg)).map(|seen| (seen.leg, Wrong::Stray)));
        } else {
            let lives =
                |leg: &LegId| exchanges.iter().any(|(switch, exchange)| up(switch) && exchange.hears(leg).is_some());
            found.extend(
                self.since.keys().filter(|(leg, wrong)| *wrong == Wrong::Stray && lives(leg) && !ours(leg)).cloned(),
            );
        }
        let before = std::mem::take(&mut self.since);
        self.since = found
            .into_iter()
            .map(|key| {
                let since = before.get(&key).copied().unwrap_or(now);
                (key, since)
            })
            .collect();
    }
}
