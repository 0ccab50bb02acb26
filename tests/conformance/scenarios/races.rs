//! Two things at once. Either may come first; nobody may be left where nobody looks.

use std::time::Duration;

use cordboard::routing::ids::LegId;
use cordboard::routing::{Act, Failure, Input, Refusal, Returned};

use crate::controller::{arrive, pick_up, talk};
use crate::world::{Heard, PhoneDoes, World};

const RING_FOR: Duration = Duration::from_secs(20);

pub async fn a_caller_who_leaves_while_waiting_is_told_once<W: World>(world: &mut W) {
    let (caller, leg) = arrive(world, "10400").await;
    world.controller().music(&leg).await;
    world.hang_up(&caller).await;
    world.controller().hung_up(&leg).await;
    world.controller().listen(Duration::from_secs(1)).await;
    assert_eq!(world.controller().heard(&Input::LegHungUp { leg }), 1);
}

pub async fn a_caller_who_leaves_while_a_phone_rings_leaves_the_phone_to_us<W: World>(world: &mut W) {
    let (caller, leg) = arrive(world, "10401").await;
    let station = world.station(1);
    let agent = world.controller().ring(station, RING_FOR).await;
    world.controller().told(Input::LegRinging { leg: agent.clone() }).await;
    world.hang_up(&caller).await;
    world.controller().hung_up(&leg).await;
    assert!(world.in_use(1).await, "the phone is ours to withdraw");
    world.controller().hang_up(&agent).await;
    assert_eq!(world.controller().failed(&agent).await, Failure::Withdrawn);
}

pub async fn a_caller_who_leaves_between_pick_up_and_connect_leaves_the_agent_in_hand<W: World>(world: &mut W) {
    let (caller, leg) = arrive(world, "10402").await;
    let agent = pick_up(world, 1).await;
    world.hang_up(&caller).await;
    world.controller().hung_up(&leg).await;
    let effect = world.controller().connect(&leg, &agent).await;
    world.controller().refused_as_gone(effect, &leg).await;
    world.controller().strands_none_of(&[&leg, &agent]).await;
    let seen = world.controller().look(&agent).await;
    assert!(seen.is_some_and(|seen| seen.in_hand));
}

/// From -3 to 3 ms, in steps of half a millisecond: which comes first, and by how much.
const OFFSETS: std::ops::RangeInclusive<i64> = -6..=6;
const STEP: Duration = Duration::from_micros(500);

pub async fn a_race_of_abandon_and_pick_up_strands_nobody<W: World>(world: &mut W) {
    for round in 0..100_i64 {
        let offset = round % 13 - 6;
        let (caller, leg) = arrive(world, &format!("3{round:04}")).await;
        let station = world.station(1);
        let agent = world.controller().ring(station, RING_FOR).await;
        world.controller().told(Input::LegRinging { leg: agent.clone() }).await;
        if offset < 0 {
            world.hang_up(&caller).await;
            tokio::time::sleep(STEP * offset.unsigned_abs() as u32).await;
            world.pick_up(1).await;
        } else {
            world.pick_up(1).await;
            tokio::time::sleep(STEP * offset.unsigned_abs() as u32).await;
            world.hang_up(&caller).await;
        }
        world.controller().answered(&agent).await;
        let effect = world.controller().connect(&leg, &agent).await;
        let how = world.controller().returned(effect).await;
        assert!(matches!(&how, Returned::Done | Returned::Refused { why: Refusal::Gone(_) }), "round {round}: {how:?}");
        world.controller().hung_up(&leg).await;
        world.controller().strands_none_of(&[&leg, &agent]).await;
        clear(world, &[&agent]).await;
    }
}

async fn clear<W: World>(world: &mut W, legs: &[&LegId]) {
    for leg in legs {
        if !world.controller().ended(leg) {
            world.controller().hang_up(leg).await;
            world.controller().hung_up(leg).await;
        }
    }
}

pub async fn a_caller_hanging_up_into_a_connect_strands_nobody<W: World>(world: &mut W) {
    for round in 0..10 {
        for offset in OFFSETS {
            let (caller, leg) = arrive(world, &format!("4{round:02}{:02}", offset + 6)).await;
            world.controller().music(&leg).await;
            let agent = pick_up(world, 1).await;
            let effect = if offset < 0 {
                world.hang_up(&caller).await;
                tokio::time::sleep(STEP * offset.unsigned_abs() as u32).await;
                world.controller().connect(&leg, &agent).await
            } else {
                let effect = world.controller().connect(&leg, &agent).await;
                tokio::time::sleep(STEP * offset.unsigned_abs() as u32).await;
                world.hang_up(&caller).await;
                effect
            };
            world.controller().returned(effect).await;
            world.controller().hung_up(&leg).await;
            world.controller().strands_none_of(&[&leg, &agent]).await;
            clear(world, &[&agent]).await;
        }
    }
}

pub async fn an_agent_hanging_up_into_a_connect_strands_nobody<W: World>(world: &mut W) {
    for round in 0..10 {
        for offset in OFFSETS {
            let (caller, leg) = arrive(world, &format!("5{round:02}{:02}", offset + 6)).await;
            world.controller().music(&leg).await;
            let agent = pick_up(world, 1).await;
            let effect = if offset < 0 {
                world.put_down(1).await;
                tokio::time::sleep(STEP * offset.unsigned_abs() as u32).await;
                world.controller().connect(&leg, &agent).await
            } else {
                let effect = world.controller().connect(&leg, &agent).await;
                tokio::time::sleep(STEP * offset.unsigned_abs() as u32).await;
                world.put_down(1).await;
                effect
            };
            world.controller().returned(effect).await;
            world.controller().hung_up(&agent).await;
            world.controller().strands_none_of(&[&leg, &agent]).await;
            assert!(world.alive(&caller).await, "round {round}, offset {offset}: the caller was lost");
            // Whatever the race did to the music, the caller is in hand, and it can be started again.
            world.controller().music(&leg).await;
            world.hears(&leg, Heard::Music).await;
            clear(world, &[&leg]).await;
        }
    }
}

pub async fn a_hang_up_of_a_leg_that_never_was_is_refused_as_gone<W: World>(world: &mut W) {
    let nobody = LegId::new("o0000000000-00000000");
    let effect = world.controller().hang_up(&nobody).await;
    world.controller().refused_as_gone(effect, &nobody).await;
}

pub async fn a_connect_with_a_leg_that_is_gone_is_refused_and_the_other_stays<W: World>(world: &mut W) {
    let (caller, leg) = arrive(world, "10405").await;
    world.controller().music(&leg).await;
    world.phone_does(1, PhoneDoes::PickUpAfter(Duration::ZERO)).await;
    let station = world.station(1);
    let agent = world.controller().ring(station, RING_FOR).await;
    world.controller().answered(&agent).await;
    world.put_down(1).await;
    world.controller().hung_up(&agent).await;
    let effect = world.controller().connect(&leg, &agent).await;
    world.controller().refused_as_gone(effect, &agent).await;
    world.controller().strands_none_of(&[&leg, &agent]).await;
    assert!(world.alive(&caller).await);
}

pub async fn whoever_hangs_up_into_a_parting_strands_nobody<W: World>(world: &mut W) {
    for round in 0..2 {
        for (n, offset) in OFFSETS.enumerate() {
            for by_the_caller in [true, false] {
                let from = format!("6{round}{n:02}{}", u8::from(by_the_caller));
                let (caller, leg, agent) = talk(world, &from, 1).await;
                let order = Act::Part { caller: leg.clone(), agent: agent.clone() };
                let pause = STEP * offset.unsigned_abs() as u32;
                let mut effect = None;
                if offset >= 0 {
                    effect = Some(world.controller().order(order.clone()).await);
                    tokio::time::sleep(pause).await;
                }
                if by_the_caller {
                    world.hang_up(&caller).await;
                } else {
                    world.put_down(1).await;
                }
                let effect = match effect {
                    Some(effect) => effect,
                    None => {
                        tokio::time::sleep(pause).await;
                        world.controller().order(order).await
                    }
                };
                let how = world.controller().returned(effect).await;
                let good = matches!(&how, Returned::Done | Returned::Refused { why: Refusal::Gone(_) });
                assert!(good, "{from}, offset {offset}: {how:?}");
                let gone = if by_the_caller { &leg } else { &agent };
                world.controller().hung_up(gone).await;
                world.controller().strands_none_after_partings(&[&leg, &agent]).await;
                if !by_the_caller {
                    assert!(world.alive(&caller).await, "{from}, offset {offset}: the caller was lost");
                    world.controller().music(&leg).await;
                    world.hears(&leg, Heard::Music).await;
                }
                clear(world, &[&leg, &agent]).await;
            }
        }
    }
}
