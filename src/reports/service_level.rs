//! The service level: the share served within T. There are many, and they differ; whoever shows one says which.

use super::figure::Figure;
use super::tally::Tally;
use crate::dialplan::Language;

/// The formulas that the trade uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum ServiceLevel {
    /// Cisco's option 1.
    IgnoreAbandoned,
    /// Cisco's option 2, COPC's *offered to the queue*.
    #[default]
    AbandonedCountAgainst,
    /// Cisco's option 3.
    AbandonedCountFor,
    /// Asterisk's `ServiceLevelPerf`.
    AnsweredOnly,
    /// Asterisk's `ServiceLevelPerf2`.
    HandledOnly,
    /// Amazon Connect's.
    RemovedInTarget,
}

/// A part of a whole, both of them countable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    pub part: u64,
    pub whole: u64,
}

impl Share {
    /// `None` where there is nothing to take a part of: neither 0 % nor 100 %.
    pub fn percent(self) -> Option<f64> {
        (self.whole > 0).then(|| self.part as f64 * 100.0 / self.whole as f64)
    }
}

impl ServiceLevel {
    pub const ALL: [ServiceLevel; 6] = [
        ServiceLevel::IgnoreAbandoned,
        ServiceLevel::AbandonedCountAgainst,
        ServiceLevel::AbandonedCountFor,
        ServiceLevel::AnsweredOnly,
        ServiceLevel::HandledOnly,
        ServiceLevel::RemovedInTarget,
    ];

    /// As an address spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            ServiceLevel::IgnoreAbandoned => "ignore_abandoned",
            ServiceLevel::AbandonedCountAgainst => "abandoned_count_against",
            ServiceLevel::AbandonedCountFor => "abandoned_count_for",
            ServiceLevel::AnsweredOnly => "answered_only",
            ServiceLevel::HandledOnly => "handled_only",
            ServiceLevel::RemovedInTarget => "removed_in_target",
        }
    }

    pub const fn name(self, language: Language) -> &'static str {
        match (self, language) {
            (ServiceLevel::IgnoreAbandoned, Language::En) => "ignore abandoned",
            (ServiceLevel::IgnoreAbandoned, Language::Zh) => "不计放弃",
            (ServiceLevel::AbandonedCountAgainst, Language::En) => "abandoned count against",
            (ServiceLevel::AbandonedCountAgainst, Language::Zh) => "放弃计为未达标",
            (ServiceLevel::AbandonedCountFor, Language::En) => "abandoned count for",
            (ServiceLevel::AbandonedCountFor, Language::Zh) => "时限内放弃计为达标",
            (ServiceLevel::AnsweredOnly, Language::En) => "answered only",
            (ServiceLevel::AnsweredOnly, Language::Zh) => "仅计接通",
            (ServiceLevel::HandledOnly, Language::En) => "handled only",
            (ServiceLevel::HandledOnly, Language::Zh) => "仅计接通与放弃",
            (ServiceLevel::RemovedInTarget, Language::En) => "removed in T",
            (ServiceLevel::RemovedInTarget, Language::Zh) => "时限内离队",
        }
    }

    /// The formula, to be read. *Offered* is all that came to the queue, those moved in among them; short abandons are
    /// in none of it.
    pub const fn words(self, language: Language) -> &'static str {
        match (self, language) {
            (ServiceLevel::IgnoreAbandoned, Language::En) => "answered in T ÷ (offered − abandoned in T)",
            (ServiceLevel::IgnoreAbandoned, Language::Zh) => "时限内接通 ÷ (呼入 − 时限内放弃)",
            (ServiceLevel::AbandonedCountAgainst, Language::En) => "answered in T ÷ offered",
            (ServiceLevel::AbandonedCountAgainst, Language::Zh) => "时限内接通 ÷ 呼入",
            (ServiceLevel::AbandonedCountFor, Language::En) => "(answered in T + abandoned in T) ÷ offered",
            (ServiceLevel::AbandonedCountFor, Language::Zh) => "(时限内接通 + 时限内放弃) ÷ 呼入",
            (ServiceLevel::AnsweredOnly, Language::En) => "answered in T ÷ answered",
            (ServiceLevel::AnsweredOnly, Language::Zh) => "时限内接通 ÷ 接通",
            (ServiceLevel::HandledOnly, Language::En) => "(answered in T + abandoned in T) ÷ (answered + abandoned)",
            (ServiceLevel::HandledOnly, Language::Zh) => "(时限内接通 + 时限内放弃) ÷ (接通 + 放弃)",
            (ServiceLevel::RemovedInTarget, Language::En) => "(answered + abandoned + called back, each in T) ÷ queued",
            (ServiceLevel::RemovedInTarget, Language::Zh) => "(时限内接通 + 时限内放弃 + 时限内转回呼) ÷ 入队",
        }
    }

    /// Of a cohort: the calls that came, and what became of them.
    pub fn of(self, cohort: &Tally) -> Share {
        let of = |figure| cohort.count(figure);
        let (answered, abandoned) = (of(Figure::Answered), of(Figure::Abandoned));
        let (answered_in, abandoned_in) = (of(Figure::AnsweredInTarget), of(Figure::AbandonedInTarget));
        let offered = cohort.came();
        let (part, whole) = match self {
            ServiceLevel::IgnoreAbandoned => (answered_in, offered.saturating_sub(abandoned_in)),
            ServiceLevel::AbandonedCountAgainst => (answered_in, offered),
            ServiceLevel::AbandonedCountFor => (answered_in + abandoned_in, offered),
            ServiceLevel::AnsweredOnly => (answered_in, answered),
            ServiceLevel::HandledOnly => (answered_in + abandoned_in, answered + abandoned),
            ServiceLevel::RemovedInTarget => (answered_in + abandoned_in + of(Figure::CalledBackInTarget), offered),
        };
        Share { part, whole }
    }
}
