//! Callers and agents' phones on one socket, one thread and one clock.
//!
//! A moment is taken right behind the system call that sent or received the message. How late a timer of ours fires does
//! not matter: what is measured begins when something was really sent.

use crate::sip::{Message, Request, sound_at};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    io::{self, ErrorKind},
    net::{Ipv4Addr, SocketAddrV4, UdpSocket},
    time::{Duration, Instant},
};

/// RFC 3261 §17.1.1.1, T1: an unanswered message is sent again after this.
const RETRANSMIT: Duration = Duration::from_millis(500);
/// Loopback loses nothing unless a buffer overflows; more than this and the switch is gone.
const MOST_RETRANSMITS: u32 = 8;
/// A run without any message or timer for this long will not go on.
const STALLED: Duration = Duration::from_secs(70);

/// One run.
pub struct Load<'a> {
    pub number: &'a str,
    pub calls: u32,
    /// Calls a second.
    pub rate: u32,
    /// From a phone's INVITE to its answer.
    pub ring: Duration,
    /// From a phone's answer to its hanging up.
    pub talk: Duration,
}

/// What a run showed.
#[derive(Default)]
pub struct Seen {
    /// From a caller's INVITE to the INVITE at the agent's phone, one for each call.
    pub to_phone: Vec<Duration>,
    /// The two moments behind each of `to_phone`, by the caller's number: what a program under test says of its own part
    /// is put between them.
    pub stamps: BTreeMap<String, (Instant, Instant)>,
    /// From an agent's hanging up to the next INVITE at the same phone, where callers were waiting all the while.
    pub to_next: Vec<Duration>,
    /// From the first caller's INVITE to the last end of a call.
    pub whole: Duration,
    /// Calls that were refused, never came to a phone, or were taken from it.
    pub failed: u32,
    /// INVITEs to a phone that had a call.
    pub second_calls: u32,
}

/// Where a call is, by its Call-ID on our socket.
enum Dialog {
    Caller { number: String, state: CallerState },
    Phone { agent: String, invite: Message, tag: String, state: PhoneState },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum CallerState {
    Calling,
    Answered,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum PhoneState {
    Ringing,
    Answered,
    Talking,
    HangingUp,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    Dial,
    Answer { call_id: String },
    HangUp { call_id: String },
    Resend { call_id: String, expects: &'static str, text: String, times: u32 },
}

/// An agent between two calls.
struct Free {
    since: Instant,
    callers_waited: bool,
}

pub struct Floor {
    socket: UdpSocket,
    /// Takes the switch's sound. Never read: what does not fit into its buffer is dropped by the kernel.
    _sink: UdpSocket,
    sound: String,
    switch: SocketAddrV4,
    here: String,
    /// Runs of this process so far, so that no number or Call-ID is used twice.
    runs: u32,
}

impl Floor {
    pub fn open(switch: SocketAddrV4, port: u16) -> io::Result<Floor> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, port))?;
        let sink = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        let sound = sound_at(sink.local_addr()?.port());
        Ok(Floor { socket, _sink: sink, sound, switch, here: format!("127.0.0.1:{port}"), runs: 0 })
    }

    pub fn run(&mut self, load: &Load) -> io::Result<Seen> {
        self.runs += 1;
        Run::new(self, load).finish()
    }
}

struct Run<'a> {
    floor: &'a Floor,
    load: &'a Load<'a>,
    timers: BinaryHeap<Reverse<(Instant, u64, Timer)>>,
    timers_set: u64,
    dialogs: BTreeMap<String, Dialog>,
    /// When each caller that no phone has heard of yet sent the INVITE.
    waiting: BTreeMap<String, Instant>,
    free: BTreeMap<String, Free>,
    busy: BTreeMap<String, String>,
    began: Instant,
    dialled: u32,
    ended: u32,
    seen: Seen,
}

impl<'a> Run<'a> {
    fn new(floor: &'a Floor, load: &'a Load<'a>) -> Run<'a> {
        Run {
            floor,
            load,
            timers: BinaryHeap::new(),
            timers_set: 0,
            dialogs: BTreeMap::new(),
            waiting: BTreeMap::new(),
            free: BTreeMap::new(),
            busy: BTreeMap::new(),
            began: Instant::now(),
            dialled: 0,
            ended: 0,
            seen: Seen::default(),
        }
    }

    fn finish(mut self) -> io::Result<Seen> {
        self.set(self.began, Timer::Dial);
        let mut heard = Instant::now();
        let mut datagram = [0; 65_536];
        while self.ended < self.load.calls || !self.dialogs.is_empty() {
            let now = Instant::now();
            if let Some(Reverse((due, ..))) = self.timers.peek()
                && *due <= now
            {
                if let Some(Reverse((_, _, timer))) = self.timers.pop() {
                    self.fire(timer)?;
                }
                continue;
            }
            if now.duration_since(heard) > STALLED {
                self.seen.failed += self.load.calls - self.ended;
                break;
            }
            let until_next = self.timers.peek().map_or(Duration::from_secs(1), |Reverse((due, ..))| *due - now);
            // Zero would mean without end.
            self.floor.socket.set_read_timeout(Some(until_next.clamp(Duration::from_micros(100), STALLED)))?;
            match self.floor.socket.recv_from(&mut datagram) {
                Ok((length, _)) => {
                    heard = Instant::now();
                    if let Some(message) = Message::read(&datagram[..length]) {
                        self.hear(message, heard)?;
                    }
                }
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(e) => return Err(e),
            }
        }
        self.seen.whole = self.began.elapsed();
        self.seen.failed += u32::try_from(self.waiting.len()).unwrap_or(u32::MAX);
        Ok(self.seen)
    }

    fn set(&mut self, due: Instant, timer: Timer) {
        self.timers_set += 1;
        self.timers.push(Reverse((due, self.timers_set, timer)));
    }

    fn send(&self, text: &str) -> io::Result<Instant> {
        self.floor.socket.send_to(text.as_bytes(), self.floor.switch)?;
        Ok(Instant::now())
    }

    /// Sends what the switch has to answer, and again until `expects` (a method whose message or response it is) came.
    fn send_until(&mut self, call_id: &str, expects: &'static str, text: String) -> io::Result<Instant> {
        let sent = self.send(&text)?;
        self.set(sent + RETRANSMIT, Timer::Resend { call_id: call_id.to_owned(), expects, text, times: 0 });
        Ok(sent)
    }

    fn fire(&mut self, timer: Timer) -> io::Result<()> {
        match timer {
            Timer::Dial => self.dial(),
            Timer::Answer { call_id } => self.answer(&call_id),
            Timer::HangUp { call_id } => self.hang_up(&call_id),
            Timer::Resend { call_id, expects, text, times } => {
                let still = match self.dialogs.get(&call_id) {
                    Some(Dialog::Caller { state, .. }) => expects == "INVITE" && *state == CallerState::Calling,
                    Some(Dialog::Phone { state, .. }) => {
                        (expects == "ACK" && *state == PhoneState::Answered)
                            || (expects == "BYE" && *state == PhoneState::HangingUp)
                    }
                    None => false,
                };
                if !still {
                    return Ok(());
                }
                if times == MOST_RETRANSMITS {
                    self.dialogs.remove(&call_id);
                    self.seen.failed += 1;
                    return Ok(());
                }
                let sent = self.send(&text)?;
                self.set(sent + RETRANSMIT, Timer::Resend { call_id, expects, text, times: times + 1 });
                Ok(())
            }
        }
    }

    fn dial(&mut self) -> io::Result<()> {
        let nth = self.dialled;
        self.dialled += 1;
        let number = format!("55{:02}{nth:05}", self.floor.runs);
        let call_id = format!("caller-{}-{number}@127.0.0.1", std::process::id());
        let invite = self.request_of_caller("INVITE", &number, "", 1);
        self.dialogs.insert(call_id.clone(), Dialog::Caller { number: number.clone(), state: CallerState::Calling });
        let sent = self.send_until(&call_id, "INVITE", invite)?;
        self.waiting.insert(number, sent);
        if self.dialled < self.load.calls {
            // From the beginning, not from now: a late timer must not lower the rate.
            let next = self.began + Duration::from_secs(1) * self.dialled / self.load.rate;
            self.set(next, Timer::Dial);
        }
        Ok(())
    }

    /// A caller's request; `to_tag` is what the switch put to its To.
    fn request_of_caller(&self, method: &str, number: &str, to_tag: &str, cseq: u32) -> String {
        let (here, switch) = (&self.floor.here, self.floor.switch);
        let uri = format!("sip:{}@{switch}", self.load.number);
        let is_invite = method == "INVITE";
        Request {
            method,
            uri: &uri,
            here,
            branch: &format!("c{}-{number}-{method}", std::process::id()),
            from: &format!("<sip:{number}@{here}>;tag=c{number}"),
            to: &format!("<{uri}>{to_tag}"),
            call_id: &format!("caller-{}-{number}@127.0.0.1", std::process::id()),
            cseq,
            more: &if is_invite {
                format!("Contact: <sip:{number}@{here}>\r\nContent-Type: application/sdp\r\n")
            } else {
                String::new()
            },
            body: if is_invite { &self.floor.sound } else { "" },
        }
        .write()
    }

    fn answer(&mut self, call_id: &str) -> io::Result<()> {
        let Some(Dialog::Phone { invite, tag, state, .. }) = self.dialogs.get_mut(call_id) else { return Ok(()) };
        *state = PhoneState::Answered;
        let more = format!("Contact: <sip:{}>\r\nContent-Type: application/sdp\r\n", self.floor.here);
        let ok = invite.respond("200 OK", tag, &more, &self.floor.sound);
        self.send_until(call_id, "ACK", ok)?;
        Ok(())
    }

    fn hang_up(&mut self, call_id: &str) -> io::Result<()> {
        let Some(Dialog::Phone { agent, invite, tag, state }) = self.dialogs.get_mut(call_id) else { return Ok(()) };
        *state = PhoneState::HangingUp;
        let agent = agent.clone();
        let bye = Request {
            method: "BYE",
            uri: invite.contact(),
            here: &self.floor.here,
            branch: tag,
            from: &format!("{};tag={tag}", invite.header("to")),
            to: invite.header("from"),
            call_id,
            cseq: 1,
            more: "",
            body: "",
        }
        .write();
        let sent = self.send_until(call_id, "BYE", bye)?;
        self.becomes_free(agent, sent);
        Ok(())
    }

    fn becomes_free(&mut self, agent: String, now: Instant) {
        self.busy.remove(&agent);
        self.free.insert(agent, Free { since: now, callers_waited: !self.waiting.is_empty() });
    }

    fn hear(&mut self, message: Message, now: Instant) -> io::Result<()> {
        let call_id = message.header("call-id").to_owned();
        match message.status() {
            Some(status) => self.hear_response(&call_id, status, &message),
            None => match message.method() {
                "INVITE" => self.hear_invite(call_id, message, now),
                "ACK" => {
                    if let Some(Dialog::Phone { state, .. }) = self.dialogs.get_mut(&call_id)
                        && *state == PhoneState::Answered
                    {
                        *state = PhoneState::Talking;
                        self.set(now + self.load.talk, Timer::HangUp { call_id });
                    }
                    Ok(())
                }
                "BYE" => self.hear_bye(&call_id, &message, now),
                "CANCEL" => self.hear_cancel(&call_id, &message, now),
                // The switch asks whether a phone is alive, or changes where sound goes: both are fine.
                _ => self.send(&message.respond("200 OK", "x", "", "")).map(drop),
            },
        }
    }

    /// A phone is called.
    fn hear_invite(&mut self, call_id: String, invite: Message, now: Instant) -> io::Result<()> {
        let agent = invite.called().to_owned();
        // Never one of another run's: the switch would take our BYE for one that it has answered already.
        let tag = format!("p{}-{}-{}", std::process::id(), self.floor.runs, self.timers_set);
        match self.dialogs.get(&call_id) {
            // Sent again by a switch that has not heard us: our answer is sent again as well, by its own timer.
            Some(Dialog::Phone { state: PhoneState::Ringing, invite, tag, .. }) => {
                return self.send(&invite.respond("180 Ringing", tag, "", "")).map(drop);
            }
            // Within a call: sound is to go somewhere else. It stays where it is.
            Some(Dialog::Phone { tag, .. }) => {
                let more = format!("Contact: <sip:{}>\r\nContent-Type: application/sdp\r\n", self.floor.here);
                let ok = invite.respond("200 OK", tag, &more, &self.floor.sound);
                return self.send(&ok).map(drop);
            }
            Some(Dialog::Caller { number, .. }) => {
                let more = format!("Contact: <sip:{number}@{}>\r\nContent-Type: application/sdp\r\n", self.floor.here);
                let ok = invite.respond("200 OK", "x", &more, &self.floor.sound);
                return self.send(&ok).map(drop);
            }
            None => {}
        }
        if self.busy.contains_key(&agent) {
            self.seen.second_calls += 1;
            return self.send(&invite.respond("486 Busy Here", &tag, "", "")).map(drop);
        }
        if let Some(sent) = self.waiting.remove(invite.caller()) {
            self.seen.to_phone.push(now.duration_since(sent));
            self.seen.stamps.insert(invite.caller().to_owned(), (sent, now));
        }
        if let Some(free) = self.free.remove(&agent)
            && free.callers_waited
        {
            self.seen.to_next.push(now.duration_since(free.since));
        }
        if self.waiting.is_empty() {
            // Nobody waits: the idle agents' pauses are no longer the ACD's doing.
            self.free.values_mut().for_each(|free| free.callers_waited = false);
        }
        self.send(&invite.respond("180 Ringing", &tag, &format!("Contact: <sip:{}>\r\n", self.floor.here), ""))?;
        self.busy.insert(agent.clone(), call_id.clone());
        self.set(now + self.load.ring, Timer::Answer { call_id: call_id.clone() });
        self.dialogs.insert(call_id, Dialog::Phone { agent, invite, tag, state: PhoneState::Ringing });
        Ok(())
    }

    fn hear_bye(&mut self, call_id: &str, bye: &Message, now: Instant) -> io::Result<()> {
        self.send(&bye.respond("200 OK", "x", "", ""))?;
        match self.dialogs.remove(call_id) {
            Some(Dialog::Caller { .. }) => self.ended += 1,
            // Nobody but the agent ends a talk here.
            Some(Dialog::Phone { agent, state, .. }) if state != PhoneState::HangingUp => {
                self.seen.failed += 1;
                self.becomes_free(agent, now);
            }
            Some(Dialog::Phone { .. }) | None => {}
        }
        Ok(())
    }

    fn hear_cancel(&mut self, call_id: &str, cancel: &Message, now: Instant) -> io::Result<()> {
        self.send(&cancel.respond("200 OK", "x", "", ""))?;
        if let Some(Dialog::Phone { state: PhoneState::Ringing, .. }) = self.dialogs.get(call_id)
            && let Some(Dialog::Phone { agent, invite, tag, .. }) = self.dialogs.remove(call_id)
        {
            self.send(&invite.respond("487 Request Terminated", &tag, "", ""))?;
            self.seen.failed += 1;
            self.becomes_free(agent, now);
        }
        Ok(())
    }

    fn hear_response(&mut self, call_id: &str, status: u16, response: &Message) -> io::Result<()> {
        match (response.method(), status) {
            (_, 100..=199) => Ok(()),
            ("INVITE", _) => {
                let Some(Dialog::Caller { number, state }) = self.dialogs.get_mut(call_id) else { return Ok(()) };
                let number = number.clone();
                let tag = response.header("to").split_once(";tag=").map_or("", |(_, tag)| tag).to_owned();
                if status < 300 {
                    *state = CallerState::Answered;
                } else {
                    self.dialogs.remove(call_id);
                    self.waiting.remove(&number);
                    self.seen.failed += 1;
                    self.ended += 1;
                }
                // Also to a response that came twice: the first ACK may be what was lost.
                self.send(&self.request_of_caller("ACK", &number, &format!(";tag={tag}"), 1)).map(drop)
            }
            ("BYE", _) => {
                self.dialogs.remove(call_id);
                Ok(())
            }
            (_, _) => Ok(()),
        }
    }
}
