//! The days of all centres that somebody has looked at, and how one begins: facts are kept from before the database is
//! asked, so that none falls between what it knew and what is heard.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::day::{Day, Figures};
use crate::controller::Happened;
use crate::routing::Fact;
use crate::routing::ids::CentreName;
use crate::web::Web;

/// Facts kept while the database is asked: a minute of the busiest hour there is.
const MOST_KEPT: usize = 100_000;
/// Who adds up and has not come back is gone.
const ADDED_UP_WITHIN: Duration = Duration::from_secs(10);
/// The database is behind by so long that its own moment is shown.
const TRIES: u32 = 5;
const TRY_AGAIN: Duration = Duration::from_millis(100);

enum Kept {
    /// Somebody adds it up: what is heard meanwhile.
    Begins {
        by: Instant,
        heard: Vec<Arc<Happened>>,
    },
    Counted(Day),
}

#[derive(Default)]
struct Known {
    /// The last entry of the journal that was heard of.
    last: BTreeMap<CentreName, u64>,
    days: BTreeMap<CentreName, Kept>,
}

#[derive(Default)]
pub struct Days(Mutex<Known>);

impl Days {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in one fact, in order.
    pub fn hear(&self, happened: &Arc<Happened>) {
        let Happened { centre, seq, at, fact, n: _ } = happened.as_ref();
        let mut known = self.known();
        known.last.insert(centre.clone(), *seq);
        match known.days.get_mut(centre) {
            // Other targets: added up anew.
            Some(Kept::Counted(_)) if matches!(fact, Fact::VersionPublished { .. }) => {
                known.days.remove(centre);
            }
            Some(Kept::Counted(day)) => day.hear(*at, fact),
            Some(Kept::Begins { heard, .. }) if heard.len() < MOST_KEPT => heard.push(happened.clone()),
            Some(Kept::Begins { .. }) => {
                known.days.remove(centre);
            }
            None => {}
        }
    }

    /// Some facts were missed: what is counted has holes.
    pub fn forget(&self) {
        *self.known() = Known::default();
    }

    /// `None` where it cannot be said just now: the database is away, or somebody is adding up.
    pub async fn figures(&self, web: &Web, centre: &CentreName) -> Option<Figures> {
        let (zone, now) = (web.zone(centre), web.now());
        let began = zone.day_began(now);
        let mine = Instant::now();
        // What the database must know for us to go on from there.
        let needed = {
            let mut known = self.known();
            match known.days.get_mut(centre) {
                Some(Kept::Counted(day)) => {
                    day.roll(now);
                    return Some(day.figures(None));
                }
                Some(Kept::Begins { by, .. }) if by.elapsed() < ADDED_UP_WITHIN => return None,
                Some(Kept::Begins { .. }) | None => {}
            }
            known.days.insert(centre.clone(), Kept::Begins { by: mine, heard: Vec::new() });
            let before = web.handle.written().get(centre)?.first_seq.saturating_sub(1);
            known.last.get(centre).copied().unwrap_or_default().max(before)
        };
        let plan = web.handle.plan(centre)?;
        let targets = plan.queues.iter().map(|(name, rules)| (name.clone(), rules.target)).collect();
        let mut today = web.db.today(centre, began).await;
        for _ in 0..TRIES {
            if !today.as_ref().is_ok_and(|today| today.seq < needed) {
                break;
            }
            sleep(TRY_AGAIN).await;
            today = web.db.today(centre, began).await;
        }
        let mut known = self.known();
        let heard = match known.days.remove(centre) {
            Some(Kept::Begins { by, heard }) if by == mine => heard,
            // Somebody else has taken it over, or it was forgotten.
            other @ (Some(Kept::Begins { .. } | Kept::Counted(_)) | None) => {
                known.days.extend(other.map(|kept| (centre.clone(), kept)));
                return None;
            }
        };
        let today = today.inspect_err(|error| tracing::debug!(%error, "the day cannot be added up")).ok()?;
        let mut day = Day::from(&today, zone, now, targets);
        if today.seq < needed {
            return Some(day.figures(Some(today.at)));
        }
        for happened in heard.iter().filter(|happened| happened.seq > today.seq) {
            day.hear(happened.at, &happened.fact);
        }
        let figures = day.figures(None);
        known.days.insert(centre.clone(), Kept::Counted(day));
        Some(figures)
    }
}
