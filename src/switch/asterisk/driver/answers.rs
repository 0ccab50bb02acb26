//! Answers to what was sent, and what they mean to whoever ordered it.

use super::ordering::Whose;
use super::refusals::{gone, is_no_channel, overloaded, refusal};
use super::{Answered, Driver, epoch_of};
use crate::routing::ids::{Epoch, LegId};
use crate::routing::{Act, Input, Refusal, Returned};
use crate::switch::asterisk::ami::{AmiError, Frame, List};
use crate::switch::asterisk::plays::Then;
use crate::switch::{Event, Ticket};

impl Driver {
    /// Gives a later epoch, where one was seen.
    pub(super) async fn answered(&mut self, answered: Answered) -> Option<Epoch> {
        match answered {
            Answered::Ignored => {}
            Answered::Epoch(result) => {
                return result.ok().as_ref().and_then(epoch_of).filter(|theirs| *theirs > self.epoch);
            }
            Answered::Order { whose, result } => self.order_answered(whose, result).await,
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
                tracing::debug!(switch = %self.switch, %leg, ?result, "a hang-up of a lost hang-up was answered");
                // Gone already, and its own event was lost as its hang-up was.
                if let Err(AmiError::Refused(words)) = result
                    && is_no_channel(&words)
                    && self.legs.is_dying(&leg)
                {
                    self.end_unheard(&leg).await;
                }
            }
            Answered::Phones(result) => {
                let Ok(list) = result else { return None };
                for input in self.legs.phones_listed(list.items.iter().map(|item| &item.frame)) {
                    self.tell(input).await;
                }
            }
            Answered::Look { ticket, leg, result } => self.look_answered(ticket, leg, result).await,
        }
        None
    }

    pub(super) async fn order_answered(&mut self, whose: Whose, result: Result<Frame, AmiError>) {
        let Whose { ticket, act, with } = whose;
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
        // A joining that did not come about leaves nobody in a bridge to come back from.
        if let (true, Act::Part { caller, agent } | Act::Connect { caller, agent }) = (refused, &act) {
            self.stays([caller, agent]);
        }
        if let (true, Act::Connect { caller, agent }) = (refused, &act) {
            // Their limits were lifted for it.
            for leg in [caller, agent] {
                self.legs.wants_limit(self.now(), leg);
            }
        }
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
            | Act::PickUp { .. }
            | Act::Answer { .. }
            | Act::Play { .. }
            | Act::StartMusic { .. }
            | Act::StartRingback { .. }
            | Act::Connect { .. }
            | Act::Part { .. }
            | Act::Tag { .. }
            | Act::Look { .. } => how,
        };
        for overwritten in with {
            self.returned(overwritten, how.clone()).await;
        }
        self.returned(ticket, how).await;
    }

    pub(super) async fn look_answered(&mut self, ticket: Ticket, leg: LegId, result: Result<List, AmiError>) {
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
}
