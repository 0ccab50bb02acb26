//! What somebody did to another's presence or work, by page or program, and the emergency switch: found among the facts of a piece of the journal,
//! and written into the audit in the transaction that works the piece in. So it is there once, and no database that was
//! away has missed it.

use serde_json::{Value as Json, json};

use super::audit::{self, Author, Done};
use super::driver::Change;
use super::{Recorded, StoreError};
use crate::calendar::Moment;
use crate::routing::agent::{Presence, Work};
use crate::routing::fact::Fact;
use crate::routing::ids::{AgentName, CentreName, MessageName};

pub(super) async fn keep(change: &mut Change, centre: &CentreName, entries: &[Recorded<'_>]) -> Result<(), StoreError> {
    for entry in entries {
        for fact in entry.facts {
            if let Some(done) = switched(entry.at, fact) {
                audit::write(change, centre, done).await?;
            }
            let Some((by, what, agent, after)) = forced(entry, fact) else { continue };
            let (who, subject) = (Author::Person(by.clone()), format!("agent:{agent}"));
            audit::write(change, centre, Done { at: entry.at, who, what, subject, before: None, after: Some(after) })
                .await?;
        }
    }
    Ok(())
}

/// Queues of this centre were lent to somebody of another, or are no more.
fn lent(at: Moment, fact: &Fact) -> Option<Done> {
    let (who, what, agent, after) = match fact {
        Fact::QueuesLent { agent, queues, skills, by, why } => {
            (by, "agent.lent", agent, json!({ "queues": queues, "skills": skills, "why": why }))
        }
        Fact::LoanEnded { agent, by, why } => (by, "agent.loan_ended", agent, json!({ "why": why })),
        _ => return None,
    };
    let (who, subject) = (Author::Person(who.clone()), format!("agent:{agent}"));
    Some(Done { at, who, what, subject, before: None, after: Some(after) })
}

/// An emergency message was switched on or off, by whomever: also by a time that ran out, or a version without it.
fn switched(at: Moment, fact: &Fact) -> Option<Done> {
    let done = |who: Option<&AgentName>, what, message: &MessageName, after| Done {
        at,
        who: who.map_or(Author::Clock, |who| Author::Person(who.clone())),
        what,
        subject: format!("emergency:{message}"),
        before: None,
        after: Some(after),
    };
    if let Some(done) = lent(at, fact) {
        return Some(done);
    }
    if let Fact::EmergencySwitchedOn { message, by, why, until } = fact {
        return Some(done(Some(by), "emergency.on", message, json!({ "until_ms": until, "why": why })));
    }
    let Fact::EmergencySwitchedOff { message, by, why, how } = fact else { return None };
    let how = Some(how.as_str()).filter(|_| by.is_none());
    Some(done(by.as_ref(), "emergency.off", message, json!({ "how": how, "why": why })))
}

fn forced<'f>(entry: &Recorded<'f>, fact: &'f Fact) -> Option<(&'f AgentName, &'static str, &'f AgentName, Json)> {
    let (by, what, agent, after) = match fact {
        Fact::AgentLoggedIn { agent, station, switch, queues, skills, auto_answer, by } => {
            let after = json!({ "did": "log_in", "station": station, "switch": switch, "queues": queues, "skills": skills,
                "auto_answer": auto_answer });
            (by, "agent.forced", agent, after)
        }
        Fact::AgentLoggedOut { agent, by, why, dismissed: _ } => {
            (by, "agent.forced", agent, json!({ "did": "log_out", "why": why }))
        }
        Fact::AgentAssigned { agent, queues, skills, by } => {
            (by, "agent.assigned", agent, json!({ "queues": queues, "skills": skills }))
        }
        Fact::CallEndAsked { call, agent, by, why } => {
            (by, "agent.forced", agent, json!({ "did": "end_call", "call": call, "why": why }))
        }
        Fact::CallHeld { call, agent, by } => (by, "agent.forced", agent, json!({ "did": "hold", "call": call })),
        Fact::CallRetrieved { call, agent, by: Some(by) } => {
            (by, "agent.forced", agent, json!({ "did": "retrieve", "call": call }))
        }
        Fact::CallPassed { call, agent, to, by, queue: _ } => {
            (by, "agent.forced", agent, json!({ "did": "pass_on", "call": call, "to": to }))
        }
        Fact::Dialled { call, agent, by, .. } => (by, "agent.forced", agent, json!({ "did": "dial", "call": call })),
        Fact::AgentChanged { agent, presence, work, state, by: Some(by), why } => {
            // A log-in or log-out of the same moment has said it; and what only followed from what somebody did (the
            // next call rings at another's phone) was not done to this agent.
            let said = entry.facts.iter().any(|other| {
                matches!(other, Fact::AgentLoggedIn { agent: of, .. } | Fact::AgentLoggedOut { agent: of, .. } if of == agent)
            });
            let did = did(presence, work, entry.at).filter(|_| !said)?;
            (by, "agent.forced", agent, json!({ "did": did, "state": state, "why": why }))
        }
        // Written at the agent's own desk, and nowhere else.
        Fact::AgentDisposed { .. }
        | Fact::AgentChanged { by: None, .. }
        | Fact::CallRetrieved { by: None, .. }
        | Fact::ControllerStarted { .. }
        | Fact::VersionPublished { .. }
        | Fact::CallArrived { .. }
        | Fact::StepEntered { .. }
        | Fact::Keyed { .. }
        | Fact::CallQueued { .. }
        | Fact::CallLeftQueue { .. }
        | Fact::OfferMade { .. }
        | Fact::OfferRang { .. }
        | Fact::OfferAnswered { .. }
        | Fact::OfferEnded { .. }
        | Fact::PickUpAsked { .. }
        | Fact::KeypadUsed { .. }
        | Fact::HeldLineChanged { .. }
        | Fact::OfferPickedUp { .. }
        | Fact::CallerKnown { .. }
        | Fact::PickUpFailed { .. }
        | Fact::CallConnected { .. }
        | Fact::CallHungUp { .. }
        | Fact::CallEnded { .. }
        | Fact::DialAgentAnswered { .. }
        | Fact::DialAnswered { .. }
        | Fact::DialConnected { .. }
        | Fact::DialEnded { .. }
        | Fact::PromiseMade { .. }
        | Fact::PromiseAgain { .. }
        | Fact::CustomerRung { .. }
        | Fact::CustomerNotReached { .. }
        | Fact::CallBackRefused { .. }
        | Fact::PromiseWaits { .. }
        | Fact::PromiseRests { .. }
        | Fact::PromiseKept { .. }
        | Fact::PromiseBroken { .. }
        | Fact::QueuesLent { .. }
        | Fact::LoanEnded { .. }
        | Fact::EmergencySwitchedOn { .. }
        | Fact::EmergencySwitchedOff { .. }
        | Fact::EmergencyHeard { .. }
        | Fact::TransferBegan { .. }
        | Fact::TransferAnswered { .. }
        | Fact::TransferConnected { .. }
        | Fact::TransferFailed { .. }
        | Fact::LinkChanged { .. }
        | Fact::Healed { .. }
        | Fact::WallClockStepped { .. } => return None,
    };
    (by != agent).then_some((by, what, agent, after))
}

/// What began at this very moment, in a word.
fn did(presence: &Presence, work: &Work, at: Moment) -> Option<&'static str> {
    match (presence, work) {
        (Presence::OnBreak { since, .. }, _) if *since == at => Some("break"),
        (Presence::Ready { since }, _) if *since == at => Some("ready"),
        (Presence::Away { since }, _) if *since == at => Some("away"),
        (_, Work::Nothing { since }) if *since == at => Some("end_wrap_up"),
        _ => None,
    }
}
