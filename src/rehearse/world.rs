//! The world of a rehearsal: the real core, a switch in memory, callers and agents, on a clock that does not wait. It goes
//! from one thing that is due to the next.
//!
//! It does what the controller does: tells the core what the switch says, carries out its effects, and starts it again
//! from the folded facts where a fault has killed it. The same plan gives the same facts to the byte.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::arrivals::Arrivals;
use super::faults::Misfortunes;
use super::figures::{Collector, Measured};
use super::laws::{Broken, Laws};
use super::people::{Deed, Person};
use super::plan::Plan;
use super::records::Recorder;
use crate::calendar::Moment;
use crate::dialplan::Sound as Said;
use crate::routing::ids::*;
use crate::routing::{Act, Core, Effect, Input, Known, Returned};
use crate::switch::rehearsal::{Chance, Exchange, World as Happening};
use crate::switch::{Event, Sound, SwitchAct, Ticket};

/// After the last shift and the last day: callers who will not give up are left waiting, and counted so.
const DRAIN: Duration = Duration::from_secs(4 * 3600);
/// After that, among faults: timers, wrap-up and rest run out, and the longest deadline of an order, a prompt's of ten
/// minutes, passes.
const RUNS_OUT: Duration = Duration::from_secs(700);
/// What a voice takes for a character, of a script of letters and of one of words.
const LETTER: Duration = Duration::from_millis(60);
/// Before a call on a line that is held open, with what the switch takes to begin it.
const TONE: Duration = Duration::from_millis(460);
const WORD: Duration = Duration::from_millis(220);
/// Steps between two words about the progress.
const STEPS_A_WORD: u64 = 4096;

/// How far it has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    pub now: Moment,
    pub from: Moment,
    pub to: Moment,
    pub calls: u64,
}

/// Why a rehearsal came to no end.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    #[error("{0}")]
    Broken(#[from] Broken),
    #[error("the records: {0}")]
    Records(String),
}

/// What stands beside a rehearsal and watches.
#[derive(Default)]
pub struct Watchers<'w> {
    pub recorder: Option<Recorder>,
    pub progress: Option<&'w mut dyn FnMut(Progress)>,
}

pub struct World<'p> {
    pub(super) plan: &'p Plan,
    pub(super) core: Option<Core>,
    pub(super) exchange: Exchange,
    pub(super) switch: SwitchName,
    pub(super) now: Moment,
    ends: Moment,
    epoch: Epoch,
    known: Option<Known>,
    agenda: BinaryHeap<Reverse<(Moment, u64, Deed)>>,
    written: u64,
    arrivals: std::iter::Peekable<Arrivals>,
    pub(super) people: HashMap<LegId, Person>,
    pub(super) legs: HashMap<CallId, LegId>,
    /// What the agent takes for the wrap-up of the call in hand.
    pub(super) wrap_up: HashMap<AgentName, (CallId, Duration)>,
    sounds: BTreeMap<Duration, Sound>,
    pub(super) numbers: Chance,
    pub(super) figures: Collector<'p>,
    pub(super) laws: Option<Laws>,
    recorder: Option<Recorder>,
    pub(super) blocked: u64,
    steps: u64,
}

/// Rehearses a plan to its end.
///
/// # Errors
/// [`Stopped`]: a law was broken, or the records could not be written.
pub fn rehearse(plan: &Plan, misfortunes: Option<Misfortunes>, watchers: Watchers<'_>) -> Result<Measured, Stopped> {
    let Watchers { recorder, progress } = watchers;
    let mut world = World::new(plan, recorder, misfortunes.as_ref());
    world.run(misfortunes, progress)?;
    world.finish()
}

impl<'p> World<'p> {
    fn new(plan: &'p Plan, recorder: Option<Recorder>, misfortunes: Option<&Misfortunes>) -> Self {
        let switch = SwitchName::new("rehearsal");
        let mut exchange = Exchange::new(switch.clone(), super::spread::chance_of(plan.seed, "switch").draw());
        if let Some(misfortunes) = misfortunes {
            exchange.set_faults(misfortunes.faults());
        }
        let begins = plan.begins();
        let seconds = u32::try_from(begins.as_ms() / 1000).unwrap_or(0);
        let mut world = Self {
            plan,
            core: None,
            exchange,
            switch,
            now: begins,
            ends: plan.ends() + DRAIN,
            // As a journal that begins now would number it.
            epoch: Epoch(seconds),
            known: misfortunes.map(|_| Known::default()),
            agenda: BinaryHeap::new(),
            written: 0,
            arrivals: plan.arrivals.clone().peekable(),
            people: HashMap::new(),
            legs: HashMap::new(),
            wrap_up: HashMap::new(),
            sounds: BTreeMap::new(),
            numbers: super::spread::chance_of(plan.seed, "numbers"),
            figures: Collector::new(&plan.period, &plan.centre),
            laws: misfortunes.map(|_| Laws::default()),
            recorder,
            blocked: 0,
            steps: 0,
        };
        world.write_the_rota();
        world
    }

    fn write_the_rota(&mut self) {
        for (n, seat) in self.plan.seats.iter().enumerate() {
            for (from, to) in &seat.hours {
                self.due(*from, Deed::LogIn(n));
                self.due(*to, Deed::LogOut(n));
            }
            for (from, to) in &seat.breaks {
                self.due(*from, Deed::TakeBreak(n));
                self.due(*to, Deed::ComeBack(n));
            }
        }
    }

    pub(super) fn due(&mut self, at: Moment, deed: Deed) {
        self.written += 1;
        self.agenda.push(Reverse((at, self.written, deed)));
    }

    fn run(
        &mut self,
        mut misfortunes: Option<Misfortunes>,
        mut progress: Option<&mut dyn FnMut(Progress)>,
    ) -> Result<(), Stopped> {
        self.start()?;
        self.run_until_the_end(&mut misfortunes, &mut progress)?;
        let Some(misfortunes) = &mut misfortunes else { return Ok(()) };
        // Everything works again, whoever still waits gives up, and what is left must run out.
        misfortunes.clear(self)?;
        let callers: Vec<LegId> = self.exchange.legs().filter(|seen| seen.inbound).map(|seen| seen.leg).collect();
        for leg in callers {
            self.outside(Happening::CallerHangsUp { leg })?;
        }
        self.ends = self.now + RUNS_OUT;
        self.run_until_the_end(&mut None, &mut progress)
    }

    fn run_until_the_end(
        &mut self,
        misfortunes: &mut Option<Misfortunes>,
        progress: &mut Option<&mut dyn FnMut(Progress)>,
    ) -> Result<(), Stopped> {
        loop {
            let next = [
                self.core.as_ref().and_then(Core::next_wakeup),
                self.exchange.next_wakeup(),
                self.agenda.peek().map(|Reverse((at, ..))| *at),
                self.arrivals.peek().map(|arrival| arrival.at),
                misfortunes.as_ref().and_then(Misfortunes::next),
            ];
            let Some(next) = next.into_iter().flatten().min().filter(|next| *next <= self.ends) else { break };
            self.now = self.now.max(next);
            self.exchange.advance(self.now);
            self.take_told()?;
            if self.core.as_ref().and_then(Core::next_wakeup).is_some_and(|at| at <= self.now) {
                self.tell(Input::TimeCame)?;
            }
            while self.agenda.peek().is_some_and(|Reverse((at, ..))| *at <= self.now) {
                if let Some(Reverse((_, _, deed))) = self.agenda.pop() {
                    self.happens(deed)?;
                }
            }
            while let Some(arrival) = self.arrivals.next_if(|arrival| arrival.at <= self.now) {
                self.dials(arrival);
            }
            if let Some(misfortunes) = misfortunes.as_mut().filter(|m| m.next().is_some_and(|at| at <= self.now)) {
                misfortunes.strike(self)?;
            }
            self.take_told()?;
            self.steps += 1;
            if self.steps.is_multiple_of(STEPS_A_WORD)
                && let Some(progress) = progress
            {
                let (from, to) = (self.plan.begins(), self.plan.ends());
                progress(Progress { now: self.now, from, to, calls: self.figures.calls });
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Measured, Stopped> {
        if let (Some(laws), Some(core)) = (&self.laws, &self.core) {
            laws.nothing_is_left(core, &self.exchange)?;
        }
        if let Some(recorder) = self.recorder {
            recorder.close().map_err(Stopped::Records)?;
        }
        let now = self.now.max(self.plan.period.whole().to);
        Ok(self.figures.finish(now, self.blocked, &self.plan.arrivals.expected(&self.plan.period)))
    }

    // The controller's part.

    pub(super) fn start(&mut self) -> Result<(), Stopped> {
        let mut core = Core::new(self.plan.centre.name.clone());
        core.shelve(Arc::clone(&self.plan.centre));
        self.core = Some(core);
        let version = self.plan.centre.version.clone();
        let known = Box::new(self.known.clone().unwrap_or_default());
        let epoch = self.epoch;
        self.epoch = Epoch(self.epoch.0.saturating_add(1));
        self.tell(Input::Started { epoch, version, switches: [self.switch.clone()].into(), known })?;
        self.outside(Happening::LinkMends)
    }

    pub(super) fn die(&mut self) {
        self.core = None;
        self.exchange.abandon_link();
    }

    /// Something happens outside, and what comes of it at once is heard.
    pub(super) fn outside(&mut self, what: Happening) -> Result<(), Stopped> {
        self.exchange.happen(self.now, what);
        self.take_told()
    }

    fn take_told(&mut self) -> Result<(), Stopped> {
        while let Some(told) = self.exchange.take_told() {
            match told.what {
                Event::Input(input) => self.tell(input)?,
                Event::LinkUp | Event::Superseded { .. } => {}
            }
        }
        Ok(())
    }

    /// One step of the core and all that follows from it.
    pub(super) fn tell(&mut self, input: Input) -> Result<(), Stopped> {
        let at = self.now;
        let Some(core) = self.core.as_mut() else { return Ok(()) };
        // As the controller does: that something was done whose result decides nothing is no turn.
        if let Input::EffectReturned { effect, how: Returned::Done } = &input
            && !core.awaits(*effect)
        {
            return Ok(());
        }
        let kept = (self.recorder.is_some() || self.laws.is_some()).then(|| input.clone());
        let handled = core.handle(at, input);
        for fact in &handled.facts {
            self.figures.told(at, fact);
            if let Some(known) = &mut self.known {
                known.learn(at, fact);
            }
        }
        if let (Some(laws), Some(core), Some(input)) = (&mut self.laws, &self.core, &kept) {
            laws.check(at, input, &handled, core)?;
        }
        for fact in &handled.facts {
            self.notice(fact);
        }
        if let (Some(recorder), Some(input)) = (&mut self.recorder, kept) {
            recorder.take(at, input, handled.facts, &handled.effects).map_err(Stopped::Records)?;
        }
        for effect in handled.effects {
            self.send(effect);
        }
        Ok(())
    }

    fn send(&mut self, effect: Effect) {
        let ticket = Ticket { centre: self.plan.centre.name.clone(), effect: effect.id };
        let act = match effect.act {
            Act::Play { leg, prompts } => {
                let sounds = prompts.into_iter().map(|prompt| self.sound(&prompt.sound)).collect();
                SwitchAct::Play { leg, sounds }
            }
            act => SwitchAct::Act(act),
        };
        self.exchange.order(self.now, ticket, act, effect.deadline);
    }

    /// A sound is named by its length here, so that texts with a caller's own digits do not pile up.
    fn sound(&mut self, said: &Said) -> Sound {
        let lasts: Duration = match said {
            Said::Tone => TONE,
            Said::Say(text) | Said::Recording(text) => {
                text.chars().map(|c| if c.is_ascii() { LETTER } else { WORD }).sum()
            }
        };
        let exchange = &mut self.exchange;
        let sound = self.sounds.entry(lasts).or_insert_with(|| {
            let sound = Sound(PathBuf::from(format!("{} ms", lasts.as_millis())));
            exchange.set_sound(sound.clone(), Some(lasts));
            sound
        });
        sound.clone()
    }
}
