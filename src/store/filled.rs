//! `filled`: how far the journal of each centre has been worked in.

use super::driver::{Change, Db, values};
use super::{Position, StoreError};
use crate::calendar::Moment;
use crate::routing::ids::CentreName;

const TABLE: &str = "filled";
const BEGIN: &str =
    "INSERT INTO filled (centre, last_seq, last_at_ms) VALUES ($1, 0, 0) ON CONFLICT (centre) DO NOTHING";
const READ: &str = "SELECT last_seq, last_at_ms FROM filled WHERE centre = $1";
const REACHED: &str = "SELECT last_seq FROM filled WHERE centre = $1";
const ADVANCE: &str = "UPDATE filled SET last_seq = $3, last_at_ms = $4 WHERE centre = $1 AND last_seq = $2";

pub(super) const STATEMENTS: &[&str] = &[BEGIN, READ, REACHED, ADVANCE];

impl Db {
    /// The last entry of the journal that SQL has.
    pub async fn filled(&self, centre: &CentreName) -> Result<Position, StoreError> {
        self.execute(BEGIN, values![centre.as_str()]).await?;
        let row = self.row(READ, values![centre.as_str()]).await?;
        let gone = || StoreError::Inconsistent { table: TABLE, id: centre.to_string() };
        let row = row.ok_or_else(gone)?;
        Ok(Position {
            seq: u64::try_from(row.number(TABLE, "last_seq")?).map_err(|_| gone())?,
            at: Moment::from_ms(row.number(TABLE, "last_at_ms")?),
        })
    }
}

impl Db {
    /// The last entry that SQL has, for those who only read; zero before the first.
    pub async fn filled_to(&self, centre: &CentreName) -> Result<u64, StoreError> {
        let Some(row) = self.row(REACHED, values![centre.as_str()]).await? else { return Ok(0) };
        let gone = |_| StoreError::Inconsistent { table: TABLE, id: centre.to_string() };
        u64::try_from(row.number(TABLE, "last_seq")?).map_err(gone)
    }
}

/// Move on, from where it must be: so that nothing is worked in twice, however many try.
pub(super) async fn advance(
    change: &mut Change,
    centre: &CentreName,
    from: u64,
    to: Position,
) -> Result<(), StoreError> {
    let moved = change.execute(ADVANCE, values![centre.as_str(), from, to.seq, to.at]).await?;
    if moved == 1 { Ok(()) } else { Err(StoreError::Away { why: "somebody else has filled it meanwhile".into() }) }
}
