//! Calls: those that live, and the story of any one.

use axum::Json;
use axum::extract::{OriginalUri, Path, State};
use axum::http::HeaderMap;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::answer::{Answer, Problem};
use super::body::{Asked, InCentre};
use super::dials::Dial;
use super::paging::{Piece, piece};
use super::records::Record;
use crate::calendar::Moment;
use crate::controller::Handle;
use crate::routing::Fact;
use crate::routing::ids::{CallId, CentreName};
use crate::routing::view::CallSeen;
use crate::web::Web;

pub async fn list(
    State(handle): State<Handle>,
    centre: InCentre,
    uri: OriginalUri,
    Asked(asked): Asked<Piece>,
) -> Answer<(HeaderMap, Json<Vec<CallSeen>>)> {
    let calls = handle.floor(&centre.name()).await?.calls;
    piece(&uri, &asked, calls, |call| call.id.to_string())
}

/// A call: as it is now, or as it is kept.
#[derive(Serialize, JsonSchema)]
pub struct Story {
    /// `null` when it is over.
    live: Option<CallSeen>,
    /// `null` before it has reached the database.
    record: Option<Record>,
    /// Where it is a number that an agent called.
    dial: Option<Dial>,
    facts: Vec<Told>,
    /// `false` where the database could not be asked: `record` and `facts` are not the whole story.
    whole: bool,
}

/// A fact of it.
#[derive(Serialize, JsonSchema)]
pub struct Told {
    seq: u64,
    at_ms: Moment,
    #[schemars(with = "Fact")]
    fact: Value,
}

pub async fn show(State(web): State<Web>, Path((centre, call)): Path<(String, String)>) -> Answer<Json<Story>> {
    let centre = CentreName::new(centre);
    let missing = || Problem::NotFound(format!("there is no call {}", call.chars().take(40).collect::<String>()));
    let id: CallId = call.parse().map_err(|_| missing())?;
    let live = web.handle.call(&centre, id).await?;
    let kept = async {
        let record = web.db.call(&centre, id).await?;
        let dial = web.db.dial(&centre, id).await?;
        Ok::<_, Problem>((record, dial, web.db.facts_of_call(&centre, id).await?))
    };
    let (record, dial, facts, whole) = match (kept.await, &live) {
        (Ok((record, dial, facts)), _) => (record, dial, facts, true),
        // What lives can be shown without the database.
        (Err(_), Some(_)) => (None, None, Vec::new(), false),
        (Err(problem), None) => return Err(problem),
    };
    if live.is_none() && record.is_none() && facts.is_empty() {
        return Err(missing());
    }
    let facts = facts.into_iter().map(|kept| Told { seq: kept.seq, at_ms: kept.at, fact: kept.body });
    let (record, dial) = (record.map(Record::from), dial.map(Dial::from));
    Ok(Json(Story { live, record, dial, facts: facts.collect(), whole }))
}
