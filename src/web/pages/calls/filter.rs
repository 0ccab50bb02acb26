//! Which calls somebody asks for, as the address bar has it. What cannot be is said beside its field, and nothing is
//! listed by half a question.

use std::time::Duration;

use percent_encoding::utf8_percent_encode;
use serde::Deserialize;

use crate::calendar::{Moment, Zone};
use crate::routing::fact::Outcome;
use crate::routing::ids::{AgentName, CallId, LONGEST_FROM_OUTSIDE, PhoneNumber, QueueName};
use crate::routing::view::CallSeen;
use crate::store::call_lists::Wanted;
use crate::web::pages::login::IN_QUERY;
use crate::web::pages::mistakes::Mistakes;
use crate::web::pages::words::Words;

/// What was asked for, as it was typed.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    pub from: String,
    #[serde(default)]
    pub to: String,
    #[serde(default)]
    pub queue: String,
    #[serde(default)]
    pub agent: String,
    #[serde(default)]
    pub outcome: String,
    #[serde(default)]
    pub number: String,
    #[serde(default)]
    pub called: String,
    /// In seconds.
    #[serde(default)]
    pub waited: String,
    #[serde(default)]
    pub call: String,
    #[serde(default)]
    pub after: String,
}

/// The outcome that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Any,
    /// Not over.
    Live,
    /// Asked for a person, whatever became of it.
    Asked,
    Ended(Outcome),
}

/// Waits to choose from, in seconds.
pub const WAITS: [u64; 6] = [20, 60, 120, 300, 600, 1800];

/// What was asked for, understood.
#[derive(Clone, Debug)]
pub struct Filter {
    pub wanted: Wanted,
    pub kind: Kind,
    pub mistakes: Mistakes,
}

impl Asked {
    pub fn understood(&self, t: Words, zone: &Zone) -> Filter {
        let mut mistakes = Mistakes::default();
        let from = day(t, "from", &self.from, |day| zone.day_of(day), &mut mistakes);
        let to = day(t, "to", &self.to, |day| zone.day_after(day), &mut mistakes);
        let call = text(&self.call).and_then(|call| match call.parse() {
            Ok(call) => Some(call),
            Err(_) => {
                mistakes.add("call", t.say("calls-not-a-call"));
                None
            }
        });
        let waited = text(&self.waited).and_then(|waited| match waited.parse::<u64>() {
            Ok(seconds) if seconds <= MOST_WAITED => Some(Duration::from_secs(seconds)),
            Ok(_) | Err(_) => {
                mistakes.add("waited", t.say("calls-not-a-time"));
                None
            }
        });
        let kind = match self.outcome.as_str() {
            "" => Kind::Any,
            "live" => Kind::Live,
            "asked" => Kind::Asked,
            word => match Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == word) {
                Some(outcome) => Kind::Ended(outcome),
                None => {
                    mistakes.add("outcome", t.say("calls-not-an-outcome"));
                    Kind::Any
                }
            },
        };
        let outcome = match kind {
            Kind::Ended(outcome) => Some(outcome),
            Kind::Any | Kind::Live | Kind::Asked => None,
        };
        let wanted = Wanted {
            agent: text(&self.agent).map(AgentName::new),
            queue: text(&self.queue).map(QueueName::new),
            outcome,
            asked: kind == Kind::Asked,
            from,
            to,
            number: bare(&self.number),
            called: bare(&self.called).map(PhoneNumber::new),
            waited,
            call,
            after: place(&self.after),
        };
        Filter { wanted, kind, mistakes }
    }

    /// The same question, from this place on.
    pub fn address(&self, path: &str, after: Option<(Moment, CallId)>) -> String {
        let after = after.map(|(at, call)| format!("{}~{call}", at.as_ms())).unwrap_or_default();
        let parts = [
            ("from", &self.from),
            ("to", &self.to),
            ("queue", &self.queue),
            ("agent", &self.agent),
            ("outcome", &self.outcome),
            ("number", &self.number),
            ("called", &self.called),
            ("waited", &self.waited),
            ("call", &self.call),
            ("after", &after),
        ];
        let given = parts.into_iter().filter(|(_, value)| !value.is_empty());
        let given: Vec<String> =
            given.map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, IN_QUERY))).collect();
        if given.is_empty() { path.to_owned() } else { format!("{path}?{}", given.join("&")) }
    }

    pub fn is_anything(&self) -> bool {
        !self.address("", None).is_empty()
    }
}

/// A day.
const MOST_WAITED: u64 = 86_400;

fn text(typed: &str) -> Option<&str> {
    let typed = typed.trim();
    (!typed.is_empty()).then_some(typed)
}

fn day(
    t: Words,
    field: &'static str,
    typed: &str,
    read: impl Fn(&str) -> Option<Moment>,
    mistakes: &mut Mistakes,
) -> Option<Moment> {
    let day = read(text(typed)?);
    if day.is_none() {
        mistakes.add(field, t.say("calls-not-a-day"));
    }
    day
}

/// A number without what people write into one.
fn bare(typed: &str) -> Option<String> {
    let kept =
        typed.chars().filter(|c| !c.is_whitespace() && !c.is_control() && !matches!(c, '-' | '.' | '(' | ')' | '/'));
    let bare: String = kept.take(LONGEST_FROM_OUTSIDE).collect();
    (!bare.is_empty()).then_some(bare)
}

fn place(typed: &str) -> Option<(Moment, CallId)> {
    let (at, call) = typed.split_once('~')?;
    Some((Moment::from_ms(at.parse().ok()?), call.parse().ok()?))
}

impl Filter {
    /// Whether a call that is not over is asked for.
    pub fn shows(&self, call: &CallSeen, now: Moment) -> bool {
        let Wanted { agent, queue, outcome: _, asked: _, from, to, number, called, waited, call: one, after } =
            &self.wanted;
        let answered = call.talking_since_ms.is_some();
        let kind = match self.kind {
            Kind::Any | Kind::Live => true,
            Kind::Asked => answered || call.joined_ms.is_some(),
            Kind::Ended(Outcome::Answered) => answered,
            Kind::Ended(
                Outcome::Abandoned
                | Outcome::LeftInDialplan
                | Outcome::EndedByUs
                | Outcome::PromisedCallBack
                | Outcome::Refused
                | Outcome::EndedUnseen
                | Outcome::TransferredOut,
            ) => false,
        };
        kind && after.is_none()
            && from.is_none_or(|from| call.arrived_ms >= from)
            && to.is_none_or(|to| call.arrived_ms < to)
            && agent.as_ref().is_none_or(|agent| call.agent.iter().chain(&call.also_rung).any(|of| of == agent))
            && queue.as_ref().is_none_or(|queue| call.queue.as_ref() == Some(queue))
            && number.as_ref().is_none_or(|number| call.from.as_str().contains(number.as_str()))
            && called.as_ref().is_none_or(|called| call.to == *called)
            && waited.is_none_or(|waited| call.joined_ms.is_some_and(|joined| now.since(joined) >= waited))
            && one.is_none_or(|one| call.id == one)
    }

    /// Whether a call that is over is asked for.
    pub fn lists(&self) -> bool {
        self.mistakes.is_empty() && self.kind != Kind::Live
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialplan::Language;

    fn asked(change: impl Fn(&mut Asked)) -> Filter {
        let mut asked = Asked::default();
        change(&mut asked);
        asked.understood(Words::of(Language::En), &Zone::named("Asia/Shanghai").expect("a zone"))
    }

    #[test]
    fn what_cannot_be_read_is_said_and_nothing_is_listed() {
        for (field, typed) in [
            ("from", "yesterday"),
            ("from", "2026-02-30"),
            ("to", "2026-13-01"),
            ("to", "99999-01-01"),
            ("call", "' OR 1=1 --"),
            ("waited", "-1"),
            ("waited", "99999999999999999999"),
            ("outcome", "<script>"),
        ] {
            let filter = asked(|asked| match field {
                "from" => asked.from = typed.into(),
                "to" => asked.to = typed.into(),
                "call" => asked.call = typed.into(),
                "waited" => asked.waited = typed.into(),
                _ => asked.outcome = typed.into(),
            });
            assert_eq!((filter.mistakes.len(), filter.mistakes.beside(field).is_some()), (1, true), "{typed}");
            assert!(!filter.lists());
        }
    }

    #[test]
    fn a_day_is_the_centres_and_ends_when_the_next_begins() {
        let filter = asked(|asked| {
            asked.from = "2026-03-02".into();
            asked.to = "2026-03-02".into();
        });
        let (from, to) = (filter.wanted.from.expect("from"), filter.wanted.to.expect("to"));
        assert_eq!((from.to_string(), to.since(from).as_secs()), ("2026-03-01T16:00:00.000Z".into(), 86_400));
    }

    #[test]
    fn a_number_is_read_as_people_write_it_and_the_address_brings_back_what_was_typed() {
        let filter = asked(|asked| asked.number = " (010) 8888-1234 ".into());
        assert_eq!(filter.wanted.number.as_deref(), Some("01088881234"));
        let typed = Asked { number: "a&b=<c>".into(), queue: "客服".into(), ..Asked::default() };
        assert_eq!(typed.address("/calls", None), "/calls?queue=%E5%AE%A2%E6%9C%8D&number=a%26b%3D%3Cc%3E");
        assert_eq!(Asked::default().address("/calls", None), "/calls");
    }
}
