//! Call-backs that are or were owed, newest first, for supervisors: where each stands, and taking one back.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::response::Redirect;
use serde::Deserialize;

use super::list::Names;
use crate::calendar::Moment;
use crate::dialplan::Centre;
use crate::reports::View;
use crate::reports::call_backs::CallBackFigure;
use crate::routing::Input;
use crate::routing::held::HeldBack;
use crate::routing::ids::{AgentName, CallId, QueueName};
use crate::routing::promise::PromiseSeen;
use crate::store::call_back_report::PromisesBehind;
use crate::store::promises::{KeptPromise, PromiseEnd, WhichPromises};
use crate::web::Web;
use crate::web::pages::author::author;
use crate::web::pages::frame::{Frame, Noun, Page};
use crate::web::pages::login::IN_QUERY;
use crate::web::pages::problem::{PageProblem, Shown};
use crate::web::pages::who::Supervisor;
use crate::web::pages::words::Words;
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
    /// Who is to have it before others.
    wished: String,
    /// When its turn is by the clock, or was to be.
    due: String,
    /// How often it was rung in vain, and how often it may be; nothing where it never was.
    tries: String,
    class: &'static str,
    stands: String,
    /// Who keeps it, or kept it, or took it back, and when it was over.
    who: String,
    over: Option<String>,
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

/// The lamp and the word of how it stands; of one that is over, the word that the report counts it by.
fn stands(t: Words, kept: &KeptPromise, live: Option<&PromiseSeen>) -> (&'static str, String) {
    let counted = |figure: CallBackFigure| figure.words(t.language()).to_owned();
    match (kept.ended, live.map(|live| live.stage)) {
        (Some((_, PromiseEnd::Kept)), _) => ("idle", counted(CallBackFigure::Kept)),
        (Some((_, PromiseEnd::Broken(why))), _) => ("missed", counted(CallBackFigure::Broken(why))),
        (None, Some("scheduled")) => ("away", t.say("promise-scheduled")),
        (None, Some("picked_up")) => ("talking", t.say("promise-picked-up")),
        (None, Some("dialling")) => ("ringing", t.say("promise-dialling")),
        (None, Some("resting")) => ("missed", t.say("promise-resting")),
        (None, Some(_)) => ("wrapup", t.say("promise-waiting")),
        // Over, and the database does not have it yet.
        (None, None) => ("away", t.say("promise-over")),
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

/// How often the number was rung in vain: of one that is owed, of how many times.
fn tries(t: Words, plan: &Centre, kept: &KeptPromise, live: Option<&PromiseSeen>) -> String {
    let tried = live.map_or(kept.tries, |live| live.tries);
    let most = live.and_then(|_| plan.queues.get(&kept.queue)).map(|rules| rules.call_back.tries);
    match (tried, most) {
        (0, _) => String::new(),
        (tried, Some(most)) => t.with_two("owed-tried-of", "n", tried, "most", most),
        (tried, None) => t.count("owed-tried", tried),
    }
}

fn line(frame: &Frame, plan: &Centre, names: &Names, kept: &KeptPromise, live: Option<&PromiseSeen>) -> Line {
    let t = frame.t;
    let live = live.filter(|_| kept.ended.is_none());
    let (class, stands) = stands(t, kept, live);
    let due = live.map_or(kept.due, |live| live.due_ms);
    let held = live.and_then(|live| Some((live.held_back?, live.held_until_ms)));
    let named = |who: &Option<AgentName>| who.as_ref().map_or_else(String::new, |who| author(t, names, who));
    let who = match (kept.ended, live) {
        (Some((_, PromiseEnd::Kept)), _) => named(&kept.agent),
        (Some((_, PromiseEnd::Broken(_))), _) => named(&kept.ended_by),
        (None, Some(live)) => named(&live.agent),
        (None, None) => String::new(),
    };
    Line {
        promise: kept.promise,
        made: frame.zone.day_and_minute(kept.made),
        number: kept.number.as_ref().map_or_else(|| t.say("calls-erased"), ToString::to_string),
        queue: kept.queue.to_string(),
        by: kept.by.as_ref().map_or_else(|| t.say("promise-by-caller"), |by| author(t, names, by)),
        wished: named(&kept.wished),
        due: due.map(|due| frame.zone.day_and_minute(due)).unwrap_or_default(),
        tries: tries(t, plan, kept, live),
        class,
        stands,
        who,
        over: kept.ended.map(|(at, _)| frame.zone.day_and_minute(at)),
        held: held.map(|(why, _)| held_word(why)),
        held_until: held.and_then(|(_, until)| until).map(|until| frame.zone.day_and_minute(until)),
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
    let plan = web.handle.plan(who.centre()).ok_or(PageProblem::Away)?;
    let rows = kept.iter().map(|one| line(&frame, &plan, &names, one, live.get(&one.promise))).collect();
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
