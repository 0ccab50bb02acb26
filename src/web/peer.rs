//! Where a request comes from: the connection's other end, or whoever a proxy on this machine speaks for.

use std::net::{IpAddr, Ipv6Addr};

use axum::http::HeaderMap;

/// The other end of the connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

impl Peer {
    /// A proxy on this machine says whom it speaks for; the last it names is the one it saw itself.
    pub fn behind_proxy(self, headers: &HeaderMap) -> IpAddr {
        let Self(peer) = self;
        let named = headers.get_all("x-forwarded-for").iter().next_back().and_then(|line| line.to_str().ok());
        let last = named.and_then(|line| line.rsplit(',').next()).and_then(|text| text.trim().parse().ok());
        last.filter(|_| peer.is_loopback()).unwrap_or(peer)
    }
}

/// What wrong guesses are counted by: whoever has one IPv6 address has 2^64 of them.
pub fn network(source: IpAddr) -> IpAddr {
    match source {
        IpAddr::V4(_) => source,
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => IpAddr::V4(v4),
            None => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_proxy_on_this_machine_speaks_for_others_and_the_last_it_names_counts() {
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", "198.51.100.1, 192.0.2.7".parse().expect("a header"));
        assert_eq!(Peer([127, 0, 0, 1].into()).behind_proxy(&headers), IpAddr::from([192, 0, 2, 7]));
        assert_eq!(Peer([203, 0, 113, 9].into()).behind_proxy(&headers), IpAddr::from([203, 0, 113, 9]));
        headers.append("x-forwarded-for", "nonsense".parse().expect("a header"));
        assert_eq!(Peer([127, 0, 0, 1].into()).behind_proxy(&headers), IpAddr::from([127, 0, 0, 1]));
    }

    #[test]
    fn a_whole_network_guesses_as_one() {
        let of = |text: &str| network(text.parse().expect("an address"));
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
