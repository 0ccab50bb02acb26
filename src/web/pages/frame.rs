//! What every page has: words, look, clock, who is logged in, and where they are.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};

use super::emergency::OnLine;
use super::problem::PageProblem;
use super::words::Words;
use crate::calendar::{Moment, Zone};
use crate::dialplan::Language;
use crate::store::agents::Role;
use crate::store::sessions::Session;

/// How a page looks, where the person does not leave it to the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    AsTheMachine,
    Light,
    Dark,
}

impl Look {
    pub const ALL: [Look; 3] = [Look::AsTheMachine, Look::Light, Look::Dark];

    pub const fn as_str(self) -> &'static str {
        match self {
            Look::AsTheMachine => "machine",
            Look::Light => "light",
            Look::Dark => "dark",
        }
    }
}

/// The nouns of the bar at the top, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noun {
    Desk,
    Floor,
    Calls,
    Customers,
    Cases,
    Reports,
    People,
    Configuration,
    Audit,
}

impl Noun {
    const ALL: [Noun; 9] = [
        Noun::Desk,
        Noun::Floor,
        Noun::Calls,
        Noun::Customers,
        Noun::Cases,
        Noun::Reports,
        Noun::People,
        Noun::Configuration,
        Noun::Audit,
    ];

    pub const fn href(self) -> &'static str {
        match self {
            Noun::Desk => "/desk",
            Noun::Floor => "/floor",
            Noun::Calls => "/calls",
            Noun::Customers => "/customers",
            Noun::Cases => "/cases",
            Noun::Reports => "/reports/queues",
            Noun::People => "/people",
            Noun::Configuration => "/configuration",
            Noun::Audit => "/audit",
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Noun::Desk => "nav-desk",
            Noun::Floor => "nav-floor",
            Noun::Calls => "nav-calls",
            Noun::Customers => "nav-customers",
            Noun::Cases => "nav-cases",
            Noun::Reports => "nav-reports",
            Noun::People => "nav-people",
            Noun::Configuration => "nav-configuration",
            Noun::Audit => "nav-audit",
        }
    }

    /// Who may open it: this role, and those above.
    pub const fn needs(self) -> Role {
        match self {
            Noun::Desk | Noun::Calls | Noun::Customers | Noun::Cases => Role::Agent,
            Noun::Floor | Noun::Reports => Role::Supervisor,
            Noun::People | Noun::Configuration | Noun::Audit => Role::Admin,
        }
    }
}

/// One link of the bar.
pub struct Link {
    pub href: &'static str,
    pub word: String,
    pub current: bool,
}

/// What a browser asks with, logged in or not.
#[derive(Clone, Debug)]
pub struct Manner {
    pub t: Words,
    pub look: Look,
}

/// A cookie of this name, as it stands.
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(found, value)| (found == name).then_some(value))
}

impl Manner {
    pub fn of(headers: &HeaderMap) -> Self {
        let wished = cookie(headers, "language").and_then(|word| word.parse().ok());
        let language = wished.unwrap_or_else(|| accepted(headers));
        let look = cookie(headers, "look").and_then(|word| Look::ALL.into_iter().find(|look| look.as_str() == word));
        Self { t: Words::of(language), look: look.unwrap_or(Look::AsTheMachine) }
    }
}

/// The first of the browser's languages that is one of ours (RFC 9110 §12.5.4; browsers send them in their order).
fn accepted(headers: &HeaderMap) -> Language {
    let wished = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let tongues = wished.split(',').filter_map(|one| one.trim().get(..2));
    tongues.into_iter().find_map(|tongue| tongue.to_ascii_lowercase().parse().ok()).unwrap_or(Language::En)
}

/// What every page is drawn in.
#[derive(Clone)]
pub struct Frame {
    pub t: Words,
    pub look: Look,
    /// What the centre is called, in this language.
    pub centre: String,
    pub zone: Zone,
    /// The emergency messages that are on.
    pub emergency: Vec<OnLine>,
    pub now: Moment,
    /// `None` on the page where one logs in.
    pub session: Option<Session>,
    pub here: Option<Noun>,
}

impl Frame {
    /// Whether who looks sees what the whole centre does.
    pub fn supervises(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.role >= Role::Supervisor)
    }

    pub fn links(&self) -> Vec<Link> {
        let Some(session) = &self.session else { return Vec::new() };
        let may = Noun::ALL.into_iter().filter(|noun| noun.needs() <= session.role);
        may.map(|noun| Link { href: noun.href(), word: self.t.say(noun.word()), current: self.here == Some(noun) })
            .collect()
    }

    pub fn who(&self) -> &str {
        self.session.as_ref().map_or("", |session| &session.display_name)
    }

    /// Whom it was drawn for, as the live stream says whose it is.
    pub fn account(&self) -> String {
        self.session.as_ref().map_or_else(String::new, Session::account)
    }

    pub fn role(&self) -> String {
        self.session.as_ref().map_or_else(String::new, |session| self.t.say(role_word(session.role)))
    }

    /// What a script needs to make a clock of: UTC milliseconds.
    pub const fn now_ms(&self) -> i64 {
        self.now.as_ms()
    }

    pub fn statics(&self, name: &str) -> String {
        super::statics::address(name)
    }
}

pub const fn role_word(role: Role) -> &'static str {
    match role {
        Role::Agent => "role-agent",
        Role::Supervisor => "role-supervisor",
        Role::Admin => "role-admin",
    }
}

/// A page, or a piece of one.
pub struct Page<T>(pub T);

impl<T: askama::Template> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        match self.0.render() {
            Ok(text) => Html(text).into_response(),
            Err(error) => PageProblem::Internal(format!("a template: {error}")).into_response(),
        }
    }
}

/// Scripts, styles and pictures from here alone; nobody frames us; no form goes elsewhere (CSP Level 3).
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// What every answer to a browser carries.
pub fn protect(headers: &mut HeaderMap) {
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(all: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in all {
            headers.append(*name, value.parse().expect("a header"));
        }
        headers
    }

    #[test]
    fn the_language_is_the_cookies_then_the_browsers_then_english() {
        let of = |all: &[_]| Manner::of(&headers(all)).t.language();
        assert_eq!(of(&[]), Language::En);
        assert_eq!(of(&[("accept-language", "fr,zh-CN;q=0.9,en;q=0.8")]), Language::Zh);
        assert_eq!(of(&[("accept-language", "zh"), ("cookie", "a=b; language=en")]), Language::En);
        assert_eq!(of(&[("accept-language", "zh"), ("cookie", "language=<script>")]), Language::Zh);
        assert_eq!(of(&[("accept-language", "é,ü")]), Language::En);
    }
}
