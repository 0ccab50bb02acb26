//! What there is to see of a configuration.

use std::collections::BTreeMap;
use std::time::Duration;

use askama::Template;

use super::mistakes::Wrong;
use crate::calendar::{Moment, OpeningHours};
use crate::dialplan::Centre;
use crate::routing::queue::QueueRules;
use crate::store::audit::Which;
use crate::web::Web;
use crate::web::pages::audit::author;
use crate::web::pages::frame::{Frame, Noun};
use crate::web::pages::problem::{PageProblem, Shown};
use crate::web::pages::who::Who;
use crate::web::pages::words::{Words, language_name};

/// Versions listed: some years of a centre that is changed every week.
const MOST_VERSIONS: i64 = 200;

#[derive(Template)]
#[template(path = "configuration/show.html")]
pub struct Configuration {
    frame: Frame,
    pub said: Option<String>,
    pub mistakes: Vec<Wrong>,
    version: String,
    name: String,
    zone: String,
    languages: Vec<String>,
    switches: Vec<Switch>,
    queues: Vec<Queue>,
    hours: Vec<Hours>,
    numbers: Vec<(String, String)>,
    steps: Vec<String>,
    /// Lists of names: what they are, and they.
    names: Vec<(String, Vec<String>)>,
    /// `None` while the database is away.
    versions: Option<Vec<Kept>>,
}

#[derive(Template)]
#[template(path = "configuration/version.html")]
pub struct Version {
    pub frame: Frame,
    pub version: String,
    pub text: String,
}

struct Switch {
    name: String,
    up: bool,
}

struct Queue {
    name: String,
    ring_for: String,
    wrap_up: String,
    rest: String,
    target: String,
    credit: String,
    most_waiting: String,
    needs: Vec<String>,
    music: String,
}

struct Hours {
    name: String,
    open: bool,
    /// When that changes.
    until: Option<String>,
    days: Vec<Day>,
}

struct Day {
    date: String,
    weekday: String,
    name: Option<String>,
    spans: Vec<String>,
}

/// A version there has been.
struct Kept {
    version: String,
    first: String,
    /// The last time it was published by somebody, and by whom.
    by: Option<String>,
    current: bool,
}

/// Enough of a hash to tell it from every other.
fn short(version: &str) -> String {
    version.chars().take(12).collect()
}

impl Configuration {
    /// # Errors
    /// The controller is away.
    pub async fn of(web: &Web, who: &Who) -> Shown<Self> {
        let t = who.manner.t;
        let plan = web.handle.plan(who.centre()).ok_or(PageProblem::Away)?;
        let up = web.handle.pulse().switches;
        let now = web.now();
        let title = plan.titles.get(&t.language()).or_else(|| plan.titles.values().next());
        // What has run goes on without the database, and so does this page.
        let versions = match versions(web, who, &plan).await {
            Ok(versions) => Some(versions),
            Err(PageProblem::Away) => None,
            Err(problem) => return Err(problem),
        };
        Ok(Self {
            frame: who.frame(web, Noun::Configuration),
            said: None,
            mistakes: Vec::new(),
            version: plan.version.to_string(),
            name: title.cloned().unwrap_or_default(),
            zone: plan.zone.to_string(),
            languages: plan.languages.iter().map(|language| language_name(t, *language)).collect(),
            switches: web
                .switches
                .iter()
                .map(|name| Switch { name: name.to_string(), up: up.get(name).copied().unwrap_or(false) })
                .collect(),
            queues: plan.queues.values().map(|rules| queue(t, rules)).collect(),
            hours: plan.hours.values().map(|of| hours(t, of, now)).collect(),
            numbers: plan.numbers.iter().map(|(number, claim)| (number.to_string(), claim.start.to_string())).collect(),
            steps: plan.steps.keys().map(ToString::to_string).collect(),
            names: names(t, &plan),
            versions,
        })
    }

    fn short(&self) -> String {
        short(&self.version)
    }
}

fn names(t: Words, plan: &Centre) -> Vec<(String, Vec<String>)> {
    let skills = plan.skills.iter().map(ToString::to_string).collect();
    let breaks = plan.break_reasons.iter().map(ToString::to_string).collect();
    let dispositions = plan.dispositions.all.iter().map(|one| one.name.to_string()).collect();
    let departments = plan.organisation.departments().iter().map(|one| one.name.to_string()).collect();
    let cases = plan.case_types.keys().map(ToString::to_string).collect();
    vec![
        (t.say("people-skills"), skills),
        (t.say("configuration-breaks"), breaks),
        (t.say("configuration-dispositions"), dispositions),
        (t.say("configuration-departments"), departments),
        (t.say("configuration-cases"), cases),
    ]
}

fn seconds(time: Duration) -> String {
    time.as_secs().to_string()
}

fn queue(t: Words, rules: &QueueRules) -> Queue {
    let until_ready = |time: Option<Duration>| time.map_or_else(|| t.say("configuration-until-ready"), seconds);
    Queue {
        name: rules.name.to_string(),
        ring_for: seconds(rules.ring_for),
        wrap_up: until_ready(rules.wrap_up),
        rest: until_ready(rules.rest_after_missed),
        target: seconds(rules.target),
        credit: seconds(rules.credit),
        most_waiting: rules.most_waiting.to_string(),
        needs: rules.needs.iter().map(|need| format!("{} {}", need.skill, need.level)).collect(),
        music: rules.music.clone(),
    }
}

const WEEKDAYS: [&str; 7] =
    ["weekday-mon", "weekday-tue", "weekday-wed", "weekday-thu", "weekday-fri", "weekday-sat", "weekday-sun"];

fn hours(t: Words, hours: &OpeningHours, now: Moment) -> Hours {
    let days = hours.coming(now, 7).into_iter().map(|day| Day {
        date: day.date,
        weekday: WEEKDAYS.get(day.weekday).map_or_else(String::new, |word| t.say(word)),
        name: day.name,
        spans: day.spans.iter().map(ToString::to_string).collect(),
    });
    Hours {
        name: hours.name.clone(),
        open: hours.is_open(now),
        until: hours.next_change(now).map(|change| hours.zone.day_and_minute(change)),
        days: days.collect(),
    }
}

async fn versions(web: &Web, who: &Who, plan: &Centre) -> Shown<Vec<Kept>> {
    let t = who.manner.t;
    let kept = web.db.versions(who.centre(), MOST_VERSIONS).await?;
    let which = Which { what: Some("configuration.published".into()), ..Which::default() };
    let told = web.db.audit(who.centre(), &which, 1_000).await?;
    let mut by: BTreeMap<String, String> = BTreeMap::new();
    for seen in told {
        let after = seen.after.and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok());
        let version = after.as_ref().and_then(|after| after.get("version")?.as_str());
        if let Some(version) = version {
            let at = plan.zone.day_and_minute(seen.at);
            // Newest first: the last time stays.
            by.entry(version.to_owned()).or_insert_with(|| format!("{at} · {}", author(t, &seen.who)));
        }
    }
    let listed = kept.into_iter().map(|(version, first)| Kept {
        first: plan.zone.day_and_minute(first),
        by: by.get(version.as_str()).cloned(),
        current: version == plan.version,
        version: version.to_string(),
    });
    Ok(listed.collect())
}

impl Kept {
    fn short(&self) -> String {
        short(&self.version)
    }
}

impl Version {
    fn short(&self) -> String {
        short(&self.version)
    }
}
