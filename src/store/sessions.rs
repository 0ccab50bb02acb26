//! `sessions`: who is logged in at a page. A token is 32 bytes of chance that only the browser holds; here stands its
//! hash, so that a stolen copy of the database opens nothing.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::StoreError;
use super::agents::Role;
use super::audit::{self, Author, Done};
use super::driver::{Db, values};
use crate::calendar::Moment;
use crate::routing::ids::{AgentName, CentreName};

const TABLE: &str = "sessions";
const BEGIN: &str =
    "INSERT INTO sessions (token_hash, centre, agent, began_ms, seen_ms, ends_ms) VALUES ($1, $2, $3, $4, $5, $6)";
const FIND: &str = "SELECT s.centre, s.agent, s.began_ms, s.seen_ms, s.ends_ms, a.display_name, a.role \
     FROM sessions s JOIN agents a ON a.centre = s.centre AND a.agent = s.agent \
     WHERE s.token_hash = $1 AND s.ends_ms > $2 AND s.seen_ms > $3 AND a.password_hash IS NOT NULL";
const SEEN: &str = "UPDATE sessions SET seen_ms = $2 WHERE token_hash = $1 AND seen_ms < $2";
const END: &str = "DELETE FROM sessions WHERE token_hash = $1";
pub(super) const END_ALL: &str = "DELETE FROM sessions WHERE centre = $1 AND agent = $2";
const SWEEP: &str = "DELETE FROM sessions WHERE ends_ms <= $1 OR seen_ms <= $2";

pub(super) const STATEMENTS: &[&str] = &[BEGIN, FIND, SEEN, END, END_ALL, SWEEP];

/// From logging in: a long shift and its overtime.
pub const LONGEST: Duration = Duration::from_secs(16 * 3600);
/// Without a request; an open page keeps asking.
pub const IDLE: Duration = Duration::from_secs(4 * 3600);

/// What a browser shows to be let in. Never logged, never stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// What is stored of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TokenHash(String);

impl Token {
    const BYTES: usize = 32;

    /// # Errors
    /// `Refused` where the system has no random numbers.
    pub fn new() -> Result<Self, StoreError> {
        let mut bytes = [0; Self::BYTES];
        getrandom::fill(&mut bytes).map_err(|error| StoreError::Refused { why: format!("no session: {error}") })?;
        Ok(Self(hexadecimal(&bytes)))
    }

    /// What a browser sent; `None` where it cannot be one of ours.
    pub fn read(text: &str) -> Option<Self> {
        let good =
            text.len() == 2 * Self::BYTES && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        good.then(|| Self(text.to_owned()))
    }

    /// For the cookie, and nothing else.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    pub fn hash(&self) -> TokenHash {
        TokenHash(hexadecimal(&Sha256::digest(self.0.as_bytes())))
    }
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// One that has not ended, with the person as they are now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub centre: CentreName,
    pub agent: AgentName,
    pub display_name: String,
    pub role: Role,
    pub began: Moment,
    pub seen: Moment,
    pub ends: Moment,
}

impl Session {
    /// Who it is, over all centres.
    pub fn account(&self) -> String {
        format!("{}/{}", self.centre, self.agent)
    }
}

impl Db {
    /// `from`: the address that the audit shows.
    pub async fn begin_session(
        &self,
        token: &TokenHash,
        centre: &CentreName,
        agent: &AgentName,
        from: &str,
        now: Moment,
    ) -> Result<(), StoreError> {
        let mut change = self.begin().await?;
        change.execute(SWEEP, values![now, now - IDLE]).await?;
        let values = values![token.0.as_str(), centre.as_str(), agent.as_str(), now, now, now + LONGEST];
        change.execute(BEGIN, values).await?;
        let (who, subject) = (Author::Person(agent.clone()), format!("agent:{agent}"));
        let after = Some(serde_json::json!({ "from": from }));
        let done = Done { at: now, who, what: "session.began", subject, before: None, after };
        audit::write(&mut change, centre, done).await?;
        change.commit().await
    }

    /// `None` where there is none, it has ended, or its person may not log in any more.
    pub async fn session(&self, token: &TokenHash, now: Moment) -> Result<Option<Session>, StoreError> {
        let Some(row) = self.row(FIND, values![token.0.as_str(), now, now - IDLE]).await? else { return Ok(None) };
        let word = row.text(TABLE, "role")?;
        let role = Role::ALL.into_iter().find(|role| role.as_str() == word);
        let agent = row.text(TABLE, "agent")?;
        let role = role.ok_or_else(|| StoreError::Inconsistent { table: "agents", id: agent.clone() })?;
        Ok(Some(Session {
            centre: CentreName::new(row.text(TABLE, "centre")?),
            agent: AgentName::new(agent),
            display_name: row.text(TABLE, "display_name")?,
            role,
            began: Moment::from_ms(row.number(TABLE, "began_ms")?),
            seen: Moment::from_ms(row.number(TABLE, "seen_ms")?),
            ends: Moment::from_ms(row.number(TABLE, "ends_ms")?),
        }))
    }

    pub async fn session_seen(&self, token: &TokenHash, now: Moment) -> Result<(), StoreError> {
        self.execute(SEEN, values![token.0.as_str(), now]).await?;
        Ok(())
    }

    pub async fn end_session(&self, token: &TokenHash) -> Result<(), StoreError> {
        self.execute(END, values![token.0.as_str()]).await?;
        Ok(())
    }

    /// Everywhere this person is logged in; says how many there were.
    pub async fn end_sessions_of(&self, centre: &CentreName, agent: &AgentName) -> Result<u64, StoreError> {
        self.execute(END_ALL, values![centre.as_str(), agent.as_str()]).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_chance_and_what_cannot_be_one_is_not_looked_up() {
        let (one, other) = (Token::new().expect("chance"), Token::new().expect("chance"));
        assert!(one != other);
        assert_eq!(Token::read(one.reveal()).map(|token| token.hash()), Some(one.hash()));
        for bad in ["", "abc", &"g".repeat(64), &"A".repeat(64), &"0".repeat(65)] {
            assert!(Token::read(bad).is_none(), "{bad}");
        }
    }
}
