//! Agents' phones that we ring.

use std::time::Duration;

use cordboard::routing::ids::LegId;
use cordboard::routing::{Act, Failure, Input};

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

pub async fn a_phone_that_is_told_to_pick_up_does_and_both_hear_each_other<W: World>(world: &mut W) {
    assert!(world.controller().can_pick_up(), "this switch was expected to be able to");
    let (_caller, leg) = arrive(world, "10210").await;
    world.controller().music(&leg).await;
    // Heard, not only ordered: this phone picks up within milliseconds, and Asterisk does not tell that music stops which a
    // Bridge overtook while it began (7 of 14 runs; no packet of it reached the caller's phone then, against 50 a second of a
    // caller on music beside them). Whoever looks at its events would believe that it plays on.
    world.hears(&leg, Heard::Music).await;
    world.phone_does(5, PhoneDoes::Ring).await;
    let station = world.station(5);
    let agent = world.controller().ring(station, RING_FOR).await;
    world.controller().told(Input::LegRinging { leg: agent.clone() }).await;
    let effect = world.controller().order(Act::PickUp { leg: agent.clone() }).await;
    world.controller().done(effect).await;
    world.controller().answered(&agent).await;
    let effect = world.controller().connect(&leg, &agent).await;
    world.controller().done(effect).await;
    world.controller().joined(&leg, &agent).await;
    world.hears(&leg, Heard::Leg(agent.clone())).await;
    // Told once more when it is up, nothing comes of it.
    let effect = world.controller().order(Act::PickUp { leg: agent.clone() }).await;
    world.controller().returned(effect).await;
    world.hears(&agent, Heard::Leg(leg)).await;
}

pub async fn a_phone_that_does_not_understand_it_rings_on_and_is_picked_up_by_hand<W: World>(world: &mut W) {
    world.phone_does(6, PhoneDoes::RingOn).await;
    let station = world.station(6);
    let agent = world.controller().ring(station, RING_FOR).await;
    world.controller().told(Input::LegRinging { leg: agent.clone() }).await;
    let effect = world.controller().order(Act::PickUp { leg: agent.clone() }).await;
    world.controller().done(effect).await;
    world.controller().listen(Duration::from_secs(1)).await;
    assert_eq!(world.controller().heard(&Input::LegAnswered { leg: agent.clone() }), 0);
    assert!(world.in_use(6).await, "it rings on");
    assert!(world.pick_up(6).await);
    world.controller().answered(&agent).await;
}

pub async fn a_phone_that_does_not_ring_is_not_picked_up<W: World>(world: &mut W) {
    let nobody = LegId::new("o0000000000-00000000");
    let effect = world.controller().order(Act::PickUp { leg: nobody.clone() }).await;
    world.controller().refused_as_gone(effect, &nobody).await;
    // Withdrawn, and told to pick up right behind it: it stays withdrawn.
    let station = world.station(7);
    let agent = world.controller().ring(station, RING_FOR).await;
    world.controller().told(Input::LegRinging { leg: agent.clone() }).await;
    world.controller().hang_up(&agent).await;
    let effect = world.controller().order(Act::PickUp { leg: agent.clone() }).await;
    world.controller().returned(effect).await;
    assert_eq!(world.controller().failed(&agent).await, Failure::Withdrawn);
    assert!(!world.in_use(7).await);
}

pub async fn a_phone_that_is_asked_to_picks_up_by_itself_and_one_that_does_not_know_how_rings_on<W: World>(
    world: &mut W,
) {
    world.controller().auto_answer = true;
    world.phone_does(8, PhoneDoes::Ring).await;
    let station = world.station(8);
    let agent = world.controller().ring(station, RING_FOR).await;
    world.controller().answered(&agent).await;
    world.controller().hang_up(&agent).await;
    world.controller().hung_up(&agent).await;
    world.phone_does(9, PhoneDoes::RingOn).await;
    let station = world.station(9);
    let agent = world.controller().ring(station, RING_FOR).await;
    world.controller().told(Input::LegRinging { leg: agent.clone() }).await;
    world.controller().listen(Duration::from_millis(500)).await;
    assert!(world.pick_up(9).await, "it rings on");
    world.controller().answered(&agent).await;
}
