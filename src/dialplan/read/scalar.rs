//! Scalars: texts, names, numbers, durations, each read from the text as written.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::mistake::{Notes, nearest};
use super::node::{Node, Value};

/// The longest name of a step, queue, skill, variable, in characters: several of them go onto a channel of the
/// switch together, in less than 400 bytes.
pub const LONGEST_NAME: usize = 40;

/// A text that is not empty. `what` begins the sentence: `go`.
pub(crate) fn text<'n>(node: &'n Node, what: &str, notes: &mut Notes) -> Option<&'n str> {
    let sentence = match &node.value {
        Value::Scalar(_) => match node.scalar() {
            Some(scalar) if !scalar.text.trim().is_empty() => return Some(&scalar.text),
            Some(_) | None => format!("{what} is empty"),
        },
        Value::Broken => return None,
        Value::Map(pairs) => match pairs.as_slice() {
            [(key, value)] if value.is_empty() && key.scalar().is_some() => {
                let name = key.scalar().map(|scalar| scalar.text.as_str()).unwrap_or_default();
                format!("{{{name}}} without quotes is a map to YAML; write \"{{{name}}}\"")
            }
            _ => format!("{what} is one text, and here is a map"),
        },
        Value::List(_) => format!("{what} is one text, and here is a list"),
    };
    notes.add(&node.place, sentence);
    None
}

/// Whether a text may be a name of the author's own: lower-case letters, digits and underscores, beginning with a
/// letter. A mistake at `node` if not.
pub(crate) fn is_name(text: &str, what: &str, node: &Node, notes: &mut Notes) -> bool {
    let good = text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && text.len() <= LONGEST_NAME;
    if !good {
        let sentence = if text.contains(['，', '：', '、']) {
            format!("full-width punctuation in {what} \"{text}\"; write the plain , or :")
        } else {
            format!(
                "\"{text}\" cannot be {what}: a to z, 0 to 9 and _, beginning with a letter, at most {LONGEST_NAME}"
            )
        };
        notes.add(&node.place, sentence);
    }
    good
}

/// A whole number within a range.
pub(crate) fn number(node: &Node, what: &str, range: RangeInclusive<u64>, notes: &mut Notes) -> Option<u64> {
    let text = text(node, what, notes)?;
    match digits(text).filter(|number| range.contains(number)) {
        Some(number) => Some(number),
        None => {
            let sentence =
                format!("{what} is a whole number from {} to {}, not \"{text}\"", range.start(), range.end());
            notes.add(&node.place, sentence);
            None
        }
    }
}

/// Digits and nothing else, as `u64::from_str` would also take a sign.
pub(crate) fn digits(text: &str) -> Option<u64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// A duration within a range: `5s`, `90s`, `1m30s`, `5m`, `2h`, `500ms`.
pub(crate) fn duration(
    node: &Node,
    what: &str,
    range: RangeInclusive<Duration>,
    notes: &mut Notes,
) -> Option<Duration> {
    let text = text(node, what, notes)?;
    let sentence = match parse_duration(text) {
        Ok(duration) if range.contains(&duration) => return Some(duration),
        Ok(_) => format!("{what} is from {} to {}, not {text}", shown(*range.start()), shown(*range.end())),
        Err(why) => format!("{what}: {why}"),
    };
    notes.add(&node.place, sentence);
    None
}

/// Reads `5s`, `1m30s`; the error is a sentence.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    if digits(text).is_some() {
        return Err(format!("{text} of what? write {text}s or {text}m"));
    }
    let no_duration = || format!("\"{text}\" is no duration; write 5s, 5m or 1h30m");
    let mut total = Duration::ZERO;
    let mut rest = text;
    // Each unit once, the larger first: what is left must be smaller.
    let mut below = u64::MAX;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(no_duration)?;
        let (count, unit_on) = rest.split_at(end);
        let letters = unit_on.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(unit_on.len());
        let (unit, after) = unit_on.split_at(letters);
        let ms: u64 = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return Err(no_duration()),
        };
        if ms >= below || count.is_empty() || count.len() > 9 {
            return Err(no_duration());
        }
        below = ms;
        let count = digits(count).ok_or_else(no_duration)?;
        total += Duration::from_millis(count.saturating_mul(ms));
        rest = after;
    }
    if text.is_empty() { Err(no_duration()) } else { Ok(total) }
}

/// A duration as the language writes it.
pub(crate) fn shown(duration: Duration) -> String {
    let ms = duration.as_millis();
    match ms {
        0 => "0s".into(),
        _ if ms.is_multiple_of(3_600_000) => format!("{}h", ms / 3_600_000),
        _ if ms.is_multiple_of(60_000) => format!("{}m", ms / 60_000),
        _ if ms.is_multiple_of(1_000) => format!("{}s", ms / 1_000),
        _ => format!("{ms}ms"),
    }
}

/// One of a few words.
pub(crate) fn word<T: Clone>(node: &Node, what: &str, words: &[(&str, T)], notes: &mut Notes) -> Option<T> {
    let text = text(node, what, notes)?;
    match words.iter().find(|(word, _)| *word == text) {
        Some((_, value)) => Some(value.clone()),
        None => {
            let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let sentence = format!("{what} is one of {}, not \"{text}\"", all.join(", "));
            notes.add_suggesting(&node.place, sentence, nearest(text, all));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        let ms = |text: &str| parse_duration(text).map(|d| d.as_millis());
        assert_eq!(ms("5s"), Ok(5_000));
        assert_eq!(ms("1m30s"), Ok(90_000));
        assert_eq!(ms("1h"), Ok(3_600_000));
        assert_eq!(ms("500ms"), Ok(500));
        assert_eq!(ms("5").unwrap_err(), "5 of what? write 5s or 5m");
        for wrong in ["", "s", "5 s", "5x", "-5s", "1s1m", "5s5s", "99999999999s", "５s", "5sm"] {
            assert!(ms(wrong).is_err(), "{wrong}");
        }
    }
}
