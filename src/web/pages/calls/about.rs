//! With whom a call was, and what was opened in it.

use crate::customers::{Country, Customer, Number};
use crate::dialplan::Centre;
use crate::routing::ids::{CallId, CentreName};
use crate::store::case_lists::Which;
use crate::store::{Db, StoreError};

/// Cases of one call that a story links to. An agent opens one, seldom two.
const MOST_CASES: u32 = 20;

/// Who can be the caller, and who it is: said for this call, or the only one with its number.
///
/// # Errors
/// The database's.
pub async fn whose(
    db: &Db,
    centre: &CentreName,
    country: Option<Country>,
    call: CallId,
    from: &str,
) -> Result<(Vec<Customer>, Option<Customer>), StoreError> {
    let found = match Number::of(from, country) {
        Some(number) => db.customers_of_number(centre, &number).await?,
        None => Vec::new(),
    };
    let customer = match (db.contact(centre, call).await?, found.as_slice()) {
        (Some(id), _) => db.customer(centre, id).await?,
        (None, [only]) => Some(only.clone()),
        (None, _) => None,
    };
    Ok((found, customer))
}

/// What a story links to.
#[derive(Default)]
pub struct About {
    /// Number and name; the name is empty where there is none.
    pub customer: Option<(String, String)>,
    /// Number and title.
    pub cases: Vec<(String, String)>,
}

impl About {
    /// # Errors
    /// The database's.
    pub async fn of(db: &Db, centre: &CentreName, plan: &Centre, call: CallId, from: &str) -> Result<Self, StoreError> {
        let (_, customer) = whose(db, centre, plan.country, call, from).await?;
        let cases = db.cases(centre, &Which::OfCall(call), None, MOST_CASES).await?;
        Ok(Self {
            customer: customer.map(|customer| {
                let name = customer.record.name.as_ref().map_or_else(String::new, ToString::to_string);
                (customer.id.to_string(), name)
            }),
            cases: cases.into_iter().map(|case| (case.number.to_string(), case.title.to_string())).collect(),
        })
    }
}
