//! Stations outside: an agent whose phone is a mobile or a landline, reached by the trunk as a number that is dialled is.
//! Nobody knows who picks such a telephone up, or what: so it is asked for a key first, and until that is pressed the call
//! rings on. A mailbox presses none.
//!
//! Such rings are not counted among the dials of `most_per_minute`: each is for a caller who waits, ends with the ring's
//! time, and goes to a number that an admin's list allows.

use std::time::Duration;

use super::call::{Offer, Stage};
use super::core::{Core, Owed};
use super::dial_out::{DialledNumber, NotANumber};
use super::effect::Act;
use super::fact::Fact;
use super::ids::*;
use super::input::{Line, Refusal, Returned};
use super::people::Refused;
use super::timer::Timer;
use crate::calendar::Moment;
use crate::dialplan::{Key, Prompt, press_one};

/// Between two askings: time to press the key in silence, for whoever holds the telephone at the ear.
pub const ASKED_AGAIN_AFTER: Duration = Duration::from_secs(2);

/// What a station outside begins with; the number follows.
const OUTSIDE: &str = "tel:";

impl StationAddress {
    /// The number of a telephone outside; `None` where it is a phone of the switch.
    ///
    /// # Errors
    /// What follows is no number.
    pub fn outside(&self) -> Option<Result<DialledNumber, NotANumber>> {
        self.phone().as_str().strip_prefix(OUTSIDE).map(str::parse)
    }

    pub fn is_outside(&self) -> bool {
        self.phone().as_str().starts_with(OUTSIDE)
    }

    /// From what somebody typed: of a number the one form in which it is compared, anything else as it stands.
    pub fn typed(text: &str) -> Self {
        if let Some(phone) = Self::new(text.trim()).is_held_open().then(|| Self::new(text.trim()).phone()) {
            return Self::held_open(&Self::typed(phone.as_str()));
        }
        let as_typed = Self::new(text);
        match as_typed.outside() {
            Some(Ok(number)) => Self::new(format!("{OUTSIDE}{number}")),
            Some(Err(NotANumber)) | None => as_typed,
        }
    }

    /// For whoever may know of agents and not of their numbers.
    pub fn without_number(&self) -> Self {
        match (self.is_outside(), self.is_held_open()) {
            (true, true) => Self::held_open(&Self::new(OUTSIDE)),
            (true, false) => Self::new(OUTSIDE),
            (false, _) => self.clone(),
        }
    }
}

/// Whoever picked a telephone outside up is asked for the key.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Asking {
    /// What is heard at it: the switch owes us its end.
    pub playing: Option<EffectId>,
}

/// As the switch is told to ring it.
pub(super) struct Rung {
    pub station: StationAddress,
    pub from: PhoneNumber,
    pub name: CallerName,
    pub auto_answer: bool,
}

impl Core {
    /// Why nobody can sit at this station.
    pub(super) fn outside_refused(
        &self,
        agent: &AgentName,
        switch: &SwitchName,
        station: &StationAddress,
    ) -> Option<Refused> {
        let plan = self.version.as_ref()?;
        let number = match station.outside()? {
            Ok(number) if *station == StationAddress::typed(station.as_str()) => number,
            Ok(_) | Err(NotANumber) => return Some(Refused::NotANumber { station: station.clone() }),
        };
        let Some(rules) = &plan.dial_out else { return Some(Refused::NoDialOut) };
        if !rules.allows(&number, plan.country) {
            return Some(Refused::NumberNotAllowed { number });
        }
        (rules.switch != *switch)
            .then(|| Refused::DialsElsewhere { agent: agent.clone(), switch: rules.switch.clone() })
    }

    /// A telephone outside says nothing of itself; but one that may not be dialled any more cannot be reached.
    pub(super) fn line_outside(
        &self,
        agent: &AgentName,
        switch: &SwitchName,
        station: &StationAddress,
    ) -> Option<Line> {
        station.is_outside().then(|| match self.outside_refused(agent, switch, station) {
            Some(_) => Line::Unreachable,
            None => Line::Unknown,
        })
    }

    /// What an admin's list allows has changed.
    pub(super) fn lines_outside_again(&mut self) {
        let outside = self.agents.values().filter(|agent| agent.station.is_outside());
        let lines: Vec<_> = outside
            .filter_map(|agent| {
                Some((agent.name.clone(), self.line_outside(&agent.name, &agent.switch, &agent.station)?))
            })
            .collect();
        for (name, line) in lines {
            self.change_agent(&name, |agent| agent.line = line);
        }
    }

    /// How this agent's phone is rung for a caller. A network takes no caller's number from us but the centre's own, and
    /// whose telephone it is is nobody's business there. `None`: it may not be rung.
    pub(super) fn rung_as(&self, agent: &AgentName, from: PhoneNumber, name: CallerName, auto: bool) -> Option<Rung> {
        let agent = self.agents.get(agent)?;
        let Some(number) = agent.station.outside() else {
            let auto_answer = agent.auto_answer.unwrap_or(auto);
            return Some(Rung { station: agent.station.phone(), from, name, auto_answer });
        };
        let rules = self.version.as_ref()?.dial_out.as_ref()?;
        let station = rules.to.with(&number.ok()?);
        Some(Rung { station, from: rules.shown.clone(), name: CallerName::new(""), auto_answer: false })
    }

    /// Whether a pick-up of this phone is not yet an answer. Of a line that is held open it was long ago.
    pub(super) fn is_asked_first(&self, offer: &Offer) -> bool {
        let agent = self.agents.get(&offer.agent);
        agent.is_some_and(|agent| agent.station.is_outside() && !agent.station.is_held_open())
    }

    /// Picked up, or found so: whoever it was is asked, from the beginning.
    pub(super) fn ask(&mut self, now: Moment, offer: OfferId) {
        let Some(of) = self.offers.get_mut(&offer) else { return };
        let before = of.asking.replace(Asking::default());
        let (call, agent, switch, leg) = (of.call, of.agent.clone(), of.switch.clone(), of.leg.clone());
        self.timers.stop(&Timer::AskAgain(offer));
        match before {
            None => self.fact(Fact::OfferPickedUp { offer, call, agent }),
            Some(before) => {
                if let Some(effect) = before.playing {
                    self.owed.remove(&effect);
                }
                self.order(now, &switch, Act::StopPlay { leg }, None);
            }
        }
        self.play_question(now, offer);
    }

    fn play_question(&mut self, now: Moment, offer: OfferId) {
        let Some(of) = self.offers.get(&offer).filter(|of| of.asking.is_some()) else { return };
        let (switch, leg) = (of.switch.clone(), of.leg.clone());
        let prompts: Vec<Prompt> = self.version.iter().map(|plan| press_one(plan.first_language())).collect();
        let playing = self.order(now, &switch, Act::Play { leg, prompts }, Some(Owed::Question(offer)));
        if let Some(asking) = self.offers.get_mut(&offer).and_then(|of| of.asking.as_mut()) {
            asking.playing = playing;
        }
    }

    /// It has been heard, or could not be: the key counts either way.
    pub(super) fn question_returned(&mut self, now: Moment, offer: OfferId, effect: EffectId, how: &Returned) {
        let Some(of) = self.offers.get_mut(&offer) else { return };
        let call = of.call;
        let Some(asking) = of.asking.as_mut().filter(|asking| asking.playing == Some(effect)) else { return };
        asking.playing = None;
        match how {
            Returned::Done | Returned::Unknown => self.timers.set(Timer::AskAgain(offer), now + ASKED_AGAIN_AFTER),
            // Its end is on its way.
            Returned::Refused { why: Refusal::Gone(_) } => {}
            Returned::Refused { why: why @ (Refusal::NoPrompt | Refusal::Cannot | Refusal::Other(_)) } => {
                self.healed(Some(call), None, format!("a telephone outside was not asked for its key: {why:?}"));
            }
        }
    }

    pub(super) fn ask_again(&mut self, now: Moment, offer: OfferId) {
        self.play_question(now, offer);
    }

    /// Nothing of the question is waited for any more. Gives whether it was being heard.
    pub(super) fn forget_question(&mut self, offer: OfferId, asking: Option<Asking>) -> bool {
        self.timers.stop(&Timer::AskAgain(offer));
        let playing = asking.and_then(|asking| asking.playing);
        playing.is_some_and(|effect| self.owed.remove(&effect).is_some())
    }

    /// A key on an agent's phone: of those that are asked for one, 1 takes the call.
    pub(super) fn agent_pressed(&mut self, now: Moment, leg: &LegId, key: Key) {
        if self.line_key(now, leg, key) || key.as_char() != '1' {
            return;
        }
        let Some(mut of) = self.offer_of_leg(leg).filter(|of| of.asking.is_some()).cloned() else { return };
        if !matches!(self.calls.get(&of.call).map(|call| &call.stage), Some(Stage::Waiting { .. })) {
            return;
        }
        let asking = of.asking.take();
        if let Some(kept) = self.offers.get_mut(&of.id) {
            kept.asking = None;
        }
        if self.forget_question(of.id, asking) {
            self.order(now, &of.switch.clone(), Act::StopPlay { leg: leg.clone() }, None);
        }
        self.answered(now, &of);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_as_a_station_has_one_form_and_a_phone_of_the_switch_is_none() {
        for (typed, is) in [
            ("tel:+86 138 0013 8000", "tel:+8613800138000"),
            ("tel:１３８００１３８０００", "tel:13800138000"),
            ("tel:nobody", "tel:nobody"),
            ("PJSIP/a1001", "PJSIP/a1001"),
        ] {
            assert_eq!(StationAddress::typed(typed).as_str(), is, "{typed}");
        }
        assert_eq!(StationAddress::new("PJSIP/a1001").outside(), None);
        assert_eq!(StationAddress::new("tel:138@evil").outside(), Some(Err(NotANumber)));
        assert_eq!(StationAddress::new("tel:+8613800138000").without_number().as_str(), "tel:");
    }
}
