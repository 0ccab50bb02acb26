//! What is wrong, in words.

use super::board::Board;
use super::filter::{Filter, States};
use super::wrong::{DatabaseTrouble, JournalTrouble, Wrong};
use crate::calendar::Moment;
use crate::routing::agent::AgentState;
use crate::web::pages::words::{Words, clock};

/// One of what is wrong.
pub struct Line {
    pub class: &'static str,
    /// Whom it is about.
    pub subject: Option<String>,
    pub href: Option<String>,
    pub text: String,
    /// Since when somebody waits, with the target.
    pub since: Option<(Moment, String)>,
}

pub fn lines(t: Words, board: &Board) -> Vec<Line> {
    board.wrong.iter().map(|wrong| line(t, board.at, wrong)).collect()
}

fn line(t: Words, now: Moment, wrong: &Wrong) -> Line {
    let class = if wrong.is_grave() { "late" } else { "risk" };
    let about = |subject: &str, href: Option<String>, text: String| Line {
        class,
        subject: Some(subject.to_owned()),
        href,
        text,
        since: None,
    };
    let said = |text: String| Line { class, subject: None, href: None, text, since: None };
    match wrong {
        Wrong::Superseded(epoch) => said(t.count("floor-wrong-superseded", epoch.0)),
        Wrong::Shedding => said(t.say("floor-wrong-shedding")),
        Wrong::Journal(JournalTrouble::Slow) => said(t.say("floor-wrong-journal-slow")),
        Wrong::Journal(JournalTrouble::Full) => said(t.say("floor-wrong-journal-full")),
        Wrong::Journal(JournalTrouble::Failing) => said(t.say("floor-wrong-journal-failing")),
        Wrong::Journal(JournalTrouble::Lost(entries)) => {
            said(t.count("floor-wrong-journal-lost", i64::try_from(*entries).unwrap_or(i64::MAX)))
        }
        Wrong::Database(DatabaseTrouble::Away) => said(t.say("floor-wrong-database-away")),
        Wrong::Database(DatabaseTrouble::Stuck) => said(t.say("floor-wrong-database-stuck")),
        Wrong::SwitchDown(switch) => about(switch.as_str(), None, t.say("floor-wrong-switch")),
        Wrong::NobodyThere { queue, waiting } => {
            let text = t.count("floor-wrong-nobody", *waiting as i64);
            about(queue.as_str(), Some(Filter::of_queue(queue)), text)
        }
        Wrong::Late { queue, waiting, since, target_ms: _, idle } => {
            let text = match idle {
                0 => t.count("floor-wrong-late-none", *waiting as i64),
                _ => t.count("floor-wrong-late", *waiting as i64),
            };
            let waited = u64::try_from(now.since(*since).as_millis()).unwrap_or(u64::MAX);
            let since = Some((*since, clock(waited)));
            Line { since, ..about(queue.as_str(), Some(Filter::of_queue(queue)), text) }
        }
        Wrong::Agents { state, named, more } => {
            let names = named.join(", ");
            let names = if *more > 0 { format!("{names} +{more}") } else { names };
            let all = Filter { queue: None, states: States::One(*state), wall: false };
            let text =
                if *state == AgentState::Missed { t.say("floor-wrong-missed") } else { t.say("floor-wrong-busy") };
            about(&names, Some(all.with_states(States::One(*state))), text)
        }
    }
}
