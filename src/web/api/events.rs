//! Events: every fact as it happens, as a stream (server-sent events, WHATWG HTML §9.2).
//!
//! A reader who comes back names the last event it had (`Last-Event-ID`) and goes on behind it: out of SQL, then out of
//! memory, then live. One who cannot keep up is told how many were missed, and goes on; nobody waits for them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::response::sse::{Event as Sent, KeepAlive, Sse};
use futures_util::stream;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Instant;

use super::answer::{Answer, Problem};
use super::asker::Asker;
use super::body::{Asked, InCentre};
use crate::events::{Event, kinds};
use crate::routing::ids::CentreName;
use crate::store::facts::FactPlace;
use crate::web::Web;

/// A comment when nothing happens, so that whoever is between us does not take the line for dead.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Facts read from SQL at once for a reader who was away.
const A_PAGE: u32 = 256;
/// For so long a reader who was away waits for SQL to have all that is no longer in memory; then it is told of a gap.
const LONGEST_BEHIND: Duration = Duration::from_secs(5);
/// Between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// The longest list of kinds: all of them, and then some.
const LONGEST_KINDS: usize = 2_000;

/// Which events.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// Kinds of facts with commas between, as `call_arrived,call_ended`; all unless given.
    kinds: Option<String>,
    /// The `id` of the last event that was had, for whoever cannot send `Last-Event-ID`; `0` is before the first.
    after: Option<String>,
}

/// Where every centre of a stream stands: what the `id` of an event says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Places(BTreeMap<CentreName, FactPlace>);

impl Places {
    /// Of one centre `seq-n`, of several `centre:seq-n` with commas between; without `-n` the whole entry was had.
    fn read(text: &str, only: Option<&CentreName>) -> Option<Self> {
        let mut all = BTreeMap::new();
        for piece in text.split(',') {
            let (centre, place) = match (piece.split_once(':'), only) {
                (Some((centre, place)), _) => (CentreName::new(centre), place),
                (None, Some(only)) => (only.clone(), piece),
                (None, None) => return None,
            };
            let (seq, n) = match place.split_once('-') {
                Some((seq, n)) => (seq, n.parse().ok()?),
                None => (place, u32::MAX),
            };
            let seq = seq.parse().ok().filter(|seq| i64::try_from(*seq).is_ok())?;
            all.insert(centre, FactPlace { seq, n });
        }
        Some(Self(all))
    }

    fn written(&self, only: Option<&CentreName>) -> String {
        let of = |place: &FactPlace| match place.n {
            u32::MAX => place.seq.to_string(),
            n => format!("{}-{n}", place.seq),
        };
        match only {
            Some(only) => self.0.get(only).map(of).unwrap_or_default(),
            None => {
                let all: Vec<String> = self.0.iter().map(|(centre, place)| format!("{centre}:{}", of(place))).collect();
                all.join(",")
            }
        }
    }
}

/// How a reader gets on.
enum Stage {
    /// From SQL, since then without anything new.
    Past(Instant),
    /// From memory, behind this number.
    Live(u64),
}

struct Stream {
    web: Web,
    /// All, unless one is named.
    only: Option<CentreName>,
    /// All, unless some are named.
    kinds: Option<BTreeSet<String>>,
    places: Places,
    stage: Stage,
    ready: VecDeque<Sent>,
    more: watch::Receiver<u64>,
    _one_of_many: OwnedSemaphorePermit,
}

impl Stream {
    /// `None` when we stop.
    async fn next(&mut self) -> Option<Sent> {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                return Some(ready);
            }
            let stop = self.web.stop.clone();
            let step = async {
                match self.stage {
                    Stage::Past(since) => self.past(since).await,
                    Stage::Live(next) => return self.live(next).await,
                }
                true
            };
            if !stop.run_until_cancelled(step).await? {
                return None;
            }
        }
    }

    /// Takes what follows from SQL, until what is in memory continues it.
    async fn past(&mut self, since: Instant) {
        let (mut known, mut new) = (BTreeMap::new(), false);
        for (centre, place) in self.places.0.clone() {
            // First how far SQL is, then what it has: so that nothing lies between the two.
            let read = async {
                let filled = self.web.db.filled_to(&centre).await?;
                Ok::<_, Problem>((filled, self.web.db.facts_after(&centre, place, A_PAGE).await?))
            };
            let Ok((filled, page)) = read.await else { return self.go_on_live() };
            new |= !page.is_empty();
            for kept in &page {
                match Event::kept(&centre, kept) {
                    Some(event) => self.add(&event),
                    None => drop(self.places.0.insert(centre.clone(), kept.place())),
                }
            }
            let here = self.places.0.get(&centre).map_or(0, |place| place.seq);
            // A page that is full has more behind it.
            known.insert(centre, if page.is_empty() { filled.max(here) } else { 0 });
        }
        if new {
            self.stage = Stage::Past(Instant::now());
        } else if let Some(first) = self.web.0.recent.continues(&known) {
            self.stage = Stage::Live(first);
        } else if since.elapsed() > LONGEST_BEHIND {
            self.go_on_live();
        } else {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// From what is in memory, though something may lie between.
    fn go_on_live(&mut self) {
        self.ready.push_back(lost_sight());
        self.stage = Stage::Live(self.web.0.recent.first());
    }

    /// `false` when there will never be more.
    async fn live(&mut self, next: u64) -> bool {
        let latest = self.web.0.recent.after(next);
        if latest.missed > 0 {
            self.ready.push_back(Sent::default().event("lagged").data(format!("{{\"missed\":{}}}", latest.missed)));
        }
        self.stage = Stage::Live(latest.next);
        let came = !latest.told.is_empty();
        for told in latest.told {
            let ours = self.only.as_ref().is_none_or(|only| told.centre() == only);
            let had = self.places.0.get(told.centre()).is_some_and(|place| told.place() <= *place);
            if ours
                && !had
                && let Some(event) = told.event()
            {
                self.add(event);
            }
        }
        came || self.more.wait_for(|end| *end > latest.next).await.is_ok()
    }

    fn add(&mut self, event: &Event) {
        self.places.0.insert(event.centre.clone(), event.place);
        if self.kinds.as_ref().is_some_and(|kinds| !kinds.contains(&event.kind)) {
            return;
        }
        let id = self.places.written(self.only.as_ref());
        self.ready.push_back(Sent::default().event("fact").id(id).data(&event.text));
    }
}

/// Something was missed, and nobody knows how much.
fn lost_sight() -> Sent {
    Sent::default().event("lagged").data("{\"missed\":null}")
}

fn wanted(which: &Which) -> Answer<Option<BTreeSet<String>>> {
    let Some(text) = &which.kinds else { return Ok(None) };
    if text.len() > LONGEST_KINDS {
        return Err(Problem::Invalid("kinds are words of facts with commas between".into()));
    }
    let wanted: BTreeSet<String> = text.split(',').map(str::to_owned).collect();
    match wanted.iter().find(|kind| !kinds().contains(*kind)) {
        Some(wrong) => Err(no_such_kind(wrong)),
        None => Ok(Some(wanted)),
    }
}

/// In words that help.
pub fn no_such_kind(wrong: &str) -> Problem {
    let all: Vec<&str> = kinds().iter().map(String::as_str).collect();
    let shown: String = wrong.chars().take(40).collect();
    Problem::Invalid(format!("{shown:?} is no kind of fact; there are {}", all.join(", ")))
}

/// Where a reader was; `None` for one that is new.
fn had(web: &Web, only: Option<&CentreName>, headers: &HeaderMap, which: &Which) -> Answer<Option<Places>> {
    let wrong = || Problem::Invalid("Last-Event-ID, or `after`, is the id of an event of this stream".into());
    let last = match headers.get("last-event-id").filter(|last| !last.is_empty()) {
        Some(last) => Some(last.to_str().map_err(|_| wrong())?),
        None => which.after.as_deref(),
    };
    let Some(last) = last.filter(|last| !last.is_empty()) else { return Ok(None) };
    if last == "0" {
        let all = web.directories.names().filter(|name| only.is_none_or(|only| *name == only));
        return Ok(Some(Places(all.map(|name| (name.clone(), FactPlace::default())).collect())));
    }
    let places = Places::read(last, only).ok_or_else(wrong)?;
    let known = |centre: &CentreName| match only {
        Some(only) => centre == only,
        None => web.directories.names().any(|name| name == centre),
    };
    if places.0.keys().all(known) { Ok(Some(places)) } else { Err(wrong()) }
}

fn stream(web: Web, only: Option<CentreName>, headers: &HeaderMap, which: &Which) -> Answer<impl IntoResponse + use<>> {
    let kinds = wanted(which)?;
    let had = had(&web, only.as_ref(), headers, which)?;
    let streams = web.0.streams.clone();
    let permit = streams.try_acquire_owned().map_err(|_| Problem::Away("too many streams are open already".into()))?;
    let (end, now) = web.0.recent.now();
    let now = now.into_iter().filter(|(centre, _)| only.as_ref().is_none_or(|only| centre == only));
    let mut places = Places(now.collect());
    let (mut ready, mut stage) = (VecDeque::new(), Stage::Live(end));
    if let Some(had) = had {
        for (centre, had) in had.0 {
            let last = places.0.entry(centre).or_default();
            // What has not happened yet was read somewhere else, before the journal began anew.
            if had > *last && ready.is_empty() {
                ready.push_back(lost_sight());
            }
            *last = had.min(*last);
        }
        stage = web.0.recent.reaches(&places.0).map_or_else(|| Stage::Past(Instant::now()), Stage::Live);
    }
    let more = web.0.recent.watch();
    let stream = Stream { web, only, kinds, places, stage, ready, more, _one_of_many: permit };
    // Something at once, so that the reader knows that from here on nothing is missed.
    let began = stream::iter([Ok::<_, Infallible>(Sent::default().comment("from here on"))]);
    let facts = stream::unfold(stream, |mut stream| async move { Some((Ok(stream.next().await?), stream)) });
    let events = futures_util::StreamExt::chain(began, facts);
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT)))
}

pub async fn of_all(
    State(web): State<Web>,
    Extension(asker): Extension<Asker>,
    headers: HeaderMap,
    Asked(which): Asked<Which>,
) -> Answer<impl IntoResponse> {
    match asker {
        Asker::House => stream(web, None, &headers, &which),
        Asker::Key(key) => stream(web, Some(key.centre.clone()), &headers, &which),
    }
}

pub async fn of_centre(
    State(web): State<Web>,
    centre: InCentre,
    headers: HeaderMap,
    Asked(which): Asked<Which>,
) -> Answer<impl IntoResponse> {
    let centre = centre.name();
    if !web.directories.names().any(|name| *name == centre) {
        return Err(Problem::NotFound(format!("there is no centre {centre}")));
    }
    stream(web, Some(centre), &headers, &which)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_where_every_centre_stands_and_nothing_else_is_one() {
        let demo = CentreName::new("demo");
        for (text, only) in [("12-0", true), ("12", true), ("0-3", true), ("demo:12-1,other:5", false)] {
            let only = only.then_some(&demo);
            assert_eq!(Places::read(text, only).expect("an id").written(only), text);
        }
        assert_eq!(Places::read("demo:7-1", Some(&demo)), Places::read("7-1", Some(&demo)));
        for wrong in
            ["", "x", "-1", "1-", "1-x", "1--1", "demo:", "1,", "99999999999999999999", "9223372036854775808", "1-0-0"]
        {
            assert_eq!(Places::read(wrong, Some(&demo)), None, "{wrong}");
        }
        assert_eq!(Places::read("12-0", None), None);
    }
}
