//! Promises: call-backs that are owed, made, taken back, and listed, newest first.

use axum::extract::{Path, State};
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, Problem};
use super::asker::Asker;
use super::body::{Asked, Body, InCentre, agent_name};
use super::form::Form;
use super::paging::{behind, limit, of_ours};
use crate::calendar::Moment;
use crate::routing::Input;
use crate::routing::dial_out::{DialledNumber, NotANumber};
use crate::routing::ids::*;
use crate::routing::promise::PromiseSeen;
use crate::store::promises::{KeptPromise, MOST_LISTED, PromiseEnd, WhichPromises};
use crate::web::Web;
use crate::web::place::spelled;

/// Promises of a page, unless asked for otherwise.
const A_PAGE: u32 = 100;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// As people write numbers: digits, + before them if need be, and spaces, hyphens or brackets between.
    number: String,
    /// When to call, by the clock on the wall; as soon as it is their turn, unless given.
    at_ms: Option<i64>,
    /// Who is to have it before others, for ten minutes.
    agent: Option<String>,
    /// The call in which it was asked for: not before it is over.
    call: Option<CallId>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Author {
    /// Who asks for it; a key is its own author.
    by: Option<String>,
}

impl Author {
    fn name(self, asker: &Asker) -> Answer<AgentName> {
        match (asker, self.by) {
            (Asker::House, Some(by)) => agent_name(&by),
            (Asker::House | Asker::Key(_), _) => Ok(AgentName::new(asker.name())),
        }
    }
}

/// An agent of the queue calls this number when it is its turn.
pub async fn create(
    State(web): State<Web>,
    Extension(asker): Extension<Asker>,
    Path((centre, queue)): Path<(String, String)>,
    Asked(author): Asked<Author>,
    request: Form,
    Body(wanted): Body<Wanted>,
) -> Answer<Json<PromiseSeen>> {
    let centre = CentreName::new(centre);
    let number: DialledNumber =
        wanted.number.parse().map_err(|not: NotANumber| Problem::Invalid(format!("number: {not}")))?;
    let agent = wanted.agent.as_deref().map(agent_name).transpose()?;
    let (queue, at) = (QueueName::new(queue), wanted.at_ms.map(Moment::from_ms));
    let this = (&queue, &number.to_string(), at, &agent, wanted.call);
    let request = RequestName::new(request.for_this(&this)?.as_str());
    let input = Input::CallBackAsked {
        queue: queue.clone(),
        number: number.clone(),
        at,
        agent,
        of_call: wanted.call,
        by: author.name(&asker)?,
        request: Some(request),
    };
    web.handle.tell(&centre, input).await?;
    let mut owed = web.handle.promises(&centre).await?;
    // The newest: of one sent again, what became of the first.
    owed.retain(|seen| seen.queue == queue && seen.number == number.to_phone_number());
    let seen = owed.into_iter().max_by_key(|seen| seen.promise);
    seen.map(Json).ok_or_else(|| Problem::Conflict("over", format!("the call-back to {number} is over already")))
}

/// Nobody is called any more. Answers with what it was.
pub async fn cancel(
    State(web): State<Web>,
    Extension(asker): Extension<Asker>,
    Path((centre, promise)): Path<(String, String)>,
    Asked(author): Asked<Author>,
) -> Answer<Json<PromiseSeen>> {
    let centre = CentreName::new(centre);
    let missing = || {
        let shown: String = promise.chars().take(40).collect();
        Problem::NotFound(format!("no call-back {shown} is owed"))
    };
    let id: CallId = promise.parse().map_err(|_| missing())?;
    let before = web.handle.promises(&centre).await?.into_iter().find(|seen| seen.promise == id);
    let mut before = before.ok_or_else(missing)?;
    web.handle.tell(&centre, Input::PromiseCancelled { promise: id, by: author.name(&asker)? }).await?;
    if !asker.may(crate::store::keys::Scope::CallsRead) {
        before.forget_number();
    }
    Ok(Json(before))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    queue: Option<QueueName>,
    /// `next` of the page before.
    after: Option<String>,
    limit: Option<u32>,
}

#[derive(Serialize, JsonSchema)]
pub struct Page {
    promises: Vec<Promise>,
    /// What `after` is for the next page; `null` where there is none.
    next: Option<String>,
}

/// One call-back that was owed.
#[derive(Serialize, JsonSchema)]
pub struct Promise {
    promise: CallId,
    /// `null` where it was erased.
    number: Option<PhoneNumber>,
    queue: QueueName,
    /// Who asked for it; `null`: the caller.
    by: Option<AgentName>,
    /// Who was to have it before others, for some minutes; the first of them where there were several.
    wished: Option<AgentName>,
    of_call: Option<CallId>,
    made_ms: Moment,
    /// Since when its place counts.
    joined_ms: Moment,
    due_ms: Option<Moment>,
    /// How often the number was rung in vain.
    tries: u32,
    /// The last dial for it.
    dial: Option<CallId>,
    /// Who kept it.
    agent: Option<AgentName>,
    ended_ms: Option<Moment>,
    /// `kept`, `cancelled`, `not_reached`, `came_back`, `expired`; `null` while it is owed.
    how: Option<&'static str>,
    /// Who took it back.
    ended_by: Option<AgentName>,
}

impl From<KeptPromise> for Promise {
    fn from(kept: KeptPromise) -> Self {
        Self {
            promise: kept.promise,
            number: kept.number,
            queue: kept.queue,
            by: kept.by,
            wished: kept.wished,
            of_call: kept.of_call,
            made_ms: kept.made,
            joined_ms: kept.joined,
            due_ms: kept.due,
            tries: kept.tries,
            dial: kept.dial,
            agent: kept.agent,
            ended_ms: kept.ended.map(|(at, _)| at),
            how: kept.ended.map(|(_, how)| PromiseEnd::as_str(how)),
            ended_by: kept.ended_by,
        }
    }
}

pub async fn list(State(web): State<Web>, centre: InCentre, Asked(filter): Asked<Filter>) -> Answer<Json<Page>> {
    let centre = of_ours(&web, &centre)?;
    let (after, limit) = (behind(filter.after.as_deref())?, limit(filter.limit, A_PAGE, MOST_LISTED)?);
    let kept = web.db.promises(&centre, &WhichPromises { queue: filter.queue, after }, limit).await?;
    let full = u32::try_from(kept.len()).is_ok_and(|count| count == limit);
    let next = kept.last().filter(|_| full).map(|last| spelled((last.made, last.promise)));
    Ok(Json(Page { promises: kept.into_iter().map(Promise::from).collect(), next }))
}
