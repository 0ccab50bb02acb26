//! Timers: one enum names every wait in the core, and one set holds them all.

use std::collections::{BTreeMap, BTreeSet};

use super::ids::*;
use crate::calendar::Moment;

/// What is waited for. At most one of each value runs at a time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// The dialplan waits for a key.
    Dialplan(CallId),
    /// Who uses a keypad should have keyed an answer by now.
    Keyed(CallId),
    /// The switch owes the end of a prompt.
    PlayDue(CallId),
    /// The call leaves its queue by `otherwise`.
    QueueExit(CallId),
    /// The queue of the call closes.
    QueueCloses(CallId),
    /// The next announcement to a caller who waits.
    Announce(CallId),
    /// The caller asked to be called back while a phone rang: looked at again.
    CallBackAsked(CallId),
    /// The promise comes into its queue, or comes back to it.
    PromiseDue(CallId),
    /// Others than before may take the promise from then on.
    PromiseMayBeTaken(CallId),
    /// Nobody waits for the promise any more.
    PromiseExpires(CallId),
    /// A number that rings for a promise should have been answered, or given up, by now.
    ReachDue(CallId),
    /// The centre may dial again.
    DialsAgain,
    /// Nobody has been logged in to the queue for a while who could take some of its calls.
    Deserted(QueueName),
    /// Others than before may take the call from then on: it needs less, or is kept for nobody any more.
    MayBeTaken(CallId),
    /// The phone has rung long enough, and the switch has not said so.
    OfferDue(OfferId),
    /// The phone that was told to pick up should have done so by now.
    PickUpDue(OfferId),
    /// Whoever picked up a telephone outside has pressed no key yet.
    AskAgain(OfferId),
    /// Caller and agent should hear each other by now.
    ConnectDue(CallId),
    /// A talking call came apart; whoever hung up should be known by now.
    PartedDue(CallId),
    /// Caller and agent should have been taken apart by now, for a hold.
    HoldDue(CallId),
    /// A caller who was passed on should have come away from the leg of the agent by now.
    ComesAway(CallId),
    /// What a transfer waits for should have come by now: an answer, the joining, the hang-up that parted the two.
    TransferDue(CallId),
    /// Caller and number have talked as long as they may.
    TransferLongest(CallId),
    /// What a dial waits for should have come by now: a pick-up, the joining, the hang-up that parted them.
    DialDue(CallId),
    /// A dialled conversation has lasted as long as it may.
    DialLongest(CallId),
    /// The leg that we hung up should be gone by now.
    HangUpDue(LegId),
    /// A line that is held open should have been picked up by now, or have come back from a conversation.
    LineDue(AgentName),
    /// A line that went down is dialled again.
    LineAgain(AgentName),
    WrapUpDue(AgentName),
    /// An agent who missed an offer is rung again.
    RestDue(AgentName),
    /// An emergency message has been on for as long as whoever switched it on wanted.
    EmergencyEnds(MessageName),
}

/// Running timers, ordered by when they are due.
#[derive(Clone, Debug, Default)]
pub(super) struct Timers {
    due: BTreeSet<(Moment, Timer)>,
    when: BTreeMap<Timer, Moment>,
}

impl Timers {
    /// Start it, or move it.
    pub fn set(&mut self, timer: Timer, at: Moment) {
        if let Some(before) = self.when.insert(timer.clone(), at) {
            self.due.remove(&(before, timer.clone()));
        }
        self.due.insert((at, timer));
    }

    pub fn stop(&mut self, timer: &Timer) {
        if let Some(at) = self.when.remove(timer) {
            self.due.remove(&(at, timer.clone()));
        }
    }

    pub fn is_set(&self, timer: &Timer) -> bool {
        self.when.contains_key(timer)
    }

    pub fn len(&self) -> usize {
        self.when.len()
    }

    pub fn next(&self) -> Option<Moment> {
        self.due.first().map(|(at, _)| *at)
    }

    /// The first that is due, taken out.
    pub fn take_due(&mut self, now: Moment) -> Option<Timer> {
        if self.next()? > now {
            return None;
        }
        let (_, timer) = self.due.pop_first()?;
        self.when.remove(&timer);
        Some(timer)
    }
}
