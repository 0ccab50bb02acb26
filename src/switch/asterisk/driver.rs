//! The driver: one task that holds the link to one Asterisk, from the first login through every reconnect.
//!
//! While there is no link every order comes back `Unknown`. A link begins with the epoch (a later one than ours
//! means that another controller has taken over: we stop), then one snapshot of all that lives, then events.

use std::pin::Pin;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};

use super::ami::timing;
use super::ami::{
    Action, AgiCommand, Ami, AmiAddress, AmiError, Event as AmiEvent, Events, Frame, List, Resync, connect,
};
use super::legs::{Contexts, Heard, Left, Leg, Legs};
use super::orders::{self, DEAD_MAN_S};
use super::plays::{Held, Playing, Plays, Then};
use crate::calendar::Moment;
use crate::routing::ids::{Epoch, LegId, SwitchName};
use crate::routing::{Act, Failure, Input, Refusal, Returned};
use crate::switch::{Event, Link, MOST_ORDERS, Order, Sound, SwitchAct, Ticket, Told};

/// Between attempts to connect: from the first to the longest, doubled each time.
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_LONGEST: Duration = Duration::from_secs(2);
/// How often overdue plays and lost hang-ups are looked for.
const TICK: Duration = Duration::from_millis(20);
/// Calls in our hands get their dead man's limit again; a third of it, so that two may be missed.
const RENEW_EVERY: Duration = Duration::from_secs(DEAD_MAN_S as u64 / 3);
/// How long the list of all that lives may take; 400 channels take 15 ms.
const LIST_WITHIN: Duration = Duration::from_secs(10);
/// Orders taken from the queue into one write.
const MOST_IN_ONE_WRITE: usize = 256;

/// How to reach an Asterisk, and where its dialplan meets us.
#[derive(Clone, Debug)]
pub struct Asterisk {
    pub address: AmiAddress,
    pub contexts: Contexts,
}

/// Start the driver. It ends when the [`Link`] is dropped, leaving every call as it is.
pub fn start(switch: SwitchName, epoch: Epoch, asterisk: Asterisk, told: mpsc::Sender<Told>) -> Link {
    let (orders, from_controller) = mpsc::channel(MOST_ORDERS);
    let driver = Driver {
        legs: Legs::new(switch.clone(), asterisk.contexts.clone()),
        switch: switch.clone(),
        epoch,
        asterisk,
        told,
        plays: Plays::default(),
        clock_ahead_s: 0,
        began: Instant::now(),
        began_at: Moment::from_ms(wall_ms()),
    };
    tokio::spawn(driver.run(from_controller));
    Link { switch, orders }
}

fn wall_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map(|time| time.as_millis() as i64).unwrap_or_default()
}

struct Driver {
    switch: SwitchName,
    epoch: Epoch,
    asterisk: Asterisk,
    told: mpsc::Sender<Told>,
    legs: Legs,
    plays: Plays,
    /// The switch's clock less ours, in whole seconds: the heartbeat is compared with the switch's.
    clock_ahead_s: i64,
    began: Instant,
    began_at: Moment,
}

/// Why a link ended.
enum Ended {
    Lost(AmiError),
    Superseded(Epoch),
    /// The controller let go of us.
    Dropped,
}

/// An answer to come.
type Waiting = FuturesUnordered<Pin<Box<dyn Future<Output = Answered> + Send>>>;

/// An answer that came.
enum Answered {
    Order {
        ticket: Ticket,
        act: Act,
        result: Result<Frame, AmiError>,
    },
    Look {
        ticket: Ticket,
        leg: LegId,
        result: Result<List, AmiError>,
    },
    /// A command for a leg's AGI was queued, or was not.
    Agi {
        leg: LegId,
        command: String,
        result: Result<Frame, AmiError>,
    },
    /// A leg whose hang-up was lost was hung up by us.
    LostHangUp {
        leg: LegId,
        result: Result<Frame, AmiError>,
    },
    Epoch(Result<Frame, AmiError>),
    /// Nobody's business: a renewal, a heartbeat.
    Ignored,
}

impl Driver {
    async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        let mut wait = RETRY_FIRST;
        loop {
            let address = self.asterisk.address.clone();
            let connected = match self.meanwhile(&mut orders, connect(&address)).await {
                Some(connected) => connected,
                None => return,
            };
            let ended = match connected {
                Ok((ami, events)) => {
                    wait = RETRY_FIRST;
                    self.serve(&ami, events, &mut orders).await
                }
                Err(error) => Ended::Lost(error),
            };
            match ended {
                Ended::Dropped => return,
                Ended::Superseded(by) => {
                    tracing::error!(switch = %self.switch, %by, ours = %self.epoch, "another controller has taken over: stopping");
                    self.send(None, Event::Superseded { by }).await;
                    // Nothing is carried out any more, and nothing stays without an answer.
                    while let Some(order) = orders.recv().await {
                        self.not_now(order).await;
                    }
                    return;
                }
                Ended::Lost(error) => {
                    tracing::warn!(switch = %self.switch, %error, again_in_ms = wait.as_millis() as u64, "no link");
                }
            }
            if self.meanwhile(&mut orders, tokio::time::sleep(wait)).await.is_none() {
                return;
            }
            wait = (wait * 2).min(RETRY_LONGEST);
        }
    }

    /// Waits for something while there is no link; orders that come are answered at once. `None`: the controller let
    /// go of us.
    async fn meanwhile<T>(&self, orders: &mut mpsc::Receiver<Order>, what: impl Future<Output = T>) -> Option<T> {
        let mut what = std::pin::pin!(what);
        loop {
            tokio::select! {
                done = &mut what => return Some(done),
                order = orders.recv() => self.not_now(order?).await,
            }
        }
    }

    fn now(&self) -> Moment {
        self.began_at + self.began.elapsed()
    }

    async fn send(&self, ticket: Option<Ticket>, what: Event) {
        // The controller is gone when this fails, and so are we soon.
        let _ = self.told.send(Told { switch: self.switch.clone(), ticket, what }).await;
    }

    async fn tell(&self, input: Input) {
        self.send(None, Event::Input(input)).await;
    }

    async fn returned(&self, ticket: Ticket, how: Returned) {
        let effect = ticket.effect;
        self.send(Some(ticket), Event::Input(Input::EffectReturned { effect, how })).await;
    }

    async fn not_now(&self, order: Order) {
        match order {
            Order::Do { ticket, .. } => self.returned(ticket, Returned::Unknown).await,
            Order::Beat => {}
        }
    }

    /// Nothing is known of any leg any more.
    async fn lost(&mut self) {
        for ticket in self.plays.void() {
            self.returned(ticket, Returned::Unknown).await;
        }
        self.tell(Input::LinkLost { switch: self.switch.clone() }).await;
    }

    /// One link, from its first word to its end.
    async fn serve(&mut self, ami: &Ami, mut events: Events, orders: &mut mpsc::Receiver<Order>) -> Ended {
        match self.meanwhile(orders, claim(ami, self.epoch)).await {
            Some(Ok(Claimed::Ours { clock_ahead_s })) => self.clock_ahead_s = clock_ahead_s,
            Some(Ok(Claimed::Superseded(later))) => return Ended::Superseded(later),
            Some(Err(error)) => return Ended::Lost(error),
            None => return Ended::Dropped,
        }
        if self.clock_ahead_s.abs() > 2 {
            tracing::warn!(switch = %self.switch, ahead_s = self.clock_ahead_s, "the switch's clock differs from ours");
        }
        if let Err(error) = self.beat(ami) {
            return Ended::Lost(error);
        }
        tracing::info!(switch = %self.switch, "link is up");
        self.send(None, Event::LinkUp).await;
        let mut waiting: Waiting = FuturesUnordered::new();
        let ended = self.follow(ami, &mut waiting, &mut events, orders).await;
        // What is still under way has no answer any more. Answers that are there already are taken first; at the
        // end of a connection all others fail with it.
        if let Ended::Lost(_) = ended {
            while let Some(answered) = waiting.next().await {
                self.answered(answered).await;
            }
        }
        self.lost().await;
        if let Ended::Superseded(_) = ended {
            while let Some(answered) = waiting.next().await {
                self.answered(answered).await;
            }
        }
        ended
    }

    async fn follow(
        &mut self,
        ami: &Ami,
        waiting: &mut Waiting,
        events: &mut Events,
        orders: &mut mpsc::Receiver<Order>,
    ) -> Ended {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut renewed = Instant::now();
        loop {
            tokio::select! {
                biased;
                event = events.recv() => match event {
                    Some(AmiEvent::Received(received)) => {
                        for heard in self.legs.hear(self.now(), &received.frame) {
                            if let Heard::Tell(Input::CallerArrived { from, .. }) = &heard
                                && timing::is_on()
                            {
                                timing::heard(from.as_str(), received.read_at);
                            }
                            self.act_on(ami, waiting, heard).await;
                        }
                    }
                    Some(AmiEvent::ResyncNeeded(why)) => {
                        let first = why == Resync::Connected;
                        if !first {
                            tracing::warn!(switch = %self.switch, ?why, "events were missed: looking at everything alive");
                            self.lost().await;
                        }
                        match self.take_snapshot(ami, waiting, events, orders, first).await {
                            Some(Ok(())) => {}
                            Some(Err(error)) => return Ended::Lost(error),
                            None => return Ended::Dropped,
                        }
                        // Callers that were found have had no renewal for as long as we were away.
                        renewed = Instant::now();
                        self.renew(ami, waiting);
                    }
                    Some(AmiEvent::Lost(error)) => return Ended::Lost(error),
                    None => return Ended::Lost(AmiError::Lost("the connection ended".into())),
                },
                Some(answered) = waiting.next(), if !waiting.is_empty() => {
                    if let Some(later) = self.answered(answered).await {
                        return Ended::Superseded(later);
                    }
                }
                order = orders.recv() => match order {
                    Some(first) => self.take_orders(ami, waiting, first, orders).await,
                    None => return Ended::Dropped,
                },
                _ = tick.tick() => {
                    self.mend(ami, waiting).await;
                    if renewed.elapsed() >= RENEW_EVERY {
                        renewed = Instant::now();
                        self.renew(ami, waiting);
                    }
                }
            }
        }
    }

    fn beat(&self, ami: &Ami) -> Result<(), AmiError> {
        let stamp = wall_ms() / 1000 + self.clock_ahead_s;
        ami.send_one(Action::setvar(None, "CORDBOARD_HB", stamp.to_string())).map(drop)
    }

    /// All that lives, told as one. Events that came while the list was made are worked in silently: they win.
    /// `None`: the controller let go of us.
    async fn take_snapshot(
        &mut self,
        ami: &Ami,
        waiting: &mut Waiting,
        events: &mut Events,
        orders: &mut mpsc::Receiver<Order>,
        first: bool,
    ) -> Option<Result<(), AmiError>> {
        let listing = ami.list(Action::new("CoreShowChannels").within(LIST_WITHIN));
        let list = match self.meanwhile(orders, listing).await? {
            Ok(list) => list,
            Err(error) => return Some(Err(error)),
        };
        let listed: Vec<(LegId, Leg)> = list.items.iter().filter_map(|item| self.legs.listed(&item.frame)).collect();
        self.legs.replace(listed, !first);
        let now = self.now();
        // Whatever was read before the list ended is older than, or part of, what we tell now.
        let mut later = Vec::new();
        while let Some(event) = events.try_recv() {
            match event {
                AmiEvent::Received(received) if received.number <= list.ended => {
                    if received.number > list.began {
                        for heard in self.legs.hear(now, &received.frame) {
                            if let heard @ Heard::HangUpNow { .. } = heard {
                                self.act_on(ami, waiting, heard).await;
                            }
                        }
                    }
                }
                AmiEvent::Received(received) => later.push(received.frame),
                // Missed again: this list is as old as what was missed, and the next look comes at once.
                AmiEvent::ResyncNeeded(_) => return Some(Err(AmiError::Lost("too many events to follow".into()))),
                AmiEvent::Lost(error) => return Some(Err(error)),
            }
        }
        let legs: Vec<_> = self.legs.iter().filter_map(|(id, _)| self.legs.seen(id)).collect();
        // What their AGI was told before, by us or by another, may still be waiting in it.
        for seen in legs.iter().filter(|seen| seen.in_hand) {
            self.plays.doubt(&seen.leg);
        }
        self.tell(Input::SnapshotTaken { switch: self.switch.clone(), legs }).await;
        for frame in later {
            for heard in self.legs.hear(self.now(), &frame) {
                self.act_on(ami, waiting, heard).await;
            }
        }
        Some(Ok(()))
    }

    async fn act_on(&mut self, ami: &Ami, waiting: &mut Waiting, heard: Heard) {
        match heard {
            Heard::Tell(input) => self.tell(input).await,
            Heard::CommandEnded { leg, command, done } => self.command_ended(ami, waiting, &leg, &command, done).await,
            Heard::InHand { leg } => {
                let limit = self.legs.get_mut(&leg).filter(|known| known.inbound && !known.leaving).map(|known| {
                    known.limited = true;
                    orders::dead_man(known.channel(&leg), DEAD_MAN_S)
                });
                if let Some(limit) = limit {
                    self.send_quietly(ami, waiting, vec![limit]);
                }
                if self.plays.is_unsure(&leg) {
                    self.fence(ami, waiting, &leg);
                }
                self.release(ami, waiting, &leg).await;
            }
            Heard::AgiLeft { leg, why } => self.agi_left(ami, waiting, &leg, why).await,
            Heard::HangUpNow { leg } => {
                if let Some(known) = self.legs.get(&leg) {
                    let hang_up = orders::hang_up(known.channel(&leg), known.hang_up.unwrap_or(16));
                    self.send_quietly(ami, waiting, vec![hang_up]);
                }
            }
        }
    }

    async fn agi_left(&mut self, ami: &Ami, waiting: &mut Waiting, leg: &LegId, why: Left) {
        match why {
            Left::Joined => {
                // An order to join was older than the event that the leg is in hand.
                let unlimit = self.legs.get_mut(leg).filter(|known| known.limited).map(|known| {
                    known.limited = false;
                    orders::dead_man(known.channel(leg), 0)
                });
                if let Some(unlimit) = unlimit {
                    self.send_quietly(ami, waiting, vec![unlimit]);
                }
                let (cut, held) = self.plays.joined(leg);
                if let Some(ticket) = cut {
                    self.returned(ticket, Returned::Done).await;
                }
                for Held { ticket, act, .. } in held {
                    let how = match act {
                        SwitchAct::Play { .. } => Returned::Done,
                        SwitchAct::Act(_) => in_a_bridge(),
                    };
                    self.returned(ticket, how).await;
                }
            }
            Left::Ended => {
                if let Some(ticket) = self.plays.agi_ended(leg) {
                    self.returned(ticket, gone(leg)).await;
                }
            }
            Left::HungUp => {
                for ticket in self.plays.gone(leg) {
                    self.returned(ticket, gone(leg)).await;
                }
            }
        }
    }

    async fn command_ended(&mut self, ami: &Ami, waiting: &mut Waiting, leg: &LegId, command: &str, done: bool) {
        match self.plays.command_ended(leg, command, done) {
            Then::Nothing => return,
            Then::Next(sound) => return self.send_sound(ami, waiting, leg, sound),
            Then::Done(playing) => self.returned(playing.ticket, Returned::Done).await,
            Then::Failed(playing) => {
                let here = self.legs.get(leg).is_some() && !self.legs.is_dying(leg);
                let how = if here { Returned::Refused { why: Refusal::NoPrompt } } else { gone(leg) };
                self.returned(playing.ticket, how).await;
                // A missing file ends the AGI, and the leg comes back into a new one: what is held waits for that.
                return;
            }
            Then::Free => {}
        }
        self.release(ami, waiting, leg).await;
    }

    /// What was held for this leg goes, as far as it may.
    async fn release(&mut self, ami: &Ami, waiting: &mut Waiting, leg: &LegId) {
        while self.legs.get(leg).is_some_and(|known| known.in_hand) {
            let Some(held) = self.plays.release(leg) else { return };
            let mut write = Write::default();
            match self.cannot(&held.act) {
                Some(how) => self.returned(held.ticket, how).await,
                None => self.carry_out(ami, waiting, &mut write, held).await,
            }
            self.flush(ami, waiting, &mut write).await;
        }
    }

    /// After this nothing that was queued for the leg's AGI before is left.
    fn fence(&mut self, ami: &Ami, waiting: &mut Waiting, leg: &LegId) {
        let command = self.plays.new_command("fence");
        let Some(channel) = self.legs.get(leg).map(|known| known.channel(leg).to_owned()) else { return };
        self.send_quietly(ami, waiting, vec![orders::stop_playing(&channel)]);
        self.plays.fence(leg, command.clone(), Instant::now());
        self.send_agi(ami, waiting, leg, command, &AgiCommand::new("NOOP"));
    }

    fn send_sound(&mut self, ami: &Ami, waiting: &mut Waiting, leg: &LegId, Sound(path): Sound) {
        let command = self.plays.new_command("play");
        self.plays.goes_on(leg, command.clone());
        // Keys are heard by DTMFEnd, so no key stops the file by itself.
        let stream = AgiCommand::new("STREAM FILE").arg(path.as_os_str().as_encoded_bytes()).arg("");
        self.send_agi(ami, waiting, leg, command, &stream);
    }

    fn send_agi(&mut self, ami: &Ami, waiting: &mut Waiting, leg: &LegId, command: String, agi: &AgiCommand) {
        let Some(channel) = self.legs.get(leg).map(|known| known.channel(leg)) else { return };
        let sent = ami.send_one(Action::agi(channel, &command, agi));
        let leg = leg.clone();
        waiting.push(Box::pin(async move {
            let result = match sent {
                Ok(reply) => reply.await,
                Err(error) => Err(error),
            };
            Answered::Agi { leg, command, result }
        }));
    }

    async fn take_orders(
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
                Order::Beat => {
                    if let Err(error) = self.beat(ami) {
                        tracing::warn!(switch = %self.switch, %error, "no heartbeat sent");
                    }
                    if let Ok(reply) = ami.send_one(Action::new("Getvar").with("Variable", "CORDBOARD_EPOCH")) {
                        waiting.push(Box::pin(async move { Answered::Epoch(reply.await) }));
                    }
                }
                Order::Do { ticket, act, deadline } => {
                    self.take_order(ami, waiting, &mut write, Held { ticket, act, deadline }).await;
                }
            }
        }
        self.flush(ami, waiting, &mut write).await;
    }

    /// Into the write under way, or held, or answered at once.
    async fn take_order(&mut self, ami: &Ami, waiting: &mut Waiting, write: &mut Write, order: Held) {
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

    async fn carry_out(&mut self, ami: &Ami, waiting: &mut Waiting, write: &mut Write, order: Held) {
        let Held { ticket, act, deadline } = order;
        match act {
            SwitchAct::Act(act) => self.prepare(ami, waiting, write, ticket, act, deadline).await,
            SwitchAct::Play { leg, sounds } => {
                self.flush(ami, waiting, write).await;
                let mut left: std::collections::VecDeque<Sound> = sounds.into();
                let Some(first) = left.pop_front() else { return self.returned(ticket, Returned::Done).await };
                self.plays.begin(&leg, String::new(), Playing { ticket, left, deadline });
                self.send_sound(ami, waiting, &leg, first);
            }
        }
    }

    /// What is in the way of an order for a leg's AGI, for good.
    fn cannot(&self, act: &SwitchAct) -> Option<Returned> {
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
    async fn prepare(
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
        let actions = orders::actions_for(&act, &self.legs, &self.asterisk.contexts).and_then(|actions| {
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
                if let Some(known) = self.legs.get_mut(leg) {
                    known.tags = Some(tags.clone());
                }
            }
            Act::Connect { caller, agent } => {
                for leg in [caller, agent] {
                    if let Some(known) = self.legs.get_mut(leg) {
                        known.leaving = true;
                        known.limited = false;
                    }
                }
            }
            Act::StopPlay { .. }
            | Act::Answer { .. }
            | Act::StartMusic { .. }
            | Act::Play { .. }
            | Act::Look { .. } => {}
        }
        write.push(actions, ticket, act);
    }

    async fn flush(&mut self, ami: &Ami, waiting: &mut Waiting, write: &mut Write) {
        let Write { actions, whose } = std::mem::take(write);
        if actions.is_empty() {
            return;
        }
        match ami.send(actions) {
            Ok(replies) => {
                for (reply, whose) in replies.into_iter().zip(whose) {
                    let Some((ticket, act)) = whose else { continue };
                    waiting.push(Box::pin(async move { Answered::Order { ticket, act, result: reply.await } }));
                }
            }
            Err(error) => {
                for (ticket, act) in whose.into_iter().flatten() {
                    self.answered(Answered::Order { ticket, act, result: Err(error.clone()) }).await;
                }
            }
        }
    }

    async fn look(&mut self, ami: &Ami, waiting: &mut Waiting, ticket: Ticket, leg: LegId, within: Duration) {
        let channel = self.legs.get(&leg).map_or_else(|| leg.to_string(), |known| known.channel(&leg).to_owned());
        match ami.send_list(orders::look_at(&channel).within(within)) {
            Ok(reply) => waiting.push(Box::pin(async move { Answered::Look { ticket, leg, result: reply.await } })),
            Err(_) => self.returned(ticket, Returned::Unknown).await,
        }
    }

    /// Sent, and the answer is nobody's business.
    fn send_quietly(&self, ami: &Ami, waiting: &mut Waiting, actions: Vec<Action>) {
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

    /// Gives a later epoch, where one was seen.
    async fn answered(&mut self, answered: Answered) -> Option<Epoch> {
        match answered {
            Answered::Ignored => {}
            Answered::Epoch(result) => {
                return result.ok().as_ref().and_then(epoch_of).filter(|theirs| *theirs > self.epoch);
            }
            Answered::Order { ticket, act, result } => self.order_answered(ticket, act, result).await,
            Answered::Agi { leg, command, result } => {
                let Err(error) = result else { return None };
                let how = match error {
                    AmiError::Refused(words) if is_no_channel(&words) => gone(&leg),
                    AmiError::Refused(words) => Returned::Refused { why: Refusal::Other(words) },
                    AmiError::BadValue(bad) => Returned::Refused { why: Refusal::Other(bad.to_string()) },
                    AmiError::Overloaded => overloaded(),
                    // Whether it was queued is not known: what plays is found at its deadline, or at the link's end.
                    AmiError::Lost(_) | AmiError::TimedOut(_) | AmiError::Garbled(_) | AmiError::BadAddress(_) => {
                        return None;
                    }
                };
                match self.plays.command_ended(&leg, &command, false) {
                    Then::Failed(playing) => self.returned(playing.ticket, how).await,
                    Then::Free => {
                        for ticket in self.plays.gone(&leg) {
                            self.returned(ticket, how.clone()).await;
                        }
                    }
                    Then::Nothing | Then::Next(_) | Then::Done(_) => {}
                }
            }
            Answered::LostHangUp { leg, result } => {
                // Gone already, and its own event was lost as its hang-up was.
                if let Err(AmiError::Refused(words)) = result
                    && is_no_channel(&words)
                    && self.legs.is_dying(&leg)
                {
                    self.end_unheard(&leg).await;
                }
            }
            Answered::Look { ticket, leg, result } => self.look_answered(ticket, leg, result).await,
        }
        None
    }

    async fn order_answered(&mut self, ticket: Ticket, act: Act, result: Result<Frame, AmiError>) {
        if let Act::Connect { caller, agent } = &act {
            for leg in [caller, agent] {
                if let Some(known) = self.legs.get_mut(leg) {
                    known.leaving = false;
                }
            }
        }
        let how = match result {
            Ok(_) => Returned::Done,
            Err(AmiError::Refused(words)) => Returned::Refused { why: refusal(&act, words) },
            Err(AmiError::BadValue(bad)) => Returned::Refused { why: Refusal::Other(bad.to_string()) },
            Err(AmiError::Overloaded) => overloaded(),
            Err(AmiError::Lost(_) | AmiError::TimedOut(_) | AmiError::Garbled(_) | AmiError::BadAddress(_)) => {
                Returned::Unknown
            }
        };
        let refused = matches!(how, Returned::Refused { .. });
        let how = match &act {
            // A stop of what has just ended by itself is refused, and was done.
            Act::StopPlay { .. } if refused => Returned::Done,
            // Its channel was not there yet, and is hung up as soon as it is; or its end is on its way to us.
            Act::HangUp { leg, .. } if refused && self.legs.get(leg).is_some() => Returned::Done,
            Act::Ring { leg, .. } if refused => {
                self.legs.remove(leg);
                how
            }
            Act::StopPlay { .. }
            | Act::HangUp { .. }
            | Act::Ring { .. }
            | Act::Answer { .. }
            | Act::Play { .. }
            | Act::StartMusic { .. }
            | Act::Connect { .. }
            | Act::Tag { .. }
            | Act::Look { .. } => how,
        };
        self.returned(ticket, how).await;
    }

    async fn look_answered(&mut self, ticket: Ticket, leg: LegId, result: Result<List, AmiError>) {
        let item = match &result {
            Ok(list) => {
                let id = leg.as_str().as_bytes();
                list.items.iter().find(|item| item.frame.get("Uniqueid") == Some(id))
            }
            Err(AmiError::Refused(_)) => None,
            Err(_) => return self.returned(ticket, Returned::Unknown).await,
        };
        let seen = match item {
            Some(item) => {
                if self.legs.get(&leg).is_none()
                    && let Some((id, found)) = self.legs.listed(&item.frame)
                {
                    self.legs.put(id, found);
                }
                self.legs.seen(&leg)
            }
            // A ring whose channel is not there yet is no leg that has gone.
            None if self.legs.get(&leg).is_some_and(|known| !known.name.is_empty()) => {
                self.end_unheard(&leg).await;
                None
            }
            None => self.legs.seen(&leg),
        };
        let looked = Input::LegLookedAt { switch: self.switch.clone(), leg, seen };
        self.send(Some(ticket.clone()), Event::Input(looked)).await;
        self.returned(ticket, Returned::Done).await;
    }

    /// The switch has said that a leg is not there, and its event has not come.
    async fn end_unheard(&mut self, leg: &LegId) {
        for heard in self.legs.ended(leg, Failure::NoAnswer) {
            match heard {
                Heard::Tell(input) => self.tell(input).await,
                Heard::AgiLeft { leg, .. } => {
                    for ticket in self.plays.gone(&leg) {
                        self.returned(ticket, gone(&leg)).await;
                    }
                }
                Heard::CommandEnded { .. } | Heard::InHand { .. } | Heard::HangUpNow { .. } => {}
            }
        }
    }

    /// Hang-ups that Bridge lost, orders that are overdue, stops that were not heard.
    async fn mend(&mut self, ami: &Ami, waiting: &mut Waiting) {
        let now = self.now();
        if self.legs.any_hang_up_requested() {
            for leg in self.legs.lost_hang_ups(now) {
                let Some(known) = self.legs.get(&leg) else { continue };
                tracing::warn!(switch = %self.switch, %leg, "a hang-up was lost in the switch: hanging up");
                let hang_up = orders::hang_up(known.channel(&leg), known.hang_up.unwrap_or(16));
                if let Ok(reply) = ami.send_one(hang_up) {
                    waiting.push(Box::pin(async move { Answered::LostHangUp { leg, result: reply.await } }));
                }
            }
        }
        if self.plays.is_empty() {
            return;
        }
        for leg in self.plays.still_ending(Instant::now()) {
            if let Some(known) = self.legs.get(&leg).filter(|known| known.in_hand) {
                let stop = orders::stop_playing(known.channel(&leg));
                self.send_quietly(ami, waiting, vec![stop]);
            }
        }
        for ticket in self.plays.overdue(now) {
            self.returned(ticket, Returned::Unknown).await;
        }
    }

    fn renew(&mut self, ami: &Ami, waiting: &mut Waiting) {
        let mut actions = Vec::new();
        for (id, leg) in self.legs.iter_mut().filter(|(_, leg)| leg.inbound && leg.in_hand && !leg.leaving) {
            leg.limited = true;
            actions.push(orders::dead_man(leg.channel(id), DEAD_MAN_S));
        }
        for some in actions.chunks(MOST_IN_ONE_WRITE) {
            self.send_quietly(ami, waiting, some.to_vec());
        }
    }
}

/// Actions gathered into one write; whose answer each is (the last of an act's).
#[derive(Default)]
struct Write {
    actions: Vec<Action>,
    whose: Vec<Option<(Ticket, Act)>>,
}

impl Write {
    fn push(&mut self, actions: Vec<Action>, ticket: Ticket, act: Act) {
        let last = actions.len().saturating_sub(1);
        self.whose.extend((0..last).map(|_| None));
        self.whose.push(Some((ticket, act)));
        self.actions.extend(actions);
    }
}

enum Claimed {
    Ours {
        /// The switch's clock less ours, in whole seconds.
        clock_ahead_s: i64,
    },
    Superseded(Epoch),
}

/// Take the switch over, unless a later start has; and learn its clock.
async fn claim(ami: &Ami, epoch: Epoch) -> Result<Claimed, AmiError> {
    let theirs = ami.ask(Action::new("Getvar").with("Variable", "CORDBOARD_EPOCH")).await?;
    if let Some(later) = epoch_of(&theirs).filter(|theirs| *theirs > epoch) {
        return Ok(Claimed::Superseded(later));
    }
    ami.ask(Action::setvar(None, "CORDBOARD_EPOCH", epoch.to_string())).await?;
    let clock = ami.ask(Action::new("Getvar").with("Variable", "EPOCH")).await?;
    let clock_ahead_s = clock.number::<i64>("Value").map_or(0, |theirs| theirs - wall_ms() / 1000);
    Ok(Claimed::Ours { clock_ahead_s })
}

fn gone(leg: &LegId) -> Returned {
    Returned::Refused { why: Refusal::Gone(leg.clone()) }
}

fn in_a_bridge() -> Returned {
    Returned::Refused { why: Refusal::Other("in a bridge".into()) }
}

fn overloaded() -> Returned {
    Returned::Refused { why: Refusal::Other("too many orders wait for the switch".into()) }
}

fn epoch_of(answer: &Frame) -> Option<Epoch> {
    answer.number("Value").map(Epoch)
}

/// Asterisk's words for the ways an order can fail (measured; see the transcripts of the two races).
fn refusal(act: &Act, words: String) -> Refusal {
    match act {
        Act::Connect { caller, .. } if words.contains("Channel1") => Refusal::Gone(caller.clone()),
        Act::Connect { agent, .. } if words.contains("Channel2") => Refusal::Gone(agent.clone()),
        act if is_no_channel(&words) => Refusal::Gone(act.leg().clone()),
        _ => Refusal::Other(words),
    }
}

fn is_no_channel(words: &str) -> bool {
    ["No such channel", "Channel not existent", "does not exist"].iter().any(|known| words.contains(known))
}
