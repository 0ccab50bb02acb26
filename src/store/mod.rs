//! SQL: people, published versions, and all facts with what is read from them. One file per table; `driver.rs` alone
//! names a database driver, and the same statements run on SQLite and PostgreSQL.
//!
//! Owns no truth about live calls (the switch and the journal do), decides nothing, and is never waited for by the
//! controller's loop: `fill.rs` is called by the controller's filler, in its own time.

pub mod agent_states;
pub mod agents;
mod aside;
pub mod audit;
pub mod call_back_report;
pub mod call_lists;
pub mod calls;
pub mod case_events;
pub mod case_lists;
pub mod cases;
pub mod contacts;
mod counted;
pub mod customers;
pub mod dials;
mod driver;
pub mod facts;
mod fill;
pub mod filled;
mod forced;
pub mod given;
pub mod hooks;
pub mod keys;
mod many;
pub mod notes;
pub mod offers;
pub mod people;
pub mod personal;
pub mod pins;
pub mod promises;
pub mod queue_report;
pub mod queue_stays;
pub mod remaking;
pub mod sessions;
pub mod today;
pub mod versions;

pub use audit::Author;
pub use counted::{BadRequestKey, RequestKey};
pub use driver::{Db, Dialect, Value};
pub use fill::{Position, Recorded, Way};

/// Every statement of this room, so that a test can prepare each on both databases.
pub fn statements() -> Vec<&'static str> {
    let mut all = [
        agent_states::STATEMENTS,
        agents::STATEMENTS,
        audit::STATEMENTS,
        call_lists::STATEMENTS,
        call_back_report::STATEMENTS,
        calls::STATEMENTS,
        case_events::STATEMENTS,
        case_lists::STATEMENTS,
        cases::STATEMENTS,
        contacts::STATEMENTS,
        counted::STATEMENTS,
        customers::STATEMENTS,
        dials::STATEMENTS,
        facts::STATEMENTS,
        filled::STATEMENTS,
        hooks::STATEMENTS,
        keys::STATEMENTS,
        notes::STATEMENTS,
        offers::STATEMENTS,
        people::STATEMENTS,
        personal::STATEMENTS,
        pins::STATEMENTS,
        promises::STATEMENTS,
        sessions::STATEMENTS,
        queue_report::STATEMENTS,
        remaking::STATEMENTS,
        today::STATEMENTS,
        versions::STATEMENTS,
    ]
    .concat();
    for many in [
        &agent_states::SAVE,
        &calls::SAVE,
        &dials::SAVE,
        &facts::INSERT,
        &offers::SAVE,
        &personal::INSERT,
        &promises::SAVE,
        &queue_stays::SAVE,
    ] {
        all.extend(many.texts().iter().map(String::as_str));
    }
    for many in [
        &agent_states::LOAD,
        &calls::LISTED,
        &calls::LOAD,
        &dials::LOAD,
        &offers::LOAD,
        &promises::LOAD,
        &queue_stays::LOAD,
        &queue_stays::IN_HAND,
    ] {
        all.extend(many.texts().iter().map(String::as_str));
    }
    all
}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Try again later: it does not answer, is locked, full, starting or stopping.
    #[error("the database is away: {why}")]
    Away { why: String },
    /// A row that this version cannot have written: look at it before anything else.
    #[error("table {table}, row {id}: not what was written there")]
    Inconsistent { table: &'static str, id: String },
    /// The database understood, and said no. The same again will be refused again.
    #[error("the database refused: {why}")]
    Refused { why: String },
    /// There is one of that name already.
    #[error("{what} {name} is there already")]
    Exists { what: &'static str, name: String },
    /// The key of a request, for something else.
    #[error("this Idempotency-Key was sent with something else before: another request has a key of its own")]
    Used,
    /// There is none of that name.
    #[error("there is no {what} {name}")]
    Missing { what: &'static str, name: String },
}
