//! What is done again because the switch may not have done it: hang-ups that Bridge lost, stops that nobody heard, the
//! dead man's limit.

use super::{Answered, Driver, MOST_IN_ONE_WRITE, TICK, Waiting, phones};
use crate::routing::Returned;
use crate::switch::asterisk::ami::Ami;
use crate::switch::asterisk::orders;
use tokio::time::Instant;

impl Driver {
    /// When the next look is due: at the latest at `renew_at`. Most of the time there is nothing to mend, and no reason to
    /// wake fifty times a second.
    pub(super) fn look_at(&self, renew_at: Instant, looked: Instant) -> Instant {
        let legs = self.legs.mend_at().map(|due| self.began + due.since(self.began_at));
        let soon = !self.plays.is_empty() || !self.rejoins.is_empty();
        let soon = soon.then(|| looked + TICK);
        legs.into_iter().chain(soon).fold(renew_at, Instant::min)
    }

    /// Hang-ups that Bridge lost, rings that never began, limits that went with nothing else, orders that are overdue, stops that were not heard.
    pub(super) async fn mend(&mut self, ami: &Ami, waiting: &mut Waiting) {
        let now = self.now();
        for leg in self.legs.lost_hang_ups(now) {
            let Some(known) = self.legs.get(&leg) else { continue };
            tracing::warn!(switch = %self.switch, %leg, "a hang-up was lost in the switch: hanging up");
            let hang_up = orders::hang_up(known.channel(&leg), known.hang_up.unwrap_or(16));
            if let Ok(reply) = ami.send_one(hang_up) {
                waiting.push(Box::pin(async move { Answered::LostHangUp { leg, result: reply.await } }));
            }
        }
        for heard in self.legs.never_begun(now) {
            self.act_on(ami, waiting, heard).await;
        }
        if !self.rejoins.is_empty() {
            self.overdue_rejoins().await;
            // A leg may have gone without a word of its own.
            self.rejoin(ami, waiting).await;
        }
        for input in self.legs.phones_settled(now) {
            self.tell(input).await;
        }
        let unlimited = self.legs.still_unlimited(now);
        let limit = |leg| Some(orders::dead_man(self.legs.get(leg)?.channel(leg), self.asterisk.dead_man));
        let limits: Vec<_> = unlimited.iter().filter_map(limit).collect();
        if !limits.is_empty() {
            self.send_quietly(ami, waiting, limits);
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

    /// Whether a phone that counts as busy or away still is.
    pub(super) fn look_at_phones(&mut self, ami: &Ami, waiting: &mut Waiting) {
        if !self.legs.any_phone_not_free() {
            return;
        }
        self.legs.phones_asked();
        if let Ok(reply) = ami.send_list(phones()) {
            waiting.push(Box::pin(async move { Answered::Phones(reply.await) }));
        }
    }

    /// Nobody but we and those who talk live without a limit: callers in our hands, and every leg that we rang, from its
    /// birth on.
    pub(super) fn renew(&mut self, ami: &Ami, waiting: &mut Waiting) {
        let mut actions = Vec::new();
        for (id, leg) in self.legs.iter_mut().filter(|(_, leg)| leg.in_our_care()) {
            leg.limited = true;
            actions.push(orders::dead_man(leg.channel(id), self.asterisk.dead_man));
        }
        self.legs.all_limited();
        for some in actions.chunks(MOST_IN_ONE_WRITE) {
            self.send_quietly(ami, waiting, some.to_vec());
        }
    }
}
