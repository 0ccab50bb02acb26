//! What the report *queue by interval* reads, and the calls behind each of its figures.
//!
//! Stays are read a few thousand at a time, on connections and a thread of their own (`aside.rs`), and folded as they come: a
//! month's report holds up neither the filler nor a page nor a decision, and no memory. What is counted and what is listed comes through the same reading
//! and the same predicate (`reports/figure.rs`). Every stay is read once and counted whole, so that a report balances
//! although calls come and go while it reads.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tracing::error;

use super::StoreError;
use super::driver::{Db, Row, values};
use crate::calendar::Moment;
use crate::reports::queue_by_interval::Fold;
use crate::reports::{
    AllTerms, Asked, BeforeQueue, Figure, Handling, Interval, OfQueue, Period, QueueReport, Stay, StayEnd, View,
};
use crate::routing::fact::Outcome;
use crate::routing::ids::{AgentName, CallId, CentreName, QueueName};

const TABLE: &str = "queue_stays";
const QUEUE_AFTER: &str = "SELECT queue FROM queue_stays WHERE centre = $1 AND queue > $2 ORDER BY queue LIMIT 1";
const LONGEST: &str = "SELECT left_ms - joined_ms AS ms FROM queue_stays \
     WHERE centre = $1 AND queue = $2 AND left_ms IS NOT NULL ORDER BY left_ms - joined_ms DESC LIMIT 1";
// A stay that left before it joined (a clock was set back) left as it joined.
const STAYS: &str = "SELECT seq, n, call, joined_ms, came_from, went_to, left_ms, how, agent, talk_ms, hold_ms, wrap_up_ms, \
     part FROM queue_stays WHERE centre = $1 AND queue = $2 AND (joined_ms, seq, n) > ($3, $4, $5) AND joined_ms < $6 \
     AND (left_ms IS NULL OR left_ms >= $7 OR joined_ms >= $7) AND (CAST($8 AS TEXT) IS NULL OR how = $8) \
     ORDER BY joined_ms, seq, n LIMIT $9";
const LASTING: &str = "SELECT seq, n, call, joined_ms, came_from, went_to, left_ms, how, agent, talk_ms, hold_ms, wrap_up_ms, \
     part FROM queue_stays WHERE centre = $1 AND queue = $2 AND (joined_ms, seq, n) > ($3, $4, $5) AND joined_ms < $6 \
     AND left_ms IS NULL ORDER BY joined_ms, seq, n LIMIT $7";
const BEFORE_QUEUE: &str = "SELECT call, arrived_ms, outcome FROM calls WHERE centre = $1 AND queued_ms IS NULL \
     AND ended_ms IS NOT NULL AND (arrived_ms, call) > ($2, $3) AND arrived_ms < $4 \
     AND (CAST($5 AS TEXT) IS NULL OR outcome = $5) ORDER BY arrived_ms, call LIMIT $6";
const AS_OF: &str = "SELECT last_at_ms FROM filled WHERE centre = $1";

pub(super) const STATEMENTS: &[&str] = &[QUEUE_AFTER, LONGEST, STAYS, LASTING, BEFORE_QUEUE, AS_OF];

/// Stays read at once: few milliseconds of work between two chances for others.
const CHUNK: u32 = 4_000;
/// A whole report. Ten times what a month of 200,000 calls takes.
const REPORT_LIMIT: Duration = Duration::from_secs(60);
/// Queues of one centre in a report: beyond what anybody names; the names come from YAML, of which there may be many versions.
const MOST_QUEUES: usize = 1_000;
/// The most rows of one page of a list.
pub const MOST_LISTED: u32 = 1_000;

/// A report, and how far what it was made of had come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptReport {
    pub report: QueueReport,
    /// What happened later is not in it.
    pub as_of: Moment,
    /// Stays are being made anew from facts: older ones are in it, newer ones are not yet.
    pub remaking: bool,
}

/// A stay as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptStay {
    pub queue: QueueName,
    pub seq: i64,
    pub n: i64,
    pub stay: Stay,
    pub came_from: Option<QueueName>,
    pub went_to: Option<QueueName>,
    /// Who answered.
    pub agent: Option<AgentName>,
}

/// Where a page of a list ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StayKey {
    pub queue: QueueName,
    pub joined: Moment,
    pub seq: i64,
    pub n: i64,
}

/// A figure of which the calls are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behind {
    /// `None`: of all queues together.
    pub queue: Option<QueueName>,
    pub figure: Figure,
    pub view: View,
    pub interval: Interval,
    /// Only those who waited so long and longer.
    pub waited: Option<Duration>,
}

impl KeptStay {
    pub fn key(&self) -> StayKey {
        StayKey { queue: self.queue.clone(), joined: self.stay.joined, seq: self.seq, n: self.n }
    }

    fn read(centre: &CentreName, queue: &QueueName, row: &Row) -> Result<Self, StoreError> {
        let (seq, n) = (row.number(TABLE, "seq")?, row.number(TABLE, "n")?);
        let bad = || StoreError::Inconsistent { table: TABLE, id: format!("{centre}/{seq}/{n}") };
        let name = |column| Ok::<_, StoreError>(row.maybe_text(TABLE, column)?.map(QueueName::new));
        let length = |column| {
            let ms = row.maybe_number(TABLE, column)?;
            Ok::<_, StoreError>(ms.map(|ms| Duration::from_millis(u64::try_from(ms).unwrap_or(0))))
        };
        let how = row.maybe_text(TABLE, "how")?;
        let how = how.map(|word| StayEnd::ALL.into_iter().find(|how| how.as_str() == word).ok_or_else(bad));
        let over = row.maybe_text(TABLE, "part")?.is_none();
        let handling = match (length("talk_ms")?, length("hold_ms")?, length("wrap_up_ms")?) {
            (Some(talk), Some(hold), Some(wrap_up)) => Some(Handling { talk, hold, wrap_up }).filter(|_| over),
            (None, None, None) => None,
            (Some(_) | None, _, _) => return Err(bad()),
        };
        let (came_from, went_to) = (name("came_from")?, name("went_to")?);
        let how = how.transpose()?;
        let stay = Stay {
            call: row.text(TABLE, "call")?.parse().map_err(|_| bad())?,
            joined: Moment::from_ms(row.number(TABLE, "joined_ms")?),
            moved_in: came_from.is_some(),
            left: row.maybe_number(TABLE, "left_ms")?.map(Moment::from_ms),
            how,
            // Who was answered and then passed on was served here, and is counted here.
            passed_on: went_to.is_some() && how != Some(StayEnd::Connected),
            handling,
        };
        let agent = row.maybe_text(TABLE, "agent")?.map(AgentName::new);
        Ok(Self { queue: queue.clone(), seq, n, stay, came_from, went_to, agent })
    }
}

/// Which stays of a queue are read: a superset of those that are counted.
#[derive(Clone, Copy)]
struct Scope {
    /// That had not left before.
    since: Moment,
    /// That joined before.
    before: Moment,
    /// None that joined before `since` matters, whether it waited then or not.
    came: bool,
    /// Only those that wait still.
    lasting: bool,
    /// Only those that ended so.
    how: Option<StayEnd>,
}

impl Scope {
    fn of(figure: Figure, view: View, interval: Interval) -> Self {
        let Interval { from, to, .. } = interval;
        let came = view == View::Cohort || [Figure::Offered, Figure::MovedIn].contains(&figure);
        let all = Self { since: from, before: to, came, lasting: false, how: figure.end() };
        let is = |one: Figure, of: View| figure == one && view == of;
        if is(Figure::CarriedOver, View::Flow) {
            Self { before: from, ..all }
        } else if is(Figure::StillWaiting, View::Flow) {
            Self { since: to, ..all }
        } else if is(Figure::StillWaiting, View::Cohort) {
            Self { lasting: true, ..all }
        } else {
            all
        }
    }
}

/// The stays of one queue within a scope, in the order they joined.
struct Reading<'a> {
    db: &'a Db,
    centre: &'a CentreName,
    queue: &'a QueueName,
    scope: Scope,
    /// Whoever joined before and matters waits still.
    bound: Moment,
    after: (i64, i64, i64),
    done: bool,
}

impl<'a> Reading<'a> {
    async fn begin(db: &'a Db, centre: &'a CentreName, queue: &'a QueueName, scope: Scope) -> Result<Self, StoreError> {
        let bound = if scope.lasting {
            scope.before
        } else if scope.came {
            scope.since
        } else {
            // Nobody ever stood here for longer than the longest.
            let longest = db.report_rows(LONGEST, values![centre.as_str(), queue.as_str()]).await?;
            let longest = longest.first().map_or(Ok(0), |row| row.number(TABLE, "ms"))?;
            scope.since - Duration::from_millis(u64::try_from(longest).unwrap_or(0))
        };
        let first = if scope.came { scope.since.as_ms() } else { i64::MIN };
        Ok(Self { db, centre, queue, scope, bound, after: (first, i64::MIN, i64::MIN), done: false })
    }

    /// Go on behind the last stay of the page before.
    fn after(mut self, key: Option<&StayKey>) -> Self {
        if let Some(key) = key.filter(|key| key.queue == *self.queue) {
            self.after = self.after.max((key.joined.as_ms(), key.seq, key.n));
        }
        self
    }

    /// Empty: there are no more.
    async fn chunk(&mut self, most: u32) -> Result<Vec<KeptStay>, StoreError> {
        let (centre, queue) = (self.centre.as_str(), self.queue.as_str());
        let most = i64::from(most);
        while !self.done {
            let (joined, seq, n) = self.after;
            let rows = if joined < self.bound.as_ms() {
                let values = values![centre, queue, joined, seq, n, self.bound.min(self.scope.before), most];
                self.db.report_rows(LASTING, values).await?
            } else {
                let Scope { since, before, how, .. } = self.scope;
                let values = values![centre, queue, joined, seq, n, before, since, how.map(StayEnd::as_str), most];
                self.db.report_rows(STAYS, values).await?
            };
            let stays = rows.iter().map(|row| KeptStay::read(self.centre, self.queue, row));
            let stays = stays.collect::<Result<Vec<KeptStay>, StoreError>>()?;
            match stays.last() {
                Some(last) => {
                    self.after = (last.stay.joined.as_ms(), last.seq, last.n);
                    return Ok(stays);
                }
                None if joined < self.bound.as_ms() => self.after = (self.bound.as_ms(), i64::MIN, i64::MIN),
                None => self.done = true,
            }
        }
        Ok(Vec::new())
    }
}

impl Db {
    /// The report. `queues`: only these; `None`: every queue that has anything in the period, or that `terms` name.
    ///
    /// # Errors
    /// `Refused` where it takes too long; `Away`, `Inconsistent`.
    pub async fn queue_report(
        &self,
        centre: &CentreName,
        period: &Period,
        queues: Option<&BTreeSet<QueueName>>,
        terms: &AllTerms,
    ) -> Result<KeptReport, StoreError> {
        let remaking = self.is_remaking(centre).await?;
        let (db, asked) = (self.clone(), centre.clone());
        let (period, queues, terms) = (period.clone(), queues.cloned(), terms.clone());
        let made = self.limited(async move {
            let centre = &asked;
            let as_of = db.as_of(centre).await?;
            let names = match &queues {
                Some(queues) => queues.clone(),
                None => db.queues_with_stays(centre).await?.into_iter().chain(terms.by_queue.keys().cloned()).collect(),
            };
            let mut folded = BTreeMap::new();
            for queue in names {
                let of = db.fold_queue(centre, &period, &queue, &terms).await?;
                let named = queues.is_some() || terms.by_queue.contains_key(&queue);
                if named || !of.total.is_empty() {
                    folded.insert(queue, of);
                }
            }
            let before = db.count_before_queue(centre, &period).await?;
            let report = QueueReport::new(period, folded, before);
            Ok(KeptReport { report, as_of, remaking })
        });
        let made = made.await?;
        for wrong in made.report.unbalanced() {
            let queue = wrong.queue.as_ref().map(QueueName::as_str);
            error!(%centre, queue, from = %wrong.interval.from, what = wrong.what, "a report's row does not balance");
        }
        Ok(made)
    }

    async fn fold_queue(
        &self,
        centre: &CentreName,
        period: &Period,
        queue: &QueueName,
        terms: &AllTerms,
    ) -> Result<OfQueue, StoreError> {
        let mut fold = Fold::new(period, terms.of(queue));
        let Interval { from, to, .. } = period.whole();
        let scope = Scope { since: from, before: to, came: false, lasting: false, how: None };
        let mut reading = Reading::begin(self, centre, queue, scope).await?;
        loop {
            let chunk = reading.chunk(CHUNK).await?;
            if chunk.is_empty() {
                return Ok(fold.finish());
            }
            chunk.iter().for_each(|kept| fold.add(&kept.stay));
        }
    }

    /// The stays that a figure counts, each with its call, by queue and in the order they joined: a page of at most
    /// `most` and at most [`MOST_LISTED`], after the last of the page before.
    ///
    /// # Errors
    /// As of [`Db::queue_report`].
    pub async fn stays_behind(
        &self,
        centre: &CentreName,
        behind: &Behind,
        terms: &AllTerms,
        after: Option<&StayKey>,
        most: u32,
    ) -> Result<Vec<KeptStay>, StoreError> {
        let most = usize::try_from(most.min(MOST_LISTED)).unwrap_or(0);
        let Behind { queue, figure, view, interval, waited } = behind.clone();
        let (db, centre, terms, after) = (self.clone(), centre.clone(), terms.clone(), after.cloned());
        self.limited(async move {
            let mut queues = match queue {
                Some(queue) => BTreeSet::from([queue]),
                None => db.queues_with_stays(&centre).await?,
            };
            if let Some(after) = &after {
                queues.retain(|queue| *queue >= after.queue);
            }
            let mut listed = Vec::new();
            for queue in &queues {
                let asked = Asked { figure, view, interval, terms: terms.of(queue), waited };
                let scope = Scope::of(figure, view, interval);
                let mut reading = Reading::begin(&db, &centre, queue, scope).await?.after(after.as_ref());
                while listed.len() < most {
                    let chunk = reading.chunk(CHUNK.min(MOST_LISTED)).await?;
                    if chunk.is_empty() {
                        break;
                    }
                    let counted = chunk.into_iter().filter(|kept| asked.counts(&kept.stay));
                    listed.extend(counted.take(most - listed.len()));
                }
            }
            Ok(listed)
        })
        .await
    }

    /// The calls that arrived in an interval, never stood in a queue and ended so: a page, in the order they arrived.
    ///
    /// # Errors
    /// As of [`Db::queue_report`].
    pub async fn calls_before_queue(
        &self,
        centre: &CentreName,
        interval: &Interval,
        outcome: Outcome,
        after: Option<(Moment, CallId)>,
        most: u32,
    ) -> Result<Vec<(Moment, CallId)>, StoreError> {
        let (db, centre, interval) = (self.clone(), centre.clone(), *interval);
        let page = self.limited(async move {
            db.before_queue(&centre, &interval, Some(outcome.as_str()), after, most.min(MOST_LISTED)).await
        });
        Ok(page.await?.into_iter().map(|(at, call, _)| (at, call)).collect())
    }

    async fn before_queue(
        &self,
        centre: &CentreName,
        interval: &Interval,
        outcome: Option<&str>,
        after: Option<(Moment, CallId)>,
        most: u32,
    ) -> Result<Vec<(Moment, CallId, Outcome)>, StoreError> {
        let after = after.map(|(at, call)| (at.as_ms(), call.to_string()));
        let (at, call) = after.unwrap_or((interval.from.as_ms(), String::new()));
        let values = values![centre.as_str(), at, call, interval.to, outcome, i64::from(most)];
        let rows = self.report_rows(BEFORE_QUEUE, values).await?;
        let calls = rows.iter().map(|row| {
            let text = row.text("calls", "call")?;
            let bad = || StoreError::Inconsistent { table: "calls", id: format!("{centre}/{text}") };
            let word = row.text("calls", "outcome")?;
            let outcome = Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == word).ok_or_else(bad)?;
            let at = Moment::from_ms(row.number("calls", "arrived_ms")?);
            Ok((at, text.parse().map_err(|_| bad())?, outcome))
        });
        calls.collect()
    }

    async fn count_before_queue(&self, centre: &CentreName, period: &Period) -> Result<Vec<BeforeQueue>, StoreError> {
        let mut counted = vec![BeforeQueue::default(); period.intervals().len()];
        let mut after = None;
        loop {
            let chunk = self.before_queue(centre, &period.whole(), None, after, CHUNK).await?;
            let Some((at, call, _)) = chunk.last() else { return Ok(counted) };
            after = Some((*at, *call));
            for (at, _, outcome) in &chunk {
                let number = period.number_of(*at);
                if let Some(counted) = number.and_then(|number| counted.get_mut(number)) {
                    counted.add(*outcome);
                }
            }
        }
    }

    /// Every queue that ever had a stay, by walking from name to name along the index.
    async fn queues_with_stays(&self, centre: &CentreName) -> Result<BTreeSet<QueueName>, StoreError> {
        let mut names = BTreeSet::new();
        let mut last = String::new();
        while names.len() < MOST_QUEUES {
            let rows = self.report_rows(QUEUE_AFTER, values![centre.as_str(), last]).await?;
            let Some(row) = rows.first() else { break };
            last = row.text(TABLE, "queue")?;
            names.insert(QueueName::new(&last));
        }
        Ok(names)
    }

    async fn as_of(&self, centre: &CentreName) -> Result<Moment, StoreError> {
        let rows = self.report_rows(AS_OF, values![centre.as_str()]).await?;
        Ok(Moment::from_ms(rows.first().map_or(Ok(0), |row| row.number("filled", "last_at_ms"))?))
    }

    /// Made where it is in nobody's way, and not for ever.
    async fn limited<T: Send + 'static>(
        &self,
        what: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let made = tokio::time::timeout(REPORT_LIMIT, self.behind_others(what));
        let why = || format!("it takes more than {} s: ask for a shorter time", REPORT_LIMIT.as_secs());
        made.await.unwrap_or_else(|_| Err(StoreError::Refused { why: why() }))?
    }
}
