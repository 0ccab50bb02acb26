//! The emergency switch: a message that a supervisor has switched on is what every new caller hears before anything else,
//! and what those who wait already are told at the next chance. Each caller hears it once, whatever is begun anew.
//!
//! What there is to be said, and what becomes of a caller after it, stands in the version that new calls follow; a version
//! that has the message no more switches it off.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::call::{Call, Stage};
use super::core::Core;
use super::fact::{Fact, Outcome, SwitchedOff};
use super::ids::*;
use super::people::Refused;
use super::timer::Timer;
use super::why::Why;
use crate::calendar::Moment;
use crate::dialplan::{Centre, Do, EmergencyMessage, Heard, Prompt, Then, Walk};

/// Those who wait are told one after the other, fifty in a second: a switch that begins a thousand prompts at once stutters
/// in all of them.
const ONE_AFTER_ANOTHER: Duration = Duration::from_millis(20);

/// A message that is on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SwitchedOn {
    #[serde(rename = "since_ms")]
    pub since: Moment,
    pub by: AgentName,
    pub why: Option<Why>,
    /// By the clock on the wall; `null`: until somebody switches it off.
    #[serde(rename = "until_ms")]
    pub until: Option<Moment>,
}

impl Core {
    pub(super) fn emergency_switched_on(
        &mut self,
        now: Moment,
        message: MessageName,
        until: Option<Moment>,
        by: AgentName,
        why: Option<Why>,
    ) {
        if self.version.as_ref().is_none_or(|plan| !plan.emergency.contains_key(&message)) {
            return self.refuse(Refused::NoSuchMessage { message });
        }
        if until.is_some_and(|until| until <= self.wall(now)) {
            return self.refuse(Refused::OverAlready { message });
        }
        let before = self.emergency.get(&message);
        if before.is_some_and(|before| before.until == until) {
            // Pressed twice.
            return;
        }
        let since = before.map_or(now, |before| before.since);
        let on = SwitchedOn { since, by: by.clone(), why: why.clone(), until };
        self.emergency.insert(message.clone(), on);
        self.set_emergency_end(now, &message);
        self.fact(Fact::EmergencySwitchedOn { message, by, why, until });
        self.tell_who_waits(now);
    }

    pub(super) fn emergency_switched_off(
        &mut self,
        message: MessageName,
        by: Option<AgentName>,
        why: Option<Why>,
        how: SwitchedOff,
    ) {
        if self.emergency.remove(&message).is_some() {
            self.timers.stop(&Timer::EmergencyEnds(message.clone()));
            self.fact(Fact::EmergencySwitchedOff { message, by, why, how });
        }
    }

    fn set_emergency_end(&mut self, now: Moment, message: &MessageName) {
        let timer = Timer::EmergencyEnds(message.clone());
        match self.emergency.get(message).and_then(|on| on.until) {
            Some(until) => self.timers.set(timer, now + until.since(self.wall(now))),
            None => self.timers.stop(&timer),
        }
    }

    /// Timers never move with the wall clock, and the moment that somebody has named does.
    pub(super) fn emergency_ends_moved(&mut self, now: Moment) {
        for message in self.emergency.keys().cloned().collect::<Vec<_>>() {
            self.set_emergency_end(now, &message);
        }
    }

    /// Another version: what it has not cannot be on.
    pub(super) fn emergency_follows_version(&mut self) {
        let Some(plan) = self.version.clone() else { return };
        let gone = self.emergency.keys().filter(|message| !plan.emergency.contains_key(*message));
        for message in gone.cloned().collect::<Vec<_>>() {
            self.emergency_switched_off(message, None, None, SwitchedOff::NotInVersion);
        }
    }

    /// What is on, for callers of this number.
    pub(super) fn emergency_for(&self, to: &PhoneNumber) -> impl Iterator<Item = &EmergencyMessage> {
        let plan: Option<&Centre> = self.version.as_deref();
        let messages = plan.into_iter().flat_map(|plan| plan.emergency.values());
        messages.filter(move |message| self.emergency.contains_key(&message.name) && message.is_for(to))
    }

    /// What this caller has still to hear, in the order of the names.
    fn emergency_owed(&self, of: &Call) -> Vec<(MessageName, Prompt)> {
        let owed = self.emergency_for(&of.to).filter(|message| !of.warned.contains(&message.name));
        let language = of.walk.language();
        owed.filter_map(|message| Some((message.name.clone(), message.says.prompt(language, of.walk.keyed())?)))
            .collect()
    }

    /// What is on.
    pub fn emergency(&self) -> &std::collections::BTreeMap<MessageName, SwitchedOn> {
        &self.emergency
    }

    // A new caller.

    /// The walk of a call that begins this step: with the message first, where one is on.
    pub(super) fn begin_walk(&self, now: Moment, to: &PhoneNumber, walk: &Walk) -> Option<(Walk, Vec<Do>)> {
        let (plan, step) = (walk.plan().clone(), walk.step().clone());
        if self.emergency_for(to).next().is_some() {
            Walk::resume_after(plan, &step, walk.language(), walk.keyed().clone())
        } else {
            Walk::resume(plan, &step, walk.language(), walk.keyed().clone(), self.wall(now))
        }
    }

    /// The message, where this caller is to hear one before the step that the call is in; else on with the step.
    pub(super) fn emergency_first(&mut self, now: Moment, call: CallId) {
        let Some(of) = self.calls.get(&call).filter(|of| of.walk.hears_something_first()) else { return };
        match self.emergency_owed(of).into_iter().next() {
            Some((message, prompt)) => {
                if let Some(of) = self.calls.get_mut(&call) {
                    of.hears = Some(message);
                }
                self.carry_out(now, call, vec![Do::Play(vec![prompt])]);
            }
            None => self.walk_on(now, call, Heard::PlayEnded),
        }
    }

    /// The prompt before the step has ended, or was none. Gives whether it was one of ours.
    pub(super) fn emergency_over(&mut self, now: Moment, call: CallId, heard: bool) -> bool {
        let Some(message) = self.calls.get_mut(&call).and_then(|of| of.hears.take()) else { return false };
        self.warned(call, message.clone(), heard);
        let plan = self.version.as_ref().filter(|_| self.emergency.contains_key(&message));
        let then = plan.and_then(|plan| plan.emergency.get(&message)).map(|message| message.then.clone());
        let Some(of) = self.calls.get_mut(&call) else { return true };
        match then {
            Some(Then::HangUp) => self.end_by_us(now, call, Outcome::EndedByUs),
            // A call of an older version may have no such step.
            Some(Then::Go(step)) if of.walk.plan().steps.contains_key(&step) => {
                of.walk.nothing_first();
                self.walk_to(now, call, &step);
            }
            // Switched off meanwhile: nothing stands in the way any more.
            Some(Then::CarryOn | Then::Go(_)) | None => self.emergency_first(now, call),
        }
        true
    }

    fn warned(&mut self, call: CallId, message: MessageName, heard: bool) {
        let Some(of) = self.calls.get_mut(&call) else { return };
        if of.warned.insert(message.clone()) {
            self.fact(Fact::EmergencyHeard { call, message, heard });
        }
    }

    // Those who wait already.

    fn tell_who_waits(&mut self, now: Moment) {
        let waits = |of: &&Call| matches!(&of.stage, Stage::Waiting { place, .. } if place.told.playing.is_none());
        let mut waiting: Vec<(Moment, CallId)> = Vec::new();
        for of in self.calls.values().filter(waits) {
            if !self.emergency_owed(of).is_empty() {
                waiting.push((of.arrived, of.id));
            }
        }
        waiting.sort();
        let mut at = now;
        for (_, call) in waiting {
            self.next_announcement(call, at);
            at = at + ONE_AFTER_ANOTHER;
        }
    }

    /// Whether this caller, who waits, is to be told one.
    pub(super) fn is_to_be_warned(&self, of: &Call) -> bool {
        !self.emergency.is_empty() && !self.emergency_owed(of).is_empty()
    }

    /// What this caller, who waits, is told of it now.
    pub(super) fn warnings_due(&self, of: &Call) -> (Vec<MessageName>, Vec<Prompt>) {
        self.emergency_owed(of).into_iter().unzip()
    }

    /// These were said to a caller who waits, or could not be.
    pub(super) fn warnings_given(&mut self, call: CallId, messages: Vec<MessageName>, heard: bool) {
        for message in messages {
            self.warned(call, message, heard);
        }
    }
}
