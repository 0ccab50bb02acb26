//! `facts`: all that happened, as the journal recorded it, without what is personal.

use super::driver::{Change, Db, Row, values};
use super::fill::Recorded;
use super::many::ManyRows;
use super::personal::KeyedDigits;
use super::{StoreError, personal};
use crate::calendar::Moment;
use crate::routing::ids::{CallId, CentreName};

const TABLE: &str = "facts";
pub(super) static INSERT: ManyRows =
    ManyRows::new("INSERT INTO facts (centre, seq, n, at_ms, kind, call, agent, schema_version, body) VALUES", 9, "");
const OF_CALL: &str = "SELECT seq, n, at_ms, kind, agent, schema_version, body FROM facts \
     WHERE centre = $1 AND call = $2 ORDER BY seq, n LIMIT $3";
// The caller's number, name and keys stand apart from facts, and may have been erased.
const AFTER: &str = "SELECT f.seq, f.n, f.at_ms, f.kind, f.agent, f.schema_version, f.body, p.from_number, p.caller_name, \
     p.keyed FROM facts f LEFT JOIN personal p ON p.centre = f.centre AND p.call = f.call \
     AND f.kind IN ('call_arrived', 'keyed', 'dialled') \
     WHERE f.centre = $1 AND (f.seq, f.n) > ($2, $3) ORDER BY f.seq, f.n LIMIT $4";
const LAST: &str = "SELECT seq, n FROM facts WHERE centre = $1 ORDER BY seq DESC, n DESC LIMIT 1";
const COUNT: &str = "SELECT COUNT(*) AS facts FROM facts WHERE centre = $1";
pub(super) const STATEMENTS: &[&str] = &[OF_CALL, AFTER, LAST, COUNT];

/// The most facts of one call that are read: a call that goes round in a menu all day has fewer.
const MOST_OF_A_CALL: i64 = 10_000;

/// What every fact's text begins with; its name follows.
const BEGINS: &str = "{\"fact\":\"";

/// Where a fact stands among all of its centre: by entry of the journal, and within it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct FactPlace {
    pub seq: u64,
    pub n: u32,
}

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
    /// `from`, `name` of an arrival, the `number` of a dial and `keys` are empty here: see [`Db::personal`].
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

impl FactPlace {
    fn read(centre: &CentreName, row: &Row) -> Result<Self, StoreError> {
        let seq = row.number(TABLE, "seq")?;
        let bad = |_| StoreError::Inconsistent { table: TABLE, id: format!("{centre}/{seq}") };
        Ok(Self { seq: u64::try_from(seq).map_err(bad)?, n: u32::try_from(row.number(TABLE, "n")?).map_err(bad)? })
    }
}

impl KeptFact {
    pub const fn place(&self) -> FactPlace {
        FactPlace { seq: self.seq, n: self.n }
    }

    fn read(centre: &CentreName, row: &Row) -> Result<Self, StoreError> {
        let FactPlace { seq, n } = FactPlace::read(centre, row)?;
        let bad = || StoreError::Inconsistent { table: TABLE, id: format!("{centre}/{seq}") };
        Ok(Self {
            seq,
            n,
            at: Moment::from_ms(row.number(TABLE, "at_ms")?),
            kind: row.text(TABLE, "kind")?,
            agent: row.maybe_text(TABLE, "agent")?,
            schema: u32::try_from(row.number(TABLE, "schema_version")?).map_err(|_| bad())?,
            body: serde_json::from_str(&row.text(TABLE, "body")?).map_err(|_| bad())?,
        })
    }

    /// With what is personal.
    fn whole(mut self, row: &Row) -> Result<Self, StoreError> {
        let Some(keyed) = row.maybe_text(TABLE, "keyed")? else { return Ok(self) };
        let Some(body) = self.body.as_object_mut() else { return Ok(self) };
        if self.kind == "call_arrived" {
            body.insert("from".into(), row.maybe_text(TABLE, "from_number")?.unwrap_or_default().into());
            body.insert("name".into(), row.maybe_text(TABLE, "caller_name")?.unwrap_or_default().into());
        }
        if self.kind == "dialled" {
            body.insert("number".into(), row.maybe_text(TABLE, "from_number")?.unwrap_or_default().into());
        }
        if self.kind == "keyed" {
            let lines = keyed.lines().filter_map(|line| serde_json::from_str::<KeyedDigits>(line).ok());
            let digits = lines.into_iter().find(|digits| (digits.seq, digits.n) == (self.seq, self.n));
            body.insert("keys".into(), digits.map(|digits| digits.keys).unwrap_or_default().into());
        }
        Ok(self)
    }
}

impl Db {
    /// The story of one call, in order.
    pub async fn facts_of_call(&self, centre: &CentreName, call: CallId) -> Result<Vec<KeptFact>, StoreError> {
        let rows = self.rows(OF_CALL, values![centre.as_str(), call.to_string(), MOST_OF_A_CALL]).await?;
        rows.iter().map(|row| KeptFact::read(centre, row)).collect()
    }

    /// What followed, in order, as it was told when it happened: with the caller's number, name and keys, where they
    /// have not been erased.
    pub async fn facts_after(
        &self,
        centre: &CentreName,
        after: FactPlace,
        most: u32,
    ) -> Result<Vec<KeptFact>, StoreError> {
        let values = values![centre.as_str(), after.seq, i64::from(after.n), i64::from(most)];
        let rows = self.rows(AFTER, values).await?;
        rows.iter().map(|row| KeptFact::read(centre, row)?.whole(row)).collect()
    }

    /// Where the last one stands that SQL has.
    pub async fn last_fact(&self, centre: &CentreName) -> Result<FactPlace, StoreError> {
        let Some(row) = self.row(LAST, values![centre.as_str()]).await? else { return Ok(FactPlace::default()) };
        FactPlace::read(centre, &row)
    }

    /// How many facts a centre has.
    pub async fn count_facts(&self, centre: &CentreName) -> Result<i64, StoreError> {
        let row = self.row(COUNT, values![centre.as_str()]).await?;
        row.map_or(Ok(0), |row| row.number(TABLE, "facts"))
    }
}
