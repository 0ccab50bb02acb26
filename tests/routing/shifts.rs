//! Shifts from the log-in to the log-out: whose phone it is, what is waited for, and what is left of it afterwards.

use std::collections::{BTreeMap, BTreeSet};

use cordboard::routing::agent::{AgentState, Presence};
use cordboard::routing::ids::*;
use cordboard::routing::lending::{Elsewhere, Shared, SharedNews};
use cordboard::routing::people::MOST_QUEUES_OF_AN_AGENT;
use cordboard::routing::{Act, Fact, Failure, Input, Line, Refused};

use crate::floor::*;

fn name(text: &str) -> AgentName {
    AgentName::new(text)
}

fn login_at(agent: &str, station: &str) -> Input {
    Input::AgentLoggedIn {
        agent: name(agent),
        station: StationAddress::new(station),
        switch: pbx(),
        queues: [QueueName::new("service")].into(),
        skills: [].into(),
        by: name(agent),
        auto_answer: None,
    }
}

fn log_out(agent: &str) -> Input {
    Input::AgentLoggedOut { agent: name(agent), by: name(agent), why: None }
}

fn ready(agent: &str) -> Input {
    Input::AgentSaidReady { agent: name(agent), by: name(agent), why: None }
}

fn on_break(agent: &str) -> Input {
    Input::AgentTookBreak { agent: name(agent), reason: BreakReason::new("lunch"), by: name(agent), why: None }
}

fn dismiss(agent: &str) -> Input {
    Input::AgentDismissed { agent: name(agent), by: name("chief") }
}

fn dial(agent: &str) -> Input {
    let number = "13900139000".parse().expect("a number");
    Input::AgentDialled { agent: name(agent), number, by: name(agent), request: None }
}

/// ana has rejected a call, whose caller has gone: she rests, and nothing else is waited for.
fn resting() -> Floor {
    let mut floor = Floor::new();
    floor.login("ana");
    let caller = floor.call("100");
    let leg = floor.ringing("ana");
    floor.tell(Input::LegFailed { leg, why: Failure::Rejected }).hangs_up(&caller);
    assert_eq!((floor.state("ana"), floor.core.kept().timers), (AgentState::Missed, 1), "{floor}");
    floor
}

fn wrapping_up() -> Floor {
    let mut floor = Floor::new();
    floor.login("ana");
    let caller = floor.call("100");
    floor.talks("ana", &caller);
    let phone = floor.agent("ana").leg.clone().expect("a leg");
    floor.hangs_up(&caller).hangs_up(&phone);
    assert_eq!((floor.state("ana"), floor.core.kept().timers), (AgentState::WrappingUp, 1), "{floor}");
    floor
}

#[test]
fn a_log_in_is_told_with_the_state_it_leads_to() {
    let mut floor = Floor::new();
    floor.login("ana");
    let idle = |fact: &Fact| matches!(fact, Fact::AgentChanged { state: AgentState::Idle, by: Some(_), .. });
    assert!(floor.facts.iter().any(idle), "{:#?}", floor.facts);
}

#[test]
fn nobody_logs_in_at_a_switch_that_is_in_no_file() {
    let mut floor = Floor::new();
    let mut input = login_at("ana", "PJSIP/ana");
    if let Input::AgentLoggedIn { switch, .. } = &mut input {
        *switch = SwitchName::new("nowhere");
    }
    floor.tell(input);
    assert_eq!(floor.refused, Some(Refused::NoSuchSwitch { switch: SwitchName::new("nowhere") }));
    assert_eq!(floor.core.agents().count(), 0);
}

#[test]
fn an_agent_has_no_more_queues_and_skills_than_a_rota_can_want() {
    let queues = |n: usize| (0..n).map(|n| QueueName::new(format!("q{n}"))).collect::<BTreeSet<_>>();
    let skills = |n: usize| (0..n).map(|n| (SkillName::new(format!("s{n}")), 1)).collect::<BTreeMap<_, _>>();
    let mut floor = Floor::with(|plan| {
        for name in queues(MOST_QUEUES_OF_AN_AGENT + 1) {
            plan.queues.insert(name.clone(), cordboard::routing::queue::QueueRules::named(name));
        }
        plan.skills.extend(skills(MOST_QUEUES_OF_AN_AGENT + 1).into_keys());
    });
    for (of_queues, of_skills, refused) in [(64, 64, false), (65, 1, true), (1, 65, true)] {
        let mut input = login_at("ana", "PJSIP/ana");
        if let Input::AgentLoggedIn { queues: wanted, skills: known, .. } = &mut input {
            (*wanted, *known) = (queues(of_queues), skills(of_skills));
        }
        floor.tell(input);
        assert_eq!(floor.refused, refused.then_some(Refused::TooManyQueues), "{of_queues} {of_skills}");
    }
}

#[test]
fn the_phone_of_who_has_logged_out_and_still_talks_or_writes_is_theirs_until_they_are_gone() {
    let mut floor = Floor::new();
    floor.login("ana");
    let caller = floor.call("100");
    floor.talks("ana", &caller);
    let phone = floor.agent("ana").leg.clone().expect("a leg");
    floor.tell(Input::AgentLoggedOut { agent: name("ana"), by: name("lead"), why: None });
    let taken = Some(Refused::StationTaken { station: StationAddress::new("PJSIP/ana"), by: name("ana") });
    let elsewhere = Some(Refused::AlreadyLoggedIn { agent: name("ana"), station: StationAddress::new("PJSIP/ana") });
    for step in ["talks", "wraps up"] {
        floor.tell(login_at("bo", "PJSIP/ana"));
        assert_eq!(floor.refused, taken, "{step}\n{floor}");
        floor.tell(login_at("ana", "PJSIP/other"));
        assert_eq!(floor.refused, elsewhere, "{step}\n{floor}");
        floor.hangs_up(&caller);
    }
    floor.pass(secs(10));
    floor.tell(login_at("bo", "PJSIP/ana"));
    assert_eq!(floor.refused, taken, "the phone is not back on the hook yet: {floor}");
    floor.hangs_up(&phone).tell(login_at("bo", "PJSIP/ana"));
    assert_eq!((&floor.refused, floor.state("bo")), (&None, AgentState::Idle));
    floor.tell(login_at("ana", "PJSIP/other"));
    assert_eq!((&floor.refused, floor.state("ana")), (&None, AgentState::Idle));
}

#[test]
fn who_has_logged_out_while_serving_another_centre_comes_back_at_the_same_phone_only() {
    let mut floor = Floor::new();
    floor.login("ana").tell(log_out("ana"));
    let serves = Shared { seat: None, elsewhere: Some(Elsewhere::Serves(CentreName::new("b"))) };
    floor.tell(Input::SharedAgentsTold { news: vec![SharedNews { agent: name("ana"), is: Some(serves), by: None }] });
    floor.tell(login_at("ana", "PJSIP/other"));
    assert!(matches!(floor.refused, Some(Refused::AlreadyLoggedIn { .. })), "{:?}", floor.refused);
    floor.login("ana");
    assert_eq!((&floor.refused, floor.state("ana")), (&None, AgentState::Elsewhere));
}

#[test]
fn a_rest_is_over_for_good_when_its_agent_logs_in_anew_says_ready_takes_a_break_or_goes() {
    for (then, state) in [
        (login_at("ana", "PJSIP/ana"), AgentState::Idle),
        (ready("ana"), AgentState::Idle),
        (on_break("ana"), AgentState::OnBreak),
        (log_out("ana"), AgentState::Away),
        (dismiss("ana"), AgentState::Away),
    ] {
        let mut floor = resting();
        floor.tell(then.clone());
        assert_eq!((floor.state("ana"), floor.core.next_wakeup()), (state, None), "{then:?}\n{floor}");
        assert_eq!(floor.refused, None);
    }
}

#[test]
fn a_rest_that_a_phones_return_has_ended_is_waited_for_no_more() {
    let mut floor = Floor::with(|plan| {
        let rules = plan.queues.get_mut(&QueueName::new("service")).expect("a queue");
        rules.rest_after_unreachable = Some(secs(600));
    });
    let phone = |line| Input::StationChanged { switch: pbx(), station: StationAddress::new("PJSIP/ana"), line };
    floor.login("ana");
    let caller = floor.call("100");
    let leg = floor.ringing("ana");
    floor.tell(Input::LegFailed { leg, why: Failure::Unreachable }).hangs_up(&caller);
    floor.tell(phone(Line::Unreachable)).tell(phone(Line::InUse));
    assert_eq!(floor.state("ana"), AgentState::Missed, "it is there, and not free: {floor}");
    floor.tell(phone(Line::Unreachable)).tell(phone(Line::Free));
    assert_eq!((floor.state("ana"), floor.core.next_wakeup()), (AgentState::Idle, None));
}

#[test]
fn a_phone_that_comes_back_ends_no_rest_of_who_did_not_pick_up() {
    let mut floor = resting();
    for line in [Line::Unreachable, Line::Free] {
        floor.tell(Input::StationChanged { switch: pbx(), station: StationAddress::new("PJSIP/ana"), line });
    }
    assert_eq!(floor.state("ana"), AgentState::Missed, "{floor}");
}

#[test]
fn whose_phone_it_is_and_what_it_does_can_be_asked_and_is_known_to_who_comes_to_it() {
    let mut floor = Floor::new();
    let (station, other) = (StationAddress::new("PJSIP/ana"), SwitchName::new("other"));
    assert_eq!(floor.core.line_of(&pbx(), &station), Line::Unknown);
    floor.tell(Input::StationChanged { switch: pbx(), station: station.clone(), line: Line::InUse });
    assert_eq!(floor.core.line_of(&pbx(), &station), Line::InUse);
    assert!(!floor.core.is_anybodys(&pbx(), &station));
    floor.login("ana");
    assert_eq!(floor.state("ana"), AgentState::PhoneBusy);
    assert!(floor.core.is_anybodys(&pbx(), &station));
    assert!(!floor.core.is_anybodys(&other, &station), "a phone of that name on another switch is another");
    assert!(!floor.core.is_anybodys(&pbx(), &StationAddress::new("PJSIP/bo")));
}

#[test]
fn ready_said_twice_costs_no_place_among_the_idle() {
    let mut floor = Floor::new();
    floor.login("ana").pass(secs(5)).login("bo").pass(secs(5)).tell(ready("ana"));
    floor.call("100");
    floor.ringing("ana");
}

#[test]
fn a_break_or_a_log_out_between_pick_up_and_conversation_takes_no_caller_away() {
    for then in [on_break("ana"), log_out("ana")] {
        let mut floor = Floor::new();
        floor.login("ana");
        let caller = floor.call("100");
        let leg = floor.ringing("ana");
        floor.picks_up("ana").tell(then);
        assert_eq!(floor.hung_up(), []);
        floor.tell(Input::LegsJoined { a: caller, b: leg });
        assert_eq!(floor.state("ana"), AgentState::Talking, "{floor}");
    }
}

#[test]
fn who_ends_the_wrap_up_is_waited_for_no_more() {
    for (then, state) in [
        (Input::AgentEndedWrapUp { agent: name("ana"), by: name("ana"), why: None }, AgentState::Idle),
        (log_out("ana"), AgentState::Away),
        (dismiss("ana"), AgentState::Away),
    ] {
        let mut floor = wrapping_up();
        floor.tell(then);
        assert_eq!((floor.state("ana"), floor.core.next_wakeup()), (state, None), "{floor}");
    }
}

#[test]
fn who_was_dismissed_after_the_log_out_has_gone_when_they_did() {
    let mut floor = wrapping_up();
    floor.tell(Input::AgentLoggedOut { agent: name("ana"), by: name("lead"), why: None });
    let went = floor.agent("ana").presence.clone();
    floor.pass(secs(3)).tell(dismiss("ana"));
    assert_eq!((floor.refused.clone(), floor.state("ana")), (None, AgentState::Away));
    assert_eq!(floor.agent("ana").presence, went);
    assert!(matches!(went, Presence::Away { .. }));
}

#[test]
fn who_goes_while_their_phone_rings_for_a_number_dials_nobody() {
    for then in [log_out("ana"), dismiss("ana")] {
        let mut floor = Floor::new();
        floor.login("ana").tell(dial("ana"));
        let leg = floor.agent("ana").leg.clone().expect("a leg");
        floor.tell(then);
        assert_eq!(floor.hung_up(), [leg]);
        assert_eq!(floor.core.dials().count(), 0);
        assert_eq!(floor.state("ana"), AgentState::Away, "{floor}");
    }
}

#[test]
fn a_number_dialled_in_vain_is_forgotten_with_the_shift() {
    for then in [log_out("ana"), dismiss("ana")] {
        let mut floor = Floor::new();
        floor.login("ana").tell(dial("ana"));
        let leg = floor.agent("ana").leg.clone().expect("a leg");
        floor.tell(Input::LegFailed { leg, why: Failure::Rejected });
        let in_vain = |floor: &Floor| floor.core.agent_seen(&name("ana")).and_then(|seen| seen.dial_in_vain);
        assert!(in_vain(&floor).is_some(), "{floor}");
        floor.tell(then);
        assert_eq!(in_vain(&floor), None);
    }
}

#[test]
fn a_call_is_ended_only_where_its_switch_is_in_reach_and_is_then_on_record() {
    let asked = |floor: &Floor| floor.facts.iter().filter(|fact| matches!(fact, Fact::CallEndAsked { .. })).count();
    let end = || Input::AgentEndedCall { agent: name("ana"), by: name("ana"), why: None };
    let mut talks = Floor::new();
    talks.login("ana");
    let caller = talks.call("100");
    talks.talks("ana", &caller);
    let mut dials = Floor::new();
    dials.login("ana").tell(dial("ana"));
    for floor in [&mut talks, &mut dials] {
        let leg = floor.agent("ana").leg.clone().expect("a leg");
        let facts = floor.facts.len();
        floor.tell(end());
        assert_eq!((floor.hung_up(), asked(floor), floor.facts.len()), (vec![leg], 1, facts + 1));
        floor.tell(Input::LinkLost { switch: pbx() }).tell(end());
        assert_eq!(floor.refused, Some(Refused::SwitchAway { switch: pbx() }));
        assert_eq!((floor.effects.len(), asked(floor)), (0, 1));
    }
}

#[test]
fn a_version_that_was_never_handed_over_leaves_the_old_one_and_it_is_told() {
    let mut floor = Floor::new();
    floor.tell(Input::VersionPublished { version: VersionHash::new("v9") });
    assert_eq!(floor.core.plan().map(|plan| plan.version.as_str().to_owned()).as_deref(), Some("v1"));
    assert!(matches!(floor.facts.last(), Some(Fact::Healed { .. })), "{:#?}", floor.facts.last());
    let mut next = plan();
    next.version = VersionHash::new("v2");
    floor.core.shelve(std::sync::Arc::new(next));
    assert_eq!(floor.core.plan().map(|plan| plan.version.as_str().to_owned()).as_deref(), Some("v1"), "only shelved");
    floor.tell(Input::VersionPublished { version: VersionHash::new("v2") });
    assert!(matches!(floor.facts.last(), Some(Fact::VersionPublished { .. })), "{:#?}", floor.facts.last());
}

#[test]
fn who_is_given_the_same_queues_with_other_skills_is_rung_for_what_they_know_now() {
    let mut floor = Floor::new();
    floor.login("ana");
    floor.call("200");
    assert_eq!(floor.state("ana"), AgentState::Idle);
    floor.tell(Input::AgentAssigned {
        agent: name("ana"),
        queues: [QueueName::new("service")].into(),
        skills: [(SkillName::new("english"), 2)].into(),
        by: name("lead"),
    });
    assert_eq!(floor.state("ana"), AgentState::Ringing, "{floor}");
}

#[test]
fn an_order_has_its_time_and_a_prompt_a_longer_one() {
    let mut floor = Floor::new();
    floor.call("400");
    for effect in &floor.effects {
        let within = effect.deadline.since(floor.now);
        let play = matches!(effect.act, Act::Play { .. });
        assert_eq!(within, if play { secs(600) } else { cordboard::routing::ORDER_WITHIN }, "{effect:?}");
    }
    assert!(floor.effects.len() > 2, "{:#?}", floor.effects);
}
