//! One case: what is wanted, who owns it, the clock that runs now, what can be done, what was done.

use askama::Template;
use axum::extract::{Path, State as Asks};

use super::actions::{Given, Pressed};
use super::shown::{self, Due, disposition_title, kind_title, owner, targets, waits_for};
use super::told::{Entry, Teller};
use crate::cases::{Case, CaseNumber, Clock, State, WaitsFor};
use crate::customers::CustomerId;
use crate::dialplan::Centre;
use crate::routing::ids::CallId;
use crate::store::case_events::MOST_EVENTS;
use crate::web::Web;
use crate::web::pages::author::author;
use crate::web::pages::choice::Choice;
use crate::web::pages::frame::{Frame, Noun, Page};
use crate::web::pages::mistakes::Mistakes;
use crate::web::pages::problem::{PageProblem, Shown};
use crate::web::pages::who::Who;
use crate::web::pages::words::{Words, clock};

#[derive(Template)]
#[template(path = "cases/show.html")]
pub struct Show {
    frame: Frame,
    number: CaseNumber,
    version: u64,
    /// Empty: erased.
    title: String,
    kind: String,
    class: &'static str,
    state: String,
    owner: String,
    opened: String,
    opened_by: String,
    customer: Option<(CustomerId, String)>,
    call: Option<CallId>,
    /// How often it went up.
    rung: u32,
    wanted: String,
    due: Option<Due>,
    /// What is left of its working time while the clock stands.
    stands: Option<String>,
    /// Whom it waits for, and until when.
    waits: Option<(String, String)>,
    actions: Vec<Action>,
    /// Why what was pressed was not done.
    refused: Option<String>,
    given: Given,
    mistakes: Mistakes,
    waits_for: Vec<Choice>,
    dispositions: Vec<Choice>,
    targets: Vec<Choice>,
    entries: Vec<Entry>,
    /// Entries that are too old to be shown.
    left_out: bool,
}

/// Something that is possible now.
struct Action {
    path: &'static str,
    word: String,
    /// Whether it came back.
    open: bool,
    pressed: Pressed,
}

impl Show {
    /// What was typed for something that is not possible any more stays to be read.
    fn lost_words(&self) -> bool {
        !self.given.text.is_empty() && !self.actions.iter().any(|action| action.open)
    }
}

impl Action {
    fn waits(&self) -> bool {
        self.pressed == Pressed::Wait
    }

    fn settles(&self) -> bool {
        self.pressed == Pressed::Settlement
    }

    fn hands_on(&self) -> bool {
        self.pressed == Pressed::Owner
    }

    /// One that is done without a word.
    fn is_plain(&self) -> bool {
        self.pressed == Pressed::Acceptance
    }

    fn key(&self) -> &'static str {
        self.pressed.key()
    }
}

pub async fn case(web: &Web, who: &Who, number: &str) -> Shown<Case> {
    let number = number.parse().ok().and_then(CaseNumber::new).ok_or(PageProblem::NotFound)?;
    web.db.case(who.centre(), number).await?.ok_or(PageProblem::NotFound)
}

pub async fn show(Asks(web): Asks<Web>, who: Who, Path(number): Path<String>) -> Shown<Page<Show>> {
    let case = case(&web, &who, &number).await?;
    Ok(Page(page(&web, &who, &case, None, Given::default(), Mistakes::default(), None).await?))
}

/// `pressed` came back, with what was `given` and why.
pub async fn page(
    web: &Web,
    who: &Who,
    case: &Case,
    pressed: Option<Pressed>,
    given: Given,
    mistakes: Mistakes,
    refused: Option<String>,
) -> Shown<Show> {
    let frame = who.frame(web, Noun::Cases);
    let plan = web.handle.plan(who.centre()).ok_or(PageProblem::Away)?;
    let names = web.hub().names.of(web, who.centre()).await;
    let t = frame.t;
    let first = web.db.case_story(who.centre(), case.number, 0).await?;
    let wanted = first.first().map_or_else(String::new, |opened| opened.text.to_string());
    let skipped = case.version.saturating_sub(u64::from(MOST_EVENTS));
    let story = if skipped == 0 { first } else { web.db.case_story(who.centre(), case.number, skipped).await? };
    let teller = Teller { t, zone: &frame.zone, plan: &plan, names: &names };
    let mut entries: Vec<Entry> = story.iter().map(|event| teller.tell(event)).collect();
    if let Some(opened) = entries.first_mut().filter(|_| skipped == 0) {
        // It stands at the top of the page.
        opened.written.clear();
    }
    entries.reverse();
    let customer = match case.customer {
        Some(id) => web.db.customer(who.centre(), id).await?,
        None => None,
    };
    let (class, word) = shown::state(&case.state);
    let until = frame.zone.day(frame.now + std::time::Duration::from_secs(7 * 86_400));
    let given = if pressed.is_none() { Given { until, ..given } } else { given };
    Ok(Show {
        number: case.number,
        version: case.version,
        title: case.title.to_string(),
        kind: kind_title(t, &plan, &case.kind),
        class,
        state: t.say(word),
        owner: owner(t, &plan, &names, &case.owner),
        opened: frame.zone.day_and_minute(case.opened),
        opened_by: author(t, &names, &case.opened_by),
        customer: customer.map(|found| (found.id, found.record.name.map_or_else(String::new, |name| name.to_string()))),
        call: case.call,
        rung: case.rung,
        wanted,
        due: shown::due(&frame, case),
        stands: stands(case),
        waits: waits(&frame, case),
        actions: actions(t, &case.state, pressed),
        refused,
        waits_for: waits_choices(t, &given.on),
        dispositions: dispositions(t, &plan, case, &given.disposition),
        targets: targets(t, &plan, &names, &given.to),
        given,
        mistakes,
        entries,
        left_out: skipped > 0,
        frame,
    })
}

/// What is left, while an open case's clock does not run.
fn stands(case: &Case) -> Option<String> {
    match case.clock {
        Clock::Stopped { left } if case.state.is_open() => {
            Some(clock(u64::try_from(left.as_millis()).unwrap_or(u64::MAX)))
        }
        Clock::Stopped { .. } | Clock::Running { .. } | Clock::RanOut { .. } => None,
    }
}

fn waits(frame: &Frame, case: &Case) -> Option<(String, String)> {
    match &case.state {
        State::Waiting(wait) => Some((frame.t.say(waits_for(wait.on)), frame.zone.day_and_minute(wait.until))),
        State::New | State::Accepted | State::Settled(_) | State::Closed { .. } => None,
    }
}

fn actions(t: Words, state: &State, pressed: Option<Pressed>) -> Vec<Action> {
    let possible: &[Pressed] = match state {
        State::New => &[Pressed::Acceptance, Pressed::Owner, Pressed::Note],
        State::Accepted => &[Pressed::Settlement, Pressed::Wait, Pressed::Owner, Pressed::Note],
        State::Waiting(_) => {
            &[Pressed::Continuation, Pressed::Settlement, Pressed::Wait, Pressed::Owner, Pressed::Note]
        }
        State::Settled(_) => &[Pressed::Closure, Pressed::Reopening, Pressed::Note],
        State::Closed { .. } => &[Pressed::Reopening, Pressed::Note],
    };
    let action = |one: &Pressed| Action {
        path: one.as_str(),
        word: t.say(one.word()),
        open: Some(*one) == pressed,
        pressed: *one,
    };
    possible.iter().map(action).collect()
}

fn waits_choices(t: Words, chosen: &str) -> Vec<Choice> {
    WaitsFor::ALL.into_iter().map(|on| Choice::of(on.as_str(), t.say(waits_for(on)), chosen)).collect()
}

/// Those of its type; none where it is settled in free words.
fn dispositions(t: Words, plan: &Centre, case: &Case, chosen: &str) -> Vec<Choice> {
    let kind = plan.case_rules().of(&case.kind, &case.owner.department);
    kind.dispositions.iter().map(|name| Choice::of(name.as_str(), disposition_title(t, plan, name), chosen)).collect()
}
