//! Callers who are passed on: away from one agent, with music in between, and to the next or to a number outside.

use std::time::Duration;

use cordboard::routing::ids::*;
use cordboard::routing::tag::Place;
use cordboard::routing::{Act, Input};

use crate::controller::{Controller, arrive, pick_up, talk};
use crate::world::{Heard, OUTSIDE, PhoneDoes, World};

/// Longer than any scenario.
const LONGEST: Duration = Duration::from_secs(3600);

async fn order(controller: &mut Controller, act: Act) {
    let effect = controller.order(act).await;
    controller.done(effect).await;
}

/// The phone is hung up for the agent, and the caller, who comes away from it, hears music.
async fn left<W: World>(world: &mut W, leg: &LegId, agent: &LegId) {
    let effect = world.controller().hang_up(agent).await;
    world.controller().done(effect).await;
    world.controller().hung_up(agent).await;
    world.controller().parted(leg).await;
    world.controller().music(leg).await;
    world.hears(leg, Heard::Music).await;
}

pub async fn a_caller_is_passed_from_agent_to_agent_and_hears_music_between<W: World>(world: &mut W) {
    let (caller, leg, mut agent) = talk(world, "10500", 1).await;
    for phone in [2, 3, 2] {
        let before = agent.clone();
        left(world, &leg, &before).await;
        agent = pick_up(world, phone).await;
        world.hears(&leg, Heard::Music).await;
        let effect = world.controller().connect(&leg, &agent).await;
        world.controller().done(effect).await;
        world.controller().joined(&leg, &agent).await;
        world.hears(&leg, Heard::Leg(agent.clone())).await;
        world.hears(&agent, Heard::Leg(leg.clone())).await;
        world.speak_with_each_other(&caller, phone).await;
    }
    assert!(!world.in_use(1).await && !world.in_use(3).await);
    world.hang_up(&caller).await;
    world.controller().hung_up(&leg).await;
}

pub async fn a_phone_that_rings_already_is_joined_with_a_caller_who_is_passed_on_to_it<W: World>(world: &mut W) {
    let (caller, leg, agent) = talk(world, "10501", 1).await;
    world.phone_does(2, PhoneDoes::Ring).await;
    // Both at once: whichever is done first.
    let gone = world.controller().hang_up(&agent).await;
    let station = world.station(2);
    let other = world.controller().ring(station, Duration::from_secs(20)).await;
    world.controller().done(gone).await;
    world.controller().parted(&leg).await;
    world.controller().music(&leg).await;
    world.hears(&leg, Heard::Music).await;
    assert!(world.pick_up(2).await);
    world.controller().answered(&other).await;
    let effect = world.controller().connect(&leg, &other).await;
    world.controller().done(effect).await;
    world.controller().joined(&leg, &other).await;
    world.speak_with_each_other(&caller, 2).await;
}

pub async fn a_line_that_is_held_open_stays_when_its_caller_is_passed_on_and_takes_the_next<W: World>(world: &mut W) {
    let (caller, leg, line) = talk(world, "10502", 1).await;
    order(world.controller(), Act::Part { caller: leg.clone(), agent: line.clone() }).await;
    world.controller().parted(&leg).await;
    world.controller().parted(&line).await;
    world.controller().music(&leg).await;
    let (next, next_leg) = arrive(world, "10503").await;
    let effect = world.controller().connect(&next_leg, &line).await;
    world.controller().done(effect).await;
    world.controller().joined(&next_leg, &line).await;
    world.hears(&leg, Heard::Music).await;
    let other = pick_up(world, 2).await;
    let effect = world.controller().connect(&leg, &other).await;
    world.controller().done(effect).await;
    world.controller().joined(&leg, &other).await;
    world.speak_with_each_other(&next, 1).await;
    world.speak_with_each_other(&caller, 2).await;
}

pub async fn a_caller_on_hold_is_passed_on_and_hears_music_throughout<W: World>(world: &mut W) {
    let (caller, leg, agent) = talk(world, "10504", 1).await;
    order(world.controller(), Act::Part { caller: leg.clone(), agent: agent.clone() }).await;
    world.controller().parted(&leg).await;
    world.controller().parted(&agent).await;
    world.controller().music(&leg).await;
    world.hears(&leg, Heard::Music).await;
    let effect = world.controller().hang_up(&agent).await;
    world.controller().done(effect).await;
    world.controller().hung_up(&agent).await;
    world.hears(&leg, Heard::Music).await;
    let other = pick_up(world, 2).await;
    let effect = world.controller().connect(&leg, &other).await;
    world.controller().done(effect).await;
    world.controller().joined(&leg, &other).await;
    world.speak_with_each_other(&caller, 2).await;
}

pub async fn a_caller_is_passed_on_to_a_number_and_hears_it_ring<W: World>(world: &mut W) {
    let (caller, leg, agent) = talk(world, "10505", 1).await;
    world.phone_does(OUTSIDE, PhoneDoes::Ring).await;
    let gone = world.controller().hang_up(&agent).await;
    let station = world.station(OUTSIDE);
    let place = Place::Dialled { agent: AgentName::new(""), longest: LONGEST };
    let out = world.controller().ring_out(station, Duration::from_secs(20), place).await;
    world.controller().done(gone).await;
    world.controller().parted(&leg).await;
    order(world.controller(), Act::StartRingback { leg: leg.clone() }).await;
    world.controller().told(Input::LegRinging { leg: out.clone() }).await;
    world.hears_ringing(&caller, &leg).await;
    assert!(world.pick_up(OUTSIDE).await);
    world.controller().answered(&out).await;
    let effect = world.controller().connect(&leg, &out).await;
    world.controller().done(effect).await;
    world.controller().joined(&leg, &out).await;
    world.speak_with_each_other(&caller, OUTSIDE).await;
    assert!(!world.in_use(1).await);
}

pub async fn a_caller_who_hangs_up_as_they_are_passed_on_leaves_nobody_behind<W: World>(world: &mut W) {
    for round in 0..10 {
        let (caller, leg, agent) = talk(world, &format!("1051{round}"), 1).await;
        let effect = world.controller().hang_up(&agent).await;
        world.hang_up(&caller).await;
        world.controller().returned(effect).await;
        world.controller().hung_up(&agent).await;
        world.controller().hung_up(&leg).await;
        assert!(!world.in_use(1).await);
    }
}
