//! Queues lent to named agents of another centre. Who serves so is a *guest* here, named `name@centre`: a name that nobody
//! of our own can have. Their own centre is their *home*: it says when they work, at which phone, and who they are; the
//! loan says which of our queues they serve and what they know of our skills. What they do for our callers follows our
//! rules, and is recorded here and nowhere else.
//!
//! The cores know nothing of one another. Of everybody whom several share each is told by the loop ([`SharedNews`],
//! `controller/lending.rs`), before anything else, whether another has the phone; until it is given back the agent is not
//! free. Who has served is free nowhere before the loop says where: it gives them to the caller who has waited longest.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::agent::{Presence, Work};
use super::call::Stage;
use super::core::Core;
use super::fact::Fact;
use super::ids::*;
use super::index::Rank;
use super::people::{Login, Refused};
use super::why::Why;
use crate::calendar::Moment;

/// The most loans of a centre: a hall of its own.
pub const MOST_LOANS: usize = 2_000;

/// Queues of this centre, lent to one agent of another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Loan {
    #[serde(rename = "since_ms")]
    pub since: Moment,
    pub queues: BTreeSet<QueueName>,
    /// What they know of our skills, with levels from 1 to 10.
    pub skills: BTreeMap<SkillName, u8>,
    pub by: AgentName,
    pub why: Option<Why>,
}

/// The phone of a guest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    pub station: StationAddress,
    pub switch: SwitchName,
    pub auto_answer: Option<bool>,
}

/// Why somebody who is ready here cannot be rung from here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Elsewhere {
    /// The phone is another centre's: it rings there, or they talk or wrap up.
    Serves(CentreName),
    /// Of a guest: on a break at home, or left alone there after a missed call.
    NotReady,
    /// Has served here, and is anybody's now: the loop is about to say whose.
    Asked,
}

/// What there is to know here of an agent whom several centres share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shared {
    /// Of a guest at work. `None`: a guest who is not, or one of our own.
    pub seat: Option<Seat>,
    pub elsewhere: Option<Elsewhere>,
}

/// The same, as it has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedNews {
    pub agent: AgentName,
    /// `None`: nobody shares them with us any more.
    pub is: Option<Shared>,
    /// Who logged a guest out at home, as we name people of there.
    pub by: Option<AgentName>,
}

/// How a core has somebody whom others share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holding {
    /// The phone rings, or they talk, wrap up or dial, or the phone is not back on the hook yet.
    pub is_busy: bool,
    pub is_ready: bool,
    pub is_logged_in: bool,
}

impl Core {
    /// Queues are lent, or others than before.
    pub(super) fn queues_lent(&mut self, now: Moment, agent: AgentName, mut loan: Loan) {
        if agent.home().is_none_or(|(_, home)| home == self.centre) {
            return self.refuse(Refused::NoGuest { agent });
        }
        if let Some(why) = self.assignment_refused(&loan.queues, &loan.skills) {
            return self.refuse(why);
        }
        if loan.queues.is_empty() {
            return self.refuse(Refused::NothingLent { agent });
        }
        let before = self.loans.get(&agent);
        if before.is_none() && self.loans.len() >= MOST_LOANS {
            return self.refuse(Refused::TooManyLoans);
        }
        if before.is_some_and(|before| before.queues == loan.queues && before.skills == loan.skills) {
            // Sent twice.
            return;
        }
        loan.since = before.map_or(now, |before| before.since);
        let Loan { queues, skills, by, why, .. } = loan.clone();
        self.fact(Fact::QueuesLent { agent: agent.clone(), queues, skills, by, why });
        if self.agents.get(&agent).is_some_and(|guest| !matches!(guest.presence, Presence::Away { .. })) {
            self.agent_assigned(now, agent.clone(), loan.queues.clone(), loan.skills.clone(), loan.by.clone());
        }
        self.loans.insert(agent, loan);
    }

    /// A loan is taken back here, or declined at home. A conversation goes on to its end, and its wrap-up too.
    pub(super) fn loan_ended(&mut self, now: Moment, agent: AgentName, by: AgentName) {
        if self.loans.remove(&agent).is_none() {
            return self.refuse(Refused::NoSuchLoan { agent });
        }
        let why = self.why.clone();
        self.fact(Fact::LoanEnded { agent: agent.clone(), by: by.clone(), why });
        self.shared.remove(&agent);
        self.guest_leaves(now, &agent, by);
    }

    /// What other centres do with those whom we share.
    pub(super) fn shared_agents_told(&mut self, now: Moment, news: Vec<SharedNews>) {
        for SharedNews { agent, is, by } in news {
            let Some(shared) = is else {
                self.shared.remove(&agent);
                self.set_elsewhere(now, &agent, None);
                continue;
            };
            if agent.home().is_some() && !self.loans.contains_key(&agent) {
                continue;
            }
            let busy = self.holding(&agent).is_some_and(|holding| holding.is_busy);
            let elsewhere = shared.elsewhere.clone().or(busy.then_some(Elsewhere::Asked));
            self.shared.insert(agent.clone(), Shared { elsewhere: elsewhere.clone(), ..shared.clone() });
            if agent.home().is_some() {
                match shared.seat {
                    Some(seat) => self.guest_comes(now, &agent, seat),
                    None => self.guest_leaves(now, &agent, by.unwrap_or_else(|| agent.clone())),
                }
            }
            let not_here = matches!(elsewhere, Some(Elsewhere::Serves(_) | Elsewhere::NotReady));
            self.set_elsewhere(now, &agent, elsewhere);
            if not_here {
                // A break at home, say: as a break here would.
                let offer = self.agents.get(&agent).and_then(|here| here.work.offer());
                self.take_back(now, offer);
                self.take_promise_back(now, &agent);
            }
        }
    }

    /// At work at home, and so for us. A phone at which one of our own sits is theirs: the guest comes when it is not.
    fn guest_comes(&mut self, now: Moment, agent: &AgentName, seat: Seat) {
        let Some(loan) = self.loans.get(agent).cloned() else { return };
        let here = self.agents.get(agent);
        let stays = here.is_some_and(|here| {
            let as_before = here.station == seat.station && here.switch == seat.switch;
            !matches!(here.presence, Presence::Away { .. }) && as_before && here.auto_answer == seat.auto_answer
        });
        let Seat { station, switch, auto_answer } = seat;
        if stays
            || self.login_refused(agent, &station, &loan.queues, &loan.skills).is_some()
            || !self.links.contains_key(&switch)
        {
            return;
        }
        let (queues, skills, by) = (loan.queues, loan.skills, agent.clone());
        self.seat_agent(now, Login { agent: agent.clone(), station, switch, queues, skills, auto_answer, by });
    }

    fn guest_leaves(&mut self, now: Moment, agent: &AgentName, by: AgentName) {
        let here = self.agents.get(agent).map(|here| &here.presence);
        if here.is_some_and(|presence| !matches!(presence, Presence::Away { .. })) {
            self.by = Some(by.clone());
            self.agent_logged_out(now, agent, by);
        }
    }

    /// Who was not to be had comes back as somebody who has just come free.
    fn set_elsewhere(&mut self, now: Moment, agent: &AgentName, elsewhere: Option<Elsewhere>) {
        if self.agents.get(agent).is_none_or(|here| here.elsewhere == elsewhere) {
            return;
        }
        self.change_agent(agent, |here| {
            let was_away = matches!(here.elsewhere, Some(Elsewhere::Serves(_) | Elsewhere::NotReady));
            let at_work = !matches!(here.presence, Presence::Away { .. });
            if let (true, None, Work::Nothing { since }) = (was_away && at_work, &elsewhere, &mut here.work) {
                *since = now;
            }
            here.elsewhere = elsewhere;
        });
    }

    /// Whoever is shared and rings, talks or dials here has used up what the loop allowed.
    pub(super) fn ask_for_shared(&mut self, agent: &AgentName) {
        let Some(shared) = self.shared.get_mut(agent).filter(|shared| shared.elsewhere.is_none()) else { return };
        if let Some(here) = self.agents.get_mut(agent).filter(|here| here.is_busy()) {
            shared.elsewhere = Some(Elsewhere::Asked);
            here.elsewhere = Some(Elsewhere::Asked);
        }
    }

    /// People of another centre are sent home by it, and by nobody here.
    pub(super) fn is_guest(&mut self, agent: &AgentName) -> bool {
        let Some((_, home)) = agent.home() else { return false };
        self.refuse(Refused::IsGuest { agent: agent.clone(), home });
        true
    }

    // What the loop asks.

    pub fn loans(&self) -> &BTreeMap<AgentName, Loan> {
        &self.loans
    }

    /// What this core was told last of somebody whom others share.
    pub fn shared(&self, agent: &AgentName) -> Option<&Shared> {
        self.shared.get(agent)
    }

    /// `None`: has not been here since the start.
    pub fn holding(&self, agent: &AgentName) -> Option<Holding> {
        let here = self.agents.get(agent)?;
        Some(Holding {
            is_busy: here.is_busy(),
            is_ready: matches!(here.presence, Presence::Ready { .. }),
            is_logged_in: !matches!(here.presence, Presence::Away { .. }),
        })
    }

    /// Whether this ring has not been picked up yet.
    pub fn is_waited_for(&self, offer: OfferId) -> bool {
        let call = self.offers.get(&offer).and_then(|of| self.calls.get(&of.call));
        call.is_some_and(|call| matches!(call.stage, Stage::Waiting { .. }))
    }

    /// Where somebody sits who is at work, and can be rung by others. A line that is held open is one centre's leg, to
    /// which no other can join a caller: who sits at one serves their own.
    pub fn seat(&self, agent: &AgentName) -> Option<Seat> {
        let here = self.agents.get(agent).filter(|here| !matches!(here.presence, Presence::Away { .. }))?;
        if here.station.is_held_open() {
            return None;
        }
        let (station, switch) = (here.station.clone(), here.switch.clone());
        Some(Seat { station, switch, auto_answer: here.auto_answer })
    }

    /// The first caller, or call-back, whom this agent could have here.
    pub fn first_waiting_for(&self, agent: &AgentName) -> Option<Rank> {
        let here = self.agents.get(agent).filter(|here| self.is_up(&here.switch))?;
        let firsts = here.queues.iter().filter_map(|queue| self.queues.get(queue)?.first_for(here));
        firsts.min().map(|first| first.rank)
    }
}
