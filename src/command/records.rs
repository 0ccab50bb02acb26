//! The database beside the controller: brought to this version and filled, as soon as it is there. Nobody waits for
//! it: calls are carried meanwhile.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use cordboard::controller::acquaintance::LookUp;
use cordboard::controller::escalator::{Escalating, Escalator};
use cordboard::controller::filler::{Filler, Filling};
use cordboard::controller::keypad::Keypad;
use cordboard::controller::{self, Handle, journal};
use cordboard::routing::ids::CentreName;
use cordboard::store::Db;
use cordboard::web::Fillers;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::{error, info, warn};

/// Waits between tries to reach the database at the start, doubled from the first to the last.
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(15);
/// Files of the journal are whole days old when they go; an hour more costs nothing.
const FORGET_EVERY: Duration = Duration::from_secs(3600);
/// A piece that a filler has in hand when we stop; what is not filled is filled after the next start.
const STOP_WITHIN: Duration = Duration::from_secs(5);

/// Until `stop`.
pub async fn keep(handle: Handle, db: Db, fillers: watch::Sender<Fillers>, stop: CancellationToken) {
    let Some(()) = stop.run_until_cancelled(prepare(&db)).await else { return };
    let now: Arc<dyn Fn() -> _ + Send + Sync> = Arc::new(controller::clock());
    let mut filling: BTreeMap<CentreName, Filling> = BTreeMap::new();
    for (centre, written) in handle.written() {
        let filler = Filler {
            db: db.clone(),
            centre: centre.clone(),
            dir: written.dir.clone(),
            durable: written.durable.clone(),
            first_seq: written.first_seq,
            clock: now.clone(),
        };
        filling.insert(centre.clone(), filler.start());
    }
    let escalators: Vec<Escalating> = handle
        .written()
        .keys()
        .map(|centre| Escalator {
            db: db.clone(),
            centre: centre.clone(),
            plans: handle.plans(),
            clock: Arc::new(controller::wall_clock),
        })
        .map(Escalator::start)
        .collect();
    let looking_up = AbortOnDropHandle::new(tokio::spawn(LookUp { handle: handle.clone(), db: db.clone() }.run()));
    let keypads = AbortOnDropHandle::new(tokio::spawn(Keypad::new(handle.clone(), db.clone()).run()));
    let health = filling.iter().map(|(centre, filling)| (centre.clone(), filling.health.clone()));
    fillers.send_replace(Some(health.collect()));
    stop.run_until_cancelled(forget(&handle, &filling)).await;
    drop(looking_up);
    drop(keypads);
    for escalating in escalators {
        if tokio::time::timeout(STOP_WITHIN, escalating.stop()).await.is_err() {
            warn!("an escalator has not ended in time");
        }
    }
    for (_, filling) in filling {
        if tokio::time::timeout(STOP_WITHIN, filling.stop()).await.is_err() {
            warn!("a filler has not ended in time");
        }
    }
    db.close().await;
}

/// Comes back when the database has our tables.
async fn prepare(db: &Db) {
    let mut wait = FIRST_WAIT;
    let mut said = None;
    loop {
        match db.migrate().await {
            Ok(()) => return info!("the database is there"),
            Err(error) => {
                let error = error.to_string();
                if said.as_ref() != Some(&error) {
                    error!(%error, "the database cannot be used yet; calls are carried, and the journal keeps everything");
                }
                said = Some(error);
            }
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// What is in SQL and old enough goes from the disk.
async fn forget(handle: &Handle, filling: &BTreeMap<CentreName, Filling>) {
    let mut every = tokio::time::interval(FORGET_EVERY);
    loop {
        every.tick().await;
        for (centre, written) in handle.written() {
            let Some(filled) = filling.get(centre).map(|filling| *filling.filled.borrow()) else { continue };
            let dir = written.dir.clone();
            let gone = tokio::task::spawn_blocking(move || {
                journal::forget(&dir, filled, journal::KEEP_FOR, SystemTime::now())
            });
            match gone.await {
                Ok(Ok(0)) => {}
                Ok(Ok(files)) => info!(%centre, files, "old files of the journal are gone"),
                Ok(Err(error)) => warn!(%centre, %error, "old files of the journal stay"),
                Err(error) => error!(%centre, %error, "old files of the journal stay"),
            }
        }
    }
}
