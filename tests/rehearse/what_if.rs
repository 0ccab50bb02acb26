//! The same callers with something else otherwise.

use cordboard::rehearse::what_if::{apply, otherwise};
use cordboard::rehearse::{Scenario, ScenarioError, Sheet, WhatIf};

use crate::{CENTRE, DAY, Place, plan, sheet};

fn with(place: &Place, changes: &[&str]) -> Result<Scenario, ScenarioError> {
    let all: Vec<WhatIf> = changes.iter().map(|text| text.parse().expect("a what-if")).collect();
    let mut scenario = Scenario::load(&place.path(), &otherwise(&all))?;
    apply(&all, &mut scenario)?;
    Ok(scenario)
}

fn rehearsed(place: &Place, changes: &[&str]) -> Sheet {
    sheet(&plan(&with(place, changes).unwrap_or_else(|error| panic!("{error}")), 1))
}

#[test]
fn more_agents_serve_the_same_callers_sooner() {
    let place = Place::new(CENTRE, DAY);
    let (now, more) = (rehearsed(&place, &[]), rehearsed(&place, &["agents+2"]));
    assert_eq!(now.calls, more.calls);
    assert!(more.all.service_level > now.all.service_level, "{:?} {:?}", now.all, more.all);
    assert!(more.all.abandoned < now.all.abandoned);
    assert_eq!(rehearsed(&place, &["agents.desk=6"]), more);
}

#[test]
fn another_rule_of_a_queue_is_another_version_and_tells_its_own_mistakes() {
    let place = Place::new(CENTRE, DAY);
    let now = with(&place, &[]).expect("loads");
    let slow = with(&place, &["queue.desk.wrap_up=60s"]).expect("loads");
    assert_ne!(now.centre.version, slow.centre.version);
    let (now, slow) = (sheet(&plan(&now, 1)), sheet(&plan(&slow, 1)));
    let handled = |sheet: &Sheet| sheet.all.handle_time_s.expect("answered");
    assert!((handled(&slow) - handled(&now) - 60.0).abs() < 15.0, "{} {}", handled(&slow), handled(&now));
    for (change, told) in [
        ("queue.desk.wrapup=5s", "a queue has no \"wrapup\""),
        ("queue.desk.wrap_up=soon", "no duration"),
        ("queue.dusk-.x=1", ""),
        ("queue.desk.needs=[ { skill: french } ]", "french"),
    ] {
        let Ok(change) = change.parse::<WhatIf>() else { continue };
        let error = Scenario::load(&place.path(), &otherwise(&[change])).expect_err("a mistake").to_string();
        assert!(error.contains("what if:") && error.contains(told), "{error}");
    }
}

#[test]
fn more_callers_other_skills_and_another_centre_can_be_tried() {
    let place = Place::new(CENTRE, DAY);
    let calls = rehearsed(&place, &[]).calls as f64;
    assert!((rehearsed(&place, &["callers*2"]).calls as f64 / calls - 2.0).abs() < 0.15);
    let other = place.0.path().join("other");
    std::fs::create_dir(&other).expect("made");
    std::fs::write(other.join("centre.yaml"), CENTRE.replace("target: 20s", "target: 5s")).expect("written");
    let tried = rehearsed(&place, &[&format!("centre={}", other.display())]);
    assert!(tried.queues.values().all(|queue| queue.target_s == 5.0));
    assert_eq!(with(&place, &["agents.desk.skill.english=4"]).expect("works").agents["desk"].skills.len(), 1);
}

#[test]
fn what_cannot_be_is_said() {
    let place = Place::new(CENTRE, DAY);
    for (change, told) in [
        ("agents-4", "0 agents"),
        ("agents-9", "no number of agents"),
        ("agents.nobody+1", "there is no group of agents nobody; there are desk"),
        ("callers.nobody*2", "there is no stream of callers nobody"),
        ("callers*100000", "more than 1000000"),
        ("agents.desk.skill.french=1", "there is no skill french"),
        ("agents.desk.queue+dusk", "there is no queue dusk"),
    ] {
        let error = with(&place, &[change]).expect_err(change).to_string();
        assert!(error.contains(told), "{change}: {error}");
    }
    let needy = CENTRE.replace("target: 20s", "target: 20s, needs: [ { skill: english, level: 3 } ]");
    let place = Place::new(&needy, &DAY.replace("count: 4", "count: 4, skills: { english: 3 }"));
    let error = with(&place, &["agents.desk.skill.english=2"]).expect_err("nobody is left").to_string();
    assert!(error.contains("wait for nobody"), "{error}");
}
