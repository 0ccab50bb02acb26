//! `Language`: the tongues a prompt can be spoken in.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A language that callers are spoken to in. A closed list, because numbers, digits and dates are worded by
/// code of ours, language by language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English, `en`.
    En,
    /// Mandarin Chinese, `zh`.
    Zh,
}

impl Language {
    /// Every language there is.
    pub const ALL: [Language; 2] = [Language::En, Language::Zh];

    /// As YAML, channel tags and file names spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Language::En => "en",
            Language::Zh => "zh",
        }
    }
}

/// The text names no language that we have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not one of the languages en, zh")]
pub struct NotALanguage;

impl FromStr for Language {
    type Err = NotALanguage;
    fn from_str(text: &str) -> Result<Self, NotALanguage> {
        Language::ALL.into_iter().find(|language| language.as_str() == text).ok_or(NotALanguage)
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
