//! What is pressed on a case. Each goes onto the version that was seen: on an older one nothing is done, and the page
//! says so beside what was typed.

use axum::Form as Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::one::{case, page};
use super::shown::{refusal, target};
use crate::calendar::Moment;
use crate::cases::{Case, Changed, Refusal, Rules, Target, WaitsFor};
use crate::customers::Note;
use crate::dialplan::DispositionName;
use crate::routing::ids::AgentName;
use crate::store::cases::CaseError;
use crate::web::Web;
use crate::web::pages::mistakes::{Mistakes, again, too_late};
use crate::web::pages::problem::{PageProblem, Shown};
use crate::web::pages::who::Who;

/// Which button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pressed {
    Acceptance,
    Wait,
    Continuation,
    Settlement,
    Closure,
    Reopening,
    Owner,
    Note,
}

impl Pressed {
    const ALL: [Pressed; 8] = [
        Pressed::Acceptance,
        Pressed::Wait,
        Pressed::Continuation,
        Pressed::Settlement,
        Pressed::Closure,
        Pressed::Reopening,
        Pressed::Owner,
        Pressed::Note,
    ];

    /// As the address has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Pressed::Acceptance => "acceptance",
            Pressed::Wait => "wait",
            Pressed::Continuation => "continuation",
            Pressed::Settlement => "settlement",
            Pressed::Closure => "closure",
            Pressed::Reopening => "reopening",
            Pressed::Owner => "owner",
            Pressed::Note => "note",
        }
    }

    pub const fn word(self) -> &'static str {
        match self {
            Pressed::Acceptance => "case-do-accept",
            Pressed::Wait => "case-do-wait",
            Pressed::Continuation => "case-do-go-on",
            Pressed::Settlement => "case-do-settle",
            Pressed::Closure => "case-do-close",
            Pressed::Reopening => "case-do-reopen",
            Pressed::Owner => "case-do-hand-on",
            Pressed::Note => "case-do-note",
        }
    }

    /// Outside fields; what ends something has none.
    pub const fn key(self) -> &'static str {
        match self {
            Pressed::Acceptance => "a",
            Pressed::Wait
            | Pressed::Continuation
            | Pressed::Settlement
            | Pressed::Closure
            | Pressed::Reopening
            | Pressed::Owner
            | Pressed::Note => "",
        }
    }
}

/// As it was typed.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Given {
    #[serde(default)]
    pub version: String,
    #[serde(default)]
    pub text: String,
    #[serde(default)]
    pub on: String,
    /// A day.
    #[serde(default)]
    pub until: String,
    #[serde(default)]
    pub disposition: String,
    #[serde(default)]
    pub to: String,
}

/// What was pressed, understood.
enum Act {
    Accept,
    Wait { on: WaitsFor, until: Option<Moment> },
    GoOn,
    Settle(Option<DispositionName>),
    Close,
    Reopen,
    Assign(Target),
    Note,
}

impl Act {
    fn on(self, case: Case, by: &AgentName, text: Note, at: Moment, rules: Rules<'_>) -> Result<Changed, Refusal> {
        match self {
            Act::Accept => case.accept(by, at, rules),
            Act::Wait { on, until } => case.wait(on, until, by, text, at, rules),
            Act::GoOn => case.go_on(by, text, at, rules),
            Act::Settle(disposition) => case.settle(disposition, by, text, at, rules),
            Act::Close => case.close(by, text, at),
            Act::Reopen => case.reopen(by, text, at, rules),
            Act::Assign(to) => case.assign(to, by, text, at, rules),
            Act::Note => case.note(by, text, at),
        }
    }
}

async fn understood(
    web: &Web,
    who: &Who,
    pressed: Pressed,
    given: &Given,
    mistakes: &mut Mistakes,
) -> Shown<Option<Act>> {
    let t = who.manner.t;
    Ok(match pressed {
        Pressed::Acceptance => Some(Act::Accept),
        Pressed::Wait => {
            let on = WaitsFor::ALL.into_iter().find(|on| on.as_str() == given.on);
            if on.is_none() {
                mistakes.add("on", t.say("cases-not-a-choice"));
            }
            let until = web.zone(who.centre()).day_of(given.until.trim());
            if until.is_none() && !given.until.trim().is_empty() {
                mistakes.add("until", t.say("calls-not-a-day"));
            }
            on.map(|on| Act::Wait { on, until })
        }
        Pressed::Continuation => Some(Act::GoOn),
        Pressed::Settlement => {
            // How it was settled is told in words, whatever the disposition says.
            if given.text.trim().is_empty() {
                mistakes.add("text", t.say("form-empty"));
            }
            let ended = Some(&given.disposition).filter(|name| !name.is_empty()).map(DispositionName::new);
            let unknown = ended.as_ref().is_some_and(|name| {
                web.handle.plan(who.centre()).is_none_or(|plan| plan.dispositions.get(name).is_none())
            });
            if unknown {
                mistakes.add("disposition", t.say("case-no-such-disposition"));
            }
            Some(Act::Settle(ended))
        }
        Pressed::Closure => Some(Act::Close),
        Pressed::Reopening => Some(Act::Reopen),
        Pressed::Owner => {
            let plan = web.handle.plan(who.centre()).ok_or(PageProblem::Away)?;
            let names = web.hub().names.of(web, who.centre()).await;
            let to = target(&plan, &names, &given.to);
            if to.is_none() {
                mistakes.add("to", t.say("case-no-such-target"));
            }
            to.map(Act::Assign)
        }
        Pressed::Note => Some(Act::Note),
    })
}

pub async fn change(
    State(web): State<Web>,
    who: Who,
    Path((number, word)): Path<(String, String)>,
    Body(given): Body<Given>,
) -> Shown<Response> {
    let pressed = Pressed::ALL.into_iter().find(|one| one.as_str() == word).ok_or(PageProblem::NotFound)?;
    let seen = case(&web, &who, &number).await?;
    let plan = web.handle.plan(who.centre()).ok_or(PageProblem::Away)?;
    let t = who.manner.t;
    let mut mistakes = Mistakes::default();
    let text = mistakes.take(t, "text", Note::of(&given.text)).unwrap_or_default();
    let act = understood(&web, &who, pressed, &given, &mut mistakes).await?;
    let (Some(act), true) = (act, mistakes.is_empty()) else {
        return Ok(again(page(&web, &who, &seen, Some(pressed), given, mistakes, None).await?));
    };
    // What is no version of ours is as good as an old one.
    let version = given.version.parse().unwrap_or(0);
    let now = web.now();
    let (by, rules) = (who.agent(), plan.case_rules());
    let done = web.db.change_case(who.centre(), seen.number, version, now, |case| act.on(case, by, text, now, rules));
    match done.await {
        Ok(case) => Ok(Redirect::to(&format!("/cases/{}", case.number)).into_response()),
        Err(CaseError::Stale(_)) => {
            let now = case(&web, &who, &number).await?;
            let why = Some(t.say("case-stale"));
            Ok(too_late(page(&web, &who, &now, Some(pressed), given, mistakes, why).await?))
        }
        Err(CaseError::Refused(why)) => {
            let (field, text) = refusal(&why);
            match field {
                Some(field) => {
                    mistakes.add(field, t.say(text));
                    Ok(again(page(&web, &who, &seen, Some(pressed), given, mistakes, None).await?))
                }
                None => {
                    let why = Some(t.say(text));
                    Ok(too_late(page(&web, &who, &seen, Some(pressed), given, mistakes, why).await?))
                }
            }
        }
        Err(CaseError::Missing(_)) => Err(PageProblem::NotFound),
        Err(CaseError::Store(error)) => Err(error.into()),
    }
}
