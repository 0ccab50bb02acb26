//! One entry of the journal, and how it stands on its line.
//!
//! A line is one JSON object whose last field is the CRC32 of all bytes before it, so that a torn tail or a
//! flipped bit is seen, and `tail -f | jq` still works:
//! `{"seq":1,"at":…,"core":"…","schema":1,"input":…,"facts":[…],"effects_crc":…,"crc":"1a2b3c4d"}`

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::calendar::Moment;
use crate::routing::fact::FACTS_VERSION;
use crate::routing::{Effect, Fact, Input};

/// The core that wrote an entry: inputs replayed in the same version give the same effects.
pub const CORE_VERSION: &str = env!("CARGO_PKG_VERSION");

/// The longest line that is read: a `Started` names every call and agent, about 600 bytes each, so this is a
/// hundred thousand of them. What is longer is damage (a lost line end).
pub const LONGEST_LINE: usize = 64 << 20;

/// What the core made of one input: to be appended.
#[derive(Clone, Debug, PartialEq)]
pub struct Handled {
    pub at: Moment,
    pub input: Input,
    pub facts: Vec<Fact>,
    /// From [`crc_of_effects`].
    pub effects_crc: u32,
}

/// One handled input, as it was read back.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Entry {
    /// Grows by one from entry to entry, and jumps at each start (see `Journal::open`).
    pub seq: u64,
    pub at: Moment,
    /// The version of the core that handled it.
    pub core: Cow<'static, str>,
    /// The version of the facts' schema.
    pub schema: u32,
    pub input: Input,
    pub facts: Vec<Fact>,
    pub effects_crc: u32,
}

#[derive(Serialize)]
struct Line<'a> {
    seq: u64,
    at: Moment,
    core: &'a str,
    schema: u32,
    input: &'a Input,
    facts: &'a [Fact],
    effects_crc: u32,
}

/// The CRC32 of effects in their JSON spelling: what a replay compares.
pub fn crc_of_effects(effects: &[Effect]) -> u32 {
    if effects.is_empty() {
        return crc32fast::hash(b"[]");
    }
    // Whole and then summed up: JSON is written by the word, and a sum taken by the word is ten times as slow.
    let mut spelled = Vec::with_capacity(effects.len() * 256);
    // Our own types with text keys into memory: there is nothing that could fail, and what is short would show in the
    // replay.
    let _ = serde_json::to_writer(&mut spelled, effects);
    crc32fast::hash(&spelled)
}

/// Write `value`, which must be a JSON object with at least one field, and its CRC as one line.
pub(super) fn write_line(to: &mut Vec<u8>, value: &impl Serialize) -> Result<(), serde_json::Error> {
    let start = to.len();
    if let Err(error) = serde_json::to_writer(&mut *to, value) {
        to.truncate(start);
        return Err(error);
    }
    to.pop();
    let sum = crc32fast::hash(&to[start..]);
    to.extend_from_slice(format!(",\"crc\":\"{sum:08x}\"}}\n").as_bytes());
    Ok(())
}

/// Write one entry as a line.
pub(super) fn write_entry(to: &mut Vec<u8>, seq: u64, handled: &Handled) -> Result<(), serde_json::Error> {
    let Handled { at, input, facts, effects_crc } = handled;
    let line =
        Line { seq, at: *at, core: CORE_VERSION, schema: FACTS_VERSION, input, facts, effects_crc: *effects_crc };
    write_line(to, &line)
}

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
pub enum Damaged {
    #[error("its check sum does not fit")]
    Sum,
    #[error("this version does not understand it: {0}")]
    Meaning(#[from] serde_json::Error),
}

/// Read a line without its line end back.
pub(super) fn read_line<T: DeserializeOwned>(line: &[u8]) -> Result<T, Damaged> {
    const TAIL: usize = ",\"crc\":\"00000000\"}".len();
    let (body, tail) = line.split_at_checked(line.len().saturating_sub(TAIL)).ok_or(Damaged::Sum)?;
    let sum = tail
        .strip_prefix(b",\"crc\":\"")
        .and_then(|tail| tail.strip_suffix(b"\"}"))
        .and_then(|hex| std::str::from_utf8(hex).ok())
        .and_then(|hex| u32::from_str_radix(hex, 16).ok())
        .ok_or(Damaged::Sum)?;
    if crc32fast::hash(body) != sum {
        return Err(Damaged::Sum);
    }
    Ok(serde_json::from_slice(line)?)
}
