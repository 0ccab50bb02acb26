//! The texts of async AGI that travel inside AMI's headers: commands out, `Env` and `Result` in.
//!
//! Pure. What a result means for a call is the driver's to say.

use std::borrow::Cow;
use std::fmt::Write as _;

use percent_encoding::percent_decode;

use super::action::BadValue;

/// One AGI command: its words and its quoted arguments. A mistake made while building is given by the action that
/// carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgiCommand {
    line: Vec<u8>,
}

impl AgiCommand {
    /// The command's words, ours and plain: `STREAM FILE`, `EXEC StartMusicOnHold`.
    pub fn new(words: &str) -> Self {
        Self { line: words.as_bytes().to_vec() }
    }

    /// Adds one argument, quoted whatever it holds: AGI splits at blanks.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<[u8]>) -> Self {
        self.line.push(b' ');
        quote_into(argument.as_ref(), &mut self.line);
        self
    }

    /// The command as the `Command` header takes it. May hold a line break if an argument did;
    /// [`super::Action::agi`] refuses that.
    pub fn line(&self) -> &[u8] {
        &self.line
    }
}

/// One argument of an AGI command in quotes, with quotes and backslashes escaped; always one word to AGI.
///
/// # Errors
/// CR, LF and NUL cannot be sent.
pub fn agi_quote(argument: impl AsRef<[u8]>) -> Result<Vec<u8>, BadValue> {
    let argument = argument.as_ref();
    if argument.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
        return Err(BadValue::ControlCharacter { header: "Command".into() });
    }
    let mut quoted = Vec::with_capacity(argument.len() + 2);
    quote_into(argument, &mut quoted);
    Ok(quoted)
}

fn quote_into(argument: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in argument {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out.push(b'"');
}

/// What `AsyncAGIStart` says in `Env`: the channel as AGI sees it. Asterisk cuts it at 1,024 bytes before encoding
/// it, so that the last lines may be missing or cut; the event's own headers are whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgiEnv {
    text: Vec<u8>,
}

impl AgiEnv {
    /// From the `Env` header's value, percent-encoded as it came.
    pub fn decode(encoded: &[u8]) -> Self {
        Self { text: percent_decode(encoded).collect() }
    }

    /// A line's value by its name with `agi_` before it (`agi_extension`).
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.lines().find(|(given, _)| *given == name.as_bytes()).map(|(_, value)| value)
    }

    /// Every line, as (name, value).
    pub fn lines(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.text.split(|byte| *byte == b'\n').filter_map(|line| {
            let (name, value) = line.split_at_checked(line.iter().position(|byte| *byte == b':')?)?;
            let value = value.strip_prefix(b":")?;
            Some((name, value.strip_prefix(b" ").unwrap_or(value)))
        })
    }
}

/// What `AsyncAGIExec` says in `Result`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgiResult {
    /// 200 done, 510 unknown command, 511 not on a dead channel, 520 wrong use.
    pub code: u16,
    /// What stands behind `result=`: `0`, `-1` (the channel is gone, or the file is missing), the ASCII code of a
    /// digit, or the digits of GET DATA; empty where nothing was typed.
    pub result: String,
    /// What stands in brackets behind it: a variable's value, `timeout`, a channel's name. Bytes as they came.
    pub data: Option<Vec<u8>>,
    /// How far a prompt got, in samples (8 a millisecond for narrow band); -1 when it never began.
    pub endpos: Option<i64>,
    /// The whole text, decoded, cut at [`LONGEST_TEXT`] characters: for the log and for codes other than 200.
    pub text: String,
}

/// How much of a result's text is kept, in characters: a usage text has over a thousand and says nothing we need.
pub const LONGEST_TEXT: usize = 200;

impl AgiResult {
    /// From the `Result` header's value, percent-encoded as it came (`200%20result%3D0%20endpos%3D3520%0A`).
    /// `None` where it is not an AGI result.
    pub fn decode(encoded: &[u8]) -> Option<Self> {
        let text: Cow<'_, [u8]> = percent_decode(encoded).into();
        let (code, rest) = text.split_at_checked(3)?;
        if !matches!(rest.first(), None | Some(b' ' | b'-' | b'\n')) {
            return None;
        }
        let code = std::str::from_utf8(code).ok()?.parse().ok()?;
        let mut decoded = Self {
            code,
            result: String::new(),
            data: None,
            endpos: None,
            text: String::from_utf8_lossy(&text).trim_end().chars().take(LONGEST_TEXT).collect(),
        };
        if let Some(after) = rest.strip_prefix(b" result=") {
            decoded.read(after.strip_suffix(b"\n").unwrap_or(after));
        }
        Some(decoded)
    }

    /// What stands behind `result=`.
    fn read(&mut self, text: &[u8]) {
        let end = text.iter().position(|byte| *byte == b' ').unwrap_or(text.len());
        let (result, rest) = text.split_at_checked(end).unwrap_or((text, b""));
        self.result = String::from_utf8_lossy(result).into_owned();
        let rest = rest.strip_prefix(b" ").unwrap_or(rest);
        let tail = match rest.strip_prefix(b"(") {
            // The value itself may hold brackets: up to the last one.
            Some(inner) => {
                let close = inner.iter().rposition(|byte| *byte == b')').unwrap_or(inner.len());
                self.data = inner.get(..close).map(<[u8]>::to_vec);
                inner.get(close + 1..).unwrap_or_default()
            }
            None => rest,
        };
        let tail = String::from_utf8_lossy(tail);
        self.endpos = tail.split(' ').find_map(|word| word.strip_prefix("endpos=")?.parse().ok());
    }

    /// Whether the command was carried out: code 200 and a result other than -1.
    pub fn is_done(&self) -> bool {
        self.code == 200 && self.result != "-1"
    }

    /// The one digit that stopped the command, where `result` is its ASCII code (STREAM FILE, WAIT FOR DIGIT).
    pub fn digit(&self) -> Option<char> {
        let code: u8 = self.result.parse().ok()?;
        let digit = char::from(code);
        (self.code == 200 && (digit.is_ascii_digit() || matches!(digit, '*' | '#' | 'A'..='D'))).then_some(digit)
    }

    /// Whether the command ended because nobody typed in time.
    pub fn is_timeout(&self) -> bool {
        self.data.as_deref() == Some(b"timeout")
    }
}

/// Percent-encodes what a rehearsed switch would say in `Env` or `Result`: everything but letters, digits and
/// `-_.~()*!'`, as Asterisk does it.
pub fn encode(text: &[u8]) -> String {
    let mut out = String::with_capacity(text.len() * 3);
    for byte in text {
        if byte.is_ascii_alphanumeric() || b"-_.~()*!'".contains(byte) {
            out.push(char::from(*byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::switch::asterisk::ami::Action;

    #[test]
    fn an_argument_stays_one_word_whatever_it_holds() {
        assert_eq!(agi_quote("a b").as_deref(), Ok(&b"\"a b\""[..]));
        assert_eq!(agi_quote(r#"a" "b\"#).as_deref(), Ok(&br#""a\" \"b\\""#[..]));
        assert_eq!(agi_quote("").as_deref(), Ok(&b"\"\""[..]));
        assert!(agi_quote("a\nHANGUP").is_err());
        let command = AgiCommand::new("STREAM FILE").arg("welcome home").arg("");
        assert_eq!(command.line(), br#"STREAM FILE "welcome home" """#);
    }

    #[test]
    fn a_line_break_in_an_argument_never_reaches_the_wire() {
        let command = AgiCommand::new("SET VARIABLE").arg("NAME").arg("x\r\nAction: Logoff");
        assert!(Action::agi("PJSIP/a-1", "c1", &command).checked().is_err());
    }

    #[test]
    fn results_seen_on_asterisk_22_are_read() {
        let read = |text: &str| AgiResult::decode(text.as_bytes()).expect(text);
        let prompt = read("200%20result%3D0%20endpos%3D3520%0A");
        assert_eq!(
            (prompt.code, prompt.result.as_str(), prompt.endpos, prompt.is_done()),
            (200, "0", Some(3520), true)
        );
        let stopped = read("200%20result%3D53%20endpos%3D800%0A");
        assert_eq!((stopped.digit(), stopped.endpos), (Some('5'), Some(800)));
        let missing = read("200%20result%3D-1%20endpos%3D0%0A");
        assert!(!missing.is_done());
        let nothing = read("200%20result%3D%20(timeout)%0A");
        assert_eq!((nothing.result.as_str(), nothing.is_timeout()), ("", true));
        let some = read("200%20result%3D89%20(timeout)%0A");
        assert_eq!((some.result.as_str(), some.is_timeout()), ("89", true));
        let variable = read("200%20result%3D1%20(a%20(b)%20endpos%3D7)%0A");
        assert_eq!((variable.data.as_deref(), variable.endpos), (Some(&b"a (b) endpos=7"[..]), None));
        let unknown = read("510%20Invalid%20or%20unknown%20command%0A");
        assert_eq!(
            (unknown.code, unknown.is_done(), unknown.text.as_str()),
            (510, false, "510 Invalid or unknown command")
        );
        assert_eq!(read("520-Invalid%20command%20syntax.%0A520%20End%20of%20proper%20usage.%0A").code, 520);
    }

    #[test]
    fn what_is_no_result_is_none() {
        for odd in ["", "20", "Success", "2000", "%C3%BC%C3%BC"] {
            assert_eq!(AgiResult::decode(odd.as_bytes()), None, "{odd:?}");
        }
    }

    #[test]
    fn the_environment_gives_bytes_that_are_no_utf_8() {
        let env = AgiEnv::decode(
            b"agi_request%3A%20async%0Aagi_calleridname%3A%20caf%E9%3A%20x%0Aagi_accountcode%3A%20%0A%0A",
        );
        assert_eq!(env.get("agi_calleridname"), Some(&b"caf\xe9: x"[..]));
        assert_eq!(env.get("agi_accountcode"), Some(&b""[..]));
        assert_eq!(env.get("agi_nothing"), None);
        assert_eq!(env.lines().count(), 3);
    }

    #[test]
    fn what_is_encoded_decodes_to_itself() {
        let text = b"200 result=1 (\xff %41)\n";
        assert_eq!(percent_decode(encode(text).as_bytes()).collect::<Vec<u8>>(), text);
    }
}
