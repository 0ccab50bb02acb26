//! A real month, where its file is at hand: the call centre of the "Anonymous Bank", February 1999, one line of
//! tab-separated fields a call, as its publishers describe it. Read from outside, never kept here.
//!
//! Phantoms are left out. Who hung up without having waited hung up in the menu: they asked for nobody.

use std::io::BufRead;

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;

use super::rows::{Came, Way};

pub const FIRST: Date = date(1999, 2, 1);

const FIELDS: usize = 17;

pub fn read(lines: impl BufRead) -> Result<Vec<Came>, Box<dyn std::error::Error>> {
    let zone = TimeZone::get("Asia/Jerusalem")?;
    let mut calls = Vec::new();
    for (number, line) in lines.lines().enumerate().skip(1) {
        let line = line?;
        let fields: Vec<&str> = line.split('\t').map(str::trim).collect();
        if fields.len() != FIELDS {
            return Err(format!("line {}: {} fields, not {FIELDS}", number + 1, fields.len()).into());
        }
        calls.extend(call(&fields, &zone).ok_or_else(|| format!("line {}: no call", number + 1))?);
    }
    calls.sort_by_key(|call| call.arrived);
    Ok(calls)
}

/// `None`: not to be read; `Some(None)`: a phantom.
#[expect(clippy::option_option, reason = "a line may be wrong, or right and of no call")]
fn call(fields: &[&str], zone: &TimeZone) -> Option<Option<Came>> {
    let (kind, day, entry, exit) = (fields[4], fields[5], fields[6], fields[7]);
    let (waited, outcome, talked, server) = (fields[11], fields[12], fields[15], fields[16]);
    let number = |text: &str| text.parse::<i64>().ok();
    let number_of = |range: std::ops::Range<usize>| day.get(range).and_then(number);
    let date = Date::new(
        i16::try_from(1900 + number_of(0..2)?).ok()?,
        i8::try_from(number_of(2..4)?).ok()?,
        i8::try_from(number_of(4..6)?).ok()?,
    )
    .ok()?;
    let at = |clock: &str| {
        let mut parts = clock.split(':').map(|part| part.parse::<i8>().ok());
        let time = date.at(parts.next()??, parts.next()??, parts.next()??, 0);
        Some(zone.to_ambiguous_timestamp(time).compatible().ok()?.as_millisecond())
    };
    let (arrived, waited, talked) = (at(entry)?, number(waited)? * 1000, number(talked)? * 1000);
    // A few pass midnight in the menu; a few leave it before they enter it.
    let joined = at(exit)?.max(arrived);
    let way = match outcome {
        "PHANTOM" => return Some(None),
        "AGENT" => Way::Answered { waited, talked, agent: server.to_owned() },
        "HANG" if waited == 0 => Way::LeftInMenu,
        "HANG" => Way::Abandoned { waited },
        _ => return None,
    };
    Some(Some(Came { arrived, joined, queue: kind.to_owned(), way }))
}
