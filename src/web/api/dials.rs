//! Dials: having an agent's phone call a number, and the numbers that were called, newest first.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::agents::tell;
use super::answer::{Answer, Problem};
use super::asker::Asker;
use super::body::{Asked, Body, InCentre, OfAgent};
use super::form::Form;
use super::paging::{behind, limit, of_ours};
use crate::calendar::Moment;
use crate::routing::Input;
use crate::routing::dial::{DialEnd, DialEndedBy};
use crate::routing::dial_out::{DialledNumber, NotANumber};
use crate::routing::ids::*;
use crate::routing::view::AgentSeen;
use crate::store::dials::{KeptDial, MOST_LISTED, WhichDials};
use crate::web::Web;
use crate::web::place::spelled;

/// Dials of a page, unless asked for otherwise.
const A_PAGE: u32 = 100;

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// As people write numbers: digits, + before them if need be, and spaces, hyphens or brackets between.
    number: String,
}

/// The agent's own phone rings first; when it is picked up, the number does.
pub async fn create(
    State(web): State<Web>,
    of: OfAgent,
    request: Form,
    Body(wanted): Body<Wanted>,
) -> Answer<Json<AgentSeen>> {
    let number: DialledNumber =
        wanted.number.parse().map_err(|not: NotANumber| Problem::Invalid(format!("number: {not}")))?;
    let request = Some(RequestName::new(request.for_this(&(&of.agent, &number.to_string()))?.as_str()));
    // A key's dials are its own, whoever it says it acts for: so they are in the audit.
    let by = match &of.asker {
        Asker::House => of.by.clone(),
        Asker::Key(_) => AgentName::new(of.asker.name()),
    };
    let input = Input::AgentDialled { agent: of.agent.clone(), number, by, request };
    tell(web.handle.clone(), of, input).await
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    agent: Option<AgentName>,
    from_ms: Option<i64>,
    to_ms: Option<i64>,
    /// `next` of the page before.
    after: Option<String>,
    limit: Option<u32>,
}

#[derive(Serialize, JsonSchema)]
pub struct Page {
    dials: Vec<Dial>,
    /// What `after` is for the next page; `null` where there is none.
    next: Option<String>,
}

/// One number that an agent called.
#[derive(Serialize, JsonSchema)]
pub struct Dial {
    call: CallId,
    /// `null` where it was erased.
    number: Option<PhoneNumber>,
    agent: AgentName,
    /// Who asked for it.
    by: AgentName,
    switch: SwitchName,
    /// The centre's number, as the other end saw it.
    shown: PhoneNumber,
    dialled_ms: Moment,
    /// When the agent had picked up, and the number was rung.
    rung_ms: Option<Moment>,
    connected_ms: Option<Moment>,
    ended_ms: Option<Moment>,
    how: Option<DialEnd>,
    ended_by: Option<DialEndedBy>,
}

impl From<KeptDial> for Dial {
    fn from(kept: KeptDial) -> Self {
        Self {
            call: kept.call,
            number: kept.number,
            agent: kept.agent,
            by: kept.by,
            switch: kept.switch,
            shown: kept.shown,
            dialled_ms: kept.dialled,
            rung_ms: kept.rung,
            connected_ms: kept.connected,
            ended_ms: kept.ended.map(|(at, ..)| at),
            how: kept.ended.map(|(_, how, _)| how),
            ended_by: kept.ended.map(|(.., by)| by),
        }
    }
}

pub async fn list(State(web): State<Web>, centre: InCentre, Asked(filter): Asked<Filter>) -> Answer<Json<Page>> {
    let centre = of_ours(&web, &centre)?;
    let (after, limit) = (behind(filter.after.as_deref())?, limit(filter.limit, A_PAGE, MOST_LISTED)?);
    let which = WhichDials {
        agent: filter.agent,
        from: filter.from_ms.map(Moment::from_ms),
        to: filter.to_ms.map(Moment::from_ms),
        after,
    };
    let kept = web.db.dials(&centre, &which, limit).await?;
    let full = u32::try_from(kept.len()).is_ok_and(|count| count == limit);
    let next = kept.last().filter(|_| full).map(|last| spelled((last.dialled, last.call)));
    Ok(Json(Page { dials: kept.into_iter().map(Dial::from).collect(), next }))
}
