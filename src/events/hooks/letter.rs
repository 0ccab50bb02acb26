//! One delivery, written and signed as Standard Webhooks 1.0 says (standardwebhooks.com): `webhook-id`,
//! `webhook-timestamp`, `webhook-signature: v1,<base64 of HMAC-SHA256 over id.timestamp.body>`.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::calendar::Moment;
use crate::events::Event;

/// What a secret begins with when it is written.
const BEGINS: &str = "whsec_";
/// Bytes of a secret that we make; one that is given has what the standard allows.
const MADE_BYTES: usize = 32;
const GIVEN_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// What deliveries are signed with. Never shown by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(****)")
    }
}

impl Secret {
    /// # Errors
    /// In words: the system has no random numbers.
    pub fn new() -> Result<Self, String> {
        let mut bytes = vec![0; MADE_BYTES];
        getrandom::fill(&mut bytes).map_err(|error| format!("no secret: {error}"))?;
        Ok(Self(bytes))
    }

    /// `whsec_` and base64.
    ///
    /// # Errors
    /// In words.
    pub fn read(text: &str) -> Result<Self, String> {
        let bytes = text.strip_prefix(BEGINS).and_then(|text| STANDARD.decode(text).ok());
        let good = bytes.filter(|bytes| GIVEN_BYTES.contains(&bytes.len()));
        good.map(Self).ok_or_else(|| "a secret is whsec_ and the base64 of 24 to 64 bytes".into())
    }

    pub fn reveal(&self) -> String {
        format!("{BEGINS}{}", STANDARD.encode(&self.0))
    }

    fn sign(&self, id: &str, timestamp: &str, body: &str) -> String {
        // Of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return String::new() };
        for piece in [id, ".", timestamp, ".", body] {
            mac.update(piece.as_bytes());
        }
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

/// What is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// The same for every try: who has it already drops it.
    pub id: String,
    /// Seconds since 1970: when this try was made.
    pub timestamp: String,
    pub signature: String,
    pub body: String,
}

impl Letter {
    pub fn new(event: &Event, secret: &Secret, now: Moment) -> Self {
        let id = format!("{}-{}-{}", event.centre, event.place.seq, event.place.n);
        let timestamp = now.as_ms().div_euclid(1000).to_string();
        // The kind is a word of ours and the moment has no quotes; the event is JSON already.
        let body = format!(r#"{{"type":"{}","timestamp":"{}","data":{}}}"#, event.kind, event.at, event.text);
        let signature = secret.sign(&id, &timestamp, &body);
        Self { id, timestamp, signature, body }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_the_standard() {
        // The example of the reference implementations.
        let secret = Secret::read("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a secret");
        let signature = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", r#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_is_what_it_was_and_shows_nowhere() {
        let secret = Secret::new().expect("chance");
        assert_eq!(Secret::read(&secret.reveal()), Ok(secret.clone()));
        assert_eq!(format!("{secret:?}"), "Secret(****)");
        for wrong in
            ["", "whsec_", "whsec_!!!!", "whsec_c2hvcnQ=", &secret.reveal()[6..], &format!("whsec_{}", "A".repeat(400))]
        {
            assert!(Secret::read(wrong).is_err(), "{wrong}");
        }
    }
}
