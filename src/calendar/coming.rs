//! The coming days as opening hours have them, for people to read: each day with its spans, and what it is called where the
//! week does not hold.

use jiff::ToSpan;

use super::hours::OpeningHours;
use super::moment::Moment;
use super::week::Span;

/// One day on the wall.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComingDay {
    /// `2026-03-02`
    pub date: String,
    /// 0 for Monday to 6 for Sunday.
    pub weekday: usize,
    /// What it is called, where it is no day of the week: `National Day`.
    pub name: Option<String>,
    /// Empty: closed.
    pub spans: Vec<Span>,
}

impl OpeningHours {
    /// This day and those after it.
    pub fn coming(&self, at: Moment, days: u8) -> Vec<ComingDay> {
        let today = self.date(at);
        let dates = (0..i64::from(days)).map_while(|n| today.checked_add(n.days()).ok());
        dates
            .map(|date| {
                let weekday = usize::from(date.weekday().to_monday_zero_offset().unsigned_abs());
                let special = self.days.get(&date);
                ComingDay {
                    date: date.to_string(),
                    weekday,
                    name: special.map(|day| day.name.clone()),
                    spans: special.map_or_else(|| self.week.day(weekday).to_vec(), |day| day.spans.clone()),
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::calendar::{Week, Zone};

    #[test]
    fn a_holiday_stands_in_the_coming_week_with_its_name() {
        let mut week = Week::default();
        week.add("mon-fri 08:30-12:00, 13:30-18:00").expect("a week");
        let zone = Zone::named("Asia/Shanghai").expect("a zone");
        let holiday = super::super::hours::Day { name: "Qingming".into(), spans: Vec::new() };
        let days = BTreeMap::from([("2026-04-06".parse().expect("a day"), holiday)]);
        let hours = OpeningHours { name: "office".into(), zone: zone.clone(), week, days };
        // A Friday evening there, and still afternoon in Greenwich.
        let coming =
            hours.coming(zone.day_of("2026-04-03").expect("a day") + std::time::Duration::from_secs(82_800), 7);
        let shown: Vec<String> = coming
            .iter()
            .map(|day| {
                let spans: Vec<String> = day.spans.iter().map(ToString::to_string).collect();
                format!("{} {} {}{}", day.date, day.weekday, spans.join(" "), day.name.as_deref().unwrap_or_default())
            })
            .collect();
        assert_eq!(shown[0], "2026-04-03 4 08:30-12:00 13:30-18:00");
        assert_eq!(shown[1], "2026-04-04 5 ");
        assert_eq!(shown[3], "2026-04-06 0 Qingming");
        assert_eq!(shown.len(), 7);
    }
}
