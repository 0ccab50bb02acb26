//! `Centre`: one published version of everything an admin wrote about a centre, checked as a whole.

use std::collections::BTreeMap;
use std::time::Duration;

use super::action::Action;
use super::disposition::Dispositions;
use super::emergency::EmergencyMessage;
use super::language::Language;
use super::read::Place;
use crate::calendar::{OpeningHours, Zone};
use crate::cases::{CaseType, CaseTypeName, Rules};
use crate::customers::Country;
use crate::organisation::Organisation;
use crate::routing::dial_out::DialOut;
use crate::routing::ids::{
    BreakReason, CentreName, MessageName, PhoneNumber, QueueName, SkillName, StepName, VersionHash,
};
use crate::routing::queue::QueueRules;

/// A centre as its directory of YAML files describes it. Made only by [`super::read_centre`], and only when the
/// files hold no mistake: every name used in it exists in it.
///
/// Any `*.yaml` file of the directory may hold any of the sections, each named by the key in brackets below; a
/// centre of one file is as good as one file per subject.
#[derive(Clone, Debug, PartialEq)]
pub struct Centre {
    /// The name of its directory.
    pub name: CentreName,
    /// The hash over all its files: equal bytes under equal names, equal version.
    pub version: VersionHash,
    /// \[`name`\] What callers and agents know it by, in each of its languages.
    pub titles: BTreeMap<Language, String>,
    /// \[`zone`\] Where its clocks hang, by the IANA name: `Asia/Shanghai`.
    pub zone: Zone,
    /// \[`country`\] Where its telephones hang: how numbers are dialled. Unknown, numbers are compared as they are told.
    pub country: Option<Country>,
    /// \[`languages`\] What its callers are spoken to in; the first is what a call starts with. Never empty.
    pub languages: Vec<Language>,
    /// \[`skills`\] The names of what an agent may know, in the order they are listed in.
    pub skills: Vec<SkillName>,
    /// \[`break_reasons`\] What an agent may give as the reason for a break, in the order they are listed in.
    pub break_reasons: Vec<BreakReason>,
    /// \[`break_reasons`: `allowed`\] How much of it a shift has. It is shown, and cuts nobody off.
    pub break_allowances: BTreeMap<BreakReason, Duration>,
    /// \[`break_reasons`: `title`\] What people see in its place, in each language of the centre; the name where there is
    /// none.
    pub break_titles: BTreeMap<BreakReason, BTreeMap<Language, String>>,
    /// \[`dispositions`\] How a call can have ended, in the agent's words.
    pub dispositions: Dispositions,
    /// \[`departments`\]
    pub organisation: Organisation,
    /// \[`cases`\] The types of case.
    pub case_types: BTreeMap<CaseTypeName, CaseType>,
    /// \[`queues`\]
    pub queues: BTreeMap<QueueName, QueueRules>,
    /// \[`dial_out`\] Where agents may dial to, and how; without it, nowhere.
    pub dial_out: Option<DialOut>,
    /// \[`hours`\] Opening hours by name, with the `holidays` they refer to worked in.
    pub hours: BTreeMap<String, OpeningHours>,
    /// \[`numbers`, `start`\] Which called numbers come here, and at which step their calls begin.
    pub numbers: BTreeMap<PhoneNumber, Claim>,
    /// \[`emergency`\] What may be switched on for callers to hear before anything else. All off until somebody does.
    pub emergency: BTreeMap<MessageName, EmergencyMessage>,
    /// \[`steps`\]
    pub steps: BTreeMap<StepName, Step>,
}

/// A called number, and where it was written, so that a second claim can be shown beside the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Where calls to this number begin.
    pub start: StepName,
    /// Where the claim stands in the YAML.
    pub place: Place,
    /// The line it stands on, as written.
    pub line: String,
}

/// A step of the dialplan: actions taken one after the other until one of them leads elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub name: StepName,
    /// Never empty; the last one always leads somewhere or ends the call.
    pub actions: Vec<Action>,
}

impl Centre {
    /// What people see in the place of a break's reason. One that has no title, or is no more, is its name.
    pub fn break_title(&self, reason: &BreakReason, language: Language) -> String {
        let titles = self.break_titles.get(reason);
        let title = titles.and_then(|titles| titles.get(&language).or_else(|| titles.values().next()));
        title.cloned().unwrap_or_else(|| reason.to_string())
    }

    /// The language a call starts with.
    pub fn first_language(&self) -> Language {
        self.languages.first().copied().unwrap_or(Language::En)
    }

    /// What its cases go by.
    pub const fn case_rules(&self) -> Rules<'_> {
        Rules { types: &self.case_types, organisation: &self.organisation }
    }

    /// Where a call to `called` begins; `None` when the number is not this centre's. Spaces, hyphens, dots and
    /// brackets in the number do not count.
    pub fn start_of(&self, called: &PhoneNumber) -> Option<&StepName> {
        self.numbers.get(&dialled(called.as_str())).map(|claim| &claim.start)
    }
}

/// A number as it is compared: without the spaces, hyphens, dots and brackets that people write into one.
pub(super) fn dialled(text: &str) -> PhoneNumber {
    let bare: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')')).collect();
    PhoneNumber::cleaned(&bare)
}
