//! The core's refusals in the words of the pages: `refused-...` in `problems.ftl`, found by the variant's own word.

use fluent_templates::fluent_bundle::FluentValue;

use super::words::Words;
use crate::routing::Refused;

pub fn in_words(t: Words, refused: &Refused) -> String {
    // Nothing of ours cannot be spelled.
    let spelled = serde_json::to_value(refused).unwrap_or_default();
    let part = |name: &str| {
        let value = spelled.get(name);
        let number = value.and_then(serde_json::Value::as_u64).map(|number| number.to_string());
        FluentValue::from(value.and_then(|v| v.as_str()).map(str::to_owned).or(number).unwrap_or_default())
    };
    let word = spelled.get("refused").and_then(|word| word.as_str()).unwrap_or("at-all");
    let text = format!("refused-{}", word.replace('_', "-"));
    t.put(
        &text,
        [
            ("agent", part("agent")),
            ("station", part("station")),
            ("by", part("by")),
            ("queue", part("queue")),
            ("step", part("step")),
            ("skill", part("skill")),
            ("reason", part("reason")),
            ("switch", part("switch")),
            ("number", part("number")),
            ("most", part("most")),
            ("key", part("key")),
            ("message", part("message")),
        ],
    )
}
