//! Sessions as requests meet them: looked up in the database, remembered for a moment, and for as long as the database
//! is away, because agents go on working then. And who may try a password again, and when.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::calendar::Moment;
use crate::routing::ids::{AgentName, CentreName};
use crate::store::sessions::{IDLE, Session, Token, TokenHash};
use crate::store::{Db, StoreError};
use crate::web::peer::network;

/// A session that was looked up is believed for this long: what a log-out elsewhere takes to be felt.
const BELIEVED: Duration = Duration::from_secs(5);
/// Somebody who was here a moment ago does not wait longer than this for a database that hangs.
const KNOWN_WAITS: Duration = Duration::from_millis(500);
/// Sessions remembered: every desk of the largest centre, several times.
const MOST_REMEMBERED: usize = 20_000;
/// `seen_ms` is written this often.
const SEEN_EVERY: Duration = Duration::from_secs(60);

/// Wrong passwords for one name before it has to wait, and what it waits then; doubled with each more, up to a limit, so
/// that nobody can keep a name locked for long by guessing.
const FREE_TRIES: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_secs(2);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// From one address, over all names: a whole hall may sit behind one.
const FREE_TRIES_OF_ADDRESS: u32 = 60;
/// After this long without a wrong one, all is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(15 * 60);
/// Names and addresses remembered.
const MOST_GUESSED: usize = 50_000;
/// Passwords hashed at a time: each takes 50 ms of a core and 19 MB.
const MOST_HASHED: usize = 2;

#[derive(Clone)]
struct Remembered {
    session: Session,
    /// When the database said so.
    asked: Moment,
    /// When it was asked last, whatever came of it.
    tried: Moment,
}

#[derive(Clone, Copy, Default)]
struct Tries {
    wrong: u32,
    last: Moment,
}

/// What the process remembers of sessions and of wrong passwords.
pub struct Sessions {
    remembered: Mutex<HashMap<TokenHash, Remembered>>,
    names: Mutex<HashMap<(CentreName, AgentName), Tries>>,
    addresses: Mutex<HashMap<IpAddr, Tries>>,
    pub hashing: Semaphore,
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            remembered: Mutex::default(),
            names: Mutex::default(),
            addresses: Mutex::default(),
            hashing: Semaphore::new(MOST_HASHED),
        }
    }
}

impl Sessions {
    /// The session of this token.
    ///
    /// # Errors
    /// The database is away, and nothing is remembered.
    pub async fn find(&self, db: &Db, token: &Token, now: Moment) -> Result<Option<Session>, StoreError> {
        let hash = token.hash();
        let known = self.remembered().get(&hash).cloned();
        if let Some(known) = &known
            && now.since(known.tried) < BELIEVED
            && now.since(known.asked) < IDLE
        {
            return Ok(Some(known.session.clone()).filter(|session| session.ends > now));
        }
        let lookup = db.session(&hash, now);
        let found = match &known {
            Some(known) => match tokio::time::timeout(KNOWN_WAITS, lookup).await {
                Ok(found) => found,
                Err(_) => {
                    self.tried(&hash, now);
                    let there = known.session.ends > now && now.since(known.asked) < IDLE;
                    return Ok(there.then(|| known.session.clone()));
                }
            },
            None => lookup.await,
        };
        match found {
            Ok(Some(mut session)) => {
                if now.since(session.seen) >= SEEN_EVERY {
                    session.seen = now;
                    // Written late is as good; the next request tries again.
                    if let Err(error) = db.session_seen(&hash, now).await {
                        tracing::debug!(%error, "a session's time was not written");
                    }
                }
                self.remember(hash, &session, now);
                Ok(Some(session))
            }
            Ok(None) => {
                self.remembered().remove(&hash);
                Ok(None)
            }
            Err(error) => match known {
                Some(known) if known.session.ends > now && now.since(known.asked) < IDLE => {
                    self.tried(&hash, now);
                    Ok(Some(known.session))
                }
                Some(_) | None => Err(error),
            },
        }
    }

    fn remembered(&self) -> std::sync::MutexGuard<'_, HashMap<TokenHash, Remembered>> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tried(&self, hash: &TokenHash, now: Moment) {
        if let Some(known) = self.remembered().get_mut(hash) {
            known.tried = now;
        }
    }

    fn remember(&self, hash: TokenHash, session: &Session, now: Moment) {
        let mut all = self.remembered();
        if all.len() >= MOST_REMEMBERED {
            all.retain(|_, one| now.since(one.asked) < BELIEVED);
        }
        if all.len() < MOST_REMEMBERED {
            all.insert(hash, Remembered { session: session.clone(), asked: now, tried: now });
        }
    }

    pub fn forget(&self, token: &Token) {
        self.remembered().remove(&token.hash());
    }

    /// Everywhere this person is logged in.
    pub fn forget_person(&self, centre: &CentreName, agent: &AgentName) {
        self.remembered().retain(|_, one| one.session.centre != *centre || one.session.agent != *agent);
    }

    /// How long somebody has to wait before a password for this name is looked at.
    pub fn must_wait(&self, centre: &CentreName, name: &AgentName, from: IpAddr, now: Moment) -> Option<Duration> {
        let of_name = wait(&self.names, &(centre.clone(), name.clone()), FREE_TRIES, now);
        let of_address = wait(&self.addresses, &network(from), FREE_TRIES_OF_ADDRESS, now);
        of_name.max(of_address)
    }

    pub fn guessed_wrong(&self, centre: &CentreName, name: &AgentName, from: IpAddr, now: Moment) {
        wrong(&self.names, (centre.clone(), name.clone()), now);
        wrong(&self.addresses, network(from), now);
    }

    /// Of the name alone: one right password does not excuse an address that guesses others.
    pub fn guessed_right(&self, centre: &CentreName, name: &AgentName) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.remove(&(centre.clone(), name.clone()));
    }
}

fn wait<K: Eq + Hash>(tries: &Mutex<HashMap<K, Tries>>, of: &K, free: u32, now: Moment) -> Option<Duration> {
    let tries = tries.lock().unwrap_or_else(PoisonError::into_inner).get(of).copied()?;
    let more = tries.wrong.checked_sub(free)?;
    let whole = FIRST_WAIT.saturating_mul(1 << more.min(10)).min(LONGEST_WAIT);
    whole.checked_sub(now.since(tries.last)).filter(|left| !left.is_zero())
}

fn wrong<K: Eq + Hash>(tries: &Mutex<HashMap<K, Tries>>, of: K, now: Moment) {
    let mut all = tries.lock().unwrap_or_else(PoisonError::into_inner);
    if all.len() >= MOST_GUESSED {
        all.retain(|_, tries| now.since(tries.last) < FORGOTTEN);
    }
    if all.len() >= MOST_GUESSED {
        // Somebody guesses with thousands of names: those who are remembered go on waiting.
        return;
    }
    let tries = all.entry(of).or_default();
    if now.since(tries.last) >= FORGOTTEN {
        tries.wrong = 0;
    }
    *tries = Tries { wrong: tries.wrong.saturating_add(1), last: now };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guessing_gets_slower_and_is_forgiven_in_the_end() {
        let sessions = Sessions::default();
        let (centre, name) = (CentreName::new("demo"), AgentName::new("ada"));
        let from = IpAddr::from([192, 0, 2, 1]);
        let at = |seconds: i64| Moment::from_ms(1_000_000 + seconds * 1000);
        for _ in 0..4 {
            sessions.guessed_wrong(&centre, &name, from, at(0));
        }
        assert_eq!(sessions.must_wait(&centre, &name, from, at(0)), None);
        sessions.guessed_wrong(&centre, &name, from, at(0));
        assert_eq!(sessions.must_wait(&centre, &name, from, at(0)), Some(Duration::from_secs(2)));
        assert_eq!(sessions.must_wait(&centre, &name, from, at(2)), None);
        sessions.guessed_wrong(&centre, &name, from, at(2));
        assert_eq!(sessions.must_wait(&centre, &name, from, at(2)), Some(Duration::from_secs(4)));
        for _ in 0..40 {
            sessions.guessed_wrong(&centre, &name, from, at(2));
        }
        assert_eq!(sessions.must_wait(&centre, &name, from, at(2)), Some(LONGEST_WAIT));
        assert_eq!(
            sessions.must_wait(&centre, &name, from, at(62)),
            None,
            "nobody is locked out for longer than a minute"
        );
        assert_eq!(sessions.must_wait(&centre, &AgentName::new("bob"), from, at(2)), None);
        sessions.guessed_right(&centre, &name);
        assert_eq!(sessions.must_wait(&centre, &name, from, at(2)), None);
    }

    #[test]
    fn an_address_that_guesses_many_names_waits_too() {
        let sessions = Sessions::default();
        let (centre, from) = (CentreName::new("demo"), IpAddr::from([192, 0, 2, 1]));
        let now = Moment::from_ms(1_000_000);
        for guess in 0..FREE_TRIES_OF_ADDRESS {
            sessions.guessed_wrong(&centre, &AgentName::new(format!("agent{guess}")), from, now);
        }
        assert!(sessions.must_wait(&centre, &AgentName::new("new"), from, now).is_some());
        assert!(sessions.must_wait(&centre, &AgentName::new("new"), IpAddr::from([192, 0, 2, 2]), now).is_none());
    }
}
