//! `remaking`: projections that a migration emptied, made anew from `facts`, piece by piece. A migration that gives a
//! projection a column for which its rows hold no value drops the table and puts its name here, for every centre.
//!
//! The filler does this before it fills on, so that no piece is worked in before those that it follows; a piece and the place
//! it brings us to are one transaction. Until it is done the journal keeps what happens.

use std::collections::BTreeSet;

use tracing::{error, info};

use super::StoreError;
use super::driver::{Change, Db, Row, values};
use super::fill::Told;
use super::queue_stays::QueueStays;
use crate::calendar::Moment;
use crate::routing::fact::Fact;
use crate::routing::ids::{AgentName, CallId, CentreName};

const TABLE: &str = "remaking";
const READ: &str = "SELECT projection, after_seq, after_n FROM remaking WHERE centre = $1 ORDER BY projection LIMIT 1";
// Those that queue_stays is made of.
const FACTS: &str = "SELECT seq, n, at_ms, body FROM facts WHERE centre = $1 AND (seq, n) > ($2, $3) AND kind IN \
     ('step_entered', 'call_queued', 'call_left_queue', 'call_connected', 'call_ended', 'agent_changed') \
     ORDER BY seq, n LIMIT $4";
const ADVANCE: &str = "UPDATE remaking SET after_seq = $5, after_n = $6 \
     WHERE centre = $1 AND projection = $2 AND after_seq = $3 AND after_n = $4";
const DONE: &str = "DELETE FROM remaking WHERE centre = $1 AND projection = $2 AND after_seq = $3 AND after_n = $4";

pub(super) const STATEMENTS: &[&str] = &[READ, FACTS, ADVANCE, DONE];

/// As many as the filler works in at once.
const FACTS_AT_ONCE: i64 = 2_000;

/// What can be made anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Projection {
    QueueStays,
}

impl Projection {
    pub const ALL: [Projection; 1] = [Projection::QueueStays];

    pub const fn as_str(self) -> &'static str {
        match self {
            Projection::QueueStays => "queue_stays",
        }
    }
}

/// A projection that is being made anew, and the last fact that is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    projection: Projection,
    seq: i64,
    n: i64,
}

impl Db {
    /// Whether a projection of this centre is not whole.
    pub async fn is_remaking(&self, centre: &CentreName) -> Result<bool, StoreError> {
        Ok(self.row(READ, values![centre.as_str()]).await?.is_some())
    }

    /// Make the next piece anew. `false`: every projection is whole.
    ///
    /// # Errors
    /// `Away`: as for [`Db::fill`]. What the database refuses, or cannot be read, is left out and logged: the fact stays in `facts`.
    pub async fn remake(&self, centre: &CentreName) -> Result<bool, StoreError> {
        match self.remake_piece(centre, FACTS_AT_ONCE, false).await {
            Err(StoreError::Refused { .. }) => {}
            other => return other,
        }
        match self.remake_piece(centre, 1, false).await {
            Err(StoreError::Refused { why }) => {
                error!(%centre, %why, "a projection is made anew without a fact that the database refuses");
                self.remake_piece(centre, 1, true).await
            }
            other => other,
        }
    }

    async fn remake_piece(&self, centre: &CentreName, most: i64, leave_out: bool) -> Result<bool, StoreError> {
        // Most starts find nothing to do, and nothing is to be locked for that.
        if !self.is_remaking(centre).await? {
            return Ok(false);
        }
        let mut change = self.begin().await?;
        let rows = change.rows(READ, values![centre.as_str()]).await?;
        let Some(place) = rows.first().map(|row| Place::read(centre, row)).transpose()? else { return Ok(false) };
        let rows = change.rows(FACTS, values![centre.as_str(), place.seq, place.n, most]).await?;
        let Some(last) = rows.last() else {
            place.done(&mut change, centre).await?;
            change.commit().await?;
            info!(%centre, projection = place.projection.as_str(), "made anew from all facts");
            return Ok(true);
        };
        let to = Place { seq: last.number(TABLE, "seq")?, n: last.number(TABLE, "n")?, ..place };
        if !leave_out {
            let facts: Vec<(Told, Fact)> = rows.iter().filter_map(|row| told(centre, row)).collect();
            match place.projection {
                Projection::QueueStays => remake_queue_stays(&mut change, centre, &facts).await?,
            }
        }
        place.advance(&mut change, centre, to).await?;
        change.commit().await?;
        Ok(true)
    }
}

/// `None`, and a word in the log, where the row is no fact of ours.
fn told(centre: &CentreName, row: &Row) -> Option<(Told, Fact)> {
    let read = || {
        let at = Moment::from_ms(row.number(TABLE, "at_ms")?);
        let (seq, n) = (row.number(TABLE, "seq")?, row.number(TABLE, "n")?);
        let bad = || StoreError::Inconsistent { table: "facts", id: format!("{centre}/{seq}/{n}") };
        let fact = serde_json::from_str(&row.text(TABLE, "body")?).map_err(|_| bad())?;
        let told = Told { seq: u64::try_from(seq).map_err(|_| bad())?, n: u32::try_from(n).map_err(|_| bad())?, at };
        Ok::<_, StoreError>((told, fact))
    };
    read().inspect_err(|error| error!(%centre, %error, "a projection is made anew without a fact")).ok()
}

async fn remake_queue_stays(
    change: &mut Change,
    centre: &CentreName,
    facts: &[(Told, Fact)],
) -> Result<(), StoreError> {
    let calls: BTreeSet<CallId> = facts.iter().filter_map(|(_, fact)| fact.call()).collect();
    let agents: BTreeSet<&AgentName> = facts.iter().filter_map(|(_, fact)| fact.agent()).collect();
    let mut stays = QueueStays::load(change, centre, &calls, &agents).await?;
    for (told, fact) in facts {
        stays.told(*told, fact);
    }
    stays.save(change, centre).await
}

impl Place {
    fn read(centre: &CentreName, row: &Row) -> Result<Self, StoreError> {
        let word = row.text(TABLE, "projection")?;
        let projection = Projection::ALL.into_iter().find(|projection| projection.as_str() == word);
        let bad = || StoreError::Inconsistent { table: TABLE, id: format!("{centre}/{word}") };
        Ok(Self {
            projection: projection.ok_or_else(bad)?,
            seq: row.number(TABLE, "after_seq")?,
            n: row.number(TABLE, "after_n")?,
        })
    }

    async fn advance(self, change: &mut Change, centre: &CentreName, to: Place) -> Result<(), StoreError> {
        let Place { projection, seq, n } = self;
        let values = values![centre.as_str(), projection.as_str(), seq, n, to.seq, to.n];
        expect_one(change.execute(ADVANCE, values).await?)
    }

    async fn done(self, change: &mut Change, centre: &CentreName) -> Result<(), StoreError> {
        let Place { projection, seq, n } = self;
        expect_one(change.execute(DONE, values![centre.as_str(), projection.as_str(), seq, n]).await?)
    }
}

fn expect_one(touched: u64) -> Result<(), StoreError> {
    if touched == 1 { Ok(()) } else { Err(StoreError::Away { why: "somebody else has worked at it meanwhile".into() }) }
}
