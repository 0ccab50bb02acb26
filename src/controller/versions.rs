//! Published versions brought into SQL, whole, as facts are; and into the audit, where a start has brought one that
//! nobody published at a page. In its own time: a database that is away keeps no version from being published.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{Handle, publish};
use crate::calendar::Moment;
use crate::routing::ids::{CentreName, VersionHash};
use crate::store::audit::{Author, Done};
use crate::store::{Db, StoreError};

/// Between two tries to reach the database.
const AGAIN: Duration = Duration::from_secs(2);

/// Until `stop`.
pub async fn follow(handle: Handle, db: Db, clock: impl Fn() -> Moment, stop: CancellationToken) {
    let mut plans = handle.plans();
    let mut kept: BTreeMap<CentreName, VersionHash> = BTreeMap::new();
    loop {
        let now: Vec<(CentreName, VersionHash)> =
            plans.borrow_and_update().iter().map(|(centre, plan)| (centre.clone(), plan.version.clone())).collect();
        let mut all = true;
        for (centre, version) in now {
            if kept.get(&centre) == Some(&version) {
                continue;
            }
            let done = keep(&handle, &db, &centre, &version, clock(), !kept.contains_key(&centre)).await;
            match done {
                Ok(()) => drop(kept.insert(centre, version)),
                Err(error) => {
                    tracing::debug!(%centre, %version, %error, "a version waits for the database");
                    all = false;
                }
            }
        }
        tokio::select! {
            changed = plans.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(AGAIN), if !all => {}
            () = stop.cancelled() => return,
        }
    }
}

async fn keep(
    handle: &Handle,
    db: &Db,
    centre: &CentreName,
    version: &VersionHash,
    at: Moment,
    first: bool,
) -> Result<(), StoreError> {
    if let Some(text) = handle.version_text(centre, version).await {
        db.keep_version(centre, version, at, &text).await?;
    }
    if first {
        let last = db.last_of_audit(centre, PUBLISHED, SUBJECT).await?;
        let last = last.and_then(|last| last.get("version")?.as_str().map(VersionHash::new));
        if last.as_ref() != Some(version) {
            db.write_down(centre, published(&Author::Clock, at, last.as_ref(), version)).await?;
        }
    }
    Ok(())
}

const PUBLISHED: &str = "configuration.published";
const SUBJECT: &str = "configuration";

/// What the audit says of a publication.
pub fn published(author: &Author, at: Moment, before: Option<&VersionHash>, version: &VersionHash) -> Done {
    Done {
        at,
        who: author.clone(),
        what: PUBLISHED,
        subject: SUBJECT.into(),
        before: before.map(|version| json!({ "version": version })),
        after: Some(json!({ "version": version })),
    }
}

impl Handle {
    /// A published version as an admin wrote it, from the disk. `None` where it is not kept there.
    pub async fn version_text(&self, centre: &CentreName, version: &VersionHash) -> Option<String> {
        let directory = self.written().get(centre)?.dir.parent()?.join("versions");
        let version = version.clone();
        tokio::task::spawn_blocking(move || publish::text(&directory, &version)).await.ok().flatten()
    }
}

/// Publishes one centre's directory for somebody, and writes it into the audit. Says the version before and the one now.
///
/// # Errors
/// As [`super::directories::Directories::reload_one`]. An audit that cannot be written keeps nothing back: the version
/// is published, the log says by whom, and the next start finds that the audit does not know of it.
pub async fn publish_for(
    author: &Author,
    directories: &super::directories::Directories,
    centre: &CentreName,
    handle: &Handle,
    db: &Db,
    at: Moment,
) -> Result<(Option<VersionHash>, VersionHash), super::directories::ReloadError> {
    let before = handle.plan(centre).map(|plan| plan.version.clone());
    let version = directories.reload_one(centre, handle).await?;
    if before.as_ref() != Some(&version)
        && let Err(error) = db.write_down(centre, published(author, at, before.as_ref(), &version)).await
    {
        tracing::error!(%centre, %version, ?author, %error, "a publication is not in the audit");
    }
    Ok((before, version))
}
