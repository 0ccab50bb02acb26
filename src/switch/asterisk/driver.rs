//! The driver: one task that holds the link to one Asterisk, from the first login through every reconnect.
//!
//! While there is no link every order comes back `Unknown`. A link begins with the epoch (a later one than ours
//! means that another controller has taken over: we stop), then one snapshot of all that lives, then events.

mod answers;
mod hearing;
mod mending;
mod ordering;
mod refusals;
mod rejoining;

use std::pin::Pin;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::ami::timing;
use super::ami::{Action, Ami, AmiAddress, AmiError, Event as AmiEvent, Events, Frame, List, Reply, Resync, connect};
use super::legs::{Contexts, Heard, Leg, Legs};
use super::orders;
use super::plays::{Held, Plays};
use crate::calendar::Moment;
use crate::routing::ids::{Epoch, LegId, SwitchName};
use crate::routing::{Abilities, Input, Returned};
use crate::switch::{Event, Link, MOST_ORDERS, Order, Ticket, Told};
use ordering::Whose;

/// Between attempts to connect: from the first to the longest, doubled each time.
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_LONGEST: Duration = Duration::from_secs(2);
/// How often overdue plays are looked for.
const TICK: Duration = Duration::from_millis(20);
/// The dead man's limit is given again in this part of it, so that two may be missed.
const RENEWALS: u32 = 3;
/// How often all phones are looked at again while one of them counts as not to be rung: an admin's event filter may
/// keep its freeing from us, and nobody should be left alone for ever. A list of a thousand phones is about 16 ms of work.
const PHONES_AGAIN: Duration = Duration::from_secs(30);
/// How long the list of all that lives may take; 400 channels take 15 ms.
const LIST_WITHIN: Duration = Duration::from_secs(10);
/// Orders taken from the queue into one write.
const MOST_IN_ONE_WRITE: usize = 256;

/// How to reach an Asterisk, and where its dialplan meets us.
#[derive(Clone, Debug)]
pub struct Asterisk {
    pub address: AmiAddress,
    pub contexts: Contexts,
    /// Legs in our hands, and those that ring for us, are the switch's own again after this time without us. Whole
    /// seconds.
    pub dead_man: Duration,
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
        rejoins: Vec::new(),
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
    /// Joinings of legs that are on their way back from a parting.
    rejoins: Vec<Held>,
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
#[expect(clippy::large_enum_variant, reason = "moved a few times in its life: a box would cost as much")]
enum Answered {
    Order {
        whose: Whose,
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
    /// What all phones do.
    Phones(Result<List, AmiError>),
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
        let rejoins = std::mem::take(&mut self.rejoins).into_iter().map(|order| order.ticket);
        for ticket in self.plays.void().into_iter().chain(rejoins) {
            self.returned(ticket, Returned::Unknown).await;
        }
        self.tell(Input::LinkLost { switch: self.switch.clone() }).await;
    }

    /// One link, from its first word to its end.
    async fn serve(&mut self, ami: &Ami, mut events: Events, orders: &mut mpsc::Receiver<Order>) -> Ended {
        match self.meanwhile(orders, claim(ami, self.epoch, self.asterisk.dead_man)).await {
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
        match self.meanwhile(orders, abilities(ami)).await {
            Some(Ok(abilities)) => self.tell(Input::AbilitiesTold { switch: self.switch.clone(), abilities }).await,
            Some(Err(error)) => return Ended::Lost(error),
            None => return Ended::Dropped,
        }
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
        let (mut renewed, mut looked, mut phones) = (Instant::now(), Instant::now(), Instant::now());
        let renew_every = self.asterisk.dead_man / RENEWALS;
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
                () = tokio::time::sleep_until(self.look_at(renewed + renew_every, looked)) => {
                    looked = Instant::now();
                    self.mend(ami, waiting).await;
                    if looked >= renewed + renew_every {
                        renewed = looked;
                        self.renew(ami, waiting);
                    }
                    if looked >= phones + PHONES_AGAIN {
                        phones = looked;
                        self.look_at_phones(ami, waiting);
                    }
                }
            }
        }
    }

    /// We live; and is this switch still ours?
    fn beat(&self, ami: &Ami) -> Result<Option<Reply>, AmiError> {
        let stamp = wall_ms() / 1000 + self.clock_ahead_s;
        let beat = Action::setvar(None, "CORDBOARD_HB", stamp.to_string());
        let epoch = Action::new("Getvar").with("Variable", "CORDBOARD_EPOCH");
        ami.send([beat, epoch]).map(|mut replies| replies.pop())
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
        self.legs.phones_asked();
        let phones = match self.meanwhile(orders, ami.list(phones())).await? {
            Ok(phones) => Some(phones),
            // Its module is not loaded, or our account may not ask: phones are rung, and the ring tells.
            Err(AmiError::Refused(words)) => {
                tracing::warn!(switch = %self.switch, words, "the switch does not say what phones do");
                None
            }
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
                            if let heard @ (Heard::HangUpNow { .. } | Heard::Tell(Input::StationChanged { .. })) = heard
                            {
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
        // Before the snapshot, so that no caller found waiting is offered to a phone that talks.
        for input in phones
            .iter()
            .flat_map(|list| self.legs.phones_listed(list.items.iter().map(|item| &item.frame)))
            .collect::<Vec<_>>()
        {
            self.tell(input).await;
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
}

fn phones() -> Action {
    Action::new("DeviceStateList").within(LIST_WITHIN)
}

enum Claimed {
    Ours {
        /// The switch's clock less ours, in whole seconds.
        clock_ahead_s: i64,
    },
    Superseded(Epoch),
}

/// Take the switch over, unless a later start has; and learn its clock.
async fn claim(ami: &Ami, epoch: Epoch, dead_man: Duration) -> Result<Claimed, AmiError> {
    let theirs = ami.ask(Action::new("Getvar").with("Variable", "CORDBOARD_EPOCH")).await?;
    if let Some(later) = epoch_of(&theirs).filter(|theirs| *theirs > epoch) {
        return Ok(Claimed::Superseded(later));
    }
    ami.ask(Action::setvar(None, "CORDBOARD_EPOCH", epoch.to_string())).await?;
    // For whoever comes into our hands when we are dead already, and the beat still fresh.
    ami.ask(Action::setvar(None, "CORDBOARD_DEAD_MAN", orders::seconds(dead_man))).await?;
    let clock = ami.ask(Action::new("Getvar").with("Variable", "EPOCH")).await?;
    let clock_ahead_s = clock.number::<i64>("Value").map_or(0, |theirs| theirs - wall_ms() / 1000);
    Ok(Claimed::Ours { clock_ahead_s })
}

/// What our account may do here: Asterisk lists the actions that it may use, and no others.
async fn abilities(ami: &Ami) -> Result<Abilities, AmiError> {
    match ami.ask(Action::new("ListCommands")).await {
        Ok(actions) => Ok(Abilities { pick_up: actions.get("PJSIPNotify").is_some() }),
        // Who may not even ask may do no more than the rest of us need, and calls go on.
        Err(AmiError::Refused(_)) => Ok(Abilities::default()),
        Err(error) => Err(error),
    }
}

fn epoch_of(answer: &Frame) -> Option<Epoch> {
    answer.number("Value").map(Epoch)
}
