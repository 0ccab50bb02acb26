//! Agents at telephones outside: picked up, asked for a key while the caller waits on, and joined when it is pressed.

use std::time::Duration;

use cordboard::dialplan::Key;
use cordboard::routing::ids::LegId;
use cordboard::routing::{Act, Failure, Input};

use crate::controller::arrive;
use crate::world::{Heard, OUTSIDE, PhoneDoes, World};

const RING_FOR: Duration = Duration::from_secs(20);
const ASKS_FOR: Duration = Duration::from_secs(30);

fn one() -> Key {
    Key::try_from('1').expect("a key")
}

/// A caller hears music; a telephone outside was rung for them, and picked up. Both legs.
async fn picked_up<W: World>(world: &mut W, from: &str) -> (W::Caller, LegId, LegId) {
    let (caller, leg) = arrive(world, from).await;
    world.controller().music(&leg).await;
    world.phone_does(OUTSIDE, PhoneDoes::Ring).await;
    let station = world.station(OUTSIDE);
    let agent = world.controller().ring(station, RING_FOR).await;
    world.controller().told(Input::LegRinging { leg: agent.clone() }).await;
    assert!(world.pick_up(OUTSIDE).await);
    world.controller().answered(&agent).await;
    (caller, leg, agent)
}

pub async fn a_telephone_outside_is_asked_for_a_key_while_the_caller_waits_on_and_is_joined_by_it<W: World>(
    world: &mut W,
) {
    let (caller, leg, agent) = picked_up(world, "10900").await;
    let sound = world.long_sound();
    let asked = world.controller().play(&agent, sound, ASKS_FOR).await;
    // As long as it takes to be heard at all.
    tokio::time::sleep(Duration::from_millis(500)).await;
    world.hears(&agent, Heard::Prompt).await;
    world.hears(&leg, Heard::Music).await;
    world.press_at(OUTSIDE, one()).await;
    world.controller().told(Input::KeyPressed { leg: agent.clone(), key: one() }).await;
    let stopped = world.controller().order(Act::StopPlay { leg: agent.clone() }).await;
    let joined = world.controller().connect(&leg, &agent).await;
    world.controller().done(asked).await;
    world.controller().done(stopped).await;
    world.controller().done(joined).await;
    world.controller().joined(&leg, &agent).await;
    world.answered(&caller).await;
    world.hears(&leg, Heard::Leg(agent.clone())).await;
    world.hears(&agent, Heard::Leg(leg.clone())).await;
}

pub async fn a_telephone_outside_where_no_key_is_pressed_is_hung_up_and_the_next_phone_rings<W: World>(world: &mut W) {
    let (caller, leg, agent) = picked_up(world, "10910").await;
    let sound = world.short_sound();
    let asked = world.controller().play(&agent, sound, ASKS_FOR).await;
    world.controller().done(asked).await;
    let hung_up = world.controller().hang_up(&agent).await;
    world.controller().done(hung_up).await;
    world.controller().hung_up(&agent).await;
    assert!(world.alive(&caller).await);
    world.hears(&leg, Heard::Music).await;
    world.phone_does(2, PhoneDoes::Ring).await;
    let station = world.station(2);
    let next = world.controller().ring(station, RING_FOR).await;
    world.controller().told(Input::LegRinging { leg: next.clone() }).await;
    world.controller().hang_up(&next).await;
    assert_eq!(world.controller().failed(&next).await, Failure::Withdrawn);
}

pub async fn a_telephone_outside_that_is_asked_is_found_by_a_new_controller_and_asked_again<W: World>(world: &mut W) {
    let (_caller, leg, agent) = picked_up(world, "10920").await;
    let sound = world.long_sound();
    world.controller().play(&agent, sound, ASKS_FOR).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    world.new_controller().await;
    let found = world.controller().snapshot().await;
    assert!(found.iter().any(|seen| seen.leg == agent && seen.in_hand), "{found:#?}");
    let sound = world.short_sound();
    let asked = world.controller().play(&agent, sound, ASKS_FOR).await;
    world.controller().done(asked).await;
    world.press_at(OUTSIDE, one()).await;
    world.controller().told(Input::KeyPressed { leg: agent.clone(), key: one() }).await;
    let joined = world.controller().connect(&leg, &agent).await;
    world.controller().done(joined).await;
    world.controller().joined(&leg, &agent).await;
}
