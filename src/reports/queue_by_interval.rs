//! *Queue by interval*: one row for each interval of each queue, each queue's total, and the same for all queues
//! together.
//!
//! Every row is folded from stays, and every total from the same stays once more, not from its rows: so that the balance of
//! each and the sums between them are checks and not tautologies. A row that does not balance is shown as it is.

use std::collections::BTreeMap;

use super::figure::{Counted, Figure, Terms, View};
use super::period::{Interval, Period};
use super::service_level::{ServiceLevel, Share};
use super::stay::Stay;
use super::tally::Tally;
use crate::calendar::Moment;
use crate::routing::fact::Outcome;
use crate::routing::ids::QueueName;

/// One interval of one queue, or a total.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub interval: Interval,
    pub flow: Tally,
    /// What every mean and share is taken of.
    pub cohort: Tally,
}

/// A queue's rows, one for each interval of the period, and its total.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfQueue {
    pub terms: Terms,
    pub rows: Vec<Row>,
    pub total: Row,
}

/// Calls that never stood in a queue, by how they ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct BeforeQueue {
    /// No such number, all lines taken, or a full queue with nowhere else to go.
    pub refused: u64,
    /// The dialplan said goodbye: outside opening hours, or a menu that ends so.
    pub ended_by_us: u64,
    /// Hung up in the menu.
    pub left_in_dialplan: u64,
    pub ended_unseen: u64,
    /// Sent to a number outside by the dialplan.
    pub transferred_out: u64,
}

/// The whole report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueReport {
    pub period: Period,
    pub queues: BTreeMap<QueueName, OfQueue>,
    /// All queues together, by interval; a caller whom one queue passed on to another is in both.
    pub all: Vec<Row>,
    pub total: Row,
    /// By interval, of the whole centre.
    pub before: Vec<BeforeQueue>,
    pub before_total: BeforeQueue,
}

/// A row, or a sum of rows, that is not as it must be: a fault of ours or of the database, to be shown and logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unbalanced {
    /// `None`: of all queues.
    pub queue: Option<QueueName>,
    pub interval: Interval,
    pub what: String,
}

impl Row {
    fn empty(interval: Interval) -> Self {
        Self { interval, flow: Tally::default(), cohort: Tally::default() }
    }

    pub const fn view(&self, view: View) -> &Tally {
        match view {
            View::Flow => &self.flow,
            View::Cohort => &self.cohort,
        }
    }

    const fn view_mut(&mut self, view: View) -> &mut Tally {
        match view {
            View::Flow => &mut self.flow,
            View::Cohort => &mut self.cohort,
        }
    }

    /// Nothing is counted in it.
    pub fn is_empty(&self) -> bool {
        View::ALL.into_iter().all(|view| *self.view(view) == Tally::default())
    }

    pub fn balances(&self) -> bool {
        View::ALL.into_iter().all(|view| self.view(view).balance().holds())
    }

    pub fn service_level(&self, formula: ServiceLevel) -> Share {
        formula.of(&self.cohort)
    }

    /// 接通率 of a queue: answered here, of those who came here.
    pub const fn connection_rate(&self) -> Share {
        Share { part: self.cohort.count(Figure::Answered), whole: self.cohort.came() }
    }

    /// 接通率 of all queues together: answered by a person, of those who asked for a person. Who was passed on from one
    /// queue to another is one caller, and counts where they came last.
    pub const fn connection_rate_of_callers(&self) -> Share {
        let came = self.cohort.came();
        Share {
            part: self.cohort.count(Figure::Answered),
            whole: came.saturating_sub(self.cohort.count(Figure::PassedOn)),
        }
    }

    fn merge(&mut self, other: &Row) {
        self.flow.merge(&other.flow);
        self.cohort.merge(&other.cohort);
    }
}

impl BeforeQueue {
    /// A call that never stood in a queue ended so.
    pub const fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Refused => self.refused += 1,
            // Of a step that promises it, where no agent was asked for then: the menu's end.
            Outcome::EndedByUs | Outcome::PromisedCallBack => self.ended_by_us += 1,
            Outcome::LeftInDialplan => self.left_in_dialplan += 1,
            Outcome::EndedUnseen => self.ended_unseen += 1,
            Outcome::TransferredOut => self.transferred_out += 1,
            // Who never stood in a queue can neither leave one nor be answered from one.
            Outcome::Answered | Outcome::Abandoned => {}
        }
    }

    fn merge(&mut self, other: BeforeQueue) {
        self.refused += other.refused;
        self.ended_by_us += other.ended_by_us;
        self.left_in_dialplan += other.left_in_dialplan;
        self.ended_unseen += other.ended_unseen;
        self.transferred_out += other.transferred_out;
    }
}

/// Folds the stays of one queue.
#[derive(Clone, Debug)]
pub struct Fold<'a> {
    period: &'a Period,
    of: OfQueue,
    /// How many more carried over, and still waiting, each interval has than the one before it.
    carried: Vec<i64>,
    waiting: Vec<i64>,
}

impl<'a> Fold<'a> {
    pub fn new(period: &'a Period, terms: Terms) -> Self {
        let rows: Vec<Row> = period.intervals().iter().copied().map(Row::empty).collect();
        let steps = vec![0; rows.len() + 1];
        let of = OfQueue { terms, rows, total: Row::empty(period.whole()) };
        Self { period, of, carried: steps.clone(), waiting: steps }
    }

    pub fn add(&mut self, stay: &Stay) {
        let whole = self.period.whole();
        for view in View::ALL {
            for figure in Figure::ALL {
                let counted = figure.counted(stay, view, self.of.terms);
                if counted == Counted::Nowhere {
                    continue;
                }
                if counted.is_in(&whole) {
                    self.of.total.view_mut(view).add(figure, stay);
                }
                match counted {
                    Counted::Nowhere => {}
                    Counted::At(at) => {
                        let number = self.period.number_of(at);
                        if let Some(row) = number.and_then(|number| self.of.rows.get_mut(number)) {
                            row.view_mut(view).add(figure, stay);
                        }
                    }
                    Counted::AtBegins { joined, end } => {
                        let edges = self.edges(|interval| interval.from, joined, end);
                        step(&mut self.carried, edges);
                    }
                    Counted::AtEnds { joined, end } => {
                        let edges = self.edges(|interval| interval.to, joined, end);
                        step(&mut self.waiting, edges);
                    }
                }
            }
        }
    }

    /// The numbers of the intervals with this edge after `joined` and not after `end`.
    fn edges(&self, edge: fn(&Interval) -> Moment, joined: Moment, end: Option<Moment>) -> (usize, usize) {
        let intervals = self.period.intervals();
        let first = intervals.partition_point(|interval| edge(interval) <= joined);
        let after = end.map_or(intervals.len(), |end| intervals.partition_point(|interval| edge(interval) <= end));
        (first, after)
    }

    pub fn finish(self) -> OfQueue {
        let Self { mut of, carried, waiting, .. } = self;
        for (figure, steps) in [(Figure::CarriedOver, carried), (Figure::StillWaiting, waiting)] {
            let mut level = 0_i64;
            for (row, step) in of.rows.iter_mut().zip(steps) {
                level += step;
                row.flow.add_many(figure, u64::try_from(level).unwrap_or_default());
            }
        }
        of
    }
}

fn step(steps: &mut [i64], (first, after): (usize, usize)) {
    if first < after {
        steps[first] += 1;
        steps[after] -= 1;
    }
}

impl QueueReport {
    /// `before`: the calls that never stood in a queue, by interval.
    pub fn new(period: Period, queues: BTreeMap<QueueName, OfQueue>, before: Vec<BeforeQueue>) -> Self {
        let mut all: Vec<Row> = period.intervals().iter().copied().map(Row::empty).collect();
        let mut total = Row::empty(period.whole());
        for of in queues.values() {
            for (sum, row) in all.iter_mut().zip(&of.rows) {
                sum.merge(row);
            }
            total.merge(&of.total);
        }
        let mut before_total = BeforeQueue::default();
        for of in &before {
            before_total.merge(*of);
        }
        Self { period, queues, all, total, before, before_total }
    }

    /// Everything that is not as it must be. Empty, unless something is broken.
    pub fn unbalanced(&self) -> Vec<Unbalanced> {
        let mut found = Vec::new();
        for (queue, of) in &self.queues {
            check(Some(queue), &of.rows, &of.total, &mut found);
        }
        check(None, &self.all, &self.total, &mut found);
        found
    }
}

fn check(queue: Option<&QueueName>, rows: &[Row], total: &Row, found: &mut Vec<Unbalanced>) {
    let mut wrong = |interval: Interval, what: String| found.push(Unbalanced { queue: queue.cloned(), interval, what });
    for row in rows.iter().chain([total]) {
        for view in View::ALL {
            let balance = row.view(view).balance();
            if !balance.holds() {
                wrong(row.interval, format!("{}: {} came, {} went", view.as_str(), balance.came, balance.went));
            }
        }
    }
    for view in View::ALL {
        for figure in Figure::ALL {
            let of = |row: &Row| row.view(view).count(figure);
            let should = match (figure.adds_up(view), figure == Figure::CarriedOver) {
                (true, _) => rows.iter().map(of).sum(),
                (false, true) => rows.first().map_or(0, of),
                (false, false) => rows.last().map_or(0, of),
            };
            if of(total) != should {
                let (view, figure) = (view.as_str(), figure.as_str());
                wrong(total.interval, format!("{view}, {figure}: {} in total, {should} by its rows", of(total)));
            }
        }
    }
    // What one interval leaves waiting the next carries over.
    for two in rows.windows(2) {
        let (left, carried) = (two[0].flow.count(Figure::StillWaiting), two[1].flow.count(Figure::CarriedOver));
        if left != carried {
            wrong(two[1].interval, format!("{left} were left waiting, {carried} are carried over"));
        }
    }
}
