//! What an entry says, in words: what was done, and each thing that changed, from what to what.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::calendar::{Moment, Zone};
use crate::routing::agent::AgentState;
use crate::store::agents::Role;
use crate::web::pages::cases::STATES;
use crate::web::pages::frame::role_word;
use crate::web::pages::lamps::lamp;
use crate::web::pages::words::Words;

/// What can have been done, and the name of its text.
pub const WHATS: &[(&str, &str)] = &[
    ("agent.added", "audit-agent-added"),
    ("agent.role", "audit-agent-role"),
    // Written no more; kept rows have it.
    ("agent.queues", "audit-agent-queues"),
    ("agent.skills", "audit-agent-skills"),
    ("agent.station", "audit-agent-station"),
    ("agent.password", "audit-agent-password"),
    ("agent.pin", "audit-agent-pin"),
    ("agent.removed", "audit-agent-removed"),
    ("agent.forced", "audit-agent-forced"),
    ("agent.assigned", "audit-agent-assigned"),
    ("agent.lent", "audit-agent-lent"),
    ("agent.loan_ended", "audit-agent-loan-ended"),
    ("emergency.on", "audit-emergency-on"),
    ("emergency.off", "audit-emergency-off"),
    ("session.began", "audit-session-began"),
    ("session.refused", "audit-session-refused"),
    ("configuration.published", "audit-configuration-published"),
    ("customer.added", "audit-customer-added"),
    ("customer.changed", "audit-customer-changed"),
    ("customer.erased", "audit-customer-erased"),
    ("case.opened", "audit-case-opened"),
    ("case.accepted", "audit-case-accepted"),
    ("case.assigned", "audit-case-assigned"),
    ("case.waiting", "audit-case-waiting"),
    ("case.went_on", "audit-case-went-on"),
    ("case.settled", "audit-case-settled"),
    ("case.closed", "audit-case-closed"),
    ("case.reopened", "audit-case-reopened"),
    ("case.escalated", "audit-case-escalated"),
    ("case.ran_out", "audit-case-ran-out"),
    ("case.handed_over", "audit-case-handed-over"),
    ("case.rescheduled", "audit-case-rescheduled"),
    ("case.noted", "audit-case-noted"),
];

/// Things that can change, and the names of their texts. Others are shown as they are written.
const THINGS: &[(&str, &str)] = &[
    ("display_name", "person-display-name"),
    ("role", "person-role"),
    ("queues", "person-queues"),
    ("skills", "people-skills"),
    ("station", "person-station"),
    ("switch", "person-switch"),
    ("password", "log-in-password"),
    ("has_password", "log-in-password"),
    ("number", "pin-number"),
    ("pin", "pin"),
    ("version", "configuration-version"),
    ("from", "audit-from-address"),
    ("did", "audit-did"),
    ("state", "audit-state"),
    ("why", "audit-why"),
    ("call", "audit-call"),
    ("owner", "cases-owner"),
    ("department", "audit-department"),
    ("due_ms", "cases-due"),
    ("rung", "audit-rung"),
    ("until_ms", "audit-until"),
    ("how", "audit-how"),
];

/// Parts of a customer's record, which entries name without what stood there.
const OF_CUSTOMERS: &[(&str, &str)] = &[
    ("name", "customers-name"),
    ("language", "customers-language"),
    ("note", "customers-note"),
    ("fields", "audit-fields"),
    ("numbers", "customers-their-numbers"),
];

/// What can have been done to an agent, and the names of its texts.
const DID: &[(&str, &str)] = &[
    ("log_in", "audit-did-log-in"),
    ("log_out", "audit-did-log-out"),
    ("break", "audit-did-break"),
    ("ready", "audit-did-ready"),
    ("away", "state-away"),
    ("end_wrap_up", "audit-did-end-wrap-up"),
    ("end_call", "audit-did-end-call"),
    ("hold", "audit-did-hold"),
    ("retrieve", "audit-did-retrieve"),
];

/// How an emergency message came to be off, where nobody switched it off.
const HOW: &[(&str, &str)] = &[("time_up", "audit-how-time-up"), ("not_in_version", "audit-how-not-in-version")];

/// The longest value that is shown, in characters: a name of every queue.
const LONGEST: usize = 400;

/// One thing that changed.
#[derive(Debug, PartialEq, Eq)]
pub struct Part {
    pub thing: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// From what to what. What was the same before is left out.
pub fn parts(t: Words, zone: &Zone, before: Option<&str>, after: Option<&str>) -> Vec<Part> {
    let read = |text: Option<&str>| -> BTreeMap<String, Json> {
        match text.map(serde_json::from_str) {
            Some(Ok(Json::Object(all))) => all.into_iter().filter(|(_, value)| !value.is_null()).collect(),
            Some(Ok(Json::Null)) | None => BTreeMap::new(),
            // Somebody else wrote it: as it stands.
            Some(Ok(other)) => BTreeMap::from([(String::new(), other)]),
            Some(Err(_)) => BTreeMap::from([(String::new(), Json::from(text.unwrap_or_default()))]),
        }
    };
    let (before, after) = (read(before), read(after));
    let mut things: Vec<&String> = before.keys().chain(after.keys()).collect();
    things.sort();
    things.dedup();
    things
        .into_iter()
        .filter(|thing| before.get(*thing) != after.get(*thing))
        .map(|thing| {
            let value = |of: &BTreeMap<String, Json>| of.get(thing).map(|value| shown(t, zone, thing, value));
            let word = said(t, THINGS, thing);
            Part { thing: word.unwrap_or_else(|| thing.clone()), before: value(&before), after: value(&after) }
        })
        .collect()
}

fn shown(t: Words, zone: &Zone, thing: &str, value: &Json) -> String {
    let text = match value {
        Json::Bool(true) => t.say("audit-there"),
        Json::Bool(false) | Json::Null => t.say("audit-none"),
        Json::String(text) => match thing {
            "role" => Role::ALL.into_iter().find(|role| role.as_str() == text).map(|role| t.say(role_word(role))),
            "did" => said(t, DID, text),
            "how" => said(t, HOW, text),
            "state" => {
                let of_agent = AgentState::ALL.into_iter().find(|state| state.as_str() == text);
                of_agent.map(|state| lamp(t, state).word).or_else(|| said(t, &STATES, text))
            }
            "" => said(t, OF_CUSTOMERS, text),
            _ => None,
        }
        .unwrap_or_else(|| text.clone()),
        Json::Array(all) if all.is_empty() => t.say("audit-none"),
        Json::Object(all) if all.is_empty() => t.say("audit-none"),
        Json::Array(all) => all.iter().map(|one| shown(t, zone, thing, one)).collect::<Vec<_>>().join(", "),
        Json::Object(all) => {
            all.iter().map(|(name, one)| format!("{name} {}", shown(t, zone, name, one))).collect::<Vec<_>>().join(", ")
        }
        Json::Number(number) => match (thing, number.as_i64()) {
            ("due_ms" | "until_ms", Some(ms)) => zone.day_and_minute(Moment::from_ms(ms)),
            _ => number.to_string(),
        },
    };
    if text.chars().nth(LONGEST).is_some() { text.chars().take(LONGEST).chain(['…']).collect() } else { text }
}

fn said(t: Words, all: &[(&str, &str)], word: &str) -> Option<String> {
    all.iter().find(|(known, _)| *known == word).map(|(_, name)| t.say(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialplan::Language;

    fn told(before: Option<&str>, after: Option<&str>) -> Vec<String> {
        let zone = Zone::named("Asia/Shanghai").expect("a zone");
        parts(Words::of(Language::En), &zone, before, after)
            .into_iter()
            .map(|Part { thing, before, after }| {
                format!("{thing}: {} > {}", before.unwrap_or_default(), after.unwrap_or_default())
            })
            .collect()
    }

    #[test]
    fn what_changed_is_shown_from_what_to_what() {
        assert_eq!(
            told(Some(r#"{"role":"agent","queues":["a"]}"#), Some(r#"{"role":"admin","queues":["a"]}"#)),
            ["Role: agent > admin"]
        );
        assert_eq!(told(Some(r#"{"english":5}"#), Some("{}")), ["english: 5 > "]);
        assert_eq!(told(None, Some(r#"{"did":"break","why":null}"#)), ["Done:  > sent on a break"]);
        assert_eq!(
            told(
                Some(r#"{"due_ms":1772416800000,"state":"new"}"#),
                Some(r#"{"due_ms":1772420400000,"state":"accepted"}"#)
            ),
            ["Due: 2026-03-02 10:00 > 2026-03-02 11:00", "State then: new > accepted"]
        );
        assert_eq!(told(None, Some(r#"["name","numbers"]"#)), [":  > Name, Numbers"]);
        assert_eq!(told(None, Some("no JSON <")), [":  > no JSON <"]);
        assert!(told(None, None).is_empty());
    }
}
