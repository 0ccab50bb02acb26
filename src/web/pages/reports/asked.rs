//! What is asked for: queue, days, width, view, formula, as the address bar has them. What cannot be read is what it is
//! by default, and the page says so.

use std::collections::BTreeMap;

use jiff::civil::Date;
use percent_encoding::utf8_percent_encode;
use serde::Deserialize;

use crate::dialplan::Centre;
use crate::reports::call_backs::CallBackFigure;
use crate::reports::{AllTerms, Figure, Interval, Period, PeriodMistake, ServiceLevel, Terms, View, Width};
use crate::routing::ids::QueueName;
use crate::web::pages::frame::Frame;
use crate::web::pages::login::IN_QUERY;

/// As it stands in the address.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Query {
    #[serde(default)]
    pub queue: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    width: String,
    #[serde(default)]
    view: String,
    #[serde(default)]
    formula: String,
}

/// Read.
pub struct Asked {
    /// `None`: all together.
    pub queue: Option<QueueName>,
    pub period: Period,
    pub view: View,
    pub formula: ServiceLevel,
    /// The text's name of what could not be read.
    pub mistake: Option<&'static str>,
}

/// The only queue's name that stands for all of them: no queue can be called so.
pub const ALL: &str = "";

impl Query {
    pub fn read(&self, frame: &Frame) -> Result<Asked, PeriodMistake> {
        let today: Date = frame.zone.day(frame.now).parse().unwrap_or_default();
        let mut mistake = None;
        let mut day = |text: &str, otherwise: Date| match text {
            "" => otherwise,
            text => text.parse().unwrap_or_else(|_| {
                mistake = Some("report-not-a-day");
                otherwise
            }),
        };
        let first = day(&self.from, today);
        let last = day(&self.to, first);
        let find = |words: &[&'static str], word: &str| words.iter().position(|found| *found == word);
        let width = find(&Width::ALL.map(Width::as_str), &self.width).map_or(Width::Half, |at| Width::ALL[at]);
        let view = find(&View::ALL.map(View::as_str), &self.view).map_or(View::Flow, |at| View::ALL[at]);
        let formula = find(&ServiceLevel::ALL.map(ServiceLevel::as_str), &self.formula);
        let formula = formula.map_or(ServiceLevel::default(), |at| ServiceLevel::ALL[at]);
        let period = match Period::new(frame.zone.clone(), first, last, width) {
            Ok(period) => period,
            Err(why) => {
                mistake = Some(match why {
                    PeriodMistake::Backwards => "report-backwards",
                    PeriodMistake::TooMany => "report-too-many",
                    PeriodMistake::OutOfRange => "report-not-a-day",
                });
                Period::new(frame.zone.clone(), today, today, Width::Half)?
            }
        };
        let queue = Some(self.queue.as_str()).filter(|name| *name != ALL).map(QueueName::new);
        Ok(Asked { queue, period, view, formula, mistake })
    }
}

impl Asked {
    fn query(&self, queue: Option<&QueueName>) -> String {
        let queue = queue.map_or(ALL, QueueName::as_str);
        format!(
            "queue={}&from={}&to={}&width={}&view={}&formula={}",
            utf8_percent_encode(queue, IN_QUERY),
            self.period.first,
            self.period.last,
            self.period.width.as_str(),
            self.view.as_str(),
            self.formula.as_str()
        )
    }

    /// The report itself.
    pub fn page(&self) -> String {
        format!("/reports/queues?{}", self.query(self.queue.as_ref()))
    }

    /// The same as a spreadsheet reads it.
    pub fn csv(&self) -> String {
        format!("/reports/queues.csv?{}", self.query(self.queue.as_ref()))
    }

    /// The line of call-backs as a spreadsheet reads it.
    pub fn call_backs_csv(&self) -> String {
        format!("/reports/queues/call-backs.csv?{}", self.query(self.queue.as_ref()))
    }

    /// The call-backs behind a figure of the whole period.
    pub fn promises(&self, figure: CallBackFigure, queue: Option<&QueueName>) -> String {
        let whole = self.period.whole();
        format!(
            "/calls/owed?queue={}&figure={}&view={}&since={}&before={}",
            utf8_percent_encode(queue.map_or(ALL, QueueName::as_str), IN_QUERY),
            figure.as_str(),
            self.view.as_str(),
            whole.from.as_ms(),
            whole.to.as_ms()
        )
    }

    /// The calls behind a figure of an interval.
    pub fn calls(&self, figure: Figure, interval: &Interval) -> String {
        format!(
            "/reports/queues/calls?{}&figure={}&since={}&before={}",
            self.query(self.queue.as_ref()),
            figure.as_str(),
            interval.from.as_ms(),
            interval.to.as_ms()
        )
    }
}

/// By which each queue's figures are counted.
pub fn terms(plan: &Centre) -> AllTerms {
    let by_queue: BTreeMap<QueueName, Terms> =
        plan.queues.iter().map(|(name, rules)| (name.clone(), Terms::of_target(rules.target))).collect();
    let otherwise = crate::routing::queue::QueueRules::named(QueueName::new("any")).target;
    AllTerms { by_queue, otherwise: Terms::of_target(otherwise) }
}
