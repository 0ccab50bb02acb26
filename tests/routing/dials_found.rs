//! Dials after a start or an outage: what a list or a look says of the two legs, and what is done about it.

use cordboard::routing::agent::AgentState;
use cordboard::routing::dial::{DialEnd, DialEndedBy};
use cordboard::routing::ids::*;
use cordboard::routing::{Act, Fact, Input, LegSeen, LegUp};

use crate::dialling::{dialled, ends, phone, ringing, talking};
use crate::floor::*;

fn back(floor: &mut Floor, legs: Vec<LegSeen>) {
    floor.tell(Input::LinkLost { switch: pbx() }).tell(Input::SnapshotTaken { switch: pbx(), legs });
}

fn looked(floor: &mut Floor, leg: &LegId, seen: Option<LegSeen>) {
    floor.tell(Input::LegLookedAt { switch: pbx(), leg: leg.clone(), seen });
}

fn ringbacks(floor: &Floor) -> usize {
    asks(floor, |act| matches!(act, Act::StartRingback { .. }))
}

#[test]
fn while_only_the_agents_own_phone_rings_only_that_is_looked_for() {
    let (mut floor, leg) = dialled();
    back(&mut floor, vec![]);
    assert_eq!(looks(&floor), std::slice::from_ref(&leg));
    back(&mut floor, vec![phone(&leg, LegUp::Ringing, None)]);
    assert_eq!(floor.effects, []);
    floor.tell(Input::SnapshotTaken { switch: SwitchName::new("other"), legs: vec![] });
    assert_eq!(floor.effects, [], "another switch says nothing of it");
}

#[test]
fn while_the_number_rings_its_agent_hears_that_again_and_a_number_that_is_not_seen_is_looked_for() {
    let (mut floor, leg, out) = ringing();
    back(&mut floor, vec![phone(&leg, LegUp::Up, None), phone(&out, LegUp::Ringing, None)]);
    assert_eq!((ringbacks(&floor), looks(&floor).len(), connects(&floor)), (1, 0, 0));
    back(&mut floor, vec![LegSeen { in_hand: false, ..phone(&leg, LegUp::Up, None) }]);
    assert_eq!((ringbacks(&floor), looks(&floor)), (0, vec![out.clone()]));
    looked(&mut floor, &out, Some(phone(&out, LegUp::Up, None)));
    assert_eq!(connects(&floor), 1, "and has answered meanwhile");
    assert!(floor.facts.iter().any(|fact| matches!(fact, Fact::DialAnswered { .. })));
    // On their way to each other.
    back(&mut floor, vec![phone(&leg, LegUp::Up, None), phone(&out, LegUp::Up, None)]);
    assert_eq!(connects(&floor), 1);
    looked(&mut floor, &out, Some(phone(&out, LegUp::Up, Some(&leg))));
    assert_eq!(floor.state("ana"), AgentState::TalkingOut, "{floor}");
}

#[test]
fn two_who_talked_are_joined_again_where_they_are_found_apart_and_left_alone_where_they_are_not() {
    let (mut floor, leg, out) = talking();
    back(&mut floor, vec![phone(&leg, LegUp::Up, Some(&out)), phone(&out, LegUp::Up, Some(&leg))]);
    assert_eq!((floor.effects.len(), healed(&floor)), (0, 0));
    back(&mut floor, vec![phone(&leg, LegUp::Up, None), phone(&out, LegUp::Up, None)]);
    assert_eq!((connects(&floor), healed(&floor)), (1, 1));
    floor.tell(Input::LegsJoined { a: out.clone(), b: leg.clone() });
    // Apart with nobody hanging up: joined, and both looked at.
    floor.tell(Input::LegParted { leg: out.clone() });
    assert_eq!(floor.effects, []);
    floor.pass(secs(1));
    assert_eq!((connects(&floor), healed(&floor), looks(&floor)), (1, 2, vec![out.clone(), leg.clone()]));
    // And together again in time it is no matter.
    floor.tell(Input::LegsJoined { a: leg.clone(), b: out.clone() });
    floor.tell(Input::LegParted { leg: leg.clone() }).tell(Input::LegsJoined { a: leg, b: out }).pass(secs(1));
    assert_eq!(healed(&floor), 2);
}

#[test]
fn who_is_gone_unseen_ends_the_dial_unseen_and_the_other_is_hung_up() {
    let (mut floor, leg, out) = talking();
    looked(&mut floor, &out, None);
    assert_eq!(ends(&floor), [(DialEnd::Answered, DialEndedBy::Unseen)]);
    assert_eq!(floor.hung_up(), [leg]);
    let (mut floor, leg, out) = ringing();
    looked(&mut floor, &leg, None);
    assert_eq!(ends(&floor), [(DialEnd::Unseen, DialEndedBy::Unseen)]);
    assert_eq!(floor.hung_up(), [out]);
}

#[test]
fn a_dial_at_a_kill_of_which_nothing_more_is_heard_ends_in_its_time() {
    for number_rings in [false, true] {
        let (floor, leg, out) = match number_rings {
            true => ringing(),
            false => {
                let (floor, leg) = dialled();
                (floor, leg.clone(), leg)
            }
        };
        let (known, now) = (floor.known.clone(), floor.now);
        let mut again = Floor::again(floor, 2, known, now);
        let mut legs = vec![phone(&leg, if number_rings { LegUp::Up } else { LegUp::Ringing }, None)];
        if number_rings {
            legs.push(phone(&out, LegUp::Ringing, None));
        }
        again.tell(Input::SnapshotTaken { switch: pbx(), legs }).pass(secs(32));
        assert_eq!(ends(&again), []);
        again.pass(secs(1));
        let how = if number_rings { DialEnd::NoAnswer } else { DialEnd::AgentNotReached };
        assert_eq!(ends(&again), [(how, DialEndedBy::Us)]);
        assert_eq!(again.hung_up().len(), 1 + usize::from(number_rings));
    }
}

#[test]
fn a_dial_whose_agent_the_journal_has_elsewhere_ends_unseen_at_the_start() {
    let (floor, _) = dialled();
    let mut known = floor.known.clone();
    known.agents.clear();
    let again = Floor::started(2, known);
    assert_eq!(ends(&again), [(DialEnd::Unseen, DialEndedBy::Unseen)]);
    assert_eq!(again.core.dials().count(), 0);
    assert!(again.keeps_nothing(), "{:?}", again.core.kept());
}
