//! Numbers that were called, newest first: a supervisor sees all of the centre, an agent their own.

use askama::Template;
use axum::extract::{Query, State};
use serde::Deserialize;

use super::list::{Names, called};
use super::told::{dial_class, dial_word};
use crate::routing::ids::CallId;
use crate::store::agents::Role;
use crate::store::dials::{KeptDial, WhichDials};
use crate::web::Web;
use crate::web::pages::frame::{Frame, Noun, Page};
use crate::web::pages::problem::Shown;
use crate::web::pages::who::Who;
use crate::web::pages::words::clock;
use crate::web::place::{place, spelled};

/// Dials of a page.
const A_PAGE: u32 = 50;

#[derive(Template)]
#[template(path = "calls/dialled.html")]
pub struct Show {
    frame: Frame,
    rows: Vec<Line>,
    older: Option<String>,
}

/// One of them, beside a customer too.
pub struct Line {
    pub call: CallId,
    pub at: String,
    pub number: String,
    pub agent: String,
    pub talked: String,
    pub class: &'static str,
    pub outcome: &'static str,
}

pub fn line(frame: &Frame, names: &Names, dial: &KeptDial) -> Line {
    let ms = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let talked = dial.connected.zip(dial.ended).map(|(from, (to, ..))| clock(ms(to.since(from))));
    Line {
        call: dial.call,
        at: frame.zone.day_and_second(dial.dialled),
        number: dial.number.as_ref().map_or_else(|| frame.t.say("calls-erased"), ToString::to_string),
        agent: called(names, &dial.agent),
        talked: talked.unwrap_or_default(),
        class: dial_class(dial.ended.map(|(_, how, _)| how)),
        outcome: dial.ended.map_or("outcome-open", |(_, how, _)| dial_word(how)),
    }
}

#[derive(Default, Deserialize)]
pub struct Asked {
    /// The place behind which the page begins.
    #[serde(default)]
    after: String,
}

pub async fn show(State(web): State<Web>, who: Who, Query(asked): Query<Asked>) -> Shown<Page<Show>> {
    let frame = who.frame(&web, Noun::Calls);
    let all = who.session.role >= Role::Supervisor;
    let agent = (!all).then(|| who.agent().clone());
    let which = WhichDials { agent, after: place(&asked.after), ..WhichDials::default() };
    let mut kept = web.db.dials(who.centre(), &which, A_PAGE + 1).await?;
    let more = kept.len() > A_PAGE as usize;
    kept.truncate(A_PAGE as usize);
    let older = kept.last().filter(|_| more).map(|last| spelled((last.dialled, last.call)));
    let names = web.hub().names.of(&web, who.centre()).await;
    Ok(Page(Show { rows: kept.iter().map(|dial| line(&frame, &names, dial)).collect(), older, frame }))
}
