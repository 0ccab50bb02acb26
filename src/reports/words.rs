//! The words of the report *queue by interval*: heads of columns, in each language.

use super::figure::{Figure, View};
use crate::dialplan::Language;

impl Figure {
    /// The head of its column.
    pub const fn words(self, language: Language) -> &'static str {
        match (self, language) {
            (Figure::CarriedOver, Language::En) => "carried over",
            (Figure::CarriedOver, Language::Zh) => "期初等待",
            (Figure::Offered, Language::En) => "offered",
            (Figure::Offered, Language::Zh) => "呼入",
            (Figure::MovedIn, Language::En) => "moved in",
            (Figure::MovedIn, Language::Zh) => "转入",
            (Figure::Answered, Language::En) => "answered",
            (Figure::Answered, Language::Zh) => "接通",
            (Figure::Abandoned, Language::En) => "abandoned",
            (Figure::Abandoned, Language::Zh) => "放弃",
            (Figure::Overflowed, Language::En) => "overflowed",
            (Figure::Overflowed, Language::Zh) => "溢出",
            (Figure::MovedOut, Language::En) => "moved out",
            (Figure::MovedOut, Language::Zh) => "转出",
            (Figure::CalledBack, Language::En) => "turned into call-back",
            (Figure::CalledBack, Language::Zh) => "转回呼",
            (Figure::EndedByUs, Language::En) => "ended by us",
            (Figure::EndedByUs, Language::Zh) => "系统挂断",
            (Figure::EndedUnseen, Language::En) => "ended unseen",
            (Figure::EndedUnseen, Language::Zh) => "结束未见",
            (Figure::StillWaiting, Language::En) => "still waiting",
            (Figure::StillWaiting, Language::Zh) => "期末等待",
            (Figure::ShortAbandoned, Language::En) => "short abandons",
            (Figure::ShortAbandoned, Language::Zh) => "短时放弃",
            (Figure::Full, Language::En) => "turned away: full",
            (Figure::Full, Language::Zh) => "拒入：队列已满",
            (Figure::NobodyLoggedIn, Language::En) => "turned away: nobody logged in",
            (Figure::NobodyLoggedIn, Language::Zh) => "拒入：无坐席签入",
            (Figure::AnsweredInTarget, Language::En) => "answered in T",
            (Figure::AnsweredInTarget, Language::Zh) => "时限内接通",
            (Figure::AbandonedInTarget, Language::En) => "abandoned in T",
            (Figure::AbandonedInTarget, Language::Zh) => "时限内放弃",
            (Figure::CalledBackInTarget, Language::En) => "turned into call-back in T",
            (Figure::CalledBackInTarget, Language::Zh) => "时限内转回呼",
            (Figure::Handled, Language::En) => "handled",
            (Figure::Handled, Language::Zh) => "处理完毕",
            (Figure::PassedOn, Language::En) => "passed on to a queue",
            (Figure::PassedOn, Language::Zh) => "转到其他队列",
            (Figure::Left, Language::En) => "left the queue",
            (Figure::Left, Language::Zh) => "离队",
        }
    }
}

impl View {
    pub const fn words(self, language: Language) -> &'static str {
        match (self, language) {
            (View::Flow, Language::En) => "what happened in the interval",
            (View::Flow, Language::Zh) => "时段内发生的",
            (View::Cohort, Language::En) => "what became of the calls that came in the interval",
            (View::Cohort, Language::Zh) => "时段内呼入来电的结果",
        }
    }
}

/// What stands beside the figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    Queue,
    AllQueues,
    From,
    Zone,
    Total,
    ServiceLevel,
    ConnectionRate,
    SpeedOfAnswer,
    HandleTime,
    Talk,
    Hold,
    WrapUp,
    LongestWait,
    /// Of call-backs that were kept: how long after their place began to count, on average and at the longest.
    KeptAfter,
    LongestAfter,
    /// Both sides of the row are equal.
    Balances,
    Yes,
    No,
}

impl Beside {
    pub const fn words(self, language: Language) -> &'static str {
        match (self, language) {
            (Beside::Queue, Language::En) => "queue",
            (Beside::Queue, Language::Zh) => "队列",
            (Beside::AllQueues, Language::En) => "all queues",
            (Beside::AllQueues, Language::Zh) => "全部队列",
            (Beside::From, Language::En) => "from",
            (Beside::From, Language::Zh) => "起始",
            (Beside::Zone, Language::En) => "clock",
            (Beside::Zone, Language::Zh) => "时差",
            (Beside::Total, Language::En) => "total",
            (Beside::Total, Language::Zh) => "合计",
            (Beside::ServiceLevel, Language::En) => "service level %",
            (Beside::ServiceLevel, Language::Zh) => "服务水平 %",
            (Beside::ConnectionRate, Language::En) => "connection rate %",
            (Beside::ConnectionRate, Language::Zh) => "接通率 %",
            (Beside::SpeedOfAnswer, Language::En) => "average speed of answer, s",
            (Beside::SpeedOfAnswer, Language::Zh) => "平均应答速度（秒）",
            (Beside::HandleTime, Language::En) => "average handle time, s",
            (Beside::HandleTime, Language::Zh) => "平均处理时长（秒）",
            (Beside::Talk, Language::En) => "talk, s",
            (Beside::Talk, Language::Zh) => "通话（秒）",
            (Beside::Hold, Language::En) => "hold, s",
            (Beside::Hold, Language::Zh) => "保持（秒）",
            (Beside::WrapUp, Language::En) => "wrap-up, s",
            (Beside::WrapUp, Language::Zh) => "话后（秒）",
            (Beside::LongestWait, Language::En) => "longest wait, s",
            (Beside::LongestWait, Language::Zh) => "最长等待（秒）",
            (Beside::KeptAfter, Language::En) => "kept after, on average, s",
            (Beside::KeptAfter, Language::Zh) => "平均回呼等待（秒）",
            (Beside::LongestAfter, Language::En) => "kept after, at the longest, s",
            (Beside::LongestAfter, Language::Zh) => "最长回呼等待（秒）",
            (Beside::Balances, Language::En) => "balances",
            (Beside::Balances, Language::Zh) => "收支平衡",
            (Beside::Yes, Language::En) => "yes",
            (Beside::Yes, Language::Zh) => "是",
            (Beside::No, Language::En) => "NO",
            (Beside::No, Language::Zh) => "否",
        }
    }
}
