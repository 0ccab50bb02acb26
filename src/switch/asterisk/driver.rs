//! The driver: one task that holds the link to one Asterisk, from the first login through every reconnect.
//!
//! While there is no link every order comes back `Unknown`. A link begins with the epoch (a later one than ours
//! means that another controller has taken over: we stop), then one snapshot of all that lives, then events.

use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};

use super::ami::{Action, AgiCommand, Ami, AmiAddress, AmiError, Event as AmiEvent, Events, Frame, List, connect};
use super::legs::{Contexts, Heard, Leg, Legs};
use super::orders::{self, DEAD_MAN_S};
use crate::calendar::Moment;
use crate::routing::ids::{Epoch, LegId, SwitchName};
use crate::routing::{Act, Input, LegUp, Refusal, Returned};
use crate::switch::{Event, Link, MOST_ORDERS, Order, Sound, SwitchAct, Ticket, Told};

/// Between attempts to connect: from the first to the longest, doubled each time.
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_LONGEST: Duration = Duration::from_secs(2);
/// How often overdue plays and lost hang-ups are looked for.
const TICK: Duration = Duration::from_millis(20);
/// Calls in our hands get their dead man's limit again; a third of it, so that two may be missed.
const RENEW_EVERY: Duration = Duration::from_secs(DEAD_MAN_S as u64 / 3);
/// A prompt that was told to stop and still plays is told again: a command not yet begun does not hear the first.
const STOP_AGAIN_AFTER: Duration = Duration::from_millis(100);
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
        plays: BTreeMap::new(),
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
    plays: BTreeMap<LegId, Playing>,
    /// The switch's clock less ours, in whole seconds: the heartbeat is compared with the switch's.
    clock_ahead_s: i64,
    began: Instant,
    began_at: Moment,
}

/// What a leg is being played.
struct Playing {
    /// `None` once it has been told to stop: nothing is owed for it any more.
    ticket: Option<Ticket>,
    command: String,
    left: VecDeque<Sound>,
    deadline: Moment,
    stopped: Option<Instant>,
    /// What may only be sent when this has really ended, or the stop would hit it.
    then: Vec<(Option<Ticket>, SwitchAct, Moment)>,
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
        ticket: Option<Ticket>,
        act: Act,
        result: Result<Frame, AmiError>,
    },
    Look {
        ticket: Ticket,
        leg: LegId,
        result: Result<List, AmiError>,
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
            let mut connecting = Box::pin(connect(&address));
            let connected = loop {
                tokio::select! {
                    connected = &mut connecting => break connected,
                    order = orders.recv() => match order {
                        Some(order) => self.not_now(order).await,
                        None => return,
                    },
                }
            };
            let ended = match connected {
                Ok((ami, events)) => {
                    wait = RETRY_FIRST;
                    tracing::info!(switch = %self.switch, "link is up");
                    let ended = self.serve(&ami, events, &mut orders).await;
                    self.void_plays().await;
                    self.tell(Input::LinkLost { switch: self.switch.clone() }).await;
                    ended
                }
                Err(error) => Ended::Lost(error),
            };
            match ended {
                Ended::Dropped => return,
                Ended::Superseded(by) => {
                    tracing::error!(switch = %self.switch, %by, ours = %self.epoch, "another controller has taken over: stopping");
                    self.send(None, Event::Superseded { by }).await;
                    return;
                }
                Ended::Lost(error) => {
                    tracing::warn!(switch = %self.switch, %error, again_in_ms = wait.as_millis() as u64, "no link");
                }
            }
            let until = Instant::now() + wait;
            wait = (wait * 2).min(RETRY_LONGEST);
            loop {
                tokio::select! {
                    () = tokio::time::sleep_until(until) => break,
                    order = orders.recv() => match order {
                        Some(order) => self.not_now(order).await,
                        None => return,
                    },
                }
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

    async fn void_plays(&mut self) {
        for (_, playing) in std::mem::take(&mut self.plays) {
            let later = playing.then.into_iter().filter_map(|(ticket, _, _)| ticket);
            for ticket in playing.ticket.into_iter().chain(later) {
                self.returned(ticket, Returned::Unknown).await;
            }
        }
    }

    /// One link, from its first word to its end.
    async fn serve(&mut self, ami: &Ami, mut events: Events, orders: &mut mpsc::Receiver<Order>) -> Ended {
        match self.claim(ami).await {
            Ok(None) => {}
            Ok(Some(later)) => return Ended::Superseded(later),
            Err(error) => return Ended::Lost(error),
        }
        self.send(None, Event::LinkUp).await;
        let mut waiting: Waiting = FuturesUnordered::new();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        // Callers found by the first snapshot have had no renewal for as long as we were away.
        let mut renewed: Option<Instant> = None;
        let ended = loop {
            tokio::select! {
                biased;
                event = events.recv() => match event {
                    Some(AmiEvent::Received(received)) => {
                        for heard in self.legs.hear(self.now(), &received.frame) {
                            self.act_on(ami, &mut waiting, heard).await;
                        }
                    }
                    Some(AmiEvent::ResyncNeeded(why)) => {
                        tracing::warn!(switch = %self.switch, ?why, "looking at everything alive");
                        if let Err(error) = self.take_snapshot(ami, &mut events).await {
                            break Ended::Lost(error);
                        }
                    }
                    Some(AmiEvent::Lost(error)) => break Ended::Lost(error),
                    None => break Ended::Lost(AmiError::Lost("the connection ended".into())),
                },
                Some(answered) = waiting.next(), if !waiting.is_empty() => {
                    if let Some(later) = self.answered(answered).await {
                        break Ended::Superseded(later);
                    }
                }
                order = orders.recv() => match order {
                    Some(first) => self.take_orders(ami, &mut waiting, first, orders).await,
                    None => break Ended::Dropped,
                },
                _ = tick.tick() => {
                    self.mend(ami, &mut waiting).await;
                    if renewed.is_none_or(|renewed| renewed.elapsed() >= RENEW_EVERY) {
                        renewed = Some(Instant::now());
                        self.renew(ami, &mut waiting);
                    }
                }
            }
        };
        // What is still under way has no answer any more. Answers that are there already are taken first.
        while let Some(answered) = waiting.next().await {
            self.answered(answered).await;
        }
        ended
    }

    /// Take the switch over, unless a later start has; and learn its clock.
    async fn claim(&mut self, ami: &Ami) -> Result<Option<Epoch>, AmiError> {
        let theirs = ami.ask(Action::new("Getvar").with("Variable", "CORDBOARD_EPOCH")).await?;
        if let Some(later) = epoch_of(&theirs).filter(|theirs| *theirs > self.epoch) {
            return Ok(Some(later));
        }
        ami.ask(Action::setvar(None, "CORDBOARD_EPOCH", self.epoch.to_string())).await?;
        let clock = ami.ask(Action::new("Getvar").with("Variable", "EPOCH")).await?;
        self.clock_ahead_s = match clock.number::<i64>("Value") {
            Some(theirs) => theirs - wall_ms() / 1000,
            None => 0,
        };
        if self.clock_ahead_s.abs() > 2 {
            tracing::warn!(switch = %self.switch, ahead_s = self.clock_ahead_s, "the switch's clock differs from ours");
        }
        self.beat(ami)?;
        Ok(None)
    }

    fn beat(&self, ami: &Ami) -> Result<(), AmiError> {
        let stamp = wall_ms() / 1000 + self.clock_ahead_s;
        ami.send_one(Action::setvar(None, "CORDBOARD_HB", stamp.to_string())).map(drop)
    }

    /// All that lives, told as one. Events that came while the list was made are worked in silently: they win.
    async fn take_snapshot(&mut self, ami: &Ami, events: &mut Events) -> Result<(), AmiError> {
        self.void_plays().await;
        let list = ami.list(Action::new("CoreShowChannels").within(Duration::from_secs(10))).await?;
        let fresh: Vec<(LegId, Leg)> = list.items.iter().filter_map(|item| self.legs.listed(&item.frame)).collect();
        self.legs.clear();
        for (id, leg) in fresh {
            self.legs.put(id, leg);
        }
        let now = self.now();
        // Whatever was read before the list ended is older than, or part of, what we tell now.
        let mut later = Vec::new();
        while let Some(event) = events.try_recv() {
            match event {
                AmiEvent::Received(received) if received.number <= list.ended => {
                    if received.number > list.began {
                        self.legs.hear(now, &received.frame);
                    }
                }
                AmiEvent::Received(received) => later.push(received.frame),
                AmiEvent::ResyncNeeded(_) => {}
                AmiEvent::Lost(error) => return Err(error),
            }
        }
        let ids: Vec<LegId> = self.legs.iter().map(|(id, _)| id.clone()).collect();
        for id in &ids {
            if let Some(leg) = self.legs.get_mut(id) {
                // Told by this very list, ringing phones apart: their answer is still to come.
                leg.told = leg.inbound && leg.in_hand || leg.bridge.is_some() || leg.in_hand && leg.up == LegUp::Up;
            }
        }
        let legs = ids.iter().filter_map(|id| self.legs.seen(id)).collect();
        self.tell(Input::SnapshotTaken { switch: self.switch.clone(), legs }).await;
        let mut waiting: Waiting = FuturesUnordered::new();
        for frame in later {
            for heard in self.legs.hear(self.now(), &frame) {
                self.act_on(ami, &mut waiting, heard).await;
            }
        }
        Ok(())
    }

    async fn act_on(&mut self, ami: &Ami, waiting: &mut Waiting, heard: Heard) {
        match heard {
            Heard::Tell(input) => self.tell(input).await,
            Heard::CommandEnded { leg, command, done } => self.command_ended(ami, waiting, &leg, &command, done).await,
            Heard::AgiLeft { leg } => self.play_void(&leg).await,
            Heard::HangUpNow { leg } => {
                if let Some(known) = self.legs.get(&leg) {
                    let hang_up = orders::hang_up(known.channel(&leg), known.hang_up.unwrap_or(16));
                    self.send_quietly(ami, waiting, vec![hang_up]);
                }
            }
        }
    }

    /// The leg left its AGI: what was being played is over, and nothing queued behind it may be sent any more.
    async fn play_void(&mut self, leg: &LegId) {
        let Some(playing) = self.plays.remove(leg) else { return };
        let gone = || Returned::Refused { why: Refusal::Gone(leg.clone()) };
        if let Some(ticket) = playing.ticket {
            self.returned(ticket, gone()).await;
        }
        for (ticket, _, _) in playing.then {
            if let Some(ticket) = ticket {
                self.returned(ticket, gone()).await;
            }
        }
    }

    async fn command_ended(&mut self, ami: &Ami, waiting: &mut Waiting, leg: &LegId, command: &str, done: bool) {
        let Some(playing) = self.plays.get_mut(leg).filter(|playing| playing.command == command) else { return };
        if playing.stopped.is_some() {
            let then = self.plays.remove(leg).map(|playing| playing.then).unwrap_or_default();
            for (ticket, act, deadline) in then {
                self.carry_out(ami, waiting, ticket, act, deadline).await;
            }
            return;
        }
        if !done {
            let ticket = self.plays.remove(leg).and_then(|playing| playing.ticket);
            if let Some(ticket) = ticket {
                self.returned(ticket, Returned::Refused { why: Refusal::NoPrompt }).await;
            }
            return;
        }
        if self.play_next(ami, waiting, leg) {
            return;
        }
        if let Some(ticket) = self.plays.remove(leg).and_then(|playing| playing.ticket) {
            self.returned(ticket, Returned::Done).await;
        }
    }

    /// The next sound of this leg; `false`: there is none.
    fn play_next(&mut self, ami: &Ami, waiting: &mut Waiting, leg: &LegId) -> bool {
        let Some(channel) = self.legs.get(leg).map(|known| known.channel(leg).to_owned()) else { return false };
        let Some(playing) = self.plays.get_mut(leg) else { return false };
        let Some(Sound(path)) = playing.left.pop_front() else { return false };
        playing.command = format!("{}-{}", playing.command.split('-').next().unwrap_or("play"), playing.left.len());
        // Keys are heard by DTMFEnd, so no key stops the file by itself.
        let stream = AgiCommand::new("STREAM FILE").arg(path.as_os_str().as_encoded_bytes()).arg("");
        let action = Action::agi(&channel, &playing.command, &stream);
        self.send_quietly(ami, waiting, vec![action]);
        true
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
                    if let Some(playing) = self.stopping(act.leg())
                        && act.waits_for_the_stop()
                    {
                        playing.then.push((Some(ticket), act, deadline));
                        continue;
                    }
                    match act {
                        SwitchAct::Act(act) => self.prepare(ami, waiting, &mut write, Some(ticket), act).await,
                        play @ SwitchAct::Play { .. } => {
                            self.flush(ami, waiting, &mut write).await;
                            self.carry_out(ami, waiting, Some(ticket), play, deadline).await;
                        }
                    }
                }
            }
        }
        self.flush(ami, waiting, &mut write).await;
    }

    fn stopping(&mut self, leg: &LegId) -> Option<&mut Playing> {
        self.plays.get_mut(leg).filter(|playing| playing.stopped.is_some())
    }

    async fn carry_out(
        &mut self,
        ami: &Ami,
        waiting: &mut Waiting,
        ticket: Option<Ticket>,
        act: SwitchAct,
        deadline: Moment,
    ) {
        match act {
            SwitchAct::Act(act) => {
                let mut write = Write::default();
                self.prepare(ami, waiting, &mut write, ticket, act).await;
                self.flush(ami, waiting, &mut write).await;
            }
            SwitchAct::Play { leg, sounds } => {
                if !self.legs.get(&leg).is_some_and(|known| known.in_hand) {
                    if let Some(ticket) = ticket {
                        self.returned(ticket, Returned::Refused { why: Refusal::Gone(leg) }).await;
                    }
                    return;
                }
                self.play_void(&leg).await;
                let command = format!(
                    "play{}",
                    ticket.as_ref().map_or_else(String::new, |t| format!("{}{}", t.centre, t.effect.number))
                );
                let left = sounds.into();
                let playing = Playing { ticket, command, left, deadline, stopped: None, then: Vec::new() };
                self.plays.insert(leg.clone(), playing);
                if !self.play_next(ami, waiting, &leg)
                    && let Some(ticket) = self.plays.remove(&leg).and_then(|playing| playing.ticket)
                {
                    self.returned(ticket, Returned::Done).await;
                }
            }
        }
    }

    /// Into the write under way, with whatever an act changes in what we know of its leg.
    async fn prepare(&mut self, ami: &Ami, waiting: &mut Waiting, write: &mut Write, ticket: Option<Ticket>, act: Act) {
        if let Act::Look { leg } = &act {
            self.flush(ami, waiting, write).await;
            self.look(ami, waiting, ticket, leg.clone()).await;
            return;
        }
        let actions = match orders::actions_for(&act, &self.legs, &self.asterisk.contexts) {
            Ok(actions) => actions,
            Err(why) => {
                if let Some(ticket) = ticket {
                    self.returned(ticket, Returned::Refused { why }).await;
                }
                return;
            }
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
            Act::StopPlay { leg } => self.stop_play(leg).await,
            Act::Answer { .. } | Act::StartMusic { .. } | Act::Connect { .. } | Act::Play { .. } | Act::Look { .. } => {
            }
        }
        match actions.into_iter().map(Action::checked).collect::<Result<Vec<_>, _>>() {
            Ok(actions) => write.push(actions, ticket, act),
            Err(bad) => {
                if let Some(ticket) = ticket {
                    self.returned(ticket, Returned::Refused { why: Refusal::Other(bad.to_string()) }).await;
                }
            }
        }
    }

    async fn stop_play(&mut self, leg: &LegId) {
        let Some(playing) = self.plays.get_mut(leg) else { return };
        playing.left.clear();
        playing.stopped.get_or_insert_with(Instant::now);
        if let Some(ticket) = playing.ticket.take() {
            self.returned(ticket, Returned::Done).await;
        }
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

    async fn look(&mut self, ami: &Ami, waiting: &mut Waiting, ticket: Option<Ticket>, leg: LegId) {
        let Some(ticket) = ticket else { return };
        let channel = self.legs.get(&leg).map_or_else(|| leg.to_string(), |known| known.channel(&leg).to_owned());
        match ami.send_list(orders::look_at(&channel)) {
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
            Answered::Order { ticket, act, result } => {
                let how = match result {
                    Ok(_) => Returned::Done,
                    Err(AmiError::Refused(words)) => Returned::Refused { why: refusal(&act, words) },
                    Err(AmiError::BadValue(bad)) => Returned::Refused { why: Refusal::Other(bad.to_string()) },
                    Err(AmiError::Overloaded) => {
                        Returned::Refused { why: Refusal::Other("too many orders wait for the switch".into()) }
                    }
                    Err(AmiError::Lost(_) | AmiError::TimedOut(_) | AmiError::Garbled(_) | AmiError::BadAddress(_)) => {
                        Returned::Unknown
                    }
                };
                // A stop of what has just ended by itself is refused, and was done.
                let how =
                    if matches!(act, Act::StopPlay { .. }) && how != Returned::Unknown { Returned::Done } else { how };
                if let (Act::Ring { leg, .. }, Returned::Refused { .. }) = (&act, &how) {
                    self.legs.remove(leg);
                }
                if let Some(ticket) = ticket {
                    self.returned(ticket, how).await;
                }
            }
            Answered::Look { ticket, leg, result } => {
                let (how, seen) = match result {
                    Ok(list) => {
                        let id = leg.as_str().as_bytes();
                        let item = list.items.iter().find(|item| item.frame.get("Uniqueid") == Some(id));
                        let seen = item.is_some().then(|| {
                            self.legs.seen(&leg).or_else(|| {
                                let (id, found) = self.legs.listed(&item?.frame)?;
                                self.legs.put(id.clone(), found);
                                self.legs.seen(&id)
                            })
                        });
                        (Returned::Done, Some(seen.flatten()))
                    }
                    Err(AmiError::Refused(_)) => (Returned::Done, Some(None)),
                    Err(_) => (Returned::Unknown, None),
                };
                if let Some(seen) = seen {
                    if seen.is_none() {
                        self.legs.remove(&leg);
                    }
                    self.send(
                        Some(ticket.clone()),
                        Event::Input(Input::LegLookedAt { switch: self.switch.clone(), leg, seen }),
                    )
                    .await;
                }
                self.returned(ticket, how).await;
            }
        }
        None
    }

    /// Hang-ups that Bridge lost, prompts that are overdue, stops that were not heard.
    async fn mend(&mut self, ami: &Ami, waiting: &mut Waiting) {
        let now = self.now();
        if self.legs.any_hang_up_requested() {
            for leg in self.legs.lost_hang_ups(now) {
                tracing::warn!(switch = %self.switch, %leg, "a hang-up was lost in the switch: hanging up");
                let channel = self.legs.get(&leg).map(|known| known.channel(&leg).to_owned());
                if let Some(channel) = channel {
                    self.send_quietly(ami, waiting, vec![orders::hang_up(&channel, 16)]);
                }
            }
        }
        let mut overdue = Vec::new();
        let mut again = Vec::new();
        for (leg, playing) in &mut self.plays {
            match &mut playing.stopped {
                Some(since) if since.elapsed() >= STOP_AGAIN_AFTER => {
                    *since = Instant::now();
                    again.push(leg.clone());
                }
                Some(_) => {}
                None if now >= playing.deadline => overdue.push(leg.clone()),
                None => {}
            }
        }
        for leg in again {
            if let Some(known) = self.legs.get(&leg) {
                let stop = orders::stop_playing(known.channel(&leg));
                self.send_quietly(ami, waiting, vec![stop]);
            }
        }
        for leg in overdue {
            if let Some(ticket) = self.plays.remove(&leg).and_then(|playing| playing.ticket) {
                self.returned(ticket, Returned::Unknown).await;
            }
        }
    }

    fn renew(&self, ami: &Ami, waiting: &mut Waiting) {
        let actions: Vec<Action> = self
            .legs
            .iter()
            .filter(|(_, leg)| leg.inbound && leg.in_hand)
            .map(|(id, leg)| orders::dead_man(leg.channel(id), DEAD_MAN_S))
            .collect();
        for some in actions.chunks(MOST_IN_ONE_WRITE) {
            self.send_quietly(ami, waiting, some.to_vec());
        }
    }
}

/// Actions gathered into one write; whose answer each is (the last of an act's).
#[derive(Default)]
struct Write {
    actions: Vec<Action>,
    whose: Vec<Option<(Option<Ticket>, Act)>>,
}

impl Write {
    fn push(&mut self, actions: Vec<Action>, ticket: Option<Ticket>, act: Act) {
        let last = actions.len().saturating_sub(1);
        self.whose.extend((0..last).map(|_| None));
        self.whose.push(Some((ticket, act)));
        self.actions.extend(actions);
    }
}

fn epoch_of(answer: &Frame) -> Option<Epoch> {
    answer.number("Value").map(Epoch)
}

/// Asterisk's words for the ways an order can fail (measured; see the transcripts of the two races).
fn refusal(act: &Act, words: String) -> Refusal {
    let no_channel = words.contains("No such channel") || words.contains("Channel not existent");
    match act {
        Act::Connect { caller, .. } if words.contains("Channel1") => Refusal::Gone(caller.clone()),
        Act::Connect { agent, .. } if words.contains("Channel2") => Refusal::Gone(agent.clone()),
        act if no_channel || words.contains("does not exist") => Refusal::Gone(act.leg().clone()),
        _ => Refusal::Other(words),
    }
}
