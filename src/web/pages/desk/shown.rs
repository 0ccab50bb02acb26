//! What there is to see on a desk: me, my queues, my day, and the call in hand with all that is known of it.

use std::time::Duration;

use askama::Template;

use super::abroad;
use super::caller::{self, Known};
use super::day::{self, Day};
use crate::calendar::Moment;
use crate::dialplan::Centre;
use crate::routing::Fact;
use crate::routing::agent::{AgentState, Told as Tried};
use crate::routing::fact::{Reasons, Rule};
use crate::routing::ids::{AgentName, BreakReason, CallId, CentreName, QueueName};
use crate::routing::view::{AgentSeen, CallSeen, Floor, OfferSeen};
use crate::store::notes::Note;
use crate::web::Web;
use crate::web::pages::author::author;
use crate::web::pages::calls::dial_word;
use crate::web::pages::forced::Forced;
use crate::web::pages::frame::Frame;
use crate::web::pages::lamps::{Allowance, Lamp, allowances, lamp, lamp_of, left_alone, wait_class};
use crate::web::pages::problem::{PageProblem, Shown};
use crate::web::pages::story::Told;
use crate::web::pages::who::Who;
use crate::web::pages::words::{Words, clock};

/// The page.
#[derive(Template)]
#[template(path = "desk/show.html")]
pub struct Desk {
    frame: Frame,
    you: You,
    queues: Vec<QueueRow>,
    day: Option<Day>,
    call: Option<Card>,
    note: Option<Written>,
    dispositions: Vec<(String, String)>,
}

/// How long a page that is drawn waits for what only the database knows, before it does without.
const SOON: Duration = Duration::from_millis(300);

async fn soon<T>(what: impl Future<Output = Shown<T>>) -> Option<T> {
    tokio::time::timeout(SOON, what).await.ok()?.ok()
}

/// Everything of it that changes with the agent's own calls.
#[derive(Template)]
#[template(path = "desk/_pieces.html")]
pub struct Pieces<'d> {
    frame: &'d Frame,
    you: &'d You,
    queues: &'d [QueueRow],
    call: &'d Option<Card>,
    note: &'d Option<Written>,
    dispositions: &'d [(String, String)],
}

/// The queues alone.
#[derive(Template)]
#[template(path = "desk/_queues_piece.html")]
pub struct QueuesPiece<'d> {
    pub t: Words,
    pub queues: &'d [QueueRow],
}

/// The day alone.
#[derive(Template)]
#[template(path = "desk/_day_piece.html")]
pub struct DayPiece<'d> {
    pub t: Words,
    pub day: &'d Option<Day>,
}

/// Me.
pub struct You {
    lamp: Lamp,
    state: AgentState,
    since: Moment,
    clock: String,
    station: String,
    /// Of a line that is held open and is not up: what is to be done at the phone.
    line: Option<&'static str>,
    /// What begins after the work in hand.
    next: Option<String>,
    break_reason: Option<String>,
    /// After a call that was missed.
    left_alone: Option<String>,
    /// Breaks that have their minutes.
    allowances: Vec<Allowance>,
    /// Who wanted it so and when, where it was somebody else; and why.
    forced: Option<(String, String)>,
    /// Reasons to choose from.
    /// Each with what people see in its place.
    breaks: Vec<(BreakReason, String)>,
    /// The centre calls out.
    dials_out: bool,
    /// The other centre that has the phone.
    serves: Option<String>,
    /// The number of the last dial, and why it came to nothing.
    in_vain: Option<(String, &'static str)>,
}

impl You {
    fn is_logged_in(&self) -> bool {
        self.state != AgentState::Away
    }

    fn may_break(&self) -> bool {
        self.is_logged_in() && self.state != AgentState::OnBreak && self.next.is_none()
    }

    fn may_be_ready(&self) -> bool {
        self.next.is_some() || matches!(self.state, AgentState::OnBreak | AgentState::Missed)
    }

    /// Nothing is on the phone, and the centre calls out.
    fn may_dial(&self) -> bool {
        self.dials_out && matches!(self.state, AgentState::Idle | AgentState::OnBreak | AgentState::Missed)
    }

    fn is_busy(&self) -> bool {
        matches!(
            self.state,
            AgentState::Dialling
                | AgentState::TalkingOut
                | AgentState::Talking
                | AgentState::OnHold
                | AgentState::WrappingUp
        )
    }
}

/// One of my queues.
pub struct QueueRow {
    name: String,
    waiting: usize,
    /// When the longest began to wait; `None` where nobody does.
    since: Option<Moment>,
    clock: String,
    class: &'static str,
}

/// The caller, and what the menu learnt before a person was asked for.
pub struct Card {
    call: CallId,
    state: AgentState,
    class: &'static str,
    from: String,
    name: String,
    to: String,
    /// Where the clock of this card began: the ring, the talk, the wrap-up.
    since: Moment,
    clock: String,
    /// When wrap-up ends by itself.
    until: Option<Moment>,
    queue: String,
    path: Vec<Stop>,
    waited: String,
    /// Of one that still waits: for me to pick up.
    waits_since: Option<Moment>,
    why: String,
    /// The phone can be told to pick up.
    answers: bool,
    /// It was asked to do so by itself.
    by_itself: bool,
    /// Wrap-up waits for a disposition.
    owes: bool,
    /// Of a telephone outside: what is to be done at it, for a pick-up alone takes no call there.
    key_one: Option<&'static str>,
    /// Until when the phone rings.
    rings_until: Option<Moment>,
    /// Of a number that was dialled: how far it has come.
    dialled: Option<&'static str>,
    /// After how many minutes it may be called back; none where the centre dials nobody.
    later: &'static [(u32, &'static str)],
    /// `None` where it cannot be read just now.
    known: Option<Known>,
    /// The other centre whose call it is; empty: our own. Its customers and cases have no pages here.
    of: String,
}

/// When a call-back may be promised from the desk.
const LATER: [(u32, &str); 5] =
    [(15, "later-15"), (60, "later-60"), (120, "later-120"), (240, "later-240"), (1_440, "later-1440")];

/// One step of the menu, and what was keyed there.
struct Stop {
    step: String,
    keys: Option<String>,
}

/// The note of the call in hand.
pub struct Written {
    call: CallId,
    /// The other centre whose call it is; empty: our own.
    of: String,
    text: String,
    disposition: String,
    version: i64,
    saved: Option<String>,
}

impl Desk {
    /// What is known of the caller could be read.
    pub fn is_whole(&self) -> bool {
        self.call.as_ref().is_none_or(|call| call.known.is_some())
    }

    /// Without the figures of the day.
    ///
    /// # Errors
    /// The controller is away.
    pub async fn of(web: &Web, who: &Who, frame: Frame) -> Shown<Self> {
        let seen = web.handle.agent(who.centre(), who.agent()).await?;
        let floor = web.hub().floors.of(&web.handle, who.centre()).await?;
        let plan = web.handle.plan(who.centre()).ok_or(PageProblem::Away)?;
        let agent = seen.as_ref().map(|seen| &seen.agent);
        let mut you = you(&frame, agent, &plan);
        you.forced = forced(web, who, &frame).await;
        if let Some(lender) = agent.and_then(|agent| agent.serves.as_ref()) {
            return Self::abroad(
                web,
                who,
                frame,
                lender,
                you,
                agent.map_or_else(Vec::new, |agent| queues_of(&floor, agent)),
            )
            .await;
        }
        let queues = agent.map_or_else(Vec::new, |agent| queues_of(&floor, agent));
        let (call, note) = match agent.and_then(|agent| agent.call.map(|call| (agent, call))) {
            Some((agent, id)) => {
                let call = seen.as_ref().and_then(|seen| seen.call.as_ref());
                let card = card(web, who, &frame, &plan, agent, call, id).await;
                (Some(card), Some(written(web, who, &frame, id).await))
            }
            None => (None, None),
        };
        let queue = agent.and_then(|agent| agent.queue.as_ref());
        let dispositions = queue.map_or_else(Vec::new, |queue| dispositions(&frame, &plan, queue));
        Ok(Self { frame, you, queues, day: None, call, note, dispositions })
    }

    /// While another centre has the phone: its call, as it shows it to its guest, beside what their own centre says of them.
    async fn abroad(
        web: &Web,
        who: &Who,
        frame: Frame,
        lender: &CentreName,
        mut you: You,
        queues: Vec<QueueRow>,
    ) -> Shown<Self> {
        let guest = abroad::guest_of(who, lender);
        let seen = web.handle.agent(lender, guest.agent()).await?;
        let plan = web.handle.plan(lender).ok_or(PageProblem::Away)?;
        let title = plan.titles.get(&frame.t.language()).or_else(|| plan.titles.values().next());
        you.serves = Some(title.cloned().unwrap_or_else(|| lender.to_string()));
        let (mut call, mut note, mut words) = (None, None, Vec::new());
        if let Some(seen) = &seen {
            let agent = &seen.agent;
            (you.lamp, you.state) = (lamp_of(frame.t, agent), agent.state);
            (you.since, you.clock) = (agent.since_ms, since_clock(frame.now, agent.since_ms));
            if let Some(id) = agent.call {
                let card = card(web, &guest, &frame, &plan, agent, seen.call.as_ref(), id).await;
                call = Some(Card { of: lender.to_string(), later: &[], ..card });
                let of = lender.to_string();
                note = Some(Written { of, ..written(web, &guest, &frame, id).await });
            }
            words = agent.queue.as_ref().map_or_else(Vec::new, |queue| dispositions(&frame, &plan, queue));
        }
        Ok(Self { frame, you, queues, day: None, call, note, dispositions: words })
    }

    /// A day that cannot be added up just now is left out.
    pub async fn with_day(mut self, web: &Web, who: &Who) -> Self {
        self.day = soon(async { Ok(day::of(web, who, self.frame.now).await?) }).await;
        self
    }

    pub fn pieces(&self) -> Pieces<'_> {
        let Self { frame, you, queues, day: _, call, note, dispositions } = self;
        Pieces { frame, you, queues, call, note, dispositions }
    }
}

fn you(frame: &Frame, agent: Option<&AgentSeen>, plan: &Centre) -> You {
    let state = agent.map_or(AgentState::Away, |agent| agent.state);
    let since = agent.map_or(frame.now, |agent| agent.since_ms);
    let titled = |reason: &BreakReason| plan.break_title(reason, frame.t.language());
    You {
        lamp: agent.map_or_else(|| lamp(frame.t, state), |agent| lamp_of(frame.t, agent)),
        left_alone: agent.and_then(|agent| left_alone(frame.t, &frame.zone, agent)),
        allowances: agent.map_or_else(Vec::new, |agent| allowances(frame.t, Some(plan), frame.now, agent)),
        state,
        since,
        clock: since_clock(frame.now, since),
        station: agent.map_or_else(String::new, |agent| agent.station.to_string()),
        line: agent.and_then(|agent| agent.held_line).and_then(line_word),
        next: agent.and_then(|agent| agent.next).map(|next| lamp(frame.t, next).word),
        break_reason: agent.and_then(|agent| agent.break_reason.as_ref()).map(titled),
        forced: None,
        breaks: plan.break_reasons.iter().map(|reason| (reason.clone(), titled(reason))).collect(),
        dials_out: plan.dial_out.is_some(),
        serves: None,
        in_vain: agent
            .and_then(|agent| agent.dial_in_vain.as_ref())
            .map(|dial| (dial.number.to_string(), dial_word(dial.how))),
    }
}

async fn forced(web: &Web, who: &Who, frame: &Frame) -> Option<(String, String)> {
    let Forced { by, why, at, .. } = web.hub().forcings.of(who.centre(), who.agent())?;
    let names = web.hub().names.of(web, who.centre()).await;
    let by = author(frame.t, &names, &by);
    let said = frame.t.with_two("desk-forced", "who", by, "at", frame.zone.minute(at));
    Some((said, why.map_or_else(String::new, |why| why.to_string())))
}

fn since_clock(now: Moment, since: Moment) -> String {
    clock(ms(now.since(since)))
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Those this agent takes calls from.
pub fn queues(floor: &Floor, agent: &AgentName) -> Vec<QueueRow> {
    let agent = floor.agents.iter().find(|seen| seen.name == *agent);
    agent.map_or_else(Vec::new, |agent| queues_of(floor, agent))
}

fn queues_of(floor: &Floor, agent: &AgentSeen) -> Vec<QueueRow> {
    let mine = floor.queues.iter().filter(|queue| agent.queues.contains(&queue.name));
    mine.map(|queue| {
        let waits = queue.waiting > 0;
        QueueRow {
            name: queue.name.to_string(),
            waiting: queue.waiting,
            since: waits.then(|| floor.at_ms - Duration::from_millis(queue.longest_wait_ms)),
            clock: clock(queue.longest_wait_ms),
            class: if waits { wait_class(queue.longest_wait_ms, queue.target_ms) } else { "" },
        }
    })
    .collect()
}

/// What can be chosen after a call of this queue, with its words.
fn dispositions(frame: &Frame, plan: &Centre, queue: &QueueName) -> Vec<(String, String)> {
    let language = frame.t.language();
    let of_queue = plan.dispositions.of_queue(queue).into_iter();
    let named = of_queue.map(|one| (one.name.to_string(), one.title(language)));
    named.collect()
}

/// `seen`: the call as the controller has it. That is all there is of a call which began before we did, while the database
/// does not answer.
async fn card(
    web: &Web,
    who: &Who,
    frame: &Frame,
    plan: &Centre,
    agent: &AgentSeen,
    seen: Option<&CallSeen>,
    call: CallId,
) -> Card {
    let story = soon(web.hub().stories.of(&web.db, who.centre(), call)).await.unwrap_or_default();
    let (mut from, mut name, mut to) =
        seen.map_or_else(Default::default, |seen| (seen.from.to_string(), seen.name.to_string(), seen.to.to_string()));
    let mut dialled = agent.dial.as_ref().map(|dial| stage_word(dial.stage));
    if let Some(dial) = &agent.dial {
        from = dial.number.to_string();
    }
    let mut path: Vec<Stop> = Vec::new();
    let (mut joined, mut talked) = (seen.and_then(|seen| seen.joined_ms), None);
    let mut why = String::new();
    for Told { at, fact } in &story {
        match fact {
            Fact::CallArrived { from: number, name: called, to: dialled, .. } => {
                (from, name, to) = (number.to_string(), called.to_string(), dialled.to_string());
            }
            Fact::Dialled { number, shown, .. } => {
                (from, to) = (number.to_string(), shown.to_string());
                dialled = dialled.or(Some("dial-stage-over"));
            }
            Fact::StepEntered { step, .. } => path.push(Stop { step: step.to_string(), keys: None }),
            Fact::Keyed { step, keys, .. } => match path.last_mut() {
                Some(last) if last.step == step.as_str() && last.keys.is_none() => last.keys = Some(keys.clone()),
                Some(_) | None => path.push(Stop { step: step.to_string(), keys: Some(keys.clone()) }),
            },
            Fact::CallQueued { joined: since, .. } => joined = joined.or(Some(*since)),
            Fact::OfferMade { agent, reasons, .. } if agent == who.agent() => why = why_me(frame.t, reasons),
            Fact::CallConnected { .. } => talked = talked.or(Some(*at)),
            _ => {}
        }
    }
    let rings_until = agent.offer.as_ref().and_then(|offer| offer.until_ms);
    let waited = joined.map_or(0, |joined| ms(talked.unwrap_or(frame.now).since(joined)));
    let known = caller::known(web, who, frame, plan, call, &from).await.ok();
    Card {
        call,
        state: agent.state,
        class: lamp(frame.t, agent.state).class,
        from,
        name,
        to,
        since: agent.since_ms,
        clock: since_clock(frame.now, agent.since_ms),
        until: agent.wrap_up.as_ref().and_then(|wrap_up| wrap_up.until_ms),
        queue: agent.queue.as_ref().map_or_else(String::new, |queue| queue.to_string()),
        path,
        waited: clock(waited),
        waits_since: joined.filter(|_| talked.is_none()),
        why,
        answers: agent.answers_when_told != Tried::Never && rings_until.is_some(),
        key_one: agent.offer.as_ref().and_then(|offer| key_one(agent, offer)),
        rings_until,
        by_itself: agent.offer.as_ref().is_some_and(|offer| offer.auto_answer),
        owes: agent.wrap_up.as_ref().is_some_and(|wrap_up| wrap_up.needs_disposition),
        dialled,
        later: if plan.dial_out.is_some() && agent.queue.is_some() && may_promise(agent.state) { &LATER } else { &[] },
        known,
        of: String::new(),
    }
}

/// What is to be done that calls can come over a line that is held open; nothing where it is up.
fn line_word(line: &str) -> Option<&'static str> {
    match line {
        "up" => None,
        "rings" => Some("desk-line-rings"),
        "asked" => Some("desk-line-asked"),
        // `down`
        _ => Some("desk-line-down"),
    }
}

/// What takes a call at a telephone outside: not to be read from a phone that rings, and nobody there hears it again who
/// has laid the handset down.
fn key_one(agent: &AgentSeen, offer: &OfferSeen) -> Option<&'static str> {
    if agent.station.is_held_open() {
        return Some("answer-by-tone");
    }
    let rings = agent.station.is_outside() && offer.until_ms.is_some();
    rings.then_some(if offer.key_awaited { "answer-key-one-now" } else { "answer-key-one" })
}

/// Who talks, or has talked just now, knows what was promised.
const fn may_promise(state: AgentState) -> bool {
    matches!(state, AgentState::Talking | AgentState::OnHold | AgentState::TalkingOut | AgentState::WrappingUp)
}

/// How far a dial has come, in words.
fn stage_word(stage: &str) -> &'static str {
    match stage {
        "agent_rings" => "dial-stage-you",
        "talking" => "dial-stage-talking",
        // `rings`, and `connecting` for the blink that it lasts.
        _ => "dial-stage-rings",
    }
}

fn why_me(t: Words, reasons: &Reasons) -> String {
    let why = why_by(t, reasons);
    match reasons.others {
        0 => why,
        others => format!("{why} · {}", t.count("why-together", i64::from(others))),
    }
}

fn why_by(t: Words, reasons: &Reasons) -> String {
    let free = reasons.logged_in.saturating_sub(reasons.not_free).saturating_sub(reasons.lacking_skill);
    match reasons.rule {
        Rule::LongestIdle => t.count("why-longest-idle", i64::from(free)),
        Rule::FirstInQueue => t.count("why-first-in-queue", i64::from(reasons.waiting)),
        Rule::FewestCalls => t.count("why-fewest-calls", i64::from(free)),
        Rule::LeastTalkTime => t.count("why-least-talk-time", i64::from(free)),
        Rule::MostSkilled => t.count("why-most-skilled", i64::from(free)),
        Rule::RoundRobin => t.count("why-round-robin", i64::from(free)),
        Rule::FixedOrder => t.count("why-fixed-order", i64::from(free)),
        Rule::Preferred => t.say("why-preferred"),
        Rule::WeightedRandom => t.count("why-weighted-random", i64::from(free)),
        Rule::RingSeveral => t.say("why-ring-several"),
        Rule::RingAll => t.say("why-ring-all"),
        Rule::PassedOn => {
            t.with("why-passed-on", "by", reasons.passed_by.as_ref().map(ToString::to_string).unwrap_or_default())
        }
    }
}

/// What this agent has written about the call so far.
async fn written(web: &Web, who: &Who, frame: &Frame, call: CallId) -> Written {
    let mine = soon(web.hub().stories.note(&web.db, who.centre(), call, who.agent())).await.flatten();
    let zone = &frame.zone;
    match mine {
        Some(Note { text, disposition, version, saved, .. }) => Written {
            call,
            of: String::new(),
            text,
            disposition: disposition.unwrap_or_default(),
            version,
            saved: Some(frame.t.with("note-saved", "at", zone.second(saved))),
        },
        None => Written {
            call,
            of: String::new(),
            text: String::new(),
            disposition: String::new(),
            version: 0,
            saved: None,
        },
    }
}
