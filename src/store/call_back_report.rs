//! What the report reads of promises, and the promises behind each of its figures: the same rows by the same predicate
//! (`reports/call_backs.rs`).

use std::ops::Range;

use super::StoreError;
use super::driver::{Db, values};
use super::promises::{KeptPromise, MOST_LISTED, PromiseEnd};
use crate::calendar::Moment;
use crate::reports::View;
use crate::reports::call_backs::{CallBackFigure, CallBackReport, Owed};
use crate::routing::ids::{CallId, CentreName, QueueName};

/// Newest first: who was made before the period ended, and was not over when it began.
const BEHIND: &str = concat!(
    "SELECT m.promise, m.queue, m.promised_by, m.wished, m.of_call, m.made_ms, m.joined_ms, m.due_ms, m.tries, m.dial, ",
    "m.agent, m.ended_ms, m.how, m.ended_by, p.from_number FROM promises m ",
    "LEFT JOIN personal p ON p.centre = m.centre AND p.call = m.promise ",
    "WHERE m.centre = $1 AND (m.made_ms, m.promise) < ($2, $3) AND (m.ended_ms IS NULL OR m.ended_ms >= $4 ",
    "OR m.made_ms >= $4) AND (CAST($5 AS TEXT) IS NULL OR m.queue = $5) ORDER BY m.made_ms DESC, m.promise DESC LIMIT $6"
);

pub(super) const STATEMENTS: &[&str] = &[BEHIND];

/// Promises read at once.
const CHUNK: i64 = 1_000;

/// A figure of which the promises are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromisesBehind {
    /// `None`: of all queues together.
    pub queue: Option<QueueName>,
    pub figure: CallBackFigure,
    pub view: View,
    pub period: Range<Moment>,
}

impl KeptPromise {
    fn owed(&self) -> Owed {
        let how = |how| match how {
            PromiseEnd::Kept => None,
            PromiseEnd::Broken(why) => Some(why),
        };
        Owed { made: self.made, joined: self.joined, ended: self.ended.map(|(at, end)| (at, how(end))) }
    }
}

impl Db {
    async fn owed_in(
        &self,
        centre: &CentreName,
        queue: Option<&QueueName>,
        period: &Range<Moment>,
        before: (Moment, String),
    ) -> Result<Vec<KeptPromise>, StoreError> {
        let (at, id) = before;
        let queue = queue.map(QueueName::as_str);
        let values = values![centre.as_str(), at, id, period.start, queue, CHUNK];
        let rows = self.report_rows(BEHIND, values).await?;
        rows.iter().map(|row| KeptPromise::read(centre, row)).collect()
    }

    /// What was owed, promised, kept and broken in a period.
    ///
    /// # Errors
    /// `Away`, `Inconsistent`.
    pub async fn call_back_report(
        &self,
        centre: &CentreName,
        queue: Option<&QueueName>,
        view: View,
        period: &Range<Moment>,
    ) -> Result<CallBackReport, StoreError> {
        let mut report = CallBackReport::default();
        let mut before = (period.end, String::new());
        loop {
            let chunk = self.owed_in(centre, queue, period, before).await?;
            let Some(last) = chunk.last() else { return Ok(report) };
            before = (last.made, last.promise.to_string());
            chunk.iter().for_each(|kept| report.add(&kept.queue, &kept.owed(), view, period));
        }
    }

    /// Those that a figure counts, newest first: a page of at most `most`, after the last of the page before.
    ///
    /// # Errors
    /// `Away`, `Inconsistent`.
    pub async fn promises_behind(
        &self,
        centre: &CentreName,
        behind: &PromisesBehind,
        after: Option<(Moment, CallId)>,
        most: u32,
    ) -> Result<Vec<KeptPromise>, StoreError> {
        let most = usize::try_from(most.min(MOST_LISTED)).unwrap_or(0);
        let PromisesBehind { queue, figure, view, period } = behind;
        let mut before = after.map_or((period.end, String::new()), |(at, id)| (at, id.to_string()));
        let mut listed = Vec::new();
        while listed.len() < most {
            let chunk = self.owed_in(centre, queue.as_ref(), period, before).await?;
            let Some(last) = chunk.last() else { break };
            before = (last.made, last.promise.to_string());
            let counted = chunk.into_iter().filter(|kept| figure.counts(&kept.owed(), *view, period));
            listed.extend(counted.take(most - listed.len()));
        }
        Ok(listed)
    }
}
