//! `cordboard rehearse` and `cordboard replay` as they are typed: what they say, and their exit codes.

use std::path::Path;
use std::process::Command;

use crate::{CENTRE, DAY, Place};

fn cordboard(at: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_cordboard")).current_dir(at).args(arguments).output().expect("run");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

fn place() -> Place {
    Place::new(CENTRE, &DAY.replace("per_hour: 60", "per_hour: 20"))
}

#[test]
fn seeds_are_tried_one_after_another_and_each_says_that_the_laws_held() {
    let place = place();
    let at = place.0.path();
    let (code, said, _) = cordboard(at, &["rehearse", "day.yaml", "--faults", "--seeds", "2", "--seed", "11"]);
    assert_eq!(code, 0, "{said}");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 2, "{said}");
    for (line, seed) in lines.iter().zip([11, 12]) {
        assert!(line.starts_with(&format!("seed {seed}: ")) && line.ends_with("every law held"), "{line}");
    }
    let (code, said, _) = cordboard(at, &["rehearse", "day.yaml", "--seeds", "2"]);
    assert_eq!((code, said.as_str()), (2, ""), "seeds are for faults");
    let (code, _, said) = cordboard(at, &["rehearse", "nowhere.yaml", "--faults"]);
    assert_eq!((code, said.contains("nowhere.yaml")), (2, true), "{said}");
}

#[test]
fn a_recorded_day_is_replayed_as_it_was_and_under_other_rules_the_differences_are_counted() {
    let place = place();
    let at = place.0.path();
    assert_eq!(cordboard(at, &["rehearse", "day.yaml", "--records", "records"]).0, 0);
    let (code, said, _) = cordboard(at, &["replay", "records/desk"]);
    assert_eq!((code, said.contains(", 0 differ")), (0, true), "{said}");
    let (code, said, _) = cordboard(at, &["replay", "records/desk", "--under", "desk"]);
    assert_eq!((code, said.contains(", 0 differ")), (0, true), "the same YAML again: {said}");

    std::fs::create_dir(at.join("tried")).expect("made");
    let slower = CENTRE.replace("wrap_up: 0s", "wrap_up: 30s");
    std::fs::write(at.join("tried/centre.yaml"), slower).expect("written");
    let (code, said, _) = cordboard(at, &["replay", "records/desk", "--under", "tried"]);
    assert_eq!(code, 1, "{said}");
    let counted = said.lines().find(|line| line.contains(" starts: ")).expect("the count");
    let differ = counted.rsplit(", ").next().and_then(|end| end.strip_suffix(" differ")?.parse::<u64>().ok());
    assert!(differ.is_some_and(|differ| differ > 20), "{counted}");
    assert_eq!(said.matches("entry ").count(), 20, "the first of them are shown: {said}");
    assert!(said.contains("wrapping up") && !said.contains("from:"), "in words, and without numbers: {said}");

    let (code, _, said) = cordboard(at, &["replay", "records/desk", "--under", "nowhere"]);
    assert_eq!((code, said.contains("nowhere")), (2, true), "{said}");
    std::fs::write(at.join("tried/centre.yaml"), CENTRE.replace("queue: desk", "queue: dusk")).expect("written");
    let (code, _, said) = cordboard(at, &["replay", "records/desk", "--under", "tried"]);
    assert_eq!((code, said.contains("centre.yaml:")), (2, true), "{said}");
    assert_eq!(cordboard(at, &["replay", "desk"]).0, 2, "no journal");
}
