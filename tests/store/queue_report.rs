//! The report *queue by interval*, from facts to figures, and the calls behind every one of them.

use std::collections::BTreeMap;
use std::time::Duration;

use cordboard::calendar::{Moment, Zone};
use cordboard::reports::{AllTerms, Figure, Interval, Period, Row, Terms, View, Width};
use cordboard::routing::fact::{Fact, Outcome};
use cordboard::routing::ids::QueueName;
use cordboard::store::queue_report::{Behind, KeptReport};
use cordboard::store::{Db, Recorded, Way};
use jiff::ToSpan;
use jiff::civil::date;
use sqlx::{Connection, Executor, SqliteConnection};

use crate::history::history;
use crate::shift::{at, centre};
use crate::{Both, rows};

fn terms() -> AllTerms {
    let of = |target| Terms { target: Duration::from_secs(target), short: Duration::from_secs(5) };
    let by_queue = BTreeMap::from([(QueueName::new("sales"), of(20)), (QueueName::new("quiet"), of(20))]);
    AllTerms { by_queue, otherwise: of(30) }
}

fn berlin(days: i64, width: Width) -> Period {
    let first = date(2026, 10, 25);
    Period::new(Zone::named("Europe/Berlin").expect("a zone"), first, first + (days - 1).days(), width).expect("days")
}

/// In pieces of this many facts.
pub async fn fill(db: &Db, told: &[(Moment, Fact)], piece: usize) {
    let entries: Vec<Recorded<'_>> = (1..)
        .zip(told)
        .map(|(seq, (at, fact))| Recorded { seq, at: *at, schema: 1, facts: std::slice::from_ref(fact) })
        .collect();
    let mut after = db.filled(&centre()).await.expect("a position").seq;
    for piece in entries.chunks(piece) {
        after = db.fill(&centre(), after, piece, Way::Whole).await.expect("filled").seq;
    }
}

async fn report(db: &Db, period: &Period) -> KeptReport {
    db.queue_report(&centre(), period, None, &terms()).await.expect("a report")
}

/// How many stays a figure lists, page by page.
async fn listed(db: &Db, queue: Option<&QueueName>, row: &Row, view: View, figure: Figure, page: u32) -> u64 {
    let behind = Behind { queue: queue.cloned(), figure, view, interval: row.interval, waited: None };
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let stays = db.stays_behind(&centre(), &behind, &terms(), after.as_ref(), page).await.expect("a page");
        let Some(last) = stays.last() else { break };
        after = Some(last.key());
        all.extend(stays);
    }
    let mut keys: Vec<(i64, i64)> = all.iter().map(|kept| (kept.seq, kept.n)).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), all.len(), "nothing is listed twice");
    all.len() as u64
}

#[tokio::test(flavor = "multi_thread")]
async fn every_figure_of_a_random_history_is_the_number_of_the_calls_behind_it() {
    let both = Both::new().await;
    let told = history(1_500, 1);
    let mut reports = Vec::new();
    for db in &both.all {
        fill(db, &told, 700).await;
        let period = berlin(2, Width::Hour);
        let kept = report(db, &period).await;
        assert_eq!(kept.report.unbalanced(), []);
        assert_eq!((kept.as_of, kept.remaking), (told.last().expect("some").0, false));
        let total = &kept.report.total;
        for figure in Figure::ALL {
            let counted = View::ALL.map(|view| total.view(view).count(figure));
            let nothing_makes_one_yet = [Figure::CalledBack, Figure::CalledBackInTarget].contains(&figure);
            assert!(counted.iter().any(|count| *count > 0) || nothing_makes_one_yet, "no {figure:?} in the history");
            for view in View::ALL {
                let all = listed(db, None, total, view, figure, 97).await;
                assert_eq!(all, total.view(view).count(figure), "{view:?} {figure:?} of all queues");
            }
        }
        for (queue, of) in &kept.report.queues {
            for row in [&of.total, &of.rows[2], &of.rows[3], &of.rows[30]] {
                for (view, figure) in View::ALL.into_iter().flat_map(|view| Figure::ALL.map(|figure| (view, figure))) {
                    let all = listed(db, Some(queue), row, view, figure, 1_000).await;
                    assert_eq!(
                        all,
                        row.view(view).count(figure),
                        "{view:?} {figure:?} of {queue} at {:?}",
                        row.interval
                    );
                }
            }
        }
        assert!(kept.report.queues[&QueueName::new("quiet")].total.is_empty(), "a queue without calls has its rows");
        reports.push(kept);
    }
    assert_eq!(reports[0], reports[1], "the same on both databases");
    let [sqlite, postgres] = &both.all;
    assert_eq!(rows(sqlite).await, rows(postgres).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_calls_that_reached_no_queue_are_counted_apart_and_listed() {
    let both = Both::new().await;
    let told = history(600, 2);
    for db in &both.all {
        fill(db, &told, 2_000).await;
        let kept = report(db, &berlin(2, Width::Day)).await;
        let (whole, before) = (kept.report.period.whole(), kept.report.before_total);
        for (outcome, count) in [
            (Outcome::Refused, before.refused),
            (Outcome::EndedByUs, before.ended_by_us),
            (Outcome::LeftInDialplan, before.left_in_dialplan),
        ] {
            let (mut all, mut after) = (0, None);
            loop {
                let page = db.calls_before_queue(&centre(), &whole, outcome, after, 7).await.expect("a page");
                let Some(last) = page.last() else { break };
                after = Some(*last);
                all += page.len() as u64;
            }
            assert!(count > 0);
            assert_eq!(all, count, "{outcome:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_longest_wait_opens_to_the_call_that_waited_it() {
    let both = Both::new().await;
    let told = history(400, 3);
    for db in &both.all {
        fill(db, &told, 2_000).await;
        let kept = report(db, &berlin(2, Width::Day)).await;
        let sales = QueueName::new("sales");
        for row in &kept.report.queues[&sales].rows {
            let waited = row.cohort.longest;
            let behind = Behind {
                queue: Some(sales.clone()),
                figure: Figure::Left,
                view: View::Cohort,
                interval: row.interval,
                waited,
            };
            let stays = db.stays_behind(&centre(), &behind, &terms(), None, 10).await.expect("a page");
            assert_eq!(stays.iter().map(|kept| kept.stay.waited()).collect::<Vec<_>>(), [waited]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_agent_did_for_a_call_is_told_apart_into_talk_hold_and_wrap_up() {
    let both = Both::new().await;
    let told = crate::shift::shift(10);
    let entries: Vec<Recorded<'_>> = (1..)
        .zip(&told)
        .map(|(seq, handled)| Recorded { seq, at: handled.at, schema: 1, facts: &handled.facts })
        .collect();
    for db in &both.all {
        db.filled(&centre()).await.expect("a position");
        // One entry a piece: what is in hand is found again every time.
        for (after, entry) in (0..).zip(&entries) {
            db.fill(&centre(), after, std::slice::from_ref(entry), Way::Whole).await.expect("filled");
        }
        let day = Zone::UTC.shown(at(0)).clock.date();
        let period = Period::new(Zone::UTC, day, day, Width::Day).expect("a day");
        let total = report(db, &period).await.report.total;
        assert_eq!(total.cohort.count(Figure::Handled), 4);
        let mean = total.cohort.handle_time().expect("some were handled");
        assert_eq!((mean.talk, mean.hold, mean.wrap_up), (Duration::from_millis(380), Duration::ZERO, Duration::ZERO));
        assert_eq!(total.cohort.speed_of_answer(), Some(Duration::from_millis(410)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_does_not_balance_is_shown_as_such() {
    let both = Both::new().await;
    let [sqlite, _] = &both.all;
    fill(sqlite, &history(100, 4), 500).await;
    let address = format!("sqlite:{}", both.file.display());
    let mut hand = SqliteConnection::connect(&address).await.expect("a connection");
    hand.execute(
        "UPDATE queue_stays SET how = NULL WHERE (seq, n) = \
         (SELECT seq, n FROM queue_stays WHERE how = 'connected' ORDER BY left_ms DESC LIMIT 1)",
    )
    .await
    .expect("a row that we never write");
    let kept = report(sqlite, &berlin(4, Width::Day)).await;
    let unbalanced = kept.report.unbalanced();
    assert!(!unbalanced.is_empty() && !kept.report.total.balances());
    assert!(kept.report.total.cohort.came() > 0, "the figures are there all the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_set_back_loses_no_call_of_a_report() {
    let both = Both::new().await;
    let [sqlite, _] = &both.all;
    fill(sqlite, &history(200, 5), 500).await;
    let address = format!("sqlite:{}", both.file.display());
    let mut hand = SqliteConnection::connect(&address).await.expect("a connection");
    hand.execute("UPDATE queue_stays SET left_ms = joined_ms - 90000000 WHERE how = 'abandoned'").await.expect("done");
    let period = berlin(1, Width::Hour);
    let kept = report(sqlite, &period).await;
    assert_eq!(kept.report.unbalanced(), []);
    let whole: Interval = period.whole();
    let row = Row { interval: whole, ..kept.report.total.clone() };
    for figure in [Figure::ShortAbandoned, Figure::Abandoned, Figure::Offered] {
        let all = listed(sqlite, None, &row, View::Flow, figure, 50).await;
        assert_eq!(all, kept.report.total.flow.count(figure), "{figure:?}");
    }
    assert!(kept.report.total.flow.count(Figure::ShortAbandoned) > 0);
}
