//! Lines that are held open: dialled once, joined without a ring, and quiet again.

use cordboard::dialplan::{Key, Sound};
use cordboard::routing::agent::AgentState;
use cordboard::routing::call::Stage;
use cordboard::routing::fact::{EndedBy, OfferEnd, Outcome};
use cordboard::routing::held_line::{AGAIN_AFTER, HeldLine, LINE_RINGS_FOR, MOST_TRIES};
use cordboard::routing::ids::*;
use cordboard::routing::tag::Place;
use cordboard::routing::{Act, Fact, Failure, Input, Known, LegSeen, LegUp, Line, Refusal, Refused, Returned};

use crate::floor::*;

pub fn login(agent: &str, station: &str) -> Input {
    Input::AgentLoggedIn {
        agent: AgentName::new(agent),
        station: StationAddress::new(station),
        switch: pbx(),
        queues: [QueueName::new("service")].into(),
        skills: [].into(),
        by: AgentName::new(agent),
        auto_answer: None,
    }
}

pub fn line(floor: &Floor) -> &HeldLine {
    &floor.agent("ana").held
}

pub fn leg(floor: &Floor) -> LegId {
    line(floor).leg().cloned().unwrap_or_else(|| panic!("no leg\n{floor}"))
}

/// ana's line has been picked up.
pub fn up() -> Floor {
    let mut floor = Floor::new();
    floor.tell(login("ana", "held:PJSIP/ana"));
    let leg = leg(&floor);
    floor.tell(Input::LegAnswered { leg });
    floor
}

pub fn tone(floor: &Floor) -> EffectId {
    let (effect, act) = floor.asked(|act| matches!(act, Act::Play { .. }));
    let Act::Play { leg: at, prompts } = act else { unreachable!("asked for") };
    assert_eq!(at, leg(floor), "it is the agent who hears it");
    assert_eq!(prompts.iter().map(|prompt| prompt.sound.clone()).collect::<Vec<_>>(), [Sound::Tone]);
    effect
}

pub fn orders(floor: &Floor, fits: impl Fn(&Act) -> bool) -> usize {
    floor.effects.iter().filter(|effect| fits(&effect.act)).count()
}

pub fn rings(floor: &Floor) -> usize {
    orders(floor, |act| matches!(act, Act::Ring { .. }))
}

pub fn quiets(floor: &Floor) -> usize {
    let leg = leg(floor);
    orders(floor, |act| matches!(act, Act::StartMusic { leg: at, class } if *at == leg && class == "quiet"))
}

/// From the tone to the conversation.
pub fn joins(floor: &mut Floor, caller: &LegId) {
    let effect = tone(floor);
    floor.tell(Input::EffectReturned { effect, how: Returned::Done });
    floor.asked(|act| matches!(act, Act::Connect { .. }));
    let leg = leg(floor);
    floor.tell(Input::LegsJoined { a: caller.clone(), b: leg });
    assert_eq!(floor.state("ana"), AgentState::Talking, "{floor}");
}

pub fn ends(floor: &Floor) -> Vec<OfferEnd> {
    let ended = floor.facts.iter().filter_map(|fact| match fact {
        Fact::OfferEnded { how, .. } => Some(*how),
        _ => None,
    });
    ended.collect()
}

#[test]
fn the_phone_is_called_at_log_in_and_its_agent_is_free_when_it_is_picked_up() {
    let mut floor = Floor::new();
    floor.tell(login("ana", "held:PJSIP/ana"));
    let (_, act) = floor.asked(|act| matches!(act, Act::Ring { .. }));
    let Act::Ring { station, tags, .. } = act else { unreachable!("asked for") };
    assert_eq!(station.as_str(), "PJSIP/ana");
    assert_eq!(tags.place, Place::Line { agent: AgentName::new("ana") });
    assert_eq!(floor.state("ana"), AgentState::PhoneBusy);
    let caller = floor.call("100");
    assert!(matches!(floor.stage(&caller), Stage::Waiting { rings: None, .. }), "{floor}");
    let leg = leg(&floor);
    floor.tell(Input::LegAnswered { leg });
    assert_eq!(*line(&floor), HeldLine::Up { leg: self::leg(&floor) });
    tone(&floor);
}

#[test]
fn call_after_call_is_joined_to_the_same_leg_after_a_tone_and_without_a_ring() {
    let mut floor = up();
    assert_eq!(quiets(&floor), 1);
    let standing = leg(&floor);
    for _ in 0..2 {
        let caller = floor.call("100");
        assert_eq!((rings(&floor), floor.state("ana")), (0, AgentState::Ringing));
        joins(&mut floor, &caller);
        floor.hangs_up(&caller);
        assert_eq!(floor.hung_up(), [] as [LegId; 0], "the line stays");
        assert_eq!(floor.state("ana"), AgentState::WrappingUp);
        floor.tell(Input::LegParted { leg: standing.clone() });
        assert_eq!(quiets(&floor), 1);
        floor.pass(secs(10));
        assert_eq!(floor.state("ana"), AgentState::Idle);
    }
    assert_eq!(leg(&floor), standing);
    assert_eq!(floor.outcomes(), [Outcome::Answered, Outcome::Answered]);
}

#[test]
fn the_next_call_waits_until_the_line_is_back_from_the_last() {
    let mut floor = Floor::with(|plan| {
        for rules in plan.queues.values_mut() {
            rules.wrap_up = Some(std::time::Duration::ZERO);
        }
    });
    floor.tell(login("ana", "held:PJSIP/ana"));
    let leg = leg(&floor);
    floor.tell(Input::LegAnswered { leg: leg.clone() });
    let (first, second) = (floor.call("100"), LegId::new("caller-0002"));
    joins(&mut floor, &first);
    assert_eq!(floor.call("100"), second);
    floor.hangs_up(&first);
    assert_eq!(floor.effects, [], "the leg is joined still, and would not hear the tone");
    floor.tell(Input::LegParted { leg });
    tone(&floor);
    joins(&mut floor, &second);
}

#[test]
fn a_caller_who_goes_during_the_tone_leaves_a_quiet_line() {
    let mut floor = up();
    let caller = floor.call("100");
    let effect = tone(&floor);
    floor.hangs_up(&caller);
    floor.asked(|act| matches!(act, Act::StopPlay { .. }));
    assert_eq!((quiets(&floor), floor.hung_up().len()), (1, 0));
    assert_eq!(ends(&floor), [OfferEnd::CallerGone]);
    floor.tell(Input::EffectReturned { effect, how: Returned::Done });
    assert_eq!((floor.effects.len(), floor.state("ana")), (0, AgentState::Idle));
}

#[test]
fn a_tone_that_cannot_be_played_keeps_no_caller_waiting() {
    let mut floor = up();
    floor.call("100");
    let effect = tone(&floor);
    floor.tell(Input::EffectReturned { effect, how: Returned::Refused { why: Refusal::NoPrompt } });
    floor.asked(|act| matches!(act, Act::Connect { .. }));
}

#[test]
fn a_joining_that_is_refused_for_the_caller_costs_no_line_and_one_that_nobody_heard_of_does() {
    let mut floor = up();
    let caller = floor.call("100");
    let effect = tone(&floor);
    floor.tell(Input::EffectReturned { effect, how: Returned::Done });
    let (effect, _) = floor.asked(|act| matches!(act, Act::Connect { .. }));
    let why = Refusal::Gone(caller.clone());
    floor.tell(Input::EffectReturned { effect, how: Returned::Refused { why } });
    assert_eq!(floor.hung_up(), [] as [LegId; 0]);
    floor.hangs_up(&caller);
    assert!(line(&floor).up().is_some());
    let caller = floor.call("100");
    let effect = tone(&floor);
    floor.tell(Input::EffectReturned { effect, how: Returned::Done });
    floor.asked(|act| matches!(act, Act::Connect { .. }));
    floor.pass(secs(2));
    assert_eq!(floor.hung_up(), [leg(&floor)], "they may hear each other, and nobody knows");
    assert!(matches!(floor.stage(&caller), Stage::Waiting { .. }));
}

#[test]
fn who_ends_the_call_at_the_page_keeps_the_line_and_who_hangs_up_is_called_again() {
    let mut floor = up();
    let standing = leg(&floor);
    let caller = floor.call("100");
    joins(&mut floor, &caller);
    let ana = AgentName::new("ana");
    floor.tell(Input::AgentEndedCall { agent: ana.clone(), by: ana.clone(), why: None });
    assert_eq!(floor.hung_up(), std::slice::from_ref(&caller));
    floor.hangs_up(&caller).tell(Input::LegParted { leg: standing.clone() }).pass(secs(10));
    assert_eq!((leg(&floor), floor.state("ana")), (standing.clone(), AgentState::Idle));
    assert!(floor.facts.iter().any(
        |fact| matches!(fact, Fact::CallEnded { by: EndedBy::Agent(by), outcome: Outcome::Answered, .. } if *by == ana)
    ));

    let caller = floor.call("100");
    joins(&mut floor, &caller);
    floor.hangs_up(&standing);
    assert_eq!(floor.hung_up(), [caller], "whoever hangs the phone up has hung up on the caller");
    assert_eq!(*line(&floor), HeldLine::Down { tries: 0 });
    floor.pass(secs(10));
    assert!(line(&floor).leg().is_some_and(|leg| *leg != standing), "it is dialled again: {floor}");
}

#[test]
fn a_line_that_goes_down_is_seen_and_dialled_again_and_one_that_nobody_picks_up_is_given_up() {
    let mut floor = up();
    let standing = leg(&floor);
    floor.hangs_up(&standing);
    assert_eq!((floor.state("ana"), rings(&floor)), (AgentState::PhoneBusy, 0));
    floor.pass(AGAIN_AFTER);
    assert_eq!(rings(&floor), 1);
    for tried in 1..=MOST_TRIES {
        assert!(matches!(line(&floor), HeldLine::Rings { .. }), "try {tried}\n{floor}");
        let leg = leg(&floor);
        floor.tell(Input::LegFailed { leg, why: Failure::NoAnswer });
        if tried < MOST_TRIES {
            floor.pass(secs(60));
        }
    }
    assert_eq!(floor.state("ana"), AgentState::Missed);
    floor.pass(secs(3600));
    assert_eq!(*line(&floor), HeldLine::Down { tries: MOST_TRIES }, "an empty desk is left alone");
    let ana = AgentName::new("ana");
    floor.tell(Input::AgentSaidReady { agent: ana.clone(), by: ana, why: None });
    assert!(matches!(line(&floor), HeldLine::Rings { tries: 0, .. }), "{floor}");
}

#[test]
fn the_line_stays_on_a_break_and_is_let_go_at_log_out_when_nobody_talks_on_it() {
    let mut floor = up();
    let (ana, standing) = (AgentName::new("ana"), leg(&floor));
    floor.tell(Input::AgentTookBreak {
        agent: ana.clone(),
        reason: BreakReason::new("lunch"),
        by: ana.clone(),
        why: None,
    });
    assert!(floor.effects.is_empty());
    floor.tell(Input::AgentSaidReady { agent: ana.clone(), by: ana.clone(), why: None });
    let caller = floor.call("100");
    joins(&mut floor, &caller);
    floor.tell(Input::AgentLoggedOut { agent: ana.clone(), by: ana.clone(), why: None });
    assert_eq!(floor.hung_up(), [] as [LegId; 0], "the conversation goes on");
    floor.hangs_up(&caller).tell(Input::LegParted { leg: standing.clone() });
    floor.pass(secs(10));
    floor.hangs_up(&standing);
    assert_eq!(*line(&floor), HeldLine::Down { tries: 0 });
    floor.pass(secs(3600));
    assert_eq!(rings(&floor), 0);
    let kept = floor.core.kept();
    assert_eq!((kept.legs, kept.timers), (0, 0));
}

#[test]
fn a_telephone_outside_is_asked_once_for_its_key_and_then_held_open() {
    let mut floor = Floor::new();
    floor.tell(login("ana", "held:tel:+8613800138000"));
    let (_, act) = floor.asked(|act| matches!(act, Act::Ring { .. }));
    let Act::Ring { station, from, .. } = act else { unreachable!("asked for") };
    assert_eq!((station.as_str(), from.as_str()), ("PJSIP/+8613800138000@trunk", "4001"));
    let standing = leg(&floor);
    floor.tell(Input::LegAnswered { leg: standing.clone() });
    assert!(matches!(line(&floor), HeldLine::Asked { .. }));
    floor.asked(|act| matches!(act, Act::Play { .. }));
    assert_eq!(floor.state("ana"), AgentState::PhoneBusy, "a mailbox is no agent");
    let press = |key| Input::KeyPressed { leg: standing.clone(), key: Key::try_from(key).expect("a key") };
    floor.tell(press('2'));
    assert!(line(&floor).up().is_none());
    floor.tell(press('1'));
    assert_eq!((floor.state("ana"), quiets(&floor)), (AgentState::Idle, 1));
    let caller = floor.call("100");
    joins(&mut floor, &caller);
}

#[test]
fn a_telephone_outside_where_nobody_presses_the_key_is_hung_up() {
    let mut floor = Floor::new();
    floor.tell(login("ana", "held:tel:+8613800138000"));
    let standing = leg(&floor);
    floor.tell(Input::LegAnswered { leg: standing.clone() });
    floor.pass(LINE_RINGS_FOR);
    assert_eq!(floor.hung_up(), [standing]);
}

#[test]
fn no_number_is_dialled_and_nobody_else_sits_at_a_line_that_is_held_open() {
    let mut floor = up();
    let ana = AgentName::new("ana");
    let number = "+8613800138000".parse().expect("a number");
    floor.tell(Input::AgentDialled { agent: ana.clone(), number, by: ana, request: None });
    assert!(matches!(floor.refused, Some(Refused::DialsFromHeldLine { .. })), "{:?}", floor.refused);
    floor.tell(login("ben", "PJSIP/ana"));
    assert!(matches!(floor.refused, Some(Refused::StationTaken { .. })), "{:?}", floor.refused);
    let station = StationAddress::new("PJSIP/ana");
    floor.tell(Input::StationChanged { switch: pbx(), station, line: Line::InUse });
    assert_eq!(floor.state("ana"), AgentState::Idle, "the phone is in use by its line");
}

#[test]
fn after_a_death_the_line_is_found_again_and_stays() {
    for talking in [false, true] {
        let mut before = up();
        let standing = leg(&before);
        let caller = before.call("100");
        if talking {
            joins(&mut before, &caller);
        } else {
            before.hangs_up(&caller);
        }
        let (known, now): (Known, _) = (before.known.clone(), before.now);
        let mut floor = Floor::again(before, 2, known, now);
        let phone = LegSeen {
            inbound: false,
            joined_with: talking.then(|| caller.clone()),
            in_hand: !talking,
            up: LegUp::Up,
            ..seen(&standing)
        };
        let joined = LegSeen { joined_with: Some(standing.clone()), in_hand: false, ..seen(&caller) };
        let legs = if talking { vec![phone, joined] } else { vec![phone] };
        floor.tell(Input::SnapshotTaken { switch: pbx(), legs });
        assert_eq!((floor.hung_up().len(), rings(&floor)), (0, 0), "{floor}");
        assert_eq!(*line(&floor), HeldLine::Up { leg: standing.clone() });
        if talking {
            floor.hangs_up(&caller).tell(Input::LegParted { leg: standing }).pass(secs(10));
        }
        floor.call("100");
        tone(&floor);
    }
}

#[test]
fn a_line_that_is_gone_after_an_outage_is_dialled_again() {
    let mut floor = up();
    let standing = leg(&floor);
    floor.tell(Input::LinkLost { switch: pbx() });
    floor.tell(Input::SnapshotTaken { switch: pbx(), legs: vec![] });
    floor.asked(|act| matches!(act, Act::Look { leg } if *leg == standing));
    floor.tell(Input::LegLookedAt { switch: pbx(), leg: standing, seen: None });
    assert_eq!(floor.state("ana"), AgentState::PhoneBusy);
    floor.pass(AGAIN_AFTER);
    assert_eq!(rings(&floor), 1);
}
