//! What agents write about their calls, from the desk and from programs: checked, kept, and told to the core, for a wrap-up
//! may wait for its disposition.

use crate::calendar::Moment;
use crate::controller::AskError;
use crate::dialplan::DispositionName;
use crate::routing::Input;
use crate::routing::ids::{AgentName, CallId, CentreName};
use crate::store::StoreError;
use crate::store::notes::{LONGEST, Note};
use crate::web::Web;
use crate::web::pages::problem::PageProblem;

/// What is to be kept of one agent about one call.
pub struct Written {
    pub text: String,
    pub disposition: Option<String>,
    /// Counts the saves of whoever writes: the store keeps the newest, whatever order they come in.
    pub version: i64,
}

/// Why a note is not kept.
#[derive(Debug, thiserror::Error)]
pub enum NotKept {
    #[error("a note has {LONGEST} characters at most")]
    TooLong,
    #[error("{0} was never offered this call")]
    NotTheirs(AgentName),
    #[error("{0:?} is no disposition of this centre's YAML")]
    NoSuchDisposition(String),
    #[error("what became of this call cannot be read now: try again later")]
    Unread(PageProblem),
    #[error("the centre's YAML is not there yet")]
    NoPlan,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Asked(#[from] AskError),
}

/// Gives when it was saved, or nothing where a newer one was there already.
///
/// # Errors
///
/// See [`NotKept`]; what stood before stands.
pub async fn keep(
    web: &Web,
    centre: &CentreName,
    (agent, by): (&AgentName, &AgentName),
    call: CallId,
    written: Written,
) -> Result<Option<Moment>, NotKept> {
    if written.text.chars().count() > LONGEST {
        return Err(NotKept::TooLong);
    }
    // Only about a call of one's own: one that was offered to this person.
    let story = match web.hub().stories.of(&web.db, centre, call).await {
        Err(PageProblem::NotFound) => return Err(NotKept::NotTheirs(agent.clone())),
        story => story.map_err(NotKept::Unread)?,
    };
    if !story.iter().any(|told| told.fact.agent() == Some(agent)) {
        return Err(NotKept::NotTheirs(agent.clone()));
    }
    if let Some(word) = &written.disposition {
        let plan = web.handle.plan(centre).ok_or(NotKept::NoPlan)?;
        if plan.dispositions.get(&DispositionName::new(word)).is_none() {
            return Err(NotKept::NoSuchDisposition(word.clone()));
        }
    }
    let Written { text, disposition, version } = written;
    let (now, given) = (web.now(), disposition.is_some());
    let note = Note { agent: agent.clone(), text, disposition, version, saved: now };
    if !web.db.save_note(centre, call, &note).await? {
        return Ok(None);
    }
    web.hub().stories.noted(centre, call, note);
    let disposed = Input::AgentDisposed { by: by.clone(), agent: agent.clone(), call, given };
    web.handle.tell(centre, disposed).await?;
    Ok(Some(now))
}
