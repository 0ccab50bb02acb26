//! Agents who log in and out by the keypad of their own phone: the same records as by their page.

use cordboard::calendar::Moment;
use cordboard::routing::Fact;
use cordboard::routing::ids::{AgentName, CentreName, QueueName, StationAddress, SwitchName};
use cordboard::store::Author;
use cordboard::store::people::Wanted;
use cordboard::switch::rehearsal::{Caller, World};

use crate::desk::{CENTRE, Database, Desk, PATIENCE};

#[tokio::test(flavor = "multi_thread")]
async fn who_calls_the_number_of_it_from_their_own_phone_is_logged_in_and_out_and_nobody_else_is() {
    let yaml = CENTRE.replace("- queue: desk", "- agent: log_in\n    - agent: log_out\n    - queue: desk");
    let desk = Desk::with_yaml(&yaml, &["demo"], None, Database::File).await;
    let home = (SwitchName::new("pbx"), StationAddress::new("PJSIP/mira"));
    let wanted =
        Wanted { station: Some(Some(home)), queues: Some([QueueName::new("desk")].into()), ..Wanted::default() };
    let (centre, mira) = (CentreName::new("demo"), AgentName::new("mira"));
    desk.db.engage(&centre, &mira, &wanted, &Author::Console, Moment::from_ms(1)).await.expect("added");
    let keypad = cordboard::controller::keypad::Keypad { handle: desk.handle.clone(), db: desk.db.clone() };
    let keypad = tokio::spawn(keypad.run());
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
    let calls = |station: &str| {
        let station = Some(StationAddress::new(station));
        desk.rehearsal.happen(World::CallerDials(Caller { station, ..Caller::new("1001", "4008000001") }));
    };
    calls("PJSIP/nobody");
    next(&|fact| matches!(fact, Fact::CallQueued { .. })).await;
    assert!(desk.get("/agents").await.as_array().is_some_and(Vec::is_empty), "nobody is logged in by it");

    calls("PJSIP/mira");
    let fact = next(&|fact| matches!(fact, Fact::AgentLoggedIn { .. })).await;
    let Fact::AgentLoggedIn { agent, station, by, queues, .. } = fact else { unreachable!("waited for") };
    assert_eq!((&agent, &by, station.as_str()), (&mira, &mira, "PJSIP/mira"));
    assert!(queues.contains(&QueueName::new("desk")), "with what the people's table says");
    let fact = next(&|fact| matches!(fact, Fact::AgentLoggedOut { .. })).await;
    let Fact::AgentLoggedOut { agent, by, why, .. } = fact else { unreachable!("waited for") };
    assert_eq!((agent, by, why.map(|why| why.to_string())), (mira.clone(), mira, Some("keypad".into())));
    keypad.abort();
    desk.close().await;
}
