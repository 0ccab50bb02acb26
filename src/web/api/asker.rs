//! Who asks a program's question: somebody at this machine, who brings the token, or a key of one centre. What a key
//! may is checked for every route, before its handler.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::answer::{Answer, Problem};
use crate::routing::ids::CentreName;
use crate::store::keys::{KeptKey, Scope};
use crate::web::Web;
use crate::web::peer::Peer;

/// Stands in every request that may be answered.
#[derive(Clone)]
pub enum Asker {
    /// At this machine, or with the token of `cordboard.yaml`: all of every centre.
    House,
    Key(Arc<KeptKey>),
}

/// Headers by which a proxy says that somebody else asks.
const FORWARDED: [&str; 6] =
    ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via"];

pub fn is_forwarded(headers: &HeaderMap) -> bool {
    FORWARDED.iter().any(|name| headers.contains_key(*name))
}

impl Asker {
    /// How what is kept names [`Asker::House`].
    pub const HOUSE: &str = "the house";
    /// What stands before the id of a key there.
    pub const KEY: &str = "key ";

    /// Whoever is named by `Authorization`; `None` where nobody is.
    ///
    /// # Errors
    /// `NoToken` where what it brings is wrong, `TooOften` where that happens again and again, `Away`.
    pub async fn named(web: &Web, head: &Parts) -> Answer<Option<Self>> {
        let given = head.headers.get(header::AUTHORIZATION).map(|given| given.as_bytes()).unwrap_or_default();
        let Some((kind, given)) = given.split_at_checked(7) else { return Ok(None) };
        if !kind.eq_ignore_ascii_case(b"bearer ") {
            return Ok(None);
        }
        if web.token.as_ref().is_some_and(|token| is_same(given, token.as_bytes())) {
            return Ok(Some(Asker::House));
        }
        let given = std::str::from_utf8(given).unwrap_or_default();
        let key = web.0.keys.find(&web.db, given, source(head)).await?;
        Ok(Some(Asker::Key(key)))
    }

    /// Whether this asker may know of a centre.
    pub fn sees(&self, centre: &CentreName) -> bool {
        match self {
            Asker::House => true,
            Asker::Key(key) => key.centre == *centre,
        }
    }

    /// Whether this asker has a scope, in the centre that it may know of.
    pub fn may(&self, scope: Scope) -> bool {
        match self {
            Asker::House => true,
            Asker::Key(key) => key.scopes.contains(&scope),
        }
    }

    /// Who it is, for what is kept of it.
    pub fn name(&self) -> String {
        match self {
            Asker::House => Self::HOUSE.into(),
            Asker::Key(key) => format!("{}{}", Self::KEY, key.id),
        }
    }
}

/// Where it comes from, as far as wrong keys are counted: behind a proxy of ours, the one that the proxy saw.
fn source(head: &Parts) -> Option<IpAddr> {
    head.extensions.get::<Peer>().map(|peer| peer.behind_proxy(&head.headers))
}

/// The time it takes says nothing of how much of it is right.
fn is_same(given: &[u8], token: &[u8]) -> bool {
    let wrong = given.iter().enumerate().fold(given.len() ^ token.len(), |wrong, (at, byte)| {
        let right = token.get(at % token.len().max(1)).copied().unwrap_or(0);
        wrong | usize::from(byte ^ right)
    });
    std::hint::black_box(wrong) == 0
}

/// Lets through who may: the centre first, because a key must not learn what others there are.
pub async fn pass(
    scope: Option<Scope>,
    path: Result<RawPathParams, RawPathParamsRejection>,
    request: Request,
    next: Next,
) -> Response {
    match may_pass(scope, path, &request) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

fn may_pass(
    scope: Option<Scope>,
    path: Result<RawPathParams, RawPathParamsRejection>,
    request: &Request,
) -> Answer<()> {
    let asker = request.extensions().get::<Asker>().ok_or(Problem::NoToken)?;
    let path = path.map_err(|error| Problem::Invalid(error.body_text()))?;
    if let Some((_, centre)) = path.iter().find(|(name, _)| *name == "centre")
        && !asker.sees(&CentreName::new(centre))
    {
        return Err(Problem::NotFound(format!("there is no centre {centre}")));
    }
    match scope {
        Some(scope) if !asker.may(scope) => Err(Problem::Lacks(scope)),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_is_the_token() {
        let with = |given: &str| is_same(given.as_bytes(), b"a-long-token");
        assert!(with("a-long-token"));
        assert!(!with("a-long-toke"));
        assert!(!with("a-long-tokena-long-token"));
        assert!(!with(""));
    }

    #[test]
    fn whoever_says_that_somebody_else_asks_is_a_proxy() {
        let mut headers = HeaderMap::new();
        assert!(!is_forwarded(&headers));
        headers.insert("X-Forwarded-For", "10.0.0.1".parse().expect("a header"));
        assert!(is_forwarded(&headers));
    }
}
