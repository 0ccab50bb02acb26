//! One call on one of our telephones, caller's or agent's.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::message::Message;
use super::telephones::Wire;
use super::{rtp, sdp};

/// RFC 3261 §17.1.1.1: the first repetition, and the longest pause between two.
const T1: Duration = Duration::from_millis(500);
const T2: Duration = Duration::from_secs(4);

/// Repetitions before the other side counts as dead: about 16 s, sooner than §17's 32, for tests wait on it.
const MOST_REPEATS: u32 = 7;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    InviteSent,
    InviteReceived,
    Ringing,
    /// Any final answer to our INVITE or to theirs.
    Answered,
    Refused(u16),
    Acknowledged,
    CancelSent,
    CancelReceived,
    ByeSent,
    ByeReceived,
    KeyReceived(char),
    /// With this event.
    NotifyReceived(String),
    /// The other side never answered a request of ours.
    Unheard,
}

#[derive(Clone, Debug)]
pub struct Happening {
    pub at: Instant,
    pub what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Begun,
    Ringing,
    Up,
    Ended,
}

#[derive(Debug)]
pub(super) struct State {
    pub outgoing: bool,
    pub call_id: String,
    pub tag: String,
    /// `From` and `To` of a request of ours within the dialog.
    pub us: Vec<u8>,
    pub them: Vec<u8>,
    pub target: String,
    pub peer: SocketAddr,
    pub cseq: u32,
    /// The INVITE as it was sent or came.
    pub invite: Message,
    /// The last thing we said to the INVITE, said again when it comes again (or the ACK, when the answer does).
    pub last_said: Vec<u8>,
    pub stream: Option<sdp::Stream>,
    pub keys_by_rtp: bool,
    pub wants_to_leave: bool,
    /// What is being repeated; another number ends the repeating.
    pub repeating: u64,
    pub happened: Vec<Happening>,
    pub rtp_sequence: u16,
    /// Does not pick up when it is told to.
    pub deaf: bool,
    /// The `Reason` of the CANCEL that came.
    pub because: Vec<u8>,
}

/// A handle on a call; clones are handles on the same one. Dropping it ends nothing.
#[derive(Clone, Debug)]
pub struct Call {
    pub(super) wire: Arc<Wire>,
    pub(super) state: Arc<Mutex<State>>,
    pub(super) phase: Arc<watch::Sender<Phase>>,
}

impl Call {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note(&self, state: &mut State, what: What) {
        state.happened.push(Happening { at: Instant::now(), what });
    }

    pub(super) fn enter(&self, phase: Phase) {
        self.phase.send_if_modified(|now| {
            let later = phase > *now;
            *now = phase.max(*now);
            later
        });
    }

    /// Says it now, and again until something else is said, or heard.
    pub(super) fn say_until_heard(&self, state: &mut State, packet: Vec<u8>) {
        state.repeating += 1;
        let number = state.repeating;
        self.wire.send(&packet, state.peer);
        let (call, peer) = (self.clone(), state.peer);
        tokio::spawn(async move {
            let mut pause = T1;
            for _ in 0..MOST_REPEATS {
                tokio::time::sleep(pause).await;
                if call.state().repeating != number {
                    return;
                }
                call.wire.send(&packet, peer);
                pause = (pause * 2).min(T2);
            }
            let mut state = call.state();
            if state.repeating == number {
                call.note(&mut state, What::Unheard);
                call.enter(Phase::Ended);
            }
        });
    }

    pub(super) fn heard(state: &mut State) {
        state.repeating += 1;
    }

    /// A request within the dialog.
    fn request(&self, state: &mut State, method: &str, kind: Option<&str>, body: Vec<u8>) -> Vec<u8> {
        state.cseq += 1;
        let branch = self.wire.branch();
        let mut headers: Vec<(String, Vec<u8>)> = vec![
            ("via".into(), self.wire.via(&branch)),
            ("max-forwards".into(), b"70".to_vec()),
            ("from".into(), state.us.clone()),
            ("to".into(), state.them.clone()),
            ("call-id".into(), state.call_id.clone().into_bytes()),
            ("cseq".into(), format!("{} {method}", state.cseq).into_bytes()),
            ("contact".into(), self.wire.contact()),
        ];
        headers.extend(kind.map(|kind| ("content-type".into(), kind.as_bytes().to_vec())));
        Message { start: format!("{method} {} SIP/2.0", state.target), headers, body }.write()
    }

    /// The ACK of a 2xx; of others it is part of the transaction (§17.1.1.3) and goes with the INVITE's branch.
    pub(super) fn acknowledge(&self, state: &mut State, answer: &Message, two_hundred: bool) {
        let (number, _) = answer.cseq();
        let via = if two_hundred {
            self.wire.via(&self.wire.branch())
        } else {
            state.invite.header("via").unwrap_or_default().to_vec()
        };
        let target = if two_hundred { state.target.clone() } else { self.invited(state) };
        let headers = vec![
            ("via".into(), via),
            ("max-forwards".into(), b"70".to_vec()),
            ("from".into(), state.us.clone()),
            ("to".into(), answer.header("to").unwrap_or_default().to_vec()),
            ("call-id".into(), state.call_id.clone().into_bytes()),
            ("cseq".into(), format!("{number} ACK").into_bytes()),
        ];
        let packet = Message { start: format!("ACK {target} SIP/2.0"), headers, body: Vec::new() }.write();
        self.wire.send(&packet, state.peer);
        state.last_said = packet;
    }

    fn invited(&self, state: &State) -> String {
        state.invite.start.split(' ').nth(1).unwrap_or_default().to_owned()
    }

    pub(super) fn cancel(&self, state: &mut State) {
        let mut headers: Vec<(String, Vec<u8>)> = Vec::new();
        for (name, value) in &state.invite.headers {
            match name.as_str() {
                "via" | "max-forwards" | "from" | "to" | "call-id" => headers.push((name.clone(), value.clone())),
                _ => {}
            }
        }
        let (number, _) = state.invite.cseq();
        headers.push(("cseq".into(), format!("{number} CANCEL").into_bytes()));
        let start = format!("CANCEL {} SIP/2.0", self.invited(state));
        self.note(state, What::CancelSent);
        let packet = Message { start, headers, body: Vec::new() }.write();
        self.say_until_heard(state, packet);
    }

    pub(super) fn bye(&self, state: &mut State) {
        self.note(state, What::ByeSent);
        let packet = self.request(state, "BYE", None, Vec::new());
        self.say_until_heard(state, packet);
    }

    /// Picks an incoming call up. `false`: it no longer rings.
    pub fn pick_up(&self) -> bool {
        let mut state = self.state();
        if state.outgoing || *self.phase.borrow() >= Phase::Up {
            return false;
        }
        let mut answer = state.invite.answer(200, &state.tag);
        answer.headers.push(("contact".into(), self.wire.contact()));
        answer.headers.push(("content-type".into(), b"application/sdp".to_vec()));
        answer.body = sdp::write(self.wire.rtp_address(), state.stream.is_some_and(|stream| stream.keys.is_some()));
        let packet = answer.write();
        state.last_said.clone_from(&packet);
        self.note(&mut state, What::Answered);
        self.say_until_heard(&mut state, packet);
        self.enter(Phase::Up);
        true
    }

    /// Refuses an incoming call with this SIP status. `false`: it no longer rings.
    pub fn reject(&self, status: u16) -> bool {
        let mut state = self.state();
        if state.outgoing || *self.phase.borrow() >= Phase::Up {
            return false;
        }
        let packet = state.invite.answer(status, &state.tag).write();
        state.last_said.clone_from(&packet);
        self.note(&mut state, What::Refused(status));
        self.say_until_heard(&mut state, packet);
        self.enter(Phase::Ended);
        true
    }

    /// Ends the call in whichever way its phase has: CANCEL, BYE, or a refusal. The call has ended for this side
    /// at once where it is up; a CANCEL waits for what the other side says.
    pub fn hang_up(&self) {
        // The phase changes only under the state's lock: else an answer could slip in between, and a CANCEL that is
        // too late would be all that is ever sent.
        let mut state = self.state();
        let phase = *self.phase.borrow();
        match phase {
            Phase::Ended => {}
            Phase::Up => {
                self.bye(&mut state);
                self.enter(Phase::Ended);
            }
            Phase::Begun if state.outgoing => state.wants_to_leave = true,
            Phase::Ringing if state.outgoing => {
                state.wants_to_leave = true;
                self.cancel(&mut state);
            }
            Phase::Begun | Phase::Ringing => {
                drop(state);
                self.reject(480);
            }
        }
    }

    /// Presses a key (`0`-`9`, `*`, `#`): by RTP where the other side takes it so, else by INFO. Returns when it
    /// has been sent: 160 ms by RTP. Nothing where the call is not up and no early stream is there.
    pub async fn press(&self, key: char) {
        let (stream, sequence, keys_by_rtp) = {
            let mut state = self.state();
            let sequence = state.rtp_sequence;
            state.rtp_sequence = sequence.wrapping_add(16);
            (state.stream, sequence, state.keys_by_rtp)
        };
        let by_rtp = stream.filter(|_| keys_by_rtp).and_then(|stream| Some((stream.to, stream.keys?)));
        match by_rtp {
            Some((to, payload)) => {
                let timestamp = u32::from(sequence) * 160;
                let ssrc = self.wire.ssrc_of(&self.state().call_id);
                for packet in rtp::key(payload, ssrc, sequence, timestamp, key).unwrap_or_default() {
                    self.wire.send_rtp(&packet, to);
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
            None => {
                let body = format!("Signal={key}\r\nDuration=100\r\n").into_bytes();
                let mut state = self.state();
                let packet = self.request(&mut state, "INFO", Some("application/dtmf-relay"), body);
                self.wire.send(&packet, state.peer);
            }
        }
    }

    /// Says something for 20 ms: a packet of sound.
    pub async fn speak(&self) {
        let (stream, sequence, ssrc) = {
            let mut state = self.state();
            let sequence = state.rtp_sequence;
            state.rtp_sequence = sequence.wrapping_add(1);
            (state.stream, sequence, self.wire.ssrc_of(&state.call_id))
        };
        if let Some(stream) = stream {
            self.wire.send_rtp(&rtp::sound(ssrc, sequence), stream.to);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    /// Packets of sound that have come to this telephone until now.
    pub fn sounds(&self) -> u64 {
        self.state().stream.map_or(0, |stream| self.wire.sounds_from(stream.to))
    }

    async fn reaches(&self, wanted: Phase, within: Duration) -> bool {
        let mut phase = self.phase.subscribe();
        let reached = tokio::time::timeout(within, phase.wait_for(|now| *now >= wanted));
        matches!(reached.await, Ok(Ok(_)))
    }

    /// `false`: not in this time, or ended instead.
    pub async fn wait_ringing(&self, within: Duration) -> bool {
        self.reaches(Phase::Ringing, within).await && self.is_alive()
    }

    /// `false`: not in this time, or ended instead.
    pub async fn wait_answered(&self, within: Duration) -> bool {
        self.reaches(Phase::Up, within).await && self.is_alive()
    }

    /// `false`: not in this time.
    pub async fn wait_ended(&self, within: Duration) -> bool {
        self.reaches(Phase::Ended, within).await
    }

    pub fn is_alive(&self) -> bool {
        *self.phase.borrow() < Phase::Ended
    }

    pub fn is_up(&self) -> bool {
        *self.phase.borrow() == Phase::Up
    }

    /// What happened until now, in order, on this process's monotonic clock.
    pub fn happened(&self) -> Vec<Happening> {
        self.state().happened.clone()
    }

    /// When this first happened.
    pub fn when(&self, what: &What) -> Option<Instant> {
        self.state().happened.iter().find(|happening| happening.what == *what).map(|happening| happening.at)
    }

    /// The display name and number that the other side showed: the raw value of From.
    pub fn shown(&self) -> Vec<u8> {
        self.state().invite.header("from").unwrap_or_default().to_vec()
    }

    /// Why the other side stopped the ringing, in its own words: empty where it did not say, or has not stopped it.
    pub fn cancelled_because(&self) -> Vec<u8> {
        self.state().because.clone()
    }
}
