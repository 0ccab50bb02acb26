//! Stays in queues, folded from facts in memory by the rules that `store/queue_stays.rs` folds them by in SQL; a test holds
//! the two together. What is over is handed out and forgotten, so that a month needs no more memory than an hour.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::calendar::Moment;
use crate::reports::{Handling, Part, Stay, StayEnd};
use crate::routing::agent::Work;
use crate::routing::fact::{EndedBy, LeftQueue, Outcome};
use crate::routing::ids::{AgentName, CallId, QueueName};
use crate::routing::{AgentMoves, CallerMoves, Fact, Moves};

/// One stay, as far as it has come.
#[derive(Clone, Debug)]
struct Open {
    queue: QueueName,
    joined: Moment,
    moved_in: bool,
    passed_on: bool,
    left: Option<(Moment, StayEnd)>,
    handling: Option<Handling>,
    part: Option<(Part, Moment)>,
}

#[derive(Clone, Debug, Default)]
struct OfCall {
    arrived: Moment,
    /// Those that the caller stood in.
    stays: Vec<Open>,
    agent: Option<AgentName>,
    ended: Option<Outcome>,
}

/// What is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Over {
    Stay(QueueName, Stay),
    /// A call that never stood in a queue.
    BeforeQueue {
        arrived: Moment,
        outcome: Outcome,
    },
}

#[derive(Clone, Debug, Default)]
pub struct Stays {
    calls: BTreeMap<CallId, OfCall>,
    in_hand: BTreeMap<AgentName, BTreeSet<CallId>>,
    over: Vec<Over>,
}

impl Stays {
    /// Work one fact in.
    pub fn told(&mut self, at: Moment, fact: &Fact) {
        match fact.moves() {
            Moves::Caller(call, moves) => self.caller_moved(call, at, moves),
            Moves::Agent(agent, AgentMoves::Changed { work, .. }) => self.agent_changed(at, agent, work),
            Moves::Agent(_, AgentMoves::LoggedIn { .. }) | Moves::Phone(..) | Moves::Nothing => {}
        }
    }

    fn caller_moved(&mut self, call: CallId, at: Moment, moves: CallerMoves<'_>) {
        match moves {
            CallerMoves::Arrived { leg: _ } => self.calls.entry(call).or_default().arrived = at,
            CallerMoves::Stepped => self.left(call, at, StayEnd::Moved),
            CallerMoves::Queued { queue, joined } => self.joined(call, at, queue, joined),
            CallerMoves::LeftQueue { queue, why } => self.left_by_rule(call, at, queue, why),
            CallerMoves::Connected { agent } => self.connected(call, at, agent),
            CallerMoves::Ended { outcome, by } => self.ended(call, at, outcome, by),
        }
    }

    /// What has come to be over since the last time.
    pub fn over(&mut self) -> std::vec::Drain<'_, Over> {
        self.over.drain(..)
    }

    /// The rest, as it stands.
    pub fn finish(mut self) -> Vec<Over> {
        for (call, of) in std::mem::take(&mut self.calls) {
            self.over.extend(of.stays.into_iter().map(|open| open.over(call)));
        }
        self.over
    }

    fn lasting(&mut self, call: CallId) -> Option<&mut Open> {
        self.calls.get_mut(&call)?.stays.last_mut().filter(|stay| stay.left.is_none())
    }

    fn joined(&mut self, call: CallId, at: Moment, queue: &QueueName, joined: Moment) {
        // A call that is found again says its queue again, and keeps its stay.
        if self.lasting(call).is_some_and(|stay| stay.queue == *queue) {
            return;
        }
        self.left(call, at, StayEnd::Moved);
        let Some(of) = self.calls.get_mut(&call) else { return };
        let before = of.stays.last_mut();
        let moved_in = before.is_some();
        // Who was answered and then passed on was served there, and is counted there.
        if let Some(before) = before.filter(|before| !matches!(before.left, Some((_, StayEnd::Connected)))) {
            before.passed_on = true;
        }
        of.stays.push(Open {
            queue: queue.clone(),
            joined,
            moved_in,
            passed_on: false,
            left: None,
            handling: None,
            part: None,
        });
    }

    fn left(&mut self, call: CallId, at: Moment, how: StayEnd) {
        if let Some(stay) = self.lasting(call) {
            stay.left = Some((at, how));
        }
    }

    /// By a rule of its step, or turned away at the door.
    fn left_by_rule(&mut self, call: CallId, at: Moment, queue: &QueueName, why: LeftQueue) {
        let how = match why {
            LeftQueue::Waited | LeftQueue::Deserted | LeftQueue::ClosedMeanwhile => {
                return self.left(call, at, StayEnd::Waited);
            }
            // Came when nobody was to be there: no call of the queue's.
            LeftQueue::CallBack => return self.left(call, at, StayEnd::CalledBack),
            LeftQueue::Closed => return self.left(call, at, StayEnd::Moved),
            LeftQueue::Full => StayEnd::Full,
            LeftQueue::NobodyLoggedIn => StayEnd::NobodyLoggedIn,
        };
        self.left(call, at, StayEnd::Moved);
        let stay = Stay {
            call,
            joined: at,
            moved_in: false,
            left: Some(at),
            how: Some(how),
            passed_on: false,
            handling: None,
        };
        self.over.push(Over::Stay(queue.clone(), stay));
    }

    fn connected(&mut self, call: CallId, at: Moment, agent: &AgentName) {
        let Some(stay) = self.lasting(call) else { return };
        stay.left = Some((at, StayEnd::Connected));
        stay.handling = Some(Handling::default());
        stay.part = Some((Part::Talking, at));
        if let Some(of) = self.calls.get_mut(&call) {
            of.agent = Some(agent.clone());
        }
        self.in_hand.entry(agent.clone()).or_default().insert(call);
    }

    fn ended(&mut self, call: CallId, at: Moment, outcome: Outcome, by: &EndedBy) {
        self.left(call, at, outcome.into());
        let Some(of) = self.calls.get_mut(&call) else { return };
        of.ended = Some(outcome);
        // Where nobody saw it, nobody knows how long it was talked.
        if let Some(stay) = of.stays.last_mut().filter(|_| *by == EndedBy::Unseen) {
            stay.handling = None;
            stay.part = None;
        }
        self.perhaps_over(call);
    }

    fn agent_changed(&mut self, at: Moment, agent: &AgentName, work: &Work) {
        let Some(calls) = self.in_hand.get_mut(agent) else { return };
        let mut done = Vec::new();
        for call in calls.iter() {
            let stay = self.calls.get_mut(call).and_then(|of| of.stays.iter_mut().rev().find(|s| s.part.is_some()));
            let Some(stay) = stay else {
                done.push(*call);
                continue;
            };
            stay.turn_to(at, Part::of(work, *call));
            if stay.part.is_none() {
                done.push(*call);
            }
        }
        calls.retain(|call| !done.contains(call));
        if calls.is_empty() {
            self.in_hand.remove(agent);
        }
        for call in done {
            self.perhaps_over(call);
        }
    }

    fn perhaps_over(&mut self, call: CallId) {
        let Some(of) = self.calls.get(&call) else { return };
        let Some(outcome) = of.ended.filter(|_| of.stays.iter().all(|stay| stay.part.is_none())) else { return };
        let Some(of) = self.calls.remove(&call) else { return };
        if of.stays.is_empty() {
            self.over.push(Over::BeforeQueue { arrived: of.arrived, outcome });
        }
        self.over.extend(of.stays.into_iter().map(|open| open.over(call)));
    }
}

impl Open {
    fn turn_to(&mut self, at: Moment, part: Option<Part>) {
        let Some((now, since)) = self.part.filter(|(now, _)| Some(*now) != part) else { return };
        let spent = at.since(since);
        if let Some(handling) = &mut self.handling {
            let of: &mut Duration = match now {
                Part::Talking => &mut handling.talk,
                Part::OnHold => &mut handling.hold,
                Part::WrappingUp => &mut handling.wrap_up,
            };
            *of += spent;
        }
        self.part = part.map(|part| (part, at));
    }

    fn over(self, call: CallId) -> Over {
        let Self { queue, joined, moved_in, passed_on, left, handling, part } = self;
        let handling = handling.filter(|_| part.is_none());
        let (left, how) = (left.map(|(at, _)| at), left.map(|(_, how)| how));
        Over::Stay(queue, Stay { call, joined, moved_in, left, how, passed_on, handling })
    }
}
