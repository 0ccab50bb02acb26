//! Records: calls as the database keeps them, newest first, a page at a time.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::body::{Asked, InCentre};
use super::paging::{behind, limit, of_ours};
use crate::calendar::Moment;
use crate::routing::fact::Outcome;
use crate::routing::ids::*;
use crate::store::calls::{KeptCall, MOST_LISTED, Which};
use crate::web::Web;
use crate::web::place::spelled;

/// Records of a page, unless asked for otherwise.
const A_PAGE: u32 = 100;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    agent: Option<AgentName>,
    queue: Option<QueueName>,
    outcome: Option<Outcome>,
    from_ms: Option<i64>,
    to_ms: Option<i64>,
    /// `next` of the page before.
    after: Option<String>,
    limit: Option<u32>,
}

#[derive(Serialize, JsonSchema)]
pub struct Page {
    records: Vec<Record>,
    /// What `after` is for the next page; `null` where there is none.
    next: Option<String>,
}

/// One call.
#[derive(Serialize, JsonSchema)]
pub struct Record {
    call: CallId,
    switch: SwitchName,
    /// `null` where it was erased.
    from: Option<PhoneNumber>,
    name: Option<CallerName>,
    to: PhoneNumber,
    arrived_ms: Moment,
    version: VersionHash,
    found: bool,
    queue: Option<QueueName>,
    queued_ms: Option<Moment>,
    waited_ms: Option<u64>,
    agent: Option<AgentName>,
    connected_ms: Option<Moment>,
    /// Without the time on hold.
    talked_ms: Option<u64>,
    held_ms: Option<u64>,
    ended_ms: Option<Moment>,
    outcome: Option<&'static str>,
    ended_by: Option<String>,
}

impl From<KeptCall> for Record {
    fn from(kept: KeptCall) -> Self {
        let ms = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let (ended_ms, outcome, ended_by) = match kept.ended {
            Some((at, outcome, by)) => (Some(at), Some(outcome.as_str()), Some(by)),
            None => (None, None, None),
        };
        Self {
            call: kept.call,
            switch: kept.switch,
            from: kept.from,
            name: kept.name,
            to: kept.to,
            arrived_ms: kept.arrived,
            version: kept.version,
            found: kept.found,
            queue: kept.queue,
            queued_ms: kept.queued,
            waited_ms: kept.waited.map(ms),
            agent: kept.agent,
            connected_ms: kept.connected,
            talked_ms: kept.talked.map(ms),
            held_ms: kept.held.map(ms),
            ended_ms,
            outcome,
            ended_by,
        }
    }
}

pub async fn list(State(web): State<Web>, centre: InCentre, Asked(filter): Asked<Filter>) -> Answer<Json<Page>> {
    let centre = of_ours(&web, &centre)?;
    let (after, limit) = (behind(filter.after.as_deref())?, limit(filter.limit, A_PAGE, MOST_LISTED)?);
    let which = Which {
        agent: filter.agent,
        queue: filter.queue,
        outcome: filter.outcome,
        from: filter.from_ms.map(Moment::from_ms),
        to: filter.to_ms.map(Moment::from_ms),
        after,
    };
    let kept = web.db.calls(&centre, &which, limit).await?;
    let full = u32::try_from(kept.len()).is_ok_and(|count| count == limit);
    let next = kept.last().filter(|_| full).map(|last| spelled((last.arrived, last.call)));
    Ok(Json(Page { records: kept.into_iter().map(Record::from).collect(), next }))
}
