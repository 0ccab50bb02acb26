//! What follows from what the switch tells: the core is told, and a leg's AGI gets what waited for it.

use super::ordering::Write;
use super::refusals::{gone, in_a_bridge};
use super::{Answered, Driver, Waiting};
use crate::routing::ids::LegId;
use crate::routing::{Failure, Refusal, Returned};
use crate::switch::asterisk::ami::{Action, AgiCommand, Ami};
use crate::switch::asterisk::legs::{Heard, Left};
use crate::switch::asterisk::orders;
use crate::switch::asterisk::plays::{Held, Then};
use crate::switch::{Sound, SwitchAct};
use tokio::time::Instant;

impl Driver {
    pub(super) async fn act_on(&mut self, ami: &Ami, waiting: &mut Waiting, heard: Heard) {
        match heard {
            Heard::Tell(input) => self.tell(input).await,
            Heard::CommandEnded { leg, command, done } => self.command_ended(ami, waiting, &leg, &command, done).await,
            Heard::InHand { leg } => {
                self.legs.wants_limit(self.now(), &leg);
                if self.plays.is_unsure(&leg) {
                    self.fence(ami, waiting, &leg);
                }
                self.release(ami, waiting, &leg).await;
                self.rejoin(ami, waiting).await;
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

    pub(super) async fn agi_left(&mut self, ami: &Ami, waiting: &mut Waiting, leg: &LegId, why: Left) {
        match why {
            Left::Joined => {
                // The dead man's limit, too: an order to join may be older than the event that the leg is in hand.
                let dead_man = self.asterisk.dead_man;
                let told = self.legs.get_mut(leg).and_then(|known| {
                    let told = orders::joined(leg, known, dead_man);
                    known.limited = false;
                    told
                });
                if let Some(told) = told {
                    self.send_quietly(ami, waiting, vec![told]);
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

    pub(super) async fn command_ended(
        &mut self,
        ami: &Ami,
        waiting: &mut Waiting,
        leg: &LegId,
        command: &str,
        done: bool,
    ) {
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
    pub(super) async fn release(&mut self, ami: &Ami, waiting: &mut Waiting, leg: &LegId) {
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
    pub(super) fn fence(&mut self, ami: &Ami, waiting: &mut Waiting, leg: &LegId) {
        let command = self.plays.new_command("fence");
        let Some(channel) = self.legs.get(leg).map(|known| known.channel(leg).to_owned()) else { return };
        self.send_quietly(ami, waiting, vec![orders::stop_playing(&channel)]);
        self.plays.fence(leg, command.clone(), Instant::now());
        self.send_agi(ami, waiting, leg, command, &AgiCommand::new("NOOP"));
    }

    pub(super) fn send_sound(&mut self, ami: &Ami, waiting: &mut Waiting, leg: &LegId, Sound(path): Sound) {
        let command = self.plays.new_command("play");
        self.plays.goes_on(leg, command.clone());
        // Keys are heard by DTMFEnd, so no key stops the file by itself.
        let stream = AgiCommand::new("STREAM FILE").arg(path.as_os_str().as_encoded_bytes()).arg("");
        self.send_agi(ami, waiting, leg, command, &stream);
    }

    pub(super) fn send_agi(
        &mut self,
        ami: &Ami,
        waiting: &mut Waiting,
        leg: &LegId,
        command: String,
        agi: &AgiCommand,
    ) {
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

    /// The switch has said that a leg is not there, and its event has not come.
    pub(super) async fn end_unheard(&mut self, leg: &LegId) {
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
}
