//! What a page says when it cannot be shown: not found, forbidden, invalid, away, internal. A handler says which; what
//! is drawn is decided last (`finish`), where the language of whoever asked is known.

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use super::frame::{Frame, Manner, Page, protect};
use crate::controller::AskError;
use crate::routing::Refused;
use crate::store::StoreError;
use crate::web::Web;

/// Why there is no page.
#[derive(Clone, Debug)]
pub enum PageProblem {
    /// Nothing here, or nothing of this centre's: the two are not told apart.
    NotFound,
    /// Not with this role, or a page of another site asks.
    Forbidden,
    /// Nobody is logged in. `next` is where they wanted to go.
    LogIn {
        next: String,
    },
    /// What was sent cannot be: the text's name in `problems.ftl`.
    Invalid(&'static str),
    /// It was understood and cannot be: the core's refusal, in words.
    Refused(Refused),
    TooMany,
    /// More was sent than we read.
    TooLong,
    /// Try again later.
    Away,
    /// Ours: logged under a number that the page shows.
    Internal(String),
}

pub type Shown<T> = Result<T, PageProblem>;

impl From<StoreError> for PageProblem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Away { .. } => {
                tracing::debug!(%error, "the database is away");
                PageProblem::Away
            }
            StoreError::Missing { .. } => PageProblem::NotFound,
            StoreError::Exists { .. } | StoreError::Used => PageProblem::Invalid("problem-exists"),
            StoreError::Inconsistent { .. } | StoreError::Refused { .. } => PageProblem::Internal(error.to_string()),
        }
    }
}

impl From<AskError> for PageProblem {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Refused(why) => PageProblem::Refused(why),
            AskError::NoSuchCentre(_) => PageProblem::NotFound,
            AskError::Away => PageProblem::Away,
        }
    }
}

impl PageProblem {
    const fn status(&self) -> StatusCode {
        match self {
            PageProblem::NotFound => StatusCode::NOT_FOUND,
            PageProblem::Forbidden => StatusCode::FORBIDDEN,
            PageProblem::LogIn { .. } => StatusCode::UNAUTHORIZED,
            PageProblem::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            PageProblem::Refused(_) => StatusCode::CONFLICT,
            PageProblem::TooMany => StatusCode::TOO_MANY_REQUESTS,
            PageProblem::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            PageProblem::Away => StatusCode::SERVICE_UNAVAILABLE,
            PageProblem::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    const fn texts(&self) -> (&'static str, &'static str) {
        match self {
            PageProblem::NotFound => ("problem-not-found", "problem-not-found-do"),
            PageProblem::Forbidden => ("problem-forbidden", "problem-forbidden-do"),
            PageProblem::LogIn { .. } => ("problem-log-in", "problem-log-in-do"),
            PageProblem::Invalid(_) => ("problem-invalid", "problem-invalid-do"),
            PageProblem::Refused(_) => ("problem-refused", "problem-refused-do"),
            PageProblem::TooMany => ("problem-too-many", "problem-too-many-do"),
            PageProblem::TooLong => ("problem-too-long", "problem-invalid-do"),
            PageProblem::Away => ("problem-away", "problem-away-do"),
            PageProblem::Internal(_) => ("problem-internal", "problem-internal-do"),
        }
    }
}

impl IntoResponse for PageProblem {
    /// Empty: [`finish`] draws it.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[derive(Template)]
#[template(path = "problems/show.html")]
struct Problem {
    frame: Frame,
    status: u16,
    title: String,
    what_to_do: String,
    /// More exactly, where there is more to say.
    why: Option<String>,
    number: Option<String>,
}

#[derive(Template)]
#[template(path = "problems/_notice.html")]
struct Notice {
    text: String,
}

const FROM_SCRIPT: HeaderName = HeaderName::from_static("hx-request");
const GO_TO: HeaderName = HeaderName::from_static("hx-redirect");

/// Draws the problem of an answer that has one, and puts on every answer what protects it.
pub async fn finish(State(web): State<Web>, request: Request, next: Next) -> Response {
    let manner = Manner::of(request.headers());
    let by_script = request.headers().contains_key(FROM_SCRIPT);
    let mut response = next.run(request).await;
    let problem = response.extensions_mut().remove::<PageProblem>().or_else(|| unread(&response));
    if let Some(problem) = problem {
        response = draw(&web, &manner, by_script, problem);
    }
    protect(response.headers_mut());
    response
}

/// What was sent could not even be read, and a handler was never asked: said in English by what we are built of.
fn unread(response: &Response) -> Option<PageProblem> {
    let kind = response.headers().get(header::CONTENT_TYPE);
    let plain = kind.is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    match response.status() {
        _ if !plain => None,
        StatusCode::PAYLOAD_TOO_LARGE => Some(PageProblem::TooLong),
        StatusCode::METHOD_NOT_ALLOWED => Some(PageProblem::NotFound),
        status if status.is_client_error() => Some(PageProblem::Invalid("problem-unread")),
        _ => None,
    }
}

fn draw(web: &Web, manner: &Manner, by_script: bool, problem: PageProblem) -> Response {
    let status = problem.status();
    let number = match &problem {
        PageProblem::Internal(why) => {
            let number = format!("{:x}", web.now().as_ms());
            tracing::error!(%number, %why, "a page could not be shown");
            Some(number)
        }
        PageProblem::LogIn { next } => {
            let address =
                format!("/login?next={}", percent_encoding::utf8_percent_encode(next, super::login::IN_QUERY));
            if !by_script {
                return Redirect::to(&address).into_response();
            }
            let mut headers = HeaderMap::new();
            if let Ok(address) = HeaderValue::from_str(&address) {
                headers.insert(GO_TO, address);
            }
            return (status, headers).into_response();
        }
        PageProblem::NotFound
        | PageProblem::Forbidden
        | PageProblem::Invalid(_)
        | PageProblem::Refused(_)
        | PageProblem::TooMany
        | PageProblem::TooLong
        | PageProblem::Away => None,
    };
    let t = manner.t;
    let why = match &problem {
        PageProblem::Invalid(text) => Some(t.say(text)),
        PageProblem::Refused(why) => Some(super::refusal::in_words(t, why)),
        PageProblem::NotFound
        | PageProblem::Forbidden
        | PageProblem::LogIn { .. }
        | PageProblem::TooMany
        | PageProblem::TooLong
        | PageProblem::Away
        | PageProblem::Internal(_) => None,
    };
    let (title, what_to_do) = problem.texts();
    if by_script {
        // A notice, wherever the page has put its place for them.
        let text = why.unwrap_or_else(|| t.say(title));
        let mut response = (status, Page(Notice { text })).into_response();
        response.headers_mut().insert("hx-retarget", HeaderValue::from_static("#notices"));
        response.headers_mut().insert("hx-reswap", HeaderValue::from_static("innerHTML"));
        return response;
    }
    let frame = web.frame(manner, None, None);
    let problem =
        Problem { frame, status: status.as_u16(), title: t.say(title), what_to_do: t.say(what_to_do), why, number };
    let mut response = (status, Page(problem)).into_response();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    response
}

pub async fn no_such_page() -> PageProblem {
    PageProblem::NotFound
}
