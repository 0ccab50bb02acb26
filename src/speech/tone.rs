//! The tone that says that a call comes now: short, soft, and of nobody's voice.

/// As every prompt is: samples a second, of 16 bit, in one channel.
const RATE: u32 = 8_000;
/// In Hz: A, which every line carries and no signal of a network is.
const PITCH: f64 = 880.0;
/// In samples: long enough to be heard for what it is, short enough that no caller waits for it.
const LENGTH: u32 = RATE / 5;
/// Rises and falls within this many samples: without it a tone begins and ends with a crack.
const SLOPE: u32 = RATE / 100;
/// A quarter of what there is, -12 dB: it sounds in an ear that was in silence.
const LOUDNESS: f64 = 8_192.0;

/// A whole WAV file.
pub fn wave() -> Vec<u8> {
    let bytes = LENGTH * 2;
    let mut file = Vec::with_capacity(44 + bytes as usize);
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(36 + bytes).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt ");
    file.extend_from_slice(&16_u32.to_le_bytes());
    // PCM, one channel.
    file.extend_from_slice(&1_u16.to_le_bytes());
    file.extend_from_slice(&1_u16.to_le_bytes());
    file.extend_from_slice(&RATE.to_le_bytes());
    file.extend_from_slice(&(RATE * 2).to_le_bytes());
    file.extend_from_slice(&2_u16.to_le_bytes());
    file.extend_from_slice(&16_u16.to_le_bytes());
    file.extend_from_slice(b"data");
    file.extend_from_slice(&bytes.to_le_bytes());
    for at in 0..LENGTH {
        let slope = f64::from(at.min(LENGTH - 1 - at).min(SLOPE)) / f64::from(SLOPE);
        let turn = std::f64::consts::TAU * PITCH * f64::from(at) / f64::from(RATE);
        #[expect(clippy::cast_possible_truncation, reason = "a quarter of the range")]
        file.extend_from_slice(&((turn.sin() * slope * LOUDNESS) as i16).to_le_bytes());
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_fifth_of_a_second_of_one_pitch_that_begins_and_ends_in_silence() {
        let file = wave();
        assert_eq!(file.len(), 44 + 2 * 1_600);
        let samples: Vec<i16> = file[44..].chunks(2).map(|two| i16::from_le_bytes([two[0], two[1]])).collect();
        assert_eq!((samples[0], samples[1_599]), (0, 0));
        let crossings = samples.windows(2).filter(|two| (two[0] < 0) != (two[1] < 0)).count();
        assert!((340..=356).contains(&crossings), "two in each of 176 turns: {crossings}");
        assert!(samples.iter().all(|sample| sample.unsigned_abs() <= 8_192));
    }
}
