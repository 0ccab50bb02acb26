//! An event as it is sent: the fact, where it stands, and what a person would say of it.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use schemars::JsonSchema;
use serde::Serialize;

use crate::calendar::Moment;
use crate::controller::Happened;
use crate::routing::Fact;
use crate::routing::ids::CentreName;
use crate::store::facts::{FactPlace, KeptFact};

/// What the kind follows. Within a text its quotes would be escaped.
const BEFORE_KIND: &str = "\"fact\":{\"fact\":\"";

/// A fact, as programs outside are told it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Event")]
struct Shown<'a, F> {
    centre: &'a CentreName,
    /// The number of its entry in the journal; an entry may have several facts.
    seq: u64,
    /// Which of the entry's facts, from 0.
    n: u32,
    at_ms: Moment,
    /// For people.
    words: &'a str,
    fact: F,
}

/// One event, written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub centre: CentreName,
    pub place: FactPlace,
    pub at: Moment,
    pub kind: String,
    /// JSON.
    pub text: String,
}

impl JsonSchema for Event {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Event".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Shown::<Fact>::json_schema(generator)
    }
}

impl Event {
    /// `None` for what cannot be spelled, which no fact of ours is.
    pub fn live(happened: &Happened) -> Option<Self> {
        let place = FactPlace { seq: happened.seq, n: happened.n };
        Self::written(&happened.centre, place, happened.at, &happened.fact.in_words(), &happened.fact)
    }

    /// As SQL has it. A fact that this version does not know is shown as it was written.
    pub fn kept(centre: &CentreName, kept: &KeptFact) -> Option<Self> {
        let known: Option<Fact> = serde_json::from_value(kept.body.clone()).ok();
        let words = known.as_ref().map_or_else(|| kept.kind.replace('_', " "), Fact::in_words);
        match &known {
            Some(fact) => Self::written(centre, kept.place(), kept.at, &words, fact),
            None => Self::written(centre, kept.place(), kept.at, &words, &kept.body),
        }
    }

    fn written<F: Serialize>(centre: &CentreName, place: FactPlace, at: Moment, words: &str, fact: F) -> Option<Self> {
        let shown = Shown { centre, seq: place.seq, n: place.n, at_ms: at, words, fact };
        let text = serde_json::to_string(&shown).ok()?;
        let kind = text.split_once(BEFORE_KIND)?.1.split('"').next()?.to_owned();
        Some(Self { centre: centre.clone(), place, at, kind, text })
    }
}

/// Every kind of fact there is.
pub fn kinds() -> &'static BTreeSet<String> {
    static KINDS: OnceLock<BTreeSet<String>> = OnceLock::new();
    KINDS.get_or_init(|| {
        let schema = schemars::schema_for!(Fact);
        let variants = schema.get("oneOf").and_then(|all| all.as_array()).map(Vec::as_slice).unwrap_or_default();
        let kind = |variant: &serde_json::Value| variant.pointer("/properties/fact/const")?.as_str().map(str::to_owned);
        variants.iter().filter_map(kind).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_fact_is_known_by_its_word() {
        assert!(kinds().len() >= 18, "{:?}", kinds());
        for word in ["call_arrived", "agent_changed", "wall_clock_stepped"] {
            assert!(kinds().contains(word), "{word}");
        }
    }

    #[test]
    fn an_event_from_sql_is_the_one_that_was_told_live() {
        let (centre, at) = (CentreName::new("demo"), Moment::from_ms(7));
        let fact = Fact::WallClockStepped { by_ms: -3 };
        let kept = KeptFact {
            seq: 5,
            n: 1,
            at,
            kind: "wall_clock_stepped".into(),
            agent: None,
            schema: 1,
            body: serde_json::to_value(&fact).expect("JSON"),
        };
        let live = Event::live(&Happened { centre: centre.clone(), seq: 5, n: 1, at, fact });
        assert_eq!(live, Event::kept(&centre, &kept));
        let later = KeptFact { body: serde_json::json!({ "fact": "moon_rose" }), kind: "moon_rose".into(), ..kept };
        let shown = Event::kept(&centre, &later).expect("shown");
        assert!(shown.text.contains("moon rose") && shown.text.contains("\"fact\":{\"fact\":\"moon_rose\"}"));
    }
}
