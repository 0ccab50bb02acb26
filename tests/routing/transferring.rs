//! Callers whom the dialplan sends to a number outside.

use cordboard::dialplan::{Action, Centre, QueueEntry, Step, ToQueue, Transfer, When};
use cordboard::routing::call::Stage;
use cordboard::routing::fact::{EndedBy, Outcome, TransferFailure};
use cordboard::routing::ids::*;
use cordboard::routing::transferring::OutsideStage;
use cordboard::routing::{Act, Fact, Failure, Input, LegSeen, LegUp, Refusal, Returned};

use crate::floor::*;

const NUMBER: &str = "+8613800138000";

fn transfer(number: &str) -> Transfer {
    Transfer {
        number: number.parse().expect("a number"),
        ring_for: Some(secs(20)),
        busy: Some(StepName::new("sorry")),
        no_answer: Some(StepName::new("plain")),
        failed: StepName::new("sorry"),
    }
}

fn set(plan: &mut Centre, name: &str, action: Action) {
    let name = StepName::new(name);
    plan.steps.insert(name.clone(), Step { name, actions: vec![action] });
}

/// `400` sends its callers outside at once.
fn outside() -> Floor {
    Floor::with(|plan| set(plan, "spoken", Action::Transfer(transfer(NUMBER))))
}

fn out_leg(floor: &Floor, caller: &LegId) -> LegId {
    let Stage::Outside(outside) = floor.stage(caller) else { panic!("{floor}") };
    outside.leg.clone()
}

/// The number has answered, and both hear each other.
fn talking(floor: &mut Floor) -> (LegId, LegId) {
    let caller = floor.call("400");
    let leg = out_leg(floor, &caller);
    floor.tell(Input::LegAnswered { leg: leg.clone() });
    floor.tell(Input::LegsJoined { a: caller.clone(), b: leg.clone() });
    (caller, leg)
}

fn failed(floor: &Floor) -> Option<(TransferFailure, Option<StepName>)> {
    floor.facts.iter().rev().find_map(|fact| match fact {
        Fact::TransferFailed { how, to, .. } => Some((*how, to.clone())),
        _ => None,
    })
}

#[test]
fn the_caller_hears_the_number_ring_and_is_joined_when_it_answers() {
    let mut floor = outside();
    let caller = floor.call("400");
    let leg = out_leg(&floor, &caller);
    floor.asked(|act| matches!(act, Act::Answer { leg } if *leg == caller));
    floor.asked(|act| matches!(act, Act::StartRingback { leg } if *leg == caller));
    let (_, Act::Ring { station, from, ring_for, .. }) = floor.asked(|act| matches!(act, Act::Ring { .. })) else {
        panic!()
    };
    assert_eq!((station.as_str(), from.as_str(), ring_for), ("PJSIP/+8613800138000@trunk", "4001", secs(20)));
    floor.tell(Input::LegRinging { leg: leg.clone() });
    floor.tell(Input::LegAnswered { leg: leg.clone() });
    floor.asked(|act| matches!(act, Act::Connect { caller: of, agent } if *of == caller && *agent == leg));
    floor.tell(Input::LegsJoined { a: leg.clone(), b: caller.clone() });
    let Stage::Outside(outside) = floor.stage(&caller) else { panic!("{floor}") };
    assert_eq!(outside.stage, OutsideStage::Talking { since: NOON });
}

#[test]
fn the_call_is_over_when_either_hangs_up_and_no_abandon() {
    let mut floor = outside();
    let (caller, leg) = talking(&mut floor);
    floor.hangs_up(&leg);
    assert_eq!(floor.hung_up(), std::slice::from_ref(&caller), "{floor}");
    floor.hangs_up(&caller);
    let (caller, leg) = talking(&mut floor);
    floor.hangs_up(&caller);
    assert_eq!(floor.hung_up(), std::slice::from_ref(&leg), "{floor}");
    floor.hangs_up(&leg);
    assert_eq!(floor.outcomes(), [Outcome::TransferredOut; 2]);
    let kept = floor.core.kept();
    assert_eq!((kept.legs, kept.timers, kept.places), (0, 0, 0));
}

#[test]
fn a_number_that_does_not_answer_sends_the_caller_to_the_step_named_for_it() {
    let cases = [
        (Failure::Busy, TransferFailure::Busy, "sorry"),
        (Failure::NoAnswer, TransferFailure::NoAnswer, "plain"),
        (Failure::Rejected, TransferFailure::Refused, "sorry"),
        (Failure::Unreachable, TransferFailure::Unreachable, "sorry"),
    ];
    for (why, how, to) in cases {
        let mut floor = outside();
        let caller = floor.call("400");
        let leg = out_leg(&floor, &caller);
        floor.tell(Input::LegFailed { leg, why });
        assert_eq!(failed(&floor), Some((how, Some(StepName::new(to)))));
        assert_eq!(floor.of(&caller).walk.step().as_str(), to, "{floor}");
    }
}

#[test]
fn a_switch_that_says_nothing_or_would_not_ring_is_no_dead_end() {
    let mut floor = outside();
    let caller = floor.call("400");
    let leg = out_leg(&floor, &caller);
    floor.pass(secs(24));
    assert_eq!(failed(&floor), Some((TransferFailure::NoAnswer, Some(StepName::new("plain")))));
    let hung_up = floor.core.calls().any(|call| call.leg == caller && matches!(call.stage, Stage::Waiting { .. }));
    assert!(hung_up, "{floor}");
    floor.hangs_up(&leg);
    floor.hangs_up(&caller);
    let caller = floor.call("400");
    let (effect, _) = floor.asked(|act| matches!(act, Act::Ring { .. }));
    floor.tell(Input::EffectReturned { effect, how: Returned::Refused { why: Refusal::Cannot } });
    assert_eq!(floor.of(&caller).walk.step().as_str(), "sorry", "{floor}");
}

#[test]
fn a_caller_who_hangs_up_while_it_rings_left_in_the_dialplan_and_the_number_rings_no_more() {
    let mut floor = outside();
    let caller = floor.call("400");
    let leg = out_leg(&floor, &caller);
    floor.hangs_up(&caller);
    assert_eq!((floor.hung_up(), floor.outcomes()), (vec![leg.clone()], vec![Outcome::LeftInDialplan]));
    floor.tell(Input::LegAnswered { leg: leg.clone() });
    assert_eq!(floor.hung_up(), [leg], "answered as the caller gave up");
}

#[test]
fn only_what_the_list_of_today_allows_is_rung_and_no_more_often_than_its_caps_say() {
    let mut floor = Floor::with(|plan| set(plan, "spoken", Action::Transfer(transfer("1900123456"))));
    let caller = floor.call("400");
    assert_eq!(failed(&floor), Some((TransferFailure::NotAllowed, Some(StepName::new("sorry")))));
    assert!(!floor.effects.iter().any(|effect| matches!(effect.act, Act::Ring { .. })), "{floor}");
    floor.hangs_up(&caller);
    let mut floor = outside();
    for _ in 0..3 {
        floor.call("400");
    }
    assert_eq!(failed(&floor), None);
    floor.call("400");
    assert_eq!(failed(&floor).map(|(how, _)| how), Some(TransferFailure::TooMany));
    assert_eq!(floor.known.dialled.len(), 3);
}

#[test]
fn two_who_talk_for_too_long_are_parted() {
    let mut floor = outside();
    let (caller, leg) = talking(&mut floor);
    floor.pass(secs(599));
    assert!(floor.hung_up().is_empty());
    floor.pass(secs(1));
    assert_eq!(floor.hung_up(), [leg.clone(), caller.clone()], "{floor}");
    floor.hangs_up(&leg);
    floor.hangs_up(&caller);
    assert_eq!(floor.outcomes(), [Outcome::TransferredOut]);
}

#[test]
fn a_caller_sent_out_of_a_queue_in_vain_keeps_the_wait() {
    let mut floor = Floor::with(|plan| {
        let entry = |plan: &Centre| match plan.steps[&StepName::new("plain")].actions[0].clone() {
            Action::Queue(to) => to.entry,
            other => panic!("{other:?}"),
        };
        let to = |entry| Action::Queue(ToQueue { entry, needs_by_language: vec![], waiting: vec![] });
        let first = QueueEntry { otherwise: vec![(When::Waited(secs(60)), StepName::new("out"))], ..entry(plan) };
        let again = QueueEntry { keep_wait: true, ..entry(plan) };
        set(plan, "spoken", to(first));
        set(plan, "plain", to(again));
        set(plan, "out", Action::Transfer(transfer(NUMBER)));
    });
    let caller = floor.call("400");
    floor.pass(secs(60));
    let leg = out_leg(&floor, &caller);
    floor.tell(Input::LegFailed { leg, why: Failure::NoAnswer });
    let Stage::Waiting { place, .. } = floor.stage(&caller) else { panic!("{floor}") };
    assert_eq!(place.credit, secs(60), "{floor}");
}

fn caller_seen(leg: &LegId) -> LegSeen {
    LegSeen { to: PhoneNumber::new("400"), ..seen(leg) }
}

fn number_seen(leg: &LegId, up: LegUp) -> LegSeen {
    LegSeen { inbound: false, up, in_hand: up == LegUp::Up, ..seen(leg) }
}

#[test]
fn killed_while_it_rings_it_rings_on_and_killed_while_they_talk_they_talk_on() {
    let mut floor = outside();
    let caller = floor.call("400");
    let leg = out_leg(&floor, &caller);
    let (known, now) = (floor.known.clone(), floor.now + secs(1));
    let mut floor = Floor::again(floor, 2, known, now);
    let legs = vec![caller_seen(&caller), number_seen(&leg, LegUp::Ringing)];
    floor.tell(Input::SnapshotTaken { switch: pbx(), legs });
    floor.asked(|act| matches!(act, Act::StartRingback { .. }));
    assert!(!floor.effects.iter().any(|effect| matches!(effect.act, Act::Ring { .. })), "not rung twice: {floor}");
    // It answers while we are away.
    floor.tell(Input::LinkLost { switch: pbx() });
    let legs = vec![caller_seen(&caller), number_seen(&leg, LegUp::Up)];
    floor.tell(Input::SnapshotTaken { switch: pbx(), legs });
    floor.asked(|act| matches!(act, Act::Connect { .. }));
    floor.tell(Input::LegsJoined { a: caller.clone(), b: leg.clone() });

    let (known, now) = (floor.known.clone(), floor.now + secs(1));
    let mut floor = Floor::again(floor, 3, known, now);
    let joined = |of: &LegId, with: &LegId, inbound| LegSeen {
        joined_with: Some(with.clone()),
        in_hand: false,
        inbound,
        ..seen(of)
    };
    let legs = vec![joined(&caller, &leg, true), joined(&leg, &caller, false)];
    floor.tell(Input::SnapshotTaken { switch: pbx(), legs });
    assert!(floor.hung_up().is_empty(), "{:#?}", floor.effects);
    floor.hangs_up(&leg);
    floor.hangs_up(&caller);
    assert_eq!(floor.outcomes(), [Outcome::TransferredOut]);
}

#[test]
fn killed_and_the_number_gone_meanwhile_the_caller_goes_on() {
    let mut floor = outside();
    let caller = floor.call("400");
    let leg = out_leg(&floor, &caller);
    let (known, now) = (floor.known.clone(), floor.now + secs(1));
    let mut floor = Floor::again(floor, 2, known, now);
    floor.tell(Input::SnapshotTaken { switch: pbx(), legs: vec![caller_seen(&caller)] });
    floor.tell(Input::LegLookedAt { switch: pbx(), leg, seen: None });
    assert_eq!(failed(&floor), Some((TransferFailure::Unseen, Some(StepName::new("sorry")))), "{floor}");
}

#[test]
fn a_call_for_named_agents_waits_for_them_alone_and_goes_on_when_its_time_is_up() {
    let mut floor = Floor::with(|plan| {
        let Action::Queue(to) = plan.steps[&StepName::new("plain")].actions[0].clone() else { panic!() };
        let otherwise = vec![(When::Waited(secs(30)), StepName::new("plain"))];
        let entry =
            QueueEntry { agents: vec![AgentName::new("bob")], music: Some("jazz".into()), otherwise, ..to.entry };
        set(plan, "spoken", Action::Queue(ToQueue { entry, needs_by_language: vec![], waiting: vec![] }));
    });
    floor.login("ana");
    let caller = floor.call("400");
    floor.asked(|act| matches!(act, Act::StartMusic { class, .. } if class == "jazz"));
    assert!(matches!(floor.stage(&caller), Stage::Waiting { rings: None, .. }), "{floor}");
    floor.login("bob");
    assert_eq!(floor.state("bob").as_str(), "ringing", "{floor}");
    let phone = floor.ringing("bob");
    floor.tell(Input::LegFailed { leg: phone, why: Failure::Rejected });
    floor.pass(secs(29));
    assert_eq!(floor.state("ana").as_str(), "idle", "{floor}");
    floor.pass(secs(2));
    assert_eq!(floor.state("ana").as_str(), "ringing", "{floor}");
}

fn snapshot(legs: Vec<LegSeen>) -> Input {
    Input::SnapshotTaken { switch: pbx(), legs }
}

/// The caller's leg, and that of the number, which has been picked up.
fn answered() -> (Floor, LegId, LegId) {
    let mut floor = outside();
    let caller = floor.call("400");
    let leg = out_leg(&floor, &caller);
    floor.tell(Input::LegAnswered { leg: leg.clone() });
    (floor, caller, leg)
}

#[test]
fn two_who_are_not_joined_in_time_are_told_and_the_caller_goes_on() {
    let (mut floor, _, leg) = answered();
    let answers = floor.facts.iter().filter(|fact| matches!(fact, Fact::TransferAnswered { .. })).count();
    assert_eq!(answers, 1);
    floor.pass(secs(1));
    assert_eq!(failed(&floor), None);
    floor.pass(secs(1));
    assert_eq!(failed(&floor).map(|(how, _)| how), Some(TransferFailure::Unseen));
    assert_eq!((healed(&floor), floor.hung_up()), (1, vec![leg]));
}

#[test]
fn two_who_come_apart_with_nobody_hanging_up_are_joined_again_and_looked_at() {
    let mut floor = outside();
    let (caller, leg) = talking(&mut floor);
    floor.tell(Input::LegParted { leg: leg.clone() });
    assert_eq!(floor.effects, []);
    floor.pass(secs(1));
    let wanted = Act::Connect { caller: caller.clone(), agent: leg.clone() };
    assert_eq!((asks(&floor, |act| *act == wanted), healed(&floor)), (1, 1), "{:#?}", floor.effects);
    assert_eq!(asks(&floor, |act| matches!(act, Act::Look { leg: of } if *of == caller || *of == leg)), 2);
    // Back together in time, nobody is troubled.
    floor.tell(Input::LegParted { leg: leg.clone() }).tell(Input::LegsJoined { a: caller, b: leg }).pass(secs(1));
    assert_eq!(healed(&floor), 1);
}

#[test]
fn a_number_that_hangs_up_before_they_hear_each_other_was_a_refusal_and_one_that_is_gone_unheard_is_not() {
    let (mut floor, _, leg) = answered();
    floor.hangs_up(&leg);
    assert_eq!(failed(&floor).map(|(how, _)| how), Some(TransferFailure::Refused));
    assert_eq!(floor.hung_up(), [], "it is gone");
    let (mut floor, _, leg) = answered();
    floor.tell(Input::LegLookedAt { switch: pbx(), leg, seen: None });
    assert_eq!(failed(&floor).map(|(how, _)| how), Some(TransferFailure::Unseen));
}

#[test]
fn whoever_ends_a_conversation_outside_unheard_is_written_as_unseen() {
    for (seen, by) in [(true, EndedBy::Number), (false, EndedBy::Unseen)] {
        let mut floor = outside();
        let (caller, leg) = talking(&mut floor);
        match seen {
            true => floor.hangs_up(&leg),
            false => floor.tell(Input::LegLookedAt { switch: pbx(), leg, seen: None }),
        };
        floor.hangs_up(&caller);
        let ended = floor.facts.iter().any(|fact| matches!(fact, Fact::CallEnded { by: of, .. } if *of == by));
        assert!(ended, "{by:?}: {:#?}", floor.facts);
    }
    let mut floor = outside();
    let caller = floor.call("400");
    floor.tell(Input::LegLookedAt { switch: pbx(), leg: caller, seen: None });
    assert_eq!(floor.outcomes(), [Outcome::EndedUnseen], "and so is a caller who is gone while it rings");
}

#[test]
fn a_switch_that_would_not_ring_the_number_says_in_its_own_words_why() {
    for (why, told) in [(Refusal::Other("no such trunk".into()), 1), (Refusal::Cannot, 0)] {
        let mut floor = outside();
        floor.call("400");
        let (effect, _) = floor.asked(|act| matches!(act, Act::Ring { .. }));
        floor.tell(Input::EffectReturned { effect, how: Returned::Refused { why } });
        assert_eq!((failed(&floor).map(|(how, _)| how), healed(&floor)), (Some(TransferFailure::Unreachable), told));
    }
}

#[test]
fn steps_that_send_a_caller_from_one_refused_number_to_the_next_are_left_in_the_end() {
    let mut floor = Floor::with(|plan| {
        let to = |step: &str| Transfer { failed: StepName::new(step), ..transfer("1900123456") };
        set(plan, "spoken", Action::Transfer(to("plain")));
        set(plan, "plain", Action::Transfer(to("spoken")));
    });
    let caller = floor.call("400");
    assert_eq!(floor.hung_up(), [caller], "{floor}");
    assert_eq!(healed(&floor), 1);
}

#[test]
fn after_an_outage_the_two_are_put_where_they_were() {
    let up = |leg: &LegId| number_seen(leg, LegUp::Up);
    // It rings still: the caller hears that again, and once.
    let mut floor = outside();
    let caller = floor.call("400");
    let leg = out_leg(&floor, &caller);
    floor.tell(Input::LinkLost { switch: pbx() }).tell(snapshot(vec![caller_seen(&caller)]));
    assert_eq!(asks(&floor, |act| matches!(act, Act::StartRingback { .. })), 1);
    assert_eq!(asks(&floor, |act| matches!(act, Act::Look { leg: of } if *of == leg)), 1);
    let on_its_way = LegSeen { in_hand: false, ..up(&leg) };
    floor.tell(Input::LegLookedAt { switch: pbx(), leg: leg.clone(), seen: Some(on_its_way.clone()) });
    assert_eq!(asks(&floor, |act| matches!(act, Act::Connect { .. })), 0, "up, and not in our hands yet");
    floor.tell(Input::LinkLost { switch: pbx() }).tell(snapshot(vec![caller_seen(&caller), on_its_way]));
    assert_eq!(asks(&floor, |act| matches!(act, Act::Connect { .. })), 0);
    floor.tell(Input::LegLookedAt { switch: pbx(), leg: leg.clone(), seen: Some(up(&leg)) });
    assert_eq!(asks(&floor, |act| matches!(act, Act::Connect { .. })), 1);
    // On their way to each other: ordered again, or found together.
    floor.tell(Input::LinkLost { switch: pbx() }).tell(snapshot(vec![caller_seen(&caller), up(&leg)]));
    assert_eq!(asks(&floor, |act| matches!(act, Act::Connect { .. })), 1);
    floor.tell(Input::LinkLost { switch: pbx() }).tell(snapshot(vec![caller_seen(&caller)]));
    assert_eq!(asks(&floor, |act| matches!(act, Act::StartRingback { .. })), 0, "it was picked up");
    let together = LegSeen { joined_with: Some(caller.clone()), in_hand: false, ..up(&leg) };
    floor.tell(Input::LegLookedAt { switch: pbx(), leg: leg.clone(), seen: Some(together) });
    let connected = |floor: &Floor| floor.facts.iter().any(|fact| matches!(fact, Fact::TransferConnected { .. }));
    assert!(connected(&floor));
    // They talk, and are apart.
    floor.tell(Input::LinkLost { switch: pbx() }).tell(snapshot(vec![caller_seen(&caller), up(&leg)]));
    assert_eq!((asks(&floor, |act| matches!(act, Act::Connect { .. })), healed(&floor)), (1, 1));
}

#[test]
fn a_look_at_the_caller_who_was_sent_out_finds_them_together_or_looks_at_the_number() {
    let (mut floor, caller, leg) = answered();
    floor.tell(Input::LegLookedAt { switch: pbx(), leg: caller.clone(), seen: Some(caller_seen(&caller)) });
    assert_eq!(asks(&floor, |act| matches!(act, Act::Look { leg: of } if *of == leg)), 1);
    let away = LegSeen { in_hand: false, ..caller_seen(&caller) };
    floor.tell(Input::LegLookedAt { switch: pbx(), leg: caller.clone(), seen: Some(away.clone()) });
    assert_eq!(floor.effects, []);
    let together = LegSeen { joined_with: Some(leg), ..away };
    floor.tell(Input::LegLookedAt { switch: pbx(), leg: caller.clone(), seen: Some(together) });
    let Stage::Outside(outside) = floor.stage(&caller) else { panic!("{floor}") };
    assert!(matches!(outside.stage, OutsideStage::Talking { .. }), "{floor}");
}
