//! Words: every text of the pages, in the language of whoever looks. They stand in `templates/languages/`, one file for
//! each noun; a test holds the languages against each other and against what the pages ask for.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Display;

use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{LanguageIdentifier, Loader, langid, static_loader};

use crate::dialplan::Language;

static_loader! {
    static TEXTS = {
        locales: "./templates/languages",
        fallback_language: "en",
        // Marks around what is put in are for mixed directions of writing, which we do not have.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

static ENGLISH: LanguageIdentifier = langid!("en");
static CHINESE: LanguageIdentifier = langid!("zh-CN");

/// The words of one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words(Language);

impl Words {
    pub const fn of(language: Language) -> Self {
        Self(language)
    }

    pub const fn language(self) -> Language {
        self.0
    }

    /// As HTML's `lang` has it.
    pub const fn tag(self) -> &'static str {
        match self.0 {
            Language::En => "en",
            Language::Zh => "zh-CN",
        }
    }

    fn id(self) -> &'static LanguageIdentifier {
        match self.0 {
            Language::En => &ENGLISH,
            Language::Zh => &CHINESE,
        }
    }

    /// A text as it stands.
    pub fn say(self, text: &str) -> String {
        TEXTS.lookup(self.id(), text)
    }

    /// A text with one thing put in.
    pub fn with(self, text: &str, name: &'static str, value: impl Display) -> String {
        self.put(text, [(name, FluentValue::from(value.to_string()))])
    }

    /// A text with two things put in.
    pub fn with_two(
        self,
        text: &str,
        name: &'static str,
        value: impl Display,
        other: &'static str,
        second: impl Display,
    ) -> String {
        self.put(text, [(name, FluentValue::from(value.to_string())), (other, FluentValue::from(second.to_string()))])
    }

    /// A text that depends on a number, `$n`.
    pub fn count(self, text: &str, n: impl TryInto<i64>) -> String {
        self.put(text, [("n", FluentValue::from(n.try_into().unwrap_or(i64::MAX)))])
    }

    /// A text with anything put in.
    pub fn put<const N: usize>(self, text: &str, values: [(&'static str, FluentValue<'_>); N]) -> String {
        let values: HashMap<Cow<'static, str>, FluentValue<'_>> =
            values.into_iter().map(|(name, value)| (Cow::Borrowed(name), value)).collect();
        TEXTS.lookup_with_args(self.id(), text, &values)
    }
}

/// A language, as it is called in this one.
pub fn language_name(t: Words, language: Language) -> String {
    t.say(match language {
        Language::En => "language-en",
        Language::Zh => "language-zh",
    })
}

/// `4:07`, or `1:02:33` from an hour on: what a clock on a page shows, and what it was before a script moved it.
pub fn clock(ms: u64) -> String {
    let seconds = ms / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_shows_hours_only_where_there_are_any() {
        assert_eq!(clock(0), "0:00");
        assert_eq!(clock(247_999), "4:07");
        assert_eq!(clock(3_753_000), "1:02:33");
    }

    #[test]
    fn both_languages_say_it() {
        assert_eq!(Words::of(Language::En).say("log-in"), "Log in");
        assert_eq!(Words::of(Language::Zh).say("log-in"), "登录");
        assert_eq!(Words::of(Language::En).count("waiting-people", 1), "1 waiting");
    }
}
