//! Phones that are not picked up, are busy, refuse, or cannot be reached; and what an agent owes after a call.

use cordboard::routing::agent::{AgentState, Presence};
use cordboard::routing::call::Stage;
use cordboard::routing::ids::*;
use cordboard::routing::queue::QueueRules;
use cordboard::routing::{Act, Fact, Failure, Input, Line, Refused};

use crate::floor::*;

fn service(change: impl FnOnce(&mut cordboard::routing::queue::QueueRules)) -> Floor {
    Floor::with(|plan| change(plan.queues.get_mut(&QueueName::new("service")).expect("a queue")))
}

fn fails(floor: &mut Floor, name: &str, why: Failure) {
    let leg = floor.ringing(name);
    floor.tell(Input::LegFailed { leg, why });
}

fn phone_does(floor: &mut Floor, name: &str, line: Line) {
    let station = StationAddress::new(format!("PJSIP/{name}"));
    floor.tell(Input::StationChanged { switch: pbx(), station, line });
}

fn rests_until(floor: &Floor, name: &str) -> Option<u64> {
    match &floor.agent(name).presence {
        Presence::Missed { until, .. } => until.map(|until| until.since(floor.now).as_secs()),
        other => panic!("{other:?}"),
    }
}

/// Of two callers the first comes first again, whatever the phone did.
fn keeps_the_place(why: Failure) {
    let mut floor = Floor::new();
    floor.login("ana");
    let first = floor.call("100");
    floor.pass(secs(3));
    let second = floor.call("100");
    fails(&mut floor, "ana", why);
    assert_eq!(floor.state("ana"), AgentState::Missed);
    let seen = floor.core.agent_seen(&AgentName::new("ana")).and_then(|seen| seen.missed).expect("it is seen");
    assert_eq!(seen.why, why);
    floor.login("bo");
    assert!(matches!(floor.stage(&first), Stage::Waiting { rings: Some(_), .. }), "{floor}");
    assert!(matches!(floor.stage(&second), Stage::Waiting { rings: None, .. }), "{floor}");
}

#[test]
fn a_caller_keeps_their_place_when_the_phone_is_busy() {
    keeps_the_place(Failure::Busy);
}

#[test]
fn a_caller_keeps_their_place_when_the_phone_rejects() {
    keeps_the_place(Failure::Rejected);
}

#[test]
fn a_caller_keeps_their_place_when_the_phone_cannot_be_reached() {
    keeps_the_place(Failure::Unreachable);
}

#[test]
fn a_phone_that_has_unregistered_is_not_rung_and_the_caller_waits_for_its_return() {
    let mut floor = Floor::new();
    floor.login("ana");
    phone_does(&mut floor, "ana", Line::Unreachable);
    let caller = floor.call("100");
    assert!(matches!(floor.stage(&caller), Stage::Waiting { rings: None, .. }), "{floor}");
    assert_eq!(floor.core.agent_seen(&AgentName::new("ana")).map(|seen| seen.phone), Some(Line::Unreachable));
    phone_does(&mut floor, "ana", Line::Free);
    assert_eq!(floor.state("ana"), AgentState::Ringing, "{floor}");
}

#[test]
fn a_phone_that_was_not_reached_is_rung_again_as_soon_as_its_switch_says_that_it_is_back() {
    let mut floor = service(|rules| rules.rest_after_unreachable = None);
    floor.login("ana");
    floor.call("100");
    fails(&mut floor, "ana", Failure::Unreachable);
    assert_eq!(rests_until(&floor, "ana"), None);
    phone_does(&mut floor, "ana", Line::Free);
    assert_eq!(floor.state("ana"), AgentState::Missed, "it was never said to be away, so this is no news");
    phone_does(&mut floor, "ana", Line::Unreachable);
    floor.pass(secs(600));
    phone_does(&mut floor, "ana", Line::Free);
    assert_eq!(floor.state("ana"), AgentState::Ringing, "{floor}");
}

#[test]
fn a_busy_phone_rests_as_the_queue_says_for_busy_ones() {
    let mut floor = service(|rules| rules.rest_after_busy = Some(secs(5)));
    floor.login("ana");
    floor.call("100");
    fails(&mut floor, "ana", Failure::Busy);
    assert_eq!(rests_until(&floor, "ana"), Some(5));
    floor.pass(secs(5));
    fails(&mut floor, "ana", Failure::Rejected);
    assert_eq!(rests_until(&floor, "ana"), Some(30));
}

#[test]
fn after_so_many_missed_in_a_row_an_agent_is_left_alone_until_ready() {
    let mut floor = service(|rules| rules.most_missed = Some(3));
    floor.login("ana");
    floor.call("100");
    fails(&mut floor, "ana", Failure::NoAnswer);
    floor.pass(secs(30));
    // A busy phone says nothing of who sits at it.
    fails(&mut floor, "ana", Failure::Busy);
    floor.pass(secs(30));
    fails(&mut floor, "ana", Failure::Rejected);
    assert_eq!(rests_until(&floor, "ana"), Some(30));
    floor.pass(secs(30));
    fails(&mut floor, "ana", Failure::NoAnswer);
    assert_eq!(rests_until(&floor, "ana"), None);
    let missed = floor.core.agent_seen(&AgentName::new("ana")).and_then(|seen| seen.missed).expect("it is seen");
    assert_eq!((missed.in_a_row, missed.until_ms), (3, None));
    // A start of the controller knows it too.
    assert_eq!(Floor::started(2, floor.known.clone()).agent("ana").served.missed, 3);
    floor.pass(secs(3600)).tell(Input::AgentSaidReady {
        agent: AgentName::new("ana"),
        by: AgentName::new("ana"),
        why: None,
    });
    fails(&mut floor, "ana", Failure::NoAnswer);
    assert_eq!(rests_until(&floor, "ana"), Some(30), "counted anew");
}

#[test]
fn what_another_asks_for_as_a_rest_ends_does_not_wipe_out_what_was_missed() {
    let mut floor = service(|rules| rules.most_missed = Some(2));
    floor.login("ana");
    floor.call("100");
    fails(&mut floor, "ana", Failure::NoAnswer);
    floor.now = floor.now + secs(30);
    // At the very moment, and before the clock has said so.
    floor.login_with("bo", &["second"], &[]);
    let told = floor.facts.iter().rev().find_map(|fact| match fact {
        Fact::AgentChanged { agent, by, .. } if agent.as_str() == "ana" => Some(by.clone()),
        _ => None,
    });
    assert_eq!(told, Some(None), "nobody has ended her rest, nor rung her");
    fails(&mut floor, "ana", Failure::NoAnswer);
    assert_eq!(rests_until(&floor, "ana"), None, "the second in a row");
}

#[test]
fn a_conversation_ends_the_row_of_missed_calls() {
    let mut floor = service(|rules| rules.most_missed = Some(2));
    floor.login("ana");
    let caller = floor.call("100");
    fails(&mut floor, "ana", Failure::NoAnswer);
    floor.pass(secs(30)).talks("ana", &caller);
    assert_eq!(floor.agent("ana").served.missed, 0);
}

#[test]
fn two_shifts_at_one_phone_both_have_what_it_does() {
    let mut floor = Floor::new();
    floor.login("ana").tell(Input::AgentLoggedOut {
        agent: AgentName::new("ana"),
        by: AgentName::new("ana"),
        why: None,
    });
    floor.tell(Input::AgentLoggedIn {
        agent: AgentName::new("bo"),
        station: StationAddress::new("PJSIP/ana"),
        switch: pbx(),
        queues: [QueueName::new("service")].into(),
        skills: Default::default(),
        by: AgentName::new("bo"),
        auto_answer: None,
    });
    phone_does(&mut floor, "ana", Line::InUse);
    assert_eq!(floor.state("bo"), AgentState::PhoneBusy);
    let elsewhere = Input::StationChanged {
        switch: SwitchName::new("other"),
        station: StationAddress::new("PJSIP/ana"),
        line: Line::Free,
    };
    floor.tell(elsewhere);
    assert_eq!(floor.state("bo"), AgentState::PhoneBusy, "a phone of that name on another switch is another");
}

#[test]
fn a_queue_that_says_so_asks_the_phone_to_pick_up_by_itself() {
    for asks in [false, true] {
        let mut floor = service(|rules| rules.auto_answer = asks);
        floor.login("ana");
        floor.call("100");
        let (_, act) = floor.asked(|act| matches!(act, Act::Ring { .. }));
        assert!(matches!(act, Act::Ring { auto_answer, .. } if auto_answer == asks), "{act:?}");
        let offer = floor.core.agent_seen(&AgentName::new("ana")).and_then(|seen| seen.offer).expect("it rings");
        assert_eq!(offer.auto_answer, asks);
    }
}

/// A queue that wants a disposition; ana wraps up after a call.
fn owing() -> (Floor, CallId) {
    let mut floor = service(|rules| rules.needs_disposition = true);
    floor.login("ana");
    let caller = floor.call("100");
    floor.talks("ana", &caller);
    let (call, phone) = (floor.of(&caller).id, floor.agent("ana").leg.clone().expect("a leg"));
    floor.hangs_up(&caller).hangs_up(&phone);
    assert_eq!(floor.state("ana"), AgentState::WrappingUp);
    (floor, call)
}

fn disposed(call: CallId, given: bool) -> Input {
    let agent = AgentName::new("ana");
    Input::AgentDisposed { by: agent.clone(), agent, call, given }
}

fn done(by: &str, why: Option<&str>) -> Input {
    let why = why.map(|why| why.parse().expect("a reason"));
    Input::AgentEndedWrapUp { agent: AgentName::new("ana"), by: AgentName::new(by), why }
}

#[test]
fn wrap_up_waits_for_the_disposition_and_neither_the_clock_nor_the_agent_ends_it_before() {
    let (mut floor, call) = owing();
    floor.tell(done("ana", None));
    assert_eq!(floor.refused, Some(Refused::DispositionOwed { agent: AgentName::new("ana") }));
    floor.pass(secs(60));
    assert_eq!(floor.state("ana"), AgentState::WrappingUp);
    // A start of the controller knows it too.
    let mut again = Floor::started(2, floor.known.clone());
    again.now = floor.now;
    again.tell(Input::TimeCame);
    assert_eq!(again.state("ana"), AgentState::WrappingUp);
    floor.tell(disposed(call, true));
    assert_eq!(floor.state("ana"), AgentState::Idle, "its time was over already");
}

#[test]
fn a_disposition_within_the_time_lets_the_agent_use_the_rest_of_it() {
    let (mut floor, call) = owing();
    floor.pass(secs(2)).tell(disposed(call, true));
    assert_eq!(floor.state("ana"), AgentState::WrappingUp);
    // Taken out again it is owed again.
    floor.tell(disposed(call, false)).tell(done("ana", None));
    assert!(floor.refused.is_some());
    floor.tell(disposed(call, true)).tell(done("ana", None));
    assert_eq!((floor.state("ana"), &floor.refused), (AgentState::Idle, &None));
}

#[test]
fn a_disposition_chosen_while_talking_is_owed_no_more() {
    let mut floor = service(|rules| rules.needs_disposition = true);
    floor.login("ana");
    let caller = floor.call("100");
    floor.talks("ana", &caller);
    let (call, phone) = (floor.of(&caller).id, floor.agent("ana").leg.clone().expect("a leg"));
    floor.tell(disposed(call, true)).hangs_up(&caller).hangs_up(&phone).pass(secs(10));
    assert_eq!(floor.state("ana"), AgentState::Idle);
}

#[test]
fn a_note_without_a_disposition_owes_none_that_was_not_asked_for_when_wrap_up_began() {
    let mut floor = service(|_| {});
    floor.login("ana");
    let caller = floor.call("100");
    floor.talks("ana", &caller);
    let (call, phone) = (floor.of(&caller).id, floor.agent("ana").leg.clone().expect("a leg"));
    // A version is published that asks, while a call goes on that began before.
    let mut tomorrow = floor.core.plan().expect("a plan").as_ref().clone();
    tomorrow.version = VersionHash::new("v2");
    tomorrow.queues.values_mut().for_each(|rules| rules.needs_disposition = true);
    floor.core.shelve(std::sync::Arc::new(tomorrow));
    floor.tell(Input::VersionPublished { version: VersionHash::new("v2") });
    floor.hangs_up(&caller).hangs_up(&phone).tell(disposed(call, false)).tell(done("ana", None));
    assert_eq!((floor.state("ana"), &floor.refused), (AgentState::Idle, &None));
}

#[test]
fn a_supervisor_ends_a_wrap_up_without_its_disposition_only_with_a_reason() {
    let (mut floor, _) = owing();
    floor.tell(done("lead", None));
    assert_eq!(floor.refused, Some(Refused::DispositionOwedUnlessWhy { agent: AgentName::new("ana") }));
    floor.tell(done("lead", Some("went home ill")));
    assert_eq!((floor.state("ana"), &floor.refused), (AgentState::Idle, &None));
}

#[test]
fn nobody_goes_home_from_a_disposition_that_is_owed() {
    let (mut floor, call) = owing();
    floor.tell(Input::AgentLoggedOut { agent: AgentName::new("ana"), by: AgentName::new("ana"), why: None });
    assert_eq!(floor.state("ana"), AgentState::WrappingUp);
    floor.pass(secs(60)).tell(disposed(call, true));
    assert_eq!(floor.state("ana"), AgentState::Away);
}

#[test]
fn breaks_are_counted_by_reason_from_the_end_of_the_work_before_them_and_cut_nobody_off() {
    let mut floor = Floor::new();
    floor.login("ana");
    let on_break = Input::AgentTookBreak {
        agent: AgentName::new("ana"),
        reason: BreakReason::new("lunch"),
        by: AgentName::new("ana"),
        why: None,
    };
    let ready = Input::AgentSaidReady { agent: AgentName::new("ana"), by: AgentName::new("ana"), why: None };
    let taken = |floor: &Floor| {
        let seen = floor.core.agent_seen(&AgentName::new("ana")).expect("there");
        let [lunch] = seen.breaks.as_slice() else { panic!("{seen:?}") };
        assert_eq!(lunch.allowed_ms, 45 * 60_000);
        lunch.taken_by(floor.now) / 60_000
    };
    let caller = floor.call("100");
    floor.talks("ana", &caller).tell(on_break.clone()).pass(secs(600));
    assert_eq!(taken(&floor), 0, "she still talks");
    let phone = floor.agent("ana").leg.clone().expect("a leg");
    floor.hangs_up(&caller).hangs_up(&phone).pass(secs(10)).pass(secs(30 * 60));
    assert_eq!(taken(&floor), 30);
    floor.tell(ready).pass(secs(600)).tell(on_break).pass(secs(20 * 60));
    assert_eq!(taken(&floor), 50);
    assert_eq!(floor.state("ana"), AgentState::OnBreak, "shown, and never enforced");
    let again = Floor::started(2, floor.known.clone());
    assert_eq!(again.agent("ana").breaks.of(&BreakReason::new("lunch")), secs(30 * 60));
}

/// Whether the phone of ana, who logged in with this, is asked to pick up by itself for a caller of a queue with that.
fn asked(queue: bool, own: Option<bool>) -> (Floor, bool) {
    let name = QueueName::new("service");
    let mut floor = Floor::with(|plan| {
        let rules = QueueRules { auto_answer: queue, ..QueueRules::named(name.clone()) };
        plan.queues.insert(name.clone(), rules);
    });
    floor.tell(Input::AgentLoggedIn {
        agent: AgentName::new("ana"),
        station: StationAddress::new("PJSIP/ana"),
        switch: pbx(),
        queues: [name.clone()].into(),
        skills: [].into(),
        auto_answer: own,
        by: AgentName::new("ana"),
    });
    floor.call("100");
    let (_, act) = floor.asked(|act| matches!(act, Act::Ring { .. }));
    let Act::Ring { auto_answer, .. } = act else { unreachable!("asked for") };
    (floor, auto_answer)
}

#[test]
fn what_an_agent_says_of_picking_up_by_itself_goes_over_the_queue() {
    for (queue, own, is) in [
        (false, None, false),
        (true, None, true),
        (false, Some(true), true),
        (true, Some(true), true),
        (true, Some(false), false),
    ] {
        let (floor, asked) = asked(queue, own);
        assert_eq!(asked, is, "{queue} {own:?}");
        let seen = floor.core.agent_seen(&AgentName::new("ana")).expect("she is there");
        assert_eq!((seen.auto_answer, seen.offer.map(|offer| offer.auto_answer)), (own, Some(is)));
    }
}

#[test]
fn a_restart_keeps_whether_a_phone_picks_up_by_itself_and_journals_of_before_say_nothing_of_it() {
    let (before, _) = asked(false, Some(true));
    let (known, now) = (before.known.clone(), before.now);
    let floor = Floor::again(before, 2, known.clone(), now);
    assert_eq!(floor.agent("ana").auto_answer, Some(true));
    let mut old = serde_json::to_value(&known.agents[&AgentName::new("ana")]).expect("spelled");
    old.as_object_mut().expect("an object").remove("auto_answer");
    let old: cordboard::routing::known::KnownAgent = serde_json::from_value(old).expect("read");
    assert_eq!(old.auto_answer, None);
}
