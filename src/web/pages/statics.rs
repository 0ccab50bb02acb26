//! Scripts and styles, embedded by `build.rs`. Each address holds a hash of what is there, so that a browser keeps it for
//! ever and never shows an old one.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::problem::PageProblem;

struct File {
    name: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

macro_rules! built {
    ($name:literal, $kind:literal) => {
        File { name: $name, kind: $kind, bytes: include_bytes!(concat!(env!("OUT_DIR"), "/", $name)) }
    };
}

const FILES: [File; 3] = [
    built!("htmx.js", "text/javascript; charset=utf-8"),
    built!("cordboard.js", "text/javascript; charset=utf-8"),
    built!("cordboard.css", "text/css; charset=utf-8"),
];

/// The first bytes of a hash over all of them.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    for file in &FILES {
        hash.update(file.bytes);
    }
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
});

/// Where a page finds it.
pub fn address(name: &str) -> String {
    format!("/static/{}/{name}", *VERSION)
}

/// The version in the address does not matter: an old page gets what there is now.
pub async fn show(Path((_, name)): Path<(String, String)>) -> Response {
    match FILES.iter().find(|file| file.name == name) {
        Some(file) => {
            let headers =
                [(header::CONTENT_TYPE, file.kind), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
            (headers, file.bytes).into_response()
        }
        None => PageProblem::NotFound.into_response(),
    }
}
