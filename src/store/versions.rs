//! `versions`: every published version of a centre's YAML, whole.

use super::StoreError;
use super::driver::{Db, values};
use crate::calendar::Moment;
use crate::routing::ids::{CentreName, VersionHash};

const TABLE: &str = "versions";
const KEEP: &str = "INSERT INTO versions (centre, version, published_ms, text) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (centre, version) DO NOTHING";
const READ: &str = "SELECT text FROM versions WHERE centre = $1 AND version = $2";

pub(super) const STATEMENTS: &[&str] = &[KEEP, READ];

impl Db {
    /// Keep a version; the same once more changes nothing.
    pub async fn keep_version(
        &self,
        centre: &CentreName,
        version: &VersionHash,
        published: Moment,
        text: &str,
    ) -> Result<(), StoreError> {
        self.execute(KEEP, values![centre.as_str(), version.as_str(), published, text]).await.map(drop)
    }

    pub async fn version(&self, centre: &CentreName, version: &VersionHash) -> Result<Option<String>, StoreError> {
        let row = self.row(READ, values![centre.as_str(), version.as_str()]).await?;
        row.map(|row| row.text(TABLE, "text")).transpose()
    }
}
