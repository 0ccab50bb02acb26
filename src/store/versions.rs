//! `versions`: every published version of a centre's YAML, whole.

use super::StoreError;
use super::driver::{Db, values};
use crate::calendar::Moment;
use crate::routing::ids::{CentreName, VersionHash};

const TABLE: &str = "versions";
const KEEP: &str = "INSERT INTO versions (centre, version, published_ms, text) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (centre, version) DO NOTHING";
const READ: &str = "SELECT text FROM versions WHERE centre = $1 AND version = $2";

const LIST: &str = "SELECT version, published_ms FROM versions WHERE centre = $1 \
     ORDER BY published_ms DESC, version LIMIT $2";

pub(super) const STATEMENTS: &[&str] = &[KEEP, READ, LIST];

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

    /// With when each was first published, newest first.
    pub async fn versions(&self, centre: &CentreName, most: i64) -> Result<Vec<(VersionHash, Moment)>, StoreError> {
        let rows = self.rows(LIST, values![centre.as_str(), most]).await?;
        let listed = rows.iter().map(|row| {
            let version = VersionHash::new(row.text(TABLE, "version")?);
            Ok((version, Moment::from_ms(row.number(TABLE, "published_ms")?)))
        });
        listed.collect()
    }
}
