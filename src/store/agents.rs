//! `agents`, `agent_queues`, `agent_skills`: the people of a centre, what they may do, where they sit, what they can.
//! Where an agent is *now* is the core's to say, not this table's.
//!
//! What is read of them is here; what is changed, whole and guarded, is `people.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};

use super::StoreError;
use super::driver::{Change, Db, Row, values};
use crate::routing::ids::{AgentName, CentreName, QueueName, SkillName, StationAddress, SwitchName};

const TABLE: &str = "agents";
pub(super) const ADD: &str = "INSERT INTO agents (centre, agent, display_name, password_hash, role, added_ms) \
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (centre, agent) DO NOTHING";
pub(super) const REMOVE: &str = "DELETE FROM agents WHERE centre = $1 AND agent = $2";
const LIST: &str = "SELECT agent, display_name, role, switch, station, auto_answer, \
     CASE WHEN password_hash IS NULL THEN CAST(0 AS BIGINT) ELSE CAST(1 AS BIGINT) END AS has_password FROM agents \
     WHERE centre = $1 AND (CAST($2 AS TEXT) IS NULL OR agent = $2) ORDER BY agent LIMIT $3";
const QUEUES: &str =
    "SELECT agent, queue FROM agent_queues WHERE centre = $1 AND (CAST($2 AS TEXT) IS NULL OR agent = $2)";
const SKILLS: &str =
    "SELECT agent, skill, level FROM agent_skills WHERE centre = $1 AND (CAST($2 AS TEXT) IS NULL OR agent = $2)";
pub(super) const SET_PASSWORD: &str = "UPDATE agents SET password_hash = $3 WHERE centre = $1 AND agent = $2";
pub(super) const PASSWORD: &str = "SELECT password_hash FROM agents WHERE centre = $1 AND agent = $2";
pub(super) const SET_STATION: &str = "UPDATE agents SET switch = $3, station = $4 WHERE centre = $1 AND agent = $2";
pub(super) const SET_AUTO_ANSWER: &str = "UPDATE agents SET auto_answer = $3 WHERE centre = $1 AND agent = $2";
pub(super) const SET_ROLE: &str = "UPDATE agents SET role = $3, display_name = $4 WHERE centre = $1 AND agent = $2";
pub(super) const NO_QUEUES: &str = "DELETE FROM agent_queues WHERE centre = $1 AND agent = $2";
pub(super) const ADD_QUEUE: &str = "INSERT INTO agent_queues (centre, agent, queue) VALUES ($1, $2, $3)";
pub(super) const NO_SKILLS: &str = "DELETE FROM agent_skills WHERE centre = $1 AND agent = $2";
pub(super) const ADD_SKILL: &str = "INSERT INTO agent_skills (centre, agent, skill, level) VALUES ($1, $2, $3, $4)";

pub(super) const STATEMENTS: &[&str] = &[
    ADD,
    REMOVE,
    LIST,
    QUEUES,
    SKILLS,
    SET_PASSWORD,
    PASSWORD,
    SET_STATION,
    SET_AUTO_ANSWER,
    SET_ROLE,
    NO_QUEUES,
    ADD_QUEUE,
    NO_SKILLS,
    ADD_SKILL,
];

/// The most people of one centre: ten times the largest there is.
const MOST_PEOPLE: i64 = 10_000;

/// What a person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    Agent,
    Supervisor,
    Admin,
}

impl Role {
    pub const ALL: [Role; 3] = [Role::Agent, Role::Supervisor, Role::Admin];

    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Agent => "agent",
            Role::Supervisor => "supervisor",
            Role::Admin => "admin",
        }
    }
}

/// Argon2id, never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct HashedPassword(pub(super) String);

impl fmt::Debug for HashedPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashedPassword(****)")
    }
}

impl HashedPassword {
    /// Takes about 50 ms of one core and 19 MB: never on a thread that carries calls.
    ///
    /// # Errors
    /// `Refused` where the system has no random numbers, or the password is longer than 4 GB.
    pub fn of(password: &str) -> Result<Self, StoreError> {
        let hashed = Argon2::default().hash_password(password.as_bytes());
        let hashed = hashed.map_err(|error| StoreError::Refused { why: format!("no password: {error}") })?;
        Ok(Self(hashed.to_string()))
    }

    /// As slow as [`Self::of`]. A hash that cannot be read fits nothing.
    pub fn fits(&self, password: &str) -> bool {
        PasswordHash::new(&self.0)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
    }
}

/// One of the centre's people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub name: AgentName,
    pub display_name: String,
    pub role: Role,
    /// Without one nobody logs in under this name.
    pub has_password: bool,
    pub station: Option<(SwitchName, StationAddress)>,
    /// Whether their phone is asked to pick up by itself; `None`: as the queue says.
    pub auto_answer: Option<bool>,
    pub queues: BTreeSet<QueueName>,
    /// 1 to 10.
    pub skills: BTreeMap<SkillName, u8>,
}

/// From the rows of the three tables.
fn assembled(centre: &CentreName, people: &[Row], queues: &[Row], skills: &[Row]) -> Result<Vec<Person>, StoreError> {
    let mut queues_of: BTreeMap<String, BTreeSet<QueueName>> = BTreeMap::new();
    for row in queues {
        let agent = row.text("agent_queues", "agent")?;
        queues_of.entry(agent).or_default().insert(QueueName::new(row.text("agent_queues", "queue")?));
    }
    let mut skills_of: BTreeMap<String, BTreeMap<SkillName, u8>> = BTreeMap::new();
    for row in skills {
        let agent = row.text("agent_skills", "agent")?;
        let level = u8::try_from(row.number("agent_skills", "level")?)
            .map_err(|_| StoreError::Inconsistent { table: "agent_skills", id: format!("{centre}/{agent}") })?;
        skills_of.entry(agent).or_default().insert(SkillName::new(row.text("agent_skills", "skill")?), level);
    }
    let read = |row: &Row| {
        let name = row.text(TABLE, "agent")?;
        let word = row.text(TABLE, "role")?;
        let role = Role::ALL.into_iter().find(|role| role.as_str() == word);
        let station = row.maybe_text(TABLE, "switch")?.zip(row.maybe_text(TABLE, "station")?);
        Ok(Person {
            display_name: row.text(TABLE, "display_name")?,
            role: role.ok_or_else(|| StoreError::Inconsistent { table: TABLE, id: format!("{centre}/{name}") })?,
            has_password: row.number(TABLE, "has_password")? == 1,
            station: station.map(|(switch, station)| (SwitchName::new(switch), StationAddress::new(station))),
            auto_answer: row.maybe_number(TABLE, "auto_answer")?.map(|asked| asked == 1),
            queues: queues_of.remove(&name).unwrap_or_default(),
            skills: skills_of.remove(&name).unwrap_or_default(),
            name: AgentName::new(name),
        })
    };
    people.iter().map(read).collect()
}

impl Db {
    /// By name.
    pub async fn people(&self, centre: &CentreName) -> Result<Vec<Person>, StoreError> {
        self.people_named(centre, None).await
    }

    pub async fn person(&self, centre: &CentreName, agent: &AgentName) -> Result<Option<Person>, StoreError> {
        Ok(self.people_named(centre, Some(agent)).await?.into_iter().next())
    }

    async fn people_named(&self, centre: &CentreName, one: Option<&AgentName>) -> Result<Vec<Person>, StoreError> {
        let one = one.map(|agent| agent.as_str());
        let queues = self.rows(QUEUES, values![centre.as_str(), one]).await?;
        let skills = self.rows(SKILLS, values![centre.as_str(), one]).await?;
        let people = self.rows(LIST, values![centre.as_str(), one, MOST_PEOPLE]).await?;
        assembled(centre, &people, &queues, &skills)
    }

    /// `None` where there is no such person, or no password: compare with something all the same, so that the time it
    /// takes does not tell.
    pub async fn password(&self, centre: &CentreName, agent: &AgentName) -> Result<Option<HashedPassword>, StoreError> {
        let row = self.row(PASSWORD, values![centre.as_str(), agent.as_str()]).await?;
        let hash = row.map(|row| row.maybe_text(TABLE, "password_hash")).transpose()?.flatten();
        Ok(hash.map(HashedPassword))
    }
}

/// As the transaction sees them.
pub(super) async fn seen(
    change: &mut Change,
    centre: &CentreName,
    agent: &AgentName,
) -> Result<Option<Person>, StoreError> {
    let queues = change.rows(QUEUES, values![centre.as_str(), agent.as_str()]).await?;
    let skills = change.rows(SKILLS, values![centre.as_str(), agent.as_str()]).await?;
    let people = change.rows(LIST, values![centre.as_str(), agent.as_str(), 1_i64]).await?;
    Ok(assembled(centre, &people, &queues, &skills)?.into_iter().next())
}

/// What the audit says of a person.
pub(super) fn told(person: &Person) -> serde_json::Value {
    let (switch, station) = person.station.clone().unzip();
    serde_json::json!({
        "display_name": person.display_name, "role": person.role.as_str(), "has_password": person.has_password,
        "switch": switch, "station": station, "auto_answer": person.auto_answer, "queues": person.queues, "skills": person.skills,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_fits_itself_and_shows_nowhere() {
        let hashed = HashedPassword::of("correct horse").expect("hashed");
        assert!(hashed.fits("correct horse"));
        assert!(!hashed.fits("correct horse "));
        assert_eq!(format!("{hashed:?}"), "HashedPassword(****)");
        assert!(!HashedPassword("nonsense".into()).fits("nonsense"));
    }
}
