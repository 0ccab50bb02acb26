//! As much of SIP (RFC 3261) as a caller and a phone on loopback need: reading a message, writing the few they send.

use std::collections::BTreeMap;

/// One datagram, split into its start line and the headers that matter here.
pub struct Message {
    pub start: String,
    /// All of them, as they came, to be returned in a response.
    vias: Vec<String>,
    /// By lower-case name; the first of each.
    headers: BTreeMap<String, String>,
}

impl Message {
    /// Nothing if it is no SIP message with the headers every one has.
    pub fn read(datagram: &[u8]) -> Option<Message> {
        let text = std::str::from_utf8(datagram).ok()?;
        let mut lines = text.split("\r\n");
        let start = lines.next()?.to_owned();
        let mut message = Message { start, vias: Vec::new(), headers: BTreeMap::new() };
        for line in lines.take_while(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':')?;
            let name = name.trim().to_ascii_lowercase();
            if name == "via" {
                message.vias.push(line.to_owned());
            }
            message.headers.entry(name).or_insert_with(|| value.trim().to_owned());
        }
        let complete = ["from", "to", "call-id", "cseq"].iter().all(|name| message.headers.contains_key(*name));
        complete.then_some(message)
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The status, if this is a response.
    pub fn status(&self) -> Option<u16> {
        self.start.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()
    }

    /// The method: of the request itself, or of the one this responds to.
    pub fn method(&self) -> &str {
        self.header("cseq").split_whitespace().nth(1).unwrap_or("")
    }

    /// The user of the request's address: whom it is for.
    pub fn called(&self) -> &str {
        user(&self.start)
    }

    /// The user in From: who calls.
    pub fn caller(&self) -> &str {
        user(self.header("from"))
    }

    /// The address in Contact: where further requests go.
    pub fn contact(&self) -> &str {
        let contact = self.header("contact");
        match (contact.find('<'), contact.find('>')) {
            (Some(from), Some(to)) if from < to => &contact[from + 1..to],
            _ => contact,
        }
    }

    /// A response to this request. `tag` is ours, put to To unless it has one; `more` are whole header lines.
    pub fn respond(&self, status: &str, tag: &str, more: &str, body: &str) -> String {
        let to = self.header("to");
        let to = if to.contains(";tag=") { to.to_owned() } else { format!("{to};tag={tag}") };
        format!(
            "SIP/2.0 {status}\r\n{}\r\nFrom: {}\r\nTo: {to}\r\nCall-ID: {}\r\nCSeq: {}\r\n{more}Content-Length: {}\r\n\r\n\
             {body}",
            self.vias.join("\r\n"),
            self.header("from"),
            self.header("call-id"),
            self.header("cseq"),
            body.len(),
        )
    }
}

/// What stands between `sip:` and `@`.
fn user(text: &str) -> &str {
    let after = text.split_once("sip:").map_or("", |(_, after)| after);
    after.split_once('@').map_or("", |(user, _)| user)
}

/// A request of ours.
pub struct Request<'a> {
    pub method: &'a str,
    pub uri: &'a str,
    /// Where answers come: `127.0.0.1:PORT`.
    pub here: &'a str,
    pub branch: &'a str,
    pub from: &'a str,
    pub to: &'a str,
    pub call_id: &'a str,
    pub cseq: u32,
    pub more: &'a str,
    pub body: &'a str,
}

impl Request<'_> {
    pub fn write(&self) -> String {
        format!(
            "{method} {} SIP/2.0\r\nVia: SIP/2.0/UDP {};branch=z9hG4bK{}\r\nMax-Forwards: 70\r\nFrom: {}\r\nTo: {}\r\n\
             Call-ID: {}\r\nCSeq: {} {method}\r\n{}Content-Length: {}\r\n\r\n{}",
            self.uri,
            self.here,
            self.branch,
            self.from,
            self.to,
            self.call_id,
            self.cseq,
            self.more,
            self.body.len(),
            self.body,
            method = self.method,
        )
    }
}

/// An offer or answer of plain G.711 that is to be sent to `port` on loopback.
pub fn sound_at(port: u16) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\n\
         a=rtpmap:0 PCMU/8000\r\n"
    )
}
