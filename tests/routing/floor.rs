//! A floor to speak sentences about: a core, a clock that we move, and a switch that does as it is told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use cordboard::calendar::{Moment, OpeningHours, Week, Zone};
use cordboard::dialplan::{
    Action, Centre, Claim, HoursBranch, Language, Piece, Place, QueueEntry, Spoken, Step, Text, ToQueue, When,
};
use cordboard::organisation::Organisation;
use cordboard::routing::agent::{Agent, AgentState};
use cordboard::routing::call::{Call, Stage};
use cordboard::routing::dial_out::DialOut;
use cordboard::routing::fact::Outcome;
use cordboard::routing::ids::*;
use cordboard::routing::queue::{Need, QueueRules};
use cordboard::routing::{Act, Core, Effect, Fact, Input, Kept, Known, LegSeen, LegUp, Refused, Returned};

pub const NOON: Moment = Moment::from_ms(1_772_452_800_000);

pub fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// The plan of the spec: `100` goes straight to `service`, `200` to `english` (needs the skill), `300` to
/// `service` but leaves it after a minute, `400` plays a text first, `500` has a minute of credit, `800` goes to
/// `narrow`, which holds one caller.
pub fn plan() -> Centre {
    let name = CentreName::new("demo");
    let claim = |start: &str| Claim { start: StepName::new(start), place: nowhere(), line: String::new() };
    let queue = |name: &str| QueueRules { wrap_up: Some(secs(10)), ..QueueRules::named(QueueName::new(name)) };
    let entry = |name: &str| QueueEntry {
        queue: QueueName::new(name),
        needs: vec![],
        credit: Duration::ZERO,
        keep_wait: false,
        prefer: vec![],
        agents: vec![],
        music: None,
        otherwise: vec![],
    };
    let to = |entry| Action::Queue(ToQueue { entry, needs_by_language: vec![], waiting: vec![] });
    let mut week = Week::default();
    week.add("mon-sun 08:00-18:00").expect("a week");
    let english = Need { skill: SkillName::new("english"), level: 2, until: None };
    let say = Spoken::Say(BTreeMap::from([(Language::En, Text(vec![Piece::Words("Goodbye.".into())]))]));
    let steps = [
        ("plain", vec![to(entry("service"))]),
        ("english", vec![to(QueueEntry { needs: vec![english], ..entry("service") })]),
        (
            "impatient",
            vec![to(QueueEntry {
                otherwise: vec![(When::Waited(secs(60)), StepName::new("sorry"))],
                ..entry("service")
            })],
        ),
        ("spoken", vec![Action::Play(say.clone()), to(entry("service"))]),
        ("valued", vec![to(QueueEntry { credit: secs(60), ..entry("service") })]),
        (
            "attended",
            vec![to(QueueEntry {
                otherwise: vec![(When::NobodyLoggedIn, StepName::new("sorry"))],
                ..entry("service")
            })],
        ),
        ("crowded", vec![to(entry("narrow"))]),
        (
            "by_day",
            vec![
                Action::Hours(HoursBranch { name: "office".into(), open: None, closed: Some(StepName::new("sorry")) }),
                to(entry("service")),
            ],
        ),
        ("sorry", vec![Action::Play(say), Action::HangUp]),
    ];
    Centre {
        name,
        version: VersionHash::new("v1"),
        titles: BTreeMap::new(),
        zone: Zone::UTC,
        country: None,
        languages: vec![Language::En],
        skills: vec![SkillName::new("english")],
        break_reasons: vec![BreakReason::new("lunch")],
        break_allowances: BTreeMap::from([(BreakReason::new("lunch"), Duration::from_secs(45 * 60))]),
        break_titles: BTreeMap::new(),
        dispositions: cordboard::dialplan::Dispositions::default(),
        organisation: Organisation::default(),
        case_types: BTreeMap::new(),
        dial_out: Some(dial_out()),
        queues: [queue("service"), queue("second"), QueueRules { most_waiting: 1, ..queue("narrow") }]
            .map(|rules| (rules.name.clone(), rules))
            .into(),
        hours: BTreeMap::from([(
            "office".to_owned(),
            OpeningHours { name: "office".into(), zone: Zone::UTC, week, days: BTreeMap::new() },
        )]),
        numbers: BTreeMap::from([
            (PhoneNumber::new("100"), claim("plain")),
            (PhoneNumber::new("200"), claim("english")),
            (PhoneNumber::new("300"), claim("impatient")),
            (PhoneNumber::new("400"), claim("spoken")),
            (PhoneNumber::new("500"), claim("valued")),
            (PhoneNumber::new("600"), claim("attended")),
            (PhoneNumber::new("700"), claim("by_day")),
            (PhoneNumber::new("800"), claim("crowded")),
        ]),
        emergency: BTreeMap::new(),
        steps: steps
            .into_iter()
            .map(|(name, actions)| (StepName::new(name), Step { name: StepName::new(name), actions }))
            .collect(),
    }
}

fn dial_out() -> DialOut {
    DialOut {
        switch: pbx(),
        to: "PJSIP/{number}@trunk".parse().expect("a dial string"),
        shown: PhoneNumber::new("4001"),
        allowed: vec!["1".into(), "+86".into()],
        barred: vec!["19".into()],
        ring_for: secs(30),
        wrap_up: Some(secs(5)),
        longest: secs(600),
        most_per_minute: 3,
        most_per_hour: 5,
    }
}

fn nowhere() -> Place {
    Place { file: Arc::from("plan"), line: 1, column: 1 }
}

pub struct Floor {
    pub core: Core,
    pub now: Moment,
    pub known: Known,
    pub facts: Vec<Fact>,
    pub effects: Vec<Effect>,
    pub refused: Option<Refused>,
    callers: u32,
}

impl Floor {
    /// Started, with one switch that has said that it has no calls.
    pub fn new() -> Self {
        let mut floor = Self::started(1, Known::default());
        floor.tell(Input::SnapshotTaken { switch: pbx(), legs: vec![] });
        floor
    }

    /// The same, in a centre written otherwise.
    pub fn with(change: impl FnOnce(&mut Centre)) -> Self {
        let mut plan = plan();
        change(&mut plan);
        let mut floor = Self::started_in(plan, 1, Known::default());
        floor.tell(Input::SnapshotTaken { switch: pbx(), legs: vec![] });
        floor
    }

    /// Started with what a journal knew; no snapshot yet.
    pub fn started(epoch: u32, known: Known) -> Self {
        Self::started_in(plan(), epoch, known)
    }

    fn started_in(plan: Centre, epoch: u32, known: Known) -> Self {
        let mut core = Core::new(CentreName::new("demo"));
        core.shelve(Arc::new(plan));
        let mut floor =
            Self { core, now: NOON, known: known.clone(), facts: vec![], effects: vec![], refused: None, callers: 0 };
        floor.tell(Input::Started {
            epoch: Epoch(epoch),
            version: VersionHash::new("v1"),
            switches: BTreeSet::from([pbx()]),
            known: Box::new(known),
        });
        floor
    }

    /// The centre of another floor, started anew later.
    pub fn again(before: Floor, epoch: u32, known: Known, now: Moment) -> Self {
        let plan = before.core.plan().expect("a plan").as_ref().clone();
        let mut floor = Self::started_in(plan, epoch, known);
        floor.now = now;
        floor
    }

    /// One input; what came of it is kept until the next.
    pub fn tell(&mut self, input: Input) -> &mut Self {
        let handled = self.core.handle(self.now, input);
        for fact in &handled.facts {
            self.known.learn(self.now, fact);
        }
        assert_eq!(self.known.strays, 0, "a fact about something unheard of in {:#?}", handled.facts);
        self.facts.extend(handled.facts);
        self.effects = handled.effects;
        self.refused = handled.refused;
        assert_eq!(self.core.waits_beside_a_free_agent(), None, "{self}");
        self
    }

    pub fn pass(&mut self, time: Duration) -> &mut Self {
        let until = self.now + time;
        while let Some(at) = self.core.next_wakeup().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.tell(Input::TimeCame);
        }
        self.now = until;
        self
    }

    pub fn login(&mut self, name: &str) -> &mut Self {
        self.login_with(name, &["service"], &[])
    }

    pub fn login_with(&mut self, name: &str, queues: &[&str], skills: &[(&str, u8)]) -> &mut Self {
        self.tell(Input::AgentLoggedIn {
            agent: AgentName::new(name),
            station: StationAddress::new(format!("PJSIP/{name}")),
            switch: pbx(),
            queues: queues.iter().map(QueueName::new).collect(),
            skills: skills.iter().map(|(skill, level)| (SkillName::new(skill), *level)).collect(),
            by: AgentName::new(name),
            auto_answer: None,
        })
    }

    /// A caller dials; the leg's name comes back.
    pub fn call(&mut self, to: &str) -> LegId {
        self.callers += 1;
        let leg = LegId::new(format!("caller-{:04}", self.callers));
        self.tell(Input::CallerArrived {
            switch: pbx(),
            leg: leg.clone(),
            from: PhoneNumber::new("13800138000"),
            name: CallerName::new("Li"),
            to: PhoneNumber::new(to),
            station: None,
        });
        leg
    }

    pub fn of(&self, leg: &LegId) -> &Call {
        self.core.calls().find(|call| call.leg == *leg).unwrap_or_else(|| panic!("no call on {leg}\n{self}"))
    }

    pub fn stage(&self, leg: &LegId) -> &Stage {
        &self.of(leg).stage
    }

    pub fn agent(&self, name: &str) -> &Agent {
        self.core.agents().find(|agent| agent.name.as_str() == name).unwrap_or_else(|| panic!("no {name}\n{self}"))
    }

    pub fn state(&self, name: &str) -> AgentState {
        self.agent(name).state()
    }

    /// The leg that rings at an agent's phone.
    pub fn ringing(&self, name: &str) -> LegId {
        assert_eq!(self.state(name), AgentState::Ringing, "{self}");
        self.agent(name).leg.clone().unwrap_or_else(|| panic!("{name} rings without a leg\n{self}"))
    }

    pub fn picks_up(&mut self, name: &str) -> &mut Self {
        let leg = self.ringing(name);
        self.tell(Input::LegAnswered { leg })
    }

    /// Picks up, and both hear each other.
    pub fn talks(&mut self, name: &str, caller: &LegId) -> &mut Self {
        let leg = self.ringing(name);
        self.picks_up(name);
        let (effect, _) = self.asked(|act| matches!(act, Act::Connect { .. }));
        self.tell(Input::EffectReturned { effect, how: Returned::Done });
        self.tell(Input::LegsJoined { a: caller.clone(), b: leg })
    }

    pub fn hangs_up(&mut self, leg: &LegId) -> &mut Self {
        self.tell(Input::LegHungUp { leg: leg.clone() })
    }

    /// The first effect of the last input that fits.
    pub fn asked(&self, fits: impl Fn(&Act) -> bool) -> (EffectId, Act) {
        self.effects
            .iter()
            .find(|effect| fits(&effect.act))
            .map(|effect| (effect.id, effect.act.clone()))
            .unwrap_or_else(|| panic!("not asked for among {:#?}\n{self}", self.effects))
    }

    pub fn hung_up(&self) -> Vec<LegId> {
        self.effects
            .iter()
            .filter_map(|effect| match &effect.act {
                Act::HangUp { leg, .. } => Some(leg.clone()),
                _ => None,
            })
            .collect()
    }

    /// Nothing is kept of calls that are over, but that this switch gives no results that nobody asks it for.
    pub fn keeps_nothing(&self) -> bool {
        Kept { owed: 0, ..self.core.kept() }.is_nothing()
    }

    pub fn outcomes(&self) -> Vec<Outcome> {
        self.facts
            .iter()
            .filter_map(|fact| match fact {
                Fact::CallEnded { outcome, .. } => Some(*outcome),
                _ => None,
            })
            .collect()
    }
}

impl std::fmt::Display for Floor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "the floor at {}", self.now)?;
        for agent in self.core.agents() {
            writeln!(f, "  {} {:?} {:?} leg {:?}", agent.name, agent.presence, agent.work, agent.leg)?;
        }
        for call in self.core.calls() {
            writeln!(f, "  {} {} {:?}", call.id, call.leg, call.stage)?;
        }
        Ok(())
    }
}

/// How many of the orders of the last input are such.
pub fn asks(floor: &Floor, fits: impl Fn(&Act) -> bool) -> usize {
    floor.effects.iter().filter(|effect| fits(&effect.act)).count()
}

/// What the switch is asked to look at.
pub fn looks(floor: &Floor) -> Vec<LegId> {
    let looks = floor.effects.iter().filter_map(|effect| match &effect.act {
        Act::Look { leg } => Some(leg.clone()),
        _ => None,
    });
    looks.collect()
}

pub fn connects(floor: &Floor) -> usize {
    asks(floor, |act| matches!(act, Act::Connect { .. }))
}

/// How often something was put right, and told so.
pub fn healed(floor: &Floor) -> usize {
    floor.facts.iter().filter(|fact| matches!(fact, Fact::Healed { .. })).count()
}

pub fn pbx() -> SwitchName {
    SwitchName::new("pbx")
}

/// A caller in our hands, as a snapshot shows one.
pub fn seen(leg: &LegId) -> LegSeen {
    LegSeen {
        leg: leg.clone(),
        up: LegUp::Up,
        joined_with: None,
        in_hand: true,
        tags: None,
        from: PhoneNumber::new("13800138000"),
        name: CallerName::new("Li"),
        to: PhoneNumber::new("100"),
        inbound: true,
    }
}
