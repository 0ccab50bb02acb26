//! `counted`: numbers given out one after another in each centre; and the key of a form, so that one sent twice is done once.

use super::StoreError;
use super::driver::{Change, values};
use crate::routing::ids::CentreName;

const TABLE: &str = "counted";
// The row is held until the transaction ends: numbers have no gaps, and whoever comes second waits.
const NEXT: &str = "INSERT INTO counted (centre, what, last) VALUES ($1, $2, 1) \
     ON CONFLICT (centre, what) DO UPDATE SET last = counted.last + 1 RETURNING last";

// The same without a number.
const HOLD: &str = "INSERT INTO counted (centre, what, last) VALUES ($1, $2, 0) \
     ON CONFLICT (centre, what) DO UPDATE SET last = counted.last";

pub(super) const STATEMENTS: &[&str] = &[NEXT, HOLD];

/// What is counted.
#[derive(Clone, Copy)]
pub(super) enum Counted {
    Customers,
    Cases,
    Audit,
}

impl Counted {
    const fn as_str(self) -> &'static str {
        match self {
            Counted::Customers => "customers",
            Counted::Cases => "cases",
            Counted::Audit => "audit",
        }
    }
}

pub(super) async fn next(change: &mut Change, centre: &CentreName, what: Counted) -> Result<u64, StoreError> {
    let row = change.row(NEXT, values![centre.as_str(), what.as_str()]).await?;
    let gone = || StoreError::Inconsistent { table: TABLE, id: format!("{centre}/{}", what.as_str()) };
    let last = row.ok_or_else(gone)?.number(TABLE, "last")?;
    u64::try_from(last).map_err(|_| gone())
}

/// Lets nobody else count until the transaction ends; so what it reads of what is changed only with a number stays so.
pub(super) async fn hold(change: &mut Change, centre: &CentreName, what: Counted) -> Result<(), StoreError> {
    change.execute(HOLD, values![centre.as_str(), what.as_str()]).await.map(drop)
}

/// Whether something else was wanted with the key of this request before. What is counted is held, so nobody else does at the
/// same moment.
pub(super) async fn key_is_used(
    change: &mut Change,
    statement: &'static str,
    centre: &CentreName,
    request: &RequestKey,
) -> Result<bool, StoreError> {
    let Some([from, to]) = request.of_same_key() else { return Ok(false) };
    let values = values![centre.as_str(), from, to, request.as_str()];
    Ok(change.row(statement, values).await?.is_some())
}

/// What a form carries from the moment it is shown: the same form sent twice carries the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestKey(String);

/// The text is no key of a form of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the key of a form")]
pub struct BadRequestKey;

impl RequestKey {
    /// For a form that is shown now.
    ///
    /// # Errors
    /// `Refused` where the system has no random numbers.
    pub fn new() -> Result<Self, StoreError> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|error| StoreError::Refused { why: format!("no key: {error}") })?;
        Ok(Self(super::sessions::hexadecimal(&bytes)))
    }

    /// From 8 to 64 letters, digits and hyphens.
    ///
    /// # Errors
    /// Anything else.
    pub fn of(text: &str) -> Result<Self, BadRequestKey> {
        let good = (8..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if good { Ok(Self(text.to_owned())) } else { Err(BadRequestKey) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Between which all stand that were sent with the same key for something else. `None`: a form of a page, which has a
    /// key of its own each time that it is shown.
    pub(super) fn of_same_key(&self) -> Option<[String; 2]> {
        let (key, _) = self.0.split_once('-').filter(|(key, this)| (key.len(), this.len()) == (32, 31))?;
        // The sign behind a hyphen.
        Some([format!("{key}-"), format!("{key}.")])
    }
}
