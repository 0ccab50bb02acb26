//! The list of calls: those that are not over on top, then those that are, newest first, a page at a time.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};

use super::filter::{Asked, Filter, WAITS};
use crate::calendar::{Moment, Zone};
use crate::routing::call::StageWord;
use crate::routing::fact::Outcome;
use crate::routing::ids::AgentName;
use crate::routing::view::CallSeen;
use crate::store::StoreError;
use crate::store::agents::Role;
use crate::store::call_lists::MOST_LOOKED_AT;
use crate::store::calls::KeptCall;
use crate::web::Web;
use crate::web::pages::choice::Choice;
use crate::web::pages::frame::{Frame, Noun, Page};
use crate::web::pages::mistakes::Mistakes;
use crate::web::pages::problem::Shown;
use crate::web::pages::who::Who;
use crate::web::pages::words::{Words, clock};

/// Rows of a page.
const ROWS: u32 = 50;
/// Live calls that are shown; the floor has all of them by queue.
const MOST_LIVE: usize = 100;

/// People by their names, as they are shown.
pub type Names = Arc<BTreeMap<AgentName, String>>;

#[derive(Template)]
#[template(path = "calls/list.html")]
pub struct List {
    frame: Frame,
    asked: Asked,
    /// Whether the person sees everybody's.
    all: bool,
    queues: Vec<Choice>,
    outcomes: Vec<Choice>,
    waits: Vec<Choice>,
    mistakes: Mistakes,
    live: Live,
    rows: Vec<Row>,
    older: Option<String>,
    /// `None`: it was not asked.
    away: bool,
    newest: Option<String>,
}

/// The calls that are not over, alone.
#[derive(Template)]
#[template(path = "calls/_live_piece.html")]
pub struct LivePiece {
    t: Words,
    live: Live,
}

/// Of those who are rung for one call at once so many are named; the call's story has all.
const MOST_NAMED: usize = 3;

struct Live {
    address: String,
    calls: Vec<LiveCall>,
    more: usize,
}

struct LiveCall {
    id: String,
    arrived: Moment,
    clock: String,
    from: String,
    name: String,
    to: String,
    queue: String,
    agent: String,
    class: &'static str,
    stage: String,
}

struct Row {
    id: String,
    at: String,
    /// Erased: nothing is known of who called.
    known: bool,
    from: String,
    name: String,
    to: String,
    queue: String,
    agent: String,
    waited: String,
    talked: String,
    class: &'static str,
    outcome: String,
}

pub const fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Answered => "outcome-answered",
        Outcome::Abandoned => "outcome-abandoned",
        Outcome::LeftInDialplan => "outcome-left",
        Outcome::EndedByUs => "outcome-by-us",
        Outcome::PromisedCallBack => "outcome-promised",
        Outcome::Refused => "outcome-refused",
        Outcome::EndedUnseen => "outcome-unseen",
        Outcome::TransferredOut => "outcome-transferred",
    }
}

/// The colour of an outcome: who gave up or was turned away is what somebody looks for.
pub const fn outcome_class(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Answered | Outcome::TransferredOut => "idle",
        Outcome::Abandoned | Outcome::Refused => "missed",
        Outcome::PromisedCallBack => "wrapup",
        Outcome::LeftInDialplan | Outcome::EndedByUs | Outcome::EndedUnseen => "away",
    }
}

/// A live call's stage as a lamp: its class, and the text's name.
pub fn stage(call: &CallSeen) -> (&'static str, &'static str) {
    match call.stage {
        StageWord::InDialplan => ("away", "stage-in-dialplan"),
        StageWord::Waiting => ("wrapup", "stage-waiting"),
        StageWord::Ringing => ("ringing", "stage-ringing"),
        StageWord::Connecting => ("ringing", "stage-connecting"),
        StageWord::OnHold => ("held", "stage-on-hold"),
        StageWord::Talking => ("talking", "stage-talking"),
        StageWord::Transferring => ("ringing", "stage-transferring"),
        StageWord::TalkingOut => ("talking", "stage-talking-out"),
        StageWord::Ending => ("away", "stage-ending"),
    }
}

/// Of a call that waits: its place, and how long it may take where that is known.
pub fn place(t: Words, call: &CallSeen) -> Option<String> {
    let position = call.position.filter(|_| call.stage == StageWord::Waiting)?;
    Some(match call.expected_wait_ms {
        // Rounded up, as callers are told.
        Some(wait) => t.with_two("stage-waiting-for", "position", position, "minutes", wait.div_ceil(60_000).max(1)),
        None => t.with("stage-waiting-at", "position", position),
    })
}

fn text<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

pub fn called(names: &Names, agent: &AgentName) -> String {
    names.get(agent).cloned().unwrap_or_else(|| agent.to_string())
}

/// Who talks, or is rung; the first of them where many are rung at once.
fn agents(names: &Names, call: &CallSeen) -> String {
    let first = call.agent.iter().chain(&call.also_rung).take(MOST_NAMED).map(|agent| called(names, agent));
    let named = first.collect::<Vec<_>>().join(" · ");
    match (1 + call.also_rung.len()).saturating_sub(MOST_NAMED) {
        0 => named,
        more => format!("{named} +{more}"),
    }
}

/// Nobody below a supervisor sees another's.
fn understood(web: &Web, who: &Who, asked: &Asked) -> Filter {
    let mut filter = asked.understood(who.manner.t, &web.zone(who.centre()));
    if who.session.role < Role::Supervisor {
        filter.wanted.agent = Some(who.agent().clone());
    }
    filter
}

async fn live_of(web: &Web, who: &Who, asked: &Asked, filter: &Filter, names: &Names) -> Shown<Live> {
    let floor = web.hub().floors.of(&web.handle, who.centre()).await?;
    let mut calls: Vec<&CallSeen> = floor.calls.iter().filter(|call| filter.shows(call, floor.at_ms)).collect();
    calls.sort_by_key(|call| std::cmp::Reverse((call.arrived_ms, call.id)));
    let more = calls.len().saturating_sub(MOST_LIVE);
    let t = who.manner.t;
    let seen = calls.into_iter().take(MOST_LIVE).filter(|_| filter.mistakes.is_empty()).map(|call| {
        let (class, stage) = stage(call);
        LiveCall {
            id: call.id.to_string(),
            arrived: call.arrived_ms,
            clock: clock(u64::try_from(floor.at_ms.since(call.arrived_ms).as_millis()).unwrap_or(u64::MAX)),
            from: call.from.to_string(),
            name: call.name.to_string(),
            to: call.to.to_string(),
            queue: text(call.queue.as_ref()),
            agent: agents(names, call),
            class,
            stage: place(t, call).unwrap_or_else(|| t.say(stage)),
        }
    });
    Ok(Live { calls: seen.collect(), more, address: asked.address("/calls/live", None) })
}

pub async fn live(State(web): State<Web>, who: Who, Query(asked): Query<Asked>) -> Shown<Page<LivePiece>> {
    let filter = understood(&web, &who, &asked);
    let names = web.hub().names.of(&web, who.centre()).await;
    let live = live_of(&web, &who, &asked, &filter, &names).await?;
    Ok(Page(LivePiece { t: who.manner.t, live }))
}

pub async fn show(State(web): State<Web>, who: Who, Query(asked): Query<Asked>) -> Shown<Page<List>> {
    let (frame, filter) = (who.frame(&web, Noun::Calls), understood(&web, &who, &asked));
    let names = web.hub().names.of(&web, who.centre()).await;
    let live = live_of(&web, &who, &asked, &filter, &names).await?;
    let mut away = false;
    let mut kept = Vec::new();
    if filter.lists() {
        // Live calls are shown without it.
        match web.db.list_calls(who.centre(), &filter.wanted, ROWS + 1).await {
            Ok(found) => kept = found,
            Err(StoreError::Away { why }) => {
                tracing::debug!(%why, "calls cannot be listed");
                away = true;
            }
            Err(error) => return Err(error.into()),
        }
    }
    let more = kept.len() > ROWS as usize;
    kept.truncate(ROWS as usize);
    let older = kept.last().filter(|_| more).map(|last| asked.address("/calls", Some((last.arrived, last.call))));
    let newest = filter.wanted.after.map(|_| asked.address("/calls", None));
    let t = frame.t;
    let plan = web.handle.plan(who.centre());
    let queues: Vec<String> =
        plan.map_or_else(Vec::new, |plan| plan.queues.keys().map(|queue| queue.to_string()).collect());
    Ok(Page(List {
        all: who.session.role >= Role::Supervisor,
        queues: those(&queues, &asked.queue),
        outcomes: outcomes(t, &asked),
        waits: waits(t, &asked),
        mistakes: filter.mistakes,
        rows: kept.iter().map(|call| row(t, &frame.zone, &names, call)).collect(),
        live,
        older,
        newest,
        away,
        asked,
        frame,
    }))
}

fn outcomes(t: Words, asked: &Asked) -> Vec<Choice> {
    let words = [("live", "calls-live"), ("asked", "calls-asked")]
        .into_iter()
        .chain(Outcome::ALL.into_iter().map(|outcome| (outcome.as_str(), outcome_word(outcome))));
    words.map(|(value, word)| Choice::of(value, t.say(word), &asked.outcome)).collect()
}

/// One that was asked for and is not among them, an old queue, stays what was asked for.
fn those(queues: &[String], asked: &str) -> Vec<Choice> {
    let own = Some(asked).filter(|own| !own.is_empty() && !queues.iter().any(|queue| queue == own));
    Choice::names(queues.iter().map(String::as_str).chain(own), asked)
}

fn waits(t: Words, asked: &Asked) -> Vec<Choice> {
    // One that is not among them stays what was asked for.
    let own = asked.waited.parse().ok().filter(|seconds| !WAITS.contains(seconds));
    WAITS
        .into_iter()
        .chain(own)
        .map(|seconds| {
            let word = t.with("calls-longer-than", "time", clock(seconds.saturating_mul(1000)));
            Choice::of(seconds.to_string(), word, &asked.waited)
        })
        .collect()
}

fn row(t: Words, zone: &Zone, names: &Names, call: &KeptCall) -> Row {
    let length = |time: Option<std::time::Duration>| {
        time.map_or_else(String::new, |time| clock(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)))
    };
    let outcome = call.ended.as_ref().map(|(_, outcome, _)| *outcome);
    Row {
        id: call.call.to_string(),
        at: zone.day_and_second(call.arrived),
        known: call.from.is_some(),
        from: text(call.from.as_ref()),
        name: text(call.name.as_ref()),
        to: call.to.to_string(),
        queue: text(call.queue.as_ref()),
        agent: call.agent.as_ref().map_or_else(String::new, |agent| called(names, agent)),
        waited: length(call.waited),
        talked: length(call.talked),
        class: outcome.map_or("away", outcome_class),
        outcome: outcome.map_or_else(String::new, |outcome| t.say(outcome_word(outcome))),
    }
}
