//! Where a hook may lead: out into the world, and to addresses inside only where `cordboard.yaml` allows it, so that
//! nobody who may register a hook makes us ask what only we can reach (SSRF).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use hyper::Uri;
use ipnet::IpNet;

/// The longest address, in bytes.
const LONGEST: usize = 1_000;

/// A hook's address: `https`, or `http` to an address inside that is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    uri: Uri,
    pub tls: bool,
    /// Without brackets.
    pub host: String,
    pub port: u16,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uri.fmt(f)
    }
}

impl Address {
    /// # Errors
    /// In words for whoever wrote it.
    pub fn read(text: &str) -> Result<Self, String> {
        let wrong = || "a hook's address is https://host/path, of 1,000 characters at most".to_owned();
        if text.len() > LONGEST || text.contains('#') {
            return Err(wrong());
        }
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            Some(_) | None => return Err(wrong()),
        };
        let authority = uri.authority().ok_or_else(wrong)?;
        if authority.as_str().contains('@') {
            return Err("a hook's address has no user and no password; what is sent is signed".into());
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        let named = |c: char| c.is_ascii_alphanumeric() || ".-_:".contains(c);
        if host.is_empty() || !host.chars().all(named) {
            return Err(wrong());
        }
        // A port that is none is not taken for one that is left out.
        let port = match authority.as_str().get(authority.host().len()..) {
            Some("") | None => {
                if tls {
                    443
                } else {
                    80
                }
            }
            Some(rest) => {
                let port = rest.strip_prefix(':').and_then(|port| port.parse().ok());
                port.filter(|port| *port > 0).ok_or_else(wrong)?
            }
        };
        Ok(Self { tls, host, port, uri })
    }

    /// What the request line asks for.
    pub fn path(&self) -> &str {
        self.uri.path_and_query().map_or("/", |path| path.as_str())
    }

    /// As the Host header has it.
    pub fn authority(&self) -> &str {
        self.uri.authority().map_or("", |authority| authority.as_str())
    }
}

/// Which addresses may be reached.
#[derive(Clone, Debug, Default)]
pub struct Reachable(Arc<[IpNet]>);

impl Reachable {
    /// The world, and these networks inside.
    pub fn new(inside: &[IpNet]) -> Self {
        Self(inside.into())
    }

    fn allows_inside(&self, ip: IpAddr) -> bool {
        let ip = plain(ip);
        self.0.iter().any(|network| network.contains(&ip))
    }

    /// Without TLS nothing leaves the house: who calls whom would be read on the way.
    pub fn allows(&self, ip: IpAddr, tls: bool) -> bool {
        self.allows_inside(ip) || (tls && is_outside(ip))
    }

    /// Those of a name's addresses that may be reached.
    pub fn of(&self, found: impl IntoIterator<Item = SocketAddr>, tls: bool) -> Vec<SocketAddr> {
        found.into_iter().filter(|address| self.allows(address.ip(), tls)).collect()
    }

    /// What can be said of an address before it is looked up.
    ///
    /// # Errors
    /// In words.
    pub fn could_be(&self, address: &Address) -> Result<(), String> {
        let name = address.host.as_str();
        let literal = name.parse::<IpAddr>().ok();
        let inside = name == "localhost" || name.ends_with(".localhost");
        let literal = literal.or(inside.then_some(IpAddr::V4(Ipv4Addr::LOCALHOST)));
        let could = match literal {
            Some(ip) => self.allows(ip, address.tls),
            // Digits and dots that are no address may be one to somebody else: 127.1, 0x7f000001.
            None if name.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit())) => false,
            None if name.starts_with("0x") => false,
            None => address.tls || !self.0.is_empty(),
        };
        match could {
            true => Ok(()),
            false if !address.tls => {
                Err("outside, a hook's address begins with https://; inside, its network must be \
                 in `web: { hooks: { allow: [...] } }` of cordboard.yaml"
                    .into())
            }
            false => Err("this address is inside; its network must be in `web: { hooks: { allow: [...] } }` of \
                 cordboard.yaml"
                .into()),
        }
    }
}

/// An address that is another in disguise.
fn plain(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(ip, IpAddr::V4),
    }
}

/// Whether an address is out in the world: all that is set apart for something else is not (IANA's special-purpose
/// registries, RFC 6890).
fn is_outside(ip: IpAddr) -> bool {
    match plain(ip) {
        IpAddr::V4(v4) => is_outside_v4(v4),
        IpAddr::V6(v6) => is_outside_v6(v6),
    }
}

fn is_outside_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let inside = match (a, b, c) {
        // This network, loopback, private, what a carrier has inside.
        (0 | 10 | 127, ..) | (172, 16..=31, _) | (192, 168, _) | (100, 64..=127, _) => true,
        // Link-local, where clouds answer what is nobody's business.
        (169, 254, _) => true,
        // Protocols, examples, 6to4 relays, measurements.
        (192, 0, 0 | 2) | (192, 88, 99) | (198, 18 | 19, _) | (198, 51, 100) | (203, 0, 113) => true,
        // Many at once, and later.
        (224..=255, ..) => true,
        _ => false,
    };
    !inside
}

fn is_outside_v6(ip: Ipv6Addr) -> bool {
    let v4 = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    match ip.segments() {
        // Translation of IPv4 leads where the IPv4 address leads (RFC 6052); 6to4 too (RFC 3056).
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => is_outside_v4(v4(high, low)),
        // Protocols (Teredo among them) and examples.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        // The world is 2000::/3; all else is local, link-local, many at once, or not given out.
        [0x2000..=0x3fff, ..] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(ip: &str, tls: bool) -> bool {
        Reachable::new(&["10.9.0.1/16".parse().expect("a network")]).allows(ip.parse().expect("an address"), tls)
    }

    #[test]
    fn the_world_is_reached_with_tls_and_inside_only_what_is_allowed() {
        for outside in
            ["8.8.8.8", "172.15.0.1", "172.32.0.1", "100.63.0.1", "2606:4700::1", "::ffff:8.8.8.8", "64:ff9b::808:808"]
        {
            assert!(allows(outside, true) && !allows(outside, false), "{outside}");
        }
        for inside in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.1",
            "192.0.2.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "fc00::1",
            "fdff::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "2001:0:1::1",
            "2001:db8::1",
            "3fff::1",
            "4000::1",
            "100::1",
        ] {
            assert!(!allows(inside, true) && !allows(inside, false), "{inside}");
        }
        assert!(allows("10.9.3.4", false) && allows("10.9.3.4", true) && allows("::ffff:10.9.3.4", false));
        assert!(!allows("10.8.3.4", false));
    }

    #[test]
    fn what_is_no_address_of_a_hook_is_told_so() {
        let good = Address::read("https://Example.com:8443/a/b?c=d").expect("an address");
        assert_eq!((good.host.as_str(), good.port, good.path()), ("example.com", 8443, "/a/b?c=d"));
        assert_eq!(
            (good.authority(), good.to_string().as_str()),
            ("Example.com:8443", "https://Example.com:8443/a/b?c=d")
        );
        let six = Address::read("http://[::1]/x").expect("an address");
        assert_eq!((six.host.as_str(), six.port, six.authority()), ("::1", 80, "[::1]"));
        for wrong in [
            "",
            "example.com",
            "/x",
            "ftp://example.com/",
            "https://",
            "https:///x",
            "https://user:pw@example.com/",
            "https://example.com:0/",
            "https://example.com:/",
            "https://example.com:99999/",
            "https://exa mple.com/",
            "https://example.com/#x",
            "https://example.com/\r\nX: y",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "https://例.com/",
            "https://a$b/",
            &format!("https://example.com/{}", "x".repeat(1_000)),
        ] {
            assert!(Address::read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_address_inside_is_refused_before_it_is_looked_up() {
        let (none, some) = (Reachable::default(), Reachable::new(&["127.0.0.1/8".parse().expect("a network")]));
        let could =
            |reachable: &Reachable, text: &str| reachable.could_be(&Address::read(text).expect("an address")).is_ok();
        assert!(could(&none, "https://example.com/") && !could(&none, "http://example.com/"));
        for inside in [
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://localhost/",
            "https://LOCALHOST/",
            "https://a.localhost/",
            "http://127.0.0.1/",
        ] {
            assert!(!could(&none, inside), "{inside}");
        }
        for disguised in [
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0x7f.1/",
            "https://[::ffff:127.0.0.1]/",
            "https://0177.0.0.1/",
        ] {
            assert!(!could(&none, disguised), "{disguised}");
        }
        assert!(could(&some, "http://127.0.0.1/") && could(&some, "http://localhost/") && could(&some, "http://pbx/"));
        assert!(!could(&some, "http://10.0.0.1/"));
    }
}
