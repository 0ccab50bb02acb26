//! `calls`: one row for each call, as far as it has come.

use std::time::Duration;

use super::StoreError;
use super::driver::{Change, Db, Row, values};
use super::fill::Told;
use crate::calendar::Moment;
use crate::routing::fact::{EndedBy, Outcome};
use crate::routing::ids::{AgentName, CallId, CallerName, CentreName, PhoneNumber, QueueName, SwitchName, VersionHash};

const TABLE: &str = "calls";
const ARRIVED: &str = "INSERT INTO calls (centre, call, switch, to_number, arrived_ms, version, found) \
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (centre, call) DO NOTHING";
const QUEUED: &str = "UPDATE calls SET queue = $3, queued_ms = COALESCE(queued_ms, $4) WHERE centre = $1 AND call = $2";
const CONNECTED: &str = "UPDATE calls SET agent = $3, connected_ms = COALESCE(connected_ms, $4), \
     waited_ms = COALESCE(waited_ms, $5) WHERE centre = $1 AND call = $2";
// Who ended unseen did so at an instant that nobody knows: no length is made up.
const ENDED: &str = "UPDATE calls SET ended_ms = $3, outcome = $4, ended_by = $5, \
     talk_ms = CASE WHEN $4 = 'answered' AND $5 <> 'unseen' THEN $3 - connected_ms END, \
     waited_ms = CASE WHEN $4 = 'abandoned' THEN COALESCE(waited_ms, $3 - queued_ms) ELSE waited_ms END \
     WHERE centre = $1 AND call = $2 AND ended_ms IS NULL";
const LIST: &str = "SELECT c.call, c.switch, c.to_number, c.arrived_ms, c.version, c.found, c.queue, c.queued_ms, \
     c.waited_ms, c.agent, c.connected_ms, c.talk_ms, c.ended_ms, c.outcome, c.ended_by, p.from_number, p.caller_name \
     FROM calls c LEFT JOIN personal p ON p.centre = c.centre AND p.call = c.call \
     WHERE c.centre = $1 AND (CAST($2 AS TEXT) IS NULL OR c.agent = $2) AND (CAST($3 AS TEXT) IS NULL OR c.queue = $3) \
     AND (CAST($4 AS TEXT) IS NULL OR c.outcome = $4) AND c.arrived_ms >= $5 AND c.arrived_ms < $6 \
     AND (c.arrived_ms < $7 OR (c.arrived_ms = $7 AND c.call < $8)) \
     AND (CAST($9 AS TEXT) IS NULL OR c.call = $9) \
     ORDER BY c.arrived_ms DESC, c.call DESC LIMIT $10";

pub(super) const STATEMENTS: &[&str] = &[ARRIVED, QUEUED, CONNECTED, ENDED, LIST];

/// The most rows of one page of a list.
pub const MOST_LISTED: u32 = 1_000;

/// Which calls. The default is all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Which {
    pub agent: Option<AgentName>,
    pub queue: Option<QueueName>,
    pub outcome: Option<Outcome>,
    /// Arrived at this moment or later.
    pub from: Option<Moment>,
    /// Arrived before.
    pub to: Option<Moment>,
    /// The last row of the page before: `arrived` and `call` of it.
    pub after: Option<(Moment, CallId)>,
}

/// A call as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptCall {
    pub call: CallId,
    pub switch: SwitchName,
    /// `None` where it was erased.
    pub from: Option<PhoneNumber>,
    pub name: Option<CallerName>,
    pub to: PhoneNumber,
    pub arrived: Moment,
    pub version: VersionHash,
    pub found: bool,
    /// The last queue, and since when in any.
    pub queue: Option<QueueName>,
    pub queued: Option<Moment>,
    /// Until the first conversation, or until the caller gave up.
    pub waited: Option<Duration>,
    /// The last agent.
    pub agent: Option<AgentName>,
    pub connected: Option<Moment>,
    pub talked: Option<Duration>,
    /// When it ended, how, and by whom (`EndedBy::as_str`; the agent is `agent`).
    pub ended: Option<(Moment, Outcome, String)>,
}

pub(super) async fn arrived(
    change: &mut Change,
    told: Told<'_>,
    call: CallId,
    switch: &SwitchName,
    to: &PhoneNumber,
    version: &VersionHash,
    found: bool,
) -> Result<(), StoreError> {
    let (centre, call) = (told.centre.as_str(), call.to_string());
    let values = values![centre, call, switch.as_str(), to.as_str(), told.at, version.as_str(), i64::from(found)];
    change.execute(ARRIVED, values).await.map(drop)
}

pub(super) async fn queued(
    change: &mut Change,
    told: Told<'_>,
    call: CallId,
    queue: &QueueName,
    joined: Moment,
) -> Result<(), StoreError> {
    let values = values![told.centre.as_str(), call.to_string(), queue.as_str(), joined];
    change.execute(QUEUED, values).await.map(drop)
}

pub(super) async fn connected(
    change: &mut Change,
    told: Told<'_>,
    call: CallId,
    agent: &AgentName,
    waited: Duration,
) -> Result<(), StoreError> {
    let values = values![told.centre.as_str(), call.to_string(), agent.as_str(), told.at, waited];
    change.execute(CONNECTED, values).await.map(drop)
}

pub(super) async fn ended(
    change: &mut Change,
    told: Told<'_>,
    call: CallId,
    outcome: Outcome,
    by: &EndedBy,
) -> Result<(), StoreError> {
    let values = values![told.centre.as_str(), call.to_string(), told.at, outcome.as_str(), by.as_str()];
    change.execute(ENDED, values).await.map(drop)
}

impl KeptCall {
    fn read(centre: &CentreName, row: &Row) -> Result<Self, StoreError> {
        let text = row.text(TABLE, "call")?;
        let bad = || StoreError::Inconsistent { table: TABLE, id: format!("{centre}/{text}") };
        let moment = |column| Ok::<_, StoreError>(row.maybe_number(TABLE, column)?.map(Moment::from_ms));
        // A clock that was set back under a call makes a length below nothing: nothing, then.
        let length = |column| {
            let ms = row.maybe_number(TABLE, column)?;
            Ok::<_, StoreError>(ms.map(|ms| Duration::from_millis(u64::try_from(ms).unwrap_or(0))))
        };
        let ended = match (moment("ended_ms")?, row.maybe_text(TABLE, "outcome")?, row.maybe_text(TABLE, "ended_by")?) {
            (Some(at), Some(word), Some(by)) => {
                Some((at, Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == word).ok_or_else(bad)?, by))
            }
            (None, None, None) => None,
            (Some(_), _, _) | (None, _, _) => return Err(bad()),
        };
        Ok(Self {
            call: text.parse().map_err(|_| bad())?,
            switch: SwitchName::new(row.text(TABLE, "switch")?),
            from: row.maybe_text(TABLE, "from_number")?.map(PhoneNumber::new),
            name: row.maybe_text(TABLE, "caller_name")?.map(CallerName::new),
            to: PhoneNumber::new(row.text(TABLE, "to_number")?),
            arrived: Moment::from_ms(row.number(TABLE, "arrived_ms")?),
            version: VersionHash::new(row.text(TABLE, "version")?),
            found: row.number(TABLE, "found")? != 0,
            queue: row.maybe_text(TABLE, "queue")?.map(QueueName::new),
            queued: moment("queued_ms")?,
            waited: length("waited_ms")?,
            agent: row.maybe_text(TABLE, "agent")?.map(AgentName::new),
            connected: moment("connected_ms")?,
            talked: length("talk_ms")?,
            ended,
        })
    }
}

impl Db {
    /// Calls, newest first, at most `most` and at most [`MOST_LISTED`].
    pub async fn calls(&self, centre: &CentreName, which: &Which, most: u32) -> Result<Vec<KeptCall>, StoreError> {
        self.listed(centre, which, None, most.min(MOST_LISTED)).await
    }

    pub async fn call(&self, centre: &CentreName, call: CallId) -> Result<Option<KeptCall>, StoreError> {
        Ok(self.listed(centre, &Which::default(), Some(call), 1).await?.into_iter().next())
    }

    async fn listed(
        &self,
        centre: &CentreName,
        which: &Which,
        one: Option<CallId>,
        most: u32,
    ) -> Result<Vec<KeptCall>, StoreError> {
        let Which { agent, queue, outcome, from, to, after } = which;
        let (before, last) = after.map_or((i64::MAX, String::new()), |(at, call)| (at.as_ms(), call.to_string()));
        let values = values![
            centre.as_str(),
            agent.as_ref().map(|agent| agent.as_str()),
            queue.as_ref().map(|queue| queue.as_str()),
            outcome.map(|outcome| outcome.as_str()),
            from.map_or(i64::MIN, Moment::as_ms),
            to.map_or(i64::MAX, Moment::as_ms),
            before,
            last,
            one.map(|call| call.to_string()).as_deref(),
            i64::from(most),
        ];
        let rows = self.rows(LIST, values).await?;
        rows.iter().map(|row| KeptCall::read(centre, row)).collect()
    }
}
