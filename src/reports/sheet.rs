//! A report as a sheet: a head and rows of cells, for a spreadsheet.
//!
//! Names in it were typed by somebody, and a spreadsheet runs what begins like a formula: such text is led by an
//! apostrophe. UTF-8 with a byte order mark, without which Excel reads Chinese as something else.

use std::time::Duration;

use super::figure::{Figure, View};
use super::period::Interval;
use super::queue_by_interval::{QueueReport, Row};
use super::service_level::{ServiceLevel, Share};
use super::words::Beside;
use crate::dialplan::Language;

/// The figures of a row, in the order of its balance and then what is counted apart.
pub const COLUMNS: [Figure; 16] = [
    Figure::CarriedOver,
    Figure::Offered,
    Figure::MovedIn,
    Figure::Answered,
    Figure::Abandoned,
    Figure::Overflowed,
    Figure::MovedOut,
    Figure::CalledBack,
    Figure::EndedByUs,
    Figure::EndedUnseen,
    Figure::StillWaiting,
    Figure::ShortAbandoned,
    Figure::Full,
    Figure::NobodyLoggedIn,
    Figure::AnsweredInTarget,
    Figure::AbandonedInTarget,
];

#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Text(String),
    Count(u64),
    Percent(Option<f64>),
    /// In seconds.
    Time(Option<Duration>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Sheet {
    pub head: Vec<String>,
    pub rows: Vec<Vec<Cell>>,
}

impl QueueReport {
    /// Every queue's rows and total, then those of all queues together.
    pub fn sheet(&self, language: Language, view: View, formula: ServiceLevel) -> Sheet {
        let words = |beside: Beside| beside.words(language).to_owned();
        let mut head = vec![words(Beside::Queue), words(Beside::From), words(Beside::Zone)];
        head.extend(COLUMNS.map(|figure| figure.words(language).to_owned()));
        head.push(format!("{} ({})", Beside::ServiceLevel.words(language), formula.words(language)));
        let rest = [
            Beside::ConnectionRate,
            Beside::SpeedOfAnswer,
            Beside::HandleTime,
            Beside::Talk,
            Beside::Hold,
            Beside::WrapUp,
            Beside::LongestWait,
            Beside::Balances,
        ];
        head.extend(rest.map(words));
        let line = |queue: &str, from: Option<&Interval>, row: &Row, rate: Share| {
            let mut cells = vec![Cell::Text(queue.to_owned())];
            match from {
                Some(interval) => cells.extend([Cell::Text(clock(interval)), Cell::Text(ahead(interval))]),
                None => cells.extend([Cell::Text(words(Beside::Total)), Cell::Text(String::new())]),
            }
            cells.extend(COLUMNS.map(|figure| Cell::Count(row.view(view).count(figure))));
            let handle = row.cohort.handle_time();
            let balances = if row.balances() { Beside::Yes } else { Beside::No };
            cells.extend([
                Cell::Percent(row.service_level(formula).percent()),
                Cell::Percent(rate.percent()),
                Cell::Time(row.cohort.speed_of_answer()),
                Cell::Time(handle.map(|handle| handle.talk + handle.hold + handle.wrap_up)),
                Cell::Time(handle.map(|handle| handle.talk)),
                Cell::Time(handle.map(|handle| handle.hold)),
                Cell::Time(handle.map(|handle| handle.wrap_up)),
                Cell::Time(row.cohort.longest),
                Cell::Text(words(balances)),
            ]);
            cells
        };
        let mut rows = Vec::new();
        for (queue, of) in &self.queues {
            let name = queue.as_str();
            rows.extend(of.rows.iter().map(|row| line(name, Some(&row.interval), row, row.connection_rate())));
            rows.push(line(name, None, &of.total, of.total.connection_rate()));
        }
        let name = words(Beside::AllQueues);
        let all = self.all.iter().map(|row| line(&name, Some(&row.interval), row, row.connection_rate_of_callers()));
        rows.extend(all);
        rows.push(line(&name, None, &self.total, self.total.connection_rate_of_callers()));
        Sheet { head, rows }
    }
}

impl Sheet {
    /// # Errors
    /// None that is known: it is written to memory, and every row may have its own length.
    pub fn to_csv(&self) -> Result<Vec<u8>, csv::Error> {
        let mut bytes = "\u{feff}".as_bytes().to_vec();
        let mut builder = csv::WriterBuilder::new();
        let mut writer = builder.terminator(csv::Terminator::CRLF).flexible(true).from_writer(&mut bytes);
        writer.write_record(self.head.iter().map(|text| harmless(text)))?;
        for row in &self.rows {
            writer.write_record(row.iter().map(Cell::text))?;
        }
        writer.flush()?;
        drop(writer);
        Ok(bytes)
    }
}

impl Cell {
    fn text(&self) -> String {
        match self {
            Cell::Text(text) => harmless(text),
            Cell::Count(count) => count.to_string(),
            Cell::Percent(percent) => percent.map(|percent| format!("{percent:.1}")).unwrap_or_default(),
            Cell::Time(time) => time.map(|time| format!("{:.1}", time.as_secs_f64())).unwrap_or_default(),
        }
    }
}

/// No formula: OWASP's list of first characters, and the full-width ones that some spreadsheets take for them.
fn harmless(text: &str) -> String {
    let dangerous = |c: char| matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠');
    if text.starts_with(dangerous) { format!("'{text}") } else { text.to_owned() }
}

/// `2026-10-25 02:00`
fn clock(interval: &Interval) -> String {
    let clock = interval.shown.clock;
    format!("{} {:02}:{:02}", clock.date(), clock.hour(), clock.minute())
}

/// `UTC+01:00`: which of two 02:00 it is.
fn ahead(interval: &Interval) -> String {
    let seconds = interval.shown.offset_s;
    let (sign, minutes) = (if seconds < 0 { '-' } else { '+' }, seconds.unsigned_abs() / 60);
    format!("UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn csv(text: &str) -> String {
        let sheet = Sheet { head: vec!["queue".into()], rows: vec![vec![Cell::Text(text.into()), Cell::Count(1)]] };
        String::from_utf8(sheet.to_csv().unwrap()).unwrap()
    }

    #[test]
    fn no_name_becomes_a_formula() {
        for text in ["=1+1", "+49", "-2", "@SUM(A1)", "\t=1", "＝1", "\r=cmd"] {
            let line = csv(text);
            assert!(line.contains(&format!("'{text}")), "{line:?}");
        }
        assert_eq!(csv("sales"), "\u{feff}queue\r\nsales,1\r\n");
    }

    #[test]
    fn quotes_commas_and_line_ends_stay_in_their_cell() {
        assert_eq!(csv("a \"b\", c\nd"), "\u{feff}queue\r\n\"a \"\"b\"\", c\nd\",1\r\n");
        assert_eq!(csv("电话"), "\u{feff}queue\r\n电话,1\r\n");
    }
}
