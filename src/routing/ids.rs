//! The names of things: one newtype each, so that a leg is never passed where a call is meant.
//!
//! Ids that we mint (`CallId`, `OfferId`, `EffectId`) carry the epoch of the start that minted them and are of
//! fixed width in text: Asterisk's Bridge matches by prefix (asking for `leg-1` joined `leg-100`), and an id
//! minted after a crash must never equal one minted before.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One start of a controller. Later starts have greater epochs; a controller that sees a greater one stops.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, Default, schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct Epoch(pub u32);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

macro_rules! minted {
    ($(#[$doc:meta])* $name:ident, $letter:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, schemars::JsonSchema)]
        #[schemars(with = "String", extend("pattern" = concat!("^", $letter, "[0-9]{10}-[0-9]{8}$")))]
        pub struct $name {
            pub epoch: Epoch,
            pub number: u32,
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($letter, "{:010}-{:08}"), self.epoch.0, self.number)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                let digits = text.strip_prefix($letter).ok_or(NotAnId)?;
                let (epoch, number) = digits.split_once('-').ok_or(NotAnId)?;
                let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
                if epoch.len() != 10 || number.len() != 8 || !all_digits(epoch) || !all_digits(number) {
                    return Err(NotAnId);
                }
                Ok(Self {
                    epoch: Epoch(epoch.parse().map_err(|_| NotAnId)?),
                    number: number.parse().map_err(|_| NotAnId)?,
                })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = String::deserialize(from)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

/// The text is not an id of the kind asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id")]
pub struct NotAnId;

minted!(
    /// One call: a contact by telephone, from arrival to its one outcome.
    CallId, "c"
);
minted!(
    /// One ring of one agent for one call.
    OfferId, "o"
);
minted!(
    /// One effect handed to a switch; comes back as exactly one input.
    EffectId, "e"
);

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize, ::serde::Deserialize, ::schemars::JsonSchema)]
        #[serde(transparent)]
        pub struct $name(#[schemars(with = "String")] ::smol_str::SmolStr);

        impl $name {
            pub fn new(text: impl AsRef<str>) -> Self {
                Self(::smol_str::SmolStr::new(text))
            }
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                write!(f, "{:?}", &self.0)
            }
        }
    };
}
pub(crate) use name;

name!(
    /// The tenant: `[a-z][a-z0-9]{0,15}`, the name of its directory.
    CentreName
);
name!(
    /// A switch as `cordboard.yaml` names it.
    SwitchName
);
name!(
    /// One party's channel, by the id the switch knows it by (Asterisk's Uniqueid, FreeSWITCH's UUID); for a
    /// leg that we originate it is the id that we chose.
    LegId
);
name!(
    /// An agent's login name, unique in the centre.
    AgentName
);
name!(
    /// A queue as the centre's YAML names it.
    QueueName
);
name!(
    /// A step of the dialplan.
    StepName
);
name!(
    /// An emergency message as the centre's YAML names it.
    MessageName
);
name!(
    /// A skill as the centre's YAML names it.
    SkillName
);
name!(
    /// A reason for a break, from the centre's list.
    BreakReason
);
name!(
    /// The address of the phone an agent sits at, as the switch dials it (`PJSIP/a1001`, `user/1001`).
    StationAddress
);
name!(
    /// What makes two requests one: the same again does nothing again. Made of what was sent, never shown.
    RequestName
);
impl RequestName {
    /// The key alone, where the name has what was wanted behind it.
    fn key(&self) -> &str {
        let parts = self.as_str().split_once('-').filter(|(key, this)| (key.len(), this.len()) == (32, 31));
        parts.map_or(self.as_str(), |(key, _)| key)
    }

    /// Whether the same key was sent with this; what was wanted may be another thing.
    pub fn has_key_of(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

name!(
    /// The hash of one published version of a centre's YAML, in hexadecimal.
    VersionHash
);
name!(
    /// A telephone number as it came from or goes to the outside: anything a stranger typed. Bounded in length
    /// and free of control characters (see [`PhoneNumber::cleaned`]); never trusted further.
    PhoneNumber
);
name!(
    /// A caller's display name as it came from outside, bounded and free of control characters.
    CallerName
);

impl AgentName {
    /// An agent as another centre than their own names them.
    #[must_use]
    pub fn guest_of(&self, home: &CentreName) -> Self {
        Self::new(format!("{self}@{home}"))
    }

    /// Of somebody at home in another centre, who they are there. Nobody is taken on under such a name, and nobody logs in
    /// with one; an address of e-mail has a dot behind its `@`, which no centre's name has.
    pub fn home(&self) -> Option<(Self, CentreName)> {
        let (name, home) = self.as_str().rsplit_once('@')?;
        let mut letters = home.chars();
        let is_centre = letters.next().is_some_and(|first| first.is_ascii_lowercase())
            && letters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
            && home.len() <= LONGEST_CENTRE;
        (is_centre && !name.is_empty()).then(|| (Self::new(name), CentreName::new(home)))
    }
}

/// The longest name of a centre.
const LONGEST_CENTRE: usize = 16;

/// The longest number or caller's name kept, in characters; Asterisk itself cuts a name at 80.
pub const LONGEST_FROM_OUTSIDE: usize = 80;

fn cleaned(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LONGEST_FROM_OUTSIDE).collect()
}

impl PhoneNumber {
    /// From anything: control characters dropped, cut at [`LONGEST_FROM_OUTSIDE`].
    pub fn cleaned(text: &str) -> Self {
        Self::new(cleaned(text))
    }
}

impl CallerName {
    /// From anything: control characters dropped, cut at [`LONGEST_FROM_OUTSIDE`].
    pub fn cleaned(text: &str) -> Self {
        Self::new(cleaned(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_is_named_with_their_home_and_nobody_else_is() {
        let mira = AgentName::new("mira").guest_of(&CentreName::new("b"));
        assert_eq!(mira.as_str(), "mira@b");
        assert_eq!(mira.home(), Some((AgentName::new("mira"), CentreName::new("b"))));
        let twice = AgentName::new("mira@b").guest_of(&CentreName::new("c2"));
        assert_eq!(twice.home(), Some((AgentName::new("mira@b"), CentreName::new("c2"))));
        for own in ["mira", "mira@example.com", "@b", "mira@", "mira@B", "mira@2b", "mira@b ", "a@abcdefghijklmnopq"] {
            assert_eq!(AgentName::new(own).home(), None, "{own}");
        }
    }

    #[test]
    fn no_minted_id_is_a_prefix_of_another() {
        let a = CallId { epoch: Epoch(1), number: 1 };
        let b = CallId { epoch: Epoch(1), number: 10 };
        assert_eq!(a.to_string().len(), b.to_string().len());
        assert_eq!(a.to_string().parse(), Ok(a));
        assert!("c1-1".parse::<CallId>().is_err());
        assert!("c+000000001-00000001".parse::<CallId>().is_err());
    }
}
