//! `keys`: what programs bring to be let in, one centre's each, with scopes. Of a secret only its hash is kept.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use super::StoreError;
use super::driver::{Db, Row, values};
use crate::calendar::Moment;
use crate::routing::ids::CentreName;

const TABLE: &str = "keys";
const ADD: &str = "INSERT INTO keys (centre, id, name, secret_hash, scopes, made_ms, made_by, ends_ms) \
     SELECT $1, $2, $3, $4, $5, $6, $7, CAST($8 AS BIGINT) \
     WHERE (SELECT COUNT(*) FROM keys WHERE centre = $1 AND revoked_ms IS NULL) < $9";
const READ: &str = "SELECT centre, id, name, secret_hash, scopes, made_ms, made_by, last_used_ms, ends_ms, revoked_ms \
     FROM keys WHERE id = $1";
const LIST: &str = "SELECT centre, id, name, secret_hash, scopes, made_ms, made_by, last_used_ms, ends_ms, revoked_ms \
     FROM keys WHERE centre = $1 ORDER BY made_ms DESC, id LIMIT $2";
const REVOKE: &str = "UPDATE keys SET revoked_ms = $3 WHERE centre = $1 AND id = $2 AND revoked_ms IS NULL";
const USED: &str = "UPDATE keys SET last_used_ms = $3 WHERE centre = $1 AND id = $2";

pub(super) const STATEMENTS: &[&str] = &[ADD, READ, LIST, REVOKE, USED];

/// The most keys of one centre that are not revoked: a key for each program there is, and then some.
pub const MOST_KEYS: i64 = 200;
/// The most that are listed, revoked ones included.
const MOST_LISTED: i64 = 1_000;

const ID_BYTES: usize = 6;
const SECRET_BYTES: usize = 32;

/// One thing that a key may do, as `calls:read`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    FloorRead,
    AgentsWrite,
    CallsRead,
    CallsDial,
    CustomersRead,
    CustomersWrite,
    CasesRead,
    CasesWrite,
    EventsRead,
    HooksWrite,
    ReportsRead,
    VersionsWrite,
    EmergencyWrite,
}

impl Scope {
    pub const ALL: [Scope; 13] = [
        Scope::FloorRead,
        Scope::AgentsWrite,
        Scope::CallsRead,
        Scope::CallsDial,
        Scope::CustomersRead,
        Scope::CustomersWrite,
        Scope::CasesRead,
        Scope::CasesWrite,
        Scope::EventsRead,
        Scope::HooksWrite,
        Scope::ReportsRead,
        Scope::VersionsWrite,
        Scope::EmergencyWrite,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Scope::FloorRead => "floor:read",
            Scope::AgentsWrite => "agents:write",
            Scope::CallsRead => "calls:read",
            Scope::CallsDial => "calls:dial",
            Scope::CustomersRead => "customers:read",
            Scope::CustomersWrite => "customers:write",
            Scope::CasesRead => "cases:read",
            Scope::CasesWrite => "cases:write",
            Scope::EventsRead => "events:read",
            Scope::HooksWrite => "hooks:write",
            Scope::ReportsRead => "reports:read",
            Scope::VersionsWrite => "versions:write",
            Scope::EmergencyWrite => "emergency:write",
        }
    }

    /// What it opens, for whoever gives a key away.
    pub const fn meaning(self) -> &'static str {
        match self {
            Scope::FloorRead => "queues, agents and their states, as they are now",
            Scope::AgentsWrite => "log agents in and out, breaks, the ends of calls and wrap-up",
            Scope::CallsRead => "calls, live and kept, with callers' numbers and names",
            Scope::CallsDial => "have an agent's phone call a number",
            Scope::CustomersRead => "customers' records",
            Scope::CustomersWrite => "change customers' records",
            Scope::CasesRead => "cases",
            Scope::CasesWrite => "open and change cases",
            Scope::EventsRead => "everything that happens, live, with callers' numbers and names",
            Scope::HooksWrite => "have events sent to addresses elsewhere",
            Scope::ReportsRead => "reports",
            Scope::VersionsWrite => "publish what stands in the centre's directory",
            Scope::EmergencyWrite => "switch emergency messages on and off",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Scope::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or_else(|| {
            let all: Vec<&str> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
            format!("{text:?} is no scope; there are {}", all.join(", "))
        })
    }
}

/// What a program brings: `cb_<id>_<secret>`. Shown once, and kept nowhere.
pub struct Token {
    id: String,
    secret: String,
}

impl Token {
    /// # Errors
    /// `Refused` where the system has no random numbers.
    pub fn new() -> Result<Self, StoreError> {
        let mut chance = [0; ID_BYTES + SECRET_BYTES];
        let refused = |error: getrandom::Error| StoreError::Refused { why: format!("no key: {error}") };
        getrandom::fill(&mut chance).map_err(refused)?;
        let (id, secret) = chance.split_at(ID_BYTES);
        Ok(Self { id: hex(id), secret: hex(secret) })
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    /// The whole of it, for the one who is to have it.
    pub fn reveal(&self) -> String {
        format!("cb_{}_{}", self.id, self.secret)
    }

    fn hash(&self) -> String {
        hex(&Sha256::digest(self.secret.as_bytes()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cb_{}_****", self.id)
    }
}

/// The text is no key of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAToken;

impl FromStr for Token {
    type Err = NotAToken;

    fn from_str(text: &str) -> Result<Self, NotAToken> {
        let (id, secret) = text.strip_prefix("cb_").and_then(|rest| rest.split_once('_')).ok_or(NotAToken)?;
        let is_hex = |text: &str, bytes: usize| {
            text.len() == 2 * bytes && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        let good = is_hex(id, ID_BYTES) && is_hex(secret, SECRET_BYTES);
        if good { Ok(Self { id: id.to_owned(), secret: secret.to_owned() }) } else { Err(NotAToken) }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        for nibble in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(nibble), 16));
        }
        text
    })
}

/// A key as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptKey {
    pub centre: CentreName,
    pub id: String,
    pub name: String,
    hash: String,
    pub scopes: BTreeSet<Scope>,
    pub made: Moment,
    pub made_by: String,
    /// To within some minutes.
    pub last_used: Option<Moment>,
    pub ends: Option<Moment>,
    pub revoked: Option<Moment>,
}

impl fmt::Debug for KeptKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key {} of {}", self.id, self.centre)
    }
}

impl KeptKey {
    /// Whether this is what it was made with. What is compared are hashes: how long it takes tells nothing.
    pub fn fits(&self, token: &Token) -> bool {
        self.id == token.id && self.hash == token.hash()
    }

    /// Neither revoked nor at its end.
    pub fn holds(&self, now: Moment) -> bool {
        self.revoked.is_none() && self.ends.is_none_or(|ends| now < ends)
    }

    fn read(row: &Row) -> Result<Self, StoreError> {
        let id = row.text(TABLE, "id")?;
        let moment = |column| Ok::<_, StoreError>(row.maybe_number(TABLE, column)?.map(Moment::from_ms));
        let scopes = row.text(TABLE, "scopes")?;
        // A scope of a later version opens nothing here.
        let scopes = scopes.split(' ').filter_map(|word| word.parse().ok()).collect();
        Ok(Self {
            centre: CentreName::new(row.text(TABLE, "centre")?),
            name: row.text(TABLE, "name")?,
            hash: row.text(TABLE, "secret_hash")?,
            scopes,
            made: Moment::from_ms(row.number(TABLE, "made_ms")?),
            made_by: row.text(TABLE, "made_by")?,
            last_used: moment("last_used_ms")?,
            ends: moment("ends_ms")?,
            revoked: moment("revoked_ms")?,
            id,
        })
    }
}

/// What a new key is made with.
#[derive(Clone, Debug)]
pub struct NewKey {
    pub name: String,
    pub scopes: BTreeSet<Scope>,
    pub made_by: String,
    pub ends: Option<Moment>,
}

impl Db {
    /// # Errors
    /// `Refused` where the centre has [`MOST_KEYS`].
    pub async fn add_key(
        &self,
        centre: &CentreName,
        token: &Token,
        new: &NewKey,
        at: Moment,
    ) -> Result<(), StoreError> {
        let scopes: Vec<&str> = new.scopes.iter().map(|scope| scope.as_str()).collect();
        let values = values![
            centre.as_str(),
            token.id(),
            new.name.as_str(),
            token.hash(),
            scopes.join(" "),
            at,
            new.made_by.as_str(),
            new.ends.map(Moment::as_ms),
            MOST_KEYS,
        ];
        match self.execute(ADD, values).await? {
            1 => Ok(()),
            _ => Err(StoreError::Refused { why: format!("{centre} has {MOST_KEYS} keys; revoke one first") }),
        }
    }

    /// Of whatever centre.
    pub async fn key(&self, id: &str) -> Result<Option<KeptKey>, StoreError> {
        self.row(READ, values![id]).await?.map(|row| KeptKey::read(&row)).transpose()
    }

    /// The newest first, revoked ones among them.
    pub async fn keys(&self, centre: &CentreName) -> Result<Vec<KeptKey>, StoreError> {
        let rows = self.rows(LIST, values![centre.as_str(), MOST_LISTED]).await?;
        rows.iter().map(KeptKey::read).collect()
    }

    /// For ever. `Missing` where there is none, or it is revoked already.
    pub async fn revoke_key(&self, centre: &CentreName, id: &str, at: Moment) -> Result<(), StoreError> {
        match self.execute(REVOKE, values![centre.as_str(), id, at]).await? {
            1 => Ok(()),
            _ => Err(StoreError::Missing { what: "key", name: id.to_owned() }),
        }
    }

    pub async fn key_used(&self, centre: &CentreName, id: &str, at: Moment) -> Result<(), StoreError> {
        self.execute(USED, values![centre.as_str(), id, at]).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_what_it_was_and_shows_nowhere() {
        let token = Token::new().expect("chance");
        let shown = token.reveal();
        let again: Token = shown.parse().expect("a token");
        assert_eq!((again.id(), again.hash()), (token.id(), token.hash()));
        assert!(!format!("{token:?}").contains(&token.secret));
        assert_ne!(Token::new().expect("chance").reveal(), shown);
        for wrong in
            ["", "cb_", "cb__", &shown[1..], &shown[..shown.len() - 1], &shown.to_uppercase(), &format!("{shown}0")]
        {
            assert!(wrong.parse::<Token>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_scope_is_its_word() {
        for scope in Scope::ALL {
            assert_eq!(scope.as_str().parse(), Ok(scope));
        }
        assert!("calls:burn".parse::<Scope>().is_err());
    }
}
