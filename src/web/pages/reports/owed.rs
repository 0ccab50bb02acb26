//! The report's line of call-backs: promised, kept and broken in the period, each number with a way to what it counts.

use axum::extract::{Query as Address, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::asked::{Asked, Query};
use super::queues::time;
use crate::reports::call_backs::{CallBackFigure, CallBackReport, CallBackTally};
use crate::routing::ids::QueueName;
use crate::web::Web;
use crate::web::pages::frame::{Frame, Noun};
use crate::web::pages::problem::{PageProblem, Shown};
use crate::web::pages::who::{Supervisor, Who};

/// The table of them; none where none was owed.
pub struct Owed {
    pub heads: Vec<&'static str>,
    pub lines: Vec<OwedLine>,
    pub csv: String,
}

pub struct OwedLine {
    pub queue: String,
    /// Each with the list behind it.
    pub counts: Vec<(u64, String)>,
    pub after: String,
    pub longest: String,
    pub balances: bool,
}

async fn made(web: &Web, who: &Who, asked: &Asked) -> Shown<CallBackReport> {
    let whole = asked.period.whole();
    let period = whole.from..whole.to;
    Ok(web.db.call_back_report(who.centre(), asked.queue.as_ref(), asked.view, &period).await?)
}

fn line(asked: &Asked, name: String, queue: Option<&QueueName>, tally: &CallBackTally) -> OwedLine {
    let count = |figure| (tally.count(figure), asked.promises(figure, queue));
    OwedLine {
        queue: name,
        counts: CallBackFigure::ALL.map(count).into(),
        after: time(tally.kept_after()),
        longest: time(tally.longest),
        balances: tally.balance().holds(),
    }
}

pub async fn drawn(web: &Web, who: &Who, frame: &Frame, asked: &Asked) -> Shown<Option<Owed>> {
    let report = made(web, who, asked).await?;
    if report.total.is_empty() {
        return Ok(None);
    }
    let language = frame.t.language();
    let mut lines: Vec<OwedLine> =
        report.queues.iter().map(|(queue, tally)| line(asked, queue.to_string(), Some(queue), tally)).collect();
    if asked.queue.is_none() {
        lines.push(line(asked, frame.t.say("report-total"), None, &report.total));
    }
    let heads = CallBackFigure::ALL.map(|figure| figure.words(language)).into();
    Ok(Some(Owed { heads, lines, csv: asked.call_backs_csv() }))
}

pub async fn csv(
    State(web): State<Web>,
    Supervisor(who): Supervisor,
    Address(query): Address<Query>,
) -> Shown<Response> {
    let frame = who.frame(&web, Noun::Reports);
    let asked = query.read(&frame).map_err(|error| PageProblem::Internal(error.to_string()))?;
    let sheet = made(&web, &who, &asked).await?.sheet(frame.t.language());
    let bytes = sheet.to_csv().map_err(|error| PageProblem::Internal(format!("a sheet: {error}")))?;
    let name = format!("call-backs-{}-{}.csv", asked.period.first, asked.period.last);
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, bytes).into_response())
}
