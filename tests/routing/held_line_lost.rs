//! Lines that are held open and are lost, given up, let go or found again; and how long each of it is waited for.

use cordboard::dialplan::Key;
use cordboard::routing::agent::AgentState;
use cordboard::routing::call::Stage;
use cordboard::routing::fact::OfferEnd;
use cordboard::routing::held_line::{AGAIN_AFTER, HeldLine, LINE_RINGS_FOR, MOST_TRIES};
use cordboard::routing::ids::*;
use cordboard::routing::{Act, Fact, Failure, Input, LegSeen, LegUp, Refusal, Returned};

use crate::floor::*;
use crate::held_line::{ends, joins, leg, line, login, orders, quiets, rings, tone, up};

fn snapshot(legs: Vec<LegSeen>) -> Input {
    Input::SnapshotTaken { switch: pbx(), legs }
}

fn phone(leg: &LegId, up: LegUp, in_hand: bool) -> LegSeen {
    LegSeen { inbound: false, up, in_hand, ..seen(leg) }
}

fn log_out() -> Input {
    Input::AgentLoggedOut { agent: AgentName::new("ana"), by: AgentName::new("ana"), why: None }
}

#[test]
fn a_phone_whose_ringing_the_switch_never_ends_is_hung_up_a_little_after_its_time_and_once() {
    let mut floor = Floor::new();
    floor.tell(login("ana", "held:PJSIP/ana"));
    let standing = leg(&floor);
    floor.pass(LINE_RINGS_FOR + secs(2));
    assert_eq!(floor.hung_up(), []);
    floor.pass(secs(1));
    assert_eq!(floor.hung_up(), std::slice::from_ref(&standing));
    assert_eq!(floor.state("ana"), AgentState::PhoneBusy);
    floor.tell(log_out());
    assert_eq!(floor.hung_up(), [], "it was hung up already");
    floor.tell(Input::LegFailed { leg: standing, why: Failure::Withdrawn });
    assert!(floor.keeps_nothing(), "{:?}", floor.core.kept());
}

#[test]
fn a_line_that_is_up_waits_for_nothing() {
    let floor = up();
    assert_eq!(floor.core.next_wakeup(), None);
    let floor = {
        let mut floor = Floor::new();
        floor.tell(login("ana", "held:tel:+8613800138000"));
        let leg = leg(&floor);
        floor.tell(Input::LegAnswered { leg: leg.clone() });
        floor.tell(Input::KeyPressed { leg: leg.clone(), key: Key::try_from('1').expect("a key") });
        assert_eq!(orders(&floor, |act| matches!(act, Act::StopPlay { leg: at } if *at == leg)), 1);
        floor
    };
    assert_eq!(floor.core.next_wakeup(), None);
}

#[test]
fn a_switch_that_would_not_ring_the_phone_is_told_and_tried_again() {
    let mut floor = Floor::new();
    floor.tell(login("ana", "held:PJSIP/ana"));
    let (effect, _) = floor.asked(|act| matches!(act, Act::Ring { .. }));
    let why = Refusal::Other("Extension does not exist".into());
    floor.tell(Input::EffectReturned { effect, how: Returned::Refused { why } });
    assert!(floor.facts.iter().any(|fact| matches!(fact, Fact::Healed { .. })), "{:#?}", floor.facts);
    assert_eq!((line(&floor), floor.core.kept().legs), (&HeldLine::Down { tries: 1 }, 0));
    floor.pass(secs(9));
    assert_eq!(*line(&floor), HeldLine::Down { tries: 1 }, "after a first try that came to nothing twice as long");
    floor.pass(secs(1));
    assert!(matches!(line(&floor), HeldLine::Rings { tries: 1, .. }), "{floor}");
}

#[test]
fn a_line_is_dialled_when_its_switch_is_in_reach_and_not_before() {
    let mut floor = Floor::new();
    floor.tell(Input::LinkLost { switch: pbx() }).tell(login("ana", "held:PJSIP/ana"));
    assert_eq!((line(&floor), floor.effects.len()), (&HeldLine::Down { tries: 0 }, 0));
    floor.tell(snapshot(vec![]));
    assert_eq!(rings(&floor), 1);
}

#[test]
fn a_line_to_a_number_that_may_not_be_dialled_any_more_is_dialled_when_it_may_again() {
    let mut floor = Floor::new();
    floor.tell(login("ana", "held:tel:+8613800138000"));
    let standing = leg(&floor);
    let publish = |floor: &mut Floor, version: &str, allowed: &str| {
        let mut plan = plan();
        plan.version = VersionHash::new(version);
        plan.dial_out.as_mut().expect("one").allowed = vec![allowed.to_owned()];
        floor.core.shelve(std::sync::Arc::new(plan));
        floor.tell(Input::VersionPublished { version: VersionHash::new(version) });
    };
    publish(&mut floor, "v2", "1");
    floor.tell(Input::LegFailed { leg: standing, why: Failure::NoAnswer }).pass(secs(120));
    assert_eq!(*line(&floor), HeldLine::Down { tries: 1 });
    publish(&mut floor, "v3", "+86");
    assert_eq!(rings(&floor), 1, "{floor}");
}

#[test]
fn who_logs_in_again_is_called_at_once_and_keeps_a_line_that_is_up() {
    let mut floor = up();
    let standing = leg(&floor);
    floor.tell(login("ana", "held:PJSIP/ana"));
    assert_eq!((rings(&floor), line(&floor)), (0, &HeldLine::Up { leg: standing.clone() }));
    let again = Floor::started(2, floor.known.clone());
    assert_eq!(*line(&again), HeldLine::Up { leg: standing.clone() }, "a start knows it too");
    floor.hangs_up(&standing);
    assert_eq!((rings(&floor), line(&floor)), (0, &HeldLine::Down { tries: 0 }));
    floor.tell(login("ana", "held:PJSIP/ana"));
    assert_eq!(rings(&floor), 1, "they are there, whatever the wait: {floor}");
}

#[test]
fn who_logs_out_while_the_line_is_down_is_not_called_and_leaves_nothing_behind() {
    let mut floor = up();
    let standing = leg(&floor);
    floor.hangs_up(&standing).tell(log_out());
    assert!(floor.keeps_nothing(), "{:?}", floor.core.kept());
    floor.pass(secs(600));
    assert_eq!(*line(&floor), HeldLine::Down { tries: 0 });
}

#[test]
fn who_comes_back_while_the_line_is_being_let_go_is_free_when_another_is_up() {
    let mut floor = up();
    let standing = leg(&floor);
    floor.tell(log_out());
    assert_eq!(floor.hung_up(), std::slice::from_ref(&standing));
    floor.tell(login("ana", "held:PJSIP/ana"));
    let caller = floor.call("100");
    assert!(matches!(floor.stage(&caller), Stage::Waiting { rings: None, .. }), "{floor}");
    // What is told of a leg on its way out makes it no line again.
    floor.tell(Input::LegParted { leg: standing.clone() });
    assert!(matches!(floor.stage(&caller), Stage::Waiting { rings: None, .. }), "{floor}");
    floor.hangs_up(&standing).pass(AGAIN_AFTER);
    let next = leg(&floor);
    assert_ne!(next, standing);
    floor.tell(Input::LegAnswered { leg: next });
    tone(&floor);
}

#[test]
fn an_empty_desk_on_a_break_stays_on_its_break() {
    let mut floor = Floor::new();
    floor.tell(login("ana", "held:PJSIP/ana"));
    let ana = AgentName::new("ana");
    let reason = BreakReason::new("lunch");
    floor.tell(Input::AgentTookBreak { agent: ana.clone(), reason, by: ana, why: None });
    for _ in 0..MOST_TRIES {
        let leg = leg(&floor);
        floor.tell(Input::LegFailed { leg, why: Failure::NoAnswer }).pass(secs(60));
    }
    assert_eq!(*line(&floor), HeldLine::Down { tries: MOST_TRIES });
    assert_eq!(floor.state("ana"), AgentState::OnBreak, "{floor}");
}

#[test]
fn a_line_that_rang_at_a_kill_goes_on_ringing_is_up_when_found_so_and_is_given_up_in_time() {
    let mut before = Floor::new();
    before.tell(login("ana", "held:PJSIP/ana"));
    let standing = leg(&before);
    for (is, in_hand, up) in [(LegUp::Ringing, false, false), (LegUp::Up, false, false), (LegUp::Up, true, true)] {
        let mut floor = Floor::started(2, before.known.clone());
        floor.tell(snapshot(vec![phone(&standing, is, in_hand)]));
        assert_eq!(line(&floor).up().is_some(), up, "{floor}");
        assert_eq!(floor.hung_up(), []);
        if !up {
            floor.pass(LINE_RINGS_FOR);
            assert_eq!(floor.hung_up(), std::slice::from_ref(&standing));
        }
    }
}

#[test]
fn a_line_found_quiet_after_an_outage_is_quiet_again_and_one_that_somebody_is_on_begins_anew() {
    let mut floor = up();
    let standing = leg(&floor);
    floor.tell(Input::LinkLost { switch: pbx() }).tell(snapshot(vec![phone(&standing, LegUp::Up, true)]));
    assert_eq!((quiets(&floor), floor.hung_up().len()), (1, 0));
    assert_eq!(floor.state("ana"), AgentState::Idle);
    floor.tell(Input::LinkLost { switch: pbx() }).tell(snapshot(vec![phone(&standing, LegUp::Up, false)]));
    assert_eq!((quiets(&floor), floor.hung_up()), (0, vec![standing.clone()]));
    let caller = floor.call("100");
    assert!(matches!(floor.stage(&caller), Stage::Waiting { rings: None, .. }), "{floor}");
}

#[test]
fn a_line_of_which_nobody_says_that_it_is_back_is_looked_at() {
    let mut floor = up();
    let standing = leg(&floor);
    let caller = floor.call("100");
    joins(&mut floor, &caller);
    floor.hangs_up(&caller).pass(secs(1));
    assert_eq!(orders(&floor, |act| matches!(act, Act::Look { .. })), 0);
    floor.pass(secs(1));
    assert_eq!(orders(&floor, |act| matches!(act, Act::Look { leg } if *leg == standing)), 1);
    let seen = Some(phone(&standing, LegUp::Up, true));
    floor.tell(Input::LegLookedAt { switch: pbx(), leg: standing, seen });
    assert_eq!(quiets(&floor), 1);
    floor.pass(secs(10)).call("100");
    tone(&floor);
}

#[test]
fn a_line_that_came_back_before_its_caller_was_gone_is_quiet_and_has_the_next_call() {
    let mut floor = up();
    let standing = leg(&floor);
    let caller = floor.call("100");
    joins(&mut floor, &caller);
    floor.tell(Input::LegParted { leg: standing });
    assert_eq!(quiets(&floor), 0, "who talks is not put aside before it is said who has gone");
    floor.hangs_up(&caller);
    assert_eq!(quiets(&floor), 1);
    floor.pass(secs(10)).call("100");
    tone(&floor);
}

#[test]
fn a_tone_that_has_no_end_takes_the_call_back_and_one_that_the_line_ended_joins_nobody() {
    let mut floor = up();
    let standing = leg(&floor);
    floor.call("100");
    let effect = tone(&floor);
    let gone = Returned::Refused { why: Refusal::Gone(standing.clone()) };
    floor.tell(Input::EffectReturned { effect, how: gone });
    assert_eq!(orders(&floor, |act| matches!(act, Act::Connect { .. })), 0);
    floor.pass(secs(5));
    assert_eq!((ends(&floor), floor.hung_up().len()), (vec![], 0));
    floor.pass(secs(1));
    assert_eq!(ends(&floor), [OfferEnd::NoAnswer]);
}
