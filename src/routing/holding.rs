//! Hold and back: the caller hears music and the agent nothing, and the conversation stays one. Hold is what the agent
//! wants; the switch follows, and where it does not the wish is given up, so that nobody believes to be unheard who is not.

use super::agent::Work;
use super::call::{Call, Stage};
use super::core::{CONNECT_WITHIN, Core, Owed};
use super::effect::Act;
use super::fact::Fact;
use super::ids::*;
use super::input::{LegSeen, Refusal, Returned};
use super::people::Refused;
use super::timer::Timer;
use crate::calendar::Moment;

impl Core {
    /// The conversation of this agent, where its switch is in reach; else the refusal is on its way.
    pub(super) fn conversation(&mut self, name: &AgentName) -> Option<CallId> {
        let call = self.agents.get(name).and_then(|agent| match &agent.work {
            Work::Talking { call, .. } => Some(*call),
            Work::Nothing { .. }
            | Work::Ringing { .. }
            | Work::Connecting { .. }
            | Work::Dialling { .. }
            | Work::WrappingUp { .. } => None,
        });
        if let Some(Work::Dialling { .. }) = self.agents.get(name).map(|agent| &agent.work) {
            self.refuse(Refused::DialledCall { agent: name.clone() });
            return None;
        }
        let Some(of) = call.and_then(|call| self.calls.get(&call)) else {
            self.refuse(Refused::NoConversation { agent: name.clone() });
            return None;
        };
        let (call, switch) = (of.id, of.switch.clone());
        if !self.is_up(&switch) {
            self.refuse(Refused::SwitchAway { switch });
            return None;
        }
        Some(call)
    }

    pub(super) fn agent_held(&mut self, now: Moment, name: &AgentName, by: AgentName) {
        let Some(call) = self.conversation(name) else { return };
        let Some(Call { stage: Stage::Talking { hold, .. }, .. }) = self.calls.get_mut(&call) else { return };
        if hold.is_some() {
            return self.refuse(Refused::AlreadyOnHold { agent: name.clone() });
        }
        *hold = Some(now);
        self.change_work(name, |work| work.hold(now));
        self.fact(Fact::CallHeld { call, agent: name.clone(), by });
        // They came apart a moment ago: whoever hung up is told by the hang-up, and music is for who did not.
        if self.timers.is_set(&Timer::PartedDue(call)) {
            self.timers.stop(&Timer::PartedDue(call));
            self.hold_music(now, call);
        }
        self.part(now, call);
    }

    pub(super) fn agent_retrieved(&mut self, now: Moment, name: &AgentName, by: AgentName) {
        let Some(call) = self.conversation(name) else { return };
        let Some(Call { stage: Stage::Talking { hold, agent_leg, .. }, switch, leg, .. }) = self.calls.get(&call)
        else {
            return;
        };
        if hold.is_none() {
            return self.refuse(Refused::NotOnHold { agent: name.clone() });
        }
        let (switch, caller, agent) = (switch.clone(), leg.clone(), agent_leg.clone());
        self.hold_over(call, Some(by));
        self.order(now, &switch, Act::Connect { caller, agent }, None);
        // Joined by then, or tried again.
        self.timers.set(Timer::PartedDue(call), now + CONNECT_WITHIN);
    }

    /// Told to take the two apart; that it is so is said by the caller's `LegParted`.
    pub(super) fn part(&mut self, now: Moment, call: CallId) {
        let Some(Call { stage: Stage::Talking { agent_leg, .. }, switch, leg, .. }) = self.calls.get(&call) else {
            return;
        };
        let (switch, caller, agent) = (switch.clone(), leg.clone(), agent_leg.clone());
        self.timers.set(Timer::HoldDue(call), now + CONNECT_WITHIN);
        self.order(now, &switch, Act::Part { caller, agent }, Some(Owed::Part(call)));
    }

    fn hold_over(&mut self, call: CallId, by: Option<AgentName>) {
        let Some(Call { stage: Stage::Talking { hold, agent, .. }, .. }) = self.calls.get_mut(&call) else { return };
        *hold = None;
        let agent = agent.clone();
        self.timers.stop(&Timer::HoldDue(call));
        self.change_work(&agent, Work::retrieve);
        self.fact(Fact::CallRetrieved { call, agent, by });
    }

    /// The caller on hold is alone, and hears nothing.
    pub(super) fn held_apart(&mut self, now: Moment, call: CallId) {
        self.timers.stop(&Timer::HoldDue(call));
        self.hold_music(now, call);
    }

    fn hold_music(&mut self, now: Moment, call: CallId) {
        let Some(Call { stage: Stage::Talking { queue, .. }, switch, leg, .. }) = self.calls.get(&call) else { return };
        let (switch, leg) = (switch.clone(), leg.clone());
        let class = self.rules_for(call, queue).map_or_else(|| "default".into(), |rules| rules.music.clone());
        self.order(now, &switch, Act::StartMusic { leg, class }, None);
    }

    pub(super) fn part_returned(&mut self, now: Moment, call: CallId, how: &Returned) {
        match how {
            // The caller's `LegParted` says that it is true, HoldDue that it is not. Who is gone is told so.
            Returned::Done | Returned::Unknown | Returned::Refused { why: Refusal::Gone(_) } => {}
            Returned::Refused { why: Refusal::NoPrompt | Refusal::Cannot | Refusal::Other(_) } => {
                self.hold_overdue(now, call);
            }
        }
    }

    /// Nothing was heard of their being apart: a look at the caller decides, and at the agent, should that one be gone.
    pub(super) fn hold_overdue(&mut self, now: Moment, call: CallId) {
        self.timers.stop(&Timer::HoldDue(call));
        let Some(Call { stage: Stage::Talking { hold: Some(_), agent_leg, .. }, switch, leg, .. }) =
            self.calls.get(&call)
        else {
            return;
        };
        let (switch, caller, agent) = (switch.clone(), leg.clone(), agent_leg.clone());
        self.order(now, &switch, Act::Look { leg: caller }, None);
        self.order(now, &switch, Act::Look { leg: agent }, None);
    }

    /// A caller on hold was looked at.
    pub(super) fn held_caller_lives(&mut self, now: Moment, call: CallId, seen: &LegSeen) {
        // They are being taken apart: that is told when it is done.
        if self.timers.is_set(&Timer::HoldDue(call)) {
            return;
        }
        if seen.joined_with.is_some() {
            self.healed(Some(call), None, "the switch did not take caller and agent apart: they talk on");
            self.hold_over(call, None);
        } else if seen.in_hand {
            self.hold_music(now, call);
        }
    }
}
