//! Legs that we rang and their controller's death: who talks talks on, and nobody else is left on the switch, to wait for
//! us at the centre's cost.

use std::time::Duration;

use cordboard::routing::Input;
use cordboard::routing::ids::LegId;

use super::dialling::{dial, put_down_by_us, talk, talk_for};
use crate::world::{OUTSIDE, PhoneDoes, World};

const RING_FOR: Duration = Duration::from_secs(20);

/// How much later than its time a limit may be seen to have struck, and a conversation not to have been struck.
const AFTERWARDS: Duration = Duration::from_secs(1);

/// For so long after its last sign of life a controller passes for alive: who answers is handed over to it.
const STILL_FRESH: Duration = Duration::from_millis(500);

async fn is_found_alone<W: World>(world: &mut W) {
    world.new_controller().await;
    assert_eq!(world.controller().snapshot().await, []);
}

pub async fn a_number_that_answers_to_a_dead_controller_is_let_go_and_so_is_the_agent<W: World>(world: &mut W) {
    let (_, out) = dial(world, PhoneDoes::Ring, RING_FOR).await;
    world.controller().told(Input::LegRinging { leg: out }).await;
    world.controller().die();
    assert!(world.pick_up(OUTSIDE).await);
    tokio::time::sleep(STILL_FRESH).await;
    assert!(world.in_use(OUTSIDE).await && world.in_use(1).await, "both wait for the next controller");
    tokio::time::sleep(W::DEAD_MAN + AFTERWARDS).await;
    assert!(!world.in_use(OUTSIDE).await, "whoever was called waits for nobody");
    assert!(!world.in_use(1).await, "the agent waits for nobody");
    is_found_alone(world).await;
}

pub async fn an_agents_phone_that_answers_to_a_dead_controller_is_let_go<W: World>(world: &mut W) {
    let station = world.station(1);
    world.phone_does(1, PhoneDoes::Ring).await;
    let agent = world.controller().ring(station, RING_FOR).await;
    world.controller().told(Input::LegRinging { leg: agent }).await;
    world.controller().die();
    assert!(world.pick_up(1).await);
    tokio::time::sleep(STILL_FRESH).await;
    assert!(world.in_use(1).await, "it waits for the next controller");
    tokio::time::sleep(W::DEAD_MAN + AFTERWARDS).await;
    assert!(!world.in_use(1).await, "it waits for nobody");
    is_found_alone(world).await;
}

pub async fn a_phone_that_answers_long_after_its_controllers_death_is_let_go_at_once<W: World>(world: &mut W) {
    let (_, out) = dial(world, PhoneDoes::Ring, RING_FOR).await;
    world.controller().told(Input::LegRinging { leg: out }).await;
    world.controller().die();
    // The beat is stale after two to three seconds, and the limit has not struck.
    tokio::time::sleep(Duration::from_millis(3_200).min(W::DEAD_MAN)).await;
    world.pick_up(OUTSIDE).await;
    tokio::time::sleep(STILL_FRESH).await;
    assert!(!world.in_use(OUTSIDE).await, "it is let go by the dialplan");
    tokio::time::sleep(W::DEAD_MAN).await;
    is_found_alone(world).await;
}

pub async fn a_phone_rings_for_a_dead_controller_no_longer_than_for_the_dead_man<W: World>(world: &mut W) {
    let (_, out) = dial(world, PhoneDoes::Ring, W::DEAD_MAN * 4).await;
    // Before anything was renewed: it carries what it was given with its birth.
    world.controller().told(Input::LegRinging { leg: out }).await;
    world.controller().die();
    tokio::time::sleep(W::DEAD_MAN / 2).await;
    assert!(world.in_use(OUTSIDE).await, "a start may still come");
    tokio::time::sleep(W::DEAD_MAN / 2 + AFTERWARDS).await;
    assert!(!world.in_use(OUTSIDE).await, "nobody would be there to talk with");
    is_found_alone(world).await;
}

/// Both are still joined with each other.
async fn talk_on<W: World>(world: &mut W, agent: &LegId, out: &LegId) {
    for (one, other) in [(agent, out), (out, agent)] {
        let seen = world.controller().look(one).await;
        assert_eq!(seen.and_then(|seen| seen.joined_with).as_ref(), Some(other), "{one} talks no longer");
    }
    world.is_heard(1, OUTSIDE).await;
}

pub async fn those_who_talk_when_their_controller_dies_talk_on_and_are_found<W: World>(world: &mut W) {
    let (agent, out) = talk(world).await;
    world.controller().die();
    tokio::time::sleep(W::DEAD_MAN + AFTERWARDS).await;
    assert!(world.in_use(OUTSIDE).await && world.in_use(1).await, "they talk on");
    world.new_controller().await;
    let seen = world.controller().snapshot().await;
    assert_eq!(seen.len(), 2, "one conversation: {seen:#?}");
    // Nor does the new controller do to them what it does to those in its hands.
    world.controller().listen(W::DEAD_MAN + AFTERWARDS).await;
    talk_on(world, &agent, &out).await;
    put_down_by_us(world, &out).await;
    world.controller().parted(&agent).await;
    put_down_by_us(world, &agent).await;
}

pub async fn who_is_left_of_a_conversation_when_its_controller_is_dead_is_let_go<W: World>(world: &mut W) {
    talk(world).await;
    world.controller().die();
    world.put_down(OUTSIDE).await;
    tokio::time::sleep(W::DEAD_MAN + AFTERWARDS).await;
    assert!(!world.in_use(1).await, "the agent hears nobody, and nobody comes");
    is_found_alone(world).await;
}

/// The core ends it, where it lives.
pub async fn a_dialled_conversation_has_its_end_though_its_controller_is_dead<W: World>(world: &mut W) {
    let longest = W::DEAD_MAN;
    talk_for(world, longest).await;
    // The driver has heard of the joining as we have, and told the switch how long it may last.
    world.controller().listen(STILL_FRESH).await;
    world.controller().die();
    tokio::time::sleep(longest).await;
    assert!(
        world.in_use(OUTSIDE).await && world.in_use(1).await,
        "it is the core's to end, and a start may still come"
    );
    tokio::time::sleep(W::DEAD_MAN + AFTERWARDS).await;
    assert!(!world.in_use(OUTSIDE).await && !world.in_use(1).await, "they would talk for ever");
    is_found_alone(world).await;
}

/// Through the hands of two controllers, ringing, ringing on and talking, each for longer than a limit.
pub async fn a_dial_that_rings_and_talks_for_longer_lives_as_long_as_a_controller_does<W: World>(world: &mut W) {
    let (agent, out) = dial(world, PhoneDoes::Ring, W::DEAD_MAN * 6).await;
    world.controller().listen(W::DEAD_MAN + AFTERWARDS).await;
    world.new_controller().await;
    assert_eq!(world.controller().snapshot().await.len(), 2);
    world.controller().listen(W::DEAD_MAN + AFTERWARDS).await;
    assert!(world.pick_up(OUTSIDE).await);
    world.controller().answered(&out).await;
    let effect = world.controller().connect(&out, &agent).await;
    world.controller().done(effect).await;
    world.controller().joined(&out, &agent).await;
    world.controller().listen(W::DEAD_MAN + AFTERWARDS).await;
    talk_on(world, &agent, &out).await;
    put_down_by_us(world, &out).await;
    world.controller().parted(&agent).await;
    // In our hands again, and with the limit again.
    world.controller().listen(W::DEAD_MAN + AFTERWARDS).await;
    assert!(world.in_use(1).await, "we live, and so it does");
    put_down_by_us(world, &agent).await;
}

pub async fn a_caller_who_comes_to_a_dead_controller_is_taken_by_the_switch<W: World>(world: &mut W) {
    world.controller().die();
    let caller = world.dial("10086", b"").await;
    tokio::time::sleep(STILL_FRESH).await;
    assert!(world.alive(&caller).await, "they wait for the next controller");
    tokio::time::sleep(W::DEAD_MAN).await;
    // By its fallback: nobody else was there to answer.
    world.answered(&caller).await;
    world.hang_up(&caller).await;
    world.ended(&caller).await;
    is_found_alone(world).await;
}
