//! Keys as RTP packets (RFC 4733), and the place where sound would go.

/// 20 ms of a tone in PCMU.
pub fn sound(ssrc: u32, sequence: u16) -> [u8; 172] {
    let mut packet = [0x8A; 172];
    packet[0] = 0x80;
    packet[1] = 0;
    packet[2..4].copy_from_slice(&sequence.to_be_bytes());
    packet[4..8].copy_from_slice(&(u32::from(sequence) * 160).to_be_bytes());
    packet[8..12].copy_from_slice(&ssrc.to_be_bytes());
    for sample in packet.iter_mut().skip(12).step_by(2) {
        *sample = 0x0A;
    }
    packet
}

/// One key, as the packets to send 20 ms apart: the key goes on for 100 ms, its end is sent three times.
/// `first` is the sequence number of the first packet.
pub fn key(payload: u8, ssrc: u32, first: u16, timestamp: u32, key: char) -> Option<Vec<[u8; 16]>> {
    let event = match key {
        '0'..='9' => key as u8 - b'0',
        '*' => 10,
        '#' => 11,
        _ => return None,
    };
    // In units of 1/8000 s.
    let steps: [(u16, bool); 8] =
        [(160, false), (320, false), (480, false), (640, false), (800, false), (800, true), (800, true), (800, true)];
    let packets = steps.iter().zip(0_u16..).map(|((duration, end), i)| {
        let mut packet = [0; 16];
        packet[0] = 0x80;
        packet[1] = payload | if i == 0 { 0x80 } else { 0 };
        packet[2..4].copy_from_slice(&first.wrapping_add(i).to_be_bytes());
        packet[4..8].copy_from_slice(&timestamp.to_be_bytes());
        packet[8..12].copy_from_slice(&ssrc.to_be_bytes());
        packet[12] = event;
        packet[13] = 10 | if *end { 0x80 } else { 0 };
        packet[14..16].copy_from_slice(&duration.to_be_bytes());
        packet
    });
    Some(packets.collect())
}
