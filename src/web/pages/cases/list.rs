//! The inbox: what is not closed, the most urgent first; and what is, newest first.

use std::time::Duration;

use askama::Template;
use axum::extract::{Query, State as Asks};
use percent_encoding::utf8_percent_encode;
use serde::Deserialize;

use super::shown::{Line, department_title, kinds, line};
use crate::calendar::Moment;
use crate::cases::{Case, CaseNumber, CaseTypeName, State};
use crate::dialplan::Centre;
use crate::organisation::DepartmentName;
use crate::store::case_lists::{Inbox, Which, Whose};
use crate::web::Web;
use crate::web::pages::choice::Choice;
use crate::web::pages::frame::{Frame, Noun, Page};
use crate::web::pages::login::IN_QUERY;
use crate::web::pages::mistakes::Mistakes;
use crate::web::pages::problem::{PageProblem, Shown};
use crate::web::pages::who::Who;
use crate::web::pages::words::Words;

/// Rows of a page.
const ROWS: u32 = 50;
/// What "this week" is.
const WEEK: Duration = Duration::from_secs(7 * 86_400);
const CLOSED: &str = "closed";

#[derive(Clone, Debug, Default, Deserialize)]
pub struct Asked {
    /// Empty: mine. `anybody`, or a department's name.
    #[serde(default)]
    whose: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    due: String,
    /// The last case of the page before: when it is due, if ever, and its number.
    #[serde(default)]
    after: String,
}

#[derive(Template)]
#[template(path = "cases/list.html")]
pub struct List {
    frame: Frame,
    whose: Vec<Choice>,
    states: Vec<Choice>,
    kinds: Vec<Choice>,
    dues: Vec<Choice>,
    mistakes: Mistakes,
    /// Closed cases are everybody's, and have no clock.
    closed: bool,
    filtered: bool,
    /// Whether there is any type of case at all.
    any_kind: bool,
    cases: Vec<Line>,
    older: Option<String>,
}

fn place(after: &str) -> Option<(Option<Moment>, CaseNumber)> {
    let (due, number) = after.split_once('~')?;
    let due = if due.is_empty() { None } else { Some(Moment::from_ms(due.parse().ok()?)) };
    Some((due, number.parse().ok().and_then(CaseNumber::new)?))
}

impl Asked {
    fn address(&self, last: &Case) -> String {
        let due = last.due.map_or_else(String::new, |due| due.as_ms().to_string());
        let after = format!("{due}~{}", last.number);
        let parts = [
            ("whose", &self.whose),
            ("state", &self.state),
            ("kind", &self.kind),
            ("due", &self.due),
            ("after", &after),
        ];
        let given = parts.into_iter().filter(|(_, value)| !value.is_empty());
        let given: Vec<String> =
            given.map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, IN_QUERY))).collect();
        format!("/cases?{}", given.join("&"))
    }

    fn inbox(&self, frame: &Frame, plan: &Centre, who: &Who, mistakes: &mut Mistakes) -> Inbox {
        let mut wrong = |field| mistakes.add(field, frame.t.say("cases-not-a-choice"));
        let whose = match self.whose.as_str() {
            "" => Whose::Person(who.agent().clone()),
            "anybody" => Whose::Anybody,
            name => {
                let department = name
                    .strip_prefix("department:")
                    .map(DepartmentName::new)
                    .unwrap_or_else(|| DepartmentName::new(""));
                if plan.organisation.department(&department).is_none() {
                    wrong("whose");
                }
                Whose::Department(department)
            }
        };
        let state = State::WORDS.into_iter().find(|word| *word == self.state);
        if state.is_none() && !self.state.is_empty() {
            wrong("state");
        }
        let kind = Some(CaseTypeName::new(&self.kind)).filter(|_| !self.kind.is_empty());
        if kind.as_ref().is_some_and(|kind| !plan.case_types.contains_key(kind)) {
            wrong("kind");
        }
        let due_by = match self.due.as_str() {
            "" => None,
            "late" => Some(frame.now),
            "today" => frame.zone.day_after(&frame.zone.day(frame.now)),
            "week" => Some(frame.now + WEEK),
            _ => {
                wrong("due");
                None
            }
        };
        Inbox { whose, state, kind, due_by, after: place(&self.after) }
    }
}

pub async fn show(Asks(web): Asks<Web>, who: Who, Query(asked): Query<Asked>) -> Shown<Page<List>> {
    let frame = who.frame(&web, Noun::Cases);
    let plan = web.handle.plan(who.centre()).ok_or(PageProblem::Away)?;
    let mut mistakes = Mistakes::default();
    let inbox = asked.inbox(&frame, &plan, &who, &mut mistakes);
    let closed = inbox.state == Some(CLOSED);
    let mut found = if !mistakes.is_empty() {
        Vec::new()
    } else if closed {
        let before = inbox.after.map(|(_, number)| number);
        web.db.cases(who.centre(), &Which::InState(CLOSED), before, ROWS + 1).await?
    } else {
        web.db.inbox(who.centre(), &inbox, ROWS + 1).await?
    };
    let more = found.len() > ROWS as usize;
    found.truncate(ROWS as usize);
    let names = web.hub().names.of(&web, who.centre()).await;
    let t = frame.t;
    Ok(Page(List {
        whose: whose(t, &plan, &who, &asked.whose),
        states: chosen(t, &STATES, &asked.state),
        kinds: kinds(t, &plan, &asked.kind),
        dues: chosen(t, &DUES, &asked.due),
        mistakes,
        closed,
        filtered: [&asked.state, &asked.kind, &asked.due, &asked.after].iter().any(|part| !part.is_empty()),
        any_kind: !plan.case_types.is_empty(),
        older: found.last().filter(|_| more).map(|last| asked.address(last)),
        cases: found.iter().map(|case| line(&frame, &plan, &names, case)).collect(),
        frame,
    }))
}

/// The states, and the names of their texts.
pub const STATES: [(&str, &str); 5] = [
    ("new", "case-new"),
    ("accepted", "case-accepted"),
    ("waiting", "case-waiting"),
    ("settled", "case-settled"),
    (CLOSED, "case-closed"),
];
const DUES: [(&str, &str); 3] = [("late", "cases-late"), ("today", "cases-today"), ("week", "cases-week")];

fn chosen(t: Words, all: &[(&str, &str)], asked: &str) -> Vec<Choice> {
    all.iter().map(|(value, word)| Choice::of(*value, t.say(word), asked)).collect()
}

/// Mine, my departments', the others', anybody's.
fn whose(t: Words, plan: &Centre, who: &Who, asked: &str) -> Vec<Choice> {
    let mut departments: Vec<_> = plan.organisation.departments().iter().collect();
    departments.sort_by_key(|department| !department.has(who.agent()));
    let departments = departments.into_iter().map(|department| {
        let title = department_title(t, plan, &department.name);
        let mine = department.has(who.agent());
        let word = if mine { t.with("cases-my-department", "department", title) } else { title };
        Choice::of(format!("department:{}", department.name), word, asked)
    });
    let mine = Choice::of("", t.say("cases-mine"), asked);
    let anybody = Choice::of("anybody", t.say("cases-anybody"), asked);
    std::iter::once(mine).chain(departments).chain(std::iter::once(anybody)).collect()
}
