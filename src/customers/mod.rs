//! Customers: who they are to the centre, and by which numbers they are found.
//!
//! Owns the rules (what a name, a note, a field may be; when two numbers are one). The records are in the database
//! (`store/customers.rs`), apart from the facts, which name a customer by id: erasing a person keeps the figures.

mod customer;
mod number;
mod words;

pub use customer::{Customer, CustomerId, MOST_NUMBERS, Part, Record, folded, sought_as};
pub(crate) use number::bare;
pub use number::{Country, NoSuchCountry, Number, number_prefix, number_sought_as};
pub use words::{Fields, LONGEST_LINE, LONGEST_NOTE, Line, MOST_FIELDS, Note, TextMistake};
