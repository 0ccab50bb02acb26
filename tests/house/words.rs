//! The words of the pages: what a template or a handler asks for is there, in every language, and nothing else is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

fn read_all(directory: &Path, ending: &str, into: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            read_all(&path, ending, into);
        } else if path.extension().is_some_and(|found| found == ending) {
            into.insert(path.display().to_string(), fs::read_to_string(&path).expect("a text"));
        }
    }
}

/// The names of a language's texts, each with the things that are put into it.
fn texts(language: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut files = BTreeMap::new();
    read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/languages").join(language), "ftl", &mut files);
    let mut texts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (file, text) in files {
        let mut current = String::new();
        for line in text.lines() {
            if line.starts_with(|c: char| c.is_ascii_alphabetic()) {
                let (name, _) = line.split_once(" =").unwrap_or_else(|| panic!("{file}: {line}"));
                current = name.trim().to_owned();
                let before = texts.insert(current.clone(), BTreeSet::new());
                assert!(before.is_none(), "{file}: {current} is there twice");
            }
            for part in line.split("{ $").skip(1) {
                let name: String = part.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                texts.entry(current.clone()).or_default().insert(name);
            }
        }
    }
    texts
}

#[test]
fn every_language_has_the_same_texts_with_the_same_things_put_in() {
    let (english, chinese) = (texts("en"), texts("zh-CN"));
    assert!(english.len() > 50, "the texts were not found");
    let only = |a: &BTreeMap<String, BTreeSet<String>>, b: &BTreeMap<String, BTreeSet<String>>| {
        a.keys().filter(|name| !b.contains_key(*name)).cloned().collect::<Vec<_>>()
    };
    assert_eq!(only(&english, &chinese), Vec::<String>::new(), "in English alone");
    assert_eq!(only(&chinese, &english), Vec::<String>::new(), "in Chinese alone");
    for (name, put) in &english {
        assert_eq!(Some(put), chinese.get(name), "what is put into {name}");
    }
}

#[test]
fn what_a_page_asks_for_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut asking = BTreeMap::new();
    read_all(&root.join("templates"), "html", &mut asking);
    read_all(&root.join("src/web/pages"), "rs", &mut asking);
    let texts = texts("en");
    let mut asked = BTreeSet::new();
    for (file, text) in &asking {
        for call in ["t.say(\"", "t.with(\"", "t.with_two(\"", "t.count(\"", "t.put(\""] {
            for rest in text.split(call).skip(1) {
                let name = rest.split('"').next().unwrap_or_default();
                assert!(texts.contains_key(name), "{file} asks for {name}, which is not in templates/languages");
                asked.insert(name.to_owned());
            }
        }
    }
    assert!(asked.len() > 20, "what pages ask for was not found");
    let everything: String = asking.values().map(String::as_str).collect();
    // Refusals and figures are named by their own rooms' words.
    let named = |name: &str| name.starts_with("refused-") || name.starts_with("figure-");
    let unused = texts.keys().filter(|name| !named(name) && !everything.contains(&format!("\"{name}\"")));
    assert_eq!(unused.collect::<Vec<_>>(), Vec::<&String>::new(), "nobody asks for these");
}

#[test]
fn chinese_is_written_with_its_own_signs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = BTreeMap::new();
    read_all(&root.join("templates/languages/zh-CN"), "ftl", &mut files);
    for room in ["src/reports", "src/web"] {
        read_all(&root.join(room), "rs", &mut files);
    }
    let is_han = |c: char| ('\u{3400}'..='\u{9fff}').contains(&c);
    let mut wrong = Vec::new();
    for (file, text) in &files {
        // A test may put anything anywhere.
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        for line in text.lines() {
            let signs: Vec<char> = line.chars().collect();
            let half = |pair: &[char]| {
                is_han(pair[0]) && ",:;!?(".contains(pair[1]) || ",:;!?)".contains(pair[0]) && is_han(pair[1])
            };
            if signs.windows(2).any(half) {
                wrong.push(format!("{file}: {line}"));
            }
        }
    }
    assert!(wrong.is_empty(), "signs of half a width beside Chinese:\n{}", wrong.join("\n"));
}
