//! What agents ask for by the keypad of their own phone: who they are the records say, and what they ask for is done as if
//! they had asked on their page. The call waits for what came of it, and is told.

use std::time::Duration;

use super::call::{Call, Stage};
use super::core::{Core, ORDER_WITHIN, Owed, PLAY_WITHIN};
use super::effect::Act;
use super::fact::Fact;
use super::ids::*;
use super::timer::Timer;
use crate::calendar::Moment;
use crate::dialplan::{AgentWish, KeypadAnswer};

/// In which the records answer whose phone it is: a person at a phone waits no longer in silence.
pub const KEYPAD_WITHIN: Duration = Duration::from_secs(5);

impl Core {
    pub(super) fn keypad_used(&mut self, now: Moment, call: CallId, wish: AgentWish) {
        self.answer(now, call);
        let Some(of) = self.calls.get_mut(&call) else { return };
        of.stage = Stage::InDialplan { playing: None };
        of.keypad = Some(wish.clone());
        let (switch, station) = (of.switch.clone(), of.station.clone());
        self.timers.set(Timer::PlayDue(call), now + KEYPAD_WITHIN);
        self.fact(Fact::KeypadUsed { call, switch, station, wish });
    }

    /// It was done, or not: the phone is told which.
    pub(super) fn keypad_answered(&mut self, now: Moment, call: CallId, wish: &AgentWish, how: KeypadAnswer) {
        let Some(of) = self.calls.get_mut(&call) else { return };
        let waits = matches!(of.stage, Stage::InDialplan { playing: None }) && of.keypad.as_ref() == Some(wish);
        if !waits {
            return;
        }
        of.keypad = None;
        let (switch, leg, language) = (of.switch.clone(), of.leg.clone(), of.walk.language());
        let prompts = vec![how.said(wish, language)];
        let playing = self.order(now, &switch, Act::Play { leg, prompts }, Some(Owed::Play(call)));
        self.timers.set(Timer::PlayDue(call), now + PLAY_WITHIN + ORDER_WITHIN);
        if let Some(Call { stage, .. }) = self.calls.get_mut(&call) {
            *stage = Stage::InDialplan { playing };
        }
    }

    /// Nobody has said what came of it. `false`: nothing was asked for.
    pub(super) fn keypad_overdue(&mut self, now: Moment, call: CallId) -> bool {
        let Some(wish) = self.calls.get(&call).and_then(|of| of.keypad.clone()) else { return false };
        self.keypad_answered(now, call, &wish, KeypadAnswer::NotNow);
        self.calls.get(&call).is_some_and(|of| of.keypad.is_none())
    }
}
