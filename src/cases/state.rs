//! `State`: how far a case has come. Each way from one to the next is a method here, and there is no other.

use serde::{Deserialize, Serialize};

use crate::calendar::Moment;
use crate::dialplan::DispositionName;
use crate::organisation::DepartmentName;
use crate::routing::ids::AgentName;

/// A case is in exactly one of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Given to somebody who has not said yet that they will see to it.
    New,
    /// Somebody has it in hand.
    Accepted,
    /// Somebody has it in hand and cannot go on before somebody else has done something.
    Waiting(Wait),
    /// Done, and the customer is to be told.
    Settled(Settlement),
    /// Done, and the customer knows.
    Closed { settled: Settlement, at: Moment },
}

/// Who has to do something first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WaitsFor {
    /// The clock stops: what the customer takes is not our time.
    Customer,
    /// A colleague or another department: our own time, the clock runs on.
    Colleague,
    /// A supplier, an authority: the customer waits for us all the same, and the clock runs on.
    Outside,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    pub on: WaitsFor,
    /// When whoever has it in hand sees to it again, whatever has come.
    pub until: Moment,
}

/// Who settled a case, where, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    pub by: AgentName,
    pub department: DepartmentName,
    pub at: Moment,
    pub disposition: Option<DispositionName>,
}

/// Why a case is not what somebody wants it to be. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("somebody has accepted it already")]
    AcceptedAlready,
    #[error("nobody has accepted it yet")]
    NotAccepted,
    #[error("it does not wait for anybody")]
    NotWaiting,
    #[error("it is not settled yet")]
    NotSettled,
    #[error("it is settled; reopen it if it is not")]
    Settled,
    #[error("it is closed; reopen it if something is left to do")]
    Closed,
    #[error("there is no department {0}")]
    NoSuchDepartment(DepartmentName),
    #[error("there is no type of case {0}")]
    NoSuchType(super::CaseTypeName),
    #[error("a case of this type cannot end in {0}")]
    NoSuchDisposition(DispositionName),
    #[error("a case of this type ends in one of its dispositions")]
    DispositionNeeded,
    #[error("it is that moment already, or further off than {} days", super::case::LONGEST_WAIT.as_secs() / 86_400)]
    NotThen,
    #[error("there is nothing in it")]
    Empty,
}

impl WaitsFor {
    pub const ALL: [WaitsFor; 3] = [WaitsFor::Customer, WaitsFor::Colleague, WaitsFor::Outside];

    pub const fn as_str(self) -> &'static str {
        match self {
            WaitsFor::Customer => "customer",
            WaitsFor::Colleague => "colleague",
            WaitsFor::Outside => "outside",
        }
    }
}

impl State {
    /// The words of [`State::as_str`], in the order in which a case goes through them.
    pub const WORDS: [&'static str; 5] = ["new", "accepted", "waiting", "settled", "closed"];

    pub const fn as_str(&self) -> &'static str {
        match self {
            State::New => "new",
            State::Accepted => "accepted",
            State::Waiting(_) => "waiting",
            State::Settled(_) => "settled",
            State::Closed { .. } => "closed",
        }
    }

    /// Whether it is still to be settled.
    pub const fn is_open(&self) -> bool {
        match self {
            State::New | State::Accepted | State::Waiting(_) => true,
            State::Settled(_) | State::Closed { .. } => false,
        }
    }

    /// Why not, for what only an open case can do.
    fn done(self) -> Refusal {
        match self {
            State::Settled(_) => Refusal::Settled,
            State::Closed { .. } => Refusal::Closed,
            State::New | State::Accepted | State::Waiting(_) => Refusal::NotSettled,
        }
    }

    /// Somebody says that they will see to it.
    pub fn accept(self) -> Result<Self, Refusal> {
        match self {
            State::New => Ok(State::Accepted),
            State::Accepted | State::Waiting(_) => Err(Refusal::AcceptedAlready),
            State::Settled(_) | State::Closed { .. } => Err(self.done()),
        }
    }

    /// It goes to somebody else, who has not accepted it yet.
    pub fn hand_on(self) -> Result<Self, Refusal> {
        match self {
            State::New | State::Accepted | State::Waiting(_) => Ok(State::New),
            State::Settled(_) | State::Closed { .. } => Err(self.done()),
        }
    }

    pub fn wait(self, wait: Wait) -> Result<Self, Refusal> {
        match self {
            State::Accepted | State::Waiting(_) => Ok(State::Waiting(wait)),
            State::New => Err(Refusal::NotAccepted),
            State::Settled(_) | State::Closed { .. } => Err(self.done()),
        }
    }

    /// What was waited for has come, or is not waited for any longer.
    pub fn go_on(self) -> Result<Self, Refusal> {
        match self {
            State::Waiting(_) => Ok(State::Accepted),
            State::New | State::Accepted => Err(Refusal::NotWaiting),
            State::Settled(_) | State::Closed { .. } => Err(self.done()),
        }
    }

    /// Only who has accepted a case can settle it: nobody goes round the order.
    pub fn settle(self, settlement: Settlement) -> Result<Self, Refusal> {
        match self {
            State::Accepted | State::Waiting(_) => Ok(State::Settled(settlement)),
            State::New => Err(Refusal::NotAccepted),
            State::Settled(_) | State::Closed { .. } => Err(self.done()),
        }
    }

    /// The customer knows.
    pub fn close(self, at: Moment) -> Result<Self, Refusal> {
        match self {
            State::Settled(settled) => Ok(State::Closed { settled, at }),
            State::New | State::Accepted | State::Waiting(_) => Err(Refusal::NotSettled),
            State::Closed { .. } => Err(Refusal::Closed),
        }
    }

    /// It was not settled after all. Says who thought so.
    pub fn reopen(self) -> Result<(Self, Settlement), Refusal> {
        match self {
            State::Settled(settled) | State::Closed { settled, .. } => Ok((State::New, settled)),
            State::New | State::Accepted | State::Waiting(_) => Err(Refusal::NotSettled),
        }
    }
}
