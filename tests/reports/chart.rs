//! The chart shows what the table says, and nothing else.

use cordboard::calendar::Zone;
use cordboard::reports::chart::{Chart, HEIGHT, WIDTH};
use cordboard::reports::{Figure, Period, Row, ServiceLevel, StayEnd, Width};
use jiff::civil::date;

use crate::levels::{folded_in, stay_at};

fn day(width: Width) -> Period {
    let day = date(2026, 10, 25);
    Period::new(Zone::named("Europe/Berlin").expect("a zone"), day, day, width).expect("a day")
}

/// A call every minute from 08:00 to 18:00, every fifth of them lost.
fn rows(width: Width) -> Vec<Row> {
    let period = day(width);
    let from = period.whole().from.as_ms() + 9 * 3_600_000;
    let stays = (0..600).map(|minute| {
        let how = if minute % 5 == 0 { StayEnd::Abandoned } else { StayEnd::Connected };
        stay_at(from + minute * 60_000, 10 + u64::try_from(minute % 30).expect("small"), how)
    });
    folded_in(&period, stays).rows
}

#[test]
fn every_bar_is_as_high_as_its_calls_are_many() {
    let rows = rows(Width::Half);
    let chart = Chart::new(&rows, Width::Half, ServiceLevel::default(), Some(80.0));
    assert_eq!(chart.bars.len(), 50);
    for (bar, row) in chart.bars.iter().zip(&rows) {
        assert_eq!(bar.answered.calls, row.cohort.count(Figure::Answered));
        assert_eq!(bar.answered.calls + bar.lost.calls + bar.waiting.calls, row.cohort.came());
        assert!((bar.answered.y.0 + bar.answered.height.0 - Chart::BASE.0).abs() < 1e-9, "it stands on the axis");
        assert!((bar.lost.y.0 + bar.lost.height.0 - bar.answered.y.0).abs() < 1e-9, "one piece on the other");
        assert!(bar.x.0 >= Chart::LEFT.0 && bar.x.0 + bar.width.0 <= Chart::RIGHT.0);
        assert!(bar.waiting.y.0 >= 0.0);
    }
    let top = chart.calls.last().expect("an axis");
    assert_eq!((top.words.as_str(), chart.calls[0].words.as_str()), ("30", "0"));
    let times: Vec<&str> = chart.times.iter().map(|mark| mark.words.as_str()).collect();
    let every_second =
        ["10-25", "02:00", "04:00", "06:00", "08:00", "10:00", "12:00", "14:00", "16:00", "18:00", "20:00", "22:00"];
    assert_eq!(times, every_second);
}

#[test]
fn the_line_breaks_where_nobody_came() {
    let mut rows = rows(Width::Hour);
    let nobody = rows[0].clone();
    rows[12] = Row { interval: rows[12].interval, ..nobody };
    let chart = Chart::new(&rows, Width::Hour, ServiceLevel::default(), None);
    assert_eq!(chart.level.len(), 2, "{:?}", chart.level);
    assert_eq!(chart.target, None);
    // One hour alone between two without a call.
    rows[14] = Row { interval: rows[14].interval, ..rows[0].clone() };
    let alone = &Chart::new(&rows, Width::Hour, ServiceLevel::default(), None).level[1];
    assert_eq!(alone.split(' ').count(), 2, "a line of one point cannot be seen: {alone}");
}

#[test]
fn a_month_of_quarters_shares_bars_and_loses_no_call() {
    let first = date(2026, 10, 1);
    let zone = Zone::named("Europe/Berlin").expect("a zone");
    let period = Period::new(zone, first, first.last_of_month(), Width::Quarter).expect("a month");
    let from = period.whole().from.as_ms();
    let stays = (0..5_000).map(|number| stay_at(from + number * 500_000, 10, StayEnd::Connected));
    let rows = folded_in(&period, stays).rows;
    let chart = Chart::new(&rows, Width::Quarter, ServiceLevel::default(), Some(120.0));
    assert!(chart.bars.len() <= 250, "{}", chart.bars.len());
    assert_eq!(chart.bars.iter().map(|bar| bar.answered.calls).sum::<u64>(), 5_000);
    assert_eq!(chart.target, None, "no level is above all");
    let times: Vec<&str> = chart.times.iter().map(|mark| mark.words.as_str()).collect();
    assert_eq!(times[..3], ["10-01", "10-04", "10-07"]);
}

#[test]
fn a_chart_of_nothing_has_its_axes() {
    let rows = folded_in(&day(Width::Hour), []).rows;
    let chart = Chart::new(&rows, Width::Hour, ServiceLevel::default(), Some(80.0));
    assert!(chart.level.is_empty());
    assert_eq!(chart.calls.iter().map(|mark| mark.words.as_str()).collect::<Vec<_>>(), ["0", "1"]);
    let all = chart.bars.iter().flat_map(|bar| [bar.x.0, bar.answered.y.0, bar.answered.height.0]);
    assert!(all.into_iter().all(|length| length.is_finite() && (0.0..=WIDTH.max(HEIGHT)).contains(&length)));
    let empty = Chart::new(&[], Width::Hour, ServiceLevel::default(), None);
    assert!(empty.bars.is_empty() && empty.times.is_empty());
}
