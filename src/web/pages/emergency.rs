//! The emergency switch: the band on top of every page while a message is on, and the buttons on the floor's page.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::post;
use axum::{Form, Router};
use serde::Deserialize;

use super::author::author;
use super::problem::{PageProblem, Shown};
use super::who::{Supervisor, Who};
use super::words::Words;
use crate::calendar::Zone;
use crate::controller::{Handle, Happened};
use crate::routing::emergency::SwitchedOn;
use crate::routing::ids::{AgentName, CentreName, MessageName};
use crate::routing::view::{Floor, MessageSeen};
use crate::routing::{Fact, Input, Why};
use crate::web::Web;

/// The longest that may be chosen beforehand: a shift. For longer somebody looks again.
const LONGEST_MINUTES: i64 = 24 * 60;

/// What is on in each centre: read once, and kept by the facts.
#[derive(Default)]
pub struct Emergencies(Mutex<BTreeMap<CentreName, BTreeMap<MessageName, SwitchedOn>>>);

impl Emergencies {
    fn all(&self) -> std::sync::MutexGuard<'_, BTreeMap<CentreName, BTreeMap<MessageName, SwitchedOn>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As the cores have it: at the start, and where facts were missed.
    pub async fn learn(&self, handle: &Handle) {
        let centres: Vec<CentreName> = handle.plans().borrow().keys().cloned().collect();
        for centre in centres {
            if let Ok(floor) = handle.floor(&centre).await {
                let on = floor.emergency.into_iter().filter_map(|seen| Some((seen.name, seen.on?))).collect();
                self.all().insert(centre, on);
            }
        }
    }

    /// Takes in one fact, in order. Whether it was about this.
    pub fn hear(&self, happened: &Happened) -> bool {
        match &happened.fact {
            Fact::EmergencySwitchedOn { message, by, why, until } => {
                let mut all = self.all();
                let of = all.entry(happened.centre.clone()).or_default();
                let since = of.get(message).map_or(happened.at, |before| before.since);
                let on = SwitchedOn { since, by: by.clone(), why: why.clone(), until: *until };
                of.insert(message.clone(), on);
                true
            }
            Fact::EmergencySwitchedOff { message, .. } => {
                self.all().entry(happened.centre.clone()).or_default().remove(message);
                true
            }
            _ => false,
        }
    }

    pub fn of(&self, centre: &CentreName) -> BTreeMap<MessageName, SwitchedOn> {
        self.all().get(centre).cloned().unwrap_or_default()
    }
}

/// One message that is on, in words.
#[derive(Clone, Debug)]
pub struct OnLine {
    pub name: MessageName,
    pub text: String,
    pub why: Option<String>,
}

/// What the band says.
pub fn lines(t: Words, zone: &Zone, on: &BTreeMap<MessageName, SwitchedOn>) -> Vec<OnLine> {
    let line = |(name, on): (&MessageName, &SwitchedOn)| {
        let since = zone.minute(on.since);
        let mut text = t.with_two("emergency-since", "at", since, "by", author(t, &BTreeMap::new(), &on.by));
        if let Some(until) = on.until {
            text.push_str(&t.with("emergency-until", "at", zone.day_and_minute(until)));
        }
        OnLine { name: name.clone(), text, why: on.why.as_ref().map(|why| why.as_str().to_owned()) }
    };
    on.iter().map(line).collect()
}

/// The band alone, for the live stream.
#[derive(Template)]
#[template(path = "emergency/_band.html")]
struct Band {
    t: Words,
    emergency: Vec<OnLine>,
}

/// One message with its button.
pub struct Row {
    pub name: MessageName,
    pub says: String,
    pub numbers: String,
    pub on: Option<OnLine>,
}

/// The messages as the floor's page has them: those that are on above the figures, the others folded.
pub struct Rows {
    pub on: Vec<Row>,
    pub off: Vec<Row>,
}

impl Rows {
    pub const fn is_empty(&self) -> bool {
        self.on.is_empty() && self.off.is_empty()
    }
}

pub fn rows(t: Words, zone: &Zone, floor: &Floor) -> Rows {
    let language = t.language();
    let row = |seen: &MessageSeen| {
        let says = seen.says.get(language.as_str()).or_else(|| seen.says.values().next());
        let numbers: Vec<&str> = seen.numbers.iter().map(|number| number.as_str()).collect();
        let on = seen.on.iter().map(|on| (seen.name.clone(), on.clone())).collect();
        Row {
            name: seen.name.clone(),
            says: says.cloned().unwrap_or_default(),
            numbers: numbers.join(", "),
            on: lines(t, zone, &on).pop(),
        }
    };
    let (on, off) = floor.emergency.iter().map(row).partition(|row| row.on.is_some());
    Rows { on, off }
}

#[derive(Template)]
#[template(path = "emergency/_switches.html")]
struct Switches {
    t: Words,
    messages: Rows,
}

/// What has changed on somebody's pages: the band, and for who may press them the buttons.
///
/// # Errors
/// The controller cannot be asked.
pub async fn pieces(web: &Web, who: &Who) -> Shown<String> {
    let (t, zone) = (who.manner.t, web.zone(who.centre()));
    let floor = web.handle.floor(who.centre()).await?;
    let on = floor.emergency.iter().filter_map(|seen| Some((seen.name.clone(), seen.on.clone()?))).collect();
    let band = Band { t, emergency: lines(t, &zone, &on) };
    let mut pieces = drawn(&band)?;
    if who.session.role >= crate::store::agents::Role::Supervisor {
        pieces.push_str(&drawn(&Switches { t, messages: rows(t, &zone, &floor) })?);
    }
    Ok(pieces)
}

fn drawn(piece: &impl Template) -> Shown<String> {
    piece.render().map_err(|error| PageProblem::Internal(format!("a template: {error}")))
}

#[derive(Deserialize)]
struct Pressed {
    #[serde(default)]
    message: String,
    #[serde(default)]
    why: String,
    /// How long; empty: until it is switched off.
    #[serde(default)]
    minutes: String,
}

pub fn routes() -> Router<Web> {
    Router::new().route("/emergency/on", post(switch_on)).route("/emergency/off", post(switch_off))
}

impl Pressed {
    fn why(&self) -> Shown<Option<Why>> {
        match self.why.trim() {
            "" => Ok(None),
            why => why.parse().map(Some).map_err(|_| PageProblem::Invalid("problem-why")),
        }
    }
}

async fn tell(web: &Web, who: &Who, headers: &HeaderMap, input: Input) -> Shown<Response> {
    web.handle.tell(who.centre(), input).await?;
    if !headers.contains_key("hx-request") {
        return Ok(Redirect::to("/floor").into_response());
    }
    Ok(Html(pieces(web, who).await?).into_response())
}

async fn switch_on(
    State(web): State<Web>,
    Supervisor(who): Supervisor,
    headers: HeaderMap,
    Form(pressed): Form<Pressed>,
) -> Shown<Response> {
    let (why, by): (_, AgentName) = (pressed.why()?, who.agent().clone());
    let until = match pressed.minutes.trim() {
        "" => None,
        text => {
            let minutes = text.parse::<u64>().ok().filter(|n| (1..=LONGEST_MINUTES as u64).contains(n));
            let minutes = minutes.ok_or(PageProblem::Invalid("emergency-minutes-wrong"))?;
            Some(web.now() + Duration::from_secs(minutes * 60))
        }
    };
    let message = MessageName::new(&pressed.message);
    tell(&web, &who, &headers, Input::EmergencySwitchedOn { message, until, by, why }).await
}

async fn switch_off(
    State(web): State<Web>,
    Supervisor(who): Supervisor,
    headers: HeaderMap,
    Form(pressed): Form<Pressed>,
) -> Shown<Response> {
    let (why, by) = (pressed.why()?, who.agent().clone());
    let message = MessageName::new(&pressed.message);
    tell(&web, &who, &headers, Input::EmergencySwitchedOff { message, by, why }).await
}
