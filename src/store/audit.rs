//! `audit`: who changed what, entry after entry. Triggers refuse to change or remove one; each entry's chain is a hash over
//! it and the chain before it, so that an entry that was changed behind the triggers' back shows. Written in the transaction
//! that makes the change, so that neither is without the other. Never a password, nor what a caller said or keyed.

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
const CHOSEN: &str = "SELECT a.seq, a.at_ms, a.who, a.what, a.subject, a.before, a.after, a.chain, b.chain AS chain_before \
     FROM audit a LEFT JOIN audit b ON b.centre = a.centre AND b.seq = a.seq - 1 \
     WHERE a.centre = $1 AND (CAST($2 AS TEXT) IS NULL OR a.who = $2) AND (CAST($3 AS TEXT) IS NULL OR a.what = $3) \
     AND (CAST($4 AS TEXT) IS NULL OR a.subject = $4) AND (CAST($5 AS BIGINT) IS NULL OR a.at_ms >= $5) \
     AND (CAST($6 AS BIGINT) IS NULL OR a.at_ms < $6) AND (CAST($7 AS BIGINT) IS NULL OR a.seq < $7) \
     ORDER BY a.seq DESC LIMIT $8";
const LAST_OF: &str =
    "SELECT after FROM audit WHERE centre = $1 AND what = $2 AND subject = $3 ORDER BY seq DESC LIMIT 1";
const UPWARDS: &str = "SELECT seq, at_ms, who, what, subject, before, after, chain FROM audit \
     WHERE centre = $1 AND seq > $2 ORDER BY seq LIMIT $3";
const LAST: &str = "SELECT last FROM counted WHERE centre = $1 AND what = 'audit'";

pub(super) const STATEMENTS: &[&str] = &[ADD, CHAIN, LIST, CHOSEN, LAST_OF, UPWARDS, LAST];

/// The most entries of one page.
const MOST_LISTED: u32 = 1_000;

/// Who makes a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Author {
    /// One of the centre's people, who has logged in.
    Person(AgentName),
    /// Whoever may run the program on the machine.
    Console,
    /// A program, through the JSON interface.
    Program,
    /// Nobody of whom anything is known: they were not let in.
    Stranger,
    /// Nobody: a time ran out, a rule was changed, the controller was started.
    Clock,
}

impl Author {
    /// As the column and the address bar have it.
    pub fn column(&self) -> String {
        match self {
            Author::Person(name) => format!("agent:{name}"),
            Author::Console => "console".into(),
            Author::Program => "program".into(),
            Author::Stranger => "stranger".into(),
            Author::Clock => "clock".into(),
        }
    }

    fn read(text: &str) -> Option<Self> {
        match text {
            "console" => Some(Author::Console),
            "program" => Some(Author::Program),
            "stranger" => Some(Author::Stranger),
            "clock" => Some(Author::Clock),
            other => other.strip_prefix("agent:").map(|name| Author::Person(AgentName::new(name))),
        }
    }
}

/// One change, before it is written down.
#[derive(Clone, Debug)]
pub struct Done {
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

/// An entry as kept, word for word, and whether it is as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub seq: u64,
    pub at: Moment,
    pub who: String,
    pub what: String,
    pub subject: String,
    pub before: Option<String>,
    pub after: Option<String>,
    pub whole: bool,
}

/// Which entries; `None` does not choose.
#[derive(Clone, Debug, Default)]
pub struct Which {
    /// As the column has it: `agent:mira`.
    pub who: Option<String>,
    pub what: Option<String>,
    pub subject: Option<String>,
    pub from: Option<Moment>,
    /// Not included.
    pub to: Option<Moment>,
    /// Only older ones than this.
    pub before: Option<u64>,
}

/// What a look through the audit came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditHealth {
    /// So many entries were looked at, each as it was written.
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
    // A second place, which whoever writes to the database does not reach.
    tracing::info!(target: "cordboard::audit", %centre, seq, who, what, subject, chain, "written into the audit");
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

    /// Something that is written down nowhere else.
    pub async fn write_down(&self, centre: &CentreName, done: Done) -> Result<(), StoreError> {
        let mut change = self.begin().await?;
        write(&mut change, centre, done).await?;
        change.commit().await
    }

    /// Newest first, each held against the one before it.
    pub async fn audit(&self, centre: &CentreName, which: &Which, most: u32) -> Result<Vec<Seen>, StoreError> {
        let values = values![
            centre.as_str(),
            which.who.as_deref(),
            which.what.as_deref(),
            which.subject.as_deref(),
            which.from.map(Moment::as_ms),
            which.to.map(Moment::as_ms),
            which.before.map(|seq| i64::try_from(seq).unwrap_or(i64::MAX)),
            i64::from(most.min(MOST_LISTED))
        ];
        let rows = self.rows(CHOSEN, values).await?;
        let seen = rows.iter().map(|row| {
            let entry = Kept::of(row)?;
            let before = if entry.seq == 1 { Some(String::new()) } else { row.maybe_text(TABLE, "chain_before")? };
            let whole = before.is_some_and(|before| entry.follows(centre, &before));
            let Kept { seq, at, who, what, subject, before, after, chain: _ } = entry;
            Ok(Seen { seq, at: Moment::from_ms(at), who, what, subject, before, after, whole })
        });
        seen.collect()
    }

    /// What the last such entry about `subject` says; `Null` where it says nothing, `None` where there is none.
    pub async fn last_of_audit(
        &self,
        centre: &CentreName,
        what: &str,
        subject: &str,
    ) -> Result<Option<serde_json::Value>, StoreError> {
        let row = self.row(LAST_OF, values![centre.as_str(), what, subject]).await?;
        let text = row.map(|row| row.maybe_text(TABLE, "after")).transpose()?;
        Ok(text.map(|text| text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()))
    }

    /// Looks through every entry and its chain.
    pub async fn check_audit(&self, centre: &CentreName) -> Result<AuditHealth, StoreError> {
        self.check_newest_audit(centre, u64::MAX).await
    }

    /// The number of entries there should be.
    pub async fn audit_length(&self, centre: &CentreName) -> Result<u64, StoreError> {
        let last = self.row(LAST, values![centre.as_str()]).await?;
        let last = last.map(|row| row.number(TABLE, "last")).transpose()?.unwrap_or(0);
        u64::try_from(last).map_err(|_| StoreError::Inconsistent { table: "counted", id: centre.to_string() })
    }

    /// Looks through the newest entries and their chains, up to the last that there should be.
    pub async fn check_newest_audit(&self, centre: &CentreName, newest: u64) -> Result<AuditHealth, StoreError> {
        let last = self.audit_length(centre).await?;
        // What came before the first that is looked at; its chain is taken as it is.
        let begins = last.saturating_sub(newest);
        let (mut seq, mut looked_at) = (begins, 0);
        let mut chain = String::new();
        if begins > 0 {
            let row = self.row(CHAIN, values![centre.as_str(), begins]).await?;
            let Some(row) = row else { return Ok(AuditHealth::Broken { at: begins }) };
            chain = row.text(TABLE, "chain")?;
        }
        loop {
            let rows = self.rows(UPWARDS, values![centre.as_str(), seq, i64::from(MOST_LISTED)]).await?;
            for row in &rows {
                let entry = Kept::of(row)?;
                // Written since we looked; or by somebody who did not count it.
                if entry.seq > last && seq == last {
                    let counted = self.audit_length(centre).await?;
                    let strange = counted < entry.seq;
                    return Ok(if strange {
                        AuditHealth::Broken { at: entry.seq }
                    } else {
                        AuditHealth::Whole { entries: looked_at }
                    });
                }
                if entry.seq != seq + 1 || !entry.follows(centre, &chain) {
                    return Ok(AuditHealth::Broken { at: seq + 1 });
                }
                (seq, looked_at, chain) = (entry.seq, looked_at + 1, entry.chain);
            }
            if rows.is_empty() {
                let whole = seq == last;
                return Ok(if whole {
                    AuditHealth::Whole { entries: looked_at }
                } else {
                    AuditHealth::Broken { at: seq + 1 }
                });
            }
        }
    }
}

/// A row, word for word.
struct Kept {
    seq: u64,
    at: i64,
    who: String,
    what: String,
    subject: String,
    before: Option<String>,
    after: Option<String>,
    chain: String,
}

impl Kept {
    fn of(row: &Row) -> Result<Self, StoreError> {
        let seq = row.number(TABLE, "seq")?;
        Ok(Self {
            seq: u64::try_from(seq).map_err(|_| StoreError::Inconsistent { table: TABLE, id: seq.to_string() })?,
            at: row.number(TABLE, "at_ms")?,
            who: row.text(TABLE, "who")?,
            what: row.text(TABLE, "what")?,
            subject: row.text(TABLE, "subject")?,
            before: row.maybe_text(TABLE, "before")?,
            after: row.maybe_text(TABLE, "after")?,
            chain: row.text(TABLE, "chain")?,
        })
    }

    fn follows(&self, centre: &CentreName, before: &str) -> bool {
        let fields = [
            Some(self.who.as_str()),
            Some(self.what.as_str()),
            Some(self.subject.as_str()),
            self.before.as_deref(),
            self.after.as_deref(),
        ];
        self.chain == chained(before, centre, self.seq, self.at, &fields)
    }
}
