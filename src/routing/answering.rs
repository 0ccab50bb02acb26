//! Answer from the page: the agent's phone is told to pick up what rings on it. What follows is what follows a pick-up
//! by hand, because the phone says so itself. A phone that rings on, or a switch that cannot tell it, is remembered.

use super::agent::{Told, Work};
use super::core::{Core, Owed};
use super::effect::Act;
use super::fact::{Fact, NotPickedUp};
use super::ids::*;
use super::input::{Abilities, Refusal, Returned};
use super::people::Refused;
use super::timer::Timer;
use crate::calendar::Moment;
use std::time::Duration;

/// From telling a phone to pick up to its having done so: measured 3-20 ms, and a desk phone thinks for a while. Longer
/// than a person would wait before taking the handset.
pub const PICK_UP_WITHIN: Duration = Duration::from_secs(2);

impl Core {
    pub(super) fn abilities_told(&mut self, switch: SwitchName, abilities: Abilities) {
        self.abilities.insert(switch, abilities);
    }

    /// Whether the phone of this agent can be told to pick up, as far as anybody knows.
    pub(super) fn told_to_answer(&self, name: &AgentName) -> Told {
        let Some(agent) = self.agents.get(name) else { return Told::Never };
        let can = self.abilities.get(&agent.switch).is_some_and(|abilities| abilities.pick_up);
        if can && !agent.station.is_outside() && !agent.station.is_held_open() { agent.told } else { Told::Never }
    }

    pub(super) fn agent_answered(&mut self, now: Moment, name: &AgentName, by: AgentName) {
        let rung = self.agents.get(name).and_then(|agent| match &agent.work {
            Work::Ringing { offer, call, .. } => Some((*offer, *call, agent.switch.clone(), agent.station.clone())),
            Work::Nothing { .. }
            | Work::Connecting { .. }
            | Work::Talking { .. }
            | Work::Dialling { .. }
            | Work::WrappingUp { .. } => None,
        });
        let Some((offer, call, switch, station)) = rung else {
            return self.refuse(Refused::NothingRings { agent: name.clone() });
        };
        let Some(leg) = self.offers.get(&offer).map(|offer| offer.leg.clone()) else { return };
        if !self.is_up(&switch) {
            return self.refuse(Refused::SwitchAway { switch });
        }
        if self.told_to_answer(name) == Told::Never {
            return self.refuse(Refused::PhoneCannotAnswer { station });
        }
        // Pressed again: the phone has been told.
        if self.timers.is_set(&Timer::PickUpDue(offer)) {
            return;
        }
        self.fact(Fact::PickUpAsked { offer, call, agent: name.clone(), by });
        self.timers.set(Timer::PickUpDue(offer), now + PICK_UP_WITHIN);
        self.order(now, &switch, Act::PickUp { leg }, Some(Owed::PickUp(offer)));
    }

    pub(super) fn pick_up_returned(&mut self, offer: OfferId, how: &Returned) {
        match how {
            // The phone's own word follows, or `PickUpDue`.
            Returned::Done | Returned::Unknown => {}
            // Its end is on its way.
            Returned::Refused { why: Refusal::Gone(_) } => self.timers.stop(&Timer::PickUpDue(offer)),
            Returned::Refused { why: Refusal::Cannot } => self.not_picked_up(offer, NotPickedUp::Cannot),
            Returned::Refused { why: Refusal::NoPrompt | Refusal::Other(_) } => {
                self.not_picked_up(offer, NotPickedUp::Refused);
            }
        }
    }

    /// Told, and it rings on.
    pub(super) fn pick_up_overdue(&mut self, offer: OfferId) {
        self.not_picked_up(offer, NotPickedUp::RangOn);
    }

    /// The phone goes on ringing, to be picked up by hand. What failed for good is not tried again on this phone.
    fn not_picked_up(&mut self, offer: OfferId, why: NotPickedUp) {
        self.timers.stop(&Timer::PickUpDue(offer));
        let Some((call, agent)) = self.offers.get(&offer).map(|of| (of.call, of.agent.clone())) else { return };
        if self.agents.get(&agent).is_none_or(|agent| !matches!(agent.work, Work::Ringing { .. })) {
            return;
        }
        self.fact(Fact::PickUpFailed { offer, call, agent: agent.clone(), why });
        match why {
            NotPickedUp::Cannot | NotPickedUp::RangOn => self.change_agent(&agent, |agent| agent.told = Told::Never),
            NotPickedUp::Refused => {}
        }
    }

    /// The phone was picked up: if it had been told to, it understands.
    pub(super) fn picked_up_as_told(&mut self, offer: OfferId, agent: &AgentName) {
        if self.timers.is_set(&Timer::PickUpDue(offer)) {
            self.timers.stop(&Timer::PickUpDue(offer));
            self.change_agent(agent, |agent| agent.told = Told::Answers);
        }
    }
}
