//! Logging in and out at a page. Who is there and who is not takes the same time and says the same.

use std::net::IpAddr;
use std::time::Duration;

use askama::Template;
use axum::Form;
use axum::extract::{Extension, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};
use serde::Deserialize;

use super::frame::{Frame, Look, Manner, Page};
use super::problem::{PageProblem, Shown};
use super::who::{COOKIE, Who};
use crate::dialplan::Language;
use crate::routing::ids::CentreName;
use crate::store::agents::{HashedPassword, Role};
use crate::store::audit::{Author, Done};
use crate::store::given::LONGEST_PASSWORD;
use crate::store::sessions::{LONGEST, Token};
use crate::web::peer::Peer;
use crate::web::{Web, named};

/// In a query: everything but what needs no care.
pub const IN_QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.');

#[derive(Template)]
#[template(path = "login/show.html")]
struct LogIn {
    frame: Frame,
    /// To choose from where there are several; else the only one.
    centres: Vec<String>,
    centre: String,
    name: String,
    next: String,
    wrong: Option<String>,
}

#[derive(Deserialize)]
pub struct Wanted {
    #[serde(default)]
    next: String,
}

fn page(web: &Web, manner: &Manner, form: &Given, wrong: Option<String>) -> LogIn {
    LogIn {
        frame: web.frame(manner, None, None),
        centres: web.directories.names().map(|name| name.to_string()).collect(),
        centre: form.centre.clone(),
        name: form.name.clone(),
        next: form.next.clone(),
        wrong,
    }
}

pub async fn show(State(web): State<Web>, Query(wanted): Query<Wanted>, headers: HeaderMap) -> Response {
    let form = Given { next: wanted.next, ..Given::default() };
    Page(page(&web, &Manner::of(&headers), &form, None)).into_response()
}

#[derive(Default, Deserialize)]
pub struct Given {
    #[serde(default)]
    centre: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

/// Why nobody was let in, in the words of the page.
enum Wrong {
    NameOrPassword,
    Wait(Duration),
    Busy,
}

pub async fn create(
    State(web): State<Web>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    Form(form): Form<Given>,
) -> Shown<Response> {
    let manner = Manner::of(&headers);
    let token = match let_in(&web, peer.behind_proxy(&headers), &form).await? {
        Ok(token) => token,
        Err(wrong) => {
            let t = manner.t;
            let wrong = match wrong {
                Wrong::NameOrPassword => t.say("log-in-wrong"),
                Wrong::Wait(left) => t.count("log-in-wait", left.as_secs() + 1),
                Wrong::Busy => t.say("log-in-busy"),
            };
            let page = page(&web, &manner, &form, Some(wrong));
            return Ok((axum::http::StatusCode::UNAUTHORIZED, Page(page)).into_response());
        }
    };
    let mut response = Redirect::to(&inside(&form.next)).into_response();
    let limit = format!("; Max-Age={}", LONGEST.as_secs());
    put_cookie(&web, &headers, response.headers_mut(), token.reveal(), &limit)?;
    Ok(response)
}

async fn let_in(web: &Web, from: IpAddr, form: &Given) -> Shown<Result<Token, Wrong>> {
    let mut centres = web.directories.names();
    let only = centres.next().filter(|_| centres.next().is_none()).cloned();
    let named_centre = only.or_else(|| web.directories.names().find(|name| name.as_str() == form.centre).cloned());
    // What was typed for one that is not there goes into no log, and is not remembered.
    let known = named_centre.is_some();
    let centre = named_centre.unwrap_or_else(|| CentreName::new("-"));
    let (Ok(agent), true) = (named(&form.name), form.password.len() <= LONGEST_PASSWORD) else {
        return Ok(Err(Wrong::NameOrPassword));
    };
    let (sessions, now) = (web.sessions(), web.now());
    if let Some(left) = sessions.must_wait(&centre, &agent, from, now) {
        tracing::warn!(%centre, %agent, %from, "a password was tried too soon after wrong ones");
        return Ok(Err(Wrong::Wait(left)));
    }
    let hash = if known { web.db.password(&centre, &agent).await? } else { None };
    let is_somebody = hash.is_some();
    let Ok(_one_of_few) = sessions.hashing.try_acquire() else { return Ok(Err(Wrong::Busy)) };
    let password = form.password.clone();
    let fits = tokio::task::spawn_blocking(move || match hash {
        Some(hash) => hash.fits(&password),
        // As long as for somebody who is there.
        None => HashedPassword::of(&password).is_ok_and(|_| false),
    });
    if !fits.await.map_err(|error| PageProblem::Internal(format!("a password: {error}")))? {
        sessions.guessed_wrong(&centre, &agent, from, now);
        tracing::warn!(%centre, %agent, %from, "a wrong name or password");
        if known {
            // A name that nobody has may be a password in the wrong field: it is not written down.
            let subject = if is_somebody { format!("agent:{agent}") } else { "agent".into() };
            let after = Some(serde_json::json!({ "from": from.to_string() }));
            let (who, what) = (Author::Stranger, "session.refused");
            web.db.write_down(&centre, Done { at: now, who, what, subject, before: None, after }).await?;
        }
        return Ok(Err(Wrong::NameOrPassword));
    }
    sessions.guessed_right(&centre, &agent);
    // A new token each time: one that was put into the browser beforehand is worth nothing.
    let token = Token::new()?;
    web.db.begin_session(&token.hash(), &centre, &agent, &from.to_string(), now).await?;
    tracing::info!(%centre, %agent, %from, "logged in at a page");
    Ok(Ok(token))
}

/// Only a page of ours: never `//elsewhere`, never `/\elsewhere`.
fn inside(next: &str) -> String {
    let good = next.starts_with('/')
        && !next.starts_with("//")
        && !next.starts_with("/login")
        && next.len() <= 1000
        && next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    if good { next.to_owned() } else { "/".to_owned() }
}

fn put_cookie(web: &Web, from: &HeaderMap, to: &mut HeaderMap, value: &str, limit: &str) -> Shown<()> {
    let secure = if web.secure(from) { "; Secure" } else { "" };
    let text = format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{limit}");
    let value = HeaderValue::from_str(&text).map_err(|_| PageProblem::Internal("a cookie".into()))?;
    to.append(header::SET_COOKIE, value);
    Ok(())
}

pub async fn end(State(web): State<Web>, request: Request) -> Shown<Response> {
    let (parts, _) = request.into_parts();
    if let Some(token) = super::who::token(&parts) {
        web.sessions().forget(&token);
        web.db.end_session(&token.hash()).await?;
    }
    let mut response = Redirect::to("/login").into_response();
    put_cookie(&web, &parts.headers, response.headers_mut(), "", "; Max-Age=0")?;
    Ok(response)
}

/// Where somebody begins: agents at their desk, supervisors on the floor.
pub async fn home(who: Who) -> Redirect {
    match who.session.role {
        Role::Agent => Redirect::to("/desk"),
        Role::Supervisor | Role::Admin => Redirect::to("/floor"),
    }
}

#[derive(Deserialize)]
pub struct Preference {
    language: Option<String>,
    look: Option<String>,
    #[serde(default)]
    back: String,
}

/// Language and look, kept by the browser.
pub async fn prefer(Form(wish): Form<Preference>) -> Response {
    let mut response = Redirect::to(&inside(&wish.back)).into_response();
    let language = wish.language.and_then(|word| word.parse::<Language>().ok()).map(|l| ("language", l.as_str()));
    let look = Look::ALL.into_iter().find(|look| wish.look.as_deref() == Some(look.as_str()));
    for (name, value) in language.into_iter().chain(look.map(|look| ("look", look.as_str()))) {
        let text = format!("{name}={value}; Path=/; SameSite=Lax; Max-Age=31536000");
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }
    response
}

/// Whether the browser came over TLS, as a proxy before us says: then the cookie goes over nothing else.
pub fn over_tls(headers: &HeaderMap) -> bool {
    headers.get("x-forwarded-proto").is_some_and(|kind| kind.as_bytes().eq_ignore_ascii_case(b"https"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_logging_in_nobody_is_sent_elsewhere() {
        assert_eq!(inside("/calls?queue=service"), "/calls?queue=service");
        for bad in
            ["", "//evil.example", "/\\evil.example", "https://evil.example", "/login", "/a\r\nSet-Cookie: x", "desk"]
        {
            assert_eq!(inside(bad), "/", "{bad}");
        }
    }
}
