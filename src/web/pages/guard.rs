//! A page of another site may link here, and do nothing else (CSRF): what changes something is believed only from a
//! page of ours. Browsers say where a request comes from (Sec-Fetch-Site; Origin where they are older).

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::PageProblem;

pub async fn same_site(request: Request, next: Next) -> Response {
    if believed(request.method(), request.headers()) {
        next.run(request).await
    } else {
        tracing::warn!(path = request.uri().path(), "a page of another site asked, and was refused");
        PageProblem::Forbidden.into_response()
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    // One that cannot be read is as good as a strange one.
    headers.get(name).map(|value| value.to_str().unwrap_or("strange"))
}

fn believed(method: &Method, headers: &HeaderMap) -> bool {
    if [header::HOST, header::ORIGIN].iter().any(|name| headers.get_all(name).iter().count() > 1) {
        return false;
    }
    let site = text(headers, &HeaderName::from_static("sec-fetch-site"));
    let mode = text(headers, &HeaderName::from_static("sec-fetch-mode"));
    if method == Method::GET || method == Method::HEAD {
        // A link from a mail or a wiki opens a page; a script or picture of another site gets nothing.
        return match site {
            None | Some("same-origin" | "none") => true,
            Some(_) => mode == Some("navigate"),
        };
    }
    match (site, text(headers, &header::ORIGIN)) {
        (Some("same-origin"), _) => true,
        (Some(_), _) => false,
        (None, Some(origin)) => {
            let from = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
            from.zip(text(headers, &header::HOST)).is_some_and(|(from, host)| from.eq_ignore_ascii_case(host))
        }
        // No browser: one that is as old as that sends no form here.
        (None, None) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may(method: Method, all: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in all {
            headers.append(*name, value.parse().expect("a header"));
        }
        believed(&method, &headers)
    }

    #[test]
    fn a_page_of_another_site_may_link_here_and_nothing_else() {
        let site = |site| ("sec-fetch-site", site);
        let host = ("host", "cc.example");
        assert!(may(Method::GET, &[host, site("cross-site"), ("sec-fetch-mode", "navigate")]));
        assert!(!may(Method::GET, &[host, site("cross-site"), ("sec-fetch-mode", "no-cors")]));
        assert!(!may(Method::POST, &[host, site("cross-site"), ("sec-fetch-mode", "navigate")]));
        assert!(!may(Method::POST, &[host, site("same-site"), ("sec-fetch-mode", "navigate")]));
        assert!(!may(Method::POST, &[host, site("none")]));
        assert!(may(Method::POST, &[host, site("same-origin")]));
        assert!(may(Method::POST, &[host, ("origin", "https://cc.example")]));
        assert!(!may(Method::POST, &[host, ("origin", "https://evil.example")]));
        assert!(!may(Method::POST, &[host, ("origin", "null")]));
        assert!(!may(Method::POST, &[host, host, ("origin", "https://cc.example")]));
    }
}
