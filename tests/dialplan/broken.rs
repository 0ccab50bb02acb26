//! Broken files, each with its message.
//!
//! `broken/<name>.yaml` stands beside `broken/<name>.txt`, which is what an admin sees, to the letter. A directory
//! `broken/<name>/` is a centre of several files. To write the messages of new files:
//! `WRITE_MESSAGES=1 cargo test --test dialplan broken`, then read every one of them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use cordboard::dialplan::{CentreFiles, Mistakes, claimed_twice, read_centre};
use cordboard::routing::ids::CentreName;

use super::{centre, files};

const BROKEN: &str = "tests/dialplan/broken";

fn mistakes_of(path: &Path) -> Mistakes {
    let mut found = CentreFiles::default();
    let mut paths: Vec<PathBuf> = match path.is_dir() {
        true => fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect(),
        false => vec![path.to_owned()],
    };
    paths.retain(|path| path.extension().is_some_and(|end| end == "yaml"));
    paths.sort();
    for path in paths {
        let name = path.strip_prefix(BROKEN).unwrap().display().to_string();
        found.yaml.push((name, fs::read(&path).unwrap()));
    }
    found.recordings = Some(BTreeSet::from(["fanfare".to_owned(), "en/hours".to_owned()]));
    match read_centre(&CentreName::new("test"), &found) {
        Ok(_) => panic!("{} has no mistake", path.display()),
        Err(mistakes) => mistakes,
    }
}

#[test]
fn every_broken_file_has_its_message() {
    let write = std::env::var_os("WRITE_MESSAGES").is_some();
    let mut count = 0;
    let mut wrong = String::new();
    for entry in fs::read_dir(BROKEN).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_dir() && path.extension().is_none_or(|end| end != "yaml") {
            continue;
        }
        count += 1;
        let said = format!("{}\n", mistakes_of(&path));
        let message = path.with_extension("txt");
        let expected = fs::read_to_string(&message).unwrap_or_default();
        if write && expected.is_empty() {
            fs::write(&message, said).unwrap();
        } else if said != expected {
            wrong.push_str(&format!("{}\n--- expected\n{expected}--- said\n{said}\n", path.display()));
        }
    }
    assert!(count >= 30, "only {count} broken files");
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn twenty_mistakes_in_one_file_are_twenty_places() {
    let path = Path::new(BROKEN).join("twenty.yaml");
    let text = fs::read_to_string(&path).unwrap();
    // Each is marked on its line with a caret and the column it stands at: `# ^12`.
    let planted: Vec<(u32, u32)> = text
        .lines()
        .enumerate()
        .flat_map(|(index, line)| {
            let marks = line.split("# ^").nth(1).into_iter().flat_map(|marks| marks.split(" ^"));
            marks.map(move |column| (index as u32 + 1, column.trim().parse().unwrap()))
        })
        .collect();
    assert_eq!(planted.len(), 20);
    let found: Vec<(u32, u32)> = mistakes_of(&path).iter().map(|m| (m.place.line, m.place.column)).collect();
    assert_eq!(found, planted, "\n{}", mistakes_of(&path));
}

const GOOD: &str = r#"
language: 1
name: Test
zone: UTC
languages: [en]
numbers: ["100"]
start: bye
steps: { bye: [ { hang_up: {} } ] }
"#;

#[test]
fn a_number_claimed_by_two_centres_is_told_with_both_places() {
    let (one, other) = (centre(GOOD).unwrap(), files(&[("other.yaml", GOOD)]).unwrap());
    assert!(claimed_twice(&[&one]).is_ok());
    let mistakes = claimed_twice(&[&one, &other]).unwrap_err();
    assert_eq!(
        mistakes.to_string(),
        "other.yaml:6:11: number 100 is claimed twice, first by the centre test in main.yaml:6\n    \
         numbers: [\"100\"]\n              ^"
    );
}

#[test]
fn a_version_is_the_bytes_and_the_names_and_nothing_else() {
    let version = |files: &[(&str, &str)]| super::files(files).unwrap().version;
    let one = version(&[("a/main.yaml", GOOD), ("a/more.yaml", "language: 1")]);
    assert_eq!(one, version(&[("b/more.yaml", "language: 1"), ("b/main.yaml", GOOD)]));
    assert_ne!(one, version(&[("a/main.yaml", GOOD), ("a/more.yaml", "language: 1 ")]));
    assert_ne!(one, version(&[("a/main.yaml", GOOD), ("a/other.yaml", "language: 1")]));
    assert_eq!(one.as_str().len(), 32);
}

#[test]
fn a_mistake_in_one_file_does_not_make_the_others_seem_wrong() {
    let mistakes =
        files(&[("a.yaml", "steps: { main: [\n"), ("b.yaml", "numbers: [\"1\"]\nstart: main\nzone: Nowhere\n")]);
    let said: Vec<String> = mistakes.unwrap_err().iter().map(|m| m.sentence.clone()).collect();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[1].contains("Nowhere"));
}
