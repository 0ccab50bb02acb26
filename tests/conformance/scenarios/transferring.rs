//! Callers whom the dialplan keeps on its way: told something first, or sent to a number outside.

use std::time::Duration;

use cordboard::dialplan::Key;
use cordboard::routing::ids::*;
use cordboard::routing::tag::Place;
use cordboard::routing::{Act, Failure, Input};

use crate::controller::{Controller, arrive};
use crate::world::{Heard, OUTSIDE, PhoneDoes, World};

const RING_FOR: Duration = Duration::from_secs(20);

/// Longer than any scenario.
const LONGEST: Duration = Duration::from_secs(3600);

const LONG: Duration = Duration::from_secs(25);

/// A transfer has no agent.
fn nobody() -> AgentName {
    AgentName::new("")
}

async fn order(controller: &mut Controller, act: Act) {
    let effect = controller.order(act).await;
    controller.done(effect).await;
}

async fn up<W: World>(world: &mut W, from: &str) -> (W::Caller, LegId) {
    let (caller, leg) = arrive(world, from).await;
    order(world.controller(), Act::Answer { leg: leg.clone() }).await;
    world.answered(&caller).await;
    (caller, leg)
}

/// As the emergency switch has it: the message to its end, and the menu behind it, which a key chooses from.
pub async fn a_caller_hears_the_emergency_message_first_and_chooses_in_the_menu_behind_it<W: World>(world: &mut W) {
    let (caller, leg) = up(world, "10400").await;
    let (message, menu) = (world.short_sound(), world.long_sound());
    let first = world.controller().play(&leg, message, LONG).await;
    // Pressed too early: it is told, and cuts nothing by itself.
    let early = Key::try_from('2').expect("a key");
    world.press(&caller, early).await;
    world.controller().told(Input::KeyPressed { leg: leg.clone(), key: early }).await;
    world.controller().done(first).await;
    let second = world.controller().play(&leg, menu, LONG).await;
    world.controller().listen(Duration::from_millis(200)).await;
    world.hears(&leg, Heard::Prompt).await;
    let chosen = Key::try_from('1').expect("a key");
    world.press(&caller, chosen).await;
    world.controller().told(Input::KeyPressed { leg: leg.clone(), key: chosen }).await;
    order(world.controller(), Act::StopPlay { leg: leg.clone() }).await;
    world.controller().done(second).await;
    world.controller().music(&leg).await;
    world.hears(&leg, Heard::Music).await;
    assert!(world.alive(&caller).await);
}

/// The caller, who waited with music, hears that it rings outside. Both legs.
async fn sent_out<W: World>(
    world: &mut W,
    from: &str,
    does: PhoneDoes,
    ring_for: Duration,
) -> (W::Caller, LegId, LegId) {
    world.phone_does(OUTSIDE, does).await;
    let (caller, leg) = up(world, from).await;
    world.controller().music(&leg).await;
    order(world.controller(), Act::StartRingback { leg: leg.clone() }).await;
    let station = world.station(OUTSIDE);
    let place = Place::Dialled { agent: nobody(), longest: LONGEST };
    let out = world.controller().ring_out(station, ring_for, place).await;
    (caller, leg, out)
}

async fn transferred<W: World>(world: &mut W, from: &str) -> (W::Caller, LegId, LegId) {
    let (caller, leg, out) = sent_out(world, from, PhoneDoes::Ring, RING_FOR).await;
    world.controller().told(Input::LegRinging { leg: out.clone() }).await;
    world.hears_ringing(&caller, &leg).await;
    assert!(world.pick_up(OUTSIDE).await);
    world.controller().answered(&out).await;
    let tags = world.controller().tags(Place::Talking { agent: nobody() });
    order(world.controller(), Act::Tag { leg: leg.clone(), tags }).await;
    let effect = world.controller().connect(&leg, &out).await;
    world.controller().done(effect).await;
    world.controller().joined(&leg, &out).await;
    (caller, leg, out)
}

pub async fn a_caller_is_transferred_out_and_both_hear_each_other<W: World>(world: &mut W) {
    let (caller, leg, out) = transferred(world, "10401").await;
    world.hears(&leg, Heard::Leg(out.clone())).await;
    world.hears(&out, Heard::Leg(leg.clone())).await;
    world.speak_with_each_other(&caller, OUTSIDE).await;
    world.put_down(OUTSIDE).await;
    world.controller().hung_up(&out).await;
    world.controller().parted(&leg).await;
    world.controller().hang_up(&leg).await;
    world.controller().hung_up(&leg).await;
    world.ended(&caller).await;
}

pub async fn a_transferred_caller_who_hangs_up_leaves_the_number_to_us<W: World>(world: &mut W) {
    let (caller, leg, out) = transferred(world, "10402").await;
    world.hang_up(&caller).await;
    world.controller().hung_up(&leg).await;
    world.controller().parted(&out).await;
    world.controller().hang_up(&out).await;
    world.controller().hung_up(&out).await;
    assert!(!world.in_use(OUTSIDE).await);
}

pub async fn a_caller_who_hangs_up_while_it_rings_outside_leaves_the_ring_to_be_withdrawn<W: World>(world: &mut W) {
    let (caller, leg, out) = sent_out(world, "10403", PhoneDoes::Ring, RING_FOR).await;
    world.controller().told(Input::LegRinging { leg: out.clone() }).await;
    world.hang_up(&caller).await;
    world.controller().hung_up(&leg).await;
    world.controller().hang_up(&out).await;
    assert_eq!(world.controller().failed(&out).await, Failure::Withdrawn);
    assert!(!world.in_use(OUTSIDE).await);
}

/// Whatever became of the number, the caller hears the next step, and no ringing under it or behind it.
async fn goes_on<W: World>(world: &mut W, from: &str, does: PhoneDoes, ring_for: Duration, why: Failure) {
    let (caller, leg, out) = sent_out(world, from, does, ring_for).await;
    assert_eq!(world.controller().failed(&out).await, why);
    assert!(world.alive(&caller).await);
    let sound = world.short_sound();
    let effect = world.controller().play(&leg, sound, LONG).await;
    world.controller().done(effect).await;
    world.hears_nothing(&caller, &leg).await;
    world.controller().music(&leg).await;
    world.hears(&leg, Heard::Music).await;
    assert!(!world.in_use(OUTSIDE).await);
}

pub async fn a_caller_whose_number_outside_is_busy_goes_on_with_the_next_step<W: World>(world: &mut W) {
    goes_on(world, "10404", PhoneDoes::SayBusy, RING_FOR, Failure::Busy).await;
}

pub async fn a_caller_whose_number_outside_nobody_answers_goes_on_with_the_next_step<W: World>(world: &mut W) {
    goes_on(world, "10405", PhoneDoes::Ring, Duration::from_secs(2), Failure::NoAnswer).await;
}

pub async fn a_transferred_call_is_found_whole_by_a_new_controller<W: World>(world: &mut W) {
    let (caller, leg, out) = transferred(world, "10406").await;
    world.new_controller().await;
    let seen = world.controller().snapshot().await;
    let found = |leg: &LegId| seen.iter().find(|seen| seen.leg == *leg).unwrap_or_else(|| panic!("{leg} in {seen:#?}"));
    assert_eq!((found(&leg).joined_with.as_ref(), found(&out).joined_with.as_ref()), (Some(&out), Some(&leg)));
    assert!(found(&leg).inbound && !found(&out).inbound, "{seen:#?}");
    world.speak_with_each_other(&caller, OUTSIDE).await;
    world.controller().hang_up(&out).await;
    world.controller().hung_up(&out).await;
    world.controller().parted(&leg).await;
    assert!(world.alive(&caller).await);
}
