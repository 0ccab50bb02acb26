//! Call-backs that are or were owed, newest first, for supervisors: where each stands, and taking one back.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::response::Redirect;
use serde::Deserialize;

use super::list::{Names, called};
use super::told::broken_word;
use crate::calendar::Moment;
use crate::reports::View;
use crate::reports::call_backs::CallBackFigure;
use crate::routing::Input;
use crate::routing::held::HeldBack;
use crate::routing::ids::{CallId, QueueName};
use crate::routing::promise::PromiseSeen;
use crate::store::call_back_report::PromisesBehind;
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
    /// What the list is behind, where it is a report's.
    behind: Option<(String, String)>,
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
    /// A figure of a report, of which these are: its view and its period go with it.
    #[serde(default)]
    figure: String,
    #[serde(default)]
    view: String,
    since: Option<i64>,
    before: Option<i64>,
    /// The place behind which the page begins.
    #[serde(default)]
    after: String,
}

impl Asked {
    /// The report's figure that is asked for; what cannot be read as one is none that there is.
    fn behind(&self, queue: Option<QueueName>) -> Shown<Option<PromisesBehind>> {
        if self.figure.is_empty() {
            return Ok(None);
        }
        let figure = CallBackFigure::from_word(&self.figure).ok_or(PageProblem::NotFound)?;
        let view = View::ALL.into_iter().find(|view| view.as_str() == self.view).ok_or(PageProblem::NotFound)?;
        let (Some(since), Some(before)) = (self.since, self.before) else { return Err(PageProblem::NotFound) };
        let period = Moment::from_ms(since)..Moment::from_ms(before);
        Ok(Some(PromisesBehind { queue, figure, view, period }))
    }
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
    let (behind, after) = (asked.behind(queue.clone())?, place(&asked.after));
    let mut kept = match &behind {
        Some(behind) => web.db.promises_behind(who.centre(), behind, after, A_PAGE + 1).await?,
        None => web.db.promises(who.centre(), &WhichPromises { queue, after }, A_PAGE + 1).await?,
    };
    let more = kept.len() > A_PAGE as usize;
    kept.truncate(A_PAGE as usize);
    let older = kept.last().filter(|_| more).map(|last| spelled((last.made, last.promise)));
    let names = web.hub().names.of(&web, who.centre()).await;
    let live = web.handle.promises(who.centre()).await?;
    let live: BTreeMap<CallId, PromiseSeen> = live.into_iter().map(|seen| (seen.promise, seen)).collect();
    let rows = kept.iter().map(|one| line(&frame, &names, one, live.get(&one.promise))).collect();
    let mut queue = percent_encoding::utf8_percent_encode(&asked.queue, IN_QUERY).to_string();
    let behind = behind.map(|behind| {
        let PromisesBehind { figure, view, period, .. } = behind;
        let (since, before) = (period.start.as_ms(), period.end.as_ms());
        let _ = write!(queue, "&figure={}&view={}&since={since}&before={before}", figure.as_str(), view.as_str());
        let day = |at| frame.zone.day_and_minute(at);
        (figure.words(frame.t.language()).to_owned(), format!("{} – {}", day(period.start), day(period.end)))
    });
    Ok(Page(Show { rows, older, queue, behind, frame }))
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
