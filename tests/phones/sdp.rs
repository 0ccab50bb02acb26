//! As much of SDP (RFC 8866) as one PCMU stream with keys needs.

use std::net::{IpAddr, SocketAddr};

/// What the other side said of its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    pub to: SocketAddr,
    /// The payload type of RFC 4733 keys, where it takes them.
    pub keys: Option<u8>,
}

/// Our side: `port` for RTP; `keys`: take and send keys as RTP payload 101.
pub fn write(addr: SocketAddr, keys: bool) -> Vec<u8> {
    let (ip, port) = (addr.ip(), addr.port());
    let mut text = format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 0{}\r\n\
         a=rtpmap:0 PCMU/8000\r\n",
        if keys { " 101" } else { "" }
    );
    if keys {
        text.push_str("a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n");
    }
    text.push_str("a=ptime:20\r\na=sendrecv\r\n");
    text.into_bytes()
}

pub fn read(body: &[u8]) -> Option<Stream> {
    let text = String::from_utf8_lossy(body);
    let (mut ip, mut port, mut keys): (Option<IpAddr>, Option<u16>, Option<u8>) = (None, None, None);
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("c=IN IP4 ") {
            ip = rest.trim().parse().ok();
        } else if let Some(rest) = line.strip_prefix("m=audio ") {
            port = rest.split(' ').next().and_then(|port| port.parse().ok());
        } else if let Some(rest) = line.strip_prefix("a=rtpmap:")
            && let Some((payload, "telephone-event/8000")) = rest.trim().split_once(' ')
        {
            keys = payload.parse().ok();
        }
    }
    Some(Stream { to: SocketAddr::new(ip?, port?), keys })
}
