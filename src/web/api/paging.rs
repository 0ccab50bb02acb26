//! Pieces of a list that lives in memory: by name, so many at a time. What follows is named in the `Link` header
//! (RFC 8288), because the answer itself is the bare list. And what pages of kept calls have in common.

use axum::Json;
use axum::http::header::LINK;
use axum::http::{HeaderMap, HeaderValue, Uri};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use schemars::JsonSchema;
use serde::Deserialize;

use super::answer::{Answer, Problem};
use super::body::InCentre;
use crate::routing::ids::CentreName;
use crate::web::Web;
use crate::web::place::{Place, place};

/// The most of one piece, and as many as come unless fewer are asked for: all agents of a large centre.
pub const MOST: usize = 1_000;
/// The longest `after`: four bytes for each character of a name.
const LONGEST_AFTER: usize = 4 * super::body::LONGEST_NAME;

/// Which piece.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Piece {
    /// The name or id of the last one of the piece before.
    after: Option<String>,
    /// 1 to 1000; 1000 unless given.
    limit: Option<usize>,
}

/// A piece of `all`, which stands in the order of its keys.
///
/// # Errors
/// `Invalid` where the piece is none.
pub fn piece<T>(
    uri: &Uri,
    piece: &Piece,
    all: Vec<T>,
    key: impl Fn(&T) -> String,
) -> Answer<(HeaderMap, Json<Vec<T>>)> {
    let limit = piece.limit.unwrap_or(MOST);
    if !(1..=MOST).contains(&limit) {
        return Err(Problem::Invalid(format!("limit is 1 to {MOST}")));
    }
    let after = piece.after.as_deref().unwrap_or_default();
    if after.len() > LONGEST_AFTER {
        return Err(Problem::Invalid("after is the name or id of the last one before".into()));
    }
    let mut rest = all.into_iter().filter(|one| after.is_empty() || key(one).as_str() > after);
    let taken: Vec<T> = rest.by_ref().take(limit).collect();
    let mut headers = HeaderMap::new();
    if let Some(last) = taken.last().filter(|_| rest.next().is_some()) {
        let (path, after) = (uri.path(), key(last));
        let next =
            format!("<{path}?limit={limit}&after={}>; rel=\"next\"", utf8_percent_encode(&after, NON_ALPHANUMERIC));
        // A path that was parsed and a name that is escaped make a header.
        if let Ok(next) = HeaderValue::from_str(&next) {
            headers.insert(LINK, next);
        }
    }
    Ok((headers, Json(taken)))
}

/// So many rows of a page, as asked for, or as usual.
///
/// # Errors
/// `Invalid` where that is none, or more than there may be.
pub fn limit(given: Option<u32>, usual: u32, most: u32) -> Answer<u32> {
    let limit = given.unwrap_or(usual);
    if (1..=most).contains(&limit) { Ok(limit) } else { Err(Problem::Invalid(format!("limit is 1 to {most}"))) }
}

/// The place behind which a page of calls begins: `next` of the one before.
///
/// # Errors
/// `Invalid` where it is none.
pub fn behind(after: Option<&str>) -> Answer<Option<Place>> {
    let read = |after| place(after).ok_or_else(|| Problem::Invalid("after is the `next` of a page".into()));
    after.map(read).transpose()
}

/// # Errors
/// `NotFound` where there is no such centre.
pub fn of_ours(web: &Web, centre: &InCentre) -> Answer<CentreName> {
    let centre = centre.name();
    if web.directories.names().any(|name| *name == centre) {
        Ok(centre)
    } else {
        Err(Problem::NotFound(format!("there is no centre {centre}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walked(names: &[&str], limit: usize) -> Vec<Vec<String>> {
        let mut pieces = Vec::new();
        let mut after = None;
        loop {
            let asked = Piece { after: after.take(), limit: Some(limit) };
            let all: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let (headers, Json(taken)) =
                piece(&Uri::from_static("/agents"), &asked, all, Clone::clone).expect("a piece");
            after = taken.last().cloned();
            pieces.push(taken);
            if !headers.contains_key(LINK) {
                return pieces;
            }
        }
    }

    #[test]
    fn pieces_one_after_another_are_the_whole_list_once() {
        let names = ["a", "b", "b c", "李", "王\"<"];
        for limit in 1..=6 {
            assert_eq!(walked(&names, limit).concat(), names, "{limit}");
        }
        assert_eq!(walked(&[], 1), [Vec::<String>::new()]);
        assert!(
            piece(&Uri::from_static("/x"), &Piece { after: None, limit: Some(0) }, vec![1], i32::to_string).is_err()
        );
    }

    #[test]
    fn a_name_cannot_leave_the_header() {
        let asked = Piece { after: None, limit: Some(1) };
        let all = vec!["a\">\r\nX: y".to_owned(), "b".to_owned()];
        let (headers, _) = piece(&Uri::from_static("/agents"), &asked, all, Clone::clone).expect("a piece");
        assert_eq!(headers[LINK], "</agents?limit=1&after=a%22%3E%0D%0AX%3A%20y>; rel=\"next\"");
    }
}
