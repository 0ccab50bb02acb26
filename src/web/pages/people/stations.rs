//! Who sits where: the phones that people have by default, and those that are in use now.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;

use super::{Tab, address, tabs};
use crate::calendar::Moment;
use crate::routing::agent::AgentState;
use crate::routing::ids::{StationAddress, SwitchName};
use crate::store::agents::Person;
use crate::web::Web;
use crate::web::pages::frame::{Frame, Noun, Page};
use crate::web::pages::lamps::{Lamp, lamp};
use crate::web::pages::problem::Shown;
use crate::web::pages::who::Admin;
use crate::web::pages::words::clock;

#[derive(Template)]
#[template(path = "people/stations.html")]
pub struct Stations {
    frame: Frame,
    tabs: Vec<Tab>,
    rows: Vec<Row>,
    doubled: usize,
    /// People without one.
    without: Vec<Sitting>,
}

struct Row {
    station: String,
    switch: String,
    /// The configuration has this switch no more.
    gone: bool,
    at_home: Vec<Sitting>,
    now: Option<Now>,
}

struct Sitting {
    name: String,
    display_name: String,
    href: String,
}

struct Now {
    who: Sitting,
    lamp: Lamp,
    since: Moment,
    clock: String,
    /// It is somebody else's by default.
    guest: bool,
}

impl Row {
    const fn is_doubled(&self) -> bool {
        self.at_home.len() > 1
    }
}

fn sitting(person: &Person) -> Sitting {
    Sitting { name: person.name.to_string(), display_name: person.display_name.clone(), href: address(&person.name) }
}

pub async fn show(State(web): State<Web>, Admin(who): Admin) -> Shown<Page<Stations>> {
    let t = who.manner.t;
    let people = web.db.people(who.centre()).await?;
    let floor = web.handle.floor(who.centre()).await?;
    let mut rows: BTreeMap<(StationAddress, SwitchName), Row> = BTreeMap::new();
    let row = |switch: &SwitchName, station: &StationAddress| Row {
        station: station.to_string(),
        switch: switch.to_string(),
        gone: !web.switches.contains(switch),
        at_home: Vec::new(),
        now: None,
    };
    for person in &people {
        if let Some((switch, station)) = &person.station {
            let key = (station.clone(), switch.clone());
            rows.entry(key).or_insert_with(|| row(switch, station)).at_home.push(sitting(person));
        }
    }
    for agent in floor.agents.iter().filter(|agent| agent.state != AgentState::Away) {
        let key = (agent.station.clone(), agent.switch.clone());
        let here = rows.entry(key).or_insert_with(|| row(&agent.switch, &agent.station));
        let known = people.iter().find(|person| person.name == agent.name);
        let who = known.map_or_else(
            || Sitting { name: agent.name.to_string(), display_name: agent.name.to_string(), href: String::new() },
            sitting,
        );
        let at_home = here.at_home.iter().any(|sitting| sitting.name == who.name);
        here.now = Some(Now {
            who,
            lamp: lamp(t, agent.state),
            since: agent.since_ms,
            clock: clock(u64::try_from(floor.at_ms.since(agent.since_ms).as_millis()).unwrap_or(u64::MAX)),
            guest: !here.at_home.is_empty() && !at_home,
        });
    }
    let rows: Vec<Row> = rows.into_values().collect();
    Ok(Page(Stations {
        tabs: tabs(t, "/people/stations"),
        doubled: rows.iter().filter(|row| row.is_doubled()).count(),
        rows,
        without: people.iter().filter(|person| person.station.is_none()).map(sitting).collect(),
        frame: who.frame(&web, Noun::People),
    }))
}
