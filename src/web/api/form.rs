//! The key of a form: a program that got no answer sends the same again with the same `Idempotency-Key`, and what it
//! wants is done once.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::answer::{Answer, Problem};
use super::asker::Asker;
use crate::store::RequestKey;

/// The longest `Idempotency-Key`.
const LONGEST: usize = 255;

/// What makes two requests one; without the header, a request is like no other.
pub struct Form(String);

impl Form {
    /// With what is wanted: the same key for another thing is no request sent again, and what it comes to is refused.
    ///
    /// # Errors
    /// `Internal`: it cannot be spelled.
    pub fn for_this(&self, wanted: &impl Serialize) -> Answer<RequestKey> {
        let spelled = serde_json::to_vec(wanted).map_err(|error| Problem::Internal(error.to_string()))?;
        let whole = format!("{}-{}", self.0, hexadecimal(&Sha256::digest(&spelled), 31));
        RequestKey::of(&whole).map_err(|error| Problem::Internal(error.to_string()))
    }
}

/// So many digits of it.
fn hexadecimal(digest: &[u8], digits: usize) -> String {
    let mut text: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    text.truncate(digits);
    text
}

impl<S: Send + Sync> FromRequestParts<S> for Form {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Answer<Self> {
        let given = parts.headers.get("idempotency-key").map(|given| given.as_bytes());
        if given.is_some_and(|given| given.is_empty() || given.len() > LONGEST) {
            return Err(Problem::Invalid(format!("an Idempotency-Key has 1 to {LONGEST} characters")));
        }
        let mut chance = [0; 32];
        if given.is_none() {
            getrandom::fill(&mut chance).map_err(|error| Problem::Internal(error.to_string()))?;
        }
        // Nobody comes upon what another has sent by trying keys: each asker's are their own.
        let asker = parts.extensions.get::<Asker>().map(Asker::name).unwrap_or_default();
        let digest =
            Sha256::new().chain_update(asker).chain_update([0]).chain_update(given.unwrap_or(&chance)).finalize();
        Ok(Form(hexadecimal(&digest, 32)))
    }
}
