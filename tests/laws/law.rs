//! The names of the laws, and what it looks like to break one.

use std::fmt;

/// House rules, section 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Law {
    /// No call in two places, no agent with two calls or on two offers; what an agent holds and where the call
    /// is agree both ways.
    OnePlace,
    /// Every call that arrives ends exactly once, in one outcome that its story allows.
    EndsOnce,
    /// No call waits beside a free agent that it may take, while fewer phones ring for it than its queue says; and none for
    /// which nobody rings waits beside an agent who rings beside others for another, unless somebody is free in a moment.
    NobodyWaitsInVain,
    /// Of two calls that one agent may take one for which nobody rings goes before one that rings already, then the one with
    /// the earlier `joined - credit`; and of two agents the one idle longer.
    Order,
    /// A phone rings, and wrap-up and rest last, for as long as the queue says, and nothing that was due is still
    /// to come.
    OnTime,
    /// Who waits hears music, who talks hears the agent, and no phone rings or is off the hook for nobody.
    NoDeadAir,
    /// Per queue: offered = answered + abandoned + left + ended by us + ended unseen + still waiting.
    Balance,
    /// What a restart would know is what the core knows.
    FoldIsState,
    /// The same inputs give the same effects and facts, to the byte.
    Replays,
    /// A place in a queue outlives kills and lost links.
    PlaceIsKept,
    /// A promise is dialled by one dial at a time, and by none while its caller is on the line; each try counts once.
    PromisesAreKept,
    /// Who calls while an emergency message is on is given it before anything else, and nobody is given it twice.
    HeardFirst,
    /// Who did not answer is left alone for as long as the queue says for that reason, after so many one after the other until
    /// *ready*; and is ready again by the clock, by asking, or by a phone that is back, and by nothing else.
    LeftAlone,
    /// Wrap-up that owes a disposition ends when it is written, or by somebody else who says why; one that was chosen before is
    /// not owed.
    WrapUpIsDisposed,
    /// A break counts for its reason as long as the agent is on it, and no clock ends it.
    BreaksAreCounted,
    /// What one input causes is bounded.
    Bounded,
    /// At the end of the shift nothing is left of it.
    NothingIsLeft,
}

/// A law was broken.
#[derive(Clone, Debug)]
pub struct Broken {
    pub law: Law,
    pub how: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.law, self.how)
    }
}

pub fn broken<T>(law: Law, how: impl Into<String>) -> Result<T, Broken> {
    Err(Broken { law, how: how.into() })
}

macro_rules! must {
    ($law:expr, $holds:expr, $($how:tt)+) => {
        if !$holds {
            return $crate::law::broken($law, format!($($how)+));
        }
    };
}
pub(crate) use must;
