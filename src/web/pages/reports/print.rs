//! What stands in the margins of a print: centre, who printed it and when, the page of how many. A stylesheet of its own,
//! because only a stylesheet can write there (CSS Paged Media Level 3, margin boxes).

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::web::Web;
use crate::web::pages::frame::Noun;
use crate::web::pages::who::Supervisor;

/// A text as CSS spells it, whatever is in it.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | ':' | '.' | ',' | '·');
    let spelled = text.chars().map(|c| if plain(c) { c.to_string() } else { format!("\\{:06x}", u32::from(c)) });
    format!("\"{}\"", spelled.collect::<String>())
}

pub async fn show(State(web): State<Web>, Supervisor(who): Supervisor) -> Response {
    let frame = who.frame(&web, Noun::Reports);
    let t = frame.t;
    let printed = t.with_two("print-by", "who", frame.who(), "at", frame.zone.day_and_minute(frame.now));
    let left = quoted(&format!("{} · {printed}", frame.centre));
    let (before, between, after) = (t.say("print-page"), t.say("print-of"), t.say("print-end"));
    let (before, between, after) = (quoted(&before), quoted(&between), quoted(&after));
    let font = "font: 8pt Inter, \"Noto Sans SC\", \"Noto Sans CJK SC\", sans-serif; color: #555";
    let css = format!(
        "@page {{ size: landscape; margin: 12mm 12mm 16mm; @bottom-left {{ content: {left}; {font} }} \
         @bottom-right {{ content: {before} counter(page) {between} counter(pages) {after}; {font} }} }}\n"
    );
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "no-store")], css).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_ends_the_text_it_stands_in() {
        assert_eq!(quoted("Lin Yue 林悦"), "\"Lin Yue 林悦\"");
        assert_eq!(quoted("\"}</style>\n\\"), "\"\\000022\\00007d\\00003c\\00002fstyle\\00003e\\00000a\\00005c\"");
    }
}
