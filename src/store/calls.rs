//! `calls`: one row for each call, as far as it has come.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::StoreError;
use super::driver::{Change, Db, Row, values};
use super::fill::Told;
use super::many::{ManyKeys, ManyRows};
use crate::calendar::Moment;
use crate::routing::fact::{EndedBy, Outcome};
use crate::routing::ids::{AgentName, CallId, CallerName, CentreName, PhoneNumber, QueueName, SwitchName, VersionHash};

const TABLE: &str = "calls";
pub(super) static LOAD: ManyKeys = ManyKeys::new(
    "SELECT call, switch, to_number, arrived_ms, version, found, queue, queued_ms, waited_ms, agent, connected_ms, \
     talk_ms, hold_ms, held_since_ms, passed_ms, passed_since_ms, ended_ms, outcome, ended_by FROM calls WHERE centre = $1 AND call IN",
);
pub(super) static SAVE: ManyRows = ManyRows::new(
    "INSERT INTO calls (centre, call, switch, to_number, arrived_ms, version, found, queue, queued_ms, waited_ms, agent, \
     connected_ms, talk_ms, hold_ms, held_since_ms, passed_ms, passed_since_ms, ended_ms, outcome, ended_by) VALUES",
    20,
    "ON CONFLICT (centre, call) DO UPDATE SET queue = excluded.queue, queued_ms = excluded.queued_ms, \
     waited_ms = excluded.waited_ms, agent = excluded.agent, connected_ms = excluded.connected_ms, \
     talk_ms = excluded.talk_ms, hold_ms = excluded.hold_ms, held_since_ms = excluded.held_since_ms, \
     passed_ms = excluded.passed_ms, passed_since_ms = excluded.passed_since_ms, ended_ms = excluded.ended_ms, outcome = excluded.outcome, \
     ended_by = excluded.ended_by",
);
const ANSWERED_BY: &str = "SELECT COUNT(*) AS calls FROM calls \
     WHERE centre = $1 AND agent = $2 AND arrived_ms >= $3 AND outcome = 'answered'";

macro_rules! select {
    ($($where:tt)*) => {
        concat!(
            "SELECT c.call, c.switch, c.to_number, c.arrived_ms, c.version, c.found, c.queue, c.queued_ms, c.waited_ms, \
             c.agent, c.connected_ms, c.talk_ms, c.hold_ms, c.ended_ms, c.outcome, c.ended_by, p.from_number, p.caller_name \
             FROM calls c LEFT JOIN personal p ON p.centre = c.centre AND p.call = c.call WHERE c.centre = $1 AND ",
            $($where)*
        )
    };
}
/// A walk along one index, from the newest row of the page to its last. The bounds are of the index's own columns together,
/// because SQLite would else take the walk along the time for as good, and read all calls for one of an agent.
macro_rules! list {
    ($from:literal, $before:literal, $order:literal) => {
        select!(concat!(
            $from,
            " AND ",
            $before,
            " AND (CAST($2 AS TEXT) IS NULL OR c.agent = $2) AND (CAST($3 AS TEXT) IS NULL OR c.queue = $3) \
             AND (CAST($4 AS TEXT) IS NULL OR c.outcome = $4) ORDER BY ",
            $order,
            "c.arrived_ms DESC, c.call DESC LIMIT $8"
        ))
    };
}
const BY_TIME: &str = list!("c.arrived_ms >= $5", "(c.arrived_ms, c.call) < ($6, $7)", "");
const BY_AGENT: &str =
    list!("(c.agent, c.arrived_ms) >= ($2, $5)", "(c.agent, c.arrived_ms, c.call) < ($2, $6, $7)", "c.agent DESC, ");
const BY_QUEUE: &str =
    list!("(c.queue, c.arrived_ms) >= ($3, $5)", "(c.queue, c.arrived_ms, c.call) < ($3, $6, $7)", "c.queue DESC, ");
const BY_OUTCOME: &str = list!(
    "(c.outcome, c.arrived_ms) >= ($4, $5)",
    "(c.outcome, c.arrived_ms, c.call) < ($4, $6, $7)",
    "c.outcome DESC, "
);
const ONE: &str = select!("c.call = $2");
pub(super) static LISTED: ManyKeys = ManyKeys::new(select!("c.call IN"));

pub(super) const STATEMENTS: &[&str] = &[BY_TIME, BY_AGENT, BY_QUEUE, BY_OUTCOME, ONE, ANSWERED_BY];

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

impl Which {
    /// Led by what leaves the fewest rows to walk past.
    const fn statement(&self) -> &'static str {
        match (&self.agent, &self.queue, self.outcome) {
            (Some(_), _, _) => BY_AGENT,
            // Of those there are few, in whatever queue.
            (None, _, Some(Outcome::Refused | Outcome::EndedByUs | Outcome::EndedUnseen | Outcome::TransferredOut)) => {
                BY_OUTCOME
            }
            (None, Some(_), _) => BY_QUEUE,
            (None, None, Some(_)) => BY_OUTCOME,
            (None, None, None) => BY_TIME,
        }
    }
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
    /// Without the time on hold.
    pub talked: Option<Duration>,
    /// In all.
    pub held: Option<Duration>,
    /// When it ended, how, and by whom (`EndedBy::as_str`; the agent is `agent`).
    pub ended: Option<(Moment, Outcome, String)>,
}

/// The rows that a piece of the journal touches, as they were and then as they are.
pub(super) struct Calls(BTreeMap<CallId, Call>);

struct Call {
    switch: String,
    to: String,
    arrived: i64,
    version: String,
    found: i64,
    queue: Option<String>,
    queued: Option<i64>,
    waited: Option<i64>,
    agent: Option<String>,
    connected: Option<i64>,
    talked: Option<i64>,
    held: Option<i64>,
    /// Of a hold that lasts.
    held_since: Option<i64>,
    /// On the way from one agent to the next, in all.
    passed: Option<i64>,
    /// Of one that is on the way.
    passed_since: Option<i64>,
    ended: Option<i64>,
    outcome: Option<String>,
    ended_by: Option<String>,
    /// Not as the table has it.
    changed: bool,
}

impl Calls {
    pub async fn load(change: &mut Change, centre: &CentreName, calls: &BTreeSet<CallId>) -> Result<Self, StoreError> {
        let mut all = BTreeMap::new();
        for row in LOAD.rows(change, centre.as_str(), calls.iter().map(CallId::to_string)).await? {
            let text = row.text(TABLE, "call")?;
            let bad = || StoreError::Inconsistent { table: TABLE, id: format!("{centre}/{text}") };
            let call = Call {
                switch: row.text(TABLE, "switch")?,
                to: row.text(TABLE, "to_number")?,
                arrived: row.number(TABLE, "arrived_ms")?,
                version: row.text(TABLE, "version")?,
                found: row.number(TABLE, "found")?,
                queue: row.maybe_text(TABLE, "queue")?,
                queued: row.maybe_number(TABLE, "queued_ms")?,
                waited: row.maybe_number(TABLE, "waited_ms")?,
                agent: row.maybe_text(TABLE, "agent")?,
                connected: row.maybe_number(TABLE, "connected_ms")?,
                talked: row.maybe_number(TABLE, "talk_ms")?,
                held: row.maybe_number(TABLE, "hold_ms")?,
                held_since: row.maybe_number(TABLE, "held_since_ms")?,
                passed: row.maybe_number(TABLE, "passed_ms")?,
                passed_since: row.maybe_number(TABLE, "passed_since_ms")?,
                ended: row.maybe_number(TABLE, "ended_ms")?,
                outcome: row.maybe_text(TABLE, "outcome")?,
                ended_by: row.maybe_text(TABLE, "ended_by")?,
                changed: false,
            };
            all.insert(text.parse().map_err(|_| bad())?, call);
        }
        Ok(Self(all))
    }

    /// A call that is found again keeps its row.
    pub fn arrived(
        &mut self,
        told: Told,
        call: CallId,
        switch: &SwitchName,
        to: &PhoneNumber,
        version: &VersionHash,
        found: bool,
    ) {
        self.0.entry(call).or_insert_with(|| Call {
            switch: switch.as_str().to_owned(),
            to: to.as_str().to_owned(),
            arrived: told.at.as_ms(),
            version: version.as_str().to_owned(),
            found: i64::from(found),
            queue: None,
            queued: None,
            waited: None,
            agent: None,
            connected: None,
            talked: None,
            held: None,
            held_since: None,
            passed: None,
            passed_since: None,
            ended: None,
            outcome: None,
            ended_by: None,
            changed: true,
        });
    }

    pub fn queued(&mut self, call: CallId, queue: &QueueName, joined: Moment) {
        let Some(row) = self.0.get_mut(&call) else { return };
        row.queue = Some(queue.as_str().to_owned());
        row.queued = row.queued.or(Some(joined.as_ms()));
        row.changed = true;
    }

    /// In this queue at the place of a promise: no caller who came to it, and in no count of those.
    pub fn called_back(&mut self, call: CallId, queue: &QueueName) {
        let Some(row) = self.0.get_mut(&call) else { return };
        row.queue = Some(queue.as_str().to_owned());
        row.changed = true;
    }

    pub fn connected(&mut self, told: Told, call: CallId, agent: &AgentName, waited: Duration) {
        let Some(row) = self.0.get_mut(&call) else { return };
        row.agent = Some(agent.as_str().to_owned());
        row.end_passing(told.at.as_ms());
        row.connected = row.connected.or(Some(told.at.as_ms()));
        row.waited = row.waited.or(Some(i64::try_from(waited.as_millis()).unwrap_or(i64::MAX)));
        row.changed = true;
    }

    /// On hold since now.
    pub fn held(&mut self, told: Told, call: CallId) {
        let Some(row) = self.0.get_mut(&call).filter(|row| row.ended.is_none()) else { return };
        row.held_since = row.held_since.or(Some(told.at.as_ms()));
        row.changed = true;
    }

    pub fn retrieved(&mut self, told: Told, call: CallId) {
        let Some(row) = self.0.get_mut(&call).filter(|row| row.ended.is_none()) else { return };
        row.end_hold(told.at.as_ms());
        row.changed = true;
    }

    /// An agent is done with the caller, who is on the way to another, or elsewhere.
    pub fn passed(&mut self, told: Told, call: CallId) {
        let Some(row) = self.0.get_mut(&call).filter(|row| row.ended.is_none()) else { return };
        row.end_hold(told.at.as_ms());
        row.passed_since = row.passed_since.or(Some(told.at.as_ms()));
        row.changed = true;
    }

    /// A call ends once; what is said later is late.
    pub fn ended(&mut self, told: Told, call: CallId, outcome: Outcome, by: &EndedBy) {
        let Some(row) = self.0.get_mut(&call).filter(|row| row.ended.is_none()) else { return };
        let at = told.at.as_ms();
        let since = |from: Option<i64>| from.map(|from| at.saturating_sub(from));
        // Who ended unseen did so at an instant that nobody knows: no length is made up.
        let seen = *by != EndedBy::Unseen;
        // Whoever an agent has passed on has talked, however that ends.
        let talked = outcome == Outcome::Answered || row.passed.or(row.passed_since).is_some();
        let together = since(row.connected).filter(|_| talked && seen);
        if seen {
            row.end_hold(at);
            row.end_passing(at);
        }
        row.held_since = None;
        row.passed_since = None;
        let apart = row.held.unwrap_or(0).saturating_add(row.passed.unwrap_or(0));
        row.talked = together.map(|together| together.saturating_sub(apart));
        row.held = row.held.or(together.map(|_| 0));
        if outcome == Outcome::Abandoned {
            row.waited = row.waited.or(since(row.queued));
        }
        row.ended = Some(at);
        row.outcome = Some(outcome.as_str().to_owned());
        row.ended_by = Some(by.as_str().to_owned());
        row.changed = true;
    }

    pub async fn save(self, change: &mut Change, centre: &CentreName) -> Result<(), StoreError> {
        let mut values = Vec::new();
        for (call, row) in self.0.into_iter().filter(|(_, row)| row.changed) {
            values.extend_from_slice(values![
                centre.as_str(),
                call.to_string(),
                row.switch,
                row.to,
                row.arrived,
                row.version,
                row.found,
                row.queue.as_deref(),
                row.queued,
                row.waited,
                row.agent.as_deref(),
                row.connected,
                row.talked,
                row.held,
                row.held_since,
                row.passed,
                row.passed_since,
                row.ended,
                row.outcome.as_deref(),
                row.ended_by.as_deref(),
            ]);
        }
        SAVE.execute(change, &values).await
    }
}

impl Call {
    fn end_passing(&mut self, at: i64) {
        if let Some(since) = self.passed_since.take() {
            self.passed = Some(self.passed.unwrap_or(0).saturating_add(at.saturating_sub(since).max(0)));
        }
    }

    fn end_hold(&mut self, at: i64) {
        if let Some(since) = self.held_since.take() {
            // A clock that was set back under a hold makes a length below nothing: nothing, then.
            self.held = Some(self.held.unwrap_or(0).saturating_add(at.saturating_sub(since).max(0)));
        }
    }
}

impl KeptCall {
    pub(super) fn read(centre: &CentreName, row: &Row) -> Result<Self, StoreError> {
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
            held: length("hold_ms")?,
            ended,
        })
    }
}

impl Db {
    /// Calls, newest first, at most `most` and at most [`MOST_LISTED`].
    pub async fn calls(&self, centre: &CentreName, which: &Which, most: u32) -> Result<Vec<KeptCall>, StoreError> {
        let Which { agent, queue, outcome, from, to, after } = which;
        let until = (to.map_or(i64::MAX, Moment::as_ms), String::new());
        let after = after.map_or((i64::MAX, String::new()), |(at, call)| (at.as_ms(), call.to_string()));
        let (before, call) = until.min(after);
        let values = values![
            centre.as_str(),
            agent.as_ref().map(|agent| agent.as_str()),
            queue.as_ref().map(|queue| queue.as_str()),
            outcome.map(|outcome| outcome.as_str()),
            from.map_or(i64::MIN, Moment::as_ms),
            before,
            call,
            i64::from(most.min(MOST_LISTED)),
        ];
        let rows = self.rows(which.statement(), values).await?;
        rows.iter().map(|row| KeptCall::read(centre, row)).collect()
    }

    pub async fn call(&self, centre: &CentreName, call: CallId) -> Result<Option<KeptCall>, StoreError> {
        let row = self.row(ONE, values![centre.as_str(), call.to_string()]).await?;
        row.map(|row| KeptCall::read(centre, &row)).transpose()
    }

    /// Calls that this agent was the last to answer, of those that came since.
    pub async fn count_answered_by(
        &self,
        centre: &CentreName,
        agent: &AgentName,
        since: Moment,
    ) -> Result<usize, StoreError> {
        let row = self.row(ANSWERED_BY, values![centre.as_str(), agent.as_str(), since]).await?;
        let calls = row.map_or(Ok(0), |row| row.number(TABLE, "calls"))?;
        Ok(usize::try_from(calls).unwrap_or(0))
    }

    /// These calls, newest first; those there are.
    pub(super) async fn calls_named(&self, centre: &CentreName, calls: &[String]) -> Result<Vec<KeptCall>, StoreError> {
        let rows = LISTED.rows_now(self, centre.as_str(), calls.iter().cloned()).await?;
        let mut kept: Vec<KeptCall> = rows.iter().map(|row| KeptCall::read(centre, row)).collect::<Result<_, _>>()?;
        kept.sort_by_key(|call| std::cmp::Reverse(call.call));
        kept.dedup_by_key(|call| call.call);
        Ok(kept)
    }
}
