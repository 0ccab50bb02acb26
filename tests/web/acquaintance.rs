//! A caller who comes back is kept for whom they talked with.

use cordboard::routing::Fact;
use cordboard::routing::fact::Rule;
use cordboard::routing::ids::StationAddress;
use cordboard::switch::rehearsal::{Caller, Habit, Phone, Span, World};
use reqwest::Method;
use serde_json::json;

use crate::desk::{CENTRE, Database, Desk, PATIENCE};

async fn sits(desk: &Desk, agent: &str) {
    let station = StationAddress::new(format!("PJSIP/{agent}"));
    let habit = Habit::Answers { after: Span::ms(20, 20), talks: Some(Span::ms(200, 200)) };
    desk.rehearsal.happen(World::PhoneSetTo { station: station.clone(), phone: Phone::with(habit) });
    let login = json!({ "station": station, "queues": ["desk"], "skills": {} });
    let (status, answer) = desk.ask(Method::PUT, &format!("/agents/{agent}/session"), Some(login)).await;
    assert_eq!(status, 200, "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_comes_back_gets_the_agent_of_before_and_the_story_says_why() {
    let yaml = CENTRE.replace("wrap_up: until_ready", "wrap_up: 0s").replace(
        "- queue: desk",
        "- say: Welcome.\n    - queue: { name: desk, prefer: [ { agent: last_agent, for: 20s } ] }",
    );
    let desk = Desk::with_yaml(&yaml, &["demo"], None, Database::File).await;
    let looking_up = tokio::spawn(
        cordboard::controller::acquaintance::LookUp { handle: desk.handle.clone(), db: desk.db.clone() }.run(),
    );
    sits(&desk, "mira").await;
    let mut happened = desk.handle.happened();
    let mut next = async |good: &dyn Fn(&Fact) -> bool| {
        let found = async {
            loop {
                let happened = happened.recv().await.expect("a fact");
                if good(&happened.fact) {
                    return happened.fact.clone();
                }
            }
        };
        tokio::time::timeout(PATIENCE, found).await.expect("it happens in time")
    };
    let calls = || desk.rehearsal.happen(World::CallerDials(Caller::new("+8613800138000", "4008000001")));
    calls();
    next(&|fact| matches!(fact, Fact::CallEnded { .. })).await;
    // Idle for longer than mira, and next by the queue's strategy.
    sits(&desk, "lin").await;
    let mira = json!({ "station": "PJSIP/mira", "queues": ["desk"], "skills": {} });
    desk.ask(Method::DELETE, "/agents/mira/session", None).await;
    let (status, _) = desk.ask(Method::PUT, "/agents/mira/session", Some(mira)).await;
    assert_eq!(status, 200);
    // SQL knows of the first call a moment later.
    let known = async {
        loop {
            let from = cordboard::routing::ids::PhoneNumber::new("+8613800138000");
            let centre = cordboard::routing::ids::CentreName::new("demo");
            let known = cordboard::controller::acquaintance::known_to(
                &desk.db,
                &centre,
                &from,
                &desk.handle.plan(&centre).expect("a plan"),
            )
            .await;
            if known.is_ok_and(|known| !known.is_empty()) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, known).await.expect("filled in time");
    calls();
    next(&|fact| matches!(fact, Fact::CallerKnown { .. })).await;
    let offer = next(&|fact| matches!(fact, Fact::OfferMade { .. })).await;
    let Fact::OfferMade { agent, reasons, .. } = offer else { panic!("no offer") };
    assert_eq!((agent.as_str(), reasons.rule), ("mira", Rule::Preferred), "{reasons:?}");
    looking_up.abort();
    desk.close().await;
}
