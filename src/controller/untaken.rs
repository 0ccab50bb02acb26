//! Orders that a driver has no room for: they come back, as every order does.

use crate::switch::{Link, Order, Ticket};

/// Hands an order to its driver. The ticket comes back where there was no room, or nobody takes orders any more; a
/// heartbeat has none, and the next one comes soon.
pub(super) fn untaken(link: &Link, order: Order) -> Option<Ticket> {
    let error = link.orders.try_send(order).err()?;
    tracing::error!(switch = %link.switch, %error, "an order was not taken");
    match error.into_inner() {
        Order::Do { ticket, .. } => Some(ticket),
        Order::Beat => None,
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;
    use crate::calendar::Moment;
    use crate::routing::Act;
    use crate::routing::ids::{CentreName, EffectId, Epoch, LegId, SwitchName};
    use crate::switch::SwitchAct;

    fn order(number: u32) -> (Ticket, Order) {
        let ticket = Ticket { centre: CentreName::new("demo"), effect: EffectId { epoch: Epoch(1), number } };
        let act = SwitchAct::Act(Act::StopPlay { leg: LegId::new("x") });
        (ticket.clone(), Order::Do { ticket, act, deadline: Moment::from_ms(0) })
    }

    #[test]
    fn an_order_that_its_driver_has_no_room_for_comes_back_by_its_ticket() {
        let (orders, mut taken) = mpsc::channel(1);
        let link = Link { switch: SwitchName::new("pbx"), orders };
        let ((_, first), (second_ticket, second), (third_ticket, third)) = (order(1), order(2), order(3));
        assert_eq!(untaken(&link, first), None);
        assert_eq!(untaken(&link, second), Some(second_ticket));
        assert_eq!(untaken(&link, Order::Beat), None);
        assert!(matches!(taken.try_recv(), Ok(Order::Do { ticket, .. }) if ticket.effect.number == 1));
        assert!(taken.try_recv().is_err(), "nothing slipped in");
        // Nor is one lost when its driver has ended.
        drop(taken);
        assert_eq!(untaken(&link, third), Some(third_ticket));
    }
}
