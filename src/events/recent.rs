//! The latest facts of all centres in memory, so that a reader who comes back, or is slow, misses nothing where the
//! database is still behind. What is older is in SQL.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::sync::watch;

use super::shown::Event;
use crate::controller::{Handle, Happened};
use crate::routing::ids::CentreName;
use crate::store::facts::FactPlace;

/// Ten seconds of a large centre at its busiest, and some megabytes; the database is seldom further behind.
const MOST_KEPT: usize = 8_192;
/// Facts given to a reader at once.
const MOST_AT_ONCE: usize = 128;

/// A fact, and the event it makes when the first reader asks for it.
pub struct Told {
    happened: Arc<Happened>,
    event: OnceLock<Option<Event>>,
}

impl Told {
    pub fn centre(&self) -> &CentreName {
        &self.happened.centre
    }

    pub fn place(&self) -> FactPlace {
        FactPlace { seq: self.happened.seq, n: self.happened.n }
    }

    pub fn event(&self) -> Option<&Event> {
        self.event.get_or_init(|| Event::live(&self.happened)).as_ref()
    }
}

struct Ring {
    /// The number of the first one kept, counted from the start over all centres.
    first: u64,
    told: VecDeque<Arc<Told>>,
    /// Where each centre's last one stands that was told, kept or not.
    last: BTreeMap<CentreName, FactPlace>,
    most: usize,
}

impl Ring {
    fn end(&self) -> u64 {
        self.first + self.told.len() as u64
    }

    fn push(&mut self, happened: Arc<Happened>) {
        let place = FactPlace { seq: happened.seq, n: happened.n };
        self.last.insert(happened.centre.clone(), place);
        if self.told.len() == self.most {
            self.told.pop_front();
            self.first += 1;
        }
        self.told.push_back(Arc::new(Told { happened, event: OnceLock::new() }));
    }
}

/// What follows a number.
pub struct Latest {
    /// Facts that are kept no more.
    pub missed: u64,
    pub told: Vec<Arc<Told>>,
    /// Where to go on.
    pub next: u64,
}

pub struct Recent {
    ring: Mutex<Ring>,
    /// The number after the last one.
    end: watch::Sender<u64>,
}

impl Recent {
    /// Somebody was erased: their numbers stand in what is kept. Whoever is behind reads on in SQL.
    pub fn forget(&self) {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        ring.first = ring.end();
        ring.told.clear();
    }

    /// Keeps what happens from now on, for as long as the controller runs.
    pub fn start(handle: &Handle) -> Arc<Self> {
        // What is durable now happened before the first that will be heard.
        let happened = handle.happened();
        let place = |seq| FactPlace { seq, n: u32::MAX };
        let written = handle.written().iter();
        let last = written.map(|(centre, written)| (centre.clone(), place(*written.durable.borrow()))).collect();
        let recent = Arc::new(Self::new(last, MOST_KEPT));
        tokio::spawn(follow(recent.clone(), happened));
        recent
    }

    fn new(last: BTreeMap<CentreName, FactPlace>, most: usize) -> Self {
        let ring = Ring { first: 0, told: VecDeque::new(), last, most };
        Self { ring: Mutex::new(ring), end: watch::channel(0).0 }
    }

    fn with<T>(&self, what: impl FnOnce(&mut Ring) -> T) -> T {
        what(&mut self.ring.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn push(&self, happened: Arc<Happened>) {
        let end = self.with(|ring| {
            ring.push(happened);
            ring.end()
        });
        self.end.send_replace(end);
    }

    /// What came while nobody listened is lost here: all readers are that far behind.
    fn lost(&self, count: u64) {
        let end = self.with(|ring| {
            ring.first = ring.end() + count;
            ring.told.clear();
            ring.end()
        });
        self.end.send_replace(end);
    }

    /// The number after the last one, and where each centre stands there.
    pub fn now(&self) -> (u64, BTreeMap<CentreName, FactPlace>) {
        self.with(|ring| (ring.end(), ring.last.clone()))
    }

    /// Says when there is more.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.end.subscribe()
    }

    /// Some of what follows `from`; nothing where there is nothing yet.
    pub fn after(&self, from: u64) -> Latest {
        self.with(|ring| {
            let begin = from.max(ring.first);
            let skip = usize::try_from(begin - ring.first).unwrap_or(usize::MAX);
            let told: Vec<Arc<Told>> = ring.told.iter().skip(skip).take(MOST_AT_ONCE).cloned().collect();
            Latest { missed: begin - from, next: begin + told.len() as u64, told }
        })
    }

    /// The number of the first that is kept, if all that follows these places is.
    pub fn reaches(&self, places: &BTreeMap<CentreName, FactPlace>) -> Option<u64> {
        self.with(|ring| {
            let reached = places.iter().all(|(centre, place)| {
                let mut of_centre = ring.told.iter().filter(|told| told.centre() == centre);
                ring.last.get(centre).is_none_or(|last| last <= place)
                    || of_centre.next().is_some_and(|first| first.place() <= *place)
            });
            reached.then_some(ring.first)
        })
    }

    /// The number of the first that is kept.
    pub fn first(&self) -> u64 {
        self.with(|ring| ring.first)
    }

    /// The number of the first that is kept, if what is kept continues what somebody knows: each centre of `known` up
    /// to an entry, whole. `None`: look in SQL once more.
    pub fn continues(&self, known: &BTreeMap<CentreName, u64>) -> Option<u64> {
        self.with(|ring| {
            let continued = known.iter().all(|(centre, seq)| {
                let first = ring.told.iter().find(|told| told.centre() == centre).map(|told| told.place());
                let last = ring.last.get(centre).copied().unwrap_or_default();
                // The entry before the first; where the first is not its entry's first, that entry itself; where none
                // is kept, all that were told.
                *seq >= first
                    .map_or(last.seq, |first| if first.n == 0 { first.seq.saturating_sub(1) } else { first.seq })
            });
            continued.then_some(ring.first)
        })
    }
}

async fn follow(recent: Arc<Recent>, mut happened: Receiver<Arc<Happened>>) {
    loop {
        match happened.recv().await {
            Ok(happened) => recent.push(happened),
            Err(RecvError::Lagged(count)) => recent.lost(count),
            Err(RecvError::Closed) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Moment;
    use crate::routing::Fact;

    fn happened(centre: &str, seq: u64, n: u32) -> Arc<Happened> {
        let fact = Fact::WallClockStepped { by_ms: 1 };
        Arc::new(Happened { centre: CentreName::new(centre), seq, n, at: Moment::from_ms(0), fact })
    }

    fn places(latest: &Latest) -> Vec<(u64, u32)> {
        latest.told.iter().map(|told| (told.place().seq, told.place().n)).collect()
    }

    #[test]
    fn who_is_behind_gets_what_is_kept_and_the_number_of_what_is_not() {
        let recent = Recent::new(BTreeMap::new(), 3);
        for seq in 1..=5 {
            recent.push(happened("demo", seq, 0));
        }
        let latest = recent.after(0);
        assert_eq!((latest.missed, places(&latest), latest.next), (2, vec![(3, 0), (4, 0), (5, 0)], 5));
        let latest = recent.after(4);
        assert_eq!((latest.missed, places(&latest), latest.next), (0, vec![(5, 0)], 5));
        assert_eq!((recent.after(5).missed, recent.after(5).told.len()), (0, 0));
        recent.lost(10);
        let latest = recent.after(5);
        assert_eq!((latest.missed, latest.told.len(), latest.next), (10, 0, 15));
    }

    #[test]
    fn what_is_kept_continues_only_what_reaches_its_beginning() {
        let centre = CentreName::new("demo");
        let durable = BTreeMap::from([(centre.clone(), FactPlace { seq: 7, n: u32::MAX })]);
        let recent = Recent::new(durable, 2);
        let continues = |seq| recent.continues(&BTreeMap::from([(centre.clone(), seq)])).is_some();
        assert!(continues(7) && !continues(6));
        recent.push(happened("demo", 9, 0));
        assert!(continues(8) && !continues(7));
        recent.push(happened("demo", 9, 1));
        recent.push(happened("demo", 9, 2));
        assert!(continues(9) && !continues(8));
        recent.push(happened("other", 1, 0));
        recent.push(happened("other", 2, 0));
        assert!(continues(9) && !continues(8));
    }

    #[test]
    fn what_is_kept_reaches_back_to_the_first_of_it_and_no_further() {
        let centre = CentreName::new("demo");
        let recent = Recent::new(BTreeMap::from([(centre.clone(), FactPlace { seq: 7, n: u32::MAX })]), 2);
        let reaches = |seq, n| recent.reaches(&BTreeMap::from([(centre.clone(), FactPlace { seq, n })])).is_some();
        assert!(reaches(7, u32::MAX) && !reaches(7, 0));
        for n in 0..3 {
            recent.push(happened("demo", 9, n));
        }
        assert!(reaches(9, 2) && reaches(9, 1) && !reaches(9, 0));
    }
}
