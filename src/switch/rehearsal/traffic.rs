//! An endless stream of callers and a few agents' phones for the rehearsal switch: the demo's outside world.
//!
//! By seed, so that two demos can be compared. It only dials and sits by phones; what becomes of the calls is
//! the controller's.

use std::time::Duration;

use super::driver::Rehearsal;
use super::nature::{Chance, Span};
use super::outside::{Caller, Habit, Phone, World};
use crate::dialplan::Key;
use crate::routing::ids::{CallerName, PhoneNumber, StationAddress};

/// Who calls, how often, and who sits at the phones. All spans are drawn from anew for each call.
#[derive(Clone, Debug)]
pub struct Traffic {
    pub seed: u64,
    /// The numbers called, each as often as the others. Empty: nobody calls.
    pub to: Vec<PhoneNumber>,
    /// From one caller to the next.
    pub between: Span,
    /// How long a caller waits to talk with somebody.
    pub patience: Span,
    /// How long a caller talks, where the agent does not end the call earlier.
    pub talks: Span,
    /// What callers press first, each as often as the others, and how long after dialling.
    pub keys: Vec<Key>,
    pub presses_after: Span,
    pub stations: Vec<StationAddress>,
    /// How long a phone rings before its agent picks up.
    pub picks_up_after: Span,
    pub agent_talks: Span,
}

impl Traffic {
    /// The demo's: a call every four seconds or so for `to`, one phone for each of `stations`.
    pub const fn demo(seed: u64, to: Vec<PhoneNumber>, keys: Vec<Key>, stations: Vec<StationAddress>) -> Self {
        Self {
            seed,
            to,
            between: Span::ms(1_000, 7_000),
            patience: Span::ms(20_000, 120_000),
            talks: Span::ms(5_000, 60_000),
            keys,
            presses_after: Span::ms(2_000, 9_000),
            stations,
            picks_up_after: Span::ms(1_000, 6_000),
            agent_talks: Span::ms(5_000, 45_000),
        }
    }

    /// Lets them call, until the future is dropped.
    pub async fn flow(self, rehearsal: Rehearsal) {
        let habit = Habit::Answers { after: self.picks_up_after, talks: Some(self.agent_talks) };
        for station in &self.stations {
            rehearsal.happen(World::PhoneSetTo { station: station.clone(), phone: Phone::with(habit) });
        }
        // Whom agents call answers, as callers do, and talks as long.
        let answers = Habit::Answers { after: self.picks_up_after, talks: Some(self.talks) };
        rehearsal.happen(World::OutsideSetTo { phone: Some(Phone::with(answers)) });
        let mut chance = Chance::new(self.seed);
        loop {
            // Never a busy loop, whatever the span says.
            tokio::time::sleep(chance.within(self.between).max(Duration::from_millis(1))).await;
            let Some(caller) = self.next_caller(&mut chance) else { return std::future::pending().await };
            rehearsal.happen(World::CallerDials(caller));
        }
    }

    fn next_caller(&self, chance: &mut Chance) -> Option<Caller> {
        let number = chance.below(100_000_000);
        let to = drawn(chance, &self.to)?;
        let key = drawn(chance, &self.keys).map(|key| (chance.within(self.presses_after), *key));
        Some(Caller {
            station: None,
            from: PhoneNumber::new(format!("138{number:08}")),
            name: CallerName::new(format!("Caller {:04}", number % 10_000)),
            to: to.clone(),
            patience: Some(chance.within(self.patience)),
            talks: Some(chance.within(self.talks)),
            keys: key.into_iter().collect(),
        })
    }
}

fn drawn<'a, T>(chance: &mut Chance, from: &'a [T]) -> Option<&'a T> {
    let which = chance.below(u64::try_from(from.len()).unwrap_or(u64::MAX));
    from.get(usize::try_from(which).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Moment;
    use crate::routing::Input;
    use crate::routing::ids::{Epoch, SwitchName};
    use crate::switch::rehearsal::Exchange;
    use crate::switch::{Event, Order};

    #[tokio::test(start_paused = true)]
    async fn callers_keep_coming_and_press_their_key() {
        let switch = SwitchName::new("reh");
        let rehearsal = Rehearsal::start(switch.clone(), Exchange::new(switch, 1), Moment::from_ms(1_763_798_450_123));
        let (link, mut told) = rehearsal.link(Epoch(1));
        link.orders.send(Order::Beat).await.expect("the driver takes orders");
        let traffic = Traffic::demo(
            3,
            vec![PhoneNumber::new("4001")],
            vec![Key::Hash],
            vec![StationAddress::new("rehearsal/1001")],
        );
        let flow = tokio::spawn(traffic.flow(rehearsal.clone()));
        let (mut arrived, mut pressed) = (0, 0);
        while arrived < 20 || pressed < 10 {
            link.orders.send(Order::Beat).await.expect("the driver takes orders");
            let next = tokio::time::timeout(Duration::from_millis(500), told.recv()).await;
            match next {
                Ok(Some(told)) => match told.what {
                    Event::Input(Input::CallerArrived { .. }) => arrived += 1,
                    Event::Input(Input::KeyPressed { .. }) => pressed += 1,
                    _ => {}
                },
                Ok(None) => panic!("the driver ended"),
                Err(_) => {}
            }
        }
        flow.abort();
    }
}
