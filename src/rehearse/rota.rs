//! The rota: who works when. From a scenario's groups and shifts, or from what a log has shown, to seats with moments.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::Date;

use super::scenario::Group;
use crate::calendar::{Comes, Moment, Span as Hours, Zone};
use crate::routing::ids::{AgentName, QueueName, SkillName, StationAddress};
use crate::switch::rehearsal::Span;

/// One agent's days.
#[derive(Clone, Debug, PartialEq)]
pub struct Seat {
    pub agent: AgentName,
    pub group: String,
    pub station: StationAddress,
    pub queues: BTreeSet<QueueName>,
    pub skills: BTreeMap<SkillName, u8>,
    /// How long the phone rings.
    pub picks_up: Span,
    /// From logging in to logging out, in order and apart.
    pub hours: Vec<(Moment, Moment)>,
    /// Within them.
    pub breaks: Vec<(Moment, Moment)>,
}

/// When the clock shows so many minutes after the midnight that `date` begins with; where it jumps over that, when it
/// jumps.
pub(super) fn moment_of(zone: &Zone, date: Date, minutes: u16) -> Option<Moment> {
    let clock = date.at(0, 0, 0, 0).checked_add(i64::from(minutes).minutes()).ok()?;
    Some(match zone.comes(clock)? {
        Comes::Once(at) | Comes::Never(at) | Comes::Twice(at, _) => at,
    })
}

/// Every day from the one to the other.
pub(super) fn days(first: Date, last: Date) -> impl Iterator<Item = Date> {
    std::iter::successors(Some(first), |date| date.tomorrow().ok()).take_while(move |date| *date <= last)
}

/// 0 for Monday.
pub(super) fn weekday(date: Date) -> usize {
    usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or(0)
}

/// Spans that touch become one: whose shift ends at midnight and begins again there does not log out.
fn joined(mut spans: Vec<(Moment, Moment)>) -> Vec<(Moment, Moment)> {
    spans.retain(|(from, to)| from < to);
    spans.sort_unstable();
    let mut whole: Vec<(Moment, Moment)> = Vec::with_capacity(spans.len());
    for (from, to) in spans {
        match whole.last_mut().filter(|(_, until)| from <= *until) {
            Some((_, until)) => *until = to.max(*until),
            None => whole.push((from, to)),
        }
    }
    whole
}

/// The seats of all groups, over these days.
pub fn seats(groups: &BTreeMap<String, Group>, zone: &Zone, first: Date, last: Date) -> Vec<Seat> {
    let mut seats = Vec::new();
    for (name, group) in groups {
        let (mut hours, mut breaks) = (Vec::new(), Vec::new());
        for date in days(first, last) {
            for shift in group.shift.day(weekday(date)) {
                hours.extend(span_on(zone, date, *shift));
                let within = |rest: &&Hours| shift.from() <= rest.from() && rest.to() <= shift.to();
                breaks.extend(group.breaks.iter().filter(within).filter_map(|rest| span_on(zone, date, *rest)));
            }
        }
        let (hours, breaks) = (joined(hours), joined(breaks));
        seats.extend((1..=group.count).map(|n| Seat {
            agent: AgentName::new(format!("{name}{n:04}")),
            group: name.clone(),
            station: StationAddress::new(format!("rehearsal/{name}{n:04}")),
            queues: group.queues.clone(),
            skills: group.skills.clone(),
            picks_up: group.picks_up,
            hours: hours.clone(),
            breaks: breaks.clone(),
        }));
    }
    seats
}

fn span_on(zone: &Zone, date: Date, span: Hours) -> Option<(Moment, Moment)> {
    Some((moment_of(zone, date, span.from())?, moment_of(zone, date, span.to())?))
}
