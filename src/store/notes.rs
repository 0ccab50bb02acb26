//! `notes`: what an agent wrote about a call while it was in hand, and how the call came out. Saved as it is typed, so
//! each save carries a version: one that comes late does not undo a newer one.

use super::StoreError;
use super::driver::{Change, Db, values};
use crate::calendar::Moment;
use crate::customers::CustomerId;
use crate::routing::ids::{AgentName, CallId, CentreName};

const TABLE: &str = "notes";
const SAVE: &str = "INSERT INTO notes (centre, call, agent, text, disposition, version, saved_ms) \
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (centre, call, agent) DO UPDATE SET text = excluded.text, \
     disposition = excluded.disposition, version = excluded.version, saved_ms = excluded.saved_ms \
     WHERE notes.version < excluded.version";
const OF_CALL: &str = "SELECT agent, text, disposition, version, saved_ms FROM notes WHERE centre = $1 AND call = $2 \
     ORDER BY saved_ms, agent";

/// Newer than any that a page may still send: what was being typed does not come back. How the call came out stays.
const ERASE: &str = "UPDATE notes SET text = '', version = 9007199254740991 WHERE centre = $1 \
     AND call IN (SELECT call FROM contacts WHERE centre = $1 AND customer = $2)";

pub(super) const STATEMENTS: &[&str] = &[SAVE, OF_CALL, ERASE];

/// The longest note, in characters: ten pages.
pub const LONGEST: usize = 20_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub agent: AgentName,
    pub text: String,
    pub disposition: Option<String>,
    pub version: i64,
    pub saved: Moment,
}

/// What was written in every call that is bound to this customer is forgotten.
pub(super) async fn erase(change: &mut Change, centre: &CentreName, customer: CustomerId) -> Result<(), StoreError> {
    change.execute(ERASE, values![centre.as_str(), customer.get()]).await.map(drop)
}

impl Db {
    /// Says whether it was kept; `false` where a newer one is there already.
    pub async fn save_note(&self, centre: &CentreName, call: CallId, note: &Note) -> Result<bool, StoreError> {
        let values = values![
            centre.as_str(),
            call.to_string(),
            note.agent.as_str(),
            note.text.as_str(),
            note.disposition.as_deref(),
            note.version,
            note.saved
        ];
        Ok(self.execute(SAVE, values).await? == 1)
    }

    /// Everybody's, oldest first.
    pub async fn notes(&self, centre: &CentreName, call: CallId) -> Result<Vec<Note>, StoreError> {
        let rows = self.rows(OF_CALL, values![centre.as_str(), call.to_string()]).await?;
        rows.into_iter()
            .map(|row| {
                Ok(Note {
                    agent: AgentName::new(row.text(TABLE, "agent")?),
                    text: row.text(TABLE, "text")?,
                    disposition: row.maybe_text(TABLE, "disposition")?,
                    version: row.number(TABLE, "version")?,
                    saved: Moment::from_ms(row.number(TABLE, "saved_ms")?),
                })
            })
            .collect()
    }
}
