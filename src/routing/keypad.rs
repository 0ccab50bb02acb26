//! What agents ask for by the keypad of their own phone: who they are the records say, and what they ask for is done as if
//! they had asked on their page. The call waits for what came of it, and is told.
//!
//! Where the phone does not say who calls, number and PIN are asked for, here; what is keyed never comes here. Whoever runs
//! the core keeps every key back from it, and so from the journal, for as long as [`Core::withholds`] says so, holds the
//! digits in memory, and says only that an answer was begun, or ended with hash ([`super::Input::KeyWithheld`]).

use std::time::Duration;

use super::call::{Call, Stage};
use super::core::{Core, LegOf, ORDER_WITHIN, Owed, PLAY_WITHIN};
use super::effect::Act;
use super::fact::Fact;
use super::ids::*;
use super::timer::Timer;
use crate::calendar::Moment;
use crate::dialplan::{AgentWish, KeypadAnswer, KeypadQuestion};

/// In which the records answer whose phone it is, or whose PIN: a person at a phone waits no longer in silence.
pub const KEYPAD_WITHIN: Duration = Duration::from_secs(5);

/// From the end of a question, or the first key of its answer, to the hash: time to look a number up.
pub const KEYED_WITHIN: Duration = Duration::from_secs(15);

/// Somebody who uses a keypad.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtKeypad {
    pub wish: AgentWish,
    /// What is being asked; `None`: the records are.
    asks: Option<Asks>,
    tries_left: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Asks {
    question: KeypadQuestion,
    /// The answer was begun.
    begun: bool,
}

impl AtKeypad {
    fn of(wish: AgentWish) -> Self {
        Self { tries_left: wish.tries(), wish, asks: None }
    }

    /// The records owe an answer.
    pub const fn waits(&self) -> bool {
        self.asks.is_none()
    }
}

/// A key that is pressed now is nobody's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Withheld {
    pub call: CallId,
    /// What it answers; `None`: nothing, and it is forgotten.
    pub answers: Option<KeypadQuestion>,
    /// Number and PIN of one try belong together. Never the same for two tries of a call.
    pub tries_left: u8,
}

impl Core {
    /// Whether keys of this leg are kept back, and what for.
    pub fn withholds(&self, leg: &LegId) -> Option<Withheld> {
        let Some(LegOf::Caller(call)) = self.legs.get(leg) else { return None };
        let at = self.calls.get(call)?.keypad.as_ref().filter(|at| at.wish.asks_for_pin())?;
        Some(Withheld { call: *call, answers: at.asks.map(|asks| asks.question), tries_left: at.tries_left })
    }

    pub(super) fn keypad_used(&mut self, now: Moment, call: CallId, wish: AgentWish) {
        self.answer(now, call);
        let Some(of) = self.calls.get_mut(&call) else { return };
        of.keypad = Some(AtKeypad::of(wish));
        self.ask_the_records(now, call, false);
    }

    /// `pin`: number and PIN have been keyed.
    fn ask_the_records(&mut self, now: Moment, call: CallId, pin: bool) {
        let Some(of) = self.calls.get_mut(&call) else { return };
        let Some(at) = &mut of.keypad else { return };
        at.asks = None;
        of.stage = Stage::InDialplan { playing: None };
        let (switch, station, wish) = (of.switch.clone(), of.station.clone(), at.wish.clone());
        self.timers.stop(&Timer::Keyed(call));
        self.timers.set(Timer::PlayDue(call), now + KEYPAD_WITHIN);
        self.fact(Fact::KeypadUsed { call, switch, station, wish, pin });
    }

    /// It was done, or not: the phone is told which. Or it is asked who it is.
    pub(super) fn keypad_answered(&mut self, now: Moment, call: CallId, wish: &AgentWish, how: KeypadAnswer) {
        let Some(of) = self.calls.get_mut(&call) else { return };
        let Some(at) = &mut of.keypad else { return };
        let waits = matches!(of.stage, Stage::InDialplan { playing: None }) && at.waits() && at.wish == *wish;
        if !waits {
            return;
        }
        let asked = match how {
            KeypadAnswer::WhoIsIt => wish.asks_for_pin(),
            KeypadAnswer::WrongPin => {
                at.tries_left = at.tries_left.saturating_sub(1);
                wish.asks_for_pin() && at.tries_left > 0
            }
            KeypadAnswer::Done
            | KeypadAnswer::NobodysPhone
            | KeypadAnswer::SharedPhone
            | KeypadAnswer::Taken
            | KeypadAnswer::Elsewhere
            | KeypadAnswer::NotNow => false,
        };
        if asked {
            let wrong = (how == KeypadAnswer::WrongPin).then_some(how);
            return self.ask_at_keypad(now, call, KeypadQuestion::Number, wrong);
        }
        self.say_at_keypad(now, call, how);
    }

    /// The last word; the step goes on when it has been heard.
    fn say_at_keypad(&mut self, now: Moment, call: CallId, how: KeypadAnswer) {
        let Some(of) = self.calls.get_mut(&call) else { return };
        let Some(AtKeypad { wish, .. }) = of.keypad.take() else { return };
        let said = how.said(&wish, of.walk.language());
        self.timers.stop(&Timer::Keyed(call));
        self.play_at_keypad(now, call, vec![said]);
    }

    fn ask_at_keypad(&mut self, now: Moment, call: CallId, question: KeypadQuestion, wrong: Option<KeypadAnswer>) {
        self.forget_play(call);
        self.timers.stop(&Timer::Keyed(call));
        let Some(of) = self.calls.get_mut(&call) else { return };
        let Some(at) = &mut of.keypad else { return };
        at.asks = Some(Asks { question, begun: false });
        let language = of.walk.language();
        let wrong = wrong.map(|wrong| wrong.said(&at.wish, language));
        self.play_at_keypad(now, call, wrong.into_iter().chain([question.said(language)]).collect());
    }

    fn play_at_keypad(&mut self, now: Moment, call: CallId, prompts: Vec<crate::dialplan::Prompt>) {
        let Some(of) = self.calls.get(&call) else { return };
        let (switch, leg) = (of.switch.clone(), of.leg.clone());
        let playing = self.order(now, &switch, Act::Play { leg, prompts }, Some(Owed::Play(call)));
        self.timers.set(Timer::PlayDue(call), now + PLAY_WITHIN + ORDER_WITHIN);
        if let Some(Call { stage, .. }) = self.calls.get_mut(&call) {
            *stage = Stage::InDialplan { playing };
        }
    }

    /// A question has been heard, or could not be: the answer is waited for. `false`: none was asked.
    pub(super) fn keypad_question_over(&mut self, now: Moment, call: CallId) -> bool {
        let asks = self.calls.get(&call).and_then(|of| of.keypad.as_ref()?.asks);
        if asks.is_some_and(|asks| !asks.begun) {
            self.timers.set(Timer::Keyed(call), now + KEYED_WITHIN);
        }
        asks.is_some()
    }

    /// Whoever is asked keys; `ends`: the hash.
    pub(super) fn key_withheld(&mut self, now: Moment, leg: &LegId, ends: bool) {
        let Some(LegOf::Caller(call)) = self.legs.get(leg) else { return };
        let call = *call;
        let Some(of) = self.calls.get_mut(&call) else { return };
        let Stage::InDialplan { playing } = of.stage else { return };
        let Some(Asks { question, begun }) = of.keypad.as_mut().and_then(|at| at.asks.as_mut()) else { return };
        let first = !std::mem::replace(begun, true);
        let question = *question;
        let (switch, leg) = (of.switch.clone(), of.leg.clone());
        if first {
            if playing.is_some() {
                self.forget_play(call);
                self.order(now, &switch, Act::StopPlay { leg }, None);
            }
            self.timers.set(Timer::Keyed(call), now + KEYED_WITHIN);
        }
        match (ends, question) {
            (false, _) => {}
            (true, KeypadQuestion::Number) => self.ask_at_keypad(now, call, KeypadQuestion::Pin, None),
            (true, KeypadQuestion::Pin) => self.ask_the_records(now, call, true),
        }
    }

    /// No answer, or half of one: that was a try.
    pub(super) fn keyed_nothing(&mut self, now: Moment, call: CallId) {
        let Some(at) = self.calls.get_mut(&call).and_then(|of| of.keypad.as_mut()) else { return };
        if at.waits() {
            return;
        }
        at.tries_left = at.tries_left.saturating_sub(1);
        match at.tries_left {
            0 => self.say_at_keypad(now, call, KeypadAnswer::NotNow),
            _ => self.ask_at_keypad(now, call, KeypadQuestion::Number, None),
        }
    }

    /// Nobody has said what came of it, or the switch that a question was heard. `false`: nothing was asked for.
    pub(super) fn keypad_overdue(&mut self, now: Moment, call: CallId) -> bool {
        let Some(at) = self.calls.get(&call).and_then(|of| of.keypad.clone()) else { return false };
        if !at.waits() {
            self.forget_play(call);
            return self.keypad_question_over(now, call);
        }
        self.keypad_answered(now, call, &at.wish, KeypadAnswer::NotNow);
        self.calls.get(&call).is_some_and(|of| of.keypad.is_none())
    }
}
