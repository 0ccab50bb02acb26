//! Which centre a leg belongs to: links to switches are shared, cores are not.
//!
//! The called number binds a caller to a centre at arrival; a phone that we rang carries the centre in its leg's id;
//! every later event finds its centre by the leg.

use std::collections::BTreeMap;

use crate::routing::LegSeen;
use crate::routing::ids::{CentreName, LegId, PhoneNumber};

#[derive(Debug, Default)]
pub struct Routes {
    legs: BTreeMap<LegId, CentreName>,
}

impl Routes {
    pub fn bind(&mut self, leg: LegId, centre: CentreName) {
        self.legs.insert(leg, centre);
    }

    pub fn release(&mut self, leg: &LegId) {
        self.legs.remove(leg);
    }

    /// The centre of a leg that was bound, or that one of the centres rang (`<centre>-o...`).
    pub fn of(&self, leg: &LegId, is_centre: impl Fn(&CentreName) -> bool) -> Option<CentreName> {
        if let Some(centre) = self.legs.get(leg) {
            return Some(centre.clone());
        }
        let (name, rest) = leg.as_str().split_once('-')?;
        let centre = CentreName::new(name);
        (rest.starts_with('o') && is_centre(&centre)).then_some(centre)
    }

    /// A leg in a snapshot: bound, rung by us, tagged with a centre of ours, or called by a number of one.
    pub fn of_seen(
        &self,
        seen: &LegSeen,
        is_centre: impl Fn(&CentreName) -> bool,
        by_number: impl Fn(&PhoneNumber) -> CentreName,
    ) -> CentreName {
        let tagged = || seen.tags.as_ref().map(|tags| tags.centre.clone()).filter(&is_centre);
        self.of(&seen.leg, &is_centre).or_else(tagged).unwrap_or_else(|| by_number(&seen.to))
    }
}
