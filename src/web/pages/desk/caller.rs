//! Who calls: the customers known by the number, what they had to do with us before, and their cases. Read while the
//! phone rings, so each part has a limit, and one that cannot be read is left out and said so.

use std::time::Duration;

use crate::customers::{Customer, Number};
use crate::dialplan::Centre;
use crate::routing::ids::CallId;
use crate::store::StoreError;
use crate::store::calls::KeptCall;
use crate::store::case_lists::Which;
use crate::web::Web;
use crate::web::pages::calls::{outcome_word, whose};
use crate::web::pages::frame::Frame;
use crate::web::pages::who::Who;
use crate::web::pages::words::clock;

/// Earlier contacts and cases on a desk: what is read at a glance. The record has all.
const MOST_SHOWN: u32 = 6;
/// The screen pops without them where the database takes longer.
const READ_WITHIN: Duration = Duration::from_millis(400);

/// What is known of who calls.
pub struct Known {
    /// By this number: none, one, or several to choose from.
    pub matches: Vec<Match>,
    /// Which of them it is.
    pub customer: Option<Match>,
    pub contacts: Vec<Contact>,
    pub cases: Vec<CaseLine>,
    /// What the number is kept as; `None` where there is none that could be kept.
    pub number: Option<String>,
}

/// One customer to choose.
pub struct Match {
    pub id: String,
    pub name: String,
    pub note: String,
}

/// One earlier call.
pub struct Contact {
    pub call: CallId,
    pub at: String,
    pub exact: String,
    pub agent: Option<String>,
    pub queue: Option<String>,
    pub talked: Option<String>,
    /// The text's name.
    pub outcome: &'static str,
}

/// One case of theirs.
pub struct CaseLine {
    pub number: String,
    pub title: String,
    pub due: Option<String>,
    pub late: bool,
}

fn matched(customer: &Customer) -> Match {
    Match {
        id: customer.id.to_string(),
        name: customer.record.name.as_ref().map_or_else(String::new, |name| name.to_string()),
        note: customer.record.note.to_string(),
    }
}

/// # Errors
/// It cannot be read just now; the log says why.
pub async fn known(web: &Web, who: &Who, frame: &Frame, plan: &Centre, call: CallId, from: &str) -> Result<Known, ()> {
    match tokio::time::timeout(READ_WITHIN, read(web, who, frame, plan, call, from)).await {
        Ok(Ok(known)) => Ok(known),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a caller's record could not be read");
            Err(())
        }
        Err(_) => Err(()),
    }
}

async fn read(
    web: &Web,
    who: &Who,
    frame: &Frame,
    plan: &Centre,
    call: CallId,
    from: &str,
) -> Result<Known, StoreError> {
    let (db, centre) = (&web.db, who.centre());
    let number = Number::of(from, plan.country);
    let (found, customer) = whose(db, centre, plan.country, call, from).await?;
    let (calls, which) = match &customer {
        Some(customer) => {
            let calls = db.contacts_of(centre, customer, Some(call), MOST_SHOWN, plan.country).await?;
            (calls, Which::OfCustomer(customer.id))
        }
        // Of somebody unknown: what was opened in this call.
        None => (Vec::new(), Which::OfCall(call)),
    };
    let contacts = calls.into_iter().map(|call| contact(frame, call)).collect();
    let cases = db.cases(centre, &which, None, MOST_SHOWN).await?;
    let cases = cases.into_iter().map(|case| CaseLine {
        number: case.number.to_string(),
        title: case.title.to_string(),
        due: case.due.map(|due| frame.zone.day_and_minute(due)),
        late: case.due.is_some_and(|due| due < frame.now),
    });
    let cases = cases.collect();
    Ok(Known {
        matches: found.iter().map(matched).collect(),
        customer: customer.as_ref().map(matched),
        contacts,
        cases,
        number: number.map(|number| number.as_str().to_owned()),
    })
}

fn contact(frame: &Frame, call: KeptCall) -> Contact {
    let outcome = match &call.ended {
        Some((_, outcome, _)) => outcome_word(*outcome),
        None => "outcome-open",
    };
    Contact {
        call: call.call,
        at: frame.zone.day_and_minute(call.arrived),
        exact: frame.zone.day_and_second(call.arrived),
        agent: call.agent.map(|agent| agent.to_string()),
        queue: call.queue.map(|queue| queue.to_string()),
        talked: call.talked.map(|talked| clock(u64::try_from(talked.as_millis()).unwrap_or(u64::MAX))),
        outcome,
    }
}
