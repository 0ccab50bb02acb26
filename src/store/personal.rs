//! `personal`: what facts may not hold because a person can ask for it to be erased: the caller's number and name, and
//! what was keyed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::StoreError;
use super::driver::{Change, Db, values};
use super::many::ManyRows;
use crate::routing::fact::Fact;
use crate::routing::ids::{CallId, CallerName, CentreName, PhoneNumber, StationAddress};

const TABLE: &str = "personal";
// A call that is found again keeps its row.
pub(super) static INSERT: ManyRows = ManyRows::new(
    "INSERT INTO personal (centre, call, from_number, caller_name, keyed) VALUES",
    5,
    "ON CONFLICT (centre, call) DO UPDATE SET keyed = personal.keyed || excluded.keyed",
);
// Touches no row that was erased: nothing of a person who was forgotten is written again.
const KEYED: &str = "UPDATE personal SET keyed = keyed || $3 WHERE centre = $1 AND call = $2";
const READ: &str = "SELECT from_number, caller_name, keyed FROM personal WHERE centre = $1 AND call = $2";
const ERASE: &str = "DELETE FROM personal WHERE centre = $1 AND call = $2";

pub(super) const STATEMENTS: &[&str] = &[KEYED, READ, ERASE];

/// What is known of the caller of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Personal {
    pub from: PhoneNumber,
    pub name: CallerName,
    pub keyed: Vec<KeyedDigits>,
}

/// The digits of the `Keyed` fact `seq`, `n`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyedDigits {
    pub seq: u64,
    pub n: u32,
    pub keys: String,
}

/// The fact as it may be kept for ever. `None`: as it is.
pub(super) fn impersonal(fact: &Fact) -> Option<Fact> {
    let mut fact = match fact {
        Fact::CallArrived { .. } | Fact::Keyed { .. } | Fact::Dialled { .. } | Fact::PromiseMade { .. } => fact.clone(),
        Fact::PromiseAgain { number: Some(_), .. } => fact.clone(),
        Fact::ControllerStarted { .. }
        | Fact::VersionPublished { .. }
        | Fact::StepEntered { .. }
        | Fact::CallQueued { .. }
        | Fact::CallLeftQueue { .. }
        | Fact::OfferMade { .. }
        | Fact::OfferRang { .. }
        | Fact::OfferAnswered { .. }
        | Fact::OfferEnded { .. }
        | Fact::CallConnected { .. }
        | Fact::CallHungUp { .. }
        | Fact::PickUpAsked { .. }
        | Fact::KeypadUsed { .. }
        | Fact::OfferPickedUp { .. }
        | Fact::CallerKnown { .. }
        | Fact::PickUpFailed { .. }
        | Fact::CallHeld { .. }
        | Fact::CallPassed { .. }
        | Fact::CallRetrieved { .. }
        | Fact::CallEndAsked { .. }
        | Fact::CallEnded { .. }
        | Fact::DialAgentAnswered { .. }
        | Fact::DialAnswered { .. }
        | Fact::DialConnected { .. }
        | Fact::DialEnded { .. }
        | Fact::PromiseAgain { .. }
        | Fact::CustomerRung { .. }
        | Fact::CustomerNotReached { .. }
        | Fact::CallBackRefused { .. }
        | Fact::PromiseWaits { .. }
        | Fact::PromiseRests { .. }
        | Fact::PromiseKept { .. }
        | Fact::PromiseBroken { .. }
        | Fact::AgentLoggedIn { .. }
        | Fact::AgentAssigned { .. }
        | Fact::HeldLineChanged { .. }
        | Fact::AgentLoggedOut { .. }
        | Fact::AgentChanged { .. }
        | Fact::QueuesLent { .. }
        | Fact::LoanEnded { .. }
        | Fact::AgentDisposed { .. }
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
    if let Fact::CallArrived { from, name, .. } = &mut fact {
        *from = PhoneNumber::new("");
        *name = CallerName::new("");
    }
    if let Fact::Dialled { number, to, .. } = &mut fact {
        *number = PhoneNumber::new("");
        *to = StationAddress::new("");
    }
    if let Fact::PromiseMade { number, .. } = &mut fact {
        *number = PhoneNumber::new("");
    }
    if let Fact::PromiseAgain { number, .. } = &mut fact {
        *number = number.take().map(|_| PhoneNumber::new(""));
    }
    if let Fact::Keyed { keys, .. } = &mut fact {
        keys.clear();
    }
    Some(fact)
}

/// What a piece of the journal adds. Nothing is read for it: a row may be erased at any time.
#[derive(Default)]
pub(super) struct People(BTreeMap<CallId, Added>);

#[derive(Default)]
struct Added {
    /// Lines of a caller who arrived in an earlier piece.
    before: String,
    /// Who arrived, and the lines since then.
    arrived: Option<(PhoneNumber, CallerName, String)>,
}

impl People {
    pub fn arrived(&mut self, call: CallId, from: &PhoneNumber, name: &CallerName) {
        let added = self.0.entry(call).or_default();
        added.arrived.get_or_insert_with(|| (from.clone(), name.clone(), String::new()));
    }

    pub fn keyed(&mut self, call: CallId, digits: &KeyedDigits) -> Result<(), StoreError> {
        let line = serde_json::to_string(digits).map_err(|error| StoreError::Refused { why: error.to_string() })?;
        let added = self.0.entry(call).or_default();
        let lines = added.arrived.as_mut().map_or(&mut added.before, |(_, _, lines)| lines);
        lines.push_str(&line);
        lines.push('\n');
        Ok(())
    }

    pub async fn save(self, change: &mut Change, centre: &CentreName) -> Result<(), StoreError> {
        let mut values = Vec::new();
        for (call, Added { before, arrived }) in self.0 {
            if !before.is_empty() {
                change.execute(KEYED, values![centre.as_str(), call.to_string(), before]).await?;
            }
            if let Some((from, name, lines)) = arrived {
                values.extend_from_slice(values![
                    centre.as_str(),
                    call.to_string(),
                    from.as_str(),
                    name.as_str(),
                    lines,
                ]);
            }
        }
        INSERT.execute(change, &values).await
    }
}

impl Db {
    /// `None` where it was erased, or the call is unknown.
    pub async fn personal(&self, centre: &CentreName, call: CallId) -> Result<Option<Personal>, StoreError> {
        let Some(row) = self.row(READ, values![centre.as_str(), call.to_string()]).await? else { return Ok(None) };
        let bad = |_| StoreError::Inconsistent { table: TABLE, id: call.to_string() };
        let lines = row.text(TABLE, "keyed")?;
        Ok(Some(Personal {
            from: PhoneNumber::new(row.text(TABLE, "from_number")?),
            name: CallerName::new(row.text(TABLE, "caller_name")?),
            keyed: lines.lines().map(serde_json::from_str).collect::<Result<_, _>>().map_err(bad)?,
        }))
    }

    /// Forget who called. The figures stay.
    pub async fn erase_personal(&self, centre: &CentreName, call: CallId) -> Result<(), StoreError> {
        self.execute(ERASE, values![centre.as_str(), call.to_string()]).await.map(drop)
    }
}
