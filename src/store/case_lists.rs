//! Lists of `cases`: what is in whose hands, the most urgent first; what there ever was, newest first; and what its clock,
//! its owner or its department calls for.

use super::StoreError;
use super::cases::{columns, read};
use super::driver::{Db, Row, values};
use crate::calendar::Moment;
use crate::cases::{Case, CaseNumber, CaseTypeName};
use crate::customers::CustomerId;
use crate::organisation::DepartmentName;
use crate::routing::ids::{AgentName, CallId, CentreName};

const TABLE: &str = "cases";

/// What has no end comes last: as the indexes say it.
macro_rules! inbox {
    ($whose:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            ", COALESCE(due_ms, 9223372036854775807) AS urgent FROM cases WHERE centre = $1",
            $whose,
            " AND state <> 'closed' AND (COALESCE(due_ms, 9223372036854775807), number) > ($3, $4) \
             AND COALESCE(due_ms, 9223372036854775807) <= $5 \
             AND (CAST($6 AS TEXT) IS NULL OR state = $6) AND (CAST($7 AS TEXT) IS NULL OR kind = $7) \
             ORDER BY COALESCE(due_ms, 9223372036854775807), number LIMIT $8"
        )
    };
}

const OF_PERSON: &str = inbox!(" AND owner = $2");
const OF_DEPARTMENT: &str = inbox!(" AND department = $2");
const OF_ANYBODY: &str = inbox!(" AND CAST($2 AS TEXT) IS NULL");

macro_rules! newest {
    ($which:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            " FROM cases WHERE centre = $1 AND number < $2 AND ",
            $which,
            " ORDER BY number DESC LIMIT $4"
        )
    };
}

const OF_CUSTOMER: &str = newest!("customer = $3");
const OF_CALL: &str = newest!("call = $3");
const IN_STATE: &str = newest!("(CAST($3 AS TEXT) IS NULL OR state = $3)");

const DUE: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM cases WHERE centre = $1 AND wakes_ms IS NOT NULL AND wakes_ms <= $2 ORDER BY wakes_ms, number LIMIT $3"
);
const NEXT: &str = "SELECT MIN(wakes_ms) AS next FROM cases WHERE centre = $1 AND wakes_ms IS NOT NULL";
const UNCLOSED: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM cases WHERE centre = $1 AND number > $2 AND state <> 'closed' ORDER BY number LIMIT $3"
);
const OF_NOBODY: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM cases WHERE centre = $1 AND number > $2 AND state <> 'closed' AND owner IN (SELECT owner FROM cases c \
     WHERE c.centre = $1 AND c.state <> 'closed' AND c.owner IS NOT NULL AND NOT EXISTS \
     (SELECT 1 FROM agents a WHERE a.centre = c.centre AND a.agent = c.owner)) ORDER BY number LIMIT $3"
);

pub(super) const STATEMENTS: &[&str] =
    &[OF_PERSON, OF_DEPARTMENT, OF_ANYBODY, OF_CUSTOMER, OF_CALL, IN_STATE, DUE, NEXT, UNCLOSED, OF_NOBODY];

/// The most cases of one page.
pub const MOST_LISTED: u32 = 500;

/// In whose hands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    Person(AgentName),
    /// Whoever has it in there, or nobody yet.
    Department(DepartmentName),
    Anybody,
}

/// Which of the cases that are not closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inbox {
    pub whose: Whose,
    /// One of [`crate::cases::State::WORDS`].
    pub state: Option<&'static str>,
    pub kind: Option<CaseTypeName>,
    /// Those whose time runs out until then, or has.
    pub due_by: Option<Moment>,
    /// The last case of the page before: its `due` and number.
    pub after: Option<(Option<Moment>, CaseNumber)>,
}

impl Inbox {
    pub const fn of(whose: Whose) -> Self {
        Self { whose, state: None, kind: None, due_by: None, after: None }
    }
}

/// Which of all cases there ever were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    OfCustomer(CustomerId),
    OfCall(CallId),
    /// One of [`crate::cases::State::WORDS`].
    InState(&'static str),
    All,
}

fn page(most: u32) -> i64 {
    i64::from(most.min(MOST_LISTED))
}

fn all(centre: &CentreName, rows: &[Row]) -> Result<Vec<Case>, StoreError> {
    rows.iter().map(|row| read(centre, row)).collect()
}

impl Db {
    /// What is not closed, the most urgent first.
    pub async fn inbox(&self, centre: &CentreName, inbox: &Inbox, most: u32) -> Result<Vec<Case>, StoreError> {
        let (sql, whose) = match &inbox.whose {
            Whose::Person(person) => (OF_PERSON, Some(person.as_str())),
            Whose::Department(department) => (OF_DEPARTMENT, Some(department.as_str())),
            Whose::Anybody => (OF_ANYBODY, None),
        };
        let end = |due: Option<Moment>| due.map_or(i64::MAX, Moment::as_ms);
        let (after, last) = inbox
            .after
            .map_or((i64::MIN, 0), |(due, number)| (end(due), i64::try_from(number.get()).unwrap_or(i64::MAX)));
        let values = values![
            centre.as_str(),
            whose,
            after,
            last,
            end(inbox.due_by),
            inbox.state,
            inbox.kind.as_ref().map(|kind| kind.as_str()),
            page(most),
        ];
        all(centre, &self.rows(sql, values).await?)
    }

    /// All that there ever was of something, newest first; `before` this one.
    pub async fn cases(
        &self,
        centre: &CentreName,
        which: &Which,
        before: Option<CaseNumber>,
        most: u32,
    ) -> Result<Vec<Case>, StoreError> {
        let before = before.map_or(i64::MAX, |number| i64::try_from(number.get()).unwrap_or(i64::MAX));
        let rows = match which {
            Which::OfCustomer(id) => {
                self.rows(OF_CUSTOMER, values![centre.as_str(), before, id.get(), page(most)]).await?
            }
            Which::OfCall(call) => {
                self.rows(OF_CALL, values![centre.as_str(), before, call.to_string(), page(most)]).await?
            }
            Which::InState(word) => self.rows(IN_STATE, values![centre.as_str(), before, *word, page(most)]).await?,
            Which::All => self.rows(IN_STATE, values![centre.as_str(), before, None::<&str>, page(most)]).await?,
        };
        all(centre, &rows)
    }

    /// Those to which something has happened by itself until now, the first first.
    pub async fn cases_to_wake(&self, centre: &CentreName, now: Moment, most: u32) -> Result<Vec<Case>, StoreError> {
        all(centre, &self.rows(DUE, values![centre.as_str(), now, page(most)]).await?)
    }

    /// When the next one is.
    pub async fn next_wake(&self, centre: &CentreName) -> Result<Option<Moment>, StoreError> {
        let row = self.row(NEXT, values![centre.as_str()]).await?;
        Ok(row.map(|row| row.maybe_number(TABLE, "next")).transpose()?.flatten().map(Moment::from_ms))
    }

    /// Every case that is not closed, a page at a time, in the order of their numbers.
    pub async fn unclosed_cases(
        &self,
        centre: &CentreName,
        after: Option<CaseNumber>,
        most: u32,
    ) -> Result<Vec<Case>, StoreError> {
        let after = after.map_or(0, CaseNumber::get);
        all(centre, &self.rows(UNCLOSED, values![centre.as_str(), after, page(most)]).await?)
    }

    /// Those of them whose owner is none of the centre's people.
    pub async fn cases_of_nobody(
        &self,
        centre: &CentreName,
        after: Option<CaseNumber>,
        most: u32,
    ) -> Result<Vec<Case>, StoreError> {
        let after = after.map_or(0, CaseNumber::get);
        all(centre, &self.rows(OF_NOBODY, values![centre.as_str(), after, page(most)]).await?)
    }
}
