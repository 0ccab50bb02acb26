//! The floor as it was a moment ago, one for all who look: a thousand desks must not ask the controller's loop a thousand
//! times for the same queues.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::controller::{AskError, Handle};
use crate::routing::ids::CentreName;
use crate::routing::view::Floor;

/// How old a floor may be: less than eyes see.
const FRESH: Duration = Duration::from_millis(200);

/// The last floor of each centre.
#[derive(Default)]
pub struct Floors(Mutex<BTreeMap<CentreName, (Instant, Arc<Floor>)>>);

impl Floors {
    /// Who comes while one is being asked for waits for it, and asks no second time.
    ///
    /// # Errors
    /// As [`Handle::floor`].
    pub async fn of(&self, handle: &Handle, centre: &CentreName) -> Result<Arc<Floor>, AskError> {
        let mut all = self.0.lock().await;
        if let Some((at, floor)) = all.get(centre)
            && at.elapsed() < FRESH
        {
            return Ok(floor.clone());
        }
        let floor = Arc::new(handle.floor(centre).await?);
        all.insert(centre.clone(), (Instant::now(), floor.clone()));
        Ok(floor)
    }
}
