//! `Walk`: one call's way through the dialplan.
//!
//! A state machine without time, sound or switch: it hears what happened and says what to do. It never panics
//! and never spins: at most [`MOST_ACTIONS_AT_ONCE`] actions follow one event.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::action::{Key, QueueEntry};
use super::centre::Centre;
use super::language::Language;
use super::prompt::Prompt;
use crate::calendar::Moment;
use crate::routing::ids::{PhoneNumber, StepName};

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
    /// Stop what is playing. No `PlayEnded` is owed for it.
    StopPlay,
    /// Say `TimeUp` after this, unless another `Wait` or a `StopWait` comes first.
    Wait(Duration),
    /// No `TimeUp` is owed any more.
    StopWait,
    /// The call leaves the walk for the queue, and the walk sleeps until [`Walk::go`].
    Queue(QueueEntry),
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
    language: Language,
    keyed: BTreeMap<String, String>,
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
        _now: Moment,
    ) -> Option<(Walk, Vec<Do>)> {
        Some((Walk { plan, step: step.clone(), language, keyed }, Vec::new()))
    }

    /// What to do next, after what happened. What does not fit the state is ignored, because calls race.
    pub fn next(&mut self, _now: Moment, _heard: Heard) -> Vec<Do> {
        Vec::new()
    }

    /// On with another step, whatever the walk was doing: a queue said otherwise.
    pub fn go(&mut self, _now: Moment, _step: &StepName) -> Vec<Do> {
        Vec::new()
    }

    /// The step the call is in.
    pub fn step(&self) -> &StepName {
        &self.step
    }

    /// What the caller is spoken to in.
    pub fn language(&self) -> Language {
        self.language
    }

    /// The version of the centre that this call started in, and finishes in.
    pub fn plan(&self) -> &Arc<Centre> {
        &self.plan
    }

    /// What the caller has keyed into variables.
    pub fn keyed(&self) -> &BTreeMap<String, String> {
        &self.keyed
    }
}
