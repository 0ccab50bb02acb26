//! The list: everybody, by name, or those that the address bar chooses.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Query, State};
use percent_encoding::utf8_percent_encode;
use serde::Deserialize;

use super::{Tab, address, roles, tabs};
use crate::routing::ids::{AgentName, QueueName, SkillName};
use crate::routing::view::AgentSeen;
use crate::store::agents::Person;
use crate::web::Web;
use crate::web::pages::choice::Choice;
use crate::web::pages::frame::{Frame, Noun, Page, role_word};
use crate::web::pages::lamps::{Lamp, lamp};
use crate::web::pages::login::IN_QUERY;
use crate::web::pages::problem::{PageProblem, Shown};
use crate::web::pages::who::Admin;

/// Rows of a page.
const ROWS: usize = 100;

/// What the address bar asks for.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Asked {
    /// A part of the name, or of what others see.
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub role: String,
    #[serde(default)]
    pub queue: String,
    #[serde(default)]
    pub skill: String,
    /// The last name of the page before.
    #[serde(default)]
    pub after: String,
    /// What was just done: a word of ours, shown once.
    #[serde(default)]
    pub said: String,
}

impl Asked {
    pub fn is_anything(&self) -> bool {
        [&self.name, &self.role, &self.queue, &self.skill].into_iter().any(|part| !part.trim().is_empty())
    }

    pub fn chooses(&self, person: &Person) -> bool {
        let part = self.name.trim().to_lowercase();
        let fits = |text: &str| text.to_lowercase().contains(&part);
        (part.is_empty() || fits(person.name.as_str()) || fits(&person.display_name))
            && (self.role.is_empty() || person.role.as_str() == self.role)
            && (self.queue.is_empty() || person.queues.contains(&QueueName::new(&self.queue)))
            && (self.skill.is_empty() || person.skills.contains_key(&SkillName::new(&self.skill)))
    }

    /// The same question from this name on.
    pub fn address(&self, path: &str, after: &AgentName) -> String {
        let parts = [
            ("name", self.name.as_str()),
            ("role", &self.role),
            ("queue", &self.queue),
            ("skill", &self.skill),
            ("after", after.as_str()),
        ];
        let parts = parts.into_iter().filter(|(_, value)| !value.is_empty());
        let parts: Vec<String> =
            parts.map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, IN_QUERY))).collect();
        format!("{path}?{}", parts.join("&"))
    }
}

#[derive(Template)]
#[template(path = "people/list.html")]
pub struct List {
    frame: Frame,
    tabs: Vec<Tab>,
    asked: Asked,
    said: Option<String>,
    roles: Vec<Choice>,
    queues: Vec<Choice>,
    skills: Vec<Choice>,
    all: usize,
    found: usize,
    rows: Vec<Row>,
    more: Option<String>,
}

struct Row {
    href: String,
    name: String,
    display_name: String,
    role: String,
    has_password: bool,
    station: String,
    queues: Vec<String>,
    skills: Vec<(String, u8)>,
    /// At work now.
    lamp: Option<Lamp>,
}

pub async fn show(State(web): State<Web>, Admin(who): Admin, Query(asked): Query<Asked>) -> Shown<Page<List>> {
    let t = who.manner.t;
    let plan = web.handle.plan(who.centre()).ok_or(PageProblem::Away)?;
    let people = web.db.people(who.centre()).await?;
    let floor = web.hub().floors.of(&web.handle, who.centre()).await?;
    let seen: BTreeMap<&AgentName, &AgentSeen> = floor.agents.iter().map(|agent| (&agent.name, agent)).collect();
    let all = people.len();
    let chosen: Vec<Person> = people.into_iter().filter(|person| asked.chooses(person)).collect();
    let found = chosen.len();
    let mut page: Vec<Person> =
        chosen.into_iter().filter(|person| person.name.as_str() > asked.after.as_str()).take(ROWS + 1).collect();
    let more = (page.len() > ROWS).then(|| {
        page.truncate(ROWS);
        page.last().map(|last| asked.address("/people", &last.name))
    });
    let rows = page.into_iter().map(|person| Row {
        href: address(&person.name),
        role: t.say(role_word(person.role)),
        has_password: person.has_password,
        station: person.station.map_or_else(String::new, |(_, station)| station.to_string()),
        queues: person.queues.iter().map(ToString::to_string).collect(),
        skills: person.skills.iter().map(|(skill, level)| (skill.to_string(), *level)).collect(),
        lamp: seen.get(&person.name).map(|agent| lamp(t, agent.state)),
        name: person.name.to_string(),
        display_name: person.display_name,
    });
    Ok(Page(List {
        tabs: tabs(t, "/people"),
        said: (asked.said == "removed").then(|| t.say("people-removed")),
        roles: roles(t, &asked.role),
        queues: Choice::names(plan.queues.keys().map(|queue| queue.as_str()), &asked.queue),
        skills: Choice::names(plan.skills.iter().map(|skill| skill.as_str()), &asked.skill),
        all,
        found,
        rows: rows.collect(),
        more: more.flatten(),
        frame: who.frame(&web, Noun::People),
        asked,
    }))
}
