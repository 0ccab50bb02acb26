//! `Week`: opening spans by weekday, and the text they are written in.

/// A span of one day, in minutes since its midnight on the wall clock; past 24:00 it runs into the next day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    pub from: u16,
    pub to: u16,
}

/// The spans of each weekday, Monday first, in order and apart.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Week(pub [Vec<Span>; 7]);
