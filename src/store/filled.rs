//! `filled`: how far the journal of each centre has been worked in.

use super::driver::{Change, Db, values};
use super::{Position, StoreError};
use crate::calendar::Moment;
use crate::routing::ids::CentreName;

const TABLE: &str = "filled";
const BEGIN: &str =
    "INSERT INTO filled (centre, last_seq, last_at_ms) VALUES ($1, 0, 0) ON CONFLICT (centre) DO NOTHING";
const READ: &str = "SELECT last_seq, last_at_ms FROM filled WHERE centre = $1";
const ADVANCE: &str = "UPDATE filled SET last_seq = $3, last_at_ms = $4 WHERE centre = $1 AND last_seq = $2";

pub(super) const STATEMENTS: &[&str] = &[BEGIN, READ, ADVANCE];

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
