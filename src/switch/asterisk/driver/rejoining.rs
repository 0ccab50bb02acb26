//! Joining two who are just being taken apart. A leg on its way from a bridge back to its AGI cannot be bridged: Asterisk
//! refuses it in the words of a leg that has gone ("Unable to add Channel1", seen on 22.10 with a Bridge
//! 0-2 ms behind a Redirect). Such an order waits here until both are in hand again, 4 ms as measured.

use super::ordering::Write;
use super::{Driver, Waiting};
use crate::routing::ids::LegId;
use crate::routing::{Act, Returned};
use crate::switch::SwitchAct;
use crate::switch::asterisk::ami::Ami;
use crate::switch::asterisk::plays::Held;

/// Joinings that wait at once: every agent of a large hall pressing *back* in the same few milliseconds.
const MOST_REJOINS: usize = 1_000;

impl Driver {
    /// Whether this order has to wait for a leg that comes back. Gives it back where it has not.
    pub(super) fn hold_rejoin(&mut self, order: Held) -> Option<Held> {
        let waits = match &order.act {
            SwitchAct::Act(Act::Connect { caller, agent }) => self.comes_back(caller) || self.comes_back(agent),
            SwitchAct::Act(_) | SwitchAct::Play { .. } => false,
        };
        if !waits || self.rejoins.len() >= MOST_REJOINS {
            return Some(order);
        }
        self.rejoins.push(order);
        None
    }

    fn comes_back(&self, leg: &LegId) -> bool {
        self.legs.get(leg).is_some_and(|known| known.returning)
    }

    /// The switch would not take them apart, or need not: nobody is on the way.
    pub(super) fn stays(&mut self, legs: [&LegId; 2]) {
        for leg in legs {
            if let Some(known) = self.legs.get_mut(leg) {
                known.returning = false;
            }
        }
    }

    /// A leg is back, or gone: what waited for it goes, or is refused as gone.
    pub(super) async fn rejoin(&mut self, ami: &Ami, waiting: &mut Waiting) {
        if self.rejoins.is_empty() {
            return;
        }
        for order in std::mem::take(&mut self.rejoins) {
            if let Some(order) = self.hold_rejoin(order) {
                let mut write = Write::default();
                self.carry_out(ami, waiting, &mut write, order).await;
                self.flush(ami, waiting, &mut write).await;
            }
        }
    }

    /// Those whose time is over: what became of the leg is not known.
    pub(super) async fn overdue_rejoins(&mut self) {
        let now = self.now();
        let (over, left): (Vec<Held>, Vec<Held>) =
            std::mem::take(&mut self.rejoins).into_iter().partition(|order| now >= order.deadline);
        self.rejoins = left;
        for order in over {
            // Nobody is waited for twice: the next joining is tried, whatever this one missed.
            if let SwitchAct::Act(Act::Connect { caller, agent }) = &order.act {
                self.stays([caller, agent]);
            }
            self.returned(order.ticket, Returned::Unknown).await;
        }
    }
}
