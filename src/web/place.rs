//! A place in a list of calls, newest first, as an address spells it: when the last one of the page before arrived, and
//! which it was.

use crate::calendar::Moment;
use crate::routing::ids::CallId;

pub type Place = (Moment, CallId);

pub fn spelled((at, call): Place) -> String {
    format!("{}/{call}", at.as_ms())
}

/// `None` where it is no place of ours.
pub fn place(text: &str) -> Option<Place> {
    let (at, call) = text.split_once('/')?;
    Some((Moment::from_ms(at.parse().ok()?), call.parse().ok()?))
}
