//! What a day has come to so far, added up once: who counts on from there needs to know which entry of the journal it
//! ends with, so everything is read by one statement, which sees one state of the tables.

use std::time::Duration;

use super::StoreError;
use super::driver::{Db, Row, values};
use crate::calendar::Moment;
use crate::routing::ids::{CallId, CentreName, QueueName};

const TABLE: &str = "today";
/// Whole seconds, rounded up: a wait is within the target where this is.
const READ: &str = "SELECT 'filled' AS kind, '' AS queue, '' AS became, CAST(0 AS BIGINT) AS waited_s, last_seq AS n, \
     last_at_ms AS at_ms, '' AS call FROM filled WHERE centre = $1 \
     UNION ALL SELECT 'left', s.queue, CASE WHEN s.how = 'connected' THEN 'answered' \
     WHEN s.how = 'abandoned' OR c.outcome = 'abandoned' THEN 'abandoned' \
     WHEN s.how IN ('waited', 'moved') THEN 'moved' ELSE 'otherwise' END, (s.left_ms - s.joined_ms + 999) / 1000, \
     COUNT(*), CAST(0 AS BIGINT), '' FROM queue_stays s \
     LEFT JOIN calls c ON c.centre = s.centre AND c.call = s.call AND s.how = 'call_ended' \
     WHERE s.centre = $1 AND s.joined_ms >= $3 AND s.left_ms >= $2 AND s.how NOT IN ('full', 'nobody_logged_in') \
     GROUP BY 2, 3, 4 \
     UNION ALL SELECT 'stands', s.queue, '', CAST(0 AS BIGINT), CAST(1 AS BIGINT), s.joined_ms, s.call \
     FROM queue_stays s WHERE s.centre = $1 AND s.joined_ms >= $3 AND s.left_ms IS NULL \
     UNION ALL SELECT 'over', '', CASE WHEN connected_ms IS NOT NULL THEN 'answered' WHEN outcome = 'abandoned' \
     THEN 'abandoned' ELSE 'otherwise' END, CAST(0 AS BIGINT), COUNT(*), CAST(0 AS BIGINT), '' FROM calls \
     WHERE centre = $1 AND arrived_ms >= $2 AND queued_ms IS NOT NULL AND ended_ms IS NOT NULL GROUP BY 3 \
     UNION ALL SELECT 'here', '', CASE WHEN connected_ms IS NOT NULL THEN 'answered' WHEN queued_ms IS NOT NULL \
     THEN 'asked' ELSE '' END, CAST(0 AS BIGINT), CAST(1 AS BIGINT), arrived_ms, call FROM calls \
     WHERE centre = $1 AND arrived_ms >= $2 AND ended_ms IS NULL AND (connected_ms IS NULL OR queued_ms IS NOT NULL)";

pub(super) const STATEMENTS: &[&str] = &[READ];

/// How long before a day somebody can have joined who still waited in it.
const LONGEST_STAY: Duration = Duration::from_secs(24 * 3600);

/// What became of somebody who asked for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Became {
    Answered,
    Abandoned,
    /// Of a stay alone: led to another step or queue.
    Moved,
    /// Ended by us, or unseen.
    Otherwise,
}

/// Stays of one queue that ended alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    pub queue: QueueName,
    pub became: Became,
    /// Whole seconds, rounded up.
    pub waited: Duration,
    pub stays: u64,
}

/// A call that is not over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Here {
    pub call: CallId,
    /// For a person.
    pub asked: bool,
    pub answered: bool,
}

/// All that `READ` read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Today {
    /// The entry of the journal that it ends with.
    pub seq: u64,
    pub at: Moment,
    /// Stays in a queue that lasted into the day, and are over.
    pub left: Vec<Left>,
    /// Those that are not.
    pub stands: Vec<(CallId, QueueName, Moment)>,
    /// Calls that arrived in the day, asked for a person, and are over.
    pub over: Vec<(Became, u64)>,
    /// Calls that arrived in the day and are not over.
    pub here: Vec<Here>,
}

fn became(word: &str) -> Option<Became> {
    match word {
        "answered" => Some(Became::Answered),
        "abandoned" => Some(Became::Abandoned),
        "moved" => Some(Became::Moved),
        "otherwise" => Some(Became::Otherwise),
        _ => None,
    }
}

impl Today {
    fn take(&mut self, row: &Row) -> Result<(), StoreError> {
        let text = |column| row.text(TABLE, column);
        let bad = || StoreError::Inconsistent { table: TABLE, id: text("kind").unwrap_or_default() };
        let count = |column| u64::try_from(row.number(TABLE, column)?.max(0)).map_err(|_| bad());
        let at = Moment::from_ms(row.number(TABLE, "at_ms")?);
        let call = || text("call")?.parse::<CallId>().map_err(|_| bad());
        match text("kind")?.as_str() {
            "filled" => (self.seq, self.at) = (count("n")?, at),
            "left" => self.left.push(Left {
                queue: QueueName::new(text("queue")?),
                became: became(&text("became")?).ok_or_else(bad)?,
                // A clock that was set back under a call makes a wait below nothing: nothing, then.
                waited: Duration::from_secs(count("waited_s")?),
                stays: count("n")?,
            }),
            "stands" => self.stands.push((call()?, QueueName::new(text("queue")?), at)),
            "over" => self.over.push((became(&text("became")?).ok_or_else(bad)?, count("n")?)),
            "here" => {
                let so_far = text("became")?;
                let answered = so_far == "answered";
                self.here.push(Here { call: call()?, asked: answered || so_far == "asked", answered });
            }
            _ => return Err(bad()),
        }
        Ok(())
    }
}

impl Db {
    /// The day that began at `began`, so far.
    pub async fn today(&self, centre: &CentreName, began: Moment) -> Result<Today, StoreError> {
        let mut today = Today::default();
        for row in self.rows(READ, values![centre.as_str(), began, began - LONGEST_STAY]).await? {
            today.take(&row)?;
        }
        Ok(today)
    }
}
