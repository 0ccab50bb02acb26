//! Numbers outside that an agent dials: the agent's own phone first, then a telephone behind the trunk.

use std::time::Duration;

use cordboard::routing::ids::*;
use cordboard::routing::tag::Place;
use cordboard::routing::{Act, Failure, Input};

use crate::controller::pick_up;
use crate::world::{Heard, OUTSIDE, PhoneDoes, World};

const RING_FOR: Duration = Duration::from_secs(20);

/// Longer than any scenario.
const LONGEST: Duration = Duration::from_secs(3600);

fn dialled(longest: Duration) -> Place {
    Place::Dialled { agent: AgentName::new("li.na"), longest }
}

/// The agent is there, hears that it rings, and a telephone outside is rung, which does this. Both legs.
pub(super) async fn dial<W: World>(world: &mut W, does: PhoneDoes, ring_for: Duration) -> (LegId, LegId) {
    dial_for(world, does, ring_for, LONGEST).await
}

async fn dial_for<W: World>(world: &mut W, does: PhoneDoes, ring_for: Duration, longest: Duration) -> (LegId, LegId) {
    world.phone_does(OUTSIDE, does).await;
    let agent = pick_up(world, 1).await;
    let effect = world.controller().order(Act::StartRingback { leg: agent.clone() }).await;
    world.controller().done(effect).await;
    if does == PhoneDoes::Ring {
        world.is_rung_back(1).await;
    }
    let station = world.station(OUTSIDE);
    let tagged = dialled(longest);
    let out = world.controller().ring_out(station, ring_for, tagged).await;
    (agent, out)
}

/// Answered, and joined with the agent.
pub(super) async fn talk<W: World>(world: &mut W) -> (LegId, LegId) {
    talk_for(world, LONGEST).await
}

/// The same, and they may talk no longer than this.
pub(super) async fn talk_for<W: World>(world: &mut W, longest: Duration) -> (LegId, LegId) {
    let (agent, out) = dial_for(world, PhoneDoes::Ring, RING_FOR, longest).await;
    world.controller().told(Input::LegRinging { leg: out.clone() }).await;
    assert!(world.pick_up(OUTSIDE).await);
    world.controller().answered(&out).await;
    let effect = world.controller().connect(&out, &agent).await;
    world.controller().done(effect).await;
    world.controller().joined(&out, &agent).await;
    (agent, out)
}

pub(super) async fn put_down_by_us<W: World>(world: &mut W, agent: &LegId) {
    world.controller().hang_up(agent).await;
    world.controller().hung_up(agent).await;
}

pub async fn a_number_that_is_dialled_is_answered_and_both_hear_each_other<W: World>(world: &mut W) {
    let (agent, out) = talk(world).await;
    world.hears(&agent, Heard::Leg(out.clone())).await;
    world.hears(&out, Heard::Leg(agent.clone())).await;
    world.is_heard(1, OUTSIDE).await;
    // Whoever was called hangs up: the agent is back in our hands, to be let go.
    world.put_down(OUTSIDE).await;
    world.controller().hung_up(&out).await;
    world.controller().parted(&agent).await;
    put_down_by_us(world, &agent).await;
    assert!(!world.in_use(1).await && !world.in_use(OUTSIDE).await);
}

pub async fn an_agent_who_hangs_up_a_dialled_call_leaves_the_number_to_us<W: World>(world: &mut W) {
    let (agent, out) = talk(world).await;
    world.put_down(1).await;
    world.controller().hung_up(&agent).await;
    world.controller().parted(&out).await;
    put_down_by_us(world, &out).await;
    assert!(!world.in_use(OUTSIDE).await);
}

async fn fails<W: World>(world: &mut W, does: PhoneDoes, ring_for: Duration, why: Failure) {
    let (agent, out) = dial(world, does, ring_for).await;
    assert_eq!(world.controller().failed(&out).await, why);
    assert_eq!(world.controller().look(&out).await, None);
    // The agent is told nothing by the switch, and is still in our hands.
    let seen = world.controller().look(&agent).await;
    assert!(seen.is_some_and(|seen| seen.in_hand));
    put_down_by_us(world, &agent).await;
}

pub async fn a_number_that_is_busy_fails_as_busy<W: World>(world: &mut W) {
    fails(world, PhoneDoes::SayBusy, RING_FOR, Failure::Busy).await;
}

pub async fn a_number_that_refuses_fails_as_rejected<W: World>(world: &mut W) {
    fails(world, PhoneDoes::RejectAfter(Duration::from_millis(50)), RING_FOR, Failure::Rejected).await;
}

pub async fn a_number_that_nobody_answers_fails_as_no_answer<W: World>(world: &mut W) {
    fails(world, PhoneDoes::Ring, Duration::from_secs(2), Failure::NoAnswer).await;
}

pub async fn an_agent_who_hangs_up_while_it_rings_outside_leaves_the_ring_to_be_withdrawn<W: World>(world: &mut W) {
    let (agent, out) = dial(world, PhoneDoes::Ring, RING_FOR).await;
    world.controller().told(Input::LegRinging { leg: out.clone() }).await;
    world.put_down(1).await;
    world.controller().hung_up(&agent).await;
    assert!(world.in_use(OUTSIDE).await, "it rings until we take it back");
    world.controller().hang_up(&out).await;
    assert_eq!(world.controller().failed(&out).await, Failure::Withdrawn);
    assert!(!world.in_use(OUTSIDE).await);
}

/// From 3 ms before to 3 ms after the pick-up, in steps of half a millisecond.
pub async fn an_agent_hanging_up_as_a_number_answers_strands_nobody<W: World>(world: &mut W) {
    for round in -6..=6_i32 {
        let (agent, out) = dial(world, PhoneDoes::Ring, RING_FOR).await;
        world.controller().told(Input::LegRinging { leg: out.clone() }).await;
        let apart = Duration::from_micros(500) * round.unsigned_abs();
        if round < 0 {
            world.put_down(1).await;
            tokio::time::sleep(apart).await;
            world.pick_up(OUTSIDE).await;
        } else {
            world.pick_up(OUTSIDE).await;
            tokio::time::sleep(apart).await;
            world.put_down(1).await;
        }
        world.controller().answered(&out).await;
        let effect = world.controller().connect(&out, &agent).await;
        world.controller().returned(effect).await;
        world.controller().strands_none_of(&[&agent, &out]).await;
        if !world.controller().ended(&out) {
            put_down_by_us(world, &out).await;
        }
        assert!(!world.in_use(OUTSIDE).await && !world.in_use(1).await);
    }
}

pub async fn a_dialled_call_is_found_whole_by_a_new_controller<W: World>(world: &mut W) {
    let (agent, out) = talk(world).await;
    world.new_controller().await;
    let seen = world.controller().snapshot().await;
    let found = |leg: &LegId| seen.iter().find(|seen| seen.leg == *leg).unwrap_or_else(|| panic!("{leg} in {seen:#?}"));
    assert_eq!((found(&agent).joined_with.as_ref(), found(&out).joined_with.as_ref()), (Some(&out), Some(&agent)));
    assert!(!found(&agent).inbound && !found(&out).inbound, "both are legs that we rang: {seen:#?}");
    let tags = found(&out).tags.clone().expect("what it was rung for");
    assert_eq!(tags.place, dialled(LONGEST));
    put_down_by_us(world, &out).await;
    world.controller().parted(&agent).await;
    put_down_by_us(world, &agent).await;
}

pub async fn a_number_that_rings_when_its_controller_dies_is_answered_to_the_next<W: World>(world: &mut W) {
    let (agent, out) = dial(world, PhoneDoes::Ring, RING_FOR).await;
    world.controller().told(Input::LegRinging { leg: out.clone() }).await;
    world.new_controller().await;
    let seen = world.controller().snapshot().await;
    assert!(seen.iter().any(|seen| seen.leg == out && !seen.inbound && !seen.in_hand), "{seen:#?}");
    assert!(world.pick_up(OUTSIDE).await);
    world.controller().answered(&out).await;
    let effect = world.controller().connect(&out, &agent).await;
    world.controller().done(effect).await;
    world.controller().joined(&out, &agent).await;
    world.is_heard(1, OUTSIDE).await;
    put_down_by_us(world, &out).await;
    world.controller().parted(&agent).await;
    put_down_by_us(world, &agent).await;
}
