//! Why somebody did to an agent what the agent usually does: a supervisor's own words, kept with the fact.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The longest, in characters: two sentences. Longer is a note, which has its own place.
pub const LONGEST_WHY: usize = 200;

/// A person's words on one line: 1 to [`LONGEST_WHY`] characters, all of which can be seen, no blanks around them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(from = "String", into = "String")]
pub struct Why(Arc<str>);

/// The text is not one that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAWhy {
    #[error("a reason has at least one character; leave it out where there is none")]
    Empty,
    #[error("a reason has at most {LONGEST_WHY} characters")]
    TooLong,
    /// Line ends, escapes, and what turns the direction of writing or hides.
    #[error("a reason is one line of characters that can be seen")]
    Unseen,
}

/// Acts on a terminal or a page, or hides there.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

impl Why {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Why {
    type Err = NotAWhy;

    fn from_str(text: &str) -> Result<Self, NotAWhy> {
        let text = text.trim();
        if text.is_empty() {
            Err(NotAWhy::Empty)
        } else if text.contains(is_unseen) {
            Err(NotAWhy::Unseen)
        } else if text.chars().nth(LONGEST_WHY).is_some() {
            Err(NotAWhy::TooLong)
        } else {
            Ok(Self(Arc::from(text)))
        }
    }
}

/// From a journal, which must be read whatever stands in it: made to fit.
impl From<String> for Why {
    fn from(text: String) -> Self {
        let seen: String = text.chars().filter(|c| !is_unseen(*c)).take(LONGEST_WHY).collect();
        Self(Arc::from(seen.trim()))
    }
}

impl From<Why> for String {
    fn from(why: Why) -> Self {
        why.0.to_string()
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_line_that_can_be_seen() {
        assert_eq!(" 早班结束 ".parse::<Why>().map(|why| why.to_string()), Ok("早班结束".into()));
        assert_eq!("".parse::<Why>(), Err(NotAWhy::Empty));
        assert_eq!(" \t ".parse::<Why>(), Err(NotAWhy::Empty));
        assert!("x".repeat(LONGEST_WHY).parse::<Why>().is_ok());
        assert_eq!("x".repeat(LONGEST_WHY + 1).parse::<Why>(), Err(NotAWhy::TooLong));
        for bad in ["a\nb", "a\r\nX: y", "a\0b", "\u{1b}[2J", "a\u{202e}b", "a\u{200b}b", "a\u{2028}b"] {
            assert_eq!(bad.parse::<Why>(), Err(NotAWhy::Unseen), "{bad:?}");
        }
    }

    #[test]
    fn what_a_journal_holds_is_read_and_made_to_fit() {
        let why: Why = serde_json::from_str("\"a\\u001bb\"").expect("any text is read");
        assert_eq!(why.as_str(), "ab");
        assert_eq!(serde_json::to_string(&why).ok().as_deref(), Some("\"ab\""));
    }
}
