//! What somebody changes of a centre's people: whole or not at all, against what they had seen, and with its rows in the
//! audit. One writer of a centre waits for the other here, so that what is checked still holds when it is written.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use super::agents::{
    ADD, ADD_QUEUE, ADD_SKILL, HashedPassword, NO_QUEUES, NO_SKILLS, PASSWORD, Person, REMOVE, Role, SET_AUTO_ANSWER,
    SET_PASSWORD, SET_ROLE, SET_STATION, seen, told,
};
use super::audit::{self, Author, Done};
use super::counted::{self, Counted};
use super::driver::{Change, Db, values};
use super::{StoreError, sessions};
use crate::calendar::Moment;
use crate::routing::ids::{AgentName, CentreName, QueueName, SkillName, StationAddress, SwitchName};

const OTHER_ADMINS: &str = "SELECT COUNT(*) AS n FROM agents \
     WHERE centre = $1 AND agent <> $2 AND role = 'admin' AND password_hash IS NOT NULL";
const SET_SKILL: &str = "INSERT INTO agent_skills (centre, agent, skill, level) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (centre, agent, skill) DO UPDATE SET level = excluded.level";
const NO_SKILL: &str = "DELETE FROM agent_skills WHERE centre = $1 AND agent = $2 AND skill = $3";

pub(super) const STATEMENTS: &[&str] = &[OTHER_ADMINS, SET_SKILL, NO_SKILL];

/// Phones and their switch.
pub type Station = (SwitchName, StationAddress);

/// What is wanted of a person; `None` leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub display_name: Option<String>,
    pub role: Option<Role>,
    /// `Some(None)`: none from now on.
    pub station: Option<Option<Station>>,
    /// Whether the phone is asked to pick up by itself. `Some(None)`: as the queue says.
    pub auto_answer: Option<Option<bool>>,
    pub queues: Option<BTreeSet<QueueName>>,
    /// With their levels, 1 to 10.
    pub skills: Option<BTreeMap<SkillName, u8>>,
    /// `Some(None)`: none, and nobody logs in under this name.
    pub password: Option<Option<HashedPassword>>,
}

/// A person as somebody saw them, in short: another one means that somebody else has changed them since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp(String);

impl Stamp {
    /// As a form brought it back.
    pub fn given(text: &str) -> Self {
        Self(text.to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The password's hash is in it, of which it shows nothing: a new password is a change too.
    fn of(person: &Person, password: Option<&str>) -> Self {
        let seen = json!([told(person), password]).to_string();
        let hash = super::sessions::hexadecimal(&Sha256::digest(seen));
        Self(hash.chars().take(32).collect())
    }
}

/// What has to hold besides, for whoever asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guard {
    /// The person as the asker saw them.
    pub seen: Option<Stamp>,
    /// Whether at least one admin who can log in must be left.
    pub keeps_an_admin: bool,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Changed,
    /// It was so already, as when a form is sent twice.
    AsItWas,
    /// Somebody else was faster: nothing was changed.
    SeenOtherwise,
    /// Nobody could look after the centre any more: nothing was changed.
    LastAdmin,
}

/// One cell of the grid of skills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    pub agent: AgentName,
    pub skill: SkillName,
    /// What stood there for whoever typed.
    pub was: Option<u8>,
    /// 1 to 10; `None` takes the skill away.
    pub level: Option<u8>,
}

/// What came of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellDone {
    Saved,
    /// Somebody else was faster; this stands there.
    Stands(Option<u8>),
    NoSuchPerson,
}

fn station_shown(station: Option<&Station>) -> Json {
    station.map_or(Json::Null, |(switch, station)| json!({ "switch": switch, "station": station }))
}

/// A change under way: the transaction, and what its rows in the audit say.
struct Writing<'a> {
    change: Change,
    centre: &'a CentreName,
    author: &'a Author,
    at: Moment,
}

impl Writing<'_> {
    async fn tell(
        &mut self,
        what: &'static str,
        agent: &AgentName,
        before: Json,
        after: Json,
    ) -> Result<(), StoreError> {
        let some = |value: Json| Some(value).filter(|value| !value.is_null());
        let (at, who, subject) = (self.at, self.author.clone(), format!("agent:{agent}"));
        let done = Done { at, who, what, subject, before: some(before), after: some(after) };
        audit::write(&mut self.change, self.centre, done).await
    }

    async fn password_hash(&mut self, who: &AgentName) -> Result<Option<String>, StoreError> {
        let rows = self.change.rows(PASSWORD, values![self.centre.as_str(), who.as_str()]).await?;
        rows.first().map(|row| row.maybe_text("agents", "password_hash")).transpose().map(Option::flatten)
    }

    /// Whether this is the last admin who can log in.
    async fn is_last_admin(&mut self, person: &Person) -> Result<bool, StoreError> {
        if person.role != Role::Admin || !person.has_password {
            return Ok(false);
        }
        let rows = self.change.rows(OTHER_ADMINS, values![self.centre.as_str(), person.name.as_str()]).await?;
        let others = rows.first().map(|row| row.number("agents", "n")).transpose()?;
        Ok(others.unwrap_or(0) == 0)
    }

    async fn put_queues(&mut self, who: &AgentName, queues: &BTreeSet<QueueName>) -> Result<(), StoreError> {
        self.change.execute(NO_QUEUES, values![self.centre.as_str(), who.as_str()]).await?;
        for queue in queues {
            self.change.execute(ADD_QUEUE, values![self.centre.as_str(), who.as_str(), queue.as_str()]).await?;
        }
        Ok(())
    }

    async fn put_skills(&mut self, who: &AgentName, skills: &BTreeMap<SkillName, u8>) -> Result<(), StoreError> {
        self.change.execute(NO_SKILLS, values![self.centre.as_str(), who.as_str()]).await?;
        for (skill, level) in skills {
            let values = values![self.centre.as_str(), who.as_str(), skill.as_str(), i64::from(*level)];
            self.change.execute(ADD_SKILL, values).await?;
        }
        Ok(())
    }

    async fn put_station(&mut self, who: &AgentName, station: Option<&Station>) -> Result<(), StoreError> {
        let (switch, address) = station.map(|(switch, address)| (switch.as_str(), address.as_str())).unzip();
        let values = values![self.centre.as_str(), who.as_str(), switch, address];
        self.change.execute(SET_STATION, values).await.map(drop)
    }

    async fn put_auto_answer(&mut self, who: &AgentName, asked: Option<bool>) -> Result<(), StoreError> {
        let values = values![self.centre.as_str(), who.as_str(), asked.map(i64::from)];
        self.change.execute(SET_AUTO_ANSWER, values).await.map(drop)
    }

    /// What differs, each with its row in the audit.
    async fn put(&mut self, before: &Person, after: &Person, wanted: &Wanted) -> Result<(), StoreError> {
        let who = &before.name;
        let person =
            |of: &Person| json!({ "display_name": of.display_name, "role": of.role.as_str(), "queues": of.queues });
        if person(after) != person(before) {
            let values = values![self.centre.as_str(), who.as_str(), after.role.as_str(), after.display_name.as_str()];
            self.change.execute(SET_ROLE, values).await?;
            self.put_queues(who, &after.queues).await?;
            let (was, is) = differing(&person(before), &person(after));
            self.tell("agent.role", who, was, is).await?;
        }
        if after.station != before.station {
            self.put_station(who, after.station.as_ref()).await?;
            let (was, is) = (station_shown(before.station.as_ref()), station_shown(after.station.as_ref()));
            self.tell("agent.station", who, was, is).await?;
        }
        if after.auto_answer != before.auto_answer {
            self.put_auto_answer(who, after.auto_answer).await?;
            let shown = |of: &Person| json!({ "auto_answer": of.auto_answer });
            self.tell("agent.station", who, shown(before), shown(after)).await?;
        }
        if after.skills != before.skills {
            self.put_skills(who, &after.skills).await?;
            let (was, is) = differing(&json!(before.skills), &json!(after.skills));
            self.tell("agent.skills", who, was, is).await?;
        }
        if let Some(password) = wanted.password.as_ref().filter(|new| new.is_some() || before.has_password) {
            let hash = password.as_ref().map(|password| password.0.as_str());
            self.change.execute(SET_PASSWORD, values![self.centre.as_str(), who.as_str(), hash]).await?;
            // Whoever had the old one is not let go on with it.
            self.change.execute(sessions::END_ALL, values![self.centre.as_str(), who.as_str()]).await?;
            let (was, is) = (json!({ "password": before.has_password }), json!({ "password": hash.is_some() }));
            self.tell("agent.password", who, was, is).await?;
        }
        Ok(())
    }

    async fn over(self, answer: Answer) -> Result<Answer, StoreError> {
        self.change.commit().await.map(|()| answer)
    }
}

impl Wanted {
    fn of(&self, before: &Person) -> Person {
        let mut after = before.clone();
        after.display_name = self.display_name.clone().unwrap_or(after.display_name);
        after.role = self.role.unwrap_or(after.role);
        after.queues = self.queues.clone().unwrap_or(after.queues);
        after.station = self.station.clone().unwrap_or(after.station);
        after.auto_answer = self.auto_answer.unwrap_or(after.auto_answer);
        after.skills = self.skills.clone().unwrap_or(after.skills);
        after
    }

    /// Whether this would leave everything as it is. A new password never does: one cannot be held against the other.
    fn is_nothing(&self, before: &Person) -> bool {
        let password = match &self.password {
            None => true,
            Some(None) => !before.has_password,
            Some(Some(_)) => false,
        };
        password && self.of(before) == *before
    }
}

/// Of two objects, what is not the same in both.
fn differing(before: &Json, after: &Json) -> (Json, Json) {
    let part = |of: &Json, other: &Json| {
        let all = of.as_object().into_iter().flatten().filter(|(name, value)| other.get(name) != Some(value));
        Json::Object(all.map(|(name, value)| (name.clone(), value.clone())).collect())
    };
    (part(before, after), part(after, before))
}

impl Db {
    async fn writing<'a>(
        &self,
        centre: &'a CentreName,
        author: &'a Author,
        at: Moment,
    ) -> Result<Writing<'a>, StoreError> {
        let mut change = self.begin().await?;
        counted::hold(&mut change, centre, Counted::Audit).await?;
        Ok(Writing { change, centre, author, at })
    }

    /// A person, and the stamp that a change of them has to bring.
    pub async fn stamped_person(
        &self,
        centre: &CentreName,
        agent: &AgentName,
    ) -> Result<Option<(Person, Stamp)>, StoreError> {
        let Some(person) = self.person(centre, agent).await? else { return Ok(None) };
        let password = self.password(centre, agent).await?;
        let stamp = Stamp::of(&person, password.as_ref().map(|password| password.0.as_str()));
        Ok(Some((person, stamp)))
    }

    /// A new person with all that is wanted.
    ///
    /// # Errors
    /// `Exists` where the name is taken: nothing was changed.
    pub async fn engage(
        &self,
        centre: &CentreName,
        agent: &AgentName,
        wanted: &Wanted,
        author: &Author,
        at: Moment,
    ) -> Result<(), StoreError> {
        let mut writing = self.writing(centre, author, at).await?;
        let display_name = wanted.display_name.as_deref().unwrap_or(agent.as_str());
        let role = wanted.role.unwrap_or(Role::Agent);
        let password = wanted.password.as_ref().and_then(|password| password.as_ref()).map(|hash| hash.0.as_str());
        let values = values![centre.as_str(), agent.as_str(), display_name, password, role.as_str(), at];
        if writing.change.execute(ADD, values).await? != 1 {
            writing.over(Answer::AsItWas).await?;
            return Err(StoreError::Exists { what: "agent", name: agent.to_string() });
        }
        if let Some(queues) = &wanted.queues {
            writing.put_queues(agent, queues).await?;
        }
        if let Some(skills) = &wanted.skills {
            writing.put_skills(agent, skills).await?;
        }
        if let Some(Some(station)) = &wanted.station {
            writing.put_station(agent, Some(station)).await?;
        }
        if let Some(Some(asked)) = wanted.auto_answer {
            writing.put_auto_answer(agent, Some(asked)).await?;
        }
        let added = seen(&mut writing.change, centre, agent).await?;
        let added = added.as_ref().map_or(Json::Null, told);
        writing.tell("agent.added", agent, Json::Null, added).await?;
        writing.change.commit().await
    }

    /// # Errors
    /// `Missing` where there is none of that name.
    pub async fn change_person(
        &self,
        centre: &CentreName,
        agent: &AgentName,
        wanted: &Wanted,
        guard: &Guard,
        author: &Author,
        at: Moment,
    ) -> Result<Answer, StoreError> {
        let mut writing = self.writing(centre, author, at).await?;
        let missing = || StoreError::Missing { what: "agent", name: agent.to_string() };
        let person = seen(&mut writing.change, centre, agent).await?.ok_or_else(missing)?;
        let hash = writing.password_hash(agent).await?;
        if wanted.is_nothing(&person) {
            return writing.over(Answer::AsItWas).await;
        }
        if guard.seen.as_ref().is_some_and(|seen| *seen != Stamp::of(&person, hash.as_deref())) {
            return writing.over(Answer::SeenOtherwise).await;
        }
        let demoted = wanted.role.is_some_and(|role| role != Role::Admin) || matches!(wanted.password, Some(None));
        if guard.keeps_an_admin && demoted && writing.is_last_admin(&person).await? {
            return writing.over(Answer::LastAdmin).await;
        }
        writing.put(&person, &wanted.of(&person), wanted).await?;
        writing.over(Answer::Changed).await
    }

    /// With queues, skills and sessions; what the person did stays.
    ///
    /// # Errors
    /// `Missing` where there is none of that name.
    pub async fn dismiss(
        &self,
        centre: &CentreName,
        agent: &AgentName,
        guard: &Guard,
        author: &Author,
        at: Moment,
    ) -> Result<Answer, StoreError> {
        let mut writing = self.writing(centre, author, at).await?;
        let missing = || StoreError::Missing { what: "agent", name: agent.to_string() };
        let person = seen(&mut writing.change, centre, agent).await?.ok_or_else(missing)?;
        if guard.keeps_an_admin && writing.is_last_admin(&person).await? {
            return writing.over(Answer::LastAdmin).await;
        }
        let hash = writing.password_hash(agent).await?;
        if guard.seen.as_ref().is_some_and(|seen| *seen != Stamp::of(&person, hash.as_deref())) {
            return writing.over(Answer::SeenOtherwise).await;
        }
        writing.change.execute(REMOVE, values![centre.as_str(), agent.as_str()]).await?;
        writing.tell("agent.removed", agent, told(&person), Json::Null).await?;
        writing.over(Answer::Changed).await
    }

    /// Cells of the grid of skills, each on its own: one that somebody else has changed does not keep back the others.
    pub async fn set_cells(
        &self,
        centre: &CentreName,
        cells: &[Cell],
        author: &Author,
        at: Moment,
    ) -> Result<Vec<CellDone>, StoreError> {
        let mut writing = self.writing(centre, author, at).await?;
        let mut people: BTreeMap<&AgentName, Option<(Person, Person)>> = BTreeMap::new();
        for cell in cells {
            if !people.contains_key(&cell.agent) {
                let person = seen(&mut writing.change, centre, &cell.agent).await?;
                people.insert(&cell.agent, person.map(|person| (person.clone(), person)));
            }
        }
        let mut done = Vec::with_capacity(cells.len());
        for Cell { agent, skill, was, level } in cells {
            let Some(Some((_, person))) = people.get_mut(agent) else {
                done.push(CellDone::NoSuchPerson);
                continue;
            };
            let stands = person.skills.get(skill).copied();
            if stands != *was && stands != *level {
                done.push(CellDone::Stands(stands));
                continue;
            }
            done.push(CellDone::Saved);
            match level {
                _ if stands == *level => {}
                Some(level) => {
                    let values = values![centre.as_str(), agent.as_str(), skill.as_str(), i64::from(*level)];
                    writing.change.execute(SET_SKILL, values).await?;
                    person.skills.insert(skill.clone(), *level);
                }
                None => {
                    let values = values![centre.as_str(), agent.as_str(), skill.as_str()];
                    writing.change.execute(NO_SKILL, values).await?;
                    person.skills.remove(skill);
                }
            }
        }
        for (agent, (before, after)) in people.into_iter().filter_map(|(agent, both)| Some((agent, both?))) {
            let (was, is) = differing(&json!(before.skills), &json!(after.skills));
            if was != is {
                writing.tell("agent.skills", agent, was, is).await?;
            }
        }
        writing.change.commit().await?;
        Ok(done)
    }
}
