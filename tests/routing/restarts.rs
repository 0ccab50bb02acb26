//! What a start knows before a switch has said anything, and what it makes of a journal whose end was lost.

use cordboard::routing::agent::{AgentState, Presence};
use cordboard::routing::call::Stage;
use cordboard::routing::fact::{EndedBy, Outcome};
use cordboard::routing::ids::*;
use cordboard::routing::{Act, Fact, Failure, Input, Known, LegSeen, LegUp};

use crate::floor::*;

fn reborn(known: Known, before: &Floor) -> Floor {
    let mut floor = Floor::started(2, known);
    floor.now = before.now + secs(2);
    floor
}

fn snapshot(legs: Vec<LegSeen>) -> Input {
    Input::SnapshotTaken { switch: pbx(), legs }
}

fn healed(floor: &Floor) -> Vec<&str> {
    let told = floor.facts.iter().filter_map(|fact| match fact {
        Fact::Healed { what, .. } => Some(what.as_str()),
        _ => None,
    });
    told.collect()
}

#[test]
fn a_start_is_on_record_and_shows_its_floor_before_any_switch_has_said_a_word() {
    let mut before = Floor::new();
    before.login_with("ana", &["second"], &[]);
    let (first, second) = (before.call("100"), before.call("100"));
    let floor = reborn(before.known.clone(), &before);
    assert!(matches!(&floor.facts[..], [Fact::ControllerStarted { epoch: Epoch(2), .. }]), "{:#?}", floor.facts);
    let shown = floor.core.floor(floor.now);
    let queue = |name: &str| shown.queues.iter().find(|of| of.name.as_str() == name).expect("a queue");
    assert_eq!((queue("service").waiting, queue("service").agents_logged_in), (2, 0));
    assert_eq!((queue("second").waiting, queue("second").agents_logged_in), (0, 1));
    assert_eq!(queue("second").agents_free, 0, "nobody is free whose switch is not in reach");
    let position = |leg: &LegId| shown.calls.iter().find(|of| of.id == floor.of(leg).id).and_then(|of| of.position);
    assert_eq!((position(&first), position(&second)), (Some(1), Some(2)));
}

#[test]
fn a_switch_that_only_a_call_or_an_agent_of_before_names_is_shown_as_away() {
    let old = SwitchName::new("old");
    let mut before = Floor::new();
    before.login_with("ana", &["second"], &[]).call("100");
    let mut of_call = before.known.clone();
    of_call.calls.values_mut().for_each(|call| call.switch = old.clone());
    let mut of_agent = before.known.clone();
    of_agent.agents.values_mut().for_each(|agent| agent.switch = old.clone());
    for known in [of_call, of_agent] {
        let shown = reborn(known, &before).core.floor(NOON);
        let away: Vec<_> = shown.switches.iter().map(|seen| (seen.name.as_str(), seen.up)).collect();
        assert_eq!(away, [("old", false), ("pbx", false)]);
    }
}

#[test]
fn the_rest_after_a_missed_call_goes_on_to_the_end_it_had() {
    let mut before = Floor::new();
    before.login("ana");
    let caller = before.call("100");
    let leg = before.ringing("ana");
    before.tell(Input::LegFailed { leg, why: Failure::Rejected });
    let Presence::Missed { until: Some(until), .. } = before.agent("ana").presence else { panic!("{before}") };
    let mut floor = reborn(before.known.clone(), &before);
    floor.tell(snapshot(vec![seen(&caller)]));
    let left = until.since(floor.now);
    floor.pass(left - std::time::Duration::from_millis(1));
    assert_eq!(floor.state("ana"), AgentState::Missed, "{floor}");
    floor.pass(std::time::Duration::from_millis(1));
    assert_eq!(floor.state("ana"), AgentState::Ringing, "{floor}");
}

#[test]
fn a_phone_that_rang_at_a_kill_and_of_which_nothing_more_is_heard_is_taken_back() {
    let mut before = Floor::new();
    before.login("ana");
    let caller = before.call("100");
    let leg = before.ringing("ana");
    let mut floor = reborn(before.known.clone(), &before);
    let rings = LegSeen { up: LegUp::Ringing, inbound: false, in_hand: false, ..seen(&leg) };
    floor.tell(snapshot(vec![seen(&caller), rings])).pass(secs(18));
    assert_eq!(floor.hung_up(), std::slice::from_ref(&leg));
    assert_eq!(floor.state("ana"), AgentState::Missed, "{floor}");
}

#[test]
fn who_was_answered_before_a_kill_is_not_answered_again_and_who_was_not_is() {
    let mut before = Floor::new();
    let (waits, hears) = (before.call("100"), before.call("400"));
    let mut floor = reborn(before.known.clone(), &before);
    floor.tell(snapshot(vec![seen(&waits), seen(&hears)]));
    let answered = |leg: &LegId| asks(&floor, |act| matches!(act, Act::Answer { leg: of } if of == leg));
    assert_eq!((answered(&waits), answered(&hears)), (0, 1), "{:#?}", floor.effects);
}

#[test]
fn who_waited_at_a_kill_has_the_place_on_the_channel_again_and_music_and_the_rule_of_the_step() {
    let mut before = Floor::new();
    let caller = before.call("300");
    let mut floor = reborn(before.known.clone(), &before);
    floor.tell(snapshot(vec![seen(&caller)]));
    assert_eq!(asks(&floor, |act| matches!(act, Act::Tag { leg, .. } if *leg == caller)), 1, "{:#?}", floor.effects);
    assert_eq!(asks(&floor, |act| matches!(act, Act::StartMusic { leg, .. } if *leg == caller)), 1);
    floor.pass(secs(57));
    assert!(matches!(floor.stage(&caller), Stage::Waiting { .. }), "{floor}");
    floor.pass(secs(1));
    assert!(matches!(floor.stage(&caller), Stage::InDialplan { .. }), "a minute after joining: {floor}");
}

#[test]
fn a_call_of_a_version_that_is_gone_begins_anew_in_the_one_of_today_and_ends_where_there_is_no_place_for_it() {
    let mut before = Floor::new();
    let caller = before.call("400");
    let with = |to: &str| {
        let mut known = before.known.clone();
        for call in known.calls.values_mut() {
            (call.step, call.to) = (Some(StepName::new("torn down")), PhoneNumber::new(to));
        }
        reborn(known, &before)
    };
    let mut floor = with("100");
    floor.tell(snapshot(vec![seen(&caller)]));
    assert!(matches!(floor.stage(&caller), Stage::Waiting { .. }), "{floor}");
    let floor = with("999");
    assert_eq!(floor.outcomes(), [Outcome::EndedUnseen]);
    assert!(floor.facts.iter().any(|fact| matches!(fact, Fact::CallEnded { by: EndedBy::Unseen, .. })));
    assert_eq!(floor.core.calls().count(), 0);
    assert!(floor.keeps_nothing(), "{:?}", floor.core.kept());
}

#[test]
fn an_agent_whose_work_the_journal_has_lost_is_free_again_and_it_is_told() {
    let mut rings = Floor::new();
    rings.login("ana");
    let caller = rings.call("100");
    let mut connects = Floor::started(1, rings.known.clone());
    connects.tell(snapshot(vec![seen(&caller)]));
    let phone = rings.ringing("ana");
    let up = LegSeen { inbound: false, ..seen(&phone) };
    connects.tell(snapshot(vec![seen(&caller), up]));
    let mut talks = Floor::new();
    talks.login("ana");
    let caller = talks.call("100");
    talks.talks("ana", &caller);
    let mut dials = Floor::new();
    let (ana, number) = (AgentName::new("ana"), "13800138000".parse().expect("a number"));
    dials.login("ana").tell(Input::AgentDialled { agent: ana.clone(), number, by: ana, request: None });
    let states = [AgentState::Ringing, AgentState::Ringing, AgentState::Talking, AgentState::Dialling];
    for (before, state) in [&rings, &connects, &talks, &dials].into_iter().zip(states) {
        assert_eq!(before.state("ana"), state, "{before}");
        let kept = reborn(before.known.clone(), before);
        assert_eq!((kept.state("ana"), healed(&kept).len()), (state, 0), "what is known is kept: {kept}");
        let mut known = before.known.clone();
        known.calls.clear();
        known.dials.clear();
        let mut floor = reborn(known, before);
        assert_eq!(healed(&floor), ["the journal did not know the call in hand"], "{state:?}\n{floor}");
        floor.tell(snapshot(vec![]));
        assert_eq!(floor.state("ana"), AgentState::Idle, "{state:?}\n{floor}");
        floor.call("100");
        assert_eq!(floor.state("ana"), AgentState::Ringing, "{floor}");
    }
}

#[test]
fn a_wrap_up_at_a_kill_is_nothing_that_was_lost() {
    let mut before = Floor::new();
    before.login("ana");
    let caller = before.call("100");
    before.talks("ana", &caller);
    let phone = before.agent("ana").leg.clone().expect("a leg");
    before.hangs_up(&caller).hangs_up(&phone);
    let floor = reborn(before.known.clone(), &before);
    assert_eq!((floor.state("ana"), healed(&floor).len()), (AgentState::WrappingUp, 0), "{floor}");
}
