//! The laws of what lies between two calls: who did not answer is left alone, wrap-up lasts as its queue says and waits for
//! its disposition, breaks are counted. Worked out from inputs and facts, so that a torn journal gives the same again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use cordboard::calendar::Moment;
use cordboard::dialplan::Centre;
use cordboard::routing::agent::{AgentState, Presence, Work};
use cordboard::routing::dial::{DialEnd, DialEndedBy};
use cordboard::routing::fact::OfferEnd;
use cordboard::routing::held_line::{HeldLine, MOST_TRIES};
use cordboard::routing::ids::*;
use cordboard::routing::queue::QueueRules;
use cordboard::routing::{Fact, Failure, Input, Line};

use crate::floor::Floor;
use crate::law::{Broken, Law, must};
use crate::laws::Step;

/// A phone that fails at once is not rung in a circle, whatever the queue says.
const SHORTEST_REST: Duration = Duration::from_secs(1);

/// What happened of all this in a shift.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    pub rests: BTreeMap<Failure, u64>,
    /// Left alone until *ready* because of so many in a row, where one alone has an end.
    pub too_often: u64,
    /// Wrap-ups that began owing a disposition; that did not, because it was chosen before; that went on past their time.
    pub owing: u64,
    pub chosen_before: u64,
    pub waited_for: u64,
    /// Dispositions taken out again, and wrap-ups that somebody else ended without one.
    pub taken_out: u64,
    pub let_off: u64,
    pub breaks: BTreeMap<BreakReason, u64>,
    /// Breaks that went on past what a shift has of their reason.
    pub past_allowance: u64,
    /// Lines held open that were called in vain until nobody called them any more.
    pub lines_lost: u64,
}

impl Seen {
    pub fn add(&mut self, other: &Self) {
        for (why, n) in &other.rests {
            *self.rests.entry(*why).or_default() += n;
        }
        for (reason, n) in &other.breaks {
            *self.breaks.entry(reason.clone()).or_default() += n;
        }
        self.too_often += other.too_often;
        self.owing += other.owing;
        self.chosen_before += other.chosen_before;
        self.waited_for += other.waited_for;
        self.taken_out += other.taken_out;
        self.let_off += other.let_off;
        self.past_allowance += other.past_allowance;
        self.lines_lost += other.lines_lost;
    }
}

/// One agent, as the facts tell of them.
#[derive(Clone, Debug)]
struct Told {
    presence: Presence,
    work: Work,
    /// Rung and not picked up, one after the other.
    missed: u32,
    disposed: Option<CallId>,
    on_break: Option<(BreakReason, Moment)>,
    breaks: BTreeMap<BreakReason, Duration>,
}

/// Why somebody is to be left alone, and by which queue.
#[derive(Clone, Debug)]
enum Cause {
    Offer {
        why: Failure,
        call: CallId,
        queue: QueueName,
    },
    /// Of a dial for a promise the facts do not say what the agent's phone did.
    Dial {
        queue: QueueName,
    },
    /// A line that is held open was called so often in vain.
    Line,
}

/// A dial, as far as the agent's phone is concerned.
#[derive(Clone, Debug)]
struct Rung {
    queue: Option<QueueName>,
    wrap_up: Option<Duration>,
    promised: bool,
    picked_up: bool,
}

#[derive(Clone, Debug, Default)]
pub struct Between {
    plans: BTreeMap<VersionHash, Arc<Centre>>,
    agents: BTreeMap<AgentName, Told>,
    /// The version that each call began in, and the queue that it was talked for.
    began: BTreeMap<CallId, VersionHash>,
    talked_for: BTreeMap<CallId, QueueName>,
    offers: BTreeMap<OfferId, QueueName>,
    dials: BTreeMap<CallId, Rung>,
    /// Of this step.
    causes: BTreeMap<AgentName, Cause>,
    pub seen: Seen,
}

impl Between {
    pub fn new(plans: &[Arc<Centre>]) -> Self {
        let plans = plans.iter().map(|plan| (plan.version.clone(), plan.clone())).collect();
        Self { plans, ..Self::default() }
    }

    /// The same hall as this journal tells of it; what was seen stays seen.
    pub fn anew(&self, journal: &[(Moment, Vec<Fact>)]) -> Self {
        let mut anew = Self { plans: self.plans.clone(), ..Self::default() };
        for (at, facts) in journal {
            facts.iter().for_each(|fact| anew.enter(*at, fact));
        }
        anew.seen = self.seen.clone();
        anew
    }

    pub fn check(&mut self, step: &Step<'_>, floor: &Floor<'_>) -> Result<(), Broken> {
        self.causes.clear();
        let held = match step.input {
            Input::AgentDisposed { agent, call, given, .. } => {
                let told = self.agents.get(agent).filter(|told| told.work.call() == Some(*call));
                told.map(|_| (agent, *call, *given))
            }
            _ => None,
        };
        for fact in step.facts {
            match fact {
                Fact::AgentChanged { agent, presence, work, by, .. } => {
                    self.presence_changes(step, floor, agent, presence, by.is_some())?;
                    self.work_changes(step, floor, agent, work)?;
                }
                Fact::AgentDisposed { agent, call, given, .. } => {
                    let said = Some((agent, *call, *given));
                    must!(Law::WrapUpIsDisposed, held == said, "{fact:?}, and nobody wrote so: {:?}", step.input);
                    self.seen.taken_out += u64::from(!given);
                }
                _ => {}
            }
            self.enter(floor.now, fact);
        }
        for (agent, cause) in &self.causes {
            let Cause::Offer { why, call, .. } = cause else { continue };
            must!(Law::LeftAlone, false, "{agent} did not take {call} ({why:?}), and is not left alone");
        }
        if let Some((agent, call, given)) = held {
            let now = self.agents.get(agent).is_none_or(|told| (told.disposed == Some(call)) == given);
            must!(Law::WrapUpIsDisposed, now, "{agent} wrote of {call} ({given}), and it was not recorded");
        }
        self.breaks_are_counted(floor)
    }

    fn rules_of_call(&self, call: CallId, queue: &QueueName) -> Option<&QueueRules> {
        self.plans.get(self.began.get(&call)?)?.queues.get(queue)
    }

    /// Of today, and the defaults where there is no such queue any more.
    fn rules_today(floor: &Floor<'_>, queue: &QueueName) -> QueueRules {
        let rules = floor.plan.as_ref().and_then(|plan| plan.queues.get(queue));
        rules.cloned().unwrap_or_else(|| QueueRules::named(queue.clone()))
    }

    fn presence_changes(
        &mut self,
        step: &Step<'_>,
        floor: &Floor<'_>,
        agent: &AgentName,
        after: &Presence,
        by_somebody: bool,
    ) -> Result<(), Broken> {
        let before = self.agents.get(agent).map(|told| told.presence.clone());
        if before.as_ref() == Some(after) {
            return Ok(());
        }
        if let Presence::Missed { .. } = after {
            must!(Law::LeftAlone, !by_somebody, "somebody is said to have left {agent} alone: {after:?}");
            return self.is_left_alone(floor, agent, after);
        }
        let asked = asked_of(step.input, agent);
        match (&before, after) {
            (Some(Presence::Missed { until, why, .. }), Presence::Ready { .. }) if !asked => {
                let over = until.is_some_and(|until| until <= floor.now);
                let free = matches!(step.input, Input::StationChanged { line: Line::Free, .. });
                let back = *why == Failure::Unreachable && free;
                must!(Law::LeftAlone, over || back, "{agent} is ready again at {}, after {before:?}", floor.now);
                must!(Law::LeftAlone, !by_somebody, "somebody is said to have ended the rest of {agent}");
            }
            (Some(Presence::OnBreak { reason, .. }), _) => {
                must!(Law::BreaksAreCounted, asked && by_somebody, "the {reason} of {agent} ended by itself");
                self.seen.past_allowance += u64::from(self.is_past_allowance(floor, agent));
            }
            (None | Some(Presence::Away { .. } | Presence::Ready { .. } | Presence::Missed { .. }), _) => {
                must!(Law::LeftAlone, asked && by_somebody, "{agent} was {before:?}, is {after:?}, and nobody asked");
            }
        }
        Ok(())
    }

    fn is_past_allowance(&self, floor: &Floor<'_>, agent: &AgentName) -> bool {
        let Some(Told { on_break: Some((reason, since)), breaks, .. }) = self.agents.get(agent) else { return false };
        let allowed = floor.plan.as_ref().and_then(|plan| plan.break_allowances.get(reason));
        let taken = breaks.get(reason).copied().unwrap_or_default() + floor.now.since(*since);
        allowed.is_some_and(|allowed| taken > *allowed)
    }

    /// For as long as the queue says for this, and until *ready* after so many one after the other.
    fn is_left_alone(&mut self, floor: &Floor<'_>, agent: &AgentName, after: &Presence) -> Result<(), Broken> {
        let Presence::Missed { why, since, until, in_a_row } = after else { return Ok(()) };
        let Some(cause) = self.causes.remove(agent) else {
            must!(Law::LeftAlone, false, "{agent} is {after:?}, and missed nothing");
            return Ok(());
        };
        let rules = match &cause {
            Cause::Offer { why: theirs, call, queue } => {
                must!(Law::LeftAlone, why == theirs, "{agent} is {after:?} after {cause:?}");
                self.rules_of_call(*call, queue).cloned()
            }
            Cause::Dial { queue } => Some(Self::rules_today(floor, queue)),
            Cause::Line => {
                let missed = self.agents.get(agent).map_or(0, |told| told.missed);
                let as_said = *since == floor.now && until.is_none() && *in_a_row == missed;
                must!(Law::LeftAlone, as_said, "the line of {agent} is down, and they are {after:?}");
                self.seen.lines_lost += 1;
                return Ok(());
            }
        };
        let before = self.agents.get(agent).map_or(0, |told| told.missed);
        let of_person = is_of_person(*why);
        // An offer has been counted as it ended.
        let row = match &cause {
            Cause::Offer { .. } | Cause::Line => before,
            Cause::Dial { .. } => before + u32::from(of_person),
        };
        must!(Law::LeftAlone, *in_a_row == row, "{agent} missed {row} in a row, and is {after:?}");
        let rest = match (&rules, why) {
            (None, _) => Some(SHORTEST_REST),
            (Some(rules), Failure::Busy) => rules.rest_after_busy,
            (Some(rules), Failure::Unreachable) => rules.rest_after_unreachable,
            (Some(rules), Failure::NoAnswer | Failure::Rejected | Failure::Withdrawn) => {
                let too_often = rules.most_missed.is_some_and(|most| row >= most);
                self.seen.too_often += u64::from(too_often && rules.rest_after_missed.is_some());
                if too_often { None } else { rules.rest_after_missed }
            }
        };
        let expected = rest.map(|rest| floor.now + rest.max(SHORTEST_REST));
        must!(
            Law::LeftAlone,
            *since == floor.now && *until == expected,
            "{agent} is {after:?}, and was to rest until {expected:?} by {rules:?}"
        );
        *self.seen.rests.entry(*why).or_default() += 1;
        Ok(())
    }

    fn work_changes(
        &mut self,
        step: &Step<'_>,
        floor: &Floor<'_>,
        agent: &AgentName,
        after: &Work,
    ) -> Result<(), Broken> {
        let Some(told) = self.agents.get(agent) else { return Ok(()) };
        let before = told.work.clone();
        match (&before, after) {
            (Work::Talking { call, .. }, Work::WrappingUp { .. } | Work::Nothing { .. }) => {
                if matches!(step.input, Input::Started { .. }) {
                    // What was torn off the journal.
                    return Ok(());
                }
                let queue = self.talked_for.get(call);
                let rules = queue.and_then(|queue| self.rules_of_call(*call, queue));
                let limit = rules.map_or(Some(Duration::ZERO), |rules| rules.wrap_up);
                let asks = rules.is_some_and(|rules| rules.needs_disposition);
                self.wrap_up_begins(floor, agent, *call, after, limit, asks)
            }
            (Work::Dialling { call, talking: Some(_), .. }, Work::WrappingUp { .. } | Work::Nothing { .. }) => {
                let Some(dial) = self.dials.get(call).filter(|_| !matches!(step.input, Input::Started { .. })) else {
                    return Ok(());
                };
                let asks = dial.queue.as_ref().is_some_and(|queue| {
                    let rules = floor.plan.as_ref().and_then(|plan| plan.queues.get(queue));
                    rules.is_some_and(|rules| rules.needs_disposition)
                });
                let limit = dial.wrap_up;
                self.wrap_up_begins(floor, agent, *call, after, limit, asks)
            }
            (Work::WrappingUp { call, until, needs_disposition: owed, .. }, _) => {
                self.wrap_up_goes_on(step, floor, agent, (*call, *until, *owed), after)
            }
            (
                Work::Nothing { .. }
                | Work::Ringing { .. }
                | Work::Connecting { .. }
                | Work::Talking { .. }
                | Work::Dialling { .. },
                _,
            ) => Ok(()),
        }
    }

    fn wrap_up_begins(
        &mut self,
        floor: &Floor<'_>,
        agent: &AgentName,
        call: CallId,
        after: &Work,
        limit: Option<Duration>,
        asks: bool,
    ) -> Result<(), Broken> {
        let chosen = self.agents.get(agent).is_some_and(|told| told.disposed == Some(call));
        let owes = asks && !chosen;
        self.seen.owing += u64::from(owes);
        self.seen.chosen_before += u64::from(asks && chosen);
        let expected = limit.map(|limit| floor.now + limit);
        match after {
            Work::WrappingUp { until, needs_disposition, .. } => {
                must!(
                    Law::WrapUpIsDisposed,
                    *needs_disposition == owes,
                    "{agent} wraps {call} up as {after:?}, asked for {asks}, chosen {chosen}"
                );
                must!(Law::OnTime, *until == expected, "{agent} wraps {call} up as {after:?}, and not to {expected:?}");
            }
            Work::Nothing { .. } => {
                let none = limit == Some(Duration::ZERO);
                must!(Law::WrapUpIsDisposed, !owes, "{agent} owes the disposition of {call}, and is {after:?}");
                must!(Law::OnTime, none, "{agent} has no wrap-up of {call}, and was to have {limit:?}");
            }
            Work::Ringing { .. } | Work::Connecting { .. } | Work::Talking { .. } | Work::Dialling { .. } => {}
        }
        Ok(())
    }

    /// It ends when its time is over or somebody says so, and never before what it waits for is written, unless somebody else
    /// says why.
    fn wrap_up_goes_on(
        &mut self,
        step: &Step<'_>,
        floor: &Floor<'_>,
        agent: &AgentName,
        (call, until, owed): (CallId, Option<Moment>, bool),
        after: &Work,
    ) -> Result<(), Broken> {
        let wrote = |is: bool| {
            let theirs = |fact: &Fact| matches!(fact, Fact::AgentDisposed { agent: of, call: it, given, .. } if of == agent && *it == call && *given == is);
            step.facts.iter().any(theirs)
        };
        if let Work::WrappingUp { call: same, needs_disposition: now, .. } = after
            && *same == call
        {
            let fits = *now == owed || wrote(owed);
            must!(Law::WrapUpIsDisposed, fits, "{agent} owed {owed}, owes {now}, and nothing was written of {call}");
            return Ok(());
        }
        let let_off =
            matches!(step.input, Input::AgentEndedWrapUp { agent: of, by, why: Some(_) } if of == agent && by != agent);
        if owed {
            must!(
                Law::WrapUpIsDisposed,
                wrote(true) || let_off,
                "{agent} owes the disposition of {call}, and is {after:?}"
            );
            self.seen.let_off += u64::from(let_off);
            self.seen.waited_for += u64::from(wrote(true));
        }
        let said = matches!(step.input, Input::AgentEndedWrapUp { agent: of, .. } if of == agent)
            || matches!(step.input, Input::AgentLoggedOut { agent: of, by, .. } if of == agent && by == agent);
        let over = until.is_some_and(|until| until <= floor.now);
        must!(Law::OnTime, said || over, "{agent} wrapped {call} up to {until:?}, and is {after:?} at {}", floor.now);
        Ok(())
    }

    /// Work one fact in; nothing is asked of it.
    pub fn enter(&mut self, at: Moment, fact: &Fact) {
        match fact {
            Fact::CallArrived { call, version, .. } => drop(self.began.insert(*call, version.clone())),
            Fact::OfferMade { offer, queue, .. } => drop(self.offers.insert(*offer, queue.clone())),
            Fact::OfferEnded { offer, call, agent, how } => {
                let Some(queue) = self.offers.remove(offer) else { return };
                let why = match how {
                    OfferEnd::NoAnswer => Failure::NoAnswer,
                    OfferEnd::Busy => Failure::Busy,
                    OfferEnd::Rejected | OfferEnd::AgentGone => Failure::Rejected,
                    OfferEnd::Unreachable => Failure::Unreachable,
                    OfferEnd::Connected
                    | OfferEnd::CallerGone
                    | OfferEnd::Withdrawn
                    | OfferEnd::AnsweredElsewhere
                    | OfferEnd::Unseen => return,
                };
                let Some(told) = self.agents.get_mut(agent) else { return };
                // Who asked for a break or logged out meanwhile has that.
                if matches!(told.presence, Presence::Ready { .. } | Presence::Missed { .. }) {
                    told.missed += u32::from(is_of_person(why));
                    self.causes.insert(agent.clone(), Cause::Offer { why, call: *call, queue });
                }
            }
            Fact::CallConnected { call, agent, queue, .. } => {
                self.talked_for.insert(*call, queue.clone());
                if let Some(told) = self.agents.get_mut(agent) {
                    told.missed = 0;
                }
            }
            Fact::Dialled { call, queue, wrap_up, promise, .. } => {
                let (queue, wrap_up, promised) = (queue.clone(), *wrap_up, promise.is_some());
                self.dials.insert(*call, Rung { queue, wrap_up, promised, picked_up: false });
            }
            Fact::DialAgentAnswered { call, .. } => {
                if let Some(dial) = self.dials.get_mut(call) {
                    dial.picked_up = true;
                }
            }
            // Who talks because of a promise has served somebody, as who takes a call has.
            Fact::DialConnected { call, agent } => {
                let promised = self.dials.get(call).is_some_and(|dial| dial.promised);
                if let Some(told) = self.agents.get_mut(agent).filter(|_| promised) {
                    told.missed = 0;
                }
            }
            Fact::DialEnded { call, agent, how, by } => {
                let given_up =
                    *how == DialEnd::AgentNotReached || *how == DialEnd::GivenUp && *by == DialEndedBy::Agent;
                let dial = self.dials.get(call).filter(|dial| given_up && dial.promised && !dial.picked_up);
                if let Some(queue) = dial.and_then(|dial| dial.queue.clone()) {
                    self.causes.insert(agent.clone(), Cause::Dial { queue });
                }
            }
            Fact::HeldLineChanged { agent, line: HeldLine::Down { tries } } if *tries >= MOST_TRIES => {
                self.causes.insert(agent.clone(), Cause::Line);
            }
            Fact::AgentLoggedIn { agent, .. } => {
                let told = self.agents.entry(agent.clone()).or_insert_with(|| Told::new(at));
                told.missed = 0;
            }
            Fact::AgentDisposed { agent, call, given, .. } => {
                if let Some(told) = self.agents.get_mut(agent) {
                    told.disposed = given.then_some(*call);
                }
            }
            Fact::AgentChanged { agent, presence, work, state, by, .. } => {
                self.changed(at, agent, presence, work, *state, by.is_some());
            }
            _ => {}
        }
    }

    fn changed(
        &mut self,
        at: Moment,
        agent: &AgentName,
        presence: &Presence,
        work: &Work,
        state: AgentState,
        asked: bool,
    ) {
        let Some(told) = self.agents.get_mut(agent) else { return };
        if let Presence::Missed { in_a_row, .. } = presence {
            // A dial's is told by nothing else.
            told.missed = *in_a_row;
        }
        if asked && matches!(presence, Presence::Ready { .. }) && !matches!(told.presence, Presence::Ready { .. }) {
            told.missed = 0;
        }
        let now = match (state, presence) {
            (AgentState::OnBreak, Presence::OnBreak { reason, .. }) => Some(reason.clone()),
            _ => None,
        };
        let goes_on = told.presence == *presence && told.on_break.as_ref().map(|(reason, _)| reason) == now.as_ref();
        if !goes_on {
            if let Some((reason, since)) = told.on_break.take() {
                *told.breaks.entry(reason.clone()).or_default() += at.since(since);
            }
            if let Some(reason) = &now {
                *self.seen.breaks.entry(reason.clone()).or_default() += 1;
            }
            told.on_break = now.map(|reason| (reason, at));
        }
        (told.presence, told.work) = (presence.clone(), work.clone());
        if matches!((presence, work), (Presence::Away { .. }, Work::Nothing { .. })) {
            self.agents.remove(agent);
        }
    }

    /// What is shown of each reason is what the states come to.
    fn breaks_are_counted(&self, floor: &Floor<'_>) -> Result<(), Broken> {
        for agent in floor.agents.iter().copied() {
            let Some(told) = self.agents.get(&agent.name) else { continue };
            for reason in floor.plan.iter().flat_map(|plan| &plan.break_reasons) {
                let mine = told.breaks.get(reason).copied().unwrap_or_default();
                let theirs = agent.breaks.of(reason);
                must!(
                    Law::BreaksAreCounted,
                    mine == theirs,
                    "{} had {mine:?} of {reason}, and {theirs:?} is counted: {told:?}",
                    agent.name
                );
            }
        }
        Ok(())
    }
}

impl Told {
    fn new(at: Moment) -> Self {
        Self {
            presence: Presence::Away { since: at },
            work: Work::Nothing { since: at },
            missed: 0,
            disposed: None,
            on_break: None,
            breaks: BTreeMap::new(),
        }
    }
}

/// A phone that is busy or cannot be reached says nothing of who sits at it.
const fn is_of_person(why: Failure) -> bool {
    match why {
        Failure::NoAnswer | Failure::Rejected | Failure::Withdrawn => true,
        Failure::Busy | Failure::Unreachable => false,
    }
}

/// Whether somebody asks by this for another presence of this agent.
fn asked_of(input: &Input, agent: &AgentName) -> bool {
    match input {
        Input::AgentLoggedIn { agent: of, .. }
        | Input::AgentLoggedOut { agent: of, .. }
        | Input::AgentSaidReady { agent: of, .. }
        | Input::AgentTookBreak { agent: of, .. } => of == agent,
        _ => false,
    }
}
