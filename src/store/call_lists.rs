//! Lists of calls that are over, as somebody asks for them: newest first, page by page, whatever is asked for. A filter
//! that picks few is the way in, along an index that has its calls in order (`migrations/0007_call_lists.sql`); the
//! others are looked at on the way.

use std::collections::BTreeMap;
use std::time::Duration;

use super::StoreError;
use super::calls::KeptCall;
use super::driver::{Db, Value, values};
use crate::calendar::Moment;
use crate::routing::fact::Outcome;
use crate::routing::ids::{AgentName, CallId, CentreName, PhoneNumber, QueueName};

/// The columns, and every filter that is no way in. All twelve places are in each text.
macro_rules! list {
    ($from:literal, $way:literal, $order:literal) => {
        concat!(
            "SELECT c.call, c.switch, c.to_number, c.arrived_ms, c.version, c.found, c.queue, c.queued_ms, c.waited_ms, \
             c.agent, c.connected_ms, c.talk_ms, c.hold_ms, c.ended_ms, c.outcome, c.ended_by, p.from_number, p.caller_name FROM ",
            $from,
            " WHERE c.centre = $1 AND c.ended_ms IS NOT NULL AND c.arrived_ms >= $5 AND c.arrived_ms < $6 \
             AND (c.arrived_ms < $7 OR (c.arrived_ms = $7 AND c.call < $8)) \
             AND (CAST($2 AS TEXT) IS NULL OR c.agent = $2) AND (CAST($3 AS TEXT) IS NULL OR c.queue = $3) \
             AND (CAST($4 AS TEXT) IS NULL OR c.outcome = $4) AND (CAST($9 AS TEXT) IS NULL OR c.to_number = $9) \
             AND ($10 <= 0 OR c.waited_ms >= $10) \
             AND (CAST($11 AS TEXT) IS NULL OR p.from_number LIKE $11 ESCAPE '!') \
             AND ($13 = 0 OR c.queued_ms IS NOT NULL) ",
            $way,
            " ORDER BY ",
            $order,
            " LIMIT $12"
        )
    };
}

/// From the call to its person.
macro_rules! by_call {
    ($way:literal) => {
        list!(
            "calls c LEFT JOIN personal p ON p.centre = c.centre AND p.call = c.call",
            $way,
            "c.arrived_ms DESC, c.call DESC"
        )
    };
}

/// From the person to the call, which SQLite's planner keeps to where it says CROSS.
macro_rules! by_person {
    ($way:literal) => {
        list!("personal p CROSS JOIN calls c", $way, "p.call DESC")
    };
}

const BY_TIME: &str = by_call!("");
const BY_AGENT: &str = by_call!("AND c.agent = $2");
const BY_QUEUE: &str = by_call!("AND c.queue = $3");
const BY_OUTCOME: &str = by_call!("AND c.outcome = $4");
const BY_CALLED: &str = by_call!("AND c.to_number = $9");
// The index is of those who waited a minute or longer; the planner takes it where the text says so.
const BY_WAIT: &str = by_call!("AND c.waited_ms >= 60000");
const BY_TAIL: &str = by_person!(
    "AND p.centre = $1 AND c.call = p.call AND substr(p.from_number, length(p.from_number) - 3) = $14 AND p.call < $8"
);
const BY_HEAD: &str =
    by_person!("AND p.centre = $1 AND c.call = p.call AND substr(p.from_number, 1, 7) = $14 AND p.call < $8");
const OF_CALL: &str = by_call!("AND c.call = $14");

/// When the call came behind which $3 newer ones did.
const CAME: &str =
    "SELECT arrived_ms FROM calls WHERE centre = $1 AND arrived_ms < $2 ORDER BY arrived_ms DESC LIMIT 1 OFFSET $3";

pub(super) const STATEMENTS: &[&str] =
    &[BY_TIME, BY_AGENT, BY_QUEUE, BY_OUTCOME, BY_CALLED, BY_WAIT, BY_TAIL, BY_HEAD, OF_CALL, CAME];

/// As the indexes of `personal` have them.
const TAIL: usize = 4;
const HEAD: usize = 7;
/// As the index of waits has it.
const LONG_WAIT: Duration = Duration::from_secs(60);
/// So few wait this long that it picks fewer than a queue does.
const RARE_WAIT: Duration = Duration::from_secs(600);
/// A piece out of the middle of a number, or of fewer digits than an index has, is looked for among so many of the newest
/// calls: each has to be looked at, about four microseconds.
pub const MOST_LOOKED_AT: u32 = 10_000;
/// Behind every call id there is.
const LAST: &str = "~";

/// What somebody asks for. The default is all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    pub agent: Option<AgentName>,
    /// The last queue it stood in.
    pub queue: Option<QueueName>,
    pub outcome: Option<Outcome>,
    /// Those that asked for a person.
    pub asked: bool,
    /// Arrived at this moment or later.
    pub from: Option<Moment>,
    /// Arrived before.
    pub to: Option<Moment>,
    /// The caller's number, or a part of it.
    pub number: Option<String>,
    pub called: Option<PhoneNumber>,
    pub waited: Option<Duration>,
    pub call: Option<CallId>,
    /// The last row of the page before: `arrived` and `call` of it.
    pub after: Option<(Moment, CallId)>,
}

impl Wanted {
    /// As LIKE reads it: nothing that was typed is a pattern.
    fn like(&self, before: &str, after: &str) -> Option<String> {
        self.number.as_ref().map(|number| {
            let plain: String = number
                .chars()
                .flat_map(|c| matches!(c, '!' | '%' | '_').then_some('!').into_iter().chain([c]))
                .collect();
            format!("{before}{plain}{after}")
        })
    }

    fn values(&self, centre: &CentreName, like: Option<&str>, most: u32) -> Vec<Value> {
        let (before, last) =
            self.after.map_or((i64::MAX, LAST.to_owned()), |(at, call)| (at.as_ms(), call.to_string()));
        values![
            centre.as_str(),
            self.agent.as_ref().map(AgentName::as_str),
            self.queue.as_ref().map(QueueName::as_str),
            self.outcome.map(Outcome::as_str),
            self.from.map_or(i64::MIN, Moment::as_ms),
            // So that the place in the list bounds the index, and not only what is taken from it.
            self.to.map_or(i64::MAX, Moment::as_ms).min(before.saturating_add(1)),
            before,
            last,
            self.called.as_ref().map(PhoneNumber::as_str),
            self.waited.unwrap_or_default(),
            like,
            i64::from(most),
            i64::from(self.asked),
        ]
        .to_vec()
    }

    /// The way in that leaves least to look at.
    fn way(&self) -> &'static str {
        let rare = self.outcome.filter(|outcome| match outcome {
            Outcome::Answered | Outcome::Abandoned => false,
            Outcome::LeftInDialplan
            | Outcome::EndedByUs
            | Outcome::PromisedCallBack
            | Outcome::Refused
            | Outcome::EndedUnseen
            | Outcome::TransferredOut => true,
        });
        if self.agent.is_some() {
            BY_AGENT
        } else if rare.is_some() {
            BY_OUTCOME
        } else if self.waited.is_some_and(|waited| waited >= RARE_WAIT) {
            BY_WAIT
        } else if self.queue.is_some() {
            BY_QUEUE
        } else if self.called.is_some() {
            BY_CALLED
        } else if self.waited.is_some_and(|waited| waited >= LONG_WAIT) {
            BY_WAIT
        } else if self.outcome.is_some() {
            BY_OUTCOME
        } else {
            BY_TIME
        }
    }
}

impl Db {
    /// Calls that are over, newest first, at most `most`.
    pub async fn list_calls(
        &self,
        centre: &CentreName,
        wanted: &Wanted,
        most: u32,
    ) -> Result<Vec<KeptCall>, StoreError> {
        if let Some(call) = wanted.call {
            return self.page_of(OF_CALL, centre, wanted, wanted.like("%", "%"), Some(call.to_string()), most).await;
        }
        let length = wanted.number.as_ref().map_or(0, |number| number.chars().count());
        // An agent has few calls; all others are looked for by the number.
        if wanted.agent.is_none() && length >= TAIL {
            let found = self.numbered(centre, wanted, length, most).await?;
            // Nothing on a later page: the end, where there was something on the first.
            let first = Wanted { after: None, ..wanted.clone() };
            let later = found.is_empty() && wanted.after.is_some();
            if !found.is_empty() || later && !self.numbered(centre, &first, length, 1).await?.is_empty() {
                return Ok(found);
            }
        }
        if wanted.agent.is_some() || wanted.number.is_none() {
            return self.page_of(wanted.way(), centre, wanted, wanted.like("%", "%"), None, most).await;
        }
        let before = wanted.to.map_or(i64::MAX, Moment::as_ms);
        let came = self.row(CAME, values![centre.as_str(), before, i64::from(MOST_LOOKED_AT)]).await?;
        let came = came.map(|row| row.number("calls", "arrived_ms")).transpose()?.map(Moment::from_ms);
        let near = Wanted { from: wanted.from.max(came), ..wanted.clone() };
        self.page_of(near.way(), centre, &near, near.like("%", "%"), None, most).await
    }

    /// Those whose number begins or ends so.
    async fn numbered(
        &self,
        centre: &CentreName,
        wanted: &Wanted,
        length: usize,
        most: u32,
    ) -> Result<Vec<KeptCall>, StoreError> {
        let typed = wanted.number.as_deref().unwrap_or_default();
        let tail: String = typed.chars().skip(length - TAIL).collect();
        let mut found = self.page_of(BY_TAIL, centre, wanted, wanted.like("%", ""), Some(tail), most).await?;
        if length >= HEAD {
            let head: String = typed.chars().take(HEAD).collect();
            found.extend(self.page_of(BY_HEAD, centre, wanted, wanted.like("", "%"), Some(head), most).await?);
        }
        let mut once: BTreeMap<_, _> = found.into_iter().map(|call| ((call.arrived, call.call), call)).collect();
        let mut newest = Vec::new();
        while let Some((_, call)) = once.pop_last().filter(|_| newest.len() < most as usize) {
            newest.push(call);
        }
        Ok(newest)
    }

    async fn page_of(
        &self,
        sql: &'static str,
        centre: &CentreName,
        wanted: &Wanted,
        like: Option<String>,
        way: Option<String>,
        most: u32,
    ) -> Result<Vec<KeptCall>, StoreError> {
        let mut values = wanted.values(centre, like.as_deref(), most);
        values.extend(way.map(Value::from));
        let rows = self.rows(sql, &values).await?;
        rows.iter().map(|row| KeptCall::read(centre, row)).collect()
    }
}
