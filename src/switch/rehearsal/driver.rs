//! The rehearsal switch on tokio's time, behind the port that every live driver has.
//!
//! A [`Rehearsal`] is the switch and its world; it lives as long as a handle on it does, whether a controller is
//! linked or not, so that a test can drop a controller and link a new one to the same calls. It owns the
//! mapping from tokio's clock to moments, and nothing else: what happens is the [`Exchange`]'s.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use super::exchange::Exchange;
use super::outside::World;
use crate::calendar::Moment;
use crate::routing::ids::{Epoch, LegId, SwitchName};
use crate::switch::{Event, Link, MOST_ORDERS, MOST_TOLD, Order, Told};

/// How long a driver whose controller does not take what it is told waits before it looks again.
const TAKEN_AGAIN: Duration = Duration::from_millis(5);

/// A running rehearsal switch. Clones are handles on the same one; it stops when the last is dropped.
#[derive(Clone, Debug)]
pub struct Rehearsal(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    switch: SwitchName,
    began: (Instant, Moment),
    floor: Mutex<Floor>,
    stirred: Arc<Notify>,
}

#[derive(Debug)]
struct Floor {
    exchange: Exchange,
    linked: Option<Linked>,
    links_made: u64,
}

#[derive(Debug)]
struct Linked {
    number: u64,
    epoch: Epoch,
    told: mpsc::Sender<Told>,
    /// Told and not yet given over, because the controller takes nothing.
    held_back: Option<Told>,
}

impl Inner {
    fn now(&self) -> Moment {
        self.began.1 + self.began.0.elapsed()
    }

    fn floor(&self) -> MutexGuard<'_, Floor> {
        // An exchange that panicked half-way is a test that has failed already.
        self.floor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn instant(&self, moment: Moment) -> Instant {
        self.began.0 + moment.since(self.began.1)
    }
}

impl Floor {
    /// Gives over what has been told. When to look again, where the controller takes nothing.
    fn give_over(&mut self, now: Moment) -> Option<Duration> {
        let Floor { exchange, linked, links_made: _ } = self;
        let Some(link) = linked else {
            drop(exchange.told());
            return None;
        };
        while let Some(told) = link.held_back.take().or_else(|| exchange.take_told()) {
            match link.told.try_send(told) {
                Ok(()) => {}
                Err(mpsc::error::TrySendError::Full(told)) => {
                    link.held_back = Some(told);
                    return Some(TAKEN_AGAIN);
                }
                Err(mpsc::error::TrySendError::Closed(_)) => {
                    *linked = None;
                    exchange.abandon_link();
                    return None;
                }
            }
        }
        // It took nothing for too long, and the link counted as lost; now that all is taken it mends.
        if exchange.shed_lately() {
            exchange.happen(now, World::LinkMends);
            return Some(Duration::ZERO);
        }
        None
    }
}

impl Rehearsal {
    /// Starts `exchange` on tokio's clock; `began` is the moment of this instant. Calls fall back from now on
    /// when no beat comes. Needs a tokio runtime.
    pub fn start(switch: SwitchName, mut exchange: Exchange, began: Moment) -> Self {
        exchange.watch_beats();
        let inner = Arc::new(Inner {
            switch,
            began: (Instant::now(), began),
            floor: Mutex::new(Floor { exchange, linked: None, links_made: 0 }),
            stirred: Arc::new(Notify::new()),
        });
        tokio::spawn(keep(Arc::downgrade(&inner), inner.stirred.clone()));
        Self(inner)
    }

    /// A controller's link, as a live driver gives it. A second one takes the switch over from the first, which
    /// is told so where the second has the later epoch.
    pub fn link(&self, epoch: Epoch) -> (Link, mpsc::Receiver<Told>) {
        let (orders, orders_in) = mpsc::channel(MOST_ORDERS);
        let (told, told_out) = mpsc::channel(MOST_TOLD);
        let now = self.now();
        let number = {
            let mut floor = self.0.floor();
            floor.exchange.advance(now);
            if let Some(before) = floor.linked.take()
                && before.epoch < epoch
            {
                // Where it takes nothing any more it will find the channel closed, which says enough.
                let what = Event::Superseded { by: epoch };
                before.told.try_send(Told { switch: self.0.switch.clone(), ticket: None, what }).ok();
            }
            floor.exchange.abandon_link();
            floor.links_made += 1;
            let number = floor.links_made;
            floor.linked = Some(Linked { number, epoch, told, held_back: None });
            floor.exchange.happen(now, World::LinkMends);
            number
        };
        self.0.stirred.notify_one();
        tokio::spawn(take_orders(Arc::downgrade(&self.0), number, orders_in));
        (Link { switch: self.0.switch.clone(), orders }, told_out)
    }

    /// Something happens outside. The leg it was about, where there is one (for a caller who dials: the new one).
    pub fn happen(&self, world: World) -> Option<LegId> {
        let now = self.now();
        let leg = self.0.floor().exchange.happen(now, world);
        self.0.stirred.notify_one();
        leg
    }

    /// The truth of the floor at this instant, and the means to change the switch's ways.
    pub fn with<T>(&self, look: impl FnOnce(&mut Exchange) -> T) -> T {
        let now = self.now();
        let seen = {
            let exchange = &mut self.0.floor().exchange;
            exchange.advance(now);
            look(exchange)
        };
        self.0.stirred.notify_one();
        seen
    }

    /// The switch's clock.
    pub fn now(&self) -> Moment {
        self.0.now()
    }

    pub fn switch(&self) -> &SwitchName {
        &self.0.switch
    }
}

/// Lets the exchange's time pass, until its last handle is gone.
async fn keep(inner: Weak<Inner>, stirred: Arc<Notify>) {
    loop {
        let (wakeup, taken) = {
            let Some(inner) = inner.upgrade() else { return };
            let now = inner.now();
            let mut floor = inner.floor();
            floor.exchange.advance(now);
            let taken = floor.give_over(now);
            (floor.exchange.next_wakeup().map(|when| inner.instant(when)), taken.map(|wait| Instant::now() + wait))
        };
        match wakeup.into_iter().chain(taken).min() {
            Some(when) => {
                tokio::select! {
                    () = tokio::time::sleep_until(when) => {}
                    () = stirred.notified() => {}
                }
            }
            None => stirred.notified().await,
        }
    }
}

/// Takes a controller's orders until it drops its [`Link`], or another has taken over.
async fn take_orders(inner: Weak<Inner>, number: u64, mut orders: mpsc::Receiver<Order>) {
    while let Some(order) = orders.recv().await {
        let Some(inner) = inner.upgrade() else { return };
        let now = inner.now();
        {
            let mut floor = inner.floor();
            if floor.linked.as_ref().is_none_or(|link| link.number != number) {
                return;
            }
            match order {
                Order::Do { ticket, act, deadline } => floor.exchange.order(now, ticket, act, deadline),
                Order::Beat => floor.exchange.beat(now),
            }
        }
        inner.stirred.notify_one();
    }
    let Some(inner) = inner.upgrade() else { return };
    let mut floor = inner.floor();
    if floor.linked.as_ref().is_some_and(|link| link.number == number) {
        floor.linked = None;
        let now = inner.now();
        floor.exchange.advance(now);
        floor.exchange.abandon_link();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // The keeper holds no handle: it wakes, finds nothing, and ends.
        self.stirred.notify_one();
    }
}
