//! One call's story: everything that happened with it on one time line, the bill of its seconds, what was written about
//! it. A call that is not over moves while one looks.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::extract::{Path, State};

use super::about::About;
use super::bill::{Bill, Part};
use super::list::{called, outcome_class, outcome_word, place, stage};
use super::told::{Line, Teller, broken_word, dial_class, dial_word, rung_together};
use crate::calendar::Moment;
use crate::dialplan::Centre;
use crate::routing::Fact;
use crate::routing::agent::AgentState;
use crate::routing::ids::{AgentName, CallId};
use crate::store::agents::Role;
use crate::web::Web;
use crate::web::pages::frame::{Frame, Noun, Page};
use crate::web::pages::problem::{PageProblem, Shown};
use crate::web::pages::story::Told;
use crate::web::pages::who::Who;
use crate::web::pages::words::{Words, clock};

/// After a call, wrap-up begins at once; what begins later belongs to another.
const WRAP_UP_WITHIN: Duration = Duration::from_secs(5);
/// Of the bar: wide enough that a second of an hour can be seen.
const BAR: u64 = 1000;

#[derive(Template)]
#[template(path = "calls/show.html")]
pub struct Show {
    frame: Frame,
    story: Story,
}

/// All of it that moves.
#[derive(Template)]
#[template(path = "calls/_story.html")]
pub struct Piece {
    frame: Frame,
    story: Story,
}

struct Story {
    id: CallId,
    erased: bool,
    from: String,
    name: String,
    to: String,
    arrived: String,
    since: Moment,
    /// Lamp and word of how it stands or ended.
    class: &'static str,
    stands: String,
    live: bool,
    /// Whether a stream names this call when it moves; else any change is looked at.
    named: bool,
    /// The place moves with every other call of the queue.
    waits: bool,
    queue: String,
    /// A number that an agent called, and no caller.
    dialled: bool,
    agents: Vec<String>,
    length: String,
    bars: Vec<Bar>,
    parts: Vec<PartSum>,
    wrap_up: Option<String>,
    lines: Vec<Line>,
    notes: Vec<Written>,
    about: About,
}

struct Bar {
    x: u64,
    width: u64,
    class: &'static str,
    title: String,
}

struct PartSum {
    class: &'static str,
    word: String,
    length: String,
}

struct Written {
    agent: String,
    saved: String,
    text: String,
    disposition: Option<String>,
}

pub async fn show(State(web): State<Web>, who: Who, Path(call): Path<String>) -> Shown<Page<Show>> {
    let frame = who.frame(&web, Noun::Calls);
    let story = story_of(&web, &who, &frame, &call).await?;
    Ok(Page(Show { frame, story }))
}

pub async fn story(State(web): State<Web>, who: Who, Path(call): Path<String>) -> Shown<Page<Piece>> {
    let frame = who.frame(&web, Noun::Calls);
    let story = story_of(&web, &who, &frame, &call).await?;
    Ok(Page(Piece { frame, story }))
}

fn part_class(part: Part) -> (&'static str, &'static str) {
    match part {
        Part::Menu => ("menu", "part-menu"),
        Part::Waiting => ("wrapup", "part-waiting"),
        Part::Ringing => ("ringing", "part-ringing"),
        Part::Talking => ("talking", "part-talking"),
        Part::Hold => ("held", "part-hold"),
    }
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Who wrapped up after it, since when and until when. From the stays in each state: an agent has one call at a time, so
/// the first wrap-up after a conversation is its.
async fn wrap_ups(web: &Web, who: &Who, story: &[Told], now: Moment) -> Vec<(AgentName, Moment, Option<Moment>)> {
    let mut wrap_ups = Vec::new();
    let end = story.iter().find(|told| matches!(told.fact, Fact::CallEnded { .. })).map(|told| told.at);
    for told in story {
        let Fact::CallConnected { agent, .. } = &told.fact else { continue };
        let after = end.unwrap_or(now) + WRAP_UP_WITHIN;
        // Not readable just now: the story is told without.
        let stays = web.db.agent_stays(who.centre(), agent, told.at, after).await.unwrap_or_default();
        let mine = stays.iter().find(|stay| stay.state == AgentState::WrappingUp && stay.since > told.at);
        wrap_ups.extend(mine.map(|stay| (agent.clone(), stay.since, stay.until)));
    }
    wrap_ups
}

async fn story_of(web: &Web, who: &Who, frame: &Frame, call: &str) -> Shown<Story> {
    let id: CallId = call.parse().map_err(|_| PageProblem::NotFound)?;
    let told = web.hub().stories.of(&web.db, who.centre(), id).await?;
    let supervises = who.session.role >= Role::Supervisor;
    if !supervises && !told.iter().any(|told| told.fact.agent() == Some(who.agent())) {
        return Err(PageProblem::NotFound);
    }
    let first = told.first().ok_or(PageProblem::NotFound)?.at;
    let names = web.hub().names.of(web, who.centre()).await;
    let live = web.handle.call(who.centre(), id).await?;
    let now = web.now();
    let wrap_ups = wrap_ups(web, who, &told, now).await;
    let bill = Bill::of(&told, now);
    let (mut from, mut name, mut to, mut queue) = (String::new(), String::new(), String::new(), String::new());
    let (mut ended, mut dial_ended, mut promised) = (None, None, None);
    let dialled = told.iter().any(|told| matches!(told.fact, Fact::Dialled { .. } | Fact::CustomerNotReached { .. }));
    for Told { fact, .. } in &told {
        match fact {
            Fact::CallArrived { from: number, name: called, to: dialled, .. } => {
                (from, name, to) = (number.to_string(), called.to_string(), dialled.to_string());
            }
            Fact::PromiseMade { number, queue: owed_by, .. } => {
                (from, queue) = (number.to_string(), owed_by.to_string());
                promised = Some(("wrapup", "promise-waiting"));
            }
            Fact::PromiseKept { .. } => promised = Some(("idle", "promise-kept")),
            Fact::PromiseBroken { why, .. } => promised = Some(("missed", broken_word(*why))),
            Fact::Dialled { number, shown, .. } => (from, to) = (number.to_string(), shown.to_string()),
            Fact::DialEnded { how, .. } | Fact::CustomerNotReached { how, .. } => dial_ended = Some(*how),
            Fact::CallQueued { queue: joined, .. } => queue = joined.to_string(),
            Fact::CallEnded { outcome, .. } => ended = Some(*outcome),
            _ => {}
        }
    }
    let t = frame.t;
    let (class, stands) = match (&live, ended) {
        (None, None) if promised.is_some() => promised.unwrap_or_default(),
        (None, None) if dialled => (dial_class(dial_ended), dial_ended.map_or("outcome-open", dial_word)),
        (_, Some(outcome)) => (outcome_class(outcome), outcome_word(outcome)),
        (Some(call), None) => stage(call),
        (None, None) => ("away", "story-unknown"),
    };
    let waits = live.as_ref().filter(|_| ended.is_none()).and_then(|call| place(t, call));
    let erased = from.is_empty() && name.is_empty() && live.is_none();
    let plan = web.handle.plan(who.centre()).ok_or(PageProblem::Away)?;
    // Not readable just now: the story is told without.
    let about = About::of(&web.db, who.centre(), &plan, id, &from).await.unwrap_or_default();
    let rung = rung_together(told.iter().map(|told| &told.fact));
    let teller = Teller { t, zone: &frame.zone, names: &names, arrived: first, erased, rung };
    Ok(Story {
        id,
        erased,
        from,
        name,
        to,
        arrived: frame.zone.day_and_second(first),
        since: first,
        class,
        waits: waits.is_some(),
        stands: waits.unwrap_or_else(|| t.say(stands)),
        live: ended.is_none() && dial_ended.is_none() && promised.is_none_or(|(class, _)| class == "wrapup"),
        named: supervises,
        queue,
        dialled,
        agents: agents(&told, &names),
        length: clock(ms(bill.length())),
        bars: bars(t, &bill),
        parts: parts(t, &bill),
        wrap_up: wrap_ups.last().map(|(_, from, to)| clock(ms(to.unwrap_or(now).since(*from)))),
        lines: lines(&teller, &told, &wrap_ups),
        notes: notes(web, who, frame, &plan, id, &names).await,
        about,
    })
}

fn agents(told: &[Told], names: &Arc<BTreeMap<AgentName, String>>) -> Vec<String> {
    let talked = told.iter().filter_map(|told| match &told.fact {
        Fact::CallConnected { agent, .. } | Fact::DialConnected { agent, .. } => Some(called(names, agent)),
        _ => None,
    });
    talked.collect()
}

/// The facts, and after them the wrap-ups.
fn lines(teller: &Teller<'_>, told: &[Told], wrap_ups: &[(AgentName, Moment, Option<Moment>)]) -> Vec<Line> {
    let t = teller.t;
    let mut lines: Vec<Line> = told.iter().filter_map(|told| teller.tell(told)).collect();
    for (agent, from, to) in wrap_ups {
        let agent = called(teller.names, agent);
        let text = match to {
            Some(to) => t.with_two("story-wrap-up", "agent", agent, "time", clock(ms(to.since(*from)))),
            None => t.with("story-wrapping-up", "agent", agent),
        };
        lines.push(teller.line(*from, "wrapup", text, Vec::new(), None));
    }
    lines.sort_by_key(|line| line.at);
    lines
}

fn bars(t: Words, bill: &Bill) -> Vec<Bar> {
    let whole = ms(bill.length()).max(1);
    let Some(first) = bill.stretches.first() else { return Vec::new() };
    let at = |moment: Moment| ms(moment.since(first.from)).saturating_mul(BAR) / whole;
    bill.stretches
        .iter()
        .map(|stretch| {
            let (class, word) = part_class(stretch.part);
            let x = at(stretch.from);
            let length = clock(ms(stretch.to.since(stretch.from)));
            let title = format!("{} {length}", t.say(word));
            Bar { x, width: at(stretch.to).saturating_sub(x).max(1), class, title }
        })
        .collect()
}

fn parts(t: Words, bill: &Bill) -> Vec<PartSum> {
    bill.seconds()
        .into_iter()
        .map(|(part, seconds)| {
            let (class, word) = part_class(part);
            PartSum { class, word: t.say(word), length: clock(seconds.saturating_mul(1000)) }
        })
        .collect()
}

async fn notes(
    web: &Web,
    who: &Who,
    frame: &Frame,
    plan: &Centre,
    call: CallId,
    names: &Arc<BTreeMap<AgentName, String>>,
) -> Vec<Written> {
    // Not readable just now: the story is told without.
    let notes = web.db.notes(who.centre(), call).await.unwrap_or_default();
    let written = notes.into_iter().map(|note| Written {
        agent: called(names, &note.agent),
        saved: frame.zone.day_and_second(note.saved),
        text: note.text,
        disposition: note.disposition.map(|name| plan.dispositions.title(&name, frame.t.language())),
    });
    written.collect()
}
