//! `Case`: a thing to be settled, and what people can do with it.
//!
//! Every method takes the case and gives it back changed, with what is to be written into its history; one that refuses
//! changes nothing. `at` is an argument: what a clock has done by then is in `escalation.rs`.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::clock::Clock;
use super::kind::{CaseTypeName, Rules};
use super::state::{Refusal, Settlement, State, Wait, WaitsFor};
use super::story::{Event, WentOn, What};
use crate::calendar::Moment;
use crate::customers::{CustomerId, Line, Note};
use crate::dialplan::DispositionName;
use crate::organisation::DepartmentName;
use crate::routing::ids::{AgentName, CallId};

/// The longest wait for anybody, after which whoever has the case sees to it again: nothing waits for ever.
pub const LONGEST_WAIT: Duration = Duration::from_secs(90 * 86_400);
/// How long is waited unless somebody says otherwise.
const USUAL_WAIT: Duration = Duration::from_secs(7 * 86_400);

/// The number of a case, counted within the centre: what a customer is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct CaseNumber(NonZeroU64);

/// Who owns a case: one person of a department, or the department as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Owner {
    pub person: Option<AgentName>,
    /// Always there: it answers for the case when the person does not.
    pub department: DepartmentName,
}

/// Whom a case is given to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    Person(AgentName),
    Department(DepartmentName),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    pub number: CaseNumber,
    pub kind: CaseTypeName,
    /// What it is about, in a line; empty where the customer was erased.
    pub title: Line,
    pub customer: Option<CustomerId>,
    /// The call in which it was opened.
    pub call: Option<CallId>,
    pub opened: Moment,
    pub opened_by: AgentName,
    pub state: State,
    pub owner: Owner,
    /// How often it went up because its time ran out.
    pub rung: u32,
    /// Somebody has accepted it since it last went up. The clock begins anew for the first who does, and for nobody else.
    pub taken: bool,
    pub clock: Clock,
    /// When its time runs out, or ran out; none while the clock stands.
    pub due: Option<Moment>,
    /// Counts the entries of its history, so that two who change it at once are told.
    pub version: u64,
}

/// What a case is opened with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    pub kind: CaseTypeName,
    pub title: Line,
    /// What the customer wants, in full: the first entry of the history.
    pub wanted: Note,
    pub customer: Option<CustomerId>,
    pub call: Option<CallId>,
    /// The department of its type unless given.
    pub to: Option<Target>,
    pub by: AgentName,
}

/// A case after a change, and what is added to its history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    pub case: Case,
    pub events: Vec<Event>,
}

impl CaseNumber {
    /// Zero is none.
    pub fn new(number: u64) -> Option<Self> {
        NonZeroU64::new(number).map(Self)
    }

    pub const fn get(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for CaseNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for CaseNumber {
    type Err = std::num::ParseIntError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl Owner {
    pub const fn department(department: DepartmentName) -> Self {
        Self { person: None, department }
    }

    pub const fn person(person: AgentName, department: DepartmentName) -> Self {
        Self { person: Some(person), department }
    }

    /// A person in the department where they do the work of `here`; `here` itself where they belong to none.
    pub fn at_home(person: AgentName, here: DepartmentName, rules: Rules<'_>) -> Self {
        let home = rules.organisation.home_of(&person, &here).map_or(here, |home| home.name.clone());
        Self::person(person, home)
    }
}

fn event(at: Moment, by: &AgentName, what: What, text: Note) -> Event {
    Event { at, by: Some(by.clone()), what, text }
}

impl Case {
    /// A case begins. Who opens one for themselves has accepted it.
    ///
    /// # Errors
    /// `NoSuchType`, `NoSuchDepartment`.
    pub fn open(number: CaseNumber, opening: Opening, at: Moment, rules: Rules<'_>) -> Result<Changed, Refusal> {
        let Opening { kind, title, wanted, customer, call, to, by } = opening;
        let Some(found) = rules.types.get(&kind) else { return Err(Refusal::NoSuchType(kind)) };
        let owner = match to {
            Some(target) => owner_of(target, &found.department, rules)?,
            None => Owner::department(found.department.clone()),
        };
        let clock = Clock::started(at, found.deadline);
        let taken = owner.person.as_ref() == Some(&by);
        let due = clock.due(found);
        let case = Case {
            number,
            kind,
            title,
            customer,
            call,
            opened: at,
            opened_by: by.clone(),
            state: if taken { State::Accepted } else { State::New },
            owner: owner.clone(),
            rung: 0,
            taken,
            clock,
            due,
            version: 0,
        };
        let opened = event(at, &by, What::Opened { to: owner, due, call, customer }, wanted);
        Ok(case.changed(vec![opened]))
    }

    /// Somebody will see to it. The first to say so after an escalation has the time of a rung; the deadline of a case
    /// that did not go up stays what it was.
    ///
    /// # Errors
    /// What [`State::accept`] refuses.
    pub fn accept(mut self, by: &AgentName, at: Moment, rules: Rules<'_>) -> Result<Changed, Refusal> {
        self.state = self.state.accept()?;
        self.owner = Owner::at_home(by.clone(), self.owner.department, rules);
        let late = self.rung > 0 || matches!(self.clock, Clock::RanOut { .. });
        if late && !self.taken {
            let kind = rules.of(&self.kind, &self.owner.department);
            self.clock = Clock::started(at, kind.escalate_after);
        }
        self.taken = true;
        let case = self.timed(rules);
        let accepted = event(at, by, What::Accepted { due: case.due }, Note::default());
        Ok(case.changed(vec![accepted]))
    }

    /// To somebody else, who has to accept it; who takes it for themselves has.
    ///
    /// # Errors
    /// `NoSuchDepartment`, and what [`State::hand_on`] refuses.
    pub fn assign(
        mut self,
        to: Target,
        by: &AgentName,
        why: Note,
        at: Moment,
        rules: Rules<'_>,
    ) -> Result<Changed, Refusal> {
        let to = owner_of(to, &self.owner.department, rules)?;
        self.state = self.state.hand_on()?;
        if to.person.as_ref() == Some(by) {
            self.state = self.state.accept()?;
        }
        self.clock = self.clock.going_on(at);
        let from = std::mem::replace(&mut self.owner, to.clone());
        Ok(self.timed(rules).changed(vec![event(at, by, What::Assigned { from, to }, why)]))
    }

    /// Somebody else has to do something first; only for the customer does the clock stop. `until`: a week unless given.
    ///
    /// # Errors
    /// `NotThen`, and what [`State::wait`] refuses.
    pub fn wait(
        mut self,
        on: WaitsFor,
        until: Option<Moment>,
        by: &AgentName,
        why: Note,
        at: Moment,
        rules: Rules<'_>,
    ) -> Result<Changed, Refusal> {
        let until = until.unwrap_or(at + USUAL_WAIT);
        if until <= at || until > at + LONGEST_WAIT {
            return Err(Refusal::NotThen);
        }
        self.state = self.state.wait(Wait { on, until })?;
        let kind = rules.of(&self.kind, &self.owner.department);
        self.clock = match on {
            WaitsFor::Customer => self.clock.stopped(at, &kind),
            WaitsFor::Colleague | WaitsFor::Outside => self.clock.going_on(at),
        };
        Ok(self.timed(rules).changed(vec![event(at, by, What::Waiting { on, until }, why)]))
    }

    /// # Errors
    /// What [`State::go_on`] refuses.
    pub fn go_on(mut self, by: &AgentName, why: Note, at: Moment, rules: Rules<'_>) -> Result<Changed, Refusal> {
        self.state = self.state.go_on()?;
        self.clock = self.clock.going_on(at);
        let case = self.timed(rules);
        let went_on = What::WentOn { why: WentOn::Told, due: case.due };
        Ok(case.changed(vec![event(at, by, went_on, why)]))
    }

    /// It is done: whoever opened it has it again, to tell the customer.
    ///
    /// # Errors
    /// `NoSuchDisposition`, `DispositionNeeded`, and what [`State::settle`] refuses.
    pub fn settle(
        mut self,
        disposition: Option<DispositionName>,
        by: &AgentName,
        how: Note,
        at: Moment,
        rules: Rules<'_>,
    ) -> Result<Changed, Refusal> {
        let kind = rules.of(&self.kind, &self.owner.department);
        match &disposition {
            Some(given) if !kind.dispositions.is_empty() && !kind.dispositions.contains(given) => {
                return Err(Refusal::NoSuchDisposition(given.clone()));
            }
            None if !kind.dispositions.is_empty() => return Err(Refusal::DispositionNeeded),
            Some(_) | None => {}
        }
        let department = self.owner.department.clone();
        let settlement =
            Settlement { by: by.clone(), department: department.clone(), at, disposition: disposition.clone() };
        self.state = self.state.settle(settlement)?;
        self.clock = self.clock.stopped(at, &kind);
        self.owner = Owner::at_home(self.opened_by.clone(), department, rules);
        let what = What::Settled { disposition, back_to: self.owner.clone() };
        Ok(self.timed(rules).changed(vec![event(at, by, what, how)]))
    }

    /// # Errors
    /// What [`State::close`] refuses.
    pub fn close(mut self, by: &AgentName, note: Note, at: Moment) -> Result<Changed, Refusal> {
        self.state = self.state.close(at)?;
        Ok(self.changed(vec![event(at, by, What::Closed, note)]))
    }

    /// Something is left to do. It goes to who settled it, with what time was left; where none was, with the time of a
    /// rung.
    ///
    /// # Errors
    /// What [`State::reopen`] refuses.
    pub fn reopen(mut self, by: &AgentName, why: Note, at: Moment, rules: Rules<'_>) -> Result<Changed, Refusal> {
        let (state, settled) = self.state.reopen()?;
        self.state = state;
        let kind = rules.of(&self.kind, &settled.department);
        let left = match self.clock.left(at, &kind) {
            Duration::ZERO => kind.escalate_after,
            left => left,
        };
        self.clock = Clock::started(at, left);
        self.taken = settled.by == *by;
        if self.taken {
            self.state = self.state.accept()?;
        }
        self.owner = Owner::person(settled.by, settled.department);
        let case = self.timed(rules);
        let what = What::Reopened { to: case.owner.clone(), due: case.due };
        Ok(case.changed(vec![event(at, by, what, why)]))
    }

    /// # Errors
    /// `Empty`.
    pub fn note(self, by: &AgentName, text: Note, at: Moment) -> Result<Changed, Refusal> {
        if text.is_empty() {
            return Err(Refusal::Empty);
        }
        Ok(self.changed(vec![event(at, by, What::Noted, text)]))
    }

    /// With its end told anew from its clock.
    #[must_use]
    pub(super) fn timed(mut self, rules: Rules<'_>) -> Self {
        let kind = rules.of(&self.kind, &self.owner.department);
        self.due = self.clock.due(&kind);
        self
    }

    pub(super) fn changed(mut self, events: Vec<Event>) -> Changed {
        self.version += events.len() as u64;
        Changed { case: self, events }
    }
}

/// # Errors
/// `NoSuchDepartment`.
fn owner_of(target: Target, here: &DepartmentName, rules: Rules<'_>) -> Result<Owner, Refusal> {
    match target {
        Target::Department(name) if rules.organisation.department(&name).is_none() => {
            Err(Refusal::NoSuchDepartment(name))
        }
        Target::Department(name) => Ok(Owner::department(name)),
        Target::Person(person) => Ok(Owner::at_home(person, here.clone(), rules)),
    }
}
