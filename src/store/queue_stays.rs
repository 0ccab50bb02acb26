//! `queue_stays`: how long each call stood in which queue, and how it left it.

use super::StoreError;
use super::driver::{Change, values};
use super::fill::Told;
use crate::calendar::Moment;
use crate::routing::fact::LeftQueue;
use crate::routing::ids::{CallId, QueueName};

// A call that is found again says its queue again, and keeps its stay.
const MOVE: &str = "UPDATE queue_stays SET left_ms = $4, how = 'moved' \
     WHERE centre = $1 AND call = $2 AND left_ms IS NULL AND queue <> $3";
const JOIN: &str = "INSERT INTO queue_stays (centre, seq, n, call, queue, joined_ms) \
     SELECT $1, CAST($2 AS BIGINT), CAST($3 AS BIGINT), $4, $5, CAST($6 AS BIGINT) WHERE NOT EXISTS \
     (SELECT 1 FROM queue_stays WHERE centre = $1 AND call = $4 AND left_ms IS NULL)";
const LEAVE: &str = "UPDATE queue_stays SET left_ms = $3, how = $4 WHERE centre = $1 AND call = $2 AND left_ms IS NULL";

pub(super) const STATEMENTS: &[&str] = &[MOVE, JOIN, LEAVE];

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

pub(super) async fn joined(
    change: &mut Change,
    told: Told<'_>,
    call: CallId,
    queue: &QueueName,
    joined: Moment,
) -> Result<(), StoreError> {
    let Told { centre, seq, n, at } = told;
    let call = call.to_string();
    change.execute(MOVE, values![centre.as_str(), call.as_str(), queue.as_str(), at]).await?;
    let values = values![centre.as_str(), seq, u64::from(n), call, queue.as_str(), joined];
    change.execute(JOIN, values).await.map(drop)
}

pub(super) async fn left(change: &mut Change, told: Told<'_>, call: CallId, how: StayEnd) -> Result<(), StoreError> {
    let values = values![told.centre.as_str(), call.to_string(), told.at, how.as_str()];
    change.execute(LEAVE, values).await.map(drop)
}
