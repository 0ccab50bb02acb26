//! Reports: from rows that happened to figures on a page. Pure: what is read comes in as values, what is shown goes
//! out as values.
//!
//! One report so far, *queue by interval*: [`period`] says which intervals, [`figure`] where a stay is counted, [`tally`]
//! adds up and keeps the balance, [`queue_by_interval`] folds stays into rows, [`service_level`] names its six formulas. A count and
//! the list of calls behind it ask the same function ([`figure::Asked::counts`]), so they cannot differ.
//!
//! Owns no SQL (`store/queue_report.rs` reads) and no page.

pub mod call_backs;
pub mod chart;
pub mod figure;
pub mod period;
pub mod queue_by_interval;
pub mod service_level;
pub mod sheet;
pub mod stay;
pub mod tally;
pub mod words;

pub use figure::{AllTerms, Asked, Figure, Terms, View};
pub use period::{Interval, Period, PeriodMistake, Width};
pub use queue_by_interval::{BeforeQueue, OfQueue, QueueReport, Row};
pub use service_level::{ServiceLevel, Share};
pub use stay::{Handling, Part, Stay, StayEnd};
pub use tally::{Balance, Tally};
