//! Health: whether calls can be carried. The database is told of, and does not decide: calls go on without it.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;

use super::Web;
use crate::controller::filler::{FillerHealth, FillerState};
use crate::controller::journal::JournalHealth;
use crate::routing::ids::{CentreName, Epoch, SwitchName};

#[derive(Serialize)]
pub struct Health {
    /// What the status says: every switch is in reach, every journal takes entries, and new calls are taken.
    well: bool,
    epoch: Epoch,
    /// Whether each is in reach.
    switches: BTreeMap<SwitchName, bool>,
    journals: BTreeMap<CentreName, Journal>,
    /// `null` while the database has not been reached since the start.
    fillers: Option<BTreeMap<CentreName, Filler>>,
    /// New calls are left to the switches' own fallback.
    shedding: bool,
    /// The epoch of the controller that has taken over.
    superseded: Option<Epoch>,
}

#[derive(Serialize)]
struct Journal {
    state: &'static str,
    waiting_bytes: u64,
    lost_entries: u64,
}

#[derive(Serialize)]
struct Filler {
    state: &'static str,
    behind_entries: u64,
    behind_ms: u64,
    refused: u64,
}

impl From<JournalHealth> for Journal {
    fn from(health: JournalHealth) -> Self {
        let (state, waiting_bytes, lost_entries) = match health {
            JournalHealth::Fine => ("fine", 0, 0),
            JournalHealth::Slow { waiting_bytes, .. } => ("slow", waiting_bytes, 0),
            JournalHealth::Full { waiting_bytes, .. } => ("full", waiting_bytes, 0),
            JournalHealth::Failing { waiting_bytes, .. } => ("failing", waiting_bytes, 0),
            JournalHealth::Lost { entries, .. } => ("lost", 0, entries),
        };
        Self { state, waiting_bytes, lost_entries }
    }
}

impl From<FillerHealth> for Filler {
    fn from(health: FillerHealth) -> Self {
        let state = match health.state {
            FillerState::Filling => "filling",
            FillerState::Away => "away",
            FillerState::Stuck => "stuck",
        };
        let behind_ms = u64::try_from(health.behind.as_millis()).unwrap_or(u64::MAX);
        Self { state, behind_entries: health.behind_entries, behind_ms, refused: health.refused }
    }
}

/// 200 where it is well, 503 where somebody should look.
pub async fn show(State(web): State<Web>) -> (StatusCode, Json<Health>) {
    let pulse = web.handle.pulse();
    let journals_take = pulse.journals.values().all(|health| match health {
        JournalHealth::Fine | JournalHealth::Slow { .. } => true,
        JournalHealth::Full { .. } | JournalHealth::Failing { .. } | JournalHealth::Lost { .. } => false,
    });
    let well = pulse.switches.values().all(|up| *up) && journals_take && !pulse.shedding && pulse.superseded.is_none();
    let fillers = web.fillers.borrow().as_ref().map(|fillers| {
        fillers.iter().map(|(centre, health)| (centre.clone(), Filler::from(*health.borrow()))).collect()
    });
    let health = Health {
        well,
        epoch: pulse.epoch,
        switches: pulse.switches,
        journals: pulse.journals.into_iter().map(|(centre, health)| (centre, health.into())).collect(),
        fillers,
        shedding: pulse.shedding,
        superseded: pulse.superseded,
    };
    (if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(health))
}
