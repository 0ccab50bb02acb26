//! Announcements to callers who wait: a prompt in place of the music, and the music again. Never while a phone rings for
//! them: who may be answered in a second hears no half sentence.
//!
//! What has been said is remembered by one moment, up to which all that was due is said or left out. So two that come due
//! together are said together, one that comes due while a phone rings is said when it has rung in vain, and a start says
//! nothing twice.

use std::time::Duration;

use super::call::{Call, QueuePlace, Stage};
use super::core::{Core, FROZEN_STEP, ORDER_WITHIN, Owed, PLAY_WITHIN};
use super::effect::Act;
use super::ids::*;
use super::input::{Refusal, Returned};
use super::timer::Timer;
use crate::calendar::Moment;
use crate::dialplan::{Announcement, Figures, Prompt};

/// After an announcement there is at least as much music, however much there is to announce.
pub const SHORTEST_MUSIC: Duration = Duration::from_secs(5);

/// Where a waiting call is with what it is told.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Announcing {
    /// All that was due by then has been said, or is left out.
    pub until: Moment,
    /// What is heard in place of the music: the switch owes us its end.
    pub playing: Option<EffectId>,
    /// The emergency messages among it.
    pub warnings: Vec<MessageName>,
}

impl Core {
    /// The next announcement comes in its time, and not before this moment.
    pub(super) fn next_announcement(&mut self, call: CallId, earliest: Moment) {
        let Some(of) = self.calls.get(&call) else { return };
        let Stage::Waiting { place, .. } = &of.stage else { return };
        let rules = rules_of(of, place).iter().filter_map(|rule| rule.due.next(place.joined, place.told.until));
        let next = rules.chain(self.is_to_be_warned(of).then_some(place.told.until)).min();
        match next {
            Some(at) => self.timers.set(Timer::Announce(call), at.max(earliest)),
            None => self.timers.stop(&Timer::Announce(call)),
        }
    }

    pub(super) fn announcement_due(&mut self, now: Moment, call: CallId) {
        let Some(of) = self.calls.get(&call) else { return };
        let Stage::Waiting { place, rings, doubt } = &of.stage else { return };
        // Nor is who was passed on told anything before they have come away: the music then would be told over it.
        if rings.is_some() || *doubt || self.comes_away(call) {
            return self.timers.set(Timer::Announce(call), now + FROZEN_STEP);
        }
        if place.told.playing.is_some() {
            // Its end sets the next.
            return;
        }
        let (warnings, mut prompts) = self.warnings_due(of);
        prompts.extend(self.prompts_due(now, of, place));
        let (switch, leg) = (of.switch.clone(), of.leg.clone());
        let mut playing = None;
        if !prompts.is_empty() {
            playing = self.order(now, &switch, Act::Play { leg, prompts }, Some(Owed::Play(call)));
        }
        if let Some(Call { stage: Stage::Waiting { place, .. }, .. }) = self.calls.get_mut(&call) {
            place.told = Announcing { until: now, playing, warnings };
        }
        match playing {
            Some(_) => self.timers.set(Timer::PlayDue(call), now + PLAY_WITHIN + ORDER_WITHIN),
            None => self.next_announcement(call, now + FROZEN_STEP),
        }
    }

    fn prompts_due(&self, now: Moment, of: &Call, place: &QueuePlace) -> Vec<Prompt> {
        let due = |rule: &&Announcement| rule.due.next(place.joined, place.told.until).is_some_and(|at| at <= now);
        // Who cannot be called back is not told that they could be.
        let heard =
            |rule: &&Announcement| rule.call_back.is_none() || self.caller_not_promised(of, &place.queue).is_none();
        let due: Vec<&Announcement> = rules_of(of, place).iter().filter(due).filter(heard).collect();
        if due.is_empty() {
            return Vec::new();
        }
        let figures = self.figures_of(now, of, place);
        let said = due.iter().flat_map(|rule| &rule.says);
        said.filter_map(|said| said.told(of.walk.language(), of.walk.keyed(), &figures)).collect()
    }

    /// What is known of this caller's wait.
    pub(super) fn figures_of(&self, now: Moment, of: &Call, place: &QueuePlace) -> Figures {
        let index = self.queues.get(&place.queue);
        let position = index.map_or(1, |index| index.position((place.rank(), of.id)));
        Figures { position, wait: self.expected_wait(now, &place.queue, position) }
    }

    /// How long the caller at this place of the queue will probably wait from now on; see [`super::pace`]. Nothing is
    /// known where nobody is logged in: no answer is to come.
    pub(super) fn expected_wait(&self, now: Moment, queue: &QueueName, position: usize) -> Option<Duration> {
        let index = self.queues.get(queue).filter(|index| !index.logged_in().is_empty())?;
        Some(index.pace().usual(now)?.saturating_mul(u32::try_from(position).unwrap_or(u32::MAX)))
    }

    /// A phone rings for the caller, or the caller goes elsewhere: what is being said is cut off. Gives whether it was.
    pub(super) fn cut_announcement(&mut self, now: Moment, call: CallId) -> bool {
        let cut = self.forget_announcement(call);
        if cut && let Some(of) = self.calls.get(&call) {
            let (switch, leg) = (of.switch.clone(), of.leg.clone());
            self.order(now, &switch, Act::StopPlay { leg }, None);
            self.next_announcement(call, now + SHORTEST_MUSIC);
        }
        cut
    }

    /// Nothing of what it heard is waited for any more.
    pub(super) fn forget_announcement(&mut self, call: CallId) -> bool {
        let Some(Call { stage: Stage::Waiting { place, .. }, .. }) = self.calls.get_mut(&call) else { return false };
        place.told.warnings.clear();
        let Some(effect) = place.told.playing.take() else { return false };
        self.timers.stop(&Timer::PlayDue(call));
        self.owed.remove(&effect);
        true
    }

    /// After a start or an outage. What was being said then may be heard still, and nobody here waits for its end any more.
    pub(super) fn music_again(&mut self, now: Moment, call: CallId) {
        self.forget_announcement(call);
        if let Some(of) = self.calls.get(&call)
            && let Stage::Waiting { place, .. } = &of.stage
            && !rules_of(of, place).is_empty()
        {
            let (switch, leg) = (of.switch.clone(), of.leg.clone());
            self.order(now, &switch, Act::StopPlay { leg }, None);
        }
        self.music(now, call);
    }

    pub(super) fn announcement_returned(&mut self, now: Moment, call: CallId, effect: EffectId, how: &Returned) {
        let Some(Call { stage: Stage::Waiting { place, .. }, .. }) = self.calls.get(&call) else { return };
        if place.told.playing != Some(effect) {
            return;
        }
        self.warnings_given(call, place.told.warnings.clone(), *how == Returned::Done);
        if let Returned::Refused { why } = how
            && !matches!(why, Refusal::Gone(_))
        {
            self.healed(Some(call), None, format!("an announcement was not played: {why:?}"));
        }
        self.announcement_over(now, call);
    }

    /// Music again. The switch never said so where `cut`: then it may still play.
    pub(super) fn announcement_overdue(&mut self, now: Moment, call: CallId) {
        if let Some(Call { stage: Stage::Waiting { place, .. }, .. }) = self.calls.get(&call) {
            self.warnings_given(call, place.told.warnings.clone(), false);
        }
        self.cut_announcement(now, call);
        self.announcement_over(now, call);
    }

    fn announcement_over(&mut self, now: Moment, call: CallId) {
        self.music(now, call);
        self.next_announcement(call, now + SHORTEST_MUSIC);
    }
}

/// What the step that led here says of waiting.
fn rules_of<'c>(call: &'c Call, place: &QueuePlace) -> &'c [Announcement] {
    call.walk.to_queue(&place.queue).map(|to| to.waiting.as_slice()).unwrap_or_default()
}
