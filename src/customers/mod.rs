//! Customers: who they are to the centre, and by which numbers they are found.
//!
//! Owns the rules (what a name, a note, a field may be; when two numbers are one). The records are in the database
//! (`store/customers.rs`), apart from the facts, which name a customer by id: erasing a person keeps the figures.

mod number;

pub use number::{Country, NoSuchCountry, Number};
