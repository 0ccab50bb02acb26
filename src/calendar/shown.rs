//! Moments as people read them: in a zone, in one form everywhere (ISO 8601 without the letters), so that what stands on
//! a page can be typed into a filter.

use super::{Moment, Zone};

impl Zone {
    fn formed(&self, at: Moment, form: &str) -> String {
        jiff::Timestamp::from_millisecond(at.as_ms())
            .map_or_else(|_| String::new(), |stamp| stamp.to_zoned(self.rules().clone()).strftime(form).to_string())
    }

    /// `14:02`
    pub fn minute(&self, at: Moment) -> String {
        self.formed(at, "%H:%M")
    }

    /// `14:02:37`
    pub fn second(&self, at: Moment) -> String {
        self.formed(at, "%H:%M:%S")
    }

    /// `2026-03-02`
    pub fn day(&self, at: Moment) -> String {
        self.formed(at, "%Y-%m-%d")
    }

    /// `2026-03-02 14:02:37`
    pub fn day_and_second(&self, at: Moment) -> String {
        self.formed(at, "%Y-%m-%d %H:%M:%S")
    }

    /// `2026-03-02 14:02`
    pub fn day_and_minute(&self, at: Moment) -> String {
        self.formed(at, "%Y-%m-%d %H:%M")
    }

    /// When this day (`2026-03-02`) begins.
    pub fn day_of(&self, text: &str) -> Option<Moment> {
        let date: jiff::civil::Date = text.parse().ok()?;
        let began = date.to_zoned(self.rules().clone()).ok()?.start_of_day().ok()?;
        Some(Moment::from_ms(began.timestamp().as_millisecond()))
    }

    /// When the day after this one begins.
    pub fn day_after(&self, text: &str) -> Option<Moment> {
        let date: jiff::civil::Date = text.parse().ok()?;
        let began = date.tomorrow().ok()?.to_zoned(self.rules().clone()).ok()?.start_of_day().ok()?;
        Some(Moment::from_ms(began.timestamp().as_millisecond()))
    }

    /// The moment this day began, where the zone's clocks hang; days of 23 and 25 hours included.
    pub fn day_began(&self, at: Moment) -> Moment {
        jiff::Timestamp::from_millisecond(at.as_ms())
            .and_then(|stamp| stamp.to_zoned(self.rules().clone()).start_of_day())
            .map_or(at, |began| Moment::from_ms(began.timestamp().as_millisecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_where_the_clocks_hang() {
        let shanghai = Zone::named("Asia/Shanghai").expect("a zone");
        let at = Moment::from_ms(1_772_416_957_123);
        assert_eq!(shanghai.day_and_second(at), "2026-03-02 10:02:37");
        assert_eq!(Zone::UTC.minute(at), "02:02");
        assert_eq!(shanghai.day_and_second(shanghai.day_began(at)), "2026-03-02 00:00:00");
        let berlin = Zone::named("Europe/Berlin").expect("a zone");
        let spring = Moment::from_ms(1_774_785_600_000); // 2026-03-29 12:00 UTC, after the clocks went forward
        assert_eq!(berlin.day_and_minute(berlin.day_began(spring)), "2026-03-29 00:00");
        let (began, after) =
            (berlin.day_of("2026-03-29").expect("a day"), berlin.day_after("2026-03-29").expect("a day"));
        assert_eq!((began, after.since(began).as_secs()), (berlin.day_began(spring), 23 * 3600));
        assert_eq!(berlin.day_of("2026-02-30"), None);
    }
}
