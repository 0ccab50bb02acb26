//! Transcripts and nonsense through the decoder, cut in every way.

use std::collections::BTreeMap;

use cordboard::switch::asterisk::ami::codec::{Decoded, Kind, LONGEST_FRAME};
use cordboard::switch::asterisk::ami::{AgiEnv, AgiResult, Decoder, Frame, Garbled};
use proptest::prelude::*;
use rstest::rstest;

use crate::transcript::from_asterisk;

type Found = Result<Decoded, Garbled>;

fn feed(decoder: &mut Decoder, bytes: &[u8], found: &mut Vec<Found>) {
    let mut input = bytes;
    while let Some(one) = decoder.next(&mut input) {
        found.push(one);
    }
    assert!(input.is_empty(), "the decoder leaves nothing behind");
    assert!(decoder.buffered() <= LONGEST_FRAME + 3, "{} bytes are held", decoder.buffered());
}

fn decode<'a>(portions: impl IntoIterator<Item = &'a [u8]>) -> Vec<Found> {
    let mut decoder = Decoder::new();
    let mut found = Vec::new();
    portions.into_iter().for_each(|portion| feed(&mut decoder, portion, &mut found));
    found
}

fn frames(found: &[Found]) -> Vec<&Frame> {
    found
        .iter()
        .filter_map(|one| match one {
            Ok(Decoded::Frame(frame)) => Some(frame),
            Ok(Decoded::Greeting(_)) | Err(_) => None,
        })
        .collect()
}

/// How many of which kind, by name.
fn census(file: &str) -> BTreeMap<String, usize> {
    let mut census = BTreeMap::new();
    for portions in from_asterisk(file).values() {
        for one in decode(portions.iter().map(Vec::as_slice)) {
            let name = match one {
                Ok(Decoded::Greeting(version)) => format!("Greeting {version}"),
                Ok(Decoded::Frame(frame)) => match frame.kind() {
                    Kind::Event(name) => format!("Event {}", String::from_utf8_lossy(name)),
                    Kind::Response(name) => format!("Response {}", String::from_utf8_lossy(name)),
                    Kind::Other => format!("Other {frame:?}"),
                },
                Err(garbled) => format!("Garbled {garbled}"),
            };
            *census.entry(name).or_default() += 1;
        }
    }
    census
}

#[test]
fn the_transcripts_hold_what_asterisk_said_and_nothing_is_garbled() {
    insta::assert_debug_snapshot!("protocol", census("protocol.txt"));
    insta::assert_debug_snapshot!("odd_caller_names", census("odd_caller_names.txt"));
    insta::assert_debug_snapshot!("inbound_call", census("inbound_call.txt"));
    insta::assert_debug_snapshot!("asterisk_stops_and_starts", census("asterisk_stops_and_starts.txt"));
    insta::assert_debug_snapshot!("fifty_calls", census("fifty_calls.txt"));
}

#[rstest]
fn a_transcript_gives_the_same_frames_byte_by_byte_as_whole(
    #[values(
        "protocol.txt",
        "odd_caller_names.txt",
        "inbound_call.txt",
        "asterisk_stops_and_starts.txt",
        "fifty_calls.txt"
    )]
    file: &str,
) {
    for (connection, portions) in from_asterisk(file) {
        let whole: Vec<u8> = portions.concat();
        let expected = decode([whole.as_slice()]);
        assert_eq!(decode(portions.iter().map(Vec::as_slice)), expected, "{connection} as it came");
        assert_eq!(decode(whole.chunks(1)), expected, "{connection} byte by byte");
        for size in [2, 3, 5, 7, 1448] {
            assert_eq!(decode(whole.chunks(size)), expected, "{connection} in portions of {size}");
        }
        // Nothing is lost or invented: put together again the frames are the bytes that came, but for the empty
        // line too many that Asterisk sends behind some TestEvents.
        let mut again = b"Asterisk Call Manager/11.0.0\r\n".to_vec();
        for frame in frames(&expected) {
            again.extend_from_slice(frame.bytes());
            again.extend_from_slice(b"\r\n\r\n");
        }
        let came = String::from_utf8_lossy(&whole).replace("\r\n\r\n\r\n", "\r\n\r\n");
        assert!(String::from_utf8_lossy(&again) == came, "{connection}");
    }
}

#[rstest]
fn a_transcript_cut_in_two_at_any_byte_gives_the_same_frames(
    #[values("protocol.txt", "odd_caller_names.txt")] file: &str,
) {
    for (connection, portions) in from_asterisk(file) {
        let whole: Vec<u8> = portions.concat();
        let whole = &whole[..whole.len().min(9_000)];
        let expected = decode([whole]);
        for at in 0..=whole.len() {
            let (before, after) = whole.split_at(at);
            assert!(decode([before, after]) == expected, "{connection} cut at byte {at}");
        }
    }
}

#[test]
fn a_value_keeps_a_bare_line_feed_and_ends_only_at_crlf() {
    let found =
        decode([&b"Asterisk Call Manager/11.0.0\r\nResponse: Error\r\nMessage: No Contacts found\n\r\n\r\n"[..]]);
    let frames = frames(&found);
    assert_eq!(frames[0].get("message"), Some(&b"No Contacts found\n"[..]));
}

#[test]
fn headers_that_repeat_are_all_kept_in_order_and_found_in_any_case() {
    let frame = Frame::from_lines("Response: Success\r\nOutput: a\r\noutput: b\r\nEmpty:\r\nno colon\r\nOutput:  c: d");
    let output: Vec<&[u8]> = frame.get_all("OUTPUT").collect();
    assert_eq!(output, [&b"a"[..], b"b", b" c: d"]);
    assert_eq!(frame.get("empty"), Some(&b""[..]));
    assert_eq!(frame.headers().nth(4), Some((&b""[..], &b"no colon"[..])));
    assert_eq!(frame.headers().count(), 6);
}

#[test]
fn bytes_that_are_no_utf_8_arrive_as_they_were_and_read_as_text() {
    let frame = Frame::from_lines(&b"Event: Newchannel\r\nCallerIDName: caf\xe9"[..]);
    assert_eq!(frame.get("CallerIDName"), Some(&b"caf\xe9"[..]));
    assert_eq!(frame.text("CallerIDName").as_deref(), Some("caf\u{fffd}"));
}

#[test]
fn an_originate_response_is_an_event_although_it_has_a_header_response() {
    let frame = Frame::from_lines("Event: OriginateResponse\r\nActionID: 1\r\nResponse: Failure\r\nReason: 3");
    assert_eq!(frame.event(), Some("OriginateResponse"));
    assert_eq!(frame.number::<u32>("Reason"), Some(3));
}

#[test]
fn the_output_of_a_command_is_read_in_the_new_form_and_the_old() {
    let new = Frame::from_lines("Response: Success\r\nMessage: Command output follows\r\nOutput: a\r\nOutput: b");
    assert_eq!(new.output(), [&b"a"[..], b"b"]);
    let old = Frame::from_lines("Response: Follows\r\nPrivilege: Command\r\nActionID: 1\r\na: b\nc\n--END COMMAND--");
    assert_eq!(old.output(), [&b"a: b"[..], b"c"]);
}

#[test]
fn channel_variables_are_found_by_their_name() {
    let frame = Frame::from_lines("Event: Hangup\r\nChanVariable: A=1=2\r\nChanVariable: AB=3\r\nChanVariable: C=");
    assert_eq!(frame.channel_variable("A"), Some(&b"1=2"[..]));
    assert_eq!(frame.channel_variable("C"), Some(&b""[..]));
    assert_eq!(frame.channel_variable("B"), None);
}

#[test]
fn every_agi_result_and_environment_of_the_transcripts_is_read() {
    let (mut results, mut environments) = (0, 0);
    for file in ["inbound_call.txt", "odd_caller_names.txt", "fifty_calls.txt", "asterisk_stops_and_starts.txt"] {
        for portions in from_asterisk(file).values() {
            let found = decode(portions.iter().map(Vec::as_slice));
            for frame in frames(&found) {
                match frame.event() {
                    Some("AsyncAGIExec") => {
                        let result = frame.get("Result").expect("a result");
                        let read = AgiResult::decode(result);
                        let read = read.unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(result)));
                        assert!(matches!(read.code, 200 | 510 | 520), "{read:?}");
                        results += 1;
                    }
                    Some("AsyncAGIStart") => {
                        let env = AgiEnv::decode(frame.get("Env").expect("an environment"));
                        assert_eq!(env.get("agi_uniqueid"), frame.get("Uniqueid"));
                        environments += 1;
                    }
                    Some(_) | None => {}
                }
            }
        }
    }
    assert!(results > 40 && environments > 20, "{results} results, {environments} environments");
}

fn long_frame(length: usize, id: &str) -> Vec<u8> {
    let mut frame = format!("Response: Success\r\nActionID: {id}\r\nOutput: ").into_bytes();
    frame.resize(length, b'x');
    frame.extend_from_slice(b"\r\n\r\n");
    frame
}

#[rstest]
fn a_frame_that_is_too_long_is_skipped_and_the_next_one_is_whole(
    #[values(LONGEST_FRAME + 1, LONGEST_FRAME + 2, LONGEST_FRAME + 4, LONGEST_FRAME * 3)] length: usize,
    #[values(1_000, 4_096, 65_536, usize::MAX)] portion: usize,
) {
    let mut bytes = long_frame(length, "x-7");
    bytes.extend_from_slice(b"Event: A\r\nB: c\r\n\r\n");
    let mut decoder = Decoder::after_the_greeting();
    let mut found = Vec::new();
    bytes.chunks(portion.min(bytes.len())).for_each(|portion| feed(&mut decoder, portion, &mut found));
    let [Err(Garbled::FrameTooLong { beginning, action_id }), Ok(Decoded::Frame(next))] = &found[..] else {
        panic!("{} things found", found.len())
    };
    assert!(beginning.starts_with("Response: Success\r\nActionID: x-7\r\n"), "{beginning}");
    assert_eq!(action_id.as_deref(), Some(&b"x-7"[..]));
    assert_eq!(next.event(), Some("A"));
    assert_eq!(decoder.garbled(), 1);
}

#[test]
fn the_longest_frame_that_is_allowed_is_kept_however_it_is_cut() {
    let bytes = long_frame(LONGEST_FRAME, "x-7");
    for cut in (bytes.len() - 8)..=bytes.len() {
        let mut decoder = Decoder::after_the_greeting();
        let mut found = Vec::new();
        feed(&mut decoder, &bytes[..cut], &mut found);
        feed(&mut decoder, &bytes[cut..], &mut found);
        assert!(matches!(&found[..], [Ok(Decoded::Frame(_))]), "cut at {cut}");
        assert_eq!(decoder.buffered(), 0);
    }
}

#[test]
fn the_end_of_a_skipped_frame_is_seen_however_it_is_cut() {
    let mut bytes = long_frame(LONGEST_FRAME + 100, "x-7");
    let end = bytes.len();
    bytes.extend_from_slice(b"Event: A\r\n\r\n");
    for first in end - 6..=end {
        for second in first..=(end + 2) {
            let mut decoder = Decoder::after_the_greeting();
            let mut found = Vec::new();
            for portion in [&bytes[..first], &bytes[first..second], &bytes[second..]] {
                feed(&mut decoder, portion, &mut found);
            }
            assert!(
                matches!(&found[..], [Err(_), Ok(Decoded::Frame(frame))] if frame.event() == Some("A")),
                "cut at {first} and {second} of {end}"
            );
        }
    }
}

#[test]
fn a_frame_that_never_ends_holds_no_more_than_its_limit() {
    let mut decoder = Decoder::after_the_greeting();
    let mut found = Vec::new();
    for _ in 0..64 {
        feed(&mut decoder, &[b'x'; 65_536], &mut found);
    }
    assert_eq!(found.len(), 1);
    assert!(decoder.buffered() <= 3);
}

#[test]
fn another_greeting_is_refused_at_its_first_bytes_and_only_once() {
    for stranger in [&b"SSH-2.0-x"[..], b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x16\x03\x01\x00", b"\r\n\r\n", b"\0"] {
        let found = decode([stranger, stranger]);
        assert!(matches!(&found[..], [Err(Garbled::NotAGreeting(_))]), "{found:?}");
    }
    let endless = [&b"Asterisk Call Manager/"[..], &[b'1'; 4_096]].concat();
    assert!(matches!(&decode([endless.as_slice()])[..], [Err(Garbled::NotAGreeting(_))]));
}

#[test]
fn empty_lines_between_frames_are_nothing() {
    let bytes = b"\r\n\r\nEvent: A\r\n\r\n\r\n\r\n\r\nEvent: B\r\n\r\n\r\n";
    for size in 1..=bytes.len() {
        let mut decoder = Decoder::after_the_greeting();
        let mut found = Vec::new();
        bytes.chunks(size).for_each(|portion| feed(&mut decoder, portion, &mut found));
        let names: Vec<_> = frames(&found).iter().map(|frame| frame.event().map(str::to_owned)).collect();
        assert_eq!(names, [Some("A".to_owned()), Some("B".to_owned())], "in portions of {size}");
    }
}

/// Touches everything a frame offers.
fn look_at(frame: &Frame) {
    let names: Vec<String> = frame.headers().map(|(name, _)| String::from_utf8_lossy(name).into_owned()).collect();
    for name in &names {
        let _ = (frame.text(name), frame.number::<i64>(name), frame.channel_variable(name));
    }
    for (_, value) in frame.headers() {
        let _ = AgiResult::decode(value).map(|result| (result.digit(), result.is_done(), result.is_timeout()));
        AgiEnv::decode(value).lines().for_each(drop);
    }
    let _ = (frame.output(), format!("{frame:?}"), frame.event());
}

/// Bytes that look like AMI more often than chance would have it.
fn nearly_ami() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            &b"\r\n"[..], b"\r\n\r\n", b"\r", b"\n", b": ", b":", b"Event: X", b"Response: Success",
            b"Response: Follows", b"ActionID: 1", b"Output: a", b"EventList: start", b"\0", b"\xff",
            b"Asterisk Call Manager/", b"--END COMMAND--", b"Result: 200%20result%3D", b"%", b"%A",
        ]).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..20),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

fn cut(bytes: &[u8], sizes: &[usize]) -> Vec<Vec<u8>> {
    let mut rest = bytes;
    let mut portions = Vec::new();
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (portion, after) = rest.split_at((*size).clamp(1, rest.len()));
        portions.push(portion.to_vec());
        rest = after;
    }
    portions
}

proptest! {
    #[test]
    fn bytes_of_any_kind_never_panic_and_cuts_change_nothing(
        bytes in nearly_ami(),
        sizes in prop::collection::vec(1_usize..40, 1..8),
    ) {
        let mut all = Vec::new();
        for portions in [vec![bytes.clone()], cut(&bytes, &sizes)] {
            let mut decoder = Decoder::after_the_greeting();
            let mut found = Vec::new();
            portions.iter().for_each(|portion| feed(&mut decoder, portion, &mut found));
            frames(&found).into_iter().for_each(look_at);
            all.push(found);
        }
        prop_assert_eq!(&all[0], &all[1]);
        let _ = decode([bytes.as_slice()]);
    }

    #[test]
    fn a_transcript_cut_at_random_gives_the_same_frames(sizes in prop::collection::vec(1_usize..5_000, 1..20)) {
        let bytes = from_asterisk("odd_caller_names.txt").remove("c1").expect("a connection").concat();
        let portions = cut(&bytes, &sizes);
        prop_assert_eq!(decode(portions.iter().map(Vec::as_slice)), decode([bytes.as_slice()]));
    }

    #[test]
    fn a_transcript_with_bytes_changed_lost_and_doubled_never_panics(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..4), 1..40),
        sizes in prop::collection::vec(1_usize..5_000, 1..20),
    ) {
        let mut bytes = from_asterisk("odd_caller_names.txt").remove("c1").expect("a connection").concat();
        for (at, byte, change) in changes {
            let at = at.index(bytes.len());
            match change {
                0 => bytes[at] = byte,
                1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, byte),
                _ => bytes.truncate(at.max(100)),
            }
        }
        let portions = cut(&bytes, &sizes);
        let found = decode(portions.iter().map(Vec::as_slice));
        frames(&found).into_iter().for_each(look_at);
    }
}
