//! The stylesheet's tokens have one meaning: what `00-tokens.css` names is defined nowhere else, for whatever defined it
//! again would change it for all that stands inside, too.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The custom properties that a stylesheet gives a value.
fn defined(css: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for part in css.split(['{', ';', '}', '\n']) {
        let Some((name, _)) = part.trim().split_once(':') else { continue };
        if name.starts_with("--") && !name.contains(char::is_whitespace) {
            names.insert(name.to_owned());
        }
    }
    names
}

#[test]
fn a_token_is_given_its_value_in_one_place() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/css");
    let read = |path: &Path| fs::read_to_string(path).expect("a stylesheet is text");
    let tokens = defined(&read(&folder.join("00-tokens.css")));
    assert!(tokens.contains("--edge") && tokens.len() > 15, "the tokens are not read: {tokens:?}");
    for file in fs::read_dir(&folder).expect("styles can be listed").flatten() {
        let path = file.path();
        if path.ends_with("00-tokens.css") {
            continue;
        }
        let again: Vec<_> = defined(&read(&path)).intersection(&tokens).cloned().collect();
        assert!(again.is_empty(), "{} gives {again:?} another value", path.display());
    }
}
