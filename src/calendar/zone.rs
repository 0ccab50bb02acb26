//! `Zone`: a time zone by its IANA name, from the zone data compiled in.

use std::fmt;

use jiff::tz::TimeZone;

/// A time zone. Equal names, equal zones.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

/// No zone has this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no time zone of this name")]
pub struct NoSuchZone;

impl Zone {
    pub const UTC: Zone = Zone(TimeZone::UTC);

    /// By the IANA name, such as `Asia/Shanghai`; capitals do not count.
    pub fn named(name: &str) -> Result<Self, NoSuchZone> {
        jiff::tz::TimeZoneDatabase::bundled().get(name).map(Zone).map_err(|_| NoSuchZone)
    }

    /// Every name there is, for a suggestion.
    pub fn names() -> Vec<String> {
        jiff::tz::TimeZoneDatabase::bundled().available().map(|name| name.to_string()).collect()
    }

    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    pub(super) fn rules(&self) -> &TimeZone {
        &self.0
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
