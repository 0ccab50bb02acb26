//! Several cores beside one switch, coupled as the controller's loop does it, on a clock that does not wait.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use cordboard::calendar::Moment;
use cordboard::controller::lending::{Cores, Lending};
use cordboard::controller::phones::Phones;
use cordboard::dialplan::{Centre, load_centre};
use cordboard::routing::agent::Presence;
use cordboard::routing::ids::*;
use cordboard::routing::lending::Elsewhere;
use cordboard::routing::{Act, Core, Effect, Handled, Input, Known, LegSeen};
use cordboard::switch::rehearsal::{Exchange, Faults, World};
use cordboard::switch::{Event, Sound, SwitchAct, Ticket};

pub const MORNING: Moment = Moment::from_ms(1_772_438_400_000);
pub const CENTRES: [&str; 3] = ["a", "b", "c"];

pub fn pbx() -> SwitchName {
    SwitchName::new("pbx")
}

pub fn centre(name: &str) -> CentreName {
    CentreName::new(name)
}

/// The plan of a centre: `<n>00` is called for one agent, `<n>01` rings all at once, `<n>02` is for who knows English.
pub fn plan(n: usize, name: &str) -> Arc<Centre> {
    let directory = tempfile::tempdir().expect("a directory");
    let queue = |name: &str, rules: &str| format!("  {name}: {{ ring_for: 6s, target: 10s, {rules} }}\n");
    let queues = queue("desk", "wrap_up: 2s")
        + &queue("all", "wrap_up: 0s, strategy: ring_all")
        + &queue("some", "wrap_up: 2s, needs: [ { skill: english, level: 2 } ]");
    let centre_yaml = format!(
        "language: 1\nname: {{ en: \"{name}\" }}\nzone: Asia/Shanghai\nlanguages: [en]\nskills: [english]\n\
         break_reasons: [lunch]\nqueues:\n{queues}"
    );
    std::fs::write(directory.path().join("centre.yaml"), centre_yaml).expect("a file");
    for (last, queue) in ["desk", "all", "some"].iter().enumerate() {
        let text = format!(
            "numbers: [\"{n}0{last}\"]\nstart: to_{queue}\nsteps: {{ to_{queue}: [ {{ queue: {queue} }} ] }}\n"
        );
        std::fs::write(directory.path().join(format!("{queue}.yaml")), text).expect("a file");
    }
    Arc::new(load_centre(&centre(name), directory.path()).unwrap_or_else(|mistakes| panic!("{mistakes:#?}")))
}

/// What one core was told, and what it made of it.
type Life = Vec<(Moment, Input, Handled)>;

pub struct House {
    pub now: Moment,
    pub exchange: Exchange,
    pub cores: BTreeMap<CentreName, Core>,
    pub known: BTreeMap<CentreName, Known>,
    pub plans: BTreeMap<CentreName, Arc<Centre>>,
    lending: Lending,
    lives: BTreeMap<CentreName, Life>,
    legs: BTreeMap<LegId, CentreName>,
    phones: Phones,
    epoch: u32,
    /// Conversations of guests that began.
    pub served: usize,
    pub refused: Option<cordboard::routing::Refused>,
}

impl House {
    pub fn new(seed: u64) -> Self {
        let mut exchange = Exchange::new(pbx(), seed);
        exchange.set_faults(Faults::REAL);
        let plans = CENTRES.iter().enumerate().map(|(n, name)| (centre(name), plan(n + 1, name))).collect();
        let mut house = Self {
            now: MORNING,
            exchange,
            cores: BTreeMap::new(),
            known: BTreeMap::new(),
            plans,
            lending: Lending::default(),
            lives: BTreeMap::new(),
            legs: BTreeMap::new(),
            phones: Phones::default(),
            epoch: 0,
            served: 0,
            refused: None,
        };
        house.start();
        house
    }

    /// A new process, with what the journals knew.
    pub fn start(&mut self) {
        self.replay();
        self.exchange.abandon_link();
        self.epoch += 1;
        self.lending = Lending::default();
        self.phones = Phones::default();
        for (name, plan) in self.plans.clone() {
            let mut core = Core::new(name.clone());
            core.shelve(plan.clone());
            self.cores.insert(name.clone(), core);
        }
        for (name, plan) in self.plans.clone() {
            let known = self.known.entry(name.clone()).or_default().clone();
            let (epoch, switches) = (Epoch(self.epoch), BTreeSet::from([pbx()]));
            self.one(&name, Input::Started { epoch, version: plan.version.clone(), switches, known: Box::new(known) });
        }
        for (name, known) in &self.known {
            self.lending.remember(name, known.guests().cloned());
        }
        self.couple();
        self.exchange.happen(self.now, World::LinkMends);
        self.take_told();
    }

    /// The same inputs once more give the same effects, facts and refusals.
    pub fn replay(&mut self) {
        for (name, life) in std::mem::take(&mut self.lives) {
            let mut core = Core::new(name.clone());
            core.shelve(self.plans[&name].clone());
            for (at, input, before) in life {
                let text = serde_json::to_string(&input).expect("it is written");
                let read: Input = serde_json::from_str(&text).expect("it is read");
                assert_eq!(core.handle(at, read), before, "replayed otherwise in {name}: {input:?}");
            }
        }
    }

    /// One input, and all that others have to know of it before another is taken.
    pub fn tell(&mut self, name: &CentreName, input: Input) {
        self.one(name, input);
        self.couple();
        self.laws();
    }

    fn couple(&mut self) {
        let refused = self.refused.take();
        for round in 0.. {
            assert!(round < 500, "the centres never come to an end about those whom they share\n{self}");
            let of = |name: &CentreName| self.cores.get(name);
            let told = self.lending.next(&Cores { of: &of, phones: &self.phones });
            let Some((name, input)) = told else { break };
            self.one(&name, input);
        }
        self.refused = refused;
    }

    fn one(&mut self, name: &CentreName, input: Input) {
        let core = self.cores.get_mut(name).expect("a centre");
        let handled = core.handle(self.now, input.clone());
        self.lives.entry(name.clone()).or_default().push((self.now, input, handled.clone()));
        self.lending.moved(name, &handled.moved, &handled.facts);
        let known = self.known.entry(name.clone()).or_default();
        for fact in &handled.facts {
            known.learn(self.now, fact);
            if let cordboard::routing::Fact::CallConnected { agent, .. } = fact {
                self.served += usize::from(agent.home().is_some());
            }
        }
        assert_eq!(known.strays, 0, "{:#?}", handled.facts);
        self.refused = handled.refused;
        self.nobody_has_two_rings();
        for effect in handled.effects {
            self.send(name, effect);
        }
    }

    fn send(&mut self, name: &CentreName, effect: Effect) {
        let ticket = Ticket { centre: name.clone(), effect: effect.id };
        let act = match effect.act {
            Act::Play { leg, prompts } => {
                SwitchAct::Play { leg, sounds: prompts.iter().map(|_| Sound(PathBuf::from("said"))).collect() }
            }
            act => SwitchAct::Act(act),
        };
        self.exchange.order(self.now, ticket, act, effect.deadline);
    }

    /// Something happens outside, and what comes of it at once is heard.
    pub fn happen(&mut self, world: World) -> Option<LegId> {
        let leg = self.exchange.happen(self.now, world);
        self.take_told();
        leg
    }

    /// Time passes, with all that it brings.
    pub fn pass(&mut self, until: Moment) {
        loop {
            let wakes = self.cores.values().filter_map(Core::next_wakeup).chain(self.exchange.next_wakeup());
            let Some(next) = wakes.min().filter(|next| *next <= until) else { break };
            self.now = self.now.max(next);
            self.exchange.beat(self.now);
            self.exchange.advance(self.now);
            self.take_told();
            let due = |core: &Core| core.next_wakeup().is_some_and(|at| at <= self.now);
            let due: Vec<_> = self.cores.iter().filter(|(_, core)| due(core)).map(|(name, _)| name.clone()).collect();
            for name in due {
                self.tell(&name, Input::TimeCame);
            }
        }
        self.now = until;
    }

    fn take_told(&mut self) {
        while let Some(told) = self.exchange.take_told() {
            let Event::Input(input) = told.what else { continue };
            if let Some(ticket) = told.ticket {
                self.tell(&ticket.centre, input);
                continue;
            }
            self.hear(input);
        }
    }

    fn hear(&mut self, input: Input) {
        let all: Vec<CentreName> = self.cores.keys().cloned().collect();
        match &input {
            Input::CallerArrived { leg, to, .. } => {
                let to = self.called(to).expect("a number of somebody");
                self.legs.insert(leg.clone(), to.clone());
                self.tell(&to, input);
            }
            Input::SnapshotTaken { switch, legs } => {
                for seen in legs.iter().filter(|seen| seen.inbound) {
                    let to = self.called(&seen.to).expect("a number of somebody");
                    self.legs.entry(seen.leg.clone()).or_insert(to);
                }
                for name in all {
                    let theirs = |seen: &&LegSeen| self.of_leg(&seen.leg).as_ref() == Some(&name);
                    let legs = legs.iter().filter(theirs).cloned().collect();
                    self.tell(&name, Input::SnapshotTaken { switch: switch.clone(), legs });
                }
            }
            Input::StationChanged { switch, station, line } => {
                self.phones.note(switch, station, *line);
                for name in all {
                    if self.cores[&name].is_anybodys(switch, station) {
                        self.tell(&name, input.clone());
                    }
                }
            }
            Input::LinkLost { .. } | Input::AbilitiesTold { .. } => {
                all.iter().for_each(|name| self.tell(name, input.clone()));
            }
            Input::LegRinging { leg }
            | Input::LegAnswered { leg }
            | Input::LegFailed { leg, .. }
            | Input::LegHungUp { leg }
            | Input::LegParted { leg }
            | Input::KeyPressed { leg, .. }
            | Input::LegLookedAt { leg, .. }
            | Input::LegsJoined { a: leg, .. } => {
                if let Some(name) = self.of_leg(leg) {
                    self.tell(&name, input);
                }
            }
            other => panic!("a switch says nothing like {other:?}"),
        }
    }

    fn called(&self, number: &PhoneNumber) -> Option<CentreName> {
        self.plans.iter().find(|(_, plan)| plan.start_of(number).is_some()).map(|(name, _)| name.clone())
    }

    fn of_leg(&self, leg: &LegId) -> Option<CentreName> {
        let rung = || leg.as_str().split_once("-o").map(|(name, _)| centre(name));
        self.legs.get(leg).cloned().or_else(rung).filter(|name| self.cores.contains_key(name))
    }

    // The laws.

    /// Everybody of every centre, by their home.
    fn people(&self) -> BTreeSet<(CentreName, AgentName)> {
        let everybody = self.cores.iter().flat_map(|(name, core)| core.agents().map(move |agent| (name, agent)));
        let home = |(name, agent): (&CentreName, &cordboard::routing::agent::Agent)| match agent.name.home() {
            Some((agent, home)) => (home, agent),
            None => (name.clone(), agent.name.clone()),
        };
        everybody.map(home).collect()
    }

    fn busy(&self, home: &CentreName, name: &AgentName) -> Vec<CentreName> {
        let named = |centre: &CentreName| if centre == home { name.clone() } else { name.guest_of(home) };
        let busy =
            |(centre, core): &(&CentreName, &Core)| core.holding(&named(centre)).is_some_and(|holding| holding.is_busy);
        self.cores.iter().filter(busy).map(|(centre, _)| centre.clone()).collect()
    }

    /// In the middle of everything, too.
    fn nobody_has_two_rings(&self) {
        for (home, name) in self.people() {
            let busy = self.busy(&home, &name);
            assert!(busy.len() <= 1, "{name} of {home} is busy in {busy:?}\n{self}");
        }
    }

    fn laws(&self) {
        for (name, core) in &self.cores {
            assert_eq!(core.waits_beside_a_free_agent(), None, "in {name}\n{self}");
            assert_eq!(core.loans(), &self.known[name].loans);
        }
        for (home, name) in self.people() {
            let at_home = self.cores[&home].agents().find(|agent| agent.name == name);
            let busy = self.busy(&home, &name);
            let ready = at_home.is_some_and(|agent| matches!(agent.presence, Presence::Ready { .. }));
            let there = at_home.is_some_and(|agent| !matches!(agent.presence, Presence::Away { .. }));
            let serves = |here: &CentreName| busy.iter().find(|centre| *centre != here);
            let guest = name.guest_of(&home);
            let lenders: Vec<_> = self.cores.iter().filter(|(_, core)| core.loans().contains_key(&guest)).collect();
            if let (Some(agent), false) = (at_home, lenders.is_empty()) {
                assert_eq!(agent.serves(), serves(&home), "{name} of {home}\n{self}");
                let asked = agent.elsewhere == Some(Elsewhere::Asked);
                assert!(!asked || agent.is_busy(), "{name} waits at home to be given to somebody\n{self}");
            }
            for (lender, core) in lenders {
                let Some(agent) = core.agents().find(|agent| agent.name == guest) else {
                    assert!(!there || core.seat(&guest).is_some(), "{guest} never came to {lender}\n{self}");
                    continue;
                };
                let is_here = !matches!(agent.presence, Presence::Away { .. });
                assert_eq!(is_here, there, "{guest} is at work in one of {home} and {lender} only\n{self}");
                if !there {
                    continue;
                }
                assert_eq!(agent.serves(), serves(lender), "{guest} in {lender}\n{self}");
                let rings = agent.work.offer().is_some_and(|offer| core.is_waited_for(offer));
                assert!(ready || !rings, "{guest} is rung by {lender}, and is not ready at home\n{self}");
                let asked = agent.elsewhere == Some(Elsewhere::Asked);
                assert!(!asked || agent.is_busy(), "{guest} waits in {lender} to be given to somebody\n{self}");
            }
        }
    }
}

impl std::fmt::Display for House {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (name, core) in &self.cores {
            writeln!(f, "{name} at {}", self.now)?;
            for agent in core.agents() {
                let (presence, work, leg) = (&agent.presence, &agent.work, &agent.leg);
                writeln!(f, "  {} {presence:?} {work:?} {leg:?} {:?} {:?}", agent.name, agent.line, agent.elsewhere)?;
            }
            for call in core.calls() {
                writeln!(f, "  {} {:?}", call.id, call.stage)?;
            }
            writeln!(f, "  lends {:?}", core.loans().keys())?;
            for (at, input, _) in self.lives.get(name).into_iter().flatten().rev().take(8) {
                writeln!(f, "    {at} {input:?}")?;
            }
        }
        Ok(())
    }
}
