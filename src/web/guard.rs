//! Who may ask: on a loopback address whoever sits at this machine, but no page of another site in their browser;
//! elsewhere whoever brings the token or a key. What a key may is `api/asker.rs`'s to say.

use std::net::IpAddr;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Web;
use super::api::{Asker, Problem, is_forwarded};

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
    let (mut head, body) = request.into_parts();
    let mut response = match may_ask(&web, &head).await {
        Ok(asker) => {
            if let Some(asker) = asker {
                head.extensions.insert(asker);
            }
            next.run(Request::from_parts(head, body)).await
        }
        Err(problem) => problem.into_response(),
    };
    let headers = response.headers_mut();
    // What strangers typed is in it: never guessed to be a page, never kept by anybody between us.
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Who asks; `None` who need not say it, and gets to see no more than that.
async fn may_ask(web: &Web, head: &Parts) -> Result<Option<Asker>, Problem> {
    let (headers, path) = (&head.headers, head.uri.path());
    let named = Asker::named(web, head).await?;
    let open = web.token.is_none() && named.is_none();
    from_here(headers, open.then_some(web.address.ip()))?;
    // Behind a proxy everybody comes from this machine.
    let here = web.address.ip().is_loopback() && !is_forwarded(headers);
    match named {
        // The figures are of all centres.
        Some(Asker::Key(_)) if path == "/metrics" => Err(Problem::Forbidden("the metrics are not a centre's own")),
        Some(asker) => Ok(Some(asker)),
        // Whoever watches over us need not know more.
        None if path == "/health" || (here && path == "/metrics") => Ok(None),
        None if open && here => Ok(Some(Asker::House)),
        None => Err(Problem::NoToken),
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
}
