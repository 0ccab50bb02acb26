//! An agent's session: from logging in at a phone to logging out.
//!
//! What a login does not say is read from the people of the centre; one that says all needs no database, so that a
//! shift can begin without it.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;

use super::agents::tell;
use super::answer::{Answer, Problem};
use super::asker::Asker;
use super::body::{Body, OfAgent};
use crate::controller::Handle;
use crate::routing::Input;
use crate::routing::ids::{QueueName, SkillName, StationAddress, SwitchName};
use crate::routing::people::MOST_QUEUES_OF_AN_AGENT;
use crate::routing::view::AgentSeen;
use crate::web::Web;

/// The longest address of a phone.
const LONGEST_STATION: usize = 80;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    station: Option<StationAddress>,
    switch: Option<SwitchName>,
    queues: Option<BTreeSet<QueueName>>,
    /// With their levels, 1 to 10.
    skills: Option<BTreeMap<SkillName, u8>>,
    /// Whether the phone is asked to pick up by itself; else as it is for the person, or as the queue says.
    auto_answer: Option<bool>,
}

/// Logs in; again at the same phone takes over other queues and skills.
pub async fn create(State(web): State<Web>, of: OfAgent, Body(login): Body<Login>) -> Answer<Json<AgentSeen>> {
    let input = input(&web, &of, login).await?;
    tell(web.handle.clone(), of, input).await
}

pub async fn end(State(handle): State<Handle>, of: OfAgent) -> Answer<Json<AgentSeen>> {
    let input = Input::AgentLoggedOut { agent: of.agent.clone(), by: of.by.clone(), why: of.why.clone() };
    tell(handle, of, input).await
}

async fn input(web: &Web, of: &OfAgent, login: Login) -> Answer<Input> {
    let Login { mut station, mut switch, mut queues, mut skills, mut auto_answer } = login;
    if let (None, [only]) = (&switch, web.switches.as_slice()) {
        switch = Some(only.clone());
    }
    if station.is_none() || switch.is_none() || queues.is_none() || skills.is_none() {
        if !web.directories.names().any(|name| *name == of.centre) {
            return Err(Problem::NotFound(format!("there is no centre {}", of.centre)));
        }
        let person = web.db.person(&of.centre, &of.agent).await?;
        let person = person.ok_or_else(|| {
            let them = &of.agent;
            Problem::NotFound(format!(
                "there is nobody called {them}: add them (`cordboard user add`), or give station, queues and skills"
            ))
        })?;
        let (home, phone) = person.station.unzip();
        // A station is an address on its own switch: the two are taken together, or not at all.
        if station.is_none() {
            station = phone;
            switch = home.or(switch);
        }
        queues = queues.or(Some(person.queues));
        skills = skills.or(Some(person.skills));
        auto_answer = auto_answer.or(person.auto_answer);
    }
    let needed = |what: &str| Problem::Invalid(format!("{what} is given neither here nor for {}", of.agent));
    let station = StationAddress::typed(station.ok_or_else(|| needed("station"))?.as_str());
    if !is_station(station.as_str()) {
        return Err(Problem::Invalid("a station is an address on the switch, as PJSIP/1001 or user/1001, or tel: and the number of a telephone outside".into()));
    }
    let skills = skills.unwrap_or_default();
    if let Some((skill, level)) = skills.iter().find(|(_, level)| !(1..=10).contains(*level)) {
        return Err(Problem::Invalid(format!("the level of {skill} is {level}; levels are 1 to 10")));
    }
    let queues = queues.unwrap_or_default();
    if queues.len() > MOST_QUEUES_OF_AN_AGENT || skills.len() > MOST_QUEUES_OF_AN_AGENT {
        return Err(Problem::Invalid(format!("an agent has at most {MOST_QUEUES_OF_AN_AGENT} queues and skills")));
    }
    let switch = switch.ok_or_else(|| needed("switch"))?;
    at_their_own(web, of, &switch, &station).await?;
    let (agent, by) = (of.agent.clone(), of.by.clone());
    Ok(Input::AgentLoggedIn { agent, station, switch, queues, skills, auto_answer, by })
}

/// A key that was stolen must not make any number of the world somebody's phone: it seats people at the station that
/// they have by `cordboard user` or an admin's page, and nowhere else.
async fn at_their_own(web: &Web, of: &OfAgent, switch: &SwitchName, station: &StationAddress) -> Answer<()> {
    match &of.asker {
        Asker::House => Ok(()),
        Asker::Key(_) => {
            let theirs = web.db.person(&of.centre, &of.agent).await?.and_then(|person| person.station);
            if theirs.is_some_and(|(home, phone)| home == *switch && phone == *station) {
                return Ok(());
            }
            Err(Problem::Invalid(format!(
                "{station} is not the station of {}: a key logs people in at their own (`cordboard user set {} --station`)",
                of.agent, of.agent
            )))
        }
    }
}

/// What a switch may be told to dial as somebody's phone: one address, and nothing that its dial string gives a
/// meaning to (`&` rings a second phone, `,` begins options). Or `tel:` and the number of a telephone outside, which only
/// the centre's own `dial_out` makes an address of.
pub fn is_station(text: &str) -> bool {
    let phone = StationAddress::new(text).phone();
    let text = phone.as_str();
    if let Some(outside) = phone.outside() {
        return outside.is_ok();
    }
    let (kind, rest) = text.split_once('/').unwrap_or_default();
    text.len() <= LONGEST_STATION
        && !kind.is_empty()
        && !rest.is_empty()
        && kind.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && rest.chars().all(|c| c.is_ascii_alphanumeric() || "_-.+@:/".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_station_is_one_address() {
        for good in
            ["PJSIP/a1001", "user/1001", "user/1001@pbx.example", "SIP/1001", "PJSIP/6001/sip:6001@10.0.0.9:5060"]
        {
            assert!(is_station(good), "{good}");
        }
        for bad in
            ["", "1001", "PJSIP/", "/1001", "PJSIP/a&PJSIP/b", "PJSIP/a,30,m", "PJSIP/a\r\nAction: Logoff", "PJSIP/a b"]
        {
            assert!(!is_station(bad), "{bad}");
        }
    }
}
