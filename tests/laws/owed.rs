//! The laws of promises: a place in the queue like any caller's, one dial at a time, and nothing of it lost.

use std::collections::BTreeSet;
use std::time::Duration;

use cordboard::calendar::Moment;
use cordboard::routing::agent::{Agent, Presence, Work};
use cordboard::routing::call::Stage;
use cordboard::routing::fact::{Reasons, Rule};
use cordboard::routing::ids::*;
use cordboard::routing::promise::{First, Promise, PromiseStage};
use cordboard::routing::reaching::Reach;
use cordboard::routing::{Fact, Known, Line, Strategy};

use crate::floor::Floor;
use crate::law::{Broken, Law, must};

/// What a promise counts as, in the order of its queue.
pub fn rank(promise: &Promise) -> (Moment, CallId) {
    (promise.joined - promise.credit, promise.id)
}

/// Whether the centre may dial one more at this moment.
fn may_dial(floor: &Floor<'_>, known: &Known) -> bool {
    let Some(rules) = floor.plan.as_ref().and_then(|plan| plan.dial_out.as_ref()) else { return false };
    let lately = |within: u64| {
        let within = Duration::from_secs(within);
        known.dialled.iter().filter(|dial| dial.at + within > floor.now).count()
    };
    lately(60) < rules.most_per_minute && lately(3600) < rules.most_per_hour
}

/// The promises that an agent is to be sought for.
pub fn seeking<'f>(floor: &Floor<'f>, known: &Known) -> Vec<&'f Promise> {
    let Some(plan) = floor.plan.as_ref().filter(|_| may_dial(floor, known)) else { return Vec::new() };
    let Some(rules) = plan.dial_out.as_ref() else { return Vec::new() };
    let on_the_line = |call: CallId| floor.call(call).is_some() || floor.dial(call).is_some();
    let open = |promise: &Promise| {
        let of_queue = plan.queues.get(&promise.queue).into_iter();
        let mut named = of_queue.flat_map(|of| [&of.hours, &of.call_back.hours]).flatten();
        named.all(|name| plan.hours.get(name).is_none_or(|hours| hours.is_open(floor.wall)))
    };
    let seeks = |promise: &&&Promise| {
        promise.stage == PromiseStage::Waiting
            && rules.allows(&promise.number, plan.country)
            && open(promise)
            && !promise.of_call.is_some_and(on_the_line)
    };
    floor.promises.iter().filter(seeks).copied().collect()
}

/// Whether this agent may keep it, free or not.
pub fn may_keep(floor: &Floor<'_>, agent: &Agent, promise: &Promise) -> bool {
    let waited = floor.now.since(promise.joined);
    let could = |agent: &Agent| {
        let holds = promise.needs.iter().filter(|need| need.until.is_none_or(|until| waited < until));
        let skilled = holds.clone().all(|need| agent.skills.get(&need.skill).is_some_and(|level| *level >= need.level));
        let dials = floor.plan.as_ref().and_then(|plan| plan.dial_out.as_ref());
        skilled
            && (is_customer_first(floor, promise) || !agent.dials_nobody())
            && agent.queues.contains(&promise.queue)
            && dials.is_some_and(|rules| rules.switch == agent.switch)
    };
    let wished: BTreeSet<&AgentName> = promise
        .wishes
        .iter()
        .filter(|wish| waited < wish.within)
        .filter_map(|wish| floor.agent(&wish.agent))
        .filter(|agent| matches!(agent.presence, Presence::Ready { .. }) && could(agent))
        .map(|agent| &agent.name)
        .collect();
    could(agent) && (wished.is_empty() || wished.contains(&agent.name))
}

fn is_customer_first(floor: &Floor<'_>, promise: &Promise) -> bool {
    let rules = floor.plan.as_ref().and_then(|plan| plan.queues.get(&promise.queue));
    rules.is_some_and(|rules| matches!(rules.call_back.first, First::Customer { .. }))
}

fn is_free(agent: &Agent) -> bool {
    matches!(agent.presence, Presence::Ready { .. })
        && matches!(agent.work, Work::Nothing { .. })
        && matches!(agent.line, Line::Free | Line::Unknown)
        && agent.leg.is_none()
        && agent.elsewhere.is_none()
        && (!agent.station.is_held_open() || agent.held.up().is_some() && !agent.line_busy)
}

pub fn check(
    floor: &Floor<'_>,
    known: &Known,
    facts: &[Fact],
    whole: bool,
    counted_before: &BTreeSet<AgentName>,
    is_up: impl Fn(&SwitchName) -> bool,
) -> Result<(), Broken> {
    let seeking = seeking(floor, known);
    let counted_on = floor.counted_on();
    for agent in floor.agents.iter().copied().filter(|agent| whole && is_free(agent) && is_up(&agent.switch)) {
        let taken = |of: &Promise| is_customer_first(floor, of) && counted_on.contains(&agent.name);
        if let Some(promise) = seeking.iter().find(|of| may_keep(floor, agent, of) && !taken(of)) {
            must!(Law::NobodyWaitsInVain, false, "{promise:?} waits beside {}", agent.name);
        }
    }
    for (n, fact) in facts.iter().enumerate() {
        let (agent, mine) = match fact {
            Fact::OfferMade { agent, call, .. } => {
                let Some(place) = floor.call(*call).and_then(crate::laws::place_of) else { continue };
                (agent, (place.joined - place.credit, *call))
            }
            Fact::Dialled { agent, promise: Some(promise), reasons, .. } => {
                let Some(of) = floor.promises.iter().find(|of| of.id == *promise) else { continue };
                let theirs = floor.agent(agent);
                let may = theirs.is_none_or(|agent| may_keep(floor, agent, of));
                must!(Law::Order, may, "{agent} was rung for {promise}, and may not keep it");
                why_this_one(floor, of, agent, reasons.as_ref())?;
                (agent, rank(of))
            }
            Fact::CustomerRung { reach, reasons, .. } => {
                let Some(of) = floor.promises.iter().find(|of| of.id == reach.promise) else { continue };
                let theirs = floor.agent(&reach.agent);
                let may = theirs.is_none_or(|agent| may_keep(floor, agent, of));
                must!(Law::Order, may, "{} was free for {}, and may not keep it", reach.agent, reach.promise);
                why_this_one(floor, of, &reach.agent, Some(reasons))?;
                (&reach.agent, rank(of))
            }
            _ => continue,
        };
        let Some(agent) = floor.agent(agent) else { continue };
        let later = facts[n + 1..].iter().filter_map(|fact| match fact {
            Fact::Dialled { promise: Some(promise), .. } | Fact::CustomerRung { reach: Reach { promise, .. }, .. } => {
                floor.promises.iter().find(|of| of.id == *promise)
            }
            _ => None,
        });
        // Who stands for a number that rings is free for callers, and for no other number.
        let stood = counted_before.contains(&agent.name)
            || facts[..n]
                .iter()
                .any(|fact| matches!(fact, Fact::CustomerRung { reach, .. } if reach.agent == agent.name));
        let could = |other: &&&Promise| {
            let waits_for_another = is_customer_first(floor, other) && (stood || !other.wishes.is_empty());
            may_keep(floor, agent, other) && !waits_for_another
        };
        for other in seeking.iter().chain(later).filter(could) {
            must!(Law::Order, rank(other) >= mine, "{} got {} before {other:?}", agent.name, mine.1);
        }
    }
    one_dial_each(floor)?;
    if whole { fold_is_state(floor, known) } else { Ok(()) }
}

/// The agent is the first of those who could, for a reason that there is.
fn why_this_one(
    floor: &Floor<'_>,
    promise: &Promise,
    agent: &AgentName,
    reasons: Option<&Reasons>,
) -> Result<(), Broken> {
    let Some(reasons) = reasons else {
        return crate::law::broken(Law::Order, format!("{agent} was rung for {promise:?}, and nobody says why"));
    };
    let first = reasons.candidates.first().map(|(first, _)| first);
    must!(Law::Order, first == Some(agent), "{agent} is not the first candidate of {reasons:?}");
    let of_queue = floor.strategies.get(&promise.queue).map(Strategy::rule);
    let came = match reasons.rule {
        Rule::Preferred => !promise.wishes.is_empty(),
        Rule::FirstInQueue => true,
        rule => of_queue.is_none_or(|of_queue| of_queue == rule),
    };
    must!(Law::Order, came, "{promise:?} by {:?}, and its queue goes by {of_queue:?}", reasons.rule);
    Ok(())
}

fn one_dial_each(floor: &Floor<'_>) -> Result<(), Broken> {
    let mut dialled = BTreeSet::new();
    for dial in &floor.dials {
        let Some(promise) = dial.promise else { continue };
        must!(Law::PromisesAreKept, dialled.insert(promise), "{promise} is dialled twice at once");
    }
    for reach in &floor.reaches {
        let once = dialled.insert(reach.promise);
        must!(Law::PromisesAreKept, once, "{} is dialled twice at once", reach.promise);
    }
    let picked_up = floor.calls.iter().filter(|call| !matches!(call.stage, Stage::Talking { .. }));
    for keeps in picked_up.filter_map(|call| call.keeps.as_ref()) {
        // Kept, and over, where the conversation is.
        let owed = floor.promises.iter().any(|of| of.id == keeps.promise);
        let once = !owed || dialled.insert(keeps.promise);
        must!(Law::PromisesAreKept, once, "{} is dialled while its customer is on the line", keeps.promise);
    }
    let mut stand_for = BTreeSet::new();
    for reach in &floor.reaches {
        must!(Law::PromisesAreKept, stand_for.insert(&reach.agent), "{} stands for two numbers", reach.agent);
    }
    for promise in &floor.promises {
        if let PromiseStage::Dialling { dial } | PromiseStage::PickedUp { call: dial } = promise.stage {
            let by_dial = floor.dial(dial).is_some_and(|dial| dial.promise == Some(promise.id));
            let rings = floor.reaches.iter().any(|reach| reach.call == dial && reach.promise == promise.id);
            let call = floor.call(dial).filter(|call| call.keeps.as_ref().is_some_and(|of| of.promise == promise.id));
            let mine = match promise.stage {
                PromiseStage::PickedUp { .. } => call.is_some(),
                _ => by_dial || rings,
            };
            must!(Law::PromisesAreKept, mine, "{promise:?}, and there is no such dial");
            if let Some(place) = call.and_then(crate::laws::place_of).filter(|place| place.queue == promise.queue) {
                let same = (place.joined, place.credit) == (promise.joined, promise.credit);
                must!(Law::PlaceIsKept, same, "{promise:?}, and who picked up stands at {place:?}");
            }
        } else {
            must!(Law::PromisesAreKept, !dialled.contains(&promise.id), "{promise:?} is dialled");
        }
    }
    Ok(())
}

fn fold_is_state(floor: &Floor<'_>, known: &Known) -> Result<(), Broken> {
    // Only those that stand in line are not what was folded to the letter.
    let same = |(held, folded): (&&Promise, &Promise)| {
        held.stands.is_none() && *held == folded || Promise { stands: None, ..(*held).clone() } == *folded
    };
    let all = floor.promises.len() == known.promises.len();
    must!(
        Law::FoldIsState,
        all && floor.promises.iter().zip(known.promises.values()).all(same),
        "promises: {:?} folded, {:?} held",
        known.promises,
        floor.promises
    );
    for (call, folded) in floor.calls.iter().zip(known.calls.values()) {
        must!(Law::FoldIsState, folded.promise == call.promise, "{}: {:?}, folded {folded:?}", call.id, call.promise);
    }
    Ok(())
}
