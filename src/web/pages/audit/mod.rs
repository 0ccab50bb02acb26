//! The audit, for admins: who changed what, newest first, chosen by the address bar; and whether it is as it was written,
//! looked at each time it is shown.

mod told;

use std::collections::BTreeMap;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use percent_encoding::utf8_percent_encode;
use serde::Deserialize;

use super::choice::Choice;
use super::frame::{Frame, Noun, Page};
use super::login::IN_QUERY;
use super::mistakes::Mistakes;
use super::problem::Shown;
use super::who::{Admin, Who};
use super::words::Words;
use crate::calendar::Zone;
use crate::routing::ids::AgentName;
use crate::store::audit::{AuditHealth, Seen, Which};
use crate::web::Web;
use told::{Part, WHATS, parts};

pub fn routes() -> Router<Web> {
    Router::new().route("/audit", get(show))
}

/// Entries of a page.
const ROWS: u32 = 100;

/// Entries looked through whenever the page is shown: some ten milliseconds. All of them where somebody asks for it.
const LOOKED_THROUGH: u64 = 5_000;

/// What the address bar asks for, as it was typed.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Asked {
    /// A login name, or one of the words that the column has for who is no person.
    #[serde(default)]
    who: String,
    #[serde(default)]
    what: String,
    #[serde(default)]
    subject: String,
    /// Days, where the centre's clocks hang.
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    /// The last entry of the page before.
    #[serde(default)]
    before: String,
    /// `all`: look through every entry.
    #[serde(default)]
    check: String,
}

#[derive(Template)]
#[template(path = "audit/list.html")]
struct List {
    frame: Frame,
    asked: Asked,
    whats: Vec<Choice>,
    mistakes: Mistakes,
    health: Health,
    rows: Vec<Row>,
    older: Option<String>,
}

struct Health {
    whole: bool,
    text: String,
    /// Where all can be looked through.
    all: Option<String>,
}

struct Row {
    seq: u64,
    at: String,
    who: String,
    who_href: String,
    what: String,
    subject: String,
    subject_href: String,
    parts: Vec<Part>,
    whole: bool,
}

/// Who made a change, from the column that holds it.
pub fn author(t: Words, who: &str) -> String {
    match who {
        "console" => t.say("author-console"),
        "program" => t.say("author-program"),
        "stranger" => t.say("author-stranger"),
        "clock" => t.say("author-clock"),
        // Of agents, in whose name a program may ask: whoever it says it is, or its own.
        other => {
            super::author::author(t, &BTreeMap::new(), &AgentName::new(other.strip_prefix("agent:").unwrap_or(other)))
        }
    }
}

/// A name alone is a person's.
fn column(typed: &str) -> Option<String> {
    let typed = typed.trim();
    match typed {
        "" => None,
        "console" | "program" | "stranger" | "clock" | "configuration" | "agent" => Some(typed.to_owned()),
        other if other.contains(':') => Some(other.to_owned()),
        name => Some(format!("agent:{name}")),
    }
}

impl Asked {
    fn is_anything(&self) -> bool {
        [&self.who, &self.what, &self.subject, &self.from, &self.to].into_iter().any(|part| !part.trim().is_empty())
    }

    /// The same question, with these parts otherwise.
    fn address(&self, other: &[(&str, &str)]) -> String {
        let own = [
            ("who", &self.who),
            ("what", &self.what),
            ("subject", &self.subject),
            ("from", &self.from),
            ("to", &self.to),
        ];
        let own = own.into_iter().map(|(name, value)| (name, value.as_str()));
        let own = own.filter(|(name, _)| !other.iter().any(|(instead, _)| instead == name));
        let parts = own.chain(other.iter().copied()).filter(|(_, value)| !value.is_empty());
        let parts: Vec<String> =
            parts.map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, IN_QUERY))).collect();
        format!("/audit?{}", parts.join("&"))
    }

    fn understood(&self, t: Words, zone: &Zone) -> (Which, Mistakes) {
        let mut mistakes = Mistakes::default();
        let mut day = |field, typed: &str, read: &dyn Fn(&str) -> Option<crate::calendar::Moment>| {
            let typed = typed.trim();
            if typed.is_empty() {
                return None;
            }
            let day = read(typed);
            if day.is_none() {
                mistakes.add(field, t.say("audit-not-a-day"));
            }
            day
        };
        let from = day("from", &self.from, &|typed| zone.day_of(typed));
        let to = day("to", &self.to, &|typed| zone.day_after(typed));
        let which = Which {
            who: column(&self.who),
            what: Some(self.what.trim().to_owned()).filter(|what| !what.is_empty()),
            subject: column(&self.subject),
            from,
            to,
            before: self.before.parse().ok(),
        };
        (which, mistakes)
    }
}

async fn show(State(web): State<Web>, Admin(who): Admin, Query(asked): Query<Asked>) -> Shown<Page<List>> {
    let t = who.manner.t;
    let zone = web.zone(who.centre());
    let (which, mistakes) = asked.understood(t, &zone);
    // By half a question nothing is listed.
    let seen = if mistakes.is_empty() { web.db.audit(who.centre(), &which, ROWS).await? } else { Vec::new() };
    let full = u32::try_from(seen.len()).is_ok_and(|n| n == ROWS);
    let last = seen.last().filter(|seen| full && seen.seq > 1).map(|seen| seen.seq.to_string());
    let health = health(&web, &who, &asked).await?;
    let whats = WHATS.iter().map(|(value, word)| Choice::of(*value, t.say(word), &asked.what));
    Ok(Page(List {
        whats: whats.collect(),
        mistakes,
        health,
        rows: seen.into_iter().map(|seen| row(t, &zone, &asked, seen)).collect(),
        older: last.map(|last| asked.address(&[("before", &last)])),
        frame: who.frame(&web, Noun::Audit),
        asked,
    }))
}

fn row(t: Words, zone: &Zone, asked: &Asked, seen: Seen) -> Row {
    let what = WHATS.iter().find(|(value, _)| *value == seen.what);
    let subject = match seen.subject.as_str() {
        "configuration" => t.say("nav-configuration"),
        "agent" => t.say("audit-unknown-name"),
        other => other.strip_prefix("agent:").unwrap_or(other).to_owned(),
    };
    Row {
        seq: seen.seq,
        at: zone.day_and_second(seen.at),
        who: author(t, &seen.who),
        who_href: asked.address(&[("who", &seen.who)]),
        what: what.map_or_else(|| seen.what.clone(), |(_, word)| t.say(word)),
        subject,
        subject_href: asked.address(&[("subject", &seen.subject)]),
        parts: parts(t, zone, seen.before.as_deref(), seen.after.as_deref()),
        whole: seen.whole,
    }
}

async fn health(web: &Web, who: &Who, asked: &Asked) -> Shown<Health> {
    let t = who.manner.t;
    let all = asked.check == "all";
    let newest = if all { u64::MAX } else { LOOKED_THROUGH };
    let there = web.db.audit_length(who.centre()).await?;
    let health = web.db.check_newest_audit(who.centre(), newest).await?;
    Ok(match health {
        AuditHealth::Whole { entries } => Health {
            whole: true,
            text: t.with_two("audit-whole", "n", entries, "all", there.max(entries)),
            all: (entries < there).then(|| asked.address(&[("check", "all")])),
        },
        AuditHealth::Broken { at } => Health { whole: false, text: t.with("audit-broken", "seq", at), all: None },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_alone_is_a_persons() {
        assert_eq!(column(" mira "), Some("agent:mira".into()));
        assert_eq!(column("agent:console"), Some("agent:console".into()));
        assert_eq!(column("console"), Some("console".into()));
        assert_eq!(column("case:12"), Some("case:12".into()));
        assert_eq!(column("  "), None);
    }
}
