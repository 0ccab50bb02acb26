//! Figures: what a text says of a caller's wait, in the words of each language.

use std::time::Duration;

use super::language::Language;

/// No wait is said to be longer than this: of an hour nobody knows more than that it is long.
pub const LONGEST_SAID: Duration = Duration::from_secs(3600);

/// A placeholder that texts under `waiting` have, and no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Figure {
    /// `{position}`: the caller's place in the queue; 1 is next.
    Position,
    /// `{wait_minutes}`: the expected wait in whole minutes, rounded up, at most 60.
    WaitMinutes,
    /// `{wait}`: the same in words: `less than a minute`, `about 5 minutes`, `more than an hour`.
    Wait,
}

impl Figure {
    pub const ALL: [Figure; 3] = [Figure::Position, Figure::WaitMinutes, Figure::Wait];

    /// The name of the placeholder.
    pub const fn as_str(self) -> &'static str {
        match self {
            Figure::Position => "position",
            Figure::WaitMinutes => "wait_minutes",
            Figure::Wait => "wait",
        }
    }

    pub fn named(name: &str) -> Option<Figure> {
        Figure::ALL.into_iter().find(|figure| figure.as_str() == name)
    }
}

/// What is known of one caller's wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    pub position: usize,
    /// `None`: nothing is known of how long it may take.
    pub wait: Option<Duration>,
}

impl Figures {
    /// `None` where it is not known: a text that would say it is left out.
    pub fn said(&self, figure: Figure, language: Language) -> Option<String> {
        match figure {
            Figure::Position => Some(self.position.to_string()),
            Figure::WaitMinutes => Some(minutes(self.wait?.min(LONGEST_SAID)).to_string()),
            Figure::Wait => Some(in_words(self.wait?, language)),
        }
    }
}

/// Whole minutes, rounded up: who is told two and waits one and a half was not misled.
fn minutes(wait: Duration) -> u64 {
    wait.as_secs().div_ceil(60).max(1)
}

fn in_words(wait: Duration, language: Language) -> String {
    if wait > LONGEST_SAID {
        return match language {
            Language::En => "more than an hour".into(),
            Language::Zh => "一小时以上".into(),
        };
    }
    match (minutes(wait), language) {
        (1, Language::En) => "less than a minute".into(),
        (1, Language::Zh) => "不到一分钟".into(),
        (minutes, Language::En) => format!("about {minutes} minutes"),
        (2, Language::Zh) => "大约两分钟".into(),
        (minutes, Language::Zh) => format!("大约{minutes}分钟"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_said_in_whole_minutes_never_too_short_and_never_beyond_an_hour() {
        let said = |secs: u64, language| {
            let figures = Figures { position: 3, wait: Some(Duration::from_secs(secs)) };
            (figures.said(Figure::WaitMinutes, language), figures.said(Figure::Wait, language))
        };
        let some = |a: &str, b: &str| (Some(a.to_owned()), Some(b.to_owned()));
        assert_eq!(said(0, Language::En), some("1", "less than a minute"));
        assert_eq!(said(60, Language::En), some("1", "less than a minute"));
        assert_eq!(said(61, Language::En), some("2", "about 2 minutes"));
        assert_eq!(said(61, Language::Zh), some("2", "大约两分钟"));
        assert_eq!(said(600, Language::Zh), some("10", "大约10分钟"));
        assert_eq!(said(3_600, Language::En), some("60", "about 60 minutes"));
        assert_eq!(said(90_000, Language::En), some("60", "more than an hour"));
    }

    #[test]
    fn what_is_not_known_is_not_said() {
        let figures = Figures { position: 3, wait: None };
        assert_eq!(figures.said(Figure::Position, Language::Zh).as_deref(), Some("3"));
        assert_eq!(figures.said(Figure::Wait, Language::Zh), None);
        assert_eq!(figures.said(Figure::WaitMinutes, Language::En), None);
    }
}
