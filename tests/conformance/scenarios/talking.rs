//! Two legs together, and what is left when one goes.

use std::time::Duration;

use cordboard::routing::ids::LegId;
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

async fn part<W: World>(world: &mut W, caller: &LegId, agent: &LegId) {
    let order = Act::Part { caller: caller.clone(), agent: agent.clone() };
    let effect = world.controller().order(order).await;
    world.controller().done(effect).await;
}

pub async fn a_caller_on_hold_hears_music_the_agent_nothing_and_they_are_joined_again<W: World>(world: &mut W) {
    let (caller, leg, agent) = talk(world, "10340", 1).await;
    for _ in 0..5 {
        part(world, &leg, &agent).await;
        world.controller().parted(&leg).await;
        world.controller().parted(&agent).await;
        world.controller().music(&leg).await;
        world.hears(&leg, Heard::Music).await;
        world.hears(&agent, Heard::Silence).await;
        let effect = world.controller().connect(&leg, &agent).await;
        world.controller().done(effect).await;
        world.controller().joined(&leg, &agent).await;
        world.hears(&leg, Heard::Leg(agent.clone())).await;
        world.hears(&agent, Heard::Leg(leg.clone())).await;
    }
    assert!(world.alive(&caller).await);
    world.hang_up(&caller).await;
    world.controller().hung_up(&leg).await;
    world.controller().strands_none_after_partings(&[&leg, &agent]).await;
}

pub async fn two_who_are_apart_already_are_parted_without_a_word<W: World>(world: &mut W) {
    let (_caller, leg) = arrive(world, "10341").await;
    let agent = pick_up(world, 1).await;
    world.controller().music(&leg).await;
    world.hears(&leg, Heard::Music).await;
    part(world, &leg, &agent).await;
    world.controller().listen(Duration::from_millis(300)).await;
    assert_eq!(world.controller().heard(&Input::LegParted { leg: leg.clone() }), 0);
    world.hears(&leg, Heard::Music).await;
}

pub async fn a_parting_right_behind_a_joining_parts_and_one_right_before_it_joins<W: World>(world: &mut W) {
    for round in 0..10 {
        let (caller, leg) = arrive(world, &format!("1035{round}")).await;
        let agent = pick_up(world, 1).await;
        world.controller().connect(&leg, &agent).await;
        part(world, &leg, &agent).await;
        world.controller().listen(Duration::from_millis(300)).await;
        for of in [&leg, &agent] {
            let seen = world.controller().look(of).await.expect("it lives");
            assert!(seen.in_hand && seen.joined_with.is_none(), "round {round}: {seen:?}");
        }
        let effect = world.controller().connect(&leg, &agent).await;
        world.controller().done(effect).await;
        world.controller().listen(Duration::from_millis(200)).await;
        // Hold and back as fast as they can be pressed.
        let order = Act::Part { caller: leg.clone(), agent: agent.clone() };
        world.controller().order(order).await;
        let effect = world.controller().connect(&leg, &agent).await;
        world.controller().done(effect).await;
        world.controller().listen(Duration::from_millis(300)).await;
        let seen = world.controller().look(&leg).await.expect("it lives");
        assert_eq!(seen.joined_with.as_ref(), Some(&agent), "round {round}: {seen:?}");
        world.hang_up(&caller).await;
        world.controller().hung_up(&leg).await;
        if !world.controller().ended(&agent) {
            world.controller().hang_up(&agent).await;
            world.controller().hung_up(&agent).await;
        }
    }
}
