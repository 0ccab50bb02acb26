//! `hooks`: addresses elsewhere that facts are sent to, and how far each has come.

use super::StoreError;
use super::driver::{Db, Row, values};
use super::facts::FactPlace;
use crate::calendar::Moment;
use crate::routing::ids::CentreName;

const TABLE: &str = "hooks";
const ADD: &str = "INSERT INTO hooks (centre, id, url, kinds, secret, made_ms, made_by, seq, n, failures) \
     SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, CAST(0 AS BIGINT) \
     WHERE (SELECT COUNT(*) FROM hooks WHERE centre = $1) < $10";
const LIST: &str = "SELECT centre, id, url, kinds, secret, made_ms, made_by, seq, n, delivered_ms, failing_since_ms, \
     failures, failed_why, next_ms, off_ms, off_why FROM hooks \
     WHERE centre = $1 AND (CAST($2 AS TEXT) IS NULL OR id = $2) ORDER BY made_ms, id LIMIT $3";
const THAT_ARE_ON: &str = "SELECT centre, id, url, kinds, secret, made_ms, made_by, seq, n, delivered_ms, \
     failing_since_ms, failures, failed_why, next_ms, off_ms, off_why FROM hooks \
     WHERE off_ms IS NULL ORDER BY centre, id LIMIT $1";
const REMOVE: &str = "DELETE FROM hooks WHERE centre = $1 AND id = $2";
const CHANGE: &str = "UPDATE hooks SET url = $3, kinds = $4, failing_since_ms = NULL, failures = 0, failed_why = NULL, \
     next_ms = NULL WHERE centre = $1 AND id = $2";
const MOVE: &str = "UPDATE hooks SET seq = $3, n = $4 WHERE centre = $1 AND id = $2";
const DELIVERED: &str = "UPDATE hooks SET seq = $3, n = $4, delivered_ms = $5, failing_since_ms = NULL, failures = 0, \
     failed_why = NULL, next_ms = NULL WHERE centre = $1 AND id = $2";
const FAILED: &str = "UPDATE hooks SET failing_since_ms = $3, failures = $4, failed_why = $5, next_ms = $6 \
     WHERE centre = $1 AND id = $2";
const OFF: &str = "UPDATE hooks SET off_ms = $3, off_why = $4, next_ms = NULL \
     WHERE centre = $1 AND id = $2 AND off_ms IS NULL";
const ON: &str = "UPDATE hooks SET off_ms = NULL, off_why = NULL, failing_since_ms = NULL, failures = 0, \
     failed_why = NULL, next_ms = NULL WHERE centre = $1 AND id = $2 AND off_ms IS NOT NULL";

pub(super) const STATEMENTS: &[&str] = &[ADD, LIST, THAT_ARE_ON, REMOVE, CHANGE, MOVE, DELIVERED, FAILED, OFF, ON];

/// The most hooks of one centre: each reads all of its facts.
pub const MOST_HOOKS: i64 = 20;
/// The most hooks of all centres.
const MOST_OF_ALL: i64 = 2_000;

/// What has gone wrong since the last delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    pub since: Moment,
    pub failures: u32,
    pub why: String,
    /// When it is tried again.
    pub next: Moment,
}

/// A hook as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptHook {
    pub centre: CentreName,
    pub id: String,
    pub url: String,
    /// Empty: all.
    pub kinds: Vec<String>,
    pub secret: String,
    pub made: Moment,
    pub made_by: String,
    /// The last fact that was delivered or passed over.
    pub place: FactPlace,
    pub delivered: Option<Moment>,
    pub failing: Option<Failing>,
    pub off: Option<(Moment, String)>,
}

impl std::fmt::Debug for KeptHook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "hook {} of {} to {}", self.id, self.centre, self.url)
    }
}

impl KeptHook {
    fn read(row: &Row) -> Result<Self, StoreError> {
        let id = row.text(TABLE, "id")?;
        let bad = || StoreError::Inconsistent { table: TABLE, id: id.clone() };
        let moment = |column| Ok::<_, StoreError>(row.maybe_number(TABLE, column)?.map(Moment::from_ms));
        let failing = match (moment("failing_since_ms")?, moment("next_ms")?) {
            (Some(since), next) => Some(Failing {
                since,
                failures: u32::try_from(row.number(TABLE, "failures")?).map_err(|_| bad())?,
                why: row.maybe_text(TABLE, "failed_why")?.unwrap_or_default(),
                next: next.unwrap_or(since),
            }),
            (None, _) => None,
        };
        let place = FactPlace {
            seq: u64::try_from(row.number(TABLE, "seq")?).map_err(|_| bad())?,
            n: u32::try_from(row.number(TABLE, "n")?).map_err(|_| bad())?,
        };
        Ok(Self {
            centre: CentreName::new(row.text(TABLE, "centre")?),
            url: row.text(TABLE, "url")?,
            kinds: row.text(TABLE, "kinds")?.split_whitespace().map(str::to_owned).collect(),
            secret: row.text(TABLE, "secret")?,
            made: Moment::from_ms(row.number(TABLE, "made_ms")?),
            made_by: row.text(TABLE, "made_by")?,
            place,
            delivered: moment("delivered_ms")?,
            failing,
            off: moment("off_ms")?.zip(row.maybe_text(TABLE, "off_why")?),
            id,
        })
    }
}

fn missing(touched: u64, id: &str) -> Result<(), StoreError> {
    if touched == 1 { Ok(()) } else { Err(StoreError::Missing { what: "hook", name: id.to_owned() }) }
}

impl Db {
    /// # Errors
    /// `Exists` where the centre has [`MOST_HOOKS`].
    pub async fn add_hook(&self, hook: &KeptHook) -> Result<(), StoreError> {
        let values = values![
            hook.centre.as_str(),
            hook.id.as_str(),
            hook.url.as_str(),
            hook.kinds.join(" "),
            hook.secret.as_str(),
            hook.made,
            hook.made_by.as_str(),
            hook.place.seq,
            i64::from(hook.place.n),
            MOST_HOOKS,
        ];
        match self.execute(ADD, values).await? {
            1 => Ok(()),
            _ => Err(StoreError::Exists { what: "as many hooks as may be:", name: MOST_HOOKS.to_string() }),
        }
    }

    /// The oldest first.
    pub async fn hooks(&self, centre: &CentreName) -> Result<Vec<KeptHook>, StoreError> {
        let rows = self.rows(LIST, values![centre.as_str(), None::<&str>, MOST_HOOKS]).await?;
        rows.iter().map(KeptHook::read).collect()
    }

    /// # Errors
    /// `Missing`.
    pub async fn hook(&self, centre: &CentreName, id: &str) -> Result<KeptHook, StoreError> {
        match self.row(LIST, values![centre.as_str(), id, 1_i64]).await? {
            Some(row) => KeptHook::read(&row),
            None => Err(StoreError::Missing { what: "hook", name: id.to_owned() }),
        }
    }

    /// Those of all centres that are not switched off.
    pub async fn hooks_that_are_on(&self) -> Result<Vec<KeptHook>, StoreError> {
        self.rows(THAT_ARE_ON, values![MOST_OF_ALL]).await?.iter().map(KeptHook::read).collect()
    }

    pub async fn remove_hook(&self, centre: &CentreName, id: &str) -> Result<(), StoreError> {
        missing(self.execute(REMOVE, values![centre.as_str(), id]).await?, id)
    }

    pub async fn change_hook(
        &self,
        centre: &CentreName,
        id: &str,
        url: &str,
        kinds: &[String],
    ) -> Result<(), StoreError> {
        missing(self.execute(CHANGE, values![centre.as_str(), id, url, kinds.join(" ")]).await?, id)
    }

    /// Facts that it does not want were passed over.
    pub async fn hook_moved(&self, hook: &KeptHook, to: FactPlace) -> Result<(), StoreError> {
        let values = values![hook.centre.as_str(), hook.id.as_str(), to.seq, i64::from(to.n)];
        self.execute(MOVE, values).await.map(drop)
    }

    pub async fn hook_delivered(&self, hook: &KeptHook, to: FactPlace, at: Moment) -> Result<(), StoreError> {
        let values = values![hook.centre.as_str(), hook.id.as_str(), to.seq, i64::from(to.n), at];
        self.execute(DELIVERED, values).await.map(drop)
    }

    pub async fn hook_failed(&self, hook: &KeptHook, failing: &Failing) -> Result<(), StoreError> {
        let Failing { since, failures, why, next } = failing;
        let id = hook.id.as_str();
        let values = values![hook.centre.as_str(), id, *since, i64::from(*failures), why.as_str(), *next];
        self.execute(FAILED, values).await.map(drop)
    }

    pub async fn switch_hook_off(
        &self,
        centre: &CentreName,
        id: &str,
        at: Moment,
        why: &str,
    ) -> Result<(), StoreError> {
        self.execute(OFF, values![centre.as_str(), id, at, why]).await.map(drop)
    }

    /// On again, from where it stopped.
    pub async fn switch_hook_on(&self, centre: &CentreName, id: &str) -> Result<(), StoreError> {
        self.execute(ON, values![centre.as_str(), id]).await.map(drop)
    }
}
