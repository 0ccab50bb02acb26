//! What is due on the rehearsal switch, and when: in order of time, and of writing within a millisecond.

use std::collections::BTreeMap;

use crate::calendar::Moment;

/// Names one entry, so that it can be struck out.
pub(super) type Slot = (Moment, u64);

#[derive(Clone, Debug)]
pub(super) struct Agenda<D> {
    due: BTreeMap<Slot, D>,
    written: u64,
}

impl<D> Agenda<D> {
    pub const fn new() -> Self {
        Self { due: BTreeMap::new(), written: 0 }
    }

    pub fn write(&mut self, when: Moment, due: D) -> Slot {
        self.written += 1;
        let slot = (when, self.written);
        self.due.insert(slot, due);
        slot
    }

    /// Nothing, where it has come already.
    pub fn strike(&mut self, slot: Slot) {
        self.due.remove(&slot);
    }

    pub fn clear(&mut self) {
        self.due.clear();
    }

    pub fn first(&self) -> Option<Moment> {
        self.due.first_key_value().map(|((when, _), _)| *when)
    }

    /// The first entry that is due at `now`, with the moment it was due.
    pub fn take_due(&mut self, now: Moment) -> Option<(Moment, D)> {
        if self.first()? > now {
            return None;
        }
        self.due.pop_first().map(|((when, _), due)| (when, due))
    }
}
