//! Call-backs that are or were owed, newest first, for supervisors: where each stands, and taking one back.

use std::collections::BTreeMap;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::response::Redirect;
use serde::Deserialize;

use super::list::{Names, called};
use super::told::broken_word;
use crate::routing::Input;
use crate::routing::held::HeldBack;
use crate::routing::ids::{CallId, QueueName};
use crate::routing::promise::PromiseSeen;
use crate::store::promises::{KeptPromise, PromiseEnd, WhichPromises};
use crate::web::Web;
use crate::web::pages::frame::{Frame, Noun, Page};
use crate::web::pages::login::IN_QUERY;
use crate::web::pages::problem::{PageProblem, Shown};
use crate::web::pages::who::Supervisor;
use crate::web::place::{place, spelled};

/// Promises of a page.
const A_PAGE: u32 = 50;

#[derive(Template)]
#[template(path = "calls/owed.html")]
pub struct Show {
    frame: Frame,
    queue: String,
    rows: Vec<Line>,
    older: Option<String>,
}

struct Line {
    promise: CallId,
    made: String,
    number: String,
    queue: String,
    by: String,
    /// When its turn is by the clock, or was to be.
    due: String,
    tries: u32,
    agent: String,
    class: &'static str,
    stands: &'static str,
    /// Why nobody is sought for it just now, and until when.
    held: Option<&'static str>,
    held_until: Option<String>,
    /// Nobody is talked with yet.
    may_be_taken_back: bool,
}

#[derive(Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    queue: String,
    /// The place behind which the page begins.
    #[serde(default)]
    after: String,
}

/// The lamp and the word of how it stands.
fn stands(kept: &KeptPromise, live: Option<&PromiseSeen>) -> (&'static str, &'static str) {
    match (kept.ended, live.map(|live| live.stage)) {
        (Some((_, PromiseEnd::Kept)), _) => ("idle", "promise-kept"),
        (Some((_, PromiseEnd::Broken(why))), _) => ("missed", broken_word(why)),
        (None, Some("scheduled")) => ("away", "promise-scheduled"),
        (None, Some("picked_up")) => ("talking", "promise-picked-up"),
        (None, Some("dialling")) => ("ringing", "promise-dialling"),
        (None, Some("resting")) => ("missed", "promise-resting"),
        (None, Some(_)) => ("wrapup", "promise-waiting"),
        // Over, and the database does not have it yet.
        (None, None) => ("away", "promise-over"),
    }
}

const fn held_word(why: HeldBack) -> &'static str {
    match why {
        HeldBack::OnTheLine => "held-on-the-line",
        HeldBack::NotAllowed => "held-not-allowed",
        HeldBack::Closed => "held-closed",
        HeldBack::DialledTooMuch => "held-dialled-too-much",
        HeldBack::SwitchAway => "held-switch-away",
    }
}

fn line(frame: &Frame, names: &Names, kept: &KeptPromise, live: Option<&PromiseSeen>) -> Line {
    let (class, stands) = stands(kept, live);
    let due = live.map_or(kept.due, |live| live.due_ms);
    let held = live.filter(|_| kept.ended.is_none()).and_then(|live| Some((live.held_back?, live.held_until_ms)));
    Line {
        promise: kept.promise,
        made: frame.zone.day_and_second(kept.made),
        number: kept.number.as_ref().map_or_else(|| frame.t.say("calls-erased"), ToString::to_string),
        queue: kept.queue.to_string(),
        by: kept.by.as_ref().map_or_else(|| frame.t.say("promise-by-caller"), |by| called(names, by)),
        due: due.map(|due| frame.zone.day_and_second(due)).unwrap_or_default(),
        tries: kept.tries,
        agent: kept.agent.as_ref().map(|agent| called(names, agent)).unwrap_or_default(),
        class,
        stands,
        held: held.map(|(why, _)| held_word(why)),
        held_until: held.and_then(|(_, until)| until).map(|until| frame.zone.day_and_second(until)),
        may_be_taken_back: live.is_some(),
    }
}

pub async fn show(
    State(web): State<Web>,
    Supervisor(who): Supervisor,
    Query(asked): Query<Asked>,
) -> Shown<Page<Show>> {
    let frame = who.frame(&web, Noun::Calls);
    let queue = (!asked.queue.is_empty()).then(|| QueueName::new(&asked.queue));
    let which = WhichPromises { queue, after: place(&asked.after) };
    let mut kept = web.db.promises(who.centre(), &which, A_PAGE + 1).await?;
    let more = kept.len() > A_PAGE as usize;
    kept.truncate(A_PAGE as usize);
    let older = kept.last().filter(|_| more).map(|last| spelled((last.made, last.promise)));
    let names = web.hub().names.of(&web, who.centre()).await;
    let live = web.handle.promises(who.centre()).await?;
    let live: BTreeMap<CallId, PromiseSeen> = live.into_iter().map(|seen| (seen.promise, seen)).collect();
    let rows = kept.iter().map(|one| line(&frame, &names, one, live.get(&one.promise))).collect();
    let queue = percent_encoding::utf8_percent_encode(&asked.queue, IN_QUERY).to_string();
    Ok(Page(Show { rows, older, queue, frame }))
}

#[derive(Deserialize)]
pub struct Cancelled {
    promise: String,
}

/// Nobody is called any more.
pub async fn cancel(
    State(web): State<Web>,
    Supervisor(who): Supervisor,
    Form(Cancelled { promise }): Form<Cancelled>,
) -> Shown<Redirect> {
    let promise: CallId = promise.parse().map_err(|_| PageProblem::NotFound)?;
    web.handle.tell(who.centre(), Input::PromiseCancelled { promise, by: who.agent().clone() }).await?;
    Ok(Redirect::to("/calls/owed"))
}
