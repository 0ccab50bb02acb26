//! Who did a thing, as pages say it: a person by what they are called, a program by the word for programs and its key.

use std::collections::BTreeMap;

use super::words::Words;
use crate::routing::ids::AgentName;
use crate::web::api::asker::Asker;

pub fn author(t: Words, names: &BTreeMap<AgentName, String>, by: &AgentName) -> String {
    if let Some(name) = names.get(by) {
        return name.clone();
    }
    match by.as_str().strip_prefix(Asker::KEY) {
        Some(key) => t.with("author-key", "key", key),
        None if by.as_str() == Asker::HOUSE => t.say("author-program"),
        None => by.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialplan::Language;

    #[test]
    fn a_program_is_called_one_in_the_language_of_who_looks() {
        let names = BTreeMap::from([(AgentName::new("mira"), "Mira O'Hara".to_owned())]);
        let said = |language, by: &str| author(Words::of(language), &names, &AgentName::new(by));
        assert_eq!(said(Language::En, "the house"), "a program");
        assert_eq!(said(Language::Zh, "the house"), "程序接口");
        assert_eq!(said(Language::En, "key 1f3a"), "program 1f3a");
        assert_eq!(said(Language::En, "mira"), "Mira O'Hara");
        assert_eq!(said(Language::En, "gone"), "gone");
    }
}
