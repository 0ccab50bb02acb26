//! Queue by interval: the page, the print of it, and the same for a spreadsheet.

use std::time::Duration;

use askama::Template;
use axum::extract::{Query as Address, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::asked::{Asked, Query, terms};
use super::owed::{self, Owed};
use crate::dialplan::{Centre, Language};
use crate::reports::chart::Chart;
use crate::reports::{BeforeQueue, Figure, Interval, QueueReport, Row, ServiceLevel, Share, View, Width};
use crate::routing::ids::QueueName;
use crate::store::queue_report::KeptReport;
use crate::web::Web;
use crate::web::pages::frame::{Frame, Noun, Page};
use crate::web::pages::problem::{PageProblem, Shown};
use crate::web::pages::who::{Supervisor, Who};
use crate::web::pages::words::clock;

/// The columns that are always there; the others only where something is in them.
const ALWAYS: [Figure; 4] = [Figure::Offered, Figure::Answered, Figure::Abandoned, Figure::StillWaiting];
/// Counted apart: no term of the balance.
const APART: [Figure; 3] = [Figure::ShortAbandoned, Figure::Full, Figure::NobodyLoggedIn];

#[derive(Template)]
#[template(path = "reports/queues.html")]
pub struct Queues {
    frame: Frame,
    asked: Asked,
    queue: String,
    queues: Vec<(String, bool)>,
    widths: Vec<(&'static str, String, bool)>,
    views: Vec<(&'static str, &'static str, bool)>,
    formulas: Vec<(&'static str, &'static str, bool)>,
    came: Vec<Figure>,
    went: Vec<Figure>,
    apart: Vec<Figure>,
    lines: Vec<Line>,
    total: Line,
    chart: Chart,
    level: String,
    /// What T is.
    target: Option<String>,
    before: Vec<(String, u64)>,
    owed: Option<Owed>,
    as_of: String,
    remaking: bool,
    unbalanced: Option<String>,
    definitions: Vec<(String, String)>,
}

/// A row.
struct Line {
    label: String,
    exact: String,
    counts: Vec<Count>,
    level: String,
    rate: String,
    speed: String,
    handle: String,
    longest: String,
    balances: bool,
}

/// A figure that opens to its calls.
struct Count {
    n: u64,
    href: String,
    /// The first of its kind: a line stands before it.
    begins: bool,
}

impl Queues {
    fn language(&self) -> Language {
        self.frame.t.language()
    }

    fn columns(&self) -> usize {
        self.came.len() + self.went.len() + self.apart.len()
    }
}

fn percent(share: Share) -> String {
    share.percent().map_or_else(|| "–".into(), |percent| format!("{percent:.1}"))
}

pub(super) fn time(time: Option<Duration>) -> String {
    time.map_or_else(|| "–".into(), |time| clock(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)))
}

fn label(interval: &Interval, width: Width, days: bool) -> String {
    let at = interval.shown.clock;
    let again = if interval.again { "′" } else { "" };
    match width {
        Width::Quarter | Width::Half | Width::Hour if days => {
            format!("{:02}-{:02} {:02}:{:02}{again}", at.month(), at.day(), at.hour(), at.minute())
        }
        Width::Quarter | Width::Half | Width::Hour => format!("{:02}:{:02}{again}", at.hour(), at.minute()),
        Width::Day => at.date().to_string(),
        Width::Month => format!("{}-{:02}", at.year(), at.month()),
    }
}

struct Columns {
    came: Vec<Figure>,
    went: Vec<Figure>,
    apart: Vec<Figure>,
}

impl Columns {
    /// What has nothing in all of the period is left out: a column of noughts is read by nobody.
    fn of(total: &Row, view: View) -> Self {
        let shown = |figure: &Figure| ALWAYS.contains(figure) || total.view(view).count(*figure) > 0;
        // What was carried over into a row may be out of it again in the total.
        let carried = |figure: &Figure| *figure == Figure::CarriedOver && view == View::Flow;
        Self {
            came: Figure::CAME.into_iter().filter(|figure| carried(figure) || shown(figure)).collect(),
            went: Figure::WENT.into_iter().filter(shown).collect(),
            apart: APART
                .into_iter()
                .filter(|figure| total.view(view).count(*figure) > 0 || *figure == Figure::ShortAbandoned)
                .collect(),
        }
    }
}

fn line(asked: &Asked, columns: &Columns, row: &Row, label: String, exact: String) -> Line {
    let count = |figure: &Figure, first: bool| Count {
        n: row.view(asked.view).count(*figure),
        href: asked.calls(*figure, &row.interval),
        begins: first,
    };
    let group =
        |figures: &[Figure]| figures.iter().enumerate().map(|(at, figure)| count(figure, at == 0)).collect::<Vec<_>>();
    let mut counts = group(&columns.came);
    counts.extend(group(&columns.went));
    counts.extend(group(&columns.apart));
    let handle = row.cohort.handle_time();
    let rate = if asked.queue.is_some() { row.connection_rate() } else { row.connection_rate_of_callers() };
    Line {
        label,
        exact,
        counts,
        level: percent(row.service_level(asked.formula)),
        rate: percent(rate),
        speed: time(row.cohort.speed_of_answer()),
        handle: time(handle.map(|handle| handle.talk + handle.hold + handle.wrap_up)),
        longest: time(row.cohort.longest),
        balances: row.balances(),
    }
}

/// The rows of what is asked for, and their total.
fn rows<'r>(report: &'r QueueReport, queue: Option<&QueueName>) -> Option<(&'r [Row], &'r Row)> {
    match queue {
        Some(queue) => report.queues.get(queue).map(|of| (of.rows.as_slice(), &of.total)),
        None => Some((report.all.as_slice(), &report.total)),
    }
}

async fn made(web: &Web, who: &Who, asked: &Asked) -> Shown<KeptReport> {
    let plan = web.handle.plan(who.centre()).ok_or(PageProblem::Away)?;
    let only = asked.queue.iter().cloned().collect();
    let queues = asked.queue.as_ref().map(|_| &only);
    Ok(web.db.queue_report(who.centre(), &asked.period, queues, &terms(&plan)).await?)
}

/// A month of half hours is two thousand rows: drawn, as it is made, where no call waits for it.
pub async fn show(
    State(web): State<Web>,
    Supervisor(who): Supervisor,
    Address(query): Address<Query>,
) -> Shown<Response> {
    let db = web.db.clone();
    db.behind_others(drawn(web, who, query)).await?
}

async fn drawn(web: Web, who: Who, query: Query) -> Shown<Response> {
    let frame = who.frame(&web, Noun::Reports);
    let asked = query.read(&frame).map_err(|error| PageProblem::Internal(error.to_string()))?;
    let plan = web.handle.plan(who.centre()).ok_or(PageProblem::Away)?;
    let KeptReport { report, as_of, remaking } = made(&web, &who, &asked).await?;
    let (rows, total) = rows(&report, asked.queue.as_ref()).ok_or(PageProblem::NotFound)?;
    let columns = Columns::of(total, asked.view);
    let days = asked.period.first != asked.period.last;
    let width = asked.period.width;
    let zone = &frame.zone;
    let lines = rows.iter().map(|row| {
        let exact = format!("{} – {}", zone.day_and_minute(row.interval.from), zone.day_and_minute(row.interval.to));
        line(&asked, &columns, row, label(&row.interval, width, days), exact)
    });
    let lines: Vec<Line> = lines.collect();
    let t = frame.t;
    let language = t.language();
    let total_line = line(&asked, &columns, total, t.say("report-total"), String::new());
    let target = target(&frame, &asked, &plan);
    let owed = owed::drawn(&web, &who, &frame, &asked).await?;
    let definitions = definitions(&frame, &columns, asked.formula);
    let queues = plan.queues.keys().map(|name| (name.to_string(), asked.queue.as_ref() == Some(name))).collect();
    let Columns { came, went, apart } = columns;
    let queue = asked.queue.as_ref().map_or_else(|| t.say("report-all-queues"), QueueName::to_string);
    Ok(Page(Queues {
        queue,
        queues,
        widths: Width::ALL.map(|one| (one.as_str(), t.say(width_word(one)), one == width)).into(),
        views: View::ALL.map(|one| (one.as_str(), one.words(language), one == asked.view)).into(),
        formulas: ServiceLevel::ALL.map(|one| (one.as_str(), one.name(language), one == asked.formula)).into(),
        came,
        went,
        apart,
        chart: Chart::new(rows, width, asked.formula, None),
        level: percent(total.service_level(asked.formula)),
        target,
        before: before(&frame, &report.before_total),
        owed,
        as_of: zone.day_and_second(as_of),
        remaking,
        unbalanced: Some(report.unbalanced().len()).filter(|n| *n > 0).map(|n| t.count("report-unbalanced", n)),
        lines,
        total: total_line,
        definitions,
        asked,
        frame,
    })
    .into_response())
}

/// The service level's T: one number of seconds, or each queue's own.
fn target(frame: &Frame, asked: &Asked, plan: &Centre) -> Option<String> {
    let asked_for = plan.queues.iter().filter(|(name, _)| asked.queue.as_ref().is_none_or(|queue| queue == *name));
    let mut targets: Vec<u64> = asked_for.map(|(_, rules)| rules.target.as_secs()).collect();
    targets.dedup();
    match targets.as_slice() {
        [] => None,
        [one] => Some(frame.t.with("report-target", "seconds", one.to_string())),
        [..] => Some(frame.t.say("report-own-targets")),
    }
}

const fn width_word(width: Width) -> &'static str {
    match width {
        Width::Quarter => "report-quarter",
        Width::Half => "report-half",
        Width::Hour => "report-hour",
        Width::Day => "report-day",
        Width::Month => "report-month",
    }
}

/// Calls that never came to a queue, beside the connection rate.
fn before(frame: &Frame, before: &BeforeQueue) -> Vec<(String, u64)> {
    [
        ("report-refused", before.refused),
        ("report-left-in-dialplan", before.left_in_dialplan),
        ("report-ended-by-us", before.ended_by_us),
        ("report-ended-unseen", before.ended_unseen),
        ("report-transferred-out", before.transferred_out),
    ]
    .map(|(text, n)| (frame.t.say(text), n))
    .into()
}

/// What each column means, on the page itself.
fn definitions(frame: &Frame, columns: &Columns, formula: ServiceLevel) -> Vec<(String, String)> {
    let (t, language) = (frame.t, frame.t.language());
    let figures = columns.came.iter().chain(&columns.went).chain(&columns.apart);
    let mut all: Vec<(String, String)> = figures
        .map(|figure| {
            (figure.words(language).to_owned(), t.say(&format!("figure-{}", figure.as_str().replace('_', "-"))))
        })
        .collect();
    all.push((t.say("report-level"), format!("{}: {}", formula.name(language), formula.words(language))));
    for (name, is) in [
        ("report-rate", "report-rate-is"),
        ("report-speed", "report-speed-is"),
        ("report-handle", "report-handle-is"),
        ("report-longest", "report-longest-is"),
    ] {
        all.push((t.say(name), t.say(is)));
    }
    all
}

pub async fn csv(
    State(web): State<Web>,
    Supervisor(who): Supervisor,
    Address(query): Address<Query>,
) -> Shown<Response> {
    let db = web.db.clone();
    db.behind_others(written(web, who, query)).await?
}

async fn written(web: Web, who: Who, query: Query) -> Shown<Response> {
    let frame = who.frame(&web, Noun::Reports);
    let asked = query.read(&frame).map_err(|error| PageProblem::Internal(error.to_string()))?;
    let KeptReport { report, .. } = made(&web, &who, &asked).await?;
    let sheet = report.sheet(frame.t.language(), asked.view, asked.formula);
    let bytes = sheet.to_csv().map_err(|error| PageProblem::Internal(format!("a sheet: {error}")))?;
    let name = format!("queues-{}-{}.csv", asked.period.first, asked.period.last);
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, bytes).into_response())
}
