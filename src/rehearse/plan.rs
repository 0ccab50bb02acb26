//! The plan of a rehearsal: a centre, days, seats with hours and callers to come, wherever they were taken from.

use std::sync::Arc;

use super::arrivals::{Arrivals, drawn};
use super::rota::{Seat, seats};
use super::scenario::{Scenario, ScenarioError};
use crate::calendar::Moment;
use crate::dialplan::{Centre, CentreFiles};
use crate::reports::Period;

#[derive(Clone, Debug)]
pub struct Plan {
    pub centre: Arc<Centre>,
    pub files: CentreFiles,
    pub period: Period,
    pub seed: u64,
    pub lines: usize,
    pub seats: Vec<Seat>,
    pub arrivals: Arrivals,
}

impl Plan {
    /// # Errors
    /// The days are outside of what the calendar knows.
    pub fn of(scenario: &Scenario, seed: u64) -> Result<Self, ScenarioError> {
        let Scenario { centre, files, first, last, width, lines, callers, agents, .. } = scenario;
        let period = Period::new(centre.zone.clone(), *first, *last, *width)
            .map_err(|why| ScenarioError::Asked(format!("first_day and last_day: {why}")))?;
        Ok(Self {
            centre: Arc::new(centre.clone()),
            files: files.clone(),
            seats: seats(agents, &centre.zone, *first, *last),
            arrivals: drawn(callers, seed, &centre.zone, (*first, *last)),
            period,
            seed,
            lines: *lines,
        })
    }

    /// When the first day begins.
    pub fn begins(&self) -> Moment {
        self.period.whole().from
    }

    /// When all is over that was planned: the last day, or the last shift.
    pub fn ends(&self) -> Moment {
        let shifts = self.seats.iter().filter_map(|seat| seat.hours.last()).map(|(_, to)| *to).max();
        self.period.whole().to.max(shifts.unwrap_or_default())
    }
}
