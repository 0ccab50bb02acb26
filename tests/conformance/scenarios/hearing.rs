//! What a caller in hand hears and presses.

use std::time::Duration;

use cordboard::dialplan::Key;
use cordboard::routing::ids::LegId;
use cordboard::routing::{Act, Input, Refusal, Returned};
use tokio::time::Instant;

use crate::controller::{arrive, pick_up};
use crate::world::{Heard, World};

const LONG: Duration = Duration::from_secs(25);

async fn up<W: World>(world: &mut W, from: &str) -> (W::Caller, LegId) {
    let (caller, leg) = arrive(world, from).await;
    let effect = world.controller().order(Act::Answer { leg: leg.clone() }).await;
    world.controller().done(effect).await;
    (caller, leg)
}

pub async fn a_prompt_comes_back_done_when_it_has_ended<W: World>(world: &mut W) {
    let (_caller, leg) = up(world, "10100").await;
    let (sound, began) = (world.short_sound(), Instant::now());
    let effect = world.controller().play(&leg, sound, LONG).await;
    world.controller().done(effect).await;
    assert!(began.elapsed() >= Duration::from_millis(200), "back after {:?}", began.elapsed());
    world.hears(&leg, Heard::Silence).await;
}

pub async fn a_prompt_that_is_cut_comes_back_done_at_once<W: World>(world: &mut W) {
    let (_caller, leg) = up(world, "10101").await;
    let sound = world.long_sound();
    let play = world.controller().play(&leg, sound, LONG).await;
    world.controller().listen(Duration::from_millis(300)).await;
    world.hears(&leg, Heard::Prompt).await;
    let began = Instant::now();
    let stop = world.controller().order(Act::StopPlay { leg: leg.clone() }).await;
    world.controller().done(stop).await;
    world.controller().done(play).await;
    assert!(began.elapsed() < Duration::from_secs(1), "cut after {:?}", began.elapsed());
    // The leg is still ours.
    world.controller().music(&leg).await;
    world.hears(&leg, Heard::Music).await;
}

pub async fn a_prompt_cut_by_its_callers_end_comes_back_all_the_same<W: World>(world: &mut W) {
    let (caller, leg) = up(world, "10102").await;
    let sound = world.long_sound();
    let play = world.controller().play(&leg, sound, LONG).await;
    world.controller().listen(Duration::from_millis(100)).await;
    world.hang_up(&caller).await;
    world.controller().hung_up(&leg).await;
    world.controller().refused_as_gone(play, &leg).await;
}

pub async fn a_prompt_that_is_not_there_is_refused_and_the_caller_stays<W: World>(world: &mut W) {
    let (caller, leg) = up(world, "10103").await;
    let sound = world.no_sound();
    let effect = world.controller().play(&leg, sound, LONG).await;
    let how = world.controller().returned(effect).await;
    assert_eq!(how, Returned::Refused { why: Refusal::NoPrompt });
    world.controller().music(&leg).await;
    assert!(world.alive(&caller).await);
    world.hears(&leg, Heard::Music).await;
}

async fn presses<W: World>(world: &mut W, caller: &W::Caller, leg: &LegId) {
    let keys = ['1', '9', '*', '#', '0'].map(|key| Key::try_from(key).expect("a key"));
    for key in keys {
        world.press(caller, key).await;
        world.controller().told(Input::KeyPressed { leg: leg.clone(), key }).await;
    }
    for key in keys {
        assert_eq!(world.controller().heard(&Input::KeyPressed { leg: leg.clone(), key }), 1);
    }
}

pub async fn keys_are_told_while_a_prompt_plays<W: World>(world: &mut W) {
    let (caller, leg) = up(world, "10104").await;
    let sound = world.long_sound();
    let play = world.controller().play(&leg, sound, LONG).await;
    presses(world, &caller, &leg).await;
    world.controller().order(Act::StopPlay { leg }).await;
    world.controller().done(play).await;
}

pub async fn keys_are_told_while_music_plays<W: World>(world: &mut W) {
    let (caller, leg) = up(world, "10105").await;
    world.controller().music(&leg).await;
    presses(world, &caller, &leg).await;
    world.hears(&leg, Heard::Music).await;
}

pub async fn a_prompt_that_outlasts_its_deadline_comes_back_unknown_then<W: World>(world: &mut W) {
    let (_caller, leg) = up(world, "10106").await;
    let (sound, began) = (world.long_sound(), Instant::now());
    let effect = world.controller().play(&leg, sound, Duration::from_secs(1)).await;
    assert_eq!(world.controller().returned(effect).await, Returned::Unknown);
    let waited = began.elapsed();
    assert!(waited >= Duration::from_millis(900) && waited < Duration::from_millis(1_500), "{waited:?}");
}

/// An announcement to somebody who waits: over the music, cut as a phone rings, and never heard again.
pub async fn an_announcement_cut_short_gives_the_music_back_and_the_agent_right_behind_it<W: World>(world: &mut W) {
    let (_caller, leg) = up(world, "10108").await;
    world.controller().music(&leg).await;
    let agent = pick_up(world, 1).await;
    for round in 0..3_u32 {
        let sound = world.long_sound();
        let play = world.controller().play(&leg, sound, LONG).await;
        // From a prompt that has not begun to one that is well under way.
        world.controller().listen(Duration::from_millis(150) * round).await;
        let stop = world.controller().order(Act::StopPlay { leg: leg.clone() }).await;
        world.controller().music(&leg).await;
        world.controller().done(stop).await;
        world.controller().done(play).await;
        world.hears(&leg, Heard::Music).await;
    }
    // And once more, with the agent there before the music is.
    let sound = world.long_sound();
    let play = world.controller().play(&leg, sound, LONG).await;
    world.controller().listen(Duration::from_millis(200)).await;
    let stop = world.controller().order(Act::StopPlay { leg: leg.clone() }).await;
    let music = Act::StartMusic { leg: leg.clone(), class: "default".into() };
    let music = world.controller().order(music).await;
    let connect = world.controller().connect(&leg, &agent).await;
    world.controller().done(connect).await;
    world.controller().joined(&leg, &agent).await;
    for effect in [stop, music, play] {
        world.controller().returned(effect).await;
    }
    world.hears(&leg, Heard::Leg(agent)).await;
}
