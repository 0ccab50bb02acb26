//! Lines that are held open: an agent's phone is called once, at log-in, and stays up. A call is joined to it after a short
//! tone and without a ring, and leaves it quiet again. The station says so: `held:PJSIP/1001`, or `held:tel:` and a number.
//!
//! The switch tells nothing of such a phone that we do not know by its leg: what the device says is not asked. A line that
//! went down is dialled again, by rule, and its agent is not free meanwhile.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::agent::{Presence, Work};
use super::call::{Offer, Stage};
use super::core::{Core, LegOf, Owed, RING_GRACE};
use super::effect::{Act, HangUpCause};
use super::fact::Fact;
use super::ids::*;
use super::input::{Failure, LegSeen, LegUp, Line, Refusal, Returned};
use super::outside::Rung;
use super::tag::Place;
use super::timer::Timer;
use crate::calendar::Moment;
use crate::dialplan::{Key, Prompt, joining_tone, press_one_for_the_line};

/// How long the phone rings for its line.
pub const LINE_RINGS_FOR: Duration = Duration::from_secs(30);

/// From the order of the tone to its end: measured 460 ms. After that the call is taken back from the line.
pub const TONE_WITHIN: Duration = Duration::from_secs(3);

/// A line that went down is dialled again after this, doubled with each try that comes to nothing, up to a minute: who has
/// hung up by mistake is back at once, and a phone that is unplugged is not hammered.
pub const AGAIN_AFTER: Duration = Duration::from_secs(5);
const AGAIN_AT_MOST: Duration = Duration::from_secs(60);

/// So often in vain, and nobody is there: the agent is left alone until they say *ready*.
pub const MOST_TRIES: u32 = 5;

/// The leg should be in our hands again by then: measured 2.2 ms, 112 ms where a hang-up was lost and healed.
const SETTLED_WITHIN: Duration = Duration::from_secs(2);

/// What is heard between calls: the class of music of this name, where the switch has one, else its usual music. Without any
/// sound no packet would flow, and a phone, or what stands before it, would take the line for dead.
const QUIET: &str = "quiet";

/// What a station that is held open begins with; the phone follows.
const HELD: &str = "held:";

impl StationAddress {
    /// The phone itself.
    pub fn phone(&self) -> StationAddress {
        StationAddress::new(self.as_str().strip_prefix(HELD).unwrap_or(self.as_str()))
    }

    pub fn is_held_open(&self) -> bool {
        self.as_str().starts_with(HELD)
    }

    pub(super) fn held_open(phone: &StationAddress) -> Self {
        Self::new(format!("{HELD}{phone}"))
    }
}

/// Where the line of an agent is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum HeldLine {
    /// Tried so often in vain.
    Down {
        tries: u32,
    },
    /// The phone is called.
    Rings {
        leg: LegId,
        tries: u32,
    },
    /// A telephone outside was picked up, and is asked for its key.
    Asked {
        leg: LegId,
        tries: u32,
    },
    Up {
        leg: LegId,
    },
}

impl Default for HeldLine {
    fn default() -> Self {
        HeldLine::Down { tries: 0 }
    }
}

impl HeldLine {
    pub const fn leg(&self) -> Option<&LegId> {
        match self {
            HeldLine::Down { .. } => None,
            HeldLine::Rings { leg, .. } | HeldLine::Asked { leg, .. } | HeldLine::Up { leg } => Some(leg),
        }
    }

    pub const fn up(&self) -> Option<&LegId> {
        match self {
            HeldLine::Up { leg } => Some(leg),
            HeldLine::Down { .. } | HeldLine::Rings { .. } | HeldLine::Asked { .. } => None,
        }
    }

    const fn tries(&self) -> u32 {
        match self {
            HeldLine::Down { tries } | HeldLine::Rings { tries, .. } | HeldLine::Asked { tries, .. } => *tries,
            HeldLine::Up { .. } => 0,
        }
    }

    /// Who logs in is tried anew; a leg that is there stays.
    pub(super) fn at_log_in(&self) -> Self {
        self.leg().map_or_else(Self::default, |_| self.clone())
    }

    /// For those who read it.
    pub const fn as_str(&self) -> &'static str {
        match self {
            HeldLine::Down { .. } => "down",
            HeldLine::Rings { .. } => "rings",
            HeldLine::Asked { .. } => "asked",
            HeldLine::Up { .. } => "up",
        }
    }
}

impl Core {
    /// Whose line this leg is.
    pub(super) fn at_held_line(&self, leg: &LegId) -> Option<AgentName> {
        let Some(LegOf::Agent(agent)) = self.legs.get(leg) else { return None };
        self.agents.get(agent).filter(|agent| agent.held.leg() == Some(leg)).map(|agent| agent.name.clone())
    }

    fn set_line(&mut self, name: &AgentName, line: HeldLine) {
        self.change_agent(name, |agent| agent.held = line.clone());
        self.fact(Fact::HeldLineChanged { agent: name.clone(), line });
    }

    /// Of everybody something was done to: lines that are wanted are dialled, others are let go when nobody talks on them.
    pub(super) fn lines_follow(&mut self, now: Moment) {
        let touched: Vec<AgentName> = self.touched.keys().cloned().collect();
        for name in touched {
            let Some(agent) = self.agents.get(&name) else { continue };
            let away = matches!(agent.presence, Presence::Away { .. });
            let ready = matches!(agent.presence, Presence::Ready { .. });
            let idle = matches!(agent.work, Work::Nothing { .. });
            match &agent.held {
                HeldLine::Down { .. } if away => self.timers.stop(&Timer::LineAgain(name)),
                HeldLine::Down { tries } if agent.station.is_held_open() => {
                    let given_up = *tries >= MOST_TRIES;
                    let waits = self.timers.is_set(&Timer::LineAgain(name.clone()));
                    if (given_up && ready) || (!given_up && !waits) {
                        self.dial_line(now, &name, if given_up { 0 } else { *tries });
                    }
                }
                HeldLine::Down { .. } => {}
                HeldLine::Rings { .. } | HeldLine::Asked { .. } | HeldLine::Up { .. } => {
                    let wanted = agent.station.is_held_open() && !away;
                    if !wanted && idle {
                        self.let_line_go(now, &name);
                    }
                }
            }
        }
    }

    fn dial_line(&mut self, now: Moment, name: &AgentName, tries: u32) {
        let Some(agent) = self.agents.get(name) else { return };
        let switch = agent.switch.clone();
        // When it is in reach again everybody at it is looked at; and who may be dialled is asked with each version.
        if !self.is_up(&switch) || agent.line == Line::Unreachable {
            return;
        }
        let caller = CallerName::new(self.centre.as_str());
        let Some(Rung { station, from, name: shown, auto_answer }) =
            self.rung_as(name, PhoneNumber::new(""), caller, false)
        else {
            return self.change_agent(name, |agent| agent.line = Line::Unreachable);
        };
        let leg = self.next_leg_id();
        self.legs.insert(leg.clone(), LegOf::Agent(name.clone()));
        self.set_line(name, HeldLine::Rings { leg: leg.clone(), tries });
        self.timers.set(Timer::LineDue(name.clone()), now + LINE_RINGS_FOR + RING_GRACE);
        let tags = self.tags(CallId { epoch: self.epoch, number: 0 }, Place::Line { agent: name.clone() });
        let ring = Act::Ring { leg, station, from, name: shown, ring_for: LINE_RINGS_FOR, auto_answer, tags };
        self.order(now, &switch, ring, Some(Owed::RingLine(name.clone())));
    }

    /// Hung up by us, once: it is gone when the switch says so, and not rung on meanwhile.
    fn let_line_go(&mut self, now: Moment, name: &AgentName) {
        let Some(agent) = self.agents.get(name) else { return };
        let Some(leg) = agent.held.leg().cloned() else { return };
        if self.timers.is_set(&Timer::HangUpDue(leg.clone())) {
            return;
        }
        let switch = agent.switch.clone();
        self.change_agent(name, |agent| agent.line_busy = true);
        self.hang_up(now, &switch, leg, HangUpCause::Normal);
    }

    pub(super) fn ring_line_returned(&mut self, now: Moment, name: &AgentName, how: &Returned) {
        let Returned::Refused { why } = how else { return };
        let Some(HeldLine::Rings { leg, .. }) = self.agents.get(name).map(|agent| agent.held.clone()) else { return };
        if let Refusal::Other(words) = why {
            self.healed(None, Some(name.clone()), format!("the switch would not ring the phone: {words}"));
        }
        self.leg_gone(&leg);
        self.line_down(now, name, Failure::Unreachable);
    }

    /// The phone was picked up, or is found so.
    pub(super) fn line_answered(&mut self, now: Moment, name: &AgentName) {
        let Some(agent) = self.agents.get(name) else { return };
        let (switch, outside) = (agent.switch.clone(), agent.station.is_outside());
        match agent.held.clone() {
            HeldLine::Rings { leg, tries } | HeldLine::Asked { leg, tries } if outside => {
                // Nobody knows who picks it up, or what; whoever it is has as long as it may ring.
                let prompts: Vec<Prompt> =
                    self.version.iter().map(|plan| press_one_for_the_line(plan.first_language())).collect();
                self.set_line(name, HeldLine::Asked { leg: leg.clone(), tries });
                self.order(now, &switch, Act::Play { leg, prompts }, None);
                self.timers.set(Timer::LineDue(name.clone()), now + LINE_RINGS_FOR);
            }
            HeldLine::Rings { leg, .. } | HeldLine::Asked { leg, .. } => self.line_up(now, name, leg),
            HeldLine::Up { .. } | HeldLine::Down { .. } => {}
        }
    }

    /// 1, at a telephone outside that is asked. `false`: it is not.
    pub(super) fn line_key(&mut self, now: Moment, leg: &LegId, key: Key) -> bool {
        let Some(name) = self.at_held_line(leg) else { return false };
        let asked = matches!(self.agents.get(&name).map(|agent| &agent.held), Some(HeldLine::Asked { .. }));
        if asked && key.as_char() == '1' {
            if let Some(switch) = self.agents.get(&name).map(|agent| agent.switch.clone()) {
                self.order(now, &switch, Act::StopPlay { leg: leg.clone() }, None);
            }
            self.line_up(now, &name, leg.clone());
        }
        asked
    }

    fn line_up(&mut self, now: Moment, name: &AgentName, leg: LegId) {
        self.timers.stop(&Timer::LineDue(name.clone()));
        self.set_line(name, HeldLine::Up { leg: leg.clone() });
        self.change_agent(name, |agent| agent.line_busy = false);
        self.quiet(now, name, leg);
    }

    fn quiet(&mut self, now: Moment, name: &AgentName, leg: LegId) {
        let Some(switch) = self.agents.get(name).map(|agent| agent.switch.clone()) else { return };
        self.order(now, &switch, Act::StartMusic { leg, class: QUIET.into() }, None);
    }

    /// The leg is gone, or never was.
    pub(super) fn line_down(&mut self, now: Moment, name: &AgentName, why: Failure) {
        let Some(agent) = self.agents.get(name) else { return };
        let was_up = agent.held.up().is_some();
        let (away, tries) = (matches!(agent.presence, Presence::Away { .. }), agent.held.tries());
        let tries = if was_up { 0 } else { tries.saturating_add(1) };
        self.timers.stop(&Timer::LineDue(name.clone()));
        self.set_line(name, HeldLine::Down { tries });
        self.change_agent(name, |agent| agent.line_busy = false);
        if away {
            return;
        }
        if tries >= MOST_TRIES {
            let mut in_a_row = 0;
            return self.change_agent(name, |agent| {
                in_a_row = agent.served.missed;
                if matches!(agent.presence, Presence::Ready { .. } | Presence::Missed { .. }) {
                    agent.presence = Presence::Missed { why, since: now, until: None, in_a_row };
                }
            });
        }
        let wait = AGAIN_AFTER.saturating_mul(1 << tries.min(5)).min(AGAIN_AT_MOST);
        self.timers.set(Timer::LineAgain(name.clone()), now + wait);
    }

    /// The wait is over: the end of this input dials, if the line is still wanted.
    pub(super) fn line_again(&mut self, name: &AgentName) {
        self.change_agent(name, |_| {});
    }

    /// It should have been picked up, or have come back from a conversation, by now.
    pub(super) fn line_overdue(&mut self, now: Moment, name: &AgentName) {
        let Some(agent) = self.agents.get(name) else { return };
        let switch = agent.switch.clone();
        match agent.held.clone() {
            HeldLine::Down { .. } => {}
            HeldLine::Rings { .. } | HeldLine::Asked { .. } => self.let_line_go(now, name),
            HeldLine::Up { leg } => drop(self.order(now, &switch, Act::Look { leg }, None)),
        }
    }

    /// Joined with somebody.
    pub(super) fn line_joined(&mut self, leg: &LegId) {
        if let Some(name) = self.at_held_line(leg) {
            self.change_agent(&name, |agent| agent.line_busy = true);
        }
    }

    /// A conversation on it is over; when the leg is back is the switch's to say.
    pub(super) fn line_settles(&mut self, now: Moment, name: &AgentName) {
        let Some(agent) = self.agents.get(name) else { return };
        let Some(leg) = agent.held.up().cloned() else { return };
        if agent.line_busy {
            self.timers.set(Timer::LineDue(name.clone()), now + SETTLED_WITHIN);
        } else {
            // It was back before anybody said why.
            self.quiet(now, name, leg);
        }
    }

    /// Alone in our hands, and hears nothing.
    pub(super) fn line_parted(&mut self, now: Moment, name: &AgentName) {
        let Some(agent) = self.agents.get(name) else { return };
        let Some(leg) = agent.held.up().cloned() else { return };
        if self.timers.is_set(&Timer::HangUpDue(leg.clone())) {
            return;
        }
        let idle = matches!(agent.work, Work::Nothing { .. } | Work::WrappingUp { .. });
        self.change_agent(name, |agent| agent.line_busy = false);
        self.timers.stop(&Timer::LineDue(name.clone()));
        if idle {
            self.quiet(now, name, leg);
        }
    }

    /// Found in a list, or looked at, while its agent holds nothing.
    pub(super) fn line_lives(&mut self, now: Moment, name: &AgentName, seen: &LegSeen) {
        let Some(agent) = self.agents.get(name) else { return };
        let idle = matches!(agent.work, Work::Nothing { .. } | Work::WrappingUp { .. });
        match &agent.held {
            HeldLine::Down { .. } => {}
            HeldLine::Rings { .. } | HeldLine::Asked { .. } => {
                if seen.up == LegUp::Up && seen.in_hand {
                    self.line_answered(now, name);
                }
            }
            // With somebody we know nothing of: it begins anew.
            HeldLine::Up { .. } if idle && !seen.in_hand => self.let_line_go(now, name),
            HeldLine::Up { .. } if idle => {
                self.line_parted(now, name);
                self.change_agent(name, |_| {});
            }
            HeldLine::Up { .. } => {}
        }
    }

    /// Instead of a ring.
    pub(super) fn sound_the_tone(&mut self, now: Moment, of: &Offer) {
        let prompts: Vec<Prompt> = self.version.iter().map(|plan| joining_tone(plan.first_language())).collect();
        let play = Act::Play { leg: of.leg.clone(), prompts };
        self.order(now, &of.switch, play, Some(Owed::Tone(of.id)));
    }

    /// The tone has been heard, or could not be: the call comes either way.
    pub(super) fn tone_returned(&mut self, now: Moment, offer: OfferId, how: &Returned) {
        let Some(of) = self.offers.get(&offer).cloned() else { return };
        let waiting = matches!(self.calls.get(&of.call).map(|call| &call.stage), Some(Stage::Waiting { .. }));
        match how {
            Returned::Done => {}
            // The hang-up is on its way, or the snapshot.
            Returned::Unknown | Returned::Refused { why: Refusal::Gone(_) } => return,
            Returned::Refused { why: why @ (Refusal::NoPrompt | Refusal::Cannot | Refusal::Other(_)) } => {
                self.healed(
                    Some(of.call),
                    Some(of.agent.clone()),
                    format!("a line was joined without its tone: {why:?}"),
                );
            }
        }
        if waiting {
            self.answered(now, &of);
        }
    }

    /// The call is somebody else's, or nobody's: the phone that rang is hung up, a line is quiet again.
    pub(super) fn leave_phone(&mut self, now: Moment, of: &Offer, cause: HangUpCause) {
        let Some(name) = self.at_held_line(&of.leg) else {
            return self.hang_up(now, &of.switch, of.leg.clone(), cause);
        };
        self.order(now, &of.switch, Act::StopPlay { leg: of.leg.clone() }, None);
        self.quiet(now, &name, of.leg.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_station_that_is_held_open_names_its_phone_and_one_that_is_not_is_it() {
        let held = StationAddress::typed("held:PJSIP/a1001");
        assert_eq!((held.phone().as_str(), held.is_held_open(), held.is_outside()), ("PJSIP/a1001", true, false));
        let outside = StationAddress::typed("held:tel:+86 138 0013 8000");
        assert_eq!(outside.as_str(), "held:tel:+8613800138000");
        assert!(outside.is_held_open() && outside.is_outside());
        assert_eq!(outside.without_number().as_str(), "held:tel:");
        let plain = StationAddress::typed("PJSIP/a1001");
        assert_eq!((plain.phone(), plain.is_held_open()), (plain.clone(), false));
    }
}
