//! `Number`: a telephone number in the one form under which its owner is found, and `Country`, which says what is dialled
//! in front of one.

use std::fmt;
use std::str::FromStr;

use phonenumber::country::Id;
use phonenumber::metadata::DATABASE;
use phonenumber::{Metadata, Mode};

/// The longest number that is one, in digits: 15 (ITU-T E.164) behind an international prefix or an area's.
const MOST_DIGITS: usize = 24;

/// A country by its two letters, `CN`. Says how numbers are dialled there.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Country(Id);

/// No country has these letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no country of these two letters")]
pub struct NoSuchCountry;

impl Country {
    pub fn as_str(&self) -> &str {
        self.0.as_ref()
    }

    /// The letters of every country there is, for a suggestion.
    pub fn all() -> Vec<&'static str> {
        let mut all: Vec<&str> = DATABASE.iter().map(Metadata::id).filter(|id| id.len() == 2).collect();
        all.sort_unstable();
        all
    }

    fn rules(self) -> Option<&'static Metadata> {
        DATABASE.by_id(self.0.as_ref())
    }
}

impl FromStr for Country {
    type Err = NoSuchCountry;
    fn from_str(text: &str) -> Result<Self, NoSuchCountry> {
        Id::from_str(text).map(Country).map_err(|_| NoSuchCountry)
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A number in its one form: `+8613800138000` where its country is known, else the digits as they were dialled (an
/// extension, a short number). Two numbers are one line of a telephone exactly when they are equal.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(String);

impl Number {
    /// From anything that somebody typed or a switch told. `None` where it is no number: withheld, a name, too long.
    pub fn of(text: &str, home: Option<Country>) -> Option<Self> {
        let bare = bare(text)?;
        let abroad = match bare.strip_prefix('+') {
            Some(digits) => Some(digits),
            None => abroad(&bare, home),
        };
        if let Some(digits) = abroad {
            // Only what says its country itself: the rules of ours must not take a zero from a number abroad.
            let known = phonenumber::parse(None, format!("+{digits}"));
            let one =
                known.map_or_else(|_| format!("+{digits}"), |number| number.format().mode(Mode::E164).to_string());
            return Some(Self(one));
        }
        let ours = home.and_then(|Country(id)| phonenumber::parse(Some(id), &bare).ok());
        match ours.filter(phonenumber::is_valid) {
            Some(number) => Some(Self(number.format().mode(Mode::E164).to_string())),
            None => Some(Self(bare)),
        }
    }

    /// Reads the rules of all countries and those of this one, which are in memory from then on. It takes tens of
    /// milliseconds, and half a second without optimisation: whoever comes first would wait for it.
    pub fn learn(home: Option<Country>) {
        let _known = [Self::of("+8613800138000", home), Self::of("13800138000", home)];
    }

    /// As it was once written by [`Number::of`].
    pub(crate) const fn kept(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether its country has such a number; of one that says no country nobody knows.
    pub fn is_valid(&self) -> bool {
        self.0.starts_with('+') && phonenumber::parse(None, &self.0).is_ok_and(|number| phonenumber::is_valid(&number))
    }

    /// Every way in which a switch of this country may tell it, this form among them, each once. All are this number
    /// again by [`Number::of`].
    pub fn told_as(&self, home: Option<Country>) -> Vec<String> {
        let mut ways = vec![self.0.clone()];
        if let Some(digits) = self.0.strip_prefix('+') {
            ways.extend(["00", "011", ""].map(|before| format!("{before}{digits}")));
            let rules = home.and_then(Country::rules);
            if let Some((rules, national)) =
                rules.and_then(|rules| Some((rules, digits.strip_prefix(&rules.country_code().to_string())?)))
            {
                ways.push(national.to_owned());
                ways.extend(rules.national_prefix().map(|trunk| format!("{trunk}{national}")));
            }
        }
        ways.retain(|way| Self::of(way, home).as_ref() == Some(self));
        ways.sort_unstable();
        ways.dedup();
        ways
    }
}

/// What a number is found by: the beginnings that people type. With its country, without it, and as it is dialled at home
/// without the zero.
pub fn number_sought_as(number: &Number, home: Option<Country>) -> Vec<String> {
    let mut keys = vec![number.0.clone()];
    if let Some(digits) = number.0.strip_prefix('+') {
        keys.push(digits.to_owned());
        let code = home.and_then(Country::rules).map(|rules| rules.country_code().to_string());
        keys.extend(code.and_then(|code| digits.strip_prefix(&code)).map(str::to_owned));
    }
    keys.retain(|key| !key.is_empty());
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// The beginning of a number as it is kept, from what somebody typed of one. `None` where it is no part of a number.
pub fn number_prefix(typed: &str, home: Option<Country>) -> Option<String> {
    let bare = bare(typed)?;
    if bare.starts_with('+') {
        return Some(bare);
    }
    if let Some(digits) = abroad(&bare, home) {
        return Some(format!("+{digits}"));
    }
    let trunk = home.and_then(Country::rules).and_then(Metadata::national_prefix).unwrap_or_default();
    let national = bare.strip_prefix(trunk).filter(|rest| trunk == "0" && !rest.is_empty());
    Some(national.map_or_else(|| bare.clone(), str::to_owned))
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The digits, with + before them if there was one. `None` where anything else is in it.
pub(crate) fn bare(text: &str) -> Option<String> {
    let mut bare = String::new();
    for c in text.trim().trim_start_matches("tel:").chars() {
        match c {
            '0'..='9' => bare.push(c),
            // Full-width digits, as an input method for Chinese leaves them.
            '０'..='９' => bare.push(char::from(b'0' + (c as u32 - '０' as u32) as u8)),
            '+' | '＋' if bare.is_empty() => bare.push('+'),
            ' ' | '\u{a0}' | '\u{202f}' | '\u{3000}' | '-' | '.' | '(' | ')' | '/' | '（' | '）' | '－' | '‐' | '–' =>
                {}
            _ => return None,
        }
        if bare.len() > MOST_DIGITS {
            return None;
        }
    }
    (!bare.trim_start_matches('+').is_empty()).then_some(bare)
}

/// What stands behind the prefix by which a country is left, where a number begins with it.
fn abroad(bare: &str, home: Option<Country>) -> Option<&str> {
    let behind = match home.and_then(Country::rules).map(Metadata::international_prefix) {
        Some(Some(prefix)) => prefix.find(bare).filter(|found| found.start() == 0).map(|found| found.end()),
        Some(None) => None,
        None => bare.starts_with("00").then_some(2),
    };
    behind.and_then(|end| bare.get(end..)).filter(|digits| !digits.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn country(text: &str) -> Option<Country> {
        Some(text.parse().expect("a country"))
    }

    fn one(text: &str, home: &str) -> String {
        Number::of(text, country(home)).expect("a number").to_string()
    }

    #[test]
    fn the_same_person_is_one_number_however_it_is_told() {
        for told in [
            "013800138000",
            "13800138000",
            "+8613800138000",
            "008613800138000",
            "8613800138000",
            " +86 138-0013-8000 ",
            "＋８６　１３８００１３８０００",
            "tel:+8613800138000",
        ] {
            assert_eq!(one(told, "CN"), "+8613800138000", "{told}");
        }
        for told in ["02085551234", "+86 20 8555 1234", "00862085551234"] {
            assert_eq!(one(told, "CN"), "+862085551234", "{told}");
        }
        for told in ["+49 (0)30 901820", "004930901820", "+4930901820"] {
            assert_eq!(one(told, "CN"), "+4930901820", "{told}");
        }
        for told in ["2025550123", "12025550123", "+1 202 555 0123"] {
            assert_eq!(one(told, "US"), "+12025550123", "{told}");
        }
    }

    #[test]
    fn a_zero_that_belongs_to_a_number_abroad_stays() {
        assert_eq!(one("+39 06 6982", "CN"), "+39066982");
        assert_eq!(one("011 39 06 6982", "US"), "+39066982");
    }

    #[test]
    fn what_is_short_stays_as_it_was_dialled() {
        assert_eq!(one("1001", "CN"), "1001");
        assert_eq!(one("10086", "CN"), "10086");
        assert_eq!(one("110", "CN"), "110");
        assert_eq!(Number::of("013800138000", None).expect("a number").as_str(), "013800138000");
        assert_eq!(Number::of("0086 138 0013 8000", None).expect("a number").as_str(), "+8613800138000");
    }

    #[test]
    fn what_is_no_number_finds_nobody() {
        for told in
            ["", "+", "anonymous", "sip:anna@example.org", "1 2 x", "'; --", "1234567890123456789012345", "٣", "1+2"]
        {
            assert_eq!(Number::of(told, country("CN")), None, "{told}");
        }
    }

    #[test]
    fn every_way_in_which_a_number_is_told_leads_back_to_it() {
        let number = Number::of("13800138000", country("CN")).expect("a number");
        let ways = number.told_as(country("CN"));
        assert_eq!(ways, ["+8613800138000", "008613800138000", "013800138000", "13800138000", "8613800138000"]);
        let short = Number::of("1001", country("CN")).expect("a number");
        assert_eq!(short.told_as(country("CN")), ["1001"]);
    }

    #[test]
    fn a_number_is_found_by_whatever_beginning_of_it_is_typed() {
        let home = country("CN");
        let found = |number: &str, typed: &str| {
            let keys = number_sought_as(&Number::of(number, home).expect("a number"), home);
            let prefix = number_prefix(typed, home).expect("a part of a number");
            keys.iter().any(|key| key.starts_with(&prefix))
        };
        for typed in ["138", "0138", "138-0013", "+86138", "0086 138", "86138", "13800138000", "013800138000"] {
            assert!(found("013800138000", typed), "{typed}");
        }
        for typed in ["+4930", "004930", "4930"] {
            assert!(found("+4930901820", typed), "{typed}");
        }
        assert!(found("1001", "10") && !found("1001", "11"));
        assert_eq!(number_prefix("smith", home), None);
    }

    #[test]
    fn a_country_has_two_letters() {
        assert!("CN".parse::<Country>().is_ok());
        for wrong in ["cn", "China", "", "XX"] {
            assert!(wrong.parse::<Country>().is_err(), "{wrong}");
        }
        assert!(Country::all().contains(&"DE") && Country::all().len() > 200);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn anything_at_all_is_a_number_or_is_not(text in "\\PC{0,40}", digits in "[+0-9 ()-]{0,30}") {
            for home in [None, country("CN"), country("US"), country("IT")] {
                for text in [&text, &digits] {
                    if let Some(number) = Number::of(text, home) {
                        prop_assert_eq!(Number::of(number.as_str(), home), Some(number.clone()), "a second time: {}", text);
                        for way in number.told_as(home) {
                            prop_assert_eq!(Number::of(&way, home), Some(number.clone()));
                        }
                    }
                }
            }
        }
    }
}
