//! `audit`: who changed what, entry after entry. Triggers refuse to change or remove one; each entry's chain is a hash over
//! it and the chain before it, so that an entry that was changed behind the triggers' back shows.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::StoreError;
use super::counted::{self, Counted};
use super::driver::{Change, Db, Row, values};
use crate::calendar::Moment;
use crate::routing::ids::{AgentName, CentreName};

const TABLE: &str = "audit";
const ADD: &str = "INSERT INTO audit (centre, seq, at_ms, who, what, subject, before, after, chain) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
const CHAIN: &str = "SELECT chain FROM audit WHERE centre = $1 AND seq = $2";
const LIST: &str = "SELECT seq, at_ms, who, what, subject, before, after, chain FROM audit \
     WHERE centre = $1 AND seq < $2 AND (CAST($3 AS TEXT) IS NULL OR subject = $3) ORDER BY seq DESC LIMIT $4";
const UPWARDS: &str = "SELECT seq, at_ms, who, what, subject, before, after, chain FROM audit \
     WHERE centre = $1 AND seq > $2 ORDER BY seq LIMIT $3";
const LAST: &str = "SELECT last FROM counted WHERE centre = $1 AND what = 'audit'";

pub(super) const STATEMENTS: &[&str] = &[ADD, CHAIN, LIST, UPWARDS, LAST];

/// The most entries of one page.
const MOST_LISTED: u32 = 1_000;

/// Who makes a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Author {
    /// One of the centre's people, who has logged in.
    Person(AgentName),
    /// Whoever may run the program on the machine.
    Console,
    /// Nobody: a time ran out, or a rule was changed.
    Clock,
}

impl Author {
    fn column(&self) -> String {
        match self {
            Author::Person(name) => format!("agent:{name}"),
            Author::Console => "console".into(),
            Author::Clock => "clock".into(),
        }
    }

    fn read(text: &str) -> Option<Self> {
        match text {
            "console" => Some(Author::Console),
            "clock" => Some(Author::Clock),
            other => other.strip_prefix("agent:").map(|name| Author::Person(AgentName::new(name))),
        }
    }
}

/// One change, before it is written down.
pub(super) struct Done {
    pub at: Moment,
    pub who: Author,
    /// `agent.added`
    pub what: &'static str,
    /// `agent:mira`
    pub subject: String,
    pub before: Option<serde_json::Value>,
    pub after: Option<serde_json::Value>,
}

/// An entry as kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Audited {
    pub seq: u64,
    pub at: Moment,
    pub who: Author,
    pub what: String,
    pub subject: String,
    pub before: Option<serde_json::Value>,
    pub after: Option<serde_json::Value>,
}

/// What a look through the whole audit came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditHealth {
    /// So many entries, each as it was written.
    Whole { entries: u64 },
    /// The first that is not as it was written, or is missing.
    Broken { at: u64 },
}

/// The fields that a chain is made of, lengths first, so that no byte can move from one to the next.
fn chained(before: &str, centre: &CentreName, seq: u64, at: i64, fields: &[Option<&str>]) -> String {
    let mut hash = Sha256::new();
    hash.update(before);
    hash.update((centre.as_str().len() as u64).to_be_bytes());
    hash.update(centre.as_str());
    hash.update(seq.to_be_bytes());
    hash.update(at.to_be_bytes());
    for field in fields {
        hash.update([u8::from(field.is_some())]);
        let text = field.unwrap_or_default();
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    hash.finalize().iter().fold(String::new(), |mut hex, byte| {
        // Writing into a string does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Write down a change, in the transaction that makes it.
pub(super) async fn write(change: &mut Change, centre: &CentreName, done: Done) -> Result<(), StoreError> {
    let seq = counted::next(change, centre, Counted::Audit).await?;
    let before = change.row(CHAIN, values![centre.as_str(), seq.saturating_sub(1)]).await?;
    let chain = before.map(|row| row.text(TABLE, "chain")).transpose()?.unwrap_or_default();
    let Done { at, who, what, subject, before, after } = done;
    // As the column will have it: what is hashed is what is read back.
    let clean = |text: String| text.replace('\0', "\u{fffd}");
    let (who, subject) = (clean(who.column()), clean(subject));
    let (before, after) = (before.map(|json| json.to_string()), after.map(|json| json.to_string()));
    let fields = [Some(who.as_str()), Some(what), Some(subject.as_str()), before.as_deref(), after.as_deref()];
    let chain = chained(&chain, centre, seq, at.as_ms(), &fields);
    let values =
        values![centre.as_str(), seq, at, who, what, subject, before.as_deref(), after.as_deref(), chain.as_str()];
    change.execute(ADD, values).await.map(drop)
}

fn read(centre: &CentreName, row: &Row) -> Result<Audited, StoreError> {
    let seq = row.number(TABLE, "seq")?;
    let bad = || StoreError::Inconsistent { table: TABLE, id: format!("{centre}/{seq}") };
    let json = |column| {
        let text = row.maybe_text(TABLE, column)?;
        text.map(|text| serde_json::from_str(&text)).transpose().map_err(|_| bad())
    };
    Ok(Audited {
        seq: u64::try_from(seq).map_err(|_| bad())?,
        at: Moment::from_ms(row.number(TABLE, "at_ms")?),
        who: Author::read(&row.text(TABLE, "who")?).ok_or_else(bad)?,
        what: row.text(TABLE, "what")?,
        subject: row.text(TABLE, "subject")?,
        before: json("before")?,
        after: json("after")?,
    })
}

impl Db {
    /// The audit, newest first; of one subject where one is given. `before`: the last `seq` of the page before.
    pub async fn audited(
        &self,
        centre: &CentreName,
        subject: Option<&str>,
        before: Option<u64>,
        most: u32,
    ) -> Result<Vec<Audited>, StoreError> {
        let before = before.map_or(i64::MAX, |seq| i64::try_from(seq).unwrap_or(i64::MAX));
        let values = values![centre.as_str(), before, subject, i64::from(most.min(MOST_LISTED))];
        self.rows(LIST, values).await?.iter().map(|row| read(centre, row)).collect()
    }

    /// Looks through every entry and its chain.
    pub async fn check_audit(&self, centre: &CentreName) -> Result<AuditHealth, StoreError> {
        let last = self.row(LAST, values![centre.as_str()]).await?;
        let last = last.map(|row| row.number(TABLE, "last")).transpose()?.unwrap_or(0);
        let (mut seq, mut chain) = (0_u64, String::new());
        loop {
            let rows = self.rows(UPWARDS, values![centre.as_str(), seq, i64::from(MOST_LISTED)]).await?;
            for row in &rows {
                let text = |column| row.maybe_text(TABLE, column);
                let (who, what, subject) = (text("who")?, text("what")?, text("subject")?);
                let (before, after) = (text("before")?, text("after")?);
                let fields = [who.as_deref(), what.as_deref(), subject.as_deref(), before.as_deref(), after.as_deref()];
                let expected = chained(&chain, centre, seq + 1, row.number(TABLE, "at_ms")?, &fields);
                chain = row.text(TABLE, "chain")?;
                if row.number(TABLE, "seq")? != i64::try_from(seq + 1).unwrap_or(i64::MAX) || chain != expected {
                    return Ok(AuditHealth::Broken { at: seq + 1 });
                }
                seq += 1;
            }
            if rows.is_empty() {
                let whole = i64::try_from(seq).unwrap_or(i64::MAX) == last;
                return Ok(if whole {
                    AuditHealth::Whole { entries: seq }
                } else {
                    AuditHealth::Broken { at: seq + 1 }
                });
            }
        }
    }
}
