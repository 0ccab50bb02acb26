//! What happens to a case without anybody doing anything: its time runs out, a wait ends, its owner is gone, the rules
//! change. Asked by whoever keeps the time (`controller/escalator.rs`), decided here.

use super::case::{Case, Changed, Owner};
use super::clock::Clock;
use super::kind::Rules;
use super::state::State;
use super::story::{Event, Gone, WentOn, What};
use crate::calendar::Moment;
use crate::customers::Note;
use crate::organisation::DepartmentName;
use crate::routing::ids::AgentName;

/// The most that one look makes of a case that nobody looked at for long: the way up through any organisation, with waits.
const MOST_AT_ONCE: usize = 100;

fn by_itself(at: Moment, what: What) -> Event {
    Event { at, by: None, what, text: Note::default() }
}

impl Case {
    /// The next moment at which something happens to it by itself.
    pub fn wakes(&self) -> Option<Moment> {
        let runs_out = self.due.filter(|_| self.state.is_open() && matches!(self.clock, Clock::Running { .. }));
        let waited = match &self.state {
            State::Waiting(wait) => Some(wait.until),
            State::New | State::Accepted | State::Settled(_) | State::Closed { .. } => None,
        };
        runs_out.into_iter().chain(waited).min()
    }

    /// All that has happened to it by itself until now, each at its own moment: one rung for each time that ran out.
    /// `None` where nothing has.
    pub fn wake(self, now: Moment, rules: Rules<'_>) -> Option<Changed> {
        let mut case = self;
        let mut events = Vec::new();
        while let Some(at) = case.wakes().filter(|at| *at <= now && events.len() < MOST_AT_ONCE) {
            let (next, what) = case.woken(at, rules);
            case = next;
            events.push(by_itself(at, what));
        }
        (!events.is_empty()).then(|| case.changed(events))
    }

    fn woken(mut self, at: Moment, rules: Rules<'_>) -> (Self, What) {
        if let State::Waiting(wait) = &self.state
            && wait.until <= at
        {
            self.state = State::Accepted;
            self.clock = self.clock.going_on(at);
            let case = self.timed(rules);
            let what = What::WentOn { why: WentOn::Waited, due: case.due };
            return (case, what);
        }
        self.taken = false;
        let Some(above) = rules.organisation.superior_of(&self.owner.department) else {
            self.clock = Clock::RanOut { at };
            let department = self.owner.department.clone();
            return (self.timed(rules), What::RanOut { department });
        };
        let to = above.name.clone();
        let kind = rules.of(&self.kind, &to);
        let from = std::mem::replace(&mut self.owner, Owner::department(to.clone()));
        self.state = State::New;
        self.rung += 1;
        self.clock = Clock::started(at, kind.escalate_after);
        let case = self.timed(rules);
        let what = What::Escalated { from, to, due: case.due };
        (case, what)
    }

    /// To somebody who is there, where its owner is not any more: the first there is of the department's head, its
    /// stand-ins, the department as a whole, and so on upwards. `None` where its owner is there.
    pub fn hand_over(mut self, at: Moment, rules: Rules<'_>, is_there: &dyn Fn(&AgentName) -> bool) -> Option<Changed> {
        if matches!(self.state, State::Closed { .. }) {
            return None;
        }
        let person_gone = self.owner.person.as_ref().is_some_and(|person| !is_there(person));
        let department = self.standing_department(rules);
        let department_gone = department != self.owner.department;
        let to = match &self.owner.person {
            Some(person) if !person_gone && department_gone => Owner::at_home(person.clone(), department, rules),
            None if department_gone => Owner::department(department),
            Some(_) if person_gone => heir(department, rules, is_there),
            Some(_) | None => return None,
        };
        if to == self.owner {
            return None;
        }
        if person_gone && self.state.is_open() {
            self.state = State::New;
            self.clock = self.clock.going_on(at);
        }
        let from = std::mem::replace(&mut self.owner, to.clone());
        let why = if person_gone { Gone::Person } else { Gone::Department };
        Some(self.timed(rules).changed(vec![by_itself(at, What::HandedOver { from, to, why })]))
    }

    /// The department that answers for it; where the YAML does not have that any more, the one of its type, or the top. In
    /// a centre without departments, the name that it had.
    fn standing_department(&self, rules: Rules<'_>) -> DepartmentName {
        let organisation = rules.organisation;
        let here = organisation.department(&self.owner.department);
        let of_type = || organisation.department(&rules.types.get(&self.kind)?.department);
        let standing = here.or_else(of_type).or_else(|| organisation.top());
        standing.map_or_else(|| self.owner.department.clone(), |department| department.name.clone())
    }

    /// With its end as the rules have it now; a holiday that was added lies in its time, too. `None` where that is where it
    /// was.
    pub fn rescheduled(self, at: Moment, rules: Rules<'_>) -> Option<Changed> {
        let from = self.due;
        if !matches!(self.clock, Clock::Running { .. }) || !self.state.is_open() {
            return None;
        }
        let case = self.timed(rules);
        let due = case.due;
        (due != from).then(|| case.changed(vec![by_itself(at, What::Rescheduled { from, due })]))
    }
}

fn heir(department: DepartmentName, rules: Rules<'_>, is_there: &dyn Fn(&AgentName) -> bool) -> Owner {
    for one in rules.organisation.upwards(&department) {
        if let Some(person) = one.answerable().find(|person| is_there(person)) {
            return Owner::person(person.clone(), one.name.clone());
        }
        if one.people.iter().any(is_there) {
            return Owner::department(one.name.clone());
        }
    }
    Owner::department(department)
}
