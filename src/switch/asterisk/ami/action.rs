//! What is sent: one action, built header by header. Nothing that came from outside can break out of its value.
//!
//! Never sends anything itself, and never chooses the ActionID: the connection does, so that an answer finds its
//! question.

use std::time::Duration;

use super::agi::AgiCommand;

/// The longest line sent, in bytes without its CRLF. Asterisk 22 takes 1,022 and refuses 1,023
/// (`Failed to parse message: line too long`); older ones drop the message without a word.
pub const LONGEST_LINE: usize = 1022;

/// The most lines of one action, the action's name and id among them. Asterisk takes 128 and refuses 129.
pub const MOST_HEADERS: usize = 120;

/// How long an answer is waited for unless [`Action::within`] says otherwise. Asterisk answers in milliseconds; one
/// that takes seconds is about to be given up ([`super::link::DEAD_AFTER`]).
pub const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// A value that cannot be sent. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadValue {
    #[error("{header}: CR, LF and NUL cannot be sent")]
    ControlCharacter { header: String },
    #[error("{header}: a line of {length} bytes, at most {LONGEST_LINE} can be sent")]
    LineTooLong { header: String, length: usize },
    #[error("{name:?} is not the name of a header")]
    HeaderName { name: String },
    #[error("{name:?} is not the name of a channel variable")]
    VariableName { name: String },
    #[error("{action}: more than {MOST_HEADERS} headers")]
    TooManyHeaders { action: String },
    #[error("ActionID is chosen by the connection")]
    ActionId,
}

/// One action. A mistake made while building is kept and given by whatever sends it, before anything is written.
#[derive(Debug, Clone)]
pub struct Action {
    name: String,
    /// The lines after `Action` and `ActionID`, each with its CRLF.
    lines: Vec<u8>,
    headers: usize,
    within: Duration,
    mistake: Option<BadValue>,
    timed: Option<String>,
}

impl Action {
    /// An action by its name in the manager interface: `Ping`, `Originate`, `Bridge`.
    pub fn new(name: &str) -> Self {
        let mut action = Self {
            name: name.to_owned(),
            lines: Vec::new(),
            headers: 2,
            within: ANSWER_WITHIN,
            mistake: None,
            timed: None,
        };
        if !is_header_name(name) {
            action.refuse(BadValue::HeaderName { name: shown(name) });
        }
        action
    }

    /// Adds a header. Names may repeat.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.push(name, value.as_ref());
        self
    }

    /// Adds a header where there is a value.
    #[must_use]
    pub fn with_some(self, name: &str, value: Option<impl AsRef<[u8]>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Adds `Variable: name=value` as Originate takes it. Asterisk splits that header at commas, minding quotes and
    /// brackets; all of these are escaped, so that the value arrives as given (up to [`LONGEST_LINE`] with escapes).
    ///
    /// Not for `Setvar`, which takes `Variable` and `Value` apart and splits neither.
    #[must_use]
    pub fn variable(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        if !is_variable_name(name) {
            self.refuse(BadValue::VariableName { name: shown(name) });
            return self;
        }
        let mut pair = name.as_bytes().to_vec();
        pair.push(b'=');
        for byte in value.as_ref() {
            if b",\"\\()[]".contains(byte) {
                pair.push(b'\\');
            }
            pair.push(*byte);
        }
        self.push("Variable", &pair);
        self
    }

    /// `AGI`: one command for a channel that is in async AGI. `command_id` comes back in `AsyncAGIExec` as `CommandId`.
    pub fn agi(channel: impl AsRef<[u8]>, command_id: impl AsRef<[u8]>, command: &AgiCommand) -> Self {
        Self::new("AGI").with("Channel", channel).with("Command", command.line()).with("CommandID", command_id)
    }

    /// `Setvar` of a channel's variable, or of a global one for no channel. The name must be a plain variable's or a
    /// function's with its argument (`CALLERID(num)`).
    pub fn setvar(channel: Option<&str>, name: &str, value: impl AsRef<[u8]>) -> Self {
        let mut action = Self::new("Setvar");
        if !is_variable_name(name) {
            action.refuse(BadValue::VariableName { name: shown(name) });
        }
        action.with_some("Channel", channel).with("Variable", name).with("Value", value)
    }

    /// Mark it: the log says when it was on the wire ([`super::timing`]).
    #[must_use]
    pub fn timed(mut self, mark: Option<String>) -> Self {
        self.timed = mark;
        self
    }

    pub(super) fn take_mark(&mut self) -> Option<String> {
        self.timed.take()
    }

    /// How long to wait for the answer, instead of [`ANSWER_WITHIN`].
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Self {
        self.within = limit;
        self
    }

    /// The action's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How long its answer is waited for.
    pub fn time_limit(&self) -> Duration {
        self.within
    }

    /// How many bytes it takes on the wire, but for its ActionID.
    pub fn size(&self) -> usize {
        self.name.len() + self.lines.len()
    }

    /// The action whole, or the first mistake made while building it.
    ///
    /// # Errors
    /// What made it unsendable.
    pub fn checked(self) -> Result<Self, BadValue> {
        match self.mistake {
            Some(mistake) => Err(mistake),
            None => Ok(self),
        }
    }

    /// Writes the action with its id; the id is ours and plain.
    pub(super) fn write_to(&self, action_id: &str, out: &mut Vec<u8>) {
        for part in ["Action: ", &self.name, "\r\nActionID: ", action_id, "\r\n"] {
            out.extend_from_slice(part.as_bytes());
        }
        out.extend_from_slice(&self.lines);
        out.extend_from_slice(b"\r\n");
    }

    /// Its lines as text.
    #[cfg(test)]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.lines).into_owned()
    }

    fn push(&mut self, name: &str, value: &[u8]) {
        let length = name.len() + 2 + value.len();
        if !is_header_name(name) {
            self.refuse(BadValue::HeaderName { name: shown(name) });
        } else if name.eq_ignore_ascii_case("ActionID") || name.eq_ignore_ascii_case("Action") {
            self.refuse(BadValue::ActionId);
        } else if value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
            self.refuse(BadValue::ControlCharacter { header: name.to_owned() });
        } else if length > LONGEST_LINE {
            self.refuse(BadValue::LineTooLong { header: name.to_owned(), length });
        } else if self.headers >= MOST_HEADERS {
            self.refuse(BadValue::TooManyHeaders { action: self.name.clone() });
        } else {
            self.headers += 1;
            self.lines.extend_from_slice(name.as_bytes());
            self.lines.extend_from_slice(b": ");
            self.lines.extend_from_slice(value);
            self.lines.extend_from_slice(b"\r\n");
        }
    }

    fn refuse(&mut self, mistake: BadValue) {
        // Nothing is sent of an action with a mistake; its lines need no memory meanwhile.
        self.lines = Vec::new();
        self.mistake.get_or_insert(mistake);
    }
}

/// The longest name of a header or an action, in bytes. Asterisk's longest is 24.
const LONGEST_NAME: usize = 64;

fn is_header_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    !name.is_empty() && name.len() <= LONGEST_NAME && name.bytes().all(plain)
}

/// `NAME` or `FUNCTION(argument)`, as the dialplan writes them; arguments of ARRAY are such names themselves. A name with
/// anything else could end the pair early.
fn is_variable_name(name: &str) -> bool {
    if let Some(names) = name.strip_prefix("ARRAY(").and_then(|rest| rest.strip_suffix(')')) {
        return names.split(',').all(is_plain_or_function);
    }
    is_plain_or_function(name)
}

fn is_plain_or_function(name: &str) -> bool {
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let argument = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-,.:/".contains(&byte));
    let (name, rest) = name.split_once('(').map_or((name, None), |(name, rest)| (name, Some(rest)));
    let closed = rest.is_none_or(|rest| rest.strip_suffix(')').is_some_and(argument));
    closed && !name.is_empty() && name.len() <= LONGEST_NAME && plain(name)
}

fn shown(name: &str) -> String {
    name.chars().take(LONGEST_NAME).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(action: Action) -> String {
        let mut out = Vec::new();
        action.checked().expect("a good action").write_to("x-1", &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn an_action_is_written_with_its_id_and_headers_in_order() {
        let action = Action::new("Redirect").with("Channel", "PJSIP/a-1").with("Exten", "s").with("Priority", "1");
        assert_eq!(
            written(action),
            "Action: Redirect\r\nActionID: x-1\r\nChannel: PJSIP/a-1\r\nExten: s\r\nPriority: 1\r\n\r\n"
        );
    }

    #[test]
    fn a_value_with_a_line_break_or_a_nul_is_refused() {
        for bad in ["a\r\nAction: Hangup", "a\nb", "a\rb", "a\0b"] {
            let refused = Action::new("Bridge").with("Channel1", bad).with("Channel2", "b").checked();
            assert_eq!(refused.err(), Some(BadValue::ControlCharacter { header: "Channel1".into() }), "{bad:?}");
            let refused = Action::new("Originate").variable("A", bad).checked();
            assert_eq!(refused.err(), Some(BadValue::ControlCharacter { header: "Variable".into() }), "{bad:?}");
        }
    }

    #[test]
    fn a_name_that_is_no_name_is_refused() {
        for bad in ["", "A: b\r\nC", "A b", "A:", "é"] {
            assert!(Action::new(bad).checked().is_err(), "{bad:?}");
            assert!(Action::new("Ping").with(bad, "x").checked().is_err(), "{bad:?}");
        }
        for bad in ["", "A=1,B", "A,B", "A B", "A(", "A(b", "A(b)c", "A(b))", "A(${X})", "A\r\nB"] {
            assert!(Action::new("Originate").variable(bad, "x").checked().is_err(), "{bad:?}");
            assert!(Action::setvar(None, bad, "x").checked().is_err(), "{bad:?}");
        }
        for bad in ["ARRAY(A,)", "ARRAY()", "ARRAY(A,B(c)", "ARRAY(A=1,B)", "ARRAY(A),B", "ARRAY(A,${B})"] {
            assert!(Action::setvar(None, bad, "x").checked().is_err(), "{bad:?}");
        }
        for good in [
            "A",
            "__ACD_1",
            "CALLERID(num)",
            "PJSIP_HEADER(add,X-Call)",
            "SHARED(state)",
            "ARRAY(A,B_1,TIMEOUT(absolute))",
        ] {
            assert!(Action::new("Originate").variable(good, "x").checked().is_ok(), "{good:?}");
        }
    }

    #[test]
    fn an_action_id_of_somebody_else_is_refused() {
        assert_eq!(Action::new("Ping").with("actionid", "1").checked().err(), Some(BadValue::ActionId));
    }

    #[test]
    fn a_line_that_asterisk_would_drop_is_refused() {
        let fits = "x".repeat(LONGEST_LINE - "Value: ".len());
        assert!(Action::new("Setvar").with("Value", &fits).checked().is_ok());
        let refused = Action::new("Setvar").with("Value", fits + "x").checked();
        assert_eq!(refused.err(), Some(BadValue::LineTooLong { header: "Value".into(), length: LONGEST_LINE + 1 }));
    }

    #[test]
    fn more_headers_than_asterisk_takes_are_refused() {
        let most = (0..MOST_HEADERS - 2).fold(Action::new("Originate"), |action, _| action.variable("A", "1"));
        assert!(most.clone().checked().is_ok());
        assert!(matches!(most.variable("A", "1").checked(), Err(BadValue::TooManyHeaders { .. })));
    }

    #[test]
    fn what_asterisk_would_split_a_variable_at_is_escaped() {
        let action = Action::new("Originate").variable("NAME", r#"a,b "c" \d (e [f]"#);
        assert!(written(action).contains("Variable: NAME=a\\,b \\\"c\\\" \\\\d \\(e \\[f\\]\r\n"));
    }
}
