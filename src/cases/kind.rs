//! `CaseType`: what an admin wrote about one kind of case, and the working time in which its deadline is counted.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use crate::calendar::{Moment, OpeningHours};
use crate::dialplan::{DispositionName, Language};
use crate::organisation::{DepartmentName, Organisation};
use crate::routing::ids::name;

name!(
    /// A kind of case as the centre's YAML names it.
    CaseTypeName
);

/// What a case has whose type the YAML does not have any more: a day, around the clock.
const DEADLINE_OF_A_TYPE_THAT_IS_GONE: Duration = Duration::from_secs(24 * 3600);

/// One entry of `cases`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseType {
    pub name: CaseTypeName,
    /// \[`name`\] What people call it, in each language of the centre.
    pub titles: BTreeMap<Language, String>,
    /// \[`department`\] Whose it is unless somebody is named when it is opened.
    pub department: DepartmentName,
    /// \[`deadline`\] The working time in which it has to be settled.
    pub deadline: Duration,
    /// \[`escalate_after`\] The working time that each department further up has. As long as `deadline` unless given.
    pub escalate_after: Duration,
    /// \[`hours`\] When the time runs. Around the clock unless given.
    pub hours: Option<OpeningHours>,
    /// \[`dispositions`\] In which words it can be settled. None: in free words only.
    pub dispositions: Vec<DispositionName>,
}

impl CaseType {
    /// When so much working time has passed since `start`. Hours that never open again do not stop a clock for ever: it
    /// runs around them.
    pub fn after(&self, start: Moment, time: Duration) -> Moment {
        let open = self.hours.as_ref().map(|hours| hours.after_open_time(start, time));
        open.flatten().unwrap_or(start + time)
    }

    /// How much working time lies between the two.
    pub fn between(&self, from: Moment, to: Moment) -> Duration {
        self.hours.as_ref().map_or(to.since(from), |hours| hours.open_time_between(from, to))
    }

    fn gone(name: &CaseTypeName, department: DepartmentName) -> Self {
        Self {
            name: name.clone(),
            titles: BTreeMap::new(),
            department,
            deadline: DEADLINE_OF_A_TYPE_THAT_IS_GONE,
            escalate_after: DEADLINE_OF_A_TYPE_THAT_IS_GONE,
            hours: None,
            dispositions: Vec::new(),
        }
    }
}

/// What the cases of a centre go by: its types of case, and who stands above whom.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    pub types: &'a BTreeMap<CaseTypeName, CaseType>,
    pub organisation: &'a Organisation,
}

impl<'a> Rules<'a> {
    /// The type of this name. One that the YAML does not have any more has the time of a day, so that its cases are not
    /// forgotten.
    pub fn of(&self, name: &CaseTypeName, department: &DepartmentName) -> Cow<'a, CaseType> {
        self.types.get(name).map_or_else(|| Cow::Owned(CaseType::gone(name, department.clone())), Cow::Borrowed)
    }
}
