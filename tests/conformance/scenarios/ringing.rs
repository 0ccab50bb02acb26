//! Agents' phones that we ring.

use std::time::Duration;

use cordboard::routing::{Failure, Input};

use crate::controller::{arrive, pick_up};
use crate::world::{Heard, PhoneDoes, World};

const RING_FOR: Duration = Duration::from_secs(20);

pub async fn a_phone_rings_is_picked_up_and_both_hear_each_other<W: World>(world: &mut W) {
    let (caller, leg) = arrive(world, "10200").await;
    world.controller().music(&leg).await;
    let station = world.station(1);
    let agent = world.controller().ring(station, RING_FOR).await;
    world.controller().told(Input::LegRinging { leg: agent.clone() }).await;
    assert!(world.pick_up(1).await);
    world.controller().answered(&agent).await;
    world.hears(&leg, Heard::Music).await;
    let effect = world.controller().connect(&leg, &agent).await;
    world.controller().done(effect).await;
    world.controller().joined(&leg, &agent).await;
    // Connecting answers a caller who was not.
    world.answered(&caller).await;
    world.hears(&leg, Heard::Leg(agent.clone())).await;
    world.hears(&agent, Heard::Leg(leg.clone())).await;
    let seen = world.controller().look(&leg).await.expect("the caller is there");
    assert_eq!(seen.joined_with, Some(agent));
    assert!(!seen.in_hand);
}

async fn fails<W: World>(world: &mut W, does: PhoneDoes, ring_for: Duration, why: Failure) {
    let (caller, leg) = arrive(world, "10201").await;
    world.controller().music(&leg).await;
    world.phone_does(2, does).await;
    let station = world.station(2);
    let agent = world.controller().ring(station, ring_for).await;
    assert_eq!(world.controller().failed(&agent).await, why);
    assert_eq!(world.controller().look(&agent).await, None);
    assert!(!world.in_use(2).await);
    // The caller notices nothing.
    assert!(world.alive(&caller).await);
    world.hears(&leg, Heard::Music).await;
}

pub async fn a_phone_that_nobody_picks_up_fails_as_no_answer<W: World>(world: &mut W) {
    fails(world, PhoneDoes::Ring, Duration::from_secs(2), Failure::NoAnswer).await;
}

pub async fn a_busy_phone_fails_as_busy<W: World>(world: &mut W) {
    fails(world, PhoneDoes::SayBusy, RING_FOR, Failure::Busy).await;
}

pub async fn a_phone_that_rejects_fails_as_rejected<W: World>(world: &mut W) {
    fails(world, PhoneDoes::RejectAfter(Duration::from_millis(50)), RING_FOR, Failure::Rejected).await;
}

pub async fn a_station_that_nobody_knows_fails_as_unreachable<W: World>(world: &mut W) {
    let nowhere = world.nowhere();
    let agent = world.controller().ring(nowhere, RING_FOR).await;
    assert_eq!(world.controller().failed(&agent).await, Failure::Unreachable);
}

pub async fn a_phone_that_rings_can_be_withdrawn<W: World>(world: &mut W) {
    let station = world.station(3);
    let agent = world.controller().ring(station, RING_FOR).await;
    world.controller().told(Input::LegRinging { leg: agent.clone() }).await;
    let effect = world.controller().hang_up(&agent).await;
    world.controller().done(effect).await;
    assert_eq!(world.controller().failed(&agent).await, Failure::Withdrawn);
    assert!(!world.in_use(3).await);
    // And the phone is good for the next call.
    pick_up(world, 3).await;
}

pub async fn a_phone_withdrawn_right_behind_its_ring_does_not_ring_on<W: World>(world: &mut W) {
    for _ in 0..20 {
        let station = world.station(4);
        let agent = world.controller().ring(station, RING_FOR).await;
        let effect = world.controller().hang_up(&agent).await;
        world.controller().done(effect).await;
        assert_eq!(world.controller().failed(&agent).await, Failure::Withdrawn);
        assert!(!world.in_use(4).await);
    }
}
