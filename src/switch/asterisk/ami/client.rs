//! The handle on one connection: connecting, logging in, asking.
//!
//! Never connects again by itself: a lost connection is over, with its generation; the driver opens the next one and
//! takes a snapshot. Never blocks on the switch: whatever is waited for has a limit.

use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use md5::{Digest, Md5};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use super::action::{Action, BadValue};
use super::codec::Frame;
use super::events::{Events, Received, queue};
use super::link::{Batch, Link, Stage, Tally, Writes};
use super::questions::{Question, Waiter};
use super::tls::Tls;

/// How long TCP, and then TLS, may take to come up. A switch next door takes milliseconds.
pub const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// How long the greeting may take; Asterisk sends it at once, or as soon as its manager runs.
pub const GREETING_WITHIN: Duration = Duration::from_secs(5);

/// How long a switch may take from our login until it says `FullyBooted`. A start takes seconds; with many endpoints
/// in a database it may be half a minute.
pub const FULLY_BOOTED_WITHIN: Duration = Duration::from_secs(60);

/// The most sends that wait to be written; with [`MOST_QUEUED_BYTES`] the bound on a switch that reads slowly.
pub const MOST_QUEUED: usize = 4_096;

/// The most bytes that wait to be written. An action has some 200.
pub const MOST_QUEUED_BYTES: usize = 4 << 20;

/// What can go wrong, by what the caller can do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AmiError {
    /// The connection is over or never came up. What was asked may or may not have been done: the next snapshot
    /// decides.
    #[error("connection lost: {0}")]
    Lost(String),
    /// The switch said no, in its own words. Nothing was done.
    #[error("refused: {0}")]
    Refused(String),
    /// No answer in this time. It may have been done; an answer that comes later is thrown away.
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
    /// There was an answer, and it could not be read.
    #[error("garbled: {0}")]
    Garbled(String),
    /// A value cannot be sent. Nothing was sent.
    #[error(transparent)]
    BadValue(#[from] BadValue),
    /// Too much waits to be written already. Nothing was sent; try again later.
    #[error("too much waits to be written to the switch already")]
    Overloaded,
    /// The address cannot be used as it was configured.
    #[error("{0}")]
    BadAddress(String),
}

/// One connection of this process, in the order in which they were made. Whatever belongs to an older one is void.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(u64);

impl Generation {
    /// The first of a process.
    pub const FIRST: Self = Self(1);

    /// Its number, from 1.
    pub fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

static CONNECTIONS: AtomicU64 = AtomicU64::new(Generation::FIRST.0);

/// Where a switch's manager interface is, and as whom to log in.
#[derive(Debug, Clone)]
pub struct AmiAddress {
    /// A name or an address.
    pub host: String,
    /// 5038, or 5039 with TLS, where nobody changed it.
    pub port: u16,
    pub tls: Option<Tls>,
    pub login: Login,
}

/// An account of manager.conf. It needs `read = system` among others, or the switch never says that it has booted.
#[derive(Clone)]
pub struct Login {
    pub username: String,
    /// Never sent: the login is by MD5 challenge.
    pub secret: String,
    /// Which events to get, as `EventMask` takes it: `on`, or `system,call,agi,dtmf`.
    pub events: String,
    /// Put before every ActionID, letters, digits and dots, so that no other session's `OriginateResponse` is taken
    /// for ours (Asterisk sends it to all): the controller's name and epoch will do.
    pub sender: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("username", &self.username)
            .field("secret", &"****")
            .field("events", &self.events)
            .field("sender", &self.sender)
            .finish()
    }
}

/// Connects, logs in, and waits until the switch has booted.
///
/// # Errors
/// `Lost`: not reachable, or gone again. `Refused`: wrong name or secret. `TimedOut`: no greeting, no answer, or no
/// `FullyBooted` (an account without `read = system` never gets it). `Garbled`: no manager interface answers there.
/// `BadAddress`, `BadValue`: wrong as configured.
pub async fn connect(address: &AmiAddress) -> Result<(Ami, Events), AmiError> {
    let lost = |error: &dyn fmt::Display| AmiError::Lost(format!("{}:{}: {error}", address.host, address.port));
    let tls = match &address.tls {
        Some(tls) => Some(tls.connector(&address.host).map_err(AmiError::BadAddress)?),
        None => None,
    };
    let stream = timeout(CONNECT_WITHIN, TcpStream::connect((address.host.as_str(), address.port)))
        .await
        .map_err(|_| AmiError::TimedOut(CONNECT_WITHIN))?
        .map_err(|error| lost(&error))?;
    // An action is smaller than a segment, and the next one must not wait for its acknowledgement.
    stream.set_nodelay(true).map_err(|error| lost(&error))?;
    match tls {
        Some((connector, name)) => {
            let stream = timeout(CONNECT_WITHIN, connector.connect(name, stream))
                .await
                .map_err(|_| AmiError::TimedOut(CONNECT_WITHIN))?
                .map_err(|error| lost(&error))?;
            open_writing(stream, &address.login, Writes::ByLines).await
        }
        None => open(stream, &address.login).await,
    }
}

/// Logs in over a stream that is connected already. Needs a tokio runtime with time.
///
/// # Errors
/// As [`connect`].
pub async fn open<S>(stream: S, login: &Login) -> Result<(Ami, Events), AmiError>
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    open_writing(stream, login, Writes::Whole).await
}

/// As [`open`], with a say in how what is sent is cut into writes: over TLS it must be [`Writes::ByLines`].
///
/// # Errors
/// As [`connect`].
pub async fn open_writing<S>(stream: S, login: &Login, writes: Writes) -> Result<(Ami, Events), AmiError>
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.';
    if login.sender.len() > 64 || !login.sender.bytes().all(plain) {
        return Err(AmiError::BadAddress(format!("{:?} cannot stand before an ActionID", login.sender)));
    }
    let generation = Generation(CONNECTIONS.fetch_add(1, Ordering::Relaxed));
    let shared = Arc::new(Shared {
        generation,
        prefix: format!("{}-{generation}-", login.sender),
        asked: AtomicU64::new(1),
        queued_bytes: AtomicUsize::new(0),
        ended: OnceLock::new(),
        tally: Tally::default(),
    });
    let (events_in, events) = queue(generation);
    let (batches_in, batches) = mpsc::channel(MOST_QUEUED);
    let (stage_in, stage) = watch::channel(Stage::Connected);
    tokio::spawn(Link::new(stream, writes, batches, events_in, stage_in, Arc::clone(&shared)).run());
    let ami = Ami { shared, batches: batches_in, stage };
    ami.log_in(login).await?;
    Ok((ami, events))
}

/// What the handle and the connection's task share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) generation: Generation,
    /// What every ActionID of this connection begins with.
    pub(super) prefix: String,
    /// The number of the next question.
    pub(super) asked: AtomicU64,
    pub(super) queued_bytes: AtomicUsize,
    pub(super) ended: OnceLock<AmiError>,
    pub(super) tally: Tally,
}

impl Shared {
    pub(super) fn next_number(&self) -> u64 {
        self.asked.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn action_id(&self, number: u64) -> String {
        format!("{}{number}", self.prefix)
    }

    fn why_ended(&self) -> AmiError {
        self.ended.get().cloned().unwrap_or_else(|| AmiError::Lost("the connection was given up".into()))
    }
}

/// What a connection has counted since it began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Frames read, responses and events.
    pub frames: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Events dropped because the driver did not keep up.
    pub dropped_events: u64,
    /// Pieces that could not be read.
    pub garbled: u64,
    /// Answers and items of lists for which nobody waited any more.
    pub late: u64,
    /// Answers to nothing that this connection asked, and messages that were neither answer nor event.
    pub strange: u64,
}

/// One connection to a manager interface, logged in. Clones share it; when the last is dropped what was sent is
/// written and the connection closed.
///
/// Asterisk carries out the actions of one connection in order, so what is sent first is done first. An action that
/// blocks (an Originate that is not `Async: true`, a reload) holds up everything behind it, the keep-alive included:
/// after five seconds the connection is given up.
#[derive(Debug, Clone)]
pub struct Ami {
    shared: Arc<Shared>,
    batches: mpsc::Sender<Batch>,
    stage: watch::Receiver<Stage>,
}

impl Ami {
    /// Which connection this is.
    pub fn generation(&self) -> Generation {
        self.shared.generation
    }

    /// Sends one action and waits for its answer. Dropping the future does not unsend it.
    ///
    /// # Errors
    /// Any but `BadAddress`.
    pub async fn ask(&self, action: Action) -> Result<Frame, AmiError> {
        self.send_one(action)?.await
    }

    /// Sends one action; the answer is waited for with what is returned, or not at all.
    ///
    /// # Errors
    /// `BadValue`, `Overloaded`, `Lost`: nothing was sent.
    pub fn send_one(&self, action: Action) -> Result<Reply, AmiError> {
        let (waiter, answer) = oneshot::channel();
        let mut batch = self.start_batch();
        let (action_id, within) = self.add(&mut batch, action, Waiter::One(waiter))?;
        self.enqueue(batch)?;
        Ok(Answer::new(answer, within, action_id, &self.shared))
    }

    /// Sends several actions in one write (over TLS as many as it takes, one behind the other), in order; the answers come in the same order. Either all are sent or none.
    ///
    /// # Errors
    /// `BadValue`, `Overloaded`, `Lost`: nothing was sent.
    pub fn send(&self, actions: impl IntoIterator<Item = Action>) -> Result<Vec<Reply>, AmiError> {
        let mut batch = self.start_batch();
        let mut replies = Vec::new();
        for action in actions {
            let (waiter, answer) = oneshot::channel();
            let (action_id, within) = self.add(&mut batch, action, Waiter::One(waiter))?;
            replies.push(Answer::new(answer, within, action_id, &self.shared));
            if batch.bytes.len() > MOST_QUEUED_BYTES {
                return Err(AmiError::Overloaded);
            }
        }
        if !replies.is_empty() {
            self.enqueue(batch)?;
        }
        Ok(replies)
    }

    /// Sends an action that is answered by a list (`CoreShowChannels`, `Status`, `BridgeList`) and waits for the whole.
    ///
    /// # Errors
    /// As [`Ami::ask`]. Some empty lists are `Refused` (`No Contacts found`, `No active conferences.`). A list longer
    /// than [`super::questions::MOST_LIST_ITEMS`] is `Garbled`.
    pub async fn list(&self, action: Action) -> Result<List, AmiError> {
        self.send_list(action)?.await
    }

    /// Sends an action that is answered by a list; the list is waited for with what is returned.
    ///
    /// # Errors
    /// `BadValue`, `Overloaded`, `Lost`: nothing was sent.
    pub fn send_list(&self, action: Action) -> Result<ListReply, AmiError> {
        let (waiter, answer) = oneshot::channel();
        let mut batch = self.start_batch();
        let (action_id, within) = self.add(&mut batch, action, Waiter::List(waiter))?;
        self.enqueue(batch)?;
        Ok(Answer::new(answer, within, action_id, &self.shared))
    }

    /// Runs a command of the switch's command line and gives its output by lines. The account needs `write = command`.
    ///
    /// # Errors
    /// As [`Ami::ask`]; an unknown command is `Refused` with the switch's words.
    pub async fn command(&self, line: &str) -> Result<Vec<String>, AmiError> {
        let answer = self.ask(Action::new("Command").with("Command", line)).await?;
        Ok(answer.output().into_iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect())
    }

    /// Why the connection is over, if it is.
    pub fn ended(&self) -> Option<AmiError> {
        self.shared.ended.get().cloned()
    }

    /// Waits until the connection is over.
    pub async fn lost(&self) -> AmiError {
        let mut stage = self.stage.clone();
        // Ends only when the connection's task does.
        while stage.changed().await.is_ok() {}
        self.shared.why_ended()
    }

    /// What it has counted.
    pub fn counts(&self) -> Counts {
        self.shared.tally.counts()
    }

    fn start_batch(&self) -> Batch {
        Batch { bytes: Vec::new(), questions: Vec::new(), deadline: None, marks: Vec::new() }
    }

    fn add(&self, batch: &mut Batch, action: Action, waiter: Waiter) -> Result<(String, Duration), AmiError> {
        let mut action = action.checked()?;
        batch.marks.extend(action.take_mark());
        let number = self.shared.next_number();
        let action_id = self.shared.action_id(number);
        action.write_to(&action_id, &mut batch.bytes);
        batch.questions.push(Question { number, waiter });
        let within = action.time_limit();
        let deadline = Instant::now() + within;
        batch.deadline = Some(batch.deadline.map_or(deadline, |earlier| earlier.min(deadline)));
        Ok((action_id, within))
    }

    fn enqueue(&self, batch: Batch) -> Result<(), AmiError> {
        let size = batch.bytes.len();
        let queued = &self.shared.queued_bytes;
        if queued.fetch_add(size, Ordering::Relaxed) + size > MOST_QUEUED_BYTES {
            queued.fetch_sub(size, Ordering::Relaxed);
            return Err(if self.batches.is_closed() { self.shared.why_ended() } else { AmiError::Overloaded });
        }
        self.batches.try_send(batch).map_err(|error| {
            queued.fetch_sub(size, Ordering::Relaxed);
            match error {
                mpsc::error::TrySendError::Full(_) => AmiError::Overloaded,
                mpsc::error::TrySendError::Closed(_) => self.shared.why_ended(),
            }
        })
    }

    async fn log_in(&self, login: &Login) -> Result<(), AmiError> {
        self.reach(Stage::Greeted, GREETING_WITHIN).await?;
        let challenge = self.ask(Action::new("Challenge").with("AuthType", "MD5")).await?;
        let challenge = challenge
            .get("Challenge")
            .ok_or_else(|| AmiError::Garbled("the switch answered a request for a challenge without one".into()))?;
        let mut key = Md5::new();
        key.update(challenge);
        key.update(&login.secret);
        let key: String = key.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        let (mask, whole) = login_mask(&login.events);
        let action = Action::new("Login").with("AuthType", "MD5").with("Username", &login.username);
        self.ask(action.with("Key", key).with("Events", mask)).await?;
        self.reach(Stage::Booted, FULLY_BOOTED_WITHIN).await?;
        if !whole {
            self.ask(Action::new("Events").with("EventMask", &login.events)).await?;
        }
        Ok(())
    }

    async fn reach(&self, wanted: Stage, within: Duration) -> Result<(), AmiError> {
        let mut stage = self.stage.clone();
        match timeout(within, stage.wait_for(|stage| *stage >= wanted)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err(self.shared.why_ended()),
            Err(_) => Err(AmiError::TimedOut(within)),
        }
    }
}

/// The mask to log in with, and whether it is the wanted one: `FullyBooted` is of the class `system` and comes only to
/// those who asked for that.
fn login_mask(wanted: &str) -> (String, bool) {
    let classes: Vec<&str> = wanted.split(',').map(str::trim).collect();
    if classes.iter().any(|class| matches!(*class, "system" | "on" | "all")) {
        (wanted.to_owned(), true)
    } else if matches!(wanted, "" | "off") {
        ("system".to_owned(), false)
    } else {
        (format!("system,{wanted}"), false)
    }
}

/// A whole list.
#[derive(Debug, Clone)]
pub struct List {
    /// The response that announced it.
    pub response: Frame,
    /// Its items in order.
    pub items: Vec<Received>,
    /// What ended it; `None` where the switch answered without a list.
    pub complete: Option<Frame>,
    /// The place of the response among all frames of the connection: compares with [`Received::number`]. An event
    /// with a number between this and `ended` came while the list was made, and is newer than what the list says.
    pub began: u64,
    /// The place of the list's end.
    pub ended: u64,
}

/// An answer under way. Await it, or drop it: what was sent stays sent, and an answer nobody waits for is thrown away.
#[derive(Debug)]
pub struct Answer<T> {
    answer: oneshot::Receiver<Result<T, AmiError>>,
    deadline: Pin<Box<Sleep>>,
    within: Duration,
    action_id: String,
    shared: Arc<Shared>,
}

/// The answer to one action.
pub type Reply = Answer<Frame>;

/// The answer to an action that is answered by a list.
pub type ListReply = Answer<List>;

impl<T> Answer<T> {
    fn new(
        answer: oneshot::Receiver<Result<T, AmiError>>,
        within: Duration,
        action_id: String,
        shared: &Arc<Shared>,
    ) -> Self {
        let deadline = Box::pin(sleep_until(Instant::now() + within));
        Self { answer, deadline, within, action_id, shared: Arc::clone(shared) }
    }

    /// The ActionID that went with the action; an `OriginateResponse` carries it.
    pub fn action_id(&self) -> &str {
        &self.action_id
    }
}

impl<T> Future for Answer<T> {
    type Output = Result<T, AmiError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(answer) = Pin::new(&mut self.answer).poll(context) {
            return Poll::Ready(answer.unwrap_or_else(|_| Err(self.shared.why_ended())));
        }
        match self.deadline.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(AmiError::TimedOut(self.within))),
            Poll::Pending => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boot_notice_is_always_asked_for() {
        assert_eq!(login_mask("on"), ("on".into(), true));
        assert_eq!(login_mask("call, system"), ("call, system".into(), true));
        assert_eq!(login_mask("call,agi"), ("system,call,agi".into(), false));
        assert_eq!(login_mask("off"), ("system".into(), false));
    }

    #[test]
    fn a_secret_is_never_shown() {
        let login = Login { username: "u".into(), secret: "hush".into(), events: "on".into(), sender: "c.1".into() };
        assert!(!format!("{login:?}").contains("hush"));
    }
}
