//! Two legs together, and what is left when one goes.

use std::time::Duration;

use cordboard::routing::{Act, Input};

use crate::controller::{arrive, pick_up, talk};
use crate::world::{Heard, World};

pub async fn a_caller_connected_while_a_prompt_plays_hears_the_agent<W: World>(world: &mut W) {
    let (_caller, leg) = arrive(world, "10300").await;
    let effect = world.controller().order(Act::Answer { leg: leg.clone() }).await;
    world.controller().done(effect).await;
    let sound = world.long_sound();
    let play = world.controller().play(&leg, sound, Duration::from_secs(12)).await;
    let agent = pick_up(world, 1).await;
    let effect = world.controller().connect(&leg, &agent).await;
    world.controller().done(effect).await;
    world.controller().joined(&leg, &agent).await;
    world.hears(&leg, Heard::Leg(agent)).await;
    // In which way is the switch's affair; that it comes back is not.
    world.controller().returned(play).await;
}

pub async fn a_prompt_that_a_connect_overtook_is_not_heard_when_the_caller_is_back<W: World>(world: &mut W) {
    for round in 0..10 {
        let (caller, leg) = arrive(world, &format!("1033{round}")).await;
        let effect = world.controller().order(Act::Answer { leg: leg.clone() }).await;
        world.controller().done(effect).await;
        world.answered(&caller).await;
        let agent = pick_up(world, 1).await;
        // One right behind the other: whether the prompt has begun is chance.
        let sound = world.long_sound();
        let play = world.controller().play(&leg, sound, Duration::from_secs(12)).await;
        let effect = world.controller().connect(&leg, &agent).await;
        world.controller().done(effect).await;
        world.controller().joined(&leg, &agent).await;
        world.controller().returned(play).await;
        world.put_down(1).await;
        world.controller().hung_up(&agent).await;
        world.controller().parted(&leg).await;
        // A prompt of ten seconds would be in the music's way.
        world.controller().music(&leg).await;
        world.hears(&leg, Heard::Music).await;
        world.hang_up(&caller).await;
        world.controller().hung_up(&leg).await;
    }
}

pub async fn a_caller_whose_agent_hangs_up_is_parted_and_alive<W: World>(world: &mut W) {
    let (caller, leg, agent) = talk(world, "10301", 1).await;
    world.put_down(1).await;
    world.controller().hung_up(&agent).await;
    world.controller().parted(&leg).await;
    assert!(world.alive(&caller).await);
    world.hears(&leg, Heard::Silence).await;
    world.controller().music(&leg).await;
    world.hears(&leg, Heard::Music).await;
    let sound = world.short_sound();
    let effect = world.controller().play(&leg, sound, Duration::from_secs(12)).await;
    world.controller().done(effect).await;
}

pub async fn an_agent_whose_caller_hangs_up_is_parted_or_gone<W: World>(world: &mut W) {
    let (caller, leg, agent) = talk(world, "10302", 1).await;
    world.hang_up(&caller).await;
    world.controller().hung_up(&leg).await;
    let parted = world
        .controller()
        .expect("the agent's leg parted or gone", |input| match input {
            Input::LegParted { leg } if *leg == agent => Some(true),
            Input::LegHungUp { leg } if *leg == agent => Some(false),
            _ => None,
        })
        .await;
    if parted {
        let effect = world.controller().hang_up(&agent).await;
        world.controller().done(effect).await;
        world.controller().hung_up(&agent).await;
    }
    assert!(!world.in_use(1).await);
}

pub async fn an_agent_in_hand_takes_one_caller_after_another<W: World>(world: &mut W) {
    let agent = pick_up(world, 1).await;
    for i in 0..5 {
        let (caller, leg) = arrive(world, &format!("1031{i}")).await;
        world.controller().music(&leg).await;
        let effect = world.controller().connect(&leg, &agent).await;
        world.controller().done(effect).await;
        world.controller().joined(&leg, &agent).await;
        world.hears(&agent, Heard::Leg(leg.clone())).await;
        world.hang_up(&caller).await;
        world.controller().hung_up(&leg).await;
        world.controller().parted(&agent).await;
    }
}

pub async fn a_leg_that_is_hung_up_leaves_the_other_in_hand<W: World>(world: &mut W) {
    let (caller, leg, agent) = talk(world, "10304", 1).await;
    let effect = world.controller().hang_up(&agent).await;
    world.controller().done(effect).await;
    world.controller().hung_up(&agent).await;
    world.controller().parted(&leg).await;
    assert!(world.alive(&caller).await);
    let other = pick_up(world, 2).await;
    let effect = world.controller().connect(&leg, &other).await;
    world.controller().done(effect).await;
    world.controller().joined(&leg, &other).await;
    world.hears(&leg, Heard::Leg(other)).await;
}
