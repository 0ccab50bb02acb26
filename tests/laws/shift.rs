//! One simulated shift: a core, its switches and everybody around them in virtual time, from one seed.
//!
//! It does what the controller does (journal, then act; fold the facts; start again with what was known) and asks
//! the laws after every step.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::time::Duration;

use cordboard::calendar::Moment;
use cordboard::dialplan::Sound as Said;
use cordboard::routing::call::Stage;
use cordboard::routing::dial::DialEnd;
use cordboard::routing::fact::{OfferEnd, Outcome, Rule};
use cordboard::routing::ids::*;
use cordboard::routing::known::KnownAgent;
use cordboard::routing::promise::Broken as BrokenPromise;
use cordboard::routing::tag::Place;
use cordboard::routing::{Act, Core, Effect, Fact, Handled, Input, Kept, Known, LegSeen, PassedTo};
use cordboard::switch::rehearsal::{Chance, Exchange, Faults, PerMille, World};
use cordboard::switch::{Event, Sound, SwitchAct, Ticket, Told};

use crate::between::{Between, Seen};
use crate::ears::{Ears, Patience};
use crate::floor::Floor;
use crate::hall::{Hall, LONGEST_SILENCE, MISSING, SELDOM, Size};
use crate::law::{Broken, Law, broken, must};
use crate::laws::{Laws, Step};
use crate::ledger::Ledger;
use crate::sabotage::{AtWork, Saboteur};
use crate::weather::{Climate, Weather};

pub const MORNING: Moment = Moment::from_ms(1_772_438_400_000);
/// Steps of the story that a failure prints.
const STORY: usize = 40;
/// What a crash of the machine may take from the end of the journal: what was not on the disk yet.
const TORN: Duration = Duration::from_millis(5);
/// After the last caller has gone: hang-ups heal, timers run out, wrap-up and rest end; and the longest deadline
/// of an order (a prompt's, of ten minutes) passes, where its result was lost.
const DRAIN: Duration = Duration::from_secs(700);

/// What a shift came to.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub calls: u64,
    pub steps: u64,
    pub kills: u64,
    pub outages: u64,
    pub holds: u64,
    pub retrieved: u64,
    /// Callers passed on: to agents, queues, steps, numbers.
    pub passed: [u64; 4],
    /// Emergency messages that were given.
    pub warned: u64,
    pub outcomes: BTreeMap<Outcome, u64>,
    pub dials: BTreeMap<DialEnd, u64>,
    /// Promises by how they ended; `None`: kept.
    pub promises: BTreeMap<Option<BrokenPromise>, u64>,
    pub rules: BTreeMap<Rule, u64>,
    /// Offers of calls that needed less than when they came.
    pub eased: u64,
    /// Offers made while other phones rang for the same call; ended because another answered; taken back for a caller for
    /// whom nobody rang.
    pub together: u64,
    pub elsewhere: u64,
    /// Calls taken by a key at a telephone outside.
    pub keyed: u64,
    pub taken_back: u64,
    pub between: Seen,
    pub healed: BTreeMap<String, u64>,
    /// Customers who were rung before an agent was; who picked up; with whom an agent talked.
    pub customers: [u64; 3],
}

impl Tally {
    pub fn add(&mut self, other: &Tally) {
        self.calls += other.calls;
        self.steps += other.steps;
        self.kills += other.kills;
        self.outages += other.outages;
        self.holds += other.holds;
        self.retrieved += other.retrieved;
        for (mine, theirs) in self.passed.iter_mut().zip(other.passed) {
            *mine += theirs;
        }
        self.warned += other.warned;
        for (outcome, n) in &other.outcomes {
            *self.outcomes.entry(*outcome).or_default() += n;
        }
        self.eased += other.eased;
        self.together += other.together;
        self.elsewhere += other.elsewhere;
        self.keyed += other.keyed;
        self.taken_back += other.taken_back;
        self.between.add(&other.between);
        for (rule, n) in &other.rules {
            *self.rules.entry(*rule).or_default() += n;
        }
        for (how, n) in &other.dials {
            *self.dials.entry(*how).or_default() += n;
        }
        for (how, n) in &other.promises {
            *self.promises.entry(*how).or_default() += n;
        }
        for (mine, theirs) in self.customers.iter_mut().zip(other.customers) {
            *mine += theirs;
        }
        for (what, n) in &other.healed {
            *self.healed.entry(what.clone()).or_default() += n;
        }
    }
}

/// Why a shift failed, with all that is needed to see it again.
#[derive(Clone, Debug)]
pub struct Failed {
    pub broken: Broken,
    pub story: String,
}

/// The inputs of one core's life, to be lived again.
#[derive(Default)]
struct Life {
    inputs: Vec<(Moment, Input)>,
    digests: Vec<u64>,
}

pub struct Shift {
    seed: u64,
    pub hall: Hall,
    pub chance: Chance,
    pub exchanges: BTreeMap<SwitchName, Exchange>,
    pub core: Option<Core>,
    /// The true time. The core's differs by what the wall clock was set when it started.
    pub now: Moment,
    skew_ms: i64,
    pub stepped_ms: i64,
    epoch: u32,
    version: usize,
    journal: Vec<(Moment, Vec<Fact>)>,
    known: Known,
    life: Life,
    replays: bool,
    laws: Laws,
    ears: Ears,
    patience: Patience,
    /// The next step is the last: with so many of its effects still sent.
    dies_after: Option<usize>,
    pub tally: Tally,
    story: VecDeque<(Moment, Input, Vec<Effect>, Vec<Fact>)>,
    saboteur: Option<AtWork>,
}

/// Runs the shift of a seed to its end.
pub fn run(seed: u64, length: Duration, size: Size, saboteur: Option<Saboteur>) -> Result<Tally, Failed> {
    let mut shift = Shift::new(seed, size, saboteur);
    let mut weather = Weather::new(&mut shift, length);
    match shift.last(&mut weather) {
        Ok(()) => Ok(Tally { between: shift.laws.between.seen, ..shift.tally }),
        Err(broken) => Err(Failed { story: shift.tell_story(&broken), broken }),
    }
}

impl Shift {
    fn new(seed: u64, size: Size, saboteur: Option<Saboteur>) -> Self {
        let mut chance = Chance::new(seed);
        let hall = Hall::new(&mut chance, size);
        let exchanges = hall
            .switches
            .iter()
            .map(|switch| {
                let mut exchange = Exchange::new(switch.clone(), chance.draw());
                exchange.set_sound(Sound(PathBuf::from(MISSING)), None);
                (switch.clone(), exchange)
            })
            .collect();
        let most_credit = hall.most_credit();
        let between = Between::new(&hall.plans);
        Self {
            seed,
            hall,
            exchanges,
            core: None,
            now: MORNING,
            skew_ms: 0,
            stepped_ms: 0,
            epoch: 0,
            version: 0,
            journal: Vec::new(),
            known: Known::default(),
            life: Life::default(),
            replays: seed.is_multiple_of(4) || saboteur.is_some(),
            laws: Laws::new(most_credit, between),
            ears: Ears::default(),
            patience: Patience { air: Duration::from_millis(500), prompts: Some(LONGEST_SILENCE), lists_miss: false },
            dies_after: None,
            tally: Tally::default(),
            story: VecDeque::new(),
            saboteur: saboteur.map(|who| AtWork::new(who, chance.draw())),
            chance,
        }
    }

    pub fn set_climate(&mut self, climate: Climate) {
        let faults = match climate {
            Climate::Calm => Faults::NONE,
            Climate::Real => Faults::REAL,
            // Late more seldom: in a busy hall the stream of events would never catch up.
            Climate::Harsh => Faults { late: PerMille(3), ..Faults::HARSH },
        };
        // Harsh: a hang-up may be lost for 400 ms, and the stream of events stand still for 400 ms, more than once;
        // then ConnectDue (2 s) and the look that follows have to do their work.
        self.patience.air = match climate {
            Climate::Calm | Climate::Real => Duration::from_millis(500),
            Climate::Harsh => Duration::from_millis(6_000),
        };
        self.patience.lists_miss = climate == Climate::Harsh;
        self.patience.prompts = (climate != Climate::Harsh).then_some(LONGEST_SILENCE);
        for exchange in self.exchanges.values_mut() {
            exchange.set_faults(faults.clone());
        }
    }

    fn last(&mut self, weather: &mut Weather) -> Result<(), Broken> {
        self.start()?;
        let ends = weather.ends;
        while self.step_in_time(Some(weather), ends)? {}
        weather.clears(self)?;
        let patience_ends = self.now + Duration::from_secs(self.chance.below(60));
        while self.step_in_time(None, patience_ends)? {}
        self.who_is_outside_hangs_up()?;
        // A phone that a list has missed, in a dial that the journal has lost, is put down by whoever sits at it.
        if self.patience.lists_miss {
            self.silent_phones_are_put_down()?;
        }
        // A dial under way ends, and its promise with it or before.
        for _ in 0..2 {
            self.take_promises_back()?;
            let settled = self.now + Duration::from_secs(30);
            while self.step_in_time(None, settled)? {}
            // Who was called back and picked up meanwhile.
            self.who_is_outside_hangs_up()?;
        }
        self.take_promises_back()?;
        let drained = self.now + DRAIN;
        while self.step_in_time(None, drained)? {}
        self.nothing_is_left()?;
        self.live_again()
    }

    fn who_is_outside_hangs_up(&mut self) -> Result<(), Broken> {
        let legs: Vec<(SwitchName, LegId, bool)> = self
            .exchanges
            .iter()
            .flat_map(|(switch, exchange)| {
                let theirs = |seen: &LegSeen| seen.inbound || seen.to.as_str().contains('@');
                exchange.legs().filter(theirs).map(|seen| (switch.clone(), seen.leg, seen.inbound))
            })
            .collect();
        for (switch, leg, inbound) in legs {
            let world = if inbound { World::CallerHangsUp { leg } } else { World::PhoneHangsUp { leg } };
            self.happen(&switch, world)?;
        }
        Ok(())
    }

    fn silent_phones_are_put_down(&mut self) -> Result<(), Broken> {
        let known: BTreeSet<LegId> =
            self.core.iter().flat_map(|core| core.agents()).filter_map(|agent| agent.leg.clone()).collect();
        let stray = |seen: &LegSeen| !seen.inbound && seen.joined_with.is_none() && !known.contains(&seen.leg);
        let strays: Vec<(SwitchName, LegId)> = self
            .exchanges
            .iter()
            .flat_map(|(switch, exchange)| exchange.legs().filter(stray).map(|seen| (switch.clone(), seen.leg)))
            .collect();
        for (switch, leg) in strays {
            self.happen(&switch, World::PhoneHangsUp { leg })?;
        }
        Ok(())
    }

    fn take_promises_back(&mut self) -> Result<(), Broken> {
        let owed: Vec<CallId> = self.core.iter().flat_map(|core| core.promises()).map(|promise| promise.id).collect();
        for promise in owed {
            self.tell(Input::PromiseCancelled { promise, by: AgentName::new("lead") })?;
            self.take_told()?;
        }
        Ok(())
    }

    /// On to the next thing that happens. `false`: nothing more by `until`.
    fn step_in_time(&mut self, weather: Option<&mut Weather>, until: Moment) -> Result<bool, Broken> {
        let core_wakes = self.core.as_ref().and_then(Core::next_wakeup).map(|at| self.true_time(at));
        let switches_wake = self.exchanges.values().filter_map(Exchange::next_wakeup).min();
        let weather_changes = weather.as_ref().map(|weather| weather.next());
        let Some(next) =
            [core_wakes, switches_wake, weather_changes].into_iter().flatten().min().filter(|next| *next <= until)
        else {
            self.now = self.now.max(until);
            self.ears.overdue(self.now, self.patience)?;
            return Ok(false);
        };
        self.now = self.now.max(next);
        self.ears.overdue(self.now, self.patience)?;
        for exchange in self.exchanges.values_mut() {
            exchange.advance(self.now);
        }
        self.take_told()?;
        if self.core.as_ref().and_then(Core::next_wakeup).is_some_and(|at| self.true_time(at) <= self.now) {
            self.tell(Input::TimeCame)?;
            self.take_told()?;
        }
        if let Some(weather) = weather.filter(|weather| weather.next() <= self.now) {
            weather.change(self)?;
            self.take_told()?;
        }
        self.listen();
        Ok(true)
    }

    fn listen(&mut self) {
        let Some(core) = &self.core else { return self.ears.deaf(&self.exchanges) };
        let laws = &self.laws;
        let exchanges = &self.exchanges;
        let up = |switch: &SwitchName| laws.is_up(switch) && exchanges.get(switch).is_some_and(Exchange::link_is_up);
        self.ears.listen(self.now, &Floor::of(self.now, self.wall(), core), exchanges, &up);
    }

    fn core_time(&self) -> Moment {
        Moment::from_ms(self.now.as_ms() + self.skew_ms)
    }

    /// The hour by the clock on the wall: set before this controller started, and since.
    pub fn wall(&self) -> Moment {
        Moment::from_ms(self.core_time().as_ms() + self.stepped_ms)
    }

    fn true_time(&self, of_core: Moment) -> Moment {
        Moment::from_ms(of_core.as_ms() - self.skew_ms)
    }

    /// Something happens outside, and what comes of it at once is heard.
    pub fn happen(&mut self, switch: &SwitchName, world: World) -> Result<(), Broken> {
        if matches!(world, World::LinkBreaks | World::SwitchRestarts) {
            self.tally.outages += 1;
        }
        if let Some(exchange) = self.exchanges.get_mut(switch) {
            exchange.happen(self.now, world);
        }
        self.take_told()
    }

    pub fn take_told(&mut self) -> Result<(), Broken> {
        while let Some(told) = self.exchanges.values_mut().find_map(Exchange::take_told) {
            let Told { what, .. } = told;
            match what {
                Event::Input(input) => self.tell(input)?,
                Event::LinkUp | Event::Superseded { .. } => {}
            }
        }
        Ok(())
    }

    /// One step of the core; all that follows from it, and the laws.
    pub fn tell(&mut self, input: Input) -> Result<(), Broken> {
        let at = self.core_time();
        let Some(core) = self.core.as_mut() else { return Ok(()) };
        let timers_due = core.next_wakeup().is_some_and(|due| due <= at);
        let recorded = self.replays && !self.saboteur.as_mut().is_some_and(|at_work| at_work.forgets_to_record(&input));
        if recorded {
            self.life.inputs.push((at, input.clone()));
        }
        let mut handled = core.handle(at, input.clone());
        self.tally.steps += 1;
        if recorded {
            self.life.digests.push(digest(&handled));
        }
        if let Some(at_work) = &mut self.saboteur {
            at_work.spoil(&mut handled);
        }
        for fact in &handled.facts {
            self.known.learn(at, fact);
            match fact {
                Fact::CustomerRung { .. } => self.tally.customers[0] += 1,
                Fact::CallArrived { promise, .. } => {
                    self.tally.calls += 1;
                    self.tally.customers[1] += u64::from(promise.is_some());
                }
                Fact::PromiseKept { dial, .. } => {
                    *self.tally.promises.entry(None).or_default() += 1;
                    self.tally.customers[2] += u64::from(self.known.calls.contains_key(dial));
                }
                Fact::OfferMade { call, reasons, .. } => {
                    *self.tally.rules.entry(reasons.rule).or_default() += 1;
                    self.tally.together += u64::from(reasons.others > 0);
                    let came_with = self.known.calls.get(call).and_then(|known| known.queued.as_ref());
                    let needs = came_with.iter().flat_map(|place| &place.needs);
                    let most = needs.map(|need| need.level).max();
                    let now = reasons.needs.iter().map(|need| need.level).max();
                    self.tally.eased += u64::from(now < most);
                }
                Fact::OfferAnswered { call, offer } => {
                    let offers = self.known.calls.get(call).map(|known| known.offers.as_slice()).unwrap_or_default();
                    let agent = offers.iter().find(|made| made.offer == *offer).map(|made| &made.agent);
                    let outside = agent.and_then(|agent| self.known.agents.get(agent));
                    let asked = |agent: &KnownAgent| agent.station.is_outside() && !agent.station.is_held_open();
                    if outside.is_some_and(asked) {
                        self.tally.keyed += 1;
                        // A journal that was torn may have lost the key, but not the joining that it brought.
                        let by_key = match &input {
                            Input::KeyPressed { key, .. } => key.as_char() == '1',
                            Input::LegsJoined { .. } | Input::SnapshotTaken { .. } | Input::LegLookedAt { .. } => true,
                            _ => false,
                        };
                        must!(Law::OnePlace, by_key, "{agent:?} has {call} without having pressed 1: {input:?}");
                    }
                }
                Fact::OfferEnded { how: OfferEnd::AnsweredElsewhere, .. } => self.tally.elsewhere += 1,
                Fact::OfferEnded { call, how: OfferEnd::Withdrawn, .. } => {
                    let rings_on = self.known.calls.get(call).is_some_and(|known| !known.offers.is_empty());
                    self.tally.taken_back += u64::from(rings_on);
                }
                Fact::EmergencyHeard { .. } => self.tally.warned += 1,
                Fact::CallPassed { to, .. } => {
                    let [agents, queues, steps, numbers] = &mut self.tally.passed;
                    let count = match to {
                        PassedTo::Agent(_) => agents,
                        PassedTo::Queue(_) => queues,
                        PassedTo::Step(_) => steps,
                        PassedTo::Number(_) => numbers,
                    };
                    *count += 1;
                }
                Fact::CallHeld { .. } => self.tally.holds += 1,
                Fact::CallRetrieved { .. } => self.tally.retrieved += 1,
                Fact::CallEnded { outcome, .. } => *self.tally.outcomes.entry(*outcome).or_default() += 1,
                Fact::DialEnded { how, .. } => *self.tally.dials.entry(*how).or_default() += 1,
                Fact::PromiseBroken { why, .. } => *self.tally.promises.entry(Some(*why)).or_default() += 1,
                Fact::Healed { what, .. } => *self.tally.healed.entry(kind_of(what)).or_default() += 1,
                _ => {}
            }
        }
        let Handled { effects, facts, .. } = handled;
        if self.story.len() == STORY {
            self.story.pop_front();
        }
        self.story.push_back((at, input, effects.clone(), facts.clone()));
        self.journal.push((at, facts));
        self.ask_the_laws(timers_due)?;
        let sent = self.dies_after.map_or(effects.len(), |sent| sent.min(effects.len()));
        for effect in effects.into_iter().take(sent) {
            self.send(effect)?;
        }
        if self.dies_after.take().is_some() {
            self.die()?;
        }
        Ok(())
    }

    fn ask_the_laws(&mut self, timers_due: bool) -> Result<(), Broken> {
        let (Some(core), Some((at, input, effects, facts))) = (&self.core, self.story.back()) else { return Ok(()) };
        let whole = self.hall.size == Size::Small || self.tally.steps.is_multiple_of(SELDOM);
        let step = Step { input, effects, facts, timers_due, whole };
        let wall = self.wall();
        match &mut self.saboteur {
            None => self.laws.check(&step, &Floor::of(*at, wall, core), &self.known),
            Some(at_work) => {
                let mut copied = Floor::copied(core);
                at_work.lie(&mut copied, facts);
                self.laws.check(&step, &copied.floor(*at, wall), &self.known)
            }
        }
    }

    fn send(&mut self, effect: Effect) -> Result<(), Broken> {
        let deadline = self.true_time(effect.deadline);
        let ticket = Ticket { centre: self.hall.centre.clone(), effect: effect.id };
        let act = match effect.act {
            Act::Play { leg, prompts } => {
                let sounds = prompts.into_iter().map(|prompt| match prompt.sound {
                    Said::Say(text) => Sound(PathBuf::from(text)),
                    Said::Recording(name) => Sound(PathBuf::from(name)),
                    Said::Tone => Sound(PathBuf::from("tone")),
                });
                SwitchAct::Play { leg, sounds: sounds.collect() }
            }
            act => SwitchAct::Act(act),
        };
        let Some(exchange) = self.exchanges.get_mut(&effect.switch) else {
            return broken(Law::OnePlace, format!("an effect for {}, which is no switch", effect.switch));
        };
        exchange.order(self.now, ticket, act, deadline);
        Ok(())
    }

    // Starts and ends of the controller.

    pub fn is_dead(&self) -> bool {
        self.core.is_none()
    }

    /// The next step is cut short.
    pub fn kill_in_the_next_step(&mut self) {
        self.dies_after = Some(self.chance.below(4) as usize);
    }

    /// No kill waits for the next step any more.
    pub fn spare(&mut self) {
        self.dies_after = None;
    }

    pub fn die(&mut self) -> Result<(), Broken> {
        if self.core.take().is_none() {
            return Ok(());
        }
        self.tally.kills += 1;
        for exchange in self.exchanges.values_mut() {
            exchange.abandon_link();
        }
        self.ears.deaf(&self.exchanges);
        let mut torn = BTreeSet::new();
        if self.chance.below(2) == 0 {
            torn = self.tear()?;
        }
        let ledger = std::mem::take(&mut self.laws.ledger);
        let ledger = if torn.is_empty() { ledger } else { self.books()? };
        let (returning, lost) = torn.into_iter().partition(|leg| self.channel_knows_place(leg));
        self.laws.killed(ledger, returning, lost);
        self.live_again()
    }

    /// The last few milliseconds of the journal are lost. Which callers' legs that touches.
    fn tear(&mut self) -> Result<BTreeSet<LegId>, Broken> {
        let from = self.core_time() - TORN;
        let keep = self.journal.partition_point(|(at, _)| *at < from);
        let keep = keep + self.chance.below((self.journal.len() - keep) as u64 + 1) as usize;
        let lost = self.journal.split_off(keep);
        let legs: BTreeMap<CallId, LegId> = self.known.calls.iter().map(|(id, call)| (*id, call.leg.clone())).collect();
        self.known = Known::default();
        for (at, facts) in &self.journal {
            for fact in facts {
                self.known.learn(*at, fact);
            }
        }
        let legs = |call: &CallId| legs.get(call).or_else(|| self.known.calls.get(call).map(|call| &call.leg));
        // The ledger is written anew whenever anything was lost, so name at least somebody.
        Ok(lost
            .iter()
            .flat_map(|(_, facts)| facts)
            .map(|fact| fact.call().and_then(|call| legs(&call).cloned()).unwrap_or_else(|| LegId::new("nobody")))
            .collect())
    }

    fn books(&mut self) -> Result<Ledger, Broken> {
        let mut ledger = Ledger::default();
        for fact in self.journal.iter().flat_map(|(_, facts)| facts) {
            ledger.enter(fact)?;
        }
        self.laws.between = self.laws.between.anew(&self.journal);
        Ok(ledger)
    }

    /// The journal has lost this call's latest, but its place stands on the channel too.
    fn channel_knows_place(&self, leg: &LegId) -> bool {
        let tags = self.exchanges.values().find_map(|exchange| exchange.leg(leg)).and_then(|seen| seen.tags);
        matches!(tags.map(|tags| tags.place), Some(Place::Waiting { .. }))
    }

    pub fn start(&mut self) -> Result<(), Broken> {
        // A new process takes the clock as it finds it.
        self.skew_ms += std::mem::take(&mut self.stepped_ms);
        self.epoch += 1;
        let mut core = self.new_core();
        let mut known = self.known.clone();
        if let Some(at_work) = &mut self.saboteur {
            at_work.misremember(&mut known);
        }
        let version = self.hall.plans[self.version].version.clone();
        let switches = self.hall.switches.iter().cloned().collect();
        core.shelve(self.hall.plans[self.version].clone());
        self.core = Some(core);
        self.tell(Input::Started { epoch: Epoch(self.epoch), version, switches, known: Box::new(known) })?;
        for switch in self.hall.switches.clone() {
            if !self.is_dead() {
                self.happen(&switch, World::LinkMends)?;
            }
        }
        Ok(())
    }

    fn new_core(&self) -> Core {
        let mut core = Core::new(self.hall.centre.clone());
        for plan in &self.hall.plans {
            core.shelve(plan.clone());
        }
        core
    }

    pub fn publish(&mut self) -> Result<(), Broken> {
        if self.is_dead() {
            return Ok(());
        }
        self.version = self.chance.below(self.hall.plans.len() as u64) as usize;
        let version = self.hall.plans[self.version].version.clone();
        self.tell(Input::VersionPublished { version })
    }

    /// The life that ended, once more from its record, which has been through JSON as a journal would.
    fn live_again(&mut self) -> Result<(), Broken> {
        let Life { inputs, digests } = std::mem::take(&mut self.life);
        let mut core = self.new_core();
        for (n, ((at, input), before)) in inputs.into_iter().zip(digests).enumerate() {
            let read = serde_json::to_string(&input).ok().and_then(|json| serde_json::from_str::<Input>(&json).ok());
            must!(Law::Replays, read.as_ref() == Some(&input), "input {n} reads back as {read:?}, was {input:?}");
            let again = digest(&core.handle(at, input));
            must!(Law::Replays, again == before, "step {n} of {} came out otherwise", self.epoch);
        }
        Ok(())
    }

    fn nothing_is_left(&mut self) -> Result<(), Broken> {
        self.laws.ledger.closed()?;
        let Some(core) = &self.core else { return broken(Law::NothingIsLeft, "the controller is dead") };
        must!(Law::NothingIsLeft, core.calls().next().is_none(), "calls at the end");
        must!(Law::NothingIsLeft, core.promises().next().is_none(), "promises at the end");
        must!(Law::NothingIsLeft, core.dials().next().is_none(), "dials at the end");
        // Who is logged in at a line that is held open has it; nothing else.
        let lines: BTreeSet<LegId> = core.agents().filter_map(|agent| agent.held.up().cloned()).collect();
        for (switch, exchange) in &self.exchanges {
            let legs: Vec<_> = exchange.legs().filter(|seen| !lines.contains(&seen.leg)).collect();
            must!(Law::NothingIsLeft, legs.is_empty(), "legs on {switch} at the end: {legs:?}");
        }
        let held: Vec<_> =
            core.agents().filter(|agent| agent.on_leg().is_some_and(|leg| !lines.contains(leg))).collect();
        must!(Law::NothingIsLeft, held.is_empty(), "legs of agents at the end: {held:?}");
        let kept = core.kept();
        let kept = Kept { legs: kept.legs.saturating_sub(lines.len()), ..kept };
        must!(Law::NothingIsLeft, kept.is_nothing(), "{kept:?} at the end");
        // Wrap-up and rest are over too by now, so nothing is waited for.
        must!(Law::NothingIsLeft, core.next_wakeup().is_none(), "still something due at {:?}", core.next_wakeup());
        Ok(())
    }

    fn tell_story(&self, broken: &Broken) -> String {
        let mut out = String::new();
        for (at, input, effects, facts) in &self.story {
            let short = match input {
                Input::Started { epoch, known, .. } => {
                    let (calls, agents, dials) = (known.calls.len(), known.agents.len(), known.dials.len());
                    format!("Started {epoch}, knowing {calls} calls, {agents} agents, {dials} dials")
                }
                other => format!("{other:?}"),
            };
            let _ = writeln!(out, "{at} {short}");
            for fact in facts {
                let _ = writeln!(out, "      . {fact:?}");
            }
            for effect in effects.iter().take(30) {
                let _ = writeln!(out, "      > {} {} {:?}", effect.id, effect.switch, effect.act);
            }
        }
        if let Some(core) = &self.core {
            let _ = writeln!(out, "{}", Floor::of(self.core_time(), self.wall(), core));
            for call in core.calls() {
                if let Stage::Talking { agent_leg, .. } = &call.stage {
                    let _ = writeln!(
                        out,
                        "  {} hears {:?}, {agent_leg} hears {:?}",
                        call.leg,
                        self.heard(&call.leg),
                        self.heard(agent_leg)
                    );
                }
            }
        }
        for (switch, exchange) in &self.exchanges {
            let _ = writeln!(out, "on {switch}, link {}:", exchange.link_is_up());
            for seen in exchange.legs() {
                let _ = writeln!(
                    out,
                    "  {} {:?} with {:?} in hand {} tags {:?} hears {:?}",
                    seen.leg,
                    seen.up,
                    seen.joined_with,
                    seen.in_hand,
                    seen.tags,
                    exchange.hears(&seen.leg)
                );
            }
        }
        let _ = writeln!(
            out,
            "seed {} at {} ({:?} into the shift), epoch {}: {broken}",
            self.seed,
            self.now,
            self.now.since(MORNING),
            self.epoch
        );
        let size = if self.hall.size == Size::Large { " CORDBOARD_SIZE=large" } else { "" };
        let _ = writeln!(out, "again: CORDBOARD_SEED={}{size} cargo test --test laws the_shift_of_a_seed", self.seed);
        out
    }

    fn heard(&self, leg: &LegId) -> Option<cordboard::switch::rehearsal::Hearing> {
        self.exchanges.values().find_map(|exchange| exchange.hears(leg))
    }
}

/// What was healed, without who it was healed for.
fn kind_of(what: &str) -> String {
    what.split_whitespace().take(5).collect::<Vec<_>>().join(" ")
}

fn digest(handled: &Handled) -> u64 {
    let mut hasher = DefaultHasher::new();
    serde_json::to_string(&handled.effects).unwrap_or_default().hash(&mut hasher);
    serde_json::to_string(&handled.facts).unwrap_or_default().hash(&mut hasher);
    handled.refused.as_ref().map(|refused| format!("{refused:?}")).hash(&mut hasher);
    hasher.finish()
}
