//! What people are called, remembered for a moment: a board is drawn four times a second, and names change once a year.
//! While the database is away the last known are shown; who is not known is shown by the name they log in with.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::routing::ids::{AgentName, CentreName};
use crate::web::Web;

/// How long a new name takes to be seen.
const BELIEVED: Duration = Duration::from_secs(15);

type Known = Arc<BTreeMap<AgentName, String>>;

#[derive(Default)]
pub struct Names(Mutex<BTreeMap<CentreName, (Instant, Known)>>);

impl Names {
    pub async fn of(&self, web: &Web, centre: &CentreName) -> Known {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(centre).cloned();
        if let Some((at, names)) = &known
            && at.elapsed() < BELIEVED
        {
            return names.clone();
        }
        let names = match web.db.people(centre).await {
            Ok(people) => Arc::new(people.into_iter().map(|person| (person.name, person.display_name)).collect()),
            Err(error) => {
                tracing::debug!(%error, "names cannot be read");
                known.map(|(_, names)| names).unwrap_or_default()
            }
        };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(centre.clone(), (Instant::now(), names.clone()));
        names
    }
}
