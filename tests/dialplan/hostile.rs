//! Bytes that were made to hurt, and bytes that only happened.

use std::time::{Duration, Instant};

use cordboard::dialplan::{CentreFiles, read_centre};
use cordboard::routing::ids::CentreName;
use proptest::prelude::*;

/// What any file may cost, in a debug build on a busy machine; far below what anybody notices in a release.
const FAST: Duration = Duration::from_secs(5);

fn mistakes(bytes: Vec<u8>) -> Vec<String> {
    let begun = Instant::now();
    let files = CentreFiles { yaml: vec![("a.yaml".into(), bytes)], recordings: None };
    let mistakes = read_centre(&CentreName::new("test"), &files).expect_err("this should not be a centre");
    assert!(begun.elapsed() < FAST, "took {:?}", begun.elapsed());
    mistakes
        .iter()
        .map(|mistake| format!("{}:{} {}", mistake.place.line, mistake.place.column, mistake.sentence))
        .collect()
}

#[test]
fn a_hundred_megabytes_are_refused_by_their_size() {
    assert_eq!(mistakes(vec![0; 100 << 20]), ["1:1 the file is larger than 1048576 bytes"]);
}

#[test]
fn bytes_that_are_no_text_are_refused_where_they_stop_being_one() {
    assert_eq!(
        mistakes(b"steps:\n  a: \xff\xfe".to_vec()),
        ["2:6 the file is not UTF-8 from here on; save it as UTF-8"]
    );
    assert_eq!(mistakes(b"\x7fELF\x02\x01\x01\0\0\0".to_vec()), ["1:8 the file is not a text"]);
    assert_eq!(mistakes(b"\xff\xfes\0t\0".to_vec()), ["1:1 the file is UTF-16; save it as UTF-8"]);
}

#[test]
fn a_byte_order_mark_is_no_mistake() {
    let mut bytes = b"\xef\xbb\xbf".to_vec();
    bytes.extend(std::fs::read("dialplans/minimal/centre.yaml").unwrap());
    let files = CentreFiles { yaml: vec![("a.yaml".into(), bytes)], recordings: None };
    assert!(read_centre(&CentreName::new("test"), &files).is_ok());
}

#[test]
fn nesting_has_an_end() {
    assert_eq!(mistakes(b"[".repeat(500_000)), ["1:33 nested deeper than 32"]);
    assert_eq!(mistakes(b"{a: ".repeat(200_000)), ["1:129 nested deeper than 32"]);
    let mut stairs = String::new();
    for depth in 0..1_000 {
        stairs.push_str(&" ".repeat(depth));
        stairs.push_str("a:\n");
    }
    assert_eq!(mistakes(stairs.into_bytes()), ["33:33 nested deeper than 32"]);
    assert_eq!(mistakes(b"- ".repeat(500_000)), ["1:65 nested deeper than 32"]);
}

#[test]
fn a_bomb_of_aliases_does_not_go_off() {
    let mut bomb = String::from("a0: &a0 [x, x]\n");
    for n in 1..100 {
        bomb.push_str(&format!("a{n}: &a{n} [*a{0}, *a{0}, *a{0}, *a{0}]\n", n - 1));
    }
    let mistakes = mistakes(bomb.into_bytes());
    assert_eq!(mistakes.len(), 200);
    assert!(mistakes.iter().any(|m| m == "1:5 anchors (&) are not part of the language: write it out, or use go"));
}

#[test]
fn a_megabyte_of_anything_is_read_in_no_time() {
    for unit in [
        "- a\n", "a: b\n", "? ", ": ", "- - ", "\"", "'", "# x\n", "&a ", "*a ", "!x ", "|\n", ",", "{", "---\n", "\t",
        "：", "%", "[],",
    ] {
        mistakes(unit.repeat((1 << 20) / unit.len()).into_bytes());
    }
    let mut keys = String::from("steps:\n");
    for n in 0..40_000 {
        keys.push_str(&format!("  s{n}: [go: t{n}]\n"));
    }
    mistakes(keys.into_bytes());
}

/// Pieces of the language, so that chance gets further than the first character.
fn any_piece() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "language: 1\n",
        "zone: Asia/Shanghai\n",
        "languages: [en]\n",
        "languages: [zh, en]\n",
        "name: x\n",
        "numbers: [\"1\"]\n",
        "start: a\n",
        "steps:\n",
        "queues:\n",
        "hours:\n",
        "holidays:\n",
        "  a:\n",
        "  b:\n",
        "    - say: hello\n",
        "    - say: { en: hello, zh: 你好 }\n",
        "    - go: a\n",
        "    - go: b\n",
        "    - go:\n",
        "    - hang_up\n",
        "    - queue: a\n",
        "    - queue: { name: a, otherwise: { 5m: b, full: a } }\n",
        "    - menu: { say: x, keys: { 1: a, star: b, #: a } }\n",
        "    - ask: { say: \"{x}\", digits: 1-, into: x }\n",
        "    - hours: { name: a, closed: b }\n",
        "    week: mon-fri 08:00-12:00\n",
        "    days: { 2026-01-01: x }\n",
        "    - set: { language: zh }\n",
        "{",
        "}",
        "[",
        "]",
        ":",
        " ",
        "\n",
        "\"",
        "'",
        "：",
        "，",
        "&a ",
        "*a ",
        "- ",
        "  ",
        "\t",
        "|\n",
        "é",
        "\u{0}",
        "null",
        "~",
        "{name}",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_bytes_at_all_bring_the_reader_down(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let files = CentreFiles { yaml: vec![("a.yaml".into(), bytes)], recordings: None };
        if let Err(mistakes) = read_centre(&CentreName::new("test"), &files) {
            prop_assert!(mistakes.iter().count() > 0);
            let _ = mistakes.to_string();
        }
    }

    #[test]
    fn no_text_in_pieces_of_the_language_brings_the_reader_down(pieces in prop::collection::vec(any_piece(), 0..60)) {
        let files = CentreFiles { yaml: vec![("a.yaml".into(), pieces.concat().into_bytes())], recordings: None };
        if let Err(mistakes) = read_centre(&CentreName::new("test"), &files) {
            prop_assert!(mistakes.iter().count() > 0, "refused without a mistake");
            let _ = mistakes.to_string();
        }
    }

    #[test]
    fn a_sample_with_a_piece_knocked_out_is_read_or_refused_with_a_reason(
        from in 0usize..3_000, length in 0usize..40, piece in any_piece(),
    ) {
        let text: Vec<char> = include_str!("../../dialplans/hotline/main.yaml").chars().collect();
        let from = from.min(text.len());
        let to = (from + length).min(text.len());
        let broken: String = text[..from].iter().copied().chain(piece.chars()).chain(text[to..].iter().copied()).collect();
        let mut files = CentreFiles::read(std::path::Path::new("dialplans/hotline")).unwrap();
        for (path, bytes) in &mut files.yaml {
            if path.ends_with("main.yaml") {
                *bytes = broken.clone().into_bytes();
            }
        }
        if let Err(mistakes) = read_centre(&CentreName::new("test"), &files) {
            prop_assert!(mistakes.iter().count() > 0, "refused without a mistake");
        }
    }
}
