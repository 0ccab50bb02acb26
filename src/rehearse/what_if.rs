//! `--what-if`: the same callers with other staff, other skills, more or fewer of them, or another policy.

use std::path::PathBuf;
use std::str::FromStr;

use super::groups::impossible;
use super::plan::Plan;
use super::rota::Seat;
use super::scenario::{MOST_AGENTS, MOST_PER_HOUR, Otherwise, Scenario, ScenarioError, Setting};
use crate::routing::ids::{AgentName, QueueName, SkillName, StationAddress};

/// One thing that is otherwise.
#[derive(Clone, Debug, PartialEq)]
pub enum WhatIf {
    /// `agents+2`, `agents.evening-1`, `agents.evening=12`
    Agents { group: Option<String>, count: Count },
    /// `agents.evening.skill.english=3`; level 0 takes it away.
    Skill { group: String, skill: SkillName, level: u8 },
    /// `agents.evening.queue+service`, `agents.evening.queue-service`
    Serves { group: String, queue: QueueName, serves: bool },
    /// `callers*1.2`, `callers.morning*0.5`
    Callers { stream: Option<String>, times: f64 },
    /// `queue.service.wrap_up=5s`: any key of a queue, and its value as YAML.
    Queue(Setting),
    /// `centre=DIR`: another version of the centre's YAML.
    Centre(PathBuf),
    /// A file that ends in `.yaml`: another scenario.
    Scenario(PathBuf),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    By(i64),
    To(u32),
}

/// What `--what-if` takes, for who wrote something else.
pub const FORMS: &str = "agents+2, agents.GROUP-1, agents.GROUP=12, agents.GROUP.skill.NAME=3, agents.GROUP.queue+NAME, \
     agents.GROUP.queue-NAME, callers*1.2, callers.NAME*0.5, queue.NAME.KEY=VALUE, centre=DIR or FILE.yaml";

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no what-if; write {FORMS}")]
pub struct NotAWhatIf(String);

impl Count {
    fn of(self, now: u32) -> Option<u32> {
        let count = match self {
            Count::To(count) => i64::from(count),
            Count::By(more) => i64::from(now).checked_add(more)?,
        };
        u32::try_from(count).ok().filter(|count| *count <= MOST_AGENTS)
    }
}

impl FromStr for WhatIf {
    type Err = NotAWhatIf;

    fn from_str(text: &str) -> Result<Self, NotAWhatIf> {
        parse(text.trim()).ok_or_else(|| NotAWhatIf(text.chars().take(200).filter(|c| !c.is_control()).collect()))
    }
}

fn parse(text: &str) -> Option<WhatIf> {
    if let Some(directory) = text.strip_prefix("centre=") {
        return (!directory.is_empty()).then(|| WhatIf::Centre(directory.into()));
    }
    if let Some(rest) = text.strip_prefix("queue.") {
        let (place, value) = rest.split_once('=')?;
        let (queue, key) = place.split_once('.')?;
        let value = value.trim();
        let one_line = !value.is_empty() && !value.contains(['\n', '\r']);
        let setting = Setting { queue: queue.into(), key: key.into(), value: value.into() };
        return (one_line && is_word(queue) && is_word(key)).then_some(WhatIf::Queue(setting));
    }
    if let Some(rest) = text.strip_prefix("callers") {
        let (stream, times) = rest.split_once('*')?;
        let times: f64 = times.parse().ok().filter(|times: &f64| times.is_finite() && *times > 0.0)?;
        return Some(WhatIf::Callers { stream: named(stream)?, times });
    }
    if let Some(rest) = text.strip_prefix("agents") {
        return agents(rest);
    }
    let is_file = ["yaml", "yml"].iter().any(|end| text.strip_suffix(end).is_some_and(|stem| stem.ends_with('.')));
    is_file.then(|| WhatIf::Scenario(text.into()))
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Nothing, or a dot and a name.
fn named(text: &str) -> Option<Option<String>> {
    if text.is_empty() {
        return Some(None);
    }
    text.strip_prefix('.').filter(|name| is_word(name)).map(|name| Some(name.to_owned()))
}

fn agents(rest: &str) -> Option<WhatIf> {
    if let Some((group, rest)) = rest.strip_prefix('.').and_then(|rest| rest.split_once('.')) {
        let group = Some(group).filter(|group| is_word(group))?.to_owned();
        if let Some(skill) = rest.strip_prefix("skill.") {
            let (skill, level) = skill.split_once('=')?;
            let level = level.parse().ok().filter(|level| *level <= 10)?;
            return is_word(skill).then(|| WhatIf::Skill { group, skill: SkillName::new(skill), level });
        }
        let rest = rest.strip_prefix("queue")?;
        let (serves, queue) = match rest.strip_prefix('+') {
            Some(queue) => (true, queue),
            None => (false, rest.strip_prefix('-')?),
        };
        return is_word(queue).then(|| WhatIf::Serves { group, queue: QueueName::new(queue), serves });
    }
    let at = rest.find(['+', '-', '='])?;
    let (group, count) = (rest.get(..at)?, rest.get(at..)?);
    let number: u32 = count.get(1..)?.parse().ok()?;
    let count = match count.as_bytes().first()? {
        b'+' => Count::By(number.into()),
        b'-' => Count::By(-i64::from(number)),
        _ => Count::To(number),
    };
    Some(WhatIf::Agents { group: named(group)?, count })
}

/// What of it is about the centre.
pub fn otherwise(all: &[WhatIf]) -> Otherwise {
    let mut otherwise = Otherwise::default();
    for one in all {
        match one {
            WhatIf::Queue(setting) => otherwise.settings.push(setting.clone()),
            WhatIf::Centre(directory) => otherwise.centre = Some(directory.clone()),
            WhatIf::Agents { .. }
            | WhatIf::Skill { .. }
            | WhatIf::Serves { .. }
            | WhatIf::Callers { .. }
            | WhatIf::Scenario(_) => {}
        }
    }
    otherwise
}

fn asked(sentence: String) -> ScenarioError {
    ScenarioError::Asked(sentence)
}

fn no_such(what: &str, name: Option<&str>, there: Vec<&str>) -> ScenarioError {
    let there = there.join(", ");
    asked(match name {
        Some(name) => format!("--what-if: there is no {what} {name}; there are {there}"),
        None => format!("--what-if: say which {what}: there are {there}"),
    })
}

/// The one of a name; without a name, the only one.
fn the_one<'a, T>(
    all: &'a mut std::collections::BTreeMap<String, T>,
    what: &str,
    name: Option<&str>,
) -> Result<&'a mut T, ScenarioError> {
    let there: Vec<String> = all.keys().cloned().collect();
    let key = match name {
        Some(name) => name.to_owned(),
        None if there.len() == 1 => there.first().cloned().unwrap_or_default(),
        None => return Err(no_such(what, None, there.iter().map(String::as_str).collect())),
    };
    all.get_mut(&key).ok_or_else(|| no_such(what, name, there.iter().map(String::as_str).collect()))
}

/// Works it into a scenario.
///
/// # Errors
/// [`ScenarioError::Asked`]: what cannot be, in a sentence.
pub fn apply(all: &[WhatIf], scenario: &mut Scenario) -> Result<(), ScenarioError> {
    for one in all {
        match one {
            WhatIf::Agents { group, count } => {
                let group = the_one(&mut scenario.agents, "group of agents", group.as_deref())?;
                let none = || asked(format!("--what-if: {count:?} leaves no number of agents that there can be"));
                group.count = count.of(group.count).ok_or_else(none)?;
            }
            WhatIf::Skill { group, skill, level } => {
                if !scenario.centre.skills.contains(skill) {
                    let there = scenario.centre.skills.iter().map(|skill| skill.as_str()).collect();
                    return Err(no_such("skill", Some(skill.as_str()), there));
                }
                let group = the_one(&mut scenario.agents, "group of agents", Some(group))?;
                match level {
                    0 => drop(group.skills.remove(skill)),
                    _ => drop(group.skills.insert(skill.clone(), *level)),
                }
            }
            WhatIf::Serves { group, queue, serves } => {
                if !scenario.centre.queues.contains_key(queue) {
                    let there = scenario.centre.queues.keys().map(|queue| queue.as_str()).collect();
                    return Err(no_such("queue", Some(queue.as_str()), there));
                }
                let group = the_one(&mut scenario.agents, "group of agents", Some(group))?;
                if *serves {
                    group.queues.insert(queue.clone())
                } else {
                    group.queues.remove(queue)
                };
            }
            WhatIf::Callers { stream, times } => {
                if let Some(name) = stream {
                    the_one(&mut scenario.callers, "stream of callers", Some(name))?;
                }
                let theirs = scenario.callers.iter_mut().filter(|(name, _)| stream.as_ref().is_none_or(|s| s == *name));
                for (_, rate) in theirs.flat_map(|(_, stream)| &mut stream.per_hour) {
                    *rate *= times;
                    if *rate > MOST_PER_HOUR {
                        return Err(asked(format!("--what-if: more than {MOST_PER_HOUR} callers an hour")));
                    }
                }
            }
            WhatIf::Queue(_) | WhatIf::Centre(_) | WhatIf::Scenario(_) => {}
        }
    }
    let count: u64 = scenario.agents.values().map(|group| u64::from(group.count)).sum();
    if count == 0 || count > u64::from(MOST_AGENTS) {
        return Err(asked(format!("--what-if: {count} agents; a rehearsal seats 1 to {MOST_AGENTS}")));
    }
    match impossible(&scenario.centre, &scenario.agents).into_iter().next() {
        Some(sentence) => Err(asked(format!("--what-if: {sentence}"))),
        None => Ok(()),
    }
}

/// Works it into a plan that a log has made: whoever is added works from the first to the last of the group on each day,
/// and whoever is taken away is who worked least.
///
/// # Errors
/// [`ScenarioError::Asked`]: what cannot be, in a sentence.
pub fn apply_to_plan(all: &[WhatIf], plan: &mut Plan) -> Result<(), ScenarioError> {
    for one in all {
        match one {
            WhatIf::Agents { group, count } => agents_of_plan(plan, group.as_deref(), *count)?,
            WhatIf::Queue(_) | WhatIf::Centre(_) => {}
            WhatIf::Skill { .. } | WhatIf::Serves { .. } | WhatIf::Callers { .. } | WhatIf::Scenario(_) => {
                let sentence = "--what-if: with a log only agents, queues and the centre can be otherwise";
                return Err(asked(sentence.into()));
            }
        }
    }
    Ok(())
}

fn agents_of_plan(plan: &mut Plan, group: Option<&str>, count: Count) -> Result<(), ScenarioError> {
    let groups: std::collections::BTreeSet<String> = plan.seats.iter().map(|seat| seat.group.clone()).collect();
    let name = match group {
        Some(name) if groups.contains(name) => name.to_owned(),
        None if groups.len() == 1 => groups.first().cloned().unwrap_or_default(),
        Some(_) | None => {
            return Err(no_such("group of agents", group, groups.iter().map(String::as_str).collect()));
        }
    };
    let of = |seat: &&Seat| seat.group == name;
    let now = plan.seats.iter().filter(of).count();
    let wanted = count.of(u32::try_from(now).unwrap_or(MOST_AGENTS)).filter(|wanted| *wanted > 0);
    let wanted = wanted.ok_or_else(|| asked("--what-if: at least one agent has to be left".into()))? as usize;
    let lasts = |seat: &Seat| seat.hours.iter().map(|(from, to)| to.since(*from)).sum::<std::time::Duration>();
    for _ in wanted..now {
        let least = plan.seats.iter().enumerate().filter(|(_, seat)| seat.group == name);
        if let Some((n, _)) = least.min_by_key(|(_, seat)| lasts(seat)) {
            plan.seats.remove(n);
        }
    }
    let hours = hull(plan.seats.iter().filter(of));
    let Some(like) = plan.seats.iter().find(of).cloned() else { return Ok(()) };
    for n in now..wanted {
        plan.seats.push(Seat {
            agent: AgentName::new(format!("{name}_more{n}")),
            station: StationAddress::new(format!("rehearsal/{name}_more{n}")),
            hours: hours.clone(),
            ..like.clone()
        });
    }
    Ok(())
}

/// From the first who comes to the last who goes: spans that overlap or follow within four hours are one day.
fn hull<'s>(seats: impl Iterator<Item = &'s Seat>) -> Vec<(crate::calendar::Moment, crate::calendar::Moment)> {
    const NIGHT: std::time::Duration = std::time::Duration::from_secs(4 * 3600);
    let mut all: Vec<_> = seats.flat_map(|seat| seat.hours.iter().copied()).collect();
    all.sort_unstable();
    let mut days: Vec<(crate::calendar::Moment, crate::calendar::Moment)> = Vec::new();
    for (from, to) in all {
        match days.last_mut().filter(|(_, until)| from <= *until + NIGHT) {
            Some((_, until)) => *until = to.max(*until),
            None => days.push((from, to)),
        }
    }
    days
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read_and_nothing_else() {
        let read = |text: &str| text.parse::<WhatIf>().ok();
        assert_eq!(read("agents+2"), Some(WhatIf::Agents { group: None, count: Count::By(2) }));
        assert_eq!(read("agents.night-1"), Some(WhatIf::Agents { group: Some("night".into()), count: Count::By(-1) }));
        assert_eq!(read("agents.night=12"), Some(WhatIf::Agents { group: Some("night".into()), count: Count::To(12) }));
        assert_eq!(read("callers*1.2"), Some(WhatIf::Callers { stream: None, times: 1.2 }));
        let setting = |key: &str, value: &str| {
            Some(WhatIf::Queue(Setting { queue: "desk".into(), key: key.into(), value: value.into() }))
        };
        assert_eq!(read("queue.desk.wrap_up=5s"), setting("wrap_up", "5s"));
        assert_eq!(
            read("queue.desk.needs=[ { skill: english, level: 2 } ]"),
            setting("needs", "[ { skill: english, level: 2 } ]")
        );
        assert!(matches!(read("agents.a.skill.english=3"), Some(WhatIf::Skill { level: 3, .. })));
        assert!(matches!(read("agents.a.queue-desk"), Some(WhatIf::Serves { serves: false, .. })));
        assert_eq!(read("centre=other"), Some(WhatIf::Centre("other".into())));
        assert_eq!(read("more.yaml"), Some(WhatIf::Scenario("more.yaml".into())));
        for text in [
            "",
            "agents",
            "agents+",
            "agents+-2",
            "agents.+2",
            "callers*0",
            "callers*-1",
            "callers*inf",
            "callers*x",
            "queue.desk=1",
            "queue.desk.wrap_up=",
            "queue.a\nb.c=1",
            "centre=",
            "yaml",
            "agents.a.skill.x=11",
            "agents+99999999999",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
