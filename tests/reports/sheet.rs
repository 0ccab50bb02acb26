//! The report as a file for a spreadsheet.

use std::collections::BTreeMap;

use cordboard::calendar::Zone;
use cordboard::dialplan::Language;
use cordboard::reports::{BeforeQueue, Period, QueueReport, ServiceLevel, StayEnd, View, Width};
use cordboard::routing::ids::QueueName;
use jiff::civil::date;

use crate::levels::{folded_in, stay_at};

fn report() -> QueueReport {
    let day = date(2026, 10, 25);
    let period = Period::new(Zone::named("Europe/Berlin").expect("a zone"), day, day, Width::Hour).expect("a day");
    // In the second 02:00 of the night.
    let at = period.intervals()[3].from.as_ms();
    let of = folded_in(&period, [stay_at(at, 10, StayEnd::Connected), stay_at(at, 30, StayEnd::Abandoned)]);
    let before = vec![BeforeQueue::default(); period.intervals().len()];
    QueueReport::new(period, BTreeMap::from([(QueueName::new("=cmd|' /C calc'!A0"), of)]), before)
}

#[test]
fn a_sheet_says_its_formula_and_which_of_two_hours_it_means() {
    let sheet = report().sheet(Language::En, View::Cohort, ServiceLevel::AnsweredOnly);
    let text = String::from_utf8(sheet.to_csv().expect("written")).expect("UTF-8");
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert!(lines[0].starts_with("\u{feff}queue,from,clock,carried over,offered,moved in,answered,abandoned"));
    assert!(lines[0].contains("service level % (answered in T ÷ answered)"));
    assert_eq!(
        lines[4],
        "'=cmd|' /C calc'!A0,2026-10-25 02:00,UTC+01:00,0,2,0,1,1,0,0,0,0,0,0,0,0,0,1,0,100.0,50.0,10.0,,,,,30.0,yes"
    );
    // A row for each hour and a total, of the queue and of all; and the end of the last line.
    assert_eq!(lines.len(), 1 + 2 * 26 + 1);
    assert!(lines[26].starts_with("'=cmd|' /C calc'!A0,total,,0,2"));
    assert!(lines[52].starts_with("all queues,total,,0,2"));
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let read = reader.records().collect::<Result<Vec<_>, _>>().expect("every line has as many cells as the head");
    assert!(read.iter().all(|line| line.len() == sheet.head.len()));
}

#[test]
fn a_sheet_speaks_the_readers_language() {
    let sheet = report().sheet(Language::Zh, View::Flow, ServiceLevel::default());
    let text = String::from_utf8(sheet.to_csv().expect("written")).expect("UTF-8");
    assert!(
        text.contains("接通率 %") && text.contains("服务水平 % (时限内接通 ÷ 呼入)") && text.contains("全部队列,合计")
    );
}
