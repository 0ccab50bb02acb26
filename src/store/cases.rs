//! `cases`: each case as it stands. Every change goes in one transaction with its history and its audit, and only onto
//! the version that it was made of: of two who change a case at once, one is told.

use std::time::Duration;

use super::audit::{self, Done};
use super::counted::{self, Counted, RequestKey};
use super::driver::{Change, Db, Row, Value, values};
use super::{Author, StoreError, case_events};
use crate::calendar::Moment;
use crate::cases::{
    Case, CaseNumber, CaseTypeName, Changed, Clock, Opening, Owner, Refusal, Rules, Settlement, State, Wait, WaitsFor,
};
use crate::customers::{CustomerId, Line};
use crate::dialplan::DispositionName;
use crate::organisation::DepartmentName;
use crate::routing::ids::{AgentName, CentreName};

const TABLE: &str = "cases";

macro_rules! columns {
    () => {
        "number, kind, title, customer, call, opened_ms, opened_by, state, waits_for, waits_until_ms, owner, department, \
         rung, taken, clock_since_ms, clock_left_ms, ran_out_ms, due_ms, settled_by, settled_in, settled_ms, disposition, \
         closed_ms, version"
    };
}
pub(super) use columns;

const ADD: &str = concat!(
    "INSERT INTO cases (centre, ",
    columns!(),
    ", wakes_ms, request) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, \
     $20, $21, $22, $23, $24, $25, $26, $27) ON CONFLICT (centre, request) DO NOTHING"
);
// Only what can change: places as in ADD.
const CHANGE: &str = "UPDATE cases SET state = $3, waits_for = $4, waits_until_ms = $5, owner = $6, department = $7, \
     rung = $8, taken = $9, clock_since_ms = $10, clock_left_ms = $11, ran_out_ms = $12, due_ms = $13, settled_by = $14, \
     settled_in = $15, settled_ms = $16, disposition = $17, closed_ms = $18, version = $19, wakes_ms = $20 \
     WHERE centre = $1 AND number = $2 AND version = $21";
const ONE: &str = concat!("SELECT ", columns!(), " FROM cases WHERE centre = $1 AND number = $2");
// Sent with the same key, for something else.
const SAME_KEY: &str =
    "SELECT 1 AS n FROM cases WHERE centre = $1 AND request >= $2 AND request < $3 AND request <> $4 LIMIT 1";
const BY_REQUEST: &str = concat!("SELECT ", columns!(), " FROM cases WHERE centre = $1 AND request = $2");
const ERASE: &str = "UPDATE cases SET title = '' WHERE centre = $1 AND customer = $2";

pub(super) const STATEMENTS: &[&str] = &[ADD, CHANGE, ONE, BY_REQUEST, SAME_KEY, ERASE];

/// Why a case was not changed.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The case itself says no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Somebody else has changed it meanwhile: read it again.
    #[error("somebody else has changed case {0} meanwhile")]
    Stale(CaseNumber),
    #[error("there is no case {0}")]
    Missing(CaseNumber),
}

/// A form's case: the new one, or the one that the same form opened before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    pub case: Case,
    pub again: bool,
}

fn ms(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// The columns that change, in the order of CHANGE: from `state` to `version`, then `wakes_ms`.
fn changing(case: &Case) -> Vec<Value> {
    let (waits_for, until) = match &case.state {
        State::Waiting(Wait { on, until }) => (Some(on.as_str()), Some(until.as_ms())),
        State::New | State::Accepted | State::Settled(_) | State::Closed { .. } => (None, None),
    };
    let (settled, closed) = match &case.state {
        State::Settled(settled) => (Some(settled), None),
        State::Closed { settled, at } => (Some(settled), Some(at.as_ms())),
        State::New | State::Accepted | State::Waiting(_) => (None, None),
    };
    let (since, left, ran_out) = match case.clock {
        Clock::Running { since, left } => (Some(since.as_ms()), ms(left), None),
        Clock::Stopped { left } => (None, ms(left), None),
        Clock::RanOut { at } => (None, 0, Some(at.as_ms())),
    };
    values![
        case.state.as_str(),
        waits_for,
        until,
        case.owner.person.as_ref().map(|person| person.as_str()),
        case.owner.department.as_str(),
        i64::from(case.rung),
        i64::from(case.taken),
        since,
        left,
        ran_out,
        case.due.map(Moment::as_ms),
        settled.map(|settled| settled.by.as_str()),
        settled.map(|settled| settled.department.as_str()),
        settled.map(|settled| settled.at.as_ms()),
        settled.and_then(|settled| settled.disposition.as_ref()).map(|disposition| disposition.as_str()),
        closed,
        case.version,
        case.wakes().map(Moment::as_ms),
    ]
    .to_vec()
}

fn adding(centre: &CentreName, case: &Case, request: &RequestKey) -> Vec<Value> {
    let mut all = values![
        centre.as_str(),
        case.number.get(),
        case.kind.as_str(),
        case.title.as_str(),
        case.customer.and_then(|customer| i64::try_from(customer.get()).ok()),
        case.call.map(|call| call.to_string()).as_deref(),
        case.opened,
        case.opened_by.as_str(),
    ]
    .to_vec();
    all.extend(changing(case));
    all.push(Value::from(request.as_str()));
    all
}

/// One row, as [`columns!`] reads it.
pub(super) fn read(centre: &CentreName, row: &Row) -> Result<Case, StoreError> {
    let number = row.number(TABLE, "number")?;
    let bad = || StoreError::Inconsistent { table: TABLE, id: format!("{centre}/{number}") };
    let count = |column| u64::try_from(row.number(TABLE, column)?).map_err(|_| bad());
    let text = |column| row.maybe_text(TABLE, column);
    let moment = |column| Ok::<_, StoreError>(row.maybe_number(TABLE, column)?.map(Moment::from_ms));
    let settled = match (text("settled_by")?, text("settled_in")?, moment("settled_ms")?) {
        (Some(by), Some(department), Some(at)) => Some(Settlement {
            by: AgentName::new(by),
            department: DepartmentName::new(department),
            at,
            disposition: text("disposition")?.map(DispositionName::new),
        }),
        (None, None, None) => None,
        (Some(_) | None, _, _) => return Err(bad()),
    };
    let waits_for =
        text("waits_for")?.map(|word| WaitsFor::ALL.into_iter().find(|on| on.as_str() == word).ok_or_else(bad));
    let wait = waits_for.transpose()?.zip(moment("waits_until_ms")?).map(|(on, until)| Wait { on, until });
    let word = row.text(TABLE, "state")?;
    let state = match (word.as_str(), wait, settled, moment("closed_ms")?) {
        ("new", None, None, None) => State::New,
        ("accepted", None, None, None) => State::Accepted,
        ("waiting", Some(wait), None, None) => State::Waiting(wait),
        ("settled", None, Some(settled), None) => State::Settled(settled),
        ("closed", None, Some(settled), Some(at)) => State::Closed { settled, at },
        _ => return Err(bad()),
    };
    let left = Duration::from_millis(count("clock_left_ms")?);
    let clock = match (moment("clock_since_ms")?, moment("ran_out_ms")?) {
        (Some(since), None) => Clock::Running { since, left },
        (None, None) => Clock::Stopped { left },
        (None, Some(at)) => Clock::RanOut { at },
        (Some(_), Some(_)) => return Err(bad()),
    };
    let customer = row.maybe_number(TABLE, "customer")?.map(|id| u64::try_from(id).ok().and_then(CustomerId::new));
    Ok(Case {
        number: u64::try_from(number).ok().and_then(CaseNumber::new).ok_or_else(bad)?,
        kind: CaseTypeName::new(row.text(TABLE, "kind")?),
        title: Line::kept(row.text(TABLE, "title")?),
        customer: customer.map(|id| id.ok_or_else(bad)).transpose()?,
        call: text("call")?.map(|call| call.parse().map_err(|_| bad())).transpose()?,
        opened: Moment::from_ms(row.number(TABLE, "opened_ms")?),
        opened_by: AgentName::new(row.text(TABLE, "opened_by")?),
        state,
        owner: Owner {
            person: text("owner")?.map(AgentName::new),
            department: DepartmentName::new(row.text(TABLE, "department")?),
        },
        rung: u32::try_from(count("rung")?).map_err(|_| bad())?,
        taken: count("taken")? == 1,
        clock,
        due: moment("due_ms")?,
        version: count("version")?,
    })
}

/// What the audit says of a case: where it stands, and nothing that anybody wrote.
fn standing(case: &Case) -> serde_json::Value {
    serde_json::json!({
        "state": case.state.as_str(), "owner": case.owner.person, "department": case.owner.department,
        "due_ms": case.due, "rung": case.rung,
    })
}

async fn tell(
    change: &mut Change,
    centre: &CentreName,
    before: Option<&Case>,
    changed: &Changed,
    now: Moment,
) -> Result<(), StoreError> {
    let Changed { case, events } = changed;
    case_events::add(change, centre, case.number, before.map_or(0, |before| before.version), events, now).await?;
    let Some(last) = events.last() else { return Ok(()) };
    let done = Done {
        at: now,
        who: last.by.clone().map_or(Author::Clock, Author::Person),
        what: last.what.as_audited(),
        subject: format!("case:{}", case.number),
        before: before.map(standing),
        after: Some(standing(case)),
    };
    audit::write(change, centre, done).await
}

pub(super) async fn erase(change: &mut Change, centre: &CentreName, customer: CustomerId) -> Result<(), StoreError> {
    change.execute(ERASE, values![centre.as_str(), customer.get()]).await?;
    case_events::erase(change, centre, customer).await
}

impl Db {
    /// Open a case; the same form once more is the same case.
    ///
    /// # Errors
    /// [`CaseError`]
    pub async fn open_case(
        &self,
        centre: &CentreName,
        opening: Opening,
        request: &RequestKey,
        at: Moment,
        rules: Rules<'_>,
    ) -> Result<Opened, CaseError> {
        if let Some(case) = self.case_of_request(centre, request).await? {
            return Ok(Opened { case, again: true });
        }
        let mut change = self.begin().await?;
        let next = counted::next(&mut change, centre, Counted::Cases).await?;
        let gone = || StoreError::Inconsistent { table: "counted", id: centre.to_string() };
        let number = CaseNumber::new(next).ok_or_else(gone)?;
        if counted::key_is_used(&mut change, SAME_KEY, centre, request).await? {
            change.undo().await?;
            return Err(StoreError::Used.into());
        }
        let changed = match Case::open(number, opening, at, rules) {
            Ok(changed) => changed,
            Err(refusal) => {
                change.undo().await?;
                return Err(refusal.into());
            }
        };
        if change.execute(ADD, &adding(centre, &changed.case, request)).await? == 0 {
            // The same form, at the same time, on another connection.
            change.undo().await?;
            let case = self.case_of_request(centre, request).await?.ok_or_else(gone)?;
            return Ok(Opened { case, again: true });
        }
        tell(&mut change, centre, None, &changed, at).await?;
        change.commit().await?;
        Ok(Opened { case: changed.case, again: false })
    }

    async fn case_of_request(&self, centre: &CentreName, request: &RequestKey) -> Result<Option<Case>, StoreError> {
        let row = self.row(BY_REQUEST, values![centre.as_str(), request.as_str()]).await?;
        row.map(|row| read(centre, &row)).transpose()
    }

    pub async fn case(&self, centre: &CentreName, number: CaseNumber) -> Result<Option<Case>, StoreError> {
        let row = self.row(ONE, values![centre.as_str(), number.get()]).await?;
        row.map(|row| read(centre, &row)).transpose()
    }

    /// What somebody does with the case that they saw in this version.
    ///
    /// # Errors
    /// [`CaseError`]; nothing was changed.
    pub async fn change_case(
        &self,
        centre: &CentreName,
        number: CaseNumber,
        version: u64,
        now: Moment,
        change: impl FnOnce(Case) -> Result<Changed, Refusal> + Send,
    ) -> Result<Case, CaseError> {
        let case = self.case(centre, number).await?.ok_or(CaseError::Missing(number))?;
        if case.version != version {
            return Err(CaseError::Stale(number));
        }
        let changed = change(case.clone())?;
        self.keep_case(centre, &case, changed, now).await
    }

    /// Put a case in the place of what it was.
    ///
    /// # Errors
    /// `Stale` where it is not that any more, `Store`.
    pub async fn keep_case(
        &self,
        centre: &CentreName,
        before: &Case,
        changed: Changed,
        now: Moment,
    ) -> Result<Case, CaseError> {
        let mut all = values![centre.as_str(), before.number.get()].to_vec();
        all.extend(changing(&changed.case));
        all.push(Value::from(before.version));
        let mut change = self.begin().await?;
        if change.execute(CHANGE, &all).await? == 0 {
            change.undo().await?;
            return Err(CaseError::Stale(before.number));
        }
        tell(&mut change, centre, Some(before), &changed, now).await?;
        change.commit().await?;
        Ok(changed.case)
    }
}
