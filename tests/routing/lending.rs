//! Queues lent to somebody of another centre, as one core sees it: what the loop tells of the others is told here by hand.

use std::collections::BTreeSet;

use cordboard::routing::agent::AgentState;
use cordboard::routing::call::Stage;
use cordboard::routing::fact::{Fact, OfferEnd};
use cordboard::routing::ids::*;
use cordboard::routing::lending::{Elsewhere, Seat, Shared, SharedNews};
use cordboard::routing::{Input, Known, Refused};

use crate::floor::{Floor, pbx, secs, seen};

const GUEST: &str = "mira@b";

fn name(text: &str) -> AgentName {
    AgentName::new(text)
}

fn lend(floor: &mut Floor, guest: &str, queues: &[&str], skills: &[(&str, u8)]) {
    floor.tell(Input::QueuesLent {
        agent: name(guest),
        queues: queues.iter().map(QueueName::new).collect(),
        skills: skills.iter().map(|(skill, level)| (SkillName::new(skill), *level)).collect(),
        by: name("boss"),
        why: None,
    });
}

fn at_work(elsewhere: Option<Elsewhere>) -> Shared {
    let seat = Seat { station: StationAddress::new("PJSIP/mira"), switch: pbx(), auto_answer: None };
    Shared { seat: Some(seat), elsewhere }
}

fn told(floor: &mut Floor, agent: &str, is: Option<Shared>) {
    told_by(floor, agent, is, None);
}

fn told_by(floor: &mut Floor, agent: &str, is: Option<Shared>, by: Option<&str>) {
    let news = vec![SharedNews { agent: name(agent), is, by: by.map(name) }];
    floor.tell(Input::SharedAgentsTold { news });
}

/// A centre that has lent `service` to somebody who is at work at home.
fn with_guest() -> Floor {
    let mut floor = Floor::new();
    lend(&mut floor, GUEST, &["service"], &[]);
    told(&mut floor, GUEST, Some(at_work(None)));
    floor
}

fn serves(centre: &str) -> Option<Elsewhere> {
    Some(Elsewhere::Serves(CentreName::new(centre)))
}

#[test]
fn a_guest_takes_calls_of_the_queues_that_are_lent_and_of_no_other() {
    let mut floor = with_guest();
    let crowded = floor.call("800");
    assert!(matches!(floor.stage(&crowded), Stage::Waiting { rings: None, .. }), "narrow is not lent\n{floor}");
    let caller = floor.call("100");
    floor.talks(GUEST, &caller);
    assert_eq!(floor.state(GUEST), AgentState::Talking);
    let named =
        floor.facts.iter().any(|fact| matches!(fact, Fact::CallConnected { agent, .. } if agent.as_str() == GUEST));
    assert!(named, "the record says who it was, and where they are at home");
}

#[test]
fn a_guest_knows_of_our_skills_what_the_loan_says() {
    let mut floor = with_guest();
    let english = floor.call("200");
    assert!(matches!(floor.stage(&english), Stage::Waiting { rings: None, .. }), "{floor}");
    lend(&mut floor, GUEST, &["service"], &[("english", 3)]);
    floor.ringing(GUEST);
}

#[test]
fn whoever_serves_elsewhere_is_not_rung_and_waits_for_nobody() {
    let mut floor = with_guest();
    told(&mut floor, GUEST, Some(at_work(serves("b"))));
    assert_eq!(floor.state(GUEST), AgentState::Elsewhere);
    let caller = floor.call("100");
    assert!(matches!(floor.stage(&caller), Stage::Waiting { rings: None, .. }), "{floor}");
    told(&mut floor, GUEST, Some(at_work(None)));
    floor.ringing(GUEST);
}

#[test]
fn one_of_ours_who_serves_elsewhere_is_not_rung_here_and_dials_nobody() {
    let mut floor = Floor::new();
    floor.login("ana");
    told(&mut floor, "ana", Some(Shared { seat: None, elsewhere: serves("a") }));
    assert_eq!(floor.state("ana"), AgentState::Elsewhere);
    let caller = floor.call("100");
    assert!(matches!(floor.stage(&caller), Stage::Waiting { rings: None, .. }), "{floor}");
    let number = "13900139000".parse().expect("a number");
    floor.tell(Input::AgentDialled { agent: name("ana"), number, by: name("ana"), request: None });
    assert_eq!(floor.refused, Some(Refused::NotFreeToDial { agent: name("ana"), state: AgentState::Elsewhere }));
    told(&mut floor, "ana", Some(Shared { seat: None, elsewhere: None }));
    floor.ringing("ana");
}

#[test]
fn who_was_elsewhere_before_they_logged_in_is_elsewhere_when_they_do() {
    let mut floor = Floor::new();
    told(&mut floor, "ana", Some(Shared { seat: None, elsewhere: serves("a") }));
    floor.call("100");
    floor.login("ana");
    assert_eq!(floor.state("ana"), AgentState::Elsewhere, "{floor}");
}

#[test]
fn who_has_served_here_is_free_nowhere_before_the_loop_says_where() {
    let mut floor = with_guest();
    let (first, second) = (floor.call("100"), floor.call("100"));
    floor.talks(GUEST, &first);
    let leg = floor.agent(GUEST).leg.clone().expect("a leg");
    floor.hangs_up(&leg).hangs_up(&first).pass(secs(10));
    assert!(!floor.agent(GUEST).is_free(), "{floor}");
    assert_eq!(floor.agent(GUEST).elsewhere, Some(Elsewhere::Asked));
    assert!(matches!(floor.stage(&second), Stage::Waiting { rings: None, .. }), "{floor}");
    told(&mut floor, GUEST, Some(at_work(None)));
    floor.ringing(GUEST);
}

#[test]
fn a_break_at_home_takes_a_ring_back_and_nobody_is_rung_until_it_is_over() {
    let mut floor = with_guest();
    let caller = floor.call("100");
    let leg = floor.ringing(GUEST);
    told(&mut floor, GUEST, Some(at_work(Some(Elsewhere::NotReady))));
    assert_eq!(floor.hung_up(), std::slice::from_ref(&leg), "{floor}");
    floor.tell(Input::LegFailed { leg, why: cordboard::routing::Failure::Withdrawn });
    assert_eq!(floor.state(GUEST), AgentState::Elsewhere);
    assert!(matches!(floor.stage(&caller), Stage::Waiting { rings: None, .. }), "{floor}");
    floor.pass(secs(60));
    told(&mut floor, GUEST, Some(at_work(None)));
    floor.ringing(GUEST);
}

#[test]
fn a_break_at_home_begins_after_the_conversation_here() {
    let mut floor = with_guest();
    let caller = floor.call("100");
    floor.talks(GUEST, &caller);
    told(&mut floor, GUEST, Some(at_work(Some(Elsewhere::NotReady))));
    assert_eq!(floor.state(GUEST), AgentState::Talking, "{floor}");
    assert!(floor.hung_up().is_empty());
}

#[test]
fn who_goes_home_while_the_phone_rings_is_rung_no_more() {
    let mut floor = with_guest();
    floor.call("100");
    let leg = floor.ringing(GUEST);
    told_by(&mut floor, GUEST, Some(Shared { seat: None, elsewhere: None }), Some(GUEST));
    assert_eq!(floor.hung_up(), [leg], "{floor}");
    assert_eq!(floor.state(GUEST), AgentState::Away);
}

#[test]
fn who_is_logged_out_at_home_by_another_talks_and_writes_to_the_end() {
    let mut floor = with_guest();
    let caller = floor.call("100");
    floor.talks(GUEST, &caller);
    told_by(&mut floor, GUEST, Some(Shared { seat: None, elsewhere: None }), Some("boss@b"));
    assert_eq!(floor.state(GUEST), AgentState::Talking);
    floor.hangs_up(&caller);
    assert_eq!(floor.state(GUEST), AgentState::WrappingUp, "{floor}");
    floor.pass(secs(10));
    assert_eq!(floor.state(GUEST), AgentState::Away, "{floor}");
}

#[test]
fn a_loan_taken_back_lets_the_conversation_end_and_rings_nobody_after_it() {
    let mut floor = with_guest();
    let (caller, next) = (floor.call("100"), floor.call("100"));
    floor.talks(GUEST, &caller);
    floor.tell(Input::LoanEnded { agent: name(GUEST), by: name("boss"), why: None });
    assert_eq!(floor.state(GUEST), AgentState::Talking, "{floor}");
    let leg = floor.agent(GUEST).leg.clone().expect("a leg");
    floor.hangs_up(&caller).hangs_up(&leg).pass(secs(60));
    assert_eq!(floor.state(GUEST), AgentState::Away);
    told(&mut floor, GUEST, Some(at_work(None)));
    assert!(matches!(floor.stage(&next), Stage::Waiting { rings: None, .. }), "{floor}");
    assert!(floor.known.loans.is_empty());
}

#[test]
fn a_loan_taken_back_while_the_phone_rings_stops_the_ring() {
    let mut floor = with_guest();
    let caller = floor.call("100");
    let leg = floor.ringing(GUEST);
    floor.tell(Input::LoanEnded { agent: name(GUEST), by: name("lead@b"), why: None });
    assert_eq!(floor.hung_up(), [leg]);
    let how = floor.facts.iter().find_map(|fact| match fact {
        Fact::OfferEnded { how, .. } => Some(*how),
        _ => None,
    });
    assert_eq!(how, Some(OfferEnd::Withdrawn));
    floor.login("ana");
    floor.ringing("ana");
    assert!(matches!(floor.stage(&caller), Stage::Waiting { .. }));
}

#[test]
fn nobody_here_logs_a_guest_in_or_out_or_sends_them_on_a_break() {
    let mut floor = with_guest();
    let refused = Some(Refused::IsGuest { agent: name(GUEST), home: CentreName::new("b") });
    let (agent, by) = (name(GUEST), name("boss"));
    floor.login(GUEST);
    assert_eq!(floor.refused, refused, "a name that looks like a guest's is nobody's of ours");
    floor.tell(Input::AgentLoggedOut { agent: agent.clone(), by: by.clone(), why: None });
    assert_eq!(floor.refused, refused);
    let reason = BreakReason::new("lunch");
    floor.tell(Input::AgentTookBreak { agent: agent.clone(), reason, by: by.clone(), why: None });
    assert_eq!(floor.refused, refused);
    let queues = BTreeSet::from([QueueName::new("narrow")]);
    floor.tell(Input::AgentAssigned { agent: agent.clone(), queues, skills: [].into(), by: by.clone() });
    assert_eq!(floor.refused, refused);
    let number = "13900139000".parse().expect("a number");
    floor.tell(Input::AgentDialled { agent, number, by, request: None });
    assert_eq!(floor.refused, refused, "nobody dials at our expense from elsewhere");
    assert_eq!(floor.state(GUEST), AgentState::Idle);
}

#[test]
fn only_what_there_is_can_be_lent_and_only_to_others() {
    let mut floor = Floor::new();
    lend(&mut floor, "mira", &["service"], &[]);
    assert_eq!(floor.refused, Some(Refused::NoGuest { agent: name("mira") }));
    lend(&mut floor, "mira@demo", &["service"], &[]);
    assert_eq!(floor.refused, Some(Refused::NoGuest { agent: name("mira@demo") }), "our own centre");
    lend(&mut floor, GUEST, &["nowhere"], &[]);
    assert_eq!(floor.refused, Some(Refused::NoSuchQueue { queue: QueueName::new("nowhere") }));
    lend(&mut floor, GUEST, &["service"], &[("latin", 1)]);
    assert_eq!(floor.refused, Some(Refused::NoSuchSkill { skill: SkillName::new("latin") }));
    lend(&mut floor, GUEST, &[], &[]);
    assert_eq!(floor.refused, Some(Refused::NothingLent { agent: name(GUEST) }));
    floor.tell(Input::LoanEnded { agent: name(GUEST), by: name("boss"), why: None });
    assert_eq!(floor.refused, Some(Refused::NoSuchLoan { agent: name(GUEST) }));
    assert_eq!(floor.known.loans, *floor.core.loans());
    told(&mut floor, GUEST, Some(at_work(None)));
    assert!(floor.core.agents().next().is_none(), "nobody comes to whom nothing is lent");
}

#[test]
fn the_same_loan_twice_is_one_fact() {
    let mut floor = with_guest();
    lend(&mut floor, GUEST, &["service"], &[]);
    let lent = |floor: &Floor| floor.facts.iter().filter(|fact| matches!(fact, Fact::QueuesLent { .. })).count();
    assert_eq!(lent(&floor), 1);
    lend(&mut floor, GUEST, &["service", "second"], &[]);
    assert_eq!(lent(&floor), 2);
    assert_eq!(floor.known.loans, *floor.core.loans());
    assert_eq!(floor.agent(GUEST).queues.len(), 2, "at once, for who is at work");
}

#[test]
fn a_phone_at_which_one_of_ours_sits_is_theirs() {
    let mut floor = Floor::new();
    floor.login("mira");
    lend(&mut floor, GUEST, &["service"], &[]);
    told(&mut floor, GUEST, Some(at_work(None)));
    assert!(floor.core.agents().all(|agent| agent.name.as_str() == "mira"), "{floor}");
}

#[test]
fn loans_and_conversations_of_guests_outlive_a_restart() {
    let mut floor = with_guest();
    let caller = floor.call("100");
    floor.talks(GUEST, &caller);
    let leg = floor.agent(GUEST).leg.clone().expect("a leg");
    let known: Known = floor.known.clone();
    let mut floor = Floor::again(floor, 2, known, crate::floor::NOON + secs(5));
    assert_eq!(floor.core.loans().len(), 1);
    told(&mut floor, GUEST, Some(at_work(None)));
    let mut phone = seen(&leg);
    (phone.inbound, phone.joined_with) = (false, Some(caller.clone()));
    let mut talks = seen(&caller);
    talks.joined_with = Some(leg.clone());
    floor.tell(Input::SnapshotTaken { switch: pbx(), legs: vec![talks, phone] });
    assert_eq!(floor.state(GUEST), AgentState::Talking);
    floor.hangs_up(&leg).hangs_up(&caller);
    let next = floor.call("100");
    floor.pass(secs(10));
    assert!(matches!(floor.stage(&next), Stage::Waiting { rings: None, .. }), "the loop is asked first\n{floor}");
    told(&mut floor, GUEST, Some(at_work(None)));
    floor.ringing(GUEST);
}

#[test]
fn what_the_loop_asks_of_a_guest_is_answered_as_it_is() {
    let mut floor = Floor::new();
    assert!(floor.core.holding(&name(GUEST)).is_none() && floor.core.seat(&name(GUEST)).is_none());
    lend(&mut floor, GUEST, &["service"], &[]);
    told(&mut floor, GUEST, Some(at_work(None)));
    let holds = |floor: &Floor| {
        let holding = floor.core.holding(&name(GUEST)).expect("here");
        (holding.is_busy, holding.is_ready, holding.is_logged_in)
    };
    assert_eq!(holds(&floor), (false, true, true));
    assert_eq!(floor.core.seat(&name(GUEST)), at_work(None).seat);
    assert_eq!(floor.core.first_waiting_for(&name(GUEST)), None);
    told(&mut floor, GUEST, Some(at_work(serves("b"))));
    let caller = floor.call("100");
    let first = floor.core.first_waiting_for(&name(GUEST)).map(|(_, call)| call);
    assert_eq!(first, Some(floor.of(&caller).id));
    floor.tell(Input::LinkLost { switch: pbx() });
    assert_eq!(floor.core.first_waiting_for(&name(GUEST)), None, "out of reach");
    floor.tell(Input::SnapshotTaken { switch: pbx(), legs: vec![seen(&caller)] });
    told(&mut floor, GUEST, Some(at_work(None)));
    assert_eq!(holds(&floor), (true, true, true));
    let offer = floor.agent(GUEST).work.offer().expect("it rings");
    assert!(floor.core.is_waited_for(offer));
    floor.picks_up(GUEST);
    assert!(!floor.core.is_waited_for(offer));
    floor.tell(Input::LoanEnded { agent: name(GUEST), by: name("boss"), why: None });
    assert_eq!(holds(&floor), (true, false, false));
    assert!(floor.core.seat(&name(GUEST)).is_none() && floor.core.shared(&name(GUEST)).is_none());
}

#[test]
fn who_sits_at_a_line_that_is_held_open_has_no_seat_for_others() {
    let mut floor = Floor::new();
    floor.login("ana");
    assert!(floor.core.seat(&name("ana")).is_some());
    floor.tell(Input::AgentLoggedIn {
        agent: name("bo"),
        station: StationAddress::new("held:PJSIP/bo"),
        switch: pbx(),
        queues: [QueueName::new("service")].into(),
        skills: [].into(),
        by: name("bo"),
        auto_answer: None,
    });
    assert!(floor.core.seat(&name("bo")).is_none());
}

#[test]
fn a_loan_that_is_changed_is_as_old_as_it_was() {
    let mut floor = with_guest();
    let since = floor.core.loans()[&name(GUEST)].since;
    floor.pass(secs(60));
    lend(&mut floor, GUEST, &["service"], &[("english", 1)]);
    assert_eq!(floor.core.loans()[&name(GUEST)].since, since);
    assert_eq!(floor.known.loans, *floor.core.loans());
}

#[test]
fn a_centre_has_no_more_guests_than_a_hall_holds_and_may_change_what_they_have() {
    let mut floor = Floor::new();
    let lent = |floor: &mut Floor, n: usize, queue: &str| {
        let agent = name(&format!("a{n}@b"));
        let queues = [QueueName::new(queue)].into();
        let input = Input::QueuesLent { agent, queues, skills: [].into(), by: name("boss"), why: None };
        floor.core.handle(floor.now, input).refused
    };
    for n in 0..cordboard::routing::lending::MOST_LOANS {
        assert_eq!(lent(&mut floor, n, "service"), None);
    }
    assert_eq!(lent(&mut floor, 2_000, "service"), Some(Refused::TooManyLoans));
    assert_eq!(lent(&mut floor, 7, "second"), None);
    assert_eq!(floor.core.loans().len(), 2_000);
}

#[test]
fn a_loan_to_somebody_who_is_not_at_work_brings_nobody_and_is_there_when_they_come() {
    let mut floor = with_guest();
    told(&mut floor, GUEST, Some(Shared { seat: None, elsewhere: None }));
    assert_eq!(floor.state(GUEST), AgentState::Away);
    lend(&mut floor, GUEST, &["service", "second"], &[]);
    assert_eq!((&floor.refused, floor.state(GUEST)), (&None, AgentState::Away));
    told(&mut floor, GUEST, Some(at_work(None)));
    assert_eq!((floor.state(GUEST), floor.agent(GUEST).queues.len()), (AgentState::Idle, 2));
}

#[test]
fn a_guest_of_whom_the_same_is_told_again_stays_as_they_are_and_moves_with_their_phone() {
    let mut floor = with_guest();
    let came = |floor: &Floor| floor.facts.iter().filter(|fact| matches!(fact, Fact::AgentLoggedIn { .. })).count();
    floor.pass(secs(5));
    told(&mut floor, GUEST, Some(at_work(None)));
    assert_eq!(came(&floor), 1);
    let seat = Seat { station: StationAddress::new("PJSIP/mira"), switch: pbx(), auto_answer: Some(true) };
    told(&mut floor, GUEST, Some(Shared { seat: Some(seat.clone()), elsewhere: None }));
    assert_eq!((came(&floor), floor.agent(GUEST).auto_answer), (2, Some(true)));
    let nowhere = Seat { switch: SwitchName::new("nowhere"), ..seat };
    told(&mut floor, GUEST, Some(Shared { seat: Some(nowhere), elsewhere: None }));
    assert_eq!((came(&floor), floor.agent(GUEST).switch.clone()), (2, pbx()), "a switch that is not ours");
}

#[test]
fn who_comes_back_from_elsewhere_is_the_last_among_the_idle() {
    let mut floor = Floor::new();
    floor.login("ana");
    told(&mut floor, "ana", Some(Shared { seat: None, elsewhere: serves("b") }));
    floor.pass(secs(60)).login("bo").pass(secs(60));
    told(&mut floor, "ana", Some(Shared { seat: None, elsewhere: None }));
    floor.call("100");
    assert_eq!((floor.state("ana"), floor.state("bo")), (AgentState::Idle, AgentState::Ringing), "{floor}");
    // Nobody shares her any more: she is as free as before.
    told(&mut floor, "ana", None);
    assert!(floor.core.shared(&name("ana")).is_none());
    floor.call("100");
    assert_eq!(floor.state("ana"), AgentState::Ringing, "{floor}");
}

#[test]
fn whom_nobody_shares_any_more_is_not_elsewhere() {
    let mut floor = Floor::new();
    floor.login("ana");
    told(&mut floor, "ana", Some(Shared { seat: None, elsewhere: serves("b") }));
    told(&mut floor, "ana", None);
    assert_eq!((floor.state("ana"), floor.core.shared(&name("ana"))), (AgentState::Idle, None));
}

#[test]
fn who_is_shared_while_the_phone_rings_here_is_asked_about_and_nobodys_until_it_is_said() {
    let mut floor = Floor::new();
    floor.login("ana");
    let caller = floor.call("100");
    floor.talks("ana", &caller);
    told(&mut floor, "ana", Some(Shared { seat: None, elsewhere: None }));
    assert_eq!(floor.core.shared(&name("ana")).and_then(|shared| shared.elsewhere.clone()), Some(Elsewhere::Asked));
    assert_eq!(floor.agent("ana").elsewhere, Some(Elsewhere::Asked));
}

#[test]
fn a_guest_is_dismissed_by_their_own_centre_only() {
    let mut floor = with_guest();
    floor.tell(Input::AgentDismissed { agent: name(GUEST), by: name("chief") });
    assert!(matches!(floor.refused, Some(Refused::IsGuest { .. })), "{:?}", floor.refused);
    assert_eq!(floor.state(GUEST), AgentState::Idle);
}
