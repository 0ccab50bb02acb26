//! The trade's figures of a rehearsal, made of facts alone by the rules of `reports/`: what a report of the same day would
//! show. Beside each queue what Erlang's formulas say, where they apply (`beside.rs`).

use std::collections::BTreeMap;
use std::time::Duration;

use super::beside::Grounds;
use super::staffing::{Kind, Staffing, Times};
use super::stays::{Over, Stays};
use crate::calendar::Moment;
use crate::dialplan::Centre;
use crate::reports::queue_by_interval::Fold;
use crate::reports::{BeforeQueue, Period, QueueReport, Stay, StayEnd, Terms};
use crate::routing::ids::{OfferId, QueueName};
use crate::routing::{CallerMoves, Fact, Moves, PhoneMoves};

/// Folds facts into figures as they come.
pub struct Collector<'p> {
    period: &'p Period,
    stays: Stays,
    folds: BTreeMap<QueueName, Fold<'p>>,
    before: Vec<BeforeQueue>,
    staffing: Staffing<'p>,
    grounds: BTreeMap<QueueName, Grounds>,
    /// When each phone began to ring, and for which queue.
    ringing: BTreeMap<OfferId, (QueueName, Moment)>,
    /// Calls of each stream, and how many of them each queue met first.
    came: Vec<u64>,
    joined: BTreeMap<(QueueName, usize), u64>,
    pub calls: u64,
}

/// All that was measured.
#[derive(Clone, Debug)]
pub struct Measured {
    pub report: QueueReport,
    pub staffing: Vec<(Kind, Vec<Times>)>,
    pub grounds: BTreeMap<QueueName, Grounds>,
    /// Calls to be expected of each queue in each interval, where a scenario says.
    pub expected: BTreeMap<QueueName, Vec<f64>>,
    pub calls: u64,
    /// The network refused them: all lines were taken.
    pub blocked: u64,
    /// When the last of it was over.
    pub ended: Moment,
}

impl<'p> Collector<'p> {
    pub fn new(period: &'p Period, centre: &Centre) -> Self {
        let fold = |target| Fold::new(period, Terms::of_target(target));
        let folds = centre.queues.values().map(|rules| (rules.name.clone(), fold(rules.target))).collect();
        Self {
            period,
            stays: Stays::default(),
            folds,
            before: vec![BeforeQueue::default(); period.intervals().len()],
            staffing: Staffing::new(period),
            grounds: BTreeMap::new(),
            ringing: BTreeMap::new(),
            came: Vec::new(),
            joined: BTreeMap::new(),
            calls: 0,
        }
    }

    pub fn told(&mut self, at: Moment, fact: &Fact) {
        match fact.moves() {
            Moves::Caller(_, CallerMoves::Arrived { .. }) => self.calls += 1,
            Moves::Phone(offer, _, PhoneMoves::Rings { queue, reasons, .. }) => {
                self.ringing.insert(offer, (queue.clone(), at));
                if reasons.lacking_skill > 0 {
                    self.grounds.entry(queue.clone()).or_default().skills_decide = true;
                }
            }
            Moves::Phone(offer, _, PhoneMoves::Stops { .. }) => {
                if let Some((queue, since)) = self.ringing.remove(&offer) {
                    self.grounds.entry(queue).or_default().rang += at.since(since);
                }
            }
            // Of stays and agents.
            Moves::Caller(
                _,
                CallerMoves::Stepped
                | CallerMoves::Queued { .. }
                | CallerMoves::LeftQueue { .. }
                | CallerMoves::Connected { .. }
                | CallerMoves::Ended { .. },
            )
            | Moves::Agent(..)
            | Moves::Nothing => {}
        }
        self.stays.told(at, fact);
        self.staffing.told(at, fact);
        let over: Vec<Over> = self.stays.over().collect();
        over.into_iter().for_each(|over| self.over(over));
    }

    /// A caller of this stream dials.
    pub fn dials(&mut self, stream: usize) {
        if self.came.len() <= stream {
            self.came.resize(stream + 1, 0);
        }
        if let Some(came) = self.came.get_mut(stream) {
            *came += 1;
        }
    }

    /// A caller of this stream joined this queue, with so much patience as was drawn for them.
    pub fn joins(&mut self, stream: usize, queue: &QueueName, patience: Option<Duration>) {
        self.grounds.entry(queue.clone()).or_default().met(patience);
        *self.joined.entry((queue.clone(), stream)).or_default() += 1;
    }

    /// The calls that each queue has to expect in each interval: of each stream the share that came to it.
    fn expected(&self, streams: &[Vec<f64>]) -> BTreeMap<QueueName, Vec<f64>> {
        let mut expected: BTreeMap<QueueName, Vec<f64>> = BTreeMap::new();
        for ((queue, stream), joined) in &self.joined {
            let (Some(calls), Some(came)) = (streams.get(*stream), self.came.get(*stream)) else { continue };
            let share = *joined as f64 / (*came).max(1) as f64;
            let sums = expected.entry(queue.clone()).or_insert_with(|| vec![0.0; calls.len()]);
            sums.iter_mut().zip(calls).for_each(|(sum, calls)| *sum += calls * share);
        }
        expected
    }

    fn over(&mut self, over: Over) {
        match over {
            Over::Stay(queue, stay) => self.add(&queue, &stay),
            Over::BeforeQueue { arrived, outcome } => {
                let number = self.period.number_of(arrived);
                if let Some(before) = number.and_then(|number| self.before.get_mut(number)) {
                    before.add(outcome);
                }
            }
        }
    }

    fn add(&mut self, queue: &QueueName, stay: &Stay) {
        if let Some(fold) = self.folds.get_mut(queue) {
            fold.add(stay);
        }
        if stay.how == Some(StayEnd::Waited) || stay.how == Some(StayEnd::Full) || stay.moved_in {
            self.grounds.entry(queue.clone()).or_default().others_leave_or_come = true;
        }
    }

    /// `streams`: the calls to be expected of each, by interval.
    pub fn finish(mut self, now: Moment, blocked: u64, streams: &[Vec<f64>]) -> Measured {
        let expected = self.expected(streams);
        let rest = std::mem::take(&mut self.stays).finish();
        rest.into_iter().for_each(|over| self.over(over));
        let queues = self.folds.into_iter().map(|(queue, fold)| (queue, fold.finish())).collect();
        Measured {
            report: QueueReport::new(self.period.clone(), queues, self.before),
            staffing: self.staffing.finish(now),
            grounds: self.grounds,
            expected,
            calls: self.calls,
            blocked,
            ended: now,
        }
    }
}
