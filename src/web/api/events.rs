//! Events: every fact as it happens, as a stream (server-sent events, WHATWG HTML §9.2).
//!
//! A reader who cannot keep up is told how many they missed, and goes on; nobody waits for them.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio_util::sync::CancellationToken;

use super::answer::{Answer, Problem};
use super::asker::Asker;
use super::body::InCentre;
use crate::calendar::Moment;
use crate::controller::Happened;
use crate::routing::Fact;
use crate::routing::ids::CentreName;
use crate::web::Web;

/// A comment when nothing happens, so that whoever is between us does not take the line for dead.
const HEARTBEAT: Duration = Duration::from_secs(15);

#[derive(Serialize, JsonSchema)]
pub struct Shown<'h> {
    centre: &'h CentreName,
    seq: u64,
    at_ms: Moment,
    words: String,
    fact: &'h Fact,
}

struct Stream {
    happened: Receiver<Arc<Happened>>,
    /// All, unless one is named.
    centre: Option<CentreName>,
    stop: CancellationToken,
    _one_of_many: OwnedSemaphorePermit,
}

impl Stream {
    /// `None` when we stop.
    async fn next(&mut self) -> Option<Event> {
        loop {
            let received = tokio::select! {
                received = self.happened.recv() => received,
                () = self.stop.cancelled() => return None,
            };
            match received {
                Ok(happened) if self.centre.as_ref().is_none_or(|centre| *centre == happened.centre) => {
                    return event(&happened);
                }
                Ok(_) => {}
                Err(RecvError::Lagged(missed)) => {
                    return Some(Event::default().event("lagged").data(format!("{{\"missed\":{missed}}}")));
                }
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

fn event(happened: &Happened) -> Option<Event> {
    let Happened { centre, seq, at, fact } = happened;
    let shown = Shown { centre, seq: *seq, at_ms: *at, words: fact.in_words(), fact };
    // No fact of ours cannot be spelled.
    let data = serde_json::to_string(&shown).ok()?;
    Some(Event::default().event("fact").id(seq.to_string()).data(data))
}

fn stream(web: &Web, centre: Option<CentreName>) -> Answer<impl IntoResponse + use<>> {
    let streams = web.0.streams.clone();
    let permit = streams.try_acquire_owned().map_err(|_| Problem::Away("too many streams are open already".into()))?;
    let happened = web.handle.happened();
    let stream = Stream { happened, centre, stop: web.stop.clone(), _one_of_many: permit };
    // Something at once, so that the reader knows that from here on nothing is missed.
    let began = stream::iter([Ok::<_, Infallible>(Event::default().comment("from here on"))]);
    let facts = stream::unfold(stream, |mut stream| async move { Some((Ok(stream.next().await?), stream)) });
    let events = futures_util::StreamExt::chain(began, facts);
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT)))
}

pub async fn of_all(State(web): State<Web>, Extension(asker): Extension<Asker>) -> Answer<impl IntoResponse> {
    match asker {
        Asker::House => stream(&web, None),
        Asker::Key(key) => stream(&web, Some(key.centre.clone())),
    }
}

pub async fn of_centre(State(web): State<Web>, centre: InCentre) -> Answer<impl IntoResponse> {
    let centre = centre.name();
    if !web.directories.names().any(|name| *name == centre) {
        return Err(Problem::NotFound(format!("there is no centre {centre}")));
    }
    stream(&web, Some(centre))
}

#[cfg(test)]
mod tests {
    use tokio::sync::{Semaphore, broadcast};

    use super::*;

    fn happened(centre: &str, seq: u64) -> Arc<Happened> {
        let fact = Fact::WallClockStepped { by_ms: 1 };
        Arc::new(Happened { centre: CentreName::new(centre), seq, at: Moment::from_ms(0), fact })
    }

    fn text(event: &Option<Event>) -> String {
        // An event shows its bytes only in its Debug.
        format!("{event:?}")
    }

    #[tokio::test]
    async fn a_reader_who_is_too_slow_is_told_how_many_they_missed_and_goes_on() {
        let (facts, happening) = broadcast::channel(2);
        let streams = Arc::new(Semaphore::new(1));
        let permit = streams.clone().try_acquire_owned().expect("a stream");
        let stop = CancellationToken::new();
        let centre = Some(CentreName::new("demo"));
        let mut stream = Stream { happened: happening, centre, stop: stop.clone(), _one_of_many: permit };
        for seq in 1..=5 {
            facts.send(happened("demo", seq)).expect("a reader");
        }
        let lagged = text(&stream.next().await);
        assert!(lagged.contains("lagged") && lagged.contains("missed") && lagged.contains('3'), "{lagged}");
        assert!(text(&stream.next().await).contains("id: 4"));
        assert!(text(&stream.next().await).contains("id: 5"));
        facts.send(happened("other", 6)).expect("a reader");
        facts.send(happened("demo", 7)).expect("a reader");
        assert!(text(&stream.next().await).contains("id: 7"));
        stop.cancel();
        assert!(stream.next().await.is_none());
        drop(stream);
        assert_eq!(streams.available_permits(), 1);
    }
}
