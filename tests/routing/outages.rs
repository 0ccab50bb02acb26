//! A link that was lost and is back: what the list of the switch means for each call and phone, and what a second look does.

use cordboard::routing::agent::AgentState;
use cordboard::routing::call::Stage;
use cordboard::routing::fact::{EndedBy, OfferEnd, Outcome};
use cordboard::routing::ids::*;
use cordboard::routing::tag::{Place, Tags};
use cordboard::routing::{Act, Fact, Input, LegSeen, LegUp};

use crate::floor::*;

fn snapshot(legs: Vec<LegSeen>) -> Input {
    Input::SnapshotTaken { switch: pbx(), legs }
}

fn lost() -> Input {
    Input::LinkLost { switch: pbx() }
}

fn looked(leg: &LegId, seen: Option<LegSeen>) -> Input {
    Input::LegLookedAt { switch: pbx(), leg: leg.clone(), seen }
}

/// A phone that was rung: `None`, it rings; else it is up, and hears that leg.
fn rung(leg: &LegId) -> LegSeen {
    LegSeen { up: LegUp::Ringing, inbound: false, in_hand: false, ..seen(leg) }
}

fn up(leg: &LegId) -> LegSeen {
    LegSeen { inbound: false, ..seen(leg) }
}

fn joined(of: LegSeen, with: &LegId) -> LegSeen {
    LegSeen { joined_with: Some(with.clone()), in_hand: false, up: LegUp::Up, ..of }
}

/// ana's phone rings; the caller's leg and hers.
fn ringing() -> (Floor, LegId, LegId) {
    let mut floor = Floor::new();
    floor.login("ana");
    let caller = floor.call("100");
    let phone = floor.ringing("ana");
    (floor, caller, phone)
}

fn connecting() -> (Floor, LegId, LegId) {
    let (mut floor, caller, phone) = ringing();
    floor.picks_up("ana");
    assert!(matches!(floor.stage(&caller), Stage::Connecting { .. }), "{floor}");
    (floor, caller, phone)
}

fn talking() -> (Floor, LegId, LegId) {
    let (mut floor, caller, phone) = ringing();
    floor.talks("ana", &caller);
    (floor, caller, phone)
}

#[test]
fn a_link_that_goes_and_comes_is_told_once_each_way() {
    let mut floor = Floor::new();
    let links = |floor: &Floor| -> Vec<bool> {
        let told = floor.facts.iter().filter_map(|fact| match fact {
            Fact::LinkChanged { up, .. } => Some(*up),
            _ => None,
        });
        told.collect()
    };
    assert_eq!(links(&floor), [true]);
    floor.tell(snapshot(vec![])).tell(lost()).tell(lost()).tell(snapshot(vec![]));
    assert_eq!(links(&floor), [true, false, true]);
}

#[test]
fn who_was_free_when_the_link_went_is_not_rung_before_it_is_back() {
    let mut floor = Floor::new();
    floor.login("ana").tell(lost());
    let free = |floor: &Floor| floor.core.floor(floor.now).queues.iter().map(|queue| queue.agents_free).sum::<usize>();
    assert_eq!(free(&floor), 0);
    let caller = floor.call("100");
    assert_eq!(floor.state("ana"), AgentState::Idle, "{floor}");
    floor.tell(snapshot(vec![seen(&caller)]));
    assert_eq!(floor.state("ana"), AgentState::Ringing, "{floor}");
}

#[test]
fn the_list_of_one_switch_says_nothing_of_calls_phones_and_lines_on_another() {
    let (mut floor, caller, _) = talking();
    floor.login("ben");
    floor.call("100");
    floor.tell(Input::AgentLoggedIn {
        agent: AgentName::new("cem"),
        station: StationAddress::new("held:PJSIP/cem"),
        switch: pbx(),
        queues: [QueueName::new("second")].into(),
        skills: [].into(),
        by: AgentName::new("cem"),
        auto_answer: None,
    });
    floor.tell(Input::SnapshotTaken { switch: SwitchName::new("other"), legs: vec![] });
    assert_eq!(floor.effects, []);
    assert!(matches!(floor.stage(&caller), Stage::Talking { .. }), "{floor}");
    assert_eq!(floor.state("ben"), AgentState::Ringing, "{floor}");
}

#[test]
fn a_caller_whom_the_switch_still_rings_for_us_is_not_given_up() {
    let mut floor = Floor::new();
    let caller = floor.call("100");
    floor.tell(lost()).tell(snapshot(vec![LegSeen { up: LegUp::Ringing, in_hand: false, ..seen(&caller) }]));
    assert_eq!(floor.outcomes(), []);
    assert!(matches!(floor.stage(&caller), Stage::Waiting { .. }), "{floor}");
}

#[test]
fn a_caller_whom_the_switch_took_back_is_told_as_healed() {
    let mut floor = Floor::new();
    let caller = floor.call("100");
    floor.tell(lost()).tell(snapshot(vec![LegSeen { in_hand: false, ..seen(&caller) }]));
    assert_eq!((floor.outcomes(), healed(&floor)), (vec![Outcome::EndedUnseen], 1));
}

#[test]
fn a_joining_under_way_when_the_link_went_is_ordered_again_where_both_are_there() {
    let (mut floor, caller, phone) = connecting();
    floor.tell(lost()).tell(snapshot(vec![seen(&caller), up(&phone)]));
    assert_eq!((connects(&floor), looks(&floor)), (1, vec![]));
    let (mut floor, caller, phone) = connecting();
    floor.tell(lost()).tell(snapshot(vec![seen(&caller)]));
    assert_eq!(connects(&floor), 0, "one of them is not there");
    assert!(looks(&floor).contains(&phone), "{:#?}", floor.effects);
}

#[test]
fn a_phone_that_talked_and_is_not_on_the_list_is_looked_at_and_joined_with_nobody() {
    let (mut floor, caller, phone) = talking();
    floor.tell(lost()).tell(snapshot(vec![seen(&caller)]));
    assert_eq!(connects(&floor), 0);
    assert!(looks(&floor).contains(&phone), "{:#?}", floor.effects);
    assert_eq!(floor.state("ana"), AgentState::Talking, "nothing is over before the look");
    floor.tell(looked(&phone, Some(up(&phone))));
    assert_eq!((connects(&floor), healed(&floor)), (1, 1), "found after all, and apart: {:#?}", floor.effects);
    floor.tell(looked(&phone, Some(joined(up(&phone), &caller))));
    assert_eq!(floor.effects, [], "and together it is left alone");
}

#[test]
fn a_phone_that_rings_no_more_and_of_which_a_look_finds_nothing_costs_its_agent_no_rest() {
    let (mut floor, caller, phone) = ringing();
    floor.tell(lost()).tell(snapshot(vec![seen(&caller)]));
    assert!(looks(&floor).contains(&phone), "{:#?}", floor.effects);
    floor.tell(looked(&phone, None));
    let ended = floor.facts.iter().find_map(|fact| match fact {
        Fact::OfferEnded { how, .. } => Some(*how),
        _ => None,
    });
    assert_eq!(ended, Some(OfferEnd::Unseen));
    assert_eq!(floor.state("ana"), AgentState::Ringing, "rung once more, for the caller still waits: {floor}");
    assert_ne!(floor.ringing("ana"), phone);
}

#[test]
fn a_look_at_a_phone_that_rings_on_changes_nothing_and_one_that_finds_it_joined_is_a_conversation() {
    let (mut floor, caller, phone) = ringing();
    floor.tell(looked(&phone, Some(rung(&phone))));
    assert_eq!((&floor.effects[..], floor.state("ana")), (&[][..], AgentState::Ringing));
    floor.tell(looked(&phone, Some(joined(up(&phone), &caller))));
    assert_eq!(floor.state("ana"), AgentState::Talking, "{floor}");
}

#[test]
fn a_look_that_finds_a_phone_picked_up_is_the_answer() {
    let (mut floor, caller, phone) = ringing();
    floor.tell(looked(&phone, Some(up(&phone))));
    assert!(floor.facts.iter().any(|fact| matches!(fact, Fact::OfferAnswered { .. })), "{:#?}", floor.facts);
    assert!(matches!(floor.stage(&caller), Stage::Connecting { .. }), "{floor}");
}

#[test]
fn a_look_at_a_phone_on_its_way_to_the_caller_orders_the_joining_again() {
    let (mut floor, caller, phone) = connecting();
    floor.tell(looked(&phone, Some(up(&phone))));
    assert_eq!(connects(&floor), 1);
    assert!(matches!(floor.stage(&caller), Stage::Connecting { .. }), "{floor}");
}

#[test]
fn a_look_at_a_waiting_caller_who_is_found_talking_makes_it_a_conversation() {
    let (mut floor, caller, phone) = ringing();
    floor.tell(looked(&caller, Some(joined(seen(&caller), &phone))));
    assert_eq!(floor.state("ana"), AgentState::Talking, "{floor}");
}

#[test]
fn a_look_at_a_caller_who_hears_a_step_begins_it_anew_only_where_the_switch_does_not_hold_them() {
    let mut floor = Floor::new();
    let caller = floor.call("400");
    floor.tell(looked(&caller, Some(LegSeen { in_hand: false, ..seen(&caller) })));
    assert_eq!(floor.effects, []);
    floor.tell(looked(&caller, Some(seen(&caller))));
    assert_eq!(asks(&floor, |act| matches!(act, Act::Play { .. })), 1);
}

#[test]
fn a_caller_who_is_to_go_and_is_still_there_is_hung_up_again() {
    let (mut floor, caller, phone) = talking();
    floor.hangs_up(&phone);
    assert!(matches!(floor.stage(&caller), Stage::Ending { .. }), "{floor}");
    floor.tell(looked(&caller, Some(seen(&caller))));
    assert_eq!(floor.hung_up(), std::slice::from_ref(&caller));
}

#[test]
fn a_phone_that_is_slow_to_go_is_hung_up_again_and_one_that_talks_is_not() {
    let (mut floor, caller, phone) = talking();
    let talk = vec![joined(seen(&caller), &phone), joined(up(&phone), &caller)];
    floor.tell(lost()).tell(snapshot(talk));
    assert_eq!(floor.hung_up(), []);
    floor.hangs_up(&caller).tell(lost()).tell(snapshot(vec![up(&phone)]));
    assert_eq!(floor.state("ana"), AgentState::WrappingUp, "{floor}");
    assert_eq!(floor.hung_up(), std::slice::from_ref(&phone));
    floor.tell(looked(&phone, Some(up(&phone))));
    assert_eq!(floor.hung_up(), std::slice::from_ref(&phone), "and when a look finds it");
    floor.tell(lost()).tell(snapshot(vec![]));
    assert_eq!(looks(&floor), std::slice::from_ref(&phone));
    floor.tell(looked(&phone, None));
    assert_eq!(floor.agent("ana").leg, None);
    floor.pass(secs(10));
    assert!(floor.keeps_nothing(), "{:?}", floor.core.kept());
}

#[test]
fn who_hung_up_unheard_while_talking_is_written_as_unseen() {
    let (mut floor, caller, phone) = talking();
    floor.tell(looked(&phone, None)).hangs_up(&caller);
    assert!(
        floor.facts.iter().any(|fact| matches!(fact, Fact::CallEnded { by: EndedBy::Unseen, .. })),
        "{:#?}",
        floor.facts
    );
    assert_eq!(floor.state("ana"), AgentState::WrappingUp);
}

#[test]
fn a_look_that_comes_back_after_the_link_is_lost_again_says_nothing() {
    let (mut floor, caller, phone) = talking();
    floor.tell(lost()).tell(looked(&caller, None)).tell(looked(&phone, None));
    assert_eq!(floor.outcomes(), []);
    assert_eq!(floor.state("ana"), AgentState::Talking, "{floor}");
}

/// What a phone that ana was rung on says of itself.
fn tags(centre: &str) -> Option<Tags> {
    let place = Place::Offered { offer: OfferId { epoch: Epoch(0), number: 9 }, agent: AgentName::new("ana") };
    let call = CallId { epoch: Epoch(0), number: 9 };
    Some(Tags { centre: CentreName::new(centre), call, epoch: Epoch(0), place })
}

#[test]
fn of_the_legs_that_nobody_here_knows_only_our_own_that_hear_nobody_are_hung_up() {
    let strange = LegId::new("strange");
    let finds = |seen: LegSeen| {
        let mut floor = Floor::new();
        floor.tell(lost()).tell(snapshot(vec![seen]));
        assert_eq!(floor.core.calls().count(), 0, "{floor}");
        assert_eq!(healed(&floor), floor.hung_up().len());
        assert!(floor.keeps_nothing(), "nothing is waited for: {:?}", floor.core.kept());
        floor.hung_up().len()
    };
    assert_eq!(finds(LegSeen { tags: tags("demo"), ..up(&strange) }), 1);
    assert_eq!(finds(LegSeen { tags: tags("demo"), ..joined(up(&strange), &LegId::new("caller")) }), 0);
    assert_eq!(finds(LegSeen { tags: tags("elsewhere"), ..up(&strange) }), 0, "another centre's");
    assert_eq!(finds(up(&strange)), 0, "the switch's own");
    assert_eq!(finds(LegSeen { in_hand: false, ..seen(&strange) }), 0, "a caller who is not in our hands");
}

/// What the channel of a caller says who waits in `queue` since then.
fn waits(centre: &str, call: CallId, (step, queue): (&str, &str), joined: cordboard::calendar::Moment) -> Option<Tags> {
    let place = Place::Waiting {
        version: VersionHash::new("v1"),
        step: StepName::new(step),
        language: "en".into(),
        queue: QueueName::new(queue),
        joined,
        credit: secs(0),
    };
    Some(Tags { centre: CentreName::new(centre), call, epoch: Epoch(1), place })
}

#[test]
fn a_place_on_a_channel_is_believed_only_of_our_own_call_later_than_its_step_and_where_the_step_leads_there() {
    let mut floor = Floor::new();
    let caller = floor.call("400");
    let (call, began) = (floor.of(&caller).id, floor.now);
    floor.pass(secs(3));
    let joined = floor.now;
    let is_given = |tags: Option<Tags>| {
        let mut floor = Floor::started(1, floor.known.clone());
        floor.now = joined;
        floor.tell(snapshot(vec![LegSeen { tags, ..seen(&caller) }]));
        let waits = matches!(floor.stage(&caller), Stage::Waiting { .. });
        let speaks = asks(&floor, |act| matches!(act, Act::Play { .. })) == 1;
        assert_ne!(waits, speaks, "the step is heard anew, or there is a place: {floor}");
        assert!(waits || floor.of(&caller).walk.step().as_str() == "spoken", "{floor}");
        waits
    };
    let spoken = ("spoken", "service");
    assert!(is_given(waits("demo", call, spoken, joined)));
    assert!(!is_given(waits("elsewhere", call, spoken, joined)));
    assert!(!is_given(waits("demo", CallId { number: call.number + 1, ..call }, spoken, joined)));
    assert!(!is_given(waits("demo", call, spoken, began)), "what it was before the step");
    assert!(!is_given(waits("demo", call, ("plain", "second"), joined)), "this step leads elsewhere");
    assert!(!is_given(waits("demo", call, ("nowhere", "service"), joined)), "there is no such step");
    assert!(!is_given(None));
}
