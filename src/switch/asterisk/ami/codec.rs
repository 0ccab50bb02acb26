//! AMI's bytes to frames. Pure: no I/O, no clock, no allocation but the partial frame and one copy of each frame.
//!
//! A frame is the lines up to an empty one. Lines end in CRLF and only there: Asterisk itself sends a bare LF inside
//! some messages (`No Contacts found`, `Park successful`). Header names repeat (`Output`, `ChanVariable`, `Variable`)
//! and all of them are kept, in order. Values are bytes: a caller's name may be no UTF-8.
//!
//! The frames do not depend on how the bytes were cut into reads; the tests cut the transcripts at every byte.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use memchr::{memchr, memchr_iter, memmem};

/// The longest frame that is kept, in bytes without the empty line that ends it. An event has at most 3 kB; the
/// output of a command is one frame and may be long (`dialplan show` of a big centre: some 100 kB). Longer ones are
/// skipped and reported as [`Garbled::FrameTooLong`].
pub const LONGEST_FRAME: usize = 1 << 20;

/// The longest greeting line accepted; Asterisk's has 28 bytes.
pub const LONGEST_GREETING: usize = 256;

/// How much of a skipped frame is looked at for its ActionID: it is the second or third line of everything.
const HEAD_OF_SKIPPED: usize = 1024;

/// How much of what was wrong is quoted in an error, in bytes.
const QUOTED: usize = 80;

const BOUNDARY: &[u8] = b"\r\n\r\n";
const GREETING: &[u8] = b"Asterisk Call Manager/";

/// What came over the wire was not AMI as it should be. Counted by [`Decoder::garbled`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Garbled {
    /// The other side is not a manager interface; nothing more is decoded from this connection.
    #[error("expected the greeting of an Asterisk manager interface, got {0:?}")]
    NotAGreeting(String),
    /// One frame was skipped whole; decoding goes on at the next.
    #[error("a frame of more than {LONGEST_FRAME} bytes was skipped, it began {beginning:?}")]
    FrameTooLong {
        /// Its first bytes, as text.
        beginning: String,
        /// Its ActionID, where it stood near the beginning: somebody waits for it.
        action_id: Option<Bytes>,
    },
}

/// One thing decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decoded {
    /// The first line of a connection, after `Asterisk Call Manager/`: the version of the protocol (`11.0.0`).
    Greeting(String),
    Frame(Frame),
}

/// One message: a response or an event. Cheap to clone. Nothing is decoded until asked for.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// The lines, without the CRLF of the last one and without the empty line.
    body: Bytes,
}

/// What a frame's first line says it is. An event may carry a header `Response` too (`OriginateResponse` does).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind<'a> {
    /// `Response: Success`, `Error`, `Goodbye`, ...
    Response(&'a [u8]),
    /// `Event: Newchannel`, ...
    Event(&'a [u8]),
    /// Anything else; Asterisk sends none.
    Other,
}

impl Frame {
    /// From the lines of one message, CRLF between them. For tests and rehearsals; the wire goes through [`Decoder`].
    pub fn from_lines(body: impl Into<Bytes>) -> Self {
        Self { body: body.into() }
    }

    /// What the first line says.
    pub fn kind(&self) -> Kind<'_> {
        match self.headers().next() {
            Some((name, value)) if name.eq_ignore_ascii_case(b"Event") => Kind::Event(value),
            Some((name, value)) if name.eq_ignore_ascii_case(b"Response") => Kind::Response(value),
            Some(_) | None => Kind::Other,
        }
    }

    /// The event's name, where this is an event and the name is text.
    pub fn event(&self) -> Option<&str> {
        match self.kind() {
            Kind::Event(name) => std::str::from_utf8(name).ok(),
            Kind::Response(_) | Kind::Other => None,
        }
    }

    /// Every header in order, as (name, value). A line without a colon has an empty name and is all value.
    pub fn headers(&self) -> Headers<'_> {
        Headers { rest: Some(&self.body) }
    }

    /// The first header of this name, in any case.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.headers().find(|(given, _)| given.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    }

    /// Every header of this name, in any case, in order.
    pub fn get_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.headers().filter(move |(given, _)| given.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    }

    /// The first header of this name as text; bytes that are no UTF-8 become U+FFFD.
    pub fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        self.get(name).map(String::from_utf8_lossy)
    }

    /// The first header of this name as a number; `None` when it is missing or none.
    pub fn number<N: std::str::FromStr>(&self, name: &str) -> Option<N> {
        std::str::from_utf8(self.get(name)?).ok()?.trim().parse().ok()
    }

    /// A channel variable that the switch attached to an event (`channelvars` in manager.conf, `Variables` in a
    /// Status action): `ChanVariable: NAME=value` or `Variable: NAME=value`.
    pub fn channel_variable(&self, name: &str) -> Option<&[u8]> {
        self.headers().find_map(|(header, value)| {
            if !header.eq_ignore_ascii_case(b"ChanVariable") && !header.eq_ignore_ascii_case(b"Variable") {
                return None;
            }
            value.strip_prefix(name.as_bytes())?.strip_prefix(b"=")
        })
    }

    /// The lines of a command's output: repeated `Output` headers, or what stood before `--END COMMAND--` in the old
    /// form (`Response: Follows`, Asterisk 13 and before, lines ended by a bare LF).
    pub fn output(&self) -> Vec<&[u8]> {
        let lines: Vec<&[u8]> = self.get_all("Output").collect();
        if !lines.is_empty() || self.kind() != Kind::Response(b"Follows") {
            return lines;
        }
        let mut rest: &[u8] = &self.body;
        let mut raw = Vec::new();
        while let Some((line, after)) = next_line(rest) {
            let named = [&b"Response:"[..], b"Privilege:", b"ActionID:", b"Message:"];
            if raw.is_empty() && named.iter().any(|name| line.starts_with(name)) {
                match after {
                    Some(after) => rest = after,
                    None => return raw,
                }
                continue;
            }
            raw.extend(rest.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)));
            break;
        }
        raw.truncate(raw.iter().position(|line| line.starts_with(b"--END COMMAND--")).unwrap_or(raw.len()));
        raw
    }

    /// The whole message without its last CRLF and empty line.
    pub fn bytes(&self) -> &Bytes {
        &self.body
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(
                self.headers().map(|(name, value)| (String::from_utf8_lossy(name), String::from_utf8_lossy(value))),
            )
            .finish()
    }
}

/// The headers of a frame, in order.
#[derive(Debug, Clone)]
pub struct Headers<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> Iterator for Headers<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (line, rest) = next_line(self.rest?)?;
        self.rest = rest;
        Some(header(line))
    }
}

/// The first line and what follows its CRLF; nothing for no bytes at all.
fn next_line(body: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    if body.is_empty() {
        return None;
    }
    for lf in memchr_iter(b'\n', body) {
        if let Some(cr) = lf.checked_sub(1)
            && body.get(cr) == Some(&b'\r')
        {
            return Some((body.get(..cr)?, body.get(lf + 1..)));
        }
    }
    Some((body, None))
}

fn header(line: &[u8]) -> (&[u8], &[u8]) {
    let Some((name, value)) = memchr(b':', line).and_then(|colon| line.split_at_checked(colon)) else {
        return (b"", line);
    };
    let value = value.strip_prefix(b":").unwrap_or(value);
    (name, value.strip_prefix(b" ").unwrap_or(value))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// Before the first line.
    Greeting,
    /// Inside or before a frame.
    Frames,
    /// Inside a frame that is too long, up to the next boundary.
    Skipping,
    /// The other side is no manager interface.
    Refused,
}

/// Bytes in, in any portions; frames out. Holds at most [`LONGEST_FRAME`] + 3 bytes.
#[derive(Debug)]
pub struct Decoder {
    reading: Reading,
    /// The beginning of something whose end has not come; while skipping, its last bytes only.
    partial: Vec<u8>,
    boundary: memmem::Finder<'static>,
    garbled: u64,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder {
    /// For a fresh connection: the greeting comes first.
    pub fn new() -> Self {
        Self { reading: Reading::Greeting, partial: Vec::new(), boundary: memmem::Finder::new(BOUNDARY), garbled: 0 }
    }

    /// For bytes from the middle of a connection, beginning at a frame.
    pub fn after_the_greeting() -> Self {
        Self { reading: Reading::Frames, ..Self::new() }
    }

    /// How many bytes of an unfinished frame are held.
    pub fn buffered(&self) -> usize {
        self.partial.len()
    }

    /// How many errors [`Decoder::next`] has given.
    pub fn garbled(&self) -> u64 {
        self.garbled
    }

    /// Takes from the front of `input` what the next thing needs. `None`: all of `input` is taken and more is needed.
    ///
    /// # Errors
    /// [`Garbled::FrameTooLong`] once for each frame skipped; decoding goes on. [`Garbled::NotAGreeting`] once;
    /// whatever follows is swallowed.
    pub fn next(&mut self, input: &mut &[u8]) -> Option<Result<Decoded, Garbled>> {
        let found = match self.reading {
            Reading::Greeting => self.greeting(input),
            Reading::Frames | Reading::Skipping => self.frame(input),
            Reading::Refused => {
                *input = &[];
                None
            }
        };
        if let Some(Err(_)) = found {
            self.garbled += 1;
        }
        found
    }

    fn greeting(&mut self, input: &mut &[u8]) -> Option<Result<Decoded, Garbled>> {
        loop {
            let Some((byte, rest)) = input.split_first() else {
                // A stranger that says something else is found out at its first bytes.
                let shared = self.partial.len().min(GREETING.len());
                return if self.partial.get(..shared) == GREETING.get(..shared) { None } else { self.no_greeting() };
            };
            *input = rest;
            self.partial.push(*byte);
            if self.partial.len() > LONGEST_GREETING {
                return self.no_greeting();
            }
            if let Some(line) = self.partial.strip_suffix(b"\r\n") {
                let Some(version) = line.strip_prefix(GREETING) else { return self.no_greeting() };
                let version = String::from_utf8_lossy(version).into_owned();
                self.partial.clear();
                self.reading = Reading::Frames;
                return Some(Ok(Decoded::Greeting(version)));
            }
        }
    }

    fn no_greeting(&mut self) -> Option<Result<Decoded, Garbled>> {
        self.reading = Reading::Refused;
        Some(Err(Garbled::NotAGreeting(quoted(&std::mem::take(&mut self.partial)))))
    }

    fn frame(&mut self, input: &mut &[u8]) -> Option<Result<Decoded, Garbled>> {
        loop {
            if self.reading == Reading::Frames && self.blank_line(input) {
                continue;
            }
            if input.is_empty() {
                return None;
            }
            let Some((end, used)) = self.find_boundary(input) else {
                let taken = std::mem::take(input);
                return if self.keep(taken) { None } else { self.skip_on(taken) };
            };
            let (portion, after) = input.split_at_checked(used)?;
            *input = after;
            let found = match self.reading {
                Reading::Skipping => None,
                Reading::Greeting | Reading::Frames | Reading::Refused => Some(self.finish(portion, end)),
            };
            self.reading = Reading::Frames;
            self.forget_partial();
            if found.is_some() {
                return found;
            }
        }
    }

    /// The frame of `end` bytes that begins in `partial` and ends in `portion`.
    fn finish(&mut self, portion: &[u8], end: usize) -> Result<Decoded, Garbled> {
        if end > LONGEST_FRAME {
            return Err(self.too_long(portion));
        }
        let body = if self.partial.is_empty() {
            Bytes::copy_from_slice(portion.get(..end).unwrap_or(portion))
        } else {
            // Where the boundary began in `partial` already, the frame is shorter than what is held.
            let missing = end.saturating_sub(self.partial.len());
            self.partial.extend_from_slice(portion.get(..missing).unwrap_or(portion));
            Bytes::copy_from_slice(self.partial.get(..end).unwrap_or(&self.partial))
        };
        Ok(Decoded::Frame(Frame { body }))
    }

    /// Takes one CRLF where a frame could begin: an empty frame is nothing.
    fn blank_line(&mut self, input: &mut &[u8]) -> bool {
        let needed: &[u8] = match self.partial.as_slice() {
            [] => b"\r\n",
            [b'\r'] => b"\n",
            _ => return false,
        };
        let Some(rest) = input.strip_prefix(needed) else { return false };
        *input = rest;
        self.partial.clear();
        true
    }

    /// Where the frame ends, counted from the beginning of `partial`, and how much of `input` that uses up.
    fn find_boundary(&self, input: &[u8]) -> Option<(usize, usize)> {
        // The boundary may lie across the two: look at three bytes on either side first.
        let before = self.partial.len().saturating_sub(BOUNDARY.len() - 1);
        let held = self.partial.get(before..)?;
        let mut seam = [0_u8; 6];
        let fresh = input.len().min(BOUNDARY.len() - 1);
        let window = held.len() + fresh;
        seam.get_mut(..held.len())?.copy_from_slice(held);
        seam.get_mut(held.len()..window)?.copy_from_slice(input.get(..fresh)?);
        if let Some(at) = seam.get(..window)?.windows(BOUNDARY.len()).position(|four| four == BOUNDARY)
            && at < held.len()
        {
            return Some((before + at, at + BOUNDARY.len() - held.len()));
        }
        let at = self.boundary.find(input)?;
        Some((self.partial.len() + at, at + BOUNDARY.len()))
    }

    /// Keeps bytes of an unfinished frame, unless it is too long already.
    fn keep(&mut self, taken: &[u8]) -> bool {
        let length = self.partial.len() + taken.len();
        // Up to three bytes may turn out to be the beginning of the boundary.
        if self.reading == Reading::Skipping || length > LONGEST_FRAME + BOUNDARY.len() - 1 {
            return false;
        }
        if length > self.partial.capacity() {
            let wanted = length.next_power_of_two().clamp(1024, LONGEST_FRAME + BOUNDARY.len());
            self.partial.reserve_exact(wanted.max(length) - self.partial.len());
        }
        self.partial.extend_from_slice(taken);
        true
    }

    /// Goes on skipping, keeping only what may be the beginning of a boundary. Says what happened the first time.
    fn skip_on(&mut self, taken: &[u8]) -> Option<Result<Decoded, Garbled>> {
        let error = (self.reading == Reading::Frames).then(|| self.too_long(taken));
        self.reading = Reading::Skipping;
        let tail = BOUNDARY.len() - 1;
        let fresh = taken.get(taken.len().saturating_sub(tail)..).unwrap_or(taken);
        let held = self.partial.get(self.partial.len().saturating_sub(tail)..).unwrap_or_default();
        let mut last: Vec<u8> = held.iter().chain(fresh).copied().collect();
        last.drain(..last.len().saturating_sub(tail));
        self.partial = last;
        error.map(Err)
    }

    /// The error for a frame that begins in `partial` and goes on in `more`.
    fn too_long(&self, more: &[u8]) -> Garbled {
        // Always the same part of it, however the bytes were cut.
        let head: Vec<u8> = self.partial.iter().chain(more).take(HEAD_OF_SKIPPED).copied().collect();
        let action_id = Headers { rest: Some(&head) }
            .find(|(name, _)| name.eq_ignore_ascii_case(b"ActionID"))
            .map(|(_, value)| Bytes::copy_from_slice(value));
        Garbled::FrameTooLong { beginning: quoted(&head), action_id }
    }

    fn forget_partial(&mut self) {
        // One huge answer must not hold its memory for the life of the connection.
        if self.partial.capacity() > 64 * 1024 {
            self.partial = Vec::new();
        } else {
            self.partial.clear();
        }
    }
}

fn quoted(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.get(..QUOTED).unwrap_or(bytes)).into_owned()
}
