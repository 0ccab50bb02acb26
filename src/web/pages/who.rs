//! Who asks: the person of a session, and whether their role may. Everything a page reads or does is in *their* centre;
//! an address can name no other.

use axum::extract::FromRequestParts;
use axum::http::Method;
use axum::http::request::Parts;

use super::frame::{Frame, Manner, Noun, cookie};
use super::problem::PageProblem;
use crate::routing::ids::{AgentName, CentreName};
use crate::store::agents::Role;
use crate::store::sessions::{Session, Token};
use crate::web::Web;

/// The cookie that holds a session's token.
pub const COOKIE: &str = "cordboard";

/// Somebody who is logged in.
#[derive(Clone)]
pub struct Who {
    pub session: Session,
    pub token: Token,
    pub manner: Manner,
}

impl Who {
    pub fn centre(&self) -> &CentreName {
        &self.session.centre
    }

    pub fn agent(&self) -> &AgentName {
        &self.session.agent
    }

    /// What a page of theirs is drawn in.
    pub fn frame(&self, web: &Web, here: Noun) -> Frame {
        web.frame(&self.manner, Some(self.session.clone()), Some(here))
    }

    /// # Errors
    /// `Forbidden` below this role.
    pub fn must_be(&self, role: Role) -> Result<(), PageProblem> {
        if self.session.role >= role { Ok(()) } else { Err(PageProblem::Forbidden) }
    }
}

/// The token that a request carries.
pub fn token(parts: &Parts) -> Option<Token> {
    cookie(&parts.headers, COOKIE).and_then(Token::read)
}

impl FromRequestParts<Web> for Who {
    type Rejection = PageProblem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, PageProblem> {
        // Where they would go on after logging in: only a page that can be opened.
        let wanted = parts.uri.path_and_query().filter(|_| parts.method == Method::GET);
        let next = wanted.map_or_else(|| "/".to_owned(), |wanted| wanted.as_str().to_owned());
        let Some(token) = token(parts) else { return Err(PageProblem::LogIn { next }) };
        let found = web.sessions().find(&web.db, &token, web.now()).await?;
        let Some(session) = found else { return Err(PageProblem::LogIn { next }) };
        Ok(Who { session, token, manner: Manner::of(&parts.headers) })
    }
}

/// A supervisor, or above.
pub struct Supervisor(pub Who);

impl FromRequestParts<Web> for Supervisor {
    type Rejection = PageProblem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, PageProblem> {
        let who = Who::from_request_parts(parts, web).await?;
        who.must_be(Role::Supervisor)?;
        Ok(Self(who))
    }
}

/// An admin.
pub struct Admin(pub Who);

impl FromRequestParts<Web> for Admin {
    type Rejection = PageProblem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, PageProblem> {
        let who = Who::from_request_parts(parts, web).await?;
        who.must_be(Role::Admin)?;
        Ok(Self(who))
    }
}
