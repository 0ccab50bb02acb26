//! Several phones that ring for one call: who is rung, who has it, and that nobody else suffers.

use std::sync::Arc;

use cordboard::routing::agent::AgentState;
use cordboard::routing::call::Stage;
use cordboard::routing::fact::{OfferEnd, Outcome, Reasons, Rule};
use cordboard::routing::ids::*;
use cordboard::routing::queue::QueueRules;
use cordboard::routing::{Act, Fact, Failure, HangUpCause, Input, LegSeen, LegUp, Returned, Strategy};

use crate::floor::*;

fn floor(strategy: Strategy) -> Floor {
    Floor::with(|plan| service(plan, strategy))
}

fn service(plan: &mut cordboard::dialplan::Centre, strategy: Strategy) {
    let name = QueueName::new("service");
    plan.queues.insert(name.clone(), QueueRules { strategy, wrap_up: Some(secs(0)), ..QueueRules::named(name) });
}

/// A floor on which these are idle, the first longest.
fn with(strategy: Strategy, agents: &[&str]) -> Floor {
    let mut floor = floor(strategy);
    for agent in agents {
        floor.login(agent).pass(secs(1));
    }
    floor
}

fn rung(floor: &Floor, agents: &[&str]) -> Vec<bool> {
    agents.iter().map(|agent| floor.state(agent) == AgentState::Ringing).collect()
}

/// How each offer ended since the facts were last cleared.
fn ends(floor: &Floor) -> Vec<(String, OfferEnd)> {
    let ended = floor.facts.iter().filter_map(|fact| match fact {
        Fact::OfferEnded { agent, how, .. } => Some((agent.to_string(), *how)),
        _ => None,
    });
    ended.collect()
}

fn reasons(floor: &Floor) -> Vec<Reasons> {
    let made = floor.facts.iter().filter_map(|fact| match fact {
        Fact::OfferMade { reasons, .. } => Some(reasons.clone()),
        _ => None,
    });
    made.collect()
}

/// The switch says that the phone of somebody who was taken back has stopped.
fn stops(floor: &mut Floor, agent: &str) {
    let leg = floor.agent(agent).leg.clone().expect("a leg that is being hung up");
    floor.tell(Input::LegFailed { leg, why: Failure::Withdrawn });
}

fn elsewhere(floor: &Floor) -> Vec<LegId> {
    let hung_up = floor.effects.iter().filter_map(|effect| match &effect.act {
        Act::HangUp { leg, cause: HangUpCause::TakenElsewhere } => Some(leg.clone()),
        _ => None,
    });
    hung_up.collect()
}

#[test]
fn as_many_phones_ring_as_the_queue_says_of_those_idle_longest() {
    let mut floor = with(Strategy::RingSeveral(3), &["ana", "bo", "cy", "dee"]);
    floor.call("100");
    assert_eq!(rung(&floor, &["ana", "bo", "cy", "dee"]), [true, true, true, false], "{floor}");
    let reasons = reasons(&floor);
    assert_eq!(reasons.iter().map(|why| why.rule).collect::<Vec<_>>(), [Rule::RingSeveral; 3]);
    assert_eq!(reasons.iter().map(|why| why.others).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(reasons[2].together, ["ana", "bo"].map(AgentName::new));
}

#[test]
fn by_ring_all_everybody_who_may_take_the_call_is_rung_and_nobody_else() {
    let mut floor = with(Strategy::RingAll, &["ana", "bo", "cy"]);
    floor.login_with("eve", &["service"], &[("english", 2)]).login_with("fay", &["service"], &[("english", 2)]);
    floor.call("200");
    assert_eq!(rung(&floor, &["ana", "bo", "cy", "eve", "fay"]), [false, false, false, true, true], "{floor}");
}

#[test]
fn by_ring_all_no_more_than_thirty_are_rung_and_they_are_named_by_three() {
    let mut floor = floor(Strategy::RingAll);
    for n in 0..40 {
        floor.login(&format!("agent{n:02}"));
    }
    let caller = floor.call("100");
    assert_eq!(floor.of(&caller).rings(), 30);
    let last = reasons(&floor).pop().expect("a ring");
    assert_eq!((last.others, last.together.len()), (29, 3));
    let seen = floor.core.floor(floor.now);
    assert_eq!((seen.calls[0].agent.is_some(), seen.calls[0].also_rung.len()), (true, 29));
}

#[test]
fn the_first_to_answer_has_the_call_and_the_others_have_missed_nothing() {
    let mut floor = with(Strategy::RingSeveral(3), &["ana", "bo", "cy"]);
    let caller = floor.call("100");
    let (ana, cy) = (floor.ringing("ana"), floor.ringing("cy"));
    floor.facts.clear();
    floor.picks_up("bo");
    assert_eq!(elsewhere(&floor), [ana, cy], "they stop in the same breath");
    assert_eq!(
        ends(&floor),
        [("ana".to_owned(), OfferEnd::AnsweredElsewhere), ("cy".to_owned(), OfferEnd::AnsweredElsewhere)]
    );
    let bo = floor.agent("bo").leg.clone().expect("a leg");
    floor.tell(Input::LegsJoined { a: caller.clone(), b: bo });
    assert!(matches!(floor.stage(&caller), Stage::Talking { agent, .. } if agent.as_str() == "bo"), "{floor}");
    for agent in ["ana", "cy"] {
        stops(&mut floor, agent);
        assert_eq!(floor.state(agent), AgentState::Idle);
        assert_eq!(floor.agent(agent).served.missed, 0);
    }
    floor.call("100");
    assert_eq!(rung(&floor, &["ana", "cy"]), [true, true], "and are rung for the next call");
}

#[test]
fn of_two_phones_picked_up_in_the_same_instant_the_second_is_hung_up_and_its_agent_is_free_again() {
    let mut floor = with(Strategy::RingSeveral(2), &["ana", "bo"]);
    let caller = floor.call("100");
    let (ana, bo) = (floor.ringing("ana"), floor.ringing("bo"));
    floor.picks_up("ana");
    // Heard before the order to hang up has reached the phone.
    floor.tell(Input::LegAnswered { leg: bo.clone() });
    assert_eq!(floor.hung_up(), std::slice::from_ref(&bo));
    assert!(!floor.effects.iter().any(|effect| matches!(effect.act, Act::Connect { .. })), "{:#?}", floor.effects);
    floor.tell(Input::LegsJoined { a: caller.clone(), b: ana });
    floor.tell(Input::LegHungUp { leg: bo });
    assert!(matches!(floor.stage(&caller), Stage::Talking { agent, .. } if agent.as_str() == "ana"), "{floor}");
    assert_eq!(floor.state("bo"), AgentState::Idle);
    assert!(floor.agent("bo").is_free());
}

#[test]
fn a_joining_that_is_told_before_the_pick_up_ends_the_other_rings_too() {
    let mut floor = with(Strategy::RingSeveral(2), &["ana", "bo"]);
    let caller = floor.call("100");
    let (ana, bo) = (floor.ringing("ana"), floor.ringing("bo"));
    floor.tell(Input::LegsJoined { a: caller.clone(), b: bo });
    assert!(matches!(floor.stage(&caller), Stage::Talking { agent, .. } if agent.as_str() == "bo"), "{floor}");
    assert_eq!(elsewhere(&floor), [ana]);
}

#[test]
fn all_phones_stop_when_the_caller_hangs_up() {
    let mut floor = with(Strategy::RingAll, &["ana", "bo", "cy"]);
    let caller = floor.call("100");
    floor.facts.clear();
    floor.hangs_up(&caller);
    assert_eq!(elsewhere(&floor).len(), 3);
    assert!(ends(&floor).iter().all(|(_, how)| *how == OfferEnd::CallerGone), "{:?}", ends(&floor));
    assert_eq!(floor.outcomes(), [Outcome::Abandoned]);
    for agent in ["ana", "bo", "cy"] {
        stops(&mut floor, agent);
    }
    let kept = floor.core.kept();
    assert_eq!((kept.legs, kept.offers, kept.places, kept.timers), (0, 0, 0, 0), "{kept:?}");
}

#[test]
fn who_rejects_is_the_only_one_who_missed_it_and_another_is_rung_instead() {
    let mut floor = with(Strategy::RingSeveral(2), &["ana", "bo", "cy"]);
    let caller = floor.call("100");
    let leg = floor.ringing("ana");
    floor.facts.clear();
    floor.tell(Input::LegFailed { leg, why: Failure::Rejected });
    assert_eq!(ends(&floor), [("ana".to_owned(), OfferEnd::Rejected)]);
    assert_eq!(floor.state("ana"), AgentState::Missed);
    assert_eq!(rung(&floor, &["bo", "cy"]), [true, true], "{floor}");
    assert_eq!(floor.of(&caller).rings(), 2);
}

#[test]
fn who_does_not_answer_has_missed_it_each_for_themselves_and_the_caller_keeps_the_place() {
    let mut floor = with(Strategy::RingAll, &["ana", "bo"]);
    let caller = floor.call("100");
    floor.pass(secs(15));
    for agent in ["ana", "bo"] {
        let leg = floor.ringing(agent);
        floor.tell(Input::LegFailed { leg, why: Failure::NoAnswer });
        assert_eq!(floor.state(agent), AgentState::Missed);
        assert_eq!(floor.agent(agent).served.missed, 1);
    }
    assert!(matches!(floor.stage(&caller), Stage::Waiting { rings: None, doubt: false, .. }), "{floor}");
    floor.login("cy");
    assert_eq!(floor.of(&caller).rings(), 1);
}

#[test]
fn while_fewer_ring_than_may_whoever_comes_free_is_rung_too() {
    let mut floor = with(Strategy::RingSeveral(3), &["ana"]);
    let caller = floor.call("100");
    floor.pass(secs(2)).login("bo");
    floor.login("cy").login("dee");
    assert_eq!(rung(&floor, &["ana", "bo", "cy", "dee"]), [true, true, true, false], "{floor}");
    assert_eq!(reasons(&floor).last().map(|why| (why.rule, why.others)), Some((Rule::FirstInQueue, 2)));
    let leg = floor.ringing("bo");
    floor.tell(Input::LegFailed { leg, why: Failure::Busy });
    assert_eq!(floor.state("dee"), AgentState::Ringing);
    assert_eq!(floor.of(&caller).rings(), 3);
}

#[test]
fn a_call_for_which_nobody_rings_goes_before_another_ring_of_an_earlier_one() {
    let mut floor = with(Strategy::RingAll, &["ana"]);
    let first = floor.call("100");
    floor.pass(secs(1));
    let second = floor.call("100");
    floor.login("bo");
    assert_eq!((floor.of(&first).rings(), floor.of(&second).rings()), (1, 1), "{floor}");
    floor.login("cy");
    assert_eq!((floor.of(&first).rings(), floor.of(&second).rings()), (2, 1), "and then goes who came first");
}

#[test]
fn a_ring_beside_others_is_taken_back_for_a_caller_for_whom_nobody_rings() {
    let mut floor = with(Strategy::RingAll, &["ana", "bo", "cy"]);
    let first = floor.call("100");
    floor.pass(secs(2)).facts.clear();
    let second = floor.call("100");
    let third = floor.call("100");
    // One at a time: the phone that stops is for the second, and the third has its turn when that one rings.
    assert_eq!(ends(&floor), [("cy".to_owned(), OfferEnd::Withdrawn)], "the latest ring, and the first caller's go on");
    stops(&mut floor, "cy");
    assert_eq!((floor.of(&second).rings(), floor.state("cy")), (1, AgentState::Ringing), "{floor}");
    assert_eq!(ends(&floor).last(), Some(&("bo".to_owned(), OfferEnd::Withdrawn)));
    stops(&mut floor, "bo");
    let rings = [&first, &second, &third].map(|caller| floor.of(caller).rings());
    assert_eq!(rings, [1, 1, 1], "{floor}");
    let fourth = floor.call("100");
    assert_eq!(floor.of(&fourth).rings(), 0, "the last ring of a caller is nobody else's");
    assert_eq!(ends(&floor).len(), 2);
}

#[test]
fn no_ring_is_taken_back_for_a_caller_whom_its_agent_cannot_take() {
    let mut floor = with(Strategy::RingAll, &["ana", "bo"]);
    let first = floor.call("100");
    let english = floor.call("200");
    assert_eq!((floor.of(&first).rings(), floor.of(&english).rings()), (2, 0), "{floor}");
    assert_eq!(ends(&floor), []);
}

#[test]
fn who_logs_out_stops_ringing_and_the_others_ring_on() {
    let mut floor = with(Strategy::RingAll, &["ana", "bo"]);
    let caller = floor.call("100");
    let ana = AgentName::new("ana");
    floor.tell(Input::AgentLoggedOut { agent: ana.clone(), by: ana, why: None });
    assert_eq!(floor.of(&caller).rings(), 1);
    floor.talks("bo", &caller);
    assert!(matches!(floor.stage(&caller), Stage::Talking { .. }), "{floor}");
}

#[test]
fn when_the_one_who_picked_up_is_gone_the_caller_hears_music_and_the_others_are_rung_anew() {
    let mut floor = with(Strategy::RingAll, &["ana", "bo"]);
    let caller = floor.call("100");
    let ana = floor.ringing("ana");
    floor.picks_up("ana");
    stops(&mut floor, "bo");
    floor.tell(Input::LegHungUp { leg: ana });
    assert!(floor.effects.iter().any(|effect| matches!(&effect.act, Act::StartMusic { leg, .. } if *leg == caller)));
    assert_eq!((floor.state("ana"), floor.state("bo")), (AgentState::Missed, AgentState::Ringing), "{floor}");
}

#[test]
fn a_version_with_another_strategy_rings_more_phones_or_no_more() {
    let publish = |floor: &mut Floor, strategy: Strategy, version: &str| {
        let mut plan = floor.core.plan().expect("a plan").as_ref().clone();
        service(&mut plan, strategy);
        plan.version = VersionHash::new(version);
        floor.core.shelve(Arc::new(plan));
        floor.tell(Input::VersionPublished { version: VersionHash::new(version) });
    };
    let mut floor = with(Strategy::RingSeveral(2), &["ana", "bo", "cy"]);
    let caller = floor.call("100");
    publish(&mut floor, Strategy::RingAll, "v2");
    assert_eq!(floor.of(&caller).rings(), 3, "{floor}");
    publish(&mut floor, Strategy::LongestIdle, "v3");
    assert_eq!(floor.of(&caller).rings(), 3, "nobody's phone stops for it");
    floor.login("dee");
    let leg = floor.ringing("ana");
    floor.tell(Input::LegFailed { leg, why: Failure::Rejected });
    assert_eq!((floor.of(&caller).rings(), floor.state("dee")), (2, AgentState::Idle), "{floor}");
}

fn reborn(before: Floor) -> Floor {
    let (known, now) = (before.known.clone(), before.now + secs(2));
    // As a journal keeps it.
    let text = serde_json::to_string(&known).expect("it is written");
    Floor::again(before, 2, serde_json::from_str(&text).expect("it is read"), now)
}

fn phone(leg: &LegId, up: LegUp) -> LegSeen {
    LegSeen { up, inbound: false, in_hand: up == LegUp::Up, ..seen(leg) }
}

#[test]
fn after_a_kill_the_phones_that_rang_ring_on_and_the_first_to_answer_has_the_call() {
    let mut floor = with(Strategy::RingSeveral(2), &["ana", "bo"]);
    let caller = floor.call("100");
    let (ana, bo) = (floor.ringing("ana"), floor.ringing("bo"));
    let mut floor = reborn(floor);
    let legs = vec![seen(&caller), phone(&ana, LegUp::Ringing), phone(&bo, LegUp::Ringing)];
    floor.tell(Input::SnapshotTaken { switch: pbx(), legs });
    assert_eq!(floor.of(&caller).rings(), 2, "{floor}");
    floor.talks("bo", &caller);
    stops(&mut floor, "ana");
    assert_eq!((floor.state("ana"), floor.state("bo")), (AgentState::Idle, AgentState::Talking), "{floor}");
}

#[test]
fn of_two_phones_picked_up_while_we_were_away_one_is_connected_and_the_other_hung_up() {
    let mut floor = with(Strategy::RingSeveral(2), &["ana", "bo"]);
    let caller = floor.call("100");
    let (ana, bo) = (floor.ringing("ana"), floor.ringing("bo"));
    let mut floor = reborn(floor);
    let legs = vec![seen(&caller), phone(&ana, LegUp::Up), phone(&bo, LegUp::Up)];
    floor.tell(Input::SnapshotTaken { switch: pbx(), legs });
    let connects = floor.effects.iter().filter(|effect| matches!(&effect.act, Act::Connect { .. })).count();
    assert_eq!(connects, 1, "{:#?}", floor.effects);
    assert!(floor.hung_up().contains(&bo) && !floor.hung_up().contains(&ana), "{:#?}", floor.effects);
}

#[test]
fn a_phone_that_is_gone_after_an_outage_is_looked_at_and_the_other_rings_on() {
    let mut floor = with(Strategy::RingSeveral(2), &["ana", "bo"]);
    let caller = floor.call("100");
    let (ana, bo) = (floor.ringing("ana"), floor.ringing("bo"));
    floor.tell(Input::LinkLost { switch: pbx() });
    floor.tell(Input::SnapshotTaken { switch: pbx(), legs: vec![seen(&caller), phone(&bo, LegUp::Ringing)] });
    let (effect, _) = floor.asked(|act| matches!(act, Act::Look { leg } if *leg == ana));
    floor.tell(Input::EffectReturned { effect, how: Returned::Done });
    floor.tell(Input::LegLookedAt { switch: pbx(), leg: ana, seen: None });
    assert_eq!((floor.state("bo"), floor.of(&caller).rings()), (AgentState::Ringing, 2), "ana is rung again\n{floor}");
}
