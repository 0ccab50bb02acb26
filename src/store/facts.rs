//! `facts`: all that happened, as the journal recorded it, without what is personal.

use super::driver::{Change, Db, values};
use super::fill::Recorded;
use super::many::ManyRows;
use super::{StoreError, personal};
use crate::calendar::Moment;
use crate::routing::ids::{CallId, CentreName};

const TABLE: &str = "facts";
pub(super) static INSERT: ManyRows =
    ManyRows::new("INSERT INTO facts (centre, seq, n, at_ms, kind, call, agent, schema_version, body) VALUES", 9, "");
const OF_CALL: &str = "SELECT seq, n, at_ms, kind, agent, schema_version, body FROM facts \
     WHERE centre = $1 AND call = $2 ORDER BY seq, n LIMIT $3";
const COUNT: &str = "SELECT COUNT(*) AS facts FROM facts WHERE centre = $1";
pub(super) const STATEMENTS: &[&str] = &[OF_CALL, COUNT];

/// The most facts of one call that are read: a call that goes round in a menu all day has fewer.
const MOST_OF_A_CALL: i64 = 10_000;

/// What every fact's text begins with; its name follows.
const BEGINS: &str = "{\"fact\":\"";

/// A fact as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptFact {
    pub seq: u64,
    pub n: u32,
    pub at: Moment,
    /// The fact's name, as in `body`.
    pub kind: String,
    pub agent: Option<String>,
    pub schema: u32,
    /// `from`, `name` of an arrival and `keys` are empty here: see [`Db::personal`].
    pub body: serde_json::Value,
}

pub(super) async fn keep(change: &mut Change, centre: &CentreName, entries: &[Recorded<'_>]) -> Result<(), StoreError> {
    let mut values = Vec::new();
    for entry in entries {
        for (n, fact) in (0_u64..).zip(entry.facts) {
            let kept = personal::impersonal(fact);
            let body = serde_json::to_string(kept.as_ref().unwrap_or(fact))
                .map_err(|error| StoreError::Refused { why: error.to_string() })?;
            let kind = body.strip_prefix(BEGINS).and_then(|rest| rest.split('"').next()).unwrap_or_default().to_owned();
            values.extend_from_slice(values![
                centre.as_str(),
                entry.seq,
                n,
                entry.at,
                kind,
                fact.call().map(|call| call.to_string()).as_deref(),
                fact.agent().map(|agent| agent.as_str()),
                u64::from(entry.schema),
                body,
            ]);
        }
    }
    INSERT.execute(change, &values).await
}

impl Db {
    /// The story of one call, in order.
    pub async fn facts_of_call(&self, centre: &CentreName, call: CallId) -> Result<Vec<KeptFact>, StoreError> {
        let rows = self.rows(OF_CALL, values![centre.as_str(), call.to_string(), MOST_OF_A_CALL]).await?;
        let kept = rows.iter().map(|row| {
            let seq = row.number(TABLE, "seq")?;
            let bad = || StoreError::Inconsistent { table: TABLE, id: format!("{centre}/{seq}") };
            Ok(KeptFact {
                seq: u64::try_from(seq).map_err(|_| bad())?,
                n: u32::try_from(row.number(TABLE, "n")?).map_err(|_| bad())?,
                at: Moment::from_ms(row.number(TABLE, "at_ms")?),
                kind: row.text(TABLE, "kind")?,
                agent: row.maybe_text(TABLE, "agent")?,
                schema: u32::try_from(row.number(TABLE, "schema_version")?).map_err(|_| bad())?,
                body: serde_json::from_str(&row.text(TABLE, "body")?).map_err(|_| bad())?,
            })
        });
        kept.collect()
    }

    /// How many facts a centre has.
    pub async fn count_facts(&self, centre: &CentreName) -> Result<i64, StoreError> {
        let row = self.row(COUNT, values![centre.as_str()]).await?;
        row.map_or(Ok(0), |row| row.number(TABLE, "facts"))
    }
}
