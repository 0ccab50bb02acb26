//! The socket that all our telephones share, and what each message on it means for its call.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::sync::{Notify, watch};

use super::call::{Call, Phase, State, What};
use super::message::{LONGEST, Message, quoted};
use super::sdp;

/// What a station does when it is rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Does {
    /// Until [`Call::pick_up`] or [`Call::reject`], or until it is told to pick up (a NOTIFY of `talk` in its dialog).
    Ring,
    /// The same, and does not understand that NOTIFY.
    RingDeaf,
    /// Rings, picks up; hangs up so long after, else never.
    Answer { after: Duration, talk: Option<Duration> },
    /// Rings, refuses with this SIP status.
    Reject { after: Duration, status: u16 },
    /// Says nothing at all, as a phone that is switched off.
    Ignore,
}

/// Sends, and makes what must be unique.
#[derive(Debug)]
pub(super) struct Wire {
    // Sent on the plain socket: tokio's would refuse until its reactor has seen it writable, and a first packet
    // would wait for its repetition.
    sip: std::net::UdpSocket,
    rtp: std::net::UdpSocket,
    address: SocketAddr,
    rtp_address: SocketAddr,
    made: AtomicU64,
    /// Packets of sound that came, by where they came from: each call has a port of its own at the switch.
    sounds: Mutex<HashMap<SocketAddr, u64>>,
    /// Sets this process's ids apart from those of one before it, which the switch may still remember.
    start: u64,
}

impl Wire {
    /// On loopback a full buffer is a lost packet, which is what UDP promises, and what repeating is for.
    pub fn send(&self, packet: &[u8], to: SocketAddr) {
        self.sip.send_to(packet, to).ok();
    }

    pub fn send_rtp(&self, packet: &[u8], to: SocketAddr) {
        self.rtp.send_to(packet, to).ok();
    }

    pub fn sounds_from(&self, switch: SocketAddr) -> u64 {
        held(&self.sounds).get(&switch).copied().unwrap_or(0)
    }

    pub fn unique(&self) -> String {
        format!("{:x}-{:x}", self.start, self.made.fetch_add(1, Ordering::Relaxed))
    }

    pub fn branch(&self) -> String {
        format!("z9hG4bK-{}", self.unique())
    }

    pub fn via(&self, branch: &str) -> Vec<u8> {
        format!("SIP/2.0/UDP {};branch={branch};rport", self.address).into_bytes()
    }

    pub fn contact(&self) -> Vec<u8> {
        format!("<sip:telephone@{}>", self.address).into_bytes()
    }

    pub fn rtp_address(&self) -> SocketAddr {
        self.rtp_address
    }

    pub fn ssrc_of(&self, call_id: &str) -> u32 {
        call_id.bytes().fold(0x811C_9DC5, |hash: u32, b| (hash ^ u32::from(b)).wrapping_mul(0x0100_0193))
    }
}

#[derive(Debug)]
struct Inner {
    wire: Arc<Wire>,
    calls: Mutex<HashMap<String, Call>>,
    stations: Mutex<HashMap<String, Station>>,
    rang: Notify,
}

#[derive(Debug)]
struct Station {
    does: Does,
    calls: Vec<Call>,
}

/// Telephones on one socket. Clones are handles on the same; they go dead when the last is dropped.
#[derive(Clone, Debug)]
pub struct Telephones(Arc<Inner>);

/// One socket twice: to send on and to read from.
fn bind(at: SocketAddr) -> io::Result<(std::net::UdpSocket, UdpSocket)> {
    let socket = std::net::UdpSocket::bind(at)?;
    socket.set_nonblocking(true)?;
    let reader = UdpSocket::from_std(socket.try_clone()?)?;
    Ok((socket, reader))
}

fn held<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Telephones {
    /// At this address, which must be on loopback; port 0 takes a free one. A station is there from the first
    /// [`Self::set`] on; others are answered 404. Needs a tokio runtime.
    pub fn listen(at: SocketAddr) -> io::Result<Self> {
        if !at.ip().is_loopback() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "telephones listen on loopback only"));
        }
        let (sip, sip_reader) = bind(at)?;
        let (rtp, rtp_reader) = bind(SocketAddr::new(at.ip(), 0))?;
        let start = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let wire = Wire {
            address: sip.local_addr()?,
            rtp_address: rtp.local_addr()?,
            sip,
            rtp,
            made: AtomicU64::new(0),
            sounds: Mutex::default(),
            start: u64::try_from(start.as_nanos()).unwrap_or_default(),
        };
        let inner = Arc::new(Inner {
            wire: Arc::new(wire),
            calls: Mutex::default(),
            stations: Mutex::default(),
            rang: Notify::new(),
        });
        tokio::spawn(read_sip(sip_reader, Arc::downgrade(&inner)));
        tokio::spawn(count_rtp(rtp_reader, Arc::downgrade(&inner)));
        Ok(Self(inner))
    }

    pub fn address(&self) -> SocketAddr {
        self.0.wire.address
    }

    /// What this station does from its next call on.
    pub fn set(&self, station: &str, does: Does) {
        let mut stations = held(&self.0.stations);
        stations.entry(station.to_owned()).or_insert_with(|| Station { does, calls: Vec::new() }).does = does;
    }

    /// All calls that this station ever had, oldest first.
    pub fn calls_at(&self, station: &str) -> Vec<Call> {
        held(&self.0.stations).get(station).map(|s| s.calls.clone()).unwrap_or_default()
    }

    /// The call that rings or talks at this station now.
    pub fn call_at(&self, station: &str) -> Option<Call> {
        self.calls_at(station).into_iter().rev().find(Call::is_alive)
    }

    /// Waits until this station rings (or talks). `None`: not in this time.
    pub async fn wait_rung(&self, station: &str, within: Duration) -> Option<Call> {
        let rung = async {
            loop {
                let rang = self.0.rang.notified();
                if let Some(call) = self.call_at(station) {
                    return call;
                }
                rang.await;
            }
        };
        tokio::time::timeout(within, rung).await.ok()
    }

    /// Calls `number` at the switch. `name` may be any bytes; line ends and NUL are left out, a header cannot
    /// hold them. `keys_by_rtp`: offer keys as RTP, else press by INFO.
    pub fn dial(&self, switch: SocketAddr, number: &str, from: &str, name: &[u8], keys_by_rtp: bool) -> Call {
        let wire = self.0.wire.clone();
        let (call_id, tag) = (wire.unique(), wire.unique());
        let target = format!("sip:{number}@{switch}");
        let mut us = quoted(name);
        us.extend_from_slice(format!(" <sip:{from}@{}>;tag={tag}", wire.address).as_bytes());
        let them = format!("<{target}>").into_bytes();
        let headers = vec![
            ("via".into(), wire.via(&wire.branch())),
            ("max-forwards".into(), b"70".to_vec()),
            ("from".into(), us.clone()),
            ("to".into(), them.clone()),
            ("call-id".into(), call_id.clone().into_bytes()),
            ("cseq".into(), b"1 INVITE".to_vec()),
            ("contact".into(), wire.contact()),
            ("allow".into(), b"INVITE, ACK, CANCEL, BYE, INFO, OPTIONS".to_vec()),
            ("content-type".into(), b"application/sdp".to_vec()),
        ];
        let body = sdp::write(wire.rtp_address(), keys_by_rtp);
        let invite = Message { start: format!("INVITE {target} SIP/2.0"), headers, body };
        let packet = invite.write();
        let state = State {
            outgoing: true,
            call_id: call_id.clone(),
            tag,
            us,
            them,
            target,
            peer: switch,
            cseq: 1,
            invite,
            last_said: Vec::new(),
            stream: None,
            keys_by_rtp,
            wants_to_leave: false,
            repeating: 0,
            happened: Vec::new(),
            rtp_sequence: 1,
            deaf: true,
            because: Vec::new(),
        };
        let call = self.0.begin(call_id, state);
        let mut state = call.state();
        call.note(&mut state, What::InviteSent);
        call.say_until_heard(&mut state, packet);
        drop(state);
        call
    }
}

impl Inner {
    fn begin(&self, call_id: String, state: State) -> Call {
        let call = Call {
            wire: self.wire.clone(),
            state: Arc::new(Mutex::new(state)),
            phase: Arc::new(watch::Sender::new(Phase::Begun)),
        };
        held(&self.calls).insert(call_id, call.clone());
        call
    }

    fn say(&self, message: &Message, to: SocketAddr) {
        self.wire.send(&message.write(), to);
    }

    fn take(&self, message: Message, from: SocketAddr) {
        let call = held(&self.calls).get(&message.text("call-id")).cloned();
        match (message.status(), call) {
            (Some(status), Some(call)) => answered(&call, &message, status),
            (Some(_), None) => {}
            (None, Some(call)) => self.asked(&call, &message, from),
            (None, None) => match message.method() {
                "INVITE" => self.rung(message, from),
                "ACK" => {}
                "OPTIONS" => self.say(&message.answer(200, "telephone"), from),
                _ => self.say(&message.answer(481, "telephone"), from),
            },
        }
    }

    /// A request within a call.
    fn asked(&self, call: &Call, message: &Message, from: SocketAddr) {
        let mut state = call.state();
        match message.method() {
            "ACK" => {
                Call::heard(&mut state);
                call.note(&mut state, What::Acknowledged);
            }
            "CANCEL" => {
                self.say(&message.answer(200, &state.tag), from);
                // Too late where it is answered: RFC 3261 §9.2.
                if *call.phase.borrow() < Phase::Up {
                    call.note(&mut state, What::CancelReceived);
                    state.because = message.header("reason").unwrap_or_default().to_vec();
                    let packet = state.invite.answer(487, &state.tag).write();
                    state.last_said.clone_from(&packet);
                    call.say_until_heard(&mut state, packet);
                    call.enter(Phase::Ended);
                }
            }
            "BYE" => {
                self.say(&message.answer(200, &state.tag), from);
                if call.is_alive() {
                    call.note(&mut state, What::ByeReceived);
                    Call::heard(&mut state);
                    call.enter(Phase::Ended);
                }
            }
            "INVITE" if !state.outgoing && message.cseq() == state.invite.cseq() => {
                // The same once more: what we said was lost.
                self.wire.send(&state.last_said, from);
            }
            "INVITE" => {
                let mut answer = message.answer(200, &state.tag);
                answer.headers.push(("contact".into(), self.wire.contact()));
                answer.headers.push(("content-type".into(), b"application/sdp".to_vec()));
                state.stream = sdp::read(&message.body).or(state.stream);
                let keys = state.stream.is_some_and(|stream| stream.keys.is_some());
                answer.body = sdp::write(self.wire.rtp_address, keys);
                self.say(&answer, from);
            }
            "INFO" => {
                let body = String::from_utf8_lossy(&message.body).into_owned();
                let key = body.lines().find_map(|line| line.strip_prefix("Signal=")?.trim().chars().next());
                if let Some(key) = key {
                    call.note(&mut state, What::KeyReceived(key));
                }
                self.say(&message.answer(200, &state.tag), from);
            }
            "NOTIFY" => {
                let deaf = state.deaf;
                self.say(&message.answer(if deaf { 489 } else { 200 }, &state.tag), from);
                call.note(&mut state, What::NotifyReceived(message.text("event")));
                drop(state);
                if !deaf && message.text("event") == "talk" {
                    call.pick_up();
                }
            }
            _ => self.say(&message.answer(200, &state.tag), from),
        }
    }

    /// A new call for one of our stations.
    fn rung(&self, message: Message, from: SocketAddr) {
        let (name, call_id) = (message.called().to_owned(), message.text("call-id"));
        let Some(does) = held(&self.stations).get(&name).map(|station| station.does) else {
            return self.say(&message.answer(404, "telephone"), from);
        };
        if does == Does::Ignore {
            return;
        }
        let tag = self.wire.unique();
        let mut ringing = message.answer(180, &tag);
        ringing.headers.push(("contact".into(), self.wire.contact()));
        let mut us = message.header("to").unwrap_or_default().to_vec();
        us.extend_from_slice(format!(";tag={tag}").as_bytes());
        let stream = sdp::read(&message.body);
        let asked_to_pick_up = message.text("call-info").contains(";answer-after=0");
        let last_said = ringing.write();
        let state = State {
            outgoing: false,
            call_id: call_id.clone(),
            tag,
            us,
            them: message.header("from").unwrap_or_default().to_vec(),
            target: message.contact().unwrap_or_else(|| format!("sip:{from}")),
            peer: from,
            cseq: 1,
            invite: message,
            last_said: last_said.clone(),
            stream,
            keys_by_rtp: true,
            wants_to_leave: false,
            repeating: 0,
            happened: Vec::new(),
            rtp_sequence: 1,
            deaf: does == Does::RingDeaf,
            because: Vec::new(),
        };
        let call = self.begin(call_id, state);
        // Before the switch hears of it: whoever is told that the phone rings looks here.
        if let Some(station) = held(&self.stations).get_mut(&name) {
            station.calls.push(call.clone());
        }
        {
            let mut state = call.state();
            call.note(&mut state, What::InviteReceived);
            self.wire.send(&last_said, from);
            call.note(&mut state, What::Ringing);
        }
        call.enter(Phase::Ringing);
        self.rang.notify_waiters();
        match does {
            Does::Ring if asked_to_pick_up => {
                call.pick_up();
            }
            Does::Ring | Does::RingDeaf | Does::Ignore => {}
            Does::Answer { after, talk } => {
                tokio::spawn(async move {
                    tokio::time::sleep(after).await;
                    if call.pick_up()
                        && let Some(talk) = talk
                    {
                        tokio::time::sleep(talk).await;
                        call.hang_up();
                    }
                });
            }
            Does::Reject { after, status } => {
                tokio::spawn(async move {
                    tokio::time::sleep(after).await;
                    call.reject(status);
                });
            }
        }
    }
}

/// An answer to a request of ours.
fn answered(call: &Call, message: &Message, status: u16) {
    let mut state = call.state();
    let (_, method) = message.cseq();
    if method != "INVITE" {
        // To BYE, CANCEL or INFO. A CANCEL's INVITE is still to be answered.
        if status >= 200 {
            Call::heard(&mut state);
        }
        return;
    }
    let phase = *call.phase.borrow();
    match status {
        100..=199 => {
            if phase == Phase::Begun {
                Call::heard(&mut state);
                // Any provisional answer lets us CANCEL (RFC 3261 §9.1).
                if state.wants_to_leave {
                    call.cancel(&mut state);
                }
                call.enter(Phase::Ringing);
            }
            if status > 100 {
                call.note(&mut state, What::Ringing);
                state.stream = sdp::read(&message.body).or(state.stream);
            }
        }
        200..=299 => {
            if phase >= Phase::Up {
                // The answer again: our ACK was lost.
                let (packet, peer) = (state.last_said.clone(), state.peer);
                return call.wire.send(&packet, peer);
            }
            Call::heard(&mut state);
            state.them = message.header("to").unwrap_or_default().to_vec();
            state.target = message.contact().unwrap_or_else(|| state.target.clone());
            state.stream = sdp::read(&message.body).or(state.stream);
            call.acknowledge(&mut state, message, true);
            call.note(&mut state, What::Answered);
            call.enter(Phase::Up);
            if state.wants_to_leave {
                call.bye(&mut state);
                call.enter(Phase::Ended);
            }
        }
        _ => {
            Call::heard(&mut state);
            call.acknowledge(&mut state, message, false);
            if phase < Phase::Ended {
                call.note(&mut state, What::Refused(status));
                call.enter(Phase::Ended);
            }
        }
    }
}

/// Looks this often whether anybody still holds the telephones.
const LOOKS: Duration = Duration::from_millis(500);

async fn read_sip(socket: UdpSocket, inner: Weak<Inner>) {
    let mut packet = vec![0; LONGEST];
    loop {
        let read = tokio::time::timeout(LOOKS, socket.recv_from(&mut packet)).await;
        let Some(inner) = inner.upgrade() else { return };
        // An error here is an ICMP answer to something sent before: repeating deals with it.
        let Ok(Ok((length, from))) = read else { continue };
        if let Some(message) = packet.get(..length).and_then(Message::read) {
            inner.take(message, from);
        }
    }
}

/// Sound is read so that no buffer of the system stays full, and is nobody's.
async fn count_rtp(socket: UdpSocket, inner: Weak<Inner>) {
    let mut packet = vec![0; 2048];
    while inner.strong_count() > 0 {
        let Ok(Ok((_, from))) = tokio::time::timeout(LOOKS, socket.recv_from(&mut packet)).await else { continue };
        if let Some(inner) = inner.upgrade() {
            *held(&inner.wire.sounds).entry(from).or_default() += 1;
        }
    }
}
