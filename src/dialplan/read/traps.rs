//! YAML's traps by name: what the file says to YAML and what its author meant are two things.
//!
//! Most are seen in the tree. These are the ones that never get there: YAML drops them as comments, or stops.

use super::scalar::LONGEST_NAME;

/// A `#` that was meant as a key.
pub(super) const HASH_KEY: &str = "#: is a comment to YAML and vanishes; the key is called hash";

const STAR_KEY: &str = "*: is an alias to YAML; the key is called star";

const FULL_WIDTH_COLON: &str = "the full-width ： is no colon to YAML; write : and a space";

const BRACE_FIRST: &str = "a text that begins with { is a map to YAML; put quotes around the whole text";

/// Something that begins with `*`.
pub(super) fn alias(written: &str) -> String {
    let name = written.trim_start_matches('*').trim();
    if name.is_empty() || name.starts_with(':') {
        return STAR_KEY.into();
    }
    format!("aliases (*{name}) are not part of the language: write it out, or use go")
}

/// Traps that may have made YAML stop at `stopped` (from 1): line from 1, column from 0, sentence. A vanished
/// key shows far behind it, the others on their own line.
pub(super) fn found(text: &str, stopped: u32) -> Vec<(usize, usize, &'static str)> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let near = number.abs_diff(stopped as usize) <= 1;
        let (mut quote, mut before): (Option<char>, char) = (None, ' ');
        let mut chars = line.char_indices().enumerate().peekable();
        while let Some((column, (byte, c))) = chars.next() {
            let next = chars.peek().map(|(_, (_, c))| *c);
            let fresh = matches!(before, ' ' | '\t' | '{' | ',' | '[');
            match (quote, c) {
                (Some(open), _) if open == c => quote = None,
                (Some(_), _) => {}
                (None, '"' | '\'') if fresh => quote = Some(c),
                (None, '#') if fresh && next == Some(':') => {
                    found.push((number, column, HASH_KEY));
                    break;
                }
                // The rest of the line is a comment.
                (None, '#') if matches!(before, ' ' | '\t') => break,
                (None, '*') if fresh && next == Some(':') => found.push((number, column, STAR_KEY)),
                (None, '：') if near => found.push((number, column, FULL_WIDTH_COLON)),
                (None, '{') if near && text_after_brace(&line[byte + 1..]) => {
                    found.push((number, column, BRACE_FIRST));
                }
                (None, _) => {}
            }
            before = c;
        }
    }
    found
}

/// Whether a text begins with `{name}` here, as in `say: {name} hello`; given what follows the brace.
fn text_after_brace(rest: &str) -> bool {
    // A name is short, and a line may be a megabyte of braces.
    let end = rest.char_indices().take(LONGEST_NAME + 1).find(|(_, c)| !c.is_ascii_alphanumeric() && *c != '_');
    let Some((end, '}')) = end else { return false };
    let follows = rest[end + 1..].trim_start_matches(' ').chars().next();
    end > 0 && follows.is_some_and(|c| !matches!(c, ',' | '}' | ']' | '#' | ':'))
}
