//! `Walk`: one call's way through the dialplan.
//!
//! A state machine without time, sound or switch: it hears what happened and says what to do. It never panics
//! and never spins: at most [`MOST_ACTIONS_AT_ONCE`] actions follow one event.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::action::{Action, Ask, CallBack, Key, Menu, QueueEntry, ToQueue, Transfer};
use super::centre::Centre;
use super::keypad::AgentWish;
use super::language::Language;
use super::numbering::Numbering;
use super::prompt::{Prompt, Spoken};
use crate::calendar::Moment;
use crate::routing::ids::{PhoneNumber, QueueName, StepName};

/// The most actions taken without waiting for anything. A checked dialplan has no loop without a wait in it, so
/// this is only reached by one that changed under our feet; far above the longest chain anybody would write.
pub const MOST_ACTIONS_AT_ONCE: usize = 200;

/// The most keys kept that nothing has asked for yet: a long account number and some menus.
pub const MOST_KEYS_AHEAD: usize = 32;

/// What happened to the call, as far as its dialplan is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Heard {
    /// The prompts of the last `Do::Play` have been played.
    PlayEnded,
    /// They could not be: the walk goes on as if they had.
    PlayFailed,
    /// The caller pressed a key, at any time.
    Key(Key),
    /// The time of the last `Do::Wait` is up.
    TimeUp,
    /// What came of the last `Do::CallBack`.
    CallBack { promised: bool },
}

/// What the walk asks of whoever drives it, to be done in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Do {
    /// The call is in this step now: for its story, and for the tag on its channel.
    Entered(StepName),
    /// The caller keyed this; for the story. `into` is the variable of an `ask`.
    Keyed { step: StepName, into: Option<String>, keys: String },
    /// Play these one after the other, then say `PlayEnded`.
    Play(Vec<Prompt>),
    /// Do this for whoever calls, let them hear what came of it, then say `PlayEnded`.
    Agent(AgentWish),
    /// Stop what is playing. No `PlayEnded` is owed for it.
    StopPlay,
    /// Say `TimeUp` after this, unless another `Wait` or a `StopWait` comes first.
    Wait(Duration),
    /// No `TimeUp` is owed any more.
    StopWait,
    /// The caller is to be called back; say `CallBack` whether they will be.
    CallBack(CallBack),
    /// The same, on this number, which the caller keyed in.
    CallBackAt { wanted: CallBack, number: String },
    /// The call leaves the walk for the queue, and the walk sleeps until [`Walk::go`].
    Queue(QueueEntry),
    /// The caller is to be joined with a number outside, and the walk sleeps until [`Walk::go`].
    Transfer(Transfer),
    /// Hang up. Nothing follows.
    HangUp(Ending),
}

/// Why the dialplan ended a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// `hang_up` says so.
    Said,
    /// [`MOST_ACTIONS_AT_ONCE`] was reached: to be logged as a mistake of the dialplan.
    TooManyActions,
    /// The step does not exist or ended leading nowhere; cannot happen in a checked dialplan: to be logged.
    Lost,
}

/// One call's way through the dialplan of one version of its centre.
#[derive(Clone, Debug, PartialEq)]
pub struct Walk {
    plan: Arc<Centre>,
    step: StepName,
    /// Which action of the step is being done.
    at: usize,
    language: Language,
    keyed: BTreeMap<String, String>,
    /// Keys that nothing has asked for yet.
    ahead: VecDeque<Key>,
    /// An answer was complete by its count: the end key that a caller adds out of habit is meant for nothing else.
    habit: Option<Key>,
    pub(super) doing: Doing,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    /// Something that is no part of the step is heard before its first action.
    Before,
    /// A `say` or `play` runs to its end.
    Playing,
    /// A menu is offered.
    Choosing { tries_left: u8, listening: Listening },
    /// An answer is taken in.
    Answering { tries_left: u8, listening: Listening, digits: String },
    /// Whether a call-back is promised is to be said.
    Asking,
    /// Which number to call back is asked.
    Numbering(Numbering),
    /// The call is in a queue.
    Away,
    /// The call was told to hang up.
    Over,
}

/// What runs while a caller may key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listening {
    ToPrompt,
    ToSilence,
}

/// Whether the walk goes on at once or has something to wait for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    On,
    Pause,
}

/// What a key made of an answer.
enum Answer {
    Short,
    Complete,
    Nonsense,
}

impl Walk {
    /// A call to `called` begins. `None`: the number is not this centre's.
    pub fn begin(plan: Arc<Centre>, called: &PhoneNumber, now: Moment) -> Option<(Walk, Vec<Do>)> {
        let (step, language) = (plan.start_of(called)?.clone(), plan.first_language());
        Self::resume(plan, &step, language, BTreeMap::new(), now)
    }

    /// A call is picked up again in this step, which begins anew; `keyed` is what earlier `ask`s took in (from
    /// [`Do::Keyed`]), as far as it is known. `None`: the plan has no such step.
    pub fn resume(
        plan: Arc<Centre>,
        step: &StepName,
        language: Language,
        keyed: BTreeMap<String, String>,
        now: Moment,
    ) -> Option<(Walk, Vec<Do>)> {
        let mut walk = Self::asleep(plan, step, language, keyed)?;
        let orders = walk.go(now, step);
        Some((walk, orders))
    }

    /// As [`Walk::resume`], with something heard first, in the language that the step begins by setting: its first action
    /// follows `PlayEnded`.
    pub fn resume_after(
        plan: Arc<Centre>,
        step: &StepName,
        language: Language,
        keyed: BTreeMap<String, String>,
    ) -> Option<(Walk, Vec<Do>)> {
        let mut walk = Self::asleep(plan, step, language, keyed)?;
        walk.doing = Doing::Before;
        let plan = Arc::clone(&walk.plan);
        let actions = plan.steps.get(&walk.step).map(|step| step.actions.as_slice()).unwrap_or_default();
        while let Some(Action::SetLanguage(language)) = actions.get(walk.at) {
            walk.language = *language;
            walk.at += 1;
        }
        let entered = Do::Entered(walk.step.clone());
        Some((walk, vec![entered]))
    }

    /// The walk of a call that this step has sent to a queue: it sleeps until [`Walk::go`], and nothing of the step
    /// is done again. `None`: the plan has no such step.
    pub fn asleep(
        plan: Arc<Centre>,
        step: &StepName,
        language: Language,
        keyed: BTreeMap<String, String>,
    ) -> Option<Walk> {
        let step = plan.steps.get(step)?.name.clone();
        let (ahead, habit) = (VecDeque::new(), None);
        Some(Walk { plan, step, at: 0, language, keyed, ahead, habit, doing: Doing::Away })
    }

    /// What to do next, after what happened. What does not fit the state is ignored, because calls race.
    pub fn next(&mut self, now: Moment, heard: Heard) -> Vec<Do> {
        let mut out = Vec::new();
        if let Doing::Numbering(numbering) = self.doing.clone() {
            if self.numbering(numbering, heard, &mut out) == Pace::On {
                self.run(now, &mut out);
            }
            return out;
        }
        let pace = match heard {
            Heard::PlayEnded | Heard::PlayFailed => {
                self.habit = None;
                self.play_ended(&mut out)
            }
            Heard::TimeUp => {
                self.habit = None;
                self.time_up(&mut out)
            }
            Heard::CallBack { promised } => self.call_back_answered(promised, &mut out),
            Heard::Key(key) if self.habit.take() == Some(key) => Pace::Pause,
            Heard::Key(key) => self.key(key, &mut out),
        };
        if pace == Pace::On {
            self.run(now, &mut out);
        }
        out
    }

    /// On with another step, whatever the walk was doing: a queue said otherwise. Nothing, once it hung up.
    pub fn go(&mut self, now: Moment, step: &StepName) -> Vec<Do> {
        let mut out = Vec::new();
        match &self.doing {
            Doing::Over => return out,
            Doing::Away | Doing::Asking => {}
            Doing::Before | Doing::Playing => out.push(Do::StopPlay),
            Doing::Choosing { listening, .. } | Doing::Answering { listening, .. } => out.push(listening.stop()),
            Doing::Numbering(numbering) => out.extend(numbering.stop()),
        }
        if self.enter(step, &mut out) == Pace::On {
            self.run(now, &mut out);
        }
        out
    }

    /// Something is to be heard before the step's first action ([`Walk::resume_after`]).
    pub fn hears_something_first(&self) -> bool {
        self.doing == Doing::Before
    }

    /// It was heard, and the call goes elsewhere: [`Walk::go`] stops nothing any more.
    pub fn nothing_first(&mut self) {
        if self.doing == Doing::Before {
            self.doing = Doing::Away;
        }
    }

    /// The step the call is in.
    pub fn step(&self) -> &StepName {
        &self.step
    }

    /// What the caller is spoken to in.
    pub fn language(&self) -> Language {
        self.language
    }

    /// The action of the step the call is in that leads to this queue.
    pub fn to_queue(&self, queue: &QueueName) -> Option<&ToQueue> {
        self.plan.steps.get(&self.step)?.actions.iter().filter_map(Action::to_queue).find(|to| to.entry.queue == *queue)
    }

    /// The action of the step the call is in that leads to a number outside.
    pub fn transfer(&self) -> Option<&Transfer> {
        self.plan.steps.get(&self.step)?.actions.iter().find_map(Action::to_outside)
    }

    /// The version of the centre that this call started in, and finishes in.
    pub fn plan(&self) -> &Arc<Centre> {
        &self.plan
    }

    /// What the caller has keyed into variables.
    pub fn keyed(&self) -> &BTreeMap<String, String> {
        &self.keyed
    }

    /// Takes actions until one of them waits for something.
    fn run(&mut self, now: Moment, out: &mut Vec<Do>) {
        let plan = Arc::clone(&self.plan);
        for _ in 0..MOST_ACTIONS_AT_ONCE {
            let Some(action) = plan.steps.get(&self.step).and_then(|step| step.actions.get(self.at)) else {
                return self.hang_up(Ending::Lost, out);
            };
            if self.act(now, action, out) == Pace::Pause {
                return;
            }
        }
        self.hang_up(Ending::TooManyActions, out);
    }

    fn act(&mut self, now: Moment, action: &Action, out: &mut Vec<Do>) -> Pace {
        match action {
            Action::Play(spoken) => {
                self.doing = Doing::Playing;
                self.play(spoken, out);
                Pace::Pause
            }
            Action::Menu(menu) => self.offer(menu, menu.tries, out),
            Action::Ask(ask) => self.question(ask, ask.tries, out),
            Action::Hours(branch) => {
                // Hours that are not there cannot be: the plan was checked. If they were, open is the kinder guess.
                let open = self.plan.hours.get(&branch.name).is_none_or(|hours| hours.is_open(now));
                match if open { &branch.open } else { &branch.closed } {
                    Some(step) => self.enter(step, out),
                    None => self.fall_through(),
                }
            }
            Action::SetLanguage(language) => {
                self.language = *language;
                self.fall_through()
            }
            Action::Agent(wish) => {
                self.doing = Doing::Playing;
                out.push(Do::Agent(wish.clone()));
                Pace::Pause
            }
            Action::Queue(to) => {
                self.doing = Doing::Away;
                self.ahead.clear();
                out.push(Do::Queue(to.entry_for(self.language)));
                Pace::Pause
            }
            Action::CallBack(CallBack { asks_number: true, .. }) => self.which_number(out),
            Action::CallBack(wanted) => {
                self.doing = Doing::Asking;
                out.push(Do::CallBack(wanted.clone()));
                Pace::Pause
            }
            Action::Go(step) => self.enter(step, out),
            Action::Transfer(transfer) => {
                self.doing = Doing::Away;
                self.ahead.clear();
                out.push(Do::Transfer(transfer.clone()));
                Pace::Pause
            }
            Action::HangUp => {
                self.hang_up(Ending::Said, out);
                Pace::Pause
            }
        }
    }

    fn call_back_answered(&mut self, promised: bool, out: &mut Vec<Do>) -> Pace {
        let plan = Arc::clone(&self.plan);
        match (&self.doing, plan.steps.get(&self.step).and_then(|step| step.actions.get(self.at))) {
            (Doing::Asking, Some(Action::CallBack(wanted))) if !promised => self.enter(&wanted.otherwise, out),
            (Doing::Asking, _) => self.fall_through(),
            (
                Doing::Before
                | Doing::Playing
                | Doing::Choosing { .. }
                | Doing::Answering { .. }
                | Doing::Numbering(_)
                | Doing::Away
                | Doing::Over,
                _,
            ) => Pace::Pause,
        }
    }

    fn play_ended(&mut self, out: &mut Vec<Do>) -> Pace {
        let plan = Arc::clone(&self.plan);
        if self.doing == Doing::Before {
            return Pace::On;
        }
        match (&mut self.doing, plan.steps.get(&self.step).and_then(|step| step.actions.get(self.at))) {
            (Doing::Playing, _) => self.fall_through(),
            (Doing::Choosing { listening, .. }, Some(Action::Menu(Menu { timeout, .. })))
            | (Doing::Answering { listening, .. }, Some(Action::Ask(Ask { timeout, .. })))
                if *listening == Listening::ToPrompt =>
            {
                *listening = Listening::ToSilence;
                out.push(Do::Wait(*timeout));
                Pace::Pause
            }
            (
                Doing::Choosing { .. }
                | Doing::Answering { .. }
                | Doing::Asking
                | Doing::Before
                | Doing::Numbering(_)
                | Doing::Away
                | Doing::Over,
                _,
            ) => Pace::Pause,
        }
    }

    fn time_up(&mut self, out: &mut Vec<Do>) -> Pace {
        let plan = Arc::clone(&self.plan);
        match (self.doing.clone(), plan.steps.get(&self.step).and_then(|step| step.actions.get(self.at))) {
            (Doing::Choosing { tries_left, listening: Listening::ToSilence }, Some(Action::Menu(menu))) => {
                self.offer_again(menu, tries_left, out)
            }
            (Doing::Answering { tries_left, listening: Listening::ToSilence, digits }, Some(Action::Ask(ask))) => {
                if digits.len() >= usize::from(ask.fewest) {
                    self.answered(ask, digits, out)
                } else {
                    self.question_again(ask, tries_left, digits, out)
                }
            }
            (
                Doing::Choosing { .. }
                | Doing::Answering { .. }
                | Doing::Before
                | Doing::Playing
                | Doing::Asking
                | Doing::Numbering(_)
                | Doing::Away
                | Doing::Over,
                _,
            ) => Pace::Pause,
        }
    }

    fn key(&mut self, key: Key, out: &mut Vec<Do>) -> Pace {
        let plan = Arc::clone(&self.plan);
        match (self.doing.clone(), plan.steps.get(&self.step).and_then(|step| step.actions.get(self.at))) {
            (Doing::Choosing { tries_left, listening }, Some(Action::Menu(menu))) => {
                out.push(listening.stop());
                self.chosen(menu, tries_left, key, out)
            }
            (Doing::Answering { tries_left, listening, mut digits }, Some(Action::Ask(ask))) => {
                let answer = self.take(ask, key, &mut digits);
                // The wait for the next digit replaces the wait for this one.
                if !matches!((&answer, listening), (Answer::Short, Listening::ToSilence)) {
                    out.push(listening.stop());
                }
                match answer {
                    Answer::Short => {
                        self.doing = Doing::Answering { tries_left, listening: Listening::ToSilence, digits };
                        out.push(Do::Wait(ask.timeout));
                        Pace::Pause
                    }
                    Answer::Complete => self.answered(ask, digits, out),
                    Answer::Nonsense => {
                        digits.push(key.as_char());
                        self.question_again(ask, tries_left, digits, out)
                    }
                }
            }
            (Doing::Before | Doing::Playing, _) => {
                if self.ahead.len() < MOST_KEYS_AHEAD {
                    self.ahead.push_back(key);
                }
                Pace::Pause
            }
            (
                Doing::Choosing { .. }
                | Doing::Answering { .. }
                | Doing::Asking
                | Doing::Numbering(_)
                | Doing::Away
                | Doing::Over,
                _,
            ) => Pace::Pause,
        }
    }

    fn offer(&mut self, menu: &Menu, tries: u8, out: &mut Vec<Do>) -> Pace {
        if let Some(key) = self.ahead.pop_front() {
            return self.chosen(menu, tries, key, out);
        }
        self.doing = Doing::Choosing { tries_left: tries, listening: Listening::ToPrompt };
        self.play(&menu.prompt, out);
        Pace::Pause
    }

    fn chosen(&mut self, menu: &Menu, tries_left: u8, key: Key, out: &mut Vec<Do>) -> Pace {
        out.push(Do::Keyed { step: self.step.clone(), into: None, keys: key.to_string() });
        match menu.keys.get(&key) {
            Some(step) => self.enter(step, out),
            None => self.offer_again(menu, tries_left, out),
        }
    }

    fn offer_again(&mut self, menu: &Menu, tries_left: u8, out: &mut Vec<Do>) -> Pace {
        // Whoever keyed nonsense did not mean what they keyed after it either.
        self.ahead.clear();
        match tries_left.saturating_sub(1) {
            0 => self.given_up(&menu.otherwise, out),
            left => self.offer(menu, left, out),
        }
    }

    fn question(&mut self, ask: &Ask, tries_left: u8, out: &mut Vec<Do>) -> Pace {
        let mut digits = String::new();
        while let Some(key) = self.ahead.pop_front() {
            match self.take(ask, key, &mut digits) {
                Answer::Short => {}
                Answer::Complete => {
                    if self.habit.is_some() && self.ahead.front() == self.habit.as_ref() {
                        self.ahead.pop_front();
                        self.habit = None;
                    }
                    return self.answered(ask, digits, out);
                }
                Answer::Nonsense => {
                    digits.push(key.as_char());
                    return self.question_again(ask, tries_left, digits, out);
                }
            }
        }
        if digits.is_empty() {
            self.doing = Doing::Answering { tries_left, listening: Listening::ToPrompt, digits };
            self.play(&ask.prompt, out);
        } else {
            self.doing = Doing::Answering { tries_left, listening: Listening::ToSilence, digits };
            out.push(Do::Wait(ask.timeout));
        }
        Pace::Pause
    }

    fn take(&mut self, ask: &Ask, key: Key, digits: &mut String) -> Answer {
        let ends = ask.ends.key();
        match key {
            Key::Digit(_) => {
                digits.push(key.as_char());
                if digits.len() < usize::from(ask.most) {
                    return Answer::Short;
                }
                self.habit = ends;
                Answer::Complete
            }
            Key::Star | Key::Hash if Some(key) == ends && digits.len() >= usize::from(ask.fewest) => Answer::Complete,
            Key::Star | Key::Hash => Answer::Nonsense,
        }
    }

    fn answered(&mut self, ask: &Ask, digits: String, out: &mut Vec<Do>) -> Pace {
        out.push(Do::Keyed { step: self.step.clone(), into: Some(ask.into.clone()), keys: digits.clone() });
        self.keyed.insert(ask.into.clone(), digits);
        self.fall_through()
    }

    fn question_again(&mut self, ask: &Ask, tries_left: u8, keys: String, out: &mut Vec<Do>) -> Pace {
        if !keys.is_empty() {
            out.push(Do::Keyed { step: self.step.clone(), into: None, keys });
        }
        self.ahead.clear();
        match tries_left.saturating_sub(1) {
            0 => {
                // Asked a second time, and not answered: what was keyed before is no answer any more.
                if self.keyed.remove(&ask.into).is_some() {
                    let (step, into) = (self.step.clone(), Some(ask.into.clone()));
                    out.push(Do::Keyed { step, into, keys: String::new() });
                }
                self.given_up(&ask.otherwise, out)
            }
            left => self.question(ask, left, out),
        }
    }

    fn given_up(&mut self, otherwise: &Option<StepName>, out: &mut Vec<Do>) -> Pace {
        match otherwise {
            Some(step) => self.enter(step, out),
            None => self.fall_through(),
        }
    }

    /// The action that is being done.
    pub(super) fn action<'p>(&self, plan: &'p Centre) -> Option<&'p Action> {
        plan.steps.get(&self.step)?.actions.get(self.at)
    }

    pub(super) fn fall_through(&mut self) -> Pace {
        self.at = self.at.saturating_add(1);
        Pace::On
    }

    pub(super) fn enter(&mut self, step: &StepName, out: &mut Vec<Do>) -> Pace {
        if !self.plan.steps.contains_key(step) {
            self.hang_up(Ending::Lost, out);
            return Pace::Pause;
        }
        self.step = step.clone();
        self.at = 0;
        out.push(Do::Entered(step.clone()));
        Pace::On
    }

    fn play(&self, spoken: &Spoken, out: &mut Vec<Do>) {
        out.push(Do::Play(spoken.prompt(self.language, &self.keyed).into_iter().collect()));
    }

    fn hang_up(&mut self, ending: Ending, out: &mut Vec<Do>) {
        self.doing = Doing::Over;
        out.push(Do::HangUp(ending));
    }
}

impl Listening {
    pub(super) const fn stop(self) -> Do {
        match self {
            Listening::ToPrompt => Do::StopPlay,
            Listening::ToSilence => Do::StopWait,
        }
    }
}
