//! `Week`: opening spans by weekday, and the text they are written in.
//!
//! `mon-fri 08:30-12:00, 13:30-18:00, sat 09:00-12:00`: days, then their spans, as often as needed. Owns that
//! text and every way of getting it wrong; knows nothing of zones or dates.

use std::fmt;

/// Minutes of a day.
pub const DAY_MINUTES: u16 = 24 * 60;

/// The most spans of one day: far more than anybody's breaks, so that a text cannot grow without end.
pub const MOST_SPANS: usize = 24;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// A span of one day, in minutes since its midnight on the wall clock; past 24:00 it runs into the next day and
/// still belongs to the day it began on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    from: u16,
    to: u16,
}

/// The spans of each weekday, Monday first, in order and apart.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Week([Vec<Span>; 7]);

/// What is wrong with a text of days and spans, and where in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct WeekMistake {
    /// In the admin's words.
    pub sentence: String,
    /// How many characters stand before it.
    pub at: usize,
}

impl Span {
    /// Minutes since midnight, below [`DAY_MINUTES`].
    pub fn from(self) -> u16 {
        self.from
    }

    /// Minutes since the same midnight: after `from`, at most a day after it.
    pub fn to(self) -> u16 {
        self.to
    }

    fn parse(text: &str, at: usize) -> Result<Span, WeekMistake> {
        let wrong = |sentence: String| WeekMistake { sentence, at };
        let Some((from, to)) = text.split_once('-') else {
            return Err(wrong(format!("\"{text}\" is no span of time; write 08:30-12:00")));
        };
        let clock = |text: &str| {
            minutes(text).ok_or_else(|| wrong(format!("\"{text}\" is no time of day; write 08:30, at most 24:00")))
        };
        let (from, to) = (clock(from)?, clock(to)?);
        if from == to {
            return Err(wrong(format!("\"{text}\" is no time at all; the whole day is 00:00-24:00")));
        }
        if from == DAY_MINUTES {
            return Err(wrong(format!("\"{text}\" begins when the day is over; begin at 00:00 of the next day")));
        }
        Ok(Span { from, to: if to < from { to + DAY_MINUTES } else { to } })
    }

    /// The spans of a single day: `08:30-12:00, 13:30-18:00`.
    pub fn day(text: &str) -> Result<Vec<Span>, WeekMistake> {
        let mut spans = Vec::new();
        for (at, word) in words(text)? {
            add(&mut spans, Span::parse(word, at)?, word, at)?;
        }
        if spans.is_empty() {
            return Err(WeekMistake { sentence: "no span of time; write 08:30-12:00".into(), at: 0 });
        }
        Ok(spans)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let to = if self.to > DAY_MINUTES { self.to - DAY_MINUTES } else { self.to };
        write!(f, "{:02}:{:02}-{:02}:{:02}", self.from / 60, self.from % 60, to / 60, to % 60)
    }
}

impl Week {
    /// The spans of a weekday, 0 for Monday to 6 for Sunday.
    pub fn day(&self, weekday: usize) -> &[Span] {
        self.0.get(weekday).map(Vec::as_slice).unwrap_or_default()
    }

    /// Adds what a text says: `mon-fri 08:30-12:00, 13:30-18:00`.
    pub fn add(&mut self, text: &str) -> Result<(), WeekMistake> {
        let (mut days, mut days_done): (Vec<usize>, bool) = (Vec::new(), false);
        let mut last_day_at = None;
        for (at, word) in words(text)? {
            if word.starts_with(|c: char| c.is_ascii_digit()) {
                if days.is_empty() {
                    let sentence = format!("\"{word}\" has no day before it; write mon-fri {word}");
                    return Err(WeekMistake { sentence, at });
                }
                let span = Span::parse(word, at)?;
                for &day in &days {
                    add(&mut self.0[day], span, word, at)?;
                }
                (days_done, last_day_at) = (true, None);
            } else {
                if days_done {
                    days.clear();
                    days_done = false;
                }
                days.extend(weekdays(word, at)?);
                last_day_at = Some((at, word));
            }
        }
        match last_day_at {
            Some((at, word)) => Err(WeekMistake { sentence: format!("\"{word}\" has no span of time after it"), at }),
            None if days.is_empty() => {
                Err(WeekMistake { sentence: "no days and spans; write mon-fri 08:30-12:00".into(), at: 0 })
            }
            None => Ok(()),
        }
    }
}

/// 0 for Monday to 6 for Sunday, by the three letters.
pub fn weekday(name: &str) -> Option<usize> {
    DAYS.iter().position(|day| *day == name)
}

fn weekdays(word: &str, at: usize) -> Result<Vec<usize>, WeekMistake> {
    if word == "daily" {
        return Ok((0..7).collect());
    }
    let one = |name: &str| {
        weekday(name).ok_or_else(|| WeekMistake {
            sentence: format!("\"{name}\" is no day; days are {} and daily", DAYS.join(", ")),
            at,
        })
    };
    match word.split_once('-') {
        None => Ok(vec![one(word)?]),
        Some((first, last)) => {
            let (first, last) = (one(first)?, one(last)?);
            let count = (last + 7 - first) % 7 + 1;
            Ok((0..count).map(|i| (first + i) % 7).collect())
        }
    }
}

fn add(spans: &mut Vec<Span>, span: Span, word: &str, at: usize) -> Result<(), WeekMistake> {
    if let Some(other) = spans.iter().find(|other| other.from < span.to && span.from < other.to) {
        return Err(WeekMistake { sentence: format!("\"{word}\" overlaps {other} of the same day"), at });
    }
    if spans.len() >= MOST_SPANS {
        return Err(WeekMistake { sentence: format!("more than {MOST_SPANS} spans on one day"), at });
    }
    spans.push(span);
    spans.sort_unstable();
    Ok(())
}

fn minutes(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str, longest: usize| {
        let fits = (1..=longest).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        if fits { text.parse::<u16>().ok() } else { None }
    };
    let (hours, minutes) = (number(hours, 2)?, number(minutes, 2).filter(|_| minutes.len() == 2)?);
    let total = hours * 60 + minutes;
    (minutes < 60 && total <= DAY_MINUTES).then_some(total)
}

/// The words between spaces and commas, each with how many characters stand before it.
fn words(text: &str) -> Result<Vec<(usize, &str)>, WeekMistake> {
    let mut found = Vec::new();
    let mut start = None;
    for (at, (byte, c)) in text.char_indices().enumerate() {
        if matches!(c, '：' | '，' | '－' | '～' | '、' | '；' | '\u{3000}') {
            let sentence = format!("the full-width \"{c}\" is not understood; write the plain : , or -");
            return Err(WeekMistake { sentence, at });
        }
        if c == ',' || c.is_whitespace() {
            if let Some((at, begin)) = start.take() {
                found.push((at, &text[begin..byte]));
            }
        } else if start.is_none() {
            start = Some((at, byte));
        }
    }
    if let Some((at, begin)) = start {
        found.push((at, &text[begin..]));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn week(text: &str) -> Week {
        let mut week = Week::default();
        week.add(text).unwrap();
        week
    }

    fn shown(week: &Week, day: usize) -> String {
        week.day(day).iter().map(Span::to_string).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn days_and_spans_are_read_as_people_write_them() {
        let week = week("mon-fri 08:30-12:00, 13:30-18:00, sat, sun 9:00-12:00");
        assert_eq!(shown(&week, 0), "08:30-12:00 13:30-18:00");
        assert_eq!(shown(&week, 4), "08:30-12:00 13:30-18:00");
        assert_eq!(shown(&week, 5), "09:00-12:00");
        assert_eq!(shown(&week, 6), "09:00-12:00");
    }

    #[test]
    fn a_range_of_days_may_pass_the_weekend() {
        let week = week("sat-mon 22:00-06:00");
        assert_eq!(shown(&week, 0), "22:00-06:00");
        assert_eq!(shown(&week, 1), "");
        assert_eq!(week.day(6)[0].to(), 30 * 60);
    }

    #[test]
    fn every_mistake_has_its_sentence_and_its_place() {
        let wrong = |text: &str| {
            let mistake = Week::default().add(text).unwrap_err();
            (mistake.at, mistake.sentence)
        };
        assert_eq!(wrong("mon 08:30-25:00").0, 4);
        assert_eq!(wrong("mon 08:30-12:00, 11:00-13:00").0, 17);
        assert!(wrong("mon 08:30-12:00, 11:00-13:00").1.contains("overlaps 08:30-12:00"));
        assert_eq!(wrong("mom 08:30-12:00").0, 0);
        assert!(wrong("08:30-12:00").1.contains("has no day before it"));
        assert!(wrong("mon").1.contains("no span of time after it"));
        assert!(wrong("").1.contains("no days and spans"));
        assert_eq!(wrong("mon 08：30-12:00").0, 6);
        assert!(wrong("mon 09:00-09:00").1.contains("no time at all"));
        assert!(wrong("mon 24:00-01:00").1.contains("begins when the day is over"));
        assert!(wrong("mon 8-12").1.contains("no time of day"));
        assert!(wrong("mon 08:30").1.contains("no span of time"));
    }
}
