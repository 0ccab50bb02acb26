//! Hooks: addresses elsewhere that facts are sent to, out of SQL, in order, at least once.
//!
//! Each hook has its own place in the facts of its centre and its own task (`runner.rs`), so that a receiver who is slow
//! or dead holds up nobody. What is sent is signed (`letter.rs`), and never to an address inside (`address.rs`).

mod address;
mod letter;
mod runner;
mod sender;

pub use address::{Address, Reachable};
pub use letter::Secret;
pub use runner::{Patience, Runner};
pub use sender::Sender;

use crate::calendar::Moment;
use crate::routing::ids::CentreName;
use crate::store::facts::FactPlace;
use crate::store::hooks::KeptHook;
use crate::store::{Db, StoreError};

/// Random bytes of a hook's id.
const ID_BYTES: usize = 6;

/// What somebody asks for.
pub struct NewHook {
    pub address: Address,
    /// Known ones; empty: all.
    pub kinds: Vec<String>,
    pub secret: Secret,
    pub made_by: String,
}

/// Registers a hook: it gets what happens from now on.
///
/// # Errors
/// `Exists` where the centre has as many as may be; `Refused` without random numbers; `Away`.
pub async fn register(db: &Db, centre: &CentreName, new: NewHook, at: Moment) -> Result<KeptHook, StoreError> {
    let mut chance = [0; ID_BYTES];
    getrandom::fill(&mut chance).map_err(|error| StoreError::Refused { why: format!("no hook: {error}") })?;
    let id: String = chance.iter().map(|byte| format!("{byte:02x}")).collect();
    let place: FactPlace = db.last_fact(centre).await?;
    let hook = KeptHook {
        centre: centre.clone(),
        id,
        url: new.address.to_string(),
        kinds: new.kinds,
        secret: new.secret.reveal(),
        made: at,
        made_by: new.made_by,
        place,
        delivered: None,
        failing: None,
        off: None,
    };
    db.add_hook(&hook).await?;
    Ok(hook)
}
