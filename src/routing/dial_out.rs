//! Dialling out: what an admin wrote about it, and the one form in which a number may reach a switch.
//!
//! Nothing that is not listed may be dialled: a stolen key or a bored agent costs what the list allows, and no more.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};

use super::ids::{PhoneNumber, StationAddress, SwitchName};
use crate::customers::{Country, Number};

/// A number that somebody asked to be dialled: digits, and + before them if there was one. Nothing else can be in it,
/// so that it may stand in what a switch is told.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct DialledNumber(String);

/// What was asked for is no number that could be dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no telephone number: {FEWEST_DIGITS} to {MOST_DIGITS} digits, with + before them if need be")]
pub struct NotANumber;

/// An emergency number has three digits.
const FEWEST_DIGITS: usize = 3;
/// 15 (ITU-T E.164), behind a prefix for the line out and one for abroad.
const MOST_DIGITS: usize = 20;

impl DialledNumber {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Without the + before them.
    pub fn digits(&self) -> &str {
        self.0.trim_start_matches('+')
    }

    pub fn to_phone_number(&self) -> PhoneNumber {
        PhoneNumber::new(&self.0)
    }
}

impl FromStr for DialledNumber {
    type Err = NotANumber;

    /// From what somebody typed: spaces, hyphens, brackets and full-width digits are how people write numbers. Anything
    /// else is a mistake, or worse.
    fn from_str(text: &str) -> Result<Self, NotANumber> {
        let number = Self(crate::customers::bare(text).ok_or(NotANumber)?);
        if (FEWEST_DIGITS..=MOST_DIGITS).contains(&number.digits().len()) { Ok(number) } else { Err(NotANumber) }
    }
}

impl<'de> Deserialize<'de> for DialledNumber {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for DialledNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for DialledNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an admin wrote about dialling out, `dial_out:` of the centre.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialOut {
    /// \[`switch`\] The switch that dials; its own agents alone can, because a leg of one switch is not joined to one of
    /// another.
    pub switch: SwitchName,
    /// \[`to`\] What the switch is told to dial.
    pub to: DialString,
    /// \[`shown`\] The number shown to whoever is called.
    pub shown: PhoneNumber,
    /// \[`allowed`\] How numbers that may be dialled begin, or a short one whole. Never empty.
    pub allowed: Vec<String>,
    /// \[`barred`\] How numbers begin that may not, though `allowed` would let them.
    pub barred: Vec<String>,
    /// \[`ring_for`\] How long the agent's phone rings, and then how long the number does.
    pub ring_for: Duration,
    /// \[`wrap_up`\] How long an agent has for wrap-up after a dialled conversation; `None` means until the agent says so.
    pub wrap_up: Option<Duration>,
    /// \[`longest`\] How long a dialled conversation may last; then it is ended.
    pub longest: Duration,
    /// \[`most_per_minute`\] Of the whole centre, in any sixty seconds.
    pub most_per_minute: usize,
    /// \[`most_per_hour`\] Of the whole centre, in any sixty minutes.
    pub most_per_hour: usize,
}

impl DialOut {
    /// As long as most networks let a telephone ring.
    pub const RING_FOR: Duration = Duration::from_secs(45);
    /// Longer than anybody talks, and shorter than a telephone that was not put down costs a night.
    pub const LONGEST: Duration = Duration::from_secs(4 * 3600);
    /// Twenty agents who dial all day by hand do not reach it; a program run wild does in a second.
    pub const MOST_PER_MINUTE: usize = 20;
    pub const MOST_PER_HOUR: usize = 300;
    /// What the caps may be set to at the most: the moments of an hour's dials are kept, in memory and in the journal.
    pub const HIGHEST_CAP: usize = 10_000;

    /// Whether this number may be dialled at all. Where the centre says its country, it has to be a number that there is,
    /// in one of the spellings that people use, or be listed whole; and it is looked for in both lists as it was typed, as
    /// it is called from abroad and as it is called at home. So no carrier's prefix, zero too many or emergency number gets
    /// by as the beginning of something else.
    pub fn allows(&self, number: &DialledNumber, home: Option<Country>) -> bool {
        let typed = number.as_str();
        let mut ways = vec![typed.to_owned()];
        if home.is_some() && !self.allowed.iter().any(|listed| listed == typed) {
            let Some(one) = Number::of(typed, home).filter(Number::is_valid) else { return false };
            let told_as = one.told_as(home);
            if !told_as.iter().any(|way| way == typed) {
                return false;
            }
            // With the prefix for abroad every number begins like one abroad.
            ways.extend(told_as.into_iter().filter(|way| !way.starts_with("00")));
        }
        let begins = |list: &[String]| list.iter().any(|with| ways.iter().any(|way| way.starts_with(with.as_str())));
        begins(&self.allowed) && !begins(&self.barred)
    }
}

/// What a switch is told to dial, with the place where the number goes: `PJSIP/{number}@trunk`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialString(String);

/// Why a text is no dial string; ends a sentence that begins with the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotADialString {
    #[error("has no {{number}} or {{digits}}, the place where the number goes; write \"PJSIP/{{number}}@trunk\"")]
    NoPlace,
    #[error("has more than one place where the number goes")]
    TwoPlaces,
    #[error("begins with no technology; write \"PJSIP/{{number}}@trunk\"")]
    NoTechnology,
    #[error("can hold letters, digits and / @ . _ : + - only, at most {LONGEST_DIAL_STRING} of them")]
    Stranger,
}

const LONGEST_DIAL_STRING: usize = 80;

impl DialString {
    /// As the number is written, with its +.
    const NUMBER: &str = "{number}";
    /// Without the +.
    const DIGITS: &str = "{digits}";

    pub fn with(&self, number: &DialledNumber) -> StationAddress {
        StationAddress::new(self.0.replace(Self::NUMBER, number.as_str()).replace(Self::DIGITS, number.digits()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DialString {
    type Err = NotADialString;

    fn from_str(text: &str) -> Result<Self, NotADialString> {
        let places = text.matches(Self::NUMBER).count() + text.matches(Self::DIGITS).count();
        let bare = text.replace(Self::NUMBER, "").replace(Self::DIGITS, "");
        // `&` would ring two, `,` and `^` begin what a dialplan executes.
        let plain = |c: char| c.is_ascii_alphanumeric() || "/@._:+-".contains(c);
        if !bare.chars().all(plain) || text.len() > LONGEST_DIAL_STRING {
            return Err(NotADialString::Stranger);
        }
        match places {
            0 => Err(NotADialString::NoPlace),
            1 if text.split_once('/').is_none_or(|(technology, _)| !technology.chars().all(char::is_alphanumeric))
                || text.starts_with('/') =>
            {
                Err(NotADialString::NoTechnology)
            }
            1 => Ok(Self(text.to_owned())),
            _ => Err(NotADialString::TwoPlaces),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Result<String, NotANumber> {
        text.parse::<DialledNumber>().map(|number| number.to_string())
    }

    #[test]
    fn a_number_is_what_people_write_as_one() {
        for (typed, is) in [
            ("+86 138 0013 8000", "+8613800138000"),
            ("(0)10-8888.0000", "01088880000"),
            ("１３８ ００１３ ８０００", "13800138000"),
            ("＋86 13800138000", "+8613800138000"),
            ("110", "110"),
        ] {
            assert_eq!(number(typed), Ok(is.to_owned()), "{typed}");
        }
    }

    #[test]
    fn nothing_else_is_a_number() {
        let (forty, twenty_one) = ("1".repeat(40), "1".repeat(21));
        for typed in [
            "",
            "+",
            "++86138",
            "8+6138",
            "12",
            "1380013800a",
            "138;001",
            "13800138000\r\nAction: Logoff",
            "13800138000\n",
            "138\r138",
            "138001@evil",
            "138&PJSIP/a1001",
            "138,t",
            "${SHELL(id)}",
            "138\0",
            "٣٣٣٣",
            forty.as_str(),
            twenty_one.as_str(),
        ] {
            // A line break at the end is what is left of a line that was pasted.
            let expected = if typed == "13800138000\n" { Ok("13800138000".to_owned()) } else { Err(NotANumber) };
            assert_eq!(number(typed), expected, "{typed:?}");
        }
        assert!(serde_json::from_str::<DialledNumber>("\"138@x\"").is_err(), "nor in a journal");
    }

    fn rules(allowed: &[&str], barred: &[&str]) -> DialOut {
        DialOut {
            switch: SwitchName::new("pbx"),
            to: "PJSIP/{digits}@trunk".parse().expect("a dial string"),
            shown: PhoneNumber::new("4001"),
            allowed: allowed.iter().map(ToString::to_string).collect(),
            barred: barred.iter().map(ToString::to_string).collect(),
            ring_for: DialOut::RING_FOR,
            wrap_up: None,
            longest: DialOut::LONGEST,
            most_per_minute: 1,
            most_per_hour: 1,
        }
    }

    #[test]
    fn what_is_listed_may_be_dialled_and_what_is_barred_may_not() {
        let rules = rules(&["+86", "1"], &["+86168"]);
        let allows = |text: &str| rules.allows(&text.parse().expect("a number"), None);
        assert!(allows("+8613800138000") && allows("13800138000"));
        assert!(!allows("+86168000111") && !allows("008613800138000") && !allows("+44123456"));
        assert_eq!(rules.to.with(&"+86138001".parse().expect("a number")).as_str(), "PJSIP/86138001@trunk");
    }

    #[test]
    fn no_other_spelling_gets_by() {
        let rules = rules(&["+86", "1", "0", "10086"], &["00", "+8616", "16"]);
        let home = Some("CN".parse().expect("a country"));
        let allows = |text: &str| rules.allows(&text.parse().expect("a number"), home);
        for good in ["13800138000", "+86 138 0013 8000", "013800138000", "010 6555 1234", "+861065551234", "10086"] {
            assert!(allows(good), "{good}");
        }
        for bad in [
            "0044 20 7946 0000",
            "+442079460000",
            "17951 00371 9000 0000",
            "17951 13800138000",
            "+86 00 882 12345678",
            "0168 1234",
            "+86 0168 12345",
            "16812345",
            "110",
            "120",
            "1380013",
            "138001380001380",
        ] {
            assert!(!allows(bad), "{bad}");
        }
    }

    #[test]
    fn a_dial_string_has_one_place_and_nothing_that_means_more_to_a_switch() {
        for (text, why) in [
            ("PJSIP/trunk", NotADialString::NoPlace),
            ("PJSIP/{number}{digits}@trunk", NotADialString::TwoPlaces),
            ("{number}", NotADialString::NoTechnology),
            ("/{number}", NotADialString::NoTechnology),
            ("PJSIP/{number}@trunk&PJSIP/x", NotADialString::Stranger),
            ("PJSIP/{number}@trunk,30,m", NotADialString::Stranger),
            ("PJSIP/{name}@trunk", NotADialString::Stranger),
            ("PJSIP/{number}@trunk\r\nX: y", NotADialString::Stranger),
        ] {
            assert_eq!(text.parse::<DialString>(), Err(why), "{text}");
        }
    }
}
