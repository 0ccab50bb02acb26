//! Several phones that ring for one caller: the first to be picked up has the caller, and the others stop.

use std::time::Duration;

use cordboard::routing::ids::LegId;
use cordboard::routing::{Act, Failure, HangUpCause, Input};
use tokio::time::Instant;

use crate::controller::arrive;
use crate::world::{Heard, PhoneDoes, World};

const RING_FOR: Duration = Duration::from_secs(20);
/// In which a phone stops that another was faster than.
const AT_ONCE: Duration = Duration::from_secs(1);

/// The phones of these numbers ring, all of them.
async fn ring<const N: usize, W: World>(world: &mut W, phones: [u16; N]) -> [LegId; N] {
    let mut legs = Vec::new();
    for phone in phones {
        world.phone_does(phone, PhoneDoes::Ring).await;
        let station = world.station(phone);
        legs.push(world.controller().ring(station, RING_FOR).await);
    }
    for leg in &legs {
        world.controller().told(Input::LegRinging { leg: leg.clone() }).await;
    }
    legs.try_into().expect("one for each")
}

/// What the core orders when the first is picked up: the caller first, then the others.
async fn connect_and_stop<W: World>(world: &mut W, caller: &LegId, first: &LegId, other: &LegId) {
    let joined = world.controller().connect(caller, first).await;
    let stop = Act::HangUp { leg: other.clone(), cause: HangUpCause::TakenElsewhere };
    let stopped = world.controller().order(stop).await;
    world.controller().done(joined).await;
    world.controller().returned(stopped).await;
}

pub async fn of_three_phones_that_ring_the_first_has_the_caller_and_the_others_stop_at_once<W: World>(world: &mut W) {
    let (caller, leg) = arrive(world, "10800").await;
    world.controller().music(&leg).await;
    world.hears(&leg, Heard::Music).await;
    let [one, two, three] = ring(world, [1, 2, 3]).await;
    assert!(world.pick_up(2).await);
    world.controller().answered(&two).await;
    let picked_up = Instant::now();
    connect_and_stop(world, &leg, &two, &one).await;
    world.controller().order(Act::HangUp { leg: three.clone(), cause: HangUpCause::TakenElsewhere }).await;
    for other in [&one, &three] {
        assert_eq!(world.controller().failed(other).await, Failure::Withdrawn);
    }
    assert!(picked_up.elapsed() < AT_ONCE, "they stopped after {:?}", picked_up.elapsed());
    assert!(!world.in_use(1).await && !world.in_use(3).await);
    world.controller().joined(&leg, &two).await;
    world.answered(&caller).await;
    world.hears(&leg, Heard::Leg(two.clone())).await;
    world.hears(&two, Heard::Leg(leg.clone())).await;
    // And the phones are good for the next call.
    let [again] = ring(world, [1]).await;
    assert!(world.pick_up(1).await);
    world.controller().answered(&again).await;
}

/// From -3 to 3 ms, in steps of half a millisecond.
const STEP: Duration = Duration::from_micros(500);

pub async fn of_two_phones_picked_up_at_once_one_has_the_caller_and_the_other_is_hung_up<W: World>(world: &mut W) {
    for round in 0..13_u32 {
        let (_caller, leg) = arrive(world, &format!("108{:02}", round + 1)).await;
        world.controller().music(&leg).await;
        // Heard, not only ordered: see the scenario of a phone that is told to pick up.
        world.hears(&leg, Heard::Music).await;
        let [one, two] = ring(world, [4, 5]).await;
        let (early, late) = if round < 7 { (4, 5) } else { (5, 4) };
        assert!(world.pick_up(early).await);
        tokio::time::sleep(STEP * (round % 7)).await;
        world.pick_up(late).await;
        // Whichever is told first.
        let first = world
            .controller()
            .expect("a pick-up", |input| match input {
                Input::LegAnswered { leg } if *leg == one || *leg == two => Some(leg.clone()),
                _ => None,
            })
            .await;
        let other = if first == one { two } else { one };
        connect_and_stop(world, &leg, &first, &other).await;
        world.controller().joined(&leg, &first).await;
        world
            .controller()
            .expect(("the end of", &other), |input| match input {
                Input::LegHungUp { leg } | Input::LegFailed { leg, .. } if *leg == other => Some(()),
                _ => None,
            })
            .await;
        world.controller().strands_none_of(&[&leg, &first, &other]).await;
        assert!(!world.controller().has_joined(&other), "round {round}: two agents for one caller");
        world.hears(&leg, Heard::Leg(first.clone())).await;
        for leg in [&leg, &first] {
            world.controller().hang_up(leg).await;
            world.controller().hung_up(leg).await;
        }
    }
}
