//! In whose name a program asks for what is kept with a name and a reason. A key speaks for itself.

use schemars::JsonSchema;
use serde::Deserialize;

use super::answer::{Answer, Problem};
use super::asker::Asker;
use super::body::agent_name;
use crate::routing::Why;
use crate::routing::ids::AgentName;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// Who asks for it. A key speaks for itself, whoever it names.
    by: Option<String>,
    /// What is kept with it: one line of 200 characters at most.
    why: Option<String>,
}

impl Signature {
    pub const fn new(by: Option<String>, why: Option<String>) -> Self {
        Self { by, why }
    }

    /// # Errors
    ///
    /// A name or a reason that cannot be kept.
    pub fn of(self, asker: &Asker) -> Answer<(AgentName, Option<Why>)> {
        let by = match (asker, self.by) {
            (Asker::House, Some(by)) => agent_name(&by)?,
            (Asker::House, None) | (Asker::Key(_), _) => AgentName::new(asker.name()),
        };
        let why =
            self.why.map(|why| why.parse::<Why>().map_err(|not| Problem::Invalid(not.to_string()))).transpose()?;
        Ok((by, why))
    }
}
