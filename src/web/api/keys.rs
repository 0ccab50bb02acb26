//! Keys that were brought: looked up once in a while, and not at all for whoever brings wrong ones again and again.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::answer::{Answer, Problem};
use crate::calendar::Moment;
use crate::controller;
use crate::store::keys::{KeptKey, Token};
use crate::store::{Db, StoreError};
use crate::web::peer::network;

/// How long a key is taken as it was read: a revoked one opens doors for no longer.
const FRESH: Duration = Duration::from_secs(5);
/// With the database away a key that was good before it went stays good for this long, so that programs go on as calls
/// do.
const GOOD_WITHOUT: Duration = Duration::from_secs(900);
/// How exactly *last used* is kept: a write for each request would cost more than it tells.
const USED_WITHIN: Duration = Duration::from_secs(600);

/// Wrong keys from one source at once, and how long until one of them is forgotten: a misspelt key is noticed, and
/// nobody asks the database more often.
const WRONG_AT_ONCE: u32 = 10;
const WRONG_FORGOTTEN: Duration = Duration::from_secs(6);
/// Sources that are counted; when there are more, all are forgotten, for guessing is hopeless all the same.
const MOST_SOURCES: usize = 10_000;

/// The keys that were brought since the start, and who brought wrong ones.
pub struct Keys {
    known: Mutex<BTreeMap<String, Known>>,
    wrong: Mutex<BTreeMap<IpAddr, Wrong>>,
    now: Box<dyn Fn() -> Moment + Send + Sync>,
}

/// A key as it was read. There are no more of them than of keys.
struct Known {
    key: Arc<KeptKey>,
    read: Instant,
    /// When it was last written that it is used.
    used: Option<Instant>,
}

struct Wrong {
    count: u32,
    since: Instant,
}

impl Wrong {
    fn forget(&mut self, now: Instant) {
        let forgotten = now.duration_since(self.since).as_millis() / WRONG_FORGOTTEN.as_millis();
        let forgotten = u32::try_from(forgotten).unwrap_or(u32::MAX);
        self.count = self.count.saturating_sub(forgotten);
        self.since += WRONG_FORGOTTEN.saturating_mul(forgotten);
    }
}

impl Keys {
    pub fn new() -> Self {
        Self { known: Mutex::default(), wrong: Mutex::default(), now: Box::new(controller::clock()) }
    }

    /// The key that this is.
    ///
    /// # Errors
    /// `NoToken`, `TooOften`, `Away`.
    pub async fn find(&self, db: &Db, given: &str, source: Option<IpAddr>) -> Answer<Arc<KeptKey>> {
        let source = source.map(network);
        let Ok(token) = given.parse::<Token>() else { return Err(self.is_wrong(source)) };
        let fits = |key: &Arc<KeptKey>| key.fits(&token);
        let known = self.known_as(token.id()).filter(|(key, _)| fits(key));
        if let Some((key, age)) = &known
            && *age < FRESH
        {
            return self.held(db, key.clone(), source);
        }
        // Who holds a good key is not kept waiting by those who try theirs from the same address.
        if known.is_none() && self.may_not_try(source) {
            return Err(Problem::TooOften);
        }
        match db.key(token.id()).await {
            Ok(Some(key)) => {
                let key = Arc::new(key);
                if !fits(&key) {
                    return Err(self.is_wrong(source));
                }
                self.remember(key.clone());
                self.held(db, key, source)
            }
            Ok(None) => {
                lock(&self.known).remove(token.id());
                Err(self.is_wrong(source))
            }
            Err(error) => match known {
                Some((key, age)) if matches!(error, StoreError::Away { .. }) && age < GOOD_WITHOUT => {
                    self.held(db, key, source)
                }
                Some(_) | None => Err(error.into()),
            },
        }
    }

    fn known_as(&self, id: &str) -> Option<(Arc<KeptKey>, Duration)> {
        lock(&self.known).get(id).map(|known| (known.key.clone(), known.read.elapsed()))
    }

    fn remember(&self, key: Arc<KeptKey>) {
        let mut all = lock(&self.known);
        let used = all.get(&key.id).and_then(|known| known.used);
        all.insert(key.id.clone(), Known { key, read: Instant::now(), used });
    }

    /// Whether it holds now; then it is noted, in its own time, that it is used.
    fn held(&self, db: &Db, key: Arc<KeptKey>, source: Option<IpAddr>) -> Answer<Arc<KeptKey>> {
        let now = (self.now)();
        if !key.holds(now) {
            return Err(self.is_wrong(source));
        }
        let mut all = lock(&self.known);
        let Some(known) = all.get_mut(&key.id).filter(|known| known.used.is_none_or(|at| at.elapsed() > USED_WITHIN))
        else {
            return Ok(key);
        };
        known.used = Some(Instant::now());
        let (db, used) = (db.clone(), key.clone());
        tokio::spawn(async move {
            if let Err(error) = db.key_used(&used.centre, &used.id, now).await {
                tracing::debug!(%error, key = used.id, "when the key was used could not be noted");
            }
        });
        Ok(key)
    }

    fn may_not_try(&self, source: Option<IpAddr>) -> bool {
        let Some(source) = source else { return false };
        let mut all = lock(&self.wrong);
        all.get_mut(&source).is_some_and(|wrong| {
            wrong.forget(Instant::now());
            wrong.count >= WRONG_AT_ONCE
        })
    }

    fn is_wrong(&self, source: Option<IpAddr>) -> Problem {
        let Some(source) = source else { return Problem::NoToken };
        let mut all = lock(&self.wrong);
        if all.len() >= MOST_SOURCES {
            all.clear();
        }
        let now = Instant::now();
        let wrong = all.entry(source).or_insert(Wrong { count: 0, since: now });
        wrong.forget(now);
        if wrong.count >= WRONG_AT_ONCE {
            return Problem::TooOften;
        }
        if wrong.count == 0 {
            wrong.since = now;
        }
        wrong.count += 1;
        if wrong.count == WRONG_AT_ONCE {
            tracing::warn!(%source, "wrong keys again and again; more of them are not looked at for a while");
        }
        Problem::NoToken
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_keys_are_counted_for_each_source_and_forgotten_in_time() {
        let keys = Keys::new();
        let [one, other]: [IpAddr; 2] = ["192.0.2.1".parse().expect("an address"), "192.0.2.2".parse().expect("one")];
        for _ in 0..WRONG_AT_ONCE {
            assert!(!keys.may_not_try(Some(one)));
            assert!(matches!(keys.is_wrong(Some(one)), Problem::NoToken));
        }
        assert!(keys.may_not_try(Some(one)) && !keys.may_not_try(Some(other)));
        assert!(matches!(keys.is_wrong(Some(one)), Problem::TooOften));
        let before = Instant::now();
        let mut wrong = Wrong { count: WRONG_AT_ONCE, since: before };
        wrong.forget(before + WRONG_FORGOTTEN * 3 + WRONG_FORGOTTEN / 2);
        assert_eq!((wrong.count, wrong.since), (WRONG_AT_ONCE - 3, before + WRONG_FORGOTTEN * 3));
    }
}
