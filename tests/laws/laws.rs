//! The laws themselves, asked after every step. They share no line with the core: what they need they work out
//! again from what can be seen.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cordboard::calendar::Moment;
use cordboard::routing::agent::{Agent, Presence, Work};
use cordboard::routing::call::{Call, QueuePlace, Stage};
use cordboard::routing::dial::DialStage;
use cordboard::routing::fact::{OfferEnd, Reasons, Rule};
use cordboard::routing::held_line::TONE_WITHIN;
use cordboard::routing::ids::*;
use cordboard::routing::promise::Wish;
use cordboard::routing::reaching::Reach;
use cordboard::routing::{Effect, Fact, Input, Known, Line, PassedTo, Strategy};

use crate::between::Between;
use crate::floor::Floor;
use crate::law::{Broken, Law, must};
use crate::ledger::Ledger;

/// An ordinary input: one or two calls and phones, and who is matched next; where all ring at once, thirty phones that stop
/// for one that is picked up, and as many that ring for the next.
const MOST_EFFECTS: usize = 24 + 2 * 30;
/// A snapshot, a start or a timer may touch every call and every agent, a few orders each.
const MOST_EFFECTS_EACH: usize = 8;
/// From the snapshot to a place that only the channel knew being back: the time of one look, in the worst weather.
const RETURN: Duration = Duration::from_secs(5);

#[derive(Clone, Debug, Default)]
pub struct Laws {
    pub ledger: Ledger,
    pub between: Between,
    most_credit: Duration,
    /// Where each leg stands in line, as first told.
    places: BTreeMap<LegId, (QueueName, Moment)>,
    /// Whose place the torn journal has lost and only the channel knows, and by when it must be back.
    returning: BTreeMap<LegId, Option<Moment>>,
    up: BTreeSet<SwitchName>,
    /// Who stood for a number that rang, or for who picked up, before this step.
    counted_on: BTreeSet<AgentName>,
}

/// What one step was.
pub struct Step<'a> {
    pub input: &'a Input,
    pub effects: &'a [Effect],
    pub facts: &'a [Fact],
    /// Whatever the input, timers that were due run with it.
    pub timers_due: bool,
    /// Everybody is looked at, and not only what this step did.
    pub whole: bool,
}

impl Laws {
    pub fn new(most_credit: Duration, between: Between) -> Self {
        Self { most_credit, between, ..Self::default() }
    }

    pub fn is_up(&self, switch: &SwitchName) -> bool {
        self.up.contains(switch)
    }

    /// The controller died, and perhaps the tail of its journal was torn off: then the places of `returning` are
    /// known to the channel alone, and those of `lost` to nobody.
    pub fn killed(&mut self, ledger: Ledger, returning: BTreeSet<LegId>, lost: BTreeSet<LegId>) {
        self.up.clear();
        self.ledger = ledger;
        for leg in &lost {
            self.places.remove(leg);
        }
        // Killed again before the snapshot: those of the last time are still on their way.
        let still = std::mem::take(&mut self.returning).into_keys();
        self.returning = still.chain(returning).map(|leg| (leg, None)).collect();
    }

    pub fn check(&mut self, step: &Step<'_>, floor: &Floor<'_>, known: &Known) -> Result<(), Broken> {
        match step.input {
            Input::LinkLost { switch } => {
                self.up.remove(switch);
            }
            Input::SnapshotTaken { switch, .. } => {
                self.up.insert(switch.clone());
            }
            _ => {}
        }
        let many = step.timers_due || matches!(step.input, Input::SnapshotTaken { .. } | Input::Started { .. });
        let each = if many {
            MOST_EFFECTS_EACH * (floor.calls.len() + floor.agents.len() + floor.dials.len() + floor.promises.len())
        } else {
            0
        };
        let most = MOST_EFFECTS + each;
        must!(Law::Bounded, step.effects.len() <= most, "{} effects of one input", step.effects.len());
        if step.whole {
            one_place(floor)?;
        }
        // What rang already as each offer was made.
        let mut rang: Vec<BTreeMap<CallId, usize>> = Vec::new();
        for fact in step.facts {
            if matches!(fact, Fact::OfferMade { .. }) {
                rang.push(self.ledger.ringing());
            }
            self.ledger.enter(fact)?;
        }
        let mut rang = rang.into_iter();
        if step.whole {
            self.ledger.balances(&waiting(floor))?;
            self.nobody_waits_in_vain(floor)?;
            self.nobody_rings_beside_others_in_vain(floor)?;
        }
        for (n, fact) in step.facts.iter().enumerate() {
            if let Fact::OfferMade { call, agent, reasons, .. } = fact {
                let rang = rang.next().unwrap_or_default();
                let others = rang.get(call).copied().unwrap_or(0);
                must!(Law::Order, reasons.others as usize == others, "{call}: {others} ring, and not {reasons:?}");
                let idle = reasons.candidates.first().filter(|(first, _)| first == agent).map(|(_, idle)| *idle);
                must!(Law::Order, idle.is_some(), "{agent} is not the first candidate of {reasons:?}");
                rings_for_the_right_one(floor, fact)?;
                if reasons.rule == Rule::PassedOn {
                    is_passed_on_to(agent, *call, step.facts)?;
                    continue;
                }
                self.goes_first(floor, *call, agent, &rang, &step.facts[n + 1..])?;
                by_strategy(floor, *call, agent, floor.now - idle.unwrap_or_default(), reasons)?;
            }
        }
        let before = std::mem::replace(&mut self.counted_on, floor.counted_on());
        crate::owed::check(floor, known, step.facts, step.whole, &before, |switch| self.is_up(switch))?;
        self.order_of_promises(step, floor)?;
        on_time(step, floor)?;
        self.between.check(step, floor)?;
        self.place_is_kept(step, floor)?;
        if step.whole { fold_is_state(floor, known) } else { Ok(()) }
    }

    fn nobody_waits_in_vain(&self, floor: &Floor<'_>) -> Result<(), Broken> {
        let free: Vec<&Agent> =
            floor.agents.iter().copied().filter(|agent| is_free(agent) && self.is_up(&agent.switch)).collect();
        if free.is_empty() {
            return Ok(());
        }
        for call in floor.calls.iter().copied() {
            let Some(place) = seeks(floor, call) else { continue };
            if let Some(agent) = free.iter().find(|agent| may_take(floor, agent, call, place)) {
                must!(Law::NobodyWaitsInVain, false, "{} waits in {} beside {}", call.id, place.queue, agent.name);
            }
        }
        Ok(())
    }

    /// Who rings beside others for one call could not take one for which nobody rings; or somebody else can in a moment, whose
    /// phone is being hung up.
    fn nobody_rings_beside_others_in_vain(&self, floor: &Floor<'_>) -> Result<(), Broken> {
        let unrung = |call: &&&Call| call.rings() == 0 && seeks(floor, call).is_some();
        let unrung: Vec<&Call> = floor.calls.iter().filter(unrung).copied().collect();
        if unrung.is_empty() {
            return Ok(());
        }
        for agent in floor.agents.iter().copied() {
            let Work::Ringing { call, .. } = &agent.work else { continue };
            let beside = floor.call(*call).is_some_and(|call| call.rings() > 1);
            if !beside || !self.is_up(&agent.switch) || !matches!(agent.presence, Presence::Ready { .. }) {
                continue;
            }
            let mine = unrung.iter().filter_map(|call| Some((*call, place_of(call)?)));
            let mine = mine.filter(|(call, place)| may_take(floor, agent, call, place));
            let first = mine.min_by_key(|(call, place)| (place.joined - place.credit, call.id));
            let Some((first, place)) = first else { continue };
            let comes = floor.agents.iter().copied().any(|other| {
                matches!((&other.presence, &other.work), (Presence::Ready { .. }, Work::Nothing { .. }))
                    && (other.leg.is_some() || other.line_busy)
                    && may_take(floor, other, first, place)
            });
            must!(
                Law::NobodyWaitsInVain,
                comes,
                "{} waits in {}, and {} rings beside others for {call}",
                first.id,
                place.queue,
                agent.name
            );
        }
        Ok(())
    }

    /// Nobody whom this agent may take came before: neither who still waits, nor who was offered after. A call for which
    /// nobody rang comes before one that rang already, and then goes who has the earlier rank.
    fn goes_first(
        &self,
        floor: &Floor<'_>,
        call: CallId,
        agent: &AgentName,
        rang: &BTreeMap<CallId, usize>,
        after: &[Fact],
    ) -> Result<(), Broken> {
        let (Some(of), Some(agent)) = (floor.call(call), floor.agent(agent)) else { return Ok(()) };
        let Some(place) = place_of(of) else { return Ok(()) };
        let rings = |call: &CallId| rang.get(call).copied().unwrap_or(0);
        let turn = (rings(&call) > 0, place.joined - place.credit, call);
        if let Some(strategy) = floor.strategies.get(&place.queue) {
            let most = strategy.most_rings();
            must!(Law::Order, rings(&call) < most, "{call} rings at {} phones already, by {strategy:?}", rings(&call));
        }
        let later: Vec<CallId> = after
            .iter()
            .filter_map(|fact| match fact {
                Fact::OfferMade { call, .. } => Some(*call),
                _ => None,
            })
            .collect();
        for other in floor.calls.iter().copied() {
            let Some(theirs) = place_of(other).filter(|_| other.id != call && other.passed.is_none()) else { continue };
            if seeks(floor, other).is_none() && !later.contains(&other.id) || !may_take(floor, agent, other, theirs) {
                continue;
            }
            // As many phones rang as may: one has stopped since.
            if rings(&other.id) > 0 && rings(&other.id) >= most_rings(floor, theirs) {
                continue;
            }
            must!(
                Law::Order,
                (rings(&other.id) > 0, theirs.joined - theirs.credit, other.id) > turn,
                "{} got {call} ({place:?}) before {} ({theirs:?})",
                agent.name,
                other.id
            );
            let unrung = rings(&other.id) == 0;
            if unrung
                && theirs.queue == place.queue
                && theirs.needs == place.needs
                && theirs.prefer.is_empty()
                && theirs.agents.is_empty()
                && other.keeps.is_none()
                && !of.served
            {
                let most = self.most_credit + of.waited;
                must!(Law::Order, place.joined <= theirs.joined + most, "{call} overtook {}", other.id);
            }
        }
        Ok(())
    }

    /// No caller waits with an earlier rank whom the agent of a promise may take, nor is offered to somebody after.
    fn order_of_promises(&self, step: &Step<'_>, floor: &Floor<'_>) -> Result<(), Broken> {
        for (n, fact) in step.facts.iter().enumerate() {
            let (Fact::Dialled { agent, promise: Some(promise), .. }
            | Fact::CustomerRung { reach: Reach { agent, promise, .. }, .. }) = fact
            else {
                continue;
            };
            let Some(of) = floor.promises.iter().find(|of| of.id == *promise) else { continue };
            let Some(agent) = floor.agent(agent) else { continue };
            let after = &step.facts[n + 1..];
            let made = |of: CallId| {
                after.iter().filter(|fact| matches!(fact, Fact::OfferMade { call, .. } if *call == of)).count()
            };
            let ended = |of: CallId| {
                after.iter().filter(|fact| matches!(fact, Fact::OfferEnded { call, .. } if *call == of)).count()
            };
            for other in floor.calls.iter().copied() {
                let Some(theirs) = place_of(other).filter(|_| other.passed.is_none()) else { continue };
                // Rung only after this, if at all: who rang somewhere before may wait for a phone more, and for one that
                // was taken from it since.
                let rang = (other.rings() + ended(other.id)).saturating_sub(made(other.id));
                let unrung = rang == 0 && (made(other.id) > 0 || seeks(floor, other).is_some());
                if !unrung || !may_take(floor, agent, other, theirs) {
                    continue;
                }
                let after = (theirs.joined - theirs.credit, other.id) > crate::owed::rank(of);
                must!(Law::Order, after, "{} keeps {promise} before {} ({theirs:?})", agent.name, other.id);
            }
        }
        Ok(())
    }

    fn place_is_kept(&mut self, step: &Step<'_>, floor: &Floor<'_>) -> Result<(), Broken> {
        for fact in step.facts {
            let (Fact::CallLeftQueue { call, .. } | Fact::CallConnected { call, .. }) = fact else { continue };
            if let Some(of) = floor.call(*call) {
                self.places.remove(&of.leg);
                self.returning.remove(&of.leg);
            }
        }
        // Of a large floor only whom this step could have moved by a rule, and now and then everybody.
        for call in floor.calls.iter().copied().filter(|_| step.whole) {
            // At somebody's phone alone there is no place to keep: where they come back, it is another.
            if call.passed.is_some() || step.facts.iter().any(|fact| passes(fact, call.id)) {
                self.places.remove(&call.leg);
                self.returning.remove(&call.leg);
            }
            if call.passed.is_some() {
                continue;
            }
            match (place_of(call), self.places.get(&call.leg)) {
                (Some(place), Some((queue, joined))) => must!(
                    Law::PlaceIsKept,
                    *queue == place.queue && *joined == place.joined,
                    "{} on {} stood in {queue} since {joined}, now in {} since {}",
                    call.id,
                    call.leg,
                    place.queue,
                    place.joined
                ),
                (Some(place), None) => {
                    self.places.insert(call.leg.clone(), (place.queue.clone(), place.joined));
                }
                (None, Some((queue, joined))) => {
                    // The channel says so in the snapshot, or in the look that follows it.
                    let returns = match self.returning.get_mut(&call.leg) {
                        Some(by) if self.up.contains(&call.switch) => {
                            *by.get_or_insert(floor.now + RETURN) >= floor.now
                        }
                        Some(_) => true,
                        None => false,
                    };
                    let over = returns || matches!(call.stage, Stage::Ending { .. });
                    must!(
                        Law::PlaceIsKept,
                        over,
                        "{} on {} stood in {queue} since {joined}, now {:?}",
                        call.id,
                        call.leg,
                        call.stage
                    );
                }
                (None, None) => {}
            }
        }
        let over: BTreeSet<CallId> = step
            .facts
            .iter()
            .filter_map(|fact| match fact {
                Fact::CallEnded { call, .. } => Some(*call),
                _ => None,
            })
            .collect();
        if !over.is_empty() && self.places.len() > floor.calls.len() {
            let here: BTreeSet<&LegId> = floor.calls.iter().copied().map(|call| &call.leg).collect();
            self.places.retain(|leg, _| here.contains(leg));
        }
        Ok(())
    }
}

/// Whether an agent passed this call on by it.
fn passes(fact: &Fact, of: CallId) -> bool {
    matches!(fact, Fact::CallPassed { call, .. } if *call == of)
}

/// The place of a call that waits, with or without a phone ringing for it.
pub fn place_of(call: &Call) -> Option<&QueuePlace> {
    match &call.stage {
        Stage::Waiting { place, .. } | Stage::Connecting { place, .. } => Some(place),
        Stage::InDialplan { .. } | Stage::Talking { .. } | Stage::Outside(_) | Stage::Ending { .. } => None,
    }
}

/// The same, where it may be offered to somebody.
fn seeks<'c>(floor: &Floor<'_>, call: &'c Call) -> Option<&'c QueuePlace> {
    match &call.stage {
        // At somebody's phone alone.
        _ if call.passed.is_some() => None,
        // Who has waited long enough is rung no more.
        Stage::Waiting { place, doubt: false, .. } => {
            (call.rings() < most_rings(floor, place) && !place.is_over).then_some(place)
        }
        _ => None,
    }
}

/// At how many phones a call of this place rings where so many are free. Of a queue that the version of today has no more
/// nobody knows but that it is one at least.
fn most_rings(floor: &Floor<'_>, place: &QueuePlace) -> usize {
    floor.strategies.get(&place.queue).map_or(1, Strategy::most_rings)
}

fn may_take(floor: &Floor<'_>, agent: &Agent, call: &Call, place: &QueuePlace) -> bool {
    let skilled = place
        .needs
        .iter()
        .filter(|need| need.until.is_none_or(|until| floor.now < place.joined + until))
        .all(|need| agent.skills.iter().any(|(skill, level)| *skill == need.skill && *level >= need.level));
    let wished = wished_for(floor, call, place);
    let preferred = match place.agents.as_slice() {
        [] => wished.is_empty() || wished.contains(&&agent.name),
        alone => alone.contains(&agent.name),
    };
    agent.switch == call.switch && agent.queues.contains(&place.queue) && skilled && preferred
}

/// Whom the call is kept for: those it knows, of whom its step says so for this long a wait, who are at work in the queue,
/// not on a break, and have the skill.
fn wished_for<'f>(floor: &Floor<'f>, call: &Call, place: &QueuePlace) -> Vec<&'f AgentName> {
    let waited = floor.now.since(place.joined);
    let could = |agent: &&Agent| {
        let holds = place.needs.iter().filter(|need| need.until.is_none_or(|until| waited < until));
        agent.switch == call.switch
            && agent.queues.contains(&place.queue)
            && matches!(agent.presence, Presence::Ready { .. })
            && holds.clone().all(|need| agent.skills.get(&need.skill).is_some_and(|level| *level >= need.level))
    };
    if !place.agents.is_empty() {
        return place
            .agents
            .iter()
            .filter_map(|name| floor.agent(name))
            .filter(could)
            .map(|agent| &agent.name)
            .collect();
    }
    let wishes = place.prefer.iter().filter(|wish| waited < wish.within);
    let known = wishes.filter_map(|wish| floor.agent(call.knows.get(&wish.agent)?));
    let promised = wishes_of(floor, call).iter().filter(|wish| waited < wish.within);
    let known = known.chain(promised.filter_map(|wish| floor.agent(&wish.agent)));
    known.filter(could).map(|agent| &agent.name).collect()
}

/// Of who is called back: whom the promise names.
fn wishes_of<'f>(floor: &Floor<'f>, call: &Call) -> &'f [Wish] {
    let promise = call.keeps.as_ref().and_then(|keeps| floor.promises.iter().find(|of| of.id == keeps.promise));
    promise.map_or(&[], |promise| promise.wishes.as_slice())
}

fn is_free(agent: &Agent) -> bool {
    matches!(agent.presence, Presence::Ready { .. })
        && matches!(agent.work, Work::Nothing { .. })
        && matches!(agent.line, Line::Free | Line::Unknown)
        && agent.leg.is_none()
        && agent.elsewhere.is_none()
        && (if agent.station.is_held_open() {
            agent.held.up().is_some() && !agent.line_busy
        } else {
            agent.held.leg().is_none()
        })
}

/// Somebody who may take the call, for as long as its queue says.
fn rings_for_the_right_one(floor: &Floor<'_>, fact: &Fact) -> Result<(), Broken> {
    let Fact::OfferMade { call, agent, until, reasons, .. } = fact else { return Ok(()) };
    let (Some(of), Some(agent)) = (floor.call(*call), floor.agent(agent)) else { return Ok(()) };
    let Some(place) = place_of(of) else { return Ok(()) };
    let alone = reasons.rule == Rule::PassedOn && of.switch == agent.switch;
    let may = alone || may_take(floor, agent, of, place);
    must!(Law::Order, may, "{} was rung for {call}, and may not take it", agent.name);
    if let Some(rules) = of.walk.plan().queues.get(&place.queue) {
        let rings_for = if agent.station.is_held_open() { TONE_WITHIN } else { rules.ring_for };
        must!(Law::OnTime, *until == floor.now + rings_for, "{call} rings until {until}, by {rules:?}");
    }
    Ok(())
}

/// By the agent who talked with the caller, in this step.
fn is_passed_on_to(agent: &AgentName, call: CallId, facts: &[Fact]) -> Result<(), Broken> {
    let passed = facts.iter().any(|fact| {
        matches!(fact, Fact::CallPassed { call: of, agent: by, to: PassedTo::Agent(to), .. }
            if *of == call && to == agent && by != agent)
    });
    must!(Law::Order, passed, "{agent} was rung for {call} as passed on, and nobody did so");
    Ok(())
}

fn on_time(step: &Step<'_>, floor: &Floor<'_>) -> Result<(), Broken> {
    for agent in floor.agents.iter().copied() {
        // One that owes a disposition goes on past it.
        if let Work::WrappingUp { until: Some(until), needs_disposition: false, .. } = &agent.work {
            must!(Law::OnTime, *until > floor.now, "{} should have ended wrap-up at {until}", agent.name);
        }
        if let Presence::Missed { until: Some(until), .. } = &agent.presence {
            must!(Law::OnTime, *until > floor.now, "{} should have ended the rest at {until}", agent.name);
        }
    }
    for fact in step.facts {
        let Fact::OfferEnded { offer, how: OfferEnd::NoAnswer, agent, .. } = fact else { continue };
        let rested = matches!(floor.agent(agent).map(|of| &of.presence), Some(Presence::Ready { .. }));
        must!(Law::OnTime, !rested, "{agent} missed {offer} and is ready at once");
    }
    Ok(())
}

/// Nobody of those who may take it comes before by the strategy of the queue.
fn by_strategy(
    floor: &Floor<'_>,
    call: CallId,
    agent: &AgentName,
    since: Moment,
    reasons: &Reasons,
) -> Result<(), Broken> {
    let Some((of, place)) = floor.call(call).and_then(|of| Some((of, place_of(of)?))) else { return Ok(()) };
    // A queue that the version of today has no more goes on by what it had.
    let Some(strategy) = floor.strategies.get(&place.queue).cloned() else { return Ok(()) };
    let kept = !wished_for(floor, of, place).is_empty();
    let came = match reasons.rule {
        Rule::Preferred => kept,
        Rule::FirstInQueue => !kept,
        rule => rule == strategy.rule() && !kept,
    };
    must!(Law::Order, came, "{call} by {:?}, and {} goes by {strategy:?}", reasons.rule, place.queue);
    if let Strategy::WeightedRandom(_) = strategy {
        return Ok(());
    }
    let counted = counted(&strategy);
    let mine = reasons.figures.first().copied().unwrap_or_default();
    if let Some(me) = floor.agent(agent) {
        // By the ring itself, who was rung last is another.
        let same = matches!(strategy, Strategy::RoundRobin) || counted(me, place, floor.now) == mine;
        must!(Law::Order, same, "{agent} counts {}, and {mine} is said", counted(me, place, floor.now));
    }
    for other in floor.agents.iter().copied().filter(|other| is_free(other) && may_take(floor, other, of, place)) {
        let (Presence::Ready { since: ready }, Work::Nothing { since: rested }) = (&other.presence, &other.work) else {
            continue;
        };
        let theirs = (counted(other, place, floor.now), (*ready).max(*rested));
        must!(
            Law::Order,
            theirs >= (mine, since),
            "{agent}, {mine} and idle since {since}, got {call} before {}: {theirs:?}, by {strategy:?}",
            other.name
        );
    }
    Ok(())
}

type Counted = Box<dyn Fn(&Agent, &QueuePlace, Moment) -> u64>;

/// What a strategy counts for an agent who is free: the smaller goes first.
fn counted(strategy: &Strategy) -> Counted {
    match strategy.clone() {
        Strategy::LongestIdle | Strategy::WeightedRandom(_) | Strategy::RingSeveral(_) | Strategy::RingAll => {
            Box::new(|_, _, _| 0)
        }
        Strategy::FewestCalls => Box::new(|agent, _, _| u64::from(agent.served.calls)),
        Strategy::LeastTalkTime => Box::new(|agent, _, _| agent.served.talked.as_millis() as u64),
        Strategy::RoundRobin => Box::new(|agent, _, _| agent.served.rung.map_or(0, |rung| rung.as_ms() as u64)),
        Strategy::FixedOrder(order) => {
            Box::new(move |agent, _, _| order.iter().position(|name| *name == agent.name).unwrap_or(order.len()) as u64)
        }
        Strategy::MostSkilled => Box::new(|agent, place, now| {
            let holds = place.needs.iter().filter(|need| need.until.is_none_or(|until| now < place.joined + until));
            let skills: BTreeSet<&SkillName> = holds.map(|need| &need.skill).collect();
            skills.into_iter().map(|skill| 255 - u64::from(agent.skills.get(skill).copied().unwrap_or(0))).sum()
        }),
    }
}

fn waiting(floor: &Floor<'_>) -> BTreeMap<QueueName, i64> {
    let mut count = BTreeMap::new();
    let in_queues = floor.calls.iter().copied().filter(|call| call.passed.is_none());
    for place in in_queues.filter_map(|call| place_of(call)) {
        *count.entry(place.queue.clone()).or_default() += 1;
    }
    count
}

fn one_place(floor: &Floor<'_>) -> Result<(), Broken> {
    let mut legs: BTreeSet<&LegId> = BTreeSet::new();
    let mut offers: BTreeSet<OfferId> = BTreeSet::new();
    let mut served = 0;
    for call in floor.calls.iter().copied() {
        must!(Law::OnePlace, legs.insert(&call.leg), "two calls on {}", call.leg);
        match &call.stage {
            Stage::Waiting { rings: Some(_), .. } | Stage::Connecting { .. } => {
                for offer in call.offers() {
                    must!(Law::OnePlace, offers.insert(offer), "{offer} twice");
                    served += 1;
                }
            }
            Stage::Talking { agent, agent_leg, .. } => {
                let theirs = floor.agent(agent);
                must!(
                    Law::OnePlace,
                    theirs.is_some_and(|of| of.on_leg() == Some(agent_leg) && of.work.call() == Some(call.id)),
                    "{} talks with {agent} on {agent_leg}, and {agent} is {theirs:?}",
                    call.id
                );
                served += 1;
            }
            Stage::InDialplan { .. }
            | Stage::Waiting { rings: None, .. }
            | Stage::Outside(_)
            | Stage::Ending { .. } => {}
        }
    }
    let mut serving = 0;
    for agent in floor.agents.iter().copied() {
        for leg in agent.leg.iter().chain(agent.held.leg()) {
            must!(Law::OnePlace, legs.insert(leg), "{leg} is of two, one of them {}", agent.name);
        }
        if let Some(offer) = agent.work.offer() {
            must!(
                Law::OnePlace,
                offers.remove(&offer),
                "{} is on {offer}, which is nobody's or somebody else's",
                agent.name
            );
        }
        let of = agent.work.call().and_then(|call| floor.call(call)).map(|call| &call.stage);
        let agrees = match (&agent.work, of) {
            (Work::Nothing { .. } | Work::WrappingUp { .. }, _) => continue,
            (Work::Ringing { offer, .. }, Some(Stage::Waiting { rings: Some(theirs), .. })) => theirs.has(*offer),
            (Work::Connecting { offer, .. }, Some(Stage::Connecting { offer: theirs, .. })) => offer == theirs,
            (Work::Talking { hold: mine, .. }, Some(Stage::Talking { agent: theirs, hold, .. })) => {
                *theirs == agent.name && mine == hold
            }
            (Work::Ringing { .. } | Work::Connecting { .. } | Work::Talking { .. }, _) => false,
            (Work::Dialling { call, talking, .. }, _) => {
                dialled_by_one(floor, &mut legs, agent, *call, *talking)?;
                continue;
            }
        };
        serving += 1;
        must!(Law::OnePlace, agrees, "{} holds {:?}, and the call is {of:?}", agent.name, agent.work);
        must!(Law::OnePlace, agent.on_leg().is_some(), "{} holds {:?} without a leg", agent.name, agent.work);
    }
    for reach in floor.reaches.iter().copied() {
        must!(Law::OnePlace, legs.insert(&reach.leg), "{} is of two, one of them {}", reach.leg, reach.call);
        must!(Law::OnePlace, floor.call(reach.call).is_none(), "{} rings and is a call", reach.call);
    }
    for dial in floor.dials.iter().copied() {
        let theirs = floor.agent(&dial.agent).map(|of| &of.work);
        let theirs = matches!(theirs, Some(Work::Dialling { call, .. }) if *call == dial.call);
        must!(Law::OnePlace, theirs, "{} is a dial of {}, who does not dial it", dial.call, dial.agent);
    }
    // Each agent's call points back at the agent, and at nobody else: so equal counts leave nobody out.
    must!(Law::OnePlace, served == serving, "{served} rings and conversations of calls, and {serving} agents have one");
    Ok(())
}

/// The dial in hand is this agent's, on the agent's own leg, and its other leg is nobody else's.
fn dialled_by_one<'f>(
    floor: &Floor<'f>,
    legs: &mut BTreeSet<&'f LegId>,
    agent: &Agent,
    call: CallId,
    talking: Option<Moment>,
) -> Result<(), Broken> {
    let Some(dial) = floor.dial(call) else {
        must!(Law::OnePlace, false, "{} dials {call}, and there is no such dial", agent.name);
        return Ok(());
    };
    let agrees = dial.agent == agent.name && agent.leg.as_ref() == Some(&dial.leg) && dial.switch == agent.switch;
    must!(Law::OnePlace, agrees, "{} dials by {dial:?} on {:?}", agent.name, agent.leg);
    must!(Law::OnePlace, legs.insert(&dial.out_leg), "{} is of two, one of them {call}", dial.out_leg);
    let since = match dial.stage {
        DialStage::Talking { since } => Some(since),
        DialStage::AgentRings { .. } | DialStage::Rings { .. } | DialStage::Connecting => None,
    };
    must!(Law::OnePlace, since == talking, "{} talks since {talking:?}, the dial since {since:?}", agent.name);
    must!(Law::OnePlace, floor.call(call).is_none(), "{call} is a dial and a call");
    Ok(())
}

fn fold_is_state(floor: &Floor<'_>, known: &Known) -> Result<(), Broken> {
    must!(Law::FoldIsState, known.strays == 0, "{} facts about the unheard of", known.strays);
    must!(
        Law::FoldIsState,
        known.calls.keys().eq(floor.calls.iter().map(|call| &call.id)),
        "calls: {:?} folded, {:?} held",
        known.calls.keys(),
        floor.calls
    );
    must!(
        Law::FoldIsState,
        known.dials.values().eq(floor.dials.iter().copied()),
        "dials: {:?} folded, {:?} held",
        known.dials,
        floor.dials
    );
    must!(
        Law::FoldIsState,
        known.reaches.values().eq(floor.reaches.iter().copied()),
        "reaches: {:?} folded, {:?} held",
        known.reaches,
        floor.reaches
    );
    must!(
        Law::FoldIsState,
        known.emergency == *floor.emergency,
        "on: {:?} folded, {:?} held",
        known.emergency,
        floor.emergency
    );
    for (call, folded) in floor.calls.iter().copied().zip(known.calls.values()) {
        let id = call.id;
        must!(
            Law::FoldIsState,
            folded.leg == call.leg
                && folded.switch == call.switch
                && folded.to == call.to
                && folded.arrived == call.arrived
                && folded.keeps == call.keeps
                && folded.knows == call.knows
                && folded.warned == call.warned
                && folded.waited == call.waited
                && folded.asked == call.asked
                && folded.passed == call.passed
                && folded.talked_for.is_some() == call.served,
            "{id}: {folded:?}"
        );
        let ending = matches!(call.stage, Stage::Ending { .. });
        if !ending {
            must!(
                Law::FoldIsState,
                folded.step.as_ref() == Some(call.walk.step()),
                "{id} in step {:?}, folded {:?}",
                call.walk.step(),
                folded.step
            );
            must!(
                Law::FoldIsState,
                folded.version == call.walk.plan().version,
                "{id} in {:?}, folded {:?}",
                call.walk.plan().version,
                folded.version
            );
            must!(
                Law::FoldIsState,
                folded.language == call.walk.language().as_str(),
                "{id} in {}, folded {}",
                call.walk.language(),
                folded.language
            );
            must!(
                Law::FoldIsState,
                folded.keyed == *call.walk.keyed(),
                "{id} keyed {:?}, folded {:?}",
                call.walk.keyed(),
                folded.keyed
            );
        }
        let ended = match &call.stage {
            Stage::Ending { outcome, by } => Some((*outcome, by.clone())),
            _ => None,
        };
        must!(
            Law::FoldIsState,
            folded.step_since == call.step_since,
            "{id} since {}, folded {}",
            call.step_since,
            folded.step_since
        );
        must!(Law::FoldIsState, folded.ending == ended, "{id} is {:?}, folded {:?}", call.stage, folded.ending);
        let outside = match &call.stage {
            Stage::Outside(outside) => Some(outside),
            _ => None,
        };
        must!(
            Law::FoldIsState,
            folded.outside.as_ref() == outside,
            "{id}: {:?}, folded {:?}",
            call.stage,
            folded.outside
        );
        let place = place_of(call);
        let same = match (place, &folded.queued) {
            (None, None) => true,
            (Some(place), Some(folded)) => {
                place.queue == folded.queue
                    && place.joined == folded.joined
                    && place.credit == folded.credit
                    && place.needs == folded.needs
                    && place.prefer == folded.prefer
            }
            (None, Some(_)) | (Some(_), None) => false,
        };
        must!(Law::FoldIsState, same, "{id} has the place {place:?}, folded {:?}", folded.queued);
        must!(
            Law::FoldIsState,
            folded.offers.iter().map(|offer| offer.offer).eq(call.offers()),
            "{id} is {:?}, folded {:?}",
            call.stage,
            folded.offers
        );
        let picked_up = matches!(call.stage, Stage::Connecting { .. });
        must!(
            Law::FoldIsState,
            folded.offers.iter().any(|offer| offer.answered) == picked_up,
            "{id} is {:?}, folded {:?}",
            call.stage,
            folded.offers
        );
        let talking = match &call.stage {
            Stage::Talking { agent, agent_leg, since, .. } => Some((agent.clone(), agent_leg.clone(), *since)),
            _ => None,
        };
        let held = match &call.stage {
            Stage::Talking { hold, .. } => *hold,
            _ => None,
        };
        must!(Law::FoldIsState, folded.held == held, "{id} is {:?}, folded held {:?}", call.stage, folded.held);
        must!(Law::FoldIsState, folded.talking == talking, "{id} is {:?}, folded {:?}", call.stage, folded.talking);
        if let Stage::Talking { queue, .. } = &call.stage {
            must!(
                Law::FoldIsState,
                folded.talked_for.as_ref() == Some(queue),
                "{id} for {queue}, folded {:?}",
                folded.talked_for
            );
        }
    }
    for agent in floor.agents.iter().copied() {
        let gone = matches!((&agent.presence, &agent.work), (Presence::Away { .. }, Work::Nothing { .. }));
        match known.agents.get(&agent.name) {
            None => must!(Law::FoldIsState, gone, "{} is unknown to the fold", agent.name),
            Some(folded) => must!(
                Law::FoldIsState,
                folded.presence == agent.presence
                    && folded.work == agent.work
                    && folded.station == agent.station
                    && (gone || folded.held == agent.held)
                    && folded.switch == agent.switch
                    && folded.queues == agent.queues
                    && folded.skills == agent.skills
                    && (gone
                        || folded.served == agent.served
                            && folded.breaks == agent.breaks
                            && folded.disposed == agent.disposed),
                "{} is {:?} {:?}, folded {folded:?}",
                agent.name,
                agent.presence,
                agent.work
            ),
        }
    }
    for name in known.agents.keys() {
        must!(Law::FoldIsState, floor.agent(name).is_some(), "{name} is on no floor but the fold's");
    }
    Ok(())
}
