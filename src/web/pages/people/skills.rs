//! The grid of skills: people down, skills across, levels from 1 to 10 or none. Saved cell by cell as it is typed
//! (`templates/scripts/80-grid.js`), each against what stood there.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::{Query, State};
use axum::{Form, Json};
use serde::Serialize;

use super::assigned::{self, Holds, Part};
use super::list::Asked;
use super::{Tab, address, roles, tabs};
use crate::routing::ids::{AgentName, SkillName};
use crate::store::Author;
use crate::store::agents::Person;
use crate::store::people::{Cell, CellDone};
use crate::web::pages::choice::Choice;
use crate::web::pages::frame::{Frame, Noun, Page};
use crate::web::pages::problem::{PageProblem, Shown};
use crate::web::pages::who::{Admin, Who};
use crate::web::{Web, named};

/// Rows of a page: a browser is quick with some thousand cells.
const ROWS: usize = 100;

/// Cells of one request: a column pasted from a spreadsheet, in pieces (the script knows this too).
const MOST_CELLS: usize = 200;

#[derive(Template)]
#[template(path = "people/skills.html")]
pub struct Grid {
    frame: Frame,
    tabs: Vec<Tab>,
    asked: Asked,
    roles: Vec<Choice>,
    queues: Vec<Choice>,
    columns: Vec<Column>,
    rows: Vec<Row>,
    all: usize,
    more: Option<String>,
}

struct Column {
    skill: String,
    /// People who have it.
    have: usize,
    /// The configuration has it no more: it can only be taken away.
    gone: bool,
}

struct Row {
    name: String,
    display_name: String,
    href: String,
    /// In the order of the columns; empty for none.
    levels: Vec<String>,
}

pub async fn show(State(web): State<Web>, Admin(who): Admin, Query(asked): Query<Asked>) -> Shown<Page<Grid>> {
    let t = who.manner.t;
    let plan = web.handle.plan(who.centre()).ok_or(PageProblem::Away)?;
    let people = web.db.people(who.centre()).await?;
    let had: BTreeSet<&SkillName> = people.iter().flat_map(|person| person.skills.keys()).collect();
    let skills: Vec<&SkillName> =
        plan.skills.iter().chain(had.into_iter().filter(|skill| !plan.skills.contains(skill))).collect();
    let columns = skills.iter().map(|skill| Column {
        skill: skill.to_string(),
        have: people.iter().filter(|person| person.skills.contains_key(*skill)).count(),
        gone: !plan.skills.contains(skill),
    });
    let columns = columns.collect();
    let all = people.len();
    let mut page: Vec<&Person> = people
        .iter()
        .filter(|person| asked.chooses(person) && person.name.as_str() > asked.after.as_str())
        .take(ROWS + 1)
        .collect();
    let more = (page.len() > ROWS).then(|| {
        page.truncate(ROWS);
        page.last().map(|last| asked.address("/people/skills", &last.name))
    });
    let level = |person: &Person, skill: &SkillName| {
        person.skills.get(skill).map_or_else(String::new, |level| level.to_string())
    };
    let rows = page.into_iter().map(|person| Row {
        levels: skills.iter().map(|skill| level(person, skill)).collect(),
        href: address(&person.name),
        name: person.name.to_string(),
        display_name: person.display_name.clone(),
    });
    Ok(Page(Grid {
        rows: rows.collect(),
        tabs: tabs(t, "/people/skills"),
        roles: roles(t, &asked.role),
        queues: Choice::names(plan.queues.keys().map(|queue| queue.as_str()), &asked.queue),
        columns,
        all,
        more: more.flatten(),
        frame: who.frame(&web, Noun::People),
        asked,
    }))
}

/// What came of the cells, for the script.
#[derive(Serialize)]
pub struct Saved {
    cells: Vec<SavedCell>,
    /// For whoever typed, in their language.
    text: String,
}

#[derive(Serialize)]
struct SavedCell {
    agent: String,
    skill: String,
    saved: bool,
    /// What stands there now; empty for none.
    level: String,
}

/// Four fields for each cell, in this order: `agent`, `skill`, `was`, `level`.
fn read(pairs: &[(String, String)]) -> Option<Vec<Cell>> {
    let level = |text: &str| match text.trim() {
        "" | "0" => Some(None),
        text => text.parse().ok().filter(|level| (1..=10).contains(level)).map(Some),
    };
    let cells: Option<Vec<Cell>> = pairs
        .chunks(4)
        .map(|four| {
            let [(a, agent), (b, skill), (c, was), (d, is)] = four else { return None };
            if [a.as_str(), b, c, d] != ["agent", "skill", "was", "level"] {
                return None;
            }
            let agent = named(agent).ok()?;
            Some(Cell { agent, skill: SkillName::new(skill), was: level(was)?, level: level(is)? })
        })
        .collect();
    cells.filter(|cells| !cells.is_empty() && cells.len() <= MOST_CELLS)
}

pub async fn save(
    State(web): State<Web>,
    Admin(who): Admin,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Shown<Json<Saved>> {
    let plan = web.handle.plan(who.centre()).ok_or(PageProblem::Away)?;
    let cells = read(&pairs).ok_or(PageProblem::Invalid("skills-cell-wrong"))?;
    if cells.iter().any(|cell| cell.level.is_some() && !plan.skills.contains(&cell.skill)) {
        return Err(PageProblem::Invalid("skills-skill-gone"));
    }
    let (author, now) = (Author::Person(who.agent().clone()), web.now());
    let done = web.db.set_cells(who.centre(), &cells, &author, now).await?;
    let text = |level: Option<u8>| level.map_or_else(String::new, |level| level.to_string());
    let saved: Vec<SavedCell> = cells
        .iter()
        .zip(&done)
        .map(|(cell, done)| {
            let (saved, level) = match done {
                CellDone::Saved => (true, cell.level),
                CellDone::Stands(level) => (false, *level),
                CellDone::NoSuchPerson => (false, None),
            };
            SavedCell { agent: cell.agent.to_string(), skill: cell.skill.to_string(), saved, level: text(level) }
        })
        .collect();
    let changed: BTreeSet<&AgentName> = cells
        .iter()
        .zip(&done)
        .filter(|(cell, done)| **done == CellDone::Saved && cell.was != cell.level)
        .map(|(cell, _)| &cell.agent)
        .collect();
    let mut holds = Vec::new();
    for agent in changed {
        if let Some(person) = web.db.person(who.centre(), agent).await? {
            holds.push(assigned::assign(&web, &who, &person, Part::Skills).await);
        }
    }
    let text = in_words(&web, &who, &saved, &holds);
    Ok(Json(Saved { cells: saved, text }))
}

/// What was saved, and from when on it holds.
fn in_words(web: &Web, who: &Who, saved: &[SavedCell], holds: &[Holds]) -> String {
    let t = who.manner.t;
    let at = web.zone(who.centre()).second(web.now());
    let good = saved.iter().filter(|cell| cell.saved).count();
    let mut text = match saved {
        [one] if one.saved && one.level.is_empty() => {
            t.with_two("skills-saved-none", "agent", &one.agent, "skill", &one.skill)
        }
        [one] if one.saved => {
            t.with_two("skills-saved-one", "agent", &one.agent, "skill", format!("{} {}", one.skill, one.level))
        }
        _ => t.count("skills-saved-many", good),
    };
    if good > 0 {
        text = format!("{text} ({at})");
    }
    for kind in [Holds::AtOnce, Holds::AtNextLogin, Holds::NotTold] {
        let n = holds.iter().filter(|one| **one == kind).count();
        if n > 0 {
            text = format!("{text} · {}", t.count(kind.word(), n));
        }
    }
    if good < saved.len() {
        text = format!("{text} · {}", t.count("skills-not-saved", saved.len() - good));
    }
    text
}
