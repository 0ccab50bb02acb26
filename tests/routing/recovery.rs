//! A start with calls on the switch: no caller dropped, places kept, a talking pair still one call.

use cordboard::calendar::Moment;
use cordboard::routing::agent::AgentState;
use cordboard::routing::call::Stage;
use cordboard::routing::fact::{EndedBy, Outcome};
use cordboard::routing::ids::*;
use cordboard::routing::tag::{Place, Tags};
use cordboard::routing::{Act, Fact, Input, LegSeen, LegUp, Line};

use crate::floor::*;

/// Killed, and started again with what the journal knew.
fn reborn(before: &Floor) -> Floor {
    let mut floor = Floor::started(2, before.known.clone());
    floor.now = before.now + secs(2);
    floor
}

fn snapshot(legs: Vec<LegSeen>) -> Input {
    Input::SnapshotTaken { switch: pbx(), legs }
}

fn phone(leg: &LegId, up: LegUp, joined_with: Option<LegId>) -> LegSeen {
    LegSeen { up, inbound: false, in_hand: up == LegUp::Up && joined_with.is_none(), joined_with, ..seen(leg) }
}

#[test]
fn a_waiting_caller_keeps_the_place() {
    let mut floor = Floor::new();
    let first = floor.call("100");
    floor.pass(secs(5));
    let second = floor.call("100");
    let joined = floor.now;
    let mut floor = reborn(&floor);
    floor.tell(snapshot(vec![seen(&second), seen(&first)]));
    floor.login("ana");
    assert!(matches!(floor.stage(&first), Stage::Waiting { rings: Some(_), .. }), "{floor}");
    let Stage::Waiting { place, .. } = floor.stage(&second) else { panic!("{floor}") };
    assert_eq!(place.joined, joined);
}

#[test]
fn a_talking_pair_stays_one_call_with_one_agent() {
    let mut floor = Floor::new();
    floor.login("ana");
    let caller = floor.call("100");
    floor.talks("ana", &caller);
    let leg = floor.agent("ana").leg.clone().expect("a leg");
    let mut floor = reborn(&floor);
    assert_eq!(floor.state("ana"), AgentState::Talking);
    let joined = LegSeen { joined_with: Some(leg.clone()), in_hand: false, ..seen(&caller) };
    floor.tell(snapshot(vec![joined, phone(&leg, LegUp::Up, Some(caller.clone()))]));
    assert!(floor.effects.is_empty(), "{:#?}", floor.effects);
    assert!(matches!(floor.stage(&caller), Stage::Talking { .. }));
    floor.hangs_up(&caller);
    assert_eq!(floor.state("ana"), AgentState::WrappingUp);
    assert_eq!(floor.outcomes(), [Outcome::Answered]);
}

#[test]
fn a_pair_that_was_taken_apart_while_we_were_away_is_joined_again() {
    let mut floor = Floor::new();
    floor.login("ana");
    let caller = floor.call("100");
    floor.talks("ana", &caller);
    let leg = floor.agent("ana").leg.clone().expect("a leg");
    let mut floor = reborn(&floor);
    floor.tell(snapshot(vec![seen(&caller), phone(&leg, LegUp::Up, None)]));
    let wanted = Act::Connect { caller: caller.clone(), agent: leg.clone() };
    let joins = floor.effects.iter().filter(|effect| effect.act == wanted).count();
    assert_eq!(joins, 1, "once: {:#?}", floor.effects);
    assert!(floor.facts.iter().any(|fact| matches!(fact, Fact::Healed { call: Some(_), .. })), "{:#?}", floor.facts);
    floor.tell(Input::LegsJoined { a: caller.clone(), b: leg });
    assert!(matches!(floor.stage(&caller), Stage::Talking { .. }));
    assert_eq!(floor.state("ana"), AgentState::Talking);
}

#[test]
fn a_phone_that_rings_goes_on_ringing_and_is_connected_when_picked_up() {
    let mut floor = Floor::new();
    floor.login("ana");
    let caller = floor.call("100");
    let leg = floor.ringing("ana");
    let mut floor = reborn(&floor);
    floor.tell(snapshot(vec![seen(&caller), phone(&leg, LegUp::Ringing, None)]));
    assert_eq!(floor.state("ana"), AgentState::Ringing);
    assert!(floor.hung_up().is_empty());
    floor.talks("ana", &caller);
    assert_eq!(floor.state("ana"), AgentState::Talking);
}

#[test]
fn a_pick_up_while_we_were_away_is_connected_at_once() {
    let mut floor = Floor::new();
    floor.login("ana");
    let caller = floor.call("100");
    let leg = floor.ringing("ana");
    let mut floor = reborn(&floor);
    floor.tell(snapshot(vec![seen(&caller), phone(&leg, LegUp::Up, None)]));
    floor.asked(|act| matches!(act, Act::Connect { .. }));
}

#[test]
fn a_joining_that_came_about_while_we_were_away_is_known() {
    let mut floor = Floor::new();
    floor.login("ana");
    let caller = floor.call("100");
    let leg = floor.ringing("ana");
    floor.picks_up("ana");
    let mut floor = reborn(&floor);
    let joined = LegSeen { joined_with: Some(leg.clone()), in_hand: false, ..seen(&caller) };
    floor.tell(snapshot(vec![joined, phone(&leg, LegUp::Up, Some(caller.clone()))]));
    assert_eq!(floor.state("ana"), AgentState::Talking, "{floor}");
}

#[test]
fn wrap_up_goes_on_to_the_end_it_had() {
    let mut floor = Floor::new();
    floor.login("ana");
    let caller = floor.call("100");
    floor.talks("ana", &caller);
    let leg = floor.agent("ana").leg.clone().expect("a leg");
    floor.hangs_up(&caller).hangs_up(&leg).pass(secs(3));
    let mut floor = reborn(&floor);
    floor.tell(snapshot(vec![]));
    assert_eq!(floor.state("ana"), AgentState::WrappingUp);
    floor.pass(secs(5));
    assert_eq!(floor.state("ana"), AgentState::Idle);
}

#[test]
fn a_caller_in_the_dialplan_hears_the_step_again() {
    let mut floor = Floor::new();
    let caller = floor.call("400");
    let mut floor = reborn(&floor);
    floor.tell(snapshot(vec![seen(&caller)]));
    floor.asked(|act| matches!(act, Act::Play { .. }));
    assert!(matches!(floor.stage(&caller), Stage::InDialplan { .. }));
}

#[test]
fn what_is_not_on_the_list_is_looked_at_once_more_before_it_is_ended_unseen() {
    let mut floor = Floor::new();
    let caller = floor.call("100");
    let mut floor = reborn(&floor);
    floor.tell(snapshot(vec![]));
    assert_eq!(floor.core.calls().count(), 1);
    floor.asked(|act| matches!(act, Act::Look { .. }));
    floor.tell(Input::LegLookedAt { switch: pbx(), leg: caller, seen: None });
    assert_eq!(floor.outcomes(), [Outcome::EndedUnseen]);
    assert!(floor.facts.iter().any(|fact| matches!(fact, Fact::CallEnded { by, .. } if by.as_str() == "unseen")));
}

#[test]
fn a_caller_who_came_while_we_were_away_is_taken_in() {
    let floor = Floor::new();
    let mut floor = reborn(&floor);
    let caller = LegId::new("stranger");
    floor.tell(snapshot(vec![seen(&caller)]));
    assert!(matches!(floor.stage(&caller), Stage::Waiting { .. }));
    assert!(floor.facts.iter().any(|fact| matches!(fact, Fact::CallArrived { found: true, .. })));
}

#[test]
fn a_caller_whose_record_is_lost_gets_the_place_that_the_channel_tells() {
    let floor = Floor::new();
    let mut floor = reborn(&floor);
    let (late, early) = (LegId::new("late"), LegId::new("early"));
    let joined = floor.now - secs(100);
    let place = Place::Waiting {
        version: VersionHash::new("v1"),
        step: StepName::new("plain"),
        language: "en".into(),
        queue: QueueName::new("service"),
        joined,
        credit: secs(3600),
    };
    let tags =
        Tags { centre: CentreName::new("demo"), call: CallId { epoch: Epoch(1), number: 77 }, epoch: Epoch(1), place };
    floor.tell(snapshot(vec![seen(&late), LegSeen { tags: Some(tags), ..seen(&early) }]));
    let Stage::Waiting { place, .. } = floor.stage(&early) else { panic!("{floor}") };
    assert_eq!(place.joined, joined);
    assert_eq!(place.credit, secs(0), "credit is the step's to give, not the channel's");
    floor.login("ana");
    assert!(matches!(floor.stage(&early), Stage::Waiting { rings: Some(_), .. }));
}

#[test]
fn a_phone_rung_for_an_offer_that_nobody_knows_is_hung_up() {
    let floor = Floor::new();
    let mut floor = reborn(&floor);
    let leg = LegId::new("demo-o0000000001-00000009");
    let tags = Tags {
        centre: CentreName::new("demo"),
        call: CallId { epoch: Epoch(1), number: 9 },
        epoch: Epoch(1),
        place: Place::Offered { offer: OfferId { epoch: Epoch(1), number: 9 }, agent: AgentName::new("ana") },
    };
    floor.tell(snapshot(vec![LegSeen { tags: Some(tags), ..phone(&leg, LegUp::Ringing, None) }]));
    assert_eq!(floor.hung_up(), std::slice::from_ref(&leg));
}

#[test]
fn nothing_is_offered_while_the_switch_is_out_of_reach() {
    let mut floor = Floor::new();
    let caller = floor.call("100");
    floor.tell(Input::LinkLost { switch: pbx() });
    floor.login("ana");
    assert_eq!(floor.state("ana"), AgentState::Idle);
    floor.tell(snapshot(vec![seen(&caller)]));
    assert_eq!(floor.state("ana"), AgentState::Ringing);
}

#[test]
fn an_agent_who_hung_up_while_we_were_away_wraps_up_and_the_caller_is_let_go() {
    let mut floor = Floor::new();
    floor.login("ana");
    let caller = floor.call("100");
    floor.talks("ana", &caller);
    let leg = floor.agent("ana").leg.clone().expect("a leg");
    let mut floor = reborn(&floor);
    floor.tell(snapshot(vec![seen(&caller)]));
    floor.tell(Input::LegLookedAt { switch: pbx(), leg, seen: None });
    assert_eq!(floor.hung_up(), std::slice::from_ref(&caller));
    assert_eq!(floor.state("ana"), AgentState::WrappingUp);
    floor.hangs_up(&caller);
    assert_eq!(floor.outcomes(), [Outcome::Answered]);
}

#[test]
fn a_caller_whom_the_switch_took_back_is_over_for_us_and_left_alone() {
    let mut floor = Floor::new();
    let caller = floor.call("100");
    floor.tell(Input::LinkLost { switch: pbx() });
    floor.tell(snapshot(vec![LegSeen { in_hand: false, ..seen(&caller) }]));
    assert_eq!(floor.outcomes(), [Outcome::EndedUnseen]);
    assert!(floor.hung_up().is_empty());
}

#[test]
fn a_call_that_its_agent_has_ended_is_still_ending_after_a_restart() {
    let mut floor = Floor::new();
    floor.login("ana");
    let caller = floor.call("100");
    floor.talks("ana", &caller);
    let leg = floor.agent("ana").leg.clone().expect("a leg");
    floor.hangs_up(&leg);
    let mut floor = reborn(&floor);
    assert!(matches!(floor.stage(&caller), Stage::Ending { .. }), "{floor}");
    assert_eq!(floor.state("ana"), AgentState::WrappingUp);
    floor.tell(snapshot(vec![seen(&caller)]));
    assert_eq!(floor.hung_up(), std::slice::from_ref(&caller));
    floor.hangs_up(&caller);
    assert_eq!(floor.outcomes(), [Outcome::Answered]);
    assert!(floor.facts.iter().any(|fact| matches!(fact, Fact::CallEnded { by: EndedBy::Agent(_), .. })));
}

#[test]
fn a_phone_that_the_list_missed_and_a_look_finds_picked_up_is_connected() {
    let mut floor = Floor::new();
    floor.login("ana");
    let caller = floor.call("100");
    let leg = floor.ringing("ana");
    floor.tell(Input::LinkLost { switch: pbx() });
    floor.tell(snapshot(vec![seen(&caller)]));
    let (_, look) = floor.asked(|act| matches!(act, Act::Look { .. }));
    assert_eq!(*look.leg(), leg);
    floor.tell(Input::LegLookedAt { switch: pbx(), leg: leg.clone(), seen: Some(phone(&leg, LegUp::Up, None)) });
    floor.asked(|act| matches!(act, Act::Connect { agent, .. } if *agent == leg));
}

#[test]
fn a_phone_picked_up_for_a_caller_whom_the_list_missed_is_connected_too() {
    let mut floor = Floor::new();
    floor.login("ana");
    let caller = floor.call("100");
    let leg = floor.ringing("ana");
    floor.tell(Input::LinkLost { switch: pbx() });
    let picked_up = phone(&leg, LegUp::Up, None);
    floor.tell(snapshot(vec![picked_up.clone()]));
    floor.asked(|act| matches!(act, Act::Look { leg } if *leg == caller));
    floor.asked(|act| matches!(act, Act::Look { leg: of } if *of == leg));
    floor.tell(Input::LegLookedAt { switch: pbx(), leg: caller.clone(), seen: Some(seen(&caller)) });
    floor.tell(Input::LegLookedAt { switch: pbx(), leg: leg.clone(), seen: Some(picked_up) });
    floor.asked(|act| matches!(act, Act::Connect { agent, .. } if *agent == leg));
}

#[test]
fn nobody_is_rung_for_a_caller_whom_the_list_missed_before_a_look_has_found_them() {
    let mut floor = Floor::new();
    let caller = floor.call("100");
    floor.login_with("ana", &["second"], &[]);
    floor.tell(Input::LinkLost { switch: pbx() });
    floor.tell(snapshot(vec![]));
    floor.login("ben");
    assert_eq!(floor.state("ben"), AgentState::Idle, "{floor}");
    floor.tell(Input::LegLookedAt { switch: pbx(), leg: caller.clone(), seen: Some(seen(&caller)) });
    assert_eq!(floor.state("ben"), AgentState::Ringing, "{floor}");
}

/// The tags that a caller who waits in `service` since `joined` has on the channel.
fn waits(call: CallId, step: &str, joined: Moment) -> Tags {
    let place = Place::Waiting {
        version: VersionHash::new("v1"),
        step: StepName::new(step),
        language: "en".into(),
        queue: QueueName::new("service"),
        joined,
        credit: secs(0),
    };
    Tags { centre: CentreName::new("demo"), call, epoch: Epoch(1), place }
}

#[test]
fn a_place_that_was_not_yet_on_the_disk_is_the_one_on_the_channel() {
    let mut floor = Floor::new();
    let caller = floor.call("400");
    let call = floor.of(&caller).id;
    let known = floor.known.clone();
    floor.now = floor.now + secs(3);
    let joined = floor.now;
    // The prompt ended and the call joined the queue, and the machine died before that was on the disk.
    let mut floor = Floor::started(2, known);
    floor.now = joined + secs(60);
    assert!(matches!(floor.stage(&caller), Stage::InDialplan { .. }));
    floor.tell(snapshot(vec![LegSeen { tags: Some(waits(call, "spoken", joined)), ..seen(&caller) }]));
    let Stage::Waiting { place, .. } = floor.stage(&caller) else { panic!("{floor}") };
    assert_eq!(place.joined, joined);
    assert!(!floor.effects.iter().any(|effect| matches!(effect.act, Act::Play { .. })), "{:#?}", floor.effects);
}

#[test]
fn a_place_that_the_call_has_left_since_is_not_given_back_by_the_channel() {
    let mut floor = Floor::new();
    let caller = floor.call("300");
    let (call, joined) = (floor.of(&caller).id, floor.now);
    floor.pass(secs(61));
    assert!(matches!(floor.stage(&caller), Stage::InDialplan { .. }), "{floor}");
    // The tag of the new step was on its way when the link broke.
    floor.tell(Input::LinkLost { switch: pbx() });
    floor.tell(snapshot(vec![LegSeen { tags: Some(waits(call, "impatient", joined)), ..seen(&caller) }]));
    assert!(matches!(floor.stage(&caller), Stage::InDialplan { .. }), "{floor}");
}

#[test]
fn a_call_found_waiting_in_a_step_that_speaks_first_is_not_spoken_to_again() {
    let floor = Floor::new();
    let mut floor = reborn(&floor);
    let caller = LegId::new("stranger");
    let joined = floor.now - secs(100);
    let tags = waits(CallId { epoch: Epoch(1), number: 77 }, "spoken", joined);
    floor.tell(snapshot(vec![LegSeen { tags: Some(tags), ..seen(&caller) }]));
    let Stage::Waiting { place, .. } = floor.stage(&caller) else { panic!("{floor}") };
    assert_eq!(place.joined, joined);
    assert!(!floor.effects.iter().any(|effect| matches!(effect.act, Act::Play { .. })), "{:#?}", floor.effects);
}

#[test]
fn nobody_is_given_up_while_the_switch_is_out_of_reach() {
    let mut floor = Floor::new();
    floor.login("ana");
    let ringing = floor.call("100");
    let leg = floor.ringing("ana");
    let impatient = floor.call("300");
    floor.tell(Input::LinkLost { switch: pbx() });
    floor.pass(secs(90));
    assert_eq!(floor.state("ana"), AgentState::Ringing, "{floor}");
    assert!(matches!(floor.stage(&impatient), Stage::Waiting { .. }), "{floor}");
    floor.tell(snapshot(vec![seen(&ringing), seen(&impatient), phone(&leg, LegUp::Up, None)]));
    floor.asked(|act| matches!(act, Act::Connect { agent, .. } if *agent == leg));
    floor.pass(secs(2));
    assert!(matches!(floor.stage(&impatient), Stage::InDialplan { .. }), "the rule that was due is carried out now");
}

/// ana talks for a queue that wants a disposition; her caller's leg, her own, and the call.
fn talks_for_a_queue_that_asks() -> (Floor, LegId, LegId, CallId) {
    let mut floor = Floor::with(|plan| {
        let rules = plan.queues.get_mut(&QueueName::new("service")).expect("a queue");
        rules.needs_disposition = true;
    });
    floor.login("ana");
    let caller = floor.call("100");
    floor.talks("ana", &caller);
    let (call, phone) = (floor.of(&caller).id, floor.agent("ana").leg.clone().expect("a leg"));
    (floor, caller, phone, call)
}

fn disposed(call: CallId, given: bool) -> Input {
    let agent = AgentName::new("ana");
    Input::AgentDisposed { by: agent.clone(), agent, call, given }
}

/// Killed while they talk; the switch says that they still do, and then both hang up.
fn killed_and_hung_up(before: Floor, caller: &LegId, leg: &LegId) -> Floor {
    let (known, now) = (before.known.clone(), before.now + secs(2));
    let mut floor = Floor::again(before, 2, known, now);
    let joined = LegSeen { joined_with: Some(leg.clone()), in_hand: false, ..seen(caller) };
    floor.tell(snapshot(vec![joined, phone(leg, LegUp::Up, Some(caller.clone()))]));
    assert_eq!(floor.state("ana"), AgentState::Talking, "{floor}");
    floor.hangs_up(caller).hangs_up(leg);
    floor
}

#[test]
fn a_disposition_chosen_while_talking_is_not_asked_for_again_after_a_restart() {
    let (mut floor, caller, leg, call) = talks_for_a_queue_that_asks();
    floor.tell(disposed(call, true));
    let mut floor = killed_and_hung_up(floor, &caller, &leg);
    assert_eq!(floor.state("ana"), AgentState::WrappingUp);
    floor.pass(secs(10));
    assert_eq!(floor.state("ana"), AgentState::Idle, "{floor}");
}

#[test]
fn a_disposition_taken_out_again_is_still_owed_after_a_restart() {
    let (mut floor, caller, leg, call) = talks_for_a_queue_that_asks();
    floor.tell(disposed(call, true)).tell(disposed(call, false));
    let mut floor = killed_and_hung_up(floor, &caller, &leg);
    floor.pass(secs(60));
    assert_eq!(floor.state("ana"), AgentState::WrappingUp, "{floor}");
    floor.tell(disposed(call, true));
    assert_eq!(floor.state("ana"), AgentState::Idle, "{floor}");
}

#[test]
fn a_note_that_is_saved_ten_times_says_once_that_it_has_a_disposition() {
    let (mut floor, _, _, call) = talks_for_a_queue_that_asks();
    for _ in 0..10 {
        floor.tell(disposed(call, true));
    }
    // Of a call that is somebody else's it says nothing.
    floor.tell(disposed(CallId { number: call.number + 1, ..call }, true));
    let said = floor.facts.iter().filter(|fact| matches!(fact, Fact::AgentDisposed { .. }));
    assert_eq!(said.count(), 1);
}

#[test]
fn journals_of_before_say_nothing_of_a_disposition() {
    let (floor, ..) = talks_for_a_queue_that_asks();
    let mut old = serde_json::to_value(&floor.known.agents[&AgentName::new("ana")]).expect("spelled");
    old.as_object_mut().expect("an object").remove("disposed");
    let old: cordboard::routing::known::KnownAgent = serde_json::from_value(old).expect("read");
    assert_eq!(old.disposed, None);
}

/// The leg of a phone that was rung for this call, by a life of which the journal kept nothing.
fn rung_for(call: CallId, agent: &str, leg: &LegId, caller: &LegId) -> LegSeen {
    let offer = OfferId { epoch: Epoch(1), number: 7 };
    let place = Place::Offered { offer, agent: AgentName::new(agent) };
    let tags = Some(Tags { centre: CentreName::new("demo"), call, epoch: Epoch(1), place });
    LegSeen { tags, ..phone(leg, LegUp::Up, Some(caller.clone())) }
}

#[test]
fn who_waits_by_a_torn_journal_and_talks_on_the_switch_is_one_call_with_the_agent_whose_phone_was_rung_for_it() {
    for number in ["100", "400"] {
        let mut floor = Floor::new();
        floor.login("ana");
        floor.tell(Input::StationChanged {
            switch: pbx(),
            station: StationAddress::new("PJSIP/ana"),
            line: Line::InUse,
        });
        let caller = floor.call(number);
        let (call, leg) = (floor.of(&caller).id, LegId::new("demo-o0000000001-00000007"));
        let mut floor = reborn(&floor);
        let joined = LegSeen { joined_with: Some(leg.clone()), in_hand: false, ..seen(&caller) };
        floor.tell(snapshot(vec![joined, rung_for(call, "ana", &leg, &caller)]));
        assert_eq!(floor.state("ana"), AgentState::Talking, "{floor}");
        let Stage::Talking { agent, agent_leg, .. } = floor.stage(&caller) else { panic!("{floor}") };
        assert_eq!((agent.as_str(), agent_leg), ("ana", &leg));
        assert!(floor.facts.iter().any(|fact| matches!(fact, Fact::Healed { call: Some(_), agent: Some(_), .. })));
        assert!(floor.hung_up().is_empty(), "they talk: {:#?}", floor.effects);
        // As ever from here on: the next start knows it, and the end of it is an answered call.
        let mut floor = reborn(&floor);
        let joined = LegSeen { joined_with: Some(leg.clone()), in_hand: false, ..seen(&caller) };
        floor.tell(snapshot(vec![joined, rung_for(call, "ana", &leg, &caller)]));
        assert!(matches!(floor.stage(&caller), Stage::Talking { .. }), "{floor}");
        floor.hangs_up(&caller);
        assert_eq!(floor.hung_up(), [leg]);
        assert_eq!(floor.outcomes(), [Outcome::Answered]);
    }
}

#[test]
fn for_who_talks_with_a_phone_that_is_nobodys_nobody_is_rung_and_the_wait_goes_on_when_that_is_over() {
    let mut floor = Floor::new();
    let caller = floor.call("100");
    let leg = LegId::new("pbx-stranger");
    let mut floor = reborn(&floor);
    let joined = LegSeen { joined_with: Some(leg.clone()), in_hand: false, ..seen(&caller) };
    floor.tell(snapshot(vec![joined, phone(&leg, LegUp::Up, Some(caller.clone()))]));
    floor.login("ana");
    assert!(floor.hung_up().is_empty(), "{:#?}", floor.effects);
    assert_eq!(floor.state("ana"), AgentState::Idle, "{floor}");
    floor.tell(Input::LegParted { leg: caller.clone() });
    floor.talks("ana", &caller);
    assert_eq!(floor.state("ana"), AgentState::Talking, "{floor}");
}

#[test]
fn who_was_to_be_hung_up_when_we_died_is_hung_up_though_the_switch_has_them_joined_still() {
    let mut floor = Floor::new();
    floor.login("ana");
    let caller = floor.call("100");
    floor.talks("ana", &caller);
    let leg = floor.agent("ana").leg.clone().expect("a leg");
    floor.hangs_up(&leg);
    assert!(matches!(floor.stage(&caller), Stage::Ending { .. }), "{floor}");
    let mut floor = reborn(&floor);
    let joined = LegSeen { joined_with: Some(leg.clone()), in_hand: false, ..seen(&caller) };
    floor.tell(snapshot(vec![joined, phone(&leg, LegUp::Up, Some(caller.clone()))]));
    assert!(floor.hung_up().contains(&caller), "{:#?}", floor.effects);
}
