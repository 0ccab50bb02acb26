//! Held back: why nobody is sought for a promise that has its place. The place is kept, and whoever looks is told.

use serde::{Deserialize, Serialize};

use super::core::Core;
use super::ids::*;
use super::promise::Promise;
use crate::calendar::{Moment, OpeningHours};

/// What a promise waits for besides an agent, the first of these that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HeldBack {
    /// Whoever is to be called is still talking with us, or hears that they will be.
    OnTheLine,
    /// The centre's list does not let the number be dialled any more, or the centre dials nobody.
    NotAllowed,
    /// The queue is closed, or it is not the hour in which people are called.
    Closed,
    /// The centre has dialled as much as it may for now.
    DialledTooMuch,
    /// The switch that dials is out of reach.
    SwitchAway,
}

impl HeldBack {
    pub const ALL: [HeldBack; 5] =
        [HeldBack::OnTheLine, HeldBack::NotAllowed, HeldBack::Closed, HeldBack::DialledTooMuch, HeldBack::SwitchAway];

    pub const fn as_str(self) -> &'static str {
        match self {
            HeldBack::OnTheLine => "on_the_line",
            HeldBack::NotAllowed => "not_allowed",
            HeldBack::Closed => "closed",
            HeldBack::DialledTooMuch => "dialled_too_much",
            HeldBack::SwitchAway => "switch_away",
        }
    }
}

impl Core {
    /// Why nobody is sought for this promise at this moment, and until when, where the clock alone will change that.
    pub(super) fn held_back(&self, now: Moment, promise: &Promise) -> Option<(HeldBack, Option<Moment>)> {
        let Some(plan) = &self.version else { return Some((HeldBack::NotAllowed, None)) };
        if promise.of_call.is_some_and(|call| self.is_on_the_line(call)) {
            return Some((HeldBack::OnTheLine, None));
        }
        let rules = plan.dial_out.as_ref().filter(|rules| rules.allows(&promise.number, plan.country));
        let Some(rules) = rules else { return Some((HeldBack::NotAllowed, None)) };
        let wall = self.wall(now);
        if let Some(closed) = self.hours_of(promise).find(|hours| !hours.is_open(wall)) {
            let opens = closed.next_change(wall).map(|opens| now + opens.since(wall));
            return Some((HeldBack::Closed, opens));
        }
        if let Some(again) = self.dials_again(now) {
            return Some((HeldBack::DialledTooMuch, Some(again)));
        }
        (!self.is_up(&rules.switch)).then_some((HeldBack::SwitchAway, None))
    }

    /// Whoever is to be called is still talking with us, or hears that they will be.
    fn is_on_the_line(&self, call: CallId) -> bool {
        self.calls.contains_key(&call) || self.dials.contains_key(&call)
    }

    /// All by which a call-back of its queue is held back: the queue's own, and those for calling people.
    fn hours_of(&self, promise: &Promise) -> impl Iterator<Item = &OpeningHours> {
        let plan = self.version.as_ref();
        let rules = plan.and_then(|plan| plan.queues.get(&promise.queue));
        let named = rules.into_iter().flat_map(|rules| [&rules.hours, &rules.call_back.hours]).flatten();
        named.filter_map(move |name| plan?.hours.get(name))
    }

    /// When the first of its hours is over.
    pub(super) fn closes(&self, now: Moment, promise: &Promise) -> Option<Moment> {
        let wall = self.wall(now);
        let ends = self.hours_of(promise).filter_map(|hours| hours.next_change(wall));
        ends.min().map(|closes| now + closes.since(wall))
    }
}
