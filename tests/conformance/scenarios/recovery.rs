//! What is found again after a lost link or a new controller.

use std::time::Duration;

use cordboard::routing::ids::*;
use cordboard::routing::tag::Place;
use cordboard::routing::{Act, Input, LegSeen, LegUp, Returned};

use crate::controller::{arrive, called, talk};
use crate::world::{Heard, World};

const RING_FOR: Duration = Duration::from_secs(60);

fn waiting(world: &impl World) -> Place {
    Place::Waiting {
        version: VersionHash::new("9f".repeat(16)),
        step: StepName::new("主菜单: a,b;\"$"),
        language: "zh".into(),
        queue: QueueName::new("service"),
        joined: world.now(),
        credit: Duration::from_secs(90),
    }
}

fn of<'a>(legs: &'a [LegSeen], leg: &LegId) -> &'a LegSeen {
    let mut found = legs.iter().filter(|seen| seen.leg == *leg);
    let first = found.next().unwrap_or_else(|| panic!("{leg} is not in the snapshot: {legs:#?}"));
    assert!(found.next().is_none(), "{leg} is in the snapshot twice");
    first
}

pub async fn tags_are_read_back_in_a_snapshot<W: World>(world: &mut W) {
    let (_caller, leg) = arrive(world, "10500").await;
    let place = waiting(world);
    let tags = world.controller().tags(place);
    let effect = world.controller().order(Act::Tag { leg: leg.clone(), tags: tags.clone() }).await;
    world.controller().done(effect).await;
    world.cut_link().await;
    world.mend_link().await;
    let legs = world.controller().snapshot().await;
    assert_eq!(of(&legs, &leg).tags, Some(tags.clone()));
    let seen = world.controller().look(&leg).await;
    assert_eq!(seen.and_then(|seen| seen.tags), Some(tags));
}

pub async fn a_look_finds_who_lives_and_misses_who_does_not<W: World>(world: &mut W) {
    let (caller, leg) = arrive(world, "10501").await;
    let seen = world.controller().look(&leg).await.expect("who lives is found");
    assert_eq!((seen.from.as_str(), seen.to, seen.inbound), ("10501", called(), true));
    world.hang_up(&caller).await;
    world.controller().hung_up(&leg).await;
    assert_eq!(world.controller().look(&leg).await, None);
}

/// One call of each kind, by leg.
struct Floor<C> {
    waiting: (C, LegId),
    rung_for: (C, LegId),
    ringing: LegId,
    talking: (C, LegId),
    agent: LegId,
}

async fn floor<W: World>(world: &mut W) -> Floor<W::Caller> {
    let (caller, leg, agent) = talk(world, "10510", 1).await;
    let talking = (caller, leg);
    let waiting = arrive(world, "10511").await;
    world.controller().music(&waiting.1).await;
    let rung_for = arrive(world, "10512").await;
    let station = world.station(2);
    let ringing = world.controller().ring(station, RING_FOR).await;
    world.controller().told(Input::LegRinging { leg: ringing.clone() }).await;
    Floor { waiting, rung_for, ringing, talking, agent }
}

/// The snapshot tells all of it, and all of it goes on.
async fn still_stands<W: World>(world: &mut W, floor: Floor<W::Caller>) {
    let legs = world.controller().snapshot().await;
    assert_eq!(legs.len(), 5, "{legs:#?}");
    let seen = of(&legs, &floor.waiting.1);
    assert!(seen.in_hand && seen.inbound && seen.joined_with.is_none(), "{seen:?}");
    assert_eq!((seen.from.as_str(), &seen.to), ("10511", &called()));
    let seen = of(&legs, &floor.ringing);
    assert!(seen.up == LegUp::Ringing && !seen.inbound && !seen.in_hand, "{seen:?}");
    assert!(matches!(seen.tags.as_ref().map(|tags| &tags.place), Some(Place::Offered { .. })), "{seen:?}");
    let (caller, agent) = (of(&legs, &floor.talking.1), of(&legs, &floor.agent));
    assert_eq!((caller.joined_with.as_ref(), agent.joined_with.as_ref()), (Some(&agent.leg), Some(&caller.leg)));
    assert!(caller.up == LegUp::Up && agent.up == LegUp::Up && !caller.in_hand && !agent.in_hand);
    for caller in [&floor.waiting.0, &floor.rung_for.0, &floor.talking.0] {
        assert!(world.alive(caller).await);
    }
    world.hears(&floor.waiting.1, Heard::Music).await;
    // The ringing phone is picked up and its caller connected; the talking agent hangs up; the waiting caller leaves.
    assert!(world.pick_up(2).await);
    world.controller().answered(&floor.ringing).await;
    let effect = world.controller().connect(&floor.rung_for.1, &floor.ringing).await;
    world.controller().done(effect).await;
    world.controller().joined(&floor.rung_for.1, &floor.ringing).await;
    world.put_down(1).await;
    world.controller().hung_up(&floor.agent).await;
    world.controller().parted(&floor.talking.1).await;
    world.hang_up(&floor.waiting.0).await;
    world.controller().hung_up(&floor.waiting.1).await;
}

pub async fn a_lost_link_costs_no_call_and_the_snapshot_tells_all<W: World>(world: &mut W) {
    let floor = floor(world).await;
    world.cut_link().await;
    world.controller().expect("the loss of the link", |i| matches!(i, Input::LinkLost { .. }).then_some(())).await;
    world.mend_link().await;
    still_stands(world, floor).await;
}

pub async fn a_new_controller_finds_every_call_of_the_last_one<W: World>(world: &mut W) {
    let floor = floor(world).await;
    world.new_controller().await;
    still_stands(world, floor).await;
}

pub async fn orders_in_flight_when_the_link_breaks_come_back_unknown<W: World>(world: &mut W) {
    let (_caller, leg) = arrive(world, "10520").await;
    let effect = world.controller().order(Act::Answer { leg: leg.clone() }).await;
    world.controller().done(effect).await;
    let sound = world.long_sound();
    let effect = world.controller().play(&leg, sound, Duration::from_secs(12)).await;
    world.controller().listen(Duration::from_millis(100)).await;
    world.cut_link().await;
    assert_eq!(world.controller().returned(effect).await, Returned::Unknown);
    // And one given while there is no link.
    let effect = world.controller().hang_up(&leg).await;
    assert_eq!(world.controller().returned(effect).await, Returned::Unknown);
    world.mend_link().await;
    let legs = world.controller().snapshot().await;
    assert!(of(&legs, &leg).in_hand);
}

pub async fn a_caller_who_leaves_while_the_link_is_lost_is_not_in_the_snapshot<W: World>(world: &mut W) {
    let (caller, gone) = arrive(world, "10521").await;
    let (_caller, stays) = arrive(world, "10522").await;
    world.cut_link().await;
    world.controller().expect("the loss of the link", |i| matches!(i, Input::LinkLost { .. }).then_some(())).await;
    world.hang_up(&caller).await;
    let late = world.dial("10523", b"").await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    world.mend_link().await;
    let legs = world.controller().snapshot().await;
    assert!(legs.iter().all(|seen| seen.leg != gone), "{legs:#?}");
    assert!(of(&legs, &stays).in_hand);
    let found = legs.iter().find(|seen| seen.from.as_str() == "10523").expect("who came meanwhile is found");
    assert!(found.in_hand && found.inbound);
    // It is told by the snapshot alone.
    world.hang_up(&late).await;
    let leg = found.leg.clone();
    world.controller().hung_up(&leg).await;
    assert!(!world.controller().ended(&gone));
}

pub async fn a_caller_on_hold_is_found_in_hand_by_a_new_controller_and_joined_again<W: World>(world: &mut W) {
    let (caller, leg, agent) = talk(world, "10530", 1).await;
    let effect = world.controller().order(Act::Part { caller: leg.clone(), agent: agent.clone() }).await;
    world.controller().done(effect).await;
    world.controller().parted(&leg).await;
    world.controller().parted(&agent).await;
    world.controller().music(&leg).await;
    world.hears(&leg, Heard::Music).await;
    world.new_controller().await;
    let legs = world.controller().snapshot().await;
    assert_eq!(legs.len(), 2, "{legs:#?}");
    for leg in [&leg, &agent] {
        let seen = of(&legs, leg);
        assert!(seen.in_hand && seen.joined_with.is_none() && seen.up == LegUp::Up, "{seen:?}");
    }
    assert!(of(&legs, &leg).inbound && !of(&legs, &agent).inbound);
    world.controller().music(&leg).await;
    // Until it has begun anew: the old music is heard meanwhile, and of music that a Bridge overtakes while it begins
    // Asterisk does not tell the stop (7 of 8 runs; on hold 50 packets a second reached the caller, joined again none).
    world.controller().listen(Duration::from_millis(300)).await;
    world.hears(&leg, Heard::Music).await;
    let effect = world.controller().connect(&leg, &agent).await;
    world.controller().done(effect).await;
    world.controller().joined(&leg, &agent).await;
    world.hears(&leg, Heard::Leg(agent)).await;
    assert!(world.alive(&caller).await);
}
