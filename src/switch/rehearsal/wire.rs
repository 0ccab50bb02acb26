//! What passes between the controller and the rehearsal switch: orders and their returns, events, a lost link,
//! the list of all that lives. It keeps the promises that `switch` states for every driver.

use super::agenda::Slot;
use super::exchange::{BEAT_LASTS, Due, Exchange, HANDS_LAST};
use crate::calendar::Moment;
use crate::routing::ids::{LegId, StationAddress};
use crate::routing::{Abilities, Input, LegSeen, Line, Refusal, Returned};
use crate::switch::{Event, MOST_TOLD, SwitchAct, Ticket, Told};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LinkState {
    Lost,
    /// Up again, and the list of all that lives is being made: nothing is told of legs.
    Listing,
    Up,
}

/// An order that has not come back.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    ticket: Ticket,
    deadline: Slot,
}

#[derive(Clone, Debug)]
pub(super) enum Parcel {
    Input(Box<Input>),
    Returned { order: u64, how: Returned },
}

impl Exchange {
    /// An order for the switch. It comes back as exactly one `EffectReturned` with this ticket, by `deadline`.
    pub fn order(&mut self, now: Moment, ticket: Ticket, act: SwitchAct, deadline: Moment) {
        self.advance(now);
        match self.link {
            LinkState::Lost => self.give_back(ticket, Returned::Unknown),
            LinkState::Listing | LinkState::Up => {
                let order = self.orders_taken;
                self.orders_taken += 1;
                let deadline = self.agenda.write(deadline.max(now), Due::Deadline { order });
                self.pending.insert(order, Pending { ticket, deadline });
                // One connection: what is written first comes first.
                let reaches = self.orders_clear_at.max(now + self.chance.within(self.pace.order));
                self.orders_clear_at = reaches;
                self.agenda.write(reaches, Due::Carry { order, link: self.link_number, act });
            }
        }
    }

    /// The controller lives.
    pub fn beat(&mut self, now: Moment) {
        self.advance(now);
        if self.link == LinkState::Lost {
            return;
        }
        // One watch is enough: it looks again at the newest beat when it comes due.
        let watched = self.hands_last_until(now).is_some();
        self.last_beat = Some(now);
        if self.dead_man && !watched {
            self.agenda.write(now + HANDS_LAST, Due::HandsEmpty);
        }
    }

    /// What has been told since the last time, in order.
    pub fn told(&mut self) -> Vec<Told> {
        self.outbox.drain(..).collect()
    }

    /// The oldest of what has been told and not been taken.
    pub fn take_told(&mut self) -> Option<Told> {
        self.outbox.pop_front()
    }

    /// The controller is gone, and with it everything on its way to it. Calls go on.
    pub fn abandon_link(&mut self) {
        self.link_breaks();
        self.outbox.clear();
    }

    /// Later than `now`, where a beat has come since the watch was set.
    pub(super) fn hands_last_until(&self, now: Moment) -> Option<Moment> {
        self.last_beat.map(|beat| beat + HANDS_LAST).filter(|until| *until > now)
    }

    pub(super) fn beat_is_fresh(&self, now: Moment) -> bool {
        !self.dead_man || self.last_beat.is_some_and(|beat| now.since(beat) <= BEAT_LASTS)
    }

    /// Tells of a leg or a phone; nothing while the link is lost or the list is being made.
    pub(super) fn tell(&mut self, now: Moment, input: Input) {
        if self.link != LinkState::Up {
            return;
        }
        if self.chance.strikes(self.faults.doubled) {
            self.send(now, Parcel::Input(Box::new(input.clone())));
        }
        self.send(now, Parcel::Input(Box::new(input)));
    }

    /// Tells what a phone does, where that is news.
    pub(super) fn tell_line(&mut self, now: Moment, address: &StationAddress) {
        if self.link != LinkState::Up {
            return;
        }
        let Some(station) = self.stations.get_mut(address) else { return };
        let line = station.line();
        if station.told == Some(line) {
            return;
        }
        station.told = Some(line);
        let (switch, station) = (self.switch.clone(), address.clone());
        self.tell(now, Input::StationChanged { switch, station, line });
    }

    /// The switch's answer to an order is on its way, or lost.
    pub(super) fn answer(&mut self, now: Moment, order: u64, how: Returned) {
        if !self.chance.strikes(self.faults.result_lost) {
            self.send(now, Parcel::Returned { order, how });
        }
    }

    pub(super) fn done(&mut self, now: Moment, order: u64) {
        self.answer(now, order, Returned::Done);
    }

    pub(super) fn gone(&mut self, now: Moment, order: u64, leg: LegId) {
        self.answer(now, order, Returned::Refused { why: Refusal::Gone(leg) });
    }

    pub(super) fn refuse(&mut self, now: Moment, order: u64, why: &str) {
        self.answer(now, order, Returned::Refused { why: Refusal::Other(why.to_owned()) });
    }

    /// One stream: nothing overtakes what was sent before.
    fn send(&mut self, now: Moment, parcel: Parcel) {
        let mut when = self.events_clear_at.max(now + self.chance.within(self.pace.event));
        if self.chance.strikes(self.faults.late) {
            when = when + self.chance.within(self.faults.late_by);
        }
        self.events_clear_at = when;
        self.agenda.write(when, Due::Arrive { link: self.link_number, parcel });
    }

    pub(super) fn arrive(&mut self, link: u64, parcel: Parcel) {
        if link != self.link_number {
            return;
        }
        match parcel {
            Parcel::Input(input) => self.put(None, Event::Input(*input)),
            Parcel::Returned { order, how } => {
                if let Some(pending) = self.pending.remove(&order) {
                    self.agenda.strike(pending.deadline);
                    self.give_back(pending.ticket, how);
                }
            }
        }
    }

    pub(super) fn deadline(&mut self, order: u64) {
        if let Some(pending) = self.pending.remove(&order) {
            self.give_back(pending.ticket, Returned::Unknown);
        }
    }

    fn give_back(&mut self, ticket: Ticket, how: Returned) {
        let what = Event::Input(Input::EffectReturned { effect: ticket.effect, how });
        self.put(Some(ticket), what);
    }

    fn put(&mut self, ticket: Option<Ticket>, what: Event) {
        self.outbox.push_back(Told { switch: self.switch.clone(), ticket, what });
    }

    /// More is waiting to be taken than a driver may hold: it drops what it has (but for what is owed to orders)
    /// and the link counts as lost, so that a snapshot mends what was dropped.
    pub(super) fn shed(&mut self) {
        if self.outbox.len() > MOST_TOLD && self.link != LinkState::Lost {
            self.outbox.retain(|told| told.ticket.is_some());
            self.link_breaks();
            self.shed = true;
        }
    }

    /// Whether the link is lost because nobody took what was told; it mends only when somebody says so.
    pub fn shed_lately(&self) -> bool {
        self.shed
    }

    pub(super) fn link_breaks(&mut self) {
        if self.link == LinkState::Lost {
            return;
        }
        self.link = LinkState::Lost;
        self.link_number += 1;
        let switch = self.switch.clone();
        self.put(None, Event::Input(Input::LinkLost { switch }));
        for (_, pending) in std::mem::take(&mut self.pending) {
            self.agenda.strike(pending.deadline);
            self.give_back(pending.ticket, Returned::Unknown);
        }
    }

    pub(super) fn link_mends(&mut self, now: Moment) {
        if self.link != LinkState::Lost {
            return;
        }
        self.link = LinkState::Listing;
        self.shed = false;
        self.orders_clear_at = now;
        self.events_clear_at = now;
        for station in self.stations.values_mut() {
            station.told = None;
        }
        self.put(None, Event::LinkUp);
        let abilities = Abilities { pick_up: true };
        self.put(None, Event::Input(Input::AbilitiesTold { switch: self.switch.clone(), abilities }));
        let when = now + self.chance.within(self.pace.list);
        self.agenda.write(when, Due::Listed { link: self.link_number });
    }

    /// Every event until now has been worked in: the list is the truth of this moment.
    pub(super) fn listed(&mut self, link: u64) {
        if link != self.link_number || self.link != LinkState::Listing {
            return;
        }
        self.link = LinkState::Up;
        let mut legs: Vec<LegSeen> = Vec::with_capacity(self.legs.len());
        for (id, leg) in &self.legs {
            // A leg whose hang-up the switch has lost is still listed; that is told when it is healed.
            if !self.chance.strikes(self.faults.snapshot_misses) {
                legs.push(leg.seen(id));
            }
        }
        let lines: Vec<(StationAddress, Line)> =
            self.stations.iter_mut().map(|(address, s)| (address.clone(), *s.told.insert(s.line()))).collect();
        for (station, line) in lines {
            self.put(None, Event::Input(Input::StationChanged { switch: self.switch.clone(), station, line }));
        }
        self.put(None, Event::Input(Input::SnapshotTaken { switch: self.switch.clone(), legs }));
    }
}
