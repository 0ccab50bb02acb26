//! Several phones that ring for one call, where the strategy of its queue says so. The first to be picked up has the call;
//! the others stop ringing at once, and their agents have missed nothing.
//!
//! While fewer ring than may, the call seeks on: whoever comes free and may take it is rung too. But a call for which
//! nobody rings comes before another ring of a call that rings already (`index.rs`: [`Seeker`]); and where all who could
//! take such a call ring beside others, one of those rings is taken back, because the call it was for rings on without it.

use super::agent::{Presence, Work};
use super::call::{Call, Stage};
use super::core::Core;
use super::fact::OfferEnd;
use super::ids::*;
use super::index::Rank;
use super::lending::Elsewhere;
use crate::calendar::Moment;

/// The phones that ring for a call: at least one, the one that has rung longest first. One alone, the usual case, is kept
/// without a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rings {
    first: OfferId,
    more: Vec<OfferId>,
}

impl Rings {
    pub const fn of(offer: OfferId) -> Self {
        Self { first: offer, more: Vec::new() }
    }

    /// None, where there is none.
    pub fn of_all(offers: impl IntoIterator<Item = OfferId>) -> Option<Self> {
        let mut offers = offers.into_iter();
        Some(Self { first: offers.next()?, more: offers.collect() })
    }

    pub fn add(&mut self, offer: OfferId) {
        self.more.push(offer);
    }

    /// What is left without this one.
    pub fn without(mut self, offer: OfferId) -> Option<Self> {
        if self.first != offer {
            self.more.retain(|of| *of != offer);
            return Some(self);
        }
        if self.more.is_empty() {
            return None;
        }
        self.first = self.more.remove(0);
        Some(self)
    }

    pub fn iter(&self) -> impl Iterator<Item = OfferId> {
        std::iter::once(self.first).chain(self.more.iter().copied())
    }

    pub fn has(&self, offer: OfferId) -> bool {
        self.iter().any(|of| of == offer)
    }

    pub const fn first(&self) -> OfferId {
        self.first
    }

    pub const fn count(&self) -> usize {
        1 + self.more.len()
    }
}

impl Core {
    /// Whether one phone more may ring for a call that waits.
    pub(super) fn may_ring_more(&self, call: &Call) -> bool {
        let Stage::Waiting { place, rings, doubt: false } = &call.stage else { return false };
        // Passed on to one agent, it is for nobody else.
        if call.passed.is_some() {
            return false;
        }
        let Some(rings) = rings else { return true };
        if place.is_over {
            return false;
        }
        let most = self.queues.get(&place.queue).map_or(1, |index| index.strategy().most_rings());
        rings.count() < most
    }

    /// A phone of a call was picked up: the others stop ringing.
    pub(super) fn answered_elsewhere(&mut self, now: Moment, rings: &Rings, first: OfferId) {
        for other in rings.iter().filter(|offer| *offer != first) {
            self.withdraw(now, other, OfferEnd::AnsweredElsewhere);
        }
    }

    /// The caller is found talking with somebody who is none of them, and was not heard to be answered.
    pub(super) fn all_taken_back(&mut self, now: Moment, rings: &Rings) {
        for offer in rings.iter() {
            self.withdraw(now, offer, OfferEnd::Withdrawn);
        }
    }

    /// Of every queue that another strategy has come to: who rings already may ring at more phones now, or at no more.
    pub(super) fn ring_as_now(&mut self, now: Moment, queue: &QueueName) {
        let rung = |call: &&Call| match &call.stage {
            Stage::Waiting { place, rings, .. } => rings.is_some() && place.queue == *queue,
            Stage::InDialplan { .. }
            | Stage::Connecting { .. }
            | Stage::Talking { .. }
            | Stage::Outside(_)
            | Stage::Ending { .. } => false,
        };
        let calls: Vec<CallId> = self.calls.values().filter(rung).map(|call| call.id).collect();
        for call in calls {
            if self.calls.get(&call).is_some_and(|of| self.may_ring_more(of)) {
                self.seek(now, call);
            } else {
                self.stop_seeking(call);
            }
        }
    }

    /// A caller for whom nobody rings, though somebody could be who rings beside others for another caller: one such ring is
    /// taken back, and who stops ringing is free for the first of those callers as soon as the phone is. Gives whether any
    /// was. Where a phone that is free in a moment will do, it is waited for.
    pub(super) fn take_surplus_back(&mut self, now: Moment) -> bool {
        if self.together.is_empty() {
            return false;
        }
        let calls = &self.calls;
        self.together.retain(|call| calls.get(call).is_some_and(|of| of.rings() > 1));
        if self.together.is_empty() || !self.queues.values().any(|index| index.anybody_unrung()) {
            return false;
        }
        let mut taken_back = false;
        while let Some(offer) = self.surplus() {
            if let Some(call) = self.withdraw(now, offer, OfferEnd::Withdrawn) {
                self.back_to_waiting(now, call);
            }
            taken_back = true;
        }
        taken_back
    }

    /// The ring to be taken back next: for the caller first in rank, of the call last in rank, and of that the latest.
    fn surplus(&self) -> Option<OfferId> {
        let mut best: Option<(Rank, std::cmp::Reverse<(Rank, OfferId)>)> = None;
        for call in self.together.iter().filter_map(|call| self.calls.get(call)) {
            let Stage::Waiting { place, rings: Some(rings), .. } = &call.stage else { continue };
            if rings.count() < 2 || !self.is_up(&call.switch) {
                continue;
            }
            for offer in rings.iter() {
                let Some(unrung) = self.offers.get(&offer).and_then(|of| self.first_unrung_for(&of.agent)) else {
                    continue;
                };
                let this = (unrung, std::cmp::Reverse(((place.rank(), call.id), offer)));
                if best.is_none_or(|best| this < best) && !self.is_somebody_coming(unrung.1) {
                    best = Some(this);
                }
            }
        }
        best.map(|(_, std::cmp::Reverse((_, offer)))| offer)
    }

    /// The first call that this agent could take if the phone did not ring, of those for which nobody rings.
    fn first_unrung_for(&self, name: &AgentName) -> Option<Rank> {
        let agent = self.agents.get(name).filter(|agent| matches!(agent.presence, Presence::Ready { .. }))?;
        let firsts = agent.queues.iter().filter_map(|queue| self.queues.get(queue)?.first_for(agent));
        firsts.min().filter(|first| !first.rings).map(|first| first.rank)
    }

    /// Whether somebody who may take the call is free but for a phone that is being hung up.
    fn is_somebody_coming(&self, call: CallId) -> bool {
        let Some(Call { stage: Stage::Waiting { place, .. }, switch, .. }) = self.calls.get(&call) else {
            return false;
        };
        let Some(index) = self.queues.get(&place.queue) else { return false };
        index.logged_in().iter().filter_map(|name| self.agents.get(name)).any(|agent| {
            (agent.leg.is_some() || agent.line_busy)
                && matches!(agent.elsewhere, None | Some(Elsewhere::Asked))
                && matches!((&agent.presence, &agent.work), (Presence::Ready { .. }, Work::Nothing { .. }))
                && agent.switch == *switch
                && agent.meets(&place.in_force)
                && (place.kept_for.is_empty() || place.kept_for.contains(&agent.name))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(number: u32) -> OfferId {
        OfferId { epoch: Epoch(1), number }
    }

    #[test]
    fn rings_keep_their_order_and_end_with_the_last() {
        let mut rings = Rings::of(offer(1));
        rings.add(offer(2));
        rings.add(offer(3));
        assert_eq!((rings.count(), rings.first()), (3, offer(1)));
        let rings = rings.without(offer(1)).expect("two are left");
        assert_eq!(rings.iter().collect::<Vec<_>>(), [offer(2), offer(3)]);
        let rings = rings.without(offer(9)).expect("no ring of this call");
        let rings = rings.without(offer(3)).expect("one is left");
        assert_eq!(rings, Rings::of(offer(2)));
        assert_eq!(rings.without(offer(2)), None);
        assert_eq!(Rings::of_all([]), None);
    }
}
