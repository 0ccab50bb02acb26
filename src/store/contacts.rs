//! `contacts`: with which customer a call was, where somebody has said so; of all other calls the number says it. The
//! history of a customer is both together.

use std::collections::BTreeSet;

use super::StoreError;
use super::calls::KeptCall;
use super::driver::{Change, Db, values};
use crate::customers::{Country, Customer, CustomerId, Number};
use crate::routing::ids::{AgentName, CallId, CentreName};

const TABLE: &str = "contacts";
const SAY: &str = "INSERT INTO contacts (centre, call, customer) VALUES ($1, $2, $3) \
     ON CONFLICT (centre, call) DO UPDATE SET customer = excluded.customer";
const OF_CALL: &str = "SELECT customer FROM contacts WHERE centre = $1 AND call = $2";
// What was dialled, and what is owed, has a list of its own (`dials.rs`, `promises.rs`).
const SAID: &str = "SELECT k.call FROM contacts k WHERE k.centre = $1 AND k.customer = $2 AND k.call < $3 \
     AND NOT EXISTS (SELECT 1 FROM dials d WHERE d.centre = k.centre AND d.call = k.call) \
     AND NOT EXISTS (SELECT 1 FROM promises m WHERE m.centre = k.centre AND m.promise = k.call) ORDER BY k.call DESC LIMIT $4";
const BY_NUMBER: &str = "SELECT p.call FROM personal p WHERE p.centre = $1 AND p.from_number = $2 AND p.call < $3 \
     AND NOT EXISTS (SELECT 1 FROM contacts k WHERE k.centre = p.centre AND k.call = p.call) \
     AND NOT EXISTS (SELECT 1 FROM dials d WHERE d.centre = p.centre AND d.call = p.call) \
     AND NOT EXISTS (SELECT 1 FROM promises m WHERE m.centre = p.centre AND m.promise = p.call) \
     ORDER BY p.call DESC LIMIT $4";
const BIND: &str = "INSERT INTO contacts (centre, call, customer) SELECT p.centre, p.call, CAST($3 AS BIGINT) \
     FROM personal p WHERE p.centre = $1 AND p.from_number = $2 ON CONFLICT (centre, call) DO NOTHING";
const ERASE: &str = "DELETE FROM personal WHERE centre = $1 \
     AND call IN (SELECT call FROM contacts WHERE centre = $1 AND customer = $2)";

// Of the newest calls of the number alone: who talked with them before those is remembered by nobody.
const TALKED: &str = "SELECT c.call, c.agent FROM (SELECT call FROM personal WHERE centre = $1 AND from_number = $2 \
     ORDER BY call DESC LIMIT 20) p JOIN calls c ON c.centre = $1 AND c.call = p.call WHERE c.agent IS NOT NULL \
     ORDER BY c.call DESC LIMIT 1";

pub(super) const STATEMENTS: &[&str] = &[SAY, OF_CALL, SAID, BY_NUMBER, BIND, ERASE, TALKED];

/// The most calls of one page.
pub const MOST_LISTED: u32 = 200;
/// Behind the id of every call: they are of fixed width and begin with c.
const BEHIND_ALL: &str = "d";

/// Every call that came from a number is from now on a contact of this customer, unless somebody said otherwise.
pub(super) async fn bind(
    change: &mut Change,
    centre: &CentreName,
    customer: CustomerId,
    told_as: &[String],
) -> Result<(), StoreError> {
    for way in told_as {
        change.execute(BIND, values![centre.as_str(), way.as_str(), customer.get()]).await?;
    }
    Ok(())
}

/// Who called, in every call that is bound to this customer, is forgotten.
pub(super) async fn erase(change: &mut Change, centre: &CentreName, customer: CustomerId) -> Result<(), StoreError> {
    change.execute(ERASE, values![centre.as_str(), customer.get()]).await.map(drop)
}

impl Db {
    /// This call is with this customer, whatever its number says.
    pub async fn say_contact(&self, centre: &CentreName, call: CallId, customer: CustomerId) -> Result<(), StoreError> {
        self.execute(SAY, values![centre.as_str(), call.to_string(), customer.get()]).await.map(drop)
    }

    /// With whom somebody said that a call is.
    pub async fn contact(&self, centre: &CentreName, call: CallId) -> Result<Option<CustomerId>, StoreError> {
        let Some(row) = self.row(OF_CALL, values![centre.as_str(), call.to_string()]).await? else { return Ok(None) };
        let id = u64::try_from(row.number(TABLE, "customer")?).ok().and_then(CustomerId::new);
        id.map(Some).ok_or_else(|| StoreError::Inconsistent { table: TABLE, id: format!("{centre}/{call}") })
    }

    /// Who talked last with a caller of this number.
    pub async fn last_agent(
        &self,
        centre: &CentreName,
        number: &Number,
        home: Option<Country>,
    ) -> Result<Option<AgentName>, StoreError> {
        let mut last: Option<(String, AgentName)> = None;
        for way in number.told_as(home) {
            if let Some(row) = self.row(TALKED, values![centre.as_str(), way]).await? {
                last = last.max(Some((row.text("calls", "call")?, AgentName::new(row.text("calls", "agent")?))));
            }
        }
        Ok(last.map(|(_, agent)| agent))
    }

    /// The calls of a customer, newest first, `before` this one. One from a number that is somebody else's too is in both
    /// histories until somebody says whose it was.
    pub async fn contacts_of(
        &self,
        centre: &CentreName,
        customer: &Customer,
        before: Option<CallId>,
        most: u32,
        home: Option<Country>,
    ) -> Result<Vec<KeptCall>, StoreError> {
        let most = most.clamp(1, MOST_LISTED);
        let before = before.map_or_else(|| BEHIND_ALL.to_owned(), |call| call.to_string());
        let mut calls: BTreeSet<String> = BTreeSet::new();
        let said = values![centre.as_str(), customer.id.get(), before.as_str(), i64::from(most)];
        for row in self.rows(SAID, said).await? {
            calls.insert(row.text(TABLE, "call")?);
        }
        for way in customer.record.numbers.iter().flat_map(|number| number.told_as(home)) {
            let by_number = values![centre.as_str(), way, before.as_str(), i64::from(most)];
            for row in self.rows(BY_NUMBER, by_number).await? {
                calls.insert(row.text("personal", "call")?);
            }
        }
        // Ids are given out in order: the greatest is the newest.
        let newest: Vec<String> = calls.into_iter().rev().take(most as usize).collect();
        self.calls_named(centre, &newest).await
    }
}
