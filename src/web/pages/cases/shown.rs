//! A case as it stands on a page: words, lamp, clock, names.

use std::collections::BTreeMap;

use crate::calendar::Moment;
use crate::cases::{Case, CaseNumber, CaseTypeName, Owner, Refusal, State, Target, WaitsFor};
use crate::dialplan::{Centre, DispositionName, Language};
use crate::organisation::DepartmentName;
use crate::routing::ids::AgentName;
use crate::web::pages::calls::called;
use crate::web::pages::choice::Choice;
use crate::web::pages::frame::Frame;
use crate::web::pages::words::{Words, clock};

pub type Names = std::sync::Arc<BTreeMap<AgentName, String>>;

/// One case in a list.
pub struct Line {
    pub number: CaseNumber,
    /// Empty: erased.
    pub title: String,
    pub kind: String,
    pub class: &'static str,
    pub state: String,
    pub owner: String,
    pub clock: Option<Due>,
}

/// When a case's time runs out, or ran out.
pub struct Due {
    pub at: Moment,
    pub exact: String,
    pub late: bool,
    /// As it is before a script moves it.
    pub shown: String,
}

pub fn line(frame: &Frame, plan: &Centre, names: &Names, case: &Case) -> Line {
    let (class, word) = state(&case.state);
    Line {
        number: case.number,
        title: case.title.to_string(),
        kind: kind_title(frame.t, plan, &case.kind),
        class,
        state: frame.t.say(word),
        owner: owner(frame.t, plan, names, &case.owner),
        clock: due(frame, case),
    }
}

/// Only what is to be settled can be late.
pub fn due(frame: &Frame, case: &Case) -> Option<Due> {
    let at = case.due.filter(|_| case.state.is_open())?;
    let late = at <= frame.now;
    let ms = if late { frame.now.since(at) } else { at.since(frame.now) }.as_millis();
    let shown = clock(u64::try_from(ms).unwrap_or(u64::MAX));
    Some(Due { at, exact: frame.zone.day_and_minute(at), late, shown })
}

/// The lamp of a state, and its text's name.
pub const fn state(state: &State) -> (&'static str, &'static str) {
    match state {
        State::New => ("wrapup", "case-new"),
        State::Accepted => ("talking", "case-accepted"),
        State::Waiting(_) => ("held", "case-waiting"),
        State::Settled(_) => ("idle", "case-settled"),
        State::Closed { .. } => ("away", "case-closed"),
    }
}

pub const fn waits_for(on: WaitsFor) -> &'static str {
    match on {
        WaitsFor::Customer => "case-for-customer",
        WaitsFor::Colleague => "case-for-colleague",
        WaitsFor::Outside => "case-for-outside",
    }
}

/// In this language, else in any; what the YAML does not have any more is shown by its name.
fn titled(t: Words, titles: Option<&BTreeMap<Language, String>>, name: &str) -> String {
    let title = titles.and_then(|titles| titles.get(&t.language()).or_else(|| titles.values().next()));
    title.cloned().unwrap_or_else(|| name.to_owned())
}

pub fn kind_title(t: Words, plan: &Centre, kind: &CaseTypeName) -> String {
    titled(t, plan.case_types.get(kind).map(|found| &found.titles), kind.as_str())
}

pub fn department_title(t: Words, plan: &Centre, name: &DepartmentName) -> String {
    titled(t, plan.organisation.department(name).map(|found| &found.titles), name.as_str())
}

pub fn disposition_title(t: Words, plan: &Centre, name: &DispositionName) -> String {
    titled(t, plan.dispositions.get(name).map(|found| &found.titles), name.as_str())
}

pub fn owner(t: Words, plan: &Centre, names: &Names, owner: &Owner) -> String {
    let department = department_title(t, plan, &owner.department);
    match &owner.person {
        Some(person) => format!("{} · {department}", called(names, person)),
        None => department,
    }
}

/// The types of the configuration.
pub fn kinds(t: Words, plan: &Centre, chosen: &str) -> Vec<Choice> {
    plan.case_types.keys().map(|kind| Choice::of(kind.as_str(), kind_title(t, plan, kind), chosen)).collect()
}

/// Everybody to whom a case can go: departments, then people.
pub fn targets(t: Words, plan: &Centre, names: &Names, chosen: &str) -> Vec<Choice> {
    let departments = plan.organisation.departments().iter().map(|department| {
        let title = department_title(t, plan, &department.name);
        Choice::of(format!("department:{}", department.name), title, chosen)
    });
    let people = names.iter().map(|(name, shown)| Choice::of(format!("person:{name}"), shown.clone(), chosen));
    departments.chain(people).collect()
}

/// Whom a form names: only somebody who is there.
pub fn target(plan: &Centre, names: &Names, value: &str) -> Option<Target> {
    match value.split_once(':')? {
        ("department", name) => {
            let name = DepartmentName::new(name);
            plan.organisation.department(&name).map(|found| Target::Department(found.name.clone()))
        }
        ("person", name) => names.get_key_value(&AgentName::new(name)).map(|(name, _)| Target::Person(name.clone())),
        (_, _) => None,
    }
}

/// Why a case says no: the field it is about, where it is about one, and the text's name.
pub const fn refusal(why: &Refusal) -> (Option<&'static str>, &'static str) {
    match why {
        Refusal::AcceptedAlready => (None, "case-no-accepted"),
        Refusal::NotAccepted => (None, "case-no-not-accepted"),
        Refusal::NotWaiting => (None, "case-no-not-waiting"),
        Refusal::NotSettled => (None, "case-no-not-settled"),
        Refusal::Settled => (None, "case-no-settled"),
        Refusal::Closed => (None, "case-no-closed"),
        Refusal::NoSuchDepartment(_) => (Some("to"), "case-no-such-target"),
        Refusal::NoSuchType(_) => (Some("kind"), "case-no-such-type"),
        Refusal::NoSuchDisposition(_) => (Some("disposition"), "case-no-such-disposition"),
        Refusal::DispositionNeeded => (Some("disposition"), "case-no-disposition"),
        Refusal::NotThen => (Some("until"), "case-no-not-then"),
        Refusal::Empty => (Some("text"), "form-empty"),
    }
}
