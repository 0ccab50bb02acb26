//! The lines of a call log in the form of the "Anonymous Bank": tab separated, one call a line, a header first. As real
//! logs do, it holds oddities; a line that makes no sense is left out, counted and said.

use std::time::Duration;

use jiff::civil::Date;

use super::log::LeftOut;

/// Of the fields by the header's names, in its order.
const HEADER: [&str; 17] = [
    "vru+line",
    "call_id",
    "customer_id",
    "priority",
    "type",
    "date",
    "vru_entry",
    "vru_exit",
    "vru_time",
    "q_start",
    "q_exit",
    "q_time",
    "outcome",
    "ser_start",
    "ser_exit",
    "ser_time",
    "server",
];
/// Lines that cannot be read and are shown.
const MOST_SHOWN: usize = 5;
/// More than one line in so many: it is another kind of file.
const GARBAGE_ONE_IN: usize = 10;
/// The longest wait or talk believed; a clock that ran on is no caller.
const LONGEST: u32 = 6 * 3600;

/// Where a call of a type waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Queue {
    /// Ordinary service, in English too, new customers, and what was left as a call-back request.
    Service,
    /// Stock exchange.
    Stock,
    /// Internet support.
    Internet,
}

impl Queue {
    pub const ALL: [Queue; 3] = [Queue::Service, Queue::Stock, Queue::Internet];

    pub const fn as_str(self) -> &'static str {
        match self {
            Queue::Service => "service",
            Queue::Stock => "stock",
            Queue::Internet => "internet",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Seconds of the day; past midnight they count on.
    Answered {
        from: u32,
        to: u32,
        by: Option<String>,
    },
    HungUp,
}

/// One call that came to a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub date: Date,
    /// Second of the day.
    pub joined: u32,
    pub queue: Queue,
    /// Of high priority.
    pub first: bool,
    pub waited: Duration,
    pub ended: Ended,
}

impl Call {
    pub fn talked(&self) -> Option<Duration> {
        match &self.ended {
            Ended::Answered { from, to, .. } => Some(Duration::from_secs(to.saturating_sub(*from).into())),
            Ended::HungUp => None,
        }
    }
}

/// It is no such log: a sentence.
#[derive(Debug)]
pub struct TooMuchGarbage(pub String);

/// What a line is.
enum Line {
    Call(Box<Call>),
    Phantom,
    HungUpBeforeTheQueue,
}

/// By when they joined.
pub fn read_lines(text: &str) -> Result<(Vec<Call>, LeftOut), TooMuchGarbage> {
    let mut lines = text.lines().map(|line| line.trim_end_matches('\r')).enumerate();
    let head = lines.next().map(|(_, head)| head.split('\t').collect::<Vec<_>>()).unwrap_or_default();
    if head != HEADER {
        let sentence = format!("no call log: its first line must be {}, with tabs between", HEADER.join(" "));
        return Err(TooMuchGarbage(sentence));
    }
    let (mut calls, mut left_out, mut all) = (Vec::new(), LeftOut::default(), 0);
    for (n, line) in lines.filter(|(_, line)| !line.is_empty()) {
        all += 1;
        match read_line(line) {
            Ok(Line::Call(call)) => {
                if matches!(&call.ended, Ended::Answered { by: None, .. }) {
                    left_out.answered_by_nobody += 1;
                }
                calls.push(*call);
            }
            Ok(Line::Phantom) => left_out.phantoms += 1,
            Ok(Line::HungUpBeforeTheQueue) => left_out.hung_up_before_the_queue += 1,
            Err(why) => {
                left_out.garbage += 1;
                if left_out.first_garbage.len() < MOST_SHOWN {
                    left_out.first_garbage.push(format!("line {}: {why}", n + 1));
                }
            }
        }
    }
    if left_out.garbage * GARBAGE_ONE_IN > all {
        let (garbage, shown) = (left_out.garbage, left_out.first_garbage.join("\n"));
        return Err(TooMuchGarbage(format!("{garbage} of {all} lines cannot be read:\n{shown}")));
    }
    calls.sort_by_key(|call| (call.date, call.joined));
    Ok((calls, left_out))
}

/// As it may be shown: a stranger's bytes.
fn shown(text: &str) -> String {
    text.chars().take(40).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn read_line(line: &str) -> Result<Line, String> {
    let fields: Vec<&str> = line.split('\t').collect();
    let fields: [&str; 17] =
        fields.try_into().map_err(|fields: Vec<&str>| format!("{} fields and not {}", fields.len(), HEADER.len()))?;
    let [_, _, _, priority, kind, date, _, vru_exit, _, q_start, _, q_time, outcome, ser_start, _, ser_time, server] =
        fields;
    if outcome == "PHANTOM" {
        return Ok(Line::Phantom);
    }
    let queue = match kind {
        "PS" | "PE" | "NW" | "TT" => Queue::Service,
        "NE" => Queue::Stock,
        "IN" => Queue::Internet,
        other => return Err(format!("no type of call: {}", shown(other))),
    };
    let first = match priority {
        "0" | "1" => false,
        "2" => true,
        other => return Err(format!("no priority: {}", shown(other))),
    };
    let date = day(date).ok_or_else(|| format!("no date: {}", shown(date)))?;
    let waited = seconds(q_time)?;
    // Who did not wait has no start of a queue: they came when the voice unit let them go.
    let joined = clock(if waited > 0 { q_start } else { vru_exit })?;
    let ended = match outcome {
        "HANG" if waited == 0 => return Ok(Line::HungUpBeforeTheQueue),
        "HANG" => Ended::HungUp,
        "AGENT" => {
            let (from, lasts) = (clock(ser_start)?, seconds(ser_time)?);
            let by = Some(server).filter(|name| *name != "NO_SERVER").map(agent).transpose()?;
            Ended::Answered { from, to: from + lasts, by }
        }
        other => return Err(format!("no outcome: {}", shown(other))),
    };
    let waited = Duration::from_secs(waited.into());
    Ok(Line::Call(Box::new(Call { date, joined, queue, first, waited, ended })))
}

fn agent(name: &str) -> Result<String, String> {
    let good = (1..=40).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if good { Ok(name.to_owned()) } else { Err(format!("no agent's name: {}", shown(name))) }
}

fn seconds(text: &str) -> Result<u32, String> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let number = text.parse().ok().filter(|number| digits && *number <= LONGEST);
    number.ok_or_else(|| format!("no number of seconds: {}", shown(text)))
}

/// `7:02:47`; hours count on past midnight.
fn clock(text: &str) -> Result<u32, String> {
    let wrong = || format!("no time of day: {}", shown(text));
    let parts: Vec<u32> = text.split(':').map(|part| part.parse().map_err(|_| wrong())).collect::<Result<_, _>>()?;
    match parts.as_slice() {
        [hour, minute, second] if *hour < 48 && *minute < 60 && *second < 60 => Ok(hour * 3600 + minute * 60 + second),
        _ => Err(wrong()),
    }
}

/// `990201`: of a century whose first years are ours.
fn day(text: &str) -> Option<Date> {
    if text.len() != 6 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize| text.get(from..from + 2)?.parse::<i16>().ok();
    let year = part(0)?;
    let year = if year < 70 { 2000 + year } else { 1900 + year };
    Date::new(year, i8::try_from(part(2)?).ok()?, i8::try_from(part(4)?).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        "AA0101\t34538\t0\t0\tNW\t990201\t7:54:38\t7:54:51\t13\t0:00:00\t0:00:00\t0\tAGENT\t7:54:49\t7:56:21\t92\tTOVA";

    fn read(lines: &[&str]) -> Result<(Vec<Call>, LeftOut), String> {
        let text = format!("{}\n{}\n", HEADER.join("\t"), lines.join("\n"));
        read_lines(&text).map_err(|TooMuchGarbage(why)| why)
    }

    #[test]
    fn a_line_is_read_as_the_log_explains_it() {
        let (calls, left_out) = read(&[GOOD]).unwrap();
        assert_eq!((calls[0].joined, calls[0].waited), (7 * 3600 + 54 * 60 + 51, Duration::ZERO));
        assert_eq!(calls[0].talked(), Some(Duration::from_secs(92)));
        assert_eq!(left_out, LeftOut::default());
    }

    #[test]
    fn garbage_lines_are_left_out_and_said_and_a_file_of_them_is_refused() {
        let garbage = ["\u{1b}[31m\tx", "", &GOOD.replace("990201", "991301"), &GOOD.replace("\t92\t", "\t-92\t")];
        let mut lines: Vec<&str> = vec![GOOD; 40];
        lines.extend(&garbage);
        let (calls, left_out) = read(&lines).unwrap();
        assert_eq!((calls.len(), left_out.garbage), (40, 3));
        assert!(left_out.first_garbage[0].starts_with("line 42: 2 fields"), "{left_out:?}");
        assert!(!left_out.first_garbage.join("").contains('\u{1b}'));
        assert!(read(&garbage).unwrap_err().contains("3 of 3 lines"));
        assert!(read_lines("").is_err() && read_lines("\u{0}\u{1}").is_err());
    }
}
