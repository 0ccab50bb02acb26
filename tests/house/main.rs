//! The house keeps its shape: which room may use which, and what the pure rooms never touch. The picture is in
//! `src/lib.rs`.

mod styles;
mod words;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const PURE: [&str; 7] = ["calendar", "cases", "customers", "dialplan", "organisation", "reports", "routing"];

/// The rooms that a room may use besides itself.
fn allowed(room: &str) -> Option<Vec<&'static str>> {
    let and = |more: &[&'static str]| Some(PURE.iter().copied().chain(more.iter().copied()).collect());
    match room {
        "calendar" | "cases" | "customers" | "dialplan" | "organisation" | "reports" | "routing" | "switch"
        | "store" => and(&[]),
        "config" => and(&[]),
        "speech" => and(&["config"]),
        "controller" => and(&["config", "speech", "switch", "store"]),
        "rehearse" => and(&["switch", "store", "controller"]),
        "events" => and(&["config", "store", "controller"]),
        "web" => and(&["config", "store", "events", "controller"]),
        "command" | "main" | "lib" => {
            and(&["config", "speech", "switch", "store", "controller", "rehearse", "events", "web", "command"])
        }
        _ => None,
    }
}

fn sources() -> BTreeMap<PathBuf, String> {
    fn walk(dir: &Path, into: &mut BTreeMap<PathBuf, String>) {
        for entry in fs::read_dir(dir).expect("src can be listed").flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, into);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                into.insert(path.clone(), fs::read_to_string(&path).expect("a source file is text"));
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    assert!(found.len() > 30, "only {} files found", found.len());
    found
}

fn room_of(path: &Path) -> String {
    let inside = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).expect("below src");
    let first = inside.components().next().expect("a name").as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// Every room named behind `crate::` (or, in the binary, `cordboard::`) in code.
fn used(text: &str) -> Vec<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut rooms = Vec::new();
    for line in code {
        for start in ["crate::", "cordboard::"] {
            for (at, _) in line.match_indices(start) {
                let rest = &line[at + start.len()..];
                let inside = rest.strip_prefix('{').map_or(rest, |list| list.trim_start());
                let name: String = inside.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                // `cordboard::switch=debug` in a log filter is no path.
                let is_path = inside[name.len()..].starts_with("::") || inside != rest;
                if is_path && name.chars().next().is_some_and(|c| c.is_ascii_lowercase()) {
                    rooms.push(name);
                }
            }
        }
    }
    rooms
}

#[test]
fn arrows_point_only_where_the_picture_says() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let room = room_of(&path);
        let Some(allowed) = allowed(&room) else {
            wrong.push(format!("{}: room {room} is not in the picture of src/lib.rs", path.display()));
            continue;
        };
        for other in used(&text) {
            if other != room && !allowed.contains(&other.as_str()) {
                wrong.push(format!("{}: {room} must not use {other}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn pure_rooms_have_no_clock_no_chance_no_network_and_no_database() {
    let banned = ["tokio::", "sqlx::", "axum::", "SystemTime", "Instant::now", "rand::", "std::net", "std::thread"];
    let mut wrong = Vec::new();
    for (path, text) in sources().into_iter().filter(|(path, _)| PURE.contains(&room_of(path).as_str())) {
        let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        for word in banned {
            if code.iter().any(|line| line.contains(word)) {
                wrong.push(format!("{}: {word}", path.display()));
            }
        }
        // The disk: one thin file reads a centre's directory.
        if code.iter().any(|line| line.contains("std::fs")) && !path.ends_with("dialplan/load.rs") {
            wrong.push(format!("{}: std::fs", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_says_what_it_owns() {
    let silent: Vec<String> = sources()
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//!"))
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert!(silent.is_empty(), "no `//!` at the head of\n{}", silent.join("\n"));
}

#[test]
fn nothing_is_called_by_a_name_that_says_nothing() {
    let vague = ["utils", "helpers", "common", "misc", "manager", "service", "engine", "types", "models"];
    let found: Vec<String> = sources()
        .into_keys()
        .filter(|path| {
            path.components().any(|part| vague.contains(&part.as_os_str().to_string_lossy().trim_end_matches(".rs")))
        })
        .map(|path| path.display().to_string())
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}
