//! What agents say, and what they are refused.

use std::collections::{BTreeMap, BTreeSet};

use cordboard::routing::agent::AgentState;
use cordboard::routing::call::Stage;
use cordboard::routing::ids::*;
use cordboard::routing::{Act, Fact, Input, Line, Refused, Why};

use crate::floor::*;

fn on_break(name: &str) -> Input {
    Input::AgentTookBreak {
        agent: AgentName::new(name),
        reason: BreakReason::new("lunch"),
        by: AgentName::new(name),
        why: None,
    }
}

fn ready(name: &str) -> Input {
    Input::AgentSaidReady { agent: AgentName::new(name), by: AgentName::new(name), why: None }
}

fn log_out(name: &str) -> Input {
    Input::AgentLoggedOut { agent: AgentName::new(name), by: AgentName::new(name), why: None }
}

#[test]
fn two_agents_cannot_sit_at_one_phone() {
    let mut floor = Floor::new();
    floor.login("ana");
    floor.tell(Input::AgentLoggedIn {
        agent: AgentName::new("bo"),
        station: StationAddress::new("PJSIP/ana"),
        switch: pbx(),
        queues: [QueueName::new("service")].into(),
        skills: Default::default(),
        by: AgentName::new("bo"),
        auto_answer: None,
    });
    assert_eq!(
        floor.refused,
        Some(Refused::StationTaken { station: StationAddress::new("PJSIP/ana"), by: AgentName::new("ana") })
    );
    floor.tell(log_out("ana"));
    floor.login("ana");
    assert_eq!(floor.refused, None);
}

#[test]
fn the_same_agent_twice_is_one_agent_at_one_phone() {
    let mut floor = Floor::new();
    floor.login("ana").login("ana");
    assert_eq!(floor.refused, None);
    assert_eq!(floor.core.agents().count(), 1);
    floor.tell(Input::AgentLoggedIn {
        agent: AgentName::new("ana"),
        station: StationAddress::new("PJSIP/other"),
        switch: pbx(),
        queues: [QueueName::new("service")].into(),
        skills: Default::default(),
        by: AgentName::new("ana"),
        auto_answer: None,
    });
    assert!(matches!(floor.refused, Some(Refused::AlreadyLoggedIn { .. })), "{:?}", floor.refused);
}

#[test]
fn logging_in_again_while_talking_keeps_the_call() {
    let mut floor = Floor::new();
    floor.login("ana");
    let caller = floor.call("100");
    floor.talks("ana", &caller);
    floor.login_with("ana", &["service", "second"], &[]);
    assert_eq!(floor.state("ana"), AgentState::Talking);
}

#[test]
fn who_comes_back_to_another_desk_is_there_with_what_they_bring() {
    let mut floor = Floor::new();
    floor.login_with("ana", &["second"], &[]).tell(on_break("ana"));
    floor.pass(secs(60)).tell(ready("ana")).tell(log_out("ana"));
    assert_eq!(floor.state("ana"), AgentState::Away);
    floor.tell(Input::AgentLoggedIn {
        agent: AgentName::new("ana"),
        station: StationAddress::new("PJSIP/other"),
        switch: pbx(),
        queues: BTreeSet::from([QueueName::new("service")]),
        skills: BTreeMap::from([(SkillName::new("english"), 3)]),
        by: AgentName::new("ana"),
        auto_answer: Some(true),
    });
    // A call that needs the skill, in the queue that is new, at the phone that is new, which picks up by itself.
    let caller = floor.call("200");
    let (_, ring) = floor.asked(|act| matches!(act, Act::Ring { .. }));
    let Act::Ring { station, auto_answer, .. } = ring else { unreachable!("asked for") };
    assert_eq!((station.as_str(), auto_answer), ("PJSIP/other", true), "{floor}");
    assert!(matches!(floor.stage(&caller), Stage::Waiting { rings: Some(_), .. }), "{floor}");
    // The breaks of a day that is over are over.
    let seen = floor.core.desk_seen(floor.now, &AgentName::new("ana")).expect("ana");
    assert_eq!(seen.agent.breaks.iter().map(|taken| taken.taken_ms).sum::<u64>(), 0, "{:?}", seen.agent.breaks);
}

#[test]
fn a_break_asked_for_while_talking_begins_after_wrap_up() {
    let mut floor = Floor::new();
    floor.login("ana");
    let caller = floor.call("100");
    floor.talks("ana", &caller).tell(on_break("ana"));
    assert_eq!(floor.state("ana"), AgentState::Talking);
    let phone = floor.agent("ana").leg.clone().expect("a leg");
    floor.hangs_up(&caller).hangs_up(&phone);
    assert_eq!(floor.state("ana"), AgentState::WrappingUp);
    floor.pass(secs(10));
    assert_eq!(floor.state("ana"), AgentState::OnBreak);
    floor.tell(ready("ana"));
    assert_eq!(floor.state("ana"), AgentState::Idle);
}

#[test]
fn a_break_taken_while_the_phone_rings_gives_the_caller_to_another() {
    let mut floor = Floor::new();
    floor.login("ana").pass(secs(1)).login("bo");
    let caller = floor.call("100");
    let phone = floor.ringing("ana");
    floor.tell(on_break("ana"));
    assert_eq!(floor.hung_up(), std::slice::from_ref(&phone));
    assert_eq!(floor.state("ana"), AgentState::OnBreak);
    assert_eq!(floor.state("bo"), AgentState::Ringing);
    assert!(matches!(floor.stage(&caller), Stage::Waiting { rings: Some(_), .. }));
}

#[test]
fn logging_out_while_talking_lets_the_conversation_end() {
    let mut floor = Floor::new();
    floor.login("ana");
    let caller = floor.call("100");
    floor.talks("ana", &caller).tell(log_out("ana"));
    assert_eq!(floor.state("ana"), AgentState::Talking);
    let phone = floor.agent("ana").leg.clone().expect("a leg");
    floor.hangs_up(&caller).hangs_up(&phone).pass(secs(10));
    assert_eq!(floor.state("ana"), AgentState::Away);
    floor.call("100");
    assert_eq!(floor.state("ana"), AgentState::Away);
}

#[test]
fn a_private_call_keeps_the_phone_from_being_rung() {
    let mut floor = Floor::new();
    floor.login("ana");
    floor.tell(Input::StationChanged { switch: pbx(), station: StationAddress::new("PJSIP/ana"), line: Line::InUse });
    assert_eq!(floor.state("ana"), AgentState::PhoneBusy);
    let caller = floor.call("100");
    assert!(matches!(floor.stage(&caller), Stage::Waiting { rings: None, .. }));
    floor.tell(Input::StationChanged { switch: pbx(), station: StationAddress::new("PJSIP/ana"), line: Line::Free });
    assert!(matches!(floor.stage(&caller), Stage::Waiting { rings: Some(_), .. }));
}

#[test]
fn what_is_not_in_the_centre_is_refused_by_name() {
    let mut floor = Floor::new();
    floor.login_with("ana", &["servce"], &[]);
    assert_eq!(floor.refused, Some(Refused::NoSuchQueue { queue: QueueName::new("servce") }));
    floor.login_with("ana", &["service"], &[("klingon", 1)]);
    assert_eq!(floor.refused, Some(Refused::NoSuchSkill { skill: SkillName::new("klingon") }));
    floor.tell(ready("ana"));
    assert!(matches!(floor.refused, Some(Refused::NotLoggedIn { .. })));
    floor.login("ana").tell(Input::AgentTookBreak {
        agent: AgentName::new("ana"),
        reason: BreakReason::new("nap"),
        by: AgentName::new("ana"),
        why: None,
    });
    assert!(matches!(floor.refused, Some(Refused::NoSuchReason { .. })));
    floor.tell(Input::AgentEndedWrapUp { agent: AgentName::new("ana"), by: AgentName::new("ana"), why: None });
    assert!(matches!(floor.refused, Some(Refused::NotWrappingUp { .. })));
    floor.tell(Input::AgentEndedCall { agent: AgentName::new("ana"), by: AgentName::new("ana"), why: None });
    assert!(matches!(floor.refused, Some(Refused::NoCall { .. })));
}

#[test]
fn an_agent_who_missed_a_call_is_back_after_the_rest_the_queue_gives() {
    let mut floor = Floor::new();
    floor.login("ana");
    floor.call("100");
    let leg = floor.ringing("ana");
    floor.tell(Input::LegFailed { leg, why: cordboard::routing::Failure::Rejected });
    assert_eq!(floor.state("ana"), AgentState::Missed);
    floor.pass(secs(30));
    assert_eq!(floor.state("ana"), AgentState::Ringing, "{floor}");
}

#[test]
fn a_wall_clock_that_is_set_moves_no_timer_but_opens_and_closes_by_the_new_hour() {
    let mut floor = Floor::new();
    let by_noon = floor.call("700");
    assert!(matches!(floor.stage(&by_noon), Stage::Waiting { .. }), "{floor}");
    floor.login("ana").tell(Input::AgentTookBreak {
        agent: AgentName::new("ana"),
        reason: BreakReason::new("lunch"),
        by: AgentName::new("ana"),
        why: None,
    });
    let due = floor.core.next_wakeup();
    floor.tell(Input::WallClockStepped { by_ms: 8 * 3_600_000 });
    assert_eq!(floor.core.next_wakeup(), due);
    assert!(matches!(floor.stage(&by_noon), Stage::Waiting { .. }), "whoever is inside stays: {floor}");
    let by_evening = floor.call("700");
    assert!(matches!(floor.stage(&by_evening), Stage::InDialplan { .. }), "closed at eight in the evening: {floor}");
    floor.tell(Input::WallClockStepped { by_ms: -8 * 3_600_000 });
    let again = floor.call("700");
    assert!(matches!(floor.stage(&again), Stage::Waiting { .. }), "{floor}");
}

#[test]
fn an_agent_who_logs_in_to_another_queue_is_not_rung_for_the_old_one() {
    let mut floor = Floor::new();
    floor.login("ana").login_with("ana", &["second"], &[]);
    let caller = floor.call("100");
    assert_eq!(floor.state("ana"), AgentState::Idle, "{floor}");
    assert!(matches!(floor.stage(&caller), Stage::Waiting { rings: None, .. }));
    floor.login("ana");
    assert_eq!(floor.state("ana"), AgentState::Ringing, "{floor}");
}

fn why(text: &str) -> Option<Why> {
    Some(text.parse().expect("a reason"))
}

#[test]
fn what_a_supervisor_forces_is_recorded_with_who_and_why() {
    let mut floor = Floor::new();
    floor.login("ana");
    let (agent, by) = (AgentName::new("ana"), AgentName::new("lead"));
    let reason = BreakReason::new("lunch");
    floor.tell(Input::AgentTookBreak { agent: agent.clone(), reason, by: by.clone(), why: why("she looks tired") });
    let Some(Fact::AgentChanged { by: who, why: said, .. }) = floor.facts.last() else { panic!("{:#?}", floor.facts) };
    assert_eq!((who.as_ref(), said), (Some(&by), &why("she looks tired")));
    // Of the next input nothing of it is left.
    floor.tell(ready("ana"));
    let Some(Fact::AgentChanged { why: said, .. }) = floor.facts.last() else { panic!("{:#?}", floor.facts) };
    assert_eq!(said, &None);
    let caller = floor.call("100");
    floor.talks("ana", &caller);
    let phone = floor.agent("ana").leg.clone().expect("a leg");
    floor.tell(Input::AgentEndedCall { agent: agent.clone(), by: by.clone(), why: why("abuse") });
    assert_eq!(floor.hung_up(), std::slice::from_ref(&phone));
    let Some(Fact::CallEndAsked { by: who, why: said, .. }) = floor.facts.last() else { panic!("{:#?}", floor.facts) };
    assert_eq!((who, said), (&by, &why("abuse")));
    // The same step as when the phone is hung up by hand.
    floor.hangs_up(&phone).hangs_up(&caller);
    assert_eq!(floor.state("ana"), AgentState::WrappingUp);
}

#[test]
fn who_is_logged_out_by_another_ends_the_conversation_and_the_wrap_up_first() {
    let mut floor = Floor::new();
    floor.login("ana");
    let caller = floor.call("100");
    floor.talks("ana", &caller);
    let forced = Input::AgentLoggedOut { agent: AgentName::new("ana"), by: AgentName::new("lead"), why: None };
    floor.tell(forced.clone());
    assert_eq!(floor.state("ana"), AgentState::Talking);
    let phone = floor.agent("ana").leg.clone().expect("a leg");
    floor.hangs_up(&caller).hangs_up(&phone).pass(secs(9));
    assert_eq!(floor.state("ana"), AgentState::WrappingUp);
    floor.pass(secs(1));
    assert_eq!(floor.state("ana"), AgentState::Away);
    // Ordered while the agent wraps up, it waits for that too; the agent's own word ends it at once.
    let mut floor = Floor::new();
    floor.login("ana");
    let caller = floor.call("100");
    floor.talks("ana", &caller);
    let phone = floor.agent("ana").leg.clone().expect("a leg");
    floor.hangs_up(&caller).hangs_up(&phone);
    let mut itself = Floor::started(2, floor.known.clone());
    floor.tell(forced);
    assert_eq!(floor.state("ana"), AgentState::WrappingUp);
    floor.pass(secs(10));
    assert_eq!(floor.state("ana"), AgentState::Away);
    itself.tell(log_out("ana"));
    assert_eq!(itself.state("ana"), AgentState::Away);
    assert_eq!(itself.core.next_wakeup(), None, "nothing is waited for any more");
}

#[test]
fn facts_and_inputs_in_a_journal_of_before_are_still_read() {
    let fact = r#"{"fact":"agent_logged_out","agent":"ana","by":"ana"}"#;
    let read: Fact = serde_json::from_str(fact).expect("what was written is read");
    assert_eq!(
        read,
        Fact::AgentLoggedOut { agent: AgentName::new("ana"), by: AgentName::new("ana"), why: None, dismissed: false }
    );
    assert_eq!(serde_json::to_string(&read).ok().as_deref(), Some(fact));
    let input = r#"{"AgentSaidReady":{"agent":"ana","by":"ana"}}"#;
    assert_eq!(serde_json::from_str::<Input>(input).ok(), Some(ready("ana")));
}

fn assigned(name: &str, queues: &[&str], skills: &[(&str, u8)]) -> Input {
    Input::AgentAssigned {
        agent: AgentName::new(name),
        queues: queues.iter().map(QueueName::new).collect(),
        skills: skills.iter().map(|(skill, level)| (SkillName::new(skill), *level)).collect(),
        by: AgentName::new("lead"),
    }
}

#[test]
fn other_queues_hold_at_once_and_change_nothing_of_what_an_agent_says_or_holds() {
    let mut floor = Floor::new();
    floor.login("ana").pass(secs(5)).login("bo").tell(on_break("bo"));
    let (ana, bo) = (floor.agent("ana").clone(), floor.agent("bo").clone());
    floor.pass(secs(5)).tell(assigned("ana", &["service", "second"], &[])).tell(assigned("bo", &["second"], &[]));
    assert_eq!(floor.refused, None);
    for (before, name) in [(&ana, "ana"), (&bo, "bo")] {
        let now = floor.agent(name);
        assert_eq!((&now.presence, &now.work, now.idle_since()), (&before.presence, &before.work, before.idle_since()));
        assert!(now.queues.contains(&QueueName::new("second")));
    }
    // The same again is no news.
    let facts = floor.facts.len();
    floor.tell(assigned("bo", &["second"], &[]));
    assert_eq!((floor.facts.len(), &floor.refused), (facts, &None));
    // A start of the controller knows it too.
    let again = Floor::started(2, floor.known.clone());
    assert_eq!(again.agent("bo").queues, [QueueName::new("second")].into());
    assert_eq!(again.state("bo"), AgentState::OnBreak);
}

#[test]
fn who_is_given_the_queue_in_which_somebody_waits_is_rung_at_once() {
    let mut floor = Floor::new();
    floor.login_with("ana", &["second"], &[]);
    floor.call("100");
    assert_eq!(floor.state("ana"), AgentState::Idle, "{floor}");
    floor.tell(assigned("ana", &["service"], &[]));
    assert_eq!(floor.state("ana"), AgentState::Ringing, "{floor}");
    floor.tell(assigned("ana", &["second"], &[]));
    assert_eq!(floor.state("ana"), AgentState::Ringing, "work in hand stays");
}

#[test]
fn only_who_is_at_work_is_given_queues_and_only_such_as_there_are() {
    let mut floor = Floor::new();
    floor.tell(assigned("ana", &["service"], &[]));
    assert_eq!(floor.refused, Some(Refused::NotLoggedIn { agent: AgentName::new("ana") }));
    floor.login("ana").tell(assigned("ana", &["nowhere"], &[]));
    assert_eq!(floor.refused, Some(Refused::NoSuchQueue { queue: QueueName::new("nowhere") }));
    floor.tell(assigned("ana", &["service"], &[("klingon", 1)]));
    assert_eq!(floor.refused, Some(Refused::NoSuchSkill { skill: SkillName::new("klingon") }));
    assert_eq!(floor.agent("ana").queues, [QueueName::new("service")].into());
}
