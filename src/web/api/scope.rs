//! Scopes: what a key may be used for. Every route names one.

use std::fmt;

/// One thing that a key may do, as `calls:read`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    FloorRead,
    AgentsWrite,
    CallsRead,
    CallsDial,
    CustomersRead,
    CustomersWrite,
    CasesRead,
    CasesWrite,
    EventsRead,
    HooksWrite,
    ReportsRead,
    VersionsWrite,
}

impl Scope {
    pub const ALL: [Scope; 12] = [
        Scope::FloorRead,
        Scope::AgentsWrite,
        Scope::CallsRead,
        Scope::CallsDial,
        Scope::CustomersRead,
        Scope::CustomersWrite,
        Scope::CasesRead,
        Scope::CasesWrite,
        Scope::EventsRead,
        Scope::HooksWrite,
        Scope::ReportsRead,
        Scope::VersionsWrite,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Scope::FloorRead => "floor:read",
            Scope::AgentsWrite => "agents:write",
            Scope::CallsRead => "calls:read",
            Scope::CallsDial => "calls:dial",
            Scope::CustomersRead => "customers:read",
            Scope::CustomersWrite => "customers:write",
            Scope::CasesRead => "cases:read",
            Scope::CasesWrite => "cases:write",
            Scope::EventsRead => "events:read",
            Scope::HooksWrite => "hooks:write",
            Scope::ReportsRead => "reports:read",
            Scope::VersionsWrite => "versions:write",
        }
    }

    /// What it opens, for whoever gives a key away.
    pub const fn meaning(self) -> &'static str {
        match self {
            Scope::FloorRead => "queues, agents and their states, as they are now",
            Scope::AgentsWrite => "log agents in and out, breaks, the ends of calls and wrap-up",
            Scope::CallsRead => "calls, live and kept, with callers' numbers and names",
            Scope::CallsDial => "have an agent's phone call a number",
            Scope::CustomersRead => "customers' records",
            Scope::CustomersWrite => "change customers' records",
            Scope::CasesRead => "cases",
            Scope::CasesWrite => "open and change cases",
            Scope::EventsRead => "everything that happens, live, with callers' numbers and names",
            Scope::HooksWrite => "have events sent to addresses elsewhere",
            Scope::ReportsRead => "reports",
            Scope::VersionsWrite => "publish what stands in the centre's directory",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Scope::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or_else(|| {
            let all: Vec<&str> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
            format!("{text:?} is no scope; there are {}", all.join(", "))
        })
    }
}
