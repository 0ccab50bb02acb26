//! Hooks of a centre: addresses elsewhere that facts are sent to. Their deliveries are `events::hooks`.

use axum::extract::{FromRequestParts, Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, Problem};
use super::asker::Asker;
use super::body::{Body, InCentre};
use super::events::no_such_kind;
use crate::calendar::Moment;
use crate::controller;
use crate::events::hooks::{Address, NewHook, Secret, register};
use crate::events::kinds;
use crate::routing::ids::CentreName;
use crate::store::hooks::KeptHook;
use crate::web::Web;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct New {
    /// `https://...`; `http` and addresses inside only where `cordboard.yaml` allows their network.
    url: String,
    /// Kinds of facts; all unless given.
    #[serde(default)]
    kinds: Vec<String>,
    /// What deliveries are signed with, `whsec_` and base64 of 24 to 64 bytes; made unless given.
    secret: Option<String>,
}

/// What is given is changed; the rest stays.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Change {
    url: Option<String>,
    kinds: Option<Vec<String>>,
    /// `true`: on again, from where it stopped. `false`: off, until somebody switches it on.
    on: Option<bool>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HookState {
    Delivering,
    /// It is tried again at `next_ms`; nothing is lost.
    Failing,
    Off,
}

#[derive(Serialize, JsonSchema)]
pub struct Hook {
    id: String,
    url: String,
    /// Empty: all.
    kinds: Vec<String>,
    state: HookState,
    made_ms: Moment,
    made_by: String,
    /// The last fact that was delivered or passed over, a second late at most while it delivers.
    seq: u64,
    n: u32,
    delivered_ms: Option<Moment>,
    failing_since_ms: Option<Moment>,
    failures: u32,
    failed_why: Option<String>,
    next_ms: Option<Moment>,
    off_ms: Option<Moment>,
    off_why: Option<String>,
}

/// A hook and its secret, which is not shown again.
#[derive(Serialize, JsonSchema)]
pub struct Made {
    #[serde(flatten)]
    hook: Hook,
    secret: String,
}

impl From<KeptHook> for Hook {
    fn from(kept: KeptHook) -> Self {
        let state = match (&kept.off, &kept.failing) {
            (Some(_), _) => HookState::Off,
            (None, Some(_)) => HookState::Failing,
            (None, None) => HookState::Delivering,
        };
        let (off_ms, off_why) = kept.off.unzip();
        let failing = kept.failing;
        Self {
            id: kept.id,
            url: kept.url,
            kinds: kept.kinds,
            made_ms: kept.made,
            made_by: kept.made_by,
            seq: kept.place.seq,
            n: kept.place.n,
            delivered_ms: kept.delivered,
            failing_since_ms: failing.as_ref().map(|failing| failing.since),
            failures: failing.as_ref().map_or(0, |failing| failing.failures),
            next_ms: failing.as_ref().filter(|_| off_ms.is_none()).map(|failing| failing.next),
            failed_why: failing.map(|failing| failing.why),
            off_ms,
            off_why,
            state,
        }
    }
}

/// The hook that an address names.
pub struct OfHook {
    centre: CentreName,
    id: String,
}

impl<S: Send + Sync> FromRequestParts<S> for OfHook {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Answer<Self> {
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Path((centre, id)) = path.map_err(|error| Problem::Invalid(error.body_text()))?;
        if id.len() > 40 || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(Problem::NotFound("there is no such hook".into()));
        }
        Ok(Self { centre: CentreName::new(centre), id })
    }
}

fn is_there(web: &Web, centre: CentreName) -> Answer<CentreName> {
    let is_there = web.directories.names().any(|name| *name == centre);
    if is_there { Ok(centre) } else { Err(Problem::NotFound(format!("there is no centre {centre}"))) }
}

fn address(web: &Web, url: &str) -> Answer<Address> {
    let address = Address::read(url).map_err(Problem::Invalid)?;
    web.reachable.could_be(&address).map_err(Problem::Invalid)?;
    Ok(address)
}

fn wanted(mut wanted: Vec<String>) -> Answer<Vec<String>> {
    wanted.sort();
    wanted.dedup();
    match wanted.iter().find(|kind| !kinds().contains(*kind)) {
        Some(wrong) => Err(no_such_kind(wrong)),
        None => Ok(wanted),
    }
}

pub async fn list(State(web): State<Web>, centre: InCentre) -> Answer<Json<Vec<Hook>>> {
    let centre = is_there(&web, centre.name())?;
    Ok(Json(web.db.hooks(&centre).await?.into_iter().map(Hook::from).collect()))
}

pub async fn create(
    State(web): State<Web>,
    centre: InCentre,
    Extension(asker): Extension<Asker>,
    Body(new): Body<New>,
) -> Answer<(StatusCode, Json<Made>)> {
    let centre = is_there(&web, centre.name())?;
    let secret = match &new.secret {
        Some(text) => Secret::read(text).map_err(Problem::Invalid)?,
        None => Secret::new().map_err(Problem::Internal)?,
    };
    let (address, kinds) = (address(&web, &new.url)?, wanted(new.kinds)?);
    let new = NewHook { address, kinds, secret, made_by: asker.name() };
    let kept = register(&web.db, &centre, new, controller::clock()()).await?;
    let secret = kept.secret.clone();
    Ok((StatusCode::CREATED, Json(Made { hook: kept.into(), secret })))
}

pub async fn show(State(web): State<Web>, of: OfHook) -> Answer<Json<Hook>> {
    let centre = is_there(&web, of.centre)?;
    Ok(Json(web.db.hook(&centre, &of.id).await?.into()))
}

pub async fn update(State(web): State<Web>, of: OfHook, Body(change): Body<Change>) -> Answer<Json<Hook>> {
    let centre = is_there(&web, of.centre)?;
    let before = web.db.hook(&centre, &of.id).await?;
    if change.url.is_some() || change.kinds.is_some() {
        let url = change.url.map(|url| address(&web, &url)).transpose()?.map_or(before.url, |url| url.to_string());
        let kinds = change.kinds.map(wanted).transpose()?.unwrap_or(before.kinds);
        web.db.change_hook(&centre, &of.id, &url, &kinds).await?;
    }
    match change.on {
        Some(true) => web.db.switch_hook_on(&centre, &of.id).await?,
        Some(false) => {
            web.db.switch_hook_off(&centre, &of.id, controller::clock()(), "switched off by hand").await?;
        }
        None => {}
    }
    Ok(Json(web.db.hook(&centre, &of.id).await?.into()))
}

/// Answers with what it was.
pub async fn remove(State(web): State<Web>, of: OfHook) -> Answer<Json<Hook>> {
    let centre = is_there(&web, of.centre)?;
    let before = web.db.hook(&centre, &of.id).await?;
    web.db.remove_hook(&centre, &of.id).await?;
    Ok(Json(before.into()))
}
