//! One person: the form of somebody new, and of somebody who is there. It comes back filled in, each mistake beside its
//! field; and where somebody else was faster it shows what stands there now.

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::assigned::{self, Holds, Part};
use super::given::{Given, Place, yes_or_no};
use super::{Tab, address, auto_answers, person_of, roles, tabs};
use crate::routing::ids::AgentName;
use crate::store::agents::{HashedPassword, Person, Role};
use crate::store::people::{Answer, Guard, Stamp, Wanted};
use crate::store::{Author, StoreError};
use crate::web::pages::choice::Choice;
use crate::web::pages::frame::{Frame, Noun, Page, role_word};
use crate::web::pages::lamps::{Lamp, lamp};
use crate::web::pages::mistakes::{Mistakes, again, too_late};
use crate::web::pages::problem::{PageProblem, Shown};
use crate::web::pages::who::{Admin, Who};
use crate::web::{Web, named};

#[derive(Template)]
#[template(path = "people/form.html")]
struct FormPage {
    frame: Frame,
    tabs: Vec<Tab>,
    /// `None` where somebody new is added.
    person: Option<There>,
    given: Given,
    mistakes: Mistakes,
    said: Option<String>,
    /// What stands there now, where somebody else was faster.
    stands: Vec<(String, String)>,
    roles: Vec<Choice>,
    switches: Vec<Choice>,
    auto_answers: Vec<Choice>,
    queues: Vec<Queue>,
}

/// Somebody who is there.
struct There {
    href: String,
    display_name: String,
    has_password: bool,
    skills: Vec<(String, u8)>,
    lamp: Option<Lamp>,
    oneself: bool,
    /// By which they are known at a keypad, with a PIN; or as it was typed just now.
    number: String,
    has_pin: bool,
}

struct Queue {
    name: String,
    chosen: bool,
    /// The configuration has it no more.
    gone: bool,
}

#[derive(Default, Deserialize)]
pub struct Said {
    /// A word of ours, shown once.
    #[serde(default)]
    said: String,
}

impl Said {
    pub fn is(&self, word: &str) -> bool {
        self.said == word
    }
}

/// What a page of the form is made of.
struct Drawing<'a> {
    person: Option<&'a Person>,
    given: Given,
    mistakes: Mistakes,
    said: Option<String>,
    stands: Vec<(String, String)>,
}

impl<'a> Drawing<'a> {
    fn of(person: Option<&'a Person>, given: Given) -> Self {
        Self { person, given, mistakes: Mistakes::default(), said: None, stands: Vec::new() }
    }

    async fn drawn(self, web: &Web, who: &Who) -> Shown<FormPage> {
        let t = who.manner.t;
        let plan = web.handle.plan(who.centre()).ok_or(PageProblem::Away)?;
        let Drawing { person, mut given, mistakes, said, stands } = self;
        // A password never goes back to a browser.
        given.password.clear();
        let mut queues: Vec<Queue> = plan
            .queues
            .keys()
            .map(|queue| Queue { chosen: given.queues.contains(queue.as_str()), name: queue.to_string(), gone: false })
            .collect();
        let had = person.into_iter().flat_map(|person| &person.queues);
        let gone = had.filter(|queue| !plan.queues.contains_key(*queue));
        queues.extend(gone.map(|queue| Queue {
            chosen: given.queues.contains(queue.as_str()),
            name: queue.to_string(),
            gone: true,
        }));
        let kept = person.and_then(|person| person.station.as_ref()).map(|(switch, _)| switch);
        let gone = kept.filter(|switch| !web.switches.contains(switch));
        let switches = web.switches.iter().chain(gone).map(|switch| switch.as_str());
        let there = match person {
            Some(person) => Some(There::of(web, who, person).await?),
            None => None,
        };
        Ok(FormPage {
            tabs: tabs(t, ""),
            person: there,
            mistakes,
            said,
            stands,
            roles: roles(t, &given.role),
            switches: Choice::names(switches, &given.switch),
            auto_answers: auto_answers(t, &given.auto_answer),
            queues,
            given,
            frame: who.frame(web, Noun::People),
        })
    }
}

impl There {
    async fn of(web: &Web, who: &Who, person: &Person) -> Shown<Self> {
        let seen = web.handle.agent(who.centre(), &person.name).await?;
        let number = web.db.agent_number(who.centre(), &person.name).await?;
        Ok(Self {
            href: address(&person.name),
            display_name: person.display_name.clone(),
            has_password: person.has_password,
            skills: person.skills.iter().map(|(skill, level)| (skill.to_string(), *level)).collect(),
            lamp: seen.map(|desk| lamp(who.manner.t, desk.agent.state)),
            oneself: person.name == *who.agent(),
            has_pin: number.is_some(),
            number: number.map_or_else(String::new, |number| number.to_string()),
        })
    }
}

pub async fn new(State(web): State<Web>, Admin(who): Admin) -> Shown<Response> {
    let given = Given { role: Role::Agent.as_str().to_owned(), ..Given::default() };
    Ok(Page(Drawing::of(None, given).drawn(&web, &who).await?).into_response())
}

pub async fn show(
    State(web): State<Web>,
    Admin(who): Admin,
    Path(part): Path<String>,
    Query(Said { said }): Query<Said>,
) -> Shown<Response> {
    let name = person_of(&part)?;
    let (person, stamp) = web.db.stamped_person(who.centre(), &name).await?.ok_or(PageProblem::NotFound)?;
    let given = Given { stamp: stamp.as_str().to_owned(), ..Given::of(&person) };
    let t = who.manner.t;
    let mut drawing = Drawing::of(Some(&person), given);
    drawing.said = match said.as_str() {
        "added" => Some(t.say("person-added")),
        "saved" => Some(t.say("person-saved")),
        "saved-at-once" => Some(t.say("person-saved-at-once")),
        "saved-at-login" => Some(t.say("person-saved-at-login")),
        "saved-not-told" => Some(t.say("person-saved-not-told")),
        _ => None,
    };
    Ok(Page(drawing.drawn(&web, &who).await?).into_response())
}

/// Not on a thread that carries calls, and not many at a time.
pub async fn hashed(web: &Web, password: String) -> Shown<HashedPassword> {
    let _one_of_few = web.sessions().hashing.acquire().await.map_err(|_| PageProblem::Away)?;
    let hash = tokio::task::spawn_blocking(move || HashedPassword::of(&password)).await;
    Ok(hash.map_err(|error| PageProblem::Internal(format!("a password: {error}")))??)
}

/// Whether it is the password that they have already, as in a form that is sent twice.
async fn has_it_already(web: &Web, who: &Who, name: &AgentName, password: &str) -> Shown<bool> {
    let Some(hash) = web.db.password(who.centre(), name).await? else { return Ok(false) };
    let _one_of_few = web.sessions().hashing.acquire().await.map_err(|_| PageProblem::Away)?;
    let password = password.to_owned();
    let fits = tokio::task::spawn_blocking(move || hash.fits(&password)).await;
    fits.map_err(|error| PageProblem::Internal(format!("a password: {error}")))
}

/// The page of somebody whose number or PIN was not saved.
pub async fn with_pin_mistakes(
    web: &Web,
    who: &Who,
    name: &AgentName,
    typed: String,
    mistakes: Mistakes,
) -> Shown<Response> {
    let (person, stamp) = web.db.stamped_person(who.centre(), name).await?.ok_or(PageProblem::NotFound)?;
    let given = Given { stamp: stamp.as_str().to_owned(), ..Given::of(&person) };
    let mut page = Drawing { mistakes, ..Drawing::of(Some(&person), given) }.drawn(web, who).await?;
    if let Some(there) = &mut page.person {
        there.number = typed;
    }
    Ok(again(page))
}

pub async fn create(
    State(web): State<Web>,
    Admin(who): Admin,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Shown<Response> {
    let (given, t) = (Given::from(pairs), who.manner.t);
    let plan = web.handle.plan(who.centre()).ok_or(PageProblem::Away)?;
    let mistaken = |mistakes| Drawing { mistakes, ..Drawing::of(None, given.clone()) };
    let checked = given.checked(t, &Place { plan: &plan, switches: &web.switches, before: None });
    let (mut wanted, name) = match (checked, named(&given.name)) {
        (Ok(wanted), Ok(name)) => (wanted, name),
        (Err(mistakes), _) => return Ok(again(mistaken(mistakes).drawn(&web, &who).await?)),
        (Ok(_), Err(_)) => return Err(PageProblem::Invalid("person-name-wrong")),
    };
    let there = Redirect::to(&format!("{}?said=added", address(&name)));
    if !given.password.is_empty() {
        wanted.password = Some(Some(hashed(&web, given.password.clone()).await?));
    }
    let author = Author::Person(who.agent().clone());
    match web.db.engage(who.centre(), &name, &wanted, &author, web.now()).await {
        Ok(()) => Ok(there.into_response()),
        Err(StoreError::Exists { .. }) if is_so(&web, &who, &name, &given).await? => Ok(there.into_response()),
        Err(StoreError::Exists { .. }) => {
            let taken = Mistakes::one("name", t.say("person-name-taken"));
            Ok(too_late(mistaken(taken).drawn(&web, &who).await?))
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether somebody of this name is there just as the form has them: then it was sent twice.
async fn is_so(web: &Web, who: &Who, name: &AgentName, given: &Given) -> Shown<bool> {
    let Some(person) = web.db.person(who.centre(), name).await? else { return Ok(false) };
    let mut stands = Given::of(&person);
    let bare = Given { password: String::new(), stamp: String::new(), no_password: false, ..given.clone() };
    if bare.switch.is_empty() || bare.station.is_empty() {
        stands.switch.clone_from(&bare.switch);
    }
    if bare.display_name.trim().is_empty() {
        stands.display_name.clone_from(&bare.display_name);
    }
    let same = format!("{stands:?}") == format!("{bare:?}") && person.has_password != given.password.is_empty();
    Ok(same && (given.password.is_empty() || has_it_already(web, who, name, &given.password).await?))
}

pub async fn update(
    State(web): State<Web>,
    Admin(who): Admin,
    Path(part): Path<String>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Shown<Response> {
    let name = person_of(&part)?;
    let (person, now_stands) = web.db.stamped_person(who.centre(), &name).await?.ok_or(PageProblem::NotFound)?;
    let (given, t) = (Given::from(pairs), who.manner.t);
    let plan = web.handle.plan(who.centre()).ok_or(PageProblem::Away)?;
    let place = Place { plan: &plan, switches: &web.switches, before: Some(&person) };
    let mistaken = |mistakes| Drawing { mistakes, ..Drawing::of(Some(&person), given.clone()) };
    let mut wanted = match given.checked(t, &place) {
        Ok(wanted) => wanted,
        Err(mistakes) => return Ok(again(mistaken(mistakes).drawn(&web, &who).await?)),
    };
    let oneself = name == *who.agent();
    if oneself && wanted.role != Some(Role::Admin) {
        let own = Mistakes::one("role", t.say("person-role-of-oneself"));
        return Ok(too_late(mistaken(own).drawn(&web, &who).await?));
    }
    if oneself && given.no_password {
        let own = Mistakes::one("password", t.say("person-password-of-oneself"));
        return Ok(too_late(mistaken(own).drawn(&web, &who).await?));
    }
    if !given.password.is_empty() && !has_it_already(&web, &who, &name, &given.password).await? {
        wanted.password = Some(Some(hashed(&web, given.password.clone()).await?));
    }
    let guard = Guard { seen: Some(Stamp::given(&given.stamp)), keeps_an_admin: true };
    let author = Author::Person(who.agent().clone());
    match web.db.change_person(who.centre(), &name, &wanted, &guard, &author, web.now()).await? {
        Answer::Changed => {
            let said = after_it(&web, &who, &person, &wanted).await?;
            Ok(Redirect::to(&format!("{}?said={said}", address(&name))).into_response())
        }
        Answer::AsItWas => Ok(Redirect::to(&format!("{}?said=saved", address(&name))).into_response()),
        Answer::LastAdmin => {
            let last = Mistakes::one("role", t.say("person-last-admin"));
            Ok(too_late(mistaken(last).drawn(&web, &who).await?))
        }
        Answer::SeenOtherwise => {
            // What they typed stays; sent once more it is meant, against what is shown now.
            let given = Given { stamp: now_stands.as_str().to_owned(), ..given.clone() };
            let drawing = Drawing { stands: standing(&who, &person), ..Drawing::of(Some(&person), given) };
            Ok(too_late(drawing.drawn(&web, &who).await?))
        }
    }
}

fn standing(who: &Who, person: &Person) -> Vec<(String, String)> {
    let t = who.manner.t;
    let queues: Vec<&str> = person.queues.iter().map(|queue| queue.as_str()).collect();
    let station = person.station.as_ref().map(|(switch, station)| format!("{station} ({switch})"));
    let or_none = |text: String| if text.is_empty() { "–".to_owned() } else { text };
    vec![
        (t.say("person-display-name"), person.display_name.clone()),
        (t.say("person-role"), t.say(role_word(person.role))),
        (t.say("person-station"), or_none(station.unwrap_or_default())),
        (
            t.say("person-auto-answer"),
            auto_answers(t, person.auto_answer.map_or("", yes_or_no))
                .into_iter()
                .find(|c| c.chosen)
                .map_or_else(String::new, |c| c.word),
        ),
        (t.say("person-queues"), or_none(queues.join(", "))),
    ]
}

/// What follows from a change: sessions, and the floor. Says which word the page shows.
async fn after_it(web: &Web, who: &Who, before: &Person, wanted: &Wanted) -> Shown<&'static str> {
    let (centre, name) = (who.centre(), &before.name);
    // A new name or role is read anew with the next request; with a new password the sessions have gone.
    web.sessions().forget_person(centre, name);
    let queues = wanted.queues.clone().unwrap_or_default();
    if queues == before.queues {
        return Ok("saved");
    }
    let person = Person { queues, ..before.clone() };
    Ok(match assigned::assign(web, who, &person, Part::Queues).await {
        Holds::AtOnce => "saved-at-once",
        Holds::AtNextLogin => "saved-at-login",
        Holds::NotTold => "saved-not-told",
    })
}
