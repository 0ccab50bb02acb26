//! `queue_stays`: how long each call stood in which queue, and how it left it.

use std::collections::{BTreeMap, BTreeSet};

use super::StoreError;
use super::driver::{Change, values};
use super::fill::Told;
use super::many::{ManyKeys, ManyRows};
use crate::calendar::Moment;
use crate::routing::fact::LeftQueue;
use crate::routing::ids::{CallId, CentreName, QueueName};

const TABLE: &str = "queue_stays";
pub(super) static LOAD: ManyKeys = ManyKeys::new(
    "SELECT seq, n, call, queue, joined_ms FROM queue_stays WHERE centre = $1 AND left_ms IS NULL AND call IN",
);
pub(super) static SAVE: ManyRows = ManyRows::new(
    "INSERT INTO queue_stays (centre, seq, n, call, queue, joined_ms, left_ms, how) VALUES",
    8,
    "ON CONFLICT (centre, seq, n) DO UPDATE SET left_ms = excluded.left_ms, how = excluded.how",
);

/// How a stay in a queue ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StayEnd {
    Connected,
    /// By the step's rule: waited long enough.
    Waited,
    Full,
    NobodyLoggedIn,
    /// To another queue or step.
    Moved,
    CallEnded,
}

impl StayEnd {
    pub const ALL: [StayEnd; 6] = [
        StayEnd::Connected,
        StayEnd::Waited,
        StayEnd::Full,
        StayEnd::NobodyLoggedIn,
        StayEnd::Moved,
        StayEnd::CallEnded,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            StayEnd::Connected => "connected",
            StayEnd::Waited => "waited",
            StayEnd::Full => "full",
            StayEnd::NobodyLoggedIn => "nobody_logged_in",
            StayEnd::Moved => "moved",
            StayEnd::CallEnded => "call_ended",
        }
    }
}

impl From<LeftQueue> for StayEnd {
    fn from(why: LeftQueue) -> Self {
        match why {
            LeftQueue::Waited => StayEnd::Waited,
            LeftQueue::Full => StayEnd::Full,
            LeftQueue::NobodyLoggedIn => StayEnd::NobodyLoggedIn,
        }
    }
}

/// What a piece of the journal changes: the stays that last, and those that ended in it.
pub(super) struct QueueStays {
    last: BTreeMap<CallId, Stay>,
    ended: Vec<(Stay, i64, StayEnd)>,
}

struct Stay {
    seq: i64,
    n: i64,
    call: CallId,
    queue: String,
    joined: i64,
    /// Not as the table has it.
    changed: bool,
}

impl QueueStays {
    pub async fn load(change: &mut Change, centre: &CentreName, calls: &BTreeSet<CallId>) -> Result<Self, StoreError> {
        let mut last = BTreeMap::new();
        for row in LOAD.rows(change, centre.as_str(), calls.iter().map(CallId::to_string)).await? {
            let text = row.text(TABLE, "call")?;
            let bad = |_| StoreError::Inconsistent { table: TABLE, id: format!("{centre}/{text}") };
            let call = text.parse().map_err(bad)?;
            let stay = Stay {
                seq: row.number(TABLE, "seq")?,
                n: row.number(TABLE, "n")?,
                call,
                queue: row.text(TABLE, "queue")?,
                joined: row.number(TABLE, "joined_ms")?,
                changed: false,
            };
            last.insert(call, stay);
        }
        Ok(Self { last, ended: Vec::new() })
    }

    pub fn joined(&mut self, told: Told, call: CallId, queue: &QueueName, joined: Moment) {
        // A call that is found again says its queue again, and keeps its stay.
        if self.last.get(&call).is_some_and(|stay| stay.queue == queue.as_str()) {
            return;
        }
        self.left(told, call, StayEnd::Moved);
        let stay = Stay {
            seq: told.seq_column(),
            n: i64::from(told.n),
            call,
            queue: queue.as_str().to_owned(),
            joined: joined.as_ms(),
            changed: true,
        };
        self.last.insert(call, stay);
    }

    pub fn left(&mut self, told: Told, call: CallId, how: StayEnd) {
        self.ended.extend(self.last.remove(&call).map(|stay| (stay, told.at.as_ms(), how)));
    }

    pub async fn save(self, change: &mut Change, centre: &CentreName) -> Result<(), StoreError> {
        let ended = self.ended.into_iter().map(|(stay, left, how)| (stay, Some(left), Some(how)));
        let last = self.last.into_values().filter(|stay| stay.changed).map(|stay| (stay, None, None));
        let mut values = Vec::new();
        for (stay, left, how) in ended.chain(last) {
            values.extend_from_slice(values![
                centre.as_str(),
                stay.seq,
                stay.n,
                stay.call.to_string(),
                stay.queue,
                stay.joined,
                left,
                how.map(StayEnd::as_str),
            ]);
        }
        SAVE.execute(change, &values).await
    }
}
