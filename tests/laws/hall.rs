//! The hall of one shift, drawn from its seed: queues, skills, dialplans in three versions, agents at phones.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use cordboard::calendar::{OpeningHours, Week, Zone};
use cordboard::dialplan::{
    Action, AgentWish, Announcement, Ask, CallBack, Centre, Claim, Due, EmergencyMessage, EndKey, Figure, Key,
    Language, Menu, OfferCallBack, Piece, Place, QueueEntry, Spoken, Step, Text, Then, ToQueue, Transfer, When,
};
use cordboard::organisation::Organisation;
use cordboard::routing::dial_out::DialOut;
use cordboard::routing::ids::*;
use cordboard::routing::preference::{KnownAs, Prefer};
use cordboard::routing::promise::{CallBackRules, First};
use cordboard::routing::queue::{Need, QueueRules};
use cordboard::routing::strategy::Strategy;
use cordboard::switch::rehearsal::Chance;

const SKILLS: [&str; 3] = ["english", "cards", "loans"];
pub const REASONS: [&str; 2] = ["lunch", "training"];

/// A prompt that is never where the switch can play it.
pub const MISSING: &str = "missing";
pub const VERSIONS: usize = 3;
const OFFICE: &str = "office";

/// How long a menu or a question of these halls waits for a key.
const KEY_TIMEOUT: Duration = Duration::from_secs(2);
const MOST_DIGITS: u8 = 3;
/// As long may a caller hear nothing in these dialplans: before every digit of an answer.
pub const LONGEST_SILENCE: Duration = Duration::from_secs(2 * MOST_DIGITS as u64);

#[derive(Clone, Debug)]
pub struct Seat {
    pub agent: AgentName,
    pub station: StationAddress,
    pub switch: SwitchName,
    pub queues: BTreeSet<QueueName>,
    pub skills: BTreeMap<SkillName, u8>,
}

#[derive(Clone, Debug)]
pub struct Hall {
    pub centre: CentreName,
    pub size: Size,
    pub switches: Vec<SwitchName>,
    /// Every version that is published in the course of the shift; the first is there from the start.
    pub plans: Vec<Arc<Centre>>,
    pub seats: Vec<Seat>,
    pub numbers: Vec<PhoneNumber>,
}

/// One of these.
pub fn one_of<'a, T>(chance: &mut Chance, of: &'a [T]) -> &'a T {
    &of[chance.below(of.len() as u64) as usize]
}

/// So many times out of a hundred.
pub fn percent(chance: &mut Chance, often: u64) -> bool {
    chance.below(100) < often
}

pub fn ms(chance: &mut Chance, least: u64, most: u64) -> Duration {
    Duration::from_millis(least + chance.below(most - least + 1))
}

/// How many work there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// 5 to 40, watched at every step.
    Small,
    /// 41 to 200, with as many more callers; what every pair of a caller and an agent must obey is asked every
    /// [`SELDOM`] steps.
    Large,
}

/// Steps between two looks at all of a large hall. What one step did is looked at in each.
pub const SELDOM: u64 = 1_000;

impl Hall {
    pub fn new(chance: &mut Chance, size: Size) -> Self {
        let centre = CentreName::new("hall");
        let switches: Vec<SwitchName> = if percent(chance, 25) { vec!["east", "west"] } else { vec!["pbx"] }
            .into_iter()
            .map(SwitchName::new)
            .collect();
        let queues: Vec<QueueName> = (0..1 + chance.below(6)).map(|n| QueueName::new(format!("queue{n}"))).collect();
        let plans: Vec<Arc<Centre>> =
            (0..VERSIONS).map(|version| Arc::new(plan(chance, &centre, version, &queues, &switches))).collect();
        let seats = match size {
            Size::Small => 5 + chance.below(36),
            Size::Large => 41 + chance.below(160),
        };
        let seats = (0..seats).map(|n| seat(chance, n, &switches, &queues)).collect();
        // One number that nobody claims.
        let numbers = plans[0].numbers.keys().cloned().chain([PhoneNumber::new("999")]).collect();
        Self { centre, size, switches, plans, seats, numbers }
    }

    /// Nobody of one queue with one set of needs is overtaken by who joined later than this.
    pub fn most_credit(&self) -> Duration {
        let steps = self.plans.iter().flat_map(|plan| plan.steps.values()).flat_map(|step| &step.actions);
        let of_steps = steps.filter_map(|action| match action {
            Action::Queue(to) => Some(to.entry.credit),
            _ => None,
        });
        let of_queues = self.plans.iter().flat_map(|plan| plan.queues.values()).map(|rules| rules.credit);
        of_steps.max().unwrap_or_default() + of_queues.max().unwrap_or_default()
    }
}

fn seat(chance: &mut Chance, n: u64, switches: &[SwitchName], queues: &[QueueName]) -> Seat {
    let mut mine: BTreeSet<QueueName> = queues.iter().filter(|_| percent(chance, 50)).cloned().collect();
    mine.insert(one_of(chance, queues).clone());
    let skills: BTreeMap<SkillName, u8> = SKILLS
        .iter()
        .map(|skill| (SkillName::new(skill), chance.below(8) as u8))
        .filter(|(_, level)| (1..=5).contains(level))
        .collect();
    // Now and then a telephone outside; of some the list lets nobody be rung.
    let station = match chance.below(8) {
        0 => format!("tel:+86138000{n:02}"),
        1 => format!("tel:1{}8000{n:02}", chance.below(10)),
        // Held open, by a phone of the switch or by the trunk.
        2 => format!("held:PJSIP/{n:02}"),
        3 if percent(chance, 30) => format!("held:tel:+86138000{n:02}"),
        _ => format!("PJSIP/{n:02}"),
    };
    Seat {
        agent: AgentName::new(format!("agent{n:02}")),
        station: StationAddress::new(station),
        switch: one_of(chance, switches).clone(),
        queues: mine,
        skills,
    }
}

fn needs(chance: &mut Chance, often: u64) -> Vec<Need> {
    if !percent(chance, often) {
        return Vec::new();
    }
    let (skill, level) = (SkillName::new(one_of(chance, &SKILLS)), 1 + chance.below(3) as u8);
    let need = |level: u8, until: Option<Duration>| Need { skill: skill.clone(), level, until };
    let short = ms(chance, 500, 8_000);
    match chance.below(4) {
        0 => vec![need(level + 1, Some(short)), need(level, None)],
        1 => vec![need(level + 1, Some(short)), need(level, Some(short * 2))],
        _ => vec![need(level, None)],
    }
}

fn say(text: &str) -> Spoken {
    Spoken::Say(BTreeMap::from([(Language::En, Text(vec![Piece::Words(text.into())]))]))
}

fn words(chance: &mut Chance) -> Spoken {
    // The length of its name is how long the rehearsal switch plays it.
    let texts = ["Welcome.", "Goodbye.", "One moment please.", MISSING];
    say(texts[(chance.below(16) as usize).min(17) * texts.len() / 17])
}

fn rules(chance: &mut Chance, name: &QueueName) -> QueueRules {
    let secs = Duration::from_secs;
    QueueRules {
        ring_for: ms(chance, 2_000, 9_000),
        wrap_up: [Some(Duration::ZERO), Some(secs(1)), Some(secs(4)), None][chance.below(4) as usize],
        rest_after_missed: [Some(Duration::ZERO), Some(secs(2)), Some(secs(6)), None][chance.below(4) as usize],
        rest_after_busy: [Some(Duration::ZERO), Some(secs(1)), Some(secs(3)), None][chance.below(4) as usize],
        rest_after_unreachable: [Some(secs(1)), Some(secs(5)), None][chance.below(3) as usize],
        most_missed: [None, None, Some(1), Some(2), Some(3)][chance.below(5) as usize],
        needs_disposition: percent(chance, 30),
        strategy: strategy(chance),
        needs: needs(chance, 15),
        credit: secs([0, 0, 0, 20][chance.below(4) as usize]),
        hours: percent(chance, 60).then(|| OFFICE.to_owned()),
        call_back: call_back(chance, name),
        most_waiting: if percent(chance, 20) { 2 + chance.below(6) as usize } else { QueueRules::MOST_WAITING },
        ..QueueRules::named(name.clone())
    }
}

/// In about half of the queues whoever is called back is rung before an agent is.
fn call_back(chance: &mut Chance, queue: &QueueName) -> CallBackRules {
    let start = if percent(chance, 50) { format!("to {queue}") } else { format!("hear {queue}") };
    CallBackRules {
        tries: 1 + chance.below(3) as u32,
        again_after: ms(chance, 1_000, 15_000),
        first: if percent(chance, 50) { First::Customer { start: StepName::new(start) } } else { First::Agent },
        hours: None,
    }
}

/// Short, as the shifts are.
fn allowances(chance: &mut Chance) -> BTreeMap<BreakReason, Duration> {
    let some = |chance: &mut Chance| percent(chance, 60).then(|| ms(chance, 0, 20_000));
    REASONS.iter().filter_map(|reason| Some((BreakReason::new(reason), some(chance)?))).collect()
}

fn prefer(chance: &mut Chance) -> Vec<Prefer> {
    let known_as = [KnownAs::LastAgent, KnownAs::CaseOwner, KnownAs::Customer("clerk".into())];
    let wish = |agent: KnownAs, chance: &mut Chance| Prefer { agent, within: ms(chance, 1_000, 12_000) };
    known_as.into_iter().filter_map(|agent| percent(chance, 50).then(|| wish(agent, chance))).collect()
}

/// Round the clock, or closing some minutes into a shift that begins at eight.
fn office(chance: &mut Chance) -> OpeningHours {
    let mut week = Week::default();
    let text = ["mon-sun 00:00-24:00".to_owned(), format!("mon-sun 00:00-08:0{}", 1 + chance.below(2))];
    let text = one_of(chance, &text);
    week.add(text).expect("a week");
    OpeningHours { name: OFFICE.into(), zone: Zone::UTC, week, days: BTreeMap::new() }
}

/// Announcements of every kind: once and again, several at a time, with figures, and one that cannot be played.
fn waiting(chance: &mut Chance) -> Vec<Announcement> {
    let mut rules = Vec::new();
    if percent(chance, 40) {
        let figure = *one_of(chance, &Figure::ALL);
        let text = Text(vec![Piece::Words("Yours is ".into()), Piece::Figure(figure)]);
        let figures = Spoken::Say(BTreeMap::from([(Language::En, text)]));
        rules.push(Announcement {
            due: Due::Every(ms(chance, 6_000, 15_000)),
            says: vec![words(chance), figures],
            call_back: None,
        });
    }
    if percent(chance, 30) {
        rules.push(Announcement {
            due: Due::Once(ms(chance, 1_000, 12_000)),
            says: vec![words(chance)],
            call_back: None,
        });
    }
    if percent(chance, 60) {
        let key = Key::try_from('1').expect("a key");
        let then = StepName::new(if percent(chance, 65) { "bye" } else { "again" });
        rules.push(Announcement {
            due: Due::Once(ms(chance, 1_000, 4_000)),
            says: vec![words(chance)],
            call_back: Some(OfferCallBack { key, then }),
        });
    }
    rules
}

fn strategy(chance: &mut Chance) -> Strategy {
    let agent = |n: u64| AgentName::new(format!("agent{n:02}"));
    match chance.below(13) {
        0 => Strategy::FewestCalls,
        1 => Strategy::LeastTalkTime,
        // Twice as often: it shows only where several are free.
        2 | 8 => Strategy::MostSkilled,
        3 => Strategy::RoundRobin,
        4 => Strategy::FixedOrder((0..5).rev().map(agent).collect()),
        5 => Strategy::WeightedRandom((0..3).map(|n| (agent(n), 1 + n as u32)).collect()),
        9 => Strategy::RingSeveral(2),
        10 => Strategy::RingSeveral(2 + chance.below(4) as u8),
        11 => Strategy::RingAll,
        _ => Strategy::LongestIdle,
    }
}

fn plan(
    chance: &mut Chance,
    centre: &CentreName,
    version: usize,
    queues: &[QueueName],
    switches: &[SwitchName],
) -> Centre {
    // The last queue may be gone from a later version, while callers of the first still stand in it.
    let queues =
        if version > 0 && queues.len() > 1 && percent(chance, 30) { &queues[..queues.len() - 1] } else { queues };
    let mut steps: Vec<(String, Vec<Action>)> = vec![
        ("bye".into(), vec![Action::Play(words(chance)), Action::HangUp]),
        // It speaks in every hall: a menu without its prompt and a full queue would else be a silence without an end.
        ("again".into(), vec![Action::Play(say("Welcome.")), Action::Go(StepName::new("menu"))]),
    ];
    const AFTER: usize = 2;
    if percent(chance, 60) {
        let step = |name: &str| Some(StepName::new(name));
        let transfer = Transfer {
            // Now and then one that the centre may not dial.
            number: (if percent(chance, 90) { "+8613800138000" } else { "1900" }).parse().expect("a number"),
            ring_for: percent(chance, 50).then(|| ms(chance, 1_000, 6_000)),
            busy: step("again").filter(|_| percent(chance, 50)),
            no_answer: step("bye").filter(|_| percent(chance, 50)),
            failed: StepName::new("bye"),
        };
        let before = if percent(chance, 50) { vec![Action::Play(words(chance))] } else { vec![] };
        steps.push(("outside".into(), before.into_iter().chain([Action::Transfer(transfer)]).collect()));
    }
    for queue in queues {
        for spoken in [false, true] {
            let entry = QueueEntry {
                queue: queue.clone(),
                needs: needs(chance, 30),
                credit: Duration::from_secs([0, 0, 5, 30][chance.below(4) as usize]),
                keep_wait: percent(chance, 40),
                prefer: prefer(chance),
                agents: if percent(chance, 10) {
                    vec![AgentName::new("agent01"), AgentName::new("agent02")]
                } else {
                    vec![]
                },
                music: None,
                otherwise: otherwise(chance),
            };
            let to = Action::Queue(ToQueue { entry, needs_by_language: vec![], waiting: waiting(chance) });
            let before = match (spoken, percent(chance, 30)) {
                (true, true) => vec![Action::SetLanguage(Language::Zh), Action::Play(words(chance))],
                (true, false) => vec![Action::Play(words(chance))],
                (false, true) => vec![Action::SetLanguage(Language::Zh)],
                (false, false) => vec![],
            };
            let name = if spoken { format!("hear {queue}") } else { format!("to {queue}") };
            steps.push((name, before.into_iter().chain([to]).collect()));
        }
    }
    let to_queues: Vec<StepName> = steps.iter().skip(AFTER).map(|(name, _)| StepName::new(name)).collect();
    let keys = (1..=9).filter_map(|n| char::from_digit(n, 10)).filter_map(|c| Key::try_from(c).ok());
    let menu = Menu {
        prompt: words(chance),
        keys: keys.zip(to_queues.iter().cloned()).collect(),
        timeout: KEY_TIMEOUT,
        tries: 1 + chance.below(2) as u8,
        otherwise: percent(chance, 70).then(|| one_of(chance, &to_queues).clone()),
    };
    steps.push(("menu".into(), vec![Action::Menu(menu), Action::HangUp]));
    let wanted = CallBack {
        queue: one_of(chance, queues).clone(),
        asks_number: percent(chance, 40),
        otherwise: one_of(chance, &to_queues).clone(),
    };
    steps.push(("owed".into(), vec![Action::CallBack(wanted), Action::Play(words(chance)), Action::HangUp]));
    let ask = Ask {
        prompt: words(chance),
        into: "account".into(),
        fewest: 1,
        most: MOST_DIGITS,
        ends: EndKey::Hash,
        timeout: KEY_TIMEOUT,
        tries: 1,
        otherwise: None,
    };
    steps.push(("ask".into(), vec![Action::Ask(ask), Action::Go(one_of(chance, &to_queues).clone())]));

    let wish = one_of(
        chance,
        &[AgentWish::LogIn, AgentWish::LogInByPin { tries: 2 }, AgentWish::Break(BreakReason::new(REASONS[0]))],
    )
    .clone();
    steps.push(("keypad".into(), vec![Action::Agent(wish), Action::HangUp]));

    let starts = to_queues.iter().cloned().chain(["menu", "ask", "owed", "keypad"].map(StepName::new));
    let numbers = starts.enumerate().map(|(n, start)| {
        let place = Place { file: Arc::from("hall"), line: 1, column: 1 };
        (PhoneNumber::new(format!("{}", 100 + n)), Claim { start, place, line: String::new() })
    });
    Centre {
        name: centre.clone(),
        version: VersionHash::new(format!("v{version}")),
        titles: BTreeMap::new(),
        zone: Zone::UTC,
        country: None,
        languages: vec![Language::En, Language::Zh],
        skills: SKILLS.map(SkillName::new).to_vec(),
        break_reasons: REASONS.map(BreakReason::new).to_vec(),
        break_allowances: allowances(chance),
        break_titles: BTreeMap::new(),
        dispositions: cordboard::dialplan::Dispositions::default(),
        organisation: Organisation::default(),
        case_types: BTreeMap::new(),
        dial_out: percent(chance, 90).then(|| dial_out(chance, switches)),
        queues: queues.iter().map(|queue| (queue.clone(), rules(chance, queue))).collect(),
        hours: BTreeMap::from([(OFFICE.to_owned(), office(chance))]),
        numbers: numbers.collect(),
        emergency: emergency(chance),
        steps: steps
            .into_iter()
            .map(|(name, actions)| (StepName::new(&name), Step { name: StepName::new(&name), actions }))
            .collect(),
    }
}

/// One that is for everybody, and in most versions; one that ends the call, and one that cannot be played.
fn emergency(chance: &mut Chance) -> BTreeMap<MessageName, EmergencyMessage> {
    let go = Then::Go(StepName::new("menu"));
    let all = [("flood", Then::CarryOn, 90), ("power_cut", Then::HangUp, 50), ("storm", go, 50)];
    let mut messages = BTreeMap::new();
    for (name, then, often) in all {
        if percent(chance, often) {
            let only = percent(chance, 30).then(|| PhoneNumber::new("100"));
            let numbers = only.filter(|_| name != "flood").into_iter().collect();
            let message = EmergencyMessage { name: MessageName::new(name), says: words(chance), then, numbers };
            messages.insert(message.name.clone(), message);
        }
    }
    messages
}

fn dial_out(chance: &mut Chance, switches: &[SwitchName]) -> DialOut {
    let secs = Duration::from_secs;
    DialOut {
        switch: one_of(chance, switches).clone(),
        to: "PJSIP/{number}@trunk".parse().expect("a dial string"),
        shown: PhoneNumber::new("4001"),
        allowed: vec!["1".into(), "+86".into()],
        barred: vec!["19".into()],
        ring_for: ms(chance, 1_000, 9_000),
        wrap_up: [Some(Duration::ZERO), Some(secs(2)), None][chance.below(3) as usize],
        longest: secs(20),
        most_per_minute: [4, 60, 200][chance.below(3) as usize],
        most_per_hour: 500,
    }
}

fn otherwise(chance: &mut Chance) -> Vec<(When, StepName)> {
    // Always to a step that plays something: a checked dialplan has no ring without a wait in it.
    let mut to = || StepName::new(if percent(chance, 70) { "bye" } else { "again" });
    let all = [to(), to(), to(), to()];
    let whens = [When::Waited(ms(chance, 3_000, 40_000)), When::Full, When::NobodyLoggedIn, When::Closed];
    whens.into_iter().zip(all).filter(|_| percent(chance, 25)).collect()
}
