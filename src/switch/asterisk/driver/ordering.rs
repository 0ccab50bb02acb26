//! Orders on their way out: into one write, held until a leg's AGI is free, or answered at once.

use std::collections::VecDeque;
use std::time::Duration;

use super::refusals::{gone, in_a_bridge};
use super::{Answered, Driver, MOST_IN_ONE_WRITE, Waiting};
use crate::calendar::Moment;
use crate::routing::ids::LegId;
use crate::routing::{Act, Refusal, Returned};
use crate::switch::asterisk::ami::{Action, Ami};
use crate::switch::asterisk::orders;
use crate::switch::asterisk::plays::{Held, Playing};
use crate::switch::{Order, Sound, SwitchAct, Ticket};
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Whose answer it is.
pub(super) struct Whose {
    pub(super) ticket: Ticket,
    pub(super) act: Act,
    /// Orders that this one has made needless: what comes of it came of them.
    pub(super) with: Vec<Ticket>,
}

/// Actions gathered into one write, the last of an act's with whose it is.
#[derive(Default)]
pub(super) struct Write {
    lines: Vec<(Action, Option<Whose>)>,
}

impl Write {
    pub(super) fn push(&mut self, actions: Vec<Action>, ticket: Ticket, act: Act) {
        let with = self.take_overwritten(&act);
        let mut whose = Some(Whose { ticket, act, with });
        let at = self.place_for(whose.as_ref());
        let last = actions.len().saturating_sub(1);
        let lines = actions.into_iter().enumerate();
        let lines = lines.map(|(number, action)| (action, if number == last { whose.take() } else { None }));
        drop(self.lines.splice(at..at, lines));
    }

    /// A phone rings before what only makes its caller's wait pleasant is done: each order costs the switch 0.1 ms and
    /// more. Never before a hang-up or a joining, which may be what makes the phone free.
    fn place_for(&self, whose: Option<&Whose>) -> usize {
        let Some(Whose { act: Act::Ring { .. }, .. }) = whose else { return self.lines.len() };
        let waits = |(_, whose): &&(Action, Option<Whose>)| match whose.as_ref().map(|whose| &whose.act) {
            Some(Act::Answer { .. } | Act::Tag { .. } | Act::StartMusic { .. } | Act::StartRingback { .. }) => true,
            Some(
                Act::Ring { .. }
                | Act::Connect { .. }
                | Act::PickUp { .. }
                | Act::Part { .. }
                | Act::HangUp { .. }
                | Act::StopPlay { .. }
                | Act::Play { .. }
                | Act::Look { .. },
            )
            | None => false,
        };
        self.lines.len() - self.lines.iter().rev().take_while(waits).count()
    }

    /// Tags of the same leg that nobody would ever see.
    fn take_overwritten(&mut self, act: &Act) -> Vec<Ticket> {
        let Act::Tag { leg, .. } = act else { return Vec::new() };
        let older = |(_, whose): &(Action, Option<Whose>)| {
            whose.as_ref().is_some_and(|whose| matches!(&whose.act, Act::Tag { leg: tagged, .. } if tagged == leg))
        };
        let Some(at) = self.lines.iter().position(older) else { return Vec::new() };
        let (_, whose) = self.lines.remove(at);
        whose.map_or_else(Vec::new, |Whose { ticket, mut with, .. }| {
            with.push(ticket);
            with
        })
    }
}

impl Driver {
    pub(super) async fn take_orders(
        &mut self,
        ami: &Ami,
        waiting: &mut Waiting,
        first: Order,
        orders: &mut mpsc::Receiver<Order>,
    ) {
        let mut taken = vec![first];
        while taken.len() < MOST_IN_ONE_WRITE
            && let Ok(order) = orders.try_recv()
        {
            taken.push(order);
        }
        let mut write = Write::default();
        for order in taken {
            match order {
                Order::Beat => match self.beat(ami) {
                    Ok(Some(reply)) => waiting.push(Box::pin(async move { Answered::Epoch(reply.await) })),
                    Ok(None) => {}
                    Err(error) => tracing::warn!(switch = %self.switch, %error, "no heartbeat sent"),
                },
                Order::Do { ticket, act, deadline } => {
                    self.take_order(ami, waiting, &mut write, Held { ticket, act, deadline }).await;
                }
            }
        }
        self.flush(ami, waiting, &mut write).await;
    }

    /// Into the write under way, or held, or answered at once.
    pub(super) async fn take_order(&mut self, ami: &Ami, waiting: &mut Waiting, write: &mut Write, order: Held) {
        let Some(order) = self.hold_rejoin(order) else { return };
        let for_the_agi = order.act.waits_for_the_stop();
        if for_the_agi && let Some(how) = self.cannot(&order.act) {
            return self.returned(order.ticket, how).await;
        }
        if for_the_agi {
            let leg = order.act.leg().clone();
            let away = !self.legs.get(&leg).is_some_and(|known| known.in_hand);
            if away || self.plays.must_wait(&leg, &order.act) {
                let unsure = !away && self.plays.is_unsure(&leg);
                if let Some(Held { ticket, .. }) = self.plays.hold(&leg, order) {
                    let why = Refusal::Other("too many orders wait for this leg".into());
                    self.returned(ticket, Returned::Refused { why }).await;
                } else if unsure {
                    // What was written before it is older, and goes first.
                    self.flush(ami, waiting, write).await;
                    self.fence(ami, waiting, &leg);
                }
                return;
            }
        }
        self.carry_out(ami, waiting, write, order).await;
    }

    pub(super) async fn carry_out(&mut self, ami: &Ami, waiting: &mut Waiting, write: &mut Write, order: Held) {
        let Held { ticket, act, deadline } = order;
        match act {
            SwitchAct::Act(act) => self.prepare(ami, waiting, write, ticket, act, deadline).await,
            SwitchAct::Play { leg, sounds } => {
                self.flush(ami, waiting, write).await;
                let mut left: VecDeque<Sound> = sounds.into();
                let Some(first) = left.pop_front() else { return self.returned(ticket, Returned::Done).await };
                self.plays.begin(&leg, String::new(), Playing { ticket, left, deadline });
                self.send_sound(ami, waiting, &leg, first);
            }
        }
    }

    /// What is in the way of an order for a leg's AGI, for good.
    pub(super) fn cannot(&self, act: &SwitchAct) -> Option<Returned> {
        let leg = act.leg();
        let Some(known) = self.legs.get(leg).filter(|_| !self.legs.is_dying(leg)) else { return Some(gone(leg)) };
        if !known.told {
            return Some(Returned::Refused { why: Refusal::Other("still ringing".into()) });
        }
        if known.bridge.is_none() && !known.leaving {
            return None;
        }
        // Who is joined is answered.
        Some(if matches!(act, SwitchAct::Act(Act::Answer { .. })) { Returned::Done } else { in_a_bridge() })
    }

    /// An act as its actions, with whatever it changes in what we know of its leg.
    pub(super) async fn prepare(
        &mut self,
        ami: &Ami,
        waiting: &mut Waiting,
        write: &mut Write,
        ticket: Ticket,
        act: Act,
        deadline: Moment,
    ) {
        let within = deadline.since(self.now());
        if within.is_zero() {
            return self.returned(ticket, Returned::Unknown).await;
        }
        if let Act::Look { leg } = &act {
            self.flush(ami, waiting, write).await;
            return self.look(ami, waiting, ticket, leg.clone(), within).await;
        }
        if let Act::StopPlay { leg } = &act {
            let (cut, tell) = self.plays.stop(leg, Instant::now());
            for ticket in cut {
                self.returned(ticket, Returned::Done).await;
            }
            if !tell {
                let how = if self.legs.get(leg).is_some() { Returned::Done } else { gone(leg) };
                return self.returned(ticket, how).await;
            }
        }
        if let Act::Part { caller, agent } = &act {
            let apart = |leg| self.legs.get(leg).is_some_and(|known| known.bridge.is_none() && !known.leaving);
            // Moved once more, the caller would lose what it hears, and nobody asked for that.
            if apart(caller) && apart(agent) {
                return self.returned(ticket, Returned::Done).await;
            }
        }
        let actions = orders::actions_for(&act, &self.legs, &self.asterisk).and_then(|actions| {
            let checked =
                actions.into_iter().map(|action| action.within(within).checked()).collect::<Result<Vec<_>, _>>();
            checked.map_err(|bad| Refusal::Other(bad.to_string()))
        });
        let actions = match actions {
            Ok(actions) => actions,
            Err(why) => return self.returned(ticket, Returned::Refused { why }).await,
        };
        match &act {
            Act::Ring { leg, tags, .. } => self.legs.rung(leg, tags.clone()),
            Act::HangUp { leg, cause } => {
                if let Some(known) = self.legs.get_mut(leg) {
                    known.hang_up = Some(orders::q850(*cause));
                }
            }
            Act::Tag { leg, tags } => {
                let limit =
                    self.legs.get(leg).and_then(|known| orders::limit_with(known, tags, self.asterisk.dead_man));
                if let Some(limit) = limit {
                    self.legs.limit_sent(leg, limit != orders::NEVER);
                }
                if let Some(known) = self.legs.get_mut(leg) {
                    known.tags = Some(tags.clone());
                }
            }
            Act::Part { caller, agent } => {
                for leg in [caller, agent] {
                    if let Some(known) = self.legs.get_mut(leg) {
                        known.returning = true;
                    }
                }
            }
            Act::Connect { caller, agent } => {
                for leg in [caller, agent] {
                    if let Some(known) = self.legs.get_mut(leg) {
                        known.leaving = true;
                    }
                    self.legs.limit_sent(leg, false);
                }
            }
            Act::StopPlay { .. }
            | Act::PickUp { .. }
            | Act::Answer { .. }
            | Act::StartMusic { .. }
            | Act::StartRingback { .. }
            | Act::Play { .. }
            | Act::Look { .. } => {}
        }
        write.push(actions, ticket, act);
    }

    pub(super) async fn flush(&mut self, ami: &Ami, waiting: &mut Waiting, write: &mut Write) {
        let (actions, whose): (Vec<_>, Vec<_>) = std::mem::take(&mut write.lines).into_iter().unzip();
        if actions.is_empty() {
            return;
        }
        match ami.send(actions) {
            Ok(replies) => {
                for (reply, whose) in replies.into_iter().zip(whose) {
                    let Some(whose) = whose else { continue };
                    waiting.push(Box::pin(async move { Answered::Order { whose, result: reply.await } }));
                }
            }
            Err(error) => {
                for whose in whose.into_iter().flatten() {
                    self.answered(Answered::Order { whose, result: Err(error.clone()) }).await;
                }
            }
        }
    }

    pub(super) async fn look(
        &mut self,
        ami: &Ami,
        waiting: &mut Waiting,
        ticket: Ticket,
        leg: LegId,
        within: Duration,
    ) {
        let channel = self.legs.get(&leg).map_or_else(|| leg.to_string(), |known| known.channel(&leg).to_owned());
        match ami.send_list(orders::look_at(&channel).within(within)) {
            Ok(reply) => waiting.push(Box::pin(async move { Answered::Look { ticket, leg, result: reply.await } })),
            Err(_) => self.returned(ticket, Returned::Unknown).await,
        }
    }

    /// Sent, and the answer is nobody's business.
    pub(super) fn send_quietly(&self, ami: &Ami, waiting: &mut Waiting, actions: Vec<Action>) {
        match ami.send(actions) {
            Ok(replies) => {
                for reply in replies {
                    waiting.push(Box::pin(async move {
                        if let Err(error) = reply.await {
                            tracing::debug!(%error, "a quiet order");
                        }
                        Answered::Ignored
                    }));
                }
            }
            Err(error) => tracing::warn!(switch = %self.switch, %error, "could not send"),
        }
    }
}
