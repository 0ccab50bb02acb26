//! Taking somebody out: a plain question, and what comes of it. What they did stays in the records.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::loans::end_all_of;
use super::{Tab, address, person_of, tabs};
use crate::controller::AskError;
use crate::routing::ids::AgentName;
use crate::routing::{Input, Refused};
use crate::store::people::{Answer, Guard, Stamp};
use crate::store::{Author, StoreError};
use crate::web::Web;
use crate::web::pages::frame::{Frame, Noun, Page};
use crate::web::pages::lamps::{Lamp, lamp};
use crate::web::pages::problem::{PageProblem, Shown};
use crate::web::pages::who::{Admin, Who};

#[derive(Template)]
#[template(path = "people/removal.html")]
struct Question {
    frame: Frame,
    tabs: Vec<Tab>,
    name: String,
    display_name: String,
    href: String,
    stamp: String,
    lamp: Option<Lamp>,
    /// Why it cannot be.
    wrong: Option<String>,
    /// Whether it can be at all.
    possible: bool,
}

#[derive(Deserialize)]
pub struct Meant {
    #[serde(default)]
    stamp: String,
}

async fn question(web: &Web, who: &Who, name: &AgentName, wrong: Option<&'static str>) -> Shown<Question> {
    let t = who.manner.t;
    let (person, stamp) = web.db.stamped_person(who.centre(), name).await?.ok_or(PageProblem::NotFound)?;
    let seen = web.handle.agent(who.centre(), name).await?;
    let oneself = (name == who.agent()).then_some("removal-of-oneself");
    let possible = oneself.is_none() && wrong != Some("person-last-admin");
    Ok(Question {
        tabs: tabs(t, ""),
        name: person.name.to_string(),
        display_name: person.display_name,
        href: address(name),
        stamp: stamp.as_str().to_owned(),
        lamp: seen.map(|desk| lamp(t, desk.agent.state)),
        wrong: oneself.or(wrong).map(|text| t.say(text)),
        possible,
        frame: who.frame(web, Noun::People),
    })
}

pub async fn ask(State(web): State<Web>, Admin(who): Admin, Path(part): Path<String>) -> Shown<Response> {
    let name = person_of(&part)?;
    Ok(Page(question(&web, &who, &name, None).await?).into_response())
}

pub async fn create(
    State(web): State<Web>,
    Admin(who): Admin,
    Path(part): Path<String>,
    Form(Meant { stamp }): Form<Meant>,
) -> Shown<Response> {
    let name = person_of(&part)?;
    let centre = who.centre();
    if name == *who.agent() {
        return Ok((StatusCode::CONFLICT, Page(question(&web, &who, &name, None).await?)).into_response());
    }
    let guard = Guard { seen: Some(Stamp::given(&stamp)), keeps_an_admin: true };
    let author = Author::Person(who.agent().clone());
    let wrong = match web.db.dismiss(centre, &name, &guard, &author, web.now()).await {
        Ok(Answer::Changed | Answer::AsItWas) => {
            // Their sessions went with them; nobody remembers one.
            web.sessions().forget_person(centre, &name);
            log_out(&web, &who, &name).await;
            return Ok(Redirect::to("/people?said=removed").into_response());
        }
        Ok(Answer::SeenOtherwise) => "removal-seen-otherwise",
        Ok(Answer::LastAdmin) => "person-last-admin",
        Err(StoreError::Missing { .. }) => {
            // Sent twice: it was done the first time.
            let gone = web.db.last_of_audit(centre, "agent.removed", &format!("agent:{name}")).await?;
            gone.ok_or(PageProblem::NotFound)?;
            log_out(&web, &who, &name).await;
            return Ok(Redirect::to("/people?said=removed").into_response());
        }
        Err(error) => return Err(error.into()),
    };
    Ok((StatusCode::CONFLICT, Page(question(&web, &who, &name, Some(wrong)).await?)).into_response())
}

/// Nobody's phone rings for who is not there any more; a conversation goes on to its end.
async fn log_out(web: &Web, who: &Who, name: &AgentName) {
    end_all_of(web, who, name).await;
    let input = Input::AgentDismissed { agent: name.clone(), by: who.agent().clone() };
    match web.handle.tell(who.centre(), input).await {
        Ok(()) | Err(AskError::Refused(Refused::NotLoggedIn { .. })) => {}
        Err(error) => {
            tracing::warn!(centre = %who.centre(), agent = %name, %error, "they were not logged out of their phone")
        }
    }
}
