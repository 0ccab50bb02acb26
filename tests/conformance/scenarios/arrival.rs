//! Calls that come in.

use std::time::Duration;

use cordboard::routing::{Act, Input, LegUp};

use crate::controller::{arrive, called};
use crate::world::World;

pub async fn a_caller_arrives_with_their_number_and_the_one_they_called<W: World>(world: &mut W) {
    let caller = world.dial("10010", b"Ticket desk").await;
    let (leg, name, to) = world
        .controller()
        .expect("the arrival", |input| match input {
            Input::CallerArrived { leg, from, name, to, .. } if from.as_str() == "10010" => {
                Some((leg.clone(), name.clone(), to.clone()))
            }
            _ => None,
        })
        .await;
    assert_eq!(name.as_str(), "Ticket desk");
    assert_eq!(to, called());
    let seen = world.controller().look(&leg).await.expect("the caller is there");
    assert!(seen.inbound && seen.in_hand && seen.up == LegUp::Ringing, "{seen:?}");
    assert!(world.alive(&caller).await);
    world.hang_up(&caller).await;
    world.controller().hung_up(&leg).await;
}

pub async fn an_answered_caller_is_up_and_an_answer_twice_harms_nothing<W: World>(world: &mut W) {
    let (caller, leg) = arrive(world, "10011").await;
    for _ in 0..2 {
        let effect = world.controller().order(Act::Answer { leg: leg.clone() }).await;
        world.controller().done(effect).await;
        world.answered(&caller).await;
    }
    world.controller().hang_up(&leg).await;
    world.ended(&caller).await;
    world.controller().hung_up(&leg).await;
}

pub async fn a_hostile_name_arrives_bounded_and_harmless<W: World>(world: &mut W) {
    let names: [&[u8]; 6] = [
        b"\"; Action: Logoff",
        b"a\x01\x02\x7f\x1b[31mb",
        b"\xff\xfe not UTF-8 \xc3\x28",
        b"${SHELL(reboot)} ${EPOCH} $[1+1] %0d%0aAction: Hangup",
        "张先生 \u{202e}gnp.exe \u{85}".as_bytes(),
        &[b'x'; 600],
    ];
    for (i, name) in names.iter().enumerate() {
        let from = format!("1002{i}");
        let caller = world.dial(&from, name).await;
        // That it is bounded and clean is asked of every arrival, at the end of each scenario.
        let leg = world.controller().arrived(&from).await;
        let effect = world.controller().order(Act::Answer { leg: leg.clone() }).await;
        world.controller().done(effect).await;
        world.hang_up(&caller).await;
        world.controller().hung_up(&leg).await;
    }
}

pub async fn fifty_calls_at_once_all_arrive_and_all_end<W: World>(world: &mut W) {
    let mut callers = Vec::new();
    for i in 0..50 {
        callers.push(world.dial(&format!("2{i:04}"), b"one of fifty").await);
    }
    let mut legs = Vec::new();
    for i in 0..50 {
        legs.push(world.controller().arrived(&format!("2{i:04}")).await);
    }
    let mut effects = Vec::new();
    for leg in &legs {
        effects.push(world.controller().order(Act::Answer { leg: leg.clone() }).await);
        let sound = world.short_sound();
        effects.push(world.controller().play(leg, sound, Duration::from_secs(20)).await);
        effects.push(world.controller().order(Act::StartMusic { leg: leg.clone(), class: "default".into() }).await);
    }
    for effect in effects {
        world.controller().done(effect).await;
    }
    for (i, (caller, leg)) in callers.iter().zip(&legs).enumerate() {
        if i % 2 == 0 {
            world.hang_up(caller).await;
        } else {
            world.controller().hang_up(leg).await;
        }
    }
    for (caller, leg) in callers.iter().zip(&legs) {
        world.controller().hung_up(leg).await;
        world.ended(caller).await;
    }
}

pub async fn who_calls_from_a_phone_of_the_switch_arrives_with_its_station<W: World>(world: &mut W) {
    let caller = world.calls_us(3, "*45").await;
    let here = world.station(3);
    let (leg, to, station) = world
        .controller()
        .expect("the arrival of a phone", |input| match input {
            Input::CallerArrived { leg, to, station, .. } => Some((leg.clone(), to.clone(), station.clone())),
            _ => None,
        })
        .await;
    assert_eq!((to.as_str(), station), ("*45", Some(here)));
    let answered = world.controller().order(Act::Answer { leg: leg.clone() }).await;
    world.controller().done(answered).await;
    world.answered(&caller).await;
    world.controller().hang_up(&leg).await;
    world.controller().hung_up(&leg).await;
    world.ended(&caller).await;

    // Whoever comes from outside comes from no phone of anybody.
    let _outside = world.dial("10950", b"").await;
    let station = world
        .controller()
        .expect("the arrival from outside", |input| match input {
            Input::CallerArrived { from, station, .. } if from.as_str() == "10950" => Some(station.clone()),
            _ => None,
        })
        .await;
    assert!(station.is_none_or(|station| (1..60).all(|phone| world.station(phone) != station)));
}
