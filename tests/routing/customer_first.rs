//! Call-backs where whoever is owed one is rung before an agent is.

use cordboard::routing::agent::AgentState;
use cordboard::routing::call::Stage;
use cordboard::routing::dial::DialEnd;
use cordboard::routing::fact::Outcome;
use cordboard::routing::ids::*;
use cordboard::routing::promise::{Broken, First, PromiseStage};
use cordboard::routing::tag::{Place, Tags};
use cordboard::routing::{Act, Fact, Failure, Input, LegSeen, LegUp, Refusal, Refused, Returned};

use crate::floor::*;
use crate::promises::*;

/// As `offering`, where whoever is owed a call is rung before an agent is, and begins in a step that speaks.
fn customer_first() -> Floor {
    Floor::with(|plan| {
        offers(plan);
        let service = plan.queues.get_mut(&QueueName::new("service")).expect("a queue");
        service.call_back.first = First::Customer { start: StepName::new("spoken") };
    })
}

/// Promised, and ana is there: the number rings, on this leg.
fn customer_rings() -> (Floor, LegId, LegId) {
    let mut floor = customer_first();
    let caller = floor.call("100");
    floor.pass(secs(10));
    presses(&mut floor, &caller);
    floor.hangs_up(&caller);
    floor.login("ana");
    let leg = rung(&floor);
    (floor, caller, leg)
}

/// The customer has picked up, has heard the greeting, and is in the queue.
fn customer_waits() -> (Floor, LegId) {
    let (mut floor, _, leg) = customer_rings();
    floor.tell(Input::LegAnswered { leg: leg.clone() });
    let (effect, _) = floor.asked(|act| matches!(act, Act::Play { leg: of, .. } if *of == leg));
    floor.tell(Input::EffectReturned { effect, how: Returned::Done });
    (floor, leg)
}

#[test]
fn the_customer_is_rung_first_and_is_a_caller_at_the_place_of_the_promise_when_they_pick_up() {
    let (mut floor, _, leg) = customer_rings();
    let owed = promise(&floor);
    assert_eq!((floor.state("ana"), dials(&floor)), (AgentState::Idle, 0), "no agent listens to it ringing");
    let tagged = |act: &Act| matches!(act, Act::Ring { leg: of, from, .. } if *of == leg && from.as_str() == "4001");
    floor.asked(tagged);
    floor.pass(secs(8)).tell(Input::LegAnswered { leg: leg.clone() });
    assert_eq!(floor.of(&leg).walk.step().as_str(), "spoken", "and hears who calls");
    let (effect, _) = floor.asked(|act| matches!(act, Act::Play { .. }));
    floor.pass(secs(2)).tell(Input::EffectReturned { effect, how: Returned::Done });
    let Stage::Waiting { place, .. } = floor.stage(&leg).clone() else { panic!("{floor}") };
    assert_eq!((place.joined, place.credit), (owed.joined, owed.credit), "the place that was promised");
    assert_eq!(floor.state("ana"), AgentState::Ringing, "at once");
    floor.talks("ana", &leg);
    let kept = |fact: &Fact| matches!(fact, Fact::PromiseKept { agent, .. } if agent.as_str() == "ana");
    assert!(floor.facts.iter().any(kept), "{floor}");
    assert_eq!(floor.core.promises().count(), 0);
    floor.hangs_up(&leg);
    assert_eq!(floor.outcomes(), [Outcome::PromisedCallBack, Outcome::Answered]);
    assert_eq!((floor.agent("ana").served.calls, broken(&floor)), (1, vec![]));
}

#[test]
fn an_agent_stands_for_one_number_at_a_time_and_is_kept_from_no_caller_meanwhile() {
    let mut floor = customer_first();
    floor.tell(asked_by("lead", NUMBER, None)).tell(asked_by("lead", "13900139001", None));
    floor.login("ana");
    let stages = |floor: &Floor| floor.core.promises().map(|of| of.stage.as_str()).collect::<Vec<_>>();
    assert_eq!(stages(&floor), ["dialling", "waiting"], "as many ring as agents are free");
    floor.login("ben");
    assert_eq!(stages(&floor), ["dialling", "dialling"]);
    let caller = floor.call("300");
    assert_eq!(floor.of(&caller).stage.word().as_str(), "ringing", "nobody is idle while a number rings");
}

#[test]
fn who_picks_up_while_the_agent_has_taken_another_caller_waits_with_music_and_is_next() {
    let (mut floor, _, leg) = customer_rings();
    let other = floor.call("300");
    floor.talks("ana", &other);
    let third = floor.call("300");
    floor.tell(Input::LegAnswered { leg: leg.clone() });
    let (effect, _) = floor.asked(|act| matches!(act, Act::Play { .. }));
    floor.tell(Input::EffectReturned { effect, how: Returned::Done });
    floor.asked(|act| matches!(act, Act::StartMusic { leg: of, .. } if *of == leg));
    // The step of a caller has a rule for who has waited a minute; whoever we called waits for an agent.
    floor.pass(secs(50)).login("ben");
    assert_eq!(floor.of(&leg).stage.word().as_str(), "ringing", "{floor}");
    assert_eq!(floor.of(&third).stage.word().as_str(), "waiting", "who came after the promise");
}

#[test]
fn a_customer_who_does_not_answer_is_tried_again_by_the_queues_rule_and_then_given_up() {
    for (why, how) in [(Failure::Busy, DialEnd::Busy), (Failure::NoAnswer, DialEnd::NoAnswer)] {
        let (mut floor, _, leg) = customer_rings();
        floor.tell(Input::LegFailed { leg, why });
        let rests = promise(&floor);
        assert_eq!((rests.stage, rests.tries), (PromiseStage::Resting { until: floor.now + secs(60) }, 1));
        let rest = |fact: &Fact| matches!(fact, Fact::PromiseRests { after, .. } if *after == how);
        assert!(floor.facts.iter().any(rest), "{:#?}", floor.facts);
        floor.pass(secs(60));
        let leg = rung(&floor);
        floor.tell(Input::LegFailed { leg, why });
        assert_eq!((broken(&floor), floor.state("ana")), (vec![Broken::NotReached], AgentState::Idle));
    }
}

#[test]
fn a_customer_who_hangs_up_before_an_agent_is_heard_is_owed_the_call_still() {
    let (mut floor, leg) = customer_waits();
    floor.hangs_up(&leg);
    assert_eq!((promise(&floor).tries, broken(&floor)), (1, vec![]), "a try, as one that was not answered");
    assert_eq!(promise(&floor).stage, PromiseStage::Resting { until: floor.now + secs(60) });
    floor.pass(secs(1));
    assert_eq!(floor.state("ana"), AgentState::Idle, "{floor}");
}

#[test]
fn nobody_is_rung_twice_while_the_customer_is_on_the_line() {
    let (mut floor, leg) = customer_waits();
    floor.login("ben");
    assert_eq!(promise(&floor).stage.as_str(), "picked_up");
    let id = promise(&floor).id;
    floor.tell(Input::PromiseCancelled { promise: id, by: AgentName::new("lead") });
    assert_eq!(floor.refused, Some(Refused::BeingKept { promise: id }));
    floor.tell(asked_by("lead", "13800138000", None));
    assert!(matches!(floor.refused, Some(Refused::PromisedAlready { .. })), "{:?}", floor.refused);
    presses(&mut floor, &leg);
    assert_eq!(floor.core.promises().count(), 1);
    let rings = floor.facts.iter().filter(|fact| matches!(fact, Fact::CustomerRung { .. })).count();
    assert_eq!(rings, 1);
}

#[test]
fn taken_back_while_the_customers_telephone_rings_it_stops() {
    let (mut floor, _, leg) = customer_rings();
    floor.tell(Input::PromiseCancelled { promise: promise(&floor).id, by: AgentName::new("lead") });
    assert_eq!((floor.hung_up(), broken(&floor)), (vec![leg.clone()], vec![Broken::Cancelled]));
    // The pick-up crossed the hang-up.
    floor.tell(Input::LegAnswered { leg: leg.clone() });
    assert_eq!(floor.hung_up(), [leg]);
}

#[test]
fn a_number_that_rang_at_a_kill_is_found_ringing_or_answered_or_was_a_try() {
    for picked_up in [Some(false), Some(true), None] {
        let (floor, _, leg) = customer_rings();
        let (now, known) = (floor.now, floor.known.clone());
        let mut again = Floor::again(floor, 2, known, now + secs(3));
        let here = picked_up.map(|up| LegSeen {
            up: if up { LegUp::Up } else { LegUp::Ringing },
            in_hand: up,
            inbound: false,
            ..seen(&leg)
        });
        again.tell(Input::SnapshotTaken { switch: pbx(), legs: here.into_iter().collect() });
        assert_eq!(dials(&again), 0);
        assert!(!again.facts.iter().any(|fact| matches!(fact, Fact::CustomerRung { .. })), "not rung twice");
        match picked_up {
            Some(false) => assert_eq!(promise(&again).stage.as_str(), "dialling"),
            Some(true) => assert_eq!(again.of(&leg).walk.step().as_str(), "spoken", "{again}"),
            None => {
                again.tell(Input::LegLookedAt { switch: pbx(), leg, seen: None });
                assert_eq!((promise(&again).stage.as_str(), promise(&again).tries), ("resting", 1));
            }
        }
    }
}

#[test]
fn a_customer_who_waits_at_a_kill_keeps_the_place_and_goes_to_the_agent_afterwards() {
    let (floor, leg) = customer_waits();
    let (now, known, joined) = (floor.now, floor.known.clone(), promise(&floor).joined);
    let mut again = Floor::again(floor, 2, known, now + secs(3));
    let phone = again.agent("ana").work.call();
    assert!(phone.is_some(), "{again}");
    again.tell(Input::SnapshotTaken { switch: pbx(), legs: vec![LegSeen { inbound: false, ..seen(&leg) }] });
    let Stage::Waiting { place, .. } = again.stage(&leg).clone() else { panic!("{again}") };
    assert_eq!((place.joined, promise(&again).stage.as_str()), (joined, "picked_up"));
    assert_eq!(again.core.promises().count(), 1);
}

#[test]
fn a_customer_who_is_promised_an_agent_is_rung_when_that_agent_is_free_and_goes_to_them() {
    let mut floor = customer_first();
    let mut asked = asked_by("lead", NUMBER, None);
    if let Input::CallBackAsked { agent, .. } = &mut asked {
        *agent = Some(AgentName::new("ana"));
    }
    floor.login("ana").login("ben");
    let caller = floor.call("100");
    floor.talks("ana", &caller);
    floor.tell(asked);
    assert_eq!(promise(&floor).stage, PromiseStage::Waiting, "ana has a caller, and will be free");
    floor.hangs_up(&caller).pass(secs(10));
    floor.hangs_up(&floor.agent("ana").leg.clone().unwrap_or_else(|| LegId::new("gone")));
    let leg = rung_for(&floor);
    floor.tell(Input::LegAnswered { leg: leg.clone() });
    let (effect, _) = floor.asked(|act| matches!(act, Act::Play { .. }));
    floor.tell(Input::EffectReturned { effect, how: Returned::Done });
    assert_eq!((floor.state("ana"), floor.state("ben")), (AgentState::Ringing, AgentState::Idle), "{floor}");
}

/// The leg of the customer who is rung.
fn rung_for(floor: &Floor) -> LegId {
    let legs: Vec<LegId> = floor.core.reaches().map(|reach| reach.leg.clone()).collect();
    assert_eq!(legs.len(), 1, "{floor}");
    legs[0].clone()
}

/// A switch that would not ring the number, for this reason.
fn refused(why: Refusal) -> Floor {
    let (mut floor, _, _) = customer_rings();
    let (effect, _) = floor.asked(|act| matches!(act, Act::Ring { .. }));
    floor.tell(Input::EffectReturned { effect, how: Returned::Refused { why } });
    floor
}

fn snapshot(legs: Vec<LegSeen>) -> Input {
    Input::SnapshotTaken { switch: pbx(), legs }
}

#[test]
fn a_switch_that_would_not_ring_the_customer_is_a_try_and_says_in_its_own_words_why() {
    let floor = refused(Refusal::Other("no such trunk".into()));
    assert_eq!((promise(&floor).tries, promise(&floor).stage.as_str(), healed(&floor)), (1, "resting", 1));
    let floor = refused(Refusal::Cannot);
    assert_eq!((promise(&floor).tries, healed(&floor)), (1, 0));
}

#[test]
fn a_customers_telephone_of_which_nothing_more_is_heard_is_hung_up_a_little_after_its_time() {
    let (mut floor, _, leg) = customer_rings();
    let began = floor.now;
    floor.pass(secs(32));
    assert_eq!((promise(&floor).stage.as_str(), floor.hung_up().len()), ("dialling", 0));
    floor.pass(secs(1));
    assert_eq!(floor.hung_up(), std::slice::from_ref(&leg));
    let rests = floor.facts.iter().any(|fact| matches!(fact, Fact::PromiseRests { after: DialEnd::NoAnswer, .. }));
    assert!(rests && promise(&floor).tries == 1, "{:#?}", floor.facts);
    // And the same where a start remembers it.
    let (floor, _, leg) = customer_rings();
    assert_eq!(floor.now, began);
    let known = floor.known.clone();
    let mut again = Floor::again(floor, 2, known, began);
    let rings = LegSeen { up: LegUp::Ringing, in_hand: false, inbound: false, ..seen(&leg) };
    again.tell(snapshot(vec![rings])).pass(secs(32));
    assert_eq!(again.hung_up(), []);
    again.pass(secs(1));
    assert_eq!((again.hung_up(), promise(&again).tries), (vec![leg], 1));
}

#[test]
fn an_agent_who_has_kept_a_promise_stands_for_no_number_any_more_and_nothing_is_waited_for() {
    let (mut floor, leg) = customer_waits();
    assert!(floor.agent("ana").counted_on.is_some());
    floor.talks("ana", &leg);
    assert_eq!(floor.agent("ana").counted_on, None);
    let phone = floor.agent("ana").leg.clone().expect("a leg");
    floor.hangs_up(&leg).hangs_up(&phone).pass(secs(10));
    assert_eq!(floor.state("ana"), AgentState::Idle);
    assert!(floor.keeps_nothing(), "{:?}", floor.core.kept());
}

#[test]
fn an_agent_is_free_for_the_next_number_when_the_first_is_not_reached_or_its_customer_has_gone() {
    let (mut floor, _, leg) = customer_rings();
    floor.tell(asked_by("lead", "13900139001", None));
    assert_eq!(floor.core.reaches().count(), 1);
    floor.tell(Input::LegFailed { leg: leg.clone(), why: Failure::Busy });
    assert_eq!(floor.core.reaches().count(), 1, "the other rings now: {floor}");
    assert_ne!(rung_for(&floor), leg);
    let (mut floor, leg) = customer_waits();
    floor.tell(asked_by("lead", "13900139001", None));
    assert_eq!(floor.core.reaches().count(), 0);
    floor.hangs_up(&leg);
    let phone = floor.agent("ana").leg.clone().expect("it rang");
    floor.hangs_up(&phone);
    assert_eq!(floor.core.reaches().count(), 1, "{floor}");
}

#[test]
fn who_stands_for_a_number_at_a_kill_stands_for_it_and_for_no_other_afterwards() {
    let (floor, _, leg) = customer_rings();
    let (known, now) = (floor.known.clone(), floor.now);
    let mut again = Floor::again(floor, 2, known, now);
    let rings = LegSeen { up: LegUp::Ringing, in_hand: false, inbound: false, ..seen(&leg) };
    again.tell(snapshot(vec![rings])).tell(asked_by("lead", "13900139001", None));
    assert_eq!(rung_for(&again), leg, "one agent, one number");
    again.login("ben");
    assert_eq!(again.core.reaches().count(), 2);
    let (mut floor, leg) = customer_waits();
    let phone = floor.ringing("ana");
    floor.tell(Input::LegFailed { leg: phone, why: Failure::Busy });
    let (known, now) = (floor.known.clone(), floor.now);
    let again = Floor::again(floor, 2, known, now);
    assert_eq!(again.agent("ana").counted_on, Some(again.of(&leg).id), "who is on the line counts on her");
}

#[test]
fn a_number_that_rang_when_the_link_went_is_looked_at_or_answered_only_where_it_is_in_our_hands() {
    let (mut floor, _, leg) = customer_rings();
    let here = |up, in_hand| LegSeen { up, in_hand, inbound: false, ..seen(&leg) };
    for (up, in_hand) in [(LegUp::Ringing, true), (LegUp::Up, false)] {
        floor.tell(Input::LinkLost { switch: pbx() }).tell(snapshot(vec![here(up, in_hand)]));
        assert_eq!(promise(&floor).stage.as_str(), "dialling", "{up:?} {in_hand}");
    }
    floor.tell(Input::SnapshotTaken { switch: SwitchName::new("other"), legs: vec![] });
    assert_eq!(floor.effects, [], "another switch says nothing of it");
    floor.tell(Input::LinkLost { switch: pbx() }).tell(snapshot(vec![]));
    floor.asked(|act| matches!(act, Act::Look { leg: of } if *of == leg));
    floor.tell(Input::LegLookedAt { switch: pbx(), leg: leg.clone(), seen: Some(here(LegUp::Up, true)) });
    assert_eq!(promise(&floor).stage.as_str(), "picked_up", "{floor}");
}

#[test]
fn a_customer_who_picks_up_where_no_step_is_left_to_begin_in_is_hung_up_and_owed_the_call_still() {
    let (floor, _, leg) = customer_rings();
    let mut known = floor.known.clone();
    known.reaches.values_mut().for_each(|reach| reach.step = StepName::new("torn down"));
    let now = floor.now;
    let mut again = Floor::again(floor, 2, known, now);
    again.tell(snapshot(vec![LegSeen { inbound: false, ..seen(&leg) }]));
    assert_eq!((again.hung_up(), healed(&again), promise(&again).tries), (vec![leg], 1, 1));
}

#[test]
fn a_customer_whose_place_was_not_yet_on_the_disk_has_the_one_that_was_promised() {
    let (mut floor, _, leg) = customer_rings();
    floor.pass(secs(2)).tell(Input::LegAnswered { leg: leg.clone() });
    let (call, known, now, joined) = (floor.of(&leg).id, floor.known.clone(), floor.now, promise(&floor).joined);
    assert!(joined < now, "older than the call that keeps it");
    let mut again = Floor::again(floor, 2, known, now);
    let place = Place::Waiting {
        version: VersionHash::new("v1"),
        step: StepName::new("spoken"),
        language: "en".into(),
        queue: QueueName::new("service"),
        joined,
        credit: secs(0),
    };
    let tags = Some(Tags { centre: CentreName::new("demo"), call, epoch: Epoch(1), place });
    again.tell(snapshot(vec![LegSeen { inbound: false, tags, ..seen(&leg) }]));
    let Stage::Waiting { place, .. } = again.stage(&leg).clone() else { panic!("{again}") };
    assert_eq!(place.joined, joined);
}
