//! `agent_pins`: the number and the PIN by which somebody says at a keypad who they are. Of a PIN there is a hash alone, and
//! of both only that they changed is in the audit.

use std::fmt;
use std::str::FromStr;

use serde_json::json;

use super::StoreError;
use super::agents::{HashedPassword, seen};
use super::audit::{self, Author, Done};
use super::counted::{self, Counted};
use super::driver::{Db, values};
use crate::calendar::Moment;
use crate::routing::ids::{AgentName, CentreName};

const TABLE: &str = "agent_pins";
const NUMBER: &str = "SELECT number FROM agent_pins WHERE centre = $1 AND agent = $2";
const WHOSE: &str = "SELECT agent, pin_hash FROM agent_pins WHERE centre = $1 AND number = $2";
const ANY: &str = "SELECT agent FROM agent_pins WHERE centre = $1 LIMIT 1";
const SET: &str = "INSERT INTO agent_pins (centre, agent, number, pin_hash) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (centre, agent) DO UPDATE SET number = excluded.number, pin_hash = excluded.pin_hash";
const DROP: &str = "DELETE FROM agent_pins WHERE centre = $1 AND agent = $2";

pub(super) const STATEMENTS: &[&str] = &[NUMBER, WHOSE, ANY, SET, DROP];

/// As many digits as anybody remembers.
pub const LONGEST_NUMBER: usize = 8;

/// By which a person is known at a keypad: 1 to 8 digits, as on their badge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentNumber(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an agent number has 1 to {LONGEST_NUMBER} digits")]
pub struct NotAnAgentNumber;

impl FromStr for AgentNumber {
    type Err = NotAnAgentNumber;

    fn from_str(text: &str) -> Result<Self, NotAnAgentNumber> {
        let good = (1..=LONGEST_NUMBER).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        if good { Ok(Self(text.to_owned())) } else { Err(NotAnAgentNumber) }
    }
}

impl fmt::Display for AgentNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Db {
    /// `None`: there is no PIN either.
    pub async fn agent_number(
        &self,
        centre: &CentreName,
        agent: &AgentName,
    ) -> Result<Option<AgentNumber>, StoreError> {
        let row = self.row(NUMBER, values![centre.as_str(), agent.as_str()]).await?;
        row.map(|row| row.text(TABLE, "number").map(AgentNumber)).transpose()
    }

    /// Whose number it is, and what their PIN must fit. `None`: compare with something all the same.
    pub async fn pin(
        &self,
        centre: &CentreName,
        number: &AgentNumber,
    ) -> Result<Option<(AgentName, HashedPassword)>, StoreError> {
        let row = self.row(WHOSE, values![centre.as_str(), number.0.as_str()]).await?;
        let read = |row: super::driver::Row| {
            Ok((AgentName::new(row.text(TABLE, "agent")?), HashedPassword(row.text(TABLE, "pin_hash")?)))
        };
        row.map(read).transpose()
    }

    /// Whether anybody could answer at a keypad.
    pub async fn has_pins(&self, centre: &CentreName) -> Result<bool, StoreError> {
        Ok(self.row(ANY, values![centre.as_str()]).await?.is_some())
    }

    /// `None`: neither number nor PIN from now on.
    ///
    /// # Errors
    /// `Missing` where there is nobody of that name; `Exists` where somebody else has the number.
    pub async fn set_pin(
        &self,
        centre: &CentreName,
        agent: &AgentName,
        wanted: Option<(&AgentNumber, &HashedPassword)>,
        author: &Author,
        at: Moment,
    ) -> Result<(), StoreError> {
        let mut change = self.begin().await?;
        counted::hold(&mut change, centre, Counted::Audit).await?;
        if seen(&mut change, centre, agent).await?.is_none() {
            return Err(StoreError::Missing { what: "agent", name: agent.to_string() });
        }
        let before = change.row(NUMBER, values![centre.as_str(), agent.as_str()]).await?;
        let before = before.map(|row| row.text(TABLE, "number")).transpose()?;
        match wanted {
            Some((number, pin)) => {
                let holder = change.row(WHOSE, values![centre.as_str(), number.0.as_str()]).await?;
                let holder = holder.map(|row| row.text(TABLE, "agent")).transpose()?;
                if holder.is_some_and(|holder| holder != agent.as_str()) {
                    return Err(StoreError::Exists { what: "agent number", name: number.to_string() });
                }
                let values = values![centre.as_str(), agent.as_str(), number.0.as_str(), pin.0.as_str()];
                change.execute(SET, values).await?;
            }
            None if before.is_none() => return Ok(()),
            None => drop(change.execute(DROP, values![centre.as_str(), agent.as_str()]).await?),
        }
        let after = wanted.map(|(number, _)| number.to_string());
        let shown = |number: Option<String>| Some(json!({ "number": number, "pin": number.is_some() }));
        let (who, subject) = (author.clone(), format!("agent:{agent}"));
        let (before, after) = (shown(before), shown(after));
        audit::write(&mut change, centre, Done { at, who, what: "agent.pin", subject, before, after }).await?;
        change.commit().await
    }
}
