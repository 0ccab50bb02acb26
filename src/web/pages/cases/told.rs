//! The history of a case in words: who, what, and why.

use super::shown::{Names, disposition_title, owner, waits_for};
use crate::calendar::{Moment, Zone};
use crate::cases::{Event, Gone, WentOn, What};
use crate::dialplan::Centre;
use crate::web::pages::author::author;
use crate::web::pages::words::Words;

/// One entry.
pub struct Entry {
    pub at: String,
    pub exact: String,
    /// Empty: a clock or the rules.
    pub by: String,
    pub text: String,
    /// The end of its time as it was from then on.
    pub due: Option<String>,
    /// What somebody wrote with it.
    pub written: String,
    /// The class of its mark.
    pub class: &'static str,
}

pub struct Teller<'a> {
    pub t: Words,
    pub zone: &'a Zone,
    pub plan: &'a Centre,
    pub names: &'a Names,
}

impl Teller<'_> {
    pub fn tell(&self, event: &Event) -> Entry {
        let (class, text, due) = self.what(&event.what);
        Entry {
            at: self.zone.day_and_minute(event.at),
            exact: self.zone.day_and_second(event.at),
            by: event.by.as_ref().map_or_else(String::new, |by| author(self.t, self.names, by)),
            text,
            due: due.map(|due| self.t.with("case-told-due", "at", self.zone.day_and_minute(due))),
            written: event.text.to_string(),
            class,
        }
    }

    fn what(&self, what: &What) -> (&'static str, String, Option<Moment>) {
        let t = self.t;
        let owner = |whose| owner(t, self.plan, self.names, whose);
        match what {
            What::Opened { to, due, call: _, customer: _ } => {
                ("wrapup", t.with("case-told-opened", "to", owner(to)), *due)
            }
            What::Accepted { due } => ("talking", t.say("case-told-accepted"), *due),
            What::Assigned { from, to } => {
                ("wrapup", t.with_two("case-told-assigned", "from", owner(from), "to", owner(to)), None)
            }
            What::Waiting { on, until } => {
                let until = self.zone.day_and_minute(*until);
                ("held", t.with_two("case-told-waiting", "on", t.say(waits_for(*on)), "until", until), None)
            }
            What::WentOn { why: WentOn::Told, due } => ("talking", t.say("case-told-went-on"), *due),
            What::WentOn { why: WentOn::Waited, due } => ("talking", t.say("case-told-waited"), *due),
            What::Settled { disposition: Some(ended), back_to } => {
                let ended = disposition_title(t, self.plan, ended);
                ("idle", t.with_two("case-told-settled-in", "ended", ended, "to", owner(back_to)), None)
            }
            What::Settled { disposition: None, back_to } => {
                ("idle", t.with("case-told-settled", "to", owner(back_to)), None)
            }
            What::Closed => ("away", t.say("case-told-closed"), None),
            What::Reopened { to, due } => ("wrapup", t.with("case-told-reopened", "to", owner(to)), *due),
            What::Escalated { from, to, due } => {
                let to = super::shown::department_title(t, self.plan, to);
                ("missed", t.with_two("case-told-escalated", "from", owner(from), "to", to), *due)
            }
            What::RanOut { department } => {
                let department = super::shown::department_title(t, self.plan, department);
                ("missed", t.with("case-told-ran-out", "department", department), None)
            }
            What::HandedOver { from, to, why: Gone::Person } => {
                ("wrapup", t.with_two("case-told-person-gone", "from", owner(from), "to", owner(to)), None)
            }
            What::HandedOver { from, to, why: Gone::Department } => {
                ("wrapup", t.with_two("case-told-department-gone", "from", owner(from), "to", owner(to)), None)
            }
            What::Rescheduled { from: _, due } => ("away", t.say("case-told-rescheduled"), *due),
            What::Noted => ("away", t.say("case-told-noted"), None),
        }
    }
}
