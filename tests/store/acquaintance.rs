//! Whom a caller knows, on both databases.

use cordboard::cases::Opening;
use cordboard::controller::acquaintance::known_to;
use cordboard::customers::{Fields, Line, Number, Record};
use cordboard::routing::fact::Fact;
use cordboard::routing::ids::{AgentName, CentreName, PhoneNumber};
use cordboard::store::people::Wanted;
use cordboard::store::{Author, RequestKey};

use crate::Both;
use crate::cases::{open, opening, plan, test_plan};
use crate::queue_report::fill;
use crate::shift::{at, centre, one_call};

const NUMBER: &str = "+4930901820";

const PREFERRING: &str = r#"
language: 1
name: Test
zone: UTC
languages: [en]
numbers: ["100"]
start: hall
queues: { hall: }
steps:
  hall:
    - queue:
        name: hall
        prefer: [ { agent: last_agent, for: 20s }, { agent: case_owner, for: 20s }, { agent: customer.clerk, for: 20s } ]
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_knows_who_talked_last_who_owns_the_case_and_who_stands_in_the_record() {
    let both = Both::new().await;
    let told: Vec<_> = (0..6)
        .flat_map(one_call)
        .flat_map(|handled| handled.facts.into_iter().map(move |fact| (handled.at, fact)))
        .map(|(at, mut fact)| {
            if let Fact::CallArrived { from, .. } = &mut fact {
                *from = PhoneNumber::new(NUMBER);
            }
            (at, fact)
        })
        .collect();
    let last = told.iter().rev().find_map(|(_, fact)| match fact {
        Fact::CallConnected { agent, .. } => Some(agent.clone()),
        _ => None,
    });
    let preferring = plan(PREFERRING);
    for db in &both.all {
        let knows = async |centre: &CentreName, number: &str| {
            let known = known_to(db, centre, &PhoneNumber::new(number), &preferring).await.expect("looked up");
            let known = known.into_iter().map(|(known_as, agent)| format!("{known_as}: {agent}"));
            known.collect::<Vec<String>>().join(", ")
        };
        assert_eq!(knows(&centre(), NUMBER).await, "");
        fill(db, &told, 100).await;
        let last = format!("last_agent: {}", last.as_ref().map_or("", AgentName::as_str));
        assert_eq!(knows(&centre(), NUMBER).await, last);
        assert_eq!(knows(&centre(), "004930901820").await, last, "however the switch tells the number");
        assert_eq!(knows(&CentreName::new("other"), NUMBER).await, "", "another centre's callers are nobody here");
        for strange in ["", "anonymous", "+49", "'; DROP TABLE calls; --"] {
            assert_eq!(knows(&centre(), strange).await, "", "{strange}");
        }

        let record = Record {
            name: Line::of("Anna Smith").ok(),
            numbers: vec![Number::of(NUMBER, None).expect("a number")],
            fields: Fields::of([("clerk", "mira"), ("card", "4711")]).expect("fields"),
            ..Record::default()
        };
        let key = RequestKey::new().expect("a key");
        let customer = db.add_customer(&centre(), record.clone(), &key, &Author::Console, at(0), None).await;
        let customer = customer.expect("added");
        let opened = Opening { customer: Some(customer.id), ..opening("complaint", "Late") };
        let case = open(db, &test_plan(), opened, 1, at(5_000)).await;
        let owner = case.owner.person.map_or_else(String::new, |owner| format!(", case_owner: {owner}"));
        assert_eq!(knows(&centre(), NUMBER).await, format!("{last}{owner}"), "mira is nobody of this centre");
        let mira = AgentName::new("mira");
        db.engage(&centre(), &mira, &Wanted::default(), &Author::Console, at(0)).await.expect("added");
        let all = format!("{last}{owner}, customer.clerk: mira");
        assert_eq!(knows(&centre(), NUMBER).await, all, "and the card, which no step asks for, stays in the record");
        let plain = known_to(db, &centre(), &PhoneNumber::new(NUMBER), &test_plan()).await;
        assert!(plain.expect("looked up").is_empty(), "nobody is preferred, and nobody is looked up");

        // A second customer of the number: whose clerk is meant cannot be said.
        let key = RequestKey::new().expect("a key");
        db.add_customer(&centre(), record, &key, &Author::Console, at(0), None).await.expect("added");
        assert_eq!(knows(&centre(), NUMBER).await, last);
    }
}
