//! Call-backs in a period: how many were owed, made, kept and broken, and how long after. A line of their own beside the
//! queue's calls, of the same shape: what was carried over and made is what was kept, broken and is still owed.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use super::figure::View;
use super::sheet::{Cell, Sheet};
use super::tally::Balance;
use super::words::Beside;
use crate::calendar::Moment;
use crate::dialplan::Language;
use crate::routing::ids::QueueName;
use crate::routing::promise::Broken;

/// A promise as the report counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owed {
    pub made: Moment,
    /// Since when its place counts: of the caller whose it was, or of the hour it was for.
    pub joined: Moment,
    /// `None` beside the moment: it was kept.
    pub ended: Option<(Moment, Option<Broken>)>,
}

/// A number of promises. Each opens to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallBackFigure {
    /// Owed when the period began.
    CarriedOver,
    Made,
    Kept,
    Broken(Broken),
    /// Owed when the period ended; of those made in it: owed now.
    StillOwed,
}

impl CallBackFigure {
    pub const ALL: [CallBackFigure; 8] = [
        CallBackFigure::CarriedOver,
        CallBackFigure::Made,
        CallBackFigure::Kept,
        CallBackFigure::Broken(Broken::NotReached),
        CallBackFigure::Broken(Broken::Cancelled),
        CallBackFigure::Broken(Broken::CameBack),
        CallBackFigure::Broken(Broken::Expired),
        CallBackFigure::StillOwed,
    ];

    /// The left side of the balance.
    const CAME: usize = 2;

    /// As an address spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            CallBackFigure::CarriedOver => "carried_over",
            CallBackFigure::Made => "made",
            CallBackFigure::Kept => "kept",
            CallBackFigure::Broken(why) => why.as_str(),
            CallBackFigure::StillOwed => "still_owed",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|figure| figure.as_str() == word)
    }

    /// The head of its column.
    pub const fn words(self, language: Language) -> &'static str {
        match (self, language) {
            (CallBackFigure::CarriedOver, Language::En) => "carried over",
            (CallBackFigure::CarriedOver, Language::Zh) => "期初待回呼",
            (CallBackFigure::Made, Language::En) => "promised",
            (CallBackFigure::Made, Language::Zh) => "新约回呼",
            (CallBackFigure::Kept, Language::En) => "kept",
            (CallBackFigure::Kept, Language::Zh) => "已回呼",
            (CallBackFigure::Broken(Broken::NotReached), Language::En) => "not reached",
            (CallBackFigure::Broken(Broken::NotReached), Language::Zh) => "多次未接通",
            (CallBackFigure::Broken(Broken::Cancelled), Language::En) => "taken back",
            (CallBackFigure::Broken(Broken::Cancelled), Language::Zh) => "已取消",
            (CallBackFigure::Broken(Broken::CameBack), Language::En) => "waited again",
            (CallBackFigure::Broken(Broken::CameBack), Language::Zh) => "重新排队",
            (CallBackFigure::Broken(Broken::Expired), Language::En) => "expired",
            (CallBackFigure::Broken(Broken::Expired), Language::Zh) => "已过期",
            (CallBackFigure::StillOwed, Language::En) => "still owed",
            (CallBackFigure::StillOwed, Language::Zh) => "期末待回呼",
        }
    }

    /// Whether this figure of this period counts this promise.
    pub fn counts(self, owed: &Owed, view: View, period: &Range<Moment>) -> bool {
        // A clock that was set back makes no promise end before it was made.
        let ended = owed.ended.map(|(at, how)| (at.max(owed.made), how));
        let came = period.contains(&owed.made);
        let lasted_till = |at: Moment| owed.made < at && ended.is_none_or(|(end, _)| end >= at);
        let went = |how: Option<Broken>| {
            ended.is_some_and(|(at, theirs)| {
                theirs == how
                    && match view {
                        View::Flow => period.contains(&at),
                        View::Cohort => came,
                    }
            })
        };
        match self {
            CallBackFigure::CarriedOver => view == View::Flow && lasted_till(period.start),
            CallBackFigure::Made => came,
            CallBackFigure::Kept => went(None),
            CallBackFigure::Broken(why) => went(Some(why)),
            CallBackFigure::StillOwed => match view {
                View::Flow => lasted_till(period.end),
                View::Cohort => came && ended.is_none(),
            },
        }
    }
}

/// The figures of one queue, or of all of them.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CallBackTally {
    counts: [u64; CallBackFigure::ALL.len()],
    /// Of those kept, from when the place counted.
    after: Duration,
    pub longest: Option<Duration>,
}

impl CallBackTally {
    pub fn add(&mut self, owed: &Owed, view: View, period: &Range<Moment>) {
        for (count, figure) in self.counts.iter_mut().zip(CallBackFigure::ALL) {
            *count += u64::from(figure.counts(owed, view, period));
        }
        if CallBackFigure::Kept.counts(owed, view, period) {
            let after = owed.ended.map(|(at, _)| at.since(owed.joined)).unwrap_or_default();
            self.after = self.after.saturating_add(after);
            self.longest = self.longest.max(Some(after));
        }
    }

    pub fn count(&self, figure: CallBackFigure) -> u64 {
        CallBackFigure::ALL.iter().position(|other| *other == figure).map_or(0, |at| self.counts[at])
    }

    /// How long after its place began to count a promise was kept, on average.
    pub fn kept_after(&self) -> Option<Duration> {
        let kept = u32::try_from(self.count(CallBackFigure::Kept)).unwrap_or(u32::MAX);
        self.after.checked_div(kept)
    }

    pub fn balance(&self) -> Balance {
        let (came, went) = self.counts.split_at(CallBackFigure::CAME);
        Balance { came: came.iter().sum(), went: went.iter().sum() }
    }

    pub fn is_empty(&self) -> bool {
        self.counts.iter().all(|count| *count == 0)
    }
}

/// Those of each queue, and of all together.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CallBackReport {
    pub queues: BTreeMap<QueueName, CallBackTally>,
    pub total: CallBackTally,
}

impl CallBackReport {
    pub fn add(&mut self, queue: &QueueName, owed: &Owed, view: View, period: &Range<Moment>) {
        self.queues.entry(queue.clone()).or_default().add(owed, view, period);
        self.total.add(owed, view, period);
    }

    /// One row for each queue, and their total.
    pub fn sheet(&self, language: Language) -> Sheet {
        let words = |beside: Beside| beside.words(language).to_owned();
        let mut head = vec![words(Beside::Queue)];
        head.extend(CallBackFigure::ALL.map(|figure| figure.words(language).to_owned()));
        head.extend([Beside::KeptAfter, Beside::LongestAfter, Beside::Balances].map(words));
        let line = |name: String, tally: &CallBackTally| {
            let mut cells = vec![Cell::Text(name)];
            cells.extend(CallBackFigure::ALL.map(|figure| Cell::Count(tally.count(figure))));
            let balances = if tally.balance().holds() { Beside::Yes } else { Beside::No };
            cells.extend([Cell::Time(tally.kept_after()), Cell::Time(tally.longest), Cell::Text(words(balances))]);
            cells
        };
        let mut rows: Vec<Vec<Cell>> =
            self.queues.iter().map(|(queue, tally)| line(queue.to_string(), tally)).collect();
        rows.push(line(words(Beside::AllQueues), &self.total));
        Sheet { head, rows }
    }
}
