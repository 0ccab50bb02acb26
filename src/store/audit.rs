//! `audit`: who changed what, by which way, from what to what. Written in the transaction that makes the change, so that
//! neither is without the other; never changed and never taken away, which triggers see to. Each row's hash covers it and
//! the hash before it, and [`Db::check_audit`] finds what was edited behind our back.
//!
//! Passwords are never in it, nor anything a caller said or keyed.

use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use super::StoreError;
use super::driver::{Change, Db, Row, values};
use crate::calendar::Moment;
use crate::routing::ids::{AgentName, CentreName};

const TABLE: &str = "audit";
// Takes the centre's head for this transaction: whoever else would write waits until it is over.
const HEAD: &str = "INSERT INTO audit_heads (centre, seq, hash) VALUES ($1, 0, '') \
     ON CONFLICT (centre) DO UPDATE SET seq = audit_heads.seq RETURNING seq, hash";
const MOVE_HEAD: &str = "UPDATE audit_heads SET seq = $2, hash = $3 WHERE centre = $1";
const READ_HEAD: &str = "SELECT seq, hash FROM audit_heads WHERE centre = $1";
const ADD: &str = "INSERT INTO audit (centre, seq, at_ms, via, who, what, subject, before_json, after_json, hash) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
const LIST: &str = "SELECT a.seq, a.at_ms, a.via, a.who, a.what, a.subject, a.before_json, a.after_json, a.hash, \
     p.hash AS hash_before FROM audit a LEFT JOIN audit p ON p.centre = a.centre AND p.seq = a.seq - 1 \
     WHERE a.centre = $1 AND (CAST($2 AS TEXT) IS NULL OR a.who = $2) AND (CAST($3 AS TEXT) IS NULL OR a.what = $3) \
     AND (CAST($4 AS TEXT) IS NULL OR a.subject = $4) AND (CAST($5 AS BIGINT) IS NULL OR a.at_ms >= $5) \
     AND (CAST($6 AS BIGINT) IS NULL OR a.at_ms < $6) AND (CAST($7 AS BIGINT) IS NULL OR a.seq < $7) \
     ORDER BY a.seq DESC LIMIT $8";
const WALK: &str = "SELECT seq, at_ms, via, who, what, subject, before_json, after_json, hash FROM audit \
     WHERE centre = $1 AND seq >= $2 ORDER BY seq LIMIT $3";
const LAST: &str =
    "SELECT after_json FROM audit WHERE centre = $1 AND what = $2 AND subject = $3 ORDER BY seq DESC LIMIT 1";

pub(super) const STATEMENTS: &[&str] = &[HEAD, MOVE_HEAD, READ_HEAD, ADD, LIST, WALK, LAST];

/// Rows read at a time while the chain is walked: some hundred kilobytes.
const PIECE: i64 = 1_000;

/// By which way something was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    Page,
    /// The command line, on the machine itself.
    Command,
    /// The JSON interface.
    Program,
    /// Somebody had the core do it to somebody else, by page or program.
    Core,
    /// Nobody: a start, a signal.
    Cordboard,
}

impl Via {
    pub const ALL: [Via; 5] = [Via::Page, Via::Command, Via::Program, Via::Core, Via::Cordboard];

    pub const fn as_str(self) -> &'static str {
        match self {
            Via::Page => "page",
            Via::Command => "command",
            Via::Program => "program",
            Via::Core => "core",
            Via::Cordboard => "cordboard",
        }
    }
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    PersonAdded,
    /// Name, role or queues.
    PersonChanged,
    PersonRemoved,
    /// Given or taken away; never which.
    PasswordChanged,
    StationChanged,
    SkillsChanged,
    ConfigurationPublished,
    LoggedIn,
    LogInRefused,
    /// Somebody logged an agent in or out, sent them on a break, called them back, ended their wrap-up or their call.
    AgentForced,
    /// Other queues and skills reached an agent at work.
    AgentAssigned,
}

impl What {
    pub const ALL: [What; 11] = [
        What::PersonAdded,
        What::PersonChanged,
        What::PersonRemoved,
        What::PasswordChanged,
        What::StationChanged,
        What::SkillsChanged,
        What::ConfigurationPublished,
        What::LoggedIn,
        What::LogInRefused,
        What::AgentForced,
        What::AgentAssigned,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            What::PersonAdded => "person_added",
            What::PersonChanged => "person_changed",
            What::PersonRemoved => "person_removed",
            What::PasswordChanged => "password_changed",
            What::StationChanged => "station_changed",
            What::SkillsChanged => "skills_changed",
            What::ConfigurationPublished => "configuration_published",
            What::LoggedIn => "logged_in",
            What::LogInRefused => "log_in_refused",
            What::AgentForced => "agent_forced",
            What::AgentAssigned => "agent_assigned",
        }
    }
}

/// Who does something, and by which way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    pub who: Option<AgentName>,
    pub via: Via,
}

impl Author {
    pub fn at_page(who: &AgentName) -> Self {
        Self { who: Some(who.clone()), via: Via::Page }
    }

    pub const fn nobody(via: Via) -> Self {
        Self { who: None, via }
    }
}

/// One thing done, to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct Deed {
    pub what: What,
    pub subject: String,
    pub before: Option<Json>,
    pub after: Option<Json>,
}

/// One row, as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub seq: i64,
    pub at: Moment,
    pub via: String,
    pub who: Option<String>,
    pub what: String,
    pub subject: String,
    pub before: Option<String>,
    pub after: Option<String>,
    pub hash: String,
}

/// A row, and whether it is as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub entry: Entry,
    pub whole: bool,
}

/// Which rows; `None` does not choose.
#[derive(Clone, Debug, Default)]
pub struct Which {
    pub who: Option<String>,
    pub what: Option<What>,
    pub subject: Option<String>,
    pub from: Option<Moment>,
    pub until: Option<Moment>,
    /// Only rows older than this one.
    pub before: Option<i64>,
}

/// What a walk along the chain has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Rows that were looked at.
    pub rows: i64,
    /// Rows there should be.
    pub of: i64,
    /// The hash of the last one: whoever notes it elsewhere finds out later even that all was made anew.
    pub last: String,
    /// The first row that is not as it was written, or is missing.
    pub broken: Option<i64>,
}

impl Entry {
    /// SHA-256 over the hash before and every column, each with its length, so that no two rows are one text.
    fn sealed(&self, centre: &CentreName, before: &str) -> String {
        let (seq, at) = (self.seq.to_string(), self.at.as_ms().to_string());
        let columns = [
            Some(before),
            Some(centre.as_str()),
            Some(&seq),
            Some(&at),
            Some(&self.via),
            self.who.as_deref(),
            Some(&self.what),
            Some(&self.subject),
            self.before.as_deref(),
            self.after.as_deref(),
        ];
        let mut hash = Sha256::new();
        for column in columns {
            match column {
                Some(text) => {
                    hash.update(text.len().to_string());
                    hash.update(":");
                    hash.update(text);
                }
                None => hash.update("-"),
            }
        }
        super::sessions::hexadecimal(&hash.finalize())
    }

    fn of(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            seq: row.number(TABLE, "seq")?,
            at: Moment::from_ms(row.number(TABLE, "at_ms")?),
            via: row.text(TABLE, "via")?,
            who: row.maybe_text(TABLE, "who")?,
            what: row.text(TABLE, "what")?,
            subject: row.text(TABLE, "subject")?,
            before: row.maybe_text(TABLE, "before_json")?,
            after: row.maybe_text(TABLE, "after_json")?,
            hash: row.text(TABLE, "hash")?,
        })
    }
}

/// As a column holds it (see `Value`): what is hashed is what is read back.
fn stored(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// Makes this transaction the only one that writes to the centre's audit, and so the only one that changes its people:
/// what it reads from here on is how things stand.
pub(super) async fn lock(change: &mut Change, centre: &CentreName) -> Result<(i64, String), StoreError> {
    let rows = change.rows(HEAD, values![centre.as_str()]).await?;
    let row = rows.first().ok_or_else(|| StoreError::Inconsistent { table: "audit_heads", id: centre.to_string() })?;
    Ok((row.number("audit_heads", "seq")?, row.text("audit_heads", "hash")?))
}

/// Adds one row, in the transaction that did what it tells of.
pub(super) async fn append(
    change: &mut Change,
    centre: &CentreName,
    author: &Author,
    at: Moment,
    deed: Deed,
) -> Result<(), StoreError> {
    let (last, before) = lock(change, centre).await?;
    let json = |value: Option<Json>| value.map(|value| stored(&value.to_string()));
    let mut entry = Entry {
        seq: last + 1,
        at,
        via: author.via.as_str().to_owned(),
        who: author.who.as_ref().map(|who| stored(who.as_str())),
        what: deed.what.as_str().to_owned(),
        subject: stored(&deed.subject),
        before: json(deed.before),
        after: json(deed.after),
        hash: String::new(),
    };
    entry.hash = entry.sealed(centre, &before);
    let Entry { seq, at, via, who, what, subject, before, after, hash } = &entry;
    let values = values![
        centre.as_str(),
        *seq,
        *at,
        via.as_str(),
        who.as_deref(),
        what.as_str(),
        subject.as_str(),
        before.as_deref(),
        after.as_deref(),
        hash.as_str()
    ];
    change.execute(ADD, values).await?;
    change.execute(MOVE_HEAD, values![centre.as_str(), *seq, hash.as_str()]).await?;
    // A second place that a writer to the database does not reach.
    tracing::info!(target: "cordboard::audit", %centre, seq, what, who, subject, %hash, "written into the audit");
    Ok(())
}

impl Db {
    /// Something that is written nowhere else.
    pub async fn add_to_audit(
        &self,
        centre: &CentreName,
        author: &Author,
        at: Moment,
        deed: Deed,
    ) -> Result<(), StoreError> {
        let mut change = self.begin().await?;
        append(&mut change, centre, author, at, deed).await?;
        change.commit().await
    }

    /// Newest first, each held against the one before it.
    pub async fn audit(&self, centre: &CentreName, which: &Which, most: i64) -> Result<Vec<Seen>, StoreError> {
        let values = values![
            centre.as_str(),
            which.who.as_deref(),
            which.what.map(What::as_str),
            which.subject.as_deref(),
            which.from.map(Moment::as_ms),
            which.until.map(Moment::as_ms),
            which.before,
            most
        ];
        let rows = self.rows(LIST, values).await?;
        let seen = rows.iter().map(|row| {
            let entry = Entry::of(row)?;
            let before = row.maybe_text(TABLE, "hash_before")?;
            let before = if entry.seq == 1 { Some(String::new()) } else { before };
            let whole = before.is_some_and(|before| entry.hash == entry.sealed(centre, &before));
            Ok(Seen { entry, whole })
        });
        seen.collect()
    }

    /// The JSON of the last such entry about `subject`; `None` where there is none, or it says nothing.
    pub async fn last_of_audit(
        &self,
        centre: &CentreName,
        what: What,
        subject: &str,
    ) -> Result<Option<Json>, StoreError> {
        let row = self.row(LAST, values![centre.as_str(), what.as_str(), subject]).await?;
        let text = row.map(|row| row.maybe_text(TABLE, "after_json")).transpose()?;
        Ok(text.map(|text| text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(Json::Null)))
    }

    async fn audit_head(&self, centre: &CentreName) -> Result<(i64, String), StoreError> {
        match self.row(READ_HEAD, values![centre.as_str()]).await? {
            Some(row) => Ok((row.number("audit_heads", "seq")?, row.text("audit_heads", "hash")?)),
            None => Ok((0, String::new())),
        }
    }

    /// Walks along the newest `newest` rows, or all.
    pub async fn check_audit(&self, centre: &CentreName, newest: Option<i64>) -> Result<Checked, StoreError> {
        let (of, last) = self.audit_head(centre).await?;
        let first = newest.map_or(1, |newest| (of - newest + 1).max(1));
        let mut chain = Chain { hash: (first == 1).then(String::new), seen: first - 1, rows: 0 };
        // The row before the first is looked at for its hash alone.
        let mut at = (first - 1).max(1);
        loop {
            let piece = self.rows(WALK, values![centre.as_str(), at, PIECE]).await?;
            for row in &piece {
                let entry = Entry::of(row)?;
                at = entry.seq + 1;
                if entry.seq < first {
                    chain.hash = Some(entry.hash);
                } else if entry.seq > of {
                    // Written since we looked, or by somebody who did not move the head.
                    let stranger = self.audit_head(centre).await?.0 < entry.seq;
                    let broken = chain.end(of, &last).or(stranger.then_some(entry.seq));
                    return Ok(Checked { rows: chain.rows, of, last, broken });
                } else if !chain.goes_on(centre, entry) {
                    return Ok(Checked { rows: chain.rows, of, last, broken: Some(chain.seen + 1) });
                }
            }
            if piece.is_empty() {
                let broken = chain.end(of, &last);
                return Ok(Checked { rows: chain.rows, of, last, broken });
            }
        }
    }
}

/// How far a walk has come.
struct Chain {
    /// Of the row before; `None` where it is missing.
    hash: Option<String>,
    seen: i64,
    rows: i64,
}

impl Chain {
    fn goes_on(&mut self, centre: &CentreName, entry: Entry) -> bool {
        let whole = entry.seq == self.seen + 1
            && self.hash.as_ref().is_some_and(|before| entry.hash == entry.sealed(centre, before));
        if whole {
            self.seen = entry.seq;
            self.rows += 1;
            self.hash = Some(entry.hash);
        }
        whole
    }

    /// What is missing where the rows end.
    fn end(&self, of: i64, last: &str) -> Option<i64> {
        if self.seen < of {
            return Some(self.seen + 1);
        }
        let same = self.hash.as_deref().is_some_and(|hash| hash == last);
        (!same).then_some(of.max(1))
    }
}
