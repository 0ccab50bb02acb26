//! Facts in one line, as a log has them.

use cordboard::routing::fact::Fact;
use cordboard::routing::ids::*;

use crate::floor::*;

fn said(floor: &Floor) -> Vec<String> {
    floor.facts.iter().map(Fact::in_words).collect()
}

#[test]
fn a_day_of_one_agent_reads_as_it_was() {
    let mut floor = Floor::new();
    floor.login("ana");
    let caller = floor.call("100");
    floor.talks("ana", &caller);
    let phone = floor.agent("ana").leg.clone().expect("a leg");
    floor.hangs_up(&caller).hangs_up(&phone).pass(secs(10));
    let log_out = |by: &str| cordboard::routing::Input::AgentLoggedOut {
        agent: AgentName::new("ana"),
        by: AgentName::new(by),
        why: None,
    };
    floor.tell(log_out("ana")).login("ana").tell(log_out("lead"));
    let said = said(&floor);
    for line in [
        "a call to 100",
        "waits in service",
        "ana logged in at PJSIP/ana",
        "ana is ringing",
        "ana is wrapping up",
        "ana logged out",
        "ana was logged out by lead",
    ] {
        assert!(said.iter().any(|of| of == line), "{line} is not in {said:#?}");
    }
    assert!(said.iter().any(|of| of.contains("idle longest (0.0 s)")), "{said:#?}");
    assert!(!said.iter().any(|of| of.contains("together")), "{said:#?}");
}

#[test]
fn who_rings_together_is_said_with_the_others_who_ring() {
    let mut floor = Floor::with(|plan| {
        let rules = plan.queues.get_mut(&QueueName::new("service")).expect("service");
        rules.strategy = cordboard::routing::Strategy::RingAll;
    });
    for name in ["ana", "ben", "cem"] {
        floor.login(name);
    }
    floor.call("100");
    let said = said(&floor);
    let offers: Vec<&String> = said.iter().filter(|of| of.contains("together with")).collect();
    assert_eq!(offers.len(), 2, "the first rings alone: {said:#?}");
    assert!(offers[0].contains("together with ana"), "{offers:?}");
    assert!(offers[1].contains("together with ana, ben"), "{offers:?}");
}
