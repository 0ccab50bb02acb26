//! Agents: what one says (*presence*), holds (*work*) and what the phone does (*line*). An agent is free when
//! all three agree. What a supervisor reads on the floor is derived from them, never stored.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::dial::DialEnd;
use super::held_line::HeldLine;
use super::ids::*;
use super::input::{Failure, Line};
use super::lending::Elsewhere;
use super::queue::Need;
use crate::calendar::Moment;

/// What the agent says. Work in hand is not touched by it: a break asked for while talking begins after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    Away {
        since: Moment,
    },
    Ready {
        since: Moment,
    },
    OnBreak {
        reason: BreakReason,
        since: Moment,
    },
    /// An offer went unanswered: not rung again before `until` (by rule) or before the agent says *ready*.
    Missed {
        why: Failure,
        since: Moment,
        until: Option<Moment>,
        /// Calls that the phone rang for and that were not picked up, one after the other.
        #[serde(default)]
        in_a_row: u32,
    },
}

impl Presence {
    pub const fn since(&self) -> Moment {
        match self {
            Presence::Away { since }
            | Presence::Ready { since }
            | Presence::OnBreak { since, .. }
            | Presence::Missed { since, .. } => *since,
        }
    }
}

/// What the agent holds. One call today; the list of house rules is bounded at one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    Nothing {
        since: Moment,
    },
    Ringing {
        since: Moment,
        offer: OfferId,
        call: CallId,
        until: Moment,
    },
    /// Picked up; caller and agent do not hear each other yet.
    Connecting {
        offer: OfferId,
        call: CallId,
        since: Moment,
    },
    Talking {
        call: CallId,
        since: Moment,
        /// Since when the caller is on hold.
        hold: Option<Moment>,
    },
    /// A number outside: the agent's own phone rings, then the number does, then they talk.
    Dialling {
        call: CallId,
        since: Moment,
        /// Since when they hear each other.
        talking: Option<Moment>,
        /// It is to keep a promise of a queue.
        #[serde(default, skip_serializing_if = "is_not")]
        promised: bool,
    },
    WrappingUp {
        call: CallId,
        since: Moment,
        /// `None`: until the agent says so.
        until: Option<Moment>,
        /// What the call was for, and since when it was talked: the call itself may be over and forgotten. Missing
        /// in journals of before.
        #[serde(default)]
        queue: Option<QueueName>,
        #[serde(default)]
        talked_since: Option<Moment>,
        /// It does not end before a disposition is written, not even past `until`.
        #[serde(default, skip_serializing_if = "is_not")]
        needs_disposition: bool,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde asks")]
pub(super) const fn is_not(it: &bool) -> bool {
    !*it
}

/// A transition that the state does not allow; the state comes back untouched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotFrom(pub Work);

impl Work {
    pub fn ring(self, offer: OfferId, call: CallId, since: Moment, until: Moment) -> Result<Self, NotFrom> {
        match self {
            Work::Nothing { .. } => Ok(Work::Ringing { offer, call, since, until }),
            other @ (Work::Ringing { .. }
            | Work::Connecting { .. }
            | Work::Talking { .. }
            | Work::Dialling { .. }
            | Work::WrappingUp { .. }) => Err(NotFrom(other)),
        }
    }

    pub fn pick_up(self, now: Moment) -> Result<Self, NotFrom> {
        match self {
            Work::Ringing { offer, call, .. } => Ok(Work::Connecting { offer, call, since: now }),
            other @ (Work::Nothing { .. }
            | Work::Connecting { .. }
            | Work::Talking { .. }
            | Work::Dialling { .. }
            | Work::WrappingUp { .. }) => Err(NotFrom(other)),
        }
    }

    pub fn connect(self, now: Moment) -> Result<Self, NotFrom> {
        match self {
            Work::Connecting { call, .. } => Ok(Work::Talking { call, since: now, hold: None }),
            other @ (Work::Nothing { .. }
            | Work::Ringing { .. }
            | Work::Talking { .. }
            | Work::Dialling { .. }
            | Work::WrappingUp { .. }) => Err(NotFrom(other)),
        }
    }

    /// Caller and agent were found talking: how that came is lost, and so is a wrap-up that was over by then.
    pub fn found_talking(self, call: CallId, now: Moment) -> Result<Self, NotFrom> {
        match self {
            Work::Nothing { .. } | Work::WrappingUp { .. } => Ok(Work::Talking { call, since: now, hold: None }),
            other @ (Work::Ringing { .. } | Work::Connecting { .. } | Work::Talking { .. } | Work::Dialling { .. }) => {
                Err(NotFrom(other))
            }
        }
    }

    /// The caller hears music, the agent nothing.
    pub fn hold(self, now: Moment) -> Result<Self, NotFrom> {
        match self {
            Work::Talking { call, since, hold: None } => Ok(Work::Talking { call, since, hold: Some(now) }),
            other @ (Work::Nothing { .. }
            | Work::Ringing { .. }
            | Work::Connecting { .. }
            | Work::Talking { hold: Some(_), .. }
            | Work::Dialling { .. }
            | Work::WrappingUp { .. }) => Err(NotFrom(other)),
        }
    }

    /// Back to the caller on hold.
    pub fn retrieve(self) -> Result<Self, NotFrom> {
        match self {
            Work::Talking { call, since, hold: Some(_) } => Ok(Work::Talking { call, since, hold: None }),
            other @ (Work::Nothing { .. }
            | Work::Ringing { .. }
            | Work::Connecting { .. }
            | Work::Talking { hold: None, .. }
            | Work::Dialling { .. }
            | Work::WrappingUp { .. }) => Err(NotFrom(other)),
        }
    }

    /// The offer is over, unanswered or withdrawn.
    pub fn lose_offer(self, now: Moment) -> Result<Self, NotFrom> {
        match self {
            Work::Ringing { .. } | Work::Connecting { .. } => Ok(Work::Nothing { since: now }),
            other @ (Work::Nothing { .. } | Work::Talking { .. } | Work::Dialling { .. } | Work::WrappingUp { .. }) => {
                Err(NotFrom(other))
            }
        }
    }

    pub fn wrap_up(
        self,
        now: Moment,
        until: Option<Moment>,
        queue: QueueName,
        needs_disposition: bool,
    ) -> Result<Self, NotFrom> {
        match self {
            Work::Talking { call, since, .. } => Ok(Work::WrappingUp {
                call,
                since: now,
                until,
                queue: Some(queue),
                talked_since: Some(since),
                needs_disposition,
            }),
            other @ (Work::Nothing { .. }
            | Work::Ringing { .. }
            | Work::Connecting { .. }
            | Work::Dialling { .. }
            | Work::WrappingUp { .. }) => Err(NotFrom(other)),
        }
    }

    /// A disposition of this call was written, or taken out again.
    pub fn dispose(self, given: bool) -> Result<Self, NotFrom> {
        match self {
            Work::WrappingUp { call, since, until, queue, talked_since, .. } => {
                Ok(Work::WrappingUp { call, since, until, queue, talked_since, needs_disposition: !given })
            }
            other @ (Work::Nothing { .. }
            | Work::Ringing { .. }
            | Work::Connecting { .. }
            | Work::Talking { .. }
            | Work::Dialling { .. }) => Err(NotFrom(other)),
        }
    }

    /// Talking with no wrap-up, or wrap-up over.
    pub fn rest(self, now: Moment) -> Result<Self, NotFrom> {
        match self {
            Work::Talking { .. } | Work::WrappingUp { .. } => Ok(Work::Nothing { since: now }),
            other @ (Work::Nothing { .. } | Work::Ringing { .. } | Work::Connecting { .. } | Work::Dialling { .. }) => {
                Err(NotFrom(other))
            }
        }
    }

    /// A number is to be called; `promised`: to keep a promise of a queue.
    pub fn dial(self, call: CallId, now: Moment, promised: bool) -> Result<Self, NotFrom> {
        match self {
            Work::Nothing { .. } => Ok(Work::Dialling { call, since: now, talking: None, promised }),
            other @ (Work::Ringing { .. }
            | Work::Connecting { .. }
            | Work::Talking { .. }
            | Work::Dialling { .. }
            | Work::WrappingUp { .. }) => Err(NotFrom(other)),
        }
    }

    /// Agent and number hear each other.
    pub fn talk_out(self, now: Moment) -> Result<Self, NotFrom> {
        match self {
            Work::Dialling { call, since, talking: None, promised } => {
                Ok(Work::Dialling { call, since, talking: Some(now), promised })
            }
            other @ (Work::Nothing { .. }
            | Work::Ringing { .. }
            | Work::Connecting { .. }
            | Work::Talking { .. }
            | Work::Dialling { talking: Some(_), .. }
            | Work::WrappingUp { .. }) => Err(NotFrom(other)),
        }
    }

    /// The dial is over, and nothing is to be written about it.
    pub fn end_dial(self, now: Moment) -> Result<Self, NotFrom> {
        match self {
            Work::Dialling { .. } => Ok(Work::Nothing { since: now }),
            other @ (Work::Nothing { .. }
            | Work::Ringing { .. }
            | Work::Connecting { .. }
            | Work::Talking { .. }
            | Work::WrappingUp { .. }) => Err(NotFrom(other)),
        }
    }

    /// The dial is over, and has its wrap-up.
    pub fn wrap_up_dial(
        self,
        now: Moment,
        until: Option<Moment>,
        queue: Option<QueueName>,
        needs_disposition: bool,
    ) -> Result<Self, NotFrom> {
        match self {
            Work::Dialling { call, talking, .. } => {
                Ok(Work::WrappingUp { call, since: now, until, queue, talked_since: talking, needs_disposition })
            }
            other @ (Work::Nothing { .. }
            | Work::Ringing { .. }
            | Work::Connecting { .. }
            | Work::Talking { .. }
            | Work::WrappingUp { .. }) => Err(NotFrom(other)),
        }
    }

    /// Since when somebody is served by it: a caller, or whoever a call-back was promised. A number that was dialled on
    /// somebody's own wish is no work that a queue gives.
    pub const fn served_since(&self) -> Option<Moment> {
        match self {
            Work::Talking { since, .. } | Work::Dialling { talking: Some(since), promised: true, .. } => Some(*since),
            Work::Nothing { .. }
            | Work::Ringing { .. }
            | Work::Connecting { .. }
            | Work::Dialling { .. }
            | Work::WrappingUp { .. } => None,
        }
    }

    /// The call in hand, wrap-up included.
    pub const fn call(&self) -> Option<CallId> {
        match self {
            Work::Nothing { .. } => None,
            Work::Ringing { call, .. }
            | Work::Connecting { call, .. }
            | Work::Talking { call, .. }
            | Work::Dialling { call, .. }
            | Work::WrappingUp { call, .. } => Some(*call),
        }
    }

    pub const fn offer(&self) -> Option<OfferId> {
        match self {
            Work::Ringing { offer, .. } | Work::Connecting { offer, .. } => Some(*offer),
            Work::Nothing { .. } | Work::Talking { .. } | Work::Dialling { .. } | Work::WrappingUp { .. } => None,
        }
    }
}

/// The one word a supervisor says aloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgentState {
    Away,
    Idle,
    Ringing,
    Talking,
    OnHold,
    /// A number outside was dialled, and is not heard yet: the agent's own phone rings, or the number does.
    Dialling,
    /// Talking with a number that was dialled.
    TalkingOut,
    WrappingUp,
    OnBreak,
    Missed,
    /// Ready, but the phone is in use by a call that is not ours, or cannot be reached.
    PhoneBusy,
    /// Shared with another centre, which has the phone; of a guest also: not to be had at home.
    Elsewhere,
}

impl AgentState {
    pub const ALL: [AgentState; 12] = [
        AgentState::Away,
        AgentState::Idle,
        AgentState::Ringing,
        AgentState::Talking,
        AgentState::OnHold,
        AgentState::Dialling,
        AgentState::TalkingOut,
        AgentState::WrappingUp,
        AgentState::OnBreak,
        AgentState::Missed,
        AgentState::PhoneBusy,
        AgentState::Elsewhere,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            AgentState::Away => "away",
            AgentState::Idle => "idle",
            AgentState::Ringing => "ringing",
            AgentState::Talking => "talking",
            AgentState::OnHold => "on_hold",
            AgentState::Dialling => "dialling",
            AgentState::TalkingOut => "talking_out",
            AgentState::WrappingUp => "wrapping_up",
            AgentState::OnBreak => "on_break",
            AgentState::Missed => "missed",
            AgentState::PhoneBusy => "phone_busy",
            AgentState::Elsewhere => "elsewhere",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    pub name: AgentName,
    pub station: StationAddress,
    pub switch: SwitchName,
    pub queues: BTreeSet<QueueName>,
    pub skills: BTreeMap<SkillName, u8>,
    /// Whether the phone is asked to pick up by itself; `None`: as the queue says.
    pub auto_answer: Option<bool>,
    pub presence: Presence,
    pub work: Work,
    pub line: Line,
    /// The leg that we rang at the station and that is not gone yet: while there is one the phone is ours to
    /// wait for, whatever else is said.
    pub leg: Option<LegId>,
    /// Of a station that is held open: where its line is, and whether it is joined, or on its way from or to that.
    pub held: HeldLine,
    pub line_busy: bool,
    /// What is known of telling this phone to pick up.
    pub told: Told,
    /// A number that rings, or whoever has picked up there, for whom this agent was free. Nobody is kept from the agent by
    /// that but other numbers that could be rung.
    pub counted_on: Option<CallId>,
    /// The last dial that came to nothing, until the next: for the desk, which would else fall silent.
    pub in_vain: Option<DialInVain>,
    pub served: Served,
    /// The call of which a disposition was written last.
    pub disposed: Option<CallId>,
    pub breaks: Breaks,
    /// Of somebody whom several centres share: why this one cannot have them now. A copy of what [`Core::shared`] has.
    ///
    /// [`Core::shared`]: super::Core::shared
    pub elsewhere: Option<Elsewhere>,
    /// No person of the centre any more, and here for as long as the call in hand goes on.
    pub dismissed: bool,
}

/// What an agent has done since logging in: what strategies count by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Served {
    /// Conversations with callers, and with those who were called back.
    pub calls: u32,
    /// Talked with them, hold included; without the conversation that goes on.
    pub talked: Duration,
    /// When the phone was rung for one of them last.
    pub rung: Option<Moment>,
    /// Calls that were not picked up, one after the other, since a conversation or the last *ready*.
    #[serde(default)]
    pub missed: u32,
}

impl Served {
    /// The work has changed, at this moment.
    pub fn follow(&mut self, before: &Work, after: &Work, at: Moment) {
        let (talked, talks) = (before.served_since(), after.served_since());
        if talked.is_some() && talks.is_some() && before.call() == after.call() {
            return;
        }
        if let Some(since) = talked {
            self.talked = self.talked.saturating_add(at.since(since));
        }
        if talks.is_some() {
            self.calls = self.calls.saturating_add(1);
            self.missed = 0;
        }
        match after {
            Work::Ringing { since, .. } | Work::Dialling { since, promised: true, talking: None, .. } => {
                self.rung = Some(*since);
            }
            Work::Nothing { .. }
            | Work::Connecting { .. }
            | Work::Talking { .. }
            | Work::Dialling { .. }
            | Work::WrappingUp { .. } => {}
        }
    }
}

impl Served {
    /// What is said of the agent has changed; `asked`: somebody wanted it so.
    pub fn follow_presence(&mut self, before: &Presence, after: &Presence, asked: bool) {
        match (before, after) {
            (_, Presence::Missed { in_a_row, .. }) => self.missed = *in_a_row,
            (Presence::Ready { .. }, Presence::Ready { .. }) => {}
            (_, Presence::Ready { .. }) if asked => self.missed = 0,
            (_, Presence::Ready { .. } | Presence::Away { .. } | Presence::OnBreak { .. }) => {}
        }
    }
}

/// How long an agent was on breaks since logging in, by reason; without the one that goes on.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Breaks(BTreeMap<BreakReason, Duration>);

impl Breaks {
    /// Presence or work has changed, at this moment. A break counts from the end of the work that went before it.
    pub fn follow(&mut self, before: (&Presence, &Work), after: (&Presence, &Work), at: Moment) {
        let Some((reason, since)) = on_break(before) else { return };
        if on_break(after) != Some((reason, since)) {
            let taken = self.0.entry(reason.clone()).or_default();
            *taken = taken.saturating_add(at.since(since));
        }
    }

    pub fn of(&self, reason: &BreakReason) -> Duration {
        self.0.get(reason).copied().unwrap_or_default()
    }
}

/// The break that somebody is on, and since when.
pub fn on_break<'a>((presence, work): (&'a Presence, &Work)) -> Option<(&'a BreakReason, Moment)> {
    let (Presence::OnBreak { reason, since }, Work::Nothing { since: free }) = (presence, work) else { return None };
    Some((reason, (*since).max(*free)))
}

/// A free agent, as strategies see one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Idle {
    pub since: Moment,
    pub served: Served,
}

/// A number that was dialled and not talked with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct DialInVain {
    pub number: PhoneNumber,
    pub how: DialEnd,
    pub ended_ms: Moment,
}

/// What a phone does when it is told to pick up, as far as it has been tried since its agent logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    #[default]
    Untried,
    Answers,
    /// It rings on, or its switch cannot tell it.
    Never,
}

impl Agent {
    /// Presence, work and station agree.
    pub fn is_free(&self) -> bool {
        matches!(self.presence, Presence::Ready { .. })
            && matches!(self.work, Work::Nothing { .. })
            && self.leg.is_none()
            && self.elsewhere.is_none()
            && self.has_its_phone()
    }

    /// Nothing else is on the phone, as far as anybody has said.
    fn has_its_phone(&self) -> bool {
        if self.station.is_held_open() {
            return self.held.up().is_some() && !self.line_busy && self.line != Line::Unreachable;
        }
        self.held.leg().is_none() && !matches!(self.line, Line::InUse | Line::Unreachable)
    }

    /// The leg at the phone: one that was rung for a call, or that of a line that is held open.
    pub fn on_leg(&self) -> Option<&LegId> {
        self.leg.as_ref().or(self.held.leg())
    }

    /// Nothing is left of the session that this was: another may begin, here or elsewhere.
    pub fn has_gone(&self) -> bool {
        matches!((&self.presence, &self.work), (Presence::Away { .. }, Work::Nothing { .. }))
            && self.leg.is_none()
            && self.held.leg().is_none()
    }

    /// Whether numbers are dialled from here: whoever picks it up, a mailbox perhaps, would be talked with by the number;
    /// and a line that is held open is for callers.
    pub fn dials_nobody(&self) -> bool {
        self.station.is_outside() || self.station.is_held_open()
    }

    /// The phone is ours, or something is still to be done for a call of ours.
    pub fn is_busy(&self) -> bool {
        !matches!(self.work, Work::Nothing { .. }) || self.leg.is_some()
    }

    /// The centre that has the phone.
    pub fn serves(&self) -> Option<&CentreName> {
        match &self.elsewhere {
            Some(Elsewhere::Serves(centre)) => Some(centre),
            Some(Elsewhere::NotReady | Elsewhere::Asked) | None => None,
        }
    }

    /// Since when nothing was asked of the agent: the later of *ready* and the end of the last work.
    pub fn idle_since(&self) -> Moment {
        match &self.work {
            Work::Nothing { since } => self.presence.since().max(*since),
            Work::Ringing { .. }
            | Work::Connecting { .. }
            | Work::Talking { .. }
            | Work::Dialling { .. }
            | Work::WrappingUp { .. } => self.presence.since(),
        }
    }

    pub fn idle(&self) -> Idle {
        Idle { since: self.idle_since(), served: self.served }
    }

    pub fn meets(&self, needs: &[Need]) -> bool {
        needs.iter().all(|need| self.skills.get(&need.skill).is_some_and(|level| *level >= need.level))
    }

    pub fn state(&self) -> AgentState {
        match (&self.work, &self.presence) {
            (Work::Ringing { .. } | Work::Connecting { .. }, _) => AgentState::Ringing,
            (Work::Talking { hold: Some(_), .. }, _) => AgentState::OnHold,
            (Work::Talking { hold: None, .. }, _) => AgentState::Talking,
            (Work::Dialling { talking: None, .. }, _) => AgentState::Dialling,
            (Work::Dialling { talking: Some(_), .. }, _) => AgentState::TalkingOut,
            (Work::WrappingUp { .. }, _) => AgentState::WrappingUp,
            (Work::Nothing { .. }, Presence::Away { .. }) => AgentState::Away,
            (Work::Nothing { .. }, _) if self.serves().is_some() => AgentState::Elsewhere,
            (Work::Nothing { .. }, Presence::OnBreak { .. }) => AgentState::OnBreak,
            (Work::Nothing { .. }, Presence::Missed { .. }) => AgentState::Missed,
            (Work::Nothing { .. }, _) if self.elsewhere == Some(Elsewhere::NotReady) => AgentState::Elsewhere,
            (Work::Nothing { .. }, Presence::Ready { .. }) if self.station.is_held_open() => match self.held {
                HeldLine::Up { .. } if self.line != Line::Unreachable => AgentState::Idle,
                HeldLine::Up { .. } | HeldLine::Down { .. } | HeldLine::Rings { .. } | HeldLine::Asked { .. } => {
                    AgentState::PhoneBusy
                }
            },
            (Work::Nothing { .. }, Presence::Ready { .. }) => match self.line {
                Line::InUse | Line::Unreachable => AgentState::PhoneBusy,
                Line::Unknown | Line::Free => AgentState::Idle,
            },
        }
    }

    /// Since when the agent is in [`Self::state`]; of a conversation that was on hold between, since it began.
    pub fn since(&self) -> Moment {
        match &self.work {
            Work::Nothing { .. } => self.idle_since(),
            Work::Ringing { since, .. } | Work::Connecting { since, .. } | Work::WrappingUp { since, .. } => *since,
            Work::Talking { since, hold, .. } => hold.unwrap_or(*since),
            Work::Dialling { since, talking, .. } => talking.unwrap_or(*since),
        }
    }
}
