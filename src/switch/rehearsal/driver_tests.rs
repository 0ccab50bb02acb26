//! Sentences about the driver: what only it, and not the exchange, has to promise.

use std::time::Duration;

use tokio::sync::mpsc;

use super::*;
use crate::calendar::Moment;
use crate::routing::ids::*;
use crate::routing::{Act, Input, Returned};
use crate::switch::{Event, MOST_TOLD, Order, SwitchAct, Ticket, Told};

fn running() -> Rehearsal {
    let switch = SwitchName::new("reh");
    Rehearsal::start(switch.clone(), Exchange::new(switch, 1), Moment::from_ms(1_763_798_450_123))
}

/// All that comes within `time`.
async fn hear(told: &mut mpsc::Receiver<Told>, time: Duration) -> Vec<Event> {
    let until = tokio::time::Instant::now() + time;
    let mut heard = Vec::new();
    while let Ok(Some(told)) = tokio::time::timeout_at(until, told.recv()).await {
        heard.push(told.what);
    }
    heard
}

const A_WHILE: Duration = Duration::from_millis(100);

#[tokio::test(start_paused = true)]
async fn without_a_beat_for_two_seconds_a_new_call_goes_to_the_fallback_and_is_counted() {
    let rehearsal = running();
    let (link, mut told) = rehearsal.link(Epoch(1));
    link.orders.send(Order::Beat).await.expect("the driver takes orders");
    hear(&mut told, Duration::from_millis(1_900)).await;
    rehearsal.happen(World::CallerDials(Caller::new("1", "4001")));
    let heard = hear(&mut told, A_WHILE).await;
    assert!(matches!(heard.as_slice(), [Event::Input(Input::CallerArrived { .. })]), "{heard:?}");
    hear(&mut told, A_WHILE).await;
    let fell = rehearsal.happen(World::CallerDials(Caller::new("2", "4001"))).expect("a caller always gets a leg");
    let heard = hear(&mut told, A_WHILE).await;
    assert!(heard.is_empty(), "{heard:?}");
    assert_eq!(rehearsal.with(|exchange| exchange.hears(&fell)), Some(Hearing::Fallback));
    assert_eq!(rehearsal.with(|exchange| exchange.fell_back()), FellBack { on_arrival: 1, out_of_hand: 0 });
}

#[tokio::test(start_paused = true)]
async fn a_controller_of_a_later_epoch_supersedes_the_one_before() {
    let rehearsal = running();
    let (first, mut told) = rehearsal.link(Epoch(1));
    hear(&mut told, A_WHILE).await;
    let (_second, mut told_second) = rehearsal.link(Epoch(2));
    let heard = hear(&mut told, A_WHILE).await;
    assert!(matches!(heard.as_slice(), [Event::Superseded { by: Epoch(2) }]), "{heard:?}");
    assert!(told.recv().await.is_none());
    let heard = hear(&mut told_second, A_WHILE).await;
    let [Event::LinkUp, Event::Input(Input::AbilitiesTold { .. }), Event::Input(Input::SnapshotTaken { .. })] =
        heard.as_slice()
    else {
        panic!("{heard:?}")
    };
    first.orders.send(Order::Beat).await.ok();
    tokio::time::sleep(A_WHILE).await;
    assert!(first.orders.send(Order::Beat).await.is_err(), "the first still has the driver's ear");
}

#[tokio::test(start_paused = true)]
async fn what_nobody_takes_is_dropped_and_told_as_a_lost_link_and_a_snapshot() {
    let rehearsal = running();
    let (link, mut told) = rehearsal.link(Epoch(1));
    link.orders.send(Order::Beat).await.expect("the driver takes orders");
    hear(&mut told, A_WHILE).await;
    let leg = rehearsal.happen(World::CallerDials(Caller::new("1", "4001"))).expect("a caller always gets a leg");
    // Nobody takes while more is told than the channel and the driver hold; one order is among it.
    let effect = EffectId { epoch: Epoch(1), number: 1 };
    let ticket = Ticket { centre: CentreName::new("demo"), effect };
    let act = SwitchAct::Act(Act::Answer { leg: leg.clone() });
    let deadline = rehearsal.now() + Duration::from_secs(5);
    let key = crate::dialplan::Key::Hash;
    let mut order = Some(Order::Do { ticket, act, deadline });
    for pressed in 0..=2 * MOST_TOLD + 10 {
        rehearsal.happen(World::Presses { leg: leg.clone(), key });
        if pressed % 500 == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
            if let Some(order) = order.take() {
                link.orders.send(order).await.expect("the driver takes orders");
            }
        }
    }
    let heard = hear(&mut told, Duration::from_secs(6)).await;
    let lost = heard.iter().position(|what| matches!(what, Event::Input(Input::LinkLost { .. })));
    let lost = lost.expect("the loss is told");
    let after: Vec<&Event> = heard.iter().skip(lost + 1).collect();
    let [Event::LinkUp, Event::Input(Input::AbilitiesTold { .. }), Event::Input(Input::SnapshotTaken { legs, .. })] =
        after.as_slice()
    else {
        panic!("{after:?}")
    };
    assert_eq!(legs.iter().map(|seen| &seen.leg).collect::<Vec<_>>(), [&leg]);
    let returned = heard.iter().filter(|what| matches!(what, Event::Input(Input::EffectReturned { .. })));
    let returned: Vec<&Event> = returned.collect();
    assert!(
        matches!(returned.as_slice(), [Event::Input(Input::EffectReturned { how: Returned::Done, .. })]),
        "{returned:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_switch_whose_handles_are_gone_stops_and_its_link_with_it() {
    let rehearsal = running();
    let (link, mut told) = rehearsal.link(Epoch(1));
    hear(&mut told, A_WHILE).await;
    drop(rehearsal);
    tokio::time::sleep(A_WHILE).await;
    assert!(told.recv().await.is_none());
    link.orders.send(Order::Beat).await.ok();
    tokio::time::sleep(A_WHILE).await;
    assert!(link.orders.send(Order::Beat).await.is_err());
}
