//! The calls behind a figure: exactly those it counts, by the same rule.

use askama::Template;
use axum::extract::{Query as Address, State};
use serde::Deserialize;

use super::asked::{Query, terms};
use crate::calendar::Moment;
use crate::reports::{Figure, Interval, StayEnd};
use crate::routing::ids::QueueName;
use crate::store::queue_report::{Behind, KeptStay, StayKey};
use crate::web::Web;
use crate::web::pages::frame::{Frame, Noun, Page};
use crate::web::pages::problem::{PageProblem, Shown};
use crate::web::pages::who::Supervisor;
use crate::web::pages::words::clock;

/// Calls on one page.
const A_PAGE: u32 = 100;

#[derive(Deserialize)]
pub struct Wanted {
    figure: String,
    since: i64,
    before: i64,
    /// Behind this one: queue, joined, seq, n.
    after: Option<String>,
}

#[derive(Template)]
#[template(path = "reports/calls.html")]
pub struct Calls {
    frame: Frame,
    queue: String,
    figure: &'static str,
    from: String,
    to: String,
    back: String,
    rows: Vec<Row>,
    more: Option<String>,
}

struct Row {
    call: String,
    queue: String,
    joined: String,
    waited: String,
    agent: String,
    how: String,
}

pub async fn show(
    State(web): State<Web>,
    Supervisor(who): Supervisor,
    Address(query): Address<Query>,
    Address(wanted): Address<Wanted>,
) -> Shown<Page<Calls>> {
    let frame = who.frame(&web, Noun::Reports);
    let asked = query.read(&frame).map_err(|error| PageProblem::Internal(error.to_string()))?;
    let figure =
        Figure::ALL.into_iter().find(|figure| figure.as_str() == wanted.figure).ok_or(PageProblem::NotFound)?;
    let plan = web.handle.plan(who.centre()).ok_or(PageProblem::Away)?;
    let (from, to) = (Moment::from_ms(wanted.since), Moment::from_ms(wanted.before));
    // A row or the total of the period that is asked for, and nothing else.
    let whole = asked.period.whole();
    let one = asked.period.intervals().iter().find(|interval| interval.from == from && interval.to == to);
    let interval: Interval = match one {
        Some(interval) => *interval,
        None if whole.from == from && whole.to == to => whole,
        None => return Err(PageProblem::NotFound),
    };
    let behind = Behind { queue: asked.queue.clone(), figure, view: asked.view, interval, waited: None };
    let after = wanted.after.as_deref().map(key).transpose()?;
    let stays = web.db.stays_behind(who.centre(), &behind, &terms(&plan), after.as_ref(), A_PAGE).await?;
    let t = frame.t;
    let here = asked.calls(figure, &interval);
    let full = stays.len() == A_PAGE as usize;
    let more = stays.last().filter(|_| full).map(|last| format!("{here}&after={}", spelled(&last.key())));
    let rows = stays.iter().map(|kept| row(&frame, kept)).collect();
    Ok(Page(Calls {
        queue: asked.queue.as_ref().map_or_else(|| t.say("report-all-queues"), QueueName::to_string),
        figure: figure.words(t.language()),
        from: frame.zone.day_and_minute(interval.from),
        to: frame.zone.day_and_minute(interval.to),
        back: asked.page(),
        rows,
        more,
        frame,
    }))
}

fn row(frame: &Frame, kept: &KeptStay) -> Row {
    let t = frame.t;
    Row {
        call: kept.stay.call.to_string(),
        queue: kept.queue.to_string(),
        joined: frame.zone.day_and_second(kept.stay.joined),
        waited: kept
            .stay
            .waited()
            .map_or_else(|| "–".into(), |waited| clock(u64::try_from(waited.as_millis()).unwrap_or(u64::MAX))),
        agent: kept.agent.as_ref().map_or_else(String::new, ToString::to_string),
        how: kept.stay.how.map_or_else(|| t.say("stay-waits"), |how| t.say(stay_word(how))),
    }
}

const fn stay_word(how: StayEnd) -> &'static str {
    match how {
        StayEnd::Connected => "stay-connected",
        StayEnd::Abandoned => "stay-abandoned",
        StayEnd::Waited => "stay-waited",
        StayEnd::Moved => "stay-moved",
        StayEnd::CalledBack => "stay-called-back",
        StayEnd::EndedByUs => "stay-ended-by-us",
        StayEnd::EndedUnseen => "stay-ended-unseen",
        StayEnd::Full => "stay-full",
        StayEnd::NobodyLoggedIn => "stay-nobody",
    }
}

fn spelled(key: &StayKey) -> String {
    let text = format!("{}/{}/{}/{}", key.joined.as_ms(), key.seq, key.n, key.queue);
    percent_encoding::utf8_percent_encode(&text, crate::web::pages::login::IN_QUERY).to_string()
}

fn key(text: &str) -> Shown<StayKey> {
    let mut parts = text.splitn(4, '/');
    let mut number = || parts.next().and_then(|part| part.parse::<i64>().ok()).ok_or(PageProblem::NotFound);
    let (joined, seq, n) = (Moment::from_ms(number()?), number()?, number()?);
    let queue = parts.next().map(QueueName::new).ok_or(PageProblem::NotFound)?;
    Ok(StayKey { queue, joined, seq, n })
}
