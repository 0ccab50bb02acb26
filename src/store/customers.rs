//! `customers`, `customer_numbers`, `customer_keys`: the record of each customer, by which numbers it is found, and by
//! which beginnings of numbers and names.

use super::audit::{self, Done};
use super::counted::{self, Counted, RequestKey};
use super::driver::{Change, Db, Row, values};
use super::{Author, StoreError, cases, contacts, notes};
use crate::calendar::Moment;
use crate::customers::{
    Country, Customer, CustomerId, Fields, Line, Note, Number, Record, folded, number_prefix, number_sought_as,
    sought_as,
};
use crate::dialplan::Language;
use crate::routing::ids::CentreName;

const TABLE: &str = "customers";

macro_rules! columns {
    () => {
        "c.customer, c.name, c.language, c.note, c.fields, c.numbers, c.added_ms, c.changed_ms, c.erased_ms, c.version"
    };
}

const ADD: &str = "INSERT INTO customers (centre, customer, name, name_key, language, note, fields, numbers, added_ms, \
     changed_ms, erased_ms, version, request) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, NULL, 1, $10) \
     ON CONFLICT (centre, request) DO NOTHING";
const CHANGE: &str = "UPDATE customers SET name = $3, name_key = $4, language = $5, note = $6, fields = $7, \
     numbers = $8, changed_ms = $9, version = version + 1 \
     WHERE centre = $1 AND customer = $2 AND version = $10 AND erased_ms IS NULL";
const ERASE: &str = "UPDATE customers SET name = NULL, name_key = '', language = NULL, note = '', fields = '{}', \
     numbers = '[]', changed_ms = $3, erased_ms = $3, version = version + 1 \
     WHERE centre = $1 AND customer = $2 AND erased_ms IS NULL";
const ONE: &str = concat!("SELECT ", columns!(), " FROM customers c WHERE c.centre = $1 AND c.customer = $2");
// Sent with the same key, for something else.
const SAME_KEY: &str =
    "SELECT 1 AS n FROM customers WHERE centre = $1 AND request >= $2 AND request < $3 AND request <> $4 LIMIT 1";
const BY_REQUEST: &str = concat!("SELECT ", columns!(), " FROM customers c WHERE c.centre = $1 AND c.request = $2");
const BY_NUMBER: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM customer_numbers n JOIN customers c ON c.centre = n.centre AND c.customer = n.customer \
     WHERE n.centre = $1 AND n.number = $2 ORDER BY n.customer DESC LIMIT $3"
);
const BY_NAME: &str = concat!(
    "SELECT ",
    columns!(),
    ", c.name_key AS sought FROM customers c WHERE c.centre = $1 AND c.erased_ms IS NULL \
     AND (c.name_key, c.customer) > ($2, $3) ORDER BY c.name_key, c.customer LIMIT $4"
);
// Found in the keys alone, and only then joined: a page costs what a page holds.
const BY_BEGINNING: &str = concat!(
    "SELECT ",
    columns!(),
    ", k.sought FROM (SELECT centre, sought, customer FROM customer_keys WHERE centre = $1 AND sought >= $2 AND sought < $3 \
     AND (sought, customer) > ($4, $5) ORDER BY sought, customer LIMIT $6) k \
     JOIN customers c ON c.centre = k.centre AND c.customer = k.customer ORDER BY k.sought, k.customer"
);
const ADD_NUMBER: &str = "INSERT INTO customer_numbers (centre, number, customer) VALUES ($1, $2, $3) \
     ON CONFLICT (centre, number, customer) DO NOTHING";
const NO_NUMBERS: &str = "DELETE FROM customer_numbers WHERE centre = $1 AND customer = $2";
const ADD_KEY: &str = "INSERT INTO customer_keys (centre, sought, customer) VALUES ($1, $2, $3) \
     ON CONFLICT (centre, sought, customer) DO NOTHING";
const NO_KEYS: &str = "DELETE FROM customer_keys WHERE centre = $1 AND customer = $2";
const SHARED: &str =
    "SELECT customer FROM customer_numbers WHERE centre = $1 AND number = $2 AND customer <> $3 LIMIT 1";

pub(super) const STATEMENTS: &[&str] = &[
    ADD,
    CHANGE,
    ERASE,
    ONE,
    BY_REQUEST,
    SAME_KEY,
    BY_NUMBER,
    BY_NAME,
    BY_BEGINNING,
    ADD_NUMBER,
    NO_NUMBERS,
    ADD_KEY,
    NO_KEYS,
    SHARED,
];

/// The most customers of one page.
pub const MOST_LISTED: u32 = 200;
/// The most who are asked about when one number is theirs: more is a switchboard, and asking helps nobody.
const MOST_OF_A_NUMBER: i64 = 20;
/// Behind every text that begins with something.
const BEHIND: char = '\u{10ffff}';

/// Why a customer was not changed.
#[derive(Debug, thiserror::Error)]
pub enum CustomerError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Somebody else has changed it meanwhile: read it again.
    #[error("somebody else has changed customer {0} meanwhile")]
    Stale(CustomerId),
    /// Never there, or erased.
    #[error("there is no customer {0}")]
    Missing(CustomerId),
}

/// A place in a list: behind this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behind {
    pub sought: String,
    pub customer: CustomerId,
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Each once on a page; who was found by two words can be on two.
    pub customers: Vec<Customer>,
    /// Where the next page begins; `None` where this was the last.
    pub next: Option<Behind>,
}

fn read(centre: &CentreName, row: &Row) -> Result<Customer, StoreError> {
    let id = row.number(TABLE, "customer")?;
    let bad = || StoreError::Inconsistent { table: TABLE, id: format!("{centre}/{id}") };
    let fields: Fields = serde_json::from_str(&row.text(TABLE, "fields")?).map_err(|_| bad())?;
    let numbers: Vec<String> = serde_json::from_str(&row.text(TABLE, "numbers")?).map_err(|_| bad())?;
    let language = row.maybe_text(TABLE, "language")?;
    Ok(Customer {
        id: u64::try_from(id).ok().and_then(CustomerId::new).ok_or_else(bad)?,
        record: Record {
            name: row.maybe_text(TABLE, "name")?.map(Line::kept),
            language: language.map(|word| word.parse::<Language>().map_err(|_| bad())).transpose()?,
            note: Note::kept(row.text(TABLE, "note")?),
            fields,
            numbers: numbers.into_iter().map(Number::kept).collect(),
        },
        added: Moment::from_ms(row.number(TABLE, "added_ms")?),
        changed: Moment::from_ms(row.number(TABLE, "changed_ms")?),
        erased: row.maybe_number(TABLE, "erased_ms")?.map(Moment::from_ms),
        version: u64::try_from(row.number(TABLE, "version")?).map_err(|_| bad())?,
    })
}

/// The columns of a record as they are written.
struct Written {
    name: Option<String>,
    key: String,
    language: Option<&'static str>,
    note: String,
    fields: String,
    numbers: String,
}

impl Written {
    fn of(record: &Record) -> Result<Self, StoreError> {
        let json =
            |result: serde_json::Result<String>| result.map_err(|error| StoreError::Refused { why: error.to_string() });
        let numbers: Vec<&str> = record.numbers.iter().map(Number::as_str).collect();
        Ok(Self {
            name: record.name.as_ref().map(|name| name.as_str().to_owned()),
            key: record.name.as_ref().map(|name| folded(name.as_str())).unwrap_or_default(),
            language: record.language.map(Language::as_str),
            note: record.note.as_str().to_owned(),
            fields: json(serde_json::to_string(&record.fields))?,
            numbers: json(serde_json::to_string(&numbers))?,
        })
    }
}

/// What a customer is found by, in the place of what it was before.
async fn index(
    change: &mut Change,
    centre: &CentreName,
    id: CustomerId,
    record: &Record,
    home: Option<Country>,
) -> Result<(), StoreError> {
    change.execute(NO_NUMBERS, values![centre.as_str(), id.get()]).await?;
    change.execute(NO_KEYS, values![centre.as_str(), id.get()]).await?;
    let mut keys: Vec<String> = record.name.iter().flat_map(|name| sought_as(name.as_str())).collect();
    for number in &record.numbers {
        change.execute(ADD_NUMBER, values![centre.as_str(), number.as_str(), id.get()]).await?;
        keys.extend(number_sought_as(number, home));
    }
    for key in keys {
        change.execute(ADD_KEY, values![centre.as_str(), key, id.get()]).await?;
    }
    Ok(())
}

/// The audit names which parts were changed, and nobody.
fn told(what: &'static str, id: CustomerId, record: &[&'static str], by: &Author, at: Moment) -> Done {
    let parts = (!record.is_empty()).then(|| serde_json::json!(record));
    Done { at, who: by.clone(), what, subject: format!("customer:{id}"), before: None, after: parts }
}

fn parts(before: &Record, after: &Record) -> Vec<&'static str> {
    before.differs(after).into_iter().map(crate::customers::Part::as_str).collect()
}

impl Db {
    /// A new customer; the same form once more is the same customer.
    pub async fn add_customer(
        &self,
        centre: &CentreName,
        record: Record,
        request: &RequestKey,
        by: &Author,
        at: Moment,
        home: Option<Country>,
    ) -> Result<Customer, StoreError> {
        if let Some(before) = self.customer_of_request(centre, request).await? {
            return Ok(before);
        }
        let record = record.tidied();
        let Written { name, key, language, note, fields, numbers } = Written::of(&record)?;
        let mut change = self.begin().await?;
        let next = counted::next(&mut change, centre, Counted::Customers).await?;
        let gone = || StoreError::Inconsistent { table: "counted", id: centre.to_string() };
        let id = CustomerId::new(next).ok_or_else(gone)?;
        if counted::key_is_used(&mut change, SAME_KEY, centre, request).await? {
            change.undo().await?;
            return Err(StoreError::Used);
        }
        let values = values![
            centre.as_str(),
            id.get(),
            name.as_deref(),
            key,
            language,
            note,
            fields,
            numbers,
            at,
            request.as_str(),
        ];
        if change.execute(ADD, values).await? == 0 {
            change.undo().await?;
            return self.customer_of_request(centre, request).await?.ok_or_else(gone);
        }
        index(&mut change, centre, id, &record, home).await?;
        let parts = parts(&Record::default(), &record);
        audit::write(&mut change, centre, told("customer.added", id, &parts, by, at)).await?;
        change.commit().await?;
        Ok(Customer { id, record, added: at, changed: at, erased: None, version: 1 })
    }

    async fn customer_of_request(
        &self,
        centre: &CentreName,
        request: &RequestKey,
    ) -> Result<Option<Customer>, StoreError> {
        let row = self.row(BY_REQUEST, values![centre.as_str(), request.as_str()]).await?;
        row.map(|row| read(centre, &row)).transpose()
    }

    /// Also one that was erased: its number is still named.
    pub async fn customer(&self, centre: &CentreName, id: CustomerId) -> Result<Option<Customer>, StoreError> {
        let row = self.row(ONE, values![centre.as_str(), id.get()]).await?;
        row.map(|row| read(centre, &row)).transpose()
    }

    /// The whole record of a customer, in the place of the one that was seen in this version.
    ///
    /// # Errors
    /// [`CustomerError`]; nothing was changed.
    #[expect(clippy::too_many_arguments, reason = "who, what, when and under which rules: each once")]
    pub async fn change_customer(
        &self,
        centre: &CentreName,
        id: CustomerId,
        version: u64,
        record: Record,
        by: &Author,
        at: Moment,
        home: Option<Country>,
    ) -> Result<Customer, CustomerError> {
        let before = self.customer(centre, id).await?.filter(|before| before.erased.is_none());
        let before = before.ok_or(CustomerError::Missing(id))?;
        let record = record.tidied();
        let parts = parts(&before.record, &record);
        if before.version == version && parts.is_empty() {
            return Ok(before);
        }
        let Written { name, key, language, note, fields, numbers } = Written::of(&record)?;
        let mut change = self.begin().await?;
        let values =
            values![centre.as_str(), id.get(), name.as_deref(), key, language, note, fields, numbers, at, version,];
        if change.execute(CHANGE, values).await? == 0 {
            change.undo().await?;
            return Err(CustomerError::Stale(id));
        }
        index(&mut change, centre, id, &record, home).await?;
        audit::write(&mut change, centre, told("customer.changed", id, &parts, by, at)).await?;
        change.commit().await?;
        Ok(Customer { record, changed: at, version: version + 1, ..before })
    }

    /// Forget a person: the record, who called in which call where nobody else has the number, what was noted in those
    /// calls, and what was written in their cases. Calls, cases and the number of the customer stay, so that every figure stays.
    ///
    /// # Errors
    /// [`CustomerError`]; nothing was changed.
    pub async fn erase_customer(
        &self,
        centre: &CentreName,
        id: CustomerId,
        by: &Author,
        at: Moment,
        home: Option<Country>,
    ) -> Result<(), CustomerError> {
        let before = self.customer(centre, id).await?.filter(|before| before.erased.is_none());
        let before = before.ok_or(CustomerError::Missing(id))?;
        let mut change = self.begin().await?;
        for number in &before.record.numbers {
            let shared = change.row(SHARED, values![centre.as_str(), number.as_str(), id.get()]).await?.is_some();
            if !shared {
                contacts::bind(&mut change, centre, id, &number.told_as(home)).await?;
            }
        }
        contacts::erase(&mut change, centre, id).await?;
        notes::erase(&mut change, centre, id).await?;
        cases::erase(&mut change, centre, id).await?;
        index(&mut change, centre, id, &Record::default(), home).await?;
        if change.execute(ERASE, values![centre.as_str(), id.get(), at]).await? == 0 {
            change.undo().await?;
            return Err(CustomerError::Missing(id));
        }
        audit::write(&mut change, centre, told("customer.erased", id, &[], by, at)).await?;
        change.commit().await?;
        Ok(())
    }

    /// Everybody who has a number, who was added last first.
    pub async fn customers_of_number(&self, centre: &CentreName, number: &Number) -> Result<Vec<Customer>, StoreError> {
        let values = values![centre.as_str(), number.as_str(), MOST_OF_A_NUMBER];
        self.rows(BY_NUMBER, values).await?.iter().map(|row| read(centre, row)).collect()
    }

    /// Customers whose number begins like what was typed, or one of whose name's words; all by name where nothing was.
    pub async fn find_customers(
        &self,
        centre: &CentreName,
        typed: &str,
        behind: Option<&Behind>,
        most: u32,
        home: Option<Country>,
    ) -> Result<Found, StoreError> {
        let most = most.clamp(1, MOST_LISTED);
        let beginning = number_prefix(typed, home).unwrap_or_else(|| folded(typed));
        let (last, customer) = behind.map_or(("", 0), |behind| (behind.sought.as_str(), behind.customer.get()));
        let rows = if beginning.is_empty() {
            self.rows(BY_NAME, values![centre.as_str(), last, customer, i64::from(most)]).await?
        } else {
            let end = format!("{beginning}{BEHIND}");
            let from = if last > beginning.as_str() { last } else { beginning.as_str() };
            let values = values![centre.as_str(), from, end, last, customer, i64::from(most)];
            self.rows(BY_BEGINNING, values).await?
        };
        let full = u32::try_from(rows.len()).is_ok_and(|count| count == most);
        let (mut customers, mut next): (Vec<Customer>, Option<Behind>) = (Vec::new(), None);
        for row in &rows {
            let customer = read(centre, row)?;
            next = Some(Behind { sought: row.text("customer_keys", "sought")?, customer: customer.id });
            if !customers.iter().any(|known| known.id == customer.id) {
                customers.push(customer);
            }
        }
        Ok(Found { customers, next: next.filter(|_| full) })
    }
}
