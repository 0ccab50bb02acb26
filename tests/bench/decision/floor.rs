//! A floor of any size around one core: everybody does as the core says, at once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use cordboard::calendar::Moment;
use cordboard::dialplan::{CentreFiles, read_centre};
use cordboard::routing::ids::*;
use cordboard::routing::preference::KnownAs;
use cordboard::routing::{Act, Core, Effect, Fact, Handled, Input, Known, Returned};
use cordboard::switch::rehearsal::Chance;

const SKILLS: u64 = 50;
const QUEUES_OF_AN_AGENT: usize = 8;
/// Of a hundred callers, so many know an agent.
const KNOW_SOMEBODY: u64 = 10;
/// One queue for so many agents.
const AGENTS_A_QUEUE: u32 = 50;

pub struct Floor {
    core: Core,
    now: Moment,
    chance: Chance,
    numbers: u64,
    callers: u32,
    agents: u32,
    talking: Vec<Talking>,
    /// Callers who wait, or whose phone rings.
    legs: BTreeMap<CallId, LegId>,
}

struct Talking {
    caller: LegId,
    phone: LegId,
}

fn pbx() -> SwitchName {
    SwitchName::new("pbx")
}

/// Each queue has a step of its own, and four in ten a need, most of which ease.
fn yaml(queues: u32, chance: &mut Chance) -> String {
    let mut text = "language: 1\nname: Large\nzone: UTC\nlanguages: [en]\n".to_owned();
    let skills: Vec<String> = (0..SKILLS).map(|n| format!("s{n}")).collect();
    let _ = writeln!(text, "skills: [{}]\nqueues:", skills.join(", "));
    for n in 0..queues {
        let _ = writeln!(text, "  q{n}: {{ wrap_up: 0s, credit: {}s }}", chance.below(3) * 10);
    }
    text.push_str("numbers: [\"1000\"]\nstart: to_0\nsteps:\n");
    for n in 0..queues {
        let skill = chance.below(SKILLS);
        let needs = match chance.below(10) {
            0 => format!("[ {{ skill: s{skill}, level: 2 }} ]"),
            1 | 2 => {
                format!("[ {{ skill: s{skill}, level: 4, until: 20s }}, {{ skill: s{skill}, level: 1, until: 60s }} ]")
            }
            3 => format!("[ {{ skill: s{skill}, level: 3, until: 40s }} ]"),
            _ => "[]".into(),
        };
        let _ = writeln!(
            text,
            "  to_{n}:\n    - queue: {{ name: q{n}, needs: {needs}, prefer: [ {{ agent: last_agent, for: 30s }} ] }}"
        );
    }
    text
}

impl Floor {
    pub fn new(agents: u32) -> Self {
        let mut chance = Chance::new(7);
        let queues = (agents / AGENTS_A_QUEUE).max(QUEUES_OF_AN_AGENT as u32);
        let mut files = CentreFiles::default();
        files.yaml.push(("main.yaml".into(), yaml(queues, &mut chance).into_bytes()));
        for n in 1..queues {
            let text = format!("numbers: [\"{}\"]\nstart: to_{n}\n", 1000 + n);
            files.yaml.push((format!("n{n}.yaml"), text.into_bytes()));
        }
        let centre = read_centre(&CentreName::new("large"), &files).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        let version = centre.version.clone();
        let mut core = Core::new(CentreName::new("large"));
        core.shelve(Arc::new(centre));
        let now = Moment::from_ms(1_772_438_400_000);
        let mut floor = Self {
            core,
            now,
            chance,
            numbers: queues.into(),
            callers: 0,
            agents,
            talking: Vec::new(),
            legs: BTreeMap::new(),
        };
        let switches = BTreeSet::from([pbx()]);
        floor.tell(Input::Started { epoch: Epoch(1), version, switches, known: Box::new(Known::default()) });
        floor.tell(Input::SnapshotTaken { switch: pbx(), legs: vec![] });
        for n in 0..agents {
            floor.log_in(n, queues);
        }
        floor
    }

    fn log_in(&mut self, n: u32, queues: u32) {
        let mut mine = BTreeSet::new();
        while mine.len() < QUEUES_OF_AN_AGENT {
            mine.insert(QueueName::new(format!("q{}", self.chance.below(queues.into()))));
        }
        let skills: BTreeMap<SkillName, u8> = (0..8)
            .map(|_| (SkillName::new(format!("s{}", self.chance.below(SKILLS))), 1 + self.chance.below(10) as u8))
            .collect();
        let agent = AgentName::new(format!("agent{n:05}"));
        let station = StationAddress::new(format!("PJSIP/{n:05}"));
        let by = agent.clone();
        self.tell(Input::AgentLoggedIn { agent, station, switch: pbx(), queues: mine, skills, by, auto_answer: None });
    }

    fn tell(&mut self, input: Input) -> Handled {
        self.now = self.now + Duration::from_millis(1);
        self.core.handle(self.now, input)
    }

    fn call(&mut self) -> Input {
        self.callers += 1;
        let number = 1000 + self.chance.below(self.numbers);
        Input::CallerArrived {
            switch: pbx(),
            leg: LegId::new(format!("caller-{:08}", self.callers)),
            from: PhoneNumber::new("13800138000"),
            name: CallerName::new("Li"),
            to: PhoneNumber::new(number.to_string()),
            station: None,
        }
    }

    /// Callers come until everybody talks and so many wait.
    pub fn fill(&mut self, waiting: u32) {
        while self.waiting() < waiting as usize {
            for _ in 0..1_000.min(waiting) {
                let call = self.call();
                let handled = self.tell(call);
                self.connect(handled);
            }
        }
        // Their needs ease one by one from here on, and not all at once.
        self.tell(Input::TimeCame);
    }

    /// With a place, a phone ringing for them or not.
    pub fn waiting(&self) -> usize {
        self.core.kept().places
    }

    /// Some of those who came know somebody; whoever is rung picks up, and the two talk.
    fn connect(&mut self, mut handled: Handled) {
        let came = handled.facts.iter().find_map(|fact| match fact {
            Fact::CallArrived { call, .. } => Some(*call),
            _ => None,
        });
        if let Some(call) = came.filter(|_| self.chance.below(100) < KNOW_SOMEBODY) {
            let agent = AgentName::new(format!("agent{:05}", self.chance.below(self.agents.into())));
            let more = self.tell(Input::CallerKnown { call, agents: [(KnownAs::LastAgent, agent)].into() });
            handled.facts.extend(more.facts);
        }
        let mut phones: Vec<(CallId, LegId)> = Vec::new();
        for fact in handled.facts {
            match fact {
                Fact::CallArrived { call, leg, .. } => drop(self.legs.insert(call, leg)),
                Fact::OfferMade { call, leg, .. } => phones.push((call, leg)),
                _ => {}
            }
        }
        for (call, phone) in phones {
            let caller = self.legs.remove(&call).unwrap_or_else(|| panic!("no call {call}"));
            let picked_up = self.tell(Input::LegAnswered { leg: phone.clone() });
            let connect = |effect: &Effect| matches!(effect.act, Act::Connect { .. }).then_some(effect.id);
            let effect = picked_up.effects.iter().find_map(connect).expect("a joining");
            self.tell(Input::EffectReturned { effect, how: Returned::Done });
            self.tell(Input::LegsJoined { a: caller.clone(), b: phone.clone() });
            self.talking.push(Talking { caller, phone });
        }
    }

    fn one_of_those_who_talk(&mut self) -> Talking {
        let n = self.chance.below(self.talking.len() as u64) as usize;
        self.talking.swap_remove(n)
    }

    /// A conversation ends, the phone is put down, and the agent is offered the next caller.
    pub fn somebody_comes_free(&mut self) -> Duration {
        let Talking { caller, phone } = self.one_of_those_who_talk();
        self.tell(Input::LegHungUp { leg: caller });
        self.now = self.now + Duration::from_millis(1);
        let (took, handled) = super::timed(|| self.core.handle(self.now, Input::LegHungUp { leg: phone }));
        let offered = handled.facts.iter().any(|fact| matches!(fact, Fact::OfferMade { .. }));
        assert!(offered, "callers wait, and an agent who came free got none");
        self.connect(handled);
        took
    }

    /// A caller comes; everybody talks, or nobody of the queue has the skill.
    pub fn somebody_calls(&mut self) -> Duration {
        let call = self.call();
        self.now = self.now + Duration::from_millis(1);
        let (took, handled) = super::timed(|| self.core.handle(self.now, call));
        self.connect(handled);
        took
    }

    /// All who wait hang up, and a tenth of the agents come free.
    pub fn quiet(&mut self) {
        for leg in std::mem::take(&mut self.legs).into_values() {
            self.tell(Input::LegHungUp { leg });
        }
        for _ in 0..self.talking.len() / 10 {
            self.end_one();
        }
    }

    fn end_one(&mut self) {
        let Talking { caller, phone } = self.one_of_those_who_talk();
        self.tell(Input::LegHungUp { leg: caller });
        let handled = self.tell(Input::LegHungUp { leg: phone });
        self.connect(handled);
    }

    /// A caller comes and somebody free is rung; then a conversation ends, so that as many are free as before. Callers whom
    /// nobody free has the skill for are not timed, and hang up.
    pub fn somebody_calls_and_is_taken(&mut self) -> Duration {
        loop {
            let call = self.call();
            let Input::CallerArrived { leg, .. } = &call else { continue };
            let leg = leg.clone();
            self.now = self.now + Duration::from_millis(1);
            let (took, handled) = super::timed(|| self.core.handle(self.now, call));
            if handled.facts.iter().any(|fact| matches!(fact, Fact::OfferMade { .. })) {
                self.connect(handled);
                self.end_one();
                return took;
            }
            self.legs.clear();
            self.tell(Input::LegHungUp { leg });
        }
    }
}
