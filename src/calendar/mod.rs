//! Opening hours, holidays, zones, and the instants everything else is counted in.
//!
//! Owns what a date or an hour means. Never asks what time it is: `now` is always an argument, so that a
//! simulated year passes in a second. Zone data is compiled in, so that the host's cannot disagree.

mod coming;
mod hours;
mod moment;
mod shown;
mod wall;
mod week;
mod zone;

pub use coming::ComingDay;
pub use hours::{Day, OpeningHours};
pub use moment::Moment;
pub use wall::{Comes, Shown};
pub use week::{DAY_MINUTES, MOST_SPANS, Span, Week, WeekMistake, weekday};
pub use zone::{NoSuchZone, Zone};
