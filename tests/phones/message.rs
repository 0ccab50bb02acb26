//! SIP messages as bytes: names come from hostile callers and need not be UTF-8.

/// The longest datagram read; SIP over UDP stays far below.
pub const LONGEST: usize = 8 * 1024;

#[derive(Clone, Debug)]
pub struct Message {
    /// `INVITE sip:x SIP/2.0` or `SIP/2.0 200 OK`.
    pub start: String,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
}

/// RFC 3261 §7.3.3: the short names, and the case that we compare in.
fn name(raw: &str) -> String {
    match raw.trim().to_ascii_lowercase().as_str() {
        "v" => "via".into(),
        "f" => "from".into(),
        "t" => "to".into(),
        "i" => "call-id".into(),
        "m" => "contact".into(),
        "c" => "content-type".into(),
        "l" => "content-length".into(),
        long => long.to_owned(),
    }
}

impl Message {
    pub fn read(packet: &[u8]) -> Option<Self> {
        let end = packet.windows(4).position(|w| w == b"\r\n\r\n")?;
        let (head, body) = (packet.get(..end)?, packet.get(end + 4..)?);
        let mut lines = head.split(|b| *b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let start = String::from_utf8(lines.next()?.to_vec()).ok()?;
        let mut headers: Vec<(String, Vec<u8>)> = Vec::new();
        for line in lines {
            if line.first().is_some_and(|b| *b == b' ' || *b == b'\t') {
                headers.last_mut()?.1.extend_from_slice(line);
                continue;
            }
            let colon = line.iter().position(|b| *b == b':')?;
            let value = line.get(colon + 1..)?.trim_ascii().to_vec();
            headers.push((name(&String::from_utf8_lossy(line.get(..colon)?)), value));
        }
        Some(Self { start, headers, body: body.to_vec() })
    }

    pub fn write(&self) -> Vec<u8> {
        let mut out = self.start.clone().into_bytes();
        out.extend_from_slice(b"\r\n");
        for (name, value) in &self.headers {
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(value);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(format!("content-length: {}\r\n\r\n", self.body.len()).as_bytes());
        out.extend_from_slice(&self.body);
        out
    }

    /// `None` for a request.
    pub fn status(&self) -> Option<u16> {
        self.start.strip_prefix("SIP/2.0 ")?.split(' ').next()?.parse().ok()
    }

    pub fn method(&self) -> &str {
        self.start.split(' ').next().unwrap_or_default()
    }

    /// The user part of a request's address.
    pub fn called(&self) -> &str {
        let uri = self.start.split(' ').nth(1).unwrap_or_default();
        uri.strip_prefix("sip:").unwrap_or(uri).split(['@', ';']).next().unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_slice())
    }

    pub fn text(&self, name: &str) -> String {
        String::from_utf8_lossy(self.header(name).unwrap_or_default()).into_owned()
    }

    /// The number and the method of `CSeq`.
    pub fn cseq(&self) -> (u32, String) {
        let text = self.text("cseq");
        let mut words = text.split_whitespace();
        let number = words.next().and_then(|n| n.parse().ok()).unwrap_or_default();
        (number, words.next().unwrap_or_default().to_owned())
    }

    /// The address in `Contact`, where further requests of the dialog go.
    pub fn contact(&self) -> Option<String> {
        let text = self.text("contact");
        let uri = match text.split_once('<') {
            Some((_, rest)) => rest.split('>').next()?,
            None => text.split(';').next()?,
        };
        Some(uri.trim().to_owned()).filter(|uri| !uri.is_empty())
    }

    /// The answer to this request, with what RFC 3261 §8.2.6.2 has copied; `tag` is ours.
    pub fn answer(&self, status: u16, tag: &str) -> Message {
        let mut headers: Vec<(String, Vec<u8>)> = Vec::new();
        for (name, value) in &self.headers {
            match name.as_str() {
                "via" | "from" | "call-id" | "cseq" | "record-route" => headers.push((name.clone(), value.clone())),
                "to" => {
                    let mut to = value.clone();
                    if !String::from_utf8_lossy(&to).contains(";tag=") {
                        to.extend_from_slice(format!(";tag={tag}").as_bytes());
                    }
                    headers.push(("to".into(), to));
                }
                _ => {}
            }
        }
        let phrase = match status {
            100 => "Trying",
            180 => "Ringing",
            200 => "OK",
            404 => "Not Found",
            480 => "Temporarily Unavailable",
            481 => "Call Does Not Exist",
            486 => "Busy Here",
            487 => "Request Terminated",
            603 => "Decline",
            _ => "As Told",
        };
        Message { start: format!("SIP/2.0 {status} {phrase}"), headers, body: Vec::new() }
    }
}

/// A quoted display name. Line ends and NUL cannot be written in a header and are left out; all else stays.
pub fn quoted(name: &[u8]) -> Vec<u8> {
    let mut out = vec![b'"'];
    for byte in name {
        match byte {
            b'\r' | b'\n' | 0 => {}
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
            _ => out.push(*byte),
        }
    }
    out.push(b'"');
    out
}
