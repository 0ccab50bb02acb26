//! The task that owns one connection: reads, sorts, writes, keeps alive. Ends with the connection, and then everybody
//! who waits is told.
//!
//! Reading never waits for anybody: events go into a queue that drops rather than blocks, answers to waiters that may
//! be gone ([`super::questions`]).

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::action::Action;
use super::client::{AmiError, Counts, Shared};
use super::codec::{Decoded, Decoder, Frame, Garbled, Kind};
use super::events::{Received, Resync, Sender};
use super::questions::{Answered, Question, Questions, Sorted};

/// A switch that has answered nothing for this long is asked with a Ping.
pub const PING_AFTER: Duration = Duration::from_secs(2);

/// A switch that has answered nothing for this long, a Ping included, is given up. Asterisk answers in milliseconds
/// at 200 calls at once; calls themselves go on without us.
pub const DEAD_AFTER: Duration = Duration::from_secs(5);

/// A switch that takes no byte for this long is given up.
pub const WRITE_WITHIN: Duration = Duration::from_secs(5);

/// Nothing more is taken from the queue while this many bytes wait for the network.
pub const MOST_UNWRITTEN: usize = 256 * 1024;

/// What Asterisk reads at once, in bytes: one line of the longest kind. See [`Writes::ByLines`].
pub const LONGEST_RECORD: usize = 1_024;

/// How much is read at once, in bytes: 140 events.
const READ_SIZE: usize = 64 * 1024;

/// How long a good-bye may take.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);

/// How far a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Connected,
    Greeted,
    Booted,
}

/// How what is sent is cut into writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writes {
    /// Everything that is there at once.
    Whole,
    /// Whole lines, at most [`LONGEST_RECORD`] bytes of them: one TLS record each. Asterisk takes 1,024 bytes out of
    /// a record and then waits for the network, although the rest of the record lies there decrypted: what does not
    /// fit is carried out only when something else arrives. (Asterisk 22: 500 actions in one record took 2 s, until
    /// our next Ping; by lines 9 ms.)
    ByLines,
}

/// Actions that are written together.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) bytes: Vec<u8>,
    pub(super) questions: Vec<Question>,
    /// After this nobody waits any more, and it is not written: a Bridge that comes seconds late does harm.
    pub(super) deadline: Option<Instant>,
    /// Of actions whose writing is timed.
    pub(super) marks: Vec<String>,
}

/// The counters behind [`Counts`].
#[derive(Debug, Default)]
pub(super) struct Tally {
    frames: AtomicU64,
    bytes: AtomicU64,
    dropped_events: AtomicU64,
    garbled: AtomicU64,
    late: AtomicU64,
    strange: AtomicU64,
}

impl Tally {
    pub(super) fn counts(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            frames: read(&self.frames),
            bytes: read(&self.bytes),
            dropped_events: read(&self.dropped_events),
            garbled: read(&self.garbled),
            late: read(&self.late),
            strange: read(&self.strange),
        }
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// One write, or a flush where everything is written. Loses nothing when cancelled.
async fn push_out<W: AsyncWrite>(writer: &mut WriteHalf<W>, out: &[u8]) -> Next {
    if out.is_empty() { Next::Flushed(writer.flush().await) } else { Next::Wrote(writer.write(out).await) }
}

/// How much of `out` goes into one write by [`Writes::ByLines`]: up to the last end of a line that fits.
fn lines_that_fit(out: &[u8]) -> usize {
    let fits = out.get(..LONGEST_RECORD).unwrap_or(out);
    memchr::memrchr(b'\n', fits).map_or(fits.len(), |lf| lf + 1)
}

/// What happens next on a connection.
enum Next {
    Read(io::Result<usize>),
    Wrote(io::Result<usize>),
    Flushed(io::Result<()>),
    Send(Option<Batch>),
    Alarm,
}

pub(super) struct Link<S> {
    reader: ReadHalf<S>,
    writer: WriteHalf<S>,
    decoder: Decoder,
    /// What is to be written and is not yet.
    out: BytesMut,
    writes: Writes,
    /// Marks of what is in `out`: told when all of it is written.
    marks: Vec<String>,
    /// How much of `out` is of the write that has begun.
    portion: usize,
    /// TLS may hold back what was written.
    unflushed: bool,
    /// Since when nothing could be written although there is something.
    stalled_since: Instant,
    batches: mpsc::Receiver<Batch>,
    /// No handle is left: end when everything is written and answered.
    closing: bool,
    questions: Questions,
    /// How many frames have come.
    number: u64,
    answered_at: Instant,
    ping: Option<(u64, Instant)>,
    events: Sender,
    stage: watch::Sender<Stage>,
    shared: Arc<Shared>,
}

impl<S: AsyncRead + AsyncWrite> Link<S> {
    pub(super) fn new(
        stream: S,
        writes: Writes,
        batches: mpsc::Receiver<Batch>,
        events: Sender,
        stage: watch::Sender<Stage>,
        shared: Arc<Shared>,
    ) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        let now = Instant::now();
        Self {
            reader,
            writer,
            decoder: Decoder::new(),
            out: BytesMut::new(),
            writes,
            marks: Vec::new(),
            portion: 0,
            unflushed: false,
            stalled_since: now,
            batches,
            closing: false,
            questions: Questions::default(),
            number: 0,
            answered_at: now,
            ping: None,
            events,
            stage,
            shared,
        }
    }

    /// Until the connection is over.
    pub(super) async fn run(mut self) {
        let why = self.until_lost().await;
        tracing::info!(generation = %self.shared.generation, %why, "manager connection over");
        // Before the waiters are told, so that whoever asks why finds the same answer.
        let _ = self.shared.ended.set(why.clone());
        self.batches.close();
        self.questions.fail_all(&why);
        while let Ok(batch) = self.batches.try_recv() {
            for question in batch.questions {
                question.waiter.fail(why.clone());
            }
        }
        self.events.end(why);
        drop(self.stage);
        let _ = timeout(CLOSE_WITHIN, self.writer.shutdown()).await;
    }

    async fn until_lost(&mut self) -> AmiError {
        let mut chunk = vec![0_u8; READ_SIZE];
        loop {
            if self.closing && self.is_idle() {
                return AmiError::Lost("closed by us".into());
            }
            if let Err(why) = self.turn(&mut chunk).await {
                return why;
            }
        }
    }

    fn is_idle(&self) -> bool {
        self.out.is_empty() && !self.unflushed && !self.questions.any_wanted()
    }

    /// Waits for one thing and deals with it.
    async fn turn(&mut self, chunk: &mut [u8]) -> Result<(), AmiError> {
        let may_send = !self.closing && self.out.len() < MOST_UNWRITTEN && self.questions.have_room();
        let to_push = !self.out.is_empty() || self.unflushed;
        if self.portion == 0 {
            self.portion = match self.writes {
                Writes::Whole => self.out.len(),
                Writes::ByLines => lines_that_fit(&self.out),
            };
        }
        let portion = self.out.get(..self.portion).unwrap_or(&self.out);
        let alarm = self.next_alarm();
        // In this order because none of the upper ones can go on for ever: what is sent is bounded by what is
        // answered, and that by reading. The alarm comes last, so that after a long sleep of this process or its host
        // what has arrived is read before the switch is called dead.
        let next = tokio::select! {
            biased;
            batch = self.batches.recv(), if may_send => Next::Send(batch),
            pushed = push_out(&mut self.writer, portion), if to_push => pushed,
            read = self.reader.read(chunk) => Next::Read(read),
            () = sleep_until(alarm) => Next::Alarm,
        };
        let lost = |error: io::Error| AmiError::Lost(error.to_string());
        match next {
            Next::Send(Some(batch)) => self.take_batch(batch),
            Next::Send(None) => self.closing = true,
            Next::Wrote(wrote) => {
                let length = wrote.map_err(lost)?.min(self.out.len());
                if length == 0 {
                    return Err(AmiError::Lost("the switch takes no more bytes".into()));
                }
                self.out.advance(length);
                self.portion = self.portion.saturating_sub(length);
                self.unflushed = true;
                self.stalled_since = Instant::now();
                if self.out.is_empty() {
                    self.marks.drain(..).for_each(|mark| super::timing::written(&mark));
                }
            }
            Next::Flushed(flushed) => {
                flushed.map_err(lost)?;
                self.unflushed = false;
            }
            Next::Read(read) => {
                let length = read.map_err(lost)?;
                self.take_in(chunk.get(..length).unwrap_or_default())?;
                // A full chunk: more is there, perhaps the answer itself.
                if length < chunk.len() {
                    self.check_alive(Instant::now())?;
                }
            }
            Next::Alarm => self.check_alive(Instant::now())?,
        }
        Ok(())
    }

    fn take_batch(&mut self, batch: Batch) {
        self.shared.queued_bytes.fetch_sub(batch.bytes.len(), Ordering::Relaxed);
        if let Some(deadline) = batch.deadline
            && Instant::now() >= deadline
        {
            for question in batch.questions {
                question.waiter.fail(AmiError::Overloaded);
            }
            return;
        }
        for question in batch.questions {
            self.questions.ask(question);
        }
        self.marks.extend(batch.marks);
        self.write(&batch.bytes);
    }

    fn write(&mut self, bytes: &[u8]) {
        if self.out.is_empty() && !self.unflushed {
            self.stalled_since = Instant::now();
        }
        self.out.extend_from_slice(bytes);
    }

    fn next_alarm(&self) -> Instant {
        let keep_alive = match self.ping {
            None => self.answered_at + PING_AFTER,
            Some((_, sent_at)) => self.dead_at(sent_at),
        };
        if self.out.is_empty() && !self.unflushed {
            keep_alive
        } else {
            keep_alive.min(self.stalled_since + WRITE_WITHIN)
        }
    }

    fn dead_at(&self, ping_sent_at: Instant) -> Instant {
        // From the Ping on and not from the last answer alone: a process that slept did not ask anything.
        ping_sent_at.max(self.answered_at) + DEAD_AFTER.saturating_sub(PING_AFTER)
    }

    fn check_alive(&mut self, now: Instant) -> Result<(), AmiError> {
        let unwritten = !self.out.is_empty() || self.unflushed;
        if unwritten && now >= self.stalled_since + WRITE_WITHIN {
            return Err(AmiError::Lost(format!("the switch has taken no byte for {WRITE_WITHIN:?}")));
        }
        match self.ping {
            Some((_, sent_at)) if now >= self.dead_at(sent_at) => {
                Err(AmiError::Lost(format!("the switch has answered nothing for {DEAD_AFTER:?}")))
            }
            Some(_) => Ok(()),
            None => {
                if now >= self.answered_at + PING_AFTER {
                    self.ping(now);
                }
                Ok(())
            }
        }
    }

    fn ping(&mut self, now: Instant) {
        let number = self.shared.next_number();
        let mut bytes = Vec::new();
        Action::new("Ping").write_to(&self.shared.action_id(number), &mut bytes);
        self.questions.ping(number);
        self.ping = Some((number, now));
        self.write(&bytes);
    }

    fn take_in(&mut self, mut input: &[u8]) -> Result<(), AmiError> {
        if input.is_empty() {
            let what = if self.decoder.buffered() > 0 {
                "closed by the switch within a message"
            } else {
                "closed by the switch"
            };
            return Err(AmiError::Lost(what.into()));
        }
        let read_at = Instant::now();
        self.shared.tally.bytes.fetch_add(input.len() as u64, Ordering::Relaxed);
        while let Some(found) = self.decoder.next(&mut input) {
            match found {
                Ok(Decoded::Greeting(version)) => {
                    tracing::debug!(generation = %self.shared.generation, version, "manager interface greeted");
                    self.reached(Stage::Greeted);
                }
                Ok(Decoded::Frame(frame)) => {
                    self.number += 1;
                    count(&self.shared.tally.frames);
                    self.sort(frame, read_at);
                }
                Err(garbled) => {
                    count(&self.shared.tally.garbled);
                    self.take_garbled(garbled)?;
                }
            }
        }
        Ok(())
    }

    fn reached(&self, stage: Stage) {
        self.stage.send_if_modified(|current| {
            let further = stage > *current;
            *current = stage.max(*current);
            further
        });
    }

    fn sort(&mut self, frame: Frame, read_at: Instant) {
        let question = frame.get("ActionID").and_then(|id| self.question(id));
        let tally = &self.shared.tally;
        match frame.kind() {
            Kind::Response(_) => {
                self.answered_at = read_at;
                self.ping = self.ping.filter(|(ping, _)| Some(*ping) != question);
                match self.questions.answer(frame, question, self.number) {
                    Answered::Delivered => {}
                    Answered::Late => count(&tally.late),
                    Answered::Strange => count(&tally.strange),
                }
            }
            Kind::Event(name) => {
                if name.eq_ignore_ascii_case(b"FullyBooted") {
                    self.reached(Stage::Booted);
                }
                match self.questions.sort(Received { frame, number: self.number, read_at }, question) {
                    Sorted::News(news) => {
                        if !self.events.received(news) {
                            count(&tally.dropped_events);
                        }
                    }
                    Sorted::Item => {}
                    Sorted::LateItem => count(&tally.late),
                }
            }
            Kind::Other => {
                count(&tally.strange);
                tracing::debug!(generation = %self.shared.generation, "a message that is neither answer nor event");
            }
        }
    }

    /// The number in an ActionID of this connection.
    fn question(&self, action_id: &[u8]) -> Option<u64> {
        let digits = action_id.strip_prefix(self.shared.prefix.as_bytes())?;
        std::str::from_utf8(digits).ok()?.parse().ok()
    }

    fn take_garbled(&mut self, garbled: Garbled) -> Result<(), AmiError> {
        let what = garbled.to_string();
        match garbled {
            Garbled::NotAGreeting(_) => Err(AmiError::Garbled(what)),
            Garbled::FrameTooLong { beginning: _, action_id } => {
                // Not what it said: that may be a caller's.
                tracing::warn!(generation = %self.shared.generation, "a message was too long and was skipped");
                let question = action_id.and_then(|id| self.question(&id));
                if !self.questions.garbled(question, &what) {
                    // It may have been an event.
                    self.events.resync(Resync::Garbled { what });
                }
                Ok(())
            }
        }
    }
}
