//! The bounded queue from a connection to the driver. The connection's side never waits.
//!
//! When the driver does not keep up, events are dropped and the driver is told once: what was queued before the first
//! loss comes in order, then one [`Event::ResyncNeeded`], then what came after the driver caught up. Nothing stands
//! between the two, so that the driver never acts on events with an unknown gap.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

use super::client::{AmiError, Generation};
use super::codec::Frame;

/// The most events that wait for the driver. At 20 calls a second and 31 events a call this is 13 s of a driver that
/// does nothing at all; after that a snapshot is quicker than catching up.
pub const MOST_EVENTS: usize = 8_192;

/// The most bytes that wait for the driver; an event has 450 on average.
pub const MOST_EVENT_BYTES: usize = 16 << 20;

/// Why the driver must look at everything alive before it trusts what it believes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resync {
    /// The connection is new: whatever happened before it was missed.
    Connected,
    /// The driver did not keep up, and this many events were dropped.
    Overflow { dropped: u64 },
    /// Something could not be read, and it may have been an event.
    Garbled { what: String },
}

/// What a connection gives its driver.
#[derive(Debug, Clone)]
pub enum Event {
    /// An event of the switch. Late answers and items of lists never come here.
    Received(Received),
    /// Events were missed: take a snapshot.
    ResyncNeeded(Resync),
    /// The connection is over, and this is the last that it gives.
    Lost(AmiError),
}

/// One event of the switch.
#[derive(Debug, Clone)]
pub struct Received {
    pub frame: Frame,
    /// Its place among all frames of this connection, responses and items of lists included: compares with
    /// [`super::List::began`] and [`super::List::ended`].
    pub number: u64,
    /// When the bytes that completed it were read.
    pub read_at: Instant,
}

#[derive(Debug)]
struct Waiting {
    events: VecDeque<Event>,
    bytes: usize,
    /// How many were dropped since the driver last caught up; while it is not 0 everything is dropped.
    dropped: u64,
    ended: Option<AmiError>,
    reader_gone: bool,
}

#[derive(Debug)]
struct Queue {
    waiting: Mutex<Waiting>,
    news: Notify,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Nothing can panic while it is held; if it did, what is queued is still good.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The queue's two ends, with a [`Resync::Connected`] in it already.
pub(super) fn queue(generation: Generation) -> (Sender, Events) {
    let queue = Arc::new(Queue {
        waiting: Mutex::new(Waiting {
            events: VecDeque::from([Event::ResyncNeeded(Resync::Connected)]),
            bytes: 0,
            dropped: 0,
            ended: None,
            reader_gone: false,
        }),
        news: Notify::new(),
    });
    (Sender { queue: Arc::clone(&queue) }, Events { queue, generation })
}

/// The connection's end.
#[derive(Debug)]
pub(super) struct Sender {
    queue: Arc<Queue>,
}

impl Sender {
    /// Never waits; drops when there is no room, and then gives false.
    pub(super) fn received(&self, received: Received) -> bool {
        let size = received.frame.bytes().len();
        self.push(Event::Received(received), size)
    }

    /// Something was missed for another reason than a full queue.
    pub(super) fn resync(&self, why: Resync) {
        self.push(Event::ResyncNeeded(why), 0);
    }

    fn push(&self, event: Event, size: usize) -> bool {
        {
            let mut waiting = self.queue.lock();
            if waiting.reader_gone {
                return true;
            }
            let full = waiting.events.len() >= MOST_EVENTS || waiting.bytes + size > MOST_EVENT_BYTES;
            if full || waiting.dropped > 0 {
                waiting.dropped += 1;
                return false;
            }
            waiting.bytes += size;
            waiting.events.push_back(event);
        }
        self.queue.news.notify_one();
        true
    }

    /// The connection is over; the first reason stays.
    pub(super) fn end(&self, why: AmiError) {
        self.queue.lock().ended.get_or_insert(why);
        self.queue.news.notify_one();
    }
}

/// The driver's end. Dropping it does not end the connection; events are thrown away from then on.
#[derive(Debug)]
pub struct Events {
    queue: Arc<Queue>,
    generation: Generation,
}

impl Events {
    /// The connection that these events come from.
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// The next one; waits until there is one. `None` after [`Event::Lost`]. Loses nothing when cancelled.
    pub async fn recv(&mut self) -> Option<Event> {
        loop {
            match self.take() {
                Taken::One(event) => return Some(event),
                Taken::Over => return None,
                // A notice given before this line is kept for it.
                Taken::Nothing => self.queue.news.notified().await,
            }
        }
    }

    /// The next one if it is there already.
    pub fn try_recv(&mut self) -> Option<Event> {
        match self.take() {
            Taken::One(event) => Some(event),
            Taken::Over | Taken::Nothing => None,
        }
    }

    fn take(&mut self) -> Taken {
        let mut waiting = self.queue.lock();
        if let Some(event) = waiting.events.pop_front() {
            if let Event::Received(received) = &event {
                waiting.bytes = waiting.bytes.saturating_sub(received.frame.bytes().len());
            }
            return Taken::One(event);
        }
        if waiting.dropped > 0 {
            let dropped = std::mem::take(&mut waiting.dropped);
            return Taken::One(Event::ResyncNeeded(Resync::Overflow { dropped }));
        }
        if waiting.reader_gone {
            return Taken::Over;
        }
        match waiting.ended.clone() {
            Some(why) => {
                waiting.reader_gone = true;
                Taken::One(Event::Lost(why))
            }
            None => Taken::Nothing,
        }
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        let mut waiting = self.queue.lock();
        waiting.reader_gone = true;
        waiting.events = VecDeque::new();
        waiting.bytes = 0;
    }
}

enum Taken {
    One(Event),
    Nothing,
    Over,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(number: u64) -> Received {
        Received { frame: Frame::from_lines("Event: X"), number, read_at: Instant::now() }
    }

    fn drain(events: &mut Events) -> Vec<String> {
        std::iter::from_fn(|| events.try_recv())
            .map(|event| match event {
                Event::Received(received) => received.number.to_string(),
                Event::ResyncNeeded(why) => format!("{why:?}"),
                Event::Lost(why) => why.to_string(),
            })
            .collect()
    }

    #[tokio::test]
    async fn a_driver_that_falls_behind_is_told_once_and_between_the_old_and_the_new() {
        let (sender, mut events) = queue(Generation::FIRST);
        let dropped = (0..MOST_EVENTS as u64 + 4).filter(|number| !sender.received(event(*number))).count();
        assert_eq!(dropped, 5);
        // One place was taken by the notice of the new connection.
        let seen = drain(&mut events);
        assert_eq!(seen.len(), MOST_EVENTS + 1);
        assert_eq!(seen.first().map(String::as_str), Some("Connected"));
        assert_eq!(seen.get(MOST_EVENTS - 1), Some(&(MOST_EVENTS - 2).to_string()));
        assert_eq!(seen.last().map(String::as_str), Some("Overflow { dropped: 5 }"));
        sender.received(event(9_999));
        assert_eq!(drain(&mut events), ["9999"]);
    }

    #[tokio::test]
    async fn while_a_driver_catches_up_nothing_new_slips_in_before_the_notice() {
        let (sender, mut events) = queue(Generation::FIRST);
        (0..MOST_EVENTS as u64).for_each(|number| {
            sender.received(event(number));
        });
        for _ in 0..100 {
            events.try_recv();
        }
        sender.received(event(7_777_777));
        let seen = drain(&mut events);
        assert!(!seen.contains(&"7777777".to_owned()));
        assert_eq!(seen.last().map(String::as_str), Some("Overflow { dropped: 2 }"));
    }

    #[tokio::test]
    async fn a_few_huge_events_fill_the_queue_as_many_small_ones_do() {
        let (sender, mut events) = queue(Generation::FIRST);
        let huge = Frame::from_lines(vec![b'x'; MOST_EVENT_BYTES / 4]);
        for number in 0..6 {
            sender.received(Received { frame: huge.clone(), number, read_at: Instant::now() });
        }
        assert_eq!(drain(&mut events), ["Connected", "0", "1", "2", "3", "Overflow { dropped: 2 }"]);
    }

    #[tokio::test]
    async fn the_end_of_a_connection_comes_last_and_only_once() {
        let (sender, mut events) = queue(Generation::FIRST);
        sender.received(event(1));
        sender.end(AmiError::Lost("one".into()));
        sender.end(AmiError::Lost("two".into()));
        assert_eq!(drain(&mut events), ["Connected", "1", "connection lost: one"]);
        assert!(events.recv().await.is_none());
    }
}
