//! Who may ask: on a loopback address whoever sits at this machine, but no page of another site in their browser;
//! elsewhere whoever brings the token.

use std::net::IpAddr;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Web;
use super::api::Problem;

/// From the last byte of the head to the first of the answer: longer than anything we wait for behind it.
const LONGEST_REQUEST: Duration = Duration::from_secs(30);

/// Ends a request whose body trickles in, or whose answer does not come.
pub async fn within_time(State(_): State<Web>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(LONGEST_REQUEST, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::TooSlow.into_response(),
    }
}

pub async fn who_may_ask(State(web): State<Web>, request: Request, next: Next) -> Response {
    let mut response = match may_ask(&web, &request) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    let headers = response.headers_mut();
    // What strangers typed is in it: never guessed to be a page, never kept by anybody between us.
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn may_ask(web: &Web, request: &Request) -> Result<(), Problem> {
    let headers = request.headers();
    from_here(headers, web.token.is_none().then_some(web.address.ip()))?;
    match &web.token {
        // Whoever watches over us need not know it.
        Some(token) if request.uri().path() != "/health" && !brings(headers, token) => Err(Problem::NoToken),
        Some(_) | None => Ok(()),
    }
}

fn one(headers: &HeaderMap, name: header::HeaderName) -> Result<Option<&str>, Problem> {
    let mut all = headers.get_all(&name).iter();
    let first = all.next();
    if all.next().is_some() {
        return Err(Problem::Forbidden("a header that may stand once stands twice"));
    }
    match first.map(|value| value.to_str()) {
        None => Ok(None),
        Some(Ok(text)) => Ok(Some(text)),
        Some(Err(_)) => Err(Problem::Forbidden("a header cannot be read")),
    }
}

/// A browser says where a request comes from. `listening` is our address, where there is no token that a page of
/// another site would not have: there the name we are called by counts too, because a stranger's name may be made to
/// point at this machine (DNS rebinding), and its pages would be ours by origin.
fn from_here(headers: &HeaderMap, listening: Option<IpAddr>) -> Result<(), Problem> {
    let host = one(headers, header::HOST)?.ok_or(Problem::Forbidden("a request says its Host"))?;
    if let Some(ours) = listening
        && !is_ours(host, ours)
    {
        return Err(Problem::Forbidden("this is no name of this machine's own; ask for 127.0.0.1 or localhost"));
    }
    match one(headers, header::HeaderName::from_static("sec-fetch-site"))? {
        None | Some("same-origin" | "none") => {}
        Some(_) => return Err(Problem::Forbidden("a page of another site asks")),
    }
    match one(headers, header::ORIGIN)? {
        None => Ok(()),
        Some(origin) => {
            let from = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
            let same = from.is_some_and(|from| from.eq_ignore_ascii_case(host));
            if same { Ok(()) } else { Err(Problem::Forbidden("a page of another site asks")) }
        }
    }
}

fn is_ours(host: &str, ours: IpAddr) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or("", |(name, _)| name),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    let name = name.to_ascii_lowercase();
    name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback() || ip == ours)
}

/// The time it takes says nothing of how much of it is right.
fn brings(headers: &HeaderMap, token: &str) -> bool {
    let given = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
    let Some((kind, given)) = given.split_at_checked(7) else { return false };
    if !kind.eq_ignore_ascii_case(b"bearer ") {
        return false;
    }
    let token = token.as_bytes();
    let wrong = given.iter().enumerate().fold(given.len() ^ token.len(), |wrong, (at, byte)| {
        let right = token.get(at % token.len().max(1)).copied().unwrap_or(0);
        wrong | usize::from(byte ^ right)
    });
    std::hint::black_box(wrong) == 0
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

    fn may(all: &[(&'static str, &'static str)]) -> bool {
        from_here(&headers(all), Some([127, 0, 0, 1].into())).is_ok()
    }

    #[test]
    fn whoever_sits_here_may_ask_and_a_page_of_another_site_may_not() {
        assert!(may(&[("host", "127.0.0.1:8080")]));
        assert!(may(&[("host", "LOCALHOST")]));
        assert!(may(&[("host", "[::1]:8080"), ("origin", "http://[::1]:8080"), ("sec-fetch-site", "same-origin")]));
        assert!(!may(&[]));
        assert!(!may(&[("host", "rebound.example:8080")]));
        assert!(!may(&[("host", "127.0.0.1.example:8080")]));
        assert!(!may(&[("host", "127.0.0.1:8080"), ("host", "evil.example")]));
        assert!(!may(&[("host", "127.0.0.1:8080"), ("origin", "http://evil.example")]));
        assert!(!may(&[("host", "127.0.0.1:8080"), ("origin", "http://127.0.0.1:9000")]));
        assert!(!may(&[("host", "127.0.0.1:8080"), ("origin", "null")]));
        assert!(!may(&[("host", "127.0.0.1:8080"), ("sec-fetch-site", "cross-site")]));
        assert!(!may(&[("host", "127.0.0.1:8080"), ("sec-fetch-site", "same-site")]));
    }

    #[test]
    fn only_the_whole_token_is_the_token() {
        let with = |value| brings(&headers(&[("authorization", value)]), "a-long-token");
        assert!(with("Bearer a-long-token"));
        assert!(with("bearer a-long-token"));
        assert!(!with("Bearer a-long-toke"));
        assert!(!with("Bearer a-long-tokena-long-token"));
        assert!(!with("Bearer "));
        assert!(!with("Basic a-long-token"));
        assert!(!brings(&HeaderMap::new(), "a-long-token"));
    }
}
