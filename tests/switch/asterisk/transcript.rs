//! Reads a recorded transcript: what each connection said, in the portions in which it came.

use std::collections::BTreeMap;
use std::path::Path;

/// What Asterisk sent on each connection of a transcript, by the connection's name.
pub fn from_asterisk(file: &str) -> BTreeMap<String, Vec<Vec<u8>>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/switch/asterisk/transcripts").join(file);
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut said: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
    let first = bytes.windows(3).position(|three| three == b"\n@ ").expect("a record") + 1;
    let mut rest = &bytes[first..];
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n').expect("a whole line");
        let line = std::str::from_utf8(&rest[..end]).expect("a line of text");
        let words: Vec<&str> = line.split(' ').collect();
        let [_, _, connection, direction, length] = words[..] else { panic!("not a record: {line}") };
        let length: usize = length.parse().expect("a length");
        let data = &rest[end + 1..end + 1 + length];
        if direction == "S>C" {
            said.entry(connection.to_owned()).or_default().push(data.to_vec());
        }
        rest = &rest[end + 1 + length + 1..];
    }
    said
}
