//! What a desk and the floor show of one agent and one call.

use cordboard::calendar::Moment;
use cordboard::routing::call::StageWord;
use cordboard::routing::ids::*;
use cordboard::routing::view::{CallSeen, DeskSeen};

use crate::floor::*;

fn desk(floor: &Floor, agent: &str) -> DeskSeen {
    floor.core.desk_seen(floor.now, &AgentName::new(agent)).unwrap_or_else(|| panic!("no {agent}\n{floor}"))
}

fn call(floor: &Floor, leg: &LegId) -> CallSeen {
    floor.core.call_seen(floor.now, floor.of(leg).id).unwrap_or_else(|| panic!("no call on {leg}\n{floor}"))
}

#[test]
fn a_ringing_desk_shows_the_offer_and_the_call_before_it_is_picked_up() {
    let mut floor = Floor::new();
    floor.login("ana");
    let caller = floor.call("500");
    let DeskSeen { agent, call, .. } = desk(&floor, "ana");
    let offer = agent.offer.expect("an offer");
    assert_eq!(offer.until_ms, Some(NOON + secs(15)));
    assert_eq!(agent.queue, Some(QueueName::new("service")));
    assert_eq!((agent.talking_since_ms, agent.wrap_up.is_none()), (None, true));
    let call = call.expect("a call");
    assert_eq!((call.id, call.credit_ms, call.stage), (floor.of(&caller).id, Some(60_000), StageWord::Ringing));
    assert_eq!(call.agent, Some(AgentName::new("ana")));
    floor.picks_up("ana");
    assert_eq!(desk(&floor, "ana").agent.offer.map(|offer| offer.until_ms), Some(None));
}

#[test]
fn a_talking_desk_shows_since_when_and_a_wrapping_one_until_when() {
    let mut floor = Floor::new();
    floor.login("ana");
    let caller = floor.call("100");
    floor.pass(secs(4)).talks("ana", &caller);
    let began = floor.now;
    let leg = floor.agent("ana").leg.clone().expect("a leg");
    let id = floor.of(&caller).id;
    floor.pass(secs(30));
    let DeskSeen { agent, call: of, .. } = desk(&floor, "ana");
    assert_eq!((agent.talking_since_ms, agent.call, agent.offer.is_none()), (Some(began), Some(id), true));
    assert_eq!(of.and_then(|of| of.talking_since_ms), Some(began));
    floor.hangs_up(&caller).hangs_up(&leg);
    let DeskSeen { agent, call: of, .. } = desk(&floor, "ana");
    assert_eq!(agent.wrap_up.map(|wrap_up| wrap_up.until_ms), Some(Some(floor.now + secs(10))));
    assert_eq!((agent.call, agent.queue), (Some(id), Some(QueueName::new("service"))));
    assert_eq!(agent.talking_since_ms, Some(began));
    assert!(of.is_none(), "the call is over");
    // A start knows it too.
    let reborn = Floor::started(2, floor.known.clone());
    assert_eq!(desk(&reborn, "ana").agent.queue, Some(QueueName::new("service")));
}

#[test]
fn a_waiting_call_shows_what_it_needs() {
    let mut floor = Floor::new();
    let caller = floor.call("200");
    let seen = call(&floor, &caller);
    assert_eq!(seen.needs.iter().map(|need| (need.skill.as_str(), need.level)).collect::<Vec<_>>(), [("english", 2)]);
    assert_eq!((seen.position, seen.agent, seen.joined_ms), (Some(1), None, Some(NOON)));
}

#[test]
fn nobody_is_shown_who_is_not_there() {
    let floor = Floor::new();
    assert!(floor.core.desk_seen(floor.now, &AgentName::new("nobody")).is_none());
    assert!(floor.core.call_seen(floor.now, CallId { epoch: Epoch(1), number: 99 }).is_none());
}

#[test]
fn work_in_a_journal_of_before_is_still_read() {
    let old = r#"{"wrapping_up":{"call":"c0000000001-00000001","since":1,"until":null}}"#;
    let work: cordboard::routing::agent::Work = serde_json::from_str(old).expect("what was written is read");
    let expected = cordboard::routing::agent::Work::WrappingUp {
        call: CallId { epoch: Epoch(1), number: 1 },
        since: Moment::from_ms(1),
        until: None,
        queue: None,
        needs_disposition: false,
        talked_since: None,
    };
    assert_eq!(work, expected);
}
