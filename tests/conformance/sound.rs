//! What is said and heard at telephones when several rang: packets of sound, and the words of a hang-up, on Asterisk alone.

use std::time::Duration;

use cordboard::dialplan::Key;
use cordboard::routing::{Act, HangUpCause, Input};
use tokio::time::Instant;

use crate::asterisk::Live;
use crate::controller::arrive;
use crate::phones::Call;
use crate::world::{OUTSIDE, PhoneDoes, World};

const RING_FOR: Duration = Duration::from_secs(20);

/// What is said at the one comes out of the other.
async fn comes_out(says: &Call, hears: &Call) {
    let (before, until) = (hears.sounds(), Instant::now() + Duration::from_secs(3));
    while hears.sounds() < before + 10 {
        assert!(Instant::now() < until, "nothing of what is said comes out at the other end");
        says.speak().await;
    }
}

/// The music has ended, and nobody says anything.
async fn is_silent(at: &Call) {
    let (mut before, until) = (at.sounds(), Instant::now() + Duration::from_secs(5));
    loop {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let now = at.sounds();
        if now == before {
            return;
        }
        assert!(Instant::now() < until, "something is heard on and on");
        before = now;
    }
}

pub async fn the_first_of_two_phones_talks_both_ways_and_the_other_is_told_that_it_was_answered_elsewhere(
    world: &mut Live,
) {
    let (caller, leg) = arrive(world, "10850").await;
    world.controller().music(&leg).await;
    let mut agents = Vec::new();
    for phone in [1, 2] {
        world.phone_does(phone, PhoneDoes::Ring).await;
        let station = World::station(world, phone);
        let agent = world.controller().ring(station, RING_FOR).await;
        world.controller().told(Input::LegRinging { leg: agent.clone() }).await;
        agents.push(agent);
    }
    let (first, other) = (world.at_phone(1).expect("it rings"), world.at_phone(2).expect("it rings"));
    assert!(first.pick_up());
    world.controller().answered(&agents[0]).await;
    world.controller().connect(&leg, &agents[0]).await;
    world.controller().order(Act::HangUp { leg: agents[1].clone(), cause: HangUpCause::TakenElsewhere }).await;
    assert!(other.wait_ended(Duration::from_secs(1)).await, "it rings on: {:?}", other.happened());
    let why = String::from_utf8_lossy(&other.cancelled_because()).into_owned();
    // Q.850's 26, as SIP says it.
    assert!(why.contains("completed elsewhere"), "the phone is told {why:?}, and would show a missed call");
    world.controller().joined(&leg, &agents[0]).await;
    is_silent(&caller).await;
    comes_out(&caller, &first).await;
    comes_out(&first, &caller).await;
}

pub async fn who_presses_the_key_outside_talks_both_ways_with_a_caller_who_heard_music_until_then(world: &mut Live) {
    let (caller, leg) = arrive(world, "10930").await;
    let answered = world.controller().order(Act::Answer { leg: leg.clone() }).await;
    world.controller().done(answered).await;
    world.controller().music(&leg).await;
    world.phone_does(OUTSIDE, PhoneDoes::Ring).await;
    let station = World::station(world, OUTSIDE);
    let agent = world.controller().ring(station, RING_FOR).await;
    world.controller().told(Input::LegRinging { leg: agent.clone() }).await;
    assert!(world.pick_up(OUTSIDE).await);
    world.controller().answered(&agent).await;
    let telephone = world.at_phone(OUTSIDE).expect("it is picked up");
    let sound = world.long_sound();
    world.controller().play(&agent, sound, Duration::from_secs(30)).await;
    goes_on(&telephone, "the question").await;
    goes_on(&caller, "the music").await;
    let one = Key::try_from('1').expect("a key");
    telephone.press('1').await;
    world.controller().told(Input::KeyPressed { leg: agent.clone(), key: one }).await;
    world.controller().order(Act::StopPlay { leg: agent.clone() }).await;
    world.controller().connect(&leg, &agent).await;
    world.controller().joined(&leg, &agent).await;
    is_silent(&caller).await;
    is_silent(&telephone).await;
    comes_out(&caller, &telephone).await;
    comes_out(&telephone, &caller).await;
}

/// Half a second of it, at least.
async fn goes_on(at: &Call, what: &str) {
    let (before, until) = (at.sounds(), Instant::now() + Duration::from_secs(5));
    while at.sounds() < before + 25 {
        assert!(Instant::now() < until, "{what} is not heard");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
