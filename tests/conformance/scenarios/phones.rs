//! What phones do besides being rung by us.

use std::time::Duration;

use cordboard::routing::ids::StationAddress;
use cordboard::routing::{Failure, Input, Line};

use crate::controller::talk;
use crate::world::{ROAMING, World};

/// Waits until the switch says this of the phone.
async fn told<W: World>(world: &mut W, of: &StationAddress, what: Line) {
    world
        .controller()
        .expect((of, what), |input| match input {
            Input::StationChanged { station, line, .. } if station == of && *line == what => Some(()),
            _ => None,
        })
        .await;
}

pub async fn a_private_call_is_told_when_it_begins_and_when_it_ends<W: World>(world: &mut W) {
    let station = world.station(5);
    told(world, &station, Line::Free).await;
    world.calls_privately(5).await;
    told(world, &station, Line::InUse).await;
    world.ends_private_call(5).await;
    told(world, &station, Line::Free).await;
}

pub async fn a_phone_that_comes_and_goes_is_told_as_out_of_reach_while_it_is_away<W: World>(world: &mut W) {
    let station = world.station(ROAMING);
    world.plug_in(ROAMING).await;
    told(world, &station, Line::Free).await;
    world.unplug(ROAMING).await;
    told(world, &station, Line::Unreachable).await;
    let leg = world.controller().ring(station.clone(), Duration::from_secs(20)).await;
    assert_eq!(world.controller().failed(&leg).await, Failure::Unreachable);
    world.plug_in(ROAMING).await;
    told(world, &station, Line::Free).await;
    world.unplug(ROAMING).await;
}

/// Whether our own call counts as use is the driver's choice; that it is over must be told where it did.
pub async fn a_phone_that_talks_with_our_caller_is_free_when_that_is_over<W: World>(world: &mut W) {
    let station = world.station(6);
    let (caller, leg, agent) = talk(world, "10701", 6).await;
    world.controller().listen(Duration::from_millis(300)).await;
    world.hang_up(&caller).await;
    world.controller().hung_up(&leg).await;
    world.controller().hang_up(&agent).await;
    world.controller().hung_up(&agent).await;
    world.controller().listen(Duration::from_millis(500)).await;
    assert_eq!(world.controller().last_said_of(&station), Some(Line::Free));
}

pub async fn a_new_controller_knows_of_a_private_call_before_it_knows_of_any_caller<W: World>(world: &mut W) {
    let station = world.station(7);
    world.calls_privately(7).await;
    told(world, &station, Line::InUse).await;
    world.new_controller().await;
    let told_first = world
        .controller()
        .expect("a snapshot, or the word that the phone talks", |input| match input {
            Input::StationChanged { station: of, line: Line::InUse, .. } if *of == station => Some(true),
            Input::SnapshotTaken { .. } => Some(false),
            _ => None,
        })
        .await;
    assert!(told_first);
    world.ends_private_call(7).await;
    told(world, &station, Line::Free).await;
}
