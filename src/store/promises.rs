//! `promises`: one row for each call-back that was owed, as far as it has come. The number is in `personal`, so that whoever
//! is forgotten is forgotten here too.

use std::collections::{BTreeMap, BTreeSet};

use super::StoreError;
use super::driver::{Change, Db, Row, values};
use super::fill::Told;
use super::many::{ManyKeys, ManyRows};
use crate::calendar::Moment;
use crate::routing::fact::Fact;
use crate::routing::ids::{AgentName, CallId, CentreName, PhoneNumber, QueueName};
use crate::routing::promise::{Broken, PromisedBy};

const TABLE: &str = "promises";
pub(super) static LOAD: ManyKeys = ManyKeys::new(
    "SELECT promise, queue, promised_by, wished, of_call, made_ms, joined_ms, due_ms, tries, dial, agent, ended_ms, how, ended_by \
     FROM promises WHERE centre = $1 AND promise IN",
);
pub(super) static SAVE: ManyRows = ManyRows::new(
    "INSERT INTO promises (centre, promise, queue, promised_by, wished, of_call, made_ms, joined_ms, due_ms, tries, dial, \
     agent, ended_ms, how, ended_by) VALUES",
    15,
    "ON CONFLICT (centre, promise) DO UPDATE SET of_call = excluded.of_call, joined_ms = excluded.joined_ms, \
     tries = excluded.tries, dial = excluded.dial, agent = excluded.agent, ended_ms = excluded.ended_ms, \
     how = excluded.how, ended_by = excluded.ended_by",
);

macro_rules! select {
    ($($where:tt)*) => {
        concat!(
            "SELECT m.promise, m.queue, m.promised_by, m.wished, m.of_call, m.made_ms, m.joined_ms, m.due_ms, m.tries, m.dial, \
             m.agent, m.ended_ms, m.how, m.ended_by, p.from_number FROM promises m \
             LEFT JOIN personal p ON p.centre = m.centre AND p.call = m.promise WHERE m.centre = $1 AND ",
            $($where)*
        )
    };
}
const ONE: &str = select!("m.promise = $2");
const BY_TIME: &str = select!("(m.made_ms, m.promise) < ($2, $3) ORDER BY m.made_ms DESC, m.promise DESC LIMIT $4");
const BY_QUEUE: &str =
    select!("m.queue = $5 AND (m.made_ms, m.promise) < ($2, $3) ORDER BY m.made_ms DESC, m.promise DESC LIMIT $4");

pub(super) const STATEMENTS: &[&str] = &[ONE, BY_TIME, BY_QUEUE];

/// The most rows of one page of a list.
pub const MOST_LISTED: u32 = 1_000;

/// Which promises. The default is all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WhichPromises {
    pub queue: Option<QueueName>,
    /// The last row of the page before: `made` and `promise` of it.
    pub after: Option<(Moment, CallId)>,
}

/// How a promise ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromiseEnd {
    Kept,
    Broken(Broken),
}

impl PromiseEnd {
    pub const ALL: [PromiseEnd; 5] = [
        PromiseEnd::Kept,
        PromiseEnd::Broken(Broken::Cancelled),
        PromiseEnd::Broken(Broken::NotReached),
        PromiseEnd::Broken(Broken::CameBack),
        PromiseEnd::Broken(Broken::Expired),
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            PromiseEnd::Kept => "kept",
            PromiseEnd::Broken(why) => why.as_str(),
        }
    }
}

/// A promise as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptPromise {
    pub promise: CallId,
    /// `None`: the person was erased.
    pub number: Option<PhoneNumber>,
    pub queue: QueueName,
    /// `None`: the caller.
    pub by: Option<AgentName>,
    /// Who was to have it before others; the first of them.
    pub wished: Option<AgentName>,
    pub of_call: Option<CallId>,
    pub made: Moment,
    pub joined: Moment,
    pub due: Option<Moment>,
    pub tries: u32,
    /// The last dial for it.
    pub dial: Option<CallId>,
    pub agent: Option<AgentName>,
    pub ended: Option<(Moment, PromiseEnd)>,
    pub ended_by: Option<AgentName>,
}

/// The rows that a piece of the journal touches, as they were and then as they are.
pub(super) struct Promises(BTreeMap<CallId, Promise>);

struct Promise {
    queue: String,
    by: Option<String>,
    wished: Option<String>,
    of_call: Option<String>,
    made: i64,
    joined: i64,
    due: Option<i64>,
    tries: i64,
    dial: Option<String>,
    agent: Option<String>,
    ended: Option<i64>,
    how: Option<String>,
    ended_by: Option<String>,
    /// Not as the table has it.
    changed: bool,
}

impl Promises {
    pub async fn load(
        change: &mut Change,
        centre: &CentreName,
        promises: &BTreeSet<CallId>,
    ) -> Result<Self, StoreError> {
        let mut all = BTreeMap::new();
        for row in LOAD.rows(change, centre.as_str(), promises.iter().map(CallId::to_string)).await? {
            let text = row.text(TABLE, "promise")?;
            let bad = || StoreError::Inconsistent { table: TABLE, id: format!("{centre}/{text}") };
            let promise = Promise {
                queue: row.text(TABLE, "queue")?,
                by: row.maybe_text(TABLE, "promised_by")?,
                wished: row.maybe_text(TABLE, "wished")?,
                of_call: row.maybe_text(TABLE, "of_call")?,
                made: row.number(TABLE, "made_ms")?,
                joined: row.number(TABLE, "joined_ms")?,
                due: row.maybe_number(TABLE, "due_ms")?,
                tries: row.number(TABLE, "tries")?,
                dial: row.maybe_text(TABLE, "dial")?,
                agent: row.maybe_text(TABLE, "agent")?,
                ended: row.maybe_number(TABLE, "ended_ms")?,
                how: row.maybe_text(TABLE, "how")?,
                ended_by: row.maybe_text(TABLE, "ended_by")?,
                changed: false,
            };
            all.insert(text.parse().map_err(|_| bad())?, promise);
        }
        Ok(Self(all))
    }

    /// Work one fact in. A promise ends once; what is said later is late.
    pub fn told(&mut self, told: Told, fact: &Fact) {
        match fact {
            Fact::PromiseMade { promise, queue, joined, wishes, due, by, of_call, .. } => {
                self.0.entry(*promise).or_insert_with(|| Promise {
                    queue: queue.as_str().to_owned(),
                    by: match by {
                        PromisedBy::Caller => None,
                        PromisedBy::Person(by) => Some(by.as_str().to_owned()),
                    },
                    wished: wishes.first().map(|wish| wish.agent.as_str().to_owned()),
                    of_call: of_call.map(|call| call.to_string()),
                    made: told.at.as_ms(),
                    joined: joined.as_ms(),
                    due: due.map(Moment::as_ms),
                    tries: 0,
                    dial: None,
                    agent: None,
                    ended: None,
                    how: None,
                    ended_by: None,
                    changed: true,
                });
            }
            Fact::PromiseAgain { promise, call, joined, .. } => self.change(*promise, |row| {
                row.of_call = Some(call.to_string());
                row.joined = joined.as_ms();
            }),
            Fact::PromiseWaits { promise, joined, .. } => self.change(*promise, |row| row.joined = joined.as_ms()),
            Fact::PromiseRests { promise, tries, .. } => self.change(*promise, |row| row.tries = i64::from(*tries)),
            Fact::Dialled { call, promise: Some(promise), .. } => {
                self.change(*promise, |row| row.dial = Some(call.to_string()));
            }
            Fact::CustomerRung { call, reach, .. } => {
                self.change(reach.promise, |row| row.dial = Some(call.to_string()));
            }
            Fact::PromiseKept { promise, agent, .. } => self.change(*promise, |row| {
                row.agent = Some(agent.as_str().to_owned());
                row.end(told, PromiseEnd::Kept, None);
            }),
            Fact::PromiseBroken { promise, why, by } => {
                self.change(*promise, |row| row.end(told, PromiseEnd::Broken(*why), by.as_ref()));
            }
            _ => {}
        }
    }

    fn change(&mut self, promise: CallId, change: impl FnOnce(&mut Promise)) {
        if let Some(row) = self.0.get_mut(&promise).filter(|row| row.ended.is_none()) {
            change(row);
            row.changed = true;
        }
    }

    pub async fn save(self, change: &mut Change, centre: &CentreName) -> Result<(), StoreError> {
        let mut values = Vec::new();
        for (promise, row) in self.0.into_iter().filter(|(_, row)| row.changed) {
            values.extend_from_slice(values![
                centre.as_str(),
                promise.to_string(),
                row.queue,
                row.by.as_deref(),
                row.wished.as_deref(),
                row.of_call.as_deref(),
                row.made,
                row.joined,
                row.due,
                row.tries,
                row.dial.as_deref(),
                row.agent.as_deref(),
                row.ended,
                row.how.as_deref(),
                row.ended_by.as_deref(),
            ]);
        }
        SAVE.execute(change, &values).await
    }
}

impl Promise {
    fn end(&mut self, told: Told, how: PromiseEnd, by: Option<&AgentName>) {
        self.ended = Some(told.at.as_ms());
        self.how = Some(how.as_str().to_owned());
        self.ended_by = by.map(|by| by.as_str().to_owned());
    }
}

impl KeptPromise {
    pub(super) fn read(centre: &CentreName, row: &Row) -> Result<Self, StoreError> {
        let text = row.text(TABLE, "promise")?;
        let bad = || StoreError::Inconsistent { table: TABLE, id: format!("{centre}/{text}") };
        let moment = |column| Ok::<_, StoreError>(row.maybe_number(TABLE, column)?.map(Moment::from_ms));
        let call = |column| row.maybe_text(TABLE, column)?.map(|text| text.parse().map_err(|_| bad())).transpose();
        let name = |column| Ok::<_, StoreError>(row.maybe_text(TABLE, column)?.map(AgentName::new));
        let ended = match (moment("ended_ms")?, row.maybe_text(TABLE, "how")?) {
            (Some(at), Some(how)) => {
                Some((at, PromiseEnd::ALL.into_iter().find(|end| end.as_str() == how).ok_or_else(bad)?))
            }
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => return Err(bad()),
        };
        Ok(Self {
            promise: text.parse().map_err(|_| bad())?,
            number: row.maybe_text(TABLE, "from_number")?.map(PhoneNumber::new),
            queue: QueueName::new(row.text(TABLE, "queue")?),
            by: name("promised_by")?,
            wished: name("wished")?,
            of_call: call("of_call")?,
            made: Moment::from_ms(row.number(TABLE, "made_ms")?),
            joined: Moment::from_ms(row.number(TABLE, "joined_ms")?),
            due: moment("due_ms")?,
            tries: u32::try_from(row.number(TABLE, "tries")?).map_err(|_| bad())?,
            dial: call("dial")?,
            agent: name("agent")?,
            ended,
            ended_by: name("ended_by")?,
        })
    }
}

impl Db {
    pub async fn promise(&self, centre: &CentreName, promise: CallId) -> Result<Option<KeptPromise>, StoreError> {
        let row = self.row(ONE, values![centre.as_str(), promise.to_string()]).await?;
        row.map(|row| KeptPromise::read(centre, &row)).transpose()
    }

    /// Promises, newest first, at most `most` and at most [`MOST_LISTED`].
    pub async fn promises(
        &self,
        centre: &CentreName,
        which: &WhichPromises,
        most: u32,
    ) -> Result<Vec<KeptPromise>, StoreError> {
        let (before, id) = which.after.map_or((i64::MAX, String::new()), |(at, id)| (at.as_ms(), id.to_string()));
        let most = i64::from(most.min(MOST_LISTED));
        let rows = match &which.queue {
            Some(queue) => self.rows(BY_QUEUE, values![centre.as_str(), before, id, most, queue.as_str()]).await?,
            None => self.rows(BY_TIME, values![centre.as_str(), before, id, most]).await?,
        };
        rows.iter().map(|row| KeptPromise::read(centre, row)).collect()
    }
}
