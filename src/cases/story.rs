//! `Event`: one entry of a case's history: when, who, what and why. Entries are added and never changed.

use serde::{Deserialize, Serialize};

use super::case::Owner;
use super::state::WaitsFor;
use crate::calendar::Moment;
use crate::customers::{CustomerId, Note};
use crate::dialplan::DispositionName;
use crate::organisation::DepartmentName;
use crate::routing::ids::{AgentName, CallId};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When it held; for what a clock did, the moment at which it ran out, however late that was noticed.
    pub at: Moment,
    /// `None`: nobody did it, a clock or the rules did.
    pub by: Option<AgentName>,
    pub what: What,
    /// What somebody wrote with it. Personal: erased with the customer.
    pub text: Note,
}

/// What happened. Names nobody but the centre's own people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum What {
    Opened {
        to: Owner,
        due: Option<Moment>,
        call: Option<CallId>,
        customer: Option<CustomerId>,
    },
    /// After an escalation the clock begins anew.
    Accepted {
        due: Option<Moment>,
    },
    Assigned {
        from: Owner,
        to: Owner,
    },
    Waiting {
        on: WaitsFor,
        until: Moment,
    },
    WentOn {
        why: WentOn,
        due: Option<Moment>,
    },
    Settled {
        disposition: Option<DispositionName>,
        back_to: Owner,
    },
    Closed,
    Reopened {
        to: Owner,
        due: Option<Moment>,
    },
    /// Its time ran out: it goes up.
    Escalated {
        from: Owner,
        to: DepartmentName,
        due: Option<Moment>,
    },
    /// Its time ran out, and nobody stands above.
    RanOut {
        department: DepartmentName,
    },
    /// Who had it is not there any more.
    HandedOver {
        from: Owner,
        to: Owner,
        why: Gone,
    },
    /// The rules were changed, and with them the end of its time.
    Rescheduled {
        from: Option<Moment>,
        due: Option<Moment>,
    },
    Noted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WentOn {
    /// Somebody said so.
    Told,
    /// It had waited long enough.
    Waited,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Gone {
    Person,
    Department,
}

impl What {
    /// The words of [`What::as_str`].
    pub const WORDS: [&'static str; 13] = [
        "opened",
        "accepted",
        "assigned",
        "waiting",
        "went_on",
        "settled",
        "closed",
        "reopened",
        "escalated",
        "ran_out",
        "handed_over",
        "rescheduled",
        "noted",
    ];

    pub const fn as_str(&self) -> &'static str {
        match self {
            What::Opened { .. } => "opened",
            What::Accepted { .. } => "accepted",
            What::Assigned { .. } => "assigned",
            What::Waiting { .. } => "waiting",
            What::WentOn { .. } => "went_on",
            What::Settled { .. } => "settled",
            What::Closed => "closed",
            What::Reopened { .. } => "reopened",
            What::Escalated { .. } => "escalated",
            What::RanOut { .. } => "ran_out",
            What::HandedOver { .. } => "handed_over",
            What::Rescheduled { .. } => "rescheduled",
            What::Noted => "noted",
        }
    }

    /// As the audit has it.
    pub const fn as_audited(&self) -> &'static str {
        match self {
            What::Opened { .. } => "case.opened",
            What::Accepted { .. } => "case.accepted",
            What::Assigned { .. } => "case.assigned",
            What::Waiting { .. } => "case.waiting",
            What::WentOn { .. } => "case.went_on",
            What::Settled { .. } => "case.settled",
            What::Closed => "case.closed",
            What::Reopened { .. } => "case.reopened",
            What::Escalated { .. } => "case.escalated",
            What::RanOut { .. } => "case.ran_out",
            What::HandedOver { .. } => "case.handed_over",
            What::Rescheduled { .. } => "case.rescheduled",
            What::Noted => "case.noted",
        }
    }
}
