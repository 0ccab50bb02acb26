//! `case_events`: the history of each case. Entries are added with the change that they tell, and never changed but for
//! texts that are erased with a person.

use super::StoreError;
use super::driver::{Change, Db, Row, values};
use crate::calendar::Moment;
use crate::cases::{CaseNumber, Event};
use crate::customers::{CustomerId, Note};
use crate::routing::ids::{AgentName, CentreName};

const TABLE: &str = "case_events";
const ADD: &str = "INSERT INTO case_events (centre, number, n, at_ms, written_ms, who, what, body, text) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
const STORY: &str = "SELECT n, at_ms, who, body, text FROM case_events \
     WHERE centre = $1 AND number = $2 AND n > $3 ORDER BY n LIMIT $4";
const ERASE: &str = "UPDATE case_events SET text = '' WHERE centre = $1 AND text <> '' \
     AND number IN (SELECT number FROM cases WHERE centre = $1 AND customer = $2)";

pub(super) const STATEMENTS: &[&str] = &[ADD, STORY, ERASE];

/// The most entries of one page: more than all but the sorriest case has.
pub const MOST_EVENTS: u32 = 1_000;

/// `before` is the number of the last entry there is.
pub(super) async fn add(
    change: &mut Change,
    centre: &CentreName,
    number: CaseNumber,
    before: u64,
    events: &[Event],
    now: Moment,
) -> Result<(), StoreError> {
    for (n, event) in (before + 1..).zip(events) {
        let body =
            serde_json::to_string(&event.what).map_err(|error| StoreError::Refused { why: error.to_string() })?;
        let who = event.by.as_ref().map(|by| by.as_str());
        let values = values![
            centre.as_str(),
            number.get(),
            n,
            event.at,
            now,
            who,
            event.what.as_str(),
            body,
            event.text.as_str(),
        ];
        change.execute(ADD, values).await?;
    }
    Ok(())
}

pub(super) async fn erase(change: &mut Change, centre: &CentreName, customer: CustomerId) -> Result<(), StoreError> {
    change.execute(ERASE, values![centre.as_str(), customer.get()]).await.map(drop)
}

fn read(centre: &CentreName, number: CaseNumber, row: &Row) -> Result<Event, StoreError> {
    let n = row.number(TABLE, "n")?;
    let bad = |_| StoreError::Inconsistent { table: TABLE, id: format!("{centre}/{number}/{n}") };
    Ok(Event {
        at: Moment::from_ms(row.number(TABLE, "at_ms")?),
        by: row.maybe_text(TABLE, "who")?.map(AgentName::new),
        what: serde_json::from_str(&row.text(TABLE, "body")?).map_err(bad)?,
        text: Note::kept(row.text(TABLE, "text")?),
    })
}

impl Db {
    /// The history of a case, in order; `after` the so-manieth entry.
    pub async fn case_story(
        &self,
        centre: &CentreName,
        number: CaseNumber,
        after: u64,
    ) -> Result<Vec<Event>, StoreError> {
        let values = values![centre.as_str(), number.get(), after, i64::from(MOST_EVENTS)];
        self.rows(STORY, values).await?.iter().map(|row| read(centre, number, row)).collect()
    }
}
