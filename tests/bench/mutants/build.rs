//! One copy of the repository with every mistake in it, built once.

use std::collections::BTreeSet;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::ROOM;
use crate::places::{Place, with_all};

/// What cannot be built shows more of what cannot be built once it is gone; an end there must be.
const ROUNDS: usize = 12;

/// Where the sources ask which mistake is awake.
const ASKED: &str = r#"
pub mod mutants {
    static AWAKE: std::sync::LazyLock<usize> =
        std::sync::LazyLock::new(|| std::env::var("MUTANT").ok().and_then(|n| n.parse().ok()).unwrap_or(0));
    pub fn is(n: usize) -> bool { *AWAKE == n }
    pub fn lt<T: PartialOrd + ?Sized>(n: usize, a: &T, b: &T) -> bool { if is(n) { a <= b } else { a < b } }
    pub fn le<T: PartialOrd + ?Sized>(n: usize, a: &T, b: &T) -> bool { if is(n) { a < b } else { a <= b } }
    pub fn gt<T: PartialOrd + ?Sized>(n: usize, a: &T, b: &T) -> bool { if is(n) { a >= b } else { a > b } }
    pub fn ge<T: PartialOrd + ?Sized>(n: usize, a: &T, b: &T) -> bool { if is(n) { a > b } else { a >= b } }
    pub fn add<A: std::ops::Add<B, Output = O> + std::ops::Sub<B, Output = O>, B, O>(n: usize, a: A, b: B) -> O {
        if is(n) { a - b } else { a + b }
    }
    pub fn sub<A: std::ops::Add<B, Output = O> + std::ops::Sub<B, Output = O>, B, O>(n: usize, a: A, b: B) -> O {
        if is(n) { a + b } else { a - b }
    }
}
"#;

pub struct Build {
    pub tree: PathBuf,
    /// The room's own tests; `tests/routing`; `tests/laws`.
    pub own: PathBuf,
    pub routing: PathBuf,
    pub laws: PathBuf,
    pub impossible: BTreeSet<usize>,
}

/// # Errors
///
/// No git or cargo, a disk that is full, or sources that cannot be built as they stand.
pub fn build(root: &Path, places: &[Place]) -> Result<Build, Box<dyn Error>> {
    let tree = root.join("target/mutants/tree");
    copy(root, &tree)?;
    // Brackets that need not be are what this is made of.
    let head = format!("#![allow(warnings)]\n{}{ASKED}", std::fs::read_to_string(root.join("src/lib.rs"))?);
    if std::fs::read_to_string(tree.join("src/lib.rs")).ok().as_ref() != Some(&head) {
        std::fs::write(tree.join("src/lib.rs"), head)?;
    }

    let mut impossible = BTreeSet::new();
    for round in 1..=ROUNDS {
        write(root, &tree, places, &impossible)?;
        eprintln!("build {round}: {} of {} places", places.len() - impossible.len(), places.len());
        let (built, messages) = cargo(&tree, if round == 1 { "check" } else { "test" })?;
        if built && round > 1 {
            let find = |kind: &str, name: &str| {
                let of = messages.iter().find(|message| {
                    message["reason"] == "compiler-artifact"
                        && message["target"]["name"] == name
                        && message["target"]["kind"][0] == kind
                        && message["profile"]["test"] == true
                });
                let path = of.and_then(|message| message["executable"].as_str());
                path.map(PathBuf::from).ok_or_else(|| format!("no tests were built for {name}"))
            };
            return Ok(Build {
                own: find("lib", "cordboard")?,
                routing: find("test", "routing")?,
                laws: find("test", "laws")?,
                tree,
                impossible,
            });
        }
        let before = impossible.len();
        for (file, line) in messages.iter().flat_map(errors) {
            impossible.extend(
                places
                    .iter()
                    .filter(|place| file.ends_with(&place.file) && place.lines.contains(&line))
                    .map(|place| place.number),
            );
        }
        if !built && impossible.len() == before {
            let told: Vec<&str> =
                messages.iter().filter_map(|message| message["message"]["rendered"].as_str()).collect();
            return Err(format!("the sources cannot be built:\n{}", told.join("\n")).into());
        }
    }
    Err("more and more of it cannot be built".into())
}

fn write(root: &Path, tree: &Path, places: &[Place], impossible: &BTreeSet<usize>) -> std::io::Result<()> {
    let mut files: Vec<&str> = places.iter().map(|place| place.file.as_str()).collect();
    files.dedup();
    for file in files {
        let text = std::fs::read_to_string(root.join(ROOM).join(file))?;
        let of_it: Vec<&Place> = places.iter().filter(|place| place.file == file).collect();
        let to = tree.join(ROOM).join(file);
        let text = with_all(&text, &of_it, impossible);
        // What is the same as before need not be built again.
        if std::fs::read_to_string(&to).ok().as_ref() != Some(&text) {
            std::fs::write(to, text)?;
        }
    }
    Ok(())
}

/// What git knows and what is about to be known to it, and the libraries of the pages, which the build would fetch again.
fn copy(root: &Path, tree: &Path) -> Result<(), Box<dyn Error>> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()?;
    if !listed.status.success() {
        return Err(String::from_utf8_lossy(&listed.stderr).into_owned().into());
    }
    for name in String::from_utf8(listed.stdout)?.split('\0').filter(|name| !name.is_empty()) {
        let (from, to) = (root.join(name), tree.join(name));
        // Those that are changed are written by themselves.
        if !from.is_file() || (name.starts_with(ROOM) && to.is_file()) || name == "src/lib.rs" {
            continue;
        }
        let same = std::fs::read(&to).is_ok_and(|there| std::fs::read(&from).is_ok_and(|here| here == there));
        if !same {
            if let Some(parent) = to.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::copy(&from, &to)?;
        }
    }
    Ok(())
}

fn cargo(tree: &Path, what: &str) -> Result<(bool, Vec<Value>), Box<dyn Error>> {
    let mut command = Command::new(env!("CARGO"));
    command.arg(what).args(["--lib", "--message-format=json"]);
    if what == "test" {
        command.args(["--test", "routing", "--test", "laws", "--no-run"]);
    }
    let output = command
        // Many thousand trials are worth a little optimisation; the crates that it uses are left as they are built for tests.
        .args(["--config", "profile.dev.package.cordboard.opt-level=1"])
        .env("CARGO_TARGET_DIR", tree.with_file_name("target"))
        .current_dir(tree)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    let messages = output.stdout.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
    Ok((output.status.success(), messages.collect()))
}

/// Where an error is, of everything that it points at.
fn errors(message: &Value) -> Vec<(String, usize)> {
    let message = &message["message"];
    if message["level"] != "error" {
        return Vec::new();
    }
    let spans = message["spans"].as_array().map(Vec::as_slice).unwrap_or_default();
    let primary = spans.iter().filter(|span| span["is_primary"] == true);
    primary
        .filter_map(|span| Some((span["file_name"].as_str()?.to_owned(), span["line_start"].as_u64()? as usize)))
        .collect()
}
