//! Numbers that agents dial: who may, what rings, and whoever leaves meanwhile.

use std::time::Duration;

use cordboard::routing::agent::{AgentState, Work};
use cordboard::routing::dial::{DialEnd, DialEndedBy, DialStage};
use cordboard::routing::dial_out::DialOut;
use cordboard::routing::ids::*;
use cordboard::routing::{Act, Fact, Failure, Input, LegSeen, LegUp, Line, Refusal, Refused, Returned};

use crate::floor::*;

const NUMBER: &str = "13800138000";

fn dial_to(name: &str, number: &str) -> Input {
    let number = number.parse().expect("a number");
    Input::AgentDialled { agent: AgentName::new(name), number, by: AgentName::new(name), request: None }
}

pub fn dial(name: &str) -> Input {
    dial_to(name, NUMBER)
}

/// ana dials, and her own phone rings: its leg.
pub fn dialled() -> (Floor, LegId) {
    let mut floor = Floor::new();
    floor.login("ana").pass(secs(5));
    floor.tell(dial("ana"));
    let leg = rung(&floor);
    (floor, leg)
}

/// The leg of the last order to ring.
pub fn rung(floor: &Floor) -> LegId {
    let (_, act) = floor.asked(|act| matches!(act, Act::Ring { .. }));
    act.leg().clone()
}

/// ana is there, and the number is rung: her leg, and the number's.
pub fn ringing() -> (Floor, LegId, LegId) {
    let (mut floor, leg) = dialled();
    floor.tell(Input::LegRinging { leg: leg.clone() }).pass(secs(1));
    floor.tell(Input::LegAnswered { leg: leg.clone() });
    let out = rung(&floor);
    (floor, leg, out)
}

/// They talk.
pub fn talking() -> (Floor, LegId, LegId) {
    let (mut floor, leg, out) = ringing();
    floor.pass(secs(3));
    floor.tell(Input::LegAnswered { leg: out.clone() });
    floor.asked(|act| matches!(act, Act::Connect { caller, agent } if *caller == out && *agent == leg));
    floor.tell(Input::LegsJoined { a: out.clone(), b: leg.clone() });
    (floor, leg, out)
}

pub fn ends(floor: &Floor) -> Vec<(DialEnd, DialEndedBy)> {
    floor
        .facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::DialEnded { how, by, .. } => Some((*how, *by)),
            _ => None,
        })
        .collect()
}

fn refusal(floor: &mut Floor, input: Input) -> String {
    let facts = floor.facts.len();
    floor.tell(input);
    assert_eq!((floor.facts.len(), floor.effects.len()), (facts, 0), "a refusal changes nothing\n{floor}");
    floor.refused.as_ref().map(ToString::to_string).unwrap_or_else(|| panic!("not refused\n{floor}"))
}

/// Besides what is owed for orders, which nobody answers here.
pub fn nothing_is_kept(floor: &Floor) -> bool {
    let kept = floor.core.kept();
    kept.legs == 0 && kept.timers == 0 && floor.core.dials().next().is_none()
}

pub fn phone(leg: &LegId, up: LegUp, joined_with: Option<&LegId>) -> LegSeen {
    let in_hand = up == LegUp::Up && joined_with.is_none();
    LegSeen { up, inbound: false, in_hand, joined_with: joined_with.cloned(), ..seen(leg) }
}

#[test]
fn the_agents_own_phone_rings_first_then_the_number_and_then_they_talk() {
    let (mut floor, leg) = dialled();
    let (_, act) = floor.asked(|act| matches!(act, Act::Ring { .. }));
    let Act::Ring { station, from, .. } = act else { panic!("{act:?}") };
    assert_eq!((station.as_str(), from.as_str()), ("PJSIP/ana", NUMBER), "the phone shows whom it is for");
    assert_eq!(floor.state("ana"), AgentState::Dialling);
    floor.tell(Input::LegAnswered { leg: leg.clone() });
    floor.asked(|act| *act == Act::StartRingback { leg: leg.clone() });
    let (_, act) = floor.asked(|act| matches!(act, Act::Ring { .. }));
    let Act::Ring { leg: out, station, from, .. } = act else { panic!("{act:?}") };
    assert_eq!((station.as_str(), from.as_str()), ("PJSIP/13800138000@trunk", "4001"), "the centre's number is shown");
    floor.tell(Input::LegAnswered { leg: out.clone() });
    floor.tell(Input::LegsJoined { a: leg.clone(), b: out.clone() });
    assert_eq!(floor.state("ana"), AgentState::TalkingOut);
    let seen = floor.core.agent_seen(&AgentName::new("ana")).and_then(|seen| seen.dial).expect("a dial");
    assert_eq!((seen.number.as_str(), seen.stage), (NUMBER, "talking"));
    floor.hangs_up(&out);
    assert_eq!(floor.hung_up(), std::slice::from_ref(&leg));
    floor.hangs_up(&leg);
    assert_eq!(ends(&floor), [(DialEnd::Answered, DialEndedBy::Number)]);
    assert_eq!(floor.state("ana"), AgentState::WrappingUp);
    floor.pass(secs(10));
    assert_eq!(floor.state("ana"), AgentState::Idle);
    assert!(nothing_is_kept(&floor), "{:?}", floor.core.kept());
}

#[test]
fn no_call_of_a_queue_is_offered_to_who_dials_and_one_is_right_after() {
    let (mut floor, leg, out) = talking();
    let caller = floor.call("100");
    assert_eq!(floor.stage(&caller).word().as_str(), "waiting");
    floor.hangs_up(&leg);
    assert_eq!(floor.stage(&caller).word().as_str(), "waiting", "the wrap-up first");
    floor.hangs_up(&out).pass(secs(10));
    assert_eq!(floor.state("ana"), AgentState::Ringing, "{floor}");
}

#[test]
fn every_failure_of_the_number_has_its_name_and_frees_the_agent_at_once() {
    for (why, how) in [
        (Failure::Busy, DialEnd::Busy),
        (Failure::NoAnswer, DialEnd::NoAnswer),
        (Failure::Rejected, DialEnd::Refused),
        (Failure::Unreachable, DialEnd::Unreachable),
    ] {
        let (mut floor, leg, out) = ringing();
        floor.tell(Input::LegFailed { leg: out, why });
        assert_eq!(ends(&floor), [(how, DialEndedBy::Number)]);
        assert_eq!(floor.hung_up(), std::slice::from_ref(&leg));
        assert_eq!(floor.state("ana"), AgentState::Idle, "nothing was said, so nothing is wrapped up");
        floor.hangs_up(&leg);
        assert!(floor.agent("ana").is_free() && nothing_is_kept(&floor), "{floor}");
    }
}

#[test]
fn an_agent_who_does_not_pick_up_has_not_missed_a_call() {
    let (mut floor, leg) = dialled();
    floor.tell(Input::LegFailed { leg, why: Failure::NoAnswer });
    assert_eq!(ends(&floor), [(DialEnd::AgentNotReached, DialEndedBy::Agent)]);
    assert!(floor.effects.is_empty(), "the number was never rung: {:#?}", floor.effects);
    assert!(floor.agent("ana").is_free());
}

#[test]
fn a_switch_that_never_says_how_the_ringing_ended_strands_nobody() {
    let (mut floor, leg) = dialled();
    floor.pass(secs(33));
    assert_eq!(ends(&floor), [(DialEnd::AgentNotReached, DialEndedBy::Us)]);
    floor.hangs_up(&leg);
    let (mut floor, leg, out) = ringing();
    floor.pass(secs(33));
    assert_eq!(ends(&floor), [(DialEnd::NoAnswer, DialEndedBy::Us)]);
    // Until both are gone each is hung up again.
    floor.pass(secs(6));
    let mut hung_up = floor.hung_up();
    hung_up.sort();
    assert!(hung_up.contains(&out) || hung_up.contains(&leg), "{hung_up:?}");
    assert!(!floor.agent("ana").is_free(), "the phone is not on the hook");
    floor.hangs_up(&leg).tell(Input::LegFailed { leg: out, why: Failure::Withdrawn });
    assert!(floor.agent("ana").is_free() && nothing_is_kept(&floor));
}

#[test]
fn an_agent_who_hangs_up_while_it_rings_outside_takes_the_ring_back() {
    let (mut floor, leg, out) = ringing();
    floor.hangs_up(&leg);
    assert_eq!(floor.hung_up(), std::slice::from_ref(&out));
    assert_eq!(ends(&floor), [(DialEnd::GivenUp, DialEndedBy::Agent)]);
    // It was answered at that very moment: nobody is left holding a silent telephone.
    floor.tell(Input::LegAnswered { leg: out.clone() });
    assert_eq!(floor.hung_up(), std::slice::from_ref(&out));
    floor.hangs_up(&out);
    assert!(floor.agent("ana").is_free() && nothing_is_kept(&floor));
}

#[test]
fn an_agent_who_hangs_up_the_moment_it_is_answered_has_talked_with_nobody() {
    let (mut floor, leg, out) = ringing();
    floor.tell(Input::LegAnswered { leg: out.clone() });
    let (effect, _) = floor.asked(|act| matches!(act, Act::Connect { .. }));
    floor.tell(Input::EffectReturned { effect, how: Returned::Refused { why: Refusal::Gone(leg.clone()) } });
    floor.hangs_up(&leg);
    assert_eq!(floor.hung_up(), std::slice::from_ref(&out));
    assert_eq!(ends(&floor), [(DialEnd::GivenUp, DialEndedBy::Agent)]);
    floor.hangs_up(&out);
    assert!(floor.agent("ana").is_free() && nothing_is_kept(&floor));
}

#[test]
fn a_conversation_ends_when_it_has_lasted_as_long_as_it_may() {
    let (mut floor, leg, out) = talking();
    floor.pass(secs(599));
    assert_eq!(floor.state("ana"), AgentState::TalkingOut);
    floor.pass(secs(1));
    assert_eq!(ends(&floor), [(DialEnd::Answered, DialEndedBy::Us)]);
    assert_eq!(floor.hung_up(), [out.clone(), leg.clone()]);
    assert_eq!(floor.state("ana"), AgentState::WrappingUp);
    floor.hangs_up(&out).hangs_up(&leg);
    floor.pass(secs(10));
    assert!(nothing_is_kept(&floor), "{:?}", floor.core.kept());
}

#[test]
fn the_time_that_a_conversation_may_last_goes_on_across_a_start() {
    let (mut floor, leg, out) = talking();
    floor.pass(secs(400));
    let mut again = Floor::started(2, floor.known.clone());
    again.now = floor.now;
    let legs = vec![phone(&leg, LegUp::Up, Some(&out)), phone(&out, LegUp::Up, Some(&leg))];
    again.tell(Input::SnapshotTaken { switch: pbx(), legs });
    again.pass(secs(199));
    assert_eq!(ends(&again), []);
    again.pass(secs(1));
    assert_eq!(ends(&again), [(DialEnd::Answered, DialEndedBy::Us)]);
}

#[test]
fn a_dial_written_before_conversations_had_a_limit_reads_back_with_the_usual_one() {
    let (floor, _) = dialled();
    let fact = floor.facts.iter().find(|fact| matches!(fact, Fact::Dialled { .. })).expect("a dial");
    let mut written = serde_json::to_value(fact).expect("a fact is JSON");
    assert!(written.as_object_mut().is_some_and(|fields| fields.remove("longest").is_some()), "{written}");
    let Ok(Fact::Dialled { longest, .. }) = serde_json::from_value(written) else { panic!("it does not read back") };
    assert_eq!(longest, DialOut::LONGEST);
}

#[test]
fn two_who_could_not_be_joined_are_both_let_go() {
    let (mut floor, leg, out) = ringing();
    floor.tell(Input::LegAnswered { leg: out.clone() }).pass(secs(3));
    assert_eq!(ends(&floor), [(DialEnd::Unseen, DialEndedBy::Us)]);
    floor.hangs_up(&leg).hangs_up(&out);
    assert!(floor.agent("ana").is_free() && nothing_is_kept(&floor));
}

#[test]
fn ending_the_call_on_the_page_takes_it_back_at_every_stage() {
    let end = || Input::AgentEndedCall { agent: AgentName::new("ana"), by: AgentName::new("ana"), why: None };
    let (mut floor, leg) = dialled();
    floor.tell(end());
    assert_eq!(floor.hung_up(), std::slice::from_ref(&leg));
    floor.tell(Input::LegFailed { leg, why: Failure::Withdrawn });
    assert_eq!(ends(&floor), [(DialEnd::GivenUp, DialEndedBy::Agent)]);
    let (mut floor, leg, _) = talking();
    floor.tell(end());
    assert_eq!(floor.hung_up(), std::slice::from_ref(&leg));
    floor.hangs_up(&leg);
    assert_eq!(ends(&floor), [(DialEnd::Answered, DialEndedBy::Agent)]);
}

#[test]
fn who_is_logged_out_while_it_rings_dials_nobody_and_who_talks_talks_on() {
    let out_of = || Input::AgentLoggedOut { agent: AgentName::new("ana"), by: AgentName::new("lead"), why: None };
    let (mut floor, leg, out) = ringing();
    floor.tell(out_of());
    assert_eq!(ends(&floor), [(DialEnd::GivenUp, DialEndedBy::Us)]);
    assert_eq!(floor.hung_up(), [out, leg]);
    let (mut floor, leg, out) = talking();
    floor.tell(out_of());
    assert_eq!((ends(&floor).len(), floor.state("ana")), (0, AgentState::TalkingOut));
    floor.hangs_up(&out).hangs_up(&leg).pass(secs(10));
    assert_eq!(floor.state("ana"), AgentState::Away);
}

#[test]
fn a_dialled_call_is_not_put_on_hold_and_its_agent_answers_nothing() {
    let (mut floor, ..) = talking();
    let (agent, by) = (AgentName::new("ana"), AgentName::new("ana"));
    let said = refusal(&mut floor, Input::AgentHeld { agent: agent.clone(), by: by.clone() });
    assert!(said.contains("dialled call"), "{said}");
    assert!(refusal(&mut floor, Input::AgentAnswered { agent, by }).contains("nothing rings"));
}

#[test]
fn who_cannot_dial_is_told_why() {
    let mut floor = Floor::new();
    assert_eq!(refusal(&mut floor, dial("ana")), "ana is not logged in");
    floor.login("ana").login("ben");
    floor.tell(Input::StationChanged { switch: pbx(), station: StationAddress::new("PJSIP/ana"), line: Line::InUse });
    assert!(refusal(&mut floor, dial("ana")).contains("in use or cannot be reached"));
    floor.tell(Input::StationChanged { switch: pbx(), station: StationAddress::new("PJSIP/ana"), line: Line::Free });
    let caller = floor.call("100");
    assert_eq!(floor.state("ana"), AgentState::Ringing);
    assert!(refusal(&mut floor, dial("ana")).contains("rings for a caller"));
    floor.talks("ana", &caller);
    assert!(refusal(&mut floor, dial("ana")).contains("caller on the line"));
    let leg = floor.agent("ana").leg.clone().expect("a leg");
    floor.hangs_up(&leg);
    assert!(refusal(&mut floor, dial("ana")).contains("wrap-up to end first"));
    floor.tell(dial("ben"));
    assert!(floor.refused.is_none());
    assert!(refusal(&mut floor, dial("ben")).contains("dialled or talked with already"), "twice at once");
    floor.tell(Input::LinkLost { switch: pbx() }).login("eve");
    assert!(refusal(&mut floor, dial("eve")).contains("out of reach"));
}

#[test]
fn what_is_not_listed_may_not_be_dialled_and_the_key_to_write_is_named() {
    let mut floor = Floor::new();
    floor.login("ana");
    for number in ["+442079460000", "0044207946", "19001234"] {
        let said = refusal(&mut floor, dial_to("ana", number));
        assert!(said.contains("dial_out.allowed") && said.contains(number), "{said}");
    }
    let mut floor = Floor::with(|plan| plan.dial_out = None);
    floor.login("ana");
    assert_eq!(refusal(&mut floor, dial("ana")), Refused::NoDialOut.to_string());
    let mut floor = Floor::with(|plan| {
        if let Some(out) = &mut plan.dial_out {
            out.switch = SwitchName::new("elsewhere");
        }
    });
    floor.login("ana");
    assert!(refusal(&mut floor, dial("ana")).contains("no switch is named"));
}

#[test]
fn the_caps_of_a_minute_and_an_hour_hold_across_a_start() {
    let mut floor = Floor::new();
    floor.login("ana");
    let once = |floor: &mut Floor| {
        floor.tell(dial("ana"));
        assert!(floor.refused.is_none(), "{:?}", floor.refused);
        let leg = rung(floor);
        floor.tell(Input::LegFailed { leg, why: Failure::Busy });
    };
    (0..3).for_each(|_| once(&mut floor));
    assert!(refusal(&mut floor, dial("ana")).contains("dial_out.most_per_minute"));
    floor.pass(secs(60));
    (0..2).for_each(|_| once(&mut floor));
    floor.pass(secs(61));
    assert!(refusal(&mut floor, dial("ana")).contains("dial_out.most_per_hour"));
    let mut again = Floor::started(2, floor.known.clone());
    again.now = floor.now;
    again.tell(Input::SnapshotTaken { switch: pbx(), legs: vec![] });
    assert!(refusal(&mut again, dial("ana")).contains("dial_out.most_per_hour"), "a start forgets nothing");
    again.pass(Duration::from_secs(3600));
    once(&mut again);
}

#[test]
fn after_a_start_a_dial_goes_on_where_it_is() {
    for stage in 0..3 {
        let (floor, leg, out) = match stage {
            0 => {
                let (floor, leg) = dialled();
                (floor, leg, None)
            }
            1 => {
                let (floor, leg, out) = ringing();
                (floor, leg, Some(out))
            }
            _ => {
                let (floor, leg, out) = talking();
                (floor, leg, Some(out))
            }
        };
        let mut again = Floor::started(2, floor.known.clone());
        again.now = floor.now;
        let legs = match (stage, &out) {
            (0, _) => vec![phone(&leg, LegUp::Ringing, None)],
            (1, Some(out)) => vec![phone(&leg, LegUp::Up, None), phone(out, LegUp::Ringing, None)],
            (_, Some(out)) => vec![phone(&leg, LegUp::Up, Some(out)), phone(out, LegUp::Up, Some(&leg))],
            (_, None) => vec![],
        };
        again.tell(Input::SnapshotTaken { switch: pbx(), legs });
        assert!(again.hung_up().is_empty() && ends(&again).is_empty(), "{stage}: {:#?}", again.effects);
        if stage == 0 {
            again.tell(Input::LegAnswered { leg: leg.clone() });
        }
        let out = out.unwrap_or_else(|| rung(&again));
        if stage < 2 {
            again.tell(Input::LegAnswered { leg: out.clone() });
            again.tell(Input::LegsJoined { a: leg.clone(), b: out.clone() });
        }
        assert_eq!(again.state("ana"), AgentState::TalkingOut, "{stage}");
        again.hangs_up(&leg).hangs_up(&out).pass(secs(20));
        assert_eq!(ends(&again), [(DialEnd::Answered, DialEndedBy::Agent)], "{stage}");
        assert!(again.agent("ana").is_free() && nothing_is_kept(&again), "{stage}");
    }
}

#[test]
fn what_ended_while_we_were_away_is_told_unseen_and_nobody_is_stranded() {
    let (floor, leg, out) = talking();
    let mut again = Floor::started(2, floor.known.clone());
    again.now = floor.now;
    again.tell(Input::SnapshotTaken { switch: pbx(), legs: vec![phone(&leg, LegUp::Up, None)] });
    again.asked(|act| *act == Act::Look { leg: out.clone() });
    again.tell(Input::LegLookedAt { switch: pbx(), leg: out, seen: None });
    assert_eq!(ends(&again), [(DialEnd::Answered, DialEndedBy::Unseen)]);
    assert_eq!(again.hung_up(), std::slice::from_ref(&leg));
    again.hangs_up(&leg).pass(secs(20));
    assert!(again.agent("ana").is_free() && nothing_is_kept(&again));
    // The number was to be rung, and we were gone before it was.
    let (floor, leg, out) = ringing();
    let mut again = Floor::started(2, floor.known.clone());
    again.now = floor.now;
    again.tell(Input::SnapshotTaken { switch: pbx(), legs: vec![phone(&leg, LegUp::Up, None)] });
    again.tell(Input::LegLookedAt { switch: pbx(), leg: out, seen: None });
    assert_eq!(ends(&again), [(DialEnd::Unseen, DialEndedBy::Unseen)]);
    again.hangs_up(&leg);
    assert!(again.agent("ana").is_free() && nothing_is_kept(&again));
}

#[test]
fn a_leg_outside_that_outlived_a_lost_link_is_hung_up_when_it_is_back() {
    let (mut floor, leg, out) = ringing();
    floor.tell(Input::LinkLost { switch: pbx() });
    floor.tell(Input::AgentLoggedOut { agent: AgentName::new("ana"), by: AgentName::new("ana"), why: None });
    assert!(floor.effects.is_empty(), "nothing is sent to a switch out of reach");
    let legs = vec![phone(&leg, LegUp::Up, None), phone(&out, LegUp::Ringing, None)];
    floor.tell(Input::SnapshotTaken { switch: pbx(), legs });
    assert_eq!(floor.hung_up(), [out.clone(), leg.clone()]);
    floor.hangs_up(&leg).hangs_up(&out);
    assert!(nothing_is_kept(&floor));
}

#[test]
fn legs_that_come_apart_with_nobody_hanging_up_are_joined_again() {
    let (mut floor, leg, out) = talking();
    floor.tell(Input::LegParted { leg: leg.clone() }).tell(Input::LegParted { leg: out.clone() }).pass(secs(1));
    floor.asked(|act| matches!(act, Act::Connect { .. }));
    floor.tell(Input::LegsJoined { a: leg, b: out });
    assert!(matches!(floor.agent("ana").work, Work::Dialling { talking: Some(_), .. }));
    assert!(floor.core.dials().all(|dial| matches!(dial.stage, DialStage::Talking { .. })));
}

#[test]
fn the_same_request_sent_again_dials_nothing_again_not_even_after_a_start() {
    let asked = || match dial("ana") {
        Input::AgentDialled { agent, number, by, .. } => {
            Input::AgentDialled { agent, number, by, request: Some(RequestName::new("4f2a")) }
        }
        other => other,
    };
    let mut floor = Floor::new();
    floor.login("ana").tell(asked());
    let leg = rung(&floor);
    floor.tell(asked());
    assert!(floor.refused.is_none() && floor.effects.is_empty(), "while it rings");
    floor.tell(Input::LegFailed { leg, why: Failure::NoAnswer }).pass(secs(70)).tell(asked());
    assert!(floor.refused.is_none() && floor.effects.is_empty(), "when it is over");
    let mut again = Floor::started(2, floor.known.clone());
    again.now = floor.now;
    again.tell(Input::SnapshotTaken { switch: pbx(), legs: vec![] }).tell(asked());
    assert!(again.refused.is_none() && again.effects.is_empty(), "after a start");
    again.pass(Duration::from_secs(3600)).tell(asked());
    rung(&again);
}
