//! The loop: one turn takes what has come, asks the cores, writes the journals, then acts.
//!
//! Written before acted: when a process is killed between the two, the next start knows of an order that was never
//! sent, which a snapshot puts right; the other way round it would find effects of which nobody knows.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::time::MissedTickBehavior;

use super::clock::Clock;
use super::journal::{self, crc_of_effects};
use super::lending::{Cores, Lending, loans_of};
use super::phones::Phones;
use super::prepare::{Desk, Prepared, asterisk_of};
use super::prompts::{Prompts, Ready, SoundPlace};
use super::route::Routes;
use super::untaken::untaken;
use super::withheld::KeptBack;
use super::{Ask, AskError, Happened, Plans, PublishError, Pulse, measure, precedence, publish};
use crate::config::SwitchConfig;
use crate::dialplan::{Centre, CentreFiles, all_prompts};
use crate::routing::ids::{CentreName, Epoch, PhoneNumber, SwitchName, VersionHash};
use crate::routing::{Act, Core, Effect, Input, Known, LegSeen, Refusal, Returned};
use crate::switch::asterisk;
use crate::switch::rehearsal::{Exchange, Rehearsal};
use crate::switch::{Event, Link, MOST_TOLD, Order, SwitchAct, Ticket, Told};

/// The heartbeat on every switch; its dialplan lets new calls fall back when it is older than two seconds.
const BEAT_EVERY: Duration = Duration::from_millis(500);

/// Inputs taken into one turn: a burst is written and acted on in pieces, so that the first does not wait for the
/// last.
const MOST_IN_A_TURN: usize = 128;

impl Prepared {
    /// On its own thread, until [`Ask::Stop`] or until another controller takes over.
    pub fn run(self, asked: mpsc::Receiver<Ask>) {
        precedence::take();
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => {
                tracing::error!(%error, "the controller has no runtime");
                return;
            }
        };
        // A task like the others: what is run by `block_on` itself is woken through the kernel, each time.
        let ended = runtime.block_on(async move {
            tokio::spawn(async move {
                if let Some(mut turn) = Turn::begin(self) {
                    turn.run(asked).await;
                }
            })
            .await
        });
        if let Err(error) = ended {
            tracing::error!(%error, "the controller's loop has ended badly");
        }
    }
}

struct Turn {
    desks: BTreeMap<CentreName, Desk>,
    links: BTreeMap<SwitchName, Link>,
    /// Rehearsal switches live as long as we do.
    _rehearsals: BTreeMap<SwitchName, Rehearsal>,
    routes: Routes,
    /// Cores are told of those at which somebody works.
    phones: Phones,
    /// Agents whom several centres share.
    lending: Lending,
    prompts: Prompts,
    kept_back: KeptBack,
    clock: Clock,
    told: mpsc::Receiver<Told>,
    ready: mpsc::UnboundedReceiver<Ready>,
    versions: BTreeMap<CentreName, std::path::PathBuf>,
    happened: broadcast::Sender<Arc<Happened>>,
    pulse: watch::Sender<Pulse>,
    plans: watch::Sender<Plans>,
    published: mpsc::Receiver<Published>,
    publishing: mpsc::Sender<Published>,
    aside: tokio::runtime::Handle,
    /// Orders that found their driver's queue full, to be told as come back.
    untaken: Vec<Ticket>,
    /// Written, acted on, and told to nobody yet.
    untold: Vec<Happened>,
    stopped: bool,
}

/// A version whose prompts have been made.
struct Published {
    centre: Centre,
    made: Vec<(SwitchName, Vec<(CentreName, crate::dialplan::Prompt)>)>,
    answer: Option<oneshot::Sender<Result<VersionHash, PublishError>>>,
}

/// What is to be handled in a turn, and who waits for the answer.
struct Todo {
    centre: CentreName,
    input: Input,
    answer: Option<oneshot::Sender<Result<(), AskError>>>,
}

type Answer = (oneshot::Sender<Result<(), AskError>>, Result<(), AskError>);

impl Turn {
    fn begin(prepared: Prepared) -> Option<Self> {
        let Prepared { desks, epoch, start, happened, pulse, plans, aside, known, kept_back } = prepared;
        let (told_by, told) = mpsc::channel(MOST_TOLD);
        let (ready_by, ready) = mpsc::unbounded_channel();
        let (publishing, published) = mpsc::channel(16);
        let clock = Clock::start();
        let mut links = BTreeMap::new();
        let mut places = BTreeMap::new();
        let mut rehearsals = start.rehearsals;
        for (name, config) in &start.switches {
            let link = match config {
                SwitchConfig::Asterisk(config) => {
                    let here = config.sounds.here.clone();
                    places.insert(name.clone(), SoundPlace { here, switch: config.sounds.switch.clone() });
                    match asterisk_of(config, epoch) {
                        Ok(asterisk) => asterisk::start(name.clone(), epoch, asterisk, told_by.clone()),
                        Err(error) => {
                            tracing::error!(switch = %name, %error, "this switch cannot be attached");
                            return None;
                        }
                    }
                }
                SwitchConfig::Rehearsal => {
                    let rehearsal = rehearsals
                        .entry(name.clone())
                        .or_insert_with(|| Rehearsal::start(name.clone(), Exchange::new(name.clone(), 1), clock.now()));
                    let (link, mut heard) = rehearsal.link(epoch);
                    let told_by = told_by.clone();
                    tokio::spawn(async move {
                        while let Some(told) = heard.recv().await {
                            if told_by.send(told).await.is_err() {
                                break;
                            }
                        }
                    });
                    link
                }
            };
            links.insert(name.clone(), link);
        }
        let versions = desks.keys().map(|name| (name.clone(), start.data.join(name.as_str()).join("versions")));
        let mut turn = Self {
            versions: versions.collect(),
            prompts: Prompts::new(start.speaker, places, ready_by, aside.clone()),
            desks,
            links,
            _rehearsals: rehearsals,
            routes: Routes::default(),
            phones: Phones::default(),
            lending: Lending::default(),
            kept_back,
            clock,
            told,
            ready,
            happened,
            pulse,
            plans,
            published,
            publishing,
            aside,
            untaken: Vec::new(),
            untold: Vec::new(),
            stopped: false,
        };
        turn.first_inputs(known, start.switches.keys().cloned().collect());
        Some(turn)
    }

    fn first_inputs(&mut self, known: BTreeMap<CentreName, (Known, Epoch)>, switches: BTreeSet<SwitchName>) {
        let mut todo = VecDeque::new();
        let mut guests: Vec<(CentreName, Vec<_>)> = Vec::new();
        for (centre, (known, epoch)) in known {
            guests.push((centre.clone(), known.guests().cloned().collect()));
            for call in known.calls.values() {
                self.routes.bind(call.leg.clone(), centre.clone());
            }
            let Some(desk) = self.desks.get(&centre) else { continue };
            let version = desk.plan.version.clone();
            let input = Input::Started { epoch, version, switches: switches.clone(), known: Box::new(known) };
            todo.push_back(Todo { centre, input, answer: None });
        }
        self.turn(todo);
        // When all have begun, and before any switch has said a word: nobody can be rung yet.
        for (centre, guests) in guests {
            self.lending.remember(&centre, guests);
        }
        self.turn(VecDeque::new());
        self.tell();
        for desk in self.desks.values() {
            self.make_prompts((*desk.plan).clone(), None);
        }
    }

    async fn run(&mut self, mut asked: mpsc::Receiver<Ask>) {
        let mut beat = tokio::time::interval(BEAT_EVERY);
        beat.set_missed_tick_behavior(MissedTickBehavior::Skip);
        while !self.stopped {
            let wakeup = self.desks.values().filter_map(|desk| desk.core.next_wakeup()).min();
            let wakeup = wakeup.map_or_else(|| Instant::now() + BEAT_EVERY, |moment| self.clock.instant(moment));
            let mut todo = VecDeque::new();
            self.hear_untaken(&mut todo);
            tokio::select! {
                biased;
                told = self.told.recv() => if let Some(told) = told { self.hear(told, &mut todo) },
                _ = beat.tick() => self.beat(&mut todo),
                () = tokio::time::sleep_until(wakeup.into()) => self.time_came(&mut todo),
                Some(ask) = asked.recv() => self.asked(ask, &mut todo),
                Some(ready) = self.ready.recv() => self.sounds_ready(ready, &mut todo),
                Some(published) = self.published.recv() => self.publish_now(published, &mut todo),
                // Never before the heartbeat: orders may find no room for as long as a driver is stuck.
                () = std::future::ready(()), if !todo.is_empty() => {}
                else => self.stopped = true,
            }
            while todo.len() < MOST_IN_A_TURN {
                if let Ok(told) = self.told.try_recv() {
                    self.hear(told, &mut todo);
                } else if let Ok(ask) = asked.try_recv() {
                    self.asked(ask, &mut todo);
                } else {
                    break;
                }
            }
            if todo.is_empty() {
                continue;
            }
            let answers = self.turn(todo);
            // The drivers write what was just ordered before another thread is woken, which may take this processor.
            tokio::task::yield_now().await;
            self.tell();
            for (answer, result) in answers {
                // Who asked has gone away.
                let _ = answer.send(result);
            }
        }
    }

    /// Others learn what has happened, and the disk gets it.
    fn tell(&mut self) {
        for happened in self.untold.drain(..) {
            measure::count(&happened);
            measure::log(&happened);
            // Nobody listens: fine.
            let _ = self.happened.send(Arc::new(happened));
        }
        self.desks.values().for_each(|desk| desk.journal.wake());
    }

    /// Ask the cores, write, act: in this order. Callers first: counting, logging and telling wait until the orders are on
    /// their way, and so do the answers to people that come back from here.
    fn turn(&mut self, mut todo: VecDeque<Todo>) -> Vec<Answer> {
        let began = (!todo.is_empty()).then(Instant::now);
        let mut acts: Vec<(CentreName, Effect)> = Vec::new();
        let mut records: BTreeMap<CentreName, Vec<journal::Handled>> = BTreeMap::new();
        let mut answers: Vec<Answer> = Vec::new();
        while let Some(Todo { centre, input, answer }) = self.shared_first(&mut todo) {
            if let Some(first) = self.before(&centre, &input) {
                todo.push_front(Todo { centre: centre.clone(), input, answer });
                todo.push_front(Todo { centre, input: first, answer: None });
                continue;
            }
            let Some(input) = self.kept_back(&centre, input) else { continue };
            let Some(desk) = self.desks.get_mut(&centre) else {
                if let Some(answer) = answer {
                    answers.push((answer, Err(AskError::NoSuchCentre(centre))));
                }
                continue;
            };
            // Each input its own moment: what came first was first.
            let at = self.clock.now();
            let handled = desk.core.handle(at, input.clone());
            if let Some(answer) = answer {
                answers.push((answer, handled.refused.map_or(Ok(()), |why| Err(why.into()))));
            }
            self.lending.moved(&centre, &handled.moved, &handled.facts);
            let effects_crc = crc_of_effects(&handled.effects);
            acts.extend(handled.effects.into_iter().map(|effect| (centre.clone(), effect)));
            let record = journal::Handled { at, input, facts: handled.facts, effects_crc };
            records.entry(centre).or_default().push(record);
        }
        for (centre, batch) in records {
            let Some(desk) = self.desks.get_mut(&centre) else { continue };
            let last = desk.journal.write(&batch);
            let first = last + 1 - batch.len() as u64;
            for (seq, handled) in (first..).zip(batch) {
                let happened = |(n, fact)| Happened { centre: centre.clone(), seq, n, at: handled.at, fact };
                self.untold.extend((0..).zip(handled.facts).map(happened));
            }
        }
        for (centre, effect) in acts {
            self.act(centre, effect);
        }
        if let Some(began) = began {
            measure::decided(began.elapsed());
        }
        answers
    }

    /// The next input: what a centre has to know of agents whom it shares goes before all that has come.
    fn shared_first(&mut self, todo: &mut VecDeque<Todo>) -> Option<Todo> {
        let of = |centre: &CentreName| self.desks.get(centre).map(|desk| &desk.core);
        let told = self.lending.next(&Cores { of: &of, phones: &self.phones });
        told.map(|(centre, input)| Todo { centre, input, answer: None }).or_else(|| todo.pop_front())
    }

    fn act(&mut self, centre: CentreName, effect: Effect) {
        debug_assert!(!effect.act.waits_for_disk(), "no such effect yet: hold it until `Journal::durable`");
        let ticket = Ticket { centre, effect: effect.id };
        let act = match effect.act {
            Act::Play { leg, prompts } => {
                match self.prompts.sounds(&effect.switch, &ticket, &leg, effect.deadline, &prompts) {
                    Some(sounds) => SwitchAct::Play { leg, sounds },
                    None => return,
                }
            }
            act @ (Act::Answer { .. }
            | Act::StopPlay { .. }
            | Act::StartMusic { .. }
            | Act::StartRingback { .. }
            | Act::Ring { .. }
            | Act::PickUp { .. }
            | Act::Connect { .. }
            | Act::Part { .. }
            | Act::HangUp { .. }
            | Act::Tag { .. }
            | Act::Look { .. }) => SwitchAct::Act(act),
        };
        self.order(&effect.switch, Order::Do { ticket, act, deadline: effect.deadline });
    }

    /// Never waits. An order that its driver has no room for comes back as one whose end nobody knows, with the next
    /// turn: every effect comes back exactly once, and the core waits for it.
    fn order(&mut self, switch: &SwitchName, order: Order) {
        self.untaken.extend(self.links.get(switch).and_then(|link| untaken(link, order)));
    }

    /// What was not taken has come back.
    fn hear_untaken(&mut self, todo: &mut VecDeque<Todo>) {
        let back = std::mem::take(&mut self.untaken);
        todo.extend(back.into_iter().map(|Ticket { centre, effect }| {
            let input = Input::EffectReturned { effect, how: Returned::Unknown };
            Todo { centre, input, answer: None }
        }));
    }

    fn sounds_ready(&mut self, ready: Ready, todo: &mut VecDeque<Todo>) {
        self.prompts.remember(&ready.switch, ready.made);
        match ready.sounds {
            // Stopped before it could begin: nobody waits for its end, and played now it would be heard over what came after.
            Ok(_) if !self.is_awaited(&ready.ticket) => {
                let input = Input::EffectReturned { effect: ready.ticket.effect, how: Returned::Done };
                todo.push_back(Todo { centre: ready.ticket.centre, input, answer: None });
            }
            Ok(sounds) => {
                let act = SwitchAct::Play { leg: ready.leg, sounds };
                self.order(&ready.switch, Order::Do { ticket: ready.ticket, act, deadline: ready.deadline });
            }
            Err(error) => {
                tracing::error!(centre = %ready.ticket.centre, %error, "a prompt could not be made");
                let how = Returned::Refused { why: Refusal::NoPrompt };
                let input = Input::EffectReturned { effect: ready.ticket.effect, how };
                todo.push_back(Todo { centre: ready.ticket.centre, input, answer: None });
            }
        }
    }

    fn is_awaited(&self, ticket: &Ticket) -> bool {
        self.desks.get(&ticket.centre).is_some_and(|desk| desk.core.awaits(ticket.effect))
    }

    fn beat(&mut self, todo: &mut VecDeque<Todo>) {
        let shedding = self.desks.values().any(|desk| desk.journal.must_shed());
        if !shedding {
            let switches: Vec<SwitchName> = self.links.keys().cloned().collect();
            for switch in switches {
                self.order(&switch, Order::Beat);
            }
        }
        if let Some(by_ms) = self.clock.stepped() {
            for centre in self.desks.keys() {
                let input = Input::WallClockStepped { by_ms };
                todo.push_back(Todo { centre: centre.clone(), input, answer: None });
            }
        }
        let journals: BTreeMap<_, _> =
            self.desks.iter().map(|(name, desk)| (name.clone(), *desk.journal.health().borrow())).collect();
        self.pulse.send_if_modified(|pulse| {
            let changed = pulse.shedding != shedding || pulse.journals != journals;
            pulse.shedding = shedding;
            pulse.journals = journals;
            changed
        });
    }

    fn time_came(&self, todo: &mut VecDeque<Todo>) {
        let now = self.clock.now();
        for (centre, desk) in &self.desks {
            if desk.core.next_wakeup().is_some_and(|moment| moment <= now) {
                todo.push_back(Todo { centre: centre.clone(), input: Input::TimeCame, answer: None });
            }
        }
    }

    fn asked(&mut self, ask: Ask, todo: &mut VecDeque<Todo>) {
        match ask {
            Ask::Tell { centre, input, answer } => {
                todo.push_back(Todo { centre, input: *input, answer: Some(answer) });
            }
            Ask::Floor { centre, answer } => {
                let floor = self.core_of(centre).map(|core| core.floor(self.clock.now()));
                let _ = answer.send(floor);
            }
            Ask::Desk { centre, agent, answer } => {
                let seen = self.core_of(centre).map(|core| core.desk_seen(self.clock.now(), &agent));
                let _ = answer.send(seen);
            }
            Ask::Call { centre, call, answer } => {
                let seen = self.core_of(centre).map(|core| core.call_seen(self.clock.now(), call));
                let _ = answer.send(seen);
            }
            Ask::Loans { centre, answer } => {
                let cores = self.desks.iter().map(|(name, desk)| (name, &desk.core));
                let _ = answer.send(loans_of(&centre, cores).ok_or(AskError::NoSuchCentre(centre)));
            }
            Ask::Promises { centre, answer } => {
                let _ = answer.send(self.core_of(centre).map(|core| core.promises_seen(self.clock.now())));
            }
            Ask::Publish { centre, files, answer } => self.publish(*centre, files, answer),
            Ask::Stop { answer } => {
                self.stopped = true;
                let _ = answer.send(());
            }
        }
    }

    /// Whoever logs in at a phone that talks is not rung there, from the first moment: what the core is told before.
    fn before(&self, centre: &CentreName, input: &Input) -> Option<Input> {
        let Input::AgentLoggedIn { station, switch, .. } = input else { return None };
        let line = self.phones.line_of(switch, station)?;
        let news = self.desks.get(centre)?.core.line_of(switch, station) != line;
        news.then(|| Input::StationChanged { switch: switch.clone(), station: station.clone(), line })
    }

    /// A key that nobody may read is not among the inputs of the core, nor so in the journal. Asked of the core as late as
    /// can be: the key before this one may have been what made it so.
    fn kept_back(&self, centre: &CentreName, input: Input) -> Option<Input> {
        if let Input::KeyPressed { leg, key } = &input
            && let Some(why) = self.desks.get(centre).and_then(|desk| desk.core.withholds(leg))
        {
            return self.kept_back.keep(centre, leg, why, *key);
        }
        Some(input)
    }

    fn core_of(&self, centre: CentreName) -> Result<&Core, AskError> {
        self.desks.get(&centre).map(|desk| &desk.core).ok_or(AskError::NoSuchCentre(centre))
    }

    fn publish(
        &mut self,
        centre: Centre,
        files: CentreFiles,
        answer: oneshot::Sender<Result<VersionHash, PublishError>>,
    ) {
        let Some(directory) = self.versions.get(&centre.name) else {
            let _ = answer.send(Err(AskError::NoSuchCentre(centre.name).into()));
            return;
        };
        if let Err(error) = publish::keep(directory, &centre.version, &files) {
            let _ = answer.send(Err(error.into()));
            return;
        }
        self.make_prompts(centre, Some(answer));
    }

    /// Prompts first, so that no caller waits for one; then the version is current. A prompt that cannot be made is
    /// said, and does not keep a version back: its callers go on without it.
    fn make_prompts(&self, centre: Centre, answer: Option<oneshot::Sender<Result<VersionHash, PublishError>>>) {
        let speaker = self.prompts.speaker().clone();
        let places = self.prompts.places().clone();
        let publishing = self.publishing.clone();
        self.aside.spawn(async move {
            let prompts = all_prompts(&centre);
            let (made, failed) = Prompts::make_all(&speaker, &places, &centre.name, &prompts).await;
            for error in failed {
                tracing::error!(centre = %centre.name, %error, "a prompt could not be made");
            }
            // The loop is gone when this fails.
            let _ = publishing.send(Published { centre, made, answer }).await;
        });
    }

    fn publish_now(&mut self, published: Published, todo: &mut VecDeque<Todo>) {
        let Published { centre, made, answer } = published;
        for (switch, made) in made {
            self.prompts.remember(&switch, made);
        }
        let Some(desk) = self.desks.get_mut(&centre.name) else { return };
        let (name, version) = (centre.name.clone(), centre.version.clone());
        if desk.plan.version != version {
            desk.plan = Arc::new(centre);
            desk.core.shelve(desk.plan.clone());
            self.plans.send_modify(|plans| drop(plans.insert(name.clone(), desk.plan.clone())));
            let input = Input::VersionPublished { version: version.clone() };
            todo.push_back(Todo { centre: name, input, answer: None });
        }
        if let Some(answer) = answer {
            let _ = answer.send(Ok(version));
        }
    }

    /// Which core a driver's word is for.
    fn hear(&mut self, told: Told, todo: &mut VecDeque<Todo>) {
        let Told { switch, ticket, what } = told;
        match what {
            Event::LinkUp => {}
            Event::Superseded { by } => {
                self.pulse.send_modify(|pulse| pulse.superseded = Some(by));
                self.stopped = true;
            }
            Event::Input(input) => {
                if let Some(Ticket { centre, .. }) = ticket {
                    if !self.is_idle_word(&centre, &input) {
                        todo.push_back(Todo { centre, input, answer: None });
                    }
                    return;
                }
                self.hear_input(&switch, input, todo);
            }
        }
    }

    /// That an effect was done whose result decides nothing. Most results are of this kind, and each would be a turn and an
    /// entry of the journal; a refusal is an entry always.
    fn is_idle_word(&self, centre: &CentreName, input: &Input) -> bool {
        let Input::EffectReturned { effect, how: Returned::Done } = input else { return false };
        self.desks.get(centre).is_some_and(|desk| !desk.core.awaits(*effect))
    }

    fn hear_input(&mut self, switch: &SwitchName, input: Input, todo: &mut VecDeque<Todo>) {
        let to = |centre: CentreName, input: Input| Todo { centre, input, answer: None };
        let is_centre = |name: &CentreName| self.desks.contains_key(name);
        let centre = match &input {
            Input::CallerArrived { leg, to: number, .. } => {
                let bound = self.routes.of(leg, is_centre).or_else(|| self.centre_of(number));
                if let Some(centre) = &bound {
                    self.routes.bind(leg.clone(), centre.clone());
                }
                bound
            }
            Input::LegHungUp { leg } | Input::LegFailed { leg, .. } => {
                let centre = self.routes.of(leg, is_centre);
                self.routes.release(leg);
                centre
            }
            Input::LegRinging { leg }
            | Input::LegAnswered { leg }
            | Input::LegParted { leg }
            | Input::KeyPressed { leg, .. }
            | Input::KeyWithheld { leg, .. }
            | Input::LegLookedAt { leg, .. } => self.routes.of(leg, is_centre),
            Input::LegsJoined { a, b } => self.routes.of(a, is_centre).or_else(|| self.routes.of(b, is_centre)),
            Input::SnapshotTaken { switch, legs } => {
                self.note_link(switch, true);
                let shares = self.share_out(legs);
                todo.extend(
                    shares
                        .into_iter()
                        .map(|(centre, legs)| to(centre, Input::SnapshotTaken { switch: switch.clone(), legs })),
                );
                return;
            }
            Input::StationChanged { switch, station, line } => {
                self.phones.note(switch, station, *line);
                let sits = self.desks.iter().filter(|(_, desk)| desk.core.is_anybodys(switch, station));
                todo.extend(sits.map(|(centre, _)| to(centre.clone(), input.clone())));
                return;
            }
            Input::LinkLost { .. } | Input::AbilitiesTold { .. } => {
                if matches!(input, Input::LinkLost { .. }) {
                    self.note_link(switch, false);
                }
                todo.extend(self.desks.keys().map(|centre| to(centre.clone(), input.clone())));
                return;
            }
            Input::EffectReturned { .. }
            | Input::Started { .. }
            | Input::VersionPublished { .. }
            | Input::AgentLoggedIn { .. }
            | Input::AgentAssigned { .. }
            | Input::AgentLoggedOut { .. }
            | Input::AgentDismissed { .. }
            | Input::AgentSaidReady { .. }
            | Input::AgentTookBreak { .. }
            | Input::AgentAnswered { .. }
            | Input::AgentHeld { .. }
            | Input::AgentPassedOn { .. }
            | Input::CallerKnown { .. }
            | Input::KeypadAnswered { .. }
            | Input::AgentRetrieved { .. }
            | Input::AgentDialled { .. }
            | Input::CallBackAsked { .. }
            | Input::PromiseCancelled { .. }
            | Input::AgentDisposed { .. }
            | Input::AgentEndedWrapUp { .. }
            | Input::AgentEndedCall { .. }
            | Input::QueuesLent { .. }
            | Input::LoanEnded { .. }
            | Input::SharedAgentsTold { .. }
            | Input::EmergencySwitchedOn { .. }
            | Input::EmergencySwitchedOff { .. }
            | Input::TimeCame
            | Input::WallClockStepped { .. } => None,
        };
        match centre {
            Some(centre) => todo.push_back(to(centre, input)),
            None => tracing::debug!(%switch, ?input, "nobody's"),
        }
    }

    /// Every centre gets its share of a snapshot, an empty one too: that its calls are gone is told by it.
    fn share_out(&mut self, legs: &[LegSeen]) -> BTreeMap<CentreName, Vec<LegSeen>> {
        let mut shares: BTreeMap<CentreName, Vec<LegSeen>> =
            self.desks.keys().map(|name| (name.clone(), Vec::new())).collect();
        let fallback = self.desks.keys().next().cloned();
        for seen in legs {
            let Some(fallback) = &fallback else { break };
            let centre = self.routes.of_seen(
                seen,
                |name| self.desks.contains_key(name),
                |number| self.centre_of(number).unwrap_or_else(|| fallback.clone()),
            );
            self.routes.bind(seen.leg.clone(), centre.clone());
            shares.entry(centre).or_default().push(seen.clone());
        }
        shares
    }

    /// The centre that claims this number; a number nobody claims goes to the first, which refuses it and counts it.
    fn centre_of(&self, number: &PhoneNumber) -> Option<CentreName> {
        let claimed = self.desks.iter().find(|(_, desk)| desk.plan.start_of(number).is_some());
        claimed.or_else(|| self.desks.iter().next()).map(|(name, _)| name.clone())
    }

    fn note_link(&self, switch: &SwitchName, up: bool) {
        self.pulse.send_if_modified(|pulse| pulse.switches.insert(switch.clone(), up) != Some(up));
    }
}
