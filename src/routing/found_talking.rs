//! A caller who waits by what the journal knew, and talks by what the switch says: the end of the journal is lost, the
//! conversation is not. The phone says which call it was rung for, and is believed: it was written there by us.

use super::agent::Work;
use super::call::{Call, Stage};
use super::core::Core;
use super::fact::Fact;
use super::ids::*;
use super::input::LegSeen;
use super::tag::Place;
use super::timer::Timer;
use crate::calendar::Moment;

impl Core {
    /// The caller is joined with nobody of ours.
    pub(super) fn talks_with_a_stranger(&mut self, call: CallId, with: &LegId) {
        self.healed(Some(call), None, format!("the caller talks on {with}, which is not ours"));
        // Nobody is rung for who talks; when that is over the wait goes on.
        if let Some(Call { stage: Stage::Waiting { doubt, .. }, .. }) = self.calls.get_mut(&call) {
            *doubt = true;
            self.stop_seeking(call);
        }
    }

    /// The caller is joined with a phone of which this call knows nothing. Where it is one of our own they are one call from
    /// here on. `false`: it is not.
    pub(super) fn found_talking(&mut self, now: Moment, call: CallId, phone: &LegSeen) -> bool {
        // Of who was served and passed on it may be the phone that they were passed on from, on its way out.
        let Some(of) = self.calls.get(&call).filter(|of| !of.served) else { return false };
        let Some(agent) = self.whose_phone(of, phone) else { return false };
        let (queue, joined) = match &of.stage {
            Stage::Waiting { place, rings, .. } => {
                let (place, rings) = (place.clone(), rings.clone());
                if let Some(rings) = rings {
                    // None of them is this phone.
                    self.all_taken_back(now, &rings);
                }
                self.leave_queue(call, &place);
                (place.queue, place.joined)
            }
            // For which queue nobody remembers.
            Stage::InDialplan { .. } => {
                self.forget_play(call);
                self.timers.stop(&Timer::Dialplan(call));
                (QueueName::new(""), now)
            }
            Stage::Connecting { .. } | Stage::Talking { .. } | Stage::Outside(_) | Stage::Ending { .. } => {
                return false;
            }
        };
        let leg = phone.leg.clone();
        self.healed(Some(call), Some(agent.clone()), "caller and agent talk, and the journal did not know it");
        self.adopt_leg(&agent, &leg);
        self.line_joined(&leg);
        self.timers.stop(&Timer::WrapUpDue(agent.clone()));
        self.change_work(&agent, |work| work.found_talking(call, now));
        let waited = now.since(joined);
        let (name, with) = (queue.clone(), leg.clone());
        self.fact(Fact::CallConnected { call, agent: agent.clone(), leg: with, queue: name, waited });
        self.kept_by_call(now, call, &agent, waited);
        if let Some(of) = self.calls.get_mut(&call) {
            of.answered = true;
            of.served = true;
            of.stage = Stage::Talking { queue, agent, agent_leg: leg, since: now, hold: None };
        }
        true
    }

    /// Of an agent with nothing else in hand, as far as we know.
    fn whose_phone(&self, call: &Call, phone: &LegSeen) -> Option<AgentName> {
        let rung_for_it = || {
            let tags = phone.tags.as_ref().filter(|tags| tags.centre == self.centre && tags.call == call.id)?;
            match &tags.place {
                Place::Offered { agent, .. } => Some(agent.clone()),
                Place::Step { .. }
                | Place::Waiting { .. }
                | Place::Talking { .. }
                | Place::Line { .. }
                | Place::Dialled { .. } => None,
            }
        };
        let name = self.at_held_line(&phone.leg).or_else(rung_for_it)?;
        let agent = self.agents.get(&name).filter(|agent| agent.switch == call.switch)?;
        let has_nothing = matches!(agent.work, Work::Nothing { .. } | Work::WrappingUp { .. });
        (has_nothing && agent.leg.as_ref().is_none_or(|leg| *leg == phone.leg)).then_some(name)
    }
}
