//! What every phone of every switch does, kept beside the cores: one that logs in at a phone is told what it does now.

use std::collections::BTreeMap;

use crate::routing::Line;
use crate::routing::ids::{StationAddress, SwitchName};

/// The most phones that are remembered: five switches with as many as one is followed for. Of
/// one beyond them nothing is known when somebody logs in there, and what it does next is told as ever.
const MOST_PHONES: usize = 100_000;

#[derive(Default)]
pub struct Phones(BTreeMap<(SwitchName, StationAddress), Line>);

impl Phones {
    pub fn note(&mut self, switch: &SwitchName, station: &StationAddress, line: Line) {
        let phone = (switch.clone(), station.clone());
        if line == Line::Unknown {
            self.0.remove(&phone);
        } else if self.0.len() < MOST_PHONES || self.0.contains_key(&phone) {
            self.0.insert(phone, line);
        }
    }

    /// `None`: nothing is known of it.
    pub fn line_of(&self, switch: &SwitchName, station: &StationAddress) -> Option<Line> {
        self.0.get(&(switch.clone(), station.clone())).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ever_new_phones_fill_nothing_and_those_that_are_known_are_followed_on() {
        let (mut phones, switch) = (Phones::default(), SwitchName::new("pbx"));
        let name = |n: usize| StationAddress::new(format!("PJSIP/p{n}"));
        for n in 0..MOST_PHONES + 10 {
            phones.note(&switch, &name(n), Line::Free);
        }
        assert_eq!(phones.0.len(), MOST_PHONES);
        phones.note(&switch, &name(3), Line::InUse);
        assert_eq!(phones.line_of(&switch, &name(3)), Some(Line::InUse));
        assert_eq!(phones.line_of(&switch, &name(MOST_PHONES + 1)), None);
        // One that its switch has no more makes room.
        phones.note(&switch, &name(3), Line::Unknown);
        phones.note(&switch, &name(MOST_PHONES + 1), Line::InUse);
        assert_eq!(phones.line_of(&switch, &name(MOST_PHONES + 1)), Some(Line::InUse));
    }
}
