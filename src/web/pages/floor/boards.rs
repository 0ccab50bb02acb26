//! One task a centre draws the floor for all who look at it, in each language that somebody looks in, at most four times
//! a second, and only what changed. It begins with the first who looks and ends after the last.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use super::board::Board;
use super::drawn::Ink;
use crate::dialplan::Language;
use crate::routing::ids::CentreName;
use crate::web::Web;
use crate::web::pages::live::Change;
use crate::web::pages::problem::{PageProblem, Shown};
use crate::web::pages::words::Words;

/// Between two looks: eyes do not see more, and the loop that carries calls is asked no more often.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Without a change the clock goes on: waits turn late, days end, journals fill.
const LOOK_AT_LEAST: Duration = Duration::from_secs(1);
/// Pieces kept for a stream that is slow; one that falls behind is given the whole floor again.
const MOST_PIECES: usize = 64;
/// For the first look.
const FIRST_WITHIN: Duration = Duration::from_secs(5);

/// What the streams of one centre are told.
struct Told {
    languages: BTreeMap<Language, broadcast::Sender<Arc<str>>>,
    /// The board that all pieces so far have led to.
    board: watch::Sender<Option<Arc<Board>>>,
}

impl Told {
    fn is_heard(&self) -> bool {
        self.languages.values().any(|pieces| pieces.receiver_count() > 0)
    }
}

#[derive(Default)]
pub struct Boards(Mutex<BTreeMap<CentreName, Arc<Told>>>);

/// One who looks.
pub struct Looker {
    pieces: broadcast::Receiver<Arc<str>>,
    board: watch::Receiver<Option<Arc<Board>>>,
    ink: Ink,
}

impl Looker {
    /// What changed. `Err`: some of it was missed, and all is to be drawn.
    ///
    /// # Errors
    /// `Lagged`, or `Closed` where nothing is drawn any more.
    pub async fn next(&mut self) -> Result<Arc<str>, RecvError> {
        self.pieces.recv().await
    }

    /// The whole floor. What [`Self::next`] tells from now on leads on from there.
    ///
    /// # Errors
    /// `Away` where nothing could be seen yet.
    pub async fn all(&mut self) -> Shown<String> {
        let first = timeout(FIRST_WITHIN, self.board.wait_for(Option::is_some)).await;
        let board = first.ok().and_then(Result::ok).and_then(|board| board.clone()).ok_or(PageProblem::Away)?;
        self.ink.all(&board)
    }
}

impl Boards {
    fn all(&self) -> MutexGuard<'_, BTreeMap<CentreName, Arc<Told>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn look(&self, web: &Web, centre: &CentreName, t: Words) -> Looker {
        let mut all = self.all();
        let told = all.entry(centre.clone()).or_insert_with(|| {
            let languages = Language::ALL.into_iter().map(|language| (language, broadcast::channel(MOST_PIECES).0));
            let told = Arc::new(Told { languages: languages.collect(), board: watch::channel(None).0 });
            tokio::spawn(draw(web.clone(), centre.clone(), told.clone()));
            told
        });
        let language = t.language();
        // Every language is there; a closed channel would only end the stream.
        let pieces = told.languages.get(&language).map_or_else(|| broadcast::channel(1).1, |all| all.subscribe());
        Looker { pieces, board: told.board.subscribe(), ink: Ink::of(web, centre, t) }
    }

    /// Whether nobody looks any more; then the next who does begins anew.
    fn is_over(&self, centre: &CentreName, told: &Told) -> bool {
        let mut all = self.all();
        let over = !told.is_heard();
        if over {
            all.remove(centre);
        }
        over
    }
}

async fn draw(web: Web, centre: CentreName, told: Arc<Told>) {
    let mut changes = web.hub().changes();
    let mut next = Instant::now();
    while !web.hub().boards.is_over(&centre, &told) {
        tokio::select! {
            () = sleep_until(next) => {}
            () = web.stop.cancelled() => return,
        }
        next = Instant::now() + LOOK_EVERY;
        match Board::of(&web, &centre).await {
            Ok(board) => tell(&web, &centre, &told, Arc::new(board)),
            // Streams show what they have; their pulse, or its absence, says the rest.
            Err(problem) => tracing::debug!(?problem, "the floor cannot be seen"),
        }
        // What came meanwhile is one change.
        let changed = async {
            loop {
                match changes.recv().await {
                    Ok(Change::Agent(of, _) | Change::Queues(of) | Change::Call(of, _)) if of != centre => {}
                    Ok(_) | Err(RecvError::Lagged(_)) => return,
                    Err(RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        tokio::select! {
            _ = timeout(LOOK_AT_LEAST, changed) => {}
            () = web.stop.cancelled() => return,
        }
    }
}

fn tell(web: &Web, centre: &CentreName, told: &Told, board: Arc<Board>) {
    // First the board and then what led there: who comes between the two hears something twice, and misses nothing.
    let Some(before) = told.board.send_replace(Some(board.clone())) else { return };
    for (language, pieces) in told.languages.iter().filter(|(_, pieces)| pieces.receiver_count() > 0) {
        let ink = Ink::of(web, centre, Words::of(*language));
        match ink.changed(&before, &board) {
            // Who had looked may be gone.
            Ok(Some(text)) => drop(pieces.send(text.into())),
            Ok(None) => {}
            Err(problem) => tracing::warn!(?problem, "a piece of the floor cannot be drawn"),
        }
    }
}
